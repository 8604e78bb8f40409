/* bl602_sf.c - the SPI flash controller of the emulated BL602 (11.5): commands by its buffer,
 * and the window the CPU reads through. */
#include <inttypes.h>
#include <string.h>

#include "emu/bl602_parts.h"

#define SF_TRIG  2u
#define SAHB_CLK 0x20u /* bit 5 of SF 00 */

/* The pins lead to the chip inside the package, as the fuses say it is bonded. */
static bool sf_wired(const struct bl602_soc *c)
{
    unsigned config = field(bl602_fuse_word(c, 0x10), 16, 2);

    if (config > 1 || field(c->reg[GLB_PARM / 4], 8, 2) != (config ? 2u : 3u) ||
        c->reg[(SF + 0x70) / 4] & 3)
        return false;
    for (unsigned pin = 23; pin <= 28; pin++)
        if (field(pin_config(c, pin), 8, 4) != 11 || !(pin_config(c, pin) & 1))
            return false;
    return true;
}

static void sf_exchange(struct bl602_soc *c, uint64_t ps, struct emu_spi *t)
{
    if (t->in_len)
        memset(t->in, 0xFF, t->in_len);
    if (sf_wired(c))
        c->board.spi(c->board.user, ps / EMU_PS_PER_NS, t);
    else
        COMPLAIN(c, "the flash controller's pins do not lead to the flash");
}

static void sf_trigger(struct bl602_soc *c, uint32_t r)
{
    uint64_t ps = bl602_soc_ps(c);
    uint32_t buf0 = *reg(c, SF + 0xC), owner = *reg(c, SF + 4);
    uint32_t data = r & 1u << 24 ? field(r, 2, 10) + 1 : 0;
    uint32_t dummy = r & 1u << 25 ? field(r, 12, 5) + 1 : 0;
    uint32_t addr = r & 1u << 26 ? field(r, 17, 3) + 1 : 0;
    bool write = r & 1u << 23;
    uint8_t in[256 + 32];
    struct emu_spi t = {.opcode = (uint8_t)(buf0 >> 24), .has_addr = addr, .addr = buf0 & 0xFFFFFF};

    c->sf_hz = bl602_sf_clock(c, ps); /* the PLL may have locked meanwhile */
    if (owner >> 28 != 0xA)
        COMPLAIN(c, "SF: command while 04 is %" PRIx32, owner);
    else if (!c->sf_hz)
        COMPLAIN(c, "SF: command without a clock");
    else if (!(*reg(c, SF) & SAHB_CLK))
        COMPLAIN(c, "SF: command without bit 5 of 00");
    else if (!(r & 1u << 27) || r >> 28 || field(r, 20, 3) || (addr && addr != 3) || data > 256 ||
             (write && dummy))
        COMPLAIN(c, "SF: command %" PRIx32 " is not modelled", r);
    else if (*reg(c, SF + 0x28) & 1)
        COMPLAIN(c, "SF: AES is on");
    else {
        t.out = c->sf_buf;
        t.out_len = write ? data : 0;
        t.in = in;
        t.in_len = write ? 0 : dummy + data;
        sf_exchange(c, ps, &t);
        if (!write && data)
            memcpy(c->sf_buf, in + dummy, data);
        c->sf_busy = ps + emu_ticks_ps(8ull * (1 + addr + dummy + data) + 2, c->sf_hz);
    }
}

void bl602_sf_write(struct bl602_soc *c, uint32_t offset, uint32_t old, uint32_t value)
{
    bool busy = bl602_soc_ps(c) < c->sf_busy;

    if (busy && offset != 0x14 && offset != 0x18 && offset != 0x1C) {
        COMPLAIN(c, "SF %02" PRIx32 " written while BUSY", offset);
        if (offset == 8)
            *reg(c, SF + 8) = old;
        return;
    }
    if (offset == 8) {
        *reg(c, SF + 8) = value & ~3u;
        if (value & SF_TRIG)
            sf_trigger(c, value);
    }
}

static void sf_buf_check(struct bl602_soc *c)
{
    if (bl602_soc_ps(c) < c->sf_busy)
        COMPLAIN(c, "SF: buffer touched while BUSY");
    if (*reg(c, SF) & SAHB_CLK)
        COMPLAIN(c, "SF: buffer touched with bit 5 of 00 set");
}

uint32_t bl602_sf_buf_read(struct bl602_soc *c, uint32_t at, unsigned size)
{
    uint32_t value = 0;

    sf_buf_check(c);
    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)c->sf_buf[at + i] << 8 * i;
    return value;
}

void bl602_sf_buf_write(struct bl602_soc *c, uint32_t at, unsigned size, uint32_t value)
{
    sf_buf_check(c);
    for (unsigned i = 0; i < size; i++)
        c->sf_buf[at + i] = (uint8_t)(value >> 8 * i);
}

/* The window: read commands 03 and 0B of one line. */
uint32_t bl602_xip_read(struct bl602_soc *c, uint32_t at, unsigned size)
{
    uint32_t owner = *reg(c, SF + 4), r = *reg(c, SF + 0x14), value = 0;
    uint32_t dummy = r & 1u << 25 ? field(r, 12, 5) + 1 : 0;
    uint8_t in[8 + 32];
    struct emu_spi t = {.opcode = (uint8_t)(*reg(c, SF + 0x18) >> 24),
                        .has_addr = true,
                        .addr = (at + *reg(c, SF + 0x434)) & 0xFFFFFF,
                        .in = in,
                        .in_len = dummy + size};

    if (owner >> 28 != 0xF || !c->sf_hz || bl602_soc_ps(c) < c->sf_busy || r >> 28 ||
        field(r, 17, 3) != 2 || (t.opcode != 0x03 && t.opcode != 0x0B)) {
        COMPLAIN(c, "XIP window read while it is not set up");
        return 0xFFFFFFFF;
    }
    if ((*reg(c, L1C) & 1) && field(*reg(c, L1C), 8, 4) != 0xF)
        COMPLAIN(c, "XIP window read through the cache, which may be stale");
    sf_exchange(c, bl602_soc_ps(c), &t);
    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)in[dummy + i] << 8 * i;
    c->cpu.cycles += 8ull * (4 + dummy + size) * c->cpu_hz / c->sf_hz;
    return value;
}
