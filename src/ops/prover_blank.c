/* prover_blank.c - how far a blank run goes, told by digests of growing spans. */
#include <string.h>

#include "core/checksum.h"
#include "ops/prover_parts.h"

/* Ask whether `count` sectors are blank; proves them when they are. */
static enum pf_err probe_blank(struct prover *p, uint32_t first, uint32_t count,
                               struct pf_digest *digest, bool *blank)
{
    uint8_t *at = p->content + (size_t)first * PF_SECTOR;

    PF_TRY(prover_ask(p, first, count, digest));
    if (digest->kind == PF_DIGEST_CRC32) {
        *blank = digest->crc32 == pf_crc32_blank((size_t)count * PF_SECTOR);
        if (!*blank)
            return PF_OK;
    }
    memset(at, 0xff, (size_t)count * PF_SECTOR);
    *blank = prover_agrees(p, first, count, digest);
    if (!*blank)
        return PF_OK;
    for (uint32_t i = first; i < first + count; i++) {
        p->state[i] = SECTOR_PROVED;
        p->dirty[i] = 1;
    }
    p->stats->proved_blank += (uint64_t)count * PF_SECTOR;
    return PF_OK;
}

/* [*at, *at+*n) is not blank and its digest is known: move *at past the blank
 * sectors at its start and shrink *n to what is known to hold a used sector. */
static enum pf_err find_end(struct prover *p, uint32_t *at, uint32_t *n, struct pf_digest whole,
                            bool known)
{
    while (*n > 1) {
        const uint32_t nl = *n / 2, nr = *n - nl;
        struct pf_digest left, right = {.kind = PF_DIGEST_NONE};
        double a, b;
        bool blank;

        prover_cost_digest(p, &a, &b);
        if (a + nl * b > 0.75 * nl * prover_cost_read(p))
            return PF_OK;
        PF_TRY(probe_blank(p, *at, nl, &left, &blank));
        known = known && prover_derive(p, &whole, &left, nr, &right);
        if (known)
            PF_TRY(prover_hold(p, *at + nl, nr, &right));
        if (blank) {
            *at += nl;
            *n = nr;
            whole = right;
        } else {
            *n = nl;
            whole = left;
            known = true;
        }
    }
    return PF_OK;
}

/* What a failed probe of n sectors costs beyond a hash that is needed anyhow
 * for the final proof: the exchanges, and hashing the left halves again. */
static double failure_cost(uint32_t n, double a, double b)
{
    double us = a + (n - 1) * b;

    for (; n > 1; n /= 2)
        us += a;
    return us;
}

enum pf_err prover_blank_run(struct prover *p, uint32_t first, uint32_t limit, uint32_t *run,
                             uint32_t *barrier)
{
    uint32_t at = first, step = 1;
    double gained = 0, a, b;

    *run = 0;
    *barrier = first;
    while (!p->readback && at < limit) {
        const double r = prover_cost_read(p);
        uint32_t n = step < limit - at ? step : limit - at;
        struct pf_digest digest;
        bool blank;
        enum pf_err err;

        prover_cost_digest(p, &a, &b);
        if (a + b > r)
            return PF_OK;
        while (n > 1 && failure_cost(n, a, b) > gained)
            n /= 2;
        err = probe_blank(p, at, n, &digest, &blank);
        if (err == PF_ERR_SUPPORT) {
            pf_warn(p->s->ctx, "this loader cannot hash: reading everything");
            p->readback = true;
            return PF_OK;
        }
        PF_TRY(err);
        if (!blank) {
            err = find_end(p, &at, &n, digest, true);
            *run = at - first;
            *barrier = at + n;
            return err;
        }
        at += n;
        *run = at - first;
        gained += n * r - a;
        step = 2 * n;
        PF_TRY(pf_check_cancel(p->s->ctx));
    }
    *barrier = at;
    return PF_OK;
}
