/* nor_spi_test.c - the flash as a program on the chip sees it: opcodes and BUSY. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "sim/nor_spi.h"

#define SIZE (256u << 10)
#define WIP  0x01
#define WEL  0x02

/* A chip and its clock: `busy` is what nor_spi() said last. */
struct bench {
    struct nor n;
    struct nor_spi spi;
    uint64_t busy;
};

static int make(void **state)
{
    static struct bench b;

    memset(&b, 0, sizeof b);
    *state = &b;
    if (nor_init(&b.n, SIZE, 7))
        return -1;
    memcpy(b.n.jedec, "\xC8\x40\x12", 3);
    return 0;
}

static int unmake(void **state)
{
    nor_fini(&((struct bench *)*state)->n);
    return 0;
}

static void frame(struct bench *b, const struct nor_spi_frame *f)
{
    uint64_t time = nor_spi(&b->spi, &b->n, b->busy != 0, f);

    if (time)
        b->busy = time;
}

static void over(struct bench *b)
{
    b->busy = 0;
}

static void bare(struct bench *b, uint8_t opcode)
{
    frame(b, &(struct nor_spi_frame){.opcode = opcode});
}

static void at(struct bench *b, uint8_t opcode, uint32_t addr)
{
    frame(b, &(struct nor_spi_frame){.opcode = opcode, .has_addr = true, .addr = addr});
}

static void program(struct bench *b, uint32_t addr, const uint8_t *data, size_t len)
{
    frame(b, &(struct nor_spi_frame){
                 .opcode = 0x02, .has_addr = true, .addr = addr, .out = data, .out_len = len});
}

static uint8_t status(struct bench *b, uint8_t opcode)
{
    uint8_t value = 0xA5;

    frame(b, &(struct nor_spi_frame){.opcode = opcode, .in = &value, .in_len = 1});
    return value;
}

static uint8_t byte_at(struct bench *b, uint32_t addr)
{
    uint8_t value = 0xA5;

    frame(b, &(struct nor_spi_frame){
                 .opcode = 0x03, .has_addr = true, .addr = addr, .in = &value, .in_len = 1});
    return value;
}

static unsigned zeros(const struct bench *b, uint32_t from, uint32_t len)
{
    unsigned n = 0;

    for (uint32_t i = 0; i < len; i++)
        n += b->n.cell[from + i] == 0;
    return n;
}

/* ---- tests ---------------------------------------------------------------- */

static void tells_its_id_over_and_over(void **state)
{
    struct bench *b = *state;
    uint8_t id[5];

    frame(b, &(struct nor_spi_frame){.opcode = 0x9F, .in = id, .in_len = sizeof id});
    assert_memory_equal(id, "\xC8\x40\x12\xC8\x40", 5);
}

static void the_fast_read_has_a_dummy_byte_and_the_slow_one_has_none(void **state)
{
    struct bench *b = *state;
    uint8_t in[5];

    memcpy(b->n.cell + 0x1000, "flash", 5);
    frame(b, &(struct nor_spi_frame){
                 .opcode = 0x03, .has_addr = true, .addr = 0x1000, .in = in, .in_len = 5});
    assert_memory_equal(in, "flash", 5);
    frame(b, &(struct nor_spi_frame){
                 .opcode = 0x0B, .has_addr = true, .addr = 0x1000, .in = in, .in_len = 5});
    assert_memory_equal(in + 1, "flas", 4);
}

static void write_enable_is_seen_in_the_status_and_used_up(void **state)
{
    struct bench *b = *state;

    assert_int_equal(status(b, 0x05), 0);
    bare(b, 0x06);
    assert_int_equal(status(b, 0x05), WEL);
    bare(b, 0x04);
    assert_int_equal(status(b, 0x05), 0);
    bare(b, 0x06);
    at(b, 0x20, 0);
    assert_int_equal(status(b, 0x05), WIP | WEL); /* WEL falls with WIP */
    over(b);
    assert_int_equal(status(b, 0x05), 0);
}

static void without_write_enable_nothing_is_erased_or_programmed(void **state)
{
    struct bench *b = *state;

    memset(b->n.cell, 0x5A, SIZE);
    at(b, 0x20, 0);
    at(b, 0xD8, 0);
    program(b, 0x300, (const uint8_t *)"\0\0", 2);
    bare(b, 0xC7);
    assert_int_equal(b->busy, 0);
    assert_int_equal(b->n.ops, 0);
    for (uint32_t i = 0; i < SIZE; i++)
        assert_int_equal(b->n.cell[i], 0x5A);
}

static void each_erase_opcode_has_its_unit_and_its_time(void **state)
{
    static const struct {
        uint8_t opcode;
        uint32_t unit;
        uint64_t ms;
    } cases[] = {{0x20, 4096, 45}, {0x52, 32768, 120}, {0xD8, 65536, 150}};
    struct bench *b = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memset(b->n.cell, 0, SIZE);
        bare(b, 0x06);
        at(b, cases[i].opcode, 0x1A345);
        assert_int_equal(b->busy, cases[i].ms * 1000000);
        assert_int_equal(zeros(b, 0, SIZE), SIZE - cases[i].unit);
        assert_int_equal(b->n.cell[0x1A345], 0xFF);
        over(b);
    }
    bare(b, 0x06);
    bare(b, 0x60);
    assert_int_equal(zeros(b, 0, SIZE), 0);
    assert_int_equal(b->busy, 600000000);
}

static void an_erase_without_address_is_none(void **state)
{
    struct bench *b = *state;

    memset(b->n.cell, 0, SIZE);
    bare(b, 0x06);
    bare(b, 0x20);
    at(b, 0xC7, 0);
    assert_int_equal(b->busy, 0);
    assert_int_equal(zeros(b, 0, SIZE), SIZE);
}

static void a_page_program_wraps_in_its_page_and_only_clears_bits(void **state)
{
    struct bench *b = *state;
    uint8_t data[256];

    memset(data, 0x0F, sizeof data);
    b->n.cell[0x1F0] = 0xF0;
    bare(b, 0x06);
    program(b, 0x1F0, data, 32);
    assert_int_equal(b->busy, 500000);
    assert_int_equal(b->n.cell[0x1F0], 0x00);
    assert_int_equal(b->n.cell[0x1FF], 0x0F);
    assert_int_equal(b->n.cell[0x10F], 0x0F);
    assert_int_equal(b->n.cell[0x110], 0xFF);
    assert_int_equal(b->n.cell[0x200], 0xFF);
    assert_int_equal(b->n.violations, 1);
}

static void while_busy_it_answers_its_status_only(void **state)
{
    struct bench *b = *state;
    uint8_t id[3];

    memset(b->n.cell, 0x5A, SIZE);
    b->n.sr[1] = 0x02;
    bare(b, 0x06);
    at(b, 0x20, 0x1000);
    assert_int_equal(status(b, 0x35), 0x02);
    assert_int_equal(status(b, 0x05), WIP | WEL);
    assert_int_equal(b->n.violations, 0);

    assert_int_equal(byte_at(b, 0x3000), 0xFF);
    frame(b, &(struct nor_spi_frame){.opcode = 0x9F, .in = id, .in_len = 3});
    assert_memory_equal(id, "\xFF\xFF\xFF", 3);
    bare(b, 0x06);
    at(b, 0x20, 0x2000);
    program(b, 0x3000, (const uint8_t *)"\0", 1);
    assert_int_equal(b->n.ops, 1);
    assert_int_equal(b->n.violations, 5); /* read, id, enable, erase, program */

    over(b);
    assert_int_equal(byte_at(b, 0x3000), 0x5A);
    assert_int_equal(byte_at(b, 0x2000), 0x5A);
    assert_int_equal(status(b, 0x05), 0); /* the write enable was lost too */
}

static void a_reset_needs_its_enable_right_before(void **state)
{
    struct bench *b = *state;

    bare(b, 0x06);
    bare(b, 0x99);
    assert_int_equal(status(b, 0x05), WEL);
    bare(b, 0x66);
    status(b, 0x05);
    bare(b, 0x99);
    assert_int_equal(status(b, 0x05), WEL);
    bare(b, 0x66);
    bare(b, 0x99);
    assert_int_equal(b->busy, NOR_SPI_RESET_NS);
    over(b);
    assert_int_equal(status(b, 0x05), 0);
}

static void a_reset_in_the_middle_of_an_erase_leaves_it_half_done(void **state)
{
    struct bench *b = *state;
    unsigned blank = 0;

    memset(b->n.cell, 0, SIZE);
    bare(b, 0x06);
    at(b, 0x20, 0x1000);
    bare(b, 0x66);
    bare(b, 0x99);
    over(b);
    for (uint32_t i = 0x1000; i < 0x2000; i++)
        blank += b->n.cell[i] == 0xFF;
    assert_in_range(blank, 1, 4000);
    assert_int_equal(zeros(b, 0, 0x1000), 0x1000);
    assert_int_equal(b->n.violations, 0);
}

static void asleep_it_only_wakes(void **state)
{
    struct bench *b = *state;
    uint8_t in[4];

    b->n.cell[0] = 0x5A;
    bare(b, 0xB9);
    assert_int_equal(byte_at(b, 0), 0xFF);
    assert_int_equal(status(b, 0x05), 0xFF);
    frame(b, &(struct nor_spi_frame){.opcode = 0xAB, .in = in, .in_len = 4});
    assert_int_equal(in[3], 0x11);
    assert_int_equal(byte_at(b, 0), 0x5A);
}

static void without_a_chip_the_line_reads_ff(void **state)
{
    struct bench *b = *state;

    memset(b->n.jedec, 0xFF, 3);
    memset(b->n.cell, 0, SIZE);
    assert_int_equal(byte_at(b, 0), 0xFF);
    assert_int_equal(status(b, 0x05), 0xFF);
    bare(b, 0x06);
    at(b, 0x20, 0);
    assert_int_equal(zeros(b, 0, SIZE), SIZE);
}

static void status_registers_are_written_by_01_31_and_11(void **state)
{
    struct bench *b = *state;
    static const uint8_t value[2] = {0x1F, 0x02};

    frame(b, &(struct nor_spi_frame){.opcode = 0x01, .out = value, .out_len = 2});
    assert_int_equal(b->busy, 0); /* no write enable */
    bare(b, 0x06);
    frame(b, &(struct nor_spi_frame){.opcode = 0x01, .out = value, .out_len = 2});
    assert_int_equal(b->busy, 5000000);
    over(b);
    assert_int_equal(status(b, 0x05), 0x1C); /* WIP and WEL are not written */
    assert_int_equal(status(b, 0x35), 0x02);
    bare(b, 0x06);
    frame(b, &(struct nor_spi_frame){.opcode = 0x31, .out = value, .out_len = 1});
    over(b);
    assert_int_equal(status(b, 0x35), 0x1F);
    assert_int_equal(status(b, 0x15), 0xFF); /* a part with two of them */
}

/* Half an erase is at stake only while it runs: a status write behind it is not it. */
static void a_cut_during_a_status_write_spoils_no_cell(void **state)
{
    struct bench *b = *state;
    static const uint8_t value[1] = {0};

    memset(b->n.cell, 0, SIZE);
    bare(b, 0x06);
    at(b, 0x20, 0);
    over(b);
    bare(b, 0x06);
    frame(b, &(struct nor_spi_frame){.opcode = 0x01, .out = value, .out_len = 1});
    nor_power_off(&b->n, true);
    assert_int_equal(zeros(b, 0, 0x1000), 0);
    for (uint32_t i = 0; i < 0x1000; i++)
        assert_int_equal(b->n.cell[i], 0xFF);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)
        TEST(tells_its_id_over_and_over),
        TEST(the_fast_read_has_a_dummy_byte_and_the_slow_one_has_none),
        TEST(write_enable_is_seen_in_the_status_and_used_up),
        TEST(without_write_enable_nothing_is_erased_or_programmed),
        TEST(each_erase_opcode_has_its_unit_and_its_time),
        TEST(an_erase_without_address_is_none),
        TEST(a_page_program_wraps_in_its_page_and_only_clears_bits),
        TEST(while_busy_it_answers_its_status_only),
        TEST(a_reset_needs_its_enable_right_before),
        TEST(a_reset_in_the_middle_of_an_erase_leaves_it_half_done),
        TEST(asleep_it_only_wakes),
        TEST(without_a_chip_the_line_reads_ff),
        TEST(status_registers_are_written_by_01_31_and_11),
        TEST(a_cut_during_a_status_write_spoils_no_cell),
#undef TEST
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
