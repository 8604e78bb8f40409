/* stand_in.c - the least that modules of the core have to do for their neighbours' tests,
 * while they are not there yet. Each is weak, linked last, and goes when its module comes. */
#include "core/plug.h"
#include "hal/host/host.h"

#define WEAK __attribute__((weak))

/* ---- firmware/net: an address as the radio's DHCP gives it, and nobody out there ------- */

WEAK bool net_address(uint8_t ip[4], uint8_t mask[4], uint8_t gw[4], uint8_t dns[4])
{
    return host_lease(ip, mask, gw, dns);
}

WEAK void net_use(const uint8_t *ip, const uint8_t *mask, const uint8_t *gw, const uint8_t *dns)
{
    (void)ip;
    (void)mask;
    (void)gw;
    (void)dns;
}

WEAK void net_use_ap(void)
{
}

WEAK uint32_t net_quiet_s(void)
{
    return 0;
}

WEAK bool net_mqtt_connect(struct plug *p)
{
    (void)p;
    return false;
}

WEAK void net_mqtt_close(struct plug *p)
{
    (void)p;
}

WEAK bool net_mqtt_publish(struct plug *p, const char *topic, const void *data, size_t len,
                           uint8_t qos, bool retain)
{
    (void)p;
    (void)topic;
    (void)data;
    (void)len;
    (void)qos;
    return retain;
}

WEAK bool net_mqtt_subscribe(struct plug *p, const char *topic)
{
    (void)p;
    return topic != NULL;
}

WEAK void net_ntp_ask(struct plug *p)
{
    (void)p;
}

WEAK void net_ping_ask(struct plug *p)
{
    (void)p;
}

WEAK void net_ssdp_notify(struct plug *p)
{
    (void)p;
}
