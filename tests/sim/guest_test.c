/* guest_test.c - our own stub on a virtual chip, and what any guest may do: raw bytes.
 *
 * The stub that runs is the one compiled for the PC; what it says is judged by
 * stubs/README.md, its frames are built and taken apart here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "plugflash/stub.h"
#include "sim/bl602_rig.h"
#include "sim/ecr_rig.h"
#include "sim/guest.h"

#define SIZE        0x40000u /* a small flash */
#define SHA_PADDING 64u      /* of whole blocks */
#define BLANK       0
#define RAW         3

/* ---- frames of the stream language ----------------------------------------- */

struct frame {
    uint8_t type;
    uint16_t seq, len;
    uint8_t payload[4096];
};

static void put_frame(struct rig *r, uint8_t type, uint16_t seq, const void *payload, size_t len)
{
    static uint8_t b[8 + 4096 + 4];

    b[0] = 0xB5;
    b[1] = type;
    put_le16(b + 2, seq);
    put_le16(b + 4, (uint16_t)len);
    put_le16(b + 6, (uint16_t)pf_crc32(0, b, 6));
    if (len)
        memcpy(b + 8, payload, len);
    put_le32(b + 8 + len, pf_crc32(0, b, 8 + len));
    assert_int_equal(r->t->ops->write(r->t, b, 12 + len), PF_OK);
}

/* The next frame within `ms`; anything else fails the test. */
static bool get_frame(struct rig *r, struct frame *f, uint32_t ms)
{
    static uint8_t b[8 + 4096 + 4];

    if (rig_read(r, b, 8, ms) != 8)
        return false;
    assert_int_equal(b[0], 0xB5);
    assert_int_equal(get_le16(b + 6), (uint16_t)pf_crc32(0, b, 6));
    f->type = b[1];
    f->seq = get_le16(b + 2);
    f->len = get_le16(b + 4);
    assert_in_range(f->len, 0, 4096);
    assert_int_equal(rig_read(r, b + 8, f->len + 4u, 1000), f->len + 4u);
    assert_int_equal(get_le32(b + 8 + f->len), pf_crc32(0, b, 8u + f->len));
    memcpy(f->payload, b + 8, f->len);
    return true;
}

/* A command and its reply, BUSY waited out. */
static void command(struct rig *r, uint8_t type, uint16_t seq, const void *payload, size_t len,
                    struct frame *f)
{
    put_frame(r, type, seq, payload, len);
    do
        assert_true(get_frame(r, f, 1000));
    while (f->type == 0x8F);
    assert_int_equal(f->type, type | 0x80);
    assert_int_equal(f->seq, seq);
}

static void span(uint8_t *out, uint32_t addr, uint32_t len)
{
    put_le32(out, addr);
    put_le32(out + 4, len);
}

/* ---- getting there ---------------------------------------------------------- */

static uint8_t flash[SIZE];

static void fill_flash(void)
{
    for (uint32_t i = 0; i < SIZE; i++)
        flash[i] = i % 0x8000 < 0x4000 ? 0xFF : (uint8_t)(i * 2654435761u >> 21);
}

static void ecr_upload_image(struct rig *r, const char *spec, const uint8_t *image, size_t len)
{
    rig_open_flash(r, spec, flash, SIZE);
    pf_set_baud(r->t, 115200);
    ecr_reset(r);
    assert_true(ecr_sync(r, 3000));
    ecr_header(r, (uint32_t)len);
    ecr_blocks(r, image, (uint32_t)len);
    pf_sleep(r->t, 100000); /* it unpacks itself */
}

static void ecr_own(struct rig *r, const char *spec)
{
    ecr_upload_image(r, spec, pf_stub_ecr6600.data, pf_stub_ecr6600.len);
}

static void rom_says(struct rig *r, uint8_t id, const uint8_t *payload, size_t len, size_t more)
{
    uint8_t answer[32];

    bl_send(r, id, payload, len);
    assert_int_equal(rig_read(r, answer, 2 + more, 1000), 2 + more);
    assert_memory_equal(answer, "OK", 2);
}

static void bl_upload_image(struct rig *r, const char *spec, const uint8_t *file, size_t len)
{
    rig_open_flash(r, spec, flash, SIZE);
    bl_reset_to_rom(r);
    assert_true(bl_sync(r, BL_ROM_BAUD));
    rom_says(r, 0x11, file, 176, 0);
    rom_says(r, 0x17, file + 176, 16, 18);
    for (size_t at = 192; at < len; at += 4092)
        rom_says(r, 0x18, file + at, len - at < 4092 ? len - at : 4092, 0);
    rom_says(r, 0x19, NULL, 0, 0);
    rom_says(r, 0x1A, NULL, 0, 0);
    pf_sleep(r->t, 400000); /* it unpacks itself */
}

static void bl_own(struct rig *r, const char *spec, uint32_t baud)
{
    bl_upload_image(r, spec, pf_stub_bl602.data, pf_stub_bl602.len);
    if (!bl_sync(r, baud))
        fail_msg("our stub did not answer a train at %u", (unsigned)baud);
}

/* B0 of either chip; the capabilities it was answered with. */
static void into_stream(struct rig *r, bool bl602, uint8_t caps[32])
{
    static const uint8_t ecr[] = {0x5A, 0xB0, 0x20, 0x00}, bl[] = {'O', 'K', 0x20, 0x00};
    uint8_t head[4], tail[2];

    rig_send(r, bl602 ? "B0 1E 04 00 50 46 53 31" : "A5 B0 04 00 50 46 53 31 73");
    assert_int_equal(rig_read(r, head, 4, 100), 4);
    assert_memory_equal(head, bl602 ? bl : ecr, 4);
    assert_int_equal(rig_read(r, caps, 32, 100), 32);
    if (!bl602)
        assert_int_equal(rig_read(r, tail, 2, 100), 2);
}

static const char sync_request[] = "A5 00 04 00 63 6E 79 73 66", synced[] = "5A 00 00 00 00 5A";

/* Both chips, uploaded and in the stream language. */
static void streaming(struct rig *r, bool bl602, const char *more)
{
    char spec[128];
    uint8_t caps[32];

    snprintf(spec, sizeof spec, "%s,seed=5%s", bl602 ? "bl602" : "ecr6600", more);
    if (bl602)
        bl_own(r, spec, 500000);
    else
        ecr_own(r, spec);
    into_stream(r, bl602, caps);
}

/* ---- uploading -------------------------------------------------------------- */

static void our_stub_answers_as_the_others_of_an_ecr6600_do(void **state)
{
    struct rig r;

    (void)state;
    ecr_own(&r, "ecr6600");
    rig_talk(&r, sync_request, synced);
    rig_talk(&r, "A5 90 00 00 35", "5A 90 04 00 C8 40 12 00 00 08");
    assert_int_equal(rig_view(&r).violations, 0);
    assert_true(rig_view(&r).in_loader);
    rig_close(&r);
}

static void our_stub_answers_as_the_loaders_of_a_bl602_do(void **state)
{
    struct rig r;

    (void)state;
    bl_own(&r, "bl602", 2000000);
    bl_send(&r, 0x36, NULL, 0);
    rig_expect(&r, "4F 4B 04 00 EF 40 12 80");
    assert_int_equal(rig_view(&r).violations, 0);
    rig_close(&r);
}

static void a_stub_of_ours_that_was_damaged_does_not_run(void **state)
{
    static const size_t at[] = {0, 20, 200};
    struct rig r;

    (void)state;
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        const struct pf_stub *p = &pf_stub_ecr6600;
        uint8_t *image = malloc(p->len);
        size_t where = at[i] < p->len ? at[i] : p->len - 1;

        assert_non_null(image);
        memcpy(image, p->data, p->len);
        image[where] ^= 0x10;
        ecr_upload_image(&r, "ecr6600", image, p->len);
        rig_send(&r, sync_request);
        rig_silent(&r, 500);
        assert_false(rig_view(&r).in_loader);
        rig_close(&r);
        free(image);
    }
}

static void a_vendors_image_is_modelled_as_before(void **state)
{
    struct rig r;

    (void)state;
    ecr_open(&r, "ecr6600");
    rig_send(&r, "A5 B0 04 00 50 46 53 31 73");
    rig_expect(&r, "5A FF 00 00 03 5C"); /* the custom stub knows no B0 */
    rig_close(&r);
}

static void start_may_find_our_stub_running(void **state)
{
    struct rig r;

    (void)state;
    rig_open_flash(&r, "ecr6600,start=stub,stub=own", flash, SIZE);
    pf_set_baud(r.t, 115200);
    pf_sleep(r.t, 10000);
    rig_talk(&r, sync_request, synced);
    rig_close(&r);
    rig_open_flash(&r, "bl602,start=loader,loader=own", flash, SIZE);
    pf_sleep(r.t, 10000);
    assert_true(bl_sync(&r, 1000000));
    rig_close(&r);
}

static void without_a_train_a_bl602_has_no_rate(void **state)
{
    struct rig r;

    (void)state;
    bl_upload_image(&r, "bl602", pf_stub_bl602.data, pf_stub_bl602.len);
    bl_send(&r, 0x36, NULL, 0);
    rig_silent(&r, 100);
    assert_true(bl_sync(&r, 115200));
    bl_send(&r, 0x36, NULL, 0);
    rig_expect(&r, "4F 4B 04 00 EF 40 12 80");
    rig_close(&r);
}

static void an_answer_comes_at_the_rate_the_divisors_make(void **state)
{
    uint8_t answer[6], rate[5];
    struct frame f;
    uint64_t us;
    struct rig r;

    (void)state;
    /* What others make 476190 of, which nobody understands: 80 MHz / (8 * 22). */
    streaming(&r, false, ",lat=0");
    put_le32(rate, 460800);
    command(&r, 0x03, 1, rate, 4, &f);
    assert_int_equal(f.payload[0], 0);
    assert_int_equal(get_le32(f.payload + 1), 454545);
    pf_set_baud(r.t, 460800);
    command(&r, 0x01, 2, NULL, 0, &f);
    rig_close(&r);

    ecr_own(&r, "ecr6600,lat=0");
    rig_send(&r, sync_request);
    r.t->ops->drain(r.t);
    us = pf_now(r.t);
    assert_int_equal(rig_read(&r, answer, 6, 100), 6);
    assert_in_range(pf_now(r.t) - us, 522, 700); /* 6 bytes at 114942, and some work */
    rig_close(&r);
}

/* ---- the stream language ---------------------------------------------------- */

static void b0_opens_the_stream_language_and_hello_says_the_same(void **state)
{
    uint8_t caps[32];
    struct frame f;
    struct rig r;

    (void)state;
    ecr_own(&r, "ecr6600");
    into_stream(&r, false, caps);
    assert_int_equal(caps[0], 1);
    assert_int_equal(caps[1], 1);
    assert_int_equal(get_le32(caps + 8), SIZE);
    assert_memory_equal(caps + 12, "\xC8\x40\x12", 3);
    command(&r, 0x01, 1, NULL, 0, &f);
    assert_int_equal(f.len, 32);
    assert_memory_equal(f.payload, caps, 32);
    rig_close(&r);

    bl_own(&r, "bl602,mac=02:50:46:AA:BB:CC", 500000);
    into_stream(&r, true, caps);
    assert_int_equal(caps[1], 2);
    assert_memory_equal(caps + 12, "\xEF\x40\x12", 3);
    assert_memory_equal(caps + 20, "\x02\x50\x46\xAA\xBB\xCC", 6);
    assert_int_equal(caps[26], 1);
    command(&r, 0x01, 1, NULL, 0, &f);
    assert_memory_equal(f.payload, caps, 32);
    rig_close(&r);
}

/* Units BLANK and RAW to contents; what is left of an incomplete one stays. */
static void unpack(const uint8_t *units, size_t len, uint8_t *out, size_t cap)
{
    size_t at = 0, done = 0;

    while (at < len) {
        unsigned n;

        assert_true(at + 3 <= len);
        n = get_le16(units + at + 1);
        if (units[at] == BLANK) {
            assert_true(done + n * 4096 <= cap);
            memset(out + done, 0xFF, n * 4096);
            done += n * 4096;
            at += 3;
            continue;
        }
        assert_int_equal(units[at], RAW);
        assert_int_equal(n, 4096);
        assert_true(at + 3 + n <= len && done + n <= cap);
        memcpy(out + done, units + at + 3, n);
        done += n;
        at += 3 + n;
    }
    assert_int_equal(done, cap);
}

static void read_all(struct rig *r)
{
    static uint8_t units[SIZE + SIZE / 16], back[SIZE];
    uint8_t request[10] = {0}, ack[3] = {0}, hash[32];
    size_t have = 0;
    struct frame f;

    span(request, 0, SIZE);
    command(r, 0x10, 0x20, request, sizeof request, &f);
    assert_int_equal(f.payload[0], 0);
    for (uint16_t seq = 0x21;; seq++) {
        assert_true(get_frame(r, &f, 1000));
        assert_int_equal(f.seq, seq);
        put_le16(ack, (uint16_t)(seq + 1));
        put_frame(r, 0x11, 0x20, ack, sizeof ack);
        if (f.type == 0x92)
            break;
        assert_int_equal(f.type, 0x91);
        assert_true(have + f.len <= sizeof units);
        memcpy(units + have, f.payload, f.len);
        have += f.len;
    }
    assert_int_equal(f.payload[0], 0);
    unpack(units, have, back, SIZE);
    assert_memory_equal(back, flash, SIZE);
    pf_sha256(flash, SIZE, hash);
    assert_memory_equal(f.payload + 1, hash, 32);
}

static void a_read_is_the_flash_with_its_hash(void **state)
{
    struct rig r;

    (void)state;
    for (int bl602 = 0; bl602 < 2; bl602++) {
        streaming(&r, bl602, "");
        read_all(&r);
        assert_int_equal(rig_view(&r).digest_bytes, SIZE + SHA_PADDING);
        assert_int_equal(rig_view(&r).violations, 0);
        assert_int_equal(rig_view(&r).overruns, 0);
        rig_close(&r);
    }
}

/* One sector of `data` at `addr`; the status of the result. */
static uint8_t write_sector(struct rig *r, uint32_t addr, const uint8_t *data)
{
    uint8_t request[9], unit[3] = {RAW, 0x00, 0x10}, hash[32];
    struct frame f;

    span(request, addr, 4096);
    request[8] = 1;
    command(r, 0x20, 0x40, request, sizeof request, &f);
    assert_int_equal(f.payload[0], 0);
    {
        uint8_t whole[3 + 4096];

        memcpy(whole, unit, 3);
        memcpy(whole + 3, data, 4096);
        put_frame(r, 0x21, 0x41, whole, 4096);
        put_frame(r, 0x21, 0x42, whole + 4096, 3);
    }
    put_frame(r, 0x22, 0x43, NULL, 0);
    do
        assert_true(get_frame(r, &f, 1000));
    while (f.type != 0xA2);
    pf_sha256(data, 4096, hash);
    if (!f.payload[0])
        assert_memory_equal(f.payload + 5, hash, 32);
    return f.payload[0];
}

static void a_write_erases_programs_and_proves_one_sector(void **state)
{
    uint8_t data[4096];
    struct rig r;

    (void)state;
    for (int i = 0; i < 4096; i++)
        data[i] = (uint8_t)(i * 7);
    for (int bl602 = 0; bl602 < 2; bl602++) {
        struct pf_sim_view v;

        streaming(&r, bl602, "");
        assert_int_equal(write_sector(&r, 0x5000, data), 0);
        v = rig_view(&r);
        assert_memory_equal(v.flash + 0x5000, data, 4096);
        assert_memory_equal(v.flash, flash, 0x5000);
        assert_memory_equal(v.flash + 0x6000, flash + 0x6000, SIZE - 0x6000);
        assert_int_equal(v.violations, 0);
        assert_int_equal(v.erases, 1);
        assert_int_equal(v.programs, 16);
        rig_close(&r);
    }
}

static void what_the_flash_did_not_take_is_told(void **state)
{
    uint8_t data[4096];
    struct rig r;

    (void)state;
    memset(data, 0x5A, sizeof data);
    streaming(&r, false, ",fault=lie@3:wrong");
    assert_int_equal(write_sector(&r, 0x5000, data), 4);
    rig_close(&r);
    streaming(&r, false, ",sr=001C"); /* protected */
    assert_int_equal(write_sector(&r, 0x5000, data), 4);
    assert_int_equal(rig_view(&r).ops, 0);
    rig_close(&r);
}

static void an_erase_takes_as_long_as_the_flash_does(void **state)
{
    uint8_t request[8];
    struct frame f;
    struct rig r;
    uint64_t us;

    (void)state;
    streaming(&r, false, ",lat=0");
    span(request, 0x4000, 0x3000);
    us = pf_now(r.t);
    command(&r, 0x08, 1, request, 8, &f);
    us = pf_now(r.t) - us;
    assert_int_equal(f.payload[0], 0);
    assert_true(pf_is_blank(rig_view(&r).flash + 0x4000, 0x3000));
    assert_in_range(us, 135000, 150000);
    rig_close(&r);
}

static void hashing_takes_the_time_the_chip_needs(void **state)
{
    uint8_t request[8], hash[32];
    struct frame f;
    struct rig r;
    uint64_t us;

    (void)state;
    streaming(&r, false, ",lat=0");
    span(request, 0, SIZE);
    us = pf_now(r.t);
    command(&r, 0x07, 1, request, 8, &f);
    us = pf_now(r.t) - us;
    pf_sha256(flash, SIZE, hash);
    assert_memory_equal(f.payload + 1, hash, 32);
    assert_int_equal(rig_view(&r).digest_bytes, SIZE + SHA_PADDING);
    assert_in_range(us, 100000, 400000);
    rig_close(&r);
}

static void five_seconds_of_silence_lead_back_to_the_plain_language(void **state)
{
    struct frame f;
    struct rig r;

    (void)state;
    streaming(&r, false, "");
    pf_sleep(r.t, 4500000);
    command(&r, 0x01, 1, NULL, 0, &f);
    pf_sleep(r.t, 5100000);
    rig_talk(&r, sync_request, synced);
    rig_close(&r);

    streaming(&r, true, "");
    pf_sleep(r.t, 5100000);
    assert_true(bl_sync(&r, 1000000));
    rig_close(&r);
}

/* ---- its end ---------------------------------------------------------------- */

static void a_reset_ends_it(void **state)
{
    struct rig r;

    (void)state;
    streaming(&r, false, "");
    ecr_reset(&r);
    assert_true(ecr_sync(&r, 3000));
    rig_close(&r);

    streaming(&r, true, "");
    bl_reset_to_rom(&r);
    assert_true(bl_sync(&r, BL_ROM_BAUD));
    rig_close(&r);
}

static void run_starts_what_is_in_the_flash(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "ecr6600,start=stub,stub=own");
    pf_set_baud(r.t, 115200);
    pf_sleep(r.t, 10000);
    rig_talk(&r, "A5 06 00 00 AB", "5A 06 00 00 00 60");
    pf_sleep(r.t, 300000);
    assert_false(rig_view(&r).in_loader);
    rig_close(&r);

    rig_open(&r, "bl602,start=loader,loader=own");
    pf_sleep(r.t, 10000);
    assert_true(bl_sync(&r, 500000));
    bl_send(&r, 0x21, NULL, 0);
    rig_expect(&r, "4F 4B");
    pf_sleep(r.t, 20000);
    assert_int_equal(rig_view(&r).resets, 2);
    assert_false(rig_view(&r).in_loader);
    rig_close(&r);
}

static unsigned blank_bytes(const uint8_t *p, size_t n)
{
    unsigned blank = 0;

    while (n--)
        blank += *p++ == 0xFF;
    return blank;
}

static void a_power_cut_during_an_erase_leaves_it_half_done(void **state)
{
    uint8_t request[8];
    struct rig r;

    (void)state;
    span(request, 0x4000, 0x2000);
    streaming(&r, false, ",fault=powercut@1");
    put_frame(&r, 0x08, 1, request, 8);
    rig_silent(&r, 400);
    assert_true(pf_is_blank(rig_view(&r).flash + 0x4000, 0x1000));
    assert_in_range(blank_bytes(rig_view(&r).flash + 0x5000, 4096), 1, 4000);
    assert_true(ecr_sync(&r, 3000)); /* the power is back */
    rig_close(&r);

    /* By the host, 20 ms into one that takes 45. */
    streaming(&r, false, "");
    put_frame(&r, 0x08, 1, request, 8);
    r.t->ops->drain(r.t);
    pf_sleep(r.t, 20000);
    assert_int_equal(pf_set_power(r.t, false), PF_OK);
    assert_in_range(blank_bytes(rig_view(&r).flash + 0x4000, 4096), 1, 4000);
    assert_memory_equal(rig_view(&r).flash + 0x5000, flash + 0x5000, 4096);
    rig_close(&r);
}

static void bytes_its_ring_has_no_room_for_are_counted(void **state)
{
    static uint8_t junk[5000];
    struct rig r;

    (void)state;
    ecr_own(&r, "ecr6600,tblock=5000");
    memset(junk, 0xA5, sizeof junk);
    rig_send(&r, "A5 05 00 00 AA"); /* a chip erase of 20 s, which takes no other command */
    assert_int_equal(r.t->ops->write(r.t, junk, sizeof junk), PF_OK);
    r.t->ops->drain(r.t);
    pf_sleep(r.t, 1000);
    /* A few bytes may have left the ring before the erase began. */
    assert_in_range(rig_view(&r).overruns, sizeof junk - 4096 - 256, sizeof junk - 4096);
    rig_close(&r);
}

/* ---- any guest -------------------------------------------------------------- */

/* A guest that does what the byte says and answers with what it saw. */
struct toy {
    uint32_t load;
    bool pins;
    unsigned freed;
};
static struct toy toy;

static void *toy_start(struct sim *s, const uint8_t *image, size_t len, uint32_t load,
                       uint32_t entry)
{
    assert_memory_equal(image, pf_stub_ecr6600.data, len);
    assert_int_equal(entry, pf_stub_ecr6600.entry);
    s->baud = 115200;
    toy = (struct toy){.load = load};
    return &toy;
}

static void toy_rx(struct sim *s, void *guest, uint8_t byte)
{
    uint8_t seen[4] = {byte, 0, 0, 0};

    (void)guest;
    switch (byte) {
    case 'e': /* erase, and look at once and 50 ms later */
        sim_guest_spi(s, 0x06, false, 0, NULL, 0, NULL, 0);
        sim_guest_spi(s, 0x20, true, 0x4000, NULL, 0, NULL, 0);
        sim_guest_spi(s, 0x05, false, 0, NULL, 0, seen + 1, 1);
        sim_guest_spend(s, SIM_MS(50));
        sim_guest_spi(s, 0x05, false, 0, NULL, 0, seen + 2, 1);
        break;
    case 'f':
        assert_false(sim_guest_efuse(s, 126, seen, 4));
        assert_true(sim_guest_efuse(s, 0x22, seen + 1, 1));
        break;
    case 'r':
        sim_guest_run(s);
        break;
    case 'c':
        sim_guest_crash(s);
        break;
    }
    sim_guest_send(s, seen, sizeof seen);
}

static uint64_t toy_next(const struct sim *s, void *guest)
{
    (void)s;
    (void)guest;
    return SIM_NEVER;
}

static void toy_fini(void *guest)
{
    ((struct toy *)guest)->freed++;
}

static const struct sim_guest_ops toy_ops = {
    .name = "toy", .start = toy_start, .rx = toy_rx, .next = toy_next, .fini = toy_fini};

static void toy_open(struct rig *r, const char *more)
{
    char spec[128];

    snprintf(spec, sizeof spec, "ecr6600,start=stub,stub=own,lat=0%s", more);
    rig_open_flash(r, spec, flash, SIZE);
    pf_set_baud(r->t, 115200);
    sim_set_guest(r->t, &toy_ops);
}

static void a_test_may_say_what_runs(void **state)
{
    struct rig r;

    (void)state;
    toy_open(&r, "");
    assert_int_equal(toy.load, pf_stub_ecr6600.load);
    rig_talk(&r, "41", "41 00 00 00");
    ecr_reset(&r);
    assert_int_equal(toy.freed, 1);
    rig_close(&r);
}

static void what_a_guest_spends_passes_before_it_answers(void **state)
{
    struct rig r;
    uint64_t us;

    (void)state;
    toy_open(&r, "");
    us = pf_now(r.t);
    rig_talk(&r, "65", "65 03 00 00"); /* busy and enabled, then neither */
    assert_in_range(pf_now(r.t) - us, 50400, 54000);
    assert_true(pf_is_blank(rig_view(&r).flash + 0x4000, 4096));
    rig_talk(&r, "66", "66 01 00 00");
    rig_close(&r);
    assert_int_equal(toy.freed, 1);
}

static void after_a_crash_or_a_run_it_is_not_heard_again(void **state)
{
    uint8_t said[10];
    struct rig r;

    (void)state;
    toy_open(&r, "");
    rig_send(&r, "63 41");
    rig_silent(&r, 100);
    assert_int_equal(toy.freed, 1);
    assert_false(rig_view(&r).in_loader);
    rig_close(&r);
    assert_int_equal(toy.freed, 1);

    toy_open(&r, "");
    rig_send(&r, "72");
    assert_int_equal(rig_read(&r, said, sizeof said, 100), sizeof said);
    assert_memory_equal(said, "stub err!\n", sizeof said); /* the ROM finds nothing to start */
    assert_int_equal(toy.freed, 1);
    rig_close(&r);
}

static void a_person_leaves_the_plug_alone_while_it_answers(void **state)
{
    struct rig r;

    (void)state;
    rig_open_flash(&r, "bl602,start=loader,loader=own,reset=none,strap=high,power=cycle:3000",
                   flash, SIZE);
    pf_sleep(r.t, 10000);
    assert_true(bl_sync(&r, 500000));
    pf_sleep(r.t, 3500000);
    bl_send(&r, 0x36, NULL, 0);
    rig_expect(&r, "4F 4B 04 00 EF 40 12 80");
    assert_int_equal(rig_view(&r).resets, 1);
    rig_close(&r);

    toy_open(&r, ",reset=none,power=cycle:1000");
    pf_sleep(r.t, 1500000);
    rig_talk(&r, "41", "41 00 00 00");
    rig_send(&r, "63"); /* it crashes */
    pf_sleep(r.t, 1500000);
    assert_int_equal(rig_view(&r).resets, 2);
    rig_close(&r);
}

static int group_setup(void **state)
{
    (void)state;
    fill_flash();
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_stub_answers_as_the_others_of_an_ecr6600_do),
        cmocka_unit_test(our_stub_answers_as_the_loaders_of_a_bl602_do),
        cmocka_unit_test(a_stub_of_ours_that_was_damaged_does_not_run),
        cmocka_unit_test(a_vendors_image_is_modelled_as_before),
        cmocka_unit_test(start_may_find_our_stub_running),
        cmocka_unit_test(without_a_train_a_bl602_has_no_rate),
        cmocka_unit_test(an_answer_comes_at_the_rate_the_divisors_make),
        cmocka_unit_test(b0_opens_the_stream_language_and_hello_says_the_same),
        cmocka_unit_test(a_read_is_the_flash_with_its_hash),
        cmocka_unit_test(a_write_erases_programs_and_proves_one_sector),
        cmocka_unit_test(what_the_flash_did_not_take_is_told),
        cmocka_unit_test(an_erase_takes_as_long_as_the_flash_does),
        cmocka_unit_test(hashing_takes_the_time_the_chip_needs),
        cmocka_unit_test(five_seconds_of_silence_lead_back_to_the_plain_language),
        cmocka_unit_test(a_reset_ends_it),
        cmocka_unit_test(run_starts_what_is_in_the_flash),
        cmocka_unit_test(a_power_cut_during_an_erase_leaves_it_half_done),
        cmocka_unit_test(bytes_its_ring_has_no_room_for_are_counted),
        cmocka_unit_test(a_test_may_say_what_runs),
        cmocka_unit_test(what_a_guest_spends_passes_before_it_answers),
        cmocka_unit_test(after_a_crash_or_a_run_it_is_not_heard_again),
        cmocka_unit_test(a_person_leaves_the_plug_alone_while_it_answers),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
