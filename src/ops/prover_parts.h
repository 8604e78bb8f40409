/* prover_parts.h - what the files of the prover share; nobody else's business. */
#ifndef OPS_PROVER_PARTS_H
#define OPS_PROVER_PARTS_H

#include "ops/prover.h"

/* Microseconds of reading a sector; of an exchange, and of hashing a sector in it. */
double prover_cost_read(const struct prover *p);
void prover_cost_digest(const struct prover *p, double *a, double *b);

bool prover_same_digest(const struct pf_digest *a, const struct pf_digest *b);
const struct prover_claim *prover_find_claim(const struct prover *p, uint32_t first,
                                             uint32_t count);
/* Forget every claim that reaches into a sector that is not proved: it spoke
 * of something else than the content, so one of the two is wrong. */
void prover_drop_doubtful(struct prover *p);

/* The device's digest of a range: from a claim, or by asking. */
enum pf_err prover_ask(struct prover *p, uint32_t first, uint32_t count, struct pf_digest *out);
/* The digest of the second half, when the algebra gives it. */
bool prover_derive(const struct prover *p, const struct pf_digest *whole,
                   const struct pf_digest *left, uint32_t right_count, struct pf_digest *out);
bool prover_agrees(const struct prover *p, uint32_t first, uint32_t count,
                   const struct pf_digest *device);
void prover_mark_proved(struct prover *p, uint32_t first, uint32_t count);

/* One read, counted and timed; states are the caller's. */
enum pf_err prover_read_into(struct prover *p, uint32_t first, uint32_t count, uint8_t *buf);

#endif
