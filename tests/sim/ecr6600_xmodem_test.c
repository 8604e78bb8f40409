/* ecr6600_xmodem_test.c - transfers of the custom stub (reference ecr6600, 2.3,
 * 91 to 98, and the XMODEM vectors of 7). CRC and checks are written out here
 * once more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "sim/ecr_rig.h"

#define SIZE 0x200000u

/* By table-free polynomial division, message first, augmented by 16 zero bits. */
static uint16_t crc_xmodem(const uint8_t *p, size_t n)
{
    uint32_t reg = 0;

    for (size_t i = 0; i < (n + 2) * 8; i++) {
        unsigned bit = i / 8 < n ? p[i / 8] >> (7 - i % 8) & 1 : 0;

        reg = reg << 1 | bit;
        if (reg & 0x10000)
            reg ^= 0x11021;
    }
    return (uint16_t)reg;
}

static void open_stub(struct rig *r, const char *more)
{
    char spec[200];

    snprintf(spec, sizeof spec, "ecr6600,start=stub,lat=0%s", more);
    rig_open(r, spec);
}

static void send_block(struct rig *r, uint8_t number, const uint8_t *data, size_t len, bool spoil)
{
    uint8_t b[1029] = {len == 1024 ? 0x02 : 0x01, number, (uint8_t)~number};

    memcpy(b + 3, data, len);
    put_be16(b + 3 + len, (uint16_t)(crc_xmodem(data, len) ^ (spoil ? 1 : 0)));
    assert_int_equal(r->t->ops->write(r->t, b, len + 5), PF_OK);
}

static int next_byte(struct rig *r, uint32_t ms)
{
    uint8_t byte;

    return rig_read(r, &byte, 1, ms) ? byte : -1;
}

/* Receive blocks until EOT; returns the bytes received. */
static size_t receive(struct rig *r, uint8_t *out, size_t cap)
{
    size_t have = 0;

    rig_send(r, "43");
    for (uint8_t want = 1;; want++) {
        uint8_t b[1029];
        int first = next_byte(r, 5000);

        if (first == 0x04) {
            rig_send(r, "06");
            return have;
        }
        assert_int_equal(first, 0x02);
        assert_int_equal(rig_read(r, b + 1, 1028, 5000), 1028);
        assert_int_equal(b[1], want);
        assert_int_equal(b[2], want ^ 0xff);
        assert_int_equal(get_be16(b + 1027), crc_xmodem(b + 3, 1024));
        assert_true(have + 1024 <= cap);
        memcpy(out + have, b + 3, 1024);
        have += 1024;
        rig_send(r, "06");
    }
}

static void crc_has_the_published_values(void **state)
{
    uint8_t data[1024];

    (void)state;
    assert_int_equal(crc_xmodem((const uint8_t *)"123456789", 9), 0x31C3);
    memset(data, 0xff, sizeof data);
    assert_int_equal(crc_xmodem(data, sizeof data), 0xC084);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)i;
    assert_int_equal(crc_xmodem(data, sizeof data), 0xC2E0);
}

static void write_is_acknowledged_erased_and_called_for(void **state)
{
    uint8_t data[1024];
    uint64_t start;
    struct rig r;

    (void)state;
    open_stub(&r, "");
    rig_send(&r, "A5 91 08 00 00 70 00 00 00 04 00 00 B2");
    start = pf_now(r.t);
    rig_expect(&r, "5A 91 00 00 00 EB");
    assert_int_equal(next_byte(&r, 1000), 0x43);
    assert_in_range(pf_now(r.t) - start, 145000, 148000); /* 100 ms and one sector */
    assert_int_equal(next_byte(&r, 1000), 0x43);          /* again every 333 ms */
    assert_in_range(pf_now(r.t) - start, 478000, 482000);
    memset(data, 0xA5, sizeof data);
    send_block(&r, 1, data, 1024, true);
    assert_int_equal(next_byte(&r, 1000), 0x15);
    assert_true(pf_is_blank(rig_view(&r).flash + 0x7000, 0x1000));
    send_block(&r, 1, data, 1024, false);
    assert_int_equal(next_byte(&r, 1000), 0x06);
    rig_talk(&r, "04", "06");
    assert_memory_equal(rig_view(&r).flash + 0x7000, data, 1024);
    rig_talk(&r, "A5 90 00 00 35", "5A 90 04 00 C8 40 15 00 00 0B");
    assert_int_equal(rig_view(&r).violations, 0);
    rig_close(&r);
}

static void a_block_sent_twice_is_written_twice(void **state)
{
    uint8_t data[1024];
    struct rig r;

    (void)state;
    memset(data, 0x42, sizeof data);
    open_stub(&r, "");
    ecr_send2(&r, 0x91, 0x9000, 0x800);
    rig_expect(&r, "5A 91 00 00 00 EB");
    assert_int_equal(next_byte(&r, 1000), 0x43);
    for (int i = 0; i < 2; i++) {
        send_block(&r, 1, data, 1024, false);
        assert_int_equal(next_byte(&r, 1000), 0x06);
    }
    rig_talk(&r, "04", "06");
    assert_memory_equal(rig_view(&r).flash + 0x9000, data, 1024);
    assert_memory_equal(rig_view(&r).flash + 0x9400, data, 1024);
    rig_close(&r);
}

static void a_missing_byte_ends_as_a_nak_after_two_seconds(void **state)
{
    uint8_t part[1028] = {0x02, 0x01, 0xFE};
    struct rig r;

    (void)state;
    open_stub(&r, "");
    ecr_send2(&r, 0x91, 0x9000, 0x400);
    rig_expect(&r, "5A 91 00 00 00 EB");
    assert_int_equal(next_byte(&r, 1000), 0x43);
    memset(part + 3, 0x11, sizeof part - 3);
    r.t->ops->write(r.t, part, sizeof part);
    rig_silent(&r, 2000);
    assert_int_equal(next_byte(&r, 500), 0x15);
    rig_close(&r);
}

static void short_blocks_are_refused_by_91(void **state)
{
    uint8_t data[128] = {0};
    struct rig r;

    (void)state;
    open_stub(&r, "");
    ecr_send2(&r, 0x91, 0x200000, 0x400);
    assert_int_equal(ecr_status(&r, 0x91), 2);
    ecr_send2(&r, 0x91, 0x9000, 0x400);
    rig_expect(&r, "5A 91 00 00 00 EB");
    assert_int_equal(next_byte(&r, 1000), 0x43);
    send_block(&r, 1, data, 128, false);
    assert_int_equal(next_byte(&r, 1000), 0x15);
    rig_close(&r);
}

static void read_gives_blocks_and_ends(void **state)
{
    uint8_t have[0x3000];
    struct rig r;

    (void)state;
    open_stub(&r, "");
    rig_talk(&r, "A5 92 08 00 00 00 00 00 00 10 00 00 4F", "5A 92 00 00 00 EC");
    rig_silent(&r, 60000); /* it waits for the call */
    rig_send(&r, "43");
    {
        uint8_t b[1029];

        assert_int_equal(rig_read(&r, b, sizeof b, 1000), sizeof b);
        assert_memory_equal(b, "\x02\x01\xFE", 3);
        assert_memory_equal(b + 1027, "\x3C\xDC", 2); /* the published one */
        rig_send(&r, "15");                           /* anything but 06 repeats it */
        assert_int_equal(rig_read(&r, b, sizeof b, 1000), sizeof b);
        assert_memory_equal(b, "\x02\x01\xFE", 3);
    }
    rig_close(&r);

    open_stub(&r, "");
    ecr_send2(&r, 0x92, 0x6800, 0x2C01);
    rig_expect(&r, "5A 92 00 00 00 EC");
    assert_int_equal(receive(&r, have, sizeof have), 0x3000);
    assert_memory_equal(have, rig_view(&r).flash + 0x6800, 0x2C01);
    assert_true(pf_is_blank(have + 0x2C01, 0x3FF));
    rig_silent(&r, 1000);
    rig_talk(&r, "A5 90 00 00 35", "5A 90 04 00 C8 40 15 00 00 0B");
    rig_close(&r);
}

static void read_gives_up_after_ten_blocks_unanswered(void **state)
{
    struct rig r;
    uint8_t b[1029];

    (void)state;
    open_stub(&r, "");
    ecr_send2(&r, 0x92, 0, 0x1000);
    rig_expect(&r, "5A 92 00 00 00 EC");
    rig_send(&r, "43");
    for (int i = 0; i < 10; i++)
        assert_int_equal(rig_read(&r, b, sizeof b, 1000), sizeof b);
    assert_int_equal(next_byte(&r, 1000), 0x18);
    rig_talk(&r, "A5 90 00 00 35", "5A 90 04 00 C8 40 15 00 00 0B");
    rig_close(&r);
}

static void memory_read_shows_the_flash_window(void **state)
{
    uint8_t rom[1024], flash[1024];
    struct rig r;

    (void)state;
    open_stub(&r, "");
    ecr_send2(&r, 0x98, 0x00807000, 0x400);
    rig_expect(&r, "5A 98 00 00 00 F2");
    assert_int_equal(receive(&r, flash, sizeof flash), 1024);
    assert_memory_equal(flash, rig_view(&r).flash + 0x7000, 1024);
    pf_sleep(r.t, 5000);
    ecr_send2(&r, 0x98, 0, 0x400);
    rig_expect(&r, "5A 98 00 00 00 F2");
    assert_int_equal(receive(&r, rom, sizeof rom), 1024);
    assert_false(pf_is_blank(rom, 1024));
    rig_close(&r);
}

static void deflated_read_is_a_raw_stream_of_the_range(void **state)
{
    uint8_t *packed = malloc(SIZE), *plain = malloc(0x20000);
    uint8_t payload[9] = {0, 0, 1, 0, 0, 0, 2, 0, 2};
    z_stream z = {0};
    struct rig r;

    (void)state;
    assert_non_null(packed);
    assert_non_null(plain);
    open_stub(&r, "");
    ecr_send(&r, 0x96, payload, sizeof payload);
    rig_expect(&r, "5A 96 00 00 00 F0");
    assert_int_equal(inflateInit2(&z, -15), Z_OK);
    z.next_in = packed;
    z.avail_in = (uInt)receive(&r, packed, SIZE);
    z.next_out = plain;
    z.avail_out = 0x20000;
    assert_true(z.avail_in < 0x1C000);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.total_out, 0x20000);
    assert_true(pf_is_blank(z.next_in, z.avail_in));
    assert_memory_equal(plain, rig_view(&r).flash + 0x10000, 0x20000);
    inflateEnd(&z);
    rig_close(&r);

    open_stub(&r, "");
    rig_talk(&r, "A5 96 09 00 00 00 00 00 00 00 20 00 02 66", "5A 96 00 00 00 F0");
    assert_int_equal(next_byte(&r, 2000), 0x18); /* nobody calls for a second */
    assert_int_equal(next_byte(&r, 2000), 0x18);
    rig_talk(&r, "A5 90 00 00 35", "5A 90 04 00 C8 40 15 00 00 0B");
    rig_talk(&r, "A5 96 09 00 00 00 00 00 00 10 00 00 02 56", "5A 96 00 00 00 F0");
    rig_send(&r, "15"); /* checksum and short blocks */
    {
        uint8_t b[132];

        assert_int_equal(rig_read(&r, b, sizeof b, 1000), sizeof b);
        assert_int_equal(b[0], 0x01);
    }
    rig_close(&r);
    free(packed);
    free(plain);
}

/* Send `stream` as blocks and return what the stub says last. */
static int send_stream(struct rig *r, const uint8_t *stream, size_t len)
{
    uint8_t number = 1;

    for (size_t done = 0; done < len; done += 1024) {
        uint8_t data[1024];
        size_t n = len - done < 1024 ? len - done : 1024;
        int got;

        memset(data, 0xff, sizeof data);
        memcpy(data, stream + done, n);
        send_block(r, number++, data, 1024, false);
        do
            got = next_byte(r, 60000);
        while (got == 0x43);
        if (got != 0x06)
            return got;
    }
    rig_send(r, "04");
    return next_byte(r, 1000);
}

static void deflated_write_programs_what_it_inflates(void **state)
{
    uint8_t *data = malloc(0x30000), *packed = malloc(0x40000), *was = malloc(SIZE);
    z_stream z = {0};
    struct rig r;
    size_t len;

    (void)state;
    assert_non_null(data);
    assert_non_null(packed);
    assert_non_null(was);
    for (uint32_t i = 0; i < 0x30000; i++)
        data[i] = i < 0x18000 ? (uint8_t)(i * i >> 7) : 0x5A;
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, 0), Z_OK);
    z.next_in = data;
    z.avail_in = 0x30000;
    z.next_out = packed;
    z.avail_out = 0x40000;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    len = z.total_out;
    deflateEnd(&z);

    open_stub(&r, "");
    ecr_baud(&r, 2000000);
    memcpy(was, rig_view(&r).flash, SIZE);
    memcpy(was + 0x9000, data, 0x30000);
    ecr_send2(&r, 0x97, 0x9000, 0x30000);
    rig_expect(&r, "5A 97 00 00 00 F1");
    assert_int_equal(next_byte(&r, 10000), 0x43);
    assert_int_equal(send_stream(&r, packed, len), 0x06);
    assert_memory_equal(rig_view(&r).flash, was, SIZE);
    assert_int_equal(rig_view(&r).violations, 0);
    rig_talk(&r, "A5 90 00 00 35", "5A 90 04 00 C8 40 15 00 00 0B");

    /* more than announced, and rubbish */
    for (int i = 0; i < 2; i++) {
        if (i)
            packed[0] = 0xFF;
        ecr_send2(&r, 0x97, 0x9000, 0x1000);
        rig_expect(&r, "5A 97 00 00 00 F1");
        assert_int_equal(next_byte(&r, 10000), 0x43);
        assert_int_equal(send_stream(&r, packed, len), 0x18);
        rig_expect(&r, "18 4E");
        rig_talk(&r, "A5 90 00 00 35", "5A 90 04 00 C8 40 15 00 00 0B");
    }
    assert_memory_equal(rig_view(&r).flash + 0xA000, was + 0xA000, 0x10000);
    rig_close(&r);
    free(data);
    free(packed);
    free(was);
}

static void odd_bytes_at_the_end_of_97_are_never_written(void **state)
{
    static const uint8_t stored[] = {0x01, 0x06, 0x00, 0xF9, 0xFF, 1, 2, 3, 4, 5, 6};
    struct rig r;

    (void)state;
    open_stub(&r, "");
    ecr_send2(&r, 0x97, 0x9000, 6);
    rig_expect(&r, "5A 97 00 00 00 F1");
    assert_int_equal(next_byte(&r, 10000), 0x43);
    assert_int_equal(send_stream(&r, stored, sizeof stored), 0x06);
    assert_memory_equal(rig_view(&r).flash + 0x9000, "\x01\x02\x03\x04\xFF\xFF\xFF", 7);
    rig_close(&r);
}

static void a_reset_in_the_middle_leaves_nothing_behind(void **state)
{
    uint8_t data[1024] = {0};
    struct rig r;

    (void)state;
    open_stub(&r, ",stub=custom");
    ecr_send2(&r, 0x97, 0x9000, 0x1000);
    rig_expect(&r, "5A 97 00 00 00 F1");
    assert_int_equal(next_byte(&r, 10000), 0x43);
    r.t->ops->write(r.t, data, 100);
    pf_set_baud(r.t, 115200);
    ecr_reset(&r);
    assert_true(ecr_sync(&r, 1000));
    ecr_upload(&r, 2048);
    pf_sleep(r.t, 10000);
    rig_talk(&r, "A5 90 00 00 35", "5A 90 04 00 C8 40 15 00 00 0B");
    ecr_send2(&r, 0x97, 0x9000, 0x1000);
    rig_expect(&r, "5A 97 00 00 00 F1");
    rig_close(&r); /* in the middle again: freed all the same */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc_has_the_published_values),
        cmocka_unit_test(write_is_acknowledged_erased_and_called_for),
        cmocka_unit_test(a_block_sent_twice_is_written_twice),
        cmocka_unit_test(a_missing_byte_ends_as_a_nak_after_two_seconds),
        cmocka_unit_test(short_blocks_are_refused_by_91),
        cmocka_unit_test(read_gives_blocks_and_ends),
        cmocka_unit_test(read_gives_up_after_ten_blocks_unanswered),
        cmocka_unit_test(memory_read_shows_the_flash_window),
        cmocka_unit_test(deflated_read_is_a_raw_stream_of_the_range),
        cmocka_unit_test(deflated_write_programs_what_it_inflates),
        cmocka_unit_test(odd_bytes_at_the_end_of_97_are_never_written),
        cmocka_unit_test(a_reset_in_the_middle_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
