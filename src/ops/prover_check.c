/* prover_check.c - compare what is believed with the device: by the map, by halving,
 * or by reading back. */
#include <stdlib.h>
#include <string.h>

#include "core/checksum.h"
#include "ops/prover_parts.h"

/* --- sifting by map --------------------------------------------------- */

/* CRC-32 of each sector of a range; *crc is malloc'ed, NULL where there is no map. */
static enum pf_err ask_map(struct prover *p, uint32_t first, uint32_t count, uint32_t **crc)
{
    enum pf_err err;

    *crc = NULL;
    if (!p->s->proto->map)
        return PF_OK;
    PF_TRY(pf_check_cancel(p->s->ctx));
    *crc = malloc(count * sizeof **crc);
    if (!*crc)
        return pf_fail(p->s->ctx, PF_ERR_NOMEM, "no memory for the sector map");
    err = p->s->proto->map(p->s, p->addr + first * PF_SECTOR, (size_t)count * PF_SECTOR, *crc);
    if (err) {
        free(*crc);
        *crc = NULL;
    }
    p->stats->hashed += err ? 0 : (uint64_t)count * PF_SECTOR;
    return err;
}

static bool crc_agrees(const struct prover *p, uint32_t sector, uint32_t crc)
{
    return pf_crc32(0, p->content + (size_t)sector * PF_SECTOR, PF_SECTOR) == crc;
}

enum pf_err prover_sift(struct prover *p, uint32_t first, uint32_t count)
{
    const uint32_t end = first + count;
    uint32_t lo = end, hi = first, *crc;

    for (uint32_t i = first; i < end; i++)
        if (p->state[i] == SECTOR_GUESS) {
            lo = i < lo ? i : lo;
            hi = i + 1;
        }
    if (lo >= hi)
        return PF_OK;
    PF_TRY(ask_map(p, lo, hi - lo, &crc));
    for (uint32_t i = lo; crc && i < hi; i++)
        if (p->state[i] == SECTOR_GUESS)
            p->state[i] = crc_agrees(p, i, crc[i - lo]) ? SECTOR_LIKELY : SECTOR_UNKNOWN;
    free(crc);
    return PF_OK;
}

/* --- comparing by reading back ---------------------------------------- */

static enum pf_err readback_check(struct prover *p, uint32_t first, uint32_t count)
{
    uint8_t *buf = malloc(PF_SECTOR);
    enum pf_err err = PF_OK;

    if (!buf)
        return pf_fail(p->s->ctx, PF_ERR_NOMEM, "no memory for one sector");
    for (uint32_t i = first; !err && i < first + count; i++) {
        if (p->state[i] == SECTOR_PROVED)
            continue;
        err = prover_read_into(p, i, 1, buf);
        if (!err && !memcmp(buf, p->content + (size_t)i * PF_SECTOR, PF_SECTOR))
            prover_mark_proved(p, i, 1);
        if (!err)
            err = pf_progress(p->s->ctx, p->phase, (uint64_t)(i + 1) * PF_SECTOR,
                              (uint64_t)p->count * PF_SECTOR);
    }
    free(buf);
    return err;
}

/* --- descent ---------------------------------------------------------- */

/* One comparison: what descending has cost and what it has saved, both in
 * microseconds, and how far the first may run ahead of the second. */
struct hunt {
    enum prover_effort effort;
    double spent, saved, allowance;
};

static void hunt_open(const struct prover *p, struct hunt *h, uint32_t count,
                      enum prover_effort effort)
{
    double a, b;

    prover_cost_digest(p, &a, &b);
    *h = (struct hunt){.effort = effort};
    /* What one path down to a single sector costs, and half as much again. */
    for (uint32_t n = count; n > 1; n -= n / 2)
        h->allowance += 1.5 * (a + n / 2 * b);
}

static enum pf_err check_half(struct prover *p, struct hunt *h, uint32_t first, uint32_t count,
                              struct pf_digest *digest, bool *same)
{
    const uint64_t start = pf_now(p->s->port);

    PF_TRY(prover_ask(p, first, count, digest));
    h->spent += (double)(pf_now(p->s->port) - start);
    *same = prover_agrees(p, first, count, digest);
    if (*same) {
        prover_mark_proved(p, first, count);
        h->saved += count * prover_cost_read(p);
    }
    return pf_progress(p->s->ctx, p->phase, (uint64_t)(first + count) * PF_SECTOR,
                       (uint64_t)p->count * PF_SECTOR);
}

/* Sector by sector, the last one derived: cheaper than halving where nearly
 * everything differs. */
static enum pf_err scan(struct prover *p, struct hunt *h, uint32_t first, uint32_t count,
                        const struct pf_digest *whole)
{
    struct pf_digest rest, one;
    bool same, known = whole != NULL;

    if (known)
        rest = *whole;
    for (; count > 1; first++, count--) {
        PF_TRY(check_half(p, h, first, 1, &one, &same));
        known = known && prover_derive(p, &rest, &one, count - 1, &rest);
    }
    if (!known)
        return check_half(p, h, first, 1, &one, &same);
    PF_TRY(prover_hold(p, first, 1, &rest));
    if (prover_agrees(p, first, 1, &rest))
        prover_mark_proved(p, first, 1);
    return PF_OK;
}

/* [first, first+count) differs from the content; `whole` is the device's
 * digest of it, or NULL when only the difference is known. */
static enum pf_err descend(struct prover *p, struct hunt *h, uint32_t first, uint32_t count,
                           const struct pf_digest *whole)
{
    const uint32_t nl = count / 2, nr = count - nl;
    struct pf_digest left, right;
    bool same_left, same_right = false, know_right = true;

    if (count == 1)
        return PF_OK;
    if (h->spent > h->saved + h->allowance)
        return h->effort == PROVER_EXACT ? scan(p, h, first, count, whole) : PF_OK;

    PF_TRY(check_half(p, h, first, nl, &left, &same_left));
    if (prover_derive(p, whole, &left, nr, &right)) {
        PF_TRY(prover_hold(p, first + nl, nr, &right));
        same_right = prover_agrees(p, first + nl, nr, &right);
        if (same_right) {
            prover_mark_proved(p, first + nl, nr);
            h->saved += nr * prover_cost_read(p);
        }
    } else if (same_left) {
        know_right = false; /* the whole differs, so this half does */
    } else {
        PF_TRY(check_half(p, h, first + nl, nr, &right, &same_right));
    }
    if (!same_left)
        PF_TRY(descend(p, h, first, nl, &left));
    if (!same_right)
        PF_TRY(descend(p, h, first + nl, nr, know_right ? &right : NULL));
    return PF_OK;
}

/* [first, first+count) differs from the content: the map tells where, and runs
 * that agree by it are proved by a digest each. *told: there is a map. */
static enum pf_err check_by_map(struct prover *p, struct hunt *h, uint32_t first, uint32_t count,
                                bool *told)
{
    const uint32_t end = first + count;
    uint32_t *crc;
    enum pf_err err;

    err = ask_map(p, first, count, &crc);
    *told = crc != NULL;
    for (uint32_t at = first, n; !err && crc && at < end; at += n ? n : 1) {
        struct pf_digest digest;
        bool same;

        for (n = 0; at + n < end && crc_agrees(p, at + n, crc[at + n - first]); n++)
            ;
        if (n)
            err = check_half(p, h, at, n, &digest, &same);
    }
    free(crc);
    return err;
}

/* Another image differs from its first sectors on: a look at some of them saves
 * hashing the whole for nothing. */
#define LOOK 16u

static enum pf_err looks_different(struct prover *p, uint32_t first, uint32_t count, bool *differs)
{
    uint32_t *crc;

    *differs = false;
    if (count < 4 * LOOK)
        return PF_OK;
    PF_TRY(ask_map(p, first, LOOK, &crc));
    for (uint32_t i = 0; crc && i < LOOK; i++)
        *differs |= !crc_agrees(p, first + i, crc[i]);
    free(crc);
    return PF_OK;
}

enum pf_err prover_check(struct prover *p, uint32_t first, uint32_t count,
                         enum prover_effort effort)
{
    const uint32_t end = first + count;
    uint32_t at = first, n;

    for (; !p->readback && (n = prover_next_open(p, &at, end)) > 0; at += n) {
        struct pf_digest whole;
        struct hunt h;
        bool same, told;
        enum pf_err err;

        hunt_open(p, &h, n, effort);
        if (effort == PROVER_EXACT) {
            PF_TRY(looks_different(p, at, n, &told));
            if (told)
                PF_TRY(check_by_map(p, &h, at, n, &told));
            if (told)
                continue;
        }
        err = check_half(p, &h, at, n, &whole, &same);
        if (err == PF_ERR_SUPPORT) {
            pf_warn(p->s->ctx, "this loader cannot hash: comparing by reading back");
            p->readback = true;
            break;
        }
        PF_TRY(err);
        if (same || effort == PROVER_WHOLE)
            continue;
        PF_TRY(check_by_map(p, &h, at, n, &told));
        if (told)
            continue;
        hunt_open(p, &h, n, effort); /* the speed of the device is known by now */
        PF_TRY(descend(p, &h, at, n, &whole));
    }
    if (p->readback)
        return readback_check(p, first, count);
    return PF_OK;
}

enum pf_err prover_scan(struct prover *p, uint32_t first, uint32_t count)
{
    const struct prover_claim *whole = prover_find_claim(p, first, count);
    struct hunt h = {.effort = PROVER_EXACT};
    struct pf_digest digest;

    if (whole)
        digest = whole->digest; /* asking more moves the claims */
    return scan(p, &h, first, count, whole ? &digest : NULL);
}

enum pf_err prover_matches(struct prover *p, const uint8_t *data, bool *same)
{
    const size_t len = (size_t)p->count * PF_SECTOR;
    struct pf_digest device, host = {.kind = p->s->proto->digest_kind};
    enum pf_err err;

    *same = false;
    if (p->readback)
        return PF_OK;
    err = prover_ask(p, 0, p->count, &device);
    if (err == PF_ERR_SUPPORT) {
        p->readback = true;
        return PF_OK;
    }
    PF_TRY(err);
    if (host.kind == PF_DIGEST_SHA256)
        pf_sha256(data, len, host.sha256);
    else
        host.crc32 = pf_crc32(0, data, len);
    *same = prover_same_digest(&host, &device);
    if (*same) {
        memcpy(p->content, data, len);
        memset(p->state, SECTOR_PROVED, p->count);
    }
    return PF_OK;
}

void prover_guess(struct prover *p, uint32_t sector, const uint8_t *data)
{
    memcpy(p->content + (size_t)sector * PF_SECTOR, data, PF_SECTOR);
    p->state[sector] = SECTOR_GUESS;
    p->dirty[sector] = 1;
}
