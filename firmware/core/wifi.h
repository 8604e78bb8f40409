/* wifi.h - staying connected: link and address polled each second, nothing believed
 * (reference 8.2, the five requirements at its end). */
#ifndef CORE_WIFI_H
#define CORE_WIFI_H

#include <stdbool.h>
#include <stdint.h>

struct plug;

enum wifi_state { WIFI_IDLE, WIFI_WAIT, WIFI_CONNECTING, WIFI_NO_ADDRESS, WIFI_UP, WIFI_AP };

struct wifi {
    enum wifi_state state;
    uint32_t in_state_s, wait_s, backoff_s;
    uint8_t tries, which; /* 0: SSID, 1: SSID2 */
    bool known;           /* bssid and channel of the last good link */
    uint8_t bssid[6], channel;
    uint32_t down_s;  /* without an address */
    uint32_t ap_in_s; /* 0: none planned */
    uint32_t links, drops;
    uint8_t ip[4]; /* as last seen */
};

void wifi_init(struct plug *p);
void wifi_second(struct plug *p);
void wifi_open_ap(struct plug *p, uint32_t in_s);
void wifi_changed(struct plug *p);   /* settings */
int wifi_code(const struct plug *p); /* status code of reference 1.4 */

/* Of the network stack (net.c). */
bool net_address(uint8_t ip[4], uint8_t mask[4], uint8_t gw[4], uint8_t dns[4]); /* false: none */
void net_use(const uint8_t *ip, const uint8_t *mask, const uint8_t *gw,
             const uint8_t *dns); /* NULL: DHCP */
void net_use_ap(void);

#endif
