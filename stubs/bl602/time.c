/* time.c - microseconds from the core's own timer. */
#include "bl602/chip.h"
#include "bl602/regs.h"

void chip_time_init(uint32_t mhz)
{
    GLB_MTIME = 0;
    GLB_MTIME = GLB_MTIME_EN | (mhz - 1);
}

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
