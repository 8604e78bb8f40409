/* net_ping.c - one echo request (RFC 792), and its answer, for core/ping.h. When to ask is
 * the watchdog's. */
#include "net/net.h"

#include <string.h>

#include "lwip/dns.h"
#include "lwip/inet_chksum.h"
#include "lwip/raw.h"

#include "core/plug.h"

enum { HEAD = 8, SIZE = 40, ECHO = 8, REPLY = 0, IP_ICMP = 1 };

static struct {
    struct plug *plug;
    struct raw_pcb *pcb; /* NULL: never asked */
    ip_addr_t host;
    uint16_t id, seq;
    bool searching; /* its name has no address yet */
} g;

static uint16_t half(const struct pbuf *p, u16_t at)
{
    return (uint16_t)(pbuf_get_at(p, at) << 8 | pbuf_get_at(p, (u16_t)(at + 1)));
}

/* An answer of this run, whole: a late one is one as well. */
static bool ours(struct pbuf *p)
{
    return p->tot_len >= HEAD && pbuf_get_at(p, 0) == REPLY && half(p, 4) == g.id &&
           (uint16_t)(g.seq - half(p, 6)) < 16 && inet_chksum_pbuf(p) == 0;
}

/* lwIP shows the IP header as well, and wants to have the rest back as it was. */
static u8_t on_answer(void *arg, struct raw_pcb *pcb, struct pbuf *p, const ip_addr_t *from)
{
    const u16_t ip = (u16_t)(4 * (pbuf_get_at(p, 0) & 15));
    bool taken;

    (void)arg;
    (void)pcb;
    if (!ip_addr_cmp(from, &g.host) || pbuf_remove_header(p, ip) != 0)
        return 0;
    taken = ours(p);
    if (!taken) {
        pbuf_add_header(p, ip);
        return 0;
    }
    pbuf_free(p);
    ping_answered(g.plug);
    return 1;
}

static void send_request(void)
{
    struct pbuf *p = pbuf_alloc(PBUF_IP, SIZE, PBUF_RAM);
    uint8_t *q;
    u16_t sum;

    if (!p)
        return;
    g.seq++;
    q = p->payload;
    memset(q, 0, SIZE);
    q[0] = ECHO;
    q[4] = (uint8_t)(g.id >> 8);
    q[5] = (uint8_t)g.id;
    q[6] = (uint8_t)(g.seq >> 8);
    q[7] = (uint8_t)g.seq;
    sum = inet_chksum(q, SIZE);
    memcpy(q + 2, &sum, sizeof sum); /* it is in the network's order already */
    raw_sendto(g.pcb, p, &g.host);
    pbuf_free(p);
}

static void on_found(const char *name, const ip_addr_t *ip, void *arg)
{
    (void)name;
    (void)arg;
    if (!g.pcb || !g.searching)
        return;
    g.searching = false;
    if (!ip)
        return;
    g.host = *ip;
    send_request();
}

void net_ping_ask(struct plug *p)
{
    const char *host = config_text(&p->cfg, CFG_PING_HOST);
    ip_addr_t ip;

    g.plug = p;
    if (!g.pcb) {
        g.pcb = raw_new(IP_ICMP);
        if (!g.pcb)
            return;
        raw_recv(g.pcb, on_answer, NULL);
        g.id = (uint16_t)hal_random();
    }
    g.searching = true;
    if (dns_gethostbyname(host, &ip, on_found, NULL) == ERR_OK)
        on_found(host, &ip, NULL);
}

void net_ping_stop(void)
{
    if (g.pcb)
        raw_remove(g.pcb);
    g.pcb = NULL;
}
