/* bl602_stub.h - a RAM loader file: checked, and made fit for the ROM. */
#ifndef BL602_STUB_H
#define BL602_STUB_H

#include "plugflash/event.h"

#define BL602_HEADER   176u
#define BL602_SEGMENT  16u /* header of one */
#define BL602_SEGMENTS 16u /* at most */

struct bl602_stub {
    uint8_t *data;     /* boot header and segments, as sent; owned */
    size_t len;        /* without what follows the last segment in the file */
    unsigned segments; /* 1..BL602_SEGMENTS */
    char name[40];     /* a known build, or "unknown build" */
    bool ours;         /* by its mark */
    unsigned idle_s;   /* its receive time-out, two of which end a session; 0: unknown */
};

/* The bytes begin as a boot header does. */
bool bl602_stub_is_ours(const uint8_t *file, size_t len);

/* Copy and check a loader file, and patch its header: the clock block goes (the
 * ROM would change its clock and with it the baud rate of the session), and a
 * real hash and CRC come in (vendor files switch both checks off, so that a
 * damaged upload would be run). PF_ERR_CHIP: not a RAM loader for this chip;
 * PF_ERR_FILE: a damaged one. */
enum pf_err bl602_stub_open(struct pf_ctx *ctx, const uint8_t *file, size_t len,
                            struct bl602_stub *out);
void bl602_stub_close(struct bl602_stub *stub);

#endif
