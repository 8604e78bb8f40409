/* out.c - text that grows; numbers and names read strictly. */
#include "core/out.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

void out_init(struct out *o, char *buf, size_t cap)
{
    *o = (struct out){.buf = buf, .cap = cap};
    if (cap)
        buf[0] = '\0';
}

bool out_flush(struct out *o)
{
    if (!o->sink || o->over)
        return !o->over;
    if (o->len && !o->sink(o->user, o->buf, o->len))
        o->over = true;
    o->len = 0;
    o->buf[0] = '\0';
    return !o->over;
}

void out_bytes(struct out *o, const void *data, size_t len)
{
    const char *from = data;

    if (o->over || !o->cap)
        return;
    if (!o->sink && len >= o->cap - o->len) {
        o->over = true;
        return;
    }
    while (len) {
        size_t room = o->cap - 1 - o->len, n = len < room ? len : room;

        memcpy(o->buf + o->len, from, n);
        o->len += n;
        o->buf[o->len] = '\0';
        from += n;
        len -= n;
        if (len && !out_flush(o))
            return;
    }
}

void out_text(struct out *o, const char *text)
{
    out_bytes(o, text, strlen(text));
}

void out_char(struct out *o, char c)
{
    out_bytes(o, &c, 1);
}

/* `digits`: at least so many, filled up with zeros. */
static void out_number(struct out *o, uint64_t value, unsigned base, unsigned digits, bool upper)
{
    const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[24];
    size_t at = sizeof text;

    do {
        text[--at] = set[value % base];
        value /= base;
    } while (value);
    while (sizeof text - at < digits && at)
        text[--at] = '0';
    out_bytes(o, text + at, sizeof text - at);
}

static void out_signed(struct out *o, int64_t value, unsigned digits)
{
    if (value < 0)
        out_char(o, '-');
    out_number(o, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, digits, false);
}

void out_fmt(struct out *o, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    for (; *fmt; fmt++) {
        unsigned digits = 0;

        if (*fmt != '%') {
            out_char(o, *fmt);
            continue;
        }
        fmt++;
        if (*fmt == '0' && fmt[1] >= '1' && fmt[1] <= '9') {
            digits = (unsigned)(fmt[1] - '0');
            fmt += 2;
        }
        switch (*fmt) {
        case 's':
            out_text(o, va_arg(ap, const char *));
            break;
        case 'c':
            out_char(o, (char)va_arg(ap, int));
            break;
        case 'd':
            out_signed(o, va_arg(ap, int), digits);
            break;
        case 'u':
            out_number(o, va_arg(ap, unsigned), 10, digits, false);
            break;
        case 'x':
        case 'X':
            out_number(o, va_arg(ap, unsigned), 16, digits, *fmt == 'X');
            break;
        case '\0':
            fmt--;
            break;
        default:
            out_char(o, *fmt);
        }
    }
    va_end(ap);
}

/* The value times 10^decimals, rounded; false: not finite or beyond what fits. */
static bool scaled(double value, unsigned decimals, uint64_t *out, uint64_t *unit)
{
    *unit = 1;
    for (unsigned i = 0; i < decimals && i < 9; i++)
        *unit *= 10;
    value = fabs(value) * (double)*unit;
    if (!(value < 9e15))
        return false;
    *out = (uint64_t)(value + 0.5);
    return true;
}

void out_real(struct out *o, double value, unsigned decimals)
{
    uint64_t n, unit;

    if (!isfinite(value) || !scaled(value, decimals, &n, &unit)) {
        out_char(o, '0');
        return;
    }
    if (value < 0 && n)
        out_char(o, '-');
    out_number(o, n / unit, 10, 1, false);
    if (decimals) {
        out_char(o, '.');
        out_number(o, n % unit, 10, decimals < 9 ? decimals : 9, false);
    }
}

void out_short(struct out *o, double value, unsigned decimals)
{
    char text[40];
    struct out tmp;

    out_init(&tmp, text, sizeof text);
    out_real(&tmp, value, decimals);
    while (decimals && tmp.len > 1 && text[tmp.len - 1] == '0')
        text[--tmp.len] = '\0';
    if (decimals && tmp.len > 1 && text[tmp.len - 1] == '.')
        text[--tmp.len] = '\0';
    out_text(o, text);
}

void out_json(struct out *o, const char *text)
{
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\') {
            out_char(o, '\\');
            out_char(o, (char)c);
        } else if (c == '\n') {
            out_text(o, "\\n");
        } else if (c == '\r') {
            out_text(o, "\\r");
        } else if (c == '\t') {
            out_text(o, "\\t");
        } else if (c < 0x20) {
            out_fmt(o, "\\u%04x", c);
        } else {
            out_char(o, (char)c);
        }
    }
}

void out_html(struct out *o, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '<':
            out_text(o, "&lt;");
            break;
        case '>':
            out_text(o, "&gt;");
            break;
        case '&':
            out_text(o, "&amp;");
            break;
        case '"':
            out_text(o, "&quot;");
            break;
        case '\'':
            out_text(o, "&#39;");
            break;
        default:
            out_char(o, *text);
        }
}

void out_url(struct out *o, const char *text)
{
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;

        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
            c == '-' || c == '_' || c == '.')
            out_char(o, (char)c);
        else
            out_fmt(o, "%%%02X", c);
    }
}

/* ---- reading -------------------------------------------------------------- */

bool text_u64(const char *text, uint64_t *out)
{
    const bool minus = *text == '-';
    uint64_t n = 0;

    text += minus;
    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || n > (UINT64_MAX - 9) / 10)
            return false;
        n = n * 10 + (uint64_t)(*text - '0');
    }
    if (minus && n > (uint64_t)INT64_MAX)
        return false;
    *out = minus ? 0 - n : n;
    return true;
}

bool text_int(const char *text, int32_t *out)
{
    uint64_t n;

    if (!text_u64(text, &n))
        return false;
    if (*text == '-' ? 0 - n > (uint64_t)INT32_MAX + 1 : n > INT32_MAX)
        return false;
    *out = (int32_t)(uint32_t)n;
    return true;
}

bool text_real(const char *text, double *out)
{
    const bool minus = *text == '-';
    double value = 0, unit = 1;
    unsigned digits = 0;
    bool point = false;

    text += minus || *text == '+';
    for (; *text; text++) {
        if (*text == '.' && !point) {
            point = true;
        } else if (*text >= '0' && *text <= '9' && digits < 18) {
            digits++;
            value = value * 10 + (*text - '0');
            unit *= point ? 10 : 1;
        } else {
            return false;
        }
    }
    if (!digits || value / unit > 1e9)
        return false;
    *out = minus ? -value / unit : value / unit;
    return true;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool text_same(const char *a, const char *b)
{
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

bool text_copy(char *to, size_t cap, const char *from)
{
    size_t n = strlen(from), part = n < cap ? n : cap - 1;

    memcpy(to, from, part);
    to[part] = '\0';
    return part == n;
}
