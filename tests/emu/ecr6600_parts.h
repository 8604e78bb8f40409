/* ecr6600_parts.h - what the files of the emulated ECR6600 share, ecr6600_soc.c and the blocks
 * beside it: its registers, and what they call of one another. Not for who only runs it. */
#ifndef EMU_ECR6600_PARTS_H
#define EMU_ECR6600_PARTS_H

#include "emu/ecr6600_soc.h"

/* The flash window. */
#define XIP     0x00800000u
#define XIP_END 0x00C00000u

/* Offsets from ECR_SOC_APB. */
#define AON_START 0x1204u
#define CLK_MUX   0x2004u
#define CLK_EN0   0x200Cu
#define SW_RESET  0x2014u
#define SPI_CFG   0x2018u
#define MUX0      0x2030u
#define MUX8      0x2034u
#define UART_SEL  0x2050u
#define CLK_DIV   0x2074u
#define ENCRYPT   0x2078u
#define RFC       0x3000u
#define UART      0x4000u
#define PIT0      0x7000u
#define PIT1      0x8000u
#define WDT       0x9000u
#define SPI       0xB000u
#define FUSE      0xF000u

/* CLK_EN0 */
#define EN_SMU    (1u << 0)
#define EN_UART0  (3u << 1)
#define EN_SPI0   (1u << 7 | 1u << 28)
#define EN_RF     (1u << 10 | 1u << 19)
#define EN_WDT    (1u << 13)
#define EN_WDT32K (1u << 14)
#define EN_FUSE   (3u << 17)
#define EN_PIT0   (1u << 20)
#define EN_PIT1   (1u << 21)
#define EN_IRAM0  (1u << 26)
#define EN_IRAM1  (1u << 27)

#define COMPLAIN(c, ...) emu_complain(&(c)->complaints, __VA_ARGS__)

static inline uint32_t *reg(struct ecr6600_soc *c, uint32_t offset)
{
    return &c->reg[offset / 4];
}

static inline uint32_t field(uint32_t value, unsigned low, unsigned bits)
{
    return value >> low & ((1u << bits) - 1);
}

static inline unsigned pin_function(const struct ecr6600_soc *c, unsigned pin)
{
    return field(c->reg[(MUX0 + pin / 8 * 4) / 4], pin % 8 * 4, 3);
}

/* ---- ecr6600_soc.c ---- */

/* The enables are on; if not, `what` was touched without its clock. */
bool ecr6600_clocked(struct ecr6600_soc *c, uint32_t enables, const char *what);
/* What SPI0 runs at; 0: it stands. */
uint32_t ecr6600_spi_clock(const struct ecr6600_soc *c);

/* ---- ecr6600_uart.c; offsets from UART ---- */

void ecr6600_uart_init(struct ecr6600_soc *c);
/* Its clock or a register has changed. */
void ecr6600_uart_update(struct ecr6600_soc *c);
uint32_t ecr6600_uart_read(struct ecr6600_soc *c, uint32_t offset);
void ecr6600_uart_write(struct ecr6600_soc *c, uint32_t offset, uint32_t old, uint32_t value);

/* ---- ecr6600_spi.c; offsets from SPI, an address in the window ---- */

/* What wire and FIFO have done by `ps`. */
void ecr6600_spi_sync(struct ecr6600_soc *c, uint64_t ps);
uint32_t ecr6600_spi_read(struct ecr6600_soc *c, uint32_t offset);
void ecr6600_spi_write(struct ecr6600_soc *c, uint32_t offset, uint32_t old, uint32_t value);
uint32_t ecr6600_xip_read(struct ecr6600_soc *c, uint32_t addr, unsigned size);

#endif
