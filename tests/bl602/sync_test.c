/* Getting in: what goes over the wire and when, and what a person is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bl602/story.h"

#define NO_STUB .use_stub = PF_STUB_NONE

/* Times of all log entries of a kind whose first byte or value is `value`. */
static size_t times(const struct fake *f, enum fake_kind kind, unsigned value, uint64_t *at,
                    size_t cap)
{
    size_t n = 0;

    for (size_t i = 0; i < f->nlog; i++)
        if (f->log[i].kind == kind && f->log[i].value == value && n < cap)
            at[n++] = f->log[i].at;
    return n;
}

static void a_chip_in_download_mode_is_opened(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s = must_open(m);

    (void)state;
    assert_string_equal(s->chip->name, "bl602");
    assert_string_equal(s->id.loader, "BL602 mask ROM 1, unknown build");
    assert_int_equal(s->id.baud, 921600);
    assert_int_equal(s->id.flash_size, MINI_SIZE);
    assert_string_equal(s->id.size_from, "jedec");
    assert_true(s->id.has_mac);
    assert_memory_equal(s->id.mac, "\xe6\xd5\xc4\xb3\xa2\xd1", 6);
    assert_int_equal(s->id.chip_id, 0xc4b3a2d1);
    assert_false(s->id.evidence_weak);
    expect_text(s->id.evidence, "version 1");
    expect_text(s->id.evidence, "no valid partition table");
    assert_int_equal(s->read_chunk, 16384);
    assert_int_equal(m->train_len, 552);
    assert_int_equal(m->f->events[PF_EV_CHIP], 1);
    assert_int_equal(m->f->events[PF_EV_RETRY], 0);
    assert_int_equal(m->f->events[PF_EV_SYNC], 2); /* waiting, linked */
    done(m, s);
}

static void a_live_loader_is_asked_before_any_train_and_used(void **state)
{
    struct mini *m = mini_open(MINI_LOADER);
    struct pf_session *s;
    uint64_t at[4];

    (void)state;
    must(m, try_open(m, (struct pf_link_options){NO_STUB}, &s), PF_OK);
    assert_int_equal(m->trains, 0);
    assert_int_equal(times(m->f, FAKE_HOST, 0x55, at, 4), 0);
    assert_int_equal(m->f->log[1].value, 0x36); /* right after the rate */
    expect_text(s->id.evidence, "06020002");
    assert_false(s->id.evidence_weak);
    done(m, s);
}

static void a_live_loader_of_an_old_build_is_used_as_well(void **state)
{
    struct mini *m = mini_open(MINI_LOADER);
    struct pf_session *s;

    (void)state;
    m->old_loader = true;
    must(m, try_open(m, (struct pf_link_options){NO_STUB}, &s), PF_OK);
    assert_int_equal(m->trains, 0);
    done(m, s);
}

static void a_live_loader_at_the_boot_rate_is_moved_to_the_working_rate(void **state)
{
    struct mini *m = mini_open(MINI_LOADER);
    struct pf_session *s;

    (void)state;
    m->baud = 500000;
    m->f->now = 30000000; /* what the first question at a wrong rate left has lapsed */
    must(m, try_open(m, (struct pf_link_options){0}, &s), PF_OK);
    assert_int_equal(s->id.baud, 921600);
    assert_int_equal(m->loads, 0);
    done(m, s);
}

static void with_no_stub_to_load_and_no_live_loader_the_chip_is_left_alone(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s;
    uint64_t at[4];

    (void)state;
    m->role = 0;
    m->f->port.caps |= PF_CAP_POWER;
    must(m, try_open(m, (struct pf_link_options){NO_STUB}, &s), PF_ERR_SUPPORT);
    assert_null(s);
    expect_text(m->f->ctx.text, "--stub none");
    assert_int_equal(m->trains, 0);
    assert_int_equal(m->resets, 0);
    assert_int_equal(times(m->f, FAKE_HOST, 0x55, at, 4), 0);
    for (unsigned lines = 0; lines < 4; lines++)
        assert_int_equal(times(m->f, FAKE_LINES, lines, at, 4), 0);
    assert_true(m->f->now < 2000000);
    mini_close(m);
}

static void a_session_of_the_rom_that_is_open_is_used(void **state)
{
    struct mini *m = mini_open(MINI_ROM);
    struct pf_session *s;

    (void)state;
    m->baud = 500000;
    must(m, try_open(m, (struct pf_link_options){0}, &s), PF_OK);
    assert_int_equal(m->trains, 1); /* the loader's */
    done(m, s);
}

static void a_loader_that_waits_is_found_by_the_train(void **state)
{
    struct mini *m = mini_open(MINI_LOADER_WAITS);
    struct pf_session *s;

    (void)state;
    must(m, try_open(m, (struct pf_link_options){0}, &s), PF_OK);
    assert_int_equal(m->loads, 0);
    assert_int_equal(s->id.baud, 921600);
    done(m, s);
}

static void both_roles_of_the_lines_are_tried(void **state)
{
    (void)state;
    for (int role = 0; role < 2; role++) {
        struct mini *m = mini_open(MINI_APP);
        struct pf_session *s;

        m->boot_pin = false;
        m->role = role;
        must(m, try_open(m, (struct pf_link_options){0}, &s), PF_OK);
        assert_true(bl602_of(s)->reset_worked >= 0);
        assert_true(m->f->now < 10000000);
        /* the way back: the firmware starts without a hand at the board */
        must(m, proto->leave(s, PF_AFTER_RUN), PF_OK);
        assert_int_equal(m->where, MINI_APP);
        assert_int_equal(m->f->events[PF_EV_WARNING], 0);
        done(m, s);
    }
}

static void a_power_switch_with_lines_boots_either_board(void **state)
{
    (void)state;
    for (int role = 0; role < 2; role++) {
        struct mini *m = mini_open(MINI_APP);
        struct pf_session *s;

        m->boot_pin = false;
        m->role = role;
        m->f->port.caps |= PF_CAP_POWER;
        must(m, try_open(m, (struct pf_link_options){0}, &s), PF_OK);
        done(m, s);
    }
}

static void the_first_role_is_driven_as_written(void **state)
{
    const unsigned lines[] = {PF_LINE_RTS, PF_LINE_RTS | PF_LINE_DTR, PF_LINE_RTS, 0};
    struct mini *m = mini_open(MINI_APP);
    struct pf_session *s;
    size_t n = 0;

    (void)state;
    m->boot_pin = false;
    m->role = 0;
    must(m, try_open(m, (struct pf_link_options){0}, &s), PF_OK);
    for (size_t i = 0; i < m->f->nlog; i++)
        if (m->f->log[i].kind == FAKE_LINES)
            assert_int_equal(m->f->log[i].value, lines[n++]);
    assert_int_equal(n, 4);
    done(m, s);
}

static void a_users_sequence_replaces_ours_and_nothing_is_touched_when_told_so(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s;
    uint64_t at[64];

    (void)state;
    m->where = MINI_APP;
    m->role = 0;
    must(m, try_open(m, (struct pf_link_options){.reset_seq = "D1|W0.3|D0"}, &s), PF_OK);
    assert_int_equal(times(m->f, FAKE_LINES, PF_LINE_DTR, at, 64), 1);
    assert_int_equal(times(m->f, FAKE_LINES, PF_LINE_RTS, at, 64), 0);
    done(m, s);
    m = mini_open(MINI_ROM_WAITS);
    must(m, try_open(m, (struct pf_link_options){.before = PF_BEFORE_NONE}, &s), PF_OK);
    for (unsigned lines = 0; lines < 4; lines++)
        assert_int_equal(times(m->f, FAKE_LINES, lines, at, 64), 0);
    done(m, s);
    m = mini_open(MINI_ROM_WAITS);
    must(m, try_open(m, (struct pf_link_options){.reset_seq = "R3"}, &s), PF_ERR_USAGE);
    mini_close(m);
}

static void the_line_is_left_quiet_between_rounds_of_trains(void **state)
{
    struct mini *m = mini_open(MINI_APP);
    struct pf_session *s;
    static uint64_t at[8192];
    size_t n, rounds = 0;
    uint64_t longest = 0;

    (void)state;
    must(m,
         try_open(m,
                  (struct pf_link_options){.sync_timeout_us = 60000000, .before = PF_BEFORE_NONE},
                  &s),
         PF_ERR_SYNC);
    assert_in_range(m->f->now, 60000000, 62000000);
    n = times(m->f, FAKE_HOST, 0x55, at, 8192);
    for (size_t i = 1; i < n; i++) {
        uint64_t gap = at[i] - at[i - 1];

        rounds += gap > 2000000;
        longest = gap > longest ? gap : longest;
    }
    assert_true(rounds >= 6);                     /* a session of the ROM at a wrong rate lapses */
    assert_in_range(longest, 20500000, 22000000); /* once, for any loader */
    assert_in_range(m->f->events[PF_EV_SYNC], 11, 13); /* every 5 s */
    expect_text(m->f->last_text[PF_EV_SYNC], "GPIO8 (BOOT) to 3.3 V through 10 kOhm");
    mini_close(m);
}

static void trains_are_never_longer_than_ten_milliseconds(void **state)
{
    static const uint32_t rates[] = {115200, 230400, 500000, 921600, 1000000, 2000000};

    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        struct mini *m = mini_open(MINI_ROM_WAITS);
        struct pf_session *s;

        must(m, try_open(m, (struct pf_link_options){.baud = rates[i]}, &s), PF_OK);
        assert_int_equal(s->id.baud, rates[i]);
        assert_int_equal(m->train_len, (uint64_t)rates[i] * 6 / 10000);
        assert_false(m->deaf);
        done(m, s);
    }
}

static void the_rom_is_never_met_above_500000_baud(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s;

    (void)state;
    must(m, try_open(m, (struct pf_link_options){.baud = 2000000}, &s), PF_OK);
    for (size_t i = 0, baud = 0; i < m->f->nlog; i++) {
        if (m->f->log[i].kind == FAKE_BAUD)
            baud = m->f->log[i].value;
        if (m->f->log[i].kind == FAKE_HOST && m->f->log[i].value >= 0x11 &&
            m->f->log[i].value <= 0x1a)
            assert_int_equal(baud, 500000);
    }
    done(m, s);
}

static void a_loader_that_never_meets_a_rate_is_met_at_a_lower_one(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s;

    (void)state;
    m->deaf_above = 500000;
    must(m, try_open(m, (struct pf_link_options){.baud = 2000000}, &s), PF_OK);
    assert_int_equal(s->id.baud, 500000);
    done(m, s);
}

static void a_loader_that_answers_at_a_wrong_rate_is_outwaited_and_met_lower(void **state)
{
    (void)state;
    for (int role = -1; role < 2; role++) {
        struct mini *m = mini_open(MINI_ROM_WAITS);
        struct pf_session *s;

        m->wrong_above = 600000; /* a 24 MHz crystal */
        m->role = role;
        m->where = role < 0 ? MINI_ROM_WAITS : MINI_APP;
        m->boot_pin = role < 0;
        must(m, try_open(m, (struct pf_link_options){.baud = 1000000}, &s), PF_OK);
        assert_int_equal(s->id.baud, 500000);
        if (role >= 0)
            assert_true(m->f->now < 12000000); /* a reset is quicker than waiting */
        done(m, s);
    }
}

static void an_upload_that_was_damaged_is_done_again(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s;

    (void)state;
    m->bad_sha = 2;
    must(m, try_open(m, (struct pf_link_options){0}, &s), PF_OK);
    assert_int_equal(m->loads, 3);
    expect_text(m->f->last_text[PF_EV_RETRY], "image hash");
    done(m, s);
    m = mini_open(MINI_ROM_WAITS);
    m->bad_sha = 100;
    must(m, try_open(m, (struct pf_link_options){0}, &s), PF_ERR_TIMEOUT);
    assert_int_equal(m->loads, 4);
    mini_close(m);
}

static void a_boot_header_that_went_astray_is_an_alarm(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s;

    (void)state;
    m->header_astray = true; /* one flipped bit makes it a flash_write */
    must(m, try_open(m, (struct pf_link_options){0}, &s), PF_ERR_PROTOCOL);
    expect_text(m->f->ctx.text, "programmed at 0x4e4642");
    mini_close(m);
    m = mini_open(MINI_ROM_WAITS);
    m->sequence_fl = 1; /* it was the segment header that was damaged */
    must(m, try_open(m, (struct pf_link_options){0}, &s), PF_OK);
    assert_int_equal(m->loads, 1);
    done(m, s);
}

static void other_bouffalo_chips_and_locked_units_are_refused(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s;

    (void)state;
    m->rom_version = 0x07020001;
    must(m, try_open(m, (struct pf_link_options){0}, &s), PF_ERR_CHIP);
    expect_text(m->f->ctx.text, "BL702");
    mini_close(m);
    m = mini_open(MINI_ROM_WAITS);
    m->sign = 1;
    must(m, try_open(m, (struct pf_link_options){0}, &s), PF_ERR_REFUSED);
    expect_text(m->f->ctx.text, "fuses");
    assert_int_equal(m->loads, 0);
    mini_close(m);
}

static void no_sync_finds_a_loader_at_any_rate_and_sends_no_train(void **state)
{
    struct mini *m = mini_open(MINI_LOADER);
    struct pf_session *s;
    uint64_t at[4];

    (void)state;
    m->idle_s = 100000;
    m->baud = 921600;
    must(m, try_open(m, (struct pf_link_options){.before = PF_BEFORE_NO_SYNC, NO_STUB}, &s), PF_OK);
    assert_int_equal(m->trains, 0);
    done(m, s);
    m = mini_open(MINI_APP);
    must(m, try_open(m, (struct pf_link_options){.before = PF_BEFORE_NO_SYNC, NO_STUB}, &s),
         PF_ERR_SYNC);
    assert_int_equal(times(m->f, FAKE_HOST, 0x55, at, 4), 0);
    mini_close(m);
}

static void a_stop_is_heeded_while_waiting(void **state)
{
    struct mini *m = mini_open(MINI_APP);
    struct pf_session *s;

    (void)state;
    m->f->cancel_after = 3;
    must(m, try_open(m, (struct pf_link_options){.sync_timeout_us = 600000000}, &s),
         PF_ERR_CANCELED);
    assert_true(m->f->now < 15000000);
    mini_close(m);
}

/* diagnosis ---------------------------------------------------------------------- */

static void (*babble_fn)(struct fake *f, const uint8_t *bytes, size_t len);

static void babble(void *user, struct fake *f, const uint8_t *bytes, size_t len)
{
    (void)user;
    babble_fn(f, bytes, len);
}

static void expect_diagnosis(void (*fn)(struct fake *, const uint8_t *, size_t), const char *word)
{
    struct fake *f = fake_open(NULL);
    struct pf_session *s;
    uint8_t stub[MINI_STUB];
    struct pf_link_options opt = {.chip = "bl602", .sync_timeout_us = 4000000};

    mini_stub(stub);
    opt.stub = stub;
    opt.stub_len = sizeof stub;
    babble_fn = fn;
    if (fn)
        f->device = babble;
    assert_int_equal(pf_session_open(&f->ctx, &f->port, &opt, &s), PF_ERR_SYNC);
    expect_text(f->ctx.text, word);
    fake_close(f);
}

static void say_echo(struct fake *f, const uint8_t *bytes, size_t len)
{
    fake_chip(f, 100, bytes, len);
}

static void say_text(struct fake *f, const uint8_t *bytes, size_t len)
{
    (void)bytes;
    (void)len;
    fake_chip(f, 1000, "[OpenBL602] started, channel 1 on\r\n", 35);
}

static void say_ok_in_a_text(struct fake *f, const uint8_t *bytes, size_t len)
{
    (void)bytes;
    (void)len;
    fake_chip(f, 1000, "[wifi] connected OK, rssi -60\r\n", 31);
}

static void say_boot2(struct fake *f, const uint8_t *bytes, size_t len)
{
    (void)len;
    if (bytes[0] == 0x55)
        fake_chip(f, 1000, "Boot2 ISP Shakehand Suss", 24);
}

static void say_zero(struct fake *f, const uint8_t *bytes, size_t len)
{
    (void)bytes;
    (void)len;
    fake_chip(f, 1000, "\0\0\0\0", 4);
}

static void say_noise(struct fake *f, const uint8_t *bytes, size_t len)
{
    (void)bytes;
    (void)len;
    fake_chip(f, 1000, "\xf8\x80\x1e\x99\xe0\xff\xfe\x03\x81\x90", 10);
}

static void say_ok(struct fake *f, const uint8_t *bytes, size_t len)
{
    (void)len;
    if (bytes[0] == 0x55)
        fake_chip(f, 9000, "OK", 2);
}

static void a_failed_sync_is_explained(void **state)
{
    (void)state;
    expect_diagnosis(NULL, "the line is silent");
    expect_diagnosis(say_echo, "only our own bytes come back");
    expect_diagnosis(say_text, "OpenBeken is running");
    expect_diagnosis(say_ok_in_a_text, "an application is running");
    expect_diagnosis(say_boot2, "boot2 is running from flash");
    expect_diagnosis(say_zero, "zero bytes");
    expect_diagnosis(say_noise, "make no sense at");
    expect_diagnosis(say_ok, "but no command after that");
}

static void auto_without_a_loader_file_only_looks_for_a_live_loader(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_link_options opt = {.sync_timeout_us = 500000, NO_STUB};
    struct pf_session *s;

    (void)state;
    must(m, proto->open(&m->f->ctx, &m->f->port, &opt, &s), PF_ERR_SYNC);
    assert_null(s);
    assert_int_equal(m->trains, 0);
    assert_true(m->f->now < 1000000);
    assert_string_equal(m->f->ctx.text, "");
    mini_close(m);
    m = mini_open(MINI_LOADER);
    must(m, proto->open(&m->f->ctx, &m->f->port, &opt, &s), PF_OK);
    done(m, s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chip_in_download_mode_is_opened),
        cmocka_unit_test(a_live_loader_is_asked_before_any_train_and_used),
        cmocka_unit_test(a_live_loader_of_an_old_build_is_used_as_well),
        cmocka_unit_test(a_live_loader_at_the_boot_rate_is_moved_to_the_working_rate),
        cmocka_unit_test(with_no_stub_to_load_and_no_live_loader_the_chip_is_left_alone),
        cmocka_unit_test(a_session_of_the_rom_that_is_open_is_used),
        cmocka_unit_test(a_loader_that_waits_is_found_by_the_train),
        cmocka_unit_test(both_roles_of_the_lines_are_tried),
        cmocka_unit_test(a_power_switch_with_lines_boots_either_board),
        cmocka_unit_test(the_first_role_is_driven_as_written),
        cmocka_unit_test(a_users_sequence_replaces_ours_and_nothing_is_touched_when_told_so),
        cmocka_unit_test(the_line_is_left_quiet_between_rounds_of_trains),
        cmocka_unit_test(trains_are_never_longer_than_ten_milliseconds),
        cmocka_unit_test(the_rom_is_never_met_above_500000_baud),
        cmocka_unit_test(a_loader_that_never_meets_a_rate_is_met_at_a_lower_one),
        cmocka_unit_test(a_loader_that_answers_at_a_wrong_rate_is_outwaited_and_met_lower),
        cmocka_unit_test(an_upload_that_was_damaged_is_done_again),
        cmocka_unit_test(a_boot_header_that_went_astray_is_an_alarm),
        cmocka_unit_test(other_bouffalo_chips_and_locked_units_are_refused),
        cmocka_unit_test(no_sync_finds_a_loader_at_any_rate_and_sends_no_train),
        cmocka_unit_test(a_stop_is_heeded_while_waiting),
        cmocka_unit_test(a_failed_sync_is_explained),
        cmocka_unit_test(auto_without_a_loader_file_only_looks_for_a_live_loader),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
