/* uart.c - two UARTs with short rings; the other end is a script or a function. */
#include "hal/host/host.h"

#include <string.h>

#define PORTS 2u
#define RING  256u

struct ring {
    uint8_t data[RING];
    size_t len;
};

static struct {
    struct host_uart pub;
    struct ring in, out;
    void (*peer)(void *user, const uint8_t *data, size_t len);
    void *user;
} uart[PORTS];

void host_uart_reset(bool all)
{
    for (unsigned i = 0; i < PORTS; i++) {
        uart[i].pub.open = false;
        uart[i].in.len = uart[i].out.len = 0;
        if (all)
            memset(&uart[i], 0, sizeof uart[i]);
    }
}

static size_t put(struct ring *r, const uint8_t *data, size_t len)
{
    const size_t room = RING - r->len, n = len < room ? len : room;

    memcpy(r->data + r->len, data, n);
    r->len += n;
    return n;
}

static size_t take(struct ring *r, void *buf, size_t cap)
{
    const size_t n = cap < r->len ? cap : r->len;

    memcpy(buf, r->data, n);
    memmove(r->data, r->data + n, r->len - n);
    r->len -= n;
    return n;
}

bool hal_uart_open(unsigned port, uint32_t baud, enum hal_parity parity)
{
    if (port >= PORTS)
        return false;
    host_note(HOST_UART_OPEN, port, baud);
    uart[port].pub.open = true;
    uart[port].pub.baud = baud;
    uart[port].pub.parity = parity;
    uart[port].in.len = 0;
    return true;
}

void hal_uart_close(unsigned port)
{
    if (port < PORTS)
        uart[port].pub.open = false;
}

size_t hal_uart_write(unsigned port, const void *data, size_t len)
{
    if (port >= PORTS || !uart[port].pub.open)
        return 0;
    if (!uart[port].peer)
        return put(&uart[port].out, data, len);
    uart[port].peer(uart[port].user, data, len);
    return len;
}

size_t hal_uart_read(unsigned port, void *buf, size_t cap)
{
    return port < PORTS && uart[port].pub.open ? take(&uart[port].in, buf, cap) : 0;
}

struct host_uart host_uart(unsigned port)
{
    return port < PORTS ? uart[port].pub : (struct host_uart){0};
}

void host_uart_feed(unsigned port, const void *data, size_t len)
{
    if (port < PORTS)
        uart[port].pub.lost +=
            (uint32_t)(len - (uart[port].pub.open ? put(&uart[port].in, data, len) : 0));
}

size_t host_uart_sent(unsigned port, void *buf, size_t cap)
{
    return port < PORTS ? take(&uart[port].out, buf, cap) : 0;
}

void host_uart_peer(unsigned port, void (*fn)(void *user, const uint8_t *data, size_t len),
                    void *user)
{
    if (port >= PORTS)
        return;
    uart[port].peer = fn;
    uart[port].user = user;
}
