/* meter.h - readings of whatever chip measures, energy, and what is worth telling
 * (reference 4.4, 4.5). The drivers are bl0937.h, bl0942.h, cse7766.h. */
#ifndef CORE_METER_H
#define CORE_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/bl0937.h"
#include "core/bl0942.h"
#include "core/cse7766.h"
#include "core/out.h"
#include "core/store.h"

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
#define METER_SAMPLES   180u
#define METER_POWER_MAX 3680.0 /* W, until PowerMax tells another */

struct meter_test {
    double volt, ampere, watt, hertz, wh; /* wh: once */
};

struct meter {
    enum meter_driver driver;
    union {
        struct bl0937 bl0937;
        struct bl0942 bl0942;
        struct cse7766 cse7766;
        struct meter_test test;
    } chip;
    bool fresh; /* there was a reading since the last second */
    bool valid[METER_QUANTITIES];
    double value[METER_QUANTITIES];    /* V, A, W, Hz, VA, var, 1, Wh ..., s since 1970 UTC */
    double sent[METER_QUANTITIES];     /* NaN: never */
    uint16_t frames[METER_QUANTITIES]; /* since sent */
    float threshold[METER_QUANTITIES];
    uint8_t decimals[METER_QUANTITIES];
    uint16_t min_frames, max_frames;
    double raw[3]; /* V, I, P before calibration, for VoltageSet and so on */

    double kept_wh;             /* total as flash has it, with its marks */
    double saved_total;         /* Wh, at the last whole save */
    float save_threshold;       /* Wh */
    uint32_t saves, saved_ms;   /* whole ones */
    uint8_t marks[STORE_MARKS]; /* as on flash, see meter.c */
    bool flash_failed;
    uint32_t day_number; /* local days since 1970, 0: not known */
    int day;             /* of the month, 0: not known */
    uint32_t reset_time; /* UTC, 0: not known */

    bool stats, stats_json; /* SetupEnergyStats */
    bool stats_due;         /* `consumption_stats` is to be published: meter_stats_json() */
    uint16_t interval_s, samples, sample_at;
    uint32_t sample_ms; /* into the interval */
    uint32_t second_ms;
    float sample[METER_SAMPLES];
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
void meter_page(struct plug *p, struct out *o); /* rows of the index page; no meter: none */
/* "ENERGY":{...}; no meter: nothing at all. */
void meter_status(struct plug *p, struct out *o);
/* One value as it is published: its decimals, kWh with flag 40; "0" if it is not valid. */
void meter_print(const struct plug *p, unsigned quantity, struct out *o);
const char *meter_unit(const struct plug *p, unsigned quantity);
/* What topic `consumption_stats` carries: at most 1500 bytes. */
void meter_stats_json(struct plug *p, struct out *o);

/* ---- commands; quantities 0, 1, 2 are V, A, W ------------------------------------ */

/* VoltageSet, CurrentSet, PowerSet: what it really is. NULL: done; else why not. */
const char *meter_calibrate(struct plug *p, unsigned quantity, double real);
/* VREF, IREF, PREF: the constant itself. */
bool meter_set_calibration(struct plug *p, unsigned quantity, double constant);
double meter_calibration(const struct plug *p, unsigned quantity); /* never 0 */
bool meter_set_max(struct plug *p, double watt);                   /* PowerMax: 200 < W < 7200 */
double meter_max(const struct plug *p);
/* EnergyCntReset: NaN: all of it becomes zero; else the total becomes that. */
bool meter_reset(struct plug *p, double total_wh);
/* SetupEnergyStats: 10..900 s, 10..180 samples. */
bool meter_set_stats(struct plug *p, bool on, int32_t interval_s, int32_t samples, bool json);
bool meter_set_save_threshold(struct plug *p, double wh); /* ConsumptionThreshold: 1..5000 */
/* VCPPublishThreshold: V A W [Wh [Hz]]; VCPPublishIntervals; VCPPrecision: V A W Wh. The
 * first `n` are set. */
bool meter_set_thresholds(struct plug *p, const double *v, unsigned n);
bool meter_set_intervals(struct plug *p, int32_t min_frames, int32_t max_frames);
bool meter_set_precisions(struct plug *p, const int32_t *decimals, unsigned n);
/* SetupTestPower, for the driver TESTPOWER. */
void meter_set_test(struct plug *p, const struct meter_test *t);

#endif
