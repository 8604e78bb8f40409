/* Pins in their roles, on the virtual chip with a board around it: relays and their first
 * level, buttons as a person presses them, inputs, LEDs. */
#include "support/rig.h"

#include "core/role.h"

#define PLUG "{\"22\":\"WifiLED;0\",\"24\":\"Btn;1\",\"25\":\"Rel;1\"}"

enum { BTN = 24, REL = 25, INSTANT = 6, LOCK = 41 };

/* A plug of this shape that has been up for long enough to be in daily use. */
static void daily(const char *pins)
{
    rig_new(HAL_ECR6600, pins);
    config_set_text(&rig.cfg, CFG_SSID, "home");
    rig_boot(HAL_RESET_POWER);
    rig_run(6500);
    simplug_forget();
}

/* ---- relays at boot ------------------------------------------------------------ */

/* The calls for one pin begin with its latch at `level`, then its driver; and it has no
 * other level ever after. */
static void assert_latched_then_driven(unsigned pin, bool level)
{
    const int first = host_first(HOST_PIN_LATCH, pin);

    assert_true(first >= 0);
    assert_int_equal(host_first(HOST_PIN_DRIVE, pin), first + 1);
    assert_int_equal(host_count(HOST_PIN_LATCH, pin), 1);
    assert_int_equal(host_first(HOST_PIN_INPUT, pin), -1);
    for (size_t i = 0; i < host_calls(); i++) {
        const struct host_called *c = host_called(i);

        if (c->call <= HOST_PIN_WRITE && c->a == pin)
            assert_int_equal(c->b, level);
    }
}

static void a_relay_has_its_level_from_the_first_instant(void **state)
{
    static const struct {
        int16_t start;
        int32_t retained;
        bool on;
    } cases[] = {{0, 1, false}, {1, 0, true}, {-1, 0, false}, {-1, 1, true}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rig_new(HAL_ECR6600, "{\"25\":\"Rel;1\",\"24\":\"Rel_n;2\"}");
        config_set_start(&rig.cfg, 1, -1);
        config_set_start(&rig.cfg, 2, -1);
        rig_boot(HAL_RESET_POWER);
        assert_true(channel_set(&rig, 1, cases[i].retained, false));
        assert_true(channel_set(&rig, 2, cases[i].retained, false));
        config_set_start(&rig.cfg, 1, cases[i].start);
        config_set_start(&rig.cfg, 2, cases[i].start);
        rig_boot(HAL_RESET_POWER);
        rig_run(3000);

        assert_latched_then_driven(25, cases[i].on);
        assert_latched_then_driven(24, !cases[i].on);
        assert_int_equal(simplug_relay(1), cases[i].on);
        assert_int_equal(simplug_relay(2), cases[i].on);
        assert_int_equal(channel_get(&rig, 1), cases[i].on);
    }
}

/* #582, #972, #120, #1251: nothing comes before the relays. */
static void relays_come_before_flash_radio_meter_and_every_other_pin(void **state)
{
    (void)state;
    rig_new(HAL_BL602, "{\"2\":\"Rel;1\",\"3\":\"BL0937CF1;0\",\"14\":\"BL0937CF;0\","
                       "\"17\":\"Btn;1\",\"20\":\"LED_n;1\",\"21\":\"BL0937SEL;0\","
                       "\"5\":\"AlwaysHigh;0\",\"6\":\"AlwaysLow;0\",\"22\":\"Rel_n;2\"}");
    config_set_start(&rig.cfg, 1, 1);
    rig_boot(HAL_RESET_POWER);
    rig_run(3000);

    assert_int_equal(host_first(HOST_PIN_LATCH, 2), 0);
    assert_int_equal(host_first(HOST_PIN_LATCH, 22), 2);
    assert_int_equal(host_first(HOST_PIN_LATCH, 5), 4);
    assert_int_equal(host_first(HOST_PIN_LATCH, 6), 6);
    assert_true(host_pin_level(5));
    assert_false(host_pin_level(6));
    assert_true(host_first(HOST_PROGRAM, HOST_ANY) >= 8);
}

static void a_retained_relay_does_not_blink_when_the_plug_restarts_itself(void **state)
{
    struct simplug_move moves[4];

    (void)state;
    rig_new(HAL_ECR6600, PLUG);
    config_set_start(&rig.cfg, 1, -1);
    rig_boot(HAL_RESET_POWER);
    channel_set(&rig, 1, 1, false);
    rig_run(7000);
    simplug_forget();
    plug_reboot(&rig, 1);
    rig_run(3000);
    assert_int_equal(rig_restarts, 1);
    assert_int_equal(simplug_moves(1, moves, 4), 2); /* the chip's reset lets go of it */
    assert_true(moves[1].on);
    assert_int_equal(moves[1].us, moves[0].us); /* and nothing else comes between */
}

static void a_pin_of_the_flash_is_never_touched_whatever_the_settings_say(void **state)
{
    (void)state;
    rig_new(HAL_ECR6600, "{\"7\":\"Rel;1\",\"12\":\"Btn;1\",\"19\":\"LED;1\",\"25\":\"Rel;2\"}");
    rig_boot(HAL_RESET_POWER);
    channel_set(&rig, 1, 1, false);
    rig_run(2000);
    for (unsigned pin = 7; pin <= 19; pin += pin == 12 ? 7 : 1)
        for (int call = HOST_PIN_LATCH; call <= HOST_PULSE_ATTACH; call++)
            assert_int_equal(host_first((enum host_call)call, pin), -1);
    assert_int_equal(pins_relays(&rig), 1u << 2);
    assert_int_equal(pins_first_relay(&rig), 2);
}

/* ---- outputs ------------------------------------------------------------------ */

static void relays_and_leds_of_a_channel_follow_it(void **state)
{
    (void)state;
    daily("{\"14\":\"Rel;1\",\"15\":\"Rel_n;1\",\"21\":\"LED_n;1\",\"16\":\"LED;1\",\"22\":\"Rel;"
          "2\"}");
    for (int32_t value = 0; value < 3; value++) {
        channel_set(&rig, 1, value, false);
        assert_int_equal(host_pin_level(14), value > 0);
        assert_int_equal(host_pin_level(15), value == 0);
        assert_int_equal(simplug_lit(21), value > 0);
        assert_int_equal(simplug_lit(16), value > 0);
        assert_false(host_pin_level(22));
    }
}

static void a_changed_role_touches_its_pin_only(void **state)
{
    (void)state;
    daily("{\"24\":\"Btn;1\",\"25\":\"Rel;1\",\"22\":\"LED;1\"}");
    channel_set(&rig, 1, 1, false);
    host_calls_forget();
    config_set_pin(&rig.cfg, 21, ROLE_LED_N, 1, 0);
    pins_changed(&rig, 21);
    config_set_pin(&rig.cfg, 21, ROLE_NONE, 0, 0);
    pins_changed(&rig, 21);
    assert_int_equal(host_calls(), 3);
    for (size_t i = 0; i < host_calls(); i++)
        assert_int_equal(host_called(i)->a, 21);
    assert_int_equal(host_called(0)->b, 0); /* lit from the first instant, active low */
    assert_false(host_pin_driven(21));
}

static void a_pin_that_goes_from_relay_to_meter_is_driven_no_more(void **state)
{
    (void)state;
    daily("{\"25\":\"Rel;1\",\"15\":\"BL0937SEL;0\"}");
    config_set_pin(&rig.cfg, 25, ROLE_CF, 0, 0);
    pins_changed(&rig, 25);
    assert_false(host_pin_driven(25));
    hal_pin_output(15, true); /* as its driver does */
    config_set_pin(&rig.cfg, 15, ROLE_SEL, 3, 0);
    pins_changed(&rig, 15);
    assert_true(host_pin_driven(15));
    config_set_pin(&rig.cfg, 15, ROLE_NONE, 0, 0);
    pins_changed(&rig, 15);
    assert_false(host_pin_driven(15));
}

/* ---- buttons ------------------------------------------------------------------ */

static void a_click_switches_the_relay_and_the_next_one_switches_it_back(void **state)
{
    (void)state;
    daily(PLUG);
    rig_click(BTN, 150, 600);
    assert_true(simplug_relay(1));
    rig_click(BTN, 150, 600);
    assert_false(simplug_relay(1));
    assert_int_equal(simplug_moves(1, NULL, 0), 2);
}

static void every_kind_of_button_is_pressed_the_way_its_board_wires_it(void **state)
{
    static const char *const roles[] = {"Btn", "Btn_n", "Btn_pd", "Btn_pd_n"};

    (void)state;
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        char pins[64];

        snprintf(pins, sizeof pins, "{\"24\":\"%s;1\",\"25\":\"Rel;1\"}", roles[i]);
        daily(pins);
        assert_false(simplug_relay(1));
        rig_click(BTN, 150, 600);
        assert_true(simplug_relay(1));
    }
}

static void a_double_click_switches_the_second_channel_only(void **state)
{
    (void)state;
    daily("{\"24\":\"Btn;1;2\",\"25\":\"Rel;1\",\"23\":\"Rel;2\"}");
    rig_click(BTN, 150, 150);
    rig_click(BTN, 150, 600);
    assert_true(simplug_relay(2));
    assert_false(simplug_relay(1));
}

/* The original toggled channel 0 then, which is a relay on many plugs. */
static void a_double_click_without_a_second_channel_does_nothing(void **state)
{
    (void)state;
    daily("{\"24\":\"Btn;0\",\"25\":\"Rel;0\"}");
    rig_click(BTN, 150, 150);
    rig_click(BTN, 150, 600);
    assert_int_equal(simplug_moves(0, NULL, 0), 0);
    assert_string_equal(host_radio_ap_name(), "");
}

static void five_clicks_are_an_event_and_switch_nothing(void **state)
{
    (void)state;
    daily(PLUG);
    rig_on(EVENT_5_CLICK, BTN, "SetChannel 20 1");
    for (int i = 0; i < 5; i++)
        rig_click(BTN, 150, 150);
    rig_run(1000);
    assert_int_equal(channel_get(&rig, 20), 1);
    assert_int_equal(simplug_moves(1, NULL, 0), 0);
}

static void a_button_for_all_switches_all_off_if_any_is_on_else_all_on(void **state)
{
    (void)state;
    daily("{\"24\":\"Btn_Tgl_All;0\",\"25\":\"Rel;1\",\"23\":\"Rel_n;2\",\"22\":\"Rel;3\"}");
    channel_set(&rig, 2, 1, false);
    rig_click(BTN, 150, 600);
    for (unsigned ch = 1; ch <= 3; ch++)
        assert_false(simplug_relay(ch));
    rig_click(BTN, 150, 600);
    for (unsigned ch = 1; ch <= 3; ch++)
        assert_true(simplug_relay(ch));
}

static void a_button_stuck_at_boot_switches_nothing_even_when_instant(void **state)
{
    (void)state;
    for (int instant = 0; instant < 2; instant++) {
        rig_new(HAL_ECR6600, PLUG);
        config_set_flag(&rig.cfg, INSTANT, instant);
        simplug_press(BTN);
        rig_boot(HAL_RESET_POWER);
        rig_on(EVENT_PRESS, BTN, "SetChannel 20 1");
        rig_on(EVENT_HOLD, BTN, "SetChannel 20 1");
        rig_run(30000);
        simplug_release(BTN);
        rig_run(1000);
        assert_int_equal(simplug_moves(1, NULL, 0), 0);
        assert_int_equal(channel_get(&rig, 20), 0);
        rig.events.handlers = 0;
        rig_click(BTN, 150, 600);
        assert_true(simplug_relay(1));
    }
}

static void flag_6_switches_at_the_press_and_not_again_at_the_click(void **state)
{
    (void)state;
    daily(PLUG);
    config_set_flag(&rig.cfg, INSTANT, true);
    simplug_press(BTN);
    rig_run(150);
    assert_true(simplug_relay(1));
    simplug_release(BTN);
    rig_run(1000);
    assert_true(simplug_relay(1));
    assert_int_equal(simplug_moves(1, NULL, 0), 1);
}

/* #648 */
static void flag_41_locks_every_button_and_what_is_pressed_when_it_ends_does_not_count(void **state)
{
    (void)state;
    daily("{\"22\":\"Btn_Tgl_All;0\",\"24\":\"Btn;1\",\"25\":\"Rel;1\"}");
    config_set_flag(&rig.cfg, LOCK, true);
    rig_click(BTN, 150, 600);
    rig_click(22, 150, 600);
    rig_click(BTN, 15000, 600);
    simplug_press(BTN);
    rig_run(500);
    config_set_flag(&rig.cfg, LOCK, false);
    rig_run(500);
    simplug_release(BTN);
    rig_run(1000);
    assert_int_equal(simplug_moves(1, NULL, 0), 0);
    assert_string_equal(host_radio_ap_name(), "");
    rig_click(BTN, 150, 600);
    assert_true(simplug_relay(1));
}

static void a_handler_takes_the_place_of_what_the_button_does(void **state)
{
    (void)state;
    daily("{\"24\":\"Btn;1\",\"25\":\"Rel;1\",\"23\":\"Rel;2\"}");
    rig_on(EVENT_CLICK, BTN, "ToggleChannel 2");
    rig_click(BTN, 150, 600);
    assert_false(simplug_relay(1));
    assert_true(simplug_relay(2));
}

static void a_template_that_switches_its_usb_sockets_by_double_click_works(void **state)
{
    (void)state;
    daily("{\"22\":\"WifiLED;0\",\"20\":\"Btn;1\",\"24\":\"Rel;1\",\"25\":\"Rel;2\"}");
    rig_on(EVENT_DBL_CLICK, 20, "ToggleChannel 2");
    rig_click(20, 150, 150);
    rig_click(20, 150, 600);
    assert_true(simplug_relay(2));
    assert_false(simplug_relay(1));
}

static void holding_for_ten_seconds_opens_the_access_point_and_erases_nothing(void **state)
{
    (void)state;
    daily(PLUG);
    rig_click(BTN, 9500, 3000);
    assert_string_equal(host_radio_ap_name(), "");
    host_calls_forget();
    rig_click(BTN, 14000, 3000);
    assert_int_equal(host_count(HOST_RADIO_OPEN_AP, HOST_ANY), 1);
    assert_string_equal(host_radio_ap_name(), "OpenECR6600_CCDDEEFF");
    assert_string_equal(config_text(&rig.cfg, CFG_SSID), "home");
    assert_int_equal(simplug_moves(1, NULL, 0), 0);
}

static void a_short_hold_erases_nothing_and_switches_nothing(void **state)
{
    struct config before;

    (void)state;
    daily(PLUG);
    before = rig.cfg;
    rig_click(BTN, 4000, 3000);
    assert_memory_equal(before.rec, rig.cfg.rec, CONFIG_SIZE);
    assert_int_equal(simplug_moves(1, NULL, 0), 0);
}

static void a_double_click_in_the_first_five_seconds_opens_the_access_point(void **state)
{
    (void)state;
    rig_new(HAL_ECR6600, "{\"24\":\"Btn;1;2\",\"25\":\"Rel;1\",\"23\":\"Rel;2\"}");
    config_set_text(&rig.cfg, CFG_SSID, "home");
    rig_boot(HAL_RESET_POWER);
    rig_run(1500);
    rig_click(BTN, 150, 150);
    rig_click(BTN, 150, 2500);
    assert_string_equal(host_radio_ap_name(), "OpenECR6600_CCDDEEFF");
    assert_string_equal(config_text(&rig.cfg, CFG_SSID), "home");
    assert_int_equal(simplug_moves(2, NULL, 0), 0);
}

/* ---- inputs ------------------------------------------------------------------- */

static void an_input_shows_its_level_from_the_start_and_after_250_ms(void **state)
{
    (void)state;
    rig_new(HAL_ECR6600, "{\"20\":\"dInput;3\",\"21\":\"dInput_n;4\"}");
    rig_boot(HAL_RESET_POWER);
    assert_int_equal(channel_get(&rig, 3), 1); /* pulled up */
    assert_int_equal(channel_get(&rig, 4), 0);
    simplug_switch(20, false);
    simplug_switch(21, false);
    rig_run(220);
    assert_int_equal(channel_get(&rig, 3), 1);
    rig_run(80);
    assert_int_equal(channel_get(&rig, 3), 0);
    assert_int_equal(channel_get(&rig, 4), 1);
    config_set_flag(&rig.cfg, INSTANT, true);
    simplug_switch(20, true);
    rig_run(70);
    assert_int_equal(channel_get(&rig, 3), 0);
    rig_run(80);
    assert_int_equal(channel_get(&rig, 3), 1);
}

static void a_rocker_toggles_at_each_edge_and_not_at_boot(void **state)
{
    (void)state;
    for (int high = 0; high < 2; high++) {
        rig_new(HAL_ECR6600, "{\"20\":\"TglChanOnTgl;1\",\"25\":\"Rel;1\"}");
        simplug_switch(20, high);
        rig_boot(HAL_RESET_POWER);
        rig_run(2000);
        assert_int_equal(simplug_moves(1, NULL, 0), 0);
        simplug_switch(20, !high);
        rig_run(400);
        assert_true(simplug_relay(1));
        simplug_switch(20, high);
        rig_run(100); /* too short to count */
        simplug_switch(20, !high);
        rig_run(400);
        assert_true(simplug_relay(1));
        simplug_switch(20, high);
        rig_run(400);
        assert_false(simplug_relay(1));
    }
}

/* ---- the Wi-Fi LED ------------------------------------------------------------- */

static unsigned blinks(unsigned pin, uint32_t ms)
{
    bool was = simplug_lit(pin);
    unsigned n = 0;

    for (uint32_t t = 0; t < ms; t += 5) {
        rig_run(5);
        n += simplug_lit(pin) != was;
        was = simplug_lit(pin);
    }
    return n;
}

static void the_wifi_led_blinks_slowly_while_connecting_and_is_on_when_connected(void **state)
{
    (void)state;
    rig_new(HAL_ECR6600, "{\"22\":\"WifiLED_n;1\",\"21\":\"WifiLED;0\",\"25\":\"Rel;1\"}");
    config_set_text(&rig.cfg, CFG_SSID, "home");
    rig_boot(HAL_RESET_POWER);
    assert_in_range(blinks(22, 10500), 18, 21); /* each 525 ms */
    *host_ap(0) = (struct host_ap){.ssid = "home", .channel = 6, .rssi = -60};
    hal_radio_connect("home", "", NULL, 0);
    rig_run(15000);
    assert_int_equal(hal_radio_state(), HAL_RADIO_CONNECTED);
    assert_int_equal(blinks(22, 5000), 0);
    assert_true(simplug_lit(22));
    assert_true(simplug_lit(21));
    channel_set(&rig, 1, 1, false);
    channel_set(&rig, 1, 0, false);
    assert_true(simplug_lit(22)); /* its channel is nothing to it */
}

static void the_wifi_led_blinks_fast_while_the_access_point_is_open(void **state)
{
    (void)state;
    rig_new(HAL_ECR6600, "{\"22\":\"WifiLED;0\"}");
    rig_boot(HAL_RESET_POWER);
    rig_run(10000);
    assert_true(host_radio_ap_name()[0]);
    assert_in_range(blinks(22, 11000), 38, 42); /* each 275 ms */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_relay_has_its_level_from_the_first_instant),
        cmocka_unit_test(relays_come_before_flash_radio_meter_and_every_other_pin),
        cmocka_unit_test(a_retained_relay_does_not_blink_when_the_plug_restarts_itself),
        cmocka_unit_test(a_pin_of_the_flash_is_never_touched_whatever_the_settings_say),
        cmocka_unit_test(relays_and_leds_of_a_channel_follow_it),
        cmocka_unit_test(a_changed_role_touches_its_pin_only),
        cmocka_unit_test(a_pin_that_goes_from_relay_to_meter_is_driven_no_more),
        cmocka_unit_test(a_click_switches_the_relay_and_the_next_one_switches_it_back),
        cmocka_unit_test(every_kind_of_button_is_pressed_the_way_its_board_wires_it),
        cmocka_unit_test(a_double_click_switches_the_second_channel_only),
        cmocka_unit_test(a_double_click_without_a_second_channel_does_nothing),
        cmocka_unit_test(five_clicks_are_an_event_and_switch_nothing),
        cmocka_unit_test(a_button_for_all_switches_all_off_if_any_is_on_else_all_on),
        cmocka_unit_test(a_button_stuck_at_boot_switches_nothing_even_when_instant),
        cmocka_unit_test(flag_6_switches_at_the_press_and_not_again_at_the_click),
        cmocka_unit_test(
            flag_41_locks_every_button_and_what_is_pressed_when_it_ends_does_not_count),
        cmocka_unit_test(a_handler_takes_the_place_of_what_the_button_does),
        cmocka_unit_test(a_template_that_switches_its_usb_sockets_by_double_click_works),
        cmocka_unit_test(holding_for_ten_seconds_opens_the_access_point_and_erases_nothing),
        cmocka_unit_test(a_short_hold_erases_nothing_and_switches_nothing),
        cmocka_unit_test(a_double_click_in_the_first_five_seconds_opens_the_access_point),
        cmocka_unit_test(an_input_shows_its_level_from_the_start_and_after_250_ms),
        cmocka_unit_test(a_rocker_toggles_at_each_edge_and_not_at_boot),
        cmocka_unit_test(the_wifi_led_blinks_slowly_while_connecting_and_is_on_when_connected),
        cmocka_unit_test(the_wifi_led_blinks_fast_while_the_access_point_is_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
