/* stand_in.c - the least that modules of the core have to do for their neighbours' tests,
 * while they are not there yet. Each is weak, linked last, and goes when its module comes. */
#include <stdio.h>
#include <string.h>

#include "core/plug.h"

#define WEAK __attribute__((weak))

/* ---- cmd.c: the handful that handlers of tests use ------------------------------- */

static enum cmd_result one(struct plug *p, const char *line)
{
    int ch, n;
    char rest[CMD_LINE];

    if (sscanf(line, "SetChannel %d %d", &ch, &n) == 2)
        return channel_set(p, (unsigned)ch, n, false) ? CMD_OK : CMD_ERROR;
    if (sscanf(line, "AddChannel %d %d", &ch, &n) == 2)
        return channel_set(p, (unsigned)ch, channel_get(p, (unsigned)ch) + n, false) ? CMD_OK
                                                                                     : CMD_ERROR;
    if (sscanf(line, "ToggleChannel %d", &ch) == 1)
        return channel_toggle(p, (unsigned)ch) ? CMD_OK : CMD_ERROR;
    if (sscanf(line, "addRepeatingEventID %d %d %d %500[^\n]", &ch, &n, &ch, rest) == 4)
        return CMD_OK;
    if (!strcmp(line, "clearAllHandlers")) {
        p->events.handlers = p->events.changes = 0;
        return CMD_OK;
    }
    if (!strcmp(line, "clearRepeatingEvents")) {
        p->events.repeats = 0;
        return CMD_OK;
    }
    return CMD_UNKNOWN;
}

WEAK enum cmd_result cmd_run(struct plug *p, const char *line, enum cmd_source source,
                             struct out *reply)
{
    enum cmd_result last = CMD_OK;
    char part[CMD_LINE];

    (void)source;
    (void)reply;
    if (strncmp(line, "backlog ", 8) != 0)
        return one(p, line);
    for (line += 8; *line; line += strspn(line, "; ")) {
        const size_t n = strcspn(line, ";");

        snprintf(part, sizeof part, "%.*s", (int)n, line);
        last = one(p, part);
        line += n;
    }
    return last;
}

WEAK void cmd_tick(struct plug *p, uint32_t ms)
{
    (void)p;
    (void)ms;
}

/* ---- wifi.c: an access point that opens when asked to ------------------------------ */

WEAK void wifi_init(struct plug *p)
{
    if (p->safe_mode || !config_text(&p->cfg, CFG_SSID)[0])
        p->wifi.ap_in_s = 5;
    else
        hal_radio_connect(config_text(&p->cfg, CFG_SSID), config_text(&p->cfg, CFG_PASSWORD), NULL,
                          0);
}

WEAK void wifi_second(struct plug *p)
{
    char name[64];

    if (!p->wifi.ap_in_s || --p->wifi.ap_in_s)
        return;
    plug_long_name(p, name);
    hal_radio_open_ap(name);
}

WEAK void wifi_open_ap(struct plug *p, uint32_t in_s)
{
    p->wifi.ap_in_s = in_s ? in_s : 1;
}

WEAK void wifi_changed(struct plug *p)
{
    wifi_init(p);
}

WEAK int wifi_code(const struct plug *p)
{
    (void)p;
    switch (hal_radio_state()) {
    case HAL_RADIO_CONNECTING:
        return 1;
    case HAL_RADIO_CONNECTED:
        return 4;
    case HAL_RADIO_AP:
        return 5;
    default:
        return 2;
    }
}

/* ---- the rest: nothing ------------------------------------------------------------- */

WEAK void mqtt_init(struct plug *p)
{
    p->mqtt.wanted = false;
}

WEAK void mqtt_second(struct plug *p)
{
    (void)p;
}

WEAK void mqtt_quick(struct plug *p)
{
    (void)p;
}

WEAK void mqtt_channel_changed(struct plug *p, unsigned ch)
{
    p->mqtt.channels |= (uint64_t)1 << ch;
}

WEAK void mqtt_quantity(struct plug *p, unsigned quantity)
{
    p->mqtt.quantities |= 1u << quantity;
}

WEAK bool clock_now(const struct plug *p, uint32_t *local_s, struct clock_date *date)
{
    memset(date, 0, sizeof *date);
    *local_s = p->clock.epoch_s + (uint32_t)p->clock.offset_s;
    return p->clock.synced;
}

WEAK void http_tick(struct plug *p, uint32_t ms)
{
    (void)p;
    (void)ms;
}

WEAK void clock_second(struct plug *p)
{
    (void)p;
}

WEAK void ssdp_second(struct plug *p)
{
    (void)p;
}
