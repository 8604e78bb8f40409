/* SSDP: who is answered, how often, and what is said. */
#include "support/rig.h"

#define HEAD "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n"
#define MAN  "MAN: \"ssdp:discover\"\r\n"

static unsigned notices;
static char reply[512];

void net_ssdp_notify(struct plug *p)
{
    struct out o;

    out_init(&o, reply, sizeof reply);
    ssdp_notify(p, &o);
    assert_false(o.over);
    notices++;
}

static int plug(void **state)
{
    uint8_t mac[6];

    (void)state;
    host_reset();
    memset(&rig, 0, sizeof rig);
    rig.chip = hal_chip();
    hal_mac(mac);
    config_defaults(&rig.cfg, rig.chip, mac);
    memcpy(rig.wifi.ip, (const uint8_t[]){192, 168, 1, 50}, 4);
    rig.wifi.state = WIFI_UP;
    notices = 0;
    ssdp_start(&rig);
    return 0;
}

static bool ask(const char *text)
{
    struct out o;

    out_init(&o, reply, sizeof reply);
    host_advance_ms(1000);
    return ssdp_datagram(&rig, text, strlen(text), &o);
}

static void a_search_for_it_is_answered(void **state)
{
    char own[160];

    (void)state;
    assert_true(ask(HEAD MAN "MX: 3\r\nST: ssdp:all\r\n\r\n"));
    assert_non_null(strstr(reply, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(reply, "\r\nLOCATION: http://192.168.1.50/ssdp.xml\r\n"));
    assert_non_null(strstr(reply, "\r\nST: upnp:rootdevice\r\n"));
    assert_string_equal(reply + strlen(reply) - 4, "\r\n\r\n");
    assert_true(ask(HEAD "man:\"ssdp:discover\"\r\nst:  upnp:rootdevice \r\n\r\n"));
    assert_true(ask(HEAD MAN "ST: urn:schemas-upnp-org:device:Basic:1\r\n\r\n"));
    assert_non_null(strstr(reply, "\r\nST: urn:schemas-upnp-org:device:Basic:1\r\n"));
    snprintf(own, sizeof own, HEAD MAN "ST: uuid:%s\r\n\r\n", rig.ssdp.uuid);
    assert_true(ask(own));
    assert_true(ask("M-SEARCH * HTTP/1.1\n" MAN "ST: ssdp:all\n\n")); /* as some send it */
}

/* #383, PR 394: every search on the network was answered. */
static void a_search_for_others_is_not_answered(void **state)
{
    static const char *const others[] = {
        HEAD MAN "ST: urn:dial-multiscreen-org:service:dial:1\r\n\r\n",
        HEAD MAN "ST: urn:schemas-upnp-org:device:MediaRenderer:1\r\n\r\n",
        HEAD MAN "ST: urn:schemas-upnp-org:device:Basic:2\r\n\r\n",
        HEAD MAN "ST: uuid:00000000-0000-0000-0000-000000000000\r\n\r\n",
        HEAD MAN "ST: ssdp:al\r\n\r\n",
        HEAD MAN "ST: \r\n\r\n",
        HEAD MAN "\r\n",
        HEAD "ST: ssdp:all\r\n\r\n",
        HEAD "MAN: ssdp:something\r\nST: ssdp:all\r\n\r\n",
        "NOTIFY * HTTP/1.1\r\n" MAN "ST: ssdp:all\r\n\r\n",
        HEAD MAN "ST: xsdp:all\r\n\r\n",
        "M-SEARCH / HTTP/1.1\r\n" MAN "ST: ssdp:all\r\n\r\n",
        "HTTP/1.1 200 OK\r\n" MAN "ST: ssdp:all\r\n\r\n",
        "",
        "\r\n",
        ":",
    };

    (void)state;
    for (unsigned i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(ask(others[i]));
}

/* What lies behind a datagram in memory is not part of it. */
static void a_datagram_ends_where_it_ends(void **state)
{
    static const char search[] = HEAD MAN "ST: ssdp:all\r\n\r\n";
    const size_t needed = strstr(search, "all") + 3 - search;
    struct out o;

    (void)state;
    for (size_t len = 0; len < needed; len++) {
        out_init(&o, reply, sizeof reply);
        host_advance_ms(1000);
        assert_false(ssdp_datagram(&rig, search, len, &o));
    }
    out_init(&o, reply, sizeof reply);
    assert_true(ssdp_datagram(&rig, search, needed, &o));
    assert_false(ssdp_datagram(&rig, HEAD MAN "\r\nST: ssdp:all", sizeof HEAD MAN - 1, &o));
}

static void a_flood_is_answered_twice_a_second(void **state)
{
    static const char search[] = HEAD MAN "ST: ssdp:all\r\n\r\n";
    unsigned answers = 0;

    (void)state;
    for (unsigned i = 0; i < 10000; i++) {
        struct out o;

        out_init(&o, reply, sizeof reply);
        host_advance_ms(1);
        answers += ssdp_datagram(&rig, search, sizeof search - 1, &o);
    }
    assert_in_range(answers, 18, 20);
}

static void it_speaks_by_itself_four_times_an_hour_and_not_each_30_seconds(void **state)
{
    (void)state;
    for (unsigned s = 0; s < 86400; s++)
        ssdp_second(&rig);
    assert_in_range(notices, 96, 120);
    assert_non_null(strstr(reply, "NTS: ssdp:alive\r\n"));
    assert_non_null(strstr(reply, "USN: uuid:"));
}

static void it_is_silent_unless_started_and_connected(void **state)
{
    (void)state;
    rig.ssdp.on = false;
    assert_false(ask(HEAD MAN "ST: ssdp:all\r\n\r\n"));
    for (unsigned s = 0; s < 3600; s++)
        ssdp_second(&rig);
    rig.ssdp.on = true;
    rig.wifi.state = WIFI_AP;
    assert_false(ask(HEAD MAN "ST: ssdp:all\r\n\r\n"));
    for (unsigned s = 0; s < 3600; s++)
        ssdp_second(&rig);
    assert_int_equal(notices, 0);
}

static void noise_is_not_answered_and_does_no_harm(void **state)
{
    static const char seed_text[] = HEAD MAN "ST: ssdp:all\r\n\r\n";
    uint32_t seed = seeded(0x55d9f00d);

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        char text[sizeof seed_text];
        const size_t len = noise(&seed) % sizeof text;
        struct out o;

        memcpy(text, seed_text, sizeof text);
        for (unsigned n = noise(&seed) % 4; n; n--)
            text[noise(&seed) % sizeof text] = (char)noise(&seed);
        out_init(&o, reply, sizeof reply);
        ssdp_datagram(&rig, text, len, &o);
    }
}

static void the_description_is_xml_whatever_the_name(void **state)
{
    char text[1536];
    struct out o;

    (void)state;
    config_set_text(&rig.cfg, CFG_SHORT_NAME, "a<b>&\"c");
    out_init(&o, text, sizeof text);
    ssdp_xml(&rig, &o);
    assert_false(o.over);
    assert_non_null(strstr(text, "<friendlyName>a&lt;b&gt;&amp;"));
    assert_non_null(strstr(text, "<presentationURL>http://192.168.1.50/index</presentationURL>"));
    assert_non_null(strstr(text, "<manufacturer>ESWIN</manufacturer>"));
    assert_non_null(strstr(text, "<modelNumber>" PLUG_VERSION "</modelNumber>"));
    assert_non_null(strstr(text, "<serialNumber>OpenECR6600_CCDDEEFF</serialNumber>"));
    assert_non_null(strstr(text, rig.ssdp.uuid));
    assert_int_equal(strlen(rig.ssdp.uuid), 36);
    assert_string_equal(text + strlen(text) - 7, "</root>");
}

#define TEST(t) cmocka_unit_test_setup(t, plug)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_search_for_it_is_answered),
        TEST(a_search_for_others_is_not_answered),
        TEST(a_datagram_ends_where_it_ends),
        TEST(a_flood_is_answered_twice_a_second),
        TEST(it_speaks_by_itself_four_times_an_hour_and_not_each_30_seconds),
        TEST(it_is_silent_unless_started_and_connected),
        TEST(noise_is_not_answered_and_does_no_harm),
        TEST(the_description_is_xml_whatever_the_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
