/* ring.h - the two rings between a chip's UART and the program. hal_poll() of
 * each chip moves bytes between them and the FIFOs. On chips only. */
#ifndef STUB_RING_H
#define STUB_RING_H

#include "common/hal.h"

enum { STUB_RING_RX = 4096, STUB_RING_TX = 2048 };

/* Counters run freely; their difference is what a ring holds. */
struct stub_rings {
    uint32_t rx_in, rx_out, tx_in, tx_out;
    uint8_t rx[STUB_RING_RX], tx[STUB_RING_TX];
};
extern struct stub_rings stub_rings;

/* A byte came; one that finds the ring full is lost, as the host's next check shows. */
static inline void stub_ring_rx(uint8_t byte)
{
    struct stub_rings *r = &stub_rings;

    if (r->rx_in - r->rx_out < STUB_RING_RX)
        r->rx[r->rx_in++ % STUB_RING_RX] = byte;
}

static inline bool stub_ring_tx_empty(void)
{
    return stub_rings.tx_in == stub_rings.tx_out;
}

static inline uint8_t stub_ring_tx(void)
{
    struct stub_rings *r = &stub_rings;

    return r->tx[r->tx_out++ % STUB_RING_TX];
}

static inline void stub_ring_forget_rx(void)
{
    stub_rings.rx_out = stub_rings.rx_in;
}

#endif
