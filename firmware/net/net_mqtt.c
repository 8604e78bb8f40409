/* net_mqtt.c - the wire of core/mqtt.h: resolve, connect, greet, then packets both ways.
 *
 * What is published goes whole into a ring or is refused, so a stalled broker costs that
 * ring. A connection that does not answer, to a ping or to what wants an acknowledgement,
 * is dead, whatever TCP still hopes. It is closed without a DISCONNECT: the broker then
 * tells by the will that the plug is away. */
#include "net/net.h"

#include <string.h>

#include "lwip/dns.h"
#include "lwip/tcp.h"

#include "core/plug.h"
#include "net/mqtt_packet.h"
#include "net/net_tx.h"

#define RING     2048u
#define IN       (4u + MQTT_TOPIC + MQTT_PAYLOAD)
#define HEAD     (MQTT_HEAD_MAX + 4u + MQTT_TOPIC)
#define ANSWER   8u /* room that taking a packet may need */
#define MESSAGES 4u /* taken in a turn: each may write flash */
#define KEEP_S   100u
#define OPEN_MS  10000u /* each of: resolved, connected, greeted */
#define QUIET_MS 50000u /* then a ping */
#define ACK_MS   20000u /* for the answer to it, or to a publication */
#define FLUSH_MS 2000u  /* for the last words */

enum state { OFF, RESOLVING, CONNECTING, GREETING, UP, FLUSHING };

static struct {
    enum state state;
    struct tcp_pcb *pcb;
    struct pbuf *rx;
    uint16_t fed; /* of rx's first piece */
    bool ended, lost, greet, shut, pinged;
    uint16_t id, unacked, attempt;
    uint32_t since_ms; /* in this state */
    uint32_t heard_ms, said_ms, acked_ms, pinged_ms;
    struct net_tx tx;
    struct mqtt_in in;
} m;

static uint8_t ring[RING], packet[IN + 1];

static void enter(enum state state)
{
    m.state = state;
    m.since_ms = hal_ms();
}

/* ---- the connection ---------------------------------------------------------------- */

static void drop_input(void)
{
    if (m.rx)
        pbuf_free(m.rx);
    m.rx = NULL;
    m.fed = 0;
}

static struct tcp_pcb *forget(void)
{
    struct tcp_pcb *pcb = m.pcb;

    m.pcb = NULL;
    if (pcb) {
        tcp_err(pcb, NULL);
        tcp_recv(pcb, NULL);
        tcp_sent(pcb, NULL);
    }
    return pcb;
}

static void end(void)
{
    struct tcp_pcb *pcb = forget();

    m.attempt++;
    drop_input();
    if (pcb)
        tcp_abort(pcb);
    enter(OFF);
}

/* The last words have arrived. lwIP may reuse the pcb without a word when the other side has
 * closed too: it is not ours any more. */
static void let_go(void)
{
    if (m.state != FLUSHING || !m.shut || m.tx.kept || !m.pcb)
        return;
    tcp_close(forget());
    m.lost = true;
}

static void on_error(void *arg, err_t err)
{
    (void)arg;
    (void)err;
    m.pcb = NULL;
    m.lost = true;
}

static err_t on_receive(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    (void)arg;
    (void)pcb;
    (void)err;
    if (p && m.rx) {
        pbuf_cat(m.rx, p);
    } else if (p) {
        m.rx = p;
    } else {
        m.ended = true;
        let_go();
    }
    return ERR_OK;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
    (void)arg;
    (void)pcb;
    net_tx_acked(&m.tx, len);
    let_go();
    return ERR_OK;
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
    (void)arg;
    (void)pcb;
    (void)err;
    enter(GREETING);
    m.greet = true;
    return ERR_OK;
}

static bool open_connection(const ip_addr_t *ip, uint16_t port)
{
    m.pcb = tcp_new();
    if (!m.pcb)
        return false;
    net_tx_init(&m.tx, ring, sizeof ring);
    mqtt_in_init(&m.in, packet, IN);
    m.ended = m.lost = m.greet = m.shut = m.pinged = false;
    m.unacked = 0;
    m.heard_ms = m.said_ms = hal_ms();
    tcp_setprio(m.pcb, TCP_PRIO_MAX);
    tcp_nagle_disable(m.pcb);
    tcp_err(m.pcb, on_error);
    tcp_recv(m.pcb, on_receive);
    tcp_sent(m.pcb, on_sent);
    enter(CONNECTING);
    return tcp_connect(m.pcb, ip, port, on_connected) == ERR_OK;
}

static uint16_t port_of(const struct plug *p)
{
    const int32_t port = config_number(&p->cfg, CFG_MQTT_PORT);

    return port > 0 && port <= UINT16_MAX ? (uint16_t)port : 1883;
}

static ip_addr_t found; /* by the resolver; any: not found */
static bool answered;

static void on_found(const char *name, const ip_addr_t *ip, void *arg)
{
    (void)name;
    if (m.state != RESOLVING || (uintptr_t)arg != m.attempt)
        return;
    answered = true;
    found = ip ? *ip : *IP_ADDR_ANY;
}

bool net_mqtt_connect(struct plug *p)
{
    const char *host = config_text(&p->cfg, CFG_MQTT_HOST);
    uint8_t any[4];
    ip_addr_t ip;

    if (m.state != OFF || !host[0] || !net_address(any, any, any, any))
        return false;
    answered = false;
    enter(RESOLVING);
    switch (dns_gethostbyname(host, &ip, on_found, (void *)(uintptr_t)m.attempt)) {
    case ERR_OK:
        if (open_connection(&ip, port_of(p)))
            return true;
        break;
    case ERR_INPROGRESS:
        return true;
    default:
        break;
    }
    end();
    return false;
}

void net_mqtt_close(struct plug *p)
{
    (void)p;
    if (m.state == FLUSHING || m.state == OFF)
        return;
    if (m.state == UP && m.pcb)
        enter(FLUSHING);
    else
        end();
}

/* ---- what goes out ----------------------------------------------------------------- */

static bool say(const void *head, size_t head_len, const void *data, size_t len)
{
    if (!head_len || net_tx_room(&m.tx) < head_len + len)
        return false;
    net_tx_put(&m.tx, head, head_len);
    net_tx_put(&m.tx, data, len);
    m.said_ms = hal_ms();
    return true;
}

static uint16_t next_id(void)
{
    m.id = (uint16_t)(m.id == UINT16_MAX ? 1 : m.id + 1);
    return m.id;
}

static void count_unacked(void)
{
    if (!m.unacked++)
        m.acked_ms = hal_ms();
}

bool net_mqtt_publish(struct plug *p, const char *topic, const void *data, size_t len, uint8_t qos,
                      bool retain)
{
    uint8_t head[HEAD];
    const size_t n =
        mqtt_make_publish(head, sizeof head, next_id(), topic, len, qos > 2 ? 2 : qos, retain);

    if (m.state != UP)
        return false;
    if (!n || n + len > RING) { /* never would it fit */
        p->mqtt.failures++;
        return true;
    }
    if (!say(head, n, data, len))
        return false;
    if (qos)
        count_unacked();
    return true;
}

bool net_mqtt_subscribe(struct plug *p, const char *topic)
{
    uint8_t head[HEAD];
    const size_t n = mqtt_make_subscribe(head, sizeof head, next_id(), topic, 1);

    if (m.state != UP)
        return false;
    if (!n) {
        p->mqtt.failures++;
        return true;
    }
    if (!say(head, n, NULL, 0))
        return false;
    count_unacked();
    return true;
}

static void say_hello(struct plug *p)
{
    static const char away[] = "/connected";
    const char *client = config_text(&p->cfg, CFG_MQTT_CLIENT);
    char topic[MQTT_TOPIC];
    struct out o;
    const struct mqtt_hello hello = {
        .client = client,
        .user = config_text(&p->cfg, CFG_MQTT_USER),
        .password = config_text(&p->cfg, CFG_MQTT_PASSWORD),
        .will_topic = topic,
        .will = "offline",
        .keep_alive_s = KEEP_S,
    };

    m.greet = false;
    out_init(&o, topic, sizeof topic);
    out_text(&o, client);
    out_text(&o, away);
    say(packet, mqtt_make_connect(packet, IN, &hello), NULL, 0); /* nothing has come yet */
}

/* ---- what comes in ----------------------------------------------------------------- */

static void answer(enum mqtt_kind kind, uint16_t id)
{
    uint8_t ack[4];

    say(ack, mqtt_make_ack(ack, sizeof ack, kind, id), NULL, 0);
}

static bool take_hello(struct plug *p)
{
    if (m.in.head >> 4 != MQTT_CONNACK || m.in.len != 2)
        return false;
    if (packet[1]) {
        log_say(p, LOG_WARN, "mqtt: the broker refuses, reason %u", packet[1]);
        return false;
    }
    enter(UP);
    mqtt_up(p);
    return true;
}

static bool take_message(struct plug *p)
{
    const uint16_t attempt = m.attempt;
    struct mqtt_message msg;

    if (!mqtt_read_publish(&m.in, &msg))
        return false;
    if (msg.cut)
        log_say(p, LOG_WARN, "mqtt: a message is too long: %s", msg.topic);
    else
        mqtt_message(p, msg.topic, (const char *)msg.data, msg.len);
    if (m.state == UP && m.attempt == attempt && msg.qos)
        answer(msg.qos == 1 ? MQTT_PUBACK : MQTT_PUBREC, msg.id);
    return true;
}

static void take_ack(void)
{
    if (m.unacked)
        m.unacked--;
    m.acked_ms = hal_ms();
}

/* A whole packet. False: that is no broker. */
static bool take_packet(struct plug *p)
{
    const uint16_t id = mqtt_read_id(&m.in);
    const unsigned kind = m.in.head >> 4;

    if (kind != MQTT_PUBLISH && (m.in.head & 0x0f) != (kind == MQTT_PUBREL ? 2 : 0))
        return false;
    if (m.state == GREETING)
        return take_hello(p);
    switch (kind) {
    case MQTT_PUBLISH:
        return take_message(p);
    case MQTT_PUBREC:
        answer(MQTT_PUBREL, id);
        return id != 0;
    case MQTT_PUBREL:
        answer(MQTT_PUBCOMP, id);
        return id != 0;
    case MQTT_PUBACK:
    case MQTT_PUBCOMP:
    case MQTT_SUBACK:
        take_ack();
        return id != 0;
    case MQTT_PINGRESP:
        m.pinged = false;
        return true;
    default:
        return false;
    }
}

/* The first piece of what has come; true: a packet is whole. */
static enum mqtt_took take_piece(void)
{
    struct pbuf *first = m.rx;
    size_t used;
    const enum mqtt_took took = mqtt_in_take(&m.in, (const uint8_t *)first->payload + m.fed,
                                             (size_t)(first->len - m.fed), &used);

    m.fed = (uint16_t)(m.fed + used);
    if (m.pcb)
        tcp_recved(m.pcb, (u16_t)used);
    if (m.fed == first->len) {
        m.rx = first->next;
        if (m.rx)
            pbuf_ref(m.rx);
        pbuf_free(first);
        m.fed = 0;
    }
    return took;
}

/* False: the connection has to go. */
static bool take_input(struct plug *p)
{
    for (unsigned n = 0; n < MESSAGES && m.rx && net_tx_room(&m.tx) >= ANSWER;) {
        const enum mqtt_took took = take_piece();

        m.heard_ms = hal_ms();
        if (took == MQTT_BROKEN)
            return false;
        if (took != MQTT_WHOLE)
            continue;
        if (!take_packet(p))
            return false;
        if (m.state != UP)
            return true; /* closed by what came */
        n++;
    }
    return m.rx || !m.ended;
}

/* ---- time -------------------------------------------------------------------------- */

/* False: nobody is there any more. */
static bool alive(uint32_t now_ms)
{
    uint8_t ping[2];

    if ((m.pinged && now_ms - m.pinged_ms > ACK_MS) || (m.unacked && now_ms - m.acked_ms > ACK_MS))
        return false;
    if (!m.pinged && (now_ms - m.heard_ms > QUIET_MS || now_ms - m.said_ms > QUIET_MS) &&
        say(ping, mqtt_make_empty(ping, sizeof ping, MQTT_PINGREQ), NULL, 0)) {
        m.pinged = true;
        m.pinged_ms = now_ms;
    }
    return true;
}

/* One step; false: this attempt or this connection is over. */
static bool step(struct plug *p, uint32_t now_ms)
{
    const bool late = now_ms - m.since_ms > OPEN_MS;

    switch (m.state) {
    case RESOLVING:
        if (!answered)
            return !late;
        return !ip_addr_isany_val(found) && open_connection(&found, port_of(p));
    case CONNECTING:
        return !m.lost && !late;
    case GREETING:
        if (m.greet)
            say_hello(p);
        return !m.lost && !late && take_input(p);
    case UP:
        return !m.lost && take_input(p) && (m.state != UP || alive(now_ms));
    default:
        return true;
    }
}

static void flush(uint32_t now_ms)
{
    drop_input();
    if (m.pcb && !m.shut) {
        net_tx_write(&m.tx, m.pcb);
        m.shut = m.tx.written == m.tx.kept && tcp_shutdown(m.pcb, 0, 1) == ERR_OK;
    }
    let_go();
    if (m.lost || now_ms - m.since_ms > FLUSH_MS)
        end();
}

void net_mqtt_poll(struct plug *p, uint32_t now_ms)
{
    if (m.state == OFF)
        return;
    if (m.state == FLUSHING) {
        flush(now_ms);
        return;
    }
    if (!step(p, now_ms)) {
        end();
        mqtt_down(p);
        return;
    }
    if (m.pcb && (m.state == GREETING || m.state == UP))
        net_tx_write(&m.tx, m.pcb);
}

void net_mqtt_stop(void)
{
    end();
}
