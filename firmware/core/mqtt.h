/* mqtt.h - session, topics and queue (reference 6); the wire is net_mqtt.c's. */
#ifndef CORE_MQTT_H
#define CORE_MQTT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MQTT_TOPIC       128u
#define MQTT_PAYLOAD     1536u
#define MQTT_QUEUE       8u /* texts that wait to be sent: the newest */
#define MQTT_TEXT        160u
#define MQTT_BACKOFF_S   5u
#define MQTT_BACKOFF_MAX 60u
#define MQTT_ATTEMPT_S   45u /* to be connected */
#define MQTT_SETTLED_S   60u /* connected for so long: the next attempt is a first one */
#define MQTT_PER_TICK    4u  /* packets, so that a burst leaves time for the rest */

struct plug;

/* Self state: <client>/host and so on. */
enum mqtt_self {
    MQTT_SELF_HOST,
    MQTT_SELF_BUILD,
    MQTT_SELF_MAC,
    MQTT_SELF_SSID,
    MQTT_SELF_DATETIME,
    MQTT_SELF_RSSI,
    MQTT_SELF_UPTIME,
    MQTT_SELF_IP,
    MQTT_SELVES
};

struct mqtt_text {
    char topic[MQTT_TOPIC];
    char text[MQTT_TEXT];
    bool retain;
};

/* What a channel's newest value needs is one bit, not a queue entry: bursts never
 * overflow and the last value always arrives. The same for all else that can be made
 * anew when it is sent. */
struct mqtt {
    bool wanted;    /* there is a broker to go to, and nothing against it now */
    bool trying;    /* an attempt is under way */
    bool connected; /* the broker has said so */
    bool hello;     /* "online" is to be said */
    uint8_t subscribed;
    uint32_t in_state_s, wait_s, backoff_s;
    uint64_t channels;   /* to be published */
    uint32_t quantities; /* of the meter, to be published */
    uint16_t self;       /* items of self state, to be published */
    uint16_t status;     /* STATUS of these numbers, to be published */
    bool tele_state, tele_sensor;
    uint32_t tele_state_s, tele_sensor_s; /* since the last one */
    bool discovery;                       /* to be sent: where it is */
    uint16_t discovery_at;
    char prefix[32];
    uint32_t interval_s, interval_left;
    uint32_t connects, published, received, failures;
    struct mqtt_text queue[MQTT_QUEUE];
    uint8_t queue_first, queued;
    char text[MQTT_PAYLOAD]; /* what is sent just now */
};

void mqtt_init(struct plug *p);
void mqtt_second(struct plug *p);
void mqtt_quick(struct plug *p);
void mqtt_restart(struct plug *p); /* settings have changed, or an update begins/ends */
void mqtt_address(struct plug *p); /* ours has changed */
void mqtt_channel_changed(struct plug *p, unsigned ch);
void mqtt_quantity(struct plug *p, unsigned quantity);
/* To <client>/<topic>/get (flag 50: without the /get), or as it stands if `raw`. What cannot
 * be sent now waits, if it is short; of what waits the oldest goes. */
bool mqtt_publish(struct plug *p, const char *topic, const char *text, bool retain, bool raw);
/* All of the plug: channels, readings, self state. */
void mqtt_publish_all(struct plug *p);
void mqtt_discover(struct plug *p, const char *prefix);
/* Of the wire. `topic` is NUL-ended, `payload` may hold anything. */
void mqtt_up(struct plug *p);
void mqtt_down(struct plug *p);
void mqtt_message(struct plug *p, const char *topic, const char *payload, size_t len);

/* net_mqtt.c: the wire; each false: not now, try again. */
bool net_mqtt_connect(struct plug *p);
void net_mqtt_close(struct plug *p);
bool net_mqtt_publish(struct plug *p, const char *topic, const void *data, size_t len, uint8_t qos,
                      bool retain);
bool net_mqtt_subscribe(struct plug *p, const char *topic);

#endif
