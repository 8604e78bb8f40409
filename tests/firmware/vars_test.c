/* The variables: boots, retained channels, energy, through restarts and cuts of the
 * power. Vectors are those of reference 7.4. */
#include "firmware/support/check.h"

#include <math.h>

#include "core/plug.h"
#include "hal/host/host.h"

static struct plug plug;
static jmp_buf cut;

static const uint8_t example[64] = {
    0x2a, 0x00, 0x29, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x50, 0x9a, 0x44,
    0x00, 0x80, 0xc8, 0x42, 0x00, 0x80, 0xa0, 0x43, 0x07, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0xf1, 0x53, 0x65, 0x00, 0x00, 0x00, 0x0e, 0x00, 0x00, 0x00, 0x40,
};

static void start(void)
{
    memset(&plug, 0, sizeof plug);
    plug.chip = hal_chip();
    assert_true(store_open(&plug.store, plug.chip->store.addr, plug.chip->store.len));
    vars_load(&plug);
}

static int fresh(void **state)
{
    (void)state;
    host_reset();
    host_power_to(&cut);
    start();
    return 0;
}

/* What plug_boot() and the loop do. */
static void boot(void)
{
    start();
    vars_count_boot(&plug.vars);
    assert_true(vars_save(&plug));
}

static unsigned unfinished(void)
{
    return (uint16_t)(vars_boots(&plug.vars) - vars_boots_ok(&plug.vars));
}

static void boot_ok(void)
{
    vars_boot_ok(&plug.vars);
    assert_true(vars_save(&plug));
}

static void fill_example(void)
{
    const struct vars_energy e = {
        .total = 1234.5f,
        .today = 100.25f,
        .yesterday = 321,
        .saves = 7,
        .reset_time = 1700000000,
        .day_of_month = 14,
    };

    for (unsigned i = 0; i < 41; i++)
        vars_count_boot(&plug.vars);
    vars_boot_ok(&plug.vars);
    vars_count_boot(&plug.vars);
    vars_retain(&plug.vars, 1, 1);
    vars_set_energy(&plug.vars, &e);
}

static void the_example_comes_out_byte_for_byte(void **state)
{
    (void)state;
    fill_example();
    assert_memory_equal(plug.vars.rec, example, 64);
}

static void the_example_is_read_as_it_was_meant(void **state)
{
    struct vars_energy e;

    (void)state;
    memcpy(plug.vars.rec, example, 64);
    assert_int_equal(vars_boots(&plug.vars), 42);
    assert_int_equal(vars_boots_ok(&plug.vars), 41);
    assert_int_equal(vars_retained(&plug.vars, 1), 1);
    vars_energy(&plug.vars, &e);
    assert_true(e.total == 1234.5f && e.today == 100.25f && e.yesterday == 321);
    assert_true(e.day2 == 0 && e.day3 == 0);
    assert_int_equal(e.saves, 7);
    assert_int_equal(e.reset_time, 1700000000);
    assert_int_equal(e.day_of_month, 14);
}

static void a_new_plug_has_booted_never_and_retains_nothing(void **state)
{
    (void)state;
    assert_int_equal(vars_boots(&plug.vars), 0);
    assert_int_equal(unfinished(), 0);
    for (unsigned ch = 0; ch < 64; ch++)
        assert_int_equal(vars_retained(&plug.vars, ch), 0);
    assert_int_equal(plug.vars.rec[63], 64);
}

static void five_boots_that_do_not_finish_are_five(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 5; i++) {
        boot();
        assert_int_equal(unfinished(), i);
    }
    boot_ok();
    boot();
    assert_int_equal(unfinished(), 1);
}

static void the_counter_of_boots_may_overflow(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 65534; i++)
        vars_count_boot(&plug.vars);
    boot_ok();
    for (unsigned i = 1; i <= 5; i++) {
        boot();
        assert_int_equal(unfinished(), i);
    }
    boot_ok();
    assert_int_equal(unfinished(), 0);
}

/* The bug of the field: counting boots later than at the start saved zeros over the
 * retained channels and the energy; the command SafeMode counts five times. */
static void safe_mode_does_not_erase_retained_values(void **state)
{
    struct vars_energy e;

    (void)state;
    fill_example();
    assert_true(vars_save(&plug));
    for (unsigned i = 0; i < 5; i++) {
        vars_count_boot(&plug.vars);
        assert_true(vars_save(&plug));
    }
    boot();
    assert_int_equal(unfinished(), 7);
    assert_int_equal(vars_retained(&plug.vars, 1), 1);
    vars_energy(&plug.vars, &e);
    assert_true(e.total == 1234.5f);
    assert_int_equal(e.saves, 7);
}

static void twelve_channels_are_retained_and_no_more(void **state)
{
    (void)state;
    for (unsigned ch = 0; ch < 64; ch++)
        vars_retain(&plug.vars, ch, (int16_t)(ch * 1000 - 5000));
    assert_true(vars_save(&plug));
    start();
    for (unsigned ch = 0; ch < 64; ch++)
        assert_int_equal(vars_retained(&plug.vars, ch),
                         ch < VARS_RETAINED ? (int16_t)(ch * 1000 - 5000) : 0);
    assert_true(plug.vars.rec[28] == 0 && plug.vars.rec[29] == 0); /* energy is behind them */
}

static void what_does_not_change_is_not_written(void **state)
{
    uint32_t programs;

    (void)state;
    vars_retain(&plug.vars, 3, 1);
    assert_true(vars_save(&plug));
    programs = host_flash_stats().programs;
    for (unsigned i = 0; i < 100; i++) {
        vars_retain(&plug.vars, 3, 1);
        assert_false(plug.vars.dirty);
        assert_true(vars_save(&plug));
    }
    assert_int_equal(host_flash_stats().programs, programs);
}

static void a_save_the_flash_refuses_stays_to_be_done(void **state)
{
    (void)state;
    plug.store.ready = false;
    vars_retain(&plug.vars, 0, 1);
    assert_false(vars_save(&plug));
    assert_true(plug.vars.dirty);
    plug.store.ready = true;
    assert_true(vars_save(&plug));
    start();
    assert_int_equal(vars_retained(&plug.vars, 0), 1);
}

static void energy_that_is_no_number_becomes_none(void **state)
{
    const struct vars_energy odd = {.total = NAN, .today = INFINITY, .yesterday = -INFINITY};
    struct vars_energy e;

    (void)state;
    vars_set_energy(&plug.vars, &odd);
    vars_energy(&plug.vars, &e);
    assert_true(e.total == 0 && e.today == 0 && e.yesterday == 0);
    memset(plug.vars.rec + 28, 0xff, 24);
    vars_energy(&plug.vars, &e);
    assert_true(e.total == 0 && e.day2 == 0 && e.day3 == 0);
}

static void bytes_of_no_meaning_here_are_kept(void **state)
{
    (void)state;
    memcpy(plug.vars.rec + 56, "\x01\x02\x03", 3);
    memcpy(plug.vars.rec + 60, "\x0a\x0b\x0c", 3);
    boot_ok();
    vars_count_boot(&plug.vars);
    fill_example();
    assert_true(vars_save(&plug));
    start();
    assert_memory_equal(plug.vars.rec + 56, "\x01\x02\x03\x0e\x0a\x0b\x0c\x40", 8);
}

/* A relay toggled, energy saved, the plug restarted, with the power cut at each
 * operation in turn: the relay is as it was or as it was told, energy never goes back
 * by more than what was not yet saved, a boot counts once at most. */
static void a_cut_at_any_write_leaves_old_or_new_values(void **state)
{
    static volatile unsigned toggles, saved_toggles, boots;
    volatile uint32_t nth, seed = seeded(0x5eed5a5a);
    volatile bool gone = true;
    static uint32_t n;

    (void)state;
    for (nth = 0; gone; nth++) {
        fresh(NULL);
        n = seed + nth;
        toggles = saved_toggles = boots = 0;
        host_flash_cut(nth, nth & 3, noise(&n));
        gone = true;
        if (!setjmp(cut)) {
            for (unsigned b = 0; b < 30; b++) {
                boots++;
                boot();
                for (unsigned t = 0; t < 20; t++) {
                    struct vars_energy e;

                    toggles++;
                    vars_retain(&plug.vars, 1, (int16_t)toggles);
                    vars_energy(&plug.vars, &e);
                    e.total = (float)toggles;
                    vars_set_energy(&plug.vars, &e);
                    assert_true(vars_save(&plug));
                    saved_toggles = toggles;
                }
                boot_ok();
            }
            host_flash_calm();
            gone = false;
        }
        {
            struct vars_energy e;
            unsigned have;

            start();
            have = (unsigned)vars_retained(&plug.vars, 1);
            vars_energy(&plug.vars, &e);
            assert_true(have == saved_toggles || have == toggles);
            assert_true(e.total == (float)have); /* both of one moment */
            assert_true(vars_boots(&plug.vars) == boots || vars_boots(&plug.vars) + 1u == boots);
            assert_true(unfinished() <= 1);
        }
    }
    assert_true(nth > 600);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, fresh)
    const struct CMUnitTest tests[] = {
        TEST(the_example_comes_out_byte_for_byte),
        TEST(the_example_is_read_as_it_was_meant),
        TEST(a_new_plug_has_booted_never_and_retains_nothing),
        TEST(five_boots_that_do_not_finish_are_five),
        TEST(the_counter_of_boots_may_overflow),
        TEST(safe_mode_does_not_erase_retained_values),
        TEST(twelve_channels_are_retained_and_no_more),
        TEST(what_does_not_change_is_not_written),
        TEST(a_save_the_flash_refuses_stays_to_be_done),
        TEST(energy_that_is_no_number_becomes_none),
        TEST(bytes_of_no_meaning_here_are_kept),
        TEST(a_cut_at_any_write_leaves_old_or_new_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
