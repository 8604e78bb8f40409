/* watchdog.h - resets the chip when it is not fed. */
#ifndef HAL_WATCHDOG_H
#define HAL_WATCHDOG_H

#include <stdint.h>

void hal_watchdog_start(uint32_t ms);
void hal_watchdog_feed(void);

#endif
