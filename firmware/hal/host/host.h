/* host.h - the contracts of hal/ on a PC, and the strings a test pulls behind them.
 *
 * One plug per process. host_reset() makes it new: flash blank, nothing connected,
 * clock at 0. A reboot of the plug under test is plug_boot() on the same flash. */
#ifndef HAL_HOST_H
#define HAL_HOST_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/hal.h"

/* ---- host.c: the chip --------------------------------------------------- */

void host_reset(void);
/* What hal_chip() says from now on; host_reset() makes it an ECR6600 again. */
void host_chip(enum hal_family family);
/* AA:BB:CC:DD:EE:FF after host_reset(). */
void host_mac(const uint8_t mac[6]);

/* ---- power --------------------------------------------------------------- */

/* Where the power goes off to: setjmp() there, 0 first, 1 when it has gone. NULL: a
 * cut aborts the program. */
void host_power_to(jmp_buf *where);
/* Off, now. Does not return. */
void host_power_off(void) __attribute__((noreturn));

/* ---- flash.c ------------------------------------------------------------- */

/* What becomes of the operation at which the power goes: nothing of it, a part, some
 * bits here and there, all of it. */
enum host_cut { HOST_CUT_BEFORE, HOST_CUT_PART, HOST_CUT_NOISE, HOST_CUT_AFTER, HOST_CUTS };

struct host_flash_stats {
    uint32_t erases, programs; /* begun */
    uint32_t violations; /* programmed a bit from 0 to 1, across a page, erase not on a sector */
    uint32_t outside;    /* erased or programmed what is not `guard`ed for it */
};

void host_flash_reset(void); /* blank, no cut, counters 0 */
uint8_t *host_flash(void);   /* all of it, to be looked at and written without counting */
/* The operation `nth` from now (0: the next erase or program) is the last one. */
void host_flash_cut(uint32_t nth, enum host_cut how, uint32_t seed);
/* The same, but it fails instead: returns false and has done nothing. */
void host_flash_fail(uint32_t nth);
/* Neither. */
void host_flash_calm(void);
/* Operations beyond this span count as outside; len 0: anything goes. */
void host_flash_guard(uint32_t addr, uint32_t len);
struct host_flash_stats host_flash_stats(void);
uint32_t host_flash_erases(uint32_t addr); /* of its sector */

/* ---- time.c -------------------------------------------------------------- */

/* A virtual clock: time passes when told to, millisecond by millisecond, and whatever is
 * connected lives along with it. hal_ms() and hal_us() count from the last start. */
void host_advance_ms(uint32_t ms);
uint64_t host_us(void); /* since host_reset() */
/* hal_ms() says this from now on, to see it overflow. */
void host_clock_at(uint32_t ms);
/* How much time has passed on the PC's clock since the last time one asked. */
uint32_t host_behind_ms(void);
/* Follow the PC's clock: so much passes for the plug as well. Call it each turn. */
void host_follow_real_time(void);
/* Called after each millisecond; at most 8. A second time with the same pair: no-op. */
void host_each_ms(void (*fn)(void *user), void *user);

/* ---- reset.c ------------------------------------------------------------- */

/* The chip starts anew: pins float, UARTs and radio and counters are off, the clock is
 * at 0. Flash and all that is outside stay. Then call plug_boot(). */
void host_restart(enum hal_reset_cause cause);
bool host_reboot_asked(void); /* hal_reboot() was called since the last start */

/* ---- calls.c: what the chip was told, in order ---------------------------- */

enum host_call {
    HOST_PIN_LATCH, /* a pin, level: its output latch */
    HOST_PIN_DRIVE, /* a pin, level: its driver is enabled */
    HOST_PIN_WRITE, /* a pin, level, of an output */
    HOST_PIN_INPUT, /* a pin, pull */
    HOST_PULSE_ATTACH,
    HOST_ERASE,   /* address */
    HOST_PROGRAM, /* address, length */
    HOST_UART_OPEN,
    HOST_RADIO_CONNECT,
    HOST_RADIO_OPEN_AP,
    HOST_RADIO_STOP,
    HOST_RADIO_SCAN,
    HOST_WATCHDOG_START, /* ms */
    HOST_REBOOT,
    HOST_CALLS
};
struct host_called {
    enum host_call call;
    uint32_t a, b;
    uint64_t us;
};
#define HOST_CALLS_KEPT 1024u /* since forgotten; more are not kept */
void host_note(enum host_call call, uint32_t a, uint32_t b);
void host_calls_forget(void);
size_t host_calls(void);
const struct host_called *host_called(size_t i);
/* Which of the calls was the first of its kind (and with this `a`, unless HOST_ANY); -1: none. */
#define HOST_ANY UINT32_MAX
int host_first(enum host_call call, uint32_t a);
unsigned host_count(enum host_call call, uint32_t a);

/* ---- pins.c -------------------------------------------------------------- */

enum host_wire { HOST_OPEN, HOST_LOW, HOST_HIGH };

/* What is connected from outside drives a pin so. */
void host_pin_wire(unsigned pin, enum host_wire wire);
bool host_pin_driven(unsigned pin); /* by the chip */
bool host_pin_level(unsigned pin);  /* whoever makes it: chip, wire, pull; else low */
/* Told of each change of what the chip drives: driven or not, and the level. */
void host_pins_watch(void (*fn)(void *user, unsigned pin), void *user);
/* Times chip and wire drove against each other. */
unsigned host_pin_fights(void);

/* ---- pulse.c ------------------------------------------------------------- */

/* `n` falling edges have come, the last one `ago_us` before now. Lost if not attached. */
void host_pulse_edges(unsigned pin, uint32_t n, uint32_t ago_us);
bool host_pulse_attached(unsigned pin);

/* ---- uart.c -------------------------------------------------------------- */

struct host_uart {
    bool open;
    uint32_t baud;
    enum hal_parity parity;
    uint32_t lost; /* bytes that found the port closed, or its ring full */
};
struct host_uart host_uart(unsigned port);
/* Bytes arrive at the plug. */
void host_uart_feed(unsigned port, const void *data, size_t len);
/* Take what the plug has sent; with a peer: only what came before it was there. */
size_t host_uart_sent(unsigned port, void *buf, size_t cap);
/* Called with what the plug sends. NULL: nobody. */
void host_uart_peer(unsigned port, void (*fn)(void *user, const uint8_t *data, size_t len),
                    void *user);

/* ---- radio.c ------------------------------------------------------------- */

struct host_ap {
    const char *ssid, *password; /* "": open */
    uint8_t bssid[6];
    uint8_t channel;
    int8_t rssi;
    bool down;    /* not on the air */
    bool refuses; /* hears, and does not let in */
    bool mute;    /* its DHCP server does not answer */
    uint8_t net;  /* addresses are 192.168.<net>.50 */
};
#define HOST_APS 4u
struct host_ap *host_ap(unsigned i); /* to be written; ssid NULL: there is none */
/* What the radio says when its link breaks: the truth; that it is connected still, without
 * a link; the same with a link, for ever. */
enum host_lie { HOST_HONEST, HOST_SAYS_CONNECTED, HOST_SAYS_ALL };
void host_radio_lies(enum host_lie lie);
/* From the restart `starts` on that was no power cycle the radio does not connect any more:
 * not to a given BSSID and channel; not until a full stop; not before a power cycle. */
enum host_wear { HOST_WEARS_NOT, HOST_WEARS_FAST, HOST_WEARS_UNTIL_STOP, HOST_WEARS_OUT };
void host_radio_wears(enum host_wear wear, unsigned starts);
/* The router goes, and is back after `ms`. */
void host_router_restart(unsigned i, uint32_t ms);
/* Frames would pass: the link is there, whatever the radio says. */
bool host_radio_linked(void);
/* What DHCP has given; false: nothing (yet). */
bool host_lease(uint8_t ip[4], uint8_t mask[4], uint8_t gw[4], uint8_t dns[4]);
void host_lease_renew(void);          /* ask anew */
const char *host_radio_ap_name(void); /* of our own; "": not up */

/* ---- watchdog.c ---------------------------------------------------------- */

/* Where a bite goes to: setjmp() there. NULL: it is only counted. */
void host_bite_to(jmp_buf *where);
unsigned host_bites(void);
uint32_t host_watchdog_ms(void); /* 0: not started */

/* ---- random.c ------------------------------------------------------------ */

void host_seed(uint32_t seed);

/* Each part's own reset, for host_reset() and host_restart(). */
void host_calls_reset(void);
void host_time_reset(bool all);
void host_pins_reset(bool all);
void host_pulse_reset(void);
void host_uart_reset(bool all);
void host_radio_reset(bool all, enum hal_reset_cause cause);
void host_watchdog_reset(bool all);
void host_world_reset(void);

#endif
