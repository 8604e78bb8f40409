/* deflate.h - working memory of stub_deflate(), 26 KiB. */
#ifndef STUB_DEFLATE_H
#define STUB_DEFLATE_H

#include "common/codec.h"

#define STUB_HASH_BITS 12

/* The symbols of the three codes of a block, one behind the other. */
enum {
    STUB_LENGTHS = 288,  /* literals, end of block, lengths */
    STUB_DISTANCES = 32, /* of both the last two are never sent */
    STUB_RUNS = 19,      /* what the lengths of the two codes above are sent in */
    STUB_DISTANCE_0 = STUB_LENGTHS,
    STUB_RUN_0 = STUB_DISTANCE_0 + STUB_DISTANCES,
    STUB_SYMBOLS = STUB_RUN_0 + STUB_RUNS
};

struct stub_deflate {
    struct stub_hal *h;
    uint32_t turn;       /* work since the last hal_poll() */
    const uint8_t *base; /* of the history; positions count from here */
    uint32_t next, end;  /* first position that no chain holds yet; end of the sector */
    uint8_t *out;
    uint32_t acc, held;          /* bits that do not make a byte yet; how many */
    uint32_t extra;              /* bits besides the symbols' */
    uint32_t tokens;             /* elements of token[] */
    uint32_t lengths, distances; /* codes that are sent */
    bool writing;                /* or only counting */
    uint8_t bits[STUB_SYMBOLS];
    uint16_t freq[STUB_SYMBOLS];
    uint16_t code[STUB_SYMBOLS];
    /* A literal; or a match: 8000 + length - 3, then distance - 1. */
    uint16_t token[STUB_SECTOR];
    union {
        struct { /* while looking for matches: positions */
            uint16_t head[1 << STUB_HASH_BITS];
            uint16_t prev[STUB_WINDOW];
        };
        struct { /* while making a code */
            uint32_t key[STUB_LENGTHS];
            struct stub_node {
                uint16_t weight, parent;
            } node[2 * STUB_LENGTHS]; /* leaves by weight, then what joins them */
        };
    };
};

#endif
