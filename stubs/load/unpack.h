/* unpack.h - the form in which a stub's program is sent to its chip.
 *
 * Runs of bytes that were there before, and single bytes, in a binary range code. Every
 * bit has two estimates of how likely it is, by its place and by its instruction; the
 * second counts the more the more it has learned. Both learn quickly at first. squeeze.c makes the form, unpack.c reads
 * it, on the chip before anything else runs.
 *
 *   bit[FLAG + 4 * (behind a run) + place % 4]   0: a byte, 1: a run
 *   byte   its bits, highest first, by what is known of it, its place and its instruction
 *   run    [bit[NEW], not behind a run] [number[DISTANCE], if that is 1] number[LENGTH]
 *   number bits from the lowest on, before each a 1, behind them a 0; then the top bit,
 *          which is not sent
 *
 * Calls are changed before: where they lead to is counted from the program's start, so
 * that two calls of a function are the same bytes. */
#ifndef STUB_UNPACK_H
#define STUB_UNPACK_H

#include <stddef.h>
#include <stdint.h>

enum {
    UNPACK_FLAG = 0,
    UNPACK_NEW = 8,
    UNPACK_DISTANCE = 10,
    UNPACK_LENGTH = 50,
    UNPACK_BYTE = 96,
    UNPACK_PLACES = UNPACK_BYTE + 4 * 256,
    UNPACK_KINDS = UNPACK_BYTE + 128 * 256,
    UNPACK_ALL = UNPACK_PLACES + UNPACK_KINDS,
    UNPACK_EVEN = 0x8000
};

/* Whose instructions a program consists of. */
enum unpack_code { UNPACK_NDS32, UNPACK_RV32 };

struct unpack {
    const uint8_t *in;
    uint32_t range, code;
    uint16_t estimate[UNPACK_ALL]; /* those by place first */
};

/* Learn: an estimate is how likely a 0 is, in the upper 12 of its 16 bits, and how often
 * it has learned. */
static inline __attribute__((always_inline)) uint16_t unpack_learn(uint32_t estimate, unsigned bit)
{
    uint32_t times = estimate & 15;
    int32_t off = (int32_t)(bit ? 0x100 : 0xff00) - (int32_t)estimate;

    estimate += (uint32_t)(off >> (1 + times / 4));
    return (uint16_t)((estimate & 0xfff0) | (times < 15 ? times + 1 : times));
}

/* The part of the range that a 0 has. */
static inline uint32_t unpack_bound(uint32_t range, uint32_t place, uint32_t kind)
{
    uint32_t trust = 14 + (kind & 15);

    return (range >> 12) * ((place * (32 - trust) + kind * trust) >> 9);
}

/* What a byte at `at` is estimated by, without the bits that are known of it. */
static inline uint32_t unpack_place(enum unpack_code code, uint32_t at)
{
    return UNPACK_BYTE + (at & (code == UNPACK_RV32 ? 3 : 1)) * 256;
}

static inline uint32_t unpack_kind(enum unpack_code code, const uint8_t *out, uint32_t at)
{
    uint32_t by = 0;

    if (at && code == UNPACK_RV32)
        by = (out[(at - 1) & ~3u] >> 2 & 31) + (at & 3) * 32;
    else if (at && code == UNPACK_NDS32)
        by = out[(at - 1) & ~1u] >> 1;
    return UNPACK_BYTE + by * 256;
}

/* Make the `len` bytes at `out`, a multiple of 4, of what is at `in`: our own, and whole.
 * `u` needs no care, and is not needed any more. */
void stub_unpack(struct unpack *u, enum unpack_code code, const uint8_t *in, uint8_t *out,
                 uint32_t len);

#endif
