/* fake_run.c - runs a stub on the chip of fake_hal.h. */
#include "common/stub.h"
#include "stubs/fake_hal.h"

static void sooner(uint64_t *at, uint64_t now, uint64_t event)
{
    if (event > now && event < *at)
        *at = event;
}

void fake_step(struct stub_hal *h, struct stub *s)
{
    uint64_t now, next;

    fake_pass(h, 500);
    if (stub_step(s))
        return;
    fake_pass(h, 0);
    now = h->now_ns;
    next = now + 1000000;
    if (h->to_chip.head < h->to_chip.tail)
        sooner(&next, now, h->to_chip.at_ns[h->to_chip.head]);
    if (h->tx_have && h->chip_baud)
        sooner(&next, now, h->tx_free_ns + 10000000000ull / h->chip_baud);
    sooner(&next, now, h->nor.busy_until);
    fake_pass(h, next - now);
}

void fake_run(struct stub_hal *h, struct stub *s, uint32_t us)
{
    uint64_t end = h->now_ns + (uint64_t)us * 1000;

    while (h->now_ns < end)
        fake_step(h, s);
}
