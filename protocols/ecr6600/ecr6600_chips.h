/* ecr6600_chips.h - the chip of this family and its protocol. */
#ifndef ECR6600_CHIPS_H
#define ECR6600_CHIPS_H

#include "plugflash/chip.h"
#include "plugflash/protocol.h"

extern const struct pf_protocol pf_ecr6600_protocol;
extern const struct pf_chip ecr6600_chip;

#endif
