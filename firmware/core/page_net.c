/* page_net.c - settings of the network: Wi-Fi, address, MQTT, ping. As in page_cfg.c. */
#include "core/page.h"

#include <string.h>

#include "core/form.h"
#include "core/plug.h"

#define WIFI_CHANGE_MS 2000u /* for the answer to leave before the network does */
#define HEARD          12u   /* networks listed */

/* ---- Wi-Fi ------------------------------------------------------------------------ */

/* The nth network heard, a press on which is its name in the form. 0: that was all; -1: still
 * listening. */
static int network(struct out *o, unsigned nth)
{
    struct hal_radio_network heard[HEARD];
    const int n = hal_radio_scanned(heard, HEARD);

    if (n < 0)
        return -1;
    if ((int)nth >= n)
        return 0;
    out_text(o, "<button type=\"button\" onclick=\"document.querySelector('[name=ssid]').value="
                "this.firstChild.data\">");
    out_html(o, heard[nth].ssid);
    out_fmt(o, "<br>%d dBm%s</button>", heard[nth].rssi, heard[nth].secured ? "" : ", open");
    return 1;
}

static void one_network(struct plug *p, struct out *o, bool second)
{
    out_fmt(o, "<label>%s<input name=\"ssid%s\" maxlength=\"32\" value=\"",
            second ? "Second network" : "Network", second ? "2" : "");
    out_html(o, config_text(&p->cfg, second ? CFG_SSID2 : CFG_SSID));
    out_text(o, "\"></label>");
    page_secret(o, "Password", second ? "pass2" : "pass",
                config_text(&p->cfg, second ? CFG_PASSWORD2 : CFG_PASSWORD), 63);
    page_check(o, second ? "open2" : "open1", false, "It has none");
}

/* In `at`: which network is next, or a part of the page behind them. */
enum { WIFI_FIRST = HEARD + 1, WIFI_SECOND, WIFI_END };

/* A list of networks, one in a round. The first look is left to the next page: hearing takes
 * seconds, and nobody waits. */
static uint32_t heard(struct http_request *rq, struct out *o)
{
    int32_t scan = 0;
    int more = -1;

    if (!http_number(rq, "scan", &scan) || !scan)
        return WIFI_FIRST;
    if (scan != 1)
        more = network(o, rq->at);
    if (more < 0)
        out_text(o, "<p class=\"n\">Listening ...</p><script>setTimeout(function(){"
                    "location.href='cfg_wifi?scan=2'},2000)</script>");
    return more > 0 && rq->at + 1 < HEARD ? rq->at + 1 : WIFI_FIRST;
}

static bool page_wifi(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    struct plug *p = rq->p;
    int32_t scan;

    (void)c;
    if (round == 0) {
        if (http_number(rq, "scan", &scan) && scan == 1)
            hal_radio_scan();
        page_top(p, o, "Wi-Fi");
        return true;
    }
    if (rq->at < WIFI_FIRST) {
        rq->at = heard(rq, o);
        return true;
    }
    if (rq->at == WIFI_FIRST) {
        out_text(o, "<p><a href=\"cfg_wifi?scan=1\">Look for networks</a></p>");
        page_form(o, "cfg_wifi_set");
    }
    if (rq->at < WIFI_END) {
        one_network(p, o, rq->at == WIFI_SECOND);
        rq->at++;
        return true;
    }
    page_check(o, "web_admin_password_enabled", config_text(&p->cfg, CFG_WEB_PASSWORD)[0] != '\0',
               "These pages ask for a password (user: admin)");
    page_secret(o, "Password for these pages, 5 characters or more", "web_admin_password",
                config_text(&p->cfg, CFG_WEB_PASSWORD), 32);
    page_form_end(o, "Save");
    page_form(o, "cfg_wifi_set?open=1");
    page_form_end(o, "Forget the network, open the access point");
    page_end(o);
    return false;
}

/* Only a form that has the field can take the password off. */
static void take_web_password(struct http_request *rq)
{
    if (!http_has(rq, "web_admin_password"))
        return;
    if (form_ticked(rq, "web_admin_password_enabled"))
        form_take_secret(rq, "web_admin_password", "", CFG_WEB_PASSWORD);
    else
        config_set_text(&rq->p->cfg, CFG_WEB_PASSWORD, "");
}

static bool web_password_fits(struct http_request *rq)
{
    char text[FORM_FIELD];

    return form_fits(rq, "web_admin_password", 32) &&
           (!http_field(rq, "web_admin_password", text, sizeof text) || !text[0] ||
            strlen(text) >= 5);
}

/* Does this setting become another one? */
static bool changes(struct http_request *rq, const char *name, enum config_text setting)
{
    char text[FORM_FIELD];

    return http_field(rq, name, text, sizeof text) &&
           strcmp(text, config_text(&rq->p->cfg, setting)) != 0;
}

/* An SSID and its password. Another network with no password told is an open one. True:
 * something is new. */
static bool take_network(struct http_request *rq, bool second)
{
    const enum config_text name = second ? CFG_SSID2 : CFG_SSID;
    const enum config_text key = second ? CFG_PASSWORD2 : CFG_PASSWORD;
    const char *pass = second ? "pass2" : "pass", *none = second ? "open2" : "open1";
    struct config *cfg = &rq->p->cfg;
    const bool other = changes(rq, second ? "ssid2" : "ssid", name);
    const bool keyed =
        form_ticked(rq, none) ? config_text(cfg, key)[0] != '\0' : changes(rq, pass, key);

    if (other) {
        form_take(rq, second ? "ssid2" : "ssid", name);
        config_set_text(cfg, key, "");
    }
    form_take_secret(rq, pass, none, key);
    return other || keyed;
}

/* The network changes when the answer has left; the relay does not notice. */
static bool page_wifi_set(struct http_request *rq, struct http_conn *c, struct out *o,
                          unsigned round)
{
    struct plug *p = rq->p;
    bool first, second;

    (void)round;
    if (form_ticked(rq, "open")) {
        config_set_text(&p->cfg, CFG_SSID, "");
        if (!page_saved(rq, c, o))
            return false;
        wifi_open_ap(p, 3);
        return http_see(c, o, "/index");
    }
    if (!form_fits(rq, "ssid", 32) || !form_fits(rq, "ssid2", 32) || !form_fits(rq, "pass", 63) ||
        !form_fits(rq, "pass2", 63) || !web_password_fits(rq))
        return form_refuse(c, o,
                           "a name or password has not the right length; nothing was changed");
    first = take_network(rq, false);
    second = take_network(rq, true);
    if (first || second)
        p->http.wifi_in_ms = WIFI_CHANGE_MS;
    take_web_password(rq);
    return page_saved(rq, c, o) && http_see(c, o, "/cfg_wifi");
}

/* ---- address ------------------------------------------------------------------------ */

/* 192.168.0.2; "" is 0.0.0.0 */
static bool address(const char *text, uint8_t ip[4])
{
    memset(ip, 0, 4);
    for (unsigned i = 0; *text && i < 4; i++) {
        unsigned n = 0, digits = 0;

        for (; *text >= '0' && *text <= '9' && digits < 3; digits++)
            n = n * 10 + (unsigned)(*text++ - '0');
        if (!digits || n > 255)
            return false;
        ip[i] = (uint8_t)n;
        if (i == 3)
            return !*text;
        if (*text++ != '.')
            return false;
    }
    return !*text;
}

static bool page_address(struct http_request *rq, struct http_conn *c, struct out *o,
                         unsigned round)
{
    static const char *const names[4][2] = {
        {"IP", "Address; 0.0.0.0: the router gives one"},
        {"mask", "Mask"},
        {"gate", "Gateway"},
        {"dns", "Name server"},
    };
    struct plug *p = rq->p;
    uint8_t ip[4][4];
    bool any = false;
    char text[20];
    struct out t;

    config_static_ip(&p->cfg, ip[0], ip[1], ip[2], ip[3]);
    for (unsigned i = 0; i < 4; i++) {
        if (!http_has(rq, names[i][0]))
            continue;
        any = true;
        if (!http_field(rq, names[i][0], text, sizeof text) || !address(text, ip[i]))
            return form_refuse(c, o, "an address is four numbers up to 255");
    }
    if (any) {
        config_set_static_ip(&p->cfg, ip[0], ip[1], ip[2], ip[3]);
        p->http.wifi_in_ms = WIFI_CHANGE_MS;
        return page_saved(rq, c, o) && http_see(c, o, "/cfg_ip");
    }
    if (round == 0) {
        page_top(p, o, "Address");
        return true;
    }
    page_form(o, "cfg_ip");
    for (unsigned i = 0; i < 4; i++) {
        out_init(&t, text, sizeof text);
        out_fmt(&t, "%u.%u.%u.%u", ip[i][0], ip[i][1], ip[i][2], ip[i][3]);
        page_text(o, names[i][1], names[i][0], text, 15);
    }
    page_form_end(o, "Save");
    page_end(o);
    return false;
}

/* ---- MQTT ---------------------------------------------------------------------------- */

static bool page_mqtt(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    struct plug *p = rq->p;

    (void)c;
    if (round == 0) {
        page_top(p, o, "MQTT");
        return true;
    }
    if (round == 1) { /* 255 characters, each of which may take six */
        page_form(o, "cfg_mqtt_set");
        out_text(o, "<label>Broker; empty: none<input name=\"host\" maxlength=\"255\" value=\"");
        return true;
    }
    if (rq->at < strlen(config_text(&p->cfg, CFG_MQTT_HOST))) {
        char piece[129];

        text_copy(piece, sizeof piece, config_text(&p->cfg, CFG_MQTT_HOST) + rq->at);
        rq->at += (uint32_t)strlen(piece);
        out_html(o, piece);
        return true;
    }
    if (rq->at < 1000) {
        rq->at = 1000;
        out_text(o, "\"></label>");
        page_number(o, "Port", "port", config_number(&p->cfg, CFG_MQTT_PORT));
        page_text(o, "Client, and name of its topics", "client",
                  config_text(&p->cfg, CFG_MQTT_CLIENT), 63);
        return true;
    }
    if (rq->at == 1000) {
        rq->at++;
        page_text(o, "Group topic", "group", config_text(&p->cfg, CFG_MQTT_GROUP), 63);
        return true;
    }
    page_text(o, "User", "user", config_text(&p->cfg, CFG_MQTT_USER), 63);
    page_secret(o, "Password", "password", config_text(&p->cfg, CFG_MQTT_PASSWORD), 127);
    page_check(o, "open", false, "There is no password");
    page_form_end(o, "Save");
    page_end(o);
    return false;
}

static bool page_mqtt_set(struct http_request *rq, struct http_conn *c, struct out *o,
                          unsigned round)
{
    struct plug *p = rq->p;
    int32_t port = config_number(&p->cfg, CFG_MQTT_PORT);

    (void)round;
    if (http_has(rq, "port") && (!http_number(rq, "port", &port) || port < 1 || port > 65535))
        return form_refuse(c, o, "a port is 1 to 65535");
    if (!form_fits(rq, "host", 255) || !form_fits(rq, "client", 63) ||
        !form_fits(rq, "group", 63) || !form_fits(rq, "user", 63) ||
        !form_fits(rq, "password", 127))
        return form_refuse(c, o, "a text is too long; nothing was changed");
    form_take(rq, "host", CFG_MQTT_HOST);
    form_take(rq, "client", CFG_MQTT_CLIENT);
    form_take(rq, "group", CFG_MQTT_GROUP);
    form_take(rq, "user", CFG_MQTT_USER);
    form_take_secret(rq, "password", "open", CFG_MQTT_PASSWORD);
    config_set_number(&p->cfg, CFG_MQTT_PORT, port);
    if (!page_saved(rq, c, o))
        return false;
    mqtt_restart(p);
    return http_see(c, o, "/cfg_mqtt");
}

static bool page_hass(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    (void)c;
    if (round == 0) {
        page_top(rq->p, o, "Home Assistant");
        return true;
    }
    page_form(o, "ha_discovery");
    page_text(o, "Discovery prefix", "prefix", "homeassistant", 31);
    page_form_end(o, "Tell Home Assistant what is here");
    page_end(o);
    return false;
}

static bool page_discovery(struct http_request *rq, struct http_conn *c, struct out *o,
                           unsigned round)
{
    char prefix[32];

    (void)round;
    if (!http_has(rq, "prefix"))
        text_copy(prefix, sizeof prefix, "homeassistant");
    else if (!http_field(rq, "prefix", prefix, sizeof prefix) || prefix[strcspn(prefix, "#+\r\n")])
        return form_refuse(c, o, "that is no prefix of topics");
    mqtt_discover(rq->p, prefix[0] ? prefix : "homeassistant");
    return http_see(c, o, "/ha_cfg");
}
/* ---- ping -------------------------------------------------------------------------------- */

/* False: refused. */
static bool take_seconds(struct http_request *rq, const char *name, enum config_number which)
{
    int32_t s;

    if (!http_has(rq, name))
        return true;
    if (!http_number(rq, name, &s) || s < 0 || s > 86400)
        return false;
    config_set_number(&rq->p->cfg, which, s);
    return true;
}

static bool set_ping(struct http_request *rq, struct http_conn *c, struct out *o)
{
    struct config *cfg = &rq->p->cfg;

    if (form_ticked(rq, "clear")) {
        config_set_text(cfg, CFG_PING_HOST, "");
        config_set_number(cfg, CFG_PING_INTERVAL, 0);
        config_set_number(cfg, CFG_PING_SECONDS, 0);
        return page_saved(rq, c, o) && http_see(c, o, "/cfg_ping");
    }
    if (!form_fits(rq, "host", 63))
        return form_refuse(c, o, "the host is too long");
    if (!take_seconds(rq, "disconnectTime", CFG_PING_SECONDS) ||
        !take_seconds(rq, "interval", CFG_PING_INTERVAL))
        return form_refuse(c, o, "seconds are 0 to 86400");
    form_take(rq, "host", CFG_PING_HOST);
    return page_saved(rq, c, o) && http_see(c, o, "/cfg_ping");
}

static bool page_ping(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    struct plug *p = rq->p;
    const struct ping *g = &p->ping;

    if (round == 0) {
        if (http_has(rq, "clear") || http_has(rq, "host") || http_has(rq, "disconnectTime") ||
            http_has(rq, "interval"))
            return set_ping(rq, c, o);
        page_top(p, o, "Ping watchdog");
        if (g->sent)
            out_fmt(o, "<p>%u of %u answered, the last %u s ago</p>", (unsigned)g->answered,
                    (unsigned)g->sent, (unsigned)g->silent_s);
        return true;
    }
    page_form(o, "cfg_ping");
    page_text(o, "Host", "host", config_text(&p->cfg, CFG_PING_HOST), 63);
    page_number(o, "Seconds between pings; 0: 10", "interval",
                config_number(&p->cfg, CFG_PING_INTERVAL));
    page_number(o, "Reconnect after so many seconds without an answer; 0: never", "disconnectTime",
                config_number(&p->cfg, CFG_PING_SECONDS));
    page_form_end(o, "Save");
    page_end(o);
    return false;
}
const struct http_route http_net_pages[] = {
    {"/cfg_wifi", HTTP_ASK, false, page_wifi, NULL},
    {"/cfg_wifi_set", HTTP_EITHER, false, page_wifi_set, NULL},
    {"/cfg_ip", HTTP_EITHER, false, page_address, NULL},
    {"/cfg_mqtt", HTTP_ASK, false, page_mqtt, NULL},
    {"/cfg_mqtt_set", HTTP_EITHER, false, page_mqtt_set, NULL},
    {"/ha_cfg", HTTP_ASK, false, page_hass, NULL},
    {"/ha_discovery", HTTP_EITHER, false, page_discovery, NULL},
    {"/cfg_ping", HTTP_EITHER, false, page_ping, NULL},
    {NULL, 0, false, NULL, NULL},
};
