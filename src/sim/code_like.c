/* code_like.c - see code_like.h. */
#include "sim/code_like.h"

#include "core/bytes.h"

#define STOCK 256u

/* Early entries of the stock come more often, as few opcodes make up most code. */
static uint16_t pick(struct rng *r, const uint16_t stock[STOCK])
{
    const uint32_t a = rng_below(r, STOCK), b = rng_below(r, STOCK), c = rng_below(r, STOCK);
    const uint32_t low = a < b ? a : b;

    return stock[low < c ? low : c];
}

void code_like(struct rng *r, unsigned percent, uint8_t *out, size_t len)
{
    /* Measured: so many sequences in a hundred steps make so much. */
    const uint32_t repeats = percent < 70 ? 6 + (70 - percent) * 9 / 10 : 6;
    uint16_t stock[STOCK];
    size_t at = 0;

    for (size_t i = 0; i < STOCK; i++)
        stock[i] = (uint16_t)rng_u32(r);
    while (at + 2 <= len) {
        const uint32_t what = rng_below(r, 100);

        if (at > 64 && what < repeats) {
            const size_t back = 2 + 2 * rng_below(r, at < 2048 ? (uint32_t)at / 2 - 1 : 1023);
            size_t n = 4 + 2 * rng_below(r, 7);

            for (; n && at + 1 < len; n -= 2, at += 2) {
                out[at] = out[at - back];
                out[at + 1] = out[at + 1 - back];
            }
            continue;
        }
        put_le16(out + at, what > 95 ? (uint16_t)rng_u32(r) : pick(r, stock));
        at += 2;
    }
    if (at < len)
        out[at] = 0;
}
