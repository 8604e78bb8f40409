/* rfc2217.c - a serial port behind a telnet server with the COM-PORT option.
 *
 * Settings travel in-band and are acknowledged; data that arrives while we wait
 * for an acknowledgement is kept. Servers differ: some leave SET-CONTROL
 * unanswered when the port behind them has no lines (ser2net on a pty), some
 * answer with the state instead of the request, some ask for the option
 * themselves. So only the baud rate must be confirmed; what stays unanswered
 * once is warned about once and not waited for again, which keeps a remote
 * reset quick (peers.md 3.32).
 *
 * When the far UART has sent what it was given nobody tells: drain() waits for
 * the time the bytes take at the present rate, which is the least it can be. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/bytes.h"
#include "transport/backends.h"
#include "transport/posix_fd.h"
#include "transport/tcp.h"
#include "transport/telnet.h"

/* Telnet options. */
enum { OPT_BINARY = 0, OPT_SGA = 3, OPT_COM_PORT = 44 };

/* RFC 2217 section 2 and 3: client commands; the server's answer is + 100. */
enum {
    SET_BAUDRATE = 1, /* 4 bytes, big-endian */
    SET_DATASIZE = 2, /* 8: eight bits */
    SET_PARITY = 3,   /* 1: none */
    SET_STOPSIZE = 4, /* 1: one bit */
    SET_CONTROL = 5,
    FLOW_SUSPEND = 8,
    FLOW_RESUME = 9,
    SET_MODEMSTATE_MASK = 11,
    PURGE_DATA = 12, /* 1: what the server received from the port */
    FROM_SERVER = 100,
};
enum {
    CONTROL_NO_FLOW = 1,
    CONTROL_DTR_ON = 8,
    CONTROL_DTR_OFF = 9,
    CONTROL_RTS_ON = 11,
    CONTROL_RTS_OFF = 12,
};

/* What an acknowledgement can be for; a bit each in `waiting` and `mute`. */
enum {
    ACK_BAUD = 1 << 0,
    ACK_FORMAT = 1 << 1, /* data size, parity and stop size: three answers */
    ACK_FLOW = 1 << 2,
    ACK_DTR = 1 << 3,
    ACK_RTS = 1 << 4,
    ACK_PURGE = 1 << 5,
};

#define OPEN_US   5000000u /* for the option to be agreed on */
#define BAUD_US   3000000u
#define ACK_US    1000000u /* a slow network, not a slow server */
#define RX_CAP    (256u * 1024u)
#define REPLY_MAX 256 /* answers to negotiations; sane servers need ten */

struct rfc2217 {
    struct pf_transport base;
    struct pf_fd fd;
    struct telnet telnet;
    uint8_t rx[RX_CAP]; /* ring: data not yet read */
    size_t rx_head, rx_len;
    uint8_t we_will[32], they_will[32]; /* a bit per option: agreed or asked for */
    uint8_t refused_us[32], refused_them[32];
    unsigned replies;
    bool com_yes, com_no;
    bool suspended;        /* the server asked us to pause */
    unsigned waiting;      /* acknowledgements outstanding */
    unsigned mute;         /* kinds this server does not acknowledge */
    unsigned formats_left; /* of ACK_FORMAT */
    uint32_t baud_ack;
    unsigned lines;
    uint32_t baud;
    uint64_t sent_by; /* when the far UART can have sent all, at the earliest */
};

static struct rfc2217 *self(struct pf_transport *t)
{
    return (struct rfc2217 *)t;
}

static bool bit(const uint8_t *set, uint8_t i)
{
    return set[i / 8] >> i % 8 & 1;
}

static void set_bit(uint8_t *set, uint8_t i, bool on)
{
    set[i / 8] = (uint8_t)(on ? set[i / 8] | 1 << i % 8 : set[i / 8] & ~(1 << i % 8));
}

/* ---- incoming ---- */

static enum pf_err send_verb(struct rfc2217 *r, uint8_t verb, uint8_t option)
{
    const uint8_t msg[3] = {TELNET_IAC, verb, option};

    /* A server that negotiates for ever gets no more answers. */
    if (r->replies++ >= REPLY_MAX)
        return PF_OK;
    return pfd_write(&r->fd, msg, sizeof msg);
}

static bool wanted_option(uint8_t option)
{
    return option == OPT_BINARY || option == OPT_SGA || option == OPT_COM_PORT;
}

/* One side of one option: `asks` is the peer's yes, `yes` and `no` our answers.
 * Only a change is answered, else two polite peers would never end. */
static enum pf_err negotiate(struct rfc2217 *r, bool asks, uint8_t option, uint8_t *agreed,
                             uint8_t *refused, uint8_t yes, uint8_t no)
{
    if (!asks) {
        if (!bit(agreed, option))
            return PF_OK;
        set_bit(agreed, option, false);
        return send_verb(r, no, option);
    }
    if (bit(agreed, option))
        return PF_OK;
    if (wanted_option(option)) {
        set_bit(agreed, option, true);
        return send_verb(r, yes, option);
    }
    if (bit(refused, option))
        return PF_OK;
    set_bit(refused, option, true);
    return send_verb(r, no, option);
}

static enum pf_err take_verb(struct rfc2217 *r, uint8_t verb, uint8_t option)
{
    bool ours = verb == TELNET_DO || verb == TELNET_DONT;
    bool asks = verb == TELNET_DO || verb == TELNET_WILL;

    if (option == OPT_COM_PORT) {
        /* By the RFC the server says DO to our WILL; pyserial's also says WILL. */
        if (asks)
            r->com_yes = true;
        else if (ours)
            r->com_no = true;
    }
    if (ours)
        return negotiate(r, asks, option, r->we_will, r->refused_us, TELNET_WILL, TELNET_WONT);
    return negotiate(r, asks, option, r->they_will, r->refused_them, TELNET_DO, TELNET_DONT);
}

static unsigned control_kind(uint8_t value)
{
    if (value >= 7 && value <= 9)
        return ACK_DTR;
    if (value >= 10 && value <= 12)
        return ACK_RTS;
    return ACK_FLOW;
}

static void take_sub(struct rfc2217 *r)
{
    const uint8_t *sub = r->telnet.sub;
    size_t len = r->telnet.sub_len;

    if (len < 2 || sub[0] != OPT_COM_PORT)
        return;
    switch (sub[1]) {
    case FROM_SERVER + SET_BAUDRATE:
        if (len < 6)
            return;
        r->baud_ack = get_be32(sub + 2);
        r->waiting &= ~(unsigned)ACK_BAUD;
        return;
    case FROM_SERVER + SET_DATASIZE:
    case FROM_SERVER + SET_PARITY:
    case FROM_SERVER + SET_STOPSIZE:
        if (r->formats_left && --r->formats_left == 0)
            r->waiting &= ~(unsigned)ACK_FORMAT;
        return;
    case FROM_SERVER + SET_CONTROL:
        if (len >= 3)
            r->waiting &= ~control_kind(sub[2]);
        return;
    case FROM_SERVER + PURGE_DATA:
        r->waiting &= ~(unsigned)ACK_PURGE;
        return;
    case FROM_SERVER + FLOW_SUSPEND:
        r->suspended = true;
        return;
    case FROM_SERVER + FLOW_RESUME:
        r->suspended = false;
        return;
    default: /* notifications of lines and signatures */
        return;
    }
}

static enum pf_err take_bytes(struct rfc2217 *r, const uint8_t *in, size_t len)
{
    for (size_t i = 0; i < len; i++)
        switch (pf_telnet_take(&r->telnet, in[i])) {
        case TELNET_NOTHING:
            break;
        case TELNET_DATA:
            r->rx[(r->rx_head + r->rx_len++) % RX_CAP] = in[i];
            break;
        case TELNET_NEGOTIATE:
            PF_TRY(take_verb(r, r->telnet.verb, r->telnet.option));
            break;
        case TELNET_SUB:
            take_sub(r);
            break;
        }
    return PF_OK;
}

/* Take one portion from the socket, waiting until `deadline`. PF_ERR_TIMEOUT
 * also when there is no room for data: the reader must come first. */
static enum pf_err pump(struct rfc2217 *r, uint64_t deadline)
{
    uint8_t in[4096];
    size_t room = RX_CAP - r->rx_len, got;

    if (room == 0)
        return pf_fail(r->base.ctx, PF_ERR_TIMEOUT, "%s: too many unread bytes", r->fd.name);
    PF_TRY(pfd_read(&r->fd, in, room < sizeof in ? room : sizeof in, deadline, &got));
    return take_bytes(r, in, got);
}

/* Wait until none of `kinds` is outstanding. Those unanswered are still set in
 * r->waiting afterwards; only a lost connection is an error. */
static enum pf_err await(struct rfc2217 *r, unsigned kinds, uint64_t timeout_us)
{
    uint64_t deadline = pfd_now(&r->fd) + timeout_us;

    while (r->waiting & kinds && pfd_now(&r->fd) < deadline && r->rx_len < RX_CAP) {
        enum pf_err err = pump(r, deadline);

        if (err && err != PF_ERR_TIMEOUT)
            return err;
    }
    return PF_OK;
}

/* ---- outgoing ---- */

struct out {
    uint8_t bytes[128];
    size_t len;
};

static void add_command(struct out *o, uint8_t command, const uint8_t *value, size_t len)
{
    uint8_t body[6] = {OPT_COM_PORT, command};

    memcpy(body + 2, value, len);
    o->len += pf_telnet_sub(body, 2 + len, o->bytes + o->len);
}

static void add_byte(struct out *o, uint8_t command, uint8_t value)
{
    add_command(o, command, &value, 1);
}

static void add_baud(struct out *o, uint32_t baud)
{
    uint8_t value[4];

    put_be32(value, baud);
    add_command(o, SET_BAUDRATE, value, sizeof value);
}

static void add_lines(struct out *o, unsigned change, unsigned lines)
{
    if (change & PF_LINE_DTR)
        add_byte(o, SET_CONTROL, lines & PF_LINE_DTR ? CONTROL_DTR_ON : CONTROL_DTR_OFF);
    if (change & PF_LINE_RTS)
        add_byte(o, SET_CONTROL, lines & PF_LINE_RTS ? CONTROL_RTS_ON : CONTROL_RTS_OFF);
}

/* Send the commands in one piece, then collect their acknowledgements: the baud
 * rate's, which is the caller's business when it is missing, then the others.
 * Of those, what stays unanswered is named in a warning and never waited for
 * again. */
static enum pf_err command(struct rfc2217 *r, const struct out *o, unsigned kinds)
{
    static const struct {
        unsigned kind;
        const char *what;
    } names[] = {{ACK_FORMAT, "8N1"},
                 {ACK_FLOW, "no flow control"},
                 {ACK_DTR, "DTR"},
                 {ACK_RTS, "RTS"},
                 {ACK_PURGE, "a purge"}};
    unsigned missing;

    r->waiting |= kinds & ~r->mute;
    PF_TRY(pfd_write(&r->fd, o->bytes, o->len));
    PF_TRY(await(r, kinds & ACK_BAUD, BAUD_US));
    if (r->waiting & ACK_BAUD) {
        r->waiting = ACK_BAUD;
        return PF_OK;
    }
    PF_TRY(await(r, kinds, ACK_US));
    missing = r->waiting & kinds;
    r->waiting &= ~kinds;
    r->mute |= missing;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (missing & names[i].kind)
            pf_warn(r->base.ctx, "%s did not confirm %s; going on without", r->fd.name,
                    names[i].what);
    return PF_OK;
}

/* ---- the transport ---- */

static enum pf_err rfc2217_read(struct pf_transport *t, uint8_t *buf, size_t cap, uint64_t deadline,
                                size_t *got)
{
    struct rfc2217 *r = self(t);

    *got = 0;
    if (cap == 0)
        return PF_OK;
    /* Control traffic alone does not end the wait, and cannot prolong it. */
    while (r->rx_len == 0) {
        PF_TRY(pump(r, deadline));
        if (r->rx_len == 0 && pfd_now(&r->fd) >= deadline)
            return pf_fail(t->ctx, PF_ERR_TIMEOUT, "nothing came from %s", r->fd.name);
    }
    for (; *got < cap && r->rx_len; ++*got, r->rx_len--) {
        buf[*got] = r->rx[r->rx_head];
        r->rx_head = (r->rx_head + 1) % RX_CAP;
    }
    return PF_OK;
}

static enum pf_err wait_for_resume(struct rfc2217 *r)
{
    uint64_t deadline = pfd_now(&r->fd) + r->fd.stall_us;

    while (r->suspended) {
        enum pf_err err = pump(r, deadline);

        if (err && err != PF_ERR_TIMEOUT)
            return err;
        if (r->suspended && (pfd_now(&r->fd) >= deadline || r->rx_len == RX_CAP))
            return pf_fail(r->base.ctx, PF_ERR_TIMEOUT, "%s takes no more bytes", r->fd.name);
    }
    return PF_OK;
}

static enum pf_err rfc2217_write(struct pf_transport *t, const uint8_t *buf, size_t len)
{
    struct rfc2217 *r = self(t);
    uint8_t out[2048];
    uint64_t now;

    PF_TRY(wait_for_resume(r));
    now = pfd_now(&r->fd);
    r->sent_by = (r->sent_by > now ? r->sent_by : now) + (uint64_t)len * 10 * 1000000 / r->baud;
    while (len > 0) {
        size_t used, n = pf_telnet_escape(buf, len, out, sizeof out, &used);

        PF_TRY(pfd_write(&r->fd, out, n));
        buf += used;
        len -= used;
    }
    return PF_OK;
}

static enum pf_err rfc2217_drain(struct pf_transport *t)
{
    struct rfc2217 *r = self(t);
    uint64_t now = pfd_now(&r->fd);

    PF_TRY(pfd_alive(&r->fd));
    if (r->sent_by > now)
        pfd_sleep(r->sent_by - now);
    return PF_OK;
}

static enum pf_err check_baud(struct rfc2217 *r, uint32_t baud)
{
    uint32_t off = r->baud_ack > baud ? r->baud_ack - baud : baud - r->baud_ack;

    if (r->waiting & ACK_BAUD) {
        r->waiting &= ~(unsigned)ACK_BAUD;
        return pf_fail(r->base.ctx, PF_ERR_TIMEOUT, "%s did not confirm %u baud", r->fd.name, baud);
    }
    r->baud = baud;
    if (off > baud / 33)
        pf_warn(r->base.ctx, "%s: asked for %u baud, the server set %u", r->fd.name, baud,
                r->baud_ack);
    return PF_OK;
}

static enum pf_err rfc2217_set_baud(struct pf_transport *t, uint32_t baud)
{
    struct rfc2217 *r = self(t);
    struct out o = {.len = 0};

    if (baud == 0) /* on the wire 0 is a question */
        return pf_fail(t->ctx, PF_ERR_USAGE, "a baud rate of 0 makes no sense");
    PF_TRY(rfc2217_drain(t)); /* what is on its way belongs to the old rate */
    add_baud(&o, baud);
    PF_TRY(command(r, &o, ACK_BAUD));
    return check_baud(r, baud);
}

static enum pf_err rfc2217_set_lines(struct pf_transport *t, unsigned lines)
{
    struct rfc2217 *r = self(t);
    unsigned change = (lines ^ r->lines) & (PF_LINE_DTR | PF_LINE_RTS);
    unsigned kinds = (change & PF_LINE_DTR ? ACK_DTR : 0) | (change & PF_LINE_RTS ? ACK_RTS : 0);
    struct out o = {.len = 0};

    PF_TRY(pfd_alive(&r->fd));
    if (!change)
        return PF_OK;
    add_lines(&o, change, lines);
    PF_TRY(command(r, &o, kinds));
    r->lines ^= change;
    return PF_OK;
}

/* The purge goes through the same stream as the data, so that everything which
 * arrives before its answer is old. */
static enum pf_err rfc2217_discard(struct pf_transport *t)
{
    struct rfc2217 *r = self(t);
    struct out o = {.len = 0};

    PF_TRY(pfd_alive(&r->fd));
    r->rx_len = 0;
    add_byte(&o, PURGE_DATA, 1);
    PF_TRY(command(r, &o, ACK_PURGE));
    if (r->mute & ACK_PURGE) {
        enum pf_err err;

        /* As far as it goes: what is here now. */
        for (int i = 0; i < 1024 && (err = pump(r, 0)) != PF_ERR_TIMEOUT; i++) {
            PF_TRY(err);
            r->rx_len = 0;
        }
    }
    r->rx_len = 0;
    return PF_OK;
}

static uint64_t rfc2217_now(struct pf_transport *t)
{
    return pfd_now(&self(t)->fd);
}

static void rfc2217_sleep(struct pf_transport *t, uint64_t us)
{
    (void)t;
    pfd_sleep(us);
}

static void rfc2217_close(struct pf_transport *t)
{
    close(self(t)->fd.fd);
    free(t);
}

static const struct pf_transport_ops rfc2217_ops = {
    .name = "rfc2217",
    .read = rfc2217_read,
    .write = rfc2217_write,
    .drain = rfc2217_drain,
    .set_baud = rfc2217_set_baud,
    .set_lines = rfc2217_set_lines,
    .discard_input = rfc2217_discard,
    .now = rfc2217_now,
    .sleep = rfc2217_sleep,
    .close = rfc2217_close,
};

/* ---- open ---- */

static enum pf_err agree(struct rfc2217 *r)
{
    static const uint8_t hello[] = {
        TELNET_IAC,  TELNET_WILL, OPT_COM_PORT, TELNET_IAC, TELNET_WILL,
        OPT_BINARY,  TELNET_IAC,  TELNET_DO,    OPT_BINARY, TELNET_IAC,
        TELNET_WILL, OPT_SGA,     TELNET_IAC,   TELNET_DO,  OPT_SGA,
    };
    uint64_t deadline = pfd_now(&r->fd) + OPEN_US;

    set_bit(r->we_will, OPT_COM_PORT, true);
    for (uint8_t option = OPT_BINARY; option <= OPT_SGA; option += OPT_SGA) {
        set_bit(r->we_will, option, true);
        set_bit(r->they_will, option, true);
    }
    PF_TRY(pfd_write(&r->fd, hello, sizeof hello));
    while (!r->com_yes && !r->com_no && pfd_now(&r->fd) < deadline) {
        enum pf_err err = pump(r, deadline);

        if (err && err != PF_ERR_TIMEOUT)
            return pf_fail(r->base.ctx, PF_ERR_PORT,
                           "%s closed the connection: is another program using it?", r->fd.name);
        if (r->rx_len == RX_CAP)
            break; /* a flood of data is no telnet server */
    }
    if (r->com_yes)
        return PF_OK;
    return pf_fail(r->base.ctx, PF_ERR_PORT, "%s %s RFC 2217; for a raw TCP port use tcp://%s",
                   r->fd.name, r->com_no ? "refuses" : "does not speak", r->fd.name);
}

/* The lines first, since a server may have asserted them on connect. */
static enum pf_err set_up(struct rfc2217 *r)
{
    struct out o = {.len = 0};
    enum pf_err err;

    add_lines(&o, PF_LINE_DTR | PF_LINE_RTS, 0);
    add_baud(&o, r->baud);
    add_byte(&o, SET_DATASIZE, 8);
    add_byte(&o, SET_PARITY, 1);
    add_byte(&o, SET_STOPSIZE, 1);
    add_byte(&o, SET_CONTROL, CONTROL_NO_FLOW);
    add_byte(&o, SET_MODEMSTATE_MASK, 0); /* no notifications, please */
    r->formats_left = 3;
    err = command(r, &o, ACK_BAUD | ACK_FORMAT | ACK_FLOW | ACK_DTR | ACK_RTS);
    if (!err)
        err = check_baud(r, r->baud);
    /* An echoing raw server gets here, too: it never confirms. */
    if (err == PF_ERR_TIMEOUT)
        return pf_fail(r->base.ctx, PF_ERR_PORT,
                       "%s answers no RFC 2217 command; for a raw TCP port use tcp://%s",
                       r->fd.name, r->fd.name);
    if (err)
        return pf_fail(r->base.ctx, PF_ERR_PORT, "%s closed the connection during set-up",
                       r->fd.name);
    if (!bit(r->we_will, OPT_BINARY) || !bit(r->they_will, OPT_BINARY))
        pf_warn(r->base.ctx, "%s refuses binary mode: bytes 0d may come out wrong", r->fd.name);
    return rfc2217_discard(&r->base);
}

enum pf_err pf_rfc2217_open(struct pf_ctx *ctx, const char *address, struct pf_transport **out)
{
    struct rfc2217 *r;
    enum pf_err err;
    int fd;

    *out = NULL;
    PF_TRY(tcp_connect(ctx, address, &fd));
    r = calloc(1, sizeof *r);
    if (!r) {
        close(fd);
        return pf_fail(ctx, PF_ERR_NOMEM, "no memory for a port");
    }
    r->base =
        (struct pf_transport){.ops = &rfc2217_ops, .ctx = ctx, .caps = PF_CAP_BAUD | PF_CAP_LINES};
    r->baud = 115200;
    pfd_init(&r->fd, ctx, fd, true, address);
    err = agree(r);
    if (!err)
        err = set_up(r);
    if (err) {
        rfc2217_close(&r->base);
        return err;
    }
    *out = &r->base;
    return PF_OK;
}
