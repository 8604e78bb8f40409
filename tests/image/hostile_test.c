/* Hostile input: every truncation, random mutations, planted headers. Nothing
 * may crash, run away, or be placed where it must not. A failure prints the
 * seed that replays it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/bytes.h"
#include "image/make.h"
#include "image/obk_config.h"
#include "plugflash/image.h"

#define AES_STOCK "0123456789ABCDEF0123456789ABCDEF"

static uint8_t *buffer(size_t len)
{
    uint8_t *p = malloc(len ? len : 1);

    assert_non_null(p);
    return p;
}

/* `run` is told on failure. */
#define HOLDS(run, what)                                                                           \
    do {                                                                                           \
        if (!(what))                                                                               \
            fail_msg("run %u, %s: %s", (unsigned)(run), img->title, #what);                        \
    } while (0)

static bool ends(const char *text, size_t cap)
{
    return memchr(text, 0, cap) != NULL;
}

static void examine_parts(const struct pf_image_part *part, size_t n, size_t len, uint32_t lowest,
                          unsigned run, const struct pf_image *img)
{
    for (size_t i = 0; i < n; i++) {
        HOLDS(run, ends(part[i].name, sizeof part[i].name));
        HOLDS(run, part[i].offset <= len && part[i].len <= len - part[i].offset);
        HOLDS(run, part[i].addr <= MAKE_FLASH && part[i].len <= MAKE_FLASH - part[i].addr);
        HOLDS(run, part[i].addr >= lowest);
    }
}

/* What holds for every file: strings end, counts and parts are in range, what
 * is placed lies in the flash and in the file, never in a T's loader. */
static void examine(const uint8_t *data, size_t len, unsigned run, struct pf_image *img)
{
    static const char *const chips[] = {"bk7231t", "bk7231n"};

    pf_image_inspect(data, len, img);
    HOLDS(run, ends(img->title, sizeof img->title) && img->title[0]);
    HOLDS(run, ends(img->firmware, sizeof img->firmware));
    HOLDS(run, ends(img->loader, sizeof img->loader));
    HOLDS(run, ends(img->version, sizeof img->version));
    HOLDS(run, img->nparts <= PF_IMAGE_PARTS && img->nchecks <= PF_IMAGE_CHECKS);
    for (size_t i = 0; i < img->nparts; i++)
        HOLDS(run, img->part[i].offset <= len && img->part[i].len <= len - img->part[i].offset);
    for (size_t c = 0; c < 2; c++) {
        struct pf_image_part part[PF_IMAGE_PARTS];
        char why[200];
        size_t n = pf_image_place(img, chips[c], MAKE_FLASH, part, PF_IMAGE_PARTS, why, sizeof why);

        HOLDS(run, n != 0 || why[0]);
        examine_parts(part, n, len, c ? 0 : BK_LOADER, run, img);
    }
}

/* Copies have the exact length, so that a sanitizer sees the first byte read
 * beyond it. */
static void examine_prefix(const uint8_t *data, size_t len, bool intact_allowed)
{
    uint8_t *copy = buffer(len);
    struct pf_image img;

    memcpy(copy, data, len);
    examine(copy, len, (unsigned)len, &img);
    free(copy);
    if (img.intact && !intact_allowed)
        fail_msg("cut to 0x%zx bytes it counts as intact: %s", len, img.title);
}

static void small_files_cut_at_every_length_are_never_intact(void **state)
{
    struct make m = make_n;
    uint8_t *file = buffer(0x8000);
    size_t n;

    (void)state;
    m.code = 0x800;
    make_app(&m, file, 34 * 80);
    for (n = 0; n < 34 * 80; n++)
        examine_prefix(file, n, false);
    n = make_ug(&m, file, 0x8000);
    while (n--)
        examine_prefix(file, n, false);
    n = make_rbl(&m, AES_STOCK, file, 0x8000);
    while (n--)
        examine_prefix(file, n, false);
    make_config(file, true);
    for (n = 0; n < OBK_CONFIG; n++)
        examine_prefix(file, n, false);
    make_rf(&make_t, file);
    for (n = 0; n < 4096; n++)
        examine_prefix(file, n, n >= 8 + 0x1E0); /* the rest of a page is blank */
    free(file);
}

static void large_files_cut_anywhere_are_never_intact(void **state)
{
    uint8_t *flash = buffer(MAKE_FLASH);
    uint32_t seed = 0x7231;

    (void)state;
    for (size_t chip = 0; chip < 2; chip++) {
        make_backup(chip ? &make_n : &make_t, flash);
        for (unsigned i = 0; i < 40; i++) {
            size_t n = make_random(&seed) % MAKE_FLASH;

            /* A backup cut behind its application is a padded QIO. */
            examine_prefix(flash, n, n >= BK_LOADER + BK_APP_TUYA && n <= 0x12AF70);
        }
        for (size_t n = BK_LOADER - 103; n < BK_LOADER + 103; n++)
            examine_prefix(flash, n, false);
    }
    free(flash);
}

/* Flip, set, copy or cut at random. */
static size_t mutate(uint8_t *data, size_t len, uint32_t *seed)
{
    unsigned changes = make_random(seed) % 8 + 1;

    while (changes-- && len) {
        size_t at = make_random(seed) % len;

        switch (make_random(seed) % 6) {
        case 0:
            data[at] ^= (uint8_t)(1u << make_random(seed) % 8);
            break;
        case 1:
            data[at] = (uint8_t)make_random(seed);
            break;
        case 2:
            if (len - at >= 4)
                put_le32(data + at, make_random(seed) & 1 ? 0xffffffff : 0x7fffffff);
            break;
        case 3: /* headers are where parsers look */
            data[at % 128] = (uint8_t)make_random(seed);
            break;
        case 4:
            memmove(data + at / 2, data + at, len - at);
            break;
        default:
            if (make_random(seed) % 4 == 0)
                len = at;
        }
    }
    return len;
}

static size_t make_small(unsigned kind, const struct make *m, uint8_t *out)
{
    switch (kind) {
    case 0:
        make_app(m, out, 34 * 100);
        return 34 * 100;
    case 1:
        return make_ug(m, out, 0x8000);
    case 2:
        return make_rbl(m, AES_STOCK, out, 0x8000);
    case 3:
        make_rf(m, out);
        return 4096;
    case 4:
        make_config(out, true);
        return OBK_CONFIG;
    case 5:
        return make_plain(m, out);
    default:
        make_loader(m, out);
        return BK_LOADER;
    }
}

static void mutated_files_never_crash_or_leave_their_bounds(void **state)
{
    uint8_t *file = buffer(0x20000);

    (void)state;
    for (uint32_t run = 1; run <= 1500; run++) {
        uint32_t seed = run * 2654435761u;
        struct make m = run & 1 ? make_t : make_n;
        uint8_t *copy;
        struct pf_image img;
        size_t n;

        m.code = 0x800;
        n = mutate(file, make_small(run % 7, &m, file), &seed);
        copy = buffer(n);
        memcpy(copy, file, n);
        if (run % 250 == 1)
            print_message("runs %u..\n", run); /* for a crash, which tells no run */
        examine(copy, n, run, &img);
        if (img.kind == PF_IMAGE_BK_ROTATED)
            fail_msg("run %u: a small file is no rotated backup", run);
        assert_int_equal(pf_image_unrotate(copy, n), PF_ERR_FILE);
        free(copy);
    }
    free(file);
}

static void mutated_backups_are_never_intact_where_code_changed(void **state)
{
    uint8_t *flash = buffer(MAKE_FLASH), *copy = buffer(MAKE_FLASH);
    uint32_t seed = 42;

    (void)state;
    make_backup(&make_n, flash);
    for (unsigned run = 0; run < 60; run++) {
        size_t at = make_random(&seed) % 0x4400 + (run & 1 ? BK_LOADER : 0);
        uint8_t bit = (uint8_t)(1u << make_random(&seed) % 8);
        struct pf_image img;

        memcpy(copy, flash, MAKE_FLASH);
        copy[at] ^= bit;
        examine(copy, MAKE_FLASH, run, &img);
        if (img.intact || img.kind != PF_IMAGE_BK_BACKUP)
            fail_msg("byte 0x%zx, bit %02x: %s, intact %d", at, bit, img.title, img.intact);
    }
    free(flash);
    free(copy);
}

/* Processor time, so that a busy machine does not matter; the limit is far
 * above what any sanitizer costs, and far below what a quadratic search would. */
static void assert_fast(const uint8_t *data, size_t len, const char *what)
{
    clock_t start = clock();
    struct pf_image img;
    double seconds;

    examine(data, len, 0, &img);
    seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    if (seconds > 10)
        fail_msg("%s took %.1f s", what, seconds);
}

static void sixteen_megabytes_made_to_be_slow_are_not(void **state)
{
    enum { BIG = 0x1000000 };
    uint8_t *file = buffer(BIG);
    uint32_t seed = 5;

    (void)state;
    for (size_t i = 0; i < BIG; i++)
        file[i] = (uint8_t)make_random(&seed);
    assert_fast(file, BIG, "noise");

    for (size_t i = 0; i + 4 <= BIG; i += 4)
        memcpy(file + i, "RBL", 4);
    assert_fast(file, BIG, "package headers everywhere");
    make_app(&make_n, file, 34 * 1000);
    assert_fast(file, BIG, "an application and package headers everywhere");

    for (size_t i = 0; i + 4 <= BIG; i += 4)
        memcpy(file + i, "TLV", 4);
    make_app(&make_n, file, 34 * 1000);
    make_loader(&make_n, file + BIG - BK_LOADER);
    assert_fast(file, BIG, "RF pages everywhere");

    for (size_t i = 0; i + 16 <= BIG; i += 16)
        memcpy(file + i, "01PEoem_bk7231n\0", 16);
    make_loader(&make_n, file);
    assert_fast(file, BIG, "partition records everywhere");

    /* Many headers, each with a right CRC-32 and data to read. */
    memset(file, 0xff, BIG);
    for (size_t i = 0; i + RBL_CODED <= BIG; i += 3 * 34) {
        struct rbl rbl = {.name = "app", .raw_size = (uint32_t)(i / 34 * 32)};
        uint8_t header[RBL_SIZE];

        rbl_build(&rbl, header);
        bk7231_crc16_add(header, sizeof header, file + i, RBL_CODED);
    }
    make_loader(&make_n, file);
    assert_fast(file, BIG, "right package headers everywhere");
    free(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_files_cut_at_every_length_are_never_intact),
        cmocka_unit_test(large_files_cut_anywhere_are_never_intact),
        cmocka_unit_test(mutated_files_never_crash_or_leave_their_bounds),
        cmocka_unit_test(mutated_backups_are_never_intact_where_code_changed),
        cmocka_unit_test(sixteen_megabytes_made_to_be_slow_are_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
