/* write_test.c - only what differs is touched, guards hold, and a result of
 * PF_OK means that the flash holds it. */
#include "ops/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/checksum.h"
#include "plugflash/ops.h"

#define SECTORS 64
#define SIZE    (SECTORS * PF_SECTOR)

#define PLUG(d, regions)                                                                           \
    struct memdev d;                                                                               \
    memdev_init(&d, SECTORS, regions);                                                             \
    plug_content(&d);                                                                              \
    uint8_t *was = malloc(SIZE);                                                                   \
    assert_non_null(was);                                                                          \
    memcpy(was, d.flash, SIZE)

#define UNPLUG(d)                                                                                  \
    do {                                                                                           \
        assert_int_equal((d).violations, 0);                                                       \
        assert_int_equal((d).unlocks, (d).locks);                                                  \
        memdev_fini(&d);                                                                           \
        free(was);                                                                                 \
    } while (0)

static void assert_untouched(const struct memdev *d, const uint8_t *was)
{
    assert_int_equal(d->erases, 0);
    assert_int_equal(d->writes, 0);
    assert_memory_equal(d->flash, was, SIZE);
}

static enum pf_err write_at(struct memdev *d, const char *path, uint32_t at,
                            struct pf_write_result *res)
{
    struct pf_write_options opt = {.path = path, .at_given = true, .at = at};

    return pf_write(&d->base, &opt, res);
}

static void what_is_there_already_is_not_written(void **state)
{
    struct pf_write_result res;

    (void)state;
    PLUG(d, plug_regions);
    put_file("app.bin", d.flash + 8 * PF_SECTOR, 24 * PF_SECTOR);
    assert_err(&d, write_at(&d, "app.bin", 8 * PF_SECTOR, &res), PF_OK);
    assert_true(res.unchanged);
    assert_int_equal(res.proof, PF_PROOF_CRC32);
    assert_int_equal(d.digests, 1);
    assert_int_equal(d.calls, 1);
    assert_string_equal(res.backup_path, "");
    assert_string_equal(res.plan[0].action, "same");
    assert_untouched(&d, was);
    UNPLUG(d);
}

static void only_sectors_that_differ_are_touched(void **state)
{
    uint8_t image[24 * PF_SECTOR];
    struct pf_write_result res;

    (void)state;
    for (int backup = 0; backup < 2; backup++) {
        PLUG(d, plug_regions);
        memcpy(image, d.flash + 8 * PF_SECTOR, sizeof image);
        image[3 * PF_SECTOR + 9] ^= 0x40;
        image[22 * PF_SECTOR] = 0x11; /* was blank */
        memset(image + 12 * PF_SECTOR, 0xff, PF_SECTOR);
        put_file("app.bin", image, sizeof image);
        struct pf_write_options opt = {
            .path = "app.bin", .at_given = true, .at = 8 * PF_SECTOR, .no_backup = !backup};
        assert_err(&d, pf_write(&d.base, &opt, &res), PF_OK);
        assert_memory_equal(d.flash + 8 * PF_SECTOR, image, sizeof image);
        assert_memory_equal(d.flash, was, 8 * PF_SECTOR);
        assert_memory_equal(d.flash + 32 * PF_SECTOR, was + 32 * PF_SECTOR, 32 * PF_SECTOR);
        for (uint32_t i = 0; i < SECTORS; i++) {
            /* 30 was blank: with a backup that is known, and it is not erased. */
            assert_int_equal(d.erased[i], i == 11 || i == 20 || (i == 30 && !backup));
            assert_int_equal(d.programmed[i], i == 11 || i == 30);
        }
        assert_int_equal(res.differ, 3);
        assert_int_equal(res.proof, PF_PROOF_CRC32);
        assert_int_equal(res.backup_path[0] != '\0', backup);
        if (backup)
            assert_file(res.backup_path, was, SIZE);
        UNPLUG(d);
    }
}

static void the_backup_is_named_after_chip_mac_and_content(void **state)
{
    struct pf_write_result res;
    uint8_t image[PF_SECTOR] = {1}, sum[32];
    char want[128], hex[65];

    (void)state;
    PLUG(d, plug_regions);
    pf_sha256(was, SIZE, sum);
    pf_hex(sum, 4, hex);
    snprintf(want, sizeof want, "plugflash-memdev-708976a0b1c2-%s.bin", hex);
    put_file("x.bin", image, sizeof image);
    assert_err(&d, write_at(&d, "x.bin", 40 * PF_SECTOR, &res), PF_OK);
    assert_string_equal(res.backup_path, want);
    assert_false(res.backup_reused);
    assert_true(have_file(res.backup_path));
    UNPLUG(d);
}

static void a_verified_backup_of_this_content_is_used_again(void **state)
{
    struct pf_backup_options bo = {.path = "mine.bin"};
    struct pf_backup_result br;
    struct pf_write_result res;
    uint8_t image[PF_SECTOR] = {1};

    (void)state;
    PLUG(d, plug_regions);
    assert_err(&d, pf_backup(&d.base, &bo, &br), PF_OK);
    memdev_reset(&d);
    put_file("x.bin", image, sizeof image);
    assert_err(&d, write_at(&d, "x.bin", 40 * PF_SECTOR, &res), PF_OK);
    assert_string_equal(res.backup_path, "mine.bin");
    assert_true(res.backup_reused);
    assert_int_equal(d.reads, 1); /* the MAC */
    /* The content has changed now: the old one is but a base for a new one. */
    memdev_reset(&d);
    image[0] = 2;
    put_file("x.bin", image, sizeof image);
    memcpy(was, d.flash, SIZE);
    assert_err(&d, write_at(&d, "x.bin", 40 * PF_SECTOR, &res), PF_OK);
    assert_false(res.backup_reused);
    assert_file(res.backup_path, was, SIZE);
    assert_true(d.reads <= 3);
    UNPLUG(d);
}

/* Who names a file wants to find it there. */
static void a_backup_asked_for_by_name_is_made_though_another_is_at_hand(void **state)
{
    struct pf_backup_options bo = {.path = "mine.bin"};
    struct pf_write_options opt = {
        .path = "x.bin", .at_given = true, .at = 40 * PF_SECTOR, .backup_path = "named.bin"};
    struct pf_backup_result br;
    struct pf_write_result res;
    uint8_t image[PF_SECTOR] = {1};

    (void)state;
    PLUG(d, plug_regions);
    assert_err(&d, pf_backup(&d.base, &bo, &br), PF_OK);
    memdev_reset(&d);
    put_file("x.bin", image, sizeof image);
    assert_err(&d, pf_write(&d.base, &opt, &res), PF_OK);
    assert_string_equal(res.backup_path, "named.bin");
    assert_false(res.backup_reused);
    assert_file("named.bin", was, SIZE);
    assert_true(have_file("named.bin.json") && have_file("named.bin.sha256"));
    assert_int_equal(d.reads, 1); /* the MAC: the other one proves the rest */
    /* Its name is taken now, by other contents. */
    image[0] = 2;
    put_file("x.bin", image, sizeof image);
    assert_err(&d, pf_write(&d.base, &opt, &res), PF_ERR_FILE);
    assert_non_null(strstr(d.ctx.text, "name another file"));
    assert_file("named.bin", was, SIZE);
    /* By these very contents: it is the backup that was asked for. */
    memcpy(d.flash, was, SIZE);
    assert_err(&d, pf_write(&d.base, &opt, &res), PF_OK);
    assert_string_equal(res.backup_path, "named.bin");
    assert_true(res.backup_reused);
    UNPLUG(d);
}

static void a_backup_whose_file_was_tampered_with_is_not_trusted(void **state)
{
    struct pf_backup_options bo = {.path = "mine.bin"};
    struct pf_backup_result br;
    struct pf_write_result res;
    uint8_t image[PF_SECTOR] = {1}, *copy;
    size_t len;

    (void)state;
    PLUG(d, plug_regions);
    assert_err(&d, pf_backup(&d.base, &bo, &br), PF_OK);
    copy = get_file("mine.bin", &len);
    copy[0] ^= 1;
    put_file("mine.bin", copy, len);
    free(copy);
    put_file("x.bin", image, sizeof image);
    assert_err(&d, write_at(&d, "x.bin", 40 * PF_SECTOR, &res), PF_OK);
    assert_false(res.backup_reused);
    assert_file(res.backup_path, was, SIZE);
    UNPLUG(d);
}

static void nothing_is_written_when_the_backup_fails(void **state)
{
    struct pf_write_result res;
    uint8_t image[PF_SECTOR] = {1};

    (void)state;
    PLUG(d, plug_regions);
    put_file("x.bin", image, sizeof image);
    put_file("b.bin", "precious", 8);
    struct pf_write_options opt = {
        .path = "x.bin", .at_given = true, .at = 40 * PF_SECTOR, .backup_path = "no/such/dir.bin"};
    assert_err(&d, pf_write(&d.base, &opt, &res), PF_ERR_FILE);
    assert_untouched(&d, was);
    opt.backup_path = "b.bin";
    assert_err(&d, pf_write(&d.base, &opt, &res), PF_ERR_FILE);
    assert_untouched(&d, was);
    assert_file("b.bin", "precious", 8);
    UNPLUG(d);
}

static void an_unaligned_write_keeps_the_bytes_around_it(void **state)
{
    struct pf_write_result res;
    uint8_t image[PF_SECTOR + 200];

    (void)state;
    memset(image, 0x3c, sizeof image);
    for (int k = 0; k < 2; k++) {
        PLUG(d, plug_regions);
        if (k) { /* the edge is read wrong once: that must not be written back */
            d.fault = MEMDEV_WRONG_READ;
            d.at = 0;
        }
        put_file("x.bin", image, sizeof image);
        assert_err(&d, write_at(&d, "x.bin", 10 * PF_SECTOR + 3000, &res), PF_OK);
        memcpy(was + 10 * PF_SECTOR + 3000, image, sizeof image);
        assert_memory_equal(d.flash, was, SIZE);
        UNPLUG(d);
    }
}

static void a_dry_run_plans_and_changes_nothing(void **state)
{
    uint8_t image[4 * PF_SECTOR];
    struct pf_write_result res;

    (void)state;
    PLUG(d, plug_regions);
    memcpy(image, d.flash + 28 * PF_SECTOR, sizeof image);
    image[PF_SECTOR] = 0;
    put_file("x.bin", image, sizeof image);
    struct pf_write_options opt = {
        .path = "x.bin", .at_given = true, .at = 28 * PF_SECTOR, .dry_run = true};
    assert_err(&d, pf_write(&d.base, &opt, &res), PF_OK);
    assert_false(res.unchanged);
    assert_int_equal(res.nplan, 3);
    assert_string_equal(res.plan[1].action, "write");
    assert_int_equal(res.plan[1].addr, 29 * PF_SECTOR);
    assert_int_equal(res.plan[1].len, PF_SECTOR);
    assert_string_equal(res.plan[1].region, "app");
    assert_int_equal(res.differ, 1);
    assert_untouched(&d, was);
    UNPLUG(d);
}

static void guarded_regions_open_only_by_name(void **state)
{
    static const char *const names[] = {"rf", "loader"};
    struct pf_write_result res;
    uint8_t image[PF_SECTOR] = {1};

    (void)state;
    PLUG(d, plug_regions);
    put_file("x.bin", image, sizeof image);
    struct pf_write_options opt = {.path = "x.bin", .at_given = true, .at = 48 * PF_SECTOR};
    assert_err(&d, pf_write(&d.base, &opt, &res), PF_ERR_GUARD);
    assert_non_null(strstr(d.ctx.text, "--guard rf"));
    opt.at = 0;
    assert_err(&d, pf_write(&d.base, &opt, &res), PF_ERR_GUARD);
    /* A span that merely shares a sector with a guarded region touches it. */
    opt.at = 49 * PF_SECTOR - 8;
    assert_err(&d, pf_write(&d.base, &opt, &res), PF_ERR_GUARD);
    assert_int_equal(d.calls, 0);
    opt.guard = (struct pf_guard){.none = true, .typed_id = 0x7231c};
    opt.at = 0;
    assert_err(&d, pf_write(&d.base, &opt, &res), PF_ERR_GUARD);
    d.base.id.has_chip_id = true;
    d.base.id.chip_id = 0x1234;
    assert_err(&d, pf_write(&d.base, &opt, &res), PF_ERR_GUARD);
    assert_non_null(strstr(d.ctx.text, "0x00001234"));
    opt.guard = (struct pf_guard){.names = (const char *const[]){"ghost"}, .count = 1};
    assert_err(&d, pf_write(&d.base, &opt, &res), PF_ERR_USAGE);
    assert_int_equal(d.calls, 0);
    assert_untouched(&d, was);
    opt.guard = (struct pf_guard){.names = names, .count = 2};
    opt.at = 48 * PF_SECTOR;
    assert_err(&d, pf_write(&d.base, &opt, &res), PF_OK);
    assert_memory_equal(d.flash + opt.at, image, sizeof image);
    opt.guard = (struct pf_guard){.none = true, .typed_id = 0x1234};
    opt.at = 0;
    assert_err(&d, pf_write(&d.base, &opt, &res), PF_OK);
    assert_memory_equal(d.flash, image, sizeof image);
    UNPLUG(d);
}

static void a_locked_loader_never_opens(void **state)
{
    static const char *const names[] = {"loader"};
    struct pf_write_result res;
    uint8_t image[PF_SECTOR] = {1};

    (void)state;
    PLUG(d, locked_regions);
    d.base.id.has_chip_id = true;
    put_file("x.bin", image, sizeof image);
    struct pf_write_options opt = {.path = "x.bin", .at_given = true, .at = 7 * PF_SECTOR};
    assert_err(&d, pf_write(&d.base, &opt, &res), PF_ERR_GUARD);
    opt.guard = (struct pf_guard){.names = names, .count = 1};
    assert_err(&d, pf_write(&d.base, &opt, &res), PF_ERR_GUARD);
    opt.guard = (struct pf_guard){.none = true};
    assert_err(&d, pf_write(&d.base, &opt, &res), PF_ERR_GUARD);
    struct pf_erase_options eo = {.len = PF_SECTOR, .guard = opt.guard};
    assert_err(&d, pf_erase(&d.base, &eo, &res), PF_ERR_GUARD);
    assert_untouched(&d, was);
    UNPLUG(d);
}

/* A backup of one unit on another: everything but MAC and calibration, and
 * never a loader that cannot be replaced. */
static void restore_keeps_this_units_identity(void **state)
{
    static const struct {
        const struct pf_region *regions;
        enum pf_identity_choice identity;
        bool keeps_loader, keeps_rf, guard_none;
    } row[] = {
        {plug_regions, PF_IDENTITY_DEVICE, false, true, false},
        {plug_regions, PF_IDENTITY_DEVICE, false, true, true},
        {plug_regions, PF_IDENTITY_IMAGE, false, false, false},
        {locked_regions, PF_IDENTITY_DEVICE, true, true, false},
        {locked_regions, PF_IDENTITY_IMAGE, true, false, true},
    };

    (void)state;
    for (size_t k = 0; k < sizeof row / sizeof *row; k++) {
        struct pf_write_options opt = {.path = "other.bin", .identity = row[k].identity};
        struct pf_backup_options bo = {.path = "other.bin"};
        struct pf_backup_result br;
        struct pf_write_result res;
        uint8_t *other;
        size_t len;

        scratch_clear(NULL);
        PLUG(d, row[k].regions);
        memdev_fill(d.flash, 0, 64, 77);
        assert_err(&d, pf_backup(&d.base, &bo, &br), PF_OK);
        other = get_file("other.bin", &len);
        memcpy(d.flash, was, SIZE);
        memdev_reset(&d);
        d.base.id.has_chip_id = true;
        opt.guard.none = row[k].guard_none;
        assert_err(&d, pf_restore(&d.base, &opt, &res), PF_OK);
        if (row[k].keeps_loader)
            memcpy(other, was, 8 * PF_SECTOR);
        if (row[k].keeps_rf)
            memcpy(other + 48 * PF_SECTOR, was + 48 * PF_SECTOR, PF_SECTOR);
        assert_memory_equal(d.flash, other, SIZE);
        for (uint32_t i = 0; i < 8; i++)
            assert_int_equal(d.erased[i], !row[k].keeps_loader);
        assert_int_equal(d.erased[48], !row[k].keeps_rf);
        assert_int_equal(res.proof, PF_PROOF_CRC32);
        assert_file(res.backup_path, was, SIZE);
        free(other);
        UNPLUG(d);
    }
}

static void a_range_goes_back_to_where_it_came_from(void **state)
{
    struct pf_backup_options bo = {
        .path = "part.bin", .range = true, .addr = 20 * PF_SECTOR, .len = 10 * PF_SECTOR};
    struct pf_write_options opt = {.path = "part.bin"};
    struct pf_backup_result br;
    struct pf_write_result res;

    (void)state;
    PLUG(d, plug_regions);
    assert_err(&d, pf_backup(&d.base, &bo, &br), PF_OK);
    assert_file("part.bin", was + bo.addr, bo.len);
    assert_int_equal(br.addr, bo.addr);
    memdev_reset(&d);
    memset(d.flash + 22 * PF_SECTOR, 0, PF_SECTOR);
    assert_err(&d, pf_restore(&d.base, &opt, &res), PF_OK);
    assert_memory_equal(d.flash, was, SIZE);
    assert_int_equal(res.differ, 1);
    assert_int_equal(d.erased[22], 1);
    assert_int_equal(d.erases, 1);
    /* As a base it serves this range and no larger one. */
    bo = (struct pf_backup_options){.path = "all.bin", .base = "part.bin"};
    assert_err(&d, pf_backup(&d.base, &bo, &br), PF_ERR_FILE);
    UNPLUG(d);
}

static void restore_wants_a_backup(void **state)
{
    struct pf_write_options opt = {.path = "x.bin"};
    struct pf_write_result res;

    (void)state;
    PLUG(d, plug_regions);
    uint8_t noise[PF_SECTOR];
    memdev_fill(noise, 0, 1, 4);
    put_file("x.bin", noise, sizeof noise);
    assert_err(&d, pf_restore(&d.base, &opt, &res), PF_ERR_CHIP);
    assert_err(&d, pf_write(&d.base, &opt, &res), PF_ERR_USAGE);
    assert_non_null(strstr(d.ctx.text, "--at"));
    assert_int_equal(d.calls, 0);
    UNPLUG(d);
}

static void erase_all_keeps_guards(void **state)
{
    struct pf_erase_options opt = {.all = true};
    struct pf_write_result res;
    size_t kept = 0;

    (void)state;
    PLUG(d, locked_regions);
    assert_err(&d, pf_erase(&d.base, &opt, &res), PF_OK);
    assert_memory_equal(d.flash, was, 8 * PF_SECTOR);
    assert_memory_equal(d.flash + 48 * PF_SECTOR, was + 48 * PF_SECTOR, PF_SECTOR);
    for (uint32_t i = 8; i < SECTORS; i++)
        assert_true(i == 48 || d.flash[i * PF_SECTOR + 5] == 0xff);
    for (size_t i = 0; i < res.nplan; i++)
        kept += !strcmp(res.plan[i].action, "keep");
    assert_int_equal(kept, 2);
    assert_int_equal(d.writes, 0);
    assert_int_equal(d.erased[26], 0); /* blank before */
    assert_int_equal(d.erased[28], 1);
    assert_file(res.backup_path, was, SIZE);
    UNPLUG(d);
}

static void erasing_what_is_blank_erases_nothing(void **state)
{
    struct pf_erase_options opt = {.addr = 30 * PF_SECTOR, .len = 10 * PF_SECTOR};
    struct pf_write_result res;

    (void)state;
    PLUG(d, plug_regions);
    assert_err(&d, pf_erase(&d.base, &opt, &res), PF_OK);
    assert_true(res.unchanged);
    assert_int_equal(d.digests, 1);
    assert_untouched(&d, was);
    opt.addr = 47 * PF_SECTOR;
    assert_err(&d, pf_erase(&d.base, &opt, &res), PF_ERR_GUARD);
    opt.addr = 100;
    assert_err(&d, pf_erase(&d.base, &opt, &res), PF_ERR_RANGE);
    assert_untouched(&d, was);
    UNPLUG(d);
}

static void whole_blocks_are_erased_as_blocks(void **state)
{
    struct pf_erase_options opt = {.addr = 8 * PF_SECTOR, .len = 24 * PF_SECTOR, .no_backup = true};
    struct pf_write_result res;

    (void)state;
    PLUG(d, plug_regions);
    memdev_fill(d.flash, 8, 24, 9);
    assert_err(&d, pf_erase(&d.base, &opt, &res), PF_OK);
    assert_int_equal(d.block_erases, 1);
    assert_int_equal(d.erases, 1 + 8);
    UNPLUG(d);
}

static void a_digest_that_locks_the_flash_does_not_stop_a_write(void **state)
{
    struct pf_write_result res;
    uint8_t image[20 * PF_SECTOR];

    (void)state;
    PLUG(d, plug_regions);
    d.digest_locks = true;
    memset(image, 0x77, sizeof image);
    put_file("x.bin", image, sizeof image);
    /* All target sectors but one are blank: still an erase goes first. */
    assert_err(&d, write_at(&d, "x.bin", 28 * PF_SECTOR, &res), PF_OK);
    assert_memory_equal(d.flash + 28 * PF_SECTOR, image, sizeof image);
    assert_err(&d, write_at(&d, "x.bin", 53 * PF_SECTOR, &res), PF_ERR_RANGE);
    put_file("y.bin", image, 2 * PF_SECTOR);
    assert_err(&d, write_at(&d, "y.bin", 54 * PF_SECTOR, &res), PF_OK);
    assert_memory_equal(d.flash + 54 * PF_SECTOR, image, 2 * PF_SECTOR);
    UNPLUG(d);
}

static void a_worn_sector_is_named(void **state)
{
    struct pf_write_result res;
    uint8_t image[4 * PF_SECTOR] = {1};

    (void)state;
    PLUG(d, plug_regions);
    memset(image, 0x42, sizeof image);
    put_file("x.bin", image, sizeof image);
    d.worn = 18;
    assert_err(&d, write_at(&d, "x.bin", 16 * PF_SECTOR, &res), PF_ERR_VERIFY);
    assert_non_null(strstr(d.ctx.text, "0x012000"));
    assert_int_equal(res.proof, PF_PROOF_NONE);
    assert_true(d.programmed[18] <= 4);
    assert_int_equal(d.programmed[16], 1); /* only what failed is redone */
    d.worn = ~0u;
    UNPLUG(d);
}

static void an_interrupted_write_is_finished_by_running_it_again(void **state)
{
    uint8_t image[20 * PF_SECTOR];

    (void)state;
    memdev_fill(image, 0, 20, 99);
    for (unsigned at = 0;; at++) {
        struct pf_write_options opt = {
            .path = "x.bin", .at_given = true, .at = 10 * PF_SECTOR, .no_backup = true};
        struct pf_write_result res;
        enum pf_err err;
        bool fired;

        PLUG(d, plug_regions);
        put_file("x.bin", image, sizeof image);
        d.fault = at % 2 ? MEMDEV_GONE : MEMDEV_CANCEL;
        d.at = at / 2;
        err = pf_write(&d.base, &opt, &res);
        fired = d.fired;
        if (err && d.erases) {
            assert_err(&d, err, PF_ERR_PARTIAL);
            assert_non_null(strstr(d.ctx.text, "run the same command again"));
        } else if (err) {
            assert_true(err == PF_ERR_IO || err == PF_ERR_CANCELED || err == PF_ERR_PARTIAL);
            assert_memory_equal(d.flash, was, SIZE);
        }
        memdev_reset(&d);
        assert_err(&d, pf_write(&d.base, &opt, &res), PF_OK);
        assert_memory_equal(d.flash + 10 * PF_SECTOR, image, sizeof image);
        UNPLUG(d);
        if (!fired)
            break;
    }
}

/* A request damaged on its way: the first erase hits sector STRAY instead, and
 * the device's echo tells it. */
#define STRAY 50

static enum pf_err erase_goes_astray(struct pf_session *ps, uint32_t addr, size_t len)
{
    struct memdev *d = (struct memdev *)(void *)ps;

    (void)addr;
    (void)len;
    d->proto.erase = d->real_erase;
    memset(d->flash + STRAY * PF_SECTOR, 0xff, PF_SECTOR);
    ps->strayed = true;
    return pf_fail(ps->ctx, PF_ERR_PROTOCOL, "an erase went astray");
}

static void a_sector_lost_to_a_stray_erase_comes_back_from_the_backup_or_is_no_success(void **state)
{
    uint8_t data[2 * PF_SECTOR];

    (void)state;
    memset(data, 0x42, sizeof data);
    put_file("app.bin", data, sizeof data);
    for (int no_backup = 0; no_backup < 2; no_backup++) {
        struct pf_write_options opt = {
            .path = "app.bin", .at_given = true, .at = 8 * PF_SECTOR, .no_backup = no_backup != 0};
        struct pf_write_result res;

        PLUG(d, plug_regions);
        memset(d.flash + STRAY * PF_SECTOR, 0x77, PF_SECTOR);
        memcpy(was, d.flash, SIZE);
        d.real_erase = d.proto.erase;
        d.proto.erase = erase_goes_astray;
        assert_err(&d, pf_write(&d.base, &opt, &res), no_backup ? PF_ERR_PARTIAL : PF_OK);
        assert_memory_equal(d.flash + 8 * PF_SECTOR, data, sizeof data);
        if (no_backup)
            assert_non_null(strstr(d.ctx.text, "astray"));
        else
            assert_memory_equal(d.flash + STRAY * PF_SECTOR, was + STRAY * PF_SECTOR, PF_SECTOR);
        UNPLUG(d);
    }
}

static void verify_counts_what_differs_and_finds_it_cheaply(void **state)
{
    uint8_t image[24 * PF_SECTOR];
    struct pf_verify_result res;

    (void)state;
    PLUG(d, plug_regions);
    memcpy(image, d.flash + 8 * PF_SECTOR, sizeof image);
    put_file("x.bin", image, sizeof image - 100);
    assert_err(&d, pf_verify(&d.base, "x.bin", true, 8 * PF_SECTOR, &res), PF_OK);
    assert_int_equal(res.sectors, 24);
    assert_int_equal(res.differ, 0);
    assert_int_equal(d.reads, 1); /* the cut sector */
    image[5 * PF_SECTOR] ^= 1;
    image[6 * PF_SECTOR] ^= 1;
    image[20 * PF_SECTOR] ^= 1;
    put_file("x.bin", image, sizeof image);
    memdev_reset(&d);
    assert_err(&d, pf_verify(&d.base, "x.bin", true, 8 * PF_SECTOR, &res), PF_ERR_VERIFY);
    assert_int_equal(res.differ, 3);
    assert_int_equal(res.first_diff, 13 * PF_SECTOR);
    assert_int_equal(res.nspans, 2);
    assert_int_equal(res.span[0].len, 2 * PF_SECTOR);
    assert_int_equal(res.span[1].addr, 28 * PF_SECTOR);
    assert_int_equal(d.reads, 0);
    d.gone = true;
    assert_err(&d, pf_verify(&d.base, "x.bin", true, 8 * PF_SECTOR, &res), PF_ERR_UNPROVEN);
    assert_untouched(&d, was);
    UNPLUG(d);
}

static void blank_files_are_written_and_verified_like_others(void **state)
{
    uint8_t image[2 * PF_SECTOR];
    struct pf_write_result res;

    (void)state;
    PLUG(d, plug_regions);
    memset(image, 0xff, sizeof image);
    put_file("x.bin", image, sizeof image);
    struct pf_write_options opt = {.path = "x.bin"};
    assert_err(&d, pf_write(&d.base, &opt, &res), PF_ERR_FILE);
    assert_err(&d, write_at(&d, "x.bin", 50 * PF_SECTOR, &res), PF_OK);
    assert_int_equal(d.writes, 0);
    assert_memory_equal(d.flash + 50 * PF_SECTOR, image, sizeof image);
    UNPLUG(d);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, scratch_clear)
    const struct CMUnitTest tests[] = {
        T(what_is_there_already_is_not_written),
        T(only_sectors_that_differ_are_touched),
        T(the_backup_is_named_after_chip_mac_and_content),
        T(a_verified_backup_of_this_content_is_used_again),
        T(a_backup_asked_for_by_name_is_made_though_another_is_at_hand),
        T(a_backup_whose_file_was_tampered_with_is_not_trusted),
        T(nothing_is_written_when_the_backup_fails),
        T(an_unaligned_write_keeps_the_bytes_around_it),
        T(a_dry_run_plans_and_changes_nothing),
        T(guarded_regions_open_only_by_name),
        T(a_locked_loader_never_opens),
        T(restore_keeps_this_units_identity),
        T(a_range_goes_back_to_where_it_came_from),
        T(restore_wants_a_backup),
        T(erase_all_keeps_guards),
        T(erasing_what_is_blank_erases_nothing),
        T(whole_blocks_are_erased_as_blocks),
        T(a_digest_that_locks_the_flash_does_not_stop_a_write),
        T(a_worn_sector_is_named),
        T(an_interrupted_write_is_finished_by_running_it_again),
        T(a_sector_lost_to_a_stray_erase_comes_back_from_the_backup_or_is_no_success),
        T(verify_counts_what_differs_and_finds_it_cheaply),
        T(blank_files_are_written_and_verified_like_others),
    };

    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
