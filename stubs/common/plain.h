/* plain.h - what the plain languages share: a frame has a head of four bytes, the
 * payload's length in the last two, the payload and perhaps a tail. One request is
 * worked on at a time. */
#ifndef STUB_PLAIN_H
#define STUB_PLAIN_H

#include "common/codec.h"

#define STUB_PLAIN_HEAD    4u
#define STUB_PLAIN_BODY    0x10000u /* payload and tail of the longest frame */
#define STUB_PLAIN_CHUNK   256u     /* of flash, sent at a time */
#define STUB_PLAIN_STOP_US 100000u  /* a frame that stops for so long is forgotten */

enum stub_plain_doing {
    STUB_PLAIN_NOTHING,
    STUB_PLAIN_JOB, /* s->job, then an answer */
    STUB_PLAIN_PROGRAM,
    STUB_PLAIN_READ,
    STUB_PLAIN_BAUD,
    STUB_PLAIN_BAUD_OVER,
    STUB_PLAIN_RUN,
    STUB_PLAIN_STREAM
};

struct stub_plain {
    /* Receiving. */
    uint8_t head[STUB_PLAIN_HEAD];
    uint8_t sum;     /* of all bytes of the frame */
    bool whole;      /* a frame waits to be worked on, or is */
    uint32_t have;   /* bytes of it */
    uint32_t at_us;  /* of the last byte taken */
    uint32_t offset; /* into body: where the payload goes, */
    uint32_t cap;    /* as much of it as fits */

    /* Working. */
    enum stub_plain_doing doing;
    uint32_t addr, left; /* of a read or a write */
    uint32_t piece;      /* ecr6600: of the frame being sent; bytes of the last data frame */
    uint32_t wait_us;
    uint32_t told; /* bl602: PD sent */
    bool writing;  /* ecr6600: data frames are expected */
    bool failed;   /* ecr6600: the application did not start; bl602: a write since the last erase */
    bool linked;   /* bl602: the train is known to the language */
    bool tail;     /* bl602: of the train, not a frame yet */
    uint32_t train;    /* bl602: 55 in a row */
    uint32_t heard_us; /* bl602: last request that made sense */

    /* Sending: at most a chunk with what is around it, or the fuses. */
    uint8_t out[STUB_PLAIN_CHUNK + 8];
    uint32_t out_len;
    uint8_t out_sum; /* of the frame so far */

    uint8_t body[STUB_PLAIN_BODY];
};

struct stub;

/* Take bytes of a frame that ends `tail` bytes behind its payload; returns how many
 * it used. p->whole tells that the frame is complete: then it takes none. */
size_t stub_plain_take(struct stub *s, uint32_t tail, const uint8_t *data, size_t len);
/* Length of the payload. */
uint32_t stub_plain_len(const struct stub_plain *p);
/* Ready for the next frame; what there is of this one is forgotten. */
void stub_plain_next(struct stub_plain *p);
/* Forget a frame that has stopped. */
void stub_plain_stop(struct stub *s);

/* The next bytes of a read go behind what is in p->out. */
void stub_plain_chunk(struct stub *s, uint32_t len);
/* Everything but the body as after start. */
void stub_plain_reset(struct stub *s);
/* Hand p->out to the UART. False: no room yet. */
bool stub_plain_flush(struct stub *s);
/* Whether the last bit left so long ago; p->wait_us is the time it did. */
bool stub_plain_idle(struct stub *s, uint32_t us);

#endif
