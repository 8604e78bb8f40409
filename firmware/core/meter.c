/* meter.c - what a driver has read becomes values, energy, history and publications.
 *
 * Energy on flash. A cut of the power may cost 1 Wh, and at 3680 W that is a second. So total
 * and today go to flash in two ways, both in the one store value STORE_ENERGY:
 *
 *   whole  56 bytes under a CRC: all counters in mWh. When ConsumptionThreshold (10 Wh) has
 *          been used, but 60 s after the last time at the earliest; each 6 h; when the day
 *          changes; before a reboot; when marks are used up.
 *   marks  64 bytes behind it, erased. Each bit that is cleared there is 0.25 Wh more. That
 *          is a program of one byte in place: no record, no erase, and a cut in the middle
 *          of it leaves the mark made or not made.
 *
 * Lost at worst: 0.25 Wh not marked, and what has flowed since the last reading, 0.26 Wh at
 * 3680 W with a BL0937 (250 ms), 0.05 with a CSE7766 (50 ms), 0.51 and its counter's step of
 * 0.19 with a BL0942 (500 ms).
 *
 * Wear, in the smallest store (8 sectors), at 2 kW day and night, 48 kWh a day: a whole
 * record of 128 bytes a minute is 184 KB, 46 sectors; with what has to be carried over, less
 * than 60 erases a day, 8 for each sector: 100 000 erases last 34 years. The marks are 192000
 * programs of one byte, each bit once per erase. A record for each 0.25 Wh would be 600
 * erases a sector and day, and the flash dead within half a year.
 *
 * The 64 bytes of vars.h keep their copy of it, as OpenBeken lays it out, for whoever reads
 * them; their float32 has steps of 1 Wh from 8 MWh on, a year at 1 kW, and is not what counts. */
#include "core/meter.h"

#include <math.h>
#include <string.h>

#include "core/event.h"
#include "core/plug.h"

enum {
    FLAG_NEGATIVE = 25,
    FLAG_UART2 = 26,
    FLAG_RELAYS_OFF = 38,
    FLAG_KWH = 40,
    FLAG_INVERT = 48,
};
enum { MIN_SAVE_MS = 60000, MAX_SAVE_MS = 6 * 3600 * 1000, RETRY_S = 8 };
enum { CAL_MAX = 3 }; /* where settings have PowerMax; V, I, P before it */

#define MARK_WH   0.25
#define MS_PER_WH 3600000.0 /* at 1 W */
#define DAY_S     86400u
#define WH_MAX    1e12

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

/* Total and the days: what is on flash. */
static const uint8_t counters[] = {METER_TOTAL, METER_TODAY, METER_YESTERDAY, METER_2_DAYS,
                                   METER_3_DAYS};
#define COUNTERS (sizeof counters)

static bool is_energy(unsigned q)
{
    return q >= METER_TOTAL && q <= METER_3_DAYS;
}

static bool updating(const struct plug *p)
{
    return p->ota.state == OTA_HEADER || p->ota.state == OTA_BODY;
}

/* ---- flash ------------------------------------------------------------------- */

enum {
    AT_VERSION = 0,
    AT_SAVES = 4,
    AT_COUNTERS = 8,
    AT_DAY_NUMBER = AT_COUNTERS + 8 * COUNTERS,
    AT_RESET_TIME = AT_DAY_NUMBER + 4,
    AT_MARKS = STORE_SEALED,
    RECORD = STORE_SEALED + STORE_MARKS,
    VERSION = 1,
};
_Static_assert(AT_RESET_TIME + 4 == STORE_SEALED, "what is sealed is full");

static void put_le(uint8_t *p, unsigned size, uint64_t v)
{
    for (unsigned i = 0; i < size; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

static uint64_t get_le(const uint8_t *p, unsigned size)
{
    uint64_t v = 0;

    while (size--)
        v = v << 8 | p[size];
    return v;
}

/* Flash may hold anything. */
static double sane(double wh)
{
    return wh >= 0 && wh <= WH_MAX ? wh : 0;
}

static unsigned marks_made(const uint8_t *marks)
{
    unsigned n = 0;

    for (unsigned i = 0; i < STORE_MARKS; i++)
        for (unsigned byte = marks[i] ^ 0xffu; byte; byte &= byte - 1)
            n++;
    return n;
}

static bool load_own(struct plug *p)
{
    struct meter *m = &p->meter;
    uint8_t rec[RECORD];
    double marked;

    if (store_get(&p->store, STORE_ENERGY, rec, sizeof rec) != sizeof rec ||
        rec[AT_VERSION] != VERSION)
        return false;
    memcpy(m->marks, rec + AT_MARKS, sizeof m->marks);
    marked = marks_made(m->marks) * MARK_WH;
    m->saves = (uint32_t)get_le(rec + AT_SAVES, 4);
    for (unsigned i = 0; i < COUNTERS; i++)
        m->value[counters[i]] = sane((double)get_le(rec + AT_COUNTERS + 8 * i, 8) / 1000);
    m->day_number = (uint32_t)get_le(rec + AT_DAY_NUMBER, 4);
    m->reset_time = (uint32_t)get_le(rec + AT_RESET_TIME, 4);
    m->saved_total = m->value[METER_TOTAL];
    m->value[METER_TOTAL] += marked;
    m->value[METER_TODAY] += marked;
    return true;
}

/* Of a plug that ran OpenBeken before. No marks are left: the first 0.25 Wh saves whole. */
static void load_vars(struct plug *p)
{
    struct meter *m = &p->meter;
    struct vars_energy e;

    vars_energy(&p->vars, &e);
    m->value[METER_TOTAL] = sane(e.total);
    m->value[METER_TODAY] = sane(e.today);
    m->value[METER_YESTERDAY] = sane(e.yesterday);
    m->value[METER_2_DAYS] = sane(e.day2);
    m->value[METER_3_DAYS] = sane(e.day3);
    m->saves = e.saves;
    m->reset_time = e.reset_time;
    m->day = e.day_of_month;
    m->saved_total = m->value[METER_TOTAL];
    memset(m->marks, 0, sizeof m->marks);
}

static void save_vars(struct plug *p)
{
    const struct meter *m = &p->meter;
    const struct vars_energy e = {
        .total = (float)m->value[METER_TOTAL],
        .today = (float)m->value[METER_TODAY],
        .yesterday = (float)m->value[METER_YESTERDAY],
        .day2 = (float)m->value[METER_2_DAYS],
        .day3 = (float)m->value[METER_3_DAYS],
        .saves = m->saves,
        .reset_time = m->reset_time,
        .day_of_month = (uint8_t)m->day,
    };

    vars_set_energy(&p->vars, &e); /* written when something else there has to be */
}

static void encode(const struct meter *m, uint8_t rec[RECORD])
{
    memset(rec, 0, STORE_SEALED);
    memset(rec + AT_MARKS, 0xff, STORE_MARKS);
    rec[AT_VERSION] = VERSION;
    put_le(rec + AT_SAVES, 4, m->saves);
    for (unsigned i = 0; i < COUNTERS; i++)
        put_le(rec + AT_COUNTERS + 8 * i, 8, (uint64_t)(m->value[counters[i]] * 1000));
    put_le(rec + AT_DAY_NUMBER, 4, m->day_number);
    put_le(rec + AT_RESET_TIME, 4, m->reset_time);
}

static void save_whole(struct plug *p)
{
    struct meter *m = &p->meter;
    uint8_t rec[RECORD], have[RECORD];

    if (updating(p))
        return;
    encode(m, rec);
    if (store_get(&p->store, STORE_ENERGY, have, sizeof have) == sizeof have &&
        !memcmp(rec, have, sizeof rec))
        return;
    m->saves++;
    put_le(rec + AT_SAVES, 4, m->saves);
    if (!store_set(&p->store, STORE_ENERGY, rec, sizeof rec)) {
        m->saves--;
        m->flash_failed = true;
        log_say(p, LOG_ERROR, "flash does not take the energy");
        return;
    }
    memset(m->marks, 0xff, sizeof m->marks);
    m->kept_wh = m->saved_total = m->value[METER_TOTAL];
    m->saved_ms = hal_ms();
    save_vars(p);
}

void meter_save(struct plug *p)
{
    if (p->meter.driver != METER_NONE)
        save_whole(p);
}

/* Clear up to `n` bits of the first byte that has some. Returns how many; 0: none are left,
 * or the flash did not take it. */
static unsigned mark(struct plug *p, unsigned n)
{
    struct meter *m = &p->meter;
    unsigned at = 0, made = 0;
    uint8_t byte;

    while (at < STORE_MARKS && !m->marks[at])
        at++;
    if (at == STORE_MARKS)
        return 0;
    byte = m->marks[at];
    for (; made < n && byte; made++)
        byte &= (uint8_t)(byte - 1);
    if (!store_mark(&p->store, at, byte))
        return 0;
    m->marks[at] = byte;
    return made;
}

/* Bring to flash what it does not know yet of the total. */
static void keep(struct plug *p)
{
    struct meter *m = &p->meter;

    if (updating(p) || m->flash_failed)
        return;
    while (m->value[METER_TOTAL] - m->kept_wh >= MARK_WH) {
        const double left = (m->value[METER_TOTAL] - m->kept_wh) / MARK_WH;
        const unsigned n = left < 8 ? mark(p, (unsigned)left) : left < 64 ? mark(p, 8) : 0;

        if (!n) {
            meter_save(p);
            return;
        }
        m->kept_wh += n * MARK_WH;
    }
}

static void save_in_time(struct plug *p)
{
    struct meter *m = &p->meter;
    const uint32_t ms = hal_ms() - m->saved_ms;

    if (m->flash_failed) {
        if (p->uptime_s % RETRY_S)
            return;
        m->flash_failed = false; /* try again */
        meter_save(p);
    } else if ((m->value[METER_TOTAL] - m->saved_total >= (double)m->save_threshold &&
                ms >= MIN_SAVE_MS) ||
               ms >= MAX_SAVE_MS) {
        meter_save(p);
        m->saved_ms = hal_ms(); /* also when there was nothing to save */
    }
}

/* ---- days -------------------------------------------------------------------- */

static void shift_days(struct meter *m, uint32_t days)
{
    for (unsigned n = 0; n < days && n < 4; n++) {
        m->value[METER_3_DAYS] = m->value[METER_2_DAYS];
        m->value[METER_2_DAYS] = m->value[METER_YESTERDAY];
        m->value[METER_YESTERDAY] = m->value[METER_TODAY];
        m->value[METER_TODAY] = 0;
    }
}

static void show_days(struct meter *m)
{
    const bool known = m->day_number || m->day;

    m->valid[METER_YESTERDAY] = m->valid[METER_2_DAYS] = m->valid[METER_3_DAYS] = known;
    m->valid[METER_CLEAR_DATE] = m->reset_time != 0;
    m->value[METER_CLEAR_DATE] = m->reset_time;
}

/* Days go by the local calendar, also those without power. An hour put back over midnight
 * leaves the day as it is; a clock that was wrong by more is believed now. */
static void follow_clock(struct plug *p)
{
    struct meter *m = &p->meter;
    struct clock_date date;
    uint32_t local, day;

    if (!clock_now(p, &local, &date))
        return;
    day = local / DAY_S;
    if (day == m->day_number || day + 1 == m->day_number) {
        m->day = m->day ? m->day : date.day;
        return;
    }
    if (!m->day_number)
        shift_days(m, m->day && m->day != date.day);
    else if (day > m->day_number)
        shift_days(m, day - m->day_number);
    m->day_number = day;
    m->day = date.day;
    show_days(m);
    meter_save(p);
}

/* ---- history ------------------------------------------------------------------ */

static void count_history(struct meter *m, uint32_t ms)
{
    double sum = 0;

    if (!m->stats)
        return;
    m->sample_ms += ms;
    for (unsigned n = 0; n <= m->samples && m->sample_ms >= m->interval_s * 1000u; n++) {
        m->sample_ms -= m->interval_s * 1000u;
        m->sample_at = (uint16_t)((m->sample_at + 1) % m->samples);
        m->sample[m->sample_at] = 0;
        m->stats_due = m->stats_json;
    }
    for (unsigned i = 0; i < m->samples; i++)
        sum += (double)m->sample[i];
    m->value[METER_LAST_HOUR] = sum;
    m->valid[METER_LAST_HOUR] = true;
}

bool meter_set_stats(struct plug *p, bool on, int32_t interval_s, int32_t samples, bool json)
{
    struct meter *m = &p->meter;

    if (!on) { /* whatever the rest is */
        interval_s = 60;
        samples = 60;
    }
    if (interval_s < 10 || interval_s > 900 || samples < 10 || samples > (int32_t)METER_SAMPLES)
        return false;
    if (!on || !m->stats || m->interval_s != interval_s || m->samples != samples) {
        memset(m->sample, 0, sizeof m->sample);
        m->sample_at = 0;
        m->sample_ms = 0;
    }
    m->stats = on;
    m->stats_json = on && json;
    m->stats_due = false;
    m->interval_s = (uint16_t)interval_s;
    m->samples = (uint16_t)samples;
    m->value[METER_LAST_HOUR] = 0;
    m->valid[METER_LAST_HOUR] = false;
    return true;
}

/* ---- readings ------------------------------------------------------------------ */

static void set(struct meter *m, enum meter_quantity q, double value)
{
    m->valid[q] = isfinite(value);
    m->value[q] = m->valid[q] ? value : 0;
}

static void add_energy(struct meter *m, double wh)
{
    if (!(wh > 0)) /* negative, or no number */
        return;
    m->value[METER_TOTAL] += wh;
    m->value[METER_TODAY] += wh;
    if (m->stats)
        m->sample[m->sample_at] += (float)wh;
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
    add_energy(m, isfinite(energy_wh) ? energy_wh : watt * ms / MS_PER_WH);
    m->fresh = true;
    keep(p);
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
    follow_clock(p);
    if (m->driver == METER_NONE)
        return;
    if (m->driver == METER_BL0937)
        bl0937_second(p);
    count_history(m, ms);
    save_in_time(p);
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
    m->save_threshold = 10;
    if (!load_own(p))
        load_vars(p);
    m->kept_wh = m->value[METER_TOTAL];
    m->saved_ms = m->second_ms = hal_ms();
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
    show_days(m);
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

bool meter_reset(struct plug *p, double total_wh)
{
    struct meter *m = &p->meter;
    const bool all = isnan(total_wh);
    struct clock_date date;
    uint32_t local;

    if (!all && !(total_wh >= 0 && total_wh <= 1e9))
        return false;
    m->value[METER_TOTAL] = all ? 0 : total_wh;
    if (all) {
        for (unsigned i = 0; i < COUNTERS; i++)
            m->value[counters[i]] = 0;
        memset(m->sample, 0, sizeof m->sample);
        m->value[METER_LAST_HOUR] = 0;
    }
    if (clock_now(p, &local, &date))
        m->reset_time = local - (uint32_t)p->clock.offset_s;
    show_days(m);
    save_whole(p);
    return true;
}

bool meter_set_save_threshold(struct plug *p, double wh)
{
    if (!(wh >= 1 && wh <= 5000))
        return false;
    p->meter.save_threshold = (float)wh;
    return true;
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
        return is_energy(q) ? 3 : 5;
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

/* ---- texts ------------------------------------------------------------------------- */

/* 2023-11-14T22:13:20+00:00, by hand: no C library is asked for the sign of an offset. */
static void print_time(struct out *o, uint32_t utc, int32_t offset_s)
{
    const uint32_t local = utc + (uint32_t)offset_s, left = local % DAY_S;
    const unsigned away = (unsigned)(offset_s < 0 ? -offset_s : offset_s) / 60;
    unsigned year = 1970, day = local / DAY_S, month = 1;

    for (;; year++) {
        const unsigned days = year % 4 || year == 2100 ? 365 : 366;

        if (day < days)
            break;
        day -= days;
    }
    for (;; month++) {
        const unsigned leap = year % 4 == 0 && year != 2100;
        const unsigned days = month == 2 ? 28 + leap : 30 + ((month + (month > 7)) & 1);

        if (day < days)
            break;
        day -= days;
    }
    out_fmt(o, "%04u-%02u-%02uT%02u:%02u:%02u%c%02u:%02u", year, month, day + 1, left / 3600,
            left / 60 % 60, left % 60, offset_s < 0 ? '-' : '+', away / 60, away % 60);
}

const char *meter_unit(const struct plug *p, unsigned quantity)
{
    if (is_energy(quantity) && config_flag(&p->cfg, FLAG_KWH))
        return "kWh";
    return meter_info[quantity].unit;
}

void meter_print(const struct plug *p, unsigned quantity, struct out *o)
{
    const struct meter *m = &p->meter;
    const bool kwh = is_energy(quantity) && config_flag(&p->cfg, FLAG_KWH);

    if (!m->valid[quantity])
        out_char(o, '0');
    else if (quantity == METER_CLEAR_DATE)
        print_time(o, m->reset_time, p->clock.offset_s);
    else
        out_real(o, m->value[quantity] / (kwh ? 1000 : 1), m->decimals[quantity]);
}

void meter_page(struct plug *p, struct out *o)
{
    const struct meter *m = &p->meter;

    if (m->driver == METER_NONE)
        return;
    for (unsigned q = 0; q < METER_QUANTITIES; q++) {
        if (!m->valid[q] && q != METER_VOLTAGE && q != METER_CURRENT && q != METER_POWER)
            continue;
        out_fmt(o, "<tr><td><b>%s</b></td><td style='text-align:right'>", meter_info[q].name);
        if (m->valid[q])
            meter_print(p, q, o);
        else
            out_text(o, "no data");
        out_fmt(o, "</td><td>%s</td></tr>", m->valid[q] ? meter_unit(p, q) : "");
    }
}

/* Total, Today and Yesterday are Tasmota's, in kWh; Consumption... is OpenBeken's, in Wh. */
void meter_status(struct plug *p, struct out *o)
{
    static const struct {
        const char *name;
        uint8_t q;
        bool always, kwh;
    } members[] = {
        {"Power", METER_POWER, true, false},
        {"ApparentPower", METER_APPARENT, false, false},
        {"ReactivePower", METER_REACTIVE, false, false},
        {"Factor", METER_FACTOR, false, false},
        {"Voltage", METER_VOLTAGE, true, false},
        {"Current", METER_CURRENT, true, false},
        {"Frequency", METER_FREQUENCY, false, false},
        {"ConsumptionTotal", METER_TOTAL, false, false},
        {"Yesterday", METER_YESTERDAY, false, true},
        {"ConsumptionLastHour", METER_LAST_HOUR, false, false},
        {"Total", METER_TOTAL, false, true},
        {"Today", METER_TODAY, false, true},
    };
    const struct meter *m = &p->meter;

    if (m->driver == METER_NONE)
        return;
    out_text(o, "\"ENERGY\":{");
    for (unsigned i = 0; i < sizeof members / sizeof members[0]; i++) {
        const unsigned q = members[i].q;

        if (!m->valid[q] && !members[i].always)
            continue;
        out_fmt(o, "%s\"%s\":", i ? "," : "", members[i].name);
        if (m->valid[q])
            out_real(o, m->value[q] / (members[i].kwh ? 1000 : 1),
                     members[i].kwh ? 3 : m->decimals[q]);
        else
            out_text(o, "null"); /* there is no reading, and none is made up */
    }
    out_char(o, '}');
}

/* Few digits: 180 of them have to fit a message. */
static void print_sample(struct out *o, double wh)
{
    out_short(o, wh, wh < 1 ? 3 : wh < 10 ? 2 : wh < 100 ? 1 : 0);
}

void meter_stats_json(struct plug *p, struct out *o)
{
    static const uint8_t daily[] = {METER_TODAY, METER_YESTERDAY, METER_2_DAYS, METER_3_DAYS};
    const struct meter *m = &p->meter;

    out_fmt(o, "{\"uptime\":%u,\"consumption_total\":", (unsigned)p->uptime_s);
    out_real(o, m->value[METER_TOTAL], 3);
    out_text(o, ",\"consumption_last_hour\":");
    out_real(o, m->value[METER_LAST_HOUR], 3);
    out_fmt(o,
            ",\"consumption_stat_index\":%u,\"consumption_sample_count\":%u"
            ",\"consumption_sampling_period\":%u",
            m->sample_at, m->samples, m->interval_s);
    if (m->day_number) {
        out_text(o, ",\"consumption_today\":");
        out_real(o, m->value[METER_TODAY], 3);
        out_text(o, ",\"consumption_yesterday\":");
        out_real(o, m->value[METER_YESTERDAY], 3);
        if (m->reset_time) {
            out_text(o, ",\"consumption_clear_date\":\"");
            print_time(o, m->reset_time, p->clock.offset_s);
            out_char(o, '"');
        }
    }
    out_text(o, ",\"consumption_samples\":[");
    for (unsigned i = 0; i < m->samples; i++) {
        out_text(o, i ? "," : "");
        print_sample(o, (double)m->sample[i]);
    }
    out_char(o, ']');
    for (unsigned i = 0; m->day_number && i < sizeof daily; i++) {
        out_text(o, i ? "," : ",\"consumption_daily\":[");
        out_real(o, m->value[daily[i]], 3);
    }
    out_text(o, m->day_number ? "]}" : "}");
}
