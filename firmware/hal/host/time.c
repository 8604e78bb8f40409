/* time.c - the clocks of a virtual plug: they stand until a test moves them. */
#include "hal/host/host.h"

#include <time.h>

#define HOOKS       8u
#define CATCH_UP_MS 5000u /* at most: a PC that was asleep is not a plug that was */

static uint64_t now_us, started_us;
static struct {
    void (*fn)(void *user);
    void *user;
} hook[HOOKS];
static unsigned hooks;

void host_time_reset(bool all)
{
    if (all) {
        now_us = 0;
        hooks = 0;
    }
    started_us = now_us;
}

uint64_t host_us(void)
{
    return now_us;
}

uint32_t hal_us(void)
{
    return (uint32_t)(now_us - started_us);
}

uint32_t hal_ms(void)
{
    return (uint32_t)((now_us - started_us) / 1000);
}

void host_clock_at(uint32_t ms)
{
    started_us = now_us - (uint64_t)ms * 1000; /* modulo 2^64: a difference again */
}

void host_each_ms(void (*fn)(void *user), void *user)
{
    for (unsigned i = 0; i < hooks; i++)
        if (hook[i].fn == fn && hook[i].user == user)
            return;
    if (hooks < HOOKS) {
        hook[hooks].fn = fn;
        hook[hooks++].user = user;
    }
}

void host_advance_ms(uint32_t ms)
{
    while (ms--) {
        now_us += 1000;
        for (unsigned i = 0; i < hooks; i++)
            hook[i].fn(hook[i].user);
    }
}

uint32_t host_behind_ms(void)
{
    static uint64_t last;
    struct timespec ts;
    uint64_t ms, behind;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    ms = (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
    behind = last ? ms - last : 0;
    last = ms;
    return behind < CATCH_UP_MS ? (uint32_t)behind : CATCH_UP_MS;
}

void host_follow_real_time(void)
{
    host_advance_ms(host_behind_ms());
}
