/* net_ap.c - for who joins our own access point: an address each (DHCP), and every name is
 * ours (DNS), so that a telephone shows the plug's page by itself. */
#include "net/net.h"

#include <string.h>

#include "lwip/netif.h"
#include "lwip/udp.h"

enum { DHCP_PORT = 67, DHCP_CLIENT = 68, DNS_PORT = 53 };
enum { FIRST = 100, LEASES = 8, LEASE_S = 3600 };

static struct udp_pcb *dhcp, *dns;
static struct {
    uint8_t mac[6];
    uint32_t used; /* when, in turns of `turn`; 0: never */
} lease[LEASES];
static uint32_t turn;

/* ---- DHCP -------------------------------------------------------------------------- */

enum { REQUEST = 1, REPLY = 2, HEAD = 236, OPTIONS = HEAD + 4, SIZE = 300 };
enum { DISCOVER = 1, OFFER = 2, ASK = 3, ACK = 5, NAK = 6 };
enum {
    OPT_MASK = 1,
    OPT_ROUTER = 3,
    OPT_DNS = 6,
    OPT_ADDRESS = 50,
    OPT_TIME = 51,
    OPT_TYPE = 53,
    OPT_SERVER = 54,
    OPT_END = 255
};

/* Where an option's value begins, if it is whole and has at least `len` bytes; 0: it is not there. */
static u16_t option(const struct pbuf *p, uint8_t code, unsigned len)
{
    u16_t at = OPTIONS;

    while (at + 1 < p->tot_len && pbuf_get_at(p, at) != OPT_END) {
        const unsigned size = pbuf_get_at(p, (u16_t)(at + 1));

        if (!pbuf_get_at(p, at)) { /* padding */
            at++;
            continue;
        }
        if (at + 2 + size > p->tot_len)
            return 0;
        if (pbuf_get_at(p, at) == code)
            return size >= len ? (u16_t)(at + 2) : 0;
        at = (u16_t)(at + 2 + size);
    }
    return 0;
}

/* The client's lease: the one it had, or the one that was not used for longest. */
static unsigned lease_of(const uint8_t mac[6])
{
    unsigned best = 0;

    for (unsigned i = 0; i < LEASES; i++) {
        if (lease[i].used && !memcmp(lease[i].mac, mac, 6)) {
            best = i;
            break;
        }
        if (lease[i].used < lease[best].used)
            best = i;
    }
    memcpy(lease[best].mac, mac, 6);
    lease[best].used = ++turn;
    return best;
}

static void own(uint8_t ip[4])
{
    const ip4_addr_t *is = netif_ip4_addr(netif_default);

    for (unsigned i = 0; i < 4; i++)
        ip[i] = ip4_addr_get_byte(is, i);
}

static uint8_t *put(uint8_t *at, uint8_t code, const uint8_t *value, uint8_t len)
{
    *at++ = code;
    *at++ = len;
    memcpy(at, value, len);
    return at + len;
}

/* The message becomes its answer. */
static void reply(uint8_t m[SIZE], uint8_t type, uint8_t host)
{
    static const uint8_t mask[4] = {255, 255, 255, 0};
    static const uint8_t time[4] = {0, 0, LEASE_S >> 8, LEASE_S & 0xff};
    uint8_t ip[4], *at = m + OPTIONS;

    own(ip);
    m[0] = REPLY;
    memset(m + 12, 0, 16); /* addresses */
    memset(m + 44, 0, HEAD - 44);
    memset(m + OPTIONS, 0, SIZE - OPTIONS);
    at = put(at, OPT_TYPE, &type, 1);
    at = put(at, OPT_SERVER, ip, 4);
    if (type != NAK) {
        memcpy(m + 16, (const uint8_t[]){ip[0], ip[1], ip[2], host}, 4);
        memcpy(m + 20, ip, 4);
        at = put(at, OPT_TIME, time, 4);
        at = put(at, OPT_MASK, mask, 4);
        at = put(at, OPT_ROUTER, ip, 4);
        at = put(at, OPT_DNS, ip, 4);
    }
    *at = OPT_END;
}

/* What is asked for is not what we give. */
static bool differs(const struct pbuf *p, const uint8_t *m, uint8_t host)
{
    const u16_t at = option(p, OPT_ADDRESS, 4);
    uint8_t ip[4], asked[4];

    own(ip);
    ip[3] = host;
    if (at)
        pbuf_copy_partial(p, asked, 4, at);
    else
        memcpy(asked, m + 12, 4); /* it has it already, and renews */
    return memcmp(ip, asked, 4) != 0;
}

static bool for_other(const struct pbuf *p)
{
    const u16_t at = option(p, OPT_SERVER, 4);
    uint8_t ip[4], other[4];

    if (!at)
        return false;
    own(ip);
    pbuf_copy_partial(p, other, 4, at);
    return memcmp(ip, other, 4) != 0;
}

static void answer(const struct pbuf *p)
{
    const u16_t type_at = option(p, OPT_TYPE, 1);
    const uint8_t type = type_at ? pbuf_get_at(p, type_at) : 0;
    struct pbuf *r;
    uint8_t *m, host;

    if ((type != DISCOVER && type != ASK) || for_other(p))
        return;
    r = pbuf_alloc(PBUF_TRANSPORT, SIZE, PBUF_RAM);
    if (!r)
        return;
    m = r->payload;
    memset(m, 0, SIZE);
    pbuf_copy_partial(p, m, OPTIONS, 0);
    host = (uint8_t)(FIRST + lease_of(m + 28));
    if (type == DISCOVER)
        reply(m, OFFER, host);
    else
        reply(m, differs(p, m, host) ? NAK : ACK, host);
    udp_sendto_if(dhcp, r, IP_ADDR_BROADCAST, DHCP_CLIENT, netif_default);
    pbuf_free(r);
}

static void on_dhcp(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from,
                    u16_t port)
{
    static const uint8_t cookie[4] = {99, 130, 83, 99};

    (void)arg;
    (void)pcb;
    (void)from;
    (void)port;
    if (p->tot_len > OPTIONS && pbuf_get_at(p, 0) == REQUEST && pbuf_get_at(p, 1) == 1 &&
        pbuf_get_at(p, 2) == 6 && !pbuf_memcmp(p, HEAD, cookie, sizeof cookie))
        answer(p);
    pbuf_free(p);
}

/* ---- DNS --------------------------------------------------------------------------- */

enum { DNS_HEAD = 12, ANSWER = 16 };

/* Length of the one question of a query: name, type, class. 0: not such a thing. */
static u16_t question(const struct pbuf *p)
{
    u16_t at = DNS_HEAD;
    unsigned label;

    if (p->tot_len < DNS_HEAD + 5 || (pbuf_get_at(p, 2) & 0xf8) || pbuf_get_at(p, 4) ||
        pbuf_get_at(p, 5) != 1)
        return 0;
    while ((label = pbuf_get_at(p, at)) != 0) {
        at = (u16_t)(at + 1 + label);
        if (label > 63 || at >= p->tot_len || at > DNS_HEAD + 255)
            return 0;
    }
    at = (u16_t)(at + 5);
    return at <= p->tot_len ? (u16_t)(at - DNS_HEAD) : 0;
}

static void name_us(struct udp_pcb *pcb, const struct pbuf *p, u16_t len, const ip_addr_t *to,
                    u16_t port)
{
    const u16_t type = (u16_t)(DNS_HEAD + len - 4);
    const bool address = !pbuf_get_at(p, type) && pbuf_get_at(p, (u16_t)(type + 1)) == 1;
    struct pbuf *r =
        pbuf_alloc(PBUF_TRANSPORT, (u16_t)(DNS_HEAD + len + (address ? ANSWER : 0)), PBUF_RAM);
    uint8_t *m;

    if (!r)
        return;
    m = r->payload;
    pbuf_copy_partial(p, m, (u16_t)(DNS_HEAD + len), 0);
    m[2] = (uint8_t)(0x84 | (m[2] & 1)); /* an answer, with authority */
    m[3] = 0;
    memset(m + 6, 0, 6);
    if (address) {
        static const uint8_t head[12] = {0xc0, DNS_HEAD, 0, 1, 0, 1, 0, 0, 0, 10, 0, 4};

        m[7] = 1;
        memcpy(m + DNS_HEAD + len, head, sizeof head);
        own(m + DNS_HEAD + len + sizeof head);
    }
    udp_sendto(pcb, r, to, port);
    pbuf_free(r);
}

static void on_dns(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from,
                   u16_t port)
{
    const u16_t len = question(p);

    (void)arg;
    if (len)
        name_us(pcb, p, len, from, port);
    pbuf_free(p);
}

/* ---- both -------------------------------------------------------------------------- */

static struct udp_pcb *serve(u16_t port, udp_recv_fn take)
{
    struct udp_pcb *pcb = udp_new();

    if (!pcb)
        return NULL;
    if (udp_bind(pcb, IP_ADDR_ANY, port) != ERR_OK) {
        udp_remove(pcb);
        return NULL;
    }
    ip_set_option(pcb, SOF_BROADCAST);
    udp_recv(pcb, take, NULL);
    return pcb;
}

void net_ap_start(void)
{
    memset(lease, 0, sizeof lease);
    dhcp = serve(DHCP_PORT, on_dhcp);
    dns = serve(DNS_PORT, on_dns);
}

void net_ap_stop(void)
{
    if (dhcp)
        udp_remove(dhcp);
    if (dns)
        udp_remove(dns);
    dhcp = dns = NULL;
}
