/* fake_hal.h - a chip for the stubs' tests: a clock, a UART with two rings, and a
 * strict little SPI NOR that is busy for as long as a real one.
 *
 * Time passes by hal_spend(), hal_spi(), a little by each look at the clock, and
 * by fake_run(). A test is the host: fake_send() puts bytes on the wire at the
 * host's rate, fake_take() has what the stub sent. Bytes at a rate that is not the
 * other side's arrive as something else. Nothing here sleeps. */
#ifndef TESTS_STUBS_FAKE_HAL_H
#define TESTS_STUBS_FAKE_HAL_H

#include <stdio.h>
#include <stdlib.h>

#include "common/hal.h"

/* Of the test's own tools; NDEBUG or not. */
#define must(what)                                                                                 \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            fprintf(stderr, "%s:%d: must: %s\n", __FILE__, __LINE__, #what);                       \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#define FAKE_FLASH_MAX (8u << 20)
#define FAKE_RX_RING   4096u
#define FAKE_TX_RING   2048u

struct fake_wire { /* a queue of bytes and of when their stop bits end */
    uint8_t *byte;
    uint64_t *at_ns;
    size_t head, tail, cap;
    uint64_t free_ns; /* the line is taken until then */
};

struct fake_nor {
    uint8_t *cell;
    uint32_t size; /* 0: nothing answers */
    uint8_t jedec[3], sr1, sr2;
    bool enabled, asleep, reset_armed;
    uint64_t busy_until;
    uint32_t page_us, sector_us, half_us, block_us, chip_us;

    /* Counted; strict: a test usually wants violations to be 0. */
    unsigned violations; /* while busy, without write enable, across a page, dirty cells */
    unsigned pages, sectors, halves, blocks, chips;
    uint64_t read_bytes;
    uint8_t *erased; /* per sector: how often */
    unsigned ops;    /* erases and programs begun */

    /* Faults. */
    unsigned cut_at;     /* the power goes in the middle of operation n (from 1); 0: never */
    bool dead;           /* it went */
    uint32_t bad_addr;   /* this byte does not take a program; ~0: none */
    uint32_t stuck_addr; /* the sector of this address is not erased; ~0: none */
    bool stays_busy;     /* for ever */
};

struct stub_hal {
    uint64_t now_ns;
    uint32_t host_baud, chip_baud, baud_max;
    uint32_t odd_baud; /* a rate the chip cannot make */
    bool trains;       /* hal_listen() waits for a train of 55, as a bl602 */
    bool linked;
    unsigned train;

    struct fake_wire to_chip, to_host;
    uint8_t rx[FAKE_RX_RING], tx[FAKE_TX_RING];
    size_t rx_at, rx_have, tx_at, tx_have;
    uint64_t tx_free_ns; /* the last stop bit */
    uint8_t *heard;      /* of the stub, as the host receives it */
    uint64_t *heard_ns;
    size_t heard_at, heard_len, heard_cap;

    unsigned overruns;  /* bytes for which the receive ring had no room */
    unsigned misuses;   /* of this contract by the stub */
    unsigned runs;      /* hal_run() calls */
    unsigned listens;   /* hal_listen() calls */
    uint64_t tx_dry_ns; /* time for which the transmit line was idle */
    uint32_t ns_per_byte[HAL_WORKS];
    uint32_t spi_ns_per_byte;

    struct fake_nor nor;
    uint8_t efuse[128];
    uint8_t mac[6];
    bool has_mac;
};

/* 2 MiB of FF, C8 40 15, 115200 baud both sides, 2 Mbaud at most. */
void fake_init(struct stub_hal *h);
void fake_fini(struct stub_hal *h);
/* The chip comes back: NOR, lines and rings as at power-on, cells as they are. */
void fake_power_on(struct stub_hal *h);
void fake_flash_size(struct stub_hal *h, uint32_t size);
/* Contents like firmware: compressible, with blank sectors if asked for. */
void fake_fill(struct stub_hal *h, uint32_t addr, uint32_t len, uint32_t seed, unsigned blank_pct);

void fake_send(struct stub_hal *h, const void *data, size_t len);
/* Bytes heard so far and not yet taken. */
size_t fake_heard(const struct stub_hal *h);
size_t fake_take(struct stub_hal *h, uint8_t *buf, size_t cap);

struct stub;
/* Run the stub for so many microseconds. */
void fake_run(struct stub_hal *h, struct stub *s, uint32_t us);
/* One step, and the time until something can happen if it was idle. */
void fake_step(struct stub_hal *h, struct stub *s);
void fake_pass(struct stub_hal *h, uint64_t ns);
uint64_t fake_now_us(const struct stub_hal *h);

#endif
