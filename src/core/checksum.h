/* checksum.h - the checksums that devices and files use, and their algebra. */
#ifndef CORE_CHECKSUM_H
#define CORE_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* CRC-32 (zlib form). crc32_update(0, ...) starts; may be continued. */
uint32_t pf_crc32(uint32_t crc, const void *data, size_t len);

/* CRC-32 of A followed by B, from their own CRCs and the length of B. */
uint32_t pf_crc32_join(uint32_t crc_a, uint32_t crc_b, size_t len_b);

/* CRC-32 of B, from the CRCs of A followed by B and of A, and the length of B. */
uint32_t pf_crc32_tail(uint32_t crc_ab, uint32_t crc_a, size_t len_b);

/* CRC-32 of `len` bytes FF. */
uint32_t pf_crc32_blank(size_t len);

/* True when all `len` bytes are FF. */
bool pf_is_blank(const uint8_t *data, size_t len);

void pf_sha256(const void *data, size_t len, uint8_t out[32]);

/* SHA-256 of what comes in pieces; NULL: no memory. */
struct pf_sha256_sum *pf_sha256_new(void);
void pf_sha256_add(struct pf_sha256_sum *sum, const void *data, size_t len);
/* Of everything so far; more may be added. */
void pf_sha256_get(const struct pf_sha256_sum *sum, uint8_t out[32]);
void pf_sha256_free(struct pf_sha256_sum *sum);

/* `hex` gets 65 characters with the NUL. */
void pf_hex(const uint8_t *data, size_t len, char *hex);

#endif
