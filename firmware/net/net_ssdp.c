/* net_ssdp.c - datagrams for core/ssdp.h: the group is joined while it is on. */
#include "net/net.h"

#include "lwip/igmp.h"
#include "lwip/udp.h"

#include "core/plug.h"

enum { PORT = 1900, ASKED = 500, ANSWER = 512 };

static struct udp_pcb *pcb;
static struct plug *plug;
static ip4_addr_t joined; /* our address when the group was joined */

static void group(ip_addr_t *ip)
{
    IP_ADDR4(ip, 239, 255, 255, 250);
}

/* A datagram of what `write` says; nothing if it does not fit. */
static struct pbuf *compose(struct out *o)
{
    struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, ANSWER, PBUF_RAM);

    if (p)
        out_init(o, p->payload, ANSWER);
    return p;
}

static void send_to(struct pbuf *p, const struct out *o, const ip_addr_t *to, u16_t port)
{
    if (o->len && !o->over) {
        pbuf_realloc(p, (u16_t)o->len);
        udp_sendto(pcb, p, to, port);
    }
}

static void on_datagram(void *arg, struct udp_pcb *from_pcb, struct pbuf *p, const ip_addr_t *from,
                        u16_t port)
{
    char asked[ASKED + 1];
    const u16_t len = pbuf_copy_partial(p, asked, ASKED, 0);
    struct pbuf *reply;
    struct out o;

    (void)arg;
    (void)from_pcb;
    pbuf_free(p);
    asked[len] = '\0';
    reply = compose(&o);
    if (!reply)
        return;
    if (ssdp_datagram(plug, asked, len, &o))
        send_to(reply, &o, from, port);
    pbuf_free(reply);
}

void net_ssdp_notify(struct plug *p)
{
    struct pbuf *news;
    struct out o;
    ip_addr_t to;

    if (!pcb || !(news = compose(&o)))
        return;
    ssdp_notify(p, &o);
    group(&to);
    send_to(news, &o, &to, PORT);
    pbuf_free(news);
}

void net_ssdp_stop(void)
{
    ip_addr_t to;

    if (!pcb)
        return;
    group(&to);
    igmp_leavegroup(&joined, ip_2_ip4(&to));
    udp_remove(pcb);
    pcb = NULL;
}

static void start(struct plug *p)
{
    ip_addr_t to;

    group(&to);
    pcb = udp_new();
    if (!pcb)
        return;
    plug = p;
    joined = *netif_ip4_addr(netif_default);
    if (udp_bind(pcb, IP_ADDR_ANY, PORT) != ERR_OK ||
        igmp_joingroup(&joined, ip_2_ip4(&to)) != ERR_OK) {
        udp_remove(pcb);
        pcb = NULL;
        return;
    }
    udp_recv(pcb, on_datagram, NULL);
}

void net_ssdp_poll(struct plug *p, uint32_t now_ms)
{
    uint8_t any[4];
    const bool wanted = p->ssdp.on && net_address(any, any, any, any);

    (void)now_ms;
    if (pcb && (!wanted || !ip4_addr_cmp(&joined, netif_ip4_addr(netif_default))))
        net_ssdp_stop();
    if (!pcb && wanted)
        start(p);
}
