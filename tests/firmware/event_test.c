/* Events, change handlers, repeating events: also those that bite their own tail. */
#include "support/rig.h"

static int up(void **state)
{
    (void)state;
    rig_new(HAL_ECR6600, "{\"24\":\"Btn;1\",\"25\":\"Rel;1\"}");
    rig_boot(HAL_RESET_POWER);
    rig_run(7000);
    return 0;
}

static void on_change(const char *variable, enum event_relation r, int32_t k, const char *command)
{
    struct event_change *c = &rig.events.change[rig.events.changes++];

    memset(c, 0, sizeof *c);
    text_copy(c->variable, sizeof c->variable, variable);
    c->relation = (uint8_t)r;
    c->constant = k;
    text_copy(c->command, sizeof c->command, command);
}

static void each(int32_t ms, int32_t repeats, const char *command)
{
    struct event_repeat *r = &rig.events.repeat[rig.events.repeats++];

    *r = (struct event_repeat){.interval_ms = ms, .left_ms = ms, .repeats = repeats};
    text_copy(r->command, sizeof r->command, command);
}

static void names_are_found_again(void **state)
{
    enum event e;
    uint8_t r;

    (void)state;
    for (unsigned i = 0; i < EVENTS; i++) {
        assert_true(event_parse(event_name((enum event)i), &e));
        assert_int_equal(e, i);
    }
    assert_true(event_parse("ondblclick", &e));
    assert_int_equal(e, EVENT_DBL_CLICK);
    assert_false(event_parse("OnNothing", &e));
    assert_string_equal(event_name(EVENTS), "");
    for (unsigned i = EVENT_EQ; i <= EVENT_GE; i++) {
        assert_true(event_relation_parse(event_relation_name(i), &r));
        assert_int_equal(r, i);
    }
    assert_false(event_relation_parse("=", &r));
    assert_string_equal(event_relation_name(99), "");
}

static void every_handler_of_an_event_and_its_argument_runs_and_no_other(void **state)
{
    (void)state;
    rig_on(EVENT_CLICK, 24, "AddChannel 20 1");
    rig_on(EVENT_CLICK, 24, "AddChannel 21 1");
    rig_on(EVENT_CLICK, 25, "AddChannel 22 1");
    rig_on(EVENT_HOLD, 24, "AddChannel 22 1");
    assert_true(event_fire(&rig, EVENT_CLICK, 24));
    assert_false(event_fire(&rig, EVENT_CLICK, 23));
    assert_int_equal(channel_get(&rig, 20), 1);
    assert_int_equal(channel_get(&rig, 21), 1);
    assert_int_equal(channel_get(&rig, 22), 0);
}

static void
a_change_handler_runs_when_its_condition_becomes_true_and_not_while_it_stays(void **state)
{
    (void)state;
    on_change("Power", EVENT_GT, 100, "AddChannel 20 1");
    on_change("power", EVENT_LT, 5, "AddChannel 21 1");
    event_value(&rig, "Power", 50);
    assert_int_equal(channel_get(&rig, 20), 0);
    event_value(&rig, "Power", 101);
    event_value(&rig, "Power", 500);
    event_value(&rig, "Voltage", 1);
    assert_int_equal(channel_get(&rig, 20), 1);
    event_value(&rig, "Power", 100);
    event_value(&rig, "Power", 101);
    assert_int_equal(channel_get(&rig, 20), 2);
    assert_int_equal(channel_get(&rig, 21), 0);
    event_value(&rig, "Power", -3);
    assert_int_equal(channel_get(&rig, 21), 1);
}

static void a_change_handler_that_moves_its_own_variable_runs_once(void **state)
{
    (void)state;
    on_change("Channel20", EVENT_GT, 5, "AddChannel 20 1");
    channel_set(&rig, 20, 6, false);
    assert_int_equal(channel_get(&rig, 20), 7);
}

static void every_relation_holds_where_it_should(void **state)
{
    static const char *const when[] = {"..1..", "11.11", "11...", "...11", "111..", "..111"};

    for (unsigned r = EVENT_EQ; r <= EVENT_GE; r++)
        for (int32_t v = -2; v <= 2; v++) {
            up(state);
            on_change("x", (enum event_relation)r, 0, "SetChannel 20 1");
            event_value(&rig, "x", v);
            assert_int_equal(channel_get(&rig, 20), when[r][v + 2] == '1');
        }
}

static void a_channel_is_a_variable_and_its_change_an_event(void **state)
{
    (void)state;
    on_change("Channel1", EVENT_EQ, 1, "AddChannel 20 1");
    rig_on(EVENT_CHANNEL_CHANGE, 1, "AddChannel 21 1");
    channel_set(&rig, 1, 1, false);
    channel_set(&rig, 1, 0, false);
    channel_set(&rig, 1, 1, false);
    channel_set(&rig, 11, 1, false);
    assert_int_equal(channel_get(&rig, 20), 2);
    assert_int_equal(channel_get(&rig, 21), 3);
}

static void handlers_that_call_each_other_come_to_an_end(void **state)
{
    (void)state;
    rig_on(EVENT_CHANNEL_CHANGE, 20, "AddChannel 21 1");
    rig_on(EVENT_CHANNEL_CHANGE, 21, "AddChannel 20 1");
    channel_set(&rig, 20, 1, false);
    assert_in_range(channel_get(&rig, 20) + channel_get(&rig, 21), 2, EVENT_DEPTH + 2);
    assert_int_equal(rig.events.depth, 0);
    rig_click(24, 150, 600); /* and all goes on */
    assert_true(simplug_relay(1));
}

static void a_table_full_of_handlers_that_fire_their_own_event_ends_in_time(void **state)
{
    (void)state;
    for (unsigned i = 0; i < EVENT_HANDLERS; i++)
        rig_on(EVENT_CHANNEL_CHANGE, 20, i % 2 ? "AddChannel 20 1" : "ToggleChannel 1");
    channel_set(&rig, 20, 1, false);
    assert_int_equal(rig.events.depth, 0);
}

static void a_handler_may_clear_the_handlers_it_is_one_of(void **state)
{
    (void)state;
    rig_on(EVENT_CLICK, 24, "backlog clearAllHandlers; AddChannel 20 1");
    rig_on(EVENT_CLICK, 24, "AddChannel 21 1");
    assert_true(event_fire(&rig, EVENT_CLICK, 24));
    assert_int_equal(channel_get(&rig, 20), 1);
    assert_int_equal(channel_get(&rig, 21), 0);
    assert_int_equal(rig.events.handlers, 0);
}

static void a_repeating_event_comes_as_often_as_it_should_and_then_goes(void **state)
{
    (void)state;
    each(2000, 3, "AddChannel 20 1");
    each(1000, -1, "AddChannel 21 1");
    rig_run(1900);
    assert_int_equal(channel_get(&rig, 20), 0);
    rig_run(60000);
    assert_int_equal(channel_get(&rig, 20), 3);
    assert_in_range(channel_get(&rig, 21), 60, 61);
    assert_int_equal(rig.events.repeats, 1);
}

static void a_repeating_event_that_falls_out_takes_none_of_the_others_along(void **state)
{
    (void)state;
    for (unsigned i = 0; i < EVENT_REPEATS; i++)
        each(100, 1, "AddChannel 20 1");
    rig_run(200);
    assert_int_equal(channel_get(&rig, 20), EVENT_REPEATS);
    assert_int_equal(rig.events.repeats, 0);
}

static void a_repeating_event_may_clear_them_all(void **state)
{
    (void)state;
    each(100, -1, "AddChannel 20 1");
    each(100, -1, "backlog clearRepeatingEvents; AddChannel 21 1");
    each(100, -1, "AddChannel 22 1");
    rig_run(500);
    assert_int_equal(channel_get(&rig, 20), 1);
    assert_int_equal(channel_get(&rig, 21), 1);
    assert_int_equal(channel_get(&rig, 22), 0);
}

static void a_loop_that_was_away_makes_up_for_nothing(void **state)
{
    (void)state;
    each(1000, -1, "AddChannel 20 1");
    events_tick(&rig, 4000000000u);
    events_tick(&rig, 25);
    assert_int_equal(channel_get(&rig, 20), 1);
}

static void nonsense_in_the_tables_is_survived(void **state)
{
    (void)state;
    on_change("x", (enum event_relation)200, 0, "SetChannel 20 1");
    event_value(&rig, "x", 0);
    rig_on((enum event)250, 0, "SetChannel 20 1");
    event_fire(&rig, EVENT_CLICK, 0);
    each(0, -1, "AddChannel 21 1");
    each(-5, 2, "AddChannel 22 1");
    rig_run(100);
    assert_int_equal(channel_get(&rig, 20), 0);
    assert_int_equal(channel_get(&rig, 22), 2);
}

static void clearing_leaves_nothing(void **state)
{
    (void)state;
    rig_on(EVENT_CLICK, 24, "SetChannel 20 1");
    on_change("x", EVENT_EQ, 1, "SetChannel 20 1");
    each(100, -1, "SetChannel 20 1");
    events_clear(&rig);
    event_fire(&rig, EVENT_CLICK, 24);
    event_value(&rig, "x", 1);
    rig_run(500);
    assert_int_equal(channel_get(&rig, 20), 0);
}

#define TEST(f) cmocka_unit_test_setup(f, up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_are_found_again),
        TEST(every_handler_of_an_event_and_its_argument_runs_and_no_other),
        TEST(a_change_handler_runs_when_its_condition_becomes_true_and_not_while_it_stays),
        TEST(a_change_handler_that_moves_its_own_variable_runs_once),
        TEST(every_relation_holds_where_it_should),
        TEST(a_channel_is_a_variable_and_its_change_an_event),
        TEST(handlers_that_call_each_other_come_to_an_end),
        TEST(a_table_full_of_handlers_that_fire_their_own_event_ends_in_time),
        TEST(a_handler_may_clear_the_handlers_it_is_one_of),
        TEST(a_repeating_event_comes_as_often_as_it_should_and_then_goes),
        TEST(a_repeating_event_that_falls_out_takes_none_of_the_others_along),
        TEST(a_repeating_event_may_clear_them_all),
        TEST(a_loop_that_was_away_makes_up_for_nothing),
        TEST(nonsense_in_the_tables_is_survived),
        TEST(clearing_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
