/* button.h - the state machine of a push button (reference 2.2), on its own. */
#ifndef CORE_BUTTON_H
#define CORE_BUTTON_H

#include <stdbool.h>
#include <stdint.h>

enum button_event {
    BUTTON_NOTHING,
    BUTTON_PRESS,
    BUTTON_RELEASE,
    BUTTON_CLICK,
    BUTTON_DOUBLE,
    BUTTON_TRIPLE,
    BUTTON_FOUR,
    BUTTON_FIVE,
    BUTTON_HOLD_START,
    BUTTON_HOLD
};

struct button_times {
    uint16_t short_ms, long_ms, repeat_ms;
};

struct button {
    uint8_t state, repeat;
    bool level; /* debounced: pressed */
    bool stuck; /* pressed since boot: nothing of it counts until released */
    uint16_t bounce, timer;
    uint32_t held_ms; /* since pressed */
};

/* `pressed`: at set-up. */
void button_init(struct button *b, bool pressed);
/* At most BUTTON_EVENTS events happen in one step; returns how many. `ms`: since the last. */
#define BUTTON_EVENTS 3
unsigned button_step(struct button *b, bool pressed, uint32_t ms, const struct button_times *t,
                     enum button_event out[BUTTON_EVENTS]);

#endif
