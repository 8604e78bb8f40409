/* bl602_soc.h - an emulated BL602 as a RAM image finds it, written from reference
 * bl602 (10, 11) alone; section numbers are those of that page.
 *
 * Modelled: TCM/OCRAM with its aliases, clock tree and PLL, block and system
 * resets, pins as far as UART0 and the flash need them, UART0 with auto-baud, the SPI flash
 * controller (SAHB commands, IAHB window), L1C, mtime, watchdog, fuses, the SHA
 * engine (bl602_sha.h). No interrupts, no UART1, rest of SEC_ENG, DMA, PWM, ADC, HBN
 * sleep, GPIO levels; touching what is not modelled is a complaint.
 *
 * Assumptions, where the reference is silent:
 *   - one instruction is one cycle, an access outside RAM BL602_IO_CYCLES more;
 *   - FCLK is the root clock, the CPU runs at HCLK; BCLK is at most 96 MHz, half of the
 *     fastest CPU, as on the vendor's own board (bouffalo_sdk:bsp/board/bl602dk/board.c);
 *   - the crystal is up BL602_XTAL_US after it was powered;
 *   - a PLL that was not started in the order of 11.8 never locks, and a CPU that is
 *     switched to it stops; its frequencies follow crystal and SDMIN;
 *   - the UART loses the newest byte when its FIFO is full, ABR_EN keeps bytes out of it;
 *   - fuses are ored into the window, so it must have been zeroed;
 *   - one 4 KiB of the first 16 is lost with each cache way that is enabled;
 *   - code runs in the 0x2... and 0x3... aliases only. */
#ifndef EMU_BL602_SOC_H
#define EMU_BL602_SOC_H

#include "emu/bl602_sha.h"
#include "emu/rv32.h"
#include "emu/soc.h"
#include "emu/uart_fifo.h"

#define BL602_SOC_RAM      0x22008000u
#define BL602_SOC_RAM_SIZE 0x44000u
#define BL602_SOC_FIFO     32u
#define BL602_SOC_REGS     0x11000u
#define BL602_IO_CYCLES    10u
#define BL602_XTAL_US      500u

/* Where the start of the PLL stands (11.8). */
enum bl602_pll {
    BL602_PLL_OFF,
    BL602_PLL_SFREG, /* bit 9 */
    BL602_PLL_ON,    /* bit 10 */
    BL602_PLL_PARTS, /* bits 8, 7, 5, 4 */
    BL602_PLL_SDM,   /* bit 0 */
    BL602_PLL_FBDV,  /* bit 2 */
    BL602_PLL_FBDV_DONE,
    BL602_PLL_STARTED, /* locks 55 us later */
    BL602_PLL_SPOILED,
};

struct bl602_soc {
    struct emu_board board;
    struct emu_complaints complaints;
    enum emu_end end;
    uint64_t end_ps;

    struct rv32 cpu;
    uint8_t *ram; /* owned */
    struct emu_clock clock;
    uint32_t xtal_hz;

    uint32_t reg[BL602_SOC_REGS / 4];
    uint8_t known[BL602_SOC_REGS / 4]; /* which row of the table, from 1; 0: none */
    bool checked_irqs;

    /* clocks */
    uint32_t root_hz, cpu_hz, bclk_hz, uart_hz, sf_hz;
    uint32_t hclk_div, bclk_div; /* as they were taken over */
    enum bl602_pll pll;
    uint64_t pll_ps, xtal_ps; /* of the last step; when it is up, 0: off */
    struct emu_counter mtime;
    uint32_t mtimecmp[2];

    /* UART0 */
    struct uart_fifo uart;
    bool uart_unheard; /* complained about pins */
    uint32_t uart_int; /* latched: 1, 4, 6 */
    uint64_t uart_heard;
    uint32_t uart_abr;

    /* SPI flash */
    uint64_t sf_busy;
    uint8_t sf_buf[256];

    /* watchdog */
    struct emu_counter wdt;
    unsigned wdt_unlock;

    /* fuses */
    uint8_t fuse[128];
    uint64_t fuse_ps; /* loading until then; 0: not begun */
    bool fuse_loaded;

    struct bl602_sha sha;
};

/* A chip at 1A (run_image): `image` was loaded to `load`. `ps`: now. False: no memory, or
 * the image does not lie in RAM. */
bool bl602_soc_init(struct bl602_soc *c, const struct emu_board *board, uint32_t xtal_hz,
                    uint64_t ps, const uint8_t *image, size_t len, uint32_t load, uint32_t entry);
void bl602_soc_fini(struct bl602_soc *c);

/* Let the CPU run until `ps` or a little beyond, or until it ends. */
void bl602_soc_run(struct bl602_soc *c, uint64_t ps);
uint64_t bl602_soc_ps(const struct bl602_soc *c);

/* A byte is complete at the RX pin; `baud` 0: at whatever rate it listens. */
void bl602_soc_pin(struct bl602_soc *c, uint64_t ps, uint32_t baud, uint8_t byte);

/* What the CPU's loads and stores outside RAM do; for tests of registers. */
uint32_t bl602_soc_read(struct bl602_soc *c, uint32_t addr, unsigned size);
void bl602_soc_write(struct bl602_soc *c, uint32_t addr, unsigned size, uint32_t value);

#endif
