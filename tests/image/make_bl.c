/* make_bl.c - see make_bl.h. */
#include "image/make_bl.h"

#include <lzma.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "image/bl602_vectors.h"

size_t make_bl_table(uint8_t *out, enum make_bl_table which)
{
    static const struct {
        const uint8_t *bytes;
        size_t len;
    } tables[] = {
        [BL_1M] = {table_1m, sizeof table_1m},
        [BL_2M] = {table_2m, sizeof table_2m},
        [BL_4M] = {table_4m, sizeof table_4m},
        [BL_VENDOR] = {table_vendor, sizeof table_vendor},
        [BL_FLIPPED] = {table_flipped, sizeof table_flipped},
    };

    memset(out, 0xff, 4096);
    memcpy(out, tables[which].bytes, tables[which].len);
    return tables[which].len;
}

void make_bl_table_set(uint8_t *table, uint32_t age, uint8_t active)
{
    size_t entries = (size_t)get_le16(table + 6) * 36;

    put_le32(table + 8, age);
    put_le32(table + 12, pf_crc32(0, table, 12));
    table[16 + 2] = active;
    put_le32(table + 16 + entries, pf_crc32(0, table + 16, entries));
}

void make_bl_seal(uint8_t *head)
{
    put_le32(head + 172, pf_crc32(0, head, 172));
}

void make_bl_head(uint8_t *out, uint32_t offset, const uint8_t *code, uint32_t len)
{
    memcpy(out, head_1000, sizeof head_1000);
    put_le32(out + 120, len);
    put_le32(out + 128, offset);
    pf_sha256(code, len, out + 132);
    make_bl_seal(out);
}

size_t make_bl_plain(uint8_t *out, uint32_t len)
{
    static const char built[] =
        "x\0OpenBL602_1.18.57\0Built on Aug  2 2025 11:00:28 version 1.18.57";
    uint32_t state = 602;

    for (size_t i = 0; i < len; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        out[i] = (uint8_t)(state & 0x3f);
    }
    for (size_t i = 0x80; i + 2 <= len; i += 0x80)
        put_le16(out + i, 0x8082); /* c.ret */
    for (size_t i = 0x44; i + 4 <= len; i += 0x80)
        put_le32(out + i, 0x23000000 + (uint32_t)i);
    memcpy(out + 0x301, built, sizeof built);
    return len;
}

size_t make_bl_app(uint8_t *out, uint32_t len)
{
    memset(out, 0xff, 0x1000);
    make_bl_plain(out + 0x1000, len);
    make_bl_head(out, 0x2000, out + 0x1000, len); /* 0x2000 as real ones have it */
    return 0x1000 + len;
}

size_t make_bl_boot2(uint8_t *out, uint32_t len)
{
    memset(out, 0xff, 0x2000);
    make_bl_plain(out + 0x2000, len);
    memcpy(out + 0x2000 + 0x200, "boot2 of a test", 16);
    make_bl_head(out, 0x2000, out + 0x2000, len);
    return 0x2000 + len;
}

size_t make_bl_loader(uint8_t *out, uint32_t len)
{
    memcpy(out, head_ram, sizeof head_ram);
    make_bl_plain(out + 192, len);
    put_le32(out + 176, 0x22010000);
    put_le32(out + 180, len);
    put_le32(out + 184, pf_crc32(0, out + 192, len));
    put_le32(out + 188, pf_crc32(0, out + 176, 12));
    pf_sha256(out + 176, 16 + len, out + 132);
    make_bl_seal(out);
    return 192 + len;
}

void make_bl_ota_seal(uint8_t *package, size_t len)
{
    put_le32(package + 20, (uint32_t)(len - 512));
    pf_sha256(package + 512, len - 512, package + 64);
}

size_t make_bl_ota(uint8_t *out, size_t cap, uint32_t len, bool xz)
{
    uint8_t *app = malloc(0x1000 + len);
    size_t n, at = 512;

    if (!app)
        abort();
    n = make_bl_app(app, len);
    memset(out, 0xff, 512);
    memcpy(out, ota_raw, sizeof ota_raw);
    put_le32(out + 96, (uint32_t)n);
    if (xz) {
        memcpy(out + 16, "XZ  ", 4);
        if (lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, app, n, out, &at, cap) != LZMA_OK)
            abort();
    } else {
        memcpy(out + at, app, n);
        at += n;
    }
    make_bl_ota_seal(out, at);
    free(app);
    return at;
}

static size_t put_token(uint8_t *out, size_t at, uint32_t v)
{
    put_be32(out + at, v);
    return at + 4;
}

size_t make_bl_dts(uint8_t *out)
{
    static const char strings[] = "sta_mac_addr\0mode";
    static const uint8_t mac[6] = {0xC8, 0x43, 0x57, 0x82, 0x73, 0x40};
    size_t at = 0x38, strings_at;

    memset(out, 0, 0x200);
    at = put_token(out, at, 1) + 4; /* root: an empty name */
    at = put_token(out, at, 1);
    memcpy(out + at, "wifi", 5);
    at += 8;
    at = put_token(out, at, 1);
    memcpy(out + at, "mac", 4);
    at += 4;
    at = put_token(out, at, 3);
    at = put_token(out, at, 4);
    at = put_token(out, at, 13);
    memcpy(out + at, "MBF", 4);
    at += 4;
    at = put_token(out, at, 3);
    at = put_token(out, at, 6);
    at = put_token(out, at, 0);
    memcpy(out + at, mac, 6);
    at += 8;
    for (size_t i = 0; i < 3; i++)
        at = put_token(out, at, 2);
    at = put_token(out, at, 9);
    strings_at = at;
    memcpy(out + at, strings, sizeof strings);
    at += 20;
    put_be32(out, 0xD00DFEED);
    put_be32(out + 4, (uint32_t)at);
    put_be32(out + 8, 0x38);
    put_be32(out + 12, (uint32_t)strings_at);
    put_be32(out + 16, 0x28);
    put_be32(out + 20, 17);
    put_be32(out + 24, 16);
    put_be32(out + 32, sizeof strings);
    put_be32(out + 36, (uint32_t)strings_at - 0x38);
    return at;
}

size_t make_bl_psm(uint8_t *out)
{
    const size_t name = 7, value = 100, at = 0x14;

    memset(out, 0xff, 4096);
    out[0] = out[3] = 0;
    memcpy(out + 8, "EF40", 4);
    out[at] = out[at + 1] = 0;
    memcpy(out + at + 8, "KV40", 4);
    put_le32(out + at + 12, (uint32_t)(28 + name + value));
    out[at + 20] = (uint8_t)name;
    put_le32(out + at + 24, (uint32_t)value);
    memcpy(out + at + 28, "mY0bcFg", name);
    memset(out + at + 28 + name, 0x5a, value);
    put_le32(out + at + 16, pf_crc32(0, out + at + 20, 8 + name + value));
    return 4096;
}

void make_bl_backup(uint8_t *out, uint32_t app, uint32_t *end)
{
    uint8_t sector[4096];

    memset(out, 0xff, BL_MAKE_FLASH);
    make_bl_boot2(out, 0x3000);
    make_bl_table(sector, BL_2M);
    memcpy(out + 0xE000, sector, sizeof sector);
    memcpy(out + 0xF000, sector, sizeof sector);
    make_bl_app(out + 0x10000, app);
    if (end)
        *end = 0x11000 + app;
    make_bl_psm(out + 0x1E9000);
    make_bl_dts(sector);
    memcpy(out + 0x1FC000, sector, 0x200);
}
