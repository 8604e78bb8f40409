/* time.h - free-running clocks, modulo 2^32. Differences only. */
#ifndef HAL_TIME_H
#define HAL_TIME_H

#include <stdint.h>

uint32_t hal_ms(void);
uint32_t hal_us(void);

#endif
