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

/* Complete the frame whose payload of `len` bytes is at buf + STUB_FRAME_HEAD.
 * Returns its size. */
size_t stub_frame_seal(struct stub_hal *h, uint8_t *buf, uint8_t type, uint16_t seq, uint16_t len);

struct stub_receiver {
    uint8_t buf[STUB_FRAME_SIZE];
    uint16_t have;
    uint32_t crc; /* of the bytes before `summed` */
    uint16_t summed;
};

/* Feed bytes until a frame is complete; returns how many were used. *got tells
 * whether `f` is a valid frame. Call with len 0 to look again at what is held. */
size_t stub_receive(struct stub_receiver *r, struct stub_hal *h, const uint8_t *data, size_t len,
                    struct stub_frame *f, bool *got);
/* What is held has stopped growing: it is no frame, but may contain one. */
void stub_receive_skip(struct stub_receiver *r);

#endif
