/* flash.h - the flash chip behind hal_spi(): reads at once, begins erases and
 * programs and tells when they are over. Never waits for BUSY. */
#ifndef STUB_FLASH_H
#define STUB_FLASH_H

#include "common/codec.h"

#define STUB_PAGE  256u
#define STUB_BLOCK 65536u

struct stub_flash {
    struct stub_hal *h;
    uint8_t jedec[3]; /* wire order */
    uint8_t sr1, sr2; /* as found */
    uint32_t size;    /* by the capacity byte, 64 KiB to 16 MiB; 0: no flash */
    bool busy;        /* something was begun and not yet seen to be over */
};

/* Wake, reset, identify. */
void stub_flash_init(struct stub_flash *f, struct stub_hal *h);

/* Read; `len` as long as one likes. Not while busy. */
void stub_flash_read(struct stub_flash *f, uint32_t addr, uint8_t *buf, size_t len);

/* Look once; true: ready. */
bool stub_flash_ready(struct stub_flash *f);

/* Begin one operation; the flash must be ready. `unit` is 4096, 32768 or 65536 and
 * divides `addr`. A page program (1..256 bytes) does not cross a page. */
void stub_flash_erase(struct stub_flash *f, uint32_t addr, uint32_t unit);
void stub_flash_erase_chip(struct stub_flash *f);
void stub_flash_program(struct stub_flash *f, uint32_t addr, const uint8_t *data, uint32_t len);

/* Whether [addr, addr+len) lies inside. */
bool stub_flash_has(const struct stub_flash *f, uint32_t addr, uint32_t len);

#endif
