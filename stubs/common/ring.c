/* ring.c - hal_rx() and hal_tx() of a chip, see ring.h. */
#include "common/ring.h"

struct stub_rings stub_rings;

/* So many bytes are copied between two polls. */
#define SLICE 32u

size_t hal_rx(struct stub_hal *h, uint8_t *buf, size_t cap)
{
    struct stub_rings *r = &stub_rings;
    size_t n = 0;

    hal_poll(h);
    while (n < cap && r->rx_out != r->rx_in) {
        buf[n++] = r->rx[r->rx_out++ % STUB_RING_RX];
        if (n % SLICE == 0)
            hal_poll(h);
    }
    return n;
}

size_t hal_tx_room(struct stub_hal *h)
{
    (void)h;
    return STUB_RING_TX - (stub_rings.tx_in - stub_rings.tx_out);
}

void hal_tx(struct stub_hal *h, const uint8_t *data, size_t len)
{
    struct stub_rings *r = &stub_rings;

    for (size_t n = 0; n < len; n++) {
        if (n % SLICE == 0)
            hal_poll(h);
        r->tx[r->tx_in++ % STUB_RING_TX] = data[n];
    }
}
