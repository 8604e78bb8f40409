/* ecr6600.c - the virtual ECR6600: switches, boot, and the UART loader that
 * mask ROM and uboot share (1.1 to 1.4). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "plugflash/stub.h"
#include "sim/devices.h"
#include "sim/ecr6600.h"
#include "sim/guest.h"

#define RAM_MAX      0x30000u /* of the instruction RAM an image may fill */
#define IMAGE_MIN    256u     /* less holds no vectors, let alone a stub */
#define PATIENCE_NS  SIM_MS(2000)
#define RUN_PAUSE_NS SIM_MS(10)
#define STUB_ERR_NS  SIM_MS(2000)

/* ---- switches ------------------------------------------------------------- */

static void defaults(struct sim *s)
{
    struct ecrdev *e = ecrdev(s);

    s->rx_cap = 16;
    e->boot_ns = SIM_MS(45);
    e->window_ns = SIM_MS(100);
    e->loop_ns = SIM_MS(1000);
    e->rom_ns = SIM_MS(2000);
    e->unit_ns = SIM_US(100);
    e->pack_rate = 1u << 20;
    e->stub_baud = 115200;
    e->efuse[0x22] = 1; /* 0x20 bit 16: 40 MHz crystal */
}

static enum pf_err key_ns(struct sim *s, const char *key, const char *value, uint64_t unit,
                          uint64_t *out)
{
    uint64_t v;

    if (!sim_number(value, 1, 3600000, &v))
        return sim_bad(s, key, value, "a time, at least 1");
    *out = v * unit;
    return PF_OK;
}

/* "0x20:0x10000-0x14:0x1234": words at multiples of 4. */
static enum pf_err key_efuse(struct sim *s, const char *key, const char *value)
{
    struct ecrdev *e = ecrdev(s);
    const char *p = value;

    while (*p) {
        char *end;
        unsigned long at = strtoul(p, &end, 0), word;

        if (end == p || *end != ':' || at % 4 || at >= ECRDEV_EFUSE)
            break;
        p = end + 1;
        word = strtoul(p, &end, 0);
        if (end == p || *p == '-' || (*end && *end != '-') || word > UINT32_MAX)
            break;
        put_le32(e->efuse + at, (uint32_t)word);
        p = end;
        if (!*p)
            return PF_OK;
        p++;
    }
    return sim_bad(s, key, value, "words as 0x20:0x10000-0x10:0x8");
}

static enum pf_err key_choice(struct sim *s, const char *key, const char *value,
                              const char *choices, int *out)
{
    *out = sim_choice(value, choices);
    return *out < 0 ? sim_bad(s, key, value, choices) : PF_OK;
}

static enum pf_err choices(struct sim *s, const char *key, const char *value, bool *known)
{
    static const struct {
        const char *key, *choices;
    } table[] = {
        {"xtal", "40|26"},
        {"resetpad", "on|off"},
        {"cache", "fresh|stale"},
        {"wtype", "check|any"},
        {"nv", "full|nomac|blank"},
        {"layout", "obk|at|obk-high|at-high"},
        {"stub", "custom|1.3.11|1.3.4|1.4.0|own"},
    };
    struct ecrdev *e = ecrdev(s);
    size_t i = 0;
    int v;

    while (i < sizeof table / sizeof *table && strcmp(table[i].key, key))
        i++;
    if (i == sizeof table / sizeof *table) {
        *known = false;
        return PF_OK;
    }
    PF_TRY(key_choice(s, key, value, table[i].choices, &v));
    switch (i) {
    case 0:
        e->xtal26 = v == 1;
        e->efuse[0x22] = v == 1 ? 0 : 1;
        break;
    case 1:
        e->pad_off = v == 1;
        break;
    case 2:
        e->stale_cache = v == 1;
        break;
    case 3:
        e->any_type = v == 1;
        break;
    case 4:
        e->nv = v;
        break;
    case 5:
        e->at_layout = v & 1;
        e->high = v > 1;
        break;
    default:
        e->own = v == ECRDEV_KINDS;
        e->kind = e->own ? ECRDEV_CUSTOM : (enum ecrdev_kind)v;
        break;
    }
    return PF_OK;
}

static enum pf_err option(struct sim *s, const char *key, const char *value, bool *known)
{
    struct ecrdev *e = ecrdev(s);
    uint64_t v;

    if (!strcmp(key, "boot"))
        return key_ns(s, key, value, SIM_MS(1), &e->boot_ns);
    if (!strcmp(key, "window"))
        return key_ns(s, key, value, SIM_MS(1), &e->window_ns);
    if (!strcmp(key, "loop"))
        return key_ns(s, key, value, SIM_MS(1), &e->loop_ns);
    if (!strcmp(key, "romwindow"))
        return key_ns(s, key, value, SIM_MS(1), &e->rom_ns);
    if (!strcmp(key, "romfirst"))
        return key_ns(s, key, value, SIM_MS(1), &e->rom_first_ns);
    if (!strcmp(key, "unit"))
        return key_ns(s, key, value, SIM_US(1), &e->unit_ns);
    if (!strcmp(key, "pack"))
        return key_ns(s, key, value, 1024, &e->pack_rate); /* KiB per second */
    if (!strcmp(key, "stubbaud")) {
        if (!sim_number(value, 300, 10000000, &v))
            return sim_bad(s, key, value, "a rate");
        e->stub_baud = (uint32_t)v;
        e->stub_baud_given = true;
        return PF_OK;
    }
    if (!strcmp(key, "header")) {
        if (!sim_number(value, 0, 11, &v))
            return sim_bad(s, key, value, "0 to 11");
        e->header_given = true;
        e->header_bytes = (uint32_t)v;
        return PF_OK;
    }
    if (!strcmp(key, "rxbuf")) {
        if (!sim_number(value, 1, SIM_RX_MAX, &v))
            return sim_bad(s, key, value, "1 to 8192");
        s->rx_cap = v;
        return PF_OK;
    }
    if (!strcmp(key, "otp")) {
        e->otp_given = ecrdev_parse_mac(value, e->otp);
        return e->otp_given ? PF_OK : sim_bad(s, key, value, "AA:BB:CC:DD:EE:FF");
    }
    if (!strcmp(key, "efuse"))
        return key_efuse(s, key, value);
    return choices(s, key, value, known);
}

/* ---- what every part of it does ------------------------------------------- */

bool ecrdev_say(struct sim *s, const uint8_t *bytes, size_t len)
{
    uint64_t resets = s->resets;

    sim_reply(s, bytes, len);
    return s->resets == resets;
}

void ecrdev_flush_after(struct sim *s)
{
    if (s->busy_until > s->now)
        ecrdev(s)->flush_at = s->busy_until;
    else
        s->rx_len = 0;
}

void ecrdev_unlink(struct sim *s)
{
    if (s->linked)
        s->cycle_base = s->now;
    s->linked = false;
    ecrdev(s)->patience = SIM_NEVER;
}

void ecrdev_crash(struct sim *s)
{
    ecrdev_unlink(s);
    s->phase = SIM_DEAD;
}

/* On the crystal, over-sampled by 8, the divisor truncated (1.2). */
static uint32_t rom_baud(const struct ecrdev *e)
{
    return e->xtal26 ? 116071 : 116279;
}

/* ---- boot ----------------------------------------------------------------- */

static void start_boot(struct sim *s, uint64_t delay)
{
    struct ecrdev *e = ecrdev(s);

    s->baud = rom_baud(e);
    s->rx_len = 0;
    e->at = ECRDEV_BOOTING;
    e->found = ecrdev_find_boot(s->nor.cell, s->nor.size);
    e->until = s->now + delay;
    s->rx_from = e->until; /* nobody reads the UART before */
    e->flush_at = e->patience = SIM_NEVER;
    e->endless = e->rom_first = false;
}

static void open_window(struct sim *s)
{
    static const char *const says[] = {NULL, "partition err\n", "hcrc err\n", "dcrc err\n", NULL};
    struct ecrdev *e = ecrdev(s);

    e->at = ECRDEV_WINDOW;
    e->cnys = e->amt = e->amt_more = 0;
    if (e->rom_first) {
        e->until = s->now + e->rom_first_ns;
        return;
    }
    e->until = s->now + (e->found == ECRDEV_BOOTABLE   ? e->window_ns
                         : e->found == ECRDEV_NO_UBOOT ? e->rom_ns
                                                       : e->loop_ns);
    if (e->endless)
        e->until = SIM_NEVER;
    else if (says[e->found])
        sim_chat(s, (const uint8_t *)says[e->found], strlen(says[e->found]));
}

/* `image` is our own stub. */
static void run_own(struct sim *s, const uint8_t *image)
{
    const struct pf_stub *p = &pf_stub_ecr6600;

    ecrdev(s)->at = ECRDEV_GUEST;
    s->rx_len = 0;
    sim_linked(s);
    if (!sim_guest_start(s, image, p->len, p->load, p->entry))
        ecrdev_crash(s);
}

static void boot(struct sim *s)
{
    struct ecrdev *e = ecrdev(s);
    bool first = s->resets == 1;

    ecrdev_stub_fini(e);
    start_boot(s, e->boot_ns);
    e->rom_first = e->rom_first_ns && e->found != ECRDEV_NO_UBOOT;
    if (!first)
        return;
    if (s->cfg.start == SIM_START_STUB && e->own) {
        s->rx_from = s->now;
        run_own(s, pf_stub_ecr6600.data);
        if (e->stub_baud_given)
            s->baud = ecrdev_real_baud(e->stub_baud);
    } else if (s->cfg.start == SIM_START_STUB) {
        s->rx_from = s->now;
        ecrdev_stub_start(s);
        s->busy_until = s->now; /* it has been there for long */
        s->baud = ecrdev_real_baud(e->stub_baud);
    } else if (s->cfg.start == SIM_START_LOADER) {
        s->rx_from = s->now;
        e->rom_first = false;
        e->endless = true;
        open_window(s);
        if (e->header_given) {
            e->at = ECRDEV_HEADER;
            e->head_have = e->header_bytes;
            memcpy(e->head, "cnyscnyscnys", 12);
        }
    }
}

/* The plug has been powered for long: if its application cannot run, it is in
 * the loops of uboot or ROM by now. */
static void attach(struct sim *s)
{
    if (s->cfg.start == SIM_START_APP &&
        ecrdev_find_boot(s->nor.cell, s->nor.size) != ECRDEV_BOOTABLE)
        s->cfg.start = SIM_START_BOOT;
}

void ecrdev_jump_to_flash(struct sim *s)
{
    struct ecrdev *e = ecrdev(s);

    start_boot(s, e->boot_ns);
    if (e->found != ECRDEV_NO_UBOOT)
        return;
    e->at = ECRDEV_STUB_ERR; /* ROM's flash boot returned */
    e->until = s->now;
}

/* ---- the loader ----------------------------------------------------------- */

static void say_byte(struct sim *s, uint8_t byte)
{
    ecrdev_say(s, &byte, 1);
}

/* "amt_", seven more bytes, the last of them a digit: RDTool's other mode. */
static void match_amt(struct sim *s, uint8_t byte)
{
    static const char word[] = "amt_";
    struct ecrdev *e = ecrdev(s);

    if (e->amt_more) {
        if (--e->amt_more)
            return;
        if (byte >= '0' && byte <= '9')
            ecrdev_say(s, (const uint8_t *)"OK", 2);
        else
            ecrdev_say(s, (const uint8_t *)"FAILE", 5);
        return;
    }
    e->amt = byte == (uint8_t)word[e->amt] ? e->amt + 1 : 0;
    if (e->amt == 4) {
        e->amt = 0;
        e->amt_more = 7;
    }
}

/* Plain index counter: a wrong byte is not looked at again (1.3). */
static void match_sync(struct sim *s, uint8_t byte)
{
    static const uint8_t word[] = {0x63, 0x6E, 0x79, 0x73};
    struct ecrdev *e = ecrdev(s);
    static const uint8_t synced = 0x01;

    e->cnys = byte == word[e->cnys] ? e->cnys + 1 : 0;
    if (e->cnys < sizeof word) {
        match_amt(s, byte);
        return;
    }
    e->at = ECRDEV_HEADER;
    e->head_have = 0;
    if (ecrdev_say(s, &synced, 1))
        ecrdev_flush_after(s);
}

/* How many bytes on their way to the chip the fault plan has damaged. */
static unsigned wire_damage(const struct sim *s)
{
    unsigned n = 0;

    for (size_t i = 0; i < s->plan.count; i++) {
        const struct fault *f = &s->plan.fault[i];

        if (f->fired && f->dir == FAULT_TO_DEVICE &&
            (f->kind == FAULT_FLIP || f->kind == FAULT_DUP || f->kind == FAULT_DROP ||
             f->kind == FAULT_BURST))
            n++;
    }
    return n;
}

/* Twelve bytes; any of them, from whatever frame, counts (1.4). */
static void take_header(struct sim *s, uint8_t byte)
{
    struct ecrdev *e = ecrdev(s);
    static const uint8_t accepted = 0x00;

    e->head[e->head_have++] = byte;
    if (e->head_have < sizeof e->head)
        return;
    e->head_have = 0;
    if (get_le32(e->head) != 1) {
        say_byte(s, 0xFF);
        return;
    }
    e->at = ECRDEV_BLOCKS; /* the address field is ignored */
    e->image_left = get_le32(e->head + 8);
    e->image_have = 0;
    e->damage = wire_damage(s);
    if (!e->image)
        e->image = malloc(RAM_MAX);
    if (!e->image) {
        ecrdev_crash(s);
        return;
    }
    e->block_left = e->image_left < 1024 ? e->image_left : 1024;
    sim_linked(s);
    e->patience = s->now + PATIENCE_NS;
    if (!ecrdev_say(s, &accepted, 1))
        return;
    ecrdev_flush_after(s);
    if (!e->image_left)
        ecrdev_crash(s); /* it jumps to what happens to be in RAM */
}

/* A stub begins with a jump over its vectors (1.5); an image that was damaged
 * on its way, or anything else, does something nobody wants to know. */
static bool image_runs(const struct sim *s)
{
    const struct ecrdev *e = ecrdev(s);

    return e->image[0] == 0x48 && e->image[1] == 0x00 && e->image_have >= IMAGE_MIN &&
           e->damage == wire_damage(s);
}

/* What was uploaded is jumped to. A stub of our own runs as it is; others are not
 * executed, a model stands for them. */
static void run_image(struct sim *s)
{
    const struct ecrdev *e = ecrdev(s);

    switch (sim_image_is(e->image, e->image_have, pf_stub_ecr6600.data, pf_stub_ecr6600.len)) {
    case SIM_IMAGE_OURS:
        run_own(s, e->image);
        return;
    case SIM_IMAGE_DAMAGED:
        break;
    case SIM_IMAGE_OTHER:
        if (image_runs(s)) {
            ecrdev_stub_start(s);
            return;
        }
        break;
    }
    ecrdev_crash(s);
}

static void take_block(struct sim *s, uint8_t byte)
{
    struct ecrdev *e = ecrdev(s);
    static const uint8_t done = 0x00;

    if (e->image_have == RAM_MAX) {
        ecrdev_crash(s); /* it overwrites what runs */
        return;
    }
    e->image[e->image_have++] = byte;
    e->image_left--;
    if (--e->block_left)
        return;
    e->block_left = e->image_left < 1024 ? e->image_left : 1024;
    e->patience = s->now + PATIENCE_NS;
    if (!ecrdev_say(s, &done, 1) || e->image_left)
        return;
    e->patience = SIM_NEVER;
    run_image(s);
}

/* ---- the device ----------------------------------------------------------- */

static void rx(struct sim *s, uint8_t byte)
{
    switch (ecrdev(s)->at) {
    case ECRDEV_WINDOW:
        match_sync(s, byte);
        break;
    case ECRDEV_HEADER:
        take_header(s, byte);
        break;
    case ECRDEV_BLOCKS:
        take_block(s, byte);
        break;
    case ECRDEV_STUB:
        ecrdev_stub_rx(s, byte);
        break;
    default:
        break;
    }
}

static uint64_t min64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t next(const struct sim *s)
{
    const struct ecrdev *e = ecrdev(s);
    uint64_t t = min64(e->flush_at, e->patience);

    if (e->at == ECRDEV_STUB)
        return min64(t, ecrdev_stub_next(s));
    if (e->at == ECRDEV_BOOTING || e->at == ECRDEV_WINDOW || e->at == ECRDEV_STUB_ERR)
        t = min64(t, e->until);
    return t;
}

static void timer(struct sim *s)
{
    static const char stub_err[] = "stub err!\n";
    struct ecrdev *e = ecrdev(s);

    if (e->flush_at <= s->now) {
        e->flush_at = SIM_NEVER;
        s->rx_len = 0;
        return;
    }
    if (e->patience <= s->now) {
        ecrdev_unlink(s);
        return;
    }
    switch (e->at) {
    case ECRDEV_BOOTING:
        open_window(s);
        break;
    case ECRDEV_WINDOW:
        if (e->rom_first)
            start_boot(s, e->boot_ns); /* now uboot */
        else if (e->found == ECRDEV_BOOTABLE)
            sim_start_app(s);
        else
            open_window(s);
        break;
    case ECRDEV_STUB_ERR:
        sim_chat(s, (const uint8_t *)stub_err, sizeof stub_err - 1);
        e->until = s->now + STUB_ERR_NS;
        break;
    case ECRDEV_STUB:
        ecrdev_stub_timer(s);
        break;
    default:
        break;
    }
}

static bool app_ok(const struct sim *s)
{
    return ecrdev_find_boot(s->nor.cell, s->nor.size) == ECRDEV_BOOTABLE;
}

static bool reset_ignored(const struct sim *s)
{
    return ecrdev(s)->pad_off && s->phase == SIM_APP;
}

static size_t app_says(const struct sim *s, unsigned n, char *buf, size_t cap)
{
    const struct ecrdev *e = ecrdev(s);
    uint8_t mac[6];
    int len;

    ecrdev_mac(s->nor.cell, s->nor.size, e->otp_given ? e->otp : NULL, mac);
    switch (n) {
    case 0:
        len = snprintf(buf, cap, "\r\nplugflash synthetic application on ECR6600\r\n");
        break;
    case 1:
        len = snprintf(buf, cap, "sta mac %02x:%02x:%02x:%02x:%02x:%02x\r\n", mac[0], mac[1],
                       mac[2], mac[3], mac[4], mac[5]);
        break;
    default:
        len = snprintf(buf, cap, "Info:MAIN:Time %u, free 98112, WIFI connected\r\n", n);
        break;
    }
    return len < 0 ? 0 : (size_t)len < cap ? (size_t)len : cap - 1;
}

/* For a guest: fuses are read as they are. */
static bool efuse(const struct sim *s, uint16_t addr, uint8_t *buf, uint16_t len)
{
    if (len > ECRDEV_EFUSE || addr > ECRDEV_EFUSE - len)
        return false;
    memcpy(buf, ecrdev(s)->efuse + addr, len);
    return true;
}

static void fini(struct sim *s)
{
    ecrdev_stub_fini(ecrdev(s));
    free(ecrdev(s)->image);
}

const struct sim_device_ops sim_ecr6600 = {
    .name = "ecr6600",
    .jedec = 0xC84015,
    .status = 0x0000,
    .size = 2u << 20,
    .state_size = sizeof(struct ecrdev),
    .has_stub = true,
    .defaults = defaults,
    .option = option,
    .factory = ecrdev_factory,
    .attach = attach,
    .boot = boot,
    .rx = rx,
    .next = next,
    .timer = timer,
    .app_ok = app_ok,
    .reset_ignored = reset_ignored,
    .app_says = app_says,
    .app_boot_ns = SIM_MS(5),
    .efuse = efuse,
    .run_flash = ecrdev_jump_to_flash,
    .fini = fini,
};
