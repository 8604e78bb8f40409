/* trace_format.c - the reader of trace.h: strict, bounded, pure. */
#include "transport/trace.h"

#include <stdbool.h>
#include <string.h>

struct text {
    const char *at, *end;
};

static bool take_char(struct text *t, char c)
{
    if (t->at == t->end || *t->at != c)
        return false;
    t->at++;
    return true;
}

/* A decimal number without leading zeros, up to `max`. */
static bool take_number(struct text *t, uint64_t max, uint64_t *value)
{
    const char *first = t->at;

    *value = 0;
    while (t->at != t->end && *t->at >= '0' && *t->at <= '9') {
        uint64_t digit = (uint64_t)(*t->at - '0');

        if (*value > (max - digit) / 10)
            return false;
        *value = *value * 10 + digit;
        t->at++;
    }
    return t->at != first && (*first != '0' || t->at == first + 1);
}

static bool take_flag(struct text *t, bool *on)
{
    *on = t->at != t->end && *t->at == '1';
    return take_char(t, '0') || take_char(t, '1');
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_bytes(struct text *t, struct pf_trace_event *ev)
{
    for (; t->end - t->at >= 2 && ev->len < sizeof ev->bytes; t->at += 2) {
        int high = hex_digit(t->at[0]), low = hex_digit(t->at[1]);

        if (high < 0 || low < 0)
            return false;
        ev->bytes[ev->len++] = (uint8_t)(high << 4 | low);
    }
    return ev->len > 0;
}

static bool take_error(struct text *t, struct pf_trace_event *ev)
{
    size_t len = (size_t)(t->end - t->at);

    for (int code = PF_ERR_INTERNAL; code >= PF_ERR_CANCELED; code--) {
        const char *name = pf_err_name((enum pf_err)code);

        if (strlen(name) == len && memcmp(name, t->at, len) == 0) {
            ev->err = (enum pf_err)code;
            t->at = t->end;
            return true;
        }
    }
    return false;
}

static bool take_event(struct text *t, struct pf_trace_event *ev)
{
    bool a = false, b = false;
    uint64_t value = 0;
    char what;

    if (!take_number(t, INT64_MAX, &ev->at_us) || !take_char(t, ' ') || t->at == t->end)
        return false;
    what = *t->at++;
    if (what == 'D' || what == 'I' || what == 'T') {
        ev->kind = what == 'D' ? PF_TRACE_DRAIN : what == 'I' ? PF_TRACE_DISCARD : PF_TRACE_TIMEOUT;
        return true;
    }
    if (!take_char(t, ' '))
        return false;
    switch (what) {
    case '>':
        ev->kind = PF_TRACE_WRITE;
        return take_bytes(t, ev);
    case '<':
        ev->kind = PF_TRACE_READ;
        return take_bytes(t, ev);
    case 'L':
        ev->kind = PF_TRACE_LINES;
        if (!take_flag(t, &a) || !take_char(t, ' ') || !take_flag(t, &b))
            return false;
        ev->value = (a ? 1u : 0) | (b ? 2u : 0); /* PF_LINE_DTR, PF_LINE_RTS */
        return true;
    case 'B':
        ev->kind = PF_TRACE_BAUD;
        if (!take_number(t, UINT32_MAX, &value))
            return false;
        ev->value = (uint32_t)value;
        return true;
    case 'P':
        ev->kind = PF_TRACE_POWER;
        if (!take_flag(t, &a))
            return false;
        ev->value = a;
        return true;
    case '!':
        ev->kind = PF_TRACE_ERROR;
        return take_error(t, ev);
    default:
        return false;
    }
}

enum pf_err pf_trace_parse_line(const char *line, size_t len, struct pf_trace_event *ev)
{
    struct text t = {line, line + len};

    memset(ev, 0, sizeof *ev);
    if (len > PF_TRACE_LINE_MAX)
        return PF_ERR_FILE;
    if (len > 0 && line[0] == '#')
        return PF_OK; /* PF_TRACE_COMMENT */
    if (len == strlen(PF_TRACE_HEADER) && memcmp(line, PF_TRACE_HEADER, len) == 0) {
        ev->kind = PF_TRACE_MAGIC;
        return PF_OK;
    }
    if (len > 5 && memcmp(line, "port ", 5) == 0) {
        ev->kind = PF_TRACE_PORT;
        return PF_OK;
    }
    return take_event(&t, ev) && t.at == t.end ? PF_OK : PF_ERR_FILE;
}
