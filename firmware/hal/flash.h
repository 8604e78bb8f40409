/* flash.h - raw NOR: erase sets bits of a sector, program clears bits. */
#ifndef HAL_FLASH_H
#define HAL_FLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HAL_SECTOR 4096u
#define HAL_PAGE   256u

/* False: outside the flash, or the flash did not take it. Erase: one sector, up to
 * 50 ms typical, 400 ms at worst. Program: within a page, up to 3 ms. */
bool hal_flash_read(uint32_t addr, void *buf, size_t len);
bool hal_flash_erase(uint32_t addr);
bool hal_flash_program(uint32_t addr, const void *data, size_t len);

#endif
