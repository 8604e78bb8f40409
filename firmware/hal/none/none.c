/* none.c - a chip of which nothing is there: what the firmware weighs without one.
 * scripts/firmware links it for its size report. It also lists all that a chip has to be. */
#include <string.h>

#include "core/plug.h"
#include "hal/hal.h"
#include "net/net.h"

void start(void);

static const struct hal_chip chip = {.name = "none", .short_prefix = "none", .group = "nones"};
static volatile uint32_t ticks; /* what it reads is not known to the compiler */
static struct plug plug;

const struct hal_chip *hal_chip(void)
{
    return &chip;
}

void hal_mac(uint8_t mac[6])
{
    memset(mac, (int)ticks, 6);
}

bool hal_flash_read(uint32_t addr, void *buf, size_t len)
{
    memset(buf, (int)addr, len);
    return ticks != 0;
}

bool hal_flash_erase(uint32_t addr)
{
    return addr != ticks;
}

bool hal_flash_program(uint32_t addr, const void *data, size_t len)
{
    return addr != ticks && data && len;
}

unsigned hal_pin_count(void)
{
    return ticks;
}

bool hal_pin_usable(unsigned pin)
{
    return pin != ticks;
}

const char *hal_pin_label(unsigned pin)
{
    return pin == ticks ? "P0" : "P1";
}

void hal_pin_output(unsigned pin, bool level)
{
    ticks += pin + level;
}

void hal_pin_write(unsigned pin, bool level)
{
    ticks += pin + level;
}

void hal_pin_input(unsigned pin, enum hal_pull pull)
{
    ticks += pin + (unsigned)pull;
}

bool hal_pin_read(unsigned pin)
{
    return pin == ticks;
}

bool hal_pulse_attach(unsigned pin)
{
    return pin == ticks;
}

void hal_pulse_detach(unsigned pin)
{
    ticks += pin;
}

struct hal_pulse hal_pulse_read(unsigned pin)
{
    return (struct hal_pulse){pin, ticks};
}

uint32_t hal_ms(void)
{
    return ticks;
}

uint32_t hal_us(void)
{
    return ticks;
}

bool hal_uart_open(unsigned port, uint32_t baud, enum hal_parity parity)
{
    return port + baud + (unsigned)parity == ticks;
}

void hal_uart_close(unsigned port)
{
    ticks += port;
}

size_t hal_uart_write(unsigned port, const void *data, size_t len)
{
    return data ? len : port;
}

size_t hal_uart_read(unsigned port, void *buf, size_t cap)
{
    memset(buf, (int)port, cap);
    return cap;
}

void hal_radio_connect(const char *ssid, const char *password, const uint8_t *bssid,
                       uint8_t channel)
{
    ticks += strlen(ssid) + strlen(password) + (bssid != NULL) + channel;
}

void hal_radio_open_ap(const char *ssid)
{
    ticks += strlen(ssid);
}

void hal_radio_stop(void)
{
    ticks++;
}

enum hal_radio_state hal_radio_state(void)
{
    return (enum hal_radio_state)ticks;
}

bool hal_radio_link(struct hal_radio_network *out)
{
    memset(out, 0, sizeof *out);
    return ticks != 0;
}

void hal_radio_power_save(unsigned level)
{
    ticks += level;
}

void hal_radio_scan(void)
{
    ticks++;
}

int hal_radio_scanned(struct hal_radio_network *out, size_t cap)
{
    memset(out, 0, cap * sizeof *out);
    return (int)ticks;
}

enum hal_reset_cause hal_reset_cause(void)
{
    return (enum hal_reset_cause)ticks;
}

void hal_reboot(void)
{
    ticks = 0;
}

void hal_watchdog_start(uint32_t ms)
{
    ticks += ms;
}

void hal_watchdog_feed(void)
{
    ticks++;
}

uint32_t hal_random(void)
{
    return ticks;
}

bool hal_net_send(const void *frame, size_t len)
{
    return frame && len;
}

size_t hal_net_receive(void *frame, size_t cap)
{
    memset(frame, 0, cap);
    return ticks;
}

void start(void)
{
    net_init(&plug);
    plug_boot(&plug);
    for (;;) {
        plug_tick(&plug, hal_ms());
        net_poll(&plug, hal_ms());
    }
}
