/* load.S - first instructions on the ECR6600.
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
    /* Memory for data is dark until its clock is on (IRAM0, IRAM1: bits 26 and 27). */
    sethi $r0, hi20(0x20200c)
    lwi $r1, [$r0 + lo12(0x20200c)]
    sethi $r2, hi20(0x0c000000)
    or $r1, $r1, $r2
    swi $r1, [$r0 + lo12(0x20200c)]
    sethi $sp, hi20(stub_stack_top)
    ori $sp, $sp, lo12(stub_stack_top)
    j stub_load

    .section .packed, "a"
    .global stub_packed
stub_packed:
    .incbin STUB_PACKED
