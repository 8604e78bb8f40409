/* hass.c - what Home Assistant is told of the plug: one message for each entity.
 *
 * Channels first, each once whatever pins it has (a set of 64 bits), then what the meter
 * measures, then what the plug knows of itself. Members stand in OpenBeken's order, so that
 * a plug that moves over from it keeps its entities. */
#include "core/hass.h"

#include "core/plug.h"
#include "core/role.h"

enum {
    FLAG_SELF_OFTEN = 2,
    FLAG_SELF_AT_CONNECT = 10,
    FLAG_LIGHT = 34,
    FLAG_NO_AVAILABILITY = 35,
};

struct entity {
    const char *component, *kind; /* "switch", "relay" */
    const char *name, *id;        /* "1"; what follows the kind in uniq_id, "": nothing */
};

/* ---- parts ------------------------------------------------------------------------------ */

/* <long>_<kind>_<id> of what Home Assistant takes in a topic; all else becomes '_'. */
static void unique_id(const struct plug *p, const struct entity *e, struct out *o)
{
    char name[64];

    plug_long_name(p, name);
    for (const char *c = name; *c; c++) {
        const bool plain = (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') ||
                           (*c >= 'A' && *c <= 'Z') || *c == '-';

        out_char(o, plain ? *c : '_');
    }
    out_fmt(o, "_%s", e->kind);
    if (*e->id)
        out_fmt(o, "_%s", e->id);
}

static void member(struct out *o, const char *key, const char *text)
{
    out_fmt(o, ",\"%s\":\"", key);
    out_json(o, text);
    out_char(o, '"');
}

static void device(const struct plug *p, struct out *o)
{
    const uint8_t *ip = p->wifi.ip;
    char name[64];

    plug_long_name(p, name);
    out_text(o, "{\"dev\":{\"ids\":[\"");
    out_json(o, name);
    out_text(o, "\"]");
    member(o, "name", config_text(&p->cfg, CFG_SHORT_NAME));
    member(o, "sw", PLUG_VERSION);
    member(o, "mf", p->chip->maker);
    member(o, "mdl", p->chip->name);
    out_fmt(o, ",\"cu\":\"http://%u.%u.%u.%u/index\"}", ip[0], ip[1], ip[2], ip[3]);
}

static void begin(const struct plug *p, const struct entity *e, struct out *topic, struct out *o)
{
    out_fmt(topic, "%s/%s/", p->mqtt.prefix, e->component);
    unique_id(p, e, topic);
    out_text(topic, "/config");
    device(p, o);
    member(o, "name", e->name);
    member(o, "~", config_text(&p->cfg, CFG_MQTT_CLIENT));
    if (!config_flag(&p->cfg, FLAG_NO_AVAILABILITY))
        out_text(o, ",\"avty_t\":\"~/connected\"");
}

static void identify(const struct plug *p, const struct entity *e, struct out *o)
{
    out_text(o, ",\"uniq_id\":\"");
    unique_id(p, e, o);
    out_text(o, "\",\"qos\":1");
}

/* ---- channels ---------------------------------------------------------------------------- */

/* Channels that can be switched, channels that are only read. */
static uint64_t switches(const struct plug *p)
{
    uint64_t mask = pins_relays(p);

    for (unsigned ch = 0; ch < CHANNELS; ch++) {
        const unsigned type = config_channel_type(&p->cfg, ch);

        if (type == CHANNEL_TOGGLE || type == CHANNEL_TOGGLE_INV)
            mask |= (uint64_t)1 << ch;
    }
    return mask & ~p->ch.is_private;
}

static uint64_t inputs(const struct plug *p)
{
    uint64_t mask = 0;

    for (unsigned pin = 0; pin < PINS; pin++) {
        const unsigned flags = role_flags(config_role(&p->cfg, pin));
        const unsigned ch = config_channel(&p->cfg, pin, 0);

        if ((flags & ROLE_INPUT) && (flags & ROLE_PUBLISHES) && ch < CHANNELS)
            mask |= (uint64_t)1 << ch;
    }
    return mask & ~switches(p) & ~p->ch.is_private;
}

/* The *n-th bit; false: there are not so many, and *n is less by those there are. */
static bool pick(uint64_t mask, unsigned *n, unsigned *bit)
{
    for (unsigned i = 0; mask; i++, mask >>= 1) {
        if (!(mask & 1))
            continue;
        if (!*n) {
            *bit = i;
            return true;
        }
        --*n;
    }
    return false;
}

static void channel(struct plug *p, unsigned ch, bool input, struct out *topic, struct out *o)
{
    const bool inverted = config_channel_type(&p->cfg, ch) == CHANNEL_TOGGLE_INV;
    const bool light = config_flag(&p->cfg, FLAG_LIGHT);
    char label[CHANNEL_LABEL], number[4];
    struct entity e = {.component = light ? "light" : "switch", .kind = light ? "light" : "relay"};
    struct out n;

    out_init(&n, number, sizeof number);
    out_fmt(&n, "%u", ch);
    if (input)
        e.component = e.kind = "binary_sensor";
    e.id = number;
    e.name = channel_label(p, ch, label);
    begin(p, &e, topic, o);
    out_fmt(o, ",\"pl_on\":\"%c\",\"pl_off\":\"%c\"", inverted ? '0' : '1', inverted ? '1' : '0');
    identify(p, &e, o);
    out_fmt(o, ",\"stat_t\":\"~/%u/get\"", ch);
    if (!input)
        out_fmt(o, ",\"cmd_t\":\"~/%u/set\"", ch);
    out_char(o, '}');
}

/* ---- readings ------------------------------------------------------------------------------ */

static bool announced(const struct plug *p, unsigned q)
{
    switch (q) {
    case METER_FREQUENCY:
        return p->meter.valid[q];
    case METER_LAST_HOUR:
        return p->meter.stats;
    case METER_TODAY:
    case METER_YESTERDAY:
    case METER_2_DAYS:
    case METER_3_DAYS:
        return p->clock.ntp;
    case METER_CLEAR_DATE:
        return p->clock.ntp && p->meter.valid[q];
    default:
        return true;
    }
}

static uint64_t quantities(const struct plug *p)
{
    uint64_t mask = 0;

    if (p->meter.driver == METER_NONE)
        return 0;
    for (unsigned q = 0; q < METER_QUANTITIES; q++)
        if (announced(p, q))
            mask |= (uint64_t)1 << q;
    return mask;
}

static void reading(struct plug *p, unsigned q, struct out *topic, struct out *o)
{
    const struct meter_info *info = &meter_info[q];
    const struct entity e = {"sensor", "sensor", info->name, info->suffix};
    const char *unit = meter_unit(p, q);

    begin(p, &e, topic, o);
    identify(p, &e, o);
    member(o, "dev_cla", info->device_class);
    out_fmt(o, ",\"stat_t\":\"~/%s/get\"", info->mqtt);
    if (text_same(info->device_class, "energy"))
        member(o, "stat_cla", "total_increasing");
    else if (!text_same(info->device_class, "timestamp"))
        member(o, "stat_cla", "measurement");
    if (*unit)
        member(o, "unit_of_meas", unit);
    out_char(o, '}');
}

/* ---- the plug itself ------------------------------------------------------------------------ */

static const struct {
    const char *topic, *name, *device_class, *unit, *icon;
} own[] = {
    {"rssi", "RSSI", "signal_strength", "dBm", NULL},
    {"uptime", "Uptime", "duration", "s", NULL},
    {"build", "Build", NULL, NULL, NULL},
    {"ssid", "SSID", NULL, NULL, "mdi:access-point-network"},
    {"ip", "IP", NULL, NULL, "mdi:ip-network"},
};
enum { OWN = sizeof own / sizeof own[0] };

static void diagnosis(struct plug *p, unsigned i, struct out *topic, struct out *o)
{
    const struct entity e = {"sensor", own[i].topic, own[i].name, ""};

    begin(p, &e, topic, o);
    identify(p, &e, o);
    if (own[i].device_class)
        member(o, "dev_cla", own[i].device_class);
    out_fmt(o, ",\"stat_t\":\"~/%s\"", own[i].topic);
    if (own[i].unit)
        member(o, "unit_of_meas", own[i].unit);
    member(o, "entity_category", "diagnostic");
    if (own[i].icon)
        member(o, "icon", own[i].icon);
    out_char(o, '}');
}

bool hass_message(struct plug *p, unsigned n, struct out *topic, struct out *payload)
{
    unsigned i = 0;

    if (pick(switches(p), &n, &i)) {
        channel(p, i, false, topic, payload);
    } else if (pick(inputs(p), &n, &i)) {
        channel(p, i, true, topic, payload);
    } else if (pick(quantities(p), &n, &i)) {
        reading(p, i, topic, payload);
    } else if (n < OWN && (config_flag(&p->cfg, FLAG_SELF_OFTEN) ||
                           config_flag(&p->cfg, FLAG_SELF_AT_CONNECT))) {
        diagnosis(p, n, topic, payload);
    } else {
        return false;
    }
    return true;
}
