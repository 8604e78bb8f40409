/* obk.h - what OpenBeken left on the flash: read, never written. */
#ifndef CORE_OBK_H
#define CORE_OBK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/config.h"
#include "core/vars.h"
#include "hal/hal.h"

/* A named value of EasyFlash in `area`, of any granularity; its length, 0: there is none, or
 * it is longer than `cap`. */
size_t obk_value(struct hal_span area, const char *name, uint8_t *buf, size_t cap);
/* Its configuration record, not yet looked at any closer than where it came from; the
 * length, 0: there is none. `rec` may be changed in any case. */
size_t obk_config(const struct hal_chip *chip, uint8_t rec[CONFIG_SIZE]);
/* Its boot counters, retained channels and energy. */
bool obk_vars(const struct hal_chip *chip, uint8_t rec[VARS_SIZE]);

#endif
