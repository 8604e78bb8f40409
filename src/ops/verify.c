/* verify.c - does the flash hold what a file says? Nothing is changed. */
#include <stdlib.h>
#include <string.h>

#include "ops/backup.h"
#include "ops/source.h"
#include "ops/target.h"
#include "ops/util.h"

/* Runs of sectors that differ, as far as they fit; the last one then covers
 * everything up to the last difference. */
static void verify_summarise(const struct target *t, struct pf_verify_result *res)
{
    struct pf_plan_span *cur = NULL;
    uint32_t last = ~0u;

    for (uint32_t i = 0; i < t->count; i++) {
        const uint32_t at = i * PF_SECTOR;

        res->sectors += t->act[i] == TARGET_WANT;
        if (!t->differ[i])
            continue;
        if (!res->differ++)
            res->first_diff = at;
        if (cur && (i == last + 1 || res->nspans == PF_PLAN_MAX)) {
            cur->len = at + PF_SECTOR - cur->addr;
        } else {
            cur = &res->span[res->nspans++];
            *cur = (struct pf_plan_span){at, PF_SECTOR, ops_region_name(t->s, at), "differs"};
        }
        last = i;
    }
}

struct verifying {
    struct target t;
    struct prover p;
    struct source src;
    uint8_t *have;
};

static enum pf_err compare_device(struct verifying *v, struct pf_verify_result *res)
{
    uint32_t at = 0, n;

    v->p.phase = "verify";
    ops_keepalive(v->t.s);
    PF_TRY(target_merge_edges(&v->t, &v->src, &v->p));
    for (uint32_t i = 0; i < v->t.count; i++)
        if (v->t.act[i] == TARGET_WANT && v->p.state[i] != SECTOR_PROVED)
            prover_guess(&v->p, i, v->t.want + (size_t)i * PF_SECTOR);
    for (; (n = target_next(&v->t, &at)) > 0; at += n)
        PF_TRY(prover_check(&v->p, at, n, PROVER_EXACT));
    (void)target_diff(&v->t, &v->p);
    verify_summarise(&v->t, res);
    res->proof = prover_kind(&v->p);
    return PF_OK;
}

static enum pf_err verify_prepare(struct pf_session *s, struct verifying *v,
                                  const struct source_options *so, struct pf_verify_result *res)
{
    PF_TRY(ops_check_span(s, 0, s->id.flash_size, PF_SECTOR));
    PF_TRY(source_open(s, so, &v->src, &res->image));
    PF_TRY(target_init(&v->t, s, "differs"));
    target_want(&v->t, &v->src);
    v->have = calloc(1, s->id.flash_size);
    if (!v->have)
        return pf_fail(s->ctx, PF_ERR_NOMEM, "no memory for a copy of the flash");
    return prover_init(&v->p, s, &res->stats, 0, v->t.count, v->have);
}

enum pf_err pf_verify(struct pf_session *s, const char *path, bool at_given, uint32_t at,
                      struct pf_verify_result *res)
{
    const struct source_options so = {
        .path = path, .use = SOURCE_VERIFY, .at_given = at_given, .at = at};
    struct verifying v = {0};
    char text[PF_TEXT_MAX];
    enum pf_err err;

    memset(res, 0, sizeof *res);
    err = verify_prepare(s, &v, &so, res);
    if (!err) {
        err = compare_device(&v, res);
        if (ops_is_link_error(err)) {
            memcpy(text, s->ctx->text, sizeof text);
            err = pf_fail(s->ctx, PF_ERR_UNPROVEN, "the comparison did not finish: %.400s", text);
        }
    }
    if (!err && res->differ)
        err = pf_fail(s->ctx, PF_ERR_VERIFY, "%u of %u sectors differ, first at 0x%06x",
                      res->differ, res->sectors, res->first_diff);
    res->stats.us = ops_elapsed(s);
    target_fini(&v.t);
    prover_fini(&v.p);
    source_fini(&v.src);
    free(v.have);
    return err;
}
