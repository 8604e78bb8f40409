/* bl602_frame.h - frames of the mask ROM and of RAM loaders; pure, no I/O, no
 * state. README.md in this folder draws every one. */
#ifndef BL602_FRAME_H
#define BL602_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum bl602_cmd {
    /* ROM and loader */
    BL602_GET_BOOT_INFO = 0x10,
    BL602_RESET = 0x21,
    BL602_MEMORY_READ = 0x51,
    /* ROM */
    BL602_LOAD_BOOT_HEADER = 0x11,
    BL602_LOAD_SEGMENT_HEADER = 0x17,
    BL602_LOAD_SEGMENT_DATA = 0x18,
    BL602_CHECK_IMAGE = 0x19,
    BL602_RUN_IMAGE = 0x1a,
    /* loader */
    BL602_FLASH_ERASE = 0x30,
    BL602_FLASH_WRITE = 0x31,
    BL602_FLASH_READ = 0x32,
    BL602_READ_JEDEC = 0x36,
    BL602_READ_STATUS = 0x37,
    BL602_WRITE_CHECK = 0x3a,
    BL602_READ_SHA256 = 0x3d,
    BL602_READ_MAC = 0x42,
    BL602_STREAM = 0xb0, /* ours only */
};

/* Codes behind FL that decide something; bl602_error_name() knows all. */
enum bl602_error {
    BL602_ERR_ERASE_PARA = 0x0002,
    BL602_ERR_PARA = 0x0004,
    BL602_ERR_WRITE_ADDR = 0x0005,
    BL602_ERR_WRITE = 0x0006,
    BL602_ERR_SET_PARA = 0x0008,
    BL602_ERR_LENGTH = 0x0102,
    BL602_ERR_CHECKSUM = 0x0103,
    BL602_ERR_SEQUENCE = 0x0104,
    BL602_ERR_ENCRYPT = 0x0205,
    BL602_ERR_SIGN = 0x0206,
};

#define BL602_HEAD      4u     /* command, checksum, length */
#define BL602_DATA_MAX  16388u /* of any frame, either way */
#define BL602_FRAME_MAX (BL602_HEAD + BL602_DATA_MAX)
#define BL602_ROM_MAX   4092u /* payload of a frame to the ROM */
#define BL602_CAPS_LEN  32u

/* The checksum of a frame: the two length bytes and the payload, summed. 0 on
 * the wire means that the receiver does not check. */
uint8_t bl602_checksum(const uint8_t *arg, size_t arg_len, const uint8_t *data, size_t data_len);

/* A request and what its answer must look like. */
struct bl602_request {
    uint8_t cmd;
    bool plain; /* byte 1 is sent as 0: frames to the ROM */
    uint8_t arg[16];
    size_t arg_len;
    const uint8_t *data; /* follows arg, borrowed; NULL with data_len 0 */
    size_t data_len;
    bool has_reply;      /* OK is followed by a length and data */
    size_t reply_len;    /* exactly so much; SIZE_MAX: any */
    bool busy;           /* PD may come any number of times before the answer */
    unsigned busy_max;   /* PD the work can explain */
    uint32_t addr;       /* for texts */
    uint64_t timeout_us; /* for the answer or the next PD, besides the wire */
    const char *name;
};

struct bl602_request bl602_req_boot_info(void);
struct bl602_request bl602_req_load_header(const uint8_t header[176]);
struct bl602_request bl602_req_load_segment(const uint8_t header[16]);
struct bl602_request bl602_req_load_data(const uint8_t *data, size_t len);
struct bl602_request bl602_req_check_image(void);
struct bl602_request bl602_req_run_image(void);
struct bl602_request bl602_req_reset(void);
struct bl602_request bl602_req_jedec(void);
struct bl602_request bl602_req_mac(void);
struct bl602_request bl602_req_stream(void); /* into the stream language */
struct bl602_request bl602_req_status(uint8_t opcode);
struct bl602_request bl602_req_memory(uint32_t addr); /* 4 bytes: more are read wrongly */
/* `last` is the address of the last byte; any byte of a sector names all of it. */
struct bl602_request bl602_req_erase(uint32_t first, uint32_t last);
struct bl602_request bl602_req_write(uint32_t addr, const uint8_t *data, size_t len);
struct bl602_request bl602_req_write_check(void);
struct bl602_request bl602_req_read(uint32_t addr, uint32_t len);
struct bl602_request bl602_req_sha256(uint32_t addr, uint32_t len);
/* A read with half an argument: answered FL, changes nothing. Three of them end
 * a session. */
struct bl602_request bl602_req_mistake(void);

/* Encode `CMD SUM LL LL arg data`. Returns the frame length; 0 when it does not
 * fit `cap` or the length field. */
size_t bl602_encode(uint8_t *out, size_t cap, const struct bl602_request *rq);

enum bl602_decoded {
    BL602_MORE, /* every byte so far may open an answer: call again with more */
    BL602_SKIP, /* `used` bytes at the start belong to no answer */
    BL602_OK,   /* 4F 4B, with or without data */
    BL602_FAIL, /* 46 4C and a code */
    BL602_BUSY, /* 50 44 */
};

struct bl602_reply {
    enum bl602_decoded what;
    size_t used;         /* all but MORE: bytes to drop from the front; never 0 */
    unsigned code;       /* FAIL */
    const uint8_t *data; /* OK with data; borrows from `in` */
    size_t len;
};

/* Decode the answer at the start of `in`, which may still be growing.
 *
 *   4F 4B                  OK
 *   4F 4B LL LL data       OK, where the request asks for data
 *   46 4C EE EE            failed, code EEEE
 *   50 44                  at work
 *
 * Whether OK has data only the request tells: `has_reply`. A length beyond
 * BL602_DATA_MAX, as two more letters make it, marks an OK that stands alone.
 * Reads only in[0..len). */
struct bl602_reply bl602_decode(const uint8_t *in, size_t len, bool has_reply);

/* The letters of an answer to a 0x55 train are in there. */
bool bl602_has_ok(const uint8_t *in, size_t len);

/* A failure the wire may have caused: the request was damaged. */
bool bl602_error_is_damage(unsigned code);
/* What a code means; never NULL. */
const char *bl602_error_name(unsigned code);

/* The answer to get_boot_info. */
struct bl602_boot_info {
    uint32_t version; /* 1: mask ROM; BL602_VERSION_LOADER: a RAM loader */
    uint8_t sign, encrypt, debug;
    uint32_t sw_usage;
    uint8_t mac[6]; /* as printed on labels */
};
#define BL602_VERSION_ROM    0x00000001u
#define BL602_VERSION_STUB   0xfffffffeu /* a stub of our own */
#define BL602_VERSION_LOADER 0xffffffffu
void bl602_boot_info_decode(const uint8_t data[20], struct bl602_boot_info *out);

/* The answer to read_mac: six bytes back to front and their CRC-32. False when
 * the two disagree. */
bool bl602_mac_decode(const uint8_t data[10], uint8_t mac[6]);

/* Bytes 55 that last about 6 ms: the ROM wants 5, the loader no more than 12. */
size_t bl602_train_len(uint32_t baud);

#endif
