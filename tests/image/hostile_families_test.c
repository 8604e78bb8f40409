/* Hostile ECR6600 and BL602 files: every truncation, random mutations with the
 * sums put right again, bombs. Nothing may crash, run away, or be placed where
 * it must not. A failure prints the run that replays it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/bytes.h"
#include "image/make.h"
#include "image/make_bl.h"
#include "image/make_ecr.h"
#include "plugflash/image.h"

#define FLASH 0x200000u
#define ROOM  0x20000u

static uint8_t *buffer(size_t len)
{
    uint8_t *p = malloc(len ? len : 1);

    assert_non_null(p);
    return p;
}

#define HOLDS(run, what)                                                                           \
    do {                                                                                           \
        if (!(what))                                                                               \
            fail_msg("run %u, %s: %s", (unsigned)(run), img->title, #what);                        \
    } while (0)

/* Pieces that are slices of the file lie in it; all of each can be read. */
static bool touch(void *arg, const struct pf_image_piece *p)
{
    volatile uint8_t sum = 0;

    (void)arg;
    assert_non_null(memchr(p->name, 0, sizeof p->name));
    for (size_t i = 0; i < p->len; i++)
        sum = (uint8_t)(sum + p->data[i]);
    return true;
}

static void examine(const uint8_t *data, size_t len, unsigned run, struct pf_image *img)
{
    static const char *const chips[] = {"bk7231t", "bk7231n", "ecr6600", "bl602"};
    uint8_t tables[0x2000];

    pf_image_inspect(data, len, img);
    HOLDS(run, memchr(img->title, 0, sizeof img->title) && img->title[0] && img->kind_name);
    HOLDS(run, img->nparts <= PF_IMAGE_PARTS && img->nchecks <= PF_IMAGE_CHECKS);
    for (size_t i = 0; i < img->nparts; i++)
        HOLDS(run, img->part[i].offset <= len && img->part[i].len <= len - img->part[i].offset);
    memset(tables, 0xff, sizeof tables);
    for (size_t c = 0; c < 8; c++) {
        const char *chip = chips[c / 2];
        struct pf_image_part part[PF_IMAGE_PARTS];
        uint32_t end = 0;
        char why[200];
        size_t n;

        make_ecr_table(tables);
        if (strcmp(chip, "bl602") == 0)
            make_bl_table(tables, BL_2M);
        n = pf_image_place_by_table(img, c & 1 ? tables : NULL, sizeof tables, chip, FLASH, part,
                                    PF_IMAGE_PARTS, why, sizeof why);
        HOLDS(run, n != 0 || why[0]);
        HOLDS(run, n == 0 || !img->family || strncmp(chip, img->family, strlen(img->family)) == 0);
        HOLDS(run, n == 0 || (img->kind != PF_IMAGE_ECR_STUB && img->kind != PF_IMAGE_BL_LOADER));
        for (size_t i = 0; i < n; i++) {
            HOLDS(run, part[i].offset <= len && part[i].len <= len - part[i].offset);
            HOLDS(run, part[i].addr >= end && part[i].addr <= FLASH &&
                           part[i].len <= FLASH - part[i].addr);
            end = part[i].addr + part[i].len;
        }
    }
    pf_image_unpack(img, data, touch, NULL);
}

static void convert(const uint8_t *data, const struct pf_image *img)
{
    static const enum pf_image_kind to[] = {PF_IMAGE_ECR_BACKUP, PF_IMAGE_ECR_CPU, PF_IMAGE_BL_APP};
    char why[64];
    uint8_t *out;
    size_t len;

    for (size_t i = 0; i < sizeof to / sizeof *to; i++) {
        if (pf_image_convert(img, data, to[i], NULL, &out, &len, why, sizeof why) == PF_OK)
            free(out);
        else
            assert_true(why[0] && !out);
    }
}

enum {
    TABLE,
    AMT,
    UBOOT,
    CPU,
    STUB,
    ONEB,
    ECR_OTA,
    BL_TABLE_FILE,
    BL_APP,
    BOOT2,
    LOADER,
    BL_OTA_XZ,
    BL_OTA_RAW,
    DTS,
    PSM,
    KINDS
};

static size_t make_kind(unsigned kind, uint8_t *out)
{
    switch (kind) {
    case TABLE:
        make_ecr_table(out);
        return 4096;
    case AMT:
        make_ecr_amt(out, true);
        return 0x2000;
    case UBOOT:
        return make_ecr_uboot(out, 0x400);
    case CPU:
        return make_ecr_cpu(out, 0x800);
    case STUB:
        return make_ecr_stub(out, "ECR6600F_stub_V1.4.0");
    case ONEB:
        return make_ecr_oneb(out, 0x800);
    case ECR_OTA:
        return make_ecr_ota(out, ROOM, 0x800);
    case BL_TABLE_FILE:
        return make_bl_table(out, BL_VENDOR);
    case BL_APP:
        return make_bl_app(out, 0x800);
    case BOOT2:
        return make_bl_boot2(out, 0x800);
    case LOADER:
        return make_bl_loader(out, 0x400);
    case BL_OTA_XZ:
        return make_bl_ota(out, ROOM, 0x1000, true);
    case BL_OTA_RAW:
        return make_bl_ota(out, ROOM, 0x800, false);
    case DTS:
        return make_bl_dts(out);
    default:
        return make_bl_psm(out);
    }
}

/* Right sums over changed bytes: chance does not find them. */
static void seal(unsigned kind, uint8_t *data, size_t len)
{
    switch (kind) {
    case UBOOT:
        if (len >= 0x58)
            make_ecr_uboot_seal(data);
        break;
    case CPU:
        if (len >= 0x100)
            make_ecr_cpu_seal(data);
        break;
    case ECR_OTA:
        if (len > 0x70)
            make_ecr_ota_seal(data, len);
        break;
    case BL_TABLE_FILE:
        if (len >= 16 && 16 + (size_t)get_le16(data + 6) * 36 + 4 <= len)
            make_bl_table_set(data, get_le32(data + 8), data[18]);
        break;
    case BL_APP:
    case BOOT2:
    case LOADER:
        if (len >= 176)
            make_bl_seal(data);
        break;
    case BL_OTA_XZ:
    case BL_OTA_RAW:
        if (len > 512)
            make_bl_ota_seal(data, len);
        break;
    default:
        break;
    }
}

static bool blank_tail(const uint8_t *data, size_t from, size_t to)
{
    for (; from < to; from++)
        if (data[from] != 0xff)
            return false;
    return true;
}

static void files_cut_at_every_length_are_never_intact(void **state)
{
    uint8_t *file = buffer(ROOM);

    (void)state;
    for (unsigned kind = 0; kind < KINDS; kind++) {
        size_t len = make_kind(kind, file);
        size_t step = len > 0x3000 ? 7 : 1;

        for (size_t n = len - 1; n < len; n -= step) {
            uint8_t *copy = buffer(n);
            struct pf_image img;

            memcpy(copy, file, n);
            examine(copy, n, (unsigned)n, &img);
            free(copy);
            /* NV areas are any number of sectors. */
            if (img.intact && !(kind == AMT && n == 4096) && img.kind != PF_IMAGE_BLANK)
                fail_msg("kind %u cut to 0x%zx of 0x%zx is intact: %s", kind, n, len, img.title);
        }
    }
    free(file);
}

static void changed_bits_are_never_unseen_where_a_sum_covers_them(void **state)
{
    uint8_t *file = buffer(ROOM);
    uint32_t seed = 6600;

    (void)state;
    for (unsigned kind = 0; kind < KINDS; kind++) {
        size_t len = make_kind(kind, file);

        if (kind == STUB || kind == CPU || kind == DTS || kind == ONEB)
            continue; /* nothing covers all of these when they are not signed */
        for (unsigned run = 0; run < 150; run++) {
            size_t at = make_random(&seed) % len;
            uint8_t bit = (uint8_t)(1u << make_random(&seed) % 8);
            struct pf_image img;
            bool padding = file[at] == 0xff;

            file[at] ^= bit;
            examine(file, len, run, &img);
            file[at] ^= bit;
            /* Free space and the gaps of headers carry no sum, nor do the words
             * of an OTA header beside length and SHA-256. */
            if (img.intact && !padding && !(kind >= BL_OTA_XZ && at < 512) &&
                !(kind == PSM && at < 0x14) && !(kind <= AMT && at % 4096 < 0x24) &&
                !(kind == ECR_OTA && at < 0x10))
                fail_msg("kind %u: bit %02x of byte 0x%zx is not seen: %s", kind, bit, at,
                         img.title);
        }
    }
    free(file);
}

static size_t mutate(uint8_t *data, size_t len, uint32_t *seed)
{
    unsigned changes = make_random(seed) % 6 + 1;

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
                put_le32(data + at / 4 * 4, make_random(seed) & 1 ? 0xffffffff : 0x7ffffff0);
            break;
        case 3: /* headers are where parsers look */
            data[at % 256] = (uint8_t)make_random(seed);
            break;
        case 4:
            if (at % 256 + 4 <= len)
                put_le32(data + at % 256 / 4 * 4, 1u << make_random(seed) % 32);
            break;
        default:
            if (make_random(seed) % 4 == 0)
                len = at;
        }
    }
    return len;
}

static void mutated_files_never_crash_or_leave_their_bounds(void **state)
{
    uint8_t *file = buffer(ROOM);

    (void)state;
    for (uint32_t run = 1; run <= 3000; run++) {
        uint32_t seed = run * 2654435761u;
        unsigned kind = run % KINDS;
        size_t n = mutate(file, make_kind(kind, file), &seed);
        struct pf_image img;
        uint8_t *copy;

        if (run & 16)
            seal(kind, file, n);
        copy = buffer(n);
        memcpy(copy, file, n);
        if (run % 500 == 1)
            print_message("runs %u..\n", run); /* for a crash, which tells no run */
        examine(copy, n, run, &img);
        convert(copy, &img);
        free(copy);
    }
    free(file);
}

static void large_files_cut_anywhere_are_never_intact(void **state)
{
    uint8_t *flash = buffer(FLASH);
    uint32_t seed = 77, end;

    (void)state;
    for (unsigned family = 0; family < 2; family++) {
        if (family)
            make_bl_backup(flash, 0x10000, &end);
        else
            make_ecr_backup(flash, 0x4000);
        for (unsigned run = 0; run < 40; run++) {
            size_t n = make_random(&seed) % FLASH;
            struct pf_image img;

            examine(flash, n, (unsigned)n, &img);
            /* A factory image may end in the sector behind the application or
             * the device tree: reference 7.3. */
            if (img.intact && !(family && (n - end < 4096 || n - 0x1FC000 < 0x1200)))
                fail_msg("cut to 0x%zx it counts as intact: %s", n, img.title);
        }
        assert_true(blank_tail(flash, FLASH - 0x100, FLASH));
    }
    free(flash);
}

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

/* A package of zeros that would unpack to far more than any flash. */
static size_t bomb(uint8_t *out, size_t cap)
{
    const size_t zeros = 0x2000000;
    uint8_t *data = calloc(1, zeros);
    size_t at = 512;

    assert_non_null(data);
    make_bl_ota(out, cap, 0x400, true);
    assert_int_equal(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, data, zeros, out, &at, cap),
                     LZMA_OK);
    make_bl_ota_seal(out, at);
    free(data);
    return at;
}

static void files_made_to_be_slow_or_large_are_not(void **state)
{
    enum { BIG = 0x1000000 };
    uint8_t *file = buffer(BIG);
    struct pf_image img;
    size_t n;

    (void)state;
    for (size_t i = 0; i + 0x2000 <= BIG; i += 0x2000)
        make_ecr_amt(file + i, true);
    assert_fast(file, BIG, "NV sectors everywhere");
    make_ecr_table(file);
    assert_fast(file, BIG, "a flash of NV sectors");

    for (size_t i = 0; i + 4096 <= BIG; i += 4096) {
        memset(file + i, 0, 4096);
        memcpy(file + i + 8, "EF40", 4);
        for (size_t k = 0x1c; k + 8 <= 4096; k += 4)
            memcpy(file + i + k, "KV40", 4);
    }
    assert_fast(file, BIG, "record magics everywhere");

    n = bomb(file, BIG);
    pf_image_inspect(file, n, &img);
    assert_int_equal(img.kind, PF_IMAGE_BL_OTA);
    assert_false(img.intact);
    assert_fast(file, n, "a package of zeros");

    n = 5;
    memcpy(file, "oneb\377", 5);
    for (unsigned i = 0; i < 255; i++) {
        n += 9;
        file[n - 9] = 2;
        put_le32(file + n - 8, i * 0x10000);
        put_le32(file + n - 4, (uint32_t)make_ecr_uboot(file + n, 0x5000));
        n += 0x5058;
    }
    assert_fast(file, n, "a container with 255 segments");
    free(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_cut_at_every_length_are_never_intact),
        cmocka_unit_test(changed_bits_are_never_unseen_where_a_sum_covers_them),
        cmocka_unit_test(mutated_files_never_crash_or_leave_their_bounds),
        cmocka_unit_test(large_files_cut_anywhere_are_never_intact),
        cmocka_unit_test(files_made_to_be_slow_or_large_are_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
