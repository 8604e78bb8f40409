/* net_ntp.c - one question to a time server, and its answer, for core/clock.h. When to ask
 * is the clock's. */
#include "net/net.h"

#include <string.h>

#include "lwip/dns.h"
#include "lwip/udp.h"

#include "core/plug.h"

enum { PORT = 123, SIZE = 48, ANSWER_MS = 5000 };
#define SINCE_1900 2208988800u /* of 1970, seconds */

static struct {
    struct plug *plug;
    struct udp_pcb *pcb; /* NULL: nothing is asked */
    ip_addr_t server;
    uint32_t since_ms, mark[2]; /* our stamp, which the answer has to repeat */
    bool asked;
} n;

static uint32_t word(const struct pbuf *p, u16_t at)
{
    return (uint32_t)pbuf_get_at(p, at) << 24 | (uint32_t)pbuf_get_at(p, (u16_t)(at + 1)) << 16 |
           (uint32_t)pbuf_get_at(p, (u16_t)(at + 2)) << 8 | pbuf_get_at(p, (u16_t)(at + 3));
}

static void finish(void)
{
    if (n.pcb)
        udp_remove(n.pcb);
    n.pcb = NULL;
}

/* A server's answer to what was asked, from one that knows the time. */
static bool credible(const struct pbuf *p, const ip_addr_t *from, u16_t port)
{
    const uint8_t flags = pbuf_get_at(p, 0), stratum = pbuf_get_at(p, 1);

    return p->tot_len >= SIZE && port == PORT && ip_addr_cmp(from, &n.server) && (flags & 7) == 4 &&
           flags >> 6 != 3 && stratum > 0 && stratum < 16 && word(p, 24) == n.mark[0] &&
           word(p, 28) == n.mark[1] && word(p, 40) != 0;
}

static void on_answer(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from,
                      u16_t port)
{
    (void)arg;
    (void)pcb;
    if (credible(p, from, port)) {
        clock_set(n.plug, word(p, 40) - SINCE_1900); /* right until 2106: eras wrap alike */
        finish();
    }
    pbuf_free(p);
}

static void send_question(void)
{
    struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, SIZE, PBUF_RAM);
    uint8_t *q;

    if (!p)
        return;
    q = p->payload;
    memset(q, 0, SIZE);
    q[0] = 4 << 3 | 3; /* version, client */
    for (unsigned i = 0; i < 2; i++) {
        n.mark[i] = hal_random();
        for (unsigned b = 0; b < 4; b++)
            q[40 + 4 * i + b] = (uint8_t)(n.mark[i] >> (24 - 8 * b));
    }
    udp_sendto(n.pcb, p, &n.server, PORT);
    pbuf_free(p);
}

static void on_found(const char *name, const ip_addr_t *ip, void *arg)
{
    (void)name;
    (void)arg;
    if (!n.pcb || n.asked || !ip)
        return;
    n.server = *ip;
    n.asked = true;
    send_question();
}

void net_ntp_ask(struct plug *p)
{
    const char *server = config_text(&p->cfg, CFG_NTP_SERVER);
    ip_addr_t ip;

    finish();
    n.pcb = server[0] ? udp_new() : NULL;
    if (!n.pcb)
        return;
    n.plug = p;
    n.asked = false;
    n.since_ms = hal_ms();
    udp_recv(n.pcb, on_answer, NULL);
    if (dns_gethostbyname(server, &ip, on_found, NULL) == ERR_OK)
        on_found(server, &ip, NULL);
}

void net_ntp_poll(struct plug *p, uint32_t now_ms)
{
    (void)p;
    if (n.pcb && now_ms - n.since_ms > ANSWER_MS)
        finish();
}

void net_ntp_stop(void)
{
    finish();
}
