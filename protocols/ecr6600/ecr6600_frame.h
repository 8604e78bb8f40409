/* ecr6600_frame.h - the ECR6600's frames, pure encode and decode.
 *
 * Two languages: that of the loader (mask ROM or boot loader in flash), which
 * has four sync bytes, a 12-byte header and single-byte answers, and that of
 * the RAM stub:
 *
 *   request   A5  op  len16  payload[len]          sum8
 *   data      A5  02  n+1    flag(00)  data[n]     sum8
 *   answer    5A  op  len16  payload[len]  status  sum8
 *
 * sum8 is the sum of all bytes before it, modulo 256; `len` of an answer does
 * not count the status. README.md has every byte. */
#ifndef ECR6600_FRAME_H
#define ECR6600_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Loader. */
#define ECR6600_LOADER_OK   0x00
#define ECR6600_LOADER_SYNC 0x01
#define ECR6600_LOADER_BAD  0xff
#define ECR6600_RAM         0x00010000u
#define ECR6600_STUB_MAX    0x30000u /* ILM, 0x10000..0x3ffff */
#define ECR6600_BLOCK       1024u
#define ECR6600_GROUP       12u /* the loader reads its header in such pieces */

extern const uint8_t ecr6600_sync_bytes[4];

/* The header of a RAM download of `len` bytes. Returns 0 when `len` cannot be
 * sent: nothing, too much, or a multiple of 0x10000 (a group that starts inside
 * such a header could look like a header itself). */
size_t ecr6600_encode_header(uint8_t out[ECR6600_GROUP], size_t len);

/* Stub. */
enum ecr6600_op {
    ECR6600_OP_SYNC = 0x00,
    ECR6600_OP_WRITE = 0x02,
    ECR6600_OP_READ = 0x03,
    ECR6600_OP_ERASE = 0x04,
    ECR6600_OP_RUN = 0x06,
    ECR6600_OP_BAUD = 0x07,
    ECR6600_OP_EFUSE = 0x08,
    ECR6600_OP_SHA256 = 0x09,
    ECR6600_OP_HOLE = 0x0a, /* not a command; who knows it tells who is there */
    ECR6600_OP_FLASH_ID = 0x90,
    ECR6600_OP_EFUSE_ALL = 0x99,
    ECR6600_OP_STREAM = 0xb0, /* ours only */
    ECR6600_OP_NONE = 0xff,   /* of an answer: the request was not understood */
};

enum ecr6600_status {
    ECR6600_ST_OK = 0,
    ECR6600_ST_ERROR = 1,
    ECR6600_ST_ADDR = 2,
    ECR6600_ST_TYPE = 3, /* custom, 1.3.4, 1.4.0: also a bad sum */
    ECR6600_ST_LEN = 4,
    ECR6600_ST_SUM = 5,
};

#define ECR6600_FRAME     4096u   /* data bytes of a write frame */
#define ECR6600_READ_MAX  0x8000u /* of one request; 16-bit lengths overflow at twice that */
#define ECR6600_TX_MAX    (ECR6600_FRAME + 6u)
#define ECR6600_RX_MAX    (ECR6600_READ_MAX + 6u)
#define ECR6600_FILLER    16u /* enough to complete any truncated command */
#define ECR6600_EFUSE_LEN 128u
#define ECR6600_CAPS_LEN  32u

struct ecr6600_request {
    const char *name; /* for texts */
    uint8_t op;
    uint8_t payload[8];
    size_t len;
    const uint8_t *data; /* a data frame of `data_len` bytes instead; borrowed */
    size_t data_len;
    uint32_t addr, span; /* what it is about: for texts and timeouts */
    size_t answer;       /* payload bytes of a good answer */
    bool no_status;      /* its answer has no status byte */
};

struct ecr6600_request ecr6600_req_sync(void);
struct ecr6600_request ecr6600_req_hole(void);
struct ecr6600_request ecr6600_req_flash_id(void);
struct ecr6600_request ecr6600_req_efuse_all(void);
struct ecr6600_request ecr6600_req_run(void);
/* Into the stream language. */
struct ecr6600_request ecr6600_req_stream(void);
struct ecr6600_request ecr6600_req_baud(uint32_t baud);
struct ecr6600_request ecr6600_req_efuse(uint16_t addr, uint16_t len);
/* 1..ECR6600_READ_MAX bytes. */
struct ecr6600_request ecr6600_req_read(uint32_t addr, uint32_t len);
struct ecr6600_request ecr6600_req_erase(uint32_t addr, uint32_t len);
struct ecr6600_request ecr6600_req_sha256(uint32_t addr, uint32_t len);
struct ecr6600_request ecr6600_req_write(uint32_t addr, uint32_t len);
/* A command outside of every flash to a stub that waits for commands (status
 * ADDR), seven bytes FF to one that waits for data to be written (status OK). */
struct ecr6600_request ecr6600_req_which(void);
/* 1..ECR6600_FRAME bytes of what a write announced; never sent as a repeat. */
struct ecr6600_request ecr6600_req_data(uint32_t addr, const uint8_t *data, size_t len);

/* Returns the frame's length; 0 when it cannot be sent or does not fit. */
size_t ecr6600_encode(uint8_t *out, size_t cap, const struct ecr6600_request *rq);

uint8_t ecr6600_sum8(const uint8_t *data, size_t len);

/* A byte, not A5, that with FF behind it completes `frame` to nothing the stub
 * would obey, whichever one run of its bytes was lost on the way. FF for frames
 * that are no command. */
uint8_t ecr6600_filler(const uint8_t *frame, size_t len);

enum ecr6600_what {
    ECR6600_MORE,  /* every byte so far may be right: come again with more */
    ECR6600_SKIP,  /* `used` bytes belong to nothing */
    ECR6600_ANSWER /* one frame of `used` bytes */
};

struct ecr6600_reply {
    enum ecr6600_what what;
    uint8_t op, status;
    const uint8_t *body; /* borrows from the input */
    size_t len, used;
    bool stray; /* a frame, but not one that answers `want` */
};

/* Decode the answer to `want` at the start of `in`, which may still be growing.
 * `quiet`: nothing has arrived for a while, so what is here is all there is:
 * only then does an error answer show itself, whose length field is a left-over
 * of the answer before and whose payload does not exist. */
struct ecr6600_reply ecr6600_decode(const uint8_t *in, size_t len,
                                    const struct ecr6600_request *want, bool quiet);

/* The rate the chip really makes for a requested one, from its 80 MHz clock. */
uint32_t ecr6600_real_baud(uint32_t baud);

#endif
