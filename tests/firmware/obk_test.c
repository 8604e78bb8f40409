/* A plug that ran OpenBeken before: what it knew is known here, once, and is not touched.
 * Areas are written here from the reference, not with the code that reads them. */
#include "firmware/support/rig.h"

#include "core/crc.h"
#include "core/obk.h"
#include "core/plug.h"
#include "hal/host/host.h"

static struct plug plug;
static uint8_t mac[6], theirs[CONFIG_SIZE];

enum { BITS, BYTES, WORDS };
enum { WRITTEN = 2, DELETING, DELETED };

static void put_le32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

/* The first `steps` of a status table. */
static void put_status(uint8_t *p, unsigned kind, unsigned steps)
{
    for (unsigned i = 0; i < steps; i++)
        if (kind == BITS)
            *p &= (uint8_t) ~(0x80u >> i);
        else
            p[kind == BYTES ? i : 4 * i] = 0;
}

static void put_sector(uint32_t addr, unsigned kind)
{
    static const uint8_t magic_at[] = {4, 8, 0x18}, dirty_at[] = {1, 3, 12};
    uint8_t *p = host_flash() + addr;

    put_status(p, kind, 2);
    put_status(p + dirty_at[kind], kind, 1);
    memcpy(p + magic_at[kind], kind == WORDS ? "EF41" : "EF40", 4);
}

/* Returns where the next record goes. */
static uint32_t put_record(uint32_t addr, unsigned kind, unsigned steps, const char *name,
                           const void *value, size_t len)
{
    static const uint8_t lens_at[] = {8, 12, 20};
    const uint32_t pad = kind == WORDS ? 3 : 0, n = (uint32_t)strlen(name);
    uint8_t *p = host_flash() + addr, *lens = p + lens_at[kind];
    const uint32_t name_pad = (n + pad) & ~pad, value_pad = ((uint32_t)len + pad) & ~pad;

    put_status(p, kind, steps);
    if (kind != WORDS)
        memcpy(lens - 4, "KV40", 4);
    put_le32(lens, lens_at[kind] + 16u + name_pad + value_pad);
    lens[8] = (uint8_t)n;
    put_le32(lens + 12, (uint32_t)len);
    memcpy(lens + 16, name, n);
    memcpy(lens + 16 + name_pad, value, len);
    put_le32(lens + 4, crc32_add(0, lens + 8, 8 + name_pad + value_pad));
    return addr + lens_at[kind] + 16u + name_pad + value_pad;
}

/* Where a chip's records begin in a sector. */
static uint32_t top(unsigned kind)
{
    return kind == BITS ? 0x10 : kind == BYTES ? 0x14 : 0x24;
}

static void put_u16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void their_vars(uint8_t v[64], unsigned boots, unsigned ok, unsigned ch1)
{
    memset(v, 0, 64);
    put_u16(v, (uint16_t)boots);
    put_u16(v + 2, (uint16_t)ok);
    put_u16(v + 6, (uint16_t)ch1);
    memcpy(v + 28, "\x00\x50\x9a\x44", 4); /* 1234.5 */
    v[63] = 64;
}

static void be(enum hal_family family)
{
    struct config c = {.dirty = false};

    host_reset();
    host_chip(family);
    hal_mac(mac);
    config_defaults(&c, hal_chip(), mac);
    config_set_text(&c, CFG_SSID, "HomeNet");
    config_set_text(&c, CFG_MQTT_HOST, "10.0.0.2");
    config_set_pin(&c, 24, 1, 1, 0);
    config_set_start(&c, 1, -1);
    config_seal(&c, hal_chip());
    memcpy(theirs, c.rec, sizeof theirs);
}

static int be_ecr(void **state)
{
    (void)state;
    be(HAL_ECR6600);
    return 0;
}

static enum config_source start(void)
{
    memset(&plug, 0, sizeof plug);
    plug.chip = hal_chip();
    assert_true(store_open(&plug.store, plug.chip->store.addr, plug.chip->store.len));
    vars_load(&plug);
    return config_load(&plug.cfg, &plug.store, plug.chip, mac);
}

static void check_known(void)
{
    assert_int_equal(start(), CONFIG_IMPORTED);
    assert_true(plug.cfg.dirty);
    assert_string_equal(config_text(&plug.cfg, CFG_SSID), "HomeNet");
    assert_string_equal(config_text(&plug.cfg, CFG_MQTT_HOST), "10.0.0.2");
    assert_int_equal(config_role(&plug.cfg, 24), 1);
    assert_int_equal(config_start(&plug.cfg, 1), -1);
}

/* ---- the configuration ---------------------------------------------------------- */

static void a_beken_reads_its_raw_sector(void **state)
{
    static const enum hal_family beken[] = {HAL_BK7231T, HAL_BK7231N};
    static const uint32_t at[] = {0x1e1000, 0x1d1000};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        be(beken[i]);
        memcpy(host_flash() + at[i], theirs, sizeof theirs);
        check_known();
    }
}

static void a_bl602_reads_its_record_in_psm(void **state)
{
    uint32_t at = 0x1e9000 + HAL_SECTOR;

    (void)state;
    be(HAL_BL602);
    put_sector(0x1e9000, BYTES);
    put_record(0x1e9000 + 0x14, BYTES, WRITTEN, "wifi_ssid", "other", 5);
    put_sector(at, BYTES);
    at = put_record(at + 0x14, BYTES, WRITTEN, "mY0bcFh", "no", 2);
    put_record(at, BYTES, WRITTEN, "mY0bcFg", theirs, sizeof theirs);
    check_known();
}

static void an_ecr6600_reads_its_record_in_cfg(void **state)
{
    uint32_t at = 0x1b9000 + 5 * HAL_SECTOR;

    (void)state;
    put_sector(at, WORDS);
    put_record(at + 0x24, WORDS, WRITTEN, "ObkCfg", theirs, sizeof theirs);
    check_known();
}

static void a_record_of_the_reference_is_read(void **state)
{
    /* ecr6600 reference 4.2, the beginning of its partition table. */
    static const char bytes[] =
        "\x00\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff"
        "\xff\xff\xff\x45\x46\x34\x30\xff\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\x00\xff"
        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x3c\x00\x00\x00\xb6\x66\xdc"
        "\x2d\x09\xff\xff\xff\x0a\x00\x00\x00\x70\x61\x72\x74\x69\x74\x69\x6f\x6e\xff\xff\xff"
        "\x30\x78\x30\x2c\x30\x78\x31\x30\x30\x30\xff\xff";
    uint8_t ours[96];

    (void)state;
    put_sector(0x1000, WORDS);
    memcpy(host_flash() + 0x1000 + 0x18, "EF40", 4);
    host_flash()[0x1004] = 0;
    put_record(0x1024, WORDS, WRITTEN, "partition", "0x0,0x1000", 10);
    memcpy(ours, host_flash() + 0x1000, sizeof ours);
    assert_memory_equal(ours, bytes, sizeof ours); /* what these tests write is right */
}

static void the_newest_record_counts(void **state)
{
    static uint8_t old[CONFIG_SIZE];

    (void)state;
    memcpy(old, theirs, sizeof old);
    memcpy(old + 0x14, "OldNet", 7);
    put_sector(0x1b9000, WORDS);
    put_sector(0x1ba000, WORDS);
    put_sector(0x1bb000, WORDS);
    put_record(0x1b9024, WORDS, DELETED, "ObkCfg", old, sizeof old);
    put_record(0x1ba024, WORDS, WRITTEN, "ObkCfg", theirs, sizeof theirs);
    put_record(0x1bb024, WORDS, DELETING, "ObkCfg", old, sizeof old);
    check_known();
}

static void a_record_being_replaced_when_the_power_went_still_counts(void **state)
{
    (void)state;
    put_sector(0x1b9000, WORDS);
    put_sector(0x1ba000, WORDS);
    put_record(0x1b9024, WORDS, DELETING, "ObkCfg", theirs, sizeof theirs);
    put_record(0x1ba024, WORDS, WRITTEN, "ObkCfg", theirs, sizeof theirs);
    host_flash()[0x1ba024 + 1000] ^= 1; /* the new one was not finished */
    check_known();
}

static void a_broken_record_before_it_is_stepped_over(void **state)
{
    uint32_t at;

    (void)state;
    be(HAL_BL602);
    put_sector(0x1e9000, BYTES);
    at = put_record(0x1e9014, BYTES, WRITTEN, "a", "b", 1);
    put_record(at, BYTES, WRITTEN, "mY0bcFg", theirs, sizeof theirs);
    memcpy(host_flash() + 0x1e9014 + 12, "\xff\xff\xff\x7f", 4);
    check_known();
}

static void without_a_record_there_are_the_defaults(void **state)
{
    (void)state;
    for (unsigned f = 0; f < HAL_FAMILIES; f++) {
        be(f);
        assert_int_equal(start(), CONFIG_DEFAULT);
        assert_string_equal(config_text(&plug.cfg, CFG_SSID), "");
    }
}

static void a_record_with_a_wrong_checksum_gives_the_defaults(void **state)
{
    (void)state;
    theirs[0x20] ^= 1; /* CRC-8 of the record, though the CRC-32 around it is right */
    put_sector(0x1b9000, WORDS);
    put_record(0x1b9024, WORDS, WRITTEN, "ObkCfg", theirs, sizeof theirs);
    assert_int_equal(start(), CONFIG_DEFAULT);
    assert_string_equal(config_text(&plug.cfg, CFG_SSID), "");
}

static void it_is_read_once(void **state)
{
    (void)state;
    put_sector(0x1b9000, WORDS);
    put_record(0x1b9024, WORDS, WRITTEN, "ObkCfg", theirs, sizeof theirs);
    check_known();
    assert_true(config_save(&plug.cfg, &plug.store, plug.chip));
    assert_int_equal(start(), CONFIG_STORED);
    assert_string_equal(config_text(&plug.cfg, CFG_SSID), "HomeNet");

    /* Back to factory settings: what OpenBeken knew does not come back. */
    config_defaults(&plug.cfg, plug.chip, mac);
    assert_true(config_save(&plug.cfg, &plug.store, plug.chip));
    assert_int_equal(start(), CONFIG_STORED);
    assert_string_equal(config_text(&plug.cfg, CFG_SSID), "");
}

static void what_openbeken_left_stays_as_it_was(void **state)
{
    static uint8_t before[0x200000];
    uint8_t vars[64];

    (void)state;
    their_vars(vars, 9, 9, 1);
    put_sector(0x1b9000, WORDS);
    put_record(0x1b9024, WORDS, WRITTEN, "ObkCfg", theirs, sizeof theirs);
    put_sector(0x1f7000, WORDS);
    put_record(0x1f7024, WORDS, WRITTEN, "OBK_FV", vars, sizeof vars);
    memset(host_flash() + 0x1fe000, 0x5a, 0x2000); /* calibration */
    memcpy(before, host_flash(), sizeof before);
    check_known();
    for (unsigned i = 0; i < 300; i++) {
        config_set_number(&plug.cfg, CFG_MQTT_PORT, (int32_t)i);
        assert_true(config_save(&plug.cfg, &plug.store, plug.chip));
        vars_count_boot(&plug.vars);
        assert_true(vars_save(&plug));
    }
    memcpy(before + plug.chip->store.addr, host_flash() + plug.chip->store.addr,
           plug.chip->store.len);
    assert_memory_equal(before, host_flash(), sizeof before);
}

static bool apart(struct hal_span a, uint32_t from, uint32_t to)
{
    return a.addr + a.len <= from || to <= a.addr;
}

static void our_store_is_clear_of_everything_else(void **state)
{
    /* Boot loader; identity and calibration; what is behind it. */
    static const struct {
        uint32_t boot_end, from;
    } keep[HAL_FAMILIES] = {
        [HAL_ECR6600] = {0x7000, 0x1f7000},
        [HAL_BL602] = {0x10000, 0x1e9000},
        [HAL_BK7231T] = {0x11000, 0x1d8000},
        [HAL_BK7231N] = {0x11000, 0x1d0000},
    };

    (void)state;
    for (unsigned f = 0; f < HAL_FAMILIES; f++) {
        const struct hal_chip *c;
        struct store s;

        be(f);
        c = hal_chip();
        assert_true(store_open(&s, c->store.addr, c->store.len));
        assert_true(apart(c->store, 0, keep[f].boot_end));
        assert_true(apart(c->store, keep[f].from, c->flash_size));
        assert_true(apart(c->store, c->obk.addr, c->obk.addr + c->obk.len));
        assert_true(apart(c->store, c->obk_vars.addr, c->obk_vars.addr + c->obk_vars.len));
        assert_true(apart(c->store, c->ota.addr, c->ota.addr + c->ota.len));
        assert_true(apart(c->ota, 0, keep[f].boot_end));
        assert_true(apart(c->ota, c->obk.addr, c->flash_size));
    }
}

/* ---- the variables ----------------------------------------------------------------- */

static void retained_values_and_energy_come_along(void **state)
{
    static const unsigned kinds[] = {WORDS, BYTES, BYTES, BITS};
    uint8_t vars[64];

    (void)state;
    for (unsigned f = 0; f < HAL_FAMILIES; f++) {
        struct vars_energy e;
        uint32_t at;

        be(f);
        at = hal_chip()->obk_vars.addr + HAL_SECTOR;
        their_vars(vars, 7, 7, 1);
        put_sector(at, kinds[f]);
        at = put_record(at + top(kinds[f]), kinds[f], DELETED, "OBK_FV", vars, sizeof vars);
        their_vars(vars, 1000, 993, 100);
        put_record(at, kinds[f], WRITTEN, "OBK_FV", vars, sizeof vars);

        start();
        assert_true(plug.vars.dirty);
        assert_int_equal(vars_retained(&plug.vars, 1), 100);
        vars_energy(&plug.vars, &e);
        assert_true(e.total == 1234.5f);
        assert_int_equal(vars_boots(&plug.vars), 1000);
    }
}

static void unfinished_boots_of_openbeken_are_no_reason_for_safe_mode(void **state)
{
    uint8_t vars[64];

    (void)state;
    their_vars(vars, 1000, 993, 1);
    put_sector(0x1f7000, WORDS);
    put_record(0x1f7024, WORDS, WRITTEN, "OBK_FV", vars, sizeof vars);
    start();
    assert_int_equal(vars_boots(&plug.vars), vars_boots_ok(&plug.vars));
}

static void variables_of_another_length_are_left_alone(void **state)
{
    uint8_t vars[68];

    (void)state;
    their_vars(vars, 5, 5, 1);
    memset(vars + 64, 0, 4);
    put_sector(0x1f7000, WORDS);
    put_record(0x1f7024, WORDS, WRITTEN, "OBK_FV", vars, sizeof vars);
    start();
    assert_int_equal(vars_boots(&plug.vars), 0);
    assert_int_equal(vars_retained(&plug.vars, 1), 0);
}

/* ---- the power goes while they are taken over ----------------------------------------- */

static uint8_t flash_of_openbeken[0x200000];

/* As OpenBeken leaves a plug: settings, a retained relay that is on, energy. */
static void left_by_openbeken(enum hal_family family)
{
    static const unsigned kinds[] = {WORDS, BYTES, BYTES, BITS};
    const unsigned kind = kinds[family];
    const struct hal_chip *c;
    uint8_t vars[64];
    uint32_t at;

    be(family);
    c = hal_chip();
    their_vars(vars, 9, 9, 1);
    put_sector(c->obk_vars.addr, kind);
    at = put_record(c->obk_vars.addr + top(kind), kind, WRITTEN, "OBK_FV", vars, sizeof vars);
    if (family == HAL_ECR6600) {
        put_sector(c->obk.addr, kind);
        put_record(c->obk.addr + top(kind), kind, WRITTEN, "ObkCfg", theirs, sizeof theirs);
    } else if (family == HAL_BL602) {
        put_record(at, kind, WRITTEN, "mY0bcFg", theirs, sizeof theirs);
    } else {
        memcpy(host_flash() + c->obk.addr, theirs, sizeof theirs);
    }
    memcpy(flash_of_openbeken, host_flash(), sizeof flash_of_openbeken);
}

static bool first_start_until_cut(uint32_t nth, enum host_cut how)
{
    jmp_buf gone;
    bool cut;

    host_power_to(&gone);
    cut = setjmp(gone);
    if (!cut) {
        host_flash_cut(nth, how, 0x5eed0b0du + nth);
        rig_restart(HAL_RESET_POWER);
        rig_run(10000);
    }
    host_flash_calm();
    host_power_to(NULL);
    return cut;
}

static void assert_taken_over(void)
{
    struct vars_energy e;

    assert_string_equal(config_text(&rig.cfg, CFG_SSID), "HomeNet");
    assert_string_equal(config_text(&rig.cfg, CFG_MQTT_HOST), "10.0.0.2");
    assert_int_equal(config_role(&rig.cfg, 24), 1);
    assert_int_equal(config_start(&rig.cfg, 1), -1);
    assert_int_equal(channel_get(&rig, 1), 1);
    vars_energy(&rig.vars, &e);
    assert_true(e.total == 1234.5f);
    assert_false(rig.safe_mode);
}

static void a_power_cut_at_any_flash_operation_of_the_first_start_loses_nothing(void **state)
{
    static unsigned f, how, n;

    (void)state;
    for (f = 0; f < HAL_FAMILIES; f++)
        for (how = 0; how < HOST_CUTS; how++)
            for (n = 0;; n++) {
                const struct hal_span *s;
                bool cut;

                left_by_openbeken((enum hal_family)f);
                cut = first_start_until_cut(n, (enum host_cut)how);
                for (unsigned again = 0; again < 2; again++) {
                    rig_restart(HAL_RESET_POWER);
                    assert_taken_over();
                    rig_run(again ? 7000 : 1000);
                }
                s = &hal_chip()->store;
                memcpy(flash_of_openbeken + s->addr, host_flash() + s->addr, s->len);
                assert_memory_equal(flash_of_openbeken, host_flash(), sizeof flash_of_openbeken);
                if (!cut)
                    break;
            }
}

/* ---- hostile areas ------------------------------------------------------------------ */

static void noise_in_the_areas_does_no_harm(void **state)
{
    uint32_t seed = seeded(0x5eed0b0b);
    uint8_t rec[CONFIG_SIZE], vars[VARS_SIZE];

    (void)state;
    for (unsigned round = 0; round < 60; round++) {
        struct hal_span area;

        be(round % HAL_FAMILIES);
        area = hal_chip()->obk_vars;
        for (uint32_t i = 0; i < area.len; i++)
            host_flash()[area.addr + i] = (uint8_t)(noise(&seed) >> 7);
        for (uint32_t at = 0; at < area.len; at += HAL_SECTOR) {
            put_sector(area.addr + at, round % 3);
            for (unsigned i = 0; i < 40; i++)
                memcpy(host_flash() + area.addr + at + noise(&seed) % 4090, "KV40", 4);
        }
        assert_false(obk_vars(hal_chip(), vars));
        obk_config(hal_chip(), rec);
    }
}

static void mutated_records_are_refused_or_right(void **state)
{
    uint32_t seed = seeded(0x5eed0b0c);
    uint8_t vars[64], got[VARS_SIZE];

    (void)state;
    their_vars(vars, 11, 11, 7);
    for (unsigned round = 0; round < 20000; round++) {
        const unsigned kind = round % 3;
        const uint32_t sector = hal_chip()->obk_vars.addr;

        memset(host_flash() + sector, 0xff, HAL_SECTOR);
        put_sector(sector, kind);
        put_record(sector + top(kind), kind, WRITTEN, "OBK_FV", vars, sizeof vars);
        host_flash()[sector + noise(&seed) % 150] ^= (uint8_t)(1u << noise(&seed) % 8);
        if (obk_vars(hal_chip(), got))
            assert_memory_equal(got, vars, sizeof vars);
    }
}

static void a_span_beyond_the_flash_is_no_record(void **state)
{
    struct hal_chip odd = *hal_chip();
    uint8_t rec[CONFIG_SIZE];

    (void)state;
    odd.obk = (struct hal_span){0xfffff000, 0x4000};
    assert_int_equal(obk_config(&odd, rec), 0);
    odd.obk = (struct hal_span){0, 0};
    assert_int_equal(obk_config(&odd, rec), 0);
    odd.family = HAL_BK7231T;
    assert_int_equal(obk_config(&odd, rec), 0);
    odd.obk = (struct hal_span){0x1ff800, 0x1000};
    assert_int_equal(obk_config(&odd, rec), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, be_ecr)
    const struct CMUnitTest tests[] = {
        TEST(a_beken_reads_its_raw_sector),
        TEST(a_bl602_reads_its_record_in_psm),
        TEST(an_ecr6600_reads_its_record_in_cfg),
        TEST(a_record_of_the_reference_is_read),
        TEST(the_newest_record_counts),
        TEST(a_record_being_replaced_when_the_power_went_still_counts),
        TEST(a_broken_record_before_it_is_stepped_over),
        TEST(without_a_record_there_are_the_defaults),
        TEST(a_record_with_a_wrong_checksum_gives_the_defaults),
        TEST(it_is_read_once),
        TEST(what_openbeken_left_stays_as_it_was),
        TEST(our_store_is_clear_of_everything_else),
        TEST(retained_values_and_energy_come_along),
        TEST(unfinished_boots_of_openbeken_are_no_reason_for_safe_mode),
        TEST(variables_of_another_length_are_left_alone),
        TEST(a_power_cut_at_any_flash_operation_of_the_first_start_loses_nothing),
        TEST(noise_in_the_areas_does_no_harm),
        TEST(mutated_records_are_refused_or_right),
        TEST(a_span_beyond_the_flash_is_no_record),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
