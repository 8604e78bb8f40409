/* fake_transport.c - see fake_transport.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/fake_transport.h"

static struct fake *fake_of(struct pf_transport *t)
{
    return (struct fake *)(void *)t;
}

static void fake_log(struct fake *f, enum fake_kind kind, unsigned value, size_t len)
{
    if (f->nlog < FAKE_LOG)
        f->log[f->nlog++] =
            (struct fake_logged){.kind = kind, .at = f->now, .value = value, .len = len};
}

static void fake_print(const char *label, const uint8_t *bytes, size_t len)
{
    print_error("%s", label);
    for (size_t i = 0; i < len && i < 64; i++)
        print_error(" %02x", bytes[i]);
    print_error("%s\n", len > 64 ? " ..." : "");
}

void fake_chip(struct fake *f, uint64_t after_us, const void *bytes, size_t len)
{
    uint64_t at = f->now + after_us;
    const uint8_t *p = bytes;

    if (f->mute)
        return;
    if (f->tail > f->head && f->queue[(f->tail - 1) % FAKE_QUEUE].at > at)
        at = f->queue[(f->tail - 1) % FAKE_QUEUE].at;
    for (size_t i = 0; i < len; i++) {
        assert_true(f->tail - f->head < FAKE_QUEUE);
        f->queue[f->tail % FAKE_QUEUE].at = at;
        f->queue[f->tail % FAKE_QUEUE].byte = p[i];
        f->tail++;
    }
}

/* Play what the chip does without being asked. */
static void fake_advance(struct fake *f)
{
    while (f->step && f->step->kind == FAKE_CHIP) {
        fake_chip(f, f->step->us, f->step->bytes, f->step->len);
        f->step++;
    }
}

static void fake_expect(struct fake *f, enum fake_kind kind, unsigned value, const char *what)
{
    fake_log(f, kind, value, 0);
    if (f->device_set)
        f->device_set(f->user, f, kind, value);
    if (!f->step)
        return;
    if (f->step->kind != kind || f->step->value != value) {
        print_error("at %llu us: unexpected %s %u (step kind %d, value %u)\n",
                    (unsigned long long)f->now, what, value, f->step->kind, f->step->value);
        fail();
    }
    f->step++;
    fake_advance(f);
}

static void fake_match(struct fake *f, const uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (f->step->kind != FAKE_HOST || f->step->bytes[f->step_at] != buf[i]) {
            print_error("at %llu us, byte %zu of a write, step kind %d:\n",
                        (unsigned long long)f->now, i, f->step->kind);
            fake_print("  written:", buf, len);
            if (f->step->kind == FAKE_HOST)
                fake_print("  expected:", f->step->bytes, f->step->len);
            fail();
        }
        if (++f->step_at == f->step->len) {
            f->step++;
            f->step_at = 0;
            fake_advance(f);
        }
    }
}

static enum pf_err fake_write(struct pf_transport *t, const uint8_t *buf, size_t len)
{
    struct fake *f = fake_of(t);

    if (f->vanished)
        return pf_fail(t->ctx, PF_ERR_IO, "the port is gone");
    fake_log(f, FAKE_HOST, buf[0], len);
    f->now += len * f->byte_us;
    if (f->step)
        fake_match(f, buf, len);
    if (f->device)
        f->device(f->user, f, buf, len);
    return PF_OK;
}

static enum pf_err fake_read(struct pf_transport *t, uint8_t *buf, size_t cap, uint64_t deadline,
                             size_t *got)
{
    struct fake *f = fake_of(t);
    size_t n = 0;

    *got = 0;
    if (f->vanished)
        return pf_fail(t->ctx, PF_ERR_IO, "the port is gone");
    if (f->head == f->tail || f->queue[f->head % FAKE_QUEUE].at > f->now) {
        uint64_t at = f->head == f->tail ? UINT64_MAX : f->queue[f->head % FAKE_QUEUE].at;

        if (at > deadline) {
            if (f->now < deadline)
                f->now = deadline;
            return PF_ERR_TIMEOUT;
        }
        f->now = at;
    }
    if (f->fragment && cap > f->fragment)
        cap = f->fragment;
    while (n < cap && f->head < f->tail && f->queue[f->head % FAKE_QUEUE].at <= f->now)
        buf[n++] = f->queue[f->head++ % FAKE_QUEUE].byte;
    *got = n;
    return PF_OK;
}

static enum pf_err fake_drain(struct pf_transport *t)
{
    return fake_of(t)->vanished ? pf_fail(t->ctx, PF_ERR_IO, "the port is gone") : PF_OK;
}

static enum pf_err fake_set_baud(struct pf_transport *t, uint32_t baud)
{
    fake_of(t)->baud = baud;
    fake_expect(fake_of(t), FAKE_BAUD, baud, "baud rate");
    return PF_OK;
}

static enum pf_err fake_set_lines(struct pf_transport *t, unsigned lines)
{
    fake_of(t)->lines = lines;
    fake_expect(fake_of(t), FAKE_LINES, lines, "lines");
    return PF_OK;
}

static enum pf_err fake_set_power(struct pf_transport *t, bool on)
{
    fake_expect(fake_of(t), FAKE_POWER, on, "power");
    return PF_OK;
}

static enum pf_err fake_discard(struct pf_transport *t)
{
    struct fake *f = fake_of(t);

    while (f->head < f->tail && f->queue[f->head % FAKE_QUEUE].at <= f->now)
        f->head++;
    return PF_OK;
}

static uint64_t fake_now(struct pf_transport *t)
{
    return fake_of(t)->now;
}

static void fake_sleep(struct pf_transport *t, uint64_t us)
{
    fake_of(t)->now += us;
}

static void fake_free(struct pf_transport *t)
{
    free(fake_of(t));
}

static const struct pf_transport_ops fake_ops = {
    .name = "fake",
    .read = fake_read,
    .write = fake_write,
    .drain = fake_drain,
    .set_baud = fake_set_baud,
    .set_lines = fake_set_lines,
    .set_power = fake_set_power,
    .discard_input = fake_discard,
    .now = fake_now,
    .sleep = fake_sleep,
    .close = fake_free,
};

static bool fake_sink(void *user, const struct pf_event *ev)
{
    struct fake *f = user;

    f->events[ev->kind]++;
    if (ev->text)
        snprintf(f->last_text[ev->kind], sizeof f->last_text[0], "%s", ev->text);
    return !f->cancel_after || --f->cancel_after;
}

struct fake *fake_open(const struct fake_step *script)
{
    struct fake *f = calloc(1, sizeof *f);

    assert_non_null(f);
    f->port.ops = &fake_ops;
    f->port.ctx = &f->ctx;
    f->port.caps = PF_CAP_BAUD | PF_CAP_LINES | PF_CAP_SIMULATED;
    f->ctx.sink = fake_sink;
    f->ctx.user = f;
    f->ctx.clock = &f->port;
    f->step = script;
    f->baud = 115200;
    fake_advance(f);
    return f;
}

void fake_finish(struct fake *f)
{
    if (f->step && f->step->kind != FAKE_DONE) {
        print_error("the script was not played to its end: step kind %d is next\n", f->step->kind);
        if (f->step->kind == FAKE_HOST)
            fake_print("  expected:", f->step->bytes, f->step->len);
        fail();
    }
}

void fake_close(struct fake *f)
{
    f->port.ops->close(&f->port);
}
