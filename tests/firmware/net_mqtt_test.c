/* The plug's MQTT wire against a broker that does as the test says, at a socket of this PC. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/net_rig.h"

static struct {
    int door, fd; /* fd -1: nobody has come */
    uint16_t port;
    uint8_t heard[65536];
    size_t len;
    bool closed, deaf;
} b;

static void broker_turn(void)
{
    ssize_t n;

    if (b.fd < 0) {
        b.fd = accept(b.door, NULL, NULL);
        b.closed = false;
    }
    if (b.fd < 0 || b.deaf)
        return;
    while ((n = recv(b.fd, b.heard + b.len, sizeof b.heard - b.len, MSG_DONTWAIT)) > 0)
        b.len += (size_t)n;
    if (n == 0 || (n < 0 && errno != EAGAIN))
        b.closed = true;
}

/* So long, at the PC's pace, because the broker lives there. */
static void live(uint32_t ms)
{
    uint32_t since;

    host_follow_real_time();
    for (since = hal_ms(); hal_ms() - since < ms;) {
        broker_turn();
        host_slirp_wait(1, -1);
        host_follow_real_time();
        net_poll(&rig, hal_ms());
    }
}

/* Until the broker has heard so many bytes in all. */
static void hear(size_t len)
{
    for (unsigned i = 0; i < 600 && b.len < len; i++)
        live(10);
    if (b.len < len)
        fail_msg("%zu of %zu bytes heard", b.len, len);
}

static void say(const void *data, size_t len)
{
    assert_int_equal(send(b.fd, data, len, MSG_NOSIGNAL), len);
    live(30);
}

static int online(void **state)
{
    (void)state;
    net_rig_online();
    memset(&b, 0, sizeof b);
    b.fd = -1;
    b.door = listen_at(&b.port);
    config_set_text(&rig.cfg, CFG_MQTT_HOST, "10.0.2.2");
    config_set_number(&rig.cfg, CFG_MQTT_PORT, b.port);
    return 0;
}

static int end(void **state)
{
    (void)state;
    net_rig_end();
    close(b.door);
    if (b.fd >= 0)
        close(b.fd);
    return 0;
}

#define HELLO 92u /* bytes of CONNECT */
static const uint8_t welcome[] = {0x20, 2, 0, 0};

static void session(void)
{
    assert_true(net_mqtt_connect(&rig));
    hear(HELLO);
    assert_int_equal(net_rig_mqtt.up, 0);
    say(welcome, sizeof welcome);
    assert_int_equal(net_rig_mqtt.up, 1);
    assert_int_equal(net_rig_mqtt.down, 0);
    b.len = 0;
}

static void it_says_hello_and_is_up_when_welcome(void **state)
{
    static const uint8_t start[] = {0x10, 0x5a, 0, 4, 'M', 'Q', 'T', 'T', 4, 0xee, 0, 100, 0, 15};

    (void)state;
    assert_true(net_mqtt_connect(&rig));
    hear(HELLO);
    assert_int_equal(b.len, HELLO);
    assert_memory_equal(b.heard, start, sizeof start);
    assert_memory_equal(b.heard + 14, "ecr6600CCDDEEFF", 15);
    assert_memory_equal(b.heard + 31, "ecr6600CCDDEEFF/connected", 25);
    say(welcome, sizeof welcome);
    assert_int_equal(net_rig_mqtt.up, 1);
}

static void who_is_not_welcome_is_down(void **state)
{
    static const uint8_t no[] = {0x20, 2, 0, 5};

    (void)state;
    assert_true(net_mqtt_connect(&rig));
    hear(HELLO);
    say(no, sizeof no);
    assert_int_equal(net_rig_mqtt.up, 0);
    assert_int_equal(net_rig_mqtt.down, 1);
    assert_true(net_mqtt_connect(&rig)); /* and may try again */
}

static void a_broker_that_is_not_there_is_down_once(void **state)
{
    (void)state;
    close(b.door);
    assert_true(net_mqtt_connect(&rig));
    live(500);
    net_rig_run(15000);
    assert_int_equal(net_rig_mqtt.down, 1);
    b.door = listen_at(&b.port);
}

static void a_broker_that_says_nothing_is_given_up(void **state)
{
    (void)state;
    assert_true(net_mqtt_connect(&rig));
    hear(HELLO);
    net_rig_run(9000);
    assert_int_equal(net_rig_mqtt.down, 0);
    net_rig_run(2000);
    assert_int_equal(net_rig_mqtt.down, 1);
}

static void without_address_or_host_nothing_is_tried(void **state)
{
    (void)state;
    config_set_text(&rig.cfg, CFG_MQTT_HOST, "");
    assert_false(net_mqtt_connect(&rig));
    config_set_text(&rig.cfg, CFG_MQTT_HOST, "10.0.2.2");
    hal_radio_stop();
    net_rig_run(200);
    assert_false(net_mqtt_connect(&rig));
    assert_false(net_mqtt_publish(&rig, "t", "x", 1, 0, false));
}

static void publications_arrive_as_they_are(void **state)
{
    static const uint8_t zero[] = {0x31, 4, 0, 1, 't', 'x'};

    (void)state;
    session();
    assert_true(net_mqtt_publish(&rig, "t", "x", 1, 0, true));
    assert_true(net_mqtt_publish(&rig, "u", "yz", 2, 1, false));
    assert_true(net_mqtt_subscribe(&rig, "a/+/set"));
    hear(6 + 9 + 14);
    assert_memory_equal(b.heard, zero, 6);
    assert_memory_equal(b.heard + 6, ((uint8_t[]){0x32, 7, 0, 1, 'u'}), 5);
    assert_memory_equal(b.heard + 13, "yz", 2);
    assert_memory_equal(b.heard + 15, ((uint8_t[]){0x82, 12}), 2);
    assert_memory_equal(b.heard + 19, ((uint8_t[]){0, 7, 'a', '/', '+', '/', 's', 'e', 't', 1}),
                        10);
    /* Identifiers are not 0, and differ. */
    assert_true(b.heard[11] || b.heard[12]);
    assert_memory_not_equal(b.heard + 11, b.heard + 17, 2);
}

static void large_payloads_arrive_whole_one_after_the_other(void **state)
{
    static char payload[MQTT_PAYLOAD];
    const size_t each = 3 + 2 + 9 + sizeof payload;

    (void)state;
    session();
    for (unsigned n = 0; n < 20; n++) {
        memset(payload, 'a' + (int)n, sizeof payload);
        for (unsigned i = 0; !net_mqtt_publish(&rig, "discovery", payload, sizeof payload, 0, true);
             i++) {
            assert_true(i < 500); /* not now: again */
            live(5);
        }
    }
    hear(20 * each);
    for (unsigned n = 0; n < 20; n++) {
        assert_int_equal(b.heard[n * each], 0x31);
        for (size_t i = 14; i < each; i++)
            assert_int_equal(b.heard[n * each + i], 'a' + n);
    }
}

static void what_can_never_fit_is_counted_and_not_tried_for_ever(void **state)
{
    static char payload[4000];

    (void)state;
    session();
    assert_true(net_mqtt_publish(&rig, "t", payload, sizeof payload, 0, false));
    assert_int_equal(rig.mqtt.failures, 1);
}

/* Refused whole, never torn: issue group 18 of reference 10. */
static void a_broker_that_stalls_gets_no_torn_message_when_it_goes_on(void **state)
{
    static char payload[1000];
    unsigned taken = 0;
    size_t at = 0;

    (void)state;
    session();
    b.deaf = true;
    for (unsigned i = 0; i < 20000; i++) {
        if (!net_mqtt_publish(&rig, "t", payload, sizeof payload, 0, false)) {
            live(2);
            if (!net_mqtt_publish(&rig, "t", payload, sizeof payload, 0, false) && i > 19900)
                break;
        }
        taken++;
        if (taken > 60)
            break;
    }
    b.deaf = false;
    live(1500);
    while (at < b.len) {
        assert_int_equal(b.heard[at], 0x30);
        assert_int_equal(b.heard[at + 1], 0xeb);
        assert_int_equal(b.heard[at + 2], 0x07);
        at += 3 + 3 + sizeof payload;
    }
    assert_int_equal(at, b.len);
}

static void a_message_reaches_the_plug_once_and_is_acknowledged(void **state)
{
    static const uint8_t packet[] = {0x32, 10, 0, 5, 'a', '/', '1', '/', 's', 0x77, 0x01, '1'};

    (void)state;
    session();
    for (size_t i = 0; i < sizeof packet; i++) {
        assert_int_equal(send(b.fd, packet + i, 1, MSG_NOSIGNAL), 1);
        live(3);
    }
    hear(4);
    assert_memory_equal(b.heard, ((uint8_t[]){0x40, 2, 0x77, 0x01}), 4);
    assert_int_equal(net_rig_mqtt.messages, 1);
    assert_string_equal(net_rig_mqtt.topic, "a/1/s");
    assert_string_equal(net_rig_mqtt.payload, "1");
}

static void a_message_that_is_too_long_is_acknowledged_and_left_out(void **state)
{
    static uint8_t packet[3 + 2 + 1 + 2 + 3000] = {0x32, 0xbd, 0x17, 0, 1, 't', 0, 3};
    static const uint8_t next[] = {0x30, 4, 0, 1, 't', 'x'};

    (void)state;
    session();
    say(packet, sizeof packet);
    say(next, sizeof next);
    hear(4);
    assert_memory_equal(b.heard, ((uint8_t[]){0x40, 2, 0, 3}), 4);
    assert_int_equal(net_rig_mqtt.messages, 1);
    assert_string_equal(net_rig_mqtt.payload, "x");
}

static void two_hundred_messages_at_once_all_arrive(void **state)
{
    static uint8_t burst[200 * 8];

    (void)state;
    for (unsigned i = 0; i < 200; i++)
        memcpy(burst + 8 * i, ((uint8_t[]){0x32, 6, 0, 1, 't', 1, (uint8_t)(i + 1), '1'}), 8);
    session();
    say(burst, sizeof burst);
    hear(200 * 4);
    assert_int_equal(net_rig_mqtt.messages, 200);
}

static void what_is_no_mqtt_ends_the_session(void **state)
{
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n"
                                 "Connection: close\r\nContent-Length: 0\r\n\r\n";

    (void)state;
    session();
    say(answer, sizeof answer - 1);
    assert_int_equal(net_rig_mqtt.down, 1);
}

static void a_broker_that_closes_is_down_at_once(void **state)
{
    (void)state;
    session();
    close(b.fd);
    b.fd = -1;
    live(200);
    assert_int_equal(net_rig_mqtt.down, 1);
}

static void a_quiet_session_is_kept_by_pings(void **state)
{
    static const uint8_t pong[] = {0xd0, 0};

    (void)state;
    session();
    for (unsigned i = 1; i <= 5; i++) {
        net_rig_run(52000);
        hear(2 * i);
        assert_memory_equal(b.heard + 2 * (i - 1), ((uint8_t[]){0xc0, 0}), 2);
        say(pong, sizeof pong);
    }
    assert_int_equal(net_rig_mqtt.down, 0);
}

static void a_wire_that_is_cut_without_a_word_is_noticed(void **state)
{
    const struct host_wire_fault cut = {.cut = true};

    (void)state;
    session();
    host_wire_faults(&cut);
    net_rig_run(49000);
    assert_int_equal(net_rig_mqtt.down, 0);
    net_rig_run(24000);
    assert_int_equal(net_rig_mqtt.down, 1);
    host_wire_faults(NULL);
    assert_true(net_mqtt_connect(&rig));
}

static void a_publication_that_nobody_acknowledges_ends_the_session(void **state)
{
    (void)state;
    session();
    assert_true(net_mqtt_publish(&rig, "t", "x", 1, 1, false));
    hear(8);
    net_rig_run(19000);
    assert_int_equal(net_rig_mqtt.down, 0);
    net_rig_run(2000);
    assert_int_equal(net_rig_mqtt.down, 1);
}

static void the_second_quality_is_played_to_its_end(void **state)
{
    uint8_t id[2], rec[4] = {0x50, 2}, comp[4] = {0x70, 2};

    (void)state;
    session();
    assert_true(net_mqtt_publish(&rig, "t", "x", 1, 2, true));
    hear(8);
    assert_int_equal(b.heard[0], 0x35);
    memcpy(id, b.heard + 5, 2);
    memcpy(rec + 2, id, 2);
    memcpy(comp + 2, id, 2);
    say(rec, 4);
    hear(12);
    assert_memory_equal(b.heard + 8, ((uint8_t[]){0x62, 2}), 2);
    assert_memory_equal(b.heard + 10, id, 2);
    say(comp, 4);
    net_rig_run(25000);
    assert_int_equal(net_rig_mqtt.down, 0);
}

/* An update, a restart: what was published before arrives, then the broker tells by the will. */
static void the_last_words_arrive_and_then_it_closes_without_goodbye(void **state)
{
    (void)state;
    session();
    assert_true(net_mqtt_publish(&rig, "t", "last", 4, 0, false));
    net_mqtt_close(&rig);
    assert_false(net_mqtt_publish(&rig, "t", "x", 1, 0, false));
    hear(9);
    live(100);
    assert_memory_equal(b.heard + 5, "last", 4);
    assert_int_equal(b.len, 9); /* no DISCONNECT */
    assert_true(b.closed);
    assert_int_equal(net_rig_mqtt.down, 0); /* we know */
    close(b.fd);
    b.fd = -1;
    live(100);
    b.len = 0;
    net_rig_run(100);
    net_rig_mqtt.up = 0;
    session();
}

static void a_command_may_end_the_session_it_came_by(void **state)
{
    static const uint8_t two[] = {0x32, 6, 0, 1, 't', 0, 1, 'a', 0x32, 6, 0, 1, 't', 0, 2, 'b'};

    (void)state;
    session();
    net_rig_mqtt.close = true;
    say(two, sizeof two);
    live(100);
    assert_int_equal(net_rig_mqtt.messages, 1);
    assert_true(b.closed);
    assert_int_equal(net_rig_mqtt.down, 0);
}

static void a_power_cut_ends_it_without_a_word(void **state)
{
    (void)state;
    session();
    assert_true(net_mqtt_publish(&rig, "t", "x", 1, 1, false));
    net_stop();
    host_restart(HAL_RESET_POWER);
    net_init(&rig);
    assert_int_equal(net_rig_mqtt.down, 0);
    assert_false(net_mqtt_publish(&rig, "t", "x", 1, 1, false));
}

#define T(f) cmocka_unit_test_setup_teardown(f, online, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(it_says_hello_and_is_up_when_welcome),
        T(who_is_not_welcome_is_down),
        T(a_broker_that_is_not_there_is_down_once),
        T(a_broker_that_says_nothing_is_given_up),
        T(without_address_or_host_nothing_is_tried),
        T(publications_arrive_as_they_are),
        T(large_payloads_arrive_whole_one_after_the_other),
        T(what_can_never_fit_is_counted_and_not_tried_for_ever),
        T(a_broker_that_stalls_gets_no_torn_message_when_it_goes_on),
        T(a_message_reaches_the_plug_once_and_is_acknowledged),
        T(a_message_that_is_too_long_is_acknowledged_and_left_out),
        T(two_hundred_messages_at_once_all_arrive),
        T(what_is_no_mqtt_ends_the_session),
        T(a_broker_that_closes_is_down_at_once),
        T(a_quiet_session_is_kept_by_pings),
        T(a_wire_that_is_cut_without_a_word_is_noticed),
        T(a_publication_that_nobody_acknowledges_ends_the_session),
        T(the_second_quality_is_played_to_its_end),
        T(the_last_words_arrive_and_then_it_closes_without_goodbye),
        T(a_command_may_end_the_session_it_came_by),
        T(a_power_cut_ends_it_without_a_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
