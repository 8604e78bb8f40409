/* The BL602 from wires to a restored plug: both wirings of the control lines,
 * flashes of each size, placement by the device's own partition table, which
 * files are refused, what `info` tells, and the faults seen in other tools
 * (F6, F7, F17).
 *
 *   PF_SYNC_SEED=n   other power-on moments (printed)
 *   PLUGFLASH=FILE   the program, for `info` as text and JSON */
#include "family.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/checksum.h"
#include "image/make.h"
#include "image/make_bl.h"
#include "image/make_ecr.h"

#define CHIP      "bl602"
#define SIZE      0x200000u
#define TABLE     0xE000u
#define FW        0x10000u
#define FILE_ROOM 0x210000u
#define RUNS      40

static void open_factory(struct unit *u, const char *keys)
{
    uint8_t *flash = unit_factory(CHIP, SIZE, 1, NULL);

    unit_open(u, CHIP, keys, flash, SIZE);
    free(flash);
}

/* getting in ----------------------------------------------------------------- */

static const char *const wirings[] = {
    ",reset=dtr,strap=rts",
    ",reset=rts,strap=ndtr",
};

static void either_wiring_of_reset_and_boot_gets_in_and_starts_the_firmware_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wirings / sizeof *wirings; i++) {
        struct pf_sim_view view;
        struct unit u;

        open_factory(&u, wirings[i]);
        pf_sim_view(u.sim, &view);
        assert_true(view.in_loader);
        unit_assert_ok(&u, u.s->proto->leave(u.s, PF_AFTER_RUN), wirings[i]);
        pf_sleep(u.sim, 500000);
        pf_sim_view(u.sim, &view);
        assert_false(view.in_loader);
        unit_assert_untouched(&u, wirings[i]);
        unit_close(&u);
    }
}

static void other_wirings_are_told_by_the_reset_sequence(void **state)
{
    static const char *const rows[][2] = {
        {",reset=rts,strap=dtr,power=fixed", "D1|W0.05|R1|W0.05|R0|W0.1|D0"},
        {",reset=nrts,strap=dtr,power=fixed", "D1&R1|W0.05|R0|W0.05|R1|W0.1|D0"},
        {",reset=dtr,strap=nrts,power=fixed", "R0&D1|W0.05|D0|W0.1"},
        {",reset=none,strap=rts", "R1|P0|W0.5|P1|W0.1|R0"},
    };
    uint8_t *flash = unit_factory(CHIP, SIZE, 1, NULL);

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

static void every_rate_of_the_ladder_serves(void **state)
{
    uint8_t *flash = unit_factory(CHIP, SIZE, 1, NULL);
    const uint32_t *rate = pf_chip_by_name(CHIP)->baud.ladder;

    (void)state;
    for (; *rate; rate++) {
        char what[32];
        struct unit u;

        snprintf(what, sizeof what, "%u baud", *rate);
        unit_plug(&u, CHIP, "", flash, SIZE);
        u.link.baud = *rate;
        unit_assert_ok(&u, unit_link(&u), what);
        assert_int_equal(u.s->id.baud, *rate);
        unit_assert_ok(&u, unit_backup(&u, "whole.bin"), what);
        unit_assert_file(&u, "whole.bin", flash, what);
        unit_close(&u);
    }
    free(flash);
}

static void without_lines_a_person_who_power_cycles_gets_in_whenever_we_come(void **state)
{
    (void)state;
    unit_gets_in(CHIP, ",reset=none,strap=hand,power=cycle:3000", RUNS);
    unit_gets_in(CHIP, ",reset=none,strap=high,power=cycle:3000", RUNS);
}

static void a_loader_that_runs_is_found_without_a_reset(void **state)
{
    static const char *const keys[] = {
        ",start=loader,session=921600", ",start=loader,session=500000",
        ",start=loader,session=921600,loader=blflash", ",start=loader,session=500000,loader=mcu"};
    uint8_t *flash = unit_factory(CHIP, SIZE, 1, NULL);

    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct pf_sim_view view;
        uint64_t resets;
        struct unit u;

        unit_plug(&u, CHIP, keys[i], flash, SIZE);
        pf_sim_view(u.sim, &view);
        resets = view.resets;
        u.link.stub = NULL;
        u.link.stub_len = 0;
        u.link.baud = i % 2 ? 500000 : 0; /* a question at another rate would spoil its session */
        unit_assert_ok(&u, unit_link(&u), keys[i]);
        pf_sim_view(u.sim, &view);
        assert_int_equal(view.resets, resets);
        assert_non_null(strstr(u.s->id.loader, "running before"));
        assert_true(pf_now(u.sim) < 5000000); /* no train has spoiled it */
        unit_assert_ok(&u, unit_backup(&u, "whole.bin"), keys[i]);
        unit_assert_file(&u, "whole.bin", flash, keys[i]);
        unit_close(&u);
    }
    free(flash);
}

static void a_failed_sync_names_the_likely_cause(void **state)
{
    static const struct unit_line lines[] = {
        {",reset=none,power=fixed,strap=low,app=silent",
         .words = {"silent", "common GND", "swapped", "GPIO8"}},
        {",power=on:9999999,fault=echo>@0:1000000",
         .words = {"our own bytes", "connected to each other"}},
        {",reset=none,power=fixed,strap=low,app=chatty,levels=bad",
         .words = {"make no sense", "GND"}},
        {",reset=none,power=fixed,strap=low,app=chatty", /* at its own rate, not at ours */
         .words = {"make no sense", "another rate", "GPIO8"}},
        {",reset=none,power=fixed,strap=low,app=chatty", .boot_baud = 115200,
         .words = {"text is heard", "GPIO8 was not high"}},
        {",power=on:9999999", .noise = 0x00, .noise_us = 150000, .words = {"held low"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        unit_is_diagnosed(CHIP, &lines[i]);
}

/* all operations ------------------------------------------------------------- */

static void back_up_erase_write_verify_restore_are_byte_identical_at_each_size(void **state)
{
    static const struct {
        uint32_t size, addr;
    } rows[] = {{0x100000, 0x40000}, {0x200000, 0x50000}, {0x400000, 0x2F0000}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t *flash = unit_factory(CHIP, rows[i].size, 1, NULL);
        struct unit u;
        char what[32];

        snprintf(what, sizeof what, "0x%x bytes", rows[i].size);
        unit_open(&u, CHIP, "", flash, rows[i].size);
        assert_int_equal(u.s->id.flash_size, rows[i].size);
        unit_round_trip(&u, rows[i].addr, 0x24000, what);
        unit_close(&u);
        free(flash);
    }
}

static void another_units_backup_is_restored_whole(void **state)
{
    static const char *const words[] = {"flash", NULL};
    uint8_t *other = unit_factory(CHIP, 2 * SIZE, 7, NULL);
    struct unit u;

    (void)state;
    open_factory(&u, "");
    unit_save(&u, "larger.bin", other, 2 * SIZE);
    unit_assert_refused(&u, unit_restore(&u, "larger.bin", NULL), PF_ERR_CHIP, words, "4 MiB");
    unit_assert_untouched(&u, "4 MiB");
    free(other);
    other = unit_factory(CHIP, SIZE, 7, NULL);
    unit_save(&u, "other.bin", other, SIZE);
    unit_assert_ok(&u, unit_restore(&u, "other.bin", NULL), "restore");
    unit_assert_holds(&u, other, "restore");
    unit_close(&u);
    free(other);
}

static void each_build_of_the_loader_serves_all_operations(void **state)
{
    static const char *const builds[] = {"mcu", "1.4.8", "blflash", "rc32m"};

    (void)state;
    for (size_t i = 0; i < sizeof builds / sizeof *builds; i++) {
        struct unit u;
        char keys[32];

        snprintf(keys, sizeof keys, ",loader=%s", builds[i]);
        open_factory(&u, keys);
        unit_round_trip(&u, 0x50000, 0x14000, keys);
        unit_close(&u);
    }
}

/* Bytes of a span, and nothing else. */
static void a_write_at_an_offset_changes_only_its_range(void **state)
{
    static const struct {
        uint32_t at, len;
    } spans[] = {
        {0x40000, 0x1000},  /* the end that others get wrong by one */
        {0x50000, 0x10000}, /* a block */
        {0x68000, 0x8000},  /* half of one */
        {0x71000, 0xF000},  {0x90001, 1},     {0x92ffe, 4},
        {0x95123, 0x3210},  {0xA0000, 0xfff}, {0xB0800, 0x800},
    };
    uint8_t *data = malloc(0x10000), *want = malloc(SIZE);

    (void)state;
    assert_non_null(data);
    assert_non_null(want);
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        const uint32_t lo = spans[i].at / PF_SECTOR * PF_SECTOR,
                       hi = (spans[i].at + spans[i].len + PF_SECTOR - 1) / PF_SECTOR * PF_SECTOR;
        struct unit u;
        char what[48];

        snprintf(what, sizeof what, "0x%x bytes at 0x%06x", spans[i].len, spans[i].at);
        unit_noise(data, spans[i].len, (uint32_t)i);
        open_factory(&u, "");
        memcpy(want, u.was, SIZE);
        memcpy(want + spans[i].at, data, spans[i].len);
        unit_assert_ok(&u, unit_write_at(&u, spans[i].at, data, spans[i].len), what);
        unit_assert_holds(&u, want, what);
        unit_assert_only(&u, lo, hi, what);
        unit_assert_erased_first(&u, what);
        unit_close(&u);
    }
    free(want);
    free(data);
}

static void an_erase_ends_with_its_last_sector(void **state)
{
    static const uint32_t lens[] = {0x1000, 0x2000, 0x8000, 0x10000, 0x11000, 0x20000};
    uint8_t *want = malloc(SIZE);

    (void)state;
    assert_non_null(want);
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        struct unit u;
        char what[32];

        snprintf(what, sizeof what, "erase of 0x%x", lens[i]);
        open_factory(&u, "");
        memcpy(want, u.was, SIZE);
        memset(want + 0x20000, 0xff, lens[i]);
        unit_assert_ok(&u, unit_erase(&u, 0x20000, lens[i]), what);
        unit_assert_holds(&u, want, what);
        unit_assert_only(&u, 0x20000, 0x20000 + lens[i], what);
        unit_close(&u);
    }
    free(want);
}

/* partition tables ------------------------------------------------------------- */

struct copy {
    enum make_bl_table which;
    uint32_t age;
    uint8_t active;
    enum { WHOLE, DAMAGED, BLANK } state;
};

struct tables {
    const char *what;
    struct copy copy[2];
    uint32_t app;         /* bytes of its code */
    uint32_t at;          /* where it goes; 0: refused */
    const char *words[3]; /* of the refusal, ends with NULL */
};

static void put_table(uint8_t *sector, const struct copy *c)
{
    memset(sector, 0xff, PF_SECTOR);
    if (c->state == BLANK)
        return;
    make_bl_table(sector, c->which);
    make_bl_table_set(sector, c->age, c->active);
    if (c->state == DAMAGED)
        sector[20] ^= 0x40;
}

static void an_application_goes_where_the_devices_own_table_has_it(void **state)
{
    static const struct tables rows[] = {
        {"OpenBeken's", {{BL_2M, 0, 0, WHOLE}, {BL_2M, 0, 0, WHOLE}}, 0x8000, FW, {0}},
        {"the vendor's", {{BL_VENDOR, 0, 0, WHOLE}, {BL_VENDOR, 0, 0, WHOLE}}, 0x8000, FW, {0}},
        {"large, OpenBeken's", {{BL_2M, 0, 0, WHOLE}, {BL_2M, 0, 0, WHOLE}}, 0xD0000, FW, {0}},
        {"large, the vendor's",
         {{BL_VENDOR, 0, 0, WHOLE}, {BL_VENDOR, 0, 0, WHOLE}},
         0xD0000,
         0,
         {"do not fit", "\"FW\""}},
        {"first damaged", {{BL_2M, 9, 0, DAMAGED}, {BL_2M, 1, 1, WHOLE}}, 0x8000, 0x112000, {0}},
        {"first damaged, the vendor's",
         {{BL_VENDOR, 9, 0, DAMAGED}, {BL_VENDOR, 1, 1, WHOLE}},
         0x8000,
         0xD8000,
         {0}},
        {"second damaged", {{BL_2M, 1, 1, WHOLE}, {BL_2M, 9, 0, DAMAGED}}, 0x8000, 0x112000, {0}},
        {"second newer", {{BL_2M, 1, 0, WHOLE}, {BL_2M, 2, 1, WHOLE}}, 0x8000, 0x112000, {0}},
        {"first newer", {{BL_2M, 5, 1, WHOLE}, {BL_2M, 2, 0, WHOLE}}, 0x8000, 0x112000, {0}},
        {"of one age", {{BL_2M, 3, 1, WHOLE}, {BL_2M, 3, 0, WHOLE}}, 0x8000, 0x112000, {0}},
        {"none",
         {{BL_2M, 0, 0, BLANK}, {BL_2M, 0, 0, BLANK}},
         0x8000,
         0,
         {"no partition table", "whole flash"}},
        {"both damaged",
         {{BL_2M, 0, 0, DAMAGED}, {BL_2M, 0, 0, DAMAGED}},
         0x8000,
         0,
         {"both copies", "damaged"}},
    };
    uint8_t *app = malloc(FILE_ROOM);

    (void)state;
    assert_non_null(app);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct tables *row = &rows[i];
        uint8_t *flash = unit_factory(CHIP, SIZE, 1, NULL);
        const size_t n = make_bl_app(app, row->app);
        struct unit u;

        put_table(flash + TABLE, &row->copy[0]);
        put_table(flash + TABLE + PF_SECTOR, &row->copy[1]);
        unit_open(&u, CHIP, "", flash, SIZE);
        unit_save(&u, "app.bin", app, n);
        if (row->at) {
            unit_assert_ok(&u, unit_write(&u, "app.bin", NULL), row->what);
            memcpy(flash + row->at, app, n);
            unit_assert_holds(&u, flash, row->what);
            unit_assert_only(&u, row->at, row->at + 0x1000 + row->app, row->what);
            unit_assert_ok(&u, unit_verify(&u, "app.bin", false, 0), row->what);
        } else {
            unit_assert_refused(&u, unit_write(&u, "app.bin", NULL), PF_ERR_CHIP, row->words,
                                row->what);
            unit_assert_untouched(&u, row->what);
        }
        unit_close(&u);
        free(flash);
    }
    free(app);
}

static void boot2_and_the_tables_are_not_replaced_unasked(void **state)
{
    static const char *const alone[] = {"boot2", "whole flash", NULL};
    static const char *const words[] = {"boot2", "--guard boot2", NULL};
    static const char *const tables[] = {"tables", "--guard tables", NULL};
    struct pf_write_options at = {.no_backup = true, .at_given = true};
    uint8_t *data = malloc(FILE_ROOM);
    struct unit u;
    size_t n;

    (void)state;
    assert_non_null(data);
    open_factory(&u, "");
    n = make_bl_boot2(data, 0x3000);
    unit_save(&u, "boot2.bin", data, n);
    unit_assert_refused(&u, unit_write(&u, "boot2.bin", NULL), PF_ERR_CHIP, alone, "a boot2");
    unit_assert_refused(&u, unit_write(&u, "boot2.bin", &at), PF_ERR_GUARD, words, "--at 0");
    make_bl_table(data, BL_2M);
    unit_save(&u, "table.bin", data, PF_SECTOR);
    at.at = TABLE;
    unit_assert_refused(&u, unit_write(&u, "table.bin", &at), PF_ERR_GUARD, tables, "--at 0xe000");
    unit_assert_refused(&u, unit_write(&u, "table.bin", NULL), PF_ERR_GUARD, tables, "a table");
    assert_int_equal(unit_erase(&u, 0, 0x20000), PF_ERR_GUARD);
    unit_assert_untouched(&u, "boot2 and tables");
    unit_close(&u);
    free(data);
}

/* files that do not belong here ------------------------------------------------ */

static void files_of_other_chips_are_refused_by_name(void **state)
{
    uint8_t *data = malloc(FILE_ROOM);
    struct unit u;

    (void)state;
    assert_non_null(data);
    open_factory(&u, "");
    unit_refuses_file(&u, "ecr-cpu", data, make_ecr_cpu(data, 0x9000), "ECR6600", "BL602");
    unit_refuses_file(&u, "ecr-oneb", data, make_ecr_oneb(data, 0x9000), "ECR6600", "BL602");
    unit_refuses_file(&u, "ecr-uboot", data, make_ecr_uboot(data, 0x2000), "ECR6600", "BL602");
    unit_refuses_file(&u, "ecr-ota", data, make_ecr_ota(data, FILE_ROOM, 0x9000), "ECR6600", NULL);
    unit_refuses_file(&u, "ecr-stub", data, make_ecr_stub(data, NULL), "stub", NULL);
    make_ecr_backup(data, 0x9000);
    unit_refuses_file(&u, "ecr-whole", data, SIZE, "ECR6600", "BL602");
    make_backup(&make_t, data);
    unit_refuses_file(&u, "bk-whole", data, MAKE_FLASH, "BK7231", "BL602");
    make_app(&make_n, data, 0x121000);
    unit_refuses_file(&u, "bk-ua", data, 0x121000, "BK7231", "BL602");
    unit_refuses_file(&u, "bk-ug", data, make_ug(&make_t, data, FILE_ROOM), "BK7231", NULL);
    unit_close(&u);
    free(data);
}

static void wrong_hashes_cut_files_and_packages_are_refused_by_name(void **state)
{
    uint8_t *data = malloc(FILE_ROOM);
    struct unit u;
    size_t n;

    (void)state;
    assert_non_null(data);
    open_factory(&u, "");
    n = make_bl_app(data, 0x8000);
    unit_refuses_file(&u, "cut-app", data, n - 0x2000, "cut off", NULL);
    unit_refuses_file(&u, "cut-head", data, 100, "cut off", NULL);
    data[0x3456] ^= 1;
    unit_refuses_file(&u, "wrong-hash", data, n, "damaged", "SHA-256");
    data[0x3456] ^= 1;
    data[125] ^= 1;
    unit_refuses_file(&u, "wrong-header", data, n, "damaged", NULL);
    make_bl_backup(data, 0x8000, NULL);
    unit_refuses_file(&u, "cut-whole", data, 0x15000, "cut off", NULL);
    data[0x12345] ^= 1;
    unit_refuses_file(&u, "wrong-whole", data, SIZE, "damaged", "SHA-256");
    unit_refuses_file(&u, "loader", data, make_bl_loader(data, 0x1400), "stub", "not firmware");
    n = make_bl_ota(data, FILE_ROOM, 0x8000, true);
    unit_refuses_file(&u, "ota", data, n, "OTA package", "image convert");
    unit_refuses_file(&u, "cut-ota", data, n - 10, "OTA package", "cut off");
    unit_refuses_file(&u, "plain", data, make_bl_plain(data, 0x8000), "without a boot header",
                      "image convert");
    unit_close(&u);
    free(data);
}

/* info --------------------------------------------------------------------------- */

static const uint8_t info_mac[6] = {0xc8, 0x47, 0x8c, 0x01, 0x02, 0x03};

static void the_device_tells_its_chip_rom_flash_mac_partitions_and_firmware(void **state)
{
    uint8_t *flash = malloc(SIZE);
    const struct pf_region *r;
    struct pf_info info;
    unsigned known = 0;
    struct unit u;

    (void)state;
    assert_non_null(flash);
    make_bl_backup(flash, 0x8000, NULL);
    unit_open(&u, CHIP, ",mac=C8:47:8C:01:02:03", flash, SIZE);
    assert_non_null(strstr(u.told, "chip=bl602\n"));
    assert_non_null(strstr(u.told, "rom_version=1\n"));
    assert_non_null(strstr(u.told, "mac=c8:47:8c:01:02:03\n"));
    assert_non_null(strstr(u.s->id.loader, "mask ROM"));
    assert_true(u.s->id.has_jedec);
    assert_int_equal(u.s->id.jedec[2], 0x15);
    assert_int_equal(u.s->id.flash_size, SIZE);
    assert_true(u.s->id.has_mac);
    assert_memory_equal(u.s->id.mac, info_mac, 6);
    for (r = pf_session_regions(u.s); r->name; r++)
        known += (!strcmp(r->name, "FW") && r->addr == FW) ||
                 (!strcmp(r->name, "FW_ota") && r->addr == 0x112000) ||
                 (!strcmp(r->name, "PSM") && r->addr == 0x1E9000) ||
                 (!strcmp(r->name, "factory") && r->addr == 0x1FC000);
    assert_int_equal(known, 4);
    unit_assert_ok(&u, pf_info_read(u.s, &info), "info");
    assert_non_null(strstr(info.firmware.firmware, "OpenBeken"));
    assert_non_null(strstr(info.firmware.loader, "boot2"));
    assert_true(info.firmware.npartitions >= 4);
    unit_assert_untouched(&u, "info");
    unit_close(&u);
    free(flash);
}

/* Run `info` of the real program; everything it prints on stdout. */
static void run_info(struct unit *u, const char *format, char *out, size_t cap)
{
    char cmd[512];
    size_t n;
    FILE *p;

    snprintf(cmd, sizeof cmd,
             "%s info -p sim:bl602,mac=C8:47:8C:01:02:03,flash=%s --stub %s --format %s",
             getenv("PLUGFLASH"), unit_path(u, "flash.bin"), unit_path(u, "stub.bin"), format);
    p = popen(cmd, "r");
    assert_non_null(p);
    n = fread(out, 1, cap - 1, p);
    out[n] = '\0';
    if (pclose(p) != 0)
        fail_msg("%s failed: %s", cmd, out);
}

static void info_shows_them_as_text_and_as_json(void **state)
{
    static const char *const both[] = {"c8:47:8c:01:02:03", "ef4015",  "factory", "PSM",
                                       "OpenBeken",         "mask ROM"};
    static const char *const json[] = {"\"chip\":\"bl602\"", "\"rom_version\":1",
                                       "\"ev\":\"result\""};
    const size_t cap = 65536;
    char *text, *lines;
    uint8_t *flash;
    struct unit u;

    (void)state;
    assert_non_null(getenv("PLUGFLASH")); /* the program; ctest sets it */
    text = malloc(cap);
    lines = malloc(cap);
    flash = malloc(SIZE);
    assert_non_null(text);
    assert_non_null(lines);
    assert_non_null(flash);
    make_bl_backup(flash, 0x8000, NULL);
    unit_plug(&u, CHIP, "", flash, SIZE);
    unit_save(&u, "flash.bin", flash, SIZE);
    unit_save(&u, "stub.bin", u.stub, u.link.stub_len);
    run_info(&u, "text", text, cap);
    run_info(&u, "json", lines, cap);
    for (size_t i = 0; i < sizeof both / sizeof *both; i++) {
        if (!strstr(text, both[i]))
            fail_msg("no \"%s\" in: %s", both[i], text);
        if (!strstr(lines, both[i]))
            fail_msg("no \"%s\" in: %s", both[i], lines);
    }
    for (size_t i = 0; i < sizeof json / sizeof *json; i++)
        if (!strstr(lines, json[i]))
            fail_msg("no %s in: %s", json[i], lines);
    unit_close(&u);
    free(flash);
    free(lines);
    free(text);
}

/* faults seen elsewhere ------------------------------------------------------------ */

static void f6_an_erase_answered_fl_ends_before_any_program(void **state)
{
    uint8_t data[2 * PF_SECTOR];
    struct pf_sim_view view;
    char keys[200] = ",fault=status@0";
    struct unit u;
    enum pf_err err;

    (void)state;
    for (unsigned i = 1; i < 16; i++)
        snprintf(keys + strlen(keys), sizeof keys - strlen(keys), "+status@%u", i);
    open_factory(&u, keys);
    unit_noise(data, sizeof data, 6);
    err = unit_write_at(&u, 0x40000, data, sizeof data);
    if (err != PF_ERR_REFUSED)
        fail_msg("%s: %s", pf_err_name(err), u.ctx.text);
    assert_int_equal(pf_exit_status(err), 11);
    pf_sim_view(u.sim, &view);
    assert_int_equal(view.programs, 0);
    assert_true(pf_now(u.sim) < 120000000);
    unit_assert_untouched(&u, "FL");
    unit_close(&u);
}

static void f6_a_write_that_fails_behind_its_ok_is_seen_and_done_again(void **state)
{
    (void)state;
    for (unsigned at = 1; at < 6; at++) { /* 0 is the erase */
        uint8_t data[2 * PF_SECTOR], *want = unit_factory(CHIP, SIZE, 1, NULL);
        char keys[32];
        struct unit u;

        snprintf(keys, sizeof keys, ",fault=status@%u", at);
        unit_open(&u, CHIP, keys, want, SIZE);
        unit_noise(data, sizeof data, at);
        memcpy(want + 0x40000, data, sizeof data);
        unit_assert_ok(&u, unit_write_at(&u, 0x40000, data, sizeof data), keys);
        unit_assert_holds(&u, want, keys);
        unit_assert_only(&u, 0x40000, 0x42000, keys);
        unit_close(&u);
        free(want);
    }
}

static void f7_an_application_given_an_address_goes_there_and_nowhere_else(void **state)
{
    uint8_t *data = malloc(FILE_ROOM), *want = unit_factory(CHIP, SIZE, 1, NULL);
    struct pf_write_options opt = {.no_backup = true, .at_given = true, .at = 0xD8000};
    struct unit u;
    size_t n;

    (void)state;
    assert_non_null(data);
    n = make_bl_app(data, 0x5432);
    open_factory(&u, "");
    unit_save(&u, "app.bin", data, n);
    unit_assert_ok(&u, unit_write(&u, "app.bin", &opt), "--at");
    memcpy(want + 0xD8000, data, n);
    unit_assert_holds(&u, want, "--at");
    unit_assert_only(&u, 0xD8000, 0xD8000 + 0x7000, "--at");
    unit_assert_ok(&u, unit_verify(&u, "app.bin", true, 0xD8000), "--at");
    unit_close(&u);
    free(want);
    free(data);
}

static void f17_a_slow_loader_is_waited_for(void **state)
{
    static const char *const slow[] = {
        ",sha=200K",                      /* 10 s for 2 MiB */
        ",lat=16,terase=290,tblock=1190", /* at the limit of its own patience */
        ",tpage=4900",                    /* each page */
        ",fault=delay<@5000:900+delay<@9000:1500",
    };

    (void)state;
    for (size_t i = 0; i < sizeof slow / sizeof *slow; i++) {
        struct unit u;

        open_factory(&u, slow[i]);
        unit_round_trip(&u, 0x50000, 0x14000, slow[i]);
        if (i < 3)
            assert_int_equal(u.ctx.retries, 0);
        unit_close(&u);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(either_wiring_of_reset_and_boot_gets_in_and_starts_the_firmware_again),
        cmocka_unit_test(other_wirings_are_told_by_the_reset_sequence),
        cmocka_unit_test(every_rate_of_the_ladder_serves),
        cmocka_unit_test(without_lines_a_person_who_power_cycles_gets_in_whenever_we_come),
        cmocka_unit_test(a_loader_that_runs_is_found_without_a_reset),
        cmocka_unit_test(a_failed_sync_names_the_likely_cause),
        cmocka_unit_test(back_up_erase_write_verify_restore_are_byte_identical_at_each_size),
        cmocka_unit_test(another_units_backup_is_restored_whole),
        cmocka_unit_test(each_build_of_the_loader_serves_all_operations),
        cmocka_unit_test(a_write_at_an_offset_changes_only_its_range),
        cmocka_unit_test(an_erase_ends_with_its_last_sector),
        cmocka_unit_test(an_application_goes_where_the_devices_own_table_has_it),
        cmocka_unit_test(boot2_and_the_tables_are_not_replaced_unasked),
        cmocka_unit_test(files_of_other_chips_are_refused_by_name),
        cmocka_unit_test(wrong_hashes_cut_files_and_packages_are_refused_by_name),
        cmocka_unit_test(the_device_tells_its_chip_rom_flash_mac_partitions_and_firmware),
        cmocka_unit_test(info_shows_them_as_text_and_as_json),
        cmocka_unit_test(f6_an_erase_answered_fl_ends_before_any_program),
        cmocka_unit_test(f6_a_write_that_fails_behind_its_ok_is_seen_and_done_again),
        cmocka_unit_test(f7_an_application_given_an_address_goes_there_and_nowhere_else),
        cmocka_unit_test(f17_a_slow_loader_is_waited_for),
    };

    return cmocka_run_group_tests_name("BL602", tests, NULL, NULL);
}
