/* hal.h - what a stub needs of its chip: one implementation for each chip, one
 * for the PC (src/sim/stub_hal.c).
 *
 * `h` belongs to the implementation; chips have one and may ignore it. Nothing
 * here waits for flash or for the host. */
#ifndef STUB_HAL_H
#define STUB_HAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stub_hal;

/* Move received bytes from the UART's FIFO to the receive ring, bytes to be sent
 * from the transmit ring to the FIFO; serve the watchdog. Every loop calls it at
 * least once in 5 us at 2 Mbaud: shorter than the time of one byte. */
void hal_poll(struct stub_hal *h);

/* Take up to `cap` received bytes; returns how many. The ring holds 4096. */
size_t hal_rx(struct stub_hal *h, uint8_t *buf, size_t cap);

/* Bytes that hal_tx() takes now; at most 2048. */
size_t hal_tx_room(struct stub_hal *h);
void hal_tx(struct stub_hal *h, const uint8_t *data, size_t len); /* len <= room */
/* True when the last stop bit has left the pin. */
bool hal_tx_idle(struct stub_hal *h);

/* The rate the divider makes of `baud`, within 2.5 %; 0: it cannot. */
uint32_t hal_baud_real(struct stub_hal *h, uint32_t baud);
/* Change now; only when idle. Forgets what was received. */
void hal_baud(struct stub_hal *h, uint32_t baud);
uint32_t hal_baud_max(struct stub_hal *h);
/* The rate in use, such that hal_baud() of it changes nothing: what BAUD goes back to. */
uint32_t hal_baud_now(struct stub_hal *h);

/* As a host finds a fresh stub: 115200 baud, or waiting for a train of 55 whose
 * rate it takes on (bl602). Forgets what was received. */
void hal_listen(struct stub_hal *h);
/* True once there is a rate; at once where it is fixed. hal_poll() finds out. */
bool hal_linked(struct stub_hal *h);

/* Microseconds, free-running modulo 2^32. */
uint32_t hal_us(struct stub_hal *h);

/* One SPI transaction with the flash chip: opcode, address (3 bytes, highest
 * first) if asked for, then `len` bytes out of `out` or into `in` (0..256, one of
 * the two NULL). Polls the UART all along; does not wait for the chip's BUSY. */
struct hal_spi {
    uint8_t opcode;
    bool has_addr;
    uint32_t addr;
    const uint8_t *out;
    uint8_t *in;
    uint16_t len;
};
void hal_spi(struct stub_hal *h, const struct hal_spi *t);

/* Fuses, never written. False: outside. */
bool hal_efuse(struct stub_hal *h, uint16_t addr, uint8_t *buf, uint16_t len);
/* MAC in printed order; false: the fuses hold none. */
bool hal_mac(struct stub_hal *h, uint8_t mac[6]);

/* Start the application. Returns only where that can fail. */
void hal_run(struct stub_hal *h);

/* Pure work of `bytes` is being done. A chip's own clock knows; on the PC this is
 * how time passes. */
enum hal_work {
    HAL_CRC,
    HAL_SHA,
    HAL_SHA_AGAIN, /* blocks like the one before */
    HAL_INFLATE,   /* bytes of output */
    HAL_DEFLATE,   /* bytes of input */
    HAL_COPY,
    HAL_WORKS
};
#ifdef STUB_ON_CHIP
#define hal_spend(h, work, bytes) ((void)0)
#else
void hal_spend(struct stub_hal *h, enum hal_work work, uint32_t bytes);
#endif

#endif
