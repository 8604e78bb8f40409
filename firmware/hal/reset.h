/* reset.h - why we run, and how to start anew. */
#ifndef HAL_RESET_H
#define HAL_RESET_H

enum hal_reset_cause {
    HAL_RESET_POWER,
    HAL_RESET_SOFTWARE,
    HAL_RESET_WATCHDOG,
    HAL_RESET_EXCEPTION,
    HAL_RESET_BROWNOUT,
    HAL_RESET_UNKNOWN,
};

enum hal_reset_cause hal_reset_cause(void);
/* Does not return on a chip; on the PC the loop sees it at once. */
void hal_reboot(void);

#endif
