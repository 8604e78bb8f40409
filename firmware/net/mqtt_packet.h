/* mqtt_packet.h - MQTT 3.1.1 on the wire: packets made and taken apart, no connection.
 *
 *   byte 0    kind << 4 | flags
 *   1..4      length of the rest, seven bits each, least first, bit 7: one more
 *   then      the rest; a text is a 16-bit length, most significant byte first, and bytes
 *
 * Retained "online" without acknowledgement to ecr6600CCDDEEFF/connected:
 *   31 21 00 19 65 63 72 ... 65 64 6f 6e 6c 69 6e 65 */
#ifndef NET_MQTT_PACKET_H
#define NET_MQTT_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mqtt_kind {
    MQTT_CONNECT = 1,
    MQTT_CONNACK = 2,
    MQTT_PUBLISH = 3,
    MQTT_PUBACK = 4,
    MQTT_PUBREC = 5,
    MQTT_PUBREL = 6,
    MQTT_PUBCOMP = 7,
    MQTT_SUBSCRIBE = 8,
    MQTT_SUBACK = 9,
    MQTT_PINGREQ = 12,
    MQTT_PINGRESP = 13,
    MQTT_DISCONNECT = 14,
};

#define MQTT_HEAD_MAX 5u

struct mqtt_hello {
    const char *client, *user, *password; /* user "": neither is sent */
    const char *will_topic, *will;        /* retained, QoS 1 */
    uint16_t keep_alive_s;
};

/* Each returns the packet's length, 0: it does not fit `cap`. */
size_t mqtt_make_connect(uint8_t *out, size_t cap, const struct mqtt_hello *h);
size_t mqtt_make_subscribe(uint8_t *out, size_t cap, uint16_t id, const char *topic, unsigned qos);
/* PUBACK, PUBREC, PUBREL, PUBCOMP. */
size_t mqtt_make_ack(uint8_t *out, size_t cap, enum mqtt_kind kind, uint16_t id);
size_t mqtt_make_empty(uint8_t *out, size_t cap, enum mqtt_kind kind);
/* All of a PUBLISH but its payload of `len` bytes, which follows. */
size_t mqtt_make_publish(uint8_t *out, size_t cap, uint16_t id, const char *topic, size_t len,
                         unsigned qos, bool retain);

/* A packet that arrives. Bytes beyond `cap` of its rest are counted and not kept; `buf` has
 * one byte more, for a NUL. */
struct mqtt_in {
    uint8_t *buf;
    size_t cap;
    uint8_t head;
    uint8_t state, shift;
    uint32_t len, have;
};

enum mqtt_took { MQTT_MORE, MQTT_WHOLE, MQTT_BROKEN };

void mqtt_in_init(struct mqtt_in *in, uint8_t *buf, size_t cap);
/* Take bytes until a packet is whole: `used` of them. The next call begins the next one. */
enum mqtt_took mqtt_in_take(struct mqtt_in *in, const uint8_t *data, size_t len, size_t *used);

struct mqtt_message {
    char *topic;         /* NUL-ended, in the buffer */
    const uint8_t *data; /* NUL-ended, unless cut */
    size_t len;
    uint16_t id;
    unsigned qos;
    bool cut; /* longer than the buffer: data is not to be used */
};

/* A whole PUBLISH, taken apart in its buffer. False: not such a packet, or a topic that
 * cannot be told (NUL inside, longer than the buffer). */
bool mqtt_read_publish(struct mqtt_in *in, struct mqtt_message *m);
/* The identifier of an acknowledgement; 0: none. */
uint16_t mqtt_read_id(const struct mqtt_in *in);

#endif
