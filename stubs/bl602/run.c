/* run.c - start the application by a reset of the whole chip. */
#include "bl602/chip.h"
#include "bl602/regs.h"

void hal_run(struct stub_hal *h)
{
    (void)h;
    /* Back to the RC oscillator, or the PLL stops under the CPU. */
    HBN_GLB &= ~(HBN_ROOT_MASK | HBN_UART_160M);
    GLB_CLK_CFG0 &= ~GLB_DIV_MASK;
    GLB_CLK_UPDATE = 1;
    GLB_CLK_UPDATE = 0;
    GLB_SWRST_CFG2 &= ~GLB_SWRST_MASK;
    GLB_SWRST_CFG2 |= GLB_SWRST_SYSTEM;
    for (;;)
        ;
}
