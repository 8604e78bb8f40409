/* setup.c - clocks, pins and controllers: CPU 192 MHz, bus 96 MHz, UART 160 MHz, as the
 * vendor's own boards have them, from the PLL and a crystal of 40 MHz; flash at 40 MHz.
 *
 * Nothing tells which crystal a board has. With another one everything is slower or
 * faster by their ratio; the train of 55 is measured with the same clock. */
#include "bl602/chip.h"
#include "bl602/regs.h"
#include "common/setup.h"

#define LOW(reg)  ((uint16_t)(uintptr_t) & (reg))
#define HIGH(reg) ((uint16_t)((uintptr_t) & (reg) + 2))

/* The time base counts microseconds of a bus clock of so many MHz. */
#define TIME_BASE(mhz)                                                                             \
    {HIGH(GLB_MTIME), 4, 0}, {LOW(GLB_MTIME), 0xffff, (mhz)-1},                                    \
    {                                                                                              \
        HIGH(GLB_MTIME), 0, 4                                                                      \
    }

static const struct stub_setup rows[] = {
    {LOW(AON_XTAL), 0, AON_XTAL_ON},
    {STUB_WAIT, 0, 2000},

    /* The PLL, in the vendor's sequence; bits have no better names. */
    {LOW(PLL(0x04)), 1u << 12, 0},
    {HIGH(PLL(0x04)), 0, 1},
    {LOW(PLL(0x00)), 0x7b0, 0},
    {LOW(PLL(0x08)), 0x1f0, 2u << 4},
    {HIGH(PLL(0x0c)), 7, 1},
    {LOW(PLL(0x0c)), 3u << 14 | 3u << 12 | 1u << 8 | 3u << 4,
     1u << 14 | 3u << 12 | 1u << 8 | 2u << 4},
    {LOW(PLL(0x04)), 0xf7f, 0x214},
    {HIGH(PLL(0x18)), 0xff, 0x30},
    {LOW(PLL(0x18)), 0xffff, 0},
    {LOW(PLL(0x10)), 0xf, 5},
    {LOW(PLL(0x00)), 0, 1u << 9},
    {STUB_WAIT, 0, 5},
    {LOW(PLL(0x00)), 0, 1u << 10},
    {LOW(PLL(0x00)), 0, 0x1b0},
    {STUB_WAIT, 0, 5},
    {LOW(PLL(0x00)), 0, 1},
    {STUB_WAIT, 0, 1},
    {LOW(PLL(0x00)), 0, 4},
    {STUB_WAIT, 0, 2},
    {LOW(PLL(0x00)), 4, 0},
    {STUB_WAIT, 0, 1},
    {LOW(PLL(0x00)), 1, 0},
    {STUB_WAIT, 0, 55},
    {LOW(PLL(0x1c)), 0, 0x1ff},

    /* Over to it. */
    {LOW(GLB_CLK_CFG0), GLB_PLL_SEL_MASK, GLB_PLL_SEL_192M | GLB_PLL_EN},
    {LOW(L1C_CONFIG), 0, L1C_IROM_2T},
    {LOW(GLB_CLK_CFG0), 0xff00, 0},
    {HIGH(GLB_CLK_CFG0), 0xff, GLB_BCLK_DIV(2) >> 16},
    {LOW(GLB_CLK_UPDATE), 0, 1},
    {LOW(GLB_CLK_UPDATE), 1, 0},
    {LOW(HBN_GLB), HBN_ROOT_MASK, HBN_ROOT_PLL | HBN_UART_160M},
    {LOW(HBN_CORE_CLOCK), 0xffff, 192000000 & 0xffff},
    {HIGH(HBN_CORE_CLOCK), 0xffff, 192000000 >> 16},
    TIME_BASE(96),

    /* UART0 on GPIO7 and GPIO16. */
    {LOW(GLB_CLK_CFG2), GLB_UART_DIV_MASK, GLB_UART_EN},
    {HIGH(GLB_UART_SIG), 0xf000, GLB_UART_SIG_RXD0 << 12},
    {LOW(GLB_UART_SIG), 0xf, GLB_UART_SIG_TXD0},
    {HIGH(GLB_GPIO(7)), 0xffff, GLB_GPIO_UART},
    {LOW(GLB_GPIO(16)), 0xffff, GLB_GPIO_UART},

    /* The flash controller. What boot headers of plugs say for 40 MHz: clock inverted,
     * read one clock later. */
    {LOW(GLB_CLK_CFG2), GLB_SF_MASK, GLB_SF_SEL_80M | GLB_SF_EN | GLB_SF_DIV(2)},
    {LOW(SF_CTRL0), SF_READ_DLY_MASK | SF_SAHB_CLK, SF_CLK_OUT_INV | SF_READ_DLY(1)},
    {HIGH(SF_CTRL1), (SF_OWNER_XIP | SF_AHB2SIF_EN) >> 16, (SF_IF_EN | SF_AHB2SRAM_EN) >> 16},
    {LOW(SF_AES), 1, 0},
};

/* All that does not depend on anything. */
static void setup(const struct stub_setup *row, const struct stub_setup *end)
{
    for (; row < end; row++) {
        volatile uint32_t *reg = &REG(0x40000000u + (row->at & ~3u));
        unsigned shift = row->at % 4 * 8;

        if (row->at == STUB_WAIT)
            chip_wait(row->set);
        else
            *reg = (*reg & ~((uint32_t)row->clear << shift)) | (uint32_t)row->set << shift;
    }
}

/* Copy the fuses to where they are read; on the clock the ROM leaves. */
static void load_fuses(void)
{
    for (uint32_t at = 0; at < EF_SIZE; at += 4)
        EF_DATA(at) = 0;
    EF_CTRL = EF_CTRL_IDLE;
    EF_CTRL = EF_CTRL_LOAD;
    chip_wait(10);
    for (uint32_t us = 0; us < 10000 && EF_CTRL_STATE(EF_CTRL) != 1; us += 10)
        chip_wait(10);
    EF_CTRL = EF_CTRL_DONE;
}

/* Where the flash is, by the fuses: inside, with two lines swapped or not; or on pins. */
static void flash_pins(uint32_t config)
{
    chip_change(&SF_PADS, SF_PADS_MASK, config < 2 ? 0 : config - 1);
    chip_change(&GLB_PARM, GLB_PARM_SWAP | GLB_PARM_EMBEDDED,
                config == 0  ? GLB_PARM_SWAP | GLB_PARM_EMBEDDED
                : config < 2 ? GLB_PARM_EMBEDDED
                             : 0);
    for (uint32_t i = 0; i < 6; i++) {
        uint32_t pin = config < 2 ? 23 + i : config == 3 && i < 3 ? i : 17 + i;
        uint32_t shift = pin % 2 * 16;

        chip_change(&GLB_GPIO(pin), 0xffffu << shift,
                    (config >= 2 ? GLB_GPIO_FLASH
                     : i == 1    ? GLB_GPIO_INPUT | GLB_GPIO_PULL_DOWN
                                 : GLB_GPIO_INPUT)
                        << shift);
    }
}

void chip_init(void)
{
    static const struct stub_setup rom_time[] = {TIME_BASE(32)}; /* it leaves its RC oscillator */

    setup(rom_time, rom_time + sizeof(rom_time) / sizeof(rom_time[0]));
    load_fuses();
    setup(rows, rows + sizeof(rows) / sizeof(rows[0]));
    flash_pins(EF_SW_USAGE_PINS(EF_DATA(EF_SW_USAGE)));
}
