/* serve.c - a virtual plug in real time, for clients outside this process.
 *
 * By default the wire and the flash take no time, so that a test of a whole
 * session is quick, while everything a person or the loader itself waits for
 * (boot windows, idle resets, the pause around a baud change) lasts as long as
 * it does on a chip. pace=1 makes all of it last. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sim/serve.h"
#include "sim/sim_internal.h"
#include "sim/telnet.h"

#define OUT_MAX  65536u
#define IN_CHUNK 4096u
#define WIRE_MAX 4096u /* bytes on the wire to the device before the client must wait */
#define POLL_MAX 50    /* ms until *stop is looked at again */

struct server {
    struct sim *sim;
    struct carrier carrier;
    struct telnet telnet;
    struct telnet_sink sink;
    uint64_t started;
    uint8_t out[OUT_MAX]; /* for the client, not yet taken */
    size_t out_len;
};

static uint64_t monotonic(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void advance(struct server *v)
{
    sim_run(v->sim, monotonic() - v->started);
}

/* ---- what the client's bytes and controls do ------------------------------ */

static void to_device(void *user, const uint8_t *bytes, size_t len)
{
    struct server *v = user;

    advance(v);
    sim_host_write(v->sim, bytes, len);
}

static void to_client(void *user, const uint8_t *bytes, size_t len)
{
    struct server *v = user;

    if (len > OUT_MAX - v->out_len)
        return; /* a client that asks and never reads */
    memcpy(v->out + v->out_len, bytes, len);
    v->out_len += len;
}

static uint32_t set_baud(void *user, uint32_t baud)
{
    struct server *v = user;

    if (baud) {
        advance(v);
        sim_host_baud(v->sim, baud);
    }
    return v->sim->host_baud;
}

static unsigned set_lines(void *user, unsigned mask, unsigned value)
{
    struct server *v = user;
    unsigned lines = (v->sim->lines & ~mask) | (value & mask);

    if (mask) {
        advance(v);
        sim_host_lines(v->sim, lines);
    }
    return lines;
}

static void purge(void *user, bool input, bool output)
{
    struct server *v = user;

    (void)output; /* it has left already */
    advance(v);
    if (input)
        sim_host_purge(v->sim);
}

/* ---- one round ------------------------------------------------------------ */

static void greet(struct server *v)
{
    v->out_len = 0;
    sim_host_purge(v->sim);
    if (v->carrier.kind == CARRIER_RFC2217)
        telnet_open(&v->telnet, &v->sink);
}

/* A serial server lets the lines go when its client leaves. */
static void say_goodbye(struct server *v)
{
    carrier_hang_up(&v->carrier);
    v->out_len = 0;
    if (v->carrier.kind == CARRIER_RFC2217)
        set_lines(v, PF_LINE_DTR | PF_LINE_RTS, 0);
}

static void read_client(struct server *v)
{
    uint8_t buf[IN_CHUNK];
    ssize_t n = read(v->carrier.client, buf, sizeof buf);

    if (n > 0 && v->carrier.kind == CARRIER_RFC2217)
        telnet_input(&v->telnet, &v->sink, buf, (size_t)n);
    else if (n > 0)
        to_device(v, buf, (size_t)n);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        say_goodbye(v);
}

/* Room for device bytes, each of which may be escaped. */
static size_t out_room(const struct server *v)
{
    return (OUT_MAX - v->out_len) / 2;
}

/* What the host may see by now goes into the output, escaped where needed. */
static void fetch_output(struct server *v)
{
    uint8_t buf[1024];
    size_t room = out_room(v), n;

    while (room && (n = sim_host_read(v->sim, buf, room < sizeof buf ? room : sizeof buf)) > 0) {
        if (v->carrier.kind == CARRIER_RFC2217)
            v->out_len += telnet_escape(v->out + v->out_len, buf, n);
        else
            to_client(v, buf, n);
        room = out_room(v);
    }
}

static void write_client(struct server *v)
{
    ssize_t n;

    if (!v->out_len)
        return;
    if (v->carrier.kind == CARRIER_PTY)
        n = write(v->carrier.client, v->out, v->out_len);
    else
        n = send(v->carrier.client, v->out, v->out_len, MSG_NOSIGNAL);
    if (n > 0) {
        v->out_len -= (size_t)n;
        memmove(v->out, v->out + n, v->out_len);
    } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
        say_goodbye(v);
    }
}

/* Lines and rate travel beside the data: look at them before it. */
static void read_controls(struct server *v)
{
    unsigned lines;
    uint32_t baud;

    while (carrier_lines(&v->carrier, &lines))
        set_lines(v, PF_LINE_DTR | PF_LINE_RTS, lines);
    if (v->carrier.kind != CARRIER_PTY)
        return;
    baud = carrier_pty_baud(v->carrier.client);
    if (baud && baud != v->sim->host_baud)
        set_baud(v, baud);
}

/* Milliseconds until the plug does something by itself, rounded up; a client
 * that does not read is waited for. */
static int patience(const struct server *v)
{
    uint64_t next = sim_next(v->sim), now = monotonic() - v->started;
    uint64_t ms = next == SIM_NEVER ? POLL_MAX : next > now ? (next - now + 999999) / 1000000 : 0;

    if (!out_room(v))
        return POLL_MAX;
    return ms < POLL_MAX ? (int)ms : POLL_MAX;
}

static void round_once(struct server *v)
{
    struct pollfd fds[3] = {{.fd = v->carrier.client},
                            {.fd = v->carrier.listener},
                            {.fd = v->carrier.line_sock, .events = POLLIN}};

    if (v->sim->to_device.len < WIRE_MAX && v->out_len < OUT_MAX / 2)
        fds[0].events |= POLLIN;
    if (v->out_len)
        fds[0].events |= POLLOUT;
    fds[1].events = POLLIN;
    if (poll(fds, 3, patience(v)) < 0)
        return;

    advance(v);
    read_controls(v);
    /* A client that hangs up and dials again at once: its end comes first. */
    if (v->carrier.client >= 0 && (fds[0].revents & (POLLIN | POLLHUP | POLLERR)))
        read_client(v);
    else if (fds[1].revents && carrier_accept(&v->carrier))
        greet(v);
    advance(v);
    if (v->carrier.client >= 0) {
        fetch_output(v);
        write_client(v);
    } else {
        sim_host_purge(v->sim); /* nobody listens */
    }
}

static void set_up(struct server *v, struct sim *s)
{
    v->sim = s;
    v->sink = (struct telnet_sink){v, to_device, to_client, set_baud, set_lines, purge};
    if (v->carrier.kind == CARRIER_TCP)
        sim_host_baud(s, 0); /* plain TCP tells no rate */
    if (!s->cfg.pace) {
        s->instant = true;
        s->cfg.lat_ns = 0;
    }
}

enum pf_err pf_sim_serve(struct pf_ctx *ctx, const char *spec, const char *how,
                         void (*ready)(void *user, const char *address), void *user,
                         const volatile bool *stop)
{
    struct server *v = calloc(1, sizeof *v);
    struct sim *s = NULL;
    enum pf_err err;

    if (!v)
        return pf_fail(ctx, PF_ERR_NOMEM, "sim: no memory");
    err = sim_new(ctx, spec, NULL, 0, &s);
    if (err) {
        free(v);
        return err;
    }
    err = carrier_open(ctx, &v->carrier, how, s->cfg.linesock);
    if (!err) {
        enum pf_err saved;

        set_up(v, s);
        if (ready)
            ready(user, v->carrier.address);
        v->started = monotonic() - s->now;
        while (!*stop && (!s->cfg.limit_ns || s->now < s->cfg.limit_ns))
            round_once(v);
        carrier_close(&v->carrier);
        saved = sim_free(s);
        free(v);
        return saved;
    }
    carrier_close(&v->carrier);
    s->cfg.save = false;
    sim_free(s);
    free(v);
    return err;
}
