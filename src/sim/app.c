/* app.c - the application behind the loader, as far as UART1 can tell.
 *
 *   silent       takes and says nothing, like most factory firmware
 *   reboot-text  resets the chip on the text "reboot" and a line end, as
 *                OpenBeken's command line does
 *   chatty       talks on UART1: log lines and TuyaMCU heartbeats, with pieces
 *                of a loader's reply preamble in between, to confuse a parser */
#include <string.h>

#include "sim/sim_internal.h"

#define APP_BAUD     115200u
#define APP_BOOT_NS  SIM_MS(250) /* until its UART is up; nothing is known of it */
#define APP_RESET_NS SIM_MS(20)  /* from the text to the reset; likewise */

static const char *const app_says[] = {
    "Info:MAIN:Time 12, idle 218023/s, free 98112, WIFI connected\r\n",
    "\x55\xaa\x03",
    "Info:MQTT:\x04\x0e rssi -58\r\n",
    "\x55\xaa\x03\x04\x0e\x05\x01\xe0",
};

void app_start(struct sim *s)
{
    s->baud = APP_BAUD;
    s->app_have = 0;
    s->app_reboots = false;
    s->app_next = SIM_NEVER;
    if (s->cfg.app == SIM_APP_CHATTY)
        s->app_next = s->now + (s->ops->app_boot_ns ? s->ops->app_boot_ns : APP_BOOT_NS);
    if (s->ops->app_says)
        s->app_line = 0;
    if (s->ops->app_ok && !s->ops->app_ok(s)) {
        s->phase = SIM_DEAD;
        s->app_next = SIM_NEVER;
    }
}

void app_rx(struct sim *s, uint8_t byte)
{
    static const char word[] = "reboot";

    if (s->cfg.app != SIM_APP_REBOOT || s->app_reboots)
        return;
    if ((byte == '\r' || byte == '\n') && s->app_have == sizeof word - 1) {
        s->app_reboots = true;
        s->app_next = s->now + APP_RESET_NS;
        return;
    }
    /* A line that holds anything else is another command. */
    if (byte == '\r' || byte == '\n')
        s->app_have = 0;
    else if (s->app_have < sizeof word - 1 && byte == (uint8_t)word[s->app_have])
        s->app_have++;
    else
        s->app_have = byte == (uint8_t)word[0] ? 1 : 0;
}

void app_timer(struct sim *s)
{
    const char *text;
    char line[128];

    if (s->app_reboots) {
        sim_reset(s);
        return;
    }
    s->app_next = s->now + s->cfg.chat_ns;
    if (s->ops->app_says) {
        sim_chat(s, (uint8_t *)line, s->ops->app_says(s, s->app_line++, line, sizeof line));
        return;
    }
    text = app_says[s->app_line++ % (sizeof app_says / sizeof *app_says)];
    sim_chat(s, (const uint8_t *)text, strlen(text));
}
