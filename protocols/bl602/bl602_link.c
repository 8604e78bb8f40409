/* bl602_link.c - sessions with the RAM loader: rates, retries, recovery.
 *
 * The loader measures its rate from a train and keeps it until the session
 * ends; there is no command to change it. A session ends by three FL answers,
 * which a harmless mistake brings about at once, or by silence of two receive
 * time-outs (4 s, newer builds 20 s). */
#include "bl602/bl602_session.h"

#include <string.h>

#define ERRORS_PER_COMMAND 3 /* then a lower rate is tried */
#define ERRORS_PER_WINDOW  8 /* of the last 64 exchanges */
#define TRAIN_US           UINT64_C(250000)
#define TRAINS             2u
#define IDLE_SHORT_S       2u  /* receive time-out of older builds */
#define IDLE_LONG_S        10u /* and of newer ones */

static uint64_t link_idle_us(unsigned idle_s)
{
    return idle_s * UINT64_C(2000000) + BL602_MARGIN_US;
}

/* At this rate: a train, and the OK to it proved by a round trip. A second
 * train only when nobody answers questions, since it would spoil a session. */
static enum pf_err link_open_session(struct bl602 *s)
{
    enum pf_err err = PF_ERR_TIMEOUT;

    for (unsigned i = 0; i < TRAINS && err == PF_ERR_TIMEOUT; i++) {
        PF_TRY(pf_check_cancel(s->base.ctx));
        s->dirty = false;
        err = bl602_train(s, TRAIN_US);
        if (!err || err == PF_ERR_TIMEOUT)
            err = bl602_ask_loader(s);
    }
    return err;
}

/* The next lower rate of the ladder; 0: none. */
static uint32_t link_lower(const struct bl602 *s, uint32_t baud)
{
    const uint32_t *ladder = s->base.chip->baud.ladder;

    for (; *ladder; ladder++)
        if (*ladder < baud)
            return *ladder;
    return 0;
}

/* Three mistakes, and the loader waits for a train. */
static enum pf_err link_end_session(struct bl602 *s)
{
    struct bl602_request rq = bl602_req_mistake();
    struct bl602_reply r;
    enum pf_err err;

    for (unsigned i = 0; s->strikes < BL602_STRIKES; i++) {
        err = bl602_exchange(s, &rq, &r);
        if (!err || i >= 2 * BL602_STRIKES)
            return pf_fail(s->base.ctx, PF_ERR_PROTOCOL,
                           "the loader does not end its session as it should");
        if (err == PF_ERR_PROTOCOL && s->code)
            continue;
        return err;
    }
    s->errors = 0;
    s->session = false;
    pf_sleep(s->base.port, BL602_SETTLE_US);
    return PF_OK;
}

/* Get rid of a session that nobody can talk to: by the reset that has worked
 * before, or by waiting for its end. A loader waits for a train then. */
static enum pf_err link_fresh(struct bl602 *s)
{
    const struct bl602_sync how = {.timeout_us = BL602_RELINK_US};
    uint32_t baud = s->base.id.baud;
    enum pf_err err;

    if (!s->stub.len || s->reset_worked < 0)
        return bl602_hush(s, link_idle_us(s->stub.idle_s ? s->stub.idle_s : IDLE_LONG_S));
    PF_TRY(bl602_port_baud(s, s->boot_baud));
    err = bl602_sync(s, &how);
    if (!err && s->peer == BL602_ROM)
        err = bl602_load(s);
    if (!err && s->session)
        err = link_end_session(s);
    PF_TRY(err);
    return bl602_port_baud(s, baud);
}

enum pf_err bl602_start_loader(struct bl602 *s, uint32_t goal)
{
    struct pf_ctx *ctx = s->base.ctx;
    uint32_t rate = goal, next;
    enum pf_err err;

    s->session = false;
    PF_TRY(bl602_port_baud(s, rate));
    err = link_open_session(s);
    while (err == PF_ERR_TIMEOUT && bl602_has_baud(s) && (next = link_lower(s, rate)) != 0) {
        pf_retry(ctx, "baud", err, "%u baud does not work here; going down to %u", (unsigned)rate,
                 (unsigned)next);
        rate = next;
        PF_TRY(bl602_port_baud(s, rate));
        err = link_open_session(s); /* it may not have noticed the trains before */
        if (err != PF_ERR_TIMEOUT)
            break;
        err = link_fresh(s);
        if (err == PF_ERR_SYNC)
            break;
        PF_TRY(err);
        err = link_open_session(s);
    }
    if (err == PF_ERR_TIMEOUT || err == PF_ERR_SYNC)
        return pf_fail(ctx, PF_ERR_TIMEOUT,
                       "the RAM loader was started but does not answer, from %u baud down to %u",
                       (unsigned)goal, (unsigned)rate);
    s->latencies = 0;
    return err;
}

enum pf_err bl602_change_baud(struct bl602 *s, uint32_t baud)
{
    enum pf_err err;

    if (s->base.id.baud == baud || !bl602_has_baud(s))
        return PF_OK;
    if (s->dirty)
        PF_TRY(bl602_barrier(s));
    err = link_end_session(s);
    if (bl602_passes(err) || err == PF_ERR_REFUSED)
        err = link_fresh(s);
    PF_TRY(err);
    return bl602_start_loader(s, baud);
}

enum pf_err bl602_reach_loader(struct bl602 *s)
{
    if (s->peer == BL602_ROM)
        PF_TRY(bl602_load(s));
    return s->session ? bl602_change_baud(s, s->goal) : bl602_start_loader(s, s->goal);
}

/* recovery ----------------------------------------------------------------- */

/* The same flash answers as before. */
static enum pf_err link_relinked(struct bl602 *s)
{
    struct pf_identity *id = &s->base.id;
    struct bl602_request rq = bl602_req_jedec();
    struct bl602_reply r;

    s->errors = 0;
    if (!id->has_jedec)
        return PF_OK;
    PF_TRY(bl602_exchange(s, &rq, &r));
    if (memcmp(r.data, id->jedec, 3) != 0)
        return pf_fail(s->base.ctx, PF_ERR_CHIP, "another flash answers than before");
    return PF_OK;
}

/* Silence until a session of a loader with this time-out ends, then a train. */
static enum pf_err link_outwait(struct bl602 *s, unsigned idle_s)
{
    if (s->stub.idle_s && s->stub.idle_s != idle_s)
        return PF_ERR_TIMEOUT;
    PF_TRY(bl602_hush(s, link_idle_us(idle_s)));
    return link_open_session(s);
}

/* Down to the ROM and up again, by the reset sequences or after a power cycle
 * that nobody asked for. */
static enum pf_err link_from_rom(struct bl602 *s, uint32_t baud)
{
    const struct bl602_sync again = {.timeout_us = BL602_RELINK_US};
    uint32_t goal = s->goal;
    enum pf_err err;

    if (!s->stub.len)
        return PF_ERR_TIMEOUT;
    err = bl602_port_baud(s, s->boot_baud);
    if (!err)
        err = bl602_sync(s, &again);
    if (err == PF_ERR_SYNC)
        return PF_ERR_TIMEOUT;
    PF_TRY(err);
    s->goal = baud;
    err = bl602_reach_loader(s);
    s->goal = goal;
    return err;
}

static enum pf_err link_recover_inner(struct bl602 *s)
{
    uint32_t baud = s->base.id.baud;
    enum pf_err err;

    if (++s->relinks > BL602_RELINKS_MAX)
        return pf_fail(s->base.ctx, PF_ERR_TIMEOUT,
                       "the link keeps breaking: is the 3.3 V supply strong enough?");
    PF_TRY(pf_check_cancel(s->base.ctx));
    pf_retry(s->base.ctx, "link", PF_ERR_TIMEOUT,
             "the loader has stopped answering; linking again");
    err = link_open_session(s);
    if (err == PF_ERR_TIMEOUT) {
        PF_TRY(bl602_probe(s));
        if (s->peer == BL602_ROM) { /* the device was reset */
            PF_TRY(bl602_hush(s, BL602_ROM_IDLE_US));
            err = link_from_rom(s, baud);
        } else if (s->reset_worked >= 0) {
            err = link_from_rom(s, baud);
        }
    }
    if (err == PF_ERR_TIMEOUT)
        err = link_outwait(s, IDLE_SHORT_S);
    if (err == PF_ERR_TIMEOUT)
        err = link_outwait(s, IDLE_LONG_S);
    if (err == PF_ERR_TIMEOUT)
        err = link_from_rom(s, baud);
    if (err == PF_ERR_TIMEOUT)
        return pf_fail(s->base.ctx, PF_ERR_TIMEOUT,
                       "the link broke and could not be made again: check the cable and the "
                       "supply");
    PF_TRY(err);
    return link_relinked(s);
}

static enum pf_err link_recover(struct bl602 *s)
{
    enum pf_err err;

    if (s->recovering)
        return pf_fail(s->base.ctx, PF_ERR_TIMEOUT, "the link broke again while it was mended");
    s->recovering = true;
    err = link_recover_inner(s);
    s->recovering = false;
    if (!err)
        s->dirty = false;
    return err;
}

/* commands ----------------------------------------------------------------- */

static unsigned link_recent_errors(const struct bl602 *s)
{
    unsigned n = 0;

    for (uint64_t w = s->errors; w; w &= w - 1)
        n++;
    return n;
}

static enum pf_err link_step_down(struct bl602 *s)
{
    uint32_t next = link_lower(s, s->base.id.baud);

    s->errors = 0;
    if (!next || !bl602_has_baud(s) || s->recovering)
        return PF_OK;
    pf_retry(s->base.ctx, "baud", PF_ERR_TIMEOUT, "too many errors at %u baud; going down to %u",
             (unsigned)s->base.id.baud, (unsigned)next);
    s->goal = next;
    return bl602_change_baud(s, next);
}

enum pf_err bl602_settle(struct bl602 *s)
{
    enum pf_err err = PF_OK;

    if (s->session && s->strikes >= BL602_STRIKES) { /* the loader has ended it */
        pf_sleep(s->base.port, BL602_SETTLE_US);
        s->session = false;
        s->dirty = false;
    }
    if (!s->session)
        err = link_open_session(s);
    else if (s->dirty)
        err = bl602_barrier(s);
    if (err == PF_ERR_TIMEOUT)
        err = link_recover(s);
    return err;
}

enum pf_err bl602_try(struct bl602 *s, const char *phase, const struct bl602_request *rq,
                      unsigned try, struct bl602_reply *reply, bool *again)
{
    enum pf_err err;

    *again = false;
    PF_TRY(bl602_settle(s));
    err = bl602_exchange(s, rq, reply);
    if (!bl602_passes(err) || s->base.strayed)
        return err;
    pf_retry(s->base.ctx, phase, err, "%s", s->base.ctx->text);
    if (try >= s->retries)
        return err;
    if (try + 1 >= ERRORS_PER_COMMAND || link_recent_errors(s) >= ERRORS_PER_WINDOW) {
        PF_TRY(bl602_settle(s));
        PF_TRY(link_step_down(s));
    }
    *again = true;
    return err;
}

enum pf_err bl602_command(struct bl602 *s, const char *phase, const struct bl602_request *rq,
                          struct bl602_reply *reply)
{
    bool again = true;
    enum pf_err err = PF_OK;

    for (unsigned try = 0; again; try++)
        err = bl602_try(s, phase, rq, try, reply, &again);
    return err;
}
