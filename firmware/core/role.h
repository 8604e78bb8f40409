/* role.h - the 99 roles of a pin (reference 2.1). Numbers are on flash: never renumber. */
#ifndef CORE_ROLE_H
#define CORE_ROLE_H

#include <stdbool.h>
#include <stdint.h>

#define ROLES 99u

enum role {
    ROLE_NONE = 0,
    ROLE_REL = 1,
    ROLE_REL_N,
    ROLE_BTN,
    ROLE_BTN_N,
    ROLE_LED,
    ROLE_LED_N,
    ROLE_WIFI_LED = 8,
    ROLE_WIFI_LED_N,
    ROLE_BTN_ALL,
    ROLE_BTN_ALL_N,
    ROLE_DINPUT,
    ROLE_DINPUT_N,
    ROLE_TOGGLE,
    ROLE_DINPUT_NOPUP,
    ROLE_DINPUT_NOPUP_N,
    ROLE_SEL = 17,
    ROLE_CF,
    ROLE_CF1,
    ROLE_HIGH = 34,
    ROLE_LOW,
    ROLE_BTN_SCRIPT = 40, /* events only */
    ROLE_BTN_SCRIPT_N,
    ROLE_SEL_N = 64,
    ROLE_BTN_PD = 89,
    ROLE_BTN_PD_N,
    ROLE_TOGGLE_PD,
};

/* What it does to a pin; everything code would ask of a role is a flag here. */
enum role_flag {
    ROLE_OUTPUT = 1 << 0,
    ROLE_INVERTED = 1 << 1,
    ROLE_BUTTON = 1 << 2,
    ROLE_INPUT = 1 << 3,
    ROLE_RELAY = 1 << 4, /* a switch to Home Assistant, POWER to Tasmota */
    ROLE_PUBLISHES = 1 << 5,
    ROLE_PULL_DOWN = 1 << 6,
    ROLE_NO_PULL = 1 << 7,
    ROLE_TWO_CHANNELS = 1 << 8,
    ROLE_NO_CHANNEL = 1 << 9,
    ROLE_SUPPORTED = 1 << 10,
    ROLE_CONSTANT = 1 << 11, /* an output that follows no channel */
    ROLE_EDGE = 1 << 12,     /* an input whose every edge toggles */
};

const char *role_name(unsigned role); /* "" for 0 and beyond */
unsigned role_flags(unsigned role);
/* By number or name; case, blanks around and the aliases of reference 2.1 allowed. */
bool role_parse(const char *text, uint8_t *role);

#endif
