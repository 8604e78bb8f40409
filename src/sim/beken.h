/* beken.h - what the serial loaders of the BK7231 family share: the byte-wise
 * request parser, the two reply frames, the UART divisor, and multi-page
 * programming (reference 3, 2.4, 4.3). */
#ifndef SIM_BEKEN_H
#define SIM_BEKEN_H

#include "sim/sim_internal.h"

#define BEKEN_SHORT_MAX 254u
#define BEKEN_LONG_MAX  4608u /* longer payloads are counted, not kept */

enum beken_frame { BEKEN_NONE, BEKEN_SHORT, BEKEN_LONG };

struct beken_parser {
    unsigned state;
    bool long_form;
    bool rescan; /* look at a mismatching byte again as a first one */
    uint16_t need, have;
    /* Opcode and payload. Kept from frame to frame: a request that is too short
     * is completed by what an earlier one left there. */
    uint8_t shrt[BEKEN_SHORT_MAX];
    uint8_t lng[BEKEN_LONG_MAX];
};

/* Take one byte. BEKEN_SHORT, BEKEN_LONG: a frame is complete, `have` bytes. */
enum beken_frame beken_parse(struct beken_parser *p, uint8_t byte);

/* True while the payload of a long frame arrives. */
bool beken_in_long(const struct beken_parser *p);

/* Opcodes that a loader is told not to know: "mute=sAA-l0B". */
struct beken_mute {
    uint8_t shrt[32], lng[32];
};
bool beken_mute_parse(struct beken_mute *m, const char *text);
bool beken_muted(const struct beken_mute *m, enum beken_frame kind, uint8_t opcode);

void beken_reply_short(struct sim *s, uint8_t opcode, const uint8_t *payload, size_t len);
void beken_reply_long(struct sim *s, uint8_t opcode, uint8_t status, const uint8_t *payload,
                      size_t len);

/* The rate that a request for `baud` gives: 26 MHz / (d + 1), d clamped. */
uint32_t beken_baud(uint32_t baud);
#define BEKEN_BOOT_BAUD 115044u /* divisor 225 */

/* Programming of several pages, one at a time, so that power may go between
 * them. The data is borrowed from the parser, which takes no byte meanwhile. */
struct beken_job {
    bool active;
    uint32_t addr;
    const uint8_t *data;
    uint32_t len;
    uint8_t reply[16]; /* opcode, status, payload */
    size_t reply_len;
};
void beken_job_start(struct sim *s, struct beken_job *job);
/* When busy_until is reached: the next page, at the end the reply. */
void beken_job_step(struct sim *s, struct beken_job *job);

#endif
