/* ecr6600_link.c - keeping a link: retries, recovery, baud rates. */
#include "ecr6600/ecr6600_session.h"

#include <string.h>

#include "core/checksum.h"

#define ERRORS_PER_COMMAND 3 /* then a lower rate is tried */
#define ERRORS_PER_WINDOW  8 /* of the last 64 exchanges */
#define REFUSALS_RETRIED   1u
#define BAUD_TURN_US       UINT64_C(5000)  /* after the request has left; 3 to 10 ms */
#define BAUD_ANSWER_US     UINT64_C(60000) /* the stub waits 50 ms before it answers */
#define BAUD_ERROR_PERMIL  20u             /* what both sides bear besides their own error */
#define PROVE_BYTES        4096u
#define RELINK_US          UINT64_C(10000000)
#define RELINK_PERSON_US   UINT64_C(60000000) /* without a line to reset it */

/* rates --------------------------------------------------------------------- */

static bool link_rate_is_good(uint32_t baud)
{
    uint32_t real = ecr6600_real_baud(baud);
    uint32_t off = real > baud ? real - baud : baud - real;

    return real && (uint64_t)off * 1000 <= (uint64_t)baud * BAUD_ERROR_PERMIL;
}

uint32_t ecr6600_good_baud(const struct pf_chip *chip, uint32_t baud)
{
    uint32_t best = chip->baud.boot;

    if (link_rate_is_good(baud))
        return baud;
    /* The nearest by ratio: a/b < c/d without division. */
    for (const uint32_t *l = chip->baud.ladder; *l; l++) {
        uint64_t a = *l > baud ? *l : baud, b = *l > baud ? baud : *l;
        uint64_t c = best > baud ? best : baud, d = best > baud ? baud : best;

        if (a * d < c * b)
            best = *l;
    }
    return best;
}

/* The next lower rate of the ladder; 0: none. */
static uint32_t link_lower(const struct ecr6600 *s, uint32_t baud)
{
    const uint32_t *ladder = s->base.chip->baud.ladder;

    for (; *ladder; ladder++)
        if (*ladder < baud)
            return *ladder >= s->base.chip->baud.boot ? *ladder : 0;
    return 0;
}

static enum pf_err link_ping(struct ecr6600 *s, unsigned tries)
{
    struct ecr6600_request rq = ecr6600_req_sync();
    struct ecr6600_reply reply;
    enum pf_err err = PF_ERR_TIMEOUT;

    for (unsigned i = 0; i < tries; i++) {
        PF_TRY(ecr6600_discard(s));
        err = ecr6600_exchange_in(s, &rq, 100000, &reply);
        if (err != PF_ERR_TIMEOUT && err != PF_ERR_PROTOCOL)
            return err;
    }
    return err;
}

/* Both sides have switched, or not. Small frames may pass where a long one
 * breaks, so 4 KiB are read twice and must agree. */
static enum pf_err link_prove_rate(struct ecr6600 *s)
{
    struct ecr6600_request rq = ecr6600_req_read(0, PROVE_BYTES);
    uint32_t crc[2] = {0, 0};

    for (int i = 0; i < 3; i++)
        PF_TRY(link_ping(s, 2));
    for (int i = 0; s->ranged && i < 2; i++) {
        struct ecr6600_reply reply;

        PF_TRY(ecr6600_exchange(s, &rq, &reply));
        crc[i] = pf_crc32(0, reply.body, reply.len);
    }
    if (crc[0] != crc[1])
        return pf_fail(s->base.ctx, PF_ERR_PROTOCOL, "two reads at %u baud disagree",
                       (unsigned)s->base.id.baud);
    return PF_OK;
}

static bool link_is_bad(enum pf_err err)
{
    return err == PF_ERR_TIMEOUT || err == PF_ERR_PROTOCOL;
}

/* The new rate did not prove itself. The stub may be at either rate. */
static enum pf_err link_back_to(struct ecr6600 *s, uint32_t old)
{
    struct ecr6600_request rq = ecr6600_req_baud(old);

    /* It may hear us even if we do not understand it. */
    PF_TRY(ecr6600_put_fill(s, 0xff, ECR6600_FILLER));
    PF_TRY(ecr6600_send(s, &rq));
    PF_TRY(s->base.port->ops->drain(s->base.port));
    pf_sleep(s->base.port, BAUD_TURN_US);
    PF_TRY(ecr6600_port_baud(s, old));
    pf_sleep(s->base.port, ecr6600_scaled(s, BAUD_ANSWER_US) + s->base.id.latency_us);
    return ecr6600_realign(s);
}

enum pf_err ecr6600_change_baud(struct ecr6600 *s, uint32_t baud)
{
    struct ecr6600_request rq = ecr6600_req_baud(baud);
    struct pf_transport *port = s->base.port;
    uint32_t old = s->base.id.baud;
    enum pf_err err;

    if (baud == old)
        return PF_OK;
    if (s->dirty)
        PF_TRY(ecr6600_realign(s));
    PF_TRY(ecr6600_send(s, &rq));
    PF_TRY(port->ops->drain(port));
    pf_sleep(port, BAUD_TURN_US); /* the adapter may still hold the last byte */
    PF_TRY(ecr6600_port_baud(s, baud));
    /* Its answer comes after 50 ms, at the new rate; a round trip tells more. */
    pf_sleep(port, ecr6600_scaled(s, BAUD_ANSWER_US) + s->base.id.latency_us);
    err = link_prove_rate(s);
    if (!link_is_bad(err))
        return err;

    err = link_back_to(s, old);
    if (link_is_bad(err)) { /* the stub may be there after all, amid noise */
        s->dirty = true;
        return pf_fail(s->base.ctx, PF_ERR_TIMEOUT, "the link was lost at %u baud", (unsigned)baud);
    }
    PF_TRY(err);
    return pf_fail(s->base.ctx, PF_ERR_TIMEOUT, "%u baud does not work here", (unsigned)baud);
}

enum pf_err ecr6600_raise_baud(struct ecr6600 *s, uint32_t goal)
{
    struct pf_ctx *ctx = s->base.ctx;
    uint32_t good = ecr6600_good_baud(s->base.chip, goal);

    if (!(s->base.port->caps & PF_CAP_BAUD)) {
        if (goal != s->base.id.baud && s->asked_baud)
            pf_log(ctx, "this port keeps its baud rate, staying at %u", (unsigned)s->base.id.baud);
        return PF_OK;
    }
    if (good != goal)
        pf_warn(ctx, "%u baud becomes %u on this chip, too far off: using %u instead",
                (unsigned)goal, (unsigned)ecr6600_real_baud(goal), (unsigned)good);
    for (goal = good; goal && goal != s->base.id.baud;) {
        uint32_t next = link_lower(s, goal);
        enum pf_err err = ecr6600_change_baud(s, goal);

        if (!err)
            return PF_OK;
        if (!link_is_bad(err))
            return err;
        pf_retry(ctx, "baud", err, "%u baud does not work here; going down to %u", (unsigned)goal,
                 (unsigned)(next ? next : s->boot_baud));
        if (s->dirty)
            PF_TRY(ecr6600_recover(s));
        goal = next;
    }
    return PF_OK;
}

static enum pf_err link_step_down(struct ecr6600 *s)
{
    uint32_t next = link_lower(s, s->base.id.baud);

    s->errors = 0;
    if (!next || !(s->base.port->caps & PF_CAP_BAUD) || s->recovering)
        return PF_OK;
    pf_retry(s->base.ctx, "baud", PF_ERR_TIMEOUT, "too many errors at %u baud; going down to %u",
             (unsigned)s->base.id.baud, (unsigned)next);
    s->latencies = 0;
    return ecr6600_raise_baud(s, next);
}

/* recovery ------------------------------------------------------------------ */

/* After another upload: the same stub, the same rate. */
static enum pf_err link_relinked(struct ecr6600 *s, uint32_t baud)
{
    const struct ecr6600_traits *was = s->traits;

    if (was) {
        PF_TRY(ecr6600_who(s));
        if (was != s->traits)
            return pf_fail(s->base.ctx, PF_ERR_CHIP, "another stub answers than before");
    }
    return ecr6600_raise_baud(s, baud);
}

static enum pf_err link_again(struct ecr6600 *s, uint32_t baud)
{
    bool alone = s->reset.touches_lines || s->reset.touches_power || s->power.count;
    struct ecr6600_sync again = {
        .timeout_us = alone ? RELINK_US : RELINK_PERSON_US,
        .guide = !alone,
    };
    enum pf_err err;

    if (s->no_sync || !s->stub)
        return pf_fail(s->base.ctx, PF_ERR_TIMEOUT, "the stub has stopped answering, and %s",
                       s->no_sync ? "the chip may not be reset (--before no-sync)"
                                  : "there is no stub file to load again (--stub FILE)");
    if (++s->relinks > ECR6600_RELINKS_MAX)
        return pf_fail(s->base.ctx, PF_ERR_TIMEOUT,
                       "the device keeps resetting: is its 3.3 V supply strong enough?");
    PF_TRY(pf_check_cancel(s->base.ctx));
    pf_retry(s->base.ctx, "link", PF_ERR_TIMEOUT,
             "the stub has stopped answering; loading it again");
    s->errors = 0;
    PF_TRY(ecr6600_port_baud(s, s->boot_baud));
    err = ecr6600_sync(s, &again);
    if (err == PF_ERR_SYNC)
        return pf_fail(
            s->base.ctx, PF_ERR_TIMEOUT,
            "the link broke and could not be made again: check the cable and the supply");
    PF_TRY(err);
    s->dirty = false;
    return link_relinked(s, baud);
}

static enum pf_err link_recover(struct ecr6600 *s)
{
    uint32_t baud = s->base.id.baud;
    enum pf_err err = ecr6600_realign(s);

    if (!link_is_bad(err))
        return err;
    if (baud != s->boot_baud && s->base.port->caps & PF_CAP_BAUD) {
        PF_TRY(ecr6600_port_baud(s, s->boot_baud));
        err = ecr6600_realign(s); /* a baud change that half worked */
        if (!err)
            return ecr6600_raise_baud(s, baud);
        if (!link_is_bad(err))
            return err;
    }
    return link_again(s, baud);
}

static enum pf_err link_mend(struct ecr6600 *s, bool reload)
{
    enum pf_err err;

    if (s->recovering)
        return pf_fail(s->base.ctx, PF_ERR_TIMEOUT, "the link broke again while it was mended");
    s->recovering = true;
    err = reload ? link_again(s, s->base.id.baud) : link_recover(s);
    s->recovering = false;
    if (!err)
        s->dirty = false;
    return err;
}

enum pf_err ecr6600_recover(struct ecr6600 *s)
{
    return link_mend(s, false);
}

enum pf_err ecr6600_reload(struct ecr6600 *s)
{
    return link_mend(s, true);
}

/* commands ------------------------------------------------------------------ */

static unsigned link_recent_errors(const struct ecr6600 *s)
{
    unsigned n = 0;

    for (uint64_t w = s->errors; w; w &= w - 1)
        n++;
    return n;
}

enum pf_err ecr6600_again(struct ecr6600 *s, const char *phase, enum pf_err err, unsigned tries)
{
    if (!link_is_bad(err) && err != PF_ERR_REFUSED)
        return err;
    if (tries > (err == PF_ERR_REFUSED ? REFUSALS_RETRIED : s->retries)) {
        /* Leave the link fit for whoever asks next, but tell of this failure. */
        if (s->dirty) {
            char text[PF_TEXT_MAX];

            memcpy(text, s->base.ctx->text, sizeof text);
            (void)ecr6600_realign(s);
            return pf_fail(s->base.ctx, err, "%s", text);
        }
        return err;
    }
    pf_retry(s->base.ctx, phase, err, "%s", s->base.ctx->text);
    if (s->dirty) {
        enum pf_err mend = ecr6600_realign(s);

        if (link_is_bad(mend))
            mend = ecr6600_recover(s);
        PF_TRY(mend);
    }
    if (tries >= ERRORS_PER_COMMAND || link_recent_errors(s) >= ERRORS_PER_WINDOW)
        PF_TRY(link_step_down(s));
    return PF_OK;
}

enum pf_err ecr6600_command(struct ecr6600 *s, const char *phase, const struct ecr6600_request *rq,
                            struct ecr6600_reply *reply)
{
    for (unsigned tries = 1;; tries++) {
        enum pf_err err = ecr6600_exchange(s, rq, reply);

        if (!err)
            return PF_OK;
        PF_TRY(ecr6600_again(s, phase, err, tries));
    }
}
