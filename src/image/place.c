/* place.c - where an image belongs on a chip, or why it does not. */
#include "image/place.h"

#include <stdio.h>
#include <string.h>

#include "image/bk7231_map.h"
#include "image/bl602_table.h"
#include "image/ecr6600_table.h"

bool place_part(struct placing *p, const char *name, uint32_t offset, uint32_t len, uint32_t addr)
{
    struct pf_image_part *part;

    if (addr < p->floor) {
        uint32_t cut = p->floor - addr;

        if (len <= cut)
            return true;
        offset += cut;
        len -= cut;
        addr = p->floor;
    }
    if (addr > p->flash || len > p->flash - addr)
        return PLACE_REFUSE(p, "%s of 0x%x bytes at 0x%x goes beyond the flash of 0x%x bytes", name,
                            (unsigned)len, (unsigned)addr, (unsigned)p->flash);
    if (p->count == p->cap)
        return PLACE_REFUSE(p, "more than %zu parts", p->cap);
    part = &p->out[p->count++];
    memset(part, 0, sizeof *part);
    image_text(part->name, sizeof part->name, "%s", name);
    part->offset = offset;
    part->len = len;
    part->addr = addr;
    return true;
}

bool place_as_told(struct placing *p)
{
    for (size_t i = 0; i < p->img->nparts; i++) {
        const struct pf_image_part *part = &p->img->part[i];

        if (!place_part(p, part->name, part->offset, part->len, part->addr))
            return false;
    }
    if (!p->count)
        return PLACE_REFUSE(p, "there is nothing in it that may be written to a %s", p->title);
    return true;
}

bool place_backup(struct placing *p)
{
    if (p->img->flash_size > p->flash)
        return PLACE_REFUSE(p, "it is of a flash of 0x%x bytes, the device has 0x%x",
                            (unsigned)p->img->flash_size, (unsigned)p->flash);
    return place_as_told(p);
}

/* A family: its name in pf_image, who places its images, and on devices where
 * the partition table is. */
struct family {
    const char *name;
    const char *title;
    bool (*place)(struct placing *p);
    uint32_t table, table_len;
};

static const struct family families[] = {
    {"bk7231", "BK7231", place_bk7231, 0, 0},
    {"ecr6600", "ECR6600", place_ecr6600, 0, ECR_TABLE},
    {"bl602", "BL602", place_bl602, BL_TABLE, BL_TABLE_LEN},
};

/* The family of a chip: there is one chip in each, but for the BK7231. */
static const struct family *family_of(const char *chip)
{
    const char *name = bk7231_map(chip) ? "bk7231" : chip;

    for (size_t i = 0; name && i < sizeof families / sizeof *families; i++)
        if (strcmp(families[i].name, name) == 0)
            return &families[i];
    return NULL;
}

/* Kinds that are written nowhere, whatever the chip. */
static bool place_never(struct placing *p)
{
    switch (p->img->kind) {
    case PF_IMAGE_UNKNOWN:
        return PLACE_REFUSE(p, "not a known image: say where it belongs with --at ADDRESS");
    case PF_IMAGE_BLANK:
        return PLACE_REFUSE(p, "%s: there is nothing to write", p->img->title);
    case PF_IMAGE_ECR_STUB:
    case PF_IMAGE_BL_LOADER:
        return PLACE_REFUSE(p, "this is a RAM stub, not firmware: %s", p->img->title);
    default:
        return true;
    }
}

/* Firmware, packages and pages must be whole. A backup is a copy of whatever
 * was on the flash, damaged or not; but all of it must be there. */
static bool place_whole(struct placing *p)
{
    const struct pf_image_check *fault = image_fault(p->img);

    switch (p->img->kind) {
    case PF_IMAGE_BK_ROTATED: /* refused with a better reason */
        return true;
    case PF_IMAGE_BK_BACKUP:
    case PF_IMAGE_ECR_BACKUP:
    case PF_IMAGE_BL_BACKUP:
        if (fault && strcmp(fault->name, "length") != 0)
            return true;
        break;
    default:
        break;
    }
    if (!fault)
        return true;
    return PLACE_REFUSE(p, "%s: %s: %s", p->img->title, fault->name, fault->text);
}

static bool place_chip(struct placing *p, const char *chip)
{
    const struct pf_image *img = p->img;
    const struct bk7231_map *map = bk7231_map(chip);
    const struct family *f = family_of(chip);

    if (!f)
        return PLACE_REFUSE(p, "%s: not for a %s", img->title,
                            chip ? chip : "device without a name");
    p->title = map ? map->title : f->title;
    if (img->kind == PF_IMAGE_FOREIGN || (img->family && strcmp(img->family, f->name) != 0))
        return PLACE_REFUSE(p, "it is no %s image: %s", f->title, img->title);
    if (map && img->chip && strcmp(img->chip, chip) != 0)
        return PLACE_REFUSE(p, "it is for a %s (%s), the device is a %s", bk7231_title(img->chip),
                            img->why_chip, map->title);
    p->map = map;
    return place_whole(p) && f->place(p);
}

bool pf_image_table_at(const char *chip, uint32_t *addr, uint32_t *len)
{
    const struct family *f = family_of(chip);

    if (!f || !f->table_len)
        return false;
    *addr = f->table;
    *len = f->table_len;
    return true;
}

size_t pf_image_place_by_table(const struct pf_image *img, const uint8_t *table, size_t table_len,
                               const char *chip, uint32_t flash_size, struct pf_image_part *out,
                               size_t cap, char *why, size_t why_cap)
{
    struct placing p = {
        .img = img,
        .table = table,
        .table_len = table ? table_len : 0,
        .flash = flash_size ? flash_size : BK_FLASH,
        .out = out,
        .cap = cap,
        .why = why,
        .why_cap = why_cap,
    };

    if (why_cap)
        why[0] = '\0';
    return place_never(&p) && place_chip(&p, chip) ? p.count : 0;
}

size_t pf_image_place(const struct pf_image *img, const char *chip, uint32_t flash_size,
                      struct pf_image_part *out, size_t cap, char *why, size_t why_cap)
{
    return pf_image_place_by_table(img, NULL, 0, chip, flash_size, out, cap, why, why_cap);
}
