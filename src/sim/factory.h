/* factory.h - synthetic factory flash of the BK7231 family. */
#ifndef SIM_FACTORY_H
#define SIM_FACTORY_H

#include "sim/bkcode.h"

/* What differs between the two chips and their loaders. */
struct factory_plan {
    const char *loader;   /* version string: "BK7231S_1.0.5" */
    uint8_t vector[4];    /* first instruction of the loader */
    uint32_t key_at;      /* logical address of the key inside the loader */
    bool marks;           /* marker words before key, OTA keys and version */
    bool chip_mark;       /* plain "BK7231" at logical 0x100 */
    uint32_t table_at;    /* logical address of the partition table, end of the loader */
    uint32_t download;    /* flash address of the OTA partition */
    uint32_t rf;          /* RF/TLV page; NET_PARAM follows */
    uint32_t tlv_group2;  /* length of the second calibration group */
    uint32_t files[3][2]; /* Tuya user files: address, sectors used */
    struct bkcode_key key;
};

extern const struct factory_plan factory_t, factory_n;

/* Fill `buf` of `size` bytes; what lies beyond `size` is left out. */
void factory_build(const struct factory_plan *plan, uint32_t seed, const uint8_t mac[6],
                   uint8_t *buf, uint32_t size);

#endif
