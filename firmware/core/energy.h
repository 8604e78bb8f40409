/* energy.h - the meter's counters: how meter.c fills them; all state is in struct meter. */
#ifndef CORE_ENERGY_H
#define CORE_ENERGY_H

#include "core/meter.h"

/* What flash knows. */
void energy_load(struct plug *p);
/* What is not above 0 is nothing. */
void energy_add(struct meter *m, double wh);
/* Bring to flash what it does not know yet, if that is worth a mark. */
void energy_keep(struct plug *p);
/* Which of the days are known. */
void energy_show_days(struct meter *m);
/* Days, history, saves; `ms` since the last one. */
void energy_second(struct plug *p, uint32_t ms);

#endif
