/* serve_carrier.c - ptys, sockets and the line socket of pf_sim_serve(). */
#define _GNU_SOURCE /* posix_openpt and friends */
#include "sim/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "plugflash/transport.h"

static enum pf_err os_error(struct pf_ctx *ctx, const char *what)
{
    return pf_fail(ctx, PF_ERR_PORT, "%s: %s", what, strerror(errno));
}

static void set_flags(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* A symlink of ours may be left from an earlier run; anything else stays. */
static enum pf_err make_link(struct pf_ctx *ctx, struct carrier *c, const char *path)
{
    struct stat st;

    if (!*path)
        return PF_OK;
    if (strlen(path) >= sizeof c->link)
        return pf_fail(ctx, PF_ERR_USAGE, "pty:%s: the path is too long", path);
    if (!lstat(path, &st) && S_ISLNK(st.st_mode))
        unlink(path);
    if (symlink(c->address, path))
        return os_error(ctx, path);
    memcpy(c->link, path, strlen(path) + 1);
    return PF_OK;
}

static enum pf_err open_pty(struct pf_ctx *ctx, struct carrier *c, const char *path)
{
    struct termios raw;
    const char *name;

    c->client = posix_openpt(O_RDWR | O_NOCTTY);
    if (c->client < 0 || grantpt(c->client) || unlockpt(c->client))
        return os_error(ctx, "pty");
    name = ptsname(c->client);
    if (!name || strlen(name) >= sizeof c->address)
        return os_error(ctx, "pty");
    memcpy(c->address, name, strlen(name) + 1);
    c->slave = open(c->address, O_RDWR | O_NOCTTY);
    if (c->slave < 0 || tcgetattr(c->slave, &raw))
        return os_error(ctx, c->address);
    cfmakeraw(&raw);
    cfsetispeed(&raw, B115200);
    cfsetospeed(&raw, B115200);
    if (tcsetattr(c->slave, TCSANOW, &raw))
        return os_error(ctx, c->address);
    set_flags(c->client);
    set_flags(c->slave);
    return make_link(ctx, c, path);
}

/* "[HOST:]PORT" apart; HOST defaults to this machine only. */
static bool split_address(const char *text, char *host, size_t cap, const char **port)
{
    const char *colon = strrchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : 0;

    *port = colon ? colon + 1 : text;
    if (n >= cap || strspn(*port, "0123456789") != strlen(*port) || !**port ||
        strtoul(*port, NULL, 10) > 65535)
        return false;
    memcpy(host, text, n);
    host[n] = '\0';
    if (!n)
        snprintf(host, cap, "127.0.0.1");
    return true;
}

static void tell_address(struct carrier *c, const char *host)
{
    struct sockaddr_storage bound;
    socklen_t len = sizeof bound;
    char port[16];

    if (getsockname(c->listener, (struct sockaddr *)&bound, &len) ||
        getnameinfo((struct sockaddr *)&bound, len, NULL, 0, port, sizeof port, NI_NUMERICSERV))
        snprintf(port, sizeof port, "?");
    snprintf(c->address, sizeof c->address, "%.100s:%s", host, port);
}

static enum pf_err open_listener(struct pf_ctx *ctx, struct carrier *c, const char *where)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list = NULL;
    const char *port;
    char host[100];
    int on = 1, err;

    if (!split_address(where, host, sizeof host, &port))
        return pf_fail(ctx, PF_ERR_USAGE, "'%s' is not [HOST:]PORT", where);
    err = getaddrinfo(host, port, &hints, &list);
    if (err)
        return pf_fail(ctx, PF_ERR_PORT, "%s: %s", where, gai_strerror(err));
    c->listener = socket(list->ai_family, SOCK_STREAM, 0);
    if (c->listener >= 0) {
        setsockopt(c->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        err = bind(c->listener, list->ai_addr, list->ai_addrlen) || listen(c->listener, 4);
    }
    freeaddrinfo(list);
    if (c->listener < 0 || err)
        return os_error(ctx, where);
    set_flags(c->listener);
    tell_address(c, host);
    return PF_OK;
}

static enum pf_err open_line_sock(struct pf_ctx *ctx, struct carrier *c, const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct stat st;

    if (strlen(path) >= sizeof at.sun_path || strlen(path) >= sizeof c->line_path)
        return pf_fail(ctx, PF_ERR_USAGE, "linesock=%s: the path is too long", path);
    memcpy(at.sun_path, path, strlen(path) + 1);
    if (!lstat(path, &st) && S_ISSOCK(st.st_mode))
        unlink(path);
    c->line_sock = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (c->line_sock < 0 || bind(c->line_sock, (struct sockaddr *)&at, sizeof at))
        return os_error(ctx, path);
    set_flags(c->line_sock);
    memcpy(c->line_path, path, strlen(path) + 1);
    return PF_OK;
}

enum pf_err carrier_open(struct pf_ctx *ctx, struct carrier *c, const char *how,
                         const char *line_path)
{
    memset(c, 0, sizeof *c);
    c->listener = c->client = c->slave = c->line_sock = -1;
    if (*line_path)
        PF_TRY(open_line_sock(ctx, c, line_path));
    if (!strncmp(how, "pty:", 4)) {
        c->kind = CARRIER_PTY;
        return open_pty(ctx, c, how + 4);
    }
    if (!strncmp(how, "tcp:", 4)) {
        c->kind = CARRIER_TCP;
        return open_listener(ctx, c, how + 4);
    }
    if (!strncmp(how, "rfc2217:", 8)) {
        c->kind = CARRIER_RFC2217;
        return open_listener(ctx, c, how + 8);
    }
    return pf_fail(ctx, PF_ERR_USAGE,
                   "'%s' is not pty:LINK, tcp:[HOST:]PORT or rfc2217:[HOST:]PORT", how);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void carrier_close(struct carrier *c)
{
    if (c->link[0])
        unlink(c->link);
    if (c->line_path[0])
        unlink(c->line_path);
    close_fd(&c->client);
    close_fd(&c->slave);
    close_fd(&c->listener);
    close_fd(&c->line_sock);
}

bool carrier_accept(struct carrier *c)
{
    int on = 1, fd = accept(c->listener, NULL, NULL);

    if (fd < 0)
        return false;
    if (c->client >= 0) { /* one at a time */
        close(fd);
        return false;
    }
    set_flags(fd);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    c->client = fd;
    return true;
}

void carrier_hang_up(struct carrier *c)
{
    if (c->kind != CARRIER_PTY)
        close_fd(&c->client);
}

bool carrier_lines(struct carrier *c, unsigned *lines)
{
    bool any = false;
    char text[32];
    ssize_t n;
    int dtr, rts;

    if (c->line_sock < 0)
        return false;
    n = recv(c->line_sock, text, sizeof text - 1, MSG_DONTWAIT);
    if (n > 0) {
        text[n] = '\0';
        if (sscanf(text, "L %d %d", &dtr, &rts) == 2) {
            *lines = (dtr ? PF_LINE_DTR : 0u) | (rts ? PF_LINE_RTS : 0u);
            any = true;
        }
    }
    return any;
}
