/* plug.c - the plug's life: its boot, its loop, its restarts, its safe mode.
 *
 * Settings and counters are read before anything is written, because nothing comes before
 * the relays: not the count of this boot, which may have to erase a sector first, nor the
 * log, nor the radio. Everything after that runs from plug_tick(). */
#include "core/plug.h"

#include <string.h>

#include "core/role.h"

enum { FLAG_NO_AUTOSTART = 36 };

static const char *const causes[] = {
    [HAL_RESET_POWER] = "power on",     [HAL_RESET_SOFTWARE] = "restart",
    [HAL_RESET_WATCHDOG] = "watchdog",  [HAL_RESET_EXCEPTION] = "exception",
    [HAL_RESET_BROWNOUT] = "brown-out", [HAL_RESET_UNKNOWN] = "unknown",
};

const char *plug_reset_name(const struct plug *p)
{
    return causes[p->reset_cause <= HAL_RESET_UNKNOWN ? p->reset_cause : HAL_RESET_UNKNOWN];
}

void plug_long_name(const struct plug *p, char out[64])
{
    const char *given = config_text(&p->cfg, CFG_LONG_NAME);
    uint8_t mac[6];
    struct out o;

    if (given[0]) {
        text_copy(out, 64, given);
        return;
    }
    hal_mac(mac);
    out_init(&o, out, 64);
    out_fmt(&o, "Open%s_%02X%02X%02X%02X", p->chip->name, mac[2], mac[3], mac[4], mac[5]);
}

/* ---- boot ------------------------------------------------------------------ */

/* How many boots in a row have not lasted, with this one. The supply that browns out is
 * not a person who pulls the plug: such a start is not counted. */
static unsigned unfinished(const struct plug *p)
{
    const int16_t before = (int16_t)(vars_boots(&p->vars) - vars_boots_ok(&p->vars));
    const unsigned n = before > 0 ? (unsigned)before : 0;

    return p->reset_cause == HAL_RESET_BROWNOUT ? n : n + 1;
}

static bool unsafe(const struct plug *p)
{
    return unfinished(p) >= PLUG_SAFE_BOOTS &&
           config_number(&p->cfg, CFG_BOOT_SECONDS) != (int32_t)PLUG_NO_SAFE;
}

static void count_boot(struct plug *p)
{
    const unsigned n = unfinished(p);

    p->failed_boots = (uint8_t)(n < UINT8_MAX ? n : UINT8_MAX);
    if (p->reset_cause == HAL_RESET_BROWNOUT)
        return;
    vars_count_boot(&p->vars);
    if (!vars_save(p))
        log_say(p, LOG_ERROR, "boot: flash does not take the count of boots");
}

static uint8_t *trouble_of(struct plug_trouble *t, unsigned cause)
{
    switch (cause) {
    case HAL_RESET_WATCHDOG:
        return &t->watchdog;
    case HAL_RESET_EXCEPTION:
        return &t->exception;
    case HAL_RESET_BROWNOUT:
        return &t->brownout;
    default:
        return NULL;
    }
}

/* What went wrong outlives the runs that went well. */
static void count_trouble(struct plug *p)
{
    struct plug_trouble *t = &p->trouble;
    uint8_t rec[4] = {0}, *count;

    if (store_get(&p->store, STORE_LAST, rec, sizeof rec) == sizeof rec)
        *t = (struct plug_trouble){rec[0], rec[1], rec[2], rec[3]};
    count = trouble_of(t, p->reset_cause);
    if (!count)
        return;
    t->last = p->reset_cause;
    if (*count < UINT8_MAX)
        (*count)++;
    store_set(&p->store, STORE_LAST, (uint8_t[]){t->last, t->watchdog, t->exception, t->brownout},
              sizeof rec);
}

/* A meter that is told by its pins needs no startDriver. */
static void start_meter(struct plug *p)
{
    const bool sel = pins_with_role(p, ROLE_SEL) >= 0 || pins_with_role(p, ROLE_SEL_N) >= 0;

    meter_init(p);
    if (sel && pins_with_role(p, ROLE_CF) >= 0 && pins_with_role(p, ROLE_CF1) >= 0 &&
        !config_flag(&p->cfg, FLAG_NO_AUTOSTART))
        meter_start(p, "BL0937", NULL);
}

/* What safe mode leaves out. */
static void start_services(struct plug *p)
{
    mqtt_init(p);
    if (config_text(&p->cfg, CFG_STARTUP)[0])
        cmd_run(p, config_text(&p->cfg, CFG_STARTUP), CMD_SCRIPT, NULL);
}

static void introduce(struct plug *p)
{
    struct out o;

    out_init(&o, p->build, sizeof p->build);
    out_fmt(&o, "Open%s_%s", p->chip->name, PLUG_VERSION);
    log_say(p, LOG_INFO, "%s, started by: %s, boots unfinished: %u", p->build, plug_reset_name(p),
            p->failed_boots);
    if (p->trouble.last)
        log_say(p, LOG_INFO, "over its life: %u by watchdog, %u exceptions, %u brown-outs",
                p->trouble.watchdog, p->trouble.exception, p->trouble.brownout);
    if (p->safe_mode)
        log_say(p, LOG_WARN, "safe mode: relays stay off");
}

void plug_boot(struct plug *p)
{
    uint8_t mac[6];

    memset(p, 0, sizeof *p);
    p->chip = hal_chip();
    p->reset_cause = (uint8_t)hal_reset_cause();
    p->log.level = LOG_INFO;
    store_open(&p->store, p->chip->store.addr, p->chip->store.len);
    hal_mac(mac);
    config_load(&p->cfg, &p->store, p->chip, mac);
    vars_load(p);
    p->safe_mode = unsafe(p);
    channels_start(p);
    pins_set_outputs(p);

    hal_watchdog_start(PLUG_BITES_MS);
    count_boot(p);
    count_trouble(p);
    introduce(p);
    if (!p->safe_mode) {
        pins_set_up(p);
        start_meter(p);
    }
    wifi_init(p);
    if (!p->safe_mode)
        start_services(p);
    else if (config_text(&p->cfg, CFG_SSID)[0])
        p->unsafe_in_s = PLUG_SAFE_S;
    p->quick_ms = p->second_ms = hal_ms();
}

void plug_leave_safe_mode(struct plug *p)
{
    if (!p->safe_mode)
        return;
    p->safe_mode = false;
    p->unsafe_in_s = 0;
    channels_start(p);
    pins_set_outputs(p);
    log_say(p, LOG_INFO, "safe mode is left");
    pins_set_up(p);
    start_meter(p);
    start_services(p);
}

/* ---- saving, restarting ---------------------------------------------------- */

bool plug_save(struct plug *p)
{
    if (config_save(&p->cfg, &p->store, p->chip))
        return true;
    log_say(p, LOG_ERROR, "flash does not take the settings");
    return false;
}

void plug_reboot(struct plug *p, uint32_t in_s)
{
    p->reboot_in_s = in_s ? in_s : 1;
}

/* Returns on the PC only, and then nothing may follow. */
static void restart(struct plug *p)
{
    log_say(p, LOG_INFO, "restarting");
    plug_save(p);
    if (!p->safe_mode)
        meter_save(p);
    if (p->vars.dirty)
        vars_save(p);
    hal_radio_stop(); /* a radio that is not stopped may not start again */
    hal_reboot();
}

/* ---- the loop -------------------------------------------------------------- */

static void quick(struct plug *p, uint32_t ms)
{
    pins_tick(p, ms);
    cmd_tick(p, ms);
    events_tick(p, ms);
    if (!p->safe_mode) {
        meter_quick(p, ms);
        mqtt_quick(p);
    }
    http_tick(p, ms);
}

static void count_success(struct plug *p)
{
    const int32_t set = config_number(&p->cfg, CFG_BOOT_SECONDS);
    const uint32_t needed = set > 0 && set < (int32_t)PLUG_NO_SAFE ? (uint32_t)set : PLUG_BOOT_S;

    if (p->boot_counted || p->uptime_s <= needed || ota_running(p))
        return;
    vars_boot_ok(&p->vars);
    if (!vars_save(p))
        return; /* again next second */
    p->boot_counted = true;
    p->failed_boots = 0;
}

/* How long there has been no broker, for handlers that want to do something about it. */
static void count_without_mqtt(struct plug *p)
{
    if (p->mqtt.connected || !config_text(&p->cfg, CFG_MQTT_HOST)[0])
        p->no_mqtt_s = 0;
    else if (p->no_mqtt_s < INT32_MAX)
        p->no_mqtt_s++;
    if (p->events.changes)
        event_value(p, "noMQTTTime", (int32_t)p->no_mqtt_s);
}

static void leave_safe_mode_in_time(struct plug *p)
{
    if (!p->unsafe_in_s || ota_running(p) || --p->unsafe_in_s)
        return;
    plug_leave_safe_mode(p);
    wifi_changed(p); /* from our access point to the network we know */
}

static void second(struct plug *p)
{
    p->uptime_s++;
    if (!p->safe_mode) {
        mqtt_second(p);
        count_without_mqtt(p);
        meter_second(p);
        ping_second(p);
    }
    clock_second(p);
    ssdp_second(p);
    wifi_second(p);
    count_success(p);
    if (p->cfg.dirty && !ota_running(p) && hal_ms() - p->cfg.since >= PLUG_SAVE_MS)
        plug_save(p);
    else if (!ota_running(p))
        store_tidy(&p->store); /* so that a relay never waits for an erase */
    leave_safe_mode_in_time(p);
    if (p->reboot_in_s && !--p->reboot_in_s)
        restart(p);
    hal_watchdog_feed();
}

/* Seconds that the loop was away beyond this are counted, not lived through. */
#define BEHIND_S 10u

void plug_tick(struct plug *p, uint32_t now_ms)
{
    const uint32_t ms = now_ms - p->quick_ms;
    uint32_t behind;

    if (ms >= PLUG_QUICK_MS) {
        p->quick_ms = now_ms;
        quick(p, ms);
    }
    behind = (now_ms - p->second_ms) / 1000;
    if (!behind)
        return;
    if (behind > BEHIND_S) {
        p->uptime_s += behind - BEHIND_S;
        p->second_ms += (behind - BEHIND_S) * 1000;
    }
    p->second_ms += 1000;
    second(p);
}
