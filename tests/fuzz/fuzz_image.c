/* Fuzz: everything that looks at a file. What is placed must lie in the file and
 * in the flash, in address order, never in the loader of a BK7231T, and never be
 * a RAM stub or of another family. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "image/bk7231_crc16.h"
#include "image/rbl.h"
#include "plugflash/image.h"

#define FLASH 0x200000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* `table`: what the device has for a partition table; NULL: not known. */
static void place(const struct pf_image *img, const char *chip, uint32_t lowest,
                  const uint8_t *table, size_t table_len)
{
    struct pf_image_part part[PF_IMAGE_PARTS];
    uint32_t end = lowest;
    char why[64];
    size_t n = pf_image_place_by_table(img, table, table_len, chip, FLASH, part, PF_IMAGE_PARTS,
                                       why, sizeof why);

    if (n > PF_IMAGE_PARTS || (n == 0 && !why[0]))
        abort();
    if (n && ((img->family && strncmp(chip, img->family, strlen(img->family)) != 0) ||
              img->kind == PF_IMAGE_ECR_STUB || img->kind == PF_IMAGE_BL_LOADER))
        abort();
    for (size_t i = 0; i < n; i++) {
        if (part[i].offset > img->size || part[i].len > img->size - part[i].offset ||
            part[i].addr < end || part[i].addr > FLASH || part[i].len > FLASH - part[i].addr)
            abort();
        end = part[i].addr + part[i].len;
    }
}

static bool touch(void *arg, const struct pf_image_piece *p)
{
    *(uint32_t *)arg = pf_crc32(*(uint32_t *)arg, p->data, p->len);
    return strchr(p->name, '/') == NULL && strchr(p->name, '.') == NULL;
}

/* Everything an image can be made into, and what is in it. */
static void take_apart(const struct pf_image *img, const uint8_t *data)
{
    struct pf_convert with = {
        .boot2 = data, .boot2_len = img->size, .table = data, .table_len = img->size};
    uint32_t crc = 0;
    char why[64];
    uint8_t *out;
    size_t len;

    if (pf_image_unpack(img, data, touch, &crc) == PF_ERR_CANCELED)
        abort();
    for (int to = 0; to < PF_IMAGE_FOREIGN; to++) {
        if (pf_image_convert(img, data, (enum pf_image_kind)to, &with, &out, &len, why,
                             sizeof why) != PF_OK)
            continue;
        if (!out || !len)
            abort();
        free(out);
    }
}

/* A refused turn leaves the bytes as they are. */
static void unrotate(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    if (!copy)
        abort();
    memcpy(copy, data, size);
    if (pf_image_unrotate(copy, size) != PF_OK && memcmp(copy, data, size) != 0)
        abort();
    free(copy);
}

/* The input as sectors, at addresses `info` reads; as many as it fills. */
static void firmware(const uint8_t *data, size_t size)
{
    static const char *const family[] = {"bk7231", "ecr6600", "bl602"};
    static const uint32_t addr[] = {0x000000, 0x011000, 0x010000, 0x00e000, 0x00f000,
                                    0x0ff000, 0x129000, 0x1d0000, 0x1d1000, 0x1e0000};
    const size_t most = sizeof addr / sizeof *addr;
    const uint8_t *sector[sizeof addr / sizeof *addr];
    size_t count = size / 4096 + 1 < most ? size / 4096 + 1 : most;
    uint8_t *copy = calloc(count, 4096);
    struct pf_firmware fw;

    if (!copy)
        abort();
    memcpy(copy, data, size < count * 4096 ? size : count * 4096);
    for (size_t i = 0; i < count; i++)
        sector[i] = copy + i * 4096;
    for (size_t i = 0; i < sizeof family / sizeof *family; i++) {
        pf_firmware_inspect(family[i], addr, sector, count, &fw);
        if (fw.npartitions > sizeof fw.partition / sizeof *fw.partition)
            abort();
    }
    free(copy);
}

static void inspect(const uint8_t *data, size_t size)
{
    struct pf_image img;

    pf_image_inspect(data, size, &img);
    place(&img, "bk7231t", 0x11000, NULL, 0);
    place(&img, "bk7231n", 0, NULL, 0);
    place(&img, "ecr6600", 0, NULL, 0);
    place(&img, "bl602", 0, NULL, 0);
    place(&img, "ecr6600", 0, data, size);
    place(&img, "bl602", 0, data, size);
    take_apart(&img, data);
}

/* Chance does not find checksums. Weave right CRC16 into the input ... */
static void woven(const uint8_t *data, size_t size)
{
    size_t cap = (size / BK_CODE + 1) * BK_CODED;
    uint8_t *copy = malloc(cap);

    if (!copy)
        abort();
    inspect(copy, bk7231_crc16_add(data, size, copy, cap));
    free(copy);
}

/* ... and give a package a header whose CRC-32 and size are right. */
static void headed(const uint8_t *data, size_t size)
{
    struct rbl rbl;
    uint8_t *copy;

    if (size < RBL_SIZE || !rbl_parse(data, &rbl))
        return;
    copy = malloc(size);
    if (!copy)
        abort();
    memcpy(copy, data, size);
    rbl.package_size = (uint32_t)(size - RBL_SIZE);
    rbl_build(&rbl, copy);
    inspect(copy, size);
    free(copy);
}

/* The sums of the other families, put right where their headers have them. */
static void sealed(const uint8_t *data, size_t size)
{
    uint8_t *copy;

    if (size < 0x100)
        return;
    copy = malloc(size);
    if (!copy)
        abort();
    memcpy(copy, data, size);
    if (memcmp(copy, "BFNP", 4) == 0) {
        put_le32(copy + 172, pf_crc32(0, copy, 172));
    } else if (memcmp(copy, "FotaPKG", 7) == 0) {
        put_le32(copy + 0x08, (uint32_t)size);
        put_le32(copy + 0x0c, pf_crc32(0, copy + 0x10, size - 0x10));
    } else if (memcmp(copy, "BL60X_OTA", 9) == 0 && size > 512) {
        put_le32(copy + 20, (uint32_t)(size - 512));
        pf_sha256(copy + 512, size - 512, copy + 64);
    } else if (get_le32(copy) == 0x02262018) {
        put_le32(copy + 0xfc, pf_crc32(0, copy, 0xfc));
    } else if (get_le32(copy) == 0x48787032) {
        put_le32(copy + 0x54, pf_crc32(0, copy, 0x54));
    } else if (memcmp(copy, "BFPT", 4) == 0 && 20 + (size_t)get_le16(copy + 6) * 36 <= size) {
        size_t entries = (size_t)get_le16(copy + 6) * 36;

        put_le32(copy + 12, pf_crc32(0, copy, 12));
        put_le32(copy + 16 + entries, pf_crc32(0, copy + 16, entries));
    }
    inspect(copy, size);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    inspect(data, size);
    sealed(data, size);
    woven(data, size);
    headed(data, size);
    unrotate(data, size);
    firmware(data, size);
    return 0;
}
