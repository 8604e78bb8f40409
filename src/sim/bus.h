/* bus.h - bytes in flight: who sent them, how fast, and when each is complete.
 *
 * A queue holds runs of equally spaced bytes, so that a reply of 4111 bytes is
 * one entry. It knows no device. Times are nanoseconds. */
#ifndef SIM_BUS_H
#define SIM_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/rng.h"

#define BUS_MAX (1u << 20) /* bytes a queue holds at most; more are lost */

struct bus_run {
    uint64_t end;     /* when its first byte is complete */
    uint64_t byte_ns; /* from one byte to the next */
    uint32_t baud;    /* the sender's */
    uint32_t len;
    uint32_t packet; /* bytes the receiver gets at once; 1: each alone */
};

struct bus_queue {
    uint8_t *byte;
    size_t head, len, cap;
    struct bus_run *run;
    size_t rhead, rlen, rcap;
};

void bus_init(struct bus_queue *q);
void bus_fini(struct bus_queue *q);
void bus_clear(struct bus_queue *q);

/* Append run->len bytes. False: no memory or BUS_MAX reached; they are lost. */
bool bus_push(struct bus_queue *q, const struct bus_run *run, const uint8_t *bytes);

/* The first run, NULL when empty; its bytes are at q->byte + q->head. */
const struct bus_run *bus_front(const struct bus_queue *q);

/* Remove `n` bytes of the first run (n <= its len). */
void bus_drop(struct bus_queue *q, uint32_t n);

/* A sender that stops: forget what is not complete at `now`. */
void bus_cut(struct bus_queue *q, uint64_t now);

/* A sender that changes its rate at `now`: bytes that have not begun follow at
 * the new one. Returns when the last byte will be complete, `now` when empty. */
uint64_t bus_retime(struct bus_queue *q, uint64_t now, uint32_t baud, uint64_t byte_ns);

/* Nanoseconds of one byte, 8N1. */
uint64_t bus_byte_ns(uint32_t baud);

/* True when a receiver at `rx` understands a sender at `tx`: 3 % apart at most. */
bool bus_baud_match(uint32_t tx, uint32_t rx);

/* What a receiver at `rx` baud makes of one byte sent at `tx`, when they do not
 * match: the frame sampled at the wrong points. A slow receiver is still inside
 * its frame when the next byte begins; `rng` then stands for what it sees.
 * Returns 0..BUS_GARBAGE bytes, never exactly the one that was sent. */
#define BUS_GARBAGE 8
size_t bus_garble(struct rng *rng, uint8_t byte, uint32_t tx, uint32_t rx,
                  uint8_t out[BUS_GARBAGE]);

#endif
