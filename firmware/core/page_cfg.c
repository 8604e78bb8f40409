/* page_cfg.c - settings: pins, network, MQTT, names, flags, start, template. Each page is
 * a form and each form's answer; what cannot be used changes nothing and says why.
 *
 * GET with a query does the same as POST with a form, because tools of the field use it. */
#include "core/page.h"

#include <string.h>

#include "core/plug.h"
#include "core/role.h"
#include "core/tmpl.h"

#define WIFI_CHANGE_MS 2000u /* for the answer to leave before the network does */
#define HEARD          12u   /* networks listed */
#define FIELD          257u  /* the longest text of a form but the startup command */

static bool bad(struct http_conn *c, struct out *o, const char *why)
{
    return http_refuse(c, o, 400, 400, why);
}

static bool ticked(const struct http_request *rq, const char *name)
{
    char text[8];

    return http_field(rq, name, text, sizeof text) && text[0] && strcmp(text, "0") != 0;
}

/* One line of at most `max` characters, or not there at all. */
static bool fits(struct http_request *rq, const char *name, size_t max)
{
    char text[FIELD];

    if (!http_has(rq, name))
        return true;
    return http_field(rq, name, text, sizeof text) && strlen(text) <= max &&
           !text[strcspn(text, "\r\n")];
}

/* A text of the form, known to fit, into a setting; one that is not in the form stays. */
static void take_text(struct http_request *rq, const char *name, enum config_text setting)
{
    char text[FIELD];

    if (http_field(rq, name, text, sizeof text))
        config_set_text(&rq->p->cfg, setting, text);
}

/* The same for a secret: an empty one stays as it is. */
static void take_secret(struct http_request *rq, const char *name, const char *none,
                        enum config_text setting)
{
    char text[FIELD];

    if (ticked(rq, none))
        config_set_text(&rq->p->cfg, setting, "");
    else if (http_field(rq, name, text, sizeof text) && text[0])
        config_set_text(&rq->p->cfg, setting, text);
}

/* ---- menu ------------------------------------------------------------------------ */

static bool page_menu(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    static const char *const links[][2] = {
        {"cfg_wifi", "Wi-Fi and password"},
        {"cfg_ip", "Address"},
        {"cfg_mqtt", "MQTT"},
        {"ha_cfg", "Home Assistant"},
        {"cfg_name", "Names"},
        {"cfg_pins", "Pins"},
        {"cfg_generic", "Flags"},
        {"cfg_startup", "Values at start"},
        {"startup_command", "Startup command"},
        {"cfg_template", "Template"},
        {"cfg_ping", "Ping watchdog"},
        {"cfg_webapp", "Web application"},
        {"cmd_tool", "Commands"},
        {"ota", "Update"},
    };

    (void)c;
    if (round == 0) {
        page_top(rq->p, o, "Settings");
        return true;
    }
    out_text(o, "<ul>");
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
        out_fmt(o, "<li><a href=\"%s\">%s</a></li>", links[i][0], links[i][1]);
    out_text(o, "</ul>");
    page_form(o, "index?restart=1");
    page_form_end(o, "Restart");
    page_end(o);
    return false;
}

/* ---- pins ------------------------------------------------------------------------ */

struct pin_wish {
    bool there;
    uint8_t role, ch, ch2;
};

/* `name` 'r' or 'e': the channel of a pin. False: it is none. */
static bool wished_channel(const struct http_request *rq, char letter, unsigned pin, uint8_t *ch,
                           bool *there)
{
    char name[8], text[8];
    struct out o;
    int32_t n;

    out_init(&o, name, sizeof name);
    out_fmt(&o, "%c%u", letter, pin);
    if (!http_field(rq, name, text, sizeof text))
        return !http_has(rq, name);
    if (!text[0])
        return true;
    if (!text_int(text, &n) || n < 0 || n > UINT8_MAX)
        return false;
    *ch = (uint8_t)n;
    *there = true;
    return true;
}

static bool wish_of(const struct http_request *rq, unsigned pin, struct pin_wish *w)
{
    char name[8], text[32];
    struct out o;

    w->there = false;
    w->role = config_role(&rq->p->cfg, pin);
    w->ch = config_channel(&rq->p->cfg, pin, 0);
    w->ch2 = config_channel(&rq->p->cfg, pin, 1);
    out_init(&o, name, sizeof name);
    out_fmt(&o, "%u", pin);
    if (http_field(rq, name, text, sizeof text)) {
        w->there = true;
        if (!text[0])
            w->role = ROLE_NONE;
        else if (!role_parse(text, &w->role))
            return false;
    } else if (http_has(rq, name)) {
        return false;
    }
    return wished_channel(rq, 'r', pin, &w->ch, &w->there) &&
           wished_channel(rq, 'e', pin, &w->ch2, &w->there);
}

/* All or none. Returns the first pin that is wrong; PINS: none; *any: there was one. */
static unsigned set_pins(struct http_request *rq, bool *any)
{
    struct plug *p = rq->p;
    struct pin_wish w[PINS];

    for (unsigned pin = 0; pin < PINS; pin++)
        if (!wish_of(rq, pin, &w[pin]))
            return pin;
    for (unsigned pin = 0; pin < PINS; pin++) {
        *any |= w[pin].there;
        if (!w[pin].there || (w[pin].role == config_role(&p->cfg, pin) &&
                              w[pin].ch == config_channel(&p->cfg, pin, 0) &&
                              w[pin].ch2 == config_channel(&p->cfg, pin, 1)))
            continue;
        config_set_pin(&p->cfg, pin, w[pin].role, w[pin].ch, w[pin].ch2);
        pins_changed(p, pin);
    }
    return PINS;
}

static void role_list(struct out *o)
{
    out_text(o, "<datalist id=\"r\">");
    for (unsigned role = 1; role < ROLES; role++)
        if (role_flags(role) & ROLE_SUPPORTED)
            out_fmt(o, "<option>%s</option>", role_name(role));
    out_text(o, "</datalist>");
}

static void pin_row(struct plug *p, struct out *o, unsigned pin)
{
    out_fmt(o, "<label class=\"p\">%s<br><input list=\"r\" name=\"%u\" value=\"%s\"> ",
            hal_pin_label(pin), pin, role_name(config_role(&p->cfg, pin)));
    for (unsigned i = 0; i < 2; i++)
        out_fmt(o,
                "<input type=\"number\" min=\"0\" max=\"255\" name=\"%c%u\" value=\"%u\" "
                "aria-label=\"channel\"> ",
                i ? 'e' : 'r', pin, config_channel(&p->cfg, pin, i));
    out_text(o, "</label>");
}

static bool page_pins(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    struct plug *p = rq->p;
    bool any = false;

    if (round == 0) {
        if (set_pins(rq, &any) < PINS)
            return bad(c, o, "a role or channel is none; nothing was changed");
        if (any)
            return page_saved(rq, c, o) && http_see(c, o, "/cfg_pins");
        page_top(p, o, "Pins");
        return true;
    }
    if (round == 1) {
        role_list(o);
        return true;
    }
    if (round == 2) {
        out_text(o, "<p>Role, channel, second channel.</p>");
        page_form(o, "cfg_pins");
    }
    /* One pin in each round. */
    while (rq->at < PINS && rq->at < hal_pin_count()) {
        const unsigned pin = rq->at++;

        if (!hal_pin_usable(pin))
            continue;
        pin_row(p, o, pin);
        return true;
    }
    page_form_end(o, "Save");
    page_end(o);
    return false;
}

/* ---- flags ----------------------------------------------------------------------- */

static const struct {
    uint8_t flag;
    const char *text;
} flags[] = {
    {2, "MQTT: tell everything each minute"},
    {7, "MQTT: always retain"},
    {10, "MQTT: tell everything when connected"},
    {27, "MQTT: Home Assistant finds it by itself"},
    {30, "MQTT: tele messages as Tasmota"},
    {34, "MQTT: relays are lights in discovery"},
    {35, "MQTT: no availability in discovery"},
    {39, "MQTT: tell all channels"},
    {50, "MQTT: no /get behind topics"},
    {6, "Button: act when pressed, do not wait for a second click"},
    {41, "Button: locked"},
    {21, "Meter: retain power"},
    {25, "Meter: allow negative power"},
    {26, "Meter: on the second UART"},
    {36, "Meter: do not start by itself"},
    {38, "Meter: 0 W when all relays are off"},
    {40, "Meter: energy in kWh"},
    {29, "Network: short name as host name"},
    {37, "Network: connect fast"},
    {51, "Network: connect fast, with the last address"},
    {44, "No password in safe mode"},
    {31, "Commands on the UART"},
};
#define FLAGS (sizeof flags / sizeof flags[0])

static void flag_name(char name[12], unsigned flag)
{
    struct out o;

    out_init(&o, name, 12);
    out_fmt(&o, "flag%u", flag);
}

/* With setFlags those on the page are as ticked; others only come on. */
static void set_flags(struct http_request *rq)
{
    struct plug *p = rq->p;
    uint64_t mask = config_flags(&p->cfg);
    char name[12];

    for (size_t i = 0; i < FLAGS; i++)
        mask &= ~((uint64_t)1 << flags[i].flag);
    for (unsigned flag = 0; flag < 64; flag++) {
        flag_name(name, flag);
        if (ticked(rq, name))
            mask |= (uint64_t)1 << flag;
    }
    config_set_flags(&p->cfg, mask);
}

static bool page_flags(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    struct plug *p = rq->p;
    char name[12];

    if (round == 0) {
        const bool set = ticked(rq, "setFlags"), boot = http_has(rq, "boot_ok_delay");
        int32_t seconds;

        if (boot && (!http_number(rq, "boot_ok_delay", &seconds) || seconds < 0 || seconds > 255))
            return bad(c, o, "a start lasts 0 to 255 s");
        if (boot)
            config_set_number(&p->cfg, CFG_BOOT_SECONDS, seconds);
        if (set)
            set_flags(rq);
        if (set || boot)
            return page_saved(rq, c, o) && http_see(c, o, "/cfg_generic");
        page_top(p, o, "Flags");
        page_form(o, "cfg_generic");
        out_text(o, "<input type=\"hidden\" name=\"setFlags\" value=\"1\">");
        return true;
    }
    for (unsigned i = 0; i < 4 && rq->at < FLAGS; i++, rq->at++) {
        flag_name(name, flags[rq->at].flag);
        page_check(o, name, config_flag(&p->cfg, flags[rq->at].flag), flags[rq->at].text);
    }
    if (rq->at < FLAGS)
        return true;
    page_number(o, "Seconds until a start has lasted", "boot_ok_delay",
                config_number(&p->cfg, CFG_BOOT_SECONDS));
    page_form_end(o, "Save");
    page_end(o);
    return false;
}

/* ---- start ----------------------------------------------------------------------- */

static bool page_startup(struct http_request *rq, struct http_conn *c, struct out *o,
                         unsigned round)
{
    struct plug *p = rq->p;
    const uint64_t relays = pins_relays(p);
    int32_t index, value;

    if (round == 0) {
        if (http_has(rq, "idx") || http_has(rq, "value")) {
            if (!http_number(rq, "idx", &index) || !http_number(rq, "value", &value) || index < 0 ||
                index >= (int32_t)CHANNELS || value < INT16_MIN || value > INT16_MAX)
                return bad(c, o, "idx is a channel, value its number at the start");
            config_set_start(&p->cfg, (unsigned)index, (int16_t)value);
            return page_saved(rq, c, o) && http_see(c, o, "/cfg_startup");
        }
        page_top(p, o, "Values at start");
        out_text(o, "<p>-1: as it was before the power went. 0: off. 1: on.</p>");
        return true;
    }
    while (rq->at < CHANNELS) {
        const unsigned ch = rq->at++;

        if (!(relays >> ch & 1) && !config_start(&p->cfg, ch))
            continue;
        page_form(o, "cfg_startup");
        out_fmt(o, "<input type=\"hidden\" name=\"idx\" value=\"%u\">", ch);
        out_fmt(o, "<p>Channel %u</p>", ch);
        page_number(o, "Value", "value", config_start(&p->cfg, ch));
        page_form_end(o, "Save");
        return true;
    }
    page_end(o);
    return false;
}

static bool page_command(struct http_request *rq, struct http_conn *c, struct out *o,
                         unsigned round)
{
    struct plug *p = rq->p;
    char *text;

    if (round == 0) {
        text = http_long_field(rq, "data");
        if (text) {
            if (strlen(text) >= CMD_TEXT || !config_set_text(&p->cfg, CFG_STARTUP, text))
                return bad(c, o, "a startup command has 511 characters at most");
            return page_saved(rq, c, o) && http_see(c, o, "/startup_command");
        }
        page_top(p, o, "Startup command");
        page_form(o, "startup_command");
        return true;
    }
    if (round == 1) {
        /* One that OpenBeken has left may be longer than what it would be with escapes. */
        rq->at = 0;
        out_text(o, "<input type=\"hidden\" name=\"startup_cmd\" value=\"1\">"
                    "<textarea name=\"data\" rows=\"8\" maxlength=\"511\">\n");
        return true;
    }
    text = (char *)config_text(&p->cfg, CFG_STARTUP);
    if (rq->at < strlen(text)) {
        char piece[129];

        text_copy(piece, sizeof piece, text + rq->at);
        rq->at += (uint32_t)strlen(piece);
        out_html(o, piece);
        return true;
    }
    out_text(o, "</textarea>");
    page_form_end(o, "Save");
    page_end(o);
    return false;
}

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
    if (ticked(rq, "web_admin_password_enabled"))
        take_secret(rq, "web_admin_password", "", CFG_WEB_PASSWORD);
    else
        config_set_text(&rq->p->cfg, CFG_WEB_PASSWORD, "");
}

static bool web_password_fits(struct http_request *rq)
{
    char text[FIELD];

    return fits(rq, "web_admin_password", 32) &&
           (!http_field(rq, "web_admin_password", text, sizeof text) || !text[0] ||
            strlen(text) >= 5);
}

/* Does this setting become another one? */
static bool changes(struct http_request *rq, const char *name, enum config_text setting)
{
    char text[FIELD];

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
    const bool keyed = ticked(rq, none) ? config_text(cfg, key)[0] != '\0' : changes(rq, pass, key);

    if (other) {
        take_text(rq, second ? "ssid2" : "ssid", name);
        config_set_text(cfg, key, "");
    }
    take_secret(rq, pass, none, key);
    return other || keyed;
}

/* The network changes when the answer has left; the relay does not notice. */
static bool page_wifi_set(struct http_request *rq, struct http_conn *c, struct out *o,
                          unsigned round)
{
    struct plug *p = rq->p;
    bool first, second;

    (void)round;
    if (ticked(rq, "open")) {
        config_set_text(&p->cfg, CFG_SSID, "");
        if (!page_saved(rq, c, o))
            return false;
        wifi_open_ap(p, 3);
        return http_see(c, o, "/index");
    }
    if (!fits(rq, "ssid", 32) || !fits(rq, "ssid2", 32) || !fits(rq, "pass", 63) ||
        !fits(rq, "pass2", 63) || !web_password_fits(rq))
        return bad(c, o, "a name or password has not the right length; nothing was changed");
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
            return bad(c, o, "an address is four numbers up to 255");
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
        return bad(c, o, "a port is 1 to 65535");
    if (!fits(rq, "host", 255) || !fits(rq, "client", 63) || !fits(rq, "group", 63) ||
        !fits(rq, "user", 63) || !fits(rq, "password", 127))
        return bad(c, o, "a text is too long; nothing was changed");
    take_text(rq, "host", CFG_MQTT_HOST);
    take_text(rq, "client", CFG_MQTT_CLIENT);
    take_text(rq, "group", CFG_MQTT_GROUP);
    take_text(rq, "user", CFG_MQTT_USER);
    take_secret(rq, "password", "open", CFG_MQTT_PASSWORD);
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
        return bad(c, o, "that is no prefix of topics");
    mqtt_discover(rq->p, prefix[0] ? prefix : "homeassistant");
    return http_see(c, o, "/ha_cfg");
}

/* ---- the small ones ------------------------------------------------------------------ */

static bool page_names(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    struct plug *p = rq->p;

    if (round == 0) {
        if (http_has(rq, "shortName") || http_has(rq, "name")) {
            if (!fits(rq, "shortName", 31) || !fits(rq, "name", 63))
                return bad(c, o, "a name is too long; nothing was changed");
            take_text(rq, "shortName", CFG_SHORT_NAME);
            take_text(rq, "name", CFG_LONG_NAME);
            return page_saved(rq, c, o) && http_see(c, o, "/cfg_name");
        }
        page_top(p, o, "Names");
        return true;
    }
    page_form(o, "cfg_name");
    page_text(o, "Short name", "shortName", config_text(&p->cfg, CFG_SHORT_NAME), 31);
    page_text(o, "Name", "name", config_text(&p->cfg, CFG_LONG_NAME), 63);
    page_form_end(o, "Save");
    page_end(o);
    return false;
}

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

    if (ticked(rq, "clear")) {
        config_set_text(cfg, CFG_PING_HOST, "");
        config_set_number(cfg, CFG_PING_INTERVAL, 0);
        config_set_number(cfg, CFG_PING_SECONDS, 0);
        return page_saved(rq, c, o) && http_see(c, o, "/cfg_ping");
    }
    if (!fits(rq, "host", 63))
        return bad(c, o, "the host is too long");
    if (!take_seconds(rq, "disconnectTime", CFG_PING_SECONDS) ||
        !take_seconds(rq, "interval", CFG_PING_INTERVAL))
        return bad(c, o, "seconds are 0 to 86400");
    take_text(rq, "host", CFG_PING_HOST);
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

static bool page_webapp(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    struct plug *p = rq->p;

    if (http_has(rq, "url")) {
        if (!fits(rq, "url", 63))
            return bad(c, o, "63 characters at most");
        take_text(rq, "url", CFG_WEBAPP);
        return page_saved(rq, c, o) && http_see(c, o, "/cfg_webapp");
    }
    if (round == 0) {
        page_top(p, o, "Web application");
        return true;
    }
    page_form(o, "cfg_webapp_set");
    page_text(o, "Address", "url", config_text(&p->cfg, CFG_WEBAPP), 63);
    page_form_end(o, "Save");
    out_text(o, "<p><a href=\"app\">Open it</a></p>");
    page_end(o);
    return false;
}

/* ---- template --------------------------------------------------------------------------- */

/* A form of type text/plain sends it as it is, which is a third of its length encoded. */
static char *template_of(struct http_request *rq)
{
    if (!strncmp(rq->body, "template=", 9) && rq->body[9 + strspn(rq->body + 9, " \r\n\t")] == '{')
        return rq->body + 9;
    return rq->body[0] == '{' ? rq->body : http_long_field(rq, "template");
}

/* A stretch of a text that is written anew each time. */
struct stretch {
    char buf[160];
    size_t skip, got;
};

static bool through_stretch(void *user, const char *text, size_t len)
{
    struct stretch *s = user;

    for (size_t i = 0; i < len; i++)
        if (s->skip)
            s->skip--;
        else if (s->got < sizeof s->buf - 1)
            s->buf[s->got++] = text[i];
    return true;
}

/* The next stretch of the template that this plug is. True: there are more. */
static bool export_stretch(struct http_request *rq, struct out *o)
{
    struct stretch s = {.skip = rq->at};
    char piece[64];
    struct out t;

    out_init(&t, piece, sizeof piece);
    t.sink = through_stretch;
    t.user = &s;
    template_export(rq->p, &t);
    out_flush(&t);
    s.buf[s.got] = '\0';
    rq->at += (uint32_t)s.got;
    out_html(o, s.buf);
    return s.got == sizeof s.buf - 1;
}

static bool page_template(struct http_request *rq, struct http_conn *c, struct out *o,
                          unsigned round)
{
    struct plug *p = rq->p;
    char *text, piece[200];
    struct out t;

    if (round == 0) {
        text = template_of(rq);
        if (text) {
            out_init(&t, piece, sizeof piece);
            if (!template_apply(p, text, strlen(text), &t))
                return bad(c, o, piece[0] ? piece : "that is no template");
            return page_saved(rq, c, o) && http_see(c, o, "/cfg_template");
        }
        page_top(p, o, "Template");
        out_text(o, "<form method=\"post\" enctype=\"text/plain\" action=\"cfg_template\">"
                    "<p>As this plug is now, or paste another:</p>");
        return true;
    }
    if (round == 1) {
        out_text(o, "<textarea name=\"template\" rows=\"16\">\n");
        rq->at = 0;
        return true;
    }
    if (export_stretch(rq, o))
        return true;
    out_text(o, "</textarea>");
    page_form_end(o, "Use it");
    page_end(o);
    return false;
}

const struct http_route http_config_pages[] = {
    {"/cfg", HTTP_ASK, false, page_menu, NULL},
    {"/cfg_pins", HTTP_EITHER, false, page_pins, NULL},
    {"/cfg_generic", HTTP_EITHER, false, page_flags, NULL},
    {"/cfg_startup", HTTP_EITHER, false, page_startup, NULL},
    {"/startup_command", HTTP_EITHER, false, page_command, NULL},
    {"/cfg_wifi", HTTP_ASK, false, page_wifi, NULL},
    {"/cfg_wifi_set", HTTP_EITHER, false, page_wifi_set, NULL},
    {"/cfg_ip", HTTP_EITHER, false, page_address, NULL},
    {"/cfg_mqtt", HTTP_ASK, false, page_mqtt, NULL},
    {"/cfg_mqtt_set", HTTP_EITHER, false, page_mqtt_set, NULL},
    {"/ha_cfg", HTTP_ASK, false, page_hass, NULL},
    {"/ha_discovery", HTTP_EITHER, false, page_discovery, NULL},
    {"/cfg_name", HTTP_EITHER, false, page_names, NULL},
    {"/cfg_ping", HTTP_EITHER, false, page_ping, NULL},
    {"/cfg_webapp", HTTP_EITHER, false, page_webapp, NULL},
    {"/cfg_webapp_set", HTTP_EITHER, false, page_webapp, NULL},
    {"/cfg_template", HTTP_EITHER, false, page_template, NULL},
    {NULL, 0, false, NULL, NULL},
};
