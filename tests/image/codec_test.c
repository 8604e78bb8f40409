/* Vectors of the reference, section 14: what every byte of the codecs must be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "image/bk7231_crc16.h"
#include "image/bk7231_crypt.h"
#include "image/make.h"
#include "image/obk_config.h"
#include "image/rbl.h"
#include "image/rf_tlv.h"
#include "image/ug.h"
#include "plugflash/image.h"

static void assert_hex(const uint8_t *data, size_t len, const char *want)
{
    char hex[512];

    assert_true(len <= 255);
    pf_hex(data, len, hex);
    assert_string_equal(hex, want);
}

static void counting(uint8_t out[32])
{
    for (size_t i = 0; i < 32; i++)
        out[i] = (uint8_t)i;
}

static void crc16_matches_the_reference(void **state)
{
    uint8_t data[32];

    (void)state;
    assert_int_equal(bk7231_crc16((const uint8_t *)"123456789", 9), 0xAEE7);
    counting(data);
    assert_int_equal(bk7231_crc16(data, 32), 0x259D);
    memset(data, 0, 32);
    assert_int_equal(bk7231_crc16(data, 32), 0x8029);
    memset(data, 0xff, 32);
    assert_int_equal(bk7231_crc16(data, 32), 0x000C);
}

static void erased_blocks_are_blank_and_a_coded_block_of_ff_is_good(void **state)
{
    uint8_t block[34];

    (void)state;
    memset(block, 0xff, sizeof block);
    assert_int_equal(bk7231_block_check(block), BK_BLOCK_BLANK);
    block[32] = 0x00;
    block[33] = 0x0C;
    assert_int_equal(bk7231_block_check(block), BK_BLOCK_GOOD);
    block[5] ^= 1;
    assert_int_equal(bk7231_block_check(block), BK_BLOCK_BAD);
}

static void physical_and_logical_addresses_match_the_reference(void **state)
{
    static const uint32_t pair[][2] = {
        {0x10000, 0x11000}, {0x10100, 0x11110}, {0x118700, 0x129F70}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(bk7231_physical(pair[i][0]), pair[i][1]);
        assert_int_equal(bk7231_logical(pair[i][1]), pair[i][0]);
    }
}

static void weaving_pads_with_ff_and_stripping_undoes_it(void **state)
{
    uint8_t code[45], woven[68], back[64];

    (void)state;
    for (size_t i = 0; i < sizeof code; i++)
        code[i] = (uint8_t)(i * 7);
    assert_int_equal(bk7231_crc16_add(code, sizeof code, woven, 67), 0); /* does not fit */
    assert_int_equal(bk7231_crc16_add(code, sizeof code, woven, 68), 68);
    assert_int_equal(bk7231_block_check(woven), BK_BLOCK_GOOD);
    assert_int_equal(bk7231_block_check(woven + 34), BK_BLOCK_GOOD);
    assert_int_equal(bk7231_crc16_strip(woven, 68, back), 64);
    assert_memory_equal(back, code, sizeof code);
    assert_true(pf_is_blank(back + sizeof code, 64 - sizeof code));
}

static void the_cipher_matches_the_reference(void **state)
{
    static const struct {
        uint32_t addr;
        const char *hex;
        uint16_t crc;
    } v[] = {
        {0x00000, "2106b77f250ab37b291ebf772d12bb733136a76f353aa36b392eaf673d22ab63", 0xA2D3},
        {0x10000, "2106b77d250ab379291ebf752d12bb713136a76d353aa369392eaf653d22ab61", 0xC542},
        {0x10020, "2146b77d254ab379295ebf752d52bb713176a76d357aa369396eaf653d62ab61", 0x697D},
        {0x20000, "2106b77b250ab37f291ebf732d12bb773136a76b353aa36f392eaf633d22ab67", 0x6DF1},
    };
    uint8_t data[32];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        counting(data);
        bk7231_crypt(&bk7231_keys[0], v[i].addr, data, 32);
        assert_hex(data, 32, v[i].hex);
        assert_int_equal(bk7231_crc16(data, 32), v[i].crc);
    }
    memset(data, 0, 32);
    bk7231_crypt(&bk7231_keys[0], 0x10000, data, 32);
    assert_hex(data, 32, "2107b57e210fb57e2117b57e211fb57e2127b57e212fb57e2137b57e213fb57e");
    memcpy(data, "BK7231\0", 8);
    bk7231_crypt(&bk7231_keys[0], 0x10100, data, 8);
    assert_hex(data, 8, "634c804c123eb77e");
}

static void arm_vectors_encrypt_to_what_stock_images_start_with(void **state)
{
    uint8_t data[32];

    (void)state;
    put_le32(data, 0xEA00000E);
    for (size_t i = 1; i < 8; i++)
        put_le32(data + 4 * i, 0xE59FF014);
    bk7231_crypt(&bk7231_keys[0], 0x10000, data, 32);
    assert_hex(data, 32, "2f07b59435ff2a9b35e72a9b35ef2a9b35d72a9b35df2a9b35c72a9b35cf2a9b");
    assert_int_equal(bk7231_crc16(data, 32), 0xFE2B);
}

static void other_keys_and_the_zero_key_match_the_reference(void **state)
{
    uint8_t data[32], plain[32];

    (void)state;
    counting(data);
    bk7231_crypt(&bk7231_keys[2], 0x10000, data, 32);
    assert_hex(data, 32, "23803a2f3e852f2a0baa320716af270273902a7b6e953f7e5bba225346bf3756");
    assert_int_equal(bk7231_crc16(data, 32), 0x5074);
    counting(data);
    counting(plain);
    bk7231_crypt(&bk7231_keys[1], 0x10000, data, 32);
    assert_memory_equal(data, plain, 32);
}

/* A second reading of reference 8.2, bit by bit, for keys nobody uses: every
 * variant of swapping, shifting and bypassing. */
static uint32_t slow_keystream(const uint32_t c[4], uint32_t addr)
{
    uint32_t p15 = 0, p16 = 0, p32 = 0, hi = addr >> 16, lo = addr & 0xffff, a, b;

    if (c[3] >> 24 == 0 || c[3] >> 24 == 255 || c[3] % 16 == 15)
        return 0;
    if (!(c[3] & 1)) {
        if ((c[3] >> 5 & 3) >= 2)
            hi = (hi & 255) * 256 + hi / 256;
        if ((c[3] >> 5 & 3) % 2)
            lo = (lo & 255) * 256 + lo / 256;
        a = hi ^ lo ^ c[1] / 65536;
        b = a / 32 % 16;
        p15 = ((a * 512 | a / 128) & 0xffff) ^ (0x6371 & (b | b << 4 | b << 8 | b << 12));
    }
    if (!(c[3] & 2)) {
        a = (addr >> (c[3] / 256 % 4)) % 0x20000;
        a ^= (c[1] / 256 % 256) * 512 + c[3] / 16 % 2 * 256 + c[1] % 256;
        b = a / 8192 % 2 + a / 512 % 2 * 2 + a / 32 % 2 * 4 + a / 2 % 2 * 8;
        b = (a / 16 % 2) << 16 | b << 12 | b << 8 | b << 4 | b;
        p16 = (((a << 7 | a >> 10) % 0x20000) ^ (0x13659 & b)) % 0x10000;
    }
    if (!(c[3] & 4)) {
        a = addr;
        for (unsigned i = 0; i < 8 * (c[3] >> 11 & 3); i++)
            a = a >> 1 | a << 31;
        a ^= c[0];
        b = a / 4 % 16;
        p32 = (a << 17 | a >> 15) ^ (0xE519A4F1 & b * 0x11111111u);
    }
    return p32 ^ p15 << 16 ^ p16 ^ (c[3] & 8 ? 0 : c[2]);
}

static void every_variant_of_the_cipher_agrees_with_a_second_reading(void **state)
{
    uint32_t seed = 0xB7231;

    (void)state;
    for (unsigned i = 0; i < 4000; i++) {
        struct bk7231_key key;
        uint32_t addr;

        for (size_t k = 0; k < 4; k++)
            key.c[k] = make_random(&seed);
        addr = make_random(&seed) & (i & 1 ? 0x1fffffc : 0xfffffffc);
        if (bk7231_keystream(&key, addr) != slow_keystream(key.c, addr))
            fail_msg("key %08x %08x %08x %08x at %08x", key.c[0], key.c[1], key.c[2], key.c[3],
                     addr);
    }
}

static void fnv_matches_the_reference(void **state)
{
    uint8_t data[32];

    (void)state;
    counting(data);
    assert_int_equal(fnv1a(FNV1A_START, (const uint8_t *)"a", 1), 0xE40C292C);
    assert_int_equal(fnv1a(FNV1A_START, (const uint8_t *)"abc", 3), 0x1A47E90B);
    assert_int_equal(fnv1a(FNV1A_START, data, 32), 0x0913AD65);
}

#define RBL_HEX                                                                                    \
    "52424c000000000000105e5f61707000000000000000000000000000312e30300000000000000000000000000000" \
    "0"                                                                                            \
    "000000000003030303030303030303030303030303030303030303030002cdd844f55ebe0c13f00000040000000d" \
    "c"                                                                                            \
    "d48323"
#define UG_HEX "55aa55aa312e302e3000000000000000000000a0000029fa000004aeaa55aa55"

/* The example package of the reference: header and 63 bytes padded to 64. */
static size_t example_rbl(uint8_t out[160])
{
    struct rbl rbl = {.time = 1600000000, .name = "app", .version = "1.00"};

    for (size_t i = 0; i < 63; i++)
        out[RBL_SIZE + i] = (uint8_t) "plugflash"[i % 9];
    out[RBL_SIZE + 63] = 1;
    rbl.raw_size = 63;
    rbl.package_size = 64;
    rbl.raw_hash = fnv1a(FNV1A_START, out + RBL_SIZE, 63);
    assert_true(rbl_pad_crc(&rbl, pf_crc32(0, out + RBL_SIZE, 63), &rbl.package_crc));
    assert_int_equal(rbl.package_crc, pf_crc32(0, out + RBL_SIZE, 64));
    rbl_build(&rbl, out);
    return 160;
}

static void an_rbl_header_is_built_as_in_the_reference_and_read_back(void **state)
{
    uint8_t package[160];
    struct rbl rbl;

    (void)state;
    example_rbl(package);
    assert_hex(package, RBL_SIZE, RBL_HEX);
    assert_true(rbl_parse(package, &rbl));
    assert_true(rbl.header_ok);
    assert_string_equal(rbl.name, "app");
    assert_string_equal(rbl.version, "1.00");
    assert_int_equal(rbl.raw_size, 63);
    package[0x20] ^= 1;
    assert_true(rbl_parse(package, &rbl));
    assert_false(rbl.header_ok);
    package[0] = 'X';
    assert_false(rbl_parse(package, &rbl));
}

static void rbl_padding_is_a_full_sixteen_when_aligned_and_may_be_absent(void **state)
{
    static const uint8_t code[32] = {1, 2, 3};
    struct rbl rbl = {.raw_size = 32, .package_size = 48};
    uint8_t padded[48];
    uint32_t crc;

    (void)state;
    memcpy(padded, code, 32);
    memset(padded + 32, 16, 16);
    assert_true(rbl_pad_crc(&rbl, pf_crc32(0, code, 32), &crc));
    assert_int_equal(crc, pf_crc32(0, padded, 48));
    rbl.package_size = 32; /* the loader of 2020: no padding */
    assert_true(rbl_pad_crc(&rbl, 1234, &crc));
    assert_int_equal(crc, 1234);
    rbl.package_size = 49;
    assert_false(rbl_pad_crc(&rbl, 0, &crc));
    rbl.package_size = 31;
    assert_false(rbl_pad_crc(&rbl, 0, &crc));
}

static void a_ug_header_is_built_as_in_the_reference_and_read_back(void **state)
{
    uint8_t package[160], header[UG_SIZE];
    struct ug ug;

    (void)state;
    ug_build("1.0.0", package, (uint32_t)example_rbl(package), header);
    assert_hex(header, UG_SIZE, UG_HEX);
    assert_true(ug_parse(header, &ug));
    assert_true(ug.header_ok);
    assert_string_equal(ug.version, "1.0.0");
    assert_int_equal(ug.length, 160);
    header[5] ^= 1;
    assert_true(ug_parse(header, &ug));
    assert_false(ug.header_ok);
}

static void the_configuration_crc_differs_with_the_sign_of_char(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        uint8_t plain, with_sign;
    } v[] = {
        {"", 0, 0x00, 0x00},          {"\x01", 1, 0x5E, 0x30},     {"\x7F", 1, 0xB9, 0x63},
        {"\x80", 1, 0x8C, 0x8C},      {"\xFF", 1, 0x35, 0xEF},     {"123456789", 9, 0xA1, 0x63},
        {"OpenBeken", 9, 0x94, 0xAE}, {"\x80\x00", 2, 0x2F, 0x18},
    };
    uint8_t all[256];

    (void)state;
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        const uint8_t *p = (const uint8_t *)v[i].bytes;

        assert_int_equal(obk_crc8(p, v[i].len, false), v[i].plain);
        assert_int_equal(obk_crc8(p, v[i].len, true), v[i].with_sign);
    }
    for (size_t i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    assert_int_equal(obk_crc8(all, 256, false), 0x18);
    assert_int_equal(obk_crc8(all, 256, true), 0xDB);
}

static void the_mac_is_read_from_the_record_wherever_it_is(void **state)
{
    static const char plain[] = "TLV\0\x1E\0\0\0"
                                "\x00\x11\x11\x11\x16\0\0\0"
                                "\x03\x11\x11\x11\0\0\0\0"
                                "\x02\x11\x11\x11\x06\0\0\0\xC8\x47\x8C\x01\x02\x03";
    uint8_t page[4096], mac[6];
    struct rf_tlv tlv;

    (void)state;
    memset(page, 0xff, sizeof page);
    memcpy(page, plain, sizeof plain - 1);
    assert_true(pf_bk7231_rf_mac(page, sizeof page, mac));
    assert_hex(mac, 6, "c8478c010203");
    assert_false(pf_bk7231_rf_mac(page, 20, mac)); /* cut before the record */
    assert_false(pf_bk7231_rf_mac(page + 1, 4000, mac));
    put_le32(page + 4, 5000);
    assert_true(rf_tlv_parse(page, sizeof page, &tlv));
    assert_false(tlv.ok);
}

static void a_record_longer_than_its_group_is_told(void **state)
{
    uint8_t page[4096];
    struct rf_tlv tlv;

    (void)state;
    make_rf(&make_t, page);
    assert_true(rf_tlv_parse(page, sizeof page, &tlv));
    assert_true(tlv.ok);
    put_le32(page + 0x14, 0x7fffffff);
    assert_true(rf_tlv_parse(page, sizeof page, &tlv));
    assert_false(tlv.ok);
    assert_non_null(tlv.fault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc16_matches_the_reference),
        cmocka_unit_test(erased_blocks_are_blank_and_a_coded_block_of_ff_is_good),
        cmocka_unit_test(physical_and_logical_addresses_match_the_reference),
        cmocka_unit_test(weaving_pads_with_ff_and_stripping_undoes_it),
        cmocka_unit_test(the_cipher_matches_the_reference),
        cmocka_unit_test(arm_vectors_encrypt_to_what_stock_images_start_with),
        cmocka_unit_test(other_keys_and_the_zero_key_match_the_reference),
        cmocka_unit_test(every_variant_of_the_cipher_agrees_with_a_second_reading),
        cmocka_unit_test(fnv_matches_the_reference),
        cmocka_unit_test(an_rbl_header_is_built_as_in_the_reference_and_read_back),
        cmocka_unit_test(rbl_padding_is_a_full_sixteen_when_aligned_and_may_be_absent),
        cmocka_unit_test(a_ug_header_is_built_as_in_the_reference_and_read_back),
        cmocka_unit_test(the_configuration_crc_differs_with_the_sign_of_char),
        cmocka_unit_test(the_mac_is_read_from_the_record_wherever_it_is),
        cmocka_unit_test(a_record_longer_than_its_group_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
