/* bl0942.h - BL0942 on a UART: asked, it answers with 23 bytes (reference 4.6). */
#ifndef CORE_BL0942_H
#define CORE_BL0942_H

#include <stdbool.h>
#include <stdint.h>

#define BL0942_FRAME 23u

struct plug;

struct bl0942_frame {
    uint32_t volt, ampere, count; /* 24 bits */
    int32_t watt;
    uint16_t period; /* of the mains, us */
};

struct bl0942 {
    uint8_t port, len;
    uint8_t buf[3 * BL0942_FRAME];
    bool counted; /* `count` is that of an earlier frame */
    bool lost;
    uint32_t count, asked_ms, heard_ms;
};

/* False: no frame, or a wrong checksum. */
bool bl0942_decode(const uint8_t frame[BL0942_FRAME], struct bl0942_frame *out);

bool bl0942_start(struct plug *p, unsigned port, uint32_t baud);
void bl0942_stop(struct plug *p);
void bl0942_quick(struct plug *p);

#endif
