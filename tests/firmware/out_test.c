/* Text as it leaves the plug, and numbers as they come in. */
#include "firmware/support/check.h"

#include <math.h>
#include <stdlib.h>

#include "core/out.h"

static char buf[256];
static struct out o;

static int fresh(void **state)
{
    (void)state;
    memset(buf, 'z', sizeof buf);
    out_init(&o, buf, sizeof buf);
    return 0;
}

/* ---- a bounded buffer ------------------------------------------------------------ */

static void text_is_whole_or_not_at_all(void **state)
{
    (void)state;
    out_init(&o, buf, 8);
    out_text(&o, "1234567");
    assert_false(o.over);
    out_init(&o, buf, 8);
    out_text(&o, "123");
    out_text(&o, "45678");
    assert_true(o.over);
    assert_string_equal(buf, "123");
    out_text(&o, "4"); /* behind a gap nothing follows */
    assert_string_equal(buf, "123");
    assert_int_equal(buf[8], 'z');
}

static void no_room_at_all_is_no_harm(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < 2; cap++) {
        memset(buf, 'z', sizeof buf);
        out_init(&o, buf, cap);
        out_text(&o, "");
        assert_false(o.over);
        out_char(&o, 'x');
        out_fmt(&o, "%d", 5);
        out_flush(&o);
        assert_true(o.over);
        assert_int_equal(buf[cap], 'z');
    }
}

/* ---- a sink ----------------------------------------------------------------------- */

static char sunk[4096];
static size_t sunk_len, sink_limit;

static bool sink(void *user, const char *text, size_t len)
{
    assert_ptr_equal(user, &sunk_len);
    assert_true(len > 0);
    if (sunk_len + len > sink_limit)
        return false;
    memcpy(sunk + sunk_len, text, len);
    sunk_len += len;
    sunk[sunk_len] = '\0';
    return true;
}

static void through_a_sink_passes_more_than_the_buffer_holds(void **state)
{
    (void)state;
    for (size_t cap = 2; cap < 40; cap++) {
        out_init(&o, buf, cap);
        o.sink = sink;
        o.user = &sunk_len;
        sunk_len = 0;
        sink_limit = 4000;
        for (unsigned i = 0; i < 50; i++)
            out_fmt(&o, "line %u: %s\n", i, "of some length, more than the buffer");
        assert_true(out_flush(&o));
        assert_int_equal(sunk_len, 10 * 45 + 40 * 46);
        assert_memory_equal(sunk + sunk_len - 46, "line 49: of some", 16);
    }
}

static void a_sink_that_breaks_ends_it(void **state)
{
    (void)state;
    out_init(&o, buf, 16);
    o.sink = sink;
    o.user = &sunk_len;
    sunk_len = 0;
    sink_limit = 40;
    for (unsigned i = 0; i < 50; i++)
        out_text(&o, "12345678");
    assert_true(o.over);
    assert_false(out_flush(&o));
    assert_true(sunk_len <= 40);
}

static void a_sink_behind_a_buffer_of_one_byte_does_not_hang(void **state)
{
    (void)state;
    out_init(&o, buf, 1);
    o.sink = sink;
    o.user = &sunk_len;
    out_text(&o, "anything");
    assert_true(o.over);
}

/* ---- formats ------------------------------------------------------------------------ */

static void formats_are_those_of_printf(void **state)
{
    char want[256];

    (void)state;
    out_fmt(&o, "%s|%d|%d|%d|%u|%x|%X|%02X|%04x|%08X|%c|%%|%03d|%d", "text", 0, -1, INT32_MIN,
            UINT32_MAX, 0xbeef, 0xBEEF, 5, 0xab, 0x1234u, 'c', 7, INT32_MAX);
    snprintf(want, sizeof want, "%s|%d|%d|%d|%u|%x|%X|%02X|%04x|%08X|%c|%%|%03d|%d", "text", 0, -1,
             INT32_MIN, UINT32_MAX, 0xbeef, 0xBEEF, 5, 0xab, 0x1234u, 'c', 7, INT32_MAX);
    assert_string_equal(buf, want);
}

static void a_format_that_ends_early_ends(void **state)
{
    void (*volatile fmt)(struct out *, const char *, ...) = out_fmt;

    (void)state;
    fmt(&o, "100%");
    assert_string_equal(buf, "100");
}

static const char *real(double value, unsigned decimals)
{
    fresh(NULL);
    out_real(&o, value, decimals);
    return buf;
}

static const char *brief(double value, unsigned decimals)
{
    fresh(NULL);
    out_short(&o, value, decimals);
    return buf;
}

static void reals_round_half_away_from_zero(void **state)
{
    (void)state;
    assert_string_equal(real(0.5, 0), "1");
    assert_string_equal(real(-0.5, 0), "-1");
    assert_string_equal(real(1.5, 0), "2");
    assert_string_equal(real(2.5, 0), "3");
    assert_string_equal(real(0.125, 2), "0.13");
    assert_string_equal(real(-0.125, 2), "-0.13");
    assert_string_equal(real(0.49999999999999994, 0), "0");
    assert_string_equal(real(999.9996, 3), "1000.000");
    assert_string_equal(real(0.9995, 3), "1.000"); /* the double is a little more */
    assert_string_equal(real(230.4, 1), "230.4");
    assert_string_equal(real(1234.5, 0), "1235");
}

static void there_is_no_minus_zero(void **state)
{
    (void)state;
    assert_string_equal(real(-0.0, 2), "0.00");
    assert_string_equal(real(-0.004, 2), "0.00");
    assert_string_equal(real(-0.4, 0), "0");
    assert_string_equal(brief(-0.004, 2), "0");
}

static void what_is_not_finite_never_becomes_text(void **state)
{
    (void)state;
    for (unsigned d = 0; d < 12; d++) {
        assert_string_equal(real(NAN, d), "0");
        assert_string_equal(real(INFINITY, d), "0");
        assert_string_equal(real(-INFINITY, d), "0");
        assert_string_equal(brief(NAN, d), "0");
    }
}

static void large_and_small_reals_keep_their_digits(void **state)
{
    (void)state;
    assert_string_equal(real(123456789012.5, 9), "123456789012.500000000");
    assert_string_equal(real(999999999999999872.0, 0), "999999999999999872");
    assert_string_equal(real(1e18, 0), "0");
    assert_string_equal(real(1e300, 3), "0");
    assert_string_equal(real(5e-324, 9), "0.000000000");
    assert_string_equal(real(0.000000001, 9), "0.000000001");
    assert_string_equal(real(1, 30), "1.000000000"); /* nine decimals at most */
}

static void short_reals_have_no_zeros_at_the_end(void **state)
{
    (void)state;
    assert_string_equal(brief(100, 0), "100");
    assert_string_equal(brief(100, 3), "100");
    assert_string_equal(brief(1.50, 3), "1.5");
    assert_string_equal(brief(0.001, 3), "0.001");
    assert_string_equal(brief(0.0001, 3), "0");
    assert_string_equal(brief(-12.340, 3), "-12.34");
    assert_string_equal(brief(10.0, 1), "10");
    assert_string_equal(brief(-123456789012345678.0, 9), "-123456789012345680");
}

static void random_reals_are_as_printf_has_them(void **state)
{
    uint32_t seed = seeded(0x5eed0007);
    char want[64];

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        const unsigned d = noise(&seed) % 7;
        const double value =
            ((double)noise(&seed) - 2147483648.0) / (1 + noise(&seed) % 1000000) + 1e-7;

        snprintf(want, sizeof want, "%.*f", (int)d, value);
        if (strspn(want, "-0.") == strlen(want))
            continue; /* printf knows minus zero */
        if (strcmp(real(value, d), want) != 0)
            assert_true(fabs(strtod(buf, NULL) - value) < 0.50001 * pow(10, -(double)d));
        assert_true(fabs(strtod(buf, NULL) - strtod(want, NULL)) < 1.5 * pow(10, -(double)d));
    }
}

/* ---- escapes -------------------------------------------------------------------------- */

static const char *json(const char *text)
{
    fresh(NULL);
    out_json(&o, text);
    return buf;
}

static void json_escapes_what_must_be(void **state)
{
    (void)state;
    assert_string_equal(json("plain text"), "plain text");
    assert_string_equal(json("\"quoted\" \\ back"), "\\\"quoted\\\" \\\\ back");
    assert_string_equal(json("a\nb\rc\td\be\f"), "a\\nb\\rc\\td\\be\\f");
    assert_string_equal(json("\x01\x1f\x7f"), "\\u0001\\u001f\x7f");
    assert_string_equal(json("</script>"), "</script>");
    assert_string_equal(json(""), "");
}

/* A network's name may be any 32 bytes; a client that gets bytes which are no UTF-8
 * throws the whole message away. */
static void json_stays_utf8_whatever_a_network_is_called(void **state)
{
    (void)state;
    assert_string_equal(json("Caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\x8c"),
                        "Caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\x8c");
    assert_string_equal(json("Caf\xe9"), "Caf\\ufffd");
    assert_string_equal(json("\xc0\xaf"), "\\ufffd\\ufffd");
    assert_string_equal(json("\xed\xa0\x80"), "\\ufffd\\ufffd\\ufffd");
    assert_string_equal(json("\xf4\x90\x80\x80x"), "\\ufffd\\ufffd\\ufffd\\ufffdx");
    assert_string_equal(json("\xf8\xff"), "\\ufffd\\ufffd");
    assert_string_equal(json("\xe2\x82"), "\\ufffd\\ufffd");
    assert_string_equal(json("\xf0\x9f\x94"), "\\ufffd\\ufffd\\ufffd");
    assert_string_equal(json("\xe0\x80\x80"), "\\ufffd\\ufffd\\ufffd");
}

static void html_and_urls_cannot_be_left(void **state)
{
    (void)state;
    out_html(&o, "<a href=\"x\" b='y'>&</a>");
    assert_string_equal(buf, "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;&lt;/a&gt;");
    fresh(NULL);
    out_url(&o, "a b&c=d/e?f#\xe9%+~-_.Z9");
    assert_string_equal(buf, "a%20b%26c%3Dd%2Fe%3Ff%23%E9%25%2B%7E-_.Z9");
}

/* ---- numbers from outside ---------------------------------------------------------------- */

static void integers_are_the_whole_text_or_none(void **state)
{
    static const char *const bad[] = {
        "",    "-",  " 1", "1 ",         "+1",          "0x10", "1.0",
        "--1", "1-", "a",  "2147483648", "-2147483649", "1e3",  "99999999999999999999999"};
    static const struct {
        const char *text;
        int32_t value;
    } good[] = {{"0", 0},   {"-0", 0},  {"7", 7},
                {"-7", -7}, {"007", 7}, {"2147483647", INT32_MAX},
                {"-1", -1}, {"64", 64}, {"-2147483648", INT32_MIN}};

    (void)state;
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        int32_t n = 42;

        assert_false(text_int(bad[i], &n));
        assert_int_equal(n, 42);
    }
    for (unsigned i = 0; i < sizeof good / sizeof *good; i++) {
        int32_t n = 42;

        assert_true(text_int(good[i].text, &n));
        assert_int_equal(n, good[i].value);
    }
}

static void masks_of_64_bits_are_read_with_either_sign(void **state)
{
    uint64_t n;

    (void)state;
    assert_true(text_u64("18446744073709551615", &n) && n == UINT64_MAX);
    assert_false(text_u64("18446744073709551616", &n));
    assert_false(text_u64("99999999999999999999", &n));
    assert_true(text_u64("-2080373664", &n) && n == 0xffffffff84000460);
    assert_true(text_u64("-9223372036854775808", &n) && n == UINT64_C(1) << 63);
    assert_false(text_u64("-9223372036854775809", &n));
    assert_true(text_u64("-1", &n) && n == UINT64_MAX);
}

static void reals_are_the_whole_text_or_none(void **state)
{
    static const char *const bad[] = {"",
                                      "-",
                                      "+",
                                      ".",
                                      "-.",
                                      "1..2",
                                      "1.2.3",
                                      "1e5",
                                      "nan",
                                      "inf",
                                      "0x1p3",
                                      " 1",
                                      "1 ",
                                      "1,5",
                                      "--1",
                                      "10000000001",
                                      "0.0000000000000000001"};
    double v;

    (void)state;
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(text_real(bad[i], &v));
    assert_true(text_real("230.5", &v) && v == 230.5);
    assert_true(text_real("-0.25", &v) && v == -0.25);
    assert_true(text_real("+5", &v) && v == 5);
    assert_true(text_real(".5", &v) && v == 0.5);
    assert_true(text_real("5.", &v) && v == 5);
    assert_true(text_real("1000000000", &v) && v == 1e9);
    assert_true(text_real("0.12750000208616257", &v) && fabs(v - 0.1275) < 1e-8);
}

static void case_does_not_matter_and_length_does(void **state)
{
    (void)state;
    assert_true(text_same("Power", "pOWER"));
    assert_true(text_same("", ""));
    assert_false(text_same("Power", "Power1"));
    assert_false(text_same("Power1", "Power"));
    assert_false(text_same("[", "{"));
    assert_false(text_same("@", "`"));
}

static void copies_are_cut_and_told_so(void **state)
{
    char to[4] = "xxx";

    (void)state;
    assert_true(text_copy(to, 4, "abc"));
    assert_string_equal(to, "abc");
    assert_false(text_copy(to, 4, "defg"));
    assert_string_equal(to, "def");
    assert_false(text_copy(to, 0, "hij"));
    assert_string_equal(to, "def");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, fresh)
    const struct CMUnitTest tests[] = {
        TEST(text_is_whole_or_not_at_all),
        TEST(no_room_at_all_is_no_harm),
        TEST(through_a_sink_passes_more_than_the_buffer_holds),
        TEST(a_sink_that_breaks_ends_it),
        TEST(a_sink_behind_a_buffer_of_one_byte_does_not_hang),
        TEST(formats_are_those_of_printf),
        TEST(a_format_that_ends_early_ends),
        TEST(reals_round_half_away_from_zero),
        TEST(there_is_no_minus_zero),
        TEST(what_is_not_finite_never_becomes_text),
        TEST(large_and_small_reals_keep_their_digits),
        TEST(short_reals_have_no_zeros_at_the_end),
        TEST(random_reals_are_as_printf_has_them),
        TEST(json_escapes_what_must_be),
        TEST(json_stays_utf8_whatever_a_network_is_called),
        TEST(html_and_urls_cannot_be_left),
        TEST(integers_are_the_whole_text_or_none),
        TEST(masks_of_64_bits_are_read_with_either_sign),
        TEST(reals_are_the_whole_text_or_none),
        TEST(case_does_not_matter_and_length_does),
        TEST(copies_are_cut_and_told_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
