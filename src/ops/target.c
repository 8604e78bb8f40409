/* target.c - desired content, guards and plan; see target.h. */
#include "ops/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/util.h"

enum pf_err target_init(struct target *t, struct pf_session *s, const char *action)
{
    memset(t, 0, sizeof *t);
    t->s = s;
    t->action = action;
    t->count = s->id.flash_size / PF_SECTOR;
    t->want = malloc(s->id.flash_size);
    t->act = calloc(t->count, 1);
    t->differ = calloc(t->count, 1);
    t->edge = calloc(t->count, 1);
    if (t->want && t->act && t->differ && t->edge) {
        memset(t->want, 0xff, s->id.flash_size);
        return PF_OK;
    }
    target_fini(t);
    return pf_fail(s->ctx, PF_ERR_NOMEM, "no memory for a copy of the flash");
}

void target_fini(struct target *t)
{
    free(t->want);
    free(t->act);
    free(t->differ);
    free(t->edge);
    memset(t, 0, sizeof *t);
}

static void want_span(struct target *t, uint32_t addr, size_t len)
{
    for (uint32_t i = addr / PF_SECTOR; (uint64_t)i * PF_SECTOR < (uint64_t)addr + len; i++)
        t->act[i] = TARGET_WANT;
}

void target_want(struct target *t, const struct source *src)
{
    for (size_t i = 0; i < src->nparts; i++) {
        const struct pf_image_part *p = &src->part[i];

        memcpy(t->want + p->addr, src->data + p->offset, p->len);
        want_span(t, p->addr, p->len);
    }
}

void target_want_blank(struct target *t, uint32_t addr, size_t len)
{
    memset(t->want + addr, 0xff, len);
    want_span(t, addr, len);
}

/* --- guards ----------------------------------------------------------- */

static enum guard_verdict judge(const struct target_policy *policy, const struct pf_region *r)
{
    const bool identity = r->flags & PF_REGION_IDENTITY;
    struct pf_guard guard = *policy->guard;

    if (r->flags & PF_REGION_LOCKED)
        return policy->locked == GUARD_CHANGE ? GUARD_REFUSE : policy->locked;
    if (identity && policy->identity_needs_name)
        guard.none = false;
    if (ops_guard_open(&guard, r))
        return GUARD_CHANGE;
    return identity ? policy->identity : policy->other;
}

static enum pf_err refuse_locked(const struct target *t, const struct pf_region *r)
{
    return pf_fail(t->s->ctx, PF_ERR_GUARD,
                   "region '%s' (%s, 0x%06x to 0x%06x) is in the way and never opens: without it "
                   "the chip cannot be flashed over its serial port again",
                   r->name, r->title, r->addr, r->addr + r->len);
}

/* What one region does to the target. *refused: it is in the way. */
static void guard_region(struct target *t, const struct target_policy *policy,
                         const struct pf_region *r, bool *refused)
{
    const enum guard_verdict verdict = judge(policy, r);
    const uint64_t end = (uint64_t)r->addr + r->len;

    *refused = false;
    for (uint32_t i = r->addr / PF_SECTOR; i < t->count && (uint64_t)i * PF_SECTOR < end; i++) {
        if (t->act[i] == TARGET_OUT || verdict == GUARD_CHANGE)
            continue;
        if (verdict == GUARD_REFUSE)
            *refused = true;
        else
            t->act[i] = TARGET_KEEP;
    }
}

/* All regions in the way are named at once, so that nobody has to find them
 * one by one. */
enum pf_err target_guard(struct target *t, const struct target_policy *policy)
{
    const unsigned guarded = PF_REGION_LOCKED | PF_REGION_IDENTITY | PF_REGION_GUARD;
    const struct pf_region *first = NULL;
    char names[200] = "";
    size_t used = 0, n = 0;
    bool refused;

    for (const struct pf_region *r = pf_session_regions(t->s); r && r->name; r++) {
        if (!(r->flags & guarded))
            continue;
        guard_region(t, policy, r, &refused);
        if (!refused)
            continue;
        if (r->flags & PF_REGION_LOCKED)
            return refuse_locked(t, r);
        if (!first)
            first = r;
        if (used < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", n++ ? "," : "",
                                     r->name);
    }
    if (!first)
        return PF_OK;
    if (n > 1)
        return pf_fail(t->s->ctx, PF_ERR_GUARD,
                       "guarded regions are in the way: open them with --guard %s if you mean it",
                       names);
    return pf_fail(t->s->ctx, PF_ERR_GUARD,
                   "region '%s' (%s, 0x%06x to 0x%06x) is guarded: open it with --guard %s if you "
                   "mean it",
                   first->name, first->title, first->addr, first->addr + first->len, first->name);
}

/* --- edges ------------------------------------------------------------ */

/* The file's bytes inside one sector, over `sector`; returns how many. */
static size_t overlay(const struct source *src, uint32_t addr, uint8_t *sector)
{
    size_t covered = 0;

    for (size_t i = 0; i < src->nparts; i++) {
        const struct pf_image_part *p = &src->part[i];
        const uint32_t end = p->addr + p->len;
        const uint32_t lo = p->addr > addr ? p->addr : addr;
        const uint32_t hi = end < addr + PF_SECTOR ? end : addr + PF_SECTOR;

        if (lo >= hi)
            continue;
        memcpy(sector + (lo - addr), src->data + p->offset + (lo - p->addr), hi - lo);
        covered += hi - lo;
    }
    return covered;
}

/* Sector `i` holds bytes that no part covers. An erase has no file and whole
 * sectors only. */
static bool is_edge(struct target *t, const struct source *src, uint32_t i)
{
    return src->nparts && t->act[i] == TARGET_WANT &&
           overlay(src, i * PF_SECTOR, t->want + (size_t)i * PF_SECTOR) != PF_SECTOR;
}

static void merge_edge(struct target *t, const struct source *src, uint32_t i, const uint8_t *old)
{
    uint8_t *want = t->want + (size_t)i * PF_SECTOR;

    t->edge[i] = 1;
    memcpy(want, old, PF_SECTOR);
    (void)overlay(src, i * PF_SECTOR, want);
}

enum pf_err target_merge_edges(struct target *t, const struct source *src, struct prover *p)
{
    for (uint32_t i = 0; i < t->count; i++) {
        if (!is_edge(t, src, i))
            continue;
        PF_TRY(prover_read_sure(p, i));
        merge_edge(t, src, i, p->content + (size_t)i * PF_SECTOR);
    }
    return PF_OK;
}

void target_merge_copy(struct target *t, const struct source *src, const uint8_t *copy)
{
    for (uint32_t i = 0; i < t->count; i++)
        if (is_edge(t, src, i))
            merge_edge(t, src, i, copy + (size_t)i * PF_SECTOR);
}

/* --- difference and plan ---------------------------------------------- */

uint32_t target_diff(struct target *t, const struct prover *p)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < t->count; i++) {
        const size_t at = (size_t)i * PF_SECTOR;

        t->differ[i] =
            t->act[i] == TARGET_WANT &&
            (p->state[i] != SECTOR_PROVED || memcmp(p->content + at, t->want + at, PF_SECTOR) != 0);
        n += t->differ[i];
    }
    return n;
}

uint32_t target_next(const struct target *t, uint32_t *at)
{
    uint32_t n = 0;

    while (*at < t->count && t->act[*at] != TARGET_WANT)
        ++*at;
    while (*at + n < t->count && t->act[*at + n] == TARGET_WANT)
        n++;
    return n;
}

static const char *plan_word(const struct target *t, uint32_t i)
{
    if (t->act[i] == TARGET_OUT)
        return NULL;
    if (t->act[i] == TARGET_KEEP)
        return "keep";
    return t->differ[i] ? t->action : "same";
}

/* Runs of one action in one region. Runs of "same" shorter than `gap` sectors
 * right after something that changes are counted with it. Returns the number
 * of spans needed, which may exceed what was stored. */
static size_t plan_pass(const struct target *t, struct pf_plan_span *out, uint32_t gap)
{
    struct pf_plan_span cur = {0};
    size_t n = 0;

    for (uint32_t i = 0; i <= t->count; i++) {
        const char *word = i < t->count ? plan_word(t, i) : NULL;
        const char *region = word ? ops_region_name(t->s, i * PF_SECTOR) : "";
        uint32_t same = 0;

        while (word && !strcmp(word, "same") && i + same < t->count && plan_word(t, i + same) &&
               !strcmp(plan_word(t, i + same), "same") && same < gap)
            same++;
        if (cur.len && word && same && same < gap && !strcmp(cur.action, t->action) &&
            !strcmp(cur.region, region))
            word = t->action;
        if (cur.len &&
            (!word || strcmp(word, cur.action) != 0 || strcmp(region, cur.region) != 0)) {
            if (n < PF_PLAN_MAX)
                out[n] = cur;
            n++;
            cur.len = 0;
        }
        if (word && !cur.len)
            cur = (struct pf_plan_span){i * PF_SECTOR, 0, region, word};
        if (word)
            cur.len += PF_SECTOR;
    }
    return n;
}

void target_plan(const struct target *t, struct pf_write_result *res)
{
    size_t n = plan_pass(t, res->plan, 0);

    for (uint32_t gap = 2; n > PF_PLAN_MAX && gap <= t->count; gap *= 2)
        n = plan_pass(t, res->plan, gap);
    res->nplan = n < PF_PLAN_MAX ? n : PF_PLAN_MAX;
}
