/* flash.c - raw NOR that counts, that insists on its rules, and whose power goes off
 * in the middle of whatever one wants. Time is not its business. */
#include "hal/host/host.h"

#include <string.h>

#define SIZE 0x200000u

static uint8_t cell[SIZE];
static uint32_t worn[SIZE / HAL_SECTOR];
static struct host_flash_stats stats;
static struct hal_span guard;

static struct {
    bool armed, fail;
    uint32_t left;
    enum host_cut how;
    uint32_t seed;
} plan;

void host_flash_reset(void)
{
    memset(cell, 0xff, sizeof cell);
    memset(worn, 0, sizeof worn);
    memset(&stats, 0, sizeof stats);
    guard = (struct hal_span){0, 0};
    host_flash_calm();
}

uint8_t *host_flash(void)
{
    return cell;
}

void host_flash_cut(uint32_t nth, enum host_cut how, uint32_t seed)
{
    plan.armed = true;
    plan.fail = false;
    plan.left = nth;
    plan.how = how;
    plan.seed = seed | 1u;
}

void host_flash_fail(uint32_t nth)
{
    plan.armed = plan.fail = true;
    plan.left = nth;
}

void host_flash_calm(void)
{
    memset(&plan, 0, sizeof plan);
}

void host_flash_guard(uint32_t addr, uint32_t len)
{
    guard = (struct hal_span){addr, len};
}

struct host_flash_stats host_flash_stats(void)
{
    return stats;
}

uint32_t host_flash_erases(uint32_t addr)
{
    return addr < SIZE ? worn[addr / HAL_SECTOR] : 0;
}

static uint32_t noise(void)
{
    plan.seed ^= plan.seed << 13;
    plan.seed ^= plan.seed >> 17;
    plan.seed ^= plan.seed << 5;
    return plan.seed;
}

/* Bring `len` bytes to `to`, as far as the power lasts. */
static void change(uint8_t *at, const uint8_t *to, size_t len, enum host_cut how)
{
    const size_t part = how == HOST_CUT_PART ? noise() % len : len;

    if (how == HOST_CUT_BEFORE)
        return;
    for (size_t i = 0; i < part; i++) {
        const uint8_t which = how == HOST_CUT_NOISE ? (uint8_t)(noise() >> 8) : 0xff;

        at[i] = (uint8_t)((at[i] & ~which) | (to[i] & which));
    }
}

/* One operation. False: it fails; does not return: the power went. */
static bool operate(uint8_t *at, const uint8_t *to, size_t len)
{
    const bool now = plan.armed && plan.left-- == 0;

    if (now && plan.fail) {
        host_flash_calm();
        return false;
    }
    change(at, to, len, now ? plan.how : HOST_CUT_AFTER);
    if (now) {
        host_flash_calm();
        host_power_off();
    }
    return true;
}

static bool inside(uint32_t addr, size_t len)
{
    return addr <= SIZE && len <= SIZE - addr;
}

static void watch(uint32_t addr, size_t len)
{
    if (guard.len && (addr < guard.addr || addr - guard.addr + len > guard.len))
        stats.outside++;
}

bool hal_flash_read(uint32_t addr, void *buf, size_t len)
{
    if (!inside(addr, len))
        return false;
    memcpy(buf, cell + addr, len);
    return true;
}

bool hal_flash_erase(uint32_t addr)
{
    static uint8_t blank[HAL_SECTOR];

    if (!inside(addr, HAL_SECTOR) || addr % HAL_SECTOR) {
        stats.violations++;
        return false;
    }
    watch(addr, HAL_SECTOR);
    host_note(HOST_ERASE, addr, HAL_SECTOR);
    stats.erases++;
    worn[addr / HAL_SECTOR]++;
    memset(blank, 0xff, sizeof blank);
    return operate(cell + addr, blank, HAL_SECTOR);
}

bool hal_flash_program(uint32_t addr, const void *data, size_t len)
{
    const uint8_t *from = data;
    uint8_t to[HAL_PAGE];

    if (!inside(addr, len) || !len || addr % HAL_PAGE + len > HAL_PAGE) {
        stats.violations++;
        return false;
    }
    watch(addr, len);
    host_note(HOST_PROGRAM, addr, (uint32_t)len);
    stats.programs++;
    for (size_t i = 0; i < len; i++) {
        if (from[i] & ~cell[addr + i])
            stats.violations++;
        to[i] = from[i] & cell[addr + i];
    }
    return operate(cell + addr, to, len);
}
