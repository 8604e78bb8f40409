/* nds32_memory.c - memory of the NDS32 interpreter: its map, and accesses outside the region of
 * the last one. */
#include "emu/nds32_memory.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct nds32_region nds32_no_region;

bool nds32_fault(struct nds32 *cpu, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(cpu->fault, sizeof(cpu->fault), format, args);
    va_end(args);
    if (n >= 0 && (size_t)n < sizeof(cpu->fault))
        snprintf(cpu->fault + n, sizeof(cpu->fault) - (size_t)n, ", pc %08" PRIx32 " lp %08" PRIx32,
                 cpu->pc, cpu->r[NDS32_LP]);
    return false;
}

/* ---- accesses ---- */

const struct nds32_region *nds32_find(const struct nds32 *cpu, uint32_t addr)
{
    for (size_t i = 0; i < cpu->regions; i++)
        if (addr - cpu->region[i].base < cpu->region[i].size)
            return &cpu->region[i];
    return NULL;
}

bool nds32_slow_load(struct nds32 *cpu, uint32_t addr, unsigned size, uint32_t *value)
{
    const struct nds32_region *region;

    *value = 0;
    if (addr & (size - 1))
        return nds32_fault(cpu, "load of %u bytes from %08" PRIx32 " is not aligned", size, addr);
    region = nds32_find(cpu, addr);
    if (!region) {
        if (cpu->bus.read && cpu->bus.read(cpu->bus.ctx, addr, size, value))
            return true;
        return nds32_fault(cpu, "load of %u bytes from %08" PRIx32 ", nothing is there", size,
                           addr);
    }
    cpu->load = region;
    *value = nds32_get(region, addr - region->base, size);
    return true;
}

bool nds32_slow_store(struct nds32 *cpu, uint32_t addr, unsigned size, uint32_t value)
{
    const struct nds32_region *region;

    if (addr & (size - 1))
        return nds32_fault(cpu, "store of %u bytes to %08" PRIx32 " is not aligned", size, addr);
    region = nds32_find(cpu, addr);
    if (!region) {
        if (cpu->bus.write && cpu->bus.write(cpu->bus.ctx, addr, size, value))
            return true;
        return nds32_fault(cpu, "store of %u bytes to %08" PRIx32 ", nothing is there", size, addr);
    }
    if (!region->writable)
        return nds32_fault(cpu, "store of %u bytes to %08" PRIx32 ", which is read only", size,
                           addr);
    cpu->store = region;
    nds32_put(region, addr - region->base, size, value);
    return true;
}

unsigned nds32_fetch(const struct nds32 *cpu, uint32_t addr, uint32_t *word)
{
    const struct nds32_region *region = nds32_find(cpu, addr);
    const uint8_t *bytes;

    if (!region || addr & 1)
        return 0;
    bytes = region->bytes + (addr - region->base);
    if (bytes[0] & 0x80) {
        *word = get_be16(bytes);
        return 2;
    }
    if (region->size - (addr - region->base) < 4)
        return 0;
    *word = get_be32(bytes);
    return 4;
}

/* ---- the map ---- */

void nds32_init(struct nds32 *cpu, const struct nds32_bus *bus)
{
    memset(cpu, 0, sizeof(*cpu));
    if (bus)
        cpu->bus = *bus;
    cpu->halt = NDS32_NOWHERE;
    cpu->load = cpu->store = &nds32_no_region;
}

void nds32_fini(struct nds32 *cpu)
{
    for (size_t i = 0; i < cpu->regions; i++)
        if (!cpu->region[i].shares) {
            free(cpu->region[i].insns);
            free(cpu->region[i].seen);
        }
    cpu->regions = 0;
}

static bool overlap(const struct nds32_region *a, const struct nds32_region *b)
{
    return a->base - b->base < b->size || b->base - a->base < a->size;
}

/* Decoded instructions belong to bytes, not to addresses: distances are relative. */
static bool share(struct nds32_region *new, const struct nds32_region *old)
{
    uintptr_t off = (uintptr_t) new->bytes - (uintptr_t)old->bytes;

    if (off > old->size || new->size > old->size - off || off % (1u << SEEN_SHIFT))
        return false;
    new->insns = old->insns + off / 2;
    new->seen = old->seen + (off >> SEEN_SHIFT);
    new->shares = true;
    return true;
}

bool nds32_map(struct nds32 *cpu, uint32_t base, uint32_t size, uint8_t *bytes, bool writable)
{
    struct nds32_region new = {.base = base, .size = size, .bytes = bytes, .writable = writable};

    if (!size || (base | size) % (1u << SEEN_SHIFT) || cpu->regions == NDS32_REGIONS)
        return false;
    for (size_t i = 0; i < cpu->regions; i++)
        if (overlap(&new, &cpu->region[i]))
            return false;
    for (size_t i = 0; i < cpu->regions && !new.shares; i++)
        if (!cpu->region[i].shares)
            share(&new, &cpu->region[i]);
    if (!new.shares) {
        new.insns = calloc(size / 2 + 1, sizeof(*new.insns));
        new.seen = calloc(size >> SEEN_SHIFT, 1);
        if (!new.insns || !new.seen) {
            free(new.insns);
            free(new.seen);
            return false;
        }
    }
    cpu->region[cpu->regions++] = new;
    return true;
}

void nds32_flush(struct nds32 *cpu)
{
    for (size_t i = 0; i < cpu->regions; i++) {
        const struct nds32_region *region = &cpu->region[i];

        if (!region->shares) {
            memset(region->insns, 0, (region->size / 2 + 1) * sizeof(*region->insns));
            memset(region->seen, 0, region->size >> SEEN_SHIFT);
        }
    }
}
