/* sink_test.c - what the sinks print, byte for byte, and what they leave out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cli/hint.h"
#include "cli/report.h"
#include "cli/sink.h"
#include "cli/text.h"

struct capture {
    FILE *out;
    char *text;
    size_t len;
};

static void capture_open(struct capture *c)
{
    memset(c, 0, sizeof *c);
    c->out = open_memstream(&c->text, &c->len);
    assert_non_null(c->out);
}

static void capture_expect(struct capture *c, const char *expected)
{
    fclose(c->out);
    if (strcmp(c->text, expected) != 0)
        fail_msg("printed:\n%s\nexpected:\n%s", c->text, expected);
    free(c->text);
}

static struct pf_event progress(uint64_t at_us, const char *phase, uint64_t done, uint64_t total)
{
    return (struct pf_event){
        .kind = PF_EV_PROGRESS, .at_us = at_us, .phase = phase, .done = done, .total = total};
}

static uint64_t virtual_time(void *u)
{
    return *(uint64_t *)u;
}

/* JSON */

static void json_lines_of_every_kind_are_as_documented(void **state)
{
    const struct pf_field port[] = {PF_F_STR("name", "sim:bk7231n"),
                                    PF_F_STR("clock", "simulated")};
    const struct pf_field region[] = {PF_F_HEX("addr", 0x11000), PF_F_UINT("len", 4096),
                                      PF_F_STR("action", "write")};
    const struct pf_field plan[] = {PF_F_OBJECT(NULL, region, 3)};
    const struct pf_field result[] = {
        PF_F_STR("command", "write"),
        PF_F_STR("chip", NULL),
        PF_F_REAL("seconds", 1.25),
        PF_F_BOOL("unchanged", false),
        PF_F_ARRAY("plan", plan, 1),
        PF_F_ARRAY("runs", NULL, 0),
        {.name = "mac", .type = PF_FIELD_NULL},
    };
    struct pf_event ev[] = {
        {.kind = PF_EV_START, .fields = port, .nfields = 1},
        {.kind = PF_EV_PORT, .fields = port, .nfields = 2},
        {.kind = PF_EV_SYNC, .at_us = 500, .text = "take the power away"},
        {.kind = PF_EV_CHIP, .at_us = 1500000, .text = "BK7231N"},
        progress(1500000, "read", 4096, 8192),
        {.kind = PF_EV_RETRY,
         .at_us = 1600000,
         .phase = "read",
         .err = PF_ERR_TIMEOUT,
         .text = "again"},
        {.kind = PF_EV_WARNING, .at_us = 1600000, .text = "hm"},
        {.kind = PF_EV_LOG, .at_us = 1600000, .text = "not without -v"},
        {.kind = PF_EV_ERROR, .err = PF_ERR_SYNC, .text = "nobody answered"},
        {.kind = PF_EV_RESULT,
         .err = PF_ERR_SYNC,
         .text = "nobody answered",
         .fields = result,
         .nfields = 7},
    };
    struct capture c;
    struct sink_json s = {0};

    (void)state;
    capture_open(&c);
    s.out = c.out;
    for (size_t i = 0; i < sizeof ev / sizeof *ev; i++)
        assert_true(sink_json_event(&s, &ev[i]));
    assert_false(s.failed);
    capture_expect(
        &c,
        "{\"schema\":1,\"ev\":\"start\",\"t\":0.0,\"name\":\"sim:bk7231n\"}\n"
        "{\"schema\":1,\"ev\":\"port\",\"t\":0.0,\"name\":\"sim:bk7231n\",\"clock\":\"simulated\"}"
        "\n"
        "{\"schema\":1,\"ev\":\"sync\",\"t\":0.0005,\"text\":\"take the power away\"}\n"
        "{\"schema\":1,\"ev\":\"chip\",\"t\":1.5,\"text\":\"BK7231N\"}\n"
        "{\"schema\":1,\"ev\":\"progress\",\"t\":1.5,\"phase\":\"read\",\"done\":4096,\"total\":"
        "8192}\n"
        "{\"schema\":1,\"ev\":\"retry\",\"t\":1.6,\"err\":\"timeout\",\"phase\":\"read\",\"text\":"
        "\"again\"}\n"
        "{\"schema\":1,\"ev\":\"warning\",\"t\":1.6,\"text\":\"hm\"}\n"
        "{\"schema\":1,\"ev\":\"error\",\"t\":1.6,\"err\":\"sync\",\"text\":\"nobody answered\"}\n"
        "{\"schema\":1,\"ev\":\"result\",\"status\":4,\"err\":\"sync\",\"text\":\"nobody "
        "answered\","
        "\"command\":\"write\",\"chip\":null,\"seconds\":1.25,\"unchanged\":false,"
        "\"plan\":[{\"addr\":69632,\"len\":4096,\"action\":\"write\"}],\"runs\":[],\"mac\":null}"
        "\n");
}

static void json_has_log_events_only_when_verbose(void **state)
{
    struct pf_event ev = {.kind = PF_EV_LOG, .text = "probing"};
    struct capture c;
    struct sink_json s = {.verbose = true};

    (void)state;
    capture_open(&c);
    s.out = c.out;
    sink_json_event(&s, &ev);
    capture_expect(&c, "{\"schema\":1,\"ev\":\"log\",\"t\":0.0,\"text\":\"probing\"}\n");
}

static void json_survives_text_that_is_not_utf8(void **state)
{
    struct pf_event ev = {.kind = PF_EV_WARNING, .text = "a\xff\x01\"\n"};
    struct capture c;
    struct sink_json s = {0};

    (void)state;
    capture_open(&c);
    s.out = c.out;
    sink_json_event(&s, &ev);
    capture_expect(&c, "{\"schema\":1,\"ev\":\"warning\",\"t\":0.0,"
                       "\"text\":\"a\xef\xbf\xbd\\u0001\\\"\\n\"}\n");
}

static void json_progress_is_limited_to_ten_a_second_but_shows_the_last(void **state)
{
    struct capture c;
    struct sink_json s = {0};
    size_t lines = 0;

    (void)state;
    capture_open(&c);
    s.out = c.out;
    for (uint64_t i = 0; i <= 1000; i++) { /* ten seconds of the port's clock */
        struct pf_event ev = progress(i * 10000, "read", i, 1000);

        sink_json_event(&s, &ev);
    }
    fclose(c.out);
    for (const char *p = c.text; *p; p++)
        lines += *p == '\n';
    assert_in_range(lines, 99, 102);
    assert_non_null(strstr(c.text, "\"done\":1000,\"total\":1000"));
    free(c.text);
}

static void json_notices_that_nobody_can_read_it(void **state)
{
    struct pf_event ev = {.kind = PF_EV_RESULT};
    struct sink_json s = {.out = fopen("/dev/full", "w")};

    (void)state;
    assert_non_null(s.out);
    sink_json_event(&s, &ev);
    assert_true(s.failed);
    fclose(s.out);
}

/* terminal */

static void text_says_what_matters_and_hides_retries_until_asked(void **state)
{
    const struct pf_field hint[] = {PF_F_STR("hint", "check the cable")};
    const struct pf_field port[] = {PF_F_STR("name", "COM3"), PF_F_STR("clock", "real")};
    struct pf_event ev[] = {
        {.kind = PF_EV_START},
        {.kind = PF_EV_PORT, .fields = port, .nfields = 2},
        {.kind = PF_EV_SYNC, .text = "take the power away"},
        {.kind = PF_EV_RETRY, .text = "sector 3 again"},
        {.kind = PF_EV_LOG, .text = "probing"},
        {.kind = PF_EV_WARNING, .text = "odd"},
        {.kind = PF_EV_ERROR, .err = PF_ERR_IO, .text = "gone", .fields = hint, .nfields = 1},
        {.kind = PF_EV_RESULT, .err = PF_ERR_IO, .text = "gone"},
    };
    static const char *const expected[] = {
        "plugflash: error: gone\n",
        "Port: COM3\ntake the power away\nwarning: odd\nplugflash: error: gone\n"
        "  what to try: check the cable\n",
        "Port: COM3\ntake the power away\nretry: sector 3 again\n  probing\nwarning: odd\n"
        "plugflash: error: gone\n  what to try: check the cable\n",
    };

    (void)state;
    for (unsigned level = 0; level < 3; level++) {
        struct sink_tty s = {.quiet = level == 0, .verbose = level == 2, .width = 80};
        struct capture c;

        capture_open(&c);
        s.out = c.out;
        for (size_t i = 0; i < sizeof ev / sizeof *ev; i++)
            sink_tty_event(&s, &ev[i]);
        capture_expect(&c, expected[level]);
    }
}

static void the_bar_shows_percent_speed_and_eta_of_the_ports_clock(void **state)
{
    const struct pf_field port[] = {PF_F_STR("name", "sim:x"), PF_F_STR("clock", "simulated")};
    struct pf_event ev = {.kind = PF_EV_PORT, .fields = port, .nfields = 2};
    uint64_t now = 0;
    struct sink_tty s = {.bar = true, .width = 100, .now_us = virtual_time, .now_user = &now};
    char expected[512];
    struct capture c;

    (void)state;
    capture_open(&c);
    s.out = c.out;
    sink_tty_event(&s, &ev);
    ev = progress(1000000, "read", 0, 1 << 20);
    sink_tty_event(&s, &ev);
    now += 1000;
    ev = progress(2000000, "read", 262144, 1 << 20); /* too soon in real time */
    sink_tty_event(&s, &ev);
    now += 200000;
    ev = progress(3000000, "read", 524288, 1 << 20);
    sink_tty_event(&s, &ev);
    sink_tty_clear(&s);
    snprintf(expected, sizeof expected,
             "Port (times are simulated): sim:x\n\r%-99s\r%-99s\r%-99s\r",
             "read    [..............................]   0 %  0 B of 1 MiB",
             "read    [###############...............]  50 %  512 KiB of 1 MiB  "
             "256 KiB/s simulated  ETA 0:02",
             "");
    capture_expect(&c, expected);
}

static void the_bar_never_exceeds_the_terminal(void **state)
{
    (void)state;
    for (unsigned width = 1; width < 120; width++) {
        uint64_t now = 0;
        struct sink_tty s = {.bar = true, .width = width, .now_us = virtual_time, .now_user = &now};
        struct pf_event a = progress(0, "a-rather-long-phase-name", 0, UINT64_MAX);
        struct pf_event b =
            progress(9999999, "a-rather-long-phase-name", UINT64_MAX / 2, UINT64_MAX);
        struct capture c;

        capture_open(&c);
        s.out = c.out;
        sink_tty_event(&s, &a);
        now = 1000000;
        sink_tty_event(&s, &b);
        fclose(c.out);
        for (const char *p = c.text; *p; p += strcspn(p, "\r"), p += *p == '\r')
            if (strcspn(p, "\r") >= width)
                fail_msg("width %u: '%.*s'", width, (int)strcspn(p, "\r"), p);
        free(c.text);
    }
}

static void text_from_a_device_cannot_move_the_cursor(void **state)
{
    struct pf_event ev = {.kind = PF_EV_WARNING,
                          .text = "a\033[2Jb\rc\x7f\xc2\x9b"
                                  "2J \xc3\xa9"};
    struct sink_tty s = {.width = 80};
    struct capture c;

    (void)state;
    capture_open(&c);
    s.out = c.out;
    sink_tty_event(&s, &ev);
    capture_expect(&c, "warning: a?[2Jb?c?\xc2?2J \xc3\xa9\n");
}

static void colour_is_used_only_when_asked(void **state)
{
    struct pf_event ev = {.kind = PF_EV_ERROR, .err = PF_ERR_IO, .text = "gone"};
    struct sink_tty s = {.color = true, .width = 80};
    struct capture c;

    (void)state;
    capture_open(&c);
    s.out = c.out;
    sink_tty_event(&s, &ev);
    capture_expect(&c, "\033[31mplugflash: error: \033[0mgone\n");
}

/* log, report, text */

static void the_log_has_every_event_with_its_time(void **state)
{
    const struct pf_field field[] = {PF_F_HEX("addr", 0x11000), PF_F_BOOL("ok", true)};
    struct pf_event ev[] = {
        {.kind = PF_EV_LOG, .at_us = 1234567, .text = "probing", .fields = field, .nfields = 2},
        progress(1300000, "read", 1, 9),
        progress(1400000, "read", 2, 9),
        progress(1500000, "read", 9, 9),
        {.kind = PF_EV_RESULT, .err = PF_OK},
    };
    struct sink_log s = {0};
    struct capture c;

    (void)state;
    capture_open(&c);
    s.out = c.out;
    for (size_t i = 0; i < sizeof ev / sizeof *ev; i++)
        sink_log_event(&s, &ev[i]);
    capture_expect(&c, "    1.234567 log      probing addr=0x11000 ok=yes\n"
                       "    1.300000 progress read 1/9\n"
                       "    1.500000 progress read 9/9\n"
                       "    1.500000 result   [ok]\n");
}

static void a_report_keeps_its_own_copies(void **state)
{
    char name[] = "rf";
    struct cli_report r;

    (void)state;
    report_init(&r);
    report_add(&r, report_maybe(&r, "region", name));
    name[0] = 'X';
    assert_string_equal(r.field[0].v.str, "rf");
    assert_int_equal(report_maybe(&r, "none", "").type, PF_FIELD_NULL);
    assert_string_equal(report_mac(&r, (const uint8_t[]){0xc8, 0x47, 0x8c, 0, 1, 2}),
                        "c8:47:8c:00:01:02");
    for (size_t i = 0; i < REPORT_FIELDS; i++)
        report_add(&r, PF_F_UINT("n", i));
    assert_true(r.failed); /* one too many is noticed, not overrun */
    report_fini(&r);
}

static void sizes_and_times_read_well(void **state)
{
    char buf[TEXT_SIZE];

    (void)state;
    assert_string_equal(text_size(buf, 0), "0 B");
    assert_string_equal(text_size(buf, 1023), "1023 B");
    assert_string_equal(text_size(buf, 4096), "4 KiB");
    assert_string_equal(text_size(buf, 1500), "1.5 KiB");
    assert_string_equal(text_size(buf, 2 << 20), "2 MiB");
    assert_string_equal(text_size(buf, 0x1e0000), "1.88 MiB");
    assert_string_equal(text_clock(buf, 7), "0:07");
    assert_string_equal(text_clock(buf, 3723), "1:02:03");
}

static void a_table_lines_up(void **state)
{
    const char *const cell[] = {"NAME", "", "X", "a", NULL, "longer", "bbbbb", NULL, "z"};
    struct capture c;

    (void)state;
    capture_open(&c);
    text_table(c.out, cell, 3, 3, 2);
    capture_expect(&c, "  NAME   X\n  a      longer\n  bbbbb  z\n");
}

static void failures_that_a_person_can_cure_have_a_hint(void **state)
{
    static const enum pf_err cured[] = {PF_ERR_PORT,    PF_ERR_SYNC,     PF_ERR_CHIP,
                                        PF_ERR_IO,      PF_ERR_GUARD,    PF_ERR_VERIFY,
                                        PF_ERR_PARTIAL, PF_ERR_UNPROVEN, PF_ERR_REFUSED};
    const struct cli_situation now = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cured / sizeof *cured; i++)
        assert_non_null(cli_hint(&now, cured[i]));
}

static void hints_fit_the_situation(void **state)
{
    const struct cli_situation plain = {.had_port = true, .chip_named = true};
    const struct cli_situation bare = {.had_port = true, .no_stub = true};
    const struct cli_situation power = {.had_port = true, .power_cmd = true};
    const struct cli_situation early = {.power_cmd = true};

    (void)state;
    assert_non_null(strstr(cli_hint(&plain, PF_ERR_CHIP), "--chip auto"));
    assert_null(strstr(cli_hint(&bare, PF_ERR_CHIP), "--chip"));
    assert_null(strstr(cli_hint(&plain, PF_ERR_SYNC), "--stub"));
    assert_non_null(strstr(cli_hint(&bare, PF_ERR_SYNC), "--stub"));
    assert_null(strstr(cli_hint(&plain, PF_ERR_SUPPORT), "stub"));
    assert_non_null(strstr(cli_hint(&bare, PF_ERR_SUPPORT), "--stub none"));
    assert_non_null(strstr(cli_hint(&power, PF_ERR_PORT), "/bin/sh"));
    assert_non_null(strstr(cli_hint(&early, PF_ERR_PORT), "plugflash ports"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_lines_of_every_kind_are_as_documented),
        cmocka_unit_test(json_has_log_events_only_when_verbose),
        cmocka_unit_test(json_survives_text_that_is_not_utf8),
        cmocka_unit_test(json_progress_is_limited_to_ten_a_second_but_shows_the_last),
        cmocka_unit_test(json_notices_that_nobody_can_read_it),
        cmocka_unit_test(text_says_what_matters_and_hides_retries_until_asked),
        cmocka_unit_test(the_bar_shows_percent_speed_and_eta_of_the_ports_clock),
        cmocka_unit_test(the_bar_never_exceeds_the_terminal),
        cmocka_unit_test(text_from_a_device_cannot_move_the_cursor),
        cmocka_unit_test(colour_is_used_only_when_asked),
        cmocka_unit_test(the_log_has_every_event_with_its_time),
        cmocka_unit_test(a_report_keeps_its_own_copies),
        cmocka_unit_test(sizes_and_times_read_well),
        cmocka_unit_test(a_table_lines_up),
        cmocka_unit_test(failures_that_a_person_can_cure_have_a_hint),
        cmocka_unit_test(hints_fit_the_situation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
