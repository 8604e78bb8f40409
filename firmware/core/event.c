/* event.c - handlers of events and of changes, repeating events.
 *
 * A handler's command may do anything, also to the tables here, and also what fires
 * the next event: commands are copied before they run, every pass is bounded, and
 * chains end at EVENT_DEPTH or EVENT_CHAIN. */
#include "core/event.h"

#include <string.h>

#include "core/cmd.h"
#include "core/log.h"
#include "core/out.h"
#include "core/plug.h"

static const char *const names[EVENTS] = {
    [EVENT_PRESS] = "OnPress",
    [EVENT_RELEASE] = "OnRelease",
    [EVENT_CLICK] = "OnClick",
    [EVENT_DBL_CLICK] = "OnDblClick",
    [EVENT_3_CLICK] = "On3Click",
    [EVENT_4_CLICK] = "On4Click",
    [EVENT_5_CLICK] = "On5Click",
    [EVENT_HOLD_START] = "OnHoldStart",
    [EVENT_HOLD] = "OnHold",
    [EVENT_TOGGLE] = "OnToggle",
    [EVENT_CHANNEL_CHANGE] = "OnChannelChange",
    [EVENT_IP_CHANGE] = "IPChange",
    [EVENT_WIFI_STATE] = "WiFiState",
    [EVENT_MQTT_STATE] = "MQTTState",
    [EVENT_NTP_STATE] = "NTPState",
    [EVENT_ON_MQTT] = "OnMQTT",
    [EVENT_ON_HTTP] = "OnHTTP",
    [EVENT_ON_CMD] = "OnCMD",
    [EVENT_ON_DISCOVERY] = "OnDiscovery",
    [EVENT_ON_UART] = "OnUART",
};

static const char *const relations[] = {
    [EVENT_EQ] = "==", [EVENT_NE] = "!=", [EVENT_LT] = "<",
    [EVENT_GT] = ">",  [EVENT_LE] = "<=", [EVENT_GE] = ">=",
};

const char *event_name(enum event e)
{
    return (unsigned)e < EVENTS ? names[e] : "";
}

bool event_parse(const char *text, enum event *e)
{
    for (unsigned i = 0; i < EVENTS; i++)
        if (text_same(text, names[i])) {
            *e = (enum event)i;
            return true;
        }
    return false;
}

const char *event_relation_name(unsigned relation)
{
    return relation <= EVENT_GE ? relations[relation] : "";
}

bool event_relation_parse(const char *text, uint8_t *relation)
{
    for (unsigned i = 0; i <= EVENT_GE; i++)
        if (!strcmp(text, relations[i])) {
            *relation = (uint8_t)i;
            return true;
        }
    return false;
}

/* False: too deep, or too many. */
static bool run(struct plug *p, const char *command)
{
    struct events *ev = &p->events;
    char line[EVENT_COMMAND];

    if (!ev->depth) {
        ev->chain = 0;
        ev->cut = false;
    }
    if (ev->depth >= EVENT_DEPTH || ev->chain >= EVENT_CHAIN) {
        if (!ev->cut)
            log_say(p, LOG_WARN, "events: handlers call each other, stopped at: %s", command);
        ev->cut = true; /* once is enough */
        return false;
    }
    ev->chain++;
    text_copy(line, sizeof line, command);
    ev->depth++;
    cmd_run(p, line, CMD_SCRIPT, NULL);
    ev->depth--;
    return true;
}

bool event_fire(struct plug *p, enum event e, int32_t arg)
{
    struct events *ev = &p->events;
    bool handled = false;

    cmd_event(p, e, arg);
    for (unsigned i = 0; i < ev->handlers && i < EVENT_HANDLERS; i++)
        if (ev->handler[i].event == e && ev->handler[i].arg == arg)
            handled |= run(p, ev->handler[i].command);
    return handled;
}

static bool holds(unsigned relation, int32_t a, int32_t b)
{
    switch (relation) {
    case EVENT_EQ:
        return a == b;
    case EVENT_NE:
        return a != b;
    case EVENT_LT:
        return a < b;
    case EVENT_GT:
        return a > b;
    case EVENT_LE:
        return a <= b;
    case EVENT_GE:
        return a >= b;
    default:
        return false;
    }
}

void event_value(struct plug *p, const char *variable, int32_t value)
{
    struct events *ev = &p->events;

    for (unsigned i = 0; i < ev->changes && i < EVENT_CHANGES; i++) {
        struct event_change *c = &ev->change[i];
        bool now, was;

        if (!text_same(c->variable, variable))
            continue;
        now = holds(c->relation, value, c->constant);
        was = c->was;
        c->was = now; /* before it runs: what it does may come back here */
        if (now && !was)
            run(p, c->command);
    }
}

/* One is due: note it, or take it out when that was its last time. */
static void repeat_done(struct events *ev, unsigned i)
{
    struct event_repeat *r = &ev->repeat[i];

    r->left_ms += r->interval_ms;
    if (r->left_ms <= 0)
        r->left_ms = r->interval_ms; /* the loop was away: no burst */
    if (r->repeats < 0 || --r->repeats > 0)
        return;
    memmove(r, r + 1, (size_t)(ev->repeats - i - 1) * sizeof *r);
    ev->repeats--;
}

void events_tick(struct plug *p, uint32_t ms)
{
    struct events *ev = &p->events;
    const int32_t step = ms < 60000 ? (int32_t)ms : 60000;

    for (unsigned i = 0, seen = 0; i < ev->repeats && seen < EVENT_REPEATS; i++, seen++) {
        char command[EVENT_COMMAND];
        const unsigned before = ev->repeats;

        ev->repeat[i].left_ms -= step;
        if (ev->repeat[i].left_ms > 0)
            continue;
        text_copy(command, sizeof command, ev->repeat[i].command);
        repeat_done(ev, i);
        if (ev->repeats < before)
            i--; /* the next one has moved here */
        run(p, command);
    }
}

void events_clear(struct plug *p)
{
    p->events.handlers = 0;
    p->events.changes = 0;
    p->events.repeats = 0;
}
