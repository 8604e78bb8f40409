/* slirp.c - the far end of the wire is libslirp: the PC's own sockets, as if they were
 * machines of the plug's network. Two networks: the router's, and the plug's own when it is
 * an access point. In this one the PC is a telephone that has joined. */
#include "hal/host/wire.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <slirp/libslirp.h>
#include <stdlib.h>
#include <string.h>

#include "hal/host/host.h"

#define FDS 256u

enum net { ROUTER, OWN, NETS };

static Slirp *slirp[NETS];
static struct pollfd fds[FDS];
static unsigned used;
static struct {
    Slirp *of; /* NULL: none */
    uint16_t port;
} forward;

static enum net current(void)
{
    return hal_radio_state() == HAL_RADIO_AP ? OWN : ROUTER;
}

/* ---- what slirp asks for ------------------------------------------------------------- */

static ssize_t to_plug(const void *frame, size_t len, void *opaque)
{
    if (opaque == &slirp[current()])
        host_wire_arrive(frame, len);
    return (ssize_t)len;
}

static void complain(const char *what, void *opaque)
{
    (void)what;
    (void)opaque;
}

/* The plug's world has one clock, which follows the PC's where somebody says so. */
static int64_t now_ns(void *opaque)
{
    (void)opaque;
    return (int64_t)host_us() * 1000;
}

/* Its only timer is one of IPv6, which is off. */
static void *no_timer(SlirpTimerCb cb, void *user, void *opaque)
{
    (void)cb;
    (void)user;
    return opaque;
}

static void timer_free(void *timer, void *opaque)
{
    (void)timer;
    (void)opaque;
}

static void timer_mod(void *timer, int64_t at, void *opaque)
{
    (void)timer;
    (void)at;
    (void)opaque;
}

static void fd_note(int fd, void *opaque)
{
    (void)fd;
    (void)opaque;
}

static void notify(void *opaque)
{
    (void)opaque;
}

static const SlirpCb calls = {
    .send_packet = to_plug,
    .guest_error = complain,
    .clock_get_ns = now_ns,
    .timer_new = no_timer,
    .timer_free = timer_free,
    .timer_mod = timer_mod,
    .register_poll_fd = fd_note,
    .unregister_poll_fd = fd_note,
    .notify = notify,
};

/* ---- its files ----------------------------------------------------------------------- */

static int add_fd(int fd, int events, void *opaque)
{
    static const short as[][2] = {
        {SLIRP_POLL_IN, POLLIN}, {SLIRP_POLL_OUT, POLLOUT}, {SLIRP_POLL_PRI, POLLPRI}};

    (void)opaque;
    if (used == FDS)
        return -1;
    fds[used] = (struct pollfd){.fd = fd};
    for (unsigned i = 0; i < sizeof as / sizeof *as; i++)
        if (events & as[i][0])
            fds[used].events |= as[i][1];
    return (int)used++;
}

static int happened(int idx, void *opaque)
{
    static const short as[][2] = {{SLIRP_POLL_IN, POLLIN},
                                  {SLIRP_POLL_OUT, POLLOUT},
                                  {SLIRP_POLL_PRI, POLLPRI},
                                  {SLIRP_POLL_ERR, POLLERR},
                                  {SLIRP_POLL_HUP, POLLHUP}};
    int events = 0;

    (void)opaque;
    for (unsigned i = 0; idx >= 0 && i < sizeof as / sizeof *as; i++)
        if (fds[idx].revents & as[i][1])
            events |= as[i][0];
    return events;
}

static void turn(uint32_t ms, int also)
{
    uint32_t wait = ms;
    int n;

    used = 0;
    for (unsigned i = 0; i < NETS; i++)
        slirp_pollfds_fill(slirp[i], &wait, add_fd, NULL);
    if (also >= 0)
        add_fd(also, SLIRP_POLL_IN, NULL);
    n = poll(fds, used, (int)wait);
    for (unsigned i = 0; i < NETS; i++)
        slirp_pollfds_poll(slirp[i], n < 0, happened, NULL);
}

static void pump(void *user)
{
    (void)user;
    turn(0, -1);
}

void host_slirp_take(void *user, const uint8_t *frame, size_t len)
{
    (void)user;
    slirp_input(slirp[current()], frame, (int)len);
}

/* ---- for programs -------------------------------------------------------------------- */

static struct in_addr address(const char *text)
{
    struct in_addr a;

    inet_pton(AF_INET, text, &a);
    return a;
}

static bool network_make(enum net n)
{
    const SlirpConfig config[NETS] = {
        [ROUTER] = {.version = 4,
                    .in_enabled = true,
                    .vnetwork = address("10.0.2.0"),
                    .vnetmask = address("255.255.255.0"),
                    .vhost = address("10.0.2.2"),
                    .vdhcp_start = address("10.0.2.15"),
                    .vnameserver = address("10.0.2.3")},
        [OWN] = {.version = 4,
                 .in_enabled = true,
                 .vnetwork = address("192.168.4.0"),
                 .vnetmask = address("255.255.255.0"),
                 .vhost = address("192.168.4.2"),
                 .vdhcp_start = address("192.168.4.15"),
                 .vnameserver = address("192.168.4.3"),
                 .disable_dns = true,
                 .disable_dhcp = true},
    };

    slirp[n] = slirp_new(&config[n], &calls, &slirp[n]);
    return slirp[n] != NULL;
}

bool host_slirp_open(void)
{
    host_slirp_close();
    signal(SIGPIPE, SIG_IGN); /* libslirp writes to sockets whose far end has gone */
    if (!network_make(ROUTER) || !network_make(OWN)) {
        host_slirp_close();
        return false;
    }
    host_wire_far(host_slirp_take, NULL);
    host_wire_pump(pump, NULL);
    return true;
}

void host_slirp_close(void)
{
    host_wire_far(NULL, NULL);
    host_wire_pump(NULL, NULL);
    for (unsigned i = 0; i < NETS; i++)
        if (slirp[i])
            slirp_cleanup(slirp[i]);
    slirp[ROUTER] = slirp[OWN] = NULL;
    forward.of = NULL;
}

bool host_slirp_forward(uint16_t port, const uint8_t ip[4])
{
    const struct in_addr here = address("127.0.0.1");
    struct in_addr there;

    memcpy(&there, ip, sizeof there);
    if (forward.of)
        slirp_remove_hostfwd(forward.of, 0, here, forward.port);
    if (forward.of == slirp[OWN] && current() != OWN) {
        /* The telephone has left the plug's own network, and so have its connections: who
         * waits at one of them would wait for ever. */
        slirp_cleanup(slirp[OWN]);
        if (!network_make(OWN))
            abort();
    }
    forward.of = NULL;
    if (slirp_add_hostfwd(slirp[current()], 0, here, port, there, 80) < 0)
        return false;
    forward.of = slirp[current()];
    forward.port = port;
    return true;
}

void host_slirp_wait(uint32_t ms, int fd)
{
    turn(ms, fd);
}
