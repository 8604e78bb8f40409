/* Discovery: the messages of the reference byte for byte, and who is announced when. */
#include "support/rig.h"

#include "core/hass.h"
#include "core/json.h"
#include "core/role.h"

#define DEV(maker, chip, id, name)                                                                 \
    "{\"dev\":{\"ids\":[\"" id "\"],\"name\":\"" name "\",\"sw\":\"" PLUG_VERSION                  \
    "\",\"mf\":\"" maker "\",\"mdl\":\"" chip "\",\"cu\":\"http://192.168.1.50/index\"}"
#define ECR DEV("ESWIN", "ECR6600", "OpenECR6600_CCDDEEFF", "ecr6600CCDDEEFF")

static char topic[192], payload[MQTT_PAYLOAD];

static int plug(void **state)
{
    uint8_t mac[6];

    (void)state;
    host_reset();
    memset(&rig, 0, sizeof rig);
    rig.chip = hal_chip();
    hal_mac(mac);
    config_defaults(&rig.cfg, rig.chip, mac);
    config_set_flags(&rig.cfg, 0);
    config_set_pin(&rig.cfg, 25, ROLE_REL, 1, 0);
    memcpy(rig.wifi.ip, (const uint8_t[]){192, 168, 1, 50}, 4);
    strcpy(rig.mqtt.prefix, "homeassistant");
    meter_init(&rig);
    return 0;
}

static bool message(unsigned n)
{
    struct out t, o;

    out_init(&t, topic, sizeof topic);
    out_init(&o, payload, sizeof payload);
    if (!hass_message(&rig, n, &t, &o))
        return false;
    assert_false(t.over || o.over);
    assert_in_range(o.len, 1, 1511);
    return true;
}

/* The message of a topic. */
static bool announced(const char *which)
{
    for (unsigned n = 0; message(n); n++)
        if (!strcmp(topic, which))
            return true;
    return false;
}

static unsigned count(void)
{
    unsigned n = 0;

    while (message(n))
        n++;
    return n;
}

/* ---- the vectors of the reference, 6.4 ----------------------------------------------------- */

static void a_relay_is_a_switch_byte_for_byte(void **state)
{
    (void)state;
    assert_int_equal(count(), 1);
    assert_true(message(0));
    assert_string_equal(topic, "homeassistant/switch/OpenECR6600_CCDDEEFF_relay_1/config");
    assert_string_equal(payload,
                        ECR ",\"name\":\"1\",\"~\":\"ecr6600CCDDEEFF\",\"avty_t\":\"~/connected\","
                            "\"pl_on\":\"1\",\"pl_off\":\"0\","
                            "\"uniq_id\":\"OpenECR6600_CCDDEEFF_relay_1\",\"qos\":1,"
                            "\"stat_t\":\"~/1/get\",\"cmd_t\":\"~/1/set\"}");
    assert_int_equal(strlen(payload), 307 - 5 + strlen(PLUG_VERSION));
}

static void power_and_total_are_sensors_byte_for_byte(void **state)
{
    (void)state;
    rig.meter.driver = METER_TEST;
    assert_true(announced("homeassistant/sensor/OpenECR6600_CCDDEEFF_sensor_2/config"));
    assert_string_equal(payload, ECR
                        ",\"name\":\"Power\",\"~\":\"ecr6600CCDDEEFF\",\"avty_t\":\"~/connected\","
                        "\"uniq_id\":\"OpenECR6600_CCDDEEFF_sensor_2\",\"qos\":1,\"dev_cla\":"
                        "\"power\",\"stat_t\":\"~/power/get\",\"stat_cla\":\"measurement\","
                        "\"unit_of_meas\":\"W\"}");
    assert_int_equal(strlen(payload), 335 - 5 + strlen(PLUG_VERSION));
    assert_true(announced("homeassistant/sensor/OpenECR6600_CCDDEEFF_sensor_3/config"));
    assert_string_equal(
        payload,
        ECR ",\"name\":\"Energy Total\",\"~\":\"ecr6600CCDDEEFF\",\"avty_t\":\"~/connected\","
            "\"uniq_id\":\"OpenECR6600_CCDDEEFF_sensor_3\",\"qos\":1,\"dev_cla\":\"energy\","
            "\"stat_t\":\"~/energycounter/get\",\"stat_cla\":\"total_increasing\","
            "\"unit_of_meas\":\"Wh\"}");
    assert_int_equal(strlen(payload), 357 - 5 + strlen(PLUG_VERSION));
}

static void every_chip_gives_its_own_name_and_maker(void **state)
{
    static const struct {
        enum hal_family family;
        const char *dev;
    } chips[] = {
        {HAL_BL602, DEV("BLAITEK", "BL602", "OpenBL602_CCDDEEFF", "oblCCDDEEFF")},
        {HAL_BK7231N, DEV("Beken Corporation", "BK7231N", "OpenBK7231N_CCDDEEFF", "obkCCDDEEFF")},
        {HAL_BK7231T, DEV("Beken Corporation", "BK7231T", "OpenBK7231T_CCDDEEFF", "obkCCDDEEFF")},
    };
    uint8_t mac[6];

    (void)state;
    hal_mac(mac);
    for (unsigned i = 0; i < 3; i++) {
        host_chip(chips[i].family);
        rig.chip = hal_chip();
        config_defaults(&rig.cfg, rig.chip, mac);
        config_set_pin(&rig.cfg, 25, ROLE_REL, 1, 0);
        assert_true(message(0));
        assert_memory_equal(payload, chips[i].dev, strlen(chips[i].dev));
    }
}

/* ---- who, and when --------------------------------------------------------------------------- */

static void flag_34_makes_lights_of_relays(void **state)
{
    (void)state;
    config_set_flag(&rig.cfg, 34, true);
    assert_true(announced("homeassistant/light/OpenECR6600_CCDDEEFF_light_1/config"));
    assert_non_null(strstr(payload, "\"uniq_id\":\"OpenECR6600_CCDDEEFF_light_1\""));
    assert_int_equal(count(), 1);
}

static void flag_35_leaves_availability_out_of_every_message(void **state)
{
    (void)state;
    config_set_flag(&rig.cfg, 10, true);
    rig.meter.driver = METER_TEST;
    for (unsigned n = 0; message(n); n++)
        assert_non_null(strstr(payload, "\"avty_t\":\"~/connected\""));
    config_set_flag(&rig.cfg, 35, true);
    for (unsigned n = 0; message(n); n++)
        assert_null(strstr(payload, "avty_t"));
}

static void flag_40_tells_energy_in_kwh(void **state)
{
    (void)state;
    rig.meter.driver = METER_TEST;
    config_set_flag(&rig.cfg, 40, true);
    assert_true(announced("homeassistant/sensor/OpenECR6600_CCDDEEFF_sensor_3/config"));
    assert_non_null(strstr(payload, "\"unit_of_meas\":\"kWh\""));
    assert_true(announced("homeassistant/sensor/OpenECR6600_CCDDEEFF_sensor_2/config"));
    assert_non_null(strstr(payload, "\"unit_of_meas\":\"W\""));
}

static void a_label_is_the_name_and_json_whatever_it_holds(void **state)
{
    (void)state;
    text_copy(rig.ch.label[1], CHANNEL_LABEL, "Lamp \"left\"\\ \xff");
    assert_true(message(0));
    assert_int_equal(json_parse(payload, strlen(payload)).kind, JSON_OBJECT);
    assert_non_null(strstr(payload, "\"name\":\"Lamp \\\"left\\\"\\\\ "));
}

static void a_name_with_blanks_or_worse_still_makes_an_identifier(void **state)
{
    (void)state;
    config_set_text(&rig.cfg, CFG_LONG_NAME, "Living room/+# \xc3\xa4");
    assert_true(message(0));
    assert_string_equal(topic, "homeassistant/switch/Living_room_______relay_1/config");
    assert_non_null(strstr(payload, "\"uniq_id\":\"Living_room_______relay_1\""));
    assert_non_null(strstr(payload, "\"ids\":[\"Living room/+# \xc3\xa4\"]"));
}

static void an_inverted_toggle_swaps_its_payloads(void **state)
{
    (void)state;
    config_set_channel_type(&rig.cfg, 1, CHANNEL_TOGGLE_INV);
    assert_true(message(0));
    assert_non_null(strstr(payload, "\"pl_on\":\"0\",\"pl_off\":\"1\""));
}

/* A set of 32 bits announced some twice and others not at all. */
static void every_one_of_64_channels_is_announced_once(void **state)
{
    char which[80];

    (void)state;
    for (unsigned ch = 0; ch < CHANNELS; ch++)
        config_set_channel_type(&rig.cfg, ch, CHANNEL_TOGGLE);
    config_set_pin(&rig.cfg, 24, ROLE_REL_N, 33, 0); /* also of pins, some of two */
    config_set_pin(&rig.cfg, 23, ROLE_REL, 33, 0);
    config_set_pin(&rig.cfg, 22, ROLE_DINPUT, 1, 0);
    assert_int_equal(count(), CHANNELS);
    for (unsigned ch = 0; ch < CHANNELS; ch++) {
        snprintf(which, sizeof which, "homeassistant/switch/OpenECR6600_CCDDEEFF_relay_%u/config",
                 ch);
        assert_true(announced(which));
    }
}

static void a_digital_input_is_a_binary_sensor_without_command(void **state)
{
    (void)state;
    config_set_pin(&rig.cfg, 24, ROLE_DINPUT_N, 5, 0);
    config_set_pin(&rig.cfg, 23, ROLE_TOGGLE, 6, 0); /* a rocker is none */
    assert_int_equal(count(), 2);
    assert_true(
        announced("homeassistant/binary_sensor/OpenECR6600_CCDDEEFF_binary_sensor_5/config"));
    assert_non_null(strstr(payload, "\"pl_on\":\"1\""));
    assert_non_null(strstr(payload, "\"stat_t\":\"~/5/get\"}"));
    assert_null(strstr(payload, "cmd_t"));
}

static void a_private_channel_is_not_announced(void **state)
{
    (void)state;
    rig.ch.is_private = 1u << 1;
    assert_int_equal(count(), 0);
}

static void frequency_needs_a_reading_and_is_announced_once(void **state)
{
    static const char which[] = "homeassistant/sensor/OpenECR6600_CCDDEEFF_sensor_138/config";
    unsigned times = 0;

    (void)state;
    rig.meter.driver = METER_TEST;
    assert_false(announced(which));
    rig.meter.valid[METER_FREQUENCY] = true;
    for (unsigned n = 0; message(n); n++)
        times += !strcmp(topic, which);
    assert_int_equal(times, 1);
}

static void energy_of_days_needs_ntp_and_of_the_hour_its_statistics(void **state)
{
    unsigned without;

    (void)state;
    rig.meter.driver = METER_TEST;
    without = count();
    assert_int_equal(without, 1 + 7); /* relay; V A W VA var factor total */
    rig.clock.ntp = true;
    assert_int_equal(count(), without + 4);
    rig.meter.valid[METER_CLEAR_DATE] = true;
    assert_true(announced("homeassistant/sensor/OpenECR6600_CCDDEEFF_sensor_8/config"));
    assert_null(strstr(payload, "stat_cla"));
    assert_null(strstr(payload, "unit_of_meas"));
    rig.meter.stats = true;
    assert_true(announced("homeassistant/sensor/OpenECR6600_CCDDEEFF_sensor_4/config"));
}

static void without_a_meter_no_reading_is_announced(void **state)
{
    (void)state;
    rig.clock.ntp = true;
    assert_int_equal(count(), 1);
}

static void with_flag_2_or_10_the_plug_itself_is_announced(void **state)
{
    (void)state;
    config_set_flag(&rig.cfg, 2, true);
    assert_int_equal(count(), 6);
    config_set_flag(&rig.cfg, 2, false);
    config_set_flag(&rig.cfg, 10, true);
    assert_int_equal(count(), 6);
    assert_true(announced("homeassistant/sensor/OpenECR6600_CCDDEEFF_rssi/config"));
    assert_non_null(strstr(payload, "\"uniq_id\":\"OpenECR6600_CCDDEEFF_rssi\",\"qos\":1,"
                                    "\"dev_cla\":\"signal_strength\",\"stat_t\":\"~/rssi\","
                                    "\"unit_of_meas\":\"dBm\","
                                    "\"entity_category\":\"diagnostic\"}"));
    assert_true(announced("homeassistant/sensor/OpenECR6600_CCDDEEFF_ip/config"));
    assert_non_null(strstr(payload, "\"icon\":\"mdi:ip-network\"}"));
}

static void every_message_is_json_and_every_identifier_is_one_of_a_kind(void **state)
{
    char seen[100][192];
    unsigned n = 0;

    (void)state;
    memset(rig.cfg.rec + 0x2fe, '"', 63); /* names as long and as bad as they get */
    memset(rig.cfg.rec + 0x2de, '\\', 31);
    for (unsigned i = 0; i < CHANNELS; i++) {
        config_set_channel_type(&rig.cfg, i, CHANNEL_TOGGLE);
        memset(rig.ch.label[i], '\n', CHANNEL_LABEL - 1);
    }
    config_set_flags(&rig.cfg, 1 << 10);
    rig.meter.driver = METER_TEST;
    rig.clock.ntp = rig.meter.stats = true;
    memset(rig.meter.valid, 1, sizeof rig.meter.valid);
    for (; message(n); n++) {
        assert_int_equal(json_parse(payload, strlen(payload)).kind, JSON_OBJECT);
        for (unsigned i = 0; i < n; i++)
            assert_string_not_equal(seen[i], topic);
        strcpy(seen[n], topic);
    }
    assert_int_equal(n, CHANNELS + METER_QUANTITIES + 5);
}

#define TEST(t) cmocka_unit_test_setup(t, plug)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_relay_is_a_switch_byte_for_byte),
        TEST(power_and_total_are_sensors_byte_for_byte),
        TEST(every_chip_gives_its_own_name_and_maker),
        TEST(flag_34_makes_lights_of_relays),
        TEST(flag_35_leaves_availability_out_of_every_message),
        TEST(flag_40_tells_energy_in_kwh),
        TEST(a_label_is_the_name_and_json_whatever_it_holds),
        TEST(a_name_with_blanks_or_worse_still_makes_an_identifier),
        TEST(an_inverted_toggle_swaps_its_payloads),
        TEST(every_one_of_64_channels_is_announced_once),
        TEST(a_digital_input_is_a_binary_sensor_without_command),
        TEST(a_private_channel_is_not_announced),
        TEST(frequency_needs_a_reading_and_is_announced_once),
        TEST(energy_of_days_needs_ntp_and_of_the_hour_its_statistics),
        TEST(without_a_meter_no_reading_is_announced),
        TEST(with_flag_2_or_10_the_plug_itself_is_announced),
        TEST(every_message_is_json_and_every_identifier_is_one_of_a_kind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
