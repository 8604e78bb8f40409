/* deflate.h - working memory of stub_deflate(), 21 KiB. */
#ifndef STUB_DEFLATE_H
#define STUB_DEFLATE_H

#include "common/codec.h"

#define STUB_HASH_BITS 11

/* Symbols of the three codes, one behind the other. */
enum {
    STUB_LENGTHS = 288, /* literals, end of block, lengths; the last two are never used */
    STUB_DISTANCES = 30,
    STUB_RUNS = 19, /* code lengths of the two above */
    STUB_DISTANCE_0 = STUB_LENGTHS,
    STUB_RUN_0 = STUB_LENGTHS + STUB_DISTANCES,
    STUB_SYMBOLS = STUB_RUN_0 + STUB_RUNS
};

struct stub_deflate {
    struct stub_hal *h;
    const uint8_t *base; /* of the history; positions count from here */
    uint32_t next, end;  /* first position that no chain holds yet, end of the sector */
    uint32_t work;       /* since the last hal_poll() */
    uint8_t *out;
    uint32_t acc, held; /* bits that do not make a byte yet, how many */
    uint32_t extra;     /* bits behind the symbols of all tokens */
    uint32_t tokens, runs, run_extra;
    /* A literal; or 8000 + length - 3 and distance - 1. */
    uint16_t token[STUB_SECTOR];
    uint16_t freq[STUB_SYMBOLS];
    uint16_t code[STUB_SYMBOLS];
    uint8_t bits[STUB_SYMBOLS];
    union {
        struct { /* while looking for matches; positions + 1 */
            uint16_t head[1 << STUB_HASH_BITS];
            uint16_t prev[STUB_WINDOW];
        };
        struct { /* while making codes: leaves by weight, then what joins them */
            uint32_t key[STUB_LENGTHS];
            uint16_t weight[2 * STUB_LENGTHS];
            uint16_t parent[2 * STUB_LENGTHS];
            uint16_t run[STUB_LENGTHS + STUB_DISTANCES]; /* symbol, extra bits << 8 */
        };
    };
};

#endif
