/* button.h - the state machine of a push button (reference 2.2), on its own. */
#ifndef CORE_BUTTON_H
#define CORE_BUTTON_H

#include <stdbool.h>
#include <stdint.h>

enum button_event {
    BUTTON_NOTHING,
    BUTTON_PRESS, /* each time it goes down, so that presses and releases pair */
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
    bool level;    /* debounced: pressed */
    bool stuck;    /* pressed since set-up: nothing of it counts until released */
    bool bouncing; /* the raw level differs, for `bounce` ms */
    uint16_t bounce, timer;
    uint32_t held_ms; /* since pressed; 0: it is not */
};

/* `pressed`: at set-up. */
void button_init(struct button *b, bool pressed);
/* One look at the pin, `ms` after the last one. A change of level counts after 75 ms. */
enum button_event button_step(struct button *b, bool pressed, uint32_t ms,
                              const struct button_times *t);

#endif
