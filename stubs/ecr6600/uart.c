/* uart.c - UART0 on GPIO5 and GPIO6, and the watchdog, which is served with it. */
#include "common/ring.h"
#include "ecr6600/chip.h"
#include "ecr6600/regs.h"

#define BAUD_LISTEN 115200u
#define BAUD_MAX    2000000u

static bool watchdog; /* somebody has started it */
static uint8_t polls;
static uint32_t baud_now;

static void serve_watchdog(void)
{
    WDT_UNLOCK = WDT_UNLOCK_MAGIC;
    WDT_RESTART = WDT_RESTART_MAGIC;
}

void chip_uart_init(void)
{
    CLK_EN0 |= CLK_EN0_UART0;
    PIN_MUX_0_7 &= ~(0xffu << 4 * 5);
    UART_IER = 0;
    UART_MCR = 0;
    watchdog = (CLK_EN0 & CLK_EN0_WDT_APB) && (WDT_CTRL & WDT_CTRL_ENABLE);
}

void hal_poll(struct stub_hal *h)
{
    uint32_t lsr;

    (void)h;
    while ((lsr = UART_LSR) & UART_LSR_DR)
        stub_ring_rx((uint8_t)UART_DATA);
    if (lsr & UART_LSR_THRE)
        for (unsigned i = 0; i < UART_FIFO && !stub_ring_tx_empty(); i++)
            UART_DATA = stub_ring_tx();
    /* The shortest time a watchdog can have is 1/512 s. */
    if (watchdog && !(++polls & 0x1f))
        serve_watchdog();
}

bool hal_tx_idle(struct stub_hal *h)
{
    hal_poll(h);
    return stub_ring_tx_empty() && UART_LSR & UART_LSR_TEMT;
}

/* The best pair of over-sampling, even and 8 to 30, and divisor. */
struct divider {
    uint32_t oscr, divisor, real;
};

static uint32_t apart(uint32_t a, uint32_t b)
{
    return a > b ? a - b : b - a;
}

static struct divider divide(uint32_t baud)
{
    struct divider best = {0};

    for (uint32_t oscr = 8; oscr < 32; oscr += 2) {
        uint32_t divisor = (UART_CLOCK / oscr + baud / 2) / baud;
        uint32_t real;

        if (divisor == 0 || divisor > 0xffff)
            continue;
        real = UART_CLOCK / (oscr * divisor);
        if (!best.real || apart(real, baud) < apart(best.real, baud))
            best = (struct divider){oscr, divisor, real};
    }
    return best;
}

uint32_t hal_baud_real(struct stub_hal *h, uint32_t baud)
{
    uint32_t real;

    (void)h;
    if (!baud || baud > BAUD_MAX)
        return 0;
    real = divide(baud).real;
    return apart(real, baud) <= baud / 40 ? real : 0;
}

void hal_baud(struct stub_hal *h, uint32_t baud)
{
    struct divider d = divide(baud);

    (void)h;
    baud_now = baud;
    UART_OSCR = d.oscr;
    UART_LCR = UART_LCR_8N1 | UART_LCR_DLAB;
    UART_DATA = d.divisor & 0xff;
    UART_IER = d.divisor >> 8;
    UART_LCR = UART_LCR_8N1;
    UART_FCR = UART_FCR_INIT;
    stub_ring_forget_rx();
}

uint32_t hal_baud_max(struct stub_hal *h)
{
    (void)h;
    return BAUD_MAX;
}

uint32_t hal_baud_now(struct stub_hal *h)
{
    (void)h;
    return baud_now;
}

void hal_listen(struct stub_hal *h)
{
    hal_baud(h, BAUD_LISTEN);
}

bool hal_linked(struct stub_hal *h)
{
    (void)h;
    return true;
}
