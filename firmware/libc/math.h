/* math.h - the little of it that the core uses. */
#ifndef LIBC_MATH_H
#define LIBC_MATH_H

#define isfinite(x) __builtin_isfinite(x)
#define isnan(x)    __builtin_isnan(x)
#define isinf(x)    __builtin_isinf(x)
#define signbit(x)  __builtin_signbit(x)
#define fabs(x)     __builtin_fabs(x)
#define fabsf(x)    __builtin_fabsf(x)
#define NAN         __builtin_nanf("")
#define INFINITY    __builtin_inff()

double sqrt(double x);
float sqrtf(float x);

#endif
