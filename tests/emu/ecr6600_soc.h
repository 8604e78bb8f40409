/* ecr6600_soc.h - an emulated ECR6600 as a RAM image finds it, written from
 * reference ecr6600 (5) alone; section numbers are those of that page.
 *
 * Modelled: ILM, DLM, IRAM behind its clocks; clock tree and PLL, clock enables, pin
 * mux as far as UART0 and the flash need it, UART0, PIT0/1, SPI0 with FIFOs, the flash
 * window, watchdog, fuses, and of the mask ROM flash_boot(0) only. Registers of AON, GPIO
 * and pads are storage. No interrupts, no UART1/2, HASH, ECC, AES, DMA, radio, PCU,
 * RTC; touching what is not modelled is a complaint.
 *
 * Assumptions, where the reference is silent:
 *   - one instruction is one cycle, an access outside RAM ECR_IO_CYCLES more;
 *   - the loader leaves the CPU on the crystal, undivided, with just the clocks 5.3 names: SMU,
 *     UART0, PIT1, and IRAM0 if it is uboot, which runs there;
 *   - AHB is CPU/2 and APB CPU/4 at any clock; the fast clocks need their bit of 202074;
 *   - SPI0 runs from the crystal unless 202018 is 80;
 *   - FIFOs of SPI0 hold ECR_SPI_FIFO words, a full or empty one stops its clock;
 *   - a PLL that was not started in the order of 5.4 never locks, and a CPU that is
 *     switched to it stops;
 *   - the watchdog's times are those of 32 kHz; from PCLK as many ticks;
 *   - the ROM's data at 7FAC0 must be whole when flash_boot() is called (5.2). */
#ifndef EMU_ECR6600_SOC_H
#define EMU_ECR6600_SOC_H

#include "emu/nds32.h"
#include "emu/soc.h"
#include "emu/uart_fifo.h"

#define ECR_SOC_LOAD  0x10000u
#define ECR_SOC_APB   0x200000u
#define ECR_SOC_REGS  0x10000u
#define ECR_IO_CYCLES 12u
#define ECR_UART_FIFO 16u
#define ECR_SPI_FIFO  8u

struct ecr6600_soc {
    struct emu_board board;
    struct emu_complaints complaints;
    enum emu_end end;
    uint64_t end_ps;

    struct nds32 cpu;
    uint8_t *ram;           /* owned: ILM, DLM, IRAM0, IRAM1 */
    uint64_t stalls, limit; /* cycles beside instructions; where run() wants to stop */
    struct emu_clock clock;
    uint32_t xtal_hz;
    uint32_t reg[ECR_SOC_REGS / 4];
    uint8_t known[ECR_SOC_REGS / 4]; /* which row of the table, from 1; 0: none */

    /* clocks */
    uint32_t cpu_hz, apb_hz, uart_hz, spi_hz;
    unsigned pll; /* steps of 5.4 that are done */
    bool pll_spoiled;
    uint64_t pll_ps;

    /* UART0 */
    struct uart_fifo uart;
    uint32_t dl; /* divisor */
    bool overrun;
    uint64_t overruns_seen;

    struct emu_counter pit[2][4];

    /* SPI0 */
    bool spi_busy, spi_write;
    struct emu_spi spi;
    uint8_t spi_buf[EMU_SPI_MAX + 4];
    uint32_t spi_dummy;                         /* bytes in front of what the FIFO gets */
    uint32_t spi_words, spi_shifted, spi_moved; /* of the transfer, by the wire, by the CPU */
    uint32_t spi_bytes;
    uint64_t spi_next, spi_word_ps;

    struct {
        bool unlocked;
        uint64_t fed_ps;
    } wdt;

    uint8_t fuse[128];
};

/* A chip whose loader, uboot or else the mask ROM, calls `entry`: `image` was loaded to
 * `load`, in ILM. `ps`: now. False: no memory, or it does not lie there. */
bool ecr6600_soc_init(struct ecr6600_soc *c, const struct emu_board *board, uint32_t xtal_hz,
                      bool uboot, uint64_t ps, const uint8_t *image, size_t len, uint32_t load,
                      uint32_t entry);
void ecr6600_soc_fini(struct ecr6600_soc *c);

/* Let the CPU run until `ps` or a little beyond, or until it ends. */
void ecr6600_soc_run(struct ecr6600_soc *c, uint64_t ps);
uint64_t ecr6600_soc_ps(const struct ecr6600_soc *c);
uint64_t ecr6600_soc_cycles(const struct ecr6600_soc *c);

/* A byte is complete at the RX pin; `baud` 0: at whatever rate it listens. */
void ecr6600_soc_pin(struct ecr6600_soc *c, uint64_t ps, uint32_t baud, uint8_t byte);

/* What the CPU's loads and stores outside RAM do; for tests of registers. */
uint32_t ecr6600_soc_read(struct ecr6600_soc *c, uint32_t addr, unsigned size);
void ecr6600_soc_write(struct ecr6600_soc *c, uint32_t addr, unsigned size, uint32_t value);

#endif
