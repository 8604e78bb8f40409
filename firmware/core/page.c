/* page.c - the main page, its values, the log and what the plug is. Settings are in
 * page_cfg.c, updates in page_ota.c.
 *
 * Everything that has come from outside is escaped; a secret is never written. What changes
 * something answers with 303, so that a page loaded again does nothing again. */
#include "core/page.h"

#include <string.h>

#include "core/plug.h"
#include "core/role.h"

#define BEHIND_REPLY 400u  /* what a page has behind what a command says */
#define REFRESH_MS   2000u /* of the values, if nobody has told another */

/* ---- what all pages have --------------------------------------------------------- */

static const char style[] =
    "<style>body{font:16px/1.5 sans-serif;max-width:480px;margin:0 auto;padding:8px;"
    "background:#f4f5f7;color:#222}h1,h2{font-size:1.3em;margin:8px 0}h1,td,pre{"
    "overflow-wrap:anywhere}h2{font-size:1em}table,progress{width:100%}td{"
    "padding:3px 4px 3px 0}label{display:block;margin:8px 0}input,textarea,button{"
    "font:inherit;box-sizing:border-box;width:100%;padding:8px;border:1px solid #bbb;"
    "border-radius:6px}input[type=checkbox]{width:auto}button{margin:4px 0;border:0;"
    "background:#888;color:#fff}.on,form>button{background:#167d3f}button.off{"
    "background:#888}[name=tgl]{padding:16px}.n{background:#fff3c4;padding:8px;"
    "border-radius:6px}.p input{width:23%}.p input:first-of-type{width:48%}ul{"
    "list-style:none;padding:0}li a,nav a{display:block;padding:8px 0}nav a{"
    "display:inline-block;margin-right:16px}pre{white-space:pre-wrap}"
    "@media(prefers-color-scheme:dark){body{background:#181a1d;color:#ddd}.n{color:#222}a{"
    "color:#8bf}input,textarea{background:#222;color:#ddd}}</style>";

void page_top(struct plug *p, struct out *o, const char *title)
{
    out_text(o, "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">"
                "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                "<link rel=\"icon\" href=\"data:,\"><title>");
    out_html(o, config_text(&p->cfg, CFG_SHORT_NAME));
    out_fmt(o, " - %s</title>%s</head><body><h1>", title, style);
    out_html(o, config_text(&p->cfg, CFG_LONG_NAME));
    out_fmt(o, "</h1><h2>%s</h2>", title);
}

void page_end(struct out *o)
{
    out_text(o, "<nav><a href=\"index\">Main</a><a href=\"cfg\">Settings</a>"
                "<a href=\"logs\">Log</a><a href=\"about\">About</a></nav></body></html>");
}

void page_form(struct out *o, const char *action)
{
    out_fmt(o, "<form method=\"post\" action=\"%s\">", action);
}

void page_form_end(struct out *o, const char *button)
{
    out_fmt(o, "<button>%s</button></form>", button);
}

static void value_end(struct out *o, const char *value)
{
    out_text(o, "\" value=\"");
    out_html(o, value);
    out_text(o, "\"></label>");
}

void page_text(struct out *o, const char *label, const char *name, const char *value, unsigned max)
{
    out_fmt(o, "<label>%s<input name=\"%s\" maxlength=\"%u", label, name, max);
    value_end(o, value);
}

void page_secret(struct out *o, const char *label, const char *name, const char *value,
                 unsigned max)
{
    out_fmt(o,
            "<label>%s<input type=\"password\" autocomplete=\"new-password\" name=\"%s\" "
            "maxlength=\"%u\" placeholder=\"%s\"></label>",
            label, name, max, *value ? "unchanged" : "none");
}

void page_number(struct out *o, const char *label, const char *name, int32_t value)
{
    out_fmt(o, "<label>%s<input type=\"number\" name=\"%s\" value=\"%d\"></label>", label, name,
            (int)value);
}

void page_check(struct out *o, const char *name, bool on, const char *label)
{
    out_fmt(o, "<label><input type=\"checkbox\" name=\"%s\" value=\"1\"%s> %s</label>", name,
            on ? " checked" : "", label);
}

bool page_saved(struct http_request *rq, struct http_conn *c, struct out *o)
{
    if (plug_save(rq->p))
        return true;
    http_refuse(c, o, 500, 500, "the flash does not take it");
    return false;
}

/* ---- the main page ------------------------------------------------------------------ */

static bool is_switch(const struct plug *p, unsigned ch)
{
    const uint8_t type = config_channel_type(&p->cfg, ch);

    return (pins_relays(p) >> ch & 1) || type == CHANNEL_TOGGLE || type == CHANNEL_TOGGLE_INV;
}

static void row(struct out *o, const char *name, const char *value)
{
    out_fmt(o, "<tr><td>%s</td><td colspan=\"2\">", name);
    out_html(o, value);
    out_text(o, "</td></tr>");
}

/* What pins or commands put into channels that are no switches. */
static bool is_value(const struct plug *p, unsigned ch)
{
    for (unsigned pin = 0; pin < PINS; pin++)
        if ((role_flags(config_role(&p->cfg, pin)) & ROLE_INPUT) &&
            config_channel(&p->cfg, pin, 0) == ch)
            return true;
    return config_channel_type(&p->cfg, ch) != CHANNEL_DEFAULT;
}

static void button(struct plug *p, struct out *o, unsigned ch)
{
    const bool inverted = config_channel_type(&p->cfg, ch) == CHANNEL_TOGGLE_INV;
    const bool on = (channel_get(p, ch) != 0) != inverted;
    char name[CHANNEL_LABEL];

    out_fmt(o, "<button name=\"tgl\" value=\"%u\" class=\"%s\">", ch, on ? "on" : "off");
    out_html(o, channel_label(p, ch, name));
    out_fmt(o, ": %s</button>", on ? "ON" : "OFF");
}

static void value(struct plug *p, struct out *o, unsigned ch)
{
    char name[CHANNEL_LABEL];

    out_text(o, "<tr><td>");
    out_html(o, channel_label(p, ch, name));
    out_fmt(o, "</td><td colspan=\"2\">%d</td></tr>", (int)channel_get(p, ch));
}

/* Switches or `values` from *at on, some of them. True: there are more. */
static bool channels(struct plug *p, struct out *o, bool values, uint32_t *at)
{
    unsigned told = 0;

    for (; *at < CHANNELS && told < 3; (*at)++) {
        if (p->ch.hidden >> *at & 1)
            continue;
        if (is_switch(p, *at) ? values : !values || !is_value(p, *at))
            continue;
        told++;
        if (values)
            value(p, o, *at);
        else
            button(p, o, *at);
    }
    if (*at < CHANNELS)
        return true;
    *at = 0;
    return false;
}

static void wifi_row(struct plug *p, struct out *o)
{
    struct hal_radio_network n;

    if (hal_radio_link(&n)) {
        out_text(o, "<tr><td>Wi-Fi</td><td colspan=\"2\">");
        out_html(o, n.ssid);
        out_fmt(o, ", %d dBm</td></tr>", n.rssi);
    } else {
        row(o, "Wi-Fi",
            hal_radio_state() == HAL_RADIO_AP           ? "own access point"
            : config_text(&p->cfg, CFG_SSID)[0] == '\0' ? "not set up"
                                                        : "not connected");
    }
}

static void notices(struct plug *p, struct out *o)
{
    if (p->reboot_in_s)
        out_text(o, "<p class=\"n\">Restarting.</p>");
    if (p->safe_mode)
        out_text(o, "<p class=\"n\">Safe mode: relays are off and stay off, because the last "
                    "starts did not last.</p>");
}

static void network(struct plug *p, struct out *o)
{
    wifi_row(p, o);
    row(o, "MQTT",
        p->mqtt.connected                        ? "connected"
        : config_text(&p->cfg, CFG_MQTT_HOST)[0] ? "not connected"
                                                 : "not set up");
    out_fmt(o, "<tr><td>Up</td><td colspan=\"2\">%u d %02u:%02u:%02u</td></tr></table>",
            (unsigned)(p->uptime_s / 86400), (unsigned)(p->uptime_s / 3600 % 24),
            (unsigned)(p->uptime_s / 60 % 60), (unsigned)(p->uptime_s % 60));
}

/* What is polled, in `rounds` of its own, each told by the step it is at. */
enum step { NOTICES, SWITCHES, METER, VALUES, NETWORK, OVER };

static enum step state(struct plug *p, struct out *o, enum step step, uint32_t *at)
{
    switch (step) {
    case NOTICES:
        notices(p, o);
        page_form(o, "index");
        return SWITCHES;
    case SWITCHES:
        if (channels(p, o, false, at))
            return SWITCHES;
        out_text(o, "</form><table>");
        return METER;
    case METER:
        meter_page(p, o);
        return VALUES;
    case VALUES:
        return channels(p, o, true, at) ? VALUES : NETWORK;
    default:
        network(p, o);
        return OVER;
    }
}

/* Values come anew unless a finger is on them. Who has the time gives it to a plug that has
 * not. */
static void script(struct plug *p, struct out *o)
{
    const unsigned ms = p->cmds.index_refresh ? p->cmds.index_refresh : REFRESH_MS;

    out_fmt(o,
            "<script>var s=document.getElementById('s');setInterval(function(){"
            "if(document.hidden||s.matches(':active'))return;fetch('index?state=1')"
            ".then(function(r){return r.ok?r.text():Promise.reject()}).then(function(t){"
            "if(!s.matches(':active'))s.innerHTML=t;s.style.opacity=1}).catch(function(){"
            "s.style.opacity=.4})},%u);",
            ms);
    if (!p->clock.synced)
        out_text(o, "fetch('pmntp?EPOCH='+Math.floor(Date.now()/1000)+'&OFFSET='"
                    "+(-60*new Date().getTimezoneOffset()));");
    out_text(o, "</script>");
}

static bool set(struct http_request *rq, const char *value, const char *index, bool *done)
{
    int32_t v, ch;

    if (!http_number(rq, value, &v))
        return true;
    *done = true;
    return http_number(rq, index, &ch) && ch >= 0 && channel_set(rq->p, (unsigned)ch, v, false);
}

/* What the query asks for. False: it cannot be. */
static bool act(struct http_request *rq, bool *done)
{
    struct plug *p = rq->p;
    int32_t n;
    bool fine = true;

    if (http_number(rq, "unsafe", &n) && n == 1 && p->safe_mode) {
        *done = true;
        plug_leave_safe_mode(p);
    }
    if (http_number(rq, "tgl", &n)) {
        *done = true;
        fine = n >= 0 && channel_toggle(p, (unsigned)n);
    }
    for (unsigned on = 0; on < 2; on++)
        if (http_number(rq, on ? "on" : "off", &n)) {
            *done = true;
            fine = n >= 0 && channel_set(p, (unsigned)n, (int32_t)on, false) && fine;
        }
    fine = set(rq, "set", "setIndex", done) && fine;
    fine = set(rq, "pwm", "pwmIndex", done) && fine;
    fine = set(rq, "dim", "dimIndex", done) && fine;
    if (http_number(rq, "restart", &n) && n == 1) {
        *done = true;
        plug_reboot(p, 1);
    }
    return fine;
}

/* In `at`: the step, whether it is all that is asked for, the channel. */
#define STEP(step, only, at) ((uint32_t)(step) << 16 | (uint32_t)(only) << 8 | (at))

static bool begin_index(struct http_request *rq, struct http_conn *c, struct out *o)
{
    struct plug *p = rq->p;
    bool done = false, only;
    int32_t n;

    if (!act(rq, &done))
        return http_refuse(c, o, p->safe_mode ? 409 : 400, 400,
                           p->safe_mode ? "safe mode: nothing is switched" : "no such channel");
    only = http_number(rq, "state", &n) && n == 1;
    if (!only && done)
        return http_see(c, o, "/index");
    rq->at = STEP(NOTICES, only, 0);
    if (!only) {
        page_top(p, o, "Plug");
        out_text(o, "<div id=\"s\">");
    }
    return true;
}

static bool page_index(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    struct plug *p = rq->p;
    const bool only = rq->at >> 8 & 1;
    enum step step = (enum step)(rq->at >> 16);
    uint32_t at = rq->at & 0xff;

    if (!round)
        return begin_index(rq, c, o);
    if (step != OVER) {
        step = state(p, o, step, &at);
        rq->at = STEP(step, only, at);
        return step != OVER || !only;
    }
    out_text(o, "</div>");
    if (p->safe_mode) {
        page_form(o, "index?unsafe=1");
        page_form_end(o, "Leave safe mode");
    }
    script(p, o);
    page_end(o);
    return false;
}

/* ---- the rest ---------------------------------------------------------------------- */

static bool page_about(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    struct plug *p = rq->p;
    uint8_t mac[6];

    (void)c;
    if (round == 0) {
        page_top(p, o, "About");
        return true;
    }
    hal_mac(mac);
    out_text(o, "<table>");
    row(o, "Firmware", PLUG_VERSION);
    row(o, "Build", p->build);
    row(o, "Chip", p->chip->name);
    out_fmt(o, "<tr><td>MAC</td><td>%02X:%02X:%02X:%02X:%02X:%02X</td></tr>", mac[0], mac[1],
            mac[2], mac[3], mac[4], mac[5]);
    row(o, "This run began by", plug_reset_name(p));
    out_fmt(o,
            "<tr><td>Starts</td><td>%u, of which watchdog %u, exception %u, low voltage "
            "%u</td></tr><tr><td>Settings saved</td><td>%d</td></tr><tr><td>Updates</td>"
            "<td>%d</td></tr></table>",
            vars_boots(&p->vars), p->trouble.watchdog, p->trouble.exception, p->trouble.brownout,
            (int)config_number(&p->cfg, CFG_CHANGES), (int)config_number(&p->cfg, CFG_OTAS));
    page_form(o, "index?restart=1");
    page_form_end(o, "Restart");
    page_end(o);
    return false;
}

static bool page_logs(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    (void)c;
    if (round == 0) {
        page_top(rq->p, o, "Log");
        return true;
    }
    out_text(o, "<pre id=\"l\"></pre><script>var l=document.getElementById('l');function g(){"
                "fetch('lograw').then(function(r){return r.text()}).then(function(t){"
                "l.textContent=t})}g();setInterval(g,3000)</script>");
    page_form(o, "cfg_loglevel_set");
    page_number(o, "Level, 1 (errors) to 4 (all)", "loglevel", rq->p->log.level);
    page_form_end(o, "Set");
    out_text(o, "<p><a href=\"cmd_tool\">Commands</a></p>");
    page_end(o);
    return false;
}

/* As much as the ring holds, and no more: what comes meanwhile is for the next time. */
static bool page_lograw(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    char piece[128];
    size_t n = 1;

    if (!round)
        http_type(c, "text/plain; charset=utf-8");
    for (unsigned i = 0; i < 6 && n; i++) {
        n = log_read(rq->p, &rq->at, piece, sizeof piece);
        out_bytes(o, piece, n);
    }
    return n && round < LOG_SIZE / sizeof piece / 6 + 1;
}

static bool page_log_level(struct http_request *rq, struct http_conn *c, struct out *o,
                           unsigned round)
{
    int32_t level;

    (void)round;
    if (!http_number(rq, "loglevel", &level) && !http_number(rq, "level", &level))
        return http_refuse(c, o, 400, 400, "loglevel=0..4");
    if (level < LOG_NONE || level > LOG_DEBUG)
        return http_refuse(c, o, 400, 400, "loglevel=0..4");
    rq->p->log.level = (uint8_t)level;
    return http_see(c, o, "/logs");
}

/* What a command says, as text, as far as the page has room for it. */
static bool escape(void *user, const char *text, size_t len)
{
    struct out *o = user;

    if (o->cap - o->len > 6 * len + BEHIND_REPLY)
        out_html(o, text);
    return true;
}

/* The command runs in a round of its own, with all the room there is for what it says. */
static bool page_command(struct http_request *rq, struct http_conn *c, struct out *o,
                         unsigned round)
{
    static const char *const results[] = {"",           "unknown",       "too few arguments",
                                          "no command", "no such value", "failed"};
    const char *command;
    char piece[64];
    struct out reply;
    enum cmd_result r;

    (void)c;
    if (round == 0) {
        page_top(rq->p, o, "Commands");
        return true;
    }
    if (round == 1) {
        page_form(o, "cmd_tool");
        page_text(o, "Command", "cmd", "", CMD_TEXT - 1);
        page_form_end(o, "Run");
        return true;
    }
    command = http_long_field(rq, "cmd");
    if (command && *command) {
        out_text(o, "<pre>");
        out_init(&reply, piece, sizeof piece);
        reply.sink = escape;
        reply.user = o;
        r = cmd_run(rq->p, command, CMD_HTTP, &reply);
        out_flush(&reply);
        out_fmt(o, "\n%s</pre>", results[r]);
    }
    page_end(o);
    return false;
}

static bool page_time(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    char text[16];
    uint64_t epoch;
    int32_t offset;

    (void)round;
    if (!http_field(rq, "EPOCH", text, sizeof text) || !text_u64(text, &epoch) ||
        epoch < 1600000000u || epoch > UINT32_MAX)
        return http_refuse(c, o, 400, 400, "EPOCH is seconds since 1970");
    if (http_number(rq, "OFFSET", &offset)) {
        if (offset < -14 * 3600 || offset > 14 * 3600)
            return http_refuse(c, o, 400, 400, "OFFSET is seconds from UTC");
        rq->p->clock.offset_s = offset;
    }
    clock_set(rq->p, (uint32_t)epoch);
    http_type(c, "text/plain");
    out_text(o, "OK");
    return false;
}

/* The web application of OpenBeken, from where the settings say. */
static bool page_app(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    const char *url = config_text(&rq->p->cfg, CFG_WEBAPP);

    (void)round;
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        return http_refuse(c, o, 404, 404, "no web application is set");
    out_text(o, "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">"
                "<title>Web application</title></head><body><a id=\"root\" href=\"");
    out_html(o, url);
    out_text(o, "\">Web application</a><script>var root=document.getElementById('root').href,"
                "device=location.origin;</script><script src=\"");
    out_html(o, url);
    out_text(o, "startup.js\"></script></body></html>");
    return false;
}

static bool page_ssdp(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    (void)round;
    if (!rq->p->ssdp.on)
        return http_refuse(c, o, 404, 404, "SSDP is off");
    http_type(c, "text/xml");
    ssdp_xml(rq->p, o);
    return false;
}

const struct http_route http_pages[] = {
    {"/", HTTP_EITHER, false, page_index, NULL},
    {"/index", HTTP_EITHER, false, page_index, NULL},
    {"/about", HTTP_ASK, false, page_about, NULL},
    {"/logs", HTTP_ASK, false, page_logs, NULL},
    {"/lograw", HTTP_ASK, false, page_lograw, NULL},
    {"/cfg_loglevel_set", HTTP_EITHER, false, page_log_level, NULL},
    {"/cmd_tool", HTTP_EITHER, false, page_command, NULL},
    {"/pmntp", HTTP_EITHER, false, page_time, NULL},
    {"/app", HTTP_ASK, false, page_app, NULL},
    {"/ssdp.xml", HTTP_ASK, true, page_ssdp, NULL},
    {NULL, 0, false, NULL, NULL},
};
