/* Frames: vectors of reference 12, and what the decoder makes of noise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bl602/bl602_frame.h"
#include "bl602/mini_chip.h"
#include "core/checksum.h"

static void expect_frame(const struct bl602_request *rq, const char *hex)
{
    uint8_t out[256];
    char got[513] = "";
    size_t n = bl602_encode(out, sizeof out, rq);

    pf_hex(out, n, got);
    assert_string_equal(got, hex);
}
#define EXPECT(call, hex)                                                                          \
    do {                                                                                           \
        struct bl602_request rq_ = (call);                                                         \
        expect_frame(&rq_, (hex));                                                                 \
    } while (0)

static void requests_are_those_of_the_reference(void **state)
{
    static const uint8_t bytes[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

    (void)state;
    EXPECT(bl602_req_boot_info(), "10000000");
    EXPECT(bl602_req_jedec(), "36000000");
    EXPECT(bl602_req_erase(0x10000, 0x10fff), "3018080000000100ff0f0100");
    EXPECT(bl602_req_erase(0, 0x1fffff), "3025080000000000ffff1f00");
    /* the reference has 27 for the sum here, against its own rule */
    EXPECT(bl602_req_erase(0, 0x1ffff), "3007080000000000ffff0100");
    EXPECT(bl602_req_write(0x10000, bytes, 16), "318d140000000100000102030405060708090a0b0c0d0e0f");
    EXPECT(bl602_req_write_check(), "3a000000");
    EXPECT(bl602_req_read(0x10000, 16), "321908000000010010000000");
    EXPECT(bl602_req_read(0, 0x1000), "321808000000000000100000");
    EXPECT(bl602_req_read(0x1ff800, 0x800), "3227080000f81f0000080000");
    EXPECT(bl602_req_sha256(0, 0x200000), "3d2808000000000000002000");
    EXPECT(bl602_req_sha256(0xf0, 300), "3d250800f00000002c010000");
    EXPECT(bl602_req_mac(), "42000000");
    EXPECT(bl602_req_status(5), "370e08000500000001000000");
    EXPECT(bl602_req_reset(), "21000000");
    EXPECT(bl602_req_check_image(), "19000000");
    EXPECT(bl602_req_run_image(), "1a000000");
    EXPECT(bl602_req_mistake(), "32480400"
                                "11111111");
}

static void frames_to_the_rom_carry_no_checksum(void **state)
{
    static const uint8_t head[16] = {0x00, 0x00, 0x01, 0x22, 0x28, 0,    0,    0,
                                     0xf6, 0x51, 0x64, 0x0d, 0x75, 0xa1, 0xd0, 0xa3};
    static const uint8_t data[3] = {1, 2, 3};

    (void)state;
    EXPECT(bl602_req_load_segment(head), "170010000000012228000000f651640d75a1d0a3");
    EXPECT(bl602_req_load_data(data, 3), "18000300010203");
}

static void an_erase_whose_sum_is_not_checked_names_another_byte_of_its_last_sector(void **state)
{
    struct bl602_request rq;
    unsigned moved = 0;

    (void)state;
    for (uint32_t at = 0; at < 0x1000000; at += 0x1000) {
        uint32_t last = at + 0xffff < 0x1000000 ? at + 0xffff : at + 0xfff, end;

        rq = bl602_req_erase(at, last);
        end = (uint32_t)rq.arg[4] | (uint32_t)rq.arg[5] << 8 | (uint32_t)rq.arg[6] << 16 |
              (uint32_t)rq.arg[7] << 24;
        assert_int_not_equal(bl602_checksum(rq.arg, 8, NULL, 0), 0);
        assert_int_equal(end / 4096, last / 4096);
        assert_true(end == last || end == last - 1);
        moved += end != last;
    }
    assert_true(moved > 0);
}

static void frames_too_long_are_not_encoded(void **state)
{
    uint8_t out[BL602_FRAME_MAX];
    uint8_t *data = calloc(1, BL602_DATA_MAX);
    struct bl602_request rq = bl602_req_write(0, data, BL602_DATA_MAX - 4);

    (void)state;
    assert_int_equal(bl602_encode(out, sizeof out, &rq), BL602_FRAME_MAX);
    assert_int_equal(bl602_encode(out, sizeof out - 1, &rq), 0);
    rq.data_len++;
    assert_int_equal(bl602_encode(out, sizeof out, &rq), 0);
    free(data);
}

static void every_kind_of_answer_is_told(void **state)
{
    struct bl602_reply r = bl602_decode((const uint8_t *)"OK", 2, false);

    (void)state;
    assert_int_equal(r.what, BL602_OK);
    assert_int_equal(r.used, 2);
    r = bl602_decode((const uint8_t *)"OK\x04\x00\xef\x40\x15\x80", 8, true);
    assert_int_equal(r.what, BL602_OK);
    assert_int_equal(r.used, 8);
    assert_int_equal(r.len, 4);
    assert_memory_equal(r.data, "\xef\x40\x15\x80", 4);
    r = bl602_decode((const uint8_t *)"FL\x03\x01", 4, true);
    assert_int_equal(r.what, BL602_FAIL);
    assert_int_equal(r.code, BL602_ERR_CHECKSUM);
    r = bl602_decode((const uint8_t *)"PDOK", 4, true);
    assert_int_equal(r.what, BL602_BUSY);
    assert_int_equal(r.used, 2);
}

static void an_answer_may_come_byte_by_byte(void **state)
{
    static const uint8_t whole[] = {'O', 'K', 4, 0, 0xef, 0x40, 0x15, 0x80};

    (void)state;
    for (size_t n = 0; n < sizeof whole; n++)
        assert_int_equal(bl602_decode(whole, n, true).what, BL602_MORE);
    assert_int_equal(bl602_decode(whole, sizeof whole, true).what, BL602_OK);
    for (size_t n = 0; n < 4; n++)
        assert_int_equal(bl602_decode((const uint8_t *)"FL\x03\x00", n, false).what, BL602_MORE);
}

static void an_ok_that_stands_alone_is_not_taken_for_the_head_of_data(void **state)
{
    static const char *const pair[] = {"OKOK", "OKFL", "OKPD"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct bl602_reply r = bl602_decode((const uint8_t *)pair[i], 4, true);

        assert_int_equal(r.what, BL602_SKIP);
        assert_int_equal(r.used, 2);
    }
}

static void noise_is_skipped_and_never_read_beyond(void **state)
{
    uint32_t seed = 1;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        size_t len = (seed >> 8) % 40, at = 0;
        uint8_t *in = malloc(len ? len : 1);

        for (size_t i = 0; i < len; i++) {
            seed = seed * 1664525 + 1013904223;
            in[i] = (uint8_t)("OKFLPD\x55\x00"[(seed >> 13) % 8]);
        }
        seed = seed * 1664525 + 1013904223;
        while (at <= len) {
            struct bl602_reply r = bl602_decode(in + at, len - at, seed & 1);

            if (r.what == BL602_MORE)
                break;
            assert_true(r.used > 0 && at + r.used <= len);
            if (r.data)
                assert_true(r.data + r.len <= in + len);
            at += r.used;
        }
        free(in);
    }
}

static void trains_last_about_six_milliseconds(void **state)
{
    (void)state;
    assert_int_equal(bl602_train_len(115200), 69);
    assert_int_equal(bl602_train_len(230400), 138);
    assert_int_equal(bl602_train_len(460800), 276);
    assert_int_equal(bl602_train_len(500000), 300);
    assert_int_equal(bl602_train_len(921600), 552);
    assert_int_equal(bl602_train_len(1000000), 600);
    assert_int_equal(bl602_train_len(2000000), 1200);
    for (uint32_t baud = 9600; baud < 20000000; baud += 9600)
        assert_true((uint64_t)bl602_train_len(baud) * 10000000 / baud <= 10000);
}

static void boot_info_and_mac_are_turned_round(void **state)
{
    static const uint8_t info[20] = {1, 0, 0, 0,    0,    0,    0,    0,    0,
                                     0, 0, 0, 0xd1, 0xa2, 0xb3, 0xc4, 0xd5, 0xe6};
    static const uint8_t mac[10] = {0xd1, 0xa2, 0xb3, 0xc4, 0xd5, 0xe6, 0x20, 0x0b, 0x00, 0x4e};
    struct bl602_boot_info b;
    uint8_t out[6], bad[10];

    (void)state;
    bl602_boot_info_decode(info, &b);
    assert_int_equal(b.version, BL602_VERSION_ROM);
    assert_memory_equal(b.mac, "\xe6\xd5\xc4\xb3\xa2\xd1", 6);
    assert_true(bl602_mac_decode(mac, out));
    assert_memory_equal(out, "\xe6\xd5\xc4\xb3\xa2\xd1", 6);
    memcpy(bad, mac, 10);
    bad[3] ^= 1;
    assert_false(bl602_mac_decode(bad, out));
}

static void errors_have_names(void **state)
{
    (void)state;
    assert_string_equal(bl602_error_name(0x0003), "erase failed");
    assert_string_equal(bl602_error_name(0x0217), "image hash");
    assert_string_equal(bl602_error_name(0x1234), "unknown code");
    assert_true(bl602_error_is_damage(0x0103));
    assert_false(bl602_error_is_damage(0x0003));
    assert_false(bl602_error_is_damage(0x0006));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_those_of_the_reference),
        cmocka_unit_test(frames_to_the_rom_carry_no_checksum),
        cmocka_unit_test(an_erase_whose_sum_is_not_checked_names_another_byte_of_its_last_sector),
        cmocka_unit_test(frames_too_long_are_not_encoded),
        cmocka_unit_test(every_kind_of_answer_is_told),
        cmocka_unit_test(an_answer_may_come_byte_by_byte),
        cmocka_unit_test(an_ok_that_stands_alone_is_not_taken_for_the_head_of_data),
        cmocka_unit_test(noise_is_skipped_and_never_read_beyond),
        cmocka_unit_test(trains_last_about_six_milliseconds),
        cmocka_unit_test(boot_info_and_mac_are_turned_round),
        cmocka_unit_test(errors_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
