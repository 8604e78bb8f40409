/* CSE7766: the frames of the reference (4.7), streams that are damaged, and the simulated
 * chip on the simulated mains. */
#include "firmware/support/rig.h"

#include <math.h>

#define PLUG      "{\"24\":\"Btn;1\",\"25\":\"Rel;1\"}"
#define SETTLE_MS 3000u

static const double loads[] = {0,  0.4, 1,   2,   3.3, 4.9, 5,    7,    12,   25,
                               40, 60,  100, 150, 333, 800, 1234, 2000, 3000, 3680};
#define LOADS (sizeof loads / sizeof loads[0])

static const uint8_t seventy[] = {0x55, 0x5a, 0x02, 0xfc, 0xd8, 0x00, 0x06, 0x2f,
                                  0x00, 0x41, 0x32, 0x00, 0xd7, 0xf2, 0x53, 0x7b,
                                  0x18, 0x02, 0x3e, 0x9f, 0x71, 0x71, 0xfe, 0xec};
static const uint8_t no_load[] = {0xf2, 0x5a, 0x02, 0xd5, 0x00, 0x00, 0x05, 0xa7,
                                  0x00, 0x3c, 0x05, 0x03, 0x2b, 0xf3, 0x4d, 0xb2,
                                  0xa0, 0x9c, 0x98, 0xca, 0x61, 0x24, 0x90, 0x97};
static const uint8_t bad_sum[] = {0x55, 0x5a, 0x02, 0xd5, 0x00, 0x00, 0x05, 0xa9,
                                  0x00, 0x3c, 0x38, 0x00, 0xfd, 0x5c, 0x4d, 0xb2,
                                  0xa0, 0x02, 0x95, 0x7c, 0x71, 0x48, 0x23, 0xad};

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

static void seal(uint8_t frame[CSE7766_FRAME])
{
    uint8_t sum = 0;

    for (unsigned i = 2; i < CSE7766_FRAME - 1; i++)
        sum = (uint8_t)(sum + frame[i]);
    frame[CSE7766_FRAME - 1] = sum;
}

/* A plug with a free UART where the chip would be. */
static void bare(void)
{
    rig_new(HAL_ECR6600, PLUG);
    rig_boot(HAL_RESET_POWER);
    assert_true(meter_start(&rig, "CSE7766", NULL));
}

static void hear(const void *data, size_t len)
{
    host_uart_feed(0, data, len);
    rig_run(30);
}

static void on(void)
{
    rig_new(HAL_ECR6600, PLUG);
    simplug_meter(SIMPLUG_CSE7766, 0, 4800);
    rig_boot(HAL_RESET_POWER);
    assert_true(meter_start(&rig, "CSE7766", NULL));
    assert_true(channel_set(&rig, 1, 1, false));
    rig_run(4000);
}

/* ---- frames ------------------------------------------------------------------------- */

static void the_frame_of_70_w_is_read(void **state)
{
    struct cse7766_frame f;

    (void)state;
    assert_int_equal(cse7766_decode(seventy, &f), CSE7766_FRAME_OK);
    assert_int_equal(f.count, 29182);
    bare();
    hear(seventy, sizeof seventy);
    assert_near(value(METER_VOLTAGE), 240.000, 0.001);
    assert_near(value(METER_CURRENT), 0.301907, 0.000001); /* plain amperes */
    assert_near(value(METER_POWER), 70.0000, 0.001);
    assert_false(rig.meter.valid[METER_FREQUENCY]);
}

static void a_head_of_f2_is_no_load_and_not_garbage(void **state)
{
    (void)state;
    bare();
    hear(seventy, sizeof seventy);
    hear(no_load, sizeof no_load);
    assert_true(value(METER_POWER) == 0);
    assert_near(value(METER_VOLTAGE), 248.879, 0.001);
    assert_near(value(METER_CURRENT), 0.0739, 0.0001);
}

static void a_frame_with_a_wrong_checksum_is_none(void **state)
{
    struct cse7766_frame f;
    uint8_t mended[CSE7766_FRAME];

    (void)state;
    assert_int_equal(cse7766_decode(bad_sum, &f), CSE7766_NO_FRAME);
    memcpy(mended, bad_sum, sizeof mended);
    mended[10] = 0x05;
    assert_int_equal(cse7766_decode(mended, &f), CSE7766_FRAME_OK);
    bare();
    hear(bad_sum, sizeof bad_sum);
    assert_false(rig.meter.valid[METER_POWER]);
    hear(mended, sizeof mended);
    assert_true(rig.meter.valid[METER_POWER]);
}

static void any_flipped_bit_behind_the_head_makes_it_no_frame(void **state)
{
    struct cse7766_frame f;

    (void)state;
    for (unsigned bit = 8; bit < 8 * CSE7766_FRAME; bit++) {
        uint8_t bad[CSE7766_FRAME];

        memcpy(bad, seventy, sizeof bad);
        bad[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(cse7766_decode(bad, &f), CSE7766_NO_FRAME);
    }
}

/* Its flags: 1 coefficients, 2 power, 4 current, 8 voltage. */
static void flags_in_the_head_make_zeros_of_their_quantities(void **state)
{
    struct cse7766_frame f;

    (void)state;
    for (unsigned head = 0; head < 256; head++) {
        uint8_t some[CSE7766_FRAME];
        enum cse7766_kind kind;

        memcpy(some, seventy, sizeof some);
        some[0] = (uint8_t)head;
        kind = cse7766_decode(some, &f);
        if (head == 0x55)
            assert_int_equal(kind, CSE7766_FRAME_OK);
        else if (head == 0xaa || (head > 0xf0 && (head & 1)))
            assert_int_equal(kind, CSE7766_NOT_CALIBRATED);
        else if (head < 0xf0)
            assert_int_equal(kind, CSE7766_NO_FRAME);
        else {
            assert_int_equal(kind, CSE7766_FRAME_OK);
            assert_true((f.watt == 0) == !!(head & 2));
            assert_true((f.ampere == 0) == !!(head & 4));
            assert_true((f.volt == 0) == !!(head & 8));
        }
    }
}

static void periods_of_zero_are_not_divided_by(void **state)
{
    uint8_t f[CSE7766_FRAME];

    (void)state;
    memcpy(f, seventy, sizeof f);
    memset(f + 5, 0, 3);
    memset(f + 11, 0, 3);
    memset(f + 17, 0, 3);
    seal(f);
    bare();
    hear(f, sizeof f);
    for (unsigned q = 0; q < METER_QUANTITIES; q++)
        assert_true(isfinite(rig.meter.value[q]));
    assert_false(rig.meter.valid[METER_POWER]);
    hear(seventy, sizeof seventy);
    hear(f, sizeof f);
    assert_near(value(METER_POWER), 70, 0.001);
}

static void a_chip_without_coefficients_has_no_values(void **state)
{
    uint8_t f[CSE7766_FRAME];

    (void)state;
    memcpy(f, seventy, sizeof f);
    f[0] = 0xaa;
    bare();
    for (unsigned i = 0; i < 100; i++) {
        hear(f, sizeof f);
        assert_false(rig.meter.valid[METER_POWER]);
    }
}

static void the_port_has_even_parity(void **state)
{
    (void)state;
    bare();
    assert_int_equal(host_uart(0).baud, 4800);
    assert_int_equal(host_uart(0).parity, HAL_PARITY_EVEN);
    meter_stop(&rig);
    assert_false(host_uart(0).open);
    config_set_flag(&rig.cfg, 26, true);
    assert_true(meter_start(&rig, "cse7766", NULL));
    assert_true(host_uart(1).open && !host_uart(0).open);
}

/* ---- damaged streams -------------------------------------------------------------------- */

static void a_frame_is_found_wherever_it_begins(void **state)
{
    (void)state;
    for (unsigned lost = 1; lost < CSE7766_FRAME; lost++) {
        bare();
        hear(no_load + lost, sizeof no_load - lost);
        assert_false(rig.meter.valid[METER_POWER]);
        hear(seventy, sizeof seventy);
        if (!rig.meter.valid[METER_POWER])
            hear(seventy, sizeof seventy);
        assert_near(value(METER_POWER), 70, 0.001);
    }
}

static void frames_arrive_in_any_pieces(void **state)
{
    (void)state;
    for (unsigned piece = 1; piece <= 2 * CSE7766_FRAME; piece++) {
        uint8_t two[2 * CSE7766_FRAME];

        memcpy(two, no_load, CSE7766_FRAME);
        memcpy(two + CSE7766_FRAME, seventy, CSE7766_FRAME);
        bare();
        for (unsigned at = 0; at < sizeof two; at += piece)
            hear(two + at, sizeof two - at < piece ? sizeof two - at : piece);
        assert_near(value(METER_POWER), 70, 0.001);
    }
}

static void noise_is_no_reading(void **state)
{
    uint32_t seed = seeded(0x7766);

    (void)state;
    bare();
    for (unsigned i = 0; i < 3000; i++) {
        uint8_t some[64];

        for (unsigned k = 0; k < sizeof some; k++)
            some[k] = noise(&seed) % 4 ? (uint8_t)noise(&seed) : noise(&seed) % 2 ? 0x55 : 0x5a;
        host_uart_feed(0, some, noise(&seed) % sizeof some);
        rig_run(25);
        for (unsigned q = 0; q <= METER_FACTOR; q++)
            assert_true(isfinite(rig.meter.value[q]));
    }
    rig_run(100);
    hear(seventy, sizeof seventy);
    hear(seventy, sizeof seventy);
    assert_near(value(METER_POWER), 70, 0.001);
}

static void lost_and_flipped_bytes_never_show_a_wrong_value(void **state)
{
    uint32_t seed = seeded(0x5eed7766);

    (void)state;
    on();
    simplug_load(1, 100, 1);
    rig_run(SETTLE_MS);
    for (unsigned i = 0; i < 300; i++) {
        if (i % 2)
            simplug_meter_lose(1 + noise(&seed) % 30);
        else
            simplug_meter_flip(2 + noise(&seed) % 22);
        rig_run(300);
        assert_near(value(METER_POWER), 100, 1);
        assert_near(value(METER_VOLTAGE), 230, 2.3);
    }
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
            rig_run(9000 + 35 * j);
            simplug_load(1, loads[j], 1);
            rig_run(SETTLE_MS);
            for (unsigned s = 0; s < 20; s++) {
                t = simplug_truth();
                assert_near(value(METER_POWER), t.watt, t.watt >= 5 ? 0.01 * t.watt : 1);
                assert_near(value(METER_VOLTAGE), t.volt, 0.01 * t.volt);
                assert_near(value(METER_CURRENT), t.ampere,
                            t.watt >= 5 ? 0.01 * t.ampere : 5 / t.volt);
                rig_run(105);
            }
        }
    assert_near(value(METER_TOTAL), simplug_truth().wh, 0.01 * simplug_truth().wh);
}

static void a_load_that_goes_is_zero_not_the_last_reading(void **state)
{
    (void)state;
    on();
    simplug_load(1, 2000, 1);
    rig_run(SETTLE_MS);
    simplug_load(1, 0, 1);
    rig_run(SETTLE_MS);
    assert_true(value(METER_POWER) < 5);
    rig_run(12000);
    assert_true(value(METER_POWER) < 1);
}

/* Its registers keep the last period until the next pulse, which is the last for long. */
static void power_is_no_more_than_pulses_that_do_not_come_allow(void **state)
{
    (void)state;
    bare();
    for (unsigned ms = 0; ms < 9000; ms += 50) {
        host_uart_feed(0, seventy, sizeof seventy);
        rig_run(50);
        if (ms > 3000)
            assert_true(value(METER_POWER) < 10.3 / ((ms - 300) / 1000.0));
    }
    assert_near(value(METER_VOLTAGE), 240, 0.001);
}

static void a_chip_that_falls_silent_has_no_values(void **state)
{
    (void)state;
    on();
    simplug_load(1, 100, 1);
    rig_run(SETTLE_MS);
    simplug_meter_silent(true);
    rig_run(4000);
    for (unsigned q = METER_VOLTAGE; q <= METER_FACTOR; q++)
        assert_false(rig.meter.valid[q]);
    simplug_meter_silent(false);
    rig_run(2000);
    assert_near(value(METER_POWER), 100, 1);
}

static void calibration_multiplies(void **state)
{
    (void)state;
    bare();
    hear(seventy, sizeof seventy);
    assert_null(meter_calibrate(&rig, METER_VOLTAGE, 230));
    assert_null(meter_calibrate(&rig, METER_CURRENT, 0.3));
    assert_null(meter_calibrate(&rig, METER_POWER, 68));
    hear(seventy, sizeof seventy);
    assert_near(value(METER_VOLTAGE), 230, 0.001);
    assert_near(value(METER_CURRENT), 0.3, 0.00001);
    assert_near(value(METER_POWER), 68, 0.001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_frame_of_70_w_is_read),
        cmocka_unit_test(a_head_of_f2_is_no_load_and_not_garbage),
        cmocka_unit_test(a_frame_with_a_wrong_checksum_is_none),
        cmocka_unit_test(any_flipped_bit_behind_the_head_makes_it_no_frame),
        cmocka_unit_test(flags_in_the_head_make_zeros_of_their_quantities),
        cmocka_unit_test(periods_of_zero_are_not_divided_by),
        cmocka_unit_test(a_chip_without_coefficients_has_no_values),
        cmocka_unit_test(the_port_has_even_parity),
        cmocka_unit_test(a_frame_is_found_wherever_it_begins),
        cmocka_unit_test(frames_arrive_in_any_pieces),
        cmocka_unit_test(noise_is_no_reading),
        cmocka_unit_test(lost_and_flipped_bytes_never_show_a_wrong_value),
        cmocka_unit_test(any_step_of_load_is_shown_within_3_s_and_1_percent),
        cmocka_unit_test(a_load_that_goes_is_zero_not_the_last_reading),
        cmocka_unit_test(power_is_no_more_than_pulses_that_do_not_come_allow),
        cmocka_unit_test(a_chip_that_falls_silent_has_no_values),
        cmocka_unit_test(calibration_multiplies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
