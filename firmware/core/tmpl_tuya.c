/* tmpl_tuya.c - the settings that a plug's first firmware kept, as a template (reference 2.6):
 * {rl1_pin:26,rl1_lv:1,bt1_pin:10,...}, found as it is in dumps of its flash, or as JSON.
 *
 * Only what tells of pins is read. Levels are believed (`_lv`: what is on, or pressed); without
 * one, what importers of other tools take. */
#include <string.h>

#include "core/log.h"
#include "core/plug.h"
#include "core/role.h"
#include "core/tmpl_plan.h"

struct text {
    const char *at;
    size_t len;
};

struct pair {
    struct text key, value;
};

/* '#' stands for a channel, which may be missing. A pin with two uses has the upper one. */
static const struct use {
    const char *pin, *level;
    uint8_t role[2], without; /* at level 0 and 1, and if there is none */
    uint8_t channel;          /* if its name does not tell */
} uses[] = {
    {"rl#_pin", "rl#_lv", {ROLE_REL_N, ROLE_REL}, ROLE_REL, 1},
    {"bt#_pin", "bt#_lv", {ROLE_BTN, ROLE_BTN_N}, ROLE_BTN, 1},
    {"total_bt_pin", "total_bt_lv", {ROLE_BTN_ALL, ROLE_BTN_ALL_N}, ROLE_BTN_ALL, 1},
    {"key_pin", "key_lv", {ROLE_BTN_ALL, ROLE_BTN_ALL_N}, ROLE_BTN_ALL, 1},
    {"onoff#", NULL, {0}, ROLE_TOGGLE, 1},
    {"ele_pin", NULL, {0}, ROLE_CF, 0},
    {"vi_pin", NULL, {0}, ROLE_CF1, 0},
    {"sel_pin_pin", NULL, {0}, ROLE_SEL, 0},
    {"led#_pin", "led#_lv", {ROLE_LED_N, ROLE_LED}, ROLE_LED, 1},
    {"netled#_pin", "netled#_lv", {ROLE_WIFI_LED_N, ROLE_WIFI_LED}, ROLE_WIFI_LED_N, 0},
    {"wfst_pin", "wfst_lv", {ROLE_WIFI_LED_N, ROLE_WIFI_LED}, ROLE_WIFI_LED_N, 0},
    {"reset_pin", "reset_lv", {ROLE_BTN, ROLE_BTN_N}, ROLE_BTN, 0},
};
#define USES (sizeof uses / sizeof *uses)

/* ---- reading ----------------------------------------------------------------- */

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A word, in quotes or up to one of `ends`; moves on. */
static struct text word(const char **at, const char *end, const char *ends)
{
    struct text w;

    while (*at < end && blank(**at))
        ++*at;
    if (*at < end && **at == '"') {
        w.at = ++*at;
        while (*at < end && **at != '"')
            ++*at;
        w.len = (size_t)(*at - w.at);
        *at += *at < end;
    } else {
        w.at = *at;
        while (*at < end && !strchr(ends, **at))
            ++*at;
        w.len = (size_t)(*at - w.at);
        while (w.len && blank(w.at[w.len - 1]))
            w.len--;
    }
    while (*at < end && blank(**at))
        ++*at;
    return w;
}

static bool next_pair(const char **at, const char *end, struct pair *pair)
{
    while (*at < end && (blank(**at) || **at == '{' || **at == ','))
        ++*at;
    if (*at == end || **at == '}')
        return false;
    pair->key = word(at, end, ":,}");
    if (*at == end || **at != ':')
        return false;
    ++*at;
    pair->value = word(at, end, ",}");
    return true;
}

/* At most three digits. */
static bool number(struct text t, unsigned *out)
{
    *out = 0;
    if (!t.len || t.len > 3)
        return false;
    for (size_t i = 0; i < t.len; i++) {
        if (t.at[i] < '0' || t.at[i] > '9')
            return false;
        *out = *out * 10 + (unsigned)(t.at[i] - '0');
    }
    return true;
}

/* `digits`: what stands for '#'. */
static bool matches(struct text t, const char *pattern, struct text *digits)
{
    const char *hash = strchr(pattern, '#'), *rest = hash ? hash + 1 : "";
    const size_t before = hash ? (size_t)(hash - pattern) : strlen(pattern), after = strlen(rest);

    if (t.len < before + after || (!hash && t.len > before) || memcmp(t.at, pattern, before) != 0 ||
        memcmp(t.at + t.len - after, rest, after) != 0)
        return false;
    *digits = (struct text){t.at + before, t.len - before - after};
    for (size_t i = 0; i < digits->len; i++)
        if (digits->at[i] < '0' || digits->at[i] > '9')
            return false;
    return true;
}

static const struct use *use_of(struct text key, struct text *digits)
{
    for (const struct use *u = uses; u < uses + USES; u++)
        if (matches(key, u->pin, digits))
            return u;
    return NULL;
}

/* The level of the same channel; -1: none. */
static int level_of(const struct use *u, struct text digits, const char *text, size_t len)
{
    const char *at = text;
    struct pair pair;

    while (u->level && next_pair(&at, text + len, &pair)) {
        struct text its;
        unsigned level;

        if (matches(pair.key, u->level, &its) && its.len == digits.len &&
            !memcmp(its.at, digits.at, its.len) && number(pair.value, &level) && level <= 1)
            return (int)level;
    }
    return -1;
}

/* ---- what it means ------------------------------------------------------------ */

static bool refuse(struct out *why, struct text key, const char *what)
{
    out_bytes(why, key.at, key.len);
    out_text(why, what);
    return false;
}

static bool put(struct plug *p, struct plan *plan, const struct pair *pair, const struct use *u,
                struct text digits, int level, struct out *why)
{
    unsigned pin, ch = u->channel;
    struct pin_use *at;

    if (!number(pair->value, &pin) || pin >= PINS || !hal_pin_usable(pin))
        return refuse(why, pair->key, ": this chip has no such pin");
    if (digits.len && u->channel && (!number(digits, &ch) || ch >= CHANNELS))
        return refuse(why, pair->key, ": there are not so many channels");
    at = &plan->pin[pin];
    if (at->named) /* the pairs come in the order of uses[] */
        log_say(p, LOG_WARN, "template: pin %u has another use, left out", pin);
    else
        *at = (struct pin_use){
            .role = level < 0 ? u->without : u->role[level], .ch = (uint8_t)ch, .named = true};
    return true;
}

/* Modules of BK7231N begin with C or T, of BK7231T with W; those two have the same pins. */
static bool is_our_module(const struct plug *p, struct text module)
{
    return !module.len || !strchr("CTW", module.at[0]) || !strncmp(p->chip->name, "BK7231", 6);
}

static bool same(struct text t, const char *s)
{
    return t.len == strlen(s) && !memcmp(t.at, s, t.len);
}

static bool read_rest(struct plug *p, const char *text, size_t len, struct out *why)
{
    const char *at = text;
    struct pair pair;

    while (next_pair(&at, text + len, &pair)) {
        if (same(pair.key, "module") && !is_our_module(p, pair.value)) {
            out_fmt(why, "it is for another chip than %s", p->chip->name);
            return false;
        }
        if (same(pair.key, "ele_rx"))
            log_say(p, LOG_INFO, "template: a meter at a UART; try startDriver BL0942");
    }
    return true;
}

bool tuya_recognised(const char *text, size_t len)
{
    const char *at = text;
    struct pair pair;
    struct text digits;

    while (next_pair(&at, text + len, &pair))
        if (use_of(pair.key, &digits))
            return true;
    return false;
}

bool tuya_read(struct plug *p, struct plan *plan, const char *text, size_t len, struct out *why)
{
    if (!read_rest(p, text, len, why))
        return false;
    for (const struct use *u = uses; u < uses + USES; u++) {
        const char *at = text;
        struct pair pair;
        struct text digits;

        while (next_pair(&at, text + len, &pair))
            if (use_of(pair.key, &digits) == u &&
                !put(p, plan, &pair, u, digits, level_of(u, digits, text, len), why))
                return false;
    }
    plan->pins = true;
    return true;
}
