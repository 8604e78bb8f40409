/* bl0937.c - BL0937: three pins, two trains of pulses.
 *
 * Frequencies are measured between edges, by the time of the edges, so that a window has no
 * fraction of a pulse at its ends: 5 W are three pulses a second, and a count of them would
 * be 1.5 W wrong. Every 250 ms there is a beat, and everything is done on beats:
 *
 *   CF   the average reaches back 0.7 to 1.4 s, at a low rate 4 to 8 s, but never behind a
 *        change of more than 15 %. When pulses fail to come, power is at most what the
 *        silence allows; after 10 s it is nothing.
 *   CF1  SEL is flipped, one beat is let pass for the chip to settle, then windows are
 *        measured, two at the least and until two agree. At a low rate one window is a whole
 *        period, and SEL stays until there was one: voltage can wait for that.
 *
 * Counters and clocks wrap; only differences are used, and none is older than 10 s. Whoever
 * sleeps between pulses loses them: with this driver started the chip may not. */
#include "core/bl0937.h"

#include <math.h>

#include "core/log.h"
#include "core/plug.h"
#include "core/role.h"
#include "hal/hal.h"

enum { BEAT_MS = 250, SILENCE_US = 10000000, SPAN_US = 700000, SPAN_LOW_US = 4000000 };
enum { SETTLE_BEATS = 1, LONG_WINDOW_US = 500000, WINDOWS = 2, WINDOWS_MAX = 5 };
enum { VOLT_BEATS_MAX = 6, AMPERE_BEATS_MAX = 24 };

#define LOW_HZ      2.0
#define CHANGED     0.15 /* of a rate: it is another one now */
#define UNLIKE      0.02 /* of two windows: something moved meanwhile */
#define LATE        1.2  /* of a period, for the next edge to be missing */
#define AT_LIMIT    1.01 /* 16 A at 230 V are 3680 W, give or take a constant */
#define J_PER_WH    3600.0
#define DEFAULT_SEL 24u /* where startDriver looks when no pin has the role */
#define DEFAULT_CF  7u
#define DEFAULT_CF1 8u

static struct bl0937 *chip(struct plug *p)
{
    return &p->meter.chip.bl0937;
}

static bool differs(double a, double b, double by)
{
    return fabs(a - b) > by * fabs(b);
}

/* Pulses per second from one edge to another. */
static double hertz(struct bl0937_point from, struct bl0937_point to)
{
    const uint32_t us = to.us - from.us;

    return us ? (to.count - from.count) * 1e6 / us : 0;
}

/* ---- CF -------------------------------------------------------------------- */

/* No edge has come. */
static void rate_silent(struct bl0937_rate *r, uint32_t now_us)
{
    const uint32_t us = now_us - r->last.us;

    if (!r->armed) {
        if (us >= SILENCE_US && !r->known) {
            r->known = true;
            r->hz = 0;
        }
    } else if (us >= SILENCE_US) {
        r->armed = false;
        r->known = true;
        r->hz = 0;
    } else if (r->hz * us > LATE * 1e6) {
        r->hz = 1e6 / us;
        r->base = r->half = r->last;
    }
}

/* Edges have come, the newest is `to`. True: it is another rate than before. */
static bool rate_edges(struct bl0937_rate *r, struct bl0937_point to)
{
    const bool low = r->hz < LOW_HZ;
    bool changed;

    if (!r->armed) { /* the first after silence: not more than one in all that time */
        r->armed = true;
        r->base = r->half = r->last = to;
        if (r->known)
            r->hz = 1e6 / SILENCE_US;
        return true;
    }
    changed = !r->known || differs(hertz(r->last, to), r->hz, CHANGED);
    if (changed) {
        r->base = r->last;
        r->half = to;
    } else if (r->last.us - r->half.us >= (low ? SPAN_LOW_US : SPAN_US)) {
        r->base = r->half;
        r->half = r->last;
    }
    r->last = to;
    r->hz = hertz(r->base, to);
    r->known = true;
    return changed;
}

/* A rate that is not believed: go on from here with the one before. */
static void rate_reject(struct bl0937_rate *r, double hz)
{
    r->base = r->half = r->last;
    r->hz = hz;
}

/* Power now, and what has flowed since the last beat: pulses are energy, each the same. Of
 * pulses that are not believed, the last accepted power counts. */
static double take_power(struct plug *p, uint32_t ms, double *wh)
{
    const double joule = meter_calibration(p, METER_POWER);
    const struct hal_pulse now = hal_pulse_read((unsigned)chip(p)->cf);
    struct bl0937 *b = chip(p);
    const uint32_t pulses = now.count - b->cf_count;

    b->cf_count = now.count;
    if (pulses)
        b->stepped |= rate_edges(&b->cf_rate, (struct bl0937_point){now.count, now.last_us});
    else
        rate_silent(&b->cf_rate, hal_us());

    if (fabs(b->cf_rate.hz * joule) <= meter_max(p) * AT_LIMIT) {
        b->watt_hz = b->cf_rate.hz;
        *wh = pulses * joule / J_PER_WH;
    } else {
        rate_reject(&b->cf_rate, b->watt_hz);
        *wh = b->watt_hz * joule * ms / 1000 / J_PER_WH;
    }
    p->meter.raw[METER_POWER] = b->watt_hz;
    return b->cf_rate.known ? b->watt_hz * joule : NAN;
}

/* ---- CF1 ------------------------------------------------------------------- */

static void ask_for(struct bl0937 *b, bool current)
{
    b->asks_current = current;
    hal_pin_write((unsigned)b->sel, current == b->sel_inverted); /* high: voltage */
    b->beats = 0;
    b->windows = 0;
    b->armed = b->restarted = false;
}

/* The load has changed: a window that is half of the load before is worth nothing. Once for
 * each turn of SEL, so that a restless load does not keep it for ever. */
static void cf1_restart(struct bl0937 *b)
{
    b->stepped = false;
    if (!b->asks_current || b->restarted)
        return;
    b->restarted = true;
    if (b->beats > SETTLE_BEATS)
        b->beats = SETTLE_BEATS;
    b->windows = 0;
    b->armed = false;
}

/* One window has ended at this edge. True: that will do. */
static bool window_done(struct bl0937 *b, struct bl0937_point to)
{
    const double before = b->hz;
    const bool is_long = to.us - b->from.us >= LONG_WINDOW_US;

    b->hz = hertz(b->from, to);
    b->from = to;
    b->windows++;
    return is_long || b->windows >= WINDOWS_MAX ||
           (b->windows >= WINDOWS && !differs(b->hz, before, UNLIKE));
}

static void cf1_measured(struct bl0937 *b, double hz)
{
    if (b->asks_current) {
        b->ampere_hz = hz;
        b->ampere_known = true;
    } else {
        b->volt_hz = hz;
        b->volt_known = true;
    }
    ask_for(b, !b->asks_current);
}

/* No edge has come in this beat: there cannot be more than the silence allows. */
static void cf1_silent(struct bl0937 *b)
{
    const uint32_t waited_us = (b->beats - SETTLE_BEATS) * BEAT_MS * 1000u;
    const uint32_t us = b->armed ? hal_us() - b->from.us : waited_us;
    double *hz = b->asks_current ? &b->ampere_hz : &b->volt_hz;

    if (us && *hz * us > LATE * 1e6)
        *hz = 1e6 / us;
    if (b->beats >= (b->asks_current ? AMPERE_BEATS_MAX : VOLT_BEATS_MAX))
        cf1_measured(b, b->armed ? 1e6 / waited_us : 0); /* one edge in all that time */
}

static void cf1_beat(struct bl0937 *b)
{
    const struct hal_pulse now = hal_pulse_read((unsigned)b->cf1);
    const struct bl0937_point to = {now.count, now.last_us};
    const uint32_t pulses = now.count - b->from.count;

    if (b->stepped)
        cf1_restart(b);
    if (++b->beats <= SETTLE_BEATS) { /* what comes here is still the other quantity */
        b->from = to;
        return;
    }
    if (!pulses) {
        cf1_silent(b);
    } else if (!b->armed) {
        b->armed = true;
        b->from = to;
    } else if (window_done(b, to)) {
        cf1_measured(b, b->hz);
    }
}

/* ---- the driver ------------------------------------------------------------ */

static void beat(struct plug *p, uint32_t ms)
{
    struct bl0937 *b = chip(p);
    struct meter *m = &p->meter;
    double watt, wh;

    watt = take_power(p, ms, &wh);
    cf1_beat(b);
    m->raw[METER_VOLTAGE] = b->volt_hz;
    m->raw[METER_CURRENT] = b->ampere_hz;
    meter_reading(p, b->volt_known ? b->volt_hz * meter_calibration(p, METER_VOLTAGE) : NAN,
                  b->ampere_known ? b->ampere_hz * meter_calibration(p, METER_CURRENT) : NAN, watt,
                  NAN, wh, ms);
}

void bl0937_quick(struct plug *p)
{
    const uint32_t now = hal_ms(), ms = now - chip(p)->beat_ms;

    if (ms < BEAT_MS)
        return;
    chip(p)->beat_ms = now;
    beat(p, ms);
}

/* The pin of a role, else a pin that has no role; -1: none. */
static int find_pin(const struct plug *p, unsigned role, unsigned otherwise)
{
    const int pin = pins_with_role(p, role);

    if (pin >= 0)
        return pin;
    return hal_pin_usable(otherwise) && !config_role(&p->cfg, otherwise) ? (int)otherwise : -1;
}

static bool find_pins(const struct plug *p, struct bl0937 *b)
{
    const int inverted = pins_with_role(p, ROLE_SEL_N);

    *b = (struct bl0937){.sel_inverted = pins_with_role(p, ROLE_SEL) < 0 && inverted >= 0};
    b->sel = (int8_t)(b->sel_inverted ? inverted : find_pin(p, ROLE_SEL, DEFAULT_SEL));
    b->cf = (int8_t)find_pin(p, ROLE_CF, DEFAULT_CF);
    b->cf1 = (int8_t)find_pin(p, ROLE_CF1, DEFAULT_CF1);
    return b->sel >= 0 && b->cf >= 0 && b->cf1 >= 0;
}

bool bl0937_start(struct plug *p)
{
    struct bl0937 *b = chip(p);

    if (!find_pins(p, b)) {
        log_say(p, LOG_ERROR, "BL0937: needs pins for SEL, CF and CF1");
        return false;
    }
    if (!hal_pulse_attach((unsigned)b->cf))
        return false;
    if (!hal_pulse_attach((unsigned)b->cf1)) {
        hal_pulse_detach((unsigned)b->cf);
        return false;
    }
    hal_pin_output((unsigned)b->sel, !b->sel_inverted);
    ask_for(b, false);
    b->beat_ms = hal_ms();
    b->cf_count = hal_pulse_read((unsigned)b->cf).count;
    b->cf_rate.last.us = hal_us();
    return true;
}

void bl0937_stop(struct plug *p)
{
    hal_pulse_detach((unsigned)chip(p)->cf);
    hal_pulse_detach((unsigned)chip(p)->cf1);
}

void bl0937_second(struct plug *p)
{
    const struct bl0937 *b = chip(p);
    struct bl0937 now;

    if (find_pins(p, &now) && now.sel == b->sel && now.cf == b->cf && now.cf1 == b->cf1 &&
        now.sel_inverted == b->sel_inverted)
        return;
    log_say(p, LOG_INFO, "BL0937: its pins have changed");
    meter_stop(p);
    meter_start(p, "BL0937", NULL);
}
