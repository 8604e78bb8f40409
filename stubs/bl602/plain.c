/* plain.c - the plain language of the BL602 loaders.
 *
 *   request    CMD  SUM  len16  payload[len]
 *   done       4F 4B                            "OK"; some commands: len16 data[len]
 *   failed     46 4C  code16                    "FL"
 *   at work    50 44                            "PD", before each erase operation
 *
 *   erase 0x10000..0x10FFF   30 18 08 00 00 00 01 00 FF 0F 01 00   ->  PD OK
 *
 * SUM is that of the length and the payload, 0: unchecked. A train of 55, at the
 * start or in between, is answered with OK when it is over. Errors do not end the
 * session, only silence does. */
#include "common/stub.h"

#include <string.h>

enum {
    BL_BOOT_INFO = 0x10,
    BL_RESET = 0x21,
    BL_ERASE = 0x30,
    BL_WRITE = 0x31,
    BL_READ = 0x32,
    BL_JEDEC = 0x36,
    BL_WRITE_CHECK = 0x3a,
    BL_FLASH_PARA = 0x3b,
    BL_ERASE_CHIP = 0x3c,
    BL_SHA = 0x3d,
    BL_EFUSE = 0x41,
    BL_MAC = 0x42,
    BL_CAPS = 0xb0
};

enum {
    BL_OK = 0,
    BL_ERASE_PARA = 0x0002,
    BL_ERASE_FAILED = 0x0003,
    BL_PARA = 0x0004,
    BL_WRITE_ADDR = 0x0005,
    BL_WRITE_FAILED = 0x0006,
    BL_SET_PARA = 0x0008,
    BL_UNKNOWN = 0x0101,
    BL_LEN = 0x0102,
    BL_SUM = 0x0103,
    BL_EFUSE_PARA = 0x0404,
    BL_EFUSE_ADDR = 0x0405,
    BL_NO_MAC = 0x0407,
    BL_LATER = 0xffff /* it has been or will be answered */
};

#define BL_MAX        0x4004u /* payload, and what one read gives */
#define BL_TRAIN      0x55
#define BL_TRAIN_MIN  8u
#define BL_TRAIN_US   4000u /* of silence: the train is over */
#define BL_SESSION_US 4000000u
#define BL_PD_US      1000000u
#define BL_RUN_US     4000u
#define BL_EFUSES     128u
#define BL_HALF       (STUB_PLAIN_BODY / 2)

static const uint8_t bl_caps_word[4] = {'P', 'F', 'S', '1'};

static void bl_word(struct stub *s, char a, char b)
{
    s->plain.out[0] = (uint8_t)a;
    s->plain.out[1] = (uint8_t)b;
    s->plain.out_len = 2;
}

/* OK and the length; returns where the data go, which are sent with it. */
static uint8_t *bl_data(struct stub *s, uint32_t len)
{
    struct stub_plain *p = &s->plain;

    bl_word(s, 'O', 'K');
    p->out[2] = (uint8_t)len;
    p->out[3] = (uint8_t)(len >> 8);
    p->out_len = 4 + len;
    return p->out + 4;
}

static void bl_failed(struct stub *s, uint16_t code)
{
    bl_data(s, code);
    bl_word(s, 'F', 'L');
    s->plain.out_len = 4;
}

/* ---- requests: each returns the code to answer with ---- */

static uint16_t bl_later(struct stub *s, enum stub_plain_doing doing)
{
    s->plain.doing = doing;
    s->plain.told = 0;
    s->plain.wait_us = hal_us(s->h);
    return BL_LATER;
}

/* MAC as it lies in the fuses, back to front. */
static bool bl_mac(struct stub *s, uint8_t *out)
{
    uint8_t mac[6];
    bool known = hal_mac(s->h, mac);

    for (unsigned i = 0; i < 6; i++)
        out[i] = known ? mac[5 - i] : 0;
    return known;
}

static uint16_t bl_mac_and_crc(struct stub *s)
{
    uint8_t *out = bl_data(s, 10);

    if (!bl_mac(s, out))
        return BL_NO_MAC;
    stub_put32(out + 6, stub_crc32(s->h, 0, out, 6));
    return BL_LATER;
}

/* Version FFFFFFFE, and the MAC. What the ROM makes of other fuses the host has from it,
 * or has the fuses. */
static uint16_t bl_boot_info(struct stub *s)
{
    uint8_t *info = bl_data(s, 20);

    memset(info, 0, 20);
    stub_put32(info, 0xfffffffe);
    bl_mac(s, info + 12);
    return BL_LATER;
}

static uint16_t bl_jedec(struct stub *s)
{
    uint8_t *out = bl_data(s, 4);

    memcpy(out, s->flash.jedec, 3);
    out[3] = s->flash.size ? 0x80 : 0;
    return BL_LATER;
}

/* First and last byte. One too far is what some hosts ask for; of the whole flash
 * there is no such byte. */
static uint16_t bl_erase(struct stub *s, uint32_t first, uint32_t last)
{
    s->plain.failed = false;
    if (last < first)
        return BL_OK;
    if (last == s->flash.size)
        last--;
    if (last >= s->flash.size || first > last)
        return BL_ERASE_FAILED;
    first &= ~(STUB_SECTOR - 1);
    stub_job_erase(&s->job, first, (last | (STUB_SECTOR - 1)) + 1 - first, true);
    return bl_later(s, STUB_PLAIN_JOB);
}

static uint16_t bl_erase_chip(struct stub *s)
{
    s->plain.failed = false;
    if (!s->flash.size)
        return BL_ERASE_FAILED;
    stub_job_erase_chip(&s->job);
    return bl_later(s, STUB_PLAIN_JOB);
}

/* OK comes first, so that the next data are on their way: they go to the other half
 * of the body. What went wrong is told by 3A. */
static uint16_t bl_write(struct stub *s, uint32_t len)
{
    struct stub_plain *p = &s->plain;
    const uint8_t *body = p->body + p->offset;
    uint32_t addr = stub_get32(body);

    if (len < 5)
        return BL_PARA;
    if (addr == UINT32_MAX)
        return BL_WRITE_ADDR;
    len -= 4;
    if (!stub_flash_has(&s->flash, addr, len)) {
        p->failed = true;
        return BL_OK;
    }
    stub_job_program(&s->job, addr, body + 4, len);
    p->offset ^= BL_HALF;
    p->doing = STUB_PLAIN_PROGRAM;
    return BL_OK;
}

static uint16_t bl_span(struct stub *s, uint8_t cmd, uint32_t addr, uint32_t len)
{
    struct stub_plain *p = &s->plain;

    if (cmd == BL_READ && len > BL_MAX)
        len = BL_MAX;
    if (!stub_flash_has(&s->flash, addr, len) || !stub_flash_ready(&s->flash))
        return BL_PARA;
    if (cmd == BL_SHA) {
        stub_job_hash(&s->job, addr, len);
        return bl_later(s, STUB_PLAIN_JOB);
    }
    bl_data(s, len);
    p->out_len = 4;
    p->addr = addr;
    p->left = len;
    return bl_later(s, STUB_PLAIN_READ);
}

static uint16_t bl_efuse(struct stub *s, uint32_t addr, uint32_t len)
{
    addr &= ~3u;
    len &= ~3u;
    if (addr >= BL_EFUSES)
        return BL_EFUSE_ADDR;
    if (len > BL_EFUSES - addr)
        len = BL_EFUSES - addr;
    return hal_efuse(s->h, (uint16_t)addr, bl_data(s, len), (uint16_t)len) ? BL_LATER
                                                                           : BL_EFUSE_ADDR;
}

static uint16_t bl_caps(struct stub *s)
{
    memcpy(bl_data(s, sizeof s->caps), s->caps, sizeof s->caps);
    return bl_later(s, STUB_PLAIN_STREAM);
}

/* Commands without payload. */
static uint16_t bl_ask(struct stub *s, uint8_t cmd)
{
    switch (cmd) {
    case BL_BOOT_INFO:
        return bl_boot_info(s);
    case BL_RESET:
        bl_word(s, 'O', 'K');
        return bl_later(s, STUB_PLAIN_RUN);
    case BL_JEDEC:
        return bl_jedec(s);
    case BL_WRITE_CHECK:
        return s->plain.failed ? BL_WRITE_FAILED : BL_OK;
    case BL_ERASE_CHIP:
        return bl_erase_chip(s);
    default:
        return bl_mac_and_crc(s);
    }
}

static uint16_t bl_request(struct stub *s, uint8_t cmd, uint32_t len)
{
    const uint8_t *body = s->plain.body + s->plain.offset;
    uint32_t a = stub_get32(body), b = stub_get32(body + 4);
    bool pair = len == 8;

    switch (cmd) {
    case BL_ERASE:
        return pair ? bl_erase(s, a, b) : BL_ERASE_PARA;
    case BL_WRITE:
        return bl_write(s, len);
    case BL_READ:
    case BL_SHA:
        return pair ? bl_span(s, cmd, a, b) : BL_PARA;
    case BL_FLASH_PARA:
        return len == 4 || len == 88 ? BL_OK : BL_SET_PARA;
    case BL_EFUSE:
        return pair ? bl_efuse(s, a, b) : BL_EFUSE_PARA;
    case BL_CAPS:
        return len == 4 && memcmp(body, bl_caps_word, 4) == 0 ? bl_caps(s) : BL_UNKNOWN;
    case BL_BOOT_INFO:
    case BL_RESET:
    case BL_JEDEC:
    case BL_WRITE_CHECK:
    case BL_ERASE_CHIP:
    case BL_MAC:
        /* With a payload it was another command, a bit away: a digest is next to a
         * chip erase. */
        return len ? BL_LEN : bl_ask(s, cmd);
    default:
        return BL_UNKNOWN;
    }
}

static void bl_frame(struct stub *s)
{
    struct stub_plain *p = &s->plain;
    uint8_t cmd = p->head[0], sum = p->head[1];
    uint32_t len = stub_plain_len(p);
    uint16_t code;

    if (sum && (uint8_t)(p->sum - cmd - sum) != sum)
        code = BL_SUM;
    else if (len > BL_MAX)
        code = BL_LEN;
    else
        code = bl_request(s, cmd, len);
    if (code != BL_SUM && code != BL_UNKNOWN && code != BL_LEN)
        p->heard_us = hal_us(s->h);
    if (code == BL_OK)
        bl_word(s, 'O', 'K');
    else if (code != BL_LATER)
        bl_failed(s, code);
}

/* ---- what takes time ---- */

/* PD before each erase; of the whole chip, which is one, every second. */
static bool bl_pd(struct stub *s)
{
    struct stub_plain *p = &s->plain;
    bool chip = p->head[0] == BL_ERASE_CHIP && s->job.kind && stub_plain_idle(s, BL_PD_US);

    if (!chip && (p->head[0] != BL_ERASE || p->told == s->job.begun))
        return false;
    p->told++;
    bl_word(s, 'P', 'D');
    return true;
}

static void bl_job_over(struct stub *s)
{
    bool hash = s->plain.head[0] == BL_SHA;

    if (s->job.failed)
        bl_failed(s, hash ? BL_PARA : BL_ERASE_FAILED);
    else if (hash)
        memcpy(bl_data(s, sizeof s->job.hash), s->job.hash, sizeof s->job.hash);
    else
        bl_word(s, 'O', 'K');
}

/* True: it is over. */
static bool bl_go_on(struct stub *s)
{
    struct stub_plain *p = &s->plain;
    uint32_t part = p->left < STUB_PLAIN_CHUNK ? p->left : STUB_PLAIN_CHUNK;

    switch (p->doing) {
    case STUB_PLAIN_JOB:
        if (bl_pd(s) || s->job.kind)
            return false;
        bl_job_over(s);
        return true;
    case STUB_PLAIN_PROGRAM:
        if (s->job.kind)
            return false;
        p->failed |= s->job.failed;
        return true;
    case STUB_PLAIN_READ:
        stub_plain_chunk(s, part);
        return !p->left;
    case STUB_PLAIN_RUN:
        if (!stub_plain_idle(s, BL_RUN_US))
            return false;
        hal_run(s->h);
        return true;
    default:
        return true;
    }
}

/* ---- the language ---- */

/* Trains, and the end of a session. False: there is no rate yet. */
static bool bl_link(struct stub *s)
{
    struct stub_plain *p = &s->plain;
    uint32_t now = hal_us(s->h);

    if (!hal_linked(s->h)) {
        p->linked = false;
        return false;
    }
    if (!p->linked) {
        p->linked = p->tail = true;
        p->train = BL_TRAIN_MIN;
        p->at_us = p->heard_us = now;
        stub_plain_next(p);
    }
    if (p->have || p->doing)
        return true;
    if (p->train >= BL_TRAIN_MIN && now - p->at_us >= BL_TRAIN_US) {
        p->train = 0;
        p->tail = false;
        p->heard_us = now;
        bl_word(s, 'O', 'K');
    }
    /* Not `now`: OK was sent after that. */
    if (hal_us(s->h) - p->heard_us >= BL_SESSION_US) {
        hal_listen(s->h);
        p->linked = false;
    }
    return p->linked;
}

static void bl_reset(struct stub *s)
{
    stub_plain_reset(s);
    s->plain.cap = BL_HALF;
    s->plain.linked = hal_linked(s->h);
    s->plain.heard_us = hal_us(s->h);
}

static size_t bl_rx(struct stub *s, const uint8_t *data, size_t len)
{
    struct stub_plain *p = &s->plain;
    size_t skipped = 0;

    if (p->whole || (p->doing && p->doing != STUB_PLAIN_PROGRAM))
        return 0;
    while (!p->have && skipped < len && (p->tail || data[skipped] == BL_TRAIN)) {
        skipped++;
        p->train++;
        p->at_us = hal_us(s->h);
    }
    if (skipped == len)
        return len;
    p->train = 0;
    return skipped + stub_plain_take(s, 0, data + skipped, len - skipped);
}

static bool bl_work(struct stub *s)
{
    struct stub_plain *p = &s->plain;
    bool over, reading = p->doing == STUB_PLAIN_READ;

    if (p->out_len)
        return stub_plain_flush(s);
    if (p->doing == STUB_PLAIN_STREAM) {
        stub_enter_stream(s);
        return true;
    }
    if (p->doing) {
        over = bl_go_on(s);
        if (!over)
            return reading || p->out_len;
        p->heard_us = hal_us(s->h);
        if (p->doing != STUB_PLAIN_PROGRAM)
            stub_plain_next(p);
        p->doing = STUB_PLAIN_NOTHING;
        return true;
    }
    stub_plain_stop(s);
    if (!bl_link(s) || !p->whole)
        return p->out_len;
    bl_frame(s);
    if (!p->doing || p->doing == STUB_PLAIN_PROGRAM)
        stub_plain_next(p);
    return true;
}

const struct stub_family stub_bl602 = {
    .id = STUB_FAMILY_BL602, .reset = bl_reset, .rx = bl_rx, .work = bl_work};
