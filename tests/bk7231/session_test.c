/* The session against a small loader that does one wrong thing at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/checksum.h"

#include "bk7231/story.h"

/* identify ----------------------------------------------------------------- */

static void a_t_is_told_by_its_version_without_a_crc(void **state)
{
    struct mini *m = mini_open(false);
    struct pf_session *s;

    (void)state;
    m->version = "BK7231S_1.0.4";
    m->spoils = true;
    must(m, try_open(m, (struct pf_link_options){.chip = "bk7231t"}, &s), PF_OK);
    assert_string_equal(s->id.loader, "BK7231S_1.0.4");
    assert_int_equal(s->id.flash_size, 0x200000);
    assert_string_equal(s->id.size_from, "wrap-around");
    assert_int_equal(m->crcs, 0); /* it would cost a reset before the first erase */
    assert_false(s->id.evidence_weak);
    done(m, s);
}

static void a_newer_t_has_its_size_told_by_three_crcs(void **state)
{
    struct mini *m = mini_open(false);
    struct pf_session *s;

    (void)state;
    must(m, try_open(m, (struct pf_link_options){0}, &s), PF_OK);
    assert_string_equal(s->chip->name, "bk7231t");
    assert_int_equal(s->id.flash_size, 0x200000);
    assert_int_equal(m->reads, 0);
    assert_in_range(m->crcs, 1, 4);
    done(m, s);
}

static void the_wrong_chip_is_refused_and_named(void **state)
{
    (void)state;
    for (int n = 0; n < 2; n++) {
        struct mini *m = mini_open(n);
        struct pf_session *s;

        must(m, try_open(m, (struct pf_link_options){.chip = n ? "bk7231t" : "bk7231n"}, &s),
             PF_ERR_CHIP);
        assert_null(s);
        assert_non_null(
            strstr(m->f->ctx.text, n ? "this is a Beken BK7231N" : "this is a Beken BK7231T"));
        mini_close(m);
    }
}

static void cousins_are_named_and_refused(void **state)
{
    static const struct {
        uint32_t id;
        const char *name;
    } cousin[] = {{0x7238, "BK7238"}, {0x7252a, "BK7252N"}, {0x12345678, "0x12345678"}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct mini *m = mini_open(true);
        struct pf_session *s;

        m->chip_id = cousin[i].id;
        must(m, try_open(m, (struct pf_link_options){0}, &s), PF_ERR_CHIP);
        assert_non_null(strstr(m->f->ctx.text, cousin[i].name));
        mini_close(m);
    }
}

static void an_unknown_loader_is_taken_for_a_t_only_when_asked_for(void **state)
{
    struct mini *m = mini_open(false);
    struct pf_session *s;

    (void)state;
    m->version = NULL;
    must(m, try_open(m, (struct pf_link_options){0}, &s), PF_ERR_CHIP);
    assert_non_null(strstr(m->f->ctx.text, "fingerprint"));
    must(m, try_open(m, (struct pf_link_options){.chip = "bk7231n"}, &s), PF_ERR_CHIP);
    must(m, try_open(m, (struct pf_link_options){.chip = "bk7231t"}, &s), PF_OK);
    assert_true(s->id.evidence_weak);
    assert_int_equal(m->f->events[PF_EV_WARNING], 1);
    done(m, s);
}

static void identifying_an_n_takes_few_exchanges(void **state)
{
    struct mini *m = mini_open(true);
    struct pf_session *s;

    (void)state;
    must(m, try_open(m, (struct pf_link_options){0}, &s), PF_OK);
    assert_in_range(m->requests, 1, 8); /* besides LinkCheck */
    done(m, s);
}

static void an_n_with_an_unreadable_flash_id_is_sized_by_wrap_around(void **state)
{
    struct mini *m = mini_open(true);
    struct pf_session *s;

    (void)state;
    memset(m->jedec, 0, 3);
    must(m, try_open(m, (struct pf_link_options){0}, &s), PF_OK);
    assert_false(s->id.has_jedec);
    assert_int_equal(s->id.flash_size, 0x200000);
    assert_string_equal(s->id.size_from, "wrap-around");
    done(m, s);
}

/* The first request after sync gets its length damaged: the loader waits for
 * more than is ever sent. */
static void flip_first_long_length(void *user, struct fake *f, const uint8_t *bytes, size_t len)
{
    struct mini *m = user;
    uint8_t copy[64];

    if (len == 14 && !m->requests) {
        memcpy(copy, bytes, len);
        copy[8] ^= 0x80;
        bytes = copy;
    }
    m->f->device = m->real_device;
    m->real_device(m, f, bytes, len);
    if (len != 14)
        m->f->device = flip_first_long_length;
}

static void a_first_question_with_a_damaged_length_is_asked_again(void **state)
{
    (void)state;
    for (int n = 0; n < 2; n++) {
        struct mini *m = mini_open(n);
        struct pf_session *s;

        m->real_device = m->f->device;
        m->f->device = flip_first_long_length;
        must(m, try_open(m, (struct pf_link_options){0}, &s), PF_OK);
        assert_string_equal(s->chip->name, n ? "bk7231n" : "bk7231t");
        done(m, s);
    }
}

/* baud --------------------------------------------------------------------- */

static void a_stale_link_answer_is_not_taken_for_the_baud_echo(void **state)
{
    struct mini *m = mini_open(true);
    struct pf_session *s;

    (void)state;
    m->stale_links = true;
    s = must_open(m);
    assert_int_equal(s->id.baud, 921600);
    assert_int_equal(m->f->ctx.retries, 0);
    done(m, s);
}

static void a_rate_that_fails_is_followed_by_the_next_lower(void **state)
{
    (void)state;
    for (int n = 0; n < 2; n++) {
        struct mini *m = mini_open(n);
        struct pf_session *s;

        m->bad_rate = 921600;
        s = must_open(m);
        assert_int_equal(s->id.baud, 460800);
        assert_true(m->f->ctx.retries > 0);
        done(m, s);
    }
}

static void a_loader_that_ignores_set_baud_stays_at_the_boot_rate(void **state)
{
    struct mini *m = mini_open(true);
    struct pf_session *s;

    (void)state;
    m->ignore_set_baud = true;
    s = must_open(m);
    assert_int_equal(s->id.baud, 115200);
    done(m, s);
}

static void a_port_without_baud_rates_is_left_alone(void **state)
{
    struct mini *m = mini_open(true);
    struct pf_session *s;

    (void)state;
    m->f->port.caps = 0;
    m->f->port.ops->set_baud(&m->f->port, 115200);
    s = must_open(m);
    assert_int_equal(s->id.baud, 115200);
    assert_int_equal(m->set_bauds, 0);
    done(m, s);
}

/* read --------------------------------------------------------------------- */

static void a_t_is_read_from_zero_through_the_wrap(void **state)
{
    struct mini *m = mini_open(false);
    struct pf_session *s = must_open(m);
    static uint8_t buf[0x14000];

    (void)state;
    must(m, proto->read(s, 0, buf, sizeof buf), PF_OK);
    assert_memory_equal(buf, m->flash, sizeof buf);
    done(m, s);
}

static void spans_outside_or_between_sectors_are_refused(void **state)
{
    struct mini *m = mini_open(true);
    struct pf_session *s = must_open(m);
    static uint8_t buf[8192];
    struct pf_digest d;

    (void)state;
    must(m, proto->read(s, 0x1ff000, buf, 8192), PF_ERR_RANGE);
    must(m, proto->read(s, 0x100, buf, 4096), PF_ERR_RANGE);
    must(m, proto->read(s, 0xfffff000, buf, 8192), PF_ERR_RANGE);
    must(m, proto->erase(s, 0x200000, 4096), PF_ERR_RANGE);
    must(m, proto->write(s, 0x80000000, buf, 4096), PF_ERR_RANGE);
    must(m, proto->digest(s, 0x1fff00, 0x200, &d), PF_ERR_RANGE);
    must(m, proto->digest(s, 0x80, 0x100, &d), PF_ERR_RANGE);
    assert_int_equal(m->requests, 0);
    done(m, s);
}

/* peers.md F3: a lost byte must not cost the backup. */
static void a_lost_byte_costs_one_sector_read_again(void **state)
{
    (void)state;
    for (int n = 0; n < 2; n++) {
        struct mini *m = mini_open(n);
        struct pf_session *s = must_open(m);
        static uint8_t buf[8 * 4096];
        uint64_t before = m->f->now;

        m->cut_reply_at = m->requests + 3;
        must(m, proto->read(s, 0x20000, buf, sizeof buf), PF_OK);
        assert_memory_equal(buf, m->flash + 0x20000, sizeof buf);
        assert_in_range(m->reads, 9, 10);
        assert_int_equal(m->f->ctx.retries, 1);
        assert_true(m->f->now - before < 600000); /* not the whole timeout */
        done(m, s);
    }
}

static void a_byte_too_many_inside_a_sector_is_noticed(void **state)
{
    (void)state;
    for (int n = 0; n < 2; n++) {
        struct mini *m = mini_open(n);
        struct pf_session *s = must_open(m);
        static uint8_t buf[4 * 4096];

        m->insert_at = m->requests + 2;
        must(m, proto->read(s, 0x20000, buf, sizeof buf), PF_OK);
        assert_memory_equal(buf, m->flash + 0x20000, sizeof buf);
        assert_int_equal(m->f->ctx.retries, 1);
        done(m, s);
    }
}

static void a_lost_request_is_noticed_soon(void **state)
{
    (void)state;
    for (int n = 0; n < 2; n++) {
        struct mini *m = mini_open(n);
        struct pf_session *s = must_open(m);
        static uint8_t buf[4096];
        uint64_t before = m->f->now;

        m->drop_request_at = 0;
        must(m, proto->read(s, 0x20000, buf, sizeof buf), PF_OK);
        assert_true(m->f->now - before < 300000);
        done(m, s);
    }
}

/* peers.md F4: the reply comes in whatever pieces the system likes. */
static void replies_in_fragments_of_any_size_are_read(void **state)
{
    static const size_t fragment[] = {1, 2, 3, 7, 64, 512, 4056, 4095, 4096, 4110};
    static uint8_t buf[2 * 4096];

    (void)state;
    for (size_t i = 0; i < sizeof fragment / sizeof fragment[0]; i++) {
        struct mini *m = mini_open(true);
        struct pf_session *s;

        m->f->fragment = fragment[i];
        s = must_open(m);
        must(m, proto->read(s, 0x11000, buf, sizeof buf), PF_OK);
        assert_memory_equal(buf, m->flash + 0x11000, sizeof buf);
        assert_int_equal(m->f->ctx.retries, 0);
        done(m, s);
    }
}

/* peers.md F10: bytes in front of a valid reply. */
static void noise_before_a_reply_is_skipped(void **state)
{
    struct mini *m = mini_open(true);
    struct pf_session *s = must_open(m);
    static uint8_t buf[4096];

    (void)state;
    m->noise_at = 0;
    must(m, proto->read(s, 0x11000, buf, sizeof buf), PF_OK);
    assert_memory_equal(buf, m->flash + 0x11000, sizeof buf);
    assert_int_equal(m->f->ctx.retries, 0);
    done(m, s);
}

static void a_dead_device_ends_in_a_timeout_with_a_text(void **state)
{
    (void)state;
    for (int n = 0; n < 2; n++) {
        struct mini *m = mini_open(n);
        struct pf_session *s = must_open(m);
        static uint8_t buf[4096];
        uint64_t before = m->f->now;

        m->dead = true;
        must(m, proto->read(s, 0x11000, buf, sizeof buf), PF_ERR_TIMEOUT);
        assert_true(m->f->now - before < 15000000);
        assert_non_null(strstr(m->f->ctx.text, "link"));
        done(m, s);
    }
}

static void a_vanished_port_is_not_retried(void **state)
{
    struct mini *m = mini_open(true);
    struct pf_session *s = must_open(m);
    static uint8_t buf[4096];

    (void)state;
    m->f->vanished = true;
    must(m, proto->read(s, 0x11000, buf, sizeof buf), PF_ERR_IO);
    assert_int_equal(m->f->ctx.retries, 0);
    done(m, s);
}

static void a_device_that_was_reset_is_linked_again_at_the_old_rate(void **state)
{
    (void)state;
    for (int n = 0; n < 2; n++) {
        struct mini *m = mini_open(n);
        struct pf_session *s = must_open(m);
        static uint8_t buf[4 * 4096];

        m->reset_at = 2;
        must(m, proto->read(s, 0x11000, buf, sizeof buf), PF_OK);
        assert_memory_equal(buf, m->flash + 0x11000, sizeof buf);
        assert_int_equal(s->id.baud, 921600);
        assert_int_equal(m->baud, 921600);
        done(m, s);
    }
}

static void a_device_that_fell_into_its_application_is_reset_by_the_lines(void **state)
{
    struct mini *m = mini_open(true);
    struct pf_session *s = must_open(m);
    static uint8_t buf[4096];

    (void)state;
    m->in_app = true;
    m->baud = 115200;
    must(m, proto->read(s, 0x11000, buf, sizeof buf), PF_OK);
    assert_memory_equal(buf, m->flash + 0x11000, sizeof buf);
    done(m, s);
}

/* digest ------------------------------------------------------------------- */

static void a_late_crc_is_not_taken_for_the_next_one(void **state)
{
    (void)state;
    for (int n = 0; n < 2; n++) {
        /* Sooner than the timeout, later than it, and just about it. */
        for (uint64_t late = 100000; late < 6000000; late += 345678) {
            struct mini *m = mini_open(n);
            struct pf_session *s = must_open(m);
            struct pf_digest a, b;

            must(m, proto->digest(s, 0x11000, 0x1000, &a), PF_OK); /* prove the end */
            m->late_reply_at = m->requests;
            m->late_us = late;
            must(m, proto->digest(s, 0x20000, 0x1000, &a), PF_OK);
            must(m, proto->digest(s, 0x30000, 0x2000, &b), PF_OK);
            if (a.crc32 != pf_crc32(0, m->flash + 0x20000, 0x1000))
                print_error("late by %llu us\n", (unsigned long long)late);
            assert_int_equal(a.crc32, pf_crc32(0, m->flash + 0x20000, 0x1000));
            assert_int_equal(b.crc32, pf_crc32(0, m->flash + 0x30000, 0x2000));
            done(m, s);
        }
    }
}

static void the_inclusive_end_is_proved_once(void **state)
{
    struct mini *m = mini_open(true);
    struct pf_session *s = must_open(m);
    struct pf_digest d;

    (void)state;
    must(m, proto->digest(s, 0, 0x200000, &d), PF_OK);
    assert_int_equal(d.crc32, pf_crc32(0, m->flash, 0x200000));
    assert_int_equal(m->reads, 1);
    assert_int_equal(m->crcs, 2);
    must(m, proto->digest(s, 0x1000, 0x1000, &d), PF_OK);
    assert_int_equal(m->reads, 1);
    assert_int_equal(m->crcs, 3);
    done(m, s);
}

static void a_sector_read_before_saves_the_proof_its_read(void **state)
{
    struct mini *m = mini_open(true);
    struct pf_session *s = must_open(m);
    static uint8_t buf[4096];
    struct pf_digest d;

    (void)state;
    must(m, proto->read(s, 0x5000, buf, sizeof buf), PF_OK);
    must(m, proto->digest(s, 0x1000, 0x1000, &d), PF_OK);
    assert_int_equal(d.crc32, pf_crc32(0, m->flash + 0x1000, 0x1000));
    assert_int_equal(m->reads, 1);
    done(m, s);
}

static void an_exclusive_end_is_detected(void **state)
{
    struct mini *m = mini_open(true);
    struct pf_session *s;
    struct pf_digest d;

    (void)state;
    m->crc_behind = true;
    s = must_open(m);
    must(m, proto->digest(s, 0x1000, 0x3000, &d), PF_OK);
    assert_int_equal(d.crc32, pf_crc32(0, m->flash + 0x1000, 0x3000));
    done(m, s);
}

static void a_crc_that_fits_no_convention_is_never_believed(void **state)
{
    struct mini *m = mini_open(true);
    struct pf_session *s = must_open(m);
    static uint8_t buf[4096];
    struct pf_digest d;

    (void)state;
    bk7231_of(s)->has_sample = true; /* a sample that is wrong for good */
    bk7231_of(s)->crc_end = BK7231_CRC_UNUSABLE;
    must(m, proto->digest(s, 0x1000, 0x1000, &d), PF_ERR_UNPROVEN);
    must(m, proto->read(s, 0x1000, buf, 4096), PF_OK); /* reading still works */
    done(m, s);
}

static void the_digest_of_nothing_is_zero(void **state)
{
    struct mini *m = mini_open(true);
    struct pf_session *s = must_open(m);
    struct pf_digest d;

    (void)state;
    must(m, proto->digest(s, 0x1000, 0, &d), PF_OK);
    assert_int_equal(d.crc32, 0);
    done(m, s);
}

static void repeated_errors_bring_the_rate_down(void **state)
{
    struct mini *m = mini_open(true);
    struct pf_session *s = must_open(m);
    static uint8_t buf[4096];
    int spoilt = 0;

    (void)state;
    /* Every third read loses a byte, as a marginal line would. */
    for (int i = 0; i < 60 && s->id.baud == 921600; i++, spoilt++) {
        m->cut_reply_at = m->requests;
        must(m, proto->read(s, 0x11000, buf, 4096), PF_OK);
        must(m, proto->read(s, 0x12000, buf, 4096), PF_OK);
    }
    assert_int_equal(s->id.baud, 460800);
    assert_in_range(spoilt, 3, 12);
    assert_non_null(strstr(m->f->last_text[PF_EV_RETRY], "460800"));
    done(m, s);
}

/* the rest ----------------------------------------------------------------- */

static void an_idle_t_is_kept_awake_and_an_n_is_left_alone(void **state)
{
    (void)state;
    for (int n = 0; n < 2; n++) {
        struct mini *m = mini_open(n);
        struct pf_session *s = must_open(m);

        must(m, proto->keepalive(s), PF_OK);
        assert_int_equal(m->links, 0); /* not due */
        m->f->now += 60000;
        must(m, proto->keepalive(s), PF_OK);
        assert_int_equal(m->links, n ? 0 : 1);
        done(m, s);
    }
}

static void the_key_of_an_n_is_read_and_no_fuse_is_burned(void **state)
{
    struct mini *m = mini_open(true);
    struct pf_session *s = must_open(m);
    uint8_t key[16];

    (void)state;
    for (int i = 0; i < 32; i++)
        m->efuse[i] = (uint8_t)(0x93 + i * 5);
    m->efuse_ctrl = 0x00ff0002; /* somebody left the direction at "write" */
    must(m, proto->read_key(s, key), PF_OK);
    assert_memory_equal(key, m->efuse, 16);
    assert_int_equal(m->otp_burns, 0);
    assert_true(m->requests <= 1 + 16 * 3);
    done(m, s);
}

static void a_t_cannot_tell_its_key(void **state)
{
    struct mini *m = mini_open(false);
    struct pf_session *s = must_open(m);
    uint8_t key[16];

    (void)state;
    must(m, proto->read_key(s, key), PF_ERR_SUPPORT);
    done(m, s);
}

static void leaving_reboots_or_returns_to_the_boot_rate(void **state)
{
    (void)state;
    for (int n = 0; n < 2; n++) {
        struct mini *m = mini_open(n);
        struct pf_session *s = must_open(m);

        must(m, proto->leave(s, PF_AFTER_STAY), PF_OK);
        assert_int_equal(m->baud, 115200);
        assert_int_equal(m->f->baud, 115200);
        assert_int_equal(m->reboots, 0);
        must(m, proto->leave(s, PF_AFTER_RUN), PF_OK);
        assert_int_equal(m->reboots, n ? 3 : 1);
        done(m, s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_t_is_told_by_its_version_without_a_crc),
        cmocka_unit_test(a_newer_t_has_its_size_told_by_three_crcs),
        cmocka_unit_test(the_wrong_chip_is_refused_and_named),
        cmocka_unit_test(cousins_are_named_and_refused),
        cmocka_unit_test(an_unknown_loader_is_taken_for_a_t_only_when_asked_for),
        cmocka_unit_test(identifying_an_n_takes_few_exchanges),
        cmocka_unit_test(an_n_with_an_unreadable_flash_id_is_sized_by_wrap_around),
        cmocka_unit_test(a_first_question_with_a_damaged_length_is_asked_again),
        cmocka_unit_test(a_stale_link_answer_is_not_taken_for_the_baud_echo),
        cmocka_unit_test(a_rate_that_fails_is_followed_by_the_next_lower),
        cmocka_unit_test(a_loader_that_ignores_set_baud_stays_at_the_boot_rate),
        cmocka_unit_test(a_port_without_baud_rates_is_left_alone),
        cmocka_unit_test(a_t_is_read_from_zero_through_the_wrap),
        cmocka_unit_test(spans_outside_or_between_sectors_are_refused),
        cmocka_unit_test(a_lost_byte_costs_one_sector_read_again),
        cmocka_unit_test(a_byte_too_many_inside_a_sector_is_noticed),
        cmocka_unit_test(a_lost_request_is_noticed_soon),
        cmocka_unit_test(replies_in_fragments_of_any_size_are_read),
        cmocka_unit_test(noise_before_a_reply_is_skipped),
        cmocka_unit_test(a_dead_device_ends_in_a_timeout_with_a_text),
        cmocka_unit_test(a_vanished_port_is_not_retried),
        cmocka_unit_test(a_device_that_was_reset_is_linked_again_at_the_old_rate),
        cmocka_unit_test(a_device_that_fell_into_its_application_is_reset_by_the_lines),
        cmocka_unit_test(a_late_crc_is_not_taken_for_the_next_one),
        cmocka_unit_test(the_inclusive_end_is_proved_once),
        cmocka_unit_test(a_sector_read_before_saves_the_proof_its_read),
        cmocka_unit_test(an_exclusive_end_is_detected),
        cmocka_unit_test(a_crc_that_fits_no_convention_is_never_believed),
        cmocka_unit_test(the_digest_of_nothing_is_zero),
        cmocka_unit_test(repeated_errors_bring_the_rate_down),
        cmocka_unit_test(an_idle_t_is_kept_awake_and_an_n_is_left_alone),
        cmocka_unit_test(the_key_of_an_n_is_read_and_no_fuse_is_burned),
        cmocka_unit_test(a_t_cannot_tell_its_key),
        cmocka_unit_test(leaving_reboots_or_returns_to_the_boot_rate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
