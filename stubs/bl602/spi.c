/* spi.c - the flash chip on one data line at 40 MHz. */
#include "bl602/chip.h"
#include "bl602/regs.h"
#include "common/word.h"

/* Where the flash is, by the fuses: inside, with two lines swapped or not; or on pins. */
static void pins(uint32_t config)
{
    static const uint8_t outside[2][6] = {{17, 18, 19, 20, 21, 22}, {0, 1, 2, 20, 21, 22}};

    chip_change(&SF_PADS, SF_PADS_MASK, config < 2 ? 0 : config - 1);
    chip_change(&GLB_PARM, GLB_PARM_SWAP | GLB_PARM_EMBEDDED,
                config == 0  ? GLB_PARM_SWAP | GLB_PARM_EMBEDDED
                : config < 2 ? GLB_PARM_EMBEDDED
                             : 0);
    for (unsigned i = 0; i < 6; i++)
        if (config < 2)
            GLB_GPIO(23 + i) = GLB_GPIO_INPUT | (i == 1 ? GLB_GPIO_PULL_DOWN : 0);
        else
            GLB_GPIO(outside[config - 2][i]) = GLB_GPIO_FLASH;
}

void chip_spi_init(void)
{
    pins(EF_SW_USAGE_PINS(EF_DATA(EF_SW_USAGE)));
    chip_change(&GLB_CLK_CFG2, GLB_SF_MASK, GLB_SF_SEL_BCLK | GLB_SF_EN | GLB_SF_DIV(2));
    /* What boot headers of plugs say for 40 MHz: clock inverted, read one clock later. */
    chip_change(&SF_CTRL0, SF_READ_DLY_MASK | SF_SAHB_CLK, SF_CLK_OUT_INV | SF_READ_DLY(1));
    chip_change(&SF_CTRL1, SF_OWNER_XIP | SF_AHB2SIF_EN, SF_IF_EN | SF_AHB2SRAM_EN);
    SF_AES &= ~1u;
    /* Whoever read it last may have left it in continuous read, which FF ends. */
    hal_spi(NULL, &(struct hal_spi){.opcode = 0xff, .has_addr = true, .addr = 0xffffff});
}

static void wait_idle(struct stub_hal *h)
{
    while (SF_CMD & SF_CMD_BUSY)
        hal_poll(h);
}

/* The controller has a buffer for the whole transaction. */
void hal_spi(struct stub_hal *h, const struct hal_spi *t)
{
    uint32_t cmd = SF_CMD_OPCODE | (t->has_addr ? SF_CMD_ADDR : 0);

    wait_idle(h);
    if (t->len)
        cmd |= SF_CMD_DATA(t->len) | (t->out ? SF_CMD_WRITE : 0);
    SF_CMD = cmd;
    SF_CMD_BUF0 = (uint32_t)t->opcode << 24 | (t->addr & 0xffffff);
    if (t->out)
        for (size_t at = 0; at < t->len; at += 4)
            SF_BUFFER(at) = stub_word(t->out + at, t->len - at);
    hal_poll(h);
    SF_CTRL0 |= SF_SAHB_CLK;
    SF_CMD = cmd | SF_CMD_TRIGGER;
    wait_idle(h);
    SF_CTRL0 &= ~SF_SAHB_CLK;
    if (t->in)
        for (size_t at = 0; at < t->len; at += 4)
            stub_bytes(t->in + at, SF_BUFFER(at), t->len - at);
    hal_poll(h);
}
