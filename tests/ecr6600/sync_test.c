/* Getting in: what goes over the wire and when, and what a person is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ecr6600/mini_stub.h"

#define TIMES 8192

static enum pf_err open_with(struct fake *f, struct pf_link_options opt, struct pf_session **s)
{
    if (!opt.chip)
        opt.chip = "ecr6600";
    if (!opt.sync_timeout_us)
        opt.sync_timeout_us = 5000000;
    return pf_session_open(&f->ctx, &f->port, &opt, s);
}

static struct pf_link_options with_stub(void)
{
    return (struct pf_link_options){.stub = mini_stub, .stub_len = sizeof mini_stub};
}

/* Times of all log entries of a kind and value; writes of `len` bytes only. */
static size_t times(const struct fake *f, enum fake_kind kind, unsigned value, size_t len,
                    uint64_t at[TIMES])
{
    size_t n = 0;

    for (size_t i = 0; i < f->nlog; i++)
        if (f->log[i].kind == kind && f->log[i].value == value && f->log[i].len == len && n < TIMES)
            at[n++] = f->log[i].at;
    return n;
}

static void a_stub_is_loaded_in_acknowledged_blocks_and_identified(void **state)
{
    struct mini *m = mini_open(MINI_CUSTOM, MINI_APP);
    struct pf_session *s = mini_link(m);

    (void)state;
    assert_int_equal(m->resets, 1);
    assert_int_equal(m->headers, 1);
    assert_int_equal(m->block, 3);
    assert_int_equal(m->ram_len, sizeof mini_stub);
    assert_memory_equal(m->ram, mini_stub, sizeof mini_stub);
    assert_string_equal(s->chip->name, "ecr6600");
    assert_string_equal(s->id.loader, "custom stub");
    assert_string_equal(s->id.flash_part, "GD25Q16E");
    assert_string_equal(s->id.size_from, "jedec");
    assert_int_equal(s->id.flash_size, MINI_SIZE);
    assert_int_equal(s->id.baud, 921600);
    assert_true(s->id.has_chip_id);
    assert_int_equal(s->read_chunk, 0x8000);
    assert_non_null(strstr(s->id.evidence, "its partition table"));
    assert_int_equal(m->f->events[PF_EV_SYNC], 2); /* waiting, linked */
    assert_int_equal(m->f->events[PF_EV_CHIP], 1);
    assert_int_equal(m->f->events[PF_EV_RETRY], 0);
    mini_done(m, s);
}

static void the_train_sends_one_frame_every_20_ms_from_the_release_on(void **state)
{
    struct fake *f = fake_open(NULL);
    struct pf_link_options opt = with_stub();
    struct pf_session *s;
    uint64_t at[TIMES], up[TIMES];
    size_t n, nup;

    (void)state;
    opt.sync_timeout_us = 10000000;
    assert_int_equal(open_with(f, opt, &s), PF_ERR_SYNC);
    assert_null(s);
    assert_in_range(f->now, 10000000, 10030000);
    n = times(f, FAKE_HOST, 0x63, 4, at);
    nup = times(f, FAKE_LINES, 0, 0, up);
    assert_true(nup >= 5);
    assert_int_equal(at[0], up[0]); /* at the moment of release */
    for (size_t i = 1; i < n; i++)
        assert_true(at[i] - at[i - 1] == 20000 || at[i] - at[i - 1] == 80000);
    assert_true(n > 400);
    assert_int_equal(f->lines, 0);
    fake_close(f);
}

static void reset_pulses_last_60_ms_and_come_every_1_5_s_the_fourth_after_3(void **state)
{
    struct fake *f = fake_open(NULL);
    struct pf_link_options opt = with_stub();
    struct pf_session *s;
    uint64_t down[TIMES], up[TIMES];
    size_t n;

    (void)state;
    opt.sync_timeout_us = 20500000;
    assert_int_equal(open_with(f, opt, &s), PF_ERR_SYNC);
    n = times(f, FAKE_LINES, PF_LINE_RTS, 0, down);
    assert_int_equal(times(f, FAKE_LINES, 0, 0, up), n);
    assert_int_equal(n, 12);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(up[i] - down[i], 60000);
    for (size_t i = 1; i < n; i++)
        assert_in_range(down[i] - down[i - 1], i % 4 ? 1480000 : 2980000,
                        i % 4 ? 1520000 : 3020000);
    fake_close(f);
}

static void a_power_switch_comes_with_the_fourth_reset(void **state)
{
    struct fake *f = fake_open(NULL);
    struct pf_link_options opt = with_stub();
    struct pf_session *s;
    uint64_t off[TIMES], on[TIMES];

    (void)state;
    f->port.caps |= PF_CAP_POWER;
    opt.sync_timeout_us = 9000000;
    assert_int_equal(open_with(f, opt, &s), PF_ERR_SYNC);
    assert_int_equal(times(f, FAKE_POWER, 0, 0, off), 1);
    assert_int_equal(times(f, FAKE_POWER, 1, 0, on), 1);
    assert_int_equal(on[0] - off[0], 500000);
    fake_close(f);
}

static void another_polarity_is_the_users_sequence(void **state)
{
    struct fake *f = fake_open(NULL);
    struct pf_link_options opt = with_stub();
    struct pf_session *s;
    uint64_t at[TIMES];

    (void)state;
    opt.reset_seq = "R0|W0.06|R1";
    opt.sync_timeout_us = 1000000;
    assert_int_equal(open_with(f, opt, &s), PF_ERR_SYNC);
    assert_int_equal(times(f, FAKE_LINES, 0, 0, at), 1);
    assert_int_equal(times(f, FAKE_LINES, PF_LINE_RTS, 0, at), 1);
    assert_int_equal(f->lines, PF_LINE_RTS);
    opt.reset_seq = "R3";
    assert_int_equal(open_with(f, opt, &s), PF_ERR_USAGE);
    fake_close(f);
}

static void without_a_reset_line_a_person_is_told_what_to_do_at_once(void **state)
{
    struct fake *f = fake_open(NULL);
    struct pf_link_options opt = with_stub();
    struct pf_session *s;
    uint64_t at[TIMES];

    (void)state;
    f->port.caps &= ~(unsigned)PF_CAP_LINES;
    opt.sync_timeout_us = 25000000;
    assert_int_equal(open_with(f, opt, &s), PF_ERR_SYNC);
    assert_int_equal(f->events[PF_EV_SYNC], 3); /* at once and every 10 s */
    assert_non_null(strstr(f->last_text[PF_EV_SYNC], "RST to GND"));
    assert_non_null(strstr(f->last_text[PF_EV_SYNC], "half a second"));
    assert_int_equal(times(f, FAKE_LINES, PF_LINE_RTS, 0, at), 0);
    fake_close(f);
}

static void a_stub_that_runs_is_found_before_a_line_is_touched(void **state)
{
    (void)state;
    for (int fast = 0; fast < 2; fast++) {
        struct mini *m = mini_open(MINI_1311, MINI_STUB);
        struct pf_session *s;
        uint64_t at[TIMES];

        m->baud = fast ? 921600 : 115200;
        mini_must(m, mini_try(m, (struct pf_link_options){0}, &s), PF_OK);
        assert_int_equal(times(m->f, FAKE_LINES, PF_LINE_RTS, 0, at), 0);
        assert_int_equal(times(m->f, FAKE_HOST, 0x63, 4, at), 0);
        assert_int_equal(m->bauds, !fast);
        assert_string_equal(s->id.loader, "vendor stub 1.3.11");
        mini_done(m, s);
    }
}

static void a_stub_that_waits_for_the_rest_of_a_request_is_found(void **state)
{
    struct mini *m = mini_open(MINI_CUSTOM, MINI_STUB);
    struct pf_session *s;

    (void)state;
    memcpy(m->in, "\xa5\x03\x08\x00\x00\x10", 6); /* the host that sent this has gone */
    m->len = 6;
    mini_must(m, mini_try(m, (struct pf_link_options){0}, &s), PF_OK);
    mini_done(m, s);
}

static void with_no_stub_to_load_the_chip_is_not_disturbed(void **state)
{
    struct fake *f = fake_open(NULL);
    struct pf_session *s;
    uint64_t at[TIMES];

    (void)state;
    assert_int_equal(open_with(f, (struct pf_link_options){.use_stub = PF_STUB_NONE}, &s),
                     PF_ERR_SUPPORT);
    assert_non_null(strstr(f->ctx.text, "--stub none"));
    assert_true(f->now < 1000000);
    assert_int_equal(times(f, FAKE_LINES, PF_LINE_RTS, 0, at), 0);
    assert_int_equal(times(f, FAKE_HOST, 0x63, 4, at), 0);
    fake_close(f);
}

static void no_sync_looks_for_a_stub_and_touches_nothing(void **state)
{
    struct fake *f = fake_open(NULL);
    struct pf_link_options opt = with_stub();
    struct pf_session *s;
    uint64_t at[TIMES];

    (void)state;
    opt.before = PF_BEFORE_NO_SYNC;
    assert_int_equal(open_with(f, opt, &s), PF_ERR_SYNC);
    assert_in_range(f->now, 1900000, 2500000);
    assert_int_equal(times(f, FAKE_LINES, PF_LINE_RTS, 0, at), 0);
    assert_int_equal(times(f, FAKE_HOST, 0x63, 4, at), 0);
    fake_close(f);
}

static void a_stub_of_an_impossible_size_is_refused(void **state)
{
    struct fake *f = fake_open(NULL);
    struct pf_link_options opt = with_stub();
    struct pf_session *s;

    (void)state;
    opt.stub_len = 0x10000;
    assert_int_equal(open_with(f, opt, &s), PF_ERR_USAGE);
    fake_close(f);
}

/* loader ------------------------------------------------------------------- */

static void a_header_parser_with_stray_bytes_is_realigned(void **state)
{
    (void)state;
    for (unsigned stray = 0; stray < 12; stray++) {
        struct mini *m = mini_open(MINI_CUSTOM, MINI_HEADER);
        struct pf_link_options opt = with_stub();
        struct pf_session *s;

        m->group_len = stray; /* past the sync: it answers with FF, or not at all */
        m->f->port.caps &= ~(unsigned)PF_CAP_LINES;
        mini_must(m, mini_try(m, opt, &s), PF_OK);
        assert_int_equal(m->syncs, 0);
        assert_int_equal(m->headers, 1);
        assert_memory_equal(m->ram, mini_stub, sizeof mini_stub);
        mini_done(m, s);
    }
}

static void ff_device(void *user, struct fake *f, const uint8_t *bytes, size_t len)
{
    unsigned *count = user;

    if (bytes[0] == 0x63 && len == 4 && (*count)++ % 7 == 0)
        fake_chip(f, 3000, "\xff", 1);
}

static void an_ff_of_the_supply_does_not_stop_the_train(void **state)
{
    struct fake *f = fake_open(NULL);
    struct pf_link_options opt = with_stub();
    struct pf_session *s;
    unsigned count = 0;
    uint64_t at[TIMES];
    size_t n;

    (void)state;
    f->port.caps &= ~(unsigned)PF_CAP_LINES;
    f->device = ff_device;
    f->user = &count;
    assert_int_equal(open_with(f, opt, &s), PF_ERR_SYNC);
    n = times(f, FAKE_HOST, 0x63, 4, at);
    for (size_t i = 1; i < n; i++)
        assert_int_equal(at[i] - at[i - 1], 20000);
    fake_close(f);
}

static void a_lost_block_answer_leads_back_to_the_sync(void **state)
{
    struct mini *m = mini_open(MINI_CUSTOM, MINI_SYNC);
    struct pf_session *s;

    (void)state;
    m->lose_block = 1; /* always: it is tried again and again */
    mini_must(m, mini_try(m, with_stub(), &s), PF_ERR_SYNC);
    assert_true(m->headers > 2);
    assert_non_null(strstr(m->f->ctx.text, "supply is too weak"));
    m->lose_block = MINI_NEVER;
    mini_must(m, mini_try(m, with_stub(), &s), PF_OK);
    mini_done(m, s);
}

static void the_answer_to_the_last_block_may_be_lost(void **state)
{
    struct mini *m = mini_open(MINI_CUSTOM, MINI_SYNC);
    struct pf_session *s;

    (void)state;
    m->lose_block = 2;
    s = mini_link(m);
    assert_int_equal(m->headers, 1);
    mini_done(m, s);
}

static void a_window_of_100_ms_is_met_after_every_reset(void **state)
{
    (void)state;
    for (unsigned offset = 0; offset < 200; offset++) {
        struct mini *m = mini_open(MINI_140, MINI_APP);
        struct pf_session *s;

        m->window_us = 100000;
        m->f->now = offset * 7919;
        s = mini_link(m);
        assert_int_equal(m->syncs, 1);
        assert_int_equal(m->resets, 1);
        mini_done(m, s);
    }
}

static void a_stop_is_heeded_while_waiting(void **state)
{
    struct fake *f = fake_open(NULL);
    struct pf_link_options opt = with_stub();
    struct pf_session *s;

    (void)state;
    f->cancel_after = 2; /* the hint at 10 s */
    opt.sync_timeout_us = 60000000;
    assert_int_equal(open_with(f, opt, &s), PF_ERR_CANCELED);
    assert_in_range(f->now, 10000000, 11000000);
    fake_close(f);
}

static void a_port_that_vanishes_is_not_called_silence(void **state)
{
    struct fake *f = fake_open(NULL);
    struct pf_session *s;

    (void)state;
    f->vanished = true;
    assert_int_equal(open_with(f, with_stub(), &s), PF_ERR_IO);
    fake_close(f);
}

/* diagnoses ----------------------------------------------------------------- */

struct voice {
    const char *bytes;
    size_t len;
    unsigned every, count; /* frames of the train between two utterances */
    bool once;
};

static void voice_device(void *user, struct fake *f, const uint8_t *bytes, size_t len)
{
    struct voice *v = user;

    if (len != 4 || bytes[0] != 0x63 || v->count++ % v->every)
        return;
    if (!v->once || v->count == 1)
        fake_chip(f, 1000, v->bytes ? v->bytes : (const char *)bytes, v->bytes ? v->len : len);
}

/* The line answers the train with `v`; the failure must say all of `expect`. */
static void expect_diagnosis(struct voice v, bool lines, const char *const expect[3])
{
    struct fake *f = fake_open(NULL);
    struct pf_session *s;

    if (!lines)
        f->port.caps &= ~(unsigned)PF_CAP_LINES;
    if (v.every) {
        f->device = voice_device;
        f->user = &v;
    }
    assert_int_equal(open_with(f, with_stub(), &s), PF_ERR_SYNC);
    for (size_t k = 0; k < 3; k++) {
        if (!strstr(f->ctx.text, expect[k]))
            print_error("lacks \"%s\": %s\n", expect[k], f->ctx.text);
        assert_non_null(strstr(f->ctx.text, expect[k]));
    }
    assert_true(strlen(f->ctx.text) < PF_TEXT_MAX - 1); /* not cut */
    fake_close(f);
}
#define DIAGNOSIS(voice, lines, ...) expect_diagnosis(voice, lines, (const char *[]){__VA_ARGS__})
#define SAYS(text, n)                                                                              \
    (struct voice)                                                                                 \
    {                                                                                              \
        .bytes = (text), .len = sizeof(text) - 1, .every = (n)                                     \
    }

static void silence_is_explained_by_power_ground_and_swapped_wires(void **state)
{
    (void)state;
    DIAGNOSIS((struct voice){0}, false, "silent", "common GND", "not swapped");
}

static void silence_with_a_reset_line_names_the_reset_pad(void **state)
{
    (void)state;
    DIAGNOSIS((struct voice){0}, true, "silent", "reset pad off", "cut the power");
}

static void our_own_bytes_are_explained_by_tx_and_rx_together(void **state)
{
    (void)state;
    DIAGNOSIS((struct voice){.every = 1}, false, "our own bytes", "TX and RX", "GPIO5");
}

static void framing_garbage_is_explained_by_rate_levels_or_ground(void **state)
{
    (void)state;
    DIAGNOSIS(SAYS("\x93\xf8\x81\xe3\xfe\x90", 5), false, "make no sense", "1.8 V", "another rate");
}

static void a_boot_log_is_shown_and_explained_by_a_missed_window(void **state)
{
    (void)state;
    DIAGNOSIS(SAYS("SDK version 2.1.23, free heap 98304\r\n", 40), false,
              "SDK version 2.1.23, free heap 98304", "100 ms before that were missed",
              "RST to GND");
}

static void a_boot_log_despite_resets_names_the_reset_pad(void **state)
{
    (void)state;
    DIAGNOSIS(SAYS("I/APP: wifi connected\r\n", 40), true, "wifi connected", "reset pad off",
              "cut the power");
}

static void another_chips_boot_log_is_named(void **state)
{
    (void)state;
    DIAGNOSIS(SAYS("ets Jan  8 2013,rst cause:2, boot mode:(3,6)\r\n", 40), false, "Espressif",
              "not of an ECR6600", "text is heard");
}

static void ff_without_end_is_explained_by_wires_or_levels(void **state)
{
    (void)state;
    DIAGNOSIS(SAYS("\xff\xff", 4), false, "bytes FF", "swapped", "1.8 V");
}

static void zeros_are_explained_by_a_line_held_low(void **state)
{
    (void)state;
    DIAGNOSIS(SAYS("\0\0\0", 4), false, "zero bytes", "held low", "powered");
}

static void a_lone_byte_is_explained_by_the_supply(void **state)
{
    (void)state;
    DIAGNOSIS(((struct voice){.bytes = "\xc0", .len = 1, .every = 1, .once = true}), false,
              "1 lone byte (first 0xc0)", "GND", "supply");
}

static void a_loader_that_answers_only_the_sync_is_explained_by_its_supply(void **state)
{
    (void)state;
    DIAGNOSIS(SAYS("\x01", 60), false, "answered the sync", "supply too weak", "GND");
}

/* auto ---------------------------------------------------------------------- */

static void auto_tries_the_bk7231_first_and_then_the_ecr6600(void **state)
{
    struct mini *m = mini_open(MINI_CUSTOM, MINI_APP);
    struct pf_link_options opt = with_stub();
    struct pf_session *s;
    uint64_t at[TIMES];

    (void)state;
    opt.chip = "auto";
    opt.sync_timeout_us = 60000000;
    m->deaf_reset = true; /* the first family's resets shall not confuse the story */
    m->state = MINI_SYNC;
    mini_must(m, mini_try(m, opt, &s), PF_OK);
    assert_string_equal(s->chip->name, "ecr6600");
    assert_true(times(m->f, FAKE_HOST, 0x63, 4, at) > 0);
    assert_true(at[0] >= 5000000);
    mini_done(m, s);
}

static void auto_finds_a_stub_that_runs_without_being_given_one(void **state)
{
    struct mini *m = mini_open(MINI_134, MINI_STUB);
    struct pf_session *s;

    (void)state;
    m->deaf_reset = true;
    mini_must(
        m, mini_try(m, (struct pf_link_options){.chip = "auto", .sync_timeout_us = 20000000}, &s),
        PF_OK);
    assert_string_equal(s->id.loader, "vendor stub 1.3.4");
    assert_true(m->f->now < 23000000);
    mini_done(m, s);
}

static void auto_goes_round_with_longer_turns_and_tells_all_in_one_text(void **state)
{
    struct fake *f = fake_open(NULL);
    struct pf_link_options opt = with_stub();
    struct pf_session *s;
    uint64_t link[TIMES], at[TIMES];
    size_t n, turns = 1;

    (void)state;
    opt.chip = "auto";
    opt.sync_timeout_us = 40000000;
    assert_int_equal(open_with(f, opt, &s), PF_ERR_SYNC);
    assert_in_range(f->now, 40000000, 40300000);
    n = times(f, FAKE_HOST, 0x63, 4, at);
    for (size_t i = 1; i < n; i++)
        turns += at[i] - at[i - 1] > 3000000;
    assert_true(turns >= 2);
    assert_true(times(f, FAKE_HOST, 0x01, 5, link) > 0);
    assert_non_null(strstr(f->ctx.text, "BK7231: "));
    assert_non_null(strstr(f->ctx.text, "ECR6600: "));
    /* one hint every five seconds at most, whoever's turn it is */
    assert_in_range(f->events[PF_EV_SYNC], 3, 8);
    fake_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stub_is_loaded_in_acknowledged_blocks_and_identified),
        cmocka_unit_test(the_train_sends_one_frame_every_20_ms_from_the_release_on),
        cmocka_unit_test(reset_pulses_last_60_ms_and_come_every_1_5_s_the_fourth_after_3),
        cmocka_unit_test(a_power_switch_comes_with_the_fourth_reset),
        cmocka_unit_test(another_polarity_is_the_users_sequence),
        cmocka_unit_test(without_a_reset_line_a_person_is_told_what_to_do_at_once),
        cmocka_unit_test(a_stub_that_runs_is_found_before_a_line_is_touched),
        cmocka_unit_test(a_stub_that_waits_for_the_rest_of_a_request_is_found),
        cmocka_unit_test(with_no_stub_to_load_the_chip_is_not_disturbed),
        cmocka_unit_test(no_sync_looks_for_a_stub_and_touches_nothing),
        cmocka_unit_test(a_stub_of_an_impossible_size_is_refused),
        cmocka_unit_test(a_header_parser_with_stray_bytes_is_realigned),
        cmocka_unit_test(an_ff_of_the_supply_does_not_stop_the_train),
        cmocka_unit_test(a_lost_block_answer_leads_back_to_the_sync),
        cmocka_unit_test(the_answer_to_the_last_block_may_be_lost),
        cmocka_unit_test(a_window_of_100_ms_is_met_after_every_reset),
        cmocka_unit_test(a_stop_is_heeded_while_waiting),
        cmocka_unit_test(a_port_that_vanishes_is_not_called_silence),
        cmocka_unit_test(silence_is_explained_by_power_ground_and_swapped_wires),
        cmocka_unit_test(silence_with_a_reset_line_names_the_reset_pad),
        cmocka_unit_test(our_own_bytes_are_explained_by_tx_and_rx_together),
        cmocka_unit_test(framing_garbage_is_explained_by_rate_levels_or_ground),
        cmocka_unit_test(a_boot_log_is_shown_and_explained_by_a_missed_window),
        cmocka_unit_test(a_boot_log_despite_resets_names_the_reset_pad),
        cmocka_unit_test(another_chips_boot_log_is_named),
        cmocka_unit_test(ff_without_end_is_explained_by_wires_or_levels),
        cmocka_unit_test(zeros_are_explained_by_a_line_held_low),
        cmocka_unit_test(a_lone_byte_is_explained_by_the_supply),
        cmocka_unit_test(a_loader_that_answers_only_the_sync_is_explained_by_its_supply),
        cmocka_unit_test(auto_tries_the_bk7231_first_and_then_the_ecr6600),
        cmocka_unit_test(auto_finds_a_stub_that_runs_without_being_given_one),
        cmocka_unit_test(auto_goes_round_with_longer_turns_and_tells_all_in_one_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
