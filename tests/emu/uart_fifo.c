/* uart_fifo.c - see uart_fifo.h. */
#include "emu/uart_fifo.h"

#include <string.h>

#include "emu/soc.h"
#include "sim/bus.h"

void uart_fifo_init(struct uart_fifo *u, unsigned rx_depth, unsigned tx_depth,
                    void (*out)(void *user, uint64_t ps, uint32_t baud, uint8_t byte), void *user)
{
    memset(u, 0, sizeof *u);
    u->rx.depth = rx_depth;
    u->tx.depth = tx_depth;
    u->out = out;
    u->user = user;
    rng_seed(&u->rng, 1);
}

uint64_t uart_byte_ps(uint32_t baud)
{
    return 10 * EMU_SECOND / baud;
}

static bool push(struct uart_bytes *b, uint8_t byte)
{
    if (b->len == b->depth)
        return false;
    b->byte[(b->head + b->len++) % UART_FIFO_MAX] = byte;
    return true;
}

static uint8_t pop(struct uart_bytes *b)
{
    uint8_t byte = b->byte[b->head];

    b->head = (b->head + 1) % UART_FIFO_MAX;
    b->len--;
    return byte;
}

/* ---- sending -------------------------------------------------------------- */

/* What the shift register has taken by `ps`. */
static void shift(struct uart_fifo *u, uint64_t ps)
{
    while (u->tx.len && u->tx_baud && u->shift_until <= ps) {
        u->sent++;
        u->out(u->user, u->shift_until, u->tx_baud, pop(&u->tx));
        u->shift_until += uart_byte_ps(u->tx_baud);
    }
}

bool uart_fifo_put(struct uart_fifo *u, uint64_t ps, uint8_t byte)
{
    shift(u, ps);
    if (!push(&u->tx, byte))
        return false;
    if (u->tx.len == 1 && u->shift_until < ps)
        u->shift_until = ps;
    shift(u, ps);
    return true;
}

unsigned uart_fifo_waiting(struct uart_fifo *u, uint64_t ps)
{
    shift(u, ps);
    return u->tx.len;
}

bool uart_fifo_sending(struct uart_fifo *u, uint64_t ps)
{
    shift(u, ps);
    return u->tx.len || u->shift_until > ps;
}

bool uart_fifo_tx_baud(struct uart_fifo *u, uint64_t ps, uint32_t baud)
{
    bool quiet;

    if (baud == u->tx_baud)
        return true;
    quiet = !u->tx_baud || !uart_fifo_sending(u, ps);
    u->tx_baud = baud;
    if (u->shift_until < ps)
        u->shift_until = ps;
    shift(u, ps);
    return quiet;
}

void uart_fifo_clear_tx(struct uart_fifo *u, uint64_t ps)
{
    shift(u, ps);
    u->tx.len = 0;
}

/* ---- receiving ------------------------------------------------------------ */

static void take(struct uart_fifo *u, uint8_t byte)
{
    if (push(&u->rx, byte))
        u->received++;
    else
        u->overruns++;
    if (u->rx.len > u->peak)
        u->peak = u->rx.len;
}

void uart_fifo_pin(struct uart_fifo *u, uint64_t ps, uint32_t baud, uint8_t byte)
{
    uint8_t seen[BUS_GARBAGE];
    uint64_t begun;
    size_t n;

    if (!baud)
        baud = u->rx_baud;
    begun = baud ? ps - uart_byte_ps(baud) : ps;
    if (!u->rx_baud || begun < u->rx_since) {
        u->unheard++;
        return;
    }
    if (bus_baud_match(baud, u->rx_baud)) {
        take(u, byte);
        return;
    }
    u->garbled++;
    if (begun < u->garbled_to)
        return;
    u->garbled_to = begun + uart_byte_ps(u->rx_baud) * 19 / 20;
    n = bus_garble(&u->rng, byte, baud, u->rx_baud, seen);
    for (size_t i = 0; i < n; i++)
        take(u, seen[i]);
}

bool uart_fifo_get(struct uart_fifo *u, uint8_t *byte)
{
    if (!u->rx.len)
        return false;
    *byte = pop(&u->rx);
    return true;
}

bool uart_fifo_rx_baud(struct uart_fifo *u, uint64_t ps, uint32_t baud)
{
    bool quiet = u->garbled_to <= ps;

    if (baud == u->rx_baud)
        return true;
    u->rx_baud = baud;
    u->rx_since = ps;
    u->garbled_to = 0;
    return quiet;
}

void uart_fifo_clear_rx(struct uart_fifo *u)
{
    u->rx.len = 0;
}
