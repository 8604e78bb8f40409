/* apply.c - erase, program, prove; see apply.h.
 *
 * Proof comes after all windows and not in between: on a loader whose digest
 * takes the write permission away (bk7231.md 4.3) only the next erase brings
 * it back, so that order is right everywhere. */
#include "ops/apply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/checksum.h"
#include "ops/util.h"

#define ROUNDS     3
#define PER_WINDOW (PF_BLOCK / PF_SECTOR)

struct job {
    struct apply *a;
    const uint8_t *expect;  /* the whole flash as it shall be */
    const uint8_t *checked; /* per sector: `expect` is valid */
    uint32_t base;          /* sectors done before the present span of a stream */
    uint32_t done, total;   /* sectors, for progress */
    bool may_skip;          /* sectors known blank need no erase (first round) */
    bool permitted;         /* an erase went through since the last digest */
};

static enum pf_err step(struct job *j, const char *phase)
{
    return pf_progress(j->a->t->s->ctx, phase, (uint64_t)j->done * PF_SECTOR,
                       (uint64_t)j->total * PF_SECTOR);
}

static bool was_blank(const struct job *j, uint32_t sector)
{
    return j->may_skip && j->permitted && j->a->known[sector] &&
           pf_is_blank(j->a->was + (size_t)sector * PF_SECTOR, PF_SECTOR);
}

static enum pf_err erase_run(struct job *j, uint32_t first, uint32_t count)
{
    struct pf_session *s = j->a->t->s;
    enum pf_err err;

    PF_TRY(step(j, "erase"));
    err = s->proto->erase(s, first * PF_SECTOR, (size_t)count * PF_SECTOR);
    /* Only the refusal of a single command tells that nothing was changed. */
    if (err != PF_ERR_REFUSED || (count > 1 && count < PER_WINDOW)) {
        j->a->changed = true;
        memset(j->a->erased + first, 1, count);
    }
    PF_TRY(err);
    j->permitted = true;
    j->a->res->stats.erased += count;
    return PF_OK;
}

/* Erase what differs in one window: the whole block in one go when all of it
 * does, otherwise runs of sectors. */
static enum pf_err erase_window(struct job *j, uint32_t first, uint32_t end)
{
    const uint8_t *differ = j->a->t->differ;

    for (uint32_t at = first, n; at < end; at += n ? n : 1) {
        for (n = 0; at + n < end && differ[at + n]; n++)
            if (n && was_blank(j, at + n))
                break;
        if (n && n < PER_WINDOW && was_blank(j, at))
            n = 0;
        if (n)
            PF_TRY(erase_run(j, at, n));
    }
    return PF_OK;
}

static enum pf_err program_window(struct job *j, uint32_t first, uint32_t end)
{
    const struct target *t = j->a->t;
    struct pf_session *s = t->s;

    for (uint32_t i = first; i < end; i++) {
        const uint8_t *want = t->want + (size_t)i * PF_SECTOR;

        if (!t->differ[i])
            continue;
        if (!pf_is_blank(want, PF_SECTOR)) {
            PF_TRY(s->proto->write(s, i * PF_SECTOR, want, PF_SECTOR));
            j->a->res->stats.programmed++;
            j->a->res->stats.moved += PF_SECTOR;
        }
        j->done++;
        PF_TRY(step(j, "write"));
    }
    return PF_OK;
}

/* --- a link that streams ---------------------------------------------- */

/* Sectors between two that change cost the device a look, a new transfer a round
 * trip: so far apart they lie when the second is cheaper. */
#define GAP_MAX 32u

/* End of the span to be stored in one go that begins at `first`, which differs. */
static uint32_t store_end(const struct job *j, uint32_t first)
{
    const struct target *t = j->a->t;
    uint32_t end = first + 1;

    for (uint32_t i = end; i < t->count && i - end < GAP_MAX && j->checked[i]; i++)
        if (t->differ[i])
            end = i + 1;
    return end;
}

static enum pf_err store_done(void *user, size_t done)
{
    const struct job *j = user;

    return pf_progress(j->a->t->s->ctx, "write", (uint64_t)j->base * PF_SECTOR + done,
                       (uint64_t)j->total * PF_SECTOR);
}

static void store_count(struct job *j, uint32_t first, uint32_t end)
{
    const struct target *t = j->a->t;
    struct pf_stats *stats = &j->a->res->stats;

    for (uint32_t i = first; i < end; i++) {
        if (!t->differ[i])
            continue;
        j->a->erased[i] = 1;
        stats->erased++;
        if (!pf_is_blank(t->want + (size_t)i * PF_SECTOR, PF_SECTOR)) {
            stats->programmed++;
            stats->moved += PF_SECTOR;
        }
    }
}

static enum pf_err store_span(struct job *j, uint32_t first, uint32_t end)
{
    const uint8_t *data = j->expect + (size_t)first * PF_SECTOR;
    struct pf_session *s = j->a->t->s;
    const size_t len = (size_t)(end - first) * PF_SECTOR;
    struct pf_digest device = {.kind = PF_DIGEST_NONE};
    uint8_t sum[32];
    enum pf_err err;

    err = s->proto->store(s, first * PF_SECTOR, len, data, j->a->t->differ + first, store_done, j,
                          &device);
    if (err != PF_ERR_REFUSED) {
        j->a->changed = true;
        store_count(j, first, end);
    }
    if (err == PF_ERR_VERIFY) /* the proof behind it finds out what, and asks again */
        return PF_OK;
    PF_TRY(err);
    pf_sha256(data, len, sum);
    if (device.kind == PF_DIGEST_SHA256 && !memcmp(sum, device.sha256, sizeof sum))
        memset(j->a->proved + first, 1, end - first);
    j->a->res->stats.hashed += len;
    j->a->res->stats.digests++;
    return PF_OK;
}

static enum pf_err change_by_stream(struct job *j)
{
    const struct target *t = j->a->t;

    j->base = j->total = 0;
    for (uint32_t at = 0, end; at < t->count; at = end) {
        end = t->differ[at] ? store_end(j, at) : at + 1;
        j->total += t->differ[at] ? end - at : 0;
    }
    for (uint32_t at = 0, end; at < t->count; at = end) {
        end = at + 1;
        if (!t->differ[at])
            continue;
        end = store_end(j, at);
        PF_TRY(store_span(j, at, end));
        j->base += end - at;
    }
    return PF_OK;
}

/* Everything that was changed has been proved by the device as it went. */
static bool all_proved(const struct apply *a)
{
    for (uint32_t i = 0; i < a->t->count; i++)
        if (a->t->differ[i] && !a->proved[i])
            return false;
    return !a->t->s->strayed;
}

static enum pf_err change(struct job *j)
{
    const struct target *t = j->a->t;

    memset(j->a->proved, 0, t->count);
    if (t->s->proto->store)
        return change_by_stream(j);
    j->permitted = false;
    for (uint32_t at = 0; at < t->count; at += PER_WINDOW) {
        const uint32_t end = at + PER_WINDOW < t->count ? at + PER_WINDOW : t->count;

        if (!memchr(t->differ + at, 1, end - at))
            continue;
        PF_TRY(erase_window(j, at, end));
        PF_TRY(program_window(j, at, end));
    }
    return PF_OK;
}

/* Content of the whole flash as it should be now: what was, and what is wanted
 * over it. `checked` gets which sectors that is known for. */
static void expect_whole(const struct apply *a, uint8_t *expect, uint8_t *checked)
{
    const struct target *t = a->t;

    memcpy(expect, a->was, (size_t)t->count * PF_SECTOR);
    for (uint32_t i = 0; i < t->count; i++) {
        checked[i] = t->act[i] == TARGET_WANT || a->known[i];
        if (t->act[i] == TARGET_WANT)
            memcpy(expect + (size_t)i * PF_SECTOR, t->want + (size_t)i * PF_SECTOR, PF_SECTOR);
    }
}

/* What a round found: sectors to redo, and sectors that changed though nobody
 * wanted it. */
struct finding {
    uint32_t redo, outside, first;
};

static void judge_sector(struct apply *a, const uint8_t *expect, uint32_t i, struct finding *f)
{
    struct target *t = a->t;

    if (t->act[i] == TARGET_WANT) {
        f->redo++;
    } else {
        f->outside++;
        memcpy(t->want + (size_t)i * PF_SECTOR, expect + (size_t)i * PF_SECTOR, PF_SECTOR);
        pf_warn(t->s->ctx, "sector 0x%06x changed though nobody asked for it: putting it back",
                i * PF_SECTOR);
    }
    t->differ[i] = 1;
    if (f->first == t->count)
        f->first = i;
}

/* Ask the device; differ[] becomes what has to be redone or put back. */
static enum pf_err prove_once(struct apply *a, uint8_t *expect, const uint8_t *checked,
                              struct finding *f)
{
    struct target *t = a->t;
    struct prover q;
    enum pf_err err;

    *f = (struct finding){.first = t->count};
    PF_TRY(prover_init(&q, t->s, &a->res->stats, 0, t->count, expect));
    q.phase = "verify";
    err = pf_progress(t->s->ctx, "verify", 0, (uint64_t)t->count * PF_SECTOR);
    for (uint32_t at = 0, n; !err && at < t->count; at += n ? n : 1) {
        for (n = 0; at + n < t->count && checked[at + n]; n++)
            ;
        if (n)
            err = prover_check(&q, at, n, PROVER_EXACT);
    }
    for (uint32_t i = 0; !err && i < t->count; i++) {
        t->differ[i] = 0;
        if (checked[i] && q.state[i] != SECTOR_PROVED)
            judge_sector(a, expect, i, f);
    }
    a->res->proof = err ? PF_PROOF_NONE : prover_kind(&q);
    prover_fini(&q);
    return err;
}

static enum pf_err rounds(struct apply *a, uint8_t *expect, const uint8_t *checked)
{
    struct pf_session *s = a->t->s;
    const bool whole = !memchr(checked, 0, a->t->count);
    struct job j = {.a = a, .expect = expect, .checked = checked, .may_skip = true};
    char lost[PF_TEXT_MAX] = "";
    struct finding f;
    enum pf_err err;

    for (uint32_t i = 0; i < a->t->count; i++)
        j.total += a->t->differ[i];
    for (unsigned round = 0; round <= ROUNDS; round++) {
        s->strayed = false;
        err = change(&j);
        if (err && !s->strayed)
            return err;
        if (err && !whole) /* what it hit may be a sector that nobody can put back */
            memcpy(lost, s->ctx->text, sizeof lost);
        if (!err && all_proved(a)) {
            a->res->proof = PF_PROOF_SHA256;
            return PF_OK;
        }
        PF_TRY(prove_once(a, expect, checked, &f));
        if (!f.redo && !f.outside && !lost[0])
            return PF_OK;
        if (!f.redo && !f.outside) {
            a->res->proof = PF_PROOF_NONE;
            return pf_fail(s->ctx, PF_ERR_PROTOCOL, "%s", lost);
        }
        if (round < ROUNDS)
            pf_retry(s->ctx, "write", PF_ERR_VERIFY, "%u sectors from 0x%06x did not take: again",
                     f.redo + f.outside, f.first * PF_SECTOR);
        j = (struct job){.a = a, .expect = expect, .checked = checked, .total = f.redo + f.outside};
    }
    a->res->proof = PF_PROOF_NONE;
    if (!f.redo)
        return pf_fail(s->ctx, PF_ERR_VERIFY,
                       "%u sectors outside of what was written differ from before, first 0x%06x",
                       f.outside, f.first * PF_SECTOR);
    return pf_fail(s->ctx, PF_ERR_VERIFY,
                   "%u sectors do not hold what was written, first 0x%06x: the flash may be "
                   "write-protected or worn",
                   f.redo, f.first * PF_SECTOR);
}

/* Put the protection back without losing the failure that is to be told. */
static void lock_again(struct apply *a)
{
    struct pf_session *s = a->t->s;
    struct pf_ctx *ctx = s->ctx;
    const bool cancel = ctx->cancel;
    const enum pf_err err = ctx->err;
    char text[PF_TEXT_MAX];

    if (!s->proto->lock)
        return;
    memcpy(text, ctx->text, sizeof text);
    ctx->cancel = false; /* a stop must not leave the flash open */
    if (s->proto->lock(s))
        pf_warn(ctx, "the flash's write protection could not be put back: %s", ctx->text);
    ctx->cancel |= cancel;
    ctx->err = err;
    memcpy(ctx->text, text, sizeof text);
}

/* A sector that the file covers in part was erased and is not proved to be
 * back: the next run cannot know what stood around the file's bytes. */
static void warn_edges(const struct apply *a)
{
    const struct target *t = a->t;

    for (uint32_t i = 0; i < t->count; i++)
        if (t->edge[i] && a->erased[i])
            pf_warn(
                t->s->ctx,
                "sector 0x%06x also held bytes that are not in the file and may be lost%s%.400s",
                i * PF_SECTOR, a->res->backup_path[0] ? ": they are in " : "", a->res->backup_path);
}

enum pf_err apply_target(struct apply *a)
{
    struct pf_session *s = a->t->s;
    struct pf_ctx *ctx = s->ctx;
    uint8_t *expect = malloc((size_t)a->t->count * PF_SECTOR), *checked = malloc(a->t->count);
    enum pf_err err = PF_OK;

    a->changed = false;
    a->erased = calloc(a->t->count, 1);
    a->proved = calloc(a->t->count, 1);
    if (!expect || !checked || !a->erased || !a->proved)
        err = pf_fail(ctx, PF_ERR_NOMEM, "no memory for a copy of the flash");
    if (!err) {
        expect_whole(a, expect, checked);
        err = s->proto->unlock ? s->proto->unlock(s) : PF_OK;
        if (!err)
            err = rounds(a, expect, checked);
        if (s->proto->unlock)
            lock_again(a);
    }
    if (err && a->erased)
        warn_edges(a);
    free(expect);
    free(checked);
    free(a->erased);
    free(a->proved);
    a->erased = a->proved = NULL;
    if (a->changed && (ops_is_link_error(err) || err == PF_ERR_CANCELED)) {
        char text[PF_TEXT_MAX];

        memcpy(text, ctx->text, sizeof text);
        err = pf_fail(
            ctx, PF_ERR_PARTIAL,
            "stopped half-way (%.300s): run the same command again with --resume to finish", text);
    }
    return err;
}
