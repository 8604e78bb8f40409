/* emu_guest.c - see emu_guest.h. */
#include "emu/emu_guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu/bl602_soc.h"
#include "emu/ecr6600_soc.h"
#include "sim/bl602.h"
#include "sim/ecr6600.h"

enum which { BL602, ECR6600 };

struct guest {
    enum which which;
    struct sim *sim; /* of the call that is under way */
    uint64_t not_before;
    union {
        struct bl602_soc bl602;
        struct ecr6600_soc ecr6600;
    } soc;
};

/* What tests ask for when the guest may be gone. */
static struct emu_report past;
static struct guest *living;

static uint32_t sha_block; /* 0: as the chip has it */

static struct emu_complaints *complaints(struct guest *g)
{
    return g->which == BL602 ? &g->soc.bl602.complaints : &g->soc.ecr6600.complaints;
}

static struct uart_fifo *uart(struct guest *g)
{
    return g->which == BL602 ? &g->soc.bl602.uart : &g->soc.ecr6600.uart;
}

static uint64_t now_ps(const struct guest *g)
{
    return g->which == BL602 ? bl602_soc_ps(&g->soc.bl602) : ecr6600_soc_ps(&g->soc.ecr6600);
}

static enum emu_end end_of(const struct guest *g)
{
    return g->which == BL602 ? g->soc.bl602.end : g->soc.ecr6600.end;
}

/* ---- the board ------------------------------------------------------------ */

/* What follows happens at `ns`. */
static void at(struct sim *s, uint64_t ns)
{
    s->guest.ahead = ns > s->now ? ns - s->now : 0;
}

static void tx(void *user, uint64_t ns, uint32_t baud, uint8_t byte)
{
    struct guest *g = user;

    at(g->sim, ns);
    g->sim->baud = baud;
    sim_guest_send(g->sim, &byte, 1);
}

static void spi(void *user, uint64_t ns, const struct emu_spi *t)
{
    struct guest *g = user;

    at(g->sim, ns);
    sim_guest_spi(g->sim, t->opcode, t->has_addr, t->addr, t->out, t->out_len, t->in, t->in_len);
}

static bool efuse(void *user, uint16_t addr, uint8_t *buf, uint16_t len)
{
    struct guest *g = user;

    return sim_guest_efuse(g->sim, addr, buf, len);
}

/* ---- the guest -------------------------------------------------------------- */

static void add(struct emu_report *r, struct guest *g)
{
    const struct emu_complaints *c = complaints(g);
    const struct uart_fifo *u = uart(g);
    size_t have = strlen(r->text);

    r->complaints += c->count;
    snprintf(r->text + have, sizeof r->text - have, "%s", c->text);
    r->overruns += u->overruns;
    r->garbled += u->garbled;
    r->unheard += u->unheard;
    r->received += u->received;
    r->sent += u->sent;
    if (u->peak > r->peak)
        r->peak = u->peak;
    if (g->which == BL602) {
        r->cycles += g->soc.bl602.cpu.cycles;
    } else {
        r->cycles += ecr6600_soc_cycles(&g->soc.ecr6600);
        r->instructions += g->soc.ecr6600.cpu.instructions;
    }
}

static void fini(void *guest)
{
    struct guest *g = guest;

    add(&past, g);
    living = NULL;
    if (g->which == BL602)
        bl602_soc_fini(&g->soc.bl602);
    else
        ecr6600_soc_fini(&g->soc.ecr6600);
    free(g);
}

static struct guest *make(struct sim *s, enum which which)
{
    struct guest *g = calloc(1, sizeof *g);

    if (!g)
        return NULL;
    g->which = which;
    g->sim = s;
    past.starts++;
    return g;
}

static void *start_bl602(struct sim *s, const uint8_t *image, size_t len, uint32_t load,
                         uint32_t entry)
{
    struct guest *g = make(s, BL602);
    const struct emu_board board = {g, tx, spi, efuse};

    if (!g || !bl602_soc_init(&g->soc.bl602, &board, bl602_of(s)->xtal_khz * 1000,
                              s->now * EMU_PS_PER_NS, image, len, load, entry)) {
        free(g);
        return NULL;
    }
    if (sha_block)
        g->soc.bl602.sha.block_clocks = sha_block;
    return living = g;
}

static void *start_ecr6600(struct sim *s, const uint8_t *image, size_t len, uint32_t load,
                           uint32_t entry)
{
    struct guest *g = make(s, ECR6600);
    const struct emu_board board = {g, tx, spi, efuse};

    if (!g || !ecr6600_soc_init(&g->soc.ecr6600, &board, ecrdev(s)->xtal26 ? 26000000 : 40000000,
                                ecrdev(s)->found != ECRDEV_NO_UBOOT, s->now * EMU_PS_PER_NS, image,
                                len, load, entry)) {
        free(g);
        return NULL;
    }
    uart(g)->shift_until = sim_guest_sent_at(s) * EMU_PS_PER_NS; /* the loader's last answer */
    return living = g;
}

/* The program has ended: what the device makes of it. Nothing of `g` may be used then. */
static void act(struct sim *s, struct guest *g)
{
    switch (end_of(g)) {
    case EMU_RUNS:
        return;
    case EMU_BOOTS:
        past.boots++;
        sim_guest_run(s);
        return;
    case EMU_RESET:
        past.resets++;
        sim_reset(s);
        return;
    case EMU_BITTEN:
        past.bites++;
        sim_reset(s);
        return;
    case EMU_CRASHED:
        past.crashes++;
        sim_guest_crash(s);
        return;
    }
}

static bool pin(struct sim *s, void *guest, uint32_t baud, uint8_t byte)
{
    struct guest *g = guest;

    g->sim = s;
    if (g->which == BL602)
        bl602_soc_pin(&g->soc.bl602, s->now * EMU_PS_PER_NS, baud, byte);
    else
        ecr6600_soc_pin(&g->soc.ecr6600, s->now * EMU_PS_PER_NS, baud, byte);
    return true;
}

static uint64_t next(const struct sim *s, void *guest)
{
    const struct guest *g = guest;
    uint64_t ns = now_ps(g) / EMU_PS_PER_NS;

    (void)s;
    return ns > g->not_before ? ns : g->not_before;
}

/* How long a byte that the host begins now would take at least. */
static uint64_t slice(const struct sim *s)
{
    uint64_t ns = s->host_baud ? bus_byte_ns(s->host_baud) * 9 / 10 : EMU_AHEAD_NS;

    return ns < EMU_AHEAD_NS ? EMU_AHEAD_NS : ns < EMU_AHEAD_MAX_NS ? ns : EMU_AHEAD_MAX_NS;
}

static void timer(struct sim *s, void *guest)
{
    struct guest *g = guest;
    const struct bus_run *run = bus_front(&s->to_device);
    uint64_t until = s->now + slice(s);

    g->sim = s;
    g->not_before = s->now + 1;
    if (run && run->end <= s->now)
        return; /* a byte that has come first */
    if (run && run->end < until)
        until = run->end;
    if (g->which == BL602)
        bl602_soc_run(&g->soc.bl602, until * EMU_PS_PER_NS);
    else
        ecr6600_soc_run(&g->soc.ecr6600, until * EMU_PS_PER_NS);
    act(s, g);
}

static const struct sim_guest_ops ops[] = {
    [BL602] = {.name = "emulated bl602",
               .start = start_bl602,
               .pin = pin,
               .next = next,
               .timer = timer,
               .fini = fini},
    [ECR6600] = {.name = "emulated ecr6600",
                 .start = start_ecr6600,
                 .pin = pin,
                 .next = next,
                 .timer = timer,
                 .fini = fini},
};

const struct sim_guest_ops *emu_guest_for(const char *device)
{
    return !strcmp(device, "bl602")     ? &ops[BL602]
           : !strcmp(device, "ecr6600") ? &ops[ECR6600]
                                        : NULL;
}

void emu_report_clear(void)
{
    memset(&past, 0, sizeof past);
}

void emu_report(struct emu_report *out)
{
    *out = past;
    if (living)
        add(out, living);
}

void emu_sha_block(uint32_t clocks)
{
    sha_block = clocks;
}
