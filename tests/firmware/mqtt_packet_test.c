/* MQTT on the wire, byte for byte. */
#include "support/check.h"
#include "net/mqtt_packet.h"

static const struct mqtt_hello hello = {
    .client = "ecr6600CCDDEEFF",
    .user = "homeassistant",
    .password = "qqqqqqqqqq",
    .will_topic = "ecr6600CCDDEEFF/connected",
    .will = "offline",
    .keep_alive_s = 100,
};

/* Reference 6.1. */
static const uint8_t hello_bytes[] = {
    0x10, 0x5a, 0x00, 0x04, 0x4d, 0x51, 0x54, 0x54, 0x04, 0xee, 0x00, 0x64, 0x00, 0x0f, 0x65, 0x63,
    0x72, 0x36, 0x36, 0x30, 0x30, 0x43, 0x43, 0x44, 0x44, 0x45, 0x45, 0x46, 0x46, 0x00, 0x19, 0x65,
    0x63, 0x72, 0x36, 0x36, 0x30, 0x30, 0x43, 0x43, 0x44, 0x44, 0x45, 0x45, 0x46, 0x46, 0x2f, 0x63,
    0x6f, 0x6e, 0x6e, 0x65, 0x63, 0x74, 0x65, 0x64, 0x00, 0x07, 0x6f, 0x66, 0x66, 0x6c, 0x69, 0x6e,
    0x65, 0x00, 0x0d, 0x68, 0x6f, 0x6d, 0x65, 0x61, 0x73, 0x73, 0x69, 0x73, 0x74, 0x61, 0x6e, 0x74,
    0x00, 0x0a, 0x71, 0x71, 0x71, 0x71, 0x71, 0x71, 0x71, 0x71, 0x71, 0x71};
static const uint8_t online_bytes[] = {0x31, 0x21, 0x00, 0x19, 0x65, 0x63, 0x72, 0x36, 0x36,
                                       0x30, 0x30, 0x43, 0x43, 0x44, 0x44, 0x45, 0x45, 0x46,
                                       0x46, 0x2f, 0x63, 0x6f, 0x6e, 0x6e, 0x65, 0x63, 0x74,
                                       0x65, 0x64, 0x6f, 0x6e, 0x6c, 0x69, 0x6e, 0x65};

static void connect_is_as_brokers_know_it(void **state)
{
    uint8_t out[256];

    (void)state;
    assert_int_equal(mqtt_make_connect(out, sizeof out, &hello), sizeof hello_bytes);
    assert_memory_equal(out, hello_bytes, sizeof hello_bytes);
}

static void without_a_user_there_is_no_password_either(void **state)
{
    struct mqtt_hello h = hello;
    uint8_t out[256];

    (void)state;
    h.user = "";
    assert_int_equal(mqtt_make_connect(out, sizeof out, &h), sizeof hello_bytes - 2 - 13 - 2 - 10);
    assert_int_equal(out[9], 0x2e);
}

static void online_is_as_brokers_know_it(void **state)
{
    uint8_t out[64];
    const size_t n = mqtt_make_publish(out, sizeof out, 7, "ecr6600CCDDEEFF/connected", 6, 0, true);

    (void)state;
    assert_int_equal(n + 6, sizeof online_bytes);
    assert_memory_equal(out, online_bytes, n);
}

static void a_packet_that_does_not_fit_is_none(void **state)
{
    uint8_t out[sizeof hello_bytes];

    (void)state;
    for (size_t cap = 0; cap < sizeof hello_bytes; cap++)
        assert_int_equal(mqtt_make_connect(out, cap, &hello), 0);
    assert_int_equal(mqtt_make_subscribe(out, 8, 1, "a/b", 1), 0);
    assert_int_equal(mqtt_make_ack(out, 3, MQTT_PUBACK, 1), 0);
}

static void small_packets_are_right(void **state)
{
    static const uint8_t subscribe[] = {0x82, 8, 0x12, 0x34, 0, 3, 'a', '/', '+', 1};
    static const uint8_t ack[] = {0x40, 2, 0x12, 0x34}, rel[] = {0x62, 2, 0x12, 0x34};
    static const uint8_t publish[] = {0x33, 0xcf, 0x0c, 0, 3, 'a', '/', 'b', 0, 9};
    uint8_t out[32];

    (void)state;
    assert_int_equal(mqtt_make_subscribe(out, sizeof out, 0x1234, "a/+", 1), sizeof subscribe);
    assert_memory_equal(out, subscribe, sizeof subscribe);
    assert_int_equal(mqtt_make_ack(out, sizeof out, MQTT_PUBACK, 0x1234), 4);
    assert_memory_equal(out, ack, 4);
    assert_int_equal(mqtt_make_ack(out, sizeof out, MQTT_PUBREL, 0x1234), 4);
    assert_memory_equal(out, rel, 4);
    assert_int_equal(mqtt_make_publish(out, sizeof out, 9, "a/b", 1608, 1, true), 10);
    assert_memory_equal(out, publish, sizeof publish);
    assert_int_equal(mqtt_make_empty(out, sizeof out, MQTT_PINGREQ), 2);
    assert_int_equal(out[0], 0xc0);
    assert_int_equal(out[1], 0);
}

static const uint8_t stream[] = {0x20, 2, 0, 0,                           /* CONNACK */
                                 0x32, 8, 0, 3, 'a', '/', 'b', 0, 5, 'x', /* PUBLISH, QoS 1 */
                                 0xd0, 0,                                 /* PINGRESP */
                                 0x30, 5, 0, 1, 't', 'h', 'i'};

static void packets_come_whole_whatever_the_pieces(void **state)
{
    (void)state;
    for (size_t piece = 1; piece <= sizeof stream; piece++) {
        uint8_t buf[33], heads[4];
        struct mqtt_message m;
        struct mqtt_in in;
        unsigned n = 0;

        mqtt_in_init(&in, buf, sizeof buf - 1);
        for (size_t at = 0; at < sizeof stream;) {
            const size_t left = sizeof stream - at;
            size_t used;
            const enum mqtt_took took =
                mqtt_in_take(&in, stream + at, piece < left ? piece : left, &used);

            assert_true(took != MQTT_BROKEN && used > 0);
            at += used;
            if (took != MQTT_WHOLE)
                continue;
            heads[n++] = in.head;
            if (n == 2) {
                assert_true(mqtt_read_publish(&in, &m));
                assert_string_equal(m.topic, "a/b");
                assert_int_equal(m.len, 1);
                assert_string_equal((const char *)m.data, "x");
                assert_int_equal(m.id, 5);
                assert_int_equal(m.qos, 1);
            }
        }
        assert_int_equal(n, 4);
        assert_memory_equal(heads, ((uint8_t[]){0x20, 0x32, 0xd0, 0x30}), 4);
        assert_true(mqtt_read_publish(&in, &m));
        assert_string_equal(m.topic, "t");
        assert_int_equal(m.len, 2);
    }
}

static void a_length_of_five_bytes_is_no_length(void **state)
{
    static const uint8_t bad[] = {0x30, 0xff, 0xff, 0xff, 0xff, 0x01};
    uint8_t buf[9];
    struct mqtt_in in;
    size_t used;

    (void)state;
    mqtt_in_init(&in, buf, sizeof buf - 1);
    assert_int_equal(mqtt_in_take(&in, bad, sizeof bad, &used), MQTT_BROKEN);
}

static void a_message_longer_than_the_buffer_is_known_as_such(void **state)
{
    uint8_t packet[2 + 2 + 1 + 2 + 60] = {0x32, 65, 0, 1, 't', 0, 9}, buf[17];
    struct mqtt_message m;
    struct mqtt_in in;
    size_t used;

    (void)state;
    mqtt_in_init(&in, buf, sizeof buf - 1);
    assert_int_equal(mqtt_in_take(&in, packet, sizeof packet, &used), MQTT_WHOLE);
    assert_int_equal(used, sizeof packet);
    assert_true(mqtt_read_publish(&in, &m));
    assert_true(m.cut);
    assert_int_equal(m.id, 9);
}

static void refused(const uint8_t *packet, size_t len)
{
    struct mqtt_message m;
    struct mqtt_in in;
    uint8_t buf[17];
    size_t used;

    mqtt_in_init(&in, buf, sizeof buf - 1);
    assert_int_equal(mqtt_in_take(&in, packet, len, &used), MQTT_WHOLE);
    assert_false(mqtt_read_publish(&in, &m));
}

static void a_publish_that_lies_about_itself_is_refused(void **state)
{
    static const uint8_t topic_too_long[] = {0x30, 3, 0, 9, 'a'};
    static const uint8_t no_topic[] = {0x30, 1, 0};
    static const uint8_t no_id[] = {0x32, 4, 0, 1, 't', 0};
    static const uint8_t id_zero[] = {0x32, 5, 0, 1, 't', 0, 0};
    static const uint8_t qos_three[] = {0x36, 5, 0, 1, 't', 0, 1};
    static const uint8_t nul_inside[] = {0x30, 5, 0, 3, 'a', 0, 'b'};

    (void)state;
    refused(topic_too_long, sizeof topic_too_long);
    refused(no_topic, sizeof no_topic);
    refused(no_id, sizeof no_id);
    refused(id_zero, sizeof id_zero);
    refused(qos_three, sizeof qos_three);
    refused(nul_inside, sizeof nul_inside);
}

static void noise_is_survived(void **state)
{
    uint32_t seed = seeded(0x5eed0010);

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t data[64], buf[25];
        struct mqtt_message m;
        struct mqtt_in in;

        for (size_t i = 0; i < sizeof data; i++)
            data[i] = (uint8_t)(noise(&seed) >> 9);
        if (round % 2) {
            data[0] = (uint8_t)(0x30 | (data[0] & 0x0f));
            data[1] &= 0x3f;
            data[2] = 0;
            data[3] &= 0x1f;
        }
        mqtt_in_init(&in, buf, sizeof buf - 1);
        for (size_t at = 0, used; at < sizeof data; at += used) {
            const enum mqtt_took took = mqtt_in_take(&in, data + at, sizeof data - at, &used);

            if (took == MQTT_BROKEN)
                break;
            if (took == MQTT_WHOLE && mqtt_read_publish(&in, &m)) {
                assert_true(strlen(m.topic) < sizeof buf);
                assert_true(m.cut || m.data[m.len] == '\0');
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connect_is_as_brokers_know_it),
        cmocka_unit_test(without_a_user_there_is_no_password_either),
        cmocka_unit_test(online_is_as_brokers_know_it),
        cmocka_unit_test(a_packet_that_does_not_fit_is_none),
        cmocka_unit_test(small_packets_are_right),
        cmocka_unit_test(packets_come_whole_whatever_the_pieces),
        cmocka_unit_test(a_length_of_five_bytes_is_no_length),
        cmocka_unit_test(a_message_longer_than_the_buffer_is_known_as_such),
        cmocka_unit_test(a_publish_that_lies_about_itself_is_refused),
        cmocka_unit_test(noise_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
