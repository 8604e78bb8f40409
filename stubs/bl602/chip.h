/* chip.h - the BL602's own parts, see each file. */
#ifndef BL602_CHIP_H
#define BL602_CHIP_H

#include "common/hal.h"

/* Change the bits of `clear` that are not in `set` to 0, those of `set` to 1. */
static inline void chip_change(volatile uint32_t *reg, uint32_t clear, uint32_t set)
{
    *reg = (*reg & ~clear) | set;
}

void chip_wait(uint32_t us);
/* Clocks, time base, fuses, pins and controllers. */
void chip_init(void);

#endif
