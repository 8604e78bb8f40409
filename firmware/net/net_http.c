/* net_http.c - sockets for core/http.h: who is served, who waits, who has to go.
 *
 * There are three times as many slots as connections of http.c. A client gets a connection with
 * its first bytes, so one that is only open in advance keeps nobody out, and who finds all
 * taken waits for the next that is free. Further ones are not let in yet (TCP's backlog):
 * they try again by themselves.
 *
 * Input is fed a piece at a time and acknowledged when it is fed; output waits in the
 * connection's own ring. Nothing here is shared but the pool of what arrives, and who waits
 * may not keep much of that. */
#include "net/net.h"

#include <string.h>

#include "lwip/tcp.h"

#include "core/http.h"
#include "net/net_tx.h"
#include "hal/time.h"

#define SLOTS    18u   /* MEMP_NUM_TCP_PCB counts with them */
#define RING     1608u /* three segments of net_tx.c */
#define FEED     1024u /* at most, in a turn: it may go to flash */
#define HELD     4096u /* by all that wait, together */
#define PORT     80
#define WAIT_MS  30000u
#define LEAVE_MS 3000u /* for the client to close after us */
#define HALF_MS  2000u /* without an answer to a client that has closed its side */
#define SPARE_MS 1000u /* an idle slot goes then, when others come */

static struct slot {
    struct tcp_pcb *pcb; /* NULL: free, or lost while `used` */
    struct http_conn *conn;
    struct net_tx *tx;
    struct pbuf *rx;
    uint16_t fed; /* of rx's first piece */
    bool used, ended, leaving;
    uint32_t since_ms; /* the last step forward */
} slots[SLOTS];

static uint8_t rings[HTTP_CLIENTS][RING];
static struct net_tx txs[HTTP_CLIENTS];
static struct tcp_pcb *door;
static struct plug *plug;

/* ---- what lwIP tells --------------------------------------------------------------- */

static void forget(struct slot *s)
{
    if (s->pcb) {
        tcp_arg(s->pcb, NULL);
        tcp_recv(s->pcb, NULL);
        tcp_sent(s->pcb, NULL);
        tcp_err(s->pcb, NULL);
        tcp_backlog_accepted(s->pcb);
        s->pcb = NULL;
    }
}

static void on_error(void *arg, err_t err)
{
    struct slot *s = arg;

    (void)err;
    s->pcb = NULL; /* it is gone already */
}

/* Who is leaving needs it until the last byte has arrived. */
static void free_ring(struct slot *s)
{
    if (s->leaving && s->tx && !s->tx->kept) {
        s->tx->buf = NULL;
        s->tx = NULL;
    }
}

/* Both sides are done: lwIP may reuse the pcb from now on, without a word. */
static void let_go(struct slot *s)
{
    struct tcp_pcb *pcb = s->pcb;

    forget(s);
    tcp_close(pcb); /* fails only with data left to send */
}

static err_t on_receive(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    struct slot *s = arg;

    (void)pcb;
    (void)err;
    if (p && s->rx) {
        pbuf_cat(s->rx, p);
    } else if (p) {
        s->rx = p;
    } else {
        s->ended = true;
        if (s->leaving && !s->tx)
            let_go(s);
    }
    return ERR_OK;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
    struct slot *s = arg;

    (void)pcb;
    if (s->tx) {
        net_tx_acked(s->tx, len);
        s->since_ms = hal_ms();
        free_ring(s);
        if (s->ended && !s->tx)
            let_go(s);
    }
    return ERR_OK;
}

/* ---- slots ------------------------------------------------------------------------- */

static void free_slot(struct slot *s)
{
    if (s->conn)
        http_drop(s->conn);
    if (s->rx)
        pbuf_free(s->rx);
    if (s->tx)
        s->tx->buf = NULL;
    memset(s, 0, sizeof *s);
}

static void abort_slot(struct slot *s)
{
    struct tcp_pcb *pcb = s->pcb;

    forget(s);
    if (pcb)
        tcp_abort(pcb);
    free_slot(s);
}

static uint32_t age(const struct slot *s, uint32_t now_ms)
{
    return now_ms - s->since_ms;
}

/* Has said nothing, or has been told everything; nothing is lost with it. */
static bool spare(const struct slot *s, uint32_t now_ms)
{
    return s->used && !s->conn && !s->rx && !s->tx && age(s, now_ms) >= SPARE_MS;
}

/* A slot for who comes: a free one, or a spare one. */
static struct slot *room(uint32_t now_ms)
{
    struct slot *oldest = NULL;

    for (unsigned i = 0; i < SLOTS; i++) {
        if (!slots[i].used)
            return &slots[i];
        if (spare(&slots[i], now_ms) && (!oldest || age(&slots[i], now_ms) > age(oldest, now_ms)))
            oldest = &slots[i];
    }
    if (oldest)
        abort_slot(oldest);
    return oldest;
}

/* One more than there are slots may come in when there is a spare one. */
static void set_backlog(uint32_t now_ms)
{
    unsigned more = 0;

    for (unsigned i = 0; i < SLOTS && !more; i++)
        more = spare(&slots[i], now_ms);
    tcp_backlog_set(door, SLOTS + more);
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct slot *s;

    (void)arg;
    if (err != ERR_OK || !pcb)
        return ERR_VAL;
    s = room(hal_ms());
    if (!s) {
        tcp_abort(pcb);
        return ERR_ABRT;
    }
    *s = (struct slot){.pcb = pcb, .used = true, .since_ms = hal_ms()};
    tcp_backlog_delayed(pcb);
    tcp_nagle_disable(pcb);
    tcp_arg(pcb, s);
    tcp_recv(pcb, on_receive);
    tcp_sent(pcb, on_sent);
    tcp_err(pcb, on_error);
    return ERR_OK;
}

/* ---- a turn ------------------------------------------------------------------------ */

static struct net_tx *take_ring(void)
{
    for (unsigned i = 0; i < HTTP_CLIENTS; i++)
        if (!txs[i].buf) {
            net_tx_init(&txs[i], rings[i], RING);
            return &txs[i];
        }
    return NULL;
}

/* With the first bytes, when there is a ring and a connection. */
static bool admit(struct slot *s, uint32_t now_ms)
{
    if (s->conn || !s->rx)
        return s->conn != NULL;
    s->tx = take_ring();
    if (!s->tx)
        return false;
    s->conn = http_accept(plug);
    if (!s->conn) {
        s->tx->buf = NULL;
        s->tx = NULL;
        return false;
    }
    s->since_ms = now_ms;
    return true;
}

static void swallow(struct slot *s)
{
    while (s->rx) {
        struct pbuf *p = s->rx;
        const u16_t n = (u16_t)(p->len - s->fed);

        s->rx = p->next;
        if (s->rx)
            pbuf_ref(s->rx);
        pbuf_free(p);
        s->fed = 0;
        if (s->pcb)
            tcp_recved(s->pcb, n);
    }
}

static void feed(struct slot *s, uint32_t now_ms)
{
    size_t left = FEED;

    while (s->rx && left && !http_done(s->conn)) {
        struct pbuf *p = s->rx;
        const size_t rest = (size_t)(p->len - s->fed), offered = rest < left ? rest : left;
        const size_t n = http_feed(s->conn, (const uint8_t *)p->payload + s->fed, offered);

        if (n)
            s->since_ms = now_ms;
        left -= n;
        s->fed = (uint16_t)(s->fed + n);
        tcp_recved(s->pcb, (u16_t)n);
        if (n < offered)
            return; /* not now */
        if (s->fed < p->len)
            continue;
        s->rx = p->next;
        if (s->rx)
            pbuf_ref(s->rx);
        pbuf_free(p);
        s->fed = 0;
    }
}

static void pull(struct slot *s, uint32_t now_ms)
{
    for (;;) {
        uint8_t *at;
        const size_t room = net_tx_gap(s->tx, &at);
        const size_t n = room ? http_pull(s->conn, at, room) : 0;

        if (!n)
            break;
        net_tx_filled(s->tx, n);
        s->since_ms = now_ms;
    }
    net_tx_write(s->tx, s->pcb);
}

/* All is said. Close our side; theirs stays open for what they still send, because closing
 * that at once would take the answer away from who has not read it yet. */
static void leave(struct slot *s, uint32_t now_ms)
{
    if (s->tx->written < s->tx->kept || tcp_shutdown(s->pcb, 0, 1) != ERR_OK)
        return;
    http_drop(s->conn);
    s->conn = NULL;
    s->leaving = true;
    s->since_ms = now_ms;
    free_ring(s);
}

static void left(struct slot *s, uint32_t now_ms)
{
    swallow(s);
    if (s->ended && !s->tx)
        let_go(s);
    else if (age(s, now_ms) > (s->tx ? HTTP_IDLE_MS : LEAVE_MS))
        abort_slot(s);
}

static void serve(struct slot *s, uint32_t now_ms)
{
    feed(s, now_ms);
    pull(s, now_ms);
    if (s->tx->kept ? age(s, now_ms) > HTTP_IDLE_MS
                    : s->ended && !s->rx && age(s, now_ms) > HALF_MS) {
        abort_slot(s);
    } else if (http_done(s->conn)) {
        swallow(s);
        leave(s, now_ms);
    }
}

static void turn(struct slot *s, uint32_t now_ms)
{
    if (!s->pcb)
        free_slot(s);
    else if (s->leaving)
        left(s, now_ms);
    else if (admit(s, now_ms))
        serve(s, now_ms);
    else if ((s->ended && !s->rx) || age(s, now_ms) > (s->rx ? WAIT_MS : HTTP_IDLE_MS))
        abort_slot(s);
}

/* Who waits and has sent most goes, if all that wait keep too much of the pool. */
static void limit_waiting(void)
{
    struct slot *most = NULL;
    size_t sum = 0;

    for (unsigned i = 0; i < SLOTS; i++) {
        struct slot *s = &slots[i];

        if (!s->used || s->conn || !s->rx)
            continue;
        sum += s->rx->tot_len;
        if (!most || s->rx->tot_len > most->rx->tot_len)
            most = s;
    }
    if (sum > HELD)
        abort_slot(most);
}

void net_http_poll(struct plug *p, uint32_t now_ms)
{
    static unsigned first; /* takes turns: nobody is always first at what has come free */

    (void)p;
    first = (first + 1) % SLOTS;
    for (unsigned i = 0; i < SLOTS; i++) {
        struct slot *s = &slots[(first + i) % SLOTS];

        if (s->used)
            turn(s, now_ms);
    }
    limit_waiting();
    if (door)
        set_backlog(now_ms);
}

void net_http_start(struct plug *p)
{
    struct tcp_pcb *pcb = tcp_new();

    plug = p;
    if (!pcb || tcp_bind(pcb, IP_ADDR_ANY, PORT) != ERR_OK)
        return;
    tcp_setprio(pcb, TCP_PRIO_MIN); /* the broker's connection comes before */
    door = tcp_listen_with_backlog(pcb, SLOTS);
    if (door)
        tcp_accept(door, on_accept);
}

void net_http_stop(void)
{
    for (unsigned i = 0; i < SLOTS; i++)
        if (slots[i].used)
            abort_slot(&slots[i]);
    if (door)
        tcp_close(door);
    door = NULL;
}
