/* Frames and units: the worked frames of stubs/README.md, and everything a line can
 * do to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "stream/stream_frame.h"
#include "stream/stream_units.h"

static size_t from_hex(const char *hex, uint8_t *out)
{
    size_t n = 0;

    for (; *hex; hex++) {
        if (*hex == ' ')
            continue;
        out[n++] = (uint8_t)strtoul((const char[]){hex[0], hex[1], 0}, NULL, 16);
        hex++;
    }
    return n;
}

/* The worked frame is what we encode, and decodes to what went in. */
static void expect_frame(uint8_t type, uint16_t seq, const char *payload, const char *frame)
{
    uint8_t body[256], want[256], got[256];
    size_t n = from_hex(payload, body), len = from_hex(frame, want);
    struct stream_frame f;

    assert_int_equal(stream_encode(got, sizeof got, type, seq, body, n), len);
    assert_memory_equal(got, want, len);
    assert_int_equal(stream_encode(got, len - 1, type, seq, body, n), 0);
    f = stream_decode(want, len, false);
    assert_int_equal(f.what, STREAM_FRAME);
    assert_int_equal(f.type, type);
    assert_int_equal(f.seq, seq);
    assert_int_equal(f.used, len);
    assert_int_equal(f.len, n);
    assert_memory_equal(f.body, body, n);
}

static void frames_are_those_of_the_specification(void **state)
{
    (void)state;
    expect_frame(STREAM_HELLO, 1, "", "b5 01 01 00 00 00 b0 6d e6 6c d9 41");
    expect_frame(STREAM_BYE, 2, "", "b5 02 02 00 00 00 8e b8 f3 39 d9 41");
    expect_frame(STREAM_BAUD, 3, "80841e00", "b5 03 03 00 04 00 5f 33 80 84 1e 00 af 79 7a a5");
    expect_frame(STREAM_BAUD | STREAM_REPLY, 3, "00 80841e00",
                 "b5 83 03 00 05 00 8c b2 00 80 84 1e 00 b7 ab f4 b6");
    expect_frame(STREAM_ECHO_BACK, 4, "70696e67",
                 "b5 04 04 00 04 00 f6 d7 70 69 6e 67 35 8e 6f 56");
    expect_frame(STREAM_RESET, 6, "", "b5 06 06 00 00 00 19 89 11 43 d9 41");
    expect_frame(STREAM_HASH, 7, "00000000 00100000",
                 "b5 07 07 00 08 00 c4 4d 00 00 00 00 00 10 00 00 8b 04 68 81");
    expect_frame(STREAM_ERASE, 8, "00700000 00100000",
                 "b5 08 08 00 08 00 43 ca 00 70 00 00 00 10 00 00 35 dc f1 69");
    expect_frame(STREAM_BUSY, 8, "00000000", "b5 8f 08 00 04 00 cd e9 00 00 00 00 08 cf ae 6c");
    expect_frame(STREAM_READ, 0x20, "00000000 00200000 00 01",
                 "b5 10 20 00 0a 00 53 f3 00 00 00 00 00 20 00 00 00 01 9b 02 34 61");
    expect_frame(STREAM_READ_DATA, 0x21, "00 0200", "b5 91 21 00 03 00 5d b6 00 02 00 39 74 fc 05");
    expect_frame(STREAM_READ_ACK, 0x20, "2200 00", "b5 11 20 00 03 00 aa 61 22 00 00 1a 94 ea bc");
    expect_frame(STREAM_READ_ACK, 0x20, "2100 01", "b5 11 20 00 03 00 aa 61 21 00 01 d5 1a ab c9");
    expect_frame(STREAM_WRITE, 0x40, "00700000 00200000 03",
                 "b5 20 40 00 09 00 15 ef 00 70 00 00 00 20 00 00 03 d7 26 4d 68");
    expect_frame(STREAM_WRITE_END, 0x42, "", "b5 22 42 00 00 00 b7 cf 26 63 d9 41");
    expect_frame(STREAM_WRITE_ACK, 0x40, "4200 4200 00 00100000",
                 "b5 a1 40 00 09 00 37 76 42 00 42 00 00 00 10 00 00 32 4c 2b d3");
}

static void capabilities_are_those_of_the_specification(void **state)
{
    uint8_t frame[64];
    size_t n =
        from_hex("b5 81 01 00 20 00 80 f9 01 01 00 10 10 00 10 00 00 00 20 00 c8 40 15 00 80 "
                 "84 1e 00 d8 a9 b1 c2 d3 e4 01 00 00 00 01 00 25 e9 16 09",
                 frame);
    struct stream_frame f = stream_decode(frame, n, false);
    struct stream_caps caps;
    uint8_t body[STREAM_CAPS];

    (void)state;
    assert_int_equal(f.what, STREAM_FRAME);
    assert_true(stream_caps_decode(f.body, f.len, &caps));
    assert_int_equal(caps.family, 1);
    assert_int_equal(caps.window, 16);
    assert_int_equal(caps.keeps, 16);
    assert_int_equal(caps.flash_size, 0x200000);
    assert_int_equal(caps.max_baud, 2000000);
    assert_memory_equal(caps.jedec, "\xc8\x40\x15", 3);
    assert_memory_equal(caps.mac, "\xd8\xa9\xb1\xc2\xd3\xe4", 6);
    assert_true(caps.has_mac);
    assert_int_equal(caps.version, 0x00010000);
    memcpy(body, f.body, sizeof body);
    assert_false(stream_caps_decode(body, sizeof body - 1, &caps));
    body[0] = 2; /* another version of the language */
    assert_false(stream_caps_decode(body, sizeof body, &caps));
    body[0] = 1;
    put_le16(body + 4, 0); /* nothing could ever be written */
    assert_false(stream_caps_decode(body, sizeof body, &caps));
}

static size_t make(uint8_t *out, uint16_t seq, size_t len)
{
    uint8_t body[STREAM_MAX];

    for (size_t i = 0; i < len; i++)
        body[i] = (uint8_t)(i % 5 ? i * 7 : 0xb5); /* full of beginnings of frames */
    return stream_encode(out, STREAM_SIZE, STREAM_READ_DATA, seq, body, len);
}

/* Every frame in `in`, however it arrives. */
static unsigned count_frames(const uint8_t *in, size_t len, size_t piece, unsigned *last)
{
    size_t at = 0, have = 0;
    unsigned n = 0;

    for (;;) {
        struct stream_frame f = stream_decode(in + at, have - at, have == len);

        if (f.what == STREAM_MORE) {
            if (have == len)
                return n;
            have = len - have > piece ? have + piece : len;
            continue;
        }
        assert_true(f.used && f.used <= have - at);
        at += f.used;
        if (f.what == STREAM_FRAME) {
            n++;
            *last = f.seq;
        }
    }
}

static void a_damaged_frame_never_hides_the_one_behind_it(void **state)
{
    uint8_t line[3 * 256];
    unsigned last = 0;

    (void)state;
    for (size_t at = 0; at < 60; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            size_t n = make(line, 1, 48), m = make(line + n, 2, 30);

            line[at] ^= (uint8_t)(1u << bit);
            assert_int_equal(count_frames(line, n + m, 1 + at, &last), 1);
            assert_int_equal(last, 2);
        }
    for (size_t at = 0; at < 60; at++) { /* a byte less, a byte more */
        size_t n = make(line, 1, 48), m = make(line + n, 2, 30);

        memmove(line + at, line + at + 1, n + m - at - 1);
        assert_int_equal(count_frames(line, n + m - 1, 7, &last), 1);
        assert_int_equal(last, 2);
        n = make(line, 1, 48);
        m = make(line + n, 2, 30);
        memmove(line + at + 1, line + at, n + m - at);
        line[at] = 0xb5;
        assert_true(count_frames(line, n + m + 1, 7, &last) >= 1);
        assert_int_equal(last, 2);
    }
}

static void an_incomplete_frame_waits_until_it_is_quiet(void **state)
{
    uint8_t line[STREAM_SIZE];
    size_t n = make(line, 9, STREAM_MAX);

    (void)state;
    for (size_t have = 0; have < n; have += have < 16 || have > n - 16 ? 1 : 100) {
        assert_int_equal(stream_decode(line, have, false).what, STREAM_MORE);
        if (have)
            assert_int_equal(stream_decode(line, have, true).what, STREAM_SKIP);
    }
    assert_int_equal(stream_decode(line, n, false).what, STREAM_FRAME);
}

/* units --------------------------------------------------------------------- */

#define SECTORS 40u

static void fill_sectors(uint8_t *data)
{
    uint32_t x = 1;

    for (size_t i = 0; i < SECTORS * PF_SECTOR; i++) {
        size_t kind = i / PF_SECTOR % 4;

        x = x * 1664525 + 1013904223;
        data[i] = (uint8_t)(kind == 0   ? 0xff
                            : kind == 1 ? i / PF_SECTOR
                            : kind == 2 ? x >> 24
                                        : i % 251);
    }
}

struct got {
    const uint8_t *want;
    uint32_t next;
    enum pf_err say;
};

static enum pf_err got_sector(void *user, uint32_t at, const uint8_t *data)
{
    struct got *g = user;

    assert_int_equal(at, g->next);
    g->next += PF_SECTOR;
    assert_memory_equal(data, g->want + at, PF_SECTOR);
    return g->say;
}

static void units_come_out_as_they_went_in_across_any_bounds(void **state)
{
    static uint8_t data[SECTORS * PF_SECTOR], differ[SECTORS], units[SECTORS * STREAM_UNIT_MAX];

    (void)state;
    fill_sectors(data);
    memset(differ, 1, sizeof differ);
    for (size_t piece = 1; piece < 6000; piece = piece * 5 + 1) {
        struct stream_packer *p = stream_packer_new(data, differ, SECTORS);
        struct stream_reader *r = stream_reader_new(SECTORS);
        struct got g = {.want = data};
        size_t len = 0, n;

        assert_true(p && r);
        while ((n = stream_packer_take(p, units + len, piece)) > 0)
            len += n;
        assert_true(len < SECTORS / 2 * PF_SECTOR);
        for (size_t at = 0; at < len; at += n) {
            n = len - at < 7 * piece ? len - at : 7 * piece;
            assert_false(stream_reader_is_done(r));
            assert_int_equal(stream_reader_feed(r, units + at, n, got_sector, &g), PF_OK);
        }
        assert_true(stream_reader_is_done(r));
        assert_int_equal(g.next, sizeof data);
        /* not one sector more */
        assert_int_equal(stream_reader_feed(r, (const uint8_t *)"\0\1\0", 3, got_sector, &g),
                         PF_ERR_PROTOCOL);
        stream_packer_free(p);
        stream_reader_free(r);
    }
}

static void unchanged_sectors_travel_as_one_sum(void **state)
{
    static uint8_t data[SECTORS * PF_SECTOR], differ[SECTORS];
    struct stream_packer *p;
    uint8_t units[64];

    (void)state;
    fill_sectors(data);
    p = stream_packer_new(data, differ, SECTORS);
    assert_non_null(p);
    assert_int_equal(stream_packer_take(p, units, sizeof units), 7);
    assert_int_equal(units[0], STREAM_SAME);
    assert_int_equal(get_le16(units + 1), SECTORS);
    assert_int_equal(get_le32(units + 3), pf_crc32(0, data, sizeof data));
    stream_packer_free(p);
    memset(data, 0xff, sizeof data); /* blank and to be so: a run as well */
    memset(differ, 1, sizeof differ);
    p = stream_packer_new(data, differ, SECTORS);
    assert_non_null(p);
    assert_int_equal(stream_packer_take(p, units, sizeof units), 3);
    assert_memory_equal(units, ((const uint8_t[]){STREAM_BLANK, SECTORS, 0}), 3);
    stream_packer_free(p);
}

static void what_is_no_unit_is_refused(void **state)
{
    static const struct {
        uint8_t bytes[8];
        size_t len;
    } bad[] = {
        {{0, 0, 0}, 3},                   /* no sector */
        {{0, 5, 0}, 3},                   /* more than were asked for */
        {{1, 1, 0}, 3},                   /* SAME is none of the stub's */
        {{2, 0, 0}, 3},                   /* deflated to nothing */
        {{2, 0, 16}, 3},                  /* to as much as there was */
        {{3, 255, 15}, 3},                /* raw, and short */
        {{4, 1, 0}, 3},                   /* unknown */
        {{2, 3, 0, 0xff, 0xff, 0xff}, 6}, /* no deflate */
        {{2, 2, 0, 0x03, 0x00}, 5},       /* deflate of nothing */
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct stream_reader *r = stream_reader_new(4);
        struct got g = {.want = bad[i].bytes};

        assert_non_null(r);
        assert_int_equal(stream_reader_feed(r, bad[i].bytes, bad[i].len, got_sector, &g),
                         PF_ERR_PROTOCOL);
        assert_int_equal(g.next, 0);
        stream_reader_free(r);
    }
}

/* The DATA frame of stubs/README.md, as the stub has to understand it. */
static void the_worked_unit_holds_what_it_says(void **state)
{
    uint8_t units[64], want[2 * PF_SECTOR];
    size_t n =
        from_hex("02 2c 00 ed c6 b9 0d 00 10 00 00 c0 55 18 c1 b3 90 06 85 42 22 f6 b7 87 dc "
                 "55 b7 d7 1d 7d b5 33 63 d8 aa aa aa aa aa aa aa fa 5f 53 2e f5 01 00 01 00",
                 units);
    struct stream_reader *r = stream_reader_new(2);
    struct got g = {.want = want};

    (void)state;
    assert_non_null(r);
    for (size_t i = 0; i < 372; i++)
        memcpy(want + 11 * i, "plugflash! ", 11);
    memcpy(want + 4092, "1234", 4);
    memset(want + PF_SECTOR, 0xff, PF_SECTOR);
    assert_int_equal(stream_reader_feed(r, units, n, got_sector, &g), PF_OK);
    assert_true(stream_reader_is_done(r));
    stream_reader_free(r);
}

static void a_receiver_that_says_no_is_asked_no_more(void **state)
{
    struct stream_reader *r = stream_reader_new(9);
    uint8_t blank[PF_SECTOR];
    struct got g = {.want = blank, .say = PF_ERR_CANCELED};

    (void)state;
    assert_non_null(r);
    memset(blank, 0xff, sizeof blank);
    assert_int_equal(stream_reader_feed(r, (const uint8_t *)"\0\x09\0", 3, got_sector, &g),
                     PF_ERR_CANCELED);
    assert_int_equal(g.next, PF_SECTOR);
    stream_reader_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_those_of_the_specification),
        cmocka_unit_test(capabilities_are_those_of_the_specification),
        cmocka_unit_test(a_damaged_frame_never_hides_the_one_behind_it),
        cmocka_unit_test(an_incomplete_frame_waits_until_it_is_quiet),
        cmocka_unit_test(units_come_out_as_they_went_in_across_any_bounds),
        cmocka_unit_test(unchanged_sectors_travel_as_one_sum),
        cmocka_unit_test(what_is_no_unit_is_refused),
        cmocka_unit_test(the_worked_unit_holds_what_it_says),
        cmocka_unit_test(a_receiver_that_says_no_is_asked_no_more),
    };

    return cmocka_run_group_tests_name("stream frames", tests, NULL, NULL);
}
