/* backup_test.c - copies are exact, proved, and cheap. */
#include "ops/fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/checksum.h"
#include "plugflash/ops.h"

/* What reading every sector and one digest of the whole would take. */
static uint64_t plain_us(const struct memdev *d)
{
    return (uint64_t)(d->sectors * (d->a_us + d->r_us) + d->a_us + d->sectors * d->b_us);
}

static struct pf_backup_result backup(struct memdev *d, struct pf_backup_options opt)
{
    struct pf_backup_result res;

    assert_err(d, pf_backup(&d->base, &opt, &res), PF_OK);
    assert_file(opt.path, d->flash, (size_t)d->sectors * PF_SECTOR);
    assert_int_equal(res.crc32, pf_crc32(0, d->flash, (size_t)d->sectors * PF_SECTOR));
    return res;
}

/* Used and blank sectors in turn, starting with used ones, ends with 0. */
static void shape(struct memdev *d, const unsigned *runs)
{
    uint32_t at = 0;

    for (unsigned i = 0; runs[i]; at += runs[i], i++)
        if (i % 2 == 0)
            memdev_fill(d->flash, at, runs[i], i + 1);
}

static const unsigned real_plug[] = {264, 33, 1, 166, 1, 1, 5, 23, 18, 0};

static void a_real_plug_is_copied_in_far_less_than_wire_time(void **state)
{
    static const struct {
        double a_us, limit;
    } row[] = {{16260, 25e6}, {1260, 15e6}};
    struct memdev d;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        scratch_clear(NULL);
        memdev_init(&d, 512, NULL);
        d.a_us = row[i].a_us;
        d.base.id.latency_us = (uint64_t)row[i].a_us - 260;
        shape(&d, real_plug);
        struct pf_backup_result res = backup(&d, (struct pf_backup_options){.path = "b.bin"});
        print_message("[ real plug, %2.0f ms: %.2f s, %u reads, %u digests, %llu KiB hashed ]\n",
                      d.a_us / 1000, (double)d.now / 1e6, d.reads, d.digests,
                      (unsigned long long)d.hashed >> 10);
        assert_true((double)d.now < row[i].limit);
        assert_int_equal(res.proof, PF_PROOF_CRC32);
        assert_int_equal(res.stats.digests, d.digests);
        assert_int_equal(res.stats.moved + res.stats.proved_blank, 2u << 20);
        memdev_fini(&d);
    }
}

static void a_slow_hash_never_costs_more_than_plain_reading(void **state)
{
    static const double rate[] = {4, 0.4, 0.2, 0.05, 0.01}; /* MiB/s */
    struct memdev d;

    (void)state;
    for (size_t i = 0; i < sizeof rate / sizeof *rate; i++) {
        scratch_clear(NULL);
        memdev_init(&d, 512, NULL);
        d.b_us = 4096 / (rate[i] * 1048576) * 1e6;
        shape(&d, real_plug);
        backup(&d, (struct pf_backup_options){.path = "b.bin"});
        print_message("[ hash at %.2f MiB/s: %.2f s, plain %.2f s ]\n", rate[i],
                      (double)d.now / 1e6, (double)plain_us(&d) / 1e6);
        assert_true(d.now <= plain_us(&d));
        memdev_fini(&d);
    }
}

static void without_blank_sectors_a_backup_is_plain_reading_and_one_digest(void **state)
{
    struct memdev d;

    (void)state;
    memdev_init(&d, 128, NULL);
    memdev_fill(d.flash, 0, 128, 9);
    backup(&d, (struct pf_backup_options){.path = "b.bin"});
    assert_int_equal(d.reads, 128);
    assert_int_equal(d.digests, 1);
    assert_int_equal(d.now, plain_us(&d));
    memdev_fini(&d);
}

static void a_blank_flash_is_read_once_and_proved(void **state)
{
    struct memdev d;

    (void)state;
    memdev_init(&d, 512, NULL);
    struct pf_backup_result res = backup(&d, (struct pf_backup_options){.path = "b.bin"});
    assert_int_equal(d.reads, 1);
    assert_in_range(d.digests, 1, 12);
    assert_int_equal(d.hashed, 2u << 20); /* no byte was hashed twice */
    assert_int_equal(res.stats.proved_blank, 511u * PF_SECTOR);
    memdev_fini(&d);
}

/* Patterns made to fool a planner lose a bounded share. */
static void hostile_patterns_cost_little(void **state)
{
    struct memdev d;

    (void)state;
    for (unsigned period = 2; period < 12; period++)
        for (unsigned used = 1; used < period; used++) {
            scratch_clear(NULL);
            memdev_init(&d, 512, NULL);
            for (uint32_t i = 0; i < 512; i++)
                if (i % period < used)
                    memdev_fill(d.flash, i, 1, i + 1);
            backup(&d, (struct pf_backup_options){.path = "b.bin"});
            if (d.now > plain_us(&d) + plain_us(&d) / 25)
                fail_msg("period %u, used %u: %.2f s, plain %.2f s", period, used,
                         (double)d.now / 1e6, (double)plain_us(&d) / 1e6);
            memdev_fini(&d);
        }
}

static void random_shapes_are_copied_exactly_and_cheaply(void **state)
{
    struct memdev d;

    (void)state;
    for (uint32_t seed = 1; seed <= 60; seed++) {
        uint32_t x = seed * 2654435761u, at = 0;

        scratch_clear(NULL);
        memdev_init(&d, 256, NULL);
        if (seed % 3 == 0)
            d.proto.digest_kind = PF_DIGEST_SHA256;
        while (at < 256) {
            uint32_t run;

            x = x * 1664525u + 1013904223u;
            run = 1 + (x >> 24) % (1u << (1 + (x >> 20) % 7));
            run = run < 256 - at ? run : 256 - at;
            if ((x >> 8) & 1)
                memdev_fill(d.flash, at, run, x);
            at += run;
        }
        struct pf_backup_options opt = {.path = "b.bin"};
        struct pf_backup_result res;
        enum pf_err err = pf_backup(&d.base, &opt, &res);
        if (err || d.now > plain_us(&d) + plain_us(&d) / 20)
            fail_msg("seed %u: %s %s, %.2f s, plain %.2f s", seed, pf_err_name(err), d.ctx.text,
                     (double)d.now / 1e6, (double)plain_us(&d) / 1e6);
        assert_file("b.bin", d.flash, 256 * PF_SECTOR);
        memdev_fini(&d);
    }
}

static void an_unchanged_plug_is_backed_up_by_one_digest(void **state)
{
    struct memdev d;

    (void)state;
    memdev_init(&d, 512, NULL);
    shape(&d, real_plug);
    backup(&d, (struct pf_backup_options){.path = "old.bin"});
    memdev_reset(&d);
    backup(&d, (struct pf_backup_options){.path = "new.bin", .base = "old.bin"});
    assert_int_equal(d.reads, 0);
    assert_int_equal(d.digests, 1);
    assert_true(d.now <= 1500000);
    memdev_fini(&d);
}

static void of_a_plug_with_three_changes_three_sectors_are_moved(void **state)
{
    static const uint32_t at[] = {10, 259, 480};
    struct memdev d;

    (void)state;
    memdev_init(&d, 512, NULL);
    shape(&d, real_plug);
    backup(&d, (struct pf_backup_options){.path = "old.bin"});
    memdev_reset(&d);
    for (size_t i = 0; i < 3; i++)
        d.flash[at[i] * PF_SECTOR + 77] ^= 0xff;
    struct pf_backup_result res =
        backup(&d, (struct pf_backup_options){.path = "new.bin", .base = "old.bin"});
    print_message("[ three changes: %.2f s, %u digests ]\n", (double)d.now / 1e6, d.digests);
    assert_int_equal(d.reads, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(d.readcount[at[i]], 1);
    assert_true(d.now <= 3500000);
    assert_int_equal(res.stats.proved_same, 509u * PF_SECTOR);
    memdev_fini(&d);
}

static void a_base_that_has_nothing_in_common_costs_little(void **state)
{
    struct memdev d;

    (void)state;
    for (int slow = 0; slow < 2; slow++) {
        scratch_clear(NULL);
        memdev_init(&d, 512, NULL);
        memdev_fill(d.flash, 0, 512, 1);
        backup(&d, (struct pf_backup_options){.path = "old.bin"});
        memdev_fill(d.flash, 0, 512, 2);
        memdev_reset(&d);
        d.b_us *= slow ? 10 : 1;
        backup(&d, (struct pf_backup_options){.path = "new.bin", .base = "old.bin"});
        assert_true(d.now <= plain_us(&d) + plain_us(&d) / 3);
        memdev_fini(&d);
    }
}

static void a_base_of_another_size_or_with_a_wrong_manifest_is_refused(void **state)
{
    struct memdev d;
    struct pf_backup_result res;
    uint8_t byte = 1;
    FILE *f;

    (void)state;
    memdev_init(&d, 64, NULL);
    shape(&d, (const unsigned[]){20, 44, 0});
    put_file("short.bin", d.flash, 63 * PF_SECTOR);
    struct pf_backup_options opt = {.path = "n.bin", .base = "short.bin"};
    assert_err(&d, pf_backup(&d.base, &opt, &res), PF_ERR_FILE);
    backup(&d, (struct pf_backup_options){.path = "old.bin"});
    f = fopen("old.bin", "r+b");
    fseek(f, 5 * PF_SECTOR + 3, SEEK_SET);
    fwrite(&byte, 1, 1, f);
    fclose(f);
    opt.base = "old.bin";
    assert_err(&d, pf_backup(&d.base, &opt, &res), PF_ERR_FILE);
    assert_non_null(strstr(d.ctx.text, "0x005000"));
    assert_false(have_file("n.bin"));
    memdev_fini(&d);
}

static void a_backup_cut_anywhere_is_resumed(void **state)
{
    struct memdev d;
    struct pf_backup_result res;
    unsigned calls;

    (void)state;
    memdev_init(&d, 64, NULL);
    plug_content(&d);
    backup(&d, (struct pf_backup_options){.path = "b.bin"});
    calls = d.calls;
    for (unsigned at = 0; at < calls; at++) {
        struct pf_backup_options opt = {.path = "b.bin"};

        scratch_clear(NULL);
        memdev_reset(&d);
        d.fault = MEMDEV_GONE;
        d.at = at;
        assert_err(&d, pf_backup(&d.base, &opt, &res), PF_ERR_IO);
        assert_false(have_file("b.bin"));
        assert_true(have_file("b.bin.part"));
        memdev_reset(&d);
        /* Without --resume or --force the part is not touched. */
        assert_err(&d, pf_backup(&d.base, &opt, &res), PF_ERR_FILE);
        assert_non_null(strstr(d.ctx.text, "--resume"));
        assert_int_equal(d.calls, 0);
        opt.resume = true;
        backup(&d, opt);
        assert_true(d.reads <= 64 - at / 2 || at < 20);
        assert_false(have_file("b.bin.part"));
    }
    memdev_fini(&d);
}

static void nothing_in_a_part_file_is_trusted(void **state)
{
    struct memdev d;
    uint8_t junk[10 * PF_SECTOR + 100];

    (void)state;
    memset(junk, 0x5a, sizeof junk);
    memdev_init(&d, 64, NULL);
    plug_content(&d);
    memcpy(junk, d.flash, 5 * PF_SECTOR);
    put_file("b.bin.part", junk, sizeof junk);
    backup(&d, (struct pf_backup_options){.path = "b.bin", .resume = true});
    assert_int_equal(d.readcount[4], 0); /* proved by digest */
    assert_int_equal(d.readcount[5], 1);
    memdev_fini(&d);
}

static void repeated_reads_are_put_to_a_vote(void **state)
{
    struct memdev d;

    (void)state;
    memdev_init(&d, 64, NULL);
    plug_content(&d);
    d.flaky = 9; /* wrong on reads 1, 3, 5 */
    struct pf_backup_result res =
        backup(&d, (struct pf_backup_options){.path = "b.bin", .repeat = 3});
    assert_int_equal(res.unstable, 1);
    assert_int_equal(d.readcount[3], 3);
    memdev_fini(&d);
}

static void a_sector_that_always_reads_wrong_is_named_and_no_backup_appears(void **state)
{
    struct pf_backup_options opt = {.path = "b.bin"};
    struct pf_backup_result res;
    struct memdev d;

    (void)state;
    memdev_init(&d, 64, NULL);
    plug_content(&d);
    d.lying = 13;
    assert_err(&d, pf_backup(&d.base, &opt, &res), PF_ERR_VERIFY);
    assert_non_null(strstr(d.ctx.text, "0x00d000"));
    assert_false(have_file("b.bin"));
    assert_true(have_file("b.bin.part"));
    assert_true(d.reads < 64 + 10);
    memdev_fini(&d);
}

static void a_loader_without_digests_is_read_twice(void **state)
{
    struct memdev d;

    (void)state;
    memdev_init(&d, 64, NULL);
    plug_content(&d);
    d.proto.digest = NULL;
    struct pf_backup_result res = backup(&d, (struct pf_backup_options){.path = "b.bin"});
    assert_int_equal(res.proof, PF_PROOF_READBACK);
    assert_int_equal(d.reads, 128);
    memdev_fini(&d);
}

/* peers.md F13: a blank range is not a read failure. */
static void a_blank_range_reads_fine(void **state)
{
    struct pf_backup_result res;
    uint8_t ff[3 * PF_SECTOR];
    struct memdev d;

    (void)state;
    memset(ff, 0xff, sizeof ff);
    memdev_init(&d, 64, NULL);
    plug_content(&d);
    assert_err(&d, pf_read(&d.base, 30 * PF_SECTOR, sizeof ff, "r.bin", -1, false, &res), PF_OK);
    assert_file("r.bin", ff, sizeof ff);
    assert_int_equal(res.proof, PF_PROOF_CRC32);
    memdev_fini(&d);
}

static void an_odd_range_is_cut_to_the_byte(void **state)
{
    struct pf_backup_result res;
    struct memdev d;

    (void)state;
    memdev_init(&d, 64, NULL);
    plug_content(&d);
    assert_err(&d, pf_read(&d.base, 0x1ffd, 0x2005, "r.bin", -1, false, &res), PF_OK);
    assert_file("r.bin", d.flash + 0x1ffd, 0x2005);
    assert_err(&d, pf_read(&d.base, 0x1ffd, 0x2005, "r.bin", -1, false, &res), PF_ERR_FILE);
    assert_err(&d, pf_read(&d.base, 0x3fff0, 0x11, "s.bin", -1, false, &res), PF_ERR_RANGE);
    memdev_fini(&d);
}

/* peers.md F15: FILE is exact, "-" is stdout. */
static void a_dash_gives_the_proved_bytes_to_the_descriptor(void **state)
{
    struct pf_backup_options opt = {.path = "-"};
    struct pf_backup_result res;
    struct memdev d;

    (void)state;
    memdev_init(&d, 64, NULL);
    plug_content(&d);
    opt.out_fd = open("out", O_WRONLY | O_CREAT, 0600);
    assert_err(&d, pf_backup(&d.base, &opt, &res), PF_OK);
    close(opt.out_fd);
    assert_file("out", d.flash, 64 * PF_SECTOR);
    opt.out_fd = open("/dev/full", O_WRONLY);
    assert_err(&d, pf_backup(&d.base, &opt, &res), PF_ERR_FILE);
    close(opt.out_fd);
    memdev_fini(&d);
}

static void a_map_tells_blank_runs_without_reading(void **state)
{
    static const unsigned blank[] = {24, 4, 29, 19, 49, 1, 53, 7};
    struct pf_map_run *runs;
    struct pf_stats stats;
    struct memdev d;
    size_t n, k = 0;

    (void)state;
    for (int sha = 0; sha < 2; sha++) {
        memdev_init(&d, 64, NULL);
        plug_content(&d);
        if (sha)
            d.proto.digest_kind = PF_DIGEST_SHA256;
        assert_err(&d, pf_map(&d.base, &runs, &n, &stats), PF_OK);
        assert_int_equal(d.reads, 0);
        k = 0;
        for (size_t i = 0; i < n; i++) {
            if (!runs[i].blank)
                continue;
            assert_int_equal(runs[i].addr, blank[k] * PF_SECTOR);
            assert_int_equal(runs[i].len, blank[k + 1] * PF_SECTOR);
            k += 2;
        }
        assert_int_equal(k, 8);
        free(runs);
        memdev_fini(&d);
    }
}

static void a_hash_is_the_devices_or_comes_from_proved_bytes(void **state)
{
    struct pf_digest digest;
    struct pf_stats stats;
    struct memdev d;

    (void)state;
    memdev_init(&d, 64, NULL);
    plug_content(&d);
    for (int i = 0; i < 2; i++) {
        assert_err(&d, pf_hash(&d.base, 0x100, 0x2200, &digest, &stats), PF_OK);
        assert_int_equal(digest.crc32, pf_crc32(0, d.flash + 0x100, 0x2200));
        assert_err(&d, pf_hash(&d.base, 0x80, 0x100, &digest, &stats), PF_ERR_RANGE);
        d.proto.digest = NULL;
    }
    memdev_fini(&d);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, scratch_clear)
    const struct CMUnitTest tests[] = {
        T(a_real_plug_is_copied_in_far_less_than_wire_time),
        T(a_slow_hash_never_costs_more_than_plain_reading),
        T(without_blank_sectors_a_backup_is_plain_reading_and_one_digest),
        T(a_blank_flash_is_read_once_and_proved),
        T(hostile_patterns_cost_little),
        T(random_shapes_are_copied_exactly_and_cheaply),
        T(an_unchanged_plug_is_backed_up_by_one_digest),
        T(of_a_plug_with_three_changes_three_sectors_are_moved),
        T(a_base_that_has_nothing_in_common_costs_little),
        T(a_base_of_another_size_or_with_a_wrong_manifest_is_refused),
        T(a_backup_cut_anywhere_is_resumed),
        T(nothing_in_a_part_file_is_trusted),
        T(repeated_reads_are_put_to_a_vote),
        T(a_sector_that_always_reads_wrong_is_named_and_no_backup_appears),
        T(a_loader_without_digests_is_read_twice),
        T(a_blank_range_reads_fine),
        T(an_odd_range_is_cut_to_the_byte),
        T(a_dash_gives_the_proved_bytes_to_the_descriptor),
        T(a_map_tells_blank_runs_without_reading),
        T(a_hash_is_the_devices_or_comes_from_proved_bytes),
    };

    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
