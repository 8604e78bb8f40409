/* bl602_rig.h - raw bytes against the virtual BL602, on top of rig.h. */
#ifndef TESTS_SIM_BL602_RIG_H
#define TESTS_SIM_BL602_RIG_H

#include "sim/rig.h"

#define BL_ROM_BAUD 500000u

/* Strap high on RTS, a reset pulse on DTR. */
void bl_reset_to_rom(struct rig *r);
void bl_reset_to_flash(struct rig *r);

/* `n` bytes 55 at `baud`, and wait until they have left. */
void bl_train(struct rig *r, uint32_t baud, size_t n);
/* A train of 6 ms; true: OK came within 200 ms. Waits 30 ms behind it. */
bool bl_sync(struct rig *r, uint32_t baud);

/* Open, reset, and hold a ROM session. */
void bl_rom(struct rig *r, const char *spec);
/* Upload something that the ROM takes for a loader, and run it: the crystal
 * word says `crystal` (reference 4.1). False: the ROM refused. */
bool bl_upload(struct rig *r, uint8_t crystal);
/* All of it: a loader session at `baud`. */
void bl_loader(struct rig *r, const char *spec, uint32_t baud);

/* One frame with its checksum. */
void bl_send(struct rig *r, uint8_t id, const void *payload, size_t len);
/* A command with an address and a length or end. */
void bl_send2(struct rig *r, uint8_t id, uint32_t a, uint32_t b);
/* The next two bytes must be these. */
void bl_expect2(struct rig *r, const char *two);
/* 32: `len` bytes at `addr`; false: no whole answer in 2 s. */
bool bl_read(struct rig *r, uint32_t addr, uint8_t *out, uint16_t len);
/* 30, waiting out PD; the answer's two bytes, "" when none came in 30 s. `pds`
 * may be NULL. */
const char *bl_erase(struct rig *r, uint32_t start, uint32_t end, unsigned *pds);

#define BL_MS(r) (pf_now((r)->t) / 1000)

#endif
