/* wire_test.c - time on the wire, wrong baud rates, and each kind of fault. */
#include <stdio.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "sim/rig.h"

#define LINK   "01 E0 FC 01 00"
#define LINKED "04 0E 05 01 E0 FC 01 00"
#define SIZE   0x200000u

static void opened(struct rig *r, const char *spec)
{
    rig_open(r, spec);
    rig_link(r);
}

/* ---- time ---------------------------------------------------------------- */

static uint64_t read_everything(const char *spec)
{
    static uint8_t page[4096];
    uint64_t start;
    struct rig r;

    opened(&r, spec);
    rig_baud(&r, 921600);
    start = pf_now(r.t);
    for (uint32_t addr = 0; addr < SIZE; addr += 4096) {
        assert_true(rig_read4k(&r, SIZE + addr, page));
        assert_memory_equal(page, rig_view(&r).flash + addr, sizeof page);
    }
    start = pf_now(r.t) - start;
    rig_close(&r);
    return start;
}

static void reading_2_mib_stop_and_wait_takes_what_peers_compute(void **state)
{
    (void)state;
    /* 23.4 s and 31.1 s; the chip really sends at 928571, 0.2 s faster. */
    assert_in_range(read_everything("bk7231t,lat=1") / 1000, 23150, 23450);
    assert_in_range(read_everything("bk7231t,lat=16") / 1000, 30850, 31150);
}

static void asking_ahead_hides_the_latency(void **state)
{
    static uint8_t in[4111];
    uint8_t out[12] = {0x01, 0xE0, 0xFC, 0xFF, 0xF4, 0x05, 0x00, 0x09};
    struct rig r;
    uint64_t start;

    (void)state;
    opened(&r, "bk7231t,lat=16");
    rig_baud(&r, 921600);
    start = pf_now(r.t);
    for (uint32_t i = 0; i <= 32; i++) {
        put_le32(out + 8, 0x11000 + i * 4096);
        if (i < 32)
            r.t->ops->write(r.t, out, sizeof out);
        if (i > 0) {
            assert_int_equal(rig_read(&r, in, sizeof in, 1000), sizeof in);
            assert_int_equal(get_le32(in + 11), 0x11000 + (i - 1) * 4096);
        }
    }
    /* 32 replies of 44.3 ms each, and the latency once. */
    assert_in_range(pf_now(r.t) - start, 1417000, 1440000);
    rig_close(&r);
}

static void flash_work_and_hashing_take_their_time(void **state)
{
    uint8_t page[4096] = {0};
    uint64_t start;
    uint32_t crc;
    struct rig r;

    (void)state;
    opened(&r, "bk7231n,sr=0000,lat=0");
    rig_baud(&r, 2000000);
    start = pf_now(r.t);
    assert_int_equal(rig_erase(&r, 0x20, 0x20000), 0);
    assert_in_range(pf_now(r.t) - start, 45000, 45300);
    start = pf_now(r.t);
    assert_int_equal(rig_erase(&r, 0xD8, 0x20000), 0);
    assert_in_range(pf_now(r.t) - start, 150000, 150300);
    start = pf_now(r.t);
    assert_int_equal(rig_write4k(&r, 0x20000, page), 0);
    assert_in_range(pf_now(r.t) - start, 20540 + 8000, 20800 + 8000); /* wire, then 16 pages */
    start = pf_now(r.t);
    assert_true(rig_crc(&r, 0, SIZE - 1, &crc));
    assert_in_range(pf_now(r.t) - start, 500000, 500300);
    assert_int_equal(rig_view(&r).digest_bytes, SIZE);
    rig_close(&r);
}

static void writing_returns_at_once_and_draining_waits_for_the_wire(void **state)
{
    uint8_t out[1152] = {0x55};
    uint64_t start;
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231n");
    start = pf_now(r.t);
    r.t->ops->write(r.t, out, sizeof out);
    assert_int_equal(pf_now(r.t), start);
    r.t->ops->drain(r.t);
    assert_in_range(pf_now(r.t) - start, 99990, 100010);
    rig_close(&r);
}

static void bytes_not_yet_sent_follow_a_new_rate(void **state)
{
    uint8_t out[1000] = {0x55};
    uint64_t start;
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231n");
    start = pf_now(r.t);
    r.t->ops->write(r.t, out, sizeof out);
    pf_sleep(r.t, 8680); /* a hundred bytes */
    pf_set_baud(r.t, 1152000);
    r.t->ops->drain(r.t);
    assert_in_range(pf_now(r.t) - start, 8680 + 7800, 8680 + 7900);
    rig_close(&r);
}

static void a_wrong_rate_makes_garbage_both_ways_and_does_so_repeatably(void **state)
{
    static const uint32_t rates[] = {9600, 57600, 230400, 921600};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        uint8_t first[256], again[256];
        size_t n[2];

        for (size_t k = 0; k < 2; k++) {
            uint8_t *in = k ? again : first;
            struct rig r;

            opened(&r, "bk7231n");
            pf_set_baud(r.t, rates[i]);
            rig_send(&r, LINK);
            rig_silent(&r, 100); /* not understood */
            pf_set_baud(r.t, 115200);
            rig_send(&r, "00 00 00 00 00"); /* the parser starts anew */
            pf_sleep(r.t, 5000);
            rig_send(&r, "01 E0 FC 05 03 00 00 80 00");
            r.t->ops->drain(r.t);
            pf_set_baud(r.t, rates[i]);
            n[k] = rig_read(&r, in, 256, 100);
            rig_close(&r);
        }
        assert_int_equal(n[0], n[1]);
        assert_memory_equal(first, again, n[0]);
        assert_false(n[0] == 15 && !memcmp(first, "\x04\x0e\x0c\x01\xe0\xfc", 6));
    }
}

static void rates_up_to_three_percent_apart_are_understood(void **state)
{
    struct rig r;

    (void)state;
    opened(&r, "bk7231n");
    pf_set_baud(r.t, 118000); /* 2.6 % */
    rig_talk(&r, LINK, LINKED);
    pf_set_baud(r.t, 112000);
    rig_talk(&r, LINK, LINKED);
    pf_set_baud(r.t, 120000); /* 4.3 % */
    rig_send(&r, LINK);
    rig_silent(&r, 100);
    rig_close(&r);
}

/* ---- faults -------------------------------------------------------------- */

/* The reply to one ReadReg after a fault on the wire; the link needs bytes of
 * its own, so the plan counts from start=loader and one exact exchange. */
static size_t exchange(const char *fault, uint8_t in[64], uint64_t *us)
{
    char spec[128];
    struct rig r;
    size_t n;

    snprintf(spec, sizeof spec, "bk7231n,start=loader,lat=0,fault=%s", fault);
    rig_open(&r, spec);
    rig_send(&r, "01 E0 FC 05 03 00 00 80 00");
    n = rig_read(&r, in, 64, 500);
    rig_send(&r, LINK);
    r.t->ops->drain(r.t);
    if (us)
        *us = pf_now(r.t);
    assert_true(rig_view(&r).fault_fired);
    rig_close(&r);
    return n;
}

static const uint8_t good[15] = {0x04, 0x0E, 0x0C, 0x01, 0xE0, 0xFC, 0x03, 0x00,
                                 0x00, 0x80, 0x00, 0x1C, 0x23, 0x07, 0x00};

static void wire_faults_hit_the_byte_they_name(void **state)
{
    uint8_t in[64];

    (void)state;
    assert_int_equal(exchange("drop>@2", in, NULL), 0);
    assert_int_equal(exchange("flip>@0:0", in, NULL), 0);
    assert_int_equal(exchange("dup>@0", in, NULL), 0); /* the parser does not look again */
    assert_int_equal(exchange("drop<@1", in, NULL), 14);
    assert_int_equal(in[1], 0x0C);
    assert_int_equal(exchange("drop<@0:15", in, NULL), 0);
    assert_int_equal(exchange("flip<@11:7", in, NULL), 15);
    assert_int_equal(in[11], 0x9C);
    assert_int_equal(exchange("dup<@0:3", in, NULL), 18);
    assert_memory_equal(in + 3, good, sizeof good);
    assert_int_equal(exchange("echo>@0:9", in, NULL), 24);
    assert_memory_equal(in + 9, good, sizeof good);
    assert_memory_equal(in, "\x01\xE0\xFC\x05\x03", 5);
    assert_int_equal(exchange("noise@0:7", in, NULL), 22);
    assert_memory_equal(in + 7, good, sizeof good);
    assert_int_equal(exchange("silence@0", in, NULL), 0);
}

/* Microseconds that 9 bytes take to leave. */
static uint64_t sending(const char *fault)
{
    char spec[128];
    struct rig r;
    uint64_t us;

    snprintf(spec, sizeof spec, "bk7231n,start=loader,fault=%s", fault);
    rig_open(&r, spec);
    us = pf_now(r.t);
    rig_send(&r, "01 E0 FC 05 03 00 00 80 00");
    r.t->ops->drain(r.t);
    us = pf_now(r.t) - us;
    rig_close(&r);
    return us;
}

static void a_burst_takes_bytes_out_without_a_pause(void **state)
{
    static uint8_t in[4111], whole[4111];
    struct rig r;

    (void)state;
    assert_int_equal(exchange("burst<@3:5", in, NULL), 10);
    assert_memory_equal(in, good, 3);
    assert_memory_equal(in + 3, good + 8, 7);

    /* 200 unless told; what was dropped has taken its time, what vanished none. */
    rig_open(&r, "bk7231n,start=loader,fault=burst<@1000");
    rig_send(&r, "01 E0 FC FF F4 05 00 09 00 00 01 00");
    assert_int_equal(rig_read(&r, in, sizeof in, 1000), 3911);
    rig_send(&r, "01 E0 FC FF F4 05 00 09 00 00 01 00");
    assert_int_equal(rig_read(&r, whole, sizeof whole, 1000), 4111);
    assert_memory_equal(in, whole, 1000);
    assert_memory_equal(in + 1000, whole + 1200, 2911);
    rig_close(&r);
    assert_in_range(sending("drop>@0:8") - sending("burst>@0:8"), 690, 700); /* at 115200 */
}

static void late_and_fragmented_bytes_arrive_complete(void **state)
{
    uint8_t in[64];
    struct rig r;
    size_t got;

    (void)state;
    assert_int_equal(exchange("delay<@4:30", in, NULL), 15);
    assert_memory_equal(in, good, sizeof good);
    assert_int_equal(exchange("delay>@4:30", in, NULL), 15);
    assert_int_equal(exchange("fragment<@0:15", in, NULL), 15);
    assert_memory_equal(in, good, sizeof good);

    rig_open(&r, "bk7231n,start=loader,fault=trickle@0:2");
    rig_send(&r, LINK);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(r.t->ops->read(r.t, in, sizeof in, 1000000, &got), PF_OK);
        assert_int_equal(got, 1);
    }
    rig_close(&r);
}

static void a_held_answer_comes_just_before_the_next_one(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231n,start=loader,fault=holdlate@0");
    rig_send(&r, "01 E0 FC 05 03 00 00 80 00");
    rig_silent(&r, 500);
    rig_talk(&r, LINK, "04 0E 0C 01 E0 FC 03 00 00 80 00 1C 23 07 00" LINKED);
    rig_close(&r);
}

static void a_wrong_hash_is_wrong_once(void **state)
{
    uint32_t wrong, right;
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231n,start=loader,fault=wrongcrc@0");
    assert_true(rig_crc(&r, 0, 4095, &wrong));
    assert_true(rig_crc(&r, 0, 4095, &right));
    assert_int_equal(right, ~pf_crc32(0, rig_view(&r).flash, 4096));
    assert_int_not_equal(wrong, right);
    rig_close(&r);
}

static void a_flipped_read_is_right_the_next_time(void **state)
{
    uint8_t page[4096];
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231n,start=loader,fault=readflip@0");
    assert_true(rig_read4k(&r, 0x11000, page));
    assert_memory_not_equal(page, rig_view(&r).flash + 0x11000, sizeof page);
    assert_true(rig_read4k(&r, 0x11000, page));
    assert_memory_equal(page, rig_view(&r).flash + 0x11000, sizeof page);
    rig_close(&r);
}

static void lies_and_stuck_erases_are_acknowledged(void **state)
{
    static const char *const specs[] = {"bk7231n,start=loader,sr=0000,fault=lie@3",
                                        "bk7231n,start=loader,sr=0000,fault=lie@3:wrong"};
    uint8_t page[4096];
    struct rig r;

    (void)state;
    memset(page, 0x5A, sizeof page);
    for (size_t i = 0; i < 2; i++) {
        unsigned wrong = 0;

        rig_open(&r, specs[i]);
        assert_int_equal(rig_erase(&r, 0x20, 0x130000), 0);
        assert_int_equal(rig_write4k(&r, 0x130000, page), 0);
        for (unsigned k = 0; k < 4096; k++)
            wrong += rig_view(&r).flash[0x130000 + k] != 0x5A;
        assert_int_equal(wrong, i ? 1 : 256);
        assert_int_equal(rig_view(&r).violations, 0);
        rig_close(&r);
    }
    rig_open(&r, "bk7231n,start=loader,sr=0000,fault=stick@1");
    assert_int_equal(rig_erase(&r, 0x20, 0x20000), 0);
    assert_int_equal(rig_erase(&r, 0x20, 0x21000), 0);
    assert_true(pf_is_blank(rig_view(&r).flash + 0x20000, 4096));
    assert_false(pf_is_blank(rig_view(&r).flash + 0x21000, 4096));
    rig_close(&r);
}

static void a_status_fault_refuses_one_command(void **state)
{
    static const char *const specs[] = {"bk7231n,start=loader,sr=0000,fault=status@1",
                                        "bk7231t,start=loader,idle=60000,fault=status@1:9"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct rig r;

        rig_open(&r, specs[i]);
        rig_talk(&r, LINK, LINKED);
        assert_int_equal(rig_erase(&r, 0x20, 0x20000), 0);
        assert_int_equal(rig_erase(&r, 0x20, 0x21000), i ? 9 : 1);
        assert_false(pf_is_blank(rig_view(&r).flash + 0x21000, 4096));
        assert_int_equal(rig_erase(&r, 0x20, 0x21000), 0);
        rig_close(&r);
    }
}

static void a_refused_write_on_t_programs_nothing(void **state)
{
    uint8_t page[4096] = {0};
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231t,start=loader,fault=status@1");
    rig_talk(&r, LINK, LINKED);
    assert_int_equal(rig_erase(&r, 0x20, 0x20000), 0);
    assert_int_equal(rig_write4k(&r, 0x20000, page), 1);
    assert_int_equal(rig_view(&r).programs, 0);
    assert_int_equal(rig_write4k(&r, 0x20000, page), 0);
    assert_memory_equal(rig_view(&r).flash + 0x20000, page, sizeof page);
    rig_close(&r);
}

static void discarding_input_leaves_what_the_adapter_still_holds(void **state)
{
    uint8_t in[8];
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231n,start=loader,lat=16");
    rig_send(&r, LINK);
    pf_sleep(r.t, 5000); /* answered, and on its way through the adapter */
    assert_int_equal(r.t->ops->discard_input(r.t), PF_OK);
    assert_int_equal(rig_read(&r, in, 8, 50), 8);
    rig_send(&r, LINK);
    pf_sleep(r.t, 30000);
    assert_int_equal(r.t->ops->discard_input(r.t), PF_OK);
    rig_silent(&r, 50);
    rig_close(&r);
}

static void a_deadline_for_ever_comes_back(void **state)
{
    uint8_t in[8];
    size_t got;
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231n");
    assert_int_equal(r.t->ops->read(r.t, in, 8, UINT64_MAX, &got), PF_ERR_TIMEOUT);
    rig_link(&r);
    rig_close(&r);
}

static void a_power_cut_ends_the_link_and_power_comes_back(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231n,start=loader,sr=0000,fault=powercut@1:400");
    assert_int_equal(rig_erase(&r, 0x20, 0x20000), 0);
    assert_int_equal(rig_view(&r).ops, 1);
    rig_send(&r, "01 E0 FC FF F4 06 00 0F 20 00 10 02 00");
    rig_silent(&r, 300);
    assert_false(rig_view(&r).in_loader);
    assert_false(pf_is_blank(rig_view(&r).flash + 0x21000, 4096));
    assert_true(rig_train(&r, 300)); /* the window after power-on */
    assert_int_equal(rig_view(&r).resets, 2);
    rig_close(&r);
}

static void a_power_cut_that_stays_is_final(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231n,start=loader,sr=0000,fault=powercut@0:stay");
    assert_int_equal(rig_erase(&r, 0x20, 0x20000), 256);
    assert_false(rig_try_link(&r));
    assert_int_equal(pf_set_power(r.t, true), PF_OK);
    assert_false(rig_try_link(&r));
    rig_close(&r);
}

static void a_power_cut_between_pages_leaves_the_rest_blank(void **state)
{
    static const char *const specs[] = {"bk7231n,start=loader,sr=0000,fault=powercut@6",
                                        "bk7231t,start=loader,fault=powercut@6"};
    uint8_t page[4096] = {0};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct rig r;

        rig_open(&r, specs[i]);
        rig_talk(&r, LINK, LINKED);
        assert_int_equal(rig_erase(&r, 0x20, 0x20000), 0); /* operation 0 */
        assert_int_equal(rig_write4k(&r, 0x20000, page), 256);
        assert_int_equal(rig_view(&r).flash[0x20000 + 5 * 256 - 1], 0x00);
        assert_false(pf_is_blank(rig_view(&r).flash + 0x20500, 256));
        assert_true(pf_is_blank(rig_view(&r).flash + 0x20600, 4096 - 0x600));
        rig_close(&r);
    }
}

static void a_host_that_cuts_the_power_meanwhile_spoils_the_sector(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231n,start=loader,sr=0000");
    rig_send(&r, "01 E0 FC FF F4 06 00 0F 20 00 00 02 00");
    r.t->ops->drain(r.t);
    pf_sleep(r.t, 20000);
    pf_set_power(r.t, false);
    assert_false(pf_is_blank(rig_view(&r).flash + 0x20000, 4096));
    rig_silent(&r, 100);
    rig_close(&r);
}

static void a_reset_fault_restarts_the_loader(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231n,start=loader,fault=reset@1");
    rig_talk(&r, LINK, LINKED);
    rig_send(&r, LINK);
    rig_silent(&r, 10);
    assert_int_equal(rig_view(&r).resets, 2);
    rig_talk(&r, LINK, LINKED);
    rig_close(&r);
}

static void chatter_at_boot_comes_before_the_first_answer(void **state)
{
    uint8_t in[128];
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231t,start=boot,fault=chatter@0:40");
    rig_send(&r, LINK);
    assert_int_equal(rig_read(&r, in, sizeof in, 60), 48);
    assert_int_equal(in[30], '\r');
    assert_int_equal(in[40], 0x04);
    rig_close(&r);
}

static void a_full_queue_holds_back_or_loses_what_is_beyond_it(void **state)
{
    static uint8_t in[8192];
    struct rig r;
    size_t got;

    (void)state;
    rig_open(&r, "bk7231n,start=loader,fault=cap@4095");
    rig_send(&r, "01 E0 FC FF F4 05 00 09 00 10 01 00");
    pf_sleep(r.t, 2000000);
    assert_int_equal(r.t->ops->read(r.t, in, sizeof in, 0, &got), PF_OK);
    assert_int_equal(got, 4095);
    assert_int_equal(r.t->ops->read(r.t, in, sizeof in, 0, &got), PF_OK);
    assert_int_equal(got, 16);
    rig_close(&r);

    rig_open(&r, "bk7231n,start=loader,fault=cap@4095:drop");
    rig_send(&r, "01 E0 FC FF F4 05 00 09 00 10 01 00");
    pf_sleep(r.t, 2000000);
    assert_int_equal(r.t->ops->read(r.t, in, sizeof in, 0, &got), PF_OK);
    assert_int_equal(got, 4095);
    assert_int_equal(r.t->ops->read(r.t, in, sizeof in, 0, &got), PF_ERR_TIMEOUT);
    rig_close(&r);
}

static void the_same_seed_replays_the_same_fault(void **state)
{
    uint8_t a[64], b[64];

    (void)state;
    assert_int_equal(exchange("flip<@3+noise@0:20,seed=77", a, NULL),
                     exchange("flip<@3+noise@0:20,seed=77", b, NULL));
    assert_memory_equal(a, b, 35);
    exchange("flip<@3+noise@0:20,seed=78", b, NULL);
    assert_memory_not_equal(a, b, 35);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_2_mib_stop_and_wait_takes_what_peers_compute),
        cmocka_unit_test(asking_ahead_hides_the_latency),
        cmocka_unit_test(flash_work_and_hashing_take_their_time),
        cmocka_unit_test(writing_returns_at_once_and_draining_waits_for_the_wire),
        cmocka_unit_test(bytes_not_yet_sent_follow_a_new_rate),
        cmocka_unit_test(a_wrong_rate_makes_garbage_both_ways_and_does_so_repeatably),
        cmocka_unit_test(rates_up_to_three_percent_apart_are_understood),
        cmocka_unit_test(wire_faults_hit_the_byte_they_name),
        cmocka_unit_test(a_burst_takes_bytes_out_without_a_pause),
        cmocka_unit_test(late_and_fragmented_bytes_arrive_complete),
        cmocka_unit_test(a_held_answer_comes_just_before_the_next_one),
        cmocka_unit_test(a_wrong_hash_is_wrong_once),
        cmocka_unit_test(a_flipped_read_is_right_the_next_time),
        cmocka_unit_test(lies_and_stuck_erases_are_acknowledged),
        cmocka_unit_test(a_status_fault_refuses_one_command),
        cmocka_unit_test(a_refused_write_on_t_programs_nothing),
        cmocka_unit_test(discarding_input_leaves_what_the_adapter_still_holds),
        cmocka_unit_test(a_deadline_for_ever_comes_back),
        cmocka_unit_test(a_power_cut_ends_the_link_and_power_comes_back),
        cmocka_unit_test(a_power_cut_that_stays_is_final),
        cmocka_unit_test(a_power_cut_between_pages_leaves_the_rest_blank),
        cmocka_unit_test(a_host_that_cuts_the_power_meanwhile_spoils_the_sector),
        cmocka_unit_test(a_reset_fault_restarts_the_loader),
        cmocka_unit_test(chatter_at_boot_comes_before_the_first_answer),
        cmocka_unit_test(a_full_queue_holds_back_or_loses_what_is_beyond_it),
        cmocka_unit_test(the_same_seed_replays_the_same_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
