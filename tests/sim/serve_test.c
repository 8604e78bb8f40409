/* serve_test.c - virtual devices behind real sockets and a pty: the only test
 * of this folder in real time. Sessions are short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "core/bytes.h"
#include "plugflash/sim.h"
#include "sim/telnet.h"

#define LINK_CHECK "\x01\xE0\xFC\x01\x00"
#define LINK_REPLY "\x04\x0E\x05\x01\xE0\xFC\x01\x00"
#define READ_4K    "\x01\xE0\xFC\xFF\xF4\x05\x00\x09\x00\x10\x01\x00"
#define PATIENCE   20000 /* ms; machines that run tests stall */

struct server {
    pthread_t thread;
    struct pf_ctx ctx;
    const char *spec, *how;
    volatile bool stop;
    enum pf_err err;
    pthread_mutex_t lock;
    pthread_cond_t told;
    char address[128]; /* "" until ready, "-" when it failed */
};

static void tell(struct server *s, const char *address)
{
    pthread_mutex_lock(&s->lock);
    if (!s->address[0])
        snprintf(s->address, sizeof s->address, "%s", address);
    pthread_cond_signal(&s->told);
    pthread_mutex_unlock(&s->lock);
}

static void ready(void *user, const char *address)
{
    tell(user, address);
}

static void *serve(void *user)
{
    struct server *s = user;

    s->err = pf_sim_serve(&s->ctx, s->spec, s->how, ready, s, &s->stop);
    tell(s, "-");
    return NULL;
}

static void start(struct server *s, const char *spec, const char *how)
{
    memset(s, 0, sizeof *s);
    s->spec = spec;
    s->how = how;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->told, NULL);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
    pthread_mutex_lock(&s->lock);
    while (!s->address[0])
        pthread_cond_wait(&s->told, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

static void finish(struct server *s)
{
    s->stop = true;
    pthread_join(s->thread, NULL);
    assert_int_equal(s->err, PF_OK);
}

static int dial(const struct server *s)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    const char *colon = strrchr(s->address, ':');
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_non_null(colon);
    at.sin_port = htons((uint16_t)atoi(colon + 1));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

/* Up to `n` bytes; returns what came in `ms`. */
static size_t take(int fd, uint8_t *buf, size_t n, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    size_t have = 0;

    while (have < n && poll(&p, 1, ms) > 0) {
        ssize_t got = read(fd, buf + have, n - have);

        if (got <= 0)
            break;
        have += (size_t)got;
    }
    return have;
}

static void put(int fd, const void *bytes, size_t n)
{
    assert_int_equal(write(fd, bytes, n), (ssize_t)n);
}

/* LinkChecks until an answer comes. */
static bool link_up(int fd, int ms)
{
    uint8_t in[8];

    for (int t = 0; t < ms; t += 10) {
        put(fd, LINK_CHECK, 5);
        if (take(fd, in, 8, 10) == 8 && !memcmp(in, LINK_REPLY, 8)) {
            while (take(fd, in, 8, 50))
                ;
            return true;
        }
    }
    return false;
}

static void a_tcp_client_links_reads_and_comes_again(void **state)
{
    static uint8_t page[4111];
    struct server s;

    (void)state;
    start(&s, "bk7231n,start=loader", "tcp:0");
    assert_memory_equal(s.address, "127.0.0.1:", 10);
    for (int i = 0; i < 20; i++) {
        int fd = dial(&s);

        assert_true(link_up(fd, PATIENCE));
        put(fd, READ_4K, 12);
        assert_int_equal(take(fd, page, sizeof page, PATIENCE), sizeof page);
        assert_memory_equal(page, "\x04\x0E\xFF\x01\xE0\xFC\xF4\x06\x10\x09\x00", 11);
        close(fd);
    }
    finish(&s);
}

static void a_plug_that_is_power_cycled_links_over_plain_tcp(void **state)
{
    struct server s;
    int fd;

    (void)state;
    start(&s, "bk7231t,power=cycle:100,window=500,idle=60000", "tcp:127.0.0.1:0");
    fd = dial(&s);
    assert_true(link_up(fd, PATIENCE));
    close(fd);
    finish(&s);
}

static void a_second_client_is_turned_away(void **state)
{
    struct server s;
    uint8_t in[8];
    int a, b;

    (void)state;
    start(&s, "bk7231n,start=loader", "tcp:0");
    a = dial(&s);
    assert_true(link_up(a, PATIENCE));
    b = dial(&s);
    assert_int_equal(take(b, in, 8, PATIENCE), 0); /* closed */
    assert_true(link_up(a, PATIENCE));
    close(a);
    close(b);
    finish(&s);
}

static void a_deadline_of_the_device_lasts_in_real_time(void **state)
{
    struct timespec a, b;
    struct server s;

    (void)state;
    start(&s, "bk7231n,limit=300", "tcp:0");
    clock_gettime(CLOCK_MONOTONIC, &a);
    pthread_join(s.thread, NULL);
    clock_gettime(CLOCK_MONOTONIC, &b);
    assert_int_equal(s.err, PF_OK);
    assert_true((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 >= 150);
}

static void pacing_keeps_the_time_of_the_wire(void **state)
{
    static uint8_t page[4111];
    struct timespec a, b;
    struct server s;
    int fd;

    (void)state;
    start(&s, "bk7231n,start=loader,pace=1", "tcp:0");
    fd = dial(&s);
    clock_gettime(CLOCK_MONOTONIC, &a);
    put(fd, READ_4K, 12);
    assert_int_equal(take(fd, page, sizeof page, PATIENCE), sizeof page);
    clock_gettime(CLOCK_MONOTONIC, &b);
    assert_true((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 >= 355);
    close(fd);
    finish(&s);
}

/* Reads until the bytes of `want` have come in a row. */
static bool await(int fd, const void *want, size_t n)
{
    uint8_t last[64] = {0}, byte;

    assert_true(n <= sizeof last);
    while (take(fd, &byte, 1, PATIENCE)) {
        memmove(last, last + 1, n - 1);
        last[n - 1] = byte;
        if (!memcmp(last, want, n))
            return true;
    }
    return false;
}

static void an_rfc2217_client_sets_rate_and_pulses_reset(void **state)
{
    static const uint8_t will[] = {255, 251, 44, 255, 251, 0, 255, 253, 0};
    static const uint8_t rate[] = {255, 250, 44, 1, 0, 1, 0xC2, 0, 255, 240};
    static const uint8_t rate_ok[] = {255, 250, 44, 101, 0, 1, 0xC2, 0, 255, 240};
    static const uint8_t rts_on[] = {255, 250, 44, 5, 11, 255, 240};
    static const uint8_t rts_on_ok[] = {255, 250, 44, 105, 11, 255, 240};
    static const uint8_t rts_off[] = {255, 250, 44, 5, 12, 255, 240};
    static const uint8_t rts_off_ok[] = {255, 250, 44, 105, 12, 255, 240};
    static const uint8_t purge[] = {255, 250, 44, 12, 1, 255, 240};
    static const uint8_t purge_ok[] = {255, 250, 44, 112, 1, 255, 240};
    static const uint8_t link[] = {1, 0xE0, 0xFC, 1, 0};
    static const uint8_t read_ff[] = {/* ReadReg 0xFFFFFFFF: FF doubled */
                                      1, 0xE0, 0xFC, 5, 3, 255, 255, 255, 255, 255, 255, 255, 255};
    static const uint8_t ff[] = {4,   0x0E, 0x0C, 1,   0xE0, 0xFC, 3, 255, 255, 255,
                                 255, 255,  255,  255, 255,  0,    0, 0,   0};
    struct server s;
    int fd;

    (void)state;
    start(&s, "bk7231n,window=5000", "rfc2217:0");
    fd = dial(&s);
    put(fd, will, sizeof will);
    put(fd, rate, sizeof rate);
    assert_true(await(fd, rate_ok, sizeof rate_ok));
    put(fd, rts_on, sizeof rts_on);
    assert_true(await(fd, rts_on_ok, sizeof rts_on_ok));
    put(fd, link, sizeof link);
    put(fd, rts_off, sizeof rts_off);
    assert_true(await(fd, rts_off_ok, sizeof rts_off_ok));
    put(fd, link, sizeof link);
    assert_true(await(fd, LINK_REPLY, 8));
    put(fd, read_ff, sizeof read_ff);
    assert_true(await(fd, ff, sizeof ff));
    put(fd, purge, sizeof purge);
    assert_true(await(fd, purge_ok, sizeof purge_ok));
    close(fd);
    finish(&s);
}

static void a_pty_shows_the_rate_its_client_sets(void **state)
{
    static const char path[] = "sim-serve-test.pty";
    struct termios raw;
    uint8_t in[16];
    struct server s;
    int fd;

    (void)state;
    start(&s, "bk7231n,start=loader", "pty:sim-serve-test.pty");
    fd = open(path, O_RDWR | O_NOCTTY);
    assert_true(fd >= 0);
    assert_int_equal(tcgetattr(fd, &raw), 0);
    assert_int_equal(cfgetospeed(&raw), B115200);
    assert_true(link_up(fd, PATIENCE));
#ifdef __linux__
    cfsetispeed(&raw, B460800);
    cfsetospeed(&raw, B460800);
    tcsetattr(fd, TCSANOW, &raw);
    put(fd, LINK_CHECK, 5);
    assert_int_not_equal(take(fd, in, 8, 300), 8); /* the device is still at 115200 */
#endif
    close(fd);
    finish(&s);
    assert_int_equal(access(path, F_OK), -1); /* the link is gone */
    (void)in;
}

static void a_line_socket_carries_reset_beside_a_pty(void **state)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "sim-serve-test.sock"};
    int lines = socket(AF_UNIX, SOCK_DGRAM, 0), fd;
    struct server s;

    (void)state;
    start(&s, "bk7231n,window=5000,linesock=sim-serve-test.sock", "pty:");
    assert_memory_equal(s.address, "/dev/", 5);
    fd = open(s.address, O_RDWR | O_NOCTTY);
    assert_true(fd >= 0);
    assert_false(link_up(fd, 100));
    assert_int_equal(sendto(lines, "L 0 1\n", 6, 0, (struct sockaddr *)&at, sizeof at), 6);
    assert_false(link_up(fd, 100));
    assert_int_equal(sendto(lines, "L 0 0\n", 6, 0, (struct sockaddr *)&at, sizeof at), 6);
    assert_true(link_up(fd, PATIENCE));
    close(fd);
    close(lines);
    finish(&s);
}

static void bad_addresses_are_refused(void **state)
{
    static const struct {
        const char *how;
        enum pf_err err;
    } rows[] = {
        {"serial:1", PF_ERR_USAGE},          {"tcp:", PF_ERR_USAGE},
        {"tcp:nowhere", PF_ERR_USAGE},       {"tcp:1:99999", PF_ERR_USAGE},
        {"pty:/nonexistent/x", PF_ERR_PORT}, {"tcp:192.0.2.1:0", PF_ERR_PORT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pf_ctx ctx = {0};
        bool stop = true;

        if (pf_sim_serve(&ctx, "bk7231n", rows[i].how, NULL, NULL, &stop) != rows[i].err)
            fail_msg("%s: %d %s", rows[i].how, ctx.err, ctx.text);
    }
}

/* ---- the telnet codec alone ---------------------------------------------- */

struct log {
    uint8_t data[256], sent[512];
    size_t data_len, sent_len;
    uint32_t baud;
    unsigned lines;
};

static void log_data(void *user, const uint8_t *bytes, size_t len)
{
    struct log *l = user;

    assert_true(l->data_len + len <= sizeof l->data);
    memcpy(l->data + l->data_len, bytes, len);
    l->data_len += len;
}

static void log_send(void *user, const uint8_t *bytes, size_t len)
{
    struct log *l = user;

    assert_true(l->sent_len + len <= sizeof l->sent);
    memcpy(l->sent + l->sent_len, bytes, len);
    l->sent_len += len;
}

static uint32_t log_baud(void *user, uint32_t baud)
{
    struct log *l = user;

    return l->baud = baud ? baud : l->baud;
}

static unsigned log_lines(void *user, unsigned mask, unsigned value)
{
    struct log *l = user;

    return l->lines = (l->lines & ~mask) | value;
}

static void log_purge(void *user, bool input, bool output)
{
    (void)user;
    (void)input;
    (void)output;
}

static void telnet_is_the_same_in_one_piece_and_byte_by_byte(void **state)
{
    static const uint8_t in[] = {'a', 255, 255, 'b', 255, 251, 44,  255, 253, 1,   255, 251,
                                 0,   255, 251, 0,   255, 250, 44,  1,   0,   255, 255, 0,
                                 1,   255, 240, 255, 250, 44,  5,   8,   255, 240, 255, 241,
                                 'c', 255, 250, 44,  0,   255, 240, 255, 250, 255, 240, 'd'};
    struct log one = {.baud = 1}, two = {.baud = 1};
    struct telnet_sink sink = {&one, log_data, log_send, log_baud, log_lines, log_purge};
    struct telnet t;

    (void)state;
    telnet_open(&t, &sink);
    telnet_input(&t, &sink, in, sizeof in);
    sink.user = &two;
    telnet_open(&t, &sink);
    for (size_t i = 0; i < sizeof in; i++)
        telnet_input(&t, &sink, in + i, 1);
    assert_int_equal(one.data_len, 5);
    assert_memory_equal(one.data,
                        "a\xff"
                        "bcd",
                        5);
    assert_int_equal(one.baud, 0x00ff0001);
    assert_int_equal(one.lines, PF_LINE_DTR);
    assert_int_equal(one.data_len, two.data_len);
    assert_memory_equal(one.data, two.data, one.data_len);
    assert_int_equal(one.sent_len, two.sent_len);
    assert_memory_equal(one.sent, two.sent, one.sent_len);
}

static void telnet_survives_any_bytes(void **state)
{
    uint32_t x = 12345;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        struct log l = {.baud = 9600};
        struct telnet_sink sink = {&l, log_data, log_send, log_baud, log_lines, log_purge};
        struct telnet t;
        uint8_t in[60];

        telnet_open(&t, &sink);
        for (size_t i = 0; i < sizeof in; i++) {
            x = x * 1664525 + 1013904223;
            in[i] = x >> 30 ? (uint8_t)(x >> 16) : (uint8_t)(240 + (x >> 16) % 16);
            in[i] = x >> 28 == 5 ? 44 : in[i];
        }
        telnet_input(&t, &sink, in, sizeof in);
        assert_true(l.data_len <= sizeof in);
    }
}

static void a_bl602_measures_a_train_over_tcp_and_answers(void **state)
{
    static const char *const specs[] = {"bl602,start=boot", "bl602,start=loader,session=0"};
    uint8_t train[1200], in[24];

    (void)state;
    memset(train, 0x55, sizeof train);
    for (int i = 0; i < 2; i++) {
        struct server s;
        int fd;

        start(&s, specs[i], "tcp:0");
        fd = dial(&s);
        put(fd, train, sizeof train);
        assert_int_equal(take(fd, in, 2, PATIENCE), 2);
        assert_memory_equal(in, "OK", 2);
        put(fd, train, 1); /* the train's end, late */
        put(fd, "\x10\0\0\0", 4);
        assert_int_equal(take(fd, in, 24, PATIENCE), 24);
        assert_memory_equal(in, "OK\x14\0", 4);
        assert_int_equal(in[4], i ? 0xFF : 1); /* the loader says -1, the ROM 1 */
        close(fd);
        finish(&s);
    }
}

/* Our own stub runs there as well, and all its work takes no time. */
static void a_stub_of_ours_is_served(void **state)
{
    static const uint8_t read[] = {0xA5, 0x03, 0x08, 0x00, 0, 0, 0, 0, 0, 0x80, 0, 0, 0x30};
    static const uint8_t erase[] = {0xA5, 0x04, 0x08, 0x00, 0, 0, 4, 0, 0, 0, 1, 0, 0xB6};
    static uint8_t in[4 + 0x8000 + 2];
    struct server s;
    uint8_t sum = 0;
    int fd;

    (void)state;
    start(&s, "ecr6600,start=stub,stub=own", "tcp:0");
    fd = dial(&s);
    poll(NULL, 0, 50); /* it starts */
    put(fd, "\xA5\x00\x04\x00\x63\x6E\x79\x73\x66", 9);
    assert_int_equal(take(fd, in, 6, PATIENCE), 6);
    assert_memory_equal(in, "\x5A\x00\x00\x00\x00\x5A", 6);
    put(fd, read, sizeof read);
    assert_int_equal(take(fd, in, sizeof in, PATIENCE), sizeof in);
    for (size_t i = 0; i < sizeof in - 1; i++)
        sum = (uint8_t)(sum + in[i]);
    assert_memory_equal(in, "\x5A\x03\x00\x80", 4);
    assert_int_equal(sum, in[sizeof in - 1]);
    put(fd, erase, sizeof erase);
    assert_int_equal(take(fd, in, 6, PATIENCE), 6);
    assert_memory_equal(in, "\x5A\x04\x00\x00\x00\x5E", 6);
    close(fd);
    finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tcp_client_links_reads_and_comes_again),
        cmocka_unit_test(a_bl602_measures_a_train_over_tcp_and_answers),
        cmocka_unit_test(a_plug_that_is_power_cycled_links_over_plain_tcp),
        cmocka_unit_test(a_second_client_is_turned_away),
        cmocka_unit_test(a_deadline_of_the_device_lasts_in_real_time),
        cmocka_unit_test(pacing_keeps_the_time_of_the_wire),
        cmocka_unit_test(an_rfc2217_client_sets_rate_and_pulses_reset),
        cmocka_unit_test(a_pty_shows_the_rate_its_client_sets),
        cmocka_unit_test(a_line_socket_carries_reset_beside_a_pty),
        cmocka_unit_test(bad_addresses_are_refused),
        cmocka_unit_test(telnet_is_the_same_in_one_piece_and_byte_by_byte),
        cmocka_unit_test(telnet_survives_any_bytes),
        cmocka_unit_test(a_stub_of_ours_is_served),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
