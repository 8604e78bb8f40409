/* info.c - what runs on a device, from the few sectors its chip names. */
#include <stdlib.h>
#include <string.h>

#include "ops/backup.h"
#include "ops/util.h"

#define INFO_SECTORS_MAX 32

struct reading {
    struct pf_session *s;
    struct pf_info *info;
    uint8_t *buf; /* INFO_SECTORS_MAX sectors */
    uint32_t addr[INFO_SECTORS_MAX];
    const uint8_t *sector[INFO_SECTORS_MAX];
    size_t count;
};

/* One sector; those outside of this flash, known already or beyond what there
 * is room for are passed over. */
static enum pf_err take(struct reading *r, uint32_t at)
{
    struct pf_session *s = r->s;
    uint8_t *to = r->buf + r->count * PF_SECTOR;

    at -= at % PF_SECTOR;
    if (r->count == INFO_SECTORS_MAX || s->id.flash_size < PF_SECTOR ||
        at > s->id.flash_size - PF_SECTOR)
        return PF_OK;
    for (size_t i = 0; i < r->count; i++)
        if (r->addr[i] == at)
            return PF_OK;
    PF_TRY(pf_progress(s->ctx, "read", r->count * PF_SECTOR, 0));
    PF_TRY(s->proto->read(s, at, to, PF_SECTOR));
    r->addr[r->count] = at;
    r->sector[r->count++] = to;
    r->info->stats.reads++;
    r->info->stats.moved += PF_SECTOR;
    return PF_OK;
}

/* What the chip's table names; where the device has a partition table of its
 * own, also its identity, whole, and how each of its regions begins. */
static enum pf_err collect(struct reading *r)
{
    for (const uint32_t *at = r->s->chip->info_sectors; at && *at != ~0u; at++)
        PF_TRY(take(r, *at));
    for (const struct pf_region *g = r->s->regions; g && g->name; g++)
        for (uint32_t i = 0; (g->flags & PF_REGION_IDENTITY) && i < g->len; i += PF_SECTOR)
            PF_TRY(take(r, g->addr + i));
    for (const struct pf_region *g = r->s->regions; g && g->name; g++)
        PF_TRY(take(r, g->addr));
    return PF_OK;
}

static void tell_mac(const struct pf_session *s, struct pf_info *out)
{
    const uint8_t *lost = s->chip->default_mac;

    if (out->firmware.has_mac) {
        memcpy(out->mac, out->firmware.mac, 6);
        out->mac_from = "flash";
    } else if (s->id.has_mac) {
        memcpy(out->mac, s->id.mac, 6);
        out->mac_from = "chip";
    }
    out->has_mac = out->mac_from != NULL;
    out->identity_lost = lost && (!out->has_mac || memcmp(out->mac, lost, 6) == 0);
}

enum pf_err pf_info_read(struct pf_session *s, struct pf_info *out)
{
    struct reading r = {.s = s, .info = out};
    enum pf_err err;

    memset(out, 0, sizeof *out);
    r.buf = malloc((size_t)INFO_SECTORS_MAX * PF_SECTOR);
    if (!r.buf)
        return pf_fail(s->ctx, PF_ERR_NOMEM, "no memory for %u sectors", INFO_SECTORS_MAX);
    err = collect(&r);
    if (!err) {
        pf_firmware_inspect(s->chip->family, r.addr, r.sector, r.count, &out->firmware);
        tell_mac(s, out);
    }
    out->stats.us = ops_elapsed(s);
    free(r.buf);
    return err;
}
