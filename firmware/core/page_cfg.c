/* page_cfg.c - settings: pins, names, flags, start, template. Each page is a form and each
 * form's answer; what cannot be used changes nothing and says why.
 *
 * GET with a query does the same as POST with a form, because tools of the field use it. */
#include "core/page.h"

#include <string.h>

#include "core/form.h"
#include "core/plug.h"
#include "core/role.h"
#include "core/tmpl.h"

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
            return form_refuse(c, o, "a role or channel is none; nothing was changed");
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

/* Those that do something here. The others stay as they are. */
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
    {44, "No password in safe mode"},
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
        if (form_ticked(rq, name))
            mask |= (uint64_t)1 << flag;
    }
    config_set_flags(&p->cfg, mask);
}

static bool page_flags(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    struct plug *p = rq->p;
    char name[12];

    if (round == 0) {
        const bool set = form_ticked(rq, "setFlags"), boot = http_has(rq, "boot_ok_delay");
        int32_t seconds;

        if (boot && (!http_number(rq, "boot_ok_delay", &seconds) || seconds < 0 || seconds > 255))
            return form_refuse(c, o, "a start lasts 0 to 255 s");
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
                return form_refuse(c, o, "idx is a channel, value its number at the start");
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
                return form_refuse(c, o, "a startup command has 511 characters at most");
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
/* ---- names ------------------------------------------------------------------------ */

static bool page_names(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    struct plug *p = rq->p;

    if (round == 0) {
        if (http_has(rq, "shortName") || http_has(rq, "name")) {
            if (!form_fits(rq, "shortName", 31) || !form_fits(rq, "name", 63))
                return form_refuse(c, o, "a name is too long; nothing was changed");
            form_take(rq, "shortName", CFG_SHORT_NAME);
            form_take(rq, "name", CFG_LONG_NAME);
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

static bool page_webapp(struct http_request *rq, struct http_conn *c, struct out *o, unsigned round)
{
    struct plug *p = rq->p;

    if (http_has(rq, "url")) {
        if (!form_fits(rq, "url", 63))
            return form_refuse(c, o, "63 characters at most");
        form_take(rq, "url", CFG_WEBAPP);
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
                return form_refuse(c, o, piece[0] ? piece : "that is no template");
            return page_saved(rq, c, o) && http_see(c, o, "/cfg_template");
        }
        page_top(p, o, "Template");
        out_text(o, "<form method=\"post\" enctype=\"text/plain\" action=\"cfg_template\">"
                    "<p>As this plug is now. Paste another, or what Tuya's firmware kept "
                    "(rl1_pin, ...):</p>");
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
    {"/cfg_name", HTTP_EITHER, false, page_names, NULL},
    {"/cfg_webapp", HTTP_EITHER, false, page_webapp, NULL},
    {"/cfg_webapp_set", HTTP_EITHER, false, page_webapp, NULL},
    {"/cfg_template", HTTP_EITHER, false, page_template, NULL},
    {NULL, 0, false, NULL, NULL},
};
