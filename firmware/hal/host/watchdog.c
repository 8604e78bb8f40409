/* watchdog.c - bites when it is not fed: counted, and out of whatever is running. */
#include "hal/host/host.h"

static uint32_t limit;
static uint64_t fed_us; /* in the world's time: a clock that is set does not bite */
static unsigned bites;
static jmp_buf *where;

static void tick(void *user)
{
    (void)user;
    if (!limit || host_us() - fed_us <= (uint64_t)limit * 1000)
        return;
    limit = 0;
    bites++;
    if (where)
        longjmp(*where, 1);
}

void host_watchdog_reset(bool all)
{
    limit = 0;
    if (!all)
        return;
    bites = 0;
    where = NULL;
}

void hal_watchdog_start(uint32_t ms)
{
    host_note(HOST_WATCHDOG_START, ms, 0);
    limit = ms;
    fed_us = host_us();
    host_each_ms(tick, NULL);
}

void hal_watchdog_feed(void)
{
    fed_us = host_us();
}

void host_bite_to(jmp_buf *to)
{
    where = to;
}

unsigned host_bites(void)
{
    return bites;
}

uint32_t host_watchdog_ms(void)
{
    return limit;
}
