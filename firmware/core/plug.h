/* plug.h - the plug: all state of the core in one place, its boot and its loop. */
#ifndef CORE_PLUG_H
#define CORE_PLUG_H

#include "core/channel.h"
#include "core/clock.h"
#include "core/cmd.h"
#include "core/config.h"
#include "core/event.h"
#include "core/http.h"
#include "core/log.h"
#include "core/meter.h"
#include "core/mqtt.h"
#include "core/ota.h"
#include "core/pin.h"
#include "core/ping.h"
#include "core/ssdp.h"
#include "core/store.h"
#include "core/vars.h"
#include "core/wifi.h"
#include "hal/hal.h"

#define PLUG_QUICK_MS   25u
#define PLUG_SAFE_BOOTS 5u    /* unfinished ones */
#define PLUG_SAFE_S     300u  /* safe mode ends by itself after these, if a network is known */
#define PLUG_SAVE_MS    2000u /* settings are saved so long after the first change */
#define PLUG_BITES_MS   10000u
#define PLUG_BOOT_S     5u   /* a boot has succeeded after these, if settings do not tell */
#define PLUG_NO_SAFE    255u /* as CFG_BOOT_SECONDS: never safe mode */
#define PLUG_VERSION    "0.1.0"

/* Starts that nobody asked for, over the plug's life; each counts to 255, so that a storm
 * of them does not wear the flash. */
struct plug_trouble {
    uint8_t last; /* enum hal_reset_cause */
    uint8_t watchdog, exception, brownout;
};

struct plug {
    const struct hal_chip *chip;
    struct store store;
    struct config cfg;
    struct vars vars;
    struct channels ch;
    struct pins pins;
    struct events events;
    struct cmds cmds;
    struct meter meter;
    struct wifi wifi;
    struct ping ping;
    struct mqtt mqtt;
    struct ota ota;
    struct clock clock;
    struct ssdp ssdp;
    struct log log;
    struct http http;
    bool safe_mode, boot_counted;
    uint8_t failed_boots;
    uint8_t reset_cause; /* enum hal_reset_cause of this run */
    struct plug_trouble trouble;
    uint32_t quick_ms, second_ms, uptime_s;
    uint32_t reboot_in_s; /* 0: not asked for */
    uint32_t unsafe_in_s; /* leaving safe mode by itself */
    uint32_t no_mqtt_s;   /* without a broker, if there should be one */
    char build[48];
};

/* Everything until the loop: relays first. `p` is zeroed or holds an earlier run. */
void plug_boot(struct plug *p);
/* One turn of the loop, at least every 25 ms. */
void plug_tick(struct plug *p, uint32_t now_ms);
/* Settings and energy are saved, then the chip starts anew; 0 is at the next second. */
void plug_reboot(struct plug *p, uint32_t in_s);
/* Do what safe mode has left out; the access point stays open until Wi-Fi is told otherwise. */
void plug_leave_safe_mode(struct plug *p);
/* Save settings now if they differ; false: the flash did not take it. */
bool plug_save(struct plug *p);
void plug_long_name(const struct plug *p, char out[64]); /* OpenECR6600_CCDDEEFF */
const char *plug_reset_name(const struct plug *p);       /* why this run began: "power on" */

#endif
