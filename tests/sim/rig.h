/* rig.h - raw bytes against a virtual device, for the tests of src/sim.
 *
 * Frames are written out by hand or as vectors of the reference: no codec is
 * shared with the device or with the driver. */
#ifndef TESTS_SIM_RIG_H
#define TESTS_SIM_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugflash/sim.h"

struct rig {
    struct pf_ctx ctx;
    struct pf_transport *t;
};

/* Open or fail the test. */
void rig_open(struct rig *r, const char *spec);
void rig_open_flash(struct rig *r, const char *spec, const uint8_t *flash, uint32_t size);
void rig_close(struct rig *r);

/* Pulse RTS and send LinkChecks until one clean answer came; false: none in 2 s. */
bool rig_try_link(struct rig *r);
/* The same, and fail the test when it does not link. */
void rig_link(struct rig *r);
/* LinkChecks without touching a line. */
bool rig_train(struct rig *r, uint32_t ms);

/* Bytes in hexadecimal, spaces ignored. */
size_t rig_hex(const char *hex, uint8_t *out, size_t cap);
void rig_send(struct rig *r, const char *hex);
/* The next bytes must be these, within 10 s, and nothing else behind them. */
void rig_expect_at(struct rig *r, const char *hex, const char *file, int line);
#define rig_expect(r, hex) rig_expect_at(r, hex, __FILE__, __LINE__)
/* send, expect */
#define rig_talk(r, out, in) (rig_send(r, out), rig_expect(r, in))
/* Nothing may arrive for `ms`. */
void rig_silent_at(struct rig *r, uint32_t ms, const char *file, int line);
#define rig_silent(r, ms) rig_silent_at(r, ms, __FILE__, __LINE__)

/* Read exactly `n` bytes within `ms`; returns what came. */
size_t rig_read(struct rig *r, uint8_t *buf, size_t n, uint32_t ms);

/* Read4K of a wire address into `page`; false: no valid answer. */
bool rig_read4k(struct rig *r, uint32_t addr, uint8_t page[4096]);
/* Erase (code 0x20 or 0xD8) and Write4K; they return the status byte, 256: no answer. */
unsigned rig_erase(struct rig *r, uint8_t code, uint32_t addr);
unsigned rig_write4k(struct rig *r, uint32_t addr, const uint8_t page[4096]);
/* The wire CRC of start..end, as sent. */
bool rig_crc(struct rig *r, uint32_t start, uint32_t end, uint32_t *crc);
/* Change both sides to `baud`. */
void rig_baud(struct rig *r, uint32_t baud);

struct pf_sim_view rig_view(struct rig *r);

#endif
