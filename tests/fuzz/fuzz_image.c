/* Fuzz: everything that looks at a file. What is placed must lie in the file and
 * in the flash, and never in the loader of a BK7231T. */
#include <stdlib.h>
#include <string.h>

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

/* The input as sectors, at the addresses `info` reads. */
static void firmware(const uint8_t *data, size_t size)
{
    static const uint32_t addr[] = {0x000000, 0x00e000, 0x00f000, 0x010000, 0x011000,
                                    0x0ff000, 0x129000, 0x1d0000, 0x1d1000, 0x1e0000};
    const uint8_t *sector[sizeof addr / sizeof *addr];
    uint8_t(*copy)[4096] = calloc(sizeof addr / sizeof *addr, 4096);
    struct pf_firmware fw;
    size_t n = 0;

    if (!copy)
        abort();
    for (; n < sizeof addr / sizeof *addr; n++) {
        size_t at = n * 4096, len = at < size ? size - at : 0;

        if (len)
            memcpy(copy[n], data + at, len < 4096 ? len : 4096);
        sector[n] = copy[n];
    }
    pf_bk7231_firmware(addr, sector, n, &fw);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pf_image img;

    pf_image_inspect(data, size, &img);
    place(&img, "bk7231t", 0x11000);
    place(&img, "bk7231n", 0);
    unrotate(data, size);
    firmware(data, size);
    return 0;
}
