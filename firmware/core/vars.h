/* vars.h - the 64 bytes of reference 7.4: boot counters, retained channels, energy. */
#ifndef CORE_VARS_H
#define CORE_VARS_H

#include <stdbool.h>
#include <stdint.h>

#define VARS_SIZE     64u
#define VARS_RETAINED 12u

struct vars {
    uint8_t rec[VARS_SIZE];
    bool dirty;
};

struct plug;

void vars_load(struct plug *p);
/* Write now; false: the flash did not take it. */
bool vars_save(struct plug *p);

uint16_t vars_boots(const struct vars *v);
uint16_t vars_boots_ok(const struct vars *v);
void vars_count_boot(struct vars *v);
void vars_boot_ok(struct vars *v);
int16_t vars_retained(const struct vars *v, unsigned ch); /* 0 beyond VARS_RETAINED */
void vars_retain(struct vars *v, unsigned ch, int16_t value);

struct vars_energy {
    float total, today, yesterday, day2, day3; /* Wh */
    uint32_t saves, reset_time;
    uint8_t day_of_month;
};
void vars_energy(const struct vars *v, struct vars_energy *out);
void vars_set_energy(struct vars *v, const struct vars_energy *e);

#endif
