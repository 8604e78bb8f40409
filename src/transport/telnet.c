/* telnet.c - see telnet.h. */
#include "transport/telnet.h"

static enum telnet_event after_iac(struct telnet *t, uint8_t byte)
{
    switch (byte) {
    case TELNET_IAC:
        t->state = TELNET_IN_DATA;
        return TELNET_DATA;
    case TELNET_SB:
        t->sub_len = 0;
        t->state = TELNET_IN_SUB;
        return TELNET_NOTHING;
    case TELNET_WILL:
    case TELNET_WONT:
    case TELNET_DO:
    case TELNET_DONT:
        t->verb = byte;
        t->state = TELNET_IN_VERB;
        return TELNET_NOTHING;
    default: /* NOP, go ahead, are-you-there, a stray SE: nothing for us */
        t->state = TELNET_IN_DATA;
        return TELNET_NOTHING;
    }
}

static void sub_append(struct telnet *t, uint8_t byte)
{
    if (t->sub_len < TELNET_SUB_MAX)
        t->sub[t->sub_len] = byte;
    if (t->sub_len <= TELNET_SUB_MAX)
        t->sub_len++;
    t->state = TELNET_IN_SUB;
}

enum telnet_event pf_telnet_take(struct telnet *t, uint8_t byte)
{
    switch (t->state) {
    case TELNET_IN_DATA:
        if (byte != TELNET_IAC)
            return TELNET_DATA;
        t->state = TELNET_IN_IAC;
        return TELNET_NOTHING;
    case TELNET_IN_IAC:
        return after_iac(t, byte);
    case TELNET_IN_VERB:
        t->option = byte;
        t->state = TELNET_IN_DATA;
        return TELNET_NEGOTIATE;
    case TELNET_IN_SUB:
        if (byte == TELNET_IAC)
            t->state = TELNET_IN_SUB_IAC;
        else
            sub_append(t, byte);
        return TELNET_NOTHING;
    case TELNET_IN_SUB_IAC:
        if (byte == TELNET_IAC) {
            sub_append(t, byte);
            return TELNET_NOTHING;
        }
        if (byte != TELNET_SE)
            return after_iac(t, byte);
        t->state = TELNET_IN_DATA;
        return t->sub_len >= 1 && t->sub_len <= TELNET_SUB_MAX ? TELNET_SUB : TELNET_NOTHING;
    }
    return TELNET_NOTHING;
}

size_t pf_telnet_escape(const uint8_t *in, size_t len, uint8_t *out, size_t cap, size_t *used)
{
    size_t n = 0, i = 0;

    for (; i < len && n + 2 <= cap; i++) {
        out[n++] = in[i];
        if (in[i] == TELNET_IAC)
            out[n++] = TELNET_IAC;
    }
    *used = i;
    return n;
}

size_t pf_telnet_sub(const uint8_t *body, size_t len, uint8_t *out)
{
    size_t used, n = 2;

    out[0] = TELNET_IAC;
    out[1] = TELNET_SB;
    n += pf_telnet_escape(body, len, out + n, 2 * len, &used);
    out[n++] = TELNET_IAC;
    out[n++] = TELNET_SE;
    return n;
}
