/* bl602_table.h - the partition table of a BL602: two copies, 0xE000 and 0xF000.
 *
 *   0   "BFPT"                 entry, 36 bytes:
 *   4   version u16            0   type, device, active index
 *   6   count u16, <= 16       3   name, 9 bytes
 *   8   age                    12  address 0, address 1
 *   12  CRC-32 of 0..11        20  room 0, room 1
 *   16  entries                28  length in use, age
 *   +   CRC-32 of the entries
 *
 * Of two sound copies the one with the higher age counts, the first when both
 * are of one age. Types differ between SDKs: look entries up by name. Reference
 * 7.1, 7.2. */
#ifndef IMAGE_BL602_TABLE_H
#define IMAGE_BL602_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BL_TABLE       0xE000u /* address of the first copy */
#define BL_TABLE_COPY  0x1000u /* from one to the next */
#define BL_TABLE_LEN   (2 * BL_TABLE_COPY)
#define BL_ENTRIES     16u
#define BL_TABLE_ENTRY 36u
#define BL_TABLE_HEAD  16u
#define BL_FW          0x10000u /* the application, in all known layouts */

struct bl_entry {
    uint8_t type, active;
    char name[9];
    uint32_t addr[2], room[2];
    uint32_t used, age;
};

struct bl_table {
    struct bl_entry entry[BL_ENTRIES];
    size_t count;
    uint32_t age;
    size_t size; /* bytes of the copy */
    bool head_ok, entries_ok;
    bool sane; /* entries have names of their own and sector bounds */
    char strange[9];
    uint32_t end; /* where the last partition ends */
};

/* Read one copy; false: none here. Only what is sound is filled. */
bool bl_table_parse(const uint8_t *data, size_t len, struct bl_table *out);

bool bl_table_ok(const struct bl_table *t);

/* "" or what is wrong with it. */
const char *bl_table_fault(const struct bl_table *t);

/* Choose between the copies in the flash bytes from BL_TABLE on; *copy gets 0
 * or 1. False: none is sound. */
bool bl_table_pick(const uint8_t *data, size_t len, struct bl_table *out, unsigned *copy);

/* NULL: no entry of that name. "FW" is also told by its type 0. */
const struct bl_entry *bl_table_find(const struct bl_table *t, const char *name);

#endif
