/* cli_e2e_test.c - the real binary on virtual devices: what it does when all is
 * well, what it says, and where it says it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/scene.h"
#include "core/checksum.h"

/* status 0 */

static void a_backup_is_whole_and_its_digest_is_told(void **state)
{
    char hex[65];
    uint8_t sha[32], *data;
    size_t len;
    json_t *res;

    (void)state;
    factory("bk7231n", "flash.bin");
    res = result(0, "-p sim:bk7231n,flash=flash.bin backup -o copy.bin");
    same_files("flash.bin", "copy.bin");
    data = load("copy.bin", &len);
    pf_sha256(data, len, sha);
    pf_hex(sha, sizeof sha, hex);
    free(data);
    assert_string_equal(text_of(res, "sha256"), hex);
    assert_string_equal(text_of(res, "err"), "ok");
    assert_string_equal(text_of(res, "command"), "backup");
    assert_string_equal(text_of(res, "chip"), "bk7231n");
    assert_string_equal(text_of(res, "clock"), "simulated");
    assert_string_equal(text_of(res, "file"), "copy.bin");
    assert_string_equal(text_of(res, "manifest"), "copy.bin.json");
    assert_int_equal(int_of(res, "len"), SIZE);
    assert_int_equal(int_of(res, "retries"), 0);
    assert_true(json_real_value(json_object_get(res, "seconds_after_sync")) > 0);
    assert_true(json_real_value(json_object_get(res, "seconds")) >=
                json_real_value(json_object_get(res, "seconds_after_sync")));
    json_decref(res);
    assert_true(exists("copy.bin.json") && exists("copy.bin.sha256"));
    assert_false(exists("copy.bin.part"));
}

static void results_go_to_stdout_and_talk_to_stderr(void **state)
{
    struct run r;

    (void)state;
    spawn_run(&r, NULL, "-p sim:bk7231n backup -o copy.bin");
    spawn_expect(&r, 0);
    spawn_says(&r, "copy.bin: 2 MiB from 0x000000, proved by ");
    spawn_says(&r, "SHA-256");
    spawn_tells(&r, "simulated");
    spawn_free(&r);
    spawn_run(&r, NULL, "-q -p sim:bk7231n info");
    spawn_expect(&r, 0);
    spawn_silent(&r);
    spawn_says(&r, "BK7231N");
    spawn_free(&r);
}

static void a_backup_to_stdout_is_only_flash(void **state)
{
    struct run r;
    uint8_t *data;
    size_t len;

    (void)state;
    factory("bk7231n", "flash.bin");
    data = load("flash.bin", &len);
    spawn_run(&r, NULL, "-p sim:bk7231n,flash=flash.bin backup -o -");
    spawn_expect(&r, 0);
    assert_int_equal(r.out_len, len);
    assert_memory_equal(r.out, data, len);
    spawn_free(&r);
    spawn_run(&r, NULL, "-p sim:bk7231n,flash=flash.bin read 0x11000 4k -");
    spawn_expect(&r, 0);
    assert_int_equal(r.out_len, 4096);
    assert_memory_equal(r.out, data + 0x11000, 4096);
    spawn_free(&r);
    free(data);
}

static void info_tells_the_device_in_both_formats(void **state)
{
    static const char *const chips[] = {"bk7231n", "bk7231t"};
    char line[64];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct run r;
        json_t *res;

        snprintf(line, sizeof line, "-p sim:%s,mac=c8478c010203 info", chips[i]);
        res = result(0, line);
        assert_string_equal(text_of(res, "chip"), chips[i]);
        assert_string_equal(text_of(res, "mac"), "c8:47:8c:01:02:03");
        assert_int_equal(int_of(res, "flash_size"), SIZE);
        assert_true(json_array_size(json_object_get(res, "regions")) > 3);
        json_decref(res);
        spawn_run(&r, NULL, line);
        spawn_expect(&r, 0);
        spawn_says(&r, "c8:47:8c:01:02:03");
        spawn_says(&r, "2 MiB");
        spawn_says(&r, "guarded");
        spawn_free(&r);
    }
}

static void read_hash_and_map_agree_with_the_flash(void **state)
{
    uint8_t *data;
    size_t len;
    json_t *res, *runs, *run;
    size_t i;
    uint64_t next = 0;

    (void)state;
    factory("bk7231n", "flash.bin");
    data = load("flash.bin", &len);
    res = result(0, "-p sim:bk7231n,flash=flash.bin read 0x11000 8k part.bin");
    json_decref(res);
    res = result(0, "-p sim:bk7231n,flash=flash.bin hash 0x11000 ALL");
    assert_int_equal(int_of(res, "crc32"), pf_crc32(0, data + 0x11000, len - 0x11000));
    json_decref(res);
    res = result(0, "-p sim:bk7231n,flash=flash.bin map");
    runs = json_object_get(res, "runs");
    assert_true(json_array_size(runs) > 0);
    json_array_foreach(runs, i, run)
    {
        uint64_t addr = (uint64_t)int_of(run, "addr"), n = (uint64_t)int_of(run, "len");

        assert_int_equal(addr, next); /* without gaps */
        assert_int_equal(pf_is_blank(data + addr, n), json_is_true(json_object_get(run, "blank")));
        next = addr + n;
    }
    assert_int_equal(next, SIZE);
    json_decref(res);
    save("want.bin", data + 0x11000, 8192);
    same_files("part.bin", "want.bin");
    free(data);
}

static void a_write_is_proved_and_the_second_has_nothing_to_do(void **state)
{
    json_t *res;

    (void)state;
    factory("bk7231n", "flash.bin");
    spoil("flash.bin", "new.bin", 0x150123);
    res = result(0, "-p sim:bk7231n,flash=flash.bin,save=1 restore new.bin --backup old.bin");
    assert_int_equal(int_of(res, "differ"), 1);
    assert_true(json_is_false(json_object_get(res, "unchanged")));
    assert_string_equal(text_of(res, "backup"), "old.bin");
    json_decref(res);
    same_files("flash.bin", "new.bin");
    res = result(0, "-p sim:bk7231n,flash=flash.bin,save=1 restore new.bin --no-backup");
    assert_true(json_is_true(json_object_get(res, "unchanged")));
    assert_int_equal(int_of(json_object_get(res, "stats"), "erased"), 0);
    json_decref(res);
    quick(0, "-p sim:bk7231n,flash=flash.bin verify new.bin");
}

static void the_write_flash_alias_takes_an_address_first(void **state)
{
    uint8_t raw[4096], *data;
    size_t len;

    (void)state;
    memset(raw, 0x5a, sizeof raw);
    save("raw.bin", raw, sizeof raw);
    factory("bk7231n", "flash.bin");
    quick(0, "-p sim:bk7231n,flash=flash.bin,save=1 write_flash 0x150000 raw.bin --no-backup");
    data = load("flash.bin", &len);
    assert_memory_equal(data + 0x150000, raw, sizeof raw);
    free(data);
}

static void erase_leaves_only_its_span_blank(void **state)
{
    uint8_t *before, *after;
    size_t len;

    (void)state;
    factory("bk7231n", "flash.bin");
    spoil("flash.bin", "used.bin", 0x151000);
    before = load("used.bin", &len);
    quick(0, "-p sim:bk7231n,flash=used.bin,save=1 erase 0x151000 4k --no-backup");
    after = load("used.bin", &len);
    assert_true(pf_is_blank(after + 0x151000, 4096));
    memset(before + 0x151000, 0xff, 4096);
    assert_memory_equal(before, after, len);
    free(before);
    free(after);
}

static void a_dry_run_prints_the_plan_and_changes_nothing(void **state)
{
    struct run r;
    json_t *res;

    (void)state;
    factory("bk7231n", "flash.bin");
    spoil("flash.bin", "new.bin", 0x150123);
    factory("bk7231n", "same.bin");
    spawn_run(&r, NULL, "-p sim:bk7231n,flash=flash.bin,save=1 restore new.bin --dry-run");
    spawn_expect(&r, 0);
    spawn_says(&r, "0x150000..0x151000");
    spawn_says(&r, "write");
    spawn_says(&r, "nothing was written");
    spawn_free(&r);
    res = result(0, "-p sim:bk7231n,flash=flash.bin,save=1 restore new.bin --dry-run");
    assert_true(json_array_size(json_object_get(res, "plan")) > 0);
    json_decref(res);
    quick(0, "-p sim:bk7231n,flash=flash.bin,save=1 erase 0x150000 64k --dry-run");
    same_files("flash.bin", "same.bin");
    quick(0, "-p sim:bk7231n,flash=flash.bin backup -o never.bin --dry-run");
    assert_false(exists("never.bin") || exists("never.bin.part"));
}

static void help_and_version_are_results(void **state)
{
    static const char *const command[] = {"ports",  "info",  "backup", "restore", "write",
                                          "verify", "erase", "read",   "hash",    "map",
                                          "image",  "sim",   "chips"};
    char line[64];
    struct run r;
    json_t *res;

    (void)state;
    for (size_t i = 0; i < sizeof command / sizeof *command; i++) {
        snprintf(line, sizeof line, "%s --help", command[i]);
        spawn_run(&r, NULL, line);
        spawn_expect(&r, 0);
        spawn_says(&r, "usage: plugflash ");
        spawn_says(&r, command[i]);
        spawn_silent(&r);
        spawn_free(&r);
    }
    spawn_run(&r, NULL, "--help");
    spawn_expect(&r, 0);
    spawn_says(&r, "Exit status");
    spawn_free(&r);
    spawn_run(&r, NULL, "--version");
    spawn_expect(&r, 0);
    spawn_says(&r, "plugflash ");
    spawn_free(&r);
    res = result(0, "--version");
    assert_true(strlen(text_of(res, "version")) > 0);
    json_decref(res);
    json_decref(result(0, "--help"));
    json_decref(result(0, "chips"));
    json_decref(result(0, "ports"));
}

/* stdout, environment, terminal */

static void a_result_that_cannot_be_printed_is_10(void **state)
{
    static const enum spawn_stdout how[] = {SPAWN_CLOSED, SPAWN_FULL, SPAWN_BROKEN_PIPE};
    static const char *const line[] = {
        "-p sim:bk7231n info",
        "-p sim:bk7231n info --format json",
        "--help",
        "--version",
        "chips",
        "-p sim:bk7231n read 0 4k -",
    };

    (void)state;
    for (size_t i = 0; i < sizeof line / sizeof *line; i++) {
        for (size_t k = 0; k < sizeof how / sizeof *how; k++) {
            struct run r;

            spawn_run_stdout(&r, how[k], line[i]);
            spawn_expect(&r, 10);
            spawn_tells(&r, "plugflash: error: ");
            spawn_free(&r);
        }
    }
    /* A worse failure keeps its own status. */
    struct run r;
    spawn_run_stdout(&r, SPAWN_FULL, "-p /dev/plugflash-does-not-exist info --format json");
    spawn_expect(&r, 3);
    spawn_free(&r);
}

static void the_environment_gives_defaults_and_options_win(void **state)
{
    struct run r;

    (void)state;
    spawn_run(&r, "PLUGFLASH_PORT=sim:bk7231n PLUGFLASH_FORMAT=json", "info");
    spawn_expect(&r, 0);
    json_decref(spawn_result(&r));
    spawn_free(&r);
    spawn_run(&r, "PLUGFLASH_PORT=/dev/nope PLUGFLASH_CHIP=bk7231t PLUGFLASH_BAUD=115200",
              "-p sim:bk7231n -c auto info");
    spawn_expect(&r, 0);
    spawn_says(&r, "115200 baud");
    spawn_free(&r);
    spawn_run(&r, "PLUGFLASH_BAUD=fast", "-p sim:bk7231n info");
    spawn_expect(&r, 2);
    spawn_tells(&r, "PLUGFLASH_BAUD");
    spawn_free(&r);
    spawn_run(&r, "PLUGFLASH_CHIP=z80", "-p sim:bk7231n info");
    spawn_expect(&r, 2);
    spawn_tells(&r, "PLUGFLASH_CHIP");
    spawn_free(&r);
}

static void a_terminal_gets_a_bar_and_colours_unless_it_says_no(void **state)
{
    static const struct {
        const char *env, *line;
        bool bar, color;
    } t[] = {
        {NULL, "-p sim:bk7231n --chip bk7231t info", false, true},
        {"NO_COLOR=1", "-p sim:bk7231n --chip bk7231t info", false, false},
        {NULL, "--no-color -p sim:bk7231n --chip bk7231t info", false, false},
        {"TERM=dumb", "-p sim:bk7231n --chip bk7231t info", false, false},
        {NULL, "-p sim:bk7231n backup -o a.bin", true, false},
        {NULL, "--no-progress -p sim:bk7231n backup -o b.bin", false, false},
        {NULL, "-q -p sim:bk7231n backup -o c.bin", false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct run r;

        spawn_run_terminal(&r, t[i].env, 80, false, t[i].line);
        if ((strstr(r.err, "[#") != NULL) != t[i].bar ||
            (strstr(r.err, "\033[") != NULL) != t[i].color)
            fail_msg("`%s`: bar wanted: %d, colour wanted: %d\n%s", r.line, t[i].bar, t[i].color,
                     r.err);
        spawn_free(&r);
    }
}

static void results_do_not_run_into_the_bar_on_a_shared_terminal(void **state)
{
    static const char *const word[] = {"SHA-256", "Moved", "a.bin: 2 MiB"};
    struct run r;

    (void)state;
    spawn_run_terminal(&r, NULL, 80, true, "-p sim:bk7231n backup -o a.bin");
    spawn_expect(&r, 0);
    for (size_t i = 0; i < sizeof word / sizeof *word; i++) {
        const char *at = strstr(r.err, word[i]);

        if (!at || at == r.err || (at[-1] != '\r' && at[-1] != '\n'))
            fail_msg("'%s' does not begin a line\n%s", word[i], r.err);
    }
    spawn_free(&r);
}

static void quiet_says_only_errors_and_verbose_says_why(void **state)
{
    struct run r;

    (void)state;
    spawn_run(&r, NULL, "-q -p sim:bk7231n backup -o a.bin");
    spawn_expect(&r, 0);
    spawn_silent(&r);
    spawn_free(&r);
    spawn_run(&r, NULL, "-q -p sim:bk7231n --chip bk7231t info");
    spawn_expect(&r, 5);
    assert_int_equal(strncmp(r.err, "plugflash: error: ", 18), 0);
    assert_ptr_equal(strchr(r.err, '\n'), r.err + r.err_len - 1); /* one line */
    spawn_free(&r);
    spawn_run(&r, NULL, "-v -p sim:bk7231n,fault=silence@100 backup -o b.bin");
    spawn_expect(&r, 0);
    spawn_tells(&r, "retry: ");
    spawn_free(&r);
}

static void log_and_trace_are_written(void **state)
{
    struct run r;
    uint8_t *data;
    size_t len;

    (void)state;
    spawn_run(&r, NULL, "-p sim:bk7231n info --log log.txt --trace wire.txt");
    spawn_expect(&r, 0);
    spawn_free(&r);
    data = load("log.txt", &len);
    data[len] = '\0';
    assert_non_null(strstr((char *)data, "start"));
    assert_non_null(strstr((char *)data, "result   [ok]"));
    free(data);
    data = load("wire.txt", &len);
    assert_true(len > 100);
    free(data);
}

static void a_rotated_backup_is_turned_back_and_refused_elsewhere(void **state)
{
    uint8_t *data, *turned;
    size_t len;

    (void)state;
    factory("bk7231t", "t.bin");
    data = load("t.bin", &len);
    turned = malloc(len);
    memcpy(turned, data + 0x11000, len - 0x11000);
    memcpy(turned + len - 0x11000, data, 0x11000);
    save("rotated.bin", turned, len);
    free(turned);
    free(data);
    quick(0, "image convert rotated.bin -o back.bin");
    same_files("back.bin", "t.bin");
    fails(10, "file", "image convert rotated.bin -o back.bin");
    fails(10, "file", "image convert t.bin -o other.bin");
    fails(5, "chip", "-p sim:bk7231n restore rotated.bin --unrotate --no-backup");
    quick(0, "-p sim:bk7231t,flash=t.bin restore rotated.bin --unrotate --no-backup");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_backup_is_whole_and_its_digest_is_told),
        T(results_go_to_stdout_and_talk_to_stderr),
        T(a_backup_to_stdout_is_only_flash),
        T(info_tells_the_device_in_both_formats),
        T(read_hash_and_map_agree_with_the_flash),
        T(a_write_is_proved_and_the_second_has_nothing_to_do),
        T(the_write_flash_alias_takes_an_address_first),
        T(erase_leaves_only_its_span_blank),
        T(a_dry_run_prints_the_plan_and_changes_nothing),
        T(help_and_version_are_results),
        T(a_result_that_cannot_be_printed_is_10),
        T(the_environment_gives_defaults_and_options_win),
        T(a_terminal_gets_a_bar_and_colours_unless_it_says_no),
        T(results_do_not_run_into_the_bar_on_a_shared_terminal),
        T(quiet_says_only_errors_and_verbose_says_why),
        T(log_and_trace_are_written),
        T(a_rotated_backup_is_turned_back_and_refused_elsewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
