/* write.c - write, restore and erase: make the flash hold a target.
 *
 * All three run the same way: plan and guards, compare, stop if nothing
 * differs, backup, change what differs, prove. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/checksum.h"
#include "ops/apply.h"
#include "ops/backup.h"
#include "ops/resume.h"
#include "ops/safety.h"
#include "ops/source.h"
#include "ops/util.h"

struct writing {
    struct pf_session *s;
    struct pf_write_result *res;
    struct target t;
    struct prover p; /* the whole flash */
    uint8_t *have;   /* its content */
    struct source src;
    bool no_backup, dry_run, force_key, resume;
    bool all; /* erase --all */
    const char *backup_path;
};

static enum pf_err writing_open(struct writing *w, const char *action)
{
    PF_TRY(ops_check_span(w->s, 0, w->s->id.flash_size, PF_SECTOR));
    PF_TRY(target_init(&w->t, w->s, action));
    w->have = calloc(1, w->s->id.flash_size);
    if (!w->have)
        return pf_fail(w->s->ctx, PF_ERR_NOMEM, "no memory for a copy of the flash");
    return prover_init(&w->p, w->s, &w->res->stats, 0, w->t.count, w->have);
}

static void writing_close(struct writing *w)
{
    w->res->stats.us = ops_elapsed(w->s);
    target_fini(&w->t);
    prover_fini(&w->p);
    source_fini(&w->src);
    free(w->have);
}

/* --- comparing -------------------------------------------------------- */

static enum pf_err compare(struct writing *w, enum prover_effort effort)
{
    uint32_t at = 0, n;

    for (; (n = target_next(&w->t, &at)) > 0; at += n)
        PF_TRY(prover_check(&w->p, at, n, effort));
    w->res->differ = target_diff(&w->t, &w->p);
    return PF_OK;
}

/* What is wanted is also the best guess for what is there. */
static void guess_wanted(struct writing *w)
{
    for (uint32_t i = 0; i < w->t.count; i++)
        if (w->t.act[i] == TARGET_WANT && w->p.state[i] != SECTOR_PROVED)
            prover_guess(&w->p, i, w->t.want + (size_t)i * PF_SECTOR);
}

/* --- flash encryption key --------------------------------------------- */

static bool code_differs(const struct writing *w)
{
    for (uint32_t i = 0; i < w->t.count; i++)
        if (w->t.differ[i] && ops_region_in(w->s, i * PF_SECTOR, PF_SECTOR, PF_REGION_CODE))
            return true;
    return false;
}

static enum pf_err wrong_key(struct writing *w, const char *whose)
{
    const char *name = w->res->image.key_name;

    if (w->force_key) {
        pf_warn(w->s->ctx, "the image is made for the flash key '%s', %s: writing it as asked",
                name ? name : "unknown", whose);
        return PF_OK;
    }
    return pf_fail(w->s->ctx, PF_ERR_CHIP,
                   "the image is made for the flash key '%s', %s: it would never start "
                   "(--force-key writes it anyway)",
                   name ? name : "unknown", whose);
}

/* The chip does not tell its key: the code it runs now was made for it. */
static enum pf_err check_key_by_code(struct writing *w)
{
    struct pf_info info;

    PF_TRY(pf_info_read(w->s, &info));
    w->res->stats.reads += info.stats.reads;
    w->res->stats.moved += info.stats.moved;
    if (!info.firmware.has_key) {
        pf_log(w->s->ctx, "neither the chip nor its code tells the flash key: not compared");
        return PF_OK;
    }
    if (memcmp(info.firmware.key, w->res->image.key, 16) != 0)
        return wrong_key(w, "the code now in the flash for another one");
    return PF_OK;
}

static enum pf_err check_key(struct writing *w)
{
    static const uint8_t zero[16];
    uint8_t key[16];
    enum pf_err err;

    if (!w->res->image.has_key || !code_differs(w))
        return PF_OK;
    err = w->s->proto->read_key ? w->s->proto->read_key(w->s, key) : PF_ERR_SUPPORT;
    if (err == PF_ERR_SUPPORT || err == PF_ERR_REFUSED)
        return check_key_by_code(w);
    PF_TRY(err);
    if (!memcmp(key, zero, sizeof key)) {
        /* Read-protected and never programmed look the same. */
        pf_log(w->s->ctx, "the chip tells an all-zero flash key");
        return check_key_by_code(w);
    }
    if (memcmp(key, w->res->image.key, sizeof key) != 0)
        return wrong_key(w, "the chip has another one");
    return PF_OK;
}

/* MAC and calibration of this very unit exist nowhere else: an erase of all
 * takes them, opened guard or not, only when a verified backup has them. */
static enum pf_err refuse_identity_loss(struct writing *w)
{
    for (uint32_t i = 0; i < w->t.count; i++) {
        const struct pf_region *r =
            w->t.differ[i] ? ops_region_in(w->s, i * PF_SECTOR, PF_SECTOR, PF_REGION_IDENTITY)
                           : NULL;

        if (r)
            return pf_fail(w->s->ctx, PF_ERR_GUARD,
                           "region '%s' (%s) would be changed, and only a backup could bring it "
                           "back: leave out --no-backup",
                           r->name, r->title);
    }
    return PF_OK;
}

/* --- the common course ------------------------------------------------ */

/* One flipped bit in a request sends an erase or a write to another place, and
 * nothing on the wire guards against it. Without a backup at least the guarded
 * sectors that are one bit away from one to be changed are read, so that they
 * could be put back. */
static enum pf_err read_neighbours(struct writing *w)
{
    const unsigned flags = PF_REGION_GUARD | PF_REGION_IDENTITY;

    /* Proved, or a flipped bit in the copy would be "put back". */
    for (uint32_t i = 0; i < w->t.count; i++)
        for (uint32_t bit = 1; w->t.differ[i] && bit < w->t.count; bit <<= 1) {
            const uint32_t n = i ^ bit;

            if (n < w->t.count && w->t.act[n] != TARGET_WANT && w->p.state[n] == SECTOR_UNKNOWN &&
                ops_region_in(w->s, n * PF_SECTOR, PF_SECTOR, flags))
                PF_TRY(prover_read(&w->p, n, 1));
        }
    return PF_OK;
}

static enum pf_err apply(struct writing *w)
{
    struct apply a = {.t = &w->t, .res = w->res, .was = w->have};
    uint8_t *known = malloc(w->t.count);
    enum pf_err err;

    if (!known)
        return pf_fail(w->s->ctx, PF_ERR_NOMEM, "no memory for the sector map");
    for (uint32_t i = 0; i < w->t.count; i++)
        known[i] = w->p.state[i] == SECTOR_PROVED;
    a.known = known;
    err = apply_target(&a);
    free(known);
    return err;
}

/* An interrupted write goes on: with the backup that was made for it, and with what
 * that has around the file's bytes, which may be gone from the device by now. */
static enum pf_err try_resume(struct writing *w, bool *resumed)
{
    char name[sizeof w->res->backup_path];
    enum pf_err err = PF_OK;
    uint8_t *copy;

    *resumed = false;
    PF_TRY(safety_find(&w->p, w->backup_path, &copy, name, sizeof name));
    if (!copy) {
        pf_log(w->s->ctx, "no backup of this unit is at hand: nothing to resume");
        return PF_OK;
    }
    target_merge_copy(&w->t, &w->src, copy);
    guess_wanted(w);
    err = compare(w, PROVER_EXACT);
    if (!err)
        err = resume_check(&w->p, &w->t, copy, resumed);
    free(copy);
    PF_TRY(err);
    if (!*resumed) {
        pf_log(w->s->ctx, "%s does not hold what the device has now: making another backup", name);
        return PF_OK;
    }
    pf_log(w->s->ctx, "%s is from before the interruption: going on", name);
    snprintf(w->res->backup_path, sizeof w->res->backup_path, "%s", name);
    w->res->backup_reused = true;
    return PF_OK;
}

/* From a guarded target to a proved flash. */
static enum pf_err run(struct writing *w)
{
    bool backup = !w->no_backup && !w->dry_run, resumed = false;

    ops_keepalive(w->s);
    if (w->resume && backup)
        PF_TRY(try_resume(w, &resumed));
    backup = backup && !resumed;
    if (!resumed)
        PF_TRY(target_merge_edges(&w->t, &w->src, &w->p));
    guess_wanted(w);
    /* A backup will tell what differs anyway; without one, find out now. */
    PF_TRY(compare(w, backup ? PROVER_WHOLE : PROVER_EXACT));
    target_plan(&w->t, w->res);
    if (!w->res->differ) {
        w->res->unchanged = true;
        w->res->proof = prover_kind(&w->p);
        return PF_OK;
    }
    PF_TRY(check_key(w));
    if (w->all && w->no_backup)
        PF_TRY(refuse_identity_loss(w));
    if (w->dry_run)
        return PF_OK;
    if (backup) {
        PF_TRY(safety_backup(&w->p, w->backup_path, w->res->backup_path, sizeof w->res->backup_path,
                             &w->res->backup_reused));
        w->res->differ = target_diff(&w->t, &w->p);
        target_plan(&w->t, w->res);
    } else if (w->no_backup && !w->s->proto->store) {
        PF_TRY(read_neighbours(w));
    }
    return apply(w);
}

static enum pf_err run_file(struct writing *w, const struct pf_write_options *opt,
                            enum source_use use)
{
    const struct source_options so = {.path = opt->path,
                                      .use = use,
                                      .at_given = opt->at_given,
                                      .at = opt->at,
                                      .unrotate = opt->unrotate};
    const bool image_identity = opt->identity == PF_IDENTITY_IMAGE;
    struct target_policy policy = {.guard = &opt->guard};

    PF_TRY(writing_open(w, "write"));
    PF_TRY(ops_guard_check(w->s, &opt->guard));
    PF_TRY(source_open(w->s, &so, &w->src, &w->res->image));
    target_want(&w->t, &w->src);
    if (w->src.whole) {
        policy.locked = GUARD_LEAVE;
        policy.identity = image_identity ? GUARD_CHANGE : GUARD_LEAVE;
        policy.other = GUARD_CHANGE;
        policy.identity_needs_name = use == SOURCE_RESTORE && !image_identity;
    }
    PF_TRY(target_guard(&w->t, &policy));
    w->no_backup = opt->no_backup;
    w->resume = opt->resume;
    w->dry_run = opt->dry_run;
    w->force_key = opt->force_key;
    w->backup_path = opt->backup_path;
    return run(w);
}

enum pf_err pf_write(struct pf_session *s, const struct pf_write_options *opt,
                     struct pf_write_result *res)
{
    struct writing w = {.s = s, .res = res};
    enum pf_err err;

    memset(res, 0, sizeof *res);
    err = run_file(&w, opt, SOURCE_WRITE);
    writing_close(&w);
    return err;
}

enum pf_err pf_restore(struct pf_session *s, const struct pf_write_options *opt,
                       struct pf_write_result *res)
{
    struct writing w = {.s = s, .res = res};
    enum pf_err err;

    memset(res, 0, sizeof *res);
    err = run_file(&w, opt, SOURCE_RESTORE);
    writing_close(&w);
    return err;
}

/* --- erase ------------------------------------------------------------ */

static enum pf_err run_erase(struct writing *w, const struct pf_erase_options *opt)
{
    const enum guard_verdict verdict = opt->all ? GUARD_LEAVE : GUARD_REFUSE;
    const struct target_policy policy = {
        .guard = &opt->guard, .locked = verdict, .identity = verdict, .other = verdict};
    const uint32_t addr = opt->all ? 0 : opt->addr;
    const size_t len = opt->all ? w->s->id.flash_size : opt->len;

    w->all = opt->all;
    PF_TRY(writing_open(w, "erase"));
    PF_TRY(ops_guard_check(w->s, &opt->guard));
    PF_TRY(ops_check_span(w->s, addr, len, PF_SECTOR));
    target_want_blank(&w->t, addr, len);
    PF_TRY(target_guard(&w->t, &policy));
    w->no_backup = opt->no_backup;
    w->resume = opt->resume;
    w->dry_run = opt->dry_run;
    w->backup_path = opt->backup_path;
    return run(w);
}

enum pf_err pf_erase(struct pf_session *s, const struct pf_erase_options *opt,
                     struct pf_write_result *res)
{
    struct writing w = {.s = s, .res = res};
    enum pf_err err;

    memset(res, 0, sizeof *res);
    err = run_erase(&w, opt);
    writing_close(&w);
    return err;
}
