/* stream_test.c - the stream language as a host on the wire meets it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "stubs/stream_rig.h"
#include "stubs/worked.h"

static int make(void **state)
{
    *state = rig_make();
    return 0;
}

static int unmake(void **state)
{
    rig_free(*state);
    return 0;
}

/* Nothing the chip's contract or the flash's rules forbid has happened. */
static void assert_clean(const struct rig *r)
{
    assert_int_equal(r->h.misuses, 0);
    assert_int_equal(r->h.overruns, 0);
    assert_int_equal(r->h.nor.violations, 0);
}

static void assert_done(const struct rig_result *res, const uint8_t *want, uint32_t addr,
                        uint32_t len)
{
    uint8_t sha[32];

    assert_int_equal(res->status, STUB_DONE);
    assert_int_equal(res->addr, addr + len);
    rig_sha(want, len, sha);
    assert_memory_equal(res->sha, sha, 32);
}

static void send_worked(struct rig *r, const char *title)
{
    const struct worked *w = worked_find(title, 0);

    fake_send(&r->h, w->bytes, w->len);
}

/* The next bytes from the stub are those of the page. */
static void expect_worked(struct rig *r, const char *title, unsigned behind)
{
    const struct worked *w = worked_find(title, behind);
    struct rig_frame f;
    uint8_t buf[STUB_FRAME_SIZE];

    assert_true(rig_next(r, &f, 500000));
    assert_int_equal(rig_seal(buf, f.type, f.seq, f.payload, f.len), w->len);
    assert_memory_equal(buf, w->bytes, w->len);
}

static void expect_silence(struct rig *r, uint32_t us)
{
    struct rig_frame f;

    assert_false(rig_next(r, &f, us));
}

/* ---- commands ---- */

static void commands_are_answered_as_on_the_page(void **state)
{
    static const char *const title[] = {"HELLO seq 1", "ECHO \"ping\"", "EFUSE 0x20",
                                        "HASH 0x0 length 0x1000", "BAUD 2000000, seq 3"};
    struct rig *r = *state;

    for (size_t i = 0; i < sizeof title / sizeof *title; i++) {
        send_worked(r, title[i]);
        expect_worked(r, title[i], 1);
    }
    assert_clean(r);
}

static void bye_leads_to_plain_language_at_the_same_rate(void **state)
{
    struct rig *r = *state;
    unsigned resets = r->resets;

    send_worked(r, "BYE seq 2");
    expect_worked(r, "BYE seq 2", 1);
    fake_run(&r->h, &r->s, 1000);
    assert_false(r->s.streaming);
    assert_int_equal(r->resets, resets + 1);
    assert_int_equal(r->h.listens, 0);
    assert_int_equal(r->h.chip_baud, 2000000);
    r->plains = 0;
    fake_send(&r->h, "abc", 3);
    fake_run(&r->h, &r->s, 1000);
    assert_int_equal(r->plains, 3);
}

static void reset_starts_the_application_ten_milliseconds_later(void **state)
{
    struct rig *r = *state;

    send_worked(r, "RESET seq 6");
    expect_worked(r, "RESET seq 6", 1);
    fake_run(&r->h, &r->s, 8000);
    assert_int_equal(r->h.runs, 0);
    fake_run(&r->h, &r->s, 5000);
    assert_int_equal(r->h.runs, 1);
}

static void a_slow_erase_says_busy_and_then_that_it_is_done(void **state)
{
    struct rig *r = *state;

    memset(r->h.nor.cell + 0x6ff0, 0x12, 0x1020);
    r->h.nor.sector_us = 400000;
    send_worked(r, "ERASE 0x7000");
    expect_worked(r, "ERASE 0x7000", 1);
    expect_worked(r, "ERASE 0x7000", 2);
    assert_int_equal(r->h.nor.cell[0x6fff], 0x12);
    assert_int_equal(r->h.nor.cell[0x7000], 0xff);
    assert_int_equal(r->h.nor.cell[0x7fff], 0xff);
    assert_int_equal(r->h.nor.cell[0x8000], 0x12);
    assert_clean(r);
}

static void an_erase_that_does_not_take_is_told(void **state)
{
    struct rig *r = *state;

    memset(r->h.nor.cell + 0x10000, 0, 0x10000);
    r->h.nor.stuck_addr = 0x1a000;
    assert_int_equal(rig_span(r, STUB_ERASE, 0x10000, 0x10000, NULL), STUB_NOT_TAKEN);
    assert_int_equal(rig_span(r, STUB_ERASE, 0x10000, 0xa000, NULL), STUB_DONE);
    assert_clean(r);
}

static void bad_commands_get_the_status_that_names_the_reason(void **state)
{
    static const uint8_t wide[4] = {0x7f, 0, 2, 0}, rate[4] = {1, 0, 0, 0};
    static uint8_t echo[STUB_ECHO_MAX + 1];
    struct rig *r = *state;
    struct rig_frame f;

    assert_int_equal(rig_command(r, 0x33, NULL, 0, &f), STUB_UNKNOWN);
    assert_int_equal(f.len, 1);
    assert_int_equal(rig_command(r, STUB_ECHO, echo, sizeof echo, &f), STUB_BAD_PAYLOAD);
    assert_int_equal(rig_command(r, STUB_ECHO, echo, sizeof echo - 1, &f), STUB_DONE);
    assert_int_equal(f.len, STUB_ECHO_MAX + 1);
    assert_int_equal(rig_command(r, STUB_EFUSE, wide, 4, &f), STUB_BAD_PAYLOAD);
    assert_int_equal(rig_command(r, STUB_EFUSE, wide, 3, &f), STUB_BAD_PAYLOAD);
    assert_int_equal(rig_command(r, STUB_BAUD, rate, 4, &f), STUB_BAD_RATE);
    assert_int_equal(rig_command(r, STUB_BAUD, rate, 3, &f), STUB_BAD_PAYLOAD);
    assert_int_equal(rig_command(r, STUB_HASH, rate, 4, &f), STUB_BAD_PAYLOAD);
    assert_int_equal(rig_span(r, STUB_HASH, 0x1ff000, 0x1001, &f), STUB_OUTSIDE);
    assert_int_equal(rig_span(r, STUB_HASH, 0x1000, 0xfffff800, &f), STUB_OUTSIDE);
    assert_int_equal(rig_span(r, STUB_HASH, 0x1fffff, 1, &f), STUB_DONE);
    assert_int_equal(rig_span(r, STUB_HASH, 0, 0, &f), STUB_DONE);
    assert_int_equal(rig_span(r, STUB_ERASE, 0x800, 0x1000, &f), STUB_BAD_PAYLOAD);
    assert_int_equal(rig_span(r, STUB_ERASE, 0x1000, 0x1800, &f), STUB_BAD_PAYLOAD);
    assert_int_equal(rig_span(r, STUB_ERASE, 0x200000, 0x1000, &f), STUB_OUTSIDE);
    assert_int_equal(rig_span(r, STUB_READ, 0, 0x1000, &f), STUB_BAD_PAYLOAD);
    assert_int_equal(rig_span(r, STUB_WRITE, 0, 0x1000, &f), STUB_BAD_PAYLOAD);
    assert_int_equal(rig_read(r, 0x1ff000, 0x2000, 0, 1, NULL), STUB_OUTSIDE);
    assert_int_equal(rig_read(r, 0, 0x1000, 2, 1, NULL), STUB_BAD_PAYLOAD);
    assert_int_equal(rig_read(r, 0, 0, 0, 1, NULL), STUB_BAD_PAYLOAD);
    assert_int_equal(r->h.nor.ops, 0);
    assert_clean(r);
}

static void without_a_flash_everything_else_still_works(void **state)
{
    struct rig *r = *state;
    struct rig_frame f;

    r->h.nor.size = 0;
    rig_restart(r);
    assert_true(rig_hello(r));
    assert_int_equal(rig_span(r, STUB_HASH, 0, 0, &f), STUB_NO_FLASH);
    assert_int_equal(rig_span(r, STUB_ERASE, 0, 0x1000, &f), STUB_NO_FLASH);
    assert_int_equal(rig_read(r, 0, 0x1000, 0, 1, NULL), STUB_NO_FLASH);
    assert_int_equal(rig_command(r, STUB_ECHO, "x", 1, &f), STUB_DONE);
}

static void a_command_that_comes_again_is_answered_and_not_done_again(void **state)
{
    uint8_t span[8] = {0, 0, 0, 0, 0, 0x10, 0, 0};
    struct rig *r = *state;
    struct rig_frame f;

    memset(r->h.nor.cell, 0, 16);
    rig_send(r, STUB_ERASE, 9, span, 8);
    rig_send(r, STUB_ERASE, 9, span, 8); /* while it is at work */
    assert_true(rig_next(r, &f, 100000));
    assert_int_equal(f.type, 0x88);
    expect_silence(r, 100000);
    r->h.nor.cell[0] = 0;
    rig_send(r, STUB_ERASE, 9, span, 8);
    assert_true(rig_next(r, &f, 100000));
    assert_int_equal(f.type, 0x88);
    assert_int_equal(f.seq, 9);
    assert_int_equal(f.payload[0], STUB_DONE);
    assert_int_equal(r->h.nor.sectors, 1);
}

static void a_long_job_keeps_the_language_alive_and_another_command_ends_it(void **state)
{
    uint8_t span[8] = {0, 0, 0, 0, 0, 0, 0x10, 0};
    struct rig *r = *state;

    memset(r->h.nor.cell, 0, 0x100000);
    r->h.nor.block_us = 1000000;
    rig_send(r, STUB_ERASE, 1, span, 8);
    fake_run(&r->h, &r->s, 7000000);
    assert_true(r->s.streaming);
    r->seq = 1;
    assert_int_equal(rig_span(r, STUB_HASH, 0x100000, 0x1000, NULL), STUB_DONE);
    fake_run(&r->h, &r->s, 2000000);
    assert_int_equal(r->h.nor.cell[0xfffff], 0);
    assert_clean(r);
}

/* ---- rates ---- */

static void ask_rate(struct rig *r, uint32_t rate)
{
    uint8_t payload[4];
    struct rig_frame f;

    stub_put32(payload, rate);
    assert_int_equal(rig_command(r, STUB_BAUD, payload, 4, &f), STUB_DONE);
    assert_int_equal(stub_get32(f.payload + 1), rate);
    fake_run(&r->h, &r->s, 2000);
}

static void a_new_rate_stays_once_a_frame_came_at_it(void **state)
{
    struct rig *r = *state;

    ask_rate(r, 921600);
    r->h.host_baud = 921600;
    assert_true(rig_hello(r));
    fake_run(&r->h, &r->s, 1000000);
    assert_int_equal(r->h.chip_baud, 921600);
    assert_true(rig_hello(r));
    assert_clean(r);
}

static void a_new_rate_nobody_speaks_at_is_given_up(void **state)
{
    struct rig *r = *state;

    ask_rate(r, 921600);
    assert_int_equal(r->h.chip_baud, 921600);
    fake_send(&r->h, "garbage at the other rate", 25);
    fake_run(&r->h, &r->s, 310000);
    assert_int_equal(r->h.chip_baud, 2000000);
    assert_true(rig_hello(r));
    assert_clean(r);
}

static void a_lost_baud_reply_can_be_asked_for_and_the_rate_changes(void **state)
{
    uint8_t payload[4];
    struct rig *r = *state;

    stub_put32(payload, 921600);
    r->down = (struct rig_plan){.fault = RIG_LOST, .nth = r->heard};
    assert_int_equal(rig_command(r, STUB_BAUD, payload, 4, NULL), STUB_DONE);
    fake_run(&r->h, &r->s, 2000);
    assert_int_equal(r->h.chip_baud, 921600);
}

static void what_came_at_the_old_rate_does_not_make_the_new_one_final(void **state)
{
    uint8_t payload[4];
    struct rig *r = *state;

    stub_put32(payload, 921600);
    rig_send(r, STUB_BAUD, 1, payload, 4);
    rig_send(r, STUB_HELLO, 2, NULL, 0); /* without waiting for the reply */
    fake_run(&r->h, &r->s, 400000);
    assert_int_equal(r->h.chip_baud, 2000000);
    r->in_len = 0;
    r->h.heard_at = r->h.heard_len;
    r->seq = 300;
    assert_true(rig_hello(r));
    assert_clean(r);
}

/* ---- silence ---- */

static void a_frame_that_stops_is_forgotten_after_twenty_milliseconds(void **state)
{
    static const uint8_t zeros[1000];
    uint8_t buf[1100];
    struct rig *r = *state;
    struct rig_frame f;

    rig_seal(buf, STUB_ECHO, 1, zeros, sizeof zeros);
    fake_send(&r->h, buf, 700);
    fake_run(&r->h, &r->s, 3500 + 21000);
    rig_send(r, STUB_HELLO, 2, NULL, 0);
    assert_true(rig_next(r, &f, 5000));
    assert_int_equal(f.seq, 2);
    /* Sooner, and the command is part of the broken frame until that has stopped. */
    fake_send(&r->h, buf, 700);
    fake_run(&r->h, &r->s, 3500 + 5000);
    rig_send(r, STUB_HELLO, 3, NULL, 0);
    expect_silence(r, 15000);
    assert_true(rig_next(r, &f, 15000));
    assert_int_equal(f.seq, 3);
}

static void five_seconds_without_a_valid_frame_end_the_language(void **state)
{
    struct rig *r = *state;
    unsigned resets = r->resets;

    assert_true(rig_hello(r));
    for (unsigned i = 0; i < 49; i++) {
        fake_send(&r->h, "\xb5noise", 6);
        fake_run(&r->h, &r->s, 100000);
    }
    assert_true(r->s.streaming);
    fake_run(&r->h, &r->s, 150000);
    assert_false(r->s.streaming);
    assert_int_equal(r->resets, resets + 1);
    assert_int_equal(r->h.listens, 1);
    assert_int_equal(r->h.chip_baud, 115200);
}

static void silence_in_the_middle_of_a_write_leaves_a_usable_stub(void **state)
{
    uint8_t command[9] = {0, 0, 0, 0, 0, 0x10, 0, 0, 1};
    struct rig *r = *state;

    memset(r->h.nor.cell, 0, 4096);
    rig_send(r, STUB_WRITE, 1, command, 9);
    fake_run(&r->h, &r->s, 5500000);
    assert_false(r->s.streaming);
    rig_restart(r);
    assert_true(rig_hello(r));
    assert_clean(r);
}

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

/* ---- anything at all ---- */

static uint32_t rnd(uint32_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 17;
    *x ^= *x << 5;
    return *x;
}

static size_t storm_piece(uint32_t *x, uint8_t *buf)
{
    static const uint8_t type[] = {1, 3, 4, 5, 7, 8, 0x10, 0x11, 0x20, 0x21, 0x22, 0x33, 0x90};
    size_t n = rnd(x) % 60, whole;
    uint8_t payload[64], bit = (uint8_t)(1u << rnd(x) % 8);

    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = rnd(x) % 3 ? (uint8_t)(rnd(x) % 4) : (uint8_t)rnd(x);
    if (rnd(x) % 3 == 0) { /* aligned, small */
        memset(payload, 0, 10);
        payload[1] = (uint8_t)(rnd(x) & 0xf0);
        payload[5] = (uint8_t)(rnd(x) & 0x70);
        payload[9] = payload[8] = (uint8_t)rnd(x);
        n = 8 + rnd(x) % 4;
    }
    whole = rig_seal(buf, type[rnd(x) % sizeof type], (uint16_t)(rnd(x) % 24), payload, n);
    switch (rnd(x) % 6) {
    case 0:
        buf[rnd(x) % whole] ^= bit;
        break;
    case 1:
        whole = rnd(x) % whole;
        break;
    case 2:
        for (size_t i = 0; i < whole; i++)
            buf[i] = (uint8_t)rnd(x);
        break;
    default:
        break;
    }
    return whole;
}

static void a_storm_of_bytes_leaves_it_usable(void **state)
{
    struct rig *r = *state;
    const char *given = getenv("STORM_SEED");
    uint32_t seed = given ? (uint32_t)strtoul(given, NULL, 0) : 20240601u;
    static uint8_t want[0x4000], out[0x4000];
    struct rig_result res;

    print_message("STORM_SEED=%u and 39 behind it\n", (unsigned)seed);
    for (unsigned round = 0; round < 40; round++, seed++) {
        uint32_t x = seed;
        uint8_t buf[128];

        for (unsigned i = 0; i < 300; i++) {
            fake_send(&r->h, buf, storm_piece(&x, buf));
            fake_run(&r->h, &r->s, rnd(&x) % (i % 50 ? 2000 : 300000));
        }
        /* A storm may have been a valid BAUD or BYE; a host would find out likewise. */
        if (!r->s.streaming || r->h.chip_baud != r->h.host_baud)
            rig_restart(r);
        fake_run(&r->h, &r->s, 25000);
        r->in_len = 0;
        r->h.heard_at = r->h.heard_len;
        r->seq = (uint16_t)(1000 + 700 * round);
        assert_true(rig_hello(r));
        for (size_t i = 0; i < sizeof want; i++)
            want[i] = i & 0x800 ? (uint8_t)rnd(&x) : 0xff;
        rig_write(r, 0x8000, sizeof want, want, &res);
        assert_done(&res, want, 0x8000, sizeof want);
        assert_int_equal(rig_read(r, 0x8000, sizeof out, 0, 1, out), STUB_DONE);
        assert_memory_equal(out, want, sizeof want);
        assert_clean(r);
    }
}

/* 192 KiB on either chip, with rings, tables and, on the BL602, the stack. */
static void it_leaves_8_of_192_kib(void **state)
{
    (void)state;
    assert_true(sizeof(struct stub) <= 184 * 1024);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(commands_are_answered_as_on_the_page),
        TEST(bye_leads_to_plain_language_at_the_same_rate),
        TEST(reset_starts_the_application_ten_milliseconds_later),
        TEST(a_slow_erase_says_busy_and_then_that_it_is_done),
        TEST(an_erase_that_does_not_take_is_told),
        TEST(bad_commands_get_the_status_that_names_the_reason),
        TEST(without_a_flash_everything_else_still_works),
        TEST(a_command_that_comes_again_is_answered_and_not_done_again),
        TEST(a_long_job_keeps_the_language_alive_and_another_command_ends_it),
        TEST(a_new_rate_stays_once_a_frame_came_at_it),
        TEST(a_new_rate_nobody_speaks_at_is_given_up),
        TEST(a_lost_baud_reply_can_be_asked_for_and_the_rate_changes),
        TEST(what_came_at_the_old_rate_does_not_make_the_new_one_final),
        TEST(a_frame_that_stops_is_forgotten_after_twenty_milliseconds),
        TEST(five_seconds_without_a_valid_frame_end_the_language),
        TEST(silence_in_the_middle_of_a_write_leaves_a_usable_stub),
        TEST(a_read_goes_as_on_the_page),
        TEST(a_map_goes_as_on_the_page),
        TEST(contents_arrive_packed_and_plain_at_any_size),
        TEST(a_map_has_the_crc_of_every_sector),
        TEST(blank_sectors_do_not_let_the_wire_run_dry),
        TEST(a_read_survives_every_fault_of_every_frame),
        TEST(a_number_that_is_not_kept_is_not_heeded),
        TEST(a_nak_for_a_read_that_is_over_is_answered_so),
        TEST(numbers_wrap_in_the_middle_of_a_transfer),
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
        TEST(a_command_in_the_middle_ends_a_transfer_and_a_new_one_works),
        TEST(a_command_does_not_wait_for_what_a_read_still_has_to_send),
        TEST(a_read_that_is_ended_by_a_command_leaves_no_half_frame),
        TEST(a_storm_of_bytes_leaves_it_usable),
        TEST(it_leaves_8_of_192_kib),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
