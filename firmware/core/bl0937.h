/* bl0937.h - BL0937 and its like: power as pulses on CF, voltage or current as pulses on
 * CF1, whichever SEL asks for (reference 4.1). */
#ifndef CORE_BL0937_H
#define CORE_BL0937_H

#include <stdbool.h>
#include <stdint.h>

struct plug;

/* A count of pulses, and when the newest of them came. */
struct bl0937_point {
    uint32_t count, us;
};

/* Frequency of CF. */
struct bl0937_rate {
    struct bl0937_point base, half, last; /* averaged from base to last; half: base to be */
    double hz;
    bool known, armed; /* armed: `last` is an edge, not just a count */
};

struct bl0937 {
    int8_t sel, cf, cf1; /* pins */
    bool sel_inverted;
    uint32_t beat_ms, cf_count;
    struct bl0937_rate cf_rate;
    double watt_hz, volt_hz, ampere_hz; /* as last accepted */
    bool volt_known, ampere_known;
    bool stepped; /* power is another one than it was */

    bool asks_current; /* of SEL, now */
    bool armed;        /* `from` is an edge since SEL has settled */
    uint8_t beats;     /* since SEL was flipped */
    bool restarted;    /* its windows, since then */
    uint8_t windows;   /* measured since */
    struct bl0937_point from;
    double hz; /* of CF1 in the last window */
};

/* False: pins are missing, or counters. */
bool bl0937_start(struct plug *p);
void bl0937_stop(struct plug *p);
void bl0937_quick(struct plug *p);
/* Roles may have changed. */
void bl0937_second(struct plug *p);

#endif
