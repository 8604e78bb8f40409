/* math.c - square roots, right to the last bit or the one before. */
#include <math.h>

#include <stdint.h>

double sqrt(double x)
{
    union {
        double d;
        uint64_t u;
    } v = {.d = x};

    if (!(x > 0) || !isfinite(x))
        return x < 0 ? (double)NAN : x;
    v.u = (v.u >> 1) + ((uint64_t)0x3ff << 51); /* half the exponent: within 6 % */
    for (unsigned i = 0; i < 5; i++)
        v.d = 0.5 * (v.d + x / v.d);
    return v.d;
}

float sqrtf(float x)
{
    return (float)sqrt((double)x);
}
