/* fake_hal.c - see fake_hal.h; the SPI NOR is in fake_nor.c. */
#include <stdlib.h>
#include <string.h>

#include "stubs/fake_hal.h"
#include "stubs/fake_nor.h"

static const uint32_t work_ns[HAL_WORKS] = {
    [HAL_CRC] = 60, [HAL_SHA] = 250, [HAL_INFLATE] = 300, [HAL_DEFLATE] = 700, [HAL_COPY] = 10};

void fake_init(struct stub_hal *h)
{
    static const uint8_t jedec[3] = {0xc8, 0x40, 0x15},
                         mac[6] = {0xd8, 0xa9, 0xb1, 0xc2, 0xd3, 0xe4};

    memset(h, 0, sizeof *h);
    memcpy(h->nor.jedec, jedec, sizeof jedec);
    memcpy(h->mac, mac, sizeof mac);
    memcpy(h->ns_per_byte, work_ns, sizeof work_ns);
    h->has_mac = true;
    h->host_baud = 115200;
    h->baud_max = 2000000;
    h->spi_ns_per_byte = 200;
    h->nor.cell = malloc(FAKE_FLASH_MAX);
    h->nor.erased = calloc(FAKE_FLASH_MAX / 4096u, 1);
    must(h->nor.cell && h->nor.erased);
    memset(h->nor.cell, 0xff, FAKE_FLASH_MAX);
    h->nor.size = 2u << 20;
    h->nor.page_us = 500;
    h->nor.sector_us = 45000;
    h->nor.half_us = 120000;
    h->nor.block_us = 150000;
    h->nor.chip_us = 5000000;
    h->nor.bad_addr = h->nor.stuck_addr = UINT32_MAX;
    fake_power_on(h);
}

static void wire_fini(struct fake_wire *w)
{
    free(w->byte);
    free(w->at_ns);
    memset(w, 0, sizeof *w);
}

void fake_fini(struct stub_hal *h)
{
    wire_fini(&h->to_chip);
    wire_fini(&h->to_host);
    free(h->heard);
    free(h->heard_ns);
    free(h->nor.cell);
    free(h->nor.erased);
    memset(h, 0, sizeof *h);
}

void fake_power_on(struct stub_hal *h)
{
    fake_nor_power_on(&h->nor);
    h->chip_baud = h->trains ? 0 : 115200;
    h->linked = !h->trains;
    h->train = 0;
    h->rx_have = h->tx_have = 0;
    h->tx_free_ns = h->now_ns;
    h->to_chip.head = h->to_chip.tail = 0;
    h->to_chip.free_ns = h->now_ns;
    h->to_host.head = h->to_host.tail = 0;
}

void fake_flash_size(struct stub_hal *h, uint32_t size)
{
    h->nor.size = size;
    h->nor.jedec[2] = 0;
    while (size > 1) {
        size >>= 1;
        h->nor.jedec[2]++;
    }
}

void fake_fill(struct stub_hal *h, uint32_t addr, uint32_t len, uint32_t seed, unsigned blank_pct)
{
    uint32_t x = seed * 2654435761u + 12345u, word = 0;

    for (uint32_t i = 0; i < len; i++) {
        if (i % 4096 == 0) {
            x = x * 1664525u + 1013904223u;
            if ((x >> 16) % 100 < blank_pct) {
                uint32_t n = len - i < 4096 ? len - i : 4096;

                memset(h->nor.cell + addr + i, 0xff, n);
                i += n - 1;
                continue;
            }
        }
        if (i % 4 == 0) {
            x = x * 1664525u + 1013904223u;
            if (x >> 30)
                word = (x >> 22 & 0x3f) * 0x01030507u;
            else
                word = x;
        }
        h->nor.cell[addr + i] = (uint8_t)(word >> 8 * (i % 4));
    }
}

/* ---- wires ---- */

static void wire_put(struct fake_wire *w, uint8_t byte, uint64_t at_ns)
{
    if (w->head == w->tail)
        w->head = w->tail = 0;
    if (w->tail == w->cap) {
        w->cap = w->cap ? 2 * w->cap : 4096;
        w->byte = realloc(w->byte, w->cap);
        w->at_ns = realloc(w->at_ns, w->cap * sizeof *w->at_ns);
        must(w->byte && w->at_ns);
    }
    w->byte[w->tail] = byte;
    w->at_ns[w->tail++] = at_ns;
}

static uint64_t byte_ns(uint32_t baud)
{
    return 10000000000ull / baud;
}

/* What a receiver makes of a byte that was sent at another rate. */
static uint8_t wire_as_seen(const struct stub_hal *h, uint8_t byte)
{
    uint32_t a = h->host_baud, b = h->chip_baud, d = a > b ? a - b : b - a;

    return d * 30 > a ? (uint8_t)(byte * 5 + 0x71) : byte;
}

void fake_send(struct stub_hal *h, const void *data, size_t len)
{
    const uint8_t *p = data;
    struct fake_wire *w = &h->to_chip;

    if (w->free_ns < h->now_ns)
        w->free_ns = h->now_ns;
    while (len--) {
        w->free_ns += byte_ns(h->host_baud);
        wire_put(w, *p++, w->free_ns);
    }
}

static void hear(struct stub_hal *h, uint8_t byte, uint64_t at)
{
    if (h->heard_len == h->heard_cap) {
        h->heard_cap = h->heard_cap ? 2 * h->heard_cap : 65536;
        h->heard = realloc(h->heard, h->heard_cap);
        h->heard_ns = realloc(h->heard_ns, h->heard_cap * sizeof *h->heard_ns);
        must(h->heard && h->heard_ns);
    }
    h->heard[h->heard_len] = byte;
    h->heard_ns[h->heard_len++] = at;
}

size_t fake_heard(const struct stub_hal *h)
{
    return h->heard_len - h->heard_at;
}

size_t fake_take(struct stub_hal *h, uint8_t *buf, size_t cap)
{
    size_t n = fake_heard(h) < cap ? fake_heard(h) : cap;

    if (n)
        memcpy(buf, h->heard + h->heard_at, n);
    h->heard_at += n;
    return n;
}

/* A train: eight 55 in a row, at whatever rate, and that is the rate. */
static void train_byte(struct stub_hal *h, uint8_t byte)
{
    h->train = byte == 0x55 ? h->train + 1 : 0;
    if (h->train == 8) {
        h->linked = true;
        h->chip_baud = h->host_baud;
    }
}

static void pump_rx(struct stub_hal *h)
{
    struct fake_wire *w = &h->to_chip;

    while (w->head < w->tail && w->at_ns[w->head] <= h->now_ns) {
        uint8_t byte = w->byte[w->head++];

        if (!h->linked) {
            train_byte(h, byte);
        } else if (h->rx_have == FAKE_RX_RING) {
            h->overruns++;
        } else {
            h->rx[(h->rx_at + h->rx_have++) % FAKE_RX_RING] = wire_as_seen(h, byte);
        }
    }
}

static void pump_tx(struct stub_hal *h)
{
    while (h->tx_have && h->chip_baud) {
        uint64_t end = h->tx_free_ns + byte_ns(h->chip_baud);

        if (end > h->now_ns)
            return;
        hear(h, wire_as_seen(h, h->tx[h->tx_at]), end);
        h->tx_at = (h->tx_at + 1) % FAKE_TX_RING;
        h->tx_have--;
        h->tx_free_ns = end;
    }
}

void fake_pass(struct stub_hal *h, uint64_t ns)
{
    h->now_ns += ns;
    pump_rx(h);
    pump_tx(h);
}

/* ---- the contract ---- */

void hal_poll(struct stub_hal *h)
{
    fake_pass(h, 20);
}

size_t hal_rx(struct stub_hal *h, uint8_t *buf, size_t cap)
{
    size_t n = 0;

    fake_pass(h, 0);
    while (n < cap && h->rx_have) {
        buf[n++] = h->rx[h->rx_at];
        h->rx_at = (h->rx_at + 1) % FAKE_RX_RING;
        h->rx_have--;
    }
    return n;
}

size_t hal_tx_room(struct stub_hal *h)
{
    fake_pass(h, 0);
    return FAKE_TX_RING - h->tx_have;
}

void hal_tx(struct stub_hal *h, const uint8_t *data, size_t len)
{
    fake_pass(h, 0);
    if (len > FAKE_TX_RING - h->tx_have) {
        h->misuses++;
        return;
    }
    if (!h->tx_have && h->tx_free_ns < h->now_ns) {
        h->tx_dry_ns += h->now_ns - h->tx_free_ns;
        h->tx_free_ns = h->now_ns;
    }
    while (len--)
        h->tx[(h->tx_at + h->tx_have++) % FAKE_TX_RING] = *data++;
}

bool hal_tx_idle(struct stub_hal *h)
{
    fake_pass(h, 0);
    return !h->tx_have;
}

uint32_t hal_baud_real(struct stub_hal *h, uint32_t baud)
{
    return baud < 1200 || baud > h->baud_max || baud == h->odd_baud ? 0 : baud;
}

void hal_baud(struct stub_hal *h, uint32_t baud)
{
    fake_pass(h, 0);
    if (h->tx_have || !hal_baud_real(h, baud))
        h->misuses++;
    h->chip_baud = baud;
    h->rx_have = 0;
}

uint32_t hal_baud_max(struct stub_hal *h)
{
    return h->baud_max;
}

uint32_t hal_baud_now(struct stub_hal *h)
{
    return h->chip_baud;
}

void hal_listen(struct stub_hal *h)
{
    fake_pass(h, 0);
    h->listens++;
    h->rx_have = h->tx_have = 0;
    h->linked = !h->trains;
    h->train = 0;
    h->chip_baud = h->trains ? 0 : 115200;
}

bool hal_linked(struct stub_hal *h)
{
    fake_pass(h, 0);
    return h->linked;
}

uint32_t hal_us(struct stub_hal *h)
{
    fake_pass(h, 100);
    return (uint32_t)(h->now_ns / 1000);
}

void hal_spi(struct stub_hal *h, const struct hal_spi *t)
{
    if (t->len > 256 || (t->out && t->in) || (t->len && !t->out && !t->in))
        h->misuses++;
    fake_pass(h, 1000 + (uint64_t)h->spi_ns_per_byte * (1u + (t->has_addr ? 3u : 0u) + t->len));
    fake_nor_spi(&h->nor, t, h->now_ns);
}

bool hal_efuse(struct stub_hal *h, uint16_t addr, uint8_t *buf, uint16_t len)
{
    if (addr > sizeof h->efuse || len > sizeof h->efuse - addr)
        return false;
    memcpy(buf, h->efuse + addr, len);
    return true;
}

bool hal_mac(struct stub_hal *h, uint8_t mac[6])
{
    if (h->has_mac)
        memcpy(mac, h->mac, 6);
    return h->has_mac;
}

void hal_run(struct stub_hal *h)
{
    h->runs++;
}

void hal_spend(struct stub_hal *h, enum hal_work work, uint32_t bytes)
{
    fake_pass(h, (uint64_t)h->ns_per_byte[work] * bytes);
}

/* ---- the test's side ---- */

uint64_t fake_now_us(const struct stub_hal *h)
{
    return h->now_ns / 1000;
}
