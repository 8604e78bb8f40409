/* status.h - STATUS, as Tasmota's tools and OpenBeken's read it (reference 5.5). */
#ifndef CORE_STATUS_H
#define CORE_STATUS_H

#include "core/out.h"

struct plug;

/* In the order of STATUS 0. */
enum status_section {
    STATUS_MAIN,
    STATUS_PRM,
    STATUS_FWR,
    STATUS_LOG,
    STATUS_MEM,
    STATUS_NET,
    STATUS_MQT,
    STATUS_TIM,
    STATUS_SNS,
    STATUS_STS,
    STATUS_SECTIONS
};

#define STATUS_PIECE 1000u /* bytes of one piece, at most, with up to 8 relays and plain names */

/* Is there a STATUS of this number? */
bool status_known(unsigned number);
/* The n-th piece of the whole answer to STATUS `number`; false: it was the last. For an
 * answer that leaves in rounds: between two of them nothing is kept. */
bool status_write(struct plug *p, unsigned number, unsigned round, struct out *o);
/* One section, the object without its name. */
void status_section(struct plug *p, unsigned section, struct out *o);
/* "POWER":"ON", or "POWER1":"ON","POWER2":"OFF" (reference 5.4). */
void status_power(struct plug *p, struct out *o);
void status_u64(struct out *o, uint64_t value);

#endif
