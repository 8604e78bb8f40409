/* cli_e2e_test.c - the real binary on virtual devices: every exit status that
 * applies, in text and in JSON, and what goes where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/spawn.h"
#include "core/checksum.h"

#define SIZE 0x200000u

/* Every erase and write command is answered with a failure, more often than
 * anyone retries. */
#define REFUSING                                                                                   \
    "status@0+status@1+status@2+status@3+status@4+status@5+status@6+status@7+status@8+status@9+"   \
    "status@10+status@11+status@12+status@13+status@14+status@15"

static int enter(void **state)
{
    (void)state;
    spawn_enter();
    return 0;
}

static int leave(void **state)
{
    (void)state;
    spawn_leave();
    return 0;
}

/* files */

static uint8_t *load(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = malloc(SIZE + 1);

    if (!f)
        fail_msg("%s is not there", path);
    *len = fread(data, 1, SIZE + 1, f);
    fclose(f);
    return data;
}

static void save(const char *path, const uint8_t *data, size_t len)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static void same_files(const char *a, const char *b)
{
    size_t la, lb;
    uint8_t *da = load(a, &la), *db = load(b, &lb);

    if (la != lb || memcmp(da, db, la) != 0)
        fail_msg("%s (%zu bytes) and %s (%zu bytes) are not the same", a, la, b, lb);
    free(da);
    free(db);
}

/* The factory flash of a virtual plug, as a file. */
static void factory(const char *chip, const char *path)
{
    char line[256];
    struct run r;

    snprintf(line, sizeof line, "-q -p sim:%s backup -o %s", chip, path);
    spawn_run(&r, NULL, line);
    spawn_expect(&r, 0);
    spawn_free(&r);
    /* What is left is a flash chip, not somebody's verified backup. */
    snprintf(line, sizeof line, "%s.json", path);
    unlink(line);
    snprintf(line, sizeof line, "%s.sha256", path);
    unlink(line);
}

/* A copy of `from` with byte `at` inverted. */
static void spoil(const char *from, const char *to, size_t at)
{
    size_t len;
    uint8_t *data = load(from, &len);

    assert_true(at < len);
    data[at] ^= 0xff;
    save(to, data, len);
    free(data);
}

/* running */

static void quick(int status, const char *line)
{
    struct run r;

    spawn_run(&r, NULL, line);
    spawn_expect(&r, status);
    spawn_free(&r);
}

/* The result of a --format json run that ends with `status`. */
static json_t *result(int status, const char *line)
{
    char full[1024];
    struct run r;
    json_t *res;

    snprintf(full, sizeof full, "%s --format json", line);
    spawn_run(&r, NULL, full);
    spawn_expect(&r, status);
    res = spawn_result(&r);
    spawn_silent(&r);
    spawn_free(&r);
    return res;
}

static const char *text_of(const json_t *res, const char *name)
{
    const char *text = json_string_value(json_object_get(res, name));

    if (!text)
        fail_msg("the result has no text '%s'", name);
    return text;
}

static json_int_t int_of(const json_t *res, const char *name)
{
    json_t *v = json_object_get(res, name);

    if (!json_is_integer(v))
        fail_msg("the result has no number '%s'", name);
    return json_integer_value(v);
}

/* The same failure in both formats: status, its name, a text for people on
 * stderr and nothing on stdout that could be taken for success. */
static void fails(int status, const char *err, const char *line)
{
    struct run r;
    json_t *res;

    spawn_run(&r, NULL, line);
    spawn_expect(&r, status);
    spawn_tells(&r, "plugflash: error: ");
    spawn_free(&r);
    res = result(status, line);
    assert_string_equal(text_of(res, "err"), err);
    assert_true(strlen(text_of(res, "text")) > 0);
    json_decref(res);
}

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

/* status 2 to 13 */

static void usage_errors_of_every_command_end_with_2(void **state)
{
    static const char *const line[] = {
        "",
        "frobnicate",
        "--frobnicate info",
        "info extra",
        "info --resume",
        "ports extra",
        "chips extra",
        "map extra",
        "backup",
        "backup -o x --repeat 0",
        "restore",
        "restore f --at 0",
        "write",
        "write f --at x",
        "write f --guard none",
        "verify",
        "erase",
        "erase 0",
        "read 0 4k",
        "read x 4k f",
        "hash 0",
        "hash 0 x",
        "image info",
        "image melt f",
        "image unrotate f",
        "sim bk7231n",
        "sim --tcp 0",
        "info --baud fast",
        "-p nosuch://x info",
        "-p sim:nosuch info",
        "-p sim:bk7231n,nosuch=1 info",
        "-p sim:bk7231n info --chip esp32",
        "-p sim:bk7231n info --fault melt@1",
        "-p sim:bk7231n info --reset-seq Z",
        "-p sim:bk7231n info --stub x.bin",
        "-p sim:bk7231n info --power-cmd nonsense",
        "-p sim:bk7231n write f --guard nosuch",
        "-p sim:bk7231n read 0x300000 4k f",
        "-p sim:bk7231n erase 0x1ff000 8k --no-backup",
    };
    uint8_t byte = 1;

    (void)state;
    save("f", &byte, 1);
    for (size_t i = 0; i < sizeof line / sizeof *line; i++) {
        struct run r;
        json_t *res;

        spawn_run(&r, NULL, line[i]);
        spawn_expect(&r, 2);
        spawn_tells(&r, "plugflash: error: ");
        assert_int_equal(r.out_len, 0);
        spawn_free(&r);
        res = result(2, line[i]);
        json_decref(res);
    }
}

static void a_missing_port_is_3(void **state)
{
    (void)state;
    fails(3, "port", "-p /dev/plugflash-does-not-exist info");
    fails(3, "port", "-p tcp://127.0.0.1:1 info");
}

/* Ports of the machine are listed, never tried. */
static void without_a_port_the_only_usb_adapter_is_taken_or_it_is_3(void **state)
{
    json_t *res = result(0, "ports"), *port;
    size_t i, usb = 0;

    (void)state;
    json_array_foreach(json_object_get(res, "ports"), i, port) usb +=
        json_is_integer(json_object_get(port, "usb_vid"));
    json_decref(res);
    if (usb != 1) /* on a bench with one adapter there is nothing to refuse */
        fails(3, "port", "info");
}

static void a_device_that_never_answers_is_4(void **state)
{
    struct run r;

    (void)state;
    fails(4, "sync", "-p sim:bk7231n,power=on:3600000 --sync-timeout 3 info");
    fails(4, "sync", "-p sim:bk7231t,power=on:3600000 --sync-timeout 3 write x.bin --at 0x150000");
    spawn_run(&r, NULL, "-p sim:bk7231n,power=on:3600000 --sync-timeout 3 backup -o b.bin");
    spawn_expect(&r, 4);
    spawn_tells(&r, "what to try");
    assert_false(exists("b.bin"));
    spawn_free(&r);
}

static void another_chip_than_asked_for_is_5(void **state)
{
    (void)state;
    fails(5, "chip", "-p sim:bk7231n --chip bk7231t info");
    fails(5, "chip", "-p sim:bk7231t --chip bk7231n info");
}

static void an_image_for_another_chip_is_5_and_changes_nothing(void **state)
{
    (void)state;
    factory("bk7231t", "t.bin");
    factory("bk7231n", "n.bin");
    factory("bk7231n", "same.bin");
    fails(5, "chip", "-p sim:bk7231n,flash=n.bin,save=1 restore t.bin --no-backup");
    fails(5, "chip", "-p sim:bk7231n,flash=n.bin,save=1 write t.bin --no-backup");
    same_files("n.bin", "same.bin");
}

static void a_port_that_vanishes_is_6_and_leaves_the_part(void **state)
{
    (void)state;
    fails(6, "port-lost", "-p sim:bk7231n --fault vanish@700 backup -o b.bin --force");
    assert_false(exists("b.bin"));
    assert_true(exists("b.bin.part"));
    quick(0, "-p sim:bk7231n backup -o b.bin --resume");
    factory("bk7231n", "flash.bin");
    same_files("b.bin", "flash.bin");
}

static void different_content_is_7(void **state)
{
    json_t *res;

    (void)state;
    factory("bk7231n", "flash.bin");
    spoil("flash.bin", "other.bin", 0x150123);
    fails(7, "differs", "-p sim:bk7231n,flash=flash.bin verify other.bin");
    res = result(7, "-p sim:bk7231n,flash=flash.bin verify other.bin");
    assert_int_equal(int_of(res, "differ"), 1);
    assert_int_equal(int_of(res, "first_diff"), 0x150000);
    json_decref(res);
}

/* Wherever the port vanishes, and the contents are the same: not linked yet is
 * 6, not finished is 8, and equal is only what was compared to the end. */
static void a_comparison_that_breaks_off_is_8(void **state)
{
    unsigned seen[256] = {0};

    (void)state;
    factory("bk7231n", "flash.bin");
    for (unsigned n = 0; n < 60; n++) {
        char line[128];
        struct run r;
        json_t *res;

        snprintf(line, sizeof line,
                 "--format json -p sim:bk7231n,flash=flash.bin --fault vanish@%u verify flash.bin",
                 n);
        spawn_run(&r, NULL, line);
        res = spawn_result(&r);
        if (r.status != 0 && r.status != 6 && r.status != 8)
            spawn_expect(&r, 8);
        seen[r.status]++;
        if (r.status == 8)
            assert_string_equal(text_of(res, "err"), "unproven");
        json_decref(res);
        spawn_free(&r);
    }
    assert_true(seen[8] > 0);
}

static void a_guarded_region_is_9_and_opens_by_name(void **state)
{
    uint8_t *before, *after;
    size_t len;

    (void)state;
    factory("bk7231n", "flash.bin");
    before = load("flash.bin", &len);
    fails(9, "guard", "-p sim:bk7231n,flash=flash.bin,save=1 erase 0x1d0000 4k --no-backup");
    fails(9, "guard", "-p sim:bk7231t erase 0 4k --no-backup --guard loader");
    after = load("flash.bin", &len);
    assert_memory_equal(before, after, len);
    free(after);
    quick(0, "-p sim:bk7231n,flash=flash.bin,save=1 erase 0x1d0000 4k --no-backup --guard rf");
    after = load("flash.bin", &len);
    assert_true(pf_is_blank(after + 0x1d0000, 4096));
    free(before);
    free(after);
}

static void guard_none_wants_the_devices_own_id(void **state)
{
    char line[256];
    json_t *res = result(0, "-p sim:bk7231n info"), *id = json_object_get(res, "chip_id");

    (void)state;
    fails(9, "guard", "-p sim:bk7231n erase 0x1d0000 4k --no-backup --guard none --chip-id 1");
    if (json_is_integer(id)) {
        snprintf(line, sizeof line,
                 "-p sim:bk7231n erase 0x1d0000 4k --no-backup --guard none --chip-id %llx",
                 (unsigned long long)json_integer_value(id));
        quick(0, line);
    }
    json_decref(res);
}

static void files_that_cannot_be_used_are_10(void **state)
{
    int fd;

    (void)state;
    factory("bk7231n", "have.bin");
    fails(10, "file", "-p sim:bk7231n backup -o have.bin");
    fails(10, "file", "-p sim:bk7231n backup -o no/such/folder.bin");
    fails(10, "file", "-p sim:bk7231n read 0 4k have.bin");
    fails(10, "file", "-p sim:bk7231n write missing.bin");
    fails(10, "file", "-p sim:bk7231n restore missing.bin");
    fails(10, "file", "-p sim:bk7231n verify missing.bin");
    fails(10, "file", "image info missing.bin");
    fails(10, "file", "image info .");
    save("empty.bin", (const uint8_t *)"", 0);
    fails(10, "file", "image info empty.bin");
    fails(10, "file", "-p sim:bk7231n write empty.bin --at 0x150000");
    fd = open("huge.bin", O_WRONLY | O_CREAT, 0600);
    assert_int_equal(ftruncate(fd, (off_t)5 << 30), 0); /* sparse */
    close(fd);
    fails(10, "file", "image info huge.bin");
    fails(10, "file", "-p sim:bk7231n verify huge.bin");
    fails(10, "file", "info -p sim:bk7231n --log no/such/folder/log");
    fails(10, "file", "info -p sim:bk7231n --trace no/such/folder/trace");
    factory("bk7231n", "again.bin");
    same_files("have.bin", "again.bin"); /* refused, not overwritten */
    quick(0, "-p sim:bk7231n,seed=9 backup -o have.bin --force");
}

static void a_damaged_image_is_10_and_a_whole_one_0(void **state)
{
    struct run r;

    (void)state;
    factory("bk7231n", "flash.bin");
    spoil("flash.bin", "bad.bin", 0x12345);
    spawn_run(&r, NULL, "image check flash.bin");
    spawn_expect(&r, 0);
    spawn_says(&r, "intact");
    spawn_free(&r);
    fails(10, "file", "image check bad.bin");
    spawn_run(&r, NULL, "image info flash.bin");
    spawn_expect(&r, 0);
    spawn_says(&r, "bk7231n");
    spawn_free(&r);
}

static void a_device_that_refuses_is_11(void **state)
{
    (void)state;
    factory("bk7231n", "flash.bin");
    factory("bk7231n", "same.bin");
    spoil("flash.bin", "new.bin", 0x150123);
    fails(11, "refused",
          "-p sim:bk7231n,flash=flash.bin,save=1,fault=" REFUSING " restore new.bin --no-backup");
    same_files("flash.bin", "same.bin");
}

static void power_lost_while_writing_is_12_and_a_second_run_finishes(void **state)
{
    struct run r;
    json_t *res;

    (void)state;
    factory("bk7231n", "flash.bin");
    spoil("flash.bin", "new.bin", 0x150123);
    spawn_run(&r, NULL,
              "-p sim:bk7231n,flash=flash.bin,save=1,fault=powercut@1:stay restore new.bin "
              "--no-backup --sync-timeout 3");
    spawn_expect(&r, 12);
    spawn_tells(&r, "run the same command again");
    spawn_free(&r);
    quick(0, "-p sim:bk7231n,flash=flash.bin,save=1 restore new.bin --no-backup");
    same_files("flash.bin", "new.bin");
    spoil("new.bin", "newer.bin", 0x160123);
    res = result(12, "-p sim:bk7231n,flash=flash.bin,fault=powercut@1:stay restore newer.bin "
                     "--no-backup --sync-timeout 3");
    assert_string_equal(text_of(res, "err"), "partial");
    json_decref(res);
}

/* signals */

static void serve(struct run *sim, const char *spec, char *address, size_t cap)
{
    char line[256];
    const char *p;

    snprintf(line, sizeof line, "sim %s --tcp 127.0.0.1:0", spec);
    spawn_start(sim, line);
    if (!spawn_wait_for(sim, "\n", 10000))
        fail_msg("the virtual device never got ready");
    p = strstr(sim->out, "ready ");
    assert_non_null(p);
    snprintf(address, cap, "%.*s", (int)strcspn(p + 6, "\n"), p + 6);
}

static void ctrl_c_before_anything_changed_is_130(void **state)
{
    char address[64], line[256];
    struct run sim, r;
    json_t *res;

    (void)state;
    serve(&sim, "bk7231n,power=on:3600000", address, sizeof address);
    snprintf(line, sizeof line, "-p tcp://%s --sync-timeout 0 --format json backup -o b.bin",
             address);
    spawn_start(&r, line);
    assert_true(spawn_wait_for(&r, "\"ev\":\"sync\"", 10000));
    spawn_signal(&r, SIGINT);
    spawn_reap(&r);
    spawn_expect(&r, 130);
    res = spawn_result(&r);
    assert_string_equal(text_of(res, "err"), "canceled");
    json_decref(res);
    assert_false(exists("b.bin"));
    spawn_free(&r);
    spawn_signal(&sim, SIGTERM); /* how a server is meant to end */
    spawn_reap(&sim);
    spawn_expect(&sim, 0);
    spawn_free(&sim);
}

/* In real time, since a virtual clock leaves no moment to press a key in. */
static void ctrl_c_while_writing_is_12_whether_pressed_once_or_twice(void **state)
{
    char address[64], line[256];
    uint8_t *raw = malloc(0x40000);

    (void)state;
    memset(raw, 0x5a, 0x40000);
    save("raw.bin", raw, 0x40000);
    free(raw);
    for (unsigned times = 1; times <= 2; times++) {
        struct run sim, r;
        json_t *res;

        serve(&sim, "bk7231n,pace=1,power=cycle:500", address, sizeof address);
        snprintf(line, sizeof line,
                 "-p tcp://%s --format json write raw.bin --at 0x150000 --no-backup", address);
        spawn_start(&r, line);
        if (!spawn_wait_for(&r, "\"phase\":\"write\"", 30000))
            fail_msg("it never began to write\n%s", r.out);
        for (unsigned i = 0; i < times; i++)
            spawn_signal(&r, SIGINT);
        spawn_reap(&r);
        spawn_expect(&r, 12);
        res = spawn_result(&r);
        assert_string_equal(text_of(res, "err"), "partial");
        json_decref(res);
        spawn_free(&r);
        spawn_free(&sim);
    }
}

/* A FIFO without a writer holds the program where no boundary comes. */
static void a_second_ctrl_c_ends_it_at_once_and_still_with_a_result(void **state)
{
    struct run r;
    json_t *res;

    (void)state;
    assert_int_equal(mkfifo("fifo", 0600), 0);
    spawn_start(&r, "--format json image info fifo");
    assert_true(spawn_wait_for(&r, "\"ev\":\"start\"", 10000));
    spawn_signal(&r, SIGINT);
    usleep(300000);
    spawn_signal(&r, SIGINT);
    spawn_reap(&r);
    spawn_expect(&r, 130);
    res = spawn_result(&r);
    assert_string_equal(text_of(res, "err"), "canceled");
    json_decref(res);
    spawn_free(&r);
}

static void the_served_device_announces_itself_in_json_too(void **state)
{
    struct run sim;
    json_t *res;

    (void)state;
    spawn_start(&sim, "sim bk7231n --pty link --format json");
    assert_true(spawn_wait_for(&sim, "\"ev\":\"port\"", 10000));
    spawn_signal(&sim, SIGINT);
    spawn_reap(&sim);
    spawn_expect(&sim, 0);
    res = spawn_result(&sim);
    assert_string_equal(text_of(res, "command"), "sim");
    json_decref(res);
    spawn_free(&sim);
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

        spawn_run_terminal(&r, t[i].env, 80, t[i].line);
        if ((strstr(r.err, "[#") != NULL) != t[i].bar ||
            (strstr(r.err, "\033[") != NULL) != t[i].color)
            fail_msg("`%s`: bar wanted: %d, colour wanted: %d\n%s", r.line, t[i].bar, t[i].color,
                     r.err);
        spawn_free(&r);
    }
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
    spawn_run(&r, NULL, "-v -p sim:bk7231n --fault flip@400 backup -o b.bin");
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
    quick(0, "image unrotate rotated.bin -o back.bin");
    same_files("back.bin", "t.bin");
    fails(10, "file", "image unrotate rotated.bin -o back.bin");
    fails(10, "file", "image unrotate t.bin -o other.bin");
    fails(5, "chip", "-p sim:bk7231n restore rotated.bin --unrotate --no-backup");
    quick(0, "-p sim:bk7231t,flash=t.bin restore rotated.bin --unrotate --no-backup");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, enter, leave)
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
        T(usage_errors_of_every_command_end_with_2),
        T(a_missing_port_is_3),
        T(without_a_port_the_only_usb_adapter_is_taken_or_it_is_3),
        T(a_device_that_never_answers_is_4),
        T(another_chip_than_asked_for_is_5),
        T(an_image_for_another_chip_is_5_and_changes_nothing),
        T(a_port_that_vanishes_is_6_and_leaves_the_part),
        T(different_content_is_7),
        T(a_comparison_that_breaks_off_is_8),
        T(a_guarded_region_is_9_and_opens_by_name),
        T(guard_none_wants_the_devices_own_id),
        T(files_that_cannot_be_used_are_10),
        T(a_damaged_image_is_10_and_a_whole_one_0),
        T(a_device_that_refuses_is_11),
        T(power_lost_while_writing_is_12_and_a_second_run_finishes),
        T(ctrl_c_before_anything_changed_is_130),
        T(ctrl_c_while_writing_is_12_whether_pressed_once_or_twice),
        T(a_second_ctrl_c_ends_it_at_once_and_still_with_a_result),
        T(the_served_device_announces_itself_in_json_too),
        T(a_result_that_cannot_be_printed_is_10),
        T(the_environment_gives_defaults_and_options_win),
        T(a_terminal_gets_a_bar_and_colours_unless_it_says_no),
        T(quiet_says_only_errors_and_verbose_says_why),
        T(log_and_trace_are_written),
        T(a_rotated_backup_is_turned_back_and_refused_elsewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
