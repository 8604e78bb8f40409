/* Wi-Fi: what the field has told of it, story by story, with a radio that is scripted and a
 * router that comes and goes, on the virtual clock. */
#include "support/rig.h"

/* No LED: its blinking would fill the list of calls. */
#define PLUG "{\"24\":\"Btn;1\",\"25\":\"Rel;1\"}"

/* ---- firmware/net, as far as the station sees it ---------------------------------------- */

static struct {
    uint8_t ip[4]; /* static; 0: DHCP */
    bool ap;
    unsigned uses;
    uint64_t heard_us;
    bool linked;
    bool client; /* somebody is on our access point */
    bool deaf;   /* there is nobody who would answer */
} net;

void net_use(const uint8_t *ip, const uint8_t *mask, const uint8_t *gw, const uint8_t *dns)
{
    (void)mask;
    (void)gw;
    (void)dns;
    memset(net.ip, 0, sizeof net.ip);
    if (ip)
        memcpy(net.ip, ip, sizeof net.ip);
    net.ap = false;
    net.uses++;
}

void net_use_ap(void)
{
    net.ap = true;
    net.uses++;
}

bool net_address(uint8_t ip[4], uint8_t mask[4], uint8_t gw[4], uint8_t dns[4])
{
    if (!hal_radio_link(NULL))
        return false;
    if (!net.ip[0])
        return host_lease(ip, mask, gw, dns);
    memcpy(ip, net.ip, 4);
    memcpy(gw, (const uint8_t[]){10, 0, 0, 1}, 4);
    memset(mask, 0, 4);
    memset(dns, 0, 4);
    return true;
}

uint32_t net_quiet_s(void)
{
    return (uint32_t)((host_us() - net.heard_us) / 1000000);
}

static struct {
    bool answers;
    unsigned asked;
} host;

void net_ping_ask(struct plug *p)
{
    host.asked++;
    if (host.answers && host_radio_linked())
        ping_answered(p);
}

/* A router answers when it is asked, if frames pass. A new link counts as heard. */
static void hear(void *user)
{
    const bool linked = host_radio_linked();

    (void)user;
    if (linked && !net.linked)
        net.heard_us = host_us();
    net.linked = linked;
    if ((host_radio_linked() && !net.deaf) || (net.client && hal_radio_state() == HAL_RADIO_AP))
        net.heard_us = host_us();
}

/* ---- the rig ------------------------------------------------------------------------------ */

static void settings(enum hal_family family)
{
    rig_new(family, PLUG);
    memset(&net, 0, sizeof net);
    memset(&host, 0, sizeof host);
    host_each_ms(hear, NULL);
    *host_ap(0) = (struct host_ap){.ssid = "home",
                                   .password = "secret",
                                   .bssid = {2, 0, 0, 0, 0, 1},
                                   .channel = 6,
                                   .rssi = -50,
                                   .net = 1};
    config_set_text(&rig.cfg, CFG_SSID, "home");
    config_set_text(&rig.cfg, CFG_PASSWORD, "secret");
}

static int known(void **state)
{
    (void)state;
    settings(HAL_ECR6600);
    return 0;
}

static int up(void **state)
{
    known(state);
    rig_boot(HAL_RESET_POWER);
    rig_run(60000);
    assert_int_equal(rig.wifi.state, WIFI_UP);
    host_calls_forget();
    return 0;
}

/* How long until it is up again; fails after `at_most` s. */
static unsigned wait_until_up(unsigned at_most)
{
    unsigned s = 0;

    while (rig.wifi.state != WIFI_UP || !host_radio_linked()) {
        assert_true(s++ < at_most);
        rig_run(1000);
    }
    return s;
}

/* Seconds between attempts since host_calls_forget(). */
static unsigned gaps(unsigned *out, unsigned cap)
{
    uint64_t last = 0;
    unsigned n = 0;

    for (size_t i = 0; i < host_calls() && n < cap; i++) {
        if (host_called(i)->call != HOST_RADIO_CONNECT)
            continue;
        if (last)
            out[n++] = (unsigned)((host_called(i)->us - last + 500000) / 1000000);
        last = host_called(i)->us;
    }
    return n;
}

/* ---- connecting ---------------------------------------------------------------------------- */

/* #704: it took 14 s. */
static void it_is_in_the_network_seconds_after_power_on(void **state)
{
    (void)state;
    rig_boot(HAL_RESET_POWER);
    assert_in_range(wait_until_up(10), 1, 8);
    assert_int_equal(wifi_code(&rig), 4);
    assert_int_equal(rig.wifi.ip[2], 1);
}

static void with_flag_37_the_second_start_needs_no_search(void **state)
{
    (void)state;
    config_set_flag(&rig.cfg, 37, true);
    rig_boot(HAL_RESET_POWER);
    wait_until_up(10);
    rig_run(5000);
    rig_restart(HAL_RESET_POWER);
    assert_int_equal(host_first(HOST_RADIO_CONNECT, 1) >= 0, 1); /* at once, by its BSSID */
    assert_in_range(wait_until_up(3), 1, 3);
}

/* #481: what was remembered was wrong, and the plug never connected again. */
static void a_remembered_network_that_is_no_more_costs_two_attempts(void **state)
{
    (void)state;
    config_set_flag(&rig.cfg, 37, true);
    rig_boot(HAL_RESET_POWER);
    wait_until_up(10);
    host_ap(0)->channel = 11;
    host_ap(0)->bssid[5] = 9;
    rig_restart(HAL_RESET_POWER);
    assert_in_range(wait_until_up(40), 5, 30);
    assert_int_equal(host_count(HOST_RADIO_CONNECT, 1), 2);
    rig_run(5000);
    rig_restart(HAL_RESET_POWER); /* and is replaced */
    assert_in_range(wait_until_up(3), 1, 3);
}

static void noise_in_place_of_what_is_remembered_is_not_used(void **state)
{
    static const uint8_t junk[11] = {1, 2, 3, 4, 5, 6, 200, 8, 9, 10, 11};

    (void)state;
    config_set_flag(&rig.cfg, 37, true);
    rig_boot(HAL_RESET_POWER);
    assert_true(store_set(&rig.store, STORE_LINK, junk, sizeof junk));
    rig_restart(HAL_RESET_POWER);
    assert_int_equal(host_count(HOST_RADIO_CONNECT, 1), 0);
    wait_until_up(10);
    assert_true(store_set(&rig.store, STORE_LINK, junk, 5));
    rig_restart(HAL_RESET_POWER);
    assert_int_equal(host_count(HOST_RADIO_CONNECT, 1), 0);
}

/* #1852 and "works three reboots, then never again". */
static void it_connects_after_every_one_of_many_restarts(void **state)
{
    static const struct {
        enum host_wear wear;
        bool fast;
    } cases[] = {
        {HOST_WEARS_UNTIL_STOP, false}, {HOST_WEARS_UNTIL_STOP, true}, {HOST_WEARS_FAST, true}};

    (void)state;
    for (unsigned c = 0; c < 3; c++) {
        settings(c == 1 ? HAL_BK7231N : HAL_BL602);
        host_radio_wears(cases[c].wear, 3);
        config_set_flag(&rig.cfg, 37, cases[c].fast);
        config_set_flag(&rig.cfg, 51, cases[c].fast);
        rig_boot(HAL_RESET_POWER);
        for (unsigned n = 0; n < 12; n++) {
            wait_until_up(120);
            rig_run(8000);
            rig_restart(HAL_RESET_SOFTWARE);
        }
    }
}

/* #1157: a BL602 that saves power does not get in. */
static void power_save_is_left_to_connect_and_entered_again_when_connected(void **state)
{
    (void)state;
    settings(HAL_BL602);
    config_set_text(&rig.cfg, CFG_STARTUP, "PowerSave 1");
    rig_boot(HAL_RESET_POWER);
    wait_until_up(10);
    host_router_restart(0, 30000);
    rig_run(20000);
    assert_int_not_equal(rig.wifi.state, WIFI_UP);
    wait_until_up(150);
}

static void a_static_address_is_used_and_is_no_proof_of_a_link(void **state)
{
    static const uint8_t ip[4] = {10, 0, 0, 7}, mask[4] = {255, 255, 255, 0}, gw[4] = {10, 0, 0, 1},
                         dns[4] = {10, 0, 0, 1};

    (void)state;
    config_set_static_ip(&rig.cfg, ip, mask, gw, dns);
    host_ap(0)->down = true;
    rig_boot(HAL_RESET_POWER);
    rig_run(30000);
    assert_int_not_equal(wifi_code(&rig), 4);
    host_ap(0)->down = false;
    host_ap(0)->mute = true; /* DHCP is not needed */
    wait_until_up(60);
    assert_memory_equal(rig.wifi.ip, ip, 4);
    assert_memory_equal(net.ip, ip, 4);
}

static void an_address_that_changes_is_noticed_and_told(void **state)
{
    (void)state;
    rig_on(EVENT_IP_CHANGE, 0, "AddChannel 20 1");
    host_ap(0)->net = 8;
    host_lease_renew();
    rig_run(3000);
    assert_int_equal(rig.wifi.state, WIFI_UP);
    assert_int_equal(rig.wifi.ip[2], 8);
    assert_int_equal(channel_get(&rig, 20), 1);
    rig_run(60000);
    assert_int_equal(channel_get(&rig, 20), 1);
}

static void without_an_address_the_radio_is_stopped_whole_after_30_seconds(void **state)
{
    (void)state;
    host_ap(0)->mute = true;
    rig_boot(HAL_RESET_POWER);
    rig_run(30000);
    assert_int_equal(wifi_code(&rig), 1);
    host_calls_forget();
    rig_run(20000);
    assert_true(host_count(HOST_RADIO_STOP, HOST_ANY) > 0);
    host_ap(0)->mute = false;
    wait_until_up(60);
}

/* ---- staying connected ------------------------------------------------------------------------ */

/* #509, #775, #876, #1643, #1678, #2082 */
static void after_a_router_restart_it_comes_back_by_itself(void **state)
{
    static const uint32_t off_s[] = {1, 4, 20, 60, 180, 600, 3600};

    (void)state;
    for (unsigned i = 0; i < sizeof off_s / sizeof off_s[0]; i++) {
        host_router_restart(0, off_s[i] * 1000);
        rig_run(off_s[i] * 1000 + 4000);
        wait_until_up(WIFI_BACKOFF_MAX + 10);
        rig_run(40000);
    }
    assert_int_equal(rig_restarts, 0);
}

/* The same: nothing but polling tells. */
static void a_lost_disconnect_event_is_noticed(void **state)
{
    (void)state;
    host_radio_lies(HOST_SAYS_CONNECTED);
    host_router_restart(0, 10000);
    rig_run(14000);
    wait_until_up(60);
    assert_true(rig.wifi.drops > 0);
}

static void a_radio_that_swears_it_is_connected_is_found_out_by_the_silence(void **state)
{
    (void)state;
    host_radio_lies(HOST_SAYS_ALL);
    host_router_restart(0, 10000);
    rig_run(12000);
    assert_int_equal(rig.wifi.state, WIFI_UP); /* as it says */
    assert_false(host_radio_linked());
    wait_until_up(WIFI_QUIET_S + 40);
}

static void where_nobody_ever_answers_the_link_is_left_alone_more_and_more(void **state)
{
    (void)state;
    net.deaf = true;
    rig_run(6 * 3600000);
    assert_in_range(rig.wifi.drops, 3, 12);
}

/* ---- a network of several access points ----------------------------------------------------- */

#define HOUR 3600u

static struct host_ap *another(int rssi, const char *password)
{
    host_ap(0)->rssi = -80;
    *host_ap(1) = (struct host_ap){.ssid = "home",
                                   .password = password,
                                   .bssid = {2, 0, 0, 0, 0, 2},
                                   .channel = 11,
                                   .rssi = (int8_t)rssi,
                                   .net = 1};
    return host_ap(1);
}

/* Seconds without a link of so many. */
static unsigned seconds_down(unsigned of)
{
    unsigned down = 0;

    for (unsigned s = 0; s < of; s++) {
        rig_run(1000);
        down += rig.wifi.state != WIFI_UP || !host_radio_linked();
    }
    return down;
}

static unsigned channel_in_use(void)
{
    struct hal_radio_network link = {.channel = 0};

    hal_radio_link(&link);
    return link.channel;
}

static void it_moves_to_the_access_point_next_to_it_that_started_late(void **state)
{
    (void)state;
    another(-45, "secret");
    assert_in_range(seconds_down(120), 1, 4);
    assert_int_equal(channel_in_use(), 11);
    host_ap(0)->rssi = -50; /* and does not move for nothing */
    assert_int_equal(seconds_down(6 * HOUR), 0);
    assert_int_equal(channel_in_use(), 11);
}

static void for_a_little_more_it_does_not_move_and_looks_more_and_more_seldom(void **state)
{
    (void)state;
    another(-80 + WIFI_BETTER_DB - 1, "secret");
    assert_int_equal(seconds_down(6 * HOUR), 0);
    assert_int_equal(channel_in_use(), 6);
    assert_in_range(host_count(HOST_RADIO_SCAN, 0), 5, 6);
}

static void a_signal_that_will_do_is_no_reason_to_look(void **state)
{
    (void)state;
    another(-30, "secret");
    host_ap(0)->rssi = WIFI_WEAK_DBM + 1;
    assert_int_equal(seconds_down(6 * HOUR), 0);
    assert_int_equal(host_count(HOST_RADIO_SCAN, 0), 0);
}

static void a_stranger_of_the_same_name_costs_seconds_a_day(void **state)
{
    (void)state;
    another(-30, "other");
    assert_in_range(seconds_down(6 * HOUR), 1, 60);
    assert_int_equal(channel_in_use(), 6);
    *host_ap(2) = *host_ap(1);
    host_ap(1)->ssid = "neighbours";
    host_ap(2)->password = ""; /* and who would take anybody */
    assert_int_equal(seconds_down(6 * HOUR), 0);
    assert_int_equal(channel_in_use(), 6);
}

static void it_finds_the_other_access_point_when_its_own_is_gone(void **state)
{
    (void)state;
    another(-60, "secret");
    host_ap(0)->rssi = -50;
    host_ap(0)->down = true;
    rig_run(5000);
    wait_until_up(20);
    assert_int_equal(channel_in_use(), 11);
}

/* ---- the ping watchdog ------------------------------------------------------------------------ */

static void watch(int32_t interval, int32_t bear_s)
{
    config_set_text(&rig.cfg, CFG_PING_HOST, "192.168.1.1");
    config_set_number(&rig.cfg, CFG_PING_INTERVAL, interval);
    config_set_number(&rig.cfg, CFG_PING_SECONDS, bear_s);
}

static void nobody_is_pinged_unless_that_is_set(void **state)
{
    (void)state;
    assert_int_equal(seconds_down(HOUR), 0);
    assert_int_equal(host.asked, 0);
    watch(5, -1); /* a record may hold anything */
    config_set_text(&rig.cfg, CFG_PING_HOST, "");
    assert_int_equal(seconds_down(HOUR), 0);
    assert_int_equal(host.asked, 0);
}

static void the_host_is_asked_at_its_interval_from_the_first_minute_on(void **state)
{
    (void)state;
    watch(30, 0);
    rig_boot(HAL_RESET_POWER);
    rig_run(58000);
    assert_int_equal(host.asked, 0);
    rig_run(602000);
    assert_in_range(host.asked, 20, 21);
    watch(0, 600);
    host.answers = true;
    rig_run(100000);
    assert_in_range(host.asked, 27, 31);
}

static void a_host_that_falls_silent_makes_the_link_anew(void **state)
{
    (void)state;
    watch(5, 60);
    host.answers = true;
    assert_int_equal(seconds_down(HOUR), 0);
    host.answers = false;
    assert_int_equal(seconds_down(55), 0);
    host_calls_forget();
    assert_in_range(seconds_down(20), 3, 12);
    assert_int_equal(host_count(HOST_RADIO_CONNECT, 0), 1);
    host.answers = true;
    assert_int_equal(seconds_down(HOUR), 0);
    host.answers = false; /* as patient as at first */
    assert_int_equal(seconds_down(55), 0);
    assert_in_range(seconds_down(20), 3, 12);
}

static void a_host_that_is_off_costs_the_network_an_hour_at_most_each_time(void **state)
{
    (void)state;
    watch(5, 60);
    assert_in_range(seconds_down(6 * HOUR), 30, 120);
    assert_in_range(host_count(HOST_RADIO_CONNECT, 0), 8, 12);
}

static void handlers_hear_how_long_the_host_has_been_silent(void **state)
{
    (void)state;
    watch(10, 0);
    assert_int_equal(
        cmd_run(&rig, "addChangeHandler noPingTime > 90 AddChannel 20 1", CMD_CONSOLE, NULL),
        CMD_OK);
    rig_run(85000);
    assert_int_equal(channel_get(&rig, 20), 0);
    assert_int_equal(cmd_run(&rig, "ClearNoPingTime", CMD_CONSOLE, NULL), CMD_OK);
    rig_run(85000);
    assert_int_equal(channel_get(&rig, 20), 0);
    rig_run(10000);
    assert_int_equal(channel_get(&rig, 20), 1);
    assert_int_equal(rig.wifi.drops, 0);
}

static void attempts_come_after_5_10_20_40_and_then_each_120_seconds(void **state)
{
    static const unsigned most[] = {5, 10, 20, 40, 80, 120, 120, 120, 120, 120};
    unsigned gap[10];

    (void)state;
    host_ap(0)->down = true;
    rig_run(5000);
    host_calls_forget();
    rig_run(1500000);
    assert_int_equal(gaps(gap, 9), 9);
    for (unsigned i = 0; i < 9; i++) /* 3 to 4 s of it is the search */
        assert_in_range(gap[i], most[i + 1] - most[i + 1] / 4 + 2, most[i + 1] + 5);
}

static void plugs_of_a_house_do_not_call_all_at_once(void **state)
{
    unsigned first[10], other[10], same = 0;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        up(state);
        host_seed(77 + i);
        host_ap(0)->down = true;
        rig_run(5000);
        host_calls_forget();
        rig_run(1500000);
        assert_int_equal(gaps(i ? other : first, 8), 8);
    }
    for (unsigned i = 0; i < 8; i++)
        same += first[i] == other[i];
    assert_true(same < 5);
}

static void a_link_that_flaps_for_a_day_leaves_the_plug_working(void **state)
{
    uint32_t seed = seeded(0xf1a9f1a9);

    (void)state;
    channel_set(&rig, 1, 1, false);
    for (unsigned i = 0; i < 400; i++) {
        host_router_restart(0, 1 + noise(&seed) % 60000);
        host_ap(0)->refuses = noise(&seed) % 8 == 0;
        host_ap(0)->mute = noise(&seed) % 8 == 0;
        host_radio_lies((enum host_lie)(noise(&seed) % 3));
        rig_run(1000 + noise(&seed) % 400000);
        assert_true(rig.wifi.wait_s <= WIFI_BACKOFF_MAX);
        assert_true(simplug_relay(1));
    }
    host_ap(0)->refuses = host_ap(0)->mute = false;
    host_radio_lies(HOST_HONEST);
    rig_run(61000);
    wait_until_up(WIFI_QUIET_S + 2 * WIFI_BACKOFF_MAX);
    assert_int_equal(rig_restarts, 0);
}

static void handlers_hear_how_the_network_is(void **state)
{
    (void)state;
    rig_on(EVENT_WIFI_STATE, 2, "SetChannel 21 1");
    rig_on(EVENT_WIFI_STATE, 4, "SetChannel 22 1");
    host_router_restart(0, 10000);
    rig_run(9000);
    assert_int_equal(channel_get(&rig, 21), 1);
    assert_int_equal(channel_get(&rig, 22), 0);
    assert_in_range(rig.wifi.down_s, 2, 9);
    wait_until_up(60);
    assert_int_equal(channel_get(&rig, 22), 1);
    assert_int_equal(rig.wifi.down_s, 0);
}

/* ---- two networks, wrong passwords --------------------------------------------------------------- */

static void after_three_attempts_the_other_network_is_tried_and_the_first_again_later(void **state)
{
    (void)state;
    config_set_text(&rig.cfg, CFG_SSID2, "garden");
    config_set_text(&rig.cfg, CFG_PASSWORD2, "other");
    host_ap(0)->down = true;
    *host_ap(1) = (struct host_ap){
        .ssid = "garden", .password = "other", .channel = 1, .rssi = -70, .net = 2};
    rig_boot(HAL_RESET_POWER);
    wait_until_up(60);
    assert_int_equal(rig.wifi.which, 1);
    assert_int_equal(rig.wifi.ip[2], 2);
    rig_run(60000);
    host_ap(1)->down = true;
    host_ap(0)->down = false;
    rig_run(5000);
    wait_until_up(120);
    assert_int_equal(rig.wifi.which, 0);
}

static void two_networks_take_turns_of_three_attempts(void **state)
{
    unsigned turns = 0, before = 0;
    uint8_t which = 0;

    (void)state;
    config_set_text(&rig.cfg, CFG_SSID2, "garden");
    host_ap(0)->down = true;
    rig_boot(HAL_RESET_POWER);
    for (unsigned s = 0; s < WIFI_LOST_S; s++) {
        rig_run(1000);
        if (rig.wifi.which == which)
            continue;
        assert_int_equal(host_count(HOST_RADIO_CONNECT, HOST_ANY) - before, WIFI_TRIES);
        before += WIFI_TRIES;
        which = rig.wifi.which;
        turns++;
    }
    assert_in_range(turns, 1, 6);
}

/* Once it has settled: one failure later does not send it to the other network. */
static void a_good_link_gives_all_attempts_back(void **state)
{
    (void)state;
    config_set_text(&rig.cfg, CFG_SSID2, "garden");
    for (unsigned i = 0; i < 10; i++) {
        host_router_restart(0, 4000);
        rig_run(6000);
        wait_until_up(30);
        rig_run(40000);
        assert_int_equal(rig.wifi.which, 0);
        assert_int_equal(rig.wifi.tries, 0);
    }
}

static void a_second_network_alone_is_enough(void **state)
{
    (void)state;
    config_set_text(&rig.cfg, CFG_SSID, "");
    config_set_text(&rig.cfg, CFG_SSID2, "home");
    config_set_text(&rig.cfg, CFG_PASSWORD2, "secret");
    rig_boot(HAL_RESET_POWER);
    wait_until_up(15);
}

static void a_wrong_password_is_told_tried_again_and_helped(void **state)
{
    (void)state;
    config_set_text(&rig.cfg, CFG_PASSWORD, "mistyped");
    rig_boot(HAL_RESET_POWER);
    rig_run(6000);
    assert_int_equal(wifi_code(&rig), 3);
    rig_run(WIFI_LOST_S * 1000 + 130000);
    assert_string_equal(host_radio_ap_name(), "OpenECR6600_CCDDEEFF");
    assert_true(net.ap);
    net.client = true; /* who mends it is not thrown off */
    rig_run(WIFI_HELP_S * 1000 + 60000);
    assert_true(host_radio_ap_name()[0]);
    config_set_text(&rig.cfg, CFG_PASSWORD, "secret");
    wifi_changed(&rig);
    wait_until_up(10);
    assert_string_equal(host_radio_ap_name(), "");
}

/* Routers say so now and then while they start. */
static void a_password_refused_once_is_not_refused_for_ever(void **state)
{
    (void)state;
    host_ap(0)->password = "still starting";
    host_router_restart(0, 2000);
    rig_run(40000);
    assert_int_equal(wifi_code(&rig) == 3 || wifi_code(&rig) == 1, 1);
    host_ap(0)->password = "secret";
    wait_until_up(WIFI_BACKOFF_MAX);
}

static void passwords_are_not_in_the_log(void **state)
{
    char text[LOG_SIZE + 1];
    uint32_t at = 0;

    (void)state;
    rig_boot(HAL_RESET_POWER);
    rig_run(20000);
    text[log_read(&rig, &at, text, LOG_SIZE)] = '\0';
    assert_non_null(strstr(text, "home"));
    assert_null(strstr(text, "secret"));
}

/* ---- our access point --------------------------------------------------------------------------- */

static void without_a_network_the_access_point_opens_and_stays(void **state)
{
    (void)state;
    config_set_text(&rig.cfg, CFG_SSID, "");
    rig_boot(HAL_RESET_POWER);
    rig_run(6000);
    assert_string_equal(host_radio_ap_name(), "OpenECR6600_CCDDEEFF");
    assert_int_equal(wifi_code(&rig), 5);
    rig_run(3600000);
    assert_true(host_radio_ap_name()[0]);
}

/* #1335, #742 */
static void an_access_point_that_vanishes_is_opened_again(void **state)
{
    (void)state;
    config_set_text(&rig.cfg, CFG_SSID, "");
    rig_boot(HAL_RESET_POWER);
    rig_run(8000);
    hal_radio_stop(); /* as if the radio had fallen over */
    rig_run(1000);
    assert_int_equal(wifi_code(&rig), 6);
    rig_run(10000);
    assert_int_equal(wifi_code(&rig), 5);
    assert_true(host_radio_ap_name()[0]);
}

/* #1580 */
static void an_access_point_asked_for_ends_when_nobody_uses_it(void **state)
{
    (void)state;
    assert_int_equal(cmd_run(&rig, "OpenAP", CMD_CONSOLE, NULL), CMD_OK);
    rig_run(6000);
    assert_true(host_radio_ap_name()[0]);
    net.client = true;
    rig_run(WIFI_AP_S * 1000 + 300000);
    assert_true(host_radio_ap_name()[0]);
    net.client = false;
    rig_run(62000);
    wait_until_up(15);
}

static void a_plug_that_has_been_in_the_network_opens_no_access_point_when_it_goes(void **state)
{
    (void)state;
    host_ap(0)->down = true;
    rig_run(7200000);
    assert_int_equal(host_count(HOST_RADIO_OPEN_AP, HOST_ANY), 0);
}

static void a_plug_never_connected_goes_on_trying_between_its_access_points(void **state)
{
    (void)state;
    host_ap(0)->down = true;
    rig_boot(HAL_RESET_POWER);
    rig_run(3600000);
    assert_in_range(host_count(HOST_RADIO_OPEN_AP, HOST_ANY), 4, 8);
    assert_in_range(host_count(HOST_RADIO_CONNECT, HOST_ANY), 20, 60);
    host_ap(0)->down = false;
    wait_until_up(WIFI_HELP_S + 15);
}

static void in_safe_mode_the_access_point_stays(void **state)
{
    (void)state;
    rig_boot(HAL_RESET_POWER);
    for (unsigned i = 0; i < 4; i++)
        rig_restart(HAL_RESET_POWER);
    assert_true(rig.safe_mode);
    rig_run((PLUG_SAFE_S - 2) * 1000);
    assert_true(host_radio_ap_name()[0]);
}

/* ---- a radio that is beyond help ------------------------------------------------------------------- */

static void hang(void)
{
    host_radio_wears(HOST_WEARS_OUT, 0);
    host_ap(0)->down = true;
    rig_run(8000);
    host_ap(0)->down = false;
}

static void a_radio_that_answers_nothing_for_ten_minutes_is_restarted_with_the_plug(void **state)
{
    (void)state;
    hang();
    rig_run((WIFI_HUNG_S - 30) * 1000);
    assert_int_equal(rig_restarts, 0);
    rig_run(60000);
    assert_int_equal(rig_restarts, 1);
}

static void a_relay_that_would_not_come_back_is_worth_more_than_the_radio(void **state)
{
    (void)state;
    channel_set(&rig, 1, 1, false);
    hang();
    rig_run(4 * 3600000);
    assert_int_equal(rig_restarts, 0);
    assert_true(simplug_relay(1));
}

static void a_retained_relay_drops_for_the_radio_after_an_hour_only(void **state)
{
    (void)state;
    config_set_start(&rig.cfg, 1, -1);
    channel_set(&rig, 1, 1, false);
    rig_run(5000);
    hang();
    rig_run(3500000);
    assert_int_equal(rig_restarts, 0);
    rig_run(200000);
    assert_int_equal(rig_restarts, 1);
    rig_run(1000);
    assert_true(simplug_relay(1));
}

static void a_router_that_is_away_is_no_reason_to_restart(void **state)
{
    (void)state;
    host_ap(0)->down = true;
    rig_run(6 * 3600000);
    assert_int_equal(rig_restarts, 0);
}

#define KNOWN(t) cmocka_unit_test_setup(t, known)
#define UP(t)    cmocka_unit_test_setup(t, up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        KNOWN(it_is_in_the_network_seconds_after_power_on),
        KNOWN(with_flag_37_the_second_start_needs_no_search),
        KNOWN(a_remembered_network_that_is_no_more_costs_two_attempts),
        KNOWN(noise_in_place_of_what_is_remembered_is_not_used),
        KNOWN(it_connects_after_every_one_of_many_restarts),
        KNOWN(power_save_is_left_to_connect_and_entered_again_when_connected),
        KNOWN(a_static_address_is_used_and_is_no_proof_of_a_link),
        UP(an_address_that_changes_is_noticed_and_told),
        KNOWN(without_an_address_the_radio_is_stopped_whole_after_30_seconds),
        UP(after_a_router_restart_it_comes_back_by_itself),
        UP(a_lost_disconnect_event_is_noticed),
        UP(a_radio_that_swears_it_is_connected_is_found_out_by_the_silence),
        UP(it_moves_to_the_access_point_next_to_it_that_started_late),
        UP(for_a_little_more_it_does_not_move_and_looks_more_and_more_seldom),
        UP(a_signal_that_will_do_is_no_reason_to_look),
        UP(a_stranger_of_the_same_name_costs_seconds_a_day),
        UP(it_finds_the_other_access_point_when_its_own_is_gone),
        UP(nobody_is_pinged_unless_that_is_set),
        KNOWN(the_host_is_asked_at_its_interval_from_the_first_minute_on),
        UP(a_host_that_falls_silent_makes_the_link_anew),
        UP(a_host_that_is_off_costs_the_network_an_hour_at_most_each_time),
        UP(handlers_hear_how_long_the_host_has_been_silent),
        UP(where_nobody_ever_answers_the_link_is_left_alone_more_and_more),
        UP(attempts_come_after_5_10_20_40_and_then_each_120_seconds),
        KNOWN(plugs_of_a_house_do_not_call_all_at_once),
        UP(a_link_that_flaps_for_a_day_leaves_the_plug_working),
        UP(handlers_hear_how_the_network_is),
        KNOWN(after_three_attempts_the_other_network_is_tried_and_the_first_again_later),
        KNOWN(two_networks_take_turns_of_three_attempts),
        UP(a_good_link_gives_all_attempts_back),
        KNOWN(a_second_network_alone_is_enough),
        KNOWN(a_wrong_password_is_told_tried_again_and_helped),
        UP(a_password_refused_once_is_not_refused_for_ever),
        KNOWN(passwords_are_not_in_the_log),
        KNOWN(without_a_network_the_access_point_opens_and_stays),
        KNOWN(an_access_point_that_vanishes_is_opened_again),
        UP(an_access_point_asked_for_ends_when_nobody_uses_it),
        UP(a_plug_that_has_been_in_the_network_opens_no_access_point_when_it_goes),
        KNOWN(a_plug_never_connected_goes_on_trying_between_its_access_points),
        KNOWN(in_safe_mode_the_access_point_stays),
        UP(a_radio_that_answers_nothing_for_ten_minutes_is_restarted_with_the_plug),
        UP(a_relay_that_would_not_come_back_is_worth_more_than_the_radio),
        UP(a_retained_relay_drops_for_the_radio_after_an_hour_only),
        UP(a_router_that_is_away_is_no_reason_to_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
