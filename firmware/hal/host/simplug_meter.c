/* simplug_meter.c - three meter chips, from their data sheets: what flows goes in, pulses
 * or frames come out. Nothing here is shared with the drivers that read them. */
#include "hal/host/simplug_meter.h"

#include <math.h>
#include <string.h>

#include "hal/host/host.h"

/* ---- BL0937: pulses ---------------------------------------------------------- */

static struct {
    struct simplug_wires wires;
    double volt, ampere, watt; /* for one pulse a second */
    double cf, cf1;            /* how much of the next pulse has come */
    uint32_t settle_ms, since_ms;
    bool voltage; /* what CF1 tells */
} bl0937;

void simplug_bl0937(double volt, double ampere, double watt, uint32_t settle_ms)
{
    bl0937.volt = volt;
    bl0937.ampere = ampere;
    bl0937.watt = watt;
    bl0937.settle_ms = settle_ms;
}

/* A millisecond at `rate` pulses a second. */
static void pulses(int pin, double rate, double *phase)
{
    double whole;

    if (pin < 0 || !(rate > 0))
        return;
    *phase = modf(*phase + rate / 1000, &whole);
    if (whole >= 1)
        host_pulse_edges((unsigned)pin, (uint32_t)whole, (uint32_t)(*phase / rate * 1e6));
}

static void bl0937_tick(const struct simplug_truth *now)
{
    const struct simplug_wires *w = &bl0937.wires;
    const bool asked = w->sel < 0 || host_pin_level((unsigned)w->sel) != w->sel_inverted;

    if (asked == bl0937.voltage)
        bl0937.since_ms = 0;
    else if (++bl0937.since_ms > bl0937.settle_ms)
        bl0937.voltage = asked;
    pulses(w->cf, fabs(now->watt) / bl0937.watt, &bl0937.cf);
    pulses(w->cf1, bl0937.voltage ? now->volt / bl0937.volt : now->ampere / bl0937.ampere,
           &bl0937.cf1);
}

/* ---- the wire of the other two ------------------------------------------------ */

static struct {
    enum simplug_meter what;
    unsigned port;
    uint32_t baud;
    uint8_t queue[64]; /* to be sent */
    size_t len;
    double bits; /* time there was to send them */
    bool silent;
    unsigned lose, flip;
    bool flips;
} wire;

void simplug_meter_silent(bool silent)
{
    wire.silent = silent;
}

void simplug_meter_lose(unsigned bytes)
{
    wire.lose = bytes;
}

void simplug_meter_flip(unsigned nth)
{
    wire.flips = true;
    wire.flip = nth;
}

static enum hal_parity parity(void)
{
    return wire.what == SIMPLUG_CSE7766 ? HAL_PARITY_EVEN : HAL_PARITY_NONE;
}

/* The plug listens as we speak. */
static bool tuned(void)
{
    const struct host_uart u = host_uart(wire.port);

    return u.open && u.baud == wire.baud && u.parity == parity();
}

static void say(const uint8_t *data, size_t len)
{
    if (wire.silent || len > sizeof wire.queue - wire.len)
        return;
    memcpy(wire.queue + wire.len, data, len);
    wire.len += len;
}

static void send_byte(uint8_t b)
{
    if (wire.lose) {
        wire.lose--;
        return;
    }
    if (wire.flips && !wire.flip--) {
        wire.flips = false;
        b ^= 0x10;
    }
    if (!tuned())
        b = (uint8_t)(b * 37 + 11); /* framing is gone: noise */
    host_uart_feed(wire.port, &b, 1);
}

static void wire_tick(void)
{
    const double bits = parity() == HAL_PARITY_NONE ? 10 : 11;

    if (!wire.len) {
        wire.bits = 0;
        return;
    }
    for (wire.bits += wire.baud / 1000.0; wire.len && wire.bits >= bits; wire.bits -= bits) {
        send_byte(wire.queue[0]);
        memmove(wire.queue, wire.queue + 1, --wire.len);
    }
}

/* ---- BL0942: asked, it answers ------------------------------------------------- */

#define BL0942_WH 0.1948302 /* of one pulse of its counter */

static struct {
    uint8_t in[6];
    size_t len;
    uint32_t reg[32];
    double count;
    unsigned bad;
} bl0942;

void simplug_bl0942_count(uint32_t pulses_so_far)
{
    bl0942.count = pulses_so_far;
}

uint32_t simplug_bl0942_reg(uint8_t reg)
{
    return bl0942.reg[reg & 31];
}

unsigned simplug_bl0942_bad(void)
{
    return bl0942.bad;
}

static void le24(uint8_t *at, double value)
{
    const uint32_t n = (uint32_t)(int32_t)lround(value);

    at[0] = (uint8_t)n;
    at[1] = (uint8_t)(n >> 8);
    at[2] = (uint8_t)(n >> 16);
}

static void bl0942_answer(void)
{
    const struct simplug_truth now = simplug_truth();
    uint8_t f[23] = {0x55}, sum = 0x58;

    le24(f + 1, now.ampere * 251210);
    le24(f + 4, now.volt * 15188);
    le24(f + 7, now.ampere * 251210);
    le24(f + 10, now.watt * 598);
    le24(f + 13, floor(fmod(bl0942.count, 16777216.0)));
    le24(f + 16, now.hertz > 0 ? 1e6 / now.hertz : 0);
    f[18] = 0;
    for (int i = 0; i < 22; i++)
        sum = (uint8_t)(sum + f[i]);
    f[22] = (uint8_t)~sum;
    say(f, sizeof f);
}

/* Registers are locked until 0x55 is written to the one that unlocks them. */
static void bl0942_write(const uint8_t *f)
{
    const uint8_t sum = (uint8_t) ~(f[0] + f[1] + f[2] + f[3] + f[4]);

    if (sum != f[5] || (f[1] != 0x1d && bl0942.reg[0x1d] != 0x55))
        bl0942.bad++;
    else
        bl0942.reg[f[1] & 31] = f[2] | (uint32_t)f[3] << 8 | (uint32_t)f[4] << 16;
}

static void bl0942_byte(uint8_t b)
{
    bl0942.in[bl0942.len++] = b;
    if (bl0942.in[0] == 0x58 && bl0942.len == 2) {
        if (b == 0xaa)
            bl0942_answer();
        else
            bl0942.bad++;
        bl0942.len = 0;
    } else if (bl0942.in[0] == 0xa8 && bl0942.len == 6) {
        bl0942_write(bl0942.in);
        bl0942.len = 0;
    } else if (bl0942.in[0] != 0x58 && bl0942.in[0] != 0xa8) {
        bl0942.bad++;
        bl0942.len = 0;
    }
}

static void bl0942_heard(void *user, const uint8_t *data, size_t len)
{
    (void)user;
    for (size_t i = 0; tuned() && i < len; i++)
        bl0942_byte(data[i]);
}

/* ---- CSE7766: speaks all the time ---------------------------------------------- */

enum { CSE_V = 195800, CSE_I = 16690, CSE_P = 5471000, CSE_MS = 60, CSE_MAX = 0xffffff };

static struct {
    uint32_t wait_ms;
    double pulses;
    double period; /* of power, the last one that was none too long */
} cse;

static void be24(uint8_t *at, double value)
{
    const uint32_t n = (uint32_t)lround(value);

    at[0] = (uint8_t)(n >> 16);
    at[1] = (uint8_t)(n >> 8);
    at[2] = (uint8_t)n;
}

/* A period in microseconds; false: longer than the chip counts. */
static bool period(double coefficient, double value, double *out)
{
    *out = value > 0 ? coefficient / value : INFINITY;
    if (*out <= CSE_MAX)
        return true;
    *out = CSE_MAX;
    return false;
}

static void cse_frame(const struct simplug_truth *now)
{
    uint8_t f[24] = {0x55, 0x5a}, over = 0, sum = 0;
    double v, i, p;

    over |= period(CSE_V * 1.94034719, now->volt, &v) ? 0 : 8;
    over |= period(CSE_I, now->ampere, &i) ? 0 : 4;
    if (period(CSE_P * 1.88214409, now->watt, &p))
        cse.period = p;
    else
        over |= 2;
    if (over)
        f[0] = 0xf0 | over;
    be24(f + 2, CSE_V);
    be24(f + 5, v);
    be24(f + 8, CSE_I);
    be24(f + 11, i);
    be24(f + 14, CSE_P);
    be24(f + 17, cse.period);
    f[20] = (uint8_t)(0x01 | (over & 8 ? 0 : 0x40) | (over & 4 ? 0 : 0x20) | (over & 2 ? 0 : 0x10));
    f[21] = (uint8_t)((unsigned long)cse.pulses >> 8);
    f[22] = (uint8_t)(unsigned long)cse.pulses;
    for (int at = 2; at < 23; at++)
        sum = (uint8_t)(sum + f[at]);
    f[23] = sum;
    say(f, sizeof f);
}

static void cse_tick(const struct simplug_truth *now)
{
    if (now->watt > 0)
        cse.pulses = fmod(cse.pulses + 1000 / (CSE_P * 1.88214409 / now->watt), 65536.0);
    if (cse.wait_ms) {
        cse.wait_ms--;
        return;
    }
    cse.wait_ms = CSE_MS - 1;
    cse_frame(now);
}

/* ---- all of them ---------------------------------------------------------------- */

void simplug_meter(enum simplug_meter meter, unsigned port, uint32_t baud)
{
    memset(&wire, 0, sizeof wire);
    memset(&bl0942, 0, sizeof bl0942);
    memset(&cse, 0, sizeof cse);
    cse.period = CSE_MAX;
    wire.what = meter;
    wire.port = port;
    wire.baud = baud;
    if (meter == SIMPLUG_BL0942)
        host_uart_peer(port, bl0942_heard, NULL);
}

void simplug_meter_build(const struct simplug_wires *wires)
{
    memset(&bl0937, 0, sizeof bl0937);
    bl0937.wires = *wires;
    bl0937.voltage = true;
    simplug_bl0937(0.13253012048, 0.0118577075, 1.5, 100);
    simplug_meter(SIMPLUG_NO_METER, 0, 0);
}

void simplug_meter_tick(const struct simplug_truth *now)
{
    bl0937_tick(now);
    if (wire.what == SIMPLUG_BL0942) {
        bl0942.count += fabs(now->watt) / 3.6e6 / BL0942_WH;
        wire_tick();
    } else if (wire.what == SIMPLUG_CSE7766) {
        cse_tick(now);
        wire_tick();
    }
}
