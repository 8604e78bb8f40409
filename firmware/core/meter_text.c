/* meter_text.c - readings as text: published values, rows of the page, JSON. */
#include "core/meter.h"

#include "core/plug.h"

enum { FLAG_KWH = 40 };

static bool is_energy(unsigned q)
{
    return q >= METER_TOTAL && q <= METER_3_DAYS;
}

/* 2023-11-14T22:13:20+00:00, by hand: no C library is asked for the sign of an offset. */
static void print_time(struct out *o, uint32_t utc, int32_t offset_s)
{
    const unsigned away = (unsigned)(offset_s < 0 ? -offset_s : offset_s) / 60;
    struct clock_date d;

    clock_date_of(utc + (uint32_t)offset_s, &d);
    out_fmt(o, "%04d-%02d-%02dT%02d:%02d:%02d%c%02u:%02u", d.year, d.month, d.day, d.hour, d.minute,
            d.second, offset_s < 0 ? '-' : '+', away / 60, away % 60);
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
