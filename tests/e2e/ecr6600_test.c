/* The ECR6600 from wires to a restored plug: getting in, each kind of stub,
 * what a failed sync says, which files are refused, what becomes of the unit's
 * MAC and calibration, and the faults seen in other tools (F8 to F12).
 *
 *   PF_SYNC_SEED=n   other power-on moments (printed) */
#include "family.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/checksum.h"
#include "image/make.h"
#include "image/make_bl.h"
#include "image/make_ecr.h"

#define CHIP   "ecr6600"
#define SIZE   0x200000u
#define CPU    0x7000u
#define AMT    0x1FE000u /* nv_amt of a 2 MiB part */
#define AMT_SZ 0x2000u
#define RUNS   200

static const uint8_t mac_here[6] = {0x84, 0xe3, 0x42, 0x11, 0x22, 0x33};
static const uint8_t mac_other[6] = {0x84, 0xe3, 0x42, 0x44, 0x55, 0x66};

static const char *const stubs[] = {"custom", "1.3.11", "1.3.4", "1.4.0"};

static uint8_t *factory(const uint8_t mac[6])
{
    return unit_factory(CHIP, SIZE, 1, mac);
}

static void open_factory(struct unit *u, const char *keys)
{
    uint8_t *flash = factory(mac_here);

    unit_open(u, CHIP, keys, flash, SIZE);
    free(flash);
}

/* getting in ----------------------------------------------------------------- */

static void a_wired_reset_line_gets_in_at_any_power_on_moment(void **state)
{
    (void)state;
    unit_gets_in(CHIP, ",reset=rts,power=on:%u,app=chatty", RUNS);
}

static void a_wired_reset_line_gets_into_a_plug_that_runs_already(void **state)
{
    (void)state;
    unit_gets_in(CHIP, ",reset=rts,app=chatty", RUNS);
}

static void a_person_who_power_cycles_every_3_s_gets_in_whenever_we_come(void **state)
{
    (void)state;
    unit_gets_in(CHIP, ",reset=none,power=cycle:3000,app=chatty", RUNS);
}

static void a_stub_left_behind_is_used_without_a_reset(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof stubs / sizeof *stubs; i++) {
        uint8_t *flash = factory(mac_here);
        struct pf_sim_view view;
        uint64_t resets;
        struct unit u;
        char keys[64];

        snprintf(keys, sizeof keys, ",start=stub,stubbaud=921600,stub=%s", stubs[i]);
        unit_plug(&u, CHIP, keys, flash, SIZE);
        pf_sim_view(u.sim, &view);
        resets = view.resets;
        u.link.stub = NULL; /* what runs is enough */
        u.link.stub_len = 0;
        unit_assert_ok(&u, unit_link(&u), keys);
        pf_sim_view(u.sim, &view);
        assert_int_equal(view.resets, resets);
        unit_close(&u);
        free(flash);
    }
}

static void other_wirings_are_told_by_the_reset_sequence(void **state)
{
    static const char *const rows[][2] = {
        {",reset=nrts,power=fixed,app=chatty", "R0|W0.06|R1"},
        {",reset=dtr,power=fixed,app=chatty", "D1|W0.06|D0"},
        {",reset=ndtr,power=fixed", "D0|W0.06|D1"},
        {",reset=none,app=chatty", "P0|W0.5|P1"},
    };
    uint8_t *flash = factory(mac_here);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct unit u;

        unit_plug(&u, CHIP, rows[i][0], flash, SIZE);
        u.link.reset_seq = rows[i][1];
        unit_assert_ok(&u, unit_link(&u), rows[i][0]);
        unit_close(&u);
    }
    free(flash);
}

static void every_rate_serves_and_those_the_chip_cannot_make_become_a_neighbour(void **state)
{
    static const uint32_t rates[][2] = {
        {115200, 115200}, {230400, 230400}, {460800, 500000},   {500000, 500000},
        {691200, 921600}, {921600, 921600}, {1000000, 1000000}, {2000000, 2000000},
    };
    uint8_t *flash = factory(mac_here);

    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        char what[32];
        struct unit u;

        snprintf(what, sizeof what, "asked %u baud", rates[i][0]);
        unit_plug(&u, CHIP, ",stub=1.3.11", flash, SIZE);
        u.link.baud = rates[i][0];
        unit_assert_ok(&u, unit_link(&u), what);
        if (u.s->id.baud != rates[i][1])
            fail_msg("%s: %u", what, u.s->id.baud);
        unit_assert_ok(&u, unit_backup(&u, "whole.bin"), what);
        unit_assert_file(&u, "whole.bin", flash, what);
        assert_int_equal(u.ctx.retries, 0);
        unit_close(&u);
    }
    free(flash);
}

/* all operations, each stub and size ------------------------------------------- */

static void back_up_erase_write_verify_restore_are_byte_identical_with_each_stub(void **state)
{
    uint8_t *flash = factory(mac_here);

    (void)state;
    for (size_t i = 0; i < sizeof stubs / sizeof *stubs; i++) {
        struct unit u;
        char keys[64];

        snprintf(keys, sizeof keys, ",stub=%s", stubs[i]);
        unit_open(&u, CHIP, keys, flash, SIZE);
        assert_non_null(strstr(u.s->id.loader, stubs[i]));
        unit_round_trip(&u, 0x60000, 0x24000, keys);
        unit_close(&u);
    }
    free(flash);
}

static void stub_1_3_4_with_a_stale_hash_cache_is_still_proved(void **state)
{
    uint8_t *flash = factory(mac_here);
    struct unit u;

    (void)state;
    unit_open(&u, CHIP, ",stub=1.3.4,cache=stale", flash, SIZE);
    unit_round_trip(&u, 0x20000, 0x8000, "stale cache");
    unit_close(&u);
    free(flash);
}

static void flashes_of_1_and_4_mib_are_served_whole(void **state)
{
    static const struct {
        uint32_t size, addr;
        const char *keys;
    } rows[] = {
        {0x100000, 0x30000, ",stub=custom"},
        {0x100000, 0x30000, ",stub=1.4.0"},
        {0x400000, 0x340000, ",stub=custom"},
        {0x400000, 0x340000, ",stub=1.3.4"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t *flash = unit_factory(CHIP, rows[i].size, 1, mac_here);
        struct unit u;

        unit_open(&u, CHIP, rows[i].keys, flash, rows[i].size);
        assert_int_equal(u.s->id.flash_size, rows[i].size);
        unit_round_trip(&u, rows[i].addr, 0x14000, rows[i].keys);
        unit_close(&u);
        free(flash);
    }
}

/* what a failed sync says ------------------------------------------------------ */

static void a_silent_line_names_power_ground_and_swapped_wires(void **state)
{
    (void)state;
    unit_is_diagnosed(CHIP,
                      &(struct unit_line){",reset=none,power=fixed,app=silent",
                                          .words = {"silent", "3.3 V", "common GND", "swapped"}});
}

static void our_own_bytes_coming_back_name_tx_and_rx_joined(void **state)
{
    (void)state;
    unit_is_diagnosed(CHIP, &(struct unit_line){",power=on:9999999,fault=echo>@0:1000000",
                                                .words = {"our own bytes", "TX and RX",
                                                          "connected to each other"}});
}

static void garbage_names_the_rate_and_1_8_v_levels(void **state)
{
    (void)state;
    unit_is_diagnosed(CHIP, &(struct unit_line){",levels=bad,app=chatty,reset=none,power=fixed",
                                                .words = {"make no sense", "rate", "1.8 V"}});
}

static void a_boot_log_is_quoted_and_names_the_missed_window(void **state)
{
    (void)state;
    unit_is_diagnosed(CHIP, &(struct unit_line){",app=chatty,reset=none,power=fixed",
                                                .words = {"text is heard", "100 ms", "missed"}});
}

static void nothing_but_ff_names_wires_ground_and_levels(void **state)
{
    (void)state;
    unit_is_diagnosed(CHIP,
                      &(struct unit_line){",power=on:9999999", .noise = 0xff, .noise_us = 150000,
                                          .words = {"bytes FF", "swapped", "GND", "1.8 V"}});
}

static void nothing_but_zero_names_a_line_held_low(void **state)
{
    (void)state;
    unit_is_diagnosed(CHIP,
                      &(struct unit_line){",power=on:9999999", .noise = 0x00, .noise_us = 150000,
                                          .words = {"zero bytes", "held low", "powered"}});
}

static void a_lone_byte_names_a_missed_window_and_a_weak_supply(void **state)
{
    (void)state;
    unit_is_diagnosed(CHIP,
                      &(struct unit_line){",power=on:9999999", .noise = 0x80, .noise_us = 5000000,
                                          .words = {"lone byte", "supply", "power-on"}});
}

static void a_reset_pad_switched_off_is_named_and_power_advised(void **state)
{
    (void)state;
    unit_is_diagnosed(
        CHIP, &(struct unit_line){",resetpad=off,reset=rts,power=fixed,app=chatty",
                                  .words = {"text is heard", "reset pad off", "cut the power"}});
    unit_is_diagnosed(CHIP,
                      &(struct unit_line){",resetpad=off,reset=rts,power=fixed,app=silent",
                                          .words = {"silent", "reset pad off", "cut the power"}});
}

static void a_reset_pad_switched_off_is_overcome_by_power(void **state)
{
    uint8_t *flash = factory(mac_here);
    struct unit u;

    (void)state;
    unit_open(&u, CHIP, ",resetpad=off,reset=rts,power=wired,app=chatty", flash, SIZE);
    unit_close(&u);
    free(flash);
}

static void a_loader_past_its_sync_is_realigned(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 12; n++) {
        uint8_t *flash = factory(mac_here);
        char keys[64];
        struct unit u;

        snprintf(keys, sizeof keys, ",start=loader,header=%u,reset=none,power=fixed", n);
        unit_open(&u, CHIP, keys, flash, SIZE);
        unit_close(&u);
        free(flash);
    }
}

/* files that do not belong here ------------------------------------------------ */

#define FILE_ROOM 0x210000u

static void files_of_other_chips_are_refused_by_name(void **state)
{
    uint8_t *data = malloc(FILE_ROOM);
    struct unit u;

    (void)state;
    assert_non_null(data);
    open_factory(&u, "");
    unit_refuses_file(&u, "bl-app", data, make_bl_app(data, 0x8000), "BL602", "ECR6600");
    make_bl_backup(data, 0x8000, NULL);
    unit_refuses_file(&u, "bl-whole", data, BL_MAKE_FLASH, "BL602", "ECR6600");
    unit_refuses_file(&u, "bl-ota", data, make_bl_ota(data, FILE_ROOM, 0x8000, true), "BL602",
                      "ECR6600");
    make_backup(&make_n, data);
    unit_refuses_file(&u, "bk-whole", data, MAKE_FLASH, "BK7231", "ECR6600");
    make_app(&make_t, data, 0x121000);
    unit_refuses_file(&u, "bk-ua", data, 0x121000, "BK7231", "ECR6600");
    unit_refuses_file(&u, "bk-ug", data, make_ug(&make_n, data, FILE_ROOM), "BK7231", NULL);
    unit_close(&u);
    free(data);
}

static void stub_ota_package_and_cut_files_are_refused_by_name(void **state)
{
    uint8_t *data = malloc(FILE_ROOM);
    struct unit u;
    size_t n;

    (void)state;
    assert_non_null(data);
    open_factory(&u, "");
    n = make_ecr_stub(data, "ECR6600F_stub_V1.4.0");
    unit_refuses_file(&u, "stub", data, n, "stub", "not firmware");
    unit_refuses_file(&u, "eflash", data, make_bl_loader(data, 0x1400), "stub", NULL);
    n = make_ecr_ota(data, FILE_ROOM, 0x9000);
    unit_refuses_file(&u, "ota", data, n, "OTA package", "image convert");
    n = make_ecr_cpu(data, 0x9000);
    unit_refuses_file(&u, "cut-cpu", data, n / 2, "cut", NULL);
    n = make_ecr_oneb(data, 0x9000);
    unit_refuses_file(&u, "cut-oneb", data, n - 0x1234, "cut", NULL);
    n = make_ecr_uboot(data, 0x2000);
    unit_refuses_file(&u, "cut-uboot", data, n - 1, "cut", NULL);
    make_ecr_backup(data, 0x9000);
    unit_refuses_file(&u, "cut-whole", data, SIZE - PF_SECTOR, "cut", NULL);
    n = make_ecr_cpu(data, 0x9000);
    data[0x10] ^= 1; /* the header no longer agrees with its sum */
    unit_refuses_file(&u, "bad-cpu", data, n, "damaged", NULL);
    unit_close(&u);
    free(data);
}

static void firmware_offered_as_a_stub_is_refused_by_name(void **state)
{
    uint8_t *data = malloc(FILE_ROOM), *stub;
    struct unit u;
    size_t n, len;

    (void)state;
    assert_non_null(data);
    open_factory(&u, "");
    for (int i = 0; i < 3; i++) {
        static const char *const words[][3] = {{"not a RAM stub", "application"},
                                               {"not a RAM stub", "all-in-one"},
                                               {"not a RAM stub", "backup"}};

        if (i == 2)
            make_ecr_backup(data, 0x9000);
        n = i == 0 ? make_ecr_cpu(data, 0x9000) : i == 1 ? make_ecr_oneb(data, 0x9000) : SIZE;
        unit_save(&u, "offered", data, n);
        unit_assert_refused(&u, pf_stub_open(&u.ctx, unit_path(&u, "offered"), &stub, &len),
                            PF_ERR_CHIP, words[i], "stub");
    }
    unit_close(&u);
    free(data);
}

/* identity --------------------------------------------------------------------- */

static void an_opened_nv_amt_is_not_erased_with_all_unless_a_backup_has_it(void **state)
{
    static const char *const names[] = {"nv_amt"};
    struct pf_erase_options opt = {
        .all = true, .no_backup = true, .guard = {.names = names, .count = 1}};
    struct unit u;

    (void)state;
    open_factory(&u, "");
    assert_int_equal(pf_erase(u.s, &opt, &u.res), PF_ERR_GUARD);
    assert_memory_equal(unit_flash(&u), u.was, SIZE);
    opt.no_backup = false;
    opt.backup_path = unit_path(&u, "before.bin");
    unit_assert_ok(&u, pf_erase(u.s, &opt, &u.res), "with a backup");
    assert_true(pf_is_blank(unit_flash(&u) + AMT, AMT_SZ));
    unit_assert_file(&u, "before.bin", u.was, "the backup made before");
    unit_close(&u);
}

static void nv_amt_survives_erase_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof stubs / sizeof *stubs; i++) {
        struct pf_erase_options opt = {.all = true};
        struct unit u;
        char keys[64];

        snprintf(keys, sizeof keys, ",stub=%s", stubs[i]);
        open_factory(&u, keys);
        opt.backup_path = unit_path(&u, "before.bin");
        unit_assert_ok(&u, pf_erase(u.s, &opt, &u.res), keys);
        assert_memory_equal(unit_flash(&u) + AMT, u.was + AMT, AMT_SZ);
        assert_memory_equal(unit_flash(&u), u.was, CPU); /* the way in */
        assert_true(pf_is_blank(unit_flash(&u) + CPU, 0x1B0000));
        unit_assert_only(&u, CPU, AMT, keys);
        unit_assert_file(&u, "before.bin", u.was, "the backup made before");
        unit_close(&u);
    }
}

/* Another unit's backup: other firmware, MAC and calibration. */
static uint8_t *other_unit(void)
{
    uint8_t *flash = unit_factory(CHIP, SIZE, 1, mac_other);

    unit_noise(flash + 0x30000, 0x5000, 99);
    unit_noise(flash + 0x1C0000, 0x1800, 98);
    return flash;
}

static void nv_amt_survives_a_whole_flash_write_and_a_restore_of_another_unit(void **state)
{
    uint8_t *other = other_unit(), *want = other_unit();

    (void)state;
    for (int restore = 0; restore < 2; restore++) {
        struct unit u;

        open_factory(&u, "");
        assert_memory_not_equal(other + AMT, u.was + AMT, AMT_SZ);
        memcpy(want + AMT, u.was + AMT, AMT_SZ);
        unit_save(&u, "other.bin", other, SIZE);
        unit_assert_ok(
            &u, restore ? unit_restore(&u, "other.bin", NULL) : unit_write(&u, "other.bin", NULL),
            restore ? "restore" : "write");
        unit_assert_holds(&u, want, restore ? "restore" : "write");
        unit_assert_only(&u, 0, AMT, "identity");
        unit_close(&u);
    }
    free(want);
    free(other);
}

static void identity_image_moves_the_other_units_nv_amt_in(void **state)
{
    const struct pf_write_options opt = {.no_backup = true, .identity = PF_IDENTITY_IMAGE};
    uint8_t *other = other_unit();

    (void)state;
    for (int restore = 0; restore < 2; restore++) {
        struct unit u;

        open_factory(&u, "");
        unit_save(&u, "other.bin", other, SIZE);
        unit_assert_ok(
            &u, restore ? unit_restore(&u, "other.bin", &opt) : unit_write(&u, "other.bin", &opt),
            "--identity image");
        unit_assert_holds(&u, other, "--identity image");
        unit_close(&u);
    }
    free(other);
}

/* The flash a device makes up for itself with these keys. */
static uint8_t *made_by_the_device(const char *spec, uint32_t size)
{
    uint8_t *flash = malloc(size);
    struct pf_transport *sim;
    struct pf_sim_view view;
    struct pf_ctx ctx = {0};

    assert_non_null(flash);
    assert_int_equal(pf_sim_open(&ctx, spec, &sim), PF_OK);
    pf_sim_view(sim, &view);
    assert_int_equal(view.size, size);
    memcpy(flash, view.flash, size);
    sim->ops->close(sim);
    return flash;
}

static void nv_amt_is_found_where_the_devices_own_table_has_it(void **state)
{
    const struct pf_write_options opt = {.no_backup = true, .at_given = true, .at = 0x3FE000};
    static const char *const words[] = {"nv_amt", "--guard", NULL};
    struct pf_erase_options all = {.all = true};
    uint8_t *flash = made_by_the_device(CHIP ",layout=obk-high,size=4M", 0x400000);
    struct unit u;

    (void)state;
    assert_false(pf_is_blank(flash + 0x3FE000, AMT_SZ));
    unit_open(&u, CHIP, "", flash, 0x400000);
    all.backup_path = unit_path(&u, "before.bin");
    unit_assert_ok(&u, pf_erase(u.s, &all, &u.res), "4 MiB");
    assert_memory_equal(unit_flash(&u) + 0x3FE000, flash + 0x3FE000, AMT_SZ);
    assert_true(pf_is_blank(unit_flash(&u) + AMT, AMT_SZ)); /* nothing special here */
    unit_save(&u, "part.bin", flash, 16);
    unit_assert_refused(&u, unit_write(&u, "part.bin", &opt), PF_ERR_GUARD, words, "--at");
    unit_close(&u);
    free(flash);
}

/* firmware ----------------------------------------------------------------------- */

static void an_application_goes_where_the_table_has_it_and_nowhere_else(void **state)
{
    uint8_t *data = malloc(FILE_ROOM), *want = factory(mac_here);
    struct unit u;
    size_t n;

    (void)state;
    assert_non_null(data);
    n = make_ecr_cpu(data, 0x21234);
    open_factory(&u, "");
    unit_save(&u, "cpu.bin", data, n);
    unit_assert_ok(&u, unit_write(&u, "cpu.bin", NULL), "cpu");
    memcpy(want + CPU, data, n);
    unit_assert_holds(&u, want, "cpu");
    unit_assert_ok(&u, unit_verify(&u, "cpu.bin", false, 0), "cpu");
    unit_close(&u);
    free(want);
    free(data);
}

static void a_container_is_placed_part_by_part_and_its_stub_never(void **state)
{
    static const char *const names[] = {"partition", "uboot"};
    const struct pf_write_options opt = {.no_backup = true, .guard = {.names = names, .count = 2}};
    uint8_t *data = malloc(FILE_ROOM), *part = malloc(FILE_ROOM), *want = factory(mac_here);
    struct unit u;
    size_t n;

    (void)state;
    assert_non_null(data);
    assert_non_null(part);
    make_ecr_table(want);
    n = make_ecr_uboot(part, 0x2000);
    memcpy(want + 0x1000, part, n);
    n = make_ecr_cpu(part, 0x15000);
    memcpy(want + CPU, part, n);
    n = make_ecr_oneb(data, 0x15000);
    open_factory(&u, "");
    unit_save(&u, "all.bin", data, n);
    unit_assert_ok(&u, unit_write(&u, "all.bin", &opt), "oneb");
    unit_assert_holds(&u, want, "oneb");
    unit_assert_ok(&u, unit_verify(&u, "all.bin", false, 0), "oneb");
    unit_assert_only(&u, 0, CPU + 0x16000, "oneb");
    free(want);
    free(part);
    free(data);
    unit_close(&u);
}

static void a_container_does_not_replace_uboot_or_table_unasked(void **state)
{
    static const char *const words[] = {"--guard", "uboot", NULL};
    uint8_t *data = malloc(FILE_ROOM);
    struct unit u;

    (void)state;
    assert_non_null(data);
    open_factory(&u, "");
    unit_save(&u, "all.bin", data, make_ecr_oneb(data, 0x15000));
    unit_assert_refused(&u, unit_write(&u, "all.bin", NULL), PF_ERR_GUARD, words, "oneb");
    unit_assert_untouched(&u, "oneb");
    unit_close(&u);
    free(data);
}

/* faults seen elsewhere ------------------------------------------------------------ */

static void f8_an_acknowledgement_lost_anywhere_does_not_shift_what_is_written(void **state)
{
    uint8_t data[3 * PF_SECTOR], *flash = factory(mac_here), *want = factory(mac_here);

    (void)state;
    unit_noise(data, sizeof data, 8);
    memcpy(want + 0x40000, data, sizeof data);
    for (size_t i = 0; i < sizeof stubs / sizeof *stubs; i++)
        for (unsigned at = 0, fired = 1; fired; at++) {
            struct pf_sim_view view;
            struct unit u;
            char keys[64];
            enum pf_err err;

            snprintf(keys, sizeof keys, ",stub=%s,fault=silence@%u", stubs[i], at);
            unit_open(&u, CHIP, keys, flash, SIZE);
            err = unit_write_at(&u, 0x40000, data, sizeof data);
            unit_assert_ok(&u, err, keys);
            unit_assert_holds(&u, want, keys);
            pf_sim_view(u.sim, &view);
            fired = view.fault_fired;
            unit_close(&u);
        }
    free(want);
    free(flash);
}

static void f9_an_odd_length_leaves_its_neighbours_alone(void **state)
{
    static const struct {
        uint32_t at, len;
    } spans[] = {{0x40000, 1}, {0x40fff, 2}, {0x41003, 1500}, {0x42000, 0x1001}, {0x45ffd, 0x2007}};
    uint8_t data[0x3000], *want = factory(mac_here);

    (void)state;
    unit_noise(data, sizeof data, 9);
    for (size_t i = 0; i < sizeof stubs / sizeof *stubs; i++) {
        struct unit u;
        char keys[64];

        snprintf(keys, sizeof keys, ",stub=%s", stubs[i]);
        open_factory(&u, keys);
        memcpy(want, u.was, SIZE);
        for (size_t k = 0; k < sizeof spans / sizeof *spans; k++) {
            unit_assert_ok(&u, unit_write_at(&u, spans[k].at, data, spans[k].len), keys);
            memcpy(want + spans[k].at, data, spans[k].len);
            unit_assert_holds(&u, want, keys);
        }
        unit_assert_only(&u, 0x40000, 0x49000, keys);
        unit_assert_erased_first(&u, keys);
        unit_close(&u);
    }
    free(want);
}

static void f10_noise_and_late_answers_are_skipped(void **state)
{
    uint8_t data[2 * PF_SECTOR], *flash = factory(mac_here), *want = factory(mac_here);

    (void)state;
    unit_noise(data, sizeof data, 10);
    memcpy(want + 0x40000, data, sizeof data);
    for (unsigned at = 0; at < 40; at++) {
        static const char *const kinds[] = {"noise@%u:30", "holdlate@%u"};

        for (size_t k = 0; k < 2; k++) {
            char fault[32], keys[64];
            struct unit u;

            snprintf(fault, sizeof fault, kinds[k], at);
            snprintf(keys, sizeof keys, ",stub=1.3.11,fault=%s", fault);
            unit_open(&u, CHIP, keys, flash, SIZE);
            unit_assert_ok(&u, unit_write_at(&u, 0x40000, data, sizeof data), keys);
            unit_assert_holds(&u, want, keys);
            unit_close(&u);
        }
    }
    free(want);
    free(flash);
}

/* The longest answer asked for, and the longest data frame sent. */
struct longest {
    uint32_t read, frame;
};

static void listen_for_length(void *user, const uint8_t *data, size_t len)
{
    struct longest *l = user;

    if (len >= 12 && data[0] == 0xa5 && data[1] == 0x03) {
        const uint32_t n = data[8] | data[9] << 8 | data[10] << 16 | (uint32_t)data[11] << 24;

        l->read = n > l->read ? n : l->read;
    }
    if (len > 64 && len > l->frame)
        l->frame = (uint32_t)len;
}

static void f11_no_frame_is_ever_longer_than_its_length_field_can_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof stubs / sizeof *stubs; i++) {
        const uint32_t most = i == 1 ? 0x2000 : 0x8000; /* 1.3.11 has a small buffer */
        struct longest l = {0, 0};
        struct unit u;
        char keys[64];

        snprintf(keys, sizeof keys, ",stub=%s", stubs[i]);
        open_factory(&u, keys);
        u.tap->heard = listen_for_length;
        u.tap->user = &l;
        unit_round_trip(&u, 0x60000, 0x14000, keys);
        assert_in_range(l.read, 0x1000, most);
        assert_in_range(l.frame, 0x1000, 0x1010);
        unit_close(&u);
    }
}

static void f12_a_hash_that_never_comes_is_a_plain_error(void **state)
{
    struct pf_stats stats = {0};
    struct pf_digest digest;
    struct unit u;
    enum pf_err err;

    (void)state;
    open_factory(&u, "");
    u.tap->mute = true;
    err = pf_hash(u.s, 0, SIZE, &digest, &stats);
    assert_int_equal(pf_exit_status(err), 6);
    assert_true(strlen(u.ctx.text) > 20);
    assert_true(pf_now(u.sim) < 600000000);
    unit_close(&u);
}

static void f12_a_stub_that_cannot_hash_is_read_instead(void **state)
{
    struct pf_stats stats = {0};
    struct pf_digest digest;
    struct unit u;

    (void)state;
    open_factory(&u, ",stub=1.4.0");
    unit_assert_ok(&u, pf_hash(u.s, 0x7000, 0x9000, &digest, &stats), "hash");
    assert_int_equal(digest.kind, PF_DIGEST_CRC32);
    assert_int_equal(digest.crc32, pf_crc32(0, u.was + 0x7000, 0x9000));
    unit_assert_ok(&u, unit_backup(&u, "whole.bin"), "1.4.0");
    assert_int_equal(u.backup.proof, PF_PROOF_READBACK);
    unit_close(&u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wired_reset_line_gets_in_at_any_power_on_moment),
        cmocka_unit_test(a_wired_reset_line_gets_into_a_plug_that_runs_already),
        cmocka_unit_test(a_person_who_power_cycles_every_3_s_gets_in_whenever_we_come),
        cmocka_unit_test(a_stub_left_behind_is_used_without_a_reset),
        cmocka_unit_test(other_wirings_are_told_by_the_reset_sequence),
        cmocka_unit_test(every_rate_serves_and_those_the_chip_cannot_make_become_a_neighbour),
        cmocka_unit_test(back_up_erase_write_verify_restore_are_byte_identical_with_each_stub),
        cmocka_unit_test(stub_1_3_4_with_a_stale_hash_cache_is_still_proved),
        cmocka_unit_test(flashes_of_1_and_4_mib_are_served_whole),
        cmocka_unit_test(a_silent_line_names_power_ground_and_swapped_wires),
        cmocka_unit_test(our_own_bytes_coming_back_name_tx_and_rx_joined),
        cmocka_unit_test(garbage_names_the_rate_and_1_8_v_levels),
        cmocka_unit_test(a_boot_log_is_quoted_and_names_the_missed_window),
        cmocka_unit_test(nothing_but_ff_names_wires_ground_and_levels),
        cmocka_unit_test(nothing_but_zero_names_a_line_held_low),
        cmocka_unit_test(a_lone_byte_names_a_missed_window_and_a_weak_supply),
        cmocka_unit_test(a_reset_pad_switched_off_is_named_and_power_advised),
        cmocka_unit_test(a_reset_pad_switched_off_is_overcome_by_power),
        cmocka_unit_test(a_loader_past_its_sync_is_realigned),
        cmocka_unit_test(files_of_other_chips_are_refused_by_name),
        cmocka_unit_test(stub_ota_package_and_cut_files_are_refused_by_name),
        cmocka_unit_test(firmware_offered_as_a_stub_is_refused_by_name),
        cmocka_unit_test(an_opened_nv_amt_is_not_erased_with_all_unless_a_backup_has_it),
        cmocka_unit_test(nv_amt_survives_erase_all),
        cmocka_unit_test(nv_amt_survives_a_whole_flash_write_and_a_restore_of_another_unit),
        cmocka_unit_test(identity_image_moves_the_other_units_nv_amt_in),
        cmocka_unit_test(nv_amt_is_found_where_the_devices_own_table_has_it),
        cmocka_unit_test(an_application_goes_where_the_table_has_it_and_nowhere_else),
        cmocka_unit_test(a_container_is_placed_part_by_part_and_its_stub_never),
        cmocka_unit_test(a_container_does_not_replace_uboot_or_table_unasked),
        cmocka_unit_test(f8_an_acknowledgement_lost_anywhere_does_not_shift_what_is_written),
        cmocka_unit_test(f9_an_odd_length_leaves_its_neighbours_alone),
        cmocka_unit_test(f10_noise_and_late_answers_are_skipped),
        cmocka_unit_test(f11_no_frame_is_ever_longer_than_its_length_field_can_say),
        cmocka_unit_test(f12_a_hash_that_never_comes_is_a_plain_error),
        cmocka_unit_test(f12_a_stub_that_cannot_hash_is_read_instead),
    };

    return cmocka_run_group_tests_name("ECR6600", tests, NULL, NULL);
}
