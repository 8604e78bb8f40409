/* cli_family_test.c - the real binary on virtual devices that are given a RAM
 * stub: what info tells, what is refused, whole rounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/scene.h"
#include "image/make_bl.h"
#include "image/make_ecr.h"

#define CODE 0x8000u

static const struct {
    const char *chip, *title, *stub, *loader, *other_stub, *app;
    unsigned guarded, open; /* addresses in use */
} family[] = {
    {"ecr6600", "ESWIN ECR6600", "ecr.stub", "stub", "bl.stub", "ecr.app", 0x1fe000, 0x20000},
    {"bl602", "Bouffalo BL602", "bl.stub", "mask ROM", "ecr.stub", "bl.app", 0x1f8000, 0x20000},
};
#define FAMILIES (sizeof family / sizeof *family)

static void make_files(void)
{
    uint8_t *b = malloc(SIZE + 1);
    size_t n;

    save("ecr.stub", b, make_ecr_stub(b, "ECR6600F_stub_V1.4.0"));
    save("bl.stub", b, make_bl_loader(b, 0x4000));
    save("ecr.ota", b, make_ecr_ota(b, SIZE, CODE));
    save("bl.ota", b, make_bl_ota(b, SIZE, CODE, true));
    save("ecr.app", b, n = make_ecr_cpu(b, CODE));
    save("ecr.cut", b, n - 0x300);
    save("bl.app", b, n = make_bl_app(b, CODE));
    save("bl.cut", b, n - 0x300);
    b[0x2345] ^= 1;
    save("bl.bad", b, n);
    save("bl.plain", b, make_bl_plain(b, CODE));
    free(b);
    factory("bk7231n", "bk.bin");
}

/* "-p sim:CHIP[,more] --stub FILE rest" */
static const char *line_of(char *buf, size_t i, const char *more, const char *rest)
{
    snprintf(buf, 512, "-p sim:%s%s --stub %s %s", family[i].chip, more, family[i].stub, rest);
    return buf;
}

/* info */

static void info_tells_all_there_is_in_both_formats(void **state)
{
    static const char *const fields[] = {"title", "evidence", "loader",  "jedec",
                                         "mac",   "mac_from", "firmware"};
    char line[512];

    (void)state;
    make_files();
    for (size_t i = 0; i < FAMILIES; i++) {
        struct run r;
        json_t *res;

        res = result(0, line_of(line, i, ",mac=c84357827340", "info"));
        assert_string_equal(text_of(res, "chip"), family[i].chip);
        for (size_t k = 0; k < sizeof fields / sizeof *fields; k++)
            assert_true(strlen(text_of(res, fields[k])) > 0);
        assert_string_equal(text_of(res, "title"), family[i].title);
        assert_string_equal(text_of(res, "mac"), "c8:43:57:82:73:40");
        assert_string_equal(text_of(res, "regions_from"), "device");
        assert_true(json_is_false(json_object_get(res, "identity_lost")));
        assert_int_equal(int_of(res, "flash_size"), SIZE);
        assert_true(json_array_size(json_object_get(res, "partitions")) > 3);
        assert_true(json_array_size(json_object_get(res, "regions")) > 3);
        json_decref(res);
        spawn_run(&r, NULL, line_of(line, i, ",mac=c84357827340", "info"));
        spawn_expect(&r, 0);
        spawn_says(&r, family[i].title);
        spawn_says(&r, family[i].loader);
        spawn_says(&r, "c8:43:57:82:73:40");
        spawn_says(&r, "by the device's own table");
        spawn_free(&r);
    }
}

/* The same stub in either language, also where nobody has named the chip. */
static void without_a_word_our_own_stub_is_loaded(void **state)
{
    static const char *const how[] = {"-c %s", "-c %s --stub auto", "-c %s --stub plain",
                                      "-c auto --sync-timeout 60"};
    char words[64], line[512];

    (void)state;
    for (size_t i = 0; i < FAMILIES; i++)
        for (size_t k = 0; k < sizeof how / sizeof *how; k++) {
            json_t *res;

            snprintf(words, sizeof words, how[k], family[i].chip);
            snprintf(line, sizeof line, "-p sim:%s %s info", family[i].chip, words);
            res = result(0, line);
            assert_string_equal(text_of(res, "chip"), family[i].chip);
            assert_non_null(strstr(text_of(res, "loader"), "plugflash 1.0.0"));
            json_decref(res);
        }
}

static void a_lost_identity_is_flagged(void **state)
{
    static const char *const lost[] = {",nv=nomac", ",nv=blank", ",mac=000606000000"};
    char line[512];

    (void)state;
    make_files();
    for (size_t i = 0; i < sizeof lost / sizeof *lost; i++) {
        json_t *res = result(0, line_of(line, 0, lost[i], "info"));
        struct run r;

        assert_true(json_is_true(json_object_get(res, "identity_lost")));
        json_decref(res);
        spawn_run(&r, NULL, line_of(line, 0, lost[i], "info"));
        spawn_expect(&r, 0);
        spawn_says(&r, "identity lost: default MAC");
        spawn_free(&r);
    }
}

/* Its table puts the identity where no fixed list has it. */
static void the_identity_is_found_where_the_device_keeps_it(void **state)
{
    json_t *res;

    (void)state;
    make_files();
    res = result(0, "-p sim:ecr6600,layout=obk-high,size=4M,mac=c84357827340 --stub ecr.stub info");
    assert_string_equal(text_of(res, "mac"), "c8:43:57:82:73:40");
    json_decref(res);
}

/* refusals */

static void files_that_are_no_firmware_for_it_are_5_by_name(void **state)
{
    static const struct {
        size_t i;
        const char *file, *word;
    } t[] = {
        {0, "ecr.stub", "RAM stub"}, {0, "bl.stub", "RAM stub"},     {0, "ecr.ota", "OTA package"},
        {0, "bl.app", "BL602"},      {0, "bk.bin", "BK7231N"},       {0, "ecr.cut", "cut off"},
        {1, "ecr.stub", "RAM stub"}, {1, "bl.stub", "RAM stub"},     {1, "bl.ota", "OTA package"},
        {1, "ecr.app", "ECR6600"},   {1, "bk.bin", "BK7231N"},       {1, "bl.cut", "cut off"},
        {1, "bl.bad", "SHA-256"},    {1, "bl.plain", "boot header"},
    };
    char line[512], rest[128];

    (void)state;
    make_files();
    for (size_t k = 0; k < sizeof t / sizeof *t; k++) {
        struct run r;

        snprintf(rest, sizeof rest, "write %s --no-backup", t[k].file);
        spawn_run(&r, NULL, line_of(line, t[k].i, "", rest));
        spawn_expect(&r, 5);
        spawn_tells(&r, "plugflash: error: ");
        spawn_tells(&r, t[k].word);
        spawn_free(&r);
    }
}

static void firmware_is_no_stub_and_a_stub_has_a_family(void **state)
{
    static const char *const file[] = {"ecr.app", "bl.app", "ecr.ota", "bk.bin"};
    char line[512];

    (void)state;
    make_files();
    for (size_t i = 0; i < FAMILIES; i++) {
        struct run r;

        for (size_t k = 0; k < sizeof file / sizeof *file; k++) {
            snprintf(line, sizeof line, "-p sim:%s --stub %s info", family[i].chip, file[k]);
            fails(5, "chip", line);
        }
        snprintf(line, sizeof line, "-p sim:%s -c %s --stub %s info", family[i].chip,
                 family[i].chip, family[i].other_stub);
        spawn_run(&r, NULL, line);
        spawn_expect(&r, 5);
        spawn_tells(&r, "does not run on");
        spawn_free(&r);
    }
}

static void with_no_stub_to_load_it_says_what_is_missing(void **state)
{
    char line[512];

    (void)state;
    for (size_t i = 0; i < FAMILIES; i++) {
        struct run r;

        snprintf(line, sizeof line, "-p sim:%s -c %s --stub none info", family[i].chip,
                 family[i].chip);
        spawn_run(&r, NULL, line);
        spawn_expect(&r, 2);
        spawn_tells(&r, "--stub none");
        spawn_tells(&r, "--stub FILE");
        spawn_free(&r);
        snprintf(line, sizeof line, "-p sim:%s --stub none --sync-timeout 8 info", family[i].chip);
        spawn_run(&r, NULL, line);
        spawn_expect(&r, 4);
        spawn_tells(&r, "--stub none");
        spawn_free(&r);
    }
}

static void a_power_command_that_fails_is_3_and_named(void **state)
{
    struct run r;

    (void)state;
    spawn_run(&r, NULL, "-p sim:bk7231n --power-cmd on=false;off=true --sync-timeout 5 info");
    spawn_expect(&r, 3);
    spawn_tells(&r, "power command \"false\" failed with status 1");
    spawn_tells(&r, "/bin/sh");
    spawn_free(&r);
}

/* whole rounds */

static void a_device_is_backed_up_changed_restored_and_proved(void **state)
{
    char line[512], sim[128], backup[64], flash[64], rest[256];

    (void)state;
    make_files();
    for (size_t i = 0; i < FAMILIES; i++) {
        json_t *res;

        snprintf(backup, sizeof backup, "%s.bin", family[i].chip);
        snprintf(flash, sizeof flash, "%s.flash", family[i].chip);
        snprintf(sim, sizeof sim, ",flash=%s,save=1", flash);
        snprintf(rest, sizeof rest, "backup -o %s", backup);
        res = result(0, line_of(line, i, "", rest));
        assert_int_equal(int_of(res, "len"), SIZE);
        assert_int_equal(strlen(text_of(res, "mac")), 17);
        json_decref(res);
        spoil(backup, flash, 0);
        spoil(flash, flash, 0); /* now a copy */
        json_decref(result(0, line_of(line, i, sim, "map")));
        json_decref(result(0, line_of(line, i, sim, "hash 0x10000 64k")));
        snprintf(rest, sizeof rest, "write %s --dry-run", family[i].app);
        res = result(0, line_of(line, i, sim, rest));
        assert_true(json_array_size(json_object_get(res, "plan")) > 0);
        json_decref(res);
        snprintf(rest, sizeof rest, "erase 0x%x 4k --no-backup", family[i].guarded);
        fails(9, "guard", line_of(line, i, sim, rest));
        same_files(backup, flash);
        snprintf(rest, sizeof rest, "erase 0x%x 64k --backup first.%s", family[i].open, backup);
        quick(0, line_of(line, i, sim, rest));
        snprintf(rest, sizeof rest, "first.%s", backup);
        same_files(backup, rest);
        snprintf(rest, sizeof rest, "write %s --no-backup", family[i].app);
        quick(0, line_of(line, i, sim, rest));
        snprintf(rest, sizeof rest, "verify %s", backup);
        quick(7, line_of(line, i, sim, rest));
        snprintf(rest, sizeof rest, "restore %s --no-backup", backup);
        quick(0, line_of(line, i, sim, rest));
        same_files(backup, flash);
        snprintf(rest, sizeof rest, "verify %s", backup);
        quick(0, line_of(line, i, sim, rest));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(info_tells_all_there_is_in_both_formats),
        T(without_a_word_our_own_stub_is_loaded),
        T(a_lost_identity_is_flagged),
        T(the_identity_is_found_where_the_device_keeps_it),
        T(files_that_are_no_firmware_for_it_are_5_by_name),
        T(firmware_is_no_stub_and_a_stub_has_a_family),
        T(with_no_stub_to_load_it_says_what_is_missing),
        T(a_power_command_that_fails_is_3_and_named),
        T(a_device_is_backed_up_changed_restored_and_proved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
