/* bkcode.h - how Beken chips keep code in flash, for the virtual devices only:
 * stream cipher, CRC16 interleave, RBL header (reference 8.1 to 8.3). The
 * product's own reader of these formats is another layer and another reading
 * of the text; nothing is shared with it. */
#ifndef SIM_BKCODE_H
#define SIM_BKCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BKCODE_DATA   32u /* code bytes of a block */
#define BKCODE_BLOCK  34u /* the same with their CRC16 */
#define BKCODE_RBL    96u
#define BKCODE_LOADER 0x11000u /* physical size of the loader's partition */

struct bkcode_key {
    uint32_t c[4];
};
extern const struct bkcode_key bkcode_tuya;

/* Physical offset of a logical address. */
uint32_t bkcode_physical(uint32_t logical);

/* XOR `len` bytes (a multiple of 4) with the key stream of logical address `addr`. */
void bkcode_crypt(const struct bkcode_key *key, uint32_t addr, uint8_t *data, size_t len);

uint16_t bkcode_crc16(const uint8_t *data, size_t len);

/* Write `len` logical bytes as blocks to `out`; a short last block is padded
 * with FF. Returns the physical bytes written. */
size_t bkcode_interleave(uint8_t *out, const uint8_t *data, size_t len);

/* True when the 34 bytes at `block` carry their CRC16. */
bool bkcode_block_ok(const uint8_t *block);

/* RBL header for code stored in an executable partition: `data` are its
 * encrypted bytes without CRC16. */
void bkcode_rbl(uint8_t out[BKCODE_RBL], const char *name, const char *version, const uint8_t *data,
                size_t len);

/* True when `flash` (at least 0x11000 bytes) holds a loader whose RBL header
 * and code agree. */
bool bkcode_loader_ok(const uint8_t *flash);

#endif
