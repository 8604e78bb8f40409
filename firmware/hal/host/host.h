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

#endif
