/* info.c - what runs on a device, from the few sectors its chip names. */
#include <stdlib.h>
#include <string.h>

#include "ops/backup.h"
#include "ops/util.h"

#define INFO_SECTORS_MAX 16

enum pf_err pf_info_read(struct pf_session *s, struct pf_info *out)
{
    const uint8_t *sector[INFO_SECTORS_MAX];
    uint32_t addr[INFO_SECTORS_MAX];
    enum pf_err err = PF_OK;
    size_t count = 0;
    uint8_t *buf;

    memset(out, 0, sizeof *out);
    buf = malloc((size_t)INFO_SECTORS_MAX * PF_SECTOR);
    if (!buf)
        return pf_fail(s->ctx, PF_ERR_NOMEM, "no memory for %u sectors", INFO_SECTORS_MAX);
    for (const uint32_t *at = s->chip->info_sectors;
         !err && at && *at != ~0u && count < INFO_SECTORS_MAX; at++) {
        uint8_t *to = buf + count * PF_SECTOR;

        if (s->id.flash_size < PF_SECTOR || *at > s->id.flash_size - PF_SECTOR)
            continue; /* the table serves several flash sizes */
        err = pf_progress(s->ctx, "read", count * PF_SECTOR, 0);
        if (!err)
            err = s->proto->read(s, *at, to, PF_SECTOR);
        if (err)
            break;
        addr[count] = *at;
        sector[count++] = to;
        out->stats.reads++;
        out->stats.moved += PF_SECTOR;
    }
    if (!err)
        pf_firmware_inspect(s->chip->family, addr, sector, count, &out->firmware);
    out->stats.us = ops_elapsed(s);
    free(buf);
    return err;
}
