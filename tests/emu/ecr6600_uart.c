/* ecr6600_uart.c - UART0 of the emulated ECR6600 (5.5). */
#include <inttypes.h>

#include "emu/ecr6600_parts.h"

#define LSR_DR   0x01u
#define LSR_OE   0x02u
#define LSR_THRE 0x20u
#define LSR_TEMT 0x40u

static void uart_out(void *user, uint64_t ps, uint32_t baud, uint8_t byte)
{
    struct ecr6600_soc *c = user;

    if (pin_function(c, 6) == 0)
        c->board.tx(c->board.user, ps / EMU_PS_PER_NS, baud, byte);
    else
        COMPLAIN(c, "UART0 sends, but GPIO6 is not its TXD");
}

void ecr6600_uart_update(struct ecr6600_soc *c)
{
    uint32_t oscr = *reg(c, UART + 0x14), lcr = *reg(c, UART + 0x2C);
    uint32_t baud = c->dl && oscr ? c->uart_hz / (oscr * c->dl) : 0;
    uint64_t ps = ecr6600_soc_ps(c);

    if (lcr & 0x80)
        return; /* the divisor is being written */
    if (oscr < 8 || oscr & 1)
        COMPLAIN(c, "UART0: over-sampling %" PRIu32, oscr);
    if (lcr != 3)
        COMPLAIN(c, "UART0: LCR %" PRIx32 " is not 8N1", lcr);
    if ((*reg(c, UART + 0x30) & 0x22) == 0x22)
        COMPLAIN(c, "UART0: flow control on pins that lead nowhere");
    if (!uart_fifo_tx_baud(&c->uart, ps, baud))
        COMPLAIN(c, "UART0 was changed while it was sending");
    uart_fifo_rx_baud(&c->uart, ps, baud);
}

void ecr6600_soc_pin(struct ecr6600_soc *c, uint64_t ps, uint32_t baud, uint8_t byte)
{
    if (pin_function(c, 5) == 0)
        uart_fifo_pin(&c->uart, ps, baud, byte);
    else
        c->uart.unheard++;
}

static uint32_t uart_lsr(struct ecr6600_soc *c, uint64_t ps)
{
    uint32_t lsr = c->uart.rx.len ? LSR_DR : 0;

    if (c->uart.overruns != c->overruns_seen)
        lsr |= LSR_OE;
    c->overruns_seen = c->uart.overruns;
    if (!uart_fifo_waiting(&c->uart, ps))
        lsr |= LSR_THRE;
    if (!uart_fifo_sending(&c->uart, ps))
        lsr |= LSR_TEMT;
    return lsr;
}

static uint32_t uart_take(struct ecr6600_soc *c)
{
    uint8_t byte = 0;

    if (!uart_fifo_get(&c->uart, &byte))
        COMPLAIN(c, "UART0: RBR was read while nothing was there");
    return byte;
}

uint32_t ecr6600_uart_read(struct ecr6600_soc *c, uint32_t offset)
{
    bool dlab = *reg(c, UART + 0x2C) & 0x80;

    if (!ecr6600_clocked(c, EN_UART0, "UART0"))
        return 0;
    switch (offset) {
    case 0x20:
        return dlab ? c->dl & 0xFF : uart_take(c);
    case 0x24:
        return dlab ? c->dl >> 8 : *reg(c, UART + 0x24);
    case 0x28:
        return 0xC1; /* FIFOs on, no interrupt */
    case 0x34:
        return uart_lsr(c, ecr6600_soc_ps(c));
    default:
        return *reg(c, UART + offset);
    }
}

static void uart_send(struct ecr6600_soc *c, uint8_t byte)
{
    if (!c->uart.tx_baud)
        COMPLAIN(c, "UART0: a byte for a transmitter that has no rate");
    if (!uart_fifo_put(&c->uart, ecr6600_soc_ps(c), byte))
        COMPLAIN(c, "UART0: a byte for a full FIFO");
}

static void uart_fcr(struct ecr6600_soc *c, uint32_t value)
{
    c->uart.rx.depth = c->uart.tx.depth = value & 1 ? ECR_UART_FIFO : 1;
    if (value & 2)
        uart_fifo_clear_rx(&c->uart);
    if (value & 4)
        uart_fifo_clear_tx(&c->uart, ecr6600_soc_ps(c));
    if (value & 8)
        COMPLAIN(c, "UART0: DMA mode");
}

void ecr6600_uart_write(struct ecr6600_soc *c, uint32_t offset, uint32_t old, uint32_t value)
{
    bool dlab = *reg(c, UART + 0x2C) & 0x80;

    if (!ecr6600_clocked(c, EN_UART0, "UART0")) {
        *reg(c, UART + offset) = old;
        return;
    }
    switch (offset) {
    case 0x20:
        if (dlab)
            c->dl = (c->dl & 0xFF00) | (value & 0xFF);
        else
            uart_send(c, (uint8_t)value);
        break;
    case 0x24:
        if (dlab) {
            c->dl = (c->dl & 0xFF) | (value & 0xFF) << 8;
            *reg(c, UART + offset) = old;
        }
        break;
    case 0x28:
        uart_fcr(c, value);
        break;
    default:
        ecr6600_uart_update(c);
        break;
    }
}

void ecr6600_uart_init(struct ecr6600_soc *c)
{
    uart_fifo_init(&c->uart, ECR_UART_FIFO, ECR_UART_FIFO, uart_out, c);
}
