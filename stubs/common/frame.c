/* frame.c - frames of the stream language: completing one, finding one. */
#include <string.h>

#include "common/frame.h"

#define MAGIC 0xb5

void stub_copy(struct stub_hal *h, uint8_t *to, const uint8_t *from, size_t len)
{
    hal_spend(h, HAL_COPY, (uint32_t)len);
    while (len) {
        size_t part = len < 64 ? len : 64;

        memmove(to, from, part);
        to += part;
        from += part;
        len -= part;
        hal_poll(h);
    }
}

void stub_fill(struct stub_hal *h, uint8_t *to, uint8_t value, size_t len)
{
    hal_spend(h, HAL_COPY, (uint32_t)len);
    while (len) {
        size_t part = len < 64 ? len : 64;

        memset(to, value, part);
        to += part;
        len -= part;
        hal_poll(h);
    }
}

size_t stub_frame_seal(struct stub_hal *h, uint8_t *buf, uint8_t type, uint16_t seq, uint16_t len)
{
    size_t at = STUB_FRAME_HEAD + (size_t)len;

    buf[0] = MAGIC;
    buf[1] = type;
    stub_put16(buf + 2, seq);
    stub_put16(buf + 4, len);
    stub_put16(buf + 6, stub_crc32(h, 0, buf, 6));
    stub_put32(buf + at, stub_crc32(h, 0, buf, at));
    return at + STUB_FRAME_TAIL;
}

/* The candidate begins at `at` from now on. */
static void receive_from(struct stub_receiver *r, size_t at)
{
    r->at = r->summed = at;
    r->crc = 0;
}

/* To the next byte that may begin a frame; with none nothing is held. */
static void receive_seek(struct stub_receiver *r, struct stub_hal *h)
{
    size_t at = r->at;

    while (at < r->have && r->buf[at] != MAGIC)
        if (++at % 64 == 0)
            hal_poll(h);
    if (at == r->have)
        at = r->have = 0;
    if (at != r->at || !r->have)
        receive_from(r, at);
}

static bool header_good(const uint8_t *p, struct stub_hal *h)
{
    return stub_get16(p + 4) <= STUB_FRAME_MAX &&
           stub_get16(p + 6) == (uint16_t)stub_crc32(h, 0, p, 6);
}

/* Size of the candidate as far as it is known; 0: it is none. */
static size_t receive_size(const struct stub_receiver *r, struct stub_hal *h)
{
    const uint8_t *p = r->buf + r->at;

    if (r->have - r->at < STUB_FRAME_HEAD)
        return STUB_FRAME_HEAD;
    if (!header_good(p, h))
        return 0;
    return STUB_FRAME_HEAD + stub_get16(p + 4) + STUB_FRAME_TAIL;
}

static void receive_sum(struct stub_receiver *r, struct stub_hal *h, size_t size)
{
    size_t end = r->at + size - STUB_FRAME_TAIL;

    if (size == STUB_FRAME_HEAD)
        return;
    if (end > r->have)
        end = r->have;
    if (end > r->summed) {
        r->crc = stub_crc32(h, r->crc, r->buf + r->summed, end - r->summed);
        r->summed = end;
    }
}

static size_t receive_take(struct stub_receiver *r, struct stub_hal *h, size_t size,
                           const uint8_t *data, size_t len)
{
    size_t missing = r->at + size - r->have;

    if (r->at + size > sizeof r->buf) {
        stub_copy(h, r->buf, r->buf + r->at, r->have - r->at);
        r->have -= r->at;
        r->summed -= r->at;
        r->at = 0;
    }
    if (len > missing)
        len = missing;
    stub_copy(h, r->buf + r->have, data, len);
    r->have += len;
    return len;
}

/* The candidate failed: look on one byte behind its first. */
static void receive_fail(struct stub_receiver *r, bool header_was_good)
{
    if (header_was_good) {
        r->damaged = true;
        r->damaged_type = r->buf[r->at + 1];
        r->damaged_seq = stub_get16(r->buf + r->at + 2);
    }
    receive_from(r, r->at + 1u);
}

size_t stub_receive(struct stub_receiver *r, struct stub_hal *h, const uint8_t *data, size_t len,
                    struct stub_frame *f, bool *got)
{
    size_t used = 0, size;

    *got = false;
    if (r->taken) {
        receive_from(r, (size_t)r->at + r->taken);
        r->taken = 0;
    }
    for (;;) {
        receive_seek(r, h);
        size = receive_size(r, h);
        if (!size) {
            receive_fail(r, false);
            continue;
        }
        receive_sum(r, h, size);
        if (r->have - r->at >= size && size > STUB_FRAME_HEAD) {
            const uint8_t *p = r->buf + r->at;

            if (r->crc == stub_get32(p + size - STUB_FRAME_TAIL)) {
                f->type = p[1];
                f->seq = stub_get16(p + 2);
                f->len = stub_get16(p + 4);
                f->payload = p + STUB_FRAME_HEAD;
                r->taken = size;
                *got = true;
                return used;
            }
            receive_fail(r, true);
            continue;
        }
        if (used == len)
            return used;
        used += receive_take(r, h, size, data + used, len - used);
    }
}

bool stub_receive_open(const struct stub_receiver *r)
{
    return r->at + r->taken < r->have;
}

void stub_receive_skip(struct stub_receiver *r, struct stub_hal *h)
{
    if (r->taken || r->at == r->have)
        return;
    receive_fail(r, r->have - r->at >= STUB_FRAME_HEAD && header_good(r->buf + r->at, h));
}
