/* BL602 files: what each kind is, what is wrong with it, where it goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "image/bl602.h"
#include "image/bl602_pack.h"
#include "image/bl602_vectors.h"
#include "image/make_bl.h"
#include "plugflash/image.h"

#define CHIP "bl602"
#define APP  0x10000u

static uint8_t *buffer(size_t len)
{
    uint8_t *p = malloc(len ? len : 1);

    assert_non_null(p);
    return p;
}

static void print_image(const struct pf_image *img)
{
    print_message("%s: %s\n", img->kind_name, img->title);
    for (size_t i = 0; i < img->nchecks; i++)
        print_message("  %s %s: %s\n", img->check[i].ok ? "ok " : "BAD", img->check[i].name,
                      img->check[i].text);
}

static void assert_kind(const uint8_t *data, size_t len, enum pf_image_kind kind, const char *word,
                        struct pf_image *img)
{
    pf_image_inspect(data, len, img);
    if (img->kind != kind || strcmp(img->kind_name, word) != 0 || !img->intact) {
        print_image(img);
        fail_msg("expected an intact %s", word);
    }
    assert_string_equal(img->family, CHIP);
}

static void assert_fault(const uint8_t *data, size_t len, enum pf_image_kind kind, const char *name,
                         const char *word)
{
    struct pf_image img;

    pf_image_inspect(data, len, &img);
    for (size_t i = 0; i < img.nchecks; i++) {
        if (img.check[i].ok || strcmp(img.check[i].name, name) != 0 ||
            !strstr(img.check[i].text, word))
            continue;
        assert_int_equal(img.kind, kind);
        assert_false(img.intact);
        return;
    }
    print_image(&img);
    fail_msg("expected \"%s\" to fail and tell \"%s\"", name, word);
}

static size_t place(const struct pf_image *img, const uint8_t *tables, struct pf_image_part *part,
                    char why[200])
{
    return pf_image_place_by_table(img, tables, tables ? BL_TABLE_LEN : 0, CHIP, 0x200000, part,
                                   PF_IMAGE_PARTS, why, 200);
}

static void assert_placed(const struct pf_image *img, const uint8_t *tables, uint32_t addr)
{
    struct pf_image_part part[PF_IMAGE_PARTS];
    char why[200];

    if (place(img, tables, part, why) != 1)
        fail_msg("%s: %s", img->title, why);
    assert_int_equal(part[0].addr, addr);
    assert_int_equal(part[0].offset, 0);
    assert_int_equal(part[0].len, img->size);
}

static void assert_refused(const struct pf_image *img, const uint8_t *tables, const char *word)
{
    struct pf_image_part part[PF_IMAGE_PARTS];
    char why[200];

    assert_int_equal(place(img, tables, part, why), 0);
    if (!strstr(why, word))
        fail_msg("%s: \"%s\", expected \"%s\"", img->title, why, word);
}

/* Headers ------------------------------------------------------------------ */

static void headers_come_out_byte_for_byte(void **state)
{
    uint8_t image[256], jump[16], head[BL_BOOT_HEAD];

    (void)state;
    for (size_t i = 0; i < sizeof image; i++)
        image[i] = (uint8_t)i;
    for (size_t i = 0; i < sizeof jump; i += 2) {
        jump[i] = 0x01;
        jump[i + 1] = 0xa0;
    }
    bl_boot_build(0x2000, image, sizeof image, NULL, head);
    assert_memory_equal(head, head_2000, sizeof head);
    bl_boot_build(0x1000, image, sizeof image, NULL, head);
    assert_memory_equal(head, head_1000, sizeof head);
    bl_boot_build(0x1000, jump, sizeof jump, head_2000, head);
    assert_memory_equal(head, head_jump, sizeof head);
}

static void headers_are_read_with_all_their_sums(void **state)
{
    uint8_t head[BL_BOOT_HEAD];
    struct bl_boot b;

    (void)state;
    assert_true(bl_boot_parse(head_2000, sizeof head_2000, &b));
    assert_true(b.fcfg && b.fcfg_ok && b.pcfg && b.pcfg_ok && b.crc_ok && !b.ram);
    assert_int_equal(b.length, 0x100);
    assert_int_equal(b.offset, 0x2000);
    assert_string_equal(bl_boot_fault(&b), "");
    assert_true(bl_boot_parse(head_ram, sizeof head_ram, &b));
    assert_true(b.ram && b.crc_ok && !b.fcfg && !b.pcfg);
    assert_string_equal(bl_boot_fault(&b), "");
    assert_false(bl_boot_parse(head_ram, sizeof head_ram - 1, &b));
    memcpy(head, head_2000, sizeof head);
    head[50] ^= 1;
    make_bl_seal(head);
    bl_boot_parse(head, sizeof head, &b);
    assert_non_null(strstr(bl_boot_fault(&b), "FCFG"));
    memcpy(head, head_2000, sizeof head);
    head[106] ^= 1;
    make_bl_seal(head);
    bl_boot_parse(head, sizeof head, &b);
    assert_non_null(strstr(bl_boot_fault(&b), "PCFG"));
    head[0] = 'X';
    assert_false(bl_boot_parse(head, sizeof head, &b));
}

/* Partition tables --------------------------------------------------------- */

static void tables_of_every_known_layout_are_read(void **state)
{
    static const struct {
        enum make_bl_table which;
        uint32_t fw, room, psm, end;
        size_t count;
    } v[] = {
        {BL_1M, 0x10000, 0xDC000, 0xF7000, 0x100000, 4},
        {BL_2M, 0x10000, 0x102000, 0x1E9000, 0x200000, 4},
        {BL_4M, 0x10000, 0x120000, 0x1E9000, 0x400000, 4},
        {BL_VENDOR, 0x10000, 0xC8000, 0x1E9000, 0x1FF000, 7},
    };
    uint8_t sector[4096];
    struct pf_image img;
    struct bl_table t;

    (void)state;
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        size_t n = make_bl_table(sector, v[i].which);

        assert_true(bl_table_parse(sector, sizeof sector, &t));
        assert_string_equal(bl_table_fault(&t), "");
        assert_int_equal(t.count, v[i].count);
        assert_int_equal(t.size, n);
        assert_int_equal(t.end, v[i].end);
        assert_int_equal(bl_table_find(&t, "FW")->addr[0], v[i].fw);
        assert_int_equal(bl_table_find(&t, "FW")->room[0], v[i].room);
        assert_int_equal(bl_table_find(&t, "PSM")->addr[0], v[i].psm);
        assert_null(bl_table_find(&t, "nothing"));
        assert_kind(sector, n, PF_IMAGE_BL_PARTITION, "partition", &img);
        assert_kind(sector, sizeof sector, PF_IMAGE_BL_PARTITION, "partition", &img);
        for (size_t k = 0; k < n; k++) {
            sector[k] ^= 0x04;
            if (bl_table_parse(sector, sizeof sector, &t) && bl_table_ok(&t))
                fail_msg("table %zu: byte %zu may be changed unseen", i, k);
            sector[k] ^= 0x04;
            if (bl_table_parse(sector, k, &t) && bl_table_ok(&t))
                fail_msg("table %zu: %zu bytes are enough", i, k);
        }
    }
}

static void the_right_copy_of_the_table_decides(void **state)
{
    uint8_t tables[BL_TABLE_LEN], *app = buffer(0x1000 + APP);
    struct pf_image img;
    size_t n = make_bl_app(app, APP);

    (void)state;
    assert_kind(app, n, PF_IMAGE_BL_APP, "app", &img);
    assert_refused(&img, NULL, "the device's own partition table");

    make_bl_table(tables, BL_VENDOR);
    make_bl_table(tables + 4096, BL_VENDOR);
    assert_placed(&img, tables, 0x10000);
    make_bl_table(tables, BL_2M);
    make_bl_table(tables + 4096, BL_FLIPPED); /* age 1: newer */
    assert_placed(&img, tables, 0x112000);
    make_bl_table(tables, BL_FLIPPED);
    make_bl_table(tables + 4096, BL_2M);
    assert_placed(&img, tables, 0x112000);
    make_bl_table_set(tables, 0, 1); /* of one age: the first */
    assert_placed(&img, tables, 0x112000);
    tables[20] ^= 1; /* the first damaged */
    assert_placed(&img, tables, 0x10000);
    tables[4096 + 20] ^= 1; /* both */
    assert_refused(&img, tables, "both copies of the device's partition table are damaged");
    memset(tables, 0xff, sizeof tables);
    assert_refused(&img, tables, "the device has no partition table");
    make_bl_table(tables, BL_2M);
    make_bl_table_set(tables, 0, 2);
    assert_refused(&img, tables, "in the middle of an update");
    make_bl_table(tables, BL_1M);
    assert_placed(&img, tables, 0x10000);
    free(app);
}

static void an_application_that_does_not_fit_its_slot_is_refused(void **state)
{
    uint8_t tables[BL_TABLE_LEN], *app = buffer(0x110000);
    struct pf_image img;

    (void)state;
    make_bl_table(tables, BL_2M);
    make_bl_table(tables + 4096, BL_FLIPPED);
    pf_image_inspect(app, make_bl_app(app, 0x90000), &img);
    assert_refused(&img, tables, "runs from its second slot, of 0x90000 bytes");
    make_bl_table(tables + 4096, BL_2M);
    assert_placed(&img, tables, 0x10000);
    pf_image_inspect(app, make_bl_app(app, 0x102000), &img);
    assert_refused(&img, tables, "do not fit the partition \"FW\"");
    free(app);
}

static void a_table_goes_to_both_of_its_places(void **state)
{
    struct pf_image_part part[PF_IMAGE_PARTS];
    uint8_t tables[BL_TABLE_LEN];
    struct pf_image img;
    char why[200];
    size_t n = make_bl_table(tables, BL_2M);

    (void)state;
    pf_image_inspect(tables, n, &img);
    assert_int_equal(place(&img, NULL, part, why), 2);
    assert_int_equal(part[0].addr, 0xE000);
    assert_int_equal(part[1].addr, 0xF000);
    assert_int_equal(part[1].offset, 0);
    make_bl_table(tables + 4096, BL_FLIPPED);
    assert_kind(tables, sizeof tables, PF_IMAGE_BL_PARTITION, "partition", &img);
    assert_int_equal(place(&img, NULL, part, why), 2);
    assert_int_equal(part[1].offset, 0x1000);
    assert_fault(tables, 100, PF_IMAGE_BL_PARTITION, "table", "cut off");
}

/* Applications and packages ------------------------------------------------ */

static void an_application_is_known_and_its_hash_checked(void **state)
{
    uint8_t *app = buffer(0x1000 + APP + 4), tables[BL_TABLE_LEN];
    struct pf_image img;
    size_t n = make_bl_app(app, APP);

    (void)state;
    make_bl_table(tables, BL_2M);
    make_bl_table(tables + 4096, BL_2M);
    assert_kind(app, n, PF_IMAGE_BL_APP, "app", &img);
    assert_string_equal(img.version, "1.18.57");
    assert_non_null(strstr(img.firmware, "OpenBL602"));
    memset(app + n, 0, 4); /* as one flasher leaves it */
    assert_kind(app, n + 4, PF_IMAGE_BL_APP, "app", &img);
    assert_fault(app, n - 1, PF_IMAGE_BL_APP, "length", "cut off");
    app[n + 1] = 7;
    assert_fault(app, n + 4, PF_IMAGE_BL_APP, "length", "goes on");
    app[0x2000] ^= 1;
    assert_fault(app, n, PF_IMAGE_BL_APP, "app code", "SHA-256");
    pf_image_inspect(app, n, &img);
    assert_refused(&img, tables, "SHA-256");
    app[0x2000] ^= 1;
    app[30] ^= 1;
    assert_fault(app, n, PF_IMAGE_BL_APP, "app header", "CRC-32");
    assert_fault(app, 100, PF_IMAGE_BL_APP, "length", "cut off");
    free(app);
}

static void an_application_without_a_header_is_told_to_be_converted(void **state)
{
    uint8_t *plain = buffer(APP);
    struct pf_image img;

    (void)state;
    make_bl_plain(plain, APP);
    pf_image_inspect(plain, APP, &img);
    assert_int_equal(img.kind, PF_IMAGE_BL_PLAIN);
    assert_string_equal(img.kind_name, "plain");
    assert_refused(&img, NULL, "image convert");
    free(plain);
}

static void a_boot2_is_not_taken_for_an_application(void **state)
{
    uint8_t *boot2 = buffer(0x8000);
    struct pf_image img;
    size_t n = make_bl_boot2(boot2, 0x3000);

    (void)state;
    assert_kind(boot2, n, PF_IMAGE_BL_BOOT2, "boot2", &img);
    assert_refused(&img, NULL, "whole flash image only");
    free(boot2);
}

static void a_ram_loader_is_never_firmware_raw_or_gzipped(void **state)
{
    uint8_t loader[0x1000], packed[0x2000], tiny[sizeof head_ram + sizeof segment_ram];
    struct pf_image img;
    z_stream z = {0};
    size_t n = make_bl_loader(loader, 0x800);

    (void)state;
    assert_kind(loader, n, PF_IMAGE_BL_LOADER, "stub", &img);
    assert_refused(&img, NULL, "this is a RAM stub, not firmware");
    assert_fault(loader, n - 1, PF_IMAGE_BL_LOADER, "length", "cut off");
    memcpy(tiny, head_ram, sizeof head_ram);
    memcpy(tiny + sizeof head_ram, segment_ram, sizeof segment_ram);
    assert_kind(tiny, sizeof tiny, PF_IMAGE_BL_LOADER, "stub", &img);
    tiny[200] ^= 1;
    assert_fault(tiny, sizeof tiny, PF_IMAGE_BL_LOADER, "segments", "wrong");
    assert_fault(tiny, sizeof tiny, PF_IMAGE_BL_LOADER, "hash", "wrong");

    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = loader;
    z.avail_in = (uInt)n;
    z.next_out = packed;
    z.avail_out = sizeof packed;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    assert_kind(packed, z.total_out, PF_IMAGE_BL_LOADER, "stub", &img);
    assert_refused(&img, NULL, "gzip");
    assert_int_equal(pf_image_stub(packed, z.total_out, tiny, sizeof tiny), 0);

    /* Both sums switched off, as the vendor does it. */
    put_le32(loader + 116, 0x00030300);
    put_le32(loader + 132, 0xDEADBEEF);
    put_le32(loader + 172, 0xDEADBEEF);
    assert_kind(loader, n, PF_IMAGE_BL_LOADER, "stub", &img);
}

static void an_ota_header_comes_out_byte_for_byte(void **state)
{
    uint8_t head[BL_OTA_HEAD];

    (void)state;
    bl_ota_build((const uint8_t *)"plugflash-test\r\n", 16, false, 16, NULL, NULL, head);
    assert_memory_equal(head, ota_raw, sizeof ota_raw);
    for (size_t i = 100; i < sizeof head; i++)
        assert_int_equal(head[i], 0xff);
}

static void an_ota_package_unpacks_to_its_application(void **state)
{
    uint8_t *ota = buffer(0x20000);
    struct pf_image img;
    size_t n;

    (void)state;
    for (int xz = 0; xz < 2; xz++) {
        n = make_bl_ota(ota, 0x20000, APP, xz);
        assert_kind(ota, n, PF_IMAGE_BL_OTA, "ota", &img);
        assert_string_equal(img.version, "1.18.57");
        assert_refused(&img, NULL, "HTTP");
        assert_fault(ota, n - 1, PF_IMAGE_BL_OTA, "length", "cut off");
        assert_fault(ota, 300, PF_IMAGE_BL_OTA, "length", "cut off");
        ota[n - 0x100] ^= 1;
        assert_fault(ota, n, PF_IMAGE_BL_OTA, "package", "SHA-256 wrong");
        make_bl_ota_seal(ota, n); /* the sum is right again, the payload is not */
        pf_image_inspect(ota, n, &img);
        assert_false(img.intact);
        n = make_bl_ota(ota, 0x20000, APP, xz);
        put_le32(ota + 96, APP); /* not what it unpacks to */
        assert_fault(ota, n, PF_IMAGE_BL_OTA, "payload", "expected");
        put_le32(ota + 96, 0xffffffff); /* not told */
        assert_kind(ota, n, PF_IMAGE_BL_OTA, "ota", &img);
    }
    memcpy(ota + 16, "LZ  ", 4);
    assert_fault(ota, n, PF_IMAGE_BL_OTA, "payload", "damaged");
    free(ota);
}

/* Areas -------------------------------------------------------------------- */

static void settings_and_device_trees_go_to_their_partitions(void **state)
{
    uint8_t psm[4096], dts[0x400], tables[BL_TABLE_LEN];
    struct pf_image img;
    size_t n;

    (void)state;
    make_bl_table(tables, BL_2M);
    make_bl_table(tables + 4096, BL_2M);
    make_bl_psm(psm);
    assert_kind(psm, sizeof psm, PF_IMAGE_BL_PSM, "psm", &img);
    assert_non_null(strstr(img.firmware, "OpenBeken"));
    assert_placed(&img, tables, 0x1E9000);
    assert_fault(psm, 1000, PF_IMAGE_BL_PSM, "length", "cut off");
    psm[0x14 + 28 + 20] ^= 1;
    assert_fault(psm, sizeof psm, PF_IMAGE_BL_PSM, "settings", "1 of 1 records damaged");

    n = make_bl_dts(dts);
    assert_kind(dts, n, PF_IMAGE_BL_DTS, "dts", &img);
    assert_placed(&img, tables, 0x1FC000);
    assert_refused(&img, NULL, "own partition table");
    assert_fault(dts, n - 1, PF_IMAGE_BL_DTS, "length", "cut off");
    dts[0x38 + 3] = 7;
    assert_fault(dts, n, PF_IMAGE_BL_DTS, "device tree", "structure");
    make_bl_dts(dts);
    memcpy(dts + 0x44, "wiki", 4);
    pf_image_inspect(dts, n, &img);
    assert_int_equal(img.kind, PF_IMAGE_FOREIGN);
}

/* Whole flash -------------------------------------------------------------- */

static void a_backup_is_known_with_boot2_tables_and_firmware(void **state)
{
    struct pf_image_part part[PF_IMAGE_PARTS];
    uint8_t *flash = buffer(BL_MAKE_FLASH);
    struct pf_image img;
    uint32_t end;
    char why[200];

    (void)state;
    make_bl_backup(flash, APP, &end);
    assert_kind(flash, BL_MAKE_FLASH, PF_IMAGE_BL_BACKUP, "backup", &img);
    assert_int_equal(img.flash_size, BL_MAKE_FLASH);
    assert_string_equal(img.loader, "boot2, 12288 bytes");
    assert_non_null(strstr(img.firmware, "OpenBL602"));
    assert_false(img.has_mac); /* the MAC is in efuse */
    assert_placed(&img, NULL, 0);
    assert_int_equal(pf_image_place(&img, CHIP, 0x100000, part, 8, why, sizeof why), 0);
    assert_int_equal(pf_image_place(&img, "bk7231n", 0x200000, part, 8, why, sizeof why), 0);
    assert_non_null(strstr(why, "it is no BK7231 image: BL602"));
    assert_int_equal(pf_image_place(&img, "ecr6600", 0x200000, part, 8, why, sizeof why), 0);
    assert_non_null(strstr(why, "it is no ECR6600 image: BL602"));

    /* What a factory writes ends behind the application or the device tree. */
    assert_kind(flash, end, PF_IMAGE_BL_BACKUP, "backup", &img);
    assert_int_equal(img.flash_size, 0);
    assert_kind(flash, 0x1FC200, PF_IMAGE_BL_BACKUP, "backup", &img);
    assert_fault(flash, 0x100000, PF_IMAGE_BL_BACKUP, "length", "cut off");
    assert_fault(flash, end - 1, PF_IMAGE_BL_BACKUP, "length", "cut off");
    assert_fault(flash, 0x1F0000, PF_IMAGE_BL_BACKUP, "length", "cut off");

    flash[0x12345] ^= 1;
    assert_fault(flash, BL_MAKE_FLASH, PF_IMAGE_BL_BACKUP, "app code", "SHA-256");
    flash[0x12345] ^= 1;
    flash[0x2100] ^= 1;
    assert_fault(flash, BL_MAKE_FLASH, PF_IMAGE_BL_BACKUP, "boot2", "SHA-256");
    flash[0x2100] ^= 1;
    flash[0xE014] ^= 1;
    assert_fault(flash, BL_MAKE_FLASH, PF_IMAGE_BL_BACKUP, "table 0xe000", "CRC-32");
    memset(flash + 0xE000, 0xff, 0x2000); /* both gone: still a flash */
    assert_fault(flash, BL_MAKE_FLASH, PF_IMAGE_BL_BACKUP, "table 0xe000", "none here");
    free(flash);
}

static void a_flash_after_an_ota_runs_from_its_second_slot(void **state)
{
    uint8_t *flash = buffer(BL_MAKE_FLASH);
    struct pf_image img;

    (void)state;
    make_bl_backup(flash, APP, NULL);
    make_bl_table(flash + 0xF000, BL_FLIPPED);
    assert_fault(flash, BL_MAKE_FLASH, PF_IMAGE_BL_BACKUP, "app header", "no boot header");
    make_bl_app(flash + 0x112000, 0x8000);
    assert_kind(flash, BL_MAKE_FLASH, PF_IMAGE_BL_BACKUP, "backup", &img);
    memcpy(flash + 0x112000,
           "\xfd"
           "7zXZ\0",
           6); /* waits to be unpacked */
    assert_kind(flash, BL_MAKE_FLASH, PF_IMAGE_BL_BACKUP, "backup", &img);
    free(flash);
}

static void what_runs_is_told_from_a_few_sectors(void **state)
{
    static const uint32_t addr[] = {0, 0xE000, 0xF000, 0x10000, 0x1E9000};
    uint8_t *flash = buffer(BL_MAKE_FLASH);
    const uint8_t *sector[5];
    struct pf_firmware fw;

    (void)state;
    make_bl_backup(flash, APP, NULL);
    for (size_t i = 0; i < 5; i++)
        sector[i] = flash + addr[i];
    pf_firmware_inspect(CHIP, addr, sector, 5, &fw);
    assert_string_equal(fw.loader, "boot2, 12288 bytes");
    assert_string_equal(fw.firmware, "OpenBeken, application of 65536 bytes");
    assert_int_equal(fw.npartitions, 5);
    assert_string_equal(fw.partition[0].name, "FW");
    assert_string_equal(fw.partition[1].name, "FW 2");
    assert_int_equal(fw.partition[1].addr, 0x112000);
    assert_false(fw.has_mac);
    pf_firmware_inspect(CHIP, addr + 2, sector + 2, 1, &fw); /* only the second table */
    assert_int_equal(fw.npartitions, 5);
    pf_firmware_inspect(CHIP, addr, sector, 0, &fw);
    assert_string_equal(fw.loader, "");
    free(flash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_come_out_byte_for_byte),
        cmocka_unit_test(headers_are_read_with_all_their_sums),
        cmocka_unit_test(tables_of_every_known_layout_are_read),
        cmocka_unit_test(the_right_copy_of_the_table_decides),
        cmocka_unit_test(an_application_that_does_not_fit_its_slot_is_refused),
        cmocka_unit_test(a_table_goes_to_both_of_its_places),
        cmocka_unit_test(an_application_is_known_and_its_hash_checked),
        cmocka_unit_test(an_application_without_a_header_is_told_to_be_converted),
        cmocka_unit_test(a_boot2_is_not_taken_for_an_application),
        cmocka_unit_test(a_ram_loader_is_never_firmware_raw_or_gzipped),
        cmocka_unit_test(an_ota_header_comes_out_byte_for_byte),
        cmocka_unit_test(an_ota_package_unpacks_to_its_application),
        cmocka_unit_test(settings_and_device_trees_go_to_their_partitions),
        cmocka_unit_test(a_backup_is_known_with_boot2_tables_and_firmware),
        cmocka_unit_test(a_flash_after_an_ota_runs_from_its_second_slot),
        cmocka_unit_test(what_runs_is_told_from_a_few_sectors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
