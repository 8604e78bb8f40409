/* ecr6600_wire.c - one request and its answer.
 *
 * An answer names its command and, by its length, something of its arguments;
 * a read names no address and a hash no range. So an answer that is overdue
 * must not be met by a later request of the same kind: after every failure the
 * link is realigned. The stub works through requests in order, so a read of a
 * few bytes, of a length that nobody has asked for lately, settles it: once its
 * answer is here, every earlier one has come or never will. */
#include "ecr6600/ecr6600_session.h"

#include <string.h>

#include "core/checksum.h"

#define QUIET_US      UINT64_C(30000) /* a pause inside an answer is never so long, */
#define QUIET_BYTES   512u            /* besides the time an adapter collects so many */
#define REALIGN_TRIES 4u
#define NONCES        60u /* barriers read 4, 8, ... 240 bytes */

uint64_t ecr6600_wire_us(const struct ecr6600 *s, size_t bytes)
{
    uint32_t baud = s->base.id.baud ? s->base.id.baud : 115200;

    return (uint64_t)bytes * 10u * 1000000u / baud;
}

enum pf_err ecr6600_discard(struct ecr6600 *s)
{
    s->rx_len = 0;
    s->rx_drop = 0;
    return s->base.port->ops->discard_input(s->base.port);
}

enum pf_err ecr6600_port_baud(struct ecr6600 *s, uint32_t baud)
{
    if (s->base.id.baud == baud)
        return PF_OK;
    if (s->base.port->caps & PF_CAP_BAUD)
        PF_TRY(pf_set_baud(s->base.port, baud));
    s->base.id.baud = baud;
    return PF_OK;
}

enum pf_err ecr6600_put(struct ecr6600 *s, const uint8_t *data, size_t len)
{
    if (s->diag)
        s->diag->heard.sent += len;
    return s->base.port->ops->write(s->base.port, data, len);
}

enum pf_err ecr6600_put_fill(struct ecr6600 *s, uint8_t fill, size_t len)
{
    uint8_t buf[512];

    memset(buf, fill, sizeof buf);
    while (len) {
        size_t n = len < sizeof buf ? len : sizeof buf;

        PF_TRY(ecr6600_put(s, buf, n));
        len -= n;
    }
    return PF_OK;
}

enum pf_err ecr6600_complete(struct ecr6600 *s)
{
    uint8_t fill = s->tx_len ? ecr6600_filler(s->tx, s->tx_len) : 0xff;

    PF_TRY(ecr6600_put(s, &fill, 1));
    return ecr6600_put_fill(s, 0xff, ECR6600_FILLER - 1);
}

enum pf_err ecr6600_send(struct ecr6600 *s, const struct ecr6600_request *rq)
{
    s->tx_len = ecr6600_encode(s->tx, sizeof s->tx, rq);
    if (s->tx_len == 0)
        return pf_fail(s->base.ctx, PF_ERR_INTERNAL, "%s does not fit its frame", rq->name);
    return ecr6600_put(s, s->tx, s->tx_len);
}

static void wire_saw(struct ecr6600 *s, const uint8_t *data, size_t len)
{
    size_t room = sizeof s->seen - s->seen_len;

    s->seen_total += len;
    s->last_rx_us = ecr6600_now(s);
    if (room > len)
        room = len;
    memcpy(s->seen + s->seen_len, data, room);
    s->seen_len += room;
    if (s->diag)
        heard_rx(&s->diag->heard, data, len);
}

enum pf_err ecr6600_take(struct ecr6600 *s, uint8_t *buf, size_t cap, uint64_t deadline,
                         size_t *got)
{
    enum pf_err err = s->base.port->ops->read(s->base.port, buf, cap, deadline, got);

    if (*got > cap)
        return pf_fail(s->base.ctx, PF_ERR_INTERNAL, "the port returned more than was asked for");
    if (*got == 0)
        return err ? err : PF_ERR_TIMEOUT;
    wire_saw(s, buf, *got);
    return PF_OK;
}

static void wire_drop(struct ecr6600 *s, size_t n)
{
    memmove(s->rx, s->rx + n, s->rx_len - n);
    s->rx_len -= n;
}

static enum pf_err wire_fill(struct ecr6600 *s, uint64_t deadline)
{
    size_t got = 0;

    PF_TRY(ecr6600_take(s, s->rx + s->rx_len, sizeof s->rx - s->rx_len, deadline, &got));
    s->rx_len += got;
    return PF_OK;
}

static uint64_t wire_quiet_us(const struct ecr6600 *s)
{
    return ecr6600_scaled(s, QUIET_US) + ecr6600_wire_us(s, QUIET_BYTES) +
           2 * s->base.id.latency_us;
}

/* The next frame, whatever it answers; its body is valid until the next call. */
static enum pf_err wire_next(struct ecr6600 *s, const struct ecr6600_request *want,
                             uint64_t deadline, struct ecr6600_reply *reply)
{
    bool late = false, quiet = false;

    wire_drop(s, s->rx_drop);
    s->rx_drop = 0;
    for (;;) {
        uint64_t until = deadline;
        enum pf_err err;

        *reply = ecr6600_decode(s->rx, s->rx_len, want, quiet);
        if (reply->what == ECR6600_ANSWER) {
            s->rx_drop = reply->used;
            return PF_OK;
        }
        if (reply->what == ECR6600_SKIP) {
            wire_drop(s, reply->used);
            continue;
        }
        /* Past the deadline, take what has already arrived, but once: noise
         * without end must not hold us. */
        if (late)
            return PF_ERR_TIMEOUT;
        late = ecr6600_now(s) >= deadline;
        if (s->rx_len && s->last_rx_us + wire_quiet_us(s) < until)
            until = s->last_rx_us + wire_quiet_us(s);
        err = wire_fill(s, until);
        if (err && err != PF_ERR_TIMEOUT)
            return err;
        quiet = err == PF_ERR_TIMEOUT;
        if (quiet && !s->rx_len && ecr6600_now(s) >= deadline)
            return PF_ERR_TIMEOUT;
    }
}

/* patience ------------------------------------------------------------------ */

static uint64_t wire_patience(const struct ecr6600_request *rq)
{
    uint64_t sectors = rq->span / PF_SECTOR + 1;

    if (rq->data)
        return 2000000;
    switch (rq->op) {
    case ECR6600_OP_WRITE: /* erases first */
    case ECR6600_OP_ERASE:
        /* The probe of ecr6600_req_which() erases nothing. */
        return rq->addr > 0x7fffffff ? 500000 : 5000000 + 400000 * sectors;
    case ECR6600_OP_SHA256:
        return 5000000 + (uint64_t)rq->span * 10; /* 10 s a MiB */
    case ECR6600_OP_READ:
        return 300000;
    default:
        return 500000;
    }
}

static size_t wire_answer_size(const struct ecr6600_request *rq)
{
    return 4 + rq->answer + !rq->no_status + 1;
}

static enum pf_err wire_no_answer(struct ecr6600 *s, const struct ecr6600_request *rq)
{
    char hex[2 * sizeof s->seen + 1];

    pf_hex(s->seen, s->seen_len, hex);
    if (s->seen_total == 0)
        return pf_fail(s->base.ctx, PF_ERR_TIMEOUT, "no answer to %s at 0x%06x", rq->name,
                       (unsigned)rq->addr);
    return pf_fail(s->base.ctx, PF_ERR_TIMEOUT,
                   "no valid answer to %s at 0x%06x: expected %zu bytes, received %zu: %s%s",
                   rq->name, (unsigned)rq->addr, wire_answer_size(rq), s->seen_total, hex,
                   s->seen_total > s->seen_len ? "..." : "");
}

static void wire_latency(struct ecr6600 *s, uint64_t started, size_t bytes)
{
    uint64_t took = ecr6600_now(s) - started, wire = ecr6600_wire_us(s, bytes), us;
    unsigned at = s->latencies;

    if (bytes > 64 || at == ECR6600_LATENCIES)
        return;
    us = took > wire ? took - wire : 0;
    for (; at && s->latency[at - 1] > us; at--)
        s->latency[at] = s->latency[at - 1];
    s->latency[at] = us;
    s->latencies++;
    s->base.id.latency_us = s->latency[(s->latencies - 1) / 2];
}

/* An answer is alone on the wire. A byte behind it means that one was inserted
 * before: the sum may still agree, one time in 256. Two byte times show it. */
static enum pf_err wire_alone(struct ecr6600 *s, const struct ecr6600_request *rq)
{
    enum pf_err err = PF_OK;

    if (s->rx_len == s->rx_drop)
        err = wire_fill(s, ecr6600_now(s) + ecr6600_wire_us(s, 2) + 1);
    if (err)
        return err == PF_ERR_TIMEOUT ? PF_OK : err;
    s->dirty = true;
    return pf_fail(s->base.ctx, PF_ERR_PROTOCOL,
                   "the answer to %s at 0x%06x is followed by bytes that belong to nothing",
                   rq->name, (unsigned)rq->addr);
}

/* An answer with a status that is no success. The stub takes commands again. */
static enum pf_err wire_refused(struct ecr6600 *s, const struct ecr6600_request *rq,
                                const struct ecr6600_reply *r)
{
    static const char *const says[] = {
        "",
        "an error of the flash",
        "an address outside of the flash",
        "an unknown command or a damaged request",
        "a wrong length",
        "a damaged request",
    };
    bool damaged = r->status == ECR6600_ST_TYPE || r->status == ECR6600_ST_SUM;

    return pf_fail(s->base.ctx, damaged ? PF_ERR_PROTOCOL : PF_ERR_REFUSED,
                   "the device answers %s at 0x%06x with status %u: %s", rq->name,
                   (unsigned)rq->addr, r->status,
                   r->status < sizeof says / sizeof says[0] ? says[r->status] : "unknown");
}

static enum pf_err wire_wait(struct ecr6600 *s, const struct ecr6600_request *rq, uint64_t deadline,
                             struct ecr6600_reply *reply)
{
    for (;;) {
        enum pf_err err = wire_next(s, rq, deadline, reply);

        if (err == PF_ERR_TIMEOUT) {
            s->dirty = true;
            return wire_no_answer(s, rq);
        }
        if (err)
            return err;
        if (reply->stray)
            continue;
        if (reply->status != ECR6600_ST_OK)
            return wire_refused(s, rq, reply);
        return wire_alone(s, rq);
    }
}

enum pf_err ecr6600_exchange_in(struct ecr6600 *s, const struct ecr6600_request *rq,
                                uint64_t timeout_us, struct ecr6600_reply *reply)
{
    uint64_t started = ecr6600_now(s), sent, wire;
    enum pf_err err;

    s->seen_len = 0;
    s->seen_total = 0;
    *reply = (struct ecr6600_reply){.what = ECR6600_MORE};
    PF_TRY(ecr6600_send(s, rq));
    /* write() may return before the bytes have left. */
    sent = started + ecr6600_wire_us(s, s->tx_len);
    if (sent < ecr6600_now(s))
        sent = ecr6600_now(s);
    wire = ecr6600_wire_us(s, wire_answer_size(rq));
    err = wire_wait(
        s, rq, sent + wire + wire / 2 + ecr6600_scaled(s, timeout_us) + 2 * s->base.id.latency_us,
        reply);
    s->errors = s->errors << 1 | (err != PF_OK && err != PF_ERR_REFUSED);
    if (!err)
        wire_latency(s, started, s->tx_len + reply->used);
    return err;
}

enum pf_err ecr6600_exchange(struct ecr6600 *s, const struct ecr6600_request *rq,
                             struct ecr6600_reply *reply)
{
    return ecr6600_exchange_in(s, rq, wire_patience(rq), reply);
}

/* barrier ------------------------------------------------------------------- */

static enum pf_err wire_barrier(struct ecr6600 *s)
{
    struct ecr6600_request rq = ecr6600_req_sync();
    struct ecr6600_reply reply;

    if (s->ranged) {
        s->nonce = (s->nonce + 1) % NONCES;
        rq = ecr6600_req_read(0, 4 * (s->nonce + 1));
    }
    return ecr6600_exchange_in(s, &rq, 200000, &reply);
}

enum pf_err ecr6600_realign(struct ecr6600 *s)
{
    enum pf_err err = PF_ERR_TIMEOUT;

    for (unsigned try = 0; try < REALIGN_TRIES; try++) {
        PF_TRY(pf_check_cancel(s->base.ctx));
        PF_TRY(ecr6600_complete(s));
        pf_sleep(s->base.port, ecr6600_wire_us(s, ECR6600_FILLER) + 2 * s->base.id.latency_us +
                                   ecr6600_scaled(s, 5000));
        PF_TRY(ecr6600_discard(s));
        s->dirty = false;
        err = wire_barrier(s);
        if (!err)
            return PF_OK;
        if (err != PF_ERR_TIMEOUT && err != PF_ERR_PROTOCOL && err != PF_ERR_REFUSED)
            return err;
        s->dirty = true;
    }
    return err == PF_ERR_REFUSED ? PF_ERR_PROTOCOL : err;
}
