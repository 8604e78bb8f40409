/* cli_status_test.c - the real binary on virtual devices: every exit status that
 * applies, in text and in JSON. */
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

#include "cli/scene.h"
#include "core/checksum.h"

/* Every erase and write command is answered with a failure, more often than
 * anyone retries. */
#define REFUSING                                                                                   \
    "status@0+status@1+status@2+status@3+status@4+status@5+status@6+status@7+status@8+status@9+"   \
    "status@10+status@11+status@12+status@13+status@14+status@15"

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
        "image convert f",
        "image unpack f",
        "image unpack f -o -",
        "write f --to app",
        "sim bk7231n",
        "sim --tcp 0",
        "info --baud fast",
        "-p nosuch://x info",
        "-p sim:nosuch info",
        "-p sim:bk7231n,nosuch=1 info",
        "-p sim:bk7231n info --chip esp32",
        "-p sim:bk7231n info --fault melt@1",
        "-p sim:bk7231n info --reset-seq Z",
        "-p sim:bk7231n -c bk7231n info --stub x.bin",
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
