/* MQTT: what the plug says to a broker and hears from it, on the virtual clock. The bytes of
 * its packets are tested with firmware/net. */
#include "support/broker.h"

#define PLUG    "{\"22\":\"WifiLED;0\",\"24\":\"Btn;1\",\"25\":\"Rel;1\",\"23\":\"Rel_n;2\"}"
#define ID      "ecr6600CCDDEEFF"
#define GROUP   "ecr6600s"
#define RELAY_1 "homeassistant/switch/OpenECR6600_CCDDEEFF_relay_1/config"
enum { COUNTER = 20 }; /* a channel that counts changes of channel 1 */

static void settings(void)
{
    rig_new(HAL_ECR6600, PLUG);
    broker_reset();
    *host_ap(0) = (struct host_ap){.ssid = "home", .channel = 6, .rssi = -50, .net = 1};
    config_set_text(&rig.cfg, CFG_SSID, "home");
    config_set_text(&rig.cfg, CFG_MQTT_HOST, "192.168.1.2");
    config_set_flag(&rig.cfg, 10, false);
}

static void boot(void)
{
    rig_boot(HAL_RESET_POWER);
    rig_on(EVENT_CHANNEL_CHANGE, 1, "AddChannel 20 1");
}

/* Booted and connected; what was said on the way is forgotten. */
static int connected(void **state)
{
    (void)state;
    settings();
    boot();
    broker_run(20000);
    assert_true(rig.mqtt.connected);
    broker_forget();
    return 0;
}

static int booted_with(unsigned flag)
{
    settings();
    config_set_flag(&rig.cfg, flag, true);
    boot();
    broker_run(20000);
    assert_true(rig.mqtt.connected);
    return 0;
}

/* ---- the session ----------------------------------------------------------------------- */

static void it_says_online_first_and_subscribes_to_what_it_obeys(void **state)
{
    (void)state;
    settings();
    boot();
    broker_run(20000);
    assert_string_equal(broker.first, ID "/connected=online");
    assert_int_equal(broker_retained(ID "/connected"), 1);
    assert_int_equal(broker_qos(ID "/connected"), 1);
    assert_string_equal(broker.all, ID "/+/set\n" GROUP "/+/set\n" ID "/+/get\n"
                                       "cmnd/" ID "/+\ncmnd/" GROUP "/+\nhomeassistant/+\n");
    assert_string_equal(broker_last(ID "/ip"), "192.168.1.50"); /* new, so it is told */
    assert_int_equal(broker_topics(), 2);                       /* without flag 10 nothing else */
}

static void without_a_host_nobody_is_called(void **state)
{
    (void)state;
    settings();
    config_set_text(&rig.cfg, CFG_MQTT_HOST, "");
    boot();
    broker_run(60000);
    assert_int_equal(broker.attempts, 0);
}

static void a_plug_whose_client_name_is_empty_uses_its_short_name(void **state)
{
    (void)state;
    settings();
    config_set_text(&rig.cfg, CFG_MQTT_CLIENT, "");
    boot();
    broker_run(20000);
    assert_string_equal(broker.first, ID "/connected=online");
}

static void attempts_become_rare_and_never_stop(void **state)
{
    uint64_t longest = 0;

    (void)state;
    settings();
    broker.away = true;
    boot();
    broker_run(900000);
    assert_in_range(broker.attempts, 12, 40);
    for (unsigned i = 1; i < broker.attempts; i++) {
        const uint64_t gap = broker.tried_s[i] - broker.tried_s[i - 1];

        assert_in_range(gap, 3, MQTT_BACKOFF_MAX + 5); /* an attempt itself takes 3 s */
        longest = gap > longest ? gap : longest;
    }
    assert_true(longest > MQTT_BACKOFF_MAX / 2);
    broker.away = false;
    broker_run(70000);
    assert_true(rig.mqtt.connected);
}

static void a_broker_that_takes_the_plug_and_drops_it_is_not_hammered(void **state)
{
    const unsigned before = broker.attempts;

    (void)state;
    for (unsigned s = 0; s < 600; s++) { /* as two plugs of one name do to each other */
        broker_run(1000);
        broker_drop();
    }
    assert_in_range(broker.attempts - before, 8, 30);
}

static void an_attempt_that_never_ends_is_given_up(void **state)
{
    (void)state;
    settings();
    broker.mute = true;
    boot();
    broker_run(200000);
    assert_true(broker.attempts >= 3);
    broker.mute = false;
    broker_run(150000);
    assert_true(rig.mqtt.connected);
}

static void a_broker_that_restarts_has_the_plug_back_within_seconds(void **state)
{
    (void)state;
    broker_run(120000);
    broker_drop();
    assert_false(rig.mqtt.connected);
    broker_run(7000);
    assert_true(rig.mqtt.connected);
    assert_string_equal(broker_last(ID "/connected"), "online");
}

/* Long waits of an earlier time do not count. */
static void a_session_that_has_lasted_begins_anew_with_short_waits(void **state)
{
    (void)state;
    broker.away = true;
    broker_run(600000);
    broker.away = false;
    broker_run(65000);
    assert_true(rig.mqtt.connected);
    broker_run((MQTT_SETTLED_S + 1) * 1000);
    broker_drop();
    broker_run(7000);
    assert_true(rig.mqtt.connected);
}

static void new_settings_do_not_wait_for_what_the_old_ones_have_earned(void **state)
{
    (void)state;
    broker.away = true;
    broker_run(600000);
    broker.away = false;
    mqtt_restart(&rig);
    broker_run(4000);
    assert_true(rig.mqtt.connected);
    mqtt_restart(&rig);
    broker_drop();
    broker_run(10000);
    assert_true(rig.mqtt.connected);
}

static void new_settings_are_used_within_seconds(void **state)
{
    (void)state;
    assert_int_equal(cmd_run(&rig, "MqttClient lamp", CMD_CONSOLE, NULL), CMD_OK);
    assert_false(rig.mqtt.connected);
    broker_run(4000);
    assert_string_equal(broker_last("lamp/connected"), "online");
}

static void without_wifi_the_session_ends_and_comes_back_with_it(void **state)
{
    (void)state;
    host_router_restart(0, 60000);
    broker_run(20000);
    assert_false(rig.mqtt.connected);
    channel_set(&rig, 1, 1, false);
    broker_run(300000);
    assert_true(rig.mqtt.connected);
    assert_string_equal(broker_last(ID "/1/get"), "1");
}

static void a_new_address_means_a_new_session(void **state)
{
    const unsigned before = broker.attempts;

    (void)state;
    host_ap(0)->net = 7;
    broker_run(10000);
    assert_int_equal(broker.attempts, before + 1);
    assert_true(rig.mqtt.connected);
    assert_string_equal(broker_last(ID "/ip"), "192.168.7.50");
}

static void during_an_update_nothing_is_said_and_nothing_obeyed(void **state)
{
    (void)state;
    rig.ota.state = OTA_BODY;
    channel_set(&rig, 2, 1, false);
    mqtt_message(&rig, ID "/1/set", "1", 1);
    broker_run(60000);
    assert_int_equal(channel_get(&rig, 1), 0);
    assert_int_equal(broker_topics(), 0);
    assert_false(broker.connected);
    rig.ota.state = OTA_FAILED;
    broker_run(10000);
    assert_true(rig.mqtt.connected);
    assert_string_equal(broker_last(ID "/2/get"), "1");
}

static void handlers_hear_of_the_session(void **state)
{
    (void)state;
    rig_on(EVENT_MQTT_STATE, 0, "SetChannel 21 1");
    rig_on(EVENT_MQTT_STATE, 1, "SetChannel 22 1");
    broker_drop();
    assert_int_equal(channel_get(&rig, 21), 1);
    broker_run(10000);
    assert_int_equal(channel_get(&rig, 22), 1);
}

/* ---- set and get ------------------------------------------------------------------------ */

static void a_number_sets_and_toggle_toggles(void **state)
{
    (void)state;
    assert_true(broker_say(ID "/1/set", "1"));
    broker_run(100);
    assert_true(simplug_relay(1));
    assert_string_equal(broker_last(ID "/1/get"), "1");
    assert_int_equal(broker_qos(ID "/1/get"), 1);
    broker_say(ID "/1/set", "toggle");
    broker_run(100);
    assert_false(simplug_relay(1));
    assert_string_equal(broker_last(ID "/1/get"), "0");
    broker_say(ID "/1/set", " TOGGLE\r\n");
    broker_run(100);
    assert_true(simplug_relay(1));
}

static void the_group_is_obeyed_as_the_plug_itself(void **state)
{
    (void)state;
    broker_say(GROUP "/2/set", "1");
    broker_run(100);
    assert_true(simplug_relay(2));
    assert_string_equal(broker_last(ID "/2/get"), "1"); /* told under its own name */
    assert_false(broker_say(GROUP "/2/get", ""));
}

static void who_sets_what_is_so_already_is_told(void **state)
{
    (void)state;
    broker_say(ID "/1/set", "0");
    broker_run(100);
    assert_string_equal(broker_last(ID "/1/get"), "0");
}

static void what_is_no_channel_and_no_value_switches_nothing(void **state)
{
    static const char *const bad[][2] = {
        {"/64/set", "1"},          {"/-1/set", "1"},
        {"/+1/set", "1"},          {"/1x/set", "1"},
        {"/ 1/set", "1"},          {"//set", "1"},
        {"/4294967297/set", "1"},  {"/1/set", ""},
        {"/1/set", "on!"},         {"/1/set", "1 2"},
        {"/1/set", "99999999999"}, {"/1/set", "1111111111111111111111111"},
        {"/x/set", "1"},           {"/1/2/set", "1"},
        {"/1/get/set", "1"},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char topic[64];

        snprintf(topic, sizeof topic, ID "%s", bad[i][0]);
        mqtt_message(&rig, topic, bad[i][1], strlen(bad[i][1]));
    }
    mqtt_message(&rig, ID "/1/set", "1\0 2", 4);
    mqtt_channel_changed(&rig, CHANNELS);
    assert_true(rig.mqtt.channels == 0);
    for (unsigned ch = 0; ch < CHANNELS; ch++)
        assert_int_equal(channel_get(&rig, ch), 0);
}

static void an_empty_get_is_answered(void **state)
{
    (void)state;
    channel_set(&rig, 1, 1, false);
    broker_run(100);
    broker_forget();
    broker_say(ID "/1/get", "");
    broker_say(ID "/uptime/get", "");
    broker_say(ID "/33/get", ""); /* also what is not published by itself */
    broker_run(100);
    assert_string_equal(broker_last(ID "/1/get"), "1");
    assert_string_equal(broker_last(ID "/33/get"), "0");
    assert_non_null(broker_last(ID "/uptime"));
}

/* The broker gives each publication back, for it matches <client>/+/get. */
static void its_own_publications_come_back_and_do_nothing(void **state)
{
    (void)state;
    channel_set(&rig, 1, 1, false);
    broker_run(2000);
    assert_int_equal(broker_count(ID "/1/get"), 1);
    mqtt_message(&rig, ID "/1/get", "0", 1);
    broker_run(2000);
    assert_int_equal(broker_count(ID "/1/get"), 1);
    assert_true(simplug_relay(1));
}

static void a_private_channel_is_never_told(void **state)
{
    (void)state;
    rig.ch.is_private |= 1u << 1;
    broker_say(ID "/1/set", "1");
    broker_say(ID "/1/get", "");
    cmd_run(&rig, "publishChannel 1", CMD_CONSOLE, NULL);
    broker_run(1000);
    assert_true(simplug_relay(1));
    assert_null(broker_last(ID "/1/get"));
}

static void channels_are_retained_when_flags_say_so(void **state)
{
    static const struct {
        unsigned flag;
        int relay, other;
    } cases[] = {{39, 0, 0}, {7, 1, 1}, {21, 1, 0}};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        booted_with(cases[i].flag);
        config_set_flag(&rig.cfg, 39, true);
        channel_set(&rig, 1, 1, false);
        channel_set(&rig, 9, 1, false);
        broker_run(100);
        assert_int_equal(broker_retained(ID "/1/get"), cases[i].relay);
        assert_int_equal(broker_retained(ID "/9/get"), cases[i].other);
    }
}

/* ---- bursts: nothing lost, nothing grows -------------------------------------------------- */

/* A broker that stalls, drops the plug, takes three packets a turn. */
static void ten_thousand_toggles_are_all_obeyed_and_the_last_value_is_told(void **state)
{
    uint32_t seed = seeded(0x10c0ffee);
    unsigned heard = 0;

    (void)state;
    while (heard < 10000) {
        for (unsigned burst = noise(&seed) % 40; burst-- && heard < 10000;)
            heard += broker_say(noise(&seed) % 3 ? ID "/1/set" : GROUP "/1/set", "toggle");
        broker.room = noise(&seed) % 4;
        broker_run(5 + noise(&seed) % 100);
        if (noise(&seed) % 500 == 0) {
            broker_turn(); /* what was taken is delivered */
            broker_drop();
            broker.room = 10;
            broker_run(6000);
        }
        assert_true(rig.mqtt.queued <= MQTT_QUEUE);
    }
    broker.room = 10;
    broker_run(20000);
    assert_int_equal(channel_get(&rig, COUNTER), 10000);
    assert_int_equal(channel_get(&rig, 1), 0);
    assert_string_equal(broker_last(ID "/1/get"), "0");
    assert_false(simplug_relay(1));
}

/* #1899, #376: it once ran out of memory and stayed silent. */
static void a_broker_that_takes_nothing_for_an_hour_gets_the_last_values_then(void **state)
{
    char number[12];

    (void)state;
    broker.room = 0;
    broker_run(10);
    for (int i = 0; i < 3600; i++) {
        channel_set(&rig, 1, i % 2, false);
        channel_set(&rig, 2, 1 - i % 2, false);
        snprintf(number, sizeof number, "%d", i);
        mqtt_publish(&rig, "note", number, false, false);
        broker_run(1000);
    }
    assert_int_equal(broker_topics(), 0);
    assert_int_equal(rig.mqtt.queued, MQTT_QUEUE);
    broker.room = 5;
    broker_run(1000);
    assert_string_equal(broker_last(ID "/1/get"), "1");
    assert_string_equal(broker_last(ID "/2/get"), "0");
    assert_int_equal(broker_count(ID "/1/get"), 1);
    assert_string_equal(broker_last(ID "/note/get"), "3599"); /* the newest stay */
    assert_int_equal(broker_count(ID "/note/get"), MQTT_QUEUE);
}

static void what_changes_while_nobody_listens_is_told_to_who_comes(void **state)
{
    (void)state;
    broker.away = true;
    broker_run(1000);
    channel_set(&rig, 1, 1, false);
    channel_set(&rig, 2, 1, false);
    channel_set(&rig, 2, 0, false);
    broker_run(30000);
    broker.away = false;
    broker_run(70000);
    assert_string_equal(broker_last(ID "/1/get"), "1");
    assert_string_equal(broker_last(ID "/2/get"), "0");
}

/* All state is in struct plug: what can grow is counted here, second by second. */
static void over_a_week_of_commands_and_dropped_sessions_nothing_grows(void **state)
{
    const struct mqtt *m = &rig.mqtt;
    uint32_t seed = seeded(0x0feed5ed);

    (void)state;
    config_set_flag(&rig.cfg, 2, true);
    config_set_flag(&rig.cfg, 30, true);
    config_set_flag(&rig.cfg, 27, true);
    for (unsigned s = 0; s < 7 * 86400; s++) {
        broker.room = s % 600 < 60 ? 0 : 8;
        mqtt_second(&rig);
        for (unsigned i = 0; i < 4; i++) {
            broker_turn();
            mqtt_quick(&rig);
        }
        if (s % 5 == 0)
            broker_say(ID "/1/set", "toggle");
        if (s % 17 == 0)
            broker_say("cmnd/" ID "/POWER2", "toggle");
        if (noise(&seed) % 7200 == 0)
            broker_drop();
        if (noise(&seed) % 20000 == 0)
            broker_say("homeassistant/status", "online");
        assert_true(m->queued <= MQTT_QUEUE && m->queue_first < MQTT_QUEUE);
        assert_true(m->discovery_at < 200 && !(m->quantities >> METER_QUANTITIES));
        assert_true(m->wait_s <= MQTT_BACKOFF_MAX);
    }
    broker.room = 8;
    broker_run(70000);
    assert_true(m->connected);
    assert_int_equal(m->queued, 0);
    assert_true(m->channels == 0 && m->quantities == 0 && m->self == 0 && m->status == 0);
    assert_false(m->discovery);
    assert_string_equal(broker_last(ID "/1/get"), channel_get(&rig, 1) ? "1" : "0");
    assert_string_equal(broker_last(ID "/2/get"), channel_get(&rig, 2) ? "1" : "0");
}

/* ---- Tasmota's names ------------------------------------------------------------------------ */

static void power_is_switched_and_told_in_json_and_in_words(void **state)
{
    (void)state;
    broker_say("cmnd/" ID "/POWER1", "ON");
    broker_run(200);
    assert_true(simplug_relay(1));
    assert_string_equal(broker_last("stat/" ID "/RESULT"),
                        "{\"POWER1\":\"ON\",\"POWER2\":\"OFF\"}");
    assert_string_equal(broker_last("stat/" ID "/POWER1"), "ON");
    assert_string_equal(broker_last("stat/" ID "/POWER2"), "OFF");
    assert_string_equal(broker_last(ID "/1/get"), "1");
    broker_say("cmnd/" GROUP "/power2", "toggle\n");
    broker_run(200);
    assert_true(simplug_relay(2));
    assert_string_equal(broker_last("stat/" ID "/POWER2"), "ON");
}

static void status_is_told_section_by_section_on_topics_of_their_own(void **state)
{
    static const unsigned all[] = {2, 4, 5, 6, 7, 10, 11};

    (void)state;
    broker.room = 1;
    broker_say("cmnd/" ID "/STATUS", "0");
    broker_run(2000);
    assert_memory_equal(broker_last("stat/" ID "/STATUS"), "{\"Status\":{", 11);
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++) {
        char topic[48];

        snprintf(topic, sizeof topic, "stat/" ID "/STATUS%u", all[i]);
        assert_int_equal(broker_count(topic), 1);
    }
    assert_memory_equal(broker_last("stat/" ID "/STATUS5"), "{\"StatusNET\":{", 14);
    broker_forget();
    broker_say("cmnd/" ID "/Status", "11");
    broker_say("cmnd/" ID "/STATUS2", "");
    broker_run(200);
    assert_int_equal(broker_topics(), 2);
    assert_non_null(strstr(broker_last("stat/" ID "/STATUS11"), "\"POWER1\":\"OFF\""));
    assert_non_null(strstr(broker_last("stat/" ID "/STATUS2"), "\"SDK\":\"obk\""));
}

static void any_command_runs_with_its_arguments(void **state)
{
    (void)state;
    broker_say("cmnd/" ID "/Backlog", "SetChannel 30 4; AddChannel 30 3");
    broker_say("cmnd/" ID "/SetChannel", "31 5");
    broker_run(200);
    assert_int_equal(channel_get(&rig, 30), 7);
    assert_int_equal(channel_get(&rig, 31), 5);
    assert_non_null(broker_last("stat/" ID "/RESULT"));
}

static void a_topic_that_is_more_than_a_name_is_no_command(void **state)
{
    static const char *const bad[] = {
        "cmnd/" ID "/SetChannel 1 1",
        "cmnd/" ID "/POWER;restart",
        "cmnd/" ID "/",
        "cmnd/" ID "/SetChannel\n1 1",
        "cmnd/" ID "/SetChannel/x",
        "cmnd/other/SetChannel",
        ("cmnd/" ID),
        "cmnd//SetChannel",
    };
    char big[2000];

    (void)state;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        mqtt_message(&rig, bad[i], "1 1", 3);
    memset(big, '1', sizeof big);
    mqtt_message(&rig, "cmnd/" ID "/SetChannel", big, sizeof big);
    mqtt_message(&rig, "cmnd/" ID "/SetChannel", "1\0 1", 4);
    broker_run(200);
    assert_int_equal(channel_get(&rig, 1), 0);
    assert_int_equal(rig.reboot_in_s, 0);
    assert_int_equal(broker_topics(), 0);
}

static void a_command_that_ends_the_session_still_gets_its_answer(void **state)
{
    (void)state;
    broker_say("cmnd/" ID "/MqttGroup", "all");
    broker_run(10000);
    assert_true(rig.mqtt.connected);
    assert_non_null(strstr(broker.all, "all/+/set\n"));
    assert_non_null(broker_last("stat/" ID "/RESULT"));
}

static void with_flag_30_state_and_readings_are_told_in_their_periods(void **state)
{
    (void)state;
    booted_with(30);
    assert_true(meter_start(&rig, "TESTPOWER", NULL));
    assert_int_equal(cmd_run(&rig, "TasTeleInterval 10 60", CMD_CONSOLE, NULL), CMD_OK);
    broker_run(1000);
    broker_forget();
    broker_run(600000);
    assert_in_range(broker_count("tele/" ID "/SENSOR"), 59, 61);
    assert_in_range(broker_count("tele/" ID "/STATE"), 9, 11);
    assert_non_null(strstr(broker_last("tele/" ID "/SENSOR"), "\"ENERGY\""));
    assert_non_null(strstr(broker_last("tele/" ID "/STATE"), "\"Wifi\""));
}

/* ---- all of the plug -------------------------------------------------------------------------- */

static void assert_all_is_told(void)
{
    assert_string_equal(broker_last(ID "/1/get"), "1");
    assert_string_equal(broker_last(ID "/2/get"), "0");
    assert_string_equal(broker_last(ID "/host"), ID);
    assert_string_equal(broker_last(ID "/mac"), "AA:BB:CC:DD:EE:FF");
    assert_string_equal(broker_last(ID "/ssid"), "home");
    assert_string_equal(broker_last(ID "/rssi"), "-50");
    assert_string_equal(broker_last(ID "/ip"), "192.168.1.50");
    assert_string_equal(broker_last(ID "/build"), rig.build);
    assert_non_null(broker_last(ID "/uptime"));
    assert_null(broker_last(ID "/datetime")); /* nobody has told it */
}

static void with_flag_10_all_of_it_is_told_at_connect(void **state)
{
    (void)state;
    settings();
    config_set_flag(&rig.cfg, 10, true);
    config_set_start(&rig.cfg, 1, 1);
    boot();
    broker_run(20000);
    assert_all_is_told();
}

/* #507, #317, #688, #333, #1883 */
static void home_assistant_that_comes_back_is_told_all_of_it(void **state)
{
    (void)state;
    channel_set(&rig, 1, 1, false);
    broker_run(100);
    broker_forget();
    broker_say("homeassistant/status", "offline");
    broker_run(1000);
    assert_int_equal(broker_topics(), 0);
    broker_say("homeassistant/status", "online");
    broker_run(1000);
    assert_all_is_told();
    assert_null(broker_last(RELAY_1)); /* it keeps what is retained */
    assert_true(meter_start(&rig, "TESTPOWER", NULL));
    broker_run(10000);
    broker_forget();
    config_set_flag(&rig.cfg, 27, true);
    broker_say("homeassistant/status", "online");
    broker_run(1000);
    assert_non_null(broker_last(RELAY_1));
    assert_non_null(broker_last(ID "/voltage/get"));
}

static void with_flag_2_all_of_it_is_told_each_minute_or_as_often_as_asked(void **state)
{
    (void)state;
    booted_with(2);
    broker_run(61000);
    broker_forget();
    broker_run(600000);
    assert_int_equal(broker_count(ID "/uptime"), 10);
    assert_int_equal(broker_count(ID "/1/get"), 10);
    cmd_run(&rig, "mqtt_broadcastInterval 10", CMD_CONSOLE, NULL);
    broker_run(11000);
    broker_forget();
    broker_run(100000);
    assert_int_equal(broker_count(ID "/uptime"), 10);
}

static void readings_are_told_under_their_names(void **state)
{
    const struct meter_test t = {.volt = 230, .ampere = 0.5, .watt = 100, .hertz = 50};

    (void)state;
    assert_true(meter_start(&rig, "TESTPOWER", NULL));
    meter_set_test(&rig, &t);
    broker_run(20000);
    assert_string_equal(broker_last(ID "/voltage/get"), "230.0");
    assert_string_equal(broker_last(ID "/power/get"), "100.00");
    assert_int_equal(broker_qos(ID "/power/get"), 0);
    broker_forget();
    broker_say(ID "/current/get", "");
    broker_run(100);
    assert_string_equal(broker_last(ID "/current/get"), "0.500");
}

static void consumption_stats_are_told_when_they_are_due(void **state)
{
    (void)state;
    assert_true(meter_start(&rig, "TESTPOWER", NULL));
    assert_int_equal(cmd_run(&rig, "SetupEnergyStats 1 10 180 1", CMD_CONSOLE, NULL), CMD_OK);
    broker_run(25000);
    assert_in_range(broker_count(ID "/consumption_stats/get"), 1, 3);
    assert_in_range(strlen(broker_last(ID "/consumption_stats/get")), 100, 1500);
}

/* ---- publish -------------------------------------------------------------------------------------- */

static void publish_says_it_below_the_client_and_raw_as_it_stands(void **state)
{
    (void)state;
    assert_int_equal(cmd_run(&rig, "publish hello \"a b\"", CMD_CONSOLE, NULL), CMD_OK);
    assert_int_equal(cmd_run(&rig, "publishInt n 5", CMD_CONSOLE, NULL), CMD_OK);
    assert_int_equal(cmd_run(&rig, "publishFloat f 1.25", CMD_CONSOLE, NULL), CMD_OK);
    assert_int_equal(cmd_run(&rig, "publish out/side x 1", CMD_CONSOLE, NULL), CMD_OK);
    broker_run(100);
    assert_string_equal(broker_last(ID "/hello/get"), "a b");
    assert_string_equal(broker_last(ID "/n/get"), "5");
    assert_string_equal(broker_last(ID "/f/get"), "1.25");
    assert_string_equal(broker_last("out/side"), "x");
    assert_int_equal(rig.mqtt.published, broker.packets);
    config_set_flag(&rig.cfg, 50, true);
    cmd_run(&rig, "publish hello y", CMD_CONSOLE, NULL);
    broker_run(100);
    assert_string_equal(broker_last(ID "/hello"), "y");
}

static void publish_refuses_what_a_broker_would_hang_up_on(void **state)
{
    char big[200];

    (void)state;
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    assert_false(mqtt_publish(&rig, "a/+", "1", false, true));
    assert_false(mqtt_publish(&rig, "#", "1", false, true));
    assert_false(mqtt_publish(&rig, "", "1", false, true));
    assert_false(mqtt_publish(&rig, big, "1", false, true));
    broker.room = 0;
    broker_run(10);
    assert_false(mqtt_publish(&rig, "t", big, false, true)); /* too long to wait */
    broker_run(1000);
    assert_int_equal(broker_topics(), 0);
}

/* ---- discovery ---------------------------------------------------------------------------------------- */

static void with_flag_27_entities_are_announced_retained_and_then_their_values(void **state)
{
    (void)state;
    booted_with(27);
    assert_int_equal(rig.mqtt.published, broker.packets);
    assert_non_null(broker_last(RELAY_1));
    assert_non_null(broker_last("homeassistant/switch/OpenECR6600_CCDDEEFF_relay_2/config"));
    assert_int_equal(broker_retained("homeassistant/switch/OpenECR6600_CCDDEEFF_relay_2/config"),
                     1);
    assert_string_equal(broker_last(ID "/1/get"), "0");
    broker_forget();
    host_ap(0)->net = 9; /* another address is another link to the page */
    broker_run(15000);
    assert_non_null(strstr(broker_last(RELAY_1), "http://192.168.9.50/index"));
}

static void scheduled_discovery_arrives_also_when_the_broker_stalls(void **state)
{
    (void)state;
    config_set_flag(&rig.cfg, 10, true);
    assert_int_equal(cmd_run(&rig, "scheduleHADiscovery 1", CMD_CONSOLE, NULL), CMD_OK);
    broker.room = 0;
    broker_run(5000);
    broker_drop();
    broker.room = 1;
    broker_run(20000);
    assert_non_null(broker_last(RELAY_1));
    assert_non_null(broker_last("homeassistant/sensor/OpenECR6600_CCDDEEFF_ip/config"));
}

#define TEST(t) cmocka_unit_test_setup(t, connected)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_says_online_first_and_subscribes_to_what_it_obeys),
        TEST(without_a_host_nobody_is_called),
        TEST(a_plug_whose_client_name_is_empty_uses_its_short_name),
        TEST(attempts_become_rare_and_never_stop),
        TEST(a_broker_that_takes_the_plug_and_drops_it_is_not_hammered),
        TEST(an_attempt_that_never_ends_is_given_up),
        TEST(a_broker_that_restarts_has_the_plug_back_within_seconds),
        TEST(a_session_that_has_lasted_begins_anew_with_short_waits),
        TEST(new_settings_do_not_wait_for_what_the_old_ones_have_earned),
        TEST(new_settings_are_used_within_seconds),
        TEST(without_wifi_the_session_ends_and_comes_back_with_it),
        TEST(a_new_address_means_a_new_session),
        TEST(during_an_update_nothing_is_said_and_nothing_obeyed),
        TEST(handlers_hear_of_the_session),
        TEST(a_number_sets_and_toggle_toggles),
        TEST(the_group_is_obeyed_as_the_plug_itself),
        TEST(who_sets_what_is_so_already_is_told),
        TEST(what_is_no_channel_and_no_value_switches_nothing),
        TEST(an_empty_get_is_answered),
        TEST(its_own_publications_come_back_and_do_nothing),
        TEST(a_private_channel_is_never_told),
        TEST(channels_are_retained_when_flags_say_so),
        TEST(ten_thousand_toggles_are_all_obeyed_and_the_last_value_is_told),
        TEST(a_broker_that_takes_nothing_for_an_hour_gets_the_last_values_then),
        TEST(what_changes_while_nobody_listens_is_told_to_who_comes),
        TEST(over_a_week_of_commands_and_dropped_sessions_nothing_grows),
        TEST(power_is_switched_and_told_in_json_and_in_words),
        TEST(status_is_told_section_by_section_on_topics_of_their_own),
        TEST(any_command_runs_with_its_arguments),
        TEST(a_topic_that_is_more_than_a_name_is_no_command),
        TEST(a_command_that_ends_the_session_still_gets_its_answer),
        TEST(with_flag_30_state_and_readings_are_told_in_their_periods),
        TEST(with_flag_10_all_of_it_is_told_at_connect),
        TEST(home_assistant_that_comes_back_is_told_all_of_it),
        TEST(with_flag_2_all_of_it_is_told_each_minute_or_as_often_as_asked),
        TEST(readings_are_told_under_their_names),
        TEST(consumption_stats_are_told_when_they_are_due),
        TEST(publish_says_it_below_the_client_and_raw_as_it_stands),
        TEST(publish_refuses_what_a_broker_would_hang_up_on),
        TEST(with_flag_27_entities_are_announced_retained_and_then_their_values),
        TEST(scheduled_discovery_arrives_also_when_the_broker_stalls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
