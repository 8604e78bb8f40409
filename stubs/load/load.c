/* load.c - what the chip's boot loader starts: unpacks the program and goes there. */
#ifndef __riscv
#include "ecr6600/clock.c"
#include "ecr6600/fuse.c"
#include "ecr6600/time.c"
#endif
#include "load/unpack.c" /* as one, so that what this chip does not need is left out */

/* Where the program's linker put them; what is packed is behind this, see load.S. */
extern uint8_t stub_program[], stub_program_end[];
extern struct unpack stub_bss_start;
extern const uint8_t stub_packed[];

__attribute__((externally_visible, noreturn)) void stub_load(void);

void stub_load(void)
{
    struct unpack *u = &stub_bss_start;

    __asm__("" : "+r"(u)); /* a register, not an address said again and again */
#ifdef __riscv
    stub_unpack(u, UNPACK_RV32, stub_packed, stub_program,
                (uint32_t)(stub_program_end - stub_program));
    __asm__ volatile("fence.i" ::: "memory");
#else
    /* The boot loader's last byte is still on its way out, and needs the clock as it is. */
    for (uint32_t patience = 200000; patience && !(UART_LSR & UART_LSR_TEMT); patience--)
        ;
    chip_time_init();
    chip_clock_init(); /* a crystal's 26 MHz would be slow */
    stub_unpack(u, UNPACK_NDS32, stub_packed, stub_program,
                (uint32_t)(stub_program_end - stub_program));
    __asm__ volatile("isb" ::: "memory");
#endif
    ((void (*)(void))(void *)stub_program)();
    __builtin_unreachable();
}
