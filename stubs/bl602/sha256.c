/* sha256.c - SHA-256 by the chip's engine, which fetches blocks by itself and keeps the
 * hash so far. The chip's own ROM and loader trust it as well. */
#include "bl602/regs.h"
#include "common/codec.h"
#include "common/word.h"

/* Hundreds of times what a call takes. Without an engine the hash is wrong, and the host
 * does not take it. */
#define ENGINE_US 20000u

void stub_sha256_blocks(struct stub_sha256 *c, struct stub_hal *h, const uint8_t *data, size_t len,
                        bool first)
{
    uint32_t ctrl = SEC_SHA_EN | (first ? 0 : SEC_SHA_CONTINUE) | SEC_SHA_BLOCKS(len / 64);
    uint32_t us = hal_us(h);

    (void)c;
    __asm__ volatile("fence" ::: "memory"); /* the engine reads what was written */
    SEC_SHA_SOURCE = (uint32_t)(uintptr_t)data;
    SEC_SHA_CTRL = ctrl;
    SEC_SHA_CTRL = ctrl | SEC_SHA_TRIGGER;
    while (SEC_SHA_CTRL & SEC_SHA_BUSY && hal_us(h) - us < ENGINE_US)
        hal_poll(h);
}

void stub_sha256_words(const struct stub_sha256 *c, uint8_t out[32])
{
    (void)c;
    for (size_t at = 0; at < 32; at += 4)
        stub_bytes(out + at, SEC_SHA_HASH(at), 4);
}
