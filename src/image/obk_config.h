/* obk_config.h - the OpenBeken configuration block, as far as a flasher cares.
 *
 *   0x000 3   "CFG"
 *   0x003 1   CRC-8 of bytes 4..end
 *   0x004 4   version; up to 3 the block has 2016 bytes, later 3584
 *   0x2d8 6   MAC
 *   0x2fe 64  device name
 *
 * The CRC-8 (polynomial 8C reflected, start 0) was written with plain `char`:
 * where that is signed, as on Beken and ECR6600, shifts are arithmetic and the
 * value differs. Both are right, each on its platform. */
#ifndef IMAGE_OBK_CONFIG_H
#define IMAGE_OBK_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OBK_CONFIG_V3 2016u
#define OBK_CONFIG    3584u

/* "123456789": signed 63, unsigned a1. */
uint8_t obk_crc8(const uint8_t *data, size_t len, bool is_signed);

struct obk_config {
    int32_t version;
    size_t size;    /* of the block of this version */
    bool complete;  /* the file holds all of it */
    uint8_t crc;    /* stored */
    bool crc_beken; /* right for platforms with signed char */
    bool crc_other; /* right for the others */
    char name[65];  /* device name, printable */
    bool has_mac;
    uint8_t mac[6];
};

/* False when `data` does not start as a configuration block. */
bool obk_config_parse(const uint8_t *data, size_t len, struct obk_config *out);

#endif
