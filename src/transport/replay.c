/* replay.c - plays a trace back on a virtual clock, in the place of the device.
 *
 * What the host does (bytes, baud, lines, power) must come in the order and
 * with the values recorded; the first difference is PF_ERR_IO with its
 * position, and the port stays gone. How it cuts its bytes into calls, and when
 * it drains, discards or polls, does not matter. What the device sent is
 * available from its recorded time on. The clock stands still while the host
 * computes: it moves by waiting, and to the recorded time of what the host does. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transport/backends.h"
#include "transport/trace.h"

#define FILE_MAX (256u << 20)

struct replay {
    struct pf_transport base;
    char *text;
    size_t len, pos;
    unsigned line;            /* of `ev`, from 1 */
    struct pf_trace_event ev; /* the next one, with have */
    bool have;
    size_t ev_used; /* bytes of it already met */
    uint8_t *rx;    /* sent by the device before the host asked */
    size_t rx_len, rx_at;
    uint64_t sent; /* host bytes met so far */
    uint64_t now;
    enum pf_err gone; /* sticky */
};

static struct replay *self(struct pf_transport *t)
{
    return (struct replay *)t;
}

/* The line at r->pos; false at the end. The file was checked when opened. */
static bool next_line(struct replay *r)
{
    const char *begin = r->text + r->pos;
    const char *newline;
    size_t len;

    if (r->pos >= r->len)
        return false;
    newline = memchr(begin, '\n', r->len - r->pos);
    len = newline ? (size_t)(newline - begin) : r->len - r->pos;
    r->pos += len + 1;
    r->line++;
    r->ev_used = 0;
    r->have = pf_trace_parse_line(begin, len, &r->ev) == PF_OK;
    return true;
}

/* The next event that is not a comment; NULL at the end. */
static struct pf_trace_event *peek(struct replay *r)
{
    while (!r->have || r->ev.kind <= PF_TRACE_PORT) {
        r->have = false;
        if (!next_line(r))
            return NULL;
    }
    return &r->ev;
}

static void reach(struct replay *r, uint64_t at_us)
{
    if (at_us > r->now)
        r->now = at_us;
}

static enum pf_err lose(struct replay *r, enum pf_err err)
{
    r->gone = err;
    return err;
}

static enum pf_err alive(struct replay *r)
{
    if (r->gone)
        return pf_fail(r->base.ctx, r->gone, "the replay has ended at line %u", r->line);
    return PF_OK;
}

/* After a call: the failure recorded for it, if any. */
static enum pf_err outcome(struct replay *r)
{
    struct pf_trace_event *ev = peek(r);
    enum pf_err err;

    if (!ev || ev->kind != PF_TRACE_ERROR)
        return PF_OK;
    reach(r, ev->at_us);
    err = ev->err;
    r->have = false;
    pf_fail(r->base.ctx, err, "line %u of the trace: %s", r->line, pf_err_name(err));
    return err == PF_ERR_IO ? lose(r, err) : err;
}

/* The next thing the host did, past what it read and polled: those bytes have
 * arrived and wait in rx. NULL at the end of the trace. */
static enum pf_err next_action(struct replay *r, struct pf_trace_event **out)
{
    struct pf_trace_event *ev;

    *out = NULL;
    PF_TRY(alive(r));
    while ((ev = peek(r))) {
        switch (ev->kind) {
        case PF_TRACE_WRITE:
        case PF_TRACE_LINES:
        case PF_TRACE_BAUD:
        case PF_TRACE_POWER:
            reach(r, ev->at_us);
            *out = ev;
            return PF_OK;
        case PF_TRACE_READ:
            memcpy(r->rx + r->rx_len, ev->bytes + r->ev_used, ev->len - r->ev_used);
            r->rx_len += ev->len - r->ev_used;
            break;
        case PF_TRACE_ERROR:
            PF_TRY(outcome(r));
            break;
        default:
            break;
        }
        r->have = false;
    }
    return PF_OK;
}

static enum pf_err differs(struct replay *r, const char *expected, const char *got)
{
    pf_fail(r->base.ctx, PF_ERR_IO,
            "the trace differs at line %u (after %" PRIu64 " bytes sent): it has %s, the host %s",
            r->line, r->sent, expected, got);
    return lose(r, PF_ERR_IO);
}

static void describe(const struct pf_trace_event *ev, size_t skip, char *text, size_t cap)
{
    size_t used = 0;

    if (!ev) {
        snprintf(text, cap, "ended");
        return;
    }
    switch (ev->kind) {
    case PF_TRACE_LINES:
        snprintf(text, cap, "L %u %u", ev->value & 1, ev->value >> 1 & 1);
        return;
    case PF_TRACE_BAUD:
        snprintf(text, cap, "B %u", ev->value);
        return;
    case PF_TRACE_POWER:
        snprintf(text, cap, "P %u", ev->value);
        return;
    default:
        used = (size_t)snprintf(text, cap, "> ");
        for (size_t i = skip; i < ev->len && i < skip + 16 && used + 3 < cap; i++)
            used += (size_t)snprintf(text + used, cap - used, "%02x", ev->bytes[i]);
    }
}

static enum pf_err replay_write(struct pf_transport *t, const uint8_t *buf, size_t len)
{
    struct replay *r = self(t);

    while (len > 0) {
        struct pf_trace_event *ev, host = {.kind = PF_TRACE_WRITE};
        size_t n, same = 0;
        char want[64], got[64];

        PF_TRY(next_action(r, &ev));
        n = ev && ev->kind == PF_TRACE_WRITE ? ev->len - r->ev_used : 0;
        n = n < len ? n : len;
        while (same < n && buf[same] == ev->bytes[r->ev_used + same])
            same++;
        r->sent += same;
        if (same < n || n == 0) {
            host.len = len - same < 16 ? len - same : 16;
            memcpy(host.bytes, buf + same, host.len);
            describe(ev, r->ev_used + same, want, sizeof want);
            describe(&host, 0, got, sizeof got);
            return differs(r, want, got);
        }
        buf += n;
        len -= n;
        r->ev_used += n;
        if (r->ev_used == ev->len)
            r->have = false;
    }
    return r->have && r->ev_used ? PF_OK : outcome(r);
}

static enum pf_err meet(struct replay *r, enum pf_trace_kind kind, uint32_t value)
{
    struct pf_trace_event *ev, host = {.kind = kind, .value = value};
    char want[64], got[64];

    PF_TRY(next_action(r, &ev));
    if (!ev || ev->kind != kind || ev->value != value) {
        describe(ev, r->ev_used, want, sizeof want);
        describe(&host, 0, got, sizeof got);
        return differs(r, want, got);
    }
    r->have = false;
    return outcome(r);
}

static enum pf_err replay_set_baud(struct pf_transport *t, uint32_t baud)
{
    return meet(self(t), PF_TRACE_BAUD, baud);
}

static enum pf_err replay_set_lines(struct pf_transport *t, unsigned lines)
{
    return meet(self(t), PF_TRACE_LINES, lines & (PF_LINE_DTR | PF_LINE_RTS));
}

static enum pf_err replay_set_power(struct pf_transport *t, bool on)
{
    return meet(self(t), PF_TRACE_POWER, on);
}

/* Pass events that carry no bytes and lie before `until`. */
static struct pf_trace_event *skip_idle(struct replay *r, uint64_t until)
{
    struct pf_trace_event *ev;

    while ((ev = peek(r)) && ev->at_us <= until &&
           (ev->kind == PF_TRACE_TIMEOUT || ev->kind == PF_TRACE_DRAIN ||
            ev->kind == PF_TRACE_DISCARD))
        r->have = false;
    return ev;
}

static enum pf_err replay_read(struct pf_transport *t, uint8_t *buf, size_t cap, uint64_t deadline,
                               size_t *got)
{
    struct replay *r = self(t);
    struct pf_trace_event *ev;

    *got = 0;
    if (cap == 0)
        return PF_OK;
    if (r->rx_len > r->rx_at) {
        *got = r->rx_len - r->rx_at < cap ? r->rx_len - r->rx_at : cap;
        memcpy(buf, r->rx + r->rx_at, *got);
        r->rx_at += *got;
        return PF_OK;
    }
    PF_TRY(alive(r));
    ev = skip_idle(r, deadline > r->now ? deadline : r->now);
    if (!ev) {
        pf_fail(t->ctx, PF_ERR_IO, "the trace ends at line %u", r->line);
        return lose(r, PF_ERR_IO);
    }
    if (ev->kind == PF_TRACE_ERROR)
        return outcome(r);
    if (ev->kind != PF_TRACE_READ || ev->at_us > (deadline > r->now ? deadline : r->now)) {
        reach(r, deadline);
        return pf_fail(t->ctx, PF_ERR_TIMEOUT, "the trace has nothing to read here");
    }
    reach(r, ev->at_us);
    *got = ev->len - r->ev_used < cap ? ev->len - r->ev_used : cap;
    memcpy(buf, ev->bytes + r->ev_used, *got);
    r->ev_used += *got;
    if (r->ev_used == ev->len)
        r->have = false;
    return PF_OK;
}

static enum pf_err replay_drain(struct pf_transport *t)
{
    struct replay *r = self(t);

    PF_TRY(alive(r));
    return PF_OK;
}

/* What had arrived by now is dropped; with the recorded discard, what had
 * arrived by then. */
static enum pf_err replay_discard(struct pf_transport *t)
{
    struct replay *r = self(t);
    struct pf_trace_event *ev;

    PF_TRY(alive(r));
    r->rx_at = r->rx_len;
    while ((ev = peek(r)) && (ev->kind == PF_TRACE_TIMEOUT || ev->kind == PF_TRACE_DRAIN ||
                              (ev->kind == PF_TRACE_READ && ev->at_us <= r->now)))
        r->have = false;
    if (ev && ev->kind == PF_TRACE_DISCARD) {
        reach(r, ev->at_us);
        r->have = false;
    }
    return PF_OK;
}

static uint64_t replay_now(struct pf_transport *t)
{
    return self(t)->now;
}

static void replay_sleep(struct pf_transport *t, uint64_t us)
{
    self(t)->now += us;
}

static void replay_close(struct pf_transport *t)
{
    free(self(t)->text);
    free(self(t)->rx);
    free(t);
}

static const struct pf_transport_ops replay_ops = {
    .name = "replay",
    .read = replay_read,
    .write = replay_write,
    .drain = replay_drain,
    .set_baud = replay_set_baud,
    .set_lines = replay_set_lines,
    .set_power = replay_set_power,
    .discard_input = replay_discard,
    .now = replay_now,
    .sleep = replay_sleep,
    .close = replay_close,
};

static enum pf_err load(struct replay *r, const char *path)
{
    FILE *f = fopen(path, "re");
    size_t cap = 65536, n;

    if (!f)
        return pf_fail(r->base.ctx, PF_ERR_FILE, "cannot read %.200s: %s", path, strerror(errno));
    r->text = malloc(cap);
    while (r->text && (n = fread(r->text + r->len, 1, cap - r->len, f)) > 0) {
        r->len += n;
        if (r->len == cap && cap < FILE_MAX) {
            char *more = realloc(r->text, cap * 2);

            if (!more)
                break;
            r->text = more;
            cap *= 2;
        }
    }
    n = (size_t)ferror(f);
    fclose(f);
    if (n)
        return pf_fail(r->base.ctx, PF_ERR_FILE, "cannot read %.200s", path);
    if (!r->text || r->len == cap)
        return pf_fail(r->base.ctx, r->len >= FILE_MAX ? PF_ERR_FILE : PF_ERR_NOMEM,
                       "%.200s is too big", path);
    return PF_OK;
}

/* Every line must parse, the header come first and time never run back. */
static enum pf_err check(struct replay *r, const char *path)
{
    uint64_t last = 0;
    size_t received = 0;

    while (next_line(r)) {
        bool right = r->have;

        if (r->line <= 2)
            right = right && r->ev.kind == (r->line == 1 ? PF_TRACE_MAGIC : PF_TRACE_PORT);
        else
            right = right && r->ev.kind != PF_TRACE_MAGIC && r->ev.kind != PF_TRACE_PORT;
        if (r->ev.kind > PF_TRACE_PORT) {
            right = right && r->ev.at_us >= last;
            last = r->ev.at_us;
        }
        if (!right)
            return pf_fail(r->base.ctx, PF_ERR_FILE, "%.200s is not a trace: line %u", path,
                           r->line);
        received += r->ev.kind == PF_TRACE_READ ? r->ev.len : 0;
    }
    if (r->line < 2)
        return pf_fail(r->base.ctx, PF_ERR_FILE, "%.200s is not a trace: it is too short", path);
    r->rx = malloc(received ? received : 1);
    if (!r->rx)
        return pf_fail(r->base.ctx, PF_ERR_NOMEM, "no memory for a replay");
    r->pos = r->line = 0;
    r->have = false;
    return PF_OK;
}

enum pf_err pf_replay_open(struct pf_ctx *ctx, const char *path, struct pf_transport **out)
{
    struct replay *r = calloc(1, sizeof *r);
    enum pf_err err;

    *out = NULL;
    if (!r)
        return pf_fail(ctx, PF_ERR_NOMEM, "no memory for a replay");
    r->base = (struct pf_transport){
        .ops = &replay_ops,
        .ctx = ctx,
        .caps = PF_CAP_BAUD | PF_CAP_LINES | PF_CAP_POWER | PF_CAP_SIMULATED,
    };
    err = load(r, path);
    if (!err)
        err = check(r, path);
    if (err) {
        replay_close(&r->base);
        return err;
    }
    *out = &r->base;
    return PF_OK;
}
