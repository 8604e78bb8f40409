/* bl602_place.c - where images of a BL602 belong: the device's own table says. */
#include <string.h>

#include "image/bl602.h"
#include "image/place.h"

/* The entry `name` of the table that the device runs by. */
static bool own_entry(struct placing *p, const char *name, struct bl_entry *out)
{
    const struct bl_entry *e;
    struct bl_table t, one;
    unsigned copy;

    if (!p->table)
        return PLACE_REFUSE(p,
                            "it goes into the partition \"%s\" of the device's own partition "
                            "table, which is not known here",
                            name);
    if (!bl_table_pick(p->table, p->table_len, &t, &copy)) {
        bool first = bl_table_parse(p->table, p->table_len, &one);
        bool second = p->table_len > BL_TABLE_COPY &&
                      bl_table_parse(p->table + BL_TABLE_COPY, p->table_len - BL_TABLE_COPY, &one);

        return PLACE_REFUSE(p, first || second
                                   ? "both copies of the device's partition table are damaged: "
                                     "write a whole flash image, or say where with --at"
                                   : "the device has no partition table: write a whole flash "
                                     "image, or say where with --at");
    }
    e = bl_table_find(&t, name);
    if (!e)
        return PLACE_REFUSE(p, "the partition table of the device has no \"%s\"", name);
    *out = *e;
    return true;
}

static bool place_slot(struct placing *p, const char *name, uint32_t addr, uint32_t room)
{
    if (p->img->size > room)
        return PLACE_REFUSE(p, "0x%zx bytes do not fit the partition \"%s\" of 0x%x", p->img->size,
                            name, (unsigned)room);
    return place_part(p, name, 0, (uint32_t)p->img->size, addr);
}

static bool place_app(struct placing *p)
{
    struct bl_entry e;

    if (!own_entry(p, "FW", &e))
        return false;
    if (e.active > 1)
        return PLACE_REFUSE(p, "the device is in the middle of an update: let it start once first");
    if (e.active == 1 && p->img->size > e.room[1])
        return PLACE_REFUSE(p,
                            "the device runs from its second slot, of 0x%x bytes: 0x%zx do not "
                            "fit; update it by OTA, or write a whole flash image",
                            (unsigned)e.room[1], p->img->size);
    return place_slot(p, "FW", e.addr[e.active], e.room[e.active]);
}

static bool place_first(struct placing *p, const char *name)
{
    struct bl_entry e;

    return own_entry(p, name, &e) && place_slot(p, name, e.addr[0], e.room[0]);
}

/* A table of one copy goes to both places, as factories do it. */
static bool place_table(struct placing *p)
{
    if (p->img->nparts != 1)
        return place_as_told(p);
    return place_part(p, "table", 0, p->img->part[0].len, BL_TABLE) &&
           place_part(p, "table 2", 0, p->img->part[0].len, BL_TABLE + BL_TABLE_COPY);
}

bool place_bl602(struct placing *p)
{
    switch (p->img->kind) {
    case PF_IMAGE_BL_BACKUP:
        return place_backup(p);
    case PF_IMAGE_BL_APP:
        return place_app(p);
    case PF_IMAGE_BL_PARTITION:
        return place_table(p);
    case PF_IMAGE_BL_DTS:
        return place_first(p, "factory");
    case PF_IMAGE_BL_PSM:
        return place_first(p, "PSM");
    case PF_IMAGE_BL_PLAIN:
        return PLACE_REFUSE(p, "%s: `image convert` gives it one", p->img->title);
    case PF_IMAGE_BL_BOOT2:
        return PLACE_REFUSE(p, "%s: it is replaced as part of a whole flash image only",
                            p->img->title);
    case PF_IMAGE_BL_OTA:
        return PLACE_REFUSE(p, "an OTA package is handed to the running firmware by HTTP, not "
                               "written by UART; `image convert` gives the application in it");
    default:
        return PLACE_REFUSE(p, "%s: there is no place for it on a chip like the %s", p->img->title,
                            p->title);
    }
}
