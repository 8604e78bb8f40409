/* cmd_core.c - the plug as a whole: status, flags, restarts, drivers, aliases, choices. */
#include <string.h>

#include "core/expr.h"
#include "core/log.h"
#include "core/plug.h"
#include "core/status.h"

/* ---- asking ------------------------------------------------------------------ */

static enum cmd_result status(struct cmd *c)
{
    int32_t which = 0;
    struct out *o;

    if (c->index >= 0)
        which = c->index;
    if ((c->args && !cmd_int(c, 0, 0, 255, &which)) || !status_known((unsigned)which))
        return CMD_BAD;
    o = cmd_answer(c);
    for (unsigned round = 0; o && status_write(c->p, (unsigned)which, round, o); round++)
        ;
    return CMD_OK;
}

/* One section without its name. */
static enum cmd_result section(struct cmd *c)
{
    struct out *o = cmd_answer(c);

    if (o)
        status_section(c->p, c->value, o);
    return CMD_OK;
}

static enum cmd_result echo(struct cmd *c)
{
    char line[128];
    struct out o;

    out_init(&o, line, sizeof line);
    for (unsigned i = 0; i < c->args; i++) {
        out_text(&o, i ? " " : "");
        out_text(&o, c->arg[i]);
    }
    log_say(c->p, LOG_INFO, "%s", line);
    return CMD_OK;
}

/* ---- flags -------------------------------------------------------------------- */

static enum cmd_result flags(struct cmd *c)
{
    uint64_t mask;
    bool good = true;
    struct out *o;

    if (c->args) {
        good = text_u64(c->arg[0], &mask);
        if (good)
            config_set_flags(&c->p->cfg, mask);
    }
    o = cmd_answer(c);
    if (o) {
        out_text(o, "{\"Flags\":\"");
        status_u64(o, config_flags(&c->p->cfg));
        out_text(o, "\"}");
    }
    return good ? CMD_OK : CMD_BAD;
}

static enum cmd_result set_flag(struct cmd *c)
{
    int32_t flag, on;

    if (!cmd_int(c, 0, 0, 63, &flag) || !cmd_int(c, 1, 0, 1, &on))
        return CMD_BAD;
    config_set_flag(&c->p->cfg, (unsigned)flag, on);
    return CMD_OK;
}

/* ---- the startup command ---------------------------------------------------------- */

/* Its text may have quotes of its own, protected or not: the last quote of all ends it,
 * and nothing but a number may follow. NULL: something else does. */
static char *startup_text(char *s, bool *run)
{
    char *end = strrchr(s, '"'), *behind;

    *run = false;
    if (*s != '"')
        return s;
    if (end == s)
        return NULL;
    behind = end + 1 + strspn(end + 1, " \t");
    *run = !strcmp(behind, "1");
    if (*behind && !*run && strcmp(behind, "0") != 0)
        return NULL;
    *end = '\0';
    cmd_unescape(++s);
    return s;
}

static enum cmd_result startup(struct cmd *c)
{
    char *text;
    bool run;

    if (!c->all[0])
        return CMD_FEW;
    text = startup_text(c->all, &run);
    if (!text || strlen(text) >= CMD_TEXT || !config_set_text(&c->p->cfg, CFG_STARTUP, text))
        return CMD_BAD;
    return run && *text ? cmd_run(c->p, text, CMD_SCRIPT, NULL) : CMD_OK;
}

/* ---- commands that run commands ------------------------------------------------------ */

static enum cmd_result alias(struct cmd *c)
{
    struct cmds *m = &c->p->cmds;
    struct cmd_alias new;
    unsigned i;

    if (!text_copy(new.name, sizeof new.name, c->arg[0]) || cmd_exists(new.name) ||
        !text_copy(new.command, sizeof new.command, cmd_rest(c, 1)) || !new.command[0])
        return CMD_BAD;
    for (i = 0; i < m->aliases && !text_same(m->alias[i].name, new.name); i++)
        ;
    if (i == CMD_ALIASES)
        return CMD_ERROR;
    m->alias[i] = new;
    m->aliases = (uint8_t)(i == m->aliases ? i + 1 : m->aliases);
    return CMD_OK;
}

/* One that is not in quotes. */
static unsigned find_word(const struct cmd *c, unsigned from, const char *word)
{
    for (; from < c->args; from++)
        if (c->all[c->at[from]] != '"' && text_same(c->arg[from], word))
            return from;
    return c->args;
}

/* if COND then A [else B] */
static enum cmd_result if_then(struct cmd *c)
{
    const unsigned then = find_word(c, 0, "then"), other = find_word(c, then, "else");
    double holds;

    if (!then || then + 1 >= other || other + 1 == c->args)
        return CMD_BAD;
    if (other == CMD_ARGS) /* an else may be where we have not looked */
        return CMD_BAD;
    if (!expr_eval(c->p, cmd_part(c, 0, then), &holds))
        return CMD_BAD;
    if (holds != 0)
        return cmd_run(c->p, cmd_part(c, then + 1, other), c->source, NULL);
    return other < c->args ? cmd_run(c->p, cmd_rest(c, other + 1), c->source, NULL) : CMD_OK;
}

/* Choice 1 A B: runs B. */
static enum cmd_result choice(struct cmd *c)
{
    int32_t i;

    if (!cmd_int(c, 0, 0, CMD_ARGS, &i) || (unsigned)i + 1 >= c->args)
        return CMD_BAD;
    return cmd_run(c->p, c->arg[i + 1], c->source, NULL);
}

/* ---- drivers -------------------------------------------------------------------------- */

static const char *const meters[] = {
    [METER_BL0937] = "BL0937",
    [METER_BL0942] = "BL0942",
    [METER_CSE7766] = "CSE7766",
    [METER_TEST] = "TESTPOWER",
};

/* METER_NONE: no meter has that name. */
static unsigned meter_named(const char *name)
{
    for (unsigned i = METER_BL0937; i <= METER_TEST; i++)
        if (text_same(name, meters[i]))
            return i;
    return METER_NONE;
}

static enum cmd_result no_driver(struct cmd *c)
{
    log_say(c->p, LOG_WARN, "no such driver: %s", c->arg[0]);
    return CMD_BAD;
}

static enum cmd_result start_driver(struct cmd *c)
{
    struct plug *p = c->p;
    const unsigned meter = meter_named(c->arg[0]);

    if (text_same(c->arg[0], "NTP"))
        p->clock.ntp = true;
    else if (text_same(c->arg[0], "SSDP"))
        ssdp_start(p);
    else if (!meter)
        return no_driver(c);
    else if (p->safe_mode || !meter_start(p, meters[meter], c->args > 1 ? c->arg[1] : NULL))
        return CMD_ERROR;
    return CMD_OK;
}

static enum cmd_result stop_driver(struct cmd *c)
{
    struct plug *p = c->p;
    const unsigned meter = meter_named(c->arg[0]);

    if (text_same(c->arg[0], "NTP"))
        p->clock.ntp = false;
    else if (text_same(c->arg[0], "SSDP"))
        p->ssdp.on = false;
    else if (!meter)
        return no_driver(c);
    else if (p->meter.driver == meter)
        meter_stop(p);
    return CMD_OK;
}

/* ---- starting anew ------------------------------------------------------------------------ */

static enum cmd_result restart(struct cmd *c)
{
    int32_t seconds = 3;

    if (c->args && !cmd_int(c, 0, 0, 86400, &seconds))
        return CMD_BAD;
    plug_reboot(c->p, (uint32_t)seconds);
    return CMD_OK;
}

/* As if five boots had not lasted. */
static enum cmd_result safe_mode(struct cmd *c)
{
    struct plug *p = c->p;
    int32_t seconds = 1;

    if (c->args && !cmd_int(c, 0, 0, 86400, &seconds))
        return CMD_BAD;
    if (config_number(&p->cfg, CFG_BOOT_SECONDS) == (int32_t)PLUG_NO_SAFE)
        return CMD_ERROR; /* it has been told never to go there */
    for (unsigned i = 0; i < PLUG_SAFE_BOOTS; i++)
        vars_count_boot(&p->vars);
    p->boot_counted = true; /* this run does not clear them any more */
    if (!vars_save(p))
        return CMD_ERROR;
    plug_reboot(p, (uint32_t)seconds);
    return CMD_OK;
}

static enum cmd_result full_boot_time(struct cmd *c)
{
    int32_t seconds;

    if (!cmd_int(c, 0, 1, PLUG_NO_SAFE, &seconds))
        return CMD_BAD;
    config_set_number(&c->p->cfg, CFG_BOOT_SECONDS, seconds);
    return CMD_OK;
}

enum { CLEAR_CONFIG, CLEAR_IO, CLEAR_ALL };

static void clear_values(struct plug *p)
{
    for (unsigned ch = 0; ch < CHANNELS; ch++)
        channel_set(p, ch, 0, false);
    events_clear(p);
    cmd_stop_scripts(p);
}

/* Saved at once. Pins that lose their role are let go; the network stays until the next
 * start, so that who asked for this is answered. */
static enum cmd_result clear(struct cmd *c)
{
    struct plug *p = c->p;
    uint8_t mac[6];

    if (c->value == CLEAR_ALL)
        clear_values(p);
    for (unsigned pin = 0; pin < PINS; pin++) {
        const bool had = config_role(&p->cfg, pin);

        config_set_pin(&p->cfg, pin, 0, 0, 0);
        if (had)
            pins_changed(p, pin);
    }
    for (unsigned ch = 0; ch < CHANNELS; ch++)
        config_set_channel_type(&p->cfg, ch, 0);
    if (c->value != CLEAR_IO) {
        hal_mac(mac);
        config_defaults(&p->cfg, p->chip, mac);
    }
    return plug_save(p) ? CMD_OK : CMD_ERROR;
}

const struct cmd_entry cmd_core[] = {
    {"Status", 0, status, 0},
    {"State", 0, section, STATUS_STS},
    {"Sensor", 0, section, STATUS_SNS},
    {"echo", 0, echo, 0},
    {"Flags", 0, flags, 0},
    {"SetFlag", 2, set_flag, 0},
    {"StartupCommand", 0, startup, 0},
    {"alias", 2, alias, 0},
    {"if", 3, if_then, 0},
    {"Choice", 2, choice, 0},
    {"startDriver", 1, start_driver, 0},
    {"stopDriver", 1, stop_driver, 0},
    {"restart", 0, restart, 0},
    {"reboot", 0, restart, 0},
    {"SafeMode", 0, safe_mode, 0},
    {"FullBootTime", 1, full_boot_time, 0},
    {"clearConfig", 0, clear, CLEAR_CONFIG},
    {"clearIO", 0, clear, CLEAR_IO},
    {"clearAll", 0, clear, CLEAR_ALL},
    {0},
};
