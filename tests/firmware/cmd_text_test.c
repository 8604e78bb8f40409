/* The console: how texts become commands, how scripts wait, and that nothing runs twice, away or
 * for ever. */
#include "support/console.h"

/* ---- texts ---------------------------------------------------------------------------- */

static void a_backlog_of_two_hundred_characters_runs_each_command_exactly_once(void **state)
{
    char line[512] = "backlog ";

    (void)state;
    for (unsigned i = 0; i < 17; i++)
        strcat(line, "AddChannel 5 1;");
    assert_in_range(strlen(line), 200, 300);
    ok(line);
    assert_true(holds("$CH5==17"));
    assert_string_equal(reply, "{}");
    /* In one command, and through a reply: the original ran this twice. */
    up(state);
    snprintf(line, sizeof line, "AddChannel 5 1 0 100 0 %0200d", 0);
    assert_reply(line, "1");
    up(state);
    snprintf(line, sizeof line, "POWER TOGGLE %0300d", 0);
    assert_reply(line, "{\"POWER\":\"ON\"}");
}

static void a_part_of_a_backlog_may_be_longer_than_127_characters(void **state)
{
    char line[512];

    (void)state;
    snprintf(line, sizeof line, "backlog MqttHost %0200d; Ch5 1", 7);
    ok(line);
    assert_int_equal(strlen(config_text(&rig.cfg, CFG_MQTT_HOST)), 200);
    assert_true(holds("$CH5==1"));
}

static void an_unknown_command_stops_nothing_and_is_told(void **state)
{
    (void)state;
    assert_int_equal(run("backlog Ch5 1; Nonsense 3; Ch6 1"), CMD_UNKNOWN);
    assert_true(holds("$CH5&&$CH6"));
}

static void quotes_keep_blanks_and_semicolons_together(void **state)
{
    (void)state;
    ok("backlog AddEventHandler OnClick 24 \"backlog Ch5 1; Ch6 1\"; Ch7 1");
    assert_true(holds("$CH7&&!$CH5&&!$CH6"));
    event_fire(&rig, EVENT_CLICK, 24);
    assert_true(holds("$CH5&&$CH6"));
    ok("SetChannelLabel 1 \"say \\\"on\\\"\"");
    assert_string_equal(rig.ch.label[1], "say \"on\"");
    ok("backlog SetChannelLabel 1 it\"s; Ch8 1"); /* no quote begins here */
    assert_string_equal(rig.ch.label[1], "it\"s");
    ok("backlog SetChannelLabel 1 \"open; Ch9 1"); /* nor is this one closed */
    assert_true(holds("$CH8&&$CH9"));
}

static void lines_are_commands_and_comments_are_not(void **state)
{
    (void)state;
    assert_int_equal(run("//"), CMD_EMPTY);
    assert_int_equal(run("/"), CMD_UNKNOWN);
    ok("Ch5 1\r\n// Ch6 1\n\n  backlog Ch7 1; Ch8 1\nCh9 1");
    assert_true(holds("$CH5&&!$CH6&&$CH7&&$CH8&&$CH9"));
}

static void a_no_break_space_is_a_blank_and_the_same_byte_in_a_letter_is_not(void **state)
{
    (void)state;
    ok("SetChannel\xa0"
       "5 1");
    ok("SetChannel\xc2\xa0"
       "6\xc2\xa0"
       "1");
    assert_true(holds("$CH5&&$CH6"));
    ok("SetChannelLabel 1 voil\xc3\xa0");
    assert_string_equal(rig.ch.label[1], "voil\xc3\xa0");
    ok("publish \xe5\xa0\xb4 1");
}

static void constants_are_expanded_in_arguments(void **state)
{
    (void)state;
    ok("backlog SetChannel 5 7; SetChannel 6 $CH5; SetChannel 7 $CH5*10+1");
    assert_true(holds("$CH6==7&&$CH7==71"));
    assert_int_equal(run("Ch8 $CH99"), CMD_BAD); /* there is none */
    assert_true(holds("$CH8==0"));
    ok("backlog Ch9 3; Ch9 $CH9/2"); /* a whole number, cut */
    assert_true(holds("$CH9==1"));
    ok("SetChannelLabel 1 $CH5"); /* a label is text */
    assert_string_equal(rig.ch.label[1], "$CH5");
}

static void a_constant_is_never_longer_than_forty_characters(void **state)
{
    (void)state;
    rig.meter.valid[METER_TOTAL] = true;
    rig.meter.value[METER_TOTAL] = -1.0e17 - 0.123456789;
    ok("echo $energy $energy");
    rig.meter.value[METER_TOTAL] = 1e300;
    ok("echo $energy");
    ok("publish a $CH5000000000000000000000000000000000000000000000000000000000000000000000000");
}

static void what_is_published_is_the_value_and_not_its_name(void **state)
{
    const struct mqtt *m = &rig.mqtt;

    (void)state;
    ok("backlog Ch5 42; publish a/b $CH5 1; publishFloat a/c 2.50 1; publish a/d \"$CH5 it is\" 1");
    assert_int_equal(m->queued, 3);
    assert_string_equal(m->queue[0].topic, "a/b");
    assert_string_equal(m->queue[0].text, "42");
    assert_string_equal(m->queue[1].text, "2.5");
    assert_string_equal(m->queue[2].text, "$CH5 it is");
    ok("publish a/e \"{\\\"a\\\":\\\"b\\\\c\\\"}\" 1"); /* a backslash protects a quote only */
    assert_string_equal(m->queue[3].text, "{\"a\":\"b\\\\c\"}");
}

static void more_arguments_than_there_is_room_for_hurt_nobody(void **state)
{
    char line[CMD_LINE * 2] = "echo";

    (void)state;
    for (unsigned i = 0; i < 300; i++)
        strcat(line, " x");
    ok(line);
    for (unsigned i = 0; i < 200; i++)
        strcat(line, " x");
    assert_int_equal(run(line), CMD_BAD); /* longer than a command may be */
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    assert_int_equal(run(line), CMD_BAD);
    line[200] = '\0';
    assert_int_equal(run(line), CMD_UNKNOWN);
}

static void commands_inside_of_commands_that_have_no_room_do_not_run(void **state)
{
    char line[CMD_LINE];

    (void)state;
    snprintf(line, sizeof line, "if 1 then if 1 then if 1 then if 1 then Ch5 1 %0600d", 0);
    assert_int_equal(run(line), CMD_ERROR);
    assert_true(holds("$CH5==0"));
    snprintf(line, sizeof line, "if 1 then if 1 then if 1 then if 1 then Ch5 1 %0100d", 0);
    ok(line);
    assert_true(holds("$CH5==1"));
}

/* ---- the startup command --------------------------------------------------------------- */

static void a_startup_command_of_511_characters_is_kept_and_one_more_is_refused(void **state)
{
    char text[600], line[700];

    (void)state;
    memset(text, 0, sizeof text);
    strcpy(text, "backlog Ch5 1; echo ");
    while (strlen(text) < 511 - 7)
        strcat(text, "x");
    strcat(text, "; Ch6 1");
    assert_int_equal(strlen(text), 511);
    snprintf(line, sizeof line, "StartupCommand \"%s\"", text);
    ok(line);
    assert_string_equal(config_text(&rig.cfg, CFG_STARTUP), text);
    rig_run(3000);
    rig_restart(HAL_RESET_POWER);
    assert_true(holds("$CH5&&$CH6"));
    snprintf(line, sizeof line, "StartupCommand \"x%s\"", text);
    assert_int_equal(run(line), CMD_BAD);
    assert_string_equal(config_text(&rig.cfg, CFG_STARTUP), text);
    snprintf(line, sizeof line, "StartupCommand \"%s\" 1", text);
    up(state);
    ok(line);
    assert_true(holds("$CH5&&$CH6"));
}

static void a_startup_command_may_have_lines_and_quotes_of_its_own(void **state)
{
    const char *text = "addEventHandler OnClick 24 \"backlog Ch5 1; Ch6 1\"\nCh7 1";
    char line[200];

    (void)state;
    snprintf(line, sizeof line, "StartupCommand \"%s\"", text);
    ok(line);
    assert_string_equal(config_text(&rig.cfg, CFG_STARTUP), text);
    ok("StartupCommand \"addEventHandler OnClick 24 \\\"backlog Ch5 1; Ch6 1\\\"\nCh7 1\"");
    assert_string_equal(config_text(&rig.cfg, CFG_STARTUP), text);
    assert_true(holds("!$CH7"));
    rig_run(3000);
    rig_restart(HAL_RESET_POWER);
    assert_true(holds("$CH7&&!$CH5"));
    rig_run(6000);
    rig_click(24, 150, 700);
    assert_true(holds("$CH5&&$CH6"));
    assert_false(simplug_relay(1)); /* a handler takes the built-in action's place */
}

/* OpenBeken's record has room for 1567, and one that came with it is not cut. */
static void a_startup_command_longer_than_commands_give_still_runs_and_waits(void **state)
{
    char text[1568] = "delay_s 2\n";

    (void)state;
    while (strlen(text) < 1540)
        strcat(text, "AddChannel 5 1\n");
    assert_true(config_set_text(&rig.cfg, CFG_STARTUP, text));
    rig_boot(HAL_RESET_POWER);
    assert_true(holds("$CH5==0"));
    rig_run(2200);
    assert_true(holds("$CH5>=100"));
}

/* ---- waiting -------------------------------------------------------------------------- */

static void what_follows_a_delay_runs_so_much_later_and_nothing_waits_for_it(void **state)
{
    (void)state;
    ok("backlog Ch5 1; delay_s 2; Ch6 1; delay_ms 500; Ch7 1");
    assert_true(holds("$CH5&&!$CH6"));
    rig_click(24, 150, 700); /* the button works meanwhile */
    assert_true(simplug_relay(1));
    rig_run(1050);
    assert_true(holds("!$CH6"));
    rig_run(200);
    assert_true(holds("$CH6&&!$CH7"));
    rig_run(600);
    assert_true(holds("$CH7"));
    assert_int_equal(rig.cmds.pooled, 0);
}

static void delays_are_seen_in_any_spelling_but_not_inside_other_words(void **state)
{
    (void)state;
    ok("BackLog Ch5 1; DELAY_S 0.5; Ch6 1");
    assert_true(holds("!$CH6"));
    ok("backlog echo delay_s 100; Ch7 1");
    assert_true(holds("$CH7"));
    rig_run(700);
    assert_true(holds("$CH6"));
}

static void a_script_waits_for_an_event(void **state)
{
    (void)state;
    ok("backlog waitFor OnClick 24; Ch5 1");
    event_fire(&rig, EVENT_CLICK, 23);
    event_fire(&rig, EVENT_DBL_CLICK, 24);
    rig_run(100);
    assert_true(holds("!$CH5"));
    rig_click(24, 150, 700);
    assert_true(holds("$CH5"));
    assert_true(simplug_relay(1)); /* who waits does not take the click away */
}

static void a_script_does_not_wait_for_what_has_come_already(void **state)
{
    (void)state;
    rig.clock.synced = true;
    ok("backlog waitFor NTPState 1; Ch5 1");
    rig_run(100);
    assert_true(holds("$CH5"));
    ok("backlog waitFor NTPState 0; Ch6 1");
    rig_run(100);
    assert_true(holds("!$CH6"));
    rig.clock.synced = false;
    rig_run(100);
    assert_true(holds("$CH6"));
}

static void several_scripts_wait_each_for_its_own_and_one_too_many_is_refused(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CMD_SCRIPTS; i++) {
        char line[64];

        snprintf(line, sizeof line, "backlog delay_s %u; Ch%u 1", CMD_SCRIPTS - i, 10 + i);
        ok(line);
    }
    assert_int_equal(run("backlog Ch20 1; delay_s 1; Ch21 1"), CMD_ERROR);
    ok("delay_s 5"); /* nothing follows: nothing waits */
    rig_run(1100);
    assert_true(holds("$CH13&&!$CH12&&!$CH11&&!$CH10"));
    rig_run(3100);
    assert_true(holds("$CH10&&$CH11&&$CH12&&$CH20&&!$CH21"));
    assert_int_equal(rig.cmds.pooled, 0);
}

static void scripts_can_be_stopped_also_by_themselves(void **state)
{
    (void)state;
    ok("backlog delay_s 1; Ch5 1");
    ok("stopAllScripts");
    ok("backlog delay_s 1; stopAllScripts; Ch6 1");
    rig_run(3000);
    assert_true(holds("!$CH5&&!$CH6"));
    assert_int_equal(rig.cmds.pooled, 0);
}

static void an_alias_may_blink_for_ever_without_growing(void **state)
{
    (void)state;
    ok("alias blink backlog AddChannel 5 1; delay_s 1; blink");
    ok("blink");
    rig_run(20500);
    assert_in_range(channel_get(&rig, 5), 19, 22);
    assert_in_range(rig.cmds.pooled, 1, 32);
    ok("stopAllScripts");
}

/* ---- running away ------------------------------------------------------------------------ */

static void commands_that_call_themselves_come_to_an_end(void **state)
{
    (void)state;
    ok("alias a AddChannel 5 1");
    ok("alias b backlog a; b; a; b; a; b");
    assert_int_equal(run("b"), CMD_ERROR);
    assert_in_range(channel_get(&rig, 5), 1, CMD_CHAIN);
    ok("alias c if 1 then c else c");
    assert_int_equal(run("c"), CMD_ERROR);
    ok("StartupCommand \"StartupCommand Ch5\" 1");
    ok("POWER ON");
}

static void a_handler_may_run_aliases_that_fire_it_again(void **state)
{
    (void)state;
    ok("alias more AddChannel 5 1");
    ok("AddEventHandler OnChannelChange 5 more");
    run("SetChannel 5 1");
    assert_in_range(channel_get(&rig, 5), 2, CMD_DEPTH + 1);
    ok("clearAllHandlers");
    ok("Ch5 0");
}

static void tables_that_are_full_say_so(void **state)
{
    (void)state;
    for (unsigned i = 0; i < EVENT_HANDLERS; i++)
        ok("AddEventHandler OnClick 24 echo");
    assert_int_equal(run("AddEventHandler OnClick 24 echo"), CMD_ERROR);
    for (unsigned i = 0; i < EVENT_CHANGES; i++)
        ok("AddChangeHandler Power > 1 echo");
    assert_int_equal(run("AddChangeHandler Power > 1 echo"), CMD_ERROR);
    for (unsigned i = 0; i < EVENT_REPEATS; i++)
        ok("addRepeatingEventID 1 -1 3 echo");
    assert_int_equal(run("addRepeatingEvent 1 -1 echo"), CMD_ERROR);
    ok("cancelRepeatingEvent 3");
    assert_int_equal(rig.events.repeats, 0);
    for (unsigned i = 0; i < CMD_ALIASES; i++) {
        char line[32];

        snprintf(line, sizeof line, "alias name%c echo", 'a' + (char)i);
        ok(line);
        ok(line); /* again: the same one */
    }
    assert_int_equal(run("alias onemore echo"), CMD_ERROR);
}

static void a_handler_command_that_does_not_fit_is_refused_whole(void **state)
{
    char line[300];

    (void)state;
    snprintf(line, sizeof line, "AddEventHandler OnClick 24 echo %0122d", 0);
    ok(line);
    snprintf(line, sizeof line, "AddEventHandler OnClick 24 echo %0123d", 0);
    assert_int_equal(run(line), CMD_BAD);
    assert_int_equal(rig.events.handlers, 1);
}

static void noise_does_no_harm(void **state)
{
    static const char *const words[] = {
        "backlog ",
        "POWER",
        " ON",
        ";",
        "\"",
        " ",
        "delay_ms 50",
        "\n",
        "if ",
        "then ",
        "else ",
        "$CH",
        "1",
        "5",
        "alias x ",
        "x",
        "Ch",
        "waitFor",
        "\\",
        "//",
        "\xa0",
        "\xc2",
        "stopAllScripts",
        "StartupCommand ",
        "Choice ",
        "(",
        "SetChannel 5 ",
        "AddEventHandler OnClick 24 ",
    };
    uint32_t seed = seeded(0x5eed0007);

    (void)state;
    for (unsigned i = 0; i < 3000; i++) {
        char line[CMD_LINE * 2] = "";

        for (unsigned n = noise(&seed) % 24; n; n--)
            strcat(line, words[noise(&seed) % (sizeof words / sizeof *words)]);
        run(line);
        rig_run(25);
        assert_true(rig.cmds.pooled <= CMD_POOL);
    }
    ok("backlog stopAllScripts; clearAllHandlers");
    assert_int_equal(rig.cmds.pooled, 0);
}

#define T(name) cmocka_unit_test_setup(name, up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_backlog_of_two_hundred_characters_runs_each_command_exactly_once),
        T(a_part_of_a_backlog_may_be_longer_than_127_characters),
        T(an_unknown_command_stops_nothing_and_is_told),
        T(quotes_keep_blanks_and_semicolons_together),
        T(lines_are_commands_and_comments_are_not),
        T(a_no_break_space_is_a_blank_and_the_same_byte_in_a_letter_is_not),
        T(constants_are_expanded_in_arguments),
        T(a_constant_is_never_longer_than_forty_characters),
        T(what_is_published_is_the_value_and_not_its_name),
        T(more_arguments_than_there_is_room_for_hurt_nobody),
        T(commands_inside_of_commands_that_have_no_room_do_not_run),
        T(a_startup_command_of_511_characters_is_kept_and_one_more_is_refused),
        T(a_startup_command_may_have_lines_and_quotes_of_its_own),
        T(a_startup_command_longer_than_commands_give_still_runs_and_waits),
        T(what_follows_a_delay_runs_so_much_later_and_nothing_waits_for_it),
        T(delays_are_seen_in_any_spelling_but_not_inside_other_words),
        T(a_script_waits_for_an_event),
        T(a_script_does_not_wait_for_what_has_come_already),
        T(several_scripts_wait_each_for_its_own_and_one_too_many_is_refused),
        T(scripts_can_be_stopped_also_by_themselves),
        T(an_alias_may_blink_for_ever_without_growing),
        T(commands_that_call_themselves_come_to_an_end),
        T(a_handler_may_run_aliases_that_fire_it_again),
        T(tables_that_are_full_say_so),
        T(a_handler_command_that_does_not_fit_is_refused_whole),
        T(noise_does_no_harm),
    };

    return cmocka_run_group_tests_name("texts of commands", tests, NULL, NULL);
}
