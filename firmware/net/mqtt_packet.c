/* mqtt_packet.c - MQTT's codec. */
#include "net/mqtt_packet.h"

#include <string.h>

struct to {
    uint8_t *at;
    size_t left;
    bool over;
};

static void put(struct to *t, const void *data, size_t len)
{
    if (len > t->left) {
        t->over = true;
        return;
    }
    memcpy(t->at, data, len);
    t->at += len;
    t->left -= len;
}

static void put_byte(struct to *t, unsigned b)
{
    const uint8_t one = (uint8_t)b;

    put(t, &one, 1);
}

static void put_word(struct to *t, unsigned w)
{
    put_byte(t, w >> 8);
    put_byte(t, w);
}

static void put_text(struct to *t, const char *text)
{
    const size_t len = strlen(text);

    if (len > UINT16_MAX)
        t->over = true;
    put_word(t, (unsigned)len);
    put(t, text, len);
}

static void put_head(struct to *t, unsigned head, size_t len)
{
    put_byte(t, head);
    do {
        put_byte(t, (len & 0x7f) | (len > 0x7f ? 0x80u : 0u));
        len >>= 7;
    } while (len);
}

static size_t made(const struct to *t, const uint8_t *out)
{
    return t->over ? 0 : (size_t)(t->at - out);
}

static size_t text_size(const char *text)
{
    return 2 + strlen(text);
}

size_t mqtt_make_connect(uint8_t *out, size_t cap, const struct mqtt_hello *h)
{
    enum { USER = 0x80, PASSWORD = 0x40, RETAIN = 0x20, QOS1 = 0x08, WILL = 0x04, CLEAN = 0x02 };
    struct to t = {.at = out, .left = cap};
    const bool user = h->user[0] != '\0';
    size_t len = 10 + text_size(h->client) + text_size(h->will_topic) + text_size(h->will);

    if (user)
        len += text_size(h->user) + text_size(h->password);
    put_head(&t, MQTT_CONNECT << 4, len);
    put_text(&t, "MQTT");
    put_byte(&t, 4);
    put_byte(&t, (user ? USER | PASSWORD : 0u) | RETAIN | QOS1 | WILL | CLEAN);
    put_word(&t, h->keep_alive_s);
    put_text(&t, h->client);
    put_text(&t, h->will_topic);
    put_text(&t, h->will);
    if (user) {
        put_text(&t, h->user);
        put_text(&t, h->password);
    }
    return made(&t, out);
}

size_t mqtt_make_subscribe(uint8_t *out, size_t cap, uint16_t id, const char *topic, unsigned qos)
{
    struct to t = {.at = out, .left = cap};

    put_head(&t, MQTT_SUBSCRIBE << 4 | 2, 2 + text_size(topic) + 1);
    put_word(&t, id);
    put_text(&t, topic);
    put_byte(&t, qos);
    return made(&t, out);
}

size_t mqtt_make_ack(uint8_t *out, size_t cap, enum mqtt_kind kind, uint16_t id)
{
    struct to t = {.at = out, .left = cap};

    put_head(&t, (unsigned)kind << 4 | (kind == MQTT_PUBREL ? 2 : 0), 2);
    put_word(&t, id);
    return made(&t, out);
}

size_t mqtt_make_empty(uint8_t *out, size_t cap, enum mqtt_kind kind)
{
    struct to t = {.at = out, .left = cap};

    put_head(&t, (unsigned)kind << 4, 0);
    return made(&t, out);
}

size_t mqtt_make_publish(uint8_t *out, size_t cap, uint16_t id, const char *topic, size_t len,
                         unsigned qos, bool retain)
{
    struct to t = {.at = out, .left = cap};

    put_head(&t, MQTT_PUBLISH << 4 | qos << 1 | retain, text_size(topic) + (qos ? 2 : 0) + len);
    put_text(&t, topic);
    if (qos)
        put_word(&t, id);
    return made(&t, out);
}

/* ---- what arrives ---------------------------------------------------------------------- */

enum { AT_HEAD, AT_LENGTH, AT_REST };

void mqtt_in_init(struct mqtt_in *in, uint8_t *buf, size_t cap)
{
    *in = (struct mqtt_in){.buf = buf, .cap = cap};
}

/* One byte of the head or the length. */
static enum mqtt_took take_head(struct mqtt_in *in, uint8_t b)
{
    if (in->state == AT_HEAD) {
        in->head = b;
        in->len = in->have = 0;
        in->shift = 0;
        in->state = AT_LENGTH;
        return MQTT_MORE;
    }
    if (in->shift > 21)
        return MQTT_BROKEN;
    in->len |= (uint32_t)(b & 0x7f) << in->shift;
    in->shift = (uint8_t)(in->shift + 7);
    if (b & 0x80)
        return in->shift > 21 ? MQTT_BROKEN : MQTT_MORE;
    in->state = in->len ? AT_REST : AT_HEAD;
    return in->len ? MQTT_MORE : MQTT_WHOLE;
}

static size_t take_rest(struct mqtt_in *in, const uint8_t *data, size_t len)
{
    const size_t n = len < in->len - in->have ? len : in->len - in->have;

    if (in->have < in->cap) {
        const size_t room = in->cap - in->have;

        memcpy(in->buf + in->have, data, n < room ? n : room);
    }
    in->have += (uint32_t)n;
    return n;
}

enum mqtt_took mqtt_in_take(struct mqtt_in *in, const uint8_t *data, size_t len, size_t *used)
{
    enum mqtt_took took;

    for (*used = 0; *used < len;) {
        if (in->state != AT_REST) {
            took = take_head(in, data[(*used)++]);
            if (took != MQTT_MORE)
                return took;
            continue;
        }
        *used += take_rest(in, data + *used, len - *used);
        if (in->have == in->len) {
            in->state = AT_HEAD;
            return MQTT_WHOLE;
        }
    }
    return MQTT_MORE;
}

bool mqtt_read_publish(struct mqtt_in *in, struct mqtt_message *m)
{
    const size_t kept = in->len < in->cap ? in->len : in->cap;
    size_t topic, at;

    *m = (struct mqtt_message){.qos = in->head >> 1 & 3u, .cut = in->len > in->cap};
    if (in->head >> 4 != MQTT_PUBLISH || m->qos == 3 || kept < 2)
        return false;
    topic = (size_t)in->buf[0] << 8 | in->buf[1];
    at = 2 + topic + (m->qos ? 2 : 0);
    if (at > kept || memchr(in->buf + 2, '\0', topic))
        return false;
    if (m->qos)
        m->id = (uint16_t)(in->buf[at - 2] << 8 | in->buf[at - 1]);
    if (m->qos && !m->id)
        return false;
    /* Room for its NUL is where its length was. */
    m->topic = (char *)in->buf;
    memmove(m->topic, in->buf + 2, topic);
    m->topic[topic] = '\0';
    m->data = in->buf + at;
    m->len = kept - at;
    if (!m->cut)
        in->buf[kept] = '\0';
    return true;
}

uint16_t mqtt_read_id(const struct mqtt_in *in)
{
    return in->len < 2 || in->cap < 2 ? 0 : (uint16_t)(in->buf[0] << 8 | in->buf[1]);
}
