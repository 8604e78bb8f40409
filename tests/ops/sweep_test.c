/* sweep_test.c - the law of the virtual devices, on the layer above the wire:
 * one fault of every kind at every call of an operation. It may fail; it may
 * not say OK with wrong content, touch what it was not asked to, run for ever,
 * or leave a name that stands for something unproved. */
#include "ops/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugflash/ops.h"
#include "support/sweep.h"

#define SECTORS 64
#define SIZE    (SECTORS * PF_SECTOR)

/* How a run is set up; the sweep does each with and without digests, and with
 * digests that take the write permission away. */
struct variant {
    const char *name;
    bool digest, locks;
    enum pf_digest_kind kind;
    bool streams;
};

static const struct variant variants[] = {
    {"crc32", true, false, PF_DIGEST_CRC32, false},
    {"crc32 that locks", true, true, PF_DIGEST_CRC32, false},
    {"sha256", true, false, PF_DIGEST_SHA256, false},
    {"no digest", false, false, PF_DIGEST_NONE, false},
    {"stream", true, false, PF_DIGEST_SHA256, true},
};
#define VARIANTS (sizeof variants / sizeof *variants)

static void plug_in(struct memdev *d, const struct variant *v)
{
    memdev_init(d, SECTORS, locked_regions);
    d->digest_locks = v->locks;
    d->proto.digest_kind = v->kind;
    if (!v->digest)
        d->proto.digest = NULL;
    if (v->streams)
        memdev_stream(d);
    memdev_reset(d);
    plug_content(d);
}

struct run {
    const char *what;
    bool erased; /* out: the run came to the first erase */
    const struct variant *variant;
    enum memdev_fault fault;
    unsigned at;
};

static void broke(const struct run *r, const struct memdev *d, const char *law)
{
    fail_msg("%s, %s: '%s' at call %u: %s (text: %s)", r->what, r->variant->name,
             memdev_fault_name(r->fault), r->at, law, d->ctx.text);
}

/* Sectors no operation of these tests may touch: loader and identity. */
static void check_guards(const struct run *r, const struct memdev *d, const uint8_t *was)
{
    if (memcmp(d->flash, was, 8 * PF_SECTOR) != 0 ||
        memcmp(d->flash + 48 * PF_SECTOR, was + 48 * PF_SECTOR, PF_SECTOR) != 0)
        broke(r, d, "a guarded region was changed");
    if (d->calls > 4000)
        broke(r, d, "it did not come to an end");
    if (d->unlocks && !d->locks && !d->gone && r->fault != MEMDEV_SILENT &&
        r->fault != MEMDEV_REFUSE)
        broke(r, d, "the flash was left unlocked");
}

static bool file_is(const char *name, const uint8_t *data)
{
    size_t len;
    uint8_t *file = get_file(name, &len);
    const bool same = len == SIZE && !memcmp(file, data, SIZE);

    free(file);
    return same;
}

static bool sweep_backup_at(struct run *r)
{
    struct pf_backup_options opt = {.path = "b.bin"};
    struct pf_backup_result res;
    struct memdev d;
    enum pf_err err;
    bool fired;

    scratch_clear(NULL);
    plug_in(&d, r->variant);
    d.fault = r->fault;
    d.at = r->at;
    err = pf_backup(&d.base, &opt, &res);
    fired = d.fired;
    if (have_file("b.bin") != !err)
        broke(r, &d, "the name is there without a proof, or the proof without a name");
    if (!err && !file_is("b.bin", d.flash))
        broke(r, &d, "OK with a wrong copy");
    if (!err && (res.proof == PF_PROOF_NONE || !have_file("b.bin.json")))
        broke(r, &d, "OK without proof");
    if (d.erases || d.writes || d.unlocks)
        broke(r, &d, "a backup wrote to the flash");
    memdev_fini(&d);
    return fired;
}

static bool sweep_write_at(struct run *r, bool no_backup)
{
    const uint32_t at = 10 * PF_SECTOR + 512;
    struct pf_write_options opt = {.path = "x.bin", .no_backup = no_backup};
    struct pf_write_result res;
    uint8_t *was = malloc(SIZE), *want = malloc(SIZE), *image = malloc(SIZE);
    struct memdev d;
    enum pf_err err;
    bool fired;

    assert_true(was && want && image);
    scratch_clear(NULL);
    plug_in(&d, r->variant);
    memcpy(was, d.flash, SIZE);
    memcpy(want, was, SIZE);
    memdev_fill(image, 0, 20, 99);
    memcpy(image + PF_SECTOR, was + at + PF_SECTOR, 3 * PF_SECTOR); /* some is there */
    memset(image + 12 * PF_SECTOR, 0xff, 2 * PF_SECTOR);
    memcpy(want + at, image, 19 * PF_SECTOR + 100);
    put_file("x.bin", image, 19 * PF_SECTOR + 100);
    opt.at_given = true;
    opt.at = at;
    d.fault = r->fault;
    d.at = r->at;
    err = pf_write(&d.base, &opt, &res);
    fired = d.fired;
    r->erased = d.erases > 0;
    if (!err && memcmp(d.flash, want, SIZE) != 0)
        broke(r, &d, "OK with wrong content");
    if (!err && res.proof == PF_PROOF_NONE)
        broke(r, &d, "OK without proof");
    if (!d.erases && memcmp(d.flash, was, SIZE) != 0)
        broke(r, &d, "changed without an erase");
    if (memcmp(d.flash + 32 * PF_SECTOR, was + 32 * PF_SECTOR, 32 * PF_SECTOR) != 0)
        broke(r, &d, "something outside of the span was changed");
    if (d.erases && !no_backup && (!res.backup_path[0] || !file_is(res.backup_path, was)))
        broke(r, &d, "erased without a backup");
    if (d.violations)
        broke(r, &d, "programmed without permission");
    check_guards(r, &d, was);
    /* Bytes around the file share a sector with it: the last run may have to
     * say that it lost them, but only that one. */
    if (strstr(d.warning, "not in the file")) {
        const uint32_t end = at + 19 * PF_SECTOR + 100;

        memcpy(want + at - 512, d.flash + at - 512, 512);
        memcpy(want + end, d.flash + end, PF_SECTOR - 612);
    }
    memdev_reset(&d);
    if (pf_write(&d.base, &opt, &res) || memcmp(d.flash, want, SIZE) != 0)
        broke(r, &d, "the next run did not finish it");
    memdev_fini(&d);
    free(was);
    free(want);
    free(image);
    return fired;
}

static bool sweep_erase_at(struct run *r)
{
    struct pf_erase_options opt = {.all = true};
    struct pf_write_result res;
    uint8_t *was = malloc(SIZE);
    struct memdev d;
    enum pf_err err;
    bool fired;

    assert_non_null(was);
    scratch_clear(NULL);
    plug_in(&d, r->variant);
    memcpy(was, d.flash, SIZE);
    d.fault = r->fault;
    d.at = r->at;
    err = pf_erase(&d.base, &opt, &res);
    fired = d.fired;
    r->erased = d.erases > 0;
    for (uint32_t i = 8 * PF_SECTOR; !err && i < SIZE; i++)
        if (i / PF_SECTOR != 48 && d.flash[i] != 0xff)
            broke(r, &d, "OK though not blank");
    if (d.erases && (!res.backup_path[0] || !file_is(res.backup_path, was)))
        broke(r, &d, "erased without a backup");
    check_guards(r, &d, was);
    memdev_fini(&d);
    free(was);
    return fired;
}

static bool sweep_verify_at(struct run *r, bool equal)
{
    struct pf_verify_result res;
    struct memdev d;
    enum pf_err err;
    bool fired;

    scratch_clear(NULL);
    plug_in(&d, r->variant);
    put_file("x.bin", d.flash + 5 * PF_SECTOR, 20 * PF_SECTOR - 7);
    if (!equal)
        d.flash[17 * PF_SECTOR] ^= 1;
    d.fault = r->fault;
    d.at = r->at;
    err = pf_verify(&d.base, "x.bin", true, 5 * PF_SECTOR, &res);
    fired = d.fired;
    if (!err && !equal)
        broke(r, &d, "OK though it differs");
    if (d.erases || d.writes)
        broke(r, &d, "verify wrote");
    memdev_fini(&d);
    return fired;
}

enum operation { BACKUP, WRITE, WRITE_BARE, ERASE, VERIFY, VERIFY_OTHER, OPERATIONS };

static void sweep(enum operation op)
{
    static const char *const name[] = {"backup", "write",  "write --no-backup",
                                       "erase",  "verify", "verify of something else"};

    for (size_t v = 0; v < VARIANTS; v++)
        for (int f = MEMDEV_SILENT; f < MEMDEV_FAULTS; f++) {
            struct run r = {.what = name[op], .variant = &variants[v], .fault = f};
            bool fired = true;

            /* Another kind of digest changes nothing but what it covers. */
            if (variants[v].kind == PF_DIGEST_SHA256 && !variants[v].streams &&
                f != MEMDEV_WRONG_DIGEST && f != MEMDEV_WRONG_READ && f != MEMDEV_LOST_WRITE)
                continue;
            /* The backup before a change is swept call by call on its own. */
            for (; fired;
                 r.at += sweep_stride() * ((op == WRITE || op == ERASE) && !r.erased ? 4 : 1)) {
                switch (op) {
                case BACKUP:
                    fired = sweep_backup_at(&r);
                    break;
                case WRITE:
                case WRITE_BARE:
                    fired = sweep_write_at(&r, op == WRITE_BARE);
                    break;
                case ERASE:
                    fired = sweep_erase_at(&r);
                    break;
                default:
                    fired = sweep_verify_at(&r, op == VERIFY);
                }
            }
        }
}

static void one_fault_anywhere_in_a_backup(void **state)
{
    (void)state;
    sweep(BACKUP);
}

static void one_fault_anywhere_in_a_write(void **state)
{
    (void)state;
    sweep(WRITE);
}

static void one_fault_anywhere_in_a_write_without_backup(void **state)
{
    (void)state;
    sweep(WRITE_BARE);
}

static void one_fault_anywhere_in_an_erase(void **state)
{
    (void)state;
    sweep(ERASE);
}

static void one_fault_anywhere_in_a_verify(void **state)
{
    (void)state;
    sweep(VERIFY);
    sweep(VERIFY_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_fault_anywhere_in_a_backup),
        cmocka_unit_test(one_fault_anywhere_in_a_write),
        cmocka_unit_test(one_fault_anywhere_in_a_write_without_backup),
        cmocka_unit_test(one_fault_anywhere_in_an_erase),
        cmocka_unit_test(one_fault_anywhere_in_a_verify),
    };

    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
