/* flash.c - the flash chip: standard SPI NOR commands on one line, three address
 * bytes. Status registers are never written, so quad mode and protection stay as
 * they were found. */
#include "common/flash.h"

enum {
    FLASH_PROGRAM = 0x02,
    FLASH_READ = 0x03,
    FLASH_STATUS1 = 0x05,
    FLASH_WRITE_ENABLE = 0x06,
    FLASH_ERASE_4K = 0x20,
    FLASH_STATUS2 = 0x35,
    FLASH_ERASE_32K = 0x52,
    FLASH_RESET_ENABLE = 0x66,
    FLASH_RESET = 0x99,
    FLASH_ID = 0x9f,
    FLASH_WAKE = 0xab,
    FLASH_ERASE_CHIP = 0xc7,
    FLASH_ERASE_64K = 0xd8
};

#define FLASH_BUSY    0x01u /* in status register 1 */
#define FLASH_WEL     0x02u
#define FLASH_WAKE_US 100u     /* after AB and after 99; the slowest parts want 30 to 50 */
#define FLASH_LAST_US 2000000u /* for an erase that somebody else has begun */

static void flash_spi(struct stub_flash *f, uint8_t opcode, uint8_t *in, uint16_t len)
{
    const struct hal_spi t = {.opcode = opcode, .in = in, .len = len};

    hal_spi(f->h, &t);
}

static void flash_spi_at(struct stub_flash *f, uint8_t opcode, uint32_t addr, const uint8_t *out,
                         uint8_t *in, uint32_t len)
{
    const struct hal_spi t = {.opcode = opcode,
                              .has_addr = true,
                              .addr = addr,
                              .out = out,
                              .in = in,
                              .len = (uint16_t)len};

    hal_spi(f->h, &t);
}

static uint8_t flash_status(struct stub_flash *f, uint8_t opcode)
{
    uint8_t sr = 0;

    flash_spi(f, opcode, &sr, 1);
    return sr;
}

/* Bytes by the third byte of the id, 2^10h to 2^18h; 32h to 3Bh are 12h to 1Bh of
 * some 1.8 V parts. A floating line reads as 00 or FF, which is no size. */
static uint32_t flash_size(uint8_t capacity)
{
    if (capacity >= 0x32 && capacity <= 0x3b)
        capacity = (uint8_t)(capacity - 0x20);
    return capacity >= 0x10 && capacity <= 0x18 ? 1u << capacity : 0;
}

/* A while, and until it is ready: a chip that was reset in the middle of an erase has
 * a flash still at it. A line without flash reads as FF, which is no reason to wait. */
static void flash_wait(struct stub_flash *f)
{
    uint32_t begin = hal_us(f->h), gone;
    uint8_t sr;

    do {
        sr = flash_status(f, FLASH_STATUS1);
        gone = hal_us(f->h) - begin;
    } while (gone < FLASH_WAKE_US || (sr & FLASH_BUSY && sr != 0xff && gone < FLASH_LAST_US));
}

void stub_flash_init(struct stub_flash *f, struct stub_hal *h)
{
    f->h = h;
    f->busy = false;
    flash_spi(f, FLASH_WAKE, NULL, 0);
    flash_wait(f);
    flash_spi(f, FLASH_RESET_ENABLE, NULL, 0);
    flash_spi(f, FLASH_RESET, NULL, 0);
    flash_wait(f);

    flash_spi(f, FLASH_ID, f->jedec, sizeof f->jedec);
    f->sr1 = flash_status(f, FLASH_STATUS1);
    f->sr2 = flash_status(f, FLASH_STATUS2);
    f->size = flash_size(f->jedec[2]);
}

void stub_flash_read(struct stub_flash *f, uint32_t addr, uint8_t *buf, size_t len)
{
    while (len) {
        uint32_t part = len < STUB_PAGE ? (uint32_t)len : STUB_PAGE;

        flash_spi_at(f, FLASH_READ, addr, NULL, buf, part);
        addr += part;
        buf += part;
        len -= part;
    }
}

bool stub_flash_ready(struct stub_flash *f)
{
    if (f->busy)
        f->busy = flash_status(f, FLASH_STATUS1) & FLASH_BUSY;
    return !f->busy;
}

/* A second try costs nothing. Then on without it: EN25QH32B takes the command and
 * does not show the bit, and who refused it is found by reading back. */
static void flash_write_enable(struct stub_flash *f)
{
    for (unsigned i = 0; i < 3; i++) {
        flash_spi(f, FLASH_WRITE_ENABLE, NULL, 0);
        if (flash_status(f, FLASH_STATUS1) & FLASH_WEL)
            break;
    }
    f->busy = true;
}

void stub_flash_erase(struct stub_flash *f, uint32_t addr, uint32_t unit)
{
    uint8_t opcode = unit == STUB_BLOCK    ? FLASH_ERASE_64K
                     : unit == STUB_SECTOR ? FLASH_ERASE_4K
                                           : FLASH_ERASE_32K;

    flash_write_enable(f);
    flash_spi_at(f, opcode, addr, NULL, NULL, 0);
}

void stub_flash_erase_chip(struct stub_flash *f)
{
    flash_write_enable(f);
    flash_spi(f, FLASH_ERASE_CHIP, NULL, 0);
}

void stub_flash_program(struct stub_flash *f, uint32_t addr, const uint8_t *data, uint32_t len)
{
    flash_write_enable(f);
    flash_spi_at(f, FLASH_PROGRAM, addr, data, NULL, len);
}

bool stub_flash_has(const struct stub_flash *f, uint32_t addr, uint32_t len)
{
    return len <= f->size && addr <= f->size - len;
}
