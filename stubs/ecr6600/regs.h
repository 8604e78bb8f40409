/* regs.h - the registers that the stub uses of an ECR6600. Names and meaning as in
 * the vendor's SDK; Andes IP blocks. */
#ifndef ECR6600_REGS_H
#define ECR6600_REGS_H

#include <stdint.h>

#define REG(addr) (*(volatile uint32_t *)(addr))

/* AON_SMU: survives a reset of the rest */
#define AON_START_ADDR REG(0x201204) /* where the CPU starts after a reset */

/* PD_SMU: clocks, pins */
#define CLK_MUX           REG(0x202004)
#define CLK_MUX_MASK      0xfu
#define CLK_MUX_160M      0x6u /* [1:0] 2: 160 MHz, [3:2] 1: undivided; AHB is half, APB a quarter */
#define CLK_EN0           REG(0x20200c)
#define CLK_EN0_UART0     (3u << 1)
#define CLK_EN0_SPI0      (1u << 7)
#define CLK_EN0_FREF      (1u << 10)
#define CLK_EN0_WDT       (3u << 13)
#define CLK_EN0_WDT_APB   (1u << 13)
#define CLK_EN0_EFUSE     (3u << 17)
#define CLK_EN0_RF_REGS   (1u << 19)
#define CLK_EN0_PIT1      (1u << 21)
#define CLK_EN0_FLASH_AHB (1u << 28)
#define SPI_CONFIG        REG(0x202018)
#define SPI_CONFIG_AHB    0x80u         /* SPI0 is clocked from AHB */
#define PIN_MUX_0_7       REG(0x202030) /* 4 bits a pin */
#define PIN_MUX_8_15      REG(0x202034)
#define UART_CLK_SEL      REG(0x202050)
#define UART_CLK_SEL_80M  1u
#define CLK_DIV_EN        REG(0x202074)
#define CLK_DIV_EN_ALL    6u
#define APB_ENCRYPT_EN    REG(0x202078)

/* The PLL, among the registers of the RF part; bits have no names that are known. */
#define RF(offset) REG(0x203000 + (offset))

/* UART0, ATCUART100 */
#define UART_OSCR     REG(0x204014)
#define UART_DATA     REG(0x204020) /* DLL while LCR has DLAB */
#define UART_IER      REG(0x204024) /* DLM while LCR has DLAB */
#define UART_FCR      REG(0x204028)
#define UART_FCR_INIT 7u /* FIFOs on and empty */
#define UART_LCR      REG(0x20402c)
#define UART_LCR_8N1  0x03u
#define UART_LCR_DLAB 0x80u
#define UART_MCR      REG(0x204030)
#define UART_LSR      REG(0x204034)
#define UART_LSR_DR   0x01u
#define UART_LSR_THRE 0x20u
#define UART_LSR_TEMT 0x40u
#define UART_CLOCK    80000000u
#define UART_FIFO     16u /* at least: what fits when THRE says empty */

/* PIT1, ATCPIT100; its channel 3 is the time base */
#define PIT1_CH_EN     REG(0x20801c)
#define PIT1_CH3_TIMER (1u << 12)
#define PIT1_CH3_CTRL  REG(0x208050)
#define PIT1_CH3_APB32 9u /* 32 bits, APB clock */
#define PIT1_CH3_LOAD  REG(0x208054)
#define PIT1_CH3_COUNT REG(0x208058) /* down */
#define PIT1_PER_US    40u

/* Watchdog, ATCWDT200 */
#define WDT_CTRL          REG(0x209010)
#define WDT_CTRL_ENABLE   (1u << 0)
#define WDT_CTRL_PCLK     (1u << 1)
#define WDT_CTRL_RESET    (1u << 3)
#define WDT_RESTART       REG(0x209014)
#define WDT_RESTART_MAGIC 0xcafeu
#define WDT_UNLOCK        REG(0x209018)
#define WDT_UNLOCK_MAGIC  0x5aa5u

/* SPI0, ATCSPI200: the flash chip */
#define SPI_FORMAT         REG(0x20b010)
#define SPI_FORMAT_FLASH   0x20780u /* 3 address bytes, 8 bits, four bytes a word, mode 0 */
#define SPI_TRANS          REG(0x20b020)
#define SPI_TRANS_CMD      (1u << 30)
#define SPI_TRANS_ADDR     (1u << 29)
#define SPI_TRANS_WRITE(n) (1u << 24 | ((n)-1u) << 12)
#define SPI_TRANS_READ(n)  (2u << 24 | ((n)-1u))
#define SPI_TRANS_NONE     (7u << 24)
#define SPI_CMD            REG(0x20b024) /* writing it starts */
#define SPI_ADDR           REG(0x20b028)
#define SPI_DATA           REG(0x20b02c)
#define SPI_CTRL           REG(0x20b030)
#define SPI_CTRL_FIFO_RST  6u
#define SPI_STATUS         REG(0x20b034)
#define SPI_STATUS_BUSY    (1u << 0)
#define SPI_STATUS_RXEMPTY (1u << 14)
#define SPI_STATUS_TXFULL  (1u << 23)
#define SPI_TIMING         REG(0x20b040) /* [7:0] divider; 0: half of AHB, 40 MHz */

/* Fuses */
#define EFUSE_CTRL(n)  REG(0x20f000 + (n))
#define EFUSE_STATUS   REG(0x20f01c)
#define EFUSE_DONE     1u
#define EFUSE_INFO(n)  REG(0x20f100 + (n)) /* words 20 to 30, copied at reset */
#define EFUSE_READ(n)  REG(0x20f300 + (n))
#define EFUSE_SIZE     0x80u
#define EFUSE_CONTROL  0x20u
#define EFUSE_XTAL_40M (1u << 16)

#endif
