/* channel.c - 64 values, and everything that follows when one changes.
 *
 * The order is the point: what is to be retained is on flash before the relay moves, so
 * that a cut of the power between the two finds the plug as it was last asked to be; then
 * the pins, then whoever listens. */
#include "core/channel.h"

#include "core/event.h"
#include "core/log.h"
#include "core/mqtt.h"
#include "core/out.h"
#include "core/pin.h"
#include "core/plug.h"
#include "core/role.h"
#include "core/vars.h"

enum { FLAG_PUBLISH_ALL = 39 };

static const char *const types[CHANNEL_TYPES] = {
    [0] = "Default",         [1] = "Error",
    [2] = "Temperature",     [3] = "Humidity",
    [4] = "Humidity_div10",  [5] = "Temperature_div10",
    [6] = "Toggle",          [7] = "Dimmer",
    [8] = "LowMidHigh",      [9] = "TextField",
    [10] = "ReadOnly",       [16] = "Frequency_div100",
    [17] = "Voltage_div10",  [18] = "Power",
    [19] = "Current_div100", [34] = "Custom",
    [35] = "Power_div10",    [39] = "Toggle_Inv",
    [63] = "Enum",           [64] = "ReadOnlyEnum",
    [65] = "Current_div10",  [66] = "Illuminance_div10",
    [67] = "Frequency",
};

const char *channel_type_name(unsigned type)
{
    return type < CHANNEL_TYPES && types[type] ? types[type] : "";
}

bool channel_type_parse(const char *text, uint8_t *type)
{
    int32_t number;

    if (text_int(text, &number)) {
        if (number < 0 || number >= (int32_t)CHANNEL_TYPES)
            return false;
        *type = (uint8_t)number;
        return true;
    }
    for (unsigned i = 0; i < CHANNEL_TYPES; i++)
        if (types[i] && text_same(text, types[i])) {
            *type = (uint8_t)i;
            return true;
        }
    return false;
}

void channels_start(struct plug *p)
{
    for (unsigned ch = 0; ch < CHANNELS; ch++) {
        const int16_t start = config_start(&p->cfg, ch);

        if (p->safe_mode)
            p->ch.value[ch] = 0;
        else
            p->ch.value[ch] = start == -1 ? vars_retained(&p->vars, ch) : start;
    }
}

int32_t channel_get(const struct plug *p, unsigned ch)
{
    return ch < CHANNELS ? p->ch.value[ch] : 0;
}

/* A slot has 16 bits. */
static int16_t clamp(int32_t value)
{
    if (value > INT16_MAX)
        return INT16_MAX;
    return value < INT16_MIN ? INT16_MIN : (int16_t)value;
}

static void retain(struct plug *p, unsigned ch, int32_t value)
{
    if (config_start(&p->cfg, ch) != -1 || ch >= VARS_RETAINED ||
        vars_retained(&p->vars, ch) == clamp(value))
        return;
    vars_retain(&p->vars, ch, clamp(value));
    if (!vars_save(p))
        log_say(p, LOG_ERROR, "channel %u: flash does not take its value", ch);
}

static void tell(struct plug *p, unsigned ch, int32_t value)
{
    char name[16];
    struct out o;

    event_fire(p, EVENT_CHANNEL_CHANGE, (int32_t)ch);
    if (!p->events.changes)
        return;
    out_init(&o, name, sizeof name);
    out_fmt(&o, "Channel%u", ch);
    event_value(p, name, value);
}

bool channel_set(struct plug *p, unsigned ch, int32_t value, bool force)
{
    if (ch >= CHANNELS || p->safe_mode)
        return false;
    if (p->ch.value[ch] == value && !force)
        return true;
    retain(p, ch, value);
    p->ch.value[ch] = value;
    pins_show(p, ch);
    if (channel_published(p, ch))
        mqtt_channel_changed(p, ch);
    tell(p, ch, value);
    return true;
}

bool channel_toggle(struct plug *p, unsigned ch)
{
    return channel_set(p, ch, channel_get(p, ch) > 0 ? 0 : 1, false);
}

void channels_set_relays(struct plug *p, bool on)
{
    const uint64_t mask = pins_relays(p);

    for (unsigned ch = 0; ch < CHANNELS; ch++)
        if (mask >> ch & 1)
            channel_set(p, ch, on, false);
}

const char *channel_label(const struct plug *p, unsigned ch, char buf[CHANNEL_LABEL])
{
    struct out o;

    if (ch < CHANNELS && p->ch.label[ch][0])
        return p->ch.label[ch];
    out_init(&o, buf, CHANNEL_LABEL);
    out_fmt(&o, "%u", ch);
    return buf;
}

bool channel_published(const struct plug *p, unsigned ch)
{
    if (ch >= CHANNELS || (p->ch.is_private >> ch & 1))
        return false;
    return config_channel_type(&p->cfg, ch) != CHANNEL_DEFAULT ||
           config_flag(&p->cfg, FLAG_PUBLISH_ALL) || pins_channel_is(p, ch, ROLE_PUBLISHES);
}
