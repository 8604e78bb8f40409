/* start.S - first instructions of the program on the ECR6600; the stack is load.S's. */
    .section .start, "ax"
    .global _start
_start:
    /* By hand: the linker shortens what follows to what $gp reaches. */
    sethi $gp, hi20(_SDA_BASE_)
    ori $gp, $gp, lo12(_SDA_BASE_)
    la $r0, stub_bss_start
    la $r1, stub_bss_end
    movi $r3, 0
1:
    swi.bi $r3, [$r0], 4
    bne $r0, $r1, 1b
    jal main
2:
    j 2b
