/* make.c - see make.h. */
#include "image/make.h"

#include <mbedtls/aes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "image/obk_config.h"
#include "image/ug.h"

const uint8_t make_mac[6] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55};

#define TUYA(name)                                                                                 \
    "x\0" name "\0"                                                                                \
    "1.2.3\0< TUYA IOT SDK V:2.0.0 BS:40.00\0"

const struct make make_t = {
    .chip = "bk7231t",
    .key = &bk7231_keys[0],
    .loader = "BK7231S_1.0.5",
    .strings = TUYA("oem_bk7231s_plug"),
    .strings_len = sizeof TUYA("oem_bk7231s_plug"),
    .code = 0x4000,
    .seed = 7,
};

const struct make make_n = {
    .chip = "bk7231n",
    .key = &bk7231_keys[0],
    .loader = "BK7231N_1.0.1",
    .strings = TUYA("oem_bk7231n_plug"),
    .strings_len = sizeof TUYA("oem_bk7231n_plug"),
    .code = 0x4010,
    .seed = 8,
};

uint32_t make_random(uint32_t *state)
{
    uint32_t x = *state ? *state : 1;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

static bool is_n(const struct make *m)
{
    return strcmp(m->chip, "bk7231n") == 0;
}

/* ARM vectors whose targets lie above `base`, then noise that is not too
 * random: a package of it must compress. */
static void make_code(uint8_t *out, size_t len, uint32_t base, uint32_t seed)
{
    uint32_t state = seed;

    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(make_random(&state) & 0x3f);
    for (size_t i = 0; i < 8; i++) {
        put_le32(out + 4 * i, i ? 0xE59FF014 : 0xEA00000E);
        put_le32(out + 0x20 + 4 * i, base + 0x40 + 0x20 * (uint32_t)i);
    }
}

size_t make_plain(const struct make *m, uint8_t *out)
{
    make_code(out, m->code, BK_LOGICAL_APP, m->seed);
    if (is_n(m))
        memcpy(out + 0x100, "BK7231\0", 8);
    memcpy(out + m->code - 0x400 + 1, m->strings, m->strings_len);
    return m->code;
}

/* Weave `len` encrypted bytes into a partition and close it with a header. */
static void make_partition(uint8_t *out, size_t partition, const uint8_t *code, size_t len,
                           const char *name)
{
    struct rbl rbl = {.time = 1600000000, .version = "1.00"};
    uint8_t header[RBL_SIZE];

    strcpy(rbl.name, name);
    rbl.raw_size = (uint32_t)len;
    rbl.package_size = (uint32_t)(len / 16 * 16 + 16);
    rbl.raw_hash = fnv1a(FNV1A_START, code, len);
    if (!rbl_pad_crc(&rbl, pf_crc32(0, code, len), &rbl.package_crc))
        abort();
    rbl_build(&rbl, header);
    memset(out, 0xff, partition);
    bk7231_crc16_add(code, len, out, partition - RBL_CODED);
    bk7231_crc16_add(header, sizeof header, out + partition - RBL_CODED, RBL_CODED);
}

static void make_record(uint8_t *out, const char *name, const char *device, uint32_t offset,
                        uint32_t len)
{
    memset(out, 0, 64);
    memcpy(out, "01PE", 4);
    strcpy((char *)out + 4, name);
    strcpy((char *)out + 28, device);
    put_le32(out + 52, offset);
    put_le32(out + 56, len);
}

void make_loader(const struct make *m, uint8_t *out)
{
    enum { LEN = 0x8024 }; /* not a multiple of 16 or 32 */
    uint8_t *code = malloc(LEN);
    uint8_t *table = code + LEN - 0xC4;

    if (!code)
        abort();
    make_code(code, LEN, 0, m->seed + 100);
    memcpy(code + 0x44, "\xEE\xBB\xAA\x10", 4);
    for (size_t i = 0; i < 4; i++)
        put_le32(code + 0x48 + 4 * i, m->key->c[i]);
    memcpy(code + 0x90, "\xEE\xBB\xCC\x0E", 4);
    strcpy((char *)code + 0x94, m->loader);
    bk7231_crypt(m->key, 0, code, LEN);
    if (is_n(m))
        memcpy(code + 0x100, "BK7231\0", 8); /* in clear, for the ROM */
    make_record(table, "bootloader", "beken_onchip_crc", 0, 0x10000);
    make_record(table + 64, "app", "beken_onchip_crc", 0x10000, 0x108700);
    make_record(table + 128, "download", "beken_onchip", is_n(m) ? 0x12A000 : 0x132000, 0xA6000);
    make_partition(out, BK_LOADER, code, LEN, "bootloader");
    free(code);
}

void make_app(const struct make *m, uint8_t *out, size_t len)
{
    uint8_t *code = malloc(m->code);

    if (!code)
        abort();
    make_plain(m, code);
    bk7231_crypt(m->key, BK_LOGICAL_APP, code, m->code);
    make_partition(out, len, code, m->code, "app");
    free(code);
}

static size_t put_tlv(uint8_t *out, size_t at, uint32_t tag, uint32_t len, const uint8_t *value)
{
    put_le32(out + at, tag);
    put_le32(out + at + 4, len);
    if (value)
        memcpy(out + at + 8, value, len);
    return at + 8 + (value ? len : 0);
}

void make_rf(const struct make *m, uint8_t *out)
{
    static const uint8_t fixed[4] = {0x4E, 0x61, 0xBC, 0x00};
    uint32_t body = is_n(m) ? 0x1F6 : 0x1E0;
    uint8_t filler[0x200];
    size_t at = 8;

    memset(filler, 0x11, sizeof filler);
    memset(out, 0xff, 4096);
    memcpy(out, "TLV", 4);
    put_le32(out + 4, body);
    at = put_tlv(out, at, 0x11111100, 0x1A, NULL);
    at = put_tlv(out, at, 0x11111101, 4, fixed);
    at = put_tlv(out, at, 0x11111102, 6, make_mac);
    at = put_tlv(out, at, 0x22222200, (uint32_t)(8 + body - at - 8), NULL);
    put_tlv(out, at, 0x22222201, (uint32_t)(8 + body - at - 8), filler);
}

void make_config(uint8_t *out, bool is_signed)
{
    memset(out, 0, OBK_CONFIG);
    memcpy(out, "CFG", 3);
    put_le32(out + 4, 4);
    memcpy(out + 0x2D8, make_mac, 6);
    strcpy((char *)out + 0x2FE, "lamp \xC3\xA4");
    out[3] = obk_crc8(out + 4, OBK_CONFIG - 4, is_signed);
}

void make_backup(const struct make *m, uint8_t *out)
{
    uint32_t state = m->seed;

    memset(out, 0xff, MAKE_FLASH);
    make_loader(m, out);
    make_app(m, out + BK_LOADER, BK_APP_TUYA);
    make_rf(m, out + (is_n(m) ? 0x1D0000 : 0x1E0000));
    for (size_t i = 0x1EE000; i < 0x1F4000; i++) /* data that looks encrypted */
        out[i] = (uint8_t)make_random(&state);
}

void make_rotated(const struct make *m, uint8_t *out)
{
    uint8_t *whole = malloc(MAKE_FLASH);

    if (!whole)
        abort();
    make_backup(m, whole);
    memcpy(out, whole + BK_LOADER, MAKE_FLASH - BK_LOADER);
    memcpy(out + MAKE_FLASH - BK_LOADER, whole, BK_LOADER);
    free(whole);
}

static size_t make_gzip(const uint8_t *data, size_t len, uint8_t *out, size_t cap)
{
    z_stream z = {0};
    size_t n;

    deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    z.next_in = (uint8_t *)(uintptr_t)data;
    z.avail_in = (uInt)len;
    z.next_out = out;
    z.avail_out = (uInt)cap;
    if (deflate(&z, Z_FINISH) != Z_STREAM_END)
        abort();
    n = z.total_out;
    deflateEnd(&z);
    return n;
}

size_t make_rbl(const struct make *m, const char *aes_key, uint8_t *out, size_t cap)
{
    struct rbl rbl = {.crypt = RBL_CRYPT_AES,
                      .compress = RBL_COMPRESS_GZIP,
                      .time = 1600000000,
                      .name = "app",
                      .version = "1.00"};
    uint8_t iv[16], *plain = malloc(m->code), *package = out + RBL_SIZE;
    size_t n, pad;
    mbedtls_aes_context aes;

    if (!plain)
        abort();
    make_plain(m, plain);
    rbl.raw_size = m->code;
    rbl.raw_hash = fnv1a(FNV1A_START, plain, m->code);
    n = make_gzip(plain, m->code, package, cap - RBL_SIZE - 16);
    free(plain);
    pad = 16 - n % 16;
    memset(package + n, (int)pad, pad);
    n += pad;
    memcpy(iv, "0123456789ABCDEF", sizeof iv);
    mbedtls_aes_init(&aes);
    mbedtls_aes_setkey_enc(&aes, (const uint8_t *)aes_key, 256);
    mbedtls_aes_crypt_cbc(&aes, MBEDTLS_AES_ENCRYPT, n, iv, package, package);
    mbedtls_aes_free(&aes);
    rbl.package_size = (uint32_t)n;
    rbl.package_crc = pf_crc32(0, package, n);
    rbl_build(&rbl, out);
    return RBL_SIZE + n;
}

size_t make_ug(const struct make *m, uint8_t *out, size_t cap)
{
    size_t n = make_rbl(m, "0123456789ABCDEF0123456789ABCDEF", out + UG_SIZE, cap - UG_SIZE);

    ug_build("1.0.0", out + UG_SIZE, (uint32_t)n, out);
    return UG_SIZE + n;
}
