/* energy.c - what has been used: today, in days before, in the last hours, and on flash.
 *
 * A cut of the power may cost 1 Wh, and at 3680 W that is a second. So total and today go to
 * flash in two ways, both in the one store value STORE_ENERGY:
 *
 *   whole  56 bytes under a CRC: all counters in mWh. When ConsumptionThreshold (10 Wh) has
 *          been used, but 60 s after the last time at the earliest; each 6 h; when the day
 *          changes; before a reboot; when marks are used up.
 *   marks  64 bytes behind it, erased. Each bit that is cleared there is 0.25 Wh more. That
 *          is a program of one byte in place: no record, no erase, and a cut in the middle
 *          of it leaves the mark made or not made.
 *
 * An update that comes in leaves the marks alone: it may take minutes, and a cut of the power
 * is as likely then. Whole records wait for its end, unless marks are used up.
 *
 * Lost at worst: 0.25 Wh not marked, and what has flowed since the last reading, which is at
 * 3680 W 0.26 Wh with a BL0937 (250 ms), 0.05 with a CSE7766 (50 ms), and with a BL0942 0.43
 * (400 ms and a turn of the loop) and the step of its counter, 0.19.
 *
 * Wear, in the smallest store (8 sectors), at 2 kW day and night, 48 kWh a day: a whole
 * record of 128 bytes a minute is 184 KB; with what has to be carried along that is 48 erases
 * a day, 6 of each sector, and 100 000 of those take 45 years. The marks are 194 000 programs
 * of one byte, each bit once for each erase. Without them, the 72 bytes of vars.h each 0.25
 * Wh would be 14 MB, 420 erases of each sector a day, and the flash worn in 8 months.
 *
 * The 64 bytes of vars.h get their copy of it, as OpenBeken lays it out; their float32 has
 * steps of 1 Wh from 8 MWh on, a year at 1 kW, so it is not what counts. */
#include "core/energy.h"

#include <math.h>
#include <string.h>

#include "core/plug.h"

enum { MIN_SAVE_MS = 60000, MAX_SAVE_MS = 6 * 3600 * 1000, RETRY_S = 8 };

#define MARK_WH    0.25
#define DAY_S      86400u
#define WH_MAX     1e12
#define WH_AT_ONCE 1e6

/* Total and the days: what is on flash. */
static const uint8_t counters[] = {METER_TOTAL, METER_TODAY, METER_YESTERDAY, METER_2_DAYS,
                                   METER_3_DAYS};
#define COUNTERS (sizeof counters)

/* ---- flash ------------------------------------------------------------------- */

enum {
    AT_VERSION = 0,
    AT_DAY = 1, /* of the month, all that is known before the clock is */
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
    m->day = rec[AT_DAY];
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
    rec[AT_DAY] = (uint8_t)m->day;
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
void energy_keep(struct plug *p)
{
    struct meter *m = &p->meter;

    if (m->flash_failed)
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
    } else if (ota_running(p)) {
        return; /* marks do meanwhile */
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

void energy_show_days(struct meter *m)
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
        return;
    }
    if (!m->day_number)
        shift_days(m, m->day && m->day != date.day);
    else if (day > m->day_number)
        shift_days(m, day - m->day_number);
    m->day_number = day;
    m->day = date.day;
    energy_show_days(m);
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

void energy_add(struct meter *m, double wh)
{
    if (!(wh > 0 && wh <= WH_AT_ONCE)) /* negative, no number, or nonsense */
        return;
    m->value[METER_TOTAL] += wh;
    m->value[METER_TODAY] += wh;
    if (m->stats)
        m->sample[m->sample_at] += (float)wh;
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
    energy_show_days(m);
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

/* ---- the loop --------------------------------------------------------------------- */

void energy_load(struct plug *p)
{
    struct meter *m = &p->meter;

    m->save_threshold = 10;
    if (!load_own(p))
        load_vars(p);
    m->kept_wh = m->value[METER_TOTAL];
    m->saved_ms = hal_ms();
}

void energy_second(struct plug *p, uint32_t ms)
{
    follow_clock(p);
    if (p->meter.driver == METER_NONE)
        return;
    count_history(&p->meter, ms);
    save_in_time(p);
}
