/* bk7231_chips.c - BK7231T and BK7231N as data.
 *
 * Addresses are physical (offsets in the flash chip) for the 2 MiB parts that
 * practically all modules carry; bigger flash leaves the rest without a name. */
#include "bk7231/bk7231_chips.h"

/* Most USB adapters do not reach the top; ask for them with --baud. */
static const uint32_t bk7231_ladder[] = {2000000, 1500000, 921600, 460800, 230400, 115200, 0};

static const struct pf_region bk7231_regions_t[] = {
    {"loader", "UART boot loader", 0x000000, 0x11000,
     PF_REGION_GUARD | PF_REGION_LOCKED | PF_REGION_CODE},
    {"app", "application", 0x011000, 0x119000, PF_REGION_CODE},
    {"user3", "Tuya user files 3", 0x12a000, 0x8000, 0},
    {"download", "OTA download", 0x132000, 0xa6000, 0},
    {"user2", "Tuya user files 2", 0x1d8000, 0x8000, 0},
    {"rf", "MAC and RF calibration (TLV)", 0x1e0000, 0x1000, PF_REGION_GUARD | PF_REGION_IDENTITY},
    {"net_param", "network parameters, OpenBeken configuration", 0x1e1000, 0x1000, 0},
    {"bssid", "fast-connect data", 0x1e2000, 0x1000, 0},
    {"user1", "Tuya user files 1", 0x1e3000, 0xb000, 0},
    {"kv_key", "Tuya storage key", 0x1ee000, 0x1000, 0},
    {"kv", "Tuya storage", 0x1ef000, 0xe000, 0},
    {"kv_swap", "Tuya storage swap", 0x1fd000, 0x3000, 0},
    {0},
};

static const struct pf_region bk7231_regions_n[] = {
    {"loader", "OTA boot loader", 0x000000, 0x11000, PF_REGION_GUARD | PF_REGION_CODE},
    {"app", "application", 0x011000, 0x119000, PF_REGION_CODE},
    {"download", "OTA download", 0x12a000, 0xa6000, 0},
    {"rf", "MAC and RF calibration (TLV)", 0x1d0000, 0x1000, PF_REGION_GUARD | PF_REGION_IDENTITY},
    {"net_param", "network parameters, OpenBeken configuration", 0x1d1000, 0x1000, 0},
    {"user", "Tuya user files", 0x1d2000, 0x1b000, 0},
    {"kv_protected", "Tuya protected data", 0x1ed000, 0x1000, 0},
    {"kv_key", "Tuya storage key", 0x1ee000, 0x1000, 0},
    {"kv", "Tuya storage", 0x1ef000, 0xe000, 0},
    {"kv_swap", "Tuya storage swap", 0x1fd000, 0x3000, 0},
    {0},
};

/* Vectors and key; the loader's partition table (logical DC24h on T 1.0.5,
 * E95Ch on N 1.0.1); the loader's RBL header at 10F9Ah; vectors of the
 * application; its RBL header where OpenBeken (T) and where Tuya put it; MAC;
 * configuration; the key of Tuya's storage, which tells whose data lies about. */
static const uint32_t bk7231_info_t[] = {
    0x000000, 0x00e000, 0x00f000, 0x010000, 0x011000, 0x0ff000,
    0x129000, 0x1e0000, 0x1e1000, 0x1ee000, ~0u,
};
static const uint32_t bk7231_info_n[] = {
    0x000000, 0x00e000, 0x00f000, 0x010000, 0x011000, 0x129000, 0x1d0000, 0x1d1000, 0x1ee000, ~0u,
};

const struct pf_chip bk7231_chip_t = {
    .name = "bk7231t",
    .title = "Beken BK7231T",
    .family = "bk7231",
    .protocol = &pf_bk7231_protocol,
    .flash = {.size = 0},
    .baud = {.boot = 115200, .fast = 921600, .ladder = bk7231_ladder},
    .regions = bk7231_regions_t,
    .info_sectors = bk7231_info_t,
    .tested = {PF_TESTED_SIM, PF_TESTED_SIM, PF_TESTED_SIM},
};

const struct pf_chip bk7231_chip_n = {
    .name = "bk7231n",
    .title = "Beken BK7231N",
    .family = "bk7231",
    .protocol = &pf_bk7231_protocol,
    .flash = {.size = 0},
    .baud = {.boot = 115200, .fast = 921600, .ladder = bk7231_ladder},
    .regions = bk7231_regions_n,
    .info_sectors = bk7231_info_n,
    .tested = {PF_TESTED_SIM, PF_TESTED_SIM, PF_TESTED_SIM},
};
