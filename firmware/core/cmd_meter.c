/* cmd_meter.c - calibration, energy, what is published (reference 3.3, 4.3 to 4.5). */
#include <math.h>

#include "core/log.h"
#include "core/plug.h"

static enum cmd_result result(bool done)
{
    return done ? CMD_OK : CMD_BAD;
}

/* VoltageSet 230: that is what it is now. */
static enum cmd_result calibrate(struct cmd *c)
{
    const char *why;
    double real;

    if (!cmd_real(c, 0, &real))
        return CMD_BAD;
    why = meter_calibrate(c->p, c->value, real);
    if (why)
        log_say(c->p, LOG_WARN, "%s: %s", c->name, why);
    return why ? CMD_ERROR : CMD_OK;
}

/* Of templates written for older firmware: the constant itself. Ones made for another kind
 * of chip than this plug's are recognised by nothing, so they are taken as they are. */
static enum cmd_result set_constant(struct cmd *c)
{
    double constant;

    return result(cmd_real(c, 0, &constant) && meter_set_calibration(c->p, c->value, constant));
}

static enum cmd_result set_max(struct cmd *c)
{
    double watt;

    return result(cmd_real(c, 0, &watt) && meter_set_max(c->p, watt));
}

static enum cmd_result reset(struct cmd *c)
{
    double total = NAN;

    return result((!c->args || cmd_real(c, 0, &total)) && meter_reset(c->p, total));
}

/* enable interval count [json] */
static enum cmd_result set_stats(struct cmd *c)
{
    int32_t on, interval, count, json = 0;

    if (!cmd_int(c, 0, 0, 1, &on) || !cmd_int(c, 1, 0, INT32_MAX, &interval) ||
        !cmd_int(c, 2, 0, INT32_MAX, &count) || (c->args > 3 && !cmd_int(c, 3, 0, 1, &json)))
        return CMD_BAD;
    return result(meter_set_stats(c->p, on, interval, count, json));
}

static enum cmd_result set_save_threshold(struct cmd *c)
{
    double wh;

    return result(cmd_real(c, 0, &wh) && meter_set_save_threshold(c->p, wh));
}

/* V A W [Wh] [Hz] */
static enum cmd_result set_thresholds(struct cmd *c)
{
    double v[5];

    if (c->args > 5)
        return CMD_BAD;
    for (unsigned i = 0; i < c->args; i++)
        if (!cmd_real(c, i, &v[i]))
            return CMD_BAD;
    return result(meter_set_thresholds(c->p, v, c->args));
}

static enum cmd_result set_intervals(struct cmd *c)
{
    int32_t min, max;

    return result(cmd_int(c, 0, 0, INT32_MAX, &min) && cmd_int(c, 1, 0, INT32_MAX, &max) &&
                  meter_set_intervals(c->p, min, max));
}

/* V A W Wh */
static enum cmd_result set_precisions(struct cmd *c)
{
    int32_t decimals[4];

    if (c->args > 4)
        return CMD_BAD;
    for (unsigned i = 0; i < c->args; i++)
        if (!cmd_int(c, i, 0, 9, &decimals[i]))
            return CMD_BAD;
    return result(meter_set_precisions(c->p, decimals, c->args));
}

static enum cmd_result set_test(struct cmd *c)
{
    struct meter_test t;
    double *const to[] = {&t.volt, &t.ampere, &t.watt, &t.hertz, &t.wh};

    for (unsigned i = 0; i < 5; i++)
        if (!cmd_real(c, i, to[i]))
            return CMD_BAD;
    meter_set_test(c->p, &t);
    return CMD_OK;
}

static enum cmd_result show(struct cmd *c)
{
    for (unsigned q = 0; q < METER_QUANTITIES; q++) {
        char text[32];
        struct out o;

        if (!c->p->meter.valid[q])
            continue;
        out_init(&o, text, sizeof text);
        meter_print(c->p, q, &o);
        log_say(c->p, LOG_INFO, "%s: %s %s", meter_info[q].name, text, meter_unit(c->p, q));
    }
    return CMD_OK;
}

const struct cmd_entry cmd_meter[] = {
    {"VoltageSet", 1, calibrate, METER_VOLTAGE},
    {"CurrentSet", 1, calibrate, METER_CURRENT},
    {"PowerSet", 1, calibrate, METER_POWER},
    {"VREF", 1, set_constant, METER_VOLTAGE},
    {"IREF", 1, set_constant, METER_CURRENT},
    {"PREF", 1, set_constant, METER_POWER},
    {"PowerMax", 1, set_max, 0},
    {"EnergyCntReset", 0, reset, 0},
    {"SetupEnergyStats", 3, set_stats, 0},
    {"ConsumptionThreshold", 1, set_save_threshold, 0},
    {"VCPPublishThreshold", 3, set_thresholds, 0},
    {"VCPPublishIntervals", 2, set_intervals, 0},
    {"VCPPrecision", 1, set_precisions, 0},
    {"SetupTestPower", 5, set_test, 0},
    {"GetReadings", 0, show, 0},
    {0},
};
