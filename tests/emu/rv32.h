/* rv32.h - an RV32IMFC CPU (Unicorn) that counts cycles: no interrupts, no caches.
 *
 * One instruction is one cycle; the instructions of a basic block are charged when
 * it begins. Whoever answers an access outside RAM may charge more by adding to
 * `cycles`. Met and refused, because the E24 has none or nobody models it: atomic
 * instructions, counters other than mtime. Misaligned data accesses are let pass. */
#ifndef EMU_RV32_H
#define EMU_RV32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RV32_REGIONS 8
#define RV32_BLOCKS  4096u /* a power of two */

enum rv32_stop {
    RV32_BUDGET, /* cycles >= the limit */
    RV32_ASKED,  /* rv32_stop() */
    RV32_FAULT,  /* `fault` says why */
};

struct rv32_bus {
    void *ctx;
    /* Aligned or not, 1, 2 or 4 bytes. */
    uint32_t (*read)(void *ctx, uint32_t addr, unsigned size);
    void (*write)(void *ctx, uint32_t addr, unsigned size, uint32_t value);
};

struct rv32_io {
    struct rv32 *cpu;
    uint32_t base;
};

struct rv32 {
    struct uc_struct *uc;
    struct rv32_bus bus;
    uint64_t cycles, limit;
    uint32_t pc;
    bool asked, bad;
    char fault[160];

    struct {
        uint32_t base, size;
        const uint8_t *bytes;
    } region[RV32_REGIONS];
    size_t regions;
    struct rv32_io io[RV32_REGIONS];
    size_t ios;
    struct {
        uint32_t addr;
        uint16_t size, count;
    } block[RV32_BLOCKS];
};

/* False: no memory. */
bool rv32_init(struct rv32 *cpu, const struct rv32_bus *bus);
void rv32_fini(struct rv32 *cpu);

/* Both in pages of 4 KiB; the same bytes may be mapped again. */
bool rv32_map(struct rv32 *cpu, uint32_t base, uint32_t size, uint8_t *bytes, bool executable);
bool rv32_map_io(struct rv32 *cpu, uint32_t base, uint32_t size);

enum rv32_stop rv32_run(struct rv32 *cpu, uint64_t limit);
/* For the bus: return behind the running block. */
void rv32_stop(struct rv32 *cpu);

uint32_t rv32_reg(struct rv32 *cpu, unsigned n);
void rv32_set_reg(struct rv32 *cpu, unsigned n, uint32_t value);
uint32_t rv32_mstatus(struct rv32 *cpu);
void rv32_set_mstatus(struct rv32 *cpu, uint32_t value);

#endif
