/* image_test.c - images on real flash maps: what goes where, what is refused,
 * what stays of the device. */
#include "ops/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/make.h"
#include "plugflash/ops.h"

#define SIZE MAKE_FLASH
#define RF_N 0x1d0000u
#define RF_T 0x1e0000u

/* reference bk7231.md 7.1, 7.2 */
static const struct pf_region regions_n[] = {
    {"loader", "loader", 0, 0x11000, PF_REGION_GUARD | PF_REGION_CODE},
    {"app", "application", 0x11000, 0x119000, PF_REGION_CODE},
    {"rf", "MAC and calibration", RF_N, 0x1000, PF_REGION_GUARD | PF_REGION_IDENTITY},
    {0},
};
static const struct pf_region regions_t[] = {
    {"loader", "loader", 0, 0x11000, PF_REGION_GUARD | PF_REGION_LOCKED | PF_REGION_CODE},
    {"app", "application", 0x11000, 0x119000, PF_REGION_CODE},
    {"rf", "MAC and calibration", RF_T, 0x1000, PF_REGION_GUARD | PF_REGION_IDENTITY},
    {0},
};
static const uint32_t info_sectors[] = {0x0, 0x11000, ~0u};

struct plug {
    struct memdev d;
    uint8_t *was;  /* what the device held at first */
    uint8_t *file; /* room for an image */
};

static int plug_open(void **state)
{
    struct plug *p = calloc(1, sizeof *p);

    if (!p || scratch_clear(NULL))
        return -1;
    p->was = malloc(SIZE);
    p->file = malloc(SIZE);
    *state = p;
    return p->was && p->file ? 0 : -1;
}

/* A device with factory firmware made from `m`. */
static void plug_in(struct plug *p, const struct make *m)
{
    const bool is_n = !strcmp(m->chip, "bk7231n");

    memdev_init(&p->d, SIZE / PF_SECTOR, is_n ? regions_n : regions_t);
    p->d.chip.name = m->chip;
    p->d.chip.title = is_n ? "Beken BK7231N" : "Beken BK7231T";
    p->d.chip.family = "bk7231";
    p->d.chip.info_sectors = info_sectors;
    p->d.digest_locks = !is_n;
    memdev_reset(&p->d);
    make_backup(m, p->d.flash);
    memcpy(p->was, p->d.flash, SIZE);
}

static int plug_close(void **state)
{
    struct plug *p = *state;

    if (p->d.flash) {
        assert_int_equal(p->d.violations, 0);
        assert_int_equal(p->d.unlocks, p->d.locks);
        memdev_fini(&p->d);
    }
    free(p->was);
    free(p->file);
    free(p);
    return 0;
}

static void assert_untouched(const struct plug *p)
{
    assert_int_equal(p->d.erases + p->d.writes, 0);
    assert_memory_equal(p->d.flash, p->was, SIZE);
}

static struct make other_unit(const struct make *m)
{
    struct make other = *m;

    other.seed = m->seed + 1;
    return other;
}

static size_t make_qio(const struct make *m, uint8_t *out)
{
    const size_t app = !strcmp(m->chip, "bk7231n") ? 0x118f70 : 0xef000;

    make_loader(m, out);
    make_app(m, out + 0x11000, app);
    return 0x11000 + app;
}

static void a_qio_image_goes_on_an_n_and_leaves_its_identity(void **state)
{
    struct plug *p = *state;
    const struct make other = other_unit(&make_n);
    struct pf_write_options opt = {.path = "qio.bin"};
    struct pf_write_result res;
    size_t len;

    plug_in(p, &make_n);
    len = make_qio(&other, p->file);
    put_file("qio.bin", p->file, len);
    assert_err(&p->d, pf_write(&p->d.base, &opt, &res), PF_OK);
    assert_string_equal(res.image.kind_name, "qio");
    assert_memory_equal(p->d.flash, p->file, len);
    assert_memory_equal(p->d.flash + len, p->was + len, SIZE - len);
    assert_file(res.backup_path, p->was, SIZE);
    /* Again: it is there already. */
    memdev_reset(&p->d);
    memcpy(p->was, p->d.flash, SIZE);
    assert_err(&p->d, pf_write(&p->d.base, &opt, &res), PF_OK);
    assert_true(res.unchanged);
    assert_true(p->d.now <= 1500000);
    assert_untouched(p);
}

static void a_qio_image_on_a_t_leaves_the_loader_alone(void **state)
{
    struct plug *p = *state;
    const struct make other = other_unit(&make_t);
    struct pf_write_options opt = {.path = "qio.bin"};
    struct pf_write_result res;
    size_t len;

    plug_in(p, &make_t);
    len = make_qio(&other, p->file);
    put_file("qio.bin", p->file, len);
    assert_err(&p->d, pf_write(&p->d.base, &opt, &res), PF_OK);
    assert_memory_equal(p->d.flash, p->was, 0x11000);
    assert_memory_equal(p->d.flash + 0x11000, p->file + 0x11000, len - 0x11000);
    assert_memory_equal(p->d.flash + len, p->was + len, SIZE - len);
}

static void an_application_goes_to_its_place(void **state)
{
    struct plug *p = *state;
    const struct make other = other_unit(&make_n);
    struct pf_write_options opt = {.path = "ua.bin", .no_backup = true};
    struct pf_write_result res;

    plug_in(p, &make_n);
    make_app(&other, p->file, 0x118f70);
    put_file("ua.bin", p->file, 0x118f70);
    assert_err(&p->d, pf_write(&p->d.base, &opt, &res), PF_OK);
    memcpy(p->was + 0x11000, p->file, 0x118f70);
    assert_memory_equal(p->d.flash, p->was, SIZE);
}

static void images_of_the_other_chip_are_refused(void **state)
{
    struct plug *p = *state;
    struct pf_write_options opt = {.path = "x.bin"};
    struct pf_write_result res;

    plug_in(p, &make_t);
    make_backup(&make_n, p->file);
    put_file("x.bin", p->file, SIZE);
    assert_err(&p->d, pf_write(&p->d.base, &opt, &res), PF_ERR_CHIP);
    assert_err(&p->d, pf_restore(&p->d.base, &opt, &res), PF_ERR_CHIP);
    make_app(&make_n, p->file, 0x118f70);
    put_file("x.bin", p->file, 0x118f70);
    assert_err(&p->d, pf_write(&p->d.base, &opt, &res), PF_ERR_CHIP);
    /* Another family, and no checks to fail: still the chip is wrong. */
    memset(p->file, 0xff, PF_SECTOR);
    memcpy(p->file, "BFNP", 4);
    put_file("x.bin", p->file, PF_SECTOR);
    assert_err(&p->d, pf_write(&p->d.base, &opt, &res), PF_ERR_CHIP);
    make_app(&make_n, p->file, 0x118f70);
    put_file("x.bin", p->file, 0x118f70);
    /* An address does not make it right. */
    opt.at_given = true;
    opt.at = 0x11000;
    assert_err(&p->d, pf_write(&p->d.base, &opt, &res), PF_ERR_CHIP);
    assert_int_equal(p->d.calls, 0);
    assert_untouched(p);
}

static void a_rotated_backup_is_turned_on_request_and_never_for_an_n(void **state)
{
    struct plug *p = *state;
    const struct make other = other_unit(&make_t);
    struct pf_write_options opt = {.path = "rot.bin"};
    struct pf_write_result res;

    plug_in(p, &make_t);
    make_rotated(&other, p->file);
    put_file("rot.bin", p->file, SIZE);
    assert_err(&p->d, pf_write(&p->d.base, &opt, &res), PF_ERR_CHIP);
    assert_err(&p->d, pf_restore(&p->d.base, &opt, &res), PF_ERR_CHIP);
    assert_non_null(strstr(p->d.ctx.text, "--unrotate"));
    assert_int_equal(p->d.calls, 0);
    opt.unrotate = true;
    assert_err(&p->d, pf_restore(&p->d.base, &opt, &res), PF_OK);
    make_backup(&other, p->file);
    memcpy(p->file, p->was, 0x11000);
    memcpy(p->file + RF_T, p->was + RF_T, PF_SECTOR);
    assert_memory_equal(p->d.flash, p->file, SIZE);
    memdev_fini(&p->d);

    plug_in(p, &make_n);
    assert_err(&p->d, pf_restore(&p->d.base, &opt, &res), PF_ERR_CHIP);
    assert_int_equal(p->d.calls, 0);
    assert_untouched(p);
}

static void a_damaged_image_is_refused_before_anything(void **state)
{
    struct plug *p = *state;
    struct pf_write_options opt = {.path = "qio.bin"};
    struct pf_write_result res;
    size_t len;

    plug_in(p, &make_n);
    len = make_qio(&make_n, p->file);
    p->file[0x13005] ^= 1;
    put_file("qio.bin", p->file, len);
    assert_err(&p->d, pf_write(&p->d.base, &opt, &res), PF_ERR_CHIP);
    assert_non_null(strstr(p->d.ctx.text, "damaged"));
    assert_int_equal(p->d.calls, 0);
    assert_untouched(p);
}

static void a_backup_of_ours_is_restored_whatever_it_holds(void **state)
{
    struct plug *p = *state;
    struct pf_backup_options bo = {.path = "odd.bin"};
    struct pf_write_options opt = {.path = "odd.bin"};
    struct pf_backup_result br;
    struct pf_write_result res;

    plug_in(p, &make_n);
    memdev_fill(p->d.flash, 0, 40, 3); /* no loader, no application, nothing known */
    memcpy(p->file, p->d.flash, SIZE);
    assert_err(&p->d, pf_backup(&p->d.base, &bo, &br), PF_OK);
    memcpy(p->d.flash, p->was, SIZE);
    memdev_reset(&p->d);
    assert_err(&p->d, pf_restore(&p->d.base, &opt, &res), PF_OK);
    assert_memory_equal(p->d.flash, p->file, SIZE);
}

static void code_for_another_key_is_refused(void **state)
{
    struct plug *p = *state;
    struct make other = other_unit(&make_n);
    struct pf_write_options opt = {.path = "ua.bin", .no_backup = true};
    struct pf_write_result res;

    plug_in(p, &make_n);
    make_app(&other, p->file, 0x118f70);
    put_file("ua.bin", p->file, 0x118f70);
    p->d.has_key = true;
    memset(p->d.key, 0x77, sizeof p->d.key);
    assert_err(&p->d, pf_write(&p->d.base, &opt, &res), PF_ERR_CHIP);
    assert_non_null(strstr(p->d.ctx.text, "key"));
    assert_untouched(p);
    assert_true(res.image.has_key);
    memcpy(p->d.key, res.image.key, sizeof p->d.key);
    assert_err(&p->d, pf_write(&p->d.base, &opt, &res), PF_OK);
    memcpy(p->d.flash, p->was, SIZE);
    memset(p->d.key, 0x77, sizeof p->d.key);
    opt.force_key = true;
    assert_err(&p->d, pf_write(&p->d.base, &opt, &res), PF_OK);
    assert_true(p->d.warnings > 0);
}

static void info_names_what_runs(void **state)
{
    struct plug *p = *state;
    struct pf_info info;

    plug_in(p, &make_n);
    assert_err(&p->d, pf_info_read(&p->d.base, &info), PF_OK);
    assert_int_equal(p->d.reads, 2);
    assert_true(info.firmware.has_key);
    assert_string_equal(info.firmware.loader, make_n.loader);
}

static void verify_tells_an_image_from_the_device(void **state)
{
    struct plug *p = *state;
    struct pf_verify_result res;
    size_t len;

    plug_in(p, &make_n);
    len = make_qio(&make_n, p->file);
    memcpy(p->d.flash, p->file, len);
    put_file("qio.bin", p->file, len);
    assert_err(&p->d, pf_verify(&p->d.base, "qio.bin", false, 0, &res), PF_OK);
    p->d.flash[0x20000] ^= 8;
    assert_err(&p->d, pf_verify(&p->d.base, "qio.bin", false, 0, &res), PF_ERR_VERIFY);
    assert_int_equal(res.first_diff, 0x20000);
    assert_int_equal(res.differ, 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, plug_open, plug_close)
    const struct CMUnitTest tests[] = {
        T(a_qio_image_goes_on_an_n_and_leaves_its_identity),
        T(a_qio_image_on_a_t_leaves_the_loader_alone),
        T(an_application_goes_to_its_place),
        T(images_of_the_other_chip_are_refused),
        T(a_rotated_backup_is_turned_on_request_and_never_for_an_n),
        T(a_damaged_image_is_refused_before_anything),
        T(a_backup_of_ours_is_restored_whatever_it_holds),
        T(code_for_another_key_is_refused),
        T(info_names_what_runs),
        T(verify_tells_an_image_from_the_device),
    };

    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
