/* sha256.c - SHA-256 of bytes: whole blocks, and the padding behind the last. What a
 * block does is soft/sha256.c or the chip's engine. */
#include <string.h>

#include "common/codec.h"

#define SHA_BLOCK 64u

void stub_sha256_init(struct stub_sha256 *c)
{
    c->len = 0;
}

/* What does not fill a block waits in c->block, and so does what an engine cannot fetch. */
void stub_sha256_update(struct stub_sha256 *c, struct stub_hal *h, const uint8_t *data, size_t len)
{
    while (len) {
        unsigned at = (unsigned)c->len % SHA_BLOCK;
        size_t part = len & ~(size_t)(SHA_BLOCK - 1);
        const uint8_t *from = data;

        if (at || !part || (uintptr_t)data % 4) {
            part = SHA_BLOCK - at < len ? SHA_BLOCK - at : len;
            memcpy(c->block + at, data, part);
            from = c->block;
        }
        if ((at + part) % SHA_BLOCK == 0)
            stub_sha256_blocks(c, h, from, at + part, c->len < SHA_BLOCK);
        c->len += part;
        data += part;
        len -= part;
    }
}

void stub_sha256_final(struct stub_sha256 *c, struct stub_hal *h, uint8_t out[32])
{
    uint32_t bits[2] = {(uint32_t)(c->len >> 29), (uint32_t)c->len << 3};
    uint8_t byte = 0x80;

    do {
        stub_sha256_update(c, h, &byte, 1);
        byte = 0;
    } while (c->len % SHA_BLOCK != SHA_BLOCK - 8);
    for (unsigned i = 0; i < 8; i++) {
        byte = (uint8_t)(bits[i / 4] >> (24 - i % 4 * 8));
        stub_sha256_update(c, h, &byte, 1);
    }
    stub_sha256_words(c, out);
}
