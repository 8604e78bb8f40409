/* The plug's datagrams, frame by frame: what it gives to who joins its access point, whom it
 * believes the time, whom it pings, and how it is found. */
#include "support/net_rig.h"

/* ---- frames by hand ------------------------------------------------------------------- */

static const uint8_t phone[6] = {0x02, 1, 2, 3, 4, 5};
static uint8_t got[HAL_FRAME_MAX]; /* the last of the plug: a datagram's payload, or ICMP whole */
static size_t got_len;
static unsigned got_count;
static uint16_t got_port;
static uint8_t got_to[4], got_own[4];

static void put16(uint8_t *at, unsigned v)
{
    at[0] = (uint8_t)(v >> 8);
    at[1] = (uint8_t)v;
}

static unsigned get16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

static void answer_arp(const uint8_t *f)
{
    uint8_t r[42];

    memcpy(r, f + 6, 6);
    memcpy(r + 6, phone, 6);
    memcpy(r + 12, f + 12, 8);
    put16(r + 20, 2);
    memcpy(r + 22, phone, 6);
    memcpy(r + 28, f + 38, 4);
    memcpy(r + 32, f + 22, 10);
    host_wire_arrive(r, sizeof r);
}

static void from_plug(void *user, const uint8_t *f, size_t len)
{
    size_t at;

    (void)user;
    if (get16(f + 12) == 0x0806 && get16(f + 20) == 1)
        answer_arp(f);
    if (get16(f + 12) != 0x0800 || (f[23] != 17 && f[23] != 1))
        return;
    at = f[23] == 17 ? 42 : 34;
    got_len = get16(f + 16) + 14 - at;
    assert_true(at + got_len <= len);
    memcpy(got, f + at, got_len);
    got_port = (uint16_t)get16(f + 34);
    memcpy(got_own, f + 26, 4);
    memcpy(got_to, f + 30, 4);
    got_count++;
}

static uint16_t checksum(const uint8_t *data, size_t len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < len; i++)
        sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static void send_ip(const uint8_t from[4], const uint8_t to[4], uint8_t protocol, const void *data,
                    size_t len)
{
    uint8_t f[HAL_FRAME_MAX] = {0};

    assert_true(34 + len <= sizeof f);
    memset(f, 0xff, 6);
    memcpy(f + 6, phone, 6);
    put16(f + 12, 0x0800);
    f[14] = 0x45;
    put16(f + 16, (unsigned)(20 + len));
    f[22] = 64;
    f[23] = protocol;
    memcpy(f + 26, from, 4);
    memcpy(f + 30, to, 4);
    put16(f + 24, checksum(f + 14, 20));
    memcpy(f + 34, data, len);
    got_count = 0;
    host_wire_arrive(f, 34 + len);
    net_rig_run(5);
}

static void send_udp(const uint8_t from[4], unsigned from_port, const uint8_t to[4], unsigned port,
                     const void *data, size_t len)
{
    uint8_t u[HAL_FRAME_MAX - 34] = {0};

    assert_true(8 + len <= sizeof u);
    put16(u, from_port);
    put16(u + 2, port);
    put16(u + 4, (unsigned)(8 + len));
    memcpy(u + 8, data, len);
    send_ip(from, to, 17, u, 8 + len);
}

static const uint8_t nobody[4] = {0}, all[4] = {255, 255, 255, 255}, own[4] = {192, 168, 4, 1};
static const uint8_t ntp_server[4] = {192, 168, 4, 9};

static int access_point(void **state)
{
    (void)state;
    net_rig_new();
    host_wire_far(from_plug, NULL);
    hal_radio_open_ap("OpenECR6600_CCDDEEFF");
    net_use_ap();
    net_rig_run(200);
    got_count = 0;
    return 0;
}

static int station(void **state)
{
    static const uint8_t mask[4] = {255, 255, 255, 0};

    (void)state;
    net_rig_new();
    host_wire_far(from_plug, NULL);
    net_use((const uint8_t[]){192, 168, 4, 1}, mask, ntp_server, ntp_server);
    net_rig_run(4000);
    got_count = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    net_rig_end();
    return 0;
}

/* ---- DHCP ------------------------------------------------------------------------------- */

enum { DISCOVER = 1, OFFER = 2, REQUEST = 3, ACK = 5, NAK = 6 };

/* What somebody says; `asks` is the address wanted, last byte 0: none. Returns the answer's
 * type, 0: none. */
static unsigned dhcp(uint8_t type, uint8_t who, uint8_t asks, const uint8_t *server)
{
    uint8_t m[300] = {1, 1, 6, 0, 0xca, 0xfe, 0xba, who};
    uint8_t *o = m + 240;

    memcpy(m + 28, phone, 6);
    m[33] = who;
    memcpy(m + 236, (const uint8_t[]){99, 130, 83, 99}, 4);
    memcpy(o, (const uint8_t[]){0, 0, 53, 1, type}, 5);
    o += 5;
    if (asks) {
        memcpy(o, (const uint8_t[]){50, 4, 192, 168, 4, asks}, 6);
        o += 6;
    }
    if (server) {
        memcpy(o, (const uint8_t[]){54, 4}, 2);
        memcpy(o + 2, server, 4);
        o += 6;
    }
    *o = 255;
    send_udp(nobody, 68, all, 67, m, sizeof m);
    if (!got_count)
        return 0;
    assert_int_equal(got_count, 1);
    assert_memory_equal(got_to, all, 4);
    assert_int_equal(got[0], 2);
    assert_memory_equal(got + 4, m + 4, 4);
    assert_memory_equal(got + 28, m + 28, 6);
    assert_memory_equal(got + 240, ((uint8_t[]){53, 1}), 2);
    return got[242];
}

static void who_joins_gets_an_address_and_the_next_another(void **state)
{
    (void)state;
    assert_int_equal(dhcp(DISCOVER, 7, 0, NULL), OFFER);
    assert_memory_equal(got + 16, ((uint8_t[]){192, 168, 4, 100}), 4);
    assert_int_equal(dhcp(REQUEST, 7, 100, own), ACK);
    assert_memory_equal(got + 16, ((uint8_t[]){192, 168, 4, 100}), 4);
    assert_int_equal(dhcp(DISCOVER, 8, 0, NULL), OFFER);
    assert_memory_equal(got + 16, ((uint8_t[]){192, 168, 4, 101}), 4);
    assert_int_equal(dhcp(DISCOVER, 7, 0, NULL), OFFER); /* who was here keeps his */
    assert_memory_equal(got + 16, ((uint8_t[]){192, 168, 4, 100}), 4);
}

static void an_address_of_another_network_is_denied(void **state)
{
    (void)state;
    assert_int_equal(dhcp(REQUEST, 7, 33, NULL), NAK);
    assert_memory_equal(got + 16, nobody, 4);
}

static void what_is_meant_for_another_server_is_not_ours(void **state)
{
    (void)state;
    assert_int_equal(dhcp(REQUEST, 7, 100, ntp_server), 0);
}

static void more_guests_than_leases_take_the_oldest(void **state)
{
    (void)state;
    for (uint8_t who = 1; who <= 8; who++)
        assert_int_equal(dhcp(DISCOVER, who, 0, NULL), OFFER);
    assert_int_equal(got[19], 107);
    assert_int_equal(dhcp(DISCOVER, 9, 0, NULL), OFFER);
    assert_int_equal(got[19], 100);
    assert_int_equal(dhcp(DISCOVER, 2, 0, NULL), OFFER);
    assert_int_equal(got[19], 101);
}

/* ---- DNS -------------------------------------------------------------------------------- */

static void every_name_is_the_plug(void **state)
{
    static const uint8_t query[] = {0x12, 0x34, 1,   0,   0, 1,   0,   0, 0, 0, 0, 0,
                                    3,    'w',  'w', 'w', 2, 'x', 'y', 0, 0, 1, 0, 1};
    static const uint8_t answer[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 10, 0, 4, 192, 168, 4, 1};
    uint8_t v6[sizeof query];

    (void)state;
    send_udp((const uint8_t[]){192, 168, 4, 100}, 5353, own, 53, query, sizeof query);
    assert_int_equal(got_count, 1);
    assert_int_equal(got_len, sizeof query + sizeof answer);
    assert_int_equal(get16(got), 0x1234);
    assert_int_equal(got[2] & 0x80, 0x80);
    assert_int_equal(got[3], 0);
    assert_int_equal(get16(got + 6), 1);
    assert_memory_equal(got + 12, query + 12, sizeof query - 12);
    assert_memory_equal(got + sizeof query, answer, sizeof answer);

    memcpy(v6, query, sizeof v6); /* IPv6: there is the name, and no such address */
    v6[sizeof v6 - 3] = 28;
    send_udp((const uint8_t[]){192, 168, 4, 100}, 5353, own, 53, v6, sizeof v6);
    assert_int_equal(got_count, 1);
    assert_int_equal(got_len, sizeof v6);
    assert_int_equal(get16(got + 6), 0);
}

static void an_answer_is_not_answered(void **state)
{
    static const uint8_t answer[] = {0x12, 0x34, 0x81, 0x80, 0, 1, 0, 0, 0, 0,
                                     0,    0,    1,    'x',  0, 0, 1, 0, 1};

    (void)state;
    send_udp((const uint8_t[]){192, 168, 4, 100}, 53, own, 53, answer, sizeof answer);
    assert_int_equal(got_count, 0);
}

static void noise_at_the_access_point_is_survived(void **state)
{
    uint32_t seed = seeded(0x5eed0020);

    (void)state;
    for (unsigned i = 0; i < 6000; i++) {
        uint8_t data[400];
        const size_t len = noise(&seed) % sizeof data;

        for (size_t at = 0; at < len; at++)
            data[at] = (uint8_t)(noise(&seed) >> 11);
        if (i % 2 && len > 250) {
            memcpy(data, (const uint8_t[]){1, 1, 6, 0}, 4);
            memcpy(data + 236, (const uint8_t[]){99, 130, 83, 99, 53, 1}, 6);
            data[242] &= 3;
        } else if (len > 12) {
            memcpy(data + 2, (const uint8_t[]){1, 0, 0, 1, 0, 0, 0, 0, 0, 0}, 10);
        }
        send_udp((const uint8_t[]){192, 168, 4, 100}, 1000, own, i % 2 ? 67 : 53, data, len);
    }
    assert_int_equal(dhcp(DISCOVER, 7, 0, NULL), OFFER);
}

/* ---- NTP -------------------------------------------------------------------------------- */

#define EPOCH 1767225600u /* 2026-01-01 */

static void ask(uint8_t reply[48])
{
    const uint32_t s = EPOCH + 2208988800u;

    config_set_text(&rig.cfg, CFG_NTP_SERVER, "192.168.4.9");
    got_count = 0;
    net_ntp_ask(&rig);
    net_rig_run(20);
    assert_int_equal(got_count, 1);
    assert_int_equal(got_len, 48);
    assert_int_equal(got[0], 0x23);
    memset(reply, 0, 48);
    reply[0] = 0x24;
    reply[1] = 2;
    memcpy(reply + 24, got + 40, 8);
    put16(reply + 40, s >> 16);
    put16(reply + 42, s & 0xffff);
}

static void answer(const uint8_t reply[48], const uint8_t from[4], unsigned port, size_t len)
{
    send_udp(from, port, own, got_port, reply, len);
}

static void the_time_is_what_the_asked_server_says(void **state)
{
    uint8_t r[48];

    (void)state;
    ask(r);
    answer(r, ntp_server, 123, 48);
    assert_int_equal(net_rig_epoch, EPOCH);
}

static void the_time_of_others_is_not_believed(void **state)
{
    uint8_t r[48], bad[48];

    (void)state;
    ask(r);
    answer(r, (const uint8_t[]){192, 168, 4, 8}, 123, 48); /* another server */
    answer(r, ntp_server, 124, 48);                        /* another port */
    answer(r, ntp_server, 123, 47);
    memcpy(bad, r, 48);
    bad[27] ^= 1; /* not what was asked */
    answer(bad, ntp_server, 123, 48);
    memcpy(bad, r, 48);
    bad[0] |= 0xc0; /* does not know it itself */
    answer(bad, ntp_server, 123, 48);
    memcpy(bad, r, 48);
    bad[1] = 0; /* go away */
    answer(bad, ntp_server, 123, 48);
    memcpy(bad, r, 48);
    bad[0] = 0x23; /* a question */
    answer(bad, ntp_server, 123, 48);
    assert_int_equal(net_rig_epoch, 0);
    answer(r, ntp_server, 123, 48);
    assert_int_equal(net_rig_epoch, EPOCH);
}

static void an_answer_that_comes_too_late_is_none(void **state)
{
    uint8_t r[48];

    (void)state;
    ask(r);
    net_rig_run(6000);
    answer(r, ntp_server, 123, 48);
    assert_int_equal(net_rig_epoch, 0);
}

/* ---- ping -------------------------------------------------------------------------------- */

static const uint8_t pinged[4] = {192, 168, 4, 33};

/* The request goes out; its reply comes into `r`, 40 bytes. */
static void ping(uint8_t r[40])
{
    config_set_text(&rig.cfg, CFG_PING_HOST, "192.168.4.33");
    got_count = 0;
    net_ping_ask(&rig);
    net_rig_run(20);
    assert_int_equal(got_count, 1);
    assert_memory_equal(got_to, pinged, 4);
    assert_int_equal(got_len, 40);
    assert_memory_equal(got, "\x08\x00", 2);
    assert_int_equal(checksum(got, 40), 0);
    memcpy(r, got, 40);
    memset(r, 0, 4);
    put16(r + 2, checksum(r, 40));
}

/* As `r`, with one byte that is another. */
static void reply_with(const uint8_t r[40], unsigned at, uint8_t value)
{
    uint8_t bad[40];

    memcpy(bad, r, sizeof bad);
    bad[at] = value;
    memset(bad + 2, 0, 2);
    put16(bad + 2, checksum(bad, sizeof bad));
    send_ip(pinged, own, 1, bad, sizeof bad);
}

static void who_is_pinged_answers_and_nobody_else(void **state)
{
    uint8_t r[40];

    (void)state;
    ping(r);
    send_ip(ntp_server, own, 1, r, 40);
    send_ip(pinged, own, 1, r, 7);
    reply_with(r, 0, 3); /* there is no such host, says a router */
    reply_with(r, 5, (uint8_t)(r[5] + 1));
    reply_with(r, 7, (uint8_t)(r[7] + 1)); /* not asked yet */
    r[20] ^= 4;                            /* damaged */
    send_ip(pinged, own, 1, r, 40);
    assert_int_equal(net_rig_answers, 0);
    r[20] ^= 4;
    send_ip(pinged, own, 1, r, 40);
    assert_int_equal(net_rig_answers, 1);
}

static void an_answer_that_comes_after_the_next_question_is_one(void **state)
{
    uint8_t first[40], second[40];

    (void)state;
    ping(first);
    ping(second);
    assert_memory_not_equal(first, second, sizeof first);
    send_ip(pinged, own, 1, first, 40);
    send_ip(pinged, own, 1, second, 40);
    assert_int_equal(net_rig_answers, 2);
}

static void who_pings_the_plug_is_answered_meanwhile(void **state)
{
    uint8_t r[40];

    (void)state;
    ping(r);
    reply_with(r, 0, 8);
    assert_int_equal(got_count, 1);
    assert_int_equal(got[0], 0);
    assert_int_equal(net_rig_answers, 0);
}

static void a_host_is_found_by_its_name(void **state)
{
    uint8_t a[64];

    (void)state;
    config_set_text(&rig.cfg, CFG_PING_HOST, "lamp.lan");
    got_count = 0;
    net_ping_ask(&rig);
    net_rig_run(20);
    assert_int_equal(got_count, 1);
    assert_int_equal(get16(got + 2), 0x0100);
    assert_in_range(got_len, 20, 48);
    memcpy(a, got, got_len);
    put16(a + 2, 0x8180);
    put16(a + 6, 1);
    memcpy(a + got_len, "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04", 12);
    memcpy(a + got_len + 12, pinged, 4);
    send_udp(ntp_server, 53, own, got_port, a, got_len + 16);
    assert_int_equal(got_count, 1);
    assert_memory_equal(got_to, pinged, 4);
    assert_memory_equal(got, "\x08\x00", 2);
}

/* ---- SSDP ------------------------------------------------------------------------------- */

static const uint8_t group[4] = {239, 255, 255, 250};

static void search(void)
{
    static const char text[] = "M-SEARCH * HTTP/1.1\r\nST: ssdp:all\r\n\r\n";

    send_udp((const uint8_t[]){192, 168, 4, 50}, 50000, group, 1900, text, sizeof text - 1);
}

static void it_is_found_only_while_that_is_wanted(void **state)
{
    (void)state;
    search();
    assert_int_equal(net_rig_searches, 0);
    rig.ssdp.on = true;
    net_rig_run(20);
    search();
    assert_int_equal(net_rig_searches, 1);
    assert_int_equal(got_count, 1);
    assert_memory_equal(got, "HTTP/1.1 200 OK", 15);
    assert_memory_equal(got_to, ((uint8_t[]){192, 168, 4, 50}), 4);
    rig.ssdp.on = false;
    net_rig_run(20);
    search();
    assert_int_equal(net_rig_searches, 1);
}

static void its_notice_goes_to_the_group(void **state)
{
    (void)state;
    net_ssdp_notify(&rig); /* off: nothing */
    net_rig_run(5);
    assert_int_equal(got_count, 0);
    rig.ssdp.on = true;
    net_rig_run(20);
    got_count = 0;
    net_ssdp_notify(&rig);
    net_rig_run(5);
    assert_int_equal(got_count, 1);
    assert_memory_equal(got, "NOTIFY", 6);
    assert_memory_equal(got_to, group, 4);
    assert_int_equal(got_port, 1900);
}

#define AP(f)  cmocka_unit_test_setup_teardown(f, access_point, end)
#define STA(f) cmocka_unit_test_setup_teardown(f, station, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AP(who_joins_gets_an_address_and_the_next_another),
        AP(an_address_of_another_network_is_denied),
        AP(what_is_meant_for_another_server_is_not_ours),
        AP(more_guests_than_leases_take_the_oldest),
        AP(every_name_is_the_plug),
        AP(an_answer_is_not_answered),
        AP(noise_at_the_access_point_is_survived),
        STA(the_time_is_what_the_asked_server_says),
        STA(the_time_of_others_is_not_believed),
        STA(an_answer_that_comes_too_late_is_none),
        STA(who_is_pinged_answers_and_nobody_else),
        STA(an_answer_that_comes_after_the_next_question_is_one),
        STA(who_pings_the_plug_is_answered_meanwhile),
        STA(a_host_is_found_by_its_name),
        STA(it_is_found_only_while_that_is_wanted),
        STA(its_notice_goes_to_the_group),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
