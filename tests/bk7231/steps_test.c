/* The language of --reset-seq. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/fake_transport.h"
#include "plugflash/protocol.h"

static void every_step_is_run_in_order_and_in_time(void **state)
{
    const struct fake_step script[] = {
        LINES(PF_LINE_DTR | PF_LINE_RTS),
        POWER(0),
        POWER(1),
        LINES(PF_LINE_RTS),
        BAUD(9600),
        HOST(0x01, 0xe0),
        HOST('r', 'e', 'b', 'o', 'o', 't', '\r', '\n', '\'', 0x07),
        LINES(0),
        DONE,
    };
    struct fake *f = fake_open(script);
    struct pf_steps steps;

    (void)state;
    f->port.caps |= PF_CAP_POWER;
    assert_int_equal(pf_steps_parse(&f->ctx,
                                    "D1&R1|W0.1|P0|W.5|P1|D0|B9600|X'01e0'|"
                                    "T'reboot\\r\\n\\'\\x07'|W2|R0",
                                    &steps),
                     PF_OK);
    assert_true(steps.touches_lines);
    assert_true(steps.touches_power);
    assert_int_equal(pf_steps_run(&f->ctx, &f->port, &steps, false), PF_OK);
    assert_int_equal(f->now, 2600000);
    fake_finish(f);
    fake_close(f);
}

static void an_empty_sequence_does_nothing(void **state)
{
    struct pf_ctx ctx = {0};
    struct pf_steps steps;

    (void)state;
    assert_int_equal(pf_steps_parse(&ctx, "", &steps), PF_OK);
    assert_int_equal(steps.count, 0);
    assert_false(steps.touches_lines || steps.touches_power);
}

static void what_does_not_parse_is_named_with_its_place(void **state)
{
    static const struct {
        const char *text, *place;
    } bad[] = {
        {"D", "character 2"},      {"D2", "character 2"},
        {"Q1", "character 1"},     {"D1|", "character 4"},
        {"D1||R1", "character 4"}, {"W", "character 2"},
        {"W-1", "character 2"},    {"W1e3", "character 3"},
        {"W601", "600 seconds"},   {"W0.11111111111111111111", "too long"},
        {"X'0'", "hex digits"},    {"X'01", "missing"},
        {"X01", "quote"},          {"T'abc", "missing"},
        {"T''", "nothing"},        {"T'\\q'", "escape"},
        {"B12", "baud"},           {"B999999999", "baud"},
        {"D1&W1", "after &"},      {"D1&D0", "twice"},
        {"P2", "character 2"},     {"D1 |R1", "character 3"},
        {"d1", "character 1"},     {"W.", "number"},
        {"T'\\x4'", "escape"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct pf_ctx ctx = {0};
        struct pf_steps steps;

        if (pf_steps_parse(&ctx, bad[i].text, &steps) != PF_ERR_USAGE)
            print_error("\"%s\" parses\n", bad[i].text);
        assert_int_equal(ctx.err, PF_ERR_USAGE);
        if (!strstr(ctx.text, bad[i].place))
            print_error("\"%s\": %s\n", bad[i].text, ctx.text);
        assert_non_null(strstr(ctx.text, bad[i].place));
    }
}

static void too_many_steps_and_bytes_are_refused(void **state)
{
    struct pf_ctx ctx = {0};
    struct pf_steps steps;
    char text[400] = "";

    (void)state;
    for (int i = 0; i < 64; i++)
        strcat(text, i ? "|W1" : "W1");
    assert_int_equal(pf_steps_parse(&ctx, text, &steps), PF_OK);
    assert_int_equal(steps.count, 64);
    strcat(text, "|W1");
    assert_int_equal(pf_steps_parse(&ctx, text, &steps), PF_ERR_USAGE);

    strcpy(text, "T'");
    for (int i = 0; i < 65; i++)
        strcat(text, "x");
    strcat(text, "'");
    assert_int_equal(pf_steps_parse(&ctx, text, &steps), PF_ERR_USAGE);
}

static void a_missing_power_switch_fails_unless_lenient(void **state)
{
    struct fake *f = fake_open(NULL);
    struct pf_transport_ops poor = *f->port.ops;
    struct pf_steps steps;

    (void)state;
    poor.set_power = NULL;
    f->port.ops = &poor;
    assert_int_equal(pf_steps_parse(&f->ctx, "P0|W1|P1", &steps), PF_OK);
    assert_int_equal(pf_steps_run(&f->ctx, &f->port, &steps, false), PF_ERR_SUPPORT);
    assert_int_equal(f->now, 0);
    assert_int_equal(pf_steps_run(&f->ctx, &f->port, &steps, true), PF_OK);
    assert_int_equal(f->now, 1000000);
    fake_close(f);
}

static void a_long_wait_ends_when_asked_to_stop(void **state)
{
    struct fake *f = fake_open(NULL);
    struct pf_steps steps;

    (void)state;
    assert_int_equal(pf_steps_parse(&f->ctx, "W600", &steps), PF_OK);
    f->ctx.cancel = true;
    assert_int_equal(pf_steps_run(&f->ctx, &f->port, &steps, true), PF_ERR_CANCELED);
    assert_int_equal(f->now, 0);
    fake_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_is_run_in_order_and_in_time),
        cmocka_unit_test(an_empty_sequence_does_nothing),
        cmocka_unit_test(what_does_not_parse_is_named_with_its_place),
        cmocka_unit_test(too_many_steps_and_bytes_are_refused),
        cmocka_unit_test(a_missing_power_switch_fails_unless_lenient),
        cmocka_unit_test(a_long_wait_ends_when_asked_to_stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
