/* bk7231n.c - the mask ROM loader of the BK7231N (reference 4.1, 4.4, 5.3,
 * 5.4). Known only through the tools that talk to it: what they do not tell is
 * a switch, listed in devices.h. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "sim/beken.h"
#include "sim/devices.h"
#include "sim/factory.h"

#define N_ADDR_MASK  0x00FFFFFFu
#define N_ROM_SIZE   0x4000u
#define N_CHIP_ID    0x00800000u
#define N_DEVICE_ID  0x00800004u
#define N_EFUSE_CTRL 0x00800074u
#define N_EFUSE_OPTR 0x00800078u
#define N_EFUSE_LEN  32u

enum {
    SHORT_LINK = 0x00,
    SHORT_WRITE_REG = 0x01,
    SHORT_READ_REG = 0x03,
    SHORT_REBOOT = 0x0E,
    SHORT_BAUD = 0x0F,
    SHORT_CRC = 0x10,
    SHORT_RESET = 0x70,
    SHORT_STAY = 0xAA,
};

enum {
    LONG_WRITE = 0x06,
    LONG_WRITE4K = 0x07,
    LONG_READ = 0x08,
    LONG_READ4K = 0x09,
    LONG_ERASE_ALL = 0x0A,
    LONG_ERASE4K = 0x0B,
    LONG_READ_SR = 0x0C,
    LONG_WRITE_SR = 0x0D,
    LONG_MID = 0x0E,
    LONG_ERASE = 0x0F,
};

enum { UNALIGNED_READ, UNALIGNED_ALIGN, UNALIGNED_ERROR, UNALIGNED_SILENT };
enum { KEY_TUYA, KEY_ZERO, KEY_NONE };

#define STATUS_ERROR 0x01

struct n_state {
    /* switches */
    uint64_t window_ns, tick_ns;
    int key, unaligned;
    bool crc_exclusive, mid_short, syserr, oversize_error, count_ff, page_wrap, erase_all_first;
    uint8_t protected_status;
    bool rescan;
    uint32_t chip_id;
    struct beken_mute mute;

    /* since the last reset */
    struct beken_parser parser;
    struct beken_job job;
    bool waiting; /* start=loader */
    uint64_t window_end;
    uint32_t efuse_ctrl, efuse_optr;
    bool efuse_busy; /* until CTRL has been read once */
};

static struct n_state *state(const struct sim *s)
{
    return s->dev;
}

static void n_defaults(struct sim *s)
{
    struct n_state *n = state(s);

    n->window_ns = SIM_MS(60);
    n->tick_ns = SIM_MS(1);
    n->chip_id = 0x0007231C;
    s->rx_cap = 128;
}

static enum pf_err flag(struct sim *s, const char *key, const char *value, const char *choices,
                        bool *out)
{
    int i = sim_choice(value, choices);

    *out = i == 1;
    return i < 0 ? sim_bad(s, key, value, choices) : PF_OK;
}

static enum pf_err choice_option(struct sim *s, const char *key, const char *value, bool *known)
{
    struct n_state *n = state(s);
    int i;

    if (!strcmp(key, "crcend"))
        return flag(s, key, value, "inclusive|exclusive", &n->crc_exclusive);
    if (!strcmp(key, "midlen"))
        return flag(s, key, value, "6|5", &n->mid_short);
    if (!strcmp(key, "syserr"))
        return flag(s, key, value, "0|1", &n->syserr);
    if (!strcmp(key, "oversize"))
        return flag(s, key, value, "wrap|error", &n->oversize_error);
    if (!strcmp(key, "wcount"))
        return flag(s, key, value, "0|255", &n->count_ff);
    if (!strcmp(key, "pagewrap"))
        return flag(s, key, value, "0|1", &n->page_wrap);
    if (!strcmp(key, "eraseall"))
        return flag(s, key, value, "after|before", &n->erase_all_first);
    if (!strcmp(key, "rescan"))
        return flag(s, key, value, "0|1", &n->rescan);
    if (!strcmp(key, "key")) {
        i = n->key = sim_choice(value, "tuya|zero|none");
        return i < 0 ? sim_bad(s, key, value, "tuya, zero or none") : PF_OK;
    }
    if (!strcmp(key, "unaligned")) {
        i = n->unaligned = sim_choice(value, "read|align|error|silent");
        return i < 0 ? sim_bad(s, key, value, "read, align, error or silent") : PF_OK;
    }
    *known = false;
    return PF_OK;
}

static enum pf_err n_option(struct sim *s, const char *key, const char *value, bool *known)
{
    struct n_state *n = state(s);
    uint64_t v;

    if (!strcmp(key, "window")) {
        if (!sim_number(value, 1, 3600000, &v))
            return sim_bad(s, key, value, "milliseconds");
        n->window_ns = SIM_MS(v);
        return PF_OK;
    }
    if (!strcmp(key, "tick")) {
        if (!sim_number(value, 1, 2, &v))
            return sim_bad(s, key, value, "1 or 2");
        n->tick_ns = SIM_MS(v);
        return PF_OK;
    }
    if (!strcmp(key, "rxbuf")) {
        if (!sim_number(value, 1, SIM_RX_MAX, &v))
            return sim_bad(s, key, value, "1 to 8192");
        s->rx_cap = v;
        return PF_OK;
    }
    if (!strcmp(key, "protstatus")) {
        if (!sim_number(value, 0, 255, &v))
            return sim_bad(s, key, value, "0 to 255");
        n->protected_status = (uint8_t)v;
        return PF_OK;
    }
    if (!strcmp(key, "chipid")) {
        if (!sim_number(value, 0, UINT32_MAX, &v))
            return sim_bad(s, key, value, "a 32-bit number");
        n->chip_id = (uint32_t)v;
        return PF_OK;
    }
    if (!strcmp(key, "mute"))
        return beken_mute_parse(&n->mute, value) ? PF_OK
                                                 : sim_bad(s, key, value, "opcodes as sAA-l08");
    return choice_option(s, key, value, known);
}

static void n_factory(const struct sim *s, uint32_t seed, const uint8_t mac[6], uint8_t *buf,
                      uint32_t size)
{
    struct factory_plan plan = factory_n;

    if (s && state(s)->key == KEY_ZERO)
        memset(&plan.key, 0, sizeof plan.key);
    factory_build(&plan, seed, mac, buf, size);
}

static void n_boot(struct sim *s)
{
    struct n_state *n = state(s);

    s->baud = BEKEN_BOOT_BAUD;
    memset(&n->parser, 0, sizeof n->parser);
    n->parser.rescan = n->rescan;
    n->job.active = false;
    n->efuse_ctrl = n->efuse_optr = 0;
    n->efuse_busy = false;
    n->waiting = s->cfg.start == SIM_START_LOADER && s->resets == 1;
    n->window_end = s->now + n->window_ns;
}

/* The ROM hands over to the flash loader, which starts the application. */
static bool n_app_ok(const struct sim *s)
{
    return s->nor.size > BKCODE_LOADER && bkcode_block_ok(s->nor.cell) &&
           bkcode_block_ok(s->nor.cell + BKCODE_LOADER);
}

static uint64_t n_next(const struct sim *s)
{
    const struct n_state *n = state(s);

    if (n->job.active)
        return s->busy_until;
    return s->linked || n->waiting ? SIM_NEVER : n->window_end;
}

static void n_timer(struct sim *s)
{
    if (state(s)->job.active)
        beken_job_step(s, &state(s)->job);
    else
        sim_start_app(s);
}

static void unknown_command(struct sim *s)
{
    static const uint8_t frame[] = {0x04, 0x0E, 0x04, 0x01, 0xE0, 0xFC, 0xEE};

    if (state(s)->syserr)
        sim_reply(s, frame, sizeof frame);
}

/* ---- registers ----------------------------------------------------------- */

static uint8_t efuse_byte(const struct n_state *n, unsigned i)
{
    if (i < 16 && n->key == KEY_TUYA)
        return (uint8_t)(bkcode_tuya.c[i / 4] >> 8 * (i % 4));
    return 0;
}

/* A read that was started shows its busy bit once, then is done. */
static uint32_t read_efuse_ctrl(struct n_state *n)
{
    uint32_t v = n->efuse_ctrl;

    if (n->efuse_busy) {
        n->efuse_busy = false;
        n->efuse_ctrl &= ~1u;
    }
    return v;
}

static void write_efuse_ctrl(struct sim *s, uint32_t value)
{
    struct n_state *n = state(s);
    unsigned i = value >> 8 & (N_EFUSE_LEN - 1);

    if (value & 2) { /* the direction bit: this programs OTP cells for ever */
        s->violations++;
        n->efuse_ctrl = value & ~1u;
        return;
    }
    n->efuse_ctrl = value;
    if (!(value & 1))
        return;
    n->efuse_busy = true;
    n->efuse_optr = n->key == KEY_NONE && i < 16 ? 0 : 0x100u | efuse_byte(n, i);
}

/* Made-up words: the real ROM is not ours to ship. */
static uint32_t rom_word(uint32_t addr)
{
    struct rng r;

    rng_seed(&r, addr ^ 0x7231C000u);
    return rng_u32(&r);
}

static uint32_t read_register(struct sim *s, uint32_t addr)
{
    struct n_state *n = state(s);

    if (addr < N_ROM_SIZE)
        return rom_word(addr & ~3u);
    switch (addr) {
    case N_CHIP_ID:
        return n->chip_id;
    case N_DEVICE_ID:
        return 0x20521024;
    case N_EFUSE_CTRL:
        return read_efuse_ctrl(n);
    case N_EFUSE_OPTR:
        return n->efuse_optr;
    default:
        return 0;
    }
}

/* ---- short commands ------------------------------------------------------ */

static void registers(struct sim *s, uint8_t op, const uint8_t *payload)
{
    uint8_t answer[8];
    uint32_t addr = get_le32(payload);

    memcpy(answer, payload, sizeof answer);
    if (op == SHORT_READ_REG)
        put_le32(answer + 4, read_register(s, addr));
    else if (addr == N_EFUSE_CTRL)
        write_efuse_ctrl(s, get_le32(payload + 4));
    beken_reply_short(s, op, answer, sizeof answer);
}

static void set_baud(struct sim *s, const uint8_t *payload)
{
    uint8_t echo[5];

    memcpy(echo, payload, sizeof echo);
    s->baud = beken_baud(get_le32(echo));
    sim_delay(s, echo[4] * state(s)->tick_ns);
    beken_reply_short(s, SHORT_BAUD, echo, sizeof echo);
}

static void check_crc(struct sim *s, const uint8_t *payload)
{
    uint32_t start = get_le32(payload), end = get_le32(payload + 4);
    uint32_t len = end - start + (state(s)->crc_exclusive ? 0 : 1);
    uint8_t crc[4];

    put_le32(crc, ~sim_hash(s, start & N_ADDR_MASK, len));
    beken_reply_short(s, SHORT_CRC, crc, sizeof crc);
}

static void link_check(struct sim *s)
{
    static const uint8_t zero[1] = {0};

    state(s)->waiting = false;
    sim_linked(s);
    beken_reply_short(s, 0x01, zero, 1);
}

static void short_frame(struct sim *s)
{
    static const uint8_t stay[1] = {0x55};
    struct n_state *n = state(s);
    uint8_t op = n->parser.shrt[0];
    const uint8_t *payload = n->parser.shrt + 1;

    if (beken_muted(&n->mute, BEKEN_SHORT, op)) {
        unknown_command(s);
        return;
    }
    switch (op) {
    case SHORT_LINK:
        link_check(s);
        break;
    case SHORT_WRITE_REG:
    case SHORT_READ_REG:
        registers(s, op, payload);
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
    case SHORT_RESET:
        if (!memcmp(payload, "SEAN", 4))
            sim_reset(s);
        break;
    case SHORT_STAY:
        if (payload[0] == 0x55)
            beken_reply_short(s, SHORT_STAY, stay, 1);
        break;
    default:
        unknown_command(s);
        break;
    }
}

/* ---- long commands ------------------------------------------------------- */

/* True when the span is refused: `oversize=error` and beyond the flash. */
static bool beyond(const struct sim *s, uint32_t addr, uint32_t len)
{
    return state(s)->oversize_error && (uint64_t)addr + len > s->nor.size;
}

static void read_flash(struct sim *s, uint8_t op, uint32_t addr, uint32_t len)
{
    uint8_t payload[4 + NOR_SECTOR];

    put_le32(payload, addr);
    if (op == LONG_READ4K && addr % NOR_SECTOR) {
        if (state(s)->unaligned == UNALIGNED_SILENT)
            return;
        if (state(s)->unaligned == UNALIGNED_ERROR) {
            beken_reply_long(s, op, STATUS_ERROR, payload, 4);
            return;
        }
        if (state(s)->unaligned == UNALIGNED_ALIGN)
            addr &= ~(NOR_SECTOR - 1);
    }
    if (beyond(s, addr, len) || len > NOR_SECTOR) {
        beken_reply_long(s, op, STATUS_ERROR, payload, 4);
        return;
    }
    nor_read(&s->nor, addr & N_ADDR_MASK, payload + 4, len);
    beken_reply_long(s, op, 0, payload, 4 + len);
}

/* What a change to [addr, addr+len) is going to be answered; 0: do it. */
static uint8_t change_status(struct sim *s, uint32_t addr, uint32_t len)
{
    uint8_t status = sim_fault_status(s);
    uint32_t at = addr & N_ADDR_MASK & (s->nor.size - 1);

    if (status)
        return status;
    if (beyond(s, addr, len))
        return STATUS_ERROR;
    return nor_protected(&s->nor, at, len) ? state(s)->protected_status : 0;
}

static void erase(struct sim *s, uint32_t addr, uint32_t unit, uint8_t *status)
{
    *status = change_status(s, addr & ~(unit - 1), unit);
    if (*status)
        return;
    nor_write_enable(&s->nor);
    sim_flash_work(s, nor_erase(&s->nor, addr & N_ADDR_MASK, unit));
}

static void erase_sized(struct sim *s, const uint8_t *payload)
{
    uint32_t addr = get_le32(payload + 1);
    uint8_t echo[5], status = 0;

    memcpy(echo, payload, sizeof echo);
    if (echo[0] == 0x20)
        erase(s, addr, NOR_SECTOR, &status);
    else if (echo[0] == 0x52)
        erase(s, addr, NOR_HALF, &status);
    else if (echo[0] == 0xD8)
        erase(s, addr, NOR_BLOCK, &status);
    beken_reply_long(s, LONG_ERASE, status, echo, sizeof echo);
}

static void erase_4k(struct sim *s, const uint8_t *payload)
{
    uint8_t echo[4], status;

    memcpy(echo, payload, sizeof echo);
    erase(s, get_le32(echo), NOR_SECTOR, &status);
    beken_reply_long(s, LONG_ERASE4K, status, echo, sizeof echo);
}

static void erase_all(struct sim *s, const uint8_t *payload)
{
    uint64_t ns = s->nor.times.block * (s->nor.size / NOR_BLOCK);
    uint8_t seconds = (uint8_t)((ns + 999999999u) / 1000000000u);

    if (payload[0] != 0x04)
        return;
    if (state(s)->erase_all_first)
        beken_reply_long(s, LONG_ERASE_ALL, 0, &seconds, 1);
    nor_write_enable(&s->nor);
    sim_flash_work(s, nor_erase(&s->nor, 0, s->nor.size));
    if (!state(s)->erase_all_first)
        beken_reply_long(s, LONG_ERASE_ALL, 0, &seconds, 1);
}

static void write_flash(struct sim *s, uint8_t op, const uint8_t *payload)
{
    struct n_state *n = state(s);
    struct beken_job *job = &n->job;
    uint32_t addr = get_le32(payload);
    uint32_t len = n->parser.need < 5 ? 0 : n->parser.need - 5u;
    uint32_t most = op == LONG_WRITE ? NOR_PAGE : NOR_SECTOR;

    if (len > most)
        len = most;
    job->reply[0] = op;
    job->reply[1] = change_status(s, addr, len ? len : 1);
    memcpy(job->reply + 2, payload, 4);
    job->reply_len = 6;
    if (op == LONG_WRITE)
        job->reply[job->reply_len++] = n->count_ff && len == 256 ? 0xFF : (uint8_t)len;
    job->addr = addr & N_ADDR_MASK;
    job->data = payload + 4;
    job->len = job->reply[1] ? 0 : len;
    if (op == LONG_WRITE && n->page_wrap && job->len) {
        nor_write_enable(&s->nor);
        sim_flash_work(s, nor_page_program(&s->nor, job->addr, job->data, job->len));
        job->len = 0;
    }
    beken_job_start(s, job);
}

static void status_registers(struct sim *s, uint8_t op, const uint8_t *payload)
{
    uint8_t answer[3] = {payload[0], payload[1], payload[2]};
    size_t values = state(s)->parser.need > 3 ? 2 : 1;

    if (op == LONG_READ_SR) {
        answer[1] = nor_read_status(&s->nor, payload[0]);
        values = 1;
    } else {
        nor_write_enable(&s->nor);
        sim_flash_work(s, nor_write_status(&s->nor, payload[0], payload + 1, values));
    }
    beken_reply_long(s, op, 0, answer, 1 + values);
}

static void get_mid(struct sim *s, const uint8_t *payload)
{
    uint8_t id[4] = {0, s->nor.jedec[0], s->nor.jedec[1], s->nor.jedec[2]};
    unsigned skip = state(s)->mid_short ? 1 : 0;

    if (payload[0] == 0x9F)
        beken_reply_long(s, LONG_MID, 0, id + skip, sizeof id - skip);
}

static void long_frame(struct sim *s)
{
    struct n_state *n = state(s);
    uint8_t op = n->parser.lng[0];
    const uint8_t *payload = n->parser.lng + 1;

    if (beken_muted(&n->mute, BEKEN_LONG, op)) {
        unknown_command(s);
        return;
    }
    switch (op) {
    case LONG_WRITE:
    case LONG_WRITE4K:
        write_flash(s, op, payload);
        break;
    case LONG_READ:
        read_flash(s, op, get_le32(payload), get_le16(payload + 4));
        break;
    case LONG_READ4K:
        read_flash(s, op, get_le32(payload), NOR_SECTOR);
        break;
    case LONG_ERASE_ALL:
        erase_all(s, payload);
        break;
    case LONG_ERASE4K:
        erase_4k(s, payload);
        break;
    case LONG_READ_SR:
    case LONG_WRITE_SR:
        status_registers(s, op, payload);
        break;
    case LONG_MID:
        get_mid(s, payload);
        break;
    case LONG_ERASE:
        erase_sized(s, payload);
        break;
    default:
        unknown_command(s);
        break;
    }
}

static void n_rx(struct sim *s, uint8_t byte)
{
    switch (beken_parse(&state(s)->parser, byte)) {
    case BEKEN_SHORT:
        short_frame(s);
        break;
    case BEKEN_LONG:
        long_frame(s);
        break;
    case BEKEN_NONE:
        break;
    }
}

const struct sim_device_ops sim_bk7231n = {
    .name = "bk7231n",
    .jedec = 0xEB6015,
    .status = 0x4004,
    .size = 2u << 20,
    .state_size = sizeof(struct n_state),
    .defaults = n_defaults,
    .option = n_option,
    .factory = n_factory,
    .boot = n_boot,
    .rx = n_rx,
    .next = n_next,
    .timer = n_timer,
    .app_ok = n_app_ok,
};
