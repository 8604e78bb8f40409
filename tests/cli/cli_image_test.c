/* cli_image_test.c - the real binary on files: unpack and convert. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/scene.h"
#include "image/make_bl.h"
#include "image/make_ecr.h"

#define CODE 0x8000u

/* `len` bytes at `at` of a file. */
static void has_bytes(const char *path, size_t at, const uint8_t *want, size_t n)
{
    size_t len;
    uint8_t *data = load(path, &len);

    if (at > len || n > len - at)
        fail_msg("%s has %zu bytes", path, len);
    assert_memory_equal(data + at, want, n);
    free(data);
}

static size_t size_of(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        fail_msg("%s is not there", path);
    return (size_t)st.st_size;
}

/* Files of every kind used below. */
static void make_files(void)
{
    uint8_t *b = malloc(SIZE + 1);

    save("oneb.bin", b, make_ecr_oneb(b, CODE));
    save("ecr.ota", b, make_ecr_ota(b, SIZE, CODE));
    save("cpu.bin", b, make_ecr_cpu(b, CODE));
    save("ecr.stub", b, make_ecr_stub(b, "ECR6600F_stub_V1.4.0"));
    save("app.bin", b, make_bl_app(b, CODE));
    save("plain.bin", b, make_bl_plain(b, CODE));
    save("boot2.bin", b, make_bl_boot2(b, 0x3000));
    make_bl_table(b, BL_2M);
    memcpy(b + 4096, b, 4096);
    save("table.bin", b, 8192);
    make_bl_backup(b, CODE, NULL);
    save("bl.bin", b, BL_MAKE_FLASH);
    free(b);
}

/* unpack */

static void unpack_gives_every_piece_a_file_of_its_own(void **state)
{
    json_t *res, *pieces, *piece;
    uint8_t *cpu;
    size_t len, i;

    (void)state;
    make_files();
    cpu = load("cpu.bin", &len);
    res = result(0, "image unpack oneb.bin -o parts/");
    pieces = json_object_get(res, "pieces");
    assert_int_equal(json_array_size(pieces), 4);
    json_array_foreach(pieces, i, piece)
    {
        assert_int_equal(size_of(text_of(piece, "file")), int_of(piece, "len"));
        assert_int_equal(strlen(text_of(piece, "sha256")), 64);
    }
    assert_string_equal(text_of(json_array_get(pieces, 3), "file"), "parts/cpu.bin");
    assert_int_equal(int_of(json_array_get(pieces, 3), "addr"), 0x7000);
    json_decref(res);
    assert_int_equal(size_of("parts/cpu.bin"), len);
    has_bytes("parts/cpu.bin", 0, cpu, len);
    same_files("parts/stub.bin", "ecr.stub");
    quick(0, "image unpack ecr.ota -o package");
    same_files("package/cpu.bin", "cpu.bin");
    quick(0, "image unpack bl.bin -o flash");
    assert_true(exists("flash/boot2.bin") && exists("flash/table-2.bin"));
    free(cpu);
}

/* Nothing is written when one name is taken, not even the others. */
static void unpack_replaces_nothing_unasked(void **state)
{
    const uint8_t mine[] = "mine";

    (void)state;
    make_files();
    assert_int_equal(mkdir("parts", 0700), 0);
    save("parts/uboot.bin", mine, sizeof mine);
    fails(10, "file", "image unpack oneb.bin -o parts");
    has_bytes("parts/uboot.bin", 0, mine, sizeof mine);
    assert_false(exists("parts/cpu.bin") || exists("parts/stub.bin"));
    quick(0, "image unpack oneb.bin -o parts --force");
    assert_true(exists("parts/cpu.bin") && size_of("parts/uboot.bin") > sizeof mine);
    save("file", mine, sizeof mine);
    fails(10, "file", "image unpack oneb.bin -o file");
    fails(10, "file", "image unpack oneb.bin -o no/such/folder");
    has_bytes("file", 0, mine, sizeof mine);
}

/* A link where a piece shall go is not followed. */
static void unpack_does_not_write_through_links(void **state)
{
    const uint8_t mine[] = "mine";

    (void)state;
    make_files();
    save("precious", mine, sizeof mine);
    assert_int_equal(mkdir("parts", 0700), 0);
    assert_int_equal(symlink("../precious", "parts/cpu.bin"), 0);
    fails(10, "file", "image unpack oneb.bin -o parts");
    quick(0, "image unpack oneb.bin -o parts --force");
    has_bytes("precious", 0, mine, sizeof mine);
    assert_int_equal(size_of("precious"), sizeof mine);
    same_files("parts/cpu.bin", "cpu.bin");
}

/* Names inside a backup's own partition table come from nobody we know. */
static void names_from_a_hostile_table_stay_in_the_folder(void **state)
{
    static const char name[] = "../up";
    uint8_t *b = malloc(SIZE + 1);
    json_t *res, *piece;
    size_t i;

    (void)state;
    memset(b, 0xff, SIZE);
    make_ecr_backup(b, CODE);
    make_ecr_record(b + 0x400, name, "0x0,0x1000", 10);
    save("evil.bin", b, SIZE);
    free(b);
    assert_int_equal(mkdir("deep", 0700), 0);
    res = result(0, "image unpack evil.bin -o deep/parts");
    json_array_foreach(json_object_get(res, "pieces"), i, piece)
    {
        const char *file = text_of(piece, "file");

        if (strncmp(file, "deep/parts/", 11) != 0 || strchr(file + 11, '/'))
            fail_msg("a piece went to %s", file);
    }
    json_decref(res);
    assert_false(exists("deep/up.bin") || exists("up.bin"));
}

static void what_holds_nothing_makes_no_folder(void **state)
{
    size_t len;
    uint8_t *data;

    (void)state;
    make_files();
    fails(10, "file", "image unpack plain.bin -o parts");
    data = load("ecr.ota", &len);
    save("short.ota", data, len / 2);
    free(data);
    fails(10, "file", "image unpack short.ota -o parts");
    assert_false(exists("parts"));
}

/* convert */

static void packages_become_applications_and_back(void **state)
{
    json_t *res;

    (void)state;
    make_files();
    quick(0, "image convert ecr.ota -o out.cpu");
    same_files("out.cpu", "cpu.bin");
    res = result(0, "image convert app.bin --to ota -o out.ota");
    assert_string_equal(text_of(res, "output"), "out.ota");
    assert_string_equal(text_of(res, "output_kind"), "ota");
    assert_int_equal(int_of(res, "output_size"), size_of("out.ota"));
    json_decref(res);
    quick(0, "image check out.ota");
    quick(0, "image convert out.ota --to app -o out.app");
    /* Code and hash are the same; a header made anew may differ elsewhere. */
    assert_int_equal(size_of("out.app"), size_of("app.bin"));
    quick(0, "image check out.app");
    quick(0, "image convert plain.bin --to app -o packed.app");
    quick(0, "image check packed.app");
    fails(10, "file", "image convert plain.bin --to app -o packed.app");
}

static void an_application_becomes_a_bootable_flash(void **state)
{
    struct run r;
    uint8_t *data;
    size_t len;

    (void)state;
    make_files();
    quick(0, "image convert app.bin --to flash --boot2 boot2.bin --table table.bin -o a.bin");
    quick(0, "image convert app.bin --to flash --boot2 bl.bin --table bl.bin -o b.bin");
    quick(0, "image check a.bin");
    same_files("a.bin", "b.bin");
    data = load("app.bin", &len);
    has_bytes("a.bin", 0x10000, data, len);
    free(data);
    quick(0, "image convert app.bin --to flash --boot2 bl.bin --table bl.bin -o c.bin "
             "--flash-size 2M");
    assert_int_equal(size_of("c.bin"), 0x200000);
    /* Calibration and MAC are no part of it, and that is said. */
    spawn_run(&r, NULL, "image convert oneb.bin -o d.bin");
    spawn_expect(&r, 0);
    spawn_tells(&r, "MAC are missing");
    spawn_free(&r);
    assert_int_equal(size_of("d.bin"), 0x200000);
    data = load("cpu.bin", &len);
    has_bytes("d.bin", 0x7000, data, len);
    free(data);
}

static void conversions_say_what_they_lack(void **state)
{
    struct run r;

    (void)state;
    make_files();
    fails(2, "usage", "image convert app.bin -o x");
    fails(2, "usage", "image convert app.bin --to app -o x");
    fails(2, "usage", "image convert app.bin --to flash -o x");
    fails(2, "usage", "image convert app.bin --to flash --boot2 boot2.bin -o x");
    fails(2, "usage", "image convert ecr.ota --boot2 boot2.bin --table table.bin -o x");
    fails(2, "usage", "image convert ecr.ota --to melt -o x");
    fails(2, "usage", "image unpack oneb.bin -o x --to app");
    fails(2, "usage", "image info oneb.bin --boot2 boot2.bin");
    fails(10, "file", "image convert ecr.stub -o x");
    fails(10, "file", "image convert app.bin --to flash --boot2 none --table table.bin -o x");
    fails(10, "file", "image convert app.bin --to flash --boot2 app.bin --table boot2.bin -o x");
    assert_false(exists("x"));
    spawn_run(&r, NULL, "image convert app.bin -o x");
    spawn_tells(&r, "--to: ota, flash");
    spawn_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(unpack_gives_every_piece_a_file_of_its_own),
        T(unpack_replaces_nothing_unasked),
        T(unpack_does_not_write_through_links),
        T(names_from_a_hostile_table_stay_in_the_folder),
        T(what_holds_nothing_makes_no_folder),
        T(packages_become_applications_and_back),
        T(an_application_becomes_a_bootable_flash),
        T(conversions_say_what_they_lack),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
