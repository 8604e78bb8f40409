/* ecr6600_session.c - open, close, leave; the protocol as the rest of us sees it. */
#include "ecr6600/ecr6600_session.h"
#include "chip_event.h"
#include "own_stub.h"
#include "plugflash/stub.h"

#include <stdlib.h>
#include <string.h>

/* RTS on RESET_B, as the vendor wires it; 60 ms. Another polarity or line is
 * the user's --reset-seq. */
static const char ecr6600_reset_text[] = "R1|W0.06|R0";
static const char ecr6600_power_text[] = "P0|W0.5|P1";

#define NO_SYNC_US UINT64_C(2000000)
#define RUN_TRIES  3u
#define STUB_FIRST 0x48 /* a jump, with which a vector table begins */

static enum pf_err session_take_steps(struct ecr6600 *s, const struct pf_link_options *opt)
{
    struct pf_ctx *ctx = s->base.ctx;

    s->no_sync = opt->before == PF_BEFORE_NO_SYNC;
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
        PF_TRY(pf_steps_parse(ctx, ecr6600_reset_text, &s->reset));
    if (s->base.port->caps & PF_CAP_POWER)
        PF_TRY(pf_steps_parse(ctx, ecr6600_power_text, &s->power));
    return PF_OK;
}

static enum pf_err session_take_stub(struct ecr6600 *s, const struct pf_link_options *opt)
{
    uint8_t header[ECR6600_GROUP];
    struct pf_stub_mark own;
    const uint8_t *data;
    size_t len;

    s->use_stub = opt->use_stub;
    /* In turn with other families, the stub may be for one of them. */
    if (opt->stub && s->is_auto && (!opt->stub_len || opt->stub[0] != STUB_FIRST))
        return PF_OK;
    PF_TRY(own_stub_choose(s->base.ctx, s->base.chip, opt, &data, &len));
    if (!data)
        return PF_OK;
    PF_TRY(own_stub_check(s->base.ctx, s->base.chip->name, data, len));
    if (!ecr6600_encode_header(header, len))
        return pf_fail(s->base.ctx, PF_ERR_USAGE,
                       "a stub of %zu bytes cannot be loaded: 1 to %u, but 65536 and 131072", len,
                       ECR6600_STUB_MAX - 1);
    s->stub = malloc(len);
    if (!s->stub)
        return pf_fail(s->base.ctx, PF_ERR_NOMEM, "no memory for a stub");
    memcpy(s->stub, data, len);
    s->stub_len = len;
    s->stub_built_in = !opt->stub;
    s->stub_ours = pf_stub_mark(data, len, &own);
    s->stub_version = s->stub_ours ? own.version : 0;
    return PF_OK;
}

static enum pf_err session_take_options(struct ecr6600 *s, const struct pf_link_options *opt)
{
    s->is_auto = !opt->chip || strcmp(opt->chip, "auto") == 0;
    if (!s->is_auto && strcmp(opt->chip, ecr6600_chip.name) != 0)
        return pf_fail(s->base.ctx, PF_ERR_USAGE, "no ECR6600 is called \"%.40s\"", opt->chip);
    s->base.chip = &ecr6600_chip;
    s->asked_baud = opt->baud;
    s->boot_baud = opt->boot_baud ? opt->boot_baud : ecr6600_chip.baud.boot;
    s->option_size = opt->flash_size;
    s->sync_timeout_us = opt->sync_timeout_us;
    s->retries = opt->retries ? opt->retries : ECR6600_RETRIES;
    s->scale = opt->timeout_scale ? opt->timeout_scale : 100;
    if (s->option_size % PF_SECTOR)
        return pf_fail(s->base.ctx, PF_ERR_USAGE, "a flash size of %u bytes is no whole sectors",
                       (unsigned)s->option_size);
    PF_TRY(session_take_stub(s, opt));
    return session_take_steps(s, opt);
}

/* No stub runs, and there is none to load: said before a line is touched. */
static enum pf_err session_no_stub(struct ecr6600 *s)
{
    /* Among several families this is no answer, and the next may have one. */
    if (s->is_auto)
        return pf_fail(s->base.ctx, PF_ERR_SYNC, "no stub runs, and none may be loaded");
    return pf_fail(s->base.ctx, PF_ERR_SUPPORT,
                   "no stub is running, and the ECR6600 loader can only load a RAM stub: leave out "
                   "--stub none");
}

static enum pf_err session_link(struct ecr6600 *s)
{
    struct ecr6600_sync how = {.timeout_us = s->sync_timeout_us, .guide = true};
    uint64_t start = ecr6600_now(s), limit = s->no_sync ? NO_SYNC_US : 0, took;
    enum pf_err err;

    if (s->base.port->caps & PF_CAP_BAUD)
        PF_TRY(pf_set_baud(s->base.port, s->boot_baud));
    s->base.id.baud = s->boot_baud;
    if (s->sync_timeout_us && (s->is_auto || s->sync_timeout_us < limit))
        limit = s->sync_timeout_us;
    /* In turn with other families, look as long as the turn lasts. */
    err = ecr6600_find_live(s, start + limit,
                            limit && (s->no_sync ? !s->is_auto : s->is_auto && !s->stub));
    if (err == PF_ERR_SYNC && s->no_sync)
        return pf_fail(s->base.ctx, PF_ERR_SYNC,
                       "no stub answers at %u baud nor at the fast rate, and the chip may not be "
                       "reset (--before no-sync)",
                       (unsigned)s->boot_baud);
    if (err == PF_ERR_SYNC && !s->stub)
        return session_no_stub(s);
    if (err == PF_ERR_SYNC) {
        took = ecr6600_now(s) - start;
        if (how.timeout_us)
            how.timeout_us = how.timeout_us > took ? how.timeout_us - took : 1;
        PF_TRY(ecr6600_sync(s, &how));
        ecr6600_sync_event(s, start, "linked", "linked");
        return PF_OK;
    }
    PF_TRY(err);
    s->base.id.synced_us = ecr6600_now(s);
    ecr6600_sync_event(s, start, "linked", "a stub was running already");
    s->live = true;
    return PF_OK;
}

static enum pf_err session_start(struct ecr6600 *s, const struct pf_link_options *opt)
{
    PF_TRY(session_take_options(s, opt));
    PF_TRY(session_link(s));
    PF_TRY(ecr6600_who(s));
    if (s->live && s->stub_built_in && !s->traits->ours) { /* no replacement for another one */
        free(s->stub);
        s->stub = NULL;
    }
    /* What a stub that was found running has written before, nobody knows. */
    s->hash_stale = s->live && s->traits->stale_hash;
    PF_TRY(ecr6600_identify(s));
    s->base.unsaid = ecr6600_will_stream(s);
    if (s->base.unsaid) /* the stream language has its own way to a rate */
        return PF_OK;
    PF_TRY(ecr6600_raise_baud(s, s->asked_baud ? s->asked_baud : s->base.chip->baud.fast));
    chip_event(&s->base, NULL, 0);
    return PF_OK;
}

static void ecr6600_close(struct pf_session *ps)
{
    struct ecr6600 *s = ecr6600_of(ps);

    free(s->stub);
    free(s);
}

static enum pf_err ecr6600_open(struct pf_ctx *ctx, struct pf_transport *port,
                                const struct pf_link_options *opt, struct pf_session **out)
{
    struct ecr6600 *s = calloc(1, sizeof *s);
    enum pf_err err;

    *out = NULL;
    if (!s)
        return pf_fail(ctx, PF_ERR_NOMEM, "no memory for a session");
    s->base.proto = &pf_ecr6600_protocol;
    s->base.ctx = ctx;
    s->base.port = port;
    err = session_start(s, opt);
    if (err)
        ecr6600_close(&s->base);
    else
        *out = &s->base;
    return err;
}

static enum pf_err ecr6600_read_key(struct pf_session *ps, uint8_t key[16])
{
    (void)key;
    return pf_fail(ps->ctx, PF_ERR_SUPPORT, "an ECR6600 keeps its flash key to itself");
}

/* The stub waits for ever. */
static enum pf_err ecr6600_keepalive(struct pf_session *ps)
{
    (void)ps;
    return PF_OK;
}

/* The answer comes before the jump. Without one the stub has jumped or has not
 * understood us; it is asked again when it is still there. */
static enum pf_err session_run(struct ecr6600 *s)
{
    struct ecr6600_request rq = ecr6600_req_run();
    struct ecr6600_reply reply;
    enum pf_err err, back;

    for (unsigned try = 1;; try++) {
        err = s->dirty ? ecr6600_realign(s) : PF_OK;
        if (err == PF_ERR_TIMEOUT)
            err = pf_fail(s->base.ctx, err,
                          "no answer to run, and the stub is gone: the application may have "
                          "started or not, power-cycle the module to be sure");
        if (!err)
            err = ecr6600_exchange(s, &rq, &reply);
        if (!err || try == RUN_TRIES || (err != PF_ERR_PROTOCOL && err != PF_ERR_TIMEOUT))
            break;
    }
    if (err == PF_ERR_IO)
        return err;
    back = ecr6600_port_baud(s, s->boot_baud); /* where it goes by itself */
    return err ? err : back;
}

static enum pf_err ecr6600_leave(struct pf_session *ps, enum pf_after after)
{
    struct ecr6600 *s = ecr6600_of(ps);

    PF_TRY(ecr6600_flush(s));
    if (after == PF_AFTER_RUN)
        return session_run(s);
    if (s->base.port->caps & PF_CAP_BAUD) /* where the next session looks first */
        return ecr6600_change_baud(s, s->boot_baud);
    return PF_OK;
}

const struct pf_protocol pf_ecr6600_protocol = {
    .name = "ecr6600-uart",
    .digest_kind = PF_DIGEST_SHA256,
    .open = ecr6600_open,
    .read = ecr6600_read,
    .digest = ecr6600_digest,
    .unlock = ecr6600_unlock,
    .lock = ecr6600_lock,
    .erase = ecr6600_erase,
    .write = ecr6600_write,
    .read_key = ecr6600_read_key,
    .enter_stream = ecr6600_enter_stream,
    .keepalive = ecr6600_keepalive,
    .leave = ecr6600_leave,
    .close = ecr6600_close,
};
