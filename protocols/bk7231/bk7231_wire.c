/* bk7231_wire.c - one request and its answer.
 *
 * Two of the answers name nothing that could tie them to their request
 * (LinkCheck, CheckCRC). The loaders work through requests in order, so a
 * *barrier* settles what is on the wire: a request whose answer echoes an
 * address nobody else uses. Once that answer is here, every earlier one has
 * come or never will.
 *
 *   N  ReadReg of a word of mask ROM: the echo is the address
 *   T  FlashRead4K below 10000h: a 16-byte refusal that echoes the address
 *
 * A barrier sent while an answer is overdue is a *poke*: when the poke is
 * answered first, the request or its answer is lost, and the retry need not
 * wait for the timeout. It also keeps an idle T from resetting itself. */
#include "bk7231/bk7231_session.h"

#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"

#define POKE_FILL     64u     /* FF bytes that complete a damaged FlashWrite4K */
#define POKE_FLOOD    0x10000 /* the most a damaged length can make the loader wait for */
#define BARRIER_TRIES 4u

uint64_t bk7231_wire_us(const struct bk7231 *s, size_t bytes)
{
    uint32_t baud = s->base.id.baud ? s->base.id.baud : 115200;

    return (uint64_t)bytes * 10u * 1000000u / baud;
}

enum pf_err bk7231_discard(struct bk7231 *s)
{
    s->rx_len = 0;
    s->rx_drop = 0;
    return s->base.port->ops->discard_input(s->base.port);
}

static void bk7231_drop(struct bk7231 *s, size_t n)
{
    memmove(s->rx, s->rx + n, s->rx_len - n);
    s->rx_len -= n;
}

static enum pf_err bk7231_fill(struct bk7231 *s, uint64_t deadline)
{
    struct pf_transport *port = s->base.port;
    size_t got = 0, room;
    const uint8_t *new = s->rx + s->rx_len;
    enum pf_err err =
        port->ops->read(port, s->rx + s->rx_len, sizeof s->rx - s->rx_len, deadline, &got);

    if (got == 0)
        return err ? err : PF_ERR_TIMEOUT;
    if (got > sizeof s->rx - s->rx_len)
        return pf_fail(s->base.ctx, PF_ERR_INTERNAL, "the port returned more than was asked for");
    s->rx_len += got;
    s->seen_total += got;
    s->last_rx_us = bk7231_now(s);
    room = sizeof s->seen - s->seen_len;
    if (room > got)
        room = got;
    memcpy(s->seen + s->seen_len, new, room);
    s->seen_len += room;
    if (s->diag)
        heard_rx(&s->diag->heard, new, got);
    return PF_OK;
}

enum pf_err bk7231_next(struct bk7231 *s, uint64_t deadline, struct bk7231_reply *reply)
{
    bool late = false;

    bk7231_drop(s, s->rx_drop);
    s->rx_drop = 0;
    for (;;) {
        *reply = bk7231_decode(s->rx, s->rx_len);
        if (reply->what == BK7231_FRAME) {
            s->rx_drop = reply->used;
            return PF_OK;
        }
        if (reply->what == BK7231_SKIP) {
            s->skipped += reply->used;
            bk7231_drop(s, reply->used);
            continue;
        }
        /* Past the deadline, take what has already arrived, but once: noise
         * without end must not hold us. */
        if (late)
            return PF_ERR_TIMEOUT;
        late = bk7231_now(s) >= deadline;
        PF_TRY(bk7231_fill(s, deadline));
    }
}

enum pf_err bk7231_send(struct bk7231 *s, const struct bk7231_request *rq)
{
    size_t n = bk7231_encode(s->tx, sizeof s->tx, rq);
    uint32_t addr;

    if (n == 0)
        return pf_fail(s->base.ctx, PF_ERR_INTERNAL, "%s does not fit its frame", rq->name);
    if (rq->is_long && bk7231_reply_changes_flash(&(struct bk7231_reply){.what = BK7231_FRAME,
                                                                         .is_long = true,
                                                                         .op = rq->op,
                                                                         .body = rq->arg,
                                                                         .len = rq->arg_len},
                                                  &addr)) {
        s->change_op = rq->op;
        s->change_addr = addr;
    }
    if (s->diag)
        s->diag->heard.sent += n;
    s->last_tx_us = bk7231_now(s);
    return s->base.port->ops->write(s->base.port, s->tx, n);
}

/* The address a barrier with this number names. */
static uint32_t bk7231_nonce_addr(const struct bk7231 *s, uint32_t nonce)
{
    return s->cls == BK7231_CLASS_N ? nonce % BK7231_NONCE_ROM_MAX * 4 : nonce % 0x10000;
}

static enum pf_err bk7231_send_barrier(struct bk7231 *s)
{
    struct bk7231_request rq;
    uint32_t addr = bk7231_nonce_addr(s, ++s->nonce);

    rq = s->cls == BK7231_CLASS_N ? bk7231_req_read_reg(addr) : bk7231_req_read_4k(addr);
    return bk7231_send(s, &rq);
}

/* The reply answers a barrier sent after the one numbered `since`. */
static bool bk7231_is_barrier(const struct bk7231 *s, const struct bk7231_reply *r, uint32_t since)
{
    if (s->cls == BK7231_CLASS_N
            ? r->is_long || r->op != BK7231_READ_REG || r->len != 8
            : !r->is_long || r->op != BK7231_FLASH_READ_4K || !r->status || r->len < 4)
        return false;
    for (uint32_t n = s->nonce; n != since; n--)
        if (get_le32(r->body) == bk7231_nonce_addr(s, n))
            return true;
    return false;
}

/* A reply nobody waits for. One that reports a change of flash which is not the
 * last one asked for means that a request was damaged on its way. */
static void bk7231_note_foreign(struct bk7231 *s, const struct bk7231_reply *r)
{
    uint32_t addr;

    if (s->diag)
        s->diag->foreign++;
    if (!bk7231_reply_changes_flash(r, &addr))
        return;
    if (r->op == s->change_op && addr == s->change_addr)
        return;
    s->has_stray = true;
    s->stray_op = r->op;
    s->stray_addr = addr;
}

enum pf_err bk7231_fill_ff(struct bk7231 *s, size_t bytes)
{
    uint8_t ff[1024];

    memset(ff, 0xff, sizeof ff);
    while (bytes) {
        size_t n = bytes < sizeof ff ? bytes : sizeof ff;

        PF_TRY(s->base.port->ops->write(s->base.port, ff, n));
        bytes -= n;
    }
    s->last_tx_us = bk7231_now(s);
    return PF_OK;
}

/* How long the device may take, besides the wire, and how long it usually does. */
struct bk7231_patience {
    uint64_t timeout_us, usual_us;
};

static struct bk7231_patience bk7231_patience(const struct bk7231 *s,
                                              const struct bk7231_request *rq)
{
    struct bk7231_patience p = {500000, 60000};
    bool t = s->cls == BK7231_CLASS_T;

    if (rq->is_long && (rq->op == BK7231_FLASH_READ_4K || rq->op == BK7231_FLASH_WRITE_4K)) {
        p = (struct bk7231_patience){2000000, 100000};
    } else if (rq->is_long && rq->op == BK7231_FLASH_ERASE) {
        bool block = rq->arg[0] == BK7231_ERASE_BLOCK;

        p = block ? (struct bk7231_patience){4000000, 1500000}
                  : (struct bk7231_patience){1000000, 400000};
    } else if (!rq->is_long && rq->op == BK7231_CHECK_CRC) {
        uint64_t len = (uint64_t)get_le32(rq->arg + 4) - get_le32(rq->arg);

        p.timeout_us = len * 5 > 2000000 ? len * 5 : 2000000; /* 200 000 bytes a second */
        p.usual_us = 250000 + len * 5 / 2;
    } else if (!rq->is_long && rq->op == BK7231_SET_BAUD) {
        p = (struct bk7231_patience){500000, 500000};
    } else if (rq->is_long && rq->op == BK7231_FLASH_WRITE_SR) {
        p = (struct bk7231_patience){500000, 200000};
    }
    /* A T that has lost the request resets itself after 100 ms or more of
     * silence; while it works it queues up to 512 bytes. */
    if (t && p.usual_us > 80000)
        p.usual_us = 80000;
    p.timeout_us = bk7231_scaled(s, p.timeout_us);
    p.usual_us = bk7231_scaled(s, p.usual_us) + 4 * s->base.id.latency_us;
    return p;
}

/* Something is overdue: ask a question with a name. A FlashWrite4K that lost
 * bytes still waits for them, and would program the barrier's bytes: such a
 * loader is fed FF, which programs nothing, first enough for lost bytes, then
 * enough for the longest frame a damaged length can announce. */
static enum pf_err bk7231_poke(struct bk7231 *s, const struct bk7231_request *rq, unsigned count)
{
    s->poked = true;
    if (rq->data_len && count == 0)
        return bk7231_fill_ff(s, POKE_FILL);
    if (rq->data_len && count == 1)
        PF_TRY(bk7231_fill_ff(s, POKE_FLOOD));
    return bk7231_send_barrier(s);
}

static enum pf_err bk7231_no_answer(struct bk7231 *s, const struct bk7231_request *rq)
{
    char hex[2 * sizeof s->seen + 1];

    pf_hex(s->seen, s->seen_len, hex);
    if (s->seen_total == 0)
        return pf_fail(s->base.ctx, PF_ERR_TIMEOUT, "no answer to %s at 0x%06x", rq->name,
                       (unsigned)rq->addr);
    return pf_fail(s->base.ctx, PF_ERR_TIMEOUT,
                   "no valid answer to %s at 0x%06x: expected %zu bytes, received %zu: %s%s",
                   rq->name, (unsigned)rq->addr, bk7231_reply_size(rq), s->seen_total, hex,
                   s->seen_total > s->seen_len ? "..." : "");
}

void bk7231_add_latency(struct bk7231 *s, uint64_t started, size_t bytes)
{
    uint64_t took = bk7231_now(s) - started, wire = bk7231_wire_us(s, bytes), us;
    unsigned at = s->latencies;

    if (bytes > 64 || at == BK7231_LATENCIES)
        return;
    us = took > wire ? took - wire : 0;
    for (; at && s->latency[at - 1] > us; at--)
        s->latency[at] = s->latency[at - 1];
    s->latency[at] = us;
    s->latencies++;
    s->base.id.latency_us = s->latency[(s->latencies - 1) / 2];
}

/* An answer is alone on the wire. Bytes behind it that begin no other reply
 * mean that something was inserted before them: the answer is as long as it
 * should be, but its end is not its own. Two byte times are enough to see one. */
static enum pf_err bk7231_alone(struct bk7231 *s, const struct bk7231_request *rq)
{
    struct bk7231_reply next;
    size_t behind;
    enum pf_err err = PF_OK;

    if (s->rx_len == s->rx_drop)
        err = bk7231_fill(s, bk7231_now(s) + bk7231_wire_us(s, 2) + 1);
    if (err)
        return err == PF_ERR_TIMEOUT ? PF_OK : err;
    behind = s->rx_len - s->rx_drop;
    next = bk7231_decode(s->rx + s->rx_drop, behind);
    if (next.what == BK7231_FRAME || (next.what == BK7231_MORE && behind > 1))
        return PF_OK;
    s->dirty = true;
    return pf_fail(s->base.ctx, PF_ERR_PROTOCOL,
                   "the answer to %s at 0x%06x is followed by bytes that belong to nothing",
                   rq->name, (unsigned)rq->addr);
}

/* Wait for the answer to `rq`, poking when it is overdue. */
static enum pf_err bk7231_wait(struct bk7231 *s, const struct bk7231_request *rq, uint64_t sent_us,
                               struct bk7231_reply *reply)
{
    struct bk7231_patience p = bk7231_patience(s, rq);
    uint64_t deadline = sent_us + p.timeout_us + bk7231_wire_us(s, bk7231_reply_size(rq)) +
                        2 * s->base.id.latency_us;
    uint64_t quiet_us = sent_us;
    uint32_t since = s->nonce;
    unsigned pokes = 0;

    for (;;) {
        uint64_t poke_us = quiet_us + (p.usual_us << pokes);
        bool may_poke = s->cls != BK7231_CLASS_UNKNOWN && rq->op != BK7231_SET_BAUD;
        enum pf_err err =
            bk7231_next(s, may_poke && poke_us < deadline ? poke_us : deadline, reply);

        if (!err) {
            enum bk7231_match m = bk7231_match(rq, reply);

            if (m == BK7231_DONE)
                return bk7231_alone(s, rq);
            if (m == BK7231_REFUSED)
                return pf_fail(s->base.ctx, PF_ERR_REFUSED,
                               "the device refuses %s at 0x%06x (status 0x%02x)", rq->name,
                               (unsigned)rq->addr, reply->is_long ? reply->status : reply->op);
            if (pokes && bk7231_is_barrier(s, reply, since))
                return bk7231_no_answer(s, rq); /* lost; the line is clean */
            bk7231_note_foreign(s, reply);
            continue;
        }
        if (err != PF_ERR_TIMEOUT)
            return err;
        if (bk7231_now(s) >= deadline) {
            s->dirty = true;
            return bk7231_no_answer(s, rq);
        }
        if (s->last_rx_us > quiet_us) { /* bytes still trickle in */
            quiet_us = s->last_rx_us;
            if (bk7231_now(s) < quiet_us + (p.usual_us << pokes))
                continue;
        }
        if (!may_poke)
            continue;
        /* Half a reply and then silence: the rest will not come, and must not
         * swallow the answer to the poke. */
        s->rx_len = 0;
        s->rx_drop = 0;
        PF_TRY(bk7231_poke(s, rq, pokes++));
        quiet_us = bk7231_now(s);
        if (rq->data_len && pokes == 2)
            deadline += bk7231_wire_us(s, POKE_FLOOD);
    }
}

enum pf_err bk7231_exchange(struct bk7231 *s, const struct bk7231_request *rq,
                            struct bk7231_reply *reply)
{
    uint64_t started = bk7231_now(s), sent;
    enum pf_err err;

    s->seen_len = 0;
    s->seen_total = 0;
    s->poked = false;
    PF_TRY(bk7231_send(s, rq));
    if (rq->silent)
        return PF_OK;
    /* write() may return before the bytes have left. */
    sent = started + bk7231_wire_us(s, 8 + rq->arg_len + rq->data_len);
    if (sent < bk7231_now(s))
        sent = bk7231_now(s);
    err = bk7231_wait(s, rq, sent, reply);
    s->errors = s->errors << 1 | (err != PF_OK && err != PF_ERR_REFUSED);
    if (!err && !s->poked)
        bk7231_add_latency(s, started, 8 + rq->arg_len + rq->data_len + reply->used);
    return err;
}

static enum pf_err bk7231_barrier_wait(struct bk7231 *s, uint32_t since)
{
    uint64_t deadline =
        bk7231_now(s) + bk7231_scaled(s, 150000) + 4 * s->base.id.latency_us +
        bk7231_wire_us(s, BK7231_REPLY_MAX); /* a whole late answer may come first */
    struct bk7231_reply reply;

    for (;;) {
        PF_TRY(bk7231_next(s, deadline, &reply));
        if (bk7231_is_barrier(s, &reply, since)) {
            s->dirty = false;
            return PF_OK;
        }
        bk7231_note_foreign(s, &reply);
    }
}

enum pf_err bk7231_barrier(struct bk7231 *s)
{
    uint32_t since = s->nonce;
    enum pf_err err = PF_ERR_TIMEOUT;

    if (s->cls == BK7231_CLASS_UNKNOWN) { /* no question has a name yet */
        pf_sleep(s->base.port, bk7231_scaled(s, 250000));
        s->dirty = false;
        return bk7231_discard(s);
    }
    for (unsigned try = 0; try < BARRIER_TRIES && err == PF_ERR_TIMEOUT; try++) {
        PF_TRY(bk7231_discard(s));
        if (try == BARRIER_TRIES - 1) /* a damaged length may have it wait for more */
            PF_TRY(bk7231_fill_ff(s, POKE_FLOOD));
        PF_TRY(bk7231_send_barrier(s));
        err = bk7231_barrier_wait(s, since);
    }
    if (err == PF_ERR_TIMEOUT)
        return pf_fail(s->base.ctx, err, "the loader has stopped answering");
    return err;
}

enum pf_err bk7231_ping(struct bk7231 *s, unsigned tries, uint64_t wait_us)
{
    struct bk7231_request rq = bk7231_req_link_check();
    struct bk7231_reply reply;

    for (unsigned i = 0; i < tries; i++) {
        uint64_t deadline;
        enum pf_err err;

        PF_TRY(pf_check_cancel(s->base.ctx));
        PF_TRY(bk7231_send(s, &rq));
        deadline = bk7231_now(s) + bk7231_scaled(s, wait_us) + bk7231_wire_us(s, 13) +
                   2 * s->base.id.latency_us;
        while (!(err = bk7231_next(s, deadline, &reply)))
            if (bk7231_match(&rq, &reply) == BK7231_DONE)
                return PF_OK;
        if (err != PF_ERR_TIMEOUT)
            return err;
    }
    return pf_fail(s->base.ctx, PF_ERR_TIMEOUT, "the loader has stopped answering");
}
