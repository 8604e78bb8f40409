/* rv32.c - see rv32.h. */
#include "emu/rv32.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unicorn/unicorn.h>

#define CSR_MTVT 0x307u

static void fault(struct rv32 *cpu, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void fault(struct rv32 *cpu, const char *format, ...)
{
    va_list args;

    if (cpu->bad)
        return;
    va_start(args, format);
    vsnprintf(cpu->fault, sizeof cpu->fault, format, args);
    va_end(args);
    cpu->bad = true;
    uc_emu_stop(cpu->uc);
}

static uint32_t pc_of(struct rv32 *cpu)
{
    uint32_t pc = 0;

    uc_reg_read(cpu->uc, UC_RISCV_REG_PC, &pc);
    return pc;
}

/* ---- counting ------------------------------------------------------------- */

static const uint8_t *code_at(const struct rv32 *cpu, uint32_t addr, uint32_t len)
{
    for (size_t i = 0; i < cpu->regions; i++)
        if (addr >= cpu->region[i].base && len <= cpu->region[i].size &&
            addr - cpu->region[i].base <= cpu->region[i].size - len)
            return cpu->region[i].bytes + (addr - cpu->region[i].base);
    return NULL;
}

/* What Unicorn would do and the chip does not. */
static const char *unlike_the_chip(uint32_t insn)
{
    uint32_t csr = insn >> 20;

    if ((insn & 0x7f) == 0x2f)
        return "an atomic instruction";
    if ((insn & 0x7f) == 0x73 && (insn & 0x7000) &&
        ((csr & 0xf7c) == 0xb00 || (csr & 0xf7c) == 0xc00))
        return "a counter that is not modelled";
    return NULL;
}

static unsigned count_block(struct rv32 *cpu, uint32_t addr, uint32_t size)
{
    const uint8_t *p = code_at(cpu, addr, size);
    unsigned count = 0;

    if (!p)
        return 1;
    for (uint32_t at = 0; at + 2 <= size; count++) {
        bool wide = (p[at] & 3) == 3;

        if (wide && at + 4 <= size) {
            uint32_t insn =
                (uint32_t)(p[at] | p[at + 1] << 8 | p[at + 2] << 16) | (uint32_t)p[at + 3] << 24;
            const char *what = unlike_the_chip(insn);

            if (what)
                fault(cpu, "%s at %08" PRIx32, what, addr + at);
        }
        at += wide ? 4 : 2;
    }
    return count ? count : 1;
}

static void on_block(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
    struct rv32 *cpu = user;
    uint32_t addr = (uint32_t)address;
    size_t i = addr >> 1 & (RV32_BLOCKS - 1);

    if (cpu->cycles >= cpu->limit || cpu->asked) {
        uc_emu_stop(uc);
        return;
    }
    if (cpu->block[i].addr != addr || cpu->block[i].size != (uint16_t)size) {
        cpu->block[i].addr = addr;
        cpu->block[i].size = (uint16_t)size;
        cpu->block[i].count = (uint16_t)count_block(cpu, addr, size);
    }
    cpu->cycles += cpu->block[i].count;
}

/* ---- what goes wrong ------------------------------------------------------ */

/* Unicorn does not know the CLIC's table register; it has no use here either. */
static bool skip_mtvt(struct rv32 *cpu, uint32_t pc)
{
    const uint8_t *p = code_at(cpu, pc, 4);

    if (!p || (p[0] & 0x7f) != 0x73 || (p[2] >> 4 | p[3] << 4) != CSR_MTVT)
        return false;
    pc += 4;
    uc_reg_write(cpu->uc, UC_RISCV_REG_PC, &pc);
    return true;
}

static void on_exception(uc_engine *uc, uint32_t cause, void *user)
{
    struct rv32 *cpu = user;
    uint32_t pc = pc_of(cpu);

    (void)uc;
    if (cause == 2 && skip_mtvt(cpu, pc))
        return;
    fault(cpu, "exception %" PRIu32 " at %08" PRIx32, cause, pc);
}

static bool on_invalid(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
                       void *user)
{
    struct rv32 *cpu = user;
    const char *what = type == UC_MEM_WRITE_UNMAPPED || type == UC_MEM_WRITE_PROT   ? "wrote"
                       : type == UC_MEM_FETCH_UNMAPPED || type == UC_MEM_FETCH_PROT ? "executed"
                                                                                    : "read";

    (void)uc;
    (void)size;
    (void)value;
    fault(cpu, "%s %08" PRIx32 " near %08" PRIx32 ", where nothing is", what, (uint32_t)address,
          pc_of(cpu));
    return false;
}

/* ---- the bus -------------------------------------------------------------- */

static uint64_t on_read(uc_engine *uc, uint64_t offset, unsigned size, void *user)
{
    struct rv32_io *io = user;

    (void)uc;
    return io->cpu->bus.read(io->cpu->bus.ctx, io->base + (uint32_t)offset, size);
}

static void on_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value, void *user)
{
    struct rv32_io *io = user;

    (void)uc;
    io->cpu->bus.write(io->cpu->bus.ctx, io->base + (uint32_t)offset, size, (uint32_t)value);
}

bool rv32_map(struct rv32 *cpu, uint32_t base, uint32_t size, uint8_t *bytes, bool executable)
{
    uint32_t prot = UC_PROT_READ | UC_PROT_WRITE | (executable ? UC_PROT_EXEC : 0);

    if (cpu->regions == RV32_REGIONS || uc_mem_map_ptr(cpu->uc, base, size, prot, bytes))
        return false;
    cpu->region[cpu->regions].base = base;
    cpu->region[cpu->regions].size = size;
    cpu->region[cpu->regions++].bytes = bytes;
    return true;
}

bool rv32_map_io(struct rv32 *cpu, uint32_t base, uint32_t size)
{
    struct rv32_io *io = &cpu->io[cpu->ios];

    if (cpu->ios == RV32_REGIONS)
        return false;
    io->cpu = cpu;
    io->base = base;
    cpu->ios++;
    return uc_mmio_map(cpu->uc, base, size, on_read, io, on_write, io) == UC_ERR_OK;
}

/* ---- running -------------------------------------------------------------- */

bool rv32_init(struct rv32 *cpu, const struct rv32_bus *bus)
{
    uc_hook hook;

    memset(cpu, 0, sizeof *cpu);
    cpu->bus = *bus;
    if (uc_open(UC_ARCH_RISCV, UC_MODE_RISCV32, &cpu->uc))
        return false;
    return !uc_hook_add(cpu->uc, &hook, UC_HOOK_BLOCK, (void *)on_block, cpu, 1, 0) &&
           !uc_hook_add(cpu->uc, &hook, UC_HOOK_INTR, (void *)on_exception, cpu, 1, 0) &&
           !uc_hook_add(cpu->uc, &hook, UC_HOOK_MEM_INVALID, (void *)on_invalid, cpu, 1, 0);
}

void rv32_fini(struct rv32 *cpu)
{
    if (cpu->uc)
        uc_close(cpu->uc);
    cpu->uc = NULL;
}

enum rv32_stop rv32_run(struct rv32 *cpu, uint64_t limit)
{
    cpu->limit = limit;
    cpu->asked = false;
    while (cpu->cycles < limit && !cpu->asked && !cpu->bad) {
        uc_err err = uc_emu_start(cpu->uc, cpu->pc, 0, 0, 0);

        cpu->pc = pc_of(cpu);
        if (err)
            fault(cpu, "%s at %08" PRIx32, uc_strerror(err), cpu->pc);
    }
    return cpu->bad ? RV32_FAULT : cpu->asked ? RV32_ASKED : RV32_BUDGET;
}

void rv32_stop(struct rv32 *cpu)
{
    cpu->asked = true;
    uc_emu_stop(cpu->uc);
}

uint32_t rv32_reg(struct rv32 *cpu, unsigned n)
{
    uint32_t value = 0;

    uc_reg_read(cpu->uc, UC_RISCV_REG_X0 + (int)n, &value);
    return value;
}

void rv32_set_reg(struct rv32 *cpu, unsigned n, uint32_t value)
{
    uc_reg_write(cpu->uc, UC_RISCV_REG_X0 + (int)n, &value);
}

uint32_t rv32_mstatus(struct rv32 *cpu)
{
    uint32_t value = 0;

    uc_reg_read(cpu->uc, UC_RISCV_REG_MSTATUS, &value);
    return value;
}

void rv32_set_mstatus(struct rv32 *cpu, uint32_t value)
{
    uc_reg_write(cpu->uc, UC_RISCV_REG_MSTATUS, &value);
}
