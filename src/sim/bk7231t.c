/* bk7231t.c - the flash-resident serial loader of the BK7231T, versions 1.0.1,
 * 1.0.4, 1.0.5 and 1.0.6, as reference 4.3 describes it and 16 saw it run.
 *
 * It lives in the first 0x11000 bytes of the flash it programs: when those no
 * longer hold a loader, nothing answers after the next reset. */
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "sim/beken.h"
#include "sim/devices.h"
#include "sim/factory.h"

#define T_RX_RING    512u
#define T_ADDR_MASK  0x00FFFFFFu
#define T_LOW        0x10000u /* below: not read, not erased */
#define T_WRITE4K    0x20E0u  /* below: Write4K is refused; nobody knows why here */
#define T_TICK_NS    SIM_MS(2)
#define T_LINK_TICKS 401u /* "more than 400 ticks" without a LinkCheck */

enum { SHORT_LINK = 0x00, SHORT_REBOOT = 0x0E, SHORT_BAUD, SHORT_CRC, SHORT_VERSION };
enum { LONG_WRITE = 0x06, LONG_WRITE4K = 0x07, LONG_READ4K = 0x09, LONG_ERASE = 0x0F };
#define STATUS_REFUSED 0x06

struct t_version {
    const char *name; /* of loader= */
    char text[17];    /* ReadBootVersion */
    bool sticky_sr;   /* finding 1: bits once written to SR are never cleared again */
    bool shaky_exit;  /* finding 5: the timer exit touches an uninitialised heap */
};

static const struct t_version t_versions[] = {
    {"1.0.1", "BK7231S_1.0.1", true, false},
    {"1.0.4", "BK7231S_1.0.4", true, false},
    {"1.0.5", "BK7231S_1.0.5", false, true},
    {"1.0.6", "BK7231S_1.0.6", false, true},
};
enum { V101, V104, V105, V106 };

/* A flash id the loader knows: how many status bytes it writes, and what it
 * calls protected. Findings 2 and 3 for the differences. */
struct t_flash {
    uint32_t jedec;
    unsigned sr_bytes;
    uint8_t protect; /* SR value; 0: never protects */
    int from, to;    /* versions */
};

static const struct t_flash t_flashes[] = {
    {0x1C7016, 1, 0x7C, V101, V106}, {0x1C7015, 1, 0x7C, V101, V106},
    {0x0B4014, 2, 0x7C, V101, V106}, {0x0B4015, 2, 0x7C, V101, V106},
    {0x0B4016, 2, 0x7C, V101, V106}, {0x0B4017, 2, 0x14, V105, V106},
    {0x0E4016, 2, 0x7C, V101, V106}, {0xC84015, 2, 0x7C, V101, V106},
    {0xC84016, 2, 0x7C, V101, V105}, {0xC84016, 1, 0x7C, V106, V106},
    {0x204016, 2, 0x7C, V101, V106}, {0xC22315, 1, 0x3C, V101, V106},
    {0xEF4016, 2, 0x7C, V101, V106}, {0xEF4017, 2, 0x7C, V101, V106},
    {0x856016, 2, 0x7C, V101, V106}, {0xEB6015, 2, 0x7C, V106, V106},
};
static const struct t_flash t_unknown = {0, 2, 0, V101, V106};

struct t_state {
    /* switches */
    int version;
    bool timer_resets;
    uint64_t print_ns, window_ns, idle_ns;
    struct beken_mute mute;

    uint32_t loader_crc; /* of the loader found at the start */
    bool loader_here;

    /* since the last reset */
    struct beken_parser parser;
    struct beken_job job;
    const struct t_flash *flash;
    bool heard;            /* any byte at all */
    bool waiting;          /* start=loader: no window closes */
    bool armed;            /* the next Erase unprotects */
    uint8_t stream_status; /* the fault plan's answer to the Write4K that streams in */
    uint16_t sr_sticky;
    uint64_t window_end, timer_end, last_rx;
};

static struct t_state *state(const struct sim *s)
{
    return s->dev;
}

static void t_defaults(struct sim *s)
{
    struct t_state *t = state(s);

    t->version = V105;
    t->print_ns = SIM_MS(15);
    t->window_ns = SIM_MS(15);
    t->idle_ns = SIM_MS(180);
    s->rx_cap = T_RX_RING;
    s->rx_overwrite = true;
}

static enum pf_err t_option(struct sim *s, const char *key, const char *value, bool *known)
{
    struct t_state *t = state(s);
    uint64_t ms;

    if (!strcmp(key, "loader")) {
        t->version = sim_choice(value, "1.0.1|1.0.4|1.0.5|1.0.6");
        return t->version < 0 ? sim_bad(s, key, value, "1.0.1, 1.0.4, 1.0.5 or 1.0.6") : PF_OK;
    }
    if (!strcmp(key, "timerexit")) {
        int i = sim_choice(value, "app|reset");

        t->timer_resets = i == 1;
        return i < 0 ? sim_bad(s, key, value, "app or reset") : PF_OK;
    }
    if (!strcmp(key, "mute"))
        return beken_mute_parse(&t->mute, value) ? PF_OK
                                                 : sim_bad(s, key, value, "opcodes as s11-l07");
    if (!strcmp(key, "print") || !strcmp(key, "window") || !strcmp(key, "idle")) {
        if (!sim_number(value, 1, 3600000, &ms))
            return sim_bad(s, key, value, "milliseconds");
        *(*key == 'p' ? &t->print_ns : *key == 'w' ? &t->window_ns : &t->idle_ns) = SIM_MS(ms);
        return PF_OK;
    }
    *known = false;
    return PF_OK;
}

static void t_factory(const struct sim *s, uint32_t seed, const uint8_t mac[6], uint8_t *buf,
                      uint32_t size)
{
    struct factory_plan plan = factory_t;
    int version = s ? state(s)->version : V105;

    plan.loader = t_versions[version].text;
    if (version == V104) { /* 8.2: key elsewhere, no marker; other first instruction */
        plan.key_at = 0x3C;
        plan.marks = false;
        plan.vector[0] = 0x59;
        plan.vector[1] = 0x13;
    }
    factory_build(&plan, seed, mac, buf, size);
}

static uint32_t loader_crc(const struct sim *s)
{
    return pf_crc32(0, s->nor.cell, s->nor.size < BKCODE_LOADER ? s->nor.size : BKCODE_LOADER);
}

/* Whatever is there at the start counts as the loader, so that any dump (or a
 * test's pattern) will do; only blank flash is none. */
static void t_attach(struct sim *s)
{
    struct t_state *t = state(s);
    size_t len = s->nor.size < BKCODE_LOADER ? s->nor.size : BKCODE_LOADER;

    t->loader_here = !pf_is_blank(s->nor.cell, len);
    t->loader_crc = t->loader_here ? loader_crc(s) : 0;
}

/* Still the loader of the start, or another whole one. */
static bool loader_alive(const struct sim *s)
{
    uint32_t first = s->nor.touched_lo;

    if (state(s)->loader_here && (first >= BKCODE_LOADER || loader_crc(s) == state(s)->loader_crc))
        return true;
    return s->nor.size > BKCODE_LOADER && bkcode_loader_ok(s->nor.cell);
}

static const struct t_flash *find_flash(const struct sim *s)
{
    for (size_t i = 0; i < sizeof t_flashes / sizeof *t_flashes; i++) {
        const struct t_flash *f = &t_flashes[i];

        if (f->jedec == s->cfg.jedec && f->from <= state(s)->version && state(s)->version <= f->to)
            return f;
    }
    return &t_unknown;
}

/* The receive interrupt works from the start; the loader prints on UART2, then
 * counts idle iterations. Bytes of the printing phase wait in the ring. */
static void t_boot(struct sim *s)
{
    struct t_state *t = state(s);

    if (!loader_alive(s)) {
        s->phase = SIM_DEAD;
        return;
    }
    s->baud = BEKEN_BOOT_BAUD;
    memset(&t->parser, 0, sizeof t->parser);
    t->job.active = false;
    t->flash = find_flash(s);
    t->heard = t->armed = false;
    t->waiting = s->cfg.start == SIM_START_LOADER && s->resets == 1;
    t->sr_sticky = 0;
    sim_delay(s, t->print_ns);
    t->window_end = s->busy_until + t->window_ns;
    t->timer_end = s->busy_until + T_LINK_TICKS * T_TICK_NS;
    t->last_rx = s->busy_until;
}

static bool t_app_ok(const struct sim *s)
{
    return s->nor.size > BKCODE_LOADER && bkcode_block_ok(s->nor.cell + BKCODE_LOADER);
}

static uint64_t t_next(const struct sim *s)
{
    const struct t_state *t = state(s);

    if (t->job.active)
        return s->busy_until;
    if (s->linked)
        return (t->last_rx > s->busy_until ? t->last_rx : s->busy_until) + t->idle_ns;
    if (t->waiting)
        return SIM_NEVER;
    return t->heard || s->rx_len ? t->timer_end : t->window_end;
}

static void t_timer(struct sim *s)
{
    struct t_state *t = state(s);

    if (t->job.active)
        beken_job_step(s, &t->job);
    else if (s->linked || (t->heard && t->timer_resets && t_versions[t->version].shaky_exit))
        sim_reset(s);
    else
        sim_start_app(s);
}

/* The whole register is written, whatever else it held. In 1.0.1 and 1.0.4 the
 * controller's configuration word is only ever OR-ed. */
static void write_sr(struct sim *s, uint8_t value)
{
    struct t_state *t = state(s);
    uint8_t sr[2] = {value, 0};

    if (t_versions[t->version].sticky_sr) {
        t->sr_sticky |= value;
        sr[0] = (uint8_t)t->sr_sticky;
    }
    nor_write_enable(&s->nor);
    sim_flash_work(s, nor_write_status(&s->nor, 0x01, sr, t->flash->sr_bytes));
}

static void unprotect(struct sim *s)
{
    uint16_t sr = nor_status(&s->nor);

    if (state(s)->flash->sr_bytes == 1)
        sr &= 0xff;
    if (sr)
        write_sr(s, 0);
}

static void protect(struct sim *s)
{
    const struct t_flash *f = state(s)->flash;

    if (!f->protect)
        unprotect(s); /* finding 2 */
    else if (nor_status(&s->nor) != f->protect)
        write_sr(s, f->protect);
}

static void set_baud(struct sim *s, const uint8_t *payload)
{
    uint8_t echo[5];

    memcpy(echo, payload, sizeof echo);
    s->baud = beken_baud(get_le32(echo));
    sim_delay(s, (echo[4] + 1u) * T_TICK_NS);
    beken_reply_short(s, SHORT_BAUD, echo, sizeof echo);
}

/* Whole 256-byte pages only, from any address, wrapping; then protects. */
static void check_crc(struct sim *s, const uint8_t *payload)
{
    uint32_t start = get_le32(payload), end = get_le32(payload + 4);
    uint32_t pages = (end - start + 1) >> 8;
    uint8_t crc[4];

    put_le32(crc, ~sim_hash(s, start & T_ADDR_MASK, (uint64_t)pages * NOR_PAGE));
    protect(s);
    beken_reply_short(s, SHORT_CRC, crc, sizeof crc);
}

static void short_frame(struct sim *s)
{
    static const uint8_t zero[1] = {0};
    struct t_state *t = state(s);
    const uint8_t *payload = t->parser.shrt + 1;

    if (beken_muted(&t->mute, BEKEN_SHORT, t->parser.shrt[0]))
        return;
    switch (t->parser.shrt[0]) {
    case SHORT_LINK:
        t->armed = true;
        t->waiting = false;
        sim_linked(s);
        beken_reply_short(s, 0x01, zero, 1);
        break;
    case SHORT_REBOOT:
        if (payload[0] == 0xA5)
            sim_reset(s);
        break;
    case SHORT_BAUD:
        set_baud(s, payload);
        break;
    case SHORT_CRC:
        check_crc(s, payload);
        break;
    case SHORT_VERSION:
        beken_reply_short(s, SHORT_VERSION, (const uint8_t *)t_versions[t->version].text, 16);
        break;
    default: /* consumed in silence */
        break;
    }
}

static void read_4k(struct sim *s, uint32_t addr)
{
    uint8_t payload[4 + NOR_SECTOR];

    put_le32(payload, addr);
    if (addr < T_LOW) {
        payload[4] = (uint8_t)(state(s)->parser.need - 5);
        beken_reply_long(s, LONG_READ4K, STATUS_REFUSED, payload, 5);
        return;
    }
    nor_read(&s->nor, addr & T_ADDR_MASK, payload + 4, NOR_SECTOR);
    beken_reply_long(s, LONG_READ4K, 0, payload, sizeof payload);
}

/* The comparison is signed: the upper half of the address space is "below". */
static void erase(struct sim *s, const uint8_t *payload)
{
    struct t_state *t = state(s);
    uint32_t addr = get_le32(payload + 1);
    uint8_t echo[5], status;

    memcpy(echo, payload, sizeof echo);
    if (addr < T_LOW || addr >= 0x80000000u) {
        beken_reply_long(s, LONG_ERASE, STATUS_REFUSED, echo, sizeof echo);
        return;
    }
    if (t->armed)
        unprotect(s);
    t->armed = false;
    status = sim_fault_status(s);
    nor_write_enable(&s->nor);
    if (!status && payload[0] == 0x20)
        sim_flash_work(s, nor_erase(&s->nor, addr & T_ADDR_MASK, NOR_SECTOR));
    else if (!status && payload[0] == 0xD8)
        sim_flash_work(s, nor_erase(&s->nor, addr & T_ADDR_MASK, NOR_BLOCK));
    beken_reply_long(s, LONG_ERASE, status, echo, sizeof echo);
}

/* Any length from any address: more than a page is taken as well. */
static void write_any(struct sim *s, const uint8_t *payload)
{
    struct t_state *t = state(s);
    uint32_t addr = get_le32(payload);
    uint32_t len = t->parser.need < 5 ? 0 : t->parser.need - 5u;
    struct beken_job *job = &t->job;

    job->reply[0] = LONG_WRITE;
    memcpy(job->reply + 2, payload, 4);
    job->reply[6] = (uint8_t)len;
    job->reply_len = 7;
    job->addr = addr & T_ADDR_MASK;
    job->data = payload + 4;
    job->len = len < BEKEN_LONG_MAX - 5 ? len : BEKEN_LONG_MAX - 5;
    if (addr < T_LOW)
        job->reply[1] = STATUS_REFUSED;
    else
        job->reply[1] = sim_fault_status(s);
    if (job->reply[1])
        job->len = 0;
    beken_job_start(s, job);
}

/* The pages were programmed while they came in (t_rx). */
static void write_4k_done(struct sim *s, const uint8_t *payload)
{
    uint8_t echo[4];

    memcpy(echo, payload, sizeof echo);
    if (get_le32(echo) < T_WRITE4K) {
        put_le16(echo, T_WRITE4K);
        beken_reply_long(s, LONG_WRITE4K, STATUS_REFUSED, echo, sizeof echo);
        return;
    }
    beken_reply_long(s, LONG_WRITE4K, state(s)->stream_status, echo, sizeof echo);
}

static void long_frame(struct sim *s)
{
    struct t_state *t = state(s);
    const uint8_t *payload = t->parser.lng + 1;

    if (beken_muted(&t->mute, BEKEN_LONG, t->parser.lng[0]))
        return;
    switch (t->parser.lng[0]) {
    case LONG_WRITE:
        write_any(s, payload);
        break;
    case LONG_WRITE4K:
        write_4k_done(s, payload);
        break;
    case LONG_READ4K:
        read_4k(s, get_le32(payload));
        break;
    case LONG_ERASE:
        erase(s, payload);
        break;
    default:
        break;
    }
}

/* Write4K programs every 256 bytes as soon as they are complete. */
static void stream_page(struct sim *s)
{
    struct t_state *t = state(s);
    uint32_t done = t->parser.have - 5u, addr = get_le32(t->parser.lng + 1);

    if (t->parser.lng[0] != LONG_WRITE4K || addr < T_WRITE4K)
        return;
    if (t->parser.have == 5)
        t->stream_status = sim_fault_status(s);
    if (t->stream_status || t->parser.have <= 5 || done % NOR_PAGE ||
        t->parser.have > BEKEN_LONG_MAX)
        return;
    sim_flash_work(s, nor_program(&s->nor, (addr + done - NOR_PAGE) & T_ADDR_MASK,
                                  t->parser.lng + 5 + done - NOR_PAGE, NOR_PAGE));
}

static void t_rx(struct sim *s, uint8_t byte)
{
    struct t_state *t = state(s);
    bool in_long = beken_in_long(&t->parser);
    enum beken_frame frame;

    t->heard = true;
    t->last_rx = s->now;
    frame = beken_parse(&t->parser, byte);
    if (in_long)
        stream_page(s);
    if (frame == BEKEN_SHORT)
        short_frame(s);
    else if (frame == BEKEN_LONG)
        long_frame(s);
}

const struct sim_device_ops sim_bk7231t = {
    .name = "bk7231t",
    .jedec = 0xC84015,
    .status = 0x4004,
    .size = 2u << 20,
    .state_size = sizeof(struct t_state),
    .defaults = t_defaults,
    .option = t_option,
    .factory = t_factory,
    .attach = t_attach,
    .boot = t_boot,
    .rx = t_rx,
    .next = t_next,
    .timer = t_timer,
    .app_ok = t_app_ok,
};
