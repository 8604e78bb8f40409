/* load.S - first instructions on the BL602.
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
    jal stub_load

    .balign 4
trap: /* an exception is a bug: hold still, the host notices */
    j trap

    .section .packed, "a"
    .global stub_packed
stub_packed:
    .incbin STUB_PACKED
