/* The partition table of the device, and chip data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ecr6600/mini_stub.h"

/* Chip data and flash parts are looked at for all families in tests/bk7231. */

static void the_first_record_is_that_of_the_reference(void **state)
{
    static const uint8_t record[] = {
        0x00, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0x3c, 0x00, 0x00, 0x00, 0xb6, 0x66, 0xdc, 0x2d, 0x09, 0xff,
        0xff, 0xff, 0x0a, 0x00, 0x00, 0x00, 0x70, 0x61, 0x72, 0x74, 0x69, 0x74, 0x69, 0x6f, 0x6e,
        0xff, 0xff, 0xff, 0x30, 0x78, 0x30, 0x2c, 0x30, 0x78, 0x31, 0x30, 0x30, 0x30, 0xff, 0xff,
    };
    struct ecr6600_layout l;
    uint8_t sector[PF_SECTOR];

    (void)state;
    mini_table(sector, 0x1fe000);
    assert_memory_equal(sector + 0x24, record, sizeof record);
    memset(sector + 0x400, 0xff, PF_SECTOR - 0x400);
    memcpy(sector + 0x400, record, sizeof record);
    assert_true(ecr6600_layout_parse(&l, sector, MINI_SIZE));
    assert_int_equal(l.count, 1);
    assert_string_equal(l.region[0].name, "partition");
    assert_int_equal(l.region[0].len, 0x1000);
}

static void a_table_becomes_guarded_regions(void **state)
{
    struct ecr6600_layout l;
    uint8_t sector[PF_SECTOR];

    (void)state;
    mini_table(sector, 0x3fe000);
    assert_true(ecr6600_layout_parse(&l, sector, 0x400000));
    assert_int_equal(l.count, 5);
    assert_string_equal(l.region[2].name, "cpu");
    assert_int_equal(l.region[2].addr, 0x7000);
    assert_int_equal(l.region[2].len, 0x1b0000);
    assert_int_equal(l.region[2].flags, 0);
    assert_int_equal(l.region[1].flags, PF_REGION_GUARD);
    assert_int_equal(l.region[3].flags, PF_REGION_GUARD);
    assert_string_equal(l.region[4].name, "nv_amt");
    assert_int_equal(l.region[4].addr, 0x3fe000);
    assert_int_equal(l.region[4].flags, PF_REGION_GUARD | PF_REGION_IDENTITY);
    assert_null(l.region[5].name);
}

static void a_table_that_cannot_be_true_is_none(void **state)
{
    struct ecr6600_layout l;
    uint8_t sector[PF_SECTOR];

    (void)state;
    mini_table(sector, 0x1fe000);
    assert_false(ecr6600_layout_parse(&l, sector, 0x100000)); /* reaches out of flash */
    mini_table(sector, 0x1fe800);
    assert_false(ecr6600_layout_parse(&l, sector, MINI_SIZE)); /* no whole sectors */
    mini_table(sector, 0x1f8000);
    assert_false(ecr6600_layout_parse(&l, sector, MINI_SIZE)); /* meets nv_customer */
    mini_table(sector, 0x1fe000);
    sector[24] = 'X';
    assert_false(ecr6600_layout_parse(&l, sector, MINI_SIZE)); /* no magic */
    memset(sector, 0xff, sizeof sector);
    assert_false(ecr6600_layout_parse(&l, sector, MINI_SIZE));
    assert_int_equal(l.count, 0);
}

static void a_record_that_is_deleted_or_damaged_does_not_count(void **state)
{
    struct ecr6600_layout l;
    uint8_t sector[PF_SECTOR];

    (void)state;
    mini_table(sector, 0x1fe000);
    sector[0x400 + 8] = 0; /* pre-delete */
    assert_true(ecr6600_layout_parse(&l, sector, MINI_SIZE));
    assert_int_equal(l.count, 4);
    mini_table(sector, 0x1fe000);
    sector[0x400 + 40] ^= 1;
    assert_true(ecr6600_layout_parse(&l, sector, MINI_SIZE));
    assert_int_equal(l.count, 4);
}

static void random_tables_are_survived(void **state)
{
    struct ecr6600_layout l;
    uint8_t sector[PF_SECTOR];
    uint32_t seed = 99;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        mini_table(sector, 0x1fe000);
        for (int i = 0; i < 3; i++) {
            seed = seed * 1664525u + 1013904223u;
            sector[0x400 + (seed >> 20) % 320] = (uint8_t)(seed >> 8);
        }
        if (ecr6600_layout_parse(&l, sector, MINI_SIZE))
            for (size_t i = 1; i < l.count; i++)
                assert_true(l.region[i].addr >= l.region[i - 1].addr + l.region[i - 1].len);
    }
}

static void the_common_layout_is_cut_to_the_flash(void **state)
{
    struct ecr6600_layout l;

    (void)state;
    ecr6600_layout_default(&l, ecr6600_chip.regions, 0x100000);
    assert_int_equal(l.count, 3);
    assert_int_equal(l.region[2].addr + l.region[2].len, 0x100000);
    ecr6600_layout_default(&l, ecr6600_chip.regions, 0x400000);
    assert_int_equal(l.count, 9);
    assert_int_equal(l.region[8].addr, 0x1fe000);
    assert_null(l.region[9].name);
}

static void flash_ids_tell_part_and_size(void **state)
{
    (void)state;
    assert_string_equal(ecr6600_flash_part((const uint8_t *)"\xc8\x40\x15"), "GD25Q16E");
    assert_string_equal(ecr6600_flash_part((const uint8_t *)"\x1c\x70\x16"), "EN25QH32B");
    assert_null(ecr6600_flash_part((const uint8_t *)"\1\2\3"));
    assert_int_equal(ecr6600_flash_size((const uint8_t *)"\xc8\x40\x15"), 0x200000);
    assert_int_equal(ecr6600_flash_size((const uint8_t *)"\xc8\x40\x16"), 0x400000);
    assert_int_equal(ecr6600_flash_size((const uint8_t *)"\xc8\x40\x34"), 0x100000);
    assert_int_equal(ecr6600_flash_size((const uint8_t *)"\xff\xff\xff"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_record_is_that_of_the_reference),
        cmocka_unit_test(a_table_becomes_guarded_regions),
        cmocka_unit_test(a_table_that_cannot_be_true_is_none),
        cmocka_unit_test(a_record_that_is_deleted_or_damaged_does_not_count),
        cmocka_unit_test(random_tables_are_survived),
        cmocka_unit_test(the_common_layout_is_cut_to_the_flash),
        cmocka_unit_test(flash_ids_tell_part_and_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
