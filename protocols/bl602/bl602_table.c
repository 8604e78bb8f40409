/* bl602_table.c - see bl602_table.h. */
#include "bl602/bl602_table.h"

#include <stdio.h>
#include <string.h>

#include "bl602/bl602_chips.h"
#include "core/bytes.h"
#include "core/checksum.h"

#define HEAD        16u
#define ENTRY       36u
#define SECTORS_MAX 4096u /* 16 MiB, all that 24 address bits reach */

static void table_entry(const uint8_t *p, struct bl602_entry *e)
{
    memset(e, 0, sizeof *e);
    e->type = p[0];
    e->active = p[2];
    for (size_t i = 0; i < 8 && p[3 + i]; i++)
        e->name[i] = p[3 + i] > 0x20 && p[3 + i] < 0x7f ? (char)p[3 + i] : '_';
    for (size_t i = 0; i < 2; i++) {
        e->addr[i] = get_le32(p + 12 + 4 * i);
        e->max[i] = get_le32(p + 20 + 4 * i);
    }
    e->len = get_le32(p + 28);
}

bool bl602_table_decode(const uint8_t *in, size_t len, struct bl602_table *out)
{
    size_t count;

    memset(out, 0, sizeof *out);
    if (len < HEAD || memcmp(in, "BFPT", 4) != 0 || pf_crc32(0, in, 12) != get_le32(in + 12))
        return false;
    count = get_le16(in + 6);
    if (count > BL602_ENTRIES || len < HEAD + count * ENTRY + 4)
        return false;
    if (pf_crc32(0, in + HEAD, count * ENTRY) != get_le32(in + HEAD + count * ENTRY))
        return false;
    out->age = get_le32(in + 8);
    out->count = count;
    for (size_t i = 0; i < count; i++)
        table_entry(in + HEAD + i * ENTRY, &out->entry[i]);
    return true;
}

/* What the names mean; types differ between SDKs and are no help. */
static const struct {
    const char *name, *title;
    unsigned flags;
} table_names[] = {
    {"FW", "firmware", 0},
    {"mfg", "production test firmware", 0},
    {"media", "files", 0},
    {"PSM", "settings", 0},
    {"KEY", "keys", PF_REGION_GUARD},
    {"DATA", "data", 0},
    {"factory", "board and radio parameters", PF_REGION_GUARD},
    {"rf_para", "radio calibration of this unit", PF_REGION_GUARD | PF_REGION_IDENTITY},
};

/* A slot of an entry, as a region; its strings live in `out`. False: nothing
 * that lies in this flash, or not on sectors. */
static bool layout_slot(const struct bl602_entry *e, unsigned slot, uint32_t size, char name[16],
                        char title[48], struct pf_region *r)
{
    const char *what = "partition";
    bool two = e->max[0] && e->max[1];

    *r = (struct pf_region){.name = name, .title = title, .addr = e->addr[slot]};
    if (!e->name[0] || e->max[slot] == 0 || r->addr % PF_SECTOR || r->addr < BL602_TABLES_END ||
        r->addr >= size)
        return false;
    r->len = e->max[slot] > size - r->addr ? size - r->addr : e->max[slot];
    r->len = (r->len + PF_SECTOR - 1) / PF_SECTOR * PF_SECTOR; /* `size` is whole sectors */
    for (size_t i = 0; i < sizeof table_names / sizeof table_names[0]; i++)
        if (strcmp(e->name, table_names[i].name) == 0) {
            what = table_names[i].title;
            r->flags = table_names[i].flags;
        }
    /* The plain name is what boots, the other slot takes the next update. */
    if (!two || slot == (e->active & 1u)) {
        snprintf(name, 16, "%s", e->name);
        snprintf(title, 48, two ? "%s, slot %u, active" : "%s", what, slot);
    } else {
        snprintf(name, 16, "%s_ota", e->name);
        snprintf(title, 48, "%s, slot %u, for updates", what, slot);
    }
    return true;
}

/* A sector both claim goes to... */
static bool layout_wins(const struct pf_region *a, const struct pf_region *b)
{
    bool guard_a = a->flags & PF_REGION_GUARD, guard_b = b->flags & PF_REGION_GUARD;

    if (guard_a != guard_b)
        return guard_a;
    return a->len < b->len;
}

/* Paint every sector with the claim that wins there, then collect the runs. */
static void layout_collect(const struct pf_region *claim, size_t n, uint32_t size,
                           struct bl602_layout *out)
{
    uint32_t sectors = size / PF_SECTOR < SECTORS_MAX ? size / PF_SECTOR : SECTORS_MAX;
    size_t made = 0;
    uint8_t owner[SECTORS_MAX];

    memset(owner, 0xff, sizeof owner);
    for (size_t i = 0; i < n; i++)
        for (uint32_t s = claim[i].addr / PF_SECTOR;
             s < (claim[i].addr + claim[i].len) / PF_SECTOR && s < sectors; s++)
            if (owner[s] == 0xff || layout_wins(&claim[i], &claim[owner[s]]))
                owner[s] = (uint8_t)i;
    for (uint32_t s = 0, run; s < sectors && made < BL602_REGIONS; s += run) {
        for (run = 1; s + run < sectors && owner[s + run] == owner[s]; run++)
            ;
        if (owner[s] == 0xff)
            continue;
        out->region[made] = claim[owner[s]];
        out->region[made].addr = s * PF_SECTOR;
        out->region[made++].len = run * PF_SECTOR;
    }
    memset(&out->region[made], 0, sizeof out->region[made]);
}

void bl602_layout_make(const struct bl602_table *t, uint32_t size, struct bl602_layout *out)
{
    struct pf_region claim[2 + 2 * BL602_ENTRIES];
    size_t n = 0;

    memset(out, 0, sizeof *out);
    claim[n++] =
        (struct pf_region){"boot2", "second-stage loader", 0, BL602_BOOT2_END, PF_REGION_GUARD};
    claim[n++] = (struct pf_region){"tables", "partition table, two copies", BL602_TABLE0,
                                    BL602_TABLES_END - BL602_TABLE0, PF_REGION_GUARD};
    for (size_t i = 0; i < t->count; i++)
        for (unsigned slot = 0; slot < 2; slot++)
            n += layout_slot(&t->entry[i], slot, size, out->name[n - 2], out->title[n - 2],
                             &claim[n]);
    layout_collect(claim, n, size, out);
}
