/* clock.c - CPU 160 MHz, UART 80 MHz, from the PLL. */
#include "ecr6600/chip.h"
#include "ecr6600/regs.h"

static void change(volatile uint32_t *reg, uint32_t clear, uint32_t set)
{
    *reg = (*reg & ~clear) | set;
}

/* The vendor's sequence; numbers for a crystal of 40 MHz, or of 26 MHz. */
static void pll_start(void)
{
    CLK_EN0 |= CLK_EN0_FREF | CLK_EN0_RF_REGS;
    change(&RF(0x8c), 0xf0, 0x60);
    if (!(chip_efuse_word(EFUSE_CONTROL) & EFUSE_XTAL_40M)) {
        change(&RF(0x8c), 1u << 15, 0);
        change(&RF(0x88), 0x7fu << 14, 0x25u << 14);
        RF(0x134) = 0x49;
        RF(0x138) = 0x6c4ec5;
        RF(0x150) = 0x49e;
    }
    change(&RF(0x84), 0, 1u << 13);
    chip_wait(10);
    RF(0x148) = 1;
    chip_wait(10);
    change(&RF(0x8c), 1u << 14 | 0xf, 0);
    RF(0x148) = 0;
    chip_wait(5);
    change(&RF(0x88), 0, 1u << 27);
    change(&RF(0x130), 0, 1);
    chip_wait(20);
    change(&RF(0x8c), 0, 1u << 23);
}

/* Read and program times of the fuses, in cycles of 160 MHz. */
static void efuse_times(void)
{
    EFUSE_CTRL(0x00) = 0x0101042d;
    EFUSE_CTRL(0x04) = 0x1e0;
    EFUSE_CTRL(0x08) = 0x05040101;
    EFUSE_CTRL(0x10) = 0x0801012c;
    EFUSE_CTRL(0x18) = 0x00020101;
}

void chip_clock_init(void)
{
    CLK_EN0 |= CLK_EN0_EFUSE;
    if ((CLK_MUX & 3) != (CLK_MUX_160M & 3))
        pll_start();
    CLK_DIV_EN = CLK_DIV_EN_ALL;
    chip_wait(1);
    efuse_times();
    change(&CLK_MUX, CLK_MUX_MASK, CLK_MUX_160M);
    UART_CLK_SEL = UART_CLK_SEL_80M;
    chip_wait(1);
}
