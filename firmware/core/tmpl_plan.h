/* tmpl_plan.h - what a template is going to do: between those who read one (tmpl.c, tmpl_tuya.c)
 * and tmpl.c, which applies it. */
#ifndef CORE_TMPL_PLAN_H
#define CORE_TMPL_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cmd.h"
#include "core/config.h"
#include "core/out.h"

struct plug;

struct pin_use {
    uint8_t role, ch, ch2;
    bool named;
};

struct plan {
    struct pin_use pin[PINS];
    bool pins, flags, command;
    uint64_t mask;
    char text[CMD_TEXT];
};

/* Has it settings of Tuya's that name pins? */
bool tuya_recognised(const char *text, size_t len);
/* Of such a text; false: `why` names what cannot be used. */
bool tuya_read(struct plug *p, struct plan *plan, const char *text, size_t len, struct out *why);

#endif
