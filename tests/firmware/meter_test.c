/* The meter above its chips: derived values, what is published and when, energy by day and
 * hour. Traces and vectors of reference 4.4, 4.5. */
#include "firmware/support/meter_rig.h"

#include "core/json.h"

static const char *printed(unsigned q)
{
    static char text[64];
    struct out o;

    out_init(&o, text, sizeof text);
    meter_print(&rig, q, &o);
    return text;
}

/* ---- values ------------------------------------------------------------------------ */

static void the_vector_of_apparent_and_reactive_power_comes_out(void **state)
{
    (void)state;
    meter_reading(&rig, 230, 0.5, 100, 50, NAN, 1000);
    assert_near(value(METER_APPARENT), 115, 1e-9);
    assert_near(value(METER_REACTIVE), 56.7891, 0.0001);
    assert_near(value(METER_FACTOR), 0.869565, 0.000001);
    assert_near(value(METER_TOTAL), 0.0277778, 0.0000001);
    assert_near(value(METER_TODAY), 0.0277778, 0.0000001);
}

static void without_apparent_power_the_factor_is_1(void **state)
{
    (void)state;
    meter_reading(&rig, 230, 0, 0, 50, NAN, 1000);
    assert_true(value(METER_FACTOR) == 1 && value(METER_REACTIVE) == 0);
    meter_reading(&rig, 230, 1, 260, 50, NAN, 1000); /* constants that do not fit */
    assert_true(value(METER_FACTOR) == 1 && value(METER_REACTIVE) == 0);
}

static void issue_2126_no_reading_makes_a_nan(void **state)
{
    static const double odd[] = {NAN, INFINITY, -INFINITY, 0, -1, 1e308, 230};
    const unsigned n = sizeof odd / sizeof odd[0];

    (void)state;
    for (unsigned i = 0; i < n * n * n * n; i++) {
        char text[2048];
        struct out o;

        meter_reading(&rig, odd[i % n], odd[i / n % n], odd[i / n / n % n], odd[i % n],
                      i % 3 ? NAN : odd[i / n / n / n], i);
        for (unsigned q = 0; q < METER_QUANTITIES; q++)
            assert_true(isfinite(rig.meter.value[q]));
        if (i % 97)
            continue;
        meter_second(&rig);
        out_init(&o, text, sizeof text);
        out_char(&o, '{');
        meter_status(&rig, &o);
        out_char(&o, '}');
        assert_false(o.over);
        assert_int_equal(json_parse(text, o.len).kind, JSON_OBJECT);
        if (value(METER_TOTAL) > 1e9)
            assert_true(meter_reset(&rig, 0));
    }
}

static void negative_is_zero_unless_flag_25(void **state)
{
    (void)state;
    meter_reading(&rig, 230, 1, -200, 50, NAN, 60000);
    assert_true(value(METER_POWER) == 0);
    config_set_flag(&rig.cfg, 25, true);
    meter_reading(&rig, 230, 1, -200, 50, NAN, 60000);
    assert_true(value(METER_POWER) == -200);
    assert_near(value(METER_FACTOR), -200 / 230.0, 1e-9);
    assert_true(value(METER_TOTAL) == 0); /* energy does not run backwards */
}

static void flag_38_is_for_plugs_with_relays(void **state)
{
    (void)state;
    config_set_flag(&rig.cfg, 38, true);
    meter_reading(&rig, 230, 1, 200, 50, NAN, 1000);
    assert_true(value(METER_POWER) == 200); /* this one has none */
    config_set_pin(&rig.cfg, 25, 1, 1, 0);
    config_set_pin(&rig.cfg, 22, 2, 2, 0);
    meter_reading(&rig, 230, 1, 200, 50, 5, 1000);
    assert_true(value(METER_POWER) == 0 && value(METER_CURRENT) == 0);
    assert_true(value(METER_VOLTAGE) == 230);
    assert_near(value(METER_TOTAL), 200 / 3600.0, 1e-9);
    channel_set(&rig, 2, 1, false);
    meter_reading(&rig, 230, 1, 200, 50, NAN, 1000);
    assert_true(value(METER_POWER) == 200);
}

/* ---- publishing --------------------------------------------------------------------- */

/* One frame; was power published? */
static bool frame(double watt)
{
    test_power(230, 1, watt);
    meter_quick(&rig, 1000);
    meter_second(&rig);
    return rig.meter.frames[METER_POWER] == 0;
}

static void a_constant_is_published_in_frames_5_66_and_127(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 150; i++)
        assert_int_equal(frame(100), i == 5 || i == 66 || i == 127);
}

static void a_short_spike_is_not_published(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        const double watt = i < 7 ? 100 : i < 10 ? 200 : 0;

        assert_int_equal(frame(watt), i == 5 || i == 11 || i == 72);
        if (i >= 5)
            assert_true(rig.meter.sent[METER_POWER] == (i < 11 ? 100 : 0));
    }
}

static void no_reading_is_no_frame(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        frame(100);
    for (unsigned i = 0; i < 100; i++)
        meter_second(&rig);
    assert_int_equal(rig.meter.frames[METER_POWER], 3);
    meter_reading(&rig, 230, NAN, NAN, NAN, NAN, 0); /* not measured: not published */
    for (unsigned i = 0; i < 100; i++) {
        meter_reading(&rig, 230, NAN, NAN, NAN, NAN, 0);
        meter_second(&rig);
    }
    assert_int_equal(rig.meter.frames[METER_POWER], 3);
    assert_true(rig.meter.sent[METER_VOLTAGE] == 230);
}

static void thresholds_intervals_and_precisions_can_be_set(void **state)
{
    (void)state;
    assert_true(meter_set_thresholds(&rig, (const double[]){1, 0.1, 50, 2, 0.5}, 5));
    assert_true(meter_set_intervals(&rig, 1, 10));
    for (unsigned i = 0; i < 3; i++)
        frame(100);
    assert_true(rig.meter.sent[METER_POWER] == 100);
    for (unsigned i = 0; i < 8; i++)
        assert_false(frame(149));
    assert_true(frame(151)); /* at once */
    assert_true(rig.meter.threshold[METER_REACTIVE] == 50);
    assert_true(rig.meter.threshold[METER_TODAY] == 2);
    assert_true(rig.meter.threshold[METER_FREQUENCY] == 0.5f);
    assert_true(meter_set_precisions(&rig, (const int32_t[]){0, 2, 1, 0}, 4));
    assert_string_equal(printed(METER_VOLTAGE), "230");
    assert_string_equal(printed(METER_CURRENT), "1.00");
    assert_string_equal(printed(METER_POWER), "151.0");
    assert_string_equal(printed(METER_FREQUENCY), "50.00");

    assert_false(meter_set_thresholds(&rig, (const double[]){1, NAN, 1}, 3));
    assert_false(meter_set_thresholds(&rig, (const double[]){1, 1, -1}, 3));
    assert_false(meter_set_intervals(&rig, 5, 4));
    assert_false(meter_set_intervals(&rig, -1, 4));
    assert_false(meter_set_precisions(&rig, (const int32_t[]){0, 7}, 2));
    assert_true(rig.meter.threshold[METER_POWER] == 50);
    assert_int_equal(rig.meter.max_frames, 10);
    assert_int_equal(rig.meter.decimals[METER_CURRENT], 2);
}

static void handlers_see_whole_numbers_when_they_are_published(void **state)
{
    (void)state;
    rig.events.changes = 1;
    rig.events.change[0].relation = EVENT_GT;
    rig.events.change[0].constant = 1499;
    strcpy(rig.events.change[0].variable, "Current");
    strcpy(rig.events.change[0].command, "SetChannel 5 1");
    for (unsigned i = 0; i < 20; i++) {
        test_power(230, i < 10 ? 1 : 1.5, 300);
        meter_quick(&rig, 1000);
        meter_second(&rig);
        assert_int_equal(channel_get(&rig, 5), rig.meter.sent[METER_CURRENT] == 1.5);
    }
    assert_int_equal(channel_get(&rig, 5), 1);
}

static void issue_805_energy_has_its_class_and_its_unit(void **state)
{
    (void)state;
    meter_reading(&rig, 230, 1, 230, 50, 1234.5678, 1000);
    for (unsigned q = METER_TOTAL; q <= METER_3_DAYS; q++) {
        assert_string_equal(meter_info[q].device_class, "energy");
        assert_string_equal(meter_unit(&rig, q), "Wh");
    }
    assert_string_equal(printed(METER_TOTAL), "1234.568");
    config_set_flag(&rig.cfg, 40, true);
    assert_string_equal(printed(METER_TOTAL), "1.235");
    assert_string_equal(meter_unit(&rig, METER_TOTAL), "kWh");
    assert_string_equal(meter_unit(&rig, METER_POWER), "W");
}

/* ---- pages --------------------------------------------------------------------------- */

static struct json status(const char *name)
{
    static char text[1024];
    struct json all, energy;
    struct out o;

    out_init(&o, text, sizeof text);
    out_char(&o, '{');
    meter_status(&rig, &o);
    out_char(&o, '}');
    assert_false(o.over);
    all = json_parse(text, o.len);
    energy = json_member(&all, "ENERGY");
    assert_int_equal(energy.kind, JSON_OBJECT);
    return json_member(&energy, name);
}

static void assert_status(const char *name, const char *text)
{
    const struct json v = status(name);

    if (v.kind != JSON_NUMBER || v.len != strlen(text) || memcmp(v.text, text, v.len))
        fail_msg("%s is %.*s", name, (int)v.len, v.text ? v.text : "");
}

static void status_has_what_both_kinds_of_clients_read(void **state)
{
    (void)state;
    meter_reading(&rig, 230, 0.5, 100, 50, 2500, 1000);
    assert_status("Power", "100.00");
    assert_status("ApparentPower", "115.00");
    assert_status("ReactivePower", "56.79");
    assert_status("Factor", "0.87");
    assert_status("Voltage", "230.0");
    assert_status("Current", "0.500");
    assert_status("Frequency", "50.00");
    assert_status("ConsumptionTotal", "2500.000");
    assert_status("Total", "2.500"); /* kWh, as Tasmota */
    assert_status("Today", "2.500");
    assert_int_equal(status("Yesterday").kind, JSON_NONE); /* nobody knows the day */
}

static void without_a_meter_pages_say_nothing(void **state)
{
    char text[64];
    struct out o;

    (void)state;
    meter_stop(&rig);
    out_init(&o, text, sizeof text);
    meter_page(&rig, &o);
    meter_status(&rig, &o);
    assert_int_equal(o.len, 0);
    assert_false(meter_start(&rig, "BL0939", NULL));
    assert_non_null(meter_calibrate(&rig, METER_VOLTAGE, 230));
}

static void the_page_has_a_row_for_each_value(void **state)
{
    char text[2048];
    struct out o;

    (void)state;
    meter_reading(&rig, 230, 0.5, 100, NAN, NAN, 1000);
    out_init(&o, text, sizeof text);
    meter_page(&rig, &o);
    assert_non_null(strstr(text, "230.0"));
    assert_non_null(strstr(text, "Energy Total"));
    assert_null(strstr(text, "Frequency"));
    meter_lost(&rig);
    out_init(&o, text, sizeof text);
    meter_page(&rig, &o);
    assert_null(strstr(text, "230.0"));
    assert_non_null(strstr(text, "no data"));
}

/* ---- days ------------------------------------------------------------------------------ */

static void use(double wh)
{
    meter_reading(&rig, 230, 0, 0, 50, wh, 0);
}

static void days_move_on_at_midnight_and_are_kept(void **state)
{
    (void)state;
    use(10);
    meter_second(&rig);
    assert_false(rig.meter.valid[METER_YESTERDAY]); /* today since ever */
    for (unsigned day = 0; day < 5; day++) {
        clock_says(NOON + day * DAY_S);
        meter_second(&rig);
        use(day + 1);
    }
    assert_near(value(METER_TODAY), 5, 1e-6);
    assert_near(value(METER_YESTERDAY), 4, 1e-6);
    assert_near(value(METER_2_DAYS), 3, 1e-6);
    assert_near(value(METER_3_DAYS), 2, 1e-6);
    assert_near(value(METER_TOTAL), 25, 1e-6);
    start_again();
    assert_near(value(METER_TODAY), 5, 0.25);
    assert_near(value(METER_YESTERDAY), 4, 0.001);
    assert_near(value(METER_3_DAYS), 2, 0.001);
    clock_says(NOON + 5 * DAY_S); /* it was off over midnight */
    meter_second(&rig);
    assert_near(value(METER_YESTERDAY), 5, 0.25);
    assert_true(value(METER_TODAY) == 0);
}

static void days_without_power_are_days(void **state)
{
    (void)state;
    clock_says(NOON);
    meter_second(&rig);
    use(7);
    meter_save(&rig);
    start_again();
    clock_says(NOON + 2 * DAY_S);
    meter_second(&rig);
    assert_true(value(METER_YESTERDAY) == 0);
    assert_near(value(METER_2_DAYS), 7, 0.001);
    clock_says(NOON + 200 * DAY_S);
    meter_second(&rig);
    assert_true(value(METER_2_DAYS) == 0 && value(METER_3_DAYS) == 0);
}

static void an_hour_put_back_over_midnight_is_no_new_day(void **state)
{
    (void)state;
    clock_says(NOON);
    meter_second(&rig);
    use(7);
    clock_says(NOON + DAY_S / 2); /* midnight */
    meter_second(&rig);
    assert_near(value(METER_YESTERDAY), 7, 1e-6);
    for (unsigned i = 0; i < 3; i++) {
        rig.clock.offset_s = -3600;
        meter_second(&rig);
        rig.clock.offset_s = 0;
        meter_second(&rig);
    }
    assert_near(value(METER_YESTERDAY), 7, 1e-6);
    clock_says(NOON - 400 * DAY_S); /* it was wrong before: believe it now */
    meter_second(&rig);
    clock_says(NOON - 399 * DAY_S);
    meter_second(&rig);
    assert_near(value(METER_2_DAYS), 7, 1e-6);
}

static void what_openbeken_has_counted_goes_on(void **state)
{
    const struct vars_energy e = {
        .total = 1234.5f, .today = 100.25f, .yesterday = 321, .saves = 7, .day_of_month = 13};

    (void)state;
    host_reset();
    host_restart(HAL_RESET_POWER);
    plug_boot(&rig);
    vars_set_energy(&rig.vars, &e);
    assert_true(vars_save(&rig));
    start_again();
    assert_near(value(METER_TOTAL), 1234.5, 1e-6);
    assert_near(value(METER_TODAY), 100.25, 1e-6);
    use(1);
    start_again();
    assert_near(value(METER_TOTAL), 1235.5, 1e-6);
    assert_near(value(METER_YESTERDAY), 321, 1e-6);
}

static void numbers_on_flash_that_are_none_are_zero(void **state)
{
    struct vars_energy e = {.total = -5, .today = 3e38f, .yesterday = 1};

    (void)state;
    host_reset();
    host_restart(HAL_RESET_POWER);
    plug_boot(&rig);
    vars_set_energy(&rig.vars, &e);
    assert_true(vars_save(&rig));
    start_again();
    assert_true(value(METER_TOTAL) == 0 && value(METER_TODAY) == 0);
}

static void pr_1938_reset_clears_or_sets_and_tells_when(void **state)
{
    (void)state;
    clock_says(NOON);
    meter_second(&rig);
    use(500);
    assert_false(meter_reset(&rig, -1));
    assert_false(meter_reset(&rig, INFINITY));
    assert_near(value(METER_TOTAL), 500, 1e-6);
    assert_true(meter_reset(&rig, 1000));
    assert_near(value(METER_TOTAL), 1000, 1e-6);
    assert_near(value(METER_TODAY), 500, 1e-6);
    assert_true(meter_reset(&rig, NAN));
    assert_true(value(METER_TOTAL) == 0 && value(METER_TODAY) == 0);
    assert_string_equal(printed(METER_CLEAR_DATE), "2023-11-14T12:00:00+00:00");
    rig.clock.offset_s = -12600;
    assert_string_equal(printed(METER_CLEAR_DATE), "2023-11-14T08:30:00-03:30");
    start_again();
    assert_true(value(METER_TOTAL) == 0);
    assert_true(value(METER_CLEAR_DATE) == NOON);
}

/* ---- history ------------------------------------------------------------------------------ */

static void the_last_hour_is_the_sum_of_its_samples(void **state)
{
    (void)state;
    assert_true(meter_set_stats(&rig, true, 60, 60, false));
    test_power(230, 1, 120);
    run(1800000);
    assert_near(value(METER_LAST_HOUR), 60, 0.2);
    test_power(230, 1, 0);
    run(1800000);
    assert_near(value(METER_LAST_HOUR), 60, 2.1);
    run(1830000);
    assert_near(value(METER_LAST_HOUR), 0, 0.1);
    assert_false(rig.meter.stats_due);
}

static struct json stats(struct json *all, char *text, size_t cap)
{
    struct out o;

    out_init(&o, text, cap);
    meter_stats_json(&rig, &o);
    assert_false(o.over);
    *all = json_parse(text, o.len);
    assert_int_equal(all->kind, JSON_OBJECT);
    return json_member(all, "consumption_samples");
}

static void issue_870_the_longest_history_fits_one_message(void **state)
{
    struct json all, samples, key, v;
    char text[1500];
    unsigned n = 0;

    (void)state;
    clock_says(NOON);
    meter_second(&rig);
    assert_true(meter_reset(&rig, NAN));
    assert_true(meter_set_stats(&rig, true, 900, METER_SAMPLES, true));
    rig.meter.value[METER_TOTAL] = 987654321.123;
    for (unsigned i = 0; i < METER_SAMPLES; i++)
        rig.meter.sample[i] = i % 2 ? 919.994f : 99.94f;
    rig.uptime_s = UINT32_MAX;
    samples = stats(&all, text, sizeof text);
    for (size_t at = 0; json_next(&samples, &at, &key, &v); n++)
        assert_int_equal(v.kind, JSON_NUMBER);
    assert_int_equal(n, METER_SAMPLES);
    assert_int_equal(json_member(&all, "consumption_total").kind, JSON_NUMBER);
    assert_int_equal(json_member(&all, "consumption_daily").kind, JSON_ARRAY);
    assert_int_equal(json_member(&all, "consumption_clear_date").kind, JSON_STRING);
}

static void history_is_due_once_an_interval(void **state)
{
    unsigned due = 0;

    (void)state;
    assert_true(meter_set_stats(&rig, true, 10, 10, true));
    test_power(230, 1, 3600);
    for (unsigned s = 0; s < 100; s++) {
        run(1000);
        due += rig.meter.stats_due;
        rig.meter.stats_due = false;
    }
    assert_in_range(due, 9, 10);
    assert_near(value(METER_LAST_HOUR), 95, 5.1);
}

/* 7.7, the freeze with SetupEnergyStats: its array is no memory to be had and freed, and
 * the command may come at any time. */
static void setup_energy_stats_again_and_again_does_no_harm(void **state)
{
    uint32_t seed = seeded(0x5eed0077);
    char text[1500];
    struct json all;

    (void)state;
    test_power(230, 10, 2300);
    for (unsigned i = 0; i < 3000; i++) {
        const int32_t interval = (int32_t)(noise(&seed) % 1000), n = (int32_t)(noise(&seed) % 200);
        const bool done = meter_set_stats(&rig, true, interval, n, i % 2);

        assert_int_equal(done, interval >= 10 && interval <= 900 && n >= 10 && n <= 180);
        run(noise(&seed) % 4000);
        if (rig.meter.stats)
            stats(&all, text, sizeof text);
    }
    assert_true(meter_set_stats(&rig, false, 0, 0, false));
    run(2000);
    assert_false(rig.meter.valid[METER_LAST_HOUR]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_vector_of_apparent_and_reactive_power_comes_out),
        TEST(without_apparent_power_the_factor_is_1),
        TEST(issue_2126_no_reading_makes_a_nan),
        TEST(negative_is_zero_unless_flag_25),
        TEST(flag_38_is_for_plugs_with_relays),
        TEST(a_constant_is_published_in_frames_5_66_and_127),
        TEST(a_short_spike_is_not_published),
        TEST(no_reading_is_no_frame),
        TEST(thresholds_intervals_and_precisions_can_be_set),
        TEST(handlers_see_whole_numbers_when_they_are_published),
        TEST(issue_805_energy_has_its_class_and_its_unit),
        TEST(status_has_what_both_kinds_of_clients_read),
        TEST(without_a_meter_pages_say_nothing),
        TEST(the_page_has_a_row_for_each_value),
        TEST(days_move_on_at_midnight_and_are_kept),
        TEST(days_without_power_are_days),
        TEST(an_hour_put_back_over_midnight_is_no_new_day),
        TEST(what_openbeken_has_counted_goes_on),
        TEST(numbers_on_flash_that_are_none_are_zero),
        TEST(pr_1938_reset_clears_or_sets_and_tells_when),
        TEST(the_last_hour_is_the_sum_of_its_samples),
        TEST(issue_870_the_longest_history_fits_one_message),
        TEST(history_is_due_once_an_interval),
        TEST(setup_energy_stats_again_and_again_does_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
