/* time.c - microseconds from the core's own timer. */
#include "bl602/chip.h"
#include "bl602/regs.h"

uint32_t hal_us(struct stub_hal *h)
{
    (void)h;
    return MTIME;
}

void chip_wait(uint32_t us)
{
    uint32_t from = MTIME;

    while (MTIME - from <= us)
        ;
}
