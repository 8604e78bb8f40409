/* ecr6600_work_test.c - read, erase, write and hash of the stub models: what
 * happens in flash, how long it takes, and the traps (reference ecr6600, 2.3
 * and 9). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "sim/ecr_rig.h"

#define SIZE 0x200000u

static const char *const models[] = {"custom", "1.3.11", "1.3.4", "1.4.0"};

static void open_stub(struct rig *r, const char *model, const char *more)
{
    char spec[200];

    snprintf(spec, sizeof spec, "ecr6600,start=stub,lat=0,stub=%s%s", model, more);
    rig_open(r, spec);
}

static uint8_t *pattern(uint32_t len, unsigned salt)
{
    uint8_t *p = malloc(len);

    assert_non_null(p);
    for (uint32_t i = 0; i < len; i++)
        p[i] = (uint8_t)(i * 7 + i / 251 + salt);
    return p;
}

static void whole_sessions_work_with_each_stub(void **state)
{
    uint8_t *data = pattern(0x11000, 3), *have = malloc(0x8000), *before = malloc(SIZE);

    (void)state;
    assert_non_null(have);
    assert_non_null(before);
    for (size_t m = 0; m < 4; m++) {
        uint32_t chunk = m == 1 ? 0x2000 : 0x8000;
        struct rig r;
        char spec[64];

        snprintf(spec, sizeof spec, "ecr6600,stub=%s", models[m]);
        ecr_open(&r, spec);
        ecr_baud(&r, 2000000);
        memcpy(before, rig_view(&r).flash, SIZE);
        for (uint32_t at = 0; at < SIZE; at += chunk) {
            assert_true(ecr_read(&r, at, chunk, have));
            assert_memory_equal(have, before + at, chunk);
        }
        ecr_send2(&r, 0x04, 0x9000, 0x3000);
        assert_int_equal(ecr_status(&r, 0x04), 0);
        memset(before + 0x9000, 0xff, 0x3000);
        assert_int_equal(ecr_write(&r, 0x4F000, data, 0x11000), 0);
        memcpy(before + 0x4F000, data, 0x11000);
        assert_memory_equal(rig_view(&r).flash, before, SIZE);
        assert_int_equal(rig_view(&r).violations, 0);
        assert_int_equal(rig_view(&r).erases, 3 + 17);
        if (m != 3) {
            uint8_t want[32], hash[32];

            pf_sha256(before, SIZE, want);
            assert_true(ecr_sha(&r, 0, SIZE, hash));
            assert_memory_equal(hash, want, 32);
            assert_int_equal(rig_view(&r).digest_bytes, SIZE);
        }
        rig_close(&r);
    }
    free(data);
    free(have);
    free(before);
}

/* Milliseconds until the answer to the two-number command came. */
static uint64_t took(struct rig *r, uint8_t type, uint32_t addr, uint32_t len)
{
    uint64_t start = pf_now(r->t);

    ecr_send2(r, type, addr, len);
    assert_int_equal(ecr_status(r, type), 0);
    return (pf_now(r->t) - start) / 1000;
}

static void erases_take_the_time_of_their_units(void **state)
{
    struct rig r;

    (void)state;
    open_stub(&r, "custom", "");
    assert_in_range(took(&r, 0x04, 0x10000, 0x20000), 32 * 45, 32 * 45 + 3); /* by 4 KiB */
    assert_int_equal(rig_view(&r).ops, 32);
    rig_close(&r);
    open_stub(&r, "custom", "");
    assert_in_range(took(&r, 0x02, 0x10000, 0xF000), 15 * 45, 15 * 45 + 3);
    rig_close(&r);
    open_stub(&r, "custom", ""); /* 4 K, 32 K, 64 K, 32 K, 4 K */
    assert_in_range(took(&r, 0x02, 0x17000, 0x1A000), 45 + 120 + 150 + 45, 45 + 120 + 150 + 45 + 3);
    assert_int_equal(rig_view(&r).erases, 0x1A);
    assert_int_equal(rig_view(&r).touched_lo, 0x17000);
    assert_int_equal(rig_view(&r).touched_hi, 0x30FFF);
    rig_close(&r);
    open_stub(&r, "custom", "");
    rig_send(&r, "A5 05 00 00 AA");
    pf_sleep(r.t, 4790000);
    rig_silent(&r, 1);
    rig_expect(&r, "5A 05 00 00 00 5F");
    assert_true(pf_is_blank(rig_view(&r).flash, SIZE));
    rig_close(&r);
}

static void unaligned_erase_says_ok_and_does_nothing(void **state)
{
    struct rig r;

    (void)state;
    open_stub(&r, "1.3.11", "");
    assert_true(took(&r, 0x04, 0x7100, 0x2000) < 5);
    assert_true(took(&r, 0x02, 0x7100, 0x100) < 5);
    assert_int_equal(rig_view(&r).ops, 0);
    rig_close(&r);
}

static void uneven_erase_takes_the_whole_last_sector(void **state)
{
    struct rig r;

    (void)state;
    open_stub(&r, "1.3.4", "");
    took(&r, 0x04, 0x9000, 0x1001);
    assert_int_equal(rig_view(&r).erases, 2);
    assert_int_equal(rig_view(&r).touched_hi, 0xAFFF);
    rig_close(&r);
}

static void bad_data_are_programmed_before_they_are_refused(void **state)
{
    uint8_t good[16], page[16];
    struct rig r;

    (void)state;
    memset(good, 0xF0, sizeof good);
    open_stub(&r, "1.3.11", "");
    ecr_send2(&r, 0x02, 0x9000, 32);
    assert_int_equal(ecr_status(&r, 0x02), 0);
    /* 16 bytes, the first damaged: 00 instead of F0 */
    rig_talk(&r, "A5 02 11 00 00 00 F0 F0 F0 F0 F0 F0 F0 F0 F0 F0 F0 F0 F0 F0 F0 B8",
             "5A 02 00 00 05 61");
    assert_int_equal(rig_view(&r).flash[0x9000], 0x00);
    assert_int_equal(rig_view(&r).flash[0x9001], 0xF0);
    /* the repeat is accepted, but NOR cannot set bits */
    ecr_data(&r, 0x02, 1, good, sizeof good);
    assert_int_equal(ecr_status(&r, 0x02), 0);
    assert_int_equal(rig_view(&r).flash[0x9000], 0x00);
    assert_int_equal(rig_view(&r).violations, 1);
    ecr_data(&r, 0x02, 0, good, sizeof good);
    assert_int_equal(ecr_status(&r, 0x02), 0);
    assert_true(ecr_read(&r, 0x9010, 16, page)); /* out of the loop, at the right place */
    assert_memory_equal(page, good, 16);
    /* a fresh 02 erases and repairs */
    assert_int_equal(ecr_write(&r, 0x9000, good, sizeof good), 0);
    assert_true(ecr_read(&r, 0x9000, 16, page));
    assert_memory_equal(page, good, 16);
    rig_close(&r);
}

static void only_flag_1_repeats(void **state)
{
    uint8_t a[8], b[8];
    struct rig r;

    (void)state;
    memset(a, 0x11, sizeof a);
    memset(b, 0x22, sizeof b);
    open_stub(&r, "custom", "");
    ecr_send2(&r, 0x02, 0x9000, 16);
    assert_int_equal(ecr_status(&r, 0x02), 0);
    ecr_data(&r, 0x02, 0, a, 8);
    assert_int_equal(ecr_status(&r, 0x02), 0);
    ecr_data(&r, 0x02, 0x10, b, 8);
    assert_int_equal(ecr_status(&r, 0x02), 0);
    assert_memory_equal(rig_view(&r).flash + 0x9000, a, 8);
    assert_memory_equal(rig_view(&r).flash + 0x9008, b, 8);
    rig_talk(&r, "A5 90 00 00 35", "5A 90 04 00 C8 40 15 00 00 0B");
    rig_close(&r);
}

static void overshooting_never_ends(void **state)
{
    uint8_t *data = pattern(4096, 0);
    struct rig r;

    (void)state;
    open_stub(&r, "custom", "");
    ecr_send2(&r, 0x02, 0x9000, 1000);
    assert_int_equal(ecr_status(&r, 0x02), 0);
    ecr_data(&r, 0x02, 0, data, 1001);
    assert_int_equal(ecr_status(&r, 0x02), 0);
    for (int i = 0; i < 5; i++) {
        ecr_data(&r, 0x02, 0, data, 1);
        assert_int_equal(ecr_status(&r, 0x02), 0);
    }
    rig_talk(&r, "A5 90 00 00 35", "5A FF 00 00 03 5C"); /* still waiting for data */
    rig_close(&r);
    free(data);
}

static void an_aborted_write_is_finished_with_blank_filler(void **state)
{
    uint8_t *data = pattern(4096, 0), *blank = malloc(4096);
    struct rig r;

    (void)state;
    assert_non_null(blank);
    memset(blank, 0xff, 4096);
    open_stub(&r, "1.3.4", "");
    ecr_send2(&r, 0x02, 0x9000, 0x3000);
    assert_int_equal(ecr_status(&r, 0x02), 0);
    ecr_data(&r, 0x02, 0, data, 4096);
    assert_int_equal(ecr_status(&r, 0x02), 0);
    for (int i = 0; i < 2; i++) {
        ecr_data(&r, 0x02, 0, blank, 4096);
        assert_int_equal(ecr_status(&r, 0x02), 0);
    }
    rig_talk(&r, "A5 00 04 00 63 6E 79 73 66", "5A 00 00 00 00 5A");
    assert_int_equal(rig_view(&r).violations, 0);
    rig_close(&r);
    free(data);
    free(blank);
}

static void frames_of_another_type_may_be_taken_as_data(void **state)
{
    struct rig r;

    (void)state;
    open_stub(&r, "1.3.4", ",wtype=any");
    ecr_send2(&r, 0x02, 0x9000, 3);
    assert_int_equal(ecr_status(&r, 0x02), 0);
    rig_talk(&r, "A5 00 04 00 63 6E 79 73 66", "5A 02 00 00 00 5C");
    assert_memory_equal(rig_view(&r).flash + 0x9000, "nys", 3);
    rig_close(&r);
}

static void fifo_is_cleared_behind_a_data_acknowledge(void **state)
{
    uint8_t data[8] = {0};
    struct rig r;

    (void)state;
    open_stub(&r, "custom", "");
    ecr_send2(&r, 0x02, 0x9000, 8);
    assert_int_equal(ecr_status(&r, 0x02), 0);
    ecr_data(&r, 0x02, 0, data, 8);
    rig_send(&r, "A5 90 00 00 35"); /* too early */
    assert_int_equal(ecr_status(&r, 0x02), 0);
    rig_silent(&r, 100);
    rig_talk(&r, "A5 90 00 00 35", "5A 90 04 00 C8 40 15 00 00 0B");
    rig_close(&r);
}

static void programming_takes_half_a_millisecond_a_page(void **state)
{
    uint8_t *data = pattern(4096, 0);
    uint64_t start;
    struct rig r;

    (void)state;
    open_stub(&r, "custom", "");
    ecr_baud(&r, 2000000);
    ecr_send2(&r, 0x02, 0x9000, 4096);
    assert_int_equal(ecr_status(&r, 0x02), 0);
    start = pf_now(r.t);
    ecr_data(&r, 0x02, 0, data, 4096);
    assert_int_equal(ecr_status(&r, 0x02), 0);
    /* 4102 + 6 bytes of 5 us, 16 pages */
    assert_in_range(pf_now(r.t) - start, 20540 + 8000, 20540 + 8100);
    assert_int_equal(rig_view(&r).programs, 16);
    rig_close(&r);
    free(data);
}

static void ram_download_is_acknowledged_and_leaves_flash_alone(void **state)
{
    uint8_t data[64] = {0};
    struct rig r;

    (void)state;
    open_stub(&r, "1.3.11", "");
    ecr_send2(&r, 0x01, 0xAFFFF, 2);
    assert_int_equal(ecr_status(&r, 0x01), 2);
    ecr_send2(&r, 0x01, 0x80000, 64);
    assert_int_equal(ecr_status(&r, 0x01), 0);
    ecr_data(&r, 0x01, 0, data, 64);
    assert_int_equal(ecr_status(&r, 0x01), 0);
    assert_int_equal(rig_view(&r).ops, 0);
    rig_talk(&r, "A5 00 04 00 63 6E 79 73 66", "5A 00 00 00 00 5A");
    rig_close(&r);
}

/* ---- reference 9 ----------------------------------------------------------- */

static void long_reads_overwrite_the_size_in_1_3_11(void **state)
{
    uint8_t *have = malloc(0x8000), *flash = malloc(SIZE);
    struct rig r;

    (void)state;
    assert_non_null(have);
    assert_non_null(flash);
    memset(flash, 0xff, SIZE);
    memset(flash + 0x100000, 0, 0x10000);
    rig_open_flash(&r, "ecr6600,start=stub,stub=1.3.11", flash, SIZE);
    for (int i = 0; i < 3; i++)
        assert_true(ecr_read(&r, 0, 0x2400, have)); /* this long is fine */
    rig_talk(&r, "A5 03 08 00 00 00 20 00 10 00 00 00 E0", "5A 03 00 00 02 5F");
    assert_true(ecr_read(&r, 0, 0x8000, have)); /* the answer itself is right */
    assert_true(pf_is_blank(have, 0x8000));
    assert_true(ecr_read(&r, 0x200000, 16, have)); /* but now everything is in range */
    assert_true(ecr_read(&r, 0x100000, 0x8000, have));
    rig_talk(&r, "A5 03 08 00 00 00 00 00 10 00 00 00 C0", "5A 03 00 00 02 5F"); /* or nothing */
    rig_close(&r);
    free(have);
    free(flash);
}

static void other_stubs_stand_64_kib_with_their_16_bit_length_and_sum(void **state)
{
    static const uint32_t lens[] = {0xFFFA, 0xFFFB, 0xFFFC, 0x10000};
    uint8_t *f = malloc(0x10006);

    (void)state;
    assert_non_null(f);
    for (size_t m = 0; m < 4; m++) {
        if (m == 1)
            continue;
        for (size_t k = 0; k < 4; k++) {
            uint32_t n = lens[k], summed = (n + 5) & 0xffff;
            uint8_t sum = 0;
            struct rig r;

            open_stub(&r, models[m], "");
            ecr_baud(&r, 2000000);
            ecr_send2(&r, 0x03, 0x7000, n);
            assert_int_equal(rig_read(&r, f, n + 6, 10000), n + 6);
            rig_silent(&r, 5);
            assert_int_equal(get_le16(f + 2), n & 0xffff);
            assert_memory_equal(f + 4, rig_view(&r).flash + 0x7000, n);
            assert_int_equal(f[4 + n], 0);
            for (uint32_t i = 0; i < summed; i++)
                sum = (uint8_t)(sum + f[i]);
            assert_int_equal(f[5 + n], sum);
            rig_talk(&r, "A5 03 08 00 00 00 20 00 10 00 00 00 E0", "5A 03 00 00 02 5F");
            rig_close(&r);
        }
    }
    free(f);
}

static void a_long_read_is_a_row_of_frames_of_64_kib(void **state)
{
    uint8_t *f = malloc(0x10006), *g = malloc(0x8006);
    struct rig r;

    (void)state;
    assert_non_null(f);
    assert_non_null(g);
    open_stub(&r, "1.4.0", "");
    ecr_baud(&r, 2000000);
    ecr_send2(&r, 0x03, 0, 0x28000);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(rig_read(&r, f, 0x10006, 10000), 0x10006);
        assert_memory_equal(f, "\x5A\x03\x00\x00", 4);
        assert_memory_equal(f + 4, rig_view(&r).flash + i * 0x10000, 0x10000);
    }
    assert_int_equal(rig_read(&r, g, 0x8006, 10000), 0x8006);
    assert_memory_equal(g, "\x5A\x03\x00\x80", 4);
    rig_silent(&r, 10);
    rig_close(&r);
    free(f);
    free(g);
}

static void odd_hashes_of_1_3_11_look_like_success(void **state)
{
    uint8_t hash[32], old[32];
    struct rig r;

    (void)state;
    open_stub(&r, "1.3.11", "");
    assert_true(ecr_sha(&r, 0, 0x1000, old));
    assert_true(ecr_sha(&r, 0, 0x1001, hash));
    assert_memory_equal(hash, "\xEE\xEE\xEE\xEE", 4);
    assert_memory_equal(hash + 4, old + 4, 28);
    assert_true(ecr_sha(&r, 2, 0x1000, hash));
    assert_memory_equal(hash, "\xFF\xFF\xFF\xFF", 4);
    rig_close(&r);
    open_stub(&r, "custom", "");
    assert_true(ecr_sha(&r, 3, 0x1001, hash));
    pf_sha256(rig_view(&r).flash + 3, 0x1001, old);
    assert_memory_equal(hash, old, 32);
    rig_close(&r);
}

static void hash_of_1_3_4_may_be_stale_after_a_write(void **state)
{
    uint8_t *data = pattern(4096, 9), before[32], after[32], want[32];
    struct rig r;

    (void)state;
    for (int stale = 0; stale < 2; stale++) {
        open_stub(&r, "1.3.4", stale ? ",cache=stale" : "");
        assert_true(ecr_sha(&r, 0x9000, 0x1000, before));
        assert_int_equal(ecr_write(&r, 0x9000, data, 4096), 0);
        pf_sha256(rig_view(&r).flash + 0x9000, 0x1000, want);
        assert_true(ecr_sha(&r, 0x9000, 0x1000, after));
        assert_memory_equal(after, stale ? before : want, 32);
        rig_close(&r);
    }
    free(data);
}

static void hashing_takes_its_time(void **state)
{
    uint64_t start;
    uint8_t hash[32];
    struct rig r;

    (void)state;
    open_stub(&r, "custom", ",sha=1M");
    start = pf_now(r.t);
    assert_true(ecr_sha(&r, 0, SIZE, hash));
    assert_in_range(pf_now(r.t) - start, 2000000, 2010000);
    rig_close(&r);
}

/* ---- faults ---------------------------------------------------------------- */

static void power_may_go_between_any_two_operations(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 6; at++) {
        char more[64];
        struct rig r;
        uint8_t f[6];

        snprintf(more, sizeof more, ",power=wired,fault=powercut@%u:100", at);
        open_stub(&r, "custom", more);
        ecr_send2(&r, 0x04, 0x9000, 0x6000);
        assert_int_equal(rig_read(&r, f, 6, 2000), 0);
        for (unsigned i = 0; i < 6; i++)
            assert_int_equal(pf_is_blank(rig_view(&r).flash + 0x9000 + 0x1000 * i, 0x1000), i < at);
        assert_true(rig_view(&r).fault_fired);
        assert_int_equal(rig_view(&r).ops, at + 1);
        rig_close(&r);
    }
}

static void refused_operations_carry_the_planned_status(void **state)
{
    struct rig r;
    uint8_t *data = pattern(4096, 0);

    (void)state;
    open_stub(&r, "custom", ",fault=status@0+status@2:1+wrongcrc@0");
    ecr_send2(&r, 0x04, 0x9000, 0x1000);
    assert_int_equal(ecr_status(&r, 0x04), 1);
    assert_int_equal(rig_view(&r).ops, 0);
    ecr_send2(&r, 0x02, 0x9000, 0x1000);
    assert_int_equal(ecr_status(&r, 0x02), 0);
    ecr_data(&r, 0x02, 0, data, 4096);
    assert_int_equal(ecr_status(&r, 0x02), 1);
    assert_true(pf_is_blank(rig_view(&r).flash + 0x9000, 0x1000));
    {
        uint8_t hash[32], want[32];

        assert_true(ecr_sha(&r, 0, 0x1000, hash));
        pf_sha256(rig_view(&r).flash, 0x1000, want);
        assert_memory_not_equal(hash, want, 32);
    }
    rig_close(&r);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_sessions_work_with_each_stub),
        cmocka_unit_test(erases_take_the_time_of_their_units),
        cmocka_unit_test(unaligned_erase_says_ok_and_does_nothing),
        cmocka_unit_test(uneven_erase_takes_the_whole_last_sector),
        cmocka_unit_test(bad_data_are_programmed_before_they_are_refused),
        cmocka_unit_test(only_flag_1_repeats),
        cmocka_unit_test(overshooting_never_ends),
        cmocka_unit_test(an_aborted_write_is_finished_with_blank_filler),
        cmocka_unit_test(frames_of_another_type_may_be_taken_as_data),
        cmocka_unit_test(fifo_is_cleared_behind_a_data_acknowledge),
        cmocka_unit_test(programming_takes_half_a_millisecond_a_page),
        cmocka_unit_test(ram_download_is_acknowledged_and_leaves_flash_alone),
        cmocka_unit_test(long_reads_overwrite_the_size_in_1_3_11),
        cmocka_unit_test(other_stubs_stand_64_kib_with_their_16_bit_length_and_sum),
        cmocka_unit_test(a_long_read_is_a_row_of_frames_of_64_kib),
        cmocka_unit_test(odd_hashes_of_1_3_11_look_like_success),
        cmocka_unit_test(hash_of_1_3_4_may_be_stale_after_a_write),
        cmocka_unit_test(hashing_takes_its_time),
        cmocka_unit_test(power_may_go_between_any_two_operations),
        cmocka_unit_test(refused_operations_carry_the_planned_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
