/* bk7231_crc16.h - the CRC16 woven into code areas of the flash.
 *
 * Executable areas store every 32 code bytes (as encrypted) followed by their
 * CRC16, big-endian: polynomial 0x8005, start FFFF, not reflected. Offsets in
 * the flash are physical, what the CPU sees is logical:
 *
 *   physical  0x00..0x1f  0x20 0x21  0x22..0x41  ...   0x11000
 *   logical   0x00..0x1f     --      0x20..0x3f  ...   0x10000
 *
 * A block of 34 bytes FF is erased flash, not an error. */
#ifndef IMAGE_BK7231_CRC16_H
#define IMAGE_BK7231_CRC16_H

#include <stddef.h>
#include <stdint.h>

#define BK_CODE  32u /* code bytes of a block */
#define BK_CODED 34u /* with their CRC16 */

uint16_t bk7231_crc16(const uint8_t *data, size_t len);

enum bk7231_block { BK_BLOCK_GOOD, BK_BLOCK_BLANK, BK_BLOCK_BAD };
enum bk7231_block bk7231_block_check(const uint8_t block[BK_CODED]);

/* Addresses; a physical one inside a CRC counts as the end of its block. */
uint32_t bk7231_physical(uint32_t logical);
uint32_t bk7231_logical(uint32_t physical);

/* Drop the CRCs of the whole blocks in `data`; returns the bytes put to `out`,
 * len / 34 * 32. Nothing is checked. */
size_t bk7231_crc16_strip(const uint8_t *data, size_t len, uint8_t *out);

/* Weave CRCs into `code`, the last block padded with FF. `out` holds `cap`
 * bytes. Returns the bytes put there, 0 when they do not fit. */
size_t bk7231_crc16_add(const uint8_t *code, size_t len, uint8_t *out, size_t cap);

#endif
