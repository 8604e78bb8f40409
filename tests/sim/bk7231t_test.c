/* bk7231t_test.c - the T loader, byte for byte and quirk for quirk
 * (reference 4.3, 14, 16). */
#include <stdio.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "sim/rig.h"

#define LINK   "01 E0 FC 01 00"
#define LINKED "04 0E 05 01 E0 FC 01 00"
#define SIZE   0x200000u

static void fill_pattern(uint8_t *page, unsigned salt)
{
    for (unsigned i = 0; i < 4096; i++)
        page[i] = (uint8_t)(i * 7 + salt);
}

static void answers_every_published_vector(void **state)
{
    static const char *const talk[][2] = {
        {LINK, LINKED},
        {"01 E0 FC 06 0F 00 C2 01 00 14", "04 0E 09 01 E0 FC 0F 00 C2 01 00 14"},
        {"01 E0 FC 01 11", "04 0E 14 01 E0 FC 11 42 4B 37 32 33 31 53 5F 31 2E 30 2E 35 00 00 00"},
        {"01 E0 FC FF F4 05 00 09 00 00 00 00", "04 0E FF 01 E0 FC F4 07 00 09 06 00 00 00 00 00"},
        {"01 E0 FC FF F4 06 00 0F 20 00 10 01 00",
         "04 0E FF 01 E0 FC F4 07 00 0F 00 20 00 10 01 00"},
        {"01 E0 FC 09 10 00 10 01 00 FF 1F 01 00", "04 0E 08 01 E0 FC 10 F5 98 AB 0E"},
        {"01 E0 FC 09 10 00 10 01 00 00 20 01 00", "04 0E 08 01 E0 FC 10 F5 98 AB 0E"},
        {LINK, LINKED},
        {"01 E0 FC FF F4 06 00 0F D8 00 00 02 00",
         "04 0E FF 01 E0 FC F4 07 00 0F 00 D8 00 00 02 00"},
        {"01 E0 FC FF F4 06 00 0F 20 00 00 00 00",
         "04 0E FF 01 E0 FC F4 07 00 0F 06 20 00 00 00 00"},
        {"01 E0 FC FF F4 15 00 06 40 23 01 00 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F",
         "04 0E FF 01 E0 FC F4 07 00 06 00 40 23 01 00 10"},
    };
    struct rig r;
    uint8_t page[4096];

    (void)state;
    rig_open(&r, "bk7231t");
    rig_link(&r);
    for (size_t i = 0; i < sizeof talk / sizeof *talk; i++)
        rig_talk(&r, talk[i][0], talk[i][1]);
    assert_true(rig_read4k(&r, 0x11000, page));
    assert_true(pf_is_blank(page, sizeof page));
    rig_close(&r);
}

static void switches_to_each_rate_of_the_table_and_answers_at_it(void **state)
{
    static const struct {
        const char *ask, *answer;
        uint32_t baud;
    } rates[] = {
        {"01 E0 FC 06 0F 00 08 07 00 14", "04 0E 09 01 E0 FC 0F 00 08 07 00 14", 460800},
        {"01 E0 FC 06 0F 00 10 0E 00 14", "04 0E 09 01 E0 FC 0F 00 10 0E 00 14", 921600},
        {"01 E0 FC 06 0F 00 10 0E 00 C8", "04 0E 09 01 E0 FC 0F 00 10 0E 00 C8", 921600},
        {"01 E0 FC 06 0F 60 E3 16 00 14", "04 0E 09 01 E0 FC 0F 60 E3 16 00 14", 1500000},
        {"01 E0 FC 06 0F 80 84 1E 00 14", "04 0E 09 01 E0 FC 0F 80 84 1E 00 14", 2000000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        uint64_t start, ms;
        struct rig r;

        rig_open(&r, "bk7231t,lat=0");
        rig_link(&r);
        rig_send(&r, rates[i].ask);
        r.t->ops->drain(r.t);
        start = pf_now(r.t);
        pf_sleep(r.t, 5000);
        pf_set_baud(r.t, rates[i].baud);
        rig_expect(&r, rates[i].answer);
        ms = (pf_now(r.t) - start) / 1000 - 3; /* rig_expect waits 3 ms for more */
        assert_in_range(ms, i == 2 ? 401 : 41, i == 2 ? 403 : 43);
        rig_talk(&r, LINK, LINKED);
        rig_close(&r);
    }
}

static void refuses_to_read_below_64k_but_reads_it_through_the_wrap(void **state)
{
    struct rig r;
    uint8_t page[4096];

    (void)state;
    rig_open(&r, "bk7231t");
    rig_link(&r);
    rig_talk(&r, "01 E0 FC FF F4 05 00 09 FF FF 00 00",
             "04 0E FF 01 E0 FC F4 07 00 09 06 FF FF 00 00 00");
    assert_true(rig_read4k(&r, 0x200000, page));
    assert_memory_equal(page, rig_view(&r).flash, sizeof page);
    assert_true(rig_read4k(&r, 0x410000, page));
    assert_memory_equal(page, rig_view(&r).flash + 0x10000, sizeof page);
    assert_true(rig_read4k(&r, 0x10000, page));
    assert_memory_equal(page, rig_view(&r).flash + 0x10000, sizeof page);
    rig_close(&r);
}

static void refused_read_tells_the_length_of_the_request(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231t");
    rig_link(&r);
    rig_talk(&r, "01 E0 FC FF F4 08 00 09 00 10 00 00 AA BB CC",
             "04 0E FF 01 E0 FC F4 07 00 09 06 00 10 00 00 03");
    rig_close(&r);
}

static void drops_a_frame_whose_first_byte_came_twice(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231t");
    rig_link(&r);
    rig_send(&r, "01 01 E0 FC 01 00");
    rig_silent(&r, 50);
    rig_talk(&r, LINK, LINKED);
    rig_close(&r);
}

static void consumes_unknown_opcodes_and_empty_frames_in_silence(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231t");
    rig_link(&r);
    rig_send(&r, "01 E0 FC 05 03 00 00 80 00"); /* ReadReg is N's */
    rig_silent(&r, 50);
    rig_send(&r, "01 E0 FC FF F4 05 00 0E 9F 00 00 00"); /* GetMID too */
    rig_silent(&r, 50);
    rig_send(&r, "01 E0 FC 00"); /* L = 0 */
    rig_send(&r, "01 E0 FC FF F4 00 00");
    rig_send(&r, "01 E0 FC FF 00");
    rig_talk(&r, LINK, LINKED);
    rig_close(&r);
}

static void compares_the_erase_address_signed(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231t");
    rig_link(&r);
    rig_talk(&r, "01 E0 FC FF F4 06 00 0F 20 00 00 02 80",
             "04 0E FF 01 E0 FC F4 07 00 0F 06 20 00 00 02 80");
    assert_int_equal(rig_view(&r).ops, 0);
    rig_close(&r);
}

static void writes_at_a_negative_address_hit_page_0(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231t,sr=0000");
    rig_link(&r);
    rig_talk(&r, "01 E0 FC FF F4 06 00 06 00 00 00 80 00",
             "04 0E FF 01 E0 FC F4 07 00 06 00 00 00 00 80 01");
    assert_int_equal(rig_view(&r).flash[0], 0);
    assert_int_equal(rig_view(&r).touched_lo, 0);
    rig_close(&r);
}

static void erases_the_loader_through_the_wrap_and_never_talks_again(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231t");
    rig_link(&r);
    assert_int_equal(rig_erase(&r, 0x20, 0x200000), 0);
    assert_true(pf_is_blank(rig_view(&r).flash, 4096));
    rig_talk(&r, LINK, LINKED); /* still running from what it has fetched */
    assert_false(rig_try_link(&r));
    assert_int_equal(pf_set_power(r.t, false), PF_OK);
    pf_sleep(r.t, 100000);
    assert_int_equal(pf_set_power(r.t, true), PF_OK);
    assert_false(rig_train(&r, 1000));
    rig_close(&r);
}

static void a_whole_loader_written_back_talks_again(void **state)
{
    uint8_t loader[16][4096];
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231t");
    memcpy(loader, rig_view(&r).flash, sizeof loader);
    rig_link(&r);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(rig_erase(&r, 0x20, SIZE + i * 4096), 0);
        assert_int_equal(rig_write4k(&r, SIZE + i * 4096, loader[i]), 0);
    }
    assert_true(rig_try_link(&r));
    rig_close(&r);
}

static void does_nothing_for_the_half_block_code_and_says_done(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231t");
    rig_link(&r);
    assert_int_equal(rig_erase(&r, 0x52, 0x18000), 0);
    assert_int_equal(rig_view(&r).ops, 0);
    rig_close(&r);
}

static void a_block_erase_takes_the_block_that_holds_the_address(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231t");
    rig_link(&r);
    assert_int_equal(rig_erase(&r, 0xD8, 0x25000), 0);
    assert_true(pf_is_blank(rig_view(&r).flash + 0x20000, 0x10000));
    assert_int_equal(rig_view(&r).touched_lo, 0x20000);
    assert_int_equal(rig_view(&r).touched_hi, 0x2ffff);
    assert_int_equal(rig_view(&r).erases, 16);
    rig_close(&r);
}

static void write4k_below_20e0_is_refused_with_its_odd_answer(void **state)
{
    uint8_t page[4096] = {0};
    uint8_t out[4108] = {0x01, 0xE0, 0xFC, 0xFF, 0xF4, 0x05, 0x10, 0x07};
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231t,sr=0000");
    rig_link(&r);
    r.t->ops->write(r.t, out, sizeof out);
    rig_expect(&r, "04 0E FF 01 E0 FC F4 06 00 07 06 E0 20 00 00");
    assert_int_equal(rig_view(&r).ops, 0);
    /* 0x20E0 .. 0xFFFF is not refused, although it cannot be erased. */
    assert_int_equal(rig_write4k(&r, 0x3000, page), 0);
    assert_int_equal(rig_view(&r).programs, 16);
    assert_int_equal(rig_view(&r).flash[0x3000], 0);
    rig_close(&r);
}

static void write4k_programs_each_256_bytes_while_they_arrive(void **state)
{
    uint8_t out[8 + 4 + 700] = {0x01, 0xE0, 0xFC, 0xFF, 0xF4, 0x05, 0x10, 0x07, 0x00, 0x10, 0x01};
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231t");
    rig_link(&r);
    assert_int_equal(rig_erase(&r, 0x20, 0x11000), 0);
    r.t->ops->write(r.t, out, sizeof out); /* and the host dies here */
    pf_sleep(r.t, 100000);
    assert_int_equal(rig_view(&r).programs, 2);
    assert_int_equal(rig_view(&r).flash[0x111ff], 0x00);
    assert_int_equal(rig_view(&r).flash[0x11200], 0xff);
    rig_close(&r);
}

static void write_takes_more_than_a_page(void **state)
{
    uint8_t out[12 + 300] = {0x01, 0xE0, 0xFC, 0xFF, 0xF4, 0x31, 0x01, 0x06, 0x00, 0x10, 0x01};
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231t");
    rig_link(&r);
    assert_int_equal(rig_erase(&r, 0x20, 0x11000), 0);
    memset(out + 12, 0x42, 300);
    r.t->ops->write(r.t, out, sizeof out);
    rig_expect(&r, "04 0E FF 01 E0 FC F4 07 00 06 00 00 10 01 00 2C");
    for (unsigned i = 0; i < 300; i++)
        assert_int_equal(rig_view(&r).flash[0x11000 + i], 0x42);
    assert_int_equal(rig_view(&r).flash[0x11000 + 300], 0xff);
    rig_close(&r);
}

static void write_of_a_page_counts_zero_and_takes_unaligned_addresses(void **state)
{
    uint8_t out[12 + 256] = {0x01, 0xE0, 0xFC, 0xFF, 0xF4, 0x05, 0x01, 0x06, 0x80, 0x10, 0x01};
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231t");
    rig_link(&r);
    assert_int_equal(rig_erase(&r, 0x20, 0x11000), 0);
    r.t->ops->write(r.t, out, sizeof out);
    rig_expect(&r, "04 0E FF 01 E0 FC F4 07 00 06 00 80 10 01 00 00");
    assert_int_equal(rig_view(&r).flash[0x1107f], 0xff);
    assert_int_equal(rig_view(&r).flash[0x11080], 0x00);
    assert_int_equal(rig_view(&r).flash[0x1117f], 0x00);
    assert_int_equal(rig_view(&r).flash[0x11180], 0xff);
    assert_int_equal(rig_view(&r).violations, 0);
    rig_talk(&r, "01 E0 FC FF F4 06 00 06 00 FF 00 00 55",
             "04 0E FF 01 E0 FC F4 07 00 06 06 00 FF 00 00 01");
    rig_close(&r);
}

static void hashes_whole_pages_only_with_either_end(void **state)
{
    struct rig r;
    uint32_t a, b, c;

    (void)state;
    rig_open(&r, "bk7231t");
    rig_link(&r);
    assert_true(rig_crc(&r, 0x11000, 0x11fff, &a));
    assert_true(rig_crc(&r, 0x11000, 0x12000, &b));
    assert_int_equal(a, b);
    assert_int_equal(a, ~pf_crc32(0, rig_view(&r).flash + 0x11000, 4096));
    /* 300 bytes are one page. */
    assert_true(rig_crc(&r, 0x11000, 0x11000 + 299, &c));
    assert_int_equal(c, ~pf_crc32(0, rig_view(&r).flash + 0x11000, 256));
    /* Literally 0 and 256, below the read guard: one page of the loader. */
    assert_true(rig_crc(&r, 0, 256, &c));
    assert_int_equal(c, ~pf_crc32(0, rig_view(&r).flash, 256));
    /* It wraps, and starts anywhere. */
    assert_true(rig_crc(&r, 0x1fff80, 0x20007f, &c));
    a = pf_crc32(0, rig_view(&r).flash + 0x1fff80, 128);
    assert_int_equal(c, ~pf_crc32(a, rig_view(&r).flash, 128));
    rig_close(&r);
}

static void writing_without_an_erase_after_the_link_is_ignored(void **state)
{
    uint8_t page[4096] = {0};
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231t");
    rig_link(&r);
    assert_int_equal(rig_view(&r).status_reg, 0x4004);
    assert_int_equal(rig_write4k(&r, 0x130000, page), 0);
    assert_int_equal(rig_view(&r).ops, 0);
    assert_int_equal(rig_view(&r).violations, 0);
    rig_close(&r);
}

static void a_hash_protects_and_only_link_then_erase_unprotects(void **state)
{
    uint8_t page[4096];
    struct rig r;
    uint32_t crc;

    (void)state;
    fill_pattern(page, 3);
    rig_open(&r, "bk7231t");
    rig_link(&r);
    assert_int_equal(rig_erase(&r, 0x20, 0x20000), 0);
    assert_int_equal(rig_view(&r).status_reg, 0x0000); /* CMP is gone too */
    assert_int_equal(rig_write4k(&r, 0x20000, page), 0);
    assert_memory_equal(rig_view(&r).flash + 0x20000, page, 4096);

    assert_true(rig_crc(&r, 0x20000, 0x20fff, &crc));
    assert_int_equal(rig_view(&r).status_reg, 0x007c);
    assert_int_equal(rig_erase(&r, 0x20, 0x21000), 0); /* says done */
    assert_false(pf_is_blank(rig_view(&r).flash + 0x21000, 4096));
    assert_int_equal(rig_view(&r).status_reg, 0x007c);

    rig_talk(&r, LINK, LINKED);
    assert_int_equal(rig_erase(&r, 0x20, 0x21000), 0);
    assert_true(pf_is_blank(rig_view(&r).flash + 0x21000, 4096));
    rig_close(&r);
}

static void old_loaders_never_unprotect_again_after_a_hash(void **state)
{
    static const char *const specs[] = {"bk7231t,loader=1.0.1", "bk7231t,loader=1.0.4"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct rig r;
        uint32_t crc;

        rig_open(&r, specs[i]);
        rig_link(&r);
        assert_true(rig_crc(&r, 0, 256, &crc)); /* the fingerprint alone */
        rig_talk(&r, LINK, LINKED);
        assert_int_equal(rig_erase(&r, 0x20, 0x20000), 0);
        assert_int_equal(rig_view(&r).status_reg, 0x007c);
        assert_false(pf_is_blank(rig_view(&r).flash + 0x20000, 4096));
        /* Until the next reset. */
        rig_link(&r);
        assert_int_equal(rig_erase(&r, 0x20, 0x20000), 0);
        assert_true(pf_is_blank(rig_view(&r).flash + 0x20000, 4096));
        rig_close(&r);
    }
}

static void an_unknown_flash_id_is_unprotected_by_hash_and_erase(void **state)
{
    struct rig r;
    uint32_t crc;

    (void)state;
    rig_open(&r, "bk7231t,loader=1.0.4,jedec=EB6015,sr=4004");
    rig_link(&r);
    assert_true(rig_crc(&r, 0x11000, 0x110ff, &crc));
    assert_int_equal(rig_view(&r).status_reg, 0x0000);
    rig_close(&r);
}

static void flash_tables_differ_between_versions(void **state)
{
    static const struct {
        const char *spec;
        uint16_t after_hash;
    } cases[] = {
        {"bk7231t,loader=1.0.5,jedec=EB6015", 0x0000},
        {"bk7231t,loader=1.0.6,jedec=EB6015", 0x007c},
        {"bk7231t,loader=1.0.4,jedec=0B4017,size=2M", 0x0000},
        {"bk7231t,loader=1.0.5,jedec=0B4017,size=2M", 0x0014},
        {"bk7231t,loader=1.0.5,jedec=C84016,size=2M", 0x007c},
        {"bk7231t,loader=1.0.6,jedec=C84016,size=2M", 0x407c}, /* one SR byte only */
        {"bk7231t,loader=1.0.5,jedec=C22315", 0x403c},
        {"bk7231t,loader=1.0.5,jedec=1C7015", 0x007c},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig r;
        uint32_t crc;

        rig_open(&r, cases[i].spec);
        rig_link(&r);
        assert_true(rig_crc(&r, 0x11000, 0x110ff, &crc));
        if (rig_view(&r).status_reg != cases[i].after_hash)
            fail_msg("%s: SR is %04x", cases[i].spec, rig_view(&r).status_reg);
        rig_close(&r);
    }
}

static void tells_its_version(void **state)
{
    static const char *const names[] = {"1.0.1", "1.0.4", "1.0.5", "1.0.6"};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char spec[32], text[96];
        struct rig r;

        snprintf(spec, sizeof spec, "bk7231t,loader=%s", names[i]);
        snprintf(text, sizeof text,
                 "04 0E 14 01 E0 FC 11 42 4B 37 32 33 31 53 5F 31 2E 30 2E %02X"
                 "00 00 00",
                 names[i][4]);
        rig_open(&r, spec);
        rig_link(&r);
        rig_talk(&r, "01 E0 FC 01 11", text);
        rig_close(&r);
    }
}

static void a_muted_version_request_is_not_answered(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231t,mute=s11");
    rig_link(&r);
    rig_send(&r, "01 E0 FC 01 11");
    rig_silent(&r, 100);
    rig_close(&r);
}

static void the_window_closes_without_a_byte_and_the_application_starts(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231t,start=boot");
    assert_true(rig_view(&r).in_loader);
    pf_sleep(r.t, 29000);
    assert_true(rig_view(&r).in_loader);
    pf_sleep(r.t, 2000);
    assert_false(rig_view(&r).in_loader);
    rig_send(&r, LINK);
    rig_silent(&r, 500);
    rig_close(&r);
}

static void any_byte_keeps_the_window_open_for_800_ms(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231t,start=boot");
    rig_send(&r, "55"); /* garbage, while it still prints */
    pf_sleep(r.t, 700000);
    assert_true(rig_view(&r).in_loader);
    rig_talk(&r, LINK, LINKED);
    rig_close(&r);

    rig_open(&r, "bk7231t,start=boot");
    pf_sleep(r.t, 20000);
    rig_send(&r, "55");
    pf_sleep(r.t, 820000);
    assert_false(rig_view(&r).in_loader);
    rig_close(&r);
}

static void the_timer_exit_may_end_in_a_watchdog_reset(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231t,start=boot,timerexit=reset");
    pf_sleep(r.t, 20000);
    rig_send(&r, "55");
    pf_sleep(r.t, 805000);
    assert_int_equal(rig_view(&r).resets, 2);
    rig_close(&r);
}

static void requests_sent_while_it_prints_are_answered_afterwards(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231t,start=boot");
    pf_sleep(r.t, 3000);
    rig_talk(&r, LINK, LINKED);
    assert_in_range(pf_now(r.t), 15000, 21000);
    rig_close(&r);
}

static void a_silent_link_is_reset_after_the_idle_time(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231t");
    rig_link(&r);
    assert_int_equal(rig_view(&r).resets, 1);
    pf_sleep(r.t, 150000);
    rig_talk(&r, LINK, LINKED); /* keep-alive */
    pf_sleep(r.t, 170000);
    assert_int_equal(rig_view(&r).resets, 1);
    pf_sleep(r.t, 20000);
    assert_int_equal(rig_view(&r).resets, 2);
    rig_close(&r);
}

static void the_idle_time_does_not_run_while_it_works(void **state)
{
    struct rig r;
    uint32_t crc;

    (void)state;
    rig_open(&r, "bk7231t,crc=400K,idle=100");
    rig_link(&r);
    assert_true(rig_crc(&r, 0, SIZE - 1, &crc)); /* 5 s of work */
    rig_talk(&r, LINK, LINKED);
    assert_int_equal(rig_view(&r).resets, 1);
    rig_close(&r);
}

static void reboot_needs_its_magic_byte(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231t");
    rig_link(&r);
    rig_send(&r, "01 E0 FC 02 0E 5A");
    rig_silent(&r, 20);
    assert_int_equal(rig_view(&r).resets, 1);
    rig_send(&r, "01 E0 FC 02 0E A5");
    rig_silent(&r, 200);
    assert_int_equal(rig_view(&r).resets, 2);
    assert_false(rig_view(&r).in_loader);
    rig_close(&r);
}

static void the_ring_holds_512_bytes_while_it_works(void **state)
{
    struct rig r;
    uint8_t buf[2048];
    size_t n;

    (void)state;
    rig_open(&r, "bk7231t");
    rig_link(&r);
    rig_baud(&r, 921600);
    rig_send(&r, LINK);
    assert_int_equal(rig_read(&r, buf, 8, 100), 8);
    /* 45 ms of erase, during which 150 LinkChecks arrive: 750 bytes. The ring
     * keeps the newest 512, that is 102 of them and two bytes of another. */
    rig_send(&r, "01 E0 FC FF F4 06 00 0F 20 00 00 02 00");
    for (int i = 0; i < 150; i++)
        rig_send(&r, LINK);
    n = rig_read(&r, buf, sizeof buf, 150);
    assert_int_equal(n, 16 + 102 * 8);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_every_published_vector),
        cmocka_unit_test(switches_to_each_rate_of_the_table_and_answers_at_it),
        cmocka_unit_test(refuses_to_read_below_64k_but_reads_it_through_the_wrap),
        cmocka_unit_test(refused_read_tells_the_length_of_the_request),
        cmocka_unit_test(drops_a_frame_whose_first_byte_came_twice),
        cmocka_unit_test(consumes_unknown_opcodes_and_empty_frames_in_silence),
        cmocka_unit_test(compares_the_erase_address_signed),
        cmocka_unit_test(writes_at_a_negative_address_hit_page_0),
        cmocka_unit_test(erases_the_loader_through_the_wrap_and_never_talks_again),
        cmocka_unit_test(a_whole_loader_written_back_talks_again),
        cmocka_unit_test(does_nothing_for_the_half_block_code_and_says_done),
        cmocka_unit_test(a_block_erase_takes_the_block_that_holds_the_address),
        cmocka_unit_test(write4k_below_20e0_is_refused_with_its_odd_answer),
        cmocka_unit_test(write4k_programs_each_256_bytes_while_they_arrive),
        cmocka_unit_test(write_takes_more_than_a_page),
        cmocka_unit_test(write_of_a_page_counts_zero_and_takes_unaligned_addresses),
        cmocka_unit_test(hashes_whole_pages_only_with_either_end),
        cmocka_unit_test(writing_without_an_erase_after_the_link_is_ignored),
        cmocka_unit_test(a_hash_protects_and_only_link_then_erase_unprotects),
        cmocka_unit_test(old_loaders_never_unprotect_again_after_a_hash),
        cmocka_unit_test(an_unknown_flash_id_is_unprotected_by_hash_and_erase),
        cmocka_unit_test(flash_tables_differ_between_versions),
        cmocka_unit_test(tells_its_version),
        cmocka_unit_test(a_muted_version_request_is_not_answered),
        cmocka_unit_test(the_window_closes_without_a_byte_and_the_application_starts),
        cmocka_unit_test(any_byte_keeps_the_window_open_for_800_ms),
        cmocka_unit_test(the_timer_exit_may_end_in_a_watchdog_reset),
        cmocka_unit_test(requests_sent_while_it_prints_are_answered_afterwards),
        cmocka_unit_test(a_silent_link_is_reset_after_the_idle_time),
        cmocka_unit_test(the_idle_time_does_not_run_while_it_works),
        cmocka_unit_test(reboot_needs_its_magic_byte),
        cmocka_unit_test(the_ring_holds_512_bytes_while_it_works),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
