/* prover_prove.c - every sector proved, or the reason why not. */
#include <string.h>

#include "ops/prover_parts.h"

/* Rounds of reading again what disagrees with the device's digest. */
#define ROUNDS 3

#define RUNS_MAX 4 /* more are proved by one digest of everything */

static uint32_t open_runs(const struct prover *p)
{
    uint32_t at = 0, runs = 0, n;

    for (; (n = prover_next_open(p, &at, p->count)) > 0; at += n)
        runs++;
    return runs;
}

/* Where a digest costs an exchange and hashing is quick, many gaps cost more than
 * the whole. */
static enum pf_err prove_in_one(struct prover *p)
{
    struct pf_digest whole;

    if (p->readback || !p->s->proto->map || open_runs(p) <= RUNS_MAX)
        return PF_OK;
    PF_TRY(prover_ask(p, 0, p->count, &whole));
    if (prover_agrees(p, 0, p->count, &whole))
        prover_mark_proved(p, 0, p->count);
    return PF_OK;
}

/* Use the claims held: those that agree with content known by now prove it. */
static void settle(struct prover *p)
{
    for (size_t i = 0; i < p->nclaims; i++) {
        const struct prover_claim *c = &p->claim[i];

        if (prover_open(p, c->first, c->count) && prover_agrees(p, c->first, c->count, &c->digest))
            prover_mark_proved(p, c->first, c->count);
    }
}

static enum pf_err still_differs(struct prover *p)
{
    uint32_t at = 0, n = prover_next_open(p, &at, p->count);

    return pf_fail(p->s->ctx, PF_ERR_VERIFY,
                   "%u sectors keep reading differently from the device's own digest, first "
                   "0x%06x to 0x%06x: lower the baud rate, check wires and supply",
                   prover_open(p, 0, p->count), p->addr + at * PF_SECTOR,
                   p->addr + (at + n) * PF_SECTOR);
}

enum pf_err prover_prove(struct prover *p)
{
    p->phase = "verify";
    for (unsigned round = 0;; round++) {
        uint32_t at = 0, n;

        if (!p->readback) {
            settle(p);
            prover_drop_doubtful(p);
        }
        PF_TRY(prove_in_one(p));
        PF_TRY(prover_check(p, 0, p->count, PROVER_QUICK));
        if (!prover_open(p, 0, p->count))
            return PF_OK;
        if (round == ROUNDS)
            return still_differs(p);
        for (; (n = prover_next_open(p, &at, p->count)) > 0; at += n) {
            pf_retry(p->s->ctx, "read", PF_ERR_VERIFY,
                     "0x%06x to 0x%06x read differently from the device's digest: reading again",
                     p->addr + at * PF_SECTOR, p->addr + (at + n) * PF_SECTOR);
            PF_TRY(prover_read(p, at, n));
        }
    }
}

enum pf_err prover_read_sure(struct prover *p, uint32_t sector)
{
    for (unsigned round = 0; round <= ROUNDS; round++) {
        PF_TRY(prover_read(p, sector, 1));
        if (round)
            prover_drop_doubtful(p);
        PF_TRY(prover_check(p, sector, 1, PROVER_WHOLE));
        if (p->state[sector] == SECTOR_PROVED)
            return PF_OK;
    }
    return pf_fail(p->s->ctx, PF_ERR_VERIFY,
                   "sector 0x%06x keeps reading differently from the device's own digest",
                   p->addr + sector * PF_SECTOR);
}
