/* start.S - first instructions on the BL602.
 *
 * The ROM jumps here on its RC oscillator, with its own vectors and interrupts on;
 * its return address leads into a loop. */
    .section .start, "ax"
    .global _start
    .option norelax
_start:
    .option push
    .option norvc
    j begin
    .option pop
    .ascii "PLUGFLASH" /* the mark of README.md, "Image"; pack fills it in */
    .byte 0, 0, 0
    .long 0, 0

begin:
    csrci mstatus, 8 /* MIE */
    la t0, trap
    csrw mtvec, t0
    la sp, stub_stack_top
    la gp, __global_pointer$
    la a0, stub_data_start
    la a1, stub_data_end
    la a2, stub_data_load
1:
    beq a0, a1, 2f
    lw a3, 0(a2)
    sw a3, 0(a0)
    addi a0, a0, 4
    addi a2, a2, 4
    j 1b
2:
    la a1, stub_bss_end /* .bss follows .data */
3:
    sw zero, 0(a0)
    addi a0, a0, 4
    bne a0, a1, 3b
    call main

    .balign 4
trap: /* an exception is a bug: hold still, the host notices */
    j trap
