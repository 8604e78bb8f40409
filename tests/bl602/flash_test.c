/* Reading, hashing, erasing and writing, and what the driver does when one
 * thing goes wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bl602/story.h"
#include "bl602/vectors.h"
#include "core/bytes.h"
#include "core/checksum.h"

static uint8_t *bytes_like(size_t len, unsigned seed)
{
    uint8_t *p = malloc(len);

    assert_non_null(p);
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)(i * 31 + i / 256 + seed);
    return p;
}

static void a_span_is_read_in_large_pieces(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s = must_open(m);
    uint8_t *buf = malloc(0x11000);

    (void)state;
    must(m, proto->read(s, 0x13000, buf, 0x11000), PF_OK);
    assert_memory_equal(buf, m->flash + 0x13000, 0x11000);
    assert_int_equal(m->reads, 5); /* 4 times 16 KiB and the rest */
    free(buf);
    done(m, s);
}

static void no_read_is_an_erase_to_a_loader_that_misses_one_bit(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s = must_open(m);
    uint8_t *buf = malloc(0x20000);

    (void)state;
    must(m, proto->read(s, 0, buf, 0x20000), PF_OK);
    assert_memory_equal(buf, m->flash, 0x20000);
    assert_int_equal(m->harmful_reads, 1); /* of the first sector */
    m->drop_reply_at = m->requests;        /* and neither is what comes after a failure */
    must(m, proto->read(s, 0x4000, buf, 0x8000), PF_OK);
    assert_int_equal(m->harmful_reads, 1);
    free(buf);
    done(m, s);
}

static void a_question_answered_with_a_failure_is_asked_again(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s = must_open(m);
    struct pf_digest d;

    (void)state;
    m->read_fl = 1;
    must(m, proto->digest(s, 0x1000, 0x1000, &d), PF_OK);
    assert_int_equal(m->f->events[PF_EV_RETRY], 1);
    done(m, s);
}

static void a_build_that_clips_reads_is_read_in_sectors(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s = must_open(m);
    uint8_t *buf = malloc(0x10000);

    (void)state;
    m->clip = 8196;
    must(m, proto->read(s, 0x80000, buf, 0x10000), PF_OK);
    assert_memory_equal(buf, m->flash + 0x80000, 0x10000);
    assert_int_equal(s->read_chunk, PF_SECTOR);
    assert_int_equal(m->f->events[PF_EV_RETRY], 1); /* noticed once */
    free(buf);
    done(m, s);
}

static void addresses_outside_the_flash_never_reach_the_wire(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s = must_open(m);
    struct pf_digest d;
    uint8_t buf[PF_SECTOR] = {0};

    (void)state;
    must(m, proto->read(s, MINI_SIZE, buf, PF_SECTOR), PF_ERR_RANGE);
    must(m, proto->read(s, 0x800, buf, PF_SECTOR), PF_ERR_RANGE);
    must(m, proto->erase(s, MINI_SIZE - PF_SECTOR, 2 * PF_SECTOR), PF_ERR_RANGE);
    must(m, proto->erase(s, 0xfffff000, PF_SECTOR), PF_ERR_RANGE);
    must(m, proto->write(s, MINI_SIZE, buf, PF_SECTOR), PF_ERR_RANGE);
    must(m, proto->digest(s, 0, MINI_SIZE + PF_PAGE, &d), PF_ERR_RANGE);
    assert_int_equal(m->requests, 0);
    done(m, s);
}

static void a_digest_is_the_sha256_of_the_flash(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s = must_open(m);
    struct pf_digest d;
    uint8_t sha[32];

    (void)state;
    must(m, proto->digest(s, 0x1000, 0x1ff000, &d), PF_OK);
    assert_int_equal(d.kind, PF_DIGEST_SHA256);
    pf_sha256(m->flash + 0x1000, 0x1ff000, sha);
    assert_memory_equal(d.sha256, sha, 32);
    must(m, proto->digest(s, 0x1000, 0, &d), PF_OK);
    pf_sha256("", 0, sha);
    assert_memory_equal(d.sha256, sha, 32);
    assert_int_equal(m->requests, 1);
    done(m, s);
}

static void an_erase_ends_where_it_should(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s = must_open(m);
    uint8_t *was = malloc(MINI_SIZE);

    (void)state;
    memcpy(was, m->flash, MINI_SIZE);
    must(m, proto->erase(s, 0x1f000, 0x13000), PF_OK);
    memset(was + 0x1f000, 0xff, 0x13000);
    assert_memory_equal(m->flash, was, MINI_SIZE);
    assert_int_equal(m->pds, 4); /* sector, 64 KiB, two sectors */
    must(m, proto->erase(s, 0, MINI_SIZE), PF_OK);
    free(was);
    done(m, s);
}

static void an_erase_may_take_long_as_long_as_it_says_so(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s = must_open(m);

    (void)state;
    m->erase_us = 9000000;
    must(m, proto->erase(s, 0x11000, 0xf000), PF_OK);
    assert_int_equal(m->f->events[PF_EV_RETRY], 0);
    done(m, s);
}

static void an_erase_that_fails_is_final(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s = must_open(m);

    (void)state;
    m->erase_fl = 1;
    must(m, proto->erase(s, 0x10000, 0x20000), PF_ERR_REFUSED);
    expect_text(m->f->ctx.text, "FL 0003, erase failed");
    assert_int_equal(m->erases, 1); /* and not the next block */
    done(m, s);
}

static void what_is_written_is_there_and_nothing_else(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s = must_open(m);
    uint8_t *was = malloc(MINI_SIZE), *data = bytes_like(0x5000, 3);

    (void)state;
    memset(data + 0x2000, 0xff, PF_SECTOR); /* blank sectors are not sent */
    must(m, proto->erase(s, 0x20000, 0x5000), PF_OK);
    memcpy(was, m->flash, MINI_SIZE);
    must(m, proto->write(s, 0x20000, data, 0x5000), PF_OK);
    memcpy(was + 0x20000, data, 0x5000);
    assert_memory_equal(m->flash, was, MINI_SIZE);
    assert_in_range(m->writes, 4, 6);
    must(m, proto->lock(s), PF_OK);
    assert_int_equal(m->checks, 1); /* an OK before programming is no proof */
    must(m, proto->lock(s), PF_OK);
    assert_int_equal(m->checks, 1);
    free(was);
    free(data);
    done(m, s);
}

static void a_write_whose_sum_is_not_checked_is_cut(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s = must_open(m);
    uint8_t *data = bytes_like(PF_SECTOR, 0), addr[4];

    (void)state;
    put_le32(addr, 0x30000);
    while (bl602_checksum(addr, 4, data, PF_SECTOR) != 0)
        data[100]++;
    data[PF_SECTOR - 1] = 0x21; /* so that the last byte counts */
    data[101] = (uint8_t)(data[101] - bl602_checksum(addr, 4, data, PF_SECTOR));
    must(m, proto->erase(s, 0x30000, PF_SECTOR), PF_OK);
    must(m, proto->write(s, 0x30000, data, PF_SECTOR), PF_OK);
    assert_memory_equal(m->flash + 0x30000, data, PF_SECTOR);
    assert_int_equal(m->writes, 2);
    free(data);
    done(m, s);
}

static void a_failed_program_is_told_and_the_next_erase_does_not_hide_it(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s = must_open(m);
    uint8_t *data = bytes_like(PF_SECTOR, 1);

    (void)state;
    must(m, proto->erase(s, 0x40000, PF_SECTOR), PF_OK);
    m->write_fails = true;
    must(m, proto->write(s, 0x40000, data, PF_SECTOR), PF_OK);
    must(m, proto->erase(s, 0x50000, PF_SECTOR), PF_OK);
    assert_int_equal(m->f->events[PF_EV_RETRY], 1);
    expect_text(m->f->last_text[PF_EV_RETRY], "failed write between 0x040000 and 0x040fff");
    free(data);
    done(m, s);
}

static void a_write_answered_with_a_failure_is_sent_again(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s = must_open(m);
    uint8_t *data = bytes_like(PF_SECTOR, 2);

    (void)state;
    must(m, proto->erase(s, 0x40000, PF_SECTOR), PF_OK);
    m->write_fl = 4; /* the third ends the session */
    must(m, proto->write(s, 0x40000, data, PF_SECTOR), PF_OK);
    assert_memory_equal(m->flash + 0x40000, data, PF_SECTOR);
    assert_int_equal(m->trains, 1);
    m->write_fl = 100;
    must(m, proto->write(s, 0x40000, data, PF_SECTOR), PF_ERR_REFUSED);
    m->latched = false;
    must(m, proto->erase(s, 0, PF_SECTOR), PF_OK);
    m->write_fl = 1; /* in the first sector nothing is tried */
    must(m, proto->write(s, 0, data, PF_SECTOR), PF_ERR_REFUSED);
    assert_int_equal(m->erases, 1 + 4 + 5 + 1);
    free(data);
    done(m, s);
}

/* trouble ----------------------------------------------------------------------- */

/* Read, erase, write and hash once; the fault strikes somewhere in between. */
static void exercise(struct mini *m, struct pf_session *s)
{
    uint8_t *data = bytes_like(2 * PF_SECTOR, 9), *buf = malloc(0x8000), sha[32];
    struct pf_digest d;

    must(m, proto->read(s, 0x8000, buf, 0x8000), PF_OK);
    assert_memory_equal(buf, m->flash + 0x8000, 0x8000);
    must(m, proto->erase(s, 0x60000, 2 * PF_SECTOR), PF_OK);
    must(m, proto->write(s, 0x60000, data, 2 * PF_SECTOR), PF_OK);
    must(m, proto->digest(s, 0x60000, 2 * PF_SECTOR, &d), PF_OK);
    pf_sha256(data, 2 * PF_SECTOR, sha);
    assert_memory_equal(d.sha256, sha, 32);
    assert_memory_equal(m->flash + 0x60000, data, 2 * PF_SECTOR);
    free(data);
    free(buf);
}

enum trouble { DROP_REPLY, DROP_REQUEST, LATE, NOISE, CUT, TWICE, LOSE_FIRST, TROUBLES };

static void any_one_fault_at_any_request_is_overcome(void **state)
{
    (void)state;
    for (int kind = 0; kind < TROUBLES; kind++)
        for (unsigned at = 0; at < 12; at++) {
            struct mini *m = mini_open(MINI_ROM_WAITS);
            struct pf_session *s = must_open(m);
            unsigned *const knob[TROUBLES] = {&m->drop_reply_at, &m->drop_request_at, &m->late_at,
                                              &m->noise_at,      &m->cut_at,          &m->twice_at,
                                              &m->lose_first_at};

            *knob[kind] = at;
            m->late_us = 2500000;
            exercise(m, s);
            if (m->f->now > 80000000)
                print_error("kind %d at %u took %llu s\n", kind, at,
                            (unsigned long long)m->f->now / 1000000);
            assert_true(m->f->now < 80000000);
            done(m, s);
        }
}

static void a_late_answer_is_not_taken_for_the_next_one(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s = must_open(m);
    uint8_t buf[PF_SECTOR];

    (void)state;
    m->late_at = 0;
    m->late_us = 1200000; /* after the time-out, during what comes then */
    must(m, proto->read(s, 0x4000, buf, PF_SECTOR), PF_OK);
    assert_memory_equal(buf, m->flash + 0x4000, PF_SECTOR);
    must(m, proto->read(s, 0x9000, buf, PF_SECTOR), PF_OK);
    assert_memory_equal(buf, m->flash + 0x9000, PF_SECTOR);
    done(m, s);
}

static void answers_in_single_bytes_are_understood(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s;

    (void)state;
    m->f->fragment = 1;
    s = must_open(m);
    exercise(m, s);
    assert_int_equal(m->f->events[PF_EV_RETRY], 0);
    done(m, s);
}

static void a_device_that_lost_power_is_loaded_again(void **state)
{
    (void)state;
    for (int role = -1; role < 1; role++) {
        struct mini *m = mini_open(role < 0 ? MINI_ROM_WAITS : MINI_APP);
        struct pf_session *s;

        m->role = role;
        m->boot_pin = role < 0;
        s = must_open(m);
        m->reset_at_request = true;
        exercise(m, s);
        assert_int_equal(m->loads, 1);
        assert_int_equal(s->id.baud, 921600);
        done(m, s);
    }
}

static void another_flash_after_a_break_is_noticed(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s = must_open(m);
    uint8_t buf[PF_SECTOR];

    (void)state;
    m->reset_at_request = true;
    m->jedec[0] = 0xc8;
    must(m, proto->read(s, 0, buf, PF_SECTOR), PF_ERR_CHIP);
    done(m, s);
}

static void a_device_that_is_gone_is_given_up_in_time(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s = must_open(m);
    uint64_t start = m->f->now;
    uint8_t buf[PF_SECTOR];

    (void)state;
    m->dead = true;
    must(m, proto->read(s, 0, buf, PF_SECTOR), PF_ERR_TIMEOUT);
    assert_true(m->f->now - start < 90000000);
    done(m, s);
}

static void an_erase_nobody_asked_for_is_an_alarm(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s = must_open(m);
    uint8_t buf[PF_SECTOR];

    (void)state;
    m->stray_pd_at = 0;
    must(m, proto->read(s, 0, buf, PF_SECTOR), PF_ERR_PROTOCOL);
    assert_true(s->strayed);
    expect_text(m->f->ctx.text, "is erasing though");
    done(m, s);
}

static void a_bad_line_is_used_at_a_lower_rate(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s = must_open(m);
    uint8_t buf[PF_SECTOR];

    (void)state;
    for (unsigned i = 0; i < 60 && s->id.baud == 921600; i++) {
        m->cut_at = m->requests;
        must(m, proto->read(s, 0x7000, buf, PF_SECTOR), PF_OK);
    }
    assert_int_equal(s->id.baud, 500000);
    m->cut_at = MINI_NEVER;
    must(m, proto->read(s, 0x7000, buf, PF_SECTOR), PF_OK);
    assert_memory_equal(buf, m->flash + 0x7000, PF_SECTOR);
    done(m, s);
}

static void an_idle_session_is_kept_alive(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s;
    uint8_t buf[PF_SECTOR];

    (void)state;
    m->idle_s = 2;
    s = must_open(m);
    for (int i = 0; i < 20; i++) {
        m->f->now += 1500000;
        must(m, proto->keepalive(s), PF_OK);
    }
    assert_int_equal(m->trains, 0);
    must(m, proto->keepalive(s), PF_OK);
    assert_int_equal(m->requests, 20); /* nothing is due */
    m->f->now += 60000000;             /* and one that was not is opened again */
    must(m, proto->read(s, 0, buf, PF_SECTOR), PF_OK);
    assert_int_equal(m->trains, 1);
    assert_int_equal(m->loads, 0);
    done(m, s);
}

/* leaving and regions ----------------------------------------------------------- */

static void leaving_resets_and_says_what_to_do(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s = must_open(m);

    (void)state;
    must(m, proto->leave(s, PF_AFTER_STAY), PF_OK);
    assert_int_equal(m->where, MINI_LOADER);
    must(m, proto->leave(s, PF_AFTER_RUN), PF_OK);
    assert_int_equal(m->resets, 1);
    expect_text(m->f->last_text[PF_EV_WARNING], "take GPIO8 off 3.3 V");
    done(m, s);
}

static void no_key_is_told_and_protection_is_reported(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s;
    uint8_t key[16];

    (void)state;
    m->sr = 0x1c;
    s = must_open(m);
    assert_true(s->id.has_status_reg && s->id.write_protected);
    must(m, proto->read_key(s, key), PF_ERR_SUPPORT);
    must(m, proto->unlock(s), PF_OK);
    assert_int_equal(m->f->events[PF_EV_WARNING], 1);
    done(m, s);
}

static const struct pf_region *find(const struct pf_session *s, const char *name)
{
    for (const struct pf_region *r = pf_session_regions(s); r->name; r++)
        if (strcmp(r->name, name) == 0)
            return r;
    return NULL;
}

static struct pf_session *open_with_tables(struct mini *m, const char *first, const char *second)
{
    if (first)
        vector_bytes(first, m->flash + 0xe000, PF_SECTOR);
    if (second)
        vector_bytes(second, m->flash + 0xf000, PF_SECTOR);
    return must_open(m);
}

static void the_newer_of_two_tables_tells_the_regions(void **state)
{
    const char *const newer = vector_obk_2m_flipped, *const older = vector_obk_2m;

    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        struct mini *m = mini_open(MINI_ROM_WAITS);
        struct pf_session *s =
            turn ? open_with_tables(m, newer, older) : open_with_tables(m, older, newer);

        assert_int_equal(find(s, "FW")->addr, 0x112000);
        expect_text(s->id.evidence, turn ? "table 0, age 1" : "table 1, age 1");
        done(m, s);
    }
}

static void one_damaged_table_leaves_the_other(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s;

    (void)state;
    s = open_with_tables(m, NULL, vector_vendor_2m);
    assert_int_equal(find(s, "KEY")->flags, PF_REGION_GUARD);
    assert_int_equal(find(s, "factory")->addr, 0x1f8000);
    expect_text(s->id.evidence, "the other copy is damaged");
    done(m, s);
}

static void without_a_table_the_layout_of_the_size_is_assumed(void **state)
{
    struct mini *m = mini_open(MINI_ROM_WAITS);
    struct pf_session *s = must_open(m);

    (void)state;
    assert_null(s->regions);
    assert_int_equal(find(s, "factory")->addr, 0x1f8000);
    done(m, s);
    m = mini_open(MINI_ROM_WAITS);
    m->jedec[2] = 0x14;
    s = must_open(m);
    assert_int_equal(s->id.flash_size, 0x100000);
    assert_int_equal(find(s, "factory")->addr, 0xfc000);
    done(m, s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_span_is_read_in_large_pieces),
        cmocka_unit_test(no_read_is_an_erase_to_a_loader_that_misses_one_bit),
        cmocka_unit_test(a_question_answered_with_a_failure_is_asked_again),
        cmocka_unit_test(a_build_that_clips_reads_is_read_in_sectors),
        cmocka_unit_test(addresses_outside_the_flash_never_reach_the_wire),
        cmocka_unit_test(a_digest_is_the_sha256_of_the_flash),
        cmocka_unit_test(an_erase_ends_where_it_should),
        cmocka_unit_test(an_erase_may_take_long_as_long_as_it_says_so),
        cmocka_unit_test(an_erase_that_fails_is_final),
        cmocka_unit_test(what_is_written_is_there_and_nothing_else),
        cmocka_unit_test(a_write_whose_sum_is_not_checked_is_cut),
        cmocka_unit_test(a_failed_program_is_told_and_the_next_erase_does_not_hide_it),
        cmocka_unit_test(a_write_answered_with_a_failure_is_sent_again),
        cmocka_unit_test(any_one_fault_at_any_request_is_overcome),
        cmocka_unit_test(a_late_answer_is_not_taken_for_the_next_one),
        cmocka_unit_test(answers_in_single_bytes_are_understood),
        cmocka_unit_test(a_device_that_lost_power_is_loaded_again),
        cmocka_unit_test(another_flash_after_a_break_is_noticed),
        cmocka_unit_test(a_device_that_is_gone_is_given_up_in_time),
        cmocka_unit_test(an_erase_nobody_asked_for_is_an_alarm),
        cmocka_unit_test(a_bad_line_is_used_at_a_lower_rate),
        cmocka_unit_test(an_idle_session_is_kept_alive),
        cmocka_unit_test(leaving_resets_and_says_what_to_do),
        cmocka_unit_test(no_key_is_told_and_protection_is_reported),
        cmocka_unit_test(the_newer_of_two_tables_tells_the_regions),
        cmocka_unit_test(one_damaged_table_leaves_the_other),
        cmocka_unit_test(without_a_table_the_layout_of_the_size_is_assumed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
