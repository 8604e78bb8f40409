/* ecr6600_spi.c - SPI0 of the emulated ECR6600 (5.6): transfers by its FIFOs, and the window
 * the CPU reads the flash through. */
#include <inttypes.h>
#include <string.h>

#include "emu/ecr6600_parts.h"

static bool spi_wired(const struct ecr6600_soc *c)
{
    for (unsigned pin = 7; pin <= 12; pin++)
        if (pin_function(c, pin) != 2)
            return false;
    return true;
}

static void spi_exchange(struct ecr6600_soc *c, uint64_t ps, const struct emu_spi *t)
{
    if (t->in_len)
        memset(t->in, 0xFF, t->in_len);
    if (spi_wired(c))
        c->board.spi(c->board.user, ps / EMU_PS_PER_NS, t);
    else
        COMPLAIN(c, "SPI0's pins do not lead to the flash");
}

void ecr6600_spi_sync(struct ecr6600_soc *c, uint64_t ps)
{
    while (c->spi_busy && c->spi_next <= ps && c->spi_shifted < c->spi_words) {
        bool stands = c->spi_write ? c->spi_moved == c->spi_shifted
                                   : c->spi_shifted - c->spi_moved == ECR_SPI_FIFO;

        if (stands)
            return;
        c->spi_shifted++;
        if (c->spi_shifted < c->spi_words)
            c->spi_next += c->spi_word_ps;
    }
    if (!c->spi_busy || c->spi_shifted < c->spi_words || c->spi_next > ps)
        return;
    c->spi_busy = false;
    *reg(c, SPI + 0x3C) |= 0x10;
    if (c->spi_write)
        spi_exchange(c, c->spi_next, &c->spi);
}

static void spi_start(struct ecr6600_soc *c, uint8_t opcode)
{
    uint64_t ps = ecr6600_soc_ps(c);
    uint32_t r = *reg(c, SPI + 0x20), mode = field(r, 24, 4);
    uint32_t written = mode == 1 ? field(r, 12, 9) + 1 : 0;
    uint32_t dummy = mode == 9 ? field(r, 9, 2) + 1 : 0;
    uint32_t read = mode == 2 || mode == 9 ? (r & 0x1FF) + 1 : 0;
    uint32_t head = 8 + (r & 1u << 29 ? 24 : 0) + 8 * dummy;

    if (*reg(c, SPI + 0x10) != 0x20780)
        COMPLAIN(c, "SPI0: format %" PRIx32, *reg(c, SPI + 0x10));
    if (!(r & 1u << 30) || r & 0x90E00000 || (mode != 1 && mode != 2 && mode != 7 && mode != 9)) {
        COMPLAIN(c, "SPI0: transfer control %" PRIx32 " is not modelled", r);
        return;
    }
    if (*reg(c, ENCRYPT) & 1)
        COMPLAIN(c, "SPI0: flash encryption is on");
    if (c->spi_moved != c->spi_shifted)
        COMPLAIN(c, "SPI0: transfer begun with something left in a FIFO");
    c->spi = (struct emu_spi){.opcode = opcode,
                              .has_addr = r & 1u << 29,
                              .addr = *reg(c, SPI + 0x28) & 0xFFFFFF,
                              .out = c->spi_buf,
                              .out_len = written,
                              .in = c->spi_buf,
                              .in_len = dummy + read};
    c->spi_dummy = dummy;
    c->spi_bytes = written + read;
    c->spi_words = (written + read + 3) / 4;
    c->spi_shifted = c->spi_moved = 0;
    c->spi_write = written;
    c->spi_busy = true;
    c->spi_word_ps = emu_ticks_ps(32, c->spi_hz);
    c->spi_next = ps + emu_ticks_ps(head, c->spi_hz) + (c->spi_words ? c->spi_word_ps : 0);
    if (!written)
        spi_exchange(c, ps, &c->spi);
}

static uint32_t spi_take(struct ecr6600_soc *c, uint64_t ps)
{
    uint32_t value = 0;

    if (c->spi_write || c->spi_moved == c->spi_shifted) {
        COMPLAIN(c, "SPI0: its empty FIFO was read");
        return 0;
    }
    for (unsigned i = 0; i < 4 && 4 * c->spi_moved + i < c->spi_bytes; i++)
        value |= (uint32_t)c->spi_buf[c->spi_dummy + 4 * c->spi_moved + i] << 8 * i;
    if (c->spi_shifted - c->spi_moved == ECR_SPI_FIFO && c->spi_next < ps)
        c->spi_next = ps; /* its clock stood */
    c->spi_moved++;
    return value;
}

static void spi_give(struct ecr6600_soc *c, uint64_t ps, uint32_t value)
{
    if (!c->spi_busy || !c->spi_write || c->spi_moved == c->spi_words) {
        COMPLAIN(c, "SPI0: data for no transfer");
        return;
    }
    if (c->spi_moved - c->spi_shifted == ECR_SPI_FIFO) {
        COMPLAIN(c, "SPI0: data for a full FIFO");
        return;
    }
    if (c->spi_moved == c->spi_shifted && c->spi_next < ps + c->spi_word_ps)
        c->spi_next = ps + c->spi_word_ps; /* its clock stood */
    for (unsigned i = 0; i < 4; i++)
        c->spi_buf[4 * c->spi_moved + i] = (uint8_t)(value >> 8 * i);
    c->spi_moved++;
}

static uint32_t spi_status(const struct ecr6600_soc *c)
{
    uint32_t n = c->spi_write ? c->spi_moved - c->spi_shifted : c->spi_shifted - c->spi_moved;

    if (c->spi_write)
        return c->spi_busy | 1u << 14 | n << 16 | (n == ECR_SPI_FIFO ? 1u << 23 : 0);
    return c->spi_busy | n << 8 | (n ? 0 : 1u << 14);
}

uint32_t ecr6600_spi_read(struct ecr6600_soc *c, uint32_t offset)
{
    uint64_t ps = ecr6600_soc_ps(c);

    if (!ecr6600_clocked(c, EN_SPI0, "SPI0"))
        return 0;
    ecr6600_spi_sync(c, ps);
    if (offset == 0x34)
        return spi_status(c);
    return offset == 0x2C ? spi_take(c, ps) : *reg(c, SPI + offset);
}

static void spi_control(struct ecr6600_soc *c, uint32_t value)
{
    if (c->spi_busy && value & 7)
        COMPLAIN(c, "SPI0: reset of a FIFO during a transfer");
    if (value & 0x18)
        COMPLAIN(c, "SPI0: DMA");
    if (value & 7)
        c->spi_words = c->spi_shifted = c->spi_moved = 0;
    *reg(c, SPI + 0x30) &= ~7u;
}

void ecr6600_spi_write(struct ecr6600_soc *c, uint32_t offset, uint32_t old, uint32_t value)
{
    uint64_t ps = ecr6600_soc_ps(c);

    if (!ecr6600_clocked(c, EN_SPI0, "SPI0")) {
        *reg(c, SPI + offset) = old;
        return;
    }
    ecr6600_spi_sync(c, ps);
    if (c->spi_busy && (offset == 0x10 || offset == 0x20 || offset == 0x24 || offset == 0x40)) {
        COMPLAIN(c, "SPI0 %02" PRIx32 " written during a transfer", offset);
        *reg(c, SPI + offset) = old;
        return;
    }
    switch (offset) {
    case 0x24:
        spi_start(c, (uint8_t)value);
        break;
    case 0x2C:
        spi_give(c, ps, value);
        break;
    case 0x30:
        spi_control(c, value);
        break;
    case 0x3C:
        *reg(c, SPI + 0x3C) = old & ~value;
        break;
    case 0x40:
        c->spi_hz = ecr6600_spi_clock(c);
        break;
    default:
        break;
    }
}

uint32_t ecr6600_xip_read(struct ecr6600_soc *c, uint32_t addr, unsigned size)
{
    uint32_t how = *reg(c, SPI + 0x50), dummy = how == 1, value = 0;
    uint8_t in[8];
    struct emu_spi t = {.opcode = how ? 0x0B : 0x03,
                        .has_addr = true,
                        .addr = addr - XIP,
                        .in = in,
                        .in_len = dummy + size};

    ecr6600_spi_sync(c, ecr6600_soc_ps(c));
    if (!c->spi_hz || how > 1 || c->spi_busy) {
        COMPLAIN(c, "flash window read while it is not set up");
        return 0xFFFFFFFF;
    }
    spi_exchange(c, ecr6600_soc_ps(c), &t);
    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)in[dummy + i] << 8 * i;
    c->stalls += 8ull * (4 + dummy + size) * c->cpu_hz / c->spi_hz;
    return value;
}
