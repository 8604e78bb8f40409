/* bl602_boot.h - the 176-byte boot header of a BL602, and what it stands for.
 *
 *   0    "BFNP"                     120  flash image: its length
 *   4    revision 1                      RAM image: count of segments
 *   8    "FCFG" or 0                124  entry, 0 the default
 *   12   flash settings, 84 bytes   128  flash image: where its code starts
 *   96   CRC-32 of 12..95                RAM image: entry
 *   100  "PCFG" or 0                132  SHA-256 of the image
 *   104  clock settings, 8 bytes    164  0
 *   112  CRC-32 of 104..111         172  CRC-32 of 0..171
 *   116  bits, BL_BOOT_*
 *
 * In a flash image the code is `length` bytes, hashed with its padding. In an
 * application file, an OTA payload and a FW partition it starts 0x1000 behind
 * the header, whatever 128 says; for boot2 it starts at 128. A RAM image goes
 * on with segments: 16 bytes of header (address, length, CRC-32 of the data or
 * 0, CRC-32 of these 12) and data. Reference 6.1, 6.4, 7.1. */
#ifndef IMAGE_BL602_BOOT_H
#define IMAGE_BL602_BOOT_H

#include <mbedtls/sha256.h>

#include "image/bk7231_text.h"

#define BL_BOOT_HEAD  176u
#define BL_SEGMENT    16u
#define BL_CODE       0x1000u /* of an application file: its code starts here */
#define BL_PAD        16u     /* images are padded to this */
#define BL_LOADER_MAX 0x40000u
#define BL_FLASH_MAX  0x1000000u
#define BL_BOOT2_END  0xE000u
#define BL_XIP        0x23000000u

#define BL_BOOT_FLASH       0x00003300u /* bits of a flash image */
#define BL_BOOT_SIGN        0x00000003u
#define BL_BOOT_ENCRYPT     0x0000000cu
#define BL_BOOT_CRC_IGNORE  0x00010000u
#define BL_BOOT_HASH_IGNORE 0x00020000u

struct bl_boot {
    bool fcfg, fcfg_ok, pcfg, pcfg_ok; /* block there, its CRC-32 right */
    uint32_t bits, length, entry, offset;
    uint8_t hash[32];
    bool crc_ok;      /* right, or ignored as the ROM does */
    bool crc_ignored; /* the bits and the mark DEADBEEF say so */
    bool hash_ignored;
    bool ram; /* a RAM image, by its addresses */
};

/* False: no header here. */
bool bl_boot_parse(const uint8_t *data, size_t len, struct bl_boot *out);

/* "" or what the ROM would refuse; never NULL. */
const char *bl_boot_fault(const struct bl_boot *b);

/* Build the header of a flash image of `len` bytes whose code starts at
 * `offset`. Flash and clock settings are taken from the header `like`, or are
 * those of a common flash chip with a 40 MHz crystal (NULL). */
void bl_boot_build(uint32_t offset, const uint8_t *image, uint32_t len, const uint8_t *like,
                   uint8_t out[BL_BOOT_HEAD]);

/* An application (header, code at 0x1000) that may come in pieces. */
struct bl_app_check {
    uint8_t head[BL_BOOT_HEAD];
    uint64_t fed;
    struct bl_boot boot; /* once the header was fed */
    bool parsed;
    bool whole; /* all of the code was fed */
    mbedtls_sha256_context sha;
    struct bk7231_text text;
};

void bl_app_check_init(struct bl_app_check *c);
void bl_app_check_feed(struct bl_app_check *c, const uint8_t *data, size_t len);
/* True when the code is what the header says. Ends the check. */
bool bl_app_check_end(struct bl_app_check *c);

/* One segment of a RAM image. */
struct bl_segment {
    uint32_t addr, len, data_crc;
    size_t offset; /* of its data */
    bool head_ok, data_ok, ram;
};

/* The segment whose header is at *at, which moves on; false: not all there. */
bool bl_segment_next(const uint8_t *data, size_t len, size_t *at, struct bl_segment *out);

#endif
