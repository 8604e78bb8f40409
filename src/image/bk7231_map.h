/* bk7231_map.h - where things live in the flash of a BK7231T and a BK7231N.
 *
 * Only what placing and recognising a file needs; the regions that guards
 * protect are the chip table's business. */
#ifndef IMAGE_BK7231_MAP_H
#define IMAGE_BK7231_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sizes of files and areas, all physical. */
#define BK_LOADER      0x11000u  /* boot loader area; the application starts here */
#define BK_LOADER_RBL  0x10F9Au  /* its RBL header: the last 102 bytes */
#define BK_APP_TUYA    0x118F70u /* application partition: Tuya, and OpenBeken N */
#define BK_APP_OBK_T   0xEF000u  /* application partition: OpenBeken T */
#define BK_DOWNLOAD    0xA6000u  /* room for an OTA package */
#define BK_FLASH       0x200000u
#define BK_FLASH_MAX   0x1000000u
#define BK_LOGICAL_APP 0x10000u /* what the CPU sees at physical 0x11000 */

struct bk7231_map {
    const char *chip;  /* "bk7231t" */
    const char *title; /* "BK7231T" */
    uint32_t download; /* OTA download partition */
    uint32_t rf;       /* RF/TLV page: calibration and MAC */
    uint32_t config;   /* NET_PARAM sector: the OpenBeken configuration */
    bool loader_fixed; /* the UART loader lives at 0x0: it is never placed */
};

/* NULL: not a chip that we know how to place files on. */
const struct bk7231_map *bk7231_map(const char *chip);

/* "BK7231N" for "bk7231n"; for chips that only evidence names, too.
 * NULL gives "BK7231". */
const char *bk7231_title(const char *chip);

/* A size that a flash chip of this family can have: 1, 2, 4, 8 or 16 MiB. */
bool bk7231_flash_size(size_t len);

#endif
