/* cse7766.h - CSE7766 on a UART: sends 24 bytes each 50 ms unasked (reference 4.7). */
#ifndef CORE_CSE7766_H
#define CORE_CSE7766_H

#include <stdbool.h>
#include <stdint.h>

#define CSE7766_FRAME 24u

struct plug;

enum cse7766_state { CSE7766_MEASURED, CSE7766_ZERO, CSE7766_UNCHANGED };

struct cse7766_frame {
    double volt, ampere, watt;                               /* coefficient / period */
    enum cse7766_state volt_state, ampere_state, watt_state; /* ZERO: below its range */
    uint32_t watt_coefficient;
    uint16_t count; /* of power pulses */
};

struct cse7766 {
    uint8_t port, len;
    uint8_t buf[3 * CSE7766_FRAME];
    double last[3]; /* V, I, P: coefficient / period; NaN: none yet */
    uint16_t count;
    bool counted, lost, uncalibrated;
    uint32_t heard_ms, pulse_ms; /* of the last frame, of the last that had pulses */
};

enum cse7766_kind { CSE7766_NO_FRAME, CSE7766_FRAME_OK, CSE7766_NOT_CALIBRATED };
enum cse7766_kind cse7766_decode(const uint8_t frame[CSE7766_FRAME], struct cse7766_frame *out);

bool cse7766_start(struct plug *p, unsigned port);
void cse7766_stop(struct plug *p);
void cse7766_quick(struct plug *p);

#endif
