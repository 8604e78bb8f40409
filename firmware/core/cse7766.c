/* cse7766.c - CSE7766: listen, believe what has its checksum.
 *
 * A head of F2 says that the period of power is beyond its range: there is no load, and that
 * is a reading of 0 W, not garbage. A period is one of a pulse, seconds long at a few watts;
 * while the chip waits for one that is late, power is at most what the silence of its pulse
 * counter allows. Nothing for three seconds is no data. */
#include "core/cse7766.h"

#include <math.h>
#include <string.h>

#include "core/log.h"
#include "core/plug.h"
#include "hal/hal.h"

enum { BAUD = 4800, LOST_MS = 3000, FRAMES_MS = 120 };
enum { HEAD_OK = 0x55, HEAD_UNCALIBRATED = 0xaa, HEAD_FLAGS = 0xf0, SECOND = 0x5a };
enum { BEYOND_COEFFICIENT = 1, BEYOND_POWER = 2, BEYOND_CURRENT = 4, BEYOND_VOLTAGE = 8 };
enum { HAS_POWER = 0x10, HAS_CURRENT = 0x20, HAS_VOLTAGE = 0x40 };

static struct cse7766 *chip(struct plug *p)
{
    return &p->meter.chip.cse7766;
}

static uint32_t get_be24(const uint8_t *p)
{
    return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

/* A coefficient and its period. */
static double ratio(const uint8_t *at, enum cse7766_state *state)
{
    const uint32_t period = get_be24(at + 3);

    if (!period && *state == CSE7766_MEASURED)
        *state = CSE7766_UNCHANGED;
    return *state == CSE7766_MEASURED ? (double)get_be24(at) / period : 0;
}

static enum cse7766_state state_of(bool beyond, bool has)
{
    return beyond ? CSE7766_ZERO : has ? CSE7766_MEASURED : CSE7766_UNCHANGED;
}

enum cse7766_kind cse7766_decode(const uint8_t frame[CSE7766_FRAME], struct cse7766_frame *out)
{
    const uint8_t head = frame[0], has = frame[20];
    const uint8_t beyond = head == HEAD_OK ? 0 : head & 0x0f;
    uint8_t sum = 0;

    if (frame[1] != SECOND ||
        (head != HEAD_OK && head != HEAD_UNCALIBRATED && (head & 0xf0) != HEAD_FLAGS))
        return CSE7766_NO_FRAME;
    for (unsigned i = 2; i < CSE7766_FRAME - 1; i++)
        sum = (uint8_t)(sum + frame[i]);
    if (sum != frame[CSE7766_FRAME - 1])
        return CSE7766_NO_FRAME;
    if (head == HEAD_UNCALIBRATED || (beyond & BEYOND_COEFFICIENT))
        return CSE7766_NOT_CALIBRATED;
    out->volt_state = state_of(beyond & BEYOND_VOLTAGE, has & HAS_VOLTAGE);
    out->ampere_state = state_of(beyond & BEYOND_CURRENT, has & HAS_CURRENT);
    out->watt_state = state_of(beyond & BEYOND_POWER, has & HAS_POWER);
    out->volt = ratio(frame + 2, &out->volt_state);
    out->ampere = ratio(frame + 8, &out->ampere_state);
    out->watt = ratio(frame + 14, &out->watt_state);
    out->watt_coefficient = get_be24(frame + 14);
    out->count = (uint16_t)(frame[21] << 8 | frame[22]);
    return CSE7766_FRAME_OK;
}

static void keep(double *last, double value, enum cse7766_state state)
{
    if (state != CSE7766_UNCHANGED)
        *last = value;
}

/* Pulses that do not come: one takes `coefficient` us at a ratio of 1. When they came is
 * known to a frame or two. */
static void bound_power(struct cse7766 *c, const struct cse7766_frame *f, uint32_t now)
{
    const uint32_t ms = now - c->pulse_ms;

    if (!c->counted || f->count != c->count)
        c->pulse_ms = now;
    else if (ms > FRAMES_MS && c->last[METER_POWER] * 1000 * (ms - FRAMES_MS) > f->watt_coefficient)
        c->last[METER_POWER] = f->watt_coefficient / 1000.0 / (ms - FRAMES_MS);
    c->counted = true;
    c->count = f->count;
}

static void take_frame(struct plug *p, const struct cse7766_frame *f)
{
    struct cse7766 *c = chip(p);
    const uint32_t now = hal_ms(), ms = now - c->heard_ms;

    keep(&c->last[METER_VOLTAGE], f->volt, f->volt_state);
    keep(&c->last[METER_CURRENT], f->ampere, f->ampere_state);
    keep(&c->last[METER_POWER], f->watt, f->watt_state);
    bound_power(c, f, now);
    c->heard_ms = now;
    c->lost = false;
    memcpy(p->meter.raw, c->last, sizeof c->last);
    meter_reading(p, c->last[METER_VOLTAGE] * meter_calibration(p, METER_VOLTAGE),
                  c->last[METER_CURRENT] * meter_calibration(p, METER_CURRENT),
                  c->last[METER_POWER] * meter_calibration(p, METER_POWER), NAN, NAN,
                  ms < LOST_MS ? ms : LOST_MS);
}

static void take_bytes(struct plug *p)
{
    struct cse7766 *c = chip(p);
    unsigned at = 0;

    while (c->len - at >= CSE7766_FRAME) {
        struct cse7766_frame f;
        const enum cse7766_kind kind = cse7766_decode(c->buf + at, &f);

        at += kind == CSE7766_NO_FRAME ? 1 : CSE7766_FRAME;
        if (kind == CSE7766_FRAME_OK)
            take_frame(p, &f);
        else if (kind == CSE7766_NOT_CALIBRATED && !c->uncalibrated) {
            log_say(p, LOG_ERROR, "CSE7766: has lost its coefficients");
            c->uncalibrated = true;
        }
    }
    c->len = (uint8_t)(c->len - at);
    memmove(c->buf, c->buf + at, c->len);
}

static void forget(struct cse7766 *c)
{
    c->last[METER_VOLTAGE] = c->last[METER_CURRENT] = c->last[METER_POWER] = NAN;
    c->counted = false;
}

void cse7766_quick(struct plug *p)
{
    struct cse7766 *c = chip(p);

    for (unsigned turns = 0; turns < 8; turns++) {
        const size_t n = hal_uart_read(c->port, c->buf + c->len, sizeof c->buf - c->len);

        if (!n)
            break;
        c->len = (uint8_t)(c->len + n);
        take_bytes(p);
    }
    if (hal_ms() - c->heard_ms < LOST_MS || c->lost)
        return;
    log_say(p, LOG_WARN, "CSE7766: nothing is heard of it");
    c->lost = true;
    forget(c);
    meter_lost(p);
}

bool cse7766_start(struct plug *p, unsigned port)
{
    struct cse7766 *c = chip(p);

    *c = (struct cse7766){.port = (uint8_t)port, .heard_ms = hal_ms()};
    forget(c);
    return hal_uart_open(port, BAUD, HAL_PARITY_EVEN);
}

void cse7766_stop(struct plug *p)
{
    hal_uart_close(chip(p)->port);
}
