/* random.c - noise that a seed repeats. */
#include "hal/host/host.h"

static uint32_t state = 1;

void host_seed(uint32_t seed)
{
    state = seed | 1u;
}

uint32_t hal_random(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}
