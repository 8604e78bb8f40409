/* bl602_uart.c - UART0 of the emulated BL602 (11.4), with auto-baud. */
#include <inttypes.h>
#include <string.h>

#include "emu/bl602_parts.h"

/* Signal `s` of the UART mux has function `f` on `pin`, and nothing swaps it. */
static bool uart_pin(const struct bl602_soc *c, unsigned pin, unsigned f)
{
    unsigned group = pin / 8;

    return field(pin_config(c, pin), 8, 4) == 7 &&
           field(c->reg[GLB_UART / 4], pin % 8 * 4, 4) == f &&
           !(c->reg[GLB_PARM / 4] & 1u << (24 + group));
}

static void uart_out(void *user, uint64_t ps, uint32_t baud, uint8_t byte)
{
    struct bl602_soc *c = user;

    if (uart_pin(c, 16, 2))
        c->board.tx(c->board.user, ps / EMU_PS_PER_NS, baud, byte);
    else
        COMPLAIN(c, "UART0 sends, but GPIO16 is not its TXD");
}

static bool uart_frame_ok(struct bl602_soc *c, uint32_t r, bool tx)
{
    bool ok = field(r, 8, 3) == 7 && !(r & 0x10) && !(*reg(c, UART + 0xC) & 1);

    if (tx)
        ok = ok && field(r, 12, 2) == 1 && !(r & 2);
    if (!ok)
        COMPLAIN(c, "UART0 %s is not 8N1: %" PRIx32, tx ? "TX" : "RX", r);
    return ok;
}

void bl602_uart_update(struct bl602_soc *c)
{
    uint32_t tx = *reg(c, UART), rx = *reg(c, UART + 4), prd = *reg(c, UART + 8);
    uint32_t tx_baud = c->uart_hz / ((prd & 0xFFFF) + 1), rx_baud = c->uart_hz / ((prd >> 16) + 1);
    uint64_t ps = bl602_soc_ps(c);

    if ((tx & 5) != 5 || !uart_frame_ok(c, tx, true))
        tx_baud = 0;
    if (!(rx & 1) || !uart_frame_ok(c, rx, false))
        rx_baud = 0;
    if (!uart_fifo_tx_baud(&c->uart, ps, tx_baud))
        COMPLAIN(c, "UART0 was changed while it was sending");
    uart_fifo_rx_baud(&c->uart, ps, rx_baud);
}

void bl602_uart_reset(struct bl602_soc *c)
{
    memset(reg(c, UART), 0, 0x90);
    c->uart_int = c->uart_abr = 0;
    c->uart_heard = 0;
    bl602_uart_update(c);
    uart_fifo_clear_rx(&c->uart);
    uart_fifo_clear_tx(&c->uart, bl602_soc_ps(c));
}

void bl602_soc_pin(struct bl602_soc *c, uint64_t ps, uint32_t baud, uint8_t byte)
{
    uint64_t lost = c->uart.overruns;
    uint32_t bit = baud ? c->uart_hz / baud : 0;

    if (!uart_pin(c, 7, 3) || !(pin_config(c, 7) & 1)) {
        c->uart.unheard++;
        return;
    }
    if (c->reg[(UART + 4) / 4] & 8 && c->uart.rx_baud) { /* auto-baud */
        if (byte != 0x55 || !bit || ps - uart_byte_ps(baud) < c->uart.rx_since)
            return;
        bit = (c->uart_hz + baud / 2) / baud;
        c->uart_abr = (bit - 1) << 16 | (bit - 1);
        c->uart_int |= 2;
        return;
    }
    uart_fifo_pin(&c->uart, ps, baud, byte);
    c->uart_heard = ps;
    if (c->uart.overruns != lost)
        c->uart_int |= 0x40;
}

/* Bytes have been waiting for longer than the time-out. */
static void uart_time_out(struct bl602_soc *c, uint64_t ps)
{
    uint32_t bits = *reg(c, UART + 0x18) + 1;

    if (c->uart.rx.len && c->uart.rx_baud &&
        ps >= c->uart_heard + emu_ticks_ps(bits, c->uart.rx_baud))
        c->uart_int |= 0x10;
}

static uint32_t uart_status(struct bl602_soc *c, uint64_t ps)
{
    uint32_t r = *reg(c, UART + 0x84), s = c->uart_int;

    uart_time_out(c, ps);
    s |= c->uart_int;
    if (BL602_SOC_FIFO - uart_fifo_waiting(&c->uart, ps) > field(r, 16, 5))
        s |= 4;
    if (c->uart.rx.len > field(r, 24, 5))
        s |= 8;
    return s;
}

static uint32_t uart_take(struct bl602_soc *c, unsigned size)
{
    uint8_t byte = 0;

    if (size != 1)
        COMPLAIN(c, "UART0 8C is read as a byte");
    uart_time_out(c, bl602_soc_ps(c));
    if (!uart_fifo_get(&c->uart, &byte))
        COMPLAIN(c, "UART0: its empty FIFO was read");
    return byte;
}

uint32_t bl602_uart_read(struct bl602_soc *c, uint32_t offset, unsigned size)
{
    uint64_t ps = bl602_soc_ps(c);
    uint32_t r = *reg(c, UART + offset);

    switch (offset) {
    case 0x20:
        return uart_status(c, ps);
    case 0x30:
        return uart_fifo_sending(&c->uart, ps);
    case 0x34:
        return c->uart_abr;
    case 0x80:
        return (c->uart_int & 0x40) | (r & 3);
    case 0x84:
        return (r & 0x1F1F0000) | (BL602_SOC_FIFO - uart_fifo_waiting(&c->uart, ps)) |
               c->uart.rx.len << 8;
    case 0x8C:
        return uart_take(c, size);
    default:
        return r;
    }
}

void bl602_uart_write(struct bl602_soc *c, uint32_t offset, uint32_t value, unsigned size)
{
    uint64_t ps = bl602_soc_ps(c);

    if (!c->uart_hz) {
        COMPLAIN(c, "UART0 %02" PRIx32 " written while it has no clock or is in reset", offset);
        memset(reg(c, UART), 0, 0x90);
        return;
    }
    switch (offset) {
    case 0x28:
        c->uart_int &= ~(value & 0x33);
        break;
    case 0x80:
        if (value & 4)
            uart_fifo_clear_tx(&c->uart, ps);
        if (value & 8) {
            uart_fifo_clear_rx(&c->uart);
            c->uart_int &= ~0x40u;
        }
        *reg(c, UART + 0x80) &= 3;
        break;
    case 0x88:
        if (size != 1)
            COMPLAIN(c, "UART0 88 is written as a byte");
        if (!c->uart.tx_baud)
            COMPLAIN(c, "UART0: a byte for a transmitter that does not run (00 = %" PRIx32 ")",
                     *reg(c, UART));
        if (!uart_fifo_put(&c->uart, ps, (uint8_t)value))
            COMPLAIN(c, "UART0: a byte for a full FIFO");
        break;
    default:
        bl602_uart_update(c);
        break;
    }
}

void bl602_uart_init(struct bl602_soc *c)
{
    uart_fifo_init(&c->uart, BL602_SOC_FIFO, BL602_SOC_FIFO, uart_out, c);
}
