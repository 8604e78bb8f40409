/* cmd_mqtt.c - where the broker is, and what it is told. */
#include <string.h>

#include "core/plug.h"

enum { SECRET = 0x80, SILENT = 0x40 };

/* "****" for a password, whatever it is. */
static void answer(struct cmd *c, enum config_text field)
{
    struct out *o = c->value & SILENT ? NULL : cmd_answer(c);

    if (!o)
        return;
    out_fmt(o, "{\"%s\":\"", c->name);
    out_json(o, c->value & SECRET ? "****" : config_text(&c->p->cfg, field));
    out_text(o, "\"}");
}

static enum cmd_result setting(struct cmd *c)
{
    const enum config_text field = (enum config_text)(c->value & 0x3f);
    enum cmd_result r = CMD_OK;

    if (c->args && !config_set_text(&c->p->cfg, field, cmd_rest(c, 0)))
        r = CMD_BAD;
    else if (c->args)
        mqtt_restart(c->p);
    answer(c, field);
    return r;
}

enum { TEXT, INTEGER, REAL };

/* topic value [raw] */
static enum cmd_result publish(struct cmd *c)
{
    int32_t number, raw = 0;
    char text[32];
    struct out o;
    double real;

    if (!c->arg[0][0])
        return CMD_EMPTY;
    if (c->args > 2 && !cmd_int(c, 2, 0, 1, &raw))
        return CMD_BAD;
    out_init(&o, text, sizeof text);
    if (c->value == INTEGER) {
        if (!cmd_int(c, 1, INT32_MIN, INT32_MAX, &number))
            return CMD_BAD;
        out_fmt(&o, "%d", (int)number);
    } else if (c->value == REAL) {
        if (!cmd_real(c, 1, &real))
            return CMD_BAD;
        out_short(&o, real, 6);
    }
    return mqtt_publish(c->p, c->arg[0], c->value == TEXT ? c->arg[1] : text, false, raw)
               ? CMD_OK
               : CMD_ERROR;
}

static enum cmd_result publish_channel(struct cmd *c)
{
    unsigned ch;

    if (!cmd_channel(c, 0, &ch))
        return CMD_BAD;
    mqtt_channel_changed(c->p, ch);
    return CMD_OK;
}

static enum cmd_result publish_channels(struct cmd *c)
{
    for (unsigned ch = 0; ch < CHANNELS; ch++)
        if (channel_published(c->p, ch))
            mqtt_channel_changed(c->p, ch);
    return CMD_OK;
}

static enum cmd_result publish_all(struct cmd *c)
{
    mqtt_publish_all(c->p);
    return CMD_OK;
}

static enum cmd_result broadcast_interval(struct cmd *c)
{
    int32_t seconds;

    if (!cmd_int(c, 0, 1, 86400, &seconds))
        return CMD_BAD;
    c->p->mqtt.interval_s = (uint32_t)seconds;
    return CMD_OK;
}

static enum cmd_result tele_intervals(struct cmd *c)
{
    int32_t sensor, state;

    if (!cmd_int(c, 0, 1, 3600, &sensor) || !cmd_int(c, 1, 1, 3600, &state))
        return CMD_BAD;
    c->p->cmds.tele_sensor_s = (uint16_t)sensor;
    c->p->cmds.tele_state_s = (uint16_t)state;
    return CMD_OK;
}

static enum cmd_result discover(struct cmd *c)
{
    int32_t seconds = 5;

    if (c->args && !cmd_int(c, 0, 0, 3600, &seconds))
        return CMD_BAD;
    c->p->cmds.discover_in_ms = seconds ? (uint32_t)seconds * 1000 : 1;
    return CMD_OK;
}

const struct cmd_entry cmd_mqtt[] = {
    {"MqttHost", 0, setting, CFG_MQTT_HOST},
    {"MqttUser", 0, setting, CFG_MQTT_USER},
    {"MqttPassword", 0, setting, CFG_MQTT_PASSWORD | SECRET},
    {"MqttClient", 0, setting, CFG_MQTT_CLIENT},
    {"MqttGroup", 0, setting, CFG_MQTT_GROUP | SILENT},
    {"publish", 2, publish, TEXT},
    {"publishInt", 2, publish, INTEGER},
    {"publishFloat", 2, publish, REAL},
    {"publishAll", 0, publish_all, 0},
    {"publishChannel", 1, publish_channel, 0},
    {"publishChannels", 0, publish_channels, 0},
    {"mqtt_broadcastInterval", 1, broadcast_interval, 0},
    {"TasTeleInterval", 2, tele_intervals, 0},
    {"scheduleHADiscovery", 0, discover, 0},
    {0},
};
