/* squeeze.c - makes of a stub's program what load/unpack.c reads.
 *
 *   squeeze FAMILY RAW OUT    FAMILY: ecr6600 or bl602
 *
 * The cheapest way from the first byte to the last is looked for, with what bits cost
 * in the way before: some rounds, and the last is what is written. A host program of
 * the build. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/unpack.h"

enum { MAX = 48 * 1024, ROUNDS = 8, LONGEST = 1000, NEAR = 64, INDEXES = UNPACK_KINDS, BIT = 1024 };

static enum unpack_code code;
static uint8_t in[MAX], out[2 * MAX], again[MAX];
static uint32_t in_len, out_len;

__attribute__((noreturn)) static void die(const char *what)
{
    fprintf(stderr, "squeeze: %s\n", what);
    exit(1);
}

/* ---- calls: where they lead to, not how far that is ---- */

static uint32_t get32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void calls_rv32(void)
{
    for (uint32_t at = 0; at < in_len; at += 4) {
        uint32_t w = get32(in + at), to;

        if ((w & 0xfff) != 0xef)
            continue;
        to = (w & 0xff000) | (w >> 9 & 0x800) | (w >> 20 & 0x7fe) | (w >> 11 & 0x100000);
        w = 0xef | (to + at) >> 1 << 12;
        for (int i = 0; i < 4; i++)
            in[at + i] = (uint8_t)(w >> 8 * i);
    }
}

static void calls_nds32(void)
{
    for (uint32_t at = 0; at < in_len - 2; at += 2) {
        uint8_t *p = in + at;
        uint32_t to;

        if (p[0] != 0x49)
            continue;
        to = ((uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]) + at / 2;
        for (int i = 0; i < 3; i++)
            p[1 + i] = (uint8_t)(to >> (16 - 8 * i));
        at += 2;
    }
}

/* ---- range coder ---- */

static struct {
    uint64_t low;
    uint32_t range, pending;
    uint8_t held;
    unsigned skip; /* bytes that are always 0 */
    uint16_t place[UNPACK_PLACES], kind[UNPACK_KINDS];
} coder;

/* Bits by the index of their estimate by instruction: how often, and what they cost. */
static uint32_t count[INDEXES][2];
static uint32_t price[INDEXES][2]; /* in parts of a bit: whole, so that every PC finds the same */

static void code_shift(void)
{
    if (coder.low < 0xff000000u || coder.low >> 32) {
        uint8_t carry = (uint8_t)(coder.low >> 32), byte = coder.held;

        do {
            if (coder.skip)
                coder.skip--;
            else if (out_len < sizeof(out))
                out[out_len++] = (uint8_t)(byte + carry);
            byte = 0xff;
        } while (coder.pending--);
        coder.pending = 0;
        coder.held = (uint8_t)(coder.low >> 24);
    } else {
        coder.pending++;
    }
    coder.low = (coder.low & 0xffffff) << 8;
}

static void code_bit(uint32_t place_at, uint32_t kind_at, unsigned bit)
{
    uint16_t *place = coder.place + place_at, *kind = coder.kind + kind_at;
    uint32_t bound = unpack_bound(coder.range, *place, *kind);

    count[kind_at][bit]++;
    *place = unpack_learn(*place, bit);
    *kind = unpack_learn(*kind, bit);
    if (bit) {
        coder.low += bound;
        coder.range -= bound;
    } else {
        coder.range = bound;
    }
    for (; coder.range < 1u << 24; coder.range <<= 8)
        code_shift();
}

static void code_number(uint32_t by, uint32_t value)
{
    for (; value > 1; value >>= 1, by += 2) {
        code_bit(by, by, 1);
        code_bit(by + 1, by + 1, value & 1);
    }
    code_bit(by, by, 0);
}

static void code_byte(uint32_t at)
{
    uint32_t place = unpack_place(code, at), kind = unpack_kind(code, in, at), known = 1;

    for (int i = 7; i >= 0; i--) {
        unsigned bit = in[at] >> i & 1;

        code_bit(place + known, kind + known, bit);
        known = known << 1 | bit;
    }
}

static uint32_t number_price(uint32_t by, uint32_t value)
{
    uint32_t sum = 0;

    for (; value > 1; value >>= 1, by += 2)
        sum += price[by][1] + price[by + 1][value & 1];
    return sum + price[by][0];
}

static uint32_t byte_price(uint32_t at)
{
    uint32_t kind = unpack_kind(code, in, at), known = 1;
    uint32_t sum = 0;

    for (int i = 7; i >= 0; i--) {
        unsigned bit = in[at] >> i & 1;

        sum += price[kind + known][bit];
        known = known << 1 | bit;
    }
    return sum;
}

/* ---- ways ---- */

/* The cheapest way to a place, behind a byte and behind a run. */
static struct way {
    uint32_t cost;
    uint32_t distance; /* the last one */
    uint32_t from;
    uint8_t from_run;
    enum { BYTE, AGAIN, NEW } how;
} ways[MAX + 1][2];

static struct run {
    uint32_t distance, len;
} * runs[MAX]; /* that begin there; the last has no length */

static uint32_t same(uint32_t at, uint32_t distance)
{
    uint32_t n = 0;

    while (at + n < in_len && n < LONGEST && in[at + n] == in[at + n - distance])
        n++;
    return n;
}

static void find_runs(uint32_t at)
{
    uint32_t n = 0, near = 0;

    runs[at] = malloc((at + 1) * sizeof(struct run));
    if (!runs[at])
        die("no memory");
    for (uint32_t distance = 1; distance <= at; distance++) {
        uint32_t len = same(at, distance);

        if (len > 2 || (len == 2 && near++ < NEAR))
            runs[at][n++] = (struct run){distance, len};
    }
    runs[at][n].len = 0;
    runs[at] = realloc(runs[at], (n + 1) * sizeof(struct run));
}

static void try(uint32_t to, unsigned run, struct way way)
{
    if (way.cost < ways[to][run].cost)
        ways[to][run] = way;
}

static void go_on(uint32_t at, uint8_t run, const uint32_t *length_price)
{
    const struct way *way = &ways[at][run];
    const uint32_t *flag = price[UNPACK_FLAG + 4u * run + at % 4];
    uint32_t cost = way->cost + flag[1];
    uint32_t len;

    try(at + 1, 0,
        (struct way){way->cost + flag[0] + byte_price(at), way->distance, at, run, BYTE});
    if (!run && way->distance) {
        len = same(at, way->distance);
        for (uint32_t n = 1; n <= len; n++)
            try(at + n, 1,
                (struct way){cost + price[UNPACK_NEW][0] + length_price[n], way->distance, at, run,
                             AGAIN});
    }
    if (!run)
        cost += price[UNPACK_NEW][1];
    for (const struct run *r = runs[at]; r->len; r++) {
        uint32_t far = cost + number_price(UNPACK_DISTANCE, r->distance);

        for (uint32_t n = r->len > 40 ? r->len - 2 : 2; n <= r->len; n++)
            try(at + n, 1, (struct way){far + length_price[n], r->distance, at, run, NEW});
    }
}

static void look(void)
{
    uint32_t length_price[LONGEST + 1];

    for (uint32_t n = 1; n <= LONGEST; n++)
        length_price[n] = number_price(UNPACK_LENGTH, n);
    for (uint32_t at = 0; at <= in_len; at++)
        ways[at][0].cost = ways[at][1].cost = UINT32_MAX;
    ways[0][0] = (struct way){0};
    for (uint32_t at = 0; at < in_len; at++)
        for (uint8_t run = 0; run < 2; run++)
            if (ways[at][run].cost < UINT32_MAX)
                go_on(at, run, length_price);
}

/* ---- writing ---- */

static void code_step(uint32_t to, const struct way *way)
{
    uint32_t by = UNPACK_FLAG + 4u * way->from_run + way->from % 4;

    code_bit(by, by, way->how != BYTE);
    if (way->how == BYTE) {
        code_byte(way->from);
        return;
    }
    if (!way->from_run)
        code_bit(UNPACK_NEW, UNPACK_NEW, way->how == NEW);
    if (way->how == NEW)
        code_number(UNPACK_DISTANCE, way->distance);
    code_number(UNPACK_LENGTH, to - way->from);
}

/* The cheapest way, from its end to its beginning. */
static void write_way(uint32_t at, unsigned run)
{
    static struct {
        uint32_t to;
        unsigned run;
    } step[MAX];
    uint32_t n = 0;

    while (at) {
        const struct way *way = &ways[at][run];

        step[n].to = at;
        step[n++].run = run;
        at = way->from;
        run = way->from_run;
    }
    while (n--)
        code_step(step[n].to, &ways[step[n].to][step[n].run]);
}

static void round_of(void)
{
    memset(count, 0, sizeof(count));
    memset(&coder, 0, sizeof(coder));
    for (size_t i = 0; i < UNPACK_PLACES; i++)
        coder.place[i] = UNPACK_EVEN;
    for (size_t i = 0; i < UNPACK_KINDS; i++)
        coder.kind[i] = UNPACK_EVEN;
    coder.range = 1u << 24;
    coder.skip = 2;
    out_len = 0;
    look();
    write_way(in_len, ways[in_len][1].cost < ways[in_len][0].cost);
    for (int i = 0; i < 5; i++)
        code_shift();
    for (size_t i = 0; i < INDEXES; i++)
        for (int bit = 0; bit < 2; bit++)
            price[i][bit] = (uint32_t)lround(
                -log2((count[i][bit] + 0.4) / (count[i][0] + count[i][1] + 0.8)) * BIT);
}

static void read_program(const char *path)
{
    FILE *f = fopen(path, "rb");

    if (!f)
        die("no program");
    in_len = (uint32_t)fread(in, 1, sizeof(in) - 4, f);
    if (!feof(f) || in_len < 4)
        die("the program is too long or too short");
    fclose(f);
    while (in_len % 4)
        in[in_len++] = 0;
}

int main(int argc, char **argv)
{
    static struct unpack u;
    static uint8_t program[MAX];
    FILE *f;

    if (argc != 4 || (strcmp(argv[1], "bl602") && strcmp(argv[1], "ecr6600"))) {
        fputs("usage: squeeze ecr6600|bl602 RAW OUT\n", stderr);
        return 2;
    }
    code = strcmp(argv[1], "bl602") ? UNPACK_NDS32 : UNPACK_RV32;
    read_program(argv[2]);
    memcpy(program, in, in_len);
    if (code == UNPACK_RV32)
        calls_rv32();
    else
        calls_nds32();
    for (uint32_t at = 0; at < in_len; at++)
        find_runs(at);
    for (size_t i = 0; i < INDEXES; i++)
        price[i][0] = price[i][1] = BIT;
    for (int i = 0; i < ROUNDS; i++)
        round_of();
    while (out_len && !out[out_len - 1]) /* what is behind it may be anything */
        out_len--;
    stub_unpack(&u, code, out, again, in_len);
    if (memcmp(again, program, in_len))
        die("what was made is not what it was made of");
    f = fopen(argv[3], "wb");
    if (!f || fwrite(out, 1, out_len, f) != out_len || fclose(f))
        die("cannot be written");
    return 0;
}
