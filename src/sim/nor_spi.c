/* nor_spi.c - see nor_spi.h. Opcodes are those that 25-series parts share. */
#include "sim/nor_spi.h"

#include <string.h>

enum {
    WRITE_STATUS = 0x01,
    PROGRAM = 0x02,
    READ = 0x03,
    WRITE_DISABLE = 0x04,
    STATUS1 = 0x05,
    WRITE_ENABLE = 0x06,
    FAST_READ = 0x0B,
    WRITE_STATUS3 = 0x11,
    STATUS3 = 0x15,
    ERASE_SECTOR = 0x20,
    WRITE_STATUS2 = 0x31,
    STATUS2 = 0x35,
    ERASE_HALF = 0x52,
    ERASE_CHIP_OLD = 0x60,
    ENABLE_RESET = 0x66,
    RESET = 0x99,
    JEDEC = 0x9F,
    WAKE = 0xAB,
    SLEEP = 0xB9,
    ERASE_CHIP = 0xC7,
    ERASE_BLOCK = 0xD8,
};

#define WIP 0x01
#define WEL 0x02

/* No chip answers here: the line is pulled up. */
static bool nobody(const struct nor *n)
{
    return n->off || (n->jedec[0] == 0xFF && n->jedec[1] == 0xFF && n->jedec[2] == 0xFF);
}

static bool reads_status(uint8_t opcode)
{
    return opcode == STATUS1 || opcode == STATUS2 || opcode == STATUS3;
}

/* The register repeats for as long as it is clocked. WEL stays until the work is over. */
static void read_status(const struct nor *n, bool busy, const struct nor_spi_frame *f)
{
    uint8_t value = nor_read_status(n, f->opcode);

    if (f->opcode == STATUS1) {
        value &= (uint8_t) ~(WIP | WEL);
        if (busy)
            value |= WIP | WEL;
        else if (n->write_enabled)
            value |= WEL;
    }
    memset(f->in, value, f->in_len);
}

static void read_cells(struct nor *n, const struct nor_spi_frame *f, size_t dummies)
{
    if (!f->has_addr || f->in_len <= dummies)
        return;
    nor_read(n, f->addr, f->in + dummies, (uint32_t)(f->in_len - dummies));
}

static void read_jedec(const struct nor *n, const struct nor_spi_frame *f)
{
    for (size_t i = 0; i < f->in_len; i++)
        f->in[i] = n->jedec[i % 3];
}

/* AB also tells the electronic id, which is one less than the capacity. The address
 * stands for the three bytes that nobody looks at. */
static void wake(struct nor_spi *c, const struct nor *n, const struct nor_spi_frame *f)
{
    size_t from = f->has_addr ? 0 : 3;

    c->asleep = false;
    for (size_t i = from; i < f->in_len; i++)
        f->in[i] = (uint8_t)(n->jedec[2] - 1);
}

static uint64_t erase(struct nor *n, const struct nor_spi_frame *f, uint32_t unit)
{
    return f->has_addr && !f->out_len ? nor_erase(n, f->addr, unit) : 0;
}

static uint64_t erase_chip(struct nor *n, const struct nor_spi_frame *f)
{
    return f->has_addr || f->out_len ? 0 : nor_erase(n, 0, n->size);
}

static uint64_t program(struct nor *n, const struct nor_spi_frame *f)
{
    if (!f->has_addr || !f->out_len)
        return 0;
    return nor_page_program(n, f->addr, f->out, (uint32_t)f->out_len);
}

static uint64_t write_status(struct nor *n, const struct nor_spi_frame *f)
{
    uint64_t time = f->out_len ? nor_write_status(n, f->opcode, f->out, f->out_len) : 0;

    n->last.len = 0; /* no cell of an earlier operation is at stake */
    return time;
}

static uint64_t reset(struct nor_spi *c, struct nor *n, bool armed, bool busy)
{
    if (!armed)
        return 0;
    nor_power_off(n, busy);
    nor_power_on(n);
    c->asleep = false;
    return NOR_SPI_RESET_NS;
}

static uint64_t ready(struct nor_spi *c, struct nor *n, const struct nor_spi_frame *f)
{
    switch (f->opcode) {
    case WRITE_ENABLE:
        nor_write_enable(n);
        return 0;
    case WRITE_DISABLE:
        n->write_enabled = false;
        return 0;
    case READ:
        read_cells(n, f, 0);
        return 0;
    case FAST_READ:
        read_cells(n, f, 1);
        return 0;
    case JEDEC:
        read_jedec(n, f);
        return 0;
    case SLEEP:
        c->asleep = true;
        return 0;
    case PROGRAM:
        return program(n, f);
    case ERASE_SECTOR:
        return erase(n, f, NOR_SECTOR);
    case ERASE_HALF:
        return erase(n, f, NOR_HALF);
    case ERASE_BLOCK:
        return erase(n, f, NOR_BLOCK);
    case ERASE_CHIP:
    case ERASE_CHIP_OLD:
        return erase_chip(n, f);
    case WRITE_STATUS:
    case WRITE_STATUS2:
    case WRITE_STATUS3:
        return write_status(n, f);
    default: /* FF, and what this part does not know */
        return 0;
    }
}

uint64_t nor_spi(struct nor_spi *c, struct nor *n, bool busy, const struct nor_spi_frame *f)
{
    bool armed = c->armed;

    if (f->in_len)
        memset(f->in, 0xff, f->in_len);
    c->armed = false;
    if (nobody(n))
        return 0;
    if (c->asleep) {
        if (f->opcode == WAKE)
            wake(c, n, f);
        return 0;
    }
    if (f->opcode == ENABLE_RESET) {
        c->armed = true;
    } else if (f->opcode == RESET) {
        return reset(c, n, armed, busy);
    } else if (reads_status(f->opcode)) {
        read_status(n, busy, f);
    } else if (f->opcode == WAKE) {
        if (!busy)
            wake(c, n, f);
    } else if (!busy) {
        return ready(c, n, f);
    } else if (f->opcode != 0xFF) {
        n->violations++;
    }
    return 0;
}
