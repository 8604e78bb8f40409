/* inflate.c - raw deflate (RFC 1951) back into a sector. Takes and refuses what
 * zlib does, but for distances: no farther than STUB_WINDOW. */
#include <string.h>

#include "common/codec.h"

enum { BLOCK_END = 256, LENGTHS = 286, DISTANCES = 30, INVALID = 0xfff };

static void inf_fill(struct stub_inflate *w)
{
    while (w->have <= 24 && w->in < w->end) {
        w->hold |= (uint32_t)*w->in++ << w->have;
        w->have += 8;
    }
}

/* The next n <= 16 bits. Behind the end they are 0 and w->have gets negative; who
 * reads in a loop looks at that. */
static unsigned inf_bits(struct stub_inflate *w, unsigned n)
{
    unsigned v;

    inf_fill(w);
    v = w->hold & ((1u << n) - 1);
    w->hold >>= n;
    w->have -= (int32_t)n;
    return v;
}

/* Give the place of *code, which is bit-reversed, to `entry`, and go to the next
 * code of `len` bits. */
static void inf_assign(struct stub_codes *c, unsigned *code, unsigned len, unsigned entry)
{
    unsigned bit = 1u << len >> 1;

    for (unsigned i = *code; i < 1u << STUB_FAST_BITS; i += 1u << len)
        c->fast[i] = (uint16_t)entry;
    while (*code & bit) {
        *code ^= bit;
        bit >>= 1;
    }
    *code |= bit;
}

/* fast[]: symbol << 4 | length for the short codes. The others begin with the rest
 * of the places, which hold their number << 4 instead. */
static void inf_tabulate(struct stub_inflate *w, struct stub_codes *c, unsigned rest)
{
    unsigned code = 0, at = 0;

    for (unsigned len = 1; len <= STUB_FAST_BITS; len++)
        for (unsigned n = c->count[len]; n; n--) {
            if (at % 8 == 0)
                hal_poll(w->h);
            inf_assign(c, &code, len, (unsigned)c->symbol[at++] << 4 | len);
        }
    c->first_long = (uint16_t)at;
    for (unsigned i = 0; i < rest; i++) {
        if (i % 16 == 0)
            hal_poll(w->h);
        inf_assign(c, &code, STUB_FAST_BITS, i << 4);
    }
}

/* Make a code of the lengths of n symbols. It must be complete; as in zlib one
 * code of one bit, or none at all, is let pass if `lax`. */
static bool inf_make(struct stub_inflate *w, struct stub_codes *c, const uint8_t *length,
                     unsigned n, bool lax)
{
    uint16_t at[16] = {0};
    int32_t left = 1, rest = 0;

    memset(c->count, 0, sizeof(c->count));
    for (unsigned i = 0; i < n; i++) {
        if (i % 32 == 0)
            hal_poll(w->h);
        c->count[length[i]]++;
    }
    for (unsigned len = 1; len < 16; len++) {
        left = 2 * left - c->count[len];
        if (left < 0)
            return false;
        if (len < 15)
            at[len + 1] = at[len] + c->count[len];
        if (len == STUB_FAST_BITS)
            rest = left;
    }
    if (left) {
        if (!lax || c->count[0] + c->count[1] != n || c->count[1] > 1)
            return false;
        /* What stands for nothing stands for an invalid symbol. */
        c->symbol[0] = c->symbol[1] = INVALID;
        c->count[1] = 2;
        rest = 0;
    }
    for (unsigned i = 0; i < n; i++) {
        if (i % 32 == 0)
            hal_poll(w->h);
        if (length[i])
            c->symbol[at[length[i]]++] = (uint16_t)i;
    }
    inf_tabulate(w, c, (unsigned)rest);
    return true;
}

static unsigned inf_symbol(struct stub_inflate *w, const struct stub_codes *c)
{
    unsigned entry, len, symbol;

    inf_fill(w);
    entry = c->fast[w->hold & ((1u << STUB_FAST_BITS) - 1)];
    symbol = entry >> 4;
    len = entry & 15;
    if (!len) {
        unsigned at = c->first_long;

        /* `symbol` is how far this code is behind the first one of its length. */
        for (len = STUB_FAST_BITS;;) {
            symbol = symbol << 1 | (w->hold >> len & 1);
            len++;
            if (symbol < c->count[len])
                break;
            symbol -= c->count[len];
            at += c->count[len];
        }
        symbol = c->symbol[at + symbol];
    }
    w->hold >>= len;
    w->have -= (int32_t)len;
    return symbol;
}

/* The number that symbol `s` and the extra bits behind it stand for; with every
 * 1 << log symbols there is one extra bit more. */
static unsigned inf_number(struct stub_inflate *w, unsigned s, unsigned log)
{
    unsigned extra = (s >> log) - 1;

    if (s < 2u << log)
        return s;
    return (((s & ((1u << log) - 1)) | 1u << log) << extra) + inf_bits(w, extra);
}

/* Copy n bytes from `from` to the output. */
static bool inf_copy(struct stub_inflate *w, const uint8_t *from, unsigned n)
{
    if (n > (size_t)(w->out_end - w->out))
        return false;
    while (n) {
        unsigned part = n < 64 ? n : 64;

        n -= part;
        while (part--)
            *w->out++ = *from++;
        hal_poll(w->h);
    }
    return true;
}

static bool inf_match(struct stub_inflate *w, unsigned symbol)
{
    unsigned len = symbol == LENGTHS - 1 ? 258 : 3 + inf_number(w, symbol - BLOCK_END - 1, 2);
    unsigned distance = inf_symbol(w, &w->code[1]);

    if (distance >= DISTANCES)
        return false;
    distance = 1 + inf_number(w, distance, 1);
    if (distance > STUB_WINDOW || distance > (size_t)(w->out - w->oldest))
        return false;
    return inf_copy(w, w->out - distance, len);
}

/* The symbols of a block. */
static bool inf_block(struct stub_inflate *w)
{
    for (unsigned turn = 0; w->have >= 0; turn++) {
        unsigned symbol = inf_symbol(w, &w->code[0]);

        if (turn % 16 == 0)
            hal_poll(w->h);
        if (symbol == BLOCK_END)
            return true;
        if (symbol < BLOCK_END) {
            if (w->out == w->out_end)
                return false;
            *w->out++ = (uint8_t)symbol;
        } else if (symbol >= LENGTHS || !inf_match(w, symbol)) {
            return false;
        }
    }
    return false;
}

static bool inf_stored(struct stub_inflate *w)
{
    const uint8_t *from;
    unsigned len;

    inf_bits(w, (unsigned)w->have & 7);
    len = inf_bits(w, 16);
    if ((len ^ inf_bits(w, 16)) != 0xffff || w->have < 0)
        return false;
    from = w->in - w->have / 8;
    if (len > (size_t)(w->end - from))
        return false;
    w->hold = 0;
    w->have = 0;
    w->in = from + len;
    return inf_copy(w, from, len);
}

static bool inf_fixed(struct stub_inflate *w)
{
    for (unsigned i = 0; i < 288; i++) {
        if (i % 64 == 0)
            hal_poll(w->h);
        w->length[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    }
    memset(w->length + 288, 5, 32);
    return inf_make(w, &w->code[0], w->length, 288, false) &&
           inf_make(w, &w->code[1], w->length + 288, 32, false);
}

/* The lengths of n symbols, run-length coded and then in code[0]. */
static bool inf_lengths(struct stub_inflate *w, unsigned n)
{
    for (unsigned i = 0; i < n;) {
        unsigned symbol = inf_symbol(w, &w->code[0]), times = 1;
        uint8_t length = 0;

        hal_poll(w->h);
        if (w->have < 0)
            return false;
        if (symbol < 16) {
            length = (uint8_t)symbol;
        } else if (symbol == 16) {
            if (!i)
                return false;
            length = w->length[i - 1];
            times = 3 + inf_bits(w, 2);
        } else {
            times = symbol == 17 ? 3 + inf_bits(w, 3) : 11 + inf_bits(w, 7);
        }
        if (times > n - i)
            return false;
        while (times--)
            w->length[i++] = length;
    }
    return true;
}

static bool inf_dynamic(struct stub_inflate *w)
{
    static const uint8_t order[19] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                      11, 4,  12, 3, 13, 2, 14, 1, 15};
    unsigned lengths = 257 + inf_bits(w, 5), distances = 1 + inf_bits(w, 5);
    unsigned n = 4 + inf_bits(w, 4);

    if (lengths > LENGTHS || distances > DISTANCES)
        return false;
    memset(w->length, 0, 19);
    for (unsigned i = 0; i < n; i++)
        w->length[order[i]] = (uint8_t)inf_bits(w, 3);
    return inf_make(w, &w->code[0], w->length, 19, false) && inf_lengths(w, lengths + distances) &&
           w->length[BLOCK_END] && inf_make(w, &w->code[0], w->length, lengths, true) &&
           inf_make(w, &w->code[1], w->length + lengths, distances, true);
}

bool stub_inflate(struct stub_inflate *w, struct stub_hal *h, const uint8_t *in, size_t len,
                  uint8_t *out, size_t out_len, size_t history)
{
    bool last;

    hal_spend(h, HAL_INFLATE, (uint32_t)out_len);
    w->h = h;
    w->in = in;
    w->end = in + len;
    w->hold = 0;
    w->have = 0;
    w->out = out;
    w->out_end = out + out_len;
    w->oldest = out - history;
    do {
        unsigned kind;
        bool ok;

        last = inf_bits(w, 1);
        kind = inf_bits(w, 2);
        if (kind == 0)
            ok = inf_stored(w);
        else if (kind == 1)
            ok = inf_fixed(w) && inf_block(w);
        else
            ok = kind == 2 && inf_dynamic(w) && inf_block(w);
        if (!ok || w->have < 0)
            return false;
    } while (!last);
    return w->out == w->out_end && w->in - w->have / 8 == w->end;
}
