/* Bytes of a broker, or of who says that he is one: packets come out the same however TCP cuts
 * them, in a buffer that is too small for some; what is told of a publication lies in it. */
#include <stdlib.h>
#include <string.h>

#include "net/mqtt_packet.h"

#define CAP 96u /* the first input byte may make it smaller */

struct reader {
    struct mqtt_in in;
    uint8_t *buf; /* CAP + 1, for sanitizers exactly */
    bool broken;
};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void reader_open(struct reader *r, size_t cap)
{
    r->buf = malloc(cap + 1);
    must(r->buf != NULL);
    memset(r->buf, 0x5a, cap + 1);
    r->broken = false;
    mqtt_in_init(&r->in, r->buf, cap);
}

/* What the packet is, as a number: equal packets, equal numbers. */
static uint64_t sum(uint64_t so_far, const void *data, size_t len)
{
    const uint8_t *p = data;

    for (size_t i = 0; i < len; i++)
        so_far = (so_far ^ p[i]) * 1099511628211u;
    return so_far;
}

static uint64_t packet(struct reader *r, uint64_t so_far)
{
    struct mqtt_message m;
    const uint16_t id = mqtt_read_id(&r->in);

    so_far = sum(so_far, &r->in.head, 1);
    so_far = sum(so_far, &r->in.len, sizeof r->in.len);
    so_far = sum(so_far, &id, sizeof id);
    if (!mqtt_read_publish(&r->in, &m))
        return so_far;
    must(r->in.head >> 4 == MQTT_PUBLISH && m.qos < 3 && !m.qos == !m.id);
    must(m.cut == (r->in.len > r->in.cap));
    must((uint8_t *)m.topic == r->buf && memchr(r->buf, '\0', r->in.cap) != NULL);
    must(m.data >= r->buf && m.data + m.len <= r->buf + r->in.cap);
    must(m.cut || m.data[m.len] == '\0');
    return sum(sum(so_far, m.topic, strlen(m.topic) + 1), m.data, m.len);
}

/* Until all is taken or one packet was none. */
static uint64_t take(struct reader *r, const uint8_t *data, size_t len, uint64_t so_far)
{
    size_t at = 0, used;

    while (at < len && !r->broken) {
        const enum mqtt_took took = mqtt_in_take(&r->in, data + at, len - at, &used);

        must(used > 0 && used <= len - at);
        at += used;
        r->broken = took == MQTT_BROKEN;
        if (took == MQTT_WHOLE)
            so_far = packet(r, so_far);
        else
            must(r->broken || at == len);
    }
    return so_far;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The buffer's size, the size of pieces, and the bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader whole, cut;
    uint64_t a = 0, b = 0;

    if (size < 2)
        return 0;
    reader_open(&whole, data[0] % (CAP + 1));
    reader_open(&cut, data[0] % (CAP + 1));
    a = take(&whole, data + 2, size - 2, a);
    for (size_t at = 2, piece = 1 + data[1] % 16; at < size && !cut.broken; at += piece)
        b = take(&cut, data + at, size - at < piece ? size - at : piece, b);
    must(a == b && whole.broken == cut.broken);
    free(whole.buf);
    free(cut.buf);
    return 0;
}
