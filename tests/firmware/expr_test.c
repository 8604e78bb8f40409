/* Conditions and constants: what they are worth, what is none, and that all of them end. */
#include "support/rig.h"

#include <math.h>

#include "core/expr.h"

static int up(void **state)
{
    (void)state;
    rig_new(HAL_ECR6600, "{\"24\":\"Btn;1\",\"25\":\"Rel;1\"}");
    rig_boot(HAL_RESET_SOFTWARE);
    return 0;
}

static void is(const char *text, double expected)
{
    double v;

    if (!expr_eval(&rig, text, &v))
        fail_msg("%s: no value", text);
    if (fabs(v - expected) > 1e-9)
        fail_msg("%s is %f, not %f", text, v, expected);
}

static void is_none(const char *text)
{
    double v;

    if (expr_eval(&rig, text, &v))
        fail_msg("%s is %f, and should be nothing", text, v);
}

static void numbers_and_signs_bind_as_in_school(void **state)
{
    (void)state;
    is("42", 42);
    is("0", 0);
    is("9", 9);
    is("0.9", 0.9);
    is("0.125", 0.125);
    is(" 1 + 2 * 3 ", 7);
    is("(1+2)*3", 9);
    is("10-4-3", 3);
    is("24/4/3", 2);
    is("2*-3", -6);
    is("--4", 4);
    is("-(2+3)", -5);
    is("7/2", 3.5);
    is("1+2<4", 1);
    is("1+2<3", 0);
    is("3<=3", 1);
    is("3>=4", 0);
    is("1<2==1", 1);
    is("2!=2", 0);
    is("1||0&&0", 1);
    is("(1||0)&&0", 0);
    is("!0", 1);
    is("!5", 0);
    is("!1||1", 1);
    is("!!7", 1);
    is("1==1&&2==2", 1);
}

static void what_is_no_expression_has_no_value(void **state)
{
    static const char *const none[] = {
        "",
        " ",
        "+",
        "1+",
        "1 2",
        "(1",
        "1)",
        "()",
        "1+*2",
        "==",
        "1=1",
        "1&1",
        "a",
        "$",
        "$CH",
        "$CH64",
        "$CH-1",
        "$FLAG64",
        "$CHx",
        "1..2",
        ".",
        "1e5",
        "0x10",
        "\"1\"",
        "1;2",
        "$$CH1",
        "!",
        "-",
        "1<>2",
        "nan",
        "inf",
        "$nope",
        "1/0",
        "0/0",
        "1/(1-1)",
        "$CH1x",
        "$intTemp",
        "99999999999",
        "$CH99999999999999999999",
        "$aNameThatIsMuchLongerThanAnyConstantEverWas",
    };

    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        is_none(none[i]);
}

static void constants_are_what_the_plug_knows(void **state)
{
    (void)state;
    channel_set(&rig, 5, -7, false);
    is("$CH5", -7);
    is("$ch5*2", -14);
    is("CH5", -7);
    channel_set(&rig, 9, 3, false);
    is("$CH9", 3);
    is("$CH0", 0);
    is("$FLAG10", 1);
    is("$FLAG11", 0);
    is("$voltage", 0); /* not measured */
    rig.meter.valid[METER_VOLTAGE] = rig.meter.valid[METER_TOTAL] = true;
    rig.meter.value[METER_VOLTAGE] = 230.5;
    rig.meter.value[METER_TOTAL] = 1234.5;
    is("$voltage", 230.5);
    is("$energy", 1234.5);
    is("$Power+$current+$frequency+$today+$yesterday", 0);
    is("MQTTOn", 0);
    is("$MQTTOn", 0);
    rig.mqtt.connected = true;
    is("MQTTOn==1", 1);
    is("$NTPOn", 0);
    is("$hour+$minute+$second+$day+$mday+$month+$year", 0); /* nobody has told */
    is("$uptime", 0);
    rig_run(3050);
    is("$uptime", 3);
    is("$failedBoots", 1);
    is("$rebootReason", HAL_RESET_SOFTWARE);
    is("$rand>=0", 1);
}

static void what_has_no_end_is_not_gone_into(void **state)
{
    char text[600];
    double v;

    (void)state;
    for (unsigned n = 1; n < 250; n++) {
        memset(text, '(', n);
        text[n] = '1';
        memset(text + n + 1, ')', n);
        text[2 * n + 1] = '\0';
        assert_int_equal(expr_eval(&rig, text, &v), n <= EXPR_DEPTH);
        memset(text, n % 2 ? '!' : '-', n);
        strcpy(text + n, "1");
        assert_int_equal(expr_eval(&rig, text, &v), n <= EXPR_DEPTH);
    }
    strcpy(text, "1");
    while (strlen(text) < 500)
        strcat(text, "+1");
    is(text, 251);
}

static void nothing_that_is_not_finite_comes_out(void **state)
{
    char text[512] = "999999999";

    (void)state;
    while (strlen(text) < 480)
        strcat(text, "*999999999");
    is_none(text);
}

static void noise_ends_and_what_it_says_is_finite(void **state)
{
    static const char letters[] = "()!-+*/<>=&|$CHFLAG0123456789. powervoltage";
    uint32_t seed = seeded(0xe59e55ed);
    unsigned good = 0;

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        char text[32];
        size_t n = noise(&seed) % (sizeof text - 1);
        double v;

        for (size_t k = 0; k < n; k++)
            text[k] = letters[noise(&seed) % (i % 2 ? 28 : sizeof letters - 1)];
        text[n] = '\0';
        if (expr_eval(&rig, text, &v)) {
            assert_true(isfinite(v));
            good++;
        }
    }
    assert_true(good > 100);
}

#define T(name) cmocka_unit_test_setup(name, up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(numbers_and_signs_bind_as_in_school),  T(what_is_no_expression_has_no_value),
        T(constants_are_what_the_plug_knows),    T(what_has_no_end_is_not_gone_into),
        T(nothing_that_is_not_finite_comes_out), T(noise_ends_and_what_it_says_is_finite),
    };

    return cmocka_run_group_tests_name("expressions", tests, NULL, NULL);
}
