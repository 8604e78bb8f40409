/* stub_rig.h - a host that speaks the stream language of our stubs by raw frames, from
 * stubs/README.md alone, and writes down every reply. */
#ifndef EMU_STUB_RIG_H
#define EMU_STUB_RIG_H

#include "sim/guest.h"
#include "sim/rig.h"

#define STUB_SECTOR_LEN 4096u

struct stub_rig {
    struct rig r;
    bool bl602;
    uint16_t seq;
    uint8_t caps[32];
    uint8_t *log; /* owned: replies, but ACK and BUSY, which tell timing */
    size_t log_len, log_cap;
    unsigned naks; /* of the stub, in writes */
};

struct stub_reply {
    uint8_t type;
    uint16_t seq, len;
    uint8_t payload[4096];
};

/* Open `chip` with this flash, let `ops` run what is uploaded, upload our stub, and get the
 * first answer of its plain language. `more`: keys of the device, ",lat=0" or "". */
void stub_open(struct stub_rig *s, const char *chip, const struct sim_guest_ops *ops,
               const char *more, const uint8_t *flash, uint32_t size);
void stub_close(struct stub_rig *s);

/* One request of the plain language, `n` bytes of answer, which are written down. */
void stub_plain(struct stub_rig *s, const char *hex, size_t n);
/* B0; the capabilities. */
void stub_stream(struct stub_rig *s);

void stub_put(struct stub_rig *s, uint8_t type, uint16_t seq, const void *payload, size_t len);
/* The next frame that is no BUSY, within `ms`; false: none. Written down unless it is an ACK. */
bool stub_get(struct stub_rig *s, struct stub_reply *f, uint32_t ms);
/* A command with the next number, and its reply, which must come. */
void stub_command(struct stub_rig *s, uint8_t type, const void *payload, size_t len,
                  struct stub_reply *f);
/* The same with an address and a length; the status. */
uint8_t stub_command2(struct stub_rig *s, uint8_t type, uint32_t a, uint32_t b,
                      struct stub_reply *f);

/* BAUD, HELLO, ECHO of 1024 bytes. */
void stub_baud(struct stub_rig *s, uint32_t baud);
/* READ: contents, and the stub's hash of them must be right. `frames` may be NULL. */
void stub_read(struct stub_rig *s, uint32_t addr, uint32_t len, uint8_t *out);
void stub_map(struct stub_rig *s, uint32_t addr, uint32_t len, uint32_t *crcs);
/* WRITE of `data` over sectors where it differs from `old`; units as they are shortest. The
 * stub's hash of the span must be right. */
void stub_write(struct stub_rig *s, uint32_t addr, uint32_t len, const uint8_t *old,
                const uint8_t *data);

#endif
