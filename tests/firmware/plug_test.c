/* The plug's life: boots that last and boots that do not, safe mode, restarts, the loop. */
#include "support/rig.h"

#include "core/role.h"
#include "core/tmpl.h"

#define PLUG "{\"22\":\"WifiLED;0\",\"24\":\"Btn;1\",\"25\":\"Rel;1\",\"23\":\"Rel_n;2\"}"

/* Relays that are on from the start, a network that is known. */
static int plug(void **state)
{
    (void)state;
    rig_new(HAL_ECR6600, PLUG);
    config_set_start(&rig.cfg, 1, 1);
    config_set_start(&rig.cfg, 2, -1);
    config_set_text(&rig.cfg, CFG_SSID, "home");
    rig_boot(HAL_RESET_POWER);
    channel_set(&rig, 2, 1, false);
    rig_run(7000);
    return 0;
}

/* Starts that do not last. */
static void boots(unsigned n, enum hal_reset_cause cause)
{
    while (n--) {
        rig_restart(cause);
        rig_run(1000);
    }
}

static void assert_normal(void)
{
    assert_false(rig.safe_mode);
    assert_true(simplug_relay(1));
    assert_true(simplug_relay(2));
}

/* ---- safe mode ----------------------------------------------------------------- */

static void the_fifth_boot_that_does_not_last_is_in_safe_mode_with_relays_off(void **state)
{
    (void)state;
    boots(4, HAL_RESET_POWER);
    assert_normal();
    boots(1, HAL_RESET_POWER);
    assert_true(rig.safe_mode);
    assert_int_equal(rig.failed_boots, 5);
    assert_false(simplug_relay(1));
    assert_false(simplug_relay(2));
    assert_true(host_pin_driven(25)); /* held off, not left to float */
    assert_true(host_pin_driven(23));
    rig_run(10000);
    assert_string_equal(host_radio_ap_name(), "OpenECR6600_CCDDEEFF");
}

static void a_boot_that_lasts_clears_what_failed_before(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        boots(4, HAL_RESET_POWER);
        rig_run(5500);
        assert_int_equal(rig.failed_boots, 0);
    }
    boots(4, HAL_RESET_POWER);
    assert_normal();
}

static void safe_mode_touches_relays_only_and_no_button_input_or_led_works(void **state)
{
    (void)state;
    boots(5, HAL_RESET_WATCHDOG);
    for (size_t i = 0; i < host_calls(); i++)
        if (host_called(i)->call <= HOST_PULSE_ATTACH)
            assert_true(host_called(i)->a == 25 || host_called(i)->a == 23);
    rig_click(24, 200, 600);
    assert_false(channel_set(&rig, 1, 1, true));
    assert_false(simplug_relay(1));
}

static void in_safe_mode_settings_can_be_changed_and_are_saved(void **state)
{
    (void)state;
    boots(5, HAL_RESET_EXCEPTION);
    config_set_text(&rig.cfg, CFG_SSID, "elsewhere");
    rig_run(4000);
    rig_restart(HAL_RESET_POWER);
    assert_string_equal(config_text(&rig.cfg, CFG_SSID), "elsewhere");
}

/* #1580 */
static void safe_mode_is_left_after_minutes_if_a_network_is_known(void **state)
{
    (void)state;
    *host_ap(0) = (struct host_ap){.ssid = "home", .channel = 1, .rssi = -50};
    boots(5, HAL_RESET_POWER);
    rig_run(PLUG_SAFE_S * 1000 - 5000);
    assert_true(rig.safe_mode);
    rig_run(20000);
    assert_normal();
    assert_int_equal(hal_radio_state(), HAL_RADIO_CONNECTED);
    rig_click(24, 150, 600);
    assert_false(simplug_relay(1));
}

static void safe_mode_is_not_left_under_an_update(void **state)
{
    (void)state;
    boots(5, HAL_RESET_POWER);
    rig.ota.state = OTA_BODY;
    rig_run(2 * PLUG_SAFE_S * 1000);
    assert_true(rig.safe_mode);
    rig.ota.state = OTA_FAILED;
    rig_run(PLUG_SAFE_S * 1000 + 5000);
    assert_false(rig.safe_mode);
}

static void safe_mode_stays_if_no_network_is_known(void **state)
{
    (void)state;
    config_set_text(&rig.cfg, CFG_SSID, "");
    rig_boot(HAL_RESET_POWER);
    boots(4, HAL_RESET_POWER);
    rig_run(3 * PLUG_SAFE_S * 1000);
    assert_true(rig.safe_mode);
    assert_true(host_radio_ap_name()[0]);
}

static void leaving_safe_mode_by_hand_does_at_once_what_was_left_out(void **state)
{
    (void)state;
    config_set_text(&rig.cfg, CFG_STARTUP, "backlog SetChannel 20 7");
    rig_boot(HAL_RESET_POWER);
    boots(4, HAL_RESET_POWER);
    rig_run(10000);
    assert_int_equal(channel_get(&rig, 20), 0);
    plug_leave_safe_mode(&rig);
    assert_normal();
    rig_run(100);
    assert_int_equal(channel_get(&rig, 20), 7);
    assert_true(host_radio_ap_name()[0]); /* who asked is still connected to it */
    plug_leave_safe_mode(&rig);
    assert_normal();
}

/* A startup command that crashes the plug: five times, then some minutes of peace. */
static void a_plug_that_crashes_after_leaving_safe_mode_comes_back_to_it(void **state)
{
    (void)state;
    boots(5, HAL_RESET_EXCEPTION);
    rig_run(PLUG_SAFE_S * 1000 + 10000);
    assert_normal();
    boots(4, HAL_RESET_EXCEPTION);
    assert_normal();
    boots(1, HAL_RESET_EXCEPTION);
    assert_true(rig.safe_mode);
}

/* #2212: mains that flicker are no one who pulls the plug. */
static void brown_outs_do_not_lead_to_safe_mode(void **state)
{
    (void)state;
    boots(20, HAL_RESET_BROWNOUT);
    assert_normal();
    boots(4, HAL_RESET_POWER);
    boots(3, HAL_RESET_BROWNOUT);
    assert_normal();
    boots(1, HAL_RESET_POWER);
    assert_true(rig.safe_mode);
}

static void safe_mode_can_be_switched_off_and_its_time_be_set(void **state)
{
    (void)state;
    config_set_number(&rig.cfg, CFG_BOOT_SECONDS, PLUG_NO_SAFE);
    rig_boot(HAL_RESET_POWER);
    boots(30, HAL_RESET_POWER);
    assert_normal();
    rig_run(7000);
    assert_int_equal(rig.failed_boots, 0);

    config_set_number(&rig.cfg, CFG_BOOT_SECONDS, 30);
    rig_boot(HAL_RESET_POWER);
    rig_run(29000);
    assert_int_equal(rig.failed_boots, 1);
    rig_run(3000);
    assert_int_equal(rig.failed_boots, 0);
}

static void counters_that_have_gone_round_count_on(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 65533; i++)
        vars_count_boot(&rig.vars);
    vars_boot_ok(&rig.vars);
    assert_true(vars_save(&rig));
    boots(4, HAL_RESET_POWER);
    assert_normal();
    boots(1, HAL_RESET_POWER);
    assert_true(rig.safe_mode);
}

/* The original zeroed the retained channels and the energy when it counted a boot twice. */
static void asking_for_safe_mode_loses_no_retained_value(void **state)
{
    const struct vars_energy e = {.total = 1234.5f, .today = 100.25f, .yesterday = 321};
    struct vars_energy now;

    (void)state;
    vars_set_energy(&rig.vars, &e);
    for (unsigned i = 0; i < PLUG_SAFE_BOOTS; i++)
        vars_count_boot(&rig.vars);
    assert_true(vars_save(&rig));
    plug_reboot(&rig, 1);
    rig_run(2500);
    assert_int_equal(rig_restarts, 1);
    assert_true(rig.safe_mode);
    rig_run(7000);
    rig_restart(HAL_RESET_POWER);
    assert_normal();
    vars_energy(&rig.vars, &now);
    assert_true(now.total == e.total && now.today == e.today && now.yesterday == e.yesterday);
}

/* The power goes at the nth flash operation of the first ten seconds. */
static bool boot_until_cut(uint32_t nth, enum host_cut how)
{
    jmp_buf gone;
    bool cut;

    host_power_to(&gone);
    cut = setjmp(gone);
    if (!cut) {
        host_flash_cut(nth, how, 0x5eed0005u + nth);
        rig_restart(HAL_RESET_POWER);
        rig_run(10000);
    }
    host_flash_calm();
    host_power_to(NULL);
    return cut;
}

static void a_power_cut_at_any_write_of_a_boot_loses_nothing(void **state)
{
    bool cut = true;

    for (unsigned how = 0; how < HOST_CUTS; how++, cut = true)
        for (uint32_t nth = 0; cut; nth++) {
            plug(state);
            cut = boot_until_cut(nth, (enum host_cut)how);
            rig_restart(HAL_RESET_POWER);
            assert_normal();
            assert_string_equal(config_text(&rig.cfg, CFG_SSID), "home");
            assert_in_range(rig.failed_boots, 1, 2);
            assert_true(nth < 100);
        }
}

/* ---- the power goes while settings are saved ------------------------------------------ */

/* What is saved of a setting-up, as a person does it on the page: network, template, start. */
static void set_up_anew(void)
{
    static const char template[] = "{\"flags\":\"1088\",\"command\":\"backlog SetChannel 20 7\","
                                   "\"pins\":{\"5\":\"Rel;3\",\"17\":\"Btn;3\"}}";

    config_set_text(&rig.cfg, CFG_SSID, "another home");
    config_set_text(&rig.cfg, CFG_PASSWORD, "open sesame");
    config_set_text(&rig.cfg, CFG_MQTT_HOST, "192.168.1.7");
    config_set_start(&rig.cfg, 3, 1);
    assert_true(template_apply(&rig, template, sizeof template - 1, NULL));
}

/* All but its checksum and how often it was changed. */
static void settings(uint8_t out[CONFIG_SIZE])
{
    memcpy(out, rig.cfg.rec, CONFIG_SIZE);
    out[3] = 0;
    memset(out + 0x10, 0, 2);
}

/* A plug in use; `age` saves have gone before, so that the sector is as full as one likes. */
static void used_plug(enum hal_family family, unsigned age)
{
    rig_new(family, "{\"2\":\"Rel;1\",\"20\":\"LED_n;1\",\"17\":\"Btn;1\"}");
    config_set_text(&rig.cfg, CFG_SSID, "home");
    config_set_start(&rig.cfg, 1, -1);
    rig_boot(HAL_RESET_POWER);
    host_flash_guard(rig.chip->store.addr, rig.chip->store.len);
    for (unsigned i = 0; i < age; i++) {
        vars_retain(&rig.vars, 5, (int16_t)(i + 1));
        assert_true(vars_save(&rig));
    }
    channel_set(&rig, 1, 1, false);
    rig_run(6500);
}

/* The power goes at the nth flash operation from here on; false: there were not so many. */
static bool saved_until_cut(uint32_t nth, enum host_cut how)
{
    jmp_buf gone;
    bool cut;

    host_power_to(&gone);
    cut = setjmp(gone);
    if (!cut) {
        host_flash_cut(nth, how, 0x5eed0008u + nth);
        set_up_anew();
        rig_run(4000);
    }
    host_flash_calm();
    host_power_to(NULL);
    return cut;
}

static void
a_power_cut_at_any_flash_operation_of_a_save_leaves_the_old_or_the_new_settings(void **state)
{
    static uint8_t old[CONFIG_SIZE], new[CONFIG_SIZE], now[CONFIG_SIZE];
    static const unsigned ages[] = {0, 20, 48,
                                    398}; /* in the sector in use, the next; round the ring */
    static unsigned f, how, age, n, cuts, kept;

    (void)state;
    for (f = 0; f < HAL_FAMILIES; f++) {
        used_plug((enum hal_family)f, 0);
        settings(old);
        set_up_anew();
        settings(new);
        cuts = kept = 0;
        for (how = 0; how < HOST_CUTS * 2; how++)
            for (n = 0, age = ages[how / HOST_CUTS];; n++) {
                bool cut;

                used_plug((enum hal_family)f, age);
                cut = saved_until_cut(n, (enum host_cut)(how % HOST_CUTS));
                rig_restart(HAL_RESET_POWER);
                settings(now);
                if (memcmp(now, cut ? old : new, CONFIG_SIZE) != 0 &&
                    memcmp(now, new, CONFIG_SIZE) != 0)
                    fail_msg("family %u, age %u: cut %u at operation %u: a third", f, age,
                             how % HOST_CUTS, n);
                if (memcmp(now, old, CONFIG_SIZE) == 0) {
                    kept++;
                    assert_true(simplug_relay(1)); /* and what was remembered is there as well */
                }
                if (!cut)
                    break;
                cuts++;
                set_up_anew(); /* what did not arrive is done again */
                rig_run(6500);
                rig_restart(HAL_RESET_POWER);
                settings(now);
                assert_memory_equal(now, new, CONFIG_SIZE);
                assert_true(host_pin_level(5));
                assert_int_equal(host_flash_stats().violations, 0);
                assert_int_equal(host_flash_stats().outside, 0);
            }
        assert_true(cuts > 2 * HOST_CUTS * 14 && kept < cuts);
        printf("family %u: %u cuts, %u of them before the new settings counted\n", f, cuts, kept);
    }
}

/* ---- boot ---------------------------------------------------------------------- */

static void the_first_boot_of_a_blank_plug_opens_the_access_point(void **state)
{
    (void)state;
    host_reset();
    host_chip(HAL_BL602);
    assert_true(simplug_build("{}"));
    rig_restart(HAL_RESET_POWER);
    rig_run(10000);
    assert_false(rig.safe_mode);
    assert_string_equal(host_radio_ap_name(), "OpenBL602_CCDDEEFF");
    assert_int_equal(host_flash_stats().violations, 0);
}

static void a_flash_that_never_answers_is_a_plug_without_settings_and_not_a_hang(void **state)
{
    (void)state;
    memset(host_flash() + hal_chip()->store.addr, 0x00, hal_chip()->store.len);
    rig_restart(HAL_RESET_POWER);
    rig_run(10000);
    assert_int_equal(pins_relays(&rig), 0);
    assert_int_equal(host_bites(), 0);
}

/* What is on flash may be from anybody: any role, any channel, any time of a button. */
static void settings_of_any_nonsense_are_a_plug_that_runs(void **state)
{
    uint32_t seed = seeded(0x5eed0007);

    for (int life = 0; life < 200; life++) {
        plug(state);
        host_chip((enum hal_family)(noise(&seed) % HAL_FAMILIES));
        rig.chip = hal_chip();
        for (unsigned pin = 0; pin < PINS; pin++)
            config_set_pin(&rig.cfg, pin, (uint8_t)noise(&seed), (uint8_t)noise(&seed),
                           (uint8_t)noise(&seed));
        for (unsigned ch = 0; ch < CHANNELS; ch++) {
            config_set_start(&rig.cfg, ch, (int16_t)(noise(&seed) % 4 - 1));
            config_set_channel_type(&rig.cfg, ch, (uint8_t)noise(&seed));
        }
        for (int field = CFG_BTN_SHORT; field <= CFG_BOOT_SECONDS; field++)
            config_set_number(&rig.cfg, (enum config_number)field, (int32_t)(noise(&seed) % 256));
        config_set_flag(&rig.cfg, 6, noise(&seed) & 1);
        rig_boot((enum hal_reset_cause)(noise(&seed) % 6));
        for (int i = 0; i < 60; i++) {
            simplug_switch(noise(&seed) % 32, noise(&seed) & 1);
            rig_run(noise(&seed) % 400);
            pins_changed(&rig, noise(&seed) % 64);
            channel_toggle(&rig, noise(&seed) % 300);
        }
        assert_int_equal(host_bites(), 0);
        assert_int_equal(host_flash_stats().violations, 0);
    }
}

static void why_it_has_started_is_told(void **state)
{
    static const char *const told[] = {
        [HAL_RESET_POWER] = "power on",     [HAL_RESET_SOFTWARE] = "restart",
        [HAL_RESET_WATCHDOG] = "watchdog",  [HAL_RESET_EXCEPTION] = "exception",
        [HAL_RESET_BROWNOUT] = "brown-out", [HAL_RESET_UNKNOWN] = "unknown"};

    (void)state;
    for (int cause = HAL_RESET_POWER; cause <= HAL_RESET_UNKNOWN; cause++) {
        rig_restart((enum hal_reset_cause)cause);
        assert_string_equal(plug_reset_name(&rig), told[cause]);
        assert_true(rig.log.end > 0);
        assert_non_null(strstr(rig.log.ring, told[cause]));
        rig_run(7000);
    }
}

static void starts_that_nobody_wanted_are_counted_each_and_remembered(void **state)
{
    (void)state;
    boots(2, HAL_RESET_WATCHDOG);
    boots(1, HAL_RESET_BROWNOUT);
    boots(1, HAL_RESET_EXCEPTION);
    boots(1, HAL_RESET_POWER);
    assert_int_equal(rig.trouble.watchdog, 2);
    assert_int_equal(rig.trouble.exception, 1);
    assert_int_equal(rig.trouble.brownout, 1);
    assert_int_equal(rig.trouble.last, HAL_RESET_EXCEPTION);
    assert_int_equal(rig.reset_cause, HAL_RESET_POWER);
    boots(300, HAL_RESET_BROWNOUT);
    assert_int_equal(rig.trouble.brownout, 255);
    assert_int_equal(rig.store.writes, 0); /* of the last boot: a storm does not wear the flash */
}

static void the_log_of_a_boot_holds_no_password(void **state)
{
    (void)state;
    config_set_text(&rig.cfg, CFG_PASSWORD, "open sesame");
    config_set_text(&rig.cfg, CFG_MQTT_PASSWORD, "open sesame");
    rig_boot(HAL_RESET_POWER);
    rig_run(30000);
    for (size_t i = 0; i + 11 <= sizeof rig.log.ring; i++)
        assert_int_not_equal(memcmp(rig.log.ring + i, "open sesame", 11), 0);
}

static void the_startup_command_runs_after_the_pins_and_not_in_safe_mode(void **state)
{
    (void)state;
    config_set_text(&rig.cfg, CFG_STARTUP, "backlog SetChannel 1 0; SetChannel 20 7");
    rig_boot(HAL_RESET_POWER);
    rig_run(500);
    assert_int_equal(channel_get(&rig, 20), 7);
    assert_false(simplug_relay(1));
    boots(4, HAL_RESET_POWER);
    assert_true(rig.safe_mode);
    rig_run(500);
    assert_int_equal(channel_get(&rig, 20), 0);
}

static void a_handler_may_restart_a_plug_that_has_had_no_broker_for_minutes(void **state)
{
    (void)state;
    *host_ap(0) = (struct host_ap){.ssid = "home", .channel = 1, .rssi = -50};
    config_set_text(&rig.cfg, CFG_MQTT_HOST, "192.168.1.2");
    config_set_text(&rig.cfg, CFG_STARTUP, "addChangeHandler noMQTTTime > 120 restart");
    rig_boot(HAL_RESET_POWER);
    rig_run(110000);
    mqtt_up(&rig);
    rig_run(100000);
    assert_int_equal(rig_restarts, 0);
    mqtt_down(&rig);
    rig_run(115000);
    assert_int_equal(rig_restarts, 0);
    rig_run(12000);
    assert_int_equal(rig_restarts, 1);
    config_set_text(&rig.cfg, CFG_MQTT_HOST, ""); /* who wants no broker misses none */
    rig_boot(HAL_RESET_POWER);
    rig_run(400000);
    assert_int_equal(rig_restarts, 1);
}

static void a_meter_on_the_pins_starts_by_itself_unless_flag_36_says_no(void **state)
{
    static const char *const all = "{\"14\":\"BL0937CF;0\",\"15\":\"%s;0\",\"20\":\"BL0937CF1;0\"}";
    static const struct {
        const char *sel;
        bool flag, starts;
    } cases[] = {{"BL0937SEL", false, true},
                 {"BL0937SEL_n", false, true},
                 {"LED", false, false},
                 {"BL0937SEL", true, false}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char pins[96];

        snprintf(pins, sizeof pins, all, cases[i].sel);
        rig_new(HAL_ECR6600, pins);
        config_set_flag(&rig.cfg, 36, cases[i].flag);
        rig_boot(HAL_RESET_POWER);
        assert_int_equal(rig.meter.driver, cases[i].starts ? METER_BL0937 : METER_NONE);
    }
}

/* ---- restarts ------------------------------------------------------------------ */

static void a_restart_that_is_asked_for_saves_first_and_stops_the_radio(void **state)
{
    int reboot = -1;

    (void)state;
    config_set_text(&rig.cfg, CFG_SHORT_NAME, "lamp");
    host_calls_forget();
    plug_reboot(&rig, 1);
    for (int i = 0; i < 300 && reboot < 0; i++) {
        host_advance_ms(5);
        plug_tick(&rig, hal_ms());
        reboot = host_first(HOST_REBOOT, HOST_ANY);
    }
    assert_true(reboot > 0); /* #1852: the radio is stopped right before, and for that */
    assert_int_equal(host_called((size_t)reboot - 1)->call, HOST_RADIO_STOP);
    assert_int_equal(host_calls(), (unsigned)reboot + 1);
    rig_restart(HAL_RESET_SOFTWARE);
    assert_string_equal(config_text(&rig.cfg, CFG_SHORT_NAME), "lamp");
}

static void a_restart_waits_for_as_long_as_it_was_told(void **state)
{
    (void)state;
    plug_reboot(&rig, 3);
    rig_run(1900);
    assert_int_equal(rig_restarts, 0);
    rig_run(1200);
    assert_int_equal(rig_restarts, 1);
    assert_normal();
}

static void changed_settings_are_saved_after_two_seconds_and_once(void **state)
{
    uint32_t writes;

    (void)state;
    writes = rig.store.writes;
    config_set_text(&rig.cfg, CFG_SHORT_NAME, "a");
    config_set_text(&rig.cfg, CFG_SHORT_NAME, "b");
    rig_run(1500);
    assert_int_equal(rig.store.writes, writes);
    rig_run(2000);
    assert_int_equal(rig.store.writes, writes + 1);
    rig_run(60000);
    assert_int_equal(rig.store.writes, writes + 1);
}

static void settings_that_flash_refuses_are_tried_again(void **state)
{
    (void)state;
    config_set_text(&rig.cfg, CFG_SHORT_NAME, "lamp");
    host_flash_fail(0);
    rig_run(8000);
    assert_false(rig.cfg.dirty);
    rig_restart(HAL_RESET_POWER);
    assert_string_equal(config_text(&rig.cfg, CFG_SHORT_NAME), "lamp");
}

static void nothing_is_saved_while_an_update_comes_in(void **state)
{
    uint32_t writes;

    (void)state;
    writes = rig.store.writes;
    rig.ota.state = OTA_BODY;
    config_set_text(&rig.cfg, CFG_SHORT_NAME, "lamp");
    rig_run(10000);
    assert_int_equal(rig.store.writes, writes);
    rig.ota.state = OTA_IDLE;
    rig_run(3000);
    assert_int_equal(rig.store.writes, writes + 1);
}

/* ---- the loop ------------------------------------------------------------------ */

static void the_watchdog_is_fed_by_a_loop_that_runs_and_bites_one_that_hangs(void **state)
{
    jmp_buf bitten;

    (void)state;
    rig_run(3600000);
    assert_int_equal(host_bites(), 0);
    assert_int_equal(host_watchdog_ms(), PLUG_BITES_MS);
    host_bite_to(&bitten);
    if (!setjmp(bitten))
        for (;;)
            host_advance_ms(1); /* what a loop that hangs does for the world */
    assert_int_equal(host_bites(), 1);
}

static void the_watchdog_guards_the_boot_from_the_relays_on(void **state)
{
    (void)state;
    rig_restart(HAL_RESET_POWER);
    assert_true(host_first(HOST_WATCHDOG_START, HOST_ANY) >= 0);
    assert_true(host_first(HOST_WATCHDOG_START, HOST_ANY) < host_first(HOST_PROGRAM, HOST_ANY));
}

static void a_clock_that_overflows_is_not_noticed(void **state)
{
    (void)state;
    rig_restart(HAL_RESET_POWER);
    host_clock_at(UINT32_MAX - 20000);
    rig.quick_ms = rig.second_ms = hal_ms();
    rig_run(60000);
    assert_in_range(rig.uptime_s, 59, 61);
    rig_click(24, 150, 600);
    assert_false(simplug_relay(1));
    assert_int_equal(host_bites(), 0);
}

static void a_loop_that_is_late_makes_up_for_its_seconds(void **state)
{
    const uint32_t before = rig.uptime_s;

    (void)state;
    host_advance_ms(7000);
    for (int i = 0; i < 10; i++)
        plug_tick(&rig, hal_ms());
    assert_in_range(rig.uptime_s, before + 6, before + 8);
    host_advance_ms(500000);
    for (int i = 0; i < 20; i++)
        plug_tick(&rig, hal_ms());
    assert_in_range(rig.uptime_s, before + 506, before + 508);
}

static void a_loop_that_runs_too_often_does_not_make_time_run(void **state)
{
    const uint32_t before = rig.uptime_s;

    (void)state;
    for (int i = 0; i < 3000; i++) {
        host_advance_ms(1);
        for (int j = 0; j < 5; j++)
            plug_tick(&rig, hal_ms());
    }
    assert_in_range(rig.uptime_s, before + 2, before + 4);
}

static void time_that_has_passed_once_is_told_once(void **state)
{
    (void)state;
    rig.events.repeat[rig.events.repeats++] = (struct event_repeat){
        .interval_ms = 1000, .left_ms = 1000, .repeats = -1, .command = "AddChannel 20 1"};
    host_advance_ms(600);
    for (int i = 0; i < 50; i++)
        plug_tick(&rig, hal_ms());
    assert_int_equal(channel_get(&rig, 20), 0);
    rig_run(60000);
    assert_int_equal(channel_get(&rig, 20), 60);
}

/* One erase is the longest that a relay may have to wait for. */
static void no_turn_of_the_loop_erases_more_than_one_sector(void **state)
{
    uint32_t seed = seeded(0x5eed0006);

    (void)state;
    for (int i = 0; i < 4000; i++) {
        const uint32_t erases = host_flash_stats().erases;

        host_advance_ms(25);
        if (noise(&seed) % 8 == 0)
            channel_set(&rig, 2, (int32_t)(noise(&seed) % 100), false);
        if (noise(&seed) % 256 == 0)
            config_set_number(&rig.cfg, CFG_MQTT_PORT, (int32_t)(noise(&seed) % 60000));
        plug_tick(&rig, hal_ms());
        assert_in_range(host_flash_stats().erases - erases, 0, 1);
    }
    assert_true(host_flash_stats().erases > 0);
    assert_int_equal(host_flash_stats().violations, 0);
}

/* The store has had its time to erase ahead. */
static void a_relay_that_is_switched_each_few_seconds_never_waits_for_an_erase(void **state)
{
    (void)state;
    for (int i = 0; i < 3000; i++) {
        const uint32_t erases = host_flash_stats().erases;

        channel_set(&rig, 2, i & 1, false);
        assert_int_equal(host_flash_stats().erases, erases);
        for (int j = 0; j < 100; j++) {
            host_advance_ms(25);
            plug_tick(&rig, hal_ms());
        }
    }
    assert_true(host_flash_stats().erases > 3);
}

#define TEST(f) cmocka_unit_test_setup(f, plug)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_fifth_boot_that_does_not_last_is_in_safe_mode_with_relays_off),
        TEST(a_boot_that_lasts_clears_what_failed_before),
        TEST(safe_mode_touches_relays_only_and_no_button_input_or_led_works),
        TEST(in_safe_mode_settings_can_be_changed_and_are_saved),
        TEST(safe_mode_is_left_after_minutes_if_a_network_is_known),
        TEST(safe_mode_is_not_left_under_an_update),
        TEST(safe_mode_stays_if_no_network_is_known),
        TEST(leaving_safe_mode_by_hand_does_at_once_what_was_left_out),
        TEST(a_plug_that_crashes_after_leaving_safe_mode_comes_back_to_it),
        TEST(brown_outs_do_not_lead_to_safe_mode),
        TEST(safe_mode_can_be_switched_off_and_its_time_be_set),
        TEST(counters_that_have_gone_round_count_on),
        TEST(asking_for_safe_mode_loses_no_retained_value),
        TEST(a_power_cut_at_any_write_of_a_boot_loses_nothing),
        TEST(a_power_cut_at_any_flash_operation_of_a_save_leaves_the_old_or_the_new_settings),
        TEST(the_first_boot_of_a_blank_plug_opens_the_access_point),
        TEST(a_flash_that_never_answers_is_a_plug_without_settings_and_not_a_hang),
        TEST(settings_of_any_nonsense_are_a_plug_that_runs),
        TEST(why_it_has_started_is_told),
        TEST(starts_that_nobody_wanted_are_counted_each_and_remembered),
        TEST(the_log_of_a_boot_holds_no_password),
        TEST(the_startup_command_runs_after_the_pins_and_not_in_safe_mode),
        TEST(a_handler_may_restart_a_plug_that_has_had_no_broker_for_minutes),
        TEST(a_meter_on_the_pins_starts_by_itself_unless_flag_36_says_no),
        TEST(a_restart_that_is_asked_for_saves_first_and_stops_the_radio),
        TEST(a_restart_waits_for_as_long_as_it_was_told),
        TEST(changed_settings_are_saved_after_two_seconds_and_once),
        TEST(settings_that_flash_refuses_are_tried_again),
        TEST(nothing_is_saved_while_an_update_comes_in),
        TEST(the_watchdog_is_fed_by_a_loop_that_runs_and_bites_one_that_hangs),
        TEST(the_watchdog_guards_the_boot_from_the_relays_on),
        TEST(a_clock_that_overflows_is_not_noticed),
        TEST(a_loop_that_is_late_makes_up_for_its_seconds),
        TEST(a_loop_that_runs_too_often_does_not_make_time_run),
        TEST(time_that_has_passed_once_is_told_once),
        TEST(a_relay_that_is_switched_each_few_seconds_never_waits_for_an_erase),
        TEST(no_turn_of_the_loop_erases_more_than_one_sector),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
