/* ecr6600_factory_test.c - the synthetic factory flash, by an independent
 * reading of reference ecr6600, 4: bitwise CRC-32, records walked by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugflash/sim.h"

#define SIZE 0x200000u

static const uint8_t mac[6] = {0x84, 0xE3, 0x42, 0x12, 0x34, 0x56};

static uint32_t le32(const uint8_t *p)
{
    return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t crc32_by_bits(const uint8_t *p, size_t n)
{
    uint32_t crc = 0xffffffff;

    while (n--) {
        crc ^= *p++;
        for (int k = 0; k < 8; k++)
            crc = crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
    }
    return ~crc;
}

static uint8_t *make(uint32_t size, uint32_t seed)
{
    uint8_t *f = malloc(size);

    assert_non_null(f);
    assert_int_equal(pf_sim_factory("ecr6600", seed, mac, f, size), PF_OK);
    return f;
}

static bool blank(const uint8_t *p, size_t n)
{
    while (n)
        if (p[--n] != 0xff)
            return false;
    return true;
}

/* Walk a list, check every record; returns the value of `name`, its length in *len. */
static const uint8_t *value_of(const uint8_t *list, size_t room, const char *name, size_t *len)
{
    const uint8_t *found = NULL;

    for (size_t at = 0; at + 36 <= room && list[at] == 0;) {
        const uint8_t *r = list + at;
        uint32_t total = le32(r + 20), n = r[28], v = le32(r + 32);

        assert_int_equal(r[4], 0);
        assert_true(blank(r + 1, 3) && blank(r + 5, 15) && blank(r + 29, 3));
        assert_int_equal(total, 36 + (n + 3) / 4 * 4 + (v + 3) / 4 * 4);
        assert_true(at + total <= room);
        assert_int_equal(le32(r + 24), crc32_by_bits(r + 28, total - 28));
        if (n == strlen(name) && !memcmp(r + 36, name, n)) {
            found = r + 36 + (n + 3) / 4 * 4;
            *len = v;
        }
        at += total;
    }
    return found;
}

static bool part(const uint8_t *flash, const char *name, unsigned *base, unsigned *len)
{
    char text[40] = "";
    size_t n;
    const uint8_t *v = value_of(flash + 0x400, 0xC00, name, &n);

    if (!v || n >= sizeof text)
        return false;
    memcpy(text, v, n);
    return sscanf(text, "0x%x,0x%x", base, len) == 2;
}

static void partition_sector_is_the_published_file_to_the_last_byte(void **state)
{
    uint8_t *f = make(SIZE, 7);

    (void)state;
    assert_int_equal(crc32_by_bits(f, 4096), 0x174A0AD8);
    free(f);
}

static void at_layout_has_its_parts(void **state)
{
    static const struct {
        const char *name;
        unsigned base, len;
    } want[] = {
        {"cpu", 0x7000, 0x1EA000},        {"ota_status", 0x1F1000, 0x2000},
        {"ca_crt", 0x1F4000, 0x1000},     {"client_key", 0x1F6000, 0x1000},
        {"nv_develop", 0x1FB000, 0x3000}, {"nv_amt", 0x1FE000, 0x2000},
    };
    struct pf_ctx ctx = {0};
    struct pf_transport *t;
    struct pf_sim_view v;

    (void)state;
    assert_int_equal(pf_sim_open(&ctx, "ecr6600,layout=at", &t), PF_OK);
    pf_sim_view(t, &v);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        unsigned base = 0, len = 0;

        assert_true(part(v.flash, want[i].name, &base, &len));
        assert_int_equal(base, want[i].base);
        assert_int_equal(len, want[i].len);
    }
    t->ops->close(t);
}

static void check_images(const uint8_t *f, unsigned cpu, unsigned room)
{
    const uint8_t *u = f + 0x1000, *a = f + cpu;
    uint32_t body = le32(u + 4), app;

    assert_int_equal(le32(u), 0x48787032);
    assert_int_equal(le32(u + 0x0C), 0x800AC);
    assert_true(body + 0x58 <= 0x6000);
    assert_int_equal(le32(u + 0x10), crc32_by_bits(u + 0x58, body));
    assert_int_equal(le32(u + 0x54), crc32_by_bits(u, 0x54));
    assert_int_equal(le32(a), 0x02262018);
    assert_int_equal(le32(a + 0xFC), crc32_by_bits(a, 0xFC));
    app = 0x100 + le32(a + 0x10) + le32(a + 0x18) + le32(a + 0x1C);
    assert_true(app <= room);
    assert_false(blank(a + app - 16, 16));
    assert_true(blank(a + app, 4096));
}

static void images_carry_their_checksums_at_every_size(void **state)
{
    static const uint32_t sizes[] = {0x100000, 0x200000, 0x400000};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        uint8_t *f = make(sizes[i], 3);
        unsigned base, len;

        assert_true(part(f, "cpu", &base, &len));
        check_images(f, base, len);
        assert_true(part(f, "nv_amt", &base, &len));
        assert_true(base + len <= sizes[i]);
        assert_memory_equal(f + base + 24, "EF41", 4);
        free(f);
    }
}

static void nv_amt_holds_the_mac_and_the_calibration(void **state)
{
    static const char *const names[] = {"txPower",     "txGainFlag",    "FineTune", "CoarseTune",
                                        "loLeakage",   "FinishFlag",    "Swl",      "nv_version",
                                        "VersionFlag", "freqOffsetFlag"};
    static const uint8_t empty[36] = {0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 'E',  'F',  '4',
                                      '1',  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint8_t *f = make(SIZE, 1);
    const uint8_t *v;
    size_t len = 0;

    (void)state;
    v = value_of(f + 0x1FE024, 4096 - 36, "mac", &len);
    assert_non_null(v);
    assert_int_equal(len, 17);
    assert_memory_equal(v, "84:E3:42:12:34:56", 17);
    assert_int_equal(le32(v - 4 - 36 + 20), 0x3C);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_non_null(value_of(f + 0x1FE024, 4096 - 36, names[i], &len));
    assert_non_null(value_of(f + 0x1FE024, 4096 - 36, "txPower", &len));
    assert_int_equal(len, 240);
    assert_memory_equal(f + 0x1FF000, empty, sizeof empty);
    free(f);
}

static void two_in_five_sectors_are_blank(void **state)
{
    uint8_t *f = make(SIZE, 5);
    unsigned n = 0;

    (void)state;
    for (uint32_t at = 0; at < SIZE; at += 4096)
        n += blank(f + at, 4096);
    assert_in_range(n, 512 * 41 / 100, 512 * 45 / 100);
    free(f);
}

static void the_same_seed_gives_the_same_flash_and_another_another(void **state)
{
    uint8_t *a = make(SIZE, 1), *b = make(SIZE, 1), *c = make(SIZE, 2);

    (void)state;
    assert_memory_equal(a, b, SIZE);
    assert_memory_not_equal(a, c, SIZE);
    free(a);
    free(b);
    free(c);
}

static void every_flash_size_is_survived(void **state)
{
    (void)state;
    for (uint32_t size = 0x10000; size <= 0x1000000; size *= 2)
        free(make(size, 1));
}

static void high_layout_moves_nv_to_the_end(void **state)
{
    struct pf_ctx ctx = {0};
    struct pf_transport *t;
    struct pf_sim_view v;
    unsigned base = 0, len = 0;
    size_t n;

    (void)state;
    assert_int_equal(pf_sim_open(&ctx, "ecr6600,size=4M,layout=obk-high,mac=84:E3:42:12:34:56", &t),
                     PF_OK);
    pf_sim_view(t, &v);
    assert_true(part(v.flash, "nv_amt", &base, &len));
    assert_int_equal(base, 0x3FE000);
    assert_non_null(value_of(v.flash + base + 36, 4096 - 36, "mac", &n));
    assert_true(blank(v.flash + 0x1FE000, 0x2000));
    t->ops->close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(partition_sector_is_the_published_file_to_the_last_byte),
        cmocka_unit_test(at_layout_has_its_parts),
        cmocka_unit_test(images_carry_their_checksums_at_every_size),
        cmocka_unit_test(nv_amt_holds_the_mac_and_the_calibration),
        cmocka_unit_test(two_in_five_sectors_are_blank),
        cmocka_unit_test(the_same_seed_gives_the_same_flash_and_another_another),
        cmocka_unit_test(every_flash_size_is_survived),
        cmocka_unit_test(high_layout_moves_nv_to_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
