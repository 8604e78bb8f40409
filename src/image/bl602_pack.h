/* bl602_pack.h - OTA packages and device trees of a BL602.
 *
 * OTA package, 512 bytes and the payload (reference 7.6):
 *   0   "BL60X_OTA_Ver1.0"          48  software version, 16 bytes
 *   16  "XZ  " or "RAW "            64  SHA-256 of the payload as stored
 *   20  payload length              96  length unpacked, FFFFFFFF not told
 *   24  01 02 .. 08                 100 FF
 *   32  hardware version, 16 bytes
 * The payload is an application (header, code at 0x1000), .xz or as it is.
 *
 * Device tree: a flattened one (big-endian) in the partition "factory", with
 * the radio settings of the board in the node "wifi" (reference 7.4). */
#ifndef IMAGE_BL602_PACK_H
#define IMAGE_BL602_PACK_H

#include "image/unpack_stream.h"

#define BL_OTA_HEAD 512u
#define BL_APP_MAX  0x400000u /* unpacked: no application is larger */

struct bl_ota {
    bool xz, raw;
    uint32_t length, unpacked; /* of the payload; 0: not told */
    char hardware[17], version[17];
    uint8_t hash[32];
};

bool bl_ota_parse(const uint8_t *data, size_t len, struct bl_ota *out);

/* Hand out the application in it, at most BL_APP_MAX. */
enum unpacked bl_ota_unpack(const struct bl_ota *ota, const uint8_t *data, size_t len,
                            unpack_sink *sink, void *arg);

/* The header for a payload; versions NULL: the usual ones. */
void bl_ota_build(const uint8_t *payload, uint32_t len, bool xz, uint32_t unpacked,
                  const char *hardware, const char *version, uint8_t out[BL_OTA_HEAD]);

struct bl_fdt {
    uint32_t size;
    bool sound; /* the structure can be walked to its end */
    bool wifi;  /* there is a node "wifi" */
    bool has_mac;
    uint8_t mac[6]; /* sta_mac_addr: what the firmware takes when efuse has none */
    unsigned nodes, props;
};

/* False: no device tree here. */
bool bl_fdt_parse(const uint8_t *data, size_t len, struct bl_fdt *out);

#endif
