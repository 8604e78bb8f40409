/* bk7231_frame.h - frames of the Beken UART loaders; pure, no I/O, no state.
 *
 * README.md in this folder draws every frame. What a reply must look like is
 * decided here too, in bk7231_match(), so that no caller can forget an echo. */
#ifndef BK7231_FRAME_H
#define BK7231_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum bk7231_op {
    /* short frames */
    BK7231_LINK_CHECK = 0x00,
    BK7231_LINK_REPLY = 0x01, /* the one answer whose opcode is not the request's */
    BK7231_WRITE_REG = 0x01,
    BK7231_READ_REG = 0x03,
    BK7231_REBOOT = 0x0e,
    BK7231_SET_BAUD = 0x0f,
    BK7231_CHECK_CRC = 0x10,
    BK7231_BOOT_VERSION = 0x11,
    BK7231_SYS_ERR = 0xee,
    BK7231_SYS_ERR2 = 0xfe,
    /* long frames: an opcode space of its own */
    BK7231_FLASH_WRITE = 0x06,
    BK7231_FLASH_WRITE_4K = 0x07,
    BK7231_FLASH_READ = 0x08,
    BK7231_FLASH_READ_4K = 0x09,
    BK7231_FLASH_ERASE_ALL = 0x0a,
    BK7231_FLASH_ERASE_4K = 0x0b,
    BK7231_FLASH_READ_SR = 0x0c,
    BK7231_FLASH_WRITE_SR = 0x0d,
    BK7231_FLASH_GET_MID = 0x0e,
    BK7231_FLASH_ERASE = 0x0f,
};

enum bk7231_erase_code {
    BK7231_ERASE_SECTOR = 0x20,
    BK7231_ERASE_BLOCK = 0xd8, /* 64 KiB; no other code is safe, T acknowledges and ignores it */
};

#define BK7231_REQUEST_MAX 4108u /* FlashWrite4K */
#define BK7231_REPLY_MAX   4111u /* FlashRead4K */

/* Encode `01 E0 FC L OP arg`. Returns the frame length; 0 when it does not fit
 * `cap` or the length field. */
size_t bk7231_encode_short(uint8_t *out, size_t cap, uint8_t op, const uint8_t *arg, size_t len);

/* Encode `01 E0 FC FF F4 LL LL OP arg data`. `data` may be NULL with data_len 0. */
size_t bk7231_encode_long(uint8_t *out, size_t cap, uint8_t op, const uint8_t *arg, size_t len,
                          const uint8_t *data, size_t data_len);

enum bk7231_decoded {
    BK7231_MORE,  /* every byte so far may open a reply: call again with more */
    BK7231_FRAME, /* a whole reply stands at the start */
    BK7231_SKIP,  /* `used` bytes at the start belong to no reply */
};

struct bk7231_reply {
    enum bk7231_decoded what;
    size_t used; /* FRAME, SKIP: bytes to drop from the front; never 0 */
    bool is_long;
    uint8_t op;
    uint8_t status;      /* long frames; 0 in short ones */
    const uint8_t *body; /* what follows OP (short) or STATUS (long); borrows from `in` */
    size_t len;
};

/* Decode the reply at the start of `in`, which may still be growing.
 *
 *   short  04 0E L 01 E0 FC OP body            L  = 4 + body length
 *   long   04 0E FF 01 E0 FC F4 LL LL OP ST body   LL = 2 + body length
 *
 * Reads only in[0..len). Lengths no loader uses are noise, so that a damaged
 * length cannot swallow the replies behind it. A FlashGetMID reply that counts
 * five bytes after LL carries five or six. */
struct bk7231_reply bk7231_decode(const uint8_t *in, size_t len);

/* A request and what its answer must look like. */
struct bk7231_request {
    uint8_t op;
    bool is_long;
    uint8_t arg[9];
    size_t arg_len;
    const uint8_t *data; /* FlashWrite4K: 4096 bytes, borrowed */
    size_t data_len;
    bool silent; /* no answer is defined */
    uint8_t reply_op;
    uint8_t echo[5]; /* the reply's body must begin so */
    size_t echo_len;
    size_t body_len; /* exact length of the body of a success; SIZE_MAX: any */
    uint32_t addr;   /* for texts */
    const char *name;
};

struct bk7231_request bk7231_req_link_check(void);
struct bk7231_request bk7231_req_reboot(void);
struct bk7231_request bk7231_req_set_baud(uint32_t baud, uint8_t delay);
struct bk7231_request bk7231_req_boot_version(void);
/* `end` goes to the wire as it is: whether it is inclusive is the loader's affair. */
struct bk7231_request bk7231_req_check_crc(uint32_t start, uint32_t end);
struct bk7231_request bk7231_req_read_reg(uint32_t addr);
struct bk7231_request bk7231_req_write_reg(uint32_t addr, uint32_t value);
struct bk7231_request bk7231_req_read_4k(uint32_t addr);
struct bk7231_request bk7231_req_write_4k(uint32_t addr, const uint8_t *data);
struct bk7231_request bk7231_req_erase(enum bk7231_erase_code code, uint32_t addr);
struct bk7231_request bk7231_req_get_mid(void);
struct bk7231_request bk7231_req_read_sr(uint8_t reg);
/* `bytes` 1 or 2: width of the flash's status register write. */
struct bk7231_request bk7231_req_write_sr(uint8_t reg, uint16_t value, unsigned bytes);

/* Encode a request; 0 when it does not fit. */
size_t bk7231_encode(uint8_t *out, size_t cap, const struct bk7231_request *rq);

/* Bytes of the answer to `rq`, for timing; 0 when there is none. */
size_t bk7231_reply_size(const struct bk7231_request *rq);

enum bk7231_match {
    BK7231_FOREIGN, /* not the answer to this request */
    BK7231_DONE,    /* the answer: opcode, length and echo agree, status 0 */
    BK7231_REFUSED, /* the device says no; reply->status tells why */
};
enum bk7231_match bk7231_match(const struct bk7231_request *rq, const struct bk7231_reply *r);

/* True for a reply that says flash was changed; *addr is where. */
bool bk7231_reply_changes_flash(const struct bk7231_reply *r, uint32_t *addr);

/* CRC-32 of the wire has no final inversion; ours is the zlib form. */
static inline uint32_t bk7231_crc_from_wire(uint32_t wire)
{
    return ~wire;
}

#endif
