/* nds32.c - the loop of the NDS32 interpreter, and what its instructions do. */
#include "emu/nds32.h"

#include <inttypes.h>

#include "core/bytes.h"
#include "emu/nds32_insn.h"
#include "emu/nds32_memory.h"

/* ---- loads and stores ---- */

/* Regions begin and end at multiples of 64, so that an aligned access is in one if its
 * address is. */
static inline bool load(struct nds32 *cpu, uint32_t addr, unsigned size, uint32_t *value)
{
    const struct nds32_region *region = cpu->load;
    uint32_t off = addr - region->base;

    if (off >= region->size || addr & (size - 1))
        return nds32_slow_load(cpu, addr, size, value);
    *value = nds32_get(region, off, size);
    return true;
}

static inline bool store(struct nds32 *cpu, uint32_t addr, unsigned size, uint32_t value)
{
    const struct nds32_region *region = cpu->store;
    uint32_t off = addr - region->base;

    if (off >= region->size || addr & (size - 1))
        return nds32_slow_store(cpu, addr, size, value);
    nds32_put(region, off, size, value);
    return true;
}

/* The same into a register, extended by its sign or by zeros. */
static inline bool load_reg(struct nds32 *cpu, unsigned rt, uint32_t addr, unsigned size,
                            bool is_signed)
{
    uint32_t value, sign = is_signed ? 1u << (8 * size - 1) : 0;

    if (!load(cpu, addr, size, &value))
        return false;
    cpu->r[rt] = (value ^ sign) - sign;
    return true;
}

/* Load, then move the base. If both are one register, V3 leaves open what happens. */
static inline bool load_bi(struct nds32 *cpu, const struct nds32_insn *i, unsigned size,
                           bool is_signed, uint32_t step)
{
    uint32_t addr = cpu->r[i->ra];

    if (i->rt == i->ra)
        return nds32_fault(cpu, "load into the base it moves");
    if (!load_reg(cpu, i->rt, addr, size, is_signed))
        return false;
    cpu->r[i->ra] = addr + step;
    return true;
}

static inline bool store_bi(struct nds32 *cpu, const struct nds32_insn *i, unsigned size,
                            uint32_t step)
{
    if (!store(cpu, cpu->r[i->ra], size, cpu->r[i->rt]))
        return false;
    cpu->r[i->ra] += step;
    return true;
}

/* ---- what takes more than a line ---- */

static uint32_t bytes_of(uint32_t mask)
{
    uint32_t n = 0;

    for (; mask; mask &= mask - 1)
        n += 4;
    return n;
}

static bool load_many(struct nds32 *cpu, uint32_t addr, uint32_t mask)
{
    for (unsigned r = 0; r < 32; r++)
        if (mask >> r & 1) {
            if (!load_reg(cpu, r, addr, 4, false))
                return false;
            addr += 4;
        }
    return true;
}

static bool store_many(struct nds32 *cpu, uint32_t addr, uint32_t mask)
{
    for (unsigned r = 0; r < 32; r++)
        if (mask >> r & 1) {
            if (!store(cpu, addr, 4, cpu->r[r]))
                return false;
            addr += 4;
        }
    return true;
}

/* The lower register is always at the lower address: modes differ in where it all begins
 * (bi at the base, ai a word above it, bd ends at it, ad ends a word below). */
static bool load_store_many(struct nds32 *cpu, const struct nds32_insn *i)
{
    bool update = i->sh & 1, down = i->sh & 2, beside = i->sh & 4;
    uint32_t mask = (uint32_t)i->imm, size = bytes_of(mask), base = cpu->r[i->ra];
    uint32_t low = down ? base - size + (beside ? 0 : 4) : base + (beside ? 4 : 0);

    if (!(i->op == OP_LMW ? load_many(cpu, low, mask) : store_many(cpu, low, mask)))
        return false;
    if (update)
        cpu->r[i->ra] = down ? base - size : base + size;
    return true;
}

/* smw.adm of the registers, then room on the stack; r8 becomes the place of
 * this instruction, for lwi45.fe, where r8 is among them. */
static bool push25(struct nds32 *cpu, const struct nds32_insn *i)
{
    uint32_t mask = (uint32_t)i->imm, low = cpu->r[NDS32_SP] - bytes_of(mask);

    if (!store_many(cpu, low, mask))
        return false;
    cpu->r[NDS32_SP] = low - 8u * i->sh;
    if (mask >> NDS32_R8 & 1)
        cpu->r[NDS32_R8] = cpu->pc & ~3u;
    return true;
}

static bool pop25(struct nds32 *cpu, const struct nds32_insn *i)
{
    uint32_t mask = (uint32_t)i->imm, low = cpu->r[NDS32_SP] + 8u * i->sh;

    if (!load_many(cpu, low, mask))
        return false;
    cpu->r[NDS32_SP] = low + bytes_of(mask);
    return true;
}

static uint32_t sra(uint32_t value, unsigned count)
{
    uint32_t sign = value >> 31 ? ~(0xffffffffu >> count) : 0;

    return value >> count | sign;
}

static uint32_t rotr(uint32_t value, unsigned count)
{
    return value >> count | value << (-count & 31);
}

static bool less(uint32_t a, uint32_t b) /* as signed numbers */
{
    return (a ^ 0x80000000u) < (b ^ 0x80000000u);
}

static uint32_t wsbh(uint32_t v)
{
    return (v & 0x00ff00ffu) << 8 | (v >> 8 & 0x00ff00ffu);
}

static uint32_t ave(uint32_t a, uint32_t b)
{
    int64_t sum = (int64_t)(int32_t)a + (int32_t)b + 1;

    return (uint32_t)((uint64_t)sum >> 1);
}

static uint32_t leading_zeros(uint32_t v)
{
    uint32_t n = 0;

    while (n < 32 && !(v << n >> 31))
        n++;
    return n;
}

static uint32_t clip(uint32_t v, int64_t low, int64_t high)
{
    int64_t s = (int32_t)v;

    return (uint32_t)(s < low ? low : s > high ? high : s);
}

/* The even register has the low half. */
static void put64(uint32_t *r, const struct nds32_insn *i, uint64_t v)
{
    r[i->rt] = (uint32_t)v;
    r[i->rt + 1] = (uint32_t)(v >> 32);
}

/* Remainder first: where both are one register the quotient stays. */
static bool divide(struct nds32 *cpu, const struct nds32_insn *i)
{
    uint32_t *r = cpu->r, a = r[i->ra], b = r[i->rb];

    if (!b)
        return nds32_fault(cpu, "division by zero");
    if (i->op == OP_DIVSR) {
        if (a == 0x80000000u && b == 0xffffffffu)
            return nds32_fault(cpu, "quotient too large");
        r[i->rd] = (uint32_t)((int32_t)a % (int32_t)b);
        r[i->rt] = (uint32_t)((int32_t)a / (int32_t)b);
    } else {
        r[i->rd] = a % b;
        r[i->rt] = a / b;
    }
    return true;
}

/* PERF_EXT: rare enough to cost a call. */
static uint32_t perf(const struct nds32_insn *i, uint32_t a, uint32_t b)
{
    int64_t one = 1;

    switch (i->op) {
    case OP_MAX:
        return less(a, b) ? b : a;
    case OP_MIN:
        return less(a, b) ? a : b;
    case OP_AVE:
        return ave(a, b);
    case OP_ABS:
        return a == 0x80000000u ? 0x7fffffffu : a >> 31 ? -a : a;
    case OP_CLO:
        return leading_zeros(~a);
    case OP_CLZ:
        return leading_zeros(a);
    case OP_CLIPS:
        return clip(a, -(one << i->imm), (one << i->imm) - 1);
    case OP_CLIP:
        return clip(a, 0, (one << i->imm) - 1);
    case OP_BSET:
        return a | 1u << i->imm;
    case OP_BCLR:
        return a & ~(1u << i->imm);
    case OP_BTGL:
        return a ^ 1u << i->imm;
    default: /* OP_BTST */
        return a >> i->imm & 1;
    }
}

static bool refuse(struct nds32 *cpu, const struct nds32_insn *i)
{
    uint32_t word = 0;
    unsigned size = nds32_fetch(cpu, cpu->pc, &word);

    switch (i->op) {
    case OP_TRAP:
        return nds32_fault(cpu, "trap %" PRId32, i->imm);
    case OP_SYSCALL:
        return nds32_fault(cpu, "syscall %" PRId32, i->imm);
    default:
        return nds32_fault(cpu, "undefined instruction %0*" PRIx32, (int)(2 * size), word);
    }
}

/* ---- fetching ---- */

/* Decode the instruction at `off`. An instruction that does not end in this region is
 * undefined. */
static void decode(const struct nds32_region *region, uint32_t off)
{
    struct nds32_insn *i = region->insns + 1 + (off >> 1);
    const uint8_t *bytes = region->bytes + off;
    uint32_t word = (uint32_t)get_be16(bytes) << 16;

    if (nds32_insn_size(word) == 2) {
        *i = nds32_decode(word);
    } else if (region->size - off >= 4) {
        *i = nds32_decode(word | get_be16(bytes + 2));
        region->seen[(off + 2) >> SEEN_SHIFT] = 1;
    } else {
        *i = (struct nds32_insn){.op = OP_UNDEFINED, .size = 4};
    }
    region->seen[off >> SEEN_SHIFT] = 1;
}

enum fetched { FETCHED, CALLED, HALTED, NOTHING };

/* pc has left the region it was in. */
static enum fetched enter(struct nds32 *cpu, const struct nds32_region **region)
{
    if (cpu->pc == cpu->halt)
        return HALTED;
    if (cpu->pc & 1) {
        nds32_fault(cpu, "execution at an odd address");
        return NOTHING;
    }
    *region = nds32_find(cpu, cpu->pc);
    if (*region)
        return FETCHED;
    *region = &nds32_no_region;
    if (cpu->bus.call && cpu->bus.call(cpu->bus.ctx, cpu))
        return CALLED;
    nds32_fault(cpu, "execution where nothing is");
    return NOTHING;
}

/* ---- the loop ---- */

/* One case per operation, on purpose in one function: the compiler keeps pc and the
 * registers at hand. `next` is where it goes on. */
static enum nds32_stop loop(struct nds32 *cpu)
{
    const struct nds32_region *region = &nds32_no_region;
    uint32_t *r = cpu->r, pc = cpu->pc, next, off, a, b;
    uint64_t n = cpu->instructions;
    const struct nds32_insn *i;
    bool ok = true;

    for (; n < cpu->limit; n++, pc = next) {
        cpu->pc = pc;
        cpu->instructions = n;
        off = pc - region->base;
        if (off >= region->size || pc & 1) {
            switch (enter(cpu, &region)) {
            case HALTED:
                return NDS32_HALT;
            case NOTHING:
                return NDS32_FAULT;
            case CALLED:
                next = cpu->pc;
                continue;
            case FETCHED:
                off = pc - region->base;
                break;
            }
        }
        i = region->insns + 1 + (off >> 1);
        if (i->op == OP_NONE)
            decode(region, off);
        a = r[i->ra];
        b = r[i->rb];
        next = pc + i->size;

        switch ((enum nds32_op)i->op) {
        case OP_NONE:
        case OP_UNDEFINED:
        case OP_TRAP:
        case OP_SYSCALL:
            ok = refuse(cpu, i);
            break;

        case OP_ADD:
            r[i->rt] = a + b;
            break;
        case OP_SUB:
            r[i->rt] = a - b;
            break;
        case OP_AND:
            r[i->rt] = a & b;
            break;
        case OP_XOR:
            r[i->rt] = a ^ b;
            break;
        case OP_OR:
            r[i->rt] = a | b;
            break;
        case OP_NOR:
            r[i->rt] = ~(a | b);
            break;
        case OP_SLT:
            r[i->rt] = a < b;
            break;
        case OP_SLTS:
            r[i->rt] = less(a, b);
            break;
        case OP_SLL:
            r[i->rt] = a << (b & 31);
            break;
        case OP_SRL:
            r[i->rt] = a >> (b & 31);
            break;
        case OP_SRA:
            r[i->rt] = sra(a, b & 31);
            break;
        case OP_ROTR:
            r[i->rt] = rotr(a, b & 31);
            break;
        case OP_BITC:
            r[i->rt] = a & ~b;
            break;
        case OP_ADD_SLLI:
            r[i->rt] = a + (b << i->sh);
            break;
        case OP_SUB_SLLI:
            r[i->rt] = a - (b << i->sh);
            break;
        case OP_AND_SLLI:
            r[i->rt] = a & b << i->sh;
            break;
        case OP_XOR_SLLI:
            r[i->rt] = a ^ b << i->sh;
            break;
        case OP_OR_SLLI:
            r[i->rt] = a | b << i->sh;
            break;
        case OP_ADD_SRLI:
            r[i->rt] = a + (b >> i->sh);
            break;
        case OP_SUB_SRLI:
            r[i->rt] = a - (b >> i->sh);
            break;
        case OP_AND_SRLI:
            r[i->rt] = a & b >> i->sh;
            break;
        case OP_XOR_SRLI:
            r[i->rt] = a ^ b >> i->sh;
            break;
        case OP_OR_SRLI:
            r[i->rt] = a | b >> i->sh;
            break;
        case OP_SVA: /* would a + b overflow? */
            r[i->rt] = (~(a ^ b) & (a ^ (a + b))) >> 31;
            break;
        case OP_SVS:
            r[i->rt] = ((a ^ b) & (a ^ (a - b))) >> 31;
            break;
        case OP_CMOVZ:
            r[i->rt] = b ? r[i->rt] : a;
            break;
        case OP_CMOVN:
            r[i->rt] = b ? a : r[i->rt];
            break;
        case OP_MUL:
            r[i->rt] = a * b;
            break;
        case OP_MULSR64:
            put64(r, i, (uint64_t)((int64_t)(int32_t)a * (int32_t)b));
            break;
        case OP_MULR64:
            put64(r, i, (uint64_t)a * b);
            break;
        case OP_MADDR32:
            r[i->rt] += a * b;
            break;
        case OP_MSUBR32:
            r[i->rt] -= a * b;
            break;
        case OP_DIVSR:
        case OP_DIVR:
            ok = divide(cpu, i);
            break;
        case OP_MAX:
        case OP_MIN:
        case OP_AVE:
        case OP_ABS:
        case OP_CLO:
        case OP_CLZ:
        case OP_CLIPS:
        case OP_CLIP:
        case OP_BSET:
        case OP_BCLR:
        case OP_BTGL:
        case OP_BTST:
            r[i->rt] = perf(i, a, b);
            break;

        case OP_SEB:
            r[i->rt] = ((a & 0xff) ^ 0x80) - 0x80;
            break;
        case OP_SEH:
            r[i->rt] = ((a & 0xffff) ^ 0x8000) - 0x8000;
            break;
        case OP_ZEH:
            r[i->rt] = a & 0xffff;
            break;
        case OP_WSBH:
            r[i->rt] = wsbh(a);
            break;
        case OP_SLLI:
            r[i->rt] = a << i->imm;
            break;
        case OP_SRLI:
            r[i->rt] = a >> i->imm;
            break;
        case OP_SRAI:
            r[i->rt] = sra(a, (unsigned)i->imm);
            break;
        case OP_ROTRI:
            r[i->rt] = rotr(a, (unsigned)i->imm);
            break;
        case OP_ADDI:
            r[i->rt] = a + (uint32_t)i->imm;
            break;
        case OP_SUBRI:
            r[i->rt] = (uint32_t)i->imm - a;
            break;
        case OP_ANDI:
            r[i->rt] = a & (uint32_t)i->imm;
            break;
        case OP_XORI:
            r[i->rt] = a ^ (uint32_t)i->imm;
            break;
        case OP_ORI:
            r[i->rt] = a | (uint32_t)i->imm;
            break;
        case OP_SLTI: /* the constant is extended by its sign, then both count as unsigned */
            r[i->rt] = a < (uint32_t)i->imm;
            break;
        case OP_SLTSI:
            r[i->rt] = less(a, (uint32_t)i->imm);
            break;
        case OP_BITCI:
            r[i->rt] = a & ~(uint32_t)i->imm;
            break;
        case OP_MOVI:
            r[i->rt] = (uint32_t)i->imm;
            break;
        case OP_MOVD:
            b = r[i->ra + 1];
            r[i->rt] = a;
            r[i->rt + 1] = b;
            break;
        case OP_ADD_PC:
            r[i->rt] = a + pc;
            break;

        case OP_LBI:
            ok = load_reg(cpu, i->rt, a + (uint32_t)i->imm, 1, false);
            break;
        case OP_LBSI:
            ok = load_reg(cpu, i->rt, a + (uint32_t)i->imm, 1, true);
            break;
        case OP_LHI:
            ok = load_reg(cpu, i->rt, a + (uint32_t)i->imm, 2, false);
            break;
        case OP_LHSI:
            ok = load_reg(cpu, i->rt, a + (uint32_t)i->imm, 2, true);
            break;
        case OP_LWI:
            ok = load_reg(cpu, i->rt, a + (uint32_t)i->imm, 4, false);
            break;
        case OP_SBI:
            ok = store(cpu, a + (uint32_t)i->imm, 1, r[i->rt]);
            break;
        case OP_SHI:
            ok = store(cpu, a + (uint32_t)i->imm, 2, r[i->rt]);
            break;
        case OP_SWI:
            ok = store(cpu, a + (uint32_t)i->imm, 4, r[i->rt]);
            break;
        case OP_LBI_BI:
            ok = load_bi(cpu, i, 1, false, (uint32_t)i->imm);
            break;
        case OP_LBSI_BI:
            ok = load_bi(cpu, i, 1, true, (uint32_t)i->imm);
            break;
        case OP_LHI_BI:
            ok = load_bi(cpu, i, 2, false, (uint32_t)i->imm);
            break;
        case OP_LHSI_BI:
            ok = load_bi(cpu, i, 2, true, (uint32_t)i->imm);
            break;
        case OP_LWI_BI:
            ok = load_bi(cpu, i, 4, false, (uint32_t)i->imm);
            break;
        case OP_SBI_BI:
            ok = store_bi(cpu, i, 1, (uint32_t)i->imm);
            break;
        case OP_SHI_BI:
            ok = store_bi(cpu, i, 2, (uint32_t)i->imm);
            break;
        case OP_SWI_BI:
            ok = store_bi(cpu, i, 4, (uint32_t)i->imm);
            break;
        case OP_LB:
            ok = load_reg(cpu, i->rt, a + (b << i->sh), 1, false);
            break;
        case OP_LBS:
            ok = load_reg(cpu, i->rt, a + (b << i->sh), 1, true);
            break;
        case OP_LH:
            ok = load_reg(cpu, i->rt, a + (b << i->sh), 2, false);
            break;
        case OP_LHS:
            ok = load_reg(cpu, i->rt, a + (b << i->sh), 2, true);
            break;
        case OP_LW:
            ok = load_reg(cpu, i->rt, a + (b << i->sh), 4, false);
            break;
        case OP_SB:
            ok = store(cpu, a + (b << i->sh), 1, r[i->rt]);
            break;
        case OP_SH:
            ok = store(cpu, a + (b << i->sh), 2, r[i->rt]);
            break;
        case OP_SW:
            ok = store(cpu, a + (b << i->sh), 4, r[i->rt]);
            break;
        case OP_LB_BI:
            ok = load_bi(cpu, i, 1, false, b << i->sh);
            break;
        case OP_LBS_BI:
            ok = load_bi(cpu, i, 1, true, b << i->sh);
            break;
        case OP_LH_BI:
            ok = load_bi(cpu, i, 2, false, b << i->sh);
            break;
        case OP_LHS_BI:
            ok = load_bi(cpu, i, 2, true, b << i->sh);
            break;
        case OP_LW_BI:
            ok = load_bi(cpu, i, 4, false, b << i->sh);
            break;
        case OP_SB_BI:
            ok = store_bi(cpu, i, 1, b << i->sh);
            break;
        case OP_SH_BI:
            ok = store_bi(cpu, i, 2, b << i->sh);
            break;
        case OP_SW_BI:
            ok = store_bi(cpu, i, 4, b << i->sh);
            break;
        case OP_LMW:
        case OP_SMW:
            ok = load_store_many(cpu, i);
            break;
        case OP_PUSH25:
            ok = push25(cpu, i);
            break;
        case OP_POP25:
            ok = pop25(cpu, i);
            next = r[NDS32_LP];
            break;

        case OP_J:
            next = pc + (uint32_t)i->imm;
            break;
        case OP_JAL:
            r[NDS32_LP] = next;
            next = pc + (uint32_t)i->imm;
            break;
        case OP_BEQ:
            if (r[i->rt] == a)
                next = pc + (uint32_t)i->imm;
            break;
        case OP_BNE:
            if (r[i->rt] != a)
                next = pc + (uint32_t)i->imm;
            break;
        case OP_BEQZ:
            if (!r[i->rt])
                next = pc + (uint32_t)i->imm;
            break;
        case OP_BNEZ:
            if (r[i->rt])
                next = pc + (uint32_t)i->imm;
            break;
        case OP_BGEZ:
            if ((int32_t)r[i->rt] >= 0)
                next = pc + (uint32_t)i->imm;
            break;
        case OP_BLTZ:
            if ((int32_t)r[i->rt] < 0)
                next = pc + (uint32_t)i->imm;
            break;
        case OP_BGTZ:
            if ((int32_t)r[i->rt] > 0)
                next = pc + (uint32_t)i->imm;
            break;
        case OP_BLEZ:
            if ((int32_t)r[i->rt] <= 0)
                next = pc + (uint32_t)i->imm;
            break;
        case OP_BEQC:
            if ((int32_t)r[i->rt] == i->imm2)
                next = pc + (uint32_t)i->imm;
            break;
        case OP_BNEC:
            if ((int32_t)r[i->rt] != i->imm2)
                next = pc + (uint32_t)i->imm;
            break;
        case OP_JR:
            next = b;
            break;
        case OP_JRAL:
            r[i->rt] = next;
            next = b;
            break;

        case OP_MFSR:
            r[i->rt] = cpu->sr[i->imm];
            break;
        case OP_MTSR:
            cpu->sr[i->imm] = r[i->rt];
            break;
        case OP_MFUSR_PC:
            r[i->rt] = pc;
            break;
        case OP_MFUSR_ITB:
            r[i->rt] = cpu->itb;
            break;
        case OP_MTUSR_ITB:
            cpu->itb = r[i->rt];
            break;
        case OP_SETGIE:
            cpu->sr[NDS32_SR_PSW] &= ~NDS32_PSW_GIE;
            cpu->sr[NDS32_SR_PSW] |= i->imm ? NDS32_PSW_GIE : 0;
            break;
        case OP_BARRIER:
            break;
        case OP_BREAK:
            cpu->swid = (uint32_t)i->imm;
            return NDS32_BREAK;
        }
        if (!ok)
            return NDS32_FAULT;
    }
    cpu->pc = pc;
    cpu->instructions = n;
    return cpu->asked ? NDS32_ASKED : NDS32_BUDGET;
}

enum nds32_stop nds32_run(struct nds32 *cpu, uint64_t budget)
{
    cpu->asked = false;
    cpu->fault[0] = 0;
    cpu->limit = cpu->instructions + budget;
    if (cpu->limit < budget)
        cpu->limit = UINT64_MAX;
    return loop(cpu);
}

void nds32_stop(struct nds32 *cpu)
{
    cpu->asked = true;
    cpu->limit = cpu->instructions;
}

enum nds32_stop nds32_call(struct nds32 *cpu, uint32_t function, const uint32_t *args, size_t count,
                           uint64_t budget)
{
    for (size_t i = 0; i < count && i < 6; i++)
        cpu->r[i] = args[i];
    cpu->r[NDS32_LP] = cpu->halt;
    cpu->pc = function;
    return nds32_run(cpu, budget);
}
