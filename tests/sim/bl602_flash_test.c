/* bl602_flash_test.c - the synthetic flash of the virtual BL602, and what it
 * takes to start from it (reference 6, 7, 12.4, 12.5). */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "sim/bl602.h"
#include "sim/bl602_rig.h"

#define M (1u << 20)

static const char header_2000[] =
    "42464e500100000046434647040101016699ff039f009f0004ef0001c72052d8060232000b010b013b01bb00"
    "6b01eb02eb02025000010001010002010101ab01053500000131000038ff20ff77030240770302f02c01b004"
    "b0040500ffff03003a2eec37504346470404000103010000e919303b00330000000100000000000000200000"
    "40aff2e9d2d8922e47afd4648e6967497158785fbd1da870e7110266bf9448800000000000000000f12d33aa";
static const char header_1000[] =
    "42464e500100000046434647040101016699ff039f009f0004ef0001c72052d8060232000b010b013b01bb00"
    "6b01eb02eb02025000010001010002010101ab01053500000131000038ff20ff77030240770302f02c01b004"
    "b0040500ffff03003a2eec37504346470404000103010000e919303b00330000000100000000000000100000"
    "40aff2e9d2d8922e47afd4648e6967497158785fbd1da870e7110266bf9448800000000000000000eaa5698f";
static const char header_16[] =
    "42464e500100000046434647040101016699ff039f009f0004ef0001c72052d8060232000b010b013b01bb00"
    "6b01eb02eb02025000010001010002010101ab01053500000131000038ff20ff77030240770302f02c01b004"
    "b0040500ffff03003a2eec37504346470404000103010000e919303b00330000100000000000000000100000"
    "7826c1c8b0160af8d5f7551f12b453749349495b34ebe0d414373d76b36eadc10000000000000000126762ed";
static const char table_1m[] =
    "42465054000004000000000088e84b94000000465700000000000000000001000000000000c00d0000000000"
    "00000000000000000300006d656469610000000000c00e000000000000b00000000000000000000000000000"
    "04000050534d00000000000000700f000000000000500000000000000000000000000000070000666163746f"
    "7279000000c00f00000000000040000000000000000000000000000005af2217";
static const char table_obk_2m[] =
    "42465054000004000000000088e84b9400000046570000000000000000000100002011000020100000000900"
    "00000000000000000300006d656469610000000000201a000000000000700400000000000000000000000000"
    "04000050534d00000000000000901e000000000000300100000000000000000000000000070000666163746f"
    "7279000000c01f000000000000400000000000000000000000000000e2c3d4b0";
static const char table_4m[] =
    "42465054000004000000000088e84b9400000046570000000000000000000100000013000000120000900b00"
    "00000000000000000300006d6564696100000000000020000000000000002000000000000000000000000000"
    "04000050534d00000000000000901e000000000000300100000000000000000000000000070000666163746f"
    "7279000000c01f000000000000400000000000000000000000000000d344f20e";
static const char table_vendor_2m[] =
    "424650540000070000000000269adf120000004657000000000000000000010000800d0000800c0000800800"
    "00000000000000000200006d6667000000000000000016000000000000200300000000000000000000000000"
    "0300006d656469610000000000201900000000000070050000000000000000000000000004000050534d0000"
    "0000000000901e0000000000008000000000000000000000000000000500004b455900000000000000101f00"
    "000000000020000000000000000000000000000006000044415441000000000000301f000000000000500000"
    "000000000000000000000000070000666163746f7279000000801f0000000000007000000000000000000000"
    "00000000ce01508b";
static const char table_flipped[] =
    "424650540000040001000000ed8ff72c00000146570000000000000000000100002011000020100000000900"
    "45230100010000000300006d656469610000000000201a000000000000700400000000000000000000000000"
    "04000050534d00000000000000901e000000000000300100000000000000000000000000070000666163746f"
    "7279000000c01f000000000000400000000000000000000000000000c49fa403";

static const uint8_t mac[6] = {0xE6, 0xD5, 0xC4, 0xB3, 0xA2, 0xD1};

static uint8_t *made(uint32_t size)
{
    uint8_t *flash = malloc(size);

    assert_non_null(flash);
    assert_int_equal(pf_sim_factory("bl602", 1, mac, flash, size), PF_OK);
    return flash;
}

static void expect_hex(const uint8_t *have, const char *hex)
{
    uint8_t want[512];
    size_t n = rig_hex(hex, want, sizeof want);

    assert_memory_equal(have, want, n);
}

/* True when the application of this flash runs and talks after a reset. */
static bool boots(const char *spec, const uint8_t *flash, uint32_t size)
{
    uint8_t text[7];
    struct rig r;
    bool talks;

    rig_open_flash(&r, spec, flash, size);
    bl_reset_to_flash(&r);
    talks = rig_read(&r, text, 7, 3000) == 7 && !memcmp(text, "Booting", 7);
    rig_close(&r);
    return talks;
}

static void boot_headers_match_the_reference(void **state)
{
    uint8_t image[256], header[BL602_HEADER];

    (void)state;
    for (unsigned i = 0; i < 256; i++)
        image[i] = (uint8_t)i;
    bl602_header(header, 0x2000, image, 256);
    expect_hex(header, header_2000);
    bl602_header(header, 0x1000, image, 256);
    expect_hex(header, header_1000);
    for (unsigned i = 0; i < 16; i += 2)
        put_le16(image + i, 0xa001);
    bl602_header(header, 0x1000, image, 16);
    expect_hex(header, header_16);
}

static void both_partition_tables_match_the_reference(void **state)
{
    static const struct {
        const char *spec, *table;
        uint32_t size;
    } tables[] = {
        {"bl602,size=1M", table_1m, M},
        {"bl602", table_vendor_2m, 2 * M},
        {"bl602,layout=obk", table_obk_2m, 2 * M},
        {"bl602,size=4M", table_4m, 4 * M},
    };

    (void)state;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        struct rig r;

        rig_open(&r, tables[i].spec);
        assert_int_equal(rig_view(&r).size, tables[i].size);
        expect_hex(rig_view(&r).flash + 0xE000, tables[i].table);
        expect_hex(rig_view(&r).flash + 0xF000, tables[i].table);
        rig_close(&r);
    }
}

static void a_two_megabyte_part_has_280_blank_sectors(void **state)
{
    uint8_t *flash = made(2 * M);
    unsigned blank = 0;

    (void)state;
    for (uint32_t at = 0; at < 2 * M; at += 4096)
        blank += pf_is_blank(flash + at, 4096);
    assert_int_equal(blank, 280);
    free(flash);
}

static void the_same_seed_makes_the_same_flash_and_the_mac_is_not_in_it(void **state)
{
    uint8_t *a = made(2 * M), *b = made(2 * M);

    (void)state;
    assert_memory_equal(a, b, 2 * M);
    assert_int_equal(pf_sim_factory("bl602", 2, mac, b, 2 * M), PF_OK);
    assert_memory_not_equal(a, b, 2 * M);
    for (uint32_t i = 0; i + 6 <= 2 * M; i++)
        assert_true(memcmp(a + i, mac, 6));
    free(a);
    free(b);
}

static void every_size_starts_that_has_room_for_an_application(void **state)
{
    (void)state;
    for (uint32_t size = 64u << 10; size <= 16 * M; size *= 2) {
        uint8_t *flash = made(size);
        bool boot = boots("bl602", flash, size);

        if (boot != (size > 64u << 10))
            fail_msg("0x%x bytes: %d", (unsigned)size, boot);
        free(flash);
    }
}

static void its_device_tree_and_settings_are_well_formed(void **state)
{
    uint8_t *flash = made(2 * M), *tree = flash + 0x1F8000, *kv = flash + 0x1E9000 + 0x14;
    uint32_t names, len;

    (void)state;
    assert_int_equal(get_be32(tree), 0xD00DFEED);
    names = get_be32(tree + 12);
    assert_int_equal(names, get_be32(tree + 8) + get_be32(tree + 36));
    assert_int_equal(get_be32(tree + 4), names + get_be32(tree + 32));
    assert_int_equal(get_be32(tree + names - 4), 9);
    assert_int_equal(tree[names + get_be32(tree + 32) - 1], 0);
    assert_int_equal(tree[get_be32(tree + 4)], 0xFF);

    assert_memory_equal(flash + 0x1E9008, "EF40", 4);
    assert_memory_equal(kv + 8, "KV40", 4);
    len = 8 + kv[20] + get_le32(kv + 24);
    assert_int_equal(get_le32(kv + 12), 20 + len);
    assert_int_equal(get_le32(kv + 16), pf_crc32(0, kv + 20, len));
    free(flash);
}

static void damaged_code_or_headers_keep_it_silent(void **state)
{
    static const uint32_t at[] = {0x0, 0x80, 0x2100, 0x10000, 0x100A0, 0x11234};

    (void)state;
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        uint8_t *flash = made(2 * M);

        flash[at[i]] ^= 1;
        if (boots("bl602", flash, 2 * M))
            fail_msg("it starts with a damaged byte at 0x%x", (unsigned)at[i]);
        free(flash);
    }
}

static void one_valid_partition_table_is_enough(void **state)
{
    static const struct {
        const char *spec;
        bool boots;
    } runs[] = {
        {"bl602,table=both", true},
        {"bl602,table=newer", true},
        {"bl602,table=first", true},
        {"bl602,table=second", true},
        {"bl602,table=none", true},
        {"bl602,table=none,notable=stop", false},
        {"bl602,table=first,notable=stop", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        uint8_t text[7];
        struct rig r;

        rig_open(&r, runs[i].spec);
        bl_reset_to_flash(&r);
        assert_int_equal(rig_read(&r, text, 7, 3000) == 7, runs[i].boots);
        rig_close(&r);
    }
}

static void the_older_table_decides_nothing(void **state)
{
    uint8_t *flash = made(2 * M);

    (void)state;
    memset(flash + 0xF000, 0xFF, 0x1000);
    rig_hex(table_flipped, flash + 0xF000, 0x1000); /* age 1: slot 1, which is empty */
    assert_false(boots("bl602", flash, 2 * M));
    memcpy(flash + 0x112000, flash + 0x10000, 0x80000);
    assert_false(boots("bl602", flash, 2 * M)); /* the image does not end there */
    memcpy(flash + 0x112000, flash + 0x10000, 0xA0000);
    assert_true(boots("bl602", flash, 2 * M));
    free(flash);
}

static void damaged_tables_are_told_apart(void **state)
{
    struct rig r;
    const uint8_t *t;

    (void)state;
    rig_open(&r, "bl602,table=newer");
    t = rig_view(&r).flash;
    assert_int_equal(get_le32(t + 0xE008), 0);
    assert_int_equal(get_le32(t + 0xF008), 1);
    rig_close(&r);

    rig_open(&r, "bl602,table=second");
    t = rig_view(&r).flash + 0xE000;
    assert_int_not_equal(get_le32(t + 268), pf_crc32(0, t + 16, 252));
    t += 0x1000;
    assert_int_equal(get_le32(t + 268), pf_crc32(0, t + 16, 252));
    rig_close(&r);

    rig_open(&r, "bl602,table=none");
    assert_true(pf_is_blank(rig_view(&r).flash + 0xE000, 0x2000));
    rig_close(&r);
}

static void keys_are_checked(void **state)
{
    static const char *const bad[] = {
        "bl602,strap=up", "bl602,loader=2.0", "bl602,train=0",    "bl602,xtal=25",
        "bl602,table=3",  "bl602,sign=2",     "bl602,fifo=9999",  "bl602,idle=x",
        "bl602,sha=",     "bl602,window=100", "bl602,start=stub", "bl602,rommax=1",
    };
    struct pf_ctx ctx = {0};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct pf_transport *t = NULL;

        if (pf_sim_open(&ctx, bad[i], &t) != PF_ERR_USAGE)
            fail_msg("%s was taken", bad[i]);
        assert_null(t);
    }
    assert_non_null(strstr(pf_sim_help(), "bl602: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boot_headers_match_the_reference),
        cmocka_unit_test(both_partition_tables_match_the_reference),
        cmocka_unit_test(a_two_megabyte_part_has_280_blank_sectors),
        cmocka_unit_test(the_same_seed_makes_the_same_flash_and_the_mac_is_not_in_it),
        cmocka_unit_test(every_size_starts_that_has_room_for_an_application),
        cmocka_unit_test(its_device_tree_and_settings_are_well_formed),
        cmocka_unit_test(damaged_code_or_headers_keep_it_silent),
        cmocka_unit_test(one_valid_partition_table_is_enough),
        cmocka_unit_test(the_older_table_decides_nothing),
        cmocka_unit_test(damaged_tables_are_told_apart),
        cmocka_unit_test(keys_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
