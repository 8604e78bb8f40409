/* The simulated plug and its radio, against the data sheets: what tests of the firmware
 * stand on. Nothing of the core runs here. */
#include "support/check.h"

#include <math.h>
#include <stdbool.h>

#include "hal/host/host.h"
#include "hal/host/simplug.h"

#define BOARD                                                                                      \
    "{\"14\":\"BL0937CF;0\",\"15\":\"BL0937SEL;0\",\"20\":\"BL0937CF1;0\",\"22\":\"WifiLED;0\","   \
    "\"24\":\"Btn;1\",\"25\":\"Rel;1\"}"

enum { CF = 14, SEL = 15, CF1 = 20, REL = 25 };

static int board(void **state)
{
    (void)state;
    host_reset();
    assert_true(simplug_build(BOARD));
    simplug_load(1, 1000, 1);
    return 0;
}

/* ---- relays, loads, buttons ------------------------------------------------------ */

static void a_load_draws_only_while_its_relay_is_driven(void **state)
{
    (void)state;
    assert_false(simplug_relay(1));
    assert_true(simplug_truth().watt == 0);
    hal_pin_output(REL, true);
    assert_true(simplug_relay(1));
    assert_true(fabs(simplug_truth().watt - 1000) < 1e-9);
    assert_true(fabs(simplug_truth().ampere - 1000 / 230.0) < 1e-9);
    hal_pin_input(REL, HAL_PULL_UP);
    assert_false(simplug_relay(1));
}

static void every_move_of_a_coil_is_seen_however_short(void **state)
{
    struct simplug_move moves[4];

    (void)state;
    hal_pin_output(REL, false);
    hal_pin_write(REL, true);
    hal_pin_write(REL, false);
    host_advance_ms(5);
    hal_pin_write(REL, true);
    assert_int_equal(simplug_moves(1, moves, 4), 3);
    assert_true(moves[0].on && !moves[1].on && moves[2].on);
    assert_int_equal(moves[2].us - moves[1].us, 5000);
    host_restart(HAL_RESET_WATCHDOG); /* the pins float, the coil lets go */
    assert_int_equal(simplug_moves(1, NULL, 0), 4);
    assert_false(simplug_relay(1));
}

static void a_relay_that_is_active_low_is_open_while_its_pin_floats(void **state)
{
    (void)state;
    host_reset();
    assert_true(simplug_build("{\"3\":\"Rel_n;7\"}"));
    assert_false(simplug_relay(7));
    hal_pin_output(3, true);
    assert_false(simplug_relay(7));
    hal_pin_write(3, false);
    assert_true(simplug_relay(7));
}

static void power_goes_with_the_square_of_the_voltage_and_energy_adds_up(void **state)
{
    (void)state;
    simplug_load(1, 2300, 0.5);
    hal_pin_output(REL, true);
    host_advance_ms(3600000);
    assert_true(fabs(simplug_truth().wh - 2300) < 0.01);
    assert_true(fabs(simplug_truth().ampere - 20) < 1e-9);
    simplug_mains(115, 60);
    assert_true(fabs(simplug_truth().watt - 575) < 1e-9);
    simplug_mains(0, 0);
    assert_true(simplug_truth().watt == 0 && simplug_truth().ampere == 0);
}

static void buttons_pull_their_pin_to_the_level_that_means_pressed(void **state)
{
    static const struct {
        const char *pins;
        enum hal_pull pull;
        bool pressed;
    } cases[] = {{"{\"24\":\"Btn;1\"}", HAL_PULL_UP, false},
                 {"{\"24\":\"Btn_n;1\"}", HAL_PULL_UP, true},
                 {"{\"24\":\"Btn_pd;1\"}", HAL_PULL_DOWN, false},
                 {"{\"24\":\"Btn_pd_n;1\"}", HAL_PULL_DOWN, true}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        host_reset();
        assert_true(simplug_build(cases[i].pins));
        hal_pin_input(24, cases[i].pull);
        assert_int_equal(hal_pin_read(24), !cases[i].pressed);
        simplug_press(24);
        assert_int_equal(hal_pin_read(24), cases[i].pressed);
        simplug_release(24);
        assert_int_equal(hal_pin_read(24), !cases[i].pressed);
    }
}

static void a_chip_that_drives_a_pressed_button_is_noticed(void **state)
{
    (void)state;
    simplug_press(24);
    assert_int_equal(host_pin_fights(), 0);
    hal_pin_output(24, true);
    assert_int_equal(host_pin_fights(), 1);
}

static void texts_that_are_no_template_are_refused(void **state)
{
    static const char *const bad[] = {
        "", "[]", "{\"14\":1}", "{\"14\":\"", "{\"99\":\"Rel;1\"}", "{\"14\":\"Rel;1\""};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        host_reset();
        assert_false(simplug_build(bad[i]));
    }
    host_reset();
    assert_true(simplug_build("{}"));
    assert_true(simplug_build("{\"7\":\"WiFiLED;1\", \"8\":\"rel_N ;2;3\"}"));
    hal_pin_output(6, true);
}

/* ---- BL0937 ----------------------------------------------------------------------- */

static uint32_t pulses(unsigned pin, uint32_t ms)
{
    const uint32_t before = hal_pulse_read(pin).count;

    host_advance_ms(ms);
    return hal_pulse_read(pin).count - before;
}

static void a_bl0937_gives_the_pulses_of_the_reference(void **state)
{
    (void)state;
    assert_true(hal_pulse_attach(CF));
    assert_true(hal_pulse_attach(CF1));
    hal_pin_output(SEL, true);
    hal_pin_output(REL, true);
    simplug_mains(229.9398, 50);
    host_advance_ms(1000);
    assert_in_range(pulses(CF1, 1000), 1734, 1736);
    simplug_mains(230, 50);
    simplug_load(1, 99, 1);
    assert_in_range(pulses(CF, 1000), 65, 67);
    simplug_load(1, 1.185771 * 230, 1);
    hal_pin_write(SEL, false);
    host_advance_ms(200);
    assert_in_range(pulses(CF1, 1000), 99, 101);
}

/* #2128 */
static void a_bl0937_goes_on_with_the_old_quantity_for_a_while(void **state)
{
    (void)state;
    assert_true(hal_pulse_attach(CF1));
    hal_pin_output(SEL, true);
    host_advance_ms(1000);
    hal_pin_write(SEL, false); /* no current flows */
    assert_in_range(pulses(CF1, 100), 170, 176);
    assert_in_range(pulses(CF1, 1000), 0, 2);
    hal_pin_write(SEL, true);
    assert_in_range(pulses(CF1, 100), 0, 2);
    assert_in_range(pulses(CF1, 100), 170, 176);
}

static void an_inverted_sel_is_the_other_way_round(void **state)
{
    (void)state;
    host_reset();
    assert_true(simplug_build("{\"15\":\"BL0937SEL_n;0\",\"20\":\"BL0937CF1;0\"}"));
    assert_true(hal_pulse_attach(CF1));
    hal_pin_output(SEL, true);
    host_advance_ms(500);
    assert_int_equal(pulses(CF1, 1000), 0);
    hal_pin_write(SEL, false);
    host_advance_ms(500);
    assert_in_range(pulses(CF1, 1000), 1734, 1737);
}

static void the_time_of_a_pulse_tells_its_rate_to_the_microsecond(void **state)
{
    struct hal_pulse a, b;

    (void)state;
    simplug_load(1, 2, 1); /* one pulse in 0.75 s */
    hal_pin_output(REL, true);
    assert_true(hal_pulse_attach(CF));
    while ((a = hal_pulse_read(CF)).count < 1)
        host_advance_ms(1);
    while ((b = hal_pulse_read(CF)).count < 2)
        host_advance_ms(1);
    assert_in_range(b.last_us - a.last_us, 749995, 750005);
}

static void pulses_that_nobody_counts_are_lost(void **state)
{
    (void)state;
    hal_pin_output(REL, true);
    host_advance_ms(1000);
    assert_true(hal_pulse_attach(CF));
    assert_int_equal(hal_pulse_read(CF).count, 0);
    for (unsigned pin = 0; pin < 3; pin++)
        assert_true(hal_pulse_attach(pin));
    assert_false(hal_pulse_attach(3)); /* no counter left */
    hal_pulse_detach(CF);
    assert_true(hal_pulse_attach(3));
}

/* ---- BL0942 ----------------------------------------------------------------------- */

static size_t answer(unsigned port, const void *ask, size_t len, uint8_t out[64])
{
    hal_uart_write(port, ask, len);
    host_advance_ms(100);
    return hal_uart_read(port, out, 64);
}

static const uint8_t read_all[] = {0x58, 0xaa};
static const uint8_t unlock[] = {0xa8, 0x1d, 0x55, 0x00, 0x00, 0xe5};
static const uint8_t mode[] = {0xa8, 0x19, 0x8f, 0x00, 0x00, 0xaf};

static void a_bl0942_answers_with_the_frame_of_the_reference(void **state)
{
    static const uint8_t expected[23] = {0x55, 0xdc, 0xaa, 0x01, 0x78, 0x4d, 0x35, 0xdc,
                                         0xaa, 0x01, 0x98, 0xe9, 0x00, 0xe8, 0x03, 0x00,
                                         0x20, 0x4e, 0x00, 0x00, 0x00, 0x00, 0x70};
    uint8_t got[64];

    (void)state;
    simplug_meter(SIMPLUG_BL0942, 0, 4800);
    simplug_load(1, 100, 100 / (230 * 0.435));
    hal_pin_output(REL, true);
    assert_true(hal_uart_open(0, 4800, HAL_PARITY_NONE));
    host_advance_ms(1);
    simplug_bl0942_count(1000);
    assert_int_equal(answer(0, read_all, 2, got), 23);
    assert_memory_equal(got, expected, 23);
}

static void a_bl0942_takes_registers_only_when_unlocked_and_summed_right(void **state)
{
    uint8_t wrong[6], got[64];

    (void)state;
    simplug_meter(SIMPLUG_BL0942, 1, 9600);
    assert_true(hal_uart_open(1, 9600, HAL_PARITY_NONE));
    answer(1, mode, 6, got);
    assert_int_equal(simplug_bl0942_reg(0x19), 0);
    answer(1, unlock, 6, got);
    answer(1, mode, 6, got);
    assert_int_equal(simplug_bl0942_reg(0x19), 0x8f);
    assert_int_equal(simplug_bl0942_bad(), 1);
    memcpy(wrong, mode, 6);
    wrong[5] ^= 1;
    answer(1, wrong, 6, got);
    assert_int_equal(simplug_bl0942_bad(), 2);
}

static void a_bl0942_counts_energy_round_its_24_bits_and_power_fed_back_is_negative(void **state)
{
    uint8_t got[64];

    (void)state;
    simplug_meter(SIMPLUG_BL0942, 0, 4800);
    simplug_load(1, -100, 1);
    hal_pin_output(REL, true);
    assert_true(hal_uart_open(0, 4800, HAL_PARITY_NONE));
    simplug_bl0942_count(0xffffff);
    host_advance_ms(14100); /* 0.3917 Wh: two pulses */
    assert_int_equal(answer(0, read_all, 2, got), 23);
    assert_int_equal(got[13] | got[14] << 8 | got[15] << 16, 1);
    assert_int_equal(got[10] | got[11] << 8 | got[12] << 16, 0x1000000 - 59800);
}

static void bytes_take_their_time_on_the_wire(void **state)
{
    uint8_t got[64];

    (void)state;
    simplug_meter(SIMPLUG_BL0942, 0, 4800);
    assert_true(hal_uart_open(0, 4800, HAL_PARITY_NONE));
    hal_uart_write(0, read_all, 2);
    host_advance_ms(20);
    assert_in_range(hal_uart_read(0, got, 64), 9, 10);
    host_advance_ms(29);
    assert_in_range(hal_uart_read(0, got, 64), 13, 14);
}

static void a_wire_that_fails_loses_flips_and_falls_silent_as_told(void **state)
{
    uint8_t good[64], got[64];

    (void)state;
    simplug_meter(SIMPLUG_BL0942, 0, 4800);
    assert_true(hal_uart_open(0, 4800, HAL_PARITY_NONE));
    answer(0, read_all, 2, good);
    simplug_meter_lose(3);
    assert_int_equal(answer(0, read_all, 2, got), 20);
    assert_memory_equal(got, good + 3, 20);
    simplug_meter_flip(5);
    assert_int_equal(answer(0, read_all, 2, got), 23);
    assert_int_equal(got[5] ^ good[5], 0x10);
    simplug_meter_silent(true);
    assert_int_equal(answer(0, read_all, 2, got), 0);
    simplug_meter_silent(false);
    assert_int_equal(answer(0, read_all, 2, got), 23);
    assert_memory_equal(got, good, 23);
}

static void a_port_at_the_wrong_rate_or_closed_hears_nothing_of_use(void **state)
{
    uint8_t got[64];

    (void)state;
    simplug_meter(SIMPLUG_BL0942, 0, 4800);
    assert_true(hal_uart_open(0, 9600, HAL_PARITY_NONE));
    assert_int_equal(answer(0, read_all, 2, got), 0);
    simplug_meter(SIMPLUG_CSE7766, 0, 4800);
    assert_true(hal_uart_open(0, 4800, HAL_PARITY_NONE)); /* it speaks with even parity */
    host_advance_ms(500);
    assert_true(hal_uart_read(0, got, 64) > 0);
    for (size_t i = 0; i + 1 < sizeof got; i++)
        assert_false(got[i] == 0x55 && got[i + 1] == 0x5a);
    hal_uart_close(0);
    host_advance_ms(500);
    assert_true(host_uart(0).lost > 0);
}

/* ---- CSE7766 ----------------------------------------------------------------------- */

static bool cse_frame(uint8_t out[24])
{
    uint8_t got[256];
    size_t n;

    host_advance_ms(1000);
    hal_uart_read(0, got, sizeof got);
    host_advance_ms(200);
    n = hal_uart_read(0, got, sizeof got);
    for (size_t at = 0; at + 24 <= n; at++)
        if (got[at + 1] == 0x5a && (got[at] == 0x55 || got[at] >= 0xf0)) {
            memcpy(out, got + at, 24);
            return true;
        }
    return false;
}

static uint32_t be24(const uint8_t *p)
{
    return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static void a_cse7766_says_what_flows_in_the_numbers_of_the_reference(void **state)
{
    uint8_t f[24], sum = 0;

    (void)state;
    simplug_meter(SIMPLUG_CSE7766, 0, 4800);
    simplug_mains(240, 50);
    simplug_load(1, 70 / (240.0 * 240 / (230.0 * 230)), 70 / (240 * 0.301907));
    hal_pin_output(REL, true);
    assert_true(hal_uart_open(0, 4800, HAL_PARITY_EVEN));
    assert_true(cse_frame(f));
    assert_int_equal(f[0], 0x55);
    assert_int_equal(be24(f + 2), 0x02fcd8);
    assert_int_equal(be24(f + 5), 0x00062f);
    assert_int_equal(be24(f + 8), 0x004132);
    assert_in_range(be24(f + 11), 0xd7f1, 0xd7f3);
    assert_int_equal(be24(f + 14), 0x537b18);
    assert_in_range(be24(f + 17), 0x023e9e, 0x023ea0);
    assert_int_equal(f[20] & 0x70, 0x70);
    for (int i = 2; i < 23; i++)
        sum = (uint8_t)(sum + f[i]);
    assert_int_equal(sum, f[23]);
}

static void a_cse7766_without_a_load_says_that_its_periods_are_too_long(void **state)
{
    uint8_t f[24];

    (void)state;
    simplug_meter(SIMPLUG_CSE7766, 0, 4800);
    assert_true(hal_uart_open(0, 4800, HAL_PARITY_EVEN));
    assert_true(cse_frame(f));
    assert_int_equal(f[0], 0xf6); /* power and current, the voltage is there */
    assert_int_equal(f[20] & 0x70, 0x40);
}

static void a_cse7766_counts_pulses_of_energy(void **state)
{
    uint8_t a[24], b[24];

    (void)state;
    simplug_meter(SIMPLUG_CSE7766, 0, 4800);
    simplug_load(1, 1000, 1);
    hal_pin_output(REL, true);
    assert_true(hal_uart_open(0, 4800, HAL_PARITY_EVEN));
    assert_true(cse_frame(a));
    host_advance_ms(60000 - 1200);
    assert_true(cse_frame(b));
    /* One pulse is its power period: 5471000 * 1.88214409 us at 1 W. */
    assert_in_range((uint16_t)((b[21] << 8 | b[22]) - (a[21] << 8 | a[22])), 5820, 5834);
}

/* ---- the radio ----------------------------------------------------------------------- */

static int air(void **state)
{
    (void)state;
    host_reset();
    *host_ap(0) = (struct host_ap){.ssid = "home",
                                   .password = "secret12",
                                   .bssid = {2, 0, 0, 0, 0, 1},
                                   .channel = 6,
                                   .rssi = -70,
                                   .net = 1};
    return 0;
}

static enum hal_radio_state connects(const char *ssid, const char *password)
{
    hal_radio_connect(ssid, password, NULL, 0);
    assert_int_equal(hal_radio_state(), HAL_RADIO_CONNECTING);
    host_advance_ms(5000);
    return hal_radio_state();
}

static void a_radio_connects_with_the_right_password_only(void **state)
{
    struct hal_radio_network link;
    uint8_t ip[4], mask[4], gw[4], dns[4];

    (void)state;
    assert_int_equal(connects("home", "secret13"), HAL_RADIO_AUTH_FAILED);
    assert_int_equal(connects("work", "secret12"), HAL_RADIO_NOT_FOUND);
    assert_false(hal_radio_link(&link));
    assert_int_equal(connects("home", "secret12"), HAL_RADIO_CONNECTED);
    assert_true(hal_radio_link(&link));
    assert_string_equal(link.ssid, "home");
    assert_int_equal(link.channel, 6);
    assert_true(host_lease(ip, mask, gw, dns));
    assert_int_equal(ip[2], 1);
    host_ap(0)->refuses = true;
    assert_int_equal(connects("home", "secret12"), HAL_RADIO_LOST);
}

static void a_radio_takes_the_strongest_of_a_name(void **state)
{
    struct hal_radio_network link, heard[4];

    (void)state;
    *host_ap(1) = *host_ap(0);
    host_ap(1)->channel = 11;
    host_ap(1)->rssi = -50;
    assert_int_equal(connects("home", "secret12"), HAL_RADIO_CONNECTED);
    assert_true(hal_radio_link(&link));
    assert_int_equal(link.channel, 11);
    assert_int_equal(hal_radio_scanned(heard, 4), -1);
    hal_radio_scan();
    assert_int_equal(hal_radio_scanned(heard, 4), -1);
    host_advance_ms(3000);
    assert_int_equal(hal_radio_scanned(heard, 4), 2);
    assert_int_equal(heard[0].channel, 11);
    assert_int_equal(hal_radio_scanned(heard, 1), 1);
    assert_int_equal(heard[0].channel, 11);
}

static void a_lost_link_is_noticed_late_and_does_not_mend_itself(void **state)
{
    (void)state;
    assert_int_equal(connects("home", "secret12"), HAL_RADIO_CONNECTED);
    host_router_restart(0, 60000);
    host_advance_ms(1000);
    assert_int_equal(hal_radio_state(), HAL_RADIO_CONNECTED);
    assert_false(host_radio_linked());
    host_advance_ms(4000);
    assert_int_equal(hal_radio_state(), HAL_RADIO_LOST);
    host_advance_ms(120000);
    assert_int_equal(hal_radio_state(), HAL_RADIO_LOST);
    assert_int_equal(connects("home", "secret12"), HAL_RADIO_CONNECTED);
}

/* #509, #775, #1678, #2082, #876, #1643: the event that never came. */
static void a_radio_may_say_for_ever_that_it_is_connected(void **state)
{
    for (enum host_lie lie = HOST_SAYS_CONNECTED; lie <= HOST_SAYS_ALL; lie++) {
        struct hal_radio_network link;

        air(state);
        host_radio_lies(lie);
        assert_int_equal(connects("home", "secret12"), HAL_RADIO_CONNECTED);
        host_router_restart(0, 5000);
        host_advance_ms(600000);
        assert_int_equal(hal_radio_state(), HAL_RADIO_CONNECTED);
        assert_int_equal(hal_radio_link(&link), lie == HOST_SAYS_ALL);
        assert_false(host_radio_linked());
    }
}

static void a_dhcp_server_may_be_mute_or_move_the_plug(void **state)
{
    uint8_t ip[4], mask[4], gw[4], dns[4];

    (void)state;
    host_ap(0)->mute = true;
    assert_int_equal(connects("home", "secret12"), HAL_RADIO_CONNECTED);
    assert_false(host_lease(ip, mask, gw, dns));
    host_ap(0)->mute = false;
    host_advance_ms(1);
    assert_true(host_lease(ip, mask, gw, dns));
    host_ap(0)->net = 77;
    host_lease_renew();
    assert_false(host_lease(ip, mask, gw, dns));
    host_advance_ms(1000);
    assert_true(host_lease(ip, mask, gw, dns));
    assert_int_equal(ip[2], 77);
}

static void a_radio_may_work_for_three_restarts_and_then_never_again(void **state)
{
    (void)state;
    host_radio_wears(HOST_WEARS_OUT, 4);
    for (int i = 1; i <= 5; i++) {
        host_restart(HAL_RESET_SOFTWARE);
        assert_int_equal(connects("home", "secret12"),
                         i <= 3 ? HAL_RADIO_CONNECTED : HAL_RADIO_CONNECTING);
    }
    host_restart(HAL_RESET_POWER);
    assert_int_equal(connects("home", "secret12"), HAL_RADIO_CONNECTED);

    host_radio_wears(HOST_WEARS_UNTIL_STOP, 1);
    host_restart(HAL_RESET_SOFTWARE);
    assert_int_equal(connects("home", "secret12"), HAL_RADIO_CONNECTING);
    hal_radio_stop();
    assert_int_equal(connects("home", "secret12"), HAL_RADIO_CONNECTED);

    host_radio_wears(HOST_WEARS_FAST, 1);
    host_restart(HAL_RESET_SOFTWARE);
    hal_radio_connect("home", "secret12", host_ap(0)->bssid, 6);
    host_advance_ms(60000);
    assert_int_equal(hal_radio_state(), HAL_RADIO_CONNECTING);
    assert_int_equal(connects("home", "secret12"), HAL_RADIO_CONNECTED);
}

/* #1157 */
static void a_bl602_that_saves_power_does_not_connect(void **state)
{
    (void)state;
    host_chip(HAL_BL602);
    hal_radio_power_save(1);
    assert_int_equal(connects("home", "secret12"), HAL_RADIO_CONNECTING);
    hal_radio_power_save(0);
    assert_int_equal(connects("home", "secret12"), HAL_RADIO_CONNECTED);
}

static void every_chip_has_its_pins_and_one_name_for_each(void **state)
{
    static const unsigned count[] = {26, 24, 29, 29};

    (void)state;
    for (int family = 0; family < HAL_FAMILIES; family++) {
        host_chip((enum hal_family)family);
        assert_int_equal(hal_pin_count(), count[family]);
        assert_false(hal_pin_usable(count[family]));
        assert_string_equal(hal_pin_label(14), family == HAL_BL602 ? "IO14" : "P14");
        assert_string_equal(hal_pin_label(255), "?");
        for (unsigned pin = 0; pin < count[family]; pin++)
            for (unsigned other = 0; other < pin; other++)
                assert_string_not_equal(hal_pin_label(pin), hal_pin_label(other));
    }
    host_chip(HAL_ECR6600);
    for (unsigned pin = 0; pin < 26; pin++)
        assert_int_equal(hal_pin_usable(pin), !((pin >= 7 && pin <= 12) || pin == 19));
}

#define TEST(f)  cmocka_unit_test_setup(f, board)
#define RADIO(f) cmocka_unit_test_setup(f, air)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_load_draws_only_while_its_relay_is_driven),
        TEST(every_move_of_a_coil_is_seen_however_short),
        TEST(a_relay_that_is_active_low_is_open_while_its_pin_floats),
        TEST(power_goes_with_the_square_of_the_voltage_and_energy_adds_up),
        TEST(buttons_pull_their_pin_to_the_level_that_means_pressed),
        TEST(a_chip_that_drives_a_pressed_button_is_noticed),
        TEST(texts_that_are_no_template_are_refused),
        TEST(a_bl0937_gives_the_pulses_of_the_reference),
        TEST(a_bl0937_goes_on_with_the_old_quantity_for_a_while),
        TEST(an_inverted_sel_is_the_other_way_round),
        TEST(the_time_of_a_pulse_tells_its_rate_to_the_microsecond),
        TEST(pulses_that_nobody_counts_are_lost),
        TEST(a_bl0942_answers_with_the_frame_of_the_reference),
        TEST(a_bl0942_takes_registers_only_when_unlocked_and_summed_right),
        TEST(a_bl0942_counts_energy_round_its_24_bits_and_power_fed_back_is_negative),
        TEST(bytes_take_their_time_on_the_wire),
        TEST(a_wire_that_fails_loses_flips_and_falls_silent_as_told),
        TEST(a_port_at_the_wrong_rate_or_closed_hears_nothing_of_use),
        TEST(a_cse7766_says_what_flows_in_the_numbers_of_the_reference),
        TEST(a_cse7766_without_a_load_says_that_its_periods_are_too_long),
        TEST(a_cse7766_counts_pulses_of_energy),
        RADIO(a_radio_connects_with_the_right_password_only),
        RADIO(a_radio_takes_the_strongest_of_a_name),
        RADIO(a_lost_link_is_noticed_late_and_does_not_mend_itself),
        RADIO(a_radio_may_say_for_ever_that_it_is_connected),
        RADIO(a_dhcp_server_may_be_mute_or_move_the_plug),
        RADIO(a_radio_may_work_for_three_restarts_and_then_never_again),
        RADIO(a_bl602_that_saves_power_does_not_connect),
        RADIO(every_chip_has_its_pins_and_one_name_for_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
