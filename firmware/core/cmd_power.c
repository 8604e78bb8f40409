/* cmd_power.c - POWER as Tasmota has it (reference 3.2). */
#include "core/plug.h"
#include "core/status.h"

/* The channel an index means; -1: none. */
static int power_channel(const struct plug *p, int index)
{
    const bool from_zero = pins_relays(p) & 1;

    if (index < 0) {
        int ch = pins_first_relay(p);

        for (unsigned i = 0; ch < 0 && i < CHANNELS; i++)
            if (config_channel_type(&p->cfg, i) == CHANNEL_TOGGLE)
                ch = (int)i;
        return ch;
    }
    if (from_zero && index > 0)
        index--;
    return index < (int)CHANNELS ? index : -1;
}

/* What an argument makes of a value; false: it says nothing known. */
static bool power_value(const struct cmd *c, int32_t now, int32_t *value)
{
    if (text_same(c->arg[0], "ON"))
        *value = 1;
    else if (text_same(c->arg[0], "OFF"))
        *value = 0;
    else if (text_same(c->arg[0], "TOGGLE"))
        *value = now > 0 ? 0 : 1;
    else if (text_same(c->arg[0], "STATUS"))
        *value = now;
    else
        return cmd_int(c, 0, INT32_MIN, INT32_MAX, value);
    return true;
}

static enum cmd_result set(struct cmd *c, unsigned ch)
{
    const int32_t now = channel_get(c->p, ch);
    int32_t value;

    if (!power_value(c, now, &value))
        return CMD_BAD;
    return value == now || channel_set(c->p, ch, value, false) ? CMD_OK : CMD_ERROR;
}

static enum cmd_result power(struct cmd *c)
{
    const int ch = power_channel(c->p, c->index);
    enum cmd_result r = CMD_OK;
    struct out *o;

    if (c->args)
        r = ch < 0 ? CMD_BAD : set(c, (unsigned)ch);
    o = cmd_answer(c);
    if (o) {
        out_char(o, '{');
        status_power(c->p, o);
        out_char(o, '}');
    }
    return r;
}

static enum cmd_result power_all(struct cmd *c)
{
    const uint64_t relays = pins_relays(c->p);
    enum cmd_result first = CMD_OK;

    for (unsigned ch = 0; ch < CHANNELS; ch++) {
        const enum cmd_result r = relays >> ch & 1 ? set(c, ch) : CMD_OK;

        if (first == CMD_OK)
            first = r;
    }
    return first;
}

const struct cmd_entry cmd_power[] = {
    {"POWER", 0, power, 0},
    {"powerAll", 1, power_all, 0},
    {0},
};
