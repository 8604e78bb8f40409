/* Roles: numbers that are on flash, names that are in templates. */
#include "support/check.h"

#include <stdbool.h>
#include <strings.h>

#include "core/role.h"

static unsigned parse(const char *text)
{
    uint8_t role = 255;

    return role_parse(text, &role) ? role : 255;
}

static void every_role_is_found_by_its_name_and_by_its_number(void **state)
{
    (void)state;
    for (unsigned i = 1; i < ROLES; i++) {
        char number[8];

        snprintf(number, sizeof number, "%u", i);
        assert_true(role_name(i)[0]);
        assert_int_equal(parse(role_name(i)), i);
        assert_int_equal(parse(number), i);
        for (unsigned j = 1; j < i; j++)
            assert_int_not_equal(strcasecmp(role_name(i), role_name(j)), 0);
    }
    assert_string_equal(role_name(0), "");
    assert_string_equal(role_name(ROLES), "");
    assert_int_equal(role_flags(ROLES), 0);
}

static void numbers_are_those_of_the_record(void **state)
{
    static const struct {
        const char *name;
        unsigned role;
    } known[] = {
        {"Rel", 1},           {"Rel_n", 2},        {"Btn", 3},        {"WifiLED", 8},
        {"TglChanOnTgl", 14}, {"BL0937SEL", 17},   {"BL0937CF", 18},  {"BL0937CF1", 19},
        {"PWM_n", 27},        {"AlwaysHigh", 34},  {"AlwaysLow", 35}, {"SoftSDA", 50},
        {"BL0937SEL_n", 64},  {"BAT_Relay_n", 75}, {"Btn_pd", 89},    {"TglChanOnTgl_pd", 91},
        {"BL0939_MISO", 98}};

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_int_equal(parse(known[i].name), known[i].role);
}

static void misspellings_of_published_templates_are_understood(void **state)
{
    (void)state;
    assert_int_equal(parse("WiFiLED"), 8);
    assert_int_equal(parse("WifiLED_n "), 9);
    assert_int_equal(parse("dInput_NoPullUP"), 15);
    assert_int_equal(parse("SM2135_DAT"), 21);
    assert_int_equal(parse("Btnl"), ROLE_BTN);
    assert_int_equal(parse("Button"), ROLE_BTN);
    assert_int_equal(parse("Relay"), ROLE_REL);
    assert_int_equal(parse("\t rel\r\n"), ROLE_REL);
    assert_int_equal(parse("None"), ROLE_NONE);
    assert_int_equal(parse("Rel                                                    "), ROLE_REL);
}

static void what_is_no_role_is_said_to_be_none_and_not_stored(void **state)
{
    static const char *const none[] = {
        "",      " ",
        "99",    "-1",
        "256",   "Rel_",
        "Re",    "1x",
        "Rel 1", "a name that is longer than any role could ever be, and not blank"};

    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        uint8_t role = 77;

        assert_false(role_parse(none[i], &role));
        assert_int_equal(role, 77);
    }
}

static void roles_of_a_plug_are_supported_and_others_are_kept_as_they_are(void **state)
{
    static const uint8_t plug[] = {1,  2,  3,  4,  5,  6,  8,  9,  10, 11, 12, 13, 14,
                                   15, 16, 17, 18, 19, 34, 35, 40, 41, 64, 89, 90, 91};
    unsigned n = 0;

    (void)state;
    for (size_t i = 0; i < sizeof plug; i++)
        assert_true(role_flags(plug[i]) & ROLE_SUPPORTED);
    for (unsigned i = 1; i < ROLES; i++)
        n += !!(role_flags(i) & ROLE_SUPPORTED);
    assert_int_equal(n, sizeof plug);
}

static void each_role_takes_as_many_channels_as_the_record_has_for_it(void **state)
{
    static const uint8_t two[] = {3, 4, 42, 43, 44, 45, 46, 48, 67, 89, 90};
    static const uint8_t none[] = {8, 9, 10, 11, 17, 18, 19, 64, 22, 24, 28, 29};
    unsigned relays = 0, twos = 0;

    (void)state;
    for (unsigned i = 0; i < ROLES; i++) {
        relays += !!(role_flags(i) & ROLE_RELAY);
        twos += !!(role_flags(i) & ROLE_TWO_CHANNELS);
    }
    assert_int_equal(relays, 2);
    assert_int_equal(twos, sizeof two);
    for (size_t i = 0; i < sizeof two; i++)
        assert_true(role_flags(two[i]) & ROLE_TWO_CHANNELS);
    for (size_t i = 0; i < sizeof none; i++)
        assert_true(role_flags(none[i]) & ROLE_NO_CHANNEL);
    assert_false(role_flags(ROLE_BTN_ALL) & ROLE_TWO_CHANNELS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_role_is_found_by_its_name_and_by_its_number),
        cmocka_unit_test(numbers_are_those_of_the_record),
        cmocka_unit_test(misspellings_of_published_templates_are_understood),
        cmocka_unit_test(what_is_no_role_is_said_to_be_none_and_not_stored),
        cmocka_unit_test(roles_of_a_plug_are_supported_and_others_are_kept_as_they_are),
        cmocka_unit_test(each_role_takes_as_many_channels_as_the_record_has_for_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
