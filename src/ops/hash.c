/* hash.c - digest of a range, by the device where it can. */
#include <stdlib.h>
#include <string.h>

#include "core/checksum.h"
#include "ops/backup.h"
#include "ops/util.h"

/* The loader cannot hash: read, prove by a second read, and hash here. */
static enum pf_err hash_by_reading(struct pf_session *s, uint32_t addr, size_t len,
                                   struct pf_digest *out, struct pf_stats *stats)
{
    const uint32_t skip = addr % PF_SECTOR;
    const uint32_t count = (uint32_t)((skip + len + PF_SECTOR - 1) / PF_SECTOR);
    uint8_t *content = malloc((size_t)count * PF_SECTOR);
    struct ops_part none = {.fd = -1};
    struct prover p = {0};
    enum pf_err err;

    if (!content)
        return pf_fail(s->ctx, PF_ERR_NOMEM, "no memory for %zu bytes", len);
    err = prover_init(&p, s, stats, addr - skip, count, content);
    if (!err)
        err = backup_collect(&p, &none, "read");
    if (!err)
        *out =
            (struct pf_digest){.kind = PF_DIGEST_CRC32, .crc32 = pf_crc32(0, content + skip, len)};
    prover_fini(&p);
    free(content);
    return err;
}

enum pf_err pf_hash(struct pf_session *s, uint32_t addr, size_t len, struct pf_digest *out,
                    struct pf_stats *stats)
{
    enum pf_err err = PF_ERR_SUPPORT;

    memset(out, 0, sizeof *out);
    memset(stats, 0, sizeof *stats);
    PF_TRY(ops_check_span(s, addr, len, PF_PAGE));
    PF_TRY(pf_progress(s->ctx, "verify", 0, len));
    if (s->proto->digest) {
        stats->digests++;
        stats->hashed += len;
        err = s->proto->digest(s, addr, len, out);
    }
    if (err == PF_ERR_SUPPORT)
        err = hash_by_reading(s, addr, len, out, stats);
    stats->us = ops_elapsed(s);
    if (!err)
        err = pf_progress(s->ctx, "verify", len, len);
    return err;
}
