/* BL0942: the frames of the reference (4.6), captured ones among them, streams that are
 * damaged, and the simulated chip on the simulated mains. */
#include "firmware/support/rig.h"

#include <math.h>

#define PLUG      "{\"24\":\"Btn;1\",\"25\":\"Rel;1\"}"
#define SETTLE_MS 3000u
#define WH_EACH   0.1948302

static const double loads[] = {0,  0.4, 1,   2,   3.3, 4.9, 5,    7,    12,   25,
                               40, 60,  100, 150, 333, 800, 1234, 2000, 3000, 3680};
#define LOADS (sizeof loads / sizeof loads[0])

static const uint8_t idle[] = {0x55, 0x00, 0x00, 0x00, 0x4a, 0x5a, 0x38, 0x50,
                               0xb9, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                               0x26, 0x4e, 0x00, 0x22, 0x01, 0x00, 0xd6};
static const uint8_t below[] = {0x55, 0x21, 0x00, 0x00, 0x6d, 0x42, 0x38, 0x60,
                                0xb9, 0x00, 0xfc, 0xff, 0xff, 0x00, 0x00, 0x00,
                                0x1e, 0x4e, 0x00, 0x02, 0x01, 0x00, 0xc8};
static const uint8_t hundred[] = {0x55, 0xdc, 0xaa, 0x01, 0x78, 0x4d, 0x35, 0xdc,
                                  0xaa, 0x01, 0x98, 0xe9, 0x00, 0xe8, 0x03, 0x00,
                                  0x20, 0x4e, 0x00, 0x00, 0x00, 0x00, 0x70};

static double value(enum meter_quantity q)
{
    assert_true(rig.meter.valid[q]);
    assert_true(isfinite(rig.meter.value[q]));
    return rig.meter.value[q];
}

static void assert_near(double is, double should, double by)
{
    if (!(fabs(is - should) <= by))
        fail_msg("%g instead of %g, by more than %g", is, should, by);
}

static void seal(uint8_t frame[BL0942_FRAME])
{
    uint8_t sum = 0x58;

    for (unsigned i = 0; i < BL0942_FRAME - 1; i++)
        sum = (uint8_t)(sum + frame[i]);
    frame[BL0942_FRAME - 1] = (uint8_t)~sum;
}

/* A plug with a free UART where the chip would be. */
static void bare(void)
{
    rig_new(HAL_ECR6600, PLUG);
    rig_boot(HAL_RESET_POWER);
    assert_true(meter_start(&rig, "BL0942", NULL));
}

static void hear(const void *data, size_t len)
{
    host_uart_feed(0, data, len);
    rig_run(30);
}

/* The same, a counter of energy further. */
static void hear_count(uint32_t count)
{
    uint8_t f[BL0942_FRAME];

    memcpy(f, hundred, sizeof f);
    f[13] = (uint8_t)count;
    f[14] = (uint8_t)(count >> 8);
    f[15] = (uint8_t)(count >> 16);
    seal(f);
    hear(f, sizeof f);
}

static void on(void)
{
    rig_new(HAL_ECR6600, PLUG);
    simplug_meter(SIMPLUG_BL0942, 0, 4800);
    rig_boot(HAL_RESET_POWER);
    assert_true(meter_start(&rig, "BL0942", NULL));
    assert_true(channel_set(&rig, 1, 1, false));
    rig_run(4000);
}

/* ---- frames ------------------------------------------------------------------------- */

static void a_captured_frame_without_load_is_read(void **state)
{
    (void)state;
    bare();
    hear(idle, sizeof idle);
    assert_near(value(METER_VOLTAGE), 243.161, 0.001);
    assert_true(value(METER_CURRENT) == 0 && value(METER_POWER) == 0);
    assert_near(value(METER_FREQUENCY), 49.985, 0.0005);
    assert_true(value(METER_FACTOR) == 1);
}

static void a_captured_frame_below_zero_is_no_power(void **state)
{
    struct bl0942_frame f;

    (void)state;
    assert_true(bl0942_decode(below, &f));
    assert_int_equal(f.watt, -4);
    bare();
    hear(below, sizeof below);
    assert_near(value(METER_VOLTAGE), 242.759, 0.001);
    assert_near(value(METER_CURRENT), 0.000131, 0.000001);
    assert_true(value(METER_POWER) == 0);
    assert_near(value(METER_FREQUENCY), 50.005, 0.0005);
}

static void the_frame_of_100_w_is_read(void **state)
{
    struct bl0942_frame f;

    (void)state;
    assert_true(bl0942_decode(hundred, &f));
    assert_int_equal(f.count, 1000);
    bare();
    hear(hundred, sizeof hundred);
    assert_near(value(METER_VOLTAGE), 230.000, 0.001);
    assert_near(value(METER_CURRENT), 0.435, 0.00001);
    assert_near(value(METER_POWER), 100.0, 0.01);
    assert_near(value(METER_FREQUENCY), 50.000, 0.0005);
}

static void any_flipped_bit_makes_it_no_frame(void **state)
{
    struct bl0942_frame f;

    (void)state;
    for (unsigned bit = 0; bit < 8 * BL0942_FRAME; bit++) {
        uint8_t bad[BL0942_FRAME];

        memcpy(bad, hundred, sizeof bad);
        bad[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(bl0942_decode(bad, &f));
    }
    bare();
    for (unsigned i = 0; i < 100; i++) {
        uint8_t bad[BL0942_FRAME];

        memcpy(bad, hundred, sizeof bad);
        bad[i % BL0942_FRAME] ^= 0x10;
        hear(bad, sizeof bad);
        assert_false(rig.meter.valid[METER_POWER]);
    }
}

static void no_period_of_the_mains_is_no_frequency(void **state)
{
    uint8_t f[BL0942_FRAME];

    (void)state;
    memcpy(f, hundred, sizeof f);
    f[16] = f[17] = 0;
    seal(f);
    bare();
    hear(f, sizeof f);
    assert_false(rig.meter.valid[METER_FREQUENCY]);
    assert_true(isfinite(rig.meter.value[METER_FREQUENCY]));
    assert_near(value(METER_POWER), 100, 0.01);
}

static void it_is_set_up_and_asked_with_the_bytes_of_the_reference(void **state)
{
    static const uint8_t bytes[] = {0xa8, 0x1d, 0x55, 0x00, 0x00, 0xe5, 0xa8,
                                    0x19, 0x8f, 0x00, 0x00, 0xaf, 0x58, 0xaa};
    uint8_t sent[64];

    (void)state;
    bare();
    assert_int_equal(host_uart_sent(0, sent, sizeof sent), sizeof bytes);
    assert_memory_equal(sent, bytes, sizeof bytes);
    rig_run(1100);
    assert_true(host_uart_sent(0, sent, sizeof sent) >= 2);
    assert_int_equal(sent[0], 0x58);
    assert_int_equal(sent[1], 0xaa);
}

/* ---- damaged streams -------------------------------------------------------------------- */

static void a_frame_is_found_wherever_it_begins(void **state)
{
    (void)state;
    for (unsigned lost = 1; lost < BL0942_FRAME; lost++) { /* the first bytes are missing */
        bare();
        hear(idle + lost, sizeof idle - lost);
        assert_false(rig.meter.valid[METER_POWER]);
        hear(hundred, sizeof hundred);
        if (!rig.meter.valid[METER_POWER])
            hear(hundred, sizeof hundred);
        assert_near(value(METER_POWER), 100, 0.01);
    }
}

static void false_heads_do_not_hide_a_frame(void **state)
{
    uint8_t heads[40];

    (void)state;
    memset(heads, 0x55, sizeof heads);
    for (unsigned n = 0; n < sizeof heads; n++) {
        bare();
        hear(heads, n);
        hear(hundred, sizeof hundred);
        assert_near(value(METER_VOLTAGE), 230, 0.001);
    }
}

static void frames_arrive_in_any_pieces(void **state)
{
    (void)state;
    for (unsigned piece = 1; piece <= 2 * BL0942_FRAME; piece++) {
        uint8_t two[2 * BL0942_FRAME];

        memcpy(two, idle, BL0942_FRAME);
        memcpy(two + BL0942_FRAME, hundred, BL0942_FRAME);
        bare();
        for (unsigned at = 0; at < sizeof two; at += piece)
            hear(two + at, sizeof two - at < piece ? sizeof two - at : piece);
        assert_near(value(METER_POWER), 100, 0.01);
    }
}

static void noise_is_no_reading(void **state)
{
    uint32_t seed = seeded(0x0942);

    (void)state;
    bare();
    for (unsigned i = 0; i < 3000; i++) {
        uint8_t some[64];

        for (unsigned k = 0; k < sizeof some; k++)
            some[k] = noise(&seed) % 4 ? (uint8_t)noise(&seed) : 0x55;
        host_uart_feed(0, some, noise(&seed) % sizeof some);
        rig_run(25);
        if (rig.meter.valid[METER_POWER]) /* one in 256 * 256 may pass for a frame */
            for (unsigned q = 0; q <= METER_FACTOR; q++)
                assert_true(isfinite(rig.meter.value[q]));
    }
    rig_run(100);
    hear(hundred, sizeof hundred);
    hear(hundred, sizeof hundred);
    assert_near(value(METER_POWER), 100, 0.01);
}

static void lost_and_flipped_bytes_never_show_a_wrong_value(void **state)
{
    uint32_t seed = seeded(0x5eed0942);
    unsigned seen = 0;

    (void)state;
    on();
    simplug_load(1, 100, 1);
    rig_run(SETTLE_MS);
    for (unsigned i = 0; i < 200; i++) {
        if (i % 2)
            simplug_meter_lose(1 + noise(&seed) % 30);
        else
            simplug_meter_flip(noise(&seed) % 23);
        rig_run(1000);
        if (!rig.meter.valid[METER_POWER])
            continue;
        seen++;
        assert_near(value(METER_POWER), 100, 1);
        assert_near(value(METER_VOLTAGE), 230, 2.3);
    }
    assert_true(seen > 150);
}

/* ---- energy ------------------------------------------------------------------------------- */

static void energy_is_what_the_chip_has_counted(void **state)
{
    double before;

    (void)state;
    bare();
    hear_count(1000);
    before = value(METER_TOTAL);
    hear_count(1001);
    assert_near(value(METER_TOTAL) - before, WH_EACH, 1e-6);
}

static void its_counter_wraps_at_24_bits(void **state)
{
    double before;

    (void)state;
    bare();
    hear_count(0xffffff);
    before = value(METER_TOTAL);
    hear_count(0);
    assert_near(value(METER_TOTAL) - before, WH_EACH, 1e-6);

    on();
    simplug_bl0942_count(0xfffffe);
    rig_run(1000);
    before = simplug_truth().wh - value(METER_TOTAL);
    simplug_load(1, 3000, 1);
    rig_run(20000);
    assert_near(simplug_truth().wh - value(METER_TOTAL), before, 0.7);
}

static void a_chip_that_began_anew_has_counted_nothing_yet(void **state)
{
    double before;

    (void)state;
    bare();
    hear_count(500000);
    before = value(METER_TOTAL);
    hear_count(3);
    assert_near(value(METER_TOTAL), before, 0.01);
    hear_count(4);
    assert_near(value(METER_TOTAL), before + WH_EACH, 0.01);
}

static void issue_1156_what_is_fed_back_is_not_consumed(void **state)
{
    double before;

    (void)state;
    on();
    before = value(METER_TOTAL);
    simplug_load(1, -500, 1);
    rig_run(20000);
    assert_true(value(METER_POWER) == 0);
    assert_near(value(METER_TOTAL), before, 0.2);
    config_set_flag(&rig.cfg, 25, true);
    rig_run(2000);
    assert_near(value(METER_POWER), -500, 5);
    assert_near(value(METER_TOTAL), before, 0.2);
    config_set_flag(&rig.cfg, 48, true); /* its wires are swapped */
    rig_run(20000);
    assert_near(value(METER_POWER), 500, 5);
    assert_true(value(METER_TOTAL) > before + 2);
}

/* ---- the mains ------------------------------------------------------------------------------ */

static void any_step_of_load_is_shown_within_3_s_and_1_percent(void **state)
{
    (void)state;
    on();
    for (unsigned i = 0; i < LOADS; i++)
        for (unsigned j = 0; j < LOADS; j++) {
            struct simplug_truth t;

            simplug_load(1, loads[i], 1);
            rig_run(3000 + 35 * j);
            simplug_load(1, loads[j], 1);
            rig_run(SETTLE_MS);
            t = simplug_truth();
            assert_near(value(METER_POWER), t.watt, t.watt >= 5 ? 0.01 * t.watt : 1);
            assert_near(value(METER_CURRENT), t.ampere, 0.001 + 0.01 * t.ampere);
            assert_near(value(METER_VOLTAGE), t.volt, 0.01 * t.volt);
            assert_near(value(METER_FREQUENCY), t.hertz, 0.1);
        }
    assert_near(value(METER_TOTAL), simplug_truth().wh, 0.01 * simplug_truth().wh);
    assert_int_equal(simplug_bl0942_bad(), 0);
    assert_int_equal(simplug_bl0942_reg(0x19) & 0xff, 0x8f);
}

static void a_chip_that_falls_silent_has_no_values(void **state)
{
    char text[1024];
    struct out o;

    (void)state;
    on();
    simplug_load(1, 100, 1);
    rig_run(SETTLE_MS);
    assert_near(value(METER_POWER), 100, 1);
    simplug_meter_silent(true);
    rig_run(4000);
    for (unsigned q = METER_VOLTAGE; q <= METER_FACTOR; q++)
        assert_false(rig.meter.valid[q]);
    assert_true(rig.meter.valid[METER_TOTAL]);
    out_init(&o, text, sizeof text);
    meter_status(&rig, &o);
    assert_non_null(strstr(text, "\"Power\":null"));
    meter_page(&rig, &o);
    assert_non_null(strstr(text, "no data"));
    assert_non_null(meter_calibrate(&rig, METER_POWER, 100));
    simplug_meter_silent(false);
    rig_run(2000);
    assert_near(value(METER_POWER), 100, 1);
}

static void other_rates_and_the_second_uart_can_be_had(void **state)
{
    (void)state;
    rig_new(HAL_BK7231N, PLUG);
    config_set_flag(&rig.cfg, 26, true);
    simplug_meter(SIMPLUG_BL0942, 1, 9600);
    rig_boot(HAL_RESET_POWER);
    assert_false(meter_start(&rig, "BL0942", "fast"));
    assert_false(meter_start(&rig, "BL0942", "0"));
    assert_int_equal(rig.meter.driver, METER_NONE);
    assert_true(meter_start(&rig, "bl0942", "9600"));
    assert_int_equal(host_uart(1).baud, 9600);
    assert_int_equal(host_uart(1).parity, HAL_PARITY_NONE);
    rig_run(2000);
    assert_near(value(METER_VOLTAGE), 230, 1);
    assert_true(meter_start(&rig, "BL0942", "9600")); /* again: nothing */
    assert_near(value(METER_VOLTAGE), 230, 1);
    meter_stop(&rig);
    assert_false(host_uart(1).open);
    assert_false(rig.meter.valid[METER_VOLTAGE]);
}

static void calibration_divides(void **state)
{
    (void)state;
    bare();
    hear(hundred, sizeof hundred);
    assert_null(meter_calibrate(&rig, METER_VOLTAGE, 231));
    assert_near((double)config_calibration(&rig.cfg, 0), 3493240 / 231.0, 0.01);
    assert_null(meter_calibrate(&rig, METER_POWER, 110));
    hear(hundred, sizeof hundred);
    assert_near(value(METER_VOLTAGE), 231, 0.001);
    assert_near(value(METER_POWER), 110, 0.001);
}

/* Row 38 of the templates: a constant of power below zero turns its sign. */
static void constants_of_older_templates_are_taken_as_they_are(void **state)
{
    (void)state;
    bare();
    assert_true(meter_set_calibration(&rig, METER_VOLTAGE, 15987.125));
    assert_true(meter_set_calibration(&rig, METER_POWER, -683.023987));
    assert_true(meter_set_calibration(&rig, METER_CURRENT, 272302.6875));
    assert_false(meter_set_calibration(&rig, METER_POWER, 0));
    assert_false(meter_set_calibration(&rig, METER_POWER, NAN));
    config_set_flag(&rig.cfg, 25, true);
    hear(hundred, sizeof hundred);
    assert_near(value(METER_VOLTAGE), 3493240 / 15987.125, 0.001);
    assert_near(value(METER_POWER), 59800 / -683.023987, 0.02);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_captured_frame_without_load_is_read),
        cmocka_unit_test(a_captured_frame_below_zero_is_no_power),
        cmocka_unit_test(the_frame_of_100_w_is_read),
        cmocka_unit_test(any_flipped_bit_makes_it_no_frame),
        cmocka_unit_test(no_period_of_the_mains_is_no_frequency),
        cmocka_unit_test(it_is_set_up_and_asked_with_the_bytes_of_the_reference),
        cmocka_unit_test(a_frame_is_found_wherever_it_begins),
        cmocka_unit_test(false_heads_do_not_hide_a_frame),
        cmocka_unit_test(frames_arrive_in_any_pieces),
        cmocka_unit_test(noise_is_no_reading),
        cmocka_unit_test(lost_and_flipped_bytes_never_show_a_wrong_value),
        cmocka_unit_test(energy_is_what_the_chip_has_counted),
        cmocka_unit_test(its_counter_wraps_at_24_bits),
        cmocka_unit_test(a_chip_that_began_anew_has_counted_nothing_yet),
        cmocka_unit_test(issue_1156_what_is_fed_back_is_not_consumed),
        cmocka_unit_test(any_step_of_load_is_shown_within_3_s_and_1_percent),
        cmocka_unit_test(a_chip_that_falls_silent_has_no_values),
        cmocka_unit_test(other_rates_and_the_second_uart_can_be_had),
        cmocka_unit_test(calibration_divides),
        cmocka_unit_test(constants_of_older_templates_are_taken_as_they_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
