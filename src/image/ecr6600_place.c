/* ecr6600_place.c - where images of an ECR6600 belong. */
#include <string.h>

#include "image/ecr6600_table.h"
#include "image/place.h"

/* The device's own table; false, with the reason, when it cannot be used. */
static bool own_table(struct placing *p, struct ecr_table *t)
{
    if (!ecr_table_parse(p->table, p->table_len, t))
        return PLACE_REFUSE(p,
                            "the device has no partition table at 0x0: write an all-in-one image "
                            "first");
    if (!ecr_table_ok(t))
        return PLACE_REFUSE(p, "the partition table of the device is damaged: write an all-in-one "
                               "image, or say where with --at");
    return true;
}

/* To a partition by name. Without a device's table, to where all known layouts
 * have it. */
static bool place_named(struct placing *p, const char *name, uint32_t addr, uint32_t room)
{
    const struct ecr_partition *part;
    struct ecr_table t;

    if (p->table) {
        if (!own_table(p, &t))
            return false;
        part = ecr_table_find(&t, name);
        if (!part)
            return PLACE_REFUSE(p, "the partition table of the device has no \"%s\"", name);
        addr = part->addr;
        room = part->len;
    }
    if (p->img->size > room)
        return PLACE_REFUSE(p, "0x%zx bytes do not fit the partition \"%s\" of 0x%x", p->img->size,
                            name, (unsigned)room);
    return place_part(p, name, 0, (uint32_t)p->img->size, addr);
}

static const struct pf_image_part *part_named(const struct pf_image *img, const char *name)
{
    for (size_t i = 0; i < img->nparts; i++)
        if (strcmp(img->part[i].name, name) == 0)
            return &img->part[i];
    return NULL;
}

/* A container without a partition table relies on the device's. */
static bool place_allinone(struct placing *p)
{
    const struct pf_image_part *cpu = part_named(p->img, "cpu");
    const struct ecr_partition *own;
    struct ecr_table t;

    if (p->table && cpu && !part_named(p->img, "partition")) {
        if (!own_table(p, &t))
            return false;
        own = ecr_table_find(&t, "cpu");
        if (own->addr != cpu->addr || cpu->len > own->len)
            return PLACE_REFUSE(p,
                                "its application of 0x%x bytes for 0x%x is not what the "
                                "device's partition table has room for: 0x%x at 0x%x",
                                (unsigned)cpu->len, (unsigned)cpu->addr, (unsigned)own->len,
                                (unsigned)own->addr);
    }
    return place_as_told(p);
}

static bool place_nv(struct placing *p)
{
    if (!part_named(p->img, "nv_amt"))
        return PLACE_REFUSE(p, "%s: its contents do not tell which one, say where with --at",
                            p->img->title);
    return place_named(p, "nv_amt", ECR_NV_AMT, ECR_NV_AMT_LEN);
}

bool place_ecr6600(struct placing *p)
{
    switch (p->img->kind) {
    case PF_IMAGE_ECR_BACKUP:
        return place_backup(p);
    case PF_IMAGE_ECR_ALLINONE:
        return place_allinone(p);
    case PF_IMAGE_ECR_CPU:
        return place_named(p, "cpu", ECR_CPU, ECR_CPU_END - ECR_CPU);
    case PF_IMAGE_ECR_UBOOT:
    case PF_IMAGE_ECR_PARTITION:
        return place_as_told(p);
    case PF_IMAGE_ECR_NV:
        return place_nv(p);
    case PF_IMAGE_ECR_OTA:
        return PLACE_REFUSE(p, "an OTA package is handed to the running firmware by HTTP, not "
                               "written by UART; `image convert` gives the application in it");
    default:
        return PLACE_REFUSE(p, "%s: there is no place for it on a chip like the %s", p->img->title,
                            p->title);
    }
}
