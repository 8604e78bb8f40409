/* mqtt.c - the session with a broker: what is said, and when to try again.
 *
 * Nothing is queued that can be made anew when it is sent: a channel that changes a thousand
 * times before the broker listens is one bit, and its last value arrives. Only texts of
 * commands wait in a queue, a short one, where the newest stay. */
#include "core/mqtt_inner.h"

#include <string.h>

#include "core/event.h"
#include "core/hass.h"
#include "core/plug.h"
#include "core/status.h"

enum {
    FLAG_SELF_OFTEN = 2,
    FLAG_RETAIN = 7,
    FLAG_SELF_AT_CONNECT = 10,
    FLAG_RETAIN_POWER = 21,
    FLAG_DISCOVERY = 27,
    FLAG_TELE = 30,
    FLAG_NO_GET = 50,
};
enum { INTERVAL_S = 60, TELE_SENSOR_S = 3, TELE_STATE_S = 120 };

const char *mqtt_client(const struct plug *p)
{
    return config_text(&p->cfg, CFG_MQTT_CLIENT);
}

/* ---- saying it --------------------------------------------------------------------- */

/* <client>/<name><end> */
static void make_topic(const struct plug *p, struct out *o, const char *name, const char *end)
{
    out_fmt(o, "%s/%s%s", mqtt_client(p), name, end);
}

static bool send(struct plug *p, const struct out *topic, const struct out *text, uint8_t qos,
                 bool retain)
{
    struct mqtt *m = &p->mqtt;

    if (topic->over || text->over) {
        m->failures++; /* it would never go: no reason to wait for it */
        return true;
    }
    if (!net_mqtt_publish(p, topic->buf, text->buf, text->len, qos,
                          retain || config_flag(&p->cfg, FLAG_RETAIN)))
        return false;
    m->published++;
    return true;
}

static void text_init(struct plug *p, struct out *o)
{
    out_init(o, p->mqtt.text, sizeof p->mqtt.text);
}

static unsigned lowest(uint64_t bits)
{
    unsigned n = 0;

    while (!(bits >> n & 1))
        n++;
    return n;
}

static bool say_hello(struct plug *p)
{
    char topic[MQTT_TOPIC], text[8];
    struct out t, o;

    out_init(&t, topic, sizeof topic);
    make_topic(p, &t, "connected", "");
    out_init(&o, text, sizeof text);
    out_text(&o, "online");
    if (!send(p, &t, &o, 1, true))
        return false;
    p->mqtt.hello = false;
    return true;
}

static bool subscribe(struct plug *p)
{
    static const struct {
        const char *before, *behind;
        bool group;
    } topics[] = {
        {"", "/+/set", false},  {"", "/+/set", true},  {"", "/+/get", false},
        {"cmnd/", "/+", false}, {"cmnd/", "/+", true}, {"homeassistant/+", NULL, false},
    };
    struct mqtt *m = &p->mqtt;
    char topic[MQTT_TOPIC];
    struct out t;

    for (; m->subscribed < sizeof topics / sizeof topics[0]; m->subscribed++) {
        const unsigned i = m->subscribed;
        const char *base = topics[i].group ? config_text(&p->cfg, CFG_MQTT_GROUP) : mqtt_client(p);

        out_init(&t, topic, sizeof topic);
        out_text(&t, topics[i].before);
        if (topics[i].behind)
            out_fmt(&t, "%s%s", base, topics[i].behind);
        if (!*base || t.over)
            continue;
        if (!net_mqtt_subscribe(p, topic))
            return false;
        m->subscribed++;
        return true;
    }
    m->subscribed = UINT8_MAX;
    return false;
}

static bool say_queued(struct plug *p)
{
    struct mqtt *m = &p->mqtt;
    const struct mqtt_text *q = &m->queue[m->queue_first];

    if (!net_mqtt_publish(p, q->topic, q->text, strlen(q->text), 0,
                          q->retain || config_flag(&p->cfg, FLAG_RETAIN)))
        return false;
    m->published++;
    m->queue_first = (uint8_t)((m->queue_first + 1) % MQTT_QUEUE);
    m->queued--;
    return true;
}

static bool say_channel(struct plug *p)
{
    struct mqtt *m = &p->mqtt;
    const unsigned ch = lowest(m->channels);
    const uint64_t bit = (uint64_t)1 << ch;
    const bool power = config_flag(&p->cfg, FLAG_RETAIN_POWER) && (pins_relays(p) & bit);
    char topic[MQTT_TOPIC], number[4];
    struct out t, n, o;

    out_init(&n, number, sizeof number);
    out_fmt(&n, "%u", ch);
    out_init(&t, topic, sizeof topic);
    make_topic(p, &t, number, "/get");
    text_init(p, &o);
    out_fmt(&o, "%d", (int)channel_get(p, ch));
    if (!(p->ch.is_private & bit) && !send(p, &t, &o, 1, power))
        return false;
    m->channels &= ~bit;
    return true;
}

static bool say_quantity(struct plug *p)
{
    struct mqtt *m = &p->mqtt;
    const unsigned q = lowest(m->quantities);
    char topic[MQTT_TOPIC];
    struct out t, o;

    out_init(&t, topic, sizeof topic);
    make_topic(p, &t, meter_info[q].mqtt, "/get");
    text_init(p, &o);
    meter_print(p, q, &o);
    if (p->meter.valid[q] && !send(p, &t, &o, 0, false))
        return false;
    m->quantities &= ~((uint32_t)1 << q);
    return true;
}

static const char *const self_names[MQTT_SELVES] = {
    [MQTT_SELF_HOST] = "host",         [MQTT_SELF_BUILD] = "build",
    [MQTT_SELF_MAC] = "mac",           [MQTT_SELF_SSID] = "ssid",
    [MQTT_SELF_DATETIME] = "datetime", [MQTT_SELF_RSSI] = "rssi",
    [MQTT_SELF_UPTIME] = "uptime",     [MQTT_SELF_IP] = "ip",
};

static void print_mac(struct out *o)
{
    uint8_t mac[6];

    hal_mac(mac);
    for (unsigned i = 0; i < 6; i++)
        out_fmt(o, i ? ":%02X" : "%02X", mac[i]);
}

static void print_date(const struct plug *p, struct out *o)
{
    struct clock_date d;

    if (clock_now(p, NULL, &d))
        out_fmt(o, "%04d-%02d-%02d %02d:%02d:%02d", d.year, d.month, d.day, d.hour, d.minute,
                d.second);
}

/* Nothing: it is not known. */
static void print_self(const struct plug *p, unsigned item, struct out *o)
{
    const uint8_t *ip = p->wifi.ip;
    struct hal_radio_network link;

    switch (item) {
    case MQTT_SELF_HOST:
        out_text(o, config_text(&p->cfg, CFG_SHORT_NAME));
        break;
    case MQTT_SELF_BUILD:
        out_text(o, p->build);
        break;
    case MQTT_SELF_MAC:
        print_mac(o);
        break;
    case MQTT_SELF_DATETIME:
        print_date(p, o);
        break;
    case MQTT_SELF_UPTIME:
        out_fmt(o, "%u", (unsigned)p->uptime_s);
        break;
    case MQTT_SELF_IP:
        out_fmt(o, "%u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);
        break;
    default:
        if (!hal_radio_link(&link))
            break;
        if (item == MQTT_SELF_SSID)
            out_text(o, link.ssid);
        else
            out_fmt(o, "%d", link.rssi);
    }
}

static bool say_self(struct plug *p)
{
    struct mqtt *m = &p->mqtt;
    const unsigned item = lowest(m->self);
    char topic[MQTT_TOPIC];
    struct out t, o;

    out_init(&t, topic, sizeof topic);
    text_init(p, &o);
    if (item < MQTT_SELVES) {
        make_topic(p, &t, self_names[item], "");
        print_self(p, item, &o);
    }
    if (o.len && !send(p, &t, &o, 0, false))
        return false;
    m->self &= (uint16_t) ~(1u << item);
    return true;
}

static bool say_status(struct plug *p)
{
    struct mqtt *m = &p->mqtt;
    const unsigned n = lowest(m->status);
    char topic[MQTT_TOPIC];
    struct out t, o;

    out_init(&t, topic, sizeof topic);
    out_fmt(&t, "stat/%s/STATUS", mqtt_client(p));
    text_init(p, &o);
    if (n) {
        out_fmt(&t, "%u", n);
        for (unsigned round = 0; status_write(p, n, round, &o) && !o.over; round++)
            ;
    } else { /* the first section of all */
        out_text(&o, "{\"Status\":");
        status_section(p, STATUS_MAIN, &o);
        out_char(&o, '}');
    }
    if (!send(p, &t, &o, 0, false))
        return false;
    m->status &= (uint16_t) ~(1u << n);
    return true;
}

static bool say_tele(struct plug *p)
{
    struct mqtt *m = &p->mqtt;
    bool *which = m->tele_state ? &m->tele_state : &m->tele_sensor;
    char topic[MQTT_TOPIC];
    struct out t, o;

    out_init(&t, topic, sizeof topic);
    out_fmt(&t, "tele/%s/%s", mqtt_client(p), m->tele_state ? "STATE" : "SENSOR");
    text_init(p, &o);
    status_section(p, m->tele_state ? STATUS_STS : STATUS_SNS, &o);
    if (!send(p, &t, &o, 0, false))
        return false;
    *which = false;
    return true;
}

static bool say_stats(struct plug *p)
{
    char topic[MQTT_TOPIC];
    struct out t, o;

    out_init(&t, topic, sizeof topic);
    make_topic(p, &t, "consumption_stats", "/get");
    text_init(p, &o);
    meter_stats_json(p, &o);
    if (!send(p, &t, &o, 0, false))
        return false;
    p->meter.stats_due = false;
    return true;
}

static void want_channels(struct plug *p)
{
    for (unsigned ch = 0; ch < CHANNELS; ch++)
        if (channel_published(p, ch))
            p->mqtt.channels |= (uint64_t)1 << ch;
}

static bool say_discovery(struct plug *p)
{
    struct mqtt *m = &p->mqtt;
    char topic[MQTT_TOPIC + 64];
    struct out t, o;

    out_init(&t, topic, sizeof topic);
    text_init(p, &o);
    if (!hass_message(p, m->discovery_at, &t, &o)) {
        m->discovery = false;
        want_channels(p); /* whoever is new wants to know their values */
        return true;
    }
    if (!t.over && !o.over && !net_mqtt_publish(p, topic, m->text, o.len, 0, true))
        return false;
    m->published++;
    m->discovery_at++;
    return true;
}

/* One packet; false: there is nothing to be said, or no room for it. */
static bool step(struct plug *p)
{
    struct mqtt *m = &p->mqtt;

    if (m->hello)
        return say_hello(p);
    if (m->subscribed != UINT8_MAX && subscribe(p))
        return true;
    if (m->subscribed != UINT8_MAX)
        return false;
    if (m->queued)
        return say_queued(p);
    if (m->channels)
        return say_channel(p);
    if (m->quantities)
        return say_quantity(p);
    if (m->status)
        return say_status(p);
    if (m->self)
        return say_self(p);
    if (p->meter.stats_due)
        return say_stats(p);
    if (m->tele_state || m->tele_sensor)
        return say_tele(p);
    if (m->discovery)
        return say_discovery(p);
    return false;
}

void mqtt_quick(struct plug *p)
{
    unsigned n = 0;

    while (n < MQTT_PER_TICK && p->mqtt.connected && !ota_running(p) && step(p))
        n++;
}

/* ---- what others want to be said ------------------------------------------------------ */

void mqtt_channel_changed(struct plug *p, unsigned ch)
{
    if (ch < CHANNELS)
        p->mqtt.channels |= (uint64_t)1 << ch;
}

void mqtt_quantity(struct plug *p, unsigned quantity)
{
    if (quantity < METER_QUANTITIES)
        p->mqtt.quantities |= (uint32_t)1 << quantity;
}

void mqtt_want_self(struct plug *p, const char *name)
{
    for (unsigned i = 0; i < MQTT_SELVES; i++)
        if (!strcmp(name, self_names[i]))
            p->mqtt.self |= (uint16_t)(1u << i);
}

void mqtt_publish_all(struct plug *p)
{
    want_channels(p);
    for (unsigned q = 0; q < METER_QUANTITIES; q++)
        if (p->meter.valid[q])
            mqtt_quantity(p, q);
    p->mqtt.self = (1u << MQTT_SELVES) - 1;
}

static bool publish(struct plug *p, const char *topic, const char *text, bool retain)
{
    struct mqtt *m = &p->mqtt;
    struct mqtt_text *q;

    retain |= config_flag(&p->cfg, FLAG_RETAIN);
    if (m->connected && !m->hello && !m->queued && !ota_running(p) &&
        net_mqtt_publish(p, topic, text, strlen(text), 0, retain)) {
        m->published++;
        return true;
    }
    if (strlen(topic) >= sizeof q->topic || strlen(text) >= sizeof q->text) {
        m->failures++;
        return false;
    }
    if (m->queued == MQTT_QUEUE) {
        m->queue_first = (uint8_t)((m->queue_first + 1) % MQTT_QUEUE);
        m->queued--;
        m->failures++;
    }
    q = &m->queue[(m->queue_first + m->queued++) % MQTT_QUEUE];
    text_copy(q->topic, sizeof q->topic, topic);
    text_copy(q->text, sizeof q->text, text);
    q->retain = retain;
    return true;
}

bool mqtt_publish(struct plug *p, const char *topic, const char *text, bool retain, bool raw)
{
    char whole[MQTT_TOPIC];
    struct out t;

    if (!topic[0] || strpbrk(topic, "+#")) /* a broker hangs up on these */
        return false;
    out_init(&t, whole, sizeof whole);
    if (raw)
        out_text(&t, topic);
    else
        make_topic(p, &t, topic, config_flag(&p->cfg, FLAG_NO_GET) ? "" : "/get");
    return !t.over && publish(p, whole, text, retain);
}

void mqtt_answer(struct plug *p, const char *kind, const char *text)
{
    char topic[MQTT_TOPIC];
    struct out t;

    out_init(&t, topic, sizeof topic);
    out_fmt(&t, "stat/%s/%s", mqtt_client(p), kind);
    if (!t.over)
        publish(p, topic, text, false);
}

void mqtt_discover(struct plug *p, const char *prefix)
{
    struct mqtt *m = &p->mqtt;

    if (!prefix[0] || strpbrk(prefix, "+#") || !text_copy(m->prefix, sizeof m->prefix, prefix))
        text_copy(m->prefix, sizeof m->prefix, "homeassistant");
    m->discovery = true;
    m->discovery_at = 0;
    event_fire(p, EVENT_ON_DISCOVERY, 0);
}

/* ---- the session -------------------------------------------------------------------------- */

/* Before the first attempt only a moment, before others more and more; never all plugs of a
 * house at once. */
static void wait_for_next(struct mqtt *m)
{
    m->backoff_s = m->backoff_s ? m->backoff_s * 2 : MQTT_BACKOFF_S;
    if (m->backoff_s > MQTT_BACKOFF_MAX)
        m->backoff_s = MQTT_BACKOFF_MAX;
    m->wait_s = m->backoff_s - hal_random() % (m->backoff_s / 2 + 1);
}

static void leave(struct plug *p)
{
    struct mqtt *m = &p->mqtt;
    const bool was = m->connected;

    m->connected = m->trying = false;
    m->in_state_s = 0;
    if (!was)
        return;
    event_fire(p, EVENT_MQTT_STATE, 0);
}

void mqtt_down(struct plug *p)
{
    struct mqtt *m = &p->mqtt;

    if (!m->connected && !m->trying)
        return;
    log_say(p, LOG_WARN, "mqtt: %s", m->connected ? "the connection is lost" : "cannot connect");
    if (m->connected && m->in_state_s >= MQTT_SETTLED_S)
        m->backoff_s = 0;
    leave(p);
    wait_for_next(m);
}

static void close(struct plug *p)
{
    if (p->mqtt.connected || p->mqtt.trying)
        net_mqtt_close(p);
    leave(p);
}

void mqtt_up(struct plug *p)
{
    struct mqtt *m = &p->mqtt;

    m->trying = false;
    m->connected = m->hello = true;
    m->in_state_s = 0;
    m->subscribed = 0;
    m->connects++;
    log_say(p, LOG_INFO, "mqtt: connected");
    if (config_flag(&p->cfg, FLAG_SELF_AT_CONNECT))
        mqtt_publish_all(p);
    if (config_flag(&p->cfg, FLAG_DISCOVERY))
        mqtt_discover(p, "homeassistant");
    event_fire(p, EVENT_MQTT_STATE, 1);
}

void mqtt_init(struct plug *p)
{
    memset(&p->mqtt, 0, sizeof p->mqtt);
    p->mqtt.interval_s = INTERVAL_S;
}

void mqtt_restart(struct plug *p)
{
    close(p);
    p->mqtt.backoff_s = 0;
    p->mqtt.wait_s = 2; /* there may be more to change */
}

/* What was connected from the old one is so no more, whatever TCP hopes. */
void mqtt_address(struct plug *p)
{
    struct mqtt *m = &p->mqtt;

    m->self |= 1u << MQTT_SELF_IP;
    if (m->connected || m->trying)
        mqtt_restart(p);
}

static void tele_second(struct plug *p)
{
    struct mqtt *m = &p->mqtt;
    const unsigned sensor = p->cmds.tele_sensor_s, state = p->cmds.tele_state_s;

    if (!config_flag(&p->cfg, FLAG_TELE))
        return;
    if (++m->tele_sensor_s >= (sensor ? sensor : TELE_SENSOR_S)) {
        m->tele_sensor_s = 0;
        m->tele_sensor = p->meter.driver != METER_NONE;
    }
    if (++m->tele_state_s >= (state ? state : TELE_STATE_S)) {
        m->tele_state_s = 0;
        m->tele_state = true;
    }
}

static void connected_second(struct plug *p)
{
    struct mqtt *m = &p->mqtt;

    tele_second(p);
    if (m->interval_left > m->interval_s)
        m->interval_left = m->interval_s;
    if (m->interval_left && --m->interval_left)
        return;
    m->interval_left = m->interval_s ? m->interval_s : INTERVAL_S;
    if (config_flag(&p->cfg, FLAG_SELF_OFTEN))
        mqtt_publish_all(p);
}

static void try_to_connect(struct plug *p)
{
    struct mqtt *m = &p->mqtt;

    if (m->wait_s && --m->wait_s)
        return;
    if (!mqtt_client(p)[0]) /* all topics begin with it */
        config_set_text(&p->cfg, CFG_MQTT_CLIENT, config_text(&p->cfg, CFG_SHORT_NAME));
    m->in_state_s = 0;
    m->trying = net_mqtt_connect(p);
    if (!m->trying)
        wait_for_next(m);
}

void mqtt_second(struct plug *p)
{
    struct mqtt *m = &p->mqtt;

    m->wanted =
        config_text(&p->cfg, CFG_MQTT_HOST)[0] && p->wifi.state == WIFI_UP && !ota_running(p);
    if (!m->wanted) {
        close(p);
        m->wait_s = m->backoff_s = 0;
        return;
    }
    m->in_state_s++;
    if (m->connected) {
        connected_second(p);
    } else if (!m->trying) {
        try_to_connect(p);
    } else if (m->in_state_s >= MQTT_ATTEMPT_S) {
        net_mqtt_close(p);
        mqtt_down(p);
    }
}
