/* transfer_test.c - reads and writes of the stream language as a host on the wire meets them. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "stubs/stream_check.h"

/* ---- reading ---- */

static void a_read_goes_as_on_the_page(void **state)
{
    struct rig *r = *state;
    struct rig_frame f;

    send_worked(r, "READ content");
    for (unsigned i = 1; i < 4; i++)
        expect_worked(r, "READ content", i);
    expect_silence(r, 1000000); /* it never repeats by itself */
    send_worked(r, "NAK: again");
    expect_worked(r, "READ content", 2);
    expect_worked(r, "READ content", 3);
    send_worked(r, "ACK of the DATA");
    send_worked(r, "ACK of both");
    expect_silence(r, 1000000);
    send_worked(r, "NAK: again"); /* closed: nothing is kept any more */
    assert_true(rig_next(r, &f, 10000));
    assert_int_equal(f.payload[0], STUB_OVER);
}

static void a_map_goes_as_on_the_page(void **state)
{
    struct rig *r = *state;
    struct rig_frame f;

    send_worked(r, "READ map");
    assert_true(rig_next(r, &f, 100000));
    assert_int_equal(f.type, 0x90);
    expect_worked(r, "READ map", 1);
    expect_worked(r, "READ map", 2);
}

static void contents_arrive_packed_and_plain_at_any_size(void **state)
{
    static const uint32_t len[] = {0x1000, 0x3000, 0x20000, 0x80000};
    struct rig *r = *state;
    uint8_t *out = malloc(0x80000);

    fake_fill(&r->h, 0x1000, 0x100000, 5, 40);
    for (size_t i = 0; i < sizeof len / sizeof *len; i++) {
        for (uint8_t flags = 0; flags < 2; flags++) {
            memset(out, 0, len[i]);
            assert_int_equal(rig_read(r, 0x1000, len[i], 0, flags, out), STUB_DONE);
            assert_memory_equal(out, r->h.nor.cell + 0x1000, len[i]);
        }
    }
    free(out);
    assert_clean(r);
}

static void a_map_has_the_crc_of_every_sector(void **state)
{
    struct rig *r = *state;
    uint8_t crc[0x200 * 4];

    fake_fill(&r->h, 0, 0x200000, 9, 30);
    assert_int_equal(rig_read(r, 0, 0x200000, 1, 0, crc), STUB_DONE);
    for (uint32_t i = 0; i < 0x200; i++)
        assert_int_equal(stub_get32(crc + 4 * i),
                         (uint32_t)crc32(0, r->h.nor.cell + i * 4096, 4096));
    assert_clean(r);
}

static void blank_sectors_do_not_let_the_wire_run_dry(void **state)
{
    struct rig *r = *state;
    uint8_t *out = malloc(0x200000);
    uint64_t began, took, sent;

    /* Contents, 512 KiB of nothing, contents: what was deflated ahead covers the gap. */
    fake_fill(&r->h, 0, 0x200000, 3, 0);
    memset(r->h.nor.cell + 0x100000, 0xff, 0x60000);
    began = r->h.now_ns;
    sent = r->h.heard_len;
    assert_int_equal(rig_read(r, 0, 0x200000, 0, 1, out), STUB_DONE);
    took = r->h.now_ns - began;
    sent = (r->h.heard_len - sent) * 5000;
    assert_memory_equal(out, r->h.nor.cell, 0x200000);
    print_message("2 MiB: %u ms, on the wire %u ms\n", (unsigned)(took / 1000000),
                  (unsigned)(sent / 1000000));
    assert_true(took < sent + sent / 50 + 30000000);
    free(out);
    assert_clean(r);
}

/* Each frame of a small read, in each direction, with each fault. */
static void a_read_survives_every_fault_of_every_frame(void **state)
{
    struct rig *r = *state;
    static uint8_t out[0xc000];
    unsigned up, down;

    fake_fill(&r->h, 0, sizeof out, 11, 20);
    r->sent = r->heard = 0;
    assert_int_equal(rig_read(r, 0, sizeof out, 0, 1, out), STUB_DONE);
    up = r->sent;
    down = r->heard;
    assert_true(down > 5);
    for (unsigned i = 0; i < up + down; i++) {
        for (enum rig_fault fault = RIG_LOST; fault <= RIG_TWICE; fault++) {
            struct rig_plan plan = {fault, i < up ? i : i - up, (i + fault) % 8};

            rig_restart(r);
            r->sent = r->heard = 0;
            *(i < up ? &r->up : &r->down) = plan;
            memset(out, 0, sizeof out);
            assert_int_equal(rig_read(r, 0, sizeof out, 0, 1, out), STUB_DONE);
            assert_memory_equal(out, r->h.nor.cell, sizeof out);
        }
    }
    assert_clean(r);
}

static void a_number_that_is_not_kept_is_not_heeded(void **state)
{
    uint8_t command[10] = {0, 0, 0, 0, 0, 0, 4, 0, 0, 0}, ack[3] = {0};
    const uint16_t last = 100 + STUB_TX_FRAMES; /* sent are 101 to this */
    struct rig *r = *state;
    struct rig_frame f;

    fake_fill(&r->h, 0, 0x40000, 2, 0);
    rig_send(r, STUB_READ, 100, command, 10);
    for (unsigned i = 0; i < STUB_TX_FRAMES + 2 && rig_next(r, &f, 200000); i++)
        ;
    stub_put16(ack, 99);
    ack[2] = 1;
    rig_send(r, STUB_READ_ACK, 100, ack, 3);
    stub_put16(ack, last + 2);
    rig_send(r, STUB_READ_ACK, 100, ack, 3);
    expect_silence(r, 300000);
    stub_put16(ack, last);
    rig_send(r, STUB_READ_ACK, 100, ack, 3);
    assert_true(rig_next(r, &f, 300000));
    assert_int_equal(f.seq, last);
}

static void a_nak_for_a_read_that_is_over_is_answered_so(void **state)
{
    static const uint8_t nak[3] = {5, 0, 1};
    struct rig *r = *state;
    struct rig_frame f;

    rig_send(r, STUB_READ_ACK, 4, nak, 3);
    assert_true(rig_next(r, &f, 10000));
    assert_int_equal(f.type, STUB_READ_END);
    assert_int_equal(f.payload[0], STUB_OVER);
}

/* The frame that is going out is finished, no other is begun. */
static void a_command_does_not_wait_for_what_a_read_still_has_to_send(void **state)
{
    uint8_t command[10] = {0, 0, 0, 0, 0, 0, 1, 0, 0, 0};
    struct rig *r = *state;
    struct rig_frame f;

    fake_fill(&r->h, 0, 0x10000, 38, 0);
    for (uint32_t us = 30000; us < 150000; us += 17000) {
        unsigned data = 0;

        rig_send(r, STUB_READ, ++r->seq, command, 10);
        fake_run(&r->h, &r->s, us);
        r->seq = (uint16_t)(r->seq + 300);
        rig_send(r, STUB_HELLO, r->seq, NULL, 0);
        for (f.type = 0; f.type != 0x81; data += f.type == STUB_READ_DATA)
            assert_true(rig_next(r, &f, 50000));
        assert_in_range(data, 1, us / 20500 + 2);
    }
    assert_clean(r);
}

static void a_read_that_is_ended_by_a_command_leaves_no_half_frame(void **state)
{
    uint8_t command[10] = {0, 0, 0, 0, 0, 0, 1, 0, 0, 0};
    struct rig *r = *state;
    struct rig_frame f;

    fake_fill(&r->h, 0, 0x10000, 37, 0);
    for (uint32_t us = 6000; us < 60000; us += 1700) {
        rig_send(r, STUB_READ, ++r->seq, command, 10);
        fake_run(&r->h, &r->s, us);
        r->seq = (uint16_t)(r->seq + 300);
        rig_send(r, STUB_HELLO, r->seq, NULL, 0);
        do
            assert_true(rig_next(r, &f, 25000)); /* the reply within a frame's time */
        while (f.type != 0x81);
        assert_int_equal(r->in_len, 0);
        assert_int_equal(f.seq, r->seq);
        expect_silence(r, 50000);
    }
    assert_clean(r);
}

/* ---- writing ---- */

static void a_write_goes_as_on_the_page(void **state)
{
    struct rig *r = *state;
    struct rig_frame f;
    uint8_t want[0x2000];

    memset(r->h.nor.cell + 0x7000, 0x55, 0x2000);
    send_worked(r, "WRITE 0x7000");
    expect_worked(r, "WRITE 0x7000", 1);
    send_worked(r, "DATA: one deflated");
    do {
        assert_true(rig_next(r, &f, 5000));
        assert_int_equal(f.type, STUB_WRITE_ACK);
        assert_int_equal(f.seq, 0x40);
        assert_int_equal(stub_get16(f.payload), 0x42);
    } while (stub_get16(f.payload + 2) != 0x42);
    fake_run(&r->h, &r->s, 70000);        /* the second sector is still being erased */
    send_worked(r, "DATA: one deflated"); /* again: it has that */
    expect_worked(r, "ACK after the DATA", 0);
    rig_send(r, STUB_WRITE_END, 0x42, NULL, 0);
    expect_worked(r, "result", 0);
    rig_send(r, STUB_WRITE_END, 0x42, NULL, 0);
    expect_worked(r, "result", 0);
    for (unsigned i = 0; i < 372; i++)
        memcpy(want + 11 * i, "plugflash! ", 11);
    memcpy(want + 4092, "1234", 4);
    memset(want + 4096, 0xff, 4096);
    assert_memory_equal(r->h.nor.cell + 0x7000, want, sizeof want);
    assert_clean(r);
}

static uint8_t *copy_of(const struct rig *r, uint32_t addr, uint32_t len)
{
    uint8_t *p = malloc(len);

    memcpy(p, r->h.nor.cell + addr, len);
    return p;
}

static void a_whole_image_is_written_and_its_blocks_are_erased_as_blocks(void **state)
{
    struct rig *r = *state;
    struct rig_result res;
    uint8_t *want;
    uint64_t began;

    fake_fill(&r->h, 0, 0x200000, 21, 40);
    want = copy_of(r, 0x100000, 0x80000);
    began = r->h.now_ns;
    rig_write(r, 0x2000, 0x80000, want, &res);
    assert_done(&res, want, 0x2000, 0x80000);
    assert_memory_equal(r->h.nor.cell + 0x2000, want, 0x80000);
    print_message("512 KiB: %u ms; %u blocks, %u sectors, %u pages\n",
                  (unsigned)((r->h.now_ns - began) / 1000000), r->h.nor.blocks, r->h.nor.sectors,
                  r->h.nor.pages);
    assert_true(r->h.nor.blocks > 0);
    for (uint32_t i = 0; i < 0x200; i++)
        assert_true(r->h.nor.erased[i] <= (i >= 2 && i < 0x82));
    free(want);
    assert_clean(r);
}

static void at_two_megabaud_flash_and_wire_work_at_the_same_time(void **state)
{
    struct rig *r = *state;
    struct rig_result res;
    uint8_t *want;
    uint64_t began, took, flash;

    fake_fill(&r->h, 0, 0x200000, 21, 0);
    want = copy_of(r, 0x100000, 0x80000);
    began = r->h.now_ns;
    rig_write(r, 0, 0x80000, want, &res);
    took = (r->h.now_ns - began) / 1000;
    flash = r->h.nor.blocks * 150000ull + r->h.nor.pages * 500ull;
    print_message("512 KiB: %u ms, the flash was busy for %u ms\n", (unsigned)(took / 1000),
                  (unsigned)(flash / 1000));
    assert_done(&res, want, 0, 0x80000);
    assert_true(took < flash + flash / 6);
    free(want);
    assert_clean(r);
}

static void what_is_the_same_is_neither_erased_nor_programmed(void **state)
{
    struct rig *r = *state;
    struct rig_result res;
    uint8_t *want;

    fake_fill(&r->h, 0, 0x40000, 22, 0);
    memset(r->h.nor.cell + 0xa000, 0xff, 0x3000);
    want = copy_of(r, 0, 0x40000);
    rig_write(r, 0, 0x40000, want, &res);
    assert_done(&res, want, 0, 0x40000);
    assert_int_equal(r->h.nor.ops, 0);
    /* One sector differs: that one, and its neighbours are its history only. */
    memset(want + 0x9000, 0x77, 100);
    rig_write(r, 0, 0x40000, want, &res);
    assert_done(&res, want, 0, 0x40000);
    assert_memory_equal(r->h.nor.cell, want, 0x40000);
    for (uint32_t i = 0; i < 0x40; i++)
        assert_int_equal(r->h.nor.erased[i], i == 9);
    free(want);
    assert_clean(r);
}

static void blank_flash_is_not_erased_and_blank_pages_are_not_programmed(void **state)
{
    struct rig *r = *state;
    struct rig_result res;
    uint8_t *want = malloc(0x20000);

    memset(want, 0xff, 0x20000);
    want[0x1234] = 1;
    want[0x1f000] = 2;
    rig_write(r, 0x10000, 0x20000, want, &res);
    assert_done(&res, want, 0x10000, 0x20000);
    assert_memory_equal(r->h.nor.cell + 0x10000, want, 0x20000);
    assert_int_equal(r->h.nor.pages, 2);
    assert_int_equal(r->h.nor.ops, 2);
    free(want);
    assert_clean(r);
}

static void it_erases_no_more_than_256_kib_ahead(void **state)
{
    uint8_t command[8 + 32] = {0};
    struct rig *r = *state;

    memset(r->h.nor.cell, 0, 0x200000);
    stub_put32(command, 0);
    stub_put32(command + 4, 0x100000);
    memset(command + 8, 0xff, 32);
    rig_send(r, STUB_WRITE, 1, command, sizeof command);
    fake_run(&r->h, &r->s, 3000000);
    assert_int_equal(r->h.nor.cell[0x3ffff], 0xff);
    assert_int_equal(r->h.nor.cell[0x40000], 0);
    assert_int_equal(r->h.nor.blocks, 4);
    assert_clean(r);
}

static void small_frames_may_hold_less_than_a_unit(void **state)
{
    struct rig *r = *state;
    struct rig_result res;
    static uint8_t bitmap[512], units[0x5000];
    uint8_t *want;
    size_t n;

    fake_fill(&r->h, 0, 0x8000, 23, 0);
    for (uint32_t i = 0; i < 0x2000; i++) /* no deflate helps */
        r->h.nor.cell[0x4000 + i] = (uint8_t)(i * i * 2654435761u >> 13);
    want = copy_of(r, 0x4000, 0x4000);
    for (size_t part = 1; part < 400; part += 133) {
        memset(r->h.nor.cell, 0, 0x4000);
        n = rig_units(r->h.nor.cell, want, 0x4000, bitmap, units);
        rig_write_units(r, 0, 0x4000, bitmap, units, n, part, &res);
        assert_done(&res, want, 0, 0x4000);
        assert_memory_equal(r->h.nor.cell, want, 0x4000);
    }
    free(want);
    assert_clean(r);
}

/* A failure ends with this status, and says where. */
static void assert_write_fails(struct rig *r, uint8_t bits, const uint8_t *units, size_t n,
                               uint8_t status, uint32_t addr)
{
    struct rig_result res;

    rig_write_units(r, 0x4000, 0x4000, &bits, units, n, 0, &res);
    assert_int_equal(res.status, status);
    assert_int_equal(res.addr, addr);
    assert_true(rig_hello(r));
}

static void units_that_make_no_sense_are_refused(void **state)
{
    struct rig *r = *state;
    uint8_t same[14] = {0, 1, 0, 1, 2, 0}, raw[3 + 4096] = {3, 0, 16};

    assert_write_fails(r, 15, (const uint8_t *)"\4\1\0", 3, STUB_BAD_UNIT, 0x4000);
    assert_write_fails(r, 15, (const uint8_t *)"\0\0\0", 3, STUB_BAD_UNIT, 0x4000);
    assert_write_fails(r, 15, (const uint8_t *)"\0\5\0", 3, STUB_BAD_UNIT, 0x4000);
    assert_write_fails(r, 15, (const uint8_t *)"\2\2\0\7\7", 5, STUB_BAD_UNIT, 0x4000);
    assert_write_fails(r, 15, (const uint8_t *)"\2\0\20", 3, STUB_BAD_UNIT, 0x4000);
    assert_write_fails(r, 15, (const uint8_t *)"\3\1\0\1", 4, STUB_BAD_UNIT, 0x4000);
    assert_write_fails(r, 15, (const uint8_t *)"\0\2\0", 3, STUB_BAD_UNIT, 0x6000);
    assert_write_fails(r, 15, (const uint8_t *)"\0\4\0\0", 4, STUB_BAD_UNIT, 0x8000);
    assert_write_fails(r, 15, (const uint8_t *)"\0\4\0\0\1\0", 6, STUB_BAD_UNIT, 0x8000);
    assert_write_fails(r, 14, (const uint8_t *)"\0\4\0", 3, STUB_BAD_UNIT, 0x4000);
    assert_write_fails(r, 14, raw, sizeof raw, STUB_BAD_UNIT, 0x4000);
    /* A unit SAME that is not, behind one that is blank. */
    stub_put32(same + 6, 0x12345678);
    assert_write_fails(r, 9, same, 10, STUB_NOT_SAME, 0x5000);
    /* One for a sector that shall change. */
    assert_write_fails(r, 15, same + 3, 7, STUB_BAD_UNIT, 0x4000);
    assert_write_fails(r, 15, same, 0, STUB_BAD_UNIT, 0x4000);
    assert_clean(r);
}

static void a_page_the_flash_does_not_take_is_told_with_its_sector(void **state)
{
    struct rig *r = *state;
    struct rig_result res;
    uint8_t *want;

    fake_fill(&r->h, 0x20000, 0x20000, 30, 0);
    want = copy_of(r, 0x20000, 0x20000);
    r->h.nor.bad_addr = 0x7654;
    rig_write(r, 0, 0x20000, want, &res);
    assert_int_equal(res.status, STUB_NOT_TAKEN);
    assert_int_equal(res.addr, 0x7000);
    assert_true(rig_hello(r));
    r->h.nor.bad_addr = UINT32_MAX;
    rig_write(r, 0, 0x20000, want, &res);
    assert_done(&res, want, 0, 0x20000);
    assert_memory_equal(r->h.nor.cell, want, 0x20000);
    free(want);
    assert_clean(r);
}

static void a_flash_that_stays_busy_is_given_up(void **state)
{
    struct rig *r = *state;
    struct rig_result res;
    uint8_t *want;

    fake_fill(&r->h, 0, 0x10000, 30, 0);
    want = copy_of(r, 0, 0x10000);
    memset(r->h.nor.cell, 0, 0x10000);
    r->h.nor.stays_busy = true;
    rig_write(r, 0, 0x10000, want, &res);
    assert_int_equal(res.status, STUB_NOT_TAKEN);
    assert_true(rig_hello(r));
    free(want);
}

static void frames_of_no_write_are_told_that_it_is_over(void **state)
{
    struct rig *r = *state;
    struct rig_frame f;

    rig_send(r, STUB_WRITE_DATA, 77, "abc", 3);
    assert_true(rig_next(r, &f, 10000));
    assert_int_equal(f.type, STUB_WRITE_RESULT);
    assert_int_equal(f.seq, 77);
    assert_int_equal(f.payload[0], STUB_OVER);
    rig_send(r, STUB_WRITE_END, 78, NULL, 0);
    assert_true(rig_next(r, &f, 10000));
    assert_int_equal(f.seq, 78);
    assert_int_equal(f.payload[0], STUB_OVER);
}

static void a_gap_is_told_once_and_silence_every_250_ms(void **state)
{
    uint8_t command[9] = {0, 0, 0, 0, 0, 0x40, 0, 0, 15};
    struct rig *r = *state;
    struct rig_frame f;
    unsigned n = 0;

    rig_send(r, STUB_WRITE, 1, command, 9);
    assert_true(rig_next(r, &f, 10000));
    for (uint16_t seq = 3; seq < 10; seq++)
        rig_send(r, STUB_WRITE_DATA, seq, "\0\1\0", 3);
    assert_true(rig_next(r, &f, 10000));
    assert_int_equal(f.type, STUB_WRITE_ACK);
    assert_int_equal(stub_get16(f.payload), 2);
    assert_int_equal(stub_get16(f.payload + 2), 2);
    assert_int_equal(f.payload[4], 1);
    expect_silence(r, 240000);
    while (rig_next(r, &f, 260000) && n < 10) {
        assert_int_equal(stub_get16(f.payload), 2);
        n++;
    }
    assert_int_equal(n, 10);
}

static void a_write_survives_every_fault_of_every_frame(void **state)
{
    struct rig *r = *state;
    struct rig_result res;
    uint8_t *want, *old;
    unsigned up = 0, down = 0;

    fake_fill(&r->h, 0x40000, 0x10000, 31, 15);
    fake_fill(&r->h, 0, 0x10000, 32, 15);
    memcpy(r->h.nor.cell + 0x3000, r->h.nor.cell + 0x43000, 0x2000);
    want = copy_of(r, 0x40000, 0x10000);
    old = copy_of(r, 0, 0x10000);
    for (unsigned i = 0; i < 1 + up + down; i++) {
        for (enum rig_fault fault = RIG_LOST; fault <= RIG_TWICE; fault++) {
            struct rig_plan plan = {fault, i <= up ? i - 1 : i - 1 - up, (i + fault) % 8};

            memcpy(r->h.nor.cell, old, 0x10000);
            rig_restart(r);
            r->sent = r->heard = 0;
            if (i)
                *(i <= up ? &r->up : &r->down) = plan;
            rig_write(r, 0, 0x10000, want, &res);
            assert_done(&res, want, 0, 0x10000);
            assert_memory_equal(r->h.nor.cell, want, 0x10000);
            if (!i) {
                up = r->sent;
                down = r->heard;
                assert_true(up > 5 && down > 5);
            }
        }
    }
    free(want);
    free(old);
    assert_clean(r);
}

static void a_second_write_heals_every_interrupted_one(void **state)
{
    struct rig *r = *state;
    struct rig_result res;
    uint8_t *want, *old;

    fake_fill(&r->h, 0x40000, 0x6000, 33, 20);
    fake_fill(&r->h, 0, 0x6000, 34, 20);
    want = copy_of(r, 0x40000, 0x6000);
    old = copy_of(r, 0, 0x6000);
    for (unsigned cut = 1;; cut++) {
        memcpy(r->h.nor.cell, old, 0x6000);
        rig_restart(r);
        r->h.nor.ops = 0;
        r->h.nor.cut_at = cut;
        rig_write(r, 0, 0x6000, want, &res);
        if (!r->h.nor.dead)
            break;
        assert_int_not_equal(res.status, STUB_DONE);
        rig_restart(r);
        rig_write(r, 0, 0x6000, want, &res);
        assert_done(&res, want, 0, 0x6000);
        assert_memory_equal(r->h.nor.cell, want, 0x6000);
    }
    assert_done(&res, want, 0, 0x6000);
    free(want);
    free(old);
    assert_clean(r);
}

/* ---- both ---- */

static void numbers_wrap_in_the_middle_of_a_transfer(void **state)
{
    struct rig *r = *state;
    struct rig_result res;
    static uint8_t out[0x10000];

    fake_fill(&r->h, 0, 0x10000, 2, 0);
    r->seq = 0xfffa;
    assert_int_equal(rig_read(r, 0, 0x10000, 0, 0, out), STUB_DONE);
    assert_memory_equal(out, r->h.nor.cell, sizeof out);
    r->seq = 0xfffa;
    rig_write(r, 0x20000, 0x10000, out, &res);
    assert_done(&res, out, 0x20000, 0x10000);
    assert_memory_equal(out, r->h.nor.cell + 0x20000, sizeof out);
    assert_clean(r);
}

static void a_command_in_the_middle_ends_a_transfer_and_a_new_one_works(void **state)
{
    struct rig *r = *state;
    struct rig_result res;
    static uint8_t bitmap[512], units[0x14000], out[0x10000];
    uint8_t command[10], *want;
    size_t n;

    fake_fill(&r->h, 0, 0x10000, 35, 0);
    fake_fill(&r->h, 0x20000, 0x10000, 36, 0);
    want = copy_of(r, 0x20000, 0x10000);
    n = rig_units(r->h.nor.cell, want, 0x10000, bitmap, units);
    for (uint32_t ms = 1; ms < 400; ms += 13) {
        uint16_t seq = r->seq = (uint16_t)(r->seq + 300);

        memset(r->h.nor.cell, 0x5a, 0x10000);
        stub_put32(command, 0);
        stub_put32(command + 4, 0x10000);
        memset(command + 8, 0xff, 2);
        rig_send(r, STUB_WRITE, seq, command, 10);
        for (size_t at = 0; at < n; at += 4096)
            rig_send(r, STUB_WRITE_DATA, ++seq, units + at, n - at < 4096 ? n - at : 4096);
        fake_run(&r->h, &r->s, ms * 1000);
        r->seq = (uint16_t)(r->seq + 300);
        r->h.to_chip.head = r->h.to_chip.tail; /* the host stopped there */
        r->h.to_chip.free_ns = 0;
        if (ms & 1)
            assert_int_equal(rig_read(r, 0x20000, 0x10000, 0, 1, out), STUB_DONE);
        else
            assert_true(rig_hello(r));
        rig_write(r, 0, 0x10000, want, &res);
        assert_done(&res, want, 0, 0x10000);
        assert_memory_equal(r->h.nor.cell, want, 0x10000);
    }
    free(want);
    assert_clean(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_read_goes_as_on_the_page),
        TEST(a_map_goes_as_on_the_page),
        TEST(contents_arrive_packed_and_plain_at_any_size),
        TEST(a_map_has_the_crc_of_every_sector),
        TEST(blank_sectors_do_not_let_the_wire_run_dry),
        TEST(a_read_survives_every_fault_of_every_frame),
        TEST(a_number_that_is_not_kept_is_not_heeded),
        TEST(a_nak_for_a_read_that_is_over_is_answered_so),
        TEST(a_command_does_not_wait_for_what_a_read_still_has_to_send),
        TEST(a_read_that_is_ended_by_a_command_leaves_no_half_frame),
        TEST(a_write_goes_as_on_the_page),
        TEST(a_whole_image_is_written_and_its_blocks_are_erased_as_blocks),
        TEST(at_two_megabaud_flash_and_wire_work_at_the_same_time),
        TEST(what_is_the_same_is_neither_erased_nor_programmed),
        TEST(blank_flash_is_not_erased_and_blank_pages_are_not_programmed),
        TEST(it_erases_no_more_than_256_kib_ahead),
        TEST(small_frames_may_hold_less_than_a_unit),
        TEST(units_that_make_no_sense_are_refused),
        TEST(a_page_the_flash_does_not_take_is_told_with_its_sector),
        TEST(a_flash_that_stays_busy_is_given_up),
        TEST(frames_of_no_write_are_told_that_it_is_over),
        TEST(a_gap_is_told_once_and_silence_every_250_ms),
        TEST(a_write_survives_every_fault_of_every_frame),
        TEST(a_second_write_heals_every_interrupted_one),
        TEST(numbers_wrap_in_the_middle_of_a_transfer),
        TEST(a_command_in_the_middle_ends_a_transfer_and_a_new_one_works),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
