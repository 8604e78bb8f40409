/* broker.c - a broker in place of the wire. */
#include "broker.h"

#define TOPICS 200u
#define BACK   64u
enum { JOIN_TURNS = 20, FAIL_TURNS = 600 };

struct broker broker;

static struct {
    char topic[256], payload[2048];
    unsigned count;
    int qos;
    bool retain;
} said[TOPICS];
static unsigned topics;

static struct {
    char topic[256], payload[2048];
} back[BACK]; /* to the plug */
static unsigned backs, left, turns;
static bool opening;

void broker_reset(void)
{
    broker = (struct broker){.room = 1000};
    left = broker.room;
    opening = false;
    backs = turns = 0;
    broker_forget();
}

void broker_forget(void)
{
    topics = 0;
    memset(said, 0, sizeof said);
}

static int find(const char *topic)
{
    for (unsigned i = 0; i < topics; i++)
        if (!strcmp(said[i].topic, topic))
            return (int)i;
    return -1;
}

const char *broker_last(const char *topic)
{
    const int i = find(topic);

    return i < 0 ? NULL : said[i].payload;
}

unsigned broker_count(const char *topic)
{
    const int i = find(topic);

    return i < 0 ? 0 : said[i].count;
}

int broker_retained(const char *topic)
{
    const int i = find(topic);

    return i < 0 ? -1 : said[i].retain;
}

int broker_qos(const char *topic)
{
    const int i = find(topic);

    return i < 0 ? -1 : said[i].qos;
}

unsigned broker_topics(void)
{
    return topics;
}

const char *broker_topic(unsigned i)
{
    return said[i].topic;
}

/* Does a filter with '+' take a topic? */
static bool takes(const char *filter, size_t len, const char *topic)
{
    const char *end = filter + len;

    while (filter < end) {
        if (*filter == '+') {
            topic += strcspn(topic, "/");
            filter++;
        } else if (*filter++ != *topic++) {
            return false;
        }
    }
    return !*topic;
}

static bool subscribed(const char *topic)
{
    for (const char *f = broker.all; *f;) {
        const size_t n = strcspn(f, "\n");

        if (takes(f, n, topic))
            return true;
        f += n + 1;
    }
    return false;
}

static bool give_back(const char *topic, const char *payload)
{
    if (!broker.connected || !subscribed(topic))
        return false;
    assert_true(backs < BACK);
    snprintf(back[backs].topic, sizeof back[0].topic, "%s", topic);
    snprintf(back[backs].payload, sizeof back[0].payload, "%s", payload);
    backs++;
    return true;
}

bool broker_say(const char *topic, const char *payload)
{
    const bool heard = give_back(topic, payload);

    if (backs > BACK / 2)
        broker_turn();
    return heard;
}

void broker_drop(void)
{
    if (!broker.connected && !opening)
        return;
    broker.connected = opening = false;
    backs = 0;
    mqtt_down(&rig);
}

void broker_turn(void)
{
    left = broker.room;
    turns++;
    if (opening && broker.away && turns > FAIL_TURNS) {
        broker_drop();
    } else if (opening && !broker.away && !broker.mute && turns > JOIN_TURNS) {
        opening = false;
        broker.connected = true;
        broker.first[0] = broker.all[0] = '\0';
        mqtt_up(&rig);
    }
    if (broker.connected && broker.away)
        broker_drop();
    for (unsigned i = 0; i < backs && broker.connected; i++)
        mqtt_message(&rig, back[i].topic, back[i].payload, strlen(back[i].payload));
    backs = 0;
}

void broker_run(uint32_t ms)
{
    for (uint32_t done = 0; done < ms; done += 5) {
        host_advance_ms(5);
        broker_turn();
        plug_tick(&rig, hal_ms());
    }
}

/* ---- net_mqtt.c ---------------------------------------------------------------------------- */

bool net_mqtt_connect(struct plug *p)
{
    (void)p;
    assert_false(opening || broker.connected);
    if (broker.attempts < 64)
        broker.tried_s[broker.attempts] = host_us() / 1000000;
    broker.attempts++;
    opening = true;
    turns = 0;
    return true;
}

void net_mqtt_close(struct plug *p)
{
    (void)p;
    opening = broker.connected = false;
    backs = 0;
}

bool net_mqtt_publish(struct plug *p, const char *topic, const void *data, size_t len, uint8_t qos,
                      bool retain)
{
    int i = find(topic);

    (void)p;
    assert_true(strlen(topic) < 256 && len < 2048);
    assert_null(strpbrk(topic, "+#"));
    if (!broker.connected || !left)
        return false;
    left--;
    broker.packets++;
    if (i < 0) {
        assert_true(topics < TOPICS);
        i = (int)topics++;
        strcpy(said[i].topic, topic);
    }
    memcpy(said[i].payload, data, len);
    said[i].payload[len] = '\0';
    said[i].count++;
    said[i].qos = qos;
    said[i].retain = retain;
    if (!broker.first[0])
        snprintf(broker.first, sizeof broker.first, "%.80s=%.60s", topic, said[i].payload);
    give_back(topic, said[i].payload);
    return true;
}

bool net_mqtt_subscribe(struct plug *p, const char *topic)
{
    const size_t n = strlen(broker.all);

    (void)p;
    if (!broker.connected || !left)
        return false;
    left--;
    assert_true(n + strlen(topic) + 2 < sizeof broker.all);
    snprintf(broker.all + n, sizeof broker.all - n, "%s\n", topic);
    return true;
}
