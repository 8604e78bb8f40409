/* stream_frame.h - frames of the stream language, pure encode and decode.
 *
 *   B5  type  seq16  n16  head16  payload[n]  crc32
 *
 * head16 is the low half of the CRC-32 of the six bytes before it, crc32 that
 * of everything before it. stubs/README.md has every byte. */
#ifndef STREAM_FRAME_H
#define STREAM_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STREAM_HEAD    8u
#define STREAM_TAIL    4u
#define STREAM_MAX     4096u /* payload */
#define STREAM_SIZE    (STREAM_HEAD + STREAM_MAX + STREAM_TAIL)
#define STREAM_CAPS    32u
#define STREAM_VERSION 1u
#define STREAM_ECHO    1024u

enum stream_type {
    STREAM_HELLO = 0x01,
    STREAM_BYE = 0x02,
    STREAM_BAUD = 0x03,
    STREAM_ECHO_BACK = 0x04,
    STREAM_RESET = 0x06,
    STREAM_HASH = 0x07,
    STREAM_ERASE = 0x08,
    STREAM_READ = 0x10,
    STREAM_READ_ACK = 0x11,
    STREAM_WRITE = 0x20,
    STREAM_WRITE_DATA = 0x21,
    STREAM_WRITE_END = 0x22,
    STREAM_REPLY = 0x80, /* with the type of the command */
    STREAM_BUSY = 0x8f,
    STREAM_READ_DATA = 0x91,
    STREAM_READ_END = 0x92,
    STREAM_WRITE_ACK = 0xa1,
    STREAM_WRITE_RESULT = 0xa2,
};

enum stream_status {
    STREAM_DONE = 0,
    STREAM_UNKNOWN = 1,
    STREAM_PAYLOAD = 2,
    STREAM_OUTSIDE = 3,
    STREAM_NOT_TAKEN = 4,
    STREAM_NOT_SAME = 5,
    STREAM_BAD_UNIT = 6,
    STREAM_NO_FLASH = 7,
    STREAM_NO_RATE = 8,
    STREAM_OVER = 9,
};

/* Returns the frame's length; 0 when it does not fit. `payload` may be where it
 * ends up (out + STREAM_HEAD). */
size_t stream_encode(uint8_t *out, size_t cap, uint8_t type, uint16_t seq, const uint8_t *payload,
                     size_t len);

enum stream_what {
    STREAM_MORE, /* every byte so far may be right: come again with more */
    STREAM_SKIP, /* `used` bytes belong to nothing */
    STREAM_FRAME /* one frame of `used` bytes */
};

struct stream_frame {
    enum stream_what what;
    uint8_t type;
    uint16_t seq;
    const uint8_t *body; /* borrows from the input */
    size_t len, used;
};

/* Decode the frame at the start of `in`, which may still be growing. `quiet`: no
 * more is coming, so what is not whole is no frame but may have one inside. */
struct stream_frame stream_decode(const uint8_t *in, size_t len, bool quiet);

/* What a stub says of itself. */
struct stream_caps {
    uint8_t family; /* 1 ECR6600, 2 BL602 */
    size_t payload;
    unsigned window, keeps; /* frames under way in a write, frames kept in a read */
    uint32_t flash_size, max_baud, version;
    uint8_t jedec[3], mac[6], sr1, sr2;
    bool has_mac;
};

/* False: not this version of the language, or figures that cannot be. */
bool stream_caps_decode(const uint8_t *body, size_t len, struct stream_caps *out);

/* What a status means; never NULL. */
const char *stream_status_name(uint8_t status);

#endif
