/* ecr6600_soc.c - see ecr6600_soc.h: registers of the chip. */
#include "emu/ecr6600_soc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "emu/ecr6600_parts.h"

/* Memory; ram[] holds the four one behind the other. */
#define ILM        0x10000u
#define ILM_SIZE   0x30000u
#define DLM        0x60000u
#define DLM_SIZE   0x20000u
#define IRAM0      0x80000u
#define IRAM0_SIZE 0x20000u
#define IRAM1      0xA0000u
#define IRAM1_SIZE 0x10000u
#define RAM_SIZE   (ILM_SIZE + DLM_SIZE + IRAM0_SIZE + IRAM1_SIZE)
#define ROM_DATA   0x7FAC0u
#define ROM_END    0x80000u

#define FLASH_BOOT 0x772Cu
#define CACHED     0x40000000u

/* What the reference names, and the bits that can be written. */
static const struct known {
    uint32_t offset, count, mask;
} known[] = {
    {AON_START, 1, 0xFFFFFFFF},
    {0x1210, 6, 0xFFFFFFFF},
    {0x1234, 1, 0xFFFFFFFF},
    {0x123C, 1, 0},
    {0x1320, 1, 0},
    {0x1324, 2, 0xFFFFFFFF},
    {0x132C, 2, 0xFFFFFFFF},
    {0x1350, 6, 0xFFFFFFFF},
    {0x1370, 2, 0xFFFFFFFF},
    {CLK_MUX, 1, 0xFFFFFFFF},
    {CLK_EN0, 2, 0xFFFFFFFF},
    {SW_RESET, 2, 0xFFFFFFFF},
    {MUX0, 3, 0xFFFFFFFF},
    {UART_SEL, 1, 1},
    {0x2070, 3, 0xFFFFFFFF},
    {RFC + 0x84, 3, 0xFFFFFFFF},
    {RFC + 0x130, 3, 0xFFFFFFFF},
    {RFC + 0x148, 1, 0xFFFFFFFF},
    {RFC + 0x150, 1, 0xFFFFFFFF},
    {UART + 0x10, 1, 0},
    {UART + 0x14, 1, 0x1F},
    {UART + 0x20, 5, 0xFF},
    {UART + 0x34, 2, 0},
    {UART + 0x3C, 1, 0xFF},
    {PIT0 + 0x14, 3, 0xFFFFFFFF},
    {PIT0 + 0x20, 16, 0xFFFFFFFF},
    {PIT1 + 0x14, 3, 0xFFFFFFFF},
    {PIT1 + 0x20, 16, 0xFFFFFFFF},
    {WDT + 0x10, 1, 0x7FF},
    {WDT + 0x14, 3, 0xFFFF},
    {SPI + 0x10, 1, 0x00031F9F},
    {SPI + 0x20, 5, 0xFFFFFFFF},
    {SPI + 0x34, 1, 0},
    {SPI + 0x38, 2, 0x1F},
    {SPI + 0x40, 1, 0xFFFFFFFF},
    {SPI + 0x50, 1, 0xF},
    {FUSE, 3, 0xFFFFFFFF},
    {FUSE + 0x10, 1, 0xFFFFFFFF},
    {FUSE + 0x18, 1, 0xFFFFFFFF},
    {FUSE + 0x1C, 1, 0},
    {FUSE + 0x20, 2, 0xFFFFFFFF},
    {FUSE + 0x120, 5, 0},
    {FUSE + 0x300, 32, 0},
};

uint64_t ecr6600_soc_cycles(const struct ecr6600_soc *c)
{
    return c->cpu.instructions + c->stalls;
}

uint64_t ecr6600_soc_ps(const struct ecr6600_soc *c)
{
    return emu_clock_ps(&c->clock, ecr6600_soc_cycles(c));
}

static void end(struct ecr6600_soc *c, enum emu_end how)
{
    if (c->end != EMU_RUNS)
        return;
    c->end = how;
    c->end_ps = ecr6600_soc_ps(c);
    nds32_stop(&c->cpu);
}

bool ecr6600_clocked(struct ecr6600_soc *c, uint32_t enables, const char *what)
{
    if ((*reg(c, CLK_EN0) & enables) == enables)
        return true;
    COMPLAIN(c, "%s touched without its clock (20200C = %08" PRIx32 ")", what, *reg(c, CLK_EN0));
    return false;
}

/* ---- clocks (5.4) -------------------------------------------------------------- */

#define PLL_STEPS 8u

static bool pll_locked(const struct ecr6600_soc *c)
{
    return c->pll == PLL_STEPS && !c->pll_spoiled;
}

/* The frequency of the core's source; 0: it does not run. */
static uint32_t core_hz(const struct ecr6600_soc *c)
{
    uint32_t div = c->reg[CLK_DIV / 4];

    switch (c->reg[CLK_MUX / 4] & 3) {
    case 0:
        return c->xtal_hz;
    case 1:
        return pll_locked(c) && div & 1 ? 240000000 : 0;
    case 2:
        return pll_locked(c) && div & 2 ? 160000000 : 0;
    default:
        return 0;
    }
}

static void pit_update(struct ecr6600_soc *c, uint64_t ps);

static uint32_t uart_clock(const struct ecr6600_soc *c)
{
    if ((c->reg[CLK_EN0 / 4] & EN_UART0) != EN_UART0)
        return 0;
    if (!(c->reg[UART_SEL / 4] & 1))
        return c->xtal_hz;
    return pll_locked(c) && c->reg[CLK_DIV / 4] & 4 ? 80000000 : 0;
}

uint32_t ecr6600_spi_clock(const struct ecr6600_soc *c)
{
    uint32_t hz = c->reg[SPI_CFG / 4] == 0x80 ? c->cpu_hz / 2 : c->xtal_hz;
    uint32_t div = c->reg[(SPI + 0x40) / 4] & 0xFF;

    if ((c->reg[CLK_EN0 / 4] & EN_SPI0) != EN_SPI0)
        return 0;
    return div == 0xFF ? hz : hz / (2 * (div + 1));
}

static void clocks_update(struct ecr6600_soc *c)
{
    static const uint8_t divider[] = {2, 1, 4, 8};
    uint32_t hz = core_hz(c);
    uint64_t ps = ecr6600_soc_ps(c);

    if (!hz) {
        COMPLAIN(c, "the CPU was switched to a clock that does not run (202004 = %" PRIx32 ")",
                 *reg(c, CLK_MUX));
        end(c, EMU_CRASHED);
        hz = c->xtal_hz;
    }
    c->cpu_hz = hz / divider[field(*reg(c, CLK_MUX), 2, 2)];
    c->apb_hz = c->cpu_hz / 4;
    emu_clock_set(&c->clock, ecr6600_soc_cycles(c), c->cpu_hz);
    c->uart_hz = uart_clock(c);
    c->spi_hz = ecr6600_spi_clock(c);
    ecr6600_uart_update(c);
    pit_update(c, ps);
}

static bool map_iram(struct ecr6600_soc *c, uint32_t rise)
{
    uint8_t *iram0 = c->ram + ILM_SIZE + DLM_SIZE;

    if (rise & EN_IRAM0 && !nds32_map(&c->cpu, IRAM0, IRAM0_SIZE, iram0, true))
        return false;
    return !(rise & EN_IRAM1) || nds32_map(&c->cpu, IRAM1, IRAM1_SIZE, iram0 + IRAM0_SIZE, true);
}

static void enable_write(struct ecr6600_soc *c, uint32_t old, uint32_t value)
{
    const uint32_t iram = EN_IRAM0 | EN_IRAM1;

    if (old & ~value & (iram | EN_SMU)) {
        COMPLAIN(c, "clock of SMU or IRAM switched off: 20200C from %" PRIx32 " to %" PRIx32, old,
                 value);
        *reg(c, CLK_EN0) |= old & (iram | EN_SMU);
    }
    if (!map_iram(c, value & ~old))
        end(c, EMU_CRASHED);
    clocks_update(c);
}

/* One step of the PLL's start is done; `us` since the one before. */
static void pll_step(struct ecr6600_soc *c, unsigned step, unsigned us)
{
    uint64_t ps = ecr6600_soc_ps(c);

    if (c->pll + 1 != step) {
        COMPLAIN(c, "PLL: step %u after step %u", step, c->pll);
        c->pll_spoiled = true;
    } else if (ps - c->pll_ps < EMU_US(us)) {
        COMPLAIN(c, "PLL: step %u came too early", step);
        c->pll_spoiled = true;
    }
    c->pll = step;
    c->pll_ps = ps;
}

/* The values a 26 MHz crystal needs, and no other. */
static void pll_check(struct ecr6600_soc *c)
{
    bool tuned = !(*reg(c, RFC + 0x8C) & 1 << 15) && field(*reg(c, RFC + 0x88), 14, 7) == 0x25 &&
                 *reg(c, RFC + 0x134) == 0x49 && *reg(c, RFC + 0x138) == 0x6C4EC5 &&
                 *reg(c, RFC + 0x150) == 0x49E;

    if (tuned == (c->xtal_hz == 26000000))
        return;
    COMPLAIN(c, "PLL: set for another crystal");
    c->pll_spoiled = true;
}

static void rfc_write(struct ecr6600_soc *c, uint32_t offset, uint32_t old, uint32_t value)
{
    uint32_t rise = value & ~old;

    if (!ecr6600_clocked(c, EN_RF, "RFC")) {
        *reg(c, offset) = old;
        return;
    }
    switch (offset - RFC) {
    case 0x84:
        if (rise & 1u << 13)
            pll_step(c, 2, 0);
        break;
    case 0x88:
        if (rise & 1u << 27)
            pll_step(c, 6, 5);
        break;
    case 0x8C:
        if (field(value, 4, 4) == 6 && field(old, 4, 4) != 6)
            pll_step(c, 1, 0);
        if (old & 0x400F && !(value & 0x400F))
            pll_step(c, 4, 10);
        if (rise & 1u << 23) {
            pll_step(c, 8, 20);
            pll_check(c);
        }
        break;
    case 0x130:
        if (rise & 1)
            pll_step(c, 7, 0);
        break;
    case 0x148:
        if (value != old)
            pll_step(c, value ? 3 : 5, value ? 10 : 0);
        break;
    default:
        break;
    }
    clocks_update(c);
}

/* ---- PIT (5.7) ----------------------------------------------------------------------- */

static void pit_update(struct ecr6600_soc *c, uint64_t ps)
{
    for (unsigned i = 0; i < 2; i++) {
        uint32_t base = i ? PIT1 : PIT0;
        bool clock = *reg(c, CLK_EN0) & (i ? EN_PIT1 : EN_PIT0);

        for (unsigned ch = 0; ch < 4; ch++) {
            bool on = *reg(c, base + 0x1C) >> 4 * ch & 1 && *reg(c, base + 0x20 + 16 * ch) == 9;

            emu_counter_rate(&c->pit[i][ch], ps, clock && on ? c->apb_hz : 0);
        }
    }
}

static uint32_t pit_read(struct ecr6600_soc *c, unsigned i, uint32_t offset)
{
    unsigned ch = (offset - 0x20) / 16;
    uint32_t base = i ? PIT1 : PIT0;
    uint32_t reload = *reg(c, base + 0x24 + 16 * ch);

    if (!ecr6600_clocked(c, i ? EN_PIT1 : EN_PIT0, "PIT"))
        return 0;
    if (offset < 0x20 || offset % 16 != 8)
        return *reg(c, base + offset);
    return (uint32_t)(reload - emu_counter_at(&c->pit[i][ch], ecr6600_soc_ps(c)) % (reload + 1ull));
}

static void pit_write(struct ecr6600_soc *c, unsigned i, uint32_t offset, uint32_t old,
                      uint32_t value)
{
    uint64_t ps = ecr6600_soc_ps(c);
    uint32_t base = i ? PIT1 : PIT0;

    if (!ecr6600_clocked(c, i ? EN_PIT1 : EN_PIT0, "PIT")) {
        *reg(c, base + offset) = old;
        return;
    }
    if (offset == 0x18)
        *reg(c, base + offset) = old & ~value;
    else if (offset == 0x1C) {
        for (unsigned ch = 0; ch < 4; ch++)
            if (value & ~old & 1u << 4 * ch)
                emu_counter_set(&c->pit[i][ch], ps, 0);
    } else if (offset >= 0x20 && offset % 16 == 0 && value && value != 9)
        COMPLAIN(c, "PIT: control %" PRIx32 " is not modelled", value);
    pit_update(c, ps);
}

/* ---- watchdog ---------------------------------------------------------------------------- */

/* In ticks of 32768 Hz. */
static uint64_t wdt_ticks(uint32_t control)
{
    static const uint8_t shift[] = {6, 8, 10, 11, 12, 13, 14, 15, 17, 19, 21, 23, 25, 27, 29, 31};

    return (1ull << shift[field(control, 4, 4)]) + (128ull << field(control, 8, 3));
}

static void wdt_write(struct ecr6600_soc *c, uint32_t offset, uint32_t old, uint32_t value)
{
    if (!ecr6600_clocked(c, EN_WDT, "WDT")) {
        *reg(c, WDT + offset) = old;
        return;
    }
    if (offset == 0x18) {
        c->wdt.unlocked = value == 0x5AA5;
        return;
    }
    if (!c->wdt.unlocked) {
        COMPLAIN(c, "watchdog: %02" PRIx32 " written without unlocking it", offset);
        *reg(c, WDT + offset) = old;
        return;
    }
    c->wdt.unlocked = false;
    if ((offset == 0x14 && value == 0xCAFE) || (offset == 0x10 && value & 1 && !(old & 1)))
        c->wdt.fed_ps = ecr6600_soc_ps(c);
}

static void wdt_look(struct ecr6600_soc *c)
{
    uint32_t control = *reg(c, WDT + 0x10);
    uint32_t hz = control & 2 ? c->apb_hz : *reg(c, CLK_EN0) & EN_WDT32K ? 32768 : 0;

    if ((control & 9) != 9 || !hz)
        return;
    if (ecr6600_soc_ps(c) < c->wdt.fed_ps + emu_ticks_ps(wdt_ticks(control), hz))
        return;
    if (*reg(c, AON_START))
        COMPLAIN(c, "watchdog: 201204 does not say where to start");
    end(c, EMU_BITTEN);
}

/* ---- fuses (5.10) ------------------------------------------------------------------------------ */

static uint32_t fuse_word(const struct ecr6600_soc *c, uint32_t offset)
{
    const uint8_t *p = c->fuse + offset;

    return (uint32_t)(p[0] | p[1] << 8 | p[2] << 16) | (uint32_t)p[3] << 24;
}

static uint32_t fuse_read(struct ecr6600_soc *c, uint32_t offset)
{
    bool fast = c->cpu_hz == 160000000;

    if (!ecr6600_clocked(c, EN_FUSE, "EFUSE"))
        return 0;
    if (!(*reg(c, SW_RESET) >> 31)) {
        COMPLAIN(c, "EFUSE is held in reset");
        return 0;
    }
    if (offset == 0x1C)
        return 1;
    if (offset < 0x100)
        return *reg(c, FUSE + offset);
    if (*reg(c, FUSE + 0x10) != (fast ? 0x0801012Cu : 0x0201010Bu) ||
        *reg(c, FUSE + 0x18) != (fast ? 0x00020101u : 0x00010101u))
        COMPLAIN(c, "EFUSE read with timing for another clock than %" PRIu32, c->cpu_hz);
    if (offset >= 0x300 && offset - 0x300 >= 0x20 && offset - 0x300 <= 0x30)
        COMPLAIN(c, "EFUSE word %02" PRIx32 " is in the shadow", offset - 0x300);
    return fuse_word(c, offset & 0x7F);
}

/* ---- the bus ------------------------------------------------------------------------------------- */

static const struct known *find(const struct ecr6600_soc *c, uint32_t offset)
{
    uint8_t i = c->known[offset / 4];

    return i ? &known[i - 1] : NULL;
}

static void index_known(struct ecr6600_soc *c)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        for (uint32_t n = 0; n < known[i].count; n++)
            c->known[known[i].offset / 4 + n] = (uint8_t)(i + 1);
}

static uint32_t apb_read(struct ecr6600_soc *c, uint32_t offset)
{
    switch (offset & 0xF000) {
    case UART:
        return ecr6600_uart_read(c, offset - UART);
    case PIT0:
        return pit_read(c, 0, offset - PIT0);
    case PIT1:
        return pit_read(c, 1, offset - PIT1);
    case SPI:
        return ecr6600_spi_read(c, offset - SPI);
    case FUSE:
        return fuse_read(c, offset - FUSE);
    case RFC:
        return ecr6600_clocked(c, EN_RF, "RFC") ? *reg(c, offset) : 0;
    case WDT:
        return ecr6600_clocked(c, EN_WDT, "WDT") ? *reg(c, offset) : 0;
    default:
        return *reg(c, offset);
    }
}

static void apb_write(struct ecr6600_soc *c, uint32_t offset, uint32_t old, uint32_t value)
{
    switch (offset & 0xF000) {
    case UART:
        ecr6600_uart_write(c, offset - UART, old, value);
        break;
    case PIT0:
        pit_write(c, 0, offset - PIT0, old, value);
        break;
    case PIT1:
        pit_write(c, 1, offset - PIT1, old, value);
        break;
    case SPI:
        ecr6600_spi_write(c, offset - SPI, old, value);
        break;
    case WDT:
        wdt_write(c, offset - WDT, old, value);
        break;
    case RFC:
        rfc_write(c, offset, old, value);
        break;
    case FUSE:
        if (!ecr6600_clocked(c, EN_FUSE, "EFUSE"))
            *reg(c, offset) = old;
        break;
    default:
        if (offset == CLK_EN0)
            enable_write(c, old, value);
        else if (offset == CLK_MUX || offset == UART_SEL || offset == CLK_DIV || offset == SPI_CFG)
            clocks_update(c);
        break;
    }
}

static bool in_apb(uint32_t addr)
{
    return addr >= ECR_SOC_APB && addr < ECR_SOC_APB + ECR_SOC_REGS;
}

uint32_t ecr6600_soc_read(struct ecr6600_soc *c, uint32_t addr, unsigned size)
{
    c->stalls += ECR_IO_CYCLES;
    if (c->end != EMU_RUNS)
        return 0;
    if (addr >= XIP && addr < XIP_END)
        return ecr6600_xip_read(c, addr, size);
    if (addr >= CACHED + XIP && addr < CACHED + XIP_END) {
        COMPLAIN(c, "flash read through the cache, which may be stale");
        return ecr6600_xip_read(c, addr - CACHED, size);
    }
    if (in_apb(addr) && size == 4 && find(c, addr - ECR_SOC_APB))
        return apb_read(c, addr - ECR_SOC_APB);
    COMPLAIN(c, "read of %u bytes at %08" PRIx32 " by %08" PRIx32, size, addr, c->cpu.pc);
    return 0;
}

void ecr6600_soc_write(struct ecr6600_soc *c, uint32_t addr, unsigned size, uint32_t value)
{
    const struct known *k = in_apb(addr) && size == 4 ? find(c, addr - ECR_SOC_APB) : NULL;
    uint32_t offset = addr - ECR_SOC_APB, old;

    c->stalls += ECR_IO_CYCLES;
    if (c->end != EMU_RUNS)
        return;
    if (!k || !k->mask) {
        COMPLAIN(c, "write of %u bytes, %" PRIx32 ", to %08" PRIx32 " by %08" PRIx32, size, value,
                 addr, c->cpu.pc);
        return;
    }
    old = *reg(c, offset);
    *reg(c, offset) = (old & ~k->mask) | (value & k->mask);
    apb_write(c, offset, old, *reg(c, offset));
}

static void yield(struct ecr6600_soc *c)
{
    if (ecr6600_soc_cycles(c) >= c->limit)
        nds32_stop(&c->cpu);
}

static bool nothing_there(struct ecr6600_soc *c, uint32_t addr)
{
    if (addr >= IRAM0 && addr < IRAM1 + IRAM1_SIZE)
        COMPLAIN(c, "IRAM touched at %08" PRIx32 " without its clock", addr);
    return !in_apb(addr) && !(addr >= XIP && addr < XIP_END) &&
           !(addr >= CACHED + XIP && addr < CACHED + XIP_END);
}

static bool bus_read(void *ctx, uint32_t addr, unsigned size, uint32_t *value)
{
    struct ecr6600_soc *c = ctx;

    if (nothing_there(c, addr))
        return false;
    *value = ecr6600_soc_read(c, addr, size);
    yield(c);
    return true;
}

static bool bus_write(void *ctx, uint32_t addr, unsigned size, uint32_t value)
{
    struct ecr6600_soc *c = ctx;

    if (nothing_there(c, addr))
        return false;
    ecr6600_soc_write(c, addr, size, value);
    yield(c);
    return true;
}

/* The mask ROM starts what is in the flash (2.3, 06). */
static void flash_boot(struct ecr6600_soc *c)
{
    const uint8_t *rom_data = c->ram + ILM_SIZE + (ROM_DATA - DLM);

    if (c->cpu.r[0])
        COMPLAIN(c, "flash_boot(%" PRIu32 ") would look at the UART", c->cpu.r[0]);
    if (*reg(c, CLK_MUX) & 3 || *reg(c, UART_SEL) & 1)
        COMPLAIN(c, "flash_boot() while the CPU or UART0 is not on the crystal");
    if (uart_fifo_sending(&c->uart, ecr6600_soc_ps(c)))
        COMPLAIN(c, "flash_boot() while UART0 is sending");
    for (unsigned i = 0; i < ROM_END - ROM_DATA; i++)
        if (rom_data[i] != EMU_GARBAGE) {
            COMPLAIN(c, "flash_boot() after the ROM's data at %05x was overwritten", ROM_DATA + i);
            break;
        }
    end(c, EMU_BOOTS);
}

static bool bus_call(void *ctx, struct nds32 *cpu)
{
    struct ecr6600_soc *c = ctx;

    if (cpu->pc != FLASH_BOOT) {
        COMPLAIN(c, "executed %08" PRIx32 ", where nothing of ours is", cpu->pc);
        return false;
    }
    flash_boot(c);
    cpu->pc = cpu->r[NDS32_LP];
    return true;
}

/* ---- the chip ----------------------------------------------------------------------------------- */

static void entry_state(struct ecr6600_soc *c, bool uboot)
{
    *reg(c, CLK_MUX) = 4;
    *reg(c, CLK_EN0) = EN_SMU | EN_UART0 | EN_PIT1 | (uboot ? EN_IRAM0 : 0);
    *reg(c, SW_RESET) = 0xFFFFFFFF;
    *reg(c, RFC + 0x8C) = 0xC00F;
    *reg(c, UART + 0x14) = 8;
    *reg(c, UART + 0x2C) = 3;
    c->dl = c->xtal_hz / (8 * 115200);
    *reg(c, PIT1 + 0x1C) = 1 << 12;
    *reg(c, PIT1 + 0x50) = 9;
    *reg(c, PIT1 + 0x54) = 0xFFFFFFFF;
    *reg(c, SPI + 0x10) = 0x20780;
    *reg(c, FUSE) = 0x0101020C;
    *reg(c, FUSE + 0x04) = 0x78;
    *reg(c, FUSE + 0x08) = 0x03020101;
    *reg(c, FUSE + 0x10) = 0x0201010B;
    *reg(c, FUSE + 0x18) = 0x00010101;
    for (unsigned i = 0; i < 32; i++)
        c->cpu.r[i] = 0xA5A5A5A5;
    c->cpu.r[NDS32_GP] = 0x7FE20;
    c->cpu.r[NDS32_SP] = ROM_DATA;
    c->cpu.r[NDS32_LP] = 0x80336; /* uboot's loop, which is no more */
}

bool ecr6600_soc_init(struct ecr6600_soc *c, const struct emu_board *board, uint32_t xtal_hz,
                      bool uboot, uint64_t ps, const uint8_t *image, size_t len, uint32_t load,
                      uint32_t entry)
{
    const struct nds32_bus bus = {c, bus_read, bus_write, bus_call};

    memset(c, 0, sizeof *c);
    nds32_init(&c->cpu, &bus);
    c->board = *board;
    index_known(c);
    c->xtal_hz = xtal_hz;
    c->ram = malloc(RAM_SIZE);
    if (!c->ram || load < ILM || load - ILM > ILM_SIZE || len > ILM_SIZE - (load - ILM) ||
        !nds32_map(&c->cpu, ILM, ILM_SIZE, c->ram, true) ||
        !nds32_map(&c->cpu, DLM, DLM_SIZE, c->ram + ILM_SIZE, true) ||
        (uboot && !map_iram(c, EN_IRAM0))) {
        ecr6600_soc_fini(c);
        return false;
    }
    memset(c->ram, EMU_GARBAGE, RAM_SIZE);
    memcpy(c->ram + (load - ILM), image, len);
    c->cpu.pc = entry;
    board->efuse(board->user, 0, c->fuse, sizeof c->fuse);
    emu_clock_init(&c->clock, ps, 0, xtal_hz);
    ecr6600_uart_init(c);
    entry_state(c, uboot);
    clocks_update(c);
    return true;
}

void ecr6600_soc_fini(struct ecr6600_soc *c)
{
    nds32_fini(&c->cpu);
    free(c->ram);
    c->ram = NULL;
}

#define SLICE 3200u /* cycles between two looks at the watchdog */

static void run_slice(struct ecr6600_soc *c, uint64_t until)
{
    uint64_t now = ecr6600_soc_cycles(c);
    enum nds32_stop stop;

    c->limit = until < now + SLICE ? until : now + SLICE;
    stop = nds32_run(&c->cpu, c->limit - now);
    if ((stop == NDS32_FAULT || stop == NDS32_BREAK || stop == NDS32_HALT) && c->end == EMU_RUNS) {
        COMPLAIN(c, "%s at %08" PRIx32, stop == NDS32_FAULT ? c->cpu.fault : "break", c->cpu.pc);
        end(c, EMU_CRASHED);
    }
}

void ecr6600_soc_run(struct ecr6600_soc *c, uint64_t ps)
{
    uint64_t now;

    emu_clock_rebase(&c->clock, ecr6600_soc_cycles(c));
    while (c->end == EMU_RUNS && ecr6600_soc_ps(c) < ps) {
        run_slice(c, emu_clock_cycles(&c->clock, ps));
        wdt_look(c);
    }
    if (c->cpu.sr[NDS32_SR_PSW] & NDS32_PSW_GIE)
        COMPLAIN(c, "interrupts were switched on: none are modelled");
    now = ecr6600_soc_ps(c);
    if (c->end != EMU_RUNS)
        return;
    ecr6600_spi_sync(c, now);
    uart_fifo_waiting(&c->uart, now); /* what begins to leave meanwhile */
}
