/* mqtt.h - session, topics and queue (reference 6); the wire is net_mqtt.c's. */
#ifndef CORE_MQTT_H
#define CORE_MQTT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MQTT_TOPIC   128u
#define MQTT_PAYLOAD 1536u
#define MQTT_QUEUE   32u

struct plug;

/* What a channel's newest value needs is one bit, not a queue entry: bursts never
 * overflow and the last value always arrives. */
struct mqtt {
    bool connected, wanted;
    uint32_t wait_ms, backoff_ms;
    uint64_t channels;   /* to be published */
    uint32_t quantities; /* of the meter, to be published */
    uint16_t self;       /* items of self state, to be published */
    bool discovery;      /* to be sent: where it is */
    uint16_t discovery_at;
    char prefix[32];
    uint32_t interval_s, interval_left;
    uint32_t connects, published, received, failures;
    struct {
        char topic[MQTT_TOPIC];
        char text[160];
        bool retain;
        uint8_t qos;
    } queue[8];
    uint8_t queued;
};

void mqtt_init(struct plug *p);
void mqtt_second(struct plug *p);
void mqtt_quick(struct plug *p);
void mqtt_restart(struct plug *p); /* settings have changed, or an update begins/ends */
void mqtt_channel_changed(struct plug *p, unsigned ch);
void mqtt_quantity(struct plug *p, unsigned quantity);
bool mqtt_publish(struct plug *p, const char *topic, const char *text, bool retain, bool raw);
void mqtt_discover(struct plug *p, const char *prefix);
/* Of the wire. */
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
