/* The meter's energy on flash: what of it a cut of the power may cost, and how much it writes. */
#include "firmware/support/meter_rig.h"

#define LOST 1.0 /* Wh, at a cut of the power */

/* Restart, and what the plug believes then. */
static double survives(void)
{
    start_again();
    return value(METER_TOTAL);
}

static void the_last_watt_hour_is_all_that_a_cut_can_cost(void **state)
{
    static const double watts[] = {3, 100, 2000, 3680};

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        fresh(NULL);
        test_power(230, watts[i] / 230, watts[i]);
        for (unsigned n = 0; n < 60; n++) {
            const double before = value(METER_TOTAL);

            run(1000 + 250 * (n % 7));
            assert_near(survives() - before, watts[i] * (1 + 0.25 * (n % 7)) / 3600, LOST);
            test_power(230, watts[i] / 230, watts[i]);
        }
    }
}

static void a_reboot_that_is_asked_for_costs_nothing(void **state)
{
    double before;

    (void)state;
    test_power(230, 1, 230);
    run(5500);
    plug_reboot(&rig, 1);
    do {
        before = value(METER_TOTAL);
        run(TURN_MS);
    } while (!host_reboot_asked());
    assert_near(survives(), before, 0.03);
}

/* One busy life of a plug from here on; returns what it has used when it is over. */
static volatile double used;
static void live(uint32_t seed)
{
    test_power(230, 10, 3000);
    for (unsigned i = 0; i < 120; i++) {
        used += 3000 / 3600.0 * TURN_MS / 1000;
        run(TURN_MS);
        switch (noise(&seed) % 12) {
        case 0:
            meter_save(&rig);
            break;
        case 1:
            channel_set(&rig, 1, (int32_t)i & 1, false);
            break;
        case 2:
            config_set_text(&rig.cfg, CFG_STARTUP, i & 1 ? "echo 1" : "echo 2");
            plug_save(&rig);
            break;
        case 3:
            clock_says(NOON + i * DAY_S);
            break;
        default:
            break;
        }
    }
}

static void begin_life(uint32_t fill)
{
    fresh(NULL);
    config_set_start(&rig.cfg, 1, -1);
    rig.cfg.dirty = true;
    assert_true(plug_save(&rig));
    for (uint32_t i = 0; i < fill; i++) { /* as far into a sector as one likes */
        vars_retain(&rig.vars, 3, (int16_t)(i + 1));
        assert_true(vars_save(&rig));
    }
    used = 0;
}

static void energy_survives_a_cut_at_any_flash_operation(void **state)
{
    const uint32_t seed = seeded(0x5eed0001);
    unsigned cuts = 0;
    double worst = 0;

    (void)state;
    for (volatile unsigned how = 0; how < HOST_CUTS; how++)
        for (volatile unsigned nth = 0;; nth++) {
            double lost;

            begin_life(nth % 60);
            host_flash_cut(nth, (enum host_cut)how, seed + nth);
            if (!setjmp(cut)) {
                live(seed);
                host_flash_calm();
                break; /* lived through it all: every operation was the last one once */
            }
            cuts++;
            lost = used - survives();
            worst = lost > worst ? lost : worst;
            if (lost > LOST || lost < -0.01)
                fail_msg("cut %u of kind %u: %g Wh lost", (unsigned)nth, (unsigned)how, lost);
            assert_int_equal(host_flash_stats().violations, 0);
            run(2000); /* and it counts on */
            assert_true(value(METER_TOTAL) >= used - LOST);
        }
    assert_true(cuts > 4 * 100);
    printf("%u cuts, %.3f Wh lost at worst\n", cuts, worst);
}

static const struct {
    const char *name, *pins;
    enum simplug_meter meter;
} boards[] = {
    {"BL0937",
     "{\"14\":\"BL0937CF;0\",\"15\":\"BL0937SEL;0\",\"20\":\"BL0937CF1;0\",\"25\":\"Rel;1\"}",
     SIMPLUG_NO_METER},
    {"BL0942", "{\"25\":\"Rel;1\"}", SIMPLUG_BL0942},
    {"CSE7766", "{\"25\":\"Rel;1\"}", SIMPLUG_CSE7766},
};

static void board(unsigned i)
{
    rig_new(HAL_ECR6600, boards[i].pins);
    host_power_to(&cut);
    simplug_bl0937(0.13253012048, 0.0118577075, 1.5, 100);
    simplug_meter(boards[i].meter, 0, 4800);
    rig_boot(HAL_RESET_POWER);
    assert_true(meter_start(&rig, boards[i].name, NULL));
    rig_run(3000);
    simplug_load(1, 3680, 1);
    assert_true(channel_set(&rig, 1, 1, false));
}

static void energy_of_each_chip_survives_a_cut_at_any_flash_operation(void **state)
{
    (void)state;
    for (volatile unsigned i = 0; i < 3; i++) {
        volatile double worst = 0;

        for (volatile unsigned nth = 0; nth < 60; nth++) {
            double lost;

            board(i);
            host_flash_cut(nth, (enum host_cut)(nth % HOST_CUTS), nth);
            if (!setjmp(cut)) {
                for (unsigned s = 0; s < 60; s++)
                    rig_run(1000);
                fail_msg("no cut");
            }
            lost = simplug_truth().wh;
            rig_restart(HAL_RESET_POWER);
            assert_true(meter_start(&rig, boards[i].name, NULL));
            lost -= value(METER_TOTAL);
            worst = lost > worst ? lost : worst;
            if (lost > LOST || lost < -0.2)
                fail_msg("%s, cut %u: %g Wh lost", boards[i].name, (unsigned)nth, lost);
        }
        printf("%s at 3680 W: %.3f Wh lost at worst\n", boards[i].name, worst);
    }
}

static void a_power_cut_at_any_time_costs_no_more(void **state)
{
    uint32_t seed = seeded(0x5eed0002);

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        for (unsigned n = 0; n < 30; n++) {
            double truth;

            board(i);
            rig_run(noise(&seed) % 15000);
            truth = simplug_truth().wh;
            rig_restart(HAL_RESET_POWER);
            assert_true(meter_start(&rig, boards[i].name, NULL));
            assert_near(value(METER_TOTAL), truth, LOST);
        }
}

static void marks_that_are_used_up_are_followed_by_a_whole_record(void **state)
{
    (void)state;
    assert_true(meter_set_save_threshold(&rig, 5000));
    test_power(230, 10, 3000);
    for (unsigned i = 0; i < 40; i++) {
        const double before = value(METER_TOTAL);

        run(60000); /* 50 Wh; 512 marks are 128 */
        assert_near(value(METER_TOTAL), before + 50, 0.01);
        assert_near(survives(), before + 50, LOST);
        assert_true(meter_set_save_threshold(&rig, 5000));
        test_power(230, 10, 3000);
    }
    assert_false(meter_set_save_threshold(&rig, 0.5));
    assert_false(meter_set_save_threshold(&rig, 5001));
}

/* Other values are written until the record with the marks has been carried to new sectors
 * several times; the power goes at any of these writes. */
static void marks_are_carried_along_when_the_store_comes_round(void **state)
{
    uint32_t seed = seeded(0x5eed0003);

    (void)state;
    for (volatile unsigned n = 0; n < 40; n++) {
        volatile double before;

        fresh(NULL);
        test_power(230, 10, 3000);
        run(30000);
        before = value(METER_TOTAL);
        if (n)
            host_flash_cut(noise(&seed) % 3000, (enum host_cut)(n % HOST_CUTS), n);
        if (!setjmp(cut))
            for (unsigned i = 0; i < 3000; i++) {
                vars_retain(&rig.vars, 3, (int16_t)(i + 1));
                vars_save(&rig);
                store_tidy(&rig.store);
            }
        host_flash_calm();
        assert_near(survives(), before, LOST);
        assert_int_equal(host_flash_stats().violations, 0);
    }
}

static void large_totals_do_not_lose_watt_hours(void **state)
{
    double before;

    (void)state;
    assert_true(meter_reset(&rig, 123456789.0)); /* float32 has steps of 8 there */
    test_power(230, 10, 2300);
    for (unsigned i = 0; i < 20; i++) {
        before = value(METER_TOTAL);
        run(3000);
        assert_near(survives(), before + 2300 * 3 / 3600.0, LOST);
        test_power(230, 10, 2300);
    }
}

/* An update may take minutes: 128 Wh go by marks alone, then one record is due. */
static void energy_goes_on_by_marks_while_an_update_has_the_flash(void **state)
{
    struct host_flash_stats s;
    double before;

    (void)state;
    test_power(230, 10, 2300);
    run(61000);
    meter_save(&rig);
    config_set_text(&rig.cfg, CFG_STARTUP, "waits for the end");
    before = value(METER_TOTAL);
    s = host_flash_stats();
    rig.ota.state = OTA_BODY;
    run(150000); /* 96 Wh; 10 of them are enough for a record at other times */
    assert_int_equal(host_flash_stats().erases, s.erases);
    assert_in_range(host_flash_stats().programs - s.programs, 380, 385);
    assert_near(survives(), before + 2300 * 150 / 3600.0, LOST);

    test_power(230, 10, 2300);
    rig.ota.state = OTA_BODY;
    before = value(METER_TOTAL);
    run(600000); /* marks are used up three times */
    assert_near(survives(), before + 2300 * 600 / 3600.0, LOST);
}

static void a_flash_that_fails_once_is_tried_again(void **state)
{
    (void)state;
    test_power(230, 10, 2300);
    for (unsigned nth = 0; nth < 40; nth++) {
        const double before = value(METER_TOTAL);

        host_flash_fail(nth % 4);
        run(20000);
        host_flash_calm();
        run(9000);
        assert_near(survives(), before + 2300 * 29 / 3600.0, LOST);
        test_power(230, 10, 2300);
    }
}

static void a_day_at_2_kw_wears_the_flash_little(void **state)
{
    const struct hal_span *span;
    struct host_flash_stats s;
    uint32_t most = 0;

    (void)state;
    config_set_text(&rig.cfg, CFG_STARTUP, "a record that has to be carried along");
    clock_says(NOON);
    run(10000);
    span = &rig.chip->store;
    host_flash_guard(span->addr, span->len);
    s = host_flash_stats();
    test_power(230, 2000 / 230.0, 2000);
    for (unsigned h = 0; h < 24; h++) {
        run(3600000);
        clock_says(NOON + (h + 1) * 3600);
    }
    s.erases = host_flash_stats().erases - s.erases;
    s.programs = host_flash_stats().programs - s.programs;
    for (uint32_t at = 0; at < span->len; at += HAL_SECTOR)
        if (host_flash_erases(span->addr + at) > most)
            most = host_flash_erases(span->addr + at);
    printf("2 kW for a day: %u erases, %u of the worst sector, %u programs; 100000 erases last "
           "%.0f years\n",
           (unsigned)s.erases, (unsigned)most, (unsigned)s.programs, 100000.0 / most / 365);
    assert_near(value(METER_TOTAL), 48000, 10);
    assert_true(s.erases <= 60 && most <= 9);
    assert_true(s.programs <= 220000);
    assert_int_equal(host_flash_stats().violations, 0);
    assert_int_equal(host_flash_stats().outside, 0);
}

static void an_idle_plug_does_not_write(void **state)
{
    uint32_t programs;

    (void)state;
    run(20000);
    programs = host_flash_stats().programs;
    run(12 * 3600000u);
    assert_true(host_flash_stats().programs - programs <= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_last_watt_hour_is_all_that_a_cut_can_cost),
        TEST(a_reboot_that_is_asked_for_costs_nothing),
        TEST(energy_survives_a_cut_at_any_flash_operation),
        TEST(energy_of_each_chip_survives_a_cut_at_any_flash_operation),
        TEST(a_power_cut_at_any_time_costs_no_more),
        TEST(marks_that_are_used_up_are_followed_by_a_whole_record),
        TEST(marks_are_carried_along_when_the_store_comes_round),
        TEST(large_totals_do_not_lose_watt_hours),
        TEST(energy_goes_on_by_marks_while_an_update_has_the_flash),
        TEST(a_flash_that_fails_once_is_tried_again),
        TEST(a_day_at_2_kw_wears_the_flash_little),
        TEST(an_idle_plug_does_not_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
