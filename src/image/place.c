/* place.c - where an image belongs on a chip, or why it does not. */
#include <stdio.h>
#include <string.h>

#include "image/bk7231_map.h"
#include "image/inspect.h"

#define SECTOR 4096u

/* What a caller of pf_image_place() gave, and where the answer goes. */
struct placing {
    const struct pf_image *img;
    const struct bk7231_map *map;
    uint32_t flash;
    struct pf_image_part *out;
    size_t cap, count;
    char *why;
    size_t why_cap;
};

#define REFUSE(p, ...) (image_text((p)->why, (p)->why_cap, __VA_ARGS__), false)

/* Add a part. On chips whose loader is sacred nothing below 0x11000 is placed:
 * a part that starts there loses its head. */
static bool place_part(struct placing *p, const char *name, uint32_t offset, uint32_t len,
                       uint32_t addr)
{
    struct pf_image_part *part;

    if (p->map->loader_fixed && addr < BK_LOADER) {
        uint32_t cut = BK_LOADER - addr;

        if (len <= cut)
            return true;
        offset += cut;
        len -= cut;
        addr = BK_LOADER;
    }
    if (addr > p->flash || len > p->flash - addr)
        return REFUSE(p, "%s of 0x%x bytes at 0x%x goes beyond the flash of 0x%x bytes", name,
                      (unsigned)len, (unsigned)addr, (unsigned)p->flash);
    if (p->count == p->cap)
        return REFUSE(p, "more than %zu parts", p->cap);
    part = &p->out[p->count++];
    memset(part, 0, sizeof *part);
    image_text(part->name, sizeof part->name, "%s", name);
    part->offset = offset;
    part->len = len;
    part->addr = addr;
    return true;
}

/* Kinds that carry their own addresses: code and backups. */
static bool place_as_told(struct placing *p)
{
    for (size_t i = 0; i < p->img->nparts; i++) {
        const struct pf_image_part *part = &p->img->part[i];

        if (!place_part(p, part->name, part->offset, part->len, part->addr))
            return false;
    }
    if (!p->count)
        return REFUSE(p, "there is nothing in it that may be written to a %s", p->map->title);
    return true;
}

static bool place_backup(struct placing *p)
{
    if (p->img->flash_size > p->flash)
        return REFUSE(p, "it is of a flash of 0x%x bytes, the device has 0x%x",
                      (unsigned)p->img->flash_size, (unsigned)p->flash);
    return place_as_told(p);
}

static bool place_download(struct placing *p, uint32_t offset)
{
    uint32_t len = (uint32_t)p->img->size - offset;

    if (p->img->size <= offset || p->img->size - offset > BK_DOWNLOAD)
        return REFUSE(p, "0x%zx bytes do not fit the download partition of 0x%x", p->img->size,
                      BK_DOWNLOAD);
    return place_part(p, "download", offset, len, p->map->download);
}

static bool place_sector(struct placing *p, const char *name, uint32_t addr)
{
    if (p->img->size > SECTOR)
        return REFUSE(p, "0x%zx bytes do not fit the one sector of a %s", p->img->size, name);
    return place_part(p, name, 0, (uint32_t)p->img->size, addr);
}

/* Kinds that are written nowhere, whatever the chip. */
static bool place_never(struct placing *p)
{
    switch (p->img->kind) {
    case PF_IMAGE_UNKNOWN:
        return REFUSE(p, "not a known image: say where it belongs with --at ADDRESS");
    case PF_IMAGE_BLANK:
        return REFUSE(p, "%s: there is nothing to write", p->img->title);
    case PF_IMAGE_BK_PLAIN:
        return REFUSE(p, "%s: pack it first (image pack)", p->img->title);
    case PF_IMAGE_FOREIGN:
        return REFUSE(p, "it is no BK7231 image: %s", p->img->title);
    default:
        return true;
    }
}

/* Is the evidence in the file against, or at least not for, this chip? */
static bool place_chip(struct placing *p, const char *chip)
{
    const struct pf_image *img = p->img;

    p->map = bk7231_map(chip);
    if (!p->map)
        return REFUSE(p, "%s: not for a %s", img->title, chip ? chip : "device without a name");
    if (img->chip && strcmp(img->chip, chip) != 0)
        return REFUSE(p, "it is for a %s (%s), the device is a %s", bk7231_title(img->chip),
                      img->why_chip, p->map->title);
    if (img->chip)
        return true;
    switch (img->kind) {
    case PF_IMAGE_BK_BACKUP:
    case PF_IMAGE_BK_QIO:
    case PF_IMAGE_BK_UA:
        return REFUSE(p, "%s: its contents do not tell whether it is for a BK7231T or N",
                      img->title);
    default:
        return true; /* the same bytes serve both */
    }
}

/* Firmware, packages and pages must be whole. A backup is a copy of whatever
 * was on the flash, damaged or not; but all of it must be there. */
static bool place_whole(struct placing *p)
{
    const struct pf_image_check *fault = image_fault(p->img);

    if (!fault || (p->img->kind == PF_IMAGE_BK_BACKUP && strcmp(fault->name, "length") != 0))
        return true;
    return REFUSE(p, "%s: %s: %s", p->img->title, fault->name, fault->text);
}

static bool place_kind(struct placing *p)
{
    switch (p->img->kind) {
    case PF_IMAGE_BK_BACKUP:
        return place_backup(p);
    case PF_IMAGE_BK_ROTATED:
        return REFUSE(p, "%s: use restore with --unrotate", p->img->title);
    case PF_IMAGE_BK_QIO:
    case PF_IMAGE_BK_UA:
        return place_as_told(p);
    case PF_IMAGE_BK_UG:
        return place_download(p, 32); /* the loader knows nothing of the container */
    case PF_IMAGE_BK_RBL:
        return place_download(p, 0);
    case PF_IMAGE_BK_RF:
        return place_sector(p, "rf", p->map->rf);
    case PF_IMAGE_OBK_CONFIG:
        return place_sector(p, "config", p->map->config);
    default:
        return place_never(p);
    }
}

/* Bytes of the parts are never reordered here: image_part() callers list them
 * in file order, which is address order for every kind but rotated ones. */
size_t pf_image_place(const struct pf_image *img, const char *chip, uint32_t flash_size,
                      struct pf_image_part *out, size_t cap, char *why, size_t why_cap)
{
    struct placing p = {
        .img = img,
        .flash = flash_size ? flash_size : BK_FLASH,
        .out = out,
        .cap = cap,
        .why = why,
        .why_cap = why_cap,
    };

    if (why_cap)
        why[0] = '\0';
    if (!place_never(&p) || !place_chip(&p, chip))
        return 0;
    if (img->kind != PF_IMAGE_BK_ROTATED && !place_whole(&p))
        return 0;
    return place_kind(&p) ? p.count : 0;
}
