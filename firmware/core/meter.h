/* meter.h - readings of whatever chip measures, energy, and what is worth telling
 * (reference 4.4, 4.5). The drivers are bl0937.h, bl0942.h, cse7766.h. */
#ifndef CORE_METER_H
#define CORE_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/out.h"

struct plug;

enum meter_quantity {
    METER_VOLTAGE,
    METER_CURRENT,
    METER_POWER,
    METER_FREQUENCY,
    METER_APPARENT,
    METER_REACTIVE,
    METER_FACTOR,
    METER_TOTAL,
    METER_LAST_HOUR,
    METER_TODAY,
    METER_YESTERDAY,
    METER_2_DAYS,
    METER_3_DAYS,
    METER_CLEAR_DATE,
    METER_QUANTITIES
};

struct meter_info { /* one row of the table in reference 4.5 */
    const char *mqtt, *suffix, *device_class, *unit, *name;
    uint8_t decimals;
    float threshold;
};
extern const struct meter_info meter_info[METER_QUANTITIES];

enum meter_driver { METER_NONE, METER_BL0937, METER_BL0942, METER_CSE7766, METER_TEST };
#define METER_SAMPLES 180u

struct meter {
    enum meter_driver driver;
    bool valid[METER_QUANTITIES];
    double value[METER_QUANTITIES];
    double sent[METER_QUANTITIES];
    uint16_t frames[METER_QUANTITIES]; /* since sent */
    float threshold[METER_QUANTITIES];
    uint8_t decimals[METER_QUANTITIES];
    uint16_t min_frames, max_frames;
    double saved_total;   /* Wh, at the last save */
    float save_threshold; /* Wh */
    uint32_t saved_ms;
    int day;                /* of the month, 0: not known */
    bool stats, stats_json; /* SetupEnergyStats */
    uint16_t interval_s, samples, sample_at;
    uint32_t sample_ms;
    float sample[METER_SAMPLES];
    double raw[3]; /* V, I, P before calibration, for VoltageSet and so on */
};

void meter_init(struct plug *p);
/* "BL0937", "BL0942 [baud]", "CSE7766", "TESTPOWER"; again: no-op. False: unknown. */
bool meter_start(struct plug *p, const char *name, const char *arg);
void meter_stop(struct plug *p);
/* Of a driver: new readings. NaN: that quantity was not measured. `energy_wh` NaN:
 * power times time. */
void meter_reading(struct plug *p, double volt, double ampere, double watt, double hertz,
                   double energy_wh, uint32_t ms);
/* No reading has come: values become invalid instead of staying. */
void meter_lost(struct plug *p);
void meter_quick(struct plug *p, uint32_t ms);
void meter_second(struct plug *p);
/* Energy on flash; also at requested reboots. */
void meter_save(struct plug *p);
void meter_page(struct plug *p, struct out *o);   /* rows of the index page */
void meter_status(struct plug *p, struct out *o); /* "ENERGY":{...} */

#endif
