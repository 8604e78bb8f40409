/* nor_test.c - the rules of NOR flash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "core/checksum.h"
#include "sim/nor.h"

#define SIZE (2u << 20)

static int make(void **state)
{
    static struct nor n;

    *state = &n;
    return nor_init(&n, SIZE, 7);
}

static int unmake(void **state)
{
    nor_fini(*state);
    return 0;
}

static void fill(struct nor *n, uint32_t at, uint32_t len, uint8_t value)
{
    memset(n->cell + at, value, len);
}

static void programming_only_clears_bits_and_counts_the_attempt_to_set(void **state)
{
    static const uint8_t data[4] = {0x0F, 0xF0, 0x00, 0xFF};
    struct nor *n = *state;

    n->cell[0] = 0xFF;
    n->cell[1] = 0x3C;
    n->cell[2] = 0x55;
    n->cell[3] = 0x12;
    assert_int_equal(nor_program(n, 0, data, 4), n->times.page);
    assert_int_equal(n->cell[0], 0x0F);
    assert_int_equal(n->cell[1], 0x30);
    assert_int_equal(n->cell[2], 0x00);
    assert_int_equal(n->cell[3], 0x12);
    assert_int_equal(n->violations, 2); /* bytes 1 and 3 wanted bits back */
}

static void a_page_program_wraps_inside_its_page(void **state)
{
    uint8_t data[32] = {0};
    struct nor *n = *state;

    nor_write_enable(n);
    nor_page_program(n, 0x1F8, data, sizeof data);
    assert_int_equal(n->cell[0x1F7], 0xFF);
    assert_int_equal(n->cell[0x1FF], 0x00);
    assert_int_equal(n->cell[0x100], 0x00);
    assert_int_equal(n->cell[0x117], 0x00);
    assert_int_equal(n->cell[0x118], 0xFF);
    assert_int_equal(n->cell[0x200], 0xFF);
}

static void nothing_happens_without_write_enable(void **state)
{
    static const uint8_t zero[1] = {0};
    struct nor *n = *state;

    assert_int_equal(nor_page_program(n, 0, zero, 1), 0);
    assert_int_equal(nor_write_status(n, 0x01, zero, 1), 0);
    assert_int_equal(n->cell[0], 0xFF);
    assert_int_equal(n->ignored, 1);
    nor_write_enable(n);
    nor_page_program(n, 0, zero, 1);
    assert_int_equal(nor_page_program(n, 1, zero, 1), 0); /* it was consumed */
}

static void erases_the_unit_that_holds_the_address(void **state)
{
    static const uint32_t units[] = {NOR_SECTOR, NOR_HALF, NOR_BLOCK};
    struct nor *n = *state;

    for (size_t i = 0; i < 3; i++) {
        fill(n, 0, SIZE, 0);
        nor_write_enable(n);
        assert_true(nor_erase(n, 0x5A123, units[i]) > 0);
        assert_true(pf_is_blank(n->cell + (0x5A123 & ~(units[i] - 1)), units[i]));
        assert_int_equal(n->cell[(0x5A123 & ~(units[i] - 1)) - 1], 0);
        assert_int_equal(n->cell[(0x5A123 & ~(units[i] - 1)) + units[i]], 0);
    }
    nor_write_enable(n);
    assert_int_equal(nor_erase(n, 0x5A123, SIZE), 32 * n->times.block);
    assert_true(pf_is_blank(n->cell, SIZE));
    assert_int_equal(n->erases, 1 + 8 + 16 + 512);
    assert_int_equal(n->ops, 4);
}

static void addresses_wrap_at_the_size(void **state)
{
    uint8_t page[8];
    struct nor *n = *state;

    fill(n, 0, SIZE, 0);
    nor_write_enable(n);
    nor_erase(n, SIZE + 0x3000, NOR_SECTOR);
    assert_int_equal(n->cell[0x3000], 0xFF);
    n->cell[SIZE - 1] = 0xAA;
    n->cell[0] = 0xBB;
    nor_read(n, SIZE - 1, page, 2);
    assert_int_equal(page[0], 0xAA);
    assert_int_equal(page[1], 0xBB);
    assert_int_equal(
        nor_crc32(n, 0, 3ull * SIZE),
        pf_crc32_join(pf_crc32_join(pf_crc32(0, n->cell, SIZE), pf_crc32(0, n->cell, SIZE), SIZE),
                      pf_crc32(0, n->cell, SIZE), SIZE));
}

static void protection_bits_protect_what_the_data_sheet_says(void **state)
{
    static const struct {
        uint16_t sr;
        uint32_t lo, len;
    } rows[] = {
        {0x0000, 0, 0},
        {0x0004, 0x1F0000, 0x10000},  /* top 64K */
        {0x0008, 0x1E0000, 0x20000},  /* top 128K */
        {0x0014, 0x100000, 0x100000}, /* top half */
        {0x0018, 0x000000, 0x200000}, /* all */
        {0x0024, 0x000000, 0x10000},  /* bottom 64K */
        {0x0034, 0x000000, 0x100000}, /* bottom half */
        {0x0044, 0x1FF000, 0x1000},   /* top sector */
        {0x004C, 0x1FC000, 0x4000},   /* top 16K */
        {0x0050, 0x1F8000, 0x8000},   /* top 32K */
        {0x0064, 0x000000, 0x1000},   /* bottom sector */
        {0x007C, 0x000000, 0x200000}, /* all */
        {0x4000, 0x000000, 0x200000}, /* complement of none */
        {0x4004, 0x000000, 0x1F0000}, /* all but the top 64K */
        {0x4024, 0x010000, 0x1F0000}, /* all but the bottom 64K */
        {0x407C, 0, 0},               /* complement of all */
    };
    struct nor *n = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t lo = 0, len = 0;
        bool any;

        n->sr[0] = (uint8_t)rows[i].sr;
        n->sr[1] = (uint8_t)(rows[i].sr >> 8);
        any = nor_protected_span(n, &lo, &len);
        if (any != (rows[i].len != 0) || (any && (lo != rows[i].lo || len != rows[i].len)))
            fail_msg("SR %04x protects 0x%x+0x%x", rows[i].sr, lo, len);
    }
}

static void protected_cells_ignore_erase_and_program(void **state)
{
    static const uint8_t zero[1] = {0};
    struct nor *n = *state;

    fill(n, 0x1F0000, 4096, 0x11);
    n->sr[0] = 0x04;
    nor_write_enable(n);
    assert_int_equal(nor_erase(n, 0x1F0000, NOR_SECTOR), 0);
    assert_int_equal(n->cell[0x1F0000], 0x11);
    nor_write_enable(n);
    assert_true(nor_erase(n, 0x1E0000, NOR_SECTOR) > 0);
    nor_write_enable(n);
    assert_int_equal(nor_page_program(n, 0x1FFFFF, zero, 1), 0);
    nor_write_enable(n);
    assert_int_equal(nor_erase(n, 0, SIZE), 0); /* chip erase with anything protected */
    assert_int_equal(n->ignored, 3);
    assert_int_equal(n->ops, 1);
}

static void status_registers_follow_the_parts_rules(void **state)
{
    static const uint8_t both[2] = {0x7C, 0x40}, zero[1] = {0};
    struct nor *n = *state;

    nor_write_enable(n);
    nor_write_status(n, 0x01, both, 2);
    assert_int_equal(nor_status(n), 0x407C);
    nor_write_enable(n);
    nor_write_status(n, 0x01, zero, 1);
    assert_int_equal(nor_status(n), 0x4000); /* SR2 is kept */
    assert_int_equal(nor_read_status(n, 0x35), 0x40);
    assert_int_equal(nor_read_status(n, 0x15), 0xFF); /* there is no SR3 */

    n->sr1_clears_sr2 = true;
    nor_write_enable(n);
    nor_write_status(n, 0x01, zero, 1);
    assert_int_equal(nor_status(n), 0x0000);

    n->sr2_only_by_31 = true;
    nor_write_enable(n);
    nor_write_status(n, 0x01, both, 2);
    assert_int_equal(nor_status(n), 0x007C);
    nor_write_enable(n);
    nor_write_status(n, 0x31, both + 1, 1);
    assert_int_equal(nor_status(n), 0x407C);
}

static void remembers_what_was_touched(void **state)
{
    static const uint8_t zero[1] = {0};
    struct nor *n = *state;

    assert_true(n->touched_lo > n->touched_hi);
    nor_program(n, 0x12345, zero, 1);
    assert_int_equal(n->touched_lo, 0x12300);
    assert_int_equal(n->touched_hi, 0x123ff);
    nor_write_enable(n);
    nor_erase(n, 0x40000, NOR_BLOCK);
    assert_int_equal(n->touched_hi, 0x4ffff);
    assert_int_equal(n->touched[0x12], 1);
    assert_int_equal(n->touched[0x13], 0);
    assert_int_equal(n->touched[0x4f], 1);
    assert_int_equal(n->touched[0x50], 0);
}

static enum nor_fault cut_everything(void *user, enum nor_op op, uint64_t nth, uint64_t nth_op)
{
    (void)user;
    (void)nth;
    (void)nth_op;
    return op == NOR_OP_READ ? NOR_FINE : NOR_CUT;
}

static void power_cut_in_an_erase_leaves_garbage_that_only_gained_bits(void **state)
{
    struct nor *n = *state;
    unsigned blank = 0, old = 0;

    fill(n, 0x3000, 4096, 0x42);
    n->fault = cut_everything;
    nor_write_enable(n);
    nor_erase(n, 0x3000, NOR_SECTOR);
    for (unsigned i = 0; i < 4096; i++) {
        assert_int_equal(n->cell[0x3000 + i] & 0x42, 0x42);
        blank += n->cell[0x3000 + i] == 0xff;
        old += n->cell[0x3000 + i] == 0x42;
    }
    assert_true(blank < 4096 && old < 4096);
    assert_int_equal(n->cell[0x2fff], 0xff);
    assert_int_equal(n->cell[0x4000], 0xff);
    nor_write_enable(n); /* the chip is off */
    assert_int_equal(nor_erase(n, 0x3000, NOR_SECTOR), 0);
    nor_power_on(n);
    n->fault = NULL;
    nor_write_enable(n);
    assert_true(nor_erase(n, 0x3000, NOR_SECTOR) > 0);
}

static void power_cut_in_a_program_clears_some_of_the_bits(void **state)
{
    uint8_t zero[256] = {0};
    struct nor *n = *state;
    unsigned done = 0;

    n->fault = cut_everything;
    nor_program(n, 0x3000, zero, sizeof zero);
    for (unsigned i = 0; i < 256; i++)
        done += n->cell[0x3000 + i] == 0;
    assert_true(done < 256);
    assert_false(pf_is_blank(n->cell + 0x3000, 256));
}

static void power_that_goes_after_an_operation_harms_nothing(void **state)
{
    uint8_t zero[256] = {0};
    struct nor *n = *state;

    nor_program(n, 0x3000, zero, sizeof zero);
    nor_power_off(n, false);
    assert_memory_equal(n->cell + 0x3000, zero, 256);
    nor_power_on(n);
    nor_program(n, 0x3100, zero, sizeof zero);
    nor_power_off(n, true);
    assert_memory_not_equal(n->cell + 0x3100, zero, 256);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(programming_only_clears_bits_and_counts_the_attempt_to_set),
        T(a_page_program_wraps_inside_its_page),
        T(nothing_happens_without_write_enable),
        T(erases_the_unit_that_holds_the_address),
        T(addresses_wrap_at_the_size),
        T(protection_bits_protect_what_the_data_sheet_says),
        T(protected_cells_ignore_erase_and_program),
        T(status_registers_follow_the_parts_rules),
        T(remembers_what_was_touched),
        T(power_cut_in_an_erase_leaves_garbage_that_only_gained_bits),
        T(power_cut_in_a_program_clears_some_of_the_bits),
        T(power_that_goes_after_an_operation_harms_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
