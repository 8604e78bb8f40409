/* radio.h - the Wi-Fi radio. Its state is polled; no event is ever relied on. */
#ifndef HAL_RADIO_H
#define HAL_RADIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hal_radio_state {
    HAL_RADIO_OFF,
    HAL_RADIO_CONNECTING,
    HAL_RADIO_CONNECTED,
    HAL_RADIO_LOST,        /* was connected, or the access point said no */
    HAL_RADIO_AUTH_FAILED, /* wrong password, or no common security */
    HAL_RADIO_NOT_FOUND,   /* no such SSID on the air */
    HAL_RADIO_AP,          /* our own access point is up */
};

struct hal_radio_network {
    char ssid[33];
    uint8_t bssid[6];
    uint8_t channel;
    int8_t rssi;
    bool secured;
};

/* Begin; the state tells what becomes of it. A connect ends whatever was before.
 * `bssid` and `channel` (NULL, 0: any) shorten the search of a known network. */
void hal_radio_connect(const char *ssid, const char *password, const uint8_t *bssid,
                       uint8_t channel);
void hal_radio_open_ap(const char *ssid);
/* Full stop of the radio: also what recovers it from a state that makes no sense. */
void hal_radio_stop(void);

enum hal_radio_state hal_radio_state(void);
/* The network in use; false: none. */
bool hal_radio_link(struct hal_radio_network *out);
void hal_radio_power_save(unsigned level); /* 0: off */

/* Networks heard, the strongest first: begin, then ask until it is >= 0, the number of entries
 * filled. A link lives on meanwhile. */
void hal_radio_scan(void);
int hal_radio_scanned(struct hal_radio_network *out, size_t cap);

#endif
