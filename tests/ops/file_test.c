/* file_test.c - full disks, read-only folders, manifests that do not match:
 * clear errors, nothing lost, the device not even asked. */
#include "ops/fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/checksum.h"
#include "ops/file.h"
#include "ops/manifest.h"

#define PLUG(d)                                                                                    \
    struct memdev d;                                                                               \
    memdev_init(&d, 64, plug_regions);                                                             \
    plug_content(&d)

static void a_backup_has_a_manifest_and_a_checksum_file(void **state)
{
    struct pf_backup_options opt = {.path = "b.bin"};
    struct pf_backup_result res;
    struct pf_manifest m;
    char line[100], hex[65];
    uint8_t *text;
    size_t len;

    (void)state;
    PLUG(d);
    d.base.id.chip_id = 0x7231c;
    d.base.id.has_chip_id = true;
    memcpy(d.base.id.jedec, "\xeb\x60\x15", 3);
    d.base.id.has_jedec = true;
    assert_err(&d, pf_backup(&d.base, &opt, &res), PF_OK);
    assert_string_equal(res.path, "b.bin");
    assert_string_equal(res.manifest, "b.bin.json");
    assert_true(res.has_mac);
    assert_memory_equal(res.mac, "\x70\x89\x76\xa0\xb1\xc2", 6);

    pf_hex(res.sha256, 32, hex);
    snprintf(line, sizeof line, "%s  b.bin\n", hex);
    assert_file("b.bin.sha256", line, strlen(line));
    assert_int_equal(system("sha256sum -c --quiet b.bin.sha256"), 0);

    text = get_file("b.bin.json", &len);
    assert_int_equal(pf_manifest_parse((char *)text, len, &m), PF_OK);
    assert_string_equal(m.chip, "memdev");
    assert_int_equal(m.chip_id, 0x7231c);
    assert_int_equal(m.jedec[1], 0x60);
    assert_int_equal(m.size, 64 * PF_SECTOR);
    assert_memory_equal(m.mac, res.mac, 6);
    assert_string_equal(m.verified, "device-crc32");
    assert_int_equal(m.nsectors, 64);
    assert_int_equal(m.sector_crc[30], 0xf154670a); /* bk7231.md 4.5 */
    assert_true(m.seconds > 0);
    pf_manifest_fini(&m);
    free(text);
    memdev_fini(&d);
}

static void an_existing_output_is_refused_before_the_device_is_asked(void **state)
{
    static const char *const name[] = {"b.bin", "b.bin.json", "b.bin.sha256"};
    struct pf_backup_options opt = {.path = "b.bin"};
    struct pf_backup_result res;

    for (size_t i = 0; i < 3; i++) {
        PLUG(d);
        scratch_clear(state);
        put_file(name[i], "precious", 8);
        assert_err(&d, pf_backup(&d.base, &opt, &res), PF_ERR_FILE);
        assert_non_null(strstr(d.ctx.text, "--force"));
        assert_int_equal(d.calls, 0);
        assert_file(name[i], "precious", 8);
        assert_false(have_file("b.bin.part"));
        opt.force = true;
        assert_err(&d, pf_backup(&d.base, &opt, &res), PF_OK);
        assert_file("b.bin", d.flash, 64 * PF_SECTOR);
        opt.force = false;
        memdev_fini(&d);
    }
}

static void a_forced_backup_that_fails_leaves_the_old_one_alone(void **state)
{
    struct pf_backup_options opt = {.path = "b.bin", .force = true};
    struct pf_backup_result res;

    (void)state;
    PLUG(d);
    put_file("b.bin", "precious", 8);
    d.fault = MEMDEV_GONE;
    d.at = 40;
    assert_err(&d, pf_backup(&d.base, &opt, &res), PF_ERR_IO);
    assert_file("b.bin", "precious", 8);
    memdev_fini(&d);
}

static void a_folder_that_is_missing_or_read_only_is_a_file_error(void **state)
{
    struct pf_backup_options opt = {.path = "no/such/b.bin"};
    struct pf_backup_result res;

    (void)state;
    PLUG(d);
    assert_err(&d, pf_backup(&d.base, &opt, &res), PF_ERR_FILE);
    assert_int_equal(d.calls, 0);
    mkdir("ro", 0555);
    opt.path = "ro/b.bin";
    if (access("ro", W_OK) != 0) { /* root may write anywhere */
        assert_err(&d, pf_backup(&d.base, &opt, &res), PF_ERR_FILE);
        assert_int_equal(d.calls, 0);
    }
    opt.path = "/proc/b.bin";
    assert_err(&d, pf_backup(&d.base, &opt, &res), PF_ERR_FILE);
    assert_int_equal(d.calls, 0);
    memdev_fini(&d);
}

/* A limit on the size of files acts like a disk that fills up. */
static void a_disk_that_fills_up_keeps_what_was_read(void **state)
{
    struct pf_backup_options opt = {.path = "b.bin"};
    struct pf_backup_result res;
    struct rlimit old;
    enum pf_err err;
    uint8_t *part;
    size_t len;

    (void)state;
    PLUG(d);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){10 * PF_SECTOR + 100, old.rlim_max}),
                     0);
    err = pf_backup(&d.base, &opt, &res);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_err(&d, err, PF_ERR_FILE);
    assert_non_null(strstr(d.ctx.text, "--resume"));
    assert_false(have_file("b.bin"));
    part = get_file("b.bin.part", &len);
    assert_true(len >= 10 * PF_SECTOR);
    assert_memory_equal(part, d.flash, len);
    free(part);
    opt.resume = true;
    assert_err(&d, pf_backup(&d.base, &opt, &res), PF_OK);
    assert_file("b.bin", d.flash, 64 * PF_SECTOR);
    memdev_fini(&d);
}

static void strange_inputs_are_told_apart(void **state)
{
    struct pf_write_options opt = {.at_given = true, .at = 8 * PF_SECTOR};
    struct pf_write_result res;
    FILE *f;

    (void)state;
    PLUG(d);
    opt.path = "none.bin";
    assert_err(&d, pf_write(&d.base, &opt, &res), PF_ERR_FILE);
    put_file("empty.bin", "", 0);
    opt.path = "empty.bin";
    assert_err(&d, pf_write(&d.base, &opt, &res), PF_ERR_FILE);
    assert_non_null(strstr(d.ctx.text, "empty"));
    f = fopen("huge.bin", "wb");
    fseek(f, 5L << 30, SEEK_SET);
    fputc(1, f);
    fclose(f);
    opt.path = "huge.bin";
    assert_err(&d, pf_write(&d.base, &opt, &res), PF_ERR_FILE);
    assert_non_null(strstr(d.ctx.text, "5368709121"));
    opt.path = ".";
    assert_err(&d, pf_write(&d.base, &opt, &res), PF_ERR_FILE);
    mkfifo("pipe", 0600);
    opt.path = "pipe"; /* must not hang */
    assert_err(&d, pf_write(&d.base, &opt, &res), PF_ERR_FILE);
    assert_int_equal(d.calls, 0);
    memdev_fini(&d);
}

static void hostile_manifests_are_refused_with_a_reason(void **state)
{
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"schema\":2}",
        "{\"schema\":1,\"schema\":1}",
        "{\"schema\":\"1\"}",
        "{\"schema\":1,\"tool\":7}",
        "{\"schema\":1,\"tool\":\"x\",\"version\":\"1\",\"chip\":"
        "\"123456789012345678901234567890123456789\"}",
        "{\"schema\":1,\"tool\":\"x\",\"version\":\"1\",\"chip\":\"c\",\"verified\":\"v\","
        "\"flash_size\":-1}",
        "{\"schema\":1,\"tool\":\"x\",\"version\":\"1\",\"chip\":\"c\",\"verified\":\"v\","
        "\"flash_size\":4096,\"addr\":0,\"size\":99999999999}",
        "{\"schema\":1,\"tool\":\"x\",\"version\":\"1\",\"chip\":\"c\",\"verified\":\"v\","
        "\"flash_size\":4096,\"addr\":0,\"size\":4096,\"sector_size\":4096,\"crc32\":\"zz\","
        "\"sha256\":\"00\"}",
    };
    struct pf_manifest m;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (pf_manifest_parse(bad[i], strlen(bad[i]), &m) != PF_ERR_FILE)
            fail_msg("accepted: %s", bad[i]);
        assert_true(m.error[0] != '\0');
        pf_manifest_fini(&m);
    }
}

/* Every prefix and every single damaged byte: refused or read, never worse. */
static void a_damaged_manifest_never_crashes(void **state)
{
    struct pf_manifest m = {.chip = "c", .tool = "t", .version = "1", .verified = "v"};
    uint8_t data[3 * PF_SECTOR] = {1, 2, 3};
    char *text;
    size_t len;

    (void)state;
    assert_int_equal(pf_manifest_sum(&m, data, sizeof data), PF_OK);
    m.flash_size = sizeof data;
    text = pf_manifest_format(&m);
    assert_non_null(text);
    pf_manifest_fini(&m);
    len = strlen(text);
    for (size_t i = 0; i <= len; i++) {
        struct pf_manifest r;
        enum pf_err err = pf_manifest_parse(text, i, &r);

        assert_int_equal(err, i == len ? PF_OK : PF_ERR_FILE);
        pf_manifest_fini(&r);
        if (i == len)
            break;
        text[i] ^= 0x15;
        (void)pf_manifest_parse(text, len, &r);
        pf_manifest_fini(&r);
        text[i] ^= 0x15;
    }
    free(text);
}

static void restore_refuses_a_backup_that_its_manifest_contradicts(void **state)
{
    struct pf_backup_options bo = {.path = "b.bin"};
    struct pf_write_options wo = {.path = "b.bin"};
    struct pf_backup_result br;
    struct pf_write_result wr;
    uint8_t *data, *was;
    size_t len;

    (void)state;
    PLUG(d);
    assert_err(&d, pf_backup(&d.base, &bo, &br), PF_OK);
    was = malloc(64 * PF_SECTOR);
    memcpy(was, d.flash, 64 * PF_SECTOR);
    data = get_file("b.bin", &len);
    data[9 * PF_SECTOR] ^= 1;
    put_file("b.bin", data, len);
    memdev_reset(&d);
    assert_err(&d, pf_restore(&d.base, &wo, &wr), PF_ERR_FILE);
    assert_non_null(strstr(d.ctx.text, "0x009000"));
    put_file("b.bin", data, len - 1);
    assert_err(&d, pf_restore(&d.base, &wo, &wr), PF_ERR_FILE);
    put_file("b.bin.json", "{\"schema\":1", 11);
    assert_err(&d, pf_restore(&d.base, &wo, &wr), PF_ERR_FILE);
    assert_int_equal(d.calls, 0);
    assert_memory_equal(d.flash, was, 64 * PF_SECTOR);
    free(was);
    free(data);
    memdev_fini(&d);
}

static void a_checksum_file_names_strange_files_as_sha256sum_does(void **state)
{
    struct pf_backup_options opt = {.path = "a\\b\nc.bin"};
    struct pf_backup_result res;

    (void)state;
    PLUG(d);
    assert_err(&d, pf_backup(&d.base, &opt, &res), PF_OK);
    assert_int_equal(system("sha256sum -c --quiet *.sha256"), 0);
    memdev_fini(&d);
}

static void bad_arguments_are_told_before_anything_happens(void **state)
{
    struct pf_backup_result res;

    (void)state;
    PLUG(d);
    struct pf_backup_options opt = {.path = "b.bin", .range = true, .addr = 0x800, .len = 4096};
    assert_err(&d, pf_backup(&d.base, &opt, &res), PF_ERR_RANGE);
    opt = (struct pf_backup_options){.path = "b.bin", .range = true, .addr = 0x3f000, .len = 8192};
    assert_err(&d, pf_backup(&d.base, &opt, &res), PF_ERR_RANGE);
    opt =
        (struct pf_backup_options){.path = "b.bin", .range = true, .addr = 0xfffff000, .len = 8192};
    assert_err(&d, pf_backup(&d.base, &opt, &res), PF_ERR_RANGE);
    opt = (struct pf_backup_options){.path = ""};
    assert_err(&d, pf_backup(&d.base, &opt, &res), PF_ERR_USAGE);
    opt = (struct pf_backup_options){.path = "b.bin", .dry_run = true};
    assert_err(&d, pf_backup(&d.base, &opt, &res), PF_OK);
    assert_int_equal(res.len, 64 * PF_SECTOR);
    assert_false(have_file("b.bin.part"));
    assert_int_equal(d.calls, 0);
    memdev_fini(&d);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, scratch_clear)
    const struct CMUnitTest tests[] = {
        T(a_backup_has_a_manifest_and_a_checksum_file),
        T(an_existing_output_is_refused_before_the_device_is_asked),
        T(a_forced_backup_that_fails_leaves_the_old_one_alone),
        T(a_folder_that_is_missing_or_read_only_is_a_file_error),
        T(a_disk_that_fills_up_keeps_what_was_read),
        T(strange_inputs_are_told_apart),
        T(hostile_manifests_are_refused_with_a_reason),
        T(a_damaged_manifest_never_crashes),
        T(restore_refuses_a_backup_that_its_manifest_contradicts),
        T(a_checksum_file_names_strange_files_as_sha256sum_does),
        T(bad_arguments_are_told_before_anything_happens),
    };

    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
