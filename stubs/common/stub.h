/* stub.h - the stub as a whole: its loop, and what its parts share.
 *
 * stub_step() is called for ever. It never blocks: a slice is at most some
 * hundred microseconds, during which hal_poll() is called. */
#ifndef STUB_H
#define STUB_H

#include "common/deflate.h"
#include "common/flash.h"
#include "common/frame.h"
#include "common/job.h"
#include "common/plain.h"
#include "common/stream.h"

#define STUB_VERSION 0x00010000u

enum { STUB_FAMILY_ECR6600 = 1, STUB_FAMILY_BL602 = 2 };

struct stub;

/* The plain language of a family; its state is s->plain. */
struct stub_family {
    uint8_t id; /* STUB_FAMILY_... */
    /* After start, after BYE and after silence: nothing is half done. */
    void (*reset)(struct stub *s);
    /* Take bytes, also while there is a job: a bl602 is sent the next data while it
     * programs. Returns how many of them it has used; 0: not ready for more. Not called
     * while the stream language is spoken. */
    size_t (*rx)(struct stub *s, const uint8_t *data, size_t len);
    /* Called by every step: time-outs, answers of jobs that are done, what could not be
     * sent yet. Returns true when something was done. */
    bool (*work)(struct stub *s);
};
extern const struct stub_family stub_ecr6600, stub_bl602;

struct stub {
    struct stub_hal *h;
    const struct stub_family *family;
    struct stub_flash flash;
    struct stub_job job;
    bool streaming;
    uint32_t heard_us; /* of the last byte; in the stream language of the last valid frame */
    uint8_t caps[32];
    uint16_t in_at, in_len;
    struct stub_stream stream;
    union {
        union stub_transfer transfer; /* stream.h */
        struct stub_plain plain;
    };
    /* Last: what is small is reached with one instruction, see `transfer` too. */
    uint8_t in[256]; /* taken from the ring, not yet by a language */
    uint8_t reply[STUB_REPLY_MAX];
    struct stub_receiver rx;
};

/* `h` is ready: clocks, pins, UART and flash controller are set up. */
void stub_init(struct stub *s, const struct stub_family *family, struct stub_hal *h);

/* One slice. False: nothing to do before a byte comes, room in the transmit ring
 * appears, the flash becomes ready or 1 ms has passed. */
bool stub_step(struct stub *s);

/* Of a plain language: the capability answer has been handed to hal_tx(). */
void stub_enter_stream(struct stub *s);

#endif
