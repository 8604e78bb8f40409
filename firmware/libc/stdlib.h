/* stdlib.h - what lwIP includes and, as it is set up here, does not use. */
#ifndef LIBC_STDLIB_H
#define LIBC_STDLIB_H

#include <stddef.h>

int atoi(const char *s);

#endif
