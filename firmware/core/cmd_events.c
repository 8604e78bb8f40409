/* cmd_events.c - handlers of events and of changes, repeating events (reference 3.6). */
#include <string.h>

#include "core/log.h"
#include "core/plug.h"

/* A command of a handler: something, and not too long. */
static enum cmd_result take_command(struct cmd *c, unsigned from, char to[EVENT_COMMAND])
{
    const char *text = cmd_rest(c, from);

    if (!*text)
        return CMD_EMPTY;
    return text_copy(to, EVENT_COMMAND, text) ? CMD_OK : CMD_BAD;
}

static enum cmd_result full(struct cmd *c)
{
    log_say(c->p, LOG_WARN, "%s: there is no room for more", c->name);
    return CMD_ERROR;
}

static enum cmd_result add_change(struct cmd *c, struct event_change *new, unsigned from)
{
    struct events *ev = &c->p->events;
    enum cmd_result r;

    if (ev->changes >= EVENT_CHANGES)
        return full(c);
    r = take_command(c, from, new->command);
    if (r == CMD_OK)
        ev->change[ev->changes++] = *new;
    return r;
}

/* `channelN value` is an event, too: it becomes that value. */
static enum cmd_result add_channel_handler(struct cmd *c)
{
    struct event_change new = {.relation = EVENT_EQ};
    const size_t n = strlen("channel");
    char word[sizeof new.variable];
    int32_t ch;

    if (!text_copy(word, sizeof word, c->arg[0]) || strlen(word) <= n || !text_int(word + n, &ch) ||
        ch < 0 || ch >= (int32_t)CHANNELS || !cmd_int(c, 1, INT32_MIN, INT32_MAX, &new.constant))
        return CMD_BAD;
    word[n] = '\0';
    if (!text_same(word, "channel"))
        return CMD_BAD;
    text_copy(new.variable, sizeof new.variable, c->arg[0]);
    return add_change(c, &new, 2);
}

static enum cmd_result add_handler(struct cmd *c)
{
    struct events *ev = &c->p->events;
    struct event_handler new = {0};
    enum cmd_result r;
    enum event e;

    if (!event_parse(c->arg[0], &e))
        return add_channel_handler(c);
    if (!cmd_int(c, 1, INT32_MIN, INT32_MAX, &new.arg))
        return CMD_BAD;
    if (ev->handlers >= EVENT_HANDLERS)
        return full(c);
    new.event = (uint8_t)e;
    r = take_command(c, 2, new.command);
    if (r == CMD_OK)
        ev->handler[ev->handlers++] = new;
    return r;
}

static enum cmd_result add_change_handler(struct cmd *c)
{
    struct event_change new = {0};

    if (!text_copy(new.variable, sizeof new.variable, c->arg[0]) ||
        !event_relation_parse(c->arg[1], &new.relation) ||
        !cmd_int(c, 2, INT32_MIN, INT32_MAX, &new.constant))
        return CMD_BAD;
    return add_change(c, &new, 3);
}

static enum cmd_result list_handlers(struct cmd *c)
{
    const struct events *ev = &c->p->events;

    for (unsigned i = 0; i < ev->handlers; i++)
        log_say(c->p, LOG_INFO, "%s %d: %s", event_name((enum event)ev->handler[i].event),
                (int)ev->handler[i].arg, ev->handler[i].command);
    for (unsigned i = 0; i < ev->changes; i++)
        log_say(c->p, LOG_INFO, "%s %s %d: %s", ev->change[i].variable,
                event_relation_name(ev->change[i].relation), (int)ev->change[i].constant,
                ev->change[i].command);
    return CMD_OK;
}

static enum cmd_result clear_handlers(struct cmd *c)
{
    c->p->events.handlers = c->p->events.changes = 0;
    return CMD_OK;
}

/* ---- repeating events ----------------------------------------------------------- */

enum { REPEAT, REPEAT_ID };

/* interval repeats [id] command; fractions of a second allowed. */
static enum cmd_result add_repeat(struct cmd *c)
{
    struct events *ev = &c->p->events;
    struct event_repeat new = {0};
    enum cmd_result r;
    double seconds;

    if (!cmd_real(c, 0, &seconds) || seconds < 0.05 || seconds > 1e6 ||
        !cmd_int(c, 1, -1, INT32_MAX, &new.repeats) || !new.repeats)
        return CMD_BAD;
    if (c->value == REPEAT_ID && !cmd_int(c, 2, INT32_MIN, INT32_MAX, &new.id))
        return CMD_BAD;
    if (ev->repeats >= EVENT_REPEATS)
        return full(c);
    new.interval_ms = new.left_ms = (int32_t)(seconds * 1000);
    r = take_command(c, c->value == REPEAT_ID ? 3 : 2, new.command);
    if (r == CMD_OK)
        ev->repeat[ev->repeats++] = new;
    return r;
}

static enum cmd_result cancel_repeat(struct cmd *c)
{
    struct events *ev = &c->p->events;
    unsigned kept = 0;
    int32_t id;

    if (!cmd_int(c, 0, INT32_MIN, INT32_MAX, &id))
        return CMD_BAD;
    for (unsigned i = 0; i < ev->repeats; i++)
        if (ev->repeat[i].id != id)
            ev->repeat[kept++] = ev->repeat[i];
    ev->repeats = kept;
    return CMD_OK;
}

static enum cmd_result clear_repeats(struct cmd *c)
{
    c->p->events.repeats = 0;
    return CMD_OK;
}

static enum cmd_result list_repeats(struct cmd *c)
{
    const struct events *ev = &c->p->events;

    for (unsigned i = 0; i < ev->repeats; i++)
        log_say(c->p, LOG_INFO, "%d: every %d ms, %d to come: %s", (int)ev->repeat[i].id,
                (int)ev->repeat[i].interval_ms, (int)ev->repeat[i].repeats, ev->repeat[i].command);
    return CMD_OK;
}

const struct cmd_entry cmd_events[] = {
    {"AddEventHandler", 3, add_handler, 0},
    {"AddChangeHandler", 4, add_change_handler, 0},
    {"listEventHandlers", 0, list_handlers, 0},
    {"clearAllHandlers", 0, clear_handlers, 0},
    {"addRepeatingEvent", 3, add_repeat, REPEAT},
    {"addRepeatingEventID", 4, add_repeat, REPEAT_ID},
    {"cancelRepeatingEvent", 1, cancel_repeat, 0},
    {"clearRepeatingEvents", 0, clear_repeats, 0},
    {"listRepeatingEvents", 0, list_repeats, 0},
    {0},
};
