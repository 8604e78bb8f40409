/* nds32.h - an interpreter for the integer instructions of AndeStar V3, for code
 * of our own: instruction words big-endian, data little-endian, no interrupts,
 * no caches, no time but the count of instructions.
 *
 * What GCC emits for -march=v3m or v3 is here, the PERF_EXT instructions of V3
 * too. Not here, and a fault when it is met: FPU, DSP, audio, string, EX9, IFC,
 * d0/d1, cache and TLB operations, big-endian data, calls with a condition.
 *
 * It is stricter than a chip. Words and half-words must lie on their own boundaries,
 * also for lmw and smw, which V3 would allow anywhere: GCC uses that for -march=v3 and not
 * for v3m. Reserved fields must be zero; ROM cannot be written; what the architecture
 * leaves open, like a division by zero, is a fault. */
#ifndef EMU_NDS32_H
#define EMU_NDS32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum nds32_reg { /* the ones with a use of their own */
                 NDS32_R5 = 5,
                 NDS32_R8 = 8,
                 NDS32_TA = 15,
                 NDS32_FP = 28,
                 NDS32_GP,
                 NDS32_LP,
                 NDS32_SP,
};

enum nds32_stop {
    NDS32_BUDGET, /* as many instructions as asked for were executed */
    NDS32_HALT,   /* pc is cpu->halt, see nds32_call() */
    NDS32_ASKED,  /* a callback said nds32_stop() */
    NDS32_BREAK,  /* break or break16; pc is on it, its number in cpu->swid */
    NDS32_FAULT,  /* pc is on the culprit, cpu->fault says why */
};

/* System registers by the number in the instruction. All 1024 exist, are zero at
 * first and keep what is written; none of them does anything. */
#define NDS32_SR(major, minor, ext) ((major) << 7 | (minor) << 3 | (ext))
#define NDS32_SR_PSW                NDS32_SR(1, 0, 0)
#define NDS32_PSW_GIE               1u

#define NDS32_REGIONS 16
#define NDS32_NOWHERE 0xfffffffeu /* a return address nothing is mapped at */

struct nds32;

/* Whatever is not mapped. The functions may be NULL, which is like answering
 * false: there is nothing, a fault. pc and instructions of the CPU are those of the
 * moment. Sizes are 1, 2 and 4; addresses are aligned to them. */
struct nds32_bus {
    void *ctx;
    bool (*read)(void *ctx, uint32_t addr, unsigned size, uint32_t *value);
    bool (*write)(void *ctx, uint32_t addr, unsigned size, uint32_t value);

    /* The CPU is about to execute at `cpu->pc`. A function of a ROM that is not
     * there: do its work on cpu->r, set cpu->pc to cpu->r[NDS32_LP]. */
    bool (*call)(void *ctx, struct nds32 *cpu);
};

struct nds32_insn; /* a decoded instruction */

struct nds32_region {
    uint32_t base, size;
    uint8_t *bytes; /* borrowed */
    bool writable;
    struct nds32_insn *insns; /* one per half-word, and one before the first */
    uint8_t *seen;            /* per 64 bytes: something in there was decoded */
    bool shares;              /* insns and seen are those of another region */
};

struct nds32 {
    uint32_t r[32];
    uint32_t pc;
    uint32_t itb;
    uint32_t sr[1024];
    uint32_t halt; /* NDS32_NOWHERE after nds32_init */
    uint64_t instructions;
    struct nds32_bus bus;

    uint32_t swid;
    char fault[160];

    /* inside */
    struct nds32_region region[NDS32_REGIONS];
    size_t regions;
    const struct nds32_region *load, *store; /* where the last one went */
    uint64_t limit;
    bool asked;
};

void nds32_init(struct nds32 *cpu, const struct nds32_bus *bus);
void nds32_fini(struct nds32 *cpu);

/* Map memory; base and size are multiples of 64, size is not 0. The same bytes, or
 * a part of them, may be mapped again as an alias. False: no memory, no room, or it
 * overlaps what is mapped. */
bool nds32_map(struct nds32 *cpu, uint32_t base, uint32_t size, uint8_t *bytes, bool writable);

/* Somebody else than the CPU wrote into mapped memory: forget decoded instructions. */
void nds32_flush(struct nds32 *cpu);

/* Execute at most `budget` instructions. After NDS32_BUDGET and NDS32_ASKED it goes
 * on where it was; after NDS32_BREAK the caller moves pc. */
enum nds32_stop nds32_run(struct nds32 *cpu, uint64_t budget);

/* For callbacks: let nds32_run return behind this instruction. */
void nds32_stop(struct nds32 *cpu);

/* Call a C function: arguments in r0 to r5, lp where it halts; result in r0. The
 * stack pointer is the caller's business. */
enum nds32_stop nds32_call(struct nds32 *cpu, uint32_t function, const uint32_t *args, size_t count,
                           uint64_t budget);

/* The instruction at mapped `addr` for a log: its bytes as a number, and how many. */
unsigned nds32_fetch(const struct nds32 *cpu, uint32_t addr, uint32_t *word);

#endif
