/* start.S - first instructions of the program on the BL602; the stack is load.S's. */
    .section .start, "ax"
    .global _start
_start:
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    la a0, stub_bss_start
    la a1, stub_bss_end
1:
    sw zero, 0(a0)
    addi a0, a0, 4
    bne a0, a1, 1b
    call main
2:
    j 2b
