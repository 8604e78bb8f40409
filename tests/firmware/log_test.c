/* The log: what a user reads at /logs. */
#include "firmware/support/check.h"

#include "core/plug.h"

static struct plug plug;
static char text[3 * LOG_SIZE];

static int fresh(void **state)
{
    (void)state;
    memset(&plug, 0, sizeof plug);
    plug.log.level = LOG_INFO;
    return 0;
}

static const char *read_from(uint32_t *at)
{
    size_t n = 0, got;

    while ((got = log_read(&plug, at, text + n, 7)) != 0)
        n += got;
    text[n] = '\0';
    return text;
}

static void a_line_has_its_time_and_level(void **state)
{
    uint32_t at = 0;

    (void)state;
    plug.uptime_s = 12;
    log_say(&plug, LOG_INFO, "MQTT: connected to %s:%d", "10.0.0.2", 1883);
    log_say(&plug, LOG_ERROR, "flash");
    assert_string_equal(read_from(&at), "12 I MQTT: connected to 10.0.0.2:1883\n12 E flash\n");
    assert_string_equal(read_from(&at), "");
    log_say(&plug, LOG_WARN, "more");
    assert_string_equal(read_from(&at), "12 W more\n");
}

static void what_is_above_the_level_is_not_kept(void **state)
{
    uint32_t at = 0;

    (void)state;
    log_say(&plug, LOG_DEBUG, "no");
    log_say(&plug, LOG_NONE, "no");
    plug.log.level = LOG_NONE;
    log_say(&plug, LOG_ERROR, "no");
    assert_string_equal(read_from(&at), "");
}

static void a_message_is_one_line_whatever_is_in_it(void **state)
{
    uint32_t at = 0;

    (void)state;
    log_say(&plug, LOG_INFO, "network %s", "evil\r\n0 E forged\x1b[2J");
    assert_string_equal(read_from(&at), "0 I network evil  0 E forged [2J\n");
}

static void a_message_longer_than_any_buffer_is_whole(void **state)
{
    char longer[600];
    uint32_t at = 0;

    (void)state;
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    log_say(&plug, LOG_INFO, "%s", longer);
    assert_int_equal(strlen(read_from(&at)), 4 + 599 + 1);
}

static void the_oldest_is_given_up_by_whole_lines(void **state)
{
    uint32_t at = 0;
    unsigned first, lines = 0;
    const char *p;

    (void)state;
    for (unsigned i = 0; i < 1000; i++)
        log_say(&plug, LOG_INFO, "message number %u", i);
    p = read_from(&at);
    assert_true(strlen(p) <= LOG_SIZE && strlen(p) > LOG_SIZE - 40);
    assert_memory_equal(p, "0 I message number ", 19);
    assert_int_equal(sscanf(p, "0 I message number %u", &first), 1);
    for (; *p; p++)
        lines += *p == '\n';
    assert_int_equal(first + lines, 1000);
}

static void a_reader_from_before_the_restart_begins_anew(void **state)
{
    uint32_t at = 100000;

    (void)state;
    log_say(&plug, LOG_INFO, "first");
    assert_string_equal(read_from(&at), "0 I first\n");
    assert_string_equal(read_from(&at), "");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, fresh)
    const struct CMUnitTest tests[] = {
        TEST(a_line_has_its_time_and_level),
        TEST(what_is_above_the_level_is_not_kept),
        TEST(a_message_is_one_line_whatever_is_in_it),
        TEST(a_message_longer_than_any_buffer_is_whole),
        TEST(the_oldest_is_given_up_by_whole_lines),
        TEST(a_reader_from_before_the_restart_begins_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
