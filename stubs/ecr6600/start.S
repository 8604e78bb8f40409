/* start.S - first instructions on the ECR6600.
 *
 * The loader calls 0x10000 and is not returned to. There is no vector table: IVB
 * stays the loader's, interrupts stay off. */
    .section .start, "ax"
    .global _start
_start:
    j begin
    .ascii "PLUGFLASH" /* the mark of README.md, "Image"; pack fills it in */
    .byte 0, 0, 0
    .long 0, 0

begin:
    setgie.d
    dsb
    /* By hand: the linker shortens what follows to what $gp reaches. */
    sethi $gp, hi20(_SDA_BASE_)
    ori $gp, $gp, lo12(_SDA_BASE_)
    la $sp, stub_stack_top
    la $r0, stub_data_start
    la $r1, stub_data_end
    la $r2, stub_data_load
1:
    beq $r0, $r1, 2f
    lwi.bi $r3, [$r2], 4
    swi.bi $r3, [$r0], 4
    j 1b
2:
    la $r1, stub_bss_end /* .bss follows .data */
    movi $r3, 0
3:
    swi.bi $r3, [$r0], 4
    bne $r0, $r1, 3b
    jal main
4:
    j 4b
