/* bl602.c - the virtual BL602: switches, straps, auto-baud and flash jobs.
 *
 * What runs is one of two programs, bl602_rom.c and bl602_loader.c; here is
 * what they share. Reference 2.3, 4.2, 4.4, 11.9, 13. */
#include "sim/bl602.h"

#include <string.h>

#include "core/bytes.h"
#include "sim/devices.h"

#define ROM_HZ      32000000u
#define LOADER_HZ   40000000u
#define ROM_WAIT    SIM_MS(8) /* from the measurement to OK */
#define LOADER_WAIT SIM_MS(12)
#define DRAIN_NS    SIM_MS(1)
#define ROM_DRAIN   64u /* bytes it throws away at most */
#define UART_TURN   SIM_MS(2)
#define LEAVE_NS    SIM_MS(4)
#define FIFO        32u /* bytes; INFERRED in reference 11.4 */
#define NO_FLAG     256u
#define EFUSE_SW    0x10u
#define EFUSE_MAC   0x14u
#define SW_UART_OFF 0x02000000u
#define ROM_API     0x21010800u /* word 0: version */

/* ---- switches ------------------------------------------------------------ */

static void defaults(struct sim *s)
{
    struct bl602_state *b = bl602_of(s);

    s->cfg.reset_line = PF_LINE_DTR;
    s->cfg.app = SIM_APP_CHATTY;
    b->strap = BL602_STRAP_RTS;
    s->cfg.strap_line = PF_LINE_RTS;
    b->rom_max = 500000;
    b->sdio_ns = SIM_MS(2);
    b->train_min = 4;
    b->rom_idle_ns = SIM_MS(2000);
    b->id_flag = NO_FLAG;
    b->fifo = FIFO;
    b->build = bl602_build_newest;
    b->take_ns = SIM_US(100);
    b->start_ns = SIM_MS(20);
    b->session = 500000;
    b->xtal_khz = 40000;
}

static enum pf_err strap_option(struct sim *s, const char *key, const char *value)
{
    int i = sim_choice(value, "high|low|hand|dtr|rts|ndtr|nrts");

    if (i < 0)
        return sim_bad(s, key, value, "high, low, hand, dtr, rts, ndtr or nrts");
    bl602_of(s)->strap = (enum bl602_strap)i;
    s->cfg.strap_line = i == BL602_STRAP_DTR || i == BL602_STRAP_NDTR   ? PF_LINE_DTR
                        : i == BL602_STRAP_RTS || i == BL602_STRAP_NRTS ? PF_LINE_RTS
                                                                        : 0;
    return PF_OK;
}

static enum pf_err choice(struct sim *s, const char *key, const char *value, const char *choices,
                          bool *second)
{
    int i = sim_choice(value, choices);

    *second = i == 1;
    return i < 0 ? sim_bad(s, key, value, choices) : PF_OK;
}

static enum pf_err word_option(struct sim *s, const char *key, const char *value, bool *known)
{
    struct bl602_state *b = bl602_of(s);
    static const uint32_t khz[] = {24000, 26000, 32000, 38400, 40000};
    int i;

    if (!strcmp(key, "strap"))
        return strap_option(s, key, value);
    if (!strcmp(key, "loader"))
        return bl602_build_named(value, &b->build) ? PF_OK : sim_bad(s, key, value, BL602_BUILDS);
    if (!strcmp(key, "abr"))
        return choice(s, key, value, "55|any", &b->measure_any);
    if (!strcmp(key, "layout"))
        return choice(s, key, value, "vendor|obk", &b->obk_layout);
    if (!strcmp(key, "notable"))
        return choice(s, key, value, "boot|stop", &b->stop_without_table);
    if (!strcmp(key, "winbond"))
        return choice(s, key, value, "1|0", &b->no_winbond);
    if (!strcmp(key, "runs"))
        return choice(s, key, value, "loader|nothing", &b->runs_nothing);
    if (!strcmp(key, "table")) {
        i = sim_choice(value, "both|newer|first|second|none");
        b->table = (enum bl602_table)i;
        return i < 0 ? sim_bad(s, key, value, "both, newer, first, second or none") : PF_OK;
    }
    if (!strcmp(key, "xtal")) {
        i = sim_choice(value, "24|26|32|38.4|40");
        b->xtal_khz = i < 0 ? 0 : khz[i];
        return i < 0 ? sim_bad(s, key, value, "24, 26, 32, 38.4 or 40") : PF_OK;
    }
    *known = false;
    return PF_OK;
}

/* A number within limits, times `unit`, into the uint64_t at `at`. */
static const struct {
    const char *name, *what;
    uint64_t lo, hi, unit;
    size_t at;
} bl602_numbers[] = {
#define AT(member) offsetof(struct bl602_state, member)
    {"rommax", "9600 to 10000000 baud", 9600, 10000000, 1, AT(rom_max)},
    {"sdio", "0 to 1000 ms", 0, 1000, SIM_MS(1), AT(sdio_ns)},
    {"train", "1 to 1000 bytes", 1, 1000, 1, AT(train_min)},
    {"romidle", "milliseconds", 1, 3600000, SIM_MS(1), AT(rom_idle_ns)},
    {"idle", "milliseconds", 1, 3600000, SIM_MS(1), AT(idle_ns)},
    {"take", "0 to 10000 us", 0, 10000, SIM_US(1), AT(take_ns)},
    {"startup", "0 to 10000 ms", 0, 10000, SIM_MS(1), AT(start_ns)},
    {"idflag", "0 to 255", 0, 255, 1, AT(id_flag)},
    {"session", "a rate, or 0", 0, 10000000, 1, AT(session)},
    {"fifo", "1 to 8192 bytes", 1, SIM_RX_MAX, 1, AT(fifo)},
    {"sign", "0 or 1", 0, 1, 1, AT(sign)},
    {"encrypt", "0 to 3", 0, 3, 1, AT(encrypt)},
    {"swusage", "a 32-bit number", 0, UINT32_MAX, 1, AT(sw_usage)},
#undef AT
};

static enum pf_err option(struct sim *s, const char *key, const char *value, bool *known)
{
    for (size_t i = 0; i < sizeof bl602_numbers / sizeof *bl602_numbers; i++) {
        uint64_t v;

        if (strcmp(key, bl602_numbers[i].name))
            continue;
        if (!sim_number(value, bl602_numbers[i].lo, bl602_numbers[i].hi, &v))
            return sim_bad(s, key, value, bl602_numbers[i].what);
        v *= bl602_numbers[i].unit;
        memcpy((uint8_t *)s->dev + bl602_numbers[i].at, &v, sizeof v);
        return PF_OK;
    }
    return word_option(s, key, value, known);
}

/* What the loader's build decides unless a key did. */
static void attach(struct sim *s)
{
    struct bl602_state *b = bl602_of(s);

    if (b->idle_ns)
        b->build.idle_ns = b->idle_ns;
    if (b->id_flag != NO_FLAG)
        b->build.id_flag = (uint8_t)b->id_flag;
    s->rx_cap = b->fifo;
}

/* ---- answers ------------------------------------------------------------- */

static bool reply(struct sim *s, const uint8_t *bytes, size_t len)
{
    uint64_t resets = s->resets;

    sim_reply(s, bytes, len);
    return s->resets == resets;
}

bool bl602_ok(struct sim *s)
{
    return reply(s, (const uint8_t *)"OK", 2);
}

bool bl602_data(struct sim *s, const uint8_t *data, uint32_t len)
{
    uint8_t frame[4 + BL602_FRAME_MAX] = {'O', 'K'};

    put_le16(frame + 2, (uint16_t)len);
    memcpy(frame + 4, data, len);
    return reply(s, frame, 4 + (size_t)len);
}

bool bl602_fail(struct sim *s, uint16_t code)
{
    uint8_t frame[4] = {'F', 'L'};

    put_le16(frame + 2, code);
    return reply(s, frame, sizeof frame);
}

/* ---- the link ------------------------------------------------------------ */

void bl602_listen(struct sim *s)
{
    struct bl602_state *b = bl602_of(s);

    b->link = BL602_LISTENING;
    b->train = 0;
    b->job.active = false;
    s->rx_len = 0;
}

void bl602_leave(struct sim *s, enum bl602_then then)
{
    struct bl602_state *b = bl602_of(s);

    b->link = BL602_LEAVING;
    b->then = then;
    b->link_at = s->busy_until + LEAVE_NS;
}

/* The ROM looks at UART and SDIO in turn; a served plug has no such times. */
static bool looks_away(const struct sim *s)
{
    const struct bl602_state *b = bl602_of(s);
    uint64_t turn = UART_TURN + b->sdio_ns;

    return b->program == BL602_IN_ROM && !s->instant && (s->now - b->booted_at) % turn >= UART_TURN;
}

static uint32_t nearest(uint64_t value, uint64_t unit)
{
    return (uint32_t)((value + unit / 2) / unit);
}

/* The divider for `baud` and the rate it makes. */
static uint32_t divided(uint32_t hz, uint32_t baud)
{
    uint32_t n = nearest(hz, baud);

    return hz / (n ? n : 1);
}

/* What the ROM sets after it has seen `baud`; 0: it refuses (reference 2.3). */
static uint32_t rom_rate(const struct bl602_state *b, uint32_t baud)
{
    uint32_t seen = divided(ROM_HZ, baud);

    if (seen > 1250000)
        seen = nearest(seen, 500000) * 500000;
    if (!seen || ROM_HZ / seen <= 3)
        return 0;
    seen = divided(ROM_HZ, seen);
    /* An RC oscillator: the vendor promises nothing above. */
    return baud > b->rom_max ? (uint32_t)(seen * 106ull / 100) : seen;
}

/* The same for the loader, whose clock is off when it was built for another
 * crystal (reference 4.2, 14.2). */
static uint32_t loader_rate(const struct bl602_state *b, uint32_t baud)
{
    uint64_t assumed = b->assumed_khz ? b->assumed_khz : b->xtal_khz;
    uint32_t hz = (uint32_t)(LOADER_HZ * (uint64_t)b->xtal_khz / assumed);
    uint32_t count = nearest(hz, baud), seen, real;

    seen = LOADER_HZ / (count ? count : 1);
    if (seen > 970000)
        seen = nearest(seen, 500000) * 500000;
    if (!seen || LOADER_HZ / seen < 4)
        return 0;
    real = divided(hz, (uint32_t)(seen * (uint64_t)b->xtal_khz / assumed));
    /* 38.4 for 40 MHz is 4.2 % and works on the chip; bus.h allows 3. */
    if (b->xtal_khz != assumed && real * 1000ull > baud * 955ull && real * 1000ull < baud * 1045ull)
        return baud;
    return real;
}

/* Clocks of the first low pulse: the start bit and the zeros behind it. */
static uint32_t pulse(uint8_t byte)
{
    uint32_t n = 1;

    while (n < 9 && !(byte & 1)) {
        byte >>= 1;
        n++;
    }
    return n;
}

static void measure(struct sim *s, uint32_t baud, uint8_t byte)
{
    struct bl602_state *b = bl602_of(s);
    bool rom = b->program == BL602_IN_ROM;
    uint32_t rate;

    if (byte != 0x55 && !b->measure_any) {
        b->train = 0;
        return;
    }
    if (++b->train < b->train_min && byte == 0x55)
        return;
    baud /= pulse(byte);
    rate = !baud ? s->baud : rom ? rom_rate(b, baud) : loader_rate(b, baud);
    b->train = 0;
    if (!rate)
        return;
    b->measured = rate;
    b->link = BL602_MEASURED;
    b->link_at = s->now + (rom ? ROM_WAIT : LOADER_WAIT);
    s->rx_from = b->link_at;
}

static bool pin(struct sim *s, uint32_t baud, uint8_t byte)
{
    const struct bl602_state *b = bl602_of(s);

    if (b->link != BL602_LISTENING)
        return b->link == BL602_LEAVING;
    if (b->program == BL602_IN_ROM && (b->sw_usage & SW_UART_OFF))
        return true;
    if (!looks_away(s))
        measure(s, baud, byte);
    return true;
}

static bool isr(struct sim *s, uint8_t byte)
{
    struct bl602_state *b = bl602_of(s);

    switch (b->link) {
    case BL602_DRAINING:
        if (b->program == BL602_IN_ROM && b->drained == ROM_DRAIN)
            return false;
        b->drained++;
        return true;
    case BL602_SESSION:
        b->heard_at = s->now;
        if (b->program == BL602_IN_ROM)
            return false;
        loader_rx(s, byte);
        return true;
    default:
        return true;
    }
}

static void rx(struct sim *s, uint8_t byte)
{
    const struct bl602_state *b = bl602_of(s);

    if (b->link == BL602_DRAINING || b->link == BL602_SESSION)
        rom_rx(s, byte);
}

/* The wait behind the measurement is over. */
static void say_ok(struct sim *s)
{
    struct bl602_state *b = bl602_of(s);

    s->baud = b->measured;
    b->link = BL602_DRAINING;
    b->drained = 0;
    b->link_at = s->now + 2 * bus_byte_ns(s->baud) + DRAIN_NS;
    b->heard_at = s->now;
    b->let_go = true;
    sim_linked(s);
    if (b->program == BL602_IN_ROM)
        rom_linked(s);
    else
        loader_linked(s);
    bl602_ok(s);
}

/* ---- what runs ----------------------------------------------------------- */

/* The crystal a vendor loader was built for is one word of its segment. */
static uint32_t loader_crystal(const struct bl602_rom *rom)
{
    static const uint32_t khz[] = {0, 24000, 32000, 38400, 40000, 26000, 0};
    uint32_t code;

    if (rom->image_len < 36000 || rom->image_len > 40000)
        return 0;
    code = get_le32(rom->image + 16 + 0xE0);
    return code < sizeof khz / sizeof *khz ? khz[code] : 0;
}

/* The ROM jumps into what was uploaded. */
static void run_image(struct sim *s)
{
    struct bl602_state *b = bl602_of(s);
    uint32_t entry = get_le32(b->rom.header + 124), offset;

    if (!entry)
        entry = get_le32(b->rom.header + 128);
    if (!entry)
        entry = BL602_RAM;
    if (b->runs_nothing || !bl602_ram_span(entry, 4, &offset)) {
        s->phase = SIM_DEAD;
        return;
    }
    b->assumed_khz = loader_crystal(&b->rom);
    b->program = BL602_IN_LOADER;
    loader_start(s);
    bl602_listen(s);
    s->rx_from = s->now + b->start_ns;
}

static void go_on(struct sim *s)
{
    switch (bl602_of(s)->then) {
    case BL602_THEN_RESET:
        sim_reset(s);
        break;
    case BL602_THEN_RUN:
        run_image(s);
        break;
    case BL602_THEN_FLASH:
        sim_start_app(s);
        break;
    }
}

static bool strap_high(const struct sim *s)
{
    const struct bl602_state *b = bl602_of(s);
    bool asserted = (s->lines & s->cfg.strap_line) != 0;

    switch (b->strap) {
    case BL602_STRAP_HIGH:
        return true;
    case BL602_STRAP_LOW:
        return false;
    case BL602_STRAP_HAND:
        return !b->let_go;
    case BL602_STRAP_DTR:
    case BL602_STRAP_RTS:
        return asserted;
    default:
        return !asserted;
    }
}

/* start=loader: somebody has uploaded it already. */
static void found_running(struct sim *s)
{
    struct bl602_state *b = bl602_of(s);

    b->program = BL602_IN_LOADER;
    b->assumed_khz = 0;
    loader_start(s);
    bl602_listen(s);
    if (!b->session)
        return;
    s->baud = divided(LOADER_HZ, (uint32_t)b->session);
    b->link = BL602_SESSION;
    b->heard_at = s->now;
    sim_linked(s);
    loader_linked(s);
}

static void boot(struct sim *s)
{
    struct bl602_state *b = bl602_of(s);
    bool first = s->resets == 1;

    b->program = BL602_IN_ROM;
    b->booted_at = s->now;
    s->baud = 115200;
    rom_start(s);
    bl602_listen(s);
    if (first && s->cfg.start == SIM_START_LOADER)
        found_running(s);
    else if (!(first && s->cfg.start == SIM_START_BOOT) && !strap_high(s))
        sim_start_app(s);
}

/* ---- jobs ---------------------------------------------------------------- */

void bl602_erase(struct sim *s, uint32_t start, uint32_t end, bool say_pd)
{
    struct bl602_job *j = &bl602_of(s)->job;

    *j = (struct bl602_job){.active = true, .kind = BL602_ERASE, .say_pd = say_pd};
    j->addr = start & ~(NOR_SECTOR - 1);
    j->end = (uint64_t)end + 1;
    if (end < start)
        j->addr = j->end;
}

void bl602_erase_chip(struct sim *s)
{
    bl602_of(s)->job = (struct bl602_job){.active = true, .kind = BL602_ERASE_CHIP, .end = 1};
}

void bl602_program(struct sim *s, uint32_t addr, const uint8_t *data, uint32_t len)
{
    struct bl602_job *j = &bl602_of(s)->job;

    *j = (struct bl602_job){.active = true, .kind = BL602_PROGRAM, .data = data};
    j->addr = addr;
    j->end = (uint64_t)addr + len;
}

/* Let `ns` of flash work pass; the loader waits three times what the flash
 * configuration says and then gives up (reference 6.2). */
static void flash_work(struct sim *s, uint64_t ns, uint32_t limit_ms)
{
    struct bl602_state *b = bl602_of(s);
    uint64_t most = 3 * SIM_MS(limit_ms);

    if (b->program == BL602_IN_LOADER && ns > most && !s->instant) {
        b->job.failed = true;
        b->job.addr = b->job.end;
        ns = most;
    }
    sim_flash_work(s, ns);
}

static void erase_step(struct sim *s, struct bl602_job *j)
{
    const struct bl602_loader *l = &bl602_of(s)->loader;
    uint64_t left = j->end - j->addr;
    uint32_t unit = NOR_SECTOR, ms = l->ms_sector, at = (uint32_t)j->addr;

    if (!(at % NOR_BLOCK) && left > 60u << 10) {
        unit = NOR_BLOCK;
        ms = l->ms_block;
    } else if (!(at % NOR_HALF) && left > 28u << 10) {
        unit = NOR_HALF;
        ms = l->ms_half;
    }
    if (j->say_pd && !reply(s, (const uint8_t *)"PD", 2))
        return;
    j->addr += unit;
    nor_write_enable(&s->nor);
    flash_work(s, nor_erase(&s->nor, at, unit), ms);
}

/* One long operation; PD about once a second (reference 4.4). */
static void erase_chip_step(struct sim *s, struct bl602_job *j)
{
    if (j->pd_at && s->now < s->busy_until) {
        sim_chat(s, (const uint8_t *)"PD", 2);
        j->pd_at += SIM_MS(1000);
    } else if (j->pd_at) {
        j->addr = j->end;
    } else {
        nor_write_enable(&s->nor);
        sim_flash_work(s, nor_erase(&s->nor, 0, s->nor.size));
        j->pd_at = s->now + SIM_MS(1000);
    }
}

static void program_step(struct sim *s, struct bl602_job *j)
{
    uint32_t at = (uint32_t)j->addr, part = NOR_PAGE - at % NOR_PAGE;

    if (part > j->end - j->addr)
        part = (uint32_t)(j->end - j->addr);
    j->addr += part;
    flash_work(s, nor_program(&s->nor, at, j->data, part), bl602_of(s)->loader.ms_page);
    j->data += part;
}

static void job_step(struct sim *s, struct bl602_job *j)
{
    if (j->addr >= j->end) {
        j->active = false;
        if (bl602_of(s)->program == BL602_IN_ROM)
            rom_job_done(s);
        else
            loader_job_done(s);
    } else if (j->kind == BL602_ERASE) {
        erase_step(s, j);
    } else if (j->kind == BL602_ERASE_CHIP) {
        erase_chip_step(s, j);
    } else {
        program_step(s, j);
    }
}

/* ---- time ---------------------------------------------------------------- */

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* When the waiting frame is looked at; SIM_NEVER: there is none. */
static uint64_t frame_at(const struct sim *s)
{
    const struct bl602_loader *l = &bl602_of(s)->loader;

    if (bl602_of(s)->program == BL602_IN_ROM || !l->complete)
        return SIM_NEVER;
    return later(l->complete_at, s->busy_until);
}

static uint64_t session_end(const struct sim *s)
{
    const struct bl602_state *b = bl602_of(s);
    uint64_t quiet = later(b->heard_at, s->busy_until);

    return b->program == BL602_IN_ROM ? quiet + b->rom_idle_ns : quiet + 2 * b->build.idle_ns;
}

static uint64_t next(const struct sim *s)
{
    const struct bl602_state *b = bl602_of(s);
    const struct bl602_job *j = &b->job;

    if (j->active && j->kind == BL602_ERASE_CHIP && j->pd_at)
        return j->pd_at < s->busy_until ? j->pd_at : s->busy_until;
    if (j->active)
        return s->busy_until;
    switch (b->link) {
    case BL602_LISTENING:
        return SIM_NEVER;
    case BL602_SESSION:
        return frame_at(s) != SIM_NEVER ? frame_at(s) : session_end(s);
    default:
        return b->link_at;
    }
}

static void timer(struct sim *s)
{
    struct bl602_state *b = bl602_of(s);

    if (b->job.active) {
        job_step(s, &b->job);
        return;
    }
    switch (b->link) {
    case BL602_MEASURED:
        say_ok(s);
        break;
    case BL602_DRAINING:
        b->link = BL602_SESSION;
        b->heard_at = s->now;
        break;
    case BL602_SESSION:
        if (frame_at(s) <= s->now)
            loader_frame(s);
        else
            bl602_listen(s);
        break;
    case BL602_LEAVING:
        go_on(s);
        break;
    case BL602_LISTENING:
        break;
    }
}

/* ---- the chip's own words ------------------------------------------------ */

bool bl602_ram_span(uint32_t addr, uint32_t len, uint32_t *offset)
{
    uint32_t alias = addr >> 28, at = (addr & 0x0FFFFFFFu) | 0x20000000u;

    if (alias < 2 || alias > 5 || at < BL602_RAM || at > BL602_RAM_END || len > BL602_RAM_END - at)
        return false;
    *offset = at - BL602_RAM;
    return true;
}

uint32_t bl602_peek(const struct sim *s, uint32_t addr)
{
    struct rng r;
    uint32_t at;

    if (bl602_ram_span(addr, 4, &at))
        return get_le32(bl602_of(s)->ram + at);
    if (addr == ROM_API)
        return 0x06020002;
    if (addr >> 17 != 0x21000000u >> 17)
        return 0;
    rng_seed(&r, addr ^ 0xB1602000u); /* the real ROM is not ours to ship */
    return rng_u32(&r);
}

void bl602_poke(struct sim *s, uint32_t addr, uint32_t value)
{
    uint32_t at;

    if (bl602_ram_span(addr, 4, &at))
        put_le32(bl602_of(s)->ram + at, value);
}

void bl602_efuse(const struct sim *s, uint8_t out[BL602_EFUSE])
{
    const struct bl602_state *b = bl602_of(s);
    static const uint8_t code[] = {0, 1, 3, 2}; /* AES-256 and AES-192 swap places */
    struct rng r;

    memset(out, 0, BL602_EFUSE);
    out[0] = (uint8_t)(code[b->encrypt] | b->sign << 2 | (b->encrypt ? 0x80 : 0));
    out[1] = 0x10; /* the RC oscillator is trimmed */
    rng_seed(&r, s->cfg.seed ^ 0xEF05Eu);
    put_le32(out + 0x0C, rng_u32(&r));
    put_le32(out + EFUSE_SW, (uint32_t)b->sw_usage);
    for (size_t i = 0; i < 6; i++)
        out[EFUSE_MAC + i] = s->cfg.mac[5 - i];
    put_le32(out + 0x7C, rng_u32(&r) & 0x1FFF);
}

void bl602_boot_info(const struct sim *s, uint32_t version, uint8_t out[20])
{
    const struct bl602_state *b = bl602_of(s);

    memset(out, 0, 20);
    put_le32(out, version);
    out[4] = (uint8_t)b->sign;
    out[5] = (uint8_t)b->encrypt;
    put_le32(out + 8, (uint32_t)b->sw_usage);
    for (size_t i = 0; i < 6; i++)
        out[12 + i] = s->cfg.mac[5 - i];
}

const struct sim_device_ops sim_bl602 = {
    .name = "bl602",
    .jedec = 0xEF4015,
    .status = 0x0200, /* quad enable */
    .size = 2u << 20,
    .state_size = sizeof(struct bl602_state),
    .defaults = defaults,
    .option = option,
    .factory = bl602_factory,
    .attach = attach,
    .boot = boot,
    .rx = rx,
    .next = next,
    .timer = timer,
    .pin = pin,
    .isr = isr,
    .app_ok = bl602_flash_boots,
};
