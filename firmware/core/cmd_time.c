/* cmd_time.c - the time of day, and commands that wait for it to pass. */
#include "core/log.h"
#include "core/plug.h"

enum { IN_MS, IN_S };

/* Nothing waits here: the commands behind this one do. */
static enum cmd_result delay(struct cmd *c)
{
    double n;

    if (!cmd_real(c, 0, &n) || n < 0 || n > 1e6)
        return CMD_BAD;
    c->wait->asked = true;
    c->wait->ms = (uint32_t)(c->value == IN_MS ? n : n * 1000);
    return CMD_OK;
}

static enum cmd_result wait_for(struct cmd *c)
{
    enum event e;
    int32_t arg = 0;

    if (!event_parse(c->arg[0], &e) || (c->args > 1 && !cmd_int(c, 1, INT32_MIN, INT32_MAX, &arg)))
        return CMD_BAD;
    *c->wait = (struct cmd_wait){.asked = true, .for_event = true, .event = (uint8_t)e, .arg = arg};
    return CMD_OK;
}

static enum cmd_result stop_scripts(struct cmd *c)
{
    cmd_stop_scripts(c->p);
    return CMD_OK;
}

static enum cmd_result list_scripts(struct cmd *c)
{
    for (unsigned i = 0; i < CMD_SCRIPTS; i++) {
        const struct cmd_script *s = &c->p->cmds.script[i];

        if (s->busy)
            log_say(c->p, LOG_INFO, "script %u: waits %s %u, %u bytes to come", s->id,
                    s->wait.for_event ? event_name((enum event)s->wait.event) : "ms",
                    s->wait.for_event ? (unsigned)s->wait.arg : (unsigned)s->wait.ms,
                    (unsigned)(s->len - s->at));
    }
    return CMD_OK;
}

/* ---- the time of day ------------------------------------------------------------ */

static enum cmd_result set_server(struct cmd *c)
{
    return config_set_text(&c->p->cfg, CFG_NTP_SERVER, cmd_rest(c, 0)) ? CMD_OK : CMD_BAD;
}

/* Hours, or hours:minutes. */
static enum cmd_result set_offset(struct cmd *c)
{
    const char *text = c->arg[0];
    const bool minus = *text == '-';
    int32_t n[2] = {0, 0}, seconds;
    char part[8];
    unsigned i = 0, at = 0;

    for (text += minus || *text == '+';; text++) {
        if (*text && *text != ':' && at + 1 < sizeof part) {
            part[at++] = *text;
            continue;
        }
        part[at] = '\0';
        if (i == 2 || part[0] == '-' || !text_int(part, &n[i++]) || (*text && *text != ':'))
            return CMD_BAD;
        at = 0;
        if (!*text)
            break;
    }
    if (n[0] > 14 || n[1] > 59)
        return CMD_BAD;
    seconds = n[0] * 3600 + n[1] * 60;
    c->p->clock.offset_s = minus ? -seconds : seconds;
    return CMD_OK;
}

static enum cmd_result show(struct cmd *c)
{
    struct clock_date d;
    uint32_t local;

    if (!clock_now(c->p, &local, &d))
        log_say(c->p, LOG_INFO, "the time is not known; asking %s: %s",
                config_text(&c->p->cfg, CFG_NTP_SERVER), c->p->clock.ntp ? "yes" : "no");
    else
        log_say(c->p, LOG_INFO, "%04d-%02d-%02d %02d:%02d:%02d, offset %d s", d.year, d.month,
                d.day, d.hour, d.minute, d.second, (int)c->p->clock.offset_s);
    return CMD_OK;
}

const struct cmd_entry cmd_time[] = {
    {"delay_s", 1, delay, IN_S},
    {"delay_ms", 1, delay, IN_MS},
    {"waitFor", 1, wait_for, 0},
    {"stopAllScripts", 0, stop_scripts, 0},
    {"listScripts", 0, list_scripts, 0},
    {"ntp_setServer", 1, set_server, 0},
    {"ntp_timeZoneOfs", 1, set_offset, 0},
    {"ntp_info", 0, show, 0},
    {0},
};
