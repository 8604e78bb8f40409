/* deflate.c - one sector as one raw deflate stream (RFC 1951). */
#include <string.h>

#include "common/deflate.h"

size_t stub_deflate(struct stub_deflate *w, struct stub_hal *h, const uint8_t *in, size_t len,
                    size_t history, uint8_t *out, size_t cap)
{
    (void)w;
    (void)history;
    hal_spend(h, HAL_DEFLATE, (uint32_t)len);
    if (len + 5 > cap)
        return 0;
    out[0] = 1; /* last, stored */
    out[1] = (uint8_t)len;
    out[2] = (uint8_t)(len >> 8);
    out[3] = (uint8_t)~len;
    out[4] = (uint8_t)(~len >> 8);
    for (size_t i = 0; i < len; i++) {
        if (i % 64 == 0)
            hal_poll(h);
        out[5 + i] = in[i];
    }
    return len + 5;
}
