/* deflate.c - one sector as one raw deflate stream (RFC 1951).
 *
 * Hash chains over history and sector find matches, each is put off by a byte as
 * long as that gives a longer one. Then there is one block, in the code that makes
 * it shortest. Nothing is kept from call to call. */
#include <string.h>

#include "common/deflate.h"

enum {
    END_OF_BLOCK = 256,
    SHORTEST = 3,
    LONGEST = 258,
    DEPTH = 32, /* candidates looked at */
    GOOD = 16,  /* a match that is not put off */
    MATCH = 0x8000
};

/* ---- matches ---- */

static unsigned def_hash(const uint8_t *p)
{
    return ((unsigned)p[0] << 6 ^ (unsigned)p[1] << 3 ^ p[2]) & ((1u << STUB_HASH_BITS) - 1);
}

/* Put all positions before `to` into their chains. */
static void def_insert(struct stub_deflate *w, uint32_t to)
{
    for (; w->next < to && w->next + SHORTEST <= w->end; w->next++) {
        unsigned hash = def_hash(w->base + w->next);

        if (w->next % 16 == 0)
            hal_poll(w->h);
        w->prev[w->next % STUB_WINDOW] = w->head[hash];
        w->head[hash] = (uint16_t)(w->next + 1);
    }
}

/* The longest match at `at` that is longer than `best`: its length, or `best`. */
static unsigned def_find(struct stub_deflate *w, uint32_t at, unsigned best, unsigned *distance)
{
    const uint8_t *here = w->base + at;
    uint32_t limit = at > STUB_WINDOW ? at - STUB_WINDOW : 0;
    unsigned max = w->end - at < LONGEST ? w->end - at : LONGEST;
    unsigned from, depth = DEPTH;

    def_insert(w, at);
    if (max <= best || max < SHORTEST)
        return best;
    for (from = w->head[def_hash(here)]; from > limit && depth--;
         from = w->prev[(from - 1) % STUB_WINDOW]) {
        const uint8_t *there = w->base + from - 1;
        unsigned n = 0;

        if (there[best] != here[best] || there[best - 1] != here[best - 1])
            continue;
        while (n < max && there[n] == here[n])
            n++;
        if (n > best) {
            best = n;
            *distance = at - (from - 1);
            if (n == max)
                break;
        }
    }
    hal_poll(w->h);
    return best;
}

/* ---- tokens ---- */

/* Symbol of number v and, shifted by 8, how many extra bits it has; with every
 * 1 << log symbols there is one extra bit more. */
static unsigned def_symbol(unsigned v, unsigned log)
{
    unsigned extra = 0;

    while (v >= 2u << log) {
        v >>= 1;
        extra++;
    }
    return (extra << log) + v + (extra << 8);
}

static unsigned def_length_symbol(unsigned v)
{
    return v == LONGEST - SHORTEST ? 28 : def_symbol(v, 2);
}

static void def_count(struct stub_deflate *w, unsigned first, unsigned symbol)
{
    w->freq[first + symbol % 256]++;
    w->extra += symbol / 256;
}

static void def_literal(struct stub_deflate *w, uint32_t at)
{
    w->freq[w->base[at]]++;
    w->token[w->tokens++] = w->base[at];
}

static void def_match(struct stub_deflate *w, unsigned length, unsigned distance)
{
    length -= SHORTEST;
    distance--;
    def_count(w, END_OF_BLOCK + 1, def_length_symbol(length));
    def_count(w, STUB_DISTANCE_0, def_symbol(distance, 1));
    w->token[w->tokens++] = (uint16_t)(MATCH | length);
    w->token[w->tokens++] = (uint16_t)distance;
}

static void def_parse(struct stub_deflate *w, uint32_t at)
{
    while (at < w->end) {
        unsigned distance = 0, length = def_find(w, at, SHORTEST - 1, &distance);

        if (length < SHORTEST) {
            def_literal(w, at++);
            continue;
        }
        while (length < GOOD) {
            unsigned better = def_find(w, at + 1, length, &distance);

            if (better == length)
                break;
            def_literal(w, at++);
            length = better;
        }
        def_match(w, length, distance);
        at += length;
    }
    w->freq[END_OF_BLOCK]++;
}

/* ---- codes ---- */

/* Shell sort of the n keys. */
static void def_sort(struct stub_deflate *w, unsigned n)
{
    for (unsigned gap = 121; gap; gap /= 3)
        for (unsigned i = gap; i < n; i++) {
            uint32_t key = w->key[i];
            unsigned at = i;

            for (; at >= gap && w->key[at - gap] > key; at -= gap)
                w->key[at] = w->key[at - gap];
            w->key[at] = key;
            if (i % 8 == 0)
                hal_poll(w->h);
        }
}

/* Join the n leaves to a tree; returns its height. weight[] becomes the depth. */
static unsigned def_tree(struct stub_deflate *w, unsigned n)
{
    unsigned leaf = 0, inner = n, top;

    for (top = n; top < 2 * n - 1; top++) {
        w->weight[top] = 0;
        for (unsigned k = 0; k < 2; k++) {
            unsigned least = inner == top || (leaf < n && w->weight[leaf] <= w->weight[inner])
                                 ? leaf++
                                 : inner++;

            w->parent[least] = (uint16_t)top;
            w->weight[top] = (uint16_t)(w->weight[top] + w->weight[least]);
        }
        if (top % 8 == 0)
            hal_poll(w->h);
    }
    w->weight[--top] = 0;
    while (top--) {
        w->weight[top] = (uint16_t)(w->weight[w->parent[top]] + 1);
        if (top % 32 == 0)
            hal_poll(w->h);
    }
    return w->weight[0];
}

/* Lengths of the code for n symbols from `first` on, at most `limit` bits. Weights
 * are evened out until that is so. */
static void def_lengths(struct stub_deflate *w, unsigned first, unsigned n, unsigned limit)
{
    unsigned used = 0, shift = 0;

    for (unsigned i = 0; i < n; i++) {
        w->bits[first + i] = 0;
        if (w->freq[first + i])
            w->key[used++] = (uint32_t)w->freq[first + i] << 9 | i;
        if (i % 32 == 0)
            hal_poll(w->h);
    }
    if (used < 2) {
        if (used)
            w->bits[first + w->key[0] % 512] = 1;
        return;
    }
    def_sort(w, used);
    do {
        for (unsigned i = 0; i < used; i++)
            w->weight[i] = (uint16_t)((((w->key[i] >> 9) - 1) >> shift) + 1);
        shift++;
    } while (def_tree(w, used) > limit);
    for (unsigned i = 0; i < used; i++)
        w->bits[first + w->key[i] % 512] = (uint8_t)w->weight[i];
}

/* Codes of n symbols from `first` on, as they are sent: first bit lowest. */
static void def_codes(struct stub_deflate *w, unsigned first, unsigned n)
{
    uint16_t next[16] = {0};
    unsigned code = 0;

    for (unsigned i = first; i < first + n; i++)
        next[w->bits[i]]++;
    next[0] = 0;
    for (unsigned len = 0; len < 16; len++) {
        unsigned count = next[len];

        code <<= 1;
        next[len] = (uint16_t)code;
        code += count;
    }
    for (unsigned i = first; i < first + n; i++) {
        unsigned reversed = 0;

        code = next[w->bits[i]]++;
        for (unsigned k = w->bits[i]; k; k--) {
            reversed = reversed << 1 | (code & 1);
            code >>= 1;
        }
        w->code[i] = (uint16_t)reversed;
        if (i % 8 == 0)
            hal_poll(w->h);
    }
}

/* Bits that the symbols first to end take. */
static uint32_t def_cost(struct stub_deflate *w, unsigned first, unsigned end)
{
    uint32_t sum = 0;

    for (unsigned i = first; i < end; i++) {
        if (i % 32 == 0)
            hal_poll(w->h);
        sum += (uint32_t)w->freq[i] * w->bits[i];
    }
    return sum;
}

static void def_fixed(struct stub_deflate *w)
{
    for (unsigned i = 0; i < STUB_RUN_0; i++)
        w->bits[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : i < STUB_LENGTHS ? 8 : 5;
}

/* ---- block ---- */

static void def_put(struct stub_deflate *w, unsigned value, unsigned n)
{
    w->acc |= value << w->held;
    w->held += n;
    while (w->held >= 8) {
        *w->out++ = (uint8_t)w->acc;
        w->acc >>= 8;
        w->held -= 8;
    }
}

static void def_put_symbol(struct stub_deflate *w, unsigned symbol)
{
    def_put(w, w->code[symbol], w->bits[symbol]);
}

/* Symbol and extra bits of a number, see def_symbol(). */
static void def_put_number(struct stub_deflate *w, unsigned first, unsigned symbol, unsigned v)
{
    unsigned extra = symbol >> 8;

    def_put_symbol(w, first + (symbol & 255));
    def_put(w, v & ((1u << extra) - 1), extra);
}

static void def_put_tokens(struct stub_deflate *w)
{
    for (unsigned i = 0; i < w->tokens; i++) {
        unsigned token = w->token[i];

        if (i % 8 == 0)
            hal_poll(w->h);
        if (token < MATCH) {
            def_put_symbol(w, token);
            continue;
        }
        token -= MATCH;
        def_put_number(w, END_OF_BLOCK + 1, def_length_symbol(token), token);
        token = w->token[++i];
        def_put_number(w, STUB_DISTANCE_0, def_symbol(token, 1), token);
    }
    def_put_symbol(w, END_OF_BLOCK);
}

static const uint8_t def_order[STUB_RUNS] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                             11, 4,  12, 3, 13, 2, 14, 1, 15};

static unsigned def_used(const struct stub_deflate *w, unsigned first, unsigned n, unsigned least)
{
    while (n > least && !w->bits[first + n - 1])
        n--;
    return n;
}

/* One symbol of the coded lengths. */
static void def_run(struct stub_deflate *w, unsigned symbol, unsigned value, unsigned extra)
{
    w->freq[STUB_RUN_0 + symbol]++;
    w->run_extra += extra;
    w->run[w->runs++] = (uint16_t)(symbol | value << 8);
}

/* `times` codes of `length` bits, run-length coded. */
static void def_repeat(struct stub_deflate *w, unsigned length, unsigned times)
{
    if (length) {
        def_run(w, length, 0, 0);
        times--;
    }
    while (times >= 3) {
        unsigned most = length ? 6 : times < 11 ? 10 : 138, n = times < most ? times : most;

        if (length)
            def_run(w, 16, n - 3, 2);
        else if (n < 11)
            def_run(w, 17, n - 3, 3);
        else
            def_run(w, 18, n - 11, 7);
        times -= n;
    }
    while (times--)
        def_run(w, length, 0, 0);
}

static unsigned def_bits_at(const struct stub_deflate *w, unsigned i, unsigned lengths)
{
    return w->bits[i < lengths ? i : i - lengths + STUB_DISTANCE_0];
}

static void def_runs(struct stub_deflate *w, unsigned lengths, unsigned n)
{
    for (unsigned i = 0, next; i < n; i = next) {
        unsigned length = def_bits_at(w, i, lengths);

        for (next = i + 1; next < n && def_bits_at(w, next, lengths) == length; next++)
            ;
        def_repeat(w, length, next - i);
        hal_poll(w->h);
    }
}

static void def_put_head(struct stub_deflate *w, unsigned lengths, unsigned distances,
                         unsigned order)
{
    def_put(w, lengths - 257, 5);
    def_put(w, distances - 1, 5);
    def_put(w, order - 4, 4);
    for (unsigned i = 0; i < order; i++)
        def_put(w, w->bits[STUB_RUN_0 + def_order[i]], 3);
    for (unsigned i = 0; i < w->runs; i++) {
        unsigned run = w->run[i], symbol = run & 255;

        def_put_symbol(w, STUB_RUN_0 + symbol);
        def_put(w, run >> 8, symbol < 16 ? 0 : symbol == 16 ? 2 : symbol == 17 ? 3 : 7);
        if (i % 8 == 0)
            hal_poll(w->h);
    }
}

static void def_start(struct stub_deflate *w, struct stub_hal *h, const uint8_t *in, size_t len,
                      size_t history, uint8_t *out)
{
    w->h = h;
    w->base = in - history;
    w->next = 0;
    w->end = (uint32_t)(history + len);
    w->out = out;
    w->acc = w->held = w->extra = w->tokens = w->runs = w->run_extra = 0;
    for (unsigned i = 0; i < 1u << STUB_HASH_BITS; i++) {
        if (i % 64 == 0)
            hal_poll(h);
        w->head[i] = 0;
    }
    for (unsigned i = 0; i < STUB_SYMBOLS; i++) {
        if (i % 64 == 0)
            hal_poll(h);
        w->freq[i] = 0;
    }
}

size_t stub_deflate(struct stub_deflate *w, struct stub_hal *h, const uint8_t *in, size_t len,
                    size_t history, uint8_t *out, size_t cap)
{
    unsigned lengths, distances, order = STUB_RUNS, kind = 2;
    uint32_t fixed, dynamic;

    hal_spend(h, HAL_DEFLATE, (uint32_t)len);
    def_start(w, h, in, len, history, out);
    def_parse(w, (uint32_t)history);

    def_fixed(w);
    fixed = 3 + w->extra + def_cost(w, 0, STUB_RUN_0);
    def_lengths(w, 0, STUB_LENGTHS, 15);
    def_lengths(w, STUB_DISTANCE_0, STUB_DISTANCES, 15);
    lengths = def_used(w, 0, STUB_LENGTHS, 257);
    distances = def_used(w, STUB_DISTANCE_0, STUB_DISTANCES, 1);
    def_runs(w, lengths, lengths + distances);
    def_lengths(w, STUB_RUN_0, STUB_RUNS, 7);
    while (order > 4 && !w->bits[STUB_RUN_0 + def_order[order - 1]])
        order--;
    dynamic = 3 + 14 + 3 * order + w->run_extra + w->extra + def_cost(w, 0, STUB_SYMBOLS);
    if (fixed <= dynamic) {
        kind = 1;
        dynamic = fixed;
        def_fixed(w);
    }
    if ((dynamic + 7) / 8 >= len + 5) {
        if (len + 5 > cap)
            return 0;
        def_put(w, 1, 8);
        def_put(w, (unsigned)len, 16);
        def_put(w, (unsigned)~len & 0xffff, 16);
        for (size_t i = 0; i < len; i++) {
            if (i % 32 == 0)
                hal_poll(h);
            *w->out++ = in[i];
        }
        return len + 5;
    }
    if ((dynamic + 7) / 8 > cap)
        return 0;
    def_codes(w, 0, STUB_LENGTHS);
    def_codes(w, STUB_DISTANCE_0, STUB_DISTANCES);
    def_codes(w, STUB_RUN_0, STUB_RUNS);
    def_put(w, 1 | kind << 1, 3);
    if (kind == 2)
        def_put_head(w, lengths, distances, order);
    def_put_tokens(w);
    if (w->held)
        def_put(w, 0, 8 - w->held);
    return (size_t)(w->out - out);
}
