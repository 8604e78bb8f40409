/* number.c - see number.h. */
#include "cli/number.h"

#include <string.h>
#include <strings.h>

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 99;
}

/* Digits of `base` from *p on; stops at the first other character. */
static bool digits(const char **p, unsigned base, uint64_t *out)
{
    uint64_t v = 0;

    if (digit_of(**p) >= (int)base)
        return false;
    for (; digit_of(**p) < (int)base; (*p)++) {
        unsigned d = (unsigned)digit_of(**p);

        if (v > (UINT64_MAX - d) / base)
            return false;
        v = v * base + d;
    }
    *out = v;
    return true;
}

bool cli_number(const char *text, uint64_t max, uint64_t *out)
{
    const char *p = text;
    uint64_t v, unit = 1;

    if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
        p += 2;
        if (!digits(&p, 16, &v))
            return false;
    } else {
        if (p[0] == '0' && p[1] >= '0' && p[1] <= '9')
            return false;
        if (!digits(&p, 10, &v))
            return false;
        if (*p == 'k' || *p == 'K')
            unit = 1024;
        else if (*p == 'M')
            unit = 1024 * 1024;
        if (unit > 1)
            p++;
    }
    if (*p || v > max / unit)
        return false;
    *out = v * unit;
    return true;
}

bool cli_hex32(const char *text, uint32_t *out)
{
    const char *p = text;
    uint64_t v;

    if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
        p += 2;
    if (!digits(&p, 16, &v) || *p || v > UINT32_MAX)
        return false;
    *out = (uint32_t)v;
    return true;
}

bool cli_fraction(const char *text, uint64_t unit, uint64_t max, uint64_t *out)
{
    const char *p = text;
    uint64_t whole, part = 0;

    if (!digits(&p, 10, &whole) || whole > max / unit)
        return false;
    whole *= unit;
    if (*p == '.') {
        if (digit_of(p[1]) > 9)
            return false;
        for (p++; digit_of(*p) <= 9; p++) {
            if (unit % 10 != 0)
                return false;
            unit /= 10;
            part += (uint64_t)digit_of(*p) * unit;
        }
    }
    if (*p || whole + part > max)
        return false;
    *out = whole + part;
    return true;
}

bool cli_length(const char *text, struct cli_span *out)
{
    uint64_t v;

    if (strcasecmp(text, "ALL") == 0) {
        out->len = 0;
        out->to_end = true;
        return true;
    }
    if (!cli_number(text, UINT32_MAX, &v) || v == 0)
        return false;
    out->len = (uint32_t)v;
    out->to_end = false;
    return true;
}

bool cli_span(const char *text, struct cli_span *out)
{
    const char *colon = strchr(text, ':');
    struct cli_span span = {0};
    char head[32];
    uint64_t addr;

    if (!colon || (size_t)(colon - text) >= sizeof head)
        return false;
    memcpy(head, text, (size_t)(colon - text));
    head[colon - text] = '\0';
    if (!cli_number(head, UINT32_MAX, &addr) || !cli_length(colon + 1, &span))
        return false;
    span.addr = (uint32_t)addr;
    if (span.len > UINT32_MAX - span.addr)
        return false;
    *out = span;
    return true;
}
