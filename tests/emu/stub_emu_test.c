/* stub_emu_test.c - the shipped stubs, byte for byte, on emulated chips: whole sessions
 * over the wire at every rate, compared with the stub that was compiled for the PC. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "emu/emu_guest.h"
#include "emu/stub_rig.h"
#include "support/sweep.h"

enum { EFUSE = 0x05, RESET = 0x06, HASH = 0x07, ERASE = 0x08 };

static const char *const chips[] = {"ecr6600", "bl602"};

/* Of a flash: all of it, or with PF_SWEEP_STRIDE (sanitized builds) 64 KiB. */
static uint32_t at_most(uint32_t size)
{
    const uint32_t less = 64 << 10;

    return sweep_stride() > 1 && size > less ? less : size;
}

/* What a plug's flash is like: a loader, code, blank, text, random. */
static void fill(const char *chip, uint8_t *flash, uint32_t size)
{
    static const uint8_t mac[6] = {0x02, 0x50, 0x46, 1, 2, 3};

    assert_int_equal(pf_sim_factory(chip, 7, mac, flash, size), PF_OK);
    for (uint32_t i = 0x8000; i < size; i++) {
        switch (i >> 13 & 7) {
        case 2:
        case 5:
        case 6:
            flash[i] = 0xFF;
            break;
        case 3:
            flash[i] = (uint8_t)("wifi_ssid=plug;mqtt_host=10.0.0.1;"[i % 34]);
            break;
        case 4:
            flash[i] = (uint8_t)((i ^ i >> 9) * 2654435761u >> 23);
            break;
        default:
            break;
        }
    }
}

static void assert_quiet(void)
{
    struct emu_report report;

    emu_report(&report);
    if (report.complaints)
        fail_msg("%u complaints:\n%s", report.complaints, report.text);
    assert_int_equal(report.crashes + report.bites, 0);
    assert_int_equal(report.overruns, 0);
    assert_int_equal(report.garbled, 0);
}

/* A session that stops without a word is explained here. */
static int tell(void **state)
{
    struct emu_report r;

    (void)state;
    emu_report(&r);
    if (r.complaints || r.crashes || r.bites || r.overruns)
        print_message("%u starts, %u crashes, %u bites, %u resets, %u boots, %.0f us of CPU\n"
                      "received %u, overruns %u, garbled %u, unheard %u, sent %u\n%s",
                      r.starts, r.crashes, r.bites, r.resets, r.boots, (double)r.cycles / 160,
                      (unsigned)r.received, (unsigned)r.overruns, (unsigned)r.garbled,
                      (unsigned)r.unheard, (unsigned)r.sent, r.text);
    return 0;
}

/* ---- a whole session ------------------------------------------------------------ */

static void check_map(struct stub_rig *s, const uint8_t *flash, uint32_t size)
{
    uint32_t *crcs = malloc(size / 1024);

    assert_non_null(crcs);
    stub_map(s, 0, size, crcs);
    for (uint32_t i = 0; i < size / STUB_SECTOR_LEN; i++)
        assert_int_equal(crcs[i], pf_crc32(0, flash + i * STUB_SECTOR_LEN, STUB_SECTOR_LEN));
    free(crcs);
}

static void check_hash(struct stub_rig *s, const uint8_t *flash, uint32_t at, uint32_t len)
{
    struct stub_reply f;
    uint8_t sha[32];

    assert_int_equal(stub_command2(s, HASH, at, len, &f), 0);
    pf_sha256(flash + at, len, sha);
    assert_memory_equal(f.payload + 1, sha, sizeof sha);
}

/* Some sectors change to packed, raw, blank ones, most stay. */
static void change(const uint8_t *flash, uint8_t *now, uint32_t size)
{
    memcpy(now, flash, size);
    for (uint32_t i = 0x3000; i < 0x6000; i++)
        now[i] = (uint8_t)(i * i >> 7);
    memset(now + 0x9000, 0xFF, 0x2000);
    for (uint32_t i = size / 2; i < size / 2 + 0x10000 && i < size; i++)
        now[i] = (uint8_t)("relay=on;"[i % 9] + (i >> 12));
}

static void session(struct stub_rig *s, uint32_t baud, const uint8_t *flash, uint32_t size)
{
    uint8_t *got = malloc(2 * size), *now = got + size;
    struct stub_reply f;

    assert_non_null(got);
    stub_plain(s, s->bl602 ? "36 00 00 00" : "A5 00 04 00 63 6E 79 73 66", s->bl602 ? 8 : 6);
    stub_stream(s);
    assert_int_equal(get_le32(s->caps + 8), size);
    stub_baud(s, baud);
    stub_read(s, 0, size, got);
    assert_memory_equal(got, flash, size);
    check_map(s, flash, size);

    check_hash(s, flash, 0x1000, size - 0x1000);
    check_hash(s, flash, 0x103, 1);
    check_hash(s, flash, 0xFFF, 55);     /* with its padding one block */
    check_hash(s, flash, 0x2345, 0x4D2); /* neither starts nor ends on a page */
    stub_command(s, EFUSE, "\x00\x00\x80\x00", 4, &f);
    assert_int_equal(f.payload[0], 0);

    change(flash, now, size);
    stub_write(s, 0, size, flash, now);
    assert_memory_equal(rig_view(&s->r).flash, now, size);
    assert_int_equal(stub_command2(s, ERASE, 0x1000, 0x2000, &f), 0);
    memset(now + 0x1000, 0xFF, 0x2000);
    stub_read(s, 0, size, got);
    assert_memory_equal(got, now, size);
    assert_memory_equal(rig_view(&s->r).flash, now, size);
    assert_int_equal(rig_view(&s->r).violations, 0);
    assert_int_equal(s->naks, 0);
    assert_quiet();

    stub_command(s, RESET, NULL, 0, &f);
    assert_int_equal(f.payload[0], 0);
    pf_sleep(s->r.t, 100000);
    free(got);
}

/* The same session with the bytes and with the PC's stub: the replies are equal. */
static void sessions(uint32_t baud, uint32_t whole)
{
    const uint32_t size = at_most(whole);
    uint8_t *flash = malloc(size);

    assert_non_null(flash);
    for (size_t i = 0; i < 2; i++) {
        struct stub_rig emu, pc;
        struct emu_report report;

        fill(chips[i], flash, size);
        emu_report_clear();
        stub_open(&emu, chips[i], emu_guest_for(chips[i]), "", flash, size);
        session(&emu, baud, flash, size);
        emu_report(&report); /* a reset may be the watchdog's (ECR6600, 5.7) */
        assert_int_equal(report.complaints, 0);
        assert_int_equal(report.starts, 1);
        assert_int_equal(report.boots + report.resets + report.bites, 1);
        emu_report_clear();
        stub_open(&pc, chips[i], &sim_guest_pc, "", flash, size);
        session(&pc, baud, flash, size);
        assert_int_equal(emu.log_len, pc.log_len);
        assert_memory_equal(emu.log, pc.log, pc.log_len);
        stub_close(&emu);
        stub_close(&pc);
    }
    free(flash);
}

static void a_session_at_115200_is_that_of_the_pc(void **state)
{
    (void)state;
    sessions(115200, 64 << 10);
}

static void a_session_at_921600_is_that_of_the_pc(void **state)
{
    (void)state;
    sessions(921600, 128 << 10);
}

static void a_session_at_1_megabaud_is_that_of_the_pc(void **state)
{
    (void)state;
    sessions(1000000, 128 << 10);
}

static void a_session_at_2_megabaud_is_that_of_the_pc(void **state)
{
    (void)state;
    sessions(2000000, 256 << 10);
}

/* Nobody tells how fast it is. */
static void a_sha_engine_twenty_times_as_slow_is_waited_for(void **state)
{
    (void)state;
    emu_sha_block(1600);
    sessions(921600, 64 << 10);
    emu_sha_block(0);
}

static void two_megabytes_are_backed_up_at_two_megabaud(void **state)
{
    static uint8_t flash[2u << 20], got[2u << 20];
    const uint32_t size = at_most(sizeof flash);

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        static const uint8_t mac[6] = {0x02, 0x50, 0x46, 1, 2, 3};
        struct emu_report report;
        struct stub_rig s;
        clock_t host;
        uint64_t us;

        emu_report_clear();
        pf_sim_factory(chips[i], 7, mac, flash, size);
        stub_open(&s, chips[i], emu_guest_for(chips[i]), "", flash, size);
        stub_stream(&s);
        stub_baud(&s, 2000000);
        us = pf_now(s.r.t);
        host = clock();
        stub_read(&s, 0, size, got);
        emu_report(&report);
        print_message("%s: %u KiB in %.2f s of its time, %.2f s of ours, %.0f million cycles\n",
                      chips[i], size >> 10, (double)(pf_now(s.r.t) - us) / 1e6,
                      (double)(clock() - host) / CLOCKS_PER_SEC, (double)report.cycles / 1e6);
        assert_memory_equal(got, flash, size);
        assert_quiet();
        stub_close(&s);
    }
}

/* ---- what is hard on a polled UART --------------------------------------------------- */

/* A host that never stops sending while the stub inflates, programs, compares and hashes. */
static void a_write_at_2_megabaud_loses_no_byte(void **state)
{
    const uint32_t size = at_most(256 << 10);
    uint8_t *old = malloc(2 * size), *now = old + size;

    (void)state;
    assert_non_null(old);
    for (uint32_t i = 0; i < size; i++) {
        uint32_t k = i / 4096;

        old[i] = (uint8_t)(i * 2654435761u >> 24);
        now[i] = k % 3 == 0   ? (uint8_t)((i ^ i >> 9) * 2246822519u >> 21)  /* raw */
                 : k % 3 == 1 ? (uint8_t)(i / 7 * 2654435761u >> 29)         /* long inflation */
                              : (uint8_t)("power=60W;"[i % 10] ^ (i >> 10)); /* short */
    }
    for (size_t i = 0; i < 2; i++) {
        struct emu_report report;
        struct stub_rig s;
        uint64_t us;

        emu_report_clear();
        stub_open(&s, chips[i], emu_guest_for(chips[i]), "", old, size);
        stub_stream(&s);
        stub_baud(&s, 2000000);
        us = pf_now(s.r.t);
        stub_write(&s, 0, size, old, now);
        emu_report(&report);
        print_message("%s: %u KiB written in %.2f s, %u bytes at most waited in its FIFO\n",
                      chips[i], size >> 10, (double)(pf_now(s.r.t) - us) / 1e6, report.peak);
        assert_memory_equal(rig_view(&s.r).flash, now, size);
        assert_int_equal(rig_view(&s.r).violations, 0);
        assert_int_equal(s.naks, 0);
        assert_quiet();
        stub_close(&s);
    }
    free(old);
}

/* ---- other boards ---------------------------------------------------------------------- */

/* A blank ECR6600, whose mask ROM loads the stub, also with the other crystal; a BL602 whose
 * flash is bonded without the swap. */
static void other_boards_work_as_well(void **state)
{
    static const struct {
        const char *chip, *more;
    } boards[] = {{"ecr6600", ""}, {"ecr6600", ",xtal=26"}, {"bl602", ",swusage=0x10000"}};
    const uint32_t size = 64 << 10;
    uint8_t *flash = malloc(2 * size), *got = flash + size;

    (void)state;
    assert_non_null(flash);
    memset(flash, 0xFF, size);
    memset(flash + 0x8000, 0x42, 0x1000);
    for (size_t i = 0; i < sizeof boards / sizeof *boards; i++) {
        struct stub_rig s;

        emu_report_clear();
        stub_open(&s, boards[i].chip, emu_guest_for(boards[i].chip), boards[i].more, flash, size);
        stub_stream(&s);
        stub_baud(&s, 2000000);
        stub_read(&s, 0, size, got);
        assert_memory_equal(got, flash, size);
        assert_quiet();
        stub_close(&s);
    }
    free(flash);
}

/* ---- a supply that goes -------------------------------------------------------------- */

static void a_cut_leaves_a_half_done_erase_half_done(void **state)
{
    const uint32_t size = 128 << 10;
    uint8_t *flash = malloc(size), span[8];

    (void)state;
    assert_non_null(flash);
    put_le32(span, 0x10000);
    put_le32(span + 4, 0x8000);
    for (size_t i = 0; i < 2; i++) {
        const uint8_t *cells;
        struct stub_rig s;
        unsigned risen = 0;

        fill(chips[i], flash, size);
        memset(flash + 0x10000, 0x11, 0x8000);
        emu_report_clear();
        stub_open(&s, chips[i], emu_guest_for(chips[i]), "", flash, size);
        stub_stream(&s);
        stub_put(&s, ERASE, 0x300, span, sizeof span);
        pf_sleep(s.r.t, 50000); /* of 120 ms */
        assert_int_equal(pf_set_power(s.r.t, false), PF_OK);
        cells = rig_view(&s.r).flash;
        assert_memory_equal(cells, flash, 0x10000);
        assert_memory_equal(cells + 0x18000, flash + 0x18000, size - 0x18000);
        for (uint32_t at = 0x10000; at < 0x18000; at++)
            risen += cells[at] == 0xFF;
        assert_in_range(risen, 1, 0x7FFF); /* neither done nor not begun */
        assert_quiet();
        stub_close(&s);
    }
    free(flash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_session_at_115200_is_that_of_the_pc, tell),
        cmocka_unit_test_teardown(a_session_at_921600_is_that_of_the_pc, tell),
        cmocka_unit_test_teardown(a_session_at_1_megabaud_is_that_of_the_pc, tell),
        cmocka_unit_test_teardown(a_session_at_2_megabaud_is_that_of_the_pc, tell),
        cmocka_unit_test_teardown(a_sha_engine_twenty_times_as_slow_is_waited_for, tell),
        cmocka_unit_test_teardown(two_megabytes_are_backed_up_at_two_megabaud, tell),
        cmocka_unit_test_teardown(a_write_at_2_megabaud_loses_no_byte, tell),
        cmocka_unit_test_teardown(other_boards_work_as_well, tell),
        cmocka_unit_test_teardown(a_cut_leaves_a_half_done_erase_half_done, tell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
