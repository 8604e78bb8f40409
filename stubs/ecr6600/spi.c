/* spi.c - the flash chip on one data line at 40 MHz. */
#include "common/word.h"
#include "ecr6600/chip.h"
#include "ecr6600/regs.h"

void chip_spi_init(void)
{
    CLK_EN0 |= CLK_EN0_SPI0 | CLK_EN0_FLASH_AHB;
    SPI_CONFIG = SPI_CONFIG_AHB;
    PIN_MUX_0_7 = (PIN_MUX_0_7 & ~0xf0000000) | 0x20000000; /* GPIO7 to 12 */
    PIN_MUX_8_15 = (PIN_MUX_8_15 & ~0x000fffff) | 0x00022222;
    /* Contents pass as they are, also on a chip that encrypts. */
    APB_ENCRYPT_EN = 0;
    SPI_FORMAT = SPI_FORMAT_FLASH;
    SPI_TIMING &= ~0xffu;
}

static uint32_t transfer_of(const struct hal_spi *t)
{
    uint32_t trans = SPI_TRANS_CMD | (t->has_addr ? SPI_TRANS_ADDR : 0);

    if (!t->len)
        return trans | SPI_TRANS_NONE;
    return trans | (t->out ? SPI_TRANS_WRITE(t->len) : SPI_TRANS_READ(t->len));
}

static void wait_idle(struct stub_hal *h)
{
    while (SPI_STATUS & SPI_STATUS_BUSY)
        hal_poll(h);
}

/* The controller holds its clock while a FIFO is full or empty. The UART has its
 * turn whenever there is nothing to move. */
void hal_spi(struct stub_hal *h, const struct hal_spi *t)
{
    uint32_t wait_for = t->out ? SPI_STATUS_TXFULL : SPI_STATUS_RXEMPTY;

    wait_idle(h);
    SPI_CTRL |= SPI_CTRL_FIFO_RST;
    while (SPI_CTRL & SPI_CTRL_FIFO_RST)
        hal_poll(h);
    SPI_ADDR = t->addr;
    SPI_TRANS = transfer_of(t);
    SPI_CMD = t->opcode;
    for (size_t at = 0; at < t->len; at += 4) {
        while (SPI_STATUS & wait_for)
            hal_poll(h);
        if (t->out)
            SPI_DATA = stub_word(t->out + at, t->len - at);
        else
            stub_bytes(t->in + at, SPI_DATA, t->len - at);
    }
    wait_idle(h);
    hal_poll(h);
}
