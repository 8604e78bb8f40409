/* http_field.c - values of queries and forms, decoded. */
#include "core/http_inner.h"

#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char http_decoded(const char **at, bool form)
{
    const char *s = *at;
    const int high = *s == '%' ? hex_digit(s[1]) : -1, low = high >= 0 ? hex_digit(s[2]) : -1;

    *at += low >= 0 ? 3 : 1;
    if (low >= 0)
        return (char)(high << 4 | low);
    return form && *s == '+' ? ' ' : *s;
}

/* Does this pair of a form begin with the encoded name? Then where its value is. */
static const char *value_of(const char *pair, const char *name)
{
    while (*pair && *pair != '&' && *pair != '=')
        if (!*name || http_decoded(&pair, true) != *name++)
            return NULL;
    if (*name)
        return NULL;
    return *pair == '=' ? pair + 1 : pair;
}

static const char *find(const char *query, const char *name)
{
    const char *value = NULL;

    while (query && *query && !(value = value_of(query, name))) {
        query += strcspn(query, "&");
        query += *query == '&';
    }
    return value;
}

bool http_arg(const char *query, const char *name, char *buf, size_t cap)
{
    const char *from = find(query, name);
    size_t n = 0;

    if (!from || !cap)
        return false;
    while (*from && *from != '&') {
        const char c = http_decoded(&from, true);

        if (!c || n + 1 >= cap)
            return false;
        buf[n++] = c;
    }
    buf[n] = '\0';
    return true;
}

bool http_has(const struct http_request *rq, const char *name)
{
    return find(rq->body, name) || find(rq->query, name);
}

bool http_field(const struct http_request *rq, const char *name, char *buf, size_t cap)
{
    return http_arg(find(rq->body, name) ? rq->body : rq->query, name, buf, cap);
}

bool http_number(const struct http_request *rq, const char *name, int32_t *value)
{
    char text[16];

    return http_field(rq, name, text, sizeof text) && text_int(text, value);
}

char *http_long_field(struct http_request *rq, const char *name)
{
    char *form = find(rq->body, name) ? rq->body : rq->query, *to;
    const char *from = find(form, name);

    if (!from)
        return NULL;
    form = to = form + (from - form);
    while (*from && *from != '&') {
        const char c = http_decoded(&from, true);

        if (!c)
            return NULL;
        *to++ = c;
    }
    *to = '\0';
    return form;
}
