/* event.h - handlers of events and changes, repeating events (reference 3.6). */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#define EVENT_HANDLERS 24u
#define EVENT_CHANGES  12u
#define EVENT_REPEATS  8u
#define EVENT_COMMAND  128u
#define EVENT_DEPTH    4u  /* handlers that make events whose handlers make events ... */
#define EVENT_CHAIN    64u /* and so many commands in all that follow from one */

struct plug;

enum event {
    EVENT_PRESS,
    EVENT_RELEASE,
    EVENT_CLICK,
    EVENT_DBL_CLICK,
    EVENT_3_CLICK,
    EVENT_4_CLICK,
    EVENT_5_CLICK,
    EVENT_HOLD_START,
    EVENT_HOLD,
    EVENT_TOGGLE,
    EVENT_CHANNEL_CHANGE,
    EVENT_IP_CHANGE,
    EVENT_WIFI_STATE,
    EVENT_MQTT_STATE,
    EVENT_NTP_STATE,
    EVENT_ON_MQTT,
    EVENT_ON_HTTP,
    EVENT_ON_CMD,
    EVENT_ON_DISCOVERY,
    EVENT_ON_UART,
    EVENTS
};

/* Of AddChangeHandler; event_relation_parse knows them by sign. */
enum event_relation { EVENT_EQ, EVENT_NE, EVENT_LT, EVENT_GT, EVENT_LE, EVENT_GE };

struct event_handler {
    uint8_t event;
    int32_t arg;
    char command[EVENT_COMMAND];
};
struct event_change {
    char variable[20];
    uint8_t relation; /* enum event_relation */
    int32_t constant;
    bool was; /* held at the last value; false when added */
    char command[EVENT_COMMAND];
};
struct event_repeat {
    int32_t id, interval_ms, left_ms;
    int32_t repeats; /* still to come; negative: for ever */
    char command[EVENT_COMMAND];
};

struct events {
    struct event_handler handler[EVENT_HANDLERS];
    struct event_change change[EVENT_CHANGES];
    struct event_repeat repeat[EVENT_REPEATS];
    unsigned handlers, changes, repeats;
    unsigned depth, chain; /* of what is running */
    bool cut;              /* it was stopped */
};

const char *event_name(enum event e); /* "OnClick"; "" beyond */
bool event_parse(const char *text, enum event *e);
const char *event_relation_name(unsigned relation);
bool event_relation_parse(const char *text, uint8_t *relation); /* "==", "<", ... */
/* Run the handlers of this event and argument. True: some handler ran, and the built-in
 * action is not to follow. Beyond EVENT_DEPTH and EVENT_CHAIN nothing runs. Handlers may
 * change the tables of handlers. */
bool event_fire(struct plug *p, enum event e, int32_t arg);
/* A variable has a new value: fires on the transition from false to true. */
void event_value(struct plug *p, const char *variable, int32_t value);
void events_tick(struct plug *p, uint32_t ms);
/* Handlers, change handlers and repeating events. */
void events_clear(struct plug *p);

#endif
