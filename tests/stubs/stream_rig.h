/* stream_rig.h - a host of the stream language for tests, with its own codec (zlib) and
 * a plan of what happens to frames on their way. */
#ifndef TESTS_STUBS_STREAM_RIG_H
#define TESTS_STUBS_STREAM_RIG_H

#include "common/stub.h"
#include "stubs/fake_hal.h"

enum rig_fault { RIG_FINE, RIG_LOST, RIG_FLIPPED, RIG_CUT, RIG_TWICE };

struct rig_plan { /* what happens to frame n, from 0, in one direction */
    enum rig_fault fault;
    unsigned nth;
    unsigned where; /* of the bytes of the frame, in 1/8 */
};

struct rig_frame {
    uint8_t type;
    uint16_t seq, len;
    uint8_t payload[STUB_FRAME_MAX];
};

struct rig {
    struct stub_hal h;
    struct stub s;
    uint16_t seq;
    uint8_t in[8 * STUB_FRAME_SIZE];
    size_t in_len;
    uint64_t in_us;           /* last byte */
    struct rig_plan up, down; /* to the stub, to the host */
    unsigned sent, heard;     /* frames each way */
    unsigned busies, acks, naks;
    bool again; /* the last frame heard comes once more */
    struct rig_frame last;
    unsigned resets, plains; /* of the plain language: reset() calls, bytes */
};

/* One at a time. In the stream language, both at 2 Mbaud. */
struct rig *rig_make(void);
void rig_free(struct rig *r);
/* The power comes back: a fresh stub on the same cells. */
void rig_restart(struct rig *r);

void rig_send(struct rig *r, uint8_t type, uint16_t seq, const void *payload, size_t len);
/* Wait so long for a frame. */
bool rig_next(struct rig *r, struct rig_frame *f, uint32_t us);
/* A command with tries; its reply's status, 255: none came. */
uint8_t rig_command(struct rig *r, uint8_t type, const void *payload, size_t len,
                    struct rig_frame *reply);
uint8_t rig_span(struct rig *r, uint8_t type, uint32_t addr, uint32_t len, struct rig_frame *reply);
bool rig_hello(struct rig *r);

/* A whole transfer. kind and flags as in READ; `out` gets contents or CRCs. Returns
 * the status of END, 255: it did not come to one; 254: what came makes no sense. */
uint8_t rig_read(struct rig *r, uint32_t addr, uint32_t len, uint8_t kind, uint8_t flags,
                 uint8_t *out);

/* Units of a write of `want` over `have`. Returns their length. */
size_t rig_units(const uint8_t *have, const uint8_t *want, uint32_t len, uint8_t *bitmap,
                 uint8_t *units);
struct rig_result {
    uint8_t status; /* as above */
    uint32_t addr;
    uint8_t sha[32];
};
/* Frames of `part` bytes (0: the longest). */
void rig_write_units(struct rig *r, uint32_t addr, uint32_t len, const uint8_t *bitmap,
                     const uint8_t *units, size_t units_len, size_t part, struct rig_result *out);
/* All of it: what the flash holds becomes what `want` holds. */
void rig_write(struct rig *r, uint32_t addr, uint32_t len, const uint8_t *want,
               struct rig_result *out);

size_t rig_seal(uint8_t *buf, uint8_t type, uint16_t seq, const void *payload, size_t len);
void rig_sha(const uint8_t *data, size_t len, uint8_t out[32]);

#endif
