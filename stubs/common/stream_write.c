/* stream_write.c - a write transfer as the host sees it: frames in, ACK and result out.
 * What the frames hold is the business of stream_units.c. */
#include <string.h>

#include "common/stub.h"

uint8_t stub_write_open(struct stub *s, uint16_t seq, const uint8_t *payload, uint16_t len)
{
    struct stub_write *w = &s->transfer.write;
    uint32_t sectors = stub_get32(payload + 4) / STUB_SECTOR;

    if (len != 8 + (sectors + 7) / 8)
        return STUB_BAD_PAYLOAD;
    memset(w, 0, offsetof(struct stub_write, shall));
    stub_copy(s->h, w->shall, payload + 8, len - 8u);
    w->start = w->take = w->work = w->good = w->erased = stub_get32(payload);
    w->end = w->start + sectors * STUB_SECTOR;
    w->seq = seq;
    w->want = w->used = w->last = (uint16_t)(seq + 1);
    w->told_us = hal_us(s->h);
    stub_sha256_init(&w->sha);
    return STUB_DONE;
}

/* ---- answers ---- */

static void write_result(struct stub *s, uint16_t seq)
{
    const struct stub_write *w = &s->transfer.write;
    uint8_t payload[37];

    payload[0] = w->status;
    stub_put32(payload + 1, w->good);
    memcpy(payload + 5, w->hash, 32);
    stub_stream_note(s, STUB_WRITE_RESULT, seq, payload, sizeof payload);
}

void stub_write_fail(struct stub *s, uint8_t status)
{
    struct stub_write *w = &s->transfer.write;

    if (w->over)
        return;
    w->over = true;
    w->status = status;
    if (!status)
        stub_sha256_final(&w->sha, s->h, w->hash);
    s->stream.ack_due = false; /* the result says more */
    write_result(s, w->has_end ? w->end_seq : w->seq);
}

size_t stub_write_ack(struct stub *s, uint8_t *buf)
{
    struct stub_write *w = &s->transfer.write;
    uint8_t *p = buf + STUB_FRAME_HEAD;

    stub_put16(p, w->want);
    stub_put16(p + 2, w->used);
    p[4] = w->nak;
    w->nak = false;
    stub_put32(p + 5, w->work - w->start);
    return stub_frame_seal(s->h, buf, STUB_WRITE_ACK, w->seq, 9);
}

/* ---- frames ---- */

static void write_nak(struct stub *s)
{
    s->transfer.write.gap = s->transfer.write.nak = true;
    s->stream.ack_due = true;
}

void stub_write_damaged(struct stub *s, uint16_t seq)
{
    struct stub_write *w = &s->transfer.write;

    /* Any other that was damaged would have been dropped. */
    if (!w->over && seq == (uint16_t)w->want)
        write_nak(s);
}

static void write_take(struct stub *s, const struct stub_frame *f)
{
    struct stub_write *w = &s->transfer.write;

    if (f->type == STUB_WRITE_END) {
        if (!w->has_end)
            s->stream.busy_us = w->told_us;
        w->has_end = true;
        w->end_seq = f->seq;
        return;
    }
    if ((uint16_t)(w->want - w->used) < STUB_RX_FRAMES && !w->has_end) {
        stub_copy(s->h, w->fifo[w->want % STUB_RX_FRAMES], f->payload, f->len);
        w->len[w->want % STUB_RX_FRAMES] = f->len;
        w->last = w->want++;
        w->gap = w->nak = false;
    }
    s->stream.ack_due = true;
}

void stub_write_frame(struct stub *s, const struct stub_frame *f)
{
    struct stub_write *w = &s->transfer.write;
    int16_t ahead = (int16_t)(f->seq - w->want);

    w->told_us = hal_us(s->h);
    if (w->over) {
        write_result(s, f->type == STUB_WRITE_END ? f->seq : w->seq);
    } else if (!ahead) {
        write_take(s, f);
    } else if (ahead < 0) {
        s->stream.ack_due = true;
    } else {
        /* A number that is not above the last one: the host has gone back, and what
         * it went back for was lost again. */
        if (!w->gap || (int16_t)(f->seq - w->last) <= 0)
            write_nak(s);
        w->last = f->seq;
    }
}

/* ---- */

bool stub_write_idle(const struct stub *s)
{
    const struct stub_write *w = &s->transfer.write;

    return w->over || (!w->has_end && w->used == w->want && !w->run && !w->slot[0].full &&
                       !w->slot[1].full && !s->flash.busy);
}

bool stub_write_step(struct stub *s)
{
    struct stub_write *w = &s->transfer.write;
    bool did;

    if (w->over)
        return false;
    /* Inflating delays the flash unless that is at work, or waits for it. */
    did = (s->flash.busy || !w->slot[0].full) && stub_units_take(s);
    if (!w->over)
        did |= stub_units_work(s);
    if (!w->over && w->has_end && w->used == w->want && !w->run && !w->slot[0].full &&
        !w->slot[1].full)
        stub_write_fail(s, w->take == w->end && !w->have ? STUB_DONE : STUB_BAD_UNIT);
    if (!w->over && !w->has_end && hal_us(s->h) - w->told_us >= STUB_TELL_US) {
        w->told_us = hal_us(s->h);
        w->nak = w->gap;
        s->stream.ack_due = true;
    }
    return did;
}
