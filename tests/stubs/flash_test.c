/* The flash chip and the work on it in slices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/job.h"
#include "stubs/fake_hal.h"
#include "stubs/fake_nor.h"

#define SIZE (2u << 20)

struct bench {
    struct stub_hal h;
    struct stub_flash f;
    struct stub_job j;
};

static void bench_open(struct bench *b)
{
    memset(b, 0, sizeof *b);
    fake_init(&b->h);
    stub_flash_init(&b->f, &b->h);
}

static void bench_close(struct bench *b)
{
    assert_int_equal(b->h.nor.violations, 0);
    assert_int_equal(b->h.misuses, 0);
    fake_fini(&b->h);
}

/* Slices until the job is over. Each is short. */
static void bench_work(struct bench *b)
{
    for (unsigned i = 0; i < 10000000; i++) {
        uint64_t begin = b->h.now_ns;

        if (stub_job_step(&b->j, &b->f)) {
            assert_int_equal(b->j.kind, STUB_JOB_NONE);
            return;
        }
        assert_true(b->h.now_ns - begin < 1000000);
        fake_pass(&b->h, 10000);
    }
    fail_msg("the job does not end");
}

static bool bench_holds(const struct bench *b, uint32_t addr, uint32_t len, uint8_t byte)
{
    for (uint32_t i = addr; i < addr + len; i++) {
        if (b->h.nor.cell[i] != byte)
            return false;
    }
    return true;
}

static void the_size_is_that_of_the_capacity_byte(void **state)
{
    static const struct {
        uint8_t capacity;
        uint32_t size;
    } cases[] = {{0x00, 0},        {0x0f, 0}, {0x10, 1u << 16}, {0x11, 1u << 17}, {0x14, 1u << 20},
                 {0x18, 1u << 24}, {0x19, 0}, {0x31, 0},        {0x32, 1u << 18}, {0x35, 1u << 21},
                 {0x38, 1u << 24}, {0x39, 0}, {0x3c, 0},        {0xff, 0}};
    struct bench b;

    (void)state;
    bench_open(&b);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        b.h.nor.jedec[2] = cases[i].capacity;
        stub_flash_init(&b.f, &b.h);
        assert_int_equal(b.f.size, cases[i].size);
        assert_int_equal(b.f.jedec[2], cases[i].capacity);
    }
    bench_close(&b);
}

static void no_flash_is_found_soon(void **state)
{
    struct bench b;
    uint64_t begin;

    (void)state;
    bench_open(&b);
    b.h.nor.size = 0;
    begin = fake_now_us(&b.h);
    stub_flash_init(&b.f, &b.h);
    assert_true(fake_now_us(&b.h) - begin < 2000);
    assert_int_equal(b.f.size, 0);
    assert_false(stub_flash_has(&b.f, 0, 1));
    bench_close(&b);
}

static void a_flash_that_sleeps_is_woken(void **state)
{
    const struct hal_spi sleep = {.opcode = 0xb9};
    struct bench b;

    (void)state;
    bench_open(&b);
    hal_spi(&b.h, &sleep);
    stub_flash_init(&b.f, &b.h);
    assert_int_equal(b.f.size, SIZE);
    bench_close(&b);
}

static void an_erase_of_somebody_else_is_waited_for(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    stub_flash_erase(&b.f, 0, STUB_BLOCK);
    stub_flash_init(&b.f, &b.h);
    assert_int_equal(b.f.size, SIZE);
    assert_false(b.f.busy);
    bench_close(&b); /* it was not reset in the middle */
}

static void a_busy_line_that_never_ends_is_given_up(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    stub_flash_erase(&b.f, 0, STUB_SECTOR);
    b.h.nor.stays_busy = true;
    stub_flash_init(&b.f, &b.h);
    assert_true(fake_now_us(&b.h) < 5000000);
    b.h.nor.violations = 0;
    bench_close(&b);
}

static void a_range_is_inside_or_not(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    assert_true(stub_flash_has(&b.f, 0, SIZE));
    assert_true(stub_flash_has(&b.f, SIZE - 1, 1));
    assert_true(stub_flash_has(&b.f, SIZE, 0));
    assert_false(stub_flash_has(&b.f, 0, SIZE + 1));
    assert_false(stub_flash_has(&b.f, SIZE - 1, 2));
    assert_false(stub_flash_has(&b.f, 0xffffffff, 1));
    assert_false(stub_flash_has(&b.f, 0xfffff000, 0x2000));
    assert_false(stub_flash_has(&b.f, 1, 0xffffffff));
    bench_close(&b);
}

static void an_erase_takes_the_largest_units_that_fit(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    memset(b.h.nor.cell, 0, SIZE);
    stub_job_erase(&b.j, 0x7000, 0x2b000, true); /* 7000 | 8000 | 10000 20000 | 30000 31000 */
    bench_work(&b);
    assert_false(b.j.failed);
    assert_int_equal(b.j.done, 0x2b000);
    assert_int_equal(b.j.begun, 6);
    assert_int_equal(b.h.nor.blocks, 2);
    assert_int_equal(b.h.nor.halves, 1);
    assert_int_equal(b.h.nor.sectors, 3);
    assert_true(bench_holds(&b, 0x7000, 0x2b000, 0xff));
    assert_true(bench_holds(&b, 0, 0x7000, 0));
    assert_true(bench_holds(&b, 0x32000, SIZE - 0x32000, 0));
    bench_close(&b);
}

static void sectors_alone_are_erased_when_units_must_not_mix(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    stub_job_erase(&b.j, 0, 0x10000, false);
    bench_work(&b);
    assert_int_equal(b.h.nor.sectors, 16);
    assert_int_equal(b.h.nor.ops, 16);
    bench_close(&b);
}

static void nothing_to_do_is_done_at_once(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    stub_job_erase(&b.j, 0x1000, 0, true);
    bench_work(&b);
    assert_false(b.j.failed);
    stub_job_program(&b.j, 0x1001, NULL, 0);
    bench_work(&b);
    assert_false(b.j.failed);
    assert_int_equal(b.h.nor.ops, 0);
    bench_close(&b);
}

static void a_program_is_cut_at_pages(void **state)
{
    static uint8_t data[1000];
    struct bench b;

    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7);
    bench_open(&b);
    stub_job_program(&b.j, 0x12f1, data, sizeof data);
    bench_work(&b);
    assert_false(b.j.failed);
    assert_int_equal(b.h.nor.pages, 5);
    assert_int_equal(b.j.done, sizeof data);
    assert_memory_equal(b.h.nor.cell + 0x12f1, data, sizeof data);
    assert_true(bench_holds(&b, 0x12f0, 1, 0xff));
    assert_true(bench_holds(&b, 0x12f1 + sizeof data, 100, 0xff));
    bench_close(&b);
}

static void a_hash_is_that_of_the_contents(void **state)
{
    static const uint8_t of_blank_sector[4] = {0xf4, 0x7a, 0x8e, 0xc3},
                         of_nothing[4] = {0xe3, 0xb0, 0xc4, 0x42};
    struct bench b;

    (void)state;
    bench_open(&b);
    stub_job_hash(&b.j, 0x1000, 0x1000);
    bench_work(&b);
    assert_memory_equal(b.j.hash, of_blank_sector, 4);
    assert_int_equal(b.j.done, 0x1000);
    stub_job_hash(&b.j, 0x1000, 0);
    bench_work(&b);
    assert_memory_equal(b.j.hash, of_nothing, 4);
    bench_close(&b);
}

static void what_the_flash_does_not_take_is_noticed(void **state)
{
    static const uint8_t zeros[600];
    struct bench b;

    (void)state;
    bench_open(&b);
    memset(b.h.nor.cell, 0, SIZE);
    b.h.nor.stuck_addr = 0x23000;
    stub_job_erase(&b.j, 0x10000, 0x40000, true);
    bench_work(&b);
    assert_true(b.j.failed);
    assert_int_equal(b.j.begun, 2); /* the rest was left out */
    memset(b.h.nor.cell, 0xff, SIZE);
    b.h.nor.bad_addr = 299;
    stub_job_program(&b.j, 0, zeros, sizeof zeros);
    bench_work(&b);
    assert_true(b.j.failed);
    assert_int_equal(b.j.done, 256);
    b.h.nor.stuck_addr = SIZE - 1;
    b.h.nor.cell[SIZE - 1] = 0;
    stub_job_erase_chip(&b.j);
    bench_work(&b);
    assert_true(b.j.failed);
    b.h.nor.stuck_addr = UINT32_MAX;
    stub_job_erase_chip(&b.j);
    bench_work(&b);
    assert_false(b.j.failed);
    assert_true(bench_holds(&b, 0, SIZE, 0xff));
    bench_close(&b);
}

static void a_flash_that_stays_busy_is_given_up(void **state)
{
    struct bench b;
    uint64_t begin;

    (void)state;
    bench_open(&b);
    b.h.nor.stays_busy = true;
    b.h.nor.busy_until = 0;
    stub_job_erase(&b.j, 0, 0x10000, true);
    begin = fake_now_us(&b.h);
    bench_work(&b);
    assert_true(b.j.failed);
    assert_true(fake_now_us(&b.h) - begin < 15000000);
    assert_int_equal(b.h.nor.ops, 1);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_size_is_that_of_the_capacity_byte),
        cmocka_unit_test(no_flash_is_found_soon),
        cmocka_unit_test(a_flash_that_sleeps_is_woken),
        cmocka_unit_test(an_erase_of_somebody_else_is_waited_for),
        cmocka_unit_test(a_busy_line_that_never_ends_is_given_up),
        cmocka_unit_test(a_range_is_inside_or_not),
        cmocka_unit_test(an_erase_takes_the_largest_units_that_fit),
        cmocka_unit_test(sectors_alone_are_erased_when_units_must_not_mix),
        cmocka_unit_test(nothing_to_do_is_done_at_once),
        cmocka_unit_test(a_program_is_cut_at_pages),
        cmocka_unit_test(a_hash_is_that_of_the_contents),
        cmocka_unit_test(what_the_flash_does_not_take_is_noticed),
        cmocka_unit_test(a_flash_that_stays_busy_is_given_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
