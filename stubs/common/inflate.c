/* inflate.c - raw deflate (RFC 1951) back into a sector. Takes and refuses what
 * zlib does, but for distances: no farther than STUB_WINDOW. */
#include <string.h>

#include "common/codec.h"

enum { BLOCK_END = 256, LENGTHS = 286, DISTANCES = 30, INVALID = 0xffff };

/* `units` of some forty instructions were done. */
static void inf_tick(struct stub_inflate *w, unsigned units)
{
    w->turn += units;
    if (w->turn < 9)
        return;
    w->turn = 0;
    hal_poll(w->h);
}

/* ---- bits ---- */

/* Read ahead: 25 bits and more, unless the end is near. */
static void inf_fill(struct stub_inflate *w)
{
    while (w->have <= 24 && w->in < w->end) {
        w->hold |= (uint32_t)*w->in++ << w->have;
        w->have += 8;
    }
}

/* The next n of the bits read ahead. Behind the end they are 0 and w->have gets
 * negative; who reads in a loop looks at that. */
static unsigned inf_take(struct stub_inflate *w, unsigned n)
{
    unsigned v = w->hold & ((1u << n) - 1);

    w->hold >>= n;
    w->have -= (int32_t)n;
    return v;
}

static unsigned inf_bits(struct stub_inflate *w, unsigned n)
{
    inf_fill(w);
    return inf_take(w, n);
}

/* ---- codes ---- */

/* Give `entry` to all places of fast[] that begin, lowest bit first, with *code;
 * go to the next code of `len` bits. */
static void inf_enter(struct stub_inflate *w, struct stub_codes *c, unsigned *code, unsigned len,
                      unsigned entry)
{
    unsigned bit = 1u << len >> 1, next = *code;

    inf_tick(w, 2 + (32 >> len));
    for (unsigned i = next; i < 1u << STUB_FAST_BITS; i += 1u << len)
        c->fast[i] = (uint16_t)entry;
    for (; next & bit; bit >>= 1)
        next ^= bit;
    *code = next | bit;
}

/* Make a code of the lengths of n symbols. True: it is complete, or as far as zlib
 * lets that pass: one code of one bit, or none at all, where `lax`. */
static bool inf_make(struct stub_inflate *w, struct stub_codes *c, const uint8_t *length,
                     unsigned n, bool lax)
{
    uint16_t place[16];
    unsigned code = 0, at = 0;
    int32_t left = 1;

    memset(c->count, 0, sizeof(c->count));
    for (unsigned i = 0; i < n; i++) {
        inf_tick(w, 1);
        c->count[length[i]]++;
    }
    for (unsigned len = 1; len < 16; len++) {
        unsigned count = c->count[len], places = count;

        left = 2 * left - (int32_t)count;
        if (left < 0)
            return false;
        place[len] = (uint16_t)at;
        if (len == STUB_FAST_BITS) {
            c->first_long = (uint16_t)(at + count);
            places += (unsigned)left;
        }
        for (unsigned i = 0; len <= STUB_FAST_BITS && i < places; i++)
            inf_enter(w, c, &code, len, i < count ? (at + i) << 4 | len : (i - count) << 4);
        at += count;
    }
    if (left && (!lax || at > 1 || c->count[1] != at))
        return false;
    for (unsigned i = 0; i < n; i++) {
        inf_tick(w, 1);
        if (length[i])
            c->symbol[place[length[i]]++] = (uint16_t)i;
    }
    return true;
}

static unsigned inf_symbol(struct stub_inflate *w, const struct stub_codes *c)
{
    unsigned entry, len;

    inf_tick(w, 1);
    inf_fill(w);
    entry = c->fast[w->hold % (1u << STUB_FAST_BITS)];
    len = entry & 15;
    entry >>= 4;
    if (!len) {
        unsigned at = c->first_long, count = 0;

        /* `entry` is how far the code is behind the first one of its length. */
        for (len = STUB_FAST_BITS; entry >= count;) {
            if (len == 15)
                return INVALID;
            entry = (entry - count) << 1 | (w->hold >> len & 1);
            at += count;
            count = c->count[++len];
        }
        entry += at;
    }
    w->hold >>= len;
    w->have -= (int32_t)len;
    return c->symbol[entry];
}

/* ---- blocks ---- */

/* The number that symbol s and the extra bits behind it stand for: with every
 * 1 << log symbols there is one extra bit more. */
static unsigned inf_number(struct stub_inflate *w, unsigned s, unsigned log)
{
    unsigned extra = (s >> log) - 1;

    if (s < 2u << log)
        return s;
    return ((s - (extra << log)) << extra) + inf_take(w, extra);
}

/* Copy n bytes from `from` to the output. */
static bool inf_copy(struct stub_inflate *w, const uint8_t *from, unsigned n)
{
    uint8_t *out = w->out;

    if (n > (size_t)(w->out_end - out))
        return false;
    w->out += n;
    while (n) {
        unsigned part = n < 64 ? n : 64;

        n -= part;
        inf_tick(w, 3 + part / 8);
        while (part--)
            *out++ = *from++;
    }
    return true;
}

static bool inf_match(struct stub_inflate *w, unsigned symbol)
{
    unsigned length = 258, distance;

    if (symbol < LENGTHS - 1)
        length = 3 + inf_number(w, symbol - (BLOCK_END + 1), 2);
    distance = inf_symbol(w, &w->code[1]);
    if (symbol >= LENGTHS || distance >= DISTANCES)
        return false;
    /* All extra bits were read ahead, but for distances that are too far anyway. */
    distance = 1 + inf_number(w, distance, 1);
    return distance <= STUB_WINDOW && distance <= (size_t)(w->out - w->oldest) &&
           inf_copy(w, w->out - distance, length);
}

/* The literals that come next, as far as their codes are short: most of all symbols. */
static void inf_literals(struct stub_inflate *w)
{
    const struct stub_codes *c = &w->code[0];
    uint32_t hold = w->hold;
    int32_t have = w->have;
    const uint8_t *in = w->in;
    uint8_t *out = w->out;

    for (;;) {
        unsigned entry = c->fast[hold % (1u << STUB_FAST_BITS)], symbol = c->symbol[entry >> 4];
        int32_t len = entry & 15;

        if (!len || len > have || symbol >= BLOCK_END || out == w->out_end)
            break;
        *out++ = (uint8_t)symbol;
        hold >>= len;
        have -= len;
        if (have < 15 && in != w->end) {
            hold |= (uint32_t)*in++ << have;
            have += 8;
        }
        if ((uintptr_t)out % 16 == 0)
            hal_poll(w->h);
    }
    w->turn += (uint32_t)(out - w->out);
    w->hold = hold;
    w->have = have;
    w->in = in;
    w->out = out;
}

/* The symbols of a block. */
static bool inf_block(struct stub_inflate *w)
{
    for (;;) {
        unsigned symbol;

        inf_literals(w);
        symbol = inf_symbol(w, &w->code[0]);
        if (w->have < 0)
            return false;
        if (symbol < BLOCK_END) {
            if (w->out == w->out_end)
                return false;
            *w->out++ = (uint8_t)symbol;
        } else if (symbol == BLOCK_END) {
            return true;
        } else if (!inf_match(w, symbol)) {
            return false;
        }
    }
}

static bool inf_stored(struct stub_inflate *w)
{
    const uint8_t *in = w->in - w->have / 8; /* the rest of a byte is skipped */
    unsigned length;

    if (w->end - in < 4)
        return false;
    length = in[0] | (unsigned)in[1] << 8;
    in += 4;
    if ((length ^ in[-2] ^ (unsigned)in[-1] << 8) != 0xffff || length > (size_t)(w->end - in))
        return false;
    w->hold = 0;
    w->have = 0;
    w->in = in + length;
    return inf_copy(w, in, length);
}

/* The lengths of n symbols, run-length coded and then in code[0]. */
static bool inf_lengths(struct stub_inflate *w, unsigned n)
{
    for (unsigned i = 0; i < n;) {
        unsigned symbol = inf_symbol(w, &w->code[0]), times = 1, length = symbol;

        if (w->have < 0 || symbol == INVALID)
            return false;
        if (symbol >= 16) {
            length = 0;
            if (symbol == 16) {
                if (!i)
                    return false;
                length = w->length[i - 1];
            }
            times = symbol < 18 ? 3 + inf_take(w, symbol - 14) : 11 + inf_take(w, 7);
        }
        if (times > n - i)
            return false;
        inf_tick(w, times / 8);
        while (times--)
            w->length[i++] = (uint8_t)length;
    }
    return true;
}

const uint8_t stub_length_order[19] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                       11, 4,  12, 3, 13, 2, 14, 1, 15};

void stub_fixed_lengths(struct stub_hal *h, uint8_t *length)
{
    static const uint8_t runs[][2] = {{144, 8}, {112, 9}, {24, 7}, {8, 8}, {32, 5}};

    for (unsigned i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        memset(length, runs[i][1], runs[i][0]);
        length += runs[i][0];
        hal_poll(h);
    }
}

/* The two codes of a dynamic block, or of a fixed one. */
static bool inf_codes(struct stub_inflate *w, bool dynamic)
{
    unsigned lengths = 288, distances = 32;

    if (dynamic) {
        unsigned n;

        lengths = 257 + inf_bits(w, 5);
        distances = 1 + inf_take(w, 5);
        n = 4 + inf_take(w, 4);
        if (lengths > LENGTHS || distances > DISTANCES)
            return false;
        memset(w->length, 0, sizeof(stub_length_order));
        for (unsigned i = 0; i < n; i++) {
            inf_tick(w, 1);
            w->length[stub_length_order[i]] = (uint8_t)inf_bits(w, 3);
        }
        if (!inf_make(w, &w->code[0], w->length, sizeof(stub_length_order), false) ||
            !inf_lengths(w, lengths + distances) || !w->length[BLOCK_END])
            return false;
    } else {
        stub_fixed_lengths(w->h, w->length);
    }
    return inf_make(w, &w->code[0], w->length, lengths, true) &&
           inf_make(w, &w->code[1], w->length + lengths, distances, true);
}

bool stub_inflate(struct stub_inflate *w, struct stub_hal *h, const uint8_t *in, size_t len,
                  uint8_t *out, size_t out_len, size_t history)
{
    unsigned head;

    hal_spend(h, HAL_INFLATE, (uint32_t)out_len);
    w->h = h;
    w->turn = 0;
    w->in = in;
    w->end = in + len;
    w->hold = 0;
    w->have = 0;
    w->out = out;
    w->out_end = out + out_len;
    w->oldest = out - history;
    do {
        head = inf_bits(w, 3); /* bit 0: the last one */
        if (w->have < 0 || head >= 6)
            return false;
        if (head < 2 ? !inf_stored(w) : !inf_codes(w, head >= 4) || !inf_block(w))
            return false;
    } while (!(head & 1));
    return w->have >= 0 && w->out == w->out_end && w->in - w->have / 8 == w->end;
}
