/* What stubs/pack.c makes of a linked stub: images as stubs/README.md, "Image", has
 * them and as the boot loaders take them. The program is run; the generated stubs
 * are the material. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <mbedtls/ecdsa.h>
#include <mbedtls/pk.h>
#include <mbedtls/sha256.h>
#include <zlib.h>

#include "plugflash/stub.h"

enum { HEADERS = 192, SIGNATURE = 64, END = 8 };

static char folder[] = "/tmp/pack_test.XXXXXX";

static const struct family {
    const struct pf_stub *stub;
    const char *load;
    uint8_t id;
    size_t head, tail;
} ecr6600 = {&pf_stub_ecr6600, "0x10000", 1, 0, SIGNATURE},
  bl602 = {&pf_stub_bl602, "0x22010000", 2, HEADERS, 0}, *const families[] = {&ecr6600, &bl602};

static uint32_t le32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t crc_of(const uint8_t *data, size_t len)
{
    return (uint32_t)crc32(0, data, (uInt)len);
}

static int random_bytes(void *state, unsigned char *out, size_t len)
{
    (void)state;
    for (size_t i = 0; i < len; i++)
        out[i] = (unsigned char)(rand() >> 7);
    return 0;
}

static void save(const char *name, const void *data, size_t len)
{
    char path[64];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    fclose(f);
}

static size_t load(const char *name, uint8_t *data, size_t cap)
{
    char path[64];
    size_t len;
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "rb");
    assert_non_null(f);
    len = fread(data, 1, cap, f);
    fclose(f);
    return len;
}

/* pack FAMILY LOAD raw out [key]; true: it says it has. */
static bool pack(const struct family *f, const char *key)
{
    char cmd[512];

    snprintf(cmd, sizeof(cmd), "cd %s && %s %s %s raw out %s 2>err", folder, STUB_PACK,
             f->stub->chip, f->load, key);
    return system(cmd) == 0;
}

/* What the linker gave, but for the mark, which pack fills in. */
static void save_raw(const struct family *f)
{
    static uint8_t raw[64 * 1024];
    size_t len = f->stub->len - f->head - f->tail - END;

    memcpy(raw, f->stub->data + f->head, len);
    memset(raw + 13, 0, 11);
    save("raw", raw, len);
}

static void save_key(mbedtls_pk_context *key)
{
    unsigned char pem[1024];

    mbedtls_pk_init(key);
    assert_int_equal(mbedtls_pk_setup(key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)), 0);
    assert_int_equal(
        mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(*key), random_bytes, NULL), 0);
    assert_int_equal(mbedtls_pk_write_key_pem(key, pem, sizeof(pem)), 0);
    save("key.pem", pem, strlen((char *)pem));
}

/* Whether this is an undamaged image, by its marks. */
static bool intact(const struct family *f, const uint8_t *image, size_t len)
{
    return len >= 32 && !memcmp(image + 4, "PLUGFLASH", 9) && image[13] == f->id &&
           le32(image + 16) == f->stub->version && le32(image + 20) == len &&
           !memcmp(image + len - 8, "PFST", 4) && le32(image + len - 4) == crc_of(image, len - 8);
}

static void the_committed_stubs_are_what_is_packed_of_their_images(void **state)
{
    static uint8_t out[64 * 1024];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct pf_stub *stub = families[i]->stub;

        save_raw(families[i]);
        assert_true(pack(families[i], ""));
        assert_int_equal(load("out", out, sizeof(out)), stub->len);
        assert_memory_equal(out, stub->data, stub->len);
    }
}

static void a_stub_says_its_sum_and_where_it_runs(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct pf_stub *stub = families[i]->stub;
        uint8_t sum[32];

        assert_int_equal(mbedtls_sha256_ret(stub->data, stub->len, sum, 0), 0);
        assert_memory_equal(stub->sha256, sum, sizeof(sum));
        assert_int_equal(stub->load, strtoul(families[i]->load, NULL, 0));
        assert_int_equal(stub->entry, stub->load);
    }
}

static void a_damaged_or_cut_image_is_told(void **state)
{
    static uint8_t image[64 * 1024];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct family *f = families[i];
        size_t len = f->stub->len - f->head - f->tail;

        memcpy(image, f->stub->data + f->head, len);
        assert_true(intact(f, image, len));
        for (size_t at = 0; at < len; at++) {
            image[at] ^= (uint8_t)(1u << at % 8);
            assert_false(intact(f, image, len));
            image[at] ^= (uint8_t)(1u << at % 8);
        }
        for (size_t cut = 0; cut < len; cut++)
            assert_false(intact(f, image, cut));
    }
}

static void an_ecr6600_stub_begins_with_a_jump_and_ends_unsigned(void **state)
{
    static const uint8_t zeros[SIGNATURE];
    const struct pf_stub *stub = &pf_stub_ecr6600;

    (void)state;
    assert_memory_equal(stub->data, "\x48\x00", 2);
    assert_memory_equal(stub->data + stub->len - SIGNATURE, zeros, SIGNATURE);
    assert_int_not_equal(stub->len % 0x10000, 0);
}

static void a_signed_stub_verifies_and_differs_in_its_trailer_alone(void **state)
{
    static uint8_t out[64 * 1024], again[64 * 1024];
    const struct pf_stub *stub = &pf_stub_ecr6600;
    mbedtls_pk_context key;
    mbedtls_mpi r, s;
    uint8_t sum[32];

    (void)state;
    save_key(&key);
    save_raw(&ecr6600);
    assert_true(pack(&ecr6600, "key.pem"));
    assert_int_equal(load("out", out, sizeof(out)), stub->len);
    assert_memory_equal(out, stub->data, stub->len - SIGNATURE);

    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    assert_int_equal(mbedtls_sha256_ret(out, stub->len - SIGNATURE, sum, 0), 0);
    assert_int_equal(mbedtls_mpi_read_binary(&r, out + stub->len - SIGNATURE, 32), 0);
    assert_int_equal(mbedtls_mpi_read_binary(&s, out + stub->len - SIGNATURE / 2, 32), 0);
    assert_int_equal(mbedtls_ecdsa_verify(&mbedtls_pk_ec(key)->grp, sum, sizeof(sum),
                                          &mbedtls_pk_ec(key)->Q, &r, &s),
                     0);
    mbedtls_mpi_free(&r);
    mbedtls_mpi_free(&s);
    mbedtls_pk_free(&key);

    assert_true(pack(&ecr6600, "key.pem"));
    load("out", again, sizeof(again));
    assert_memory_equal(out, again, stub->len);
}

/* Every check of the ROM. */
static void the_boot_rom_of_a_bl602_takes_the_stub(void **state)
{
    const uint8_t *file = pf_stub_bl602.data, *segment = file + 176;
    static const uint8_t zeros[112];
    size_t len = pf_stub_bl602.len - HEADERS;
    uint8_t sum[32];

    (void)state;
    assert_memory_equal(file, "BFNP", 4);
    assert_int_equal(le32(file + 4), 1);
    assert_memory_equal(file + 8, zeros, 112); /* flash, clocks, boot bits: unsigned, plain */
    assert_int_equal(le32(file + 120), 1);
    assert_int_equal(le32(file + 124), pf_stub_bl602.entry);
    assert_int_equal(mbedtls_sha256_ret(segment, 16 + len, sum, 0), 0);
    assert_memory_equal(file + 132, sum, sizeof(sum));
    assert_int_equal(le32(file + 172), crc_of(file, 172));

    assert_int_equal(le32(segment), pf_stub_bl602.load);
    assert_int_equal(le32(segment + 4), len);
    assert_int_equal(len % 16, 0);
    assert_true(pf_stub_bl602.load + len <= 0x22043000);
    assert_int_equal(le32(segment + 8), crc_of(segment + 16, len));
    assert_int_equal(le32(segment + 12), crc_of(segment, 12));
}

static void what_cannot_be_packed_is_refused(void **state)
{
    static const char other[] = "\x48\0\0\x08 this is something else altogether";
    mbedtls_pk_context key;

    (void)state;
    save_key(&key);
    mbedtls_pk_free(&key);
    save("none.pem", "no key", 6);

    save_raw(&bl602);
    assert_false(pack(&bl602, "key.pem"));
    save_raw(&ecr6600);
    assert_false(pack(&ecr6600, "none.pem"));
    assert_false(pack(&ecr6600, "missing.pem"));
    save("raw", other, sizeof(other));
    assert_false(pack(&ecr6600, ""));
    save("raw", "", 0);
    assert_false(pack(&ecr6600, ""));
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char cmd[64];

    (void)state;
    snprintf(cmd, sizeof(cmd), "rm -r %s", folder);
    return system(cmd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_committed_stubs_are_what_is_packed_of_their_images),
        cmocka_unit_test(a_stub_says_its_sum_and_where_it_runs),
        cmocka_unit_test(a_damaged_or_cut_image_is_told),
        cmocka_unit_test(an_ecr6600_stub_begins_with_a_jump_and_ends_unsigned),
        cmocka_unit_test(a_signed_stub_verifies_and_differs_in_its_trailer_alone),
        cmocka_unit_test(the_boot_rom_of_a_bl602_takes_the_stub),
        cmocka_unit_test(what_cannot_be_packed_is_refused),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
