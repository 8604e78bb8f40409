/* pins.c - pins with a latch, a driver, a pull and a wire: what a meter would read there. */
#include "hal/host/host.h"

#define MAX 32u

static struct {
    bool driven, latch;
    enum hal_pull pull;
    enum host_wire wire;
} pin_of[MAX];
static unsigned fights;
static void (*watch)(void *user, unsigned pin);
static void *watch_user;

static const struct {
    uint8_t count;
    uint32_t unusable; /* the flash's, or not bonded */
    const char *prefix;
} packages[HAL_FAMILIES] = {
    [HAL_ECR6600] = {26, 0x00081f80u, "P"},
    [HAL_BL602] = {24, 0, "IO"},
    [HAL_BK7231T] = {29, 0, "P"},
    [HAL_BK7231N] = {29, 0, "P"},
};

void host_pins_reset(bool all)
{
    for (unsigned i = 0; i < MAX; i++) {
        const bool was = pin_of[i].driven;

        pin_of[i].driven = pin_of[i].latch = false;
        pin_of[i].pull = HAL_PULL_NONE;
        if (all)
            pin_of[i].wire = HOST_OPEN;
        else if (was && watch)
            watch(watch_user, i);
    }
    if (!all)
        return;
    fights = 0;
    watch = NULL;
}

unsigned hal_pin_count(void)
{
    return packages[hal_chip()->family].count;
}

bool hal_pin_usable(unsigned pin)
{
    return pin < hal_pin_count() && !(packages[hal_chip()->family].unusable >> pin & 1);
}

const char *hal_pin_label(unsigned pin)
{
    static char label[MAX][8];
    const char *prefix = packages[hal_chip()->family].prefix;
    char *at;

    if (pin >= hal_pin_count())
        return "?";
    for (at = label[pin]; *prefix; prefix++)
        *at++ = *prefix;
    if (pin >= 10)
        *at++ = (char)('0' + pin / 10);
    *at++ = (char)('0' + pin % 10);
    *at = '\0';
    return label[pin];
}

static void changed(unsigned pin)
{
    const enum host_wire wire = pin_of[pin].wire;

    if (pin_of[pin].driven && wire != HOST_OPEN && pin_of[pin].latch != (wire == HOST_HIGH))
        fights++;
    if (watch)
        watch(watch_user, pin);
}

void hal_pin_output(unsigned pin, bool level)
{
    if (!hal_pin_usable(pin))
        return;
    host_note(HOST_PIN_LATCH, pin, level);
    pin_of[pin].latch = level;
    host_note(HOST_PIN_DRIVE, pin, level);
    pin_of[pin].driven = true;
    changed(pin);
}

void hal_pin_write(unsigned pin, bool level)
{
    if (!hal_pin_usable(pin))
        return;
    host_note(HOST_PIN_WRITE, pin, level);
    pin_of[pin].latch = level;
    changed(pin);
}

void hal_pin_input(unsigned pin, enum hal_pull pull)
{
    if (!hal_pin_usable(pin))
        return;
    host_note(HOST_PIN_INPUT, pin, pull);
    pin_of[pin].driven = false;
    pin_of[pin].pull = pull;
    changed(pin);
}

bool hal_pin_read(unsigned pin)
{
    return host_pin_level(pin);
}

void host_pin_wire(unsigned pin, enum host_wire wire)
{
    if (pin >= MAX || pin_of[pin].wire == wire)
        return;
    pin_of[pin].wire = wire;
    if (pin_of[pin].driven && wire != HOST_OPEN && pin_of[pin].latch != (wire == HOST_HIGH))
        fights++;
}

bool host_pin_driven(unsigned pin)
{
    return pin < MAX && pin_of[pin].driven;
}

bool host_pin_level(unsigned pin)
{
    if (pin >= MAX)
        return false;
    if (pin_of[pin].driven)
        return pin_of[pin].latch;
    if (pin_of[pin].wire != HOST_OPEN)
        return pin_of[pin].wire == HOST_HIGH;
    return pin_of[pin].pull == HAL_PULL_UP;
}

void host_pins_watch(void (*fn)(void *user, unsigned pin), void *user)
{
    watch = fn;
    watch_user = user;
}

unsigned host_pin_fights(void)
{
    return fights;
}
