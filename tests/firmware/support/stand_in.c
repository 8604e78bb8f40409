/* stand_in.c - the least that modules of the core have to do for their neighbours' tests,
 * while they are not there yet. Each is weak, linked last, and goes when its module comes. */
#include <stdio.h>
#include <string.h>

#include "core/plug.h"
#include "hal/host/host.h"

#define WEAK __attribute__((weak))

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

WEAK void mqtt_restart(struct plug *p)
{
    p->mqtt.wanted = true;
}

WEAK void mqtt_quantity(struct plug *p, unsigned quantity)
{
    p->mqtt.quantities |= 1u << quantity;
}

WEAK bool mqtt_publish(struct plug *p, const char *topic, const char *text, bool retain, bool raw)
{
    (void)topic;
    (void)text;
    (void)retain;
    (void)raw;
    return ++p->mqtt.published > 0;
}

WEAK void mqtt_discover(struct plug *p, const char *prefix)
{
    p->mqtt.discovery = prefix != NULL;
}

WEAK void ssdp_start(struct plug *p)
{
    p->ssdp.on = true;
}

WEAK bool clock_now(const struct plug *p, uint32_t *local_s, struct clock_date *date)
{
    memset(date, 0, sizeof *date);
    *local_s = p->clock.epoch_s + (uint32_t)p->clock.offset_s;
    return p->clock.synced;
}

WEAK bool net_address(uint8_t ip[4], uint8_t mask[4], uint8_t gw[4], uint8_t dns[4])
{
    return host_lease(ip, mask, gw, dns);
}
