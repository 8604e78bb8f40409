/* deflate.c - one sector as one raw deflate stream (RFC 1951).
 *
 * Hash chains over history and sector find the matches; each is put off by a byte as
 * long as that gives a longer one. All of it becomes one block, in the code that
 * makes it shortest. Nothing is kept from call to call. */
#include "common/deflate.h"

enum {
    END_OF_BLOCK = 256,
    SHORTEST = 3,
    LONGEST = 258,
    DEPTH = 8, /* candidates looked at */
    GOOD = 16, /* a match that is not put off */
    MATCH = 0x8000,
    NONE = 0xffff /* before any position of the sector and history */
};

/* `units` of some forty instructions were done. */
static void def_tick(struct stub_deflate *w, unsigned units)
{
    w->turn += units;
    if (w->turn < 8)
        return;
    w->turn = 0;
    hal_poll(w->h);
}

/* ---- what is sent: counted first, then written ---- */

static void def_put(struct stub_deflate *w, unsigned value, unsigned n)
{
    uint32_t acc = w->acc | (uint32_t)value << w->held, held = w->held + n;

    for (; held >= 8; held -= 8) {
        *w->out++ = (uint8_t)acc;
        acc >>= 8;
    }
    w->acc = acc;
    w->held = held;
}

/* One symbol, and `value` in `extra` bits; together at most 25. */
static void def_send(struct stub_deflate *w, unsigned symbol, unsigned value, unsigned extra)
{
    if (w->writing) {
        def_put(w, w->code[symbol] | value << w->bits[symbol], w->bits[symbol] + extra);
    } else {
        w->freq[symbol]++;
        w->extra += extra;
    }
}

/* A number: with every 1 << log symbols there is one extra bit more. */
static void def_number(struct stub_deflate *w, unsigned first, unsigned value, unsigned log)
{
    unsigned extra = 0, top = value;

    while (top >= 2u << log) {
        top >>= 1;
        extra++;
    }
    def_send(w, first + (extra << log) + top, value & ((1u << extra) - 1), extra);
}

/* A match: length - 3, distance - 1. */
static void def_match(struct stub_deflate *w, unsigned length, unsigned distance)
{
    if (length == LONGEST - SHORTEST)
        def_send(w, END_OF_BLOCK + 29, 0, 0);
    else
        def_number(w, END_OF_BLOCK + 1, length, 2);
    def_number(w, STUB_DISTANCE_0, distance, 1);
}

/* ---- matches ---- */

/* Put all positions before `to` into their chains. */
static void def_insert(struct stub_deflate *w, uint32_t to)
{
    const uint8_t *p = w->base + w->next;
    uint16_t *head = w->head, *prev = w->prev;
    uint32_t at = w->next;
    uint32_t three = (uint32_t)p[0] << 8 | p[1];

    if (to > w->end - (SHORTEST - 1))
        to = w->end - (SHORTEST - 1);
    if (at >= to)
        return;
    do {
        unsigned hash;

        three = three << 8 | p[2];
        hash = (three << 8) * 0x9e3779b1u >> (32 - STUB_HASH_BITS);
        p++;
        prev[at % STUB_WINDOW] = head[hash];
        head[hash] = (uint16_t)at;
        if (++at % 32 == 0)
            hal_poll(w->h);
    } while (at < to);
    w->next = at;
}

/* How many of `max` bytes, not none, are the same. */
static unsigned def_same(struct stub_deflate *w, const uint8_t *a, const uint8_t *b, unsigned max)
{
    unsigned n = 0, stop;

    do {
        stop = max - n < 32 ? max : n + 32;
        do {
            if (a[n] != b[n])
                break;
        } while (++n < stop);
        def_tick(w, n == stop ? 8 : 1 + n % 32 / 4);
    } while (n == stop && n < max);
    return n;
}

/* The longest match at `at` that is longer than `best`: its length, or `best`. */
static unsigned def_find(struct stub_deflate *w, uint32_t at, unsigned best, unsigned *distance)
{
    const uint8_t *here = w->base + at, *tail = w->base + best;
    const uint16_t *prev = w->prev;
    unsigned max = w->end - at < LONGEST ? w->end - at : LONGEST;
    unsigned depth = DEPTH, last;

    if (max <= best)
        return best;
    last = here[best];
    def_insert(w, at + 1);
    /* What is a whole window back has lost its place in prev[] to `at` itself. */
    for (uint32_t from = at; at - (from = prev[from % STUB_WINDOW]) < STUB_WINDOW;) {
        if (tail[from] == last) {
            unsigned n = def_same(w, w->base + from, here, max);

            if (n > best) {
                best = n;
                *distance = at - from;
                if (n == max)
                    break;
                tail = w->base + n;
                last = here[n];
            }
        }
        if (!--depth)
            break;
    }
    def_tick(w, 1 + (DEPTH - depth) / 2);
    return best;
}

/* Make and count the tokens of the sector, which begins at `at`. */
static void def_parse(struct stub_deflate *w, uint32_t at)
{
    uint16_t *token = w->token;
    unsigned best = SHORTEST - 1, distance = 0; /* of the match at at - 1 that is put off */

    while (at < w->end) {
        unsigned length = def_find(w, at, best, &distance);

        if (length > best) {
            if (best >= SHORTEST)
                w->freq[ *token++ = w->base[at - 1]]++;
            best = length;
            at++;
            if (length < GOOD)
                continue;
        } else if (best < SHORTEST) {
            w->freq[ *token++ = w->base[at++]]++;
            continue;
        }
        def_match(w, best - SHORTEST, distance - 1);
        *token++ = (uint16_t)(MATCH | (best - SHORTEST));
        *token++ = (uint16_t)(distance - 1);
        at += best - 1;
        best = SHORTEST - 1;
    }
    w->tokens = (uint32_t)(token - w->token);
}

static void def_tokens(struct stub_deflate *w)
{
    const uint16_t *token = w->token, *end = token + w->tokens;
    unsigned turn = 0;

    while (token < end) {
        unsigned symbol = *token++;

        if (++turn % 8 == 0)
            hal_poll(w->h);
        if (symbol < MATCH)
            def_put(w, w->code[symbol], w->bits[symbol]);
        else
            def_match(w, symbol - MATCH, *token++);
    }
    def_send(w, END_OF_BLOCK, 0, 0);
}

/* ---- lengths of the codes ---- */

/* `times` codes of `length` bits. */
static void def_repeat(struct stub_deflate *w, unsigned length, unsigned times)
{
    unsigned symbol = STUB_RUN_0 + 16, least = 3, most = 6, extra = 2;

    if (length) {
        def_send(w, STUB_RUN_0 + length, 0, 0);
        times--;
    } else if (times < 11) {
        symbol += 1;
        most = 10;
        extra = 3;
    } else {
        symbol += 2;
        least = 11;
        most = 138;
        extra = 7;
    }
    while (times >= least) {
        unsigned n = times < most ? times : most;

        def_send(w, symbol, n - least, extra);
        times -= n;
    }
    while (times--)
        def_send(w, STUB_RUN_0 + length, 0, 0);
}

/* The lengths of the two codes. */
static void def_runs(struct stub_deflate *w)
{
    unsigned length = 0, times = 0;

    for (unsigned i = 0; i < w->lengths + w->distances; i++) {
        unsigned bits = w->bits[i < w->lengths ? i : i - w->lengths + STUB_DISTANCE_0];

        def_tick(w, 1);
        if (times && bits != length) {
            def_repeat(w, length, times);
            times = 0;
        }
        length = bits;
        times++;
    }
    def_repeat(w, length, times);
}

/* ---- codes ---- */

/* Shell sort. */
static void def_sort(struct stub_deflate *w, uint32_t *key, unsigned n)
{
    for (unsigned gap = 64; gap; gap /= 4)
        for (unsigned i = gap; i < n; i++) {
            uint32_t last = key[i];
            unsigned at = i, moves = 4;

            for (; at >= gap && key[at - gap] > last; at -= gap, moves++)
                key[at] = key[at - gap];
            key[at] = last;
            def_tick(w, moves / 4);
        }
}

/* Join n leaves to a tree; weights become depths. Returns the greatest. */
static unsigned def_tree(struct stub_deflate *w, struct stub_node *node, unsigned n)
{
    unsigned leaf = 0, inner = n, top;

    for (top = n; top < 2 * n - 1; top++) {
        unsigned weight = 0;

        def_tick(w, 1);
        for (unsigned k = 0; k < 2; k++) {
            bool is_leaf = inner == top || (leaf < n && node[leaf].weight <= node[inner].weight);
            struct stub_node *least = &node[is_leaf ? leaf++ : inner++];

            weight += least->weight;
            least->parent = (uint16_t)top;
        }
        node[top].weight = (uint16_t)weight;
    }
    node[--top].weight = 0;
    while (top--) {
        def_tick(w, 1);
        node[top].weight = (uint16_t)(node[node[top].parent].weight + 1);
    }
    return node[0].weight;
}

/* Lengths of the codes of n symbols, by their frequency and at most `limit` bits:
 * weights are evened out until that is so. */
static void def_lengths(struct stub_deflate *w, unsigned first, unsigned n, unsigned limit)
{
    uint8_t *bits = w->bits + first;
    uint32_t *key = w->key;
    struct stub_node *node = w->node;
    unsigned used = 0, shift = 0;

    for (unsigned i = 0; i < n; i++) {
        unsigned freq = w->freq[first + i];

        def_tick(w, 1);
        bits[i] = 0;
        if (freq)
            key[used++] = (uint32_t)(freq - 1) << 9 | i;
    }
    def_sort(w, key, used);
    do {
        for (unsigned i = 0; i < used; i++) {
            def_tick(w, 1);
            node[i].weight = (uint16_t)((key[i] >> (9 + shift)) + 1);
        }
        shift++;
    } while (used > 1 && def_tree(w, node, used) > limit);
    for (unsigned i = 0; i < used; i++) {
        def_tick(w, 1);
        bits[key[i] % 512] = used > 1 ? (uint8_t)node[i].weight : 1;
    }
}

/* Codes by the lengths, as they are written: the first bit lowest. */
static void def_codes(struct stub_deflate *w, unsigned first, unsigned n)
{
    uint16_t next[16], code = 0;
    const uint8_t *bits = w->bits + first;

    for (unsigned len = 0; len < 16; len++)
        next[len] = 0;
    for (unsigned i = 0; i < n; i++) {
        def_tick(w, 1);
        next[bits[i]]++;
    }
    next[0] = 0;
    for (unsigned len = 0; len < 16; len++) {
        uint16_t count = next[len];

        next[len] = code;
        code = (uint16_t)((code + count) << 1);
    }
    for (unsigned i = 0; i < n; i++) {
        unsigned left = next[bits[i]]++, reversed = 0;

        for (unsigned k = bits[i]; k; k--) {
            reversed = reversed << 1 | (left & 1);
            left >>= 1;
        }
        w->code[first + i] = (uint16_t)reversed;
        def_tick(w, 2);
    }
}

/* Lengths (as they are for `limit` 0) and codes. */
static void def_make(struct stub_deflate *w, unsigned first, unsigned n, unsigned limit)
{
    if (limit)
        def_lengths(w, first, n, limit);
    def_codes(w, first, n);
}

/* ---- block ---- */

/* Bits of all that was counted, with three for the kind of block. */
static uint32_t def_cost(struct stub_deflate *w)
{
    uint32_t sum = 3 + w->extra;

    for (unsigned i = 0; i < STUB_SYMBOLS; i++) {
        def_tick(w, 1);
        sum += (uint32_t)w->freq[i] * w->bits[i];
    }
    return sum;
}

/* Symbols that are sent of n. */
static unsigned def_used(const uint8_t *bits, unsigned n, unsigned least)
{
    while (n > least && !bits[n - 1])
        n--;
    return n;
}

static void def_head(struct stub_deflate *w, unsigned order)
{
    def_put(w, (w->lengths - 257) | (w->distances - 1) << 5 | (order - 4) << 10, 14);
    for (unsigned i = 0; i < order; i++)
        def_put(w, w->bits[STUB_RUN_0 + stub_length_order[i]], 3);
    def_runs(w);
}

static void def_stored(struct stub_deflate *w, const uint8_t *in, unsigned len)
{
    def_put(w, 1, 8);
    def_put(w, len, 16);
    def_put(w, len ^ 0xffff, 16);
    for (unsigned i = 0; i < len; i++) {
        def_tick(w, 1);
        def_put(w, in[i], 8);
    }
}

static void def_clear(struct stub_deflate *w)
{
    w->acc = w->held = w->extra = w->next = w->turn = 0;
    w->writing = false;
    for (unsigned i = 0; i < 1u << STUB_HASH_BITS; i++) {
        def_tick(w, 1);
        w->head[i] = NONE;
    }
    for (unsigned i = 0; i < STUB_SYMBOLS; i++) {
        def_tick(w, 1);
        w->freq[i] = 0;
    }
}

size_t stub_deflate(struct stub_deflate *w, struct stub_hal *h, const uint8_t *in, size_t len,
                    size_t history, uint8_t *out, size_t cap)
{
    unsigned order = STUB_RUNS;
    uint32_t fixed, cost;
    bool dynamic;

    hal_spend(h, HAL_DEFLATE, (uint32_t)len);
    w->h = h;
    w->base = in - history;
    w->end = (uint32_t)(history + len);
    w->out = out;
    def_clear(w);
    def_parse(w, (uint32_t)history);
    w->freq[END_OF_BLOCK] = 1;
    stub_fixed_lengths(h, w->bits);
    fixed = def_cost(w);
    def_make(w, 0, STUB_LENGTHS, 15);
    def_make(w, STUB_DISTANCE_0, STUB_DISTANCES, 15);
    w->lengths = def_used(w->bits, STUB_LENGTHS, 257);
    w->distances = def_used(w->bits + STUB_DISTANCE_0, STUB_DISTANCES, 1);
    def_runs(w);
    def_make(w, STUB_RUN_0, STUB_RUNS, 7);
    while (!w->bits[STUB_RUN_0 + stub_length_order[order - 1]])
        order--;
    cost = def_cost(w) + 14 + 3 * order;
    dynamic = cost < fixed;
    if (!dynamic) {
        cost = fixed;
        stub_fixed_lengths(h, w->bits);
        def_make(w, 0, STUB_LENGTHS, 0);
        def_make(w, STUB_DISTANCE_0, STUB_DISTANCES, 0);
    }
    cost = (cost + 7) / 8;
    if (cost > len + 5)
        cost = (uint32_t)len + 5;
    if (cost > cap)
        return 0;
    if (cost == len + 5) {
        def_stored(w, in, (unsigned)len);
        return cost;
    }
    w->writing = true;
    def_put(w, dynamic ? 5 : 3, 3);
    if (dynamic)
        def_head(w, order);
    def_tokens(w);
    def_put(w, 0, 7); /* to the end of the byte */
    return cost;
}
