/* clock.c - CPU and UART 160 MHz, bus 80 MHz, from the PLL and a crystal of 40 MHz.
 *
 * Nothing tells which crystal a board has. With another one everything is slower or
 * faster by their ratio; the train of 55 is measured with the same clock. */
#include "bl602/chip.h"
#include "bl602/regs.h"

static void xtal_start(void)
{
    AON_XTAL |= AON_XTAL_ON;
    for (uint32_t us = 0; us < 2000 && !(AON_STATUS & AON_XTAL_READY); us += 10)
        chip_wait(10);
}

/* The vendor's sequence; bits have no better names. */
static void pll_start(void)
{
    chip_change(&PLL(0x04), 1u << 12, 1u << 16);
    chip_change(&PLL(0x00), 0x7b0, 0);
    chip_change(&PLL(0x08), 0x1f0, 2u << 4);
    chip_change(&PLL(0x0c), 7u << 16 | 3u << 14 | 3u << 12 | 1u << 8 | 3u << 4,
                1u << 16 | 1u << 14 | 3u << 12 | 1u << 8 | 2u << 4);
    chip_change(&PLL(0x04), 0xf7f, 0x214);
    chip_change(&PLL(0x18), 0xffffff, 0x300000);
    chip_change(&PLL(0x10), 0xf, 5);
    PLL(0x00) |= 1u << 9;
    chip_wait(5);
    PLL(0x00) |= 1u << 10;
    PLL(0x00) |= 0x1b0;
    chip_wait(5);
    PLL(0x00) |= 1;
    chip_wait(1);
    PLL(0x00) |= 4;
    chip_wait(2);
    PLL(0x00) &= ~4u;
    chip_wait(1);
    PLL(0x00) &= ~1u;
    chip_wait(55);
    PLL(0x1c) |= 0x1ff;
}

void chip_clock_init(void)
{
    xtal_start();
    pll_start();
    chip_change(&GLB_CLK_CFG0, GLB_PLL_SEL_MASK, GLB_PLL_SEL_160M | GLB_PLL_EN);
    L1C_CONFIG |= L1C_IROM_2T;
    chip_change(&GLB_CLK_CFG0, GLB_DIV_MASK, GLB_BCLK_DIV(2));
    GLB_CLK_UPDATE = 1;
    GLB_CLK_UPDATE = 0;
    chip_change(&HBN_GLB, HBN_ROOT_MASK | HBN_UART_160M, HBN_ROOT_PLL);
    HBN_CORE_CLOCK = 160000000;
}
