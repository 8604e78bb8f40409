/* plain.c - frames in and bytes out of the plain languages. */
#include "common/stub.h"

#include <string.h>

uint32_t stub_plain_len(const struct stub_plain *p)
{
    return p->head[2] | (uint32_t)p->head[3] << 8;
}

void stub_plain_reset(struct stub *s)
{
    memset(&s->plain, 0, offsetof(struct stub_plain, body));
    s->plain.cap = STUB_PLAIN_BODY;
}

void stub_plain_next(struct stub_plain *p)
{
    p->have = 0;
    p->sum = 0;
    p->whole = false;
}

size_t stub_plain_take(struct stub *s, uint32_t tail, const uint8_t *data, size_t len)
{
    struct stub_plain *p = &s->plain;
    size_t used = 0;

    while (used < len && !p->whole) {
        uint8_t byte = data[used++];

        if (p->have < STUB_PLAIN_HEAD)
            p->head[p->have] = byte;
        else if (p->have - STUB_PLAIN_HEAD < p->cap)
            p->body[p->offset + p->have - STUB_PLAIN_HEAD] = byte;
        p->sum = (uint8_t)(p->sum + byte);
        p->have++;
        p->whole =
            p->have >= STUB_PLAIN_HEAD && p->have == STUB_PLAIN_HEAD + stub_plain_len(p) + tail;
        hal_poll(s->h);
    }
    p->at_us = hal_us(s->h);
    return used;
}

void stub_plain_stop(struct stub *s)
{
    struct stub_plain *p = &s->plain;

    if (p->have && !p->whole && hal_us(s->h) - p->at_us >= STUB_PLAIN_STOP_US)
        stub_plain_next(p);
}

void stub_plain_chunk(struct stub *s, uint32_t len)
{
    struct stub_plain *p = &s->plain;

    stub_flash_read(&s->flash, p->addr, p->out + p->out_len, len);
    p->addr += len;
    p->left -= len;
    p->out_len += len;
}

bool stub_plain_flush(struct stub *s)
{
    struct stub_plain *p = &s->plain;

    if (hal_tx_room(s->h) < p->out_len)
        return false;
    hal_tx(s->h, p->out, p->out_len);
    p->out_len = 0;
    p->wait_us = hal_us(s->h);
    return true;
}

bool stub_plain_idle(struct stub *s, uint32_t us)
{
    uint32_t now = hal_us(s->h);

    if (!hal_tx_idle(s->h))
        s->plain.wait_us = now;
    return now - s->plain.wait_us >= us;
}
