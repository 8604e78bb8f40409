/* pulse.c - counters of falling edges: as many as the chip has, and no more. */
#include "hal/host/host.h"

static struct {
    bool used;
    unsigned pin;
    struct hal_pulse now;
} counter[HAL_PULSE_PINS];

void host_pulse_reset(void)
{
    for (unsigned i = 0; i < HAL_PULSE_PINS; i++)
        counter[i].used = false;
}

static int find(unsigned pin)
{
    for (unsigned i = 0; i < HAL_PULSE_PINS; i++)
        if (counter[i].used && counter[i].pin == pin)
            return (int)i;
    return -1;
}

bool hal_pulse_attach(unsigned pin)
{
    if (!hal_pin_usable(pin))
        return false;
    if (find(pin) >= 0)
        return true;
    for (unsigned i = 0; i < HAL_PULSE_PINS; i++) {
        if (counter[i].used)
            continue;
        counter[i].used = true;
        counter[i].pin = pin;
        counter[i].now = (struct hal_pulse){0, 0};
        host_note(HOST_PULSE_ATTACH, pin, 0);
        hal_pin_input(pin, HAL_PULL_UP);
        return true;
    }
    return false;
}

void hal_pulse_detach(unsigned pin)
{
    const int i = find(pin);

    if (i >= 0)
        counter[i].used = false;
}

struct hal_pulse hal_pulse_read(unsigned pin)
{
    const int i = find(pin);

    return i >= 0 ? counter[i].now : (struct hal_pulse){0, 0};
}

void host_pulse_edges(unsigned pin, uint32_t n, uint32_t ago_us)
{
    const int i = find(pin);

    if (i < 0 || !n)
        return;
    counter[i].now.count += n;
    counter[i].now.last_us = hal_us() - ago_us;
}

bool host_pulse_attached(unsigned pin)
{
    return find(pin) >= 0;
}
