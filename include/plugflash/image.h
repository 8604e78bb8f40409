/* image.h - what a file is, decided by its bytes and never by its name.
 *
 * Pure functions on buffers: no I/O, no chip, no session. Input is hostile:
 * every offset and length is checked, work and memory are bounded. */
#ifndef PLUGFLASH_IMAGE_H
#define PLUGFLASH_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugflash/error.h"

enum pf_image_kind {
    PF_IMAGE_UNKNOWN,       /* raw: needs --at */
    PF_IMAGE_BLANK,         /* all FF or all 00 */
    PF_IMAGE_BK_BACKUP,     /* whole flash from 0x0 */
    PF_IMAGE_BK_ROTATED,    /* whole flash read from 0x11000 with wrap */
    PF_IMAGE_BK_QIO,        /* loader + application */
    PF_IMAGE_BK_UA,         /* application for 0x11000 */
    PF_IMAGE_BK_UG,         /* Tuya OTA container around an RBL */
    PF_IMAGE_BK_RBL,        /* OTA package for the download partition */
    PF_IMAGE_BK_PLAIN,      /* unencrypted application: must be packed first */
    PF_IMAGE_BK_RF,         /* RF/TLV page */
    PF_IMAGE_OBK_CONFIG,    /* OpenBeken configuration block */
    PF_IMAGE_ECR_BACKUP,    /* ECR6600 whole flash from 0x0 */
    PF_IMAGE_ECR_ALLINONE,  /* "oneb" container: stub and flash segments */
    PF_IMAGE_ECR_CPU,       /* application image */
    PF_IMAGE_ECR_UBOOT,     /* second-stage loader image */
    PF_IMAGE_ECR_PARTITION, /* partition table sector */
    PF_IMAGE_ECR_NV,        /* NV sectors (EF41) */
    PF_IMAGE_ECR_OTA,       /* compressed OTA package */
    PF_IMAGE_ECR_STUB,      /* RAM stub: never firmware */
    PF_IMAGE_BL_BACKUP,     /* BL602 whole flash from 0x0 */
    PF_IMAGE_BL_APP,        /* application with BFNP boot header */
    PF_IMAGE_BL_PLAIN,      /* application without a header */
    PF_IMAGE_BL_BOOT2,      /* second-stage loader */
    PF_IMAGE_BL_PARTITION,  /* partition table */
    PF_IMAGE_BL_OTA,        /* .xz.ota package */
    PF_IMAGE_BL_DTS,        /* device tree blob of the factory partition */
    PF_IMAGE_BL_PSM,        /* settings area (EasyFlash) */
    PF_IMAGE_BL_LOADER,     /* eflash_loader: a RAM stub, never firmware */
    PF_IMAGE_FOREIGN,       /* another family or another kind of file; `title` names it */
};

#define PF_IMAGE_PARTS  8
#define PF_IMAGE_CHECKS 24

/* File bytes [offset, offset+len) belong at flash address addr. */
struct pf_image_part {
    char name[24]; /* "loader" "app" "download" "rf" "flash" */
    uint32_t offset, len, addr;
};

/* One thing `image check` looked at. */
struct pf_image_check {
    char name[32]; /* "crc16" "rbl-app header" "rbl-app data" ... */
    bool ok;
    char text[128]; /* facts: counts, offsets, found and expected */
};

struct pf_image {
    enum pf_image_kind kind;
    const char *kind_name; /* "backup" "rotated" "qio" "ua" "ug" "rbl" "plain" "rf" "obk-config"
                              "oneb" "cpu" "uboot" "partition" "nv" "ota" "stub" "app" "boot2"
                              "dts" "psm"
                              "blank" "foreign" "raw": stable words for JSON */
    char title[96];        /* one line for people: "BK7231N whole flash backup" */
    const char *family;    /* "bk7231" "bl602" "ecr6600" "esp"...; NULL unknown */
    const char *chip;      /* "bk7231t" "bk7231n"; NULL: not told by the contents */
    char why_chip[96];     /* the evidence for `chip` */
    bool has_key;
    uint8_t key[16];      /* flash encryption key the code is written for: coef0..3, LE words */
    const char *key_name; /* "tuya" "zero" "uascent" "own"; NULL without key */
    char loader[32];      /* "BK7231N_1.0.1" when a loader is inside */
    char version[32];     /* of the application: RBL version or a string found in it */
    char firmware[96];    /* "OpenBeken ...", "Tuya ..." when it can be told; "" else */
    bool has_mac;
    uint8_t mac[6];
    size_t size;         /* bytes in the file */
    uint32_t flash_size; /* backups: size of the flash they come from; 0 else */
    struct pf_image_part part[PF_IMAGE_PARTS];
    size_t nparts;
    struct pf_image_check check[PF_IMAGE_CHECKS];
    size_t nchecks;
    bool intact; /* every check is ok */
};

/* Tell what `data` is. Always fills *out; never fails: an unknown file is
 * PF_IMAGE_UNKNOWN. `data` is borrowed for the call. */
void pf_image_inspect(const uint8_t *data, size_t len, struct pf_image *out);

/* Turn a rotated backup (kind PF_IMAGE_BK_ROTATED) into one that starts at 0x0,
 * in place. PF_ERR_FORMAT-like cases are PF_ERR_FILE. */
enum pf_err pf_image_unrotate(uint8_t *data, size_t len);

/* The placement of an image on a chip: parts with flash addresses, in address
 * order. Differs from img->part where the chip forbids one (the loader of a
 * BK7231T) or places it elsewhere. Returns the number of parts, 0 when the
 * image does not belong on the chip; `why` (cap bytes) then says so. */
size_t pf_image_place(const struct pf_image *img, const char *chip, uint32_t flash_size,
                      struct pf_image_part *out, size_t cap, char *why, size_t why_cap);

/* Where the devices of `chip` keep their partition table, in the flash; false:
 * it has none that placing asks for. */
bool pf_image_table_at(const char *chip, uint32_t *addr, uint32_t *len);

/* As pf_image_place(), with the flash bytes of the device that hold its own
 * partition table, as pf_image_table_at() tells: applications and areas go
 * where that table has them, by name. Needed for a BL602, better for an
 * ECR6600; for a BK7231 it changes nothing. `table` NULL: not known. */
size_t pf_image_place_by_table(const struct pf_image *img, const uint8_t *table, size_t table_len,
                               const char *chip, uint32_t flash_size, struct pf_image_part *out,
                               size_t cap, char *why, size_t why_cap);

/* The bytes to send of a file of kind ECR_STUB or BL_LOADER: unpacked when it
 * is gzipped. Returns how many, 0 when they do not fit `cap`. */
size_t pf_image_stub(const uint8_t *data, size_t len, uint8_t *out, size_t cap);

/* One thing inside a file; `data` is borrowed for the call. */
struct pf_image_piece {
    char name[32]; /* letters, digits, '-' and '_': fit for a file name, unique in its image */
    bool has_addr;
    uint32_t addr; /* of flash, or of RAM for a stub */
    const uint8_t *data;
    size_t len;
};
typedef bool pf_image_piece_fn(void *arg, const struct pf_image_piece *piece);

/* Hand out what an image is made of: segments of a container, partitions of a
 * backup by its own table, the unpacked payload of a package, an unpacked stub.
 * `data` is what img was made from. PF_ERR_FILE: damaged, or nothing in it;
 * PF_ERR_CANCELED: `fn` returned false. */
enum pf_err pf_image_unpack(const struct pf_image *img, const uint8_t *data, pf_image_piece_fn *fn,
                            void *arg);

/* What a conversion needs beside the image; zero what is not at hand. */
struct pf_convert {
    const uint8_t *boot2; /* BL602 whole flash: a file that starts with the header of a boot2
                             (also a backup), or the bare code */
    size_t boot2_len;
    const uint8_t *table; /* and a partition table */
    size_t table_len;
    uint32_t flash_size;  /* pad to this; 0: end behind the application */
    const char *hardware; /* BL602 OTA: versions to state, up to 16 bytes; NULL the usual */
    const char *version;
};

/* Make another kind of an image:
 *   BK_ROTATED -> BK_BACKUP      BL_OTA, BL_PLAIN -> BL_APP
 *   ECR_ALLINONE -> ECR_BACKUP   BL_PLAIN, BL_APP -> BL_OTA (.xz)
 *   ECR_OTA -> ECR_CPU           BL_PLAIN, BL_APP -> BL_BACKUP (boot2, table)
 * A backup made so is a flash image from 0x0 that ends where its last part
 * does. *out is malloc'ed and the caller's; `why` (cap bytes) tells a refusal.
 * PF_ERR_SUPPORT: no such conversion; PF_ERR_FILE: the image, boot2 or table is
 * damaged; PF_ERR_USAGE: boot2 or table is missing; PF_ERR_RANGE: it does not
 * fit; PF_ERR_NOMEM. */
enum pf_err pf_image_convert(const struct pf_image *img, const uint8_t *data, enum pf_image_kind to,
                             const struct pf_convert *with, uint8_t **out, size_t *out_len,
                             char *why, size_t why_cap);

/* MAC of an RF/TLV page; false when it holds none. */
bool pf_bk7231_rf_mac(const uint8_t *page, size_t len, uint8_t mac[6]);

/* MAC of an IDENTITY region of any family, told by its contents. */
bool pf_image_mac(const uint8_t *region, size_t len, uint8_t mac[6]);

/* What runs on a device, from the sectors its chip names in info_sectors.
 * `sector` holds `count` sectors of 4096 bytes read from addr[i]. */
struct pf_firmware {
    char loader[32];
    char firmware[96]; /* "Tuya, app 1.00", "OpenBeken ..."; "" unknown */
    char version[32];
    bool has_mac;
    uint8_t mac[6];
    bool has_key;
    uint8_t key[16];
    const char *key_name;
    struct {
        char name[24];
        uint32_t addr, len;
    } partition[16]; /* physical addresses, from the loader's own table */
    size_t npartitions;
};
/* By family ("bk7231", "ecr6600", ...); an unknown one leaves *out empty. */
void pf_firmware_inspect(const char *family, const uint32_t *addr, const uint8_t *const *sector,
                         size_t count, struct pf_firmware *out);
void pf_bk7231_firmware(const uint32_t *addr, const uint8_t *const *sector, size_t count,
                        struct pf_firmware *out);

#endif
