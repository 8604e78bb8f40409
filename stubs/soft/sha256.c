/* sha256.c - SHA-256 (FIPS 180-4) in blocks, for chips without an engine for it. The rounds
 * are a loop: small, not fast. */
#include <string.h>

#include "common/codec.h"

static const uint32_t sha_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t sha_rotate(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

/* The 64 words that the rounds use: 16 of the block, the rest made of them. A block
 * like the one before, as blank flash has them by the thousand, finds them made. */
static bool sha_expand(struct stub_hal *h, uint32_t *w, const uint8_t *block)
{
    const uint32_t *end = w + 16;
    uint32_t differ = 0;

    for (; w < end; w++, block += 4) {
        uint32_t word = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 |
                        (uint32_t)block[2] << 8 | block[3];

        differ |= word ^ *w;
        *w = word;
    }
    for (unsigned part = differ ? 0 : 3; part < 3; part++) {
        hal_poll(h);
        for (end = w + 16; w < end; w++) {
            uint32_t a = w[-15], b = w[-2];

            *w = w[-16] + (sha_rotate(a, 7) ^ sha_rotate(a, 18) ^ a >> 3) + w[-7] +
                 (sha_rotate(b, 17) ^ sha_rotate(b, 19) ^ b >> 10);
        }
    }
    return differ;
}

/* One round, its names turned instead of its values: two of them cost a tenth of the
 * time that all eight would save, and half a kilobyte less. */
#define SHA_ROUND(a, b, c, d, e, f, g, h, i)                                                       \
    do {                                                                                           \
        h += k[i] + w[i] + (g ^ (e & (f ^ g))) +                                                   \
             (sha_rotate(e, 6) ^ sha_rotate(e, 11) ^ sha_rotate(e, 25));                           \
        d += h;                                                                                    \
        h += (((a | b) & c) | (a & b)) +                                                           \
             (sha_rotate(a, 2) ^ sha_rotate(a, 13) ^ sha_rotate(a, 22));                           \
    } while (0)

/* True: not a block like the one before. */
static bool sha_block(struct stub_sha256 *s, struct stub_hal *hal, const uint8_t *block)
{
    uint32_t *sum = s->h;
    const uint32_t *w = s->words, *k = sha_k, *end;
    uint32_t a = sum[0], b = sum[1], c = sum[2], d = sum[3];
    uint32_t e = sum[4], f = sum[5], g = sum[6], h = sum[7];
    const bool fresh = sha_expand(hal, s->words, block);

    do {
        hal_poll(hal);
        for (end = k + 8; k < end; k += 2, w += 2) {
            uint32_t first, second;

            SHA_ROUND(a, b, c, d, e, f, g, h, 0);
            SHA_ROUND(h, a, b, c, d, e, f, g, 1);
            first = g;
            second = h;
            h = f;
            g = e;
            f = d;
            e = c;
            d = b;
            c = a;
            b = second;
            a = first;
        }
    } while (k < sha_k + 64);
    sum[0] += a;
    sum[1] += b;
    sum[2] += c;
    sum[3] += d;
    sum[4] += e;
    sum[5] += f;
    sum[6] += g;
    sum[7] += h;
    return fresh;
}

static void sha_start(struct stub_sha256 *c)
{
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

    memcpy(c->h, start, sizeof(start));
    memset(c->words, 0, sizeof(c->words)); /* what a block of zeros makes */
}

void stub_sha256_blocks(struct stub_sha256 *c, struct stub_hal *h, const uint8_t *data, size_t len,
                        bool first)
{
    if (first)
        sha_start(c);
    for (; len; data += 64, len -= 64) {
        if (sha_block(c, h, data))
            hal_spend(h, HAL_SHA, 64);
        else
            hal_spend(h, HAL_SHA_AGAIN, 64);
    }
}

/* Highest byte first. */
void stub_sha256_words(const struct stub_sha256 *c, uint8_t out[32])
{
    for (const uint32_t *word = c->h; word < c->h + 8; word++)
        for (int shift = 24; shift >= 0; shift -= 8)
            *out++ = (uint8_t)(*word >> shift);
}
