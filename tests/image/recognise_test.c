/* What a file is: told by its bytes, with the evidence for the chip, and what
 * is wrong with it. The name of a file reaches none of these functions, so no
 * rule can depend on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "image/make.h"
#include "image/obk_config.h"
#include "plugflash/image.h"

#define AES_STOCK "0123456789ABCDEF0123456789ABCDEF"

static uint8_t *buffer(size_t len)
{
    uint8_t *p = malloc(len);

    assert_non_null(p);
    return p;
}

static const struct pf_image_check *check_named(const struct pf_image *img, const char *name)
{
    for (size_t i = 0; i < img->nchecks; i++)
        if (strcmp(img->check[i].name, name) == 0)
            return &img->check[i];
    return NULL;
}

static void print_image(const struct pf_image *img)
{
    print_message("%s: %s, chip %s (%s)\n", img->kind_name, img->title, img->chip ? img->chip : "?",
                  img->why_chip);
    for (size_t i = 0; i < img->nchecks; i++)
        print_message("  %s %s: %s\n", img->check[i].ok ? "ok " : "BAD", img->check[i].name,
                      img->check[i].text);
}

static void assert_kind(const struct pf_image *img, enum pf_image_kind kind, const char *chip,
                        bool intact)
{
    if (img->kind != kind || img->intact != intact ||
        (chip ? !img->chip || strcmp(img->chip, chip) != 0 : img->chip != NULL)) {
        print_image(img);
        fail_msg("expected kind %d, chip %s, intact %d", (int)kind, chip ? chip : "none", intact);
    }
}

/* A failed check of that name whose text holds `word`. */
static void assert_fault(const struct pf_image *img, const char *name, const char *word)
{
    const struct pf_image_check *c = check_named(img, name);

    if (!c || c->ok || !strstr(c->text, word)) {
        print_image(img);
        fail_msg("expected check \"%s\" to fail and tell \"%s\"", name, word);
    }
    assert_false(img->intact);
}

static const struct make *const both[] = {&make_t, &make_n};

static void a_whole_backup_is_known_with_chip_key_versions_and_mac(void **state)
{
    uint8_t *flash = buffer(MAKE_FLASH);

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct pf_image img;

        make_backup(both[i], flash);
        pf_image_inspect(flash, MAKE_FLASH, &img);
        assert_kind(&img, PF_IMAGE_BK_BACKUP, both[i]->chip, true);
        assert_string_equal(img.kind_name, "backup");
        assert_string_equal(img.family, "bk7231");
        assert_string_equal(img.loader, both[i]->loader);
        assert_string_equal(img.key_name, "tuya");
        assert_int_equal(get_le32(img.key), 0x510fb093);
        assert_string_equal(img.version, "1.2.3");
        assert_non_null(strstr(img.firmware, "Tuya oem_bk7231"));
        assert_non_null(strstr(img.firmware, "SDK 2.0.0"));
        assert_true(img.has_mac);
        assert_memory_equal(img.mac, make_mac, 6);
        assert_int_equal(img.flash_size, MAKE_FLASH);
        assert_non_null(strstr(img.why_chip, both[i]->loader));
    }
    free(flash);
}

static void a_rotated_backup_is_known_and_unrotates_to_the_backup(void **state)
{
    uint8_t *flash = buffer(MAKE_FLASH), *turned = buffer(MAKE_FLASH);

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct pf_image img;

        make_backup(both[i], flash);
        make_rotated(both[i], turned);
        pf_image_inspect(turned, MAKE_FLASH, &img);
        assert_kind(&img, PF_IMAGE_BK_ROTATED, both[i]->chip, true);
        assert_true(img.has_mac);
        assert_int_equal(pf_image_unrotate(turned, MAKE_FLASH), PF_OK);
        assert_memory_equal(turned, flash, MAKE_FLASH);
        assert_int_equal(pf_image_unrotate(turned, MAKE_FLASH), PF_ERR_FILE);
        assert_memory_equal(turned, flash, MAKE_FLASH); /* refused: untouched */
    }
    free(flash);
    free(turned);
}

static void backups_of_other_sizes_are_known(void **state)
{
    enum { BIG = 0x400000 };
    uint8_t *flash = buffer(BIG), *turned = buffer(BIG);
    struct pf_image img;

    (void)state;
    memset(flash, 0xff, BIG);
    make_backup(&make_n, flash);
    pf_image_inspect(flash, BIG, &img);
    assert_kind(&img, PF_IMAGE_BK_BACKUP, "bk7231n", true);
    assert_int_equal(img.flash_size, BIG);
    memcpy(turned, flash + BK_LOADER, BIG - BK_LOADER);
    memcpy(turned + BIG - BK_LOADER, flash, BK_LOADER);
    pf_image_inspect(turned, BIG, &img);
    assert_kind(&img, PF_IMAGE_BK_ROTATED, "bk7231n", true);
    assert_int_equal(pf_image_unrotate(turned, BIG), PF_OK);
    assert_memory_equal(turned, flash, BIG);

    /* 1 MiB with an RF page is a backup, without one a QIO. */
    memset(flash, 0xff, 0x100000);
    make_loader(&make_t, flash);
    make_app(&make_t, flash + BK_LOADER, 0xC0000);
    make_rf(&make_t, flash + 0xE0000);
    pf_image_inspect(flash, 0x100000, &img);
    assert_kind(&img, PF_IMAGE_BK_BACKUP, "bk7231t", true);
    free(flash);
    free(turned);
}

static void a_backup_without_the_loader_is_known(void **state)
{
    uint8_t *flash = buffer(MAKE_FLASH);
    struct pf_image img;

    (void)state;
    make_backup(&make_t, flash);
    pf_image_inspect(flash + BK_LOADER, MAKE_FLASH - BK_LOADER, &img);
    assert_kind(&img, PF_IMAGE_BK_BACKUP, "bk7231t", true);
    assert_int_equal(img.part[0].addr, BK_LOADER);
    assert_non_null(strstr(img.title, "from 0x11000"));

    memset(flash, 0xff, BK_LOADER); /* not read, filled up */
    pf_image_inspect(flash, MAKE_FLASH, &img);
    assert_kind(&img, PF_IMAGE_BK_BACKUP, "bk7231t", true);
    free(flash);
}

static void a_backup_of_an_erased_device_is_known_by_its_rf_page(void **state)
{
    uint8_t *flash = buffer(MAKE_FLASH);
    struct pf_image img;

    (void)state;
    memset(flash, 0xff, MAKE_FLASH);
    make_rf(&make_n, flash + 0x1D0000);
    pf_image_inspect(flash, MAKE_FLASH, &img);
    assert_kind(&img, PF_IMAGE_BK_BACKUP, "bk7231n", true);
    assert_true(img.has_mac);
    free(flash);
}

static void qio_and_ua_images_are_known_at_their_usual_lengths(void **state)
{
    uint8_t *flash = buffer(BK_LOADER + BK_APP_TUYA);
    struct pf_image img;

    (void)state;
    make_loader(&make_n, flash);
    make_app(&make_n, flash + BK_LOADER, BK_APP_TUYA);
    pf_image_inspect(flash, BK_LOADER + BK_APP_TUYA, &img);
    assert_kind(&img, PF_IMAGE_BK_QIO, "bk7231n", true);
    assert_int_equal(img.nparts, 2);
    pf_image_inspect(flash + BK_LOADER, BK_APP_TUYA, &img);
    assert_kind(&img, PF_IMAGE_BK_UA, "bk7231n", true);

    make_loader(&make_t, flash);
    make_app(&make_t, flash + BK_LOADER, BK_APP_OBK_T);
    pf_image_inspect(flash, BK_LOADER + BK_APP_OBK_T, &img);
    assert_kind(&img, PF_IMAGE_BK_QIO, "bk7231t", true);
    pf_image_inspect(flash + BK_LOADER, BK_APP_OBK_T, &img);
    assert_kind(&img, PF_IMAGE_BK_UA, "bk7231t", true);
    assert_int_equal(img.part[0].addr, BK_LOADER);
    free(flash);
}

static void images_padded_to_whole_sectors_or_for_larger_partitions_are_known(void **state)
{
    uint8_t *flash = buffer(MAKE_FLASH);
    struct pf_image img;

    (void)state;
    memset(flash, 0xff, MAKE_FLASH);
    make_loader(&make_n, flash);
    make_app(&make_n, flash + BK_LOADER, BK_APP_TUYA);
    pf_image_inspect(flash, 0x12A000, &img);
    assert_kind(&img, PF_IMAGE_BK_QIO, "bk7231n", true);
    pf_image_inspect(flash + BK_LOADER, 0x12A000 - BK_LOADER, &img);
    assert_kind(&img, PF_IMAGE_BK_UA, "bk7231n", true);
    flash[0x129FFF] = 0; /* not padding */
    pf_image_inspect(flash + BK_LOADER, 0x12A000 - BK_LOADER, &img);
    assert_fault(&img, "length", "goes on after its end");
    make_app(&make_n, flash + BK_LOADER, 0x11B000);
    pf_image_inspect(flash, BK_LOADER + 0x11B000, &img);
    assert_kind(&img, PF_IMAGE_BK_QIO, "bk7231n", true);
    free(flash);
}

static void packages_are_opened_to_find_their_chip(void **state)
{
    static const char *const keys[] = {AES_STOCK, "BDB4CE110F4787C2F539BF50E30A14E0"};
    uint8_t *file = buffer(0x8000);

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct pf_image img;
        size_t n;

        for (size_t k = 0; k < 2; k++) {
            n = make_rbl(both[i], keys[k], file, 0x8000);
            pf_image_inspect(file, n, &img);
            assert_kind(&img, PF_IMAGE_BK_RBL, both[i]->chip, true);
            assert_string_equal(img.version, "1.2.3");
        }
        n = make_ug(both[i], file, 0x8000);
        pf_image_inspect(file, n, &img);
        assert_kind(&img, PF_IMAGE_BK_UG, both[i]->chip, true);
        assert_non_null(strstr(img.firmware, "Tuya"));
        assert_int_equal(img.part[0].offset, 32);
    }
    free(file);
}

static void a_package_under_an_unknown_key_is_whole_but_tells_no_chip(void **state)
{
    uint8_t *file = buffer(0x8000);
    size_t n = make_rbl(&make_n, "another key of 32 characters....", file, 0x8000);
    struct pf_image img;

    (void)state;
    pf_image_inspect(file, n, &img);
    assert_kind(&img, PF_IMAGE_BK_RBL, NULL, true);
    assert_non_null(strstr(check_named(&img, "rbl raw")->text, "not opened"));
    free(file);
}

static void pages_and_configuration_are_known(void **state)
{
    uint8_t page[4096];
    struct pf_image img;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        make_rf(both[i], page);
        pf_image_inspect(page, sizeof page, &img);
        assert_kind(&img, PF_IMAGE_BK_RF, both[i]->chip, true);
        assert_memory_equal(img.mac, make_mac, 6);
    }
    make_config(page, true);
    pf_image_inspect(page, OBK_CONFIG, &img);
    assert_kind(&img, PF_IMAGE_OBK_CONFIG, NULL, true);
    assert_string_equal(img.version, "4");
    assert_non_null(strstr(img.firmware, "lamp ??")); /* no raw bytes to the terminal */
}

static void a_configuration_of_a_platform_with_unsigned_char_is_told(void **state)
{
    uint8_t page[OBK_CONFIG];
    struct pf_image img;

    (void)state;
    make_config(page, false);
    pf_image_inspect(page, sizeof page, &img);
    assert_fault(&img, "config crc8", "unsigned");
    page[100] ^= 4;
    pf_image_inspect(page, sizeof page, &img);
    assert_fault(&img, "config crc8", "expected");
}

static void plain_code_is_known_and_told_to_be_unpacked(void **state)
{
    uint8_t *code = buffer(make_n.code);
    struct pf_image img;

    (void)state;
    make_plain(&make_n, code);
    pf_image_inspect(code, make_n.code, &img);
    assert_int_equal(img.kind, PF_IMAGE_BK_PLAIN);
    assert_string_equal(img.chip, "bk7231n");
    assert_non_null(strstr(img.title, "not packed"));
    free(code);
}

static void openbeken_is_named_with_version_and_date(void **state)
{
    static const char strings[] = "OpenBK7231T\0_\0Built on Jan  2 2024 10:20:30 version 1.17.551";
    struct make m = make_t;
    uint8_t *ua = buffer(BK_APP_OBK_T);
    struct pf_image img;

    (void)state;
    m.strings = strings;
    m.strings_len = sizeof strings;
    make_app(&m, ua, BK_APP_OBK_T);
    pf_image_inspect(ua, BK_APP_OBK_T, &img);
    assert_kind(&img, PF_IMAGE_BK_UA, "bk7231t", true);
    assert_string_equal(img.version, "1.17.551");
    assert_string_equal(img.firmware,
                        "OpenBeken (OpenBK7231T) 1.17.551, built Jan  2 2024 10:20:30");
    free(ua);
}

/* Keys: found by trying, confirmed by the loader's own copy. */

static void a_key_that_only_the_loader_tells_is_found(void **state)
{
    static const struct bk7231_key own = {{0x11223344, 0x55667788, 0x99aabbcc, 0x12345678}, "own"};
    struct make loader = make_n, app = make_n;
    uint8_t *qio = buffer(BK_LOADER + BK_APP_TUYA);
    struct pf_image img;

    (void)state;
    /* The loader is in clear and carries the key the application is under. */
    loader.key = &bk7231_keys[1];
    app.key = &own;
    make_loader(&loader, qio);
    make_app(&app, qio + BK_LOADER, BK_APP_TUYA);
    for (size_t i = 0; i < 4; i++) /* logical 0x48: words 2..5 of block 2 */
        put_le32(qio + 2 * 34 + 8 + 4 * i, own.c[i]);
    put_be16(qio + 2 * 34 + 32, bk7231_crc16(qio + 2 * 34, 32));
    pf_image_inspect(qio, BK_LOADER + BK_APP_TUYA, &img);
    assert_string_equal(img.key_name, "own");
    assert_int_equal(get_le32(img.key), 0x11223344);
    assert_fault(&img, "key", "loader is written for the zero key");
    free(qio);
}

static void images_in_clear_are_told_apart_by_their_vector_targets(void **state)
{
    struct make m = make_n;
    uint8_t *qio = buffer(BK_LOADER + BK_APP_TUYA);
    struct pf_image img;

    (void)state;
    m.key = &bk7231_keys[1];
    make_loader(&m, qio);
    make_app(&m, qio + BK_LOADER, BK_APP_TUYA);
    pf_image_inspect(qio, BK_LOADER + BK_APP_TUYA, &img);
    assert_kind(&img, PF_IMAGE_BK_QIO, "bk7231n", true);
    assert_string_equal(img.key_name, "zero");
    pf_image_inspect(qio + BK_LOADER, BK_APP_TUYA, &img);
    assert_kind(&img, PF_IMAGE_BK_UA, "bk7231n", true);

    m = make_t;
    m.key = &bk7231_keys[1];
    make_app(&m, qio, BK_APP_OBK_T);
    pf_image_inspect(qio, BK_APP_OBK_T, &img); /* U, Q, 7252: not a T */
    assert_kind(&img, PF_IMAGE_BK_UA, "bk7231u", true);
    free(qio);
}

static void the_uascent_key_is_known(void **state)
{
    struct make m = make_n;
    uint8_t *ua = buffer(BK_APP_TUYA);
    struct pf_image img;

    (void)state;
    m.key = &bk7231_keys[2];
    make_app(&m, ua, BK_APP_TUYA);
    pf_image_inspect(ua, BK_APP_TUYA, &img);
    assert_kind(&img, PF_IMAGE_BK_UA, "bk7231n", true);
    assert_string_equal(img.key_name, "uascent");
    free(ua);
}

static void a_loader_and_an_application_of_different_chips_contradict_each_other(void **state)
{
    uint8_t *qio = buffer(BK_LOADER + BK_APP_TUYA);
    struct pf_image img;

    (void)state;
    make_loader(&make_t, qio);
    make_app(&make_n, qio + BK_LOADER, BK_APP_TUYA);
    pf_image_inspect(qio, BK_LOADER + BK_APP_TUYA, &img);
    assert_fault(&img, "chip", "but");
    make_loader(&make_n, qio);
    make_app(&make_t, qio + BK_LOADER, BK_APP_TUYA);
    pf_image_inspect(qio, BK_LOADER + BK_APP_TUYA, &img);
    assert_fault(&img, "chip", "but");
    free(qio);
}

static void the_header_of_an_older_longer_application_is_not_believed(void **state)
{
    uint8_t *flash = buffer(MAKE_FLASH);
    struct make other = make_t;
    struct pf_image img;

    (void)state;
    make_backup(&make_t, flash); /* Tuya's header stays at 0x129f0a */
    make_app(&make_t, flash + BK_LOADER, BK_APP_OBK_T);
    /* The same application: both headers hold. */
    pf_image_inspect(flash, MAKE_FLASH, &img);
    assert_kind(&img, PF_IMAGE_BK_BACKUP, "bk7231t", true);
    other.seed = 99;
    make_app(&other, flash + BK_LOADER, BK_APP_OBK_T);
    pf_image_inspect(flash, MAKE_FLASH, &img);
    assert_kind(&img, PF_IMAGE_BK_BACKUP, "bk7231t", true);
    assert_non_null(strstr(check_named(&img, "rbl-app header")->text, "0xfff9a"));
    free(flash);
}

/* Damage and truncation, told by name. */

static void damage_in_the_application_is_told_with_its_address(void **state)
{
    uint8_t *flash = buffer(MAKE_FLASH);
    struct pf_image img;

    (void)state;
    make_backup(&make_n, flash);
    flash[BK_LOADER + 34 * 5 + 3] ^= 1;
    pf_image_inspect(flash, MAKE_FLASH, &img);
    assert_fault(&img, "crc16 app", "1 bad, the first bad one at 0x110aa");
    assert_fault(&img, "rbl-app data", "CRC-32");
    assert_true(check_named(&img, "crc16 loader")->ok);

    make_backup(&make_n, flash);
    flash[0x1D0000 + 0x14] ^= 0x80; /* MAC record */
    pf_image_inspect(flash, MAKE_FLASH, &img);
    assert_false(img.intact);
    assert_false(check_named(&img, "rf page")->ok);

    make_backup(&make_n, flash);
    flash[0x1F0000] ^= 1; /* data has no CRC16 */
    pf_image_inspect(flash, MAKE_FLASH, &img);
    assert_true(img.intact);
    free(flash);
}

static void damage_that_keeps_the_crc16_right_is_told_by_the_rbl(void **state)
{
    uint8_t *flash = buffer(MAKE_FLASH), *block;
    struct pf_image img;

    (void)state;
    make_backup(&make_t, flash);
    block = flash + BK_LOADER + 34 * 50;
    block[0] ^= 1;
    put_be16(block + 32, bk7231_crc16(block, 32));
    pf_image_inspect(flash, MAKE_FLASH, &img);
    assert_true(check_named(&img, "crc16 app")->ok);
    assert_fault(&img, "rbl-app data", "FNV-1a");
    free(flash);
}

static void a_damaged_first_block_does_not_hide_what_the_file_is(void **state)
{
    uint8_t *flash = buffer(MAKE_FLASH);
    struct pf_image img;

    (void)state;
    make_backup(&make_n, flash);
    memset(flash, 0x55, 34);
    pf_image_inspect(flash, MAKE_FLASH, &img);
    assert_kind(&img, PF_IMAGE_BK_BACKUP, "bk7231n", false);
    assert_fault(&img, "crc16 loader", "first bad one at 0");
    assert_string_equal(img.loader, "BK7231N_1.0.1"); /* by the application's key */
    make_app(&make_t, flash, BK_APP_OBK_T);
    memset(flash, 0x55, 34);
    pf_image_inspect(flash, BK_APP_OBK_T, &img);
    assert_int_equal(img.kind, PF_IMAGE_BK_UA);
    assert_false(img.intact);
    free(flash);
}

static void files_that_end_early_are_told_to_be_cut_off(void **state)
{
    uint8_t *file = buffer(MAKE_FLASH);
    struct pf_image img;
    size_t n;

    (void)state;
    make_backup(&make_n, file);
    pf_image_inspect(file, 0x1A0000, &img);
    assert_int_equal(img.kind, PF_IMAGE_BK_BACKUP);
    assert_fault(&img, "length", "backup cut off at 0x1a0000");
    assert_non_null(strstr(img.title, "cut off"));
    pf_image_inspect(file, 0x100000, &img); /* as long as a T's QIO */
    assert_fault(&img, "length", "QIO cut off at 0x100000, expected 0x129f70");
    pf_image_inspect(file, 0x54321, &img);
    assert_fault(&img, "length", "QIO cut off at 0x54321");
    pf_image_inspect(file, BK_LOADER, &img);
    assert_fault(&img, "length", "there is no application");
    pf_image_inspect(file + BK_LOADER, 0x3000, &img);
    assert_int_equal(img.kind, PF_IMAGE_BK_UA);
    assert_fault(&img, "length", "UA cut off at 0x3000");

    n = make_ug(&make_t, file, 0x8000);
    pf_image_inspect(file, n - 1, &img);
    assert_fault(&img, "length", "UG cut off");
    n = make_rbl(&make_t, AES_STOCK, file, 0x8000);
    pf_image_inspect(file, n - 1, &img);
    assert_fault(&img, "length", "RBL cut off");
    pf_image_inspect(file, 50, &img);
    assert_fault(&img, "length", "in its header");
    make_config(file, true);
    pf_image_inspect(file, 1000, &img);
    assert_fault(&img, "length", "0x3e8");
    free(file);
}

static void damage_in_packages_is_told(void **state)
{
    uint8_t *file = buffer(0x8000);
    struct pf_image img;
    size_t n = make_ug(&make_n, file, 0x8000);

    (void)state;
    file[500] ^= 1;
    pf_image_inspect(file, n, &img);
    assert_fault(&img, "ug sum", "byte sum");
    assert_fault(&img, "rbl data", "CRC-32");
    n = make_ug(&make_n, file, 0x8000);
    file[6] ^= 1;
    pf_image_inspect(file, n, &img);
    assert_fault(&img, "ug header", "wrong");
    n = make_rbl(&make_n, AES_STOCK, file, 0x8000);
    file[0x54] ^= 1; /* raw size */
    pf_image_inspect(file, n, &img);
    assert_fault(&img, "rbl header", "wrong");
    n = make_rbl(&make_n, AES_STOCK, file, 0x8000);
    file[n] = 0;
    pf_image_inspect(file, n + 1, &img);
    assert_fault(&img, "length", "goes on");
    free(file);
}

static void a_package_that_unpacks_to_something_else_is_told(void **state)
{
    uint8_t *file = buffer(0x8000);
    size_t n = make_rbl(&make_n, AES_STOCK, file, 0x8000);
    struct pf_image img;
    struct rbl rbl;

    (void)state;
    assert_true(rbl_parse(file, &rbl));
    rbl.raw_hash ^= 1;
    rbl_build(&rbl, file);
    pf_image_inspect(file, n, &img);
    assert_fault(&img, "rbl raw", "FNV-1a");
    rbl.raw_size = 100; /* a gzip that grows beyond what it states is stopped */
    rbl_build(&rbl, file);
    pf_image_inspect(file, n, &img);
    assert_fault(&img, "rbl raw", "expected 0x64");
    free(file);
}

static void blank_and_empty_files_are_told(void **state)
{
    uint8_t page[4096];
    struct pf_image img;

    (void)state;
    pf_image_inspect(NULL, 0, &img);
    assert_int_equal(img.kind, PF_IMAGE_BLANK);
    assert_string_equal(img.title, "empty file");
    memset(page, 0xff, sizeof page);
    pf_image_inspect(page, sizeof page, &img);
    assert_int_equal(img.kind, PF_IMAGE_BLANK);
    memset(page, 0, sizeof page);
    pf_image_inspect(page, sizeof page, &img);
    assert_int_equal(img.kind, PF_IMAGE_BLANK);
    page[4095] = 1;
    pf_image_inspect(page, sizeof page, &img);
    assert_int_equal(img.kind, PF_IMAGE_UNKNOWN);
    assert_string_equal(img.kind_name, "raw");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_backup_is_known_with_chip_key_versions_and_mac),
        cmocka_unit_test(a_rotated_backup_is_known_and_unrotates_to_the_backup),
        cmocka_unit_test(backups_of_other_sizes_are_known),
        cmocka_unit_test(a_backup_without_the_loader_is_known),
        cmocka_unit_test(a_backup_of_an_erased_device_is_known_by_its_rf_page),
        cmocka_unit_test(qio_and_ua_images_are_known_at_their_usual_lengths),
        cmocka_unit_test(images_padded_to_whole_sectors_or_for_larger_partitions_are_known),
        cmocka_unit_test(packages_are_opened_to_find_their_chip),
        cmocka_unit_test(a_package_under_an_unknown_key_is_whole_but_tells_no_chip),
        cmocka_unit_test(pages_and_configuration_are_known),
        cmocka_unit_test(a_configuration_of_a_platform_with_unsigned_char_is_told),
        cmocka_unit_test(plain_code_is_known_and_told_to_be_unpacked),
        cmocka_unit_test(openbeken_is_named_with_version_and_date),
        cmocka_unit_test(a_key_that_only_the_loader_tells_is_found),
        cmocka_unit_test(images_in_clear_are_told_apart_by_their_vector_targets),
        cmocka_unit_test(the_uascent_key_is_known),
        cmocka_unit_test(a_loader_and_an_application_of_different_chips_contradict_each_other),
        cmocka_unit_test(the_header_of_an_older_longer_application_is_not_believed),
        cmocka_unit_test(damage_in_the_application_is_told_with_its_address),
        cmocka_unit_test(damage_that_keeps_the_crc16_right_is_told_by_the_rbl),
        cmocka_unit_test(a_damaged_first_block_does_not_hide_what_the_file_is),
        cmocka_unit_test(files_that_end_early_are_told_to_be_cut_off),
        cmocka_unit_test(damage_in_packages_is_told),
        cmocka_unit_test(a_package_that_unpacks_to_something_else_is_told),
        cmocka_unit_test(blank_and_empty_files_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
