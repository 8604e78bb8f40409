/* reset.c - how a virtual chip starts anew: it forgets, the world around it does not. */
#include "hal/host/host.h"

static enum hal_reset_cause why;
static bool asked;

enum hal_reset_cause hal_reset_cause(void)
{
    return why;
}

void hal_reboot(void)
{
    host_note(HOST_REBOOT, 0, 0);
    asked = true;
}

bool host_reboot_asked(void)
{
    return asked;
}

static void reset(bool all, enum hal_reset_cause cause)
{
    why = cause;
    asked = false;
    host_time_reset(all);
    host_pulse_reset();
    host_uart_reset(all);
    host_radio_reset(all, cause);
    host_watchdog_reset(all);
    host_pins_reset(all);
}

void host_restart(enum hal_reset_cause cause)
{
    reset(false, cause);
}

void host_world_reset(void)
{
    host_calls_reset();
    reset(true, HAL_RESET_POWER);
    host_seed(1);
}
