/* ota_boots.h - what would start from a flash, told as the chip's boot loader would find out,
 * with the host tool's reading of the formats: not the firmware's own. */
#ifndef TESTS_FIRMWARE_OTA_BOOTS_H
#define TESTS_FIRMWARE_OTA_BOOTS_H

#include <stddef.h>
#include <stdint.h>

#include "hal/hal.h"

/* The application that runs after the next start, as it lies in memory or would be written:
 * its bytes to `out`. 0: the plug does not start any more. */
size_t ota_boots(enum hal_family family, const uint8_t *flash, uint8_t *out, size_t cap);

#endif
