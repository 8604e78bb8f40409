/* wifi.h - staying connected: link and address polled each second, nothing believed
 * (reference 8.2, the five requirements at its end). */
#ifndef CORE_WIFI_H
#define CORE_WIFI_H

#include <stdbool.h>
#include <stdint.h>

struct plug;

#define WIFI_ODD_S       30u  /* a state that makes no sense ends in a full stop of the radio */
#define WIFI_BACKOFF_S   5u   /* before the second attempt; doubled from one to the next */
#define WIFI_BACKOFF_MAX 120u /* s */
#define WIFI_TRIES       3u   /* of one network, if there are two */
#define WIFI_QUIET_S     120u /* without a frame, while the router is being asked: no link */
#define WIFI_LOST_S      300u /* never connected since the start: the access point opens ... */
#define WIFI_HELP_S      180u /* ... for so long, then the network is tried again */
#define WIFI_AP_S        600u /* one that somebody asked for, if a network is known */
#define WIFI_HUNG_S      600u /* the radio answers nothing at all: start anew */
#define WIFI_WEAK_DBM    (-72)
#define WIFI_WEAK_S      60u /* so weak for so long: is there a stronger access point of this name? */
#define WIFI_BETTER_DB   12    /* what a move has to be worth */
#define WIFI_LOOK_S      600u  /* before the next look, doubled from one to the next ... */
#define WIFI_LOOK_MAX    9600u /* ... up to this */

enum wifi_state { WIFI_IDLE, WIFI_WAIT, WIFI_CONNECTING, WIFI_NO_ADDRESS, WIFI_UP, WIFI_AP };

struct wifi {
    enum wifi_state state;
    uint32_t in_state_s, wait_s, backoff_s;
    uint8_t tries, which; /* of this network; 0: SSID, 1: SSID2 */
    uint8_t code;         /* as last told to handlers */
    bool refused;         /* the last attempt: by the password */
    bool helping;         /* our access point is open because nothing else worked */
    bool known;           /* bssid and channel of the last good link */
    bool kept;            /* they are on flash */
    uint8_t bssid[6], channel, known_fails;
    uint32_t down_s;            /* without an address */
    uint32_t lost_s;            /* down, since the start or our access point was open */
    uint32_t hung_s;            /* trying, and no answer from the radio */
    uint32_t quiet_s;           /* how long silence is borne; 0: WIFI_QUIET_S */
    uint32_t weak_s;            /* of this link, without a break */
    uint32_t look_in_s, look_s; /* for a stronger access point: the next, the pause before it */
    bool looking, moving;
    uint32_t ap_in_s; /* 0: none planned */
    uint32_t links, drops;
    uint8_t ip[4]; /* as last seen */
};

void wifi_init(struct plug *p);
void wifi_second(struct plug *p);
/* For configuring; 0 is 1. Without a known network, and in safe mode, it stays; else until
 * nobody uses it for a while. */
void wifi_open_ap(struct plug *p, uint32_t in_s);
void wifi_changed(struct plug *p); /* settings; also from our access point back to the network */
/* This link is of no use: another one, after the usual wait. Without a link: no-op. */
void wifi_drop(struct plug *p, const char *why);
int wifi_code(const struct plug *p); /* status code of reference 1.4 */

/* Of the network stack (net.c). */
bool net_address(uint8_t ip[4], uint8_t mask[4], uint8_t gw[4], uint8_t dns[4]); /* false: none */
void net_use(const uint8_t *ip, const uint8_t *mask, const uint8_t *gw,
             const uint8_t *dns); /* NULL: DHCP */
void net_use_ap(void);
/* Seconds since a frame has come in, or the link was new. When it has been quiet for a while the router is asked
 * for a sign of life, so that a link that works never reaches WIFI_QUIET_S. */
uint32_t net_quiet_s(void);

#endif
