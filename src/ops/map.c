/* map.c - blank and used sectors, told by digests: blocks, then the sectors
 * of those that are not blank. Binary descent would ask more: a flash has few
 * blank runs, and inside a used block nearly every sector is used. */
#include <stdlib.h>
#include <string.h>

#include "ops/backup.h"
#include "ops/prover.h"
#include "ops/util.h"

#define PER_BLOCK (PF_BLOCK / PF_SECTOR)

static enum pf_err map_probe(struct prover *p)
{
    p->phase = "probe";
    if (p->s->proto->map) { /* as good as a digest of the loaders that hash by CRC-32 */
        memset(p->state, SECTOR_GUESS, p->count);
        PF_TRY(prover_sift(p, 0, p->count));
        for (uint32_t i = 0; i < p->count; i++)
            p->state[i] = p->state[i] == SECTOR_LIKELY ? SECTOR_PROVED : SECTOR_UNKNOWN;
        return PF_OK;
    }
    for (uint32_t at = 0; at < p->count; at += PER_BLOCK) {
        const uint32_t n = p->count - at < PER_BLOCK ? p->count - at : PER_BLOCK;

        PF_TRY(prover_check(p, at, n, PROVER_WHOLE));
        if (p->readback || !prover_open(p, at, n))
            continue;
        PF_TRY(prover_scan(p, at, n));
    }
    return PF_OK;
}

/* Runs end where blankness or the region changes. */
static size_t map_runs(const struct prover *p, struct pf_map_run *runs)
{
    size_t n = 0;

    for (uint32_t i = 0; i < p->count; i++) {
        const uint32_t at = p->addr + i * PF_SECTOR;
        const bool blank = p->state[i] == SECTOR_PROVED;
        const char *region = ops_region_name(p->s, at);

        if (n && runs[n - 1].blank == blank && !strcmp(runs[n - 1].region, region))
            runs[n - 1].len += PF_SECTOR;
        else
            runs[n++] = (struct pf_map_run){at, PF_SECTOR, blank, region};
    }
    return n;
}

enum pf_err pf_map(struct pf_session *s, struct pf_map_run **runs, size_t *count,
                   struct pf_stats *stats)
{
    struct prover p = {0};
    uint8_t *blank;
    uint32_t sectors;
    enum pf_err err;

    *runs = NULL;
    *count = 0;
    memset(stats, 0, sizeof *stats);
    PF_TRY(ops_check_span(s, 0, s->id.flash_size, PF_SECTOR));
    sectors = s->id.flash_size / PF_SECTOR;
    blank = malloc(s->id.flash_size);
    *runs = calloc(sectors, sizeof **runs);
    err = blank && *runs ? PF_OK : pf_fail(s->ctx, PF_ERR_NOMEM, "no memory for the map");
    if (!err) {
        memset(blank, 0xff, s->id.flash_size);
        err = prover_init(&p, s, stats, 0, sectors, blank);
    }
    if (!err)
        err = map_probe(&p);
    if (!err) {
        *count = map_runs(&p, *runs);
        for (size_t i = 0; i < *count; i++)
            stats->proved_blank += (*runs)[i].blank ? (*runs)[i].len : 0;
    } else {
        free(*runs);
        *runs = NULL;
    }
    stats->us = ops_elapsed(s);
    prover_fini(&p);
    free(blank);
    return err;
}
