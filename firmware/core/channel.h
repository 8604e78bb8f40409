/* channel.h - 64 values, and everything that follows when one changes. */
#ifndef CORE_CHANNEL_H
#define CORE_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/config.h"

#define CHANNEL_LABEL 24u

struct plug;

struct channels {
    int32_t value[CHANNELS];
    uint64_t is_private; /* never published */
    uint64_t hidden;     /* not on the page */
    char label[CHANNELS][CHANNEL_LABEL];
};

/* Start values, -1: as retained; in safe mode all 0. Before the pins are set up. */
void channels_start(struct plug *p);
int32_t channel_get(const struct plug *p, unsigned ch);
/* Retain, show on pins, publish, fire events: in that order, only if it changes
 * (`force`: also if not). False: no such channel, or safe mode, which switches nothing. */
bool channel_set(struct plug *p, unsigned ch, int32_t value, bool force);
bool channel_toggle(struct plug *p, unsigned ch);
void channels_set_relays(struct plug *p, bool on);
/* Its label, else its number. */
const char *channel_label(const struct plug *p, unsigned ch, char buf[CHANNEL_LABEL]);
bool channel_published(const struct plug *p, unsigned ch);
#define CHANNEL_TYPES 68u
enum { CHANNEL_DEFAULT = 0, CHANNEL_TOGGLE = 6, CHANNEL_TOGGLE_INV = 39 };
const char *channel_type_name(unsigned type);             /* reference 2.3; "" where it has none */
bool channel_type_parse(const char *text, uint8_t *type); /* by name or number */

#endif
