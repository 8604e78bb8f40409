/* fuse.c - reading fuses. */
#include "ecr6600/chip.h"
#include "ecr6600/regs.h"

uint32_t chip_efuse_word(uint32_t addr)
{
    for (uint32_t patience = 100000; patience && !(EFUSE_STATUS & EFUSE_DONE); patience--)
        ;
    return addr >= 0x20 && addr <= 0x30 ? EFUSE_INFO(addr) : EFUSE_READ(addr);
}

bool hal_efuse(struct stub_hal *h, uint16_t addr, uint8_t *buf, uint16_t len)
{
    if (addr > EFUSE_SIZE || len > EFUSE_SIZE - addr)
        return false;
    for (uint32_t at = addr; len--; at++) {
        *buf++ = (uint8_t)(chip_efuse_word(at & ~3u) >> 8 * (at & 3));
        hal_poll(h);
    }
    return true;
}

/* The slot at 18 is not what firmware goes by: a unit's MAC is in its flash. */
bool hal_mac(struct stub_hal *h, uint8_t mac[6])
{
    (void)h;
    (void)mac;
    return false;
}
