/* sim_transport.c - a virtual plug as a transport with a virtual clock. */
#include <stdlib.h>
#include <string.h>

#include "sim/guest.h"

#define FOREVER  SIM_MS(365ull * 86400000) /* what one call may wait at most */
#define TX_QUEUE 4096u /* bytes an operating system takes before write() waits */

struct sim_port {
    struct pf_transport base;
    struct sim *sim;
};

static struct sim *sim_of(struct pf_transport *t)
{
    return ((struct sim_port *)t)->sim;
}

static uint64_t port_now(struct pf_transport *t)
{
    return sim_of(t)->now / 1000;
}

static enum pf_err port_read(struct pf_transport *t, uint8_t *buf, size_t cap, uint64_t deadline,
                             size_t *got)
{
    struct sim *s = sim_of(t);
    uint64_t until = deadline < SIM_NEVER / 1000 ? deadline * 1000 : SIM_NEVER;

    if (until > s->now && until - s->now > FOREVER)
        until = s->now + FOREVER;

    for (;;) {
        uint64_t next;

        *got = sim_host_read(s, buf, cap);
        if (*got || !cap)
            return PF_OK;
        if (s->now >= until)
            return PF_ERR_TIMEOUT;
        next = sim_next(s);
        sim_run(s, next < until ? next : until);
    }
}

/* Bytes handed over and not yet sent are at most TX_QUEUE. */
static enum pf_err port_write(struct pf_transport *t, const uint8_t *buf, size_t len)
{
    struct sim *s = sim_of(t);

    sim_run(s, s->now);
    while (len) {
        size_t part = len < TX_QUEUE ? len : TX_QUEUE;
        uint64_t room = (TX_QUEUE - part) * bus_byte_ns(s->host_baud);

        if (s->host_tx_free > s->now + room)
            sim_run(s, s->host_tx_free - room);
        sim_host_write(s, buf, part);
        buf += part;
        len -= part;
    }
    return PF_OK;
}

static enum pf_err port_drain(struct pf_transport *t)
{
    struct sim *s = sim_of(t);

    if (s->host_tx_free > s->now)
        sim_run(s, s->host_tx_free);
    return PF_OK;
}

static enum pf_err port_set_baud(struct pf_transport *t, uint32_t baud)
{
    struct sim *s = sim_of(t);

    if (baud < 50 || baud > 26000000)
        return pf_fail(t->ctx, PF_ERR_SUPPORT, "this port cannot run at %u baud", (unsigned)baud);
    sim_run(s, s->now);
    sim_host_baud(s, baud);
    return PF_OK;
}

static enum pf_err port_set_lines(struct pf_transport *t, unsigned lines)
{
    struct sim *s = sim_of(t);

    if (!(t->caps & PF_CAP_LINES))
        return pf_fail(t->ctx, PF_ERR_SUPPORT, "no line of this port reaches the chip");
    sim_run(s, s->now);
    sim_host_lines(s, lines);
    return PF_OK;
}

static enum pf_err port_set_power(struct pf_transport *t, bool on)
{
    struct sim *s = sim_of(t);

    if (!(t->caps & PF_CAP_POWER))
        return pf_fail(t->ctx, PF_ERR_SUPPORT, "this port cannot switch power");
    sim_run(s, s->now);
    sim_power(s, on);
    return PF_OK;
}

static enum pf_err port_discard(struct pf_transport *t)
{
    sim_run(sim_of(t), sim_of(t)->now);
    sim_host_purge(sim_of(t));
    return PF_OK;
}

static void port_sleep(struct pf_transport *t, uint64_t us)
{
    struct sim *s = sim_of(t);

    sim_run(s, s->now + (us < FOREVER / 1000 ? us * 1000 : FOREVER));
}

static void port_close(struct pf_transport *t)
{
    sim_free(sim_of(t)); /* a failed save is in ctx->text */
    free(t);
}

static const struct pf_transport_ops port_ops = {
    .name = "sim",
    .read = port_read,
    .write = port_write,
    .drain = port_drain,
    .set_baud = port_set_baud,
    .set_lines = port_set_lines,
    .set_power = port_set_power,
    .discard_input = port_discard,
    .now = port_now,
    .sleep = port_sleep,
    .close = port_close,
};

enum pf_err pf_sim_open_flash(struct pf_ctx *ctx, const char *spec, const uint8_t *flash,
                              uint32_t size, struct pf_transport **out)
{
    struct sim_port *p = calloc(1, sizeof *p);
    enum pf_err err;

    *out = NULL;
    if (!p)
        return pf_fail(ctx, PF_ERR_NOMEM, "sim: no memory");
    err = sim_new(ctx, spec, flash, size, &p->sim);
    if (err) {
        free(p);
        return err;
    }
    p->base.ops = &port_ops;
    p->base.ctx = ctx;
    p->base.caps = PF_CAP_BAUD | PF_CAP_SIMULATED;
    if (p->sim->cfg.reset_line || p->sim->cfg.strap_line)
        p->base.caps |= PF_CAP_LINES;
    if (p->sim->cfg.power == SIM_POWER_WIRED)
        p->base.caps |= PF_CAP_POWER;
    *out = &p->base;
    return PF_OK;
}

enum pf_err pf_sim_open(struct pf_ctx *ctx, const char *spec, struct pf_transport **out)
{
    return pf_sim_open_flash(ctx, spec, NULL, 0, out);
}

void sim_set_guest(struct pf_transport *t, const struct sim_guest_ops *ops)
{
    struct sim *s = sim_of(t);
    const struct sim_guest *g = &s->guest;
    bool runs = sim_guest_runs(s);

    sim_guest_stop(s);
    s->guest.ops = ops;
    if (runs && !sim_guest_start(s, g->image, g->len, g->load, g->entry))
        s->phase = SIM_DEAD;
}

void pf_sim_view(struct pf_transport *t, struct pf_sim_view *out)
{
    const struct sim *s = sim_of(t);

    *out = (struct pf_sim_view){
        .flash = s->nor.cell,
        .size = s->nor.size,
        .violations = s->nor.violations + s->violations,
        .erases = s->nor.erases,
        .programs = s->nor.program_ops,
        .ops = s->nor.ops,
        .digest_bytes = s->digest_bytes,
        .overruns = s->overruns,
        .rx_bytes = s->rx_bytes,
        .tx_bytes = s->device_bytes,
        .host_bytes = s->host_bytes,
        .resets = s->resets,
        .in_loader = s->phase == SIM_LOADER,
        .status_reg = nor_status(&s->nor),
        .touched_lo = s->nor.touched_lo,
        .touched_hi = s->nor.touched_hi,
        .touched = s->nor.touched,
        .fault_fired = s->plan.fired,
    };
}
