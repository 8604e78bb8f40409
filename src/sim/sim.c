/* sim.c - making and unmaking a virtual plug. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/guest.h"

/* Parts with a single status register (reference 12); all others here have two. */
static const uint32_t one_status_register[] = {
    0x1C7015, 0x1C7016, 0x1C3113, 0x514013, 0x514014, 0x5E4014, 0xC22014,
    0xC84013, 0xC86413, 0xC86414, 0xE04013, 0xE04014, 0x854215, 0x854412,
};

static void set_defaults(struct sim *s)
{
    struct sim_config *c = &s->cfg;

    c->size = s->ops->size;
    c->jedec = s->ops->jedec;
    c->status = s->ops->status;
    c->lat_ns = SIM_MS(1);
    c->crc_rate = 4u << 20;
    c->seed = 1;
    c->reset_line = PF_LINE_RTS;
    c->chat_ns = SIM_MS(200);
    c->packet = 512;
    c->times = nor_typical;
    s->power_on_at = s->power_off_at = SIM_NEVER;
    s->app_next = SIM_NEVER;
    s->host_baud = 115200;
    s->baud = 115200;
    s->rx_cap = 1;
    if (s->ops->defaults)
        s->ops->defaults(s);
}

static uint32_t size_code(uint32_t size)
{
    uint32_t n = 0;

    while (size >>= 1)
        n++;
    return n;
}

/* The size: that of the contents, else size=, else what jedec= says. */
static enum pf_err settle_size(struct sim *s, uint32_t contents)
{
    struct sim_config *c = &s->cfg;
    uint32_t code = c->jedec & 0xff;

    if (contents && c->size_given && contents != c->size)
        return pf_fail(s->ctx, PF_ERR_USAGE, "sim: size=0x%x, but the contents have 0x%x bytes",
                       c->size, contents);
    if (contents)
        c->size = contents;
    else if (!c->size_given && c->jedec_given && code >= 16 && code <= 24)
        c->size = 1u << code;
    if (!c->jedec_given)
        c->jedec = (c->jedec & 0xffff00) | size_code(c->size);
    return PF_OK;
}

/* Length of the open file, checked to be a flash size. */
static enum pf_err file_size(struct sim *s, FILE *f, uint32_t *size)
{
    long n = fseek(f, 0, SEEK_END) ? -1 : ftell(f);

    if (n < 0 || fseek(f, 0, SEEK_SET))
        return pf_fail(s->ctx, PF_ERR_FILE, "sim: %s: %s", s->cfg.flash, strerror(errno));
    if (!nor_size_ok((uint64_t)n))
        return pf_fail(s->ctx, PF_ERR_USAGE,
                       "sim: %s has %ld bytes; a flash has a power of two from 64K to 16M",
                       s->cfg.flash, n);
    *size = (uint32_t)n;
    return PF_OK;
}

static enum pf_err load_file(struct sim *s)
{
    FILE *f = fopen(s->cfg.flash, "rb");
    uint32_t size = 0;
    enum pf_err err;

    if (!f)
        return pf_fail(s->ctx, PF_ERR_FILE, "sim: %s: %s", s->cfg.flash, strerror(errno));
    err = file_size(s, f, &size);
    if (!err)
        err = settle_size(s, size);
    if (!err && nor_init(&s->nor, size, s->cfg.seed))
        err = pf_fail(s->ctx, PF_ERR_NOMEM, "sim: no memory for 0x%x bytes of flash", size);
    if (!err && fread(s->nor.cell, 1, size, f) != size)
        err = pf_fail(s->ctx, PF_ERR_FILE, "sim: %s: cannot be read", s->cfg.flash);
    fclose(f);
    return err;
}

static void settle_mac(struct sim *s)
{
    uint8_t *mac = s->cfg.mac;
    struct rng r;

    if (s->cfg.mac_given)
        return;
    rng_seed(&r, s->cfg.seed);
    mac[0] = 0x02; /* locally administered: no real unit has it */
    mac[1] = 'P';
    mac[2] = 'F';
    for (size_t i = 3; i < 6; i++)
        mac[i] = rng_u8(&r);
}

static enum pf_err fill_flash(struct sim *s, const uint8_t *flash, uint32_t size)
{
    if (!flash && s->cfg.flash[0])
        return load_file(s);
    PF_TRY(settle_size(s, flash ? size : 0));
    if (nor_init(&s->nor, s->cfg.size, s->cfg.seed))
        return pf_fail(s->ctx, PF_ERR_NOMEM, "sim: no memory for 0x%x bytes of flash", s->cfg.size);
    if (flash)
        memcpy(s->nor.cell, flash, size);
    else
        s->ops->factory(s, s->cfg.seed, s->cfg.mac, s->nor.cell, s->cfg.size);
    return PF_OK;
}

static enum nor_fault flash_fault(void *user, enum nor_op op, uint64_t nth, uint64_t nth_op)
{
    struct sim *s = user;
    struct fault *f;

    if (op == NOR_OP_READ)
        return fault_hit(&s->plan, FAULT_READFLIP, nth) ? NOR_WRONG : NOR_FINE;
    if (fault_hit(&s->plan, FAULT_POWERCUT, nth_op))
        return NOR_CUT;
    if (op == NOR_OP_ERASE)
        return fault_hit(&s->plan, FAULT_STICK, nth) ? NOR_STICK : NOR_FINE;
    f = fault_hit(&s->plan, FAULT_LIE, nth);
    return !f ? NOR_FINE : f->word ? NOR_WRONG : NOR_STICK;
}

static void set_up_flash(struct sim *s)
{
    const struct sim_config *c = &s->cfg;
    struct nor *n = &s->nor;

    n->jedec[0] = (uint8_t)(c->jedec >> 16);
    n->jedec[1] = (uint8_t)(c->jedec >> 8);
    n->jedec[2] = (uint8_t)c->jedec;
    n->sr_count = 2;
    for (size_t i = 0; i < sizeof one_status_register / sizeof *one_status_register; i++)
        if (one_status_register[i] == c->jedec)
            n->sr_count = 1;
    if (c->sr_count_given)
        n->sr_count = c->sr_count;
    n->sr[0] = (uint8_t)c->status;
    n->sr[1] = n->sr_count > 1 ? (uint8_t)(c->status >> 8) : 0;
    n->sr1_clears_sr2 = c->sr1_clears_sr2;
    n->sr2_only_by_31 = c->sr2_only_by_31;
    n->times = c->times;
    n->times.half = c->times.block < c->times.sector ? c->times.sector : (c->times.block * 4) / 5;
    n->fault = s->plan.count ? flash_fault : NULL;
    n->user = s;
}

/* Put the plug into the state in which the host finds it. */
static void plug_in(struct sim *s)
{
    rng_seed(&s->rng, s->cfg.seed ^ 0x6e6f6973u);
    rng_seed(&s->plan.rng, s->cfg.seed ^ 0x6661756cu);
    s->phase = SIM_OFF;
    if (s->ops->attach)
        s->ops->attach(s);
    if (s->cfg.power == SIM_POWER_ON) {
        nor_power_off(&s->nor, false);
        s->power_on_at = s->cfg.power_ns;
        return;
    }
    s->powered = true;
    if (s->cfg.start == SIM_START_APP)
        sim_start_app(s);
    else
        sim_reset(s);
}

static enum pf_err set_up(struct sim *s, const char *keys, const uint8_t *flash, uint32_t size)
{
    set_defaults(s);
    if (*keys)
        PF_TRY(sim_parse(s, keys));
    if (s->cfg.save && !s->cfg.flash[0])
        return pf_fail(s->ctx, PF_ERR_USAGE, "sim: save=1 needs flash=FILE");
    settle_mac(s);
    PF_TRY(fill_flash(s, flash, size));
    set_up_flash(s);
    if (s->cfg.faults[0])
        pf_log(s->ctx, "sim: fault=%s seed=%u", s->cfg.faults, (unsigned)s->cfg.seed);
    plug_in(s);
    return PF_OK;
}

static void unmake(struct sim *s)
{
    sim_guest_stop(s);
    bus_fini(&s->to_device);
    bus_fini(&s->to_adapter);
    bus_fini(&s->to_host);
    nor_fini(&s->nor);
    if (s->dev && s->ops->fini)
        s->ops->fini(s);
    free(s->held_reply);
    free(s->dev);
    free(s);
}

enum pf_err sim_new(struct pf_ctx *ctx, const char *spec, const uint8_t *flash, uint32_t size,
                    struct sim **out)
{
    size_t n = strcspn(spec, ",");
    const struct sim_device_ops *ops = sim_device_by_name(spec, n);
    struct sim *s;
    enum pf_err err;

    *out = NULL;
    if (!ops)
        return pf_fail(ctx, PF_ERR_USAGE, "sim: no virtual device '%.*s'", (int)n, spec);
    if (spec[n] == ',' && !spec[n + 1])
        return pf_fail(ctx, PF_ERR_USAGE, "sim: a key is missing after ','");
    if (flash && !nor_size_ok(size))
        return pf_fail(ctx, PF_ERR_USAGE, "sim: 0x%x bytes are no flash size", size);
    s = calloc(1, sizeof *s);
    if (!s)
        return pf_fail(ctx, PF_ERR_NOMEM, "sim: no memory");
    s->ctx = ctx;
    s->ops = ops;
    s->dev = calloc(1, ops->state_size);
    err = s->dev ? set_up(s, spec[n] ? spec + n + 1 : "", flash, size)
                 : pf_fail(ctx, PF_ERR_NOMEM, "sim: no memory");
    if (err)
        unmake(s);
    else
        *out = s;
    return err;
}

/* Beside the file first, so that an interrupted save loses nothing. */
static enum pf_err save(struct sim *s)
{
    char part[sizeof s->cfg.flash + 8];
    FILE *f;
    bool ok;

    snprintf(part, sizeof part, "%s.part", s->cfg.flash);
    f = fopen(part, "wb");
    ok = f && fwrite(s->nor.cell, 1, s->nor.size, f) == s->nor.size;
    if (f)
        ok = !fclose(f) && ok;
    if (!ok || rename(part, s->cfg.flash)) {
        enum pf_err err =
            pf_fail(s->ctx, PF_ERR_FILE, "sim: %s: %s", s->cfg.flash, strerror(errno));

        remove(part);
        return err;
    }
    return PF_OK;
}

enum pf_err sim_free(struct sim *s)
{
    enum pf_err err = s->cfg.save ? save(s) : PF_OK;

    unmake(s);
    return err;
}
