/* The stub session: who is there, what flash, which rate, and how it ends. */
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

static void every_known_stub_is_told_by_its_behaviour(void **state)
{
    static const struct {
        enum mini_kind kind;
        const char *loader;
        uint32_t chunk;
        enum pf_err digest;
    } cases[] = {
        {MINI_CUSTOM, "custom stub", 0x8000, PF_OK},
        {MINI_1311, "vendor stub 1.3.11", 0x2000, PF_OK},
        {MINI_134, "vendor stub 1.3.4", 0x8000, PF_OK},
        {MINI_140, "vendor stub 1.4.0", 0x8000, PF_ERR_SUPPORT},
        {MINI_STRANGE, "unknown stub", 0x2000, PF_ERR_SUPPORT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mini *m = mini_open(cases[i].kind, MINI_SYNC);
        struct pf_session *s = mini_link(m);
        struct pf_digest d;

        assert_string_equal(s->id.loader, cases[i].loader);
        assert_int_equal(s->read_chunk, cases[i].chunk);
        assert_int_equal(s->id.flash_size, MINI_SIZE);
        assert_string_equal(s->id.size_from, cases[i].kind == MINI_CUSTOM ? "jedec" : "range");
        mini_must(m, proto->digest(s, 0x10000, 0x3000, &d), cases[i].digest);
        if (!cases[i].digest) {
            uint8_t want[32];

            pf_sha256(m->flash + 0x10000, 0x3000, want);
            assert_int_equal(d.kind, PF_DIGEST_SHA256);
            assert_memory_equal(d.sha256, want, 32);
        }
        mini_done(m, s);
    }
}

static void a_damaged_question_does_not_make_another_stub_of_it(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 6; at++) {
        struct mini *m = mini_open(MINI_134, MINI_SYNC);
        struct pf_session *s;

        m->bad_sum_at = at;
        s = mini_link(m);
        assert_string_equal(s->id.loader, "vendor stub 1.3.4");
        mini_done(m, s);
    }
}

static void the_size_is_found_by_halving(void **state)
{
    static const uint32_t size[] = {0x100000, 0x200000, 0x80000};

    (void)state;
    for (size_t i = 0; i < sizeof size / sizeof size[0]; i++) {
        struct mini *m = mini_open(MINI_1311, MINI_SYNC);
        struct pf_session *s;

        m->size = size[i];
        s = mini_link(m);
        assert_int_equal(s->id.flash_size, size[i]);
        mini_done(m, s);
    }
}

static void a_stub_without_its_flash_is_said_to_have_none(void **state)
{
    (void)state;
    for (enum mini_kind kind = MINI_CUSTOM; kind <= MINI_140; kind++) {
        struct mini *m = mini_open(kind, MINI_SYNC);
        struct pf_session *s;

        m->size = 0;
        mini_must(
            m,
            mini_try(m, (struct pf_link_options){.stub = mini_stub, .stub_len = sizeof mini_stub},
                     &s),
            PF_ERR_SUPPORT);
        assert_non_null(strstr(m->f->ctx.text, kind == MINI_CUSTOM ? "c8 40 15" : "flash"));
        mini_close(m);
    }
}

static void the_devices_own_table_makes_the_regions(void **state)
{
    struct mini *m = mini_open(MINI_CUSTOM, MINI_SYNC);
    struct pf_session *s = mini_link(m);
    const struct pf_region *r = pf_session_regions(s);

    (void)state;
    assert_ptr_not_equal(r, s->chip->regions);
    assert_string_equal(r[3].name, "nv_customer");
    assert_string_equal(r[4].name, "nv_amt");
    assert_int_equal(r[4].flags, PF_REGION_GUARD | PF_REGION_IDENTITY);
    assert_null(r[5].name);
    mini_done(m, s);
}

static void without_a_table_the_common_layout_is_taken_and_said(void **state)
{
    struct mini *m = mini_open(MINI_CUSTOM, MINI_SYNC);
    struct pf_session *s;

    (void)state;
    memset(m->flash, 0xff, PF_SECTOR);
    s = mini_link(m);
    assert_string_equal(pf_session_regions(s)[8].name, "nv_amt");
    assert_non_null(strstr(s->id.evidence, "common 2 MiB layout"));
    mini_done(m, s);
}

static void an_encrypting_chip_is_read_but_never_written(void **state)
{
    static const struct {
        uint32_t ctrl;
        bool encrypts;
    } cases[] = {
        {0x10008, false}, {0x10108, true},  {0x10308, false},
        {0x10708, true},  {0x1ff08, false}, {0x10700, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int vendor = 0; vendor < 2; vendor++) {
            struct mini *m = mini_open(vendor ? MINI_1311 : MINI_CUSTOM, MINI_SYNC);
            struct pf_session *s;
            uint8_t buf[PF_SECTOR] = {0};

            m->efuse_ctrl = cases[i].ctrl;
            s = mini_link(m);
            mini_must(m, proto->read(s, 0x5000, buf, sizeof buf), PF_OK);
            mini_must(m, proto->unlock(s), cases[i].encrypts ? PF_ERR_REFUSED : PF_OK);
            mini_must(m, proto->write(s, 0x8000, buf, sizeof buf),
                      cases[i].encrypts ? PF_ERR_REFUSED : PF_OK);
            mini_done(m, s);
        }
}

static void a_rate_the_chip_cannot_make_becomes_its_good_neighbour(void **state)
{
    static const uint32_t rate[][2] = {
        {115200, 115200},   {230400, 230400},   {460800, 500000},   {500000, 500000},
        {576000, 500000},   {691200, 921600},   {921600, 921600},   {1000000, 1000000},
        {1500000, 1500000}, {2000000, 2000000}, {3000000, 2000000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rate / sizeof rate[0]; i++)
        assert_int_equal(ecr6600_good_baud(&ecr6600_chip, rate[i][0]), rate[i][1]);
}

static void a_poor_rate_is_named_and_replaced(void **state)
{
    struct mini *m = mini_open(MINI_CUSTOM, MINI_SYNC);
    struct pf_session *s;

    (void)state;
    mini_must(m,
              mini_try(m,
                       (struct pf_link_options){
                           .stub = mini_stub, .stub_len = sizeof mini_stub, .baud = 460800},
                       &s),
              PF_OK);
    assert_int_equal(s->id.baud, 500000);
    assert_int_equal(m->f->events[PF_EV_WARNING], 1);
    assert_non_null(strstr(m->f->last_text[PF_EV_WARNING], "476190"));
    assert_non_null(strstr(m->f->last_text[PF_EV_WARNING], "500000"));
    mini_done(m, s);
}

static void the_host_turns_within_10_ms_and_the_stub_has_50_ms_to_answer(void **state)
{
    struct mini *m = mini_open(MINI_CUSTOM, MINI_SYNC);
    struct pf_session *s = mini_link(m);
    uint64_t asked = 0, turned = 0, next = 0;

    (void)state;
    for (size_t i = 0; i < m->f->nlog; i++) {
        const struct fake_logged *l = &m->f->log[i];

        if (l->kind == FAKE_BAUD && l->value == 921600) {
            turned = l->at;
            asked = m->f->log[i - 1].at;
            next = m->f->log[i + 1].at;
        }
    }
    assert_in_range(turned - asked, 3000, 10000);
    assert_true(next - turned >= 50000);
    mini_done(m, s);
}

static void a_rate_that_does_not_work_steps_down_the_ladder(void **state)
{
    struct mini *m = mini_open(MINI_1311, MINI_SYNC);
    struct pf_session *s;

    (void)state;
    m->bad_rate = 921600;
    mini_must(m,
              mini_try(m,
                       (struct pf_link_options){.stub = mini_stub,
                                                .stub_len = sizeof mini_stub,
                                                .sync_timeout_us = 20000000},
                       &s),
              PF_OK);
    assert_int_equal(s->id.baud, 500000);
    assert_true(m->f->events[PF_EV_RETRY] > 0);
    mini_done(m, s);
}

static void run_is_acknowledged_and_stay_goes_back_to_115200(void **state)
{
    (void)state;
    for (int stay = 0; stay < 2; stay++) {
        struct mini *m = mini_open(MINI_140, MINI_SYNC);
        struct pf_session *s = mini_link(m);

        mini_must(m, proto->leave(s, stay ? PF_AFTER_STAY : PF_AFTER_RUN), PF_OK);
        assert_int_equal(m->runs, !stay);
        assert_int_equal(m->f->baud, 115200);
        assert_int_equal(m->baud, stay ? 115200 : 921600);
        assert_int_equal(m->state, stay ? MINI_STUB : MINI_APP);
        mini_done(m, s);
    }
}

static void a_run_that_was_not_heard_is_sent_again(void **state)
{
    struct mini *m = mini_open(MINI_CUSTOM, MINI_SYNC);
    struct pf_session *s = mini_link(m);

    (void)state;
    m->drop_request_at = 0;
    mini_must(m, proto->leave(s, PF_AFTER_RUN), PF_OK);
    assert_int_equal(m->runs, 1);
    mini_done(m, s);
}

static void what_this_chip_has_not_is_refused_in_words(void **state)
{
    struct mini *m = mini_open(MINI_CUSTOM, MINI_SYNC);
    struct pf_session *s = mini_link(m);
    uint8_t key[16];

    (void)state;
    mini_must(m, proto->read_key(s, key), PF_ERR_SUPPORT);
    mini_must(m, proto->keepalive(s), PF_OK);
    mini_must(m, proto->lock(s), PF_OK);
    mini_done(m, s);
}

static void a_stub_that_dies_is_loaded_again(void **state)
{
    struct mini *m = mini_open(MINI_1311, MINI_SYNC);
    struct pf_session *s = mini_link(m);
    uint8_t buf[PF_SECTOR];

    (void)state;
    m->state = MINI_APP; /* the supply has dipped */
    m->baud = 115200;
    mini_must(m, proto->read(s, 0x9000, buf, sizeof buf), PF_OK);
    assert_memory_equal(buf, m->flash + 0x9000, sizeof buf);
    assert_int_equal(m->uploads, 2);
    assert_int_equal(s->id.baud, 921600);
    mini_done(m, s);
}

static void a_stub_that_was_found_running_cannot_be_loaded_again_and_says_so(void **state)
{
    struct mini *m = mini_open(MINI_1311, MINI_STUB);
    struct pf_session *s;
    uint8_t buf[PF_SECTOR];

    (void)state;
    mini_must(m, mini_try(m, (struct pf_link_options){0}, &s), PF_OK);
    m->state = MINI_APP;
    mini_must(m, proto->read(s, 0x9000, buf, sizeof buf), PF_ERR_TIMEOUT);
    assert_non_null(strstr(m->f->ctx.text, "--stub FILE"));
    mini_done(m, s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_known_stub_is_told_by_its_behaviour),
        cmocka_unit_test(a_damaged_question_does_not_make_another_stub_of_it),
        cmocka_unit_test(the_size_is_found_by_halving),
        cmocka_unit_test(a_stub_without_its_flash_is_said_to_have_none),
        cmocka_unit_test(the_devices_own_table_makes_the_regions),
        cmocka_unit_test(without_a_table_the_common_layout_is_taken_and_said),
        cmocka_unit_test(an_encrypting_chip_is_read_but_never_written),
        cmocka_unit_test(a_rate_the_chip_cannot_make_becomes_its_good_neighbour),
        cmocka_unit_test(a_poor_rate_is_named_and_replaced),
        cmocka_unit_test(the_host_turns_within_10_ms_and_the_stub_has_50_ms_to_answer),
        cmocka_unit_test(a_rate_that_does_not_work_steps_down_the_ladder),
        cmocka_unit_test(run_is_acknowledged_and_stay_goes_back_to_115200),
        cmocka_unit_test(a_run_that_was_not_heard_is_sent_again),
        cmocka_unit_test(what_this_chip_has_not_is_refused_in_words),
        cmocka_unit_test(a_stub_that_dies_is_loaded_again),
        cmocka_unit_test(a_stub_that_was_found_running_cannot_be_loaded_again_and_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
