/* bk7231_sync.c - getting in: from whatever the device does to a quiet link.
 *
 * The T listens for some tens of milliseconds after power-on or reset, so the
 * LinkCheck train never pauses for long; the N's mask ROM is as quick or
 * quicker. A running application may understand the text "reboot". All steps
 * and periods are figures at the top, taken from reference 2.3. */
#include "bk7231/bk7231_session.h"

#include <stdio.h>
#include <string.h>

#define SYNC_ANSWER_US   UINT64_C(5000)    /* wait per LinkCheck */
#define SYNC_TEXT_US     UINT64_C(500000)  /* between two "reboot" texts */
#define SYNC_RESET_US    UINT64_C(2500000) /* between two reset sequences */
#define SYNC_LISTEN_US   UINT64_C(1000000) /* at least, after a reset sequence */
#define SYNC_GUIDE_US    UINT64_C(5000000) /* between two hints to a person */
#define SYNC_CALM_US     UINT64_C(20000)   /* for stale answers to the train */
#define SYNC_CLEAN_US    UINT64_C(50000)
#define SYNC_CLEAN_TRIES 5
#define NO_SYNC_US       UINT64_C(2000000)

static const char sync_help[] =
    "no answer yet: switch the plug's 3.3 V off and on, or touch CEN to GND for 0.25 s, while this "
    "runs. Wiring: adapter TX to P10 (RX1), adapter RX to P11 (TX1), GND to GND, 3.3 V only";

struct sync_clock {
    uint64_t start, text, reset, guide;
};

static void sync_event(struct bk7231 *s, const struct sync_clock *c, const char *state,
                       const char *text)
{
    const struct pf_field field[] = {
        PF_F_STR("state", state),
        PF_F_UINT("attempts", s->base.id.attempts),
        PF_F_REAL("elapsed_s", (double)(bk7231_now(s) - c->start) / 1e6),
    };
    struct pf_event ev = {
        .kind = PF_EV_SYNC,
        .text = text,
        .fields = field,
        .nfields = sizeof field / sizeof field[0],
    };

    pf_emit(s->base.ctx, &ev);
}

/* One LinkCheck of the train. PF_ERR_TIMEOUT: not answered. */
static enum pf_err sync_knock(struct bk7231 *s)
{
    struct bk7231_request rq = bk7231_req_link_check();
    struct bk7231_reply reply;
    uint64_t deadline;

    s->base.id.attempts++;
    PF_TRY(bk7231_send(s, &rq));
    deadline = bk7231_now(s) + bk7231_scaled(s, SYNC_ANSWER_US);
    for (;;) {
        PF_TRY(bk7231_next(s, deadline, &reply));
        if (bk7231_match(&rq, &reply) == BK7231_DONE)
            return PF_OK;
        s->diag->foreign++;
    }
}

/* Let stale answers to the train pass, then require one clean exchange. An
 * answer amid noise will do in the end: all that follows is told by its echo. */
static enum pf_err sync_calm(struct bk7231 *s)
{
    struct bk7231_request rq = bk7231_req_link_check();
    struct bk7231_reply reply;
    bool answered = false;

    for (int try = 0; try < SYNC_CLEAN_TRIES; try++) {
        uint64_t started, deadline;
        enum pf_err err;

        pf_sleep(s->base.port, SYNC_CALM_US);
        PF_TRY(bk7231_discard(s));
        s->seen_len = s->seen_total = 0;
        started = bk7231_now(s);
        PF_TRY(bk7231_send(s, &rq));
        deadline = bk7231_now(s) + bk7231_scaled(s, SYNC_CLEAN_US);
        while (!(err = bk7231_next(s, deadline, &reply)))
            if (bk7231_match(&rq, &reply) == BK7231_DONE)
                break;
        if (err == PF_ERR_TIMEOUT)
            continue;
        if (err)
            return err;
        if (s->seen_total == reply.used) {
            bk7231_add_latency(s, started, 13);
            return PF_OK;
        }
        answered = true;
    }
    return answered ? PF_OK : PF_ERR_TIMEOUT;
}

static enum pf_err sync_reset(struct bk7231 *s)
{
    PF_TRY(pf_steps_run(s->base.ctx, s->base.port, &s->reset, true));
    return pf_steps_run(s->base.ctx, s->base.port, &s->power, true);
}

/* What is due besides knocking. */
static enum pf_err sync_help_along(struct bk7231 *s, const struct bk7231_sync *how,
                                   struct sync_clock *c)
{
    static const char text[] = "reboot\r\n";
    uint64_t now = bk7231_now(s);

    PF_TRY(pf_check_cancel(s->base.ctx));
    if (how->guide && now >= c->guide) {
        sync_event(s, c, "waiting", sync_help);
        c->guide += SYNC_GUIDE_US;
    }
    if (how->reset && now >= c->reset) {
        PF_TRY(sync_reset(s));
        c->reset += SYNC_RESET_US;
        if (c->reset < bk7231_now(s) + SYNC_LISTEN_US) /* a long sequence */
            c->reset = bk7231_now(s) + SYNC_LISTEN_US;
        c->text = bk7231_now(s) + SYNC_TEXT_US; /* the window comes now: do not disturb it */
    } else if (now >= c->text) {
        PF_TRY(s->base.port->ops->write(s->base.port, (const uint8_t *)text, sizeof text - 1));
        s->diag->heard.sent += sizeof text - 1;
        c->text = now + SYNC_TEXT_US;
    }
    return PF_OK;
}

static enum pf_err sync_train(struct bk7231 *s, const struct bk7231_sync *how, struct sync_clock *c)
{
    for (;;) {
        enum pf_err err;

        PF_TRY(sync_help_along(s, how, c));
        err = sync_knock(s);
        if (!err) {
            s->base.id.synced_us = bk7231_now(s);
            err = sync_calm(s);
        }
        if (err != PF_ERR_TIMEOUT)
            return err;
        if (how->timeout_us && bk7231_now(s) - c->start >= how->timeout_us)
            return PF_ERR_SYNC;
    }
}

static enum pf_err sync_failed(struct bk7231 *s)
{
    char why[PF_TEXT_MAX];

    bk7231_diagnose(s->diag, s->base.id.baud, why, sizeof why);
    return pf_fail(s->base.ctx, PF_ERR_SYNC, "%s", why);
}

enum pf_err bk7231_sync(struct bk7231 *s, const struct bk7231_sync *how)
{
    struct bk7231_diag diag = {.heard.len = 0};
    uint64_t now = bk7231_now(s);
    struct sync_clock c = {
        .start = now,
        .reset = now,
        .text = now + SYNC_TEXT_US,
        .guide = now + SYNC_GUIDE_US,
    };
    enum pf_err err;

    PF_TRY(bk7231_discard(s));
    s->diag = &diag;
    if (how->guide)
        sync_event(s, &c, "waiting", "waiting for a BK7231: switch its 3.3 V off and on now");
    err = sync_train(s, how, &c);
    if (err == PF_ERR_SYNC)
        err = sync_failed(s);
    else if (!err && how->guide)
        sync_event(s, &c, "linked", "linked");
    s->diag = NULL;
    return err;
}

enum pf_err bk7231_find_linked(struct bk7231 *s)
{
    const bool can = s->base.port->caps & PF_CAP_BAUD;
    const uint32_t rate[2] = {s->boot_baud,
                              s->asked_baud ? s->asked_baud : s->base.chip->baud.fast};
    struct bk7231_diag diag = {.heard.len = 0};
    struct sync_clock c = {.start = bk7231_now(s)};
    uint64_t limit = NO_SYNC_US;
    enum pf_err err = PF_ERR_TIMEOUT;

    if (s->sync_timeout_us && s->sync_timeout_us < limit)
        limit = s->sync_timeout_us;
    s->diag = &diag;
    for (unsigned i = 0; err == PF_ERR_TIMEOUT && bk7231_now(s) - c.start < limit; i ^= 1) {
        if (can && s->base.id.baud != rate[i]) {
            err = pf_set_baud(s->base.port, rate[i]);
            if (err)
                break;
            s->base.id.baud = rate[i];
        }
        err = bk7231_discard(s);
        if (!err)
            err = bk7231_ping(s, 5, 20000);
        s->base.id.attempts += 5;
    }
    if (!err) {
        s->base.id.synced_us = bk7231_now(s);
        err = sync_calm(s);
    }
    if (err == PF_ERR_TIMEOUT)
        err = sync_failed(s);
    else if (!err)
        sync_event(s, &c, "linked", "the loader was linked already");
    s->diag = NULL;
    return err;
}
