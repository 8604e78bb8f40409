/* stream_test.c - operations on a link that streams: one transfer instead of many
 * exchanges, proofs that come with it, and writes that go on after a cut. */
#include "ops/fixture.h"

#include <stdlib.h>
#include <string.h>

#include "core/checksum.h"
#include "plugflash/ops.h"

#define SECTORS 64
#define SIZE    (SECTORS * PF_SECTOR)

static void plug_in(struct memdev *d, uint8_t was[SIZE])
{
    memdev_init(d, SECTORS, plug_regions);
    memdev_stream(d);
    plug_content(d);
    memcpy(was, d->flash, SIZE);
}

static void a_backup_is_one_transfer_that_brings_its_proof(void **state)
{
    struct pf_backup_options opt = {.path = "b.bin"};
    struct pf_backup_result res;
    static uint8_t was[SIZE];
    struct memdev d;

    (void)state;
    plug_in(&d, was);
    assert_err(&d, pf_backup(&d.base, &opt, &res), PF_OK);
    assert_file("b.bin", was, SIZE);
    assert_int_equal(res.proof, PF_PROOF_SHA256);
    assert_int_equal(res.stats.reads, 1);
    assert_int_equal(d.digests, 0);
    assert_int_equal(d.hashed, 0);
    memdev_fini(&d);
}

static void a_backup_on_a_base_moves_what_the_map_shows_different(void **state)
{
    struct pf_backup_options opt = {.path = "n.bin", .base = "b.bin"};
    struct pf_backup_result res;
    static uint8_t was[SIZE];
    struct memdev d;

    (void)state;
    plug_in(&d, was);
    put_file("b.bin", was, SIZE);
    for (uint32_t i = 5; i < 60; i += 9)
        d.flash[i * PF_SECTOR + 77] ^= 2;
    assert_err(&d, pf_backup(&d.base, &opt, &res), PF_OK);
    assert_file("n.bin", d.flash, SIZE);
    assert_int_equal(d.reads, 7);
    assert_int_equal(d.digests, 1); /* the whole, not each of the runs between */
    assert_int_equal(res.proof, PF_PROOF_SHA256);
    memdev_fini(&d);
}

static void what_the_map_takes_for_the_same_is_proved_by_the_digest(void **state)
{
    struct pf_backup_options opt = {.path = "n.bin", .base = "b.bin"};
    struct pf_backup_result res;
    static uint8_t was[SIZE];
    struct memdev d;

    (void)state;
    plug_in(&d, was);
    d.flash[20 * PF_SECTOR] ^= 1;
    put_file("b.bin", was, SIZE);
    d.at = 0; /* the map, whose 33rd sector is then read for nothing */
    d.fault = MEMDEV_WRONG_DIGEST;
    assert_err(&d, pf_backup(&d.base, &opt, &res), PF_OK);
    assert_true(d.fired);
    assert_file("n.bin", d.flash, SIZE);
    assert_int_equal(d.reads, 2);
    memdev_fini(&d);
}

static void a_write_is_proved_by_what_the_device_read_back(void **state)
{
    struct pf_write_options opt = {
        .path = "x.bin", .at_given = true, .at = 8 * PF_SECTOR, .no_backup = true};
    struct pf_write_result res;
    static uint8_t was[SIZE], image[20 * PF_SECTOR];
    struct memdev d;

    (void)state;
    plug_in(&d, was);
    memcpy(image, was + 8 * PF_SECTOR, sizeof image);
    memdev_fill(image, 3, 4, 7);
    memdev_fill(image, 15, 1, 8);
    put_file("x.bin", image, sizeof image);
    assert_err(&d, pf_write(&d.base, &opt, &res), PF_OK);
    assert_memory_equal(d.flash + 8 * PF_SECTOR, image, sizeof image);
    assert_int_equal(d.writes, 5);
    assert_int_equal(res.stats.erased, 5);
    assert_int_equal(res.proof, PF_PROOF_SHA256);
    for (uint32_t i = 0; i < SECTORS; i++)
        assert_int_equal(d.erased[i], (i >= 11 && i < 15) || i == 23);
    memdev_fini(&d);
}

static void a_flash_that_does_not_take_it_is_no_success(void **state)
{
    struct pf_write_options opt = {.path = "x.bin", .at_given = true, .at = 8 * PF_SECTOR};
    struct pf_write_result res;
    static uint8_t was[SIZE], image[4 * PF_SECTOR];
    struct memdev d;

    (void)state;
    plug_in(&d, was);
    memdev_fill(image, 0, 4, 7);
    put_file("x.bin", image, sizeof image);
    d.worn = 9;
    assert_err(&d, pf_write(&d.base, &opt, &res), PF_ERR_VERIFY);
    assert_int_equal(res.proof, PF_PROOF_NONE);
    memdev_fini(&d);
}

/* Cut at every sector of the write, both ways; then --resume. */
static void resume_finishes_a_write_that_was_cut_anywhere(void **state)
{
    const uint32_t at = 10 * PF_SECTOR + 512, len = 19 * PF_SECTOR + 100;
    struct pf_write_options opt = {.path = "x.bin", .at_given = true, .at = at};
    static uint8_t was[SIZE], want[SIZE], image[20 * PF_SECTOR];
    unsigned cuts = 0;

    (void)state;
    for (unsigned n = 0;; n++) {
        char backup[512];
        struct pf_write_result res;
        struct memdev d;
        enum pf_err err;

        scratch_clear(NULL);
        plug_in(&d, was);
        memdev_fill(image, 0, 20, 99);
        put_file("x.bin", image, len);
        memcpy(want, was, SIZE);
        memcpy(want + at, image, len);
        d.fault = MEMDEV_GONE;
        d.at = n;
        opt.resume = false;
        err = pf_write(&d.base, &opt, &res);
        if (!d.fired) {
            memdev_fini(&d);
            break;
        }
        if (!err) /* the port went when everything was proved */
            assert_memory_equal(d.flash, want, SIZE);
        memcpy(backup, res.backup_path, sizeof backup);
        cuts += d.erases > 0;
        if (d.erases && err)
            assert_err(&d, err, PF_ERR_PARTIAL);
        memdev_reset(&d);
        opt.resume = true;
        assert_err(&d, pf_write(&d.base, &opt, &res), PF_OK);
        assert_memory_equal(d.flash, want, SIZE);
        if (backup[0] && err) { /* the one that was made before, with what was there then */
            assert_string_equal(res.backup_path, backup);
            assert_true(res.backup_reused);
        }
        if (err)
            assert_file(res.backup_path, was, SIZE);
        memdev_fini(&d);
        if (n > 500)
            fail_msg("it does not come to an end");
    }
    assert_true(cuts > 15);
}

/* No interruption explains what is there now: it is nowhere else yet. */
static void resume_makes_a_new_backup_of_news(void **state)
{
    struct pf_write_options opt = {.path = "x.bin", .at_given = true, .at = 10 * PF_SECTOR};
    static uint8_t was[SIZE], now[SIZE], image[8 * PF_SECTOR];

    (void)state;
    for (int where = 0; where < 2; where++) {
        const uint32_t sector = where ? 12 : 30; /* inside the span, or elsewhere */
        struct pf_write_result res;
        struct memdev d;

        scratch_clear(NULL);
        plug_in(&d, was);
        memdev_fill(image, 0, 8, 99);
        put_file("x.bin", image, sizeof image);
        assert_err(&d,
                   pf_backup(&d.base, &(struct pf_backup_options){.path = "old.bin"},
                             &(struct pf_backup_result){0}),
                   PF_OK);
        memdev_fill(d.flash, sector, 1, 1234);
        memcpy(now, d.flash, SIZE);
        opt.resume = true;
        assert_err(&d, pf_write(&d.base, &opt, &res), PF_OK);
        assert_string_not_equal(res.backup_path, "old.bin");
        assert_file(res.backup_path, now, SIZE);
        assert_file("old.bin", was, SIZE);
        memdev_fini(&d);
    }
}

static void resume_without_a_backup_at_hand_makes_one(void **state)
{
    struct pf_write_options opt = {
        .path = "x.bin", .at_given = true, .at = 10 * PF_SECTOR, .resume = true};
    static uint8_t was[SIZE], image[8 * PF_SECTOR];
    struct pf_write_result res;
    struct memdev d;

    (void)state;
    plug_in(&d, was);
    memdev_fill(image, 0, 8, 99);
    put_file("x.bin", image, sizeof image);
    assert_err(&d, pf_write(&d.base, &opt, &res), PF_OK);
    assert_file(res.backup_path, was, SIZE);
    assert_memory_equal(d.flash + 10 * PF_SECTOR, image, sizeof image);
    memdev_fini(&d);
}

static void a_map_of_blank_sectors_takes_one_exchange(void **state)
{
    struct pf_map_run *runs;
    struct pf_stats stats;
    static uint8_t was[SIZE];
    struct memdev d;
    size_t count;

    (void)state;
    plug_in(&d, was);
    assert_err(&d, pf_map(&d.base, &runs, &count, &stats), PF_OK);
    assert_int_equal(d.calls, 1);
    for (size_t i = 0; i < count; i++)
        for (uint32_t at = runs[i].addr; at < runs[i].addr + runs[i].len; at += PF_SECTOR)
            assert_int_equal(runs[i].blank, pf_is_blank(was + at, PF_SECTOR));
    free(runs);
    memdev_fini(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_backup_is_one_transfer_that_brings_its_proof, scratch_clear),
        cmocka_unit_test_setup(a_backup_on_a_base_moves_what_the_map_shows_different,
                               scratch_clear),
        cmocka_unit_test_setup(what_the_map_takes_for_the_same_is_proved_by_the_digest,
                               scratch_clear),
        cmocka_unit_test_setup(a_write_is_proved_by_what_the_device_read_back, scratch_clear),
        cmocka_unit_test_setup(a_flash_that_does_not_take_it_is_no_success, scratch_clear),
        cmocka_unit_test_setup(resume_finishes_a_write_that_was_cut_anywhere, scratch_clear),
        cmocka_unit_test_setup(resume_makes_a_new_backup_of_news, scratch_clear),
        cmocka_unit_test_setup(resume_without_a_backup_at_hand_makes_one, scratch_clear),
        cmocka_unit_test_setup(a_map_of_blank_sectors_takes_one_exchange, scratch_clear),
    };

    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
