/* The time of day: dates, time zones, overflow, and when a server is asked. */
#include "support/rig.h"

static unsigned asked;
static bool online;

bool net_address(uint8_t ip[4], uint8_t mask[4], uint8_t gw[4], uint8_t dns[4])
{
    memset(ip, 1, 4);
    memset(mask, 1, 4);
    memset(gw, 1, 4);
    memset(dns, 1, 4);
    return online;
}

void net_ntp_ask(struct plug *p)
{
    (void)p;
    asked++;
}

static int plug(void **state)
{
    (void)state;
    host_reset();
    memset(&rig, 0, sizeof rig);
    rig.chip = hal_chip();
    rig.log.level = LOG_INFO;
    rig.wifi.state = WIFI_UP;
    online = true;
    asked = 0;
    return 0;
}

static void run(uint32_t s)
{
    while (s--) {
        host_advance_ms(1000);
        clock_second(&rig);
    }
}

static void assert_date(uint32_t s, int year, int month, int day, int weekday)
{
    struct clock_date d;

    clock_date_of(s, &d);
    assert_int_equal(d.year, year);
    assert_int_equal(d.month, month);
    assert_int_equal(d.day, day);
    assert_int_equal(d.weekday, weekday);
}

static void dates_are_right_from_1970_to_2106(void **state)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int weekday = 4; /* a Thursday */
    uint32_t s = 0;

    (void)state;
    for (int year = 1970; year < 2106; year++)
        for (int month = 1; month <= 12; month++) {
            const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

            for (int day = 1; day <= days[month - 1] + (month == 2 && leap); day++) {
                assert_date(s, year, month, day, weekday);
                assert_date(s + 86399, year, month, day, weekday);
                weekday = (weekday + 1) % 7;
                s += 86400;
            }
        }
}

static void hours_minutes_and_seconds_are_those_of_the_zone(void **state)
{
    struct clock_date d;
    uint32_t local;

    (void)state;
    clock_set(&rig, 1700000000); /* 2023-11-14 22:13:20 */
    rig.clock.offset_s = 5 * 3600 + 30 * 60;
    assert_true(clock_now(&rig, &local, &d));
    assert_int_equal(local, 1700019800);
    assert_int_equal(d.day, 15);
    assert_int_equal(d.hour, 3);
    assert_int_equal(d.minute, 43);
    assert_int_equal(d.second, 20);
    assert_int_equal(d.weekday, 3);
    rig.clock.offset_s = -11 * 3600;
    assert_true(clock_now(&rig, &local, &d));
    assert_int_equal(d.day, 14);
    assert_int_equal(d.hour, 11);
    assert_true(clock_now(&rig, NULL, NULL));
}

static void nobody_knows_the_time_until_it_is_told(void **state)
{
    struct clock_date d;
    uint32_t local;

    (void)state;
    run(100);
    assert_false(clock_now(&rig, &local, &d));
    clock_set(&rig, 0);
    clock_set(&rig, 12345); /* a server that has just started */
    assert_false(clock_now(&rig, &local, &d));
    clock_set(&rig, 1700000000);
    assert_true(clock_now(&rig, &local, &d));
}

static void the_time_runs_on_over_the_overflow_of_the_chips_clock(void **state)
{
    uint32_t local;

    (void)state;
    host_clock_at(UINT32_MAX - 5500);
    clock_set(&rig, 1700000000);
    run(3600);
    assert_true(clock_now(&rig, &local, NULL));
    assert_int_equal(local, 1700003600);
    for (unsigned i = 0; i < 1000; i++) { /* and whatever the loop's rhythm */
        host_advance_ms(333);
        if (i % 7 == 0)
            clock_second(&rig);
    }
    assert_true(clock_now(&rig, &local, NULL));
    assert_int_equal(local, 1700003600 + 333);
}

static void a_day_ends_at_midnight_of_the_zone(void **state)
{
    struct clock_date d;

    (void)state;
    clock_set(&rig, 1709243990); /* 2024-02-29 21:59:50 */
    rig.clock.offset_s = 2 * 3600;
    run(9);
    clock_now(&rig, NULL, &d);
    assert_int_equal(d.day, 29);
    run(1);
    clock_now(&rig, NULL, &d);
    assert_int_equal(d.day, 1);
    assert_int_equal(d.month, 3);
    assert_int_equal(d.hour, 0);
}

static void a_server_is_asked_when_told_to_and_there_is_a_network(void **state)
{
    (void)state;
    run(60);
    assert_int_equal(asked, 0);
    rig.clock.ntp = true;
    online = false;
    run(60);
    assert_int_equal(asked, 0);
    online = true;
    run(1);
    assert_int_equal(asked, 1);
    clock_set(&rig, 1700000000);
    run(CLOCK_AGAIN_S - 1);
    assert_int_equal(asked, 1);
    run(2);
    assert_int_equal(asked, 2);
}

static void without_an_answer_it_is_asked_more_and_more_seldom_and_the_time_stays(void **state)
{
    uint32_t local;
    unsigned before;

    (void)state;
    clock_set(&rig, 1700000000);
    rig.clock.ntp = true;
    rig.clock.ask_in_s = 0;
    run(120);
    assert_in_range(asked, 3, 5);
    run(12 * 3600);
    before = asked;
    run(24 * 3600);
    assert_in_range(asked - before, 24 * 3600 / (CLOCK_RETRY_MAX * 5 / 4),
                    24 * 3600 / CLOCK_RETRY_MAX);
    assert_true(clock_now(&rig, &local, NULL));
    assert_int_equal(local, 1700000000 + 36 * 3600 + 120);
    clock_set(&rig, local);
    before = asked;
    run(CLOCK_AGAIN_S - 2);
    assert_int_equal(asked, before);
}

static void who_stops_it_is_asked_for_nothing_any_more(void **state)
{
    (void)state;
    rig.clock.ntp = true;
    run(1);
    rig.clock.ntp = false;
    run(10000);
    assert_int_equal(asked, 1);
}

static void handlers_hear_once_that_the_time_is_known(void **state)
{
    (void)state;
    rig_on(EVENT_NTP_STATE, 1, "AddChannel 20 1");
    clock_set(&rig, 1700000000);
    clock_set(&rig, 1700003600);
    assert_int_equal(channel_get(&rig, 20), 1);
}

#define TEST(t) cmocka_unit_test_setup(t, plug)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(dates_are_right_from_1970_to_2106),
        TEST(hours_minutes_and_seconds_are_those_of_the_zone),
        TEST(nobody_knows_the_time_until_it_is_told),
        TEST(the_time_runs_on_over_the_overflow_of_the_chips_clock),
        TEST(a_day_ends_at_midnight_of_the_zone),
        TEST(a_server_is_asked_when_told_to_and_there_is_a_network),
        TEST(without_an_answer_it_is_asked_more_and_more_seldom_and_the_time_stays),
        TEST(who_stops_it_is_asked_for_nothing_any_more),
        TEST(handlers_hear_once_that_the_time_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
