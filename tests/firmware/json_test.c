/* JSON as templates and REST calls bring it: read as it was meant, or refused. */
#include "firmware/support/check.h"

#include <stdlib.h>

#include "core/json.h"

/* On the heap and without an end: a byte read behind it is noticed. */
static struct json parse(const char *text, char **keep)
{
    const size_t len = strlen(text);

    *keep = malloc(len ? len : 1);
    memcpy(*keep, text, len);
    return json_parse(*keep, len);
}

static enum json_kind kind(const char *text)
{
    char *keep;
    const enum json_kind k = parse(text, &keep).kind;

    free(keep);
    return k;
}

static void every_kind_of_value_is_told(void **state)
{
    (void)state;
    assert_int_equal(kind("{}"), JSON_OBJECT);
    assert_int_equal(kind(" [ ] "), JSON_ARRAY);
    assert_int_equal(kind("\"\""), JSON_STRING);
    assert_int_equal(kind("-0.5e+10"), JSON_NUMBER);
    assert_int_equal(kind("0"), JSON_NUMBER);
    assert_int_equal(kind("true"), JSON_TRUE);
    assert_int_equal(kind("\tfalse\r\n"), JSON_FALSE);
    assert_int_equal(kind("null"), JSON_NULL);
}

static void what_is_no_json_is_refused(void **state)
{
    static const char *const bad[] = {
        "",        " ",       "{",         "}",           "[",         "]",
        "[,]",     "[1,]",    "[1 2]",     "{\"a\"}",     "{\"a\":}",  "{\"a\":1,}",
        "{,}",     "{a:1}",   "{\"a\" 1}", "[1}",         "{\"a\":1]", "01",
        "-",       "1.",      ".5",        "+1",          "1e",        "1e+",
        "0x10",    "tru",     "truee",     "nul",         "NaN",       "\"",
        "\"\\\"",  "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"",  "'a'",
        "1 1",     "{} {}",   "[]]",       "\"a\" b",     "[1,,2]",    "{\"a\":1 \"b\":2}",
        "// c\n1", "\"\\u",   "\"\\u1",    "\\\"a\"",     "{1:2}",     "[\"a\":1]",
    };

    (void)state;
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
        if (kind(bad[i]) != JSON_NONE)
            fail_msg("taken: %s", bad[i]);
    assert_int_equal(json_parse("1\0", 2).kind, JSON_NONE);
    assert_int_equal(json_parse("\0", 1).kind, JSON_NONE);
    assert_int_equal(json_parse("\"\0\"", 3).kind, JSON_NONE);
    assert_int_equal(json_parse("\"\\\0\"", 4).kind, JSON_NONE);
}

static void depth_is_bounded(void **state)
{
    char text[4096];

    (void)state;
    for (unsigned depth = 1; depth < 12; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        text[2 * depth] = '\0';
        assert_int_equal(kind(text), depth <= JSON_DEPTH ? JSON_ARRAY : JSON_NONE);
    }
    memset(text, '[', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(kind(text), JSON_NONE);
}

static void a_template_is_read_member_by_member(void **state)
{
    static const char text[] =
        "{ \"vendor\":\"Tuya\",\n \"pins\" : {\"14\":\"BL0937CF;0\",\"25\":\"Rel;1\"} ,"
        "\"flags\":\"1024\", \"list\":[1, [2,3], {\"x\":null}], \"command\":\"\" }";
    struct json all, pins, key, value, list;
    size_t at = 0;
    char *keep, buf[32];
    int64_t n;

    (void)state;
    all = parse(text, &keep);
    assert_int_equal(all.kind, JSON_OBJECT);
    pins = json_member(&all, "pins");
    assert_int_equal(pins.kind, JSON_OBJECT);

    assert_true(json_next(&pins, &at, &key, &value));
    assert_true(json_int(&key, &n) && n == 14);
    assert_true(json_string(&value, buf, sizeof buf));
    assert_string_equal(buf, "BL0937CF;0");
    assert_true(json_next(&pins, &at, &key, &value));
    assert_true(json_int(&key, &n) && n == 25);
    assert_false(json_next(&pins, &at, &key, &value));
    assert_int_equal(value.kind, JSON_NONE);
    assert_false(json_next(&pins, &at, &key, &value));

    value = json_member(&all, "flags");
    assert_true(json_int(&value, &n) && n == 1024);
    value = json_member(&all, "command");
    assert_true(json_string(&value, buf, sizeof buf));
    assert_string_equal(buf, "");
    assert_int_equal(json_member(&all, "comman").kind, JSON_NONE);
    assert_int_equal(json_member(&all, "commands").kind, JSON_NONE);
    assert_int_equal(json_member(&pins, "vendor").kind, JSON_NONE);

    list = json_member(&all, "list");
    at = 0;
    for (unsigned i = 0; i < 3; i++) {
        static const enum json_kind kinds[] = {JSON_NUMBER, JSON_ARRAY, JSON_OBJECT};

        assert_true(json_next(&list, &at, &key, &value));
        assert_int_equal(key.kind, JSON_NONE);
        assert_int_equal(value.kind, kinds[i]);
    }
    assert_false(json_next(&list, &at, &key, &value));
    assert_int_equal(json_member(&list, "x").kind, JSON_NONE);
    free(keep);
}

static void empty_ones_have_no_members(void **state)
{
    static const char *const texts[] = {"{}", "[]", "{ }", "[\n]", "1", "\"a,b\"", "null"};

    (void)state;
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct json all, key, value;
        size_t at = 0;
        char *keep;

        all = parse(texts[i], &keep);
        assert_false(json_next(&all, &at, &key, &value));
        free(keep);
    }
}

static void check_string(const char *text, const char *want)
{
    char buf[64], *keep;
    const struct json v = parse(text, &keep);

    assert_true(json_string(&v, buf, sizeof buf));
    assert_string_equal(buf, want);
    free(keep);
}

static void escapes_are_resolved(void **state)
{
    (void)state;
    check_string("\"\\\" \\\\ \\/ \\b\\f\\n\\r\\t\"", "\" \\ / \b\f\n\r\t");
    check_string("\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac");
    check_string("\"\\ud83d\\udd0c\"", "\xf0\x9f\x94\x8c");
    check_string("\"caf\xc3\xa9\"", "caf\xc3\xa9");
    check_string("\"\\ud83d\"", "\xef\xbf\xbd");
    check_string("\"\\ud83dx\"", "\xef\xbf\xbdx");
    check_string("\"\\udd0c\\ud83d\"", "\xef\xbf\xbd\xef\xbf\xbd");
    check_string("\"\\ud83d\\u0041\"", "\xef\xbf\xbd"
                                       "A");
}

static void a_string_that_does_not_fit_or_has_a_nul_is_refused(void **state)
{
    struct json v;
    char buf[5], *keep;

    (void)state;
    v = parse("\"abcd\"", &keep);
    assert_true(json_string(&v, buf, 5));
    assert_false(json_string(&v, buf, 4));
    assert_string_equal(buf, "abc");
    assert_false(json_string(&v, buf, 0));
    free(keep);
    v = parse("\"a\\u0000b\"", &keep);
    assert_false(json_string(&v, buf, 5));
    assert_string_equal(buf, "a");
    free(keep);
    v = parse("\"\xe2\x82\xac\\u20ac\"", &keep);
    assert_false(json_string(&v, buf, 5)); /* never half a character of an escape */
    assert_string_equal(buf, "\xe2\x82\xac");
    free(keep);
    v = parse("12", &keep);
    assert_false(json_string(&v, buf, 5));
    free(keep);
}

static void keys_are_compared_unescaped(void **state)
{
    struct json all, v;
    char *keep;
    int64_t n;

    (void)state;
    all = parse("{\"p\\u0069ns\":1,\"pins\":2,\"\":3}", &keep);
    v = json_member(&all, "pins");
    assert_true(json_int(&v, &n) && n == 1);
    v = json_member(&all, "");
    assert_true(json_int(&v, &n) && n == 3);
    free(keep);
}

static void integers_are_strict(void **state)
{
    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } v[] = {
        {"0", true, 0},
        {"-12", true, -12},
        {"\"34\"", true, 34},
        {"\"-34\"", true, -34},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"1.0", false, 0},
        {"1e2", false, 0},
        {"\"\"", false, 0},
        {"\"1 \"", false, 0},
        {"\"a\"", false, 0},
        {"true", false, 0},
        {"null", false, 0},
        {"[1]", false, 0},
        {"123456789012345678901234567890", false, 0},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof v / sizeof *v; i++) {
        int64_t n = 77;
        char *keep;
        const struct json j = parse(v[i].text, &keep);

        assert_int_not_equal(j.kind, JSON_NONE);
        assert_int_equal(json_int(&j, &n), v[i].good);
        assert_true(n == (v[i].good ? v[i].value : 77));
        free(keep);
    }
}

/* Walk all there is; everything handed out lies within the text. */
static unsigned walk(const struct json *v, unsigned depth)
{
    struct json key, value;
    unsigned n = 1;
    size_t at = 0;
    char buf[16];
    int64_t i;

    assert_true(depth <= JSON_DEPTH);
    json_string(v, buf, sizeof buf);
    json_int(v, &i);
    while (json_next(v, &at, &key, &value)) {
        assert_true(value.text >= v->text && value.text + value.len <= v->text + v->len);
        n += walk(&value, depth + 1);
        assert_true(n < 10000);
    }
    return n;
}

static void mutated_json_is_taken_whole_or_refused(void **state)
{
    static const char text[] = "{\"a\":[1,-2.5e3,\"x\\u00e9\\n\",{\"b\":null,\"c\":[[],{}]}],"
                               "\"d\":{\"e\":true,\"f\":\"\\\\\\\"\"},\"g\":false}";
    static const char set[] = "{}[]\",:\\u0e1-+.tn \n";
    uint32_t seed = seeded(0x5eed0008);
    unsigned taken = 0;

    (void)state;
    for (unsigned round = 0; round < 60000; round++) {
        char changed[sizeof text], *keep;
        struct json v;

        memcpy(changed, text, sizeof text);
        for (unsigned i = 0; i <= round % 3; i++)
            changed[noise(&seed) % (sizeof text - 1)] = set[noise(&seed) % (sizeof set - 1)];
        changed[round % 5 ? sizeof text - 1 : noise(&seed) % sizeof text] = '\0';
        v = parse(changed, &keep);
        if (v.kind != JSON_NONE) {
            taken++;
            walk(&v, 0);
        }
        free(keep);
    }
    printf("%u of 60000 taken\n", taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_value_is_told),
        cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(a_template_is_read_member_by_member),
        cmocka_unit_test(empty_ones_have_no_members),
        cmocka_unit_test(escapes_are_resolved),
        cmocka_unit_test(a_string_that_does_not_fit_or_has_a_nul_is_refused),
        cmocka_unit_test(keys_are_compared_unescaped),
        cmocka_unit_test(integers_are_strict),
        cmocka_unit_test(mutated_json_is_taken_whole_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
