/* Files of other families and kinds are called by their name, so that a user
 * who picked the wrong one sees which it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "image/make.h"
#include "plugflash/image.h"

static void other_families_and_files_are_named(void **state)
{
    static const struct {
        size_t at, len;
        const char *bytes;
        const char *family;
        const char *word;
    } v[] = {
        {0, 4, "BFNP", "bl602", "application"},
        {0, 4, "BFPT", "bl602", "partition table"},
        {0, 16, "BL60X_OTA_Ver1.0", "bl602", "OTA"},
        {8, 4, "EF40", "bl602", "settings"},
        {0, 4, "\xD0\x0D\xFE\xED", "bl602", "device tree"},
        {0, 5, "oneb\x05", "ecr6600", "all-in-one"},
        {0, 4, "\x32\x70\x78\x48", "ecr6600", "uboot"},
        {0, 4, "\x18\x20\x26\x02", "ecr6600", "cpu"},
        {0, 8, "FotaPKG\x22", "ecr6600", "OTA"},
        {0x18, 4, "EF40", "ecr6600", "partition table"},
        {0x18, 4, "EF41", "ecr6600", "NV"},
        {0x700, 20, "ECR6600F_stub_V1.4.0", "ecr6600", "stub"},
        {0x700, 26, "ECR6600F_customstub_V1.0.0", "ecr6600", "stub"},
        {0, 8, "\xE9\x02\x02\x20\x04\x00\x10\x40", "esp", "ESP"},
        {0, 4,
         "\x7F"
         "ELF",
         NULL, "ELF"},
        {0, 4, "PK\x03\x04", NULL, "zip"},
        {0, 4, "\x1F\x8B\x08\x00", NULL, "gzip"},
        {0, 6,
         "\xFD"
         "7zXZ\0",
         NULL, "xz"},
        {0, 8, "UF2\n\x57\x51\x5D\x9E", NULL, "UF2"},
        {0, 15, "\r\n<!DOCTYPE htm", NULL, "web page"},
        {0, 9, "<HTML lan", NULL, "web page"},
        {0, 11, ":1000000000", NULL, "Intel HEX"},
        {0, 10, "S00F000068", NULL, "S-record"},
    };
    uint8_t file[4096];

    (void)state;
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        /* Families we know have kinds of their own. */
        const bool own = v[i].family && strcmp(v[i].family, "esp") != 0;
        struct pf_image img;

        for (size_t k = 0; k < sizeof file; k++)
            file[k] = (uint8_t)(k * 37 + 1);
        memcpy(file + v[i].at, v[i].bytes, v[i].len);
        pf_image_inspect(file, sizeof file, &img);
        if ((img.kind == PF_IMAGE_FOREIGN) == own || !strstr(img.title, v[i].word))
            fail_msg("row %zu: %s, expected %s", i, img.title, v[i].word);
        if (v[i].family)
            assert_string_equal(img.family, v[i].family);
        else
            assert_null(img.family);
        assert_false(img.intact);
    }
}

static void whole_flashes_of_other_families_and_stubs_are_named(void **state)
{
    uint8_t *flash = malloc(MAKE_FLASH);
    struct pf_image img;

    (void)state;
    assert_non_null(flash);
    memset(flash, 0xff, MAKE_FLASH);
    memcpy(flash, "BFNP", 4);
    memcpy(flash + 0xE000, "BFPT", 4);
    pf_image_inspect(flash, MAKE_FLASH, &img);
    assert_int_equal(img.kind, PF_IMAGE_BL_BACKUP);
    assert_string_equal(img.title, "BL602 whole flash backup, damaged");
    memset(flash, 0xff, MAKE_FLASH);
    memcpy(flash, "BFNP", 4);
    put_le32(flash + 128, 0x22010000);
    pf_image_inspect(flash, 0x9700, &img);
    assert_non_null(strstr(img.title, "stub"));
    memset(flash, 0xff, MAKE_FLASH);
    memcpy(flash + 0x18, "EF40", 4);
    pf_image_inspect(flash, MAKE_FLASH, &img);
    assert_int_equal(img.kind, PF_IMAGE_ECR_BACKUP);
    assert_string_equal(img.title, "ECR6600 whole flash backup, damaged");
    free(flash);
}

static void text_is_not_taken_for_firmware(void **state)
{
    static const char json[] = "{\"tool\":\"plugflash\",\"chip\":\"bk7231n\"}";
    static const char text[] = "Not Found: the file you asked for is gone\n";
    static const char config[] = "CFG=this is not a configuration";
    struct pf_image img;

    (void)state;
    pf_image_inspect((const uint8_t *)json, sizeof json - 1, &img);
    assert_non_null(strstr(img.title, "JSON"));
    pf_image_inspect((const uint8_t *)text, sizeof text - 1, &img);
    assert_string_equal(img.title, "text file");
    pf_image_inspect((const uint8_t *)config, sizeof config - 1, &img);
    assert_int_equal(img.kind, PF_IMAGE_FOREIGN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_families_and_files_are_named),
        cmocka_unit_test(whole_flashes_of_other_families_and_stubs_are_named),
        cmocka_unit_test(text_is_not_taken_for_firmware),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
