/* ecr6600_chips.c - the ECR6600 as data.
 *
 * The regions are those of a 2 MiB part with OpenBeken's partition table; a
 * device with a table of its own has it read at link time (ecr6600_layout.c). */
#include "ecr6600/ecr6600_chips.h"
#include "plugflash/stub.h"

/* Only rates whose divider comes within 2 % (README 4.3); most USB adapters do
 * not reach the top, which is there for --baud. */
static const uint32_t ecr6600_ladder[] = {2000000, 1000000, 921600, 500000, 230400, 115200, 0};

static const struct pf_region ecr6600_regions[] = {
    {"partition", "partition table", 0x000000, 0x1000, PF_REGION_GUARD},
    {"uboot", "boot loader", 0x001000, 0x6000, PF_REGION_GUARD},
    {"cpu", "application", 0x007000, 0x1b0000, 0},
    {"ota_status", "state of an update", 0x1b7000, 0x2000, 0},
    {"cfg", "OpenBeken configuration", 0x1b9000, 0x1c000, 0},
    {"lfs", "file system", 0x1d5000, 0x22000, 0},
    {"nv_customer", "settings of the application", 0x1f7000, 0x4000, PF_REGION_GUARD},
    {"nv_develop", "product parameters", 0x1fb000, 0x3000, PF_REGION_GUARD},
    {"nv_amt", "MAC and RF calibration", 0x1fe000, 0x2000, PF_REGION_GUARD | PF_REGION_IDENTITY},
    {0},
};

/* Partition table, boot loader, application header, the start of what OpenBeken
 * and what the vendor's firmware put behind it, NV areas, MAC. */
static const uint32_t ecr6600_info[] = {
    0x000000, 0x001000, 0x007000, 0x1b7000, 0x1b9000, 0x1d5000,
    0x1f1000, 0x1f7000, 0x1fb000, 0x1fe000, 0x1ff000, ~0u,
};

/* What users see after an erase of the whole flash (reference 4.6). */
static const uint8_t ecr6600_default_mac[6] = {0x00, 0x06, 0x06, 0x00, 0x00, 0x00};

const struct pf_chip ecr6600_chip = {
    .name = "ecr6600",
    .title = "ESWIN ECR6600",
    .family = "ecr6600",
    .protocol = &pf_ecr6600_protocol,
    .flash = {.size = 0},
    .baud = {.boot = 115200, .fast = 921600, .ladder = ecr6600_ladder},
    .regions = ecr6600_regions,
    .info_sectors = ecr6600_info,
    .default_mac = ecr6600_default_mac,
    .takes_stub = true,
    .stub = &pf_stub_ecr6600,
    .tested = {PF_TESTED_SIM, PF_TESTED_SIM, PF_TESTED_SIM},
};
