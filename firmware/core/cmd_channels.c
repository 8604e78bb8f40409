/* cmd_channels.c - values, types, labels and start values of channels. */
#include <string.h>

#include "core/log.h"
#include "core/plug.h"
#include "core/role.h"

/* The bare value, and what has become of it. */
static enum cmd_result answer(struct cmd *c, unsigned ch, bool done)
{
    struct out *o = cmd_answer(c);

    if (o)
        out_fmt(o, "%d", (int)channel_get(c->p, ch));
    return done ? CMD_OK : CMD_ERROR;
}

static enum cmd_result set(struct cmd *c)
{
    unsigned ch;
    int32_t value;

    if (!cmd_channel(c, 0, &ch) || !cmd_int(c, 1, INT32_MIN, INT32_MAX, &value))
        return CMD_BAD;
    return answer(c, ch, channel_set(c->p, ch, value, false));
}

/* Channels are whole numbers: to the nearest one. */
static enum cmd_result set_float(struct cmd *c)
{
    unsigned ch;
    double value;

    if (!cmd_channel(c, 0, &ch) || !cmd_real(c, 1, &value))
        return CMD_BAD;
    value += value < 0 ? -0.5 : 0.5;
    return answer(c, ch, channel_set(c->p, ch, (int32_t)value, false));
}

/* ch delta [min max [wrap]] */
static enum cmd_result add(struct cmd *c)
{
    int32_t delta, min = INT32_MIN, max = INT32_MAX, wrap = 0;
    unsigned ch;
    int64_t v;

    if (!cmd_channel(c, 0, &ch) || !cmd_int(c, 1, INT32_MIN, INT32_MAX, &delta) || c->args == 3)
        return CMD_BAD;
    if (c->args > 3 && (!cmd_int(c, 2, INT32_MIN, INT32_MAX, &min) ||
                        !cmd_int(c, 3, INT32_MIN, INT32_MAX, &max) || min > max))
        return CMD_BAD;
    if (c->args > 4 && !cmd_int(c, 4, 0, 1, &wrap))
        return CMD_BAD;
    v = (int64_t)channel_get(c->p, ch) + delta;
    if (v > max)
        v = wrap ? min : max;
    else if (v < min)
        v = wrap ? max : min;
    return answer(c, ch, channel_set(c->p, ch, (int32_t)v, false));
}

static enum cmd_result clamp(struct cmd *c)
{
    int32_t min, max, v;
    unsigned ch;

    if (!cmd_channel(c, 0, &ch) || !cmd_int(c, 1, INT32_MIN, INT32_MAX, &min) ||
        !cmd_int(c, 2, INT32_MIN, INT32_MAX, &max) || min > max)
        return CMD_BAD;
    v = channel_get(c->p, ch);
    return channel_set(c->p, ch, v < min ? min : v > max ? max : v, false) ? CMD_OK : CMD_ERROR;
}

static enum cmd_result toggle(struct cmd *c)
{
    unsigned ch;

    if (!cmd_channel(c, 0, &ch))
        return CMD_BAD;
    return channel_toggle(c->p, ch) ? CMD_OK : CMD_ERROR;
}

static enum cmd_result get(struct cmd *c)
{
    unsigned ch;

    return cmd_channel(c, 0, &ch) ? answer(c, ch, true) : CMD_BAD;
}

/* Does anything use it? */
static bool in_use(const struct plug *p, unsigned ch)
{
    return channel_get(p, ch) || config_channel_type(&p->cfg, ch) ||
           pins_channel_is(p, ch, ROLE_SUPPORTED);
}

static void answer_named(struct cmd *c)
{
    struct out *o = cmd_answer(c);
    const char *comma = "";

    if (!o)
        return;
    out_char(o, '{');
    for (unsigned ch = 0; ch < CHANNELS; ch++)
        if (c->index < 0 ? in_use(c->p, ch) : ch == (unsigned)c->index) {
            out_fmt(o, "%s\"Ch%u\":%d", comma, ch, (int)channel_get(c->p, ch));
            comma = ",";
        }
    out_char(o, '}');
}

/* Ch: all that are in use; Ch5: that one; Ch5 1: set it first. */
static enum cmd_result named(struct cmd *c)
{
    enum cmd_result r = CMD_OK;
    int32_t value;

    if (c->index >= (int)CHANNELS || (c->args && c->index < 0))
        return CMD_BAD;
    if (c->args && !cmd_int(c, 0, INT32_MIN, INT32_MAX, &value))
        r = CMD_BAD;
    else if (c->args && !channel_set(c->p, (unsigned)c->index, value, false))
        r = CMD_ERROR;
    answer_named(c);
    return r;
}

/* ---- what they are ----------------------------------------------------------- */

static enum cmd_result set_type(struct cmd *c)
{
    struct out *o;
    unsigned ch;
    uint8_t type;

    if (!cmd_channel(c, 0, &ch) || (c->args > 1 && !channel_type_parse(c->arg[1], &type)))
        return CMD_BAD;
    if (c->args > 1)
        config_set_channel_type(&c->p->cfg, ch, type);
    o = cmd_answer(c);
    if (o)
        out_fmt(o, "%u", config_channel_type(&c->p->cfg, ch));
    return CMD_OK;
}

static enum cmd_result set_label(struct cmd *c)
{
    const char *text;
    unsigned ch;

    if (!cmd_channel(c, 0, &ch))
        return CMD_BAD;
    text = cmd_rest(c, 1);
    if (strlen(text) >= CHANNEL_LABEL)
        return CMD_BAD;
    text_copy(c->p->ch.label[ch], CHANNEL_LABEL, text);
    return CMD_OK;
}

enum { VISIBLE, PRIVATE };

static enum cmd_result set_bit(struct cmd *c)
{
    uint64_t *mask = c->value == VISIBLE ? &c->p->ch.hidden : &c->p->ch.is_private;
    unsigned ch;
    int32_t on;

    if (!cmd_channel(c, 0, &ch) || !cmd_int(c, 1, 0, 1, &on))
        return CMD_BAD;
    if (on == (c->value == PRIVATE))
        *mask |= (uint64_t)1 << ch;
    else
        *mask &= ~((uint64_t)1 << ch);
    return CMD_OK;
}

/* -1: as it was last. What it is now counts from here on. */
static enum cmd_result set_start(struct cmd *c)
{
    struct plug *p = c->p;
    int32_t value;
    unsigned ch;

    if (!cmd_channel(c, 0, &ch) || !cmd_int(c, 1, INT16_MIN, INT16_MAX, &value))
        return CMD_BAD;
    config_set_start(&p->cfg, ch, (int16_t)value);
    if (value != -1)
        return CMD_OK;
    if (ch >= VARS_RETAINED) {
        log_say(p, LOG_WARN, "channel %u: only 0 to %u are remembered", ch, VARS_RETAINED - 1);
        return CMD_OK;
    }
    value = channel_get(p, ch);
    value = value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value;
    vars_retain(&p->vars, ch, (int16_t)value);
    return vars_save(p) ? CMD_OK : CMD_ERROR;
}

static enum cmd_result show(struct cmd *c)
{
    for (unsigned ch = 0; ch < CHANNELS; ch++)
        if (in_use(c->p, ch))
            log_say(c->p, LOG_INFO, "channel %u: %d", ch, (int)channel_get(c->p, ch));
    return CMD_OK;
}

const struct cmd_entry cmd_channels[] = {
    {"SetChannel", 2, set, 0},
    {"SetChannelFloat", 2, set_float, 0},
    {"AddChannel", 2, add, 0},
    {"ClampChannel", 3, clamp, 0},
    {"ToggleChannel", 1, toggle, 0},
    {"GetChannel", 1, get, 0},
    {"Ch", 0, named, 0},
    {"SetChannelType", 1, set_type, 0},
    {"SetChannelLabel", 1, set_label, 0},
    {"SetChannelVisible", 2, set_bit, VISIBLE},
    {"SetChannelPrivate", 2, set_bit, PRIVATE},
    {"SetStartValue", 2, set_start, 0},
    {"showChannelValues", 0, show, 0},
    {0},
};
