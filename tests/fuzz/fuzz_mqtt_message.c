/* Messages of a broker: topics and payloads as anybody on the network may publish them, the
 * commands in them included. Whatever comes, what the plug publishes then can be published,
 * and nothing grows. */
#include <stdlib.h>
#include <string.h>

#include "core/plug.h"
#include "core/role.h"
#include "hal/host/host.h"

#define ID "ecr6600CCDDEEFF"

static struct plug plug, fresh;

bool net_mqtt_publish(struct plug *p, const char *topic, const void *data, size_t len, uint8_t qos,
                      bool retain)
{
    (void)data;
    (void)retain;
    if (!*topic || strpbrk(topic, "+#") || strlen(topic) >= 256 || len >= MQTT_PAYLOAD || qos > 1)
        abort();
    return p->mqtt.published % 5 != 4 || !(++p->mqtt.published & 1);
}

static void boot(void)
{
    host_reset();
    plug_boot(&plug);
    config_set_text(&plug.cfg, CFG_MQTT_HOST, "broker");
    config_set_pin(&plug.cfg, 25, ROLE_REL, 1, 0);
    config_set_pin(&plug.cfg, 23, ROLE_REL_N, 2, 0);
    config_set_start(&plug.cfg, 2, -1);
    mqtt_up(&plug);
    fresh = plug;
}

static void check(const struct mqtt *m)
{
    if (m->queued > MQTT_QUEUE || m->queue_first >= MQTT_QUEUE ||
        m->quantities >> METER_QUANTITIES || !memchr(m->prefix, '\0', sizeof m->prefix))
        abort();
    for (unsigned i = 0; i < MQTT_QUEUE; i++)
        if (!memchr(m->queue[i].topic, '\0', MQTT_TOPIC) ||
            !memchr(m->queue[i].text, '\0', MQTT_TEXT))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One message after another: where to, length of the topic's end, that, length, payload. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const heads[] = {
        ID "/", "ecr6600s/",      "cmnd/" ID "/", "cmnd/ecr6600s/",
        "",     "homeassistant/", ID "/1/",       "cmnd/" ID "/Status"};

    if (!fresh.chip)
        boot();
    plug = fresh;
    for (unsigned n = 0; size > 3 && n < 16; n++) {
        const char *head = heads[data[0] % 8];
        size_t end = data[1] % 64, len = data[2];
        char topic[128];
        char *payload;

        data += 3;
        size -= 3;
        end = end < size ? end : size;
        memcpy(topic, head, strlen(head));
        memcpy(topic + strlen(head), data, end);
        topic[strlen(head) + end] = '\0';
        data += end;
        size -= end;
        len = len * 4 < size ? len * 4 : size;
        payload = malloc(len ? len : 1); /* of its own, so that nothing is read beyond it */
        if (!payload)
            return 0;
        memcpy(payload, data, len);
        mqtt_message(&plug, topic, payload, len);
        free(payload);
        data += len;
        size -= len;
        mqtt_quick(&plug);
        cmd_tick(&plug, 25);
        check(&plug.mqtt);
    }
    for (unsigned i = 0; i < 8; i++)
        mqtt_quick(&plug);
    check(&plug.mqtt);
    return 0;
}
