/* simplug.h - the plug around the chip: mains, relays with loads, buttons, LEDs, and a
 * meter chip that measures what really flows and says so as the real one does, in pulses
 * or in frames on a UART.
 *
 * Built from the pins of a device template; scripted by the functions here; lives with the
 * virtual clock of host.h. It knows the boards and the data sheets, nothing of the core. */
#ifndef HAL_HOST_SIMPLUG_H
#define HAL_HOST_SIMPLUG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is soldered to the pins: {"14":"BL0937CF;0","24":"Btn;1","25":"Rel;1"}. After
 * host_reset(); roles a plug has no part for are left out. 230 V, 50 Hz, no loads. False: not
 * such a text. */
bool simplug_build(const char *pins);

/* ---- mains and loads ------------------------------------------------------ */

void simplug_mains(double volt, double hertz);
/* On the relay of a channel: takes `watt` at 230 V, else with the square of the voltage;
 * negative: feeds back. `factor`: power factor, over 0 to 1. */
void simplug_load(unsigned ch, double watt, double factor);

struct simplug_truth {
    double volt, hertz, ampere, watt, wh;
};
struct simplug_truth simplug_truth(void);

/* ---- relays, LEDs, buttons ------------------------------------------------ */

bool simplug_relay(unsigned ch); /* its coil is energised: the load is on */
/* Each time a coil of that channel was switched, since the build or simplug_forget(). */
struct simplug_move {
    uint64_t us;
    bool on;
};
size_t simplug_moves(unsigned ch, struct simplug_move *out, size_t cap);
void simplug_forget(void);
bool simplug_lit(unsigned pin); /* the LED there */

void simplug_press(unsigned pin);
void simplug_release(unsigned pin);
void simplug_click(unsigned pin, uint32_t ms); /* pressed, and released by itself */
void simplug_switch(unsigned pin, bool high);  /* a rocker, or what feeds a dInput */

/* ---- meters --------------------------------------------------------------- */

/* BL0937: volts, amperes and watts for each pulse per second; and how long CF1 goes on with
 * the old quantity after SEL has moved (100 ms). */
void simplug_bl0937(double volt, double ampere, double watt, uint32_t settle_ms);

enum simplug_meter { SIMPLUG_NO_METER, SIMPLUG_BL0942, SIMPLUG_CSE7766 };
/* On a UART: what it is, its port, its rate. A port that the plug opens otherwise (parity
 * too: none, even) hears noise. */
void simplug_meter(enum simplug_meter meter, unsigned port, uint32_t baud);
void simplug_meter_silent(bool silent);
void simplug_meter_lose(unsigned bytes);    /* the next ones never arrive */
void simplug_meter_flip(unsigned nth);      /* a bit of the nth byte from now, 0: the next */
void simplug_bl0942_count(uint32_t pulses); /* where its energy counter stands */
uint32_t simplug_bl0942_reg(uint8_t reg);   /* as written by the plug */
unsigned simplug_bl0942_bad(void);          /* requests it did not understand */

#endif
