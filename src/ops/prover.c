/* prover.c - what is believed, what was claimed, and reading; see prover.h.
 * Comparing is prover_check.c, blank runs prover_blank.c, the final proof
 * prover_prove.c. */
#include "ops/prover_parts.h"

#include <stdlib.h>
#include <string.h>

#include "core/checksum.h"

/* --- cost model ------------------------------------------------------- */

double prover_cost_read(const struct prover *p)
{
    return p->cost.reads > 0 ? p->cost.read_us / p->cost.reads : p->cost.prior_r;
}

/* An exchange, and what each sector of it costs. The link's own latency tells
 * the first better than a fit would: one exchange that was delayed would spoil
 * it for the rest of the run. */
void prover_cost_digest(const struct prover *p, double *a, double *b)
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

bool prover_same_digest(const struct pf_digest *a, const struct pf_digest *b)
{
    if (a->kind != b->kind)
        return false;
    return a->kind == PF_DIGEST_SHA256 ? !memcmp(a->sha256, b->sha256, sizeof a->sha256)
                                       : a->crc32 == b->crc32;
}

enum pf_err prover_hold(struct prover *p, uint32_t first, uint32_t count,
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

const struct prover_claim *prover_find_claim(const struct prover *p, uint32_t first, uint32_t count)
{
    for (size_t i = 0; i < p->nclaims; i++)
        if (p->claim[i].first == first && p->claim[i].count == count)
            return &p->claim[i];
    return NULL;
}

void prover_drop_doubtful(struct prover *p)
{
    size_t kept = 0;

    for (size_t i = 0; i < p->nclaims; i++)
        if (!prover_open(p, p->claim[i].first, p->claim[i].count))
            p->claim[kept++] = p->claim[i];
    p->nclaims = kept;
}

enum pf_err prover_ask(struct prover *p, uint32_t first, uint32_t count, struct pf_digest *out)
{
    const struct prover_claim *have = prover_find_claim(p, first, count);
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
    return prover_hold(p, first, count, out);
}

/* The digest of the second half, when the algebra gives it. */
bool prover_derive(const struct prover *p, const struct pf_digest *whole,
                   const struct pf_digest *left, uint32_t right_count, struct pf_digest *out)
{
    if (!whole || whole->kind != PF_DIGEST_CRC32 || p->s->proto->digest_kind != PF_DIGEST_CRC32)
        return false;
    *out = *whole;
    out->crc32 = pf_crc32_tail(whole->crc32, left->crc32, (size_t)right_count * PF_SECTOR);
    return true;
}

bool prover_agrees(const struct prover *p, uint32_t first, uint32_t count,
                   const struct pf_digest *device)
{
    struct pf_digest host;

    host_digest(p, first, count, &host);
    return prover_same_digest(&host, device);
}

void prover_mark_proved(struct prover *p, uint32_t first, uint32_t count)
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

enum pf_err prover_read_into(struct prover *p, uint32_t first, uint32_t count, uint8_t *buf)
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
        err = prover_read_into(p, sector, 1, reads + (size_t)i * PF_SECTOR);
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
            PF_TRY(prover_read_into(p, first, n, p->content + (size_t)first * PF_SECTOR));
        memset(p->state + first, SECTOR_READ, n);
    }
    return PF_OK;
}
