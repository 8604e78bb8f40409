/* net.c - the interface: frames between lwIP and the chip, the link, the address.
 *
 * The link is what the radio says when asked, not what it has told; the address counts
 * only while there is a link, and one of DHCP only while its lease does. */
#include "net/net.h"

#include <string.h>

#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/sys.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"

#include "core/plug.h"

enum { FRAMES = 8, LINK_MS = 100 };        /* in a turn; between two looks */
enum { QUIET_MS = 30000, ASK_MS = 10000 }; /* then the router is asked, and so often */
enum { FLAG_SHORT_HOST = 29 };
enum use { USE_NOTHING, USE_DHCP, USE_STATIC, USE_AP };

static struct netif nif;
static bool running;
static enum use use;
static uint8_t fixed[16]; /* address, mask, gateway, name server; zero for DHCP */
static uint32_t looked_ms, heard_ms, asked_ms;
static char host_name[64];
/* A frame that comes, then one that goes: lwIP has the first before it makes the second. */
static uint8_t frame[HAL_FRAME_MAX];

u32_t sys_now(void)
{
    return hal_ms();
}

/* ---- frames ---------------------------------------------------------------------- */

static err_t send_frame(struct netif *n, struct pbuf *p)
{
    const void *whole = p->payload;

    (void)n;
    if (!running || p->tot_len > sizeof frame)
        return ERR_IF;
    if (p->next) {
        pbuf_copy_partial(p, frame, p->tot_len, 0);
        whole = frame;
    }
    return hal_net_send(whole, p->tot_len) ? ERR_OK : ERR_WOULDBLOCK;
}

static void receive_frames(void)
{
    for (unsigned i = 0; i < FRAMES; i++) {
        const size_t len = hal_net_receive(frame, sizeof frame);
        struct pbuf *p;

        if (!len)
            return;
        heard_ms = hal_ms();
        p = pbuf_alloc(PBUF_RAW, (u16_t)len, PBUF_POOL);
        if (!p)
            continue; /* as if it had been lost */
        pbuf_take(p, frame, (u16_t)len);
        if (nif.input(p, &nif) != ERR_OK)
            pbuf_free(p);
    }
}

static err_t describe(struct netif *n)
{
    n->name[0] = 'w';
    n->name[1] = 'l';
    n->mtu = 1500;
    n->hwaddr_len = 6;
    hal_mac(n->hwaddr);
    n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP;
    n->output = etharp_output;
    n->linkoutput = send_frame;
    n->hostname = host_name;
    return ERR_OK;
}

/* ---- the address ----------------------------------------------------------------- */

static void get(ip4_addr_t *to, const uint8_t *from)
{
    IP4_ADDR(to, from[0], from[1], from[2], from[3]);
}

static void put(uint8_t to[4], const ip4_addr_t *from)
{
    for (unsigned i = 0; i < 4; i++)
        to[i] = ip4_addr_get_byte(from, i);
}

static void set_address(const uint8_t *four)
{
    ip4_addr_t ip, mask, gw;
    ip_addr_t dns;

    get(&ip, four);
    get(&mask, four + 4);
    get(&gw, four + 8);
    get(ip_2_ip4(&dns), four + 12);
    netif_set_addr(&nif, &ip, &mask, &gw);
    dns_setserver(0, &dns);
}

static void leave_use(void)
{
    if (use == USE_DHCP)
        dhcp_release_and_stop(&nif);
    if (use == USE_AP)
        net_ap_stop();
}

static void apply(void)
{
    if (!running)
        return;
    set_address(fixed);
    if (use == USE_DHCP)
        dhcp_start(&nif);
    if (use == USE_AP)
        net_ap_start();
}

/* The same again changes nothing: a lease that is asked for goes on being asked for. */
static void change(enum use to, const uint8_t four[16])
{
    if (use == to && !memcmp(fixed, four, sizeof fixed))
        return;
    if (running)
        leave_use();
    use = to;
    memcpy(fixed, four, sizeof fixed);
    apply();
}

void net_use(const uint8_t *ip, const uint8_t *mask, const uint8_t *gw, const uint8_t *dns)
{
    uint8_t four[16] = {0};

    if (ip && ip[0]) {
        memcpy(four, ip, 4);
        memcpy(four + 4, mask, 4);
        memcpy(four + 8, gw, 4);
        memcpy(four + 12, dns, 4);
        change(USE_STATIC, four);
    } else {
        change(USE_DHCP, four);
    }
}

void net_use_ap(void)
{
    static const uint8_t four[16] = {192, 168, 4, 1, 255, 255, 255, 0, 192, 168, 4, 1};

    change(USE_AP, four);
}

bool net_address(uint8_t ip[4], uint8_t mask[4], uint8_t gw[4], uint8_t dns[4])
{
    if (!running || !netif_is_link_up(&nif) || ip4_addr_isany(netif_ip4_addr(&nif)) ||
        (use == USE_DHCP && !dhcp_supplied_address(&nif)))
        return false;
    put(ip, netif_ip4_addr(&nif));
    put(mask, netif_ip4_netmask(&nif));
    put(gw, netif_ip4_gw(&nif));
    put(dns, ip_2_ip4(dns_getserver(0)));
    return true;
}

/* ---- silence --------------------------------------------------------------------- */

/* Is there somebody who has to answer? */
static bool routed(void)
{
    return running && (use == USE_DHCP || use == USE_STATIC) && netif_is_link_up(&nif) &&
           !ip4_addr_isany(netif_ip4_addr(&nif)) && !ip4_addr_isany(netif_ip4_gw(&nif));
}

uint32_t net_quiet_s(void)
{
    return routed() || use == USE_AP ? (hal_ms() - heard_ms) / 1000 : 0;
}

static void ask_router(uint32_t now_ms)
{
    if (!routed() || now_ms - heard_ms < QUIET_MS || now_ms - asked_ms < ASK_MS)
        return;
    asked_ms = now_ms;
    etharp_request(&nif, netif_ip4_gw(&nif));
}

/* ---- life ------------------------------------------------------------------------ */

/* As routers list it. Settings are not there yet at net_init(). */
static void name_host(const struct plug *p)
{
    if (config_flag(&p->cfg, FLAG_SHORT_HOST))
        text_copy(host_name, sizeof host_name, config_text(&p->cfg, CFG_SHORT_NAME));
    else
        plug_long_name(p, host_name);
}

static bool linked(void)
{
    struct hal_radio_network network;

    if (use == USE_AP)
        return hal_radio_state() == HAL_RADIO_AP;
    return hal_radio_state() == HAL_RADIO_CONNECTED && hal_radio_link(&network);
}

static void look_at_link(const struct plug *p)
{
    const bool is = linked();

    if (is == (netif_is_link_up(&nif) != 0))
        return;
    if (is) {
        name_host(p);
        heard_ms = hal_ms();
        netif_set_link_up(&nif);
    } else {
        netif_set_link_down(&nif);
    }
}

void net_init(struct plug *p)
{
    static bool once;

    if (running)
        return;
    if (!once)
        lwip_init();
    else
        sys_restart_timeouts();
    once = true;
    netif_add(&nif, NULL, NULL, NULL, NULL, describe, ethernet_input);
    netif_set_default(&nif);
    netif_set_up(&nif);
    running = true;
    net_http_start(p);
    apply();
}

void net_poll(struct plug *p, uint32_t now_ms)
{
    if (!running)
        return;
    if (now_ms - looked_ms >= LINK_MS) {
        looked_ms = now_ms;
        look_at_link(p);
    }
    receive_frames();
    sys_check_timeouts();
    ask_router(now_ms);
    net_http_poll(p, now_ms);
    net_mqtt_poll(p, now_ms);
    net_ntp_poll(p, now_ms);
    net_ssdp_poll(p, now_ms);
}

void net_stop(void)
{
    if (!running)
        return;
    running = false; /* from here on nothing is sent */
    net_mqtt_stop();
    net_http_stop();
    net_ntp_stop();
    net_ping_stop();
    net_ssdp_stop();
    while (tcp_active_pcbs)
        tcp_abandon(tcp_active_pcbs, 0);
    while (tcp_tw_pcbs)
        tcp_abandon(tcp_tw_pcbs, 0);
    leave_use();
    dhcp_cleanup(&nif);
    netif_remove(&nif);
    use = USE_NOTHING;
    memset(fixed, 0, sizeof fixed);
}
