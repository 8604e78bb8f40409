/* Where an image goes on which chip, and every reason to refuse it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/make.h"
#include "image/obk_config.h"
#include "plugflash/image.h"

#define T         "bk7231t"
#define N         "bk7231n"
#define AES_STOCK "0123456789ABCDEF0123456789ABCDEF"

/* The files of the table, made once. */
enum {
    T_BACKUP,
    T_ROTATED,
    T_QIO,
    T_UA,
    T_UG,
    T_RBL,
    T_RF,
    T_FROM_APP,
    N_BACKUP,
    N_QIO,
    N_UA,
    N_UG,
    N_RBL,
    N_RF,
    RBL_UNKNOWN_KEY,
    CONFIG,
    PLAIN,
    BLANK,
    GZIP,
    RAW,
    FILES
};

struct file {
    uint8_t *data;
    size_t len;
};

static struct file file_new(size_t len)
{
    struct file f = {malloc(len), len};

    assert_non_null(f.data);
    memset(f.data, 0xff, len);
    return f;
}

static void make_family(struct file *f, const struct make *m, size_t app)
{
    size_t at = m == &make_t ? T_BACKUP : N_BACKUP;
    size_t next = m == &make_t ? 2 : 1; /* N has no rotated one */

    f[at] = file_new(MAKE_FLASH);
    make_backup(m, f[at].data);
    at += next;
    f[at] = file_new(BK_LOADER + app);
    make_loader(m, f[at].data);
    make_app(m, f[at].data + BK_LOADER, app);
    f[at + 1] = file_new(app);
    make_app(m, f[at + 1].data, app);
    f[at + 2] = file_new(0x8000);
    f[at + 2].len = make_ug(m, f[at + 2].data, 0x8000);
    f[at + 3] = file_new(0x8000);
    f[at + 3].len = make_rbl(m, AES_STOCK, f[at + 3].data, 0x8000);
    f[at + 4] = file_new(4096);
    make_rf(m, f[at + 4].data);
}

static int make_files(void **state)
{
    struct file *f = calloc(FILES, sizeof *f);

    if (!f)
        return -1;
    make_family(f, &make_t, BK_APP_OBK_T);
    make_family(f, &make_n, BK_APP_TUYA);
    f[T_ROTATED] = file_new(MAKE_FLASH);
    make_rotated(&make_t, f[T_ROTATED].data);
    f[T_FROM_APP] = file_new(MAKE_FLASH - BK_LOADER);
    memcpy(f[T_FROM_APP].data, f[T_BACKUP].data + BK_LOADER, MAKE_FLASH - BK_LOADER);
    f[RBL_UNKNOWN_KEY] = file_new(0x8000);
    f[RBL_UNKNOWN_KEY].len =
        make_rbl(&make_n, "another key of 32 characters....", f[RBL_UNKNOWN_KEY].data, 0x8000);
    f[CONFIG] = file_new(OBK_CONFIG);
    make_config(f[CONFIG].data, true);
    f[PLAIN] = file_new(make_t.code);
    make_plain(&make_t, f[PLAIN].data);
    f[BLANK] = file_new(100);
    f[GZIP] = file_new(100);
    memcpy(f[GZIP].data, "\x1F\x8B\x08", 3);
    f[RAW] = file_new(100);
    f[RAW].data[50] = 1;
    *state = f;
    return 0;
}

static int free_files(void **state)
{
    struct file *f = *state;

    for (size_t i = 0; i < FILES; i++)
        free(f[i].data);
    free(f);
    return 0;
}

struct want {
    unsigned file;
    const char *chip;
    const char *why; /* refused: words in the reason; NULL: placed */
    struct pf_image_part part[2];
};

#define PART(off, n, at)                                                                           \
    {                                                                                              \
        .offset = (off), .len = (n), .addr = (at)                                                  \
    }
#define PLACED(f, c, ...)                                                                          \
    {                                                                                              \
        .file = (f), .chip = (c), .part = { __VA_ARGS__ }                                          \
    }
#define REFUSED(f, c, w)                                                                           \
    {                                                                                              \
        .file = (f), .chip = (c), .why = (w)                                                       \
    }
#define REST (MAKE_FLASH - BK_LOADER)

static const struct want table[] = {
    PLACED(T_BACKUP, T, PART(BK_LOADER, REST, BK_LOADER)), /* never the loader */
    REFUSED(T_BACKUP, N, "it is for a BK7231T"),
    PLACED(T_FROM_APP, T, PART(0, REST, BK_LOADER)),
    REFUSED(T_FROM_APP, N, "it is for a BK7231T"),
    REFUSED(T_ROTATED, T, "--unrotate"),
    REFUSED(T_ROTATED, N, "it is for a BK7231T"),
    PLACED(T_QIO, T, PART(BK_LOADER, BK_APP_OBK_T, BK_LOADER)),
    REFUSED(T_QIO, N, "it is for a BK7231T"),
    PLACED(T_UA, T, PART(0, BK_APP_OBK_T, BK_LOADER)),
    REFUSED(T_UA, N, "it is for a BK7231T"),
    PLACED(T_UG, T, PART(32, 0, 0x132000)),
    REFUSED(T_UG, N, "it is for a BK7231T"),
    PLACED(T_RBL, T, PART(0, 0, 0x132000)),
    REFUSED(T_RBL, N, "it is for a BK7231T"),
    PLACED(T_RF, T, PART(0, 4096, 0x1E0000)),
    REFUSED(T_RF, N, "it is for a BK7231T"),
    PLACED(N_BACKUP, N, PART(0, BK_LOADER, 0), PART(BK_LOADER, REST, BK_LOADER)),
    REFUSED(N_BACKUP, T, "it is for a BK7231N"),
    PLACED(N_QIO, N, PART(0, BK_LOADER, 0), PART(BK_LOADER, BK_APP_TUYA, BK_LOADER)),
    REFUSED(N_QIO, T, "it is for a BK7231N"),
    PLACED(N_UA, N, PART(0, BK_APP_TUYA, BK_LOADER)),
    REFUSED(N_UA, T, "it is for a BK7231N"),
    PLACED(N_UG, N, PART(32, 0, 0x12A000)),
    REFUSED(N_UG, T, "it is for a BK7231N"),
    PLACED(N_RBL, N, PART(0, 0, 0x12A000)),
    REFUSED(N_RBL, T, "it is for a BK7231N"),
    PLACED(N_RF, N, PART(0, 4096, 0x1D0000)),
    REFUSED(N_RF, T, "it is for a BK7231N"),
    PLACED(RBL_UNKNOWN_KEY, T, PART(0, 0, 0x132000)),
    PLACED(RBL_UNKNOWN_KEY, N, PART(0, 0, 0x12A000)),
    PLACED(CONFIG, T, PART(0, OBK_CONFIG, 0x1E1000)),
    PLACED(CONFIG, N, PART(0, OBK_CONFIG, 0x1D1000)),
    REFUSED(PLAIN, T, "pack it first"),
    REFUSED(PLAIN, N, "pack it first"),
    REFUSED(BLANK, T, "nothing to write"),
    REFUSED(BLANK, N, "nothing to write"),
    REFUSED(GZIP, T, "it is no BK7231 image: gzip"),
    REFUSED(GZIP, N, "it is no BK7231 image: gzip"),
    REFUSED(RAW, T, "--at ADDRESS"),
    REFUSED(RAW, N, "--at ADDRESS"),
    REFUSED(N_UA, "bl602", "it is no BL602 image: BK7231N"),
};

static void every_kind_goes_where_it_belongs_or_is_refused_with_the_reason(void **state)
{
    const struct file *f = *state;

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct want *w = &table[i];
        struct pf_image_part part[PF_IMAGE_PARTS];
        struct pf_image img;
        char why[256];
        size_t n, want = w->why ? 0 : w->part[1].len ? 2 : 1;

        pf_image_inspect(f[w->file].data, f[w->file].len, &img);
        n = pf_image_place(&img, w->chip, MAKE_FLASH, part, PF_IMAGE_PARTS, why, sizeof why);
        if (n != want || (w->why && !strstr(why, w->why)))
            fail_msg("row %zu (%s on %s): %zu parts, \"%s\"", i, img.title, w->chip, n, why);
        for (size_t k = 0; k < n; k++) {
            uint32_t len =
                w->part[k].len ? w->part[k].len : (uint32_t)f[w->file].len - w->part[k].offset;

            if (part[k].offset != w->part[k].offset || part[k].addr != w->part[k].addr ||
                part[k].len != len)
                fail_msg("row %zu (%s on %s): part %zu is 0x%x+0x%x at 0x%x", i, img.title, w->chip,
                         k, part[k].offset, part[k].len, part[k].addr);
        }
    }
}

/* Place a file; expect a refusal that holds `word`. */
static void assert_refused(const uint8_t *data, size_t len, const char *chip, uint32_t flash,
                           const char *word)
{
    struct pf_image_part part[PF_IMAGE_PARTS];
    struct pf_image img;
    char why[256];

    pf_image_inspect(data, len, &img);
    assert_int_equal(pf_image_place(&img, chip, flash, part, PF_IMAGE_PARTS, why, sizeof why), 0);
    if (!strstr(why, word))
        fail_msg("%s: refused with \"%s\", expected \"%s\"", img.title, why, word);
}

static void images_cut_off_or_damaged_are_refused_with_what_is_wrong(void **state)
{
    const struct file *f = *state;
    uint8_t *copy = malloc(MAKE_FLASH);

    assert_non_null(copy);
    assert_refused(f[N_QIO].data, 0x90000, N, MAKE_FLASH, "QIO cut off at 0x90000");
    assert_refused(f[T_UA].data, 0x90000, T, MAKE_FLASH, "UA cut off at 0x90000");
    assert_refused(f[N_UG].data, f[N_UG].len - 5, N, MAKE_FLASH, "UG cut off");
    assert_refused(f[N_BACKUP].data, 0x180000, N, MAKE_FLASH, "backup cut off at 0x180000");
    memcpy(copy, f[N_UA].data, f[N_UA].len);
    copy[0x2000] ^= 0x10;
    assert_refused(copy, f[N_UA].len, N, MAKE_FLASH, "crc16 app");
    memcpy(copy, f[T_RF].data, f[T_RF].len);
    copy[4] = copy[5] = 0xff;
    assert_refused(copy, f[T_RF].len, T, MAKE_FLASH, "tlv");
    make_config(copy, false);
    assert_refused(copy, OBK_CONFIG, N, MAKE_FLASH, "unsigned");
    free(copy);
}

static void a_damaged_backup_is_still_a_backup(void **state)
{
    const struct file *f = *state;
    struct pf_image_part part[PF_IMAGE_PARTS];
    struct pf_image img;
    uint8_t *copy = malloc(MAKE_FLASH);
    char why[256];

    assert_non_null(copy);
    memcpy(copy, f[N_BACKUP].data, MAKE_FLASH);
    copy[BK_LOADER + 77] ^= 1;
    pf_image_inspect(copy, MAKE_FLASH, &img);
    assert_false(img.intact);
    assert_int_equal(pf_image_place(&img, N, MAKE_FLASH, part, PF_IMAGE_PARTS, why, sizeof why), 2);
    free(copy);
}

static void an_image_that_does_not_fit_the_flash_is_refused(void **state)
{
    const struct file *f = *state;

    assert_refused(f[N_BACKUP].data, MAKE_FLASH, N, 0x100000, "the device has 0x100000");
    assert_refused(f[N_QIO].data, f[N_QIO].len, N, 0x100000, "beyond the flash");
    assert_refused(f[T_RF].data, f[T_RF].len, T, 0x100000, "beyond the flash");
}

static void code_that_tells_no_chip_is_refused(void **state)
{
    static const struct bk7231_key own = {{0x11223344, 0x55667788, 0x99aabbcc, 0x12345678}, "own"};
    struct make m = make_n;
    uint8_t *ua = malloc(BK_APP_TUYA);

    (void)state;
    assert_non_null(ua);
    m.key = &own;
    make_app(&m, ua, BK_APP_TUYA);
    assert_refused(ua, BK_APP_TUYA, N, MAKE_FLASH, "do not tell whether");
    free(ua);
}

static void a_package_too_large_for_the_download_partition_is_refused(void **state)
{
    struct make m = make_n;
    struct pf_image img;
    struct pf_image_part part[PF_IMAGE_PARTS];
    uint8_t *file = malloc(0x200000);
    char why[256];
    size_t n;

    (void)state;
    assert_non_null(file);
    m.code = 0x100000; /* six random bits in eight: packs to about 0xC0000 */
    n = make_rbl(&m, AES_STOCK, file, 0x200000);
    assert_true(n > BK_DOWNLOAD);
    pf_image_inspect(file, n, &img);
    assert_int_equal(img.kind, PF_IMAGE_BK_RBL);
    assert_int_equal(pf_image_place(&img, N, MAKE_FLASH, part, PF_IMAGE_PARTS, why, sizeof why), 0);
    assert_non_null(strstr(why, "0xa6000"));
    free(file);
}

static void too_little_room_for_the_parts_is_refused_not_overrun(void **state)
{
    const struct file *f = *state;
    struct pf_image_part part[2];
    struct pf_image img;
    char why[8];

    memset(part, 0x5a, sizeof part);
    pf_image_inspect(f[N_BACKUP].data, MAKE_FLASH, &img);
    assert_int_equal(pf_image_place(&img, N, MAKE_FLASH, part, 1, why, sizeof why), 0);
    assert_int_equal(part[1].addr, 0x5a5a5a5a);
    assert_int_equal(strlen(why), sizeof why - 1);                     /* cut, with its NUL */
    assert_int_equal(pf_image_place(&img, N, 0, part, 2, NULL, 0), 2); /* size not known: 2 MiB */
}

/* pf_bk7231_firmware(): the sectors that `info` reads. */

static void pick(const uint8_t *flash, const uint32_t *addr, size_t count, struct pf_firmware *out)
{
    const uint8_t *sector[16];

    for (size_t i = 0; i < count; i++)
        sector[i] = flash + addr[i];
    pf_bk7231_firmware(addr, sector, count, out);
}

static void a_few_sectors_tell_loader_key_partitions_and_mac(void **state)
{
    static const uint32_t addr[] = {0x0000,   0x8000,   0x11000,  0x129000,
                                    0x1D0000, 0x1D1000, 0x1E0000, 0x1E1000};
    const struct file *f = *state;
    struct pf_firmware fw;

    pick(f[N_BACKUP].data, addr, 8, &fw);
    assert_string_equal(fw.loader, "BK7231N_1.0.1");
    assert_true(fw.has_mac);
    assert_memory_equal(fw.mac, make_mac, 6);
    assert_true(fw.has_key);
    assert_string_equal(fw.key_name, "tuya");
    assert_string_equal(fw.version, "1.00");
    assert_int_equal(fw.npartitions, 3);
    assert_string_equal(fw.partition[1].name, "app");
    assert_int_equal(fw.partition[1].addr, 0x11000);
    assert_int_equal(fw.partition[1].len, 0x118F70);
    assert_int_equal(fw.partition[2].addr, 0x12A000);
    assert_int_equal(fw.partition[2].len, 0xA6000);
}

static void openbeken_is_told_by_its_configuration_or_its_short_partition(void **state)
{
    static const uint32_t addr[] = {0x0000, 0x11000, 0xFF000, 0x1E0000, 0x1E1000};
    const struct file *f = *state;
    uint8_t *copy = malloc(MAKE_FLASH);
    struct pf_firmware fw;

    assert_non_null(copy);
    memset(copy, 0xff, MAKE_FLASH);
    memcpy(copy, f[T_QIO].data, f[T_QIO].len);
    pick(copy, addr, 5, &fw);
    assert_string_equal(fw.firmware, "OpenBeken");
    memcpy(copy, f[T_BACKUP].data, MAKE_FLASH);
    pick(copy, addr, 5, &fw);
    assert_null(strstr(fw.firmware, "OpenBeken"));
    make_config(copy + 0x1E1000, true);
    pick(copy, addr, 5, &fw);
    assert_non_null(strstr(fw.firmware, "OpenBeken, device lamp"));
    free(copy);
}

static void a_blank_device_tells_nothing(void **state)
{
    static const uint32_t addr[] = {0x0000, 0x11000};
    uint8_t blank[0x12000];
    struct pf_firmware fw;

    (void)state;
    memset(blank, 0xff, sizeof blank);
    pick(blank, addr, 2, &fw);
    assert_string_equal(fw.loader, "");
    assert_string_equal(fw.firmware, "");
    assert_false(fw.has_mac || fw.has_key);
    assert_int_equal(fw.npartitions, 0);
    pf_bk7231_firmware(NULL, NULL, 0, &fw);
    assert_false(fw.has_key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_goes_where_it_belongs_or_is_refused_with_the_reason),
        cmocka_unit_test(images_cut_off_or_damaged_are_refused_with_what_is_wrong),
        cmocka_unit_test(a_damaged_backup_is_still_a_backup),
        cmocka_unit_test(an_image_that_does_not_fit_the_flash_is_refused),
        cmocka_unit_test(code_that_tells_no_chip_is_refused),
        cmocka_unit_test(a_package_too_large_for_the_download_partition_is_refused),
        cmocka_unit_test(too_little_room_for_the_parts_is_refused_not_overrun),
        cmocka_unit_test(a_few_sectors_tell_loader_key_partitions_and_mac),
        cmocka_unit_test(openbeken_is_told_by_its_configuration_or_its_short_partition),
        cmocka_unit_test(a_blank_device_tells_nothing),
    };

    return cmocka_run_group_tests(tests, make_files, free_files);
}
