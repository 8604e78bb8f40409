/* bk7231_crypt.c - see bk7231_crypt.h. */
#include "image/bk7231_crypt.h"

#include <string.h>

#include "core/bytes.h"

const struct bk7231_key bk7231_keys[BK7231_KEYS] = {
    {{0x510fb093, 0xa3cbeadc, 0x5993a17e, 0xc7adeb03}, "tuya"},
    {{0, 0, 0, 0}, "zero"},
    {{0x4862379A, 0x8612784B, 0x85C5E258, 0x75754528}, "uascent"},
};

const char *bk7231_key_name(const uint32_t c[4])
{
    for (size_t i = 0; i < BK7231_KEYS; i++)
        if (memcmp(bk7231_keys[i].c, c, sizeof bk7231_keys[i].c) == 0)
            return bk7231_keys[i].name;
    return "own";
}

void bk7231_key_get(const uint8_t bytes[16], struct bk7231_key *key)
{
    for (size_t i = 0; i < 4; i++)
        key->c[i] = get_le32(bytes + 4 * i);
    key->name = bk7231_key_name(key->c);
}

void bk7231_key_put(const struct bk7231_key *key, uint8_t bytes[16])
{
    for (size_t i = 0; i < 4; i++)
        put_le32(bytes + 4 * i, key->c[i]);
}

/* Rotate left within `bits` bits, 0 < n < bits. */
static uint32_t rol(uint32_t v, unsigned n, unsigned bits)
{
    uint32_t mask = bits == 32 ? UINT32_MAX : (1u << bits) - 1;

    return (v << n | v >> (bits - n)) & mask;
}

static uint32_t swap16(uint32_t v)
{
    return (v << 8 | v >> 8) & 0xffff;
}

/* Upper 16 bits of the key stream: from both halves of the address. */
static uint32_t mix16(const uint32_t c[4], uint32_t addr)
{
    uint32_t hi = addr >> 16, lo = addr & 0xffff, a;
    unsigned sel = c[3] >> 5 & 3;

    if (sel & 2)
        hi = swap16(hi);
    if (sel & 1)
        lo = swap16(lo);
    a = hi ^ lo ^ c[1] >> 16;
    return rol(a, 9, 16) ^ (0x6371 & ((a >> 5 & 0xf) * 0x1111));
}

/* Lower 16 bits: 17 address bits; the carry out of the rotation is dropped. */
static uint32_t mix17(const uint32_t c[4], uint32_t addr)
{
    unsigned shift = c[3] >> 8 & 3;
    uint32_t k = (c[1] >> 8 & 0xff) << 9 | (c[3] >> 4 & 1) << 8 | (c[1] & 0xff);
    uint32_t a = (addr >> shift & 0x1ffff) ^ k;
    uint32_t b = (a >> 13 & 1) | (a >> 9 & 1) << 1 | (a >> 5 & 1) << 2 | (a >> 1 & 1) << 3;

    return (rol(a, 7, 17) ^ (0x13659 & ((a >> 4 & 1) << 16 | b * 0x1111))) & 0xffff;
}

static uint32_t mix32(const uint32_t c[4], uint32_t addr)
{
    unsigned turn = 8 * (c[3] >> 11 & 3);
    uint32_t a = (turn ? addr >> turn | addr << (32 - turn) : addr) ^ c[0];

    return rol(a, 17, 32) ^ (0xE519A4F1 & ((a >> 2 & 0xf) * 0x11111111));
}

uint32_t bk7231_keystream(const struct bk7231_key *key, uint32_t addr)
{
    const uint32_t *c = key->c;
    uint32_t ks;

    if (c[3] >> 24 == 0x00 || c[3] >> 24 == 0xff || (c[3] & 0xf) == 0xf)
        return 0; /* the chip bypasses the cipher */
    ks = c[3] & 8 ? 0 : c[2];
    if (!(c[3] & 1))
        ks ^= mix16(c, addr) << 16;
    if (!(c[3] & 2))
        ks ^= mix17(c, addr);
    if (!(c[3] & 4))
        ks ^= mix32(c, addr);
    return ks;
}

void bk7231_crypt(const struct bk7231_key *key, uint32_t addr, uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i += 4, addr += 4) {
        uint32_t ks = bk7231_keystream(key, addr);

        for (size_t k = 0; k < 4 && i + k < len; k++)
            data[i + k] ^= (uint8_t)(ks >> 8 * k);
    }
}
