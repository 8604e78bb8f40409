/* sweep.h - how thorough a sweep is. PF_SWEEP_STRIDE=n takes every n-th position, or days n times
 * shorter: for builds that are slow because they look closely. */
#ifndef TESTS_SUPPORT_SWEEP_H
#define TESTS_SUPPORT_SWEEP_H

#include <stdlib.h>

/* At least 1; 1 without it. */
static inline unsigned sweep_stride(void)
{
    const char *text = getenv("PF_SWEEP_STRIDE");
    const unsigned long n = text ? strtoul(text, NULL, 0) : 0;

    return n && n < 1000000 ? (unsigned)n : 1;
}

#endif
