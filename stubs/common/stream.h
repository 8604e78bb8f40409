/* stream.h - commands and transfers of the stream language (README.md).
 *
 * stream.c has the commands and what goes out; stream_read.c a read; a write is
 * stream_write.c, frames in and answers out, and stream_units.c, units onto the
 * flash. */
#ifndef STUB_STREAM_H
#define STUB_STREAM_H

#include "common/deflate.h"
#include "common/flash.h"
#include "common/frame.h"

#define STUB_TX_FRAMES     32u /* kept in a read: 650 ms at 2 Mbaud, while blank flash is hashed */
#define STUB_RX_FRAMES     16u /* taken ahead in a write; divides 65536 */
#define STUB_NOTE_MAX      (STUB_FRAME_HEAD + 37u + STUB_FRAME_TAIL)
#define STUB_ECHO_MAX      1024u
#define STUB_REPLY_MAX     (STUB_FRAME_HEAD + 1 + STUB_ECHO_MAX + STUB_FRAME_TAIL)
#define STUB_FLASH_MAX     (16u << 20)
#define STUB_TELL_US       250000u   /* BUSY, and ACK while the host is silent */
#define STUB_ERASE_AHEAD   262144u   /* behind the sector being worked on */
#define STUB_FLASH_GIVE_UP 10000000u /* no chip is busy for so long */

enum stub_type {
    STUB_HELLO = 0x01,
    STUB_BYE = 0x02,
    STUB_BAUD = 0x03,
    STUB_ECHO = 0x04,
    STUB_EFUSE = 0x05,
    STUB_RESET = 0x06,
    STUB_HASH = 0x07,
    STUB_ERASE = 0x08,
    STUB_READ = 0x10,
    STUB_READ_ACK = 0x11,
    STUB_WRITE = 0x20,
    STUB_WRITE_DATA = 0x21,
    STUB_WRITE_END = 0x22,
    STUB_REPLY = 0x80, /* added to the command's */
    STUB_BUSY = 0x8f,
    STUB_READ_DATA = 0x91,
    STUB_READ_END = 0x92,
    STUB_WRITE_ACK = 0xa1,
    STUB_WRITE_RESULT = 0xa2
};

enum stub_status {
    STUB_DONE,
    STUB_UNKNOWN,
    STUB_BAD_PAYLOAD,
    STUB_OUTSIDE,
    STUB_NOT_TAKEN,
    STUB_NOT_SAME,
    STUB_BAD_UNIT,
    STUB_NO_FLASH,
    STUB_BAD_RATE,
    STUB_OVER
};

enum stub_unit { STUB_UNIT_BLANK, STUB_UNIT_SAME, STUB_UNIT_DEFLATE, STUB_UNIT_RAW };
#define STUB_UNIT_HEAD 3u

/* A read: sectors become units, units become frames, frames are kept until they are
 * acknowledged. Frames are counted from 0 here; number = seq + 1 + count. */
struct stub_read {
    uint32_t start, at, end;   /* `at`: the sector being read or packed */
    uint32_t base, next, send; /* frames: oldest kept, being filled, to be sent next */
    uint32_t blanks;           /* sectors, not yet in a unit */
    uint32_t crc;              /* of the sector, in a map */
    uint32_t seq;              /* of the command */
    uint32_t got;              /* bytes of the sector */
    uint32_t fill;             /* bytes in frame `next` */
    uint32_t out_at, out_len;
    bool map, deflate, blank;
    bool ended; /* END is the last frame */
    struct stub_sha256 sha;
    uint16_t size[STUB_TX_FRAMES];
    _Alignas(4) uint8_t sector[2 * STUB_SECTOR]; /* the one before, and this one */
    uint8_t out[STUB_UNIT_HEAD + STUB_SECTOR];   /* a unit on its way into frames */
    struct stub_deflate memory;
    uint8_t frame[STUB_TX_FRAMES][STUB_FRAME_SIZE];
};

/* A sector on its way to the flash. */
struct stub_slot {
    bool full;
    uint8_t kind;     /* of its unit */
    bool first, last; /* of a unit SAME, whose */
    uint32_t crc;
};

/* A write: payloads wait in `fifo`, a unit is collected in `unit`, becomes a sector in
 * the second slot while the first is being programmed. */
struct stub_write {
    uint32_t start, end;
    uint32_t take;            /* sector of the next unit */
    uint32_t work;            /* sector of the first slot: all before it is done */
    uint32_t good;            /* where to go on after a failure */
    uint32_t erased;          /* what must change before here has been erased */
    uint32_t unit_size, look; /* being looked at whether it is blank: at `erased`, bytes seen */
    uint32_t crc;             /* of a unit SAME so far */
    uint32_t told_us;         /* last frame from the host, or ACK for want of one */
    /* Numbers: of the command; wanted, not used yet, last seen, END's. Modulo 65536 when
     * they are compared with one from the wire. */
    uint32_t seq, want, used, last, end_seq;
    uint32_t pos;       /* in frame `used` */
    uint32_t have, run; /* bytes of the unit; sectors of it to come */
    bool has_end, over;
    bool gap, nak;        /* frames are missing; the host has to be told */
    bool first;           /* sector of a run */
    uint8_t status;       /* when over */
    uint8_t page, hashed; /* first slot: pages programmed, 16 more: compared; pages hashed */
    struct stub_slot slot[2];
    struct stub_sha256 sha;
    uint8_t hash[32];
    uint16_t len[STUB_RX_FRAMES];
    uint8_t shall[STUB_FLASH_MAX / STUB_SECTOR / 8]; /* the command's bitmap */
    uint8_t unit[STUB_UNIT_HEAD + STUB_SECTOR];
    _Alignas(4)
        uint8_t sector[2 * STUB_SECTOR]; /* of the slots; the first is also the second's history */
    struct stub_inflate memory;
    uint8_t fifo[STUB_RX_FRAMES][STUB_FRAME_MAX];
};

/* The plain languages use the same memory. */
union stub_transfer {
    struct stub_read read;
    struct stub_write write;
};

struct stub_stream {
    struct stub_frame held; /* a command that waits for the line to be free */
    bool holding;
    uint32_t byte_us; /* last byte */

    /* The last command. */
    bool known;   /* there was one */
    bool working; /* on it, by s->job */
    uint8_t type; /* of it */
    uint32_t seq;
    uint8_t open;      /* STUB_READ, STUB_WRITE: its transfer; 0 */
    uint32_t busy_us;  /* begun, or last BUSY */
    uint32_t ready_us; /* the flash was last seen idle */

    /* Once the reply has left. */
    uint8_t then; /* STUB_BYE, STUB_BAUD, STUB_RESET; 0 */
    uint32_t then_us;
    uint32_t baud; /* the new one; while on trial the old one */
    bool trial;

    /* Going out, in this order; DATA of a read last. */
    const uint8_t *tx; /* a frame of which tx_at bytes have gone; NULL */
    uint32_t tx_at, tx_len;
    bool reply_due;
    uint8_t note_len;
    bool ack_due;
    uint32_t reply_len;           /* with frame */
    uint8_t note[STUB_NOTE_MAX];  /* BUSY, result, END of no transfer */
    uint8_t small[STUB_NOTE_MAX]; /* the note or ACK that is going out */
};

struct stub;

/* Forget everything: the language begins. */
void stub_stream_begin(struct stub *s);
/* Take bytes; returns how many it used: fewer only when a command must wait until
 * what is going out has gone, or when the language is left. */
size_t stub_stream_rx(struct stub *s, const uint8_t *data, size_t len);
/* One slice of everything else. True: something was done. May leave the language. */
bool stub_stream_step(struct stub *s);

/* For the parts. A small frame, as soon as possible; replaces one not yet sent. */
void stub_stream_note(struct stub *s, uint8_t type, uint16_t seq, const uint8_t *payload,
                      uint8_t len);
bool stub_is_blank(struct stub_hal *h, const uint8_t *p, size_t len);

/* `payload` is that of the command, checked but for what only the part knows.
 * Returns a status. */
uint8_t stub_read_open(struct stub *s, uint16_t seq, const uint8_t *payload, uint16_t len);
void stub_read_ack(struct stub *s, const struct stub_frame *f);
bool stub_read_step(struct stub *s);
/* The flash has failed. */
void stub_read_fail(struct stub *s, uint8_t status);

uint8_t stub_write_open(struct stub *s, uint16_t seq, const uint8_t *payload, uint16_t len);
void stub_write_frame(struct stub *s, const struct stub_frame *f);
/* A DATA frame was damaged on its way. */
void stub_write_damaged(struct stub *s, uint16_t seq);
bool stub_write_step(struct stub *s);
void stub_write_fail(struct stub *s, uint8_t status);
/* Nothing to do but to wait for the host. */
bool stub_write_idle(const struct stub *s);
/* Build the ACK. Returns its size. */
size_t stub_write_ack(struct stub *s, uint8_t *buf);

/* Units onto the flash: make sectors of what has come, work on the flash. */
bool stub_units_take(struct stub *s);
bool stub_units_work(struct stub *s);

#endif
