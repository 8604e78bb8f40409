/* posix_fd.c - see posix_fd.h. */
#define _GNU_SOURCE /* ppoll */
#include "transport/posix_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LONGEST_POLL_US (600u * 1000000u)
#define DISCARD_MAX     (4u << 20)

static uint64_t monotonic_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

void pfd_init(struct pf_fd *p, struct pf_ctx *ctx, int fd, bool is_socket, const char *name)
{
    *p = (struct pf_fd){.ctx = ctx, .fd = fd, .socket = is_socket};
    p->epoch_us = monotonic_us();
    /* Generous: a 10 ms limit made another tool fail on slow adapters, and a
     * network may need a few retransmissions (peers.md, 3.8). */
    p->stall_us = is_socket ? 10000000 : 5000000;
    snprintf(p->name, sizeof p->name, "%s", name);
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* a power command must not keep our lock */
}

uint64_t pfd_now(const struct pf_fd *p)
{
    return monotonic_us() - p->epoch_us;
}

void pfd_sleep(uint64_t us)
{
    struct timespec ts = {.tv_sec = (time_t)(us / 1000000u),
                          .tv_nsec = (long)(us % 1000000u) * 1000};

    /* The whole time, signals or not: a reset pulse must not come out short. */
    while (nanosleep(&ts, &ts) != 0 && errno == EINTR)
        ;
}

enum pf_err pfd_alive(struct pf_fd *p)
{
    if (!p->gone)
        return PF_OK;
    if (p->socket)
        return pf_fail(p->ctx, PF_ERR_IO, "%s: the connection is closed", p->name);
    return pf_fail(p->ctx, PF_ERR_IO, "%s is gone: was the adapter unplugged?", p->name);
}

enum pf_err pfd_lost(struct pf_fd *p, int why)
{
    p->gone = true;
    if (p->socket && !why)
        return pf_fail(p->ctx, PF_ERR_IO, "%s closed the connection", p->name);
    if (p->socket)
        return pf_fail(p->ctx, PF_ERR_IO, "the connection to %s broke: %s", p->name, strerror(why));
    return pf_fail(p->ctx, PF_ERR_IO, "%s vanished while in use (%s): was the adapter unplugged?",
                   p->name, why ? strerror(why) : "hang-up");
}

/* Some drivers keep an open descriptor silent after the adapter has left; the
 * missing node tells. */
static bool node_gone(const struct pf_fd *p)
{
    struct stat st;

    return !p->socket && stat(p->name, &st) != 0 && errno == ENOENT;
}

/* Wait for `events` until `deadline`. *seen is 0 when none came in time;
 * interrupted: likewise, with *signaled set. Returns 0 or an errno. */
static int wait_for(const struct pf_fd *p, short events, uint64_t deadline, short *seen,
                    bool *signaled)
{
    struct pollfd pfd = {.fd = p->fd, .events = events};
    int n;

    *seen = 0;
    *signaled = false;
    for (;;) {
        uint64_t now = pfd_now(p);
        uint64_t left = deadline > now ? deadline - now : 0;
        bool last = left <= LONGEST_POLL_US;

        if (!last)
            left = LONGEST_POLL_US;
#ifdef __linux__
        struct timespec ts = {.tv_sec = (time_t)(left / 1000000u),
                              .tv_nsec = (long)(left % 1000000u) * 1000};

        n = ppoll(&pfd, 1, &ts, NULL);
#else
        n = poll(&pfd, 1, (int)((left + 999) / 1000));
#endif
        if (n < 0 && errno == EINTR)
            *signaled = true;
        else if (n < 0)
            return errno;
        if (n > 0)
            *seen = pfd.revents;
        if (n != 0 || last)
            return 0;
    }
}

enum pf_err pfd_read(struct pf_fd *p, uint8_t *buf, size_t cap, uint64_t deadline, size_t *got)
{
    *got = 0;
    PF_TRY(pfd_alive(p));
    if (cap == 0)
        return PF_OK;
    for (;;) {
        bool signaled;
        short seen;
        int bad = wait_for(p, POLLIN, deadline, &seen, &signaled);

        if (bad)
            return pfd_lost(p, bad);
        if (!seen) {
            if (!signaled && node_gone(p))
                return pfd_lost(p, ENODEV);
            return pf_fail(p->ctx, PF_ERR_TIMEOUT, "nothing came from %s", p->name);
        }

        /* After a hang-up, what had arrived before it is still ours. */
        ssize_t n = read(p->fd, buf, cap);

        if (n > 0) {
            *got = (size_t)n;
            return PF_OK;
        }
        if (n == 0)
            return pfd_lost(p, 0);
        if (errno != EAGAIN && errno != EINTR)
            return pfd_lost(p, errno);
        if (seen & (POLLHUP | POLLERR | POLLNVAL))
            return pfd_lost(p, 0);
    }
}

static ssize_t write_some(const struct pf_fd *p, const uint8_t *buf, size_t len)
{
#ifdef MSG_NOSIGNAL
    if (p->socket)
        return send(p->fd, buf, len, MSG_NOSIGNAL);
#endif
    return write(p->fd, buf, len);
}

enum pf_err pfd_write(struct pf_fd *p, const uint8_t *buf, size_t len)
{
    uint64_t give_up = pfd_now(p) + p->stall_us;

    PF_TRY(pfd_alive(p));
    while (len > 0) {
        ssize_t n = write_some(p, buf, len);
        bool signaled;
        short seen;
        int bad;

        if (n > 0) {
            buf += n;
            len -= (size_t)n;
            give_up = pfd_now(p) + p->stall_us;
            continue;
        }
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return pfd_lost(p, errno);
        bad = wait_for(p, POLLOUT, give_up, &seen, &signaled);
        if (bad)
            return pfd_lost(p, bad);
        if (seen & (POLLHUP | POLLERR | POLLNVAL))
            return pfd_lost(p, 0);
        if (!seen && !signaled)
            return pf_fail(p->ctx, PF_ERR_TIMEOUT, "%s takes no more bytes (%zu left)", p->name,
                           len);
    }
    return PF_OK;
}

enum pf_err pfd_discard(struct pf_fd *p)
{
    uint8_t buf[4096];

    PF_TRY(pfd_alive(p));
    for (size_t total = 0; total < DISCARD_MAX;) {
        ssize_t n = read(p->fd, buf, sizeof buf);

        if (n == 0)
            return pfd_lost(p, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? PF_OK : pfd_lost(p, errno);
        total += (size_t)n;
    }
    return PF_OK;
}
