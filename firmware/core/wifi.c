/* wifi.c - the station, and our access point when there is no other way in.
 *
 * Each second the radio is asked for its state and its link, and the stack for its address:
 * an event that got lost is nothing that could be missed here. The radio may be wrong, too:
 * what makes no sense for 30 s, and a link that nothing comes over although the router has
 * been asked, end in a full stop, as does every attempt before the next one begins.
 *
 * Attempts go on for ever. Who has never been in the network since the start (a password
 * mistyped, a new router) finds our access point open from time to time. */
#include "core/wifi.h"

#include <string.h>

#include "core/crc.h"
#include "core/event.h"
#include "core/mqtt.h"
#include "core/plug.h"

enum { FLAG_FAST = 37, FLAG_FASTER = 51 };
enum {
    CODE_NONE,
    CODE_CONNECTING,
    CODE_DISCONNECTED,
    CODE_AUTH_FAILED,
    CODE_CONNECTED,
    CODE_AP,
    CODE_AP_FAILED
};
enum {
    SETTLED_S = 30,
    NO_AP_S = 5,
    QUIET_MAX_S = 3600,
    AP_IN_USE_S = 60,
    KNOWN_FAILS = 2,
    HEARD = 12
};

static const char *ssid(const struct plug *p, unsigned which)
{
    return config_text(&p->cfg, which ? CFG_SSID2 : CFG_SSID);
}

static const char *password(const struct plug *p, unsigned which)
{
    return config_text(&p->cfg, which ? CFG_PASSWORD2 : CFG_PASSWORD);
}

static bool any_network(const struct plug *p)
{
    return ssid(p, 0)[0] || ssid(p, 1)[0];
}

static bool fast(const struct plug *p)
{
    return config_flag(&p->cfg, FLAG_FAST) || config_flag(&p->cfg, FLAG_FASTER);
}

static void enter(struct wifi *w, enum wifi_state state)
{
    w->state = state;
    w->in_state_s = 0;
}

static void wait(struct wifi *w, uint32_t s)
{
    w->wait_s = s;
    enter(w, WIFI_WAIT);
}

/* ---- where a network was last, for fast connect ------------------------------------- */

/* bssid, channel, and the CRC of the name they belong to. */
#define LINK_SIZE 11u

static void name_sum(const struct plug *p, uint8_t sum[4])
{
    const char *name = ssid(p, p->wifi.which);
    const uint32_t crc = crc32_add(0, name, strlen(name));

    for (unsigned i = 0; i < 4; i++)
        sum[i] = (uint8_t)(crc >> 8 * i);
}

static void recall(struct plug *p)
{
    struct wifi *w = &p->wifi;
    uint8_t rec[LINK_SIZE], sum[4];

    if (!fast(p) || store_get(&p->store, STORE_LINK, rec, sizeof rec) != sizeof rec)
        return;
    name_sum(p, sum);
    if (memcmp(rec + 7, sum, sizeof sum) != 0)
        return;
    memcpy(w->bssid, rec, 6);
    w->channel = rec[6];
    w->known = w->channel != 0;
}

/* Once in a run: a plug between two access points shall not wear the flash. */
static void remember(struct plug *p, const struct hal_radio_network *link)
{
    struct wifi *w = &p->wifi;
    uint8_t rec[LINK_SIZE];

    memcpy(w->bssid, link->bssid, 6);
    w->channel = link->channel;
    w->known = fast(p);
    w->known_fails = 0;
    if (!w->known || w->kept || ota_running(p))
        return;
    memcpy(rec, w->bssid, 6);
    rec[6] = w->channel;
    name_sum(p, rec + 7);
    w->kept = store_set(&p->store, STORE_LINK, rec, sizeof rec);
}

/* ---- attempts ------------------------------------------------------------------------ */

static void use_address(const struct plug *p)
{
    uint8_t ip[4], mask[4], gw[4], dns[4];

    config_static_ip(&p->cfg, ip, mask, gw, dns);
    if (ip[0])
        net_use(ip, mask, gw, dns);
    else
        net_use(NULL, NULL, NULL, NULL);
}

/* With an access point, that one and no other. */
static void begin(struct plug *p, const uint8_t *bssid, uint8_t channel)
{
    struct wifi *w = &p->wifi;

    if (!ssid(p, w->which)[0])
        w->which ^= 1;
    w->helping = false;
    hal_radio_stop();        /* some do not connect after a restart, or a failure, without it */
    hal_radio_power_save(0); /* nor do some while they save power */
    use_address(p);
    log_say(p, LOG_INFO, "wifi: connecting to %s", ssid(p, w->which));
    hal_radio_connect(ssid(p, w->which), password(p, w->which), bssid, channel);
    enter(w, WIFI_CONNECTING);
}

static void attempt(struct plug *p)
{
    struct wifi *w = &p->wifi;

    w->moving = false;
    begin(p, w->known ? w->bssid : NULL, w->known ? w->channel : 0);
}

/* Not before, but up to a quarter earlier: a house full of plugs does not call as one. */
static uint32_t next_backoff(struct wifi *w)
{
    w->backoff_s = w->backoff_s ? w->backoff_s * 2 : WIFI_BACKOFF_S;
    if (w->backoff_s > WIFI_BACKOFF_MAX)
        w->backoff_s = WIFI_BACKOFF_MAX;
    return w->backoff_s - hal_random() % (w->backoff_s / 4 + 1);
}

/* A move has led nowhere (a stranger of the same name): to where it was, before all else. */
static void move_back(struct plug *p, const char *why)
{
    struct wifi *w = &p->wifi;

    log_say(p, LOG_WARN, "wifi: %s, back to channel %u", why, w->channel);
    w->known = true;
    w->known_fails = KNOWN_FAILS - 1;
    wait(w, 1);
}

/* This attempt, or this link, is over. */
static void fail(struct plug *p, const char *why)
{
    struct wifi *w = &p->wifi;
    uint32_t s;

    hal_radio_stop();
    if (w->moving) {
        move_back(p, why);
        return;
    }
    s = next_backoff(w);
    if (w->known && ++w->known_fails >= KNOWN_FAILS)
        w->known = false;
    if (++w->tries >= WIFI_TRIES && ssid(p, w->which ^ 1)[0]) {
        w->which ^= 1;
        w->tries = 0;
        w->known = false;
        s = WIFI_BACKOFF_S;
    }
    log_say(p, LOG_WARN, "wifi: %s, again in %u s", why, (unsigned)s);
    wait(w, s);
}

void wifi_drop(struct plug *p, const char *why)
{
    if (p->wifi.state != WIFI_UP)
        return;
    p->wifi.drops++;
    fail(p, why);
}

/* ---- restarting as a last resort ------------------------------------------------------ */

/* Every relay comes back as it is. `off`: none is on, so that none drops for a moment. */
static bool relays_keep(const struct plug *p, bool *off)
{
    const uint64_t relays = pins_relays(p);

    *off = true;
    for (unsigned ch = 0; ch < CHANNELS; ch++) {
        const int32_t start = config_start(&p->cfg, ch);
        const bool on = channel_get(p, ch) > 0;

        if (!(relays >> ch & 1))
            continue;
        if (on)
            *off = false;
        if (on != ((start == -1 ? vars_retained(&p->vars, ch) : start) > 0))
            return false;
    }
    return true;
}

/* A radio that answers nothing, stops or no stops. An hour if a relay would drop. */
static void restart_if_hung(struct plug *p)
{
    struct wifi *w = &p->wifi;
    bool off;

    if (w->hung_s < WIFI_HUNG_S || ota_running(p) || p->reboot_in_s || !relays_keep(p, &off) ||
        (!off && w->hung_s < 6 * WIFI_HUNG_S))
        return;
    w->hung_s = 0;
    log_say(p, LOG_ERROR, "wifi: the radio does not answer any more");
    plug_reboot(p, 1);
}

/* ---- our access point ------------------------------------------------------------------ */

static void open_ap(struct plug *p)
{
    char name[64];

    plug_long_name(p, name);
    hal_radio_stop();
    net_use_ap();
    log_say(p, LOG_INFO, "wifi: access point %s", name);
    hal_radio_open_ap(name);
    enter(&p->wifi, WIFI_AP);
}

/* It goes on until who needs it is done. */
static void step_ap(struct plug *p)
{
    struct wifi *w = &p->wifi;
    const uint32_t open_s = w->helping ? WIFI_HELP_S : WIFI_AP_S;
    const uint32_t in_state_s = w->in_state_s;

    if (hal_radio_state() != HAL_RADIO_AP && in_state_s % NO_AP_S == 0) {
        log_say(p, LOG_WARN, "wifi: the access point does not open");
        open_ap(p);
        w->in_state_s = in_state_s;
    }
    if (p->safe_mode || ota_running(p) || !any_network(p) || in_state_s < open_s ||
        (net_quiet_s() < AP_IN_USE_S && in_state_s < 4 * open_s))
        return;
    w->lost_s = 0;
    w->backoff_s = 0;
    w->tries = 0;
    attempt(p);
}

/* ---- the station ------------------------------------------------------------------------ */

static void step_wait(struct plug *p)
{
    struct wifi *w = &p->wifi;

    if (!w->links && w->lost_s >= WIFI_LOST_S && !ota_running(p)) {
        w->helping = true;
        open_ap(p);
    } else if (w->in_state_s >= w->wait_s) {
        attempt(p);
    }
}

/* What the radio says of an end; NULL: nothing. */
static const char *ended(struct plug *p)
{
    switch (hal_radio_state()) {
    case HAL_RADIO_AUTH_FAILED:
        p->wifi.refused = true;
        return "the password is not accepted";
    case HAL_RADIO_NOT_FOUND:
        return "no such network";
    case HAL_RADIO_LOST:
        return "disconnected";
    default:
        return NULL;
    }
}

/* What it says is not all of it. */
static bool linked(struct hal_radio_network *link)
{
    return hal_radio_state() == HAL_RADIO_CONNECTED && hal_radio_link(link);
}

static void note_address(struct plug *p, const uint8_t ip[4])
{
    struct wifi *w = &p->wifi;

    if (!memcmp(w->ip, ip, sizeof w->ip))
        return;
    memcpy(w->ip, ip, sizeof w->ip);
    log_say(p, LOG_INFO, "wifi: address %u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);
    mqtt_address(p);
    event_fire(p, EVENT_IP_CHANGE, 0);
}

/* Connected, says the radio for ever, and nothing comes any more. */
static bool silent(struct wifi *w)
{
    const uint32_t quiet_s = net_quiet_s();

    if (w->in_state_s < WIFI_QUIET_S)
        return false;
    if (quiet_s < WIFI_QUIET_S / 2)
        w->quiet_s = 0;
    if (quiet_s < (w->quiet_s ? w->quiet_s : WIFI_QUIET_S))
        return false;
    /* There may be nobody to answer: then more and more seldom. */
    w->quiet_s = w->quiet_s ? w->quiet_s * 2 : 2 * WIFI_QUIET_S;
    if (w->quiet_s > QUIET_MAX_S)
        w->quiet_s = QUIET_MAX_S;
    return true;
}

/* ---- a stronger access point of the same network -------------------------------------------
 *
 * A plug stays where it is: what it finds at its start it would keep for months, and after a power
 * failure that is not the access point next to it, but the one that started first. */

static const struct hal_radio_network *stronger(const struct hal_radio_network *heard, int n,
                                                const struct hal_radio_network *than)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(heard[i].ssid, than->ssid) && heard[i].secured == than->secured &&
            memcmp(heard[i].bssid, than->bssid, 6) != 0 &&
            heard[i].rssi >= than->rssi + WIFI_BETTER_DB)
            return &heard[i];
    return NULL;
}

static void move(struct plug *p, const struct hal_radio_network *to)
{
    log_say(p, LOG_INFO, "wifi: moving to channel %u, %d dBm", to->channel, to->rssi);
    p->wifi.moving = true;
    begin(p, to->bssid, to->channel);
}

static void look(struct wifi *w)
{
    w->look_s = w->look_s ? w->look_s * 2 : WIFI_LOOK_S;
    if (w->look_s > WIFI_LOOK_MAX)
        w->look_s = WIFI_LOOK_MAX;
    w->look_in_s = w->look_s;
    w->looking = true;
    hal_radio_scan();
}

static void roam(struct plug *p, const struct hal_radio_network *link)
{
    struct wifi *w = &p->wifi;

    w->weak_s = link->rssi <= WIFI_WEAK_DBM ? w->weak_s + 1 : 0;
    if (w->in_state_s == SETTLED_S && !w->weak_s)
        w->look_s = w->look_in_s = 0;
    if (w->look_in_s)
        w->look_in_s--;
    if (w->looking) {
        struct hal_radio_network heard[HEARD];
        const int n = hal_radio_scanned(heard, HEARD);
        const struct hal_radio_network *to = stronger(heard, n, link);

        w->looking = n < 0;
        if (to && !ota_running(p))
            move(p, to);
    } else if (w->weak_s >= WIFI_WEAK_S && !w->look_in_s && !ota_running(p)) {
        look(w);
    }
}

static void step_up(struct plug *p)
{
    struct wifi *w = &p->wifi;
    struct hal_radio_network link;
    uint8_t ip[4], mask[4], gw[4], dns[4];

    if (!linked(&link) || !net_address(ip, mask, gw, dns)) {
        const char *why = ended(p);

        w->drops++;
        if (why)
            fail(p, why);
        else
            enter(w, WIFI_NO_ADDRESS);
        return;
    }
    note_address(p, ip);
    if (w->in_state_s == SETTLED_S) {
        w->tries = 0;
        w->backoff_s = 0;
    }
    if (gw[0] && silent(w) && !ota_running(p))
        wifi_drop(p, "nothing is heard any more");
    else
        roam(p, &link);
}

static void step_no_address(struct plug *p)
{
    struct wifi *w = &p->wifi;
    struct hal_radio_network link;
    uint8_t ip[4], mask[4], gw[4], dns[4];
    const char *why = ended(p);

    if (why) {
        fail(p, why);
    } else if (linked(&link) && net_address(ip, mask, gw, dns)) {
        enter(w, WIFI_UP);
        w->looking = w->moving = false;
        w->weak_s = 0;
        w->links++;
        w->down_s = 0;
        w->refused = false;
        remember(p, &link);
        hal_radio_power_save(p->cmds.power_save);
        note_address(p, ip);
    } else if (w->in_state_s >= WIFI_ODD_S) {
        fail(p, "no address");
    }
}

static void step_connecting(struct plug *p)
{
    struct wifi *w = &p->wifi;
    struct hal_radio_network link;
    const char *why = ended(p);

    if (why) {
        w->hung_s = 0;
        fail(p, why);
    } else if (linked(&link)) {
        w->hung_s = 0;
        w->refused = false;
        enter(w, WIFI_NO_ADDRESS);
        step_no_address(p);
    } else if (w->in_state_s >= WIFI_ODD_S) {
        fail(p, "the radio does not answer");
    }
}

/* ---- life --------------------------------------------------------------------------------- */

int wifi_code(const struct plug *p)
{
    switch (p->wifi.state) {
    case WIFI_CONNECTING:
    case WIFI_NO_ADDRESS:
        return CODE_CONNECTING;
    case WIFI_UP:
        return CODE_CONNECTED;
    case WIFI_AP:
        return hal_radio_state() == HAL_RADIO_AP ? CODE_AP : CODE_AP_FAILED;
    case WIFI_WAIT:
        return p->wifi.refused ? CODE_AUTH_FAILED : CODE_DISCONNECTED;
    default:
        return CODE_NONE;
    }
}

static void tell(struct plug *p)
{
    const int code = wifi_code(p);

    if (code == p->wifi.code)
        return;
    p->wifi.code = (uint8_t)code;
    event_fire(p, EVENT_WIFI_STATE, code);
    event_value(p, "WiFiState", code);
}

static void count(struct wifi *w)
{
    w->in_state_s++;
    w->down_s = w->state == WIFI_UP ? 0 : w->down_s + 1;
    w->lost_s = w->state == WIFI_UP || w->state == WIFI_AP ? 0 : w->lost_s + 1;
    if (w->state == WIFI_CONNECTING || w->state == WIFI_WAIT)
        w->hung_s++;
    else if (w->state != WIFI_AP)
        w->hung_s = 0;
}

void wifi_init(struct plug *p)
{
    struct wifi *w = &p->wifi;

    memset(w, 0, sizeof *w);
    if (p->safe_mode || !any_network(p)) {
        w->ap_in_s = 5;
        return;
    }
    recall(p);
    if (fast(p))
        attempt(p);
    else
        wait(w, 1);
}

void wifi_second(struct plug *p)
{
    struct wifi *w = &p->wifi;

    count(w);
    if (w->ap_in_s && !--w->ap_in_s) {
        w->helping = false;
        open_ap(p);
        tell(p);
        return;
    }
    switch (w->state) {
    case WIFI_IDLE:
        break;
    case WIFI_WAIT:
        step_wait(p);
        break;
    case WIFI_CONNECTING:
        step_connecting(p);
        break;
    case WIFI_NO_ADDRESS:
        step_no_address(p);
        break;
    case WIFI_UP:
        step_up(p);
        break;
    case WIFI_AP:
        step_ap(p);
        break;
    }
    restart_if_hung(p);
    tell(p);
}

void wifi_open_ap(struct plug *p, uint32_t in_s)
{
    p->wifi.ap_in_s = in_s ? in_s : 1;
}

void wifi_changed(struct plug *p)
{
    struct wifi *w = &p->wifi;

    w->which = 0;
    w->tries = 0;
    w->backoff_s = 0;
    w->lost_s = 0;
    w->known = w->kept = w->refused = false;
    hal_radio_stop();
    if (any_network(p)) {
        w->ap_in_s = 0;
        wait(w, 1);
    } else {
        w->ap_in_s = 5;
        enter(w, WIFI_IDLE);
    }
}
