/* bkcode.c - Beken code storage; see bkcode.h. */
#include "sim/bkcode.h"

#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"

#define RBL_TIME 1600000000u

const struct bkcode_key bkcode_tuya = {{0x510fb093, 0xa3cbeadc, 0x5993a17e, 0xc7adeb03}};

uint32_t bkcode_physical(uint32_t logical)
{
    return logical / BKCODE_DATA * BKCODE_BLOCK + logical % BKCODE_DATA;
}

static uint32_t rotate(uint32_t v, unsigned by, unsigned width)
{
    uint32_t mask = width == 32 ? UINT32_MAX : (1u << width) - 1;

    v &= mask;
    return by % width == 0 ? v : ((v << by % width) | (v >> (width - by % width))) & mask;
}

static uint32_t swap16(uint32_t v)
{
    return (v & 0xff) << 8 | (v >> 8 & 0xff);
}

static uint32_t bit(uint32_t v, unsigned n)
{
    return v >> n & 1;
}

/* The three generators of 8.2; each is off when its bit in c3 is set. */
static uint32_t stream_15(const uint32_t c[4], uint32_t addr)
{
    uint32_t hi = addr >> 16, lo = addr & 0xffff, a;

    if (c[3] & 1)
        return 0;
    if (c[3] >> 5 & 2)
        hi = swap16(hi);
    if (c[3] >> 5 & 1)
        lo = swap16(lo);
    a = hi ^ lo ^ c[1] >> 16;
    return rotate(a, 9, 16) ^ (0x6371 & ((a >> 5 & 0xf) * 0x1111));
}

static uint32_t stream_16(const uint32_t c[4], uint32_t addr)
{
    uint32_t a, b;

    if (c[3] & 2)
        return 0;
    a = addr >> (c[3] >> 8 & 3) & 0x1ffff;
    a ^= (c[1] >> 8 & 0xff) << 9 | (c[3] >> 4 & 1) << 8 | (c[1] & 0xff);
    b = bit(a, 13) | bit(a, 9) << 1 | bit(a, 5) << 2 | bit(a, 1) << 3;
    return (rotate(a, 7, 17) ^ (0x13659 & (bit(a, 4) << 16 | b * 0x1111))) & 0xffff;
}

static uint32_t stream_32(const uint32_t c[4], uint32_t addr)
{
    uint32_t a;

    if (c[3] & 4)
        return 0;
    a = rotate(addr, 32 - 8 * (c[3] >> 11 & 3), 32) ^ c[0];
    return rotate(a, 17, 32) ^ (0xE519A4F1 & ((a >> 2 & 0xf) * 0x11111111u));
}

void bkcode_crypt(const struct bkcode_key *key, uint32_t addr, uint8_t *data, size_t len)
{
    const uint32_t *c = key->c;
    uint32_t top = c[3] >> 24;

    if (top == 0 || top == 0xff || (c[3] & 0xf) == 0xf)
        return; /* bypass */
    for (size_t i = 0; i + 4 <= len; i += 4) {
        uint32_t at = addr + (uint32_t)i;
        uint32_t ks =
            stream_32(c, at) ^ stream_15(c, at) << 16 ^ stream_16(c, at) ^ (c[3] & 8 ? 0 : c[2]);

        put_le32(data + i, get_le32(data + i) ^ ks);
    }
}

/* One nibble at a time: polynomial 8005, not reflected, start FFFF. */
uint16_t bkcode_crc16(const uint8_t *data, size_t len)
{
    static const uint16_t step[16] = {
        0x0000, 0x8005, 0x800F, 0x000A, 0x801B, 0x001E, 0x0014, 0x8011,
        0x8033, 0x0036, 0x003C, 0x8039, 0x0028, 0x802D, 0x8027, 0x0022,
    };
    uint16_t crc = 0xffff;

    for (size_t i = 0; i < len; i++) {
        crc = (uint16_t)(crc << 4 ^ step[(crc >> 12) ^ (data[i] >> 4)]);
        crc = (uint16_t)(crc << 4 ^ step[(crc >> 12) ^ (data[i] & 15)]);
    }
    return crc;
}

size_t bkcode_interleave(uint8_t *out, const uint8_t *data, size_t len)
{
    size_t done = 0;

    for (size_t i = 0; i < len; i += BKCODE_DATA) {
        size_t n = len - i < BKCODE_DATA ? len - i : BKCODE_DATA;

        memset(out + done, 0xff, BKCODE_DATA);
        memcpy(out + done, data + i, n);
        put_be16(out + done + BKCODE_DATA, bkcode_crc16(out + done, BKCODE_DATA));
        done += BKCODE_BLOCK;
    }
    return done;
}

bool bkcode_block_ok(const uint8_t *block)
{
    return get_be16(block + BKCODE_DATA) == bkcode_crc16(block, BKCODE_DATA);
}

static uint32_t fnv1a(const uint8_t *data, size_t len)
{
    uint32_t h = 0x811C9DC5;

    for (size_t i = 0; i < len; i++)
        h = (h ^ data[i]) * 0x01000193u;
    return h;
}

/* Zlib CRC over the code and the padding that exists only in it. */
static uint32_t package_crc(const uint8_t *data, size_t len, size_t *package)
{
    size_t pad = 16 - len % 16;
    uint8_t tail[16];

    memset(tail, (int)pad, sizeof tail);
    *package = len + pad;
    return pf_crc32(pf_crc32(0, data, len), tail, pad);
}

void bkcode_rbl(uint8_t out[BKCODE_RBL], const char *name, const char *version, const uint8_t *data,
                size_t len)
{
    size_t package;

    memset(out, 0, BKCODE_RBL);
    memcpy(out, "RBL", 3);
    put_le32(out + 0x08, RBL_TIME);
    memcpy(out + 0x0c, name, strlen(name) < 16 ? strlen(name) : 15);
    memcpy(out + 0x1c, version, strlen(version) < 24 ? strlen(version) : 23);
    memset(out + 0x34, '0', 23);
    put_le32(out + 0x4c, package_crc(data, len, &package));
    put_le32(out + 0x50, fnv1a(data, len));
    put_le32(out + 0x54, (uint32_t)len);
    put_le32(out + 0x58, (uint32_t)package);
    put_le32(out + 0x5c, pf_crc32(0, out, 0x5c));
}

/* Read logical bytes back; false at a block whose CRC16 is wrong. */
static bool strip(uint8_t *out, const uint8_t *flash, uint32_t physical, size_t len)
{
    for (size_t i = 0; i < len; i += BKCODE_DATA, physical += BKCODE_BLOCK) {
        if (!bkcode_block_ok(flash + physical))
            return false;
        memcpy(out + i, flash + physical, len - i < BKCODE_DATA ? len - i : BKCODE_DATA);
    }
    return true;
}

bool bkcode_loader_ok(const uint8_t *flash)
{
    const uint32_t header_at = BKCODE_LOADER - BKCODE_RBL / BKCODE_DATA * BKCODE_BLOCK;
    uint8_t header[BKCODE_RBL], block[BKCODE_DATA];
    uint32_t hash = 0x811C9DC5, raw;

    if (!strip(header, flash, header_at, sizeof header) || memcmp(header, "RBL", 4) ||
        memcmp(header + 0x0c, "bootloader", 11) ||
        get_le32(header + 0x5c) != pf_crc32(0, header, 0x5c))
        return false;
    raw = get_le32(header + 0x54);
    if (!raw || raw > header_at / BKCODE_BLOCK * BKCODE_DATA)
        return false;
    for (uint32_t i = 0; i < raw; i += BKCODE_DATA) {
        uint32_t n = raw - i < BKCODE_DATA ? raw - i : BKCODE_DATA;

        if (!strip(block, flash, bkcode_physical(i), BKCODE_DATA))
            return false;
        for (uint32_t k = 0; k < n; k++)
            hash = (hash ^ block[k]) * 0x01000193u;
    }
    return hash == get_le32(header + 0x50);
}
