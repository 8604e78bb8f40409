/* util.c - see util.h. */
#include "transport/util.h"

#include <stdlib.h>
#include <string.h>

static bool hear(void *user, const struct pf_event *ev)
{
    struct heard *h = user;
    char *to = ev->kind == PF_EV_WARNING ? h->warnings : h->logs;
    size_t cap = ev->kind == PF_EV_WARNING ? sizeof h->warnings : sizeof h->logs;
    size_t used = strlen(to);

    if (ev->text)
        snprintf(to + used, cap - used, "%s\n", ev->text);
    return true;
}

void heard_init(struct heard *h)
{
    memset(h, 0, sizeof *h);
    h->ctx.sink = hear;
    h->ctx.user = h;
}

void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("expected \"%s\" in \"%s\"", part, text);
}

void assert_reads(struct pf_transport *t, const void *want, size_t len, uint64_t timeout_us)
{
    uint64_t deadline = pf_now(t) + timeout_us;
    uint8_t *buf = malloc(len + 1);
    size_t have = 0, got;
    enum pf_err err = PF_OK;

    assert_non_null(buf);
    while (have < len && (err == PF_OK || (err == PF_ERR_TIMEOUT && pf_now(t) < deadline))) {
        err = t->ops->read(t, buf + have, len - have, deadline, &got);
        have += got;
    }
    if (have != len || memcmp(buf, want, len) != 0) {
        for (size_t i = 0; i < have && i < 64; i++)
            fprintf(stderr, "%02x ", buf[i]);
        free(buf);
        fail_msg("read %zu bytes of %zu, or other ones (%s: %s)", have, len, pf_err_name(err),
                 t->ctx->text);
    }
    free(buf);
}

static struct mem *self(struct pf_transport *t)
{
    return (struct mem *)t;
}

static enum pf_err mem_read(struct pf_transport *t, uint8_t *buf, size_t cap, uint64_t deadline,
                            size_t *got)
{
    struct mem *m = self(t);
    size_t n;

    *got = 0;
    if (m->next == m->nin || (m->in[m->next].at_us > deadline && m->in[m->next].at_us > m->now)) {
        if (deadline > m->now)
            m->now = deadline;
        return PF_ERR_TIMEOUT;
    }
    if (m->in[m->next].at_us > m->now)
        m->now = m->in[m->next].at_us;
    n = m->in[m->next].len < cap ? m->in[m->next].len : cap;
    memcpy(buf, m->in[m->next].bytes, n);
    m->in[m->next].len -= n;
    memmove(m->in[m->next].bytes, m->in[m->next].bytes + n, m->in[m->next].len);
    if (m->in[m->next].len == 0)
        m->next++;
    *got = n;
    return PF_OK;
}

static enum pf_err mem_write(struct pf_transport *t, const uint8_t *buf, size_t len)
{
    struct mem *m = self(t);

    assert_true(m->nout + len <= sizeof m->out);
    memcpy(m->out + m->nout, buf, len);
    m->nout += len;
    return PF_OK;
}

static enum pf_err mem_drain(struct pf_transport *t)
{
    self(t)->drains++;
    return PF_OK;
}

static enum pf_err mem_set_baud(struct pf_transport *t, uint32_t baud)
{
    enum pf_err err = self(t)->next_error;

    self(t)->next_error = PF_OK;
    self(t)->baud = baud;
    return err ? pf_fail(t->ctx, err, "told to fail") : PF_OK;
}

static enum pf_err mem_set_lines(struct pf_transport *t, unsigned lines)
{
    self(t)->lines = lines;
    return PF_OK;
}

static enum pf_err mem_set_power(struct pf_transport *t, bool on)
{
    self(t)->power = on;
    return PF_OK;
}

static enum pf_err mem_discard(struct pf_transport *t)
{
    struct mem *m = self(t);

    m->discards++;
    while (m->next < m->nin && m->in[m->next].at_us <= m->now)
        m->next++;
    return PF_OK;
}

static uint64_t mem_now(struct pf_transport *t)
{
    return self(t)->now;
}

static void mem_sleep(struct pf_transport *t, uint64_t us)
{
    self(t)->now += us;
}

static void mem_close(struct pf_transport *t)
{
    if (self(t)->closed)
        *self(t)->closed = true;
    free(t);
}

static const struct pf_transport_ops mem_ops = {
    .name = "mem",
    .read = mem_read,
    .write = mem_write,
    .drain = mem_drain,
    .set_baud = mem_set_baud,
    .set_lines = mem_set_lines,
    .set_power = mem_set_power,
    .discard_input = mem_discard,
    .now = mem_now,
    .sleep = mem_sleep,
    .close = mem_close,
};

struct mem *mem_open(struct pf_ctx *ctx, bool *closed)
{
    struct mem *m = calloc(1, sizeof *m);

    assert_non_null(m);
    m->base = (struct pf_transport){
        .ops = &mem_ops, .ctx = ctx, .caps = PF_CAP_BAUD | PF_CAP_LINES | PF_CAP_SIMULATED};
    m->closed = closed;
    return m;
}

void mem_arrives(struct mem *m, uint64_t at_us, const void *bytes, size_t len)
{
    assert_true(m->nin < sizeof m->in / sizeof *m->in && len <= sizeof m->in[0].bytes);
    m->in[m->nin].at_us = at_us;
    memcpy(m->in[m->nin].bytes, bytes, len);
    m->in[m->nin++].len = len;
}
