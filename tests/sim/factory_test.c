/* factory_test.c - the synthetic factory flash, by an independent reading of
 * reference 7 and 8: bitwise CRC16, and the published vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "plugflash/sim.h"
#include "sim/bkcode.h"

#define SIZE (2u << 20)

static const uint8_t mac[6] = {0x02, 0x50, 0x46, 0x01, 0x02, 0x03};

static int make(void **state)
{
    *state = malloc(SIZE);
    return *state ? 0 : -1;
}

static int unmake(void **state)
{
    free(*state);
    return 0;
}

static uint16_t crc16(const uint8_t *p, size_t n)
{
    unsigned crc = 0xffff;

    while (n--) {
        crc ^= (unsigned)*p++ << 8;
        for (int k = 0; k < 8; k++)
            crc = crc & 0x8000 ? (crc << 1 ^ 0x8005) & 0xffff : crc << 1;
    }
    return (uint16_t)crc;
}

static uint32_t fnv(const uint8_t *p, size_t n)
{
    uint32_t h = 0x811C9DC5;

    while (n--)
        h = (h ^ *p++) * 0x01000193u;
    return h;
}

/* Every 34-byte block of [from, to) is blank or carries its CRC16. */
static unsigned check_blocks(const uint8_t *flash, uint32_t from, uint32_t to)
{
    unsigned good = 0;

    for (uint32_t at = from; at + 34 <= to; at += 34) {
        if (pf_is_blank(flash + at, 34))
            continue;
        if (get_be16(flash + at + 32) != crc16(flash + at, 32))
            fail_msg("block at 0x%x has a wrong CRC16", at);
        good++;
    }
    return good;
}

/* Logical bytes of `n` blocks. */
static void strip(uint8_t *out, const uint8_t *flash, size_t n)
{
    for (size_t i = 0; i < n; i++)
        memcpy(out + 32 * i, flash + 34 * i, 32);
}

static void check_rbl(const uint8_t *flash, uint32_t code_at, uint32_t header_at, const char *name)
{
    uint8_t head[96], pad[16];
    uint32_t raw, package;
    uint8_t *code;

    strip(head, flash + header_at, 3);
    assert_memory_equal(head, "RBL", 4);
    assert_int_equal(get_le32(head + 4), 0);
    assert_string_equal((const char *)head + 12, name);
    assert_int_equal(get_le32(head + 0x5c), pf_crc32(0, head, 0x5c));
    raw = get_le32(head + 0x54);
    package = get_le32(head + 0x58);
    assert_in_range(package - raw, 1, 16);
    assert_int_equal(package % 16, 0);
    code = malloc(raw + 32);
    assert_non_null(code);
    strip(code, flash + code_at, (raw + 31) / 32);
    assert_int_equal(get_le32(head + 0x50), fnv(code, raw));
    memset(pad, (int)(package - raw), sizeof pad);
    assert_int_equal(get_le32(head + 0x4c), pf_crc32(pf_crc32(0, code, raw), pad, package - raw));
    free(code);
}

static void cipher_and_crc16_meet_the_published_vectors(void **state)
{
    static const struct {
        uint32_t addr;
        uint8_t head[8];
        uint16_t crc;
    } rows[] = {
        /* The table prints 6f for the fourth byte; its own CRC16 is that of 7f. */
        {0x00000, {0x21, 0x06, 0xb7, 0x7f, 0x25, 0x0a, 0xb3, 0x7b}, 0xA2D3},
        {0x10000, {0x21, 0x06, 0xb7, 0x7d, 0x25, 0x0a, 0xb3, 0x79}, 0xC542},
        {0x10020, {0x21, 0x46, 0xb7, 0x7d, 0x25, 0x4a, 0xb3, 0x79}, 0x697D},
        {0x20000, {0x21, 0x06, 0xb7, 0x7b, 0x25, 0x0a, 0xb3, 0x7f}, 0x6DF1},
    };
    static const struct bkcode_key other = {{0x4862379A, 0x8612784B, 0x85C5E258, 0x75754528}};
    static const struct bkcode_key zero = {{0, 0, 0, 0}};
    uint8_t block[32];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        for (unsigned k = 0; k < 32; k++)
            block[k] = (uint8_t)k;
        bkcode_crypt(&bkcode_tuya, rows[i].addr, block, 32);
        assert_memory_equal(block, rows[i].head, 8);
        assert_int_equal(bkcode_crc16(block, 32), rows[i].crc);
    }
    for (unsigned k = 0; k < 32; k++)
        block[k] = (uint8_t)k;
    bkcode_crypt(&zero, 0x10000, block, 32);
    assert_int_equal(bkcode_crc16(block, 32), 0x259D);
    bkcode_crypt(&other, 0x10000, block, 32);
    assert_int_equal(bkcode_crc16(block, 32), 0x5074);
    assert_int_equal(bkcode_crc16((const uint8_t *)"123456789", 9), 0xAEE7);
    assert_int_equal(crc16((const uint8_t *)"123456789", 9), 0xAEE7);
}

static void every_code_block_carries_its_crc16_and_every_rbl_proves_its_code(void **state)
{
    static const char *const chips[] = {"bk7231t", "bk7231n"};
    uint8_t *flash = *state;

    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pf_sim_factory(chips[i], 5, mac, flash, SIZE), PF_OK);
        assert_true(check_blocks(flash, 0, 0x11000) > 1500);
        assert_true(check_blocks(flash, 0x11000, 0x129F70) > 30000);
        check_rbl(flash, 0, 0x10F9A, "bootloader");
        check_rbl(flash, 0x11000, 0x129F0A, "app");
        assert_true(bkcode_loader_ok(flash));
    }
}

static void the_first_bytes_are_those_that_tell_the_chips_apart(void **state)
{
    static const uint8_t t_head[8] = {0x43, 0x09, 0xB5, 0x96, 0x35, 0xFF, 0x2A, 0x99};
    static const uint8_t n_head[8] = {0x69, 0x0C, 0xB5, 0x96, 0x35, 0xFF, 0x2A, 0x99};
    static const uint8_t app[16] = {0x2f, 0x07, 0xb5, 0x94, 0x35, 0xff, 0x2a, 0x9b,
                                    0x35, 0xe7, 0x2a, 0x9b, 0x35, 0xef, 0x2a, 0x9b};
    static const uint8_t n_app_mark[8] = {0x63, 0x4c, 0x80, 0x4c, 0x12, 0x3e, 0xb7, 0x7e};
    uint8_t *flash = *state;

    pf_sim_factory("bk7231t", 1, mac, flash, SIZE);
    assert_memory_equal(flash, t_head, 8);
    assert_memory_equal(flash + 0x11000, app, 16);
    assert_memory_equal(flash + 0x1E0000, "TLV", 4);
    assert_int_equal(get_le32(flash + 0x1E0004), 0x1E0);
    assert_memory_equal(flash + 0x1E0024, mac, 6);

    pf_sim_factory("bk7231n", 1, mac, flash, SIZE);
    assert_memory_equal(flash, n_head, 8);
    assert_memory_equal(flash + 0x110, "BK7231\0", 8);
    assert_memory_equal(flash + 0x11110, n_app_mark, 8);
    assert_memory_equal(flash + 0x1D0000, "TLV", 4);
    assert_int_equal(get_le32(flash + 0x1D0004), 0x1F6);
    assert_memory_equal(flash + 0x1D0024, mac, 6);
}

static void the_loader_holds_key_version_and_partition_table(void **state)
{
    static const uint8_t mark[4] = {0xEE, 0xBB, 0xAA, 0x10};
    static uint8_t code[0x10000];
    uint8_t *flash = *state;

    pf_sim_factory("bk7231t", 1, mac, flash, SIZE);
    strip(code, flash, 0x10000 / 34);
    assert_memory_equal(code + 0xDC24, "01PEbootloader", 14);
    assert_memory_equal(code + 0xDCA4 + 4, "download", 8);
    assert_int_equal(get_le32(code + 0xDCA4 + 52), 0x132000);
    assert_int_equal(get_le32(code + 0xDCA4 + 56), 0xA6000);
    bkcode_crypt(&bkcode_tuya, 0, code, 0x1000);
    assert_memory_equal(code + 0x44, mark, 4);
    assert_int_equal(get_le32(code + 0x48), 0x510fb093);
    assert_int_equal(get_le32(code + 0x54), 0xc7adeb03);
    assert_string_equal((char *)code + 0x94, "BK7231S_1.0.5");
}

static void about_forty_percent_of_the_sectors_are_blank(void **state)
{
    static const char *const chips[] = {"bk7231t", "bk7231n"};
    uint8_t *flash = *state;

    for (size_t i = 0; i < 2; i++) {
        unsigned blank = 0;

        pf_sim_factory(chips[i], 9, mac, flash, SIZE);
        for (uint32_t s = 0; s < SIZE / 4096; s++)
            blank += pf_is_blank(flash + s * 4096, 4096);
        assert_in_range(blank, 190, 220);
    }
}

static void the_same_seed_gives_the_same_flash_and_another_seed_another(void **state)
{
    uint8_t *flash = *state, *again = malloc(SIZE);

    assert_non_null(again);
    pf_sim_factory("bk7231n", 3, mac, flash, SIZE);
    pf_sim_factory("bk7231n", 3, mac, again, SIZE);
    assert_memory_equal(flash, again, SIZE);
    pf_sim_factory("bk7231n", 4, mac, again, SIZE);
    assert_memory_not_equal(flash + 0x400, again + 0x400, 4096);
    free(again);
}

static void other_sizes_hold_what_fits(void **state)
{
    uint8_t *flash = *state;

    for (uint32_t size = 64u << 10; size <= SIZE; size *= 2) {
        memset(flash, 0, SIZE);
        assert_int_equal(pf_sim_factory("bk7231t", 1, mac, flash, size), PF_OK);
        if (size < SIZE)
            assert_int_equal(flash[size], 0);
        if (size > 0x12000)
            check_rbl(flash, 0, 0x10F9A, "bootloader");
    }
    assert_int_equal(pf_sim_factory("bk7231t", 1, mac, flash, 100000), PF_ERR_RANGE);
    assert_int_equal(pf_sim_factory("bk9999", 1, mac, flash, SIZE), PF_ERR_CHIP);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(cipher_and_crc16_meet_the_published_vectors),
        T(every_code_block_carries_its_crc16_and_every_rbl_proves_its_code),
        T(the_first_bytes_are_those_that_tell_the_chips_apart),
        T(the_loader_holds_key_version_and_partition_table),
        T(about_forty_percent_of_the_sectors_are_blank),
        T(the_same_seed_gives_the_same_flash_and_another_seed_another),
        T(other_sizes_hold_what_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
