/* backup.c - copy the flash into a file that is proved before it has a name. */
#include "ops/backup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/checksum.h"
#include "ops/manifest.h"
#include "ops/util.h"

/* Consecutive blank sectors read before digests are asked again; doubled by
 * every probe that proves nothing, so a hostile pattern costs little. */
#define PATIENCE_MAX 16

uint64_t ops_elapsed(const struct pf_session *s)
{
    const uint64_t now = pf_now(s->port);

    return now > s->id.synced_us ? now - s->id.synced_us : 0;
}

/* --- collecting ------------------------------------------------------- */

/* Write what changed in [first, first+count) to the file. */
static enum pf_err put(struct prover *p, struct ops_part *part, uint32_t first, uint32_t count)
{
    for (uint32_t at = first, n; at < first + count; at += n ? n : 1) {
        for (n = 0; at + n < first + count && p->dirty[at + n]; n++)
            ;
        if (!n)
            continue;
        if (part->fd >= 0)
            PF_TRY(ops_part_write(p->s->ctx, part, (uint64_t)at * PF_SECTOR,
                                  p->content + (size_t)at * PF_SECTOR, (size_t)n * PF_SECTOR));
        memset(p->dirty + at, 0, n);
    }
    return PF_OK;
}

static enum pf_err check_guesses(struct prover *p)
{
    uint32_t at = 0;

    if (p->s->proto->map)
        return prover_sift(p, 0, p->count);

    while (at < p->count) {
        uint32_t n = 0;

        while (at + n < p->count && p->state[at + n] == SECTOR_GUESS)
            n++;
        if (n)
            PF_TRY(prover_check(p, at, n, PROVER_QUICK));
        at += n ? n : 1;
    }
    return PF_OK;
}

/* Where the reading in order stands. */
struct walk {
    uint32_t streak, patience, barrier;
};

/* Sectors [at, at+n) were just read: if they end blank, prove the ones after
 * them blank as far as that goes. Returns how many were proved in *run. */
static enum pf_err skip_blank(struct prover *p, struct walk *w, uint32_t at, uint32_t n,
                              uint32_t *run)
{
    const uint32_t next = at + n;
    uint32_t limit = next;

    *run = 0;
    for (; at < next; at++)
        w->streak = pf_is_blank(p->content + (size_t)at * PF_SECTOR, PF_SECTOR) ? w->streak + 1 : 0;
    while (limit < p->count && p->state[limit] != SECTOR_PROVED && p->state[limit] != SECTOR_READ)
        limit++;
    if (!w->streak || w->streak < w->patience || next < w->barrier || limit == next)
        return PF_OK;
    PF_TRY(prover_blank_run(p, next, limit, run, &w->barrier));
    if (*run)
        w->patience = 1;
    else if (w->patience < PATIENCE_MAX)
        w->patience *= 2;
    w->streak = 0;
    return PF_OK;
}

static bool must_read(const struct prover *p, uint32_t sector)
{
    return sector < p->count &&
           (p->state[sector] == SECTOR_UNKNOWN || p->state[sector] == SECTOR_GUESS);
}

static enum pf_err read_in_order(struct prover *p, struct ops_part *part, const char *phase)
{
    struct walk w = {.patience = 1};
    const uint64_t total = (uint64_t)p->count * PF_SECTOR;

    for (uint32_t at = 0, n; at < p->count; at += n) {
        uint32_t run = 0;

        for (n = 0; n < prover_chunk(p) && must_read(p, at + n); n++)
            ;
        if (n) {
            PF_TRY(prover_read(p, at, n));
            /* On the disk before anything else can fail. */
            PF_TRY(put(p, part, at, n));
            if (!p->readback)
                PF_TRY(skip_blank(p, &w, at, n, &run));
            n += run;
        } else {
            n = 1;
        }
        PF_TRY(put(p, part, at, n));
        PF_TRY(pf_progress(p->s->ctx, phase, (uint64_t)(at + n) * PF_SECTOR, total));
    }
    return PF_OK;
}

/* --- collecting from a link that streams ------------------------------ */

struct taking {
    struct prover *p;
    struct ops_part *part;
    const char *phase;
};

static enum pf_err take_sector(void *user, uint32_t at, const uint8_t *data)
{
    const struct taking *k = user;
    struct prover *p = k->p;
    const uint32_t i = (at - p->addr) / PF_SECTOR;

    memcpy(p->content + (size_t)i * PF_SECTOR, data, PF_SECTOR);
    p->state[i] = SECTOR_READ;
    p->dirty[i] = 1;
    if (pf_is_blank(data, PF_SECTOR))
        p->stats->proved_blank += PF_SECTOR;
    else
        p->stats->moved += PF_SECTOR;
    PF_TRY(put(p, k->part, i, 1));
    return pf_progress(p->s->ctx, k->phase, (uint64_t)(i + 1) * PF_SECTOR,
                       (uint64_t)p->count * PF_SECTOR);
}

/* Blank sectors cost nothing there, and the digest of what was sent comes with it. */
static enum pf_err fetch_in_order(struct prover *p, struct ops_part *part, const char *phase)
{
    struct taking k = {p, part, phase};

    for (uint32_t at = 0, n; at < p->count; at += n ? n : 1) {
        struct pf_digest digest = {.kind = PF_DIGEST_NONE};

        for (n = 0; must_read(p, at + n); n++)
            ;
        if (!n)
            continue;
        PF_TRY(p->s->proto->fetch(p->s, p->addr + at * PF_SECTOR, (size_t)n * PF_SECTOR,
                                  take_sector, &k, &digest));
        p->stats->reads++;
        if (digest.kind == p->s->proto->digest_kind)
            PF_TRY(prover_hold(p, at, n, &digest));
    }
    return put(p, part, 0, p->count); /* guesses that need no reading */
}

enum pf_err backup_collect(struct prover *p, struct ops_part *part, const char *phase)
{
    enum pf_err err, kept;

    p->phase = "probe";
    PF_TRY(check_guesses(p));
    if (p->s->proto->fetch && p->repeat <= 1)
        PF_TRY(fetch_in_order(p, part, phase));
    else
        PF_TRY(read_in_order(p, part, phase));
    err = prover_prove(p);
    /* Sectors that were read again go to the file also when the proof fails. */
    kept = put(p, part, 0, p->count);
    return err ? err : kept;
}

/* --- keeping ---------------------------------------------------------- */

void backup_summarise(struct prover *p, struct pf_backup_result *res)
{
    const size_t len = (size_t)p->count * PF_SECTOR;

    res->addr = p->addr;
    res->len = len;
    res->crc32 = pf_crc32(0, p->content, len);
    pf_sha256(p->content, len, res->sha256);
    res->proof = prover_kind(p);
    res->unstable = p->unstable;
    res->has_mac = ops_find_mac(p->s, p->addr, p->content, len, res->mac);
}

/* FILE.sha256 in the form `sha256sum -c` reads: names with a backslash or a
 * newline are escaped and announced by a leading backslash. */
static enum pf_err write_sha256(struct pf_ctx *ctx, const char *path, const uint8_t sum[32])
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    const bool escape = strpbrk(base, "\\\n") != NULL;
    char name[540], hex[65], line[1200];
    size_t n;

    pf_hex(sum, 32, hex);
    n = (size_t)snprintf(line, sizeof line, "%s%s  ", escape ? "\\" : "", hex);
    for (; *base && n + 4 < sizeof line; base++) {
        if (*base == '\\' || *base == '\n')
            line[n++] = '\\';
        line[n++] = *base == '\n' ? 'n' : *base;
    }
    line[n++] = '\n';
    snprintf(name, sizeof name, "%s.sha256", path);
    return ops_file_write(ctx, name, line, n);
}

static enum pf_err write_manifest(struct prover *p, const char *name,
                                  const struct pf_backup_result *res)
{
    struct pf_manifest m;
    enum pf_err err;
    char *text = NULL;

    pf_manifest_describe(&m, p->s);
    err = pf_manifest_sum(&m, p->content, res->len);
    memcpy(m.sha256, res->sha256, sizeof m.sha256);
    m.addr = res->addr;
    m.has_mac = res->has_mac;
    memcpy(m.mac, res->mac, sizeof m.mac);
    m.unstable = (uint32_t)res->unstable;
    m.seconds = (double)ops_elapsed(p->s) / 1e6;
    snprintf(m.verified, sizeof m.verified, "%s", pf_proof_name(res->proof));
    if (!err)
        text = pf_manifest_format(&m);
    pf_manifest_fini(&m);
    if (!text)
        return pf_fail(p->s->ctx, PF_ERR_NOMEM, "no memory for the manifest");
    err = ops_file_write(p->s->ctx, name, text, strlen(text));
    free(text);
    return err;
}

enum pf_err backup_keep(struct prover *p, struct ops_part *part, const char *path, bool force,
                        struct pf_backup_result *res)
{
    struct pf_ctx *ctx = p->s->ctx;
    enum pf_err err;

    ops_keepalive(p->s);
    err = ops_part_commit(ctx, part, path, force);
    ops_keepalive(p->s);
    if (err)
        return err;
    snprintf(res->path, sizeof res->path, "%s", path);
    snprintf(res->manifest, sizeof res->manifest, "%.507s.json", path);
    PF_TRY(write_manifest(p, res->manifest, res));
    err = write_sha256(ctx, path, res->sha256);
    ops_keepalive(p->s);
    return err;
}

enum pf_err backup_check_free(struct pf_ctx *ctx, const char *path)
{
    static const char *const tail[] = {"", ".json", ".sha256"};
    char name[560];

    for (size_t i = 0; i < sizeof tail / sizeof *tail; i++) {
        snprintf(name, sizeof name, "%s%s", path, tail[i]);
        if (ops_file_exists(name))
            return pf_fail(ctx, PF_ERR_FILE, "%s exists: choose another name, or --force", name);
    }
    return PF_OK;
}

/* --- guesses ---------------------------------------------------------- */

/* Take whole sectors of `data`, which starts at flash address `from`, as the
 * guess for what the prover does not have one for yet. */
static void guess(struct prover *p, const uint8_t *data, size_t len, uint32_t from, bool on_disk)
{
    for (uint32_t i = 0; i < p->count; i++) {
        const uint32_t at = p->addr + i * PF_SECTOR;

        if (p->state[i] != SECTOR_UNKNOWN || at < from || len < PF_SECTOR ||
            at - from > len - PF_SECTOR)
            continue;
        memcpy(p->content + (size_t)i * PF_SECTOR, data + (at - from), PF_SECTOR);
        p->state[i] = SECTOR_GUESS;
        p->dirty[i] = !on_disk;
    }
}

/* An earlier run's .part: a guess for its prefix, nothing more. */
static enum pf_err guess_part(struct prover *p, const char *path)
{
    const size_t span = (size_t)p->count * PF_SECTOR;
    uint8_t *data;
    size_t len;

    if (!ops_file_exists(path)) {
        pf_log(p->s->ctx, "%s is not there: nothing to resume, starting at the beginning", path);
        return PF_OK;
    }
    if (ops_file_read(p->s->ctx, path, OPS_FILE_MAX, &data, &len)) {
        pf_log(p->s->ctx, "%s; starting at the beginning", p->s->ctx->text);
        return PF_OK;
    }
    if (len > span) {
        free(data);
        return pf_fail(p->s->ctx, PF_ERR_FILE,
                       "%s has %zu bytes, the span only %zu: it is from another run, start anew "
                       "with --force",
                       path, len, span);
    }
    pf_log(p->s->ctx, "resuming: %zu bytes of %s are to be proved first", len, path);
    guess(p, data, len, p->addr, true);
    free(data);
    return PF_OK;
}

static enum pf_err guess_base(struct prover *p, const char *path)
{
    struct pf_ctx *ctx = p->s->ctx;
    const size_t span = (size_t)p->count * PF_SECTOR;
    struct pf_manifest m;
    uint32_t from = 0;
    uint8_t *data;
    size_t len;
    bool found;
    enum pf_err err;

    PF_TRY(ops_file_read(ctx, path, OPS_FILE_MAX, &data, &len));
    err = pf_manifest_load(ctx, path, &m, &found);
    if (!err && found) {
        err = pf_manifest_check(ctx, &m, path, data, len);
        from = m.addr;
    } else if (!err && len == span) {
        from = p->addr; /* a dump of this very range, by another tool */
    }
    if (!err && (from > p->addr || len < span || p->addr - from > len - span))
        err = pf_fail(ctx, PF_ERR_FILE,
                      "base %s holds 0x%06x, length 0x%zx, but 0x%06x, length 0x%zx, is wanted",
                      path, from, len, p->addr, span);
    if (!err && span == p->s->id.flash_size && len != span)
        err =
            pf_fail(ctx, PF_ERR_FILE, "base %s has %zu bytes, the flash has %zu", path, len, span);
    if (!err)
        guess(p, data, len, from, false);
    if (found)
        pf_manifest_fini(&m);
    free(data);
    return err;
}

/* --- the operation ---------------------------------------------------- */

struct backup {
    struct pf_session *s;
    const struct pf_backup_options *opt;
    struct pf_backup_result *res;
    bool to_stdout;
    char part_path[520];
    uint8_t *content;
    struct prover p;
    struct ops_part part;
};

/* Everything that can be refused without touching the device or a file. */
static enum pf_err backup_prepare(struct backup *b)
{
    const struct pf_backup_options *opt = b->opt;
    struct pf_ctx *ctx = b->s->ctx;

    b->res->addr = opt->range ? opt->addr : 0;
    b->res->len = opt->range ? opt->len : b->s->id.flash_size;
    PF_TRY(ops_check_span(b->s, b->res->addr, b->res->len, PF_SECTOR));
    if (opt->repeat > 99)
        return pf_fail(ctx, PF_ERR_USAGE, "--repeat %u: at most 99", opt->repeat);
    if (!opt->path || !*opt->path)
        return pf_fail(ctx, PF_ERR_USAGE, "backup wants an output file");
    b->to_stdout = !strcmp(opt->path, "-");
    if (b->to_stdout)
        return opt->resume ? pf_fail(ctx, PF_ERR_USAGE, "--resume wants an output file") : PF_OK;
    if (strlen(opt->path) > 500)
        return pf_fail(ctx, PF_ERR_FILE, "the output name is longer than 500 bytes");
    if (!opt->force)
        PF_TRY(backup_check_free(ctx, opt->path));
    snprintf(b->part_path, sizeof b->part_path, "%s.part", opt->path);
    if (!opt->force && !opt->resume && ops_file_exists(b->part_path))
        return pf_fail(ctx, PF_ERR_FILE,
                       "%s exists, from a run that did not finish: go on with --resume or start "
                       "anew with --force",
                       b->part_path);
    return PF_OK;
}

static enum pf_err backup_begin(struct backup *b)
{
    const struct pf_backup_options *opt = b->opt;
    const enum ops_part_mode mode = opt->resume ? PART_KEEP : opt->force ? PART_TRUNCATE : PART_NEW;

    b->content = malloc(b->res->len);
    if (!b->content)
        return pf_fail(b->s->ctx, PF_ERR_NOMEM, "no memory for %zu bytes", b->res->len);
    PF_TRY(prover_init(&b->p, b->s, &b->res->stats, b->res->addr,
                       (uint32_t)(b->res->len / PF_SECTOR), b->content));
    b->p.repeat = opt->repeat;
    if (opt->resume)
        PF_TRY(guess_part(&b->p, b->part_path));
    if (opt->base)
        PF_TRY(guess_base(&b->p, opt->base));
    if (opt->dry_run || b->to_stdout)
        return PF_OK;
    return ops_part_open(b->s->ctx, &b->part, b->part_path, mode, b->res->len);
}

static enum pf_err backup_run(struct backup *b)
{
    PF_TRY(backup_prepare(b));
    PF_TRY(backup_begin(b));
    if (b->opt->dry_run)
        return PF_OK;
    ops_keepalive(b->s);
    PF_TRY(backup_collect(&b->p, &b->part, "read"));
    b->res->stats.us = ops_elapsed(b->s);
    backup_summarise(&b->p, b->res);
    if (b->to_stdout) {
        snprintf(b->res->path, sizeof b->res->path, "-");
        return ops_fd_write(b->s->ctx, b->opt->out_fd, b->content, b->res->len);
    }
    return backup_keep(&b->p, &b->part, b->opt->path, b->opt->force, b->res);
}

enum pf_err pf_backup(struct pf_session *s, const struct pf_backup_options *opt,
                      struct pf_backup_result *res)
{
    struct backup b = {.s = s, .opt = opt, .res = res, .part = {.fd = -1}};
    enum pf_err err;

    memset(res, 0, sizeof *res);
    err = backup_run(&b);
    res->unstable = b.p.unstable;
    if (err)
        res->stats.us = ops_elapsed(s);
    if (err && b.part.fd >= 0)
        pf_log(s->ctx, "what was read is in %s; go on with --resume", b.part_path);
    ops_part_close(&b.part);
    prover_fini(&b.p);
    free(b.content);
    return err;
}
