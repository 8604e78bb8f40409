/* The console: what commands leave behind in settings, channels, pins and handlers, and which
 * relay POWER means. */
#include "support/console.h"

#include "core/role.h"

/* ---- what a command leaves behind ------------------------------------------------- */

static void settings_are_where_they_belong(void **state)
{
    (void)state;
    ok("Password1 a secret; with $CH1 \"in it\"");
    assert_string_equal(config_text(&rig.cfg, CFG_PASSWORD), "a secret; with $CH1 \"in it\"");
    ok("MqttPassword \"hush hush\"");
    assert_string_equal(config_text(&rig.cfg, CFG_MQTT_PASSWORD), "hush hush");
    ok("MqttGroup plugs");
    assert_string_equal(config_text(&rig.cfg, CFG_MQTT_GROUP), "plugs");
    ok("FriendlyName Kitchen kettle");
    assert_string_equal(config_text(&rig.cfg, CFG_LONG_NAME), "Kitchen kettle");
    ok("setButtonTimes 20 4 6");
    assert_int_equal(config_number(&rig.cfg, CFG_BTN_LONG), 20);
    assert_int_equal(config_number(&rig.cfg, CFG_BTN_SHORT), 4);
    assert_int_equal(config_number(&rig.cfg, CFG_BTN_REPEAT), 6);
    ok("SetPinRole 14 btn_pd");
    ok("SetPinChannel P14 3 4");
    assert_int_equal(config_role(&rig.cfg, 14), ROLE_BTN_PD);
    assert_int_equal(config_channel(&rig.cfg, 14, 0), 3);
    assert_int_equal(config_channel(&rig.cfg, 14, 1), 4);
    ok("ntp_timeZoneOfs -3:30");
    assert_int_equal(rig.clock.offset_s, -12600);
    ok("WebServer 0");
    assert_int_equal(config_number(&rig.cfg, CFG_NO_WEB), 1);
    ok("SetChannelLabel 1 \"Kettle; hot\"");
    assert_string_equal(rig.ch.label[1], "Kettle; hot");
    ok("PREF -683.023987");
    assert_true(config_calibration(&rig.cfg, 2) < -683);
}

static void no_password_is_in_the_log_or_in_an_answer(void **state)
{
    (void)state;
    run("Password1 hunter2hunter2");
    assert_null(strstr(reply, "hunter2"));
    run("MqttPassword hunter2hunter2");
    assert_null(strstr(reply, "hunter2"));
    run("backlog SSID1 x; Passwort1 hunter2hunter2");
    for (size_t i = 0; i + 7 < LOG_SIZE; i++)
        assert_memory_not_equal(rig.log.ring + i, "hunter2", 7);
}

static void a_role_works_at_once(void **state)
{
    (void)state;
    ok("POWER ON");
    ok("backlog SetPinChannel 14 1; SetPinRole 14 Rel_n");
    assert_true(host_pin_driven(14));
    assert_false(host_pin_level(14));
    ok("SetPinRole 14 None");
    assert_false(host_pin_driven(14));
}

static void a_start_value_of_minus_one_remembers_from_now_on(void **state)
{
    (void)state;
    ok("backlog POWER ON; SetStartValue 1 -1");
    rig_run(3000);
    rig_restart(HAL_RESET_POWER);
    assert_true(simplug_relay(1));
    ok("POWER OFF");
    rig_restart(HAL_RESET_POWER);
    assert_false(simplug_relay(1));
}

/* A slot has 16 bits; what is beyond comes back as the nearest, not with the other sign. */
static void what_is_too_large_to_be_remembered_is_remembered_as_the_nearest(void **state)
{
    (void)state;
    ok("backlog Ch5 -40000; SetStartValue 5 -1; SetStartValue 6 -1; Ch6 40000");
    rig_run(3000);
    rig_restart(HAL_RESET_POWER);
    assert_true(holds("$CH5==-32768&&$CH6==32767"));
}

static void a_channel_may_be_hidden_or_kept_to_itself(void **state)
{
    (void)state;
    ok("backlog SetChannelVisible 1 0; SetChannelPrivate 2 1");
    assert_int_equal(rig.ch.hidden, 1u << 1);
    assert_int_equal(rig.ch.is_private, 1u << 2);
    ok("backlog SetChannelVisible 1 1; SetChannelPrivate 1 1");
    assert_int_equal(rig.ch.hidden, 0);
    assert_false(channel_published(&rig, 1));
    ok("backlog SetChannelPrivate 1 0; SetChannelPrivate 2 0");
    assert_true(channel_published(&rig, 1));
}

static void handlers_of_the_table_do_run(void **state)
{
    (void)state;
    ok("AddEventHandler Channel6 2 AddChannel 5 1");
    ok("backlog Ch6 1; Ch6 2; Ch6 2; Ch6 3; Ch6 2");
    assert_true(holds("$CH5==2"));
    ok("AddChangeHandler Channel6 >= 10 backlog Ch7 1; Ch8 1"); /* all behind it is its command */
    ok("Ch6 10");
    assert_true(holds("$CH7&&$CH8"));
}

static void repeating_events_of_the_table_do_run_and_are_cancelled_by_their_number(void **state)
{
    (void)state;
    ok("addRepeatingEvent 0.5 3 AddChannel 10 1");
    ok("addRepeatingEventID 1 -1 7 AddChannel 11 1");
    ok("addRepeatingEventID 1 -1 8 \"AddChannel 12 1\"");
    rig_run(3050);
    assert_true(holds("$CH10==3&&$CH11==3&&$CH12==3"));
    ok("cancelRepeatingEvent 7");
    rig_run(1000);
    assert_true(holds("$CH10==3&&$CH11==3&&$CH12==4"));
}

static void safe_mode_is_what_the_next_start_is_in_and_keeps_what_was_remembered(void **state)
{
    (void)state;
    ok("backlog SetStartValue 1 -1; POWER ON; SafeMode");
    rig_run(2500);
    assert_int_equal(rig_restarts, 1);
    assert_true(rig.safe_mode);
    assert_int_equal(run("POWER ON"), CMD_ERROR);
    assert_false(simplug_relay(1));
    assert_int_equal(run("startDriver BL0942"), CMD_ERROR);
    assert_int_equal(vars_retained(&rig.vars, 1), 1);
}

static void restart_comes_after_so_many_seconds(void **state)
{
    (void)state;
    ok("restart 3");
    rig_run(1900);
    assert_int_equal(rig_restarts, 0);
    rig_run(1500);
    assert_int_equal(rig_restarts, 1);
}

static void clearing_is_saved_at_once_and_does_not_restart(void **state)
{
    (void)state;
    ok("backlog POWER ON; SSID1 home; SetStartValue 1 1; SetChannelType 1 Toggle");
    ok("clearIO");
    assert_false(rig.cfg.dirty);
    assert_false(host_pin_driven(25));
    assert_int_equal(config_role(&rig.cfg, 25), 0);
    assert_int_equal(config_channel_type(&rig.cfg, 1), 0);
    assert_string_equal(config_text(&rig.cfg, CFG_SSID), "home");
    up(NULL);
    ok("backlog Ch5 5; AddEventHandler OnClick 24 echo x; SSID1 home; clearAll");
    assert_false(rig.cfg.dirty);
    assert_string_equal(config_text(&rig.cfg, CFG_SSID), "");
    assert_int_equal(rig.events.handlers, 0);
    rig_run(5000);
    assert_int_equal(rig_restarts, 0);
}

static void the_access_point_opens_five_seconds_later(void **state)
{
    (void)state;
    config_set_text(&rig.cfg, CFG_SSID, "home");
    rig_boot(HAL_RESET_POWER);
    ok("OpenAP");
    rig_run(3500);
    assert_string_equal(host_radio_ap_name(), "");
    rig_run(3000);
    assert_string_equal(host_radio_ap_name(), "OpenECR6600_CCDDEEFF");
}

/* ---- power: which relay an index means ------------------------------------------------ */

static void an_index_means_a_channel_and_one_less_when_a_relay_is_on_channel_0(void **state)
{
    (void)state;
    plug_of("{\"24\":\"Rel;1\",\"25\":\"Rel;2\"}");
    assert_reply("POWER2 ON", "{\"POWER1\":\"OFF\",\"POWER2\":\"ON\"}");
    assert_true(holds("$CH2==1&&$CH1==0"));
    assert_reply("POWER ON", "{\"POWER1\":\"ON\",\"POWER2\":\"ON\"}");
    assert_reply("powerAll OFF", "{}");
    assert_true(holds("$CH2==0&&$CH1==0"));
    plug_of("{\"24\":\"Rel;0\",\"25\":\"Rel_n;1\"}");
    assert_reply("POWER ON", "{\"POWER1\":\"ON\",\"POWER2\":\"OFF\"}");
    assert_reply("POWER0 OFF", "{\"POWER1\":\"OFF\",\"POWER2\":\"OFF\"}");
    assert_reply("POWER1 ON", "{\"POWER1\":\"ON\",\"POWER2\":\"OFF\"}");
    assert_reply("POWER2 ON", "{\"POWER1\":\"ON\",\"POWER2\":\"ON\"}");
    assert_true(holds("$CH0&&$CH1&&!$CH2"));
    plug_of("{\"25\":\"Rel;0\"}");
    assert_reply("POWER1 ON", "{\"POWER\":\"ON\"}");
    assert_true(holds("$CH0"));
    plug_of("{\"25\":\"Rel;5\",\"24\":\"LED;5\"}");
    assert_reply("POWER TOGGLE", "{\"POWER\":\"ON\"}");
    assert_true(holds("$CH5"));
}

static void without_a_relay_power_is_the_first_toggle_channel_or_nothing(void **state)
{
    (void)state;
    plug_of("{\"24\":\"Btn;1\"}");
    assert_int_equal(run("POWER ON"), CMD_BAD);
    assert_string_equal(reply, "{\"POWER\":\"ON\"}");
    ok("SetChannelType 7 Toggle");
    ok("POWER ON");
    assert_true(holds("$CH7"));
}

#define T(name) cmocka_unit_test_setup(name, up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(settings_are_where_they_belong),
        T(no_password_is_in_the_log_or_in_an_answer),
        T(a_role_works_at_once),
        T(a_start_value_of_minus_one_remembers_from_now_on),
        T(what_is_too_large_to_be_remembered_is_remembered_as_the_nearest),
        T(a_channel_may_be_hidden_or_kept_to_itself),
        T(handlers_of_the_table_do_run),
        T(repeating_events_of_the_table_do_run_and_are_cancelled_by_their_number),
        T(safe_mode_is_what_the_next_start_is_in_and_keeps_what_was_remembered),
        T(restart_comes_after_so_many_seconds),
        T(clearing_is_saved_at_once_and_does_not_restart),
        T(the_access_point_opens_five_seconds_later),
        T(an_index_means_a_channel_and_one_less_when_a_relay_is_on_channel_0),
        T(without_a_relay_power_is_the_first_toggle_channel_or_nothing),
    };

    return cmocka_run_group_tests_name("effects of commands", tests, NULL, NULL);
}
