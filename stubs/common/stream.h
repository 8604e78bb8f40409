/* stream.h - commands and transfers of the stream language. */
#ifndef STUB_STREAM_H
#define STUB_STREAM_H

#include "common/deflate.h"
#include "common/frame.h"

#define STUB_TX_FRAMES 8u  /* kept in a read */
#define STUB_RX_FRAMES 16u /* taken ahead in a write */

struct stub_stream {
    struct stub_receiver rx;
};

/* The buffers of a read or a write; the plain languages use the same memory. */
struct stub_transfer {
    uint8_t window[STUB_RX_FRAMES][STUB_FRAME_SIZE];
};

#endif
