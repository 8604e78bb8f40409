/* The button's state machine: what a finger does, and what comes of it when. */
#include "support/check.h"

#include <stdbool.h>

#include "core/button.h"

static const struct button_times times = {300, 1000, 500};

/* What happened, a letter each: Press Release Click Double 3 4 5 (hold) Start Hold. */
static char told[128];
static size_t told_len;
static uint32_t now;
static uint32_t at[128]; /* when */
static struct button b;

static void step(bool pressed, uint32_t ms)
{
    const char letters[] = "-PRCD345SH";
    const enum button_event e = button_step(&b, pressed, ms, &times);

    now += ms;
    if (e == BUTTON_NOTHING || told_len >= sizeof told - 1)
        return;
    at[told_len] = now;
    told[told_len++] = letters[e];
    told[told_len] = '\0';
}

static void hold_for(bool pressed, uint32_t ms)
{
    for (uint32_t done = 0; done < ms; done += 25)
        step(pressed, 25);
}

static void click(uint32_t down, uint32_t up)
{
    hold_for(true, down);
    hold_for(false, up);
}

static int fresh(void **state)
{
    (void)state;
    button_init(&b, false);
    told_len = now = 0;
    told[0] = '\0';
    return 0;
}

static void a_click_is_told_when_no_second_one_has_followed(void **state)
{
    (void)state;
    click(200, 1000);
    assert_string_equal(told, "PRC");
    assert_in_range(at[0], 75, 100); /* debounced */
    assert_in_range(at[1], 275, 300);
    assert_in_range(at[2] - at[1], 300, 350); /* the short time after the release */
}

static void clicks_are_counted_up_to_five_and_six_are_none(void **state)
{
    static const char *const expected[] = {"C", "D", "3", "4", "5", ""};

    for (unsigned n = 1; n <= 6; n++) {
        char want[32] = "";

        fresh(state);
        for (unsigned i = 0; i < n; i++) {
            click(150, i + 1 < n ? 150 : 1000);
            strcat(want, "PR");
        }
        strcat(want, expected[n - 1]);
        assert_string_equal(told, want);
    }
}

static void two_slow_clicks_are_two_clicks(void **state)
{
    (void)state;
    click(150, 600);
    click(150, 600);
    assert_string_equal(told, "PRCPRC");
}

static void a_hold_starts_repeats_and_ends_without_a_click(void **state)
{
    (void)state;
    click(2700, 1000);
    assert_string_equal(told, "PSHHHR");
    assert_in_range(at[1] - at[0], 1000, 1050);
    assert_in_range(at[2] - at[1], 500, 525);
    assert_in_range(at[3] - at[2], 500, 525);
}

static void a_second_press_held_too_long_makes_no_click_at_all(void **state)
{
    (void)state;
    click(150, 150);
    click(800, 1000);
    assert_string_equal(told, "PRPR");
}

/* Whatever the phase of the loop against the finger. */
static void a_bounce_shorter_than_75_ms_is_ignored(void **state)
{
    for (unsigned phase = 0; phase < 25; phase++)
        for (unsigned length = 1; length < 75; length++) {
            fresh(state);
            for (unsigned t = 0; t < 400; t += 25)
                step(t + 25 > phase + 25 && t + 25 <= phase + 25 + length, 25);
            assert_string_equal(told, "");
        }
}

static void a_press_of_100_ms_always_counts(void **state)
{
    for (unsigned phase = 0; phase < 25; phase++) {
        fresh(state);
        for (unsigned t = 0; t < 1000; t += 25)
            step(t >= phase && t < phase + 100, 25);
        assert_string_equal(told, "PRC");
    }
}

static void contacts_that_chatter_make_one_press(void **state)
{
    uint32_t seed = seeded(0x5eed0001);

    (void)state;
    for (int i = 0; i < 8; i++)
        step(noise(&seed) & 1, 5);
    hold_for(true, 300);
    for (int i = 0; i < 8; i++)
        step(noise(&seed) & 1, 5);
    hold_for(false, 1000);
    assert_string_equal(told, "PRC");
}

static void a_button_stuck_at_boot_is_nothing_until_it_is_released(void **state)
{
    (void)state;
    button_init(&b, true);
    hold_for(true, 60000);
    assert_string_equal(told, "");
    assert_int_equal(b.held_ms, 0);
    hold_for(false, 1000);
    assert_string_equal(told, "");
    click(200, 1000);
    assert_string_equal(told, "PRC");
}

static void how_long_it_is_held_is_known_and_ends_with_the_release(void **state)
{
    (void)state;
    hold_for(true, 10200);
    assert_in_range(b.held_ms, 10000, 10200);
    hold_for(false, 200);
    assert_int_equal(b.held_ms, 0);
}

static void a_loop_that_was_away_for_long_does_no_harm(void **state)
{
    (void)state;
    hold_for(true, 200);
    step(true, 4000000000u);
    step(true, 4000000000u);
    hold_for(false, 1000);
    assert_string_equal(told, "PSHR");
}

static void any_finger_makes_presses_and_releases_that_pair(void **state)
{
    uint32_t seed = seeded(0x5eed0002);
    int down = 0;

    (void)state;
    for (int i = 0; i < 200000; i++) {
        told_len = 0;
        step(noise(&seed) % 7 < 3, noise(&seed) % 200);
        if (told_len && told[0] == 'P')
            assert_int_equal(++down, 1);
        if (told_len && told[0] == 'R')
            assert_int_equal(--down, 0);
        if (told_len && strchr("CD345", told[0]))
            assert_int_equal(down, 0);
    }
}

#define TEST(f) cmocka_unit_test_setup(f, fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_click_is_told_when_no_second_one_has_followed),
        TEST(clicks_are_counted_up_to_five_and_six_are_none),
        TEST(two_slow_clicks_are_two_clicks),
        TEST(a_hold_starts_repeats_and_ends_without_a_click),
        TEST(a_second_press_held_too_long_makes_no_click_at_all),
        TEST(a_bounce_shorter_than_75_ms_is_ignored),
        TEST(a_press_of_100_ms_always_counts),
        TEST(contacts_that_chatter_make_one_press),
        TEST(a_button_stuck_at_boot_is_nothing_until_it_is_released),
        TEST(how_long_it_is_held_is_known_and_ends_with_the_release),
        TEST(a_loop_that_was_away_for_long_does_no_harm),
        TEST(any_finger_makes_presses_and_releases_that_pair),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
