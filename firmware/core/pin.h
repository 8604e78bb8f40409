/* pin.h - pins in their roles: set-up, levels that follow channels, inputs, LEDs. */
#ifndef CORE_PIN_H
#define CORE_PIN_H

#include "core/button.h"
#include "core/config.h"

struct plug;

#define PIN_AP_HOLD_MS 10000u /* a button held so long opens the access point */
#define PIN_AP_BOOT_S  5u     /* a double click so soon after boot does, too */

struct pins {
    bool up;            /* set up: not in safe mode */
    uint8_t role[PINS]; /* as set up */
    struct button button[PINS];
    uint8_t level[PINS];   /* of inputs: debounced */
    uint16_t bounce[PINS]; /* ms the raw level has differed */
    uint32_t blink_ms;     /* of the Wi-Fi LED */
    bool blink;            /* it is lit */
};

/* Relays, then constant levels: before anything else of the boot. In safe mode relays are
 * driven off, and no other pin is touched. */
void pins_set_outputs(struct plug *p);
/* LEDs, buttons, inputs. Pins of a meter are its driver's. */
void pins_set_up(struct plug *p);
/* A role or channel was changed: only that pin is touched. */
void pins_changed(struct plug *p, unsigned pin);
/* Show the value of a channel on its pins. */
void pins_show(struct plug *p, unsigned ch);
/* Inputs, buttons, LEDs; `ms` since the last call. */
void pins_tick(struct plug *p, uint32_t ms);

/* Channels that have a relay, as a mask; the lowest one, -1: none. */
uint64_t pins_relays(const struct plug *p);
int pins_first_relay(const struct plug *p);
/* Has any pin a role with all these flags on this channel? */
bool pins_channel_is(const struct plug *p, unsigned ch, unsigned role_flags);
int pins_with_role(const struct plug *p, unsigned role); /* the first, -1 */

#endif
