/* identity.c - whose unit a region is, and what runs on a device, by family. */
#include <string.h>

#include "image/ecr6600.h"
#include "image/firmware.h"

bool pf_image_mac(const uint8_t *region, size_t len, uint8_t mac[6])
{
    return pf_bk7231_rf_mac(region, len, mac) || ecr_nv_mac(region, len, mac);
}

void pf_firmware_inspect(const char *family, const uint32_t *addr, const uint8_t *const *sector,
                         size_t count, struct pf_firmware *out)
{
    memset(out, 0, sizeof *out);
    if (!family)
        return;
    if (strcmp(family, "bk7231") == 0)
        pf_bk7231_firmware(addr, sector, count, out);
    else if (strcmp(family, "ecr6600") == 0)
        firmware_ecr6600(addr, sector, count, out);
    else if (strcmp(family, "bl602") == 0)
        firmware_bl602(addr, sector, count, out);
}
