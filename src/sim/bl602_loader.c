/* bl602_loader.c - the vendor's eflash_loader in RAM, as UART0 sees it
 * (reference 4.3, 4.4), with its bugs.
 *
 * Not here: 3F (flash_write_xz) and the commands of other chips; they are not
 * answered, like every unknown one. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "sim/bl602.h"

#define HEAD       4u
#define OLD_LIMIT  0x2004u
#define HASH_MAX   (32u << 20) /* bytes; a longer hash takes longer than anybody waits */
#define BLANK_MIN  0x2800u
#define MAX_ERRORS 3u

enum {
    FL_ERASE_LENGTH = 0x0002,
    FL_ERASE = 0x0003,
    FL_LENGTH = 0x0004,
    FL_ADDRESS = 0x0005,
    FL_WRITE = 0x0006,
    FL_PARAMETER = 0x0008,
    FL_READ_STATUS = 0x0009,
    FL_WRITE_STATUS = 0x000A,
    FL_CHECKSUM = 0x0103,
    FL_MEMORY = 0x0401,
    FL_EFUSE_LENGTH = 0x0404,
    FL_EFUSE_ADDRESS = 0x0405,
};

const struct bl602_build bl602_build_newest = {true, true, BL602_FRAME_MAX, SIM_MS(10000), 0x80};

/* Reference 4.1; which of the two odd flags of 14.1 belongs to which is INFERRED. */
bool bl602_build_named(const char *name, struct bl602_build *out)
{
    static const struct {
        const char *name;
        struct bl602_build build;
    } builds[] = {
        {"1.9.0", {true, true, BL602_FRAME_MAX, SIM_MS(10000), 0x80}},
        {"cube", {true, true, BL602_FRAME_MAX, SIM_MS(10000), 0x80}},
        {"mcu", {true, true, BL602_FRAME_MAX, SIM_MS(2000), 0x80}},
        {"sdk", {true, true, BL602_FRAME_MAX, SIM_MS(2000), 0x80}},
        {"1.4.8", {false, false, BL602_FRAME_MAX, SIM_MS(2000), 0x00}},
        {"blflash", {false, false, OLD_LIMIT, SIM_MS(2000), 0x80}},
        {"rc32m", {false, false, OLD_LIMIT, SIM_MS(2000), 0x2F}},
    };

    for (size_t i = 0; i < sizeof builds / sizeof *builds; i++) {
        if (strcmp(name, builds[i].name))
            continue;
        *out = builds[i].build;
        return true;
    }
    return false;
}

static struct bl602_loader *loader_of(const struct sim *s)
{
    return &bl602_of(s)->loader;
}

void loader_start(struct sim *s)
{
    struct bl602_loader *l = loader_of(s);

    l->write_failed = l->xip = false;
    l->ms_sector = 300; /* the flash configuration of reference 6.2 */
    l->ms_half = l->ms_block = 1200;
    l->ms_page = 5;
    loader_linked(s);
}

void loader_linked(struct sim *s)
{
    struct bl602_loader *l = loader_of(s);

    l->filling = 0;
    l->have = 0;
    l->poisoned = l->complete = false;
    l->errors = 0;
}

/* ---- answers ------------------------------------------------------------- */

/* The third error of a session ends it; a checksum is none (4.3). */
static void fail(struct sim *s, uint16_t code)
{
    struct bl602_loader *l = loader_of(s);

    l->errors += code != FL_CHECKSUM;
    if (bl602_fail(s, code) && l->errors == MAX_ERRORS)
        bl602_lose(s);
}

/* ---- erase and write ----------------------------------------------------- */

/* Seen on Winbond parts only: a long range that is blank is left alone. */
static bool blank_already(struct sim *s, uint32_t start, uint32_t end)
{
    const struct nor *n = &s->nor;
    uint32_t len = end - start + 1, at = start & (n->size - 1);

    if (bl602_of(s)->no_winbond || n->jedec[0] != 0xEF || end < start || len < BLANK_MIN)
        return false;
    if (len > n->size - at) /* around the end; also 4 GiB, which is 0 here */
        return false;
    sim_work(s, (uint64_t)len * 1000000000u / s->cfg.crc_rate);
    return pf_is_blank(n->cell + at, len);
}

static void erase(struct sim *s, const uint8_t *p, uint32_t len)
{
    uint8_t status;

    if (len != 8) {
        fail(s, FL_ERASE_LENGTH);
        return;
    }
    loader_of(s)->write_failed = false;
    status = sim_fault_status(s);
    if (status)
        fail(s, status == 1 ? FL_ERASE : status);
    else if (blank_already(s, get_le32(p), get_le32(p + 4)))
        bl602_ok(s);
    else
        bl602_flash_erase(s, get_le32(p), get_le32(p + 4), true);
}

static void erase_chip(struct sim *s)
{
    uint8_t status = sim_fault_status(s);

    loader_of(s)->write_failed = false;
    if (status)
        fail(s, status == 1 ? FL_ERASE : status);
    else
        bl602_erase_chip(s);
}

/* OK first, then the work: it is no proof of anything. */
static void write_flash(struct sim *s, const uint8_t *p, uint32_t len)
{
    struct bl602_loader *l = loader_of(s);

    if (len < 5) {
        fail(s, FL_LENGTH);
    } else if (get_le32(p) == UINT32_MAX) {
        fail(s, FL_ADDRESS);
    } else if (l->write_failed) {
        fail(s, FL_WRITE); /* an earlier one failed (14.3) */
    } else if (bl602_ok(s)) {
        if (sim_fault_status(s))
            l->write_failed = true;
        else
            bl602_program(s, get_le32(p), p + 4, len - 4);
    }
}

void loader_job_done(struct sim *s)
{
    const struct bl602_job *j = &bl602_of(s)->job;

    if (j->kind == BL602_PROGRAM)
        loader_of(s)->write_failed |= j->failed;
    else if (j->failed)
        fail(s, FL_ERASE);
    else
        bl602_ok(s);
}

static void write_check(struct sim *s)
{
    if (loader_of(s)->write_failed)
        fail(s, FL_WRITE);
    else
        bl602_ok(s);
}

/* ---- reading ------------------------------------------------------------- */

/* Through the cache only between 60 and 61; what else happens is UNKNOWN. */
static bool span_ok(struct sim *s, uint32_t len, bool xip)
{
    if (len == 8 && (!xip || loader_of(s)->xip))
        return true;
    fail(s, FL_LENGTH);
    return false;
}

static void read_flash(struct sim *s, const uint8_t *p)
{
    uint8_t data[BL602_FRAME_MAX];
    uint32_t n = get_le32(p + 4);

    if (n > sizeof data)
        n = sizeof data;
    nor_read(&s->nor, get_le32(p), data, n);
    bl602_data(s, data, n);
}

/* SHA-256 of flash, which repeats behind its end; false: no memory, too long. */
static bool hash(const struct nor *n, uint32_t addr, uint32_t len, uint8_t out[32])
{
    uint32_t at = addr & (n->size - 1);
    uint8_t *copy;

    if (len <= n->size - at) {
        pf_sha256(n->cell + at, len, out);
        return true;
    }
    copy = len <= HASH_MAX ? malloc(len) : NULL;
    if (!copy)
        return false;
    for (uint32_t i = 0; i < len; i++)
        copy[i] = n->cell[(at + i) & (n->size - 1)];
    pf_sha256(copy, len, out);
    free(copy);
    return true;
}

static void read_sha256(struct sim *s, const uint8_t *p)
{
    uint32_t len = get_le32(p + 4);
    uint8_t sum[32];

    s->digest_bytes += len;
    sim_work(s, (uint64_t)((double)len * 1e9 / (double)s->cfg.crc_rate));
    if (!hash(&s->nor, get_le32(p), len, sum))
        return;
    if (fault_hit(&s->plan, FAULT_WRONGCRC, s->crcs++))
        sum[rng_below(&s->plan.rng, 32)] ^= 1;
    bl602_data(s, sum, sizeof sum);
}

static void read_jedec(struct sim *s)
{
    uint8_t id[4];

    memcpy(id, s->nor.jedec, 3);
    id[3] = bl602_of(s)->build.id_flag;
    bl602_data(s, id, sizeof id);
}

static void read_status(struct sim *s, const uint8_t *p, uint32_t len)
{
    uint8_t value[4];
    uint32_t n;

    if (len != 8) {
        fail(s, FL_READ_STATUS);
        return;
    }
    n = get_le32(p + 4) < sizeof value ? get_le32(p + 4) : sizeof value;
    memset(value, nor_read_status(&s->nor, p[0]), sizeof value); /* a part repeats it */
    bl602_data(s, value, n);
}

static void write_status(struct sim *s, const uint8_t *p, uint32_t len)
{
    uint32_t n = len == 12 ? get_le32(p + 4) : 0;

    if (n < 1 || n > 4) {
        fail(s, FL_WRITE_STATUS);
        return;
    }
    nor_write_enable(&s->nor);
    sim_flash_work(s, nor_write_status(&s->nor, p[0], p + 8, n));
    bl602_ok(s);
}

static void set_parameters(struct sim *s, const uint8_t *p, uint32_t len)
{
    struct bl602_loader *l = loader_of(s);

    if (len != 4 && len != 88) {
        fail(s, FL_PARAMETER);
        return;
    }
    if (len == 88) {
        l->ms_sector = get_le16(p + 4 + 72);
        l->ms_half = get_le16(p + 4 + 74);
        l->ms_block = get_le16(p + 4 + 76);
        l->ms_page = get_le16(p + 4 + 78);
    }
    bl602_ok(s);
}

/* ---- what is not flash --------------------------------------------------- */

static void boot_info(struct sim *s)
{
    uint8_t info[20];

    bl602_boot_info(s, UINT32_MAX, info);
    bl602_data(s, info, sizeof info);
}

static void efuse_read(struct sim *s, const uint8_t *p, uint32_t len)
{
    uint8_t efuse[BL602_EFUSE];
    uint32_t at, n;

    if (len != 8) {
        fail(s, FL_EFUSE_LENGTH);
        return;
    }
    at = get_le32(p);
    n = get_le32(p + 4);
    if (at >= BL602_EFUSE) {
        fail(s, FL_EFUSE_ADDRESS);
        return;
    }
    bl602_efuse(s, efuse);
    bl602_data(s, efuse + at, n < BL602_EFUSE - at ? n : BL602_EFUSE - at);
}

static void read_mac(struct sim *s)
{
    uint8_t out[10];

    for (size_t i = 0; i < 6; i++)
        out[i] = s->cfg.mac[5 - i];
    put_le32(out + 6, pf_crc32(0, out, 6));
    bl602_data(s, out, sizeof out);
}

static void memory_write(struct sim *s, const uint8_t *p, uint32_t len)
{
    if (!len || len % 8) {
        fail(s, FL_MEMORY);
        return;
    }
    for (uint32_t i = 0; i < len; i += 8)
        bl602_poke(s, get_le32(p + i), get_le32(p + i + 4));
    bl602_ok(s);
}

/* Its bug: the first word, over and over. */
static void memory_read(struct sim *s, const uint8_t *p, uint32_t len)
{
    uint8_t out[BL602_ROM_MAX], word[4];
    uint32_t n;

    if (len != 8) {
        fail(s, 0x0504);
        return;
    }
    n = get_le32(p + 4) < sizeof out ? get_le32(p + 4) : sizeof out;
    put_le32(word, bl602_peek(s, get_le32(p)));
    for (uint32_t i = 0; i < n; i++)
        out[i] = word[i % 4];
    bl602_data(s, out, n);
}

static void read_log(struct sim *s)
{
    static const char text[] = "virtual eflash_loader\r\nflash init ok\r\n";

    bl602_data(s, (const uint8_t *)text, sizeof text - 1);
}

/* ---- frames -------------------------------------------------------------- */

static void other_command(struct sim *s, uint8_t id, const uint8_t *p, uint32_t len)
{
    switch (id) {
    case 0x10:
        if (bl602_of(s)->build.boot_info)
            boot_info(s);
        break;
    case 0x21:
        if (bl602_ok(s))
            bl602_leave(s, BL602_THEN_RESET);
        break;
    case 0x33:
        if (bl602_of(s)->build.flash_boot && bl602_ok(s))
            bl602_leave(s, BL602_THEN_FLASH);
        break;
    case 0x40: /* it would burn fuses */
        s->violations++;
        fail(s, FL_MEMORY);
        break;
    case 0x41:
        efuse_read(s, p, len);
        break;
    case 0x42:
        read_mac(s);
        break;
    case 0x50:
        memory_write(s, p, len);
        break;
    case 0x51:
        memory_read(s, p, len);
        break;
    case 0x60:
    case 0x61:
        loader_of(s)->xip = id == 0x60;
        bl602_ok(s);
        break;
    case 0x71:
        read_log(s);
        break;
    }
}

static void command(struct sim *s, uint8_t id, const uint8_t *p, uint32_t len)
{
    switch (id) {
    case 0x30:
        erase(s, p, len);
        break;
    case 0x31:
        write_flash(s, p, len);
        break;
    case 0x32:
    case 0x34:
        if (span_ok(s, len, id == 0x34))
            read_flash(s, p);
        break;
    case 0x36:
        read_jedec(s);
        break;
    case 0x37:
        read_status(s, p, len);
        break;
    case 0x38:
        write_status(s, p, len);
        break;
    case 0x3A:
        write_check(s);
        break;
    case 0x3B:
        set_parameters(s, p, len);
        break;
    case 0x3C:
        erase_chip(s);
        break;
    case 0x3D:
    case 0x3E:
        if (span_ok(s, len, id == 0x3E))
            read_sha256(s, p);
        break;
    default:
        other_command(s, id, p, len);
        break;
    }
}

void loader_frame(struct sim *s)
{
    struct bl602_loader *l = loader_of(s);
    const uint8_t *f = l->buf[l->filling];
    uint32_t len = get_le16(f + 2);
    uint8_t sum = 0;

    l->filling ^= 1;
    l->have = 0;
    l->complete = false;
    for (uint32_t i = 2; i < HEAD + len; i++)
        sum = (uint8_t)(sum + f[i]);
    if (!f[1] || f[1] == sum) {
        command(s, f[0], f + HEAD, len);
        return;
    }
    fail(s, FL_CHECKSUM);
    if (f[0] == 0x40)
        bl602_lose(s);
}

/* Into the buffer that is not being worked on. Bytes behind a complete frame
 * are lost, and a length beyond the buffer spoils it until both time-outs. */
void loader_rx(struct sim *s, uint8_t byte)
{
    struct bl602_loader *l = loader_of(s);
    uint8_t *f = l->buf[l->filling];

    if (l->complete || l->poisoned)
        return;
    f[l->have++] = byte;
    if (l->have < HEAD)
        return;
    if (get_le16(f + 2) > bl602_of(s)->build.limit) {
        l->poisoned = true;
    } else if (l->have == HEAD + get_le16(f + 2)) {
        l->complete = true;
        l->complete_at = s->now + (s->instant ? 0 : bl602_of(s)->take_ns);
    }
}
