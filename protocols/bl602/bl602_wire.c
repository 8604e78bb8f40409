/* bl602_wire.c - one request and its answer.
 *
 * No answer names its request, and there is no sequence number. Hence: never
 * two requests at once; an answer must be alone on the wire; and once one has
 * failed to come, a *barrier* settles what is under way: a flash_read of a
 * length nobody else uses. Its answer carries that length, and everything
 * older has come before it. */
#include "bl602/bl602_session.h"

#include <string.h>

#include "core/checksum.h"

#define HUSH_SLICE    UINT64_C(100000)
#define BARRIER_FIRST 36u /* lengths of barrier reads: no other answer has one of these */
#define BARRIER_COUNT 28u
#define BARRIER_TRIES 2u
#define BARRIER_US    UINT64_C(1000000)
#define ASK_TRIES     2u
#define BUSY_MAX      4096u /* sectors of 16 MiB */
#define SMALL         64u   /* exchanges of up to so many bytes tell the latency */

uint64_t bl602_wire_us(const struct bl602 *s, size_t bytes)
{
    uint32_t baud = s->base.id.baud ? s->base.id.baud : BL602_ROM_BAUD_SLOW;

    return (uint64_t)bytes * 10u * 1000000u / baud;
}

enum pf_err bl602_discard(struct bl602 *s)
{
    s->rx_len = 0;
    s->rx_drop = 0;
    return s->base.port->ops->discard_input(s->base.port);
}

enum pf_err bl602_hush(struct bl602 *s, uint64_t us)
{
    while (us) {
        uint64_t slice = us < HUSH_SLICE ? us : HUSH_SLICE;

        PF_TRY(pf_check_cancel(s->base.ctx));
        pf_sleep(s->base.port, slice);
        us -= slice;
    }
    return bl602_discard(s);
}

enum pf_err bl602_port_baud(struct bl602 *s, uint32_t baud)
{
    if (s->base.id.baud == baud)
        return PF_OK;
    if (bl602_has_baud(s))
        PF_TRY(pf_set_baud(s->base.port, baud));
    s->base.id.baud = baud;
    return PF_OK;
}

static void bl602_drop(struct bl602 *s, size_t n)
{
    memmove(s->rx, s->rx + n, s->rx_len - n);
    s->rx_len -= n;
}

enum pf_err bl602_fill(struct bl602 *s, uint64_t deadline)
{
    struct pf_transport *port = s->base.port;
    const uint8_t *new = s->rx + s->rx_len;
    size_t got = 0, room = sizeof s->rx - s->rx_len;
    enum pf_err err;

    if (room == 0)
        return pf_fail(s->base.ctx, PF_ERR_INTERNAL, "the receive buffer is full");
    err = port->ops->read(port, s->rx + s->rx_len, room, deadline, &got);
    if (got == 0)
        return err ? err : PF_ERR_TIMEOUT;
    if (got > room)
        return pf_fail(s->base.ctx, PF_ERR_INTERNAL, "the port returned more than was asked for");
    s->rx_len += got;
    s->seen_total += got;
    s->last_us = bl602_now(s);
    room = sizeof s->seen - s->seen_len;
    if (room > got)
        room = got;
    memcpy(s->seen + s->seen_len, new, room);
    s->seen_len += room;
    if (s->diag)
        heard_rx(&s->diag->heard, new, got);
    return PF_OK;
}

/* The next answer, whatever it answers; *noise counts bytes that belonged to
 * none. PF_ERR_TIMEOUT at the deadline. */
static enum pf_err bl602_next(struct bl602 *s, bool has_reply, uint64_t deadline,
                              struct bl602_reply *reply, size_t *noise)
{
    bool late = false;

    bl602_drop(s, s->rx_drop);
    s->rx_drop = 0;
    for (;;) {
        size_t at = 0;

        while ((*reply = bl602_decode(s->rx + at, s->rx_len - at, has_reply)).what == BL602_SKIP)
            at += reply->used;
        *noise += at;
        if (at) {
            bl602_drop(s, at);
            *reply = bl602_decode(s->rx, s->rx_len, has_reply);
        }
        if (reply->what != BL602_MORE) {
            s->rx_drop = reply->used;
            return PF_OK;
        }
        /* Past the deadline, take what has already arrived, but once: noise
         * without end must not hold us. */
        if (late)
            return PF_ERR_TIMEOUT;
        late = bl602_now(s) >= deadline;
        PF_TRY(bl602_fill(s, deadline));
    }
}

static enum pf_err bl602_send(struct bl602 *s, const struct bl602_request *rq)
{
    size_t n = bl602_encode(s->tx, sizeof s->tx, rq);

    if (n == 0)
        return pf_fail(s->base.ctx, PF_ERR_INTERNAL, "%s does not fit its frame", rq->name);
    s->seen_len = s->seen_total = 0;
    if (s->diag)
        s->diag->heard.sent += n;
    s->last_us = bl602_now(s);
    return s->base.port->ops->write(s->base.port, s->tx, n);
}

static size_t bl602_request_size(const struct bl602_request *rq)
{
    return BL602_HEAD + rq->arg_len + rq->data_len;
}

static size_t bl602_reply_size(const struct bl602_request *rq)
{
    if (!rq->has_reply)
        return 2;
    return BL602_HEAD + (rq->reply_len == SIZE_MAX ? 0 : rq->reply_len);
}

static void bl602_add_latency(struct bl602 *s, uint64_t started, size_t bytes)
{
    uint64_t took = bl602_now(s) - started, wire = bl602_wire_us(s, bytes), us;
    unsigned at = s->latencies;

    if (bytes > SMALL || at == BL602_LATENCIES)
        return;
    us = took > wire ? took - wire : 0;
    for (; at && s->latency[at - 1] > us; at--)
        s->latency[at] = s->latency[at - 1];
    s->latency[at] = us;
    s->latencies++;
    s->base.id.latency_us = s->latency[(s->latencies - 1) / 2];
}

static enum pf_err bl602_no_answer(struct bl602 *s, const struct bl602_request *rq)
{
    char hex[2 * sizeof s->seen + 1];

    pf_hex(s->seen, s->seen_len, hex);
    if (s->seen_total == 0)
        return pf_fail(s->base.ctx, PF_ERR_TIMEOUT, "no answer to %s at 0x%06x", rq->name,
                       (unsigned)rq->addr);
    return pf_fail(s->base.ctx, PF_ERR_TIMEOUT,
                   "no valid answer to %s at 0x%06x: expected %zu bytes, received %zu: %s%s",
                   rq->name, (unsigned)rq->addr, bl602_reply_size(rq), s->seen_total, hex,
                   s->seen_total > s->seen_len ? "..." : "");
}

/* FL: the request arrived damaged, or the device means it. A question has no
 * reason to fail, so there it is always damage. A checksum that was wrong does
 * not count towards the end of the session. */
static enum pf_err bl602_failed(struct bl602 *s, const struct bl602_request *rq, unsigned code)
{
    bool damage = bl602_error_is_damage(code) || (rq->has_reply && !rq->plain);

    s->code = code;
    s->strikes += code != BL602_ERR_CHECKSUM;
    return pf_fail(s->base.ctx, damage ? PF_ERR_PROTOCOL : PF_ERR_REFUSED,
                   "the device refuses %s at 0x%06x: FL %04x, %s", rq->name, (unsigned)rq->addr,
                   code, bl602_error_name(code));
}

/* PD where nothing is to be erased: a damaged request has become an erase. */
static enum pf_err bl602_strayed(struct bl602 *s, const struct bl602_request *rq)
{
    s->dirty = true;
    s->base.strayed = true;
    return pf_fail(s->base.ctx, PF_ERR_PROTOCOL,
                   "the device is erasing though it was sent %s at 0x%06x: the line damages "
                   "requests, and flash may be lost",
                   rq->name, (unsigned)rq->addr);
}

/* An answer is alone on the wire. Bytes around it mean that something was
 * inserted or comes late, and the answer may be shifted or be another's. A
 * repeated OK is a known habit of loaders. */
static enum pf_err bl602_alone(struct bl602 *s, const struct bl602_request *rq, size_t noise)
{
    const uint8_t *behind = s->rx + s->rx_drop;
    enum pf_err err = PF_OK;
    size_t n;

    if (s->rx_len == s->rx_drop)
        err = bl602_fill(s, bl602_now(s) + bl602_wire_us(s, 2) + 1);
    if (err && err != PF_ERR_TIMEOUT)
        return err;
    n = s->rx_len - s->rx_drop;
    if (noise == 0 && (n == 0 || (!rq->has_reply && n == 2 && memcmp(behind, "OK", 2) == 0)))
        return PF_OK;
    s->dirty = true;
    return pf_fail(s->base.ctx, PF_ERR_PROTOCOL,
                   "the answer to %s at 0x%06x stands among %zu bytes that belong to nothing",
                   rq->name, (unsigned)rq->addr, noise + n);
}

/* Judge one answer. *done: it settles the request, for better or worse. */
static enum pf_err bl602_judge(struct bl602 *s, const struct bl602_request *rq,
                               const struct bl602_reply *r, unsigned *busy, size_t noise,
                               bool *done)
{
    *done = true;
    if (r->what == BL602_FAIL)
        return bl602_failed(s, rq, r->code);
    if (r->what == BL602_BUSY) {
        if (!rq->busy)
            return bl602_strayed(s, rq);
        *done = false;
        if (++*busy <= rq->busy_max)
            return PF_OK;
        s->dirty = true;
        return pf_fail(s->base.ctx, PF_ERR_PROTOCOL,
                       "%s at 0x%06x: the device has been busy %u times, which is more than there "
                       "is to do",
                       rq->name, (unsigned)rq->addr, *busy);
    }
    if (rq->has_reply && rq->reply_len != SIZE_MAX && r->len != rq->reply_len) {
        s->dirty = true;
        s->short_answer = rq->cmd == BL602_FLASH_READ && r->len < rq->reply_len;
        return pf_fail(s->base.ctx, PF_ERR_PROTOCOL,
                       "the answer to %s at 0x%06x has %zu bytes, not %zu", rq->name,
                       (unsigned)rq->addr, r->len, rq->reply_len);
    }
    return bl602_alone(s, rq, noise);
}

static enum pf_err bl602_wait(struct bl602 *s, const struct bl602_request *rq, uint64_t sent_us,
                              struct bl602_reply *reply)
{
    uint64_t patience = bl602_scaled(s, rq->timeout_us) + bl602_wire_us(s, bl602_reply_size(rq)) +
                        2 * s->base.id.latency_us;
    uint64_t deadline = sent_us + patience;
    unsigned busy = 0;
    size_t noise = 0;
    bool done = false;

    do {
        enum pf_err err = bl602_next(s, rq->has_reply, deadline, reply, &noise);

        if (err == PF_ERR_TIMEOUT) {
            s->dirty = true;
            return bl602_no_answer(s, rq);
        }
        PF_TRY(err);
        PF_TRY(bl602_judge(s, rq, reply, &busy, noise, &done));
        deadline = bl602_now(s) + patience;
    } while (!done);
    return PF_OK;
}

enum pf_err bl602_exchange(struct bl602 *s, const struct bl602_request *rq,
                           struct bl602_reply *reply)
{
    uint64_t started, sent;
    enum pf_err err;

    PF_TRY(bl602_discard(s));
    s->code = 0;
    started = bl602_now(s);
    PF_TRY(bl602_send(s, rq));
    /* write() may return before the bytes have left. */
    sent = started + bl602_wire_us(s, bl602_request_size(rq));
    if (sent < bl602_now(s))
        sent = bl602_now(s);
    err = bl602_wait(s, rq, sent, reply);
    s->errors = s->errors << 1 | (bl602_passes(err) ? 1 : 0);
    if (!err)
        bl602_add_latency(s, started, bl602_request_size(rq) + reply->used);
    return err;
}

enum pf_err bl602_ask(struct bl602 *s, struct bl602_request rq, uint64_t wait_us,
                      struct bl602_reply *reply)
{
    uint64_t errors = s->errors;
    enum pf_err err = PF_ERR_PROTOCOL;

    /* Whoever asked before us may have left it at work: PD is no alarm here,
     * and the OK that ends the work may stand before our answer. */
    rq.busy = true;
    rq.busy_max = BUSY_MAX;
    rq.timeout_us = wait_us;
    for (unsigned try = 0; try < ASK_TRIES && err == PF_ERR_PROTOCOL; try++)
        err = bl602_exchange(s, &rq, reply);
    s->errors = errors;
    s->dirty = false;
    if (err == PF_ERR_REFUSED || err == PF_ERR_PROTOCOL)
        return PF_ERR_TIMEOUT;
    return err;
}

/* The answer to a barrier sent after the one numbered `since`. */
static bool bl602_is_barrier(const struct bl602 *s, const struct bl602_reply *r, uint32_t since)
{
    for (uint32_t n = s->nonce; n != since; n--)
        if (r->what == BL602_OK && r->len == BARRIER_FIRST + n % BARRIER_COUNT)
            return true;
    return false;
}

static enum pf_err bl602_barrier_once(struct bl602 *s, uint32_t since)
{
    struct bl602_request rq =
        bl602_req_read(BL602_TABLE0, BARRIER_FIRST + ++s->nonce % BARRIER_COUNT);
    struct bl602_reply reply;
    uint64_t deadline;
    size_t noise = 0;

    PF_TRY(bl602_discard(s));
    PF_TRY(bl602_send(s, &rq));
    /* A whole late answer may come first. */
    deadline = bl602_now(s) + bl602_scaled(s, BARRIER_US) + 4 * s->base.id.latency_us +
               bl602_wire_us(s, BL602_FRAME_MAX);
    for (;;) {
        PF_TRY(bl602_next(s, true, deadline, &reply, &noise));
        if (reply.what == BL602_FAIL)
            s->strikes += reply.code != BL602_ERR_CHECKSUM;
        if (bl602_is_barrier(s, &reply, since)) {
            s->dirty = false;
            return bl602_discard(s);
        }
    }
}

enum pf_err bl602_barrier(struct bl602 *s)
{
    uint32_t since = s->nonce;
    enum pf_err err = PF_ERR_TIMEOUT;

    for (unsigned try = 0; try < BARRIER_TRIES && err == PF_ERR_TIMEOUT; try++)
        err = bl602_barrier_once(s, since);
    if (err == PF_ERR_TIMEOUT)
        return pf_fail(s->base.ctx, err, "the loader has stopped answering");
    return err;
}
