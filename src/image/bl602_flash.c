/* bl602_flash.c - a BL602 flash from 0x0: a backup, or what a factory writes.
 *
 * A backup has the size of a flash chip. A factory image may end earlier, right
 * behind the application or behind the device tree of the last partition; what
 * ends anywhere else was cut off. */
#include <string.h>

#include "core/checksum.h"
#include "image/bl602.h"
#include "image/bl602_pack.h"

static const uint8_t xz_magic[6] = {0xfd, '7', 'z', 'X', 'Z', 0};

static void check_boot2(struct pf_image *out, const uint8_t *data, size_t len)
{
    struct bl_boot b;
    size_t at;

    bl_boot_parse(data, len, &b);
    if (!bl_check_head(out, "boot2 header", &b) && !b.crc_ok)
        return;
    at = bl_boot2_code(data, len < BL_TABLE ? len : BL_TABLE, &b);
    image_check(out, at != 0 && at == b.offset, "boot2",
                at ? "%#x bytes at %#zx, SHA-256 right%s" : "%#x bytes, SHA-256 wrong or cut off",
                (unsigned)b.length, at, at == b.offset ? "" : ", but the header says elsewhere");
    image_text(out->loader, sizeof out->loader, "boot2, %u bytes", (unsigned)b.length);
}

/* Both copies; one sound copy is enough to run, and after an update only one
 * is meant to be. */
static bool check_tables(struct pf_image *out, const uint8_t *data, size_t len, struct bl_table *t)
{
    static const char *const name[] = {"table 0xe000", "table 0xf000"};
    struct bl_table one;
    unsigned copy = 0;
    bool found;

    if (len <= BL_TABLE) {
        image_check(out, false, "table 0xe000", "cut off before it");
        return false;
    }
    found = bl_table_pick(data + BL_TABLE, len - BL_TABLE, t, &copy);
    for (unsigned i = 0; i < 2 && BL_TABLE + i * BL_TABLE_COPY < len; i++) {
        const uint8_t *p = data + BL_TABLE + i * BL_TABLE_COPY;
        size_t room = len - BL_TABLE - i * BL_TABLE_COPY;

        if (room > BL_TABLE_COPY)
            room = BL_TABLE_COPY;
        if (found && copy != i && pf_is_blank(p, room))
            image_check(out, true, name[i], "blank");
        else
            bl_check_table(out, name[i], p, room, &one);
    }
    return found;
}

/* The slot that runs. After an update by OTA it holds a compressed package
 * until boot2 has unpacked it. Returns where the application ends, 0 unknown. */
static uint32_t check_fw(struct pf_image *out, const uint8_t *data, size_t len,
                         const struct bl_entry *fw)
{
    uint32_t addr, room;
    struct bl_boot b;

    if (!fw || fw->active > 1) {
        image_check(out, false, "app header",
                    fw ? "its partition is in the middle of an update"
                       : "no partition FW in the table");
        return 0;
    }
    addr = fw->addr[fw->active];
    room = fw->room[fw->active];
    if (addr >= len) {
        image_check(out, false, "app length", "cut off before it, at %#x", (unsigned)addr);
        return 0;
    }
    if (room > len - addr)
        room = (uint32_t)(len - addr);
    if (room >= sizeof xz_magic && memcmp(data + addr, xz_magic, sizeof xz_magic) == 0) {
        image_check(out, true, "app header", "an update in slot %u waits for boot2 to unpack it",
                    fw->active);
        return 0;
    }
    if (!bl_check_app(out, data + addr, room, false) || !bl_boot_parse(data + addr, room, &b))
        return 0;
    return addr + BL_CODE + b.length;
}

static uint32_t check_factory(struct pf_image *out, const uint8_t *data, size_t len,
                              const struct bl_entry *e)
{
    struct bl_fdt t;
    size_t room;

    if (!e || e->addr[0] >= len)
        return 0;
    room = len - e->addr[0] < e->room[0] ? len - e->addr[0] : e->room[0];
    if (room < 4 || memcmp(data + e->addr[0], "\xd0\x0d\xfe\xed", 4) != 0) {
        image_check(out, true, "device tree", "none: the firmware's own radio settings are used");
        return 0;
    }
    if (!bl_check_dts(out, data + e->addr[0], room, false))
        return 0;
    bl_fdt_parse(data + e->addr[0], room, &t);
    return e->addr[0] + t.size;
}

static bool ends_behind(size_t len, uint32_t end)
{
    return end && len >= end && len - end < EF_SECTOR;
}

static void check_length(struct pf_image *out, size_t len, const struct bl_table *t,
                         uint32_t app_end, uint32_t tree_end)
{
    bool chip = len >= 0x100000 && len <= BL_FLASH_MAX && (len & (len - 1)) == 0;
    uint32_t want = 0x100000;

    while (want < t->end)
        want *= 2;
    if (chip && len >= want) {
        out->flash_size = (uint32_t)len;
        image_check(out, true, "length", "%#zx bytes, the size of a flash chip", len);
    } else if (ends_behind(len, tree_end) || ends_behind(len, app_end)) {
        image_check(out, true, "length", "%#zx bytes, ends behind the %s", len,
                    ends_behind(len, app_end) ? "application" : "device tree");
    } else if (len < want) {
        image_check(out, false, "length", "cut off at %#zx, expected %#x bytes", len,
                    (unsigned)want);
    } else {
        image_check(out, false, "length", "%#zx bytes: no flash chip is of that size", len);
    }
}

void bl_inspect_flash(const uint8_t *data, size_t len, struct pf_image *out)
{
    const struct bl_entry *psm;
    struct bl_table t = {0};
    uint32_t app_end = 0, tree_end = 0;

    check_boot2(out, data, len);
    if (check_tables(out, data, len, &t)) {
        app_end = check_fw(out, data, len, bl_table_find(&t, "FW"));
        tree_end = check_factory(out, data, len, bl_table_find(&t, "factory"));
        psm = bl_table_find(&t, "PSM");
        if (psm && psm->addr[0] < len && psm->room[0] <= len - psm->addr[0] &&
            ef_is_sector(&ef_psm, data + psm->addr[0], psm->room[0]))
            bl_check_psm(out, data + psm->addr[0], psm->room[0]);
    }
    check_length(out, len, &t, app_end, tree_end);
    image_part(out, "flash", 0, len, 0);
}
