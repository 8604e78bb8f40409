/* net_tx.c - the ring behind a connection's output. */
#include "net/net_tx.h"

#include <string.h>

#include "lwip/tcp.h"

enum { PIECE = 536 }; /* three are under way at a time: nobody delays an acknowledgement */

void net_tx_init(struct net_tx *t, uint8_t *buf, size_t cap)
{
    *t = (struct net_tx){.buf = buf, .cap = (uint16_t)cap};
}

size_t net_tx_room(const struct net_tx *t)
{
    return (size_t)(t->cap - t->kept);
}

size_t net_tx_gap(struct net_tx *t, uint8_t **at)
{
    size_t end = (size_t)t->first + t->kept;

    if (end >= t->cap)
        end -= t->cap;
    *at = t->buf + end;
    return net_tx_room(t) < t->cap - end ? net_tx_room(t) : t->cap - end;
}

void net_tx_filled(struct net_tx *t, size_t len)
{
    t->kept = (uint16_t)(t->kept + len);
}

bool net_tx_put(struct net_tx *t, const void *data, size_t len)
{
    const uint8_t *from = data;

    if (len > net_tx_room(t))
        return false;
    while (len) {
        uint8_t *at;
        size_t n = net_tx_gap(t, &at);

        if (n > len)
            n = len;
        memcpy(at, from, n);
        net_tx_filled(t, n);
        from += n;
        len -= n;
    }
    return true;
}

void net_tx_write(struct net_tx *t, struct tcp_pcb *pcb)
{
    bool any = false;

    while (t->written < t->kept) {
        size_t at = (size_t)t->first + t->written, n = (size_t)(t->kept - t->written);

        if (at >= t->cap)
            at -= t->cap;
        if (n > t->cap - at)
            n = t->cap - at;
        if (n > PIECE)
            n = PIECE;
        if (n > tcp_sndbuf(pcb) || tcp_write(pcb, t->buf + at, (u16_t)n, 0) != ERR_OK)
            break;
        t->written = (uint16_t)(t->written + n);
        any = true;
    }
    if (any)
        tcp_output(pcb);
}

void net_tx_acked(struct net_tx *t, size_t len)
{
    if (len > t->written)
        len = t->written;
    t->first = (uint16_t)((t->first + len) % t->cap);
    t->kept = (uint16_t)(t->kept - len);
    t->written = (uint16_t)(t->written - len);
}
