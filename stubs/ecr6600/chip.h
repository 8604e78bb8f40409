/* chip.h - the ECR6600's own parts, see each file. */
#ifndef ECR6600_CHIP_H
#define ECR6600_CHIP_H

#include "common/hal.h"

/* Microseconds at least; needs the time base, and is longer before the PLL runs. */
void chip_wait(uint32_t us);
void chip_time_init(void);
void chip_clock_init(void);
void chip_uart_init(void);
void chip_spi_init(void);
/* One aligned word, addr < EFUSE_SIZE. */
uint32_t chip_efuse_word(uint32_t addr);

#endif
