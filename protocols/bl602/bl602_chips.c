/* bl602_chips.c - BL602 (and BL604, the same die with more pins) as data.
 *
 * The map is that of a device without a valid partition table: where boot2
 * and its tables are is fixed, the rest is what the known layouts have in
 * common, guarded wherever one of them keeps keys or parameters. */
#include "bl602/bl602_chips.h"
#include "plugflash/stub.h"

/* 460800 and 230400 for links that need them; the loader meets the others
 * within 0.2 %, 921600 within 1 %. Most adapters do not reach the top. */
static const uint32_t bl602_ladder[] = {
    2000000, 1000000, 921600, 500000, 230400, BL602_ROM_BAUD_SLOW, 0,
};

static const struct pf_region bl602_regions[] = {
    {"boot2", "second-stage loader", 0x000000, 0x0e000, PF_REGION_GUARD},
    {"tables", "partition table, two copies", 0x00e000, 0x2000, PF_REGION_GUARD},
    {"FW", "firmware (no partition table: assumed)", 0x010000, 0x1d9000, 0},
    {"PSM", "settings (assumed)", 0x1e9000, 0x8000, 0},
    {"KEY", "keys (assumed)", 0x1f1000, 0x2000, PF_REGION_GUARD},
    {"DATA", "data (assumed)", 0x1f3000, 0x5000, 0},
    {"factory", "board and radio parameters (assumed)", 0x1f8000, 0x8000, PF_REGION_GUARD},
    {0},
};

const struct pf_region bl602_regions_1m[] = {
    {"boot2", "second-stage loader", 0x000000, 0x0e000, PF_REGION_GUARD},
    {"tables", "partition table, two copies", 0x00e000, 0x2000, PF_REGION_GUARD},
    {"FW", "firmware (no partition table: assumed)", 0x010000, 0xe7000, 0},
    {"PSM", "settings (assumed)", 0x0f7000, 0x5000, 0},
    {"factory", "board and radio parameters (assumed)", 0x0fc000, 0x4000, PF_REGION_GUARD},
    {0},
};

/* Header of boot2, both partition tables, header and start of the firmware;
 * settings; board parameters of either known layout. */
static const uint32_t bl602_info[] = {
    0x000000, BL602_TABLE0, BL602_TABLE1, 0x010000, 0x011000, 0x1e9000, 0x1f8000, 0x1fc000, ~0u,
};

const struct pf_chip bl602_chip = {
    .name = "bl602",
    .title = "Bouffalo BL602",
    .family = "bl602",
    .protocol = &pf_bl602_protocol,
    .flash = {.size = 0},
    .baud = {.boot = BL602_ROM_BAUD_SLOW, .fast = 921600, .ladder = bl602_ladder},
    .regions = bl602_regions,
    .info_sectors = bl602_info,
    .takes_stub = true,
    .stub = &pf_stub_bl602,
    .tested = {PF_TESTED_SIM, PF_TESTED_SIM, PF_TESTED_SIM},
};
