/* backup.h - the parts of a backup that other operations use too. */
#ifndef OPS_BACKUP_H
#define OPS_BACKUP_H

#include "ops/file.h"
#include "ops/prover.h"

/* Get every sector of the prover's span and prove it: guesses first, then
 * plain reading in order, skipping what digests prove blank. Streams to `part`
 * (fd -1: memory only). Progress under `phase`. Everything that was read is in
 * `part` whatever happens. */
enum pf_err backup_collect(struct prover *p, struct ops_part *part, const char *phase);

/* Give a proved span its final name, with manifest and .sha256 beside it.
 * Fills the result's sums, MAC, proof and names. */
enum pf_err backup_keep(struct prover *p, struct ops_part *part, const char *path, bool force,
                        struct pf_backup_result *res);

/* Sums, MAC and proof of a proved span. */
void backup_summarise(struct prover *p, struct pf_backup_result *res);

/* PF_ERR_FILE when `path` or one of its companions exists. */
enum pf_err backup_check_free(struct pf_ctx *ctx, const char *path);

/* Time from the link to now, for stats. */
uint64_t ops_elapsed(const struct pf_session *s);

#endif
