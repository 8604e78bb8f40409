/* cmd_network.c - Wi-Fi, names, web server, ping watchdog. A new network is used from the
 * next start on: who sends the name has still to send the password. */
#include "core/plug.h"

/* {"SSID1":"..."} */
static void answer(struct cmd *c, enum config_text field)
{
    struct out *o = cmd_answer(c);

    if (!o)
        return;
    out_fmt(o, "{\"%s\":\"", c->name);
    out_json(o, config_text(&c->p->cfg, field));
    out_text(o, "\"}");
}

/* A setting of text: as it came, with blanks, without a look for constants. */
static enum cmd_result set_text(struct cmd *c)
{
    const char *text;

    if (!c->args)
        return CMD_OK;
    text = cmd_rest(c, 0);
    return config_set_text(&c->p->cfg, (enum config_text)c->value, text) ? CMD_OK : CMD_BAD;
}

static enum cmd_result text_setting(struct cmd *c)
{
    const enum cmd_result r = set_text(c);

    answer(c, (enum config_text)c->value);
    return r;
}

/* Nobody is told what it is. */
static enum cmd_result secret_setting(struct cmd *c)
{
    return c->args ? set_text(c) : CMD_FEW;
}

static enum cmd_result silent_setting(struct cmd *c)
{
    return c->args ? set_text(c) : CMD_FEW;
}

static enum cmd_result number_setting(struct cmd *c)
{
    int32_t seconds;

    if (!cmd_int(c, 0, 0, 86400, &seconds))
        return CMD_BAD;
    config_set_number(&c->p->cfg, (enum config_number)c->value, seconds);
    return CMD_OK;
}

static enum cmd_result open_ap(struct cmd *c)
{
    wifi_open_ap(c->p, 5);
    return CMD_OK;
}

static enum cmd_result clear_ping(struct cmd *c)
{
    ping_clear(c->p);
    return CMD_OK;
}

static enum cmd_result power_save(struct cmd *c)
{
    int32_t level = 1;

    if (c->args && !cmd_int(c, 0, 0, 2, &level))
        return CMD_BAD;
    c->p->cmds.power_save = (uint8_t)level;
    if (c->p->wifi.state == WIFI_UP) /* else when it is: connecting needs all of the radio */
        hal_radio_power_save((unsigned)level);
    return CMD_OK;
}

static enum cmd_result web_server(struct cmd *c)
{
    int32_t on;

    if (!cmd_int(c, 0, 0, 1, &on))
        return CMD_BAD;
    config_set_number(&c->p->cfg, CFG_NO_WEB, !on);
    return CMD_OK;
}

static enum cmd_result index_refresh(struct cmd *c)
{
    int32_t ms;

    if (!cmd_int(c, 0, 100, UINT16_MAX, &ms))
        return CMD_BAD;
    c->p->cmds.index_refresh = (uint16_t)ms;
    return CMD_OK;
}

const struct cmd_entry cmd_network[] = {
    {"SSID1", 0, text_setting, CFG_SSID},
    {"Password1", 1, secret_setting, CFG_PASSWORD},
    {"ShortName", 1, silent_setting, CFG_SHORT_NAME},
    {"FriendlyName", 1, silent_setting, CFG_LONG_NAME},
    {"OpenAP", 0, open_ap, 0},
    {"PowerSave", 0, power_save, 0},
    {"PingHost", 1, silent_setting, CFG_PING_HOST},
    {"PingInterval", 1, number_setting, CFG_PING_INTERVAL},
    {"ClearNoPingTime", 0, clear_ping, 0},
    {"WebServer", 1, web_server, 0},
    {"IndexRefreshInterval", 1, index_refresh, 0},
    {0},
};
