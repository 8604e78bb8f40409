/* The plain language of the BL602: trains, the vectors of the reference, refusals,
 * broken frames, and that nothing but a request touches the flash. */
#include "stubs/plain_rig.h"

#define OK 0x4f, 0x4b
#define PD 0x50, 0x44
#define FL 0x46, 0x4c

static void bl_train(struct rig *r, size_t n)
{
    while (n--)
        TELL(r, 0x55);
}

static struct rig *bl_at(uint32_t baud)
{
    struct rig *r = rig_open(&stub_bl602);

    r->h.host_baud = baud;
    bl_train(r, baud * 6 / 10000);
    EXPECT(r, OK);
    return r;
}

static struct rig *bl_open(void)
{
    return bl_at(500000);
}

static void bl_send(struct rig *r, uint8_t cmd, const uint8_t *payload, size_t len)
{
    static uint8_t f[0x10000 + 4];

    f[0] = cmd;
    f[2] = (uint8_t)len;
    f[3] = (uint8_t)(len >> 8);
    if (len)
        memcpy(f + 4, payload, len);
    f[1] = rig_sum(f + 2, len + 2);
    fake_send(&r->h, f, len + 4);
}

static void bl_pair(struct rig *r, uint8_t cmd, uint32_t a, uint32_t b)
{
    uint8_t payload[8];

    rig_put32(payload, a);
    rig_put32(payload + 4, b);
    bl_send(r, cmd, payload, sizeof payload);
}

static void bl_write(struct rig *r, uint32_t addr, const uint8_t *data, size_t len)
{
    static uint8_t payload[0x10000];

    rig_put32(payload, addr);
    if (len)
        memcpy(payload + 4, data, len);
    bl_send(r, 0x31, payload, len + 4);
}

static void bl_jedec(struct rig *r)
{
    TELL(r, 0x36, 0x00, 0x00, 0x00);
    EXPECT(r, OK, 0x04, 0x00, 0xc8, 0x40, 0x15, 0x80);
}

/* An answer of OK, length and data of `len` bytes; they are at r->got + 4. */
static void bl_expect_data(struct rig *r, size_t len)
{
    rig_hear(r, len + 4);
    assert_int_equal(r->len, len + 4);
    assert_memory_equal(r->got, BYTES(OK), 2);
    assert_int_equal(r->got[2] | r->got[3] << 8, len);
}

/* ---- trains ---- */

static void a_train_of_6_ms_is_answered_with_ok_at_every_rate(void **state)
{
    static const uint32_t rates[] = {115200, 230400, 460800, 500000, 921600, 1000000, 2000000};

    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        struct rig *r = bl_at(rates[i]);

        bl_jedec(r);
        rig_close(r);
    }
}

static void ok_comes_soon_after_the_train_and_not_during_it(void **state)
{
    struct rig *r = rig_open(&stub_bl602);
    uint64_t end;

    (void)state;
    r->h.host_baud = 115200;
    bl_train(r, 1000); /* 87 ms */
    rig_silent(r, 85 * RIG_MS);
    end = fake_now_us(&r->h);
    EXPECT(r, OK);
    assert_true(fake_now_us(&r->h) - end < 10 * RIG_MS + RIG_QUIET);
    bl_jedec(r);
    rig_close(r);
}

static void a_request_before_any_train_is_not_answered(void **state)
{
    struct rig *r = rig_open(&stub_bl602);

    (void)state;
    TELL(r, 0x36, 0x00, 0x00, 0x00);
    rig_silent(r, 5000 * RIG_MS);
    bl_train(r, 69);
    EXPECT(r, OK);
    rig_close(r);
}

static void a_train_in_a_session_is_answered_too(void **state)
{
    struct rig *r = bl_open();

    (void)state;
    bl_train(r, 300);
    EXPECT(r, OK);
    bl_jedec(r);
    bl_train(r, 5); /* too short to be one, and harmless */
    rig_silent(r, 50 * RIG_MS);
    bl_jedec(r);
    rig_close(r);
}

static void four_seconds_of_silence_end_a_session_and_its_rate(void **state)
{
    struct rig *r = bl_open();

    (void)state;
    rig_silent(r, 3500 * RIG_MS);
    bl_jedec(r);
    rig_silent(r, 4500 * RIG_MS);
    TELL(r, 0x36, 0x00, 0x00, 0x00);
    rig_silent(r, 100 * RIG_MS);
    r->h.host_baud = 115200;
    bl_train(r, 69);
    EXPECT(r, OK);
    bl_jedec(r);
    rig_close(r);
}

static void noise_does_not_keep_a_session_alive(void **state)
{
    struct rig *r = bl_open();

    (void)state;
    r->h.host_baud = 115200; /* a host that knows no better */
    for (unsigned i = 0; i < 5; i++) {
        bl_train(r, 69);
        fake_run(&r->h, &r->s, 1000 * RIG_MS);
    }
    fake_take(&r->h, r->got, sizeof r->got);
    bl_train(r, 69);
    EXPECT(r, OK);
    bl_jedec(r);
    rig_close(r);
}

/* ---- the reference ---- */

static void questions_are_answered_as_in_the_reference(void **state)
{
    static const uint8_t mac[6] = {0xe6, 0xd5, 0xc4, 0xb3, 0xa2, 0xd1};
    struct rig *r = bl_open();

    (void)state;
    memcpy(r->h.mac, mac, sizeof mac);
    TELL(r, 0x10, 0x00, 0x00, 0x00);
    EXPECT(r, OK, 0x14, 0x00, 0xfe, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
           0x00, 0xd1, 0xa2, 0xb3, 0xc4, 0xd5, 0xe6, 0x00, 0x00);
    bl_jedec(r);
    TELL(r, 0x42, 0x00, 0x00, 0x00);
    EXPECT(r, OK, 0x0a, 0x00, 0xd1, 0xa2, 0xb3, 0xc4, 0xd5, 0xe6, 0x20, 0x0b, 0x00, 0x4e);
    r->h.efuse[0x20] = 0x77;
    TELL(r, 0x41, 0x88, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80, 0x00, 0x00, 0x00);
    bl_expect_data(r, 128);
    assert_memory_equal(r->got + 4, r->h.efuse, 128);
    TELL(r, 0x3b, 0x05, 0x04, 0x00, 0xff, 0x01, 0x01, 0x00);
    EXPECT(r, OK);
    rig_close(r);
}

static void the_boot_info_of_a_chip_without_mac_has_zeros_for_it(void **state)
{
    struct rig *r = bl_open();

    (void)state;
    r->h.has_mac = false;
    TELL(r, 0x10, 0x00, 0x00, 0x00);
    EXPECT(r, OK, 0x14, 0x00, 0xfe, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
           0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00);
    TELL(r, 0x42, 0x00, 0x00, 0x00);
    EXPECT(r, FL, 0x07, 0x04);
    rig_close(r);
}

static void erases_are_answered_as_in_the_reference(void **state)
{
    struct rig *r = bl_open();

    (void)state;
    rig_fill(r, 0, RIG_FLASH, 0);
    TELL(r, 0x30, 0x18, 0x08, 0x00, 0x00, 0x00, 0x01, 0x00, 0xff, 0x0f, 0x01, 0x00);
    EXPECT(r, PD, OK);
    assert_true(rig_holds(r, 0x10000, 0x1000, 0xff));
    assert_true(rig_holds(r, 0x11000, 0x1000, 0));
    TELL(r, 0x30, 0x07, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0x01, 0x00);
    EXPECT(r, PD, PD, OK);
    assert_true(rig_holds(r, 0, 0x20000, 0xff));
    assert_true(rig_holds(r, 0x20000, 0x10000, 0));
    TELL(r, 0x30, 0x25, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0x1f, 0x00);
    rig_hear(r, 66);
    assert_int_equal(r->len, 66);
    for (size_t i = 0; i < 32; i++)
        assert_memory_equal(r->got + 2 * i, BYTES(PD), 2);
    assert_memory_equal(r->got + 64, BYTES(OK), 2);
    assert_true(rig_holds(r, 0, RIG_FLASH, 0xff));
    rig_close(r);
}

static void a_chip_erase_tells_every_second_that_it_works(void **state)
{
    struct rig *r = bl_open();

    (void)state;
    rig_fill(r, 0, RIG_FLASH, 0);
    r->h.nor.chip_us = 3500 * RIG_MS;
    TELL(r, 0x3c, 0x00, 0x00, 0x00);
    rig_hear(r, 8);
    assert_memory_equal(r->got, BYTES(PD, PD, PD), 6);
    assert_int_equal(r->h.nor.chips, 1);
    assert_memory_equal(r->got + r->len - 2, BYTES(OK), 2);
    assert_true(rig_holds(r, 0, RIG_FLASH, 0xff));
    rig_close(r);
}

static void writes_reads_and_hashes_are_answered_as_in_the_reference(void **state)
{
    struct rig *r = bl_open();

    (void)state;
    TELL(r, 0x31, 0x8d, 0x14, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05,
         0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f);
    EXPECT(r, OK);
    TELL(r, 0x31, 0x00, 0x14, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05,
         0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f); /* unchecked */
    EXPECT(r, OK);
    TELL(r, 0x3a, 0x00, 0x00, 0x00);
    EXPECT(r, OK);
    TELL(r, 0x32, 0x19, 0x08, 0x00, 0x00, 0x00, 0x01, 0x00, 0x10, 0x00, 0x00, 0x00);
    EXPECT(r, OK, 0x10, 0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a,
           0x0b, 0x0c, 0x0d, 0x0e, 0x0f);
    bl_pair(r, 0x3d, 0x10000, 16);
    EXPECT(r, OK, 0x20, 0x00, 0xbe, 0x45, 0xcb, 0x26, 0x05, 0xbf, 0x36, 0xbe, 0xbd, 0xe6, 0x84,
           0x84, 0x1a, 0x28, 0xf0, 0xfd, 0x43, 0xc6, 0x98, 0x50, 0xa3, 0xdc, 0xe5, 0xfe, 0xdb, 0xa6,
           0x99, 0x28, 0xee, 0x3a, 0x89, 0x91);
    for (unsigned i = 0; i < 300; i++)
        r->h.nor.cell[0xf0 + i] = (uint8_t)i;
    TELL(r, 0x3d, 0x25, 0x08, 0x00, 0xf0, 0x00, 0x00, 0x00, 0x2c, 0x01, 0x00, 0x00);
    EXPECT(r, OK, 0x20, 0x00, 0x77, 0x28, 0xae, 0x2f, 0x2c, 0x36, 0xe2, 0xaa, 0xaf, 0xbe, 0x79,
           0xca, 0x14, 0xc8, 0x7a, 0xe2, 0xf8, 0x9e, 0x7c, 0x88, 0xc4, 0x39, 0x0e, 0xcb, 0xbf, 0x82,
           0xdc, 0xe8, 0x87, 0x06, 0x95, 0x8d);
    TELL(r, 0x32, 0x18, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x00);
    bl_expect_data(r, 0x1000);
    assert_memory_equal(r->got + 4, r->h.nor.cell, 0x1000);
    TELL(r, 0x32, 0x27, 0x08, 0x00, 0x00, 0xf8, 0x1f, 0x00, 0x00, 0x08, 0x00, 0x00);
    bl_expect_data(r, 0x800);
    TELL(r, 0x3d, 0x28, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x20, 0x00);
    bl_expect_data(r, 32);
    rig_close(r);
}

static void errors_have_the_codes_of_the_reference_and_never_end_the_session(void **state)
{
    struct rig *r = bl_open();

    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        TELL(r, 0x36, 0x55, 0x00, 0x00);
        EXPECT(r, FL, 0x03, 0x01);
        TELL(r, 0x99, 0x00, 0x00, 0x00);
        EXPECT(r, FL, 0x01, 0x01);
        TELL(r, 0x32, 0x48, 0x04, 0x00, 0x11, 0x11, 0x11, 0x11);
        EXPECT(r, FL, 0x04, 0x00);
        bl_send(r, 0x30, BYTES(0, 0, 0, 0), 4);
        EXPECT(r, FL, 0x02, 0x00);
        bl_send(r, 0x31, BYTES(0, 0, 0, 0), 4);
        EXPECT(r, FL, 0x04, 0x00);
        bl_send(r, 0x31, BYTES(0xff, 0xff, 0xff, 0xff, 1), 5);
        EXPECT(r, FL, 0x05, 0x00);
        bl_send(r, 0x3b, BYTES(1, 2, 3), 3);
        EXPECT(r, FL, 0x08, 0x00);
        bl_pair(r, 0x41, 0x80, 4);
        EXPECT(r, FL, 0x05, 0x04);
        bl_send(r, 0x41, BYTES(0, 0, 0, 0), 4);
        EXPECT(r, FL, 0x04, 0x04);
    }
    bl_jedec(r);
    assert_int_equal(r->h.nor.ops, 0);
    rig_close(r);
}

static void reset_is_answered_and_follows_4_ms_later(void **state)
{
    struct rig *r = bl_open();

    (void)state;
    TELL(r, 0x21, 0x00, 0x00, 0x00);
    for (unsigned i = 0; i < 1000 && fake_heard(&r->h) < 2; i++)
        fake_run(&r->h, &r->s, 50);
    fake_run(&r->h, &r->s, 3 * RIG_MS);
    assert_int_equal(r->h.runs, 0);
    fake_run(&r->h, &r->s, 2 * RIG_MS);
    assert_int_equal(r->h.runs, 1);
    EXPECT(r, OK);
    rig_close(r);
}

/* ---- ranges ---- */

static void an_erase_rounds_outward_and_ends_with_its_last_byte(void **state)
{
    struct rig *r = bl_open();

    (void)state;
    rig_fill(r, 0, RIG_FLASH, 0);
    bl_pair(r, 0x30, 0x5234, 0x6000); /* two sectors */
    EXPECT(r, PD, PD, OK);
    assert_true(rig_holds(r, 0x5000, 0x2000, 0xff));
    assert_true(rig_holds(r, 0x4000, 0x1000, 0));
    assert_true(rig_holds(r, 0x7000, 0x1000, 0));
    bl_pair(r, 0x30, 0x20000, 0x2f000); /* 60 KiB and a byte: a block */
    EXPECT(r, PD, OK);
    assert_int_equal(r->h.nor.blocks, 1);
    bl_pair(r, 0x30, 0x40000, 0x4efff); /* 60 KiB: a half and sectors */
    EXPECT(r, PD, PD, PD, PD, PD, PD, PD, PD, OK);
    assert_int_equal(r->h.nor.halves, 1);
    assert_true(rig_holds(r, 0x4f000, 0x1000, 0));
    bl_pair(r, 0x30, 0x60000, 0x5ffff); /* ends before it starts */
    EXPECT(r, OK);
    assert_true(rig_holds(r, 0x5f000, 0x2000, 0));
    bl_pair(r, 0x30, 0x1ff000, RIG_FLASH); /* one too far, as some hosts say */
    EXPECT(r, PD, OK);
    assert_true(rig_holds(r, 0x1fe000, 0x1000, 0));
    rig_close(r);
}

static void nothing_outside_the_flash_is_touched(void **state)
{
    static const struct {
        uint32_t addr, len;
    } cases[] = {
        {RIG_FLASH, 1}, {RIG_FLASH - 1, 2}, {0xffffff00, 0x1000}, {0xfffffffe, 1}, {1u << 24, 16}};
    struct rig *r = bl_open();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bl_pair(r, 0x32, cases[i].addr, cases[i].len);
        EXPECT(r, FL, 0x04, 0x00);
        bl_pair(r, 0x3d, cases[i].addr, cases[i].len);
        EXPECT(r, FL, 0x04, 0x00);
        bl_pair(r, 0x30, 0, 0);
        EXPECT(r, PD, OK);
        bl_write(r, cases[i].addr, (const uint8_t *)"abcd", 4);
        if (cases[i].addr != RIG_FLASH - 1) {
            EXPECT(r, OK);
            TELL(r, 0x3a, 0x00, 0x00, 0x00);
            EXPECT(r, FL, 0x06, 0x00);
        } else {
            EXPECT(r, OK);
        }
    }
    r->h.nor.ops = 0;
    bl_pair(r, 0x30, 0, RIG_FLASH + 1);
    EXPECT(r, FL, 0x03, 0x00);
    bl_pair(r, 0x30, RIG_FLASH, RIG_FLASH);
    EXPECT(r, FL, 0x03, 0x00);
    bl_pair(r, 0x30, 0x1000, 0xffffffff);
    EXPECT(r, FL, 0x03, 0x00);
    assert_int_equal(r->h.nor.ops, 0);
    assert_int_equal(r->h.nor.pages, 0);
    rig_close(r);
}

static void a_read_is_clipped_at_16388_bytes(void **state)
{
    struct rig *r = bl_at(2000000);

    (void)state;
    fake_fill(&r->h, 0, RIG_FLASH, 3, 0);
    bl_pair(r, 0x32, 0x123, 0x100000);
    bl_expect_data(r, 0x4004);
    assert_memory_equal(r->got + 4, r->h.nor.cell + 0x123, 0x4004);
    bl_pair(r, 0x32, 0, 0);
    bl_expect_data(r, 0);
    rig_close(r);
}

/* ---- writes ---- */

static void data_may_have_any_address_and_length(void **state)
{
    static const uint32_t lens[] = {1, 255, 256, 257, 2048, 4096, 16384, 5, 4097};
    static uint8_t image[0x10000];
    struct rig *r = bl_at(2000000);
    uint32_t at = 0x1077;

    (void)state;
    for (size_t i = 0; i < sizeof image; i++)
        image[i] = (uint8_t)rig_random(r, 256);
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        bl_write(r, at, image + at - 0x1077, lens[i]);
        EXPECT(r, OK);
        at += lens[i];
    }
    TELL(r, 0x3a, 0x00, 0x00, 0x00);
    EXPECT(r, OK);
    assert_memory_equal(r->h.nor.cell + 0x1077, image, at - 0x1077);
    assert_true(rig_holds(r, at, 0x1000, 0xff));
    rig_close(r);
}

/* As the hosts do it: the next frame follows the OK, which comes before the data are
 * programmed; a frame is longer than the receive ring. */
static void the_next_data_may_come_while_a_slow_flash_programs(void **state)
{
    static uint8_t image[0x10000];
    struct rig *r = bl_at(2000000);
    uint64_t begin = fake_now_us(&r->h), first = 0;

    (void)state;
    r->h.nor.page_us = 5000; /* 16 pages: 80 ms, the frame takes 80 */
    for (size_t i = 0; i < sizeof image; i++)
        image[i] = (uint8_t)rig_random(r, 256);
    for (uint32_t at = 0; at < sizeof image; at += 0x4000) {
        bl_write(r, at, image + at, 0x4000);
        for (unsigned i = 0; i < 10000 && fake_heard(&r->h) < 2; i++)
            fake_run(&r->h, &r->s, 100);
        assert_int_equal(fake_take(&r->h, r->got, 10), 2);
        assert_memory_equal(r->got, BYTES(OK), 2);
        if (!first)
            first = fake_now_us(&r->h) - begin;
    }
    assert_true(first < 90 * RIG_MS); /* it was on the wire for 82 */
    TELL(r, 0x3a, 0x00, 0x00, 0x00);
    EXPECT(r, OK);
    assert_memory_equal(r->h.nor.cell, image, sizeof image);
    rig_close(r);
}

static void a_failed_write_is_told_by_the_check_until_the_next_erase(void **state)
{
    struct rig *r = bl_open();

    (void)state;
    r->h.nor.bad_addr = 0x2003;
    bl_write(r, 0x2000, (const uint8_t *)"abcdefgh", 8);
    EXPECT(r, OK);
    bl_write(r, 0x3000, (const uint8_t *)"abcdefgh", 8);
    EXPECT(r, OK);
    for (unsigned i = 0; i < 2; i++) {
        TELL(r, 0x3a, 0x00, 0x00, 0x00);
        EXPECT(r, FL, 0x06, 0x00);
    }
    bl_pair(r, 0x30, 0x2000, 0x1000); /* erases nothing */
    EXPECT(r, OK);
    TELL(r, 0x3a, 0x00, 0x00, 0x00);
    EXPECT(r, OK);
    r->h.nor.stuck_addr = 0x2000;
    bl_pair(r, 0x30, 0x2000, 0x3000);
    EXPECT(r, PD, FL, 0x03, 0x00);
    rig_close(r);
}

static void a_damaged_write_programs_nothing(void **state)
{
    struct rig *r = bl_open();

    (void)state;
    TELL(r, 0x31, 0x8d, 0x14, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05,
         0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x8f);
    EXPECT(r, FL, 0x03, 0x01);
    assert_true(rig_holds(r, 0, RIG_FLASH, 0xff));
    rig_close(r);
}

/* ---- frames ---- */

static void a_payload_of_another_length_is_refused(void **state)
{
    static const struct {
        uint8_t cmd, len, code;
    } cmds[] = {{0x10, 0, 2}, {0x21, 0, 2}, {0x36, 0, 2}, {0x3a, 0, 2}, {0x3c, 0, 2}, {0x42, 0, 2}};
    static const uint8_t zeros[300];
    struct rig *r = bl_at(2000000);

    (void)state;
    for (size_t i = 0; i < sizeof cmds / sizeof cmds[0]; i++) {
        for (size_t len = 1; len <= sizeof zeros; len += len < 20 ? 1 : 35) {
            bl_send(r, cmds[i].cmd, zeros, len);
            EXPECT(r, FL, 0x02, 0x01);
        }
        bl_jedec(r);
    }
    for (size_t len = 0; len <= sizeof zeros; len += len < 20 ? 1 : 35) {
        if (len == 8)
            continue;
        bl_send(r, 0x30, zeros, len);
        EXPECT(r, FL, 0x02, 0x00);
        bl_send(r, 0x3d, zeros, len);
        EXPECT(r, FL, 0x04, 0x00);
        bl_send(r, 0x37, zeros, len); /* what other loaders read a status register by */
        EXPECT(r, FL, 0x01, 0x01);
    }
    assert_int_equal(r->h.nor.ops, 0);
    assert_int_equal(r->h.runs, 0);
    rig_close(r);
}

static void a_payload_beyond_16388_bytes_is_refused(void **state)
{
    static const uint8_t zeros[0xffff];
    static const size_t lens[] = {0x4005, 0x7fff, 0x8000, 0x8001, 0xffff};
    struct rig *r = bl_at(2000000);

    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        bl_send(r, 0x31, zeros, lens[i]);
        EXPECT(r, FL, 0x02, 0x01);
    }
    bl_jedec(r);
    assert_int_equal(r->h.nor.pages, 0);
    rig_close(r);
}

static void a_frame_that_stops_for_100_ms_is_forgotten(void **state)
{
    static const uint8_t read[] = {0x32, 0x0c, 0x08, 0x00, 0x00, 0x00,
                                   0x00, 0x00, 0x04, 0x00, 0x00, 0x00};
    struct rig *r = bl_open();

    (void)state;
    for (size_t cut = 1; cut < sizeof read; cut++) {
        fake_send(&r->h, read, cut);
        rig_silent(r, 110 * RIG_MS);
        bl_jedec(r);
        fake_send(&r->h, read, cut);
        rig_silent(r, 80 * RIG_MS);
        fake_send(&r->h, read + cut, sizeof read - cut);
        EXPECT(r, OK, 0x04, 0x00, 0xff, 0xff, 0xff, 0xff);
    }
    rig_close(r);
}

static void a_request_waits_until_the_one_before_is_done(void **state)
{
    struct rig *r = bl_open();

    (void)state;
    bl_pair(r, 0x30, 0, 0);
    TELL(r, 0x36, 0x00, 0x00, 0x00);
    bl_pair(r, 0x3d, 0, 0x1000);
    rig_hear(r, 4 + 8 + 36);
    assert_int_equal(r->len, 4 + 8 + 36);
    assert_memory_equal(r->got, BYTES(PD, OK, OK, 0x04, 0x00, 0xc8, 0x40, 0x15, 0x80), 12);
    assert_memory_equal(r->got + 16, rig_sha_of_blank_sector, 32);
    rig_close(r);
}

static void without_a_flash_everything_is_refused_but_the_line_works(void **state)
{
    struct rig *r = calloc(1, sizeof *r);

    (void)state;
    fake_init(&r->h);
    r->h.nor.size = 0;
    stub_init(&r->s, &stub_bl602, &r->h);
    TELL(r, 0x36, 0x00, 0x00, 0x00);
    EXPECT(r, OK, 0x04, 0x00, 0xff, 0xff, 0xff, 0x00);
    bl_pair(r, 0x30, 0, 0);
    EXPECT(r, FL, 0x03, 0x00);
    TELL(r, 0x3c, 0x00, 0x00, 0x00);
    EXPECT(r, FL, 0x03, 0x00);
    bl_pair(r, 0x32, 0, 4);
    EXPECT(r, FL, 0x04, 0x00);
    bl_write(r, 0, (const uint8_t *)"abcd", 4);
    EXPECT(r, OK);
    TELL(r, 0x3a, 0x00, 0x00, 0x00);
    EXPECT(r, FL, 0x06, 0x00);
    rig_close(r);
}

static void the_capability_query_opens_the_stream_language(void **state)
{
    struct rig *r = bl_open();

    (void)state;
    bl_send(r, 0xb0, BYTES('P', 'F', 'S', '2'), 4);
    EXPECT(r, FL, 0x01, 0x01);
    assert_false(r->s.streaming);
    TELL(r, 0xb0, 0x1e, 0x04, 0x00, 0x50, 0x46, 0x53, 0x31);
    bl_expect_data(r, 32);
    assert_memory_equal(r->got + 4, r->s.caps, 32);
    assert_true(r->s.streaming);
    rig_close(r);
}

/* ---- storms ---- */

static size_t storm_request(struct rig *r, unsigned n, uint8_t *out)
{
    static const uint8_t cmds[] = {0x30, 0x31, 0x32, 0x3d, 0x3c, 0x31, 0x30, 0x10, 0x36, 0x37};
    static const uint8_t lens[] = {8, 8, 8, 8, 0, 200, 8, 0, 0, 8};
    size_t len = lens[n];

    out[0] = cmds[n];
    out[2] = (uint8_t)len;
    out[3] = 0;
    for (size_t i = 4; i < 4 + len; i++)
        out[i] = (uint8_t)rig_random(r, 256);
    if (len == 8) { /* in range */
        rig_put32(out + 4, rig_random(r, RIG_FLASH / RIG_SECTOR - 16) * RIG_SECTOR);
        rig_put32(out + 8, rig_get32(out + 4) + rig_random(r, 16) * RIG_SECTOR);
    }
    out[1] = rig_sum(out + 2, len + 2);
    return len + 4;
}

static bool storm_acts(const uint8_t *p, size_t len)
{
    for (size_t i = 0; i + 4 <= len; i++) {
        size_t n = p[i + 2] | (size_t)p[i + 3] << 8;

        if (i + n + 4 > len || (p[i + 1] && rig_sum(p + i + 2, n + 2) != p[i + 1]))
            continue;
        if ((p[i] == 0x30 && n == 8) || (p[i] == 0x31 && n > 4) || (p[i] == 0x3c && !n) ||
            (p[i] == 0x21 && !n) || (p[i] == 0xb0 && n == 4))
            return true;
    }
    return false;
}

static void no_storm_touches_the_flash_or_silences_the_stub(void **state)
{
    struct rig *r = bl_at(2000000);
    struct rig_storm t;

    (void)state;
    rig_fill(r, 0, RIG_FLASH, 0x5a);
    for (unsigned i = 0; i < 50; i++) {
        rig_storm_make(r, &t, storm_request, 10, storm_acts);
        fake_send(&r->h, t.byte, t.len);
        fake_run(&r->h, &r->s, 700 * RIG_MS);
        fake_take(&r->h, r->got, sizeof r->got);
        bl_jedec(r);
        assert_int_equal(r->h.nor.ops, 0);
    }
    assert_true(rig_holds(r, 0, RIG_FLASH, 0x5a));
    r->h.overruns = 0; /* answers take longer than the requests */
    rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_train_of_6_ms_is_answered_with_ok_at_every_rate),
        cmocka_unit_test(ok_comes_soon_after_the_train_and_not_during_it),
        cmocka_unit_test(a_request_before_any_train_is_not_answered),
        cmocka_unit_test(a_train_in_a_session_is_answered_too),
        cmocka_unit_test(four_seconds_of_silence_end_a_session_and_its_rate),
        cmocka_unit_test(noise_does_not_keep_a_session_alive),
        cmocka_unit_test(questions_are_answered_as_in_the_reference),
        cmocka_unit_test(the_boot_info_of_a_chip_without_mac_has_zeros_for_it),
        cmocka_unit_test(erases_are_answered_as_in_the_reference),
        cmocka_unit_test(a_chip_erase_tells_every_second_that_it_works),
        cmocka_unit_test(writes_reads_and_hashes_are_answered_as_in_the_reference),
        cmocka_unit_test(errors_have_the_codes_of_the_reference_and_never_end_the_session),
        cmocka_unit_test(reset_is_answered_and_follows_4_ms_later),
        cmocka_unit_test(an_erase_rounds_outward_and_ends_with_its_last_byte),
        cmocka_unit_test(nothing_outside_the_flash_is_touched),
        cmocka_unit_test(a_read_is_clipped_at_16388_bytes),
        cmocka_unit_test(data_may_have_any_address_and_length),
        cmocka_unit_test(the_next_data_may_come_while_a_slow_flash_programs),
        cmocka_unit_test(a_failed_write_is_told_by_the_check_until_the_next_erase),
        cmocka_unit_test(a_damaged_write_programs_nothing),
        cmocka_unit_test(a_payload_of_another_length_is_refused),
        cmocka_unit_test(a_payload_beyond_16388_bytes_is_refused),
        cmocka_unit_test(a_frame_that_stops_for_100_ms_is_forgotten),
        cmocka_unit_test(a_request_waits_until_the_one_before_is_done),
        cmocka_unit_test(without_a_flash_everything_is_refused_but_the_line_works),
        cmocka_unit_test(the_capability_query_opens_the_stream_language),
        cmocka_unit_test(no_storm_touches_the_flash_or_silences_the_stub),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
