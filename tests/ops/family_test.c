/* family_test.c - files for devices with a partition table and with RAM stubs:
 * placed by the device's own table, refused by what they are. */
#include "ops/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/make_bl.h"
#include "image/make_ecr.h"
#include "plugflash/ops.h"

#define SIZE   0x200000u
#define CODE   0x8000u
#define BL_TAB 0xE000u

static const struct pf_region bl_regions[] = {
    {"boot2", "second-stage loader", 0, 0xe000, PF_REGION_GUARD},
    {"tables", "partition table", 0xe000, 0x2000, PF_REGION_GUARD},
    {0},
};
static const struct pf_region ecr_regions[] = {
    {"partition", "partition table", 0, 0x1000, PF_REGION_GUARD},
    {"uboot", "boot loader", 0x1000, 0x6000, PF_REGION_GUARD},
    {"nv_amt", "MAC and calibration", 0x1fe000, 0x2000, PF_REGION_GUARD | PF_REGION_IDENTITY},
    {0},
};

struct plug {
    struct memdev d;
    uint8_t *was, *file;
};

static int plug_open(void **state)
{
    struct plug *p = calloc(1, sizeof *p);

    if (!p || scratch_clear(NULL))
        return -1;
    p->was = malloc(SIZE);
    p->file = malloc(SIZE + 1);
    *state = p;
    return p->was && p->file ? 0 : -1;
}

static int plug_close(void **state)
{
    struct plug *p = *state;

    if (p->d.flash) {
        assert_int_equal(p->d.violations, 0);
        memdev_fini(&p->d);
    }
    free(p->was);
    free(p->file);
    free(p);
    return 0;
}

static void plug_in(struct plug *p, const char *name, const char *title,
                    const struct pf_region *regions)
{
    memdev_init(&p->d, SIZE / PF_SECTOR, regions);
    p->d.chip.name = p->d.chip.family = name;
    p->d.chip.title = title;
    p->d.proto.digest_kind = PF_DIGEST_SHA256;
    memdev_reset(&p->d);
}

static void plug_in_bl602(struct plug *p)
{
    plug_in(p, "bl602", "Bouffalo BL602", bl_regions);
    make_bl_backup(p->d.flash, CODE, NULL);
    memcpy(p->was, p->d.flash, SIZE);
}

static void plug_in_ecr6600(struct plug *p)
{
    plug_in(p, "ecr6600", "ESWIN ECR6600", ecr_regions);
    make_ecr_backup(p->d.flash, CODE);
    memcpy(p->was, p->d.flash, SIZE);
}

static void assert_untouched(const struct plug *p)
{
    assert_int_equal(p->d.erases + p->d.writes, 0);
    assert_memory_equal(p->d.flash, p->was, SIZE);
}

/* `write` and `restore` refuse what is in x.bin, naming it by `word`. */
static void refused(struct plug *p, size_t len, const char *word)
{
    struct pf_write_options opt = {.path = "x.bin", .no_backup = true};
    struct pf_write_result res;

    put_file("x.bin", p->file, len);
    assert_err(&p->d, pf_write(&p->d.base, &opt, &res), PF_ERR_CHIP);
    if (!strstr(p->d.ctx.text, word))
        fail_msg("'%s' is not in: %s", word, p->d.ctx.text);
    if (strstr(p->d.ctx.text, "signature") || strstr(p->d.ctx.text, "is damaged:"))
        fail_msg("wanted what it is, got what is wrong with it: %s", p->d.ctx.text);
    assert_err(&p->d, pf_restore(&p->d.base, &opt, &res), PF_ERR_CHIP);
    assert_untouched(p);
}

/* A damaged one is still what it is: the damage is not what matters. */
static void refused_also_damaged(struct plug *p, size_t len, size_t at, const char *word)
{
    refused(p, len, word);
    p->file[at] ^= 0x40;
    refused(p, len, word);
}

static void refuse_every_stranger(struct plug *p)
{
    refused_also_damaged(p, make_ecr_stub(p->file, "ECR6600F_stub_V1.4.0"), 0x900, "RAM stub");
    refused_also_damaged(p, make_bl_loader(p->file, 0x4000), 0x900, "RAM stub");
    refused_also_damaged(p, make_ecr_ota(p->file, SIZE, CODE), 0x200, "OTA package");
    refused_also_damaged(p, make_bl_ota(p->file, SIZE, CODE, true), 0x300, "OTA package");
}

static void a_stub_or_a_package_is_refused_by_what_it_is(void **state)
{
    plug_in_ecr6600(*state);
    refuse_every_stranger(*state);
    memdev_fini(&((struct plug *)*state)->d);
    plug_in_bl602(*state);
    refuse_every_stranger(*state);
}

static void another_family_is_refused_by_name(void **state)
{
    struct plug *p = *state;

    plug_in_ecr6600(p);
    refused_also_damaged(p, make_bl_app(p->file, CODE), 0x3000, "BL602");
    make_bl_backup(p->file, CODE, NULL);
    refused(p, SIZE, "BL602");
    memdev_fini(&p->d);
    plug_in_bl602(p);
    refused_also_damaged(p, make_ecr_cpu(p->file, CODE), 0x80, "ECR6600");
    refused(p, make_ecr_oneb(p->file, CODE), "ECR6600");
}

/* No address makes firmware of a stub. */
static void a_stub_is_refused_at_any_address(void **state)
{
    struct plug *p = *state;
    struct pf_write_options opt = {
        .path = "x.bin", .no_backup = true, .at_given = true, .at = 0x7000};
    struct pf_write_result res;
    struct pf_verify_result vr;

    plug_in_ecr6600(p);
    put_file("x.bin", p->file, make_ecr_stub(p->file, NULL));
    assert_err(&p->d, pf_write(&p->d.base, &opt, &res), PF_ERR_CHIP);
    assert_non_null(strstr(p->d.ctx.text, "--stub"));
    assert_untouched(p);
    /* Comparing hurts nobody. */
    assert_err(&p->d, pf_verify(&p->d.base, "x.bin", true, 0x7000, &vr), PF_ERR_VERIFY);
}

static void truncated_and_wrong_images_are_refused_by_name(void **state)
{
    struct plug *p = *state;
    struct pf_write_options opt = {.path = "x.bin", .no_backup = true};
    struct pf_write_result res;
    size_t len;

    plug_in_bl602(p);
    len = make_bl_app(p->file, CODE);
    for (unsigned i = 0; i < 2; i++) {
        if (i)
            p->file[0x4321] ^= 1;
        put_file("x.bin", p->file, i ? len : len - 0x100);
        assert_err(&p->d, pf_write(&p->d.base, &opt, &res), PF_ERR_CHIP);
        assert_non_null(strstr(p->d.ctx.text, "BL602 application"));
        assert_non_null(strstr(p->d.ctx.text, "damaged"));
        assert_untouched(p);
    }
}

/* Nothing proves such a file whole, and its header holds settings of a board. */
static void an_application_without_a_header_is_refused_with_a_hint(void **state)
{
    struct plug *p = *state;

    plug_in_bl602(p);
    refused(p, make_bl_plain(p->file, CODE), "image convert");
}

static void write_app(struct plug *p, enum pf_err want, uint32_t at)
{
    struct pf_write_options opt = {.path = "app.bin", .no_backup = true};
    struct pf_write_result res;
    size_t len = make_bl_app(p->file, CODE + 0x40);

    put_file("app.bin", p->file, len);
    assert_err(&p->d, pf_write(&p->d.base, &opt, &res), want);
    if (want) {
        assert_untouched(p);
        return;
    }
    memcpy(p->was + at, p->file, len);
    assert_memory_equal(p->d.flash, p->was, SIZE);
}

/* Newer copy: slot 1 runs. Older copy: slot 0 did. */
static void age_the_tables(struct plug *p)
{
    make_bl_table_set(p->d.flash + BL_TAB, 5, 1);
    make_bl_table_set(p->d.flash + BL_TAB + 0x1000, 4, 0);
    memcpy(p->was, p->d.flash, SIZE);
}

static void an_application_goes_where_the_newer_table_says(void **state)
{
    struct plug *p = *state;

    plug_in_bl602(p);
    write_app(p, PF_OK, 0x10000);
    age_the_tables(p);
    write_app(p, PF_OK, 0x112000);
}

/* A flipped bit in the newer copy would send it to the slot that does not run. */
static void a_wrong_read_of_the_table_misplaces_nothing(void **state)
{
    struct plug *p = *state;

    plug_in_bl602(p);
    age_the_tables(p);
    p->d.fault = MEMDEV_WRONG_READ;
    p->d.at = 0;
    write_app(p, PF_OK, 0x112000);
    assert_true(p->d.fired);
    memdev_reset(&p->d);
    p->d.flaky = BL_TAB / PF_SECTOR;
    write_app(p, PF_ERR_PROTOCOL, 0);
}

static void without_a_sound_table_nothing_is_guessed(void **state)
{
    struct plug *p = *state;

    plug_in_bl602(p);
    p->d.flash[BL_TAB + 20] ^= 1;
    memcpy(p->was, p->d.flash, SIZE);
    write_app(p, PF_OK, 0x10000); /* the second copy is good */
    memcpy(p->d.flash + BL_TAB + 0x1000, p->d.flash + BL_TAB, 0x1000);
    memdev_reset(&p->d);
    memcpy(p->was, p->d.flash, SIZE);
    write_app(p, PF_ERR_CHIP, 0);
    assert_non_null(strstr(p->d.ctx.text, "damaged"));
    memset(p->d.flash + BL_TAB, 0xff, 0x2000);
    memcpy(p->was, p->d.flash, SIZE);
    write_app(p, PF_ERR_CHIP, 0);
}

/* All closed regions are named at once, in the form that opens them. */
static void an_all_in_one_image_names_every_region_it_needs(void **state)
{
    static const char *const open[] = {"partition", "uboot"};
    struct plug *p = *state;
    struct pf_write_options opt = {.path = "oneb.bin", .no_backup = true};
    struct pf_write_result res;

    plug_in_ecr6600(p);
    put_file("oneb.bin", p->file, make_ecr_oneb(p->file, CODE + 0x1000));
    assert_err(&p->d, pf_write(&p->d.base, &opt, &res), PF_ERR_GUARD);
    assert_non_null(strstr(p->d.ctx.text, "--guard partition,uboot"));
    assert_untouched(p);
    opt.guard.names = open;
    opt.guard.count = 2;
    assert_err(&p->d, pf_write(&p->d.base, &opt, &res), PF_OK);
    assert_memory_equal(p->d.flash + 0x1fe000, p->was + 0x1fe000, 0x2000);
}

/* identity */

static void identity_of(struct plug *p, const char *mac, const char *from, bool lost)
{
    struct pf_info info;
    char text[18] = "";

    assert_err(&p->d, pf_info_read(&p->d.base, &info), PF_OK);
    if (info.has_mac)
        snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", info.mac[0], info.mac[1],
                 info.mac[2], info.mac[3], info.mac[4], info.mac[5]);
    assert_string_equal(text, mac);
    assert_string_equal(info.mac_from ? info.mac_from : "", from);
    assert_int_equal(info.identity_lost, lost);
}

static void info_tells_a_lost_identity_from_a_kept_one(void **state)
{
    static const uint8_t fallback[6] = {0x00, 0x06, 0x06, 0x00, 0x00, 0x00};
    static const uint8_t fuses[6] = {0xC8, 0x43, 0x57, 0x82, 0x73, 0x40};
    static const uint32_t info_sectors[] = {0, ~0u};
    struct plug *p = *state;

    plug_in_ecr6600(p);
    p->d.chip.info_sectors = info_sectors;
    p->d.chip.default_mac = fallback;
    identity_of(p, "", "", true); /* nothing says where the identity is */
    p->d.base.regions = ecr_regions;
    identity_of(p, "84:e3:42:12:34:56", "flash", false);
    make_ecr_amt(p->d.flash + 0x1fe000, false);
    identity_of(p, "", "", true);
    memcpy(p->d.base.id.mac, fuses, 6);
    p->d.base.id.has_mac = true;
    identity_of(p, "c8:43:57:82:73:40", "chip", false);
    memcpy(p->d.base.id.mac, fallback, 6);
    identity_of(p, "00:06:06:00:00:00", "chip", true);
    p->d.chip.default_mac = NULL;
    identity_of(p, "00:06:06:00:00:00", "chip", false);
}

/* Where the flash holds no MAC, the one of the chip marks whose backup it is. */
static void a_backup_is_marked_with_the_mac_of_the_chip(void **state)
{
    static const uint8_t fuses[6] = {0xC8, 0x43, 0x57, 0x82, 0x73, 0x40};
    struct plug *p = *state;
    struct pf_backup_options opt = {.path = "b.bin"};
    struct pf_backup_result res;
    uint8_t *manifest;
    size_t len;

    plug_in_bl602(p);
    memcpy(p->d.base.id.mac, fuses, 6);
    p->d.base.id.has_mac = true;
    assert_err(&p->d, pf_backup(&p->d.base, &opt, &res), PF_OK);
    assert_true(res.has_mac);
    assert_memory_equal(res.mac, fuses, 6);
    manifest = get_file("b.bin.json", &len);
    assert_non_null(strstr((char *)manifest, "c8:43:57:82:73:40"));
    free(manifest);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, plug_open, plug_close)
    const struct CMUnitTest tests[] = {
        T(a_stub_or_a_package_is_refused_by_what_it_is),
        T(another_family_is_refused_by_name),
        T(a_stub_is_refused_at_any_address),
        T(truncated_and_wrong_images_are_refused_by_name),
        T(an_application_without_a_header_is_refused_with_a_hint),
        T(an_application_goes_where_the_newer_table_says),
        T(a_wrong_read_of_the_table_misplaces_nothing),
        T(without_a_sound_table_nothing_is_guessed),
        T(an_all_in_one_image_names_every_region_it_needs),
        T(info_tells_a_lost_identity_from_a_kept_one),
        T(a_backup_is_marked_with_the_mac_of_the_chip),
    };

    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
