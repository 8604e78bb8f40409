/* resume.h - go on with a write that was interrupted. */
#ifndef OPS_RESUME_H
#define OPS_RESUME_H

#include "ops/target.h"

/* Does a backup that was made before still stand for this flash? It does when every
 * sector is as the backup has it, or as the target wants it, or is a target's sector in
 * between: half erased (no bit of the old contents is gone) or half programmed (no bit
 * is missing that the new contents have). Anything else is news that the backup does
 * not hold, and *stands is false.
 * copy  the backup's bytes, of the whole flash
 * The target's edges must have been merged from it. On success what `p` has learned
 * (PROVED sectors) is true either way. */
enum pf_err resume_check(struct prover *p, const struct target *t, const uint8_t *copy,
                         bool *stands);

#endif
