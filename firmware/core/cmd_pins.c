/* cmd_pins.c - roles and channels of pins, button times. What is set works at once. */
#include "core/log.h"
#include "core/plug.h"
#include "core/role.h"

/* A pin by its number, or by the name the board has for it; false: none of ours. */
static bool pin_arg(const struct cmd *c, unsigned i, unsigned *pin)
{
    int32_t n;

    for (*pin = 0; *pin < hal_pin_count() && *pin < PINS; ++*pin)
        if (text_same(c->arg[i], hal_pin_label(*pin)))
            return hal_pin_usable(*pin);
    if (!cmd_int(c, i, 0, PINS - 1, &n))
        return false;
    *pin = (unsigned)n;
    return *pin < hal_pin_count() && hal_pin_usable(*pin);
}

static enum cmd_result set_role(struct cmd *c)
{
    struct config *cfg = &c->p->cfg;
    unsigned pin;
    uint8_t role;

    if (!pin_arg(c, 0, &pin)) {
        log_say(c->p, LOG_WARN, "no such pin: %s", c->arg[0]);
        return CMD_BAD;
    }
    if (!role_parse(c->arg[1], &role)) {
        log_say(c->p, LOG_WARN, "no such role: %s", c->arg[1]);
        return CMD_BAD;
    }
    if (role == config_role(cfg, pin))
        return CMD_OK;
    config_set_pin(cfg, pin, role, config_channel(cfg, pin, 0), config_channel(cfg, pin, 1));
    pins_changed(c->p, pin);
    return CMD_OK;
}

static enum cmd_result set_channel_of_pin(struct cmd *c)
{
    struct config *cfg = &c->p->cfg;
    unsigned pin, ch, ch2;

    if (!pin_arg(c, 0, &pin) || !cmd_channel(c, 1, &ch))
        return CMD_BAD;
    ch2 = config_channel(cfg, pin, 1);
    if (c->args > 2 && !cmd_channel(c, 2, &ch2))
        return CMD_BAD;
    if (ch == config_channel(cfg, pin, 0) && ch2 == config_channel(cfg, pin, 1))
        return CMD_OK;
    config_set_pin(cfg, pin, config_role(cfg, pin), (uint8_t)ch, (uint8_t)ch2);
    pins_changed(c->p, pin);
    return CMD_OK;
}

/* Long, short, repeat: in this order, which is not the record's. */
static enum cmd_result set_button_times(struct cmd *c)
{
    static const enum config_number fields[] = {CFG_BTN_LONG, CFG_BTN_SHORT, CFG_BTN_REPEAT};
    int32_t times[3];

    for (unsigned i = 0; i < 3; i++)
        if (!cmd_int(c, i, 1, UINT8_MAX, &times[i]))
            return CMD_BAD;
    for (unsigned i = 0; i < 3; i++)
        config_set_number(&c->p->cfg, fields[i], times[i]);
    return CMD_OK;
}

static enum cmd_result set_hold_repeat(struct cmd *c)
{
    int32_t time;

    if (!cmd_int(c, 0, 1, UINT8_MAX, &time))
        return CMD_BAD;
    config_set_number(&c->p->cfg, CFG_BTN_REPEAT, time);
    return CMD_OK;
}

static enum cmd_result show_pins(struct cmd *c)
{
    const struct config *cfg = &c->p->cfg;

    for (unsigned pin = 0; pin < hal_pin_count() && pin < PINS; pin++)
        if (config_role(cfg, pin) && hal_pin_usable(pin))
            log_say(c->p, LOG_INFO, "%s: %s, channel %u, level %u", hal_pin_label(pin),
                    role_name(config_role(cfg, pin)), config_channel(cfg, pin, 0),
                    hal_pin_read(pin));
    return CMD_OK;
}

const struct cmd_entry cmd_pins[] = {
    {"SetPinRole", 2, set_role, 0},
    {"SetPinChannel", 2, set_channel_of_pin, 0},
    {"setButtonTimes", 3, set_button_times, 0},
    {"setButtonHoldRepeat", 1, set_hold_repeat, 0},
    {"showgpi", 0, show_pins, 0},
    {0},
};
