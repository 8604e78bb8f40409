/* code_like.h - bytes that deflate like firmware. */
#ifndef SIM_CODE_LIKE_H
#define SIM_CODE_LIKE_H

#include <stddef.h>

#include "sim/rng.h"

/* Fill `out` with a made-up instruction stream: a stock of common half-words, the rest
 * immediates, and sequences that come again nearby. zlib level 6 with a window of 4 KiB
 * makes `percent` of it, within five points, for 40 to 70: compiled RV32IMC and NDS32 code
 * lies there. */
void code_like(struct rng *r, unsigned percent, uint8_t *out, size_t len);

#endif
