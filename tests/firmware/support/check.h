/* check.h - what tests of the firmware share: cmocka, and noise with a printed seed. */
#ifndef TESTS_FIRMWARE_CHECK_H
#define TESTS_FIRMWARE_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* The next value of a sequence; xorshift. */
static inline uint32_t noise(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* A seed for this test, told so that a failure can be had again. */
static inline uint32_t seeded(uint32_t seed)
{
    printf("seed 0x%08x\n", (unsigned)seed);
    return seed;
}

#endif
