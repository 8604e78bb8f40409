/* guest.c - the seam between a chip's model and a program that runs on it. */
#include "sim/guest.h"

#include <string.h>

#define MARK_AT 4u /* behind the first jump */

static const char mark[] = "PLUGFLASH";

/* A person who watches a host poll in vain switches the plug again. */
#define IGNORED_MAX 400u
#define PATIENCE_NS SIM_MS(10000)

enum sim_image sim_image_is(const uint8_t *image, size_t len, const uint8_t *ours, size_t ours_len)
{
    if (len == ours_len && !memcmp(image, ours, len))
        return SIM_IMAGE_OURS;
    if (len >= MARK_AT + sizeof mark - 1 && !memcmp(image + MARK_AT, mark, sizeof mark - 1))
        return SIM_IMAGE_DAMAGED;
    return SIM_IMAGE_OTHER;
}

bool sim_guest_start(struct sim *s, const uint8_t *image, size_t len, uint32_t load, uint32_t entry)
{
    struct sim_guest *g = &s->guest;

    sim_guest_stop(s);
    if (!g->ops)
        g->ops = &sim_guest_pc;
    g->image = image;
    g->len = len;
    g->load = load;
    g->entry = entry;
    g->ahead = 0;
    g->then = SIM_GUEST_STAYS;
    g->ignored = 0;
    g->state = g->ops->start(s, image, len, load, entry);
    return g->state != NULL;
}

bool sim_guest_runs(const struct sim *s)
{
    return s->guest.state != NULL;
}

void sim_guest_stop(struct sim *s)
{
    struct sim_guest *g = &s->guest;

    if (g->state)
        g->ops->fini(g->state);
    g->state = NULL;
}

/* ---- what happens to it --------------------------------------------------- */

static void enter(struct sim *s)
{
    s->guest.ahead = 0;
}

/* Its function has returned: now it may go. */
static void leave(struct sim *s)
{
    struct sim_guest *g = &s->guest;
    enum sim_guest_then then = g->then;

    g->ahead = 0;
    if (then == SIM_GUEST_STAYS)
        return;
    g->then = SIM_GUEST_STAYS;
    sim_guest_stop(s);
    if (then == SIM_GUEST_RUNS_FLASH && s->ops->run_flash) {
        s->ops->run_flash(s);
        return;
    }
    if (s->linked)
        s->cycle_base = s->now;
    s->linked = false;
    s->phase = SIM_DEAD;
}

static void count_ignored(struct sim *s)
{
    struct sim_guest *g = &s->guest;

    if (!g->ignored++)
        g->ignored_from = s->now;
    if (g->ignored < IGNORED_MAX || s->now - g->ignored_from < PATIENCE_NS || !s->linked)
        return;
    s->linked = false;
    s->cycle_base = s->now;
}

bool sim_guest_pin(struct sim *s, uint32_t baud, uint8_t byte)
{
    struct sim_guest *g = &s->guest;
    bool taken;

    if (!g->ops->pin)
        return false;
    enter(s);
    taken = g->ops->pin(s, g->state, baud, byte);
    leave(s);
    if (taken)
        count_ignored(s);
    return taken;
}

void sim_guest_rx(struct sim *s, uint8_t byte)
{
    struct sim_guest *g = &s->guest;

    count_ignored(s);
    enter(s);
    g->ops->rx(s, g->state, byte);
    leave(s);
}

uint64_t sim_guest_next(const struct sim *s)
{
    return s->guest.ops->next(s, s->guest.state);
}

void sim_guest_timer(struct sim *s)
{
    enter(s);
    s->guest.ops->timer(s, s->guest.state);
    leave(s);
}

/* ---- what it may do ------------------------------------------------------- */

void sim_guest_spend(struct sim *s, uint64_t ns)
{
    if (!s->instant)
        s->guest.ahead += ns;
}

uint64_t sim_guest_now(const struct sim *s)
{
    return s->now + s->guest.ahead;
}

void sim_guest_send(struct sim *s, const uint8_t *bytes, size_t len)
{
    if (s->guest.then != SIM_GUEST_STAYS)
        return;
    s->guest.ignored = 0;
    sim_linked(s);
    sim_send(s, sim_guest_now(s), bytes, len);
}

uint64_t sim_guest_sent_at(const struct sim *s)
{
    return s->tx_free;
}

void sim_guest_spi(struct sim *s, uint8_t opcode, bool has_addr, uint32_t addr, const uint8_t *out,
                   size_t out_len, uint8_t *in, size_t in_len)
{
    struct nor_spi_frame f = {opcode, has_addr, addr, out, out_len, in, in_len};
    uint64_t now = sim_guest_now(s);
    uint64_t busy = nor_spi(&s->spi, &s->nor, now < s->work_to, &f);

    if (!busy || s->instant)
        return;
    s->work_from = s->now; /* a cut that comes before it got here finds it under way as well */
    s->work_to = now + busy;
}

uint64_t sim_guest_flash_ready_at(const struct sim *s)
{
    return s->work_to;
}

bool sim_guest_efuse(const struct sim *s, uint16_t addr, uint8_t *buf, uint16_t len)
{
    return s->ops->efuse && s->ops->efuse(s, addr, buf, len);
}

void sim_guest_run(struct sim *s)
{
    if (s->guest.then == SIM_GUEST_STAYS)
        s->guest.then = SIM_GUEST_RUNS_FLASH;
}

void sim_guest_crash(struct sim *s)
{
    s->guest.then = SIM_GUEST_CRASHED;
}
