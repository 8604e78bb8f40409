/* frame_test.c - frames of the stream language, against the worked ones of
 * stubs/README.md and against damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "common/frame.h"
#include "stubs/fake_hal.h"
#include "stubs/stream_rig.h"
#include "stubs/worked.h"

static struct stub_hal hal;
static struct stub_receiver rx;

static int make(void **state)
{
    (void)state;
    fake_init(&hal);
    memset(&rx, 0, sizeof rx);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    fake_fini(&hal);
    return 0;
}

/* All frames in `data`, fed in parts of `part` bytes; their numbers. */
static size_t numbers(const uint8_t *data, size_t len, size_t part, uint16_t *seq, size_t cap)
{
    size_t n = 0;

    for (size_t at = 0; at < len;) {
        size_t end = len - at < part ? len : at + part;
        struct stub_frame f;
        bool got;

        do {
            at += stub_receive(&rx, &hal, data + at, end - at, &f, &got);
            assert_true(at <= end);
            if (got && n < cap)
                seq[n++] = f.seq;
        } while (got);
        assert_int_equal(at, end);
    }
    return n;
}

static size_t numbers_in_silence(uint16_t *seq, size_t cap)
{
    size_t n = 0;

    for (unsigned i = 0; i < 2 * STUB_FRAME_SIZE && stub_receive_open(&rx); i++) {
        stub_receive_skip(&rx, &hal);
        n += numbers((const uint8_t *)"", 0, 1, seq + n, cap - n);
        for (bool got = true; got;) {
            struct stub_frame f;

            stub_receive(&rx, &hal, NULL, 0, &f, &got);
            if (got && n < cap)
                seq[n++] = f.seq;
        }
    }
    assert_false(stub_receive_open(&rx));
    return n;
}

static void every_worked_frame_is_received_and_made_again(void **state)
{
    static struct worked w[64];
    size_t n = worked_load(w, 64);

    (void)state;
    assert_int_equal(n, 33);
    for (size_t i = 0; i < n; i++) {
        uint8_t buf[STUB_FRAME_SIZE];
        struct stub_frame f;
        bool got;

        assert_int_equal(stub_receive(&rx, &hal, w[i].bytes, w[i].len, &f, &got), w[i].len);
        assert_true(got);
        assert_int_equal(f.len + 12u, w[i].len);
        memcpy(buf + STUB_FRAME_HEAD, f.payload, f.len);
        assert_int_equal(stub_frame_seal(&hal, buf, f.type, f.seq, f.len), w[i].len);
        assert_memory_equal(buf, w[i].bytes, w[i].len);
    }
}

static void frames_are_found_however_the_bytes_are_cut(void **state)
{
    static uint8_t wire[3 * STUB_FRAME_SIZE], payload[STUB_FRAME_MAX];
    uint16_t seq[8];
    size_t len = 0;

    (void)state;
    memset(payload, 0xb5, sizeof payload);
    wire[len++] = 0xb5;
    len += rig_seal(wire + len, 1, 7, NULL, 0);
    len += rig_seal(wire + len, 4, 8, payload, sizeof payload);
    wire[len++] = 0x00;
    wire[len++] = 0xb5;
    len += rig_seal(wire + len, 1, 9, payload, 5);
    for (size_t part = 1; part < 300; part += part < 20 ? 1 : 31) {
        memset(&rx, 0, sizeof rx);
        assert_int_equal(numbers(wire, len, part, seq, 8), 3);
        assert_int_equal(seq[0], 7);
        assert_int_equal(seq[1], 8);
        assert_int_equal(seq[2], 9);
    }
}

static void a_damaged_byte_anywhere_costs_that_frame_only(void **state)
{
    uint8_t good[64], wire[192];
    static const uint8_t payload[20] = {0xb5, 1, 2, 0xb5};
    size_t n = rig_seal(good, 4, 2, payload, sizeof payload);
    uint16_t seq[8];

    (void)state;
    for (size_t at = 0; at < n; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            size_t len = rig_seal(wire, 1, 1, NULL, 0), got;

            memcpy(wire + len, good, n);
            wire[len + at] ^= (uint8_t)(1u << bit);
            len += n;
            len += rig_seal(wire + len, 1, 3, NULL, 0);
            memset(&rx, 0, sizeof rx);
            got = numbers(wire, len, 17, seq, 8);
            got += numbers_in_silence(seq + got, 8 - got);
            assert_int_equal(got, 2);
            assert_int_equal(seq[0], 1);
            assert_int_equal(seq[1], 3);
        }
    }
}

static void a_frame_inside_one_that_stopped_is_found_in_silence(void **state)
{
    uint8_t wire[128];
    static const uint8_t payload[100];
    uint16_t seq[4];
    size_t len;

    (void)state;
    rig_seal(wire, 4, 1, payload, sizeof payload);
    len = 20; /* of it; then the wire was cut for a moment */
    len += rig_seal(wire + len, 1, 2, NULL, 0);
    assert_int_equal(numbers(wire, len, 128, seq, 4), 0);
    assert_true(stub_receive_open(&rx));
    assert_int_equal(numbers_in_silence(seq, 4), 1);
    assert_int_equal(seq[0], 2);
    assert_true(rx.damaged);
    assert_int_equal(rx.damaged_seq, 1);
}

static void a_length_beyond_4096_is_no_header(void **state)
{
    uint8_t wire[64] = {0xb5, 4, 1, 0, 0x01, 0x10};
    uint16_t seq[4];

    (void)state;
    stub_put16(wire + 6, stub_crc32(&hal, 0, wire, 6));
    rig_seal(wire + 8, 1, 5, NULL, 0);
    assert_int_equal(numbers(wire, 20, 20, seq, 4), 1);
    assert_int_equal(seq[0], 5);
}

static void a_flood_of_frame_beginnings_is_gone_through_at_once(void **state)
{
    static uint8_t flood[65536];
    uint16_t seq[4];
    size_t len;
    uint64_t before;

    (void)state;
    memset(flood, 0xb5, sizeof flood);
    before = hal.now_ns;
    assert_int_equal(numbers(flood, sizeof flood, 256, seq, 4), 0);
    assert_true(hal.now_ns - before < sizeof flood * 5000ull); /* the wire at 2 Mbaud */
    len = rig_seal(flood, 1, 6, NULL, 0);
    len = numbers(flood, len, 64, seq, 4);
    assert_int_equal(len, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_worked_frame_is_received_and_made_again, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(frames_are_found_however_the_bytes_are_cut, make, unmake),
        cmocka_unit_test_setup_teardown(a_damaged_byte_anywhere_costs_that_frame_only, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(a_frame_inside_one_that_stopped_is_found_in_silence, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(a_length_beyond_4096_is_no_header, make, unmake),
        cmocka_unit_test_setup_teardown(a_flood_of_frame_beginnings_is_gone_through_at_once, make,
                                        unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
