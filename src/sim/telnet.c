/* telnet.c - see telnet.h. */
#include "sim/telnet.h"

#include <string.h>

#include "core/bytes.h"
#include "plugflash/transport.h"

enum { SE = 240, SB = 250, WILL = 251, WONT = 252, DO = 253, DONT = 254, IAC = 255 };
enum { AT_DATA, AT_IAC, AT_OPTION, AT_SB, AT_SB_IAC };

static const uint8_t options[3] = {0 /* BINARY */, 3 /* SGA */, 44 /* COM-PORT */};
#define COM_PORT 44

/* RFC 2217 commands; the answer is the command plus 100. */
enum {
    SIGNATURE = 0,
    SET_BAUDRATE = 1,
    SET_DATASIZE = 2,
    SET_PARITY = 3,
    SET_STOPSIZE = 4,
    SET_CONTROL = 5,
    SET_LINESTATE_MASK = 10,
    SET_MODEMSTATE_MASK = 11,
    PURGE_DATA = 12,
    NOTIFY_MODEMSTATE = 107,
};
#define ANSWER       100
#define MODEM_STEADY 0xB0 /* CD, DSR and CTS on, nothing changed */

static void verb(const struct telnet_sink *sink, uint8_t what, uint8_t option)
{
    uint8_t bytes[3] = {IAC, what, option};

    sink->send(sink->user, bytes, sizeof bytes);
}

void telnet_open(struct telnet *t, const struct telnet_sink *sink)
{
    memset(t, 0, sizeof *t);
    for (size_t i = 0; i < 3; i++) {
        verb(sink, DO, options[i]);
        t->him_asked[i] = true;
        if (options[i] != COM_PORT) { /* the client offers that one */
            verb(sink, WILL, options[i]);
            t->us_asked[i] = true;
        }
    }
}

size_t telnet_escape(uint8_t *out, const uint8_t *in, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        out[n++] = in[i];
        if (in[i] == IAC)
            out[n++] = IAC;
    }
    return n;
}

/* One side of one option. Answers only what is news, so that no loop starts. */
static void negotiate(const struct telnet_sink *sink, bool *on, bool *asked, bool wanted,
                      uint8_t yes, uint8_t no, uint8_t option)
{
    bool ours = *asked;

    *asked = false;
    if (wanted == *on)
        return;
    *on = wanted;
    if (!ours)
        verb(sink, wanted ? yes : no, option);
}

static void option(struct telnet *t, const struct telnet_sink *sink, uint8_t what, uint8_t code)
{
    for (size_t i = 0; i < 3; i++) {
        if (options[i] != code)
            continue;
        if (what == WILL || what == WONT)
            negotiate(sink, &t->him[i], &t->him_asked[i], what == WILL, DO, DONT, code);
        else
            negotiate(sink, &t->us[i], &t->us_asked[i], what == DO, WILL, WONT, code);
        return;
    }
    if (what == WILL)
        verb(sink, DONT, code);
    else if (what == DO)
        verb(sink, WONT, code);
}

static void answer(const struct telnet_sink *sink, uint8_t command, const uint8_t *value,
                   size_t len)
{
    uint8_t bytes[4 + 2 * 16 + 2] = {IAC, SB, COM_PORT, command};
    size_t n = 4;

    n += telnet_escape(bytes + n, value, len < 16 ? len : 16);
    bytes[n++] = IAC;
    bytes[n++] = SE;
    sink->send(sink->user, bytes, n);
}

static void answer_byte(const struct telnet_sink *sink, uint8_t command, uint8_t value)
{
    answer(sink, command + ANSWER, &value, 1);
}

/* SET-CONTROL: flow control is always off, break never on. */
static uint8_t control(const struct telnet_sink *sink, uint8_t value)
{
    unsigned state;

    switch (value) {
    case 0: /* which outbound flow control? */
    case 1:
    case 2:
    case 3:
        return 1;
    case 4: /* break? */
    case 5:
    case 6:
        return 6;
    case 7: /* DTR? on, off */
    case 8:
    case 9:
        state = sink->lines(sink->user, value == 7 ? 0 : PF_LINE_DTR, value == 8 ? PF_LINE_DTR : 0);
        return state & PF_LINE_DTR ? 8 : 9;
    case 10: /* RTS? on, off */
    case 11:
    case 12:
        state =
            sink->lines(sink->user, value == 10 ? 0 : PF_LINE_RTS, value == 11 ? PF_LINE_RTS : 0);
        return state & PF_LINE_RTS ? 11 : 12;
    default: /* inbound flow control, and what there may be later */
        return 14;
    }
}

/* What the client wants of the port; sb[0] is COM_PORT. */
static void com_port(const struct telnet_sink *sink, const uint8_t *sb, size_t len)
{
    static const uint8_t name[] = "plugflash sim";
    uint8_t command = sb[1], value = len > 2 ? sb[2] : 0, rate[4];

    switch (command) {
    case SIGNATURE:
        if (len == 2)
            answer(sink, ANSWER, name, sizeof name - 1);
        break;
    case SET_BAUDRATE:
        if (len != 6)
            return;
        put_be32(rate, sink->baud(sink->user, get_be32(sb + 2)));
        answer(sink, command + ANSWER, rate, sizeof rate);
        break;
    case SET_DATASIZE:
        answer_byte(sink, command, 8);
        break;
    case SET_PARITY:
    case SET_STOPSIZE:
        answer_byte(sink, command, 1); /* none; one bit */
        break;
    case SET_CONTROL:
        answer_byte(sink, command, control(sink, value));
        break;
    case SET_LINESTATE_MASK:
        answer_byte(sink, command, value);
        break;
    case SET_MODEMSTATE_MASK:
        answer_byte(sink, command, value);
        answer_byte(sink, NOTIFY_MODEMSTATE - ANSWER, MODEM_STEADY);
        break;
    case PURGE_DATA:
        /* 1: what the server has received, on its way to the client. */
        sink->purge(sink->user, value & 1, value & 2);
        answer_byte(sink, command, value);
        break;
    default:
        break;
    }
}

static void in_subnegotiation(struct telnet *t, const struct telnet_sink *sink, uint8_t byte)
{
    if (t->state == AT_SB_IAC && byte == SE) {
        if (t->sb_len >= 2 && t->sb[0] == COM_PORT)
            com_port(sink, t->sb, t->sb_len);
        t->state = AT_DATA;
        return;
    }
    if (t->state == AT_SB && byte == IAC) {
        t->state = AT_SB_IAC;
        return;
    }
    t->state = AT_SB;
    if (t->sb_len < sizeof t->sb)
        t->sb[t->sb_len++] = byte;
}

static void after_iac(struct telnet *t, const struct telnet_sink *sink, uint8_t byte)
{
    t->state = AT_DATA;
    if (byte == IAC) {
        sink->data(sink->user, &byte, 1);
    } else if (byte == SB) {
        t->sb_len = 0;
        t->state = AT_SB;
    } else if (byte >= WILL && byte <= DONT) {
        t->verb = byte;
        t->state = AT_OPTION;
    }
}

void telnet_input(struct telnet *t, const struct telnet_sink *sink, const uint8_t *bytes,
                  size_t len)
{
    while (len) {
        const uint8_t *iac;
        size_t n;

        if (t->state == AT_DATA) {
            iac = memchr(bytes, IAC, len);
            n = iac ? (size_t)(iac - bytes) : len;
            if (n)
                sink->data(sink->user, bytes, n);
            bytes += n;
            len -= n;
            if (!len)
                return;
            t->state = AT_IAC;
        } else if (t->state == AT_IAC) {
            after_iac(t, sink, *bytes);
        } else if (t->state == AT_OPTION) {
            t->state = AT_DATA;
            option(t, sink, t->verb, *bytes);
        } else {
            in_subnegotiation(t, sink, *bytes);
        }
        bytes++;
        len--;
    }
}
