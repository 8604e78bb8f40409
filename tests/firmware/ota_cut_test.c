/* Updates of each family: what starts after a cut of the power at any flash operation, what energy
 * that costs, and flash that does not take one. */
#include "support/ota_boots.h"
#include "support/ota_world.h"

static jmp_buf dark;

/* The update of `file`, the power going at operation n. True: it had not that many. */
static bool upload_until(uint32_t n, enum host_cut how, const uint8_t *file, size_t len)
{
    if (setjmp(dark))
        return false;
    host_power_to(&dark);
    host_flash_cut(n, how, 0x1234567 + n);
    assert_true(upload(file, len, PIECE));
    host_flash_calm();
    return true;
}

/* At each operation, in each way: what starts is the old or the new; then an update of the
 * plug that came back is taken as ever. `every`: how often that is tried. */
static unsigned cut_everywhere(unsigned every)
{
    static uint32_t n;
    static unsigned how, cuts;

    cuts = 0;
    for (how = 0; how < HOST_CUTS; how++) {
        for (n = 0;; n++) {
            bool whole;

            plug_with(w.base);
            whole = upload_until(n, (enum host_cut)how, w.file, w.len);
            if (whole ? !starts_new() : !starts_old() && !starts_new())
                fail_msg("family %d: cut %u at operation %u: a third", (int)w.family, how,
                         (unsigned)n);
            if (whole)
                break;
            cuts++;
            if (n % every == 0 || starts_new()) {
                plug_on_flash();
                assert_true(upload(w.file, w.len, PIECE));
                assert_true(starts_new());
            }
        }
    }
    return cuts;
}

static void a_cut_at_every_flash_operation_leaves_the_old_or_the_new(void **state)
{
    (void)state;
    for (size_t f = 0; f < FAMILIES; f++) {
        world(families[f]);
        printf("family %d: %u cuts\n", (int)w.family, cut_everywhere(5));
    }
}

/* What an earlier update has left: the other slot in use, records, a package. */
static void the_same_for_a_plug_that_was_updated_before(void **state)
{
    static uint8_t next[ROOM];

    (void)state;
    for (size_t f = 0; f < FAMILIES; f++) {
        size_t len;

        world(families[f]);
        assert_true(upload(w.file, w.len, PIECE));
        memcpy(w.base, host_flash(), FLASH);
        w.old_len = w.new_len;
        memcpy(w.old, w.new, w.new_len);
        len = make_file(w.family, next, 3);
        memcpy(w.file, next, len);
        w.len = len;
        plug_with(w.base);
        assert_true(upload(w.file, w.len, PIECE));
        w.new_len = ota_boots(w.family, host_flash(), w.new, ROOM);
        if (w.family == HAL_BL602) {
            printf("family %d: %u cuts\n", (int)w.family, cut_everywhere(7));
            continue;
        }
        /* The package that waited was installed by the loader meanwhile: what it left of it
         * may go, what runs is the application. */
        for (unsigned how = 0; how < HOST_CUTS; how++) {
            static volatile uint32_t n;

            for (n = 0;; n++) {
                plug_with(w.base);
                if (upload_until(n, (enum host_cut)how, w.file, w.len))
                    break;
                /* either one of the packages, whole, or none any more */
                if (!ota_boots(w.family, host_flash(), next, ROOM))
                    fail_msg("family %d: cut %u at operation %u: nothing starts", (int)w.family,
                             how, (unsigned)n);
                plug_on_flash();
                assert_true(upload(w.file, w.len, PIECE));
                assert_true(starts_new());
            }
        }
    }
}

/* 3680 W flow while an update comes in over a slow net: what was used until the power goes is
 * in `used`, and what starts then is one of the two as ever. */
static volatile double used;

static void turns(unsigned n)
{
    while (n--) {
        used += 3680 / 3600.0 * 250 / 1000;
        host_advance_ms(250);
        plug_tick(&rig, hal_ms());
    }
}

static void metered(void)
{
    assert_true(meter_start(&rig, "TESTPOWER", NULL));
    meter_set_test(&rig, &(struct meter_test){230, 16, 3680, 50, 0});
}

static bool metered_update_until(uint32_t n)
{
    rig_new(w.family, "{}");
    memcpy(host_flash(), w.base, FLASH);
    rig_boot(HAL_RESET_POWER);
    metered();
    used = 0;
    turns(40); /* marks that there are already */
    if (setjmp(dark))
        return false;
    host_power_to(&dark);
    host_flash_cut(n, (enum host_cut)(n % HOST_CUTS), 0x1234567 + n);
    assert_true(ota_begin(&rig, (uint32_t)w.len));
    for (size_t at = 0; at < w.len; at += PIECE) {
        assert_true(give(w.file + at, w.len - at < PIECE ? w.len - at : PIECE));
        turns(6);
    }
    assert_true(ota_end(&rig));
    host_flash_calm();
    return true;
}

static void energy_survives_a_cut_at_any_flash_operation_of_an_update(void **state)
{
    (void)state;
    for (size_t f = 0; f < FAMILIES; f++) {
        static uint32_t n;
        double worst = 0;

        world(families[f]);
        for (n = 0;; n++) {
            const bool whole = metered_update_until(n);
            double lost;

            if (whole ? !starts_new() : !starts_old() && !starts_new())
                fail_msg("family %d: operation %u: a third", (int)w.family, (unsigned)n);
            rig_restart(HAL_RESET_POWER);
            metered();
            lost = used - rig.meter.value[METER_TOTAL];
            worst = lost > worst ? lost : worst;
            if (lost > 1 || lost < -0.01)
                fail_msg("family %d: operation %u: %g Wh lost", (int)w.family, (unsigned)n, lost);
            if (whole)
                break;
        }
        printf("family %d: %u cuts, %.3f Wh lost at worst\n", (int)w.family, (unsigned)n, worst);
    }
}

static void flash_that_does_not_take_an_operation_fails_the_update(void **state)
{
    (void)state;
    for (size_t f = 0; f < FAMILIES; f++) {
        bool done = false;

        world(families[f]);
        for (uint32_t n = 0; !done; n++) {
            uint32_t operations;

            plug_with(w.base);
            host_flash_fail(n);
            if (upload(w.file, w.len, PIECE)) {
                assert_true(starts_new());
            } else {
                assert_true(starts_old());
            }
            operations = host_flash_stats().erases + host_flash_stats().programs;
            done = operations <= n;
            host_flash_calm();
        }
        assert_int_equal(rig.ota.state, OTA_DONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cut_at_every_flash_operation_leaves_the_old_or_the_new),
        cmocka_unit_test(the_same_for_a_plug_that_was_updated_before),
        cmocka_unit_test(energy_survives_a_cut_at_any_flash_operation_of_an_update),
        cmocka_unit_test(flash_that_does_not_take_an_operation_fails_the_update),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
