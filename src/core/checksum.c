/* checksum.c - zlib and mbedTLS behind our own names. */
#include "core/checksum.h"

#include <mbedtls/sha256.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

uint32_t pf_crc32(uint32_t crc, const void *data, size_t len)
{
    const uint8_t *p = data;

    /* zlib takes 32-bit lengths; flash is far smaller, files may not be. */
    while (len > 0x40000000) {
        crc = (uint32_t)crc32(crc, p, 0x40000000);
        p += 0x40000000;
        len -= 0x40000000;
    }
    return (uint32_t)crc32(crc, p, (uInt)len);
}

uint32_t pf_crc32_join(uint32_t crc_a, uint32_t crc_b, size_t len_b)
{
    return (uint32_t)crc32_combine(crc_a, crc_b, (z_off_t)len_b);
}

uint32_t pf_crc32_tail(uint32_t crc_ab, uint32_t crc_a, size_t len_b)
{
    /* join(a, b) = shift(a) ^ b, so b = join(a, 0) ^ ab. */
    return pf_crc32_join(crc_a, 0, len_b) ^ crc_ab;
}

uint32_t pf_crc32_blank(size_t len)
{
    static const uint8_t ff = 0xff;
    uint32_t crc = 0, power = pf_crc32(0, &ff, 1);
    size_t size = 1;

    /* Square and multiply: `power` is the CRC of `size` bytes FF. */
    for (; len; len >>= 1) {
        if (len & 1)
            crc = pf_crc32_join(crc, power, size);
        power = pf_crc32_join(power, power, size);
        size <<= 1;
    }
    return crc;
}

bool pf_is_blank(const uint8_t *data, size_t len)
{
    return len == 0 || (data[0] == 0xff && memcmp(data, data + 1, len - 1) == 0);
}

void pf_sha256(const void *data, size_t len, uint8_t out[32])
{
    (void)mbedtls_sha256_ret(data, len, out, 0);
}

struct pf_sha256_sum {
    mbedtls_sha256_context ctx;
};

struct pf_sha256_sum *pf_sha256_new(void)
{
    struct pf_sha256_sum *sum = malloc(sizeof *sum);

    if (sum) {
        mbedtls_sha256_init(&sum->ctx);
        (void)mbedtls_sha256_starts_ret(&sum->ctx, 0);
    }
    return sum;
}

void pf_sha256_add(struct pf_sha256_sum *sum, const void *data, size_t len)
{
    (void)mbedtls_sha256_update_ret(&sum->ctx, data, len);
}

void pf_sha256_get(const struct pf_sha256_sum *sum, uint8_t out[32])
{
    mbedtls_sha256_context copy;

    mbedtls_sha256_init(&copy);
    mbedtls_sha256_clone(&copy, &sum->ctx);
    (void)mbedtls_sha256_finish_ret(&copy, out);
    mbedtls_sha256_free(&copy);
}

void pf_sha256_free(struct pf_sha256_sum *sum)
{
    if (sum)
        mbedtls_sha256_free(&sum->ctx);
    free(sum);
}

void pf_hex(const uint8_t *data, size_t len, char *hex)
{
    static const char digit[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        hex[2 * i] = digit[data[i] >> 4];
        hex[2 * i + 1] = digit[data[i] & 15];
    }
    hex[2 * len] = '\0';
}
