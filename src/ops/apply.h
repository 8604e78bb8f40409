/* apply.h - change the flash to what a target wants, and prove it. */
#ifndef OPS_APPLY_H
#define OPS_APPLY_H

#include "ops/target.h"

struct apply {
    struct target *t;
    struct pf_write_result *res; /* stats and proof are filled */
    const uint8_t *was;          /* content of the whole flash before, where it is known */
    const uint8_t *known;        /* per sector: `was` is valid */
    bool changed;                /* out: the device may have been changed */
    uint8_t *erased;             /* while running: sectors that were */
    uint8_t *proved;             /* while running: sectors the device has proved as it wrote */
};

/* Erase and program the sectors of t->differ, then prove the target and every
 * other sector that is known: no checksum guards a request on the wire, so a
 * damaged one may have hit elsewhere. (A link that streams guards every request, and
 * proves what it writes as it goes: there nothing is left to ask.) What the proof finds different is redone
 * or put back, three rounds at most.
 * PF_ERR_PARTIAL: link broke or stop asked for after the first erase.
 * PF_ERR_VERIFY: the flash does not take it. PF_ERR_REFUSED: the device said
 * no. Protection is put back on every path. */
enum pf_err apply_target(struct apply *a);

#endif
