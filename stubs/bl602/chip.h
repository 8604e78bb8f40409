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
/* The time base counts microseconds of a bus clock of so many MHz. */
void chip_time_init(uint32_t mhz);
void chip_clock_init(void);
void chip_uart_init(void);
void chip_spi_init(void);
/* Copy the fuses to where they are read; on the clock the ROM leaves. */
void chip_efuse_load(void);

#endif
