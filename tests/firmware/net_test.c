/* The plug's network with real sockets at its far end: who is served, and who harms whom. */
#include <stdlib.h>
#include <sys/socket.h>

#include "core/http.h"
#include "support/net_rig.h"

#define GET(n) "GET /" #n " HTTP/1.1\r\nHost: plug\r\n\r\n"

static struct client client[48];

static int online(void **state)
{
    (void)state;
    net_rig_online();
    return 0;
}

static int end(void **state)
{
    (void)state;
    net_rig_end();
    return 0;
}

static void assert_page(const struct client *c, size_t len)
{
    if (!c->closed)
        fail_msg("not closed; %zu of %zu bytes said, %zu heard", c->said, c->say_len, c->len);
    assert_false(c->failed);
    assert_int_equal(c->len, len);
    for (size_t i = 0; i < len; i++)
        if (c->heard[i] != net_rig_byte(i))
            fail_msg("byte %zu of %zu is %02x", i, len, (unsigned char)c->heard[i]);
}

/* Many, each a moment after the other: libslirp's own queue at the PC's port holds one. */
static void open_all(unsigned first, unsigned count, const char *say)
{
    for (unsigned i = first; i < first + count; i++) {
        client_open(&client[i], say);
        clients_run(client, i + 1, 3);
    }
}

/* All connections are free again, and so is everything else: the next page comes. */
static void assert_still_serves(void)
{
    struct client *c = &client[47];

    client_open(c, GET(9000));
    clients_run(c, 1, 20000);
    assert_page(c, 9000);
    client_close(c);
    net_rig_run(4000);
    assert_int_equal(net_rig_http.busy, 0);
}

static void a_page_reaches_a_socket(void **state)
{
    (void)state;
    client_open(client, GET(100));
    clients_run(client, 1, 5000);
    assert_page(client, 100);
    client_close(client);
    assert_int_equal(net_rig_http.accepted, 1);
    assert_int_equal(net_rig_http.dropped, 1);
    assert_int_equal(net_rig_http.broken, 0);
}

static void a_long_page_is_whole(void **state)
{
    (void)state;
    client_open(client, GET(60000));
    clients_run(client, 1, 20000);
    assert_page(client, 60000);
    client_close(client);
    assert_still_serves();
}

static void sixteen_clients_at_once_are_all_served(void **state)
{
    (void)state;
    open_all(0, 16, GET(20000));
    clients_run(client, 16, 30000);
    for (unsigned i = 0; i < 16; i++) {
        assert_page(&client[i], 20000);
        client_close(&client[i]);
    }
    assert_in_range(net_rig_http.most_busy, 2, HTTP_CLIENTS);
    assert_still_serves();
}

static void more_clients_than_places_try_again_and_are_served(void **state)
{
    (void)state;
    open_all(0, 24, GET(3000));
    clients_run(client, 24, 40000);
    for (unsigned i = 0; i < 24; i++) {
        assert_page(&client[i], 3000);
        client_close(&client[i]);
    }
    assert_still_serves();
}

static void a_request_may_come_byte_by_byte(void **state)
{
    (void)state;
    client_open(client, GET(500));
    client->at_once = 1;
    clients_run(client, 1, 5000);
    assert_page(client, 500);
    client_close(client);
}

static void upload(size_t hold)
{
    enum { LEN = 100000 };
    static char post[LEN + 100];
    char expected[64];
    unsigned sum = 0;
    const int head = sprintf(post, "POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n", LEN);

    net_rig_http.hold = hold;
    for (int i = 0; i < LEN; i++) {
        post[head + i] = (char)('0' + i % 71);
        sum += (unsigned char)post[head + i];
    }
    client_open(client, post);
    clients_run(client, 1, 30000);
    sprintf(expected, "%d %u\n", LEN, sum);
    assert_string_equal(client->heard, expected);
    client_close(client);
    assert_true(net_rig_http.largest_feed <= 1024); /* flash may be behind it: in small bites */
}

static void an_upload_larger_than_the_window_arrives_whole(void **state)
{
    (void)state;
    upload(0);
}

static void what_is_not_taken_now_is_offered_again(void **state)
{
    (void)state;
    upload(300);
}

static void who_closes_his_side_gets_the_answer_still(void **state)
{
    (void)state;
    client_open(client, GET(30000));
    client->half = true;
    clients_run(client, 1, 10000);
    assert_page(client, 30000);
    client_close(client);
}

static void who_closes_before_he_has_asked_holds_nothing(void **state)
{
    (void)state;
    client_open(client, "GET / HT");
    client->half = true;
    clients_run(client, 1, 6000);
    assert_true(client->closed);
    client_close(client);
    assert_still_serves();
}

static void who_leaves_in_the_middle_frees_his_connection(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        client_open(&client[i], GET(60000));
        client[i].deaf = true;
    }
    clients_run(client, 6, 300);
    for (unsigned i = 0; i < 6; i++) {
        const struct linger now = {.l_onoff = 1};

        setsockopt(client[i].fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        client_close(&client[i]);
    }
    assert_still_serves();
}

static void who_reads_nothing_loses_his_connection_and_no_one_elses(void **state)
{
    static const char big[] = "GET /9000000 HTTP/1.1\r\n\r\n";

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        client_open(&client[i], big);
        client[i].deaf = true;
    }
    /* Until what is between us is full: slirp's buffers and the PC's. */
    clients_run(client, 5, 4500);
    assert_int_equal(net_rig_http.busy, 5);
    client_open(&client[5], GET(20000));
    clients_run(&client[5], 1, 5000);
    assert_page(&client[5], 20000);
    client_close(&client[5]);
    net_rig_run(2 * HTTP_IDLE_MS);
    assert_int_equal(net_rig_http.busy, 0);
    for (unsigned i = 0; i < 5; i++)
        client_close(&client[i]);
    assert_still_serves();
}

/* Browsers open connections in advance. */
static void who_says_nothing_keeps_nobody_out(void **state)
{
    (void)state;
    open_all(0, 30, "");
    clients_run(client, 30, 1500);
    assert_int_equal(net_rig_http.accepted, 0);
    assert_still_serves();
    for (unsigned i = 0; i < 30; i++)
        client_close(&client[i]);
}

/* Six that never end, and behind them others that push in all they can. */
static void who_waits_and_pushes_does_not_take_the_memory_of_others(void **state)
{
    static char post[5000] = "POST / HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n";

    (void)state;
    for (size_t i = strlen(post); i < sizeof post - 1; i++)
        post[i] = 'x';
    open_all(0, 6, "GET /never HTTP/1.1\r\n\r\n");
    clients_run(client, 6, 200);
    open_all(6, 10, post);
    clients_run(client, 16, 500);
    for (unsigned i = 0; i < 6; i++)
        client_close(&client[i]);
    client_open(&client[16], GET(700));
    clients_run(&client[16], 1, 8000);
    for (unsigned i = 6; i < 16; i++)
        client_close(&client[i]);
    if (!client[16].closed)
        clients_run(&client[16], 1, 20000);
    assert_page(&client[16], 700);
    client_close(&client[16]);
    assert_still_serves();
}

static void a_cut_wire_delays_a_page_and_no_more(void **state)
{
    const struct host_wire_fault cut = {.cut = true};

    (void)state;
    client_open(client, GET(60000));
    clients_run(client, 1, 20);
    host_wire_faults(&cut);
    clients_run(client, 1, 2000);
    assert_false(client->closed);
    host_wire_faults(NULL);
    clients_run(client, 1, 30000);
    assert_page(client, 60000);
    client_close(client);
}

/* libslirp waits six seconds before it repeats anything: somebody may be given up for dead,
 * and tries again as browsers do. What has come is right in any case. */
static void a_lossy_and_slow_wire_delivers_all_the_same(void **state)
{
    const struct host_wire_fault bad = {.lose = 30, .delay_ms = 10, .seed = seeded(0x5eed0001)};
    unsigned again = 0;

    (void)state;
    host_wire_faults(&bad);
    for (unsigned i = 0; i < 4; i++)
        client_open(&client[i], GET(20000));
    for (unsigned i = 0; i < 4; i++) {
        clients_run(client, 4, 60000);
        while (client[i].len < 20000 && again++ < 4) {
            client[i].failed = false; /* a reset, perhaps */
            assert_page(&client[i], client[i].len);
            client_close(&client[i]);
            client_open(&client[i], GET(20000));
            clients_run(&client[i], 1, 60000);
        }
        assert_page(&client[i], 20000);
        client_close(&client[i]);
    }
}

/* Requirement 1 of reference 8.2: nothing that the radio says is believed. */
static void silence_is_told_and_a_router_that_answers_ends_it(void **state)
{
    const struct host_wire_fault cut = {.cut = true};

    (void)state;
    net_rig_run(100000);
    assert_in_range(net_quiet_s(), 0, 45);
    host_wire_faults(&cut);
    net_rig_run(130000);
    assert_true(net_quiet_s() >= 120);
    host_wire_faults(NULL);
    net_rig_run(15000);
    assert_in_range(net_quiet_s(), 0, 15);
}

static bool address(uint8_t ip[4])
{
    uint8_t any[4];

    return net_address(ip, any, any, any);
}

static void an_address_counts_only_while_there_is_a_link(void **state)
{
    uint8_t ip[4];

    (void)state;
    assert_true(address(ip));
    assert_memory_equal(ip, ((uint8_t[]){10, 0, 2, 15}), 4);
    hal_radio_stop();
    net_rig_run(200);
    assert_false(address(ip));
    hal_radio_connect("home", "", NULL, 0);
    for (unsigned i = 0; i < 10000 && !address(ip); i++)
        net_rig_run(1);
    assert_true(address(ip));
    assert_still_serves();
}

static void a_static_address_needs_no_dhcp(void **state)
{
    static const uint8_t own[4] = {10, 0, 2, 77}, mask[4] = {255, 255, 255, 0};
    static const uint8_t gw[4] = {10, 0, 2, 2}, dns[4] = {10, 0, 2, 3};
    uint8_t ip[4], got_mask[4], got_gw[4], got_dns[4];

    (void)state;
    net_use(own, mask, gw, dns);
    net_rig_run(10);
    assert_true(net_address(ip, got_mask, got_gw, got_dns));
    assert_memory_equal(ip, own, 4);
    assert_memory_equal(got_mask, mask, 4);
    assert_memory_equal(got_gw, gw, 4);
    assert_memory_equal(got_dns, dns, 4);
    assert_true(host_slirp_forward(net_rig_port, own));
    assert_still_serves();
}

static void the_own_access_point_serves_its_page(void **state)
{
    static const uint8_t ap[4] = {192, 168, 4, 1};
    uint8_t ip[4];

    (void)state;
    hal_radio_open_ap("OpenECR6600_CCDDEEFF");
    net_use_ap();
    net_rig_run(300);
    assert_true(address(ip));
    assert_memory_equal(ip, ap, 4);
    assert_true(host_slirp_forward(net_rig_port, ap));
    assert_still_serves();
}

static void a_power_cut_leaves_nothing_behind(void **state)
{
    uint8_t ip[4];

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        client_open(&client[i], GET(60000));
        client[i].deaf = true;
    }
    clients_run(client, 8, 200);
    net_stop();
    assert_false(address(ip));
    assert_int_equal(net_rig_http.busy, 0);
    host_restart(HAL_RESET_POWER);
    net_init(&rig);
    net_use(NULL, NULL, NULL, NULL);
    hal_radio_connect("home", "", NULL, 0);
    for (unsigned i = 0; i < 20000 && !address(ip); i++)
        net_rig_run(1);
    for (unsigned i = 0; i < 8; i++)
        client_close(&client[i]);
    assert_still_serves();
}

#define T(f) cmocka_unit_test_setup_teardown(f, online, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_page_reaches_a_socket),
        T(a_long_page_is_whole),
        T(sixteen_clients_at_once_are_all_served),
        T(more_clients_than_places_try_again_and_are_served),
        T(a_request_may_come_byte_by_byte),
        T(an_upload_larger_than_the_window_arrives_whole),
        T(what_is_not_taken_now_is_offered_again),
        T(who_closes_his_side_gets_the_answer_still),
        T(who_closes_before_he_has_asked_holds_nothing),
        T(who_leaves_in_the_middle_frees_his_connection),
        T(who_reads_nothing_loses_his_connection_and_no_one_elses),
        T(who_says_nothing_keeps_nobody_out),
        T(who_waits_and_pushes_does_not_take_the_memory_of_others),
        T(a_cut_wire_delays_a_page_and_no_more),
        T(a_lossy_and_slow_wire_delivers_all_the_same),
        T(silence_is_told_and_a_router_that_answers_ends_it),
        T(an_address_counts_only_while_there_is_a_link),
        T(a_static_address_needs_no_dhcp),
        T(the_own_access_point_serves_its_page),
        T(a_power_cut_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
