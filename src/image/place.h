/* place.h - between the families that place images. */
#ifndef IMAGE_PLACE_H
#define IMAGE_PLACE_H

#include "image/inspect.h"

/* What a caller of pf_image_place() gave, and where the answer goes. */
struct bk7231_map;

struct placing {
    const struct pf_image *img;
    const char *title;            /* of the chip: "ECR6600" */
    const struct bk7231_map *map; /* NULL: no BK7231 */
    const uint8_t *table; /* flash bytes that hold the device's partition table; NULL unknown */
    size_t table_len;
    uint32_t flash;
    uint32_t floor; /* nothing is placed below: a part that starts there loses its head */
    struct pf_image_part *out;
    size_t cap, count;
    char *why;
    size_t why_cap;
};

#define PLACE_REFUSE(p, ...) (image_text((p)->why, (p)->why_cap, __VA_ARGS__), false)

/* Add one part; false, with the reason, when it does not fit. */
bool place_part(struct placing *p, const char *name, uint32_t offset, uint32_t len, uint32_t addr);

/* The parts as the image tells them; false when none is left. */
bool place_as_told(struct placing *p);

/* A backup: as told, unless it is of a larger flash. */
bool place_backup(struct placing *p);

/* One per family: the image is of this family and whole. */
bool place_bk7231(struct placing *p);
bool place_ecr6600(struct placing *p);
bool place_bl602(struct placing *p);

#endif
