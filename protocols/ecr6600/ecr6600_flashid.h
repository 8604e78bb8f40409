/* ecr6600_flashid.h - what a JEDEC id tells. */
#ifndef ECR6600_FLASHID_H
#define ECR6600_FLASHID_H

#include <stddef.h>
#include <stdint.h>

/* NULL: unknown. */
const char *ecr6600_flash_part(const uint8_t jedec[3]);
/* Bytes, by the capacity byte; 0: it is no capacity. */
uint32_t ecr6600_flash_size(const uint8_t jedec[3]);

#endif
