/* host.c - which chip the PC plays, and its power switch. */
#include "hal/host/host.h"

#include <stdlib.h>
#include <string.h>

/* Where things are is told in firmware/README.md. */
static const struct hal_chip chips[HAL_FAMILIES] = {
    [HAL_ECR6600] =
        {
            .family = HAL_ECR6600,
            .name = "ECR6600",
            .short_prefix = "ecr6600",
            .group = "ecr6600s",
            .maker = "ESWIN",
            .signed_crc8 = true,
            .store = {0x1ef000, 0x8000},
            .obk = {0x1b9000, 0x1c000},
            .obk_vars = {0x1f7000, 0x4000},
            .ota = {0x0e0000, 0xd7000},
            .flash_size = 0x200000,
        },
    [HAL_BL602] =
        {
            .family = HAL_BL602,
            .name = "BL602",
            .short_prefix = "obl",
            .group = "bl602s",
            .maker = "BLAITEK",
            .signed_crc8 = false,
            .store = {0x1e1000, 0x8000},
            .obk = {0x1e9000, 0x13000},
            .obk_vars = {0x1e9000, 0x13000},
            .ota = {0x112000, 0x90000},
            .flash_size = 0x200000,
        },
    [HAL_BK7231T] =
        {
            .family = HAL_BK7231T,
            .name = "BK7231T",
            .short_prefix = "obk",
            .group = "bekens_t",
            .maker = "Beken Corporation",
            .signed_crc8 = true,
            .store = {0x1ab000, 0x8000},
            .obk = {0x1e1000, 0x1000},
            .obk_vars = {0x1e5000, 0x8000},
            .ota = {0x132000, 0x79000},
            .flash_size = 0x200000,
        },
    [HAL_BK7231N] =
        {
            .family = HAL_BK7231N,
            .name = "BK7231N",
            .short_prefix = "obk",
            .group = "bekens_n",
            .maker = "Beken Corporation",
            .signed_crc8 = true,
            .store = {0x1c8000, 0x8000},
            .obk = {0x1d1000, 0x1000},
            .obk_vars = {0x1e5000, 0x8000},
            .ota = {0x12a000, 0x9e000},
            .flash_size = 0x200000,
        },
};

static const struct hal_chip *chip = &chips[HAL_ECR6600];
static uint8_t unit[6];
static jmp_buf *power;

const struct hal_chip *hal_chip(void)
{
    return chip;
}

void hal_mac(uint8_t mac[6])
{
    memcpy(mac, unit, 6);
}

void host_chip(enum hal_family family)
{
    chip = &chips[family];
}

void host_mac(const uint8_t mac[6])
{
    memcpy(unit, mac, 6);
}

void host_power_to(jmp_buf *where)
{
    power = where;
}

void host_power_off(void)
{
    if (!power)
        abort();
    longjmp(*power, 1);
}

void host_reset(void)
{
    host_chip(HAL_ECR6600);
    host_mac((const uint8_t[]){0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff});
    power = NULL;
    host_flash_reset();
    host_world_reset();
}
