/* regs.h - the registers that the stub uses of a BL602. Names as in the vendor's
 * headers. */
#ifndef BL602_REGS_H
#define BL602_REGS_H

#include <stdint.h>

#define REG(addr)  (*(volatile uint32_t *)(addr))
#define REG8(addr) (*(volatile uint8_t *)(addr))

#define MTIME REG(0x0200bff8) /* low word */

/* GLB: clocks, pins */
#define GLB_CLK_CFG0       REG(0x40000000)
#define GLB_PLL_EN         (1u << 0)
#define GLB_PLL_SEL_MASK   (3u << 4)
#define GLB_PLL_SEL_192M   (3u << 4)
#define GLB_DIV_MASK       0x00ffff00u
#define GLB_BCLK_DIV(n)    (((n)-1u) << 16)
#define GLB_CLK_CFG2       REG(0x40000008)
#define GLB_UART_DIV_MASK  0x7u
#define GLB_UART_EN        (1u << 4)
#define GLB_SF_MASK        0x3f00u
#define GLB_SF_DIV(n)      (((n)-1u) << 8)
#define GLB_SF_EN          (1u << 11)
#define GLB_SF_SEL_80M     (1u << 12)
#define GLB_SWRST_CFG1     REG(0x40000014)
#define GLB_SWRST_UART0    (1u << 16)
#define GLB_SWRST_CFG2     REG(0x40000018)
#define GLB_SWRST_MASK     7u
#define GLB_SWRST_SYSTEM   6u
#define GLB_PARM           REG(0x40000080)
#define GLB_PARM_SWAP      (1u << 8) /* two data lines of the flash inside */
#define GLB_PARM_EMBEDDED  (1u << 9)
#define GLB_MTIME          REG(0x40000090)
#define GLB_MTIME_EN       (1u << 18)
#define GLB_UART_SIG       REG(0x400000c0) /* nibble: what signal n mod 8 carries */
#define GLB_UART_SIG_TXD0  2u
#define GLB_UART_SIG_RXD0  3u
#define GLB_GPIO(pin)      REG(0x40000100 + (pin) / 2 * 4) /* an odd one is the upper half */
#define GLB_GPIO_INPUT     0x0b03u
#define GLB_GPIO_PULL_DOWN 0x0020u
#define GLB_GPIO_UART      0x0713u
#define GLB_GPIO_FLASH     0x0203u
#define GLB_CLK_UPDATE     REG(0x40000ffc)

/* SHA engine */
#define SEC_SHA_CTRL      REG(0x40004000)
#define SEC_SHA_BUSY      (1u << 0)
#define SEC_SHA_TRIGGER   (1u << 1)
#define SEC_SHA_EN        (1u << 5)
#define SEC_SHA_CONTINUE  (1u << 6) /* the hash so far; 0: a new one */
#define SEC_SHA_BLOCKS(n) ((uint32_t)(n) << 16)
#define SEC_SHA_SOURCE    REG(0x40004004)
#define SEC_SHA_HASH(at)  REG(0x40004010 + (at))

/* Fuses */
#define EF_DATA(n)          REG(0x40007000 + (n))
#define EF_SIZE             128u
#define EF_CTRL             REG(0x40007800)
#define EF_CTRL_IDLE        0x0024bf00u
#define EF_CTRL_LOAD        0x0024bf10u
#define EF_CTRL_DONE        0x0024bf80u
#define EF_CTRL_STATE(v)    ((v) >> 1 & 3u) /* 1: not busy, loaded */
#define EF_SW_USAGE         0x10u
#define EF_SW_USAGE_PINS(v) ((v) >> 16 & 3u)
#define EF_MAC              0x14u

#define L1C_CONFIG  REG(0x40009000)
#define L1C_IROM_2T (1u << 12)

/* UART0 */
#define UART_TX_CONFIG  REG(0x4000a000)
#define UART_TX_8N1     0x1705u
#define UART_RX_CONFIG  REG(0x4000a004)
#define UART_RX_8N1     0x0701u
#define UART_RX_ABR     0x0008u
#define UART_BIT_PRD    REG(0x4000a008)
#define UART_BIT_ORDER  REG(0x4000a00c)
#define UART_INT        REG(0x4000a020)
#define UART_INT_RX     (1u << 1) /* also: a rate is measured */
#define UART_INT_MASK   REG(0x4000a024)
#define UART_INT_CLEAR  REG(0x4000a028)
#define UART_INT_EN     REG(0x4000a02c)
#define UART_STATUS     REG(0x4000a030)
#define UART_TX_BUSY    1u
#define UART_ABR        REG(0x4000a034) /* [31:16] clocks of a bit, less 1, from 55 */
#define UART_FIFO       REG(0x4000a080)
#define UART_FIFO_RST   (3u << 2)
#define UART_FIFO_HAVE  REG(0x4000a084)
#define UART_TX_FREE(v) ((v)&0x3fu)
#define UART_RX_HAVE(v) ((v) >> 8 & 0x3fu)
#define UART_TX_DATA    REG8(0x4000a088)
#define UART_RX_DATA    REG8(0x4000a08c)
#define UART_CLOCK      160000000u

/* Watchdog, among the timers */
#define WDT_ENABLE      REG(0x4000a564)
#define WDT_FEED        REG(0x4000a598)
#define WDT_UNLOCK1     REG(0x4000a59c)
#define WDT_UNLOCK1_KEY 0xbabau
#define WDT_UNLOCK2     REG(0x4000a5a0)
#define WDT_UNLOCK2_KEY 0xeb10u

/* Flash controller */
#define SF_CTRL0         REG(0x4000b000)
#define SF_CLK_OUT_INV   (1u << 4)
#define SF_SAHB_CLK      (1u << 5)
#define SF_READ_DLY_MASK (0xfu << 8)
#define SF_READ_DLY(n)   (1u << 11 | ((n)-1u) << 8)
#define SF_CTRL1         REG(0x4000b004)
#define SF_OWNER_XIP     (1u << 28)
#define SF_IF_EN         (1u << 29)
#define SF_AHB2SIF_EN    (1u << 30)
#define SF_AHB2SRAM_EN   (1u << 31)
#define SF_CMD           REG(0x4000b008)
#define SF_CMD_BUSY      (1u << 0)
#define SF_CMD_TRIGGER   (1u << 1)
#define SF_CMD_ADDR      (1u << 26 | 2u << 17)
#define SF_CMD_WRITE     (1u << 23)
#define SF_CMD_DATA(n)   (1u << 24 | ((n)-1u) << 2)
#define SF_CMD_OPCODE    (1u << 27)
#define SF_CMD_BUF0      REG(0x4000b00c) /* opcode, address */
#define SF_AES           REG(0x4000b028)
#define SF_PADS          REG(0x4000b070)
#define SF_PADS_MASK     3u
#define SF_BUFFER(n)     REG(0x4000b700 + (n))

/* PDS: the PLL */
#define PLL(offset) REG(0x4000e400 + (offset))

/* HBN, AON: survive a reset of the rest */
#define HBN_GLB        REG(0x4000f030)
#define HBN_ROOT_MASK  3u
#define HBN_ROOT_PLL   2u
#define HBN_UART_160M  (1u << 2)       /* 0: FCLK, what the root is */
#define HBN_CORE_CLOCK REG(0x4000f108) /* the ROM's delays go by it */
#define AON_XTAL       REG(0x4000f880)
#define AON_XTAL_ON    (3u << 4)
#define AON_STATUS     REG(0x4000f88c)
#define AON_XTAL_READY (1u << 28)

#endif
