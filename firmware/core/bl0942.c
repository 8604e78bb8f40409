/* bl0942.c - BL0942: ask, take the answer apart, count its energy.
 *
 * It is asked each 400 ms, because at 3680 W a second is a watt-hour, which is all that may
 * be lost when the power goes. A byte that is lost or flipped costs its frame and no
 * more: whatever does not begin with the head and end with its checksum is dropped byte by
 * byte. Nothing for three seconds is no data, not the data before, and the chip, which may
 * have been without power, is set up again. */
#include "core/bl0942.h"

#include <math.h>
#include <string.h>

#include "core/log.h"
#include "core/plug.h"
#include "hal/hal.h"

enum { HEAD = 0x55, READ = 0x58, WRITE = 0xa8, ALL = 0xaa };
enum { REG_UNLOCK = 0x1d, REG_MODE = 0x19, UNLOCK = 0x55, MODE = 0x8f };
enum { ASK_MS = 400, LOST_MS = 3000 };

#define PULSE_J     (1638.4 * 256) /* of a pulse of its energy counter, times its constant */
#define S_PER_H     3600.0
#define WATT_EVER   20000.0 /* more than a plug can draw: the counter did not count that */
#define COUNT_RANGE 0xffffffu

static struct bl0942 *chip(struct plug *p)
{
    return &p->meter.chip.bl0942;
}

static uint32_t get_le24(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
}

bool bl0942_decode(const uint8_t frame[BL0942_FRAME], struct bl0942_frame *out)
{
    uint32_t watt = get_le24(frame + 10);
    uint8_t sum = READ;

    if (frame[0] != HEAD)
        return false;
    for (unsigned i = 0; i < BL0942_FRAME - 1; i++)
        sum = (uint8_t)(sum + frame[i]);
    if (sum + frame[BL0942_FRAME - 1] != 0xff)
        return false;
    *out = (struct bl0942_frame){
        .ampere = get_le24(frame + 1),
        .volt = get_le24(frame + 4),
        .watt = (int32_t)(watt ^ 0x800000u) - 0x800000,
        .count = get_le24(frame + 13),
        .period = (uint16_t)(frame[16] | frame[17] << 8),
    };
    return true;
}

static void ask(struct bl0942 *b)
{
    b->asked_ms = hal_ms();
    hal_uart_write(b->port, (const uint8_t[]){READ, ALL}, 2);
}

static void set_register(struct bl0942 *b, uint8_t reg, uint8_t value)
{
    uint8_t f[6] = {WRITE, reg, value, 0, 0, 0};

    f[5] = (uint8_t) ~(f[0] + f[1] + f[2] + f[3] + f[4]);
    hal_uart_write(b->port, f, sizeof f);
}

/* Unlock, then RMS values each 800 ms. */
static void set_up(struct bl0942 *b)
{
    set_register(b, REG_UNLOCK, UNLOCK);
    set_register(b, REG_MODE, MODE);
}

/* What the counter has counted since the last frame; NaN: it does not tell, because it began
 * anew or was lost for longer than it takes to wrap. */
static double counted_wh(struct plug *p, const struct bl0942_frame *f, uint32_t ms)
{
    struct bl0942 *b = chip(p);
    const double wh_each = PULSE_J / S_PER_H / fabs(meter_calibration(p, METER_POWER));
    const uint32_t n = (f->count - b->count) & COUNT_RANGE;
    const bool known = b->counted;

    b->counted = true;
    b->count = f->count;
    if (!known || (n > 1 && (n - 1) * wh_each > WATT_EVER * ms / 1000 / S_PER_H))
        return NAN;
    return n * wh_each;
}

static void take_frame(struct plug *p, const struct bl0942_frame *f)
{
    struct bl0942 *b = chip(p);
    struct meter *m = &p->meter;
    const uint32_t now = hal_ms(), ms = now - b->heard_ms;
    const double wh = counted_wh(p, f, ms);

    b->heard_ms = now;
    b->lost = false;
    m->raw[METER_VOLTAGE] = f->volt;
    m->raw[METER_CURRENT] = f->ampere;
    m->raw[METER_POWER] = f->watt;
    meter_reading(p, f->volt / meter_calibration(p, METER_VOLTAGE),
                  f->ampere / meter_calibration(p, METER_CURRENT),
                  f->watt / meter_calibration(p, METER_POWER), f->period ? 1e6 / f->period : NAN,
                  wh, ms < LOST_MS ? ms : LOST_MS);
}

/* Take frames off the front of the buffer, and what is none. */
static void take_bytes(struct plug *p)
{
    struct bl0942 *b = chip(p);
    unsigned at = 0;

    while (b->len - at >= BL0942_FRAME) {
        struct bl0942_frame f;

        if (bl0942_decode(b->buf + at, &f)) {
            at += BL0942_FRAME;
            take_frame(p, &f);
        } else {
            at++;
        }
    }
    b->len = (uint8_t)(b->len - at);
    memmove(b->buf, b->buf + at, b->len);
}

void bl0942_quick(struct plug *p)
{
    struct bl0942 *b = chip(p);

    for (unsigned turns = 0; turns < 8; turns++) {
        const size_t n = hal_uart_read(b->port, b->buf + b->len, sizeof b->buf - b->len);

        if (!n)
            break;
        b->len = (uint8_t)(b->len + n);
        take_bytes(p);
    }
    if (hal_ms() - b->heard_ms >= LOST_MS && !b->lost) {
        log_say(p, LOG_WARN, "BL0942: does not answer");
        b->lost = true;
        meter_lost(p);
    }
    if (hal_ms() - b->asked_ms < ASK_MS)
        return;
    if (b->lost)
        set_up(b);
    ask(b);
}

bool bl0942_start(struct plug *p, unsigned port, uint32_t baud)
{
    struct bl0942 *b = chip(p);

    *b = (struct bl0942){.port = (uint8_t)port, .heard_ms = hal_ms()};
    if (!hal_uart_open(port, baud, HAL_PARITY_NONE))
        return false;
    set_up(b);
    ask(b);
    return true;
}

void bl0942_stop(struct plug *p)
{
    hal_uart_close(chip(p)->port);
}
