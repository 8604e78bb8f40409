/* bl602_loader_test.c - the RAM loader of the virtual BL602 and its bugs
 * (reference 4, 12.3, 14). */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "sim/bl602_rig.h"

#define SPEC "bl602,mac=E6D5C4B3A2D1"
#define FAST 2000000u

static bool alive(struct rig *r)
{
    uint8_t id[8];

    r->t->ops->discard_input(r->t);
    rig_send(r, "36000000");
    return rig_read(r, id, 8, 300) == 8 && !memcmp(id, "OK\4\0", 4);
}

static void answers_every_vector_of_the_reference(void **state)
{
    static const char *const talk[][2] = {
        {"10000000", "4f4b1400ffffffff 00000000 00000000 d1a2b3c4d5e6 0000"},
        {"36000000", "4f4b0400ef401580"},
        {"3018080000000100ff0f0100", "5044 4f4b"},
        {"318d140000000100000102030405060708090a0b0c0d0e0f", "4f4b"},
        {"3a000000", "4f4b"},
        {"321908000000010010000000", "4f4b1000 000102030405060708090a0b0c0d0e0f"},
        {"3d1908000000010010000000",
         "4f4b2000 be45cb2605bf36bebde684841a28f0fd43c69850a3dce5fedba69928ee3a8991"},
        {"3007080000000000ffff0100", "5044 5044 4f4b"},
        {"3027080000000000ffff0100", "464c0301"}, /* as printed in 12.3: its sum is wrong */
        {"3100140000000100000102030405060708090a0b0c0d0e0f", "4f4b"},
        {"42000000", "4f4b0a00 d1a2b3c4d5e6 200b004e"},
        {"370e08000500000001000000", "4f4b0100 00"},
        {"3b050400ff010100", "4f4b"},
        {"36550000", "464c0301"},
        {"60000000", "4f4b"},
        {"340008000000010010000000", "4f4b1000 000102030405060708090a0b0c0d0e0f"},
        {"61000000", "4f4b"},
    };
    uint8_t in[132];
    struct rig r;

    (void)state;
    bl_loader(&r, SPEC, FAST);
    for (size_t i = 0; i < sizeof talk / sizeof *talk; i++)
        rig_talk(&r, talk[i][0], talk[i][1]);
    rig_send(&r, "418808000000000080000000");
    assert_int_equal(rig_read(&r, in, sizeof in, 100), 132);
    assert_memory_equal(in, "OK\x80\0", 4);
    rig_send(&r, "71000000");
    assert_int_equal(rig_read(&r, in, 4, 100), 4);
    assert_int_equal(rig_read(&r, in + 4, get_le16(in + 2), 100), get_le16(in + 2));
    rig_send(&r, "99000000");
    rig_silent(&r, 1000);
    rig_talk(&r, "21000000", "4f4b");
    rig_close(&r);
}

static void hashes_any_length_at_any_place(void **state)
{
    uint8_t *flash = malloc(2u << 20), sum[36], want[32];
    struct rig r;

    (void)state;
    assert_non_null(flash);
    for (size_t i = 0; i < 2u << 20; i++)
        flash[i] = (uint8_t)(i - 0xF0);
    rig_open_flash(&r, SPEC ",start=loader,session=2000000", flash, 2u << 20);
    pf_set_baud(r.t, FAST);
    rig_talk(&r, "3d250800f00000002c010000",
             "4f4b20007728ae2f2c36e2aaafbe79ca14c87ae2f89e7c88c4390ecbbf82dce88706958d");
    rig_send(&r, "3d2808000000000000002000");
    assert_int_equal(rig_read(&r, sum, 36, 2000), 36);
    pf_sha256(flash, 2u << 20, want);
    assert_memory_equal(sum + 4, want, 32);
    assert_int_equal(rig_view(&r).digest_bytes, 0x12c + (2u << 20));
    bl_send2(&r, 0x3d, 0x1ff000, 0x2000); /* around the end */
    assert_int_equal(rig_read(&r, sum, 36, 2000), 36);
    memcpy(flash + 0x1000, flash, 0x1000);
    pf_sha256(flash, 0x2000, want); /* every 256 bytes are the same */
    assert_memory_equal(sum + 4, want, 32);
    rig_close(&r);
    free(flash);
}

static void hashes_at_the_speed_it_was_given(void **state)
{
    static const struct {
        const char *spec;
        uint64_t ms;
    } speeds[] = {{SPEC ",lat=0", 500}, {SPEC ",lat=0,sha=8M", 250}};
    uint8_t sum[36];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        uint64_t from;
        struct rig r;

        bl_loader(&r, speeds[i].spec, FAST);
        from = BL_MS(&r);
        bl_send2(&r, 0x3d, 0, 2u << 20);
        assert_int_equal(rig_read(&r, sum, 36, 5000), 36);
        assert_in_range(BL_MS(&r) - from, speeds[i].ms, speeds[i].ms + 5);
        rig_close(&r);
    }
}

/* 4.2: 6 and 12 ms of 55 are fine, 15 ms spoil the session silently. */
static void a_train_of_15_ms_leaves_it_deaf_until_both_time_outs(void **state)
{
    static const size_t good[] = {600, 1200, 2400};
    uint8_t ok[2];
    struct rig r;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        bl_rom(&r, SPEC);
        assert_true(bl_upload(&r, 4));
        bl_train(&r, FAST, good[i]);
        assert_int_equal(rig_read(&r, ok, 2, 100), 2);
        pf_sleep(r.t, 30000);
        assert_true(alive(&r));
        rig_close(&r);
    }
    bl_rom(&r, SPEC);
    assert_true(bl_upload(&r, 4));
    bl_train(&r, FAST, 3000);
    assert_int_equal(rig_read(&r, ok, 2, 100), 2);
    assert_memory_equal(ok, "OK", 2);
    pf_sleep(r.t, 30000);
    assert_false(alive(&r));
    pf_sleep(r.t, 19000000);
    assert_false(alive(&r)); /* and this very probe has started the wait again */
    pf_sleep(r.t, 20500000);
    assert_true(bl_sync(&r, FAST));
    assert_true(alive(&r));
    rig_close(&r);
}

static void a_train_inside_a_session_spoils_it_for_twice_the_time_out(void **state)
{
    struct rig r;

    (void)state;
    bl_loader(&r, SPEC, FAST);
    assert_false(bl_sync(&r, FAST));
    pf_sleep(r.t, 19500000);
    bl_train(&r, FAST, 1); /* a byte more, and it begins anew */
    rig_silent(&r, 19500);
    pf_sleep(r.t, 1000000);
    assert_true(bl_sync(&r, FAST));
    rig_close(&r);

    bl_loader(&r, SPEC ",loader=mcu", FAST); /* 2 s time-outs */
    assert_false(bl_sync(&r, FAST));
    pf_sleep(r.t, 4100000);
    assert_true(bl_sync(&r, FAST));
    rig_close(&r);
}

static void a_session_ends_after_20_s_of_silence(void **state)
{
    struct rig r;

    (void)state;
    bl_loader(&r, SPEC, FAST);
    pf_sleep(r.t, 19500000);
    assert_true(alive(&r));
    pf_sleep(r.t, 20500000);
    assert_false(alive(&r));
    assert_true(bl_sync(&r, 500000)); /* another rate, since it listens again */
    assert_true(alive(&r));
    rig_close(&r);
}

static void says_ok_twelve_ms_after_the_measurement(void **state)
{
    uint8_t ok[2];
    uint64_t from;
    struct rig r;

    (void)state;
    bl_rom(&r, SPEC ",lat=0");
    assert_true(bl_upload(&r, 4));
    from = pf_now(r.t);
    bl_train(&r, FAST, 4);
    assert_int_equal(rig_read(&r, ok, 2, 100), 2);
    assert_in_range(pf_now(r.t) - from, 12000, 12100);
    rig_close(&r);
}

static void takes_no_answer_for_unknown_commands(void **state)
{
    static const char *const unknown[] = {
        "99000000", "20000800 00000000 00000000", "22000000", "35000000", "43000000", "3f000000"};
    struct rig r;

    (void)state;
    bl_loader(&r, SPEC, FAST);
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        rig_send(&r, unknown[i]);
        rig_silent(&r, 500);
        assert_true(alive(&r));
    }
    rig_close(&r);
}

static void the_third_error_ends_a_session_but_checksums_do_not_count(void **state)
{
    struct rig r;

    (void)state;
    bl_loader(&r, SPEC, FAST);
    for (unsigned i = 0; i < 5; i++)
        rig_talk(&r, "36550000", "464c0301");
    for (unsigned i = 0; i < 3; i++)
        rig_talk(&r, "30000400 00000000", "464c0200");
    assert_false(alive(&r));
    assert_true(bl_sync(&r, FAST)); /* at once: it listens */
    rig_talk(&r, "30000400 00000000", "464c0200");
    rig_talk(&r, "40550000", "464c0301"); /* a wrong sum of 40 does end it */
    assert_false(alive(&r));
    rig_close(&r);
}

static void answers_lengths_and_addresses_that_are_wrong(void **state)
{
    static const char *const talk[][2] = {
        {"31000400 00000000", "464c0400"}, {"31000500 ffffffff 00", "464c0500"},
        {"32000400 00000000", "464c0400"}, {"37000400 05000000", "464c0900"},
        {"38000400 05000000", "464c0a00"}, {"3b000300 000000", "464c0800"},
        {"41000400 00000000", "464c0404"}, {"41000800 80000000 04000000", "464c0504"},
        {"50000400 00000000", "464c0104"}, {"34000800 00000000 10000000", "464c0400"},
        {"3d000400 00000000", "464c0400"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof talk / sizeof *talk; i++) {
        struct rig r;

        rig_open(&r, SPEC ",start=loader");
        pf_set_baud(r.t, 500000);
        rig_talk(&r, talk[i][0], talk[i][1]);
        assert_true(alive(&r));
        rig_close(&r);
    }
}

/* ---- erase and write ------------------------------------------------------ */

static void says_pd_once_per_erase_and_rounds_outward(void **state)
{
    static const struct {
        uint32_t start, end;
        unsigned pds, sectors;
        uint32_t lo, hi;
    } erases[] = {
        {0x10000, 0x10FFF, 1, 1, 0x10000, 0x10FFF},
        {0x10001, 0x10001, 1, 1, 0x10000, 0x10FFF},
        {0x0, 0x1FFFF, 2, 32, 0x0, 0x1FFFF},
        {0x0, 0x1FFFFF, 32, 512, 0x0, 0x1FFFFF},
        {0x10000, 0x1F000, 1, 16, 0x10000, 0x1FFFF}, /* 60 KiB and a byte */
        {0x10000, 0x1EFFF, 8, 15, 0x10000, 0x1EFFF}, /* 32 KiB and 7 sectors */
        {0x18000, 0x1F000, 1, 8, 0x18000, 0x1FFFF},  /* 28 KiB and a byte */
        {0x1F000, 0x20FFF, 2, 2, 0x1F000, 0x20FFF},
        {0x10000, 0x11000, 2, 2, 0x10000, 0x11FFF}, /* the end is inclusive */
    };

    (void)state;
    for (size_t i = 0; i < sizeof erases / sizeof *erases; i++) {
        struct pf_sim_view v;
        unsigned pds = 0;
        struct rig r;

        rig_open(&r, SPEC ",start=loader,winbond=0");
        pf_set_baud(r.t, 500000);
        assert_string_equal(bl_erase(&r, erases[i].start, erases[i].end, &pds), "OK");
        v = rig_view(&r);
        if (pds != erases[i].pds || v.erases != erases[i].sectors || v.touched_lo != erases[i].lo ||
            v.touched_hi != erases[i].hi)
            fail_msg("erase %zu: %u PD, %u sectors, 0x%x..0x%x", i, pds, (unsigned)v.erases,
                     (unsigned)v.touched_lo, (unsigned)v.touched_hi);
        assert_true(pf_is_blank(v.flash + erases[i].lo, erases[i].hi - erases[i].lo + 1));
        rig_close(&r);
    }
}

static void an_end_before_the_start_erases_nothing_and_is_ok(void **state)
{
    unsigned pds = 9;
    struct rig r;

    (void)state;
    rig_open(&r, SPEC ",start=loader");
    pf_set_baud(r.t, 500000);
    assert_string_equal(bl_erase(&r, 0x20000, 0x1FFFF, &pds), "OK");
    assert_int_equal(pds, 0);
    assert_int_equal(rig_view(&r).ops, 0);
    rig_close(&r);
}

static void leaves_long_blank_ranges_of_winbond_parts_alone(void **state)
{
    static const struct {
        const char *spec;
        uint32_t end;
        unsigned sectors;
    } erases[] = {
        {SPEC ",start=loader", 0xE2FFF, 0},
        {SPEC ",start=loader", 0xE27FE, 3},
        {SPEC ",start=loader,winbond=0", 0xE2FFF, 3},
        {SPEC ",start=loader,jedec=C84015", 0xE2FFF, 3},
    };

    (void)state;
    for (size_t i = 0; i < sizeof erases / sizeof *erases; i++) {
        struct rig r;

        rig_open(&r, erases[i].spec);
        pf_set_baud(r.t, 500000);
        assert_true(pf_is_blank(rig_view(&r).flash + 0xE0000, 0x3000));
        assert_string_equal(bl_erase(&r, 0xE0000, erases[i].end, NULL), "OK");
        assert_int_equal(rig_view(&r).erases, erases[i].sectors);
        rig_close(&r);
    }
}

static void chip_erase_says_pd_about_once_a_second(void **state)
{
    uint8_t two[2];
    unsigned pds = 0;
    uint64_t from;
    struct rig r;

    (void)state;
    rig_open(&r, SPEC ",start=loader,lat=0");
    pf_set_baud(r.t, 500000);
    from = BL_MS(&r);
    rig_send(&r, "3c000000");
    while (rig_read(&r, two, 2, 2000) == 2 && !memcmp(two, "PD", 2)) {
        pds++;
        assert_in_range(BL_MS(&r) - from, pds * 1000, pds * 1000 + 2);
    }
    assert_memory_equal(two, "OK", 2);
    assert_int_equal(pds, 4); /* 32 blocks of 150 ms */
    assert_true(pf_is_blank(rig_view(&r).flash, 2u << 20));
    rig_close(&r);
}

static void says_ok_before_it_programs(void **state)
{
    uint8_t payload[4 + 4096] = {0, 0, 0x0e};
    uint64_t from;
    struct rig r;

    (void)state;
    rig_open(&r, SPEC ",start=loader,session=2000000,lat=0,jedec=C84015");
    pf_set_baud(r.t, FAST);
    assert_string_equal(bl_erase(&r, 0xE0000, 0xE0FFF, NULL), "OK");
    bl_send(&r, 0x31, payload, sizeof payload);
    r.t->ops->drain(r.t);
    from = pf_now(r.t);
    bl_expect2(&r, "OK");
    assert_true(pf_now(r.t) - from < 1000);
    assert_int_equal(rig_view(&r).flash[0xE0FFF], 0xFF);
    rig_talk(&r, "3a000000", "4f4b"); /* waits behind the pages */
    assert_true(pf_now(r.t) - from >= 8000);
    assert_int_equal(rig_view(&r).flash[0xE0FFF], 0);
    assert_int_equal(rig_view(&r).violations, 0);
    rig_close(&r);
}

static void receives_the_next_frame_while_it_programs(void **state)
{
    uint8_t payload[4 + 2048];
    struct rig r;

    (void)state;
    rig_open(&r, SPEC ",start=loader,session=2000000,tpage=2000");
    pf_set_baud(r.t, FAST);
    assert_string_equal(bl_erase(&r, 0x20000, 0x2FFFF, NULL), "OK");
    for (uint32_t at = 0x20000; at < 0x30000; at += 2048) {
        put_le32(payload, at);
        for (uint32_t i = 0; i < 2048; i++)
            payload[4 + i] = (uint8_t)(at >> 11 ^ i);
        bl_send(&r, 0x31, payload, sizeof payload);
        bl_expect2(&r, "OK");
    }
    rig_talk(&r, "3a000000", "4f4b");
    for (uint32_t at = 0x20000; at < 0x30000; at++)
        assert_int_equal(rig_view(&r).flash[at], (uint8_t)((at & ~2047u) >> 11 ^ (at & 2047)));
    rig_close(&r);
}

static void loses_what_follows_a_frame_too_closely(void **state)
{
    uint8_t in[64];
    struct rig r;

    (void)state;
    rig_open(&r, SPEC ",start=loader");
    pf_set_baud(r.t, 500000);
    rig_send(&r, "36000000 36000000 42000000");
    assert_true(rig_read(&r, in, sizeof in, 1000) < 8 + 8 + 14);
    rig_close(&r);
}

static void a_write_that_failed_shows_on_the_next_write_and_on_write_check(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, SPEC ",start=loader,fault=status@1"); /* 0 is the erase */
    pf_set_baud(r.t, 500000);
    assert_string_equal(bl_erase(&r, 0x10000, 0x10FFF, NULL), "OK");
    rig_talk(&r, "31000500 00000100 00", "4f4b");
    rig_talk(&r, "31000500 00000100 00", "464c0600");
    rig_talk(&r, "3a000000", "464c0600");
    assert_int_equal(rig_view(&r).programs, 0);
    assert_string_equal(bl_erase(&r, 0x10000, 0x10FFF, NULL), "OK"); /* forgives */
    rig_talk(&r, "3a000000", "4f4b");
    rig_close(&r);

    rig_open(&r, SPEC ",start=loader,tpage=20000"); /* beyond 3 times 5 ms */
    pf_set_baud(r.t, 500000);
    rig_talk(&r, "31000500 00000e00 00", "4f4b");
    rig_talk(&r, "3a000000", "464c0600");
    rig_close(&r);
}

static void only_the_hash_sees_a_program_that_did_nothing(void **state)
{
    uint8_t sum[36], want[32];
    struct rig r;

    (void)state;
    rig_open(&r, SPEC ",start=loader,fault=lie@0,sr=0200");
    pf_set_baud(r.t, 500000);
    rig_talk(&r, "31000500 00000e00 5a", "4f4b");
    rig_talk(&r, "3a000000", "4f4b");
    bl_send2(&r, 0x3d, 0xE0000, 1);
    assert_int_equal(rig_read(&r, sum, 36, 1000), 36);
    pf_sha256("\xff", 1, want);
    assert_memory_equal(sum + 4, want, 32);
    rig_close(&r);
}

static void an_erase_may_fail_or_take_too_long(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, SPEC ",start=loader,fault=status@0");
    pf_set_baud(r.t, 500000);
    assert_string_equal(bl_erase(&r, 0x10000, 0x10FFF, NULL), "FL");
    rig_expect(&r, "0300");
    assert_int_equal(rig_view(&r).erases, 0);
    rig_close(&r);

    rig_open(&r, SPEC ",start=loader,terase=1000");
    pf_set_baud(r.t, 500000);
    assert_string_equal(bl_erase(&r, 0x10000, 0x10FFF, NULL), "FL"); /* 3 times 300 ms */
    rig_expect(&r, "0300");
    rig_close(&r);

    rig_open(&r, SPEC ",start=loader,terase=800");
    pf_set_baud(r.t, 500000);
    assert_string_equal(bl_erase(&r, 0x10000, 0x10FFF, NULL), "OK");
    rig_close(&r);
}

static void protected_flash_ignores_it_without_a_word(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, SPEC ",start=loader,sr=021C");
    pf_set_baud(r.t, 500000);
    assert_string_equal(bl_erase(&r, 0x0, 0xFFF, NULL), "OK");
    assert_memory_equal(rig_view(&r).flash, "BFNP", 4);
    rig_talk(&r, "38000c00 01000000 02000000 00020000", "4f4b");
    rig_talk(&r, "37000800 05000000 01000000", "4f4b0100 00");
    rig_talk(&r, "37000800 35000000 01000000", "4f4b0100 02");
    assert_string_equal(bl_erase(&r, 0x0, 0xFFF, NULL), "OK");
    assert_true(pf_is_blank(rig_view(&r).flash, 0x1000));
    rig_close(&r);
}

static void writing_over_data_counts_as_a_violation(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, SPEC ",start=loader");
    pf_set_baud(r.t, 500000);
    rig_talk(&r, "31000600 00000e00 00ff", "4f4b");
    rig_talk(&r, "3a000000", "4f4b");
    assert_int_equal(rig_view(&r).violations, 0);
    rig_talk(&r, "31000500 00000e00 5a", "4f4b");
    rig_talk(&r, "3a000000", "4f4b");
    assert_int_equal(rig_view(&r).violations, 1);
    rig_close(&r);
}

static void writes_any_length_at_any_place_up_to_its_buffer(void **state)
{
    static const struct {
        const char *spec;
        uint32_t len;
        bool taken;
    } writes[] = {
        {SPEC ",start=loader", 16384, true},
        {SPEC ",start=loader", 16385, false},
        {SPEC ",start=loader,loader=blflash", 8192, true},
        {SPEC ",start=loader,loader=blflash", 8193, false},
    };
    uint8_t *payload = calloc(1, 4 + 16385);

    (void)state;
    assert_non_null(payload);
    put_le32(payload, 0xE0123);
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        uint8_t two[2];
        struct rig r;

        rig_open(&r, writes[i].spec);
        pf_set_baud(r.t, 500000);
        bl_send(&r, 0x31, payload, 4 + writes[i].len);
        assert_int_equal(rig_read(&r, two, 2, 2000) == 2, writes[i].taken);
        if (writes[i].taken) {
            rig_talk(&r, "3a000000", "4f4b");
            assert_int_equal(rig_view(&r).flash[0xE0122], 0xFF);
            assert_int_equal(rig_view(&r).flash[0xE0123], 0);
            assert_int_equal(rig_view(&r).flash[0xE0122 + writes[i].len], 0);
            assert_int_equal(rig_view(&r).flash[0xE0123 + writes[i].len], 0xFF);
        }
        rig_close(&r);
    }
    free(payload);
}

static void power_that_goes_leaves_a_sector_half_done(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, SPEC ",start=loader,strap=high,fault=powercut@1:100");
    pf_set_baud(r.t, 500000);
    assert_string_equal(bl_erase(&r, 0x10000, 0x12FFF, NULL), "");
    assert_int_equal(rig_view(&r).ops, 2);
    assert_true(pf_is_blank(rig_view(&r).flash + 0x10000, 0x1000));
    assert_false(pf_is_blank(rig_view(&r).flash + 0x11000, 0x1000));
    assert_false(alive(&r));
    pf_sleep(r.t, 3000000);
    assert_true(bl_sync(&r, 500000)); /* the ROM */
    rig_close(&r);
}

static void a_reset_in_the_middle_of_an_erase_stops_it(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, SPEC ",start=loader,strap=high,fault=reset@2");
    pf_set_baud(r.t, 500000);
    assert_string_equal(bl_erase(&r, 0x10000, 0x14FFF, NULL), "");
    assert_int_equal(rig_view(&r).ops, 2);
    assert_true(bl_sync(&r, 500000));
    rig_close(&r);
}

/* ---- reading -------------------------------------------------------------- */

static void reads_at_most_16388_bytes_and_wraps_at_the_end(void **state)
{
    uint8_t *in = malloc(4 + 0x4004);
    struct rig r;

    (void)state;
    assert_non_null(in);
    rig_open(&r, SPEC ",start=loader");
    pf_set_baud(r.t, 500000);
    bl_send2(&r, 0x32, 0, 0x10000);
    assert_int_equal(rig_read(&r, in, 4 + 0x4004, 2000), 4 + 0x4004);
    assert_int_equal(get_le16(in + 2), 0x4004);
    assert_memory_equal(in + 4, rig_view(&r).flash, 0x4004);
    rig_silent(&r, 50);
    assert_true(bl_read(&r, 0x200000 + 0xE000, in, 16)); /* beyond 2 MiB */
    assert_memory_equal(in, "BFPT", 4);
    rig_close(&r);
    free(in);
}

static void memory_read_repeats_its_first_word(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, SPEC ",start=loader");
    pf_set_baud(r.t, 500000);
    rig_talk(&r, "50001000 00000222 78563412 04000222 11111111", "4f4b");
    rig_talk(&r, "51000800 00000222 08000000", "4f4b0800 78563412 78563412");
    rig_talk(&r, "51000800 04000222 04000000", "4f4b0400 11111111");
    rig_close(&r);
}

/* 2 MiB in 4 KiB chunks at 921600: 23.4 s with 1 ms latency, 31.0 s with 16,
 * less what the loader's divider sends faster than asked (930233). */
static void reading_two_megabytes_takes_the_documented_time(void **state)
{
    static const struct {
        const char *spec;
        uint64_t lo, hi;
    } runs[] = {{SPEC ",lat=1", 23000, 23500}, {SPEC ",lat=16", 30700, 31100}};
    uint8_t page[4096];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        uint64_t from;
        struct rig r;

        bl_loader(&r, runs[i].spec, 921600);
        from = BL_MS(&r);
        for (uint32_t at = 0; at < 2u << 20; at += sizeof page) {
            assert_true(bl_read(&r, at, page, sizeof page));
            assert_memory_equal(page, rig_view(&r).flash + at, sizeof page);
        }
        assert_in_range(BL_MS(&r) - from, runs[i].lo, runs[i].hi);
        rig_close(&r);
    }
}

/* ---- builds, crystals, sessions ------------------------------------------- */

static void older_builds_lack_boot_info_and_show_other_flags(void **state)
{
    static const struct {
        const char *spec, *id;
        bool info;
    } builds[] = {
        {SPEC ",loader=1.9.0", "4f4b0400ef401580", true},
        {SPEC ",loader=sdk", "4f4b0400ef401580", true},
        {SPEC ",loader=1.4.8", "4f4b0400ef401500", false},
        {SPEC ",loader=rc32m", "4f4b0400ef40152f", false},
        {SPEC ",loader=blflash,idflag=0x11", "4f4b0400ef401511", false},
        {SPEC ",size=4M", "4f4b0400ef401680", true},
        {SPEC ",size=1M,jedec=C86514", "4f4b0400c8651480", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof builds / sizeof *builds; i++) {
        uint8_t in[24];
        struct rig r;

        bl_loader(&r, builds[i].spec, 500000);
        rig_talk(&r, "36000000", builds[i].id);
        rig_send(&r, "10000000");
        assert_int_equal(rig_read(&r, in, 24, 500), builds[i].info ? 24 : 0);
        rig_close(&r);
    }
}

/* 14.2 */
static void a_loader_for_another_crystal_loses_the_high_rates(void **state)
{
    static const struct {
        const char *spec;
        uint32_t baud;
        bool works;
    } runs[] = {
        {SPEC ",xtal=40", 2000000, true},   {SPEC ",xtal=26", 500000, true},
        {SPEC ",xtal=26", 2000000, true},   {SPEC ",xtal=38.4", 1000000, true},
        {SPEC ",xtal=38.4", 2000000, true}, {SPEC ",xtal=24", 115200, true},
        {SPEC ",xtal=24", 500000, true},    {SPEC ",xtal=24", 1000000, false},
        {SPEC ",xtal=24", 2000000, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        struct rig r;
        bool works;

        bl_rom(&r, runs[i].spec);
        assert_true(bl_upload(&r, 4));
        works = bl_sync(&r, runs[i].baud) && alive(&r);
        if (works != runs[i].works)
            fail_msg("%s at %u: %d", runs[i].spec, (unsigned)runs[i].baud, works);
        rig_close(&r);
    }
    struct rig r;

    bl_rom(&r, SPEC ",xtal=24");
    assert_true(bl_upload(&r, 1)); /* the right word for 24 MHz */
    assert_true(bl_sync(&r, 2000000));
    assert_true(alive(&r));
    rig_close(&r);
}

static void a_loader_found_running_answers_a_probe_at_its_rate(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, SPEC ",start=loader");
    pf_set_baud(r.t, 500000);
    assert_true(alive(&r));
    rig_close(&r);

    rig_open(&r, SPEC ",start=loader,session=921600");
    pf_set_baud(r.t, 921600);
    assert_true(alive(&r));
    rig_close(&r);

    rig_open(&r, SPEC ",start=loader,session=0");
    pf_set_baud(r.t, 500000);
    assert_false(alive(&r));
    assert_true(bl_sync(&r, 500000));
    assert_true(alive(&r));
    rig_close(&r);
}

static void reset_leads_to_what_the_strap_says(void **state)
{
    struct rig r;

    (void)state;
    bl_loader(&r, SPEC, 500000);
    rig_talk(&r, "21000000", "4f4b");
    pf_sleep(r.t, 20000);
    assert_true(bl_sync(&r, 500000)); /* high: the ROM again */
    rig_talk(&r, "10000000", "4f4b 1400 01000000 00000000 00000000 d1a2b3c4d5e6 0000");
    rig_close(&r);

    bl_loader(&r, SPEC, 500000);
    pf_set_lines(r.t, 0);
    rig_talk(&r, "21000000", "4f4b");
    pf_sleep(r.t, 20000);
    assert_false(rig_view(&r).in_loader);
    rig_close(&r);
}

static void a_lost_byte_ends_in_a_wrong_checksum(void **state)
{
    uint8_t in[32];
    struct rig r;

    (void)state;
    rig_open(&r, SPEC ",start=loader,fault=drop>@5");
    pf_set_baud(r.t, 500000);
    rig_send(&r, "321908000000010010000000");
    rig_silent(&r, 1000);
    rig_send(&r, "36000000"); /* its first byte completes the frame */
    assert_int_equal(rig_read(&r, in, 4, 500), 4);
    assert_memory_equal(in, "FL\3\1", 4);
    rig_close(&r);
}

static void the_hash_answer_may_be_wrong_on_purpose(void **state)
{
    uint8_t sum[36], again[36];
    struct rig r;

    (void)state;
    rig_open(&r, SPEC ",start=loader,fault=wrongcrc@0");
    pf_set_baud(r.t, 500000);
    bl_send2(&r, 0x3d, 0, 0x1000);
    assert_int_equal(rig_read(&r, sum, 36, 500), 36);
    bl_send2(&r, 0x3d, 0, 0x1000);
    assert_int_equal(rig_read(&r, again, 36, 500), 36);
    assert_memory_not_equal(sum, again, 36);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_every_vector_of_the_reference),
        cmocka_unit_test(hashes_any_length_at_any_place),
        cmocka_unit_test(hashes_at_the_speed_it_was_given),
        cmocka_unit_test(a_train_of_15_ms_leaves_it_deaf_until_both_time_outs),
        cmocka_unit_test(a_train_inside_a_session_spoils_it_for_twice_the_time_out),
        cmocka_unit_test(a_session_ends_after_20_s_of_silence),
        cmocka_unit_test(says_ok_twelve_ms_after_the_measurement),
        cmocka_unit_test(takes_no_answer_for_unknown_commands),
        cmocka_unit_test(the_third_error_ends_a_session_but_checksums_do_not_count),
        cmocka_unit_test(answers_lengths_and_addresses_that_are_wrong),
        cmocka_unit_test(says_pd_once_per_erase_and_rounds_outward),
        cmocka_unit_test(an_end_before_the_start_erases_nothing_and_is_ok),
        cmocka_unit_test(leaves_long_blank_ranges_of_winbond_parts_alone),
        cmocka_unit_test(chip_erase_says_pd_about_once_a_second),
        cmocka_unit_test(says_ok_before_it_programs),
        cmocka_unit_test(receives_the_next_frame_while_it_programs),
        cmocka_unit_test(loses_what_follows_a_frame_too_closely),
        cmocka_unit_test(a_write_that_failed_shows_on_the_next_write_and_on_write_check),
        cmocka_unit_test(only_the_hash_sees_a_program_that_did_nothing),
        cmocka_unit_test(an_erase_may_fail_or_take_too_long),
        cmocka_unit_test(protected_flash_ignores_it_without_a_word),
        cmocka_unit_test(writing_over_data_counts_as_a_violation),
        cmocka_unit_test(writes_any_length_at_any_place_up_to_its_buffer),
        cmocka_unit_test(power_that_goes_leaves_a_sector_half_done),
        cmocka_unit_test(a_reset_in_the_middle_of_an_erase_stops_it),
        cmocka_unit_test(reads_at_most_16388_bytes_and_wraps_at_the_end),
        cmocka_unit_test(memory_read_repeats_its_first_word),
        cmocka_unit_test(reading_two_megabytes_takes_the_documented_time),
        cmocka_unit_test(older_builds_lack_boot_info_and_show_other_flags),
        cmocka_unit_test(a_loader_for_another_crystal_loses_the_high_rates),
        cmocka_unit_test(a_loader_found_running_answers_a_probe_at_its_rate),
        cmocka_unit_test(reset_leads_to_what_the_strap_says),
        cmocka_unit_test(a_lost_byte_ends_in_a_wrong_checksum),
        cmocka_unit_test(the_hash_answer_may_be_wrong_on_purpose),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
