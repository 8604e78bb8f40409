/* pulse.h - counting falling edges of a pin, by interrupt or counter. It counts on while the chip
 * or its radio saves power: what can wake nobody for an edge may not sleep. */
#ifndef HAL_PULSE_H
#define HAL_PULSE_H

#include <stdbool.h>
#include <stdint.h>

#define HAL_PULSE_PINS 4u

struct hal_pulse {
    uint32_t count;   /* since attached, modulo 2^32 */
    uint32_t last_us; /* hal_us() of the newest edge */
};

/* False: no counter left. Input with pull-up. */
bool hal_pulse_attach(unsigned pin);
void hal_pulse_detach(unsigned pin);
/* Both values of one instant. */
struct hal_pulse hal_pulse_read(unsigned pin);

#endif
