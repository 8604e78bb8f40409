/* bl602_boot.c - see bl602_boot.h. */
#include "image/bl602_boot.h"

#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"

#define DEADBEEF 0xDEADBEEFu

/* Settings of the flash chip EF4015, which tools use for chips they do not
 * know, and of a 40 MHz crystal (reference 6.2, 12.4). */
static const uint8_t usual_flash[84] = {
    0x04, 0x01, 0x01, 0x01, 0x66, 0x99, 0xff, 0x03, 0x9f, 0x00, 0x9f, 0x00, 0x04, 0xef,
    0x00, 0x01, 0xc7, 0x20, 0x52, 0xd8, 0x06, 0x02, 0x32, 0x00, 0x0b, 0x01, 0x0b, 0x01,
    0x3b, 0x01, 0xbb, 0x00, 0x6b, 0x01, 0xeb, 0x02, 0xeb, 0x02, 0x02, 0x50, 0x00, 0x01,
    0x00, 0x01, 0x01, 0x00, 0x02, 0x01, 0x01, 0x01, 0xab, 0x01, 0x05, 0x35, 0x00, 0x00,
    0x01, 0x31, 0x00, 0x00, 0x38, 0xff, 0x20, 0xff, 0x77, 0x03, 0x02, 0x40, 0x77, 0x03,
    0x02, 0xf0, 0x2c, 0x01, 0xb0, 0x04, 0xb0, 0x04, 0x05, 0x00, 0xff, 0xff, 0x03, 0x00,
};
static const uint8_t usual_clock[8] = {0x04, 0x04, 0x00, 0x01, 0x03, 0x01, 0x00, 0x00};

/* RAM, in any of its aliases (reference 1). */
static bool in_ram(uint32_t addr)
{
    uint32_t alias = addr >> 28, low = addr & 0x0fffffff;

    return alias >= 2 && alias <= 5 && low >= 0x02008000 && low < 0x0204C000;
}

bool bl_boot_parse(const uint8_t *data, size_t len, struct bl_boot *out)
{
    memset(out, 0, sizeof *out);
    if (len < BL_BOOT_HEAD || memcmp(data, "BFNP", 4) != 0)
        return false;
    out->fcfg = memcmp(data + 8, "FCFG", 4) == 0;
    out->fcfg_ok = pf_crc32(0, data + 12, 84) == get_le32(data + 96);
    out->pcfg = memcmp(data + 100, "PCFG", 4) == 0;
    out->pcfg_ok = pf_crc32(0, data + 104, 8) == get_le32(data + 112);
    out->bits = get_le32(data + 116);
    out->length = get_le32(data + 120);
    out->entry = get_le32(data + 124);
    out->offset = get_le32(data + 128);
    memcpy(out->hash, data + 132, sizeof out->hash);
    out->crc_ignored = (out->bits & BL_BOOT_CRC_IGNORE) && get_le32(data + 172) == DEADBEEF;
    out->hash_ignored = (out->bits & BL_BOOT_HASH_IGNORE) && !(out->bits & BL_BOOT_SIGN) &&
                        get_le32(out->hash) == DEADBEEF;
    out->crc_ok = out->crc_ignored || pf_crc32(0, data, 172) == get_le32(data + 172);
    out->ram = in_ram(out->offset) || in_ram(out->entry);
    return true;
}

const char *bl_boot_fault(const struct bl_boot *b)
{
    if (!b->crc_ok)
        return "CRC-32 of the header wrong";
    if (b->fcfg && !b->fcfg_ok)
        return "CRC-32 of the flash settings (FCFG) wrong";
    if (b->pcfg && !b->pcfg_ok)
        return "CRC-32 of the clock settings (PCFG) wrong";
    if (b->bits & BL_BOOT_ENCRYPT)
        return "encrypted: only chips with its key start it";
    if (b->bits & BL_BOOT_SIGN)
        return "signed: its code does not follow where it is looked for";
    return "";
}

void bl_boot_build(uint32_t offset, const uint8_t *image, uint32_t len, const uint8_t *like,
                   uint8_t out[BL_BOOT_HEAD])
{
    memset(out, 0, BL_BOOT_HEAD);
    if (like) {
        memcpy(out, like, 116);
    } else {
        memcpy(out, "BFNP\1\0\0\0FCFG", 12);
        memcpy(out + 12, usual_flash, sizeof usual_flash);
        put_le32(out + 96, pf_crc32(0, out + 12, 84));
        memcpy(out + 100, "PCFG", 4);
        memcpy(out + 104, usual_clock, sizeof usual_clock);
        put_le32(out + 112, pf_crc32(0, out + 104, 8));
    }
    put_le32(out + 116, BL_BOOT_FLASH);
    put_le32(out + 120, len);
    put_le32(out + 128, offset);
    pf_sha256(image, len, out + 132);
    put_le32(out + 172, pf_crc32(0, out, 172));
}

void bl_app_check_init(struct bl_app_check *c)
{
    memset(c, 0, sizeof *c);
    mbedtls_sha256_init(&c->sha);
    mbedtls_sha256_starts_ret(&c->sha, 0);
}

/* The part of [c->fed, c->fed + len) that lies in [from, end): *n bytes at the
 * pointer returned. */
static const uint8_t *overlap(const struct bl_app_check *c, const uint8_t *data, size_t len,
                              uint64_t from, uint64_t end, size_t *n)
{
    uint64_t a = c->fed > from ? c->fed : from, b = c->fed + len < end ? c->fed + len : end;

    *n = b > a ? (size_t)(b - a) : 0;
    return *n ? data + (size_t)(a - c->fed) : data;
}

void bl_app_check_feed(struct bl_app_check *c, const uint8_t *data, size_t len)
{
    const uint8_t *p;
    size_t n;

    p = overlap(c, data, len, 0, BL_BOOT_HEAD, &n);
    if (n) {
        memcpy(c->head + c->fed, p, n);
        if (c->fed + n == BL_BOOT_HEAD)
            c->parsed = bl_boot_parse(c->head, BL_BOOT_HEAD, &c->boot);
    }
    p = overlap(c, data, len, BL_CODE, (uint64_t)BL_CODE + c->boot.length, &n);
    mbedtls_sha256_update_ret(&c->sha, p, n);
    bk7231_text_feed(&c->text, p, n);
    c->fed += len;
}

bool bl_app_check_end(struct bl_app_check *c)
{
    uint8_t hash[32];

    bk7231_text_end(&c->text);
    mbedtls_sha256_finish_ret(&c->sha, hash);
    mbedtls_sha256_free(&c->sha);
    c->whole = c->parsed && c->fed >= (uint64_t)BL_CODE + c->boot.length;
    return c->whole && (c->boot.hash_ignored || memcmp(hash, c->boot.hash, sizeof hash) == 0);
}

bool bl_segment_next(const uint8_t *data, size_t len, size_t *at, struct bl_segment *out)
{
    const uint8_t *p = data + *at;

    memset(out, 0, sizeof *out);
    if (*at > len || len - *at < BL_SEGMENT)
        return false;
    out->addr = get_le32(p);
    out->len = get_le32(p + 4);
    out->data_crc = get_le32(p + 8);
    out->head_ok = pf_crc32(0, p, 12) == get_le32(p + 12);
    out->ram = in_ram(out->addr);
    out->offset = *at + BL_SEGMENT;
    if (out->len > len - out->offset)
        return false;
    out->data_ok = out->data_crc == 0 || pf_crc32(0, data + out->offset, out->len) == out->data_crc;
    *at = out->offset + out->len;
    return true;
}
