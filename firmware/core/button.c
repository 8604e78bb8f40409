/* button.c - the state machine of a push button: clicks, double clicks, holds.
 *
 * Pure: time and level come in, events go out; pin.c gives them their meaning. A button
 * that is down when it is set up (stuck, or a pin that is wired otherwise than its role
 * says) is nothing but a level until it has been let go. */
#include "core/button.h"

#define BOUNCE_MS 75u

enum { IDLE, DOWN, GAP, DOWN_AGAIN, HELD };

void button_init(struct button *b, bool pressed)
{
    *b = (struct button){.level = pressed, .stuck = pressed};
}

static uint16_t plus(uint16_t a, uint32_t ms)
{
    return ms > (uint32_t)(UINT16_MAX - a) ? UINT16_MAX : (uint16_t)(a + ms);
}

/* A level counts when it has differed for BOUNCE_MS between two looks that both saw it. */
static void debounce(struct button *b, bool pressed, uint32_t ms)
{
    if (pressed == b->level) {
        b->bouncing = false;
        return;
    }
    if (!b->bouncing) {
        b->bouncing = true;
        b->bounce = 0;
        return;
    }
    b->bounce = plus(b->bounce, ms);
    if (b->bounce < BOUNCE_MS)
        return;
    b->bouncing = false;
    b->level = pressed;
}

static enum button_event clicks(unsigned n)
{
    return n >= 1 && n <= 5 ? (enum button_event)(BUTTON_CLICK + n - 1) : BUTTON_NOTHING;
}

static enum button_event enter(struct button *b, uint8_t state, enum button_event e)
{
    b->state = state;
    b->timer = 0;
    return e;
}

static enum button_event next(struct button *b, const struct button_times *t)
{
    switch (b->state) {
    case IDLE:
        if (!b->level)
            return BUTTON_NOTHING;
        b->repeat = 1;
        return enter(b, DOWN, BUTTON_PRESS);
    case DOWN:
        if (!b->level)
            return enter(b, GAP, BUTTON_RELEASE);
        if (b->timer > t->long_ms)
            return enter(b, HELD, BUTTON_HOLD_START);
        return BUTTON_NOTHING;
    case GAP:
        if (b->level) {
            if (b->repeat < UINT8_MAX)
                b->repeat++;
            return enter(b, DOWN_AGAIN, BUTTON_PRESS);
        }
        if (b->timer > t->short_ms)
            return enter(b, IDLE, clicks(b->repeat));
        return BUTTON_NOTHING;
    case DOWN_AGAIN:
        if (b->level)
            return BUTTON_NOTHING;
        return enter(b, b->timer < t->short_ms ? GAP : IDLE, BUTTON_RELEASE);
    case HELD:
        if (!b->level)
            return enter(b, IDLE, BUTTON_RELEASE);
        if (b->timer >= t->repeat_ms)
            return enter(b, HELD, BUTTON_HOLD);
        return BUTTON_NOTHING;
    default:
        return enter(b, IDLE, BUTTON_NOTHING);
    }
}

enum button_event button_step(struct button *b, bool pressed, uint32_t ms,
                              const struct button_times *t)
{
    debounce(b, pressed, ms);
    if (b->stuck) {
        b->stuck = b->level;
        return BUTTON_NOTHING;
    }
    b->timer = plus(b->timer, ms);
    if (!b->level)
        b->held_ms = 0;
    else if (b->state != IDLE)
        b->held_ms = ms > UINT32_MAX - b->held_ms ? UINT32_MAX : b->held_ms + ms;
    return next(b, t);
}
