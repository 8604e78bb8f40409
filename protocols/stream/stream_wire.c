/* stream_wire.c - frames over the port; one command and its reply.
 *
 * Every frame carries a number and a checksum, so a late or damaged one is never
 * taken for another: what does not fit is dropped, and what is missing is asked
 * for again under the same number, which the stub answers without doing it twice. */
#include "stream/stream_session.h"

#include <string.h>

#include "core/bytes.h"

#define PATIENCE_US  UINT64_C(60000)   /* besides two latencies and a frame */
#define GAP_US       UINT64_C(20000)   /* a frame that stops so long has failed */
#define NOISY        12u               /* of the last 64 frames */
#define SMALL        128u              /* exchanges of so many bytes tell the latency */
#define STRANGERS_US UINT64_C(1000000) /* bytes of something older, besides a window of frames */

uint64_t stream_wire_us(const struct stream *s, size_t bytes)
{
    uint32_t baud = s->base.id.baud ? s->base.id.baud : 115200;

    return (uint64_t)bytes * 10u * 1000000u / baud;
}

uint64_t stream_patience(const struct stream *s)
{
    return stream_scaled(s, PATIENCE_US) + 2 * s->base.id.latency_us +
           stream_wire_us(s, STREAM_SIZE);
}

enum pf_err stream_discard(struct stream *s)
{
    s->rx_at = s->rx_len = 0;
    return s->base.port->ops->discard_input(s->base.port);
}

/* write() may return before the bytes have left; how long they take is known. */
enum pf_err stream_put_raw(struct stream *s, const uint8_t *frame, size_t len)
{
    uint64_t now = stream_now(s), from = s->line_us > now ? s->line_us : now;

    PF_TRY(s->base.port->ops->write(s->base.port, frame, len));
    s->line_us = from + stream_wire_us(s, len);
    now = stream_now(s);
    if (s->line_us < now)
        s->line_us = now;
    return PF_OK;
}

enum pf_err stream_put(struct stream *s, uint8_t type, uint16_t seq, const uint8_t *payload,
                       size_t len)
{
    size_t n = stream_encode(s->tx, sizeof s->tx, type, seq, payload, len);

    if (!n)
        return pf_fail(s->base.ctx, PF_ERR_INTERNAL, "a payload of %zu bytes", len);
    return stream_put_raw(s, s->tx, n);
}

static enum pf_err wire_fill(struct stream *s, uint64_t deadline)
{
    size_t got = 0, room;
    enum pf_err err;

    if (s->rx_at) {
        memmove(s->rx, s->rx + s->rx_at, s->rx_len - s->rx_at);
        s->rx_len -= s->rx_at;
        s->rx_at = 0;
    }
    room = sizeof s->rx - s->rx_len; /* never 0: a frame is far shorter */
    err = s->base.port->ops->read(s->base.port, s->rx + s->rx_len, room, deadline, &got);
    if (got > room)
        return pf_fail(s->base.ctx, PF_ERR_INTERNAL, "the port returned more than was asked for");
    if (got == 0)
        return err ? err : PF_ERR_TIMEOUT;
    s->rx_len += got;
    s->last_rx_us = stream_now(s);
    return PF_OK;
}

/* A frame that is just coming in is not cut off by the deadline, but neither does
 * noise without end hold us. */
static bool wire_is_late(const struct stream *s, uint64_t deadline)
{
    uint64_t now = stream_now(s), gap = stream_scaled(s, GAP_US) + 2 * s->base.id.latency_us;

    if (now < deadline)
        return false;
    return s->rx_at == s->rx_len || now >= s->last_rx_us + gap ||
           now >= deadline + 2 * stream_wire_us(s, STREAM_SIZE) + gap;
}

static uint64_t wire_until(const struct stream *s, uint64_t deadline)
{
    uint64_t gap = stream_scaled(s, GAP_US) + 2 * s->base.id.latency_us;

    if (s->rx_at != s->rx_len && s->last_rx_us + gap > deadline)
        return s->last_rx_us + gap;
    return deadline;
}

/* What is at hand; PF_ERR_TIMEOUT: nothing that is whole. */
static enum pf_err wire_frame(struct stream *s, bool quiet, struct stream_frame *out)
{
    do {
        *out = stream_decode(s->rx + s->rx_at, s->rx_len - s->rx_at, quiet);
        s->rx_at += out->used;
        if (out->what == STREAM_FRAME && out->type & STREAM_REPLY) {
            s->heard_us = stream_now(s);
            return PF_OK;
        }
    } while (out->what != STREAM_MORE);
    return PF_ERR_TIMEOUT;
}

enum pf_err stream_next(struct stream *s, uint64_t deadline, struct stream_frame *out)
{
    bool late = false;

    for (;;) {
        enum pf_err err = wire_frame(s, late, out);

        if (!err || late)
            return err;
        late = wire_is_late(s, deadline);
        err = wire_fill(s, wire_until(s, deadline));
        if (err && err != PF_ERR_TIMEOUT)
            return err;
    }
}

enum pf_err stream_poll(struct stream *s, uint64_t deadline, struct stream_frame *out)
{
    for (;;) {
        enum pf_err err = wire_frame(s, false, out);

        if (!err)
            return err;
        PF_TRY(wire_fill(s, deadline));
        if (stream_now(s) > deadline) /* noise must not hold us */
            return wire_frame(s, false, out);
    }
}

void stream_note(struct stream *s, bool damaged)
{
    s->errors = s->errors << 1 | damaged;
}

bool stream_is_noisy(const struct stream *s)
{
    unsigned n = 0;

    for (uint64_t w = s->errors; w; w &= w - 1)
        n++;
    return n >= NOISY;
}

/* commands ------------------------------------------------------------------ */

static void wire_latency(struct stream *s, uint64_t started, size_t bytes)
{
    uint64_t took = stream_now(s) - started, wire = stream_wire_us(s, bytes), us;
    uint64_t *mean = &s->base.id.latency_us;

    if (bytes > SMALL)
        return;
    us = took > wire ? took - wire : 0;
    *mean = *mean ? (3 * *mean + us) / 4 : us;
}

/* PF_ERR_TIMEOUT: time to ask again. While the rest of a transfer comes in, or what is
 * left of it, the answer may be behind it; but not for ever. */
static enum pf_err wire_wait(struct stream *s, const struct stream_command *c, uint16_t seq,
                             uint64_t start, struct stream_frame *reply)
{
    uint64_t wait = stream_patience(s) + stream_wire_us(s, c->len) +
                    (c->limit_us ? stream_scaled(s, STREAM_BUSY_US) : 0);
    uint64_t rest = STRANGERS_US + stream_wire_us(s, s->caps.keeps * STREAM_SIZE);
    uint64_t deadline = s->line_us + wait, end = start + stream_scaled(s, c->limit_us);

    for (;;) {
        enum pf_err err = stream_next(s, deadline, reply);

        if (err && err != PF_ERR_TIMEOUT)
            return err;
        if (!err && reply->seq == seq && reply->type == (c->type | STREAM_REPLY))
            return PF_OK;
        if (!err && reply->type == STREAM_BUSY && reply->seq == seq && c->limit_us) {
            if (stream_now(s) >= end)
                return PF_ERR_PROTOCOL;
            deadline = stream_now(s) + wait;
        } else if (s->last_rx_us + wait > stream_now(s) && stream_now(s) < start + rest) {
            deadline = s->last_rx_us + wait;
        } else if (err) {
            return err;
        }
    }
}

enum pf_err stream_call(struct stream *s, const struct stream_command *c,
                        struct stream_frame *reply)
{
    uint16_t seq = ++s->seq;
    uint64_t start = stream_now(s);

    for (unsigned try = 0; try < c->tries; try++) {
        uint64_t started = stream_now(s);
        enum pf_err err;

        PF_TRY(stream_put(s, c->type, seq, c->payload, c->len));
        err = wire_wait(s, c, seq, start, reply);
        if (!err && !c->limit_us && try == 0)
            wire_latency(s, started, STREAM_HEAD + STREAM_TAIL + c->len + reply->used);
        if (err == PF_ERR_PROTOCOL)
            return pf_fail(s->base.ctx, PF_ERR_TIMEOUT,
                           "%s at 0x%06x: the device has been busy longer than it can take",
                           c->name, (unsigned)c->addr);
        if (err != PF_ERR_TIMEOUT)
            return err;
        stream_note(s, true);
    }
    return pf_fail(s->base.ctx, PF_ERR_TIMEOUT, "no answer to %s at 0x%06x", c->name,
                   (unsigned)c->addr);
}

enum pf_err stream_refused(struct stream *s, const char *name, uint32_t addr, uint8_t status)
{
    static const enum pf_err code[] = {
        [STREAM_UNKNOWN] = PF_ERR_SUPPORT,  [STREAM_PAYLOAD] = PF_ERR_REFUSED,
        [STREAM_OUTSIDE] = PF_ERR_RANGE,    [STREAM_NOT_TAKEN] = PF_ERR_VERIFY,
        [STREAM_NOT_SAME] = PF_ERR_VERIFY,  [STREAM_BAD_UNIT] = PF_ERR_PROTOCOL,
        [STREAM_NO_FLASH] = PF_ERR_REFUSED, [STREAM_NO_RATE] = PF_ERR_REFUSED,
        [STREAM_OVER] = PF_ERR_PROTOCOL,
    };
    enum pf_err err = status < sizeof code / sizeof code[0] ? code[status] : PF_ERR_PROTOCOL;

    return pf_fail(s->base.ctx, err, "the device answers %s at 0x%06x with status %u: %s", name,
                   (unsigned)addr, status, stream_status_name(status));
}

enum pf_err stream_command(struct stream *s, const struct stream_command *c, size_t want,
                           struct stream_frame *reply)
{
    PF_TRY(stream_call(s, c, reply));
    if (reply->len && reply->body[0] != STREAM_DONE) {
        enum pf_err err = stream_refused(s, c->name, c->addr, reply->body[0]);

        /* An erase that failed is not a difference that was found. */
        if (err == PF_ERR_VERIFY)
            err = pf_fail(s->base.ctx, PF_ERR_REFUSED, "%s at 0x%06x: %s", c->name,
                          (unsigned)c->addr, stream_status_name(reply->body[0]));
        return err;
    }
    if (reply->len != 1 + want)
        return pf_fail(s->base.ctx, PF_ERR_PROTOCOL,
                       "the answer to %s at 0x%06x has %zu bytes, not %zu", c->name,
                       (unsigned)c->addr, reply->len, 1 + want);
    return PF_OK;
}
