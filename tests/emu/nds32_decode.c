/* nds32_decode.c - NDS32 instruction words into struct nds32_insn.
 *
 * A 32-bit word is 0, op6, then by format: rt 5, ra 5, rb 5, rd 5, sub 5; or an
 * immediate in place of the last of them. A 16-bit one is 1 and fifteen bits with
 * names like 45 and 333: how many bits its registers or constants have. */
#include "emu/nds32_insn.h"

#include "emu/nds32.h"

static uint32_t field(uint32_t word, unsigned low, unsigned bits)
{
    return word >> low & ((1u << bits) - 1);
}

static int32_t sfield(uint32_t word, unsigned low, unsigned bits)
{
    uint32_t sign = 1u << (bits - 1);

    return (int32_t)((field(word, low, bits) ^ sign) - sign);
}

static struct nds32_insn undefined(struct nds32_insn i)
{
    return (struct nds32_insn){.op = OP_UNDEFINED, .size = i.size};
}

/* rt, ra, rb and rd are there already, in all of these. */

static struct nds32_insn plain(struct nds32_insn i, enum nds32_op op)
{
    i.op = (uint8_t)op;
    return i;
}

static struct nds32_insn with_imm(struct nds32_insn i, enum nds32_op op, int32_t imm)
{
    i.op = (uint8_t)op;
    i.imm = imm;
    return i;
}

static struct nds32_insn based(struct nds32_insn i, enum nds32_op op, unsigned ra, int32_t imm)
{
    i.ra = (uint8_t)ra;
    return with_imm(i, op, imm);
}

/* ---- 32 bits ---- */

static struct nds32_insn alu1(struct nds32_insn i, uint32_t word)
{
    enum what { NONE, THREE, SHIFTED, IMMEDIATE, TWO, FOUR };
    static const struct {
        uint8_t op, what;
    } table[32] = {
        {OP_ADD, THREE},        {OP_SUB, THREE},        {OP_AND, THREE},
        {OP_XOR, THREE},        {OP_OR, THREE},         {OP_NOR, THREE},
        {OP_SLT, THREE},        {OP_SLTS, THREE},       {OP_SLLI, IMMEDIATE},
        {OP_SRLI, IMMEDIATE},   {OP_SRAI, IMMEDIATE},   {OP_ROTRI, IMMEDIATE},
        {OP_SLL, THREE},        {OP_SRL, THREE},        {OP_SRA, THREE},
        {OP_ROTR, THREE},       {OP_SEB, TWO},          {OP_SEH, TWO},
        {OP_BITC, THREE},       {OP_ZEH, TWO},          {OP_WSBH, TWO},
        {OP_OR_SRLI, SHIFTED},  {OP_DIVSR, FOUR},       {OP_DIVR, FOUR},
        {OP_SVA, THREE},        {OP_SVS, THREE},        {OP_CMOVZ, THREE},
        {OP_CMOVN, THREE},      {OP_ADD_SRLI, SHIFTED}, {OP_SUB_SRLI, SHIFTED},
        {OP_AND_SRLI, SHIFTED}, {OP_XOR_SRLI, SHIFTED},
    };
    static const uint8_t slli[] = {OP_ADD_SLLI, OP_SUB_SLLI, OP_AND_SLLI, OP_XOR_SLLI, OP_OR_SLLI};
    unsigned sub = field(word, 0, 5);
    enum what what = table[sub].what;

    i.op = table[sub].op;
    i.sh = i.rd;
    if (what == THREE && sub < sizeof(slli) && i.sh)
        i.op = slli[sub];
    else if (what != SHIFTED && what != FOUR && i.rd)
        return undefined(i);
    if (what == TWO && i.rb)
        return undefined(i);
    i.imm = i.rb;
    return i;
}

static struct nds32_insn usr(struct nds32_insn i, uint32_t word, bool read)
{
    switch (field(word, 10, 10)) {
    case 31 << 5:
        return read ? plain(i, OP_MFUSR_PC) : undefined(i);
    case 28 << 5:
        return plain(i, read ? OP_MFUSR_ITB : OP_MTUSR_ITB);
    default:
        return undefined(i);
    }
}

static struct nds32_insn alu2(struct nds32_insn i, uint32_t word)
{
    switch (field(word, 0, 10)) {
    case 0x00:
        return plain(i, OP_MAX);
    case 0x01:
        return plain(i, OP_MIN);
    case 0x02:
        return plain(i, OP_AVE);
    case 0x03:
        return i.rb ? undefined(i) : plain(i, OP_ABS);
    case 0x04:
        return with_imm(i, OP_CLIPS, i.rb);
    case 0x05:
        return with_imm(i, OP_CLIP, i.rb);
    case 0x06:
        return i.rb ? undefined(i) : plain(i, OP_CLO);
    case 0x07:
        return i.rb ? undefined(i) : plain(i, OP_CLZ);
    case 0x08:
        return with_imm(i, OP_BSET, i.rb);
    case 0x09:
        return with_imm(i, OP_BCLR, i.rb);
    case 0x0a:
        return with_imm(i, OP_BTGL, i.rb);
    case 0x0b:
        return with_imm(i, OP_BTST, i.rb);
    case 0x20:
        return usr(i, word, true);
    case 0x21:
        return usr(i, word, false);
    case 0x24:
        return plain(i, OP_MUL);
    case 0x68:
        return i.rt & 1 ? undefined(i) : plain(i, OP_MULSR64);
    case 0x69:
        return i.rt & 1 ? undefined(i) : plain(i, OP_MULR64);
    case 0x73:
        return plain(i, OP_MADDR32);
    case 0x75:
        return plain(i, OP_MSUBR32);
    default:
        return undefined(i);
    }
}

static struct nds32_insn mem(struct nds32_insn i, uint32_t word)
{
    static const uint8_t table[32] = {
        [0x00] = OP_LB,    [0x01] = OP_LH,    [0x02] = OP_LW,     [0x04] = OP_LB_BI,
        [0x05] = OP_LH_BI, [0x06] = OP_LW_BI, [0x08] = OP_SB,     [0x09] = OP_SH,
        [0x0a] = OP_SW,    [0x0c] = OP_SB_BI, [0x0d] = OP_SH_BI,  [0x0e] = OP_SW_BI,
        [0x10] = OP_LBS,   [0x11] = OP_LHS,   [0x14] = OP_LBS_BI, [0x15] = OP_LHS_BI,
    };
    unsigned sub = field(word, 0, 8);

    if (sub >= sizeof(table) || !table[sub])
        return undefined(i);
    i.sh = (uint8_t)field(word, 8, 2);
    return plain(i, table[sub]);
}

/* lmw and smw. Modes: bit 0 update, bit 1 downwards, bit 2 beside the base. */
static struct nds32_insn lsmw(struct nds32_insn i, uint32_t word)
{
    unsigned first = i.rt, last = i.rb;
    uint32_t mask = 0;

    if (field(word, 0, 2))
        return undefined(i);
    if (first != NDS32_SP || last != NDS32_SP) {
        if (first > last || last >= NDS32_FP)
            return undefined(i);
        for (unsigned r = first; r <= last; r++)
            mask |= 1u << r;
    }
    for (unsigned r = 0; r < 4; r++)
        if (field(word, 9 - r, 1))
            mask |= 1u << (NDS32_FP + r);
    i.sh = (uint8_t)field(word, 2, 3);
    if (!mask || (i.sh & 1 && mask >> i.ra & 1))
        return undefined(i);
    return with_imm(i, field(word, 5, 1) ? OP_SMW : OP_LMW, (int32_t)mask);
}

static struct nds32_insn gp_half_word(struct nds32_insn i, uint32_t word)
{
    switch (field(word, 17, 3)) {
    case 0:
    case 1:
        return based(i, OP_LHI, NDS32_GP, sfield(word, 0, 18) * 2);
    case 2:
    case 3:
        return based(i, OP_LHSI, NDS32_GP, sfield(word, 0, 18) * 2);
    case 4:
    case 5:
        return based(i, OP_SHI, NDS32_GP, sfield(word, 0, 18) * 2);
    case 6:
        return based(i, OP_LWI, NDS32_GP, sfield(word, 0, 17) * 4);
    default:
        return based(i, OP_SWI, NDS32_GP, sfield(word, 0, 17) * 4);
    }
}

static struct nds32_insn jreg(struct nds32_insn i, uint32_t word)
{
    unsigned sub = field(word, 0, 10); /* with the hint ret, without iton and toff */

    if (i.ra)
        return undefined(i);
    if (sub == 1)
        return plain(i, OP_JRAL);
    if (!i.rt && (sub == 0x00 || sub == 0x20))
        return plain(i, OP_JR);
    return undefined(i);
}

static struct nds32_insn br2(struct nds32_insn i, uint32_t word)
{
    static const uint8_t table[16] = {
        [2] = OP_BEQZ, [3] = OP_BNEZ, [4] = OP_BGEZ, [5] = OP_BLTZ, [6] = OP_BGTZ, [7] = OP_BLEZ};
    uint8_t op = table[field(word, 16, 4)];

    return op ? with_imm(i, op, sfield(word, 0, 16) * 2) : undefined(i);
}

static struct nds32_insn mtsr(struct nds32_insn i, uint32_t word)
{
    uint32_t sr = field(word, 10, 10);

    if (!i.rd)
        return with_imm(i, OP_MTSR, (int32_t)sr);
    if (i.rd == 2 && sr == NDS32_SR_PSW && i.rt < 2)
        return with_imm(i, OP_SETGIE, i.rt);
    return undefined(i);
}

static struct nds32_insn misc(struct nds32_insn i, uint32_t word)
{
    int32_t swid = (int32_t)field(word, 5, 15);

    switch (field(word, 0, 5)) {
    case 0x02:
        return i.rd ? undefined(i) : with_imm(i, OP_MFSR, (int32_t)field(word, 10, 10));
    case 0x03:
        return mtsr(i, word);
    case 0x05:
        return i.rt ? undefined(i) : with_imm(i, OP_TRAP, swid);
    case 0x0a:
        return i.rt ? undefined(i) : with_imm(i, OP_BREAK, swid);
    case 0x0b:
        return i.rt ? undefined(i) : with_imm(i, OP_SYSCALL, swid);
    case 0x08: /* dsb */
    case 0x09: /* isb */
        return field(word, 5, 20) ? undefined(i) : plain(i, OP_BARRIER);
    case 0x0c: /* msync all, msync store */
        return field(word, 5, 20) > 1 ? undefined(i) : plain(i, OP_BARRIER);
    case 0x0d: /* isync */
        return field(word, 5, 15) ? undefined(i) : plain(i, OP_BARRIER);
    default:
        return undefined(i);
    }
}

static struct nds32_insn decode32(uint32_t word)
{
    struct nds32_insn i = {
        .size = 4,
        .rt = (uint8_t)field(word, 20, 5),
        .ra = (uint8_t)field(word, 15, 5),
        .rb = (uint8_t)field(word, 10, 5),
        .rd = (uint8_t)field(word, 5, 5),
    };
    int32_t imm = sfield(word, 0, 15), uimm = (int32_t)field(word, 0, 15);

    switch (field(word, 25, 6)) {
    case 0x00:
        return with_imm(i, OP_LBI, imm);
    case 0x01:
        return with_imm(i, OP_LHI, imm * 2);
    case 0x02:
        return with_imm(i, OP_LWI, imm * 4);
    case 0x04:
        return with_imm(i, OP_LBI_BI, imm);
    case 0x05:
        return with_imm(i, OP_LHI_BI, imm * 2);
    case 0x06:
        return with_imm(i, OP_LWI_BI, imm * 4);
    case 0x08:
        return with_imm(i, OP_SBI, imm);
    case 0x09:
        return with_imm(i, OP_SHI, imm * 2);
    case 0x0a:
        return with_imm(i, OP_SWI, imm * 4);
    case 0x0c:
        return with_imm(i, OP_SBI_BI, imm);
    case 0x0d:
        return with_imm(i, OP_SHI_BI, imm * 2);
    case 0x0e:
        return with_imm(i, OP_SWI_BI, imm * 4);
    case 0x10:
        return with_imm(i, OP_LBSI, imm);
    case 0x11:
        return with_imm(i, OP_LHSI, imm * 2);
    case 0x14:
        return with_imm(i, OP_LBSI_BI, imm);
    case 0x15:
        return with_imm(i, OP_LHSI_BI, imm * 2);
    case 0x17:
        return based(i, field(word, 19, 1) ? OP_LBSI : OP_LBI, NDS32_GP, sfield(word, 0, 19));
    case 0x1c:
        return mem(i, word);
    case 0x1d:
        return lsmw(i, word);
    case 0x1e:
        return gp_half_word(i, word);
    case 0x1f:
        return based(i, field(word, 19, 1) ? OP_ADDI : OP_SBI, NDS32_GP, sfield(word, 0, 19));
    case 0x20:
        return alu1(i, word);
    case 0x21:
        return alu2(i, word);
    case 0x22:
        return with_imm(i, OP_MOVI, sfield(word, 0, 20));
    case 0x23:
        return with_imm(i, OP_MOVI, (int32_t)(word << 12));
    case 0x24:
        return with_imm(i, field(word, 24, 1) ? OP_JAL : OP_J, sfield(word, 0, 24) * 2);
    case 0x25:
        return jreg(i, word);
    case 0x26:
        return with_imm(i, field(word, 14, 1) ? OP_BNE : OP_BEQ, sfield(word, 0, 14) * 2);
    case 0x27:
        return br2(i, word);
    case 0x28:
        return with_imm(i, OP_ADDI, imm);
    case 0x29:
        return with_imm(i, OP_SUBRI, imm);
    case 0x2a:
        return with_imm(i, OP_ANDI, uimm);
    case 0x2b:
        return with_imm(i, OP_XORI, uimm);
    case 0x2c:
        return with_imm(i, OP_ORI, uimm);
    case 0x2d:
        i.imm2 = (int16_t)sfield(word, 8, 11);
        return with_imm(i, field(word, 19, 1) ? OP_BNEC : OP_BEQC, sfield(word, 0, 8) * 2);
    case 0x2e:
        return with_imm(i, OP_SLTI, imm);
    case 0x2f:
        return with_imm(i, OP_SLTSI, imm);
    case 0x32:
        return misc(i, word);
    case 0x33:
        return with_imm(i, OP_BITCI, uimm);
    default:
        return undefined(i);
    }
}

/* ---- 16 bits ---- */

static struct nds32_insn short_insn(enum nds32_op op, unsigned rt, unsigned ra, unsigned rb,
                                    int32_t imm)
{
    return (struct nds32_insn){
        .op = (uint8_t)op,
        .size = 2,
        .rt = (uint8_t)rt,
        .ra = (uint8_t)ra,
        .rb = (uint8_t)rb,
        .imm = imm,
    };
}

static struct nds32_insn short_undefined(void)
{
    return short_insn(OP_UNDEFINED, 0, 0, 0, 0);
}

/* Four bits name r0 to r11 and r16 to r19. */
static unsigned reg4(uint32_t half)
{
    unsigned r = field(half, 5, 4);

    return r < 12 ? r : r + 4;
}

/* bits 14 to 9: 0x0b. zeb33 and its like */
static struct nds32_insn bit_field(uint32_t half)
{
    unsigned rt = field(half, 6, 3), ra = field(half, 3, 3);

    switch (field(half, 0, 3)) {
    case 0:
        return short_insn(OP_ANDI, rt, ra, 0, 0xff);
    case 1:
        return short_insn(OP_ZEH, rt, ra, 0, 0);
    case 2:
        return short_insn(OP_SEB, rt, ra, 0, 0);
    case 3:
        return short_insn(OP_SEH, rt, ra, 0, 0);
    case 4: /* xlsb33 */
        return short_insn(OP_ANDI, rt, ra, 0, 1);
    case 5: /* x11b33 */
        return short_insn(OP_ANDI, rt, ra, 0, 0x7ff);
    case 6: /* bmski33: bit */
        return short_insn(OP_ANDI, rt, rt, 0, 1 << ra);
    default: /* fexti33: bits up to this one */
        return short_insn(OP_ANDI, rt, rt, 0, (2 << ra) - 1);
    }
}

/* bits 14 to 9: 0x3f. neg33 and its like */
static struct nds32_insn misc33(uint32_t half)
{
    unsigned rt = field(half, 6, 3), ra = field(half, 3, 3);

    switch (field(half, 0, 3)) {
    case 2:
        return short_insn(OP_SUBRI, rt, ra, 0, 0);
    case 3:
        return short_insn(OP_NOR, rt, ra, ra, 0);
    case 4:
        return short_insn(OP_MUL, rt, rt, ra, 0);
    case 5:
        return short_insn(OP_XOR, rt, rt, ra, 0);
    case 6:
        return short_insn(OP_AND, rt, rt, ra, 0);
    case 7:
        return short_insn(OP_OR, rt, rt, ra, 0);
    default:
        return short_undefined();
    }
}

static struct nds32_insn jump5(uint32_t half)
{
    unsigned reg = field(half, 0, 5);

    switch (field(half, 5, 3)) {
    case 0: /* jr5 */
    case 4: /* ret5 */
        return short_insn(OP_JR, 0, 0, reg, 0);
    case 1:
        return short_insn(OP_JRAL, NDS32_LP, 0, reg, 0);
    case 5:
        return short_insn(OP_ADD_PC, reg, reg, 0, 0);
    default:
        return short_undefined();
    }
}

static struct nds32_insn push_pop(uint32_t half)
{
    static const uint8_t last[] = {6, 8, 10, 14};
    uint32_t mask = 1u << NDS32_FP | 1u << NDS32_GP | 1u << NDS32_LP;
    struct nds32_insn i;

    for (unsigned r = 6; r <= last[field(half, 5, 2)]; r++)
        mask |= 1u << r;
    i = short_insn(field(half, 7, 1) ? OP_POP25 : OP_PUSH25, 0, 0, 0, (int32_t)mask);
    i.sh = (uint8_t)field(half, 0, 5);
    return i;
}

/* 0xc000 to 0xdfff: branches on r0 to r7, of which comparing r5 with itself is other things */
static struct nds32_insn branch38(uint32_t half)
{
    unsigned reg = field(half, 8, 3);
    int32_t to = sfield(half, 0, 8) * 2;

    switch (field(half, 11, 2)) {
    case 0:
        return short_insn(OP_BEQZ, reg, 0, 0, to);
    case 1:
        return short_insn(OP_BNEZ, reg, 0, 0, to);
    case 2:
        if (reg == NDS32_R5)
            return short_insn(OP_J, 0, 0, 0, to);
        return short_insn(OP_BEQ, reg, NDS32_R5, 0, to);
    default:
        if (reg == NDS32_R5)
            return jump5(half);
        return short_insn(OP_BNE, reg, NDS32_R5, 0, to);
    }
}

/* 0x8000 to 0xbfff, by bits 13 to 9 */
static struct nds32_insn low_half(uint32_t half)
{
    unsigned rt = field(half, 6, 3), ra = field(half, 3, 3), rb = field(half, 0, 3);
    unsigned r5 = field(half, 5, 5), ra5 = field(half, 0, 5), r4 = reg4(half);
    unsigned r38 = field(half, 8, 3);
    int32_t rb_imm = (int32_t)rb, imm5 = (int32_t)ra5, imm7 = (int32_t)field(half, 0, 7) * 4;

    switch (field(half, 9, 5)) {
    case 0x00:
    case 0x01: /* mov55; sp to sp is ifret16 */
        if (r5 == NDS32_SP && ra5 == NDS32_SP)
            return short_undefined();
        return short_insn(OP_ORI, r5, ra5, 0, 0);
    case 0x02:
    case 0x03:
        return short_insn(OP_MOVI, r5, 0, 0, sfield(half, 0, 5));
    case 0x04:
        return short_insn(OP_ADD, r4, r4, ra5, 0);
    case 0x05:
        return short_insn(OP_SUB, r4, r4, ra5, 0);
    case 0x06:
        return short_insn(OP_ADDI, r4, r4, 0, imm5);
    case 0x07:
        return short_insn(OP_ADDI, r4, r4, 0, -imm5);
    case 0x08:
        return short_insn(OP_SRAI, r4, r4, 0, imm5);
    case 0x09:
        return short_insn(OP_SRLI, r4, r4, 0, imm5);
    case 0x0a:
        return short_insn(OP_SLLI, rt, ra, 0, rb_imm);
    case 0x0b:
        return bit_field(half);
    case 0x0c:
        return short_insn(OP_ADD, rt, ra, rb, 0);
    case 0x0d:
        return short_insn(OP_SUB, rt, ra, rb, 0);
    case 0x0e:
        return short_insn(OP_ADDI, rt, ra, 0, rb_imm);
    case 0x0f:
        return short_insn(OP_ADDI, rt, ra, 0, -rb_imm);
    case 0x10:
        return short_insn(OP_LWI, rt, ra, 0, rb_imm * 4);
    case 0x11:
        return short_insn(OP_LWI_BI, rt, ra, 0, rb_imm * 4);
    case 0x12:
        return short_insn(OP_LHI, rt, ra, 0, rb_imm * 2);
    case 0x13:
        return short_insn(OP_LBI, rt, ra, 0, rb_imm);
    case 0x14:
        return short_insn(OP_SWI, rt, ra, 0, rb_imm * 4);
    case 0x15:
        return short_insn(OP_SWI_BI, rt, ra, 0, rb_imm * 4);
    case 0x16:
        return short_insn(OP_SHI, rt, ra, 0, rb_imm * 2);
    case 0x17:
        return short_insn(OP_SBI, rt, ra, 0, rb_imm);
    case 0x18: /* addri36.sp */
        return short_insn(OP_ADDI, rt, NDS32_SP, 0, (int32_t)field(half, 0, 6) * 4);
    case 0x19: /* lwi45.fe: words below the function's entry, which push25 keeps in r8 */
        return short_insn(OP_LWI, r4, NDS32_R8, 0, imm5 * 4 - 128);
    case 0x1a:
        return short_insn(OP_LWI, r4, ra5, 0, 0);
    case 0x1b:
        return short_insn(OP_SWI, r4, ra5, 0, 0);
    default: /* 0x1c to 0x1f */
        return short_insn(field(half, 7, 1) ? OP_SWI : OP_LWI, r38, NDS32_FP, 0, imm7);
    }
}

/* 0xe000 to 0xffff, by bits 12 to 9 */
static struct nds32_insn high_half(uint32_t half)
{
    unsigned ra5 = field(half, 0, 5), r4 = reg4(half), r38 = field(half, 8, 3);
    unsigned rt5e = field(half, 4, 4) * 2, ra5e = field(half, 0, 4) * 2;
    int32_t imm5 = (int32_t)ra5, imm7 = (int32_t)field(half, 0, 7) * 4;
    int32_t to = sfield(half, 0, 8) * 2;

    switch (field(half, 9, 4)) {
    case 0x0:
        return short_insn(OP_SLTS, NDS32_TA, r4, ra5, 0);
    case 0x1:
        return short_insn(OP_SLT, NDS32_TA, r4, ra5, 0);
    case 0x2:
        return short_insn(OP_SLTSI, NDS32_TA, r4, 0, imm5);
    case 0x3:
        return short_insn(OP_SLTI, NDS32_TA, r4, 0, imm5);
    case 0x4:
        return short_insn(field(half, 8, 1) ? OP_BNEZ : OP_BEQZ, NDS32_TA, 0, 0, to);
    case 0x5: /* break16; larger numbers are ex9.it */
        if (field(half, 5, 4))
            return short_undefined();
        return short_insn(OP_BREAK, 0, 0, 0, imm5);
    case 0x6:
    case 0x7: /* addi10.sp */
        return short_insn(OP_ADDI, NDS32_SP, NDS32_SP, 0, sfield(half, 0, 10));
    case 0x8:
    case 0x9:
    case 0xa:
    case 0xb:
        return short_insn(field(half, 7, 1) ? OP_SWI : OP_LWI, r38, NDS32_SP, 0, imm7);
    case 0xd: /* movpi45 */
        return short_insn(OP_MOVI, r4, 0, 0, imm5 + 16);
    case 0xe:
        if (field(half, 8, 1))
            return short_insn(OP_MOVD, rt5e, ra5e, 0, 0);
        return push_pop(half);
    case 0xf:
        return misc33(half);
    default: /* 0xc: ifcall9 */
        return short_undefined();
    }
}

struct nds32_insn nds32_decode(uint32_t word)
{
    uint32_t half = word >> 16;

    if (nds32_insn_size(word) == 4)
        return decode32(word);
    switch (field(half, 13, 2)) {
    case 2:
        return branch38(half);
    case 3:
        return high_half(half);
    default:
        return low_half(half);
    }
}
