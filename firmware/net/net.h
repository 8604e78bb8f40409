/* net.h - the plug's network: lwIP over hal/net.h, and what the plug does with it.
 *
 * Everything happens in net_poll(), lwIP's callbacks included: they only take what has
 * come and note what has gone. One plug, one interface. */
#ifndef NET_NET_H
#define NET_NET_H

#include <stdbool.h>
#include <stdint.h>

struct plug;

/* Before plug_boot(). Again after net_stop(). */
void net_init(struct plug *p);
/* One turn, from the same loop as plug_tick(), and as often as that allows. */
void net_poll(struct plug *p, uint32_t now_ms);
/* What a power cut does: all is forgotten, nobody is told. */
void net_stop(void);

/* lwIP found something wrong with us; the PC stops there (hal/host/net.c), a chip is not asked. */
void net_says(const char *what);

/* net_address(), net_use(), net_use_ap() and net_quiet_s() are in core/wifi.h, the rest of what
 * the core calls in mqtt.h, clock.h, ping.h and ssdp.h. */

/* ---- parts of it, each called by net.c ------------------------------------------- */

void net_http_start(struct plug *p);
void net_http_poll(struct plug *p, uint32_t now_ms);
void net_http_stop(void);
void net_mqtt_poll(struct plug *p, uint32_t now_ms);
void net_mqtt_stop(void);
void net_ntp_poll(struct plug *p, uint32_t now_ms);
void net_ntp_stop(void);
void net_ping_stop(void);
void net_ssdp_poll(struct plug *p, uint32_t now_ms);
void net_ssdp_stop(void);
/* Addresses and names for who joins our own access point. */
void net_ap_start(void);
void net_ap_stop(void);

#endif
