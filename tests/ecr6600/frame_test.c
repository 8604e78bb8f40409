/* Frames: the vectors of the reference, and everything a line can do to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ecr6600/ecr6600_frame.h"

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

static void expect_request(struct ecr6600_request rq, const uint8_t *want, size_t len)
{
    uint8_t out[ECR6600_TX_MAX];

    assert_int_equal(ecr6600_encode(out, sizeof out, &rq), len);
    assert_memory_equal(out, want, len);
    assert_int_equal(ecr6600_encode(out, len - 1, &rq), 0); /* no room */
}

static void requests_are_those_of_the_reference(void **state)
{
    const uint8_t data[] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88};

    (void)state;
    expect_request(ecr6600_req_sync(), BYTES(0xa5, 0, 4, 0, 0x63, 0x6e, 0x79, 0x73, 0x66));
    expect_request(ecr6600_req_baud(115200), BYTES(0xa5, 7, 4, 0, 0, 0xc2, 1, 0, 0x73));
    expect_request(ecr6600_req_baud(921600), BYTES(0xa5, 7, 4, 0, 0, 0x10, 0x0e, 0, 0xce));
    expect_request(ecr6600_req_baud(2000000), BYTES(0xa5, 7, 4, 0, 0x80, 0x84, 0x1e, 0, 0xd2));
    expect_request(ecr6600_req_flash_id(), BYTES(0xa5, 0x90, 0, 0, 0x35));
    expect_request(ecr6600_req_read(0, 16), BYTES(0xa5, 3, 8, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0xc0));
    expect_request(ecr6600_req_read(0x1fe000, 0x1000),
                   BYTES(0xa5, 3, 8, 0, 0, 0xe0, 0x1f, 0, 0, 0x10, 0, 0, 0xbf));
    expect_request(ecr6600_req_write(0x1b9000, 8),
                   BYTES(0xa5, 2, 8, 0, 0, 0x90, 0x1b, 0, 8, 0, 0, 0, 0x62));
    expect_request(ecr6600_req_data(0, data, sizeof data),
                   BYTES(0xa5, 2, 9, 0, 0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x14));
    expect_request(ecr6600_req_erase(0x1b9000, 0x1c000),
                   BYTES(0xa5, 4, 8, 0, 0, 0x90, 0x1b, 0, 0, 0xc0, 1, 0, 0x1d));
    expect_request(ecr6600_req_erase(0x1000, 0x1000),
                   BYTES(0xa5, 4, 8, 0, 0, 0x10, 0, 0, 0, 0x10, 0, 0, 0xd1));
    expect_request(ecr6600_req_run(), BYTES(0xa5, 6, 0, 0, 0xab));
    expect_request(ecr6600_req_efuse(0x20, 4), BYTES(0xa5, 8, 6, 0, 0, 0, 0x20, 0, 4, 0, 0xd7));
    expect_request(ecr6600_req_efuse_all(), BYTES(0xa5, 0x99, 0, 0, 0x3e));
    expect_request(ecr6600_req_sha256(0, 0x200000),
                   BYTES(0xa5, 9, 8, 0, 0, 0, 0, 0, 0, 0, 0x20, 0, 0xd6));
    expect_request(ecr6600_req_hole(), BYTES(0xa5, 0x0a, 0, 0, 0xaf));
    expect_request(ecr6600_req_which(), BYTES(0xa5, 2, 8, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                              0xff, 0xa8)); /* as data: flag 00, seven FF */
}

static void the_download_header_is_that_of_the_reference(void **state)
{
    uint8_t out[ECR6600_GROUP];

    (void)state;
    assert_int_equal(ecr6600_encode_header(out, 26096), 12);
    assert_memory_equal(out, "\1\0\0\0\0\0\1\0\xf0\x65\0\0", 12);
    assert_int_equal(ecr6600_encode_header(out, 17308), 12);
    assert_memory_equal(out, "\1\0\0\0\0\0\1\0\x9c\x43\0\0", 12);
    assert_int_equal(ecr6600_encode_header(out, 0), 0);
    assert_int_equal(ecr6600_encode_header(out, 0x10000), 0); /* could look like a header inside */
    assert_int_equal(ecr6600_encode_header(out, 0x20000), 0);
    assert_int_equal(ecr6600_encode_header(out, 0x30001), 0);
    assert_int_equal(ecr6600_encode_header(out, 0x2fffc), 12);
}

static void a_read_never_asks_for_what_a_length_field_cannot_hold(void **state)
{
    uint8_t out[ECR6600_TX_MAX];
    struct ecr6600_request rq = ecr6600_req_read(0, 0x10000);

    (void)state;
    assert_int_equal(ecr6600_encode(out, sizeof out, &rq), 0);
    rq = ecr6600_req_read(0, 0x8001);
    assert_int_equal(ecr6600_encode(out, sizeof out, &rq), 0);
    rq = ecr6600_req_read(0, 0);
    assert_int_equal(ecr6600_encode(out, sizeof out, &rq), 0);
    rq = ecr6600_req_read(0, 0x8000);
    assert_int_equal(ecr6600_encode(out, sizeof out, &rq), 13);
}

/* What a receiver sees that gets the bytes in pieces of `step`, then silence. */
static struct ecr6600_reply receive(const uint8_t *in, size_t len, size_t step,
                                    const struct ecr6600_request *want)
{
    struct ecr6600_reply r = {.what = ECR6600_MORE};
    size_t from = 0, to = 0;

    for (;;) {
        bool quiet = to == len;

        /* An exact copy lets the sanitizer see one byte too many. */
        uint8_t *copy = malloc(to - from + 1);

        assert_non_null(copy);
        memcpy(copy, in + from, to - from);
        r = ecr6600_decode(copy, to - from, want, false);
        if (r.what == ECR6600_MORE && quiet)
            r = ecr6600_decode(copy, to - from, want, true);
        free(copy);
        assert_true(r.used <= to - from);
        if (r.what == ECR6600_ANSWER)
            return r;
        if (r.what == ECR6600_SKIP) {
            assert_true(r.used > 0);
            from += r.used;
        } else if (quiet) {
            return r;
        } else {
            to = to + step < len ? to + step : len;
        }
    }
}

static void expect_answer(struct ecr6600_request want, const uint8_t *in, size_t len, uint8_t op,
                          uint8_t status, size_t payload)
{
    for (size_t step = 1; step <= len; step++) {
        struct ecr6600_reply r = receive(in, len, step, &want);

        assert_int_equal(r.what, ECR6600_ANSWER);
        assert_int_equal(r.op, op);
        assert_int_equal(r.status, status);
        assert_int_equal(r.len, payload);
        assert_false(r.stray);
    }
}

static void answers_are_understood_however_they_are_cut(void **state)
{
    (void)state;
    expect_answer(ecr6600_req_sync(), BYTES(0x5a, 0, 0, 0, 0, 0x5a), 0, 0, 0);
    expect_answer(ecr6600_req_baud(1), BYTES(0x5a, 7, 0, 0, 0, 0x61), 7, 0, 0);
    expect_answer(ecr6600_req_flash_id(), BYTES(0x5a, 0x90, 4, 0, 0xc8, 0x40, 0x15, 0, 0, 0x0b),
                  0x90, 0, 4);
    expect_answer(ecr6600_req_flash_id(), BYTES(0x5a, 0x90, 4, 0, 0xff, 0xff, 0xff, 0, 0, 0xeb),
                  0x90, 0, 4);
    expect_answer(ecr6600_req_read(0, 16),
                  BYTES(0x5a, 3, 16, 0, 0, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                        0xff, 0, 0xff, 0xff, 0xff, 0, 0x60),
                  3, 0, 16);
    expect_answer(ecr6600_req_erase(0, 4096), BYTES(0x5a, 4, 0, 0, 0, 0x5e), 4, 0, 0);
    expect_answer(ecr6600_req_sha256(0, 4096),
                  BYTES(0x5a, 9, 0x20, 0, 0x6f, 0x8a, 0x26, 0x7e, 0x2b, 0x86, 0x70, 0xf0, 0xad,
                        0x71, 0xb0, 0x62, 0x8f, 0x55, 0x8e, 0xe6, 0x9b, 0x2b, 0x75, 0x71, 0xa8,
                        0x40, 0x4f, 0xa7, 0xf7, 0xfe, 0xb3, 0x33, 0xde, 0xd1, 0x36, 0xae, 0, 0xb1),
                  9, 0, 32);
}

static void the_vendors_efuse_answer_has_no_status(void **state)
{
    (void)state;
    expect_answer(ecr6600_req_efuse(0x20, 4), BYTES(0x5a, 8, 4, 0, 0, 0, 1, 0, 0x67), 8, 0, 4);
}

static void the_custom_stubs_sync_answer_ends_with_a_left_over(void **state)
{
    (void)state;
    expect_answer(ecr6600_req_sync(), BYTES(0x5a, 0, 0, 0, 0, 0), 0, 0, 0);
    expect_answer(ecr6600_req_sync(), BYTES(0x5a, 0, 0, 0, 0, 0xea), 0, 0, 0);
    expect_answer(ecr6600_req_sync(), BYTES(0x5a, 0, 0, 0, 1, 0x5b), 0, 1, 0);
}

static void an_error_answer_has_a_stale_length_and_nothing_behind_it(void **state)
{
    (void)state;
    expect_answer(ecr6600_req_read(0, 4096), BYTES(0x5a, 3, 0, 0, 2, 0x5f), 3, 2, 0);
    expect_answer(ecr6600_req_erase(0, 4096), BYTES(0x5a, 4, 0, 0, 2, 0x60), 4, 2, 0);
    expect_answer(ecr6600_req_flash_id(), BYTES(0x5a, 0xff, 0, 0, 3, 0x5c), 0xff, 3, 0);
    expect_answer(ecr6600_req_flash_id(), BYTES(0x5a, 0xff, 0x80, 0, 3, 0xdc), 0xff, 3, 0);
    expect_answer(ecr6600_req_flash_id(), BYTES(0x5a, 0xff, 0, 0x80, 3, 0xdc), 0xff, 3, 0);
    expect_answer(ecr6600_req_flash_id(), BYTES(0x5a, 0xff, 0xff, 0xff, 3, 0x5a), 0xff, 3, 0);
    /* the stale length is the very one that was asked for */
    expect_answer(ecr6600_req_read(0, 16), BYTES(0x5a, 3, 16, 0, 2, 0x6f), 3, 2, 0);
    /* 1.3.11: sum of the request, not of the answer */
    expect_answer(ecr6600_req_erase(0, 4096), BYTES(0x5a, 4, 16, 0, 5, 0xc1), 4, 5, 0);
    expect_answer(ecr6600_req_erase(0, 4096), BYTES(0x5a, 4, 0, 0, 5, 0xc1), 4, 5, 0);
    expect_answer(ecr6600_req_hole(), BYTES(0x5a, 0x0a, 0, 0, 3, 0x67), 0x0a, 3, 0);
    expect_answer(ecr6600_req_write(0, 4096), BYTES(0x5a, 2, 0, 0, 5, 0x61), 2, 5, 0);
    expect_answer(ecr6600_req_write(0, 4096), BYTES(0x5a, 2, 0, 0, 1, 0x5d), 2, 1, 0);
}

static void noise_before_an_answer_is_passed_over(void **state)
{
    struct ecr6600_request want = ecr6600_req_flash_id();
    static const uint8_t answer[] = {0x5a, 0x90, 4, 0, 0xc8, 0x40, 0x15, 0, 0, 0x0b};
    static const uint8_t *const noise[] = {
        (const uint8_t *)"flash!\r\n",
        (const uint8_t *)"\x5a\x5a\x5a\x5a\x90\x90\x01",
        (const uint8_t *)"\x5a\x90\x04\x01\x5a\x03\x10",
        (const uint8_t *)"\xff\x5a\xff\x03\x03",
    };

    (void)state;
    for (size_t i = 0; i < sizeof noise / sizeof noise[0]; i++) {
        uint8_t in[64];
        size_t n = strlen((const char *)noise[i]);

        memcpy(in, noise[i], n);
        memcpy(in + n, answer, sizeof answer);
        expect_answer(want, in, n + sizeof answer, 0x90, 0, 4);
    }
}

static void a_late_answer_to_something_else_is_named_as_such(void **state)
{
    struct ecr6600_request want = ecr6600_req_read(0, 4096);
    const uint8_t late[] = {0x5a, 3, 4, 0, 1, 2, 3, 4, 0, 0x6b};
    struct ecr6600_reply r = receive(late, sizeof late, 3, &want);

    (void)state;
    assert_int_equal(r.what, ECR6600_ANSWER);
    assert_true(r.stray);
    want = ecr6600_req_erase(0, 4096);
    r = receive(late, sizeof late, 3, &want);
    assert_true(r.what == ECR6600_ANSWER && r.stray);
}

static void a_damaged_answer_is_none(void **state)
{
    const struct ecr6600_request want = ecr6600_req_flash_id();
    const uint8_t good[] = {0x5a, 0x90, 4, 0, 0xc8, 0x40, 0x15, 0, 0, 0x0b};

    (void)state;
    for (size_t bit = 0; bit < 8 * sizeof good; bit++) {
        uint8_t in[sizeof good];
        struct ecr6600_reply r;

        memcpy(in, good, sizeof good);
        in[bit / 8] ^= (uint8_t)(1u << bit % 8);
        r = receive(in, sizeof in, sizeof in, &want);
        assert_false(r.what == ECR6600_ANSWER && !r.stray);
    }
}

static void random_bytes_never_stop_the_decoder_nor_leave_its_input(void **state)
{
    uint32_t seed = 20260101;
    uint8_t in[400];

    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct ecr6600_request want = round % 2 ? ecr6600_req_read(0, 64) : ecr6600_req_sync();
        size_t len = seed % sizeof in;

        for (size_t i = 0; i < len; i++) {
            seed = seed * 1664525u + 1013904223u;
            in[i] = seed >> 28 < 6 ? 0x5a : seed >> 28 < 10 ? 3 : (uint8_t)(seed >> 16);
        }
        (void)receive(in, len, 1 + seed % 7, &want);
        seed = seed * 1664525u + 1013904223u;
    }
}

static void a_filler_never_completes_a_damaged_request_to_a_good_one(void **state)
{
    uint32_t seed = 7;
    uint8_t frame[ECR6600_TX_MAX];

    (void)state;
    for (int round = 0; round < 200; round++) {
        struct ecr6600_request rq;
        uint8_t fill;
        size_t n;

        seed = seed * 1664525u + 1013904223u;
        rq = ecr6600_req_erase(seed & 0x1ff000, (seed >> 3 & 0x1f000) + 0x1000);
        n = ecr6600_encode(frame, sizeof frame, &rq);
        fill = ecr6600_filler(frame, n);
        assert_int_not_equal(fill, 0xa5);
        for (size_t run = 1; run < 8; run++)
            for (size_t from = 4; from + run <= n; from++) { /* A5 and the length are there */
                uint8_t got[13];

                memset(got, 0xff, sizeof got);
                memcpy(got, frame, from);
                memcpy(got + from, frame + from + run, n - from - run);
                got[n - run] = fill;
                assert_int_not_equal(ecr6600_sum8(got, n - 1), got[n - 1]);
            }
    }
}

static void real_rates_are_those_of_the_table(void **state)
{
    static const uint32_t rate[][2] = {
        {57600, 57803},     {76800, 76923},     {115200, 114943},   {230400, 232558},
        {460800, 476190},   {500000, 500000},   {576000, 588235},   {691200, 666667},
        {806400, 800000},   {921600, 909091},   {1000000, 1000000}, {1500000, 1481481},
        {2000000, 2000000}, {2500000, 2500000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rate / sizeof rate[0]; i++)
        assert_int_equal(ecr6600_real_baud(rate[i][0]), rate[i][1]);
    assert_int_equal(ecr6600_real_baud(0), 0);
    assert_int_equal(ecr6600_real_baud(20000000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_those_of_the_reference),
        cmocka_unit_test(the_download_header_is_that_of_the_reference),
        cmocka_unit_test(a_read_never_asks_for_what_a_length_field_cannot_hold),
        cmocka_unit_test(answers_are_understood_however_they_are_cut),
        cmocka_unit_test(the_vendors_efuse_answer_has_no_status),
        cmocka_unit_test(the_custom_stubs_sync_answer_ends_with_a_left_over),
        cmocka_unit_test(an_error_answer_has_a_stale_length_and_nothing_behind_it),
        cmocka_unit_test(noise_before_an_answer_is_passed_over),
        cmocka_unit_test(a_late_answer_to_something_else_is_named_as_such),
        cmocka_unit_test(a_damaged_answer_is_none),
        cmocka_unit_test(random_bytes_never_stop_the_decoder_nor_leave_its_input),
        cmocka_unit_test(a_filler_never_completes_a_damaged_request_to_a_good_one),
        cmocka_unit_test(real_rates_are_those_of_the_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
