/* bl602_chips.h - the chips of this family and their protocol. */
#ifndef BL602_CHIPS_H
#define BL602_CHIPS_H

#include "plugflash/chip.h"
#include "plugflash/protocol.h"

extern const struct pf_protocol pf_bl602_protocol;
extern const struct pf_chip bl602_chip;

/* The mask ROM measures the rate of the host with an RC oscillator: reliable
 * up to 500000, and the rate to fall back to when that fails. */
#define BL602_ROM_BAUD      500000u
#define BL602_ROM_BAUD_SLOW 115200u

#define BL602_BOOT2_END  0x0e000u /* boot2 and its header lie below */
#define BL602_TABLE0     0x0e000u /* copies of the partition table, a sector each */
#define BL602_TABLE1     0x0f000u
#define BL602_TABLES_END 0x10000u

/* The regions of a 1 MiB part without a valid partition table. */
extern const struct pf_region bl602_regions_1m[];

#endif
