/* nds32_insn.h - decoded NDS32 instructions. The 16-bit forms are decoded to the
 * 32-bit ones they abbreviate, so there are fewer operations than mnemonics. */
#ifndef EMU_NDS32_INSN_H
#define EMU_NDS32_INSN_H

#include <stdbool.h>
#include <stdint.h>

enum nds32_op {
    OP_NONE, /* not decoded yet */
    OP_UNDEFINED,

    /* rt = ra op rb, rb shifted by `sh` where the name says so */
    OP_ADD,
    OP_SUB,
    OP_AND,
    OP_XOR,
    OP_OR,
    OP_NOR,
    OP_SLT,
    OP_SLTS,
    OP_SLL,
    OP_SRL,
    OP_SRA,
    OP_ROTR,
    OP_BITC,
    OP_ADD_SLLI,
    OP_SUB_SLLI,
    OP_AND_SLLI,
    OP_XOR_SLLI,
    OP_OR_SLLI,
    OP_ADD_SRLI,
    OP_SUB_SRLI,
    OP_AND_SRLI,
    OP_XOR_SRLI,
    OP_OR_SRLI,
    OP_SVA,
    OP_SVS,
    OP_CMOVZ,
    OP_CMOVN,
    OP_MUL,
    OP_MULSR64,
    OP_MULR64,
    OP_MADDR32,
    OP_MSUBR32,
    OP_DIVSR, /* rt quotient, rd remainder */
    OP_DIVR,
    OP_MAX,
    OP_MIN,
    OP_AVE,

    /* rt = op ra, or ra op imm */
    OP_SEB,
    OP_SEH,
    OP_ZEH,
    OP_WSBH,
    OP_ABS,
    OP_CLO,
    OP_CLZ,
    OP_SLLI,
    OP_SRLI,
    OP_SRAI,
    OP_ROTRI,
    OP_CLIPS,
    OP_CLIP,
    OP_BSET,
    OP_BCLR,
    OP_BTGL,
    OP_BTST,
    OP_ADDI,
    OP_SUBRI,
    OP_ANDI,
    OP_XORI,
    OP_ORI,
    OP_SLTI,
    OP_SLTSI,
    OP_BITCI,
    OP_MOVI, /* sethi too */
    OP_MOVD,
    OP_ADD_PC,

    /* [ra + imm] */
    OP_LBI,
    OP_LBSI,
    OP_LHI,
    OP_LHSI,
    OP_LWI,
    OP_SBI,
    OP_SHI,
    OP_SWI,
    /* [ra], ra += imm */
    OP_LBI_BI,
    OP_LBSI_BI,
    OP_LHI_BI,
    OP_LHSI_BI,
    OP_LWI_BI,
    OP_SBI_BI,
    OP_SHI_BI,
    OP_SWI_BI,
    /* [ra + (rb << sh)] */
    OP_LB,
    OP_LBS,
    OP_LH,
    OP_LHS,
    OP_LW,
    OP_SB,
    OP_SH,
    OP_SW,
    /* [ra], ra += rb << sh */
    OP_LB_BI,
    OP_LBS_BI,
    OP_LH_BI,
    OP_LHS_BI,
    OP_LW_BI,
    OP_SB_BI,
    OP_SH_BI,
    OP_SW_BI,

    OP_LMW, /* imm: the registers as a mask, sh: mode as in the instruction */
    OP_SMW,
    OP_PUSH25, /* imm: the registers as a mask, sh: units of eight bytes */
    OP_POP25,

    /* imm: distance from this instruction */
    OP_J,
    OP_JAL,
    OP_BEQ,
    OP_BNE,
    OP_BEQZ,
    OP_BNEZ,
    OP_BGEZ,
    OP_BLTZ,
    OP_BGTZ,
    OP_BLEZ,
    OP_BEQC, /* constant in `imm2` */
    OP_BNEC,
    OP_JR, /* ret too */
    OP_JRAL,

    OP_MFSR, /* imm: number */
    OP_MTSR,
    OP_MFUSR_PC,
    OP_MFUSR_ITB,
    OP_MTUSR_ITB,
    OP_SETGIE, /* imm: the bit */
    OP_BARRIER,
    OP_BREAK, /* imm: number */
    OP_TRAP,
    OP_SYSCALL,
};

struct nds32_insn {
    uint8_t op, size;
    uint8_t rt, ra, rb, rd, sh;
    int16_t imm2;
    int32_t imm;
};

/* Decode the instruction whose bytes, big-endian, are the high half of `word` or all of
 * it. What is unknown becomes OP_UNDEFINED with its size right. */
struct nds32_insn nds32_decode(uint32_t word);

static inline unsigned nds32_insn_size(uint32_t word)
{
    return word >> 31 ? 2 : 4;
}

#endif
