/* stub_guest.c - our own stub, compiled for the PC, as a guest: its loop in virtual time. */
#include <stdlib.h>

#include "sim/stub_guest.h"

#define SERVED_NS   SIM_MS(5) /* what starting takes where work takes no time */
#define STEP_NS     1000u     /* the shortest slice */
#define SLEEP_NS    SIM_MS(1)
#define RX_NS       20000u /* bytes that come within this are looked at together */
#define TX_PART     256u   /* room in the transmit ring worth waking up for */
#define SERVED_MOST 10000u /* steps between two looks at the client */

struct guest {
    struct stub_hal hal;
    uint64_t busy_to; /* the slice is over */
    uint64_t wake;
    bool begun;
    struct stub stub;
};

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void *start(struct sim *s, const uint8_t *image, size_t len, uint32_t load, uint32_t entry)
{
    const struct stub_chip *chip = stub_chip_named(s->ops->name);
    struct guest *g = chip ? calloc(1, sizeof *g) : NULL;

    (void)image; /* the caller has compared it: it is what was compiled in here */
    (void)len;
    (void)load;
    (void)entry;
    if (!g)
        return NULL;
    stub_hal_init(&g->hal, s, chip);
    /* At the beginning of time it has been there for long. */
    g->wake = s->now + (s->instant || !s->now ? SERVED_NS : SIM_MS(chip->start_ms));
    return g;
}

static void fini(void *guest)
{
    free(guest);
}

/* ---- bytes ---------------------------------------------------------------- */

static void wake_for_byte(const struct sim *s, struct guest *g)
{
    if (g->begun)
        g->wake = earlier(g->wake, s->now + (s->instant ? 0 : RX_NS));
}

static bool pin(struct sim *s, void *guest, uint32_t baud, uint8_t byte)
{
    struct guest *g = guest;

    if (!g->begun)
        return true;
    if (!stub_hal_pin(&g->hal, baud, byte))
        return false;
    wake_for_byte(s, g);
    return true;
}

static void rx(struct sim *s, void *guest, uint8_t byte)
{
    struct guest *g = guest;

    stub_hal_rx(&g->hal, byte);
    wake_for_byte(s, g);
}

/* ---- time ----------------------------------------------------------------- */

/* When there may be something to do without a byte. */
static uint64_t sleep_until(const struct sim *s)
{
    uint64_t now = sim_guest_now(s), t = now + SLEEP_NS;
    uint64_t ready = sim_guest_flash_ready_at(s), sent = sim_guest_sent_at(s);

    if (ready > now)
        t = earlier(t, ready);
    if (sent > now)
        t = earlier(t, earlier(sent, now + TX_PART * bus_byte_ns(s->baud)));
    return t;
}

static bool work(const struct sim *s, struct guest *g)
{
    unsigned most = s->instant ? SERVED_MOST : 1;

    while (most-- && s->guest.then == SIM_GUEST_STAYS)
        if (!stub_step(&g->stub))
            return false;
    return true;
}

static void timer(struct sim *s, void *guest)
{
    struct guest *g = guest;
    bool more;

    if (!g->begun) {
        g->begun = true;
        stub_init(&g->stub, g->hal.chip->family, &g->hal);
    }
    more = work(s, g);
    if (s->guest.ahead < STEP_NS)
        sim_guest_spend(s, STEP_NS - s->guest.ahead);
    g->busy_to = sim_guest_now(s);
    g->wake = more ? g->busy_to + (s->instant ? STEP_NS : 0) : sleep_until(s);
}

static uint64_t next(const struct sim *s, void *guest)
{
    const struct guest *g = guest;

    (void)s;
    return later(g->busy_to, g->wake);
}

const struct sim_guest_ops sim_guest_pc = {
    .name = "pc",
    .start = start,
    .pin = pin,
    .rx = rx,
    .next = next,
    .timer = timer,
    .fini = fini,
};
