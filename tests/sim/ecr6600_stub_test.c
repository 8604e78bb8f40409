/* ecr6600_stub_test.c - frames and short commands of the four stub models, by
 * the published vectors and the executed facts (reference ecr6600, 2, 7, 9). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "sim/ecr_rig.h"

#define SIZE 0x200000u

static const char *const models[] = {"custom", "1.3.11", "1.3.4", "1.4.0"};

/* A stub that runs already. */
static void open_stub(struct rig *r, const char *model, const char *more)
{
    char spec[200];

    snprintf(spec, sizeof spec, "ecr6600,start=stub,stub=%s%s", model, more);
    rig_open(r, spec);
}

static void custom_stub_answers_every_published_vector(void **state)
{
    static const char *const talk[][2] = {
        {"A5 00 04 00 63 6E 79 73 66", "5A 00 00 00 00 00"}, /* its sum is wrong */
        {"A5 90 00 00 77", "5A FF 00 00 03 5C"},
        {"A5 9F 00 00 44", "5A FF 00 00 03 5C"},
        {"A5 08 06 00 00 00 00 00 80 00 33", "5A FF 00 00 03 5C"},
        {"A5 90 00 00 35", "5A 90 04 00 C8 40 15 00 00 0B"},
        {"A5 00 04 00 63 6E 79 73 66", "5A 00 00 00 00 EA"},
        {"A5 90 00 00 35", "5A 90 04 00 C8 40 15 00 00 0B"},
        {"A5 9F 00 00 44", "5A FF 04 00 03 60"}, /* a stale length, nothing behind it */
        {"A5 00 04 00 63 6E 79 74 67", "5A 00 00 00 01 5B"},
        {"A5 03 08 00 00 00 00 00 10 00 00 00 C0",
         "5A 03 10 00 00 FF FF FF 00 FF FF FF FF FF FF FF 00 FF FF FF 00 60"},
        {"A5 03 08 00 00 00 20 00 10 00 00 00 E0", "5A 03 00 00 02 5F"},
        {"A5 09 08 00 00 00 00 00 00 10 00 00 C6",
         "5A 09 20 00 6F 8A 26 7E 2B 86 70 F0 AD 71 B0 62 8F 55 8E E6 9B 2B 75 71 A8 40 4F A7 F7 "
         "FE B3 33 DE D1 36 AE 00 B1"},
        {"A5 02 08 00 00 90 1B 00 08 00 00 00 62", "5A 02 00 00 00 5C"},
        {"A5 02 09 00 00 11 22 33 44 55 66 77 88 14", "5A 02 00 00 00 5C"},
        {"A5 04 08 00 00 90 1B 00 00 C0 01 00 1D", "5A 04 00 00 00 5E"},
        {"A5 04 08 00 00 10 00 00 00 10 00 00 D1", "5A 04 00 00 00 5E"},
        {"A5 04 08 00 00 00 20 00 00 10 00 00 E1", "5A 04 00 00 02 60"},
        {"A5 05 00 00 AA", "5A 05 00 00 00 5F"},
        {"A5 06 00 00 AB", "5A 06 00 00 00 60"},
    };
    struct rig r;

    (void)state;
    open_stub(&r, "custom", "");
    for (size_t i = 0; i < sizeof talk / sizeof *talk; i++)
        rig_talk(&r, talk[i][0], talk[i][1]);
    assert_int_equal(rig_view(&r).violations, 0);
    rig_close(&r);
}

static void other_flash_ids_and_efuses_are_answered_as_published(void **state)
{
    uint8_t f[134];
    struct rig r;

    (void)state;
    open_stub(&r, "custom", ",size=4M");
    rig_talk(&r, "A5 90 00 00 35", "5A 90 04 00 C8 40 16 00 00 0C");
    rig_send(&r, "A5 99 00 00 3E");
    assert_int_equal(rig_read(&r, f, sizeof f, 1000), sizeof f);
    assert_memory_equal(f, ((uint8_t[]){0x5A, 0x99, 0x80, 0x00}), 4);
    assert_int_equal(get_le32(f + 4 + 0x20), 0x00010000);
    assert_memory_equal(f + 132, ((uint8_t[]){0x00, 0x74}), 2);
    rig_close(&r);
    open_stub(&r, "custom", ",xtal=26");
    rig_send(&r, "A5 99 00 00 3E");
    assert_int_equal(rig_read(&r, f, sizeof f, 1000), sizeof f);
    assert_memory_equal(f + 132, ((uint8_t[]){0x00, 0x73}), 2);
    rig_close(&r);
}

static void stub_without_a_flash_it_knows_says_so_and_refuses_every_range(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "ecr6600,start=loader,jedec=FFFFFF");
    rig_talk(&r, "63 6E 79 73", "01");
    ecr_header(&r, 1024);
    {
        uint8_t image[1024] = {0x48, 0x00};

        r.t->ops->write(r.t, image, sizeof image);
    }
    rig_expect(&r, "00 6E 6F 20 66 6C 61 73 68 21"); /* no flash! */
    rig_talk(&r, "A5 90 00 00 35", "5A 90 04 00 FF FF FF 00 00 EB");
    rig_talk(&r, "A5 03 08 00 00 00 00 00 10 00 00 00 C0", "5A 03 00 00 02 5F");
    rig_close(&r);

    open_stub(&r, "custom", ",size=8M");
    rig_expect(&r, "66 6C 61 73 68 21");
    rig_talk(&r, "A5 04 08 00 00 10 00 00 00 10 00 00 D1", "5A 04 00 00 02 60");
    rig_close(&r);
}

static void vendor_stubs_answer_the_published_vectors(void **state)
{
    static const char *const talk[][2] = {
        {"A5 00 04 00 63 6E 79 73 66", "5A 00 00 00 00 5A"},
        {"A5 00 04 00 63 6E 79 74 67", "5A 00 00 00 01 5B"},
        {"A5 90 00 00 35", "5A FF 00 00 03 5C"},
        {"A5 08 06 00 00 00 20 00 04 00 D7", "5A 08 04 00 00 00 01 00 67"}, /* no status byte */
        {"A5 90 00 00 35", "5A FF 04 00 03 60"},
        {"A5 08 06 00 00 00 21 00 04 00 D8", "5A 08 00 00 02 64"},
        {"A5 08 06 00 00 00 20 00 03 00 D6", "5A 08 00 00 04 66"},
        {"A5 03 08 00 00 00 00 00 10 00 00 00 C0",
         "5A 03 10 00 00 FF FF FF 00 FF FF FF FF FF FF FF 00 FF FF FF 00 60"},
        {"A5 02 08 00 00 90 1B 00 08 00 00 00 62", "5A 02 00 00 00 5C"},
        {"A5 02 09 00 00 11 22 33 44 55 66 77 88 14", "5A 02 00 00 00 5C"},
        {"A5 04 08 00 00 90 1B 00 00 C0 01 00 1D", "5A 04 00 00 00 5E"},
        {"A5 06 00 00 AB", "5A 06 00 00 00 60"},
    };

    (void)state;
    for (size_t m = 1; m < 4; m++) {
        struct rig r;

        open_stub(&r, models[m], "");
        for (size_t i = 0; i < sizeof talk / sizeof *talk; i++)
            rig_talk(&r, talk[i][0], talk[i][1]);
        rig_close(&r);
    }
}

static void sha_is_there_where_the_reference_says_so(void **state)
{
    (void)state;
    for (size_t m = 0; m < 4; m++) {
        struct rig r;

        open_stub(&r, models[m], "");
        rig_talk(&r, "A5 09 08 00 00 00 00 00 00 10 00 00 C6",
                 m == 3 ? "5A FF 00 00 03 5C"
                        : "5A 09 20 00 6F 8A 26 7E 2B 86 70 F0 AD 71 B0 62 8F 55 8E E6 9B 2B 75 "
                          "71 A8 40 4F A7 F7 FE B3 33 DE D1 36 AE 00 B1");
        rig_close(&r);
    }
}

static void a_bad_sum_is_answered_as_each_stub_does(void **state)
{
    struct rig r;

    (void)state;
    open_stub(&r, "1.3.11", "");
    rig_send(&r, "A5 03 08 00 00 00 00 00 10 00 00 00 C0");
    {
        uint8_t f[22];

        assert_int_equal(rig_read(&r, f, sizeof f, 1000), sizeof f);
    }
    rig_talk(&r, "A5 04 08 00 00 00 00 00 10 00 00 00 00", "5A 04 10 00 05 C1");
    rig_close(&r);
    open_stub(&r, "1.3.11", "");
    rig_talk(&r, "A5 0A 00 00 AF", "5A 0A 00 00 03 67");
    rig_talk(&r, "A5 0B 00 00 B0", "5A 0B 00 00 03 68");
    rig_close(&r);
    for (size_t m = 2; m < 4; m++) {
        open_stub(&r, models[m], "");
        rig_talk(&r, "A5 04 08 00 00 00 00 00 10 00 00 00 00", "5A FF 00 00 03 5C");
        rig_close(&r);
    }
}

static void types_beyond_the_limit_are_refused_before_their_payload(void **state)
{
    static const char *const first[] = {"A5 A0 02 00", "A5 0D 02 00", "A5 0A 02 00", "A5 09 02 00"};

    (void)state;
    for (size_t m = 0; m < 4; m++) {
        struct rig r;

        open_stub(&r, models[m], "");
        rig_talk(&r, first[m], "5A FF 00 00 03 5C");
        /* what would be its payload is searched for a frame */
        rig_talk(&r, "11 A5 00 04 00 63 6E 79 73 66",
                 m ? "5A 00 00 00 00 5A" : "5A 00 00 00 00 5C");
        rig_close(&r);
    }
}

static void a_truncated_request_is_waited_for_until_filler_completes_it(void **state)
{
    struct rig r;

    (void)state;
    open_stub(&r, "custom", "");
    rig_send(&r, "A5 03 08 00 00 00");
    rig_silent(&r, 60000);
    rig_talk(&r, "00 00 00 00 00 00 00", "5A FF 00 00 03 5C");
    rig_talk(&r, "A5 90 00 00 35", "5A 90 04 00 C8 40 15 00 00 0B");
    rig_close(&r);
}

static void a_payload_beyond_its_limit_crashes_the_stub(void **state)
{
    static const size_t most[] = {9, 64, 8, 8};
    static const uint8_t zeros[80] = {0x63, 0x6E, 0x79, 0x73};

    (void)state;
    for (size_t m = 0; m < 4; m++) {
        struct rig r;

        open_stub(&r, models[m], "");
        ecr_send(&r, 0x00, zeros, most[m]);
        {
            uint8_t f[6];

            assert_int_equal(rig_read(&r, f, 6, 100), 6);
        }
        ecr_send(&r, 0x00, zeros, most[m] + 1);
        rig_silent(&r, 100);
        rig_talk(&r, "A5 00 04 00 63 6E 79 73 66", "");
        ecr_reset(&r);
        assert_true(ecr_sync(&r, 1000));
        rig_close(&r);
    }
}

static void each_rate_is_what_the_divisor_makes_of_it(void **state)
{
    static const struct {
        uint32_t ask, real;
        bool good;
    } rates[] = {
        {57600, 57803, true},     {76800, 76923, true},     {115200, 114942, true},
        {230400, 232558, true},   {460800, 476190, false},  {500000, 500000, true},
        {576000, 588235, true},   {691200, 666666, false},  {806400, 800000, true},
        {921600, 909090, true},   {1000000, 1000000, true}, {1500000, 1481481, true},
        {2000000, 2000000, true}, {2500000, 2500000, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        uint8_t payload[4], f[16], page[4096];
        uint64_t start;
        struct rig r;
        size_t n;

        open_stub(&r, "1.3.4", ",lat=0");
        put_le32(payload, rates[i].ask);
        ecr_send(&r, 0x07, payload, 4);
        r.t->ops->drain(r.t);
        start = pf_now(r.t);
        pf_sleep(r.t, 5000);
        pf_set_baud(r.t, rates[i].ask);
        n = rig_read(&r, f, 6, 300);
        if (!rates[i].good) {
            assert_false(n == 6 && !memcmp(f, "\x5A\x07\x00\x00\x00\x61", 6));
            pf_set_baud(r.t, rates[i].real); /* who knows the chip may still go on */
            pf_sleep(r.t, 100000);
            r.t->ops->discard_input(r.t);
        } else {
            assert_int_equal(n, 6);
            assert_memory_equal(f, "\x5A\x07\x00\x00\x00\x61", 6);
            assert_in_range(pf_now(r.t) - start, 50000, 50000 + 60000000 / rates[i].real + 10);
        }
        rig_talk(&r, "A5 00 04 00 63 6E 79 73 66", "5A 00 00 00 00 5A");
        start = pf_now(r.t);
        assert_true(ecr_read(&r, 0, sizeof page, page));
        n = (size_t)(pf_now(r.t) - start);
        /* 13 bytes there, 4102 back at the chip's rate */
        assert_in_range(n, 41020000000ull / rates[i].real, 41200000000ull / rates[i].real + 200);
        rig_close(&r);
    }
}

static void a_stub_left_at_a_fast_rate_is_found_there(void **state)
{
    struct rig r;

    (void)state;
    open_stub(&r, "custom", ",stubbaud=921600");
    pf_set_baud(r.t, 115200);
    rig_send(&r, "A5 90 00 00 35");
    pf_sleep(r.t, 100000);
    r.t->ops->discard_input(r.t);
    pf_set_baud(r.t, 921600);
    rig_send(&r, "00 00 00 00 00 00 00 00 00 00 00 00");
    pf_sleep(r.t, 100000);
    r.t->ops->discard_input(r.t);
    rig_talk(&r, "A5 90 00 00 35", "5A 90 04 00 C8 40 15 00 00 0B");
    ecr_baud(&r, 115200);
    rig_close(&r);
}

static void run_starts_uboot_and_its_window_at_115200(void **state)
{
    struct rig r;

    (void)state;
    open_stub(&r, "custom", "");
    ecr_baud(&r, 2000000);
    rig_talk(&r, "A5 06 00 00 AB", "5A 06 00 00 00 60");
    pf_set_baud(r.t, 115200);
    pf_sleep(r.t, 80000);
    rig_talk(&r, "63 6E 79 73", "01");
    rig_close(&r);
    open_stub(&r, "custom", "");
    rig_talk(&r, "A5 06 00 00 AB", "5A 06 00 00 00 60");
    pf_sleep(r.t, 500000);
    assert_false(rig_view(&r).in_loader);
    rig_close(&r);
}

static void run_without_a_uboot_complains_every_two_seconds(void **state)
{
    struct rig r;
    char text[20];

    (void)state;
    open_stub(&r, "1.4.0", ",lat=0");
    rig_talk(&r, "A5 05 00 00 AA", "5A 05 00 00 00 5F");
    rig_talk(&r, "A5 06 00 00 AB", "5A 06 00 00 00 60");
    assert_int_equal(rig_read(&r, (uint8_t *)text, 10, 100), 10);
    assert_memory_equal(text, "stub err!\n", 10);
    rig_silent(&r, 1980);
    assert_int_equal(rig_read(&r, (uint8_t *)text, 10, 100), 10);
    assert_memory_equal(text, "stub err!\n", 10);
    rig_close(&r);
}

/* The live `mac` record of nv_amt, read by hand. */
static unsigned count_macs(const uint8_t *nv, char *text)
{
    unsigned live = 0;

    for (size_t at = 36; at < 4096 && get_le32(nv + at + 20) != UINT32_MAX;
         at += get_le32(nv + at + 20))
        if (nv[at + 28] == 3 && !memcmp(nv + at + 36, "mac", 3) && !nv[at + 4] && nv[at + 8]) {
            memcpy(text, nv + at + 40, 17);
            live++;
        }
    return live;
}

static void set_mac_of_1_3_11_leaves_one_live_record(void **state)
{
    char text[18] = "";
    struct rig r;

    (void)state;
    open_stub(&r, "1.3.11", ",mac=02:00:00:00:00:01");
    assert_int_equal(count_macs(rig_view(&r).flash + 0x1FE000, text), 1);
    assert_string_equal(text, "02:00:00:00:00:01");
    rig_talk(&r, "A5 0C 11 00 38 34 3A 45 33 3A 34 32 3A 31 32 3A 33 34 3A 35 36 63",
             "5A 0C 00 00 00 66");
    assert_int_equal(count_macs(rig_view(&r).flash + 0x1FE000, text), 1);
    assert_string_equal(text, "84:E3:42:12:34:56");
    assert_int_equal(rig_view(&r).violations, 0);
    rig_talk(&r, "A5 0C 11 00 38 35 3A 45 33 3A 34 32 3A 31 32 3A 33 34 3A 35 36 64",
             "5A 0C 00 00 06 6C"); /* a group address */
    rig_close(&r);
}

static void burning_efuses_counts_as_a_violation(void **state)
{
    struct rig r;

    (void)state;
    open_stub(&r, "1.3.4", "");
    rig_talk(&r, "A5 08 06 00 01 00 20 00 04 00 D8", "5A 08 00 00 00 62");
    assert_int_equal(rig_view(&r).violations, 1);
    rig_close(&r);
}

static void efuse_words_can_be_given(void **state)
{
    struct rig r;

    (void)state;
    open_stub(&r, "1.3.11", ",efuse=0x20:0x1000C-0x7c:0x44332211");
    rig_talk(&r, "A5 08 06 00 00 00 20 00 04 00 D7", "5A 08 04 00 0C 00 01 00 73");
    rig_talk(&r, "A5 08 06 00 00 00 7C 00 08 00 37", "5A 08 08 00 11 22 33 44 00 00 00 00 14");
    rig_close(&r);
}

static void person_switches_again_when_the_host_polls_a_deaf_stub(void **state)
{
    uint64_t before;
    struct rig r;

    (void)state;
    rig_open(&r, "ecr6600,reset=none,power=cycle:3000,start=stub");
    before = rig_view(&r).resets;
    pf_sleep(r.t, 60000000);
    assert_int_equal(rig_view(&r).resets, before); /* nobody pulls a working plug */
    assert_true(ecr_sync(&r, 10000));
    rig_close(&r);
}

/* Frames with random types, lengths, numbers and now and then a wrong sum. */
static size_t rubbish(uint64_t *seed, uint8_t *out)
{
    size_t n = 0, len;

    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    len = (*seed >> 40) % 80;
    if (*seed >> 60 < 2) { /* no frame at all */
        for (n = 0; n < len; n++)
            out[n] = (uint8_t)(*seed >> n % 56);
        return n;
    }
    len = *seed >> 63 ? 8 : len % 10; /* seldom more than any stub stands */
    out[n++] = 0xA5;
    out[n++] = *seed >> 62 & 1 ? (uint8_t)(*seed >> 32) % 13 : 0x90 + (uint8_t)(*seed >> 32) % 10;
    put_le16(out + n, (uint16_t)len);
    n += 2;
    for (size_t i = 0; i < len; i++)
        out[n++] = i % 4 < 3 ? (uint8_t)(*seed >> 3 * i % 48) : 0;
    out[n] = 0;
    for (size_t i = 0; i < n; i++)
        out[n] = (uint8_t)(out[n] + out[i]);
    if (*seed >> 20 & 7)
        n++;
    return n;
}

static void rubbish_neither_hangs_nor_crashes_the_simulator(void **state)
{
    (void)state;
    for (unsigned run = 0; run < 40; run++) {
        uint64_t seed = run;
        struct rig r;

        open_stub(&r, models[run % 4], run & 4 ? ",wtype=any" : "");
        print_message("rubbish: seed %u\n", run);
        for (unsigned i = 0; i < 60; i++) {
            uint8_t bytes[128], have[256];

            assert_int_equal(r.t->ops->write(r.t, bytes, rubbish(&seed, bytes)), PF_OK);
            rig_read(&r, have, sizeof have, 200);
        }
        ecr_reset(&r);
        r.t->ops->discard_input(r.t);
        assert_true(rig_view(&r).size == SIZE);
        rig_close(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(custom_stub_answers_every_published_vector),
        cmocka_unit_test(other_flash_ids_and_efuses_are_answered_as_published),
        cmocka_unit_test(stub_without_a_flash_it_knows_says_so_and_refuses_every_range),
        cmocka_unit_test(vendor_stubs_answer_the_published_vectors),
        cmocka_unit_test(sha_is_there_where_the_reference_says_so),
        cmocka_unit_test(a_bad_sum_is_answered_as_each_stub_does),
        cmocka_unit_test(types_beyond_the_limit_are_refused_before_their_payload),
        cmocka_unit_test(a_truncated_request_is_waited_for_until_filler_completes_it),
        cmocka_unit_test(a_payload_beyond_its_limit_crashes_the_stub),
        cmocka_unit_test(each_rate_is_what_the_divisor_makes_of_it),
        cmocka_unit_test(a_stub_left_at_a_fast_rate_is_found_there),
        cmocka_unit_test(run_starts_uboot_and_its_window_at_115200),
        cmocka_unit_test(run_without_a_uboot_complains_every_two_seconds),
        cmocka_unit_test(set_mac_of_1_3_11_leaves_one_live_record),
        cmocka_unit_test(burning_efuses_counts_as_a_violation),
        cmocka_unit_test(efuse_words_can_be_given),
        cmocka_unit_test(person_switches_again_when_the_host_polls_a_deaf_stub),
        cmocka_unit_test(rubbish_neither_hangs_nor_crashes_the_simulator),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
