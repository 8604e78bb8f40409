/* Updates of each family: what is taken, what is refused and when, and that the plug goes on
 * meanwhile. What "starts" means is told by support/ota_boots.c. */
#include "support/ota_boots.h"
#include "support/ota_world.h"

#include "core/crc.h"
#include "image/make.h"
#include "image/make_bl.h"
#include "image/make_ecr.h"

#define SOLDERED "{\"22\":\"WifiLED;0\",\"24\":\"Btn;1\",\"25\":\"Rel;1\"}"

static void put_le32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

static void assert_refused_untouched(const char *word)
{
    assert_non_null(rig.ota.error);
    if (!strstr(rig.ota.error, word))
        fail_msg("\"%s\" does not say \"%s\"", rig.ota.error, word);
    assert_int_equal(host_flash_stats().erases, 0);
    assert_int_equal(host_flash_stats().programs, 0);
    assert_memory_equal(host_flash(), w.base, FLASH);
    assert_true(starts_old());
}

/* ---- what is right is taken --------------------------------------------------------- */

static void an_update_in_pieces_of_any_size_starts_after_the_restart(void **state)
{
    uint32_t seed = seeded(0x07a07a01);

    (void)state;
    for (size_t f = 0; f < FAMILIES; f++) {
        static const size_t pieces[] = {1, 255, 256, 1024, 1460, 5000, ROOM};

        world(families[f]);
        for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
            plug_with(w.base);
            assert_true(upload(w.file, w.len, pieces[i]));
            assert_true(starts_new());
            assert_int_equal(host_flash_stats().violations, 0);
        }
        plug_with(w.base);
        assert_true(ota_begin(&rig, (uint32_t)w.len));
        for (size_t at = 0; at < w.len;) {
            size_t n = 1 + noise(&seed) % 3000;

            n = n < w.len - at ? n : w.len - at;
            assert_true(give(w.file + at, n));
            at += n;
        }
        assert_true(ota_end(&rig));
        assert_true(starts_new());
    }
}

static void an_update_of_any_length_around_pages_and_sectors_is_taken(void **state)
{
    static uint8_t file[ROOM];

    (void)state;
    world(HAL_BL602);
    for (uint32_t more = 0; more < 300; more++) {
        const size_t len = make_bl_ota(file, ROOM, 0x2e10 + more, false);

        plug_with(w.base);
        assert_true(upload(file, len, 1024));
        assert_true(ota_boots(w.family, host_flash(), w.new, ROOM) == len - 512);
        assert_memory_equal(w.new, file + 512, len - 512);
    }
}

static void the_table_of_a_bl602_becomes_the_one_of_the_reference(void **state)
{
    static uint8_t file[ROOM], want[HAL_SECTOR];
    size_t len;

    (void)state;
    world(HAL_BL602);
    len = make_bl_ota(file, sizeof file, 0x12345 - 0x1200, false);
    assert_int_equal(len, 0x12345);
    assert_true(upload(file, len, PIECE));
    make_bl_table(want, BL_FLIPPED);
    assert_memory_equal(host_flash() + 0xf000, want, HAL_SECTOR);
    assert_memory_equal(host_flash() + 0xe000, w.base + 0xe000, HAL_SECTOR);
}

static void the_record_for_uboot_names_the_package_at_the_end_of_cpu(void **state)
{
    const uint8_t *rec = host_flash() + 0x1b7000;
    uint8_t want[44] = {'O', 'T', 'A', 44};
    uint32_t at;

    (void)state;
    world(HAL_ECR6600);
    assert_true(upload(w.file, w.len, PIECE));
    at = (uint32_t)(0x1b7000 - (w.len + 4095) / 4096 * 4096);
    put_le32(want + 8, at);
    put_le32(want + 12, (uint32_t)w.len);
    want[16] = 1;
    put_le32(want + 4, crc32_add(0, want + 8, 36));
    assert_memory_equal(rec, want, sizeof want);
    assert_memory_equal(rec + 0x1000, want, sizeof want);
    assert_memory_equal(host_flash() + at, w.file, w.len);
}

static void updates_follow_each_other_and_a_bl602_changes_its_slot_each_time(void **state)
{
    static uint8_t file[ROOM];

    (void)state;
    for (size_t f = 0; f < FAMILIES; f++) {
        world(families[f]);
        for (unsigned i = 0; i < 4; i++) {
            const size_t len = make_file(w.family, file, i);

            assert_true(upload(file, len, PIECE));
            assert_true(ota_boots(w.family, host_flash(), w.new, ROOM) > 0);
            if (w.family == HAL_BL602) {
                assert_memory_equal(w.new, file + 512, len - 512);
                assert_memory_equal(host_flash() + (i % 2 ? 0x10000 : 0x112000), file + 512,
                                    len - 512);
            }
            plug_on_flash(); /* the restart */
        }
        assert_int_equal(host_flash_stats().violations, 0);
    }
}

static void the_counter_of_updates_is_one_higher_and_saved_with_the_restart(void **state)
{
    (void)state;
    world(HAL_ECR6600);
    rig_new(HAL_ECR6600, SOLDERED);
    memcpy(host_flash(), w.base, FLASH);
    config_set_number(&rig.cfg, CFG_OTAS, 7);
    rig_boot(HAL_RESET_POWER);
    assert_true(upload(w.file, w.len, PIECE));
    plug_reboot(&rig, 1);
    rig_run(2500);
    assert_int_equal(rig_restarts, 1);
    assert_int_equal(config_number(&rig.cfg, CFG_OTAS), 8);
    assert_true(starts_new());
}

/* ---- what is wrong is refused, before anything is erased -------------------------------- */

static void an_update_for_another_chip_is_refused_before_the_first_erase(void **state)
{
    static uint8_t file[ROOM];
    static const char *const name[] = {"ECR6600", "BL602", "BK7231"};

    (void)state;
    for (size_t f = 0; f < FAMILIES; f++) {
        world(families[f]);
        for (size_t other = 0; other < 3; other++) {
            size_t len;

            if (other == (f < 3 ? f : 2))
                continue;
            len = make_file(families[other], file, 0);
            plug_with(w.base);
            assert_false(upload(file, len, PIECE));
            assert_refused_untouched(name[other]);
        }
    }
}

static void an_image_for_the_serial_port_is_refused_and_named(void **state)
{
    static uint8_t file[ROOM];
    size_t len;

    (void)state;
    world(HAL_BL602);
    len = make_bl_app(file, 0x3000);
    assert_false(upload(file, len, PIECE));
    assert_refused_untouched("serial port");
    world(HAL_ECR6600);
    len = make_ecr_oneb(file, 0x3000);
    assert_false(upload(file, len, PIECE));
    assert_refused_untouched("serial port");
    world(HAL_BK7231N);
    len = make_ug(&make_n, file, sizeof file);
    assert_false(upload(file, len, PIECE));
    assert_refused_untouched("UG");
}

static void a_packed_update_of_a_bl602_is_refused_with_a_clear_word(void **state)
{
    static uint8_t file[ROOM];
    size_t len;

    (void)state;
    world(HAL_BL602);
    len = make_bl_ota(file, sizeof file, 0x3000, true);
    assert_false(upload(file, len, PIECE));
    assert_refused_untouched("XZ");
}

static void an_update_without_a_length_or_too_large_is_refused_at_once(void **state)
{
    (void)state;
    for (size_t f = 0; f < FAMILIES; f++) {
        world(families[f]);
        assert_false(ota_begin(&rig, 0));
        assert_refused_untouched("length");
        assert_false(ota_begin(&rig, 64));
        assert_refused_untouched("short");
        assert_false(ota_begin(&rig, 0x1c0000));
        assert_refused_untouched("larger");
        assert_false(ota_begin(&rig, UINT32_MAX));
        assert_refused_untouched("larger");
        assert_true(upload(w.file, w.len, PIECE)); /* and a right one is taken after all that */
    }
}

static void a_header_that_tells_another_length_is_refused(void **state)
{
    static uint8_t file[ROOM];

    (void)state;
    for (size_t f = 0; f < FAMILIES; f++) {
        world(families[f]);
        memcpy(file, w.file, w.len);
        memset(file + w.len, 0, 16);
        assert_false(upload(file, w.len + 16, PIECE));
        assert_refused_untouched("length");
    }
}

static void an_application_that_does_not_fit_when_unpacked_is_refused(void **state)
{
    static uint8_t file[ROOM];

    (void)state;
    world(HAL_ECR6600);
    memcpy(file, w.file, w.len);
    put_le32(file + 0x18, 0x1b0000);
    make_ecr_ota_seal(file, w.len);
    assert_false(upload(file, w.len, PIECE));
    assert_refused_untouched("fit");
    world(HAL_BK7231N);
    memcpy(file, w.file, w.len);
    put_le32(file + 0x54, 0x108701);
    put_le32(file + 0x5c, crc32_add(0, file, 0x5c));
    assert_false(upload(file, w.len, PIECE));
    assert_refused_untouched("fit");
}

static void a_package_of_the_other_bk7231_is_refused_when_its_version_tells(void **state)
{
    static uint8_t file[ROOM];

    (void)state;
    world(HAL_BK7231T);
    memcpy(file, w.file, w.len);
    memcpy(file + 0x1c, "OpenBK7231N_1.18", 17);
    put_le32(file + 0x5c, crc32_add(0, file, 0x5c));
    assert_false(upload(file, w.len, PIECE));
    assert_refused_untouched("another kind");
    memcpy(file + 0x1c, "OpenBK7231T_1.18", 17);
    put_le32(file + 0x5c, crc32_add(0, file, 0x5c));
    assert_true(upload(file, w.len, PIECE));
}

static void packages_that_a_loader_would_not_know_are_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        const char *word;
    } bk[] = {{4, 0, "packed"}, {5, 2, "packed"}, {0x0c, 'b', "application"}};
    static uint8_t file[ROOM];

    (void)state;
    world(HAL_BK7231T);
    for (size_t i = 0; i < sizeof bk / sizeof *bk; i++) {
        plug_with(w.base);
        memcpy(file, w.file, w.len);
        file[bk[i].at] = bk[i].value;
        put_le32(file + 0x5c, crc32_add(0, file, 0x5c));
        assert_false(upload(file, w.len, PIECE));
        assert_refused_untouched(bk[i].word);
    }
    world(HAL_ECR6600);
    for (unsigned method = 0x42; method <= 0x82; method += 0x40) {
        plug_with(w.base);
        memcpy(file, w.file, w.len);
        file[7] = (uint8_t)method;
        assert_false(upload(file, w.len, PIECE));
        assert_refused_untouched("compressed");
    }
}

static void a_plug_without_a_partition_table_is_not_updated(void **state)
{
    (void)state;
    world(HAL_BL602);
    memset(w.base + 0xe000, 0xff, 0x2000);
    plug_with(w.base);
    assert_false(ota_begin(&rig, (uint32_t)w.len));
    assert_string_equal(rig.ota.error, "this plug has no partition table");
    memset(w.base, 0xff, FLASH);
    make_bl_table(w.base + 0xe000, BL_1M); /* one slot only */
    plug_with(w.base);
    assert_false(ota_begin(&rig, (uint32_t)w.len));
    assert_string_equal(rig.ota.error, "this plug has no space for updates");
}

/* eWeLink's table has its second slot over what are our settings. */
static void a_slot_that_reaches_over_our_settings_is_used_up_to_them(void **state)
{
    const uint32_t room = 0x1e1000 - 0x13c000;
    uint8_t *table;

    (void)state;
    world(HAL_BL602);
    for (unsigned copy = 0; copy < 2; copy++) {
        table = w.base + 0xe000 + copy * HAL_SECTOR;
        put_le32(table + 16 + 12 + 4, 0x13c000);
        put_le32(table + 16 + 20, 0x12c000);
        put_le32(table + 16 + 24, 0xb4000);
        put_le32(table + 16 + 36 + 12, 0x1ea000); /* "media" is elsewhere */
        make_bl_table_set(table, 0, 0);
    }
    plug_with(w.base);
    assert_false(ota_begin(&rig, room + 513));
    assert_true(ota_begin(&rig, room + 512));
    ota_abort(&rig, "enough");
    assert_true(upload(w.file, w.len, PIECE));
    assert_true(starts_new());
}

/* ---- what breaks off or is damaged is not activated ------------------------------------- */

static void a_flipped_bit_anywhere_leaves_the_old_firmware(void **state)
{
    uint32_t seed = seeded(0x07a0b175);
    static uint8_t file[ROOM];

    (void)state;
    for (size_t f = 0; f < FAMILIES; f++) {
        const size_t free_from = families[f] == HAL_BL602 ? 0x64 : 0;

        world(families[f]);
        for (unsigned i = 0; i < 400; i++) {
            const size_t at = i < 100 ? i : noise(&seed) % w.len;
            const uint8_t bit = (uint8_t)(1u << noise(&seed) % 8);

            memcpy(file, w.file, w.len);
            file[at] ^= bit;
            plug_with(w.base);
            if (upload(file, w.len, PIECE)) {
                /* bytes that nobody covers: padding and versions in a BL602's header */
                assert_int_equal(w.family, HAL_BL602);
                assert_true((at >= 0x09 && at < 0x40) || (at >= free_from && at < 512));
                assert_true(starts_new());
            } else {
                assert_non_null(rig.ota.error);
                assert_int_equal(rig.ota.state, OTA_FAILED);
                assert_true(starts_old());
            }
        }
    }
}

static void code_that_boot2_would_not_start_is_not_activated(void **state)
{
    static uint8_t file[ROOM];

    (void)state;
    world(HAL_BL602);
    memcpy(file, w.file, w.len);
    file[512 + 0x1000 + 0x123] ^= 1;
    make_bl_ota_seal(file, w.len); /* the package is right, the code in it is not */
    assert_false(upload(file, w.len, PIECE));
    assert_true(starts_old());
    plug_with(w.base);
    memcpy(file, w.file, w.len);
    file[512] = 'X';
    make_bl_ota_seal(file, w.len);
    assert_false(upload(file, w.len, PIECE));
    assert_refused_untouched("no application");
}

static void a_client_that_leaves_early_activates_nothing(void **state)
{
    (void)state;
    for (size_t f = 0; f < FAMILIES; f++) {
        world(families[f]);
        for (size_t at = 0; at < w.len; at += 700) {
            plug_with(w.base);
            assert_true(ota_begin(&rig, (uint32_t)w.len));
            assert_true(give(w.file, at));
            if (at % 1400)
                assert_false(ota_end(&rig)); /* the body was short */
            else
                ota_abort(&rig, "the client has left");
            assert_false(ota_running(&rig));
            assert_non_null(rig.ota.error);
            assert_true(starts_old());
            assert_int_equal(ota_take(&rig, w.file, 100), 0);
        }
        assert_true(upload(w.file, w.len, PIECE)); /* and the next one is taken */
        assert_true(starts_new());
    }
}

static void more_than_was_told_is_refused(void **state)
{
    (void)state;
    world(HAL_ECR6600);
    assert_true(ota_begin(&rig, (uint32_t)w.len));
    assert_true(give(w.file, w.len - 10));
    assert_int_equal(ota_take(&rig, w.file, 11), 0);
    assert_false(ota_end(&rig));
    assert_true(starts_old());
}

static void who_sends_a_byte_now_and_then_does_not_keep_settings_from_being_saved(void **state)
{
    (void)state;
    world(HAL_ECR6600);
    assert_true(ota_begin(&rig, (uint32_t)w.len));
    for (unsigned minute = 0; minute < 30 && ota_running(&rig); minute++) {
        host_advance_ms(60000);
        ota_take(&rig, w.file + minute, 1);
    }
    assert_false(ota_running(&rig));
    assert_true(starts_old());
}

static void a_second_update_is_refused_while_one_comes_and_until_the_restart(void **state)
{
    (void)state;
    for (size_t f = 0; f < FAMILIES; f++) {
        world(families[f]);
        assert_true(ota_begin(&rig, (uint32_t)w.len));
        assert_true(give(w.file, 5000));
        assert_false(ota_begin(&rig, (uint32_t)w.len));
        assert_true(ota_running(&rig)); /* the first goes on */
        assert_true(give(w.file + 5000, w.len - 5000));
        assert_true(ota_end(&rig));
        assert_false(ota_begin(&rig, (uint32_t)w.len));
        assert_true(starts_new());
        ota_abort(&rig, "too late");
        assert_int_equal(rig.ota.state, OTA_DONE);
    }
}

/* ---- the plug goes on meanwhile ------------------------------------------------------------- */

static void a_piece_costs_one_erase_at_most_and_is_taken_whole(void **state)
{
    (void)state;
    for (size_t f = 0; f < FAMILIES; f++) {
        world(families[f]);
        assert_true(ota_begin(&rig, (uint32_t)w.len));
        for (size_t at = 0; at < w.len;) {
            const size_t n = w.len - at < PIECE ? w.len - at : PIECE;
            const struct host_flash_stats was = host_flash_stats();

            assert_int_equal(ota_take(&rig, w.file + at, n), n);
            assert_true(host_flash_stats().erases - was.erases <= 1);
            assert_true(host_flash_stats().programs - was.programs <= 5);
            at += n;
        }
        assert_true(ota_end(&rig));
    }
}

static void records_of_an_earlier_update_go_one_erase_at_a_time(void **state)
{
    size_t at = 0, shorts = 0;

    (void)state;
    world(HAL_ECR6600);
    assert_true(upload(w.file, w.len, PIECE));
    plug_on_flash();
    assert_true(ota_begin(&rig, (uint32_t)w.len));
    while (at < w.len) {
        const struct host_flash_stats was = host_flash_stats();
        const size_t n = w.len - at < PIECE ? w.len - at : PIECE;
        const size_t took = ota_take(&rig, w.file + at, n);

        assert_true(host_flash_stats().erases - was.erases <= 1);
        shorts += took < n;
        at += took;
    }
    assert_true(shorts > 0 && shorts <= 2);
    assert_true(ota_end(&rig));
    assert_true(starts_new());
}

/* A piece, and the time its flash takes: 45 ms an erase, 0.7 ms a page. */
static uint32_t piece(size_t at)
{
    const struct host_flash_stats was = host_flash_stats();
    uint32_t ms;

    assert_true(give(w.file + at, w.len - at < PIECE ? w.len - at : PIECE));
    ms = (host_flash_stats().erases - was.erases) * 45 +
         (host_flash_stats().programs - was.programs) * 7 / 10;
    host_advance_ms(ms);
    return ms;
}

static void relay_button_and_watchdog_are_served_while_an_update_comes(void **state)
{
    const uint32_t start_s = 10;
    uint32_t longest = 0;
    unsigned moves = 0;
    bool on;

    (void)state;
    world(HAL_ECR6600);
    rig_new(HAL_ECR6600, SOLDERED);
    memcpy(host_flash(), w.base, FLASH);
    rig_boot(HAL_RESET_POWER);
    rig_run(start_s * 1000);
    on = simplug_relay(1);
    assert_true(ota_begin(&rig, (uint32_t)w.len));
    for (size_t at = 0; at < w.len; at += PIECE) {
        const uint32_t ms = piece(at);

        longest = ms > longest ? ms : longest;
        plug_tick(&rig, hal_ms());
        rig_click(24, 120, 1500); /* someone presses the button, and the net is slow */
        if (simplug_relay(1) != on)
            moves++;
        on = simplug_relay(1);
    }
    assert_true(ota_end(&rig));
    assert_true(longest <= 50);
    assert_int_equal(moves, (w.len + PIECE - 1) / PIECE);
    assert_int_equal(host_bites(), 0);
    assert_true(rig.uptime_s >= start_s + w.len / PIECE);
    assert_int_equal(rig_restarts, 0);
    assert_true(starts_new());
}

static void mqtt_is_closed_while_an_update_comes_in(void **state)
{
    (void)state;
    world(HAL_ECR6600);
    rig_new(HAL_ECR6600, SOLDERED);
    memcpy(host_flash(), w.base, FLASH);
    config_set_text(&rig.cfg, CFG_SSID, "home");
    config_set_text(&rig.cfg, CFG_MQTT_HOST, "192.168.1.2");
    rig_boot(HAL_RESET_POWER);
    rig_run(8000);
    mqtt_up(&rig);
    assert_false(ota_begin(&rig, 0)); /* what is refused at once disturbs nobody */
    assert_true(rig.mqtt.connected);
    assert_true(ota_begin(&rig, (uint32_t)w.len));
    assert_false(rig.mqtt.connected);
    rig_run(60000);
    assert_false(rig.mqtt.connected || rig.mqtt.trying || rig.mqtt.wanted);
}

static void settings_are_saved_when_the_update_is_over_not_before(void **state)
{
    char ssid[40] = "";

    (void)state;
    world(HAL_ECR6600);
    rig_new(HAL_ECR6600, SOLDERED);
    memcpy(host_flash(), w.base, FLASH);
    rig_boot(HAL_RESET_POWER);
    rig_run(8000);
    assert_true(ota_begin(&rig, (uint32_t)w.len));
    assert_true(give(w.file, 5000));
    config_set_text(&rig.cfg, CFG_SSID, "changed");
    rig_run(10000);
    assert_true(rig.cfg.dirty);
    ota_abort(&rig, "the client has left");
    rig_run(3000);
    assert_false(rig.cfg.dirty);
    rig_restart(HAL_RESET_POWER);
    text_copy(ssid, sizeof ssid, config_text(&rig.cfg, CFG_SSID));
    assert_string_equal(ssid, "changed");
    assert_true(starts_old());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_update_in_pieces_of_any_size_starts_after_the_restart),
        cmocka_unit_test(an_update_of_any_length_around_pages_and_sectors_is_taken),
        cmocka_unit_test(the_table_of_a_bl602_becomes_the_one_of_the_reference),
        cmocka_unit_test(the_record_for_uboot_names_the_package_at_the_end_of_cpu),
        cmocka_unit_test(updates_follow_each_other_and_a_bl602_changes_its_slot_each_time),
        cmocka_unit_test(the_counter_of_updates_is_one_higher_and_saved_with_the_restart),
        cmocka_unit_test(an_update_for_another_chip_is_refused_before_the_first_erase),
        cmocka_unit_test(an_image_for_the_serial_port_is_refused_and_named),
        cmocka_unit_test(a_packed_update_of_a_bl602_is_refused_with_a_clear_word),
        cmocka_unit_test(an_update_without_a_length_or_too_large_is_refused_at_once),
        cmocka_unit_test(a_header_that_tells_another_length_is_refused),
        cmocka_unit_test(an_application_that_does_not_fit_when_unpacked_is_refused),
        cmocka_unit_test(a_package_of_the_other_bk7231_is_refused_when_its_version_tells),
        cmocka_unit_test(packages_that_a_loader_would_not_know_are_refused),
        cmocka_unit_test(a_plug_without_a_partition_table_is_not_updated),
        cmocka_unit_test(a_slot_that_reaches_over_our_settings_is_used_up_to_them),
        cmocka_unit_test(a_flipped_bit_anywhere_leaves_the_old_firmware),
        cmocka_unit_test(code_that_boot2_would_not_start_is_not_activated),
        cmocka_unit_test(a_client_that_leaves_early_activates_nothing),
        cmocka_unit_test(more_than_was_told_is_refused),
        cmocka_unit_test(who_sends_a_byte_now_and_then_does_not_keep_settings_from_being_saved),
        cmocka_unit_test(a_second_update_is_refused_while_one_comes_and_until_the_restart),
        cmocka_unit_test(a_piece_costs_one_erase_at_most_and_is_taken_whole),
        cmocka_unit_test(records_of_an_earlier_update_go_one_erase_at_a_time),
        cmocka_unit_test(relay_button_and_watchdog_are_served_while_an_update_comes),
        cmocka_unit_test(mqtt_is_closed_while_an_update_comes_in),
        cmocka_unit_test(settings_are_saved_when_the_update_is_over_not_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
