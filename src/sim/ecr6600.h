/* ecr6600.h - inside the virtual ECR6600: its loader, the models of the RAM
 * stubs, and what stands in its flash. Written from reference ecr6600 alone;
 * section numbers in these files are those of that page.
 *
 *   ecr6600.c          switches, boot, the loader of mask ROM and uboot (1)
 *   ecr6600_stub.c     frames of the stubs and their short commands (2)
 *   ecr6600_work.c     read, erase, write: commands that take time (2.3)
 *   ecr6600_xmodem.c   transfers of the custom stub (2.3, 91 to 98)
 *   ecr6600_flash.c    partition table, NV records, images (4)
 *   ecr6600_factory.c  a synthetic factory flash */
#ifndef SIM_ECR6600_H
#define SIM_ECR6600_H

#include "sim/sim_internal.h"

#define ECRDEV_DATA_MAX 65536u /* flag and data of one data frame */
#define ECRDEV_EFUSE    128u
#define ECRDEV_CACHE    16384u
#define ECRDEV_LINE     32u
#define ECRDEV_XBLOCK   1024u

/* What a data frame or an answer counts as to the host (2.1). */
enum {
    ECRDEV_OK = 0,
    ECRDEV_ERROR = 1,
    ECRDEV_ADDR = 2,
    ECRDEV_TYPE = 3,
    ECRDEV_LEN = 4,
    ECRDEV_CRC = 5,
    ECRDEV_MAC = 6,
};

enum ecrdev_kind { ECRDEV_CUSTOM, ECRDEV_1_3_11, ECRDEV_1_3_4, ECRDEV_1_4_0, ECRDEV_KINDS };

/* What runs. */
enum ecrdev_at {
    ECRDEV_BOOTING, /* until a window opens */
    ECRDEV_WINDOW,  /* listens for "cnys" */
    ECRDEV_HEADER,  /* collects 12 bytes, for ever */
    ECRDEV_BLOCKS,  /* takes the RAM image */
    ECRDEV_STUB,
    ECRDEV_GUEST,    /* our own stub runs, guest.h */
    ECRDEV_STUB_ERR, /* command 06 found nothing to run */
};

/* What boot finds in flash. */
enum ecrdev_boot {
    ECRDEV_NO_UBOOT,  /* the mask ROM listens */
    ECRDEV_NO_TABLE,  /* uboot: partition err */
    ECRDEV_BAD_HEAD,  /* uboot: hcrc err */
    ECRDEV_BAD_IMAGE, /* uboot: dcrc err */
    ECRDEV_BOOTABLE,
};

/* Flash work in small steps, so that power may go between them. */
struct ecrdev_job {
    enum { ECRDEV_IDLE, ECRDEV_ERASE, ECRDEV_PROGRAM, ECRDEV_SEND, ECRDEV_PAUSE } kind;
    bool mixed; /* erase: by 64 and 32 KiB too */
    uint32_t at, left;
    const uint8_t *data;         /* program: inside the state */
    void (*then)(struct sim *s); /* when done */
};

/* The state of an XMODEM transfer. */
struct ecrdev_xmodem {
    enum {
        ECRDEV_X_OFF,
        ECRDEV_X_CALL,   /* sending 'C', waiting for a block */
        ECRDEV_X_DATA,   /* inside a block: number, complement, data, CRC */
        ECRDEV_X_START,  /* waiting for the host's 'C' */
        ECRDEV_X_ACK,    /* a block was sent */
        ECRDEV_X_EOT_ACK /* the end was sent */
    } state;
    uint8_t type;   /* the command */
    bool deflated;  /* 96, 97 */
    bool sum;       /* checksum and 128-byte blocks instead of CRC and 1 KiB */
    uint64_t until; /* when the stub loses patience */
    unsigned tries;
    uint8_t number;
    uint8_t block[3 + ECRDEV_XBLOCK + 2];
    size_t have, need;
    uint32_t at, left; /* flash, or in `packed` */
    uint8_t *packed;   /* owned; the deflate stream of 96 */
    size_t packed_len;
    uint32_t plain_len;
    void *inflate; /* owned, of 97: z_stream */
    uint8_t out[4096 + 4];
    size_t out_len; /* inflated and not yet programmed */
};

struct ecrdev_stub {
    /* parser */
    enum { ECRDEV_HUNT, ECRDEV_TYPE_BYTE, ECRDEV_LEN_LO, ECRDEV_LEN_HI, ECRDEV_BODY } state;
    uint8_t type, sum;
    uint32_t len, have;
    uint8_t body[64];
    unsigned ignored; /* bytes since the last start of a frame */

    /* answers: what stays behind in the stub's answer structure */
    uint16_t stale_len;
    uint8_t stale_sum;
    uint8_t stale_hash[32];

    uint32_t flash_size; /* what range checks use; 1.3.11 may overwrite it */

    /* inside 01 and 02 */
    bool loop;
    uint8_t loop_type, status;
    uint32_t at, left, before; /* `before`: length of the frame before */
    uint32_t n;
    uint8_t data[ECRDEV_DATA_MAX];

    struct ecrdev_job job;
    struct ecrdev_xmodem x;
    uint8_t out[5 + 65536 + 1];
};

struct ecrdev {
    /* switches */
    uint64_t boot_ns, window_ns, loop_ns, rom_ns, rom_first_ns, unit_ns, pack_rate;
    bool own; /* start=stub is our own */
    bool stub_baud_given, xtal26, pad_off, stale_cache, any_type, at_layout, high, header_given;
    uint32_t stub_baud, header_bytes;
    enum ecrdev_kind kind;
    enum { ECRDEV_NV_FULL, ECRDEV_NV_NOMAC, ECRDEV_NV_BLANK } nv;
    bool otp_given;
    uint8_t otp[6];
    uint8_t efuse[ECRDEV_EFUSE];

    /* since the last reset */
    enum ecrdev_at at;
    enum ecrdev_boot found;
    bool endless;   /* start=loader: the window never closes */
    bool rom_first; /* the window is the ROM's, uboot follows */
    uint64_t until; /* the window opens or closes, or the next "stub err!" */
    uint64_t flush_at;
    uint64_t patience; /* of the person at the plug */
    unsigned cnys, amt, amt_more;
    uint8_t amt_digit;
    uint8_t head[12];
    size_t head_have;
    uint32_t image_left, block_left, image_have;
    uint8_t *image;  /* owned; RAM_MAX bytes once something was uploaded */
    unsigned damage; /* of the wire, when the download began */

    struct ecrdev_stub stub;

    /* lines of the cached flash window, of 1.3.4 */
    uint32_t tag[ECRDEV_CACHE / ECRDEV_LINE];
    uint8_t line[ECRDEV_CACHE];
};

static inline struct ecrdev *ecrdev(const struct sim *s)
{
    return s->dev;
}

/* ---- ecr6600.c ------------------------------------------------------------ */

/* Send a reply; false: a fault of the plan has reset the chip meanwhile, so
 * that nothing of what the caller still wanted to do matters. */
bool ecrdev_say(struct sim *s, const uint8_t *bytes, size_t len);
/* Clear the UART's FIFOs once everything has been sent. */
void ecrdev_flush_after(struct sim *s);
/* What runs has crashed: nothing until the next reset. */
void ecrdev_crash(struct sim *s);
/* 06: leave the stub for the mask ROM's flash boot. */
void ecrdev_jump_to_flash(struct sim *s);
/* The person at the plug sees that nothing moves, and will switch it again. */
void ecrdev_unlink(struct sim *s);

/* ---- ecr6600_stub.c ------------------------------------------------------- */

void ecrdev_stub_start(struct sim *s);
void ecrdev_stub_rx(struct sim *s, uint8_t byte);
uint64_t ecrdev_stub_next(const struct sim *s);
void ecrdev_stub_timer(struct sim *s);
void ecrdev_stub_fini(struct ecrdev *e);

/* An answer without payload. */
bool ecrdev_answer(struct sim *s, uint8_t type, uint8_t status);
/* The answer to something not understood: FF, the length of an earlier one. */
bool ecrdev_not_understood(struct sim *s);
/* True when [addr, addr+len) passes the stub's range check; else it was answered. */
bool ecrdev_in_range(struct sim *s, uint8_t type, uint32_t addr, uint32_t len);
/* The rate the UART really makes of a request (2.6); 0: it cannot. */
uint32_t ecrdev_real_baud(uint32_t baud);

/* ---- ecr6600_work.c ------------------------------------------------------- */

void ecrdev_cmd_read(struct sim *s, const uint8_t *p);
void ecrdev_cmd_erase(struct sim *s, const uint8_t *p);
void ecrdev_cmd_chip_erase(struct sim *s, const uint8_t *p);
void ecrdev_cmd_write(struct sim *s, const uint8_t *p);
void ecrdev_cmd_ram(struct sim *s, const uint8_t *p);
void ecrdev_cmd_sha(struct sim *s, const uint8_t *p);
/* A data frame inside 01 or 02 is complete; `bad`: its sum is wrong. */
void ecrdev_data_frame(struct sim *s, bool bad);

/* Start steps; `then` is called when all are done, at once when there is none. */
void ecrdev_erase(struct sim *s, uint32_t addr, uint32_t len, bool mixed,
                  void (*then)(struct sim *s));
void ecrdev_program(struct sim *s, uint32_t addr, const uint8_t *data, uint32_t len,
                    void (*then)(struct sim *s));
void ecrdev_pause(struct sim *s, uint64_t ns, void (*then)(struct sim *s));
void ecrdev_job_step(struct sim *s);

/* ---- ecr6600_xmodem.c ----------------------------------------------------- */

void ecrdev_cmd_xwrite(struct sim *s, const uint8_t *p);  /* 91, 97 */
void ecrdev_cmd_xread(struct sim *s, const uint8_t *p);   /* 92, 98 */
void ecrdev_cmd_xpacked(struct sim *s, const uint8_t *p); /* 96 */
void ecrdev_x_rx(struct sim *s, uint8_t byte);
void ecrdev_x_timer(struct sim *s);
void ecrdev_x_end(struct ecrdev *e);

/* ---- ecr6600_flash.c ------------------------------------------------------ */

#define ECRDEV_EF_SECTOR 36u /* header of an EasyFlash sector */
#define ECRDEV_EF_RECORD 36u /* header of a record */

/* Offset of the live record `name` in the list that starts at `from`, or 0. */
size_t ecrdev_ef_find(const uint8_t *buf, size_t from, size_t to, const char *name);
/* Where the list ends: the first place for a record. */
size_t ecrdev_ef_end(const uint8_t *buf, size_t from, size_t to);
/* The value of the record at `at`, NUL-ended text; false: does not fit. */
bool ecrdev_ef_text(const uint8_t *buf, size_t at, char *out, size_t cap);
/* Bytes a record takes, and the record itself; `out` holds that many. */
size_t ecrdev_ef_size(const char *name, size_t len);
size_t ecrdev_ef_put(uint8_t *out, const char *name, const void *value, size_t len);
/* A sector's header: `magic` "EF40" or "EF41". */
void ecrdev_ef_sector(uint8_t *out, const char *magic, bool used);

/* Base and length of a partition of the full list (0x400). */
bool ecrdev_partition(const uint8_t *flash, uint32_t size, const char *name, uint32_t *base,
                      uint32_t *len);
/* What ROM and uboot make of this flash. */
enum ecrdev_boot ecrdev_find_boot(const uint8_t *flash, uint32_t size);
/* The station's MAC: nv_amt, OTP (may be NULL), the SDK's default (4.6). */
void ecrdev_mac(const uint8_t *flash, uint32_t size, const uint8_t *otp, uint8_t mac[6]);
/* Six bytes of "AA:BB:CC:DD:EE:FF"; false: malformed, or a group address. */
bool ecrdev_parse_mac(const char *text, uint8_t mac[6]);
/* Command 0C of 1.3.11: a new `mac` record; spends flash time. False: no place. */
bool ecrdev_store_mac(struct sim *s, const char *text);

/* ---- ecr6600_factory.c ---------------------------------------------------- */

void ecrdev_factory(const struct sim *s, uint32_t seed, const uint8_t mac[6], uint8_t *buf,
                    uint32_t size);

#endif
