/* bl602.c - the virtual BL602: straps, auto-baud, time, and what runs.
 *
 * What runs is one of two programs, bl602_rom.c and bl602_loader.c; here is
 * what they share. Reference 2.3, 4.2, 4.4, 11.9, 13. */
#include "sim/bl602.h"

#include <string.h>

#include "core/bytes.h"
#include "plugflash/stub.h"
#include "sim/devices.h"
#include "sim/guest.h"

#define ROM_HZ      32000000u
#define LOADER_HZ   40000000u
#define ROM_WAIT    SIM_MS(8) /* from the measurement to OK */
#define LOADER_WAIT SIM_MS(12)
#define DRAIN_NS    SIM_MS(1)
#define ROM_DRAIN   64u /* bytes it throws away at most */
#define UART_TURN   SIM_MS(2)
#define LEAVE_NS    SIM_MS(4)
#define SW_UART_OFF 0x02000000u
#define OWN_HEAD    (BL602_HEADER + BL602_SEGMENT)

/* ---- answers ------------------------------------------------------------- */

static bool reply(struct sim *s, const uint8_t *bytes, size_t len)
{
    uint64_t resets = s->resets;

    sim_reply(s, bytes, len);
    return s->resets == resets;
}

bool bl602_say(struct sim *s, const char *two)
{
    return reply(s, (const uint8_t *)two, 2);
}

bool bl602_ok(struct sim *s)
{
    return bl602_say(s, "OK");
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

void bl602_lose(struct sim *s)
{
    bl602_listen(s);
    s->linked = false;
    s->cycle_base = s->now;
    bl602_of(s)->let_go = false;
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
        /* Served, a train comes in pieces and its length means nothing. */
        b->fresh = b->fresh && byte == 0x55;
        if (s->instant && b->fresh)
            return true;
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
    b->fresh = true;
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

static void crash(struct sim *s)
{
    bl602_lose(s);
    s->phase = SIM_DEAD;
}

/* `image` is our own stub, without headers. */
static void run_own(struct sim *s, const uint8_t *image)
{
    const struct pf_stub *p = &pf_stub_bl602;

    bl602_of(s)->program = BL602_IN_GUEST;
    bl602_listen(s);
    if (!sim_guest_start(s, image, p->len - OWN_HEAD, p->load, p->entry))
        crash(s);
}

/* What the segments hold, as they were loaded. */
static enum sim_image loaded_image(const struct bl602_state *b)
{
    const struct bl602_rom *r = &b->rom;

    if (r->image_len < BL602_SEGMENT || get_le32(r->image) != pf_stub_bl602.load)
        return SIM_IMAGE_OTHER;
    return sim_image_is(r->image + BL602_SEGMENT, r->image_len - BL602_SEGMENT,
                        pf_stub_bl602.data + OWN_HEAD, pf_stub_bl602.len - OWN_HEAD);
}

/* The ROM jumps into what was uploaded. A stub of our own runs as it is; others are not
 * executed, the model of the vendor's stands for them. */
static void run_image(struct sim *s)
{
    struct bl602_state *b = bl602_of(s);
    enum sim_image image = loaded_image(b);
    uint32_t entry = get_le32(b->rom.header + 124), offset;

    if (!entry)
        entry = get_le32(b->rom.header + 128);
    if (!entry)
        entry = BL602_RAM;
    if (b->runs_nothing || !bl602_ram_span(entry, 4, &offset) || image == SIM_IMAGE_DAMAGED ||
        (image == SIM_IMAGE_OURS && entry != pf_stub_bl602.entry)) {
        crash(s);
        return;
    }
    if (image == SIM_IMAGE_OURS) {
        run_own(s, b->rom.image + BL602_SEGMENT);
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

    if (b->own) {
        run_own(s, pf_stub_bl602.data + OWN_HEAD);
        return;
    }
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
        bl602_job_step(s);
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
            bl602_lose(s);
        break;
    case BL602_LEAVING:
        go_on(s);
        break;
    case BL602_LISTENING:
        break;
    }
}

/* ---- the application ------------------------------------------------------ */

/* Something like what OpenBL602 firmware logs, 55s included. */
static size_t app_says(const struct sim *s, unsigned n, char *buf, size_t cap)
{
    static const char *const lines[] = {
        "Booting plugflash synthetic application\r\n",
        "[     0][INFO  : hal_boot2.c] PtTable_Config OK\r\n",
        "[  1055][WIFI] connected, UUUU OK FL PD\r\n",
        "\x55\x55\x55\x55OK",
    };
    size_t i = n < 2 ? n : 2 + n % 2, len = strlen(lines[i]);

    (void)s;
    memcpy(buf, lines[i], len < cap ? len : cap);
    return len < cap ? len : cap;
}

/* For a guest: fuses are read as they are. */
static bool efuse(const struct sim *s, uint16_t addr, uint8_t *buf, uint16_t len)
{
    uint8_t all[BL602_EFUSE];

    if (len > sizeof all || addr > sizeof all - len)
        return false;
    bl602_efuse(s, all);
    memcpy(buf, all + addr, len);
    return true;
}

const struct sim_device_ops sim_bl602 = {
    .name = "bl602",
    .jedec = 0xEF4015,
    .status = 0x0200, /* quad enable */
    .size = 2u << 20,
    .state_size = sizeof(struct bl602_state),
    .defaults = bl602_defaults,
    .option = bl602_option,
    .factory = bl602_factory,
    .attach = bl602_attach,
    .boot = boot,
    .rx = rx,
    .next = next,
    .timer = timer,
    .pin = pin,
    .isr = isr,
    .efuse = efuse,
    .run_flash = sim_reset, /* the strap is looked at again */
    .app_ok = bl602_flash_boots,
    .app_says = app_says,
};
