/* frame.h - frames of the stream language (README.md), both directions. */
#ifndef STUB_FRAME_H
#define STUB_FRAME_H

#include "common/codec.h"

#define STUB_FRAME_HEAD 8u
#define STUB_FRAME_TAIL 4u
#define STUB_FRAME_MAX  4096u /* payload */
#define STUB_FRAME_SIZE (STUB_FRAME_HEAD + STUB_FRAME_MAX + STUB_FRAME_TAIL)

struct stub_frame {
    uint8_t type;
    uint16_t seq, len;
    const uint8_t *payload; /* inside the receiver; valid until it is fed again */
};

static inline uint16_t stub_get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t stub_get32(const uint8_t *p)
{
    return stub_get16(p) | (uint32_t)stub_get16(p + 2) << 16;
}

static inline void stub_put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void stub_put32(uint8_t *p, uint32_t v)
{
    stub_put16(p, v);
    stub_put16(p + 2, v >> 16);
}

/* Copies and fills that serve the UART all along. Ranges may overlap if `to` is
 * the lower one. */
void stub_copy(struct stub_hal *h, uint8_t *to, const uint8_t *from, size_t len);
void stub_fill(struct stub_hal *h, uint8_t *to, uint8_t value, size_t len);

/* Complete the frame whose payload of `len` bytes is at buf + STUB_FRAME_HEAD.
 * Returns its size. */
size_t stub_frame_seal(struct stub_hal *h, uint8_t *buf, uint8_t type, uint16_t seq, uint16_t len);

struct stub_receiver {
    uint32_t at, have; /* the candidate, the end of what is held */
    uint32_t taken;    /* size of the frame handed out last, from `at` */
    uint32_t summed;   /* `crc` is of the bytes from `at` to here */
    uint32_t crc;
    /* The header of a frame was good and the rest was not; the caller clears it. */
    bool damaged;
    uint8_t damaged_type;
    uint16_t damaged_seq;
    uint8_t buf[STUB_FRAME_SIZE];
};

/* Forget what is held; all zero will do for a start, too. */
static inline void stub_receive_reset(struct stub_receiver *r)
{
    r->at = r->have = r->taken = 0;
    r->damaged = false;
}

/* Feed bytes until a frame is complete; returns how many were used. *got tells
 * whether `f` is a valid frame. Call with len 0 to look again at what is held. */
size_t stub_receive(struct stub_receiver *r, struct stub_hal *h, const uint8_t *data, size_t len,
                    struct stub_frame *f, bool *got);
/* What is held has stopped growing: it is no frame, but may contain one. */
void stub_receive_skip(struct stub_receiver *r, struct stub_hal *h);
/* Bytes held that are not a whole frame yet. */
bool stub_receive_open(const struct stub_receiver *r);

#endif
