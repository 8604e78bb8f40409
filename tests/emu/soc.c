/* soc.c - see soc.h. */
#include "emu/soc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void emu_complain(struct emu_complaints *c, const char *format, ...)
{
    char line[120];
    size_t have = strlen(c->text);
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    c->count++;
    strcat(line, "\n");
    if (strstr(c->text, line) || c->lines == EMU_TEXT_LINES)
        return;
    c->lines++;
    snprintf(c->text + have, sizeof c->text - have, "%s", line);
}

void emu_clock_init(struct emu_clock *c, uint64_t ps, uint64_t cycles, uint32_t hz)
{
    c->base_ps = ps;
    c->base_cycles = cycles;
    c->hz = hz;
    c->ps_20 = (EMU_SECOND << 20) / hz;
}

void emu_clock_rebase(struct emu_clock *c, uint64_t cycles)
{
    c->base_ps = emu_clock_ps(c, cycles);
    c->base_cycles = cycles;
}

void emu_clock_set(struct emu_clock *c, uint64_t cycles, uint32_t hz)
{
    if (hz != c->hz)
        emu_clock_init(c, emu_clock_ps(c, cycles), cycles, hz);
}

uint64_t emu_clock_ps(const struct emu_clock *c, uint64_t cycles)
{
    return c->base_ps + ((cycles - c->base_cycles) * c->ps_20 >> 20);
}

uint64_t emu_clock_cycles(const struct emu_clock *c, uint64_t ps)
{
    if (ps <= c->base_ps)
        return c->base_cycles;
    return c->base_cycles + (ps - c->base_ps) * (1u << 20) / c->ps_20 + 1;
}

uint64_t emu_ticks_ps(uint64_t n, uint32_t hz)
{
    return n / hz * EMU_SECOND + n % hz * 1000000u / hz * 1000000u +
           n % hz * 1000000u % hz * 1000000u / hz;
}

uint64_t emu_counter_at(const struct emu_counter *c, uint64_t ps)
{
    uint64_t past, us, rest;

    if (!c->hz || ps <= c->since_ps)
        return c->value;
    past = ps - c->since_ps;
    us = past % EMU_SECOND / 1000000u; /* in parts: past * hz does not fit */
    rest = us * c->hz % 1000000u * 1000000u + past % 1000000u * c->hz;
    return c->value + past / EMU_SECOND * c->hz + us * c->hz / 1000000u + rest / EMU_SECOND;
}

void emu_counter_rate(struct emu_counter *c, uint64_t ps, uint32_t hz)
{
    if (hz != c->hz)
        emu_counter_set(c, ps, emu_counter_at(c, ps));
    c->hz = hz;
}

void emu_counter_set(struct emu_counter *c, uint64_t ps, uint64_t value)
{
    c->value = value;
    c->since_ps = ps;
}
