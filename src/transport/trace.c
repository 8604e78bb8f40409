/* trace.c - writes what goes through a port to a file; format: trace.h.
 *
 * The trace is an aid: a disk that fills up is warned about once and ends the
 * recording, not the flashing. */
#include "transport/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugflash/transport.h"

struct trace {
    struct pf_transport base;
    struct pf_transport *under;
    FILE *file; /* NULL after a write error */
    uint64_t last_us;
};

static struct trace *self(struct pf_transport *t)
{
    return (struct trace *)t;
}

static void check_file(struct trace *t)
{
    if (!t->file || !ferror(t->file))
        return;
    pf_warn(t->base.ctx, "the trace ends here: %s", strerror(errno));
    fclose(t->file);
    t->file = NULL;
}

static uint64_t stamp(struct trace *t)
{
    uint64_t now = pf_now(t->under);

    if (now > t->last_us)
        t->last_us = now;
    return t->last_us;
}

static void note_bytes(struct trace *t, char what, const uint8_t *bytes, size_t len)
{
    static const char digit[] = "0123456789abcdef";
    uint64_t at = stamp(t);

    while (t->file && len > 0) {
        char hex[PF_TRACE_BYTES * 2 + 1];
        size_t n = len < PF_TRACE_BYTES ? len : PF_TRACE_BYTES;

        for (size_t i = 0; i < n; i++) {
            hex[2 * i] = digit[bytes[i] >> 4];
            hex[2 * i + 1] = digit[bytes[i] & 15];
        }
        hex[2 * n] = '\0';
        fprintf(t->file, "%" PRIu64 " %c %s\n", at, what, hex);
        bytes += n;
        len -= n;
        check_file(t);
    }
}

static void note(struct trace *t, const char *what)
{
    if (t->file)
        fprintf(t->file, "%" PRIu64 " %s\n", stamp(t), what);
    check_file(t);
}

static void note_value(struct trace *t, char what, uint32_t value)
{
    if (t->file)
        fprintf(t->file, "%" PRIu64 " %c %" PRIu32 "\n", stamp(t), what, value);
    check_file(t);
}

/* A failure follows the call it belongs to. Flushed: it may be the last line. */
static enum pf_err note_error(struct trace *t, enum pf_err err)
{
    if (err && t->file) {
        fprintf(t->file, "%" PRIu64 " ! %s\n", stamp(t), pf_err_name(err));
        fflush(t->file);
    }
    check_file(t);
    return err;
}

static enum pf_err trace_read(struct pf_transport *base, uint8_t *buf, size_t cap,
                              uint64_t deadline, size_t *got)
{
    struct trace *t = self(base);
    enum pf_err err = t->under->ops->read(t->under, buf, cap, deadline, got);

    note_bytes(t, '<', buf, *got);
    if (err == PF_ERR_TIMEOUT)
        note(t, "T");
    return err == PF_ERR_TIMEOUT ? err : note_error(t, err);
}

static enum pf_err trace_write(struct pf_transport *base, const uint8_t *buf, size_t len)
{
    struct trace *t = self(base);

    note_bytes(t, '>', buf, len);
    return note_error(t, t->under->ops->write(t->under, buf, len));
}

static enum pf_err trace_drain(struct pf_transport *base)
{
    struct trace *t = self(base);

    note(t, "D");
    return note_error(t, t->under->ops->drain(t->under));
}

static enum pf_err trace_set_baud(struct pf_transport *base, uint32_t baud)
{
    struct trace *t = self(base);

    note_value(t, 'B', baud);
    return note_error(t, pf_set_baud(t->under, baud));
}

static enum pf_err trace_set_lines(struct pf_transport *base, unsigned lines)
{
    struct trace *t = self(base);
    char what[] = "L 0 0";

    what[2] = lines & PF_LINE_DTR ? '1' : '0';
    what[4] = lines & PF_LINE_RTS ? '1' : '0';
    note(t, what);
    return note_error(t, pf_set_lines(t->under, lines));
}

static enum pf_err trace_set_power(struct pf_transport *base, bool on)
{
    struct trace *t = self(base);

    note_value(t, 'P', on);
    return note_error(t, pf_set_power(t->under, on));
}

static enum pf_err trace_discard(struct pf_transport *base)
{
    struct trace *t = self(base);

    note(t, "I");
    return note_error(t, t->under->ops->discard_input(t->under));
}

static uint64_t trace_now(struct pf_transport *base)
{
    return pf_now(self(base)->under);
}

static void trace_sleep(struct pf_transport *base, uint64_t us)
{
    pf_sleep(self(base)->under, us);
}

static void trace_close(struct pf_transport *base)
{
    struct trace *t = self(base);

    if (t->file && fclose(t->file) != 0)
        pf_warn(base->ctx, "the trace is not complete: %s", strerror(errno));
    t->under->ops->close(t->under);
    free(t);
}

static const struct pf_transport_ops trace_ops = {
    .name = "trace",
    .read = trace_read,
    .write = trace_write,
    .drain = trace_drain,
    .set_baud = trace_set_baud,
    .set_lines = trace_set_lines,
    .set_power = trace_set_power,
    .discard_input = trace_discard,
    .now = trace_now,
    .sleep = trace_sleep,
    .close = trace_close,
};

enum pf_err pf_trace_open(struct pf_ctx *ctx, struct pf_transport *under, const char *path,
                          struct pf_transport **out)
{
    struct trace *t = calloc(1, sizeof *t);

    *out = NULL;
    if (!t)
        return pf_fail(ctx, PF_ERR_NOMEM, "no memory for a trace");
    t->file = fopen(path, "we");
    if (!t->file) {
        free(t);
        return pf_fail(ctx, PF_ERR_FILE, "cannot write the trace %.200s: %s", path,
                       strerror(errno));
    }
    t->base = (struct pf_transport){.ops = &trace_ops, .ctx = ctx, .caps = under->caps};
    t->under = under;
    fprintf(t->file, PF_TRACE_HEADER "\nport %s\n", under->ops->name);
    *out = &t->base;
    return PF_OK;
}
