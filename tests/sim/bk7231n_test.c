/* bk7231n_test.c - the N mask ROM, byte for byte, and each of its unknowns as
 * a switch (reference 4.1, 4.4, 5.3, 5.4, 14, 15). */
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "sim/rig.h"

#define LINK   "01 E0 FC 01 00"
#define LINKED "04 0E 05 01 E0 FC 01 00"

static void opened(struct rig *r, const char *spec)
{
    rig_open(r, spec);
    rig_link(r);
}

static void answers_every_published_vector(void **state)
{
    static const char *const talk[][2] = {
        {LINK, LINKED},
        {"01 E0 FC 06 0F 00 C2 01 00 14", "04 0E 09 01 E0 FC 0F 00 C2 01 00 14"},
        {"01 E0 FC 02 AA 55", "04 0E 05 01 E0 FC AA 55"},
        {"01 E0 FC 05 03 00 00 80 00", "04 0E 0C 01 E0 FC 03 00 00 80 00 1C 23 07 00"},
        {"01 E0 FC FF F4 05 00 0E 9F 00 00 00", "04 0E FF 01 E0 FC F4 06 00 0E 00 00 EB 60 15"},
        {"01 E0 FC FF F4 02 00 0C 05", "04 0E FF 01 E0 FC F4 04 00 0C 00 05 04"},
        {"01 E0 FC FF F4 02 00 0C 35", "04 0E FF 01 E0 FC F4 04 00 0C 00 35 40"},
        {"01 E0 FC FF F4 04 00 0D 01 00 00", "04 0E FF 01 E0 FC F4 05 00 0D 00 01 00 00"},
        {"01 E0 FC FF F4 03 00 0D 01 00", "04 0E FF 01 E0 FC F4 04 00 0D 00 01 00"},
        {"01 E0 FC FF F4 06 00 0F 20 00 10 01 00",
         "04 0E FF 01 E0 FC F4 07 00 0F 00 20 00 10 01 00"},
        {"01 E0 FC 09 10 00 10 01 00 FF 1F 01 00", "04 0E 08 01 E0 FC 10 F5 98 AB 0E"},
        {"01 E0 FC FF F4 06 00 0F D8 00 00 02 00",
         "04 0E FF 01 E0 FC F4 07 00 0F 00 D8 00 00 02 00"},
        {"01 E0 FC FF F4 05 00 0B 00 10 01 00", "04 0E FF 01 E0 FC F4 06 00 0B 00 00 10 01 00"},
        {"01 E0 FC FF F4 15 00 06 40 13 01 00 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F",
         "04 0E FF 01 E0 FC F4 07 00 06 00 40 13 01 00 10"},
        {"01 E0 FC FF F4 07 00 08 40 13 01 00 08 00",
         "04 0E FF 01 E0 FC F4 0E 00 08 00 40 13 01 00 00 01 02 03 04 05 06 07"},
    };
    struct rig r;

    (void)state;
    opened(&r, "bk7231n");
    for (size_t i = 0; i < sizeof talk / sizeof *talk; i++)
        rig_talk(&r, talk[i][0], talk[i][1]);
    rig_close(&r);
}

static void reads_the_efuse_key_with_a_busy_bit_that_clears(void **state)
{
    static const uint8_t key[16] = {0x93, 0xB0, 0x0F, 0x51, 0xDC, 0xEA, 0xCB, 0xA3,
                                    0x7E, 0xA1, 0x93, 0x59, 0x03, 0xEB, 0xAD, 0xC7};
    struct rig r;

    (void)state;
    opened(&r, "bk7231n");
    rig_talk(&r, "01 E0 FC 09 01 74 00 80 00 01 00 00 00",
             "04 0E 0C 01 E0 FC 01 74 00 80 00 01 00 00 00");
    rig_talk(&r, "01 E0 FC 05 03 74 00 80 00", "04 0E 0C 01 E0 FC 03 74 00 80 00 01 00 00 00");
    rig_talk(&r, "01 E0 FC 05 03 74 00 80 00", "04 0E 0C 01 E0 FC 03 74 00 80 00 00 00 00 00");
    rig_talk(&r, "01 E0 FC 05 03 78 00 80 00", "04 0E 0C 01 E0 FC 03 78 00 80 00 93 01 00 00");
    for (unsigned i = 0; i < 16; i++) {
        uint8_t ask[] = {0x01, 0xE0, 0xFC, 0x09, 0x01, 0x74, 0, 0x80, 0, 1, (uint8_t)i, 0, 0};
        uint8_t in[15];

        r.t->ops->write(r.t, ask, sizeof ask);
        assert_int_equal(rig_read(&r, in, 15, 1000), 15);
        rig_send(&r, "01 E0 FC 05 03 78 00 80 00");
        assert_int_equal(rig_read(&r, in, 15, 1000), 15);
        assert_int_equal(in[11], key[i]);
        assert_int_equal(in[12], 1);
    }
    assert_int_equal(rig_view(&r).violations, 0);
    rig_close(&r);
}

static void the_key_may_be_zero_or_read_protected(void **state)
{
    struct rig r;

    (void)state;
    opened(&r, "bk7231n,key=zero");
    rig_talk(&r, "01 E0 FC 09 01 74 00 80 00 01 03 00 00",
             "04 0E 0C 01 E0 FC 01 74 00 80 00 01 03 00 00");
    rig_talk(&r, "01 E0 FC 05 03 78 00 80 00", "04 0E 0C 01 E0 FC 03 78 00 80 00 00 01 00 00");
    rig_close(&r);

    opened(&r, "bk7231n,key=none");
    rig_talk(&r, "01 E0 FC 09 01 74 00 80 00 01 03 00 00",
             "04 0E 0C 01 E0 FC 01 74 00 80 00 01 03 00 00");
    rig_talk(&r, "01 E0 FC 05 03 78 00 80 00", "04 0E 0C 01 E0 FC 03 78 00 80 00 00 00 00 00");
    rig_close(&r);
}

static void programming_otp_counts_as_a_violation(void **state)
{
    struct rig r;

    (void)state;
    opened(&r, "bk7231n");
    rig_talk(&r, "01 E0 FC 09 01 74 00 80 00 03 00 00 00",
             "04 0E 0C 01 E0 FC 01 74 00 80 00 03 00 00 00");
    assert_int_equal(rig_view(&r).violations, 1);
    rig_close(&r);
}

static void reads_flash_from_0_without_a_guard(void **state)
{
    struct rig r;
    uint8_t page[4096];

    (void)state;
    opened(&r, "bk7231n");
    assert_true(rig_read4k(&r, 0, page));
    assert_memory_equal(page, rig_view(&r).flash, sizeof page);
    assert_memory_equal(page + 0x110, "BK7231\0", 8);
    rig_close(&r);
}

static void hashes_to_the_byte_and_inclusively(void **state)
{
    struct rig r;
    uint32_t crc;

    (void)state;
    opened(&r, "bk7231n");
    assert_true(rig_crc(&r, 0, 256, &crc));
    assert_int_equal(crc, ~pf_crc32(0, rig_view(&r).flash, 257));
    assert_true(rig_crc(&r, 3, 9, &crc));
    assert_int_equal(crc, ~pf_crc32(0, rig_view(&r).flash + 3, 7));
    assert_int_equal(rig_view(&r).status_reg, 0x4004); /* it protects nothing */
    rig_close(&r);

    opened(&r, "bk7231n,crcend=exclusive");
    assert_true(rig_crc(&r, 0, 256, &crc));
    assert_int_equal(crc, ~pf_crc32(0, rig_view(&r).flash, 256));
    rig_close(&r);
}

static void stays_protected_until_the_status_register_is_written(void **state)
{
    uint8_t page[4096] = {0};
    struct rig r;

    (void)state;
    opened(&r, "bk7231n");
    assert_int_equal(rig_erase(&r, 0x20, 0x20000), 0);
    assert_int_equal(rig_write4k(&r, 0x130000, page), 0);
    assert_int_equal(rig_view(&r).ops, 0);
    rig_talk(&r, "01 E0 FC FF F4 04 00 0D 01 00 00", "04 0E FF 01 E0 FC F4 05 00 0D 00 01 00 00");
    assert_int_equal(rig_erase(&r, 0x20, 0x20000), 0);
    assert_int_equal(rig_write4k(&r, 0x20000, page), 0);
    assert_memory_equal(rig_view(&r).flash + 0x20000, page, sizeof page);
    assert_int_equal(rig_view(&r).violations, 0);
    rig_close(&r);
}

static void clearing_sr1_alone_leaves_cmp_and_protects_everything(void **state)
{
    struct rig r;

    (void)state;
    opened(&r, "bk7231n");
    rig_talk(&r, "01 E0 FC FF F4 03 00 0D 01 00", "04 0E FF 01 E0 FC F4 04 00 0D 00 01 00");
    assert_int_equal(rig_view(&r).status_reg, 0x4000);
    assert_int_equal(rig_erase(&r, 0x20, 0x1f0000), 0);
    assert_int_equal(rig_view(&r).ops, 0);
    rig_talk(&r, "01 E0 FC FF F4 03 00 0D 31 00", "04 0E FF 01 E0 FC F4 04 00 0D 00 31 00");
    assert_int_equal(rig_erase(&r, 0x20, 0x1f0000), 0);
    assert_int_equal(rig_view(&r).ops, 1);
    rig_close(&r);
}

static void unknown_commands_meet_silence_or_an_error_frame(void **state)
{
    struct rig r;

    (void)state;
    opened(&r, "bk7231n");
    rig_send(&r, "01 E0 FC 01 11");
    rig_silent(&r, 100);
    rig_close(&r);

    opened(&r, "bk7231n,syserr=1,mute=sAA-l0B");
    rig_talk(&r, "01 E0 FC 01 11", "04 0E 04 01 E0 FC EE");
    rig_talk(&r, "01 E0 FC 02 AA 55", "04 0E 04 01 E0 FC EE");
    rig_talk(&r, "01 E0 FC FF F4 05 00 0B 00 10 01 00", "04 0E 04 01 E0 FC EE");
    rig_close(&r);
}

static void the_length_of_the_flash_id_answer_is_a_switch(void **state)
{
    struct rig r;

    (void)state;
    opened(&r, "bk7231n,midlen=5");
    rig_talk(&r, "01 E0 FC FF F4 05 00 0E 9F 00 00 00",
             "04 0E FF 01 E0 FC F4 05 00 0E 00 EB 60 15");
    rig_close(&r);
}

static void the_answer_to_an_unaligned_read_is_a_switch(void **state)
{
    static const char ask[] = "01 E0 FC FF F4 05 00 09 01 00 02 00";
    uint8_t page[4096];
    struct rig r;

    (void)state;
    opened(&r, "bk7231n");
    assert_true(rig_read4k(&r, 0x20001, page));
    assert_memory_equal(page, rig_view(&r).flash + 0x20001, sizeof page);
    rig_close(&r);

    opened(&r, "bk7231n,unaligned=align");
    assert_true(rig_read4k(&r, 0x20001, page));
    assert_memory_equal(page, rig_view(&r).flash + 0x20000, sizeof page);
    rig_close(&r);

    opened(&r, "bk7231n,unaligned=error");
    rig_talk(&r, ask, "04 0E FF 01 E0 FC F4 06 00 09 01 01 00 02 00");
    rig_close(&r);

    opened(&r, "bk7231n,unaligned=silent");
    rig_send(&r, ask);
    rig_silent(&r, 500);
    rig_close(&r);
}

static void addresses_beyond_the_flash_wrap_or_are_refused(void **state)
{
    uint8_t page[4096];
    struct rig r;

    (void)state;
    opened(&r, "bk7231n");
    assert_true(rig_read4k(&r, 0x200000, page));
    assert_memory_equal(page, rig_view(&r).flash, sizeof page);
    rig_close(&r);

    opened(&r, "bk7231n,oversize=error,sr=0000");
    rig_talk(&r, "01 E0 FC FF F4 05 00 09 00 00 20 00",
             "04 0E FF 01 E0 FC F4 06 00 09 01 00 00 20 00");
    assert_int_equal(rig_erase(&r, 0x20, 0x200000), 1);
    assert_int_equal(rig_view(&r).ops, 0);
    rig_close(&r);
}

static void the_count_byte_of_a_whole_page_is_a_switch(void **state)
{
    uint8_t out[12 + 256] = {0x01, 0xE0, 0xFC, 0xFF, 0xF4, 0x05, 0x01, 0x06, 0x00, 0x00, 0x13};
    struct rig r;

    (void)state;
    opened(&r, "bk7231n,sr=0000");
    r.t->ops->write(r.t, out, sizeof out);
    rig_expect(&r, "04 0E FF 01 E0 FC F4 07 00 06 00 00 00 13 00 00");
    rig_close(&r);

    opened(&r, "bk7231n,sr=0000,wcount=255");
    r.t->ops->write(r.t, out, sizeof out);
    rig_expect(&r, "04 0E FF 01 E0 FC F4 07 00 06 00 00 00 13 00 FF");
    rig_close(&r);
}

static void an_unaligned_write_goes_on_or_wraps_in_its_page(void **state)
{
    uint8_t out[12 + 256] = {0x01, 0xE0, 0xFC, 0xFF, 0xF4, 0x05, 0x01, 0x06, 0xF0, 0x00, 0x13};
    struct rig r;

    (void)state;
    opened(&r, "bk7231n,sr=0000");
    r.t->ops->write(r.t, out, sizeof out);
    rig_expect(&r, "04 0E FF 01 E0 FC F4 07 00 06 00 F0 00 13 00 00");
    assert_int_equal(rig_view(&r).flash[0x130000], 0xff);
    assert_int_equal(rig_view(&r).flash[0x1301ef], 0x00);
    rig_close(&r);

    opened(&r, "bk7231n,sr=0000,pagewrap=1");
    r.t->ops->write(r.t, out, sizeof out);
    rig_expect(&r, "04 0E FF 01 E0 FC F4 07 00 06 00 F0 00 13 00 00");
    assert_int_equal(rig_view(&r).flash[0x130000], 0x00);
    assert_int_equal(rig_view(&r).flash[0x130100], 0xff);
    rig_close(&r);
}

static void erases_the_whole_chip_and_answers_after_or_before(void **state)
{
    struct rig r;
    uint64_t start;

    (void)state;
    opened(&r, "bk7231n,sr=0000");
    start = pf_now(r.t);
    rig_talk(&r, "01 E0 FC FF F4 02 00 0A 04", "04 0E FF 01 E0 FC F4 03 00 0A 00 05");
    assert_in_range(pf_now(r.t) - start, 4800000, 4820000); /* 32 blocks of 150 ms */
    assert_true(pf_is_blank(rig_view(&r).flash, rig_view(&r).size));
    assert_int_equal(rig_view(&r).erases, 512);
    rig_talk(&r, LINK, LINKED); /* nothing in flash can silence the ROM */
    rig_close(&r);

    opened(&r, "bk7231n,sr=0000,eraseall=before");
    start = pf_now(r.t);
    rig_talk(&r, "01 E0 FC FF F4 02 00 0A 04", "04 0E FF 01 E0 FC F4 03 00 0A 00 05");
    assert_in_range(pf_now(r.t) - start, 0, 10000);
    rig_close(&r);
}

static void protected_flash_may_be_told_by_a_status(void **state)
{
    uint8_t page[4096] = {0};
    struct rig r;

    (void)state;
    opened(&r, "bk7231n,protstatus=7");
    assert_int_equal(rig_erase(&r, 0x20, 0x20000), 7);
    assert_int_equal(rig_write4k(&r, 0x20000, page), 7);
    rig_close(&r);
}

static void stays_linked_in_silence_but_leaves_an_unused_window(void **state)
{
    struct rig r;

    (void)state;
    opened(&r, "bk7231n");
    pf_sleep(r.t, 60000000);
    rig_talk(&r, LINK, LINKED);
    assert_int_equal(rig_view(&r).resets, 1);
    rig_close(&r);

    rig_open(&r, "bk7231n,start=boot,window=40");
    pf_sleep(r.t, 39000);
    assert_true(rig_view(&r).in_loader);
    pf_sleep(r.t, 2000);
    assert_false(rig_view(&r).in_loader);
    rig_close(&r);
}

static void resets_by_reboot_and_by_its_other_name(void **state)
{
    static const char *const ask[] = {"01 E0 FC 02 0E A5", "01 E0 FC 05 70 53 45 41 4E"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct rig r;

        opened(&r, "bk7231n");
        rig_baud(&r, 460800);
        rig_send(&r, ask[i]);
        r.t->ops->drain(r.t);
        pf_sleep(r.t, 1000);
        assert_int_equal(rig_view(&r).resets, 2);
        pf_set_baud(r.t, 115200);
        rig_talk(&r, LINK, LINKED); /* in the new window, at the old rate */
        rig_close(&r);
    }
}

static void waits_one_or_two_ms_per_tick_of_the_baud_change(void **state)
{
    static const char *const specs[] = {"bk7231n,lat=0", "bk7231n,lat=0,tick=2"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        uint64_t start;
        struct rig r;

        opened(&r, specs[i]);
        rig_send(&r, "01 E0 FC 06 0F 00 10 0E 00 14");
        r.t->ops->drain(r.t);
        start = pf_now(r.t);
        pf_set_baud(r.t, 921600);
        rig_expect(&r, "04 0E 09 01 E0 FC 0F 00 10 0E 00 14");
        assert_in_range(pf_now(r.t) - start, 23000 + i * 20000, 24000 + i * 20000);
        rig_close(&r);
    }
}

static void buffers_few_bytes_while_it_sends(void **state)
{
    static const struct {
        const char *spec;
        unsigned answers;
    } cases[] = {{"bk7231n", 25}, {"bk7231n,rxbuf=10", 2}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        static uint8_t in[8192];
        struct rig r;

        opened(&r, cases[i].spec);
        rig_send(&r, "01 E0 FC FF F4 05 00 09 00 10 01 00");
        for (int k = 0; k < 40; k++)
            rig_send(&r, LINK);
        assert_int_equal(rig_read(&r, in, sizeof in, 600), 4111 + cases[i].answers * 8);
        rig_close(&r);
    }
}

static void may_look_again_at_a_byte_that_did_not_fit(void **state)
{
    struct rig r;

    (void)state;
    opened(&r, "bk7231n");
    rig_send(&r, "01 01 E0 FC 01 00");
    rig_silent(&r, 50);
    rig_close(&r);
    opened(&r, "bk7231n,rescan=1");
    rig_talk(&r, "01 01 E0 FC 01 00", LINKED);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_every_published_vector),
        cmocka_unit_test(reads_the_efuse_key_with_a_busy_bit_that_clears),
        cmocka_unit_test(the_key_may_be_zero_or_read_protected),
        cmocka_unit_test(programming_otp_counts_as_a_violation),
        cmocka_unit_test(reads_flash_from_0_without_a_guard),
        cmocka_unit_test(hashes_to_the_byte_and_inclusively),
        cmocka_unit_test(stays_protected_until_the_status_register_is_written),
        cmocka_unit_test(clearing_sr1_alone_leaves_cmp_and_protects_everything),
        cmocka_unit_test(unknown_commands_meet_silence_or_an_error_frame),
        cmocka_unit_test(the_length_of_the_flash_id_answer_is_a_switch),
        cmocka_unit_test(the_answer_to_an_unaligned_read_is_a_switch),
        cmocka_unit_test(addresses_beyond_the_flash_wrap_or_are_refused),
        cmocka_unit_test(the_count_byte_of_a_whole_page_is_a_switch),
        cmocka_unit_test(an_unaligned_write_goes_on_or_wraps_in_its_page),
        cmocka_unit_test(erases_the_whole_chip_and_answers_after_or_before),
        cmocka_unit_test(protected_flash_may_be_told_by_a_status),
        cmocka_unit_test(stays_linked_in_silence_but_leaves_an_unused_window),
        cmocka_unit_test(resets_by_reboot_and_by_its_other_name),
        cmocka_unit_test(waits_one_or_two_ms_per_tick_of_the_baud_change),
        cmocka_unit_test(buffers_few_bytes_while_it_sends),
        cmocka_unit_test(may_look_again_at_a_byte_that_did_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
