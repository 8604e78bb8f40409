/* nds32_memory.h - what the NDS32 interpreter's loop and its memory share. Every half-word of
 * mapped memory has a place for the instruction decoded there; a store looks in `seen` whether
 * it may have hit one. */
#ifndef EMU_NDS32_MEMORY_H
#define EMU_NDS32_MEMORY_H

#include "core/bytes.h"
#include "emu/nds32.h"
#include "emu/nds32_insn.h"

#define SEEN_SHIFT 6 /* 64 bytes */

extern const struct nds32_region nds32_no_region; /* empty */

/* Say why in cpu->fault. Always false. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3), cold))
#endif
bool nds32_fault(struct nds32 *cpu, const char *format, ...);

/* What an aligned access of 1, 2 or 4 bytes at `off` of a region does. */
static inline uint32_t nds32_get(const struct nds32_region *region, uint32_t off, unsigned size)
{
    const uint8_t *bytes = region->bytes + off;

    return size == 4 ? get_le32(bytes) : size == 2 ? get_le16(bytes) : bytes[0];
}

/* NULL: nothing is mapped at `addr`. */
const struct nds32_region *nds32_find(const struct nds32 *cpu, uint32_t addr);

/* Any access, also one that is not in the region of the last one. */
bool nds32_slow_load(struct nds32 *cpu, uint32_t addr, unsigned size, uint32_t *value);
bool nds32_slow_store(struct nds32 *cpu, uint32_t addr, unsigned size, uint32_t value);

/* Memory has changed at `off`: decode again what began in these bytes, or in
 * the half-word before them. */
static inline void nds32_forget(const struct nds32_region *region, uint32_t off, unsigned size)
{
    struct nds32_insn *first = region->insns + (off >> 1), *last = first + (size > 2 ? 2 : 1);

    for (struct nds32_insn *i = first; i <= last; i++)
        i->op = OP_NONE;
}

static inline void nds32_put(const struct nds32_region *region, uint32_t off, unsigned size,
                             uint32_t value)
{
    uint8_t *bytes = region->bytes + off;

    if (size == 4)
        put_le32(bytes, value);
    else if (size == 2)
        put_le16(bytes, (uint16_t)value);
    else
        bytes[0] = (uint8_t)value;
    if (region->seen[off >> SEEN_SHIFT])
        nds32_forget(region, off, size);
}

#endif
