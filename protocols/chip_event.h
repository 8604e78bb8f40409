/* chip_event.h - telling the world which device answered. */
#ifndef PROTOCOLS_CHIP_EVENT_H
#define PROTOCOLS_CHIP_EVENT_H

#include "plugflash/protocol.h"

#define CHIP_EVENT_EXTRA 4 /* fields of a family's own, at most */

/* Emit a CHIP event from s->chip and s->id. What is unknown is left out. */
void chip_event(struct pf_session *s, const struct pf_field *extra, size_t count);

#endif
