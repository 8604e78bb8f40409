/* ota_boots.c - see ota_boots.h. What "starts" means:
 *
 *   BL602    boot2: of two sound tables the one with the higher age; the slot of FW it names
 *            holds a boot header and code with the right sums
 *   ECR6600  uboot: a sound record in ota_status, the first copy before the second, with its
 *            flag set: the package there is unpacked; else the application with a sound head
 *   BK7231   the loader: a sound package in "download" is installed; else the application stays
 *
 * A package that is named, or found, and is damaged counts as no start at all: some loaders
 * would notice before they erase the application, but nothing proves it of all of them. */
#include "ota_boots.h"

#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "image/bk7231_map.h"
#include "image/bl602.h"
#include "image/ecr6600.h"
#include "image/ecr6600_pack.h"
#include "plugflash/image.h"

#define FLASH 0x200000u

struct sink {
    uint8_t *out;
    size_t cap, len;
};

static bool take(void *arg, const uint8_t *data, size_t len)
{
    struct sink *s = arg;

    if (len > s->cap - s->len)
        return false;
    memcpy(s->out + s->len, data, len);
    s->len += len;
    return true;
}

static bool take_piece(void *arg, const struct pf_image_piece *piece)
{
    return take(arg, piece->data, piece->len);
}

static size_t bl602(const uint8_t *flash, struct sink *s)
{
    const struct bl_entry *fw;
    struct bl_table t;
    struct bl_app_check c;
    struct bl_boot b;
    unsigned copy;
    uint32_t at, room;

    if (!bl_table_pick(flash + BL_TABLE, BL_TABLE_LEN, &t, &copy))
        return 0;
    fw = bl_table_find(&t, "FW");
    if (!fw || fw->active > 1)
        return 0;
    at = fw->addr[fw->active];
    room = fw->room[fw->active];
    if (at > FLASH || room > FLASH - at || !bl_boot_parse(flash + at, room, &b) ||
        *bl_boot_fault(&b) || b.length > room - BL_CODE)
        return 0;
    bl_app_check_init(&c);
    bl_app_check_feed(&c, flash + at, BL_CODE + b.length);
    if (!bl_app_check_end(&c) || !take(s, flash + at, BL_CODE + b.length))
        return 0;
    return s->len;
}

static bool waits(const uint8_t *rec)
{
    return memcmp(rec, "OTA\x2c", 4) == 0 && pf_crc32(0, rec + 8, 36) == get_le32(rec + 4) &&
           rec[16] == 1;
}

static size_t ecr6600_package(const uint8_t *flash, const uint8_t *rec, struct sink *s)
{
    const uint32_t at = get_le32(rec + 8), len = get_le32(rec + 12);
    struct ecr_ota ota;

    if (at > FLASH || len > FLASH - at || !ecr_ota_parse(flash + at, len, &ota) ||
        ota.size != len || pf_crc32(0, flash + at + 16, len - 16) != ota.crc ||
        ecr_ota_unpack(&ota, flash + at, len, take, s) != UNPACK_OK)
        return 0;
    return s->len;
}

static size_t ecr6600(const uint8_t *flash, struct sink *s)
{
    const struct ecr_partition *cpu, *status;
    struct ecr_table t;
    struct ecr_cpu c;

    if (!ecr_table_parse(flash, ECR_TABLE, &t) || !ecr_table_ok(&t))
        return 0;
    cpu = ecr_table_find(&t, "cpu");
    status = ecr_table_find(&t, "ota_status");
    if (!cpu || !status)
        return 0;
    for (unsigned copy = 0; copy < 2; copy++) {
        const uint8_t *rec = flash + status->addr + copy * status->len / 2;

        if (waits(rec))
            return ecr6600_package(flash, rec, s);
        if (memcmp(rec, "OTA\x2c", 4) == 0 && pf_crc32(0, rec + 8, 36) == get_le32(rec + 4))
            break; /* sound, and says that nothing waits */
    }
    if (!ecr_cpu_parse(flash + cpu->addr, cpu->len, &c) || !c.head_ok || c.size > cpu->len ||
        !take(s, flash + cpu->addr, (size_t)c.size))
        return 0;
    return s->len;
}

static size_t bk7231(const uint8_t *flash, const struct bk7231_map *map, struct sink *s)
{
    const uint8_t *d = flash + map->download;
    struct pf_image img;
    uint32_t len;

    if (memcmp(d, "RBL", 4) != 0 || pf_crc32(0, d, 0x5c) != get_le32(d + 0x5c)) {
        /* no package: what is there goes on running */
        return take(s, flash + BK_LOADER, 0x20000) ? s->len : 0;
    }
    len = get_le32(d + 0x58);
    if (len > BK_DOWNLOAD - 96)
        return 0;
    pf_image_inspect(d, 96 + len, &img);
    if (!img.intact || pf_image_unpack(&img, d, take_piece, s) != PF_OK)
        return 0;
    return s->len;
}

size_t ota_boots(enum hal_family family, const uint8_t *flash, uint8_t *out, size_t cap)
{
    struct sink s = {out, cap, 0};

    switch (family) {
    case HAL_BL602:
        return bl602(flash, &s);
    case HAL_ECR6600:
        return ecr6600(flash, &s);
    case HAL_BK7231T:
        return bk7231(flash, bk7231_map("bk7231t"), &s);
    default:
        return bk7231(flash, bk7231_map("bk7231n"), &s);
    }
}
