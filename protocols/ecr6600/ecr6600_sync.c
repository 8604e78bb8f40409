/* ecr6600_sync.c - getting in: from whatever the device does to a running stub.
 *
 * The boot loader in flash listens for 100 ms before it starts a good
 * application, some tens of milliseconds after a reset. A sync frame every
 * 20 ms meets that window at least four times, and leaves each answer the time
 * to come before the next frame: one that is sent after the answer is read as
 * part of a header. All periods are figures here, all resets are steps. */
#include "ecr6600/ecr6600_session.h"

#include "stream/stream_session.h"
#include <string.h>

#define POLL_US       UINT64_C(20000) /* between two sync frames */
#define RESET_US      UINT64_C(1500000)
#define RESET_LONG_US UINT64_C(3000000)
#define LISTEN_US                                                                                  \
    UINT64_C(1200000) /* at least, after a reset: a loader without a good
                                           application listens for a second, again and again */
#define GUIDE_US      UINT64_C(10000000)
#define DRAIN_US      UINT64_C(30000)
#define LIVE_US       UINT64_C(200000)
#define BAD_POLLS_MIN 2u /* a group of 12 bytes is three frames: FF comes every third */
#define BAD_POLLS_MAX 4u

/* What is done to the chip, in turn. A row that the port cannot do is another. */
static const struct {
    bool lines, power;
    uint64_t period_us;
} sync_rungs[] = {
    {true, false, RESET_US},
    {true, false, RESET_US},
    {true, false, RESET_US},
    {true, true, RESET_LONG_US}, /* the application may have switched the reset pad off */
};
#define RUNGS (sizeof sync_rungs / sizeof sync_rungs[0])

static const char sync_hint_power[] =
    "switch the module's 3.3 V on now, about half a second after the start, or touch RST to GND "
    "for a moment; repeat it every few seconds while this runs. Wiring: adapter TX to RX0 (GPIO5), "
    "RX to TX0 (GPIO6), GND to GND, 3.3 V only";
static const char sync_hint_reset[] =
    "no answer yet: switch the 3.3 V off and on, or touch RST to GND, while this runs (adapter RTS "
    "wired to RST does it by itself). Wiring: adapter TX to RX0 (GPIO5), RX to TX0 (GPIO6), GND to "
    "GND, 3.3 V only";

struct sync_state {
    uint64_t start, reset, guide;
    unsigned rung;
    unsigned polls_since_bad; /* since a lone FF; 0: none */
    unsigned rounds;          /* uploads that led to nothing */
};

void ecr6600_sync_event(struct ecr6600 *s, uint64_t start, const char *state, const char *text)
{
    const struct pf_field field[] = {
        PF_F_STR("state", state),
        PF_F_UINT("attempts", s->base.id.attempts),
        PF_F_REAL("elapsed_s", (double)(ecr6600_now(s) - start) / 1e6),
    };
    struct pf_event ev = {
        .kind = PF_EV_SYNC,
        .text = text,
        .fields = field,
        .nfields = sizeof field / sizeof field[0],
    };

    pf_emit(s->base.ctx, &ev);
}

static bool sync_can_reset(const struct ecr6600 *s)
{
    return s->reset.count || s->power.count;
}

static enum pf_err sync_reset(struct ecr6600 *s, struct sync_state *c)
{
    bool lines = s->reset.count > 0, power = s->power.count > 0;
    uint64_t period = sync_rungs[c->rung].period_us, now;

    if (!lines) /* each is a power cycle, and takes its time */
        period = RESET_LONG_US;
    s->diag->resets++;
    if (lines)
        PF_TRY(pf_steps_run(s->base.ctx, s->base.port, &s->reset, true));
    if (power && (!lines || sync_rungs[c->rung].power))
        PF_TRY(pf_steps_run(s->base.ctx, s->base.port, &s->power, true));
    c->rung = (c->rung + 1) % RUNGS;
    now = ecr6600_now(s);
    c->reset += period;
    if (c->reset < now + LISTEN_US)
        c->reset = now + LISTEN_US;
    c->polls_since_bad = 0;
    return PF_OK;
}

static enum pf_err sync_help_along(struct ecr6600 *s, const struct ecr6600_sync *how,
                                   struct sync_state *c)
{
    PF_TRY(pf_check_cancel(s->base.ctx));
    if (how->guide && ecr6600_now(s) >= c->guide) {
        ecr6600_sync_event(s, c->start, "waiting",
                           sync_can_reset(s) ? sync_hint_reset : sync_hint_power);
        c->guide += GUIDE_US;
    }
    if (sync_can_reset(s) && ecr6600_now(s) >= c->reset)
        return sync_reset(s, c);
    return PF_OK;
}

/* What came back for one frame. */
enum sync_heard { HEARD_NOTHING, HEARD_SYNC, HEARD_BAD, HEARD_OTHER };

/* One frame of the train; returns when it is time for the next, or at once when
 * the loader may have answered. */
static enum pf_err sync_poll(struct ecr6600 *s, enum sync_heard *heard)
{
    uint64_t next = ecr6600_now(s) + POLL_US;
    uint8_t buf[64], last = 0;
    size_t total = 0;

    *heard = HEARD_NOTHING;
    s->base.id.attempts++;
    PF_TRY(ecr6600_put(s, ecr6600_sync_bytes, sizeof ecr6600_sync_bytes));
    do {
        size_t got;
        enum pf_err err = ecr6600_take(s, buf, sizeof buf, next, &got);

        if (err == PF_ERR_TIMEOUT)
            break;
        if (err)
            return err;
        total += got;
        last = buf[got - 1];
        if (last == ECR6600_LOADER_SYNC) {
            *heard = HEARD_SYNC;
            return PF_OK;
        }
    } while (ecr6600_now(s) < next);
    if (total)
        *heard = total == 1 && last == ECR6600_LOADER_BAD ? HEARD_BAD : HEARD_OTHER;
    return PF_OK;
}

/* An answer is followed by silence; a byte 01 amid text is not one. */
static enum pf_err sync_is_quiet(struct ecr6600 *s, bool *quiet)
{
    uint64_t deadline = ecr6600_now(s) + ecr6600_scaled(s, DRAIN_US);
    uint8_t byte;
    size_t got;
    enum pf_err err = ecr6600_take(s, &byte, 1, deadline, &got);

    *quiet = err == PF_ERR_TIMEOUT;
    return *quiet ? PF_OK : err;
}

/* Is the loader past its sync? A lone FF may be the glitch of a supply that
 * comes up, and the window is about to open then; two in step with the groups
 * of the header are not. */
static bool sync_is_past(struct sync_state *c, enum sync_heard heard)
{
    unsigned n = c->polls_since_bad;

    if (heard == HEARD_BAD) {
        c->polls_since_bad = 1;
        return n >= BAD_POLLS_MIN + 1 && n <= BAD_POLLS_MAX + 1;
    }
    c->polls_since_bad = n && heard == HEARD_NOTHING && n <= BAD_POLLS_MAX ? n + 1 : 0;
    return false;
}

/* The loader has said something. PF_ERR_TIMEOUT: go on with the train. */
static enum pf_err sync_enter(struct ecr6600 *s, struct sync_state *c, bool lost)
{
    unsigned uploads = s->diag->uploads;
    uint64_t answered = ecr6600_now(s);
    enum pf_err err;

    if (!lost) {
        bool quiet;

        PF_TRY(sync_is_quiet(s, &quiet));
        if (!quiet)
            return PF_ERR_TIMEOUT;
    }
    s->diag->synced++;
    err = ecr6600_upload(s, lost);
    if (!err)
        s->base.id.synced_us = answered;
    if (err != PF_ERR_TIMEOUT && err != PF_ERR_PROTOCOL)
        return err;
    c->reset = ecr6600_now(s); /* nothing but a reset helps */
    c->rounds += s->diag->uploads != uploads;
    if (c->rounds == ECR6600_ROUNDS_MAX)
        return pf_fail(s->base.ctx, PF_ERR_PROTOCOL,
                       "the loader took the stub %u times, but then nothing answers%s: is the "
                       "file a stub for the ECR6600, is the 3.3 V supply strong enough?",
                       c->rounds, s->flash_text ? " (it said \"flash!\")" : "");
    pf_retry(s->base.ctx, "sync", PF_ERR_TIMEOUT,
             "the loader answered, but the stub did not get in; trying again");
    return PF_ERR_TIMEOUT;
}

static enum pf_err sync_train(struct ecr6600 *s, const struct ecr6600_sync *how,
                              struct sync_state *c)
{
    for (;;) {
        enum sync_heard heard;
        enum pf_err err = PF_ERR_TIMEOUT;

        PF_TRY(sync_help_along(s, how, c));
        PF_TRY(sync_poll(s, &heard));
        if (heard == HEARD_SYNC || sync_is_past(c, heard))
            err = sync_enter(s, c, heard != HEARD_SYNC);
        if (err != PF_ERR_TIMEOUT)
            return err;
        if (how->timeout_us && ecr6600_now(s) - c->start >= how->timeout_us)
            return PF_ERR_SYNC;
    }
}

static enum pf_err sync_failed(struct ecr6600 *s)
{
    char why[PF_TEXT_MAX];

    ecr6600_diagnose(s->diag, s->base.id.baud, why, sizeof why);
    return pf_fail(s->base.ctx, PF_ERR_SYNC, "%s", why);
}

enum pf_err ecr6600_sync(struct ecr6600 *s, const struct ecr6600_sync *how)
{
    struct ecr6600_diag diag = {.heard.len = 0};
    uint64_t now = ecr6600_now(s);
    struct sync_state c = {.start = now, .reset = now, .guide = now};
    enum pf_err err;

    PF_TRY(ecr6600_discard(s));
    s->diag = &diag;
    if (how->guide && sync_can_reset(s)) {
        ecr6600_sync_event(s, c.start, "waiting", "waiting for an ECR6600 to answer");
        c.guide += GUIDE_US;
    }
    err = sync_train(s, how, &c);
    if (err == PF_ERR_SYNC)
        err = sync_failed(s);
    s->diag = NULL;
    return err;
}

/* a stub that runs ---------------------------------------------------------- */

/* A stub of ours whose host has gone without a word speaks another language yet. */
static enum pf_err sync_end_stream(struct ecr6600 *s, uint64_t wait_us)
{
    PF_TRY(stream_silence(s->base.ctx, s->base.port, s->base.id.baud));
    return ecr6600_hello(s, 1, wait_us);
}

enum pf_err ecr6600_find_live(struct ecr6600 *s, uint64_t deadline, bool repeat)
{
    const bool can = s->base.port->caps & PF_CAP_BAUD;
    const uint32_t fast =
        s->asked_baud ? ecr6600_good_baud(s->base.chip, s->asked_baud) : s->base.chip->baud.fast;
    const uint32_t rate[2] = {s->boot_baud, fast};
    enum pf_err err = PF_ERR_TIMEOUT;

    for (unsigned i = 0; err == PF_ERR_TIMEOUT; i++) {
        uint64_t wait = LIVE_US, now = ecr6600_now(s);

        if (i >= (can ? 2u : 1u) && (!repeat || now >= deadline))
            break;
        if (now + wait > deadline && now < deadline)
            wait = deadline - now;
        if (can)
            PF_TRY(ecr6600_port_baud(s, rate[i % 2]));
        /* It may wait for the rest of a request whose sender has gone. */
        PF_TRY(ecr6600_put_fill(s, 0xff, ECR6600_FILLER));
        err = ecr6600_hello(s, 1, wait);
        s->base.id.attempts++;
        if (err == PF_ERR_TIMEOUT && s->base.id.baud == fast)
            err = sync_end_stream(s, wait);
    }
    if (err == PF_ERR_TIMEOUT) {
        PF_TRY(ecr6600_port_baud(s, s->boot_baud));
        return PF_ERR_SYNC;
    }
    return err;
}
