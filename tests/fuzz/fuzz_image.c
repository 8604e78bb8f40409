/* Fuzz: everything that looks at a file. What is placed must lie in the file and
 * in the flash, and never in the loader of a BK7231T. */
#include <stdlib.h>
#include <string.h>

#include "image/bk7231_crc16.h"
#include "image/rbl.h"
#include "plugflash/image.h"

#define FLASH 0x200000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void place(const struct pf_image *img, const char *chip, uint32_t lowest)
{
    struct pf_image_part part[PF_IMAGE_PARTS];
    char why[64];
    size_t n = pf_image_place(img, chip, FLASH, part, PF_IMAGE_PARTS, why, sizeof why);

    if (n > PF_IMAGE_PARTS || (n == 0 && !why[0]))
        abort();
    for (size_t i = 0; i < n; i++)
        if (part[i].offset > img->size || part[i].len > img->size - part[i].offset ||
            part[i].addr < lowest || part[i].addr > FLASH || part[i].len > FLASH - part[i].addr)
            abort();
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
    pf_bk7231_firmware(addr, sector, count, &fw);
    free(copy);
}

static void inspect(const uint8_t *data, size_t size)
{
    struct pf_image img;

    pf_image_inspect(data, size, &img);
    place(&img, "bk7231t", 0x11000);
    place(&img, "bk7231n", 0);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    inspect(data, size);
    woven(data, size);
    headed(data, size);
    unrotate(data, size);
    firmware(data, size);
    return 0;
}
