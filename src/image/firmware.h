/* firmware.h - what runs on a device, by family; see pf_firmware_inspect(). */
#ifndef IMAGE_FIRMWARE_H
#define IMAGE_FIRMWARE_H

#include "plugflash/image.h"

/* `out` is empty; sectors are of 4096 bytes. */
void firmware_ecr6600(const uint32_t *addr, const uint8_t *const *sector, size_t count,
                      struct pf_firmware *out);
void firmware_bl602(const uint32_t *addr, const uint8_t *const *sector, size_t count,
                    struct pf_firmware *out);

#endif
