/* meter.c - what a driver has read becomes values, and what of them is worth telling. How
 * energy is kept is energy.c's, texts are meter_text.c's. */
#include "core/meter.h"

#include <math.h>
#include <string.h>

#include "core/energy.h"
#include "core/event.h"
#include "core/plug.h"

enum { FLAG_NEGATIVE = 25, FLAG_UART2 = 26, FLAG_RELAYS_OFF = 38, FLAG_INVERT = 48 };
enum { CAL_MAX = 3 }; /* where settings have PowerMax; V, I, P before it */

#define MS_PER_WH 3600000.0 /* at 1 W */

const struct meter_info meter_info[METER_QUANTITIES] = {
    {"voltage", "0", "voltage", "V", "Voltage", 1, 0.25f},
    {"current", "1", "current", "A", "Current", 3, 0.002f},
    {"power", "2", "power", "W", "Power", 2, 0.25f},
    {"138", "138", "frequency", "Hz", "Frequency", 2, 0.02f},
    {"power_apparent", "9", "apparent_power", "VA", "Apparent Power", 2, 0.25f},
    {"power_reactive", "10", "reactive_power", "var", "Reactive Power", 2, 0.25f},
    {"power_factor", "11", "power_factor", "", "Power Factor", 2, 0.05f},
    {"energycounter", "3", "energy", "Wh", "Energy Total", 3, 0.1f},
    {"energycounter_last_hour", "4", "energy", "Wh", "Energy Last Hour", 3, 0.1f},
    {"energycounter_today", "7", "energy", "Wh", "Energy Today", 3, 0.1f},
    {"energycounter_yesterday", "6", "energy", "Wh", "Energy Yesterday", 3, 0.1f},
    {"energycounter_2_days_ago", "12", "energy", "Wh", "Energy 2 Days Ago", 3, 0.1f},
    {"energycounter_3_days_ago", "13", "energy", "Wh", "Energy 3 Days Ago", 3, 0.1f},
    {"energycounter_clear_date", "8", "timestamp", "", "Energy Clear Date", 0, 86400},
};

/* Drivers by enum meter_driver, with their constants of V, I, P and how these are used. */
static const struct {
    const char *name;
    double constant[3];
    bool divides;
} drivers[] = {
    [METER_NONE] = {"", {1, 1, 1}, false},
    [METER_BL0937] = {"BL0937", {0.13253012048, 0.0118577075, 1.5}, false},
    [METER_BL0942] = {"BL0942", {15188, 251210, 598}, true},
    [METER_CSE7766] = {"CSE7766", {1.94034719, 1, 1.88214409}, false},
    [METER_TEST] = {"TESTPOWER", {1, 1, 1}, false},
};

/* ---- readings ------------------------------------------------------------------ */

static void set(struct meter *m, enum meter_quantity q, double value)
{
    m->valid[q] = isfinite(value);
    m->value[q] = m->valid[q] ? value : 0;
}

/* Apparent power, reactive power, power factor; a constant that is not calibrated yet makes
 * no factor beyond 1. */
static void derive(struct meter *m, double s, double watt)
{
    const double factor = s > 0 ? watt / s : 1;

    set(m, METER_APPARENT, s);
    set(m, METER_REACTIVE, s > fabs(watt) ? sqrt(s * s - watt * watt) : isfinite(s) ? 0 : NAN);
    set(m, METER_FACTOR, factor > 1 ? 1 : factor < -1 ? -1 : isfinite(s) ? factor : NAN);
}

static bool all_relays_off(const struct plug *p)
{
    const uint64_t relays = pins_relays(p);

    for (unsigned ch = 0; ch < CHANNELS; ch++)
        if ((relays >> ch & 1) && channel_get(p, ch) > 0)
            return false;
    return relays != 0;
}

static double not_negative(double v)
{
    return v < 0 ? 0 : v;
}

void meter_reading(struct plug *p, double volt, double ampere, double watt, double hertz,
                   double energy_wh, uint32_t ms)
{
    struct meter *m = &p->meter;

    if (config_flag(&p->cfg, FLAG_INVERT))
        watt = -watt;
    if (watt < 0)
        energy_wh = 0; /* fed back, whatever a counter says */
    if (!config_flag(&p->cfg, FLAG_NEGATIVE)) {
        volt = not_negative(volt);
        ampere = not_negative(ampere);
        watt = not_negative(watt);
    }
    if (config_flag(&p->cfg, FLAG_RELAYS_OFF) && all_relays_off(p))
        ampere = watt = energy_wh = 0;
    set(m, METER_VOLTAGE, volt);
    set(m, METER_CURRENT, ampere);
    set(m, METER_POWER, watt);
    set(m, METER_FREQUENCY, hertz);
    derive(m, volt * ampere, watt);
    energy_add(m, isfinite(energy_wh) ? energy_wh : watt * ms / MS_PER_WH);
    m->fresh = true;
    energy_keep(p);
}

void meter_lost(struct plug *p)
{
    for (unsigned q = METER_VOLTAGE; q <= METER_FACTOR; q++)
        set(&p->meter, (enum meter_quantity)q, NAN);
    memset(p->meter.raw, 0, sizeof p->meter.raw);
    p->meter.fresh = false;
}

/* ---- publishing ------------------------------------------------------------------ */

/* As handlers know it: whole numbers, current in mA, frequency in 1/100 Hz. */
static void tell_handlers(struct plug *p, unsigned q)
{
    static const struct {
        const char *name;
        double times;
    } known[] = {
        [METER_VOLTAGE] = {"voltage", 1},
        [METER_CURRENT] = {"current", 1000},
        [METER_POWER] = {"power", 1},
        [METER_FREQUENCY] = {"frequency", 100},
    };
    const bool special = q < sizeof known / sizeof known[0];
    const double v = p->meter.value[q] * (special ? known[q].times : 1);

    if (fabs(v) < INT32_MAX)
        event_value(p, special ? known[q].name : meter_info[q].mqtt, (int32_t)v);
}

static bool worth_telling(const struct meter *m, unsigned q)
{
    const bool changed = !(fabs(m->sent[q] - m->value[q]) <= (double)m->threshold[q]);

    return (changed && m->frames[q] >= m->min_frames) || m->frames[q] >= m->max_frames;
}

/* One frame of the filter of reference 4.5. */
static void publish(struct plug *p)
{
    struct meter *m = &p->meter;

    for (unsigned q = 0; q < METER_QUANTITIES; q++) {
        if (!m->valid[q])
            continue;
        if (!worth_telling(m, q)) {
            m->frames[q]++;
            continue;
        }
        m->frames[q] = 0;
        m->sent[q] = m->value[q];
        mqtt_quantity(p, q);
        tell_handlers(p, q);
    }
}

/* ---- the loop -------------------------------------------------------------------- */

void meter_quick(struct plug *p, uint32_t ms)
{
    struct meter_test *t = &p->meter.chip.test;

    switch (p->meter.driver) {
    case METER_BL0937:
        bl0937_quick(p);
        break;
    case METER_BL0942:
        bl0942_quick(p);
        break;
    case METER_CSE7766:
        cse7766_quick(p);
        break;
    case METER_TEST:
        memcpy(p->meter.raw, t, sizeof p->meter.raw);
        meter_reading(p, t->volt, t->ampere, t->watt, t->hertz, t->wh > 0 ? t->wh : NAN, ms);
        t->wh = 0;
        break;
    case METER_NONE:
        break;
    }
}

void meter_second(struct plug *p)
{
    struct meter *m = &p->meter;
    const uint32_t now = hal_ms(), ms = now - m->second_ms;

    m->second_ms = now;
    energy_second(p, ms);
    if (m->driver == METER_BL0937)
        bl0937_second(p);
    if (m->fresh) {
        m->fresh = false;
        publish(p);
    }
}

void meter_init(struct plug *p)
{
    struct meter *m = &p->meter;

    memset(m, 0, sizeof *m);
    for (unsigned q = 0; q < METER_QUANTITIES; q++) {
        m->sent[q] = NAN;
        m->threshold[q] = meter_info[q].threshold;
        m->decimals[q] = meter_info[q].decimals;
    }
    m->min_frames = 5;
    m->max_frames = 60;
    energy_load(p);
    m->second_ms = hal_ms();
}

static bool start_driver(struct plug *p, enum meter_driver which, const char *arg)
{
    const unsigned port = config_flag(&p->cfg, FLAG_UART2) ? 1 : 0;
    int32_t baud = 4800;

    switch (which) {
    case METER_BL0937:
        return bl0937_start(p);
    case METER_BL0942:
        if (arg && arg[0] && (!text_int(arg, &baud) || baud < 1200 || baud > 115200))
            return false;
        return bl0942_start(p, port, (uint32_t)baud);
    case METER_CSE7766:
        return cse7766_start(p, port);
    default:
        memset(&p->meter.chip.test, 0, sizeof p->meter.chip.test);
        return true;
    }
}

bool meter_start(struct plug *p, const char *name, const char *arg)
{
    struct meter *m = &p->meter;
    unsigned which = METER_TEST;

    while (which != METER_NONE && !text_same(name, drivers[which].name))
        which--;
    if (which == METER_NONE)
        return false;
    if (m->driver == (enum meter_driver)which)
        return true;
    meter_stop(p);
    if (!start_driver(p, (enum meter_driver)which, arg)) {
        log_say(p, LOG_ERROR, "%s: cannot be started", drivers[which].name);
        return false;
    }
    m->driver = (enum meter_driver)which;
    m->valid[METER_TOTAL] = m->valid[METER_TODAY] = true;
    energy_show_days(m);
    m->second_ms = hal_ms();
    log_say(p, LOG_INFO, "%s: started", drivers[which].name);
    return true;
}

void meter_stop(struct plug *p)
{
    struct meter *m = &p->meter;

    meter_save(p);
    if (m->driver == METER_BL0937)
        bl0937_stop(p);
    else if (m->driver == METER_BL0942)
        bl0942_stop(p);
    else if (m->driver == METER_CSE7766)
        cse7766_stop(p);
    m->driver = METER_NONE;
    meter_lost(p);
    memset(m->valid, 0, sizeof m->valid);
}

/* ---- commands ------------------------------------------------------------------- */

double meter_calibration(const struct plug *p, unsigned quantity)
{
    const double set_to = quantity < 3 ? (double)config_calibration(&p->cfg, quantity) : 0;

    if (isfinite(set_to) && fabs(set_to) >= 1e-6)
        return set_to;
    return quantity < 3 ? drivers[p->meter.driver].constant[quantity] : 1;
}

bool meter_set_calibration(struct plug *p, unsigned quantity, double constant)
{
    if (quantity >= 3 || !isfinite(constant) || !(fabs(constant) >= 0.001) || fabs(constant) > 1e9)
        return false;
    config_set_calibration(&p->cfg, quantity, (float)constant);
    return true;
}

const char *meter_calibrate(struct plug *p, unsigned quantity, double real)
{
    const struct meter *m = &p->meter;
    double raw;

    if (quantity >= 3 || m->driver == METER_NONE)
        return "no meter";
    raw = m->raw[quantity];
    if (!isfinite(real) || real == 0)
        return "not 0";
    if (!isfinite(raw) || fabs(raw) < 0.001)
        return "connect a load first";
    if (!meter_set_calibration(p, quantity, drivers[m->driver].divides ? raw / real : real / raw))
        return "too far from what is measured";
    return NULL;
}

bool meter_set_max(struct plug *p, double watt)
{
    if (!(watt > 200 && watt < 7200))
        return false;
    config_set_calibration(&p->cfg, CAL_MAX, (float)watt);
    return true;
}

double meter_max(const struct plug *p)
{
    const double watt = (double)config_calibration(&p->cfg, CAL_MAX);

    return watt > 200 && watt < 7200 ? watt : METER_POWER_MAX;
}

/* Which of the settings V, A, W, Wh, Hz a quantity follows. */
static unsigned setting_of(unsigned q)
{
    switch (q) {
    case METER_VOLTAGE:
        return 0;
    case METER_CURRENT:
        return 1;
    case METER_POWER:
    case METER_APPARENT:
    case METER_REACTIVE:
        return 2;
    case METER_FREQUENCY:
        return 4;
    default:
        return q >= METER_TOTAL && q <= METER_3_DAYS ? 3 : 5;
    }
}

bool meter_set_thresholds(struct plug *p, const double *v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (!(v[i] >= 0 && v[i] <= 1e6))
            return false;
    for (unsigned q = 0; q < METER_QUANTITIES; q++)
        if (setting_of(q) < n)
            p->meter.threshold[q] = (float)v[setting_of(q)];
    return n > 0;
}

bool meter_set_intervals(struct plug *p, int32_t min_frames, int32_t max_frames)
{
    if (min_frames < 0 || max_frames < 1 || max_frames < min_frames || max_frames > 3600)
        return false;
    p->meter.min_frames = (uint16_t)min_frames;
    p->meter.max_frames = (uint16_t)max_frames;
    return true;
}

bool meter_set_precisions(struct plug *p, const int32_t *decimals, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (decimals[i] < 0 || decimals[i] > 6)
            return false;
    for (unsigned q = 0; q < METER_QUANTITIES; q++)
        if (setting_of(q) < n)
            p->meter.decimals[q] = (uint8_t)decimals[setting_of(q)];
    return n > 0;
}

void meter_set_test(struct plug *p, const struct meter_test *t)
{
    if (p->meter.driver == METER_TEST)
        p->meter.chip.test = *t;
}
