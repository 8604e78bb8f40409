/* bl602_table.c - see bl602_table.h. */
#include "image/bl602_table.h"

#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"

#define SECTOR    4096u
#define FLASH_MAX 0x1000000u

static void read_entry(const uint8_t *p, struct bl_entry *e)
{
    memset(e, 0, sizeof *e);
    e->type = p[0];
    e->active = p[2];
    memcpy(e->name, p + 3, 8); /* the ninth byte is the NUL */
    for (size_t i = 0; i < 2; i++) {
        e->addr[i] = get_le32(p + 12 + 4 * i);
        e->room[i] = get_le32(p + 20 + 4 * i);
    }
    e->used = get_le32(p + 28);
    e->age = get_le32(p + 32);
}

static bool sane_name(const char *name)
{
    if (!name[0])
        return false;
    for (; *name; name++)
        if (*name <= 0x20 || *name >= 0x7f)
            return false;
    return true;
}

static bool sane_slot(uint32_t addr, uint32_t room)
{
    return addr % SECTOR == 0 && addr >= BL_FW && addr < FLASH_MAX && room <= FLASH_MAX - addr;
}

/* Partitions may overlap: the table of eWeLink plugs keeps mfg inside the second
 * slot of FW (reference 7.2). The two slots of one may not. */
static bool sane_entry(const struct bl_table *t, size_t i)
{
    const struct bl_entry *e = &t->entry[i];

    if (!sane_name(e->name) || !e->room[0])
        return false;
    for (size_t k = 0; k < 2; k++)
        if (e->room[k] && !sane_slot(e->addr[k], e->room[k]))
            return false;
    if (e->room[1] && e->addr[0] < e->addr[1] + e->room[1] && e->addr[1] < e->addr[0] + e->room[0])
        return false;
    for (size_t k = 0; k < i; k++)
        if (strcmp(e->name, t->entry[k].name) == 0)
            return false;
    return true;
}

static void judge(struct bl_table *t)
{
    t->sane = true;
    for (size_t i = 0; i < t->count; i++) {
        const struct bl_entry *e = &t->entry[i];

        if (t->sane && !sane_entry(t, i)) {
            t->sane = false;
            for (size_t k = 0; k < 8 && e->name[k]; k++)
                t->strange[k] = e->name[k] > 0x20 && e->name[k] < 0x7f ? e->name[k] : '?';
        }
        for (size_t k = 0; k < 2; k++)
            if (e->room[k] && sane_slot(e->addr[k], e->room[k]) && e->addr[k] + e->room[k] > t->end)
                t->end = e->addr[k] + e->room[k];
    }
}

bool bl_table_parse(const uint8_t *data, size_t len, struct bl_table *out)
{
    size_t count;

    memset(out, 0, sizeof *out);
    if (len < BL_TABLE_HEAD || memcmp(data, "BFPT", 4) != 0)
        return false;
    out->head_ok = pf_crc32(0, data, 12) == get_le32(data + 12);
    count = get_le16(data + 6);
    if (!out->head_ok || count > BL_ENTRIES)
        return true;
    out->age = get_le32(data + 8);
    out->size = BL_TABLE_HEAD + count * BL_TABLE_ENTRY + 4;
    if (len < out->size)
        return true;
    out->entries_ok =
        pf_crc32(0, data + BL_TABLE_HEAD, count * BL_TABLE_ENTRY) == get_le32(data + out->size - 4);
    if (!out->entries_ok)
        return true;
    for (out->count = 0; out->count < count; out->count++)
        read_entry(data + BL_TABLE_HEAD + out->count * BL_TABLE_ENTRY, &out->entry[out->count]);
    judge(out);
    return true;
}

bool bl_table_ok(const struct bl_table *t)
{
    return t->head_ok && t->entries_ok && t->sane && t->count;
}

const char *bl_table_fault(const struct bl_table *t)
{
    if (!t->head_ok)
        return "CRC-32 of the header wrong";
    if (!t->entries_ok)
        return "entries cut off or their CRC-32 wrong";
    if (!t->count)
        return "no entries";
    return t->sane ? "" : "an entry makes no sense";
}

bool bl_table_pick(const uint8_t *data, size_t len, struct bl_table *out, unsigned *copy)
{
    struct bl_table t;
    bool found = false;

    for (unsigned i = 0; i < 2 && i * BL_TABLE_COPY < len; i++) {
        const uint8_t *p = data + i * BL_TABLE_COPY;
        size_t room = len - i * BL_TABLE_COPY;

        if (room > BL_TABLE_COPY)
            room = BL_TABLE_COPY;
        if (!bl_table_parse(p, room, &t) || !bl_table_ok(&t) || (found && t.age <= out->age))
            continue;
        *out = t;
        *copy = i;
        found = true;
    }
    return found;
}

const struct bl_entry *bl_table_find(const struct bl_table *t, const char *name)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->entry[i].name, name) == 0)
            return &t->entry[i];
    if (strcmp(name, "FW") == 0)
        for (size_t i = 0; i < t->count; i++)
            if (t->entry[i].type == 0)
                return &t->entry[i];
    return NULL;
}
