/* Images made of images, and images taken apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "image/make.h"
#include "image/make_bl.h"
#include "image/make_ecr.h"
#include "plugflash/image.h"

static uint8_t *buffer(size_t len)
{
    uint8_t *p = malloc(len ? len : 1);

    assert_non_null(p);
    return p;
}

/* Convert what must convert; the result must be intact and of that kind. */
static uint8_t *converted(const uint8_t *data, size_t len, enum pf_image_kind to,
                          const struct pf_convert *with, size_t *out_len, struct pf_image *result)
{
    struct pf_image img;
    uint8_t *out;
    char why[200];
    enum pf_err err;

    pf_image_inspect(data, len, &img);
    err = pf_image_convert(&img, data, to, with, &out, out_len, why, sizeof why);
    if (err)
        fail_msg("%s: error %d, %s", img.title, (int)err, why);
    pf_image_inspect(out, *out_len, result);
    if (result->kind != to || !result->intact) {
        for (size_t i = 0; i < result->nchecks; i++)
            print_message("  %d %s: %s\n", result->check[i].ok, result->check[i].name,
                          result->check[i].text);
        fail_msg("%s became %s", img.title, result->title);
    }
    return out;
}

static void assert_refused(const uint8_t *data, size_t len, enum pf_image_kind to,
                           const struct pf_convert *with, enum pf_err want, const char *word)
{
    struct pf_image img;
    uint8_t *out;
    size_t out_len;
    char why[200];
    enum pf_err err;

    pf_image_inspect(data, len, &img);
    err = pf_image_convert(&img, data, to, with, &out, &out_len, why, sizeof why);
    if (err != want || !strstr(why, word))
        fail_msg("%s: error %d, \"%s\", expected %d, \"%s\"", img.title, (int)err, why, (int)want,
                 word);
    assert_null(out);
}

static void a_bare_application_becomes_one_with_header_and_back_through_ota(void **state)
{
    const uint32_t len = 0x10001; /* not a multiple of 16 */
    uint8_t *plain = buffer(len), *app, *ota, *again;
    struct pf_convert with = {.version = "1.18.57"};
    struct pf_image img;
    size_t app_len, ota_len, again_len;

    (void)state;
    make_bl_plain(plain, len);
    app = converted(plain, len, PF_IMAGE_BL_APP, NULL, &app_len, &img);
    assert_int_equal(app_len, 0x1000 + 0x10010);
    assert_memory_equal(app + 0x1000, plain, len);
    assert_int_equal(app[app_len - 1], 0);
    ota = converted(app, app_len, PF_IMAGE_BL_OTA, &with, &ota_len, &img);
    assert_true(ota_len < app_len);
    assert_memory_equal(ota + 48, "1.18.57", 8);
    again = converted(ota, ota_len, PF_IMAGE_BL_APP, NULL, &again_len, &img);
    assert_int_equal(again_len, app_len);
    assert_memory_equal(again, app, app_len);
    free(ota);
    ota = converted(plain, len, PF_IMAGE_BL_OTA, NULL, &ota_len, &img);
    free(again);
    free(ota);
    free(app);
    free(plain);
}

static void an_application_becomes_a_bootable_flash(void **state)
{
    uint8_t *app = buffer(0x20000), *boot2 = buffer(0x8000), table[4096], *flash;
    struct pf_convert with = {.boot2 = boot2, .table = table, .table_len = sizeof table};
    struct pf_image img;
    size_t n = make_bl_app(app, 0x10000), len;

    (void)state;
    make_bl_table(table, BL_2M);
    with.boot2_len = make_bl_boot2(boot2, 0x3000);
    flash = converted(app, n, PF_IMAGE_BL_BACKUP, &with, &len, &img);
    assert_int_equal(len, 0x21000);
    assert_memory_equal(flash, boot2, with.boot2_len);
    assert_memory_equal(flash + 0xE000, table, 164);
    assert_memory_equal(flash + 0xF000, table, 164);
    assert_memory_equal(flash + 0x10000, app, n);
    assert_string_equal(img.loader, "boot2, 12288 bytes");
    with.flash_size = 0x200000;
    free(flash);
    flash = converted(app, n, PF_IMAGE_BL_BACKUP, &with, &len, &img);
    assert_int_equal(len, 0x200000);
    assert_int_equal(img.flash_size, 0x200000);

    /* A boot2 from a backup, and bare code, serve as well. */
    with.boot2 = flash;
    with.boot2_len = len;
    with.flash_size = 0;
    free(converted(app, n, PF_IMAGE_BL_BACKUP, &with, &len, &img));
    with.boot2 = boot2 + 0x2000;
    with.boot2_len = 0x2ff8;
    free(converted(app, n, PF_IMAGE_BL_BACKUP, &with, &len, &img));
    free(flash);
    free(boot2);
    free(app);
}

static void what_cannot_be_made_is_refused_with_the_reason(void **state)
{
    uint8_t *app = buffer(0x110000), *boot2 = buffer(0x8000), table[4096];
    struct pf_convert with = {.boot2 = boot2, .table = table, .table_len = sizeof table};
    size_t n = make_bl_app(app, 0x10000);

    (void)state;
    make_bl_table(table, BL_2M);
    with.boot2_len = make_bl_boot2(boot2, 0x3000);
    assert_refused(app, n, PF_IMAGE_BL_BACKUP, NULL, PF_ERR_USAGE, "needs a boot2");
    assert_refused(app, n, PF_IMAGE_ECR_CPU, NULL, PF_ERR_SUPPORT, "cannot be made");
    boot2[0x2500] ^= 1;
    assert_refused(app, n, PF_IMAGE_BL_BACKUP, &with, PF_ERR_FILE, "boot2: its SHA-256");
    boot2[0x2500] ^= 1;
    table[30] ^= 1;
    assert_refused(app, n, PF_IMAGE_BL_BACKUP, &with, PF_ERR_FILE, "partition table is damaged");
    table[30] ^= 1;
    with.flash_size = 0x18000;
    assert_refused(app, n, PF_IMAGE_BL_BACKUP, &with, PF_ERR_RANGE, "do not fit");
    with.flash_size = 0;
    assert_refused(app, make_bl_app(app, 0x102000), PF_IMAGE_BL_BACKUP, &with, PF_ERR_RANGE,
                   "do not fit");
    app[0x3000] ^= 1;
    assert_refused(app, n, PF_IMAGE_BL_OTA, NULL, PF_ERR_FILE, "cut off");
    n = make_bl_ota(app, 0x110000, 0x10000, true);
    app[0x400] ^= 1;
    make_bl_ota_seal(app, n);
    assert_refused(app, n, PF_IMAGE_BL_APP, NULL, PF_ERR_FILE, "payload");
    free(boot2);
    free(app);
}

static void ecr6600_packages_and_containers_convert(void **state)
{
    uint8_t *file = buffer(0x20000), *cpu = buffer(0x10000), *out;
    struct pf_image img;
    size_t n, len, want = make_ecr_cpu(cpu, 0x6000);

    (void)state;
    n = make_ecr_ota(file, 0x20000, 0x6000);
    out = converted(file, n, PF_IMAGE_ECR_CPU, NULL, &len, &img);
    assert_int_equal(len, want);
    assert_memory_equal(out, cpu, want);
    free(out);

    n = make_ecr_oneb(file, 0x6000);
    pf_image_inspect(file, n, &img);
    {
        char why[200];

        assert_int_equal(
            pf_image_convert(&img, file, PF_IMAGE_ECR_BACKUP, NULL, &out, &len, why, sizeof why),
            PF_OK);
    }
    assert_int_equal(len, 0x7000 + want); /* ends with the application */
    assert_memory_equal(out + 0x7000, cpu, want);
    assert_memory_equal(out + 0x18, "EF40", 4);
    assert_int_equal(out[0x6fff], 0xff);
    free(out);
    free(cpu);
    free(file);
}

static void a_rotated_backup_is_turned(void **state)
{
    uint8_t *turned = buffer(MAKE_FLASH), *flash = buffer(MAKE_FLASH), *out;
    struct pf_image img;
    size_t len;

    (void)state;
    make_rotated(&make_t, turned);
    make_backup(&make_t, flash);
    out = converted(turned, MAKE_FLASH, PF_IMAGE_BK_BACKUP, NULL, &len, &img);
    assert_int_equal(len, MAKE_FLASH);
    assert_memory_equal(out, flash, MAKE_FLASH);
    free(out);
    free(flash);
    free(turned);
}

/* Taking apart ------------------------------------------------------------- */

struct pieces {
    char text[1024];
    size_t count, stop_at;
    uint32_t crc;
};

static bool note(void *arg, const struct pf_image_piece *p)
{
    struct pieces *all = arg;
    size_t used = strlen(all->text);

    for (const char *c = p->name; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", *c))
            fail_msg("\"%s\" is not fit for a file name", p->name);
    snprintf(all->text + used, sizeof all->text - used, "%s", p->name);
    used = strlen(all->text);
    if (p->has_addr)
        snprintf(all->text + used, sizeof all->text - used, "@%x", (unsigned)p->addr);
    used = strlen(all->text);
    snprintf(all->text + used, sizeof all->text - used, "+%zx ", p->len);
    all->crc = pf_crc32(all->crc, p->data, p->len);
    return ++all->count != all->stop_at;
}

static void assert_pieces(const uint8_t *data, size_t len, const char *want)
{
    struct pieces all = {0};
    struct pf_image img;

    pf_image_inspect(data, len, &img);
    assert_int_equal(pf_image_unpack(&img, data, note, &all), PF_OK);
    assert_string_equal(all.text, want);
}

static void containers_and_backups_come_apart_by_name(void **state)
{
    uint8_t *file = buffer(MAKE_FLASH);
    size_t n;

    (void)state;
    n = make_ecr_oneb(file, 0x3000);
    assert_pieces(file, n, "stub@10000+1000 partition@0+1000 uboot@1000+2058 cpu@7000+3580 ");
    make_ecr_backup(file, 0x3000);
    assert_pieces(file, ECR_MAKE_ROOM,
                  "partition@0+1000 uboot@1000+6000 cpu@7000+1b0000 ota_status@1b7000+2000 "
                  "cfg@1b9000+1c000 lfs@1d5000+22000 nv_customer@1f7000+4000 "
                  "nv_develop@1fb000+3000 nv_amt@1fe000+2000 ");
    make_bl_backup(file, 0x10000, NULL);
    assert_pieces(file, BL_MAKE_FLASH,
                  "boot2@0+e000 table@e000+1000 table-2@f000+1000 FW@10000+102000 "
                  "FW-2@112000+90000 media@1a2000+47000 PSM@1e9000+13000 factory@1fc000+4000 ");
    n = make_ecr_ota(file, MAKE_FLASH, 0x3000);
    assert_pieces(file, n, "cpu+3580 ");
    n = make_bl_ota(file, MAKE_FLASH, 0x4000, true);
    assert_pieces(file, n, "app+5000 ");
    n = make_bl_app(file, 0x4000);
    assert_pieces(file, n, "header+b0 code+4000 ");
    n = make_ecr_stub(file, NULL);
    assert_pieces(file, n, "stub+1000 ");
    make_backup(&make_n, file);
    assert_pieces(file, MAKE_FLASH, "loader@0+11000 flash@11000+1ef000 ");
    free(file);
}

static void names_in_a_hostile_table_cannot_leave_the_folder(void **state)
{
    static const char *const bad[] = {"../../etc/x", "/abs", "a/b", "a/b", "..", "CON:x"};
    uint8_t *flash = buffer(ECR_MAKE_ROOM);
    size_t at = 0x400;
    struct pieces all = {0};
    struct pf_image img;

    (void)state;
    make_ecr_backup(flash, 0x3000);
    memset(flash + 0x400, 0xff, 0xc00);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char value[32];

        snprintf(value, sizeof value, "0x%x,0x1000", (unsigned)(i * 0x1000));
        at += make_ecr_record(flash + at, bad[i], value, strlen(value));
    }
    pf_image_inspect(flash, ECR_MAKE_ROOM, &img);
    assert_int_equal(pf_image_unpack(&img, flash, note, &all), PF_OK);
    assert_int_equal(all.count, 6);
    assert_non_null(strstr(all.text, "a_b@2000+1000 a_b-2@3000"));
    all = (struct pieces){.stop_at = 2};
    assert_int_equal(pf_image_unpack(&img, flash, note, &all), PF_ERR_CANCELED);
    assert_int_equal(all.count, 2);
    free(flash);
}

static void what_has_no_parts_or_a_damaged_payload_does_not_unpack(void **state)
{
    static const uint8_t raw[64] = {1, 2, 3};
    uint8_t *file = buffer(0x20000);
    struct pieces all = {0};
    struct pf_image img;
    size_t n;

    (void)state;
    pf_image_inspect(raw, sizeof raw, &img);
    assert_int_equal(pf_image_unpack(&img, raw, note, &all), PF_ERR_FILE);
    n = make_bl_ota(file, 0x20000, 0x4000, true);
    file[0x300] ^= 1;
    pf_image_inspect(file, n, &img);
    assert_int_equal(pf_image_unpack(&img, file, note, &all), PF_ERR_FILE);
    n = make_ecr_ota(file, 0x20000, 0x4000);
    pf_image_inspect(file, n - 100, &img);
    assert_int_equal(pf_image_unpack(&img, file, note, &all), PF_ERR_FILE);
    assert_int_equal(all.count, 0);
    free(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bare_application_becomes_one_with_header_and_back_through_ota),
        cmocka_unit_test(an_application_becomes_a_bootable_flash),
        cmocka_unit_test(what_cannot_be_made_is_refused_with_the_reason),
        cmocka_unit_test(ecr6600_packages_and_containers_convert),
        cmocka_unit_test(a_rotated_backup_is_turned),
        cmocka_unit_test(containers_and_backups_come_apart_by_name),
        cmocka_unit_test(names_in_a_hostile_table_cannot_leave_the_folder),
        cmocka_unit_test(what_has_no_parts_or_a_damaged_payload_does_not_unpack),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
