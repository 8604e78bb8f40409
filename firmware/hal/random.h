/* random.h - noise, good enough for ports, jitter and identifiers. */
#ifndef HAL_RANDOM_H
#define HAL_RANDOM_H

#include <stdint.h>

uint32_t hal_random(void);

#endif
