/* bl602_parts.h - what the files of the emulated BL602 share, bl602_soc.c and the blocks beside
 * it: its registers, and what they call of one another. Not for who only runs it. */
#ifndef EMU_BL602_PARTS_H
#define EMU_BL602_PARTS_H

#include "emu/bl602_soc.h"

/* Offsets from 0x40000000. */
#define IO        0x40000000u
#define GLB_CLK   0x000u
#define GLB_CLK2  0x008u
#define GLB_SWRST 0x014u
#define GLB_RESET 0x018u
#define GLB_PARM  0x080u
#define GLB_MTIME 0x090u
#define GLB_UART  0x0C0u
#define GLB_GPIO  0x100u
#define GLB_TAKE  0xFFCu
#define SHA       0x4000u
#define FUSE_DATA 0x7000u
#define FUSE_CTRL 0x7800u
#define L1C       0x9000u
#define UART      0xA000u
#define TIMER     0xA500u
#define SF        0xB000u
#define SF_BUF    0xB700u
#define PDS_PLL   0xE400u
#define HBN_CLK   0xF030u
#define HBN_HZ    0xF108u
#define AON_XTAL  0xF880u
#define AON_READY 0xF88Cu

#define COMPLAIN(c, ...) emu_complain(&(c)->complaints, __VA_ARGS__)

static inline uint32_t *reg(struct bl602_soc *c, uint32_t offset)
{
    return &c->reg[offset / 4];
}

static inline uint32_t field(uint32_t value, unsigned low, unsigned bits)
{
    return value >> low & ((1u << bits) - 1);
}

static inline uint32_t pin_config(const struct bl602_soc *c, unsigned pin)
{
    return c->reg[(GLB_GPIO + pin / 2 * 4) / 4] >> pin % 2 * 16 & 0xFFFF;
}

/* ---- bl602_soc.c ---- */

/* What the flash controller runs at; 0: it stands. */
uint32_t bl602_sf_clock(const struct bl602_soc *c, uint64_t ps);
uint32_t bl602_fuse_word(const struct bl602_soc *c, unsigned offset);

/* ---- bl602_uart.c; offsets from UART ---- */

void bl602_uart_init(struct bl602_soc *c);
/* Its clock or a register has changed. */
void bl602_uart_update(struct bl602_soc *c);
void bl602_uart_reset(struct bl602_soc *c);
uint32_t bl602_uart_read(struct bl602_soc *c, uint32_t offset, unsigned size);
void bl602_uart_write(struct bl602_soc *c, uint32_t offset, uint32_t value, unsigned size);

/* ---- bl602_sf.c; offsets from SF, SF_BUF and the window ---- */

void bl602_sf_write(struct bl602_soc *c, uint32_t offset, uint32_t old, uint32_t value);
uint32_t bl602_sf_buf_read(struct bl602_soc *c, uint32_t at, unsigned size);
void bl602_sf_buf_write(struct bl602_soc *c, uint32_t at, unsigned size, uint32_t value);
uint32_t bl602_xip_read(struct bl602_soc *c, uint32_t at, unsigned size);

#endif
