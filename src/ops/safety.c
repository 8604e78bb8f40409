/* safety.c - find or make the backup that precedes every change. */
#include "ops/safety.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/checksum.h"
#include "ops/backup.h"
#include "ops/manifest.h"
#include "ops/util.h"

/* Bounds on looking through a folder: entries, manifests, backups read. */
#define ENTRIES_MAX   4096
#define MANIFESTS_MAX 256
#define LOADS_MAX     8
#define SMALL_JSON    (1u << 20)

/* The identity regions tell the MAC; they are read now and proved with
 * everything else. */
static enum pf_err learn_mac(struct prover *p, uint8_t mac[6], bool *has)
{
    const size_t len = (size_t)p->count * PF_SECTOR;

    for (const struct pf_region *r = pf_session_regions(p->s); r && r->name; r++) {
        const uint32_t first = r->addr / PF_SECTOR, end = first + r->len / PF_SECTOR;

        if (!(r->flags & PF_REGION_IDENTITY) || end > p->count)
            continue;
        for (uint32_t i = first; i < end; i++)
            if (p->state[i] != SECTOR_PROVED && p->state[i] != SECTOR_READ)
                PF_TRY(prover_read(p, i, 1));
    }
    *has = ops_find_mac(p->s, 0, p->content, len, mac);
    return PF_OK;
}

/* --- looking for one at hand ------------------------------------------ */

struct search {
    struct prover *p;
    const char *folder;
    const uint8_t *mac;
    bool has_mac;
    unsigned manifests, loads;
    char found[520]; /* holds the device's very content */
    uint8_t *base;   /* newest backup of this unit; owned */
    time_t base_time;
    char base_name[520];
};

static bool same_unit(const struct search *f, const struct pf_manifest *m)
{
    const struct pf_session *s = f->p->s;

    if (strcmp(m->chip, s->chip->name) != 0 || m->addr || m->size != s->id.flash_size)
        return false;
    if (m->has_chip_id && s->id.has_chip_id && m->chip_id != s->id.chip_id)
        return false;
    if (!m->verified[0] || !strcmp(m->verified, pf_proof_name(PF_PROOF_NONE)))
        return false;
    return f->has_mac == m->has_mac && (!f->has_mac || !memcmp(m->mac, f->mac, 6));
}

/* Look at one backup: is it the device's content, or at least a base? Files
 * that cannot be used are passed over; only the link can fail. */
static enum pf_err try_backup(struct search *f, const char *path, time_t when)
{
    struct pf_session *s = f->p->s;
    struct pf_manifest m;
    uint8_t *data = NULL;
    size_t len = 0;
    bool found = false, usable, same = false;
    enum pf_err err = PF_OK;

    usable = !pf_manifest_load(s->ctx, path, &m, &found) && found && same_unit(f, &m);
    if (usable && f->loads++ < LOADS_MAX)
        usable = !ops_file_read(s->ctx, path, OPS_FILE_MAX, &data, &len);
    usable = usable && data && !pf_manifest_check(s->ctx, &m, path, data, len);
    if (found)
        pf_manifest_fini(&m);
    ops_keepalive(s);
    if (usable)
        err = prover_matches(f->p, data, &same);
    if (!err && same)
        snprintf(f->found, sizeof f->found, "%s", path);
    if (!err && usable && !same && (!f->base || when > f->base_time)) {
        free(f->base);
        f->base = data;
        f->base_time = when;
        snprintf(f->base_name, sizeof f->base_name, "%s", path);
        data = NULL;
    }
    free(data);
    return err;
}

static enum pf_err try_entry(struct search *f, const char *entry)
{
    const size_t n = strlen(entry);
    char path[520];
    struct stat st;
    int len;

    if (n < 6 || strcmp(entry + n - 5, ".json") != 0 || f->manifests >= MANIFESTS_MAX)
        return PF_OK;
    if (!strcmp(f->folder, "."))
        len = snprintf(path, sizeof path, "%s", entry);
    else
        len = snprintf(path, sizeof path, "%s/%s", f->folder, entry);
    if (len < 0 || (size_t)len >= 510 || stat(path, &st) != 0 || !S_ISREG(st.st_mode) ||
        st.st_size > (off_t)SMALL_JSON)
        return PF_OK;
    f->manifests++;
    path[len - 5] = '\0';
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) ||
        (uint64_t)st.st_size != f->p->s->id.flash_size)
        return PF_OK;
    return try_backup(f, path, st.st_mtime);
}

static enum pf_err search_folder(struct search *f)
{
    DIR *dir = opendir(f->folder);
    enum pf_err err = PF_OK;
    struct dirent *e;

    if (!dir)
        return PF_OK; /* whoever creates the file will say why */
    for (unsigned i = 0; !err && !f->found[0] && i < ENTRIES_MAX && (e = readdir(dir)); i++)
        err = try_entry(f, e->d_name);
    closedir(dir);
    return err;
}

/* --- making one ------------------------------------------------------- */

/* "STEM.bin", "STEM-2.bin", ...: a name whose companions are free too. */
static enum pf_err free_name(struct pf_ctx *ctx, const char *stem, const char *tail, char *out,
                             size_t cap)
{
    for (unsigned i = 1; i < 100; i++) {
        if (i == 1)
            snprintf(out, cap, "%s%s", stem, tail);
        else
            snprintf(out, cap, "%s-%u%s", stem, i, tail);
        if (!backup_check_free(ctx, out))
            return PF_OK;
    }
    return pf_fail(ctx, PF_ERR_FILE, "too many files called %s*%s: clean up this folder", stem,
                   tail);
}

static enum pf_err make_backup(struct prover *p, const char *path, const uint8_t *mac, bool has_mac,
                               char *name, size_t cap)
{
    struct pf_session *s = p->s;
    struct pf_backup_result res = {0};
    struct ops_part part = {.fd = -1};
    char stem[192], mac_hex[65] = "nomac", sum[65], part_path[520];
    enum pf_err err;

    if (has_mac)
        pf_hex(mac, 6, mac_hex);
    snprintf(stem, sizeof stem, "plugflash-%.20s-%s", s->chip->name, mac_hex);
    if (path) {
        snprintf(part_path, sizeof part_path, "%s.part", path);
        if (ops_file_exists(part_path))
            return pf_fail(s->ctx, PF_ERR_FILE,
                           "%s exists, from a backup that did not finish: finish it with `backup "
                           "--resume`, or remove it",
                           part_path);
    } else {
        PF_TRY(free_name(s->ctx, stem, ".part", part_path, sizeof part_path));
    }
    PF_TRY(ops_part_open(s->ctx, &part, part_path, PART_NEW, (uint64_t)p->count * PF_SECTOR));
    err = backup_collect(p, &part, "backup");
    if (!err) {
        backup_summarise(p, &res);
        pf_hex(res.sha256, 4, sum);
        snprintf(stem, sizeof stem, "plugflash-%.20s-%s-%s", s->chip->name, mac_hex, sum);
        if (path)
            snprintf(name, cap, "%s", path);
        else
            err = free_name(s->ctx, stem, ".bin", name, cap);
    }
    if (!err)
        err = backup_keep(p, &part, name, false, &res);
    ops_part_close(&part);
    if (err)
        name[0] = '\0';
    return err;
}

/* A file named by the user stands for this very backup and nothing else: only
 * itself can be used again. */
static enum pf_err search_at_hand(struct search *f, const char *path)
{
    struct pf_session *s = f->p->s;

    if (path && ops_file_exists(path) && !f->p->readback) {
        PF_TRY(try_backup(f, path, 0));
        if (f->found[0])
            return PF_OK;
        if (f->base)
            return pf_fail(s->ctx, PF_ERR_FILE,
                           "%s exists and is a backup of this unit with other contents, perhaps "
                           "from before an interrupted run: it is kept, name another file",
                           path);
    }
    if (path)
        PF_TRY(backup_check_free(s->ctx, path));
    return f->p->readback ? PF_OK : search_folder(f);
}

enum pf_err safety_backup(struct prover *p, const char *path, char *name, size_t cap, bool *reused)
{
    struct search f = {.p = p};
    char folder[520] = ".";
    uint8_t mac[6] = {0};
    enum pf_err err;

    *reused = false;
    name[0] = '\0';
    if (path && strlen(path) > 500)
        return pf_fail(p->s->ctx, PF_ERR_FILE, "the backup's name is longer than 500 bytes");
    PF_TRY(learn_mac(p, mac, &f.has_mac));
    if (path)
        ops_file_folder(path, folder, sizeof folder);
    f.folder = folder;
    f.mac = mac;
    err = search_at_hand(&f, path);
    if (!err && f.found[0] && (!path || strcmp(f.found, path) == 0)) {
        snprintf(name, cap, "%s", f.found);
        *reused = true;
        pf_log(p->s->ctx, "%s holds this very content: no new backup is needed", name);
    }
    for (uint32_t i = 0; !err && f.base && !*reused && i < p->count; i++)
        if (p->state[i] != SECTOR_PROVED && p->state[i] != SECTOR_READ)
            prover_guess(p, i, f.base + (size_t)i * PF_SECTOR);
    free(f.base);
    if (!err && !*reused)
        err = make_backup(p, path, mac, f.has_mac, name, cap);
    return err;
}

enum pf_err safety_find(struct prover *p, const char *path, uint8_t **copy, char *name, size_t cap)
{
    struct search f = {.p = p, .folder = "."};
    uint8_t mac[6] = {0};
    enum pf_err err;

    *copy = NULL;
    PF_TRY(learn_mac(p, mac, &f.has_mac));
    f.mac = mac;
    if (!path)
        err = search_folder(&f);
    else
        err = strlen(path) <= 500 && ops_file_exists(path) ? try_backup(&f, path, 0) : PF_OK;
    if (!err && f.found[0]) { /* nothing was changed yet */
        const size_t len = (size_t)p->count * PF_SECTOR;

        free(f.base);
        f.base = malloc(len);
        if (f.base)
            memcpy(f.base, p->content, len);
        snprintf(f.base_name, sizeof f.base_name, "%s", f.found);
    }
    if (err) {
        free(f.base);
        return err;
    }
    *copy = f.base;
    snprintf(name, cap, "%s", f.base ? f.base_name : "");
    return PF_OK;
}
