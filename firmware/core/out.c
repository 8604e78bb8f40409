/* out.c - text that grows; numbers and names read strictly. */
#include "core/out.h"

#include <math.h>
#include <string.h>

void out_init(struct out *o, char *buf, size_t cap)
{
    *o = (struct out){.buf = buf, .cap = cap};
    if (cap)
        buf[0] = '\0';
}

bool out_flush(struct out *o)
{
    if (!o->sink || o->over || !o->cap)
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

    if (o->over || !len)
        return;
    if (o->sink ? o->cap < 2 : len >= o->cap - o->len) {
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
    out_vfmt(o, fmt, ap);
    va_end(ap);
}

void out_vfmt(struct out *o, const char *fmt, va_list ap)
{
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
}

void out_real(struct out *o, double value, unsigned decimals)
{
    const double size = value < 0 ? -value : value;
    uint64_t whole, part, unit = 1;
    double rest;

    if (!isfinite(value) || size >= 1e18) {
        out_char(o, '0');
        return;
    }
    decimals = decimals < 9 ? decimals : 9;
    for (unsigned i = 0; i < decimals; i++)
        unit *= 10;
    /* The part behind the point on its own: nothing is lost by taking it off. */
    whole = (uint64_t)size;
    rest = (size - (double)whole) * (double)unit;
    part = (uint64_t)rest;
    part += rest - (double)part >= 0.5;
    whole += part / unit;
    part %= unit;
    if (value < 0 && (whole || part))
        out_char(o, '-');
    out_number(o, whole, 10, 1, false);
    if (decimals) {
        out_char(o, '.');
        out_number(o, part, 10, decimals, false);
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

/* Bytes of the UTF-8 character that begins here; 0: it is none. */
static size_t utf8_len(const char *text)
{
    const uint8_t *p = (const uint8_t *)text;
    const size_t n = p[0] < 0x80   ? 1
                     : p[0] < 0xc2 ? 0
                     : p[0] < 0xe0 ? 2
                     : p[0] < 0xf0 ? 3
                     : p[0] < 0xf5 ? 4
                                   : 0;

    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    /* Too long a form, halves of a pair, beyond the last character. */
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

void out_json(struct out *o, const char *text)
{
    static const char codes[] = "\b\f\n\r\t", letters[] = "bfnrt";

    while (*text) {
        const size_t n = utf8_len(text);
        const char *code = strchr(codes, *text);

        if (*text == '"' || *text == '\\' || code) {
            out_char(o, '\\');
            out_char(o, code ? letters[code - codes] : *text);
        } else if ((unsigned char)*text < 0x20) {
            out_fmt(o, "\\u%04x", (unsigned)*text);
        } else if (!n) {
            out_text(o, "\\ufffd");
        } else {
            out_bytes(o, text, n);
        }
        text += n ? n : 1;
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
        const uint64_t digit = (uint64_t)(*text - '0');

        if (*text < '0' || *text > '9' || n > (UINT64_MAX - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    if (minus && n > (uint64_t)INT64_MAX + 1)
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

    if (!cap)
        return false;
    memcpy(to, from, part);
    to[part] = '\0';
    return part == n;
}
