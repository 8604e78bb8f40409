/* net_rig.c - firmware/net between stand-ins and the PC's sockets. */
#include "net_rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/http.h"

struct plug rig;
uint16_t net_rig_port;
struct net_rig_http net_rig_http;
struct net_rig_mqtt net_rig_mqtt;
uint32_t net_rig_epoch;
unsigned net_rig_answers;
unsigned net_rig_searches;

/* ---- the rig -------------------------------------------------------------------------- */

static bool online;

void net_rig_new(void)
{
    uint8_t mac[6];

    net_rig_end();
    host_reset();
    host_wire_reset();
    *host_ap(0) = (struct host_ap){.ssid = "home", .password = "", .channel = 1, .rssi = -50};
    memset(&rig, 0, sizeof rig);
    memset(&net_rig_http, 0, sizeof net_rig_http);
    memset(&net_rig_mqtt, 0, sizeof net_rig_mqtt);
    net_rig_epoch = net_rig_searches = net_rig_answers = 0;
    rig.chip = hal_chip();
    hal_mac(mac);
    config_defaults(&rig.cfg, rig.chip, mac);
    hal_radio_connect("home", "", NULL, 0);
    net_init(&rig);
    net_use(NULL, NULL, NULL, NULL);
}

static void turn(void)
{
    net_poll(&rig, hal_ms());
    if (online)
        host_slirp_wait(0, -1);
}

void net_rig_run(uint32_t ms)
{
    while (ms--) {
        host_advance_ms(1);
        turn();
    }
}

static void nonblocking(int fd)
{
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
}

int listen_at(uint16_t *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t len = sizeof a;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    nonblocking(fd);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    *port = ntohs(a.sin_port);
    return fd;
}

void net_rig_online(void)
{
    uint8_t ip[4], any[4];

    net_rig_new();
    assert_true(host_slirp_open());
    online = true;
    for (unsigned i = 0; !net_address(ip, any, any, any); i++) {
        assert_true(i < 1000);
        host_slirp_wait(1, -1);
        net_rig_run(10);
    }
    close(listen_at(&net_rig_port)); /* a port that is free */
    assert_true(host_slirp_forward(net_rig_port, ip));
}

void net_rig_end(void)
{
    net_stop();
    if (online)
        host_slirp_close();
    online = false;
}

/* ---- stand-in for http.h ---------------------------------------------------------------- */

static struct fake {
    bool used, whole, never, done;
    char head[1024];
    size_t head_len, body_left, body, answer, at;
    unsigned sum;
    char text[64];
    size_t text_len, text_at;
} conns[HTTP_CLIENTS];

char net_rig_byte(size_t at)
{
    return (char)('a' + at % 23);
}

struct http_conn *http_accept(struct plug *p)
{
    assert_ptr_equal(p, &rig);
    for (unsigned i = 0; i < HTTP_CLIENTS; i++)
        if (!conns[i].used) {
            memset(&conns[i], 0, sizeof conns[i]);
            conns[i].used = true;
            net_rig_http.accepted++;
            if (++net_rig_http.busy > net_rig_http.most_busy)
                net_rig_http.most_busy = net_rig_http.busy;
            return (struct http_conn *)(void *)&conns[i];
        }
    return NULL;
}

static void answer_post(struct fake *c)
{
    c->text_len = (size_t)snprintf(c->text, sizeof c->text, "%zu %u\n", c->body, c->sum);
    c->whole = true;
}

static void read_head(struct fake *c)
{
    const char *length = strstr(c->head, "Content-Length: ");

    if (!strncmp(c->head, "POST", 4)) {
        c->body_left = length ? (size_t)atol(length + 16) : 0;
        if (!c->body_left)
            answer_post(c);
        return;
    }
    c->whole = true;
    c->never = strstr(c->head, "/never") != NULL;
    c->answer = (size_t)atol(c->head + 5);
}

static struct fake *fake(const struct http_conn *c)
{
    return (struct fake *)(uintptr_t)c;
}

size_t http_feed(struct http_conn *conn, const uint8_t *data, size_t len)
{
    struct fake *c = fake(conn);
    size_t took;

    assert_true(c->used);
    if (len > net_rig_http.largest_feed)
        net_rig_http.largest_feed = len;
    if (net_rig_http.hold && len > net_rig_http.hold)
        len = net_rig_http.hold;
    took = len;
    for (; len; len--, data++) {
        if (c->body_left) {
            c->sum += *data;
            c->body++;
            if (!--c->body_left)
                answer_post(c);
        } else if (!c->whole && c->head_len + 1 < sizeof c->head) {
            c->head[c->head_len++] = (char)*data;
            if (c->head_len >= 4 && !memcmp(c->head + c->head_len - 4, "\r\n\r\n", 4))
                read_head(c);
        }
    }
    return took;
}

size_t http_pull(struct http_conn *conn, uint8_t *buf, size_t cap)
{
    struct fake *c = fake(conn);
    size_t n = 0;

    assert_true(c->used);
    if (!c->whole || c->never)
        return 0;
    while (n < cap && c->text_at < c->text_len)
        buf[n++] = (uint8_t)c->text[c->text_at++];
    while (n < cap && c->at < c->answer)
        buf[n++] = (uint8_t)net_rig_byte(c->at++);
    c->done = c->text_at == c->text_len && c->at == c->answer;
    return n;
}

bool http_done(const struct http_conn *conn)
{
    const struct fake *c = fake(conn);

    assert_true(c->used);
    return c->done;
}

void http_drop(struct http_conn *conn)
{
    struct fake *c = fake(conn);

    assert_true(c->used);
    net_rig_http.busy--;
    net_rig_http.dropped++;
    net_rig_http.broken += !c->done;
    c->used = false;
}

/* ---- of its neighbours ------------------------------------------------------------------ */

void plug_long_name(const struct plug *p, char out[64])
{
    (void)p;
    strcpy(out, "OpenECR6600_CCDDEEFF");
}

void mqtt_up(struct plug *p)
{
    (void)p;
    net_rig_mqtt.up++;
}

void mqtt_down(struct plug *p)
{
    (void)p;
    net_rig_mqtt.down++;
}

void mqtt_message(struct plug *p, const char *topic, const char *payload, size_t len)
{
    net_rig_mqtt.messages++;
    assert_true(strlen(topic) < sizeof net_rig_mqtt.topic);
    assert_true(len < sizeof net_rig_mqtt.payload);
    assert_int_equal(payload[len], '\0');
    strcpy(net_rig_mqtt.topic, topic);
    memcpy(net_rig_mqtt.payload, payload, len + 1);
    net_rig_mqtt.len = len;
    if (net_rig_mqtt.close)
        net_mqtt_close(p);
}

void clock_set(struct plug *p, uint32_t epoch_s)
{
    (void)p;
    net_rig_epoch = epoch_s;
}

void ping_answered(struct plug *p)
{
    (void)p;
    net_rig_answers++;
}

bool ssdp_datagram(struct plug *p, const char *data, size_t len, struct out *reply)
{
    (void)p;
    net_rig_searches++;
    assert_int_equal(data[len], '\0');
    out_text(reply, "HTTP/1.1 200 OK\r\n\r\n");
    return strstr(data, "M-SEARCH") != NULL;
}

void ssdp_notify(struct plug *p, struct out *o)
{
    (void)p;
    out_text(o, "NOTIFY * HTTP/1.1\r\n\r\n");
}

/* ---- clients ---------------------------------------------------------------------------- */

void client_open(struct client *c, const char *say)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(net_rig_port)};
    const int on = 1;

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    memset(c, 0, sizeof *c);
    c->say = say;
    c->say_len = strlen(say);
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    nonblocking(c->fd);
    assert_true(connect(c->fd, (struct sockaddr *)&a, sizeof a) == 0 || errno == EINPROGRESS);
}

void client_close(struct client *c)
{
    close(c->fd);
}

static void lost(struct client *c, ssize_t n)
{
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINPROGRESS && errno != ENOTCONN)) {
        c->closed = true;
        c->failed = n < 0;
    }
}

static void client_turn(struct client *c)
{
    ssize_t n;

    if (c->closed)
        return;
    if (c->said < c->say_len) {
        const size_t left = c->say_len - c->said;

        n = send(c->fd, c->say + c->said, c->at_once && c->at_once < left ? c->at_once : left,
                 MSG_NOSIGNAL);
        if (n > 0)
            c->said += (size_t)n;
        else if (n < 0)
            lost(c, n);
        if (c->half && c->said == c->say_len)
            shutdown(c->fd, SHUT_WR);
    }
    if (c->deaf)
        return;
    while ((n = recv(c->fd, c->heard + c->len, sizeof c->heard - c->len, 0)) > 0)
        c->len += (size_t)n;
    lost(c, c->len < sizeof c->heard ? n : 1);
}

void clients_run(struct client *c, size_t n, uint32_t ms)
{
    uint32_t since;

    host_follow_real_time(); /* libslirp's clock is the PC's: so is the plug's */
    since = hal_ms();
    while (hal_ms() - since < ms) {
        bool all = true;

        for (size_t i = 0; i < n; i++) {
            client_turn(&c[i]);
            all &= c[i].closed;
        }
        if (all)
            return;
        host_slirp_wait(1, -1);
        host_follow_real_time();
        turn();
    }
}
