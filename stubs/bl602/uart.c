/* uart.c - UART0 on GPIO7 and GPIO16, which measures its rate from a train of 55;
 * and the watchdog, which is served with it. */
#include "bl602/chip.h"
#include "bl602/regs.h"
#include "common/ring.h"

#define BAUD_MIN 9600u
#define BAUD_MAX 2000000u

static bool linked;
static uint8_t tx_depth; /* of the FIFO when it is empty */
static uint32_t polls;

static void serve_watchdog(void)
{
    if (!(WDT_ENABLE & 1))
        return;
    WDT_UNLOCK1 = WDT_UNLOCK1_KEY;
    WDT_UNLOCK2 = WDT_UNLOCK2_KEY;
    WDT_FEED = 1;
}

/* From the block's reset on, `clocks` to the bit. `abr` 0, or UART_RX_ABR. */
static void start(uint32_t clocks, uint32_t abr)
{
    GLB_SWRST_CFG1 &= ~GLB_SWRST_UART0;
    GLB_SWRST_CFG1 |= GLB_SWRST_UART0;
    GLB_SWRST_CFG1 &= ~GLB_SWRST_UART0;
    UART_BIT_PRD = (clocks - 1) << 16 | (clocks - 1);
    UART_BIT_ORDER = 0;
    UART_INT_MASK = 0xff;
    UART_INT_EN = 0xff;
    UART_FIFO |= UART_FIFO_RST;
    tx_depth = UART_TX_FREE(UART_FIFO_HAVE);
    UART_RX_CONFIG = UART_RX_8N1 | abr;
    UART_TX_CONFIG = UART_TX_8N1;
    stub_ring_forget_rx();
}

static void measured(struct stub_hal *h)
{
    uint32_t clocks = (UART_ABR >> 16) + 1;
    uint32_t baud = UART_CLOCK / clocks;

    UART_INT_CLEAR = UART_INT_RX;
    if (baud > 970000) {
        baud = (baud + 250000) / 500000 * 500000;
        clocks = UART_CLOCK / baud;
    }
    if (baud < BAUD_MIN || baud > BAUD_MAX) {
        hal_listen(h);
        return;
    }
    start(clocks, 0);
    linked = true;
}

static void move(void)
{
    uint32_t have = UART_FIFO_HAVE;

    for (uint32_t n = UART_RX_HAVE(have); n; n--)
        stub_ring_rx(UART_RX_DATA);
    for (uint32_t n = UART_TX_FREE(have); n && !stub_ring_tx_empty(); n--)
        UART_TX_DATA = stub_ring_tx();
}

static __attribute__((noinline)) void poll_now(struct stub_hal *h)
{
    if (!(polls & 0xff))
        serve_watchdog();
    if (linked)
        move();
    else if (UART_INT & UART_INT_RX)
        measured(h);
}

/* Either FIFO lasts for 32 bytes: one call in four is often enough, and each is dear. */
void hal_poll(struct stub_hal *h)
{
    if (!(++polls & 3))
        poll_now(h);
}

bool hal_tx_idle(struct stub_hal *h)
{
    hal_poll(h);
    return stub_ring_tx_empty() && UART_TX_FREE(UART_FIFO_HAVE) >= tx_depth &&
           !(UART_STATUS & UART_TX_BUSY);
}

static uint32_t clocks_of(uint32_t baud)
{
    return (UART_CLOCK + baud / 2) / baud;
}

uint32_t hal_baud_real(struct stub_hal *h, uint32_t baud)
{
    (void)h;
    if (baud < BAUD_MIN || baud > BAUD_MAX)
        return 0;
    return UART_CLOCK / clocks_of(baud);
}

void hal_baud(struct stub_hal *h, uint32_t baud)
{
    (void)h;
    start(clocks_of(baud), 0);
}

uint32_t hal_baud_max(struct stub_hal *h)
{
    (void)h;
    return BAUD_MAX;
}

uint32_t hal_baud_now(struct stub_hal *h)
{
    (void)h;
    return UART_CLOCK / ((UART_BIT_PRD & 0xffff) + 1);
}

void hal_listen(struct stub_hal *h)
{
    (void)h;
    linked = false;
    stub_rings.tx_out = stub_rings.tx_in;
    start(0x10000, UART_RX_ABR);
}

bool hal_linked(struct stub_hal *h)
{
    hal_poll(h);
    return linked;
}
