/* fuse.c - reading fuses. */
#include "bl602/chip.h"
#include "bl602/regs.h"

bool hal_efuse(struct stub_hal *h, uint16_t addr, uint8_t *buf, uint16_t len)
{
    (void)h;
    if (addr > EF_SIZE || len > EF_SIZE - addr)
        return false;
    for (uint32_t at = addr; len--; at++)
        *buf++ = (uint8_t)(EF_DATA(at & ~3u) >> 8 * (at & 3));
    return true;
}

/* Stored lowest first; one that is blank or a group's is none. */
bool hal_mac(struct stub_hal *h, uint8_t mac[6])
{
    uint8_t any = 0;

    for (unsigned i = 0; i < 6; i++) {
        hal_efuse(h, (uint16_t)(EF_MAC + i), &mac[5 - i], 1);
        any |= mac[5 - i];
    }
    return any && !(mac[0] & 1);
}
