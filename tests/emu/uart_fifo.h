/* uart_fifo.h - a UART's two FIFOs, its shift register and the pins; no registers.
 *
 * It is as strict as a wire: a byte that finds the receive FIFO full is lost and
 * counted (`overruns`), one that was sent more than 3 % off is sampled at the wrong
 * points, one that had begun before the receiver was switched on is lost. What is
 * written goes through the FIFO into the shift register and leaves at the rate.
 * Times are picoseconds and never go back. */
#ifndef EMU_UART_FIFO_H
#define EMU_UART_FIFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/rng.h"

#define UART_FIFO_MAX 64u

struct uart_bytes {
    uint8_t byte[UART_FIFO_MAX];
    unsigned head, len, depth;
};

struct uart_fifo {
    struct uart_bytes rx, tx;
    uint32_t rx_baud, tx_baud; /* 0: off, or no clock */
    uint64_t rx_since;         /* the receiver has been so since then */
    uint64_t garbled_to;       /* a slow receiver is inside a frame until then */
    uint64_t shift_until;      /* the stop bit of what is being sent */
    struct rng rng;

    unsigned peak; /* most bytes that waited to be read */
    uint64_t received, sent;
    uint64_t overruns; /* lost: the FIFO was full */
    uint64_t garbled;  /* came at another rate */
    uint64_t unheard;  /* came while off, or had begun before it was on */

    /* A byte enters the shift register and the line falls. */
    void (*out)(void *user, uint64_t ps, uint32_t baud, uint8_t byte);
    void *user;
};

void uart_fifo_init(struct uart_fifo *u, unsigned rx_depth, unsigned tx_depth,
                    void (*out)(void *user, uint64_t ps, uint32_t baud, uint8_t byte), void *user);

/* Change a rate; 0 switches off. False: something was being received or sent, which is
 * spoiled (a transmitter that was cut: the host has it all the same). */
bool uart_fifo_rx_baud(struct uart_fifo *u, uint64_t ps, uint32_t baud);
bool uart_fifo_tx_baud(struct uart_fifo *u, uint64_t ps, uint32_t baud);

/* A byte that was sent at `baud` is complete at the RX pin; 0: at the right rate. */
void uart_fifo_pin(struct uart_fifo *u, uint64_t ps, uint32_t baud, uint8_t byte);

/* False: empty. */
bool uart_fifo_get(struct uart_fifo *u, uint8_t *byte);
/* False: full, the byte is lost. */
bool uart_fifo_put(struct uart_fifo *u, uint64_t ps, uint8_t byte);

/* Bytes in the transmit FIFO; those in the shift register have left it. */
unsigned uart_fifo_waiting(struct uart_fifo *u, uint64_t ps);
/* False: the last stop bit has left. */
bool uart_fifo_sending(struct uart_fifo *u, uint64_t ps);

void uart_fifo_clear_rx(struct uart_fifo *u);
void uart_fifo_clear_tx(struct uart_fifo *u, uint64_t ps);

/* Eight data bits, start and stop. */
uint64_t uart_byte_ps(uint32_t baud);

#endif
