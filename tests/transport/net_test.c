/* tcp:// and rfc2217:// against a server in a thread of the test (server.h).
 * Everything is on 127.0.0.1. */
#include "transport/util.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "transport/backends.h"
#include "transport/posix_fd.h"
#include "transport/server.h"

struct bench {
    struct heard heard;
    struct server *server;
    struct pf_transport *port;
};

static void serve(struct bench *b, struct manners how)
{
    b->server = server_start(how);
}

static void stop(struct bench *b)
{
    server_stop(b->server);
    b->server = NULL;
}

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);

    assert_non_null(b);
    heard_init(&b->heard);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;

    if (b->port)
        b->port->ops->close(b->port);
    if (b->server)
        stop(b);
    free(b);
    return 0;
}

/* Open rfc2217 to a server of these manners; fails the test unless it works. */
static struct bench *remote(void **state, struct manners how)
{
    struct bench *b = *state;

    serve(b, how);
    if (pf_rfc2217_open(&b->heard.ctx, b->server->address, &b->port) != PF_OK)
        fail_msg("%s", b->heard.ctx.text);
    return b;
}

static void echoes(struct bench *b)
{
    uint8_t all[2048];

    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)(i % 3 ? i : 255);
    assert_int_equal(b->port->ops->write(b->port, all, sizeof all), PF_OK);
    assert_reads(b->port, all, sizeof all, 3000000);
}

/* ---- tcp ---- */

static void tcp_carries_every_byte(void **state)
{
    struct bench *b = *state;

    serve(b, (struct manners){.raw = true});
    assert_int_equal(pf_tcp_open(&b->heard.ctx, b->server->address, &b->port), PF_OK);
    assert_string_equal(b->port->ops->name, "tcp");
    assert_int_equal(b->port->caps, 0);
    echoes(b);
    assert_int_equal(b->port->ops->drain(b->port), PF_OK);
    assert_int_equal(pf_set_baud(b->port, 9600), PF_ERR_SUPPORT);
    assert_int_equal(pf_set_lines(b->port, 0), PF_ERR_SUPPORT);
}

static void tcp_tells_silence_from_a_closed_connection(void **state)
{
    struct bench *b = *state;
    uint8_t byte;
    size_t got;

    serve(b, (struct manners){.mute = true});
    assert_int_equal(pf_tcp_open(&b->heard.ctx, b->server->address, &b->port), PF_OK);
    assert_int_equal(b->port->ops->read(b->port, &byte, 1, pf_now(b->port) + 20000, &got),
                     PF_ERR_TIMEOUT);
    stop(b);
    assert_int_equal(b->port->ops->read(b->port, &byte, 1, pf_now(b->port) + 3000000, &got),
                     PF_ERR_IO);
    assert_says(b->heard.ctx.text, "closed the connection");
    assert_int_equal(b->port->ops->write(b->port, &byte, 1), PF_ERR_IO);
    assert_int_equal(b->port->ops->drain(b->port), PF_ERR_IO);
}

static void tcp_discard_drops_what_has_come(void **state)
{
    struct bench *b = *state;

    serve(b, (struct manners){.raw = true});
    assert_int_equal(pf_tcp_open(&b->heard.ctx, b->server->address, &b->port), PF_OK);
    assert_int_equal(b->port->ops->write(b->port, (const uint8_t *)"old", 3), PF_OK);
    usleep(100000);
    assert_int_equal(b->port->ops->discard_input(b->port), PF_OK);
    assert_int_equal(b->port->ops->write(b->port, (const uint8_t *)"new", 3), PF_OK);
    assert_reads_text(b->port, "new");
}

static void a_dead_peer_stops_a_write(void **state)
{
    struct bench *b = *state;
    static uint8_t block[1 << 20];
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    enum pf_err err = PF_OK;
    char address[32];

    assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(listener, 1), 0); /* never accepted, never read */
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &size), 0);
    snprintf(address, sizeof address, "127.0.0.1:%u", ntohs(at.sin_port));
    assert_int_equal(pf_tcp_open(&b->heard.ctx, address, &b->port), PF_OK);
    ((struct pf_fd *)(b->port + 1))->stall_us = 100000;
    for (int i = 0; i < 64 && !err; i++)
        err = b->port->ops->write(b->port, block, sizeof block);
    assert_int_equal(err, PF_ERR_TIMEOUT);
    close(listener);
}

static void nobody_listening_is_a_port_error(void **state)
{
    struct bench *b = *state;
    char address[32];

    serve(b, (struct manners){.raw = true});
    memcpy(address, b->server->address, sizeof address);
    stop(b);
    assert_int_equal(pf_tcp_open(&b->heard.ctx, address, &b->port), PF_ERR_PORT);
    assert_says(b->heard.ctx.text, "cannot connect");
    assert_null(b->port);
    assert_int_equal(pf_rfc2217_open(&b->heard.ctx, address, &b->port), PF_ERR_PORT);
    assert_int_equal(pf_tcp_open(&b->heard.ctx, "host-without-port", &b->port), PF_ERR_USAGE);
}

/* ---- rfc2217 ---- */

static void opening_sets_8n1_at_115200_and_releases_the_lines(void **state)
{
    struct bench *b = remote(state, (struct manners){.raw = false});
    char text[4096];

    assert_string_equal(server_said(b->server, text),
                        "C9 C12 B115200 size8 parity1 stop1 C1 other11 purge1 ");
    assert_string_equal(b->heard.warnings, "");
    assert_int_equal(b->port->caps, PF_CAP_BAUD | PF_CAP_LINES);
    echoes(b);
    assert_int_equal(b->server->ndata, 2048);
}

static void both_lines_go_in_one_message_and_only_if_changed(void **state)
{
    struct bench *b = remote(state, (struct manners){.raw = false});
    char text[4096];

    server_said(b->server, text);
    assert_int_equal(pf_set_lines(b->port, PF_LINE_DTR | PF_LINE_RTS), PF_OK);
    assert_string_equal(server_said(b->server, text), "C8 C11 ");
    assert_int_equal(pf_set_lines(b->port, PF_LINE_RTS), PF_OK);
    assert_string_equal(server_said(b->server, text), "C9 ");
    assert_int_equal(pf_set_lines(b->port, PF_LINE_RTS), PF_OK);
    assert_string_equal(server_said(b->server, text), "");
}

static void baud_rates_are_confirmed(void **state)
{
    struct bench *b = remote(state, (struct manners){.raw = false});
    char text[4096];

    server_said(b->server, text);
    assert_int_equal(pf_set_baud(b->port, 65535), PF_OK); /* 0000ffff: escaped twice */
    assert_int_equal(pf_set_baud(b->port, 921600), PF_OK);
    assert_string_equal(server_said(b->server, text), "B65535 B921600 ");
    assert_int_equal(pf_set_baud(b->port, 0), PF_ERR_USAGE);
    assert_string_equal(b->heard.warnings, "");
}

static void a_rate_the_server_did_not_take_is_warned_about(void **state)
{
    struct bench *b = remote(state, (struct manners){.baud_is = 115200});

    assert_string_equal(b->heard.warnings, "");
    assert_int_equal(pf_set_baud(b->port, 921600), PF_OK);
    assert_says(b->heard.warnings, "asked for 921600 baud, the server set 115200");
}

static void an_unconfirmed_rate_is_an_error(void **state)
{
    struct bench *b = remote(state, (struct manners){.no_baud = true});

    assert_int_equal(pf_set_baud(b->port, 921600), PF_ERR_TIMEOUT);
    assert_says(b->heard.ctx.text, "did not confirm 921600");
    echoes(b); /* and the link still works */
}

static void unanswered_lines_are_warned_about_once_and_not_waited_for(void **state)
{
    struct bench *b = remote(state, (struct manners){.no_control = true});
    uint64_t start;
    char text[4096];

    assert_says(b->heard.warnings, "did not confirm DTR");
    assert_says(b->heard.warnings, "did not confirm RTS");
    b->heard.warnings[0] = '\0';
    server_said(b->server, text);
    start = pf_now(b->port);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(pf_set_lines(b->port, i % 4), PF_OK);
    assert_true(pf_now(b->port) - start < 500000);
    echoes(b);
    assert_says(server_said(b->server, text), "C8 C9 C11 C8 C9 C12 ");
    assert_string_equal(b->heard.warnings, "");
}

static void unanswered_purges_do_not_stop_a_discard(void **state)
{
    struct bench *b = remote(state, (struct manners){.no_purge = true});

    assert_says(b->heard.warnings, "did not confirm a purge");
    assert_int_equal(b->port->ops->write(b->port, (const uint8_t *)"old", 3), PF_OK);
    usleep(100000);
    assert_int_equal(b->port->ops->discard_input(b->port), PF_OK);
    assert_int_equal(b->port->ops->write(b->port, (const uint8_t *)"new", 3), PF_OK);
    assert_reads_text(b->port, "new");
}

static void data_that_comes_while_waiting_for_an_answer_is_kept(void **state)
{
    struct bench *b = remote(state, (struct manners){.chatter = true});

    assert_int_equal(pf_set_baud(b->port, 921600), PF_OK);
    assert_int_equal(pf_set_lines(b->port, PF_LINE_RTS), PF_OK);
    assert_reads_text(b->port, "noisenoise");
    echoes(b);
}

static void a_discard_drops_all_that_came_before_the_purge(void **state)
{
    struct bench *b = remote(state, (struct manners){.raw = false});

    for (int i = 0; i < 20; i++) {
        assert_int_equal(b->port->ops->write(b->port, (const uint8_t *)"old old old", 11), PF_OK);
        assert_int_equal(b->port->ops->discard_input(b->port), PF_OK);
        assert_int_equal(b->port->ops->write(b->port, (const uint8_t *)"new", 3), PF_OK);
        assert_reads_text(b->port, "new");
    }
}

static void a_server_that_dribbles_single_bytes_works(void **state)
{
    echoes(remote(state, (struct manners){.dribble = true, .chatter = false}));
}

static void a_server_that_agrees_with_will_works(void **state)
{
    echoes(remote(state, (struct manners){.will_only = true}));
}

static void a_server_without_binary_mode_is_warned_about(void **state)
{
    struct bench *b = remote(state, (struct manners){.no_binary = true});

    assert_says(b->heard.warnings, "refuses binary mode");
}

static void a_server_that_haggles_for_ever_gets_no_more_answers(void **state)
{
    struct bench *b = remote(state, (struct manners){.haggle = true});

    echoes(b);
    stop(b);
}

static void a_pause_asked_for_by_the_server_is_kept(void **state)
{
    struct bench *b = remote(state, (struct manners){.suspend = true});
    uint64_t start = pf_now(b->port);

    assert_int_equal(b->port->ops->write(b->port, (const uint8_t *)"a", 1), PF_OK);
    assert_reads_text(b->port, "a");
    assert_true(pf_now(b->port) - start >= 50000);
    echoes(b);
}

static void a_drain_lasts_at_least_the_time_on_the_wire(void **state)
{
    struct bench *b = remote(state, (struct manners){.raw = false});
    static const uint8_t block[1152];
    uint64_t start;

    start = pf_now(b->port);
    assert_int_equal(b->port->ops->write(b->port, block, sizeof block), PF_OK);
    assert_int_equal(b->port->ops->drain(b->port), PF_OK);
    assert_true(pf_now(b->port) - start >= 100000); /* 1152 bytes at 115200 */
}

static void a_server_that_refuses_is_sent_to_tcp(void **state)
{
    struct bench *b = *state;

    serve(b, (struct manners){.refuse = true});
    assert_int_equal(pf_rfc2217_open(&b->heard.ctx, b->server->address, &b->port), PF_ERR_PORT);
    assert_says(b->heard.ctx.text, "refuses RFC 2217");
    assert_says(b->heard.ctx.text, "use tcp://127.0.0.1:");
}

static void a_raw_server_that_echoes_is_no_rfc2217_server(void **state)
{
    struct bench *b = *state;

    serve(b, (struct manners){.raw = true});
    assert_int_equal(pf_rfc2217_open(&b->heard.ctx, b->server->address, &b->port), PF_ERR_PORT);
    assert_says(b->heard.ctx.text, "use tcp://127.0.0.1:");
}

static void a_silent_server_is_given_up_after_5_seconds(void **state)
{
    struct bench *b = *state;
    time_t start = time(NULL);

    serve(b, (struct manners){.mute = true});
    assert_int_equal(pf_rfc2217_open(&b->heard.ctx, b->server->address, &b->port), PF_ERR_PORT);
    assert_says(b->heard.ctx.text, "does not speak RFC 2217");
    assert_true(time(NULL) - start <= 7);
}

static void a_server_that_hangs_up_is_a_port_error(void **state)
{
    struct bench *b = *state;

    serve(b, (struct manners){.hang_up = true});
    assert_int_equal(pf_rfc2217_open(&b->heard.ctx, b->server->address, &b->port), PF_ERR_PORT);
    assert_says(b->heard.ctx.text, "closed the connection");
}

static void rubbish_is_survived_and_ends(void **state)
{
    struct bench *b = *state;

    for (uint32_t seed = 1; seed <= 8; seed++) {
        enum pf_err err;

        serve(b, (struct manners){.rubbish = seed});
        err = pf_rfc2217_open(&b->heard.ctx, b->server->address, &b->port);
        print_message("seed %u: %s\n", seed, pf_err_name(err));
        assert_true(err == PF_OK || err == PF_ERR_PORT);
        if (!err)
            b->port->ops->close(b->port);
        b->port = NULL;
        stop(b);
    }
}

static void rubbish_on_an_open_link_is_survived(void **state)
{
    for (uint32_t seed = 1; seed <= 8; seed++) {
        struct bench *b = remote(state, (struct manners){.spoilt = seed});
        uint64_t start = pf_now(b->port);
        uint8_t buf[4096];
        size_t got, total = 0;

        assert_int_equal(b->port->ops->write(b->port, (const uint8_t *)"x", 1), PF_OK);
        (void)pf_set_lines(b->port, PF_LINE_DTR | PF_LINE_RTS);
        (void)pf_set_baud(b->port, 921600);
        while (b->port->ops->read(b->port, buf, sizeof buf, pf_now(b->port) + 100000, &got) ==
               PF_OK)
            total += got;
        (void)b->port->ops->discard_input(b->port);
        print_message("seed %u: %zu bytes\n", seed, total);
        assert_true(total <= (2u << 20) + 1);
        assert_true(pf_now(b->port) - start < 15000000);
        b->port->ops->close(b->port);
        b->port = NULL;
        stop(b);
    }
}

static void a_flood_of_data_does_not_grow_without_bound(void **state)
{
    struct bench *b = *state;
    time_t start = time(NULL);

    serve(b, (struct manners){.flood = true});
    assert_int_equal(pf_rfc2217_open(&b->heard.ctx, b->server->address, &b->port), PF_ERR_PORT);
    assert_true(time(NULL) - start <= 7);
}

static void a_lost_server_is_an_io_error_everywhere(void **state)
{
    struct bench *b = remote(state, (struct manners){.raw = false});
    uint8_t byte = 0;
    size_t got;

    stop(b);
    assert_int_equal(b->port->ops->read(b->port, &byte, 1, pf_now(b->port) + 3000000, &got),
                     PF_ERR_IO);
    assert_int_equal(b->port->ops->write(b->port, &byte, 1), PF_ERR_IO);
    assert_int_equal(pf_set_baud(b->port, 9600), PF_ERR_IO);
    assert_int_equal(pf_set_lines(b->port, PF_LINE_DTR), PF_ERR_IO);
    assert_int_equal(b->port->ops->discard_input(b->port), PF_ERR_IO);
    assert_int_equal(b->port->ops->drain(b->port), PF_ERR_IO);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(tcp_carries_every_byte),
        T(tcp_tells_silence_from_a_closed_connection),
        T(tcp_discard_drops_what_has_come),
        T(a_dead_peer_stops_a_write),
        T(nobody_listening_is_a_port_error),
        T(opening_sets_8n1_at_115200_and_releases_the_lines),
        T(both_lines_go_in_one_message_and_only_if_changed),
        T(baud_rates_are_confirmed),
        T(a_rate_the_server_did_not_take_is_warned_about),
        T(an_unconfirmed_rate_is_an_error),
        T(unanswered_lines_are_warned_about_once_and_not_waited_for),
        T(unanswered_purges_do_not_stop_a_discard),
        T(data_that_comes_while_waiting_for_an_answer_is_kept),
        T(a_discard_drops_all_that_came_before_the_purge),
        T(a_server_that_dribbles_single_bytes_works),
        T(a_server_that_agrees_with_will_works),
        T(a_server_without_binary_mode_is_warned_about),
        T(a_server_that_haggles_for_ever_gets_no_more_answers),
        T(a_pause_asked_for_by_the_server_is_kept),
        T(a_drain_lasts_at_least_the_time_on_the_wire),
        T(a_server_that_refuses_is_sent_to_tcp),
        T(a_raw_server_that_echoes_is_no_rfc2217_server),
        T(a_silent_server_is_given_up_after_5_seconds),
        T(a_server_that_hangs_up_is_a_port_error),
        T(rubbish_is_survived_and_ends),
        T(rubbish_on_an_open_link_is_survived),
        T(a_flood_of_data_does_not_grow_without_bound),
        T(a_lost_server_is_an_io_error_everywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
