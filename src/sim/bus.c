/* bus.c - timed byte queues and wrong baud rates; see bus.h. */
#include "sim/bus.h"

#include <stdlib.h>
#include <string.h>

void bus_init(struct bus_queue *q)
{
    memset(q, 0, sizeof *q);
}

void bus_fini(struct bus_queue *q)
{
    free(q->byte);
    free(q->run);
    bus_init(q);
}

void bus_clear(struct bus_queue *q)
{
    q->head = q->len = q->rhead = q->rlen = 0;
}

/* Room for `n` more bytes and one more run at the tails. */
static bool reserve(struct bus_queue *q, size_t n)
{
    if (q->len + n > BUS_MAX)
        return false;
    if (q->head + q->len + n > q->cap) {
        size_t cap = q->cap ? q->cap : 1024;
        uint8_t *byte;

        if (q->len)
            memmove(q->byte, q->byte + q->head, q->len);
        q->head = 0;
        while (cap < 2 * (q->len + n))
            cap *= 2;
        if (cap > q->cap) {
            byte = realloc(q->byte, cap);
            if (!byte)
                return false;
            q->byte = byte;
            q->cap = cap;
        }
    }
    if (q->rhead + q->rlen + 1 > q->rcap) {
        size_t cap = q->rcap ? q->rcap : 8;
        struct bus_run *run;

        if (q->rlen)
            memmove(q->run, q->run + q->rhead, q->rlen * sizeof *q->run);
        q->rhead = 0;
        while (cap < 2 * (q->rlen + 1))
            cap *= 2;
        if (cap > q->rcap) {
            run = realloc(q->run, cap * sizeof *run);
            if (!run)
                return false;
            q->run = run;
            q->rcap = cap;
        }
    }
    return true;
}

bool bus_push(struct bus_queue *q, const struct bus_run *run, const uint8_t *bytes)
{
    if (!run->len)
        return true;
    if (!reserve(q, run->len))
        return false;
    memcpy(q->byte + q->head + q->len, bytes, run->len);
    q->len += run->len;
    q->run[q->rhead + q->rlen++] = *run;
    return true;
}

const struct bus_run *bus_front(const struct bus_queue *q)
{
    return q->rlen ? &q->run[q->rhead] : NULL;
}

void bus_drop(struct bus_queue *q, uint32_t n)
{
    struct bus_run *run = &q->run[q->rhead];

    q->head += n;
    q->len -= n;
    run->len -= n;
    run->end += (uint64_t)n * run->byte_ns;
    if (!run->len) {
        q->rhead++;
        q->rlen--;
    }
    if (!q->rlen)
        bus_clear(q);
}

/* How many bytes of `run` are complete at `now`. */
static uint32_t complete(const struct bus_run *run, uint64_t now)
{
    uint64_t n;

    if (now < run->end)
        return 0;
    if (!run->byte_ns)
        return run->len;
    n = (now - run->end) / run->byte_ns + 1;
    return n < run->len ? (uint32_t)n : run->len;
}

void bus_cut(struct bus_queue *q, uint64_t now)
{
    size_t bytes = 0;

    for (size_t i = 0; i < q->rlen; i++) {
        struct bus_run *run = &q->run[q->rhead + i];
        uint32_t n = complete(run, now);

        bytes += n;
        if (n < run->len) {
            run->len = n;
            q->rlen = i + (n ? 1 : 0);
            break;
        }
    }
    q->len = bytes;
    if (!q->rlen)
        bus_clear(q);
}

uint64_t bus_retime(struct bus_queue *q, uint64_t now, uint32_t baud, uint64_t byte_ns)
{
    uint64_t last = now;
    size_t count = q->rlen;

    for (size_t i = 0; i < count; i++) {
        struct bus_run *run = &q->run[q->rhead + i];
        uint32_t begun = complete(run, now);
        struct bus_run rest;

        if (begun < run->len && run->end + (uint64_t)begun * run->byte_ns - run->byte_ns < now)
            begun++; /* the one that is on the wire right now */
        if (begun)
            last = run->end + (uint64_t)(begun - 1) * run->byte_ns;
        if (begun == run->len)
            continue;
        rest = *run;
        rest.len = run->len - begun;
        rest.byte_ns = byte_ns;
        rest.baud = baud;
        rest.end = (last > now ? last : now) + byte_ns;
        last = rest.end + (uint64_t)(rest.len - 1) * byte_ns;
        if (!begun) {
            *run = rest;
            continue;
        }
        run->len = begun;
        if (!reserve(q, 0))
            return last; /* the tail keeps its old times */
        memmove(&q->run[q->rhead + i + 2], &q->run[q->rhead + i + 1],
                (q->rlen - i - 1) * sizeof rest);
        q->run[q->rhead + i + 1] = rest;
        q->rlen++;
        count++;
        i++;
    }
    return last > now ? last : now;
}

uint64_t bus_byte_ns(uint32_t baud)
{
    return 10000000000u / (baud ? baud : 1);
}

bool bus_baud_match(uint32_t tx, uint32_t rx)
{
    uint64_t apart = tx > rx ? tx - rx : rx - tx;

    return apart * 100 <= (uint64_t)rx * 3;
}

/* Line level `t` after the start edge, in units where a sender's bit is `bit`
 * long: start 0, eight data bits from the lowest on, stop and idle 1. */
static bool level(uint8_t byte, uint64_t t, uint64_t bit)
{
    uint64_t k = t / bit;

    return k == 0 ? false : k > 8 ? true : byte >> (k - 1) & 1;
}

size_t bus_garble(struct rng *rng, uint8_t byte, uint32_t tx, uint32_t rx, uint8_t out[BUS_GARBAGE])
{
    const uint64_t bit = 2ull * rx, half = tx; /* sender's bit, receiver's half bit */
    uint64_t edge = 0;
    size_t n = 0;

    while (n < BUS_GARBAGE && edge < 9 * bit) {
        uint8_t seen = 0;
        uint64_t t;

        for (unsigned k = 1; k <= 8; k++)
            if (level(byte, edge + (2 * k + 1) * half, bit))
                seen |= (uint8_t)(1u << (k - 1));
        if (tx > rx)
            seen &= rng_u8(rng); /* later bytes pull the line low as well */
        out[n++] = seen;
        /* The next frame begins at the next falling edge behind the stop bit. */
        t = (edge + 19 * half) / bit;
        while (t < 9 && !level(byte, t * bit, bit))
            t++;
        while (t < 9 && level(byte, t * bit, bit))
            t++;
        edge = t * bit;
    }
    if (n == 1 && out[0] == byte)
        out[0] ^= (uint8_t)(1u << rng_below(rng, 8));
    return n;
}
