/* tmpl.c - device templates: looked at as a whole, then applied as a whole.
 *
 * Applying one is what the importer of the web application does with its commands: pins
 * (all of them, those it does not name are cleared), flags if it has any, the startup
 * command if it has one; nothing else of the settings is touched. */
#include "core/tmpl.h"

#include <string.h>

#include "core/cmd.h"
#include "core/json.h"
#include "core/log.h"
#include "core/plug.h"
#include "core/role.h"
#include "core/status.h"
#include "core/tmpl_plan.h"

enum { FLAG_NO_AUTOSTART = 36 };

/* ---- reading ----------------------------------------------------------------- */

/* BK7231T and BK7231N have the same pins, and so have the modules they come on. */
static bool is_our_chip(const struct plug *p, const char *name)
{
    const char *beken = "BK7231";
    const size_t n = strlen(beken);

    return text_same(name, p->chip->name) ||
           (!strncmp(name, beken, n) && !strncmp(p->chip->name, beken, n));
}

static bool read_chip(const struct plug *p, const struct json *v, struct out *why)
{
    char name[32];

    if (v->kind == JSON_NONE || v->kind == JSON_NULL)
        return true;
    if (json_string(v, name, sizeof name) && is_our_chip(p, name))
        return true;
    out_fmt(why, "it is for another chip than %s", p->chip->name);
    return false;
}

/* ";ch" of a pin; moves on. False: that is no channel. */
static bool read_channel(char **at, uint8_t *ch)
{
    char *end;
    int32_t n;
    bool good;

    if (!*at)
        return true;
    end = strchr(*at, ';');
    if (end)
        *end++ = '\0';
    while (**at == ' ')
        ++*at;
    good = text_int(*at, &n) && n >= 0 && n < (int32_t)CHANNELS;
    *ch = good ? (uint8_t)n : 0;
    *at = end;
    return good;
}

/* "Role;ch;ch2" */
static bool read_use(char *text, struct pin_use *use)
{
    char *at = strchr(text, ';');

    if (at)
        *at++ = '\0';
    return role_parse(text, &use->role) && read_channel(&at, &use->ch) &&
           read_channel(&at, &use->ch2) && !at;
}

static bool read_pin(struct plan *plan, const struct json *key, const struct json *value,
                     struct out *why)
{
    char name[8], text[48];
    int32_t pin;

    if (!json_string(key, name, sizeof name) || !text_int(name, &pin) || pin < 0 ||
        pin >= (int32_t)PINS || !hal_pin_usable((unsigned)pin)) {
        out_fmt(why, "this chip has no such pin: %s", name);
        return false;
    }
    if (plan->pin[pin].named) {
        out_fmt(why, "pin %s is there twice", name);
        return false;
    }
    plan->pin[pin].named = true;
    if (json_string(value, text, sizeof text) && read_use(text, &plan->pin[pin]))
        return true;
    out_fmt(why, "pin %s: not a role and its channels: %s", name, text);
    return false;
}

static bool read_pins(struct plan *plan, const struct json *v, struct out *why)
{
    struct json key, value;
    size_t at = 0;

    plan->pins = v->kind == JSON_OBJECT;
    if (v->kind != JSON_OBJECT && v->kind != JSON_NONE && v->kind != JSON_NULL) {
        out_text(why, "pins are no object");
        return false;
    }
    while (plan->pins && json_next(v, &at, &key, &value))
        if (!read_pin(plan, &key, &value, why))
            return false;
    return true;
}

/* A text of digits, or a number. */
static bool read_flags(struct plan *plan, const struct json *v, struct out *why)
{
    char text[24];
    const bool number = v->kind == JSON_NUMBER && v->len < sizeof text;

    plan->flags = v->kind != JSON_NONE && v->kind != JSON_NULL;
    if (!plan->flags)
        return true;
    if (number) {
        memcpy(text, v->text, v->len);
        text[v->len] = '\0';
    }
    if ((number || json_string(v, text, sizeof text)) && text_u64(text, &plan->mask))
        return true;
    out_text(why, "flags are no number");
    return false;
}

static bool read_command(struct plan *plan, const struct json *v, struct out *why)
{
    plan->command = v->kind != JSON_NONE && v->kind != JSON_NULL;
    if (!plan->command || json_string(v, plan->text, sizeof plan->text))
        return true;
    out_fmt(why, "the command is no text of up to %u bytes", CMD_TEXT - 1);
    return false;
}

static bool read_plan(struct plug *p, struct plan *plan, const char *json, size_t len,
                      struct out *why)
{
    const struct json v = json_parse(json, len);
    const struct json chip = json_member(&v, "chip"), pins = json_member(&v, "pins"),
                      flags = json_member(&v, "flags"), command = json_member(&v, "command");

    if (pins.kind + flags.kind + command.kind == JSON_NONE && tuya_recognised(json, len))
        return tuya_read(p, plan, json, len, why);
    if (v.kind != JSON_OBJECT) {
        out_text(why, "it is no JSON object");
        return false;
    }
    if (!read_chip(p, &chip, why) || !read_pins(plan, &pins, why) ||
        !read_flags(plan, &flags, why) || !read_command(plan, &command, why))
        return false;
    if (plan->pins || plan->flags || plan->command)
        return true;
    out_text(why, "it has neither pins nor flags nor a command");
    return false;
}

/* ---- applying ------------------------------------------------------------------ */

static bool same(const struct config *c, unsigned pin, const struct pin_use *use)
{
    return config_role(c, pin) == use->role && config_channel(c, pin, 0) == use->ch &&
           config_channel(c, pin, 1) == use->ch2;
}

static void apply_pins(struct plug *p, const struct plan *plan)
{
    bool changed[PINS];

    for (unsigned pin = 0; pin < PINS; pin++) {
        const struct pin_use *use = &plan->pin[pin];

        changed[pin] = !same(&p->cfg, pin, use);
        config_set_pin(&p->cfg, pin, use->role, use->ch, use->ch2);
    }
    /* Not before all of them are as they will be. */
    for (unsigned pin = 0; pin < PINS; pin++)
        if (changed[pin])
            pins_changed(p, pin);
}

/* As at the boot that comes: a meter told by its pins measures from now on. */
static void start_meter(struct plug *p)
{
    const bool sel = pins_with_role(p, ROLE_SEL) >= 0 || pins_with_role(p, ROLE_SEL_N) >= 0;

    if (p->pins.up && p->meter.driver == METER_NONE && sel && pins_with_role(p, ROLE_CF) >= 0 &&
        pins_with_role(p, ROLE_CF1) >= 0 && !config_flag(&p->cfg, FLAG_NO_AUTOSTART))
        meter_start(p, "BL0937", NULL);
}

bool template_apply(struct plug *p, const char *json, size_t len, struct out *why)
{
    struct plan plan = {0};

    if (!read_plan(p, &plan, json, len, why))
        return false;
    if (plan.flags)
        config_set_flags(&p->cfg, plan.mask);
    if (plan.command)
        config_set_text(&p->cfg, CFG_STARTUP, plan.text);
    if (plan.pins) {
        apply_pins(p, &plan);
        start_meter(p);
    }
    log_say(p, LOG_INFO, "a template was applied");
    return true;
}

/* ---- and back -------------------------------------------------------------------- */

static void export_pins(const struct plug *p, struct out *o)
{
    const char *comma = "";

    for (unsigned pin = 0; pin < PINS; pin++) {
        const unsigned role = config_role(&p->cfg, pin);

        if (!role || role >= ROLES)
            continue;
        out_fmt(o, "%s\"%u\":\"%s;%u", comma, pin, role_name(role),
                config_channel(&p->cfg, pin, 0));
        if (config_channel(&p->cfg, pin, 1))
            out_fmt(o, ";%u", config_channel(&p->cfg, pin, 1));
        out_char(o, '"');
        comma = ",";
    }
}

void template_export(struct plug *p, struct out *o)
{
    char name[64];

    plug_long_name(p, name);
    out_text(o, "{\"vendor\":\"\",\"bDetailed\":\"0\",\"name\":\"");
    out_json(o, name);
    out_fmt(o, "\",\"model\":\"\",\"chip\":\"%s\",\"board\":\"\",\"flags\":\"", p->chip->name);
    status_u64(o, config_flags(&p->cfg));
    out_text(o, "\",\"pins\":{");
    export_pins(p, o);
    out_text(o, "},\"command\":\"");
    out_json(o, config_text(&p->cfg, CFG_STARTUP));
    out_text(o, "\"}");
}
