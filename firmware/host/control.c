/* control.c - lines in, lines out. A client that sends more than a line holds, or does not
 * take its answers, is closed. */
#include "host/control.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS 8u

static int door = -1;
static struct sockaddr_un at;
static struct {
    int fd; /* -1: none */
    char line[CONTROL_LINE];
    size_t len;
} client[CLIENTS];

bool control_open(const char *path)
{
    struct stat st;

    at.sun_family = AF_UNIX;
    if (strlen(path) >= sizeof at.sun_path) {
        errno = ENAMETOOLONG;
        return false;
    }
    strcpy(at.sun_path, path);
    if (!lstat(path, &st) && S_ISSOCK(st.st_mode))
        unlink(path);
    for (unsigned i = 0; i < CLIENTS; i++)
        client[i].fd = -1;
    door = socket(AF_UNIX, SOCK_STREAM, 0);
    return door >= 0 && fcntl(door, F_SETFL, O_NONBLOCK) == 0 &&
           bind(door, (struct sockaddr *)&at, sizeof at) == 0 && listen(door, CLIENTS) == 0;
}

void control_close(void)
{
    if (door < 0)
        return;
    for (unsigned i = 0; i < CLIENTS; i++)
        if (client[i].fd >= 0)
            close(client[i].fd);
    close(door);
    door = -1;
    unlink(at.sun_path);
}

static void leave(unsigned i)
{
    close(client[i].fd);
    client[i].fd = -1;
}

static void let_in(void)
{
    for (unsigned i = 0; i < CLIENTS; i++) {
        if (client[i].fd >= 0)
            continue;
        client[i].fd = accept(door, NULL, NULL);
        client[i].len = 0;
        if (client[i].fd < 0)
            return;
    }
}

static void answer(unsigned i, char *line, void (*run)(char *, char *, size_t))
{
    char text[CONTROL_ANSWER + 1];
    size_t len;

    run(line, text, CONTROL_ANSWER);
    len = strlen(text);
    text[len++] = '\n';
    if (send(client[i].fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)len)
        leave(i);
}

static void serve(unsigned i, void (*run)(char *, char *, size_t))
{
    const ssize_t n = recv(client[i].fd, client[i].line + client[i].len,
                           sizeof client[i].line - client[i].len, MSG_DONTWAIT);
    char *end;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        leave(i);
        return;
    }
    client[i].len += (size_t)n;
    while (client[i].fd >= 0 && (end = memchr(client[i].line, '\n', client[i].len)) != NULL) {
        const size_t used = (size_t)(end + 1 - client[i].line);

        *end = '\0';
        answer(i, client[i].line, run);
        client[i].len -= used;
        memmove(client[i].line, end + 1, client[i].len);
    }
    if (client[i].fd >= 0 && client[i].len == sizeof client[i].line)
        leave(i);
}

void control_poll(void (*run)(char *line, char *answer, size_t cap))
{
    if (door < 0)
        return;
    let_in();
    for (unsigned i = 0; i < CLIENTS; i++)
        if (client[i].fd >= 0)
            serve(i, run);
}
