/* pin.c - pins in their roles: relays before all else, then the rest; inputs, buttons
 * and LEDs each tick.
 *
 * A pin is driven only when its role is known, and shows the right level from its first
 * instant (hal_pin_output). Pins of a meter chip belong to the meter's driver. */
#include "core/pin.h"

#include "core/channel.h"
#include "core/event.h"
#include "core/log.h"
#include "core/plug.h"
#include "core/role.h"
#include "core/wifi.h"
#include "hal/pins.h"

enum { FLAG_INSTANT = 6, FLAG_LOCK = 41 };
enum { INPUT_MS = 250, INPUT_FAST_MS = 100 };
enum { WIFI_CONNECTED = 4, WIFI_AP_UP = 5 };
enum { BLINK_AP_MS = 250, BLINK_MS = 500 };

static unsigned pin_count(void)
{
    const unsigned n = hal_pin_count();

    return n < PINS ? n : PINS;
}

/* What the pin does here; 0: nothing, or not a pin of ours. */
static unsigned pin_flags(const struct plug *p, unsigned pin)
{
    const unsigned role = config_role(&p->cfg, pin);

    return role && hal_pin_usable(pin) ? role_flags(role) : 0;
}

static bool is_wifi_led(const struct plug *p, unsigned pin)
{
    const unsigned role = config_role(&p->cfg, pin);

    return role == ROLE_WIFI_LED || role == ROLE_WIFI_LED_N;
}

/* The level an output has to show. */
static bool pin_shows(const struct plug *p, unsigned pin, unsigned flags)
{
    const bool inverted = flags & ROLE_INVERTED;

    if (flags & ROLE_CONSTANT)
        return !inverted;
    if (is_wifi_led(p, pin))
        return p->pins.blink != inverted;
    return (channel_get(p, config_channel(&p->cfg, pin, 0)) > 0) != inverted;
}

static void set_outputs(struct plug *p, unsigned want, unsigned but)
{
    for (unsigned pin = 0; pin < pin_count(); pin++) {
        const unsigned flags = pin_flags(p, pin);

        if ((flags & want) == want && !(flags & but))
            hal_pin_output(pin, pin_shows(p, pin, flags));
    }
}

void pins_set_outputs(struct plug *p)
{
    set_outputs(p, ROLE_OUTPUT | ROLE_RELAY, 0);
    if (!p->safe_mode)
        set_outputs(p, ROLE_OUTPUT | ROLE_CONSTANT, 0);
}

/* ---- inputs ---------------------------------------------------------------- */

/* Low is pressed, for `_n` high; whichever way our resistor pulls. */
static bool pressed(unsigned pin, unsigned flags)
{
    return hal_pin_read(pin) == !!(flags & ROLE_INVERTED);
}

static enum hal_pull pin_pull(unsigned flags)
{
    if (flags & ROLE_NO_PULL)
        return HAL_PULL_NONE;
    return flags & ROLE_PULL_DOWN ? HAL_PULL_DOWN : HAL_PULL_UP;
}

static void input_shows(struct plug *p, unsigned pin, unsigned flags)
{
    channel_set(p, config_channel(&p->cfg, pin, 0), p->pins.level[pin] != !!(flags & ROLE_INVERTED),
                false);
}

static void set_input(struct plug *p, unsigned pin, unsigned flags)
{
    struct pins *s = &p->pins;

    hal_pin_input(pin, pin_pull(flags));
    s->bounce[pin] = 0;
    if (flags & ROLE_BUTTON) {
        button_init(&s->button[pin], pressed(pin, flags));
        if (s->button[pin].stuck)
            log_say(p, LOG_WARN, "%s: the button is down, waiting for its release",
                    hal_pin_label(pin));
        return;
    }
    s->level[pin] = hal_pin_read(pin);
    if (!(flags & ROLE_EDGE))
        input_shows(p, pin, flags);
}

void pins_set_up(struct plug *p)
{
    p->pins.up = true;
    set_outputs(p, ROLE_OUTPUT, ROLE_RELAY | ROLE_CONSTANT);
    for (unsigned pin = 0; pin < pin_count(); pin++) {
        const unsigned flags = pin_flags(p, pin);

        p->pins.role[pin] = config_role(&p->cfg, pin);
        if (flags & (ROLE_INPUT | ROLE_BUTTON))
            set_input(p, pin, flags);
        else if (config_role(&p->cfg, pin) && !hal_pin_usable(pin))
            log_say(p, LOG_WARN, "%s: cannot be %s, it belongs to the chip", hal_pin_label(pin),
                    role_name(config_role(&p->cfg, pin)));
    }
}

/* What was ours and is so no more floats; what is the meter's stays as its driver has it. */
void pins_changed(struct plug *p, unsigned pin)
{
    unsigned flags, was, now;

    if (!p->pins.up || pin >= pin_count() || !hal_pin_usable(pin))
        return;
    flags = pin_flags(p, pin);
    was = p->pins.role[pin];
    now = config_role(&p->cfg, pin);
    p->pins.role[pin] = (uint8_t)now;
    if (flags & ROLE_OUTPUT)
        hal_pin_output(pin, pin_shows(p, pin, flags));
    else if (flags & (ROLE_INPUT | ROLE_BUTTON))
        set_input(p, pin, flags);
    else if (was != now && (!now || (role_flags(was) & (ROLE_OUTPUT | ROLE_INPUT | ROLE_BUTTON))))
        hal_pin_input(pin, HAL_PULL_NONE);
}

void pins_show(struct plug *p, unsigned ch)
{
    if (!p->pins.up)
        return;
    for (unsigned pin = 0; pin < pin_count(); pin++) {
        const unsigned flags = pin_flags(p, pin);

        if ((flags & ROLE_OUTPUT) && !(flags & (ROLE_CONSTANT | ROLE_NO_CHANNEL)) &&
            config_channel(&p->cfg, pin, 0) == ch)
            hal_pin_write(pin, pin_shows(p, pin, flags));
    }
}

/* ---- buttons --------------------------------------------------------------- */

static void button_clicked(struct plug *p, unsigned pin)
{
    const unsigned role = config_role(&p->cfg, pin);

    if (role == ROLE_BTN_ALL || role == ROLE_BTN_ALL_N) {
        bool any = false;

        for (uint64_t left = pins_relays(p), ch = 0; left; left >>= 1, ch++)
            any |= (left & 1) && channel_get(p, (unsigned)ch) > 0;
        channels_set_relays(p, !any);
    } else if (role != ROLE_BTN_SCRIPT && role != ROLE_BTN_SCRIPT_N) {
        channel_toggle(p, config_channel(&p->cfg, pin, 0));
    }
}

/* Toggles the second channel; 0 is what a record holds that has none. */
static void button_doubled(struct plug *p, unsigned pin)
{
    const unsigned ch = config_channel(&p->cfg, pin, 1);

    if (p->uptime_s < PIN_AP_BOOT_S) {
        log_say(p, LOG_INFO, "double click after boot: opening the access point");
        wifi_open_ap(p, 1);
    } else if (ch && (role_flags(config_role(&p->cfg, pin)) & ROLE_TWO_CHANNELS)) {
        channel_toggle(p, ch);
    }
}

static void button_happened(struct plug *p, unsigned pin, enum button_event e)
{
    static const uint8_t events[] = {
        [BUTTON_PRESS] = EVENT_PRESS,    [BUTTON_RELEASE] = EVENT_RELEASE,
        [BUTTON_CLICK] = EVENT_CLICK,    [BUTTON_DOUBLE] = EVENT_DBL_CLICK,
        [BUTTON_TRIPLE] = EVENT_3_CLICK, [BUTTON_FOUR] = EVENT_4_CLICK,
        [BUTTON_FIVE] = EVENT_5_CLICK,   [BUTTON_HOLD_START] = EVENT_HOLD_START,
        [BUTTON_HOLD] = EVENT_HOLD,
    };
    const bool instant = config_flag(&p->cfg, FLAG_INSTANT);

    if (event_fire(p, (enum event)events[e], (int32_t)pin))
        return;
    if (e == (instant ? BUTTON_PRESS : BUTTON_CLICK))
        button_clicked(p, pin);
    else if (e == BUTTON_DOUBLE)
        button_doubled(p, pin);
}

static void button_tick(struct plug *p, unsigned pin, unsigned flags, uint32_t ms,
                        const struct button_times *t)
{
    struct button *b = &p->pins.button[pin];
    const uint32_t held = b->held_ms;
    const enum button_event e = button_step(b, pressed(pin, flags), ms, t);

    if (held < PIN_AP_HOLD_MS && b->held_ms >= PIN_AP_HOLD_MS) {
        log_say(p, LOG_INFO, "%s held: opening the access point", hal_pin_label(pin));
        wifi_open_ap(p, 1);
    }
    if (e != BUTTON_NOTHING)
        button_happened(p, pin, e);
}

static void input_tick(struct plug *p, unsigned pin, unsigned flags, uint32_t ms)
{
    struct pins *s = &p->pins;
    const uint32_t wait = config_flag(&p->cfg, FLAG_INSTANT) ? INPUT_FAST_MS : INPUT_MS;
    const bool level = hal_pin_read(pin);

    if (level == s->level[pin]) {
        s->bounce[pin] = 0;
        return;
    }
    s->bounce[pin] = (uint16_t)(s->bounce[pin] + (ms < wait ? ms : wait));
    if (s->bounce[pin] < wait)
        return;
    s->bounce[pin] = 0;
    s->level[pin] = level;
    if (!(flags & ROLE_EDGE))
        input_shows(p, pin, flags);
    else if (!event_fire(p, EVENT_TOGGLE, (int32_t)pin))
        channel_toggle(p, config_channel(&p->cfg, pin, 0));
}

/* ---- the Wi-Fi LED --------------------------------------------------------- */

/* Access point: fast; connected: on; else slow. */
static void wifi_led_tick(struct plug *p, uint32_t ms)
{
    struct pins *s = &p->pins;
    const int code = wifi_code(p);
    const uint32_t period = code == WIFI_AP_UP ? BLINK_AP_MS : BLINK_MS;
    bool lit = s->blink;

    s->blink_ms = ms > 60000 ? 60000 : s->blink_ms + ms;
    if (code == WIFI_CONNECTED)
        lit = true;
    else if (s->blink_ms > period)
        lit = !lit;
    if (lit == s->blink)
        return;
    s->blink = lit;
    s->blink_ms = 0;
    for (unsigned pin = 0; pin < pin_count(); pin++)
        if (is_wifi_led(p, pin) && hal_pin_usable(pin))
            hal_pin_write(pin, pin_shows(p, pin, pin_flags(p, pin)));
}

void pins_tick(struct plug *p, uint32_t ms)
{
    const bool locked = config_flag(&p->cfg, FLAG_LOCK);
    const struct button_times t = {
        .short_ms = (uint16_t)(config_number(&p->cfg, CFG_BTN_SHORT) * 100),
        .long_ms = (uint16_t)(config_number(&p->cfg, CFG_BTN_LONG) * 100),
        .repeat_ms = (uint16_t)(config_number(&p->cfg, CFG_BTN_REPEAT) * 100),
    };

    if (!p->pins.up)
        return;
    for (unsigned pin = 0; pin < pin_count(); pin++) {
        const unsigned flags = pin_flags(p, pin); /* anew: a handler may have changed roles */

        if (flags & ROLE_INPUT)
            input_tick(p, pin, flags, ms);
        else if ((flags & ROLE_BUTTON) && locked) /* what is down now does not count later */
            button_init(&p->pins.button[pin], pressed(pin, flags));
        else if (flags & ROLE_BUTTON)
            button_tick(p, pin, flags, ms, &t);
    }
    wifi_led_tick(p, ms);
}

/* ---- who has what ---------------------------------------------------------- */

uint64_t pins_relays(const struct plug *p)
{
    uint64_t mask = 0;

    for (unsigned pin = 0; pin < pin_count(); pin++) {
        const unsigned ch = config_channel(&p->cfg, pin, 0);

        if ((pin_flags(p, pin) & ROLE_RELAY) && ch < CHANNELS)
            mask |= (uint64_t)1 << ch;
    }
    return mask;
}

int pins_first_relay(const struct plug *p)
{
    const uint64_t mask = pins_relays(p);

    for (int ch = 0; ch < (int)CHANNELS; ch++)
        if (mask >> ch & 1)
            return ch;
    return -1;
}

bool pins_channel_is(const struct plug *p, unsigned ch, unsigned flags)
{
    for (unsigned pin = 0; pin < pin_count(); pin++) {
        const unsigned has = pin_flags(p, pin);

        if ((has & flags) == flags && !(has & ROLE_NO_CHANNEL) &&
            config_channel(&p->cfg, pin, 0) == ch)
            return true;
    }
    return false;
}

int pins_with_role(const struct plug *p, unsigned role)
{
    for (unsigned pin = 0; pin < pin_count(); pin++)
        if (config_role(&p->cfg, pin) == role && hal_pin_usable(pin))
            return (int)pin;
    return -1;
}
