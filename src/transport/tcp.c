/* tcp.c - a serial port behind a raw TCP server: bytes and nothing else. */
#include "transport/tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "transport/backends.h"
#include "transport/posix_fd.h"

#define CONNECT_MS 5000

enum pf_err tcp_parse(struct pf_ctx *ctx, const char *address, char host[256], char port[6])
{
    const char *colon = strrchr(address, ':');
    const char *begin = address, *end = colon;
    size_t digits = colon ? strlen(colon + 1) : 0;
    bool good = colon && digits >= 1 && digits <= 5 && strspn(colon + 1, "0123456789") == digits &&
                strtol(colon + 1, NULL, 10) >= 1 && strtol(colon + 1, NULL, 10) <= 65535;

    if (good && *begin == '[') {
        begin++;
        end--;
        good = *end == ']';
    } else if (good) {
        good = !memchr(begin, ':', (size_t)(end - begin)); /* bare IPv6 */
    }
    if (!good || end <= begin || end - begin > 255)
        return pf_fail(ctx, PF_ERR_USAGE,
                       "%.120s is not HOST:PORT (an IPv6 address goes in brackets)", address);
    snprintf(host, 256, "%.*s", (int)(end - begin), begin);
    snprintf(port, 6, "%s", colon + 1);
    return PF_OK;
}

static int64_t clock_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* A dead peer must show within some 25 s, even while we only listen. */
static void tune_socket(int fd)
{
    const int on = 1;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
#ifdef TCP_KEEPIDLE
    const int idle = 10, interval = 5, count = 3;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
#endif
#ifdef SO_NOSIGPIPE
    (void)setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
}

/* Returns the socket, or -1 with errno. */
static int connect_one(const struct addrinfo *ai, int64_t until_ms)
{
    int fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
    int why = 0;
    socklen_t size = sizeof why;

    if (fd < 0)
        return -1;
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (connect(fd, ai->ai_addr, ai->ai_addrlen) != 0 && errno != EINPROGRESS) {
        why = errno;
    } else {
        struct pollfd pfd = {.fd = fd, .events = POLLOUT};
        int64_t left;
        int n;

        do {
            left = until_ms - clock_ms();
            n = poll(&pfd, 1, left > 0 ? (int)left : 0);
        } while (n < 0 && errno == EINTR);
        if (n < 0)
            why = errno;
        else if (n == 0)
            why = ETIMEDOUT;
        else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &size) != 0)
            why = errno;
    }
    if (!why) {
        tune_socket(fd);
        return fd;
    }
    close(fd);
    errno = why;
    return -1;
}

enum pf_err tcp_connect(struct pf_ctx *ctx, const char *address, int *fd)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    char host[256], port[6];
    int64_t until = clock_ms() + CONNECT_MS;
    int bad, why = EADDRNOTAVAIL;

    *fd = -1;
    PF_TRY(tcp_parse(ctx, address, host, port));
    hints.ai_flags = AI_NUMERICSERV;
    bad = getaddrinfo(host, port, &hints, &list);
    if (bad)
        return pf_fail(ctx, PF_ERR_PORT, "%.120s: %s", host, gai_strerror(bad));
    for (struct addrinfo *ai = list; ai && *fd < 0; ai = ai->ai_next) {
        *fd = connect_one(ai, until);
        if (*fd < 0)
            why = errno;
    }
    freeaddrinfo(list);
    if (*fd < 0)
        return pf_fail(ctx, PF_ERR_PORT, "cannot connect to %.120s port %s: %s", host, port,
                       strerror(why));
    return PF_OK;
}

struct tcp {
    struct pf_transport base;
    struct pf_fd fd;
};

static struct tcp *self(struct pf_transport *t)
{
    return (struct tcp *)t;
}

static enum pf_err tcp_read(struct pf_transport *t, uint8_t *buf, size_t cap, uint64_t deadline,
                            size_t *got)
{
    return pfd_read(&self(t)->fd, buf, cap, deadline, got);
}

static enum pf_err tcp_write(struct pf_transport *t, const uint8_t *buf, size_t len)
{
    return pfd_write(&self(t)->fd, buf, len);
}

/* Without Nagle a byte taken is a byte sent; when the far UART sends it, nobody
 * tells. */
static enum pf_err tcp_drain(struct pf_transport *t)
{
    return pfd_alive(&self(t)->fd);
}

static enum pf_err tcp_discard(struct pf_transport *t)
{
    return pfd_discard(&self(t)->fd);
}

static uint64_t tcp_now(struct pf_transport *t)
{
    return pfd_now(&self(t)->fd);
}

static void tcp_sleep(struct pf_transport *t, uint64_t us)
{
    (void)t;
    pfd_sleep(us);
}

static void tcp_close(struct pf_transport *t)
{
    close(self(t)->fd.fd);
    free(t);
}

static const struct pf_transport_ops tcp_ops = {
    .name = "tcp",
    .read = tcp_read,
    .write = tcp_write,
    .drain = tcp_drain,
    .discard_input = tcp_discard,
    .now = tcp_now,
    .sleep = tcp_sleep,
    .close = tcp_close,
};

enum pf_err pf_tcp_open(struct pf_ctx *ctx, const char *address, struct pf_transport **out)
{
    struct tcp *tcp;
    int fd;

    *out = NULL;
    PF_TRY(tcp_connect(ctx, address, &fd));
    tcp = calloc(1, sizeof *tcp);
    if (!tcp) {
        close(fd);
        return pf_fail(ctx, PF_ERR_NOMEM, "no memory for a port");
    }
    tcp->base = (struct pf_transport){.ops = &tcp_ops, .ctx = ctx};
    pfd_init(&tcp->fd, ctx, fd, true, address);
    *out = &tcp->base;
    return PF_OK;
}
