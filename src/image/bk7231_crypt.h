/* bk7231_crypt.h - the stream cipher between flash and CPU.
 *
 * Every 32-bit little-endian word of code is XORed with a word made from the
 * key and the word's logical address; encoding and decoding are the same. The
 * chip does this on every fetch from the code window, never in data areas.
 * (bk7231 reference 8.2; variants of the address mixing are selected by bits
 * of the fourth key word.)
 *
 * Default key, plain zeros at logical 0x10000: 21 07 b5 7e 21 0f b5 7e ... */
#ifndef IMAGE_BK7231_CRYPT_H
#define IMAGE_BK7231_CRYPT_H

#include <stddef.h>
#include <stdint.h>

struct bk7231_key {
    uint32_t c[4];    /* coef0..coef3 */
    const char *name; /* "tuya" "zero" "uascent" "own" */
};

/* Keys that are known from the field, the most frequent first. */
#define BK7231_KEYS 3
extern const struct bk7231_key bk7231_keys[BK7231_KEYS];

/* The name of a key: that of a known one, otherwise "own". */
const char *bk7231_key_name(const uint32_t c[4]);

/* Four little-endian words, as eFuse and loaders hold them. */
void bk7231_key_get(const uint8_t bytes[16], struct bk7231_key *key);
void bk7231_key_put(const struct bk7231_key *key, uint8_t bytes[16]);

/* The key-stream word for logical address `addr`, a multiple of 4. */
uint32_t bk7231_keystream(const struct bk7231_key *key, uint32_t addr);

/* En- or decrypt `len` bytes in place; `addr` is the logical address of the
 * first one and a multiple of 4. */
void bk7231_crypt(const struct bk7231_key *key, uint32_t addr, uint8_t *data, size_t len);

#endif
