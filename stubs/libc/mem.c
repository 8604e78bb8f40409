/* mem.c - what a compiler expects of a library. On chips only.
 *
 * Copies go by words where both ends allow it: 4 KiB, byte by byte, would take longer
 * than a UART's FIFO lasts. */
#include <stdint.h>
#include <string.h>

/* The compiler calls them by itself, when it has already decided what is used. */
#define USED __attribute__((used))

/* May alias anything. */
typedef uint32_t __attribute__((may_alias)) mem_word;

USED void *memmove(void *to, const void *from, size_t len)
{
    uint8_t *d = to;
    const uint8_t *s = from;

    if (d > s && d < s + len) {
        while (len--)
            d[len] = s[len];
        return to;
    }
    if (!(((uintptr_t)d | (uintptr_t)s) & 3))
        for (; len >= 4; len -= 4, d += 4, s += 4)
            *(mem_word *)d = *(const mem_word *)s;
    while (len--)
        *d++ = *s++;
    return to;
}

USED void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
    return memmove(to, from, len);
}

USED void *memset(void *to, int byte, size_t len)
{
    uint8_t *d = to;
    uint32_t four = (uint8_t)byte * 0x01010101u;

    if (!((uintptr_t)d & 3))
        for (; len >= 4; len -= 4, d += 4)
            *(mem_word *)d = four;
    while (len--)
        *d++ = (uint8_t)byte;
    return to;
}

USED int memcmp(const void *a, const void *b, size_t len)
{
    const uint8_t *p = a, *q = b;

    for (; len; len--, p++, q++)
        if (*p != *q)
            return *p - *q;
    return 0;
}
