/* word.h - bytes of a buffer as the words a flash controller's FIFO takes, lowest
 * byte first. On chips only. */
#ifndef STUB_WORD_H
#define STUB_WORD_H

#include <stddef.h>
#include <stdint.h>

/* `n` bytes, at most four are taken. */
static inline uint32_t stub_word(const uint8_t *from, size_t n)
{
    uint32_t word = 0;

    for (size_t i = 0; i < 4 && i < n; i++)
        word |= (uint32_t)from[i] << 8 * i;
    return word;
}

static inline void stub_bytes(uint8_t *to, uint32_t word, size_t n)
{
    for (size_t i = 0; i < 4 && i < n; i++)
        to[i] = (uint8_t)(word >> 8 * i);
}

#endif
