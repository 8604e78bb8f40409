/* string.c - memory and text of the C library, small rather than quick; memcpy and memset,
 * which run for every frame, go by words where they may. */
#include <string.h>

#include <stdint.h>

enum { WORD = sizeof(uint32_t) };

typedef uint32_t __attribute__((may_alias)) word;

static int aligned(const void *a, const void *b)
{
    return (((uintptr_t)a | (uintptr_t)b) & (WORD - 1)) == 0;
}

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    if (aligned(t, f))
        for (; len >= WORD; len -= WORD, t += WORD, f += WORD)
            *(word *)(void *)t = *(const word *)(const void *)f;
    while (len--)
        *t++ = *f++;
    return to;
}

void *memmove(void *to, const void *from, size_t len)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    if (t <= f)
        while (len--)
            *t++ = *f++;
    else
        while (len--)
            t[len] = f[len];
    return to;
}

void *memset(void *to, int byte, size_t len)
{
    uint8_t *t = to;
    const uint32_t all = 0x01010101u * (uint8_t)byte;

    for (; len && !aligned(t, t); len--)
        *t++ = (uint8_t)byte;
    for (; len >= WORD; len -= WORD, t += WORD)
        *(word *)(void *)t = all;
    while (len--)
        *t++ = (uint8_t)byte;
    return to;
}

int memcmp(const void *a, const void *b, size_t len)
{
    const uint8_t *x = a, *y = b;

    for (; len; len--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

void *memchr(const void *in, int byte, size_t len)
{
    const uint8_t *p = in;

    for (; len; len--, p++)
        if (*p == (uint8_t)byte)
            return (void *)(uintptr_t)p;
    return NULL;
}

size_t strlen(const char *s)
{
    size_t n = 0;

    while (s[n])
        n++;
    return n;
}

size_t strnlen(const char *s, size_t max)
{
    size_t n = 0;

    while (n < max && s[n])
        n++;
    return n;
}

/* How many bytes of `s` are in `of` (or are not). */
static size_t span(const char *s, const char *of, int in)
{
    size_t n = 0;

    while (s[n] && (memchr(of, s[n], strlen(of)) != NULL) == in)
        n++;
    return n;
}

size_t strspn(const char *s, const char *of)
{
    return span(s, of, 1);
}

size_t strcspn(const char *s, const char *of)
{
    return span(s, of, 0);
}

char *strpbrk(const char *s, const char *of)
{
    s += strcspn(s, of);
    return *s ? (char *)(uintptr_t)s : NULL;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t len)
{
    for (; len; len--, a++, b++)
        if (*a != *b || !*a)
            return (uint8_t)*a - (uint8_t)*b;
    return 0;
}

char *strchr(const char *s, int c)
{
    return memchr(s, c, strlen(s) + 1);
}

char *strrchr(const char *s, int c)
{
    for (size_t n = strlen(s) + 1; n; n--)
        if (s[n - 1] == (char)c)
            return (char *)(uintptr_t)(s + n - 1);
    return NULL;
}

char *strstr(const char *s, const char *what)
{
    const size_t len = strlen(what);

    for (;; s++) {
        if (!strncmp(s, what, len))
            return (char *)(uintptr_t)s;
        if (!*s)
            return NULL;
    }
}

char *strcpy(char *restrict to, const char *restrict from)
{
    return memcpy(to, from, strlen(from) + 1);
}

char *strncpy(char *restrict to, const char *restrict from, size_t len)
{
    const size_t n = strnlen(from, len);

    memcpy(to, from, n);
    memset(to + n, 0, len - n);
    return to;
}
