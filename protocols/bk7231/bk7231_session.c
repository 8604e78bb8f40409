/* bk7231_session.c - open, close, leave; the protocol as the rest of us sees it. */
#include "bk7231/bk7231_session.h"
#include "chip_event.h"

#include <stdlib.h>
#include <string.h>

/* Both lines low: whichever is wired to CEN holds the chip in reset. DTR goes
 * first, so that a line wired to a transistor pair sees an edge as well. */
static const char bk7231_reset_text[] = "D1&R1|W0.1|D0|W0.1|R0";

/* Last of all, so that power arrives when the train is about to start. */
static const char bk7231_power_text[] = "P0|W0.5|P1";

static enum pf_err bk7231_take_steps(struct bk7231 *s, const struct pf_link_options *opt)
{
    struct pf_ctx *ctx = s->base.ctx;

    if (opt->before == PF_BEFORE_NO_SYNC)
        s->no_sync = true;
    if (opt->reset_seq) {
        /* A user's sequence is checked even when it is not going to be used. */
        PF_TRY(pf_steps_parse(ctx, opt->reset_seq, &s->reset));
        if (opt->before != PF_BEFORE_DEFAULT)
            s->reset.count = 0;
        return PF_OK;
    }
    if (opt->before != PF_BEFORE_DEFAULT)
        return PF_OK;
    if (s->base.port->caps & PF_CAP_LINES)
        PF_TRY(pf_steps_parse(ctx, bk7231_reset_text, &s->reset));
    if (s->base.port->caps & PF_CAP_POWER)
        PF_TRY(pf_steps_parse(ctx, bk7231_power_text, &s->power));
    return PF_OK;
}

static enum pf_err bk7231_take_options(struct bk7231 *s, const struct pf_link_options *opt)
{
    bool is_auto = !opt->chip || strcmp(opt->chip, "auto") == 0;

    s->asked = is_auto ? NULL : pf_chip_by_name(opt->chip);
    if (!is_auto && (!s->asked || s->asked->protocol != &pf_bk7231_protocol))
        return pf_fail(s->base.ctx, PF_ERR_USAGE, "no BK7231 is called \"%.40s\"", opt->chip);
    s->base.chip = s->asked ? s->asked : &bk7231_chip_n; /* for its rates, until we know */
    s->asked_baud = opt->baud;
    s->boot_baud = opt->boot_baud ? opt->boot_baud : s->base.chip->baud.boot;
    s->option_size = opt->flash_size;
    s->sync_timeout_us = opt->sync_timeout_us;
    s->retries = opt->retries ? opt->retries : BK7231_RETRIES;
    s->scale = opt->timeout_scale ? opt->timeout_scale : 100;
    if (s->option_size % PF_SECTOR)
        return pf_fail(s->base.ctx, PF_ERR_USAGE, "a flash size of %u bytes is no whole sectors",
                       (unsigned)s->option_size);
    return bk7231_take_steps(s, opt);
}

static enum pf_err bk7231_link(struct bk7231 *s)
{
    struct bk7231_sync how = {
        .timeout_us = s->sync_timeout_us,
        .reset = true,
        .guide = true,
    };
    struct pf_transport *port = s->base.port;

    if (port->caps & PF_CAP_BAUD)
        PF_TRY(pf_set_baud(port, s->boot_baud));
    s->base.id.baud = s->boot_baud;
    return s->no_sync ? bk7231_find_linked(s) : bk7231_sync(s, &how);
}

static enum pf_err bk7231_start(struct bk7231 *s, const struct pf_link_options *opt)
{
    PF_TRY(bk7231_take_options(s, opt));
    PF_TRY(bk7231_link(s));
    PF_TRY(bk7231_who(s));
    PF_TRY(bk7231_raise_baud(s, s->asked_baud ? s->asked_baud : s->base.chip->baud.fast));
    PF_TRY(bk7231_identify(s));
    chip_event(&s->base, NULL, 0);
    return PF_OK;
}

static void bk7231_close(struct pf_session *ps)
{
    struct bk7231 *s = bk7231_of(ps);

    free(s->tail);
    free(s);
}

static enum pf_err bk7231_open(struct pf_ctx *ctx, struct pf_transport *port,
                               const struct pf_link_options *opt, struct pf_session **out)
{
    struct bk7231 *s = calloc(1, sizeof *s);
    enum pf_err err;

    *out = NULL;
    if (!s)
        return pf_fail(ctx, PF_ERR_NOMEM, "no memory for a session");
    s->base.proto = &pf_bk7231_protocol;
    s->base.ctx = ctx;
    s->base.port = port;
    err = bk7231_start(s, opt);
    if (err)
        bk7231_close(&s->base);
    else
        *out = &s->base;
    return err;
}

/* An idle T resets itself after 100 ms or more. LinkCheck re-arms the unprotect
 * latch, which is harmless; the N's ROM waits for ever. */
static enum pf_err bk7231_keepalive(struct pf_session *ps)
{
    struct bk7231 *s = bk7231_of(ps);
    struct bk7231_request rq = bk7231_req_link_check();
    uint64_t last = s->last_tx_us > s->last_rx_us ? s->last_tx_us : s->last_rx_us;
    struct bk7231_reply r;

    if (s->cls == BK7231_CLASS_N || bk7231_now(s) - last < BK7231_KEEPALIVE_US)
        return PF_OK;
    return bk7231_command(s, "link", &rq, &r);
}

/* Reboot has no answer. The N gets it three times in one burst, as a lost byte
 * would leave it in its ROM for ever. The T gets it once: bytes that reach its
 * loader right after a reset would keep it from starting the application, and
 * one that missed the command resets itself for lack of company. */
static enum pf_err bk7231_run(struct bk7231 *s)
{
    struct bk7231_request rq = bk7231_req_reboot();
    uint8_t burst[3 * 6];
    size_t n = bk7231_encode(burst, sizeof burst, &rq), len = 0;

    for (int copies = s->cls == BK7231_CLASS_N ? 3 : 1; copies; copies--) {
        memmove(burst + len, burst, n);
        len += n;
    }
    PF_TRY(s->base.port->ops->write(s->base.port, burst, len));
    PF_TRY(s->base.port->ops->drain(s->base.port));
    if (s->base.port->caps & PF_CAP_BAUD && s->base.id.baud != s->boot_baud) {
        PF_TRY(pf_set_baud(s->base.port, s->boot_baud));
        s->base.id.baud = s->boot_baud;
    }
    return PF_OK;
}

static enum pf_err bk7231_leave(struct pf_session *ps, enum pf_after after)
{
    struct bk7231 *s = bk7231_of(ps);

    if (after == PF_AFTER_RUN)
        return bk7231_run(s);
    /* Where the next session looks first. A T does not stay for long. */
    if (s->base.port->caps & PF_CAP_BAUD)
        return bk7231_change_baud(s, s->boot_baud);
    return PF_OK;
}

const struct pf_protocol pf_bk7231_protocol = {
    .name = "bk7231-uart",
    .digest_kind = PF_DIGEST_CRC32,
    .open = bk7231_open,
    .read = bk7231_read,
    .digest = bk7231_digest,
    .unlock = bk7231_unlock,
    .lock = bk7231_lock,
    .erase = bk7231_erase,
    .write = bk7231_write,
    .read_key = bk7231_read_key,
    .keepalive = bk7231_keepalive,
    .leave = bk7231_leave,
    .close = bk7231_close,
};
