/* bl602_rom_test.c - the mask ROM of the virtual BL602, byte for byte
 * (reference 2, 3, 12.2). */
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "sim/bl602_rig.h"

#define SPEC "bl602,mac=E6D5C4B3A2D1"

static const char tiny_header[] =
    "1100b00042464e50010000000000000000000000000000000000000000000000000000000000000000000000000000"
    "00"
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "00"
    "00000000000000000000000000000000000000000000000000000000010000000000012200000122e29bc8cb883d49"
    "1b"
    "c6a202e5b1fd5befb5b2ecdccb09c592ffa5cbc4e2db31f9000000000000000024b264d9";
static const char tiny_segment[] = "170010000000012228000000f651640d75a1d0a3";
static const char tiny_data[] =
    "180028007370043037a50040930580042304b508930590042304b50801a01300000001"
    "000000000000000000";

/* The tiny image's header with `cfg`, `segments` and its CRC made right again. */
static void send_header(struct rig *r, uint32_t cfg, uint32_t segments)
{
    uint8_t frame[180];

    assert_int_equal(rig_hex(tiny_header, frame, sizeof frame), sizeof frame);
    put_le32(frame + 4 + 116, cfg);
    put_le32(frame + 4 + 120, segments);
    put_le32(frame + 4 + 172, pf_crc32(0, frame + 4, 172));
    assert_int_equal(r->t->ops->write(r->t, frame, sizeof frame), PF_OK);
}

static bool alive(struct rig *r)
{
    uint8_t info[24];

    r->t->ops->discard_input(r->t);
    rig_send(r, "10000000");
    return rig_read(r, info, 24, 100) == 24 && !memcmp(info, "OK\x14\0", 4);
}

static void answers_every_vector_of_the_reference(void **state)
{
    static const char *const talk[][2] = {
        {"10000000", "4f4b 1400 01000000 00000000 00000000 d1a2b3c4d5e6 0000"},
        {tiny_header, "4f4b"},
        {tiny_segment, "4f4b 1000 0000012228000000f651640d75a1d0a3"},
        {tiny_data, "4f4b"},
        {"19000000", "4f4b"},
        {"510008000008012104000000", "4f4b 0400 02000206"},
        {"500008000000022278563412", "4f4b"},
        {"510008000000022204000000", "4f4b 0400 78563412"},
        {"510008000000024204000000", "4f4b 0400 78563412"}, /* the same byte by another bus */
        {"1a000000", "4f4b"},
    };
    struct rig r;

    (void)state;
    bl_rom(&r, SPEC);
    for (size_t i = 0; i < sizeof talk / sizeof *talk; i++)
        rig_talk(&r, talk[i][0], talk[i][1]);
    rig_close(&r);
}

static void what_it_runs_needs_a_train_of_its_own(void **state)
{
    struct rig r;

    (void)state;
    bl_rom(&r, SPEC);
    assert_true(bl_upload(&r, 4));
    assert_false(alive(&r));
    assert_true(bl_sync(&r, 2000000));
    rig_talk(&r, "36000000", "4f4b0400ef401580");
    rig_close(&r);
}

static void an_image_that_crashes_is_never_heard_of_again(void **state)
{
    struct rig r;

    (void)state;
    bl_rom(&r, SPEC ",runs=nothing");
    assert_true(bl_upload(&r, 4));
    assert_false(bl_sync(&r, 2000000));
    pf_sleep(r.t, 60000000);
    assert_false(bl_sync(&r, 500000));
    bl_reset_to_rom(&r);
    assert_true(bl_sync(&r, 500000));
    rig_close(&r);
}

static void names_what_is_wrong_with_an_image_and_goes_on(void **state)
{
    static const char *const talk[][2] = {
        {tiny_data, "464c0401"},                                  /* 18 too early */
        {"1a000000", "464c0401"},                                 /* run too early */
        {"19000000", "464c1602"},                                 /* check too early */
        {"170010000000012228000000f651640d75a1d0a3", "464c0401"}, /* 17 too early */
        {"1100010042", "464c0102"},                               /* header length */
        {"12000100ff", "464c0401"},
        {tiny_header, "4f4b"},
        {"170010000000012228000000f651640d75a1d0a4", "464c1002"}, /* segment CRC */
        {"170001000000", "464c0f02"},
        {tiny_segment, "4f4b10000000012228000000f651640d75a1d0a3"},
        {"18000000", "464c1202"},
        {"1900 0000", "464c1602"},
    };
    struct rig r;
    uint8_t frame[180];

    (void)state;
    bl_rom(&r, SPEC);
    for (size_t i = 0; i < sizeof talk / sizeof *talk; i++)
        rig_talk(&r, talk[i][0], talk[i][1]);
    rig_hex(tiny_header, frame, sizeof frame);
    frame[4] = 'X';
    r.t->ops->write(r.t, frame, sizeof frame);
    rig_expect(&r, "464c0302"); /* magic */
    frame[4] = 'B';
    frame[60] ^= 1;
    r.t->ops->write(r.t, frame, sizeof frame);
    rig_expect(&r, "464c0402"); /* CRC */
    send_header(&r, 0, 0);
    rig_expect(&r, "464c0702"); /* no segments */
    send_header(&r, 1, 1);
    rig_expect(&r, "464c0602"); /* signed */
    send_header(&r, 4, 1);
    rig_expect(&r, "464c0502"); /* encrypted */
    send_header(&r, 0x400, 1);
    rig_expect(&r, "464c0202"); /* not to be loaded */
    rig_close(&r);
}

/* DevCube 1.9.0, which is BK7231GUI's Floader: its header waives CRC and hash (12.2). */
static void takes_the_newest_vendor_loaders_headers(void **state)
{
    uint8_t frame[180] = {0x11, 0, 176, 0, 'B', 'F', 'N', 'P', 1};
    struct rig r;

    (void)state;
    bl_rom(&r, SPEC);
    put_le32(frame + 4 + 116, 0x00030300);
    put_le32(frame + 4 + 120, 1);
    put_le32(frame + 4 + 128, 0x22010000);
    put_le32(frame + 4 + 132, 0xDEADBEEF);
    put_le32(frame + 4 + 172, 0xDEADBEEF);
    r.t->ops->write(r.t, frame, sizeof frame);
    rig_expect(&r, "4f4b");
    rig_talk(&r, "17001000 00000122 C0960000 659499CB 333E7994",
             "4f4b1000 00000122 C0960000 659499CB 333E7994");
    rig_close(&r);
}

static void wrong_voltages_leave_it_deaf(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, SPEC ",levels=bad,app=silent");
    bl_reset_to_rom(&r);
    assert_false(bl_sync(&r, 500000));
    rig_close(&r);
}

static void refuses_segments_outside_ram(void **state)
{
    static const struct {
        uint32_t at, len;
        bool good;
    } spans[] = {
        {0x22004000, 0x100, false},      {0x22008000, 0x100, true},  {0x2204BF00, 0x100, true},
        {0x2204BF01, 0x100, false},      {0x42020000, 0x1000, true}, {0x62020000, 0x100, false},
        {0x22008000, 0xFFFFFFFF, false},
    };
    struct rig r;

    (void)state;
    bl_rom(&r, SPEC);
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        uint8_t frame[20] = {0x17, 0, 16, 0}, answer[20];

        put_le32(frame + 4, spans[i].at);
        put_le32(frame + 8, spans[i].len);
        put_le32(frame + 16, pf_crc32(0, frame + 4, 12));
        rig_talk(&r, tiny_header, "4f4b");
        r.t->ops->write(r.t, frame, sizeof frame);
        if (spans[i].good) {
            assert_int_equal(rig_read(&r, answer, 20, 100), 20);
            assert_memory_equal(answer, "OK", 2);
        } else {
            rig_expect(&r, "464c1102");
        }
    }
    rig_close(&r);
}

static void refuses_too_much_data_and_a_wrong_hash(void **state)
{
    uint8_t data[4 + 41] = {0x18, 0, 41, 0};
    struct rig r;

    (void)state;
    bl_rom(&r, SPEC);
    rig_talk(&r, tiny_header, "4f4b");
    rig_talk(&r, tiny_segment, "4f4b10000000012228000000f651640d75a1d0a3");
    r.t->ops->write(r.t, data, sizeof data);
    rig_expect(&r, "464c1402");
    data[2] = 40;
    r.t->ops->write(r.t, data, 44);
    rig_expect(&r, "4f4b");
    rig_talk(&r, "19000000", "464c1702");
    rig_talk(&r, "1a000000", "464c0401");
    rig_close(&r);
}

static void a_crc_is_waived_only_with_both_signs(void **state)
{
    struct rig r;
    uint8_t frame[180];

    (void)state;
    bl_rom(&r, SPEC);
    rig_hex(tiny_header, frame, sizeof frame);
    put_le32(frame + 4 + 172, 0xDEADBEEF);
    r.t->ops->write(r.t, frame, sizeof frame);
    rig_expect(&r, "464c0402");
    put_le32(frame + 4 + 116, 0x10000);
    r.t->ops->write(r.t, frame, sizeof frame);
    rig_expect(&r, "4f4b");
    put_le32(frame + 4 + 172, 0xDEADBEEE);
    r.t->ops->write(r.t, frame, sizeof frame);
    rig_expect(&r, "464c0402");
    rig_close(&r);
}

/* 3.2: the ROM has no flash read, and takes its address for commands. */
static void skips_unknown_ids_byte_by_byte(void **state)
{
    struct rig r;

    (void)state;
    bl_rom(&r, SPEC);
    rig_talk(&r, "320008000000000010000000",
             "4f4b 1400 01000000 00000000 00000000 d1a2b3c4d5e6 0000");
    rig_send(&r, "99000000 36000000 3d000000 55555555 ff");
    rig_silent(&r, 100);
    assert_true(alive(&r));
    rig_close(&r);
}

static void a_length_beyond_4092_drops_the_session(void **state)
{
    struct rig r;

    (void)state;
    bl_rom(&r, SPEC);
    rig_talk(&r, "1800fd0f", "464c0201");
    assert_false(alive(&r));
    assert_true(bl_sync(&r, 500000));
    assert_true(alive(&r));
    rig_close(&r);
}

static void a_session_survives_1500_ms_of_silence_but_not_2200(void **state)
{
    struct rig r;

    (void)state;
    bl_rom(&r, SPEC);
    pf_sleep(r.t, 1500000);
    assert_true(alive(&r));
    pf_sleep(r.t, 2200000);
    assert_false(alive(&r));
    assert_true(bl_sync(&r, 500000));
    assert_true(alive(&r));
    rig_close(&r);
}

static void half_a_frame_swallows_what_follows_until_the_time_out(void **state)
{
    struct rig r;

    (void)state;
    bl_rom(&r, SPEC);
    rig_send(&r, "1100b000 42464e50");
    assert_false(alive(&r));
    pf_sleep(r.t, 2200000);
    assert_true(bl_sync(&r, 500000));
    assert_true(alive(&r));
    rig_close(&r);
}

static void syncs_at_every_rate_the_vendor_promises(void **state)
{
    static const uint32_t bauds[] = {57600, 115200, 230400, 460800, 500000};
    struct rig r;

    (void)state;
    rig_open(&r, SPEC);
    for (size_t i = 0; i < sizeof bauds / sizeof *bauds; i++) {
        bl_reset_to_rom(&r);
        assert_true(bl_sync(&r, bauds[i]));
        assert_true(alive(&r));
    }
    rig_close(&r);
}

static void answers_garbage_above_its_rate_unless_told_otherwise(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, SPEC);
    bl_reset_to_rom(&r);
    assert_false(bl_sync(&r, 921600));
    pf_sleep(r.t, 2200000); /* the session it believes in ends */
    assert_true(bl_sync(&r, 500000));
    rig_close(&r);

    rig_open(&r, SPEC ",rommax=2000000");
    bl_reset_to_rom(&r);
    assert_true(bl_sync(&r, 2000000));
    assert_true(alive(&r));
    rig_close(&r);
}

/* 8 ms from the measurement to the answer. */
static void says_ok_eight_ms_after_the_measurement(void **state)
{
    uint8_t ok[2];
    uint64_t from;
    struct rig r;

    (void)state;
    rig_open(&r, SPEC ",sdio=0,lat=0");
    bl_reset_to_rom(&r);
    from = pf_now(r.t);
    bl_train(&r, 500000, 4);
    assert_int_equal(rig_read(&r, ok, 2, 100), 2);
    assert_in_range(pf_now(r.t) - from, 8000, 8300);
    rig_close(&r);
}

static void a_long_train_does_it_no_harm(void **state)
{
    uint8_t ok[2];
    struct rig r;

    (void)state;
    rig_open(&r, SPEC);
    bl_reset_to_rom(&r);
    bl_train(&r, 500000, 5000);
    assert_int_equal(rig_read(&r, ok, 2, 10), 2);
    assert_memory_equal(ok, "OK", 2);
    assert_true(alive(&r));
    rig_close(&r);
}

/* It looks at SDIO half of the time: a train must be longer than that. */
static void misses_short_trains_while_it_looks_at_sdio(void **state)
{
    unsigned heard = 0, missed = 0;
    struct rig r;

    (void)state;
    rig_open(&r, SPEC);
    for (unsigned i = 0; i < 20; i++) {
        uint8_t ok[2];

        bl_reset_to_rom(&r);
        pf_sleep(r.t, i * 200);
        bl_train(&r, 500000, 10);
        if (rig_read(&r, ok, 2, 50) == 2)
            heard++;
        else
            missed++;
    }
    assert_true(heard >= 5 && missed >= 5);
    rig_close(&r);
}

static void other_bytes_do_not_start_a_session_unless_measured(void **state)
{
    uint8_t junk[8];
    struct rig r;

    (void)state;
    rig_open(&r, SPEC);
    bl_reset_to_rom(&r);
    pf_set_baud(r.t, 500000);
    rig_send(&r, "36000000 10000000");
    rig_silent(&r, 100);
    assert_true(bl_sync(&r, 500000));
    rig_close(&r);

    /* abr=any: a rate from the wrong pulse, so OK is not readable and the
     * session must run out before a train is seen. */
    rig_open(&r, SPEC ",abr=any,sdio=0");
    bl_reset_to_rom(&r);
    pf_set_baud(r.t, 500000);
    rig_send(&r, "36000000");
    assert_true(rig_read(&r, junk, 8, 100) > 0);
    assert_false(bl_sync(&r, 500000));
    pf_sleep(r.t, 2200000);
    assert_true(bl_sync(&r, 500000));
    rig_close(&r);
}

/* 3.6: 500000 baud become 2500000 under its own divider. */
static void a_clock_block_in_the_header_loses_the_session(void **state)
{
    static const uint8_t clocks[] = {4, 4, 0, 1, 3, 1, 0, 0, 0xe9, 0x19, 0x30, 0x3b};
    uint8_t frame[180], answer[16];
    struct rig r;

    (void)state;
    bl_rom(&r, SPEC ",lat=0");
    rig_hex(tiny_header, frame, sizeof frame);
    memcpy(frame + 4 + 100, "PCFG", 4);
    memcpy(frame + 4 + 104, clocks, sizeof clocks);
    put_le32(frame + 4 + 172, pf_crc32(0, frame + 4, 172));
    r.t->ops->write(r.t, frame, sizeof frame);
    r.t->ops->drain(r.t);
    pf_set_baud(r.t, 2500000);
    assert_int_equal(rig_read(&r, answer, 2, 100), 2);
    assert_memory_equal(answer, "OK", 2);
    pf_set_baud(r.t, 500000);
    assert_false(alive(&r));
    pf_sleep(r.t, 2200000);
    assert_true(bl_sync(&r, 500000));

    frame[4 + 112] ^= 1; /* a wrong block CRC: ignored */
    put_le32(frame + 4 + 172, pf_crc32(0, frame + 4, 172));
    r.t->ops->write(r.t, frame, sizeof frame);
    rig_expect(&r, "4f4b");
    assert_true(alive(&r));
    rig_close(&r);
}

static void changes_its_rate_and_answers_at_the_new_one(void **state)
{
    struct rig r;

    (void)state;
    bl_rom(&r, SPEC);
    rig_talk(&r, "200001000000", "464c0103"); /* length */
    rig_send(&r, "20000800 20a10700 00c20100");
    r.t->ops->drain(r.t);
    pf_set_baud(r.t, 115200);
    rig_expect(&r, "4f4b");
    assert_true(alive(&r));
    rig_close(&r);
}

static void erases_and_writes_flash_but_cannot_read_it(void **state)
{
    struct rig r;
    struct pf_sim_view v;

    (void)state;
    bl_rom(&r, SPEC);
    rig_talk(&r, "30000800 00000100 ff0f0100", "4f4b");
    rig_talk(&r, "31001400 00000100 000102030405060708090a0b0c0d0e0f", "4f4b");
    rig_talk(&r, "300004000000", "");
    rig_talk(&r, "0000", "464c0200");
    rig_talk(&r, "31000500 ffffffff 00", "464c0500");
    v = rig_view(&r);
    assert_int_equal(v.flash[0x1000f], 15);
    assert_int_equal(v.touched_lo, 0x10000);
    assert_int_equal(v.touched_hi, 0x10fff);
    assert_int_equal(v.violations, 0);
    rig_close(&r);
}

/* While it works its UART keeps 32 bytes, and loses what comes behind them. */
static void keeps_32_bytes_while_it_works(void **state)
{
    uint8_t frames[12 + 80] = {0x30, 0, 8, 0, 0, 0, 1, 0, 0xff, 0xff, 1, 0}, in[512];
    struct rig r;

    (void)state;
    bl_rom(&r, SPEC);
    for (size_t i = 12; i < sizeof frames; i += 4)
        frames[i] = 0x10;
    r.t->ops->write(r.t, frames, sizeof frames);
    assert_int_equal(rig_read(&r, in, sizeof in, 1000), 2 + 8 * 24);
    rig_close(&r);
}

static void reads_efuse_and_never_burns_it(void **state)
{
    uint8_t in[132];
    struct rig r;

    (void)state;
    bl_rom(&r, SPEC ",swusage=0x12345");
    rig_send(&r, "41000800 00000000 80000000");
    assert_int_equal(rig_read(&r, in, sizeof in, 100), 132);
    assert_memory_equal(in, "OK\x80\0", 4);
    assert_memory_equal(in + 4 + 0x14, "\xd1\xa2\xb3\xc4\xd5\xe6", 6);
    assert_int_equal(get_le32(in + 4 + 0x10), 0x12345);
    assert_int_equal(rig_view(&r).violations, 0);
    rig_talk(&r, "40000800 00000000 ffffffff", "464c0104");
    assert_int_equal(rig_view(&r).violations, 1);
    rig_close(&r);
}

static void keeps_its_lower_half_to_itself(void **state)
{
    struct rig r;
    uint8_t in[8];

    (void)state;
    bl_rom(&r, SPEC);
    rig_talk(&r, "51000800 00000021 04000000", "464c0405");
    rig_send(&r, "51000800 00000121 04000000");
    assert_int_equal(rig_read(&r, in, 8, 100), 8);
    rig_close(&r);

    bl_rom(&r, SPEC ",swusage=0x100000");
    rig_talk(&r, "51000800 00080121 04000000", "464c0101");
    rig_close(&r);
}

static void a_fused_chip_says_so_and_refuses_images(void **state)
{
    struct rig r;

    (void)state;
    bl_rom(&r, SPEC ",sign=1,encrypt=2");
    rig_talk(&r, "10000000", "4f4b 1400 01000000 01020000 00000000 d1a2b3c4d5e6 0000");
    rig_talk(&r, tiny_header, "464c0602");
    rig_close(&r);

    bl_rom(&r, SPEC ",encrypt=1");
    rig_talk(&r, tiny_header, "464c0502");
    rig_close(&r);

    rig_open(&r, SPEC ",swusage=0x2000000"); /* UART download off */
    bl_reset_to_rom(&r);
    assert_false(bl_sync(&r, 500000));
    rig_close(&r);
}

static void reset_looks_at_the_strap_again(void **state)
{
    uint8_t in[16];
    struct rig r;

    (void)state;
    bl_rom(&r, SPEC);
    rig_talk(&r, "21000000", "4f4b");
    pf_sleep(r.t, 50000);
    assert_true(bl_sync(&r, 500000)); /* the strap is still high */
    pf_set_lines(r.t, 0);
    rig_talk(&r, "21000000", "4f4b");
    pf_set_baud(r.t, 115200);
    assert_int_equal(rig_read(&r, in, 16, 2000), 16);
    assert_memory_equal(in, "Booting", 7);
    assert_false(rig_view(&r).in_loader);
    rig_close(&r);
}

static void boots_flash_on_command(void **state)
{
    struct rig r;

    (void)state;
    bl_rom(&r, SPEC);
    rig_send(&r, "33000100ff"); /* wrong length: no answer */
    rig_silent(&r, 50);
    rig_talk(&r, "3300040000000000", "4f4b");
    pf_sleep(r.t, 10000);
    assert_false(rig_view(&r).in_loader);
    rig_close(&r);
}

/* Both wirings of reference 2.2, and the one without lines. */
static void the_strap_and_reset_may_hang_on_either_line(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, SPEC ",reset=rts,strap=ndtr"); /* DTR released: high */
    pf_set_lines(r.t, PF_LINE_RTS);
    pf_sleep(r.t, 5000);
    pf_set_lines(r.t, 0);
    pf_sleep(r.t, 100000);
    assert_true(bl_sync(&r, 500000));
    pf_set_lines(r.t, PF_LINE_RTS | PF_LINE_DTR);
    pf_set_lines(r.t, PF_LINE_DTR);
    assert_false(bl_sync(&r, 500000));
    rig_close(&r);

    rig_open(&r, SPEC ",reset=none,strap=high");
    assert_false(r.t->caps & PF_CAP_LINES);
    assert_false(bl_sync(&r, 500000)); /* the application still runs */
    pf_set_power(r.t, false);
    pf_sleep(r.t, 100000);
    pf_set_power(r.t, true);
    pf_sleep(r.t, 20000);
    assert_true(bl_sync(&r, 500000));
    rig_close(&r);

    rig_open(&r, SPEC ",reset=none,strap=low");
    pf_set_power(r.t, false);
    pf_set_power(r.t, true);
    pf_sleep(r.t, 20000);
    assert_false(bl_sync(&r, 500000));
    rig_close(&r);
}

static void a_person_holds_the_strap_until_it_is_linked(void **state)
{
    struct rig r;
    unsigned tries = 0;

    (void)state;
    rig_open(&r, SPEC ",reset=none,strap=hand,power=cycle:3000");
    while (!bl_sync(&r, 500000) && tries++ < 50)
        ;
    assert_true(tries < 50);
    rig_talk(&r, "21000000", "4f4b"); /* meanwhile the pin was let go */
    pf_sleep(r.t, 50000);
    assert_false(rig_view(&r).in_loader);
    rig_close(&r);
}

static void a_person_tries_again_when_the_session_is_lost(void **state)
{
    struct rig r;
    uint64_t resets;
    unsigned tries = 0;

    (void)state;
    rig_open(&r, SPEC ",reset=none,strap=hand,power=cycle:3000,runs=nothing");
    while (!bl_sync(&r, 500000) && tries++ < 50)
        ;
    assert_true(bl_upload(&r, 4)); /* and what runs is dead */
    resets = rig_view(&r).resets;
    pf_sleep(r.t, 4000000);
    assert_int_equal(rig_view(&r).resets, resets + 1);
    assert_true(bl_sync(&r, 500000));
    rig_close(&r);
}

static void starts_in_the_rom_when_told(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, SPEC ",start=boot,reset=none,strap=low");
    assert_true(bl_sync(&r, 500000));
    assert_true(alive(&r));
    rig_close(&r);
}

static void faults_of_the_plan_reach_the_rom(void **state)
{
    struct rig r;

    (void)state;
    bl_rom(&r, SPEC ",fault=silence@1+status@0+reset@4"); /* reply 0 is OK */
    assert_false(alive(&r));
    assert_true(alive(&r));
    rig_talk(&r, "30000800 00000100 ff0f0100", "464c0300");
    assert_false(alive(&r)); /* it has reset itself */
    assert_true(bl_sync(&r, 500000));
    assert_true(rig_view(&r).fault_fired);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_every_vector_of_the_reference),
        cmocka_unit_test(what_it_runs_needs_a_train_of_its_own),
        cmocka_unit_test(an_image_that_crashes_is_never_heard_of_again),
        cmocka_unit_test(names_what_is_wrong_with_an_image_and_goes_on),
        cmocka_unit_test(takes_the_newest_vendor_loaders_headers),
        cmocka_unit_test(wrong_voltages_leave_it_deaf),
        cmocka_unit_test(refuses_segments_outside_ram),
        cmocka_unit_test(refuses_too_much_data_and_a_wrong_hash),
        cmocka_unit_test(a_crc_is_waived_only_with_both_signs),
        cmocka_unit_test(skips_unknown_ids_byte_by_byte),
        cmocka_unit_test(a_length_beyond_4092_drops_the_session),
        cmocka_unit_test(a_session_survives_1500_ms_of_silence_but_not_2200),
        cmocka_unit_test(half_a_frame_swallows_what_follows_until_the_time_out),
        cmocka_unit_test(syncs_at_every_rate_the_vendor_promises),
        cmocka_unit_test(answers_garbage_above_its_rate_unless_told_otherwise),
        cmocka_unit_test(says_ok_eight_ms_after_the_measurement),
        cmocka_unit_test(a_long_train_does_it_no_harm),
        cmocka_unit_test(misses_short_trains_while_it_looks_at_sdio),
        cmocka_unit_test(other_bytes_do_not_start_a_session_unless_measured),
        cmocka_unit_test(a_clock_block_in_the_header_loses_the_session),
        cmocka_unit_test(changes_its_rate_and_answers_at_the_new_one),
        cmocka_unit_test(erases_and_writes_flash_but_cannot_read_it),
        cmocka_unit_test(keeps_32_bytes_while_it_works),
        cmocka_unit_test(reads_efuse_and_never_burns_it),
        cmocka_unit_test(keeps_its_lower_half_to_itself),
        cmocka_unit_test(a_fused_chip_says_so_and_refuses_images),
        cmocka_unit_test(reset_looks_at_the_strap_again),
        cmocka_unit_test(boots_flash_on_command),
        cmocka_unit_test(the_strap_and_reset_may_hang_on_either_line),
        cmocka_unit_test(a_person_holds_the_strap_until_it_is_linked),
        cmocka_unit_test(a_person_tries_again_when_the_session_is_lost),
        cmocka_unit_test(starts_in_the_rom_when_told),
        cmocka_unit_test(faults_of_the_plan_reach_the_rom),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
