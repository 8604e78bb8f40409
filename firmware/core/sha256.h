/* sha256.h - SHA-256 of what comes in pieces. */
#ifndef CORE_SHA256_H
#define CORE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32u

struct sha256 {
    uint32_t state[8];
    uint64_t len;      /* bytes so far */
    uint8_t block[64]; /* the last of them, len % 64 */
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t len);
/* Ends it; `s` holds nothing of use afterwards. */
void sha256_end(struct sha256 *s, uint8_t digest[SHA256_SIZE]);

#endif
