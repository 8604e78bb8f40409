/* ecr6600_table.h - the partition table of an ECR6600: flash 0x0..0x1000.
 *
 * One sector of EF40 records (ef_env.h) with two lists: at 0x24 the few that
 * the ROM reads, at 0x400 all of them. A value is ASCII "0xBASE,0xLEN".
 * ECR6600 reference 4.2. */
#ifndef IMAGE_ECR6600_TABLE_H
#define IMAGE_ECR6600_TABLE_H

#include "image/ef_env.h"

#define ECR_TABLE      0x1000u   /* bytes of the table, at 0x0 */
#define ECR_UBOOT      0x1000u   /* address of the uboot */
#define ECR_UBOOT_ROOM 0x6000u   /* and its room */
#define ECR_CPU        0x7000u   /* address of the application */
#define ECR_CPU_END    0x1F1000u /* the largest cpu partition known ends here */
#define ECR_NV_AMT     0x1FE000u /* MAC and radio calibration, 2 MiB layout */
#define ECR_NV_AMT_LEN 0x2000u
#define ECR_FLASH      0x200000u  /* what all known layouts are made for */
#define ECR_FLASH_MAX  0x1000000u /* largest flash chip that the loaders know */

#define ECR_PARTITIONS 16

struct ecr_partition {
    char name[24];
    uint32_t addr, len;
};

struct ecr_table {
    struct ecr_partition partition[ECR_PARTITIONS];
    size_t count;   /* of the full list, or of the short one when that is empty */
    size_t early;   /* records for the ROM */
    unsigned bad;   /* live records with a wrong CRC-32, or no record at all */
    size_t bad_at;  /* offset of the first */
    unsigned wrong; /* sound records that do not read 0xBASE,0xLEN, overlap or differ */
    char wrong_name[24];
    uint32_t end; /* where the last partition ends */
};

/* Read the table at the start of `data`; false when there is none. */
bool ecr_table_parse(const uint8_t *data, size_t len, struct ecr_table *out);

/* The table is there, sound, and names the partitions a boot needs. */
bool ecr_table_ok(const struct ecr_table *t);

/* NULL: no partition of that name. */
const struct ecr_partition *ecr_table_find(const struct ecr_table *t, const char *name);

#endif
