/* hass.h - Home Assistant discovery, byte-exact (reference 6.4). */
#ifndef CORE_HASS_H
#define CORE_HASS_H

#include <stdbool.h>

#include "core/out.h"

struct plug;

/* The n-th message of this plug: topic and payload. False: there are no more. One that does
 * not fit its buffers has `over` set and is to be left out. */
bool hass_message(struct plug *p, unsigned n, struct out *topic, struct out *payload);

#endif
