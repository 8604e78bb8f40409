/* Partition tables of reference 12.5, chip table and loader files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bl602/bl602_chips.h"
#include "bl602/bl602_stub.h"
#include "bl602/bl602_table.h"
#include "bl602/mini_chip.h"
#include "bl602/vectors.h"
#include "core/bytes.h"
#include "core/checksum.h"

static struct bl602_layout *layout_of(const char *hex, uint32_t size)
{
    struct bl602_layout *l = malloc(sizeof *l);
    uint8_t bytes[BL602_TABLE_MAX];
    struct bl602_table t;

    assert_non_null(l);
    assert_true(bl602_table_decode(bytes, vector_bytes(hex, bytes, sizeof bytes), &t));
    bl602_layout_make(&t, size, l);
    return l;
}

static const struct pf_region *region(const struct bl602_layout *l, const char *name)
{
    for (const struct pf_region *r = l->region; r->name; r++)
        if (strcmp(r->name, name) == 0)
            return r;
    return NULL;
}

static void expect_region(const struct bl602_layout *l, const char *name, uint32_t addr,
                          uint32_t len, unsigned flags)
{
    const struct pf_region *r = region(l, name);

    if (!r)
        print_error("no region %s\n", name);
    assert_non_null(r);
    assert_int_equal(r->addr, addr);
    assert_int_equal(r->len, len);
    assert_int_equal(r->flags, flags);
}

static void expect_sound(const struct bl602_layout *l, uint32_t size)
{
    uint32_t end = 0;

    for (const struct pf_region *r = l->region; r->name; r++) {
        assert_true(r->title && r->len && r->addr >= end && r->addr < size);
        assert_int_equal(r->addr % PF_SECTOR, 0);
        assert_int_equal(r->len % PF_SECTOR, 0);
        assert_true(r->len <= size - r->addr);
        end = r->addr + r->len;
    }
}

static void the_layout_of_openbeken_becomes_regions(void **state)
{
    struct bl602_layout *l = layout_of(vector_obk_2m, 0x200000);

    (void)state;
    expect_sound(l, 0x200000);
    expect_region(l, "boot2", 0, 0xe000, PF_REGION_GUARD);
    expect_region(l, "tables", 0xe000, 0x2000, PF_REGION_GUARD);
    expect_region(l, "FW", 0x10000, 0x102000, 0);
    expect_region(l, "FW_ota", 0x112000, 0x90000, 0);
    expect_region(l, "media", 0x1a2000, 0x47000, 0);
    expect_region(l, "PSM", 0x1e9000, 0x13000, 0);
    expect_region(l, "factory", 0x1fc000, 0x4000, PF_REGION_GUARD);
    free(l);
}

static void the_layout_of_the_vendor_becomes_regions(void **state)
{
    struct bl602_layout *l = layout_of(vector_vendor_2m, 0x200000);

    (void)state;
    expect_sound(l, 0x200000);
    expect_region(l, "FW", 0x10000, 0xc8000, 0);
    expect_region(l, "FW_ota", 0xd8000, 0x88000, 0);
    expect_region(l, "mfg", 0x160000, 0x32000, 0);
    expect_region(l, "PSM", 0x1e9000, 0x8000, 0);
    expect_region(l, "KEY", 0x1f1000, 0x2000, PF_REGION_GUARD);
    expect_region(l, "DATA", 0x1f3000, 0x5000, 0);
    expect_region(l, "factory", 0x1f8000, 0x7000, PF_REGION_GUARD);
    free(l);
}

static void after_an_update_the_other_slot_is_the_firmware(void **state)
{
    struct bl602_layout *l = layout_of(vector_obk_2m_flipped, 0x200000);

    (void)state;
    expect_region(l, "FW", 0x112000, 0x90000, 0);
    expect_region(l, "FW_ota", 0x10000, 0x102000, 0);
    assert_non_null(strstr(region(l, "FW")->title, "slot 1, active"));
    free(l);
}

static void every_known_table_is_read(void **state)
{
    struct bl602_layout *l = layout_of(vector_obk_1m, 0x100000);

    (void)state;
    expect_sound(l, 0x100000);
    expect_region(l, "factory", 0xfc000, 0x4000, PF_REGION_GUARD);
    free(l);
    l = layout_of(vector_obk_4m, 0x400000);
    expect_sound(l, 0x400000);
    expect_region(l, "media", 0x200000, 0x200000, 0);
    free(l);
    l = layout_of(vector_obk_4m, 0x100000); /* cut by a smaller flash */
    expect_sound(l, 0x100000);
    assert_null(region(l, "factory"));
    free(l);
}

/* A table with `count` entries of `name`, 36 bytes each, made by the test. */
static size_t make_table(uint8_t *out, size_t count, const char *name, uint32_t addr, uint32_t max)
{
    memset(out, 0, BL602_TABLE_MAX);
    memcpy(out, "BFPT", 4);
    put_le16(out + 6, (uint16_t)count);
    put_le32(out + 12, pf_crc32(0, out, 12));
    for (size_t i = 0; i < count; i++) {
        uint8_t *e = out + 16 + 36 * i;

        memcpy(e + 3, name, strlen(name));
        e[3 + strlen(name) - 1] = (uint8_t)('a' + i);
        put_le32(e + 12, addr + (uint32_t)i * 0x1000);
        put_le32(e + 20, max);
    }
    put_le32(out + 16 + 36 * count, pf_crc32(0, out + 16, 36 * count));
    return 20 + 36 * count;
}

static void hostile_tables_make_sound_regions(void **state)
{
    static const uint32_t odd[] = {0, 0x800, 0xe000, 0x10000, 0x1ff000, 0xfffff000, 0xffffffff};
    struct bl602_layout *l = malloc(sizeof *l);
    uint8_t bytes[BL602_TABLE_MAX];
    struct bl602_table t;

    (void)state;
    for (size_t a = 0; a < sizeof odd / sizeof odd[0]; a++)
        for (size_t m = 0; m < sizeof odd / sizeof odd[0]; m++) {
            size_t n = make_table(bytes, 16, "12345678", odd[a], odd[m]);

            assert_true(bl602_table_decode(bytes, n, &t));
            bl602_layout_make(&t, 0x200000, l);
            expect_sound(l, 0x200000);
            expect_region(l, "boot2", 0, 0xe000, PF_REGION_GUARD);
            expect_region(l, "tables", 0xe000, 0x2000, PF_REGION_GUARD);
        }
    free(l);
}

static void a_guarded_partition_wins_where_two_overlap(void **state)
{
    struct bl602_layout *l = malloc(sizeof *l);
    struct bl602_table t = {.count = 2};

    (void)state;
    strcpy(t.entry[0].name, "KEY");
    t.entry[0].addr[0] = 0x20000;
    t.entry[0].max[0] = 0x40000;
    strcpy(t.entry[1].name, "PSM");
    t.entry[1].addr[0] = 0x30000;
    t.entry[1].max[0] = 0x50000;
    bl602_layout_make(&t, 0x200000, l);
    expect_sound(l, 0x200000);
    expect_region(l, "KEY", 0x20000, 0x40000, PF_REGION_GUARD);
    expect_region(l, "PSM", 0x60000, 0x20000, 0);
    free(l);
}

static void a_damaged_table_is_no_table(void **state)
{
    uint8_t bytes[BL602_TABLE_MAX];
    size_t n = vector_bytes(vector_obk_2m, bytes, sizeof bytes);
    struct bl602_table t;

    (void)state;
    for (size_t i = 0; i < n; i++) {
        bytes[i] ^= 0x04;
        assert_false(bl602_table_decode(bytes, n, &t));
        bytes[i] ^= 0x04;
    }
    for (size_t i = 0; i < n; i++)
        assert_false(bl602_table_decode(bytes, i, &t));
    assert_true(bl602_table_decode(bytes, n, &t));
    make_table(bytes, 0, "x", 0, 0);
    put_le16(bytes + 6, 17);
    put_le32(bytes + 12, pf_crc32(0, bytes, 12));
    assert_false(bl602_table_decode(bytes, sizeof bytes, &t));
}

/* chip table ------------------------------------------------------------------- */

static void boot2_tables_and_parameters_are_guarded_without_a_table(void **state)
{
    static const char *const guarded[] = {"boot2", "tables", "KEY", "factory"};

    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pf_region_by_name(&bl602_chip, guarded[i])->flags, PF_REGION_GUARD);
    /* wherever a known layout keeps its parameters */
    for (uint32_t at = 0x1f8000; at < 0x200000; at += PF_SECTOR)
        assert_true(pf_region_at(&bl602_chip, at)->flags & PF_REGION_GUARD);
    assert_ptr_equal(pf_chip_by_name("bl602"), &bl602_chip);
}

/* loader files ------------------------------------------------------------------ */

static enum pf_err open_stub(const uint8_t *file, size_t len, struct bl602_stub *s, char *text)
{
    struct pf_ctx ctx = {0};
    enum pf_err err = bl602_stub_open(&ctx, file, len, s);

    memcpy(text, ctx.text, PF_TEXT_MAX);
    return err;
}

static void a_loader_gets_a_real_hash_and_loses_its_clock_block(void **state)
{
    uint8_t file[MINI_STUB + 7], hash[32];
    char text[PF_TEXT_MAX];
    struct bl602_stub s;

    (void)state;
    mini_stub(file);
    memset(file + MINI_STUB, 0xff, 7); /* what follows is not sent */
    assert_int_equal(open_stub(file, sizeof file, &s, text), PF_OK);
    assert_int_equal(s.len, MINI_STUB);
    assert_int_equal(s.segments, 1);
    assert_memory_equal(s.data + 100, "\0\0\0\0", 4);
    pf_sha256(file + 176, MINI_STUB - 176, hash);
    assert_memory_equal(s.data + 132, hash, 32);
    assert_int_equal(get_le32(s.data + 172), pf_crc32(0, s.data, 172));
    assert_memory_equal(s.data + 176, file + 176, MINI_STUB - 176);
    bl602_stub_close(&s);
}

static void expect_bad_stub(const uint8_t *file, size_t len, enum pf_err err, const char *word)
{
    char text[PF_TEXT_MAX];
    struct bl602_stub s;

    assert_int_equal(open_stub(file, len, &s, text), err);
    if (!strstr(text, word))
        print_error("\"%s\" is not in \"%s\"\n", word, text);
    assert_non_null(strstr(text, word));
}

static void files_that_are_no_loaders_are_refused_by_name(void **state)
{
    uint8_t file[MINI_STUB], app[256];

    (void)state;
    mini_stub(file);
    expect_bad_stub((const uint8_t *)"MZ", 2, PF_ERR_CHIP, "BFNP");
    expect_bad_stub(file, 100, PF_ERR_FILE, "cut");
    expect_bad_stub(file, MINI_STUB - 1, PF_ERR_FILE, "cut");
    file[200] ^= 1;
    expect_bad_stub(file, MINI_STUB, PF_ERR_FILE, "CRC of the segment data");
    file[200] ^= 1;
    file[180] ^= 1;
    expect_bad_stub(file, MINI_STUB, PF_ERR_FILE, "CRC of the segment header");
    /* the header of an application: length where segments are counted */
    vector_bytes(vector_app_header, app, sizeof app);
    expect_bad_stub(app, sizeof app, PF_ERR_CHIP, "boots from flash");
    mini_stub(file);
    file[116] = 1; /* signed */
    expect_bad_stub(file, MINI_STUB, PF_ERR_CHIP, "signed");
    mini_stub(file);
    put_le32(file + 176, 0x23000000);
    put_le32(file + 188, pf_crc32(0, file + 176, 12));
    expect_bad_stub(file, MINI_STUB, PF_ERR_CHIP, "23000000");
    put_le32(file + 176, 0x22043000); /* where the ROM works */
    put_le32(file + 188, pf_crc32(0, file + 176, 12));
    expect_bad_stub(file, MINI_STUB, PF_ERR_CHIP, "22043000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_layout_of_openbeken_becomes_regions),
        cmocka_unit_test(the_layout_of_the_vendor_becomes_regions),
        cmocka_unit_test(after_an_update_the_other_slot_is_the_firmware),
        cmocka_unit_test(every_known_table_is_read),
        cmocka_unit_test(hostile_tables_make_sound_regions),
        cmocka_unit_test(a_guarded_partition_wins_where_two_overlap),
        cmocka_unit_test(a_damaged_table_is_no_table),
        cmocka_unit_test(boot2_tables_and_parameters_are_guarded_without_a_table),
        cmocka_unit_test(a_loader_gets_a_real_hash_and_loses_its_clock_block),
        cmocka_unit_test(files_that_are_no_loaders_are_refused_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
