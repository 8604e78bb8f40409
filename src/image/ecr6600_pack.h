/* ecr6600_pack.h - what carries images of an ECR6600: "oneb" and OTA packages.
 *
 *   oneb (reference 4.1)                 OTA package (reference 4.5)
 *   0  "oneb"                            0x00 "FotaPKG", method
 *   4  count of entries                  0x08 size of the file
 *   5  entries: u8 type, u32 address,    0x0C CRC-32 of 0x10..end
 *      u32 length, data                  0x14 old size, new size
 *                                        0x30 source version, 32 bytes
 *                                        0x50 target version, 32 bytes
 *                                        0x70 payload
 *
 * Entries of type 0 are stubs for RAM and never go to flash; those of type 2
 * are flash segments. Nothing in a oneb container is checked by a sum. */
#ifndef IMAGE_ECR6600_PACK_H
#define IMAGE_ECR6600_PACK_H

#include "image/unpack_stream.h"

#define ECR_ONEB_HEAD   5u
#define ECR_ONEB_ENTRY  9u
#define ECR_ONEB_STUB   0u
#define ECR_ONEB_FLASH  2u
#define ECR_OTA_HEAD    0x70u
#define ECR_OTA_NEW_MAX 0x400000u /* no application is larger than the flash window */

struct ecr_entry {
    uint8_t type;
    uint32_t addr, len;
    size_t offset; /* of its data in the file */
};

struct ecr_oneb {
    const uint8_t *data;
    size_t len, at;
    unsigned count, next; /* entries stated, entries read */
    bool cut;             /* an entry goes beyond the file */
};

bool ecr_oneb_open(struct ecr_oneb *o, const uint8_t *data, size_t len);
/* The next entry; false at the end or at one that is cut off. */
bool ecr_oneb_next(struct ecr_oneb *o, struct ecr_entry *out);

struct ecr_ota {
    uint8_t method;
    uint32_t size, crc, old_size, new_size;
    char source[33], target[33];
};

bool ecr_ota_parse(const uint8_t *data, size_t len, struct ecr_ota *out);

/* Unpack the payload of a compressed package. */
enum unpacked ecr_ota_unpack(const struct ecr_ota *ota, const uint8_t *data, size_t len,
                             unpack_sink *sink, void *arg);

#endif
