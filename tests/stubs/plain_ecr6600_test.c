/* The plain language of the ECR6600: the vectors of the reference, refusals, broken
 * frames, and that nothing but a request touches the flash. */
#include "stubs/plain_rig.h"

static struct rig *ecr_open(void)
{
    return rig_open(&stub_ecr6600);
}

static void ecr_send(struct rig *r, uint8_t op, const uint8_t *payload, size_t len)
{
    static uint8_t f[0x10000 + 5];

    f[0] = 0xa5;
    f[1] = op;
    f[2] = (uint8_t)len;
    f[3] = (uint8_t)(len >> 8);
    if (len)
        memcpy(f + 4, payload, len);
    f[4 + len] = rig_sum(f, 4 + len);
    fake_send(&r->h, f, len + 5);
}

static void ecr_span(struct rig *r, uint8_t op, uint32_t addr, uint32_t len)
{
    uint8_t payload[8];

    rig_put32(payload, addr);
    rig_put32(payload + 4, len);
    ecr_send(r, op, payload, sizeof payload);
}

static void ecr_data(struct rig *r, uint8_t flag, const uint8_t *data, size_t n)
{
    static uint8_t payload[0x10000];

    payload[0] = flag;
    if (n)
        memcpy(payload + 1, data, n);
    ecr_send(r, 0x02, payload, n + 1);
}

static void ecr_expect(struct rig *r, uint8_t op, uint8_t status, int line)
{
    const uint8_t want[6] = {0x5a, op, 0, 0, status, (uint8_t)(0x5a + op + status)};

    rig_expect(r, want, sizeof want, line);
}
#define ECR_EXPECT(r, op, status) ecr_expect(r, op, status, __LINE__)

static void ecr_sync(struct rig *r)
{
    TELL(r, 0xa5, 0x00, 0x04, 0x00, 0x63, 0x6e, 0x79, 0x73, 0x66);
    EXPECT(r, 0x5a, 0x00, 0x00, 0x00, 0x00, 0x5a);
}

/* Begin a write; its erase is done when this returns. */
static void ecr_begin(struct rig *r, uint32_t addr, uint32_t len)
{
    ecr_span(r, 0x02, addr, len);
    ECR_EXPECT(r, 0x02, 0);
}

static void questions_are_answered_as_in_the_reference(void **state)
{
    struct rig *r = ecr_open();

    (void)state;
    ecr_sync(r);
    TELL(r, 0xa5, 0x00, 0x04, 0x00, 0x63, 0x6e, 0x79, 0x74, 0x67);
    EXPECT(r, 0x5a, 0x00, 0x00, 0x00, 0x01, 0x5b);
    TELL(r, 0xa5, 0x90, 0x00, 0x00, 0x35);
    EXPECT(r, 0x5a, 0x90, 0x04, 0x00, 0xc8, 0x40, 0x15, 0x00, 0x00, 0x0b);
    r->h.nor.cell[0] = r->h.nor.cell[4] = r->h.nor.cell[12] = 0;
    TELL(r, 0xa5, 0x03, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0xc0);
    EXPECT(r, 0x5a, 0x03, 0x10, 0x00, 0x00, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff,
           0xff, 0xff, 0x00, 0xff, 0xff, 0xff, 0x00, 0x60);
    r->h.efuse[0x22] = 0x01;
    TELL(r, 0xa5, 0x08, 0x06, 0x00, 0x00, 0x00, 0x20, 0x00, 0x04, 0x00, 0xd7);
    EXPECT(r, 0x5a, 0x08, 0x04, 0x00, 0x00, 0x00, 0x01, 0x00, 0x67);
    TELL(r, 0xa5, 0x08, 0x06, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80, 0x00, 0x33);
    rig_hear(r, 133);
    assert_int_equal(r->len, 133);
    assert_memory_equal(r->got, BYTES(0x5a, 0x08, 0x80, 0x00), 4);
    assert_memory_equal(r->got + 4, r->h.efuse, 128);
    assert_int_equal(r->got[132], rig_sum(r->got, 132));
    TELL(r, 0xa5, 0x99, 0x00, 0x00, 0x3e);
    rig_hear(r, 134);
    assert_int_equal(r->len, 134);
    assert_memory_equal(r->got, BYTES(0x5a, 0x99, 0x80, 0x00), 4);
    assert_memory_equal(r->got + 4, r->h.efuse, 128);
    assert_memory_equal(r->got + 132, BYTES(0x00, 0x74), 2);
    rig_close(r);
}

static void a_hash_is_answered_as_in_the_reference(void **state)
{
    static const uint8_t whole[] = {0xa5, 0x09, 0x08, 0x00, 0x00, 0x00, 0x00,
                                    0x00, 0x00, 0x00, 0x20, 0x00, 0xd6};
    struct rig *r = ecr_open();

    (void)state;
    rig_fill(r, 8, 1, 0x12);
    rig_fill(r, 8, 1, 0xff);
    TELL(r, 0xa5, 0x09, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0xc6);
    rig_hear(r, 38);
    assert_int_equal(r->len, 38);
    assert_memory_equal(r->got, BYTES(0x5a, 0x09, 0x20, 0x00), 4);
    assert_memory_equal(r->got + 4, rig_sha_of_blank_sector, 32);
    assert_int_equal(r->got[36], 0);
    assert_int_equal(r->got[37], rig_sum(r->got, 37));
    fake_send(&r->h, whole, sizeof whole);
    rig_hear(r, 38);
    assert_int_equal(r->len, 38);
    rig_close(r);
}

static void a_write_is_answered_as_in_the_reference(void **state)
{
    static const uint8_t data[] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88};
    struct rig *r = ecr_open();

    (void)state;
    rig_fill(r, 0x1b8000, 3 * RIG_SECTOR, 0);
    TELL(r, 0xa5, 0x02, 0x08, 0x00, 0x00, 0x90, 0x1b, 0x00, 0x08, 0x00, 0x00, 0x00, 0x62);
    EXPECT(r, 0x5a, 0x02, 0x00, 0x00, 0x00, 0x5c);
    assert_true(rig_holds(r, 0x1b9000, RIG_SECTOR, 0xff)); /* erased before the answer */
    TELL(r, 0xa5, 0x02, 0x09, 0x00, 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x14);
    EXPECT(r, 0x5a, 0x02, 0x00, 0x00, 0x00, 0x5c);
    assert_memory_equal(r->h.nor.cell + 0x1b9000, data, sizeof data);
    assert_true(rig_holds(r, 0x1b9008, RIG_SECTOR - 8, 0xff));
    assert_true(rig_holds(r, 0x1b8000, RIG_SECTOR, 0));
    assert_true(rig_holds(r, 0x1ba000, RIG_SECTOR, 0));
    ecr_sync(r);
    rig_close(r);
}

static void erases_are_answered_as_in_the_reference(void **state)
{
    struct rig *r = ecr_open();

    (void)state;
    rig_fill(r, 0, RIG_FLASH, 0);
    TELL(r, 0xa5, 0x04, 0x08, 0x00, 0x00, 0x90, 0x1b, 0x00, 0x00, 0xc0, 0x01, 0x00, 0x1d);
    EXPECT(r, 0x5a, 0x04, 0x00, 0x00, 0x00, 0x5e);
    assert_true(rig_holds(r, 0x1b9000, 0x1c000, 0xff));
    assert_true(rig_holds(r, 0, 0x1b9000, 0));
    assert_true(rig_holds(r, 0x1d5000, RIG_FLASH - 0x1d5000, 0));
    TELL(r, 0xa5, 0x04, 0x08, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0xd1);
    EXPECT(r, 0x5a, 0x04, 0x00, 0x00, 0x00, 0x5e);
    assert_true(rig_holds(r, 0x1000, RIG_SECTOR, 0xff));
    assert_true(rig_holds(r, 0x2000, RIG_SECTOR, 0));
    TELL(r, 0xa5, 0x05, 0x00, 0x00, 0xaa);
    EXPECT(r, 0x5a, 0x05, 0x00, 0x00, 0x00, 0x5f);
    assert_true(rig_holds(r, 0, RIG_FLASH, 0xff));
    assert_int_equal(r->h.nor.chips, 1);
    rig_close(r);
}

static void the_rate_turns_first_and_is_answered_50_ms_later_at_the_new_one(void **state)
{
    struct rig *r = ecr_open();
    uint64_t asked;

    (void)state;
    TELL(r, 0xa5, 0x07, 0x04, 0x00, 0x80, 0x84, 0x1e, 0x00, 0xd2);
    fake_run(&r->h, &r->s, 6 * RIG_MS); /* sent, and 5 ms */
    asked = fake_now_us(&r->h);
    r->h.host_baud = 2000000;
    EXPECT(r, 0x5a, 0x07, 0x00, 0x00, 0x00, 0x61);
    assert_true(fake_now_us(&r->h) - asked >= 40 * RIG_MS + RIG_QUIET);
    assert_true(fake_now_us(&r->h) - asked <= 60 * RIG_MS + RIG_QUIET);
    ecr_sync(r);
    TELL(r, 0xa5, 0x07, 0x04, 0x00, 0x00, 0xc2, 0x01, 0x00, 0x73);
    fake_run(&r->h, &r->s, 6 * RIG_MS);
    r->h.host_baud = 115200;
    EXPECT(r, 0x5a, 0x07, 0x00, 0x00, 0x00, 0x61);
    rig_close(r);
}

static void a_rate_that_cannot_be_made_is_refused_at_the_old_one(void **state)
{
    struct rig *r = ecr_open();

    (void)state;
    r->h.odd_baud = 460800;
    TELL(r, 0xa5, 0x07, 0x04, 0x00, 0x00, 0x08, 0x07, 0x00, 0xbf);
    ECR_EXPECT(r, 0x07, 1);
    ecr_sync(r);
    rig_close(r);
}

static void run_is_answered_and_follows_10_ms_later(void **state)
{
    struct rig *r = ecr_open();

    (void)state;
    TELL(r, 0xa5, 0x06, 0x00, 0x00, 0xab);
    for (unsigned i = 0; i < 1000 && fake_heard(&r->h) < 6; i++)
        fake_run(&r->h, &r->s, 100);
    assert_int_equal(r->h.runs, 0);
    fake_run(&r->h, &r->s, 9 * RIG_MS);
    assert_int_equal(r->h.runs, 0);
    fake_run(&r->h, &r->s, 3 * RIG_MS);
    assert_int_equal(r->h.runs, 1);
    fake_run(&r->h, &r->s, 4200 * RIG_MS); /* it came back: text now, after 2 s and 4 s */
    rig_hear(r, 36);
    assert_int_equal(r->len, 36);
    assert_memory_equal(r->got, "\x5a\x06\0\0\0\x60", 6);
    assert_memory_equal(r->got + 6, "stub err!\nstub err!\nstub err!\n", 30);
    ecr_sync(r);
    rig_silent(r, 3000 * RIG_MS);
    rig_close(r);
}

static void a_long_read_comes_in_frames_of_64_kib(void **state)
{
    struct rig *r = ecr_open();
    const uint32_t len = 0x10010;
    const uint8_t *second = r->got + 4 + 0x10000 + 2;

    (void)state;
    r->h.host_baud = r->h.chip_baud = 2000000;
    fake_fill(&r->h, 0, RIG_FLASH, 7, 0);
    ecr_span(r, 0x03, 0x101, len);
    rig_hear(r, len + 12);
    assert_int_equal(r->len, len + 12);
    assert_memory_equal(r->got, BYTES(0x5a, 0x03, 0x00, 0x00), 4);
    assert_memory_equal(r->got + 4, r->h.nor.cell + 0x101, 0x10000);
    assert_int_equal(r->got[0x10004], 0);
    assert_int_equal(r->got[0x10005], rig_sum(r->got, 0x10005));
    assert_memory_equal(second, BYTES(0x5a, 0x03, 0x10, 0x00), 4);
    assert_memory_equal(second + 4, r->h.nor.cell + 0x10101, 0x10);
    assert_int_equal(second[0x14], 0);
    assert_int_equal(second[0x15], rig_sum(second, 0x15));
    rig_close(r);
}

static void a_read_keeps_the_line_busy(void **state)
{
    struct rig *r = ecr_open();

    (void)state;
    r->h.host_baud = r->h.chip_baud = 2000000;
    ecr_span(r, 0x03, 0, 0x8000);
    rig_hear(r, 1);
    r->h.tx_dry_ns = 0;
    rig_hear(r, 0x8006 - r->len);
    assert_true(r->h.tx_dry_ns < 1000000);
    rig_close(r);
}

static void nothing_outside_the_flash_is_read_hashed_erased_or_written(void **state)
{
    static const struct {
        uint32_t addr, len;
    } cases[] = {{RIG_FLASH, 1},          {RIG_FLASH - 1, 2},         {0, RIG_FLASH + 1},
                 {0xffffffff, 1},         {0xfffff000, 0x1000},       {0xfffff000, 0x2000},
                 {0x1fe000, 0xfffff000u}, {0xffffff00u, 0xffffffffu}, {0x1ff000, 0x1001}};
    struct rig *r = ecr_open();

    (void)state;
    TELL(r, 0xa5, 0x03, 0x08, 0x00, 0x00, 0xe0, 0x1f, 0x00, 0x00, 0x30, 0x00, 0x00, 0xdf);
    EXPECT(r, 0x5a, 0x03, 0x00, 0x00, 0x02, 0x5f);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static const uint8_t ops[] = {2, 3, 4, 9};

        for (size_t k = 0; k < sizeof ops; k++) {
            ecr_span(r, ops[k], cases[i].addr, cases[i].len);
            ECR_EXPECT(r, ops[k], 2);
        }
    }
    assert_int_equal(r->h.nor.ops, 0);
    rig_close(r);
}

static void without_a_flash_everything_is_refused_but_the_line_works(void **state)
{
    struct rig *r = calloc(1, sizeof *r);

    (void)state;
    fake_init(&r->h);
    r->h.nor.size = 0;
    stub_init(&r->s, &stub_ecr6600, &r->h);
    TELL(r, 0xa5, 0x90, 0x00, 0x00, 0x35);
    EXPECT(r, 0x5a, 0x90, 0x04, 0x00, 0xff, 0xff, 0xff, 0x00, 0x00, 0xeb);
    ecr_span(r, 0x03, 0, 16);
    ECR_EXPECT(r, 0x03, 2);
    ecr_span(r, 0x02, 0, 16);
    ECR_EXPECT(r, 0x02, 2);
    ecr_send(r, 0x05, NULL, 0);
    ECR_EXPECT(r, 0x05, 1);
    rig_close(r);
}

static void a_short_write_erases_sectors_and_a_long_one_blocks(void **state)
{
    struct rig *r = ecr_open();

    (void)state;
    rig_fill(r, 0, RIG_FLASH, 0);
    ecr_begin(r, 0, 0xf001);
    assert_int_equal(r->h.nor.sectors, 16);
    assert_int_equal(r->h.nor.blocks + r->h.nor.halves, 0);
    assert_true(rig_holds(r, 0x10000, 0x10000, 0));
    ecr_sync(r);
    ecr_begin(r, 0x27000, 0x29001);
    assert_true(rig_holds(r, 0x27000, 0x2a000, 0xff));
    assert_true(rig_holds(r, 0x51000, 0xf000, 0));
    assert_true(rig_holds(r, 0x26000, 0x1000, 0));
    assert_int_equal(r->h.nor.blocks, 2);
    assert_int_equal(r->h.nor.halves, 1);
    assert_int_equal(r->h.nor.sectors, 16 + 2);
    rig_close(r);
}

static void an_erase_inside_a_sector_is_refused_and_a_write_there_erases_nothing(void **state)
{
    struct rig *r = ecr_open();

    (void)state;
    ecr_span(r, 0x04, 0x1100, 0x100);
    ECR_EXPECT(r, 0x04, 2);
    ecr_begin(r, 0x1100, 4);
    ecr_data(r, 0, BYTES(1, 2, 3, 4), 4);
    ECR_EXPECT(r, 0x02, 0);
    assert_int_equal(r->h.nor.sectors, 0);
    assert_memory_equal(r->h.nor.cell + 0x1100, BYTES(1, 2, 3, 4), 4);
    ecr_span(r, 0x04, 0x1000, 0);
    ECR_EXPECT(r, 0x04, 0);
    assert_int_equal(r->h.nor.sectors, 0);
    rig_close(r);
}

static void data_frames_may_have_any_length(void **state)
{
    static const uint32_t lens[] = {1, 255, 256, 257, 4096, 1000, 4096, 20000, 65534, 3};
    struct rig *r = ecr_open();
    static uint8_t image[1 << 17];
    uint32_t total = 0, at = 0;

    (void)state;
    r->h.host_baud = r->h.chip_baud = 2000000;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++)
        total += lens[i];
    for (uint32_t i = 0; i < total; i++)
        image[i] = (uint8_t)rig_random(r, 256);
    rig_fill(r, 0, RIG_FLASH, 0);
    ecr_begin(r, 0x3000, total);
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        ecr_data(r, 0, image + at, lens[i]);
        ECR_EXPECT(r, 0x02, 0);
        at += lens[i];
    }
    assert_memory_equal(r->h.nor.cell + 0x3000, image, total);
    ecr_sync(r);
    rig_close(r);
}

static void a_frame_repeated_with_flag_01_is_written_where_it_was(void **state)
{
    struct rig *r = ecr_open();

    (void)state;
    ecr_begin(r, 0, 12);
    ecr_data(r, 0, (const uint8_t *)"abcd", 4);
    ECR_EXPECT(r, 0x02, 0);
    ecr_data(r, 0x10, (const uint8_t *)"efgh", 4); /* any flag but 01 is a new frame */
    ECR_EXPECT(r, 0x02, 0);
    ecr_data(r, 1, (const uint8_t *)"efgh", 4);
    ECR_EXPECT(r, 0x02, 0);
    ecr_data(r, 1, (const uint8_t *)"efgh", 4);
    ECR_EXPECT(r, 0x02, 0);
    ecr_data(r, 0, (const uint8_t *)"ijkl", 4);
    ECR_EXPECT(r, 0x02, 0);
    assert_memory_equal(r->h.nor.cell, "abcdefghijkl", 12);
    rig_close(r);
}

static void a_damaged_data_frame_programs_nothing_and_may_come_again(void **state)
{
    struct rig *r = ecr_open();

    (void)state;
    ecr_begin(r, 0, 12);
    ecr_data(r, 0, (const uint8_t *)"abcd", 4);
    ECR_EXPECT(r, 0x02, 0);
    TELL(r, 0xa5, 0x02, 0x05, 0x00, 0x00, 'e', 'X', 'g', 'h', 0x43);
    ECR_EXPECT(r, 0x02, 5);
    assert_true(rig_holds(r, 4, 100, 0xff));
    ecr_data(r, 1, (const uint8_t *)"efgh", 4);
    ECR_EXPECT(r, 0x02, 0);
    ecr_data(r, 0, (const uint8_t *)"ijkl", 4);
    ECR_EXPECT(r, 0x02, 0);
    assert_memory_equal(r->h.nor.cell, "abcdefghijkl", 12);
    rig_close(r);
}

static void more_data_than_announced_are_refused(void **state)
{
    struct rig *r = ecr_open();

    (void)state;
    ecr_begin(r, 0, 6);
    ecr_data(r, 0, (const uint8_t *)"abcd", 4);
    ECR_EXPECT(r, 0x02, 0);
    ecr_data(r, 0, (const uint8_t *)"efg", 3);
    ECR_EXPECT(r, 0x02, 4);
    ecr_send(r, 0x02, NULL, 0);
    ECR_EXPECT(r, 0x02, 4);
    assert_true(rig_holds(r, 4, 100, 0xff));
    ecr_data(r, 0, (const uint8_t *)"ef", 2);
    ECR_EXPECT(r, 0x02, 0);
    assert_memory_equal(r->h.nor.cell, "abcdef", 6);
    rig_close(r);
}

/* The one frame of the reference that is harmless in both states. */
static void the_probe_tells_what_is_waited_for(void **state)
{
    static const uint8_t probe[] = {0xa5, 0x02, 0x08, 0x00, 0x00, 0xff, 0xff,
                                    0xff, 0xff, 0xff, 0xff, 0xff, 0xa8};
    struct rig *r = ecr_open();

    (void)state;
    fake_send(&r->h, probe, sizeof probe);
    EXPECT(r, 0x5a, 0x02, 0x00, 0x00, 0x02, 0x5e);
    ecr_begin(r, 0, 0x1000);
    fake_send(&r->h, probe, sizeof probe);
    EXPECT(r, 0x5a, 0x02, 0x00, 0x00, 0x00, 0x5c);
    assert_true(rig_holds(r, 0, RIG_FLASH, 0xff));
    rig_close(r);
}

static void another_request_ends_a_write(void **state)
{
    struct rig *r = ecr_open();

    (void)state;
    ecr_begin(r, 0, 100);
    ecr_sync(r);
    ecr_data(r, 0, (const uint8_t *)"abcd", 4);
    ECR_EXPECT(r, 0x02, 4); /* no request has five bytes */
    assert_int_equal(r->h.nor.pages, 0);
    rig_close(r);
}

static void fuses_are_never_written(void **state)
{
    static const uint8_t before[128];
    struct rig *r = ecr_open();

    (void)state;
    TELL(r, 0xa5, 0x08, 0x06, 0x00, 0x01, 0x00, 0x20, 0x00, 0x04, 0x00, 0xd8);
    ECR_EXPECT(r, 0x08, 2);
    TELL(r, 0xa5, 0x08, 0x06, 0x00, 0x02, 0x00, 0x20, 0x00, 0x04, 0x00, 0xd9);
    ECR_EXPECT(r, 0x08, 2);
    assert_memory_equal(r->h.efuse, before, sizeof before);
    ecr_send(r, 0x08, BYTES(0, 0, 0x20, 0, 3, 0), 6); /* length, address, end */
    ECR_EXPECT(r, 0x08, 4);
    ecr_send(r, 0x08, BYTES(0, 0, 0x21, 0, 4, 0), 6);
    ECR_EXPECT(r, 0x08, 2);
    ecr_send(r, 0x08, BYTES(0, 0, 0x80, 0, 4, 0), 6);
    ECR_EXPECT(r, 0x08, 2);
    ecr_send(r, 0x08, BYTES(0, 0, 0xfc, 0xff, 0xfc, 0xff), 6);
    ECR_EXPECT(r, 0x08, 2);
    rig_close(r);
}

static void unknown_requests_and_wrong_sums_are_told(void **state)
{
    struct rig *r = ecr_open();

    (void)state;
    for (unsigned op = 0; op < 256; op++) {
        bool known = op == 0 || (op >= 2 && op <= 9) || op == 0x90 || op == 0x99 || op == 0xb0;

        if (!known) {
            ecr_send(r, (uint8_t)op, BYTES(1, 2, 3, 4, 5, 6, 7, 8), op % 9);
            ECR_EXPECT(r, (uint8_t)op, 3);
        }
    }
    TELL(r, 0xa5, 0x90, 0x00, 0x00, 0x77);
    ECR_EXPECT(r, 0x90, 5);
    TELL(r, 0xa5, 0x05, 0x00, 0x00, 0xab);
    ECR_EXPECT(r, 0x05, 5);
    assert_int_equal(r->h.nor.ops, 0);
    rig_close(r);
}

static void a_payload_of_another_length_is_refused(void **state)
{
    static const struct {
        uint8_t op, len;
    } ops[] = {{0, 4}, {2, 8}, {3, 8}, {4, 8},    {5, 0},    {6, 0},
               {7, 4}, {8, 6}, {9, 8}, {0x90, 0}, {0x99, 0}, {0xb0, 4}};
    static const uint8_t zeros[300];
    struct rig *r = ecr_open();

    (void)state;
    r->h.host_baud = r->h.chip_baud = 2000000;
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        for (size_t len = 0; len <= sizeof zeros; len += len < 20 ? 1 : 35) {
            if (len == ops[i].len)
                continue;
            ecr_send(r, ops[i].op, zeros, len);
            ECR_EXPECT(r, ops[i].op, 4);
        }
    }
    assert_int_equal(r->h.nor.ops, 0);
    assert_int_equal(r->h.runs, 0);
    rig_close(r);
}

static void a_frame_that_stops_for_100_ms_is_forgotten(void **state)
{
    static const uint8_t sync[] = {0xa5, 0x00, 0x04, 0x00, 0x63, 0x6e, 0x79, 0x73, 0x66};
    struct rig *r = ecr_open();

    (void)state;
    for (size_t cut = 1; cut < sizeof sync; cut++) {
        fake_send(&r->h, sync, cut);
        rig_silent(r, 110 * RIG_MS);
        ecr_sync(r);
        fake_send(&r->h, sync, cut); /* 80 ms are not too long */
        rig_silent(r, 80 * RIG_MS);
        fake_send(&r->h, sync + cut, sizeof sync - cut);
        EXPECT(r, 0x5a, 0x00, 0x00, 0x00, 0x00, 0x5a);
    }
    rig_close(r);
}

static void a_request_waits_until_the_one_before_is_done(void **state)
{
    struct rig *r = ecr_open();

    (void)state;
    ecr_span(r, 0x04, 0x1000, 0x1000);
    TELL(r, 0xa5, 0x90, 0x00, 0x00, 0x35);
    TELL(r, 0x00, 0x12, 0xa5, 0x00, 0x04, 0x00, 0x63, 0x6e, 0x79, 0x73, 0x66);
    EXPECT(r, 0x5a, 0x04, 0x00, 0x00, 0x00, 0x5e, 0x5a, 0x90, 0x04, 0x00, 0xc8, 0x40, 0x15, 0x00,
           0x00, 0x0b, 0x5a, 0x00, 0x00, 0x00, 0x00, 0x5a);
    rig_close(r);
}

static void a_flash_that_refuses_is_told(void **state)
{
    struct rig *r = ecr_open();

    (void)state;
    rig_fill(r, 0, 0x20000, 0);
    r->h.nor.stuck_addr = 0x2000;
    ecr_span(r, 0x04, 0x1000, 0x2000);
    ECR_EXPECT(r, 0x04, 1);
    ecr_span(r, 0x02, 0x2000, 16);
    ECR_EXPECT(r, 0x02, 1);
    ecr_data(r, 0, (const uint8_t *)"abcd", 4); /* no write was begun */
    ECR_EXPECT(r, 0x02, 4);
    r->h.nor.bad_addr = 0x5002;
    ecr_begin(r, 0x5000, 8);
    ecr_data(r, 0, (const uint8_t *)"abcd", 4);
    ECR_EXPECT(r, 0x02, 1);
    ecr_data(r, 0, (const uint8_t *)"efgh", 4);
    ECR_EXPECT(r, 0x02, 0);
    r->h.nor.busy_until = 0;
    r->h.nor.stays_busy = true;
    ecr_span(r, 0x04, 0x8000, 0x1000);
    ECR_EXPECT(r, 0x04, 1);
    ecr_sync(r);
    ecr_span(r, 0x03, 0, 16);
    ECR_EXPECT(r, 0x03, 1);
    rig_close(r);
}

static void the_capability_query_opens_the_stream_language(void **state)
{
    struct rig *r = ecr_open();

    (void)state;
    TELL(r, 0xa5, 0xb0, 0x04, 0x00, 0x50, 0x46, 0x53, 0x32, 0x74);
    ECR_EXPECT(r, 0xb0, 1);
    assert_false(r->s.streaming);
    TELL(r, 0xa5, 0xb0, 0x04, 0x00, 0x50, 0x46, 0x53, 0x31, 0x73);
    rig_hear(r, 38);
    assert_int_equal(r->len, 38);
    assert_memory_equal(r->got, BYTES(0x5a, 0xb0, 0x20, 0x00), 4);
    assert_memory_equal(r->got + 4, r->s.caps, 32);
    assert_int_equal(r->got[36], 0);
    assert_int_equal(r->got[37], rig_sum(r->got, 37));
    assert_true(r->s.streaming);
    rig_close(r);
}

/* ---- storms ---- */

static size_t storm_request(struct rig *r, unsigned n, uint8_t *out)
{
    static const uint8_t ops[] = {2, 3, 4, 5, 9, 2, 4, 0x90, 0, 8};
    static const uint8_t lens[] = {8, 8, 8, 0, 8, 200, 8, 0, 4, 6};
    size_t len = lens[n];

    out[0] = 0xa5;
    out[1] = ops[n];
    out[2] = (uint8_t)len;
    out[3] = 0;
    for (size_t i = 4; i < 4 + len; i++)
        out[i] = (uint8_t)rig_random(r, 256);
    if (len == 8) { /* in range */
        rig_put32(out + 4, rig_random(r, RIG_FLASH / RIG_SECTOR - 16) * RIG_SECTOR);
        rig_put32(out + 8, rig_random(r, 16) * RIG_SECTOR);
    }
    out[4 + len] = rig_sum(out, 4 + len);
    return len + 5;
}

static bool storm_acts(const uint8_t *p, size_t len)
{
    for (size_t i = 0; i + 5 <= len; i++) {
        size_t n = p[i + 2] | (size_t)p[i + 3] << 8;

        if (p[i] != 0xa5 || i + n + 5 > len || rig_sum(p + i, n + 4) != p[i + n + 4])
            continue;
        if (p[i + 1] == 2 || (p[i + 1] >= 4 && p[i + 1] <= 7) || p[i + 1] == 0xb0)
            return true;
    }
    return false;
}

static void no_storm_touches_the_flash_or_silences_the_stub(void **state)
{
    struct rig *r = ecr_open();
    struct rig_storm t;

    (void)state;
    rig_fill(r, 0, RIG_FLASH, 0x5a);
    r->h.host_baud = r->h.chip_baud = 2000000;
    for (unsigned i = 0; i < 50; i++) {
        rig_storm_make(r, &t, storm_request, 10, storm_acts);
        fake_send(&r->h, t.byte, t.len);
        rig_hear(r, 100000); /* whatever it is */
        fake_run(&r->h, &r->s, 200 * RIG_MS);
        fake_take(&r->h, r->got, sizeof r->got);
        ecr_sync(r);
        assert_int_equal(r->h.nor.ops, 0);
    }
    assert_true(rig_holds(r, 0, RIG_FLASH, 0x5a));
    r->h.overruns = 0; /* answers take longer than the requests */
    rig_close(r);
}

static void a_storm_in_a_write_stays_inside_it(void **state)
{
    struct rig *r = ecr_open();
    struct rig_storm t;

    (void)state;
    rig_fill(r, 0, RIG_FLASH, 0x5a);
    for (unsigned i = 0; i < 40; i++) {
        r->h.host_baud = r->h.chip_baud = 2000000;
        rig_storm_make(r, &t, storm_request, 10, storm_acts);
        ecr_begin(r, 0x4000, 0x3fff);
        fake_send(&r->h, t.byte, t.len);
        rig_hear(r, 100000);
        fake_run(&r->h, &r->s, 200 * RIG_MS);
        fake_take(&r->h, r->got, sizeof r->got);
        ecr_sync(r);
    }
    assert_true(rig_holds(r, 0, 0x4000, 0x5a));
    assert_true(rig_holds(r, 0x8000, RIG_FLASH - 0x8000, 0x5a));
    assert_true(rig_holds(r, 0x7fff, 1, 0xff));
    r->h.overruns = 0;
    rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_are_answered_as_in_the_reference),
        cmocka_unit_test(a_hash_is_answered_as_in_the_reference),
        cmocka_unit_test(a_write_is_answered_as_in_the_reference),
        cmocka_unit_test(erases_are_answered_as_in_the_reference),
        cmocka_unit_test(the_rate_turns_first_and_is_answered_50_ms_later_at_the_new_one),
        cmocka_unit_test(a_rate_that_cannot_be_made_is_refused_at_the_old_one),
        cmocka_unit_test(run_is_answered_and_follows_10_ms_later),
        cmocka_unit_test(a_long_read_comes_in_frames_of_64_kib),
        cmocka_unit_test(a_read_keeps_the_line_busy),
        cmocka_unit_test(nothing_outside_the_flash_is_read_hashed_erased_or_written),
        cmocka_unit_test(without_a_flash_everything_is_refused_but_the_line_works),
        cmocka_unit_test(a_short_write_erases_sectors_and_a_long_one_blocks),
        cmocka_unit_test(an_erase_inside_a_sector_is_refused_and_a_write_there_erases_nothing),
        cmocka_unit_test(data_frames_may_have_any_length),
        cmocka_unit_test(a_frame_repeated_with_flag_01_is_written_where_it_was),
        cmocka_unit_test(a_damaged_data_frame_programs_nothing_and_may_come_again),
        cmocka_unit_test(more_data_than_announced_are_refused),
        cmocka_unit_test(the_probe_tells_what_is_waited_for),
        cmocka_unit_test(another_request_ends_a_write),
        cmocka_unit_test(fuses_are_never_written),
        cmocka_unit_test(unknown_requests_and_wrong_sums_are_told),
        cmocka_unit_test(a_payload_of_another_length_is_refused),
        cmocka_unit_test(a_frame_that_stops_for_100_ms_is_forgotten),
        cmocka_unit_test(a_request_waits_until_the_one_before_is_done),
        cmocka_unit_test(a_flash_that_refuses_is_told),
        cmocka_unit_test(the_capability_query_opens_the_stream_language),
        cmocka_unit_test(no_storm_touches_the_flash_or_silences_the_stub),
        cmocka_unit_test(a_storm_in_a_write_stays_inside_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
