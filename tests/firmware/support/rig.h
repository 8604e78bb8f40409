/* rig.h - one plug on the virtual chip with the simulated board around it. */
#ifndef TESTS_FIRMWARE_RIG_H
#define TESTS_FIRMWARE_RIG_H

#include "core/plug.h"
#include "hal/host/host.h"
#include "hal/host/simplug.h"
#include "check.h"

extern struct plug rig; /* the plug under test */

/* A new chip with a new board: pins as in a template, soldered and configured. The settings
 * are on flash; change them with config_set_...(&rig.cfg, ...), then rig_boot(). */
void rig_new(enum hal_family family, const char *pins);
/* Settings go to flash, then the chip starts. */
void rig_boot(enum hal_reset_cause cause);
/* As it is, without saving: what is on flash counts. */
void rig_restart(enum hal_reset_cause cause);
/* Time passes, the loop runs each 5 ms; restarts that the plug asks for happen. */
void rig_run(uint32_t ms);
/* Press for so long, then let go for so long. */
void rig_click(unsigned pin, uint32_t down_ms, uint32_t up_ms);
/* AddEventHandler, without the parser. */
void rig_on(enum event e, int32_t arg, const char *command);
extern unsigned rig_restarts; /* asked for by the plug, since rig_new() */

#endif
