/* ecr6600_flash.c - what stands in the flash of an ECR6600 and who accepts it
 * (4.2 to 4.4, 4.6): EasyFlash records, partition table, uboot and
 * application headers. Pure functions on bytes, except the one that writes. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "sim/ecr6600.h"

#define FULL_LIST   0x400u
#define UBOOT_AT    0x1000u
#define UBOOT_HEAD  0x58u
#define UBOOT_MAX   0x6000u
#define UBOOT_MAGIC 0x48787032u
#define APP_HEAD    0x100u
#define APP_MAGIC   0x02262018u
#define VALUE_MAX   4096u

static size_t pad4(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

/* ---- EasyFlash ------------------------------------------------------------ */

/* The record at `at` fits into [at, to): its whole length, else 0. */
static size_t record_at(const uint8_t *buf, size_t at, size_t to)
{
    uint32_t total, name;

    if (to < at || to - at < ECRDEV_EF_RECORD)
        return 0;
    total = get_le32(buf + at + 20);
    name = buf[at + 28];
    if (total < ECRDEV_EF_RECORD || total > to - at || total % 4)
        return 0;
    if (get_le32(buf + at + 32) > VALUE_MAX ||
        ECRDEV_EF_RECORD + pad4(name) + pad4(get_le32(buf + at + 32)) != total)
        return 0;
    return total;
}

static bool record_live(const uint8_t *buf, size_t at, size_t total)
{
    const uint8_t *r = buf + at;

    return r[0] == 0 && r[4] == 0 && r[8] != 0 && r[12] != 0 && r[16] != 0 &&
           pf_crc32(0, r + 28, total - 28) == get_le32(r + 24);
}

size_t ecrdev_ef_find(const uint8_t *buf, size_t from, size_t to, const char *name)
{
    size_t len = strlen(name), total;

    for (size_t at = from; (total = record_at(buf, at, to)) != 0; at += total)
        if (buf[at + 28] == len && !memcmp(buf + at + ECRDEV_EF_RECORD, name, len) &&
            record_live(buf, at, total))
            return at;
    return 0;
}

size_t ecrdev_ef_end(const uint8_t *buf, size_t from, size_t to)
{
    size_t at = from, total;

    while ((total = record_at(buf, at, to)) != 0)
        at += total;
    return at;
}

bool ecrdev_ef_text(const uint8_t *buf, size_t at, char *out, size_t cap)
{
    size_t len = get_le32(buf + at + 32);

    if (len >= cap)
        return false;
    memcpy(out, buf + at + ECRDEV_EF_RECORD + pad4(buf[at + 28]), len);
    out[len] = '\0';
    return true;
}

size_t ecrdev_ef_size(const char *name, size_t len)
{
    return ECRDEV_EF_RECORD + pad4(strlen(name)) + pad4(len);
}

size_t ecrdev_ef_put(uint8_t *out, const char *name, const void *value, size_t len)
{
    size_t total = ecrdev_ef_size(name, len), n = strlen(name);

    memset(out, 0xff, total);
    out[0] = out[4] = 0; /* announced, written */
    put_le32(out + 20, (uint32_t)total);
    out[28] = (uint8_t)n;
    put_le32(out + 32, (uint32_t)len);
    memcpy(out + ECRDEV_EF_RECORD, name, n);
    memcpy(out + ECRDEV_EF_RECORD + pad4(n), value, len);
    put_le32(out + 24, pf_crc32(0, out + 28, total - 28));
    return total;
}

void ecrdev_ef_sector(uint8_t *out, const char *magic, bool used)
{
    memset(out, 0xff, ECRDEV_EF_SECTOR);
    out[0] = 0;
    if (used)
        out[4] = 0;
    out[12] = 0; /* not dirty */
    memcpy(out + 24, magic, 4);
}

/* ---- partition table ------------------------------------------------------ */

/* "0xBASE,0xLEN" inside the flash. */
static bool parse_span(const char *text, uint32_t size, uint32_t *base, uint32_t *len)
{
    uint64_t a, n;
    char left[16];
    size_t comma = strcspn(text, ",");

    if (!text[comma] || comma >= sizeof left)
        return false;
    memcpy(left, text, comma);
    left[comma] = '\0';
    if (!sim_number(left, 0, size, &a) || !sim_number(text + comma + 1, 1, size - a, &n))
        return false;
    *base = (uint32_t)a;
    *len = (uint32_t)n;
    return true;
}

static bool find_span(const uint8_t *flash, uint32_t size, size_t from, size_t to, const char *name,
                      uint32_t *base, uint32_t *len)
{
    char text[40];
    size_t at;

    if (memcmp(flash + 24, "EF40", 4))
        return false;
    at = ecrdev_ef_find(flash, from, to, name);
    return at && ecrdev_ef_text(flash, at, text, sizeof text) && parse_span(text, size, base, len);
}

bool ecrdev_partition(const uint8_t *flash, uint32_t size, const char *name, uint32_t *base,
                      uint32_t *len)
{
    return find_span(flash, size, FULL_LIST, NOR_SECTOR, name, base, len);
}

/* ---- images --------------------------------------------------------------- */

static bool uboot_ok(const uint8_t *flash, uint32_t size)
{
    uint32_t base = UBOOT_AT, room = UBOOT_MAX, body;
    const uint8_t *u;

    if (!find_span(flash, size, ECRDEV_EF_SECTOR, FULL_LIST, "uboot", &base, &room)) {
        base = UBOOT_AT;
        room = UBOOT_MAX;
    }
    if (room < UBOOT_HEAD || base > size - room)
        return false;
    u = flash + base;
    body = get_le32(u + 4);
    return get_le32(u) == UBOOT_MAGIC && get_le32(u + 0x54) == pf_crc32(0, u, 0x54) && body &&
           body <= room - UBOOT_HEAD && get_le32(u + 0x10) == pf_crc32(0, u + UBOOT_HEAD, body);
}

/* uboot looks at the payload only behind the other magic (4.4). */
static bool image_ok(const uint8_t *app, uint32_t room)
{
    uint64_t len = (uint64_t)get_le32(app + 0x10) + get_le32(app + 0x18) + get_le32(app + 0x1c);
    uint8_t hash[32];

    if (get_le32(app) != UBOOT_MAGIC)
        return true;
    if (len > room - APP_HEAD)
        return false;
    pf_sha256(app + APP_HEAD, (size_t)len, hash);
    return !memcmp(hash, app + 0x6c, 4);
}

enum ecrdev_boot ecrdev_find_boot(const uint8_t *flash, uint32_t size)
{
    uint32_t base, len, magic;

    if (!uboot_ok(flash, size))
        return ECRDEV_NO_UBOOT;
    if (!ecrdev_partition(flash, size, "cpu", &base, &len) || len < APP_HEAD)
        return ECRDEV_NO_TABLE;
    magic = get_le32(flash + base);
    if ((magic != APP_MAGIC && magic != UBOOT_MAGIC) ||
        get_le32(flash + base + 0xfc) != pf_crc32(0, flash + base, 0xfc))
        return ECRDEV_BAD_HEAD;
    return image_ok(flash + base, len) ? ECRDEV_BOOTABLE : ECRDEV_BAD_IMAGE;
}

/* ---- MAC ------------------------------------------------------------------ */

static int nibble(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

bool ecrdev_parse_mac(const char *text, uint8_t mac[6])
{
    if (strlen(text) != 17)
        return false;
    for (size_t i = 0; i < 6; i++) {
        int hi = nibble(text[3 * i]), lo = nibble(text[3 * i + 1]);

        if (hi < 0 || lo < 0 || (i < 5 && text[3 * i + 2] != ':'))
            return false;
        mac[i] = (uint8_t)(hi << 4 | lo);
    }
    return !(mac[0] & 1);
}

void ecrdev_mac(const uint8_t *flash, uint32_t size, const uint8_t *otp, uint8_t mac[6])
{
    static const uint8_t sdk_default[6] = {0x00, 0x06, 0x06, 0x00, 0x00, 0x00};
    uint32_t base, len;
    char text[24];

    if (ecrdev_partition(flash, size, "nv_amt", &base, &len)) {
        for (uint32_t at = base; at + NOR_SECTOR <= base + len; at += NOR_SECTOR) {
            const uint8_t *sector = flash + at;
            size_t record;

            if (memcmp(sector + 24, "EF41", 4))
                continue;
            record = ecrdev_ef_find(sector, ECRDEV_EF_SECTOR, NOR_SECTOR, "mac");
            if (record && ecrdev_ef_text(sector, record, text, sizeof text) &&
                ecrdev_parse_mac(text, mac))
                return;
        }
    }
    memcpy(mac, otp ? otp : sdk_default, 6);
}

bool ecrdev_store_mac(struct sim *s, const char *text)
{
    static const uint8_t gone[8] = {0x00, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff, 0xff};
    const uint8_t *flash = s->nor.cell;
    uint8_t record[64];
    uint32_t base, len;
    size_t old, end, total = ecrdev_ef_put(record, "mac", text, strlen(text));

    if (!ecrdev_partition(flash, s->nor.size, "nv_amt", &base, &len) || len < NOR_SECTOR ||
        memcmp(flash + base + 24, "EF41", 4))
        return false;
    end = ecrdev_ef_end(flash + base, ECRDEV_EF_SECTOR, NOR_SECTOR);
    if (NOR_SECTOR - end < total || !pf_is_blank(flash + base + end, total))
        return false;
    old = ecrdev_ef_find(flash + base, ECRDEV_EF_SECTOR, NOR_SECTOR, "mac");
    sim_flash_work(s, nor_program(&s->nor, base + (uint32_t)end, record, (uint32_t)total));
    if (old) /* two slots further: about to be deleted, deleted */
        sim_flash_work(s, nor_program(&s->nor, base + (uint32_t)old + 8, gone, sizeof gone));
    return true;
}
