/* Both ends of the stream language: the host's against the stub's own sources,
 * which run on the virtual chips. What two readings of one text make of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/checksum.h"
#include "stream/scene.h"

/* stories ------------------------------------------------------------------- */

static void our_stub_is_loaded_and_streams(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHIPS; i++) {
        struct scene *sc = scene_open(chips[i], "");

        assert_string_equal(sc->s->proto->name, "stream");
        assert_string_equal(sc->s->chip->name, chips[i]);
        assert_string_equal(sc->loader, "plugflash 1.0.0");
        assert_int_equal(sc->s->id.baud, 921600);
        assert_int_equal(sc->s->id.flash_size, SIZE);
        assert_non_null(pf_session_regions(sc->s)->name);
        scene_close(sc);
    }
}

static void what_is_fetched_is_the_flash(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHIPS; i++) {
        struct scene *sc = scene_open(chips[i], "");

        scene_must(sc, fetch(sc, 0, SIZE));
        scene_must(sc, fetch(sc, SIZE - SECTOR, SECTOR));
        assert_int_equal(fetch(sc, SIZE - SECTOR, 2 * SECTOR), PF_ERR_RANGE);
        assert_int_equal(sc->retries, 0);
        scene_close(sc);
    }
}

static void what_is_stored_is_in_the_flash_and_nothing_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHIPS; i++) {
        struct scene *sc = scene_open(chips[i], "");

        scene_must(sc, store(sc, AT, SPAN * 2, 99));
        scene_must(sc, store(sc, AT, SECTOR, 98));
        scene_must(sc, fetch(sc, AT, SPAN * 2));
        assert_int_equal(sc->retries, 0);
        scene_close(sc);
    }
}

static void a_map_has_the_crc_of_each_sector(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHIPS; i++) {
        struct scene *sc = scene_open(chips[i], "");
        uint32_t crc[SIZE / SECTOR];

        scene_must(sc, sc->s->proto->map(sc->s, 0, SIZE, crc));
        for (size_t k = 0; k < SIZE / SECTOR; k++)
            assert_int_equal(crc[k], pf_crc32(0, sc->flash + k * SECTOR, SECTOR));
        assert_int_equal(sc->retries, 0);
        scene_close(sc);
    }
}

static void the_slots_of_every_protocol_work_too(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHIPS; i++) {
        struct scene *sc = scene_open(chips[i], "");
        const struct pf_protocol *p = sc->s->proto;
        uint8_t *buf = malloc(SPAN), sha[32];
        struct pf_sim_view v;
        struct pf_digest d;

        assert_non_null(buf);
        scene_must(sc, p->unlock(sc->s));
        scene_must(sc, p->erase(sc->s, AT, SPAN));
        memset(sc->flash + AT, 0xff, SPAN);
        pf_sim_view(sc->sim, &v);
        assert_memory_equal(v.flash, sc->flash, SIZE);
        fill(sc->flash + AT, SPAN, 7);
        scene_must(sc, p->write(sc->s, AT, sc->flash + AT, SPAN));
        pf_sim_view(sc->sim, &v);
        assert_memory_equal(v.flash, sc->flash, SIZE);
        scene_must(sc, p->read(sc->s, AT, buf, SPAN));
        assert_memory_equal(buf, sc->flash + AT, SPAN);
        scene_must(sc, p->digest(sc->s, 0, SIZE, &d));
        pf_sha256(sc->flash, SIZE, sha);
        assert_memory_equal(d.sha256, sha, sizeof sha);
        scene_must(sc, p->digest(sc->s, AT, 256, &d));
        pf_sha256(sc->flash + AT, 256, sha);
        assert_memory_equal(d.sha256, sha, sizeof sha);
        scene_must(sc, p->lock(sc->s));
        assert_int_equal(sc->retries, 0);
        free(buf);
        scene_close(sc);
    }
}

static void time_hardly_depends_on_latency(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHIPS; i++) {
        double took[2][2];

        for (size_t k = 0; k < 2; k++) {
            struct scene *sc = scene_open(chips[i], k ? ",lat=40" : ",lat=1");
            uint64_t since = pf_now(sc->port);

            scene_must(sc, fetch(sc, 0, SIZE));
            took[k][0] = scene_seconds(sc, since);
            since = pf_now(sc->port);
            scene_must(sc, store(sc, AT, 4 * SPAN, 5));
            took[k][1] = scene_seconds(sc, since);
            assert_int_equal(sc->retries, 0);
            scene_close(sc);
        }
        print_message("%s: read 2 MiB %.2f / %.2f s, write 1 MiB %.2f / %.2f s\n", chips[i],
                      took[0][0], took[1][0], took[0][1], took[1][1]);
        assert_true(took[1][0] < took[0][0] + 0.5);
        assert_true(took[1][1] < took[0][1] + 0.5);
    }
}

static void an_idle_session_is_kept_alive(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHIPS; i++) {
        struct scene *sc = scene_open(chips[i], "");

        for (int k = 0; k < 20; k++) {
            pf_sleep(sc->port, 1000000);
            scene_must(sc, sc->s->proto->keepalive(sc->s));
        }
        scene_must(sc, fetch(sc, 0, SPAN));
        assert_int_equal(sc->retries, 0);
        scene_close(sc);
    }
}

static void a_session_that_slept_is_picked_up_without_a_reset(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHIPS; i++) {
        struct scene *sc = scene_open(chips[i], "");
        struct pf_sim_view before, after;

        pf_sim_view(sc->sim, &before);
        pf_sleep(sc->port, 30000000);
        scene_must(sc, fetch(sc, 0, SPAN));
        pf_sleep(sc->port, 30000000);
        scene_must(sc, store(sc, AT, SPAN, 4));
        assert_string_equal(sc->s->proto->name, "stream");
        assert_int_equal(sc->s->id.baud, 921600);
        pf_sim_view(sc->sim, &after);
        assert_int_equal(after.resets, before.resets);
        scene_close(sc);
    }
}

static void a_host_that_was_killed_leaves_a_stub_that_the_next_one_finds(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHIPS; i++) {
        struct scene *sc = scene_open(chips[i], "");
        struct pf_sim_view before, after;

        pf_session_close(sc->s); /* not a word */
        pf_sim_view(sc->sim, &before);
        scene_must(sc, scene_link(sc, chips[i], (struct pf_link_options){0}));
        scene_must(sc, fetch(sc, 0, SPAN));
        pf_sim_view(sc->sim, &after);
        assert_int_equal(after.resets, before.resets);
        scene_close(sc);
    }
}

static void one_that_stays_is_found_by_the_next_session(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHIPS; i++) {
        struct scene *sc = scene_open(chips[i], "");
        struct pf_sim_view before, after;

        scene_must(sc, sc->s->proto->leave(sc->s, PF_AFTER_STAY));
        pf_session_close(sc->s);
        sc->s = NULL;
        pf_sim_view(sc->sim, &before);
        assert_true(before.in_loader);
        scene_must(sc,
                   scene_link(sc, chips[i], (struct pf_link_options){.use_stub = PF_STUB_NONE}));
        assert_string_equal(sc->s->proto->name, "stream");
        scene_must(sc, fetch(sc, 0, SPAN));
        scene_must(sc, sc->s->proto->leave(sc->s, PF_AFTER_RUN));
        pf_sim_view(sc->sim, &after);
        assert_int_equal(sc->retries, 0);
        scene_close(sc);
    }
}

static void plain_means_the_same_stub_in_its_familys_language(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHIPS; i++) {
        struct scene *sc = scene_new(chips[i], "");
        uint8_t *buf = malloc(SPAN);

        assert_non_null(buf);
        scene_must(sc,
                   scene_link(sc, chips[i], (struct pf_link_options){.use_stub = PF_STUB_PLAIN}));
        assert_string_not_equal(sc->s->proto->name, "stream");
        assert_non_null(strstr(sc->loader, "plugflash 1.0.0"));
        scene_must(sc, sc->s->proto->read(sc->s, 0, buf, SPAN));
        assert_memory_equal(buf, sc->flash, SPAN);
        free(buf);
        scene_close(sc);
    }
}

/* faults -------------------------------------------------------------------- */

static void scene_fault(struct scene *sc, enum pf_fault_kind kind, uint64_t at)
{
    sc->fault = (struct pf_fault){.kind = kind, .at = at, .seed = (uint32_t)at * 2654435761u};
    scene_must(sc, pf_fault_open(&sc->ctx, &sc->spoiler, &sc->fault, &sc->port));
    sc->ctx.clock = sc->port;
}

/* The same story with one fault: how long it takes, and how many I/O calls, the
 * first `*linked` of them to get a session. */
static double story(const char *chip, uint32_t baud, enum pf_fault_kind kind, uint64_t at,
                    uint64_t *linked, uint64_t *calls)
{
    struct scene *sc = scene_new(chip, ",lat=2");
    double took;
    enum pf_err err;

    scene_fault(sc, kind, at);
    scene_must(sc, scene_link(sc, chip, (struct pf_link_options){.baud = baud}));
    *linked = sc->fault.calls;
    err = fetch(sc, AT, SPAN / 4);
    if (!err)
        err = store(sc, AT, SPAN / 4, 3);
    if (err)
        fail_msg("%s %s@%llu: %s: %s", chip, pf_fault_name(kind), (unsigned long long)at,
                 pf_err_name(err), sc->ctx.text);
    assert_true(kind == PF_FAULT_NONE || sc->fault.fired);
    took = scene_seconds(sc, sc->opened_us);
    *calls = sc->fault.calls;
    scene_close(sc);
    return took;
}

/* Everything is right all the same, and late by less than two seconds. */
static void sweep(const char *chip, uint32_t baud, enum pf_fault_kind kind, unsigned runs)
{
    uint64_t linked, calls, from, to;
    double clean = story(chip, baud, PF_FAULT_NONE, 0, &from, &to), worst = 0;

    for (uint64_t at = from + kind; at < to; at += (to - from) / runs + 1) {
        double took = story(chip, baud, kind, at, &linked, &calls) - clean;

        if (took > 2)
            fail_msg("%s %s@%llu costs %.2f s", chip, pf_fault_name(kind), (unsigned long long)at,
                     took);
        if (took > worst)
            worst = took;
    }
    print_message("%s %s: worst +%.2f of %.2f s\n", chip, pf_fault_name(kind), worst, clean);
}

static void one_fault_anywhere_costs_less_than_two_seconds(void **state)
{
    static const enum pf_fault_kind kinds[] = {PF_FAULT_DROP,  PF_FAULT_FLIP,    PF_FAULT_DUP,
                                               PF_FAULT_NOISE, PF_FAULT_SILENCE, PF_FAULT_DELAY,
                                               PF_FAULT_ECHO};

    (void)state;
    for (size_t i = 0; i < CHIPS; i++)
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
            sweep(chips[i], 0, kinds[k], 40);
}

static void nor_does_it_at_the_lowest_rate(void **state)
{
    static const enum pf_fault_kind kinds[] = {PF_FAULT_FLIP, PF_FAULT_SILENCE, PF_FAULT_DELAY};

    (void)state;
    for (size_t i = 0; i < CHIPS; i++)
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
            sweep(chips[i], 115200, kinds[k], 25);
}

/* From the plain language into this one, and up to the rate: the same story. The
 * stub's words at a rate may be lost, and it is then tried once more, or passed. */
static void one_fault_on_the_way_into_the_language_costs_less_than_three_seconds(void **state)
{
    static const enum pf_fault_kind kinds[] = {PF_FAULT_DROP, PF_FAULT_FLIP, PF_FAULT_SILENCE,
                                               PF_FAULT_DELAY, PF_FAULT_NOISE};

    (void)state;
    for (size_t i = 0; i < CHIPS; i++) {
        uint64_t linked, calls;
        double worst = 0;
        struct scene *sc = scene_open(chips[i], ",lat=2");
        double clean = scene_seconds(sc, sc->s->id.synced_us);

        scene_close(sc);
        (void)story(chips[i], 0, PF_FAULT_NONE, 0, &linked, &calls);
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
            for (uint64_t at = linked - 22; at < linked; at++) {
                double took;

                sc = scene_new(chips[i], ",lat=2");
                scene_fault(sc, kinds[k], at);
                scene_must(sc, scene_link(sc, chips[i], (struct pf_link_options){0}));
                took = scene_seconds(sc, sc->s->id.synced_us) - clean;
                assert_string_equal(sc->s->proto->name, "stream");
                scene_must(sc, fetch(sc, AT, SPAN / 8));
                if (took > 3)
                    fail_msg("%s %s@%llu costs %.2f s", chips[i], pf_fault_name(kinds[k]),
                             (unsigned long long)at, took);
                if (took > worst)
                    worst = took;
                scene_close(sc);
            }
        print_message("%s: worst +%.2f of %.2f s\n", chips[i], worst, clean);
    }
}

static void a_port_that_vanishes_is_an_error_at_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHIPS; i++) {
        struct scene *sc = scene_new(chips[i], "");
        enum pf_err err;

        scene_fault(sc, PF_FAULT_VANISH, 1200);
        err = scene_link(sc, chips[i], (struct pf_link_options){0});
        if (!err)
            err = fetch(sc, 0, SIZE);
        assert_true(sc->fault.fired);
        assert_int_equal(err, PF_ERR_IO);
        assert_true(scene_seconds(sc, sc->opened_us) < 20);
        scene_close(sc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_stub_is_loaded_and_streams),
        cmocka_unit_test(what_is_fetched_is_the_flash),
        cmocka_unit_test(what_is_stored_is_in_the_flash_and_nothing_else),
        cmocka_unit_test(a_map_has_the_crc_of_each_sector),
        cmocka_unit_test(the_slots_of_every_protocol_work_too),
        cmocka_unit_test(time_hardly_depends_on_latency),
        cmocka_unit_test(an_idle_session_is_kept_alive),
        cmocka_unit_test(a_session_that_slept_is_picked_up_without_a_reset),
        cmocka_unit_test(a_host_that_was_killed_leaves_a_stub_that_the_next_one_finds),
        cmocka_unit_test(one_that_stays_is_found_by_the_next_session),
        cmocka_unit_test(plain_means_the_same_stub_in_its_familys_language),
        cmocka_unit_test(one_fault_anywhere_costs_less_than_two_seconds),
        cmocka_unit_test(nor_does_it_at_the_lowest_rate),
        cmocka_unit_test(one_fault_on_the_way_into_the_language_costs_less_than_three_seconds),
        cmocka_unit_test(a_port_that_vanishes_is_an_error_at_once),
    };

    return cmocka_run_group_tests_name("stream over sim", tests, NULL, NULL);
}
