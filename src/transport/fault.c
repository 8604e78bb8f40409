/* fault.c - one fault at one I/O call, for tests that sweep over all of them.
 *
 * Counted are the calls of read, write and drain, in the order they are made,
 * from 0. The call with index `at` is the one; `fired` is set when it is made,
 * whether or not it had any bytes to spoil (a drain has none, nor has a read
 * that times out). So a sweep is past the end when a run leaves `fired` unset,
 * and `calls` says how many calls that run made.
 *
 *             at a write                          at a read
 *   DROP      first byte not sent                 first byte received is lost; if it was
 *                                                 the only one, the read goes on
 *   FLIP      bit seed % (8 * length) inverted    likewise, of what came in this call
 *   DUP       first byte sent twice               first byte received twice
 *   NOISE     1 to 16 bytes sent before the data  likewise received before what came
 *   SILENCE   nothing is sent; PF_OK              what came is lost; the read goes on
 *                                                 until its deadline
 *   DELAY     sent before the next write's bytes  kept for the next read; this one ends at
 *                                                 its deadline with PF_ERR_TIMEOUT.
 *                                                 discard_input() does not reach it: it is
 *                                                 still on its way
 *   ECHO      sent, and received as well          nothing
 *   TRICKLE   from here on every read gives at most one byte
 *   VANISH    from here on everything is PF_ERR_IO
 *
 * No fault at a read that came to nothing spoils a later call. */
#include <stdlib.h>
#include <string.h>

#include "plugflash/transport.h"

#define HELD_MAX      (1u << 20) /* more than any write or read of ours */
#define LONGEST_WAIT  60000000u  /* a delayed read without a deadline must end, too */
#define READ_ATTEMPTS 4096       /* of silenced portions in one read */

struct held {
    uint8_t *bytes;
    size_t len;
};

struct faulty {
    struct pf_transport base;
    struct pf_transport *under;
    struct pf_fault *fault;
    struct held rx;   /* received, not yet read: duplicates, noise, echoes */
    struct held late; /* delayed input */
    struct held tx;   /* delayed output */
    bool trickle, vanished;
};

static const char *const names[PF_FAULT_KINDS] = {
    "none", "drop", "flip", "dup", "noise", "silence", "delay", "echo", "trickle", "vanish",
};

const char *pf_fault_name(enum pf_fault_kind kind)
{
    return (unsigned)kind < PF_FAULT_KINDS ? names[kind] : "unknown";
}

static struct faulty *self(struct pf_transport *t)
{
    return (struct faulty *)t;
}

static enum pf_err hold(struct faulty *f, struct held *h, const uint8_t *bytes, size_t len)
{
    uint8_t *more;

    if (len == 0)
        return PF_OK;
    more = h->len + len <= HELD_MAX ? realloc(h->bytes, h->len + len) : NULL;
    if (!more)
        return pf_fail(f->base.ctx, PF_ERR_NOMEM, "no memory for a fault");
    memcpy(more + h->len, bytes, len);
    h->bytes = more;
    h->len += len;
    return PF_OK;
}

static size_t take(struct held *h, uint8_t *buf, size_t cap)
{
    size_t n = h->len < cap ? h->len : cap;

    if (n == 0)
        return 0;
    memcpy(buf, h->bytes, n);
    h->len -= n;
    memmove(h->bytes, h->bytes + n, h->len);
    return n;
}

static enum pf_err alive(struct faulty *f)
{
    if (f->vanished)
        return pf_fail(f->base.ctx, PF_ERR_IO, "the port vanished (fault at call %llu)",
                       (unsigned long long)f->fault->at);
    return PF_OK;
}

/* Count a call; the fault to apply to it, or PF_FAULT_NONE. */
static enum pf_fault_kind count_call(struct faulty *f)
{
    if (f->fault->calls++ != f->fault->at || f->fault->kind == PF_FAULT_NONE)
        return PF_FAULT_NONE;
    f->fault->fired = true;
    if (f->fault->kind == PF_FAULT_TRICKLE)
        f->trickle = true;
    if (f->fault->kind == PF_FAULT_VANISH)
        f->vanished = true;
    return f->fault->kind;
}

static size_t make_noise(uint32_t seed, uint8_t noise[16])
{
    uint32_t x = seed * 2654435761u + 0x9e3779b9u;
    size_t len = 1 + seed % 16;

    for (size_t i = 0; i < len; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        noise[i] = (uint8_t)(x >> 11);
    }
    return len;
}

static void flip_bit(uint32_t seed, uint8_t *bytes, size_t len)
{
    size_t at = seed % (8 * len);

    bytes[at / 8] ^= (uint8_t)(1u << at % 8);
}

/* ---- read ---- */

/* The bytes buf[0..*got) are what came in the call that is hit; at least one. */
static enum pf_err spoil_input(struct faulty *f, enum pf_fault_kind kind, uint8_t *buf, size_t cap,
                               size_t *got)
{
    uint8_t all[16];
    size_t len = *got, noise;

    switch (kind) {
    case PF_FAULT_DROP:
        memmove(buf, buf + 1, len - 1);
        *got = len - 1;
        return PF_OK;
    case PF_FAULT_FLIP:
        flip_bit(f->fault->seed, buf, len);
        return PF_OK;
    case PF_FAULT_DUP:
        PF_TRY(hold(f, &f->rx, buf, 1));
        break;
    case PF_FAULT_NOISE:
        noise = make_noise(f->fault->seed, all);
        PF_TRY(hold(f, &f->rx, all, noise));
        break;
    case PF_FAULT_SILENCE:
        *got = 0;
        return PF_OK;
    case PF_FAULT_DELAY:
        *got = 0;
        return hold(f, &f->late, buf, len);
    default:
        return PF_OK;
    }
    /* Longer than before: through the queue, since buf may be full. */
    PF_TRY(hold(f, &f->rx, buf, len));
    *got = take(&f->rx, buf, cap);
    return PF_OK;
}

static enum pf_err fault_read(struct pf_transport *t, uint8_t *buf, size_t cap, uint64_t deadline,
                              size_t *got)
{
    struct faulty *f = self(t);
    enum pf_fault_kind kind = count_call(f);
    uint64_t now;

    *got = 0;
    PF_TRY(alive(f));
    if (cap == 0)
        return PF_OK;
    cap = f->trickle ? 1 : cap;
    for (int i = 0; i < READ_ATTEMPTS && *got == 0; i++) {
        *got = take(&f->rx, buf, cap);
        if (*got == 0)
            *got = take(&f->late, buf, cap);
        if (*got == 0)
            PF_TRY(f->under->ops->read(f->under, buf, cap, deadline, got));
        if (kind == PF_FAULT_NONE)
            return PF_OK;
        PF_TRY(spoil_input(f, kind, buf, cap, got));
        if (kind == PF_FAULT_DELAY)
            break;
        if (kind != PF_FAULT_SILENCE)
            kind = PF_FAULT_NONE; /* it has bitten */
    }
    if (*got)
        return PF_OK;
    now = pf_now(f->under);
    if (deadline > now)
        pf_sleep(f->under, deadline - now < LONGEST_WAIT ? deadline - now : LONGEST_WAIT);
    return pf_fail(t->ctx, PF_ERR_TIMEOUT, "nothing came");
}

/* ---- write ---- */

static enum pf_err send_after(struct faulty *f, const uint8_t *first, size_t first_len,
                              const uint8_t *buf, size_t len)
{
    uint8_t *all = malloc(first_len + len + 1);
    enum pf_err err;

    if (!all)
        return pf_fail(f->base.ctx, PF_ERR_NOMEM, "no memory for a fault");
    memcpy(all, first, first_len);
    memcpy(all + first_len, buf, len);
    err = f->under->ops->write(f->under, all, first_len + len);
    free(all);
    return err;
}

static enum pf_err send_flipped(struct faulty *f, const uint8_t *buf, size_t len)
{
    uint8_t *all = malloc(len);
    enum pf_err err;

    if (!all)
        return pf_fail(f->base.ctx, PF_ERR_NOMEM, "no memory for a fault");
    memcpy(all, buf, len);
    flip_bit(f->fault->seed, all, len);
    err = f->under->ops->write(f->under, all, len);
    free(all);
    return err;
}

static enum pf_err fault_write(struct pf_transport *t, const uint8_t *buf, size_t len)
{
    struct faulty *f = self(t);
    enum pf_fault_kind kind = count_call(f);
    uint8_t noise[16];

    PF_TRY(alive(f));
    if (f->tx.len) {
        PF_TRY(f->under->ops->write(f->under, f->tx.bytes, f->tx.len));
        f->tx.len = 0;
    }
    if (len == 0)
        return PF_OK;
    switch (kind) {
    case PF_FAULT_DROP:
        return len > 1 ? f->under->ops->write(f->under, buf + 1, len - 1) : PF_OK;
    case PF_FAULT_FLIP:
        return send_flipped(f, buf, len);
    case PF_FAULT_DUP:
        return send_after(f, buf, 1, buf, len);
    case PF_FAULT_NOISE:
        return send_after(f, noise, make_noise(f->fault->seed, noise), buf, len);
    case PF_FAULT_SILENCE:
        return PF_OK;
    case PF_FAULT_DELAY:
        return hold(f, &f->tx, buf, len);
    case PF_FAULT_ECHO:
        PF_TRY(hold(f, &f->rx, buf, len));
        break;
    default:
        break;
    }
    return f->under->ops->write(f->under, buf, len);
}

static enum pf_err fault_drain(struct pf_transport *t)
{
    struct faulty *f = self(t);

    (void)count_call(f);
    PF_TRY(alive(f));
    return f->under->ops->drain(f->under);
}

/* ---- not counted ---- */

static enum pf_err fault_set_baud(struct pf_transport *t, uint32_t baud)
{
    PF_TRY(alive(self(t)));
    return pf_set_baud(self(t)->under, baud);
}

static enum pf_err fault_set_lines(struct pf_transport *t, unsigned lines)
{
    PF_TRY(alive(self(t)));
    return pf_set_lines(self(t)->under, lines);
}

static enum pf_err fault_set_power(struct pf_transport *t, bool on)
{
    PF_TRY(alive(self(t)));
    return pf_set_power(self(t)->under, on);
}

static enum pf_err fault_discard(struct pf_transport *t)
{
    PF_TRY(alive(self(t)));
    self(t)->rx.len = 0;
    return self(t)->under->ops->discard_input(self(t)->under);
}

static uint64_t fault_now(struct pf_transport *t)
{
    return pf_now(self(t)->under);
}

static void fault_sleep(struct pf_transport *t, uint64_t us)
{
    pf_sleep(self(t)->under, us);
}

static void fault_close(struct pf_transport *t)
{
    struct faulty *f = self(t);

    f->under->ops->close(f->under);
    free(f->rx.bytes);
    free(f->late.bytes);
    free(f->tx.bytes);
    free(f);
}

static const struct pf_transport_ops fault_ops = {
    .name = "fault",
    .read = fault_read,
    .write = fault_write,
    .drain = fault_drain,
    .set_baud = fault_set_baud,
    .set_lines = fault_set_lines,
    .set_power = fault_set_power,
    .discard_input = fault_discard,
    .now = fault_now,
    .sleep = fault_sleep,
    .close = fault_close,
};

enum pf_err pf_fault_open(struct pf_ctx *ctx, struct pf_transport *under, struct pf_fault *fault,
                          struct pf_transport **out)
{
    struct faulty *f = calloc(1, sizeof *f);

    *out = NULL;
    if (!f)
        return pf_fail(ctx, PF_ERR_NOMEM, "no memory for a fault");
    f->base = (struct pf_transport){.ops = &fault_ops, .ctx = ctx, .caps = under->caps};
    f->under = under;
    f->fault = fault;
    fault->calls = 0;
    fault->fired = false;
    *out = &f->base;
    return PF_OK;
}
