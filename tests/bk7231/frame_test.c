/* Frames against the vectors of the reference, section 14, and the decoder
 * against everything a line can do to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bk7231/bk7231_frame.h"
#include "core/bytes.h"
#include "core/checksum.h"

static void expect_request(struct bk7231_request rq, const char *hex)
{
    uint8_t out[BK7231_REQUEST_MAX];
    char got[2 * 64 + 1];
    size_t n = bk7231_encode(out, sizeof out, &rq);

    pf_hex(out, n < 64 ? n : 64, got);
    if (strlen(hex) < strlen(got))
        got[strlen(hex)] = '\0'; /* vectors of long frames give the head only */
    assert_string_equal(got, hex);
    assert_int_equal(bk7231_encode(out, n - 1, &rq), 0); /* one byte too little room */
}

static void every_request_has_the_bytes_of_the_reference(void **state)
{
    static uint8_t data[4096];

    (void)state;
    expect_request(bk7231_req_link_check(), "01e0fc0100");
    expect_request(bk7231_req_set_baud(115200, 20), "01e0fc060f00c2010014");
    expect_request(bk7231_req_set_baud(460800, 20), "01e0fc060f0008070014");
    expect_request(bk7231_req_set_baud(921600, 20), "01e0fc060f00100e0014");
    expect_request(bk7231_req_set_baud(921600, 200), "01e0fc060f00100e00c8");
    expect_request(bk7231_req_set_baud(1500000, 20), "01e0fc060f60e3160014");
    expect_request(bk7231_req_set_baud(2000000, 20), "01e0fc060f80841e0014");
    expect_request(bk7231_req_reboot(), "01e0fc020ea5");
    expect_request(bk7231_req_boot_version(), "01e0fc0111");
    expect_request(bk7231_req_read_reg(0x00800000), "01e0fc050300008000");
    expect_request(bk7231_req_write_reg(0x00800074, 1), "01e0fc09017400800001000000");
    expect_request(bk7231_req_write_reg(0x00800074, 0x101), "01e0fc09017400800001010000");
    expect_request(bk7231_req_check_crc(0x11000, 0x11fff), "01e0fc091000100100ff1f0100");
    expect_request(bk7231_req_check_crc(0x11000, 0x12000), "01e0fc09100010010000200100");
    expect_request(bk7231_req_check_crc(0, 256), "01e0fc09100000000000010000");
    expect_request(bk7231_req_read_4k(0x11000), "01e0fcfff405000900100100");
    expect_request(bk7231_req_read_4k(0x200000), "01e0fcfff405000900002000");
    expect_request(bk7231_req_erase(BK7231_ERASE_SECTOR, 0x11000), "01e0fcfff406000f2000100100");
    expect_request(bk7231_req_erase(BK7231_ERASE_BLOCK, 0x20000), "01e0fcfff406000fd800000200");
    expect_request(bk7231_req_write_4k(0x11000, data), "01e0fcfff405100700100100");
    expect_request(bk7231_req_get_mid(), "01e0fcfff405000e9f000000");
    expect_request(bk7231_req_read_sr(0x05), "01e0fcfff402000c05");
    expect_request(bk7231_req_read_sr(0x35), "01e0fcfff402000c35");
    expect_request(bk7231_req_write_sr(0x01, 0, 2), "01e0fcfff404000d010000");
    expect_request(bk7231_req_write_sr(0x01, 0, 1), "01e0fcfff403000d0100");
}

static void requests_without_a_builder_encode_too(void **state)
{
    uint8_t out[300], data[256];
    char hex[64];
    size_t n;

    (void)state;
    n = bk7231_encode_short(out, sizeof out, 0x70, (const uint8_t *)"SEAN", 4);
    pf_hex(out, n, hex);
    assert_string_equal(hex, "01e0fc05705345414e");
    n = bk7231_encode_short(out, sizeof out, 0xaa, (const uint8_t *)"\x55", 1);
    pf_hex(out, n, hex);
    assert_string_equal(hex, "01e0fc02aa55");
    n = bk7231_encode_long(out, sizeof out, 0x06, (const uint8_t *)"\0\x10\x01", 4, data, 256);
    pf_hex(out, 12, hex);
    assert_string_equal(hex, "01e0fcfff405010600100100");
    assert_int_equal(n, 268);
    n = bk7231_encode_long(out, sizeof out, 0x0a, (const uint8_t *)"\x04", 1, NULL, 0);
    pf_hex(out, n, hex);
    assert_string_equal(hex, "01e0fcfff402000a04");
    /* what no length field can say */
    assert_int_equal(bk7231_encode_short(out, sizeof out, 0, data, 254), 0);
    assert_int_equal(bk7231_encode_long(out, sizeof out, 0, NULL, 0, data, 0xffff), 0);
}

struct reply_vector {
    const char *name;
    uint8_t bytes[32];
    size_t len;
    bool is_long;
    uint8_t op, status;
    size_t body; /* length of the body */
};
#define V(...) {__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__})

static const struct reply_vector vectors[] = {
    {"LinkCheck", V(4, 0xe, 5, 1, 0xe0, 0xfc, 1, 0), false, 1, 0, 1},
    {"SetBaud", V(4, 0xe, 9, 1, 0xe0, 0xfc, 0xf, 0, 0x10, 0xe, 0, 0x14), false, 0xf, 0, 5},
    {"StayRom", V(4, 0xe, 5, 1, 0xe0, 0xfc, 0xaa, 0x55), false, 0xaa, 0, 1},
    {"BootVersion",
     V(4, 0xe, 0x14, 1, 0xe0, 0xfc, 0x11, 0x42, 0x4b, 0x37, 0x32, 0x33, 0x31, 0x53, 0x5f, 0x31,
       0x2e, 0x30, 0x2e, 0x35, 0, 0, 0),
     false, 0x11, 0, 16},
    {"ReadReg", V(4, 0xe, 0xc, 1, 0xe0, 0xfc, 3, 0, 0, 0x80, 0, 0x1c, 0x23, 7, 0), false, 3, 0, 8},
    {"WriteReg", V(4, 0xe, 0xc, 1, 0xe0, 0xfc, 1, 0x74, 0, 0x80, 0, 1, 0, 0, 0), false, 1, 0, 8},
    {"CRC", V(4, 0xe, 8, 1, 0xe0, 0xfc, 0x10, 0xf5, 0x98, 0xab, 0xe), false, 0x10, 0, 4},
    {"SysErr", V(4, 0xe, 4, 1, 0xe0, 0xfc, 0xee), false, 0xee, 0, 0},
    {"Read4K refused", V(4, 0xe, 0xff, 1, 0xe0, 0xfc, 0xf4, 7, 0, 9, 6, 0, 0, 0, 0, 0), true, 9, 6,
     5},
    {"Erase", V(4, 0xe, 0xff, 1, 0xe0, 0xfc, 0xf4, 7, 0, 0xf, 0, 0x20, 0, 0x10, 1, 0), true, 0xf, 0,
     5},
    {"Erase refused", V(4, 0xe, 0xff, 1, 0xe0, 0xfc, 0xf4, 7, 0, 0xf, 6, 0x20, 0, 0, 0, 0), true,
     0xf, 6, 5},
    {"Erase4K 0B", V(4, 0xe, 0xff, 1, 0xe0, 0xfc, 0xf4, 6, 0, 0xb, 0, 0, 0x10, 1, 0), true, 0xb, 0,
     4},
    {"Write4K", V(4, 0xe, 0xff, 1, 0xe0, 0xfc, 0xf4, 6, 0, 7, 0, 0, 0x10, 1, 0), true, 7, 0, 4},
    {"Write4K refused", V(4, 0xe, 0xff, 1, 0xe0, 0xfc, 0xf4, 6, 0, 7, 6, 0xe0, 0x20, 0, 0), true, 7,
     6, 4},
    {"Write", V(4, 0xe, 0xff, 1, 0xe0, 0xfc, 0xf4, 7, 0, 6, 0, 0x40, 0x23, 1, 0, 0x10), true, 6, 0,
     5},
    {"GetMID", V(4, 0xe, 0xff, 1, 0xe0, 0xfc, 0xf4, 6, 0, 0xe, 0, 0, 0xeb, 0x60, 0x15), true, 0xe,
     0, 4},
    {"GetMID that counts five",
     V(4, 0xe, 0xff, 1, 0xe0, 0xfc, 0xf4, 5, 0, 0xe, 0, 0, 0xeb, 0x60, 0x15), true, 0xe, 0, 4},
    {"GetMID without a pad", V(4, 0xe, 0xff, 1, 0xe0, 0xfc, 0xf4, 5, 0, 0xe, 0, 0xeb, 0x60, 0x15),
     true, 0xe, 0, 3},
    {"ReadSR", V(4, 0xe, 0xff, 1, 0xe0, 0xfc, 0xf4, 4, 0, 0xc, 0, 5, 4), true, 0xc, 0, 2},
    {"WriteSR 16", V(4, 0xe, 0xff, 1, 0xe0, 0xfc, 0xf4, 5, 0, 0xd, 0, 1, 0, 0), true, 0xd, 0, 3},
    {"WriteSR 8", V(4, 0xe, 0xff, 1, 0xe0, 0xfc, 0xf4, 4, 0, 0xd, 0, 1, 0), true, 0xd, 0, 2},
};
#define NVECTORS (sizeof vectors / sizeof vectors[0])

/* Decode a buffer that is exactly `len` bytes long, so that a sanitizer sees
 * the first byte read too far. */
static struct bk7231_reply decode_tight(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    struct bk7231_reply r;

    memcpy(copy, bytes, len);
    r = bk7231_decode(copy, len);
    free(copy);
    return r;
}

static void every_reply_decodes_whole_and_at_no_split_before(void **state)
{
    (void)state;
    for (size_t i = 0; i < NVECTORS; i++) {
        const struct reply_vector *v = &vectors[i];
        struct bk7231_reply r;

        for (size_t n = 0; n < v->len; n++) {
            r = decode_tight(v->bytes, n);
            if (r.what != BK7231_MORE)
                print_error("%s after %zu bytes: %d\n", v->name, n, r.what);
            assert_int_equal(r.what, BK7231_MORE);
        }
        r = bk7231_decode(v->bytes, v->len);
        if (r.what != BK7231_FRAME)
            print_error("%s\n", v->name);
        assert_int_equal(r.what, BK7231_FRAME);
        assert_int_equal(r.used, v->len);
        assert_int_equal(r.is_long, v->is_long);
        assert_int_equal(r.op, v->op);
        assert_int_equal(r.status, v->status);
        assert_int_equal(r.len, v->body);
        assert_ptr_equal(r.body, v->bytes + v->len - v->body);
    }
}

/* Take every frame out of a buffer; returns how many, checks progress. */
static unsigned drain(const uint8_t *in, size_t len, uint8_t *ops, size_t cap)
{
    unsigned frames = 0;

    while (len) {
        struct bk7231_reply r = decode_tight(in, len);

        if (r.what == BK7231_MORE)
            break;
        assert_in_range(r.used, 1, len);
        if (r.what == BK7231_FRAME) {
            if (frames < cap)
                ops[frames] = r.op;
            frames++;
        }
        in += r.used;
        len -= r.used;
    }
    return frames;
}

static void noise_around_replies_is_skipped(void **state)
{
    static const uint8_t noise[][8] = {
        {0},
        {0xff, 0xff},
        {4},
        {4, 4, 4},
        {4, 0xe, 4},
        {4, 0xe, 5, 2},
        {4, 0xe, 0xff, 1, 0xe0, 0xfc, 0},
        {0x52, 0x4f, 0x4d},
        {4, 0xe, 0xfe},
        {4, 0xe, 3, 1, 0xe0, 0xfc},
    };
    static const size_t noise_len[] = {1, 2, 1, 3, 3, 4, 7, 3, 3, 6};

    (void)state;
    for (size_t n = 0; n < sizeof noise_len / sizeof noise_len[0]; n++)
        for (size_t i = 0; i < NVECTORS; i++) {
            uint8_t buf[80], op = 0;
            size_t len = noise_len[n];

            memcpy(buf, noise[n], len);
            memcpy(buf + len, vectors[i].bytes, vectors[i].len);
            len += vectors[i].len;
            if (drain(buf, len, &op, 1) != 1 || op != vectors[i].op)
                print_error("noise %zu, %s\n", n, vectors[i].name);
            assert_int_equal(drain(buf, len, &op, 1), 1);
            assert_int_equal(op, vectors[i].op);
        }
}

static void a_damaged_length_does_not_swallow_the_next_reply(void **state)
{
    static const uint8_t good[] = {4, 0xe, 5, 1, 0xe0, 0xfc, 1, 0};

    (void)state;
    for (unsigned bit = 0; bit < 8; bit++) {
        uint8_t buf[200] = {0}, op = 0;

        memcpy(buf, good, 8);
        buf[2] ^= (uint8_t)(1u << bit);
        for (size_t i = 8; i < sizeof buf; i += 8)
            memcpy(buf + i, good, 8);
        if (drain(buf, sizeof buf, &op, 1) < 10)
            print_error("bit %u\n", bit);
        assert_true(drain(buf, sizeof buf, &op, 1) >= 10);
    }
}

static void random_bytes_never_stop_the_decoder(void **state)
{
    uint32_t seed = 1;

    (void)state;
    for (int round = 0; round < 3000; round++) {
        uint8_t buf[120];
        uint8_t op;

        for (size_t i = 0; i < sizeof buf; i++) {
            static const uint8_t likely[] = {4, 0xe, 0xff, 1, 0xe0, 0xfc, 0xf4, 0, 9, 5};

            seed = seed * 1664525u + 1013904223u;
            buf[i] = seed >> 31 ? (uint8_t)(seed >> 16) : likely[(seed >> 20) % sizeof likely];
        }
        drain(buf, sizeof buf, &op, 1);
    }
}

static void a_sector_decodes_with_its_data_in_place(void **state)
{
    static uint8_t buf[BK7231_REPLY_MAX] = {4,    0xe, 0xff, 1, 0xe0, 0xfc, 0xf4, 6,
                                            0x10, 9,   0,    0, 0x10, 1,    0};
    struct bk7231_request rq = bk7231_req_read_4k(0x11000);
    struct bk7231_reply r;

    (void)state;
    assert_int_equal(decode_tight(buf, sizeof buf - 1).what, BK7231_MORE);
    r = bk7231_decode(buf, sizeof buf);
    assert_int_equal(r.what, BK7231_FRAME);
    assert_int_equal(r.used, 4111);
    assert_int_equal(bk7231_match(&rq, &r), BK7231_DONE);
    assert_int_equal(bk7231_reply_size(&rq), 4111);
    rq = bk7231_req_read_4k(0x12000);
    assert_int_equal(bk7231_match(&rq, &r), BK7231_FOREIGN);
}

static enum bk7231_match match(struct bk7231_request rq, const char *name)
{
    for (size_t i = 0; i < NVECTORS; i++)
        if (strcmp(vectors[i].name, name) == 0) {
            struct bk7231_reply r = bk7231_decode(vectors[i].bytes, vectors[i].len);

            return bk7231_match(&rq, &r);
        }
    fail();
    return BK7231_FOREIGN;
}

static void only_the_answer_to_this_very_request_matches(void **state)
{
    static uint8_t data[4096];

    (void)state;
    assert_int_equal(match(bk7231_req_link_check(), "LinkCheck"), BK7231_DONE);
    /* the same opcode, another command */
    assert_int_equal(match(bk7231_req_link_check(), "WriteReg"), BK7231_FOREIGN);
    assert_int_equal(match(bk7231_req_write_reg(0x800074, 1), "WriteReg"), BK7231_DONE);
    assert_int_equal(match(bk7231_req_write_reg(0x800074, 1), "LinkCheck"), BK7231_FOREIGN);
    assert_int_equal(match(bk7231_req_set_baud(921600, 20), "SetBaud"), BK7231_DONE);
    assert_int_equal(match(bk7231_req_set_baud(460800, 20), "SetBaud"), BK7231_FOREIGN);
    assert_int_equal(match(bk7231_req_read_reg(0x800000), "ReadReg"), BK7231_DONE);
    assert_int_equal(match(bk7231_req_read_reg(0x800004), "ReadReg"), BK7231_FOREIGN);
    assert_int_equal(match(bk7231_req_erase(BK7231_ERASE_SECTOR, 0x11000), "Erase"), BK7231_DONE);
    assert_int_equal(match(bk7231_req_erase(BK7231_ERASE_BLOCK, 0x11000), "Erase"), BK7231_FOREIGN);
    assert_int_equal(match(bk7231_req_erase(BK7231_ERASE_SECTOR, 0), "Erase refused"),
                     BK7231_REFUSED);
    assert_int_equal(match(bk7231_req_erase(BK7231_ERASE_SECTOR, 0x11000), "Erase refused"),
                     BK7231_FOREIGN);
    assert_int_equal(match(bk7231_req_read_4k(0), "Read4K refused"), BK7231_REFUSED);
    assert_int_equal(match(bk7231_req_read_4k(0x1000), "Read4K refused"), BK7231_FOREIGN);
    assert_int_equal(match(bk7231_req_write_4k(0x11000, data), "Write4K"), BK7231_DONE);
    /* T writes its limit over the low half of the echo */
    assert_int_equal(match(bk7231_req_write_4k(0x1000, data), "Write4K refused"), BK7231_REFUSED);
    assert_int_equal(match(bk7231_req_write_4k(0x21000, data), "Write4K refused"), BK7231_FOREIGN);
    assert_int_equal(match(bk7231_req_get_mid(), "GetMID"), BK7231_DONE);
    assert_int_equal(match(bk7231_req_get_mid(), "GetMID that counts five"), BK7231_DONE);
    assert_int_equal(match(bk7231_req_get_mid(), "GetMID without a pad"), BK7231_DONE);
    assert_int_equal(match(bk7231_req_get_mid(), "Write"), BK7231_FOREIGN);
    assert_int_equal(match(bk7231_req_read_sr(5), "ReadSR"), BK7231_DONE);
    assert_int_equal(match(bk7231_req_read_sr(0x35), "ReadSR"), BK7231_FOREIGN);
    assert_int_equal(match(bk7231_req_write_sr(1, 0, 2), "WriteSR 16"), BK7231_DONE);
    assert_int_equal(match(bk7231_req_write_sr(1, 0, 2), "WriteSR 8"), BK7231_FOREIGN);
    assert_int_equal(match(bk7231_req_check_crc(0, 255), "SysErr"), BK7231_REFUSED);
    assert_int_equal(match(bk7231_req_reboot(), "LinkCheck"), BK7231_FOREIGN);
}

static void crc_on_the_wire_lacks_the_final_inversion(void **state)
{
    uint8_t ff[4096];

    (void)state;
    memset(ff, 0xff, sizeof ff);
    assert_int_equal(bk7231_crc_from_wire(0x0eab98f5), pf_crc32(0, ff, sizeof ff));
    assert_int_equal(bk7231_crc_from_wire(0x0eab98f5), 0xf154670a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_request_has_the_bytes_of_the_reference),
        cmocka_unit_test(requests_without_a_builder_encode_too),
        cmocka_unit_test(every_reply_decodes_whole_and_at_no_split_before),
        cmocka_unit_test(noise_around_replies_is_skipped),
        cmocka_unit_test(a_damaged_length_does_not_swallow_the_next_reply),
        cmocka_unit_test(random_bytes_never_stop_the_decoder),
        cmocka_unit_test(a_sector_decodes_with_its_data_in_place),
        cmocka_unit_test(only_the_answer_to_this_very_request_matches),
        cmocka_unit_test(crc_on_the_wire_lacks_the_final_inversion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
