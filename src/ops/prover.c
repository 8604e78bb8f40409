/* prover.c - claims, descent, gallop and proof; see prover.h. */
#include "ops/prover.h"

#include <stdlib.h>
#include <string.h>

#include "core/checksum.h"

/* Rounds of reading again what disagrees with the device's digest. */
#define ROUNDS 3

/* --- cost model ------------------------------------------------------- */

static double cost_read(const struct prover *p)
{
    return p->cost.reads > 0 ? p->cost.read_us / p->cost.reads : p->cost.prior_r;
}

/* An exchange, and what each sector of it costs. The link's own latency tells
 * the first better than a fit would: one exchange that was delayed would spoil
 * it for the rest of the run. */
static void cost_digest(const struct prover *p, double *a, double *b)
{
    const struct prover_cost *c = &p->cost;

    *a = c->min_t > 0 && c->min_t < c->prior_a ? c->min_t : c->prior_a;
    *b = c->sum_n > 0 && c->sum_t > *a * c->n ? (c->sum_t - *a * c->n) / c->sum_n : 0;
}

static void cost_learn_digest(struct prover *p, double sectors, double us)
{
    struct prover_cost *c = &p->cost;

    c->n += 1;
    c->sum_n += sectors;
    c->sum_t += us;
    if (c->n < 2 || us < c->min_t)
        c->min_t = us;
}

/* --- life ------------------------------------------------------------- */

enum pf_err prover_init(struct prover *p, struct pf_session *s, struct pf_stats *stats,
                        uint32_t addr, uint32_t count, uint8_t *content)
{
    const double byte_us = s->id.baud ? 1e7 / s->id.baud : 87;

    memset(p, 0, sizeof *p);
    p->s = s;
    p->stats = stats;
    p->addr = addr;
    p->count = count;
    p->content = content;
    p->readback = !s->proto->digest || s->proto->digest_kind == PF_DIGEST_NONE;
    p->phase = "probe";
    p->state = calloc(count, 1);
    p->dirty = malloc(count);
    p->shaky = calloc(count, 1);
    if (!p->state || !p->dirty || !p->shaky) {
        prover_fini(p);
        return pf_fail(s->ctx, PF_ERR_NOMEM, "no memory for the sector map");
    }
    memset(p->dirty, 1, count);
    /* A digest exchange is about 24 bytes, a read about a sector and 27. */
    p->cost.prior_a = (double)s->id.latency_us + 24 * byte_us;
    p->cost.prior_r = (double)s->id.latency_us + (PF_SECTOR + 27) * byte_us;
    return PF_OK;
}

void prover_fini(struct prover *p)
{
    free(p->state);
    free(p->dirty);
    free(p->shaky);
    free(p->claim);
    memset(p, 0, sizeof *p);
}

enum pf_proof prover_kind(const struct prover *p)
{
    if (p->readback)
        return PF_PROOF_READBACK;
    return p->s->proto->digest_kind == PF_DIGEST_SHA256 ? PF_PROOF_SHA256 : PF_PROOF_CRC32;
}

/* --- claims ----------------------------------------------------------- */

static void host_digest(const struct prover *p, uint32_t first, uint32_t count,
                        struct pf_digest *out)
{
    const uint8_t *at = p->content + (size_t)first * PF_SECTOR;
    const size_t len = (size_t)count * PF_SECTOR;

    memset(out, 0, sizeof *out);
    out->kind = p->s->proto->digest_kind;
    if (out->kind == PF_DIGEST_SHA256)
        pf_sha256(at, len, out->sha256);
    else
        out->crc32 = pf_crc32(0, at, len);
}

static bool same_digest(const struct pf_digest *a, const struct pf_digest *b)
{
    if (a->kind != b->kind)
        return false;
    return a->kind == PF_DIGEST_SHA256 ? !memcmp(a->sha256, b->sha256, sizeof a->sha256)
                                       : a->crc32 == b->crc32;
}

static enum pf_err hold_claim(struct prover *p, uint32_t first, uint32_t count,
                              const struct pf_digest *digest)
{
    if (p->nclaims == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 64;
        struct prover_claim *more = realloc(p->claim, cap * sizeof *more);

        if (!more)
            return pf_fail(p->s->ctx, PF_ERR_NOMEM, "no memory for proofs");
        p->claim = more;
        p->cap = cap;
    }
    p->claim[p->nclaims++] = (struct prover_claim){first, count, *digest};
    return PF_OK;
}

enum pf_err prover_hold(struct prover *p, uint32_t first, uint32_t count,
                        const struct pf_digest *digest)
{
    return hold_claim(p, first, count, digest);
}

static const struct prover_claim *find_claim(const struct prover *p, uint32_t first, uint32_t count)
{
    for (size_t i = 0; i < p->nclaims; i++)
        if (p->claim[i].first == first && p->claim[i].count == count)
            return &p->claim[i];
    return NULL;
}

/* Forget every claim that reaches into a sector that is not proved: it spoke
 * of something else than the content, so one of the two is wrong. */
static void drop_doubtful(struct prover *p)
{
    size_t kept = 0;

    for (size_t i = 0; i < p->nclaims; i++)
        if (!prover_open(p, p->claim[i].first, p->claim[i].count))
            p->claim[kept++] = p->claim[i];
    p->nclaims = kept;
}

/* The device's digest of a range: from a claim, or by asking. */
static enum pf_err ask(struct prover *p, uint32_t first, uint32_t count, struct pf_digest *out)
{
    const struct prover_claim *have = find_claim(p, first, count);
    const size_t len = (size_t)count * PF_SECTOR;
    const unsigned retries = p->s->ctx->retries;
    uint64_t start, took;

    if (have) {
        *out = have->digest;
        return PF_OK;
    }
    PF_TRY(pf_check_cancel(p->s->ctx));
    start = pf_now(p->s->port);
    p->stats->digests++;
    PF_TRY(p->s->proto->digest(p->s, p->addr + first * PF_SECTOR, len, out));
    took = pf_now(p->s->port) - start;
    p->stats->hashed += len;
    if (p->s->ctx->retries == retries)
        cost_learn_digest(p, count, (double)took);
    return hold_claim(p, first, count, out);
}

/* The digest of the second half, when the algebra gives it. */
static bool derive(const struct prover *p, const struct pf_digest *whole,
                   const struct pf_digest *left, uint32_t right_count, struct pf_digest *out)
{
    if (!whole || whole->kind != PF_DIGEST_CRC32 || p->s->proto->digest_kind != PF_DIGEST_CRC32)
        return false;
    *out = *whole;
    out->crc32 = pf_crc32_tail(whole->crc32, left->crc32, (size_t)right_count * PF_SECTOR);
    return true;
}

static bool agrees(const struct prover *p, uint32_t first, uint32_t count,
                   const struct pf_digest *device)
{
    struct pf_digest host;

    host_digest(p, first, count, &host);
    return same_digest(&host, device);
}

static void mark_proved(struct prover *p, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++) {
        if (p->state[i] == SECTOR_GUESS || p->state[i] == SECTOR_LIKELY)
            p->stats->proved_same += PF_SECTOR;
        p->state[i] = SECTOR_PROVED;
    }
}

uint32_t prover_open(const struct prover *p, uint32_t first, uint32_t count)
{
    uint32_t open = 0;

    for (uint32_t i = first; i < first + count; i++)
        open += p->state[i] != SECTOR_PROVED;
    return open;
}

uint32_t prover_next_open(const struct prover *p, uint32_t *at, uint32_t end)
{
    uint32_t n = 0;

    while (*at < end && p->state[*at] == SECTOR_PROVED)
        ++*at;
    while (*at + n < end && p->state[*at + n] != SECTOR_PROVED)
        n++;
    return n;
}

/* --- reading ---------------------------------------------------------- */

/* Bytewise majority of `n` reads lying one after the other; ties go to the
 * value that came first. Returns whether they disagreed anywhere. */
static bool vote(uint8_t *out, const uint8_t *reads, unsigned n)
{
    bool differ = false;

    for (size_t i = 0; i < PF_SECTOR; i++) {
        unsigned best = 0;

        for (unsigned k = 0; k < n; k++) {
            unsigned votes = 0;

            for (unsigned j = 0; j < n; j++)
                votes += reads[(size_t)j * PF_SECTOR + i] == reads[(size_t)k * PF_SECTOR + i];
            if (votes > best) {
                best = votes;
                out[i] = reads[(size_t)k * PF_SECTOR + i];
            }
        }
        differ |= best != n;
    }
    return differ;
}

static enum pf_err read_into(struct prover *p, uint32_t first, uint32_t count, uint8_t *buf)
{
    const unsigned retries = p->s->ctx->retries;
    const uint64_t start = pf_now(p->s->port);
    const size_t len = (size_t)count * PF_SECTOR;

    PF_TRY(p->s->proto->read(p->s, p->addr + first * PF_SECTOR, buf, len));
    p->stats->reads++;
    p->stats->moved += len;
    if (p->s->ctx->retries == retries) {
        p->cost.reads += count;
        p->cost.read_us += (double)(pf_now(p->s->port) - start);
    }
    return PF_OK;
}

static enum pf_err read_voted(struct prover *p, uint32_t sector)
{
    const unsigned n = p->repeat;
    uint8_t *out = p->content + (size_t)sector * PF_SECTOR;
    enum pf_err err = PF_OK;
    uint8_t *reads;

    reads = malloc((size_t)n * PF_SECTOR);
    if (!reads)
        return pf_fail(p->s->ctx, PF_ERR_NOMEM, "no memory for %u reads of a sector", n);
    for (unsigned i = 0; !err && i < n; i++)
        err = read_into(p, sector, 1, reads + (size_t)i * PF_SECTOR);
    if (!err && vote(out, reads, n)) {
        p->unstable += !p->shaky[sector];
        p->shaky[sector] = 1;
        pf_warn(p->s->ctx, "sector 0x%06x reads differently each time; took the majority of %u",
                p->addr + sector * PF_SECTOR, n);
    }
    free(reads);
    return err;
}

uint32_t prover_chunk(const struct prover *p)
{
    const uint32_t n = p->s->read_chunk / PF_SECTOR;
    const double wire = p->cost.prior_r - p->cost.prior_a;

    /* A long read saves an exchange a sector, and runs into the blank sectors
     * behind the used ones: not worth it where an exchange costs next to
     * nothing. */
    if (p->repeat > 1 || !n || p->cost.prior_a * 16 < wire)
        return 1;
    return n;
}

enum pf_err prover_read(struct prover *p, uint32_t first, uint32_t count)
{
    const uint32_t chunk = prover_chunk(p);

    for (uint32_t n; count; first += n, count -= n) {
        n = count < chunk ? count : chunk;
        PF_TRY(pf_check_cancel(p->s->ctx));
        memset(p->state + first, SECTOR_UNKNOWN, n);
        memset(p->dirty + first, 1, n);
        if (p->repeat > 1)
            PF_TRY(read_voted(p, first));
        else
            PF_TRY(read_into(p, first, n, p->content + (size_t)first * PF_SECTOR));
        memset(p->state + first, SECTOR_READ, n);
    }
    return PF_OK;
}

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
        err = read_into(p, i, 1, buf);
        if (!err && !memcmp(buf, p->content + (size_t)i * PF_SECTOR, PF_SECTOR))
            mark_proved(p, i, 1);
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

    cost_digest(p, &a, &b);
    *h = (struct hunt){.effort = effort};
    /* What one path down to a single sector costs, and half as much again. */
    for (uint32_t n = count; n > 1; n -= n / 2)
        h->allowance += 1.5 * (a + n / 2 * b);
}

static enum pf_err check_half(struct prover *p, struct hunt *h, uint32_t first, uint32_t count,
                              struct pf_digest *digest, bool *same)
{
    const uint64_t start = pf_now(p->s->port);

    PF_TRY(ask(p, first, count, digest));
    h->spent += (double)(pf_now(p->s->port) - start);
    *same = agrees(p, first, count, digest);
    if (*same) {
        mark_proved(p, first, count);
        h->saved += count * cost_read(p);
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
        known = known && derive(p, &rest, &one, count - 1, &rest);
    }
    if (!known)
        return check_half(p, h, first, 1, &one, &same);
    PF_TRY(hold_claim(p, first, 1, &rest));
    if (agrees(p, first, 1, &rest))
        mark_proved(p, first, 1);
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
    if (derive(p, whole, &left, nr, &right)) {
        PF_TRY(hold_claim(p, first + nl, nr, &right));
        same_right = agrees(p, first + nl, nr, &right);
        if (same_right) {
            mark_proved(p, first + nl, nr);
            h->saved += nr * cost_read(p);
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
    const struct prover_claim *whole = find_claim(p, first, count);
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
    err = ask(p, 0, p->count, &device);
    if (err == PF_ERR_SUPPORT) {
        p->readback = true;
        return PF_OK;
    }
    PF_TRY(err);
    if (host.kind == PF_DIGEST_SHA256)
        pf_sha256(data, len, host.sha256);
    else
        host.crc32 = pf_crc32(0, data, len);
    *same = same_digest(&host, &device);
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

/* --- gallop ----------------------------------------------------------- */

/* Ask whether `count` sectors are blank; proves them when they are. */
static enum pf_err probe_blank(struct prover *p, uint32_t first, uint32_t count,
                               struct pf_digest *digest, bool *blank)
{
    uint8_t *at = p->content + (size_t)first * PF_SECTOR;

    PF_TRY(ask(p, first, count, digest));
    if (digest->kind == PF_DIGEST_CRC32) {
        *blank = digest->crc32 == pf_crc32_blank((size_t)count * PF_SECTOR);
        if (!*blank)
            return PF_OK;
    }
    memset(at, 0xff, (size_t)count * PF_SECTOR);
    *blank = agrees(p, first, count, digest);
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

        cost_digest(p, &a, &b);
        if (a + nl * b > 0.75 * nl * cost_read(p))
            return PF_OK;
        PF_TRY(probe_blank(p, *at, nl, &left, &blank));
        known = known && derive(p, &whole, &left, nr, &right);
        if (known)
            PF_TRY(hold_claim(p, *at + nl, nr, &right));
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
        const double r = cost_read(p);
        uint32_t n = step < limit - at ? step : limit - at;
        struct pf_digest digest;
        bool blank;
        enum pf_err err;

        cost_digest(p, &a, &b);
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

/* --- proof ------------------------------------------------------------ */

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
    PF_TRY(ask(p, 0, p->count, &whole));
    if (agrees(p, 0, p->count, &whole))
        mark_proved(p, 0, p->count);
    return PF_OK;
}

/* Use the claims held: those that agree with content known by now prove it. */
static void settle(struct prover *p)
{
    for (size_t i = 0; i < p->nclaims; i++) {
        const struct prover_claim *c = &p->claim[i];

        if (prover_open(p, c->first, c->count) && agrees(p, c->first, c->count, &c->digest))
            mark_proved(p, c->first, c->count);
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
            drop_doubtful(p);
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
            drop_doubtful(p);
        PF_TRY(prover_check(p, sector, 1, PROVER_WHOLE));
        if (p->state[sector] == SECTOR_PROVED)
            return PF_OK;
    }
    return pf_fail(p->s->ctx, PF_ERR_VERIFY,
                   "sector 0x%06x keeps reading differently from the device's own digest",
                   p->addr + sector * PF_SECTOR);
}
