/* cc.h - what lwIP wants to know of compiler and chip. */
#ifndef NET_ARCH_CC_H
#define NET_ARCH_CC_H

#include <stdint.h>

#include "hal/random.h"

#define LWIP_NO_INTTYPES_H 1
#define LWIP_NO_CTYPE_H    1
#if !__STDC_HOSTED__
#define LWIP_NO_UNISTD_H 1
#endif
#define U8_F  "u"
#define S8_F  "d"
#define X8_F  "x"
#define U16_F "u"
#define S16_F "d"
#define X16_F "x"
#define U32_F "u"
#define S32_F "d"
#define X32_F "x"
#define SZT_F "zu"

#define LWIP_RAND() hal_random()

void net_says(const char *what);
#define LWIP_PLATFORM_DIAG(x)                                                                      \
    do {                                                                                           \
    } while (0)
#define LWIP_PLATFORM_ASSERT(x) net_says(x)

#endif
