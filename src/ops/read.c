/* read.c - a range of flash into a file, proved, without manifest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/checksum.h"
#include "ops/backup.h"
#include "ops/util.h"

static enum pf_err read_check(struct pf_session *s, const char *path, bool force)
{
    if (!path || !*path)
        return pf_fail(s->ctx, PF_ERR_USAGE, "read wants an output file");
    if (strlen(path) > 500)
        return pf_fail(s->ctx, PF_ERR_FILE, "the output name is longer than 500 bytes");
    if (strcmp(path, "-") != 0 && !force && ops_file_exists(path))
        return pf_fail(s->ctx, PF_ERR_FILE, "%s exists: choose another name, or --force", path);
    return PF_OK;
}

/* Whole sectors around the range are collected; the range alone is kept. */
static enum pf_err read_collect(struct prover *p, uint32_t skip, size_t len, const char *path,
                                int out_fd, struct pf_backup_result *res)
{
    struct ops_part none = {.fd = -1};
    const uint8_t *data = p->content + skip;

    ops_keepalive(p->s);
    PF_TRY(backup_collect(p, &none, "read"));
    res->stats.us = ops_elapsed(p->s);
    backup_summarise(p, res);
    res->addr = p->addr + skip;
    res->len = len;
    res->crc32 = pf_crc32(0, data, len);
    pf_sha256(data, len, res->sha256);
    snprintf(res->path, sizeof res->path, "%s", path);
    if (!strcmp(path, "-"))
        return ops_fd_write(p->s->ctx, out_fd, data, len);
    return ops_file_write(p->s->ctx, path, data, len);
}

enum pf_err pf_read(struct pf_session *s, uint32_t addr, size_t len, const char *path, int out_fd,
                    bool force, struct pf_backup_result *res)
{
    const uint32_t skip = addr % PF_SECTOR, start = addr - skip;
    struct prover p = {0};
    uint8_t *content = NULL;
    uint32_t count;
    enum pf_err err;

    memset(res, 0, sizeof *res);
    PF_TRY(ops_check_span(s, addr, len, 1));
    PF_TRY(read_check(s, path, force));
    count = (uint32_t)((skip + len + PF_SECTOR - 1) / PF_SECTOR);
    content = malloc((size_t)count * PF_SECTOR);
    if (!content)
        return pf_fail(s->ctx, PF_ERR_NOMEM, "no memory for %zu bytes", len);
    err = prover_init(&p, s, &res->stats, start, count, content);
    if (!err)
        err = read_collect(&p, skip, len, path, out_fd, res);
    if (err)
        res->stats.us = ops_elapsed(s);
    prover_fini(&p);
    free(content);
    return err;
}
