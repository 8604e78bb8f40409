/* bk7231_place.c - where images of a BK7231 belong. */
#include <stdio.h>
#include <string.h>

#include "image/bk7231_map.h"
#include "image/place.h"

#define SECTOR 4096u

static bool place_download(struct placing *p, uint32_t offset)
{
    uint32_t len = (uint32_t)p->img->size - offset;

    if (p->img->size <= offset || p->img->size - offset > BK_DOWNLOAD)
        return PLACE_REFUSE(p, "0x%zx bytes do not fit the download partition of 0x%x",
                            p->img->size, BK_DOWNLOAD);
    return place_part(p, "download", offset, len, p->map->download);
}

static bool place_sector(struct placing *p, const char *name, uint32_t addr)
{
    if (p->img->size > SECTOR)
        return PLACE_REFUSE(p, "0x%zx bytes do not fit the one sector of a %s", p->img->size, name);
    return place_part(p, name, 0, (uint32_t)p->img->size, addr);
}

/* Code that does not tell its chip is not guessed at: the two differ in where
 * things are and in what must never be written. */
static bool place_told(struct placing *p)
{
    if (p->img->chip)
        return true;
    return PLACE_REFUSE(p, "%s: its contents do not tell whether it is for a BK7231T or N",
                        p->img->title);
}

/* Bytes of the parts are never reordered here: image_part() callers list them
 * in file order, which is address order for every kind but rotated ones. */
bool place_bk7231(struct placing *p)
{
    /* The loader of a BK7231T is what serves the wire: it is never placed. */
    p->floor = p->map->loader_fixed ? BK_LOADER : 0;
    switch (p->img->kind) {
    case PF_IMAGE_BK_BACKUP:
        return place_told(p) && place_backup(p);
    case PF_IMAGE_BK_ROTATED:
        return PLACE_REFUSE(p, "%s: use restore with --unrotate", p->img->title);
    case PF_IMAGE_BK_QIO:
    case PF_IMAGE_BK_UA:
        return place_told(p) && place_as_told(p);
    case PF_IMAGE_BK_PLAIN:
        return PLACE_REFUSE(p, "%s: pack it first (image pack)", p->img->title);
    case PF_IMAGE_BK_UG:
        return place_download(p, 32); /* the loader knows nothing of the container */
    case PF_IMAGE_BK_RBL:
        return place_download(p, 0);
    case PF_IMAGE_BK_RF:
        return place_sector(p, "rf", p->map->rf);
    case PF_IMAGE_OBK_CONFIG:
        return place_sector(p, "config", p->map->config);
    default:
        return PLACE_REFUSE(p, "%s: there is no place for it on a chip like the %s", p->img->title,
                            p->title);
    }
}
