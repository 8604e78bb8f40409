/* bl602_firmware.c - what runs on a BL602, from a few of its sectors. */
#include <stdio.h>
#include <string.h>

#include "image/bl602.h"
#include "image/firmware.h"

static const uint8_t *sector_at(uint32_t at, const uint32_t *addr, const uint8_t *const *sector,
                                size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (addr[i] == at)
            return sector[i];
    return NULL;
}

/* Of the copies at hand the one that boot2 takes. */
static bool table(const uint8_t *const copy[2], struct bl_table *out)
{
    struct bl_table t;
    bool found = false;

    for (size_t i = 0; i < 2; i++) {
        if (!copy[i] || !bl_table_parse(copy[i], BL_TABLE_COPY, &t) || !bl_table_ok(&t))
            continue;
        if (found && t.age <= out->age)
            continue;
        *out = t;
        found = true;
    }
    return found;
}

static void partitions(const struct bl_table *t, struct pf_firmware *out)
{
    const size_t most = sizeof out->partition / sizeof *out->partition;

    for (size_t i = 0; i < t->count; i++) {
        for (size_t k = 0; k < 2 && out->npartitions < most; k++) {
            if (!t->entry[i].room[k])
                continue;
            image_text(out->partition[out->npartitions].name,
                       sizeof out->partition[out->npartitions].name, "%s%s", t->entry[i].name,
                       k ? " 2" : "");
            out->partition[out->npartitions].addr = t->entry[i].addr[k];
            out->partition[out->npartitions].len = t->entry[i].room[k];
            out->npartitions++;
        }
    }
}

/* An application tells its name deep inside; what sectors tell is its size and
 * whose settings lie beside it. */
void firmware_bl602(const uint32_t *addr, const uint8_t *const *sector, size_t count,
                    struct pf_firmware *out)
{
    const uint8_t *const copy[2] = {sector_at(BL_TABLE, addr, sector, count),
                                    sector_at(BL_TABLE + BL_TABLE_COPY, addr, sector, count)};
    const uint8_t *boot2 = sector_at(0, addr, sector, count), *app = NULL;
    const struct bl_entry *fw = NULL;
    struct bl_table t = {0};
    struct bl_boot b;
    struct ef_record r;
    bool obk = false;

    if (boot2 && bl_boot_parse(boot2, EF_SECTOR, &b) && b.crc_ok)
        image_text(out->loader, sizeof out->loader, "boot2, %u bytes", (unsigned)b.length);
    if (table(copy, &t)) {
        partitions(&t, out);
        fw = bl_table_find(&t, "FW");
    }
    for (size_t i = 0; i < count; i++)
        obk |= ef_find(&ef_psm, sector[i], EF_SECTOR, "mY0bcFg", &r);
    if (!fw)
        app = sector_at(BL_FW, addr, sector, count);
    else if (fw->active < 2)
        app = sector_at(fw->addr[fw->active], addr, sector, count);
    if (app && bl_boot_parse(app, EF_SECTOR, &b) && b.crc_ok)
        image_text(out->firmware, sizeof out->firmware, "%s, application of %u bytes",
                   obk ? "OpenBeken" : "unknown", (unsigned)b.length);
    else if (obk)
        image_text(out->firmware, sizeof out->firmware, "OpenBeken");
}
