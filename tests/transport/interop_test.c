/* rfc2217:// against servers that others wrote. The first argument says which:
 *
 *   pyserial PYTHON SCRIPT   python3-serial's PortManager (rfc2217_server.py)
 *   gensio GENSIOT           a gensio telnet accepter in front of a pty
 *
 * A server that cannot be started fails the test: it is a declared dependency. */
#define _GNU_SOURCE
#include "transport/util.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "transport/backends.h"

extern char **environ;

struct bench {
    struct heard heard;
    struct pf_transport *port;
    char **argv; /* of the server; set by main */
    pid_t pid;
    int out;         /* what the server prints */
    char said[8192]; /* so far */
    int master;      /* gensio: the other end of its pty */
    int slave;
};

static void server_start(struct bench *b)
{
    posix_spawn_file_actions_t files;
    int out[2], bad;

    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, out[1], STDERR_FILENO);
    bad = posix_spawnp(&b->pid, b->argv[0], &files, NULL, b->argv, environ);
    posix_spawn_file_actions_destroy(&files);
    close(out[1]);
    b->out = out[0];
    fcntl(b->out, F_SETFL, O_NONBLOCK);
    if (bad)
        fail_msg("%s does not start: %s", b->argv[0], strerror(bad));
}

/* Wait until the server has printed `part`; returns where. */
static const char *server_says(struct bench *b, const char *part)
{
    for (int i = 0; i < 200; i++) {
        size_t used = strlen(b->said);
        struct pollfd in = {.fd = b->out, .events = POLLIN};
        const char *at = strstr(b->said, part);
        ssize_t n;

        /* the whole line, please */
        if (at && strchr(at, '\n'))
            return at;
        poll(&in, 1, 50);
        n = read(b->out, b->said + used, sizeof b->said - 1 - used);
        if (n == 0)
            break;
        if (n > 0)
            b->said[used + (size_t)n] = '\0';
    }
    fail_msg("the server (%s) never said \"%s\", only: %s", b->argv[0], part, b->said);
    return NULL;
}

static void connect_to(struct bench *b, const char *port)
{
    char address[64];

    snprintf(address, sizeof address, "127.0.0.1:%d", atoi(port));
    if (pf_rfc2217_open(&b->heard.ctx, address, &b->port) != PF_OK)
        fail_msg("%s", b->heard.ctx.text);
}

static int teardown(void **state)
{
    struct bench *b = *state;

    if (b->port)
        b->port->ops->close(b->port);
    b->port = NULL;
    if (b->pid > 0) {
        kill(b->pid, SIGKILL);
        waitpid(b->pid, NULL, 0);
    }
    if (b->out > 0)
        close(b->out);
    return 0;
}

static void fill(uint8_t *all, size_t len)
{
    for (size_t i = 0; i < len; i++)
        all[i] = (uint8_t)(i % 5 ? i * 7 : 255);
}

static void it_works_with_pyserials_server(void **state)
{
    struct bench *b = *state;
    uint8_t all[16384];
    uint64_t start;

    heard_init(&b->heard);
    server_start(b);
    connect_to(b, server_says(b, "PORT ") + 5);
    server_says(b, "baudrate 115200");
    server_says(b, "bytesize 8");
    server_says(b, "parity N");
    server_says(b, "stopbits 1");
    server_says(b, "xonxoff False");
    server_says(b, "rtscts False");
    server_says(b, "dtr False");
    server_says(b, "rts False");
    server_says(b, "purge input");
    assert_string_equal(b->heard.warnings, "");

    fill(all, sizeof all);
    for (size_t at = 0; at < sizeof all; at += 4096) {
        assert_int_equal(b->port->ops->write(b->port, all + at, 4096), PF_OK);
        assert_reads(b->port, all + at, 4096, 5000000);
    }

    start = pf_now(b->port);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(pf_set_lines(b->port, PF_LINE_DTR | PF_LINE_RTS), PF_OK);
        assert_int_equal(pf_set_lines(b->port, 0), PF_OK);
    }
    /* 20 changes of both lines; the polling client of the reference needs 2 s */
    assert_true(pf_now(b->port) - start < 1000000);
    server_says(b, "dtr True");
    server_says(b, "rts True");

    assert_int_equal(pf_set_baud(b->port, 921600), PF_OK);
    server_says(b, "baudrate 921600");
    assert_int_equal(pf_set_baud(b->port, 0xff00), PF_OK); /* 255 inside the number */
    server_says(b, "baudrate 65280");
    assert_string_equal(b->heard.warnings, "");
    b->port->ops->close(b->port);
    b->port = NULL;
    server_says(b, "END");
}

static void pty_open(struct bench *b, char path[64])
{
    b->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    assert_true(b->master >= 0);
    assert_int_equal(grantpt(b->master) | unlockpt(b->master), 0);
    assert_int_equal(ptsname_r(b->master, path, 64), 0);
    /* held open, so that the master does not hang up between openers */
    b->slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(b->slave >= 0);
}

static void wait_for_baud(int master, uint32_t baud)
{
    struct termios2 t = {.c_ospeed = 0};

    for (int i = 0; i < 100 && t.c_ospeed != baud; i++) {
        assert_int_equal(ioctl(master, TCGETS2, &t), 0);
        usleep(10000);
    }
    assert_int_equal(t.c_ospeed, baud);
}

static void master_reads(int master, const uint8_t *want, size_t len)
{
    uint8_t buf[4096];
    size_t have = 0;

    while (have < len) {
        struct pollfd in = {.fd = master, .events = POLLIN};
        ssize_t n;

        assert_int_equal(poll(&in, 1, 5000), 1);
        n = read(master, buf + have, len - have);
        assert_true(n > 0);
        have += (size_t)n;
    }
    assert_memory_equal(buf, want, len);
}

static void it_works_with_a_gensio_accepter(void **state)
{
    struct bench *b = *state;
    char serial[128], path[64];
    uint8_t all[2048];
    const char *port;

    heard_init(&b->heard);
    pty_open(b, path);
    snprintf(serial, sizeof serial, "serialdev,%s,9600N81", path);
    b->argv[4] = serial;
    server_start(b);
    port =
        server_says(b, "Address 0(0): ipv4,127.0.0.1,") + strlen("Address 0(0): ipv4,127.0.0.1,");
    connect_to(b, port);

    wait_for_baud(b->master, 115200);
    fill(all, sizeof all);
    assert_int_equal(b->port->ops->write(b->port, all, sizeof all), PF_OK);
    master_reads(b->master, all, sizeof all);
    assert_int_equal(write(b->master, all, sizeof all), (ssize_t)sizeof all);
    assert_reads(b->port, all, sizeof all, 5000000);

    assert_int_equal(pf_set_baud(b->port, 921600), PF_OK);
    wait_for_baud(b->master, 921600);
    /* a pty has no lines: whatever gensio says to that, the link goes on */
    assert_int_equal(pf_set_lines(b->port, PF_LINE_RTS), PF_OK);
    assert_int_equal(pf_set_lines(b->port, 0), PF_OK);
    assert_int_equal(b->port->ops->discard_input(b->port), PF_OK);
    assert_int_equal(b->port->ops->write(b->port, all, 16), PF_OK);
    master_reads(b->master, all, 16);
    print_message("gensio: %s", b->heard.warnings);
    close(b->slave);
    close(b->master);
}

int main(int argc, char **argv)
{
    char *pyserial[] = {argc > 2 ? argv[2] : NULL, argc > 3 ? argv[3] : NULL, NULL};
    char accepter[] = "telnet(rfc2217),tcp,127.0.0.1,0", p[] = "-p", a[] = "-a", i[] = "-i";
    char *gensio[] = {argc > 2 ? argv[2] : NULL, p, a, i, NULL, accepter, NULL};
    struct bench bench = {.out = -1};
    const struct CMUnitTest with_pyserial[] = {
        cmocka_unit_test_prestate_setup_teardown(it_works_with_pyserials_server, NULL, teardown,
                                                 &bench),
    };
    const struct CMUnitTest with_gensio[] = {
        cmocka_unit_test_prestate_setup_teardown(it_works_with_a_gensio_accepter, NULL, teardown,
                                                 &bench),
    };

    if (argc == 4 && strcmp(argv[1], "pyserial") == 0) {
        bench.argv = pyserial;
        return cmocka_run_group_tests(with_pyserial, NULL, NULL);
    }
    if (argc == 3 && strcmp(argv[1], "gensio") == 0) {
        bench.argv = gensio;
        return cmocka_run_group_tests(with_gensio, NULL, NULL);
    }
    fprintf(stderr, "usage: %s pyserial PYTHON SCRIPT | gensio GENSIOT\n", argv[0]);
    return 2;
}
