/* mqtt_heard.c - what a broker sends us.
 *
 * It is done at once, in the order it comes: no toggle is lost or put together with another.
 * Our own publications come back by <client>/+/get and are not commands. */
#include "core/mqtt_inner.h"

#include <string.h>

#include "core/json.h"
#include "core/plug.h"
#include "core/status.h"

enum { FLAG_DISCOVERY = 27 };
enum { STATUS_NUMBERS = 12, STATUS_SENSORS_OLD = 8 };

/* What follows "<base>/"; NULL: it is not below that. */
static const char *below(const char *topic, const char *base)
{
    const size_t n = strlen(base);

    return n && !strncmp(topic, base, n) && topic[n] == '/' ? topic + n + 1 : NULL;
}

/* "<name>/<what>": the name, which is one level. */
static bool level(const char *topic, const char *what, char *name, size_t cap)
{
    const char *slash = strchr(topic, '/');
    const size_t n = slash ? (size_t)(slash - topic) : 0;

    if (!n || n >= cap || strcmp(slash + 1, what) != 0)
        return false;
    memcpy(name, topic, n);
    name[n] = '\0';
    return true;
}

static bool channel_of(const char *name, unsigned *ch)
{
    int32_t n;

    if (name[0] < '0' || name[0] > '9' || !text_int(name, &n) || n >= (int32_t)CHANNELS)
        return false;
    *ch = (unsigned)n;
    return true;
}

/* As a text, without blanks around it; false: it is none, or too long. */
static bool text_of(const char *payload, size_t len, char *text, size_t cap)
{
    while (len && (unsigned char)payload[len - 1] <= ' ' && payload[len - 1])
        len--;
    while (len && (unsigned char)*payload <= ' ' && *payload) {
        payload++;
        len--;
    }
    if (len >= cap || (len && memchr(payload, '\0', len)))
        return false;
    if (len)
        memcpy(text, payload, len);
    text[len] = '\0';
    return true;
}

static void hear_set(struct plug *p, const char *name, const char *payload, size_t len)
{
    char text[16];
    unsigned ch;
    int32_t value;

    if (!channel_of(name, &ch) || !text_of(payload, len, text, sizeof text)) {
        log_say(p, LOG_WARN, "mqtt: cannot set %s to that", name);
    } else if (text_same(text, "toggle")) {
        channel_toggle(p, ch);
    } else if (text_int(text, &value)) {
        channel_set(p, ch, value, false);
        /* Who set it is told, also if it was so already: a switch in an application that has
         * lost touch with the plug finds it again. */
        if (channel_published(p, ch))
            mqtt_channel_changed(p, ch);
    } else {
        log_say(p, LOG_WARN, "mqtt: channel %u cannot be %s", ch, text);
    }
}

/* With a payload it is what we have published ourselves. */
static void hear_get(struct plug *p, const char *name, size_t len)
{
    unsigned ch;

    if (len)
        return;
    if (channel_of(name, &ch)) {
        mqtt_channel_changed(p, ch);
        return;
    }
    for (unsigned q = 0; q < METER_QUANTITIES; q++)
        if (!strcmp(name, meter_info[q].mqtt))
            mqtt_quantity(p, q);
    mqtt_want_self(p, name);
}

/* A name and nothing that would make it more than one. */
static bool is_name(const char *text)
{
    const char *c = text;

    for (; *c; c++)
        if (!((*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
              *c == '_'))
            return false;
    return c != text && (size_t)(c - text) <= CMD_NAME;
}

/* STATUS, STATUS5, STATUS with payload "5": each on its own topic, when it can be sent. */
static bool hear_status(struct plug *p, const char *name, const char *text)
{
    char word[7];
    int32_t n = 0;

    text_copy(word, sizeof word, name);
    if (!text_same(word, "status"))
        return false;
    if (*text ? !text_int(text, &n) : name[6] && !text_int(name + 6, &n))
        return false;
    if (n < 0 || n >= STATUS_NUMBERS || !status_known((unsigned)n))
        return false;
    if (n) {
        p->mqtt.status |= (uint16_t)(1u << n);
        return true;
    }
    for (unsigned i = 0; i < STATUS_NUMBERS; i++)
        if (i != STATUS_SENSORS_OLD && status_known(i))
            p->mqtt.status |= (uint16_t)(1u << i);
    return true;
}

/* POWER is told in plain words, too: stat/<client>/POWER1 is ON. */
static void answer_power(struct plug *p, const char *reply, size_t len)
{
    const struct json all = json_parse(reply, len);
    struct json key, value;
    char name[16], text[16];
    size_t at = 0;

    while (all.kind == JSON_OBJECT && json_next(&all, &at, &key, &value))
        if (json_string(&key, name, sizeof name) && json_string(&value, text, sizeof text) &&
            is_name(name))
            mqtt_answer(p, name, text);
}

static void hear_command(struct plug *p, const char *name, const char *payload, size_t len)
{
    const size_t n = is_name(name) ? strlen(name) : 0;
    char line[CMD_LINE], word[6], *text = line + n + 1;
    struct out reply;

    if (!n || !text_of(payload, len, text, sizeof line - n - 1)) {
        log_say(p, LOG_WARN, "mqtt: that is no command");
        return;
    }
    if (hear_status(p, name, text))
        return;
    memcpy(line, name, n);
    line[n] = *text ? ' ' : '\0';
    out_init(&reply, p->mqtt.text, sizeof p->mqtt.text);
    cmd_run(p, line, CMD_MQTT, &reply);
    if (reply.over || !reply.len) {
        p->mqtt.failures += reply.over;
        return;
    }
    mqtt_answer(p, "RESULT", p->mqtt.text);
    text_copy(word, sizeof word, name);
    if (text_same(word, "power"))
        answer_power(p, p->mqtt.text, reply.len);
}

void mqtt_message(struct plug *p, const char *topic, const char *payload, size_t len)
{
    const char *group = config_text(&p->cfg, CFG_MQTT_GROUP), *client = mqtt_client(p), *rest;
    char name[48], text[8];

    p->mqtt.received++;
    if (p->safe_mode || ota_running(p))
        return;
    if (!strcmp(topic, "homeassistant/status")) {
        if (text_of(payload, len, text, sizeof text) && !strcmp(text, "online")) {
            mqtt_publish_all(p);
            if (config_flag(&p->cfg, FLAG_DISCOVERY))
                mqtt_discover(p, "homeassistant");
        }
    } else if ((rest = below(topic, "cmnd")) != NULL) {
        const char *command = below(rest, client);

        command = command ? command : below(rest, group);
        if (command)
            hear_command(p, command, payload, len);
    } else if ((rest = below(topic, client)) != NULL && level(rest, "get", name, sizeof name)) {
        hear_get(p, name, len);
    } else if ((rest || (rest = below(topic, group)) != NULL) &&
               level(rest, "set", name, sizeof name)) {
        hear_set(p, name, payload, len);
    }
}
