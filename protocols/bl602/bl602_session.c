/* bl602_session.c - open, close, leave; the protocol as the rest of us sees it. */
#include "bl602/bl602_session.h"
#include "chip_event.h"
#include "own_stub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Boards agree that one line resets and the other boots, and disagree on which:
 * blisp, blflash and the vendor's Go tool have RTS pull BOOT high and DTR reset;
 * the vendor's GUI has RTS reset, twice and briefly, and DTR, released, leave
 * BOOT high. Both are tried in turn. With a power switch the reset is a power
 * cycle as well. */
static const struct {
    const char *boot, *boot_power;
} bl602_roles[2] = {
    {
        "R1|W0.05|D1|W0.05|D0|W0.1|R0|W0.05",
        "R1|D1|P0|W0.5|P1|W0.05|D0|W0.1|R0|W0.05",
    },
    {
        "D0&R0|W0.1|R1|W0.01|R0|W0.1|R1|W0.01|R0|W0.1",
        "D0&R1|P0|W0.5|P1|W0.05|R0|W0.1",
    },
};

/* Into the firmware, in either role: each line lets go of the reset while the
 * other has BOOT low. */
static const char bl602_run_text[] = "D1|R1|W0.05|R0|W0.05|D0|W0.05";

/* Without lines GPIO8 is held high by a wire, or by nobody. */
static const char bl602_power_text[] = "P0|W0.5|P1|W0.05";

static enum pf_err bl602_take_steps(struct bl602 *s, const struct pf_link_options *opt)
{
    struct pf_ctx *ctx = s->base.ctx;
    bool lines = s->base.port->caps & PF_CAP_LINES, power = s->base.port->caps & PF_CAP_POWER;

    s->no_sync = opt->before == PF_BEFORE_NO_SYNC;
    if (opt->reset_seq) {
        /* A user's sequence is checked even when it is not going to be used. */
        PF_TRY(pf_steps_parse(ctx, opt->reset_seq, &s->reset[0]));
        s->resets = s->reset[0].count ? 1 : 0;
    } else if (lines) {
        for (size_t i = 0; i < 2; i++)
            PF_TRY(pf_steps_parse(ctx, power ? bl602_roles[i].boot_power : bl602_roles[i].boot,
                                  &s->reset[i]));
        s->resets = 2;
    } else if (power) {
        PF_TRY(pf_steps_parse(ctx, bl602_power_text, &s->reset[0]));
        s->resets = 1;
    }
    if (opt->before != PF_BEFORE_DEFAULT)
        s->resets = 0;
    return PF_OK;
}

static enum pf_err bl602_take_rates(struct bl602 *s, const struct pf_link_options *opt)
{
    s->boot_baud_given = opt->boot_baud != 0;
    s->goal = opt->baud ? opt->baud : s->base.chip->baud.fast;
    s->boot_baud = opt->boot_baud ? opt->boot_baud : BL602_ROM_BAUD;
    if (!opt->boot_baud && s->boot_baud > s->goal)
        s->boot_baud = s->goal; /* who asks for less has a reason */
    if (!bl602_has_baud(s)) {
        /* The rate is set elsewhere; knowing it sizes the train. */
        s->boot_baud =
            opt->boot_baud ? opt->boot_baud : (opt->baud ? opt->baud : BL602_ROM_BAUD_SLOW);
        s->goal = s->boot_baud;
        s->boot_baud_given = true;
    }
    return PF_OK;
}

static enum pf_err bl602_take_stub(struct bl602 *s, const struct pf_link_options *opt)
{
    const uint8_t *data;
    size_t len;

    s->use_stub = opt->use_stub;
    PF_TRY(own_stub_choose(s->base.ctx, s->base.chip, opt, &data, &len));
    /* With `auto`, a stub for another family is no mistake. */
    if (!data || (s->is_auto && !bl602_stub_is_ours(data, len)))
        return PF_OK;
    s->stub_built_in = !opt->stub;
    return bl602_stub_open(s->base.ctx, data, len, &s->stub);
}

static enum pf_err bl602_take_options(struct bl602 *s, const struct pf_link_options *opt)
{
    s->is_auto = !opt->chip || strcmp(opt->chip, "auto") == 0;
    if (!s->is_auto && strcmp(opt->chip, bl602_chip.name) != 0)
        return pf_fail(s->base.ctx, PF_ERR_USAGE, "no BL602 is called \"%.40s\"", opt->chip);
    s->base.chip = &bl602_chip;
    s->option_size = opt->flash_size;
    s->sync_timeout_us = opt->sync_timeout_us;
    s->retries = opt->retries ? opt->retries : BL602_RETRIES;
    s->scale = opt->timeout_scale ? opt->timeout_scale : 100;
    s->read_max = s->base.read_chunk = BL602_READ_MAX;
    s->reset_worked = -1;
    if (s->option_size % PF_SECTOR)
        return pf_fail(s->base.ctx, PF_ERR_USAGE, "a flash size of %u bytes is no whole sectors",
                       (unsigned)s->option_size);
    PF_TRY(bl602_take_stub(s, opt));
    PF_TRY(bl602_take_rates(s, opt));
    return bl602_take_steps(s, opt);
}

/* Questions first; the chip is reset or sent a train only when there is
 * something to load. */
static enum pf_err bl602_find(struct bl602 *s)
{
    const struct bl602_sync how = {.timeout_us = s->sync_timeout_us, .guide = true};
    uint64_t start = bl602_now(s);

    if (bl602_has_baud(s))
        PF_TRY(pf_set_baud(s->base.port, s->goal));
    s->base.id.baud = s->goal;
    PF_TRY(bl602_find_live(s));
    if (s->peer == BL602_LOADER) {
        bl602_sync_event(s, "linked", start, "a RAM loader was running already");
        return PF_OK;
    }
    /* `auto` has found nothing here, and has nothing to say about it. */
    if (!s->stub.len && s->is_auto)
        return pf_fail(s->base.ctx, PF_ERR_SYNC, "%s", "");
    if (s->no_sync)
        return pf_fail(s->base.ctx, PF_ERR_SYNC,
                       "no RAM loader answers at any rate of the ladder; leave out --before "
                       "no-sync to load one");
    if (!s->stub.len)
        return pf_fail(s->base.ctx, PF_ERR_SUPPORT,
                       "the BL602 needs a RAM loader: its boot ROM cannot read flash, and no "
                       "loader is running; leave out --stub none");
    if (s->peer != BL602_ROM)
        return bl602_sync(s, &how);
    bl602_sync_event(s, "linked", start, "the boot ROM was linked already");
    return PF_OK;
}

static void bl602_emit_chip(struct bl602 *s)
{
    struct pf_session *b = &s->base;

    b->extras = 0;
    if (s->has_boot_info && s->boot_info.version == BL602_VERSION_ROM)
        b->extra[b->extras++] = PF_F_HEX("rom_version", s->boot_info.version);
    if (s->has_boot_info)
        b->extra[b->extras++] = PF_F_HEX("sw_usage", s->boot_info.sw_usage);
    b->unsaid = bl602_will_stream(s);
    if (!b->unsaid)
        chip_event(b, b->extra, b->extras);
}

/* From whoever was found to a session with a loader. One that streams has its own
 * way to a rate. */
static enum pf_err bl602_reach(struct bl602 *s)
{
    if (s->peer == BL602_LOADER)
        PF_TRY(bl602_who(s));
    if (s->came_live && s->stub_built_in && !s->ours) /* no replacement for another one */
        bl602_stub_close(&s->stub);
    s->asked = s->goal;
    if (bl602_will_stream(s))
        s->goal = s->base.id.baud;
    PF_TRY(bl602_reach_loader(s));
    return s->ours ? PF_OK : bl602_who(s);
}

static enum pf_err bl602_start(struct bl602 *s, const struct pf_link_options *opt)
{
    PF_TRY(bl602_take_options(s, opt));
    PF_TRY(bl602_find(s));
    PF_TRY(bl602_reach(s));
    PF_TRY(bl602_identify(s));
    bl602_emit_chip(s);
    return PF_OK;
}

static void bl602_close(struct pf_session *ps)
{
    bl602_stub_close(&bl602_of(ps)->stub);
    free(bl602_of(ps));
}

static enum pf_err bl602_open(struct pf_ctx *ctx, struct pf_transport *port,
                              const struct pf_link_options *opt, struct pf_session **out)
{
    struct bl602 *s;
    enum pf_err err;

    *out = NULL;
    s = calloc(1, sizeof *s);
    if (!s)
        return pf_fail(ctx, PF_ERR_NOMEM, "no memory for a session");
    s->base.proto = &pf_bl602_protocol;
    s->base.ctx = ctx;
    s->base.port = port;
    err = bl602_start(s, opt);
    if (err)
        bl602_close(&s->base);
    else
        *out = &s->base;
    return err;
}

/* The loader lifts what protection it knows of; status registers differ too
 * much between parts to be written here. A change is proved by its digest. */
static enum pf_err bl602_unlock(struct pf_session *ps)
{
    if (ps->id.write_protected)
        pf_warn(ps->ctx, "the flash has protection bits set (status 0x%02x): writing may not take",
                (unsigned)ps->id.status_reg);
    return PF_OK;
}

static enum pf_err bl602_lock(struct pf_session *ps)
{
    return bl602_check_writes(bl602_of(ps));
}

static enum pf_err bl602_read_key(struct pf_session *ps, uint8_t key[16])
{
    memset(key, 0, 16);
    return pf_fail(ps->ctx, PF_ERR_SUPPORT, "a BL602 does not tell its keys");
}

/* An idle session ends after two receive time-outs, 4 s at the least. */
static enum pf_err bl602_keepalive(struct pf_session *ps)
{
    struct bl602 *s = bl602_of(ps);
    struct bl602_request rq = bl602_req_jedec();
    struct bl602_reply r;

    if (bl602_now(s) - s->last_us < BL602_KEEPALIVE_US)
        return PF_OK;
    return bl602_command(s, "link", &rq, &r);
}

/* The reset samples GPIO8 again. Where a line holds it, the line can let go;
 * *gone tells whether that has ended the loader. */
static enum pf_err bl602_run_by_lines(struct bl602 *s, bool *gone)
{
    struct pf_steps run;
    enum pf_err err;

    PF_TRY(pf_steps_parse(s->base.ctx, bl602_run_text, &run));
    PF_TRY(pf_steps_run(s->base.ctx, s->base.port, &run, true));
    err = bl602_ask_loader(s);
    *gone = err == PF_ERR_TIMEOUT;
    return *gone ? PF_OK : err;
}

static enum pf_err bl602_run(struct bl602 *s)
{
    struct bl602_request rq = bl602_req_reset();
    struct bl602_reply r;
    bool gone = false;
    enum pf_err err;

    if (s->resets == 2 && s->reset_worked >= 0)
        PF_TRY(bl602_run_by_lines(s, &gone));
    if (gone)
        return PF_OK;
    if (s->dirty)
        PF_TRY(bl602_barrier(s));
    err = bl602_exchange(s, &rq, &r);
    if (bl602_passes(err)) { /* gone, or its OK is lost: the next answer tells */
        err = bl602_ask_loader(s);
        if (!err)
            err = bl602_exchange(s, &rq, &r);
        else if (err == PF_ERR_TIMEOUT)
            err = PF_OK;
    }
    if (!err)
        pf_warn(s->base.ctx, "to start the firmware, take GPIO8 off 3.3 V and switch the module's "
                             "supply off and on");
    return err;
}

static enum pf_err bl602_leave(struct pf_session *ps, enum pf_after after)
{
    struct bl602 *s = bl602_of(ps);

    PF_TRY(bl602_check_writes(s));
    return after == PF_AFTER_RUN ? bl602_run(s) : PF_OK;
}

const struct pf_protocol pf_bl602_protocol = {
    .name = "bl602-uart",
    .digest_kind = PF_DIGEST_SHA256,
    .open = bl602_open,
    .read = bl602_read,
    .digest = bl602_digest,
    .unlock = bl602_unlock,
    .lock = bl602_lock,
    .erase = bl602_erase,
    .write = bl602_write,
    .read_key = bl602_read_key,
    .enter_stream = bl602_enter_stream,
    .keepalive = bl602_keepalive,
    .leave = bl602_leave,
    .close = bl602_close,
};
