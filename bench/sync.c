/* sync.c - how long it takes to get in.
 *
 * The ECR6600 listens for 100 ms after a reset. Each row is a thousand plugs
 * that were powered at a random moment; the last ones are what a host meets
 * that asks once a second. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "plugflash/protocol.h"
#include "plugflash/sim.h"

#define RUNS 1000

struct sync_row {
    const char *what, *chip, *keys;
    bool polls; /* not us: one question a second */
    unsigned want;
};

static uint32_t next_random(uint32_t *x)
{
    *x = *x * 1664525u + 1013904223u;
    return *x >> 8;
}

/* One sync word a second for a minute: did anything answer? */
static bool poll_once_a_second(struct pf_transport *port)
{
    static const uint8_t word[] = {0x63, 0x6e, 0x79, 0x73};

    for (int i = 0; i < 60; i++) {
        uint64_t start = pf_now(port);
        uint8_t byte = 0;
        size_t got = 0;

        port->ops->write(port, word, sizeof word);
        while (pf_now(port) < start + 50000)
            if (!port->ops->read(port, &byte, 1, start + 50000, &got) && byte == 0x01)
                return true;
        pf_sleep(port, start + 1000000 - pf_now(port));
    }
    return false;
}

/* Seconds from asking to the first valid answer; negative: never. */
static double sync_once(const struct sync_row *row, uint32_t seed, uint32_t phase_us)
{
    uint8_t stub[1500] = {0x48, 0x00, 0x00, 0x54};
    struct pf_ctx ctx = {0};
    struct pf_link_options link = {
        .chip = row->chip, .sync_timeout_us = 60000000, .stub = stub, .stub_len = sizeof stub};
    struct pf_transport *port;
    struct pf_session *s = NULL;
    double took = -1;
    uint64_t start;
    char spec[160], *random;

    snprintf(spec, sizeof spec, "%s,seed=%u%s", row->chip, seed, row->keys);
    random = strstr(spec, "RANDOM");
    if (random) {
        char keys[64];

        snprintf(keys, sizeof keys, "%s", random + strlen("RANDOM"));
        snprintf(random, sizeof spec - (size_t)(random - spec), "%u%s", phase_us / 1000 + 1, keys);
    }
    if (pf_sim_open(&ctx, spec, &port))
        return -1;
    ctx.clock = port;
    if (!random) /* else we are there first, and the power comes at that moment */
        pf_sleep(port, phase_us);
    start = pf_now(port);
    if (row->polls) {
        if (poll_once_a_second(port))
            took = (double)(pf_now(port) - start) / 1e6;
    } else if (pf_session_open(&ctx, port, &link, &s) == PF_OK) {
        took = (double)(s->id.synced_us - start) / 1e6;
    }
    pf_session_close(s);
    ctx.clock = NULL;
    port->ops->close(port);
    return took;
}

static int by_time(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static int run_row(const struct sync_row *row)
{
    static const uint32_t first = 1;
    double took[RUNS];
    unsigned in = 0;
    uint32_t x = first;

    for (uint32_t i = 0; i < RUNS; i++) {
        double t = sync_once(row, i + 1, next_random(&x) % 3000000);

        if (t >= 0)
            took[in++] = t;
    }
    qsort(took, in, sizeof *took, by_time);
    printf("%-8s %-44s %5u/%u %9.2f %9.2f %s\n", row->chip, row->what, in, RUNS,
           in ? took[in / 2] : 0, in ? took[in - 1] : 0, in < row->want ? "TOO FEW" : "");
    return in < row->want;
}

int bench_sync(void)
{
    static const struct sync_row rows[] = {
        {"reset line wired", "ecr6600", ",reset=rts,power=on:RANDOM,app=chatty", false, RUNS},
        {"the user power-cycles every 3 s", "ecr6600", ",reset=none,power=cycle:3000,app=chatty",
         false, RUNS},
        {"the same, a host that asks once a second", "ecr6600",
         ",reset=none,power=cycle:3000,app=chatty", true, 0},
        {"reset line wired", "bk7231t", ",reset=rts,power=on:RANDOM", false, RUNS},
        {"the user power-cycles every 3 s", "bk7231t", ",reset=none,power=cycle:3000", false, RUNS},
        {"the user power-cycles every 3 s", "bk7231n", ",reset=none,power=cycle:3000", false, RUNS},
    };
    int bad = 0;

    printf("\ntime to the first valid answer, %d power-on moments each (seeds 1..%d)\n", RUNS,
           RUNS);
    printf("%-8s %-44s %10s %9s %9s\n", "chip", "how", "got in", "median s", "worst s");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        bad += run_row(&rows[i]);
    return bad;
}
