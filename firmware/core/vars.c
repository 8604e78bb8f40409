/* vars.c - the variables record. Read once at boot; from then on the copy in RAM is the
 * truth, and every write is of all of it: nothing that counts one thing can lose another. */
#include "core/vars.h"

#include <math.h>
#include <string.h>

#include "core/obk.h"
#include "core/plug.h"

enum {
    AT_BOOTS = 0,
    AT_BOOTS_OK = 2,
    AT_RETAINED = 4,
    AT_TOTAL = 28,
    AT_TODAY = 32,
    AT_YESTERDAY = 36,
    AT_SAVES = 40,
    AT_DAY2 = 44,
    AT_DAY3 = 48,
    AT_RESET_TIME = 52,
    AT_DAY = 59,
    AT_LEN = 63,
};

static uint32_t get_le(const uint8_t *p, unsigned size)
{
    uint32_t v = 0;

    while (size--)
        v = v << 8 | p[size];
    return v;
}

static void put(struct vars *v, unsigned at, unsigned size, uint32_t value)
{
    for (unsigned i = 0; i < size; i++) {
        const uint8_t byte = (uint8_t)(value >> 8 * i);

        v->dirty = v->dirty || v->rec[at + i] != byte;
        v->rec[at + i] = byte;
    }
}

void vars_load(struct plug *p)
{
    struct vars *v = &p->vars;

    v->dirty = false;
    if (store_get(&p->store, STORE_VARS, v->rec, VARS_SIZE) == VARS_SIZE)
        return;
    if (!obk_vars(p->chip, v->rec))
        memset(v->rec, 0, sizeof v->rec);
    vars_boot_ok(v); /* its unfinished boots are none of ours */
    v->rec[AT_LEN] = VARS_SIZE;
    v->dirty = true;
}

bool vars_save(struct plug *p)
{
    if (p->vars.dirty && !store_set(&p->store, STORE_VARS, p->vars.rec, VARS_SIZE))
        return false;
    p->vars.dirty = false;
    return true;
}

uint16_t vars_boots(const struct vars *v)
{
    return (uint16_t)get_le(v->rec + AT_BOOTS, 2);
}

uint16_t vars_boots_ok(const struct vars *v)
{
    return (uint16_t)get_le(v->rec + AT_BOOTS_OK, 2);
}

void vars_count_boot(struct vars *v)
{
    put(v, AT_BOOTS, 2, vars_boots(v) + 1u);
}

void vars_boot_ok(struct vars *v)
{
    put(v, AT_BOOTS_OK, 2, vars_boots(v));
}

int16_t vars_retained(const struct vars *v, unsigned ch)
{
    return ch < VARS_RETAINED ? (int16_t)get_le(v->rec + AT_RETAINED + 2 * ch, 2) : 0;
}

void vars_retain(struct vars *v, unsigned ch, int16_t value)
{
    if (ch < VARS_RETAINED)
        put(v, AT_RETAINED + 2 * ch, 2, (uint16_t)value);
}

/* Nothing that is no number leaves here. */
static float get_float(const struct vars *v, unsigned at)
{
    const uint32_t bits = get_le(v->rec + at, 4);
    float value;

    memcpy(&value, &bits, sizeof value);
    return isfinite(value) ? value : 0;
}

static void put_float(struct vars *v, unsigned at, float value)
{
    uint32_t bits;

    if (!isfinite(value))
        value = 0;
    memcpy(&bits, &value, sizeof bits);
    put(v, at, 4, bits);
}

void vars_energy(const struct vars *v, struct vars_energy *out)
{
    *out = (struct vars_energy){
        .total = get_float(v, AT_TOTAL),
        .today = get_float(v, AT_TODAY),
        .yesterday = get_float(v, AT_YESTERDAY),
        .day2 = get_float(v, AT_DAY2),
        .day3 = get_float(v, AT_DAY3),
        .saves = get_le(v->rec + AT_SAVES, 4),
        .reset_time = get_le(v->rec + AT_RESET_TIME, 4),
        .day_of_month = v->rec[AT_DAY],
    };
}

void vars_set_energy(struct vars *v, const struct vars_energy *e)
{
    put_float(v, AT_TOTAL, e->total);
    put_float(v, AT_TODAY, e->today);
    put_float(v, AT_YESTERDAY, e->yesterday);
    put_float(v, AT_DAY2, e->day2);
    put_float(v, AT_DAY3, e->day3);
    put(v, AT_SAVES, 4, e->saves);
    put(v, AT_RESET_TIME, 4, e->reset_time);
    put(v, AT_DAY, 1, e->day_of_month);
}
