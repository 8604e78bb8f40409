/* What a serial port does, on a pty whose other end the test holds.
 *
 * Run twice: by itself the termios backend opens the pty; with ptyshim
 * preloaded (PLUGFLASH_TEST_SHIM set) libserialport does, and the lines can be
 * watched. */
#define _GNU_SOURCE
#include "transport/util.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "transport/backends.h"
#include "transport/ports.h"
#include "transport/tty.h"
#include "transport/tty_port.h"

struct bench {
    struct heard heard;
    struct pf_transport *port;
    int master;
    char path[128];
    int spy; /* datagrams of the shim; -1 without it */
    char spy_path[64];
};

static bool shimmed(void)
{
    return getenv("PLUGFLASH_TEST_SHIM") != NULL;
}

static int pty_open(char path[128])
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    assert_int_equal(ptsname_r(master, path, 128), 0);
    return master;
}

static void spy_open(struct bench *b)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    snprintf(b->spy_path, sizeof b->spy_path, "/tmp/pf-spy.%ld", (long)getpid());
    unlink(b->spy_path);
    strcpy(at.sun_path, b->spy_path);
    b->spy = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(b->spy >= 0);
    assert_int_equal(bind(b->spy, (struct sockaddr *)&at, sizeof at), 0);
    setenv("PLUGFLASH_SHIM_SOCKET", b->spy_path, 1);
}

/* The line changes since the last call, joined. */
static const char *spied(struct bench *b, char text[256])
{
    size_t used = 0;
    ssize_t n;

    text[0] = '\0';
    while (used < 240 && (n = recv(b->spy, text + used, 240 - used, 0)) > 0)
        used += (size_t)n;
    text[used] = '\0';
    return text;
}

static int setup_bare(void **state)
{
    struct bench *b = calloc(1, sizeof *b);

    assert_non_null(b);
    heard_init(&b->heard);
    b->spy = -1;
    if (shimmed())
        spy_open(b);
    b->master = pty_open(b->path);
    *state = b;
    return 0;
}

static int setup(void **state)
{
    struct bench *b;

    setup_bare(state);
    b = *state;
    if (pf_serial_open(&b->heard.ctx, b->path, &b->port) != PF_OK)
        fail_msg("%s", b->heard.ctx.text);
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;

    if (b->port)
        b->port->ops->close(b->port);
    if (b->master >= 0)
        close(b->master);
    if (b->spy >= 0) {
        close(b->spy);
        unlink(b->spy_path);
        unsetenv("PLUGFLASH_SHIM_SOCKET");
    }
    free(b);
    return 0;
}

/* Read exactly `len` bytes at the master, within 3 s. */
static void master_reads(int master, uint8_t *buf, size_t len)
{
    size_t have = 0;

    while (have < len) {
        struct pollfd pfd = {.fd = master, .events = POLLIN};
        ssize_t n;

        assert_int_equal(poll(&pfd, 1, 3000), 1);
        n = read(master, buf + have, len - have);
        assert_true(n > 0);
        have += (size_t)n;
    }
}

static uint32_t master_baud(int master)
{
    struct termios2 t;

    assert_int_equal(ioctl(master, TCGETS2, &t), 0);
    return t.c_ospeed;
}

/* ---- opening ---- */

static void the_backend_is_chosen_by_itself(void **state)
{
    struct bench *b = *state;

    assert_string_equal(b->port->ops->name, shimmed() ? "serial" : "termios");
    assert_says(b->heard.logs, shimmed() ? "opened by libserialport" : "opened by termios");
    assert_true(b->port->caps & PF_CAP_BAUD);
    assert_int_equal(!!(b->port->caps & PF_CAP_LINES), shimmed());
    assert_string_equal(b->heard.warnings, "");
}

static void it_starts_at_115200_8n1_without_flow_control(void **state)
{
    struct bench *b = *state;
    struct termios2 t;

    assert_int_equal(ioctl(b->master, TCGETS2, &t), 0);
    assert_int_equal(t.c_ospeed, 115200);
    assert_int_equal(t.c_cflag & CSIZE, CS8);
    assert_int_equal(t.c_cflag & (PARENB | CSTOPB | CRTSCTS), 0);
    assert_int_equal(t.c_iflag & (IXON | IXOFF | IXANY | ICRNL | INLCR | ISTRIP), 0);
    assert_int_equal(t.c_lflag & (ICANON | ECHO | ISIG), 0);
    assert_int_equal(t.c_oflag & OPOST, 0);
}

static void a_symbolic_link_works_like_its_target(void **state)
{
    struct bench *b = *state;
    char link[64];

    snprintf(link, sizeof link, "/tmp/pf-link.%ld", (long)getpid());
    unlink(link);
    assert_int_equal(symlink(b->path, link), 0);
    assert_int_equal(pf_serial_open(&b->heard.ctx, link, &b->port), PF_OK);
    unlink(link);
    assert_int_equal(write(b->master, "x", 1), 1);
    assert_reads_text(b->port, "x");
}

static void a_second_open_is_refused_and_names_the_holder(void **state)
{
    struct bench *b = *state;
    struct pf_transport *second;
    char pid[32];

    assert_int_equal(pf_serial_open(&b->heard.ctx, b->path, &second), PF_ERR_PORT);
    assert_null(second);
    assert_says(b->heard.ctx.text, "in use by");
    snprintf(pid, sizeof pid, "(pid %ld)", (long)getpid());
    assert_says(b->heard.ctx.text, pid);
    assert_int_equal(pf_exit_status(PF_ERR_PORT), 3);

    /* and the first one is none the worse */
    assert_int_equal(write(b->master, "x", 1), 1);
    assert_reads_text(b->port, "x");
}

static void a_port_can_be_opened_again_after_close(void **state)
{
    struct bench *b = *state;

    for (int i = 0; i < 3; i++) {
        assert_int_equal(pf_serial_open(&b->heard.ctx, b->path, &b->port), PF_OK);
        b->port->ops->close(b->port);
        b->port = NULL;
    }
}

static void a_foreign_program_on_the_port_is_named(void **state)
{
    struct bench *b = *state;
    int go[2];
    pid_t child;
    char byte;

    assert_int_equal(pipe(go), 0);
    child = fork();
    if (child == 0) { /* holds the port without any lock, as a terminal might */
        int fd = open(b->path, O_RDWR | O_NOCTTY);

        (void)!write(go[1], &fd, 1);
        pause();
        _exit(0);
    }
    assert_int_equal(read(go[0], &byte, 1), 1);
    assert_int_equal(pf_serial_open(&b->heard.ctx, b->path, &b->port), PF_OK);
    kill(child, SIGKILL);
    close(go[0]);
    close(go[1]);
    assert_says(b->heard.logs, "is also open in"); /* on a real port a warning */
}

static void a_missing_port_is_told_with_what_there_is(void **state)
{
    struct bench *b = *state;

    assert_int_equal(pf_serial_open(&b->heard.ctx, "/dev/ttyUSB99", &b->port), PF_ERR_PORT);
    assert_null(b->port);
    assert_says(b->heard.ctx.text, "there is no /dev/ttyUSB99");
}

static void a_plain_file_is_not_a_port(void **state)
{
    struct bench *b = *state;

    assert_int_equal(pf_serial_open(&b->heard.ctx, "/etc/passwd", &b->port), PF_ERR_PORT);
    assert_says(b->heard.ctx.text, "not a serial port");
    assert_int_equal(pf_serial_open(&b->heard.ctx, "/dev/null", &b->port), PF_ERR_PORT);
}

static void no_permission_names_the_group_to_join(void **state)
{
    struct bench *b = *state;
    bool root = geteuid() == 0;
    struct group *group = getgrnam("dialout");
    enum pf_err err;

    if (root && group)
        assert_int_equal(chown(b->path, (uid_t)-1, group->gr_gid), 0);
    assert_int_equal(chmod(b->path, 0), 0);
    if (root)
        assert_int_equal(seteuid(65534), 0);
    err = pf_serial_open(&b->heard.ctx, b->path, &b->port);
    if (root)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(err, PF_ERR_PORT);
    assert_says(b->heard.ctx.text, "no permission");
    if (root && group)
        assert_says(b->heard.ctx.text, "usermod -aG dialout");
}

static void every_refusal_has_its_remedy(void **state)
{
    struct bench *b = *state;
    struct pf_ctx *ctx = &b->heard.ctx;

    assert_int_equal(ports_fail(ctx, "/dev/nowhere", EBUSY), PF_ERR_PORT);
    assert_says(ctx->text, "ModemManager");
    assert_says(ctx->text, "brltty");
    assert_int_equal(ports_fail(ctx, "/dev/nowhere", EACCES), PF_ERR_PORT);
    assert_says(ctx->text, "dialout");
    assert_int_equal(ports_fail(ctx, "/dev/nowhere", EIO), PF_ERR_PORT);
    assert_says(ctx->text, "Input/output error");
}

/* ---- bytes ---- */

static void every_byte_value_passes_both_ways(void **state)
{
    struct bench *b = *state;
    uint8_t all[1024], back[1024];

    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)(i * 167 + i / 256);
    assert_int_equal(b->port->ops->write(b->port, all, sizeof all), PF_OK);
    master_reads(b->master, back, sizeof back);
    assert_memory_equal(back, all, sizeof all);
    assert_int_equal(write(b->master, all, sizeof all), (ssize_t)sizeof all);
    assert_reads(b->port, all, sizeof all, 3000000);
}

/* Line editing queues hold 4095 bytes: a reader that waits for more than that
 * to pile up never gets it (peers.md F4). */
static void a_reply_of_4111_bytes_arrives_whole(void **state)
{
    struct bench *b = *state;
    uint8_t reply[4111];
    pid_t child;

    for (size_t i = 0; i < sizeof reply; i++)
        reply[i] = (uint8_t)(i ^ i >> 8);
    child = fork();
    if (child == 0) {
        size_t sent = 0;

        while (sent < sizeof reply) {
            ssize_t n = write(b->master, reply + sent, sizeof reply - sent);

            if (n > 0)
                sent += (size_t)n;
            else
                usleep(1000);
        }
        pause();
        _exit(0);
    }
    assert_reads(b->port, reply, sizeof reply, 5000000);
    kill(child, SIGKILL);
}

static void silence_is_a_timeout_at_the_deadline(void **state)
{
    struct bench *b = *state;
    uint64_t start = pf_now(b->port);
    uint8_t byte;
    size_t got = 1;

    assert_int_equal(b->port->ops->read(b->port, &byte, 1, start + 50500, &got), PF_ERR_TIMEOUT);
    assert_int_equal(got, 0);
    assert_true(pf_now(b->port) - start >= 50500);
    assert_true(pf_now(b->port) - start < 1000000);
}

static void a_deadline_in_the_past_takes_what_is_there(void **state)
{
    struct bench *b = *state;
    uint8_t buf[8];
    size_t got;

    assert_int_equal(b->port->ops->read(b->port, buf, sizeof buf, 0, &got), PF_ERR_TIMEOUT);
    assert_int_equal(write(b->master, "abc", 3), 3);
    usleep(20000);
    assert_int_equal(b->port->ops->read(b->port, buf, sizeof buf, 0, &got), PF_OK);
    assert_int_equal(got, 3);
}

static void a_hang_up_is_an_error_and_stays_one(void **state)
{
    struct bench *b = *state;
    uint64_t start = pf_now(b->port);
    uint8_t buf[8];
    size_t got;

    assert_int_equal(write(b->master, "last", 4), 4);
    usleep(20000);
    close(b->master);
    b->master = -1;
    /* What had come before may or may not survive in the kernel; the error
     * comes at once, not at the deadline. */
    while (b->port->ops->read(b->port, buf, sizeof buf, start + 5000000, &got) == PF_OK)
        ;
    assert_int_equal(b->heard.ctx.err, PF_ERR_IO);
    assert_says(b->heard.ctx.text, "unplugged");
    assert_true(pf_now(b->port) - start < 2000000);
    assert_int_equal(b->port->ops->read(b->port, buf, sizeof buf, 0, &got), PF_ERR_IO);
    assert_int_equal(b->port->ops->write(b->port, buf, 1), PF_ERR_IO);
    assert_int_equal(b->port->ops->drain(b->port), PF_ERR_IO);
    assert_int_equal(b->port->ops->discard_input(b->port), PF_ERR_IO);
    assert_int_equal(pf_set_baud(b->port, 9600), PF_ERR_IO);
    assert_int_equal(pf_set_lines(b->port, PF_LINE_DTR), PF_ERR_IO);
}

static void a_hang_up_is_seen_by_a_write(void **state)
{
    struct bench *b = *state;

    close(b->master);
    b->master = -1;
    assert_int_equal(b->port->ops->write(b->port, (const uint8_t *)"x", 1), PF_ERR_IO);
}

/* Some drivers stay silent on a descriptor whose adapter has left. */
static void a_missing_device_node_is_an_error_not_silence(void **state)
{
    struct bench *b = *state;
    struct pf_fd *fd = &((struct tty_port *)b->port)->fd;
    uint8_t byte;
    size_t got;

    strcpy(fd->name, "/dev/no-longer-here");
    assert_int_equal(b->port->ops->read(b->port, &byte, 1, pf_now(b->port) + 1000, &got),
                     PF_ERR_IO);
    assert_says(b->heard.ctx.text, "/dev/no-longer-here vanished");
}

static void on_alarm(int sig)
{
    (void)sig;
}

static void a_signal_ends_a_read_early_and_harms_nothing(void **state)
{
    struct bench *b = *state;
    const struct sigaction act = {.sa_handler = on_alarm};
    const struct itimerval soon = {.it_value = {.tv_usec = 30000}};
    uint64_t start = pf_now(b->port);
    uint8_t byte;
    size_t got = 1;

    assert_int_equal(sigaction(SIGALRM, &act, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
    assert_int_equal(b->port->ops->read(b->port, &byte, 1, start + 5000000, &got), PF_ERR_TIMEOUT);
    assert_int_equal(got, 0);
    assert_true(pf_now(b->port) - start < 3000000);
    assert_int_equal(write(b->master, "y", 1), 1);
    assert_reads_text(b->port, "y");
}

static void a_port_that_takes_no_more_is_a_timeout(void **state)
{
    struct bench *b = *state;
    static const uint8_t block[65536];

    ((struct tty_port *)b->port)->fd.stall_us = 100000;
    assert_int_equal(b->port->ops->write(b->port, block, sizeof block), PF_ERR_TIMEOUT);
    assert_says(b->heard.ctx.text, "takes no more");
}

static void discard_drops_what_has_come_and_nothing_later(void **state)
{
    struct bench *b = *state;

    assert_int_equal(write(b->master, "old", 3), 3);
    usleep(20000);
    assert_int_equal(b->port->ops->discard_input(b->port), PF_OK);
    assert_int_equal(write(b->master, "new", 3), 3);
    assert_reads_text(b->port, "new");
}

/* ---- baud ---- */

static void any_baud_rate_reaches_the_device(void **state)
{
    static const uint32_t rates[] = {9600,   74880,   115200,  250000, 460800,
                                     921600, 1234567, 1500000, 2000000};
    struct bench *b = *state;

    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        assert_int_equal(pf_set_baud(b->port, rates[i]), PF_OK);
        assert_int_equal(master_baud(b->master), rates[i]);
    }
    assert_string_equal(b->heard.warnings, "");
    assert_int_equal(pf_set_baud(b->port, 0), PF_ERR_USAGE);
}

/* Only with the shim, which then plays such a driver (peers.md 3.11). */
static void a_rate_the_driver_did_not_take_is_warned_about(void **state)
{
    struct bench *b = *state;

    setenv("PLUGFLASH_SHIM_BAUD", "9600", 1);
    assert_int_equal(pf_set_baud(b->port, 921600), PF_OK);
    unsetenv("PLUGFLASH_SHIM_BAUD");
    assert_says(b->heard.warnings, "asked for 921600 baud, the driver set 9600");
}

/* ---- lines ---- */

static void both_lines_are_released_right_after_open(void **state)
{
    struct bench *b = *state;
    char text[256];

    assert_string_equal(spied(b, text), "L 1 1\nL 0 0\n");
}

static void both_lines_change_in_one_step(void **state)
{
    struct bench *b = *state;
    char text[256];

    spied(b, text);
    assert_int_equal(pf_set_lines(b->port, PF_LINE_DTR | PF_LINE_RTS), PF_OK);
    assert_string_equal(spied(b, text), "L 1 1\n");
    assert_int_equal(pf_set_lines(b->port, PF_LINE_RTS), PF_OK);
    assert_string_equal(spied(b, text), "L 0 1\n");
    assert_int_equal(pf_set_lines(b->port, PF_LINE_DTR), PF_OK);
    assert_string_equal(spied(b, text), "L 1 0\n");
    assert_int_equal(pf_set_lines(b->port, PF_LINE_DTR), PF_OK);
    assert_int_equal(pf_set_lines(b->port, 0), PF_OK);
    assert_string_equal(spied(b, text), "L 0 0\n");
}

static void a_baud_change_leaves_the_lines_alone(void **state)
{
    struct bench *b = *state;
    char text[256];

    assert_int_equal(pf_set_lines(b->port, PF_LINE_RTS), PF_OK);
    spied(b, text);
    assert_int_equal(pf_set_baud(b->port, 921600), PF_OK);
    assert_int_equal(b->port->ops->drain(b->port), PF_OK);
    assert_string_equal(spied(b, text), "");
}

static void a_port_without_lines_says_so(void **state)
{
    struct bench *b = *state;

    assert_int_equal(pf_set_lines(b->port, PF_LINE_RTS), PF_ERR_SUPPORT);
    assert_says(b->heard.ctx.text, "no DTR and RTS");
    assert_int_equal(pf_set_power(b->port, true), PF_ERR_SUPPORT);
}

static void listing_ports_never_fails_for_want_of_any(void **state)
{
    struct bench *b = *state;
    struct pf_port_info *list;
    size_t count;

    assert_int_equal(pf_port_list(&b->heard.ctx, &list, &count), PF_OK);
    assert_non_null(list);
    for (size_t i = 1; i < count; i++)
        assert_true(strcmp(list[i - 1].name, list[i].name) <= 0);
    free(list);
}

#define BARE(f) cmocka_unit_test_setup_teardown(f, setup_bare, teardown)
#define PORT(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PORT(the_backend_is_chosen_by_itself),
        PORT(it_starts_at_115200_8n1_without_flow_control),
        BARE(a_symbolic_link_works_like_its_target),
        PORT(a_second_open_is_refused_and_names_the_holder),
        BARE(a_port_can_be_opened_again_after_close),
        BARE(a_foreign_program_on_the_port_is_named),
        BARE(a_missing_port_is_told_with_what_there_is),
        BARE(a_plain_file_is_not_a_port),
        BARE(no_permission_names_the_group_to_join),
        BARE(every_refusal_has_its_remedy),
        PORT(every_byte_value_passes_both_ways),
        PORT(a_reply_of_4111_bytes_arrives_whole),
        PORT(silence_is_a_timeout_at_the_deadline),
        PORT(a_deadline_in_the_past_takes_what_is_there),
        PORT(a_hang_up_is_an_error_and_stays_one),
        PORT(a_hang_up_is_seen_by_a_write),
        PORT(a_missing_device_node_is_an_error_not_silence),
        PORT(a_signal_ends_a_read_early_and_harms_nothing),
        PORT(a_port_that_takes_no_more_is_a_timeout),
        PORT(discard_drops_what_has_come_and_nothing_later),
        PORT(any_baud_rate_reaches_the_device),
        BARE(listing_ports_never_fails_for_want_of_any),
    };

    const struct CMUnitTest with_lines[] = {
        PORT(both_lines_are_released_right_after_open),
        PORT(both_lines_change_in_one_step),
        PORT(a_baud_change_leaves_the_lines_alone),
        PORT(a_rate_the_driver_did_not_take_is_warned_about),
    };
    const struct CMUnitTest without_lines[] = {
        PORT(a_port_without_lines_says_so),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    if (shimmed())
        return failed + cmocka_run_group_tests(with_lines, NULL, NULL);
    return failed + cmocka_run_group_tests(without_lines, NULL, NULL);
}
