/* Flash: what reaches the chip, in which order, and what a bad line may do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/checksum.h"
#include "ecr6600/mini_stub.h"

static const struct pf_protocol *const proto = &pf_ecr6600_protocol;

static void pattern(uint8_t *buf, size_t len, unsigned seed)
{
    for (size_t i = 0; i < len; i++)
        buf[i] = (uint8_t)(i * 7 + (i >> 8) + seed);
}

static void expect_blank(const struct mini *m, uint32_t addr, size_t len)
{
    assert_true(pf_is_blank(m->flash + addr, len));
}

static void a_read_uses_requests_that_the_stub_stands(void **state)
{
    static const struct {
        enum mini_kind kind;
        unsigned reads;
    } cases[] = {{MINI_1311, 16}, {MINI_134, 4}, {MINI_140, 4}, {MINI_CUSTOM, 4}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mini *m = mini_open(cases[i].kind, MINI_SYNC);
        struct pf_session *s = mini_link(m);
        static uint8_t buf[0x20000];

        mini_must(m, proto->read(s, 0x30000, buf, sizeof buf), PF_OK);
        assert_memory_equal(buf, m->flash + 0x30000, sizeof buf);
        assert_int_equal(m->reads, cases[i].reads);
        mini_done(m, s);
    }
}

static void a_span_outside_the_flash_is_refused_before_a_byte_is_sent(void **state)
{
    struct mini *m = mini_open(MINI_CUSTOM, MINI_SYNC);
    struct pf_session *s = mini_link(m);
    uint8_t buf[PF_SECTOR] = {0};
    struct pf_digest d;
    size_t sent = m->f->nlog;

    (void)state;
    mini_must(m, proto->read(s, MINI_SIZE, buf, sizeof buf), PF_ERR_RANGE);
    mini_must(m, proto->read(s, 0x1001, buf, sizeof buf), PF_ERR_RANGE);
    mini_must(m, proto->erase(s, 0xfffff000, 0x2000), PF_ERR_RANGE);
    mini_must(m, proto->write(s, 0x800, buf, sizeof buf), PF_ERR_RANGE);
    mini_must(m, proto->digest(s, MINI_SIZE - 0x1000, 0x2000, &d), PF_ERR_RANGE);
    assert_int_equal(m->f->nlog, sent);
    mini_done(m, s);
}

/* erase and write ------------------------------------------------------------ */

static void an_erase_before_a_write_is_done_by_the_write(void **state)
{
    struct mini *m = mini_open(MINI_1311, MINI_SYNC);
    struct pf_session *s = mini_link(m);
    uint8_t data[3 * PF_SECTOR], back[3 * PF_SECTOR];

    (void)state;
    pattern(data, sizeof data, 1);
    mini_must(m, proto->erase(s, 0x21000, sizeof data), PF_OK);
    mini_must(m, proto->write(s, 0x21000, data, sizeof data), PF_OK);
    assert_memory_equal(m->flash + 0x21000, data, sizeof data);
    assert_int_equal(m->erases04, 0);
    assert_int_equal(m->erased_by_02, 3);
    mini_must(m, proto->read(s, 0x21000, back, sizeof back), PF_OK);
    assert_memory_equal(back, data, sizeof data);
    assert_int_equal(m->erases04, 0);
    mini_done(m, s);
}

static void an_erase_without_a_write_is_done_before_anything_looks(void **state)
{
    struct pf_digest d;
    uint8_t buf[PF_SECTOR], blank[32];

    (void)state;
    memset(buf, 0xff, sizeof buf);
    pf_sha256(buf, sizeof buf, blank);
    for (int how = 0; how < 5; how++) {
        struct mini *m = mini_open(MINI_CUSTOM, MINI_SYNC);
        struct pf_session *s = mini_link(m);

        mini_must(m, proto->erase(s, 0x25000, 0x2000), PF_OK);
        if (how == 0) {
            mini_must(m, proto->read(s, 0x26000, buf, sizeof buf), PF_OK);
            assert_true(pf_is_blank(buf, sizeof buf));
        } else if (how == 1) {
            mini_must(m, proto->digest(s, 0x25000, PF_SECTOR, &d), PF_OK);
            assert_memory_equal(d.sha256, blank, 32);
        } else if (how == 2) {
            mini_must(m, proto->lock(s), PF_OK);
        } else if (how == 3) {
            mini_must(m, proto->leave(s, PF_AFTER_STAY), PF_OK);
        } else {
            mini_must(m, proto->erase(s, 0x30000, 0x1000), PF_OK); /* another block */
        }
        expect_blank(m, 0x25000, 0x2000);
        assert_int_equal(m->erases04, 2);
        mini_done(m, s);
    }
}

static void only_what_no_write_has_covered_is_erased_by_itself(void **state)
{
    struct mini *m = mini_open(MINI_CUSTOM, MINI_SYNC);
    struct pf_session *s = mini_link(m);
    uint8_t data[PF_SECTOR];

    (void)state;
    pattern(data, sizeof data, 3);
    mini_must(m, proto->erase(s, 0x20000, 0x10000), PF_OK);
    mini_must(m, proto->write(s, 0x23000, data, sizeof data), PF_OK);
    mini_must(m, proto->write(s, 0x2f000, data, sizeof data), PF_OK);
    mini_must(m, proto->lock(s), PF_OK);
    assert_int_equal(m->erases04, 14);
    assert_int_equal(m->erased_by_02, 2);
    expect_blank(m, 0x20000, 0x3000);
    expect_blank(m, 0x24000, 0xb000);
    assert_memory_equal(m->flash + 0x23000, data, sizeof data);
    assert_memory_equal(m->flash + 0x2f000, data, sizeof data);
    mini_done(m, s);
}

static void a_long_erase_is_done_at_once(void **state)
{
    struct mini *m = mini_open(MINI_140, MINI_SYNC);
    struct pf_session *s = mini_link(m);

    (void)state;
    mini_must(m, proto->erase(s, 0x2f000, 0x23000), PF_OK);
    expect_blank(m, 0x2f000, 0x23000);
    assert_false(pf_is_blank(m->flash + 0x2e000, 0x1000));
    assert_false(pf_is_blank(m->flash + 0x52000, 0x1000));
    mini_done(m, s);
}

static void blank_sectors_are_not_sent(void **state)
{
    struct mini *m = mini_open(MINI_CUSTOM, MINI_SYNC);
    struct pf_session *s = mini_link(m);
    uint8_t data[3 * PF_SECTOR];

    (void)state;
    pattern(data, sizeof data, 5);
    memset(data + PF_SECTOR, 0xff, PF_SECTOR);
    mini_must(m, proto->erase(s, 0x40000, sizeof data), PF_OK);
    mini_must(m, proto->write(s, 0x40000, data, sizeof data), PF_OK);
    assert_int_equal(m->frames, 2);
    mini_must(m, proto->lock(s), PF_OK);
    assert_memory_equal(m->flash + 0x40000, data, sizeof data);
    mini_done(m, s);
}

/* a bad line ----------------------------------------------------------------- */

/* Write two sectors with a fault at every request in turn; flash must hold the
 * data, nothing else may have changed, the stub's stack must have survived. */
static void write_with(void (*plant)(struct mini *m, unsigned at), enum mini_kind kind)
{
    static uint8_t before[MINI_SIZE];
    uint8_t data[2 * PF_SECTOR];

    pattern(data, sizeof data, 9);
    for (unsigned at = 0; at < 4; at++) {
        struct mini *m = mini_open(kind, MINI_SYNC);
        struct pf_session *s = mini_link(m);

        memcpy(before, m->flash, MINI_SIZE);
        mini_must(m, proto->erase(s, 0x60000, sizeof data), PF_OK);
        plant(m, at);
        mini_must(m, proto->write(s, 0x60000, data, sizeof data), PF_OK);
        mini_must(m, proto->lock(s), PF_OK);
        memcpy(before + 0x60000, data, sizeof data);
        assert_memory_equal(m->flash, before, MINI_SIZE);
        assert_true(m->f->events[PF_EV_RETRY] > 0 || at == 3);
        assert_int_equal(m->uploads, 1); /* it was mended without a reset */
        assert_int_equal(m->state, MINI_STUB);
        mini_done(m, s);
    }
}

static void plant_lost_answer(struct mini *m, unsigned at)
{
    m->drop_reply_at = at;
}

static void plant_lost_request(struct mini *m, unsigned at)
{
    m->drop_request_at = at;
}

static void plant_bad_sum(struct mini *m, unsigned at)
{
    m->bad_sum_at = at;
}

static void plant_spoiled_answer(struct mini *m, unsigned at)
{
    m->spoil_reply_at = at;
}

static void plant_cut_request(struct mini *m, unsigned at)
{
    m->cut_request_at = at;
}

static void a_write_survives_a_lost_answer_anywhere(void **state)
{
    (void)state;
    write_with(plant_lost_answer, MINI_CUSTOM);
    write_with(plant_lost_answer, MINI_1311);
}

static void a_write_survives_a_lost_request_anywhere(void **state)
{
    (void)state;
    write_with(plant_lost_request, MINI_CUSTOM);
    write_with(plant_lost_request, MINI_1311);
}

static void a_write_that_programmed_bad_bytes_is_erased_and_done_again(void **state)
{
    (void)state;
    write_with(plant_bad_sum, MINI_CUSTOM);
    write_with(plant_bad_sum, MINI_1311);
}

static void a_write_survives_a_spoiled_answer_anywhere(void **state)
{
    (void)state;
    write_with(plant_spoiled_answer, MINI_CUSTOM);
    write_with(plant_spoiled_answer, MINI_1311);
}

static void a_write_survives_a_request_that_lost_a_byte(void **state)
{
    (void)state;
    write_with(plant_cut_request, MINI_CUSTOM);
    write_with(plant_cut_request, MINI_1311);
}

static void reads_survive_every_kind_of_fault(void **state)
{
    static uint8_t buf[0x6000];

    (void)state;
    for (unsigned at = 0; at < 3; at++)
        for (int kind = 0; kind < 7; kind++) {
            struct mini *m = mini_open(MINI_1311, MINI_SYNC);
            struct pf_session *s = mini_link(m);

            m->drop_request_at = kind == 0 ? at : MINI_NEVER;
            m->drop_reply_at = kind == 1 ? at : MINI_NEVER;
            m->noise_at = kind == 2 ? at : MINI_NEVER;
            m->spoil_reply_at = kind == 3 ? at : MINI_NEVER;
            m->cut_request_at = kind == 4 ? at : MINI_NEVER;
            m->bad_sum_at = kind == 5 ? at : MINI_NEVER;
            m->late_reply_at = kind == 6 ? at : MINI_NEVER;
            m->late_us = 450000;
            mini_must(m, proto->read(s, 0x44000, buf, sizeof buf), PF_OK);
            assert_memory_equal(buf, m->flash + 0x44000, sizeof buf);
            assert_int_equal(m->uploads, 1);
            mini_done(m, s);
        }
}

static void a_late_hash_is_not_taken_for_the_next_one(void **state)
{
    struct mini *m = mini_open(MINI_CUSTOM, MINI_SYNC);
    struct pf_session *s = mini_link(m);
    struct pf_digest d;
    uint8_t want[32];

    (void)state;
    m->late_reply_at = 0;
    m->late_us = 5300000;
    mini_must(m, proto->digest(s, 0x10000, 0x1000, &d), PF_OK);
    mini_must(m, proto->digest(s, 0x20000, 0x1000, &d), PF_OK);
    pf_sha256(m->flash + 0x20000, 0x1000, want);
    assert_memory_equal(d.sha256, want, 32);
    mini_done(m, s);
}

/* the tools' own faults (F8 to F12) -------------------------------------------- */

static void f8_a_block_after_a_lost_answer_is_not_written_twice(void **state)
{
    struct mini *m = mini_open(MINI_CUSTOM, MINI_SYNC);
    struct pf_session *s = mini_link(m);
    uint8_t data[4 * PF_SECTOR];

    (void)state;
    pattern(data, sizeof data, 11);
    m->drop_reply_at = 2; /* of the second data frame */
    mini_must(m, proto->write(s, 0x70000, data, sizeof data), PF_OK);
    assert_memory_equal(m->flash + 0x70000, data, sizeof data);
    mini_done(m, s);
}

static void f9_the_neighbour_of_a_write_is_not_touched(void **state)
{
    struct mini *m = mini_open(MINI_CUSTOM, MINI_SYNC);
    struct pf_session *s = mini_link(m);
    uint8_t data[PF_SECTOR], next[PF_SECTOR];

    (void)state;
    pattern(data, sizeof data, 13);
    memcpy(next, m->flash + 0x72000, sizeof next);
    mini_must(m, proto->write(s, 0x71000, data, sizeof data), PF_OK);
    assert_memory_equal(m->flash + 0x72000, next, sizeof next);
    mini_must(m, proto->write(s, 0x71000, data, 1000), PF_ERR_RANGE); /* no odd lengths */
    mini_done(m, s);
}

static void f10_noise_before_an_answer_does_not_spoil_it(void **state)
{
    struct mini *m = mini_open(MINI_CUSTOM, MINI_SYNC);
    struct pf_session *s = mini_link(m);
    uint8_t buf[PF_SECTOR];

    (void)state;
    m->noise_at = 0;
    mini_must(m, proto->read(s, 0x9000, buf, sizeof buf), PF_OK);
    assert_memory_equal(buf, m->flash + 0x9000, sizeof buf);
    mini_done(m, s);
}

static void f11_64_kib_are_never_asked_for_in_one_request(void **state)
{
    struct mini *m = mini_open(MINI_140, MINI_SYNC);
    struct pf_session *s = mini_link(m);
    static uint8_t buf[0x40000];

    (void)state;
    mini_must(m, proto->read(s, 0, buf, sizeof buf), PF_OK); /* the device checks */
    assert_memory_equal(buf, m->flash, sizeof buf);
    assert_true(m->reads >= 8);
    mini_done(m, s);
}

static void f12_a_hash_without_an_answer_is_an_error_and_no_crash(void **state)
{
    struct mini *m = mini_open(MINI_1311, MINI_SYNC);
    struct pf_session *s = mini_link(m);
    struct pf_digest d;

    (void)state;
    m->f->mute = true;
    m->f->port.caps &= ~(unsigned)PF_CAP_BAUD;
    assert_int_equal(proto->digest(s, 0, 0x1000, &d), PF_ERR_TIMEOUT);
    mini_done(m, s);
}

/* digest ----------------------------------------------------------------------- */

static void a_hash_that_is_none_is_asked_for_again(void **state)
{
    (void)state;
    for (int ee = 0; ee < 2; ee++) {
        struct mini *m = mini_open(MINI_1311, MINI_SYNC);
        struct pf_session *s = mini_link(m);
        struct pf_digest d;
        uint8_t want[32];

        m->hash_fill = ee ? 0xee : 0xff;
        m->hash_bad = 1;
        mini_must(m, proto->digest(s, 0x3000, 0x1000, &d), PF_OK);
        pf_sha256(m->flash + 0x3000, 0x1000, want);
        assert_memory_equal(d.sha256, want, 32);
        m->hash_bad = 99;
        mini_must(m, proto->digest(s, 0x3000, 0x1000, &d), PF_ERR_SUPPORT);
        mini_done(m, s);
    }
}

static void hashes_are_asked_on_sector_bounds_only(void **state)
{
    struct mini *m = mini_open(MINI_1311, MINI_SYNC);
    struct pf_session *s = mini_link(m);
    struct pf_digest d;

    (void)state;
    mini_must(m, proto->digest(s, 0x100, 0x1000, &d), PF_ERR_SUPPORT);
    mini_must(m, proto->digest(s, 0, 0x100, &d), PF_ERR_SUPPORT);
    mini_must(m, proto->digest(s, 0x1000, 0, &d), PF_OK); /* of nothing */
    assert_int_equal(d.sha256[0], 0xe3);
    assert_int_equal(m->hashes, 0);
    mini_done(m, s);
}

static void version_1_3_4_is_not_believed_after_a_change(void **state)
{
    uint8_t data[PF_SECTOR];

    (void)state;
    pattern(data, sizeof data, 1);
    for (int how = 0; how < 3; how++) {
        struct mini *m = mini_open(MINI_134, MINI_SYNC);
        struct pf_session *s = mini_link(m);
        struct pf_digest d;

        mini_must(m, proto->digest(s, 0x8000, 0x1000, &d), PF_OK);
        if (how == 0)
            mini_must(m, proto->write(s, 0x8000, data, sizeof data), PF_OK);
        else
            mini_must(m, proto->erase(s, 0x8000, 0x1000), PF_OK);
        mini_must(m, proto->digest(s, 0x8000, 0x1000, &d), PF_ERR_SUPPORT);
        mini_done(m, s);
    }
}

static void version_1_3_4_found_running_is_not_believed_at_all(void **state)
{
    struct mini *m = mini_open(MINI_134, MINI_STUB);
    struct pf_session *s;
    struct pf_digest d;

    (void)state;
    mini_must(m, mini_try(m, (struct pf_link_options){0}, &s), PF_OK);
    mini_must(m, proto->digest(s, 0x8000, 0x1000, &d), PF_ERR_SUPPORT);
    mini_done(m, s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_read_uses_requests_that_the_stub_stands),
        cmocka_unit_test(a_span_outside_the_flash_is_refused_before_a_byte_is_sent),
        cmocka_unit_test(an_erase_before_a_write_is_done_by_the_write),
        cmocka_unit_test(an_erase_without_a_write_is_done_before_anything_looks),
        cmocka_unit_test(only_what_no_write_has_covered_is_erased_by_itself),
        cmocka_unit_test(a_long_erase_is_done_at_once),
        cmocka_unit_test(blank_sectors_are_not_sent),
        cmocka_unit_test(a_write_survives_a_lost_answer_anywhere),
        cmocka_unit_test(a_write_survives_a_lost_request_anywhere),
        cmocka_unit_test(a_write_that_programmed_bad_bytes_is_erased_and_done_again),
        cmocka_unit_test(a_write_survives_a_spoiled_answer_anywhere),
        cmocka_unit_test(a_write_survives_a_request_that_lost_a_byte),
        cmocka_unit_test(reads_survive_every_kind_of_fault),
        cmocka_unit_test(a_late_hash_is_not_taken_for_the_next_one),
        cmocka_unit_test(f8_a_block_after_a_lost_answer_is_not_written_twice),
        cmocka_unit_test(f9_the_neighbour_of_a_write_is_not_touched),
        cmocka_unit_test(f10_noise_before_an_answer_does_not_spoil_it),
        cmocka_unit_test(f11_64_kib_are_never_asked_for_in_one_request),
        cmocka_unit_test(f12_a_hash_without_an_answer_is_an_error_and_no_crash),
        cmocka_unit_test(a_hash_that_is_none_is_asked_for_again),
        cmocka_unit_test(hashes_are_asked_on_sector_bounds_only),
        cmocka_unit_test(version_1_3_4_is_not_believed_after_a_change),
        cmocka_unit_test(version_1_3_4_found_running_is_not_believed_at_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
