/* Erase, write and protection against a small loader that does one wrong thing
 * at a time. */
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

/* erase and write ---------------------------------------------------------- */

static uint8_t *pattern(size_t len)
{
    uint8_t *p = malloc(len);

    assert_non_null(p);
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)(i * 13 + i / 4096 + 5);
    return p;
}

static enum pf_err erase_and_write(struct pf_session *s, uint32_t addr, const uint8_t *p,
                                   size_t len)
{
    enum pf_err err = proto->unlock(s), lock;

    if (!err)
        err = proto->erase(s, addr, len);
    if (!err)
        err = proto->write(s, addr, p, len);
    lock = proto->lock(s);
    return err ? err : lock;
}

static void a_span_is_erased_in_blocks_where_they_fit_and_written(void **state)
{
    (void)state;
    for (int n = 0; n < 2; n++) {
        struct mini *m = mini_open(n);
        struct pf_session *s = must_open(m);
        size_t len = 0x23000;
        uint8_t *p = pattern(len);

        memset(p + 0x3000, 0xff, 0x2000); /* two blank sectors need no write */
        must(m, erase_and_write(s, 0x1f000, p, len), PF_OK);
        assert_memory_equal(m->flash + 0x1f000, p, len);
        assert_int_equal(m->erases64k, 2);
        assert_int_equal(m->erases4k, 3);
        assert_int_equal(m->writes, 0x23 - 2);
        if (n)
            assert_int_equal(m->sr, 0x4004); /* as it was found */
        free(p);
        done(m, s);
    }
}

static void the_loader_of_a_t_is_never_erased_nor_written(void **state)
{
    struct mini *m = mini_open(false);
    struct pf_session *s = must_open(m);
    uint8_t *p = pattern(4096);

    (void)state;
    must(m, proto->erase(s, 0x10000, 4096), PF_ERR_GUARD);
    must(m, proto->erase(s, 0, 0x200000), PF_ERR_GUARD);
    must(m, proto->write(s, 0x3000, p, 4096), PF_ERR_GUARD); /* the loader would not refuse */
    must(m, proto->write(s, 0x202000, p, 4096), PF_ERR_RANGE);
    assert_int_equal(m->requests, 0);
    free(p);
    done(m, s);
}

static void the_loader_of_an_n_may_be_written(void **state)
{
    struct mini *m = mini_open(true);
    struct pf_session *s = must_open(m);
    uint8_t *p = pattern(4096);

    (void)state;
    must(m, erase_and_write(s, 0, p, 4096), PF_OK);
    assert_memory_equal(m->flash, p, 4096);
    free(p);
    done(m, s);
}

static void a_crc_between_two_writes_on_a_t_costs_a_link_check_only(void **state)
{
    struct mini *m = mini_open(false);
    struct pf_session *s = must_open(m);
    uint8_t *p = pattern(0x2000);
    struct pf_digest d;

    (void)state;
    must(m, erase_and_write(s, 0x20000, p, 0x1000), PF_OK);
    must(m, proto->digest(s, 0x20000, 0x1000, &d), PF_OK);
    assert_int_equal(d.crc32, pf_crc32(0, p, 0x1000));
    must(m, erase_and_write(s, 0x21000, p + 0x1000, 0x1000), PF_OK);
    assert_memory_equal(m->flash + 0x20000, p, 0x2000);
    assert_int_equal(m->reboots, 0);
    free(p);
    done(m, s);
}

static void loader_1_0_4_is_reset_before_an_erase_that_follows_a_crc(void **state)
{
    struct mini *m = mini_open(false);
    struct pf_session *s;
    uint8_t *p = pattern(0x1000);
    struct pf_digest d;

    (void)state;
    m->version = "BK7231S_1.0.4";
    m->spoils = true;
    s = must_open(m);
    must(m, erase_and_write(s, 0x20000, p, 0x1000), PF_OK);
    assert_int_equal(m->reboots, 0); /* no CRC yet */
    must(m, proto->digest(s, 0x20000, 0x1000, &d), PF_OK);
    must(m, erase_and_write(s, 0x30000, p, 0x1000), PF_OK);
    assert_memory_equal(m->flash + 0x30000, p, 0x1000);
    assert_int_equal(m->reboots, 1);
    assert_int_equal(s->id.baud, 921600);
    free(p);
    done(m, s);
}

static void a_fault_while_the_loader_is_reset_is_survived(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 8; at++)
        for (int request = 0; request < 2; request++) {
            struct mini *m = mini_open(false);
            struct pf_session *s;
            uint8_t *p = pattern(0x1000);
            struct pf_digest d;

            m->version = "BK7231S_1.0.4";
            m->spoils = true;
            s = must_open(m);
            must(m, proto->digest(s, 0x20000, 0x1000, &d), PF_OK);
            *(request ? &m->drop_request_at : &m->drop_reply_at) = m->requests + at;
            must(m, erase_and_write(s, 0x30000, p, 0x1000), PF_OK);
            assert_memory_equal(m->flash + 0x30000, p, 0x1000);
            assert_int_equal(s->id.baud, 921600);
            free(p);
            done(m, s);
        }
}

/* A 1.0.4 that calls itself 1.0.5, say after a flipped bit. */
static void a_protection_nobody_expected_is_found_by_its_effect(void **state)
{
    struct mini *m = mini_open(false);
    struct pf_session *s;
    uint8_t *p = pattern(0x1000);

    (void)state;
    m->spoils = true;
    s = must_open(m); /* the size was told by CRC: spoiled already */
    must(m, erase_and_write(s, 0x20000, p, 0x1000), PF_OK);
    assert_memory_equal(m->flash + 0x20000, p, 0x1000);
    assert_int_equal(m->reboots, 1);
    free(p);
    done(m, s);
}

static void a_flash_that_ignores_everything_is_reported_as_protected(void **state)
{
    (void)state;
    for (int n = 0; n < 2; n++) {
        struct mini *m = mini_open(n);
        struct pf_session *s = must_open(m);
        uint8_t *p = pattern(0x1000);

        m->stuck = true;
        m->sr = 0;
        must(m, erase_and_write(s, 0x20000, p, 0x1000), PF_ERR_REFUSED);
        assert_non_null(strstr(m->f->ctx.text, "protected"));
        free(p);
        done(m, s);
    }
}

static void a_protected_blank_sector_is_found_when_it_is_written(void **state)
{
    struct mini *m = mini_open(true);
    struct pf_session *s = must_open(m);
    uint8_t *p = pattern(0x1000);

    (void)state;
    memset(m->flash + 0x20000, 0xff, 0x1000);
    m->stuck = true;
    m->sr = 0;
    must(m, erase_and_write(s, 0x20000, p, 0x1000), PF_ERR_REFUSED);
    assert_true(m->writes < 10);
    free(p);
    done(m, s);
}

static void a_status_register_that_does_not_yield_is_reported(void **state)
{
    struct mini *m = mini_open(true);
    struct pf_session *s = must_open(m);

    (void)state;
    m->stuck = true;
    must(m, proto->unlock(s), PF_ERR_REFUSED);
    assert_non_null(strstr(m->f->ctx.text, "TH25Q16HB"));
    assert_in_range(m->sr_writes, 10, 20);
    done(m, s);
}

static void unusual_status_registers_are_unlocked_and_restored(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        struct mini *m = mini_open(true);
        struct pf_session *s;
        uint16_t found = kind ? 0x0004 : 0x4004;

        m->sr2_by_31 = !kind;
        m->one_sr = kind;
        m->sr = found;
        s = must_open(m);
        must(m, proto->unlock(s), PF_OK);
        assert_int_equal(m->sr, 0);
        must(m, proto->lock(s), PF_OK);
        assert_int_equal(m->sr, found);
        done(m, s);
    }
}

static void an_unknown_flash_part_is_written_only_when_unprotected(void **state)
{
    (void)state;
    for (int protect = 0; protect < 2; protect++) {
        struct mini *m = mini_open(true);
        struct pf_session *s;

        memcpy(m->jedec, "\x77\x77\x15", 3);
        m->sr = protect ? 0x0004 : 0x0200;
        s = must_open(m);
        assert_null(s->id.flash_part);
        assert_int_equal(s->id.flash_size, 0x200000);
        must(m, proto->unlock(s), protect ? PF_ERR_REFUSED : PF_OK);
        must(m, proto->lock(s), PF_OK);
        assert_int_equal(m->sr_writes, 0);
        done(m, s);
    }
}

/* peers.md F2 and F5: a status that says no is heard, and ends. */
static void a_refusal_is_retried_once_and_then_reported(void **state)
{
    (void)state;
    for (int n = 0; n < 2; n++) {
        struct mini *m = mini_open(n);
        struct pf_session *s = must_open(m);
        uint8_t *p = pattern(0x1000);

        must(m, proto->unlock(s), PF_OK);
        m->refuse = 1;
        must(m, proto->erase(s, 0x20000, 0x1000), PF_OK);
        m->refuse = 1000;
        must(m, proto->erase(s, 0x20000, 0x1000), PF_ERR_REFUSED);
        assert_non_null(strstr(m->f->ctx.text, "0x020000"));
        assert_non_null(strstr(m->f->ctx.text, "0x06"));
        assert_true(m->refuse > 990);
        must(m, proto->write(s, 0x20000, p, 0x1000), PF_ERR_REFUSED);
        assert_true(m->refuse > 980);
        free(p);
        done(m, s);
    }
}

static void a_lost_write_ack_or_request_is_mended(void **state)
{
    (void)state;
    for (int n = 0; n < 2; n++)
        for (int fault = 0; fault < 4; fault++) {
            struct mini *m = mini_open(n);
            struct pf_session *s = must_open(m);
            uint8_t *p = pattern(0x4000);

            must(m, proto->unlock(s), PF_OK);
            must(m, proto->erase(s, 0x20000, 0x4000), PF_OK);
            if (fault == 0)
                m->drop_reply_at = m->requests + 1;
            else if (fault == 1)
                m->drop_request_at = m->requests + 1;
            else if (fault == 2)
                m->cut_reply_at = m->requests + 1;
            else
                m->reset_at = m->requests + 1;
            must(m, proto->write(s, 0x20000, p, 0x4000), PF_OK);
            assert_memory_equal(m->flash + 0x20000, p, 0x4000);
            assert_true(m->f->ctx.retries > 0);
            free(p);
            done(m, s);
        }
}

/* Loses bytes of what the host writes, once. */
struct lossy {
    struct mini *m;
    void (*device)(void *, struct fake *, const uint8_t *, size_t);
    size_t at, lose; /* position in the next long write */
    uint8_t flip;    /* or: invert these bits there */
    bool fired;
};

static void lossy_device(void *user, struct fake *f, const uint8_t *bytes, size_t len)
{
    struct lossy *l = user;

    if (l->fired || len < 13 || (len < 4000 && l->at > len)) {
        l->device(l->m, f, bytes, len);
        return;
    }
    l->fired = true;
    l->device(l->m, f, bytes, l->at);
    if (l->lose) {
        l->device(l->m, f, bytes + l->at + l->lose, len - l->at - l->lose);
    } else {
        uint8_t c = bytes[l->at] ^ l->flip;

        l->device(l->m, f, &c, 1);
        l->device(l->m, f, bytes + l->at + 1, len - l->at - 1);
    }
}

static void bytes_lost_inside_a_sector_written_do_not_spoil_it(void **state)
{
    static const size_t at[] = {0, 3, 5, 7, 9, 12, 100, 2000, 4090};

    (void)state;
    for (int n = 0; n < 2; n++)
        for (size_t i = 0; i < sizeof at / sizeof at[0]; i++)
            for (size_t lose = 1; lose < 700; lose = lose * 9 + 1) {
                struct mini *m = mini_open(n);
                struct pf_session *s = must_open(m);
                struct lossy l = {.m = m, .device = m->f->device, .at = at[i], .lose = lose};
                uint8_t *p = pattern(0x2000), *before = malloc(MINI_SIZE);
                enum pf_err err;

                if (at[i] + lose > 4108)
                    l.lose = 4108 - at[i];
                must(m, proto->unlock(s), PF_OK);
                must(m, proto->erase(s, 0x20000, 0x2000), PF_OK);
                memcpy(before, m->flash, MINI_SIZE);
                m->f->device = lossy_device;
                m->f->user = &l;
                /* The loader's own user pointer is needed for line changes only. */
                m->f->device_set = NULL;
                err = proto->write(s, 0x20000, p, 0x2000);
                if (at[i] < 12 && at[i] + lose > 8 && err) {
                    /* The address itself was mangled, and the loader wrote there:
                     * nobody can undo that, but it must be said. */
                    must(m, err, PF_ERR_PROTOCOL);
                    free(before);
                    free(p);
                    done(m, s);
                    continue;
                }
                must(m, err, PF_OK);
                if (memcmp(m->flash + 0x20000, p, 0x2000) != 0)
                    print_error("n %d, %zu bytes lost at %zu\n", n, lose, at[i]);
                assert_memory_equal(m->flash + 0x20000, p, 0x2000);
                memcpy(before + 0x20000, p, 0x2000);
                assert_memory_equal(m->flash, before, MINI_SIZE); /* nothing else touched */
                free(before);
                free(p);
                done(m, s);
            }
}

static void a_damaged_length_of_a_write_does_not_spoil_its_neighbour(void **state)
{
    (void)state;
    for (int n = 0; n < 2; n++)
        for (unsigned bit = 0; bit < 8; bit++) {
            struct mini *m = mini_open(n);
            struct pf_session *s = must_open(m);
            struct lossy l = {.m = m, .device = m->f->device, .at = 6, .flip = (uint8_t)(1 << bit)};
            uint8_t *p = pattern(0x1000), *before = malloc(MINI_SIZE);
            enum pf_err err;

            must(m, proto->unlock(s), PF_OK);
            must(m, proto->erase(s, 0x20000, 0x1000), PF_OK);
            memcpy(before, m->flash, MINI_SIZE);
            m->f->device = lossy_device;
            m->f->user = &l;
            m->f->device_set = NULL;
            err = proto->write(s, 0x20000, p, 0x1000);
            if (err == PF_OK && bit != 4) /* a shorter frame is acknowledged early: ops verify */
                assert_memory_equal(m->flash + 0x20000, p, 0x1000);
            memcpy(before + 0x20000, m->flash + 0x20000, 0x1000);
            if (memcmp(m->flash, before, MINI_SIZE) != 0)
                print_error("n %d, bit %u of the length\n", n, bit);
            assert_memory_equal(m->flash, before, MINI_SIZE);
            free(before);
            free(p);
            done(m, s);
        }
}

static void an_erase_of_the_wrong_place_is_never_reported_as_success(void **state)
{
    (void)state;
    for (int n = 0; n < 2; n++)
        for (size_t at = 9; at < 12; at++)
            for (unsigned bit = 0; bit < 8; bit++) {
                struct mini *m = mini_open(n);
                struct pf_session *s = must_open(m);
                struct lossy l = {
                    .m = m, .device = m->f->device, .at = at, .flip = (uint8_t)(1 << bit)};
                uint8_t *before = malloc(MINI_SIZE);
                enum pf_err err;

                must(m, proto->unlock(s), PF_OK);
                must(m, proto->erase(s, 0x30000, 0x1000), PF_OK); /* proof is behind us */
                memcpy(before, m->flash, MINI_SIZE);
                m->f->device = lossy_device;
                m->f->user = &l;
                m->f->device_set = NULL;
                err = proto->erase(s, 0x20000, 0x1000);
                assert_true(l.fired);
                memset(before + 0x20000, 0xff, 0x1000);
                if (err == PF_OK && memcmp(m->flash, before, MINI_SIZE) != 0)
                    print_error("n %d, bit %u of byte %zu of the request\n", n, bit, at);
                if (err == PF_OK)
                    assert_memory_equal(m->flash, before, MINI_SIZE);
                else
                    assert_int_equal(err, PF_ERR_PROTOCOL);
                free(before);
                done(m, s);
            }
}

/* The device did as told, only its answer was damaged on the way. */
static void a_damaged_acknowledgement_is_seen_through(void **state)
{
    (void)state;
    for (int n = 0; n < 2; n++)
        for (int write = 0; write < 2; write++) {
            struct mini *m = mini_open(n);
            struct pf_session *s = must_open(m);
            uint8_t *p = pattern(0x2000);

            must(m, proto->unlock(s), PF_OK);
            must(m, proto->erase(s, 0x30000, 0x1000), PF_OK);
            if (!write)
                m->lie_at = m->requests;
            must(m, proto->erase(s, 0x20000, 0x2000), PF_OK);
            if (write)
                m->lie_at = m->requests;
            must(m, proto->write(s, 0x20000, p, 0x2000), PF_OK);
            assert_memory_equal(m->flash + 0x20000, p, 0x2000);
            assert_true(m->f->ctx.retries > 0);
            free(p);
            done(m, s);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_span_is_erased_in_blocks_where_they_fit_and_written),
        cmocka_unit_test(the_loader_of_a_t_is_never_erased_nor_written),
        cmocka_unit_test(the_loader_of_an_n_may_be_written),
        cmocka_unit_test(a_crc_between_two_writes_on_a_t_costs_a_link_check_only),
        cmocka_unit_test(loader_1_0_4_is_reset_before_an_erase_that_follows_a_crc),
        cmocka_unit_test(a_fault_while_the_loader_is_reset_is_survived),
        cmocka_unit_test(a_protection_nobody_expected_is_found_by_its_effect),
        cmocka_unit_test(a_flash_that_ignores_everything_is_reported_as_protected),
        cmocka_unit_test(a_protected_blank_sector_is_found_when_it_is_written),
        cmocka_unit_test(a_status_register_that_does_not_yield_is_reported),
        cmocka_unit_test(unusual_status_registers_are_unlocked_and_restored),
        cmocka_unit_test(an_unknown_flash_part_is_written_only_when_unprotected),
        cmocka_unit_test(a_refusal_is_retried_once_and_then_reported),
        cmocka_unit_test(a_lost_write_ack_or_request_is_mended),
        cmocka_unit_test(bytes_lost_inside_a_sector_written_do_not_spoil_it),
        cmocka_unit_test(a_damaged_length_of_a_write_does_not_spoil_its_neighbour),
        cmocka_unit_test(an_erase_of_the_wrong_place_is_never_reported_as_success),
        cmocka_unit_test(a_damaged_acknowledgement_is_seen_through),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
