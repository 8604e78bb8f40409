/* server.c - see server.h. */
#define _GNU_SOURCE
#include "transport/server.h"

#include "transport/util.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IAC = 255, DONT = 254, DO = 253, WONT = 252, WILL = 251, SB = 250, SE = 240 };

static void server_log(struct server *s, const char *fmt, unsigned value)
{
    size_t used;

    pthread_mutex_lock(&s->lock);
    used = strlen(s->log);
    snprintf(s->log + used, sizeof s->log - used, fmt, value);
    pthread_mutex_unlock(&s->lock);
}

char *server_said(struct server *s, char text[4096])
{
    pthread_mutex_lock(&s->lock);
    memcpy(text, s->log, sizeof s->log);
    s->log[0] = '\0';
    pthread_mutex_unlock(&s->lock);
    return text;
}

static void say(struct server *s, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;

    while (len > 0) {
        ssize_t n = send(s->fd, p, s->how.dribble ? 1 : len, MSG_NOSIGNAL);

        if (n <= 0) {
            s->broken = true;
            return;
        }
        p += n;
        len -= (size_t)n;
    }
}

static void say_random(struct server *s, uint32_t seed, uint32_t mask)
{
    uint8_t block[4096];

    for (int i = 0; i < 512 && !s->broken; i++) {
        for (size_t k = 0; k < sizeof block; k++) {
            seed = seed * 1664525u + 1013904223u;
            block[k] = (uint8_t)(seed >> 24);
            /* mostly telnet: commands, verbs and our option */
            if (mask && (seed >> 8 & mask) == 0)
                block[k] = (uint8_t)(k % 2 ? 240 + (seed >> 16) % 16 : 44);
        }
        say(s, block, sizeof block);
    }
}

static void answer(struct server *s, uint8_t command, const uint8_t *value, size_t len)
{
    uint8_t out[64] = {IAC, SB, 44, (uint8_t)(command + 100)};
    size_t n = 4;

    if (s->how.flood) {
        static const uint8_t block[4096];

        for (int i = 0; i < 512 && !s->broken; i++)
            say(s, block, sizeof block);
    }
    if (s->how.chatter) {
        static const uint8_t rubbish[] = {'n', 'o', 'i', 's', 'e', IAC, SB,  44,  107, 0,
                                          IAC, SE,  IAC, 241, IAC, SB,  44,  IAC, SE,  IAC,
                                          SB,  44,  101, 1,   IAC, SE,  IAC, DO,  200};
        say(s, rubbish, sizeof rubbish);
    }
    for (size_t i = 0; i < len; i++) {
        out[n++] = value[i];
        if (value[i] == IAC)
            out[n++] = IAC;
    }
    out[n++] = IAC;
    out[n++] = SE;
    say(s, out, n);
}

static void server_command(struct server *s)
{
    const uint8_t *v = s->sub + 2;
    uint32_t baud;

    if (s->sub_len < 2 || s->sub[0] != 44)
        return;
    switch (s->sub[1]) {
    case 1:
        baud = (uint32_t)v[0] << 24 | (uint32_t)v[1] << 16 | (uint32_t)v[2] << 8 | v[3];
        server_log(s, "B%u ", baud);
        if (s->how.no_baud && s->bauded)
            return;
        s->bauded = true;
        if (s->how.baud_is) {
            const uint8_t is[4] = {(uint8_t)(s->how.baud_is >> 24), (uint8_t)(s->how.baud_is >> 16),
                                   (uint8_t)(s->how.baud_is >> 8), (uint8_t)s->how.baud_is};

            answer(s, 1, is, 4);
        } else {
            answer(s, 1, v, 4);
        }
        return;
    case 5:
        server_log(s, "C%u ", v[0]);
        if (!s->how.no_control)
            answer(s, 5, v, 1);
        return;
    case 12:
        server_log(s, "purge%u ", v[0]);
        if (!s->how.no_purge)
            answer(s, 12, v, 1);
        return;
    default:
        server_log(s,
                   s->sub[1] == 2   ? "size%u "
                   : s->sub[1] == 3 ? "parity%u "
                   : s->sub[1] == 4 ? "stop%u "
                                    : "other%u ",
                   s->sub[1] <= 4 ? v[0] : s->sub[1]);
        answer(s, s->sub[1], v, 1);
    }
}

static void server_verb(struct server *s, uint8_t verb, uint8_t option)
{
    uint8_t reply[3] = {IAC, 0, option};

    s->verbs_seen++;
    if (s->how.haggle) {
        const uint8_t more[] = {IAC, DO,   3, IAC, DONT, 3, IAC, WILL, 3,
                                IAC, WONT, 3, IAC, DO,   0, IAC, WILL, 99};

        say(s, more, sizeof more);
    }
    if (verb == WILL && option == 44) {
        reply[1] = s->how.refuse ? DONT : DO;
        if (s->how.will_only)
            reply[1] = WILL;
        say(s, reply, 3);
    } else if (option == 0 && s->how.no_binary && (verb == WILL || verb == DO)) {
        reply[1] = verb == WILL ? DONT : WONT;
        say(s, reply, 3);
    }
}

static void server_data(struct server *s, uint8_t byte)
{
    const uint8_t twice[2] = {byte, byte};

    if (s->how.suspend) {
        const uint8_t none = 0;

        s->how.suspend = false;
        answer(s, 8, &none, 0);
        usleep(50000);
        answer(s, 9, &none, 0);
    }
    if (s->how.spoilt) {
        say_random(s, s->how.spoilt, 3);
        s->how.spoilt = 0;
    }
    pthread_mutex_lock(&s->lock);
    if (s->ndata < sizeof s->data)
        s->data[s->ndata++] = byte;
    pthread_mutex_unlock(&s->lock);
    say(s, twice, byte == IAC ? 2 : 1); /* echo */
}

static void server_take(struct server *s, uint8_t b)
{
    switch (s->state) {
    case 0:
        if (b == IAC)
            s->state = 1;
        else
            server_data(s, b);
        return;
    case 1:
        s->state = b == SB ? 3 : b >= WILL && b <= DONT ? 2 : 0;
        s->verb = b;
        s->sub_len = 0;
        if (b == IAC)
            server_data(s, b);
        return;
    case 2:
        s->state = 0;
        server_verb(s, s->verb, b);
        return;
    case 3:
        if (b == IAC)
            s->state = 4;
        else if (s->sub_len < sizeof s->sub)
            s->sub[s->sub_len++] = b;
        return;
    default:
        s->state = b == SE ? 0 : 3;
        if (b == SE)
            server_command(s);
        else if (s->sub_len < sizeof s->sub)
            s->sub[s->sub_len++] = b;
    }
}

static void *server_run(void *arg)
{
    struct server *s = arg;
    struct pollfd in[2] = {{.fd = s->listener, .events = POLLIN},
                           {.fd = s->stop[0], .events = POLLIN}};

    poll(in, 2, -1);
    if (in[1].revents)
        return NULL;
    s->fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
    in[0].fd = s->fd;
    if (s->how.rubbish)
        say_random(s, s->how.rubbish, 3);
    while (!s->how.hang_up && poll(in, 2, -1) > 0 && !in[1].revents) {
        uint8_t buf[1024];
        ssize_t n = read(s->fd, buf, sizeof buf);

        if (n <= 0)
            break;
        if (s->how.raw)
            say(s, buf, (size_t)n);
        for (ssize_t i = 0; i < n && !s->how.raw && !s->how.mute; i++)
            server_take(s, buf[i]);
    }
    close(s->fd);
    return NULL;
}

struct server *server_start(struct manners how)
{
    struct server *s = calloc(1, sizeof *s);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;

    assert_non_null(s);
    s->how = how;
    s->fd = -1;
    pthread_mutex_init(&s->lock, NULL);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(s->listener, 1), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&at, &size), 0);
    snprintf(s->address, sizeof s->address, "127.0.0.1:%u", ntohs(at.sin_port));
    assert_int_equal(pipe(s->stop), 0);
    assert_int_equal(pthread_create(&s->thread, NULL, server_run, s), 0);
    return s;
}

void server_stop(struct server *s)
{
    close(s->stop[1]);
    pthread_join(s->thread, NULL);
    close(s->stop[0]);
    close(s->listener);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
