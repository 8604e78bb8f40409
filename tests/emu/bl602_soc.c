/* bl602_soc.c - see bl602_soc.h: registers of the chip. */
#include "emu/bl602_soc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "emu/bl602_parts.h"

#define CLINT      0x02000000u
#define CLINT_CMP  0x4000u
#define CLINT_TIME 0xBFF8u
#define CLIC       0x02800000u
#define ROM        0x21000000u
#define XIP        0x23000000u
#define XIP_SIZE   0x01000000u

#define SLICE     3200u /* cycles between two looks at the watchdog */
#define RC32M     32000000u
#define BCLK_MAX  96000000u /* of 192 MHz: bouffalo_sdk:bsp/board/bl602dk/board.c */
#define UART0_BIT 0x10000u  /* of the block resets */
#define SF_BIT    0x800u
#define SEC_BIT   0x10u

/* What the reference names, and the bits that can be written. */
static const struct known {
    uint32_t offset, count, mask;
} known[] = {
    {GLB_CLK, 1, 0x00FFFF3F},
    {GLB_CLK2, 1, 0x0000FF17},
    {0x010, 1, 0xFFFFFFFF},
    {GLB_SWRST, 1, 0xFFFFFFFF},
    {GLB_RESET, 1, 0x7},
    {GLB_PARM, 1, 0xFFFFFFFF},
    {GLB_MTIME, 1, 0x000DFFFF},
    {0x0A4, 1, 0xFFFFFFFF},
    {GLB_UART, 1, 0xFFFFFFFF},
    {GLB_GPIO, 16, 0xFFFFFFFF},
    {0x180, 1, 0},
    {0x188, 1, 0xFFFFFFFF},
    {0x190, 1, 0xFFFFFFFF},
    {0x1A0, 1, 0xFFFFFFFF},
    {0x1A8, 1, 0},
    {0x1B0, 1, 0xFFFFFFFF},
    {0x1C0, 3, 0xFFFFFFFF},
    {GLB_TAKE, 1, 1},
    {SHA, 2, 0xFFFFFFFF},
    {SHA + 0xC, 1, 0xFFFFFFFF},
    {SHA + 0x10, 8, 0},
    {0x5040, 1, 0},
    {FUSE_DATA, 32, 0xFFFFFFFF},
    {FUSE_CTRL, 1, 0xFFFFFFFF},
    {L1C, 1, 0x04005F07},
    {UART, 4, 0xFFFFFFFF},
    {UART + 0x18, 1, 0xFF},
    {UART + 0x20, 1, 0},
    {UART + 0x24, 3, 0xFF},
    {UART + 0x30, 2, 0},
    {UART + 0x80, 1, 0xF},
    {UART + 0x84, 1, 0x1F1F0000},
    {UART + 0x88, 1, 0xFF},
    {UART + 0x8C, 1, 0},
    {TIMER, 1, 0x36C},
    {TIMER + 0x64, 1, 3},
    {TIMER + 0x68, 1, 0xFFFF},
    {TIMER + 0x6C, 1, 0},
    {TIMER + 0x70, 1, 0xFFFFFFFF},
    {TIMER + 0x98, 3, 0xFFFF},
    {TIMER + 0xBC, 1, 0xFFFFFF00},
    {SF, 8, 0xFFFFFFFF},
    {SF + 0x28, 1, 0xFFFFFFFF},
    {SF + 0x34, 4, 0xFFFFFFFF},
    {SF + 0x70, 1, 0xFFFFFFFF},
    {SF + 0x434, 1, 0xFFFFFFFF},
    {PDS_PLL, 8, 0xFFFFFFFF},
    {HBN_CLK, 1, 0xFFFFFFFF},
    {0xF100, 1, 0xFFFFFFFF},
    {HBN_HZ, 1, 0xFFFFFFFF},
    {AON_XTAL, 1, 0xFFFFFFFF},
    {AON_READY, 1, 0},
};

uint64_t bl602_soc_ps(const struct bl602_soc *c)
{
    return emu_clock_ps(&c->clock, c->cpu.cycles);
}

static void end(struct bl602_soc *c, enum emu_end how)
{
    if (c->end != EMU_RUNS)
        return;
    c->end = how;
    c->end_ps = bl602_soc_ps(c);
    rv32_stop(&c->cpu);
}

/* ---- clocks (11.3, 11.8) --------------------------------------------------- */

static bool pll_locked(const struct bl602_soc *c, uint64_t ps)
{
    return c->pll == BL602_PLL_STARTED && ps >= c->pll_ps + EMU_US(55) &&
           (c->reg[(PDS_PLL + 0x1C) / 4] & 0x1FF) == 0x1FF && (c->reg[0] & 1);
}

/* What the PLL makes of a nominal output; 0: it does not run. */
static uint32_t pll_hz(const struct bl602_soc *c, uint32_t mhz, uint64_t ps)
{
    const uint64_t right = 40u * (uint64_t)0x300000;
    uint64_t sdmin = c->reg[(PDS_PLL + 0x18) / 4] & 0xFFFFFF;

    if (!pll_locked(c, ps))
        return 0;
    return (uint32_t)(c->xtal_hz / 1000u * sdmin / 1000u * mhz * 1000000u / right);
}

static uint32_t root_hz(const struct bl602_soc *c, uint64_t ps)
{
    static const uint16_t mhz[] = {48, 120, 160, 192};

    switch (c->reg[HBN_CLK / 4] & 3) {
    case 0:
        return RC32M;
    case 1:
        return c->xtal_ps && ps >= c->xtal_ps ? c->xtal_hz : 0;
    default:
        return pll_hz(c, mhz[field(c->reg[0], 4, 2)], ps);
    }
}

static uint32_t uart_clock(const struct bl602_soc *c, uint64_t ps)
{
    uint32_t r = c->reg[GLB_CLK2 / 4];
    uint32_t source = c->reg[HBN_CLK / 4] & 4 ? pll_hz(c, 160, ps) : c->root_hz;

    return r & 0x10 && !(c->reg[GLB_SWRST / 4] & UART0_BIT) ? source / (field(r, 0, 3) + 1) : 0;
}

uint32_t bl602_sf_clock(const struct bl602_soc *c, uint64_t ps)
{
    uint32_t r = c->reg[GLB_CLK2 / 4], hz = 0;

    if (!(r & 0x800) || c->reg[GLB_SWRST / 4] & SF_BIT)
        return 0;
    switch (field(r, 12, 2)) {
    case 0:
        hz = field(r, 14, 2) == 1 ? (c->xtal_ps && ps >= c->xtal_ps ? c->xtal_hz : 0)
                                  : pll_hz(c, field(r, 14, 2) == 3 ? 48 : 120, ps);
        break;
    case 1:
        hz = pll_hz(c, 80, ps);
        break;
    case 2:
        hz = c->bclk_hz;
        break;
    default:
        hz = pll_hz(c, 96, ps);
        break;
    }
    return hz / (field(r, 8, 3) + 1);
}

static void wdt_update(struct bl602_soc *c, uint64_t ps);

/* Everything that depends on a clock register, once it has changed. */
static void clocks_update(struct bl602_soc *c)
{
    uint64_t ps = bl602_soc_ps(c);
    uint32_t m = *reg(c, GLB_MTIME);

    c->root_hz = root_hz(c, ps);
    if (!c->root_hz || (*reg(c, GLB_CLK) & 0xE) != 0xE) {
        COMPLAIN(c, "the CPU was switched to a clock that does not run (F030 = %" PRIx32 ")",
                 *reg(c, HBN_CLK));
        c->root_hz = RC32M;
        end(c, EMU_CRASHED);
    }
    c->cpu_hz = c->root_hz / (c->hclk_div + 1);
    c->bclk_hz = c->cpu_hz / (c->bclk_div + 1);
    if (c->bclk_hz > BCLK_MAX + BCLK_MAX / 100)
        COMPLAIN(c, "BCLK at %" PRIu32 " Hz", c->bclk_hz);
    if (c->cpu_hz > 121000000u && !(*reg(c, L1C) & 0x1000))
        COMPLAIN(c, "ROM not set to two cycles (L1C bit 12) at %" PRIu32 " Hz", c->cpu_hz);
    emu_clock_set(&c->clock, c->cpu.cycles, c->cpu_hz);
    emu_counter_rate(&c->mtime, ps,
                     m & 0x40000 ? (m & 0x80000 ? 32768 : c->bclk_hz) / ((m & 0x1FFFF) + 1) : 0);
    bl602_sha_clock(&c->sha, ps, c->bclk_hz);
    c->uart_hz = uart_clock(c, ps);
    c->sf_hz = bl602_sf_clock(c, ps);
    bl602_uart_update(c);
    wdt_update(c, ps);
}

/* 400 of the PLL: one step after the other, each not before its time. */
static void pll_step(struct bl602_soc *c, uint32_t old, uint32_t value)
{
    static const struct {
        enum bl602_pll from, to;
        uint32_t rise, fall;
        unsigned us;
    } steps[] = {
        {BL602_PLL_OFF, BL602_PLL_SFREG, 1 << 9, 0, 0},
        {BL602_PLL_SFREG, BL602_PLL_ON, 1 << 10, 0, 5},
        {BL602_PLL_ON, BL602_PLL_PARTS, 0x1B0, 0, 0},
        {BL602_PLL_PARTS, BL602_PLL_SDM, 1, 0, 5},
        {BL602_PLL_SDM, BL602_PLL_FBDV, 4, 0, 1},
        {BL602_PLL_FBDV, BL602_PLL_FBDV_DONE, 0, 4, 2},
        {BL602_PLL_FBDV_DONE, BL602_PLL_STARTED, 0, 1, 1},
    };
    const uint32_t all = 0x7B5;
    uint32_t rise = value & ~old & all, fall = old & ~value & all;
    uint64_t ps = bl602_soc_ps(c);

    if (!(value & 0x600)) {
        c->pll = BL602_PLL_OFF;
        return;
    }
    if (!rise && !fall)
        return;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (steps[i].from != c->pll || steps[i].rise != rise || steps[i].fall != fall)
            continue;
        if (ps - c->pll_ps < EMU_US(steps[i].us))
            COMPLAIN(c, "PLL: step %u came too early", (unsigned)steps[i].to);
        else
            c->pll = steps[i].to;
        c->pll_ps = ps;
        return;
    }
    COMPLAIN(c, "PLL: 400 from %" PRIx32 " to %" PRIx32 " in step %u", old, value,
             (unsigned)c->pll);
    c->pll = BL602_PLL_SPOILED;
}

/* The other PLL registers are what 11.8 says when power is given (404.. at step 1). */
static void pll_check(struct bl602_soc *c)
{
    bool mhz26 = c->xtal_hz == 26000000;
    uint32_t r04 = *reg(c, PDS_PLL + 4), r08 = *reg(c, PDS_PLL + 8), r0c = *reg(c, PDS_PLL + 0xC);
    uint32_t r10 = *reg(c, PDS_PLL + 0x10);
    bool good = (r04 & 0x11F7F) == 0x10214 && (r10 & 0xF) == 5;

    if (mhz26 && field(r08, 8, 1))
        good = good && field(r08, 4, 5) == 0x14 && (r0c & 0x7F130) == 0x5A020;
    else
        good = good && field(r08, 4, 5) == 2 && (r0c & 0x7F130) == 0x17120;
    if (!good) {
        COMPLAIN(c, "PLL: 404..410 are %" PRIx32 " %" PRIx32 " %" PRIx32 " %" PRIx32, r04, r08, r0c,
                 r10);
        c->pll = BL602_PLL_SPOILED;
    }
    if (!c->xtal_ps || bl602_soc_ps(c) < c->xtal_ps) {
        COMPLAIN(c, "PLL: its crystal does not run yet");
        c->pll = BL602_PLL_SPOILED;
    }
}

static void pds_write(struct bl602_soc *c, uint32_t offset, uint32_t old, uint32_t value)
{
    enum bl602_pll before = c->pll;

    if (offset == PDS_PLL) {
        pll_step(c, old, value);
        if (before == BL602_PLL_OFF && c->pll == BL602_PLL_SFREG)
            pll_check(c);
    } else if (offset != PDS_PLL + 0x1C && c->pll != BL602_PLL_OFF) {
        COMPLAIN(c, "PLL: %" PRIx32 " changed under power", offset);
        c->pll = BL602_PLL_SPOILED;
    }
    clocks_update(c);
}

/* ---- fuses (11.9) ------------------------------------------------------------ */

uint32_t bl602_fuse_word(const struct bl602_soc *c, unsigned offset)
{
    const uint8_t *p = c->fuse + offset;

    return (uint32_t)(p[0] | p[1] << 8 | p[2] << 16) | (uint32_t)p[3] << 24;
}

static void fuse_control(struct bl602_soc *c, uint32_t value)
{
    uint64_t ps = bl602_soc_ps(c);

    if (value == 0x0024BF10) {
        if (c->fuse_ps && ps < c->fuse_ps)
            COMPLAIN(c, "fuses: loaded while loading");
        c->fuse_ps = ps + EMU_US(10);
        c->fuse_loaded = false;
    } else if (value == 0x0024BF80) {
        if (c->fuse_ps && ps < c->fuse_ps)
            COMPLAIN(c, "fuses: switched away before they were loaded");
        else if (c->fuse_ps)
            for (unsigned i = 0; i < 32; i++)
                *reg(c, FUSE_DATA + 4 * i) |= bl602_fuse_word(c, 4 * i);
        c->fuse_loaded = c->fuse_ps != 0;
        c->fuse_ps = 0;
    } else if (value != 0x0024BF00) {
        COMPLAIN(c, "fuses: control %" PRIx32, value);
    }
}

static uint32_t fuse_read(struct bl602_soc *c, uint32_t offset)
{
    if (offset == FUSE_CTRL)
        return (*reg(c, FUSE_CTRL) & ~6u) | (bl602_soc_ps(c) < c->fuse_ps ? 4 : 2);
    if (!c->fuse_loaded)
        COMPLAIN(c, "fuses: read before they were loaded");
    return *reg(c, offset);
}

/* ---- watchdog, reset (11.10) -------------------------------------------------- */

static void wdt_update(struct bl602_soc *c, uint64_t ps)
{
    uint32_t div = (*reg(c, TIMER + 0xBC) >> 24) + 1, hz;

    switch (field(*reg(c, TIMER), 8, 2)) {
    case 0:
        hz = c->root_hz;
        break;
    case 1:
        hz = 32768;
        break;
    case 2:
        hz = 1024;
        break;
    default:
        hz = c->xtal_hz;
        break;
    }
    if (div > hz)
        div = hz;
    emu_counter_rate(&c->wdt, ps, *reg(c, TIMER + 0x64) & 1 ? hz / div : 0);
}

static void timer_write(struct bl602_soc *c, uint32_t offset, uint32_t old, uint32_t value)
{
    uint64_t ps = bl602_soc_ps(c);

    if (offset == 0x9C || offset == 0xA0) {
        if (offset == 0x9C)
            c->wdt_unlock = value == 0xBABA;
        else
            c->wdt_unlock = c->wdt_unlock == 1 && value == 0xEB10 ? 2 : 0;
        return;
    }
    if (offset == 0x64 || offset == 0x68 || offset == 0x98) {
        if (c->wdt_unlock != 2) {
            COMPLAIN(c, "watchdog: %02" PRIx32 " written without unlocking it", offset);
            *reg(c, TIMER + offset) = old;
            return;
        }
        c->wdt_unlock = 0;
        if (offset == 0x98 && value & 1)
            emu_counter_set(&c->wdt, ps, 0);
        if (offset == 0x64 && value & 1 && !(old & 1))
            emu_counter_set(&c->wdt, ps, 0);
    }
    wdt_update(c, ps);
}

static void wdt_look(struct bl602_soc *c)
{
    uint32_t mode = *reg(c, TIMER + 0x64);

    if ((mode & 3) == 3 && emu_counter_at(&c->wdt, bl602_soc_ps(c)) >= *reg(c, TIMER + 0x68))
        end(c, EMU_BITTEN);
}

static void reset_write(struct bl602_soc *c, uint32_t old, uint32_t value)
{
    if (!(value & ~old & 7))
        return;
    if ((*reg(c, HBN_CLK) & 3) || c->hclk_div || c->bclk_div)
        COMPLAIN(c, "system reset at a clock other than RC32M, undivided");
    end(c, EMU_RESET);
}

/* ---- the rest of GLB, L1C, HBN ------------------------------------------------- */

static void glb_write(struct bl602_soc *c, uint32_t offset, uint32_t old, uint32_t value)
{
    switch (offset) {
    case GLB_RESET:
        reset_write(c, old, value);
        break;
    case GLB_SWRST:
        if (value & ~old & UART0_BIT)
            bl602_uart_reset(c);
        if ((value ^ old) & SEC_BIT)
            bl602_sha_hold(&c->sha, value & SEC_BIT);
        clocks_update(c);
        break;
    case GLB_TAKE:
        if (value & 1) {
            c->hclk_div = field(*reg(c, GLB_CLK), 8, 8);
            c->bclk_div = field(*reg(c, GLB_CLK), 16, 8);
            clocks_update(c);
        }
        break;
    case GLB_CLK:
    case GLB_CLK2:
    case GLB_MTIME:
        clocks_update(c);
        break;
    default:
        break;
    }
}

static void l1c_write(struct bl602_soc *c, uint32_t old, uint32_t value)
{
    uint32_t lost = field(old, 8, 4) & ~field(value, 8, 4);

    if (value & 4 && !(old & 4))
        *reg(c, L1C) |= 8;
    else if (!(value & 4))
        *reg(c, L1C) |= old & 8;
    for (unsigned way = 0; way < 4; way++)
        if (lost & 1u << way)
            memset(c->ram + 0x1000 * way, EMU_GARBAGE, 0x1000);
    clocks_update(c);
}

static void hbn_write(struct bl602_soc *c, uint32_t offset)
{
    if (offset == AON_XTAL) {
        if ((*reg(c, AON_XTAL) & 0x30) != 0x30)
            c->xtal_ps = 0;
        else if (!c->xtal_ps)
            c->xtal_ps = bl602_soc_ps(c) + EMU_US(BL602_XTAL_US);
    }
    clocks_update(c);
}

/* ---- the bus -------------------------------------------------------------------- */

static const struct known *find(const struct bl602_soc *c, uint32_t offset)
{
    uint8_t i = c->known[offset / 4];

    return i ? &known[i - 1] : NULL;
}

static void index_known(struct bl602_soc *c)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        for (uint32_t n = 0; n < known[i].count; n++)
            c->known[known[i].offset / 4 + n] = (uint8_t)(i + 1);
}

static bool in_buffer(uint32_t offset, unsigned size)
{
    return offset >= SF_BUF && offset + size <= SF_BUF + 256;
}

static uint32_t io_read(struct bl602_soc *c, uint32_t offset, unsigned size)
{
    bool bytes = offset == UART + 0x8C || offset == UART + 0x88;

    if (in_buffer(offset, size))
        return bl602_sf_buf_read(c, offset - SF_BUF, size);
    if ((size != 4 && !bytes) || offset & 3 || !find(c, offset)) {
        COMPLAIN(c, "read of %u bytes at %08" PRIx32, size, IO + offset);
        return find(c, offset) ? *reg(c, offset & ~3u) >> 8 * (offset & 3) : 0;
    }
    if (offset >= UART && offset < UART + 0x100)
        return bl602_uart_read(c, offset - UART, size);
    if (offset >= SHA && offset < SHA + 0x100)
        return bl602_sha_read(&c->sha, bl602_soc_ps(c), offset - SHA);
    if (offset >= FUSE_DATA && offset <= FUSE_CTRL)
        return fuse_read(c, offset);
    if (offset == SF + 8)
        return *reg(c, offset) | (bl602_soc_ps(c) < c->sf_busy);
    if (offset == TIMER + 0x6C)
        return (uint32_t)emu_counter_at(&c->wdt, bl602_soc_ps(c)) & 0xFFFF;
    if (offset == AON_READY)
        return c->xtal_ps && bl602_soc_ps(c) >= c->xtal_ps ? 1u << 28 : 0;
    return *reg(c, offset);
}

static uint32_t merge(uint32_t old, unsigned at, unsigned size, uint32_t value)
{
    uint32_t mask = (size == 1 ? 0xFFu : 0xFFFFu) << 8 * at;

    return (old & ~mask) | (value << 8 * at & mask);
}

static void io_write(struct bl602_soc *c, uint32_t offset, unsigned size, uint32_t value)
{
    const struct known *k = find(c, offset);
    uint32_t old;

    if (in_buffer(offset, size)) {
        bl602_sf_buf_write(c, offset - SF_BUF, size, value);
        return;
    }
    if ((size != 4 && offset != UART + 0x88) || offset & 3 || !k || !k->mask)
        COMPLAIN(c, "write of %u bytes, %" PRIx32 ", to %08" PRIx32, size, value, IO + offset);
    if (!k || !k->mask)
        return;
    if (size != 4 && offset != UART + 0x88) /* let it pass to see what else is wrong */
        value = merge(*reg(c, offset & ~3u), offset & 3, size, value);
    offset &= ~3u;
    old = *reg(c, offset);
    *reg(c, offset) = (old & ~k->mask) | (value & k->mask);
    if (offset < 0x1000)
        glb_write(c, offset, old, value);
    else if (offset >= SHA && offset < SHA + 0x100)
        bl602_sha_write(&c->sha, bl602_soc_ps(c), offset - SHA, value);
    else if (offset == FUSE_CTRL)
        fuse_control(c, value);
    else if (offset == L1C)
        l1c_write(c, old, value);
    else if (offset >= UART && offset < UART + 0x100)
        bl602_uart_write(c, offset - UART, value, size);
    else if (offset >= TIMER && offset < TIMER + 0x100)
        timer_write(c, offset - TIMER, old, value);
    else if (offset >= SF && offset < SF + 0x700)
        bl602_sf_write(c, offset - SF, old, value);
    else if (offset >= PDS_PLL && offset < PDS_PLL + 0x20)
        pds_write(c, offset, old, value);
    else if (offset >= 0xF000)
        hbn_write(c, offset);
}

/* mtime, mtimecmp and the CLIC. */
static uint32_t core_read(struct bl602_soc *c, uint32_t addr, unsigned size)
{
    uint64_t now = emu_counter_at(&c->mtime, bl602_soc_ps(c));

    if (addr == CLINT + CLINT_TIME && size == 4)
        return (uint32_t)now;
    if (addr == CLINT + CLINT_TIME + 4 && size == 4)
        return (uint32_t)(now >> 32);
    if ((addr == CLINT + CLINT_CMP || addr == CLINT + CLINT_CMP + 4) && size == 4)
        return c->mtimecmp[addr >> 2 & 1];
    if (addr >= CLIC && addr < CLIC + 0x1000)
        return 0;
    COMPLAIN(c, "read of %u bytes at %08" PRIx32, size, addr);
    return 0;
}

static void core_write(struct bl602_soc *c, uint32_t addr, unsigned size, uint32_t value)
{
    uint64_t ps = bl602_soc_ps(c), now = emu_counter_at(&c->mtime, ps);

    if (addr == CLINT + CLINT_TIME && size == 4)
        emu_counter_set(&c->mtime, ps, (now & ~0xFFFFFFFFull) | value);
    else if (addr == CLINT + CLINT_TIME + 4 && size == 4)
        emu_counter_set(&c->mtime, ps, (uint32_t)now | (uint64_t)value << 32);
    else if ((addr == CLINT + CLINT_CMP || addr == CLINT + CLINT_CMP + 4) && size == 4)
        c->mtimecmp[addr >> 2 & 1] = value;
    else if (addr < CLIC || addr >= CLIC + 0x1000)
        COMPLAIN(c, "write of %u bytes, %" PRIx32 ", to %08" PRIx32, size, value, addr);
    else if (value && addr >= CLIC + 0x400 && addr < CLIC + 0x800)
        COMPLAIN(c, "interrupt %" PRIu32 " enabled: none are modelled", addr - CLIC - 0x400);
}

static uint32_t bus_read(void *ctx, uint32_t addr, unsigned size)
{
    struct bl602_soc *c = ctx;

    c->cpu.cycles += BL602_IO_CYCLES;
    if (c->end != EMU_RUNS)
        return 0;
    if (addr >= IO && addr < IO + BL602_SOC_REGS)
        return io_read(c, addr - IO, size);
    if (addr >= XIP && addr < XIP + XIP_SIZE)
        return bl602_xip_read(c, addr - XIP, size);
    if (addr == ROM + 0x10800 && size == 4)
        return 0x06020002;
    if (addr >= ROM && addr < XIP) {
        COMPLAIN(c, "read of the ROM at %08" PRIx32 ", which is not here", addr);
        return 0;
    }
    return core_read(c, addr, size);
}

static void bus_write(void *ctx, uint32_t addr, unsigned size, uint32_t value)
{
    struct bl602_soc *c = ctx;

    c->cpu.cycles += BL602_IO_CYCLES;
    if (c->end != EMU_RUNS)
        return;
    if (addr >= IO && addr < IO + BL602_SOC_REGS)
        io_write(c, addr - IO, size, value);
    else if (addr >= ROM && addr < XIP + XIP_SIZE)
        COMPLAIN(c, "write to %08" PRIx32 ", which is read only", addr);
    else
        core_write(c, addr, size, value);
}

uint32_t bl602_soc_read(struct bl602_soc *c, uint32_t addr, unsigned size)
{
    return bus_read(c, addr, size);
}

void bl602_soc_write(struct bl602_soc *c, uint32_t addr, unsigned size, uint32_t value)
{
    bus_write(c, addr, size, value);
}

/* ---- the chip --------------------------------------------------------------------- */

/* 11.2: what the ROM leaves behind. */
static void entry_state(struct bl602_soc *c)
{
    *reg(c, GLB_CLK) = 0xE;
    *reg(c, GLB_CLK2) = 0x10;
    *reg(c, GLB_PARM) = 0x02000000; /* GPIO8 is its debug output (2.1, 11.3) */
    *reg(c, GLB_MTIME) = 0x00040007;
    *reg(c, GLB_UART) = 0x70040000;
    for (unsigned i = 0; i < 16; i++)
        *reg(c, GLB_GPIO + 4 * i) = 0x0B030B03;
    *reg(c, 0x5040) = 0xF0000000;
    *reg(c, L1C) = 0xF08;
    *reg(c, HBN_HZ) = RC32M;
    *reg(c, FUSE_CTRL) = 0x0024BF80;
    for (unsigned i = 0; i < 32; i++)
        *reg(c, FUSE_DATA + 4 * i) = 0xA5A5A5A5;
    rv32_set_mstatus(&c->cpu, 0x1808);
    rv32_set_reg(&c->cpu, 1, ROM);
    rv32_set_reg(&c->cpu, 2, 0x42043F00);
    rv32_set_reg(&c->cpu, 3, 0x42044400);
}

static bool map(struct bl602_soc *c)
{
    static const uint32_t base[] = {0x22008000, 0x32008000, 0x42008000, 0x52008000};

    for (unsigned i = 0; i < 4; i++)
        if (!rv32_map(&c->cpu, base[i], BL602_SOC_RAM_SIZE, c->ram, i < 2))
            return false;
    return rv32_map_io(&c->cpu, IO, BL602_SOC_REGS) && rv32_map_io(&c->cpu, CLINT, 0x10000) &&
           rv32_map_io(&c->cpu, CLIC, 0x1000) && rv32_map_io(&c->cpu, ROM, 0x20000) &&
           rv32_map_io(&c->cpu, XIP, XIP_SIZE);
}

bool bl602_soc_init(struct bl602_soc *c, const struct emu_board *board, uint32_t xtal_hz,
                    uint64_t ps, const uint8_t *image, size_t len, uint32_t load, uint32_t entry)
{
    const struct rv32_bus bus = {c, bus_read, bus_write};
    uint32_t at = (load & 0x0FFFFFFF) - (BL602_SOC_RAM & 0x0FFFFFFF);

    memset(c, 0, sizeof *c);
    c->board = *board;
    index_known(c);
    c->xtal_hz = xtal_hz;
    c->ram = malloc(BL602_SOC_RAM_SIZE);
    if (!rv32_init(&c->cpu, &bus) || !c->ram ||
        !bl602_sha_init(&c->sha, &c->complaints, c->ram, BL602_SOC_RAM_SIZE) ||
        at > BL602_SOC_RAM_SIZE || len > BL602_SOC_RAM_SIZE - at || !map(c)) {
        bl602_soc_fini(c);
        return false;
    }
    memset(c->ram, EMU_GARBAGE, BL602_SOC_RAM_SIZE);
    memcpy(c->ram + at, image, len);
    c->cpu.pc = entry;
    board->efuse(board->user, 0, c->fuse, sizeof c->fuse);
    emu_clock_init(&c->clock, ps, 0, RC32M);
    bl602_uart_init(c);
    entry_state(c);
    clocks_update(c);
    return true;
}

void bl602_soc_fini(struct bl602_soc *c)
{
    rv32_fini(&c->cpu);
    bl602_sha_fini(&c->sha);
    free(c->ram);
    c->ram = NULL;
}

/* What a start-up has done long before (11.1). */
static void check_start(struct bl602_soc *c)
{
    c->checked_irqs = true;
    if (rv32_mstatus(&c->cpu) & 8)
        COMPLAIN(c, "interrupts are still on, with the ROM's vectors");
}

void bl602_soc_run(struct bl602_soc *c, uint64_t ps)
{
    emu_clock_rebase(&c->clock, c->cpu.cycles);
    while (c->end == EMU_RUNS && bl602_soc_ps(c) < ps) {
        uint64_t until = emu_clock_cycles(&c->clock, ps);
        enum rv32_stop stop =
            rv32_run(&c->cpu, until < c->cpu.cycles + SLICE ? until : c->cpu.cycles + SLICE);

        if (stop == RV32_FAULT && c->end == EMU_RUNS) {
            COMPLAIN(c, "%s", c->cpu.fault);
            end(c, EMU_CRASHED);
        }
        wdt_look(c);
        if (!c->checked_irqs && c->cpu.cycles > 2000)
            check_start(c);
    }
    if (c->end == EMU_RUNS)
        uart_fifo_waiting(&c->uart, bl602_soc_ps(c)); /* what begins to leave meanwhile */
}
