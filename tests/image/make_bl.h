/* make_bl.h - BL602 files made in memory, with no third-party byte in them. */
#ifndef TESTS_IMAGE_MAKE_BL_H
#define TESTS_IMAGE_MAKE_BL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BL_MAKE_FLASH 0x200000u

enum make_bl_table { BL_1M, BL_2M, BL_4M, BL_VENDOR, BL_FLIPPED };

/* One copy of a table; returns its bytes. `out` holds 4096, filled with FF. */
size_t make_bl_table(uint8_t *out, enum make_bl_table which);
/* Set age and the active slot of FW, and the sums. */
void make_bl_table_set(uint8_t *table, uint32_t age, uint8_t active);

/* Header at `out` for `len` bytes of code at `code`. */
void make_bl_head(uint8_t *out, uint32_t offset, const uint8_t *code, uint32_t len);
/* CRC-32 of a header after a change. */
void make_bl_seal(uint8_t *head);

size_t make_bl_plain(uint8_t *out, uint32_t len);  /* code without a header */
size_t make_bl_app(uint8_t *out, uint32_t len);    /* header, code at 0x1000 */
size_t make_bl_boot2(uint8_t *out, uint32_t len);  /* header, code at 0x2000 */
size_t make_bl_loader(uint8_t *out, uint32_t len); /* one segment */
size_t make_bl_ota(uint8_t *out, size_t cap, uint32_t len, bool xz);
void make_bl_ota_seal(uint8_t *package, size_t len);
size_t make_bl_dts(uint8_t *out); /* with a node wifi and a MAC */
size_t make_bl_psm(uint8_t *out); /* one sector, key mY0bcFg */

/* 2 MiB from 0x0; `end` gets where the application ends (NULL: not asked). */
void make_bl_backup(uint8_t *out, uint32_t app, uint32_t *end);

#endif
