/* rotate.c - backups that were read from 0x11000 on and wrapped to 0x0.
 *
 * A T loader refuses to read its own first 0x11000 bytes but not addresses
 * beyond the flash, so some tools read one flash size from 0x11000 on. */
#include "image/bk7231_map.h"
#include "image/inspect.h"

static void reverse(uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len / 2; i++) {
        uint8_t keep = data[i];

        data[i] = data[len - 1 - i];
        data[len - 1 - i] = keep;
    }
}

enum pf_err pf_image_unrotate(uint8_t *data, size_t len)
{
    struct pf_image img;

    pf_image_inspect(data, len, &img);
    if (img.kind != PF_IMAGE_BK_ROTATED)
        return PF_ERR_FILE;
    reverse(data, len - BK_LOADER);
    reverse(data + len - BK_LOADER, BK_LOADER);
    reverse(data, len);
    return PF_OK;
}
