/* pins.h - digital pins. */
#ifndef HAL_PINS_H
#define HAL_PINS_H

#include <stdbool.h>

enum hal_pull { HAL_PULL_NONE, HAL_PULL_UP, HAL_PULL_DOWN };

unsigned hal_pin_count(void);
/* False for pins of the flash, or not bonded. */
bool hal_pin_usable(unsigned pin);
/* The one name of a pin on this chip, as boards print it: "P24", "IO14", "P26". */
const char *hal_pin_label(unsigned pin);

/* Make an output that shows `level` from its first instant: the latch is set before
 * the driver is enabled. */
void hal_pin_output(unsigned pin, bool level);
void hal_pin_write(unsigned pin, bool level);
void hal_pin_input(unsigned pin, enum hal_pull pull);
bool hal_pin_read(unsigned pin);

#endif
