/* bk7231_chips.h - the chips of this family and their protocol. */
#ifndef BK7231_CHIPS_H
#define BK7231_CHIPS_H

#include "plugflash/chip.h"
#include "plugflash/protocol.h"

extern const struct pf_protocol pf_bk7231_protocol;
extern const struct pf_chip bk7231_chip_t;
extern const struct pf_chip bk7231_chip_n;

/* End of the flash boot loader and start of the application on every part. On
 * the T the UART loader itself lives below: erasing it ends serial flashing. */
#define BK7231_APP_START 0x11000u

#endif
