/* bk7231_link.c - keeping a link: retries, recovery, baud rates. */
#include "bk7231/bk7231_session.h"

#define ERRORS_PER_COMMAND 3 /* then a lower rate is tried */
#define ERRORS_PER_WINDOW  8 /* of the last 64 exchanges */
#define TRIES_PER_RATE     2 /* a byte lost from SetBaudRate is not the rate's fault */
#define REFUSALS_RETRIED   1u

static unsigned bk7231_recent_errors(const struct bk7231 *s)
{
    unsigned n = 0;

    for (uint64_t w = s->errors; w; w &= w - 1)
        n++;
    return n;
}

/* Both sides have switched, or not: LinkCheck twice without a miss tells. */
static enum pf_err bk7231_prove_rate(struct bk7231 *s)
{
    struct bk7231_request rq = bk7231_req_link_check();
    struct bk7231_reply reply;

    PF_TRY(bk7231_discard(s));
    PF_TRY(bk7231_ping(s, 5, 60000));
    for (int i = 0; i < 2; i++) {
        uint64_t started = bk7231_now(s), deadline;

        PF_TRY(bk7231_send(s, &rq));
        deadline = bk7231_now(s) + bk7231_scaled(s, 100000) + 2 * s->base.id.latency_us;
        do
            PF_TRY(bk7231_next(s, deadline, &reply));
        while (bk7231_match(&rq, &reply) != BK7231_DONE);
        bk7231_add_latency(s, started, 13);
    }
    return PF_OK;
}

static enum pf_err bk7231_port_baud(struct bk7231 *s, uint32_t baud)
{
    if (s->base.id.baud == baud)
        return PF_OK;
    PF_TRY(pf_set_baud(s->base.port, baud));
    s->base.id.baud = baud;
    return PF_OK;
}

/* The new rate did not prove itself. The device may be at either rate. */
static enum pf_err bk7231_back_to(struct bk7231 *s, uint32_t old)
{
    struct bk7231_request rq = bk7231_req_set_baud(old, BK7231_BAUD_DELAY);

    /* It may hear us even if we do not understand it. */
    PF_TRY(bk7231_send(s, &rq));
    PF_TRY(s->base.port->ops->drain(s->base.port));
    PF_TRY(bk7231_port_baud(s, old));
    pf_sleep(s->base.port, bk7231_scaled(s, 3000u * BK7231_BAUD_DELAY));
    PF_TRY(bk7231_discard(s));
    return bk7231_ping(s, 10, 30000);
}

enum pf_err bk7231_change_baud(struct bk7231 *s, uint32_t baud)
{
    struct bk7231_request rq = bk7231_req_set_baud(baud, BK7231_BAUD_DELAY);
    struct pf_transport *port = s->base.port;
    uint32_t old = s->base.id.baud;
    struct bk7231_reply reply;
    uint64_t deadline;
    enum pf_err err;

    if (baud == old)
        return PF_OK;
    if (s->dirty)
        PF_TRY(bk7231_barrier(s));
    s->poked = false;
    PF_TRY(bk7231_send(s, &rq));
    PF_TRY(port->ops->drain(port));
    /* The loader reprograms its UART at once and then waits `delay` ticks. */
    pf_sleep(port, BK7231_BAUD_DELAY * UINT64_C(1000) / 2);
    PF_TRY(bk7231_port_baud(s, baud));
    PF_TRY(bk7231_discard(s));

    deadline = bk7231_now(s) + bk7231_scaled(s, 500000) + BK7231_BAUD_DELAY * UINT64_C(2000);
    do /* a left-over LinkCheck answer may come first */
        err = bk7231_next(s, deadline, &reply);
    while (!err && bk7231_match(&rq, &reply) != BK7231_DONE);
    /* A lost echo is no proof of failure; a round trip decides. */
    if (!err || err == PF_ERR_TIMEOUT)
        err = bk7231_prove_rate(s);
    if (err != PF_ERR_TIMEOUT)
        return err;

    err = bk7231_back_to(s, old);
    if (err == PF_ERR_TIMEOUT)
        s->dirty = true;
    if (err)
        return err;
    return pf_fail(s->base.ctx, PF_ERR_TIMEOUT, "%u baud does not work here", (unsigned)baud);
}

/* The next lower rate of the ladder; 0: none above the boot rate. */
static uint32_t bk7231_lower(const struct bk7231 *s, uint32_t baud)
{
    const uint32_t *ladder = s->base.chip->baud.ladder;

    for (; *ladder; ladder++)
        if (*ladder < baud)
            return *ladder >= s->boot_baud ? *ladder : 0;
    return 0;
}

enum pf_err bk7231_raise_baud(struct bk7231 *s, uint32_t goal)
{
    struct pf_ctx *ctx = s->base.ctx;

    if (!(s->base.port->caps & PF_CAP_BAUD)) {
        if (goal != s->base.id.baud && s->asked_baud)
            pf_log(ctx, "this port keeps its baud rate, staying at %u", (unsigned)s->base.id.baud);
        return PF_OK;
    }
    for (unsigned try = 0; goal && goal != s->base.id.baud; try++) {
        uint32_t next = try % TRIES_PER_RATE + 1 < TRIES_PER_RATE ? goal : bk7231_lower(s, goal);
        enum pf_err err = bk7231_change_baud(s, goal);

        if (!err)
            return PF_OK;
        if (err != PF_ERR_TIMEOUT)
            return err;
        pf_retry(ctx, "baud", err, "%u baud does not work here; %s %u", (unsigned)goal,
                 next == goal ? "once more at" : "going down to",
                 (unsigned)(next ? next : s->boot_baud));
        if (s->dirty)
            PF_TRY(bk7231_recover(s));
        goal = next;
    }
    return PF_OK;
}

static enum pf_err bk7231_step_down(struct bk7231 *s)
{
    uint32_t next = bk7231_lower(s, s->base.id.baud);

    s->errors = 0;
    if (!next || !(s->base.port->caps & PF_CAP_BAUD) || s->recovering)
        return PF_OK;
    pf_retry(s->base.ctx, "baud", PF_ERR_TIMEOUT, "too many errors at %u baud; going down to %u",
             (unsigned)s->base.id.baud, (unsigned)next);
    s->latencies = 0;
    return bk7231_raise_baud(s, next);
}

/* After a reset: the same chip, the same rate, the same permissions. */
static enum pf_err bk7231_relinked(struct bk7231 *s, uint32_t baud)
{
    enum bk7231_class was = s->cls;

    s->open = false;
    s->spoiled = false;
    s->proven = false;
    PF_TRY(bk7231_who(s));
    if (s->mute && s->cls == BK7231_CLASS_UNKNOWN)
        s->cls = was;
    if (was != BK7231_CLASS_UNKNOWN && was != s->cls)
        return pf_fail(s->base.ctx, PF_ERR_CHIP, "another device answers than before");
    PF_TRY(bk7231_raise_baud(s, baud));
    if (s->unlocked) /* the application may have set the protection again */
        return bk7231_unlock(&s->base);
    return PF_OK;
}

static enum pf_err bk7231_recover_inner(struct bk7231 *s)
{
    struct bk7231_sync again = {.timeout_us = BK7231_RELINK_US, .reset = true};
    uint32_t baud = s->base.id.baud;
    enum pf_err err;

    PF_TRY(bk7231_discard(s));
    err = bk7231_ping(s, 10, 30000);
    if (!err)
        err = bk7231_barrier(s);
    if (err != PF_ERR_TIMEOUT)
        return err;

    if (s->no_sync)
        return pf_fail(s->base.ctx, PF_ERR_TIMEOUT,
                       "the loader has stopped answering, "
                       "and it may not be reset (--before no-sync)");
    if (++s->relinks > BK7231_RELINKS_MAX)
        return pf_fail(s->base.ctx, PF_ERR_TIMEOUT,
                       "the device keeps resetting: is its 3.3 V supply strong enough?");
    PF_TRY(pf_check_cancel(s->base.ctx));
    pf_retry(s->base.ctx, "link", PF_ERR_TIMEOUT,
             "the device has stopped answering; linking again");
    if (s->base.port->caps & PF_CAP_BAUD)
        PF_TRY(bk7231_port_baud(s, s->boot_baud));
    err = bk7231_discard(s);
    if (!err)
        err = bk7231_ping(s, 25, 20000);
    if (!err) /* a stale LinkCheck answer proves nothing */
        err = bk7231_relinked(s, baud);
    if (err != PF_ERR_TIMEOUT)
        return err;

    s->errors = 0;
    if (s->base.port->caps & PF_CAP_BAUD)
        PF_TRY(bk7231_port_baud(s, s->boot_baud));
    err = bk7231_sync(s, &again);
    if (err == PF_ERR_SYNC)
        return pf_fail(
            s->base.ctx, PF_ERR_TIMEOUT,
            "the link broke and could not be made again: check the cable and the supply");
    if (err)
        return err;
    return bk7231_relinked(s, baud);
}

enum pf_err bk7231_recover(struct bk7231 *s)
{
    enum pf_err err;

    if (s->recovering)
        return pf_fail(s->base.ctx, PF_ERR_TIMEOUT, "the link broke again while it was mended");
    s->recovering = true;
    err = bk7231_recover_inner(s);
    s->recovering = false;
    if (!err)
        s->dirty = false;
    return err;
}

/* The loader has been reset: link at the boot rate while its window is open. */
static enum pf_err bk7231_catch(struct bk7231 *s, uint32_t baud)
{
    if (s->base.port->caps & PF_CAP_BAUD)
        PF_TRY(bk7231_port_baud(s, s->boot_baud));
    PF_TRY(bk7231_discard(s));
    PF_TRY(bk7231_ping(s, 200, 5000));
    pf_sleep(s->base.port, 20000);
    PF_TRY(bk7231_discard(s));
    return bk7231_relinked(s, baud);
}

enum pf_err bk7231_reboot(struct bk7231 *s)
{
    struct bk7231_request rq = bk7231_req_reboot();
    uint32_t baud = s->base.id.baud;
    bool nested = s->recovering;
    enum pf_err err;

    PF_TRY(bk7231_send(s, &rq));
    PF_TRY(s->base.port->ops->drain(s->base.port));
    s->recovering = true;
    err = bk7231_catch(s, baud);
    s->recovering = nested;
    if (err != PF_ERR_TIMEOUT)
        return err;
    s->dirty = true;
    PF_TRY(bk7231_recover(s));
    s->open = false;
    s->spoiled = false;
    s->proven = false; /* should the reset have been lost, its effect will tell */
    return bk7231_raise_baud(s, baud);
}

static enum pf_err bk7231_settle(struct bk7231 *s)
{
    enum pf_err err = PF_OK;

    if (s->dirty)
        err = bk7231_barrier(s);
    if (err == PF_ERR_TIMEOUT)
        err = bk7231_recover(s);
    return err;
}

/* Worth another try? IO, a stop and a wrong chip are not. */
static bool bk7231_passes(enum pf_err err)
{
    return err == PF_ERR_TIMEOUT || err == PF_ERR_REFUSED || err == PF_ERR_PROTOCOL;
}

enum pf_err bk7231_try(struct bk7231 *s, const char *phase, const struct bk7231_request *rq,
                       unsigned try, struct bk7231_reply *reply, bool *again)
{
    enum pf_err err;

    *again = false;
    PF_TRY(bk7231_settle(s));
    err = bk7231_exchange(s, rq, reply);
    if (!err || !bk7231_passes(err))
        return err;
    pf_retry(s->base.ctx, phase, err, "%s", s->base.ctx->text);
    if (s->has_stray)
        PF_TRY(bk7231_judge_stray(s, rq));
    if (try >= (err == PF_ERR_REFUSED ? REFUSALS_RETRIED : s->retries))
        return err;
    if (try + 1 >= ERRORS_PER_COMMAND || bk7231_recent_errors(s) >= ERRORS_PER_WINDOW) {
        enum pf_err down = bk7231_settle(s);

        if (!down)
            down = bk7231_step_down(s);
        if (down)
            return down;
    }
    *again = true;
    return err;
}

enum pf_err bk7231_command(struct bk7231 *s, const char *phase, const struct bk7231_request *rq,
                           struct bk7231_reply *reply)
{
    bool again = true;
    enum pf_err err = PF_OK;

    for (unsigned try = 0; again; try++)
        err = bk7231_try(s, phase, rq, try, reply, &again);
    return err;
}
