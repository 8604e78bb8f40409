/* ecr6600_loader_test.c - boot, the UART window and the RAM download of the
 * virtual ECR6600, byte for byte (reference ecr6600, 1, 3 and 7). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "sim/ecr_rig.h"

#define SYNC "63 6E 79 73"

/* Send one sync `ms` after the window has opened (boot=45). */
static void sync_at(struct rig *r, const char *spec, uint32_t ms)
{
    rig_open(r, spec);
    ecr_reset(r);
    pf_sleep(r->t, (45 + ms) * 1000);
    rig_send(r, SYNC);
}

static void window_answers_at_95_ms_and_not_at_120_ms(void **state)
{
    struct rig r;

    (void)state;
    sync_at(&r, "ecr6600", 95);
    rig_expect(&r, "01");
    rig_close(&r);
    sync_at(&r, "ecr6600", 120);
    rig_silent(&r, 500);
    rig_close(&r);
}

static void nobody_listens_before_the_window_opens(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "ecr6600,boot=80");
    ecr_reset(&r);
    pf_sleep(r.t, 70000);
    rig_talk(&r, SYNC, "");
    pf_sleep(r.t, 10000);
    rig_talk(&r, SYNC, "01");
    rig_close(&r);
}

static void matcher_does_not_look_at_a_wrong_byte_again(void **state)
{
    struct rig r;

    (void)state;
    sync_at(&r, "ecr6600", 5);
    rig_close(&r);
    rig_open(&r, "ecr6600,start=loader");
    rig_send(&r, "55 AA 00 FF");
    rig_silent(&r, 5);
    rig_send(&r, "6E 79 73");
    rig_silent(&r, 5);
    rig_send(&r, "63 63 6E 79 73");
    rig_silent(&r, 5);
    rig_talk(&r, SYNC, "01");
    rig_close(&r);
}

static void three_stray_syncs_are_a_bad_header(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "ecr6600,start=loader");
    rig_talk(&r, SYNC, "01");
    rig_talk(&r, "63 6E 79 73 63 6E 79 73 63 6E 79 73", "FF");
    rig_talk(&r, "63 6E 79 73 63 6E 79 73 63 6E 79 73", "FF");
    rig_talk(&r, "01 00 00 00 00 00 01 00 00 04 00 00", "00");
    rig_close(&r);
}

static void sends_one_zero_per_block_for_each_published_size(void **state)
{
    static const uint32_t sizes[] = {26096, 17308, 1024, 6904, 10636};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct rig r;

        rig_open(&r, "ecr6600,start=loader");
        rig_talk(&r, SYNC, "01");
        ecr_upload(&r, sizes[i]); /* each 00 is expected, and silence after it */
        pf_sleep(r.t, 10000);
        rig_talk(&r, "A5 90 00 00 35", "5A 90 04 00 C8 40 15 00 00 0B");
        rig_close(&r);
    }
}

static void realignment_by_single_zeros_works_as_executed(void **state)
{
    uint8_t image[2500] = {0x48, 0x00, 0x00, 0x54};
    struct rig r;

    (void)state;
    rig_open(&r, "ecr6600,start=loader");
    rig_talk(&r, SYNC, "01");
    rig_send(&r, SYNC);
    rig_talk(&r, "01 00 00 00 00 00 01 00 C4 09 00 00", "FF");
    for (int i = 0; i < 7; i++) {
        rig_send(&r, "00");
        rig_silent(&r, 5);
    }
    rig_talk(&r, "00", "FF");
    ecr_header(&r, sizeof image);
    ecr_blocks(&r, image, sizeof image);
    pf_sleep(r.t, 10000);
    rig_talk(&r, "A5 90 00 00 35", "5A 90 04 00 C8 40 15 00 00 0B");
    rig_close(&r);
}

static void parser_may_already_hold_bytes_of_a_header(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "ecr6600,start=loader,header=8");
    rig_talk(&r, SYNC, "FF");
    ecr_upload(&r, 2048);
    rig_close(&r);
}

static void image_may_be_streamed_without_waiting(void **state)
{
    uint8_t image[26096] = {0x48, 0x00, 0x00, 0x54}, acks[26];
    struct rig r;

    (void)state;
    rig_open(&r, "ecr6600,start=loader");
    rig_talk(&r, SYNC, "01");
    rig_send(&r, SYNC); /* a poll too many; eight zeros complete the twelve bytes */
    rig_silent(&r, 50);
    rig_talk(&r, "00 00 00 00 00 00 00 00", "FF");
    ecr_header(&r, sizeof image);
    r.t->ops->write(r.t, image, sizeof image);
    assert_int_equal(rig_read(&r, acks, sizeof acks, 5000), sizeof acks);
    for (size_t i = 0; i < sizeof acks; i++)
        assert_int_equal(acks[i], 0);
    pf_sleep(r.t, 10000);
    rig_talk(&r, "A5 90 00 00 35", "5A 90 04 00 C8 40 15 00 00 0B");
    rig_close(&r);
}

static void header_parser_waits_for_ever(void **state)
{
    struct rig r;

    (void)state;
    sync_at(&r, "ecr6600,app=chatty", 10);
    rig_expect(&r, "01");
    rig_silent(&r, 60000);
    ecr_header(&r, 2048);
    rig_silent(&r, 60000);
    assert_true(rig_view(&r).in_loader);
    rig_close(&r);
}

static void bytes_behind_a_sync_are_cleared_with_the_fifo(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "ecr6600,start=loader");
    pf_set_baud(r.t, 118000); /* so that the fifth byte is complete before the answer is */
    rig_send(&r, "63 6E 79 73 01");
    rig_expect(&r, "01");
    rig_talk(&r, "01 00 00 00 00 00 01 00 00 04 00 00", "00");
    rig_close(&r);
}

static void address_of_the_header_is_ignored(void **state)
{
    struct rig r;
    uint8_t image[1024] = {0x48, 0x00, 0x00, 0x54};

    (void)state;
    rig_open(&r, "ecr6600,start=loader");
    rig_talk(&r, SYNC, "01");
    rig_talk(&r, "01 00 00 00 EF BE AD DE 00 04 00 00", "00");
    ecr_blocks(&r, image, sizeof image);
    pf_sleep(r.t, 10000);
    rig_talk(&r, "A5 00 04 00 63 6E 79 73 66", "5A 00 00 00 00 00");
    rig_close(&r);
}

static void anything_but_a_stub_is_dead_until_reset(void **state)
{
    static const uint8_t firmware[1024] = {0x18, 0x20, 0x26, 0x02, 1};
    struct rig r;

    (void)state;
    sync_at(&r, "ecr6600", 10);
    rig_expect(&r, "01");
    ecr_header(&r, sizeof firmware);
    ecr_blocks(&r, firmware, sizeof firmware);
    pf_sleep(r.t, 20000);
    rig_talk(&r, "A5 90 00 00 35", "");
    assert_false(ecr_sync(&r, 2000));
    ecr_reset(&r);
    assert_true(ecr_sync(&r, 1000));
    rig_close(&r);
}

static void damaged_stub_does_not_run(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "ecr6600,start=loader,fault=flip>@500:3");
    rig_talk(&r, SYNC, "01");
    ecr_upload(&r, 4096);
    pf_sleep(r.t, 20000);
    rig_talk(&r, "A5 90 00 00 35", "");
    rig_close(&r);
}

static void amt_selector_wants_a_digit(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "ecr6600,start=loader");
    rig_talk(&r, "61 6D 74 5F 31 32 33 34 35 36 37", "4F 4B");
    rig_talk(&r, "61 6D 74 5F 31 32 33 34 35 36 58", "46 41 49 4C 45");
    rig_talk(&r, SYNC, "01");
    rig_close(&r);
}

static void spoilt_application_header_gives_a_second_of_window_again_and_again(void **state)
{
    static const uint8_t mac[6] = {2};
    uint8_t *flash = malloc(0x200000), text[16];
    struct rig r;

    (void)state;
    assert_non_null(flash);
    assert_int_equal(pf_sim_factory("ecr6600", 1, mac, flash, 0x200000), PF_OK);
    flash[0x7004] ^= 1;
    rig_open_flash(&r, "ecr6600,start=boot,lat=0", flash, 0x200000);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rig_read(&r, text, 9, 1100), 9);
        assert_memory_equal(text, "hcrc err\n", 9);
    }
    pf_sleep(r.t, 900000);
    rig_send(&r, SYNC);
    assert_int_equal(rig_read(&r, text, 1, 20), 1);
    assert_int_equal(text[0], 0x01);
    rig_close(&r);

    memset(flash, 0xff, 0x1000); /* no partition table */
    rig_open_flash(&r, "ecr6600,start=boot", flash, 0x200000);
    assert_int_equal(rig_read(&r, text, 14, 1100), 14);
    assert_memory_equal(text, "partition err\n", 14);
    rig_close(&r);
    free(flash);
}

static void without_uboot_the_rom_listens_two_seconds_at_a_time(void **state)
{
    uint8_t *flash = malloc(0x200000);
    struct rig r;

    (void)state;
    assert_non_null(flash);
    memset(flash, 0xff, 0x200000);
    rig_open_flash(&r, "ecr6600", flash, 0x200000);
    rig_silent(&r, 2000);
    rig_talk(&r, SYNC, "01");
    rig_close(&r);
    rig_open_flash(&r, "ecr6600", flash, 0x200000);
    pf_sleep(r.t, 7000000);
    rig_talk(&r, SYNC, "01");
    rig_close(&r);
    free(flash);
}

static void application_may_ignore_the_reset_pin_but_not_the_supply(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "ecr6600,resetpad=off");
    ecr_reset(&r);
    assert_false(ecr_sync(&r, 2000));
    pf_set_power(r.t, false);
    pf_sleep(r.t, 300000);
    pf_set_power(r.t, true);
    assert_true(ecr_sync(&r, 1000));
    ecr_reset(&r); /* now nothing has disabled it */
    assert_true(ecr_sync(&r, 1000));
    rig_close(&r);
}

static void the_rom_may_listen_before_uboot(void **state)
{
    struct rig r;

    (void)state;
    for (uint32_t ms = 100; ms < 2200; ms += 100) {
        rig_open(&r, "ecr6600,romfirst=2000,start=boot");
        pf_sleep(r.t, ms * 1000);
        rig_talk(&r, SYNC, ms < 2045 || ms > 2090 ? "01" : "");
        rig_close(&r);
    }
    rig_open(&r, "ecr6600,romfirst=2000,start=boot");
    pf_sleep(r.t, 2200000); /* 45 + 2000 + 45 + 100: the application runs */
    rig_talk(&r, SYNC, "");
    rig_close(&r);
}

static void an_inverted_reset_line_lets_the_chip_run_while_asserted(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "ecr6600,reset=nrts");
    pf_set_lines(r.t, PF_LINE_RTS);
    pf_set_lines(r.t, 0);
    assert_false(ecr_sync(&r, 500));
    pf_set_lines(r.t, PF_LINE_RTS);
    assert_true(ecr_sync(&r, 500));
    rig_close(&r);
}

static void only_the_wired_line_resets(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "ecr6600,reset=dtr");
    ecr_reset(&r);
    assert_false(ecr_sync(&r, 500));
    pf_set_lines(r.t, PF_LINE_DTR);
    pf_sleep(r.t, 60000);
    pf_set_lines(r.t, 0);
    assert_true(ecr_sync(&r, 500));
    rig_close(&r);
}

static void polling_catches_every_power_cycle_of_a_patient_person(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        char spec[64];
        struct rig r;

        snprintf(spec, sizeof spec, "ecr6600,reset=none,power=on:%u", 137 + 61 * i);
        rig_open(&r, spec);
        if (!ecr_sync(&r, 5000))
            fail_msg("%s: no sync", spec);
        rig_close(&r);
    }
}

static void person_switches_again_when_the_download_stops(void **state)
{
    struct rig r;
    uint64_t resets;

    (void)state;
    rig_open(&r, "ecr6600,reset=none,power=cycle:3000");
    assert_true(ecr_sync(&r, 10000));
    ecr_header(&r, 4096);
    resets = rig_view(&r).resets;
    pf_sleep(r.t, 1900000);
    assert_int_equal(rig_view(&r).resets, resets);
    pf_sleep(r.t, 4000000);
    assert_true(rig_view(&r).resets > resets);
    assert_true(ecr_sync(&r, 10000));
    rig_close(&r);
}

static void chatty_application_prints_a_boot_log_after_the_window(void **state)
{
    static const char want[] = "\r\nplugflash synthetic application on ECR6600\r\n"
                               "sta mac 84:e3:42:12:34:56\r\n";
    char have[sizeof want];
    struct rig r;

    (void)state;
    rig_open(&r, "ecr6600,app=chatty,chat=20,mac=84:E3:42:12:34:56");
    ecr_reset(&r);
    r.t->ops->discard_input(r.t);
    rig_silent(&r, 140);
    assert_int_equal(rig_read(&r, (uint8_t *)have, sizeof want - 1, 200), sizeof want - 1);
    assert_memory_equal(have, want, sizeof want - 1);
    rig_close(&r);
}

static void lost_mac_shows_as_otp_or_default(void **state)
{
    static const char *const specs[][2] = {
        {"ecr6600,app=chatty,nv=nomac,start=boot", "sta mac 00:06:06:00:00:00"},
        {"ecr6600,app=chatty,nv=blank,start=boot,otp=84:E3:42:00:00:01",
         "sta mac 84:e3:42:00:00:01"},
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char log[256];
        struct rig r;

        rig_open(&r, specs[i][0]);
        log[rig_read(&r, (uint8_t *)log, sizeof log - 1, 600)] = '\0';
        if (!strstr(log, specs[i][1]))
            fail_msg("%s: %s", specs[i][0], log);
        rig_close(&r);
    }
}

static void loader_talks_at_its_real_rate(void **state)
{
    static const char *const specs[] = {"ecr6600,start=loader,lat=0",
                                        "ecr6600,start=loader,lat=0,xtal=26"};
    static const uint32_t rates[] = {116279, 116071};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct rig r;
        uint8_t byte;
        uint64_t start;

        rig_open(&r, specs[i]);
        rig_send(&r, SYNC);
        start = pf_now(r.t);
        assert_int_equal(rig_read(&r, &byte, 1, 10), 1);
        /* four bytes at 115200 and one at the chip's rate */
        assert_in_range(pf_now(r.t) - start, 347 + 10000000 / rates[i] - 1,
                        347 + 10000000 / rates[i] + 2);
        rig_close(&r);
    }
}

static void wrong_levels_are_garbage_and_echo_is_an_echo(void **state)
{
    uint8_t bytes[64];
    struct rig r;
    size_t n;

    (void)state;
    rig_open(&r, "ecr6600,app=chatty,levels=bad");
    assert_false(ecr_sync(&r, 100));
    n = rig_read(&r, bytes, sizeof bytes, 600);
    assert_true(n > 20);
    for (size_t i = 0; i + 5 <= n; i++)
        assert_memory_not_equal(bytes + i, "synth", 5);
    rig_close(&r);

    rig_open(&r, "ecr6600,power=on:9999999,fault=echo>@0:1000000");
    for (int i = 0; i < 10; i++)
        rig_talk(&r, SYNC, SYNC);
    rig_close(&r);
}

static void unknown_switches_are_refused(void **state)
{
    static const char *const specs[] = {
        "ecr6600,stub=2.0",  "ecr6600,boot=0",     "ecr6600,otp=01:00:00:00:00:00",
        "ecr6600,header=12", "ecr6600,efuse=3:1",  "ecr6600,efuse=0x20",
        "ecr6600,nosuch=1",  "bk7231t,start=stub", "ecr6600,efuse=",
    };
    struct rig r = {0};

    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        assert_int_equal(pf_sim_open(&r.ctx, specs[i], &r.t), PF_ERR_USAGE);
        assert_null(r.t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(window_answers_at_95_ms_and_not_at_120_ms),
        cmocka_unit_test(nobody_listens_before_the_window_opens),
        cmocka_unit_test(matcher_does_not_look_at_a_wrong_byte_again),
        cmocka_unit_test(three_stray_syncs_are_a_bad_header),
        cmocka_unit_test(sends_one_zero_per_block_for_each_published_size),
        cmocka_unit_test(realignment_by_single_zeros_works_as_executed),
        cmocka_unit_test(parser_may_already_hold_bytes_of_a_header),
        cmocka_unit_test(image_may_be_streamed_without_waiting),
        cmocka_unit_test(header_parser_waits_for_ever),
        cmocka_unit_test(bytes_behind_a_sync_are_cleared_with_the_fifo),
        cmocka_unit_test(address_of_the_header_is_ignored),
        cmocka_unit_test(anything_but_a_stub_is_dead_until_reset),
        cmocka_unit_test(damaged_stub_does_not_run),
        cmocka_unit_test(amt_selector_wants_a_digit),
        cmocka_unit_test(spoilt_application_header_gives_a_second_of_window_again_and_again),
        cmocka_unit_test(without_uboot_the_rom_listens_two_seconds_at_a_time),
        cmocka_unit_test(application_may_ignore_the_reset_pin_but_not_the_supply),
        cmocka_unit_test(the_rom_may_listen_before_uboot),
        cmocka_unit_test(an_inverted_reset_line_lets_the_chip_run_while_asserted),
        cmocka_unit_test(only_the_wired_line_resets),
        cmocka_unit_test(polling_catches_every_power_cycle_of_a_patient_person),
        cmocka_unit_test(person_switches_again_when_the_download_stops),
        cmocka_unit_test(chatty_application_prints_a_boot_log_after_the_window),
        cmocka_unit_test(lost_mac_shows_as_otp_or_default),
        cmocka_unit_test(loader_talks_at_its_real_rate),
        cmocka_unit_test(wrong_levels_are_garbage_and_echo_is_an_echo),
        cmocka_unit_test(unknown_switches_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
