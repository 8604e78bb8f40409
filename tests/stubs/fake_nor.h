/* fake_nor.h - the SPI NOR of fake_hal.h. */
#ifndef TESTS_STUBS_FAKE_NOR_H
#define TESTS_STUBS_FAKE_NOR_H

#include "stubs/fake_hal.h"

void fake_nor_power_on(struct fake_nor *n);
/* One transaction that ends at `now_ns`. */
void fake_nor_spi(struct fake_nor *n, const struct hal_spi *t, uint64_t now_ns);

#endif
