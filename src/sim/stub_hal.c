/* stub_hal.c - common/hal.h of the stubs on the PC: a UART with the divisors of the real
 * one, the virtual flash, and time that passes by what is done. */
#include <string.h>

#include "sim/stub_guest.h"

#define LOOK_NS     100u /* reading the clock */
#define SPI_BYTE_NS 200u /* 40 MHz, one line */
#define BAUD_MAX    2000000u
#define TRAIN_MIN   4u          /* 55s a measurement takes */
#define US_START    0xFFE00000u /* the clock wraps after two seconds */
#define SERVED_LAG  32768u      /* served: bytes that may wait for a client */

/* ---- rates ---------------------------------------------------------------- */

static uint32_t distance(uint32_t a, uint32_t b)
{
    return a > b ? a - b : b - a;
}

/* Within 2.5 %, or 0. */
static uint32_t near_enough(uint32_t real, uint32_t baud)
{
    return (uint64_t)distance(real, baud) * 1000 <= (uint64_t)baud * 25 ? real : 0;
}

/* 80 MHz, over-sampled by an even number, times a divisor: the pair that comes nearest. */
static uint32_t ecr_real_baud(uint32_t baud)
{
    uint32_t best = 0;

    for (uint32_t osc = 8; baud && osc < 32; osc += 2) {
        uint32_t unit = 80000000u / osc, div = (unit + baud / 2) / baud, real;

        if (!div || div > 0xffff)
            continue;
        real = 80000000u / (osc * div);
        if (!best || distance(real, baud) < distance(best, baud))
            best = real;
    }
    return near_enough(best, baud);
}

/* 160 MHz by a divider of 16 bits. */
static uint32_t bl_real_baud(uint32_t baud)
{
    uint32_t div = baud ? (160000000u + baud / 2) / baud : 0;

    return div && div <= 0x10000 ? near_enough(160000000u / div, baud) : 0;
}

/* ---- chips ---------------------------------------------------------------- */

/* The fuses are not used for it on this chip. */
static bool ecr_mac(struct stub_hal *h, uint8_t mac[6])
{
    (void)h;
    (void)mac;
    return false;
}

static bool bl_mac(struct stub_hal *h, uint8_t mac[6])
{
    uint8_t fuse[6], any = 0;

    if (!hal_efuse(h, 0x14, fuse, sizeof fuse))
        return false;
    for (size_t i = 0; i < sizeof fuse; i++) {
        mac[i] = fuse[5 - i];
        any |= fuse[i];
    }
    return any;
}

/* `spend`: nanoseconds a byte, from the instructions that the chips' builds execute on the
 * emulated CPUs (tests/emu) for compiled code, one a cycle at 160 and 192 MHz: CRC 8 and 11,
 * SHA-256 58 (43 for a block like the one before), inflate 52 of output, deflate 187 of input,
 * copying 4. The BL602 hashes with its engine, taken for 80 clocks of 96 MHz a block.
 * `emu_stub_test` prints what a whole read takes there. `start_ms`: unpacking the program,
 * 8.4 million at 160 MHz and 10.8 million at the 32 MHz of the BL602's ROM, and set-up. */
static const struct stub_chip chips[] = {
    {
        .name = "ecr6600",
        .family = &stub_ecr6600,
        .start_ms = 60,
        .spi_ns = 2000,
        .spend = {[HAL_CRC] = 48,
                  [HAL_SHA] = 363,
                  [HAL_SHA_AGAIN] = 263,
                  [HAL_INFLATE] = 325,
                  [HAL_DEFLATE] = 1170,
                  [HAL_COPY] = 25},
        .real_baud = ecr_real_baud,
        .mac = ecr_mac,
    },
    {
        .name = "bl602",
        .family = &stub_bl602,
        .start_ms = 355,
        .spi_ns = 12000, /* the controller's buffer is emptied behind the transfer */
        .spend = {[HAL_CRC] = 60,
                  [HAL_SHA] = 14,
                  [HAL_SHA_AGAIN] = 14,
                  [HAL_INFLATE] = 285,
                  [HAL_DEFLATE] = 1010,
                  [HAL_COPY] = 21},
        .real_baud = bl_real_baud,
        .trains = true,
        .mac = bl_mac,
    },
};

const struct stub_chip *stub_chip_named(const char *name)
{
    for (size_t i = 0; i < sizeof chips / sizeof *chips; i++)
        if (!strcmp(chips[i].name, name))
            return &chips[i];
    return NULL;
}

void stub_hal_init(struct stub_hal *h, struct sim *s, const struct stub_chip *chip)
{
    h->sim = s;
    h->chip = chip;
    h->us = US_START;
    hal_listen(h);
}

/* ---- receiving ------------------------------------------------------------ */

/* A rate above 970000 is taken for the nearest multiple of 500000 (bl602.md 4.2). */
static uint32_t measured(const struct stub_chip *chip, uint32_t baud)
{
    if (baud > 970000)
        baud = (baud + 250000) / 500000 * 500000;
    return baud <= BAUD_MAX ? chip->real_baud(baud) : 0;
}

bool stub_hal_pin(struct stub_hal *h, uint32_t baud, uint8_t byte)
{
    struct sim *s = h->sim;

    if (!h->listening)
        return false;
    if (byte != 0x55 || (h->train && baud != h->train_baud))
        h->train = 0;
    if (byte != 0x55)
        return true;
    h->train_baud = baud;
    if (++h->train < TRAIN_MIN)
        return true;
    h->train = 0;
    if (baud) {
        uint32_t real = measured(h->chip, baud);

        if (!real)
            return true;
        s->baud = real;
    }
    h->listening = false;
    return true;
}

void stub_hal_rx(struct stub_hal *h, uint8_t byte)
{
    if (h->listening)
        return;
    if (h->len == STUB_RING) {
        h->sim->overruns++;
        return;
    }
    h->ring[(h->head + h->len++) % STUB_RING] = byte;
}

void hal_poll(struct stub_hal *h)
{
    (void)h; /* bytes come and go by themselves here */
}

size_t hal_rx(struct stub_hal *h, uint8_t *buf, size_t cap)
{
    size_t n = h->len < cap ? h->len : cap, first = STUB_RING - h->head;

    if (first > n)
        first = n;
    memcpy(buf, h->ring + h->head, first);
    memcpy(buf + first, h->ring, n - first);
    h->head = (h->head + n) % STUB_RING;
    h->len -= n;
    return n;
}

/* ---- sending -------------------------------------------------------------- */

/* Bytes that have not left the pin; one that is leaving counts. */
static size_t unsent(const struct stub_hal *h)
{
    const struct sim *s = h->sim;
    uint64_t at = sim_guest_sent_at(s), now = sim_guest_now(s);

    if (s->instant)
        return s->to_adapter.len + s->to_host.len > SERVED_LAG ? STUB_TX_RING : 0;
    return at > now ? (size_t)((at - now + bus_byte_ns(s->baud) - 1) / bus_byte_ns(s->baud)) : 0;
}

size_t hal_tx_room(struct stub_hal *h)
{
    size_t n = unsent(h);

    return n < STUB_TX_RING ? STUB_TX_RING - n : 0;
}

void hal_tx(struct stub_hal *h, const uint8_t *data, size_t len)
{
    size_t room = hal_tx_room(h);

    if (len > room) { /* a bug of the stub's; the ring would have been overwritten */
        h->sim->violations++;
        len = room;
    }
    sim_guest_send(h->sim, data, len);
}

bool hal_tx_idle(struct stub_hal *h)
{
    return sim_guest_sent_at(h->sim) <= sim_guest_now(h->sim);
}

/* ---- rates ---------------------------------------------------------------- */

uint32_t hal_baud_real(struct stub_hal *h, uint32_t baud)
{
    return baud <= BAUD_MAX ? h->chip->real_baud(baud) : 0;
}

uint32_t hal_baud_max(struct stub_hal *h)
{
    (void)h;
    return BAUD_MAX;
}

uint32_t hal_baud_now(struct stub_hal *h)
{
    return h->sim->baud;
}

static void forget(struct stub_hal *h)
{
    h->head = h->len = 0;
}

void hal_baud(struct stub_hal *h, uint32_t baud)
{
    uint32_t real = hal_baud_real(h, baud);

    if (!real || !hal_tx_idle(h))
        h->sim->violations++;
    if (real)
        h->sim->baud = real;
    forget(h);
}

void hal_listen(struct stub_hal *h)
{
    forget(h);
    h->train = 0;
    h->listening = h->chip->trains;
    if (!h->listening)
        h->sim->baud = h->chip->real_baud(115200);
}

bool hal_linked(struct stub_hal *h)
{
    return !h->listening;
}

/* ---- the rest of the chip ------------------------------------------------- */

/* Served, all work takes no time; a loop that waits for some must end nevertheless. */
static uint32_t served_us(struct stub_hal *h)
{
    uint32_t now = US_START + (uint32_t)(h->sim->now / 1000);

    if ((int32_t)(now - h->us) > 0)
        h->us = now;
    else if (++h->asked % 16 == 0)
        h->us++;
    return h->us;
}

uint32_t hal_us(struct stub_hal *h)
{
    if (h->sim->instant)
        return served_us(h);
    sim_guest_spend(h->sim, LOOK_NS);
    return US_START + (uint32_t)(sim_guest_now(h->sim) / 1000);
}

void hal_spi(struct stub_hal *h, const struct hal_spi *t)
{
    struct sim *s = h->sim;

    sim_guest_spi(s, t->opcode, t->has_addr, t->addr, t->out, t->out ? t->len : 0, t->in,
                  t->in ? t->len : 0);
    sim_guest_spend(s, h->chip->spi_ns + SPI_BYTE_NS * (1ull + (t->has_addr ? 3 : 0) + t->len));
}

bool hal_efuse(struct stub_hal *h, uint16_t addr, uint8_t *buf, uint16_t len)
{
    return sim_guest_efuse(h->sim, addr, buf, len);
}

bool hal_mac(struct stub_hal *h, uint8_t mac[6])
{
    return h->chip->mac(h, mac);
}

void hal_run(struct stub_hal *h)
{
    sim_guest_run(h->sim);
}

void hal_spend(struct stub_hal *h, enum hal_work work, uint32_t bytes)
{
    if (!h) /* the bench, which wants the codecs alone */
        return;
    if (work == HAL_SHA || work == HAL_SHA_AGAIN)
        h->sim->digest_bytes += bytes;
    sim_guest_spend(h->sim, (uint64_t)h->chip->spend[work] * bytes);
}
