/* deflate.h - working memory of stub_deflate(). */
#ifndef STUB_DEFLATE_H
#define STUB_DEFLATE_H

#include "common/codec.h"

#define STUB_HASH_BITS 11

struct stub_deflate {
    uint16_t head[1 << STUB_HASH_BITS];
    uint16_t prev[STUB_WINDOW + STUB_SECTOR];
    uint16_t token[2 * STUB_SECTOR]; /* literals and matches until their codes are known */
    uint16_t freq[288 + 32 + 19];
    uint16_t code[288 + 32 + 19];
    uint8_t bits[288 + 32 + 19];
    uint16_t heap[2 * 288];
};

#endif
