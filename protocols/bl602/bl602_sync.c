/* bl602_sync.c - getting in: from whatever the device does to an open session.
 *
 * A chip that was reset with its BOOT pin high waits for a 0x55 train for ever,
 * so there is no window to hit. What must not happen is a train into a session
 * of a RAM loader: it is taken for the head of a frame, and the loader is deaf
 * until its receive time-out has run twice. Hence questions come before trains,
 * trains last 6 ms, and between rounds of them the line is left quiet. All
 * figures are from reference 2.2 to 4.5. */
#include "bl602/bl602_session.h"

#include "stream/stream_session.h"
#include <string.h>

#define PROBE_US       UINT64_C(300000)   /* for the answer of an open session */
#define TRAIN_WAIT_US  UINT64_C(120000)   /* for OK: ROM 8 ms, loader 12 ms, and the adapter */
#define ROUND_US       UINT64_C(2000000)  /* of trains, after a reset */
#define LONG_HUSH_US   UINT64_C(21000000) /* ends a session of any loader */
#define LONG_HUSH_AT   3u                 /* after this round, once */
#define BABBLE         8u                 /* bytes around an OK: then it is part of a text */
#define ASK_EVERY      8u                 /* trains: the OK may have been lost */
#define EARLY          2u                 /* trains before the first reset */
#define GUIDE_US       UINT64_C(5000000)  /* between two hints to a person */
#define RESET_SEEN_MAX 3u                 /* trains: later ones were not the reset's doing */

static const char sync_help[] =
    "no answer yet: connect GPIO8 (BOOT) to 3.3 V through 10 kOhm, switch the module's 3.3 V off "
    "and on, and leave GPIO8 connected. Wiring: adapter TX to GPIO7 (RXD), adapter RX to GPIO16 "
    "(TXD), GND to GND, 3.3 V only";

struct sync_clock {
    const struct bl602_sync *how;
    uint64_t start, guide;
    unsigned round;
};

void bl602_sync_event(struct bl602 *s, const char *state, uint64_t since, const char *text)
{
    const struct pf_field field[] = {
        PF_F_STR("state", state),
        PF_F_UINT("attempts", s->base.id.attempts),
        PF_F_REAL("elapsed_s", (double)(bl602_now(s) - since) / 1e6),
    };
    struct pf_event ev = {
        .kind = PF_EV_SYNC,
        .text = text,
        .fields = field,
        .nfields = sizeof field / sizeof field[0],
    };

    pf_emit(s->base.ctx, &ev);
}

static enum pf_err sync_none(enum pf_err err)
{
    return err == PF_ERR_TIMEOUT ? PF_OK : err;
}

/* Received bytes that are no OK and no echo of a train. */
static size_t sync_foreign(const struct bl602 *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->rx_len; i++)
        n += s->rx[i] != 0x55 && s->rx[i] != 'O' && s->rx[i] != 'K';
    return n;
}

enum pf_err bl602_train(struct bl602 *s, uint64_t wait_us)
{
    struct pf_transport *port = s->base.port;
    size_t n = bl602_train_len(s->base.id.baud);
    uint64_t deadline;

    if (n > sizeof s->tx)
        n = sizeof s->tx;
    PF_TRY(bl602_discard(s));
    memset(s->tx, 0x55, n);
    s->base.id.attempts++;
    if (s->diag)
        s->diag->heard.sent += n;
    deadline =
        bl602_now(s) + bl602_wire_us(s, n) + bl602_scaled(s, wait_us) + 2 * s->base.id.latency_us;
    PF_TRY(port->ops->write(port, s->tx, n));
    PF_TRY(port->ops->drain(port));
    while (!bl602_has_ok(s->rx, s->rx_len)) {
        if (s->rx_len == sizeof s->rx)
            s->rx_len = 0; /* a talkative application */
        if (bl602_now(s) >= deadline)
            return PF_ERR_TIMEOUT;
        PF_TRY(bl602_fill(s, deadline));
    }
    pf_sleep(port, BL602_SETTLE_US);
    if (s->rx_len < sizeof s->rx)
        PF_TRY(sync_none(bl602_fill(s, bl602_now(s))));
    if (sync_foreign(s) > BABBLE)
        return PF_ERR_TIMEOUT; /* an application says OK, among other things */
    if (s->diag)
        s->diag->oks++;
    s->strikes = 0;
    return bl602_discard(s);
}

static void sync_found(struct bl602 *s, enum bl602_peer peer)
{
    s->peer = peer;
    s->session = peer == BL602_LOADER;
    if (!s->base.id.synced_us)
        s->base.id.synced_us = bl602_now(s);
}

/* get_boot_info; PF_ERR_TIMEOUT when nobody knows it. */
static enum pf_err sync_ask_info(struct bl602 *s, uint64_t wait_us)
{
    struct bl602_reply r;
    uint32_t version;

    PF_TRY(bl602_ask(s, bl602_req_boot_info(), wait_us, &r));
    PF_TRY(bl602_take_boot_info(s, r.data, &version));
    sync_found(s, version == BL602_VERSION_ROM ? BL602_ROM : BL602_LOADER);
    return PF_OK;
}

static enum pf_err sync_ask_jedec(struct bl602 *s, uint64_t wait_us)
{
    struct bl602_reply r;

    PF_TRY(bl602_ask(s, bl602_req_jedec(), wait_us, &r));
    sync_found(s, BL602_LOADER);
    return PF_OK;
}

enum pf_err bl602_ask_loader(struct bl602 *s)
{
    return sync_ask_jedec(s, PROBE_US);
}

enum pf_err bl602_probe(struct bl602 *s)
{
    s->peer = BL602_NOBODY;
    PF_TRY(sync_none(sync_ask_info(s, PROBE_US)));
    if (s->peer == BL602_NOBODY)
        PF_TRY(sync_none(bl602_ask_loader(s)));
    return PF_OK;
}

static enum pf_err sync_end_stream(struct bl602 *s)
{
    PF_TRY(stream_silence(s->base.ctx, s->base.port, s->base.id.baud));
    return bl602_ask_loader(s);
}

/* The question a loader knows comes first; the ROM skips its bytes. */
static enum pf_err sync_probe_live(struct bl602 *s, uint32_t baud)
{
    PF_TRY(pf_check_cancel(s->base.ctx));
    PF_TRY(bl602_port_baud(s, baud));
    s->base.id.attempts++;
    PF_TRY(sync_none(bl602_ask_loader(s)));
    if (s->peer == BL602_NOBODY && baud == s->goal) /* a stub of ours that nobody told to stop */
        PF_TRY(sync_none(sync_end_stream(s)));
    if (s->peer == BL602_NOBODY && baud == s->boot_baud)
        PF_TRY(sync_none(sync_ask_info(s, PROBE_US)));
    return PF_OK;
}

/* Questions at the working rate for as long as `auto` allows, then it is another
 * family's turn. */
static enum pf_err sync_look(struct bl602 *s)
{
    uint64_t end = bl602_now(s) + (s->sync_timeout_us ? s->sync_timeout_us : PROBE_US), now;

    if (s->no_sync)
        return PF_OK; /* "linked already" is for the family whose loader stays by itself */
    while (s->peer == BL602_NOBODY && (now = bl602_now(s)) < end) {
        PF_TRY(pf_check_cancel(s->base.ctx));
        PF_TRY(sync_none(sync_ask_jedec(s, end - now < PROBE_US ? end - now : PROBE_US)));
    }
    s->came_live = s->peer == BL602_LOADER;
    return PF_OK;
}

enum pf_err bl602_find_live(struct bl602 *s)
{
    const uint32_t *ladder = s->base.chip->baud.ladder;

    s->peer = BL602_NOBODY;
    if (s->is_auto && !s->stub.len)
        return sync_look(s);
    if (bl602_has_baud(s))
        PF_TRY(sync_probe_live(s, s->goal));
    if (s->peer == BL602_NOBODY && (s->goal != s->boot_baud || !bl602_has_baud(s)))
        PF_TRY(sync_probe_live(s, s->boot_baud));
    for (; s->no_sync && bl602_has_baud(s) && s->peer == BL602_NOBODY && *ladder; ladder++)
        if (*ladder != s->goal && *ladder != s->boot_baud)
            PF_TRY(sync_probe_live(s, *ladder));
    s->came_live = s->peer == BL602_LOADER;
    return PF_OK;
}

static bool sync_is_over(const struct bl602 *s, const struct sync_clock *c)
{
    return c->how->timeout_us && bl602_now(s) - c->start >= c->how->timeout_us;
}

static enum pf_err sync_pass(struct bl602 *s, struct sync_clock *c)
{
    PF_TRY(pf_check_cancel(s->base.ctx));
    if (c->how->guide && bl602_now(s) >= c->guide) {
        bl602_sync_event(s, "waiting", c->start, sync_help);
        c->guide = bl602_now(s) + GUIDE_US;
    }
    return sync_is_over(s, c) ? PF_ERR_SYNC : PF_OK;
}

/* The `n`-th train of a round, and who answers it. PF_ERR_TIMEOUT: nobody. */
static enum pf_err sync_knock(struct bl602 *s, struct sync_clock *c, unsigned n)
{
    enum pf_err err;

    PF_TRY(sync_pass(s, c));
    s->peer = BL602_NOBODY;
    err = bl602_train(s, TRAIN_WAIT_US);
    if (!err)
        err = bl602_probe(s);
    else if (err == PF_ERR_TIMEOUT && n % ASK_EVERY == 0)
        err = sync_none(sync_ask_info(s, TRAIN_WAIT_US));
    PF_TRY(err);
    return s->peer == BL602_NOBODY ? PF_ERR_TIMEOUT : PF_OK;
}

static enum pf_err sync_round(struct bl602 *s, struct sync_clock *c)
{
    uint64_t end = bl602_now(s) + ROUND_US;

    for (unsigned n = 1; bl602_now(s) < end; n++) {
        enum pf_err err = sync_knock(s, c, n);

        if (!err && s->resets && n <= RESET_SEEN_MAX)
            s->reset_worked = (int)(c->round % s->resets);
        if (err != PF_ERR_TIMEOUT)
            return err;
    }
    return PF_ERR_TIMEOUT;
}

/* Leave the line alone: sessions that were opened at a wrong rate lapse. A byte
 * from the device says that somebody has touched it: no need to wait longer. */
static enum pf_err sync_quiet(struct bl602 *s, struct sync_clock *c)
{
    uint64_t end = bl602_now(s) + (c->round == LONG_HUSH_AT ? LONG_HUSH_US : BL602_ROM_IDLE_US);

    while (bl602_now(s) < end) {
        uint64_t slice = bl602_now(s) + TRAIN_WAIT_US;
        enum pf_err err;

        PF_TRY(sync_pass(s, c));
        err = bl602_fill(s, slice < end ? slice : end);
        if (err != PF_ERR_TIMEOUT) {
            PF_TRY(err);
            return bl602_discard(s);
        }
    }
    return PF_OK;
}

static enum pf_err sync_reset(struct bl602 *s, const struct sync_clock *c)
{
    if (!s->resets)
        return PF_OK;
    PF_TRY(pf_steps_run(s->base.ctx, s->base.port, &s->reset[c->round % s->resets], true));
    /* Whatever was open is gone, and so is a rate the steps may have set. */
    return bl602_discard(s);
}

static enum pf_err sync_rounds(struct bl602 *s, struct sync_clock *c)
{
    enum pf_err early = PF_ERR_TIMEOUT;

    /* Who waits already need not be reset; and a reset that is followed by an
     * answer has then been seen to work. */
    PF_TRY(bl602_port_baud(s, s->boot_baud));
    for (unsigned n = 1; n <= EARLY && early == PF_ERR_TIMEOUT; n++)
        early = sync_knock(s, c, n);
    if (early != PF_ERR_TIMEOUT)
        return early;
    for (;; c->round++) {
        bool slow = !s->boot_baud_given && c->round / 2 % 2; /* each role at either rate */
        enum pf_err err;

        PF_TRY(sync_reset(s, c));
        PF_TRY(bl602_port_baud(s, slow ? BL602_ROM_BAUD_SLOW : s->boot_baud));
        err = sync_round(s, c);
        if (err == PF_ERR_TIMEOUT)
            err = sync_quiet(s, c);
        else
            return err;
        PF_TRY(err);
    }
}

enum pf_err bl602_sync(struct bl602 *s, const struct bl602_sync *how)
{
    struct bl602_diag diag = {.heard.len = 0};
    struct sync_clock c = {.how = how, .start = bl602_now(s)};
    enum pf_err err;

    c.guide = c.start + GUIDE_US;
    PF_TRY(bl602_discard(s));
    s->diag = &diag;
    if (how->guide)
        bl602_sync_event(s, "waiting", c.start, "waiting for a BL602 to answer");
    err = sync_rounds(s, &c);
    if (err == PF_ERR_SYNC) {
        char why[PF_TEXT_MAX];

        bl602_diagnose(&diag, s->base.id.baud, why, sizeof why);
        err = pf_fail(s->base.ctx, PF_ERR_SYNC, "%s", why);
    } else if (!err && how->guide) {
        bl602_sync_event(s, "linked", c.start,
                         s->peer == BL602_ROM ? "linked to the boot ROM" : "linked to a loader");
    }
    s->diag = NULL;
    return err;
}
