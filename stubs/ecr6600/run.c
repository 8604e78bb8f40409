/* run.c - start the application by a reset of the whole chip, which is the watchdog's. */
#include "ecr6600/chip.h"
#include "ecr6600/regs.h"

void hal_run(struct stub_hal *h)
{
    uint32_t control = WDT_CTRL_ENABLE | WDT_CTRL_RESET; /* shortest times */

    (void)h;
    CLK_EN0 |= CLK_EN0_WDT;
    AON_START_ADDR = 0;
    for (;;) {
        WDT_UNLOCK = WDT_UNLOCK_MAGIC;
        WDT_CTRL = control;
        chip_wait(100000);
        control |= WDT_CTRL_PCLK; /* its 32 kHz do not run */
    }
}
