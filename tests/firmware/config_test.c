/* The configuration record: what a plug knows about itself, and what other firmware and
 * tools read of it. Vectors are those of reference 7.2 and 7.3. */
#include "firmware/support/check.h"

#include <math.h>

#include "core/config.h"
#include "core/store.h"
#include "hal/host/host.h"

static struct config cfg;
static uint8_t mac[6];

static int fresh(void **state)
{
    (void)state;
    host_reset();
    hal_mac(mac);
    memset(&cfg, 0xa5, sizeof cfg);
    cfg.dirty = false;
    config_defaults(&cfg, hal_chip(), mac);
    return 0;
}

static void seal(int32_t version, bool signed_char)
{
    const size_t size = version <= 3 ? 2016 : CONFIG_SIZE;

    cfg.rec[4] = (uint8_t)version;
    cfg.rec[3] = config_crc8(cfg.rec + 4, size - 4, signed_char);
}

/* ---- checksums --------------------------------------------------------------- */

static void crc8_is_that_of_both_kinds_of_char(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        uint8_t plain, sign;
    } v[] = {
        {"", 0, 0x00, 0x00},
        {"\x01", 1, 0x5e, 0x30},
        {"\x7f", 1, 0xb9, 0x63},
        {"\x80", 1, 0x8c, 0x8c},
        {"\xff", 1, 0x35, 0xef},
        {"123456789", 9, 0xa1, 0x63},
        {"OpenBeken", 9, 0x94, 0xae},
        {"\x80\x00", 2, 0x2f, 0x18},
        {"\xff\xff\xff\xff", 4, 0x8d, 0xaf},
        {"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f", 16, 0x3c, 0x62},
    };
    uint8_t all[256];

    (void)state;
    for (unsigned i = 0; i < sizeof v / sizeof *v; i++) {
        const uint8_t *bytes = (const uint8_t *)v[i].bytes;

        assert_int_equal(config_crc8(bytes, v[i].len, false), v[i].plain);
        assert_int_equal(config_crc8(bytes, v[i].len, true), v[i].sign);
    }
    for (unsigned i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    assert_int_equal(config_crc8(all, 256, false), 0x18);
    assert_int_equal(config_crc8(all, 256, true), 0xdb);
}

static void defaults_of_each_chip_have_the_known_checksums(void **state)
{
    static const struct {
        enum hal_family family;
        const char *long_name, *short_name, *group;
        uint8_t plain, sign, own;
    } v[] = {
        {HAL_BK7231T, "OpenBK7231T_CCDDEEFF", "obkCCDDEEFF", "bekens_t", 0xf0, 0x3e, 0x3e},
        {HAL_BK7231N, "OpenBK7231N_CCDDEEFF", "obkCCDDEEFF", "bekens_n", 0xbd, 0x6c, 0x6c},
        {HAL_BL602, "OpenBL602_CCDDEEFF", "oblCCDDEEFF", "bl602s", 0x62, 0x06, 0x62},
        {HAL_ECR6600, "OpenECR6600_CCDDEEFF", "ecr6600CCDDEEFF", "ecr6600s", 0x17, 0x64, 0x64},
    };

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        host_chip(v[i].family);
        config_defaults(&cfg, hal_chip(), mac);
        assert_string_equal(config_text(&cfg, CFG_LONG_NAME), v[i].long_name);
        assert_string_equal(config_text(&cfg, CFG_SHORT_NAME), v[i].short_name);
        assert_string_equal(config_text(&cfg, CFG_MQTT_CLIENT), v[i].short_name);
        assert_string_equal(config_text(&cfg, CFG_MQTT_GROUP), v[i].group);
        assert_int_equal(config_crc8(cfg.rec + 4, CONFIG_SIZE - 4, false), v[i].plain);
        assert_int_equal(config_crc8(cfg.rec + 4, CONFIG_SIZE - 4, true), v[i].sign);
        assert_int_equal(cfg.rec[3], v[i].own);
    }
}

static void a_default_of_version_3_has_the_known_checksums(void **state)
{
    (void)state;
    host_chip(HAL_BK7231T);
    config_defaults(&cfg, hal_chip(), mac);
    seal(3, true);
    assert_int_equal(config_crc8(cfg.rec + 4, 2012, false), 0x1e);
    assert_int_equal(config_crc8(cfg.rec + 4, 2012, true), 0x88);
}

/* An ECR6600 plug as its owner set it up: template 1 of reference 9. */
static void set_up(void)
{
    assert_true(config_set_text(&cfg, CFG_SSID, "MyWiFi"));
    assert_true(config_set_text(&cfg, CFG_PASSWORD, "secret123"));
    assert_true(config_set_text(&cfg, CFG_MQTT_HOST, "192.168.1.10"));
    config_set_pin(&cfg, 14, 18, 0, 0);
    config_set_pin(&cfg, 15, 17, 0, 0);
    config_set_pin(&cfg, 20, 19, 0, 0);
    config_set_pin(&cfg, 22, 8, 0, 0);
    config_set_pin(&cfg, 24, 3, 1, 0);
    config_set_pin(&cfg, 25, 1, 1, 0);
    config_set_start(&cfg, 1, -1);
}

static void a_plug_that_was_set_up_has_the_known_checksum(void **state)
{
    struct store st;

    (void)state;
    set_up();
    assert_true(store_open(&st, hal_chip()->store.addr, hal_chip()->store.len));
    assert_true(config_save(&cfg, &st, hal_chip()));
    assert_int_equal(config_number(&cfg, CFG_CHANGES), 1);
    assert_int_equal(cfg.rec[3], 0xe3);
    assert_int_equal(config_crc8(cfg.rec + 4, CONFIG_SIZE - 4, false), 0xe4);
    assert_memory_equal(cfg.rec + 0x34c, "\x12\x11\0\0\0\0\x13\0\x08\0\x03\x01", 12);
    assert_memory_equal(cfg.rec + 0x376, "\x01\x01", 2);
    assert_memory_equal(cfg.rec + 0x3de, "\x00\x00\xff\xff", 4);
}

/* ---- fields ------------------------------------------------------------------ */

static void fields_lie_where_other_tools_look_for_them(void **state)
{
    static const uint16_t texts[CFG_TEXTS] = {
        [CFG_SSID] = 0x014,        [CFG_PASSWORD] = 0x054,      [CFG_SSID2] = 0xc00,
        [CFG_PASSWORD2] = 0xc40,   [CFG_MQTT_HOST] = 0x094,     [CFG_MQTT_CLIENT] = 0x194,
        [CFG_MQTT_USER] = 0x1d4,   [CFG_MQTT_PASSWORD] = 0x214, [CFG_MQTT_GROUP] = 0x554,
        [CFG_WEBAPP] = 0x298,      [CFG_SHORT_NAME] = 0x2de,    [CFG_LONG_NAME] = 0x2fe,
        [CFG_NTP_SERVER] = 0x478,  [CFG_PING_HOST] = 0x5a0,     [CFG_STARTUP] = 0x5e0,
        [CFG_WEB_PASSWORD] = 0xc84};

    (void)state;
    for (unsigned i = 0; i < CFG_TEXTS; i++) {
        assert_true(config_set_text(&cfg, i, "here"));
        assert_memory_equal(cfg.rec + texts[i], "here", 5);
    }
    config_set_number(&cfg, CFG_MQTT_PORT, 0x12345678);
    assert_memory_equal(cfg.rec + 0x294, "\x78\x56\x34\x12", 4);
    config_set_number(&cfg, CFG_BOOT_SECONDS, 30);
    assert_int_equal(cfg.rec[0x597], 30);
    config_set_number(&cfg, CFG_OTAS, 0x0201);
    assert_memory_equal(cfg.rec + 0x012, "\x01\x02", 2);
    config_set_static_ip(&cfg, (uint8_t[]){1, 2, 3, 4}, (uint8_t[]){5, 6, 7, 8},
                         (uint8_t[]){9, 10, 11, 12}, (uint8_t[]){13, 14, 15, 16});
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(cfg.rec[0x527 + i], i + 1);
    config_set_calibration(&cfg, 1, 1.5f);
    assert_memory_equal(cfg.rec + 0x49c, "\x00\x00\xc0\x3f", 4);
    config_set_flag(&cfg, 51, true);
    assert_memory_equal(cfg.rec + 8, "\x00\x04\x00\x00\x00\x00\x08\x00", 8);
    config_set_channel_type(&cfg, 63, 7);
    assert_int_equal(cfg.rec[0x3dd], 7);
    config_set_pin(&cfg, 31, 99, 5, 6);
    assert_int_equal(cfg.rec[0x35d], 99);
    assert_int_equal(cfg.rec[0x37d], 5);
    assert_int_equal(cfg.rec[0x39d], 6);
}

static void a_text_too_long_changes_nothing(void **state)
{
    char text[1600];

    (void)state;
    memset(text, 'x', sizeof text);
    text[64] = '\0';
    cfg.dirty = false;
    assert_false(config_set_text(&cfg, CFG_SSID, text));
    assert_string_equal(config_text(&cfg, CFG_SSID), "");
    assert_false(cfg.dirty);
    text[63] = '\0';
    assert_true(config_set_text(&cfg, CFG_SSID, text));
    assert_string_equal(config_text(&cfg, CFG_SSID), text);
    assert_true(cfg.dirty);
}

static void a_startup_command_of_511_characters_is_kept(void **state)
{
    char text[512];

    (void)state;
    memset(text, 'c', 511);
    text[511] = '\0';
    assert_true(config_set_text(&cfg, CFG_STARTUP, text));
    assert_string_equal(config_text(&cfg, CFG_STARTUP), text);
}

static void nothing_of_a_longer_password_stays_behind_a_shorter_one(void **state)
{
    (void)state;
    config_set_text(&cfg, CFG_PASSWORD, "averylongsecret");
    config_set_text(&cfg, CFG_PASSWORD, "short");
    for (unsigned i = 0x054 + 5; i < 0x094; i++)
        assert_int_equal(cfg.rec[i], 0);
}

static void numbers_that_do_not_fit_become_the_nearest(void **state)
{
    (void)state;
    config_set_number(&cfg, CFG_BOOT_SECONDS, 300);
    assert_int_equal(config_number(&cfg, CFG_BOOT_SECONDS), 255);
    config_set_number(&cfg, CFG_BOOT_SECONDS, -1);
    assert_int_equal(config_number(&cfg, CFG_BOOT_SECONDS), 0);
    config_set_number(&cfg, CFG_OTAS, 70000);
    assert_int_equal(config_number(&cfg, CFG_OTAS), 65535);
    config_set_number(&cfg, CFG_PING_INTERVAL, -5);
    assert_int_equal(config_number(&cfg, CFG_PING_INTERVAL), -5);
}

static void what_is_no_pin_channel_or_flag_is_left_alone(void **state)
{
    struct config before = cfg;

    (void)state;
    config_set_pin(&cfg, PINS, 1, 2, 3);
    config_set_start(&cfg, CHANNELS, 7);
    config_set_channel_type(&cfg, CHANNELS, 7);
    config_set_flag(&cfg, 64, true);
    config_set_calibration(&cfg, 8, 1);
    config_set_calibration(&cfg, 0, NAN);
    config_set_calibration(&cfg, 0, INFINITY);
    assert_memory_equal(&before, &cfg, sizeof cfg);
    assert_int_equal(config_role(&cfg, PINS), 0);
    assert_int_equal(config_channel(&cfg, PINS, 0), 0);
    assert_int_equal(config_start(&cfg, CHANNELS), 0);
    assert_false(config_flag(&cfg, 64));
    assert_true(config_calibration(&cfg, 8) == 0);
}

static void a_calibration_that_is_no_number_counts_as_none(void **state)
{
    (void)state;
    memset(cfg.rec + 0x498, 0xff, 4);
    assert_true(config_calibration(&cfg, 0) == 0);
    config_set_calibration(&cfg, 2, -0.125f);
    assert_true(config_calibration(&cfg, 2) == -0.125f);
}

static void flags_are_a_mask_of_64_bits(void **state)
{
    (void)state;
    assert_true(config_flags(&cfg) == 1024);
    config_set_flags(&cfg, UINT64_C(134218820) | UINT64_C(1) << 40);
    assert_true(config_flag(&cfg, 2) && config_flag(&cfg, 6) && config_flag(&cfg, 10));
    assert_true(config_flag(&cfg, 27) && config_flag(&cfg, 40));
    config_set_flag(&cfg, 6, false);
    assert_true(config_flags(&cfg) == (UINT64_C(134218756) | UINT64_C(1) << 40));
    assert_int_equal(config_number(&cfg, CFG_FLAGS_HI), 256);
}

static void only_what_differs_makes_it_dirty(void **state)
{
    (void)state;
    cfg.dirty = false;
    config_set_text(&cfg, CFG_MQTT_USER, "homeassistant");
    config_set_number(&cfg, CFG_MQTT_PORT, 1883);
    config_set_pin(&cfg, 3, 0, 0, 0);
    config_set_flag(&cfg, 10, true);
    assert_false(cfg.dirty);
    config_set_start(&cfg, 0, 1);
    assert_true(cfg.dirty);
}

/* ---- import ------------------------------------------------------------------ */

static void a_record_with_either_checksum_is_taken_and_gets_our_own(void **state)
{
    static uint8_t rec[CONFIG_SIZE];

    (void)state;
    set_up();
    for (unsigned sign = 0; sign < 2; sign++) {
        seal(5, sign);
        memcpy(rec, cfg.rec, sizeof rec);
        for (unsigned f = 0; f < HAL_FAMILIES; f++) {
            struct config got = {.dirty = false};

            host_chip(f);
            assert_true(config_import(&got, rec, sizeof rec, hal_chip(), mac));
            assert_false(got.dirty);
            assert_memory_equal(got.rec + 4, rec + 4, CONFIG_SIZE - 4);
            assert_int_equal(got.rec[3], config_crc8(rec + 4, CONFIG_SIZE - 4, f != HAL_BL602));
        }
    }
}

static void each_corrupted_byte_is_noticed(void **state)
{
    static uint8_t rec[CONFIG_SIZE];

    (void)state;
    set_up();
    config_seal(&cfg, hal_chip());
    for (unsigned i = 0; i < CONFIG_SIZE; i++) {
        struct config got, before;

        memcpy(rec, cfg.rec, sizeof rec);
        rec[i] ^= 0x01;
        memset(&got, 0x5a, sizeof got);
        before = got;
        /* The sum of the other kind may happen to match; nothing else may be. */
        if (config_crc8(rec + 4, CONFIG_SIZE - 4, false) == rec[3])
            continue;
        if (i == 4) /* version 4 sums up alike */
            continue;
        assert_false(config_import(&got, rec, sizeof rec, hal_chip(), mac));
        assert_memory_equal(&got, &before, sizeof got);
    }
}

static void a_record_of_version_3_is_half_as_long_and_loses_no_setting(void **state)
{
    struct config got = {.dirty = false};

    (void)state;
    set_up();
    config_set_text(&cfg, CFG_STARTUP, "startDriver BL0937");
    config_set_text(&cfg, CFG_SSID2, "not in version 3");
    config_set_text(&cfg, CFG_WEB_PASSWORD, "nor this");
    seal(3, true);
    memset(cfg.rec + 2016, 0xff, CONFIG_SIZE - 2016); /* whatever follows on flash */
    assert_true(config_import(&got, cfg.rec, CONFIG_SIZE, hal_chip(), mac));
    assert_true(got.dirty);
    assert_int_equal(got.rec[4], 5);
    assert_string_equal(config_text(&got, CFG_SSID), "MyWiFi");
    assert_string_equal(config_text(&got, CFG_STARTUP), "startDriver BL0937");
    assert_string_equal(config_text(&got, CFG_SSID2), "");
    assert_string_equal(config_text(&got, CFG_WEB_PASSWORD), "");
    assert_int_equal(config_start(&got, 1), -1);
    assert_true(config_import(&got, cfg.rec, 2016, hal_chip(), mac));
    assert_false(config_import(&got, cfg.rec, 2015, hal_chip(), mac));
}

static void a_record_of_version_4_loses_its_web_password_only(void **state)
{
    struct config got = {.dirty = false};

    (void)state;
    set_up();
    config_set_text(&cfg, CFG_WEB_PASSWORD, "random bytes then");
    config_set_text(&cfg, CFG_SSID2, "Second");
    seal(4, true);
    assert_true(config_import(&got, cfg.rec, CONFIG_SIZE, hal_chip(), mac));
    assert_string_equal(config_text(&got, CFG_WEB_PASSWORD), "");
    assert_string_equal(config_text(&got, CFG_SSID2), "Second");
    assert_int_equal(got.rec[4], 5);
    assert_false(config_import(&got, cfg.rec, CONFIG_SIZE - 1, hal_chip(), mac));
}

static void before_version_3_the_client_was_called_like_the_plug(void **state)
{
    (void)state;
    memset(cfg.rec + 0x194, 'x', 64);
    seal(2, true);
    assert_true(config_import(&cfg, cfg.rec, CONFIG_SIZE, hal_chip(), mac));
    assert_string_equal(config_text(&cfg, CFG_MQTT_CLIENT), "ecr6600CCDDEEFF");
}

static void what_this_firmware_does_not_know_is_kept(void **state)
{
    static uint8_t rec[CONFIG_SIZE];

    (void)state;
    for (unsigned i = 0x460; i < 0x478; i++)
        cfg.rec[i] = (uint8_t)i; /* device groups */
    for (unsigned i = 0x4c0; i < 0x527; i++)
        cfg.rec[i] = (uint8_t)i; /* logger flags, unused */
    for (unsigned i = 0xca5; i < 0xcbb; i++)
        cfg.rec[i] = (uint8_t)i; /* MQTT over TLS */
    for (unsigned i = 0xcbc; i < CONFIG_SIZE; i++)
        cfg.rec[i] = (uint8_t)i; /* reserved */
    seal(5, true);
    memcpy(rec, cfg.rec, sizeof rec);
    assert_true(config_import(&cfg, rec, sizeof rec, hal_chip(), mac));
    config_set_text(&cfg, CFG_SSID, "another");
    config_set_text(&cfg, CFG_SSID, "");
    config_seal(&cfg, hal_chip());
    assert_memory_equal(cfg.rec, rec, sizeof rec);
}

static void zero_times_and_an_all_zero_mac_are_mended(void **state)
{
    (void)state;
    memset(cfg.rec + 0x4b8, 0, 3);
    memset(cfg.rec + 0x2d8, 0, 6);
    memset(cfg.rec + 0x53c, 0, 24);
    seal(5, true);
    assert_true(config_import(&cfg, cfg.rec, CONFIG_SIZE, hal_chip(), mac));
    assert_memory_equal(cfg.rec + 0x4b8, "\x03\x0a\x05", 3);
    assert_memory_equal(cfg.rec + 0x2d8, mac, 6);
    assert_memory_equal(cfg.rec + 0x548, "\xcd\xcc\x0c\x40", 4);
    assert_int_equal(cfg.rec[3], 0x64); /* just the default again */
}

static void a_text_without_an_end_gets_one(void **state)
{
    (void)state;
    memset(cfg.rec + 0x014, 'a', 64);
    memset(cfg.rec + 0xc84, 'b', 33);
    seal(5, true);
    assert_true(config_import(&cfg, cfg.rec, CONFIG_SIZE, hal_chip(), mac));
    assert_int_equal(strlen(config_text(&cfg, CFG_SSID)), 63);
    assert_int_equal(strlen(config_text(&cfg, CFG_WEB_PASSWORD)), 32);
}

static void noise_is_no_record(void **state)
{
    uint32_t seed = seeded(0x5eedc0f1);
    static uint8_t rec[CONFIG_SIZE];
    unsigned taken = 0;

    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        for (unsigned i = 0; i < sizeof rec; i += 1 + noise(&seed) % 64)
            rec[i] = (uint8_t)noise(&seed);
        memcpy(rec, "CFG", round % 4 ? 3 : 2);
        if (round % 2)
            memcpy(rec + 4, (uint8_t[]){(uint8_t)(round % 7), 0, 0, 0}, 4);
        if (config_import(&cfg, rec, noise(&seed) % (sizeof rec + 1), hal_chip(), mac)) {
            taken++; /* eight bits match now and then */
            for (unsigned t = 0; t < CFG_TEXTS; t++)
                assert_true(strlen(config_text(&cfg, t)) < 1568);
        }
    }
    printf("%u of 3000 were taken\n", taken);
    assert_true(taken < 60);
    memset(rec, 0xff, sizeof rec);
    assert_false(config_import(&cfg, rec, sizeof rec, hal_chip(), mac));
    memset(rec, 0, sizeof rec);
    assert_false(config_import(&cfg, rec, sizeof rec, hal_chip(), mac));
}

/* ---- on flash ---------------------------------------------------------------- */

static void settings_survive_a_restart_and_are_saved_once(void **state)
{
    struct config got;
    struct store st;

    (void)state;
    assert_true(store_open(&st, hal_chip()->store.addr, hal_chip()->store.len));
    assert_int_equal(config_load(&cfg, &st, hal_chip(), mac), CONFIG_DEFAULT);
    assert_true(cfg.dirty);
    set_up();
    assert_true(config_save(&cfg, &st, hal_chip()));
    assert_false(cfg.dirty);
    assert_true(config_save(&cfg, &st, hal_chip()));
    assert_int_equal(st.writes, 1);

    assert_true(store_open(&st, hal_chip()->store.addr, hal_chip()->store.len));
    assert_int_equal(config_load(&got, &st, hal_chip(), mac), CONFIG_STORED);
    assert_false(got.dirty);
    assert_memory_equal(got.rec, cfg.rec, CONFIG_SIZE);
}

static void a_save_the_flash_refuses_stays_to_be_done(void **state)
{
    struct store st;

    (void)state;
    st.ready = false;
    set_up();
    assert_false(config_save(&cfg, &st, hal_chip()));
    assert_true(cfg.dirty);
    assert_int_equal(config_number(&cfg, CFG_CHANGES), 0);
    assert_true(store_open(&st, hal_chip()->store.addr, hal_chip()->store.len));
    assert_true(config_save(&cfg, &st, hal_chip()));
    assert_int_equal(config_number(&cfg, CFG_CHANGES), 1);
}

static void a_store_that_holds_a_bad_record_gives_the_defaults(void **state)
{
    struct store st;

    (void)state;
    assert_true(store_open(&st, hal_chip()->store.addr, hal_chip()->store.len));
    set_up();
    cfg.rec[3] ^= 0xff;
    assert_true(store_set(&st, STORE_CONFIG, cfg.rec, CONFIG_SIZE));
    assert_int_equal(config_load(&cfg, &st, hal_chip(), mac), CONFIG_DEFAULT);
    assert_int_equal(cfg.rec[3], 0x64);
    assert_true(store_set(&st, STORE_CONFIG, "CFG", 3));
    assert_int_equal(config_load(&cfg, &st, hal_chip(), mac), CONFIG_DEFAULT);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, fresh)
    const struct CMUnitTest tests[] = {
        TEST(crc8_is_that_of_both_kinds_of_char),
        TEST(defaults_of_each_chip_have_the_known_checksums),
        TEST(a_default_of_version_3_has_the_known_checksums),
        TEST(a_plug_that_was_set_up_has_the_known_checksum),
        TEST(fields_lie_where_other_tools_look_for_them),
        TEST(a_text_too_long_changes_nothing),
        TEST(a_startup_command_of_511_characters_is_kept),
        TEST(nothing_of_a_longer_password_stays_behind_a_shorter_one),
        TEST(numbers_that_do_not_fit_become_the_nearest),
        TEST(what_is_no_pin_channel_or_flag_is_left_alone),
        TEST(a_calibration_that_is_no_number_counts_as_none),
        TEST(flags_are_a_mask_of_64_bits),
        TEST(only_what_differs_makes_it_dirty),
        TEST(a_record_with_either_checksum_is_taken_and_gets_our_own),
        TEST(each_corrupted_byte_is_noticed),
        TEST(a_record_of_version_3_is_half_as_long_and_loses_no_setting),
        TEST(a_record_of_version_4_loses_its_web_password_only),
        TEST(before_version_3_the_client_was_called_like_the_plug),
        TEST(what_this_firmware_does_not_know_is_kept),
        TEST(zero_times_and_an_all_zero_mac_are_mended),
        TEST(a_text_without_an_end_gets_one),
        TEST(noise_is_no_record),
        TEST(settings_survive_a_restart_and_are_saved_once),
        TEST(a_save_the_flash_refuses_stays_to_be_done),
        TEST(a_store_that_holds_a_bad_record_gives_the_defaults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
