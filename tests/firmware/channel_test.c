/* Channels: what happens when one changes, and in which order. */
#include "support/rig.h"

#include "core/role.h"

#define PLUG "{\"24\":\"Btn;1\",\"25\":\"Rel;1\",\"22\":\"LED;3\"}"

static void plug_with_retained_relay(void)
{
    rig_new(HAL_ECR6600, PLUG);
    config_set_start(&rig.cfg, 1, -1);
    rig_boot(HAL_RESET_POWER);
    rig_run(7000);
    host_calls_forget();
}

static void what_is_retained_is_on_flash_before_the_relay_moves(void **state)
{
    (void)state;
    plug_with_retained_relay();
    assert_true(channel_set(&rig, 1, 1, false));
    assert_true(host_first(HOST_PROGRAM, HOST_ANY) >= 0);
    assert_true(host_first(HOST_PIN_WRITE, 25) > host_first(HOST_PROGRAM, HOST_ANY));
    assert_int_equal(host_count(HOST_PIN_WRITE, 25), 1);
    assert_int_equal(host_called(host_calls() - 1)->call, HOST_PIN_WRITE); /* and all of it */
}

/* The power goes at the nth flash operation of a switch; false: there were not so many. */
static bool switched_until_cut(uint32_t nth, enum host_cut how)
{
    jmp_buf gone;
    bool cut;

    host_power_to(&gone);
    cut = setjmp(gone);
    if (!cut) {
        host_flash_cut(nth, how, 0x5eed0003u + nth);
        channel_set(&rig, 1, 1, false);
    }
    host_flash_calm();
    return cut;
}

/* A relay that has moved is found so again; one that has not may be either. */
static void a_power_cut_at_any_flash_operation_never_loses_a_switch_that_was_seen(void **state)
{
    bool cut = true;

    (void)state;
    for (unsigned how = 0; how < HOST_CUTS; how++, cut = true)
        for (uint32_t nth = 0; cut; nth++) {
            bool moved;

            plug_with_retained_relay();
            cut = switched_until_cut(nth, (enum host_cut)how);
            moved = simplug_relay(1);
            assert_true(moved || cut);
            rig_restart(HAL_RESET_POWER);
            if (moved)
                assert_true(simplug_relay(1));
            assert_in_range(channel_get(&rig, 1), 0, 1);
            assert_int_equal(simplug_relay(1), channel_get(&rig, 1));
            assert_true(nth < 100);
        }
}

static void a_flash_that_refuses_does_not_keep_the_relay_from_switching(void **state)
{
    (void)state;
    plug_with_retained_relay();
    host_flash_fail(0);
    assert_true(channel_set(&rig, 1, 1, false));
    assert_true(simplug_relay(1));
}

static void setting_what_is_set_already_does_nothing_at_all(void **state)
{
    (void)state;
    plug_with_retained_relay();
    rig_on(EVENT_CHANNEL_CHANGE, 1, "AddChannel 20 1");
    channel_set(&rig, 1, 1, false);
    host_calls_forget();
    rig.mqtt.channels = 0;
    channel_set(&rig, 1, 1, false);
    assert_int_equal(host_calls(), 0);
    assert_int_equal(channel_get(&rig, 20), 1);
    assert_int_equal(rig.mqtt.channels, 0);
    channel_set(&rig, 1, 1, true); /* unless forced */
    assert_int_equal(channel_get(&rig, 20), 2);
    assert_int_equal(rig.mqtt.channels & 2, 2);
    assert_int_equal(host_count(HOST_PROGRAM, HOST_ANY), 0);
}

static void only_channels_that_start_as_retained_cost_flash(void **state)
{
    (void)state;
    rig_new(HAL_ECR6600, PLUG);
    config_set_start(&rig.cfg, 12, -1); /* has no slot */
    rig_boot(HAL_RESET_POWER);
    rig_run(7000);
    host_calls_forget();
    for (unsigned ch = 0; ch < CHANNELS; ch++)
        channel_set(&rig, ch, 5, false);
    assert_int_equal(host_count(HOST_PROGRAM, HOST_ANY) + host_count(HOST_ERASE, HOST_ANY), 0);
}

static void start_values_are_used_as_they_are_and_beyond_the_slots_retained_is_0(void **state)
{
    (void)state;
    rig_new(HAL_ECR6600, PLUG);
    config_set_start(&rig.cfg, 5, 1234);
    config_set_start(&rig.cfg, 11, -1);
    config_set_start(&rig.cfg, 12, -1);
    config_set_start(&rig.cfg, 63, -2);
    rig_boot(HAL_RESET_POWER);
    channel_set(&rig, 11, 100000, false); /* a slot has 16 bits */
    channel_set(&rig, 12, 7, false);
    rig_boot(HAL_RESET_POWER);
    assert_int_equal(channel_get(&rig, 5), 1234);
    assert_int_equal(channel_get(&rig, 11), INT16_MAX);
    assert_int_equal(channel_get(&rig, 12), 0);
    assert_int_equal(channel_get(&rig, 63), -2);
}

static void there_is_no_channel_beyond_the_last(void **state)
{
    char buf[CHANNEL_LABEL];

    (void)state;
    plug_with_retained_relay();
    assert_false(channel_set(&rig, CHANNELS, 1, true));
    assert_false(channel_toggle(&rig, 255));
    assert_int_equal(channel_get(&rig, CHANNELS), 0);
    assert_false(channel_published(&rig, CHANNELS));
    assert_string_equal(channel_label(&rig, 200, buf), "200");
}

static void what_a_pin_publishes_is_published_and_private_channels_are_not(void **state)
{
    (void)state;
    plug_with_retained_relay();
    assert_true(channel_published(&rig, 1));
    assert_true(channel_published(&rig, 3));
    assert_false(channel_published(&rig, 4));
    config_set_channel_type(&rig.cfg, 4, CHANNEL_TOGGLE);
    assert_true(channel_published(&rig, 4));
    assert_false(channel_published(&rig, 5));
    config_set_flag(&rig.cfg, 39, true);
    assert_true(channel_published(&rig, 5));
    rig.ch.is_private = 1u << 1 | 1u << 5;
    assert_false(channel_published(&rig, 1));
    assert_false(channel_published(&rig, 5));
    rig.mqtt.channels = 0;
    channel_set(&rig, 1, 1, false);
    channel_set(&rig, 3, 1, false);
    assert_int_equal(rig.mqtt.channels, 1u << 3);
}

static void a_label_is_shown_else_the_number(void **state)
{
    char buf[CHANNEL_LABEL];

    (void)state;
    plug_with_retained_relay();
    assert_string_equal(channel_label(&rig, 12, buf), "12");
    strcpy(rig.ch.label[12], "USB");
    assert_string_equal(channel_label(&rig, 12, buf), "USB");
}

static void relays_are_switched_together(void **state)
{
    (void)state;
    rig_new(HAL_BK7231N, "{\"24\":\"Rel;0\",\"26\":\"Rel_n;63\",\"6\":\"LED;7\"}");
    rig_boot(HAL_RESET_POWER);
    channels_set_relays(&rig, true);
    assert_true(simplug_relay(0));
    assert_true(simplug_relay(63));
    assert_int_equal(channel_get(&rig, 7), 0);
    channels_set_relays(&rig, false);
    assert_false(simplug_relay(0));
    assert_false(simplug_relay(63));
}

static void types_have_their_names_and_numbers(void **state)
{
    uint8_t type = 99;

    (void)state;
    assert_string_equal(channel_type_name(0), "Default");
    assert_string_equal(channel_type_name(39), "Toggle_Inv");
    assert_string_equal(channel_type_name(67), "Frequency");
    assert_string_equal(channel_type_name(12), "");
    assert_string_equal(channel_type_name(255), "");
    assert_true(channel_type_parse("toggle", &type));
    assert_int_equal(type, CHANNEL_TOGGLE);
    assert_true(channel_type_parse("12", &type));
    assert_int_equal(type, 12);
    assert_false(channel_type_parse("", &type));
    assert_false(channel_type_parse("68", &type));
    assert_false(channel_type_parse("Nonsense", &type));
}

static void a_random_life_keeps_pins_channels_and_flash_together(void **state)
{
    uint32_t seed = seeded(0x5eed0004);

    (void)state;
    plug_with_retained_relay();
    for (int i = 0; i < 300; i++) {
        channel_set(&rig, 1, (int32_t)(noise(&seed) % 3), noise(&seed) % 8 == 0);
        assert_int_equal(simplug_relay(1), channel_get(&rig, 1) > 0);
        if (noise(&seed) % 16 == 0) {
            const bool was = simplug_relay(1);

            rig_restart(HAL_RESET_POWER);
            assert_int_equal(simplug_relay(1), was);
            rig_run(7000);
        }
    }
    assert_int_equal(host_flash_stats().violations, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_retained_is_on_flash_before_the_relay_moves),
        cmocka_unit_test(a_power_cut_at_any_flash_operation_never_loses_a_switch_that_was_seen),
        cmocka_unit_test(a_flash_that_refuses_does_not_keep_the_relay_from_switching),
        cmocka_unit_test(setting_what_is_set_already_does_nothing_at_all),
        cmocka_unit_test(only_channels_that_start_as_retained_cost_flash),
        cmocka_unit_test(start_values_are_used_as_they_are_and_beyond_the_slots_retained_is_0),
        cmocka_unit_test(there_is_no_channel_beyond_the_last),
        cmocka_unit_test(what_a_pin_publishes_is_published_and_private_channels_are_not),
        cmocka_unit_test(a_label_is_shown_else_the_number),
        cmocka_unit_test(relays_are_switched_together),
        cmocka_unit_test(types_have_their_names_and_numbers),
        cmocka_unit_test(a_random_life_keeps_pins_channels_and_flash_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
