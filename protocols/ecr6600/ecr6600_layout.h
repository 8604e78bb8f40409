/* ecr6600_layout.h - who owns which part of flash, by the device's own table. */
#ifndef ECR6600_LAYOUT_H
#define ECR6600_LAYOUT_H

#include "plugflash/chip.h"

#define ECR6600_REGIONS_MAX 24u
#define ECR6600_NAME_MAX    24u

/* Storage of a session's regions; `region` points into `name`. */
struct ecr6600_layout {
    struct pf_region region[ECR6600_REGIONS_MAX + 1]; /* ends with name == NULL */
    char name[ECR6600_REGIONS_MAX][ECR6600_NAME_MAX];
    size_t count;
};

/* Read the partition table in the first sector of a flash of `flash_size`
 * bytes. False when there is none, or one that cannot be true: an entry that is
 * no whole sectors, reaches out of flash or meets another. */
bool ecr6600_layout_parse(struct ecr6600_layout *out, const uint8_t sector[PF_SECTOR],
                          uint32_t flash_size);

/* The chip's regions as far as they lie in a flash of `flash_size` bytes. */
void ecr6600_layout_default(struct ecr6600_layout *out, const struct pf_region *regions,
                            uint32_t flash_size);

#endif
