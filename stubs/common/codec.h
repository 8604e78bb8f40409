/* codec.h - checksums and deflate of the stubs. Portable, no memory of its own
 * but what is passed in; each calls hal_poll() as often as hal.h wants. */
#ifndef STUB_CODEC_H
#define STUB_CODEC_H

#include "common/hal.h"

#define STUB_SECTOR 4096u
#define STUB_WINDOW 4096u /* how far back deflate may refer */

/* CRC-32, zlib form; start with 0. The table is made by the first call. */
uint32_t stub_crc32(struct stub_hal *h, uint32_t crc, const uint8_t *data, size_t len);

/* One hash at a time: an engine of the chip knows but one. */
struct stub_sha256 {
    uint64_t len;
    uint8_t block[64]; /* aligned: an engine reads words */
    /* soft/sha256.c */
    uint32_t h[8];
    uint32_t words[64]; /* made of the last block */
};
void stub_sha256_init(struct stub_sha256 *c);
void stub_sha256_update(struct stub_sha256 *c, struct stub_hal *h, const uint8_t *data, size_t len);
void stub_sha256_final(struct stub_sha256 *c, struct stub_hal *h, uint8_t out[32]);

/* soft/sha256.c, or the chip's own: `len` is a multiple of 64, not 0; `data` aligned to 4.
 * `first` begins a new hash. */
void stub_sha256_blocks(struct stub_sha256 *c, struct stub_hal *h, const uint8_t *data, size_t len,
                        bool first);
void stub_sha256_words(const struct stub_sha256 *c, uint8_t out[32]);

/* Inflate one whole raw deflate stream of `len` bytes into exactly `out_len`
 * bytes at `out`, which has `history` (0..STUB_WINDOW) bytes of earlier output
 * right before it. False: damaged, longer or shorter than that, bytes left over,
 * a distance beyond STUB_WINDOW or the history. Writes nothing outside
 * out[0..out_len). */
#define STUB_FAST_BITS 8 /* codes up to that long are one look-up */
struct stub_inflate {
    struct stub_hal *h;
    uint32_t turn; /* work since the last hal_poll() */
    const uint8_t *in, *end;
    uint32_t hold; /* bits read ahead, the next one lowest */
    int32_t have;  /* how many; negative: more were used than there are */
    uint8_t *out, *out_end;
    const uint8_t *oldest; /* of the history */
    uint8_t length[288 + 32];
    struct stub_codes {
        uint16_t first_long;  /* symbol[] of the first code that fast[] is too small for */
        uint16_t count[16];   /* codes of each length */
        uint16_t symbol[288]; /* by code */
        uint16_t fast[1 << STUB_FAST_BITS];
    } code[2];
};
bool stub_inflate(struct stub_inflate *w, struct stub_hal *h, const uint8_t *in, size_t len,
                  uint8_t *out, size_t out_len, size_t history);

/* What both directions of deflate know: the lengths of the fixed codes, 288 and 32,
 * and the order in which the lengths of the code for lengths are sent. */
void stub_fixed_lengths(struct stub_hal *h, uint8_t *length);
extern const uint8_t stub_length_order[19];

/* Deflate `len` (1..STUB_SECTOR) bytes at `in`, which has `history` bytes right
 * before it that may be referred to, as one raw stream of dynamic, fixed or
 * stored blocks, whatever is shortest. Returns its length, 0: longer than `cap`. */
struct stub_deflate; /* deflate.h: large, part of the transfer buffers */
size_t stub_deflate(struct stub_deflate *w, struct stub_hal *h, const uint8_t *in, size_t len,
                    size_t history, uint8_t *out, size_t cap);

#endif
