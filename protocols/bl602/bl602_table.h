/* bl602_table.h - a device's partition table and the regions it makes; pure. */
#ifndef BL602_TABLE_H
#define BL602_TABLE_H

#include "plugflash/chip.h"

#define BL602_ENTRIES   16u  /* at most */
#define BL602_TABLE_MAX 596u /* 16 + 16 * 36 + 4 */

struct bl602_entry {
    char name[9]; /* printable; anything else becomes '_' */
    uint8_t type, active;
    uint32_t addr[2], max[2]; /* per slot; max 0: no such slot */
    uint32_t len;
};

struct bl602_table {
    uint32_t age;
    size_t count;
    struct bl602_entry entry[BL602_ENTRIES];
};

/* Decode one copy. False: no magic, too many entries, or either CRC wrong.
 *
 *   "BFPT"  version16  count16  age32  crc32 of these 12 bytes
 *   count times: type8 device8 active8 name[9] addr32[2] max32[2] len32 age32
 *   crc32 of all entries */
bool bl602_table_decode(const uint8_t *in, size_t len, struct bl602_table *out);

/* Regions of a flash of `size` bytes by a table: disjoint, sorted, whole
 * sectors. Where entries overlap, the guarded one wins, then the shorter. */
#define BL602_REGIONS 64u
struct bl602_layout {
    struct pf_region region[BL602_REGIONS + 1]; /* ends with name == NULL */
    char name[2 * BL602_ENTRIES][16], title[2 * BL602_ENTRIES][48];
};
void bl602_layout_make(const struct bl602_table *t, uint32_t size, struct bl602_layout *out);

#endif
