/* Getting in: what goes over the wire and when, and what a person is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bk7231/bk7231_session.h"
#include "bk7231/mini_loader.h"

#define LINK       0x01, 0xe0, 0xfc, 0x01, 0x00
#define LINK_REPLY 0x04, 0x0e, 0x05, 0x01, 0xe0, 0xfc, 0x01, 0x00

static enum pf_err open_with(struct fake *f, struct pf_link_options opt, struct pf_session **s)
{
    /* Alone, without turns for families that our stubs would be loaded into. */
    opt.use_stub = PF_STUB_NONE;
    if (!opt.sync_timeout_us)
        opt.sync_timeout_us = 2000000;
    return pf_session_open(&f->ctx, &f->port, &opt, s);
}

static void a_bk7231n_is_opened_byte_for_byte(void **state)
{
    const struct fake_step script[] = {
        BAUD(115200),
        LINES(PF_LINE_DTR | PF_LINE_RTS),
        LINES(PF_LINE_RTS),
        LINES(0),
        HOST(LINK), /* not heard */
        HOST(LINK),
        CHIP(500, LINK_REPLY),
        HOST(LINK), /* once more, cleanly */
        CHIP(500, LINK_REPLY),
        HOST(0x01, 0xe0, 0xfc, 0x01, 0x11, 0x01, 0xe0, 0xfc, 0x05, 0x03, 0, 0, 0x80, 0),
        CHIP(500, 4, 0x0e, 0x0c, 1, 0xe0, 0xfc, 3, 0, 0, 0x80, 0, 0x1c, 0x23, 7, 0),
        HOST(0x01, 0xe0, 0xfc, 0x06, 0x0f, 0x00, 0x10, 0x0e, 0x00, 0x14),
        BAUD(921600),
        CHIP(30000, 4, 0x0e, 9, 1, 0xe0, 0xfc, 0x0f, 0, 0x10, 0x0e, 0, 0x14),
        HOST(LINK),
        CHIP(500, LINK_REPLY),
        HOST(LINK),
        CHIP(500, LINK_REPLY),
        HOST(LINK),
        CHIP(500, LINK_REPLY),
        HOST(0x01, 0xe0, 0xfc, 0x09, 0x10, 0, 0, 0, 0, 0, 1, 0, 0),
        CHIP(500, 4, 0x0e, 8, 1, 0xe0, 0xfc, 0x10, 0x45, 0x6e, 0xbe, 0x1e),
        HOST(0x01, 0xe0, 0xfc, 0xff, 0xf4, 5, 0, 0x0e, 0x9f, 0, 0, 0),
        CHIP(500, 4, 0x0e, 0xff, 1, 0xe0, 0xfc, 0xf4, 6, 0, 0x0e, 0, 0, 0xeb, 0x60, 0x15),
        HOST(0x01, 0xe0, 0xfc, 0xff, 0xf4, 2, 0, 0x0c, 5),
        CHIP(500, 4, 0x0e, 0xff, 1, 0xe0, 0xfc, 0xf4, 4, 0, 0x0c, 0, 5, 4),
        HOST(0x01, 0xe0, 0xfc, 0xff, 0xf4, 2, 0, 0x0c, 0x35),
        CHIP(500, 4, 0x0e, 0xff, 1, 0xe0, 0xfc, 0xf4, 4, 0, 0x0c, 0, 0x35, 0x40),
        DONE,
    };
    struct fake *f = fake_open(script);
    struct pf_session *s;

    (void)state;
    assert_int_equal(open_with(f, (struct pf_link_options){.chip = "auto"}, &s), PF_OK);
    fake_finish(f);
    assert_string_equal(s->chip->name, "bk7231n");
    assert_int_equal(s->id.chip_id, 0x0007231c);
    assert_string_equal(s->id.flash_part, "TH25Q16HB");
    assert_int_equal(s->id.flash_size, 0x200000);
    assert_string_equal(s->id.size_from, "jedec");
    assert_int_equal(s->id.status_reg, 0x4004);
    assert_true(s->id.write_protected);
    assert_int_equal(s->id.baud, 921600);
    assert_int_equal(s->id.attempts, 2);
    assert_non_null(strstr(s->id.evidence, "BK7231N 1.0.1"));
    assert_in_range(s->id.latency_us, 0, 500);
    assert_int_equal(f->events[PF_EV_SYNC], 2); /* waiting, linked */
    assert_int_equal(f->events[PF_EV_CHIP], 1);
    assert_int_equal(f->events[PF_EV_RETRY], 0);
    pf_session_close(s);
    fake_close(f);
}

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

static void the_sync_schedule_is_kept_until_the_deadline(void **state)
{
    struct fake *f = fake_open(NULL);
    struct pf_session *s;
    uint64_t at[8192];
    size_t n;

    (void)state;
    assert_int_equal(open_with(f, (struct pf_link_options){.sync_timeout_us = 30000000}, &s),
                     PF_ERR_SYNC);
    assert_null(s);
    assert_in_range(f->now, 30000000, 30010000);

    n = times(f, FAKE_LINES, PF_LINE_DTR | PF_LINE_RTS, at, 8192);
    assert_int_equal(n, 12); /* every 2.5 s, from the start */
    assert_int_equal(at[0], 0);
    assert_in_range(at[1], 2500000, 2506000);

    n = times(f, FAKE_LINES, 0, at, 8192);
    assert_int_equal(n, 12);
    assert_int_equal(at[0], 200000);

    n = times(f, FAKE_HOST, 'r', at, 8192);
    assert_in_range(n, 44, 60); /* "reboot" every 0.5 s between resets */
    assert_in_range(at[0], 500000, 706000);

    n = times(f, FAKE_HOST, 0x01, at, 8192);
    assert_int_equal(at[0], 200000); /* right after the release */
    for (size_t i = 1; i < n; i++)   /* never a pause but the reset */
        assert_in_range(at[i] - at[i - 1], 5000, 205000);
    assert_true(n > 5000);

    assert_int_equal(f->events[PF_EV_SYNC], 6); /* at 0, 5, 10, ... 25 s */
    assert_non_null(strstr(f->last_text[PF_EV_SYNC], "0.25 s"));
    assert_int_equal(f->lines, 0);
    fake_close(f);
}

static void a_power_switch_is_used_last_before_the_train(void **state)
{
    const struct fake_step script[] = {
        BAUD(115200), LINES(3), LINES(2), LINES(0), POWER(0), POWER(1), HOST(LINK), DONE,
    };
    struct fake *f = fake_open(script);
    struct pf_session *s;

    (void)state;
    f->port.caps |= PF_CAP_POWER;
    assert_int_equal(open_with(f, (struct pf_link_options){.sync_timeout_us = 1}, &s), PF_ERR_SYNC);
    fake_finish(f);
    assert_int_equal(f->now, 705000); /* 0.2 s of lines, 0.5 s of power, one LinkCheck */
    fake_close(f);
}

static void nothing_is_touched_when_told_so(void **state)
{
    struct fake *f = fake_open(NULL);
    struct pf_session *s;
    uint64_t at[4];

    (void)state;
    f->port.caps |= PF_CAP_POWER;
    assert_int_equal(
        open_with(f, (struct pf_link_options){.before = PF_BEFORE_NONE, .sync_timeout_us = 6000000},
                  &s),
        PF_ERR_SYNC);
    for (unsigned lines = 0; lines < 4; lines++)
        assert_int_equal(times(f, FAKE_LINES, lines, at, 4), 0);
    assert_int_equal(times(f, FAKE_POWER, 0, at, 4), 0);
    fake_close(f);
}

static void a_users_reset_sequence_replaces_ours(void **state)
{
    const struct fake_step script[] = {
        BAUD(115200), LINES(PF_LINE_RTS), LINES(0), HOST('h', 'i'), HOST(LINK), CHIP(1, 0), DONE,
    };
    struct fake *f = fake_open(script);
    struct pf_session *s;

    (void)state;
    assert_int_equal(
        open_with(
            f, (struct pf_link_options){.reset_seq = "R1|W0.3|R0|T'hi'", .sync_timeout_us = 1}, &s),
        PF_ERR_SYNC);
    fake_finish(f);
    assert_int_equal(open_with(f, (struct pf_link_options){.reset_seq = "R3"}, &s), PF_ERR_USAGE);
    fake_close(f);
}

static void a_long_reset_sequence_still_leaves_time_to_listen(void **state)
{
    struct fake *f = fake_open(NULL);
    struct pf_session *s;
    uint64_t at[8192];

    (void)state;
    assert_int_equal(
        open_with(f, (struct pf_link_options){.reset_seq = "R1|W4|R0", .sync_timeout_us = 20000000},
                  &s),
        PF_ERR_SYNC);
    assert_true(times(f, FAKE_HOST, 0x01, at, 8192) > 4 * 150);
    fake_close(f);
}

static void a_stop_is_heeded_while_waiting(void **state)
{
    struct fake *f = fake_open(NULL);
    struct pf_session *s;

    (void)state;
    f->cancel_after = 2; /* the first hint to a person, at 5 s */
    assert_int_equal(open_with(f, (struct pf_link_options){.sync_timeout_us = 60000000}, &s),
                     PF_ERR_CANCELED);
    assert_in_range(f->now, 5000000, 5300000);
    fake_close(f);
}

static void a_port_that_vanishes_is_not_called_silence(void **state)
{
    struct fake *f = fake_open(NULL);
    struct pf_session *s;

    (void)state;
    f->vanished = true;
    assert_int_equal(open_with(f, (struct pf_link_options){0}, &s), PF_ERR_IO);
    fake_close(f);
}

static void a_linked_loader_is_found_at_either_rate(void **state)
{
    (void)state;
    for (int fast = 0; fast < 2; fast++) {
        struct mini *m = mini_open(true);
        struct pf_session *s;
        uint64_t at[4];

        m->baud = fast ? 921600 : 115200;
        assert_int_equal(open_with(m->f, (struct pf_link_options){.before = PF_BEFORE_NO_SYNC}, &s),
                         PF_OK);
        assert_int_equal(s->id.baud, 921600);
        assert_int_equal(m->set_bauds, !fast);
        assert_int_equal(times(m->f, FAKE_LINES, 3, at, 4), 0);
        pf_session_close(s);
        mini_close(m);
    }
}

static void no_sync_gives_up_soon(void **state)
{
    struct fake *f = fake_open(NULL);
    struct pf_session *s;

    (void)state;
    assert_int_equal(open_with(f,
                               (struct pf_link_options){.before = PF_BEFORE_NO_SYNC,
                                                        .sync_timeout_us = 60000000},
                               &s),
                     PF_ERR_SYNC);
    assert_in_range(f->now, 2000000, 2700000); /* a stub of ours may be streaming still */
    fake_close(f);
}

/* diagnosis ---------------------------------------------------------------- */

static void echo_device(void *user, struct fake *f, const uint8_t *bytes, size_t len)
{
    (void)user;
    fake_chip(f, 0, bytes, len);
}

static void talk_device(void *user, struct fake *f, const uint8_t *bytes, size_t len)
{
    const char *text = user;

    (void)bytes;
    (void)len;
    fake_chip(f, 1000, text, strlen(text));
}

static void zero_device(void *user, struct fake *f, const uint8_t *bytes, size_t len)
{
    static const uint8_t zero[3];

    (void)user;
    (void)bytes;
    (void)len;
    fake_chip(f, 1000, zero, sizeof zero);
}

static const char *diagnosis(struct fake *f,
                             void (*device)(void *, struct fake *, const uint8_t *, size_t),
                             const char *user)
{
    struct pf_session *s;

    f->device = device;
    f->user = (void *)(uintptr_t)user;
    assert_int_equal(open_with(f, (struct pf_link_options){0}, &s), PF_ERR_SYNC);
    return f->ctx.text;
}

static void silence_noise_echo_and_text_each_get_their_own_advice(void **state)
{
    static const struct {
        void (*device)(void *, struct fake *, const uint8_t *, size_t);
        const char *says, *expect[3];
    } cases[] = {
        {NULL, NULL, {"silent", "P10 (RX1)", "CEN to GND"}},
        {echo_device, NULL, {"our own bytes", "TX and RX", "P11"}},
        {zero_device, NULL, {"held low", "powered", "GND"}},
        {talk_device,
         "Main_init_after_delay\r\n",
         {"text is heard", "Main_init_after_delay", "Reset"}},
        {talk_device, "ets Jan  8 2013,rst cause:2\r\n", {"Espressif", "not of a BK7231", "text"}},
        {talk_device,
         "Info:MAIN:OpenBK7231T\r\n",
         {"OpenBeken", "loader was not reached", "3.3 V"}},
        {talk_device, "\x93\xf8\x81\xe3\xfe\x90", {"make no sense", "115200 baud", "another rate"}},
        {talk_device, "\x55\xaa\x03\xf8\x81\xe3\xfe", {"make no sense", "TuyaMCU", "second chip"}},
        {talk_device,
         "\x04\x0e\x05\x01\xe0\xbc\x01",
         {"Beken loader answers", "supply", "adapter"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake *f = fake_open(NULL);
        const char *text = diagnosis(f, cases[i].device, cases[i].says);

        for (size_t k = 0; k < 3; k++) {
            if (!strstr(text, cases[i].expect[k]))
                print_error("case %zu lacks \"%s\": %s\n", i, cases[i].expect[k], text);
            assert_non_null(strstr(text, cases[i].expect[k]));
        }
        assert_true(strlen(text) < PF_TEXT_MAX - 1); /* not cut */
        fake_close(f);
    }
}

static void text_with_control_characters_is_shown_without_them(void **state)
{
    static const char heard[] = "\x1b[2Jhello world, hello world\x07\r\n";
    struct bk7231_diag d = {.heard.len = 0};
    char out[PF_TEXT_MAX];

    (void)state;
    heard_rx(&d.heard, (const uint8_t *)heard, sizeof heard - 1);
    bk7231_diagnose(&d, 115200, out, sizeof out);
    assert_null(strchr(out, '\x1b'));
    assert_non_null(strstr(out, "hello world"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bk7231n_is_opened_byte_for_byte),
        cmocka_unit_test(the_sync_schedule_is_kept_until_the_deadline),
        cmocka_unit_test(a_power_switch_is_used_last_before_the_train),
        cmocka_unit_test(nothing_is_touched_when_told_so),
        cmocka_unit_test(a_users_reset_sequence_replaces_ours),
        cmocka_unit_test(a_long_reset_sequence_still_leaves_time_to_listen),
        cmocka_unit_test(a_stop_is_heeded_while_waiting),
        cmocka_unit_test(a_port_that_vanishes_is_not_called_silence),
        cmocka_unit_test(a_linked_loader_is_found_at_either_rate),
        cmocka_unit_test(no_sync_gives_up_soon),
        cmocka_unit_test(silence_noise_echo_and_text_each_get_their_own_advice),
        cmocka_unit_test(text_with_control_characters_is_shown_without_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
