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
    sethi $sp, hi20(stub_stack_top)
    ori $sp, $sp, lo12(stub_stack_top)
    j stub_load

    .section .packed, "a"
    .global stub_packed
stub_packed:
    .incbin STUB_PACKED
