/* radio.c - a radio, and the access points around it: they come and go, have their
 * passwords and their moods. What the radio says of it is honest only when told to be.
 *
 * A link breaks the moment its access point is gone; the radio notices after missing
 * beacons for a while. It never comes back by itself: one has to connect anew. */
#include "hal/host/host.h"

#include <string.h>

enum { SEARCH_MS = 2500, FAST_MS = 300, JOIN_MS = 400, BEACONS_MS = 3000, SCAN_MS = 2000 };
enum { DHCP_MS = 300, NEVER = INT32_MAX };
enum step { RESTING, SEARCHING, JOINING };

static struct host_ap aps[HOST_APS];
static int32_t back_ms[HOST_APS]; /* of a router that restarts */
static enum host_lie lie;
static enum host_wear wear;
static unsigned wear_starts, starts;

static struct {
    enum hal_radio_state state;
    enum step step;
    int32_t left_ms, gone_ms, link_ms;
    int ap; /* joined, or being joined; -1: none */
    bool linked, leased, stopped, fast, scanning;
    int32_t scan_ms;
    unsigned power_save;
    char ssid[33], password[65], own[33];
    uint8_t bssid[6], channel;
    struct hal_radio_network seen; /* the link, as the radio believes it to be */
} r;

static bool on_air(int i)
{
    return i >= 0 && aps[i].ssid && !aps[i].down;
}

static bool matches(int i)
{
    return on_air(i) && !strcmp(aps[i].ssid, r.ssid) &&
           (!r.fast || (!memcmp(aps[i].bssid, r.bssid, 6) && aps[i].channel == r.channel));
}

static int best(void)
{
    int found = -1;

    for (int i = 0; i < (int)HOST_APS; i++)
        if (matches(i) && (found < 0 || aps[i].rssi > aps[found].rssi))
            found = i;
    return found;
}

static void describe(struct hal_radio_network *out, const struct host_ap *ap)
{
    *out = (struct hal_radio_network){
        .channel = ap->channel, .rssi = ap->rssi, .secured = ap->password && *ap->password};
    strncpy(out->ssid, ap->ssid, sizeof out->ssid - 1);
    memcpy(out->bssid, ap->bssid, 6);
}

static bool worn(void)
{
    if (starts < wear_starts)
        return false;
    return wear == HOST_WEARS_OUT || (wear == HOST_WEARS_FAST && r.fast) ||
           (wear == HOST_WEARS_UNTIL_STOP && !r.stopped);
}

static void rest(enum hal_radio_state state)
{
    r.step = RESTING;
    r.state = state;
}

static void searched(void)
{
    r.ap = best();
    if (r.ap < 0) {
        rest(HAL_RADIO_NOT_FOUND);
        return;
    }
    r.step = JOINING;
    r.left_ms = JOIN_MS;
}

static void joined(void)
{
    const struct host_ap *ap = &aps[r.ap];

    if (!on_air(r.ap)) {
        rest(HAL_RADIO_NOT_FOUND);
    } else if (ap->refuses) {
        rest(HAL_RADIO_LOST);
    } else if (ap->password && *ap->password && strcmp(ap->password, r.password) != 0) {
        rest(HAL_RADIO_AUTH_FAILED);
    } else {
        rest(HAL_RADIO_CONNECTED);
        r.linked = true;
        r.link_ms = r.gone_ms = 0;
        describe(&r.seen, ap);
    }
}

static void link_lives(void)
{
    if (r.linked && !on_air(r.ap))
        r.linked = false;
    if (r.linked) {
        r.seen.rssi = aps[r.ap].rssi;
        if (r.link_ms < NEVER)
            r.link_ms++;
        r.leased |= !aps[r.ap].mute && r.link_ms >= DHCP_MS;
    } else if (++r.gone_ms >= BEACONS_MS && lie == HOST_HONEST) {
        r.state = HAL_RADIO_LOST;
    }
    if (r.gone_ms > BEACONS_MS)
        r.gone_ms = BEACONS_MS;
}

static void tick(void *user)
{
    (void)user;
    for (unsigned i = 0; i < HOST_APS; i++)
        if (back_ms[i] && !--back_ms[i])
            aps[i].down = false;
    if (r.scanning && r.scan_ms)
        r.scan_ms--;
    if (r.step != RESTING && r.left_ms != NEVER && --r.left_ms <= 0) {
        if (r.step == SEARCHING)
            searched();
        else
            joined();
    } else if (r.state == HAL_RADIO_CONNECTED) {
        link_lives();
    }
}

void host_radio_reset(bool all, enum hal_reset_cause cause)
{
    memset(&r, 0, sizeof r);
    r.ap = -1;
    starts = cause == HAL_RESET_POWER || cause == HAL_RESET_BROWNOUT ? 0 : starts + 1;
    if (all) {
        memset(aps, 0, sizeof aps);
        memset(back_ms, 0, sizeof back_ms);
        lie = HOST_HONEST;
        wear = HOST_WEARS_NOT;
        starts = 0;
    }
    host_each_ms(tick, NULL);
}

/* ---- hal/radio.h ----------------------------------------------------------- */

static void leave(void)
{
    r.linked = r.leased = false;
    r.ap = -1;
    r.own[0] = '\0';
    rest(HAL_RADIO_OFF);
}

void hal_radio_connect(const char *ssid, const char *password, const uint8_t *bssid,
                       uint8_t channel)
{
    host_note(HOST_RADIO_CONNECT, bssid != NULL, channel);
    leave();
    r.fast = bssid && channel;
    strncpy(r.ssid, ssid, sizeof r.ssid - 1);
    strncpy(r.password, password ? password : "", sizeof r.password - 1);
    if (bssid)
        memcpy(r.bssid, bssid, 6);
    r.channel = channel;
    r.state = HAL_RADIO_CONNECTING;
    r.step = SEARCHING;
    r.left_ms = r.fast ? FAST_MS : SEARCH_MS;
    /* A BL602 that sleeps does not hear the answer; a worn one does not ask. */
    if (worn() || (r.power_save && hal_chip()->family == HAL_BL602))
        r.left_ms = NEVER;
}

void hal_radio_open_ap(const char *ssid)
{
    host_note(HOST_RADIO_OPEN_AP, 0, 0);
    leave();
    strncpy(r.own, ssid, sizeof r.own - 1);
    r.state = HAL_RADIO_AP;
}

void hal_radio_stop(void)
{
    host_note(HOST_RADIO_STOP, 0, 0);
    leave();
    r.stopped = true;
}

enum hal_radio_state hal_radio_state(void)
{
    return r.state;
}

bool hal_radio_link(struct hal_radio_network *out)
{
    const bool says = r.state == HAL_RADIO_CONNECTED &&
                      (r.linked || r.gone_ms < BEACONS_MS || lie == HOST_SAYS_ALL);

    if (says && out)
        *out = r.seen;
    return says;
}

void hal_radio_power_save(unsigned level)
{
    r.power_save = level;
}

void hal_radio_scan(void)
{
    host_note(HOST_RADIO_SCAN, 0, 0);
    r.scanning = true;
    r.scan_ms = SCAN_MS;
}

int hal_radio_scanned(struct hal_radio_network *out, size_t cap)
{
    int n = 0;

    if (!r.scanning || r.scan_ms)
        return -1;
    for (int dbm = 127; dbm >= -128; dbm--)
        for (int i = 0; i < (int)HOST_APS && (size_t)n < cap; i++)
            if (on_air(i) && aps[i].rssi == dbm)
                describe(&out[n++], &aps[i]);
    return n;
}

/* ---- the strings ----------------------------------------------------------- */

struct host_ap *host_ap(unsigned i)
{
    return &aps[i < HOST_APS ? i : HOST_APS - 1];
}

void host_radio_lies(enum host_lie which)
{
    lie = which;
}

void host_radio_wears(enum host_wear which, unsigned after)
{
    wear = which;
    wear_starts = after;
}

void host_router_restart(unsigned i, uint32_t ms)
{
    if (i >= HOST_APS)
        return;
    aps[i].down = true;
    back_ms[i] = (int32_t)(ms ? ms : 1);
}

bool host_radio_linked(void)
{
    return r.linked;
}

bool host_lease(uint8_t ip[4], uint8_t mask[4], uint8_t gw[4], uint8_t dns[4])
{
    const uint8_t net = r.ap >= 0 ? aps[r.ap].net : 0;

    if (!r.leased)
        return false;
    memcpy(ip, (const uint8_t[]){192, 168, net, 50}, 4);
    memcpy(mask, (const uint8_t[]){255, 255, 255, 0}, 4);
    memcpy(gw, (const uint8_t[]){192, 168, net, 1}, 4);
    memcpy(dns, gw, 4);
    return true;
}

void host_lease_renew(void)
{
    r.leased = false;
    r.link_ms = 0;
}

const char *host_radio_ap_name(void)
{
    return r.state == HAL_RADIO_AP ? r.own : "";
}
