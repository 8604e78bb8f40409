/* clock.c - seconds since 1970, dates of them, and when to ask a server again.
 *
 * The time runs on by hal_ms(), whose overflow is taken along each second. Nobody's clock is
 * believed who is before 2020. Without an answer the server is asked more and more seldom,
 * and the time that is known stays. */
#include "core/clock.h"

#include "core/event.h"
#include "core/plug.h"

enum { DAY = 86400 };

static void run_on(struct clock *c)
{
    const uint32_t s = (hal_ms() - c->at_ms) / 1000;

    c->epoch_s += s;
    c->at_ms += s * 1000;
}

void clock_set(struct plug *p, uint32_t epoch_s)
{
    struct clock *c = &p->clock;

    if (epoch_s < CLOCK_FIRST) {
        log_say(p, LOG_WARN, "clock: nobody believes that it is %u", (unsigned)epoch_s);
        return;
    }
    c->epoch_s = epoch_s;
    c->at_ms = hal_ms();
    c->ask_in_s = CLOCK_AGAIN_S;
    c->retry_s = 0;
    if (c->synced)
        return;
    c->synced = true;
    event_fire(p, EVENT_NTP_STATE, 1);
}

/* Years begin in March here, so that the odd day is the last one. */
void clock_date_of(uint32_t s, struct clock_date *d)
{
    const uint32_t days = s / DAY + 719468; /* since 0000-03-01 */
    const uint32_t era = days / 146097, of_era = days % 146097;
    const uint32_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const uint32_t of_year = of_era - (365 * year + year / 4 - year / 100);
    const uint32_t month = (5 * of_year + 2) / 153;

    *d = (struct clock_date){
        .year = (int)(era * 400 + year + (month >= 10)),
        .month = (int)(month < 10 ? month + 3 : month - 9),
        .day = (int)(of_year - (153 * month + 2) / 5 + 1),
        .hour = (int)(s % DAY / 3600),
        .minute = (int)(s % 3600 / 60),
        .second = (int)(s % 60),
        .weekday = (int)((s / DAY + 4) % 7),
    };
}

bool clock_now(const struct plug *p, uint32_t *local_s, struct clock_date *date)
{
    struct clock c = p->clock;

    if (!c.synced)
        return false;
    run_on(&c);
    c.epoch_s += (uint32_t)c.offset_s;
    if (local_s)
        *local_s = c.epoch_s;
    if (date)
        clock_date_of(c.epoch_s, date);
    return true;
}

static bool online(void)
{
    uint8_t ip[4], mask[4], gw[4], dns[4];

    return net_address(ip, mask, gw, dns);
}

static uint32_t next_retry(struct clock *c)
{
    c->retry_s = c->retry_s ? c->retry_s * 2 : CLOCK_RETRY_S;
    if (c->retry_s > CLOCK_RETRY_MAX)
        c->retry_s = CLOCK_RETRY_MAX;
    return c->retry_s + hal_random() % (c->retry_s / 4);
}

void clock_second(struct plug *p)
{
    struct clock *c = &p->clock;

    if (c->synced)
        run_on(c);
    if (!c->ntp) {
        c->ask_in_s = c->retry_s = 0;
        return;
    }
    if (c->ask_in_s && --c->ask_in_s)
        return;
    if (p->wifi.state != WIFI_UP || !online())
        return; /* as soon as there is a network */
    c->ask_in_s = next_retry(c);
    net_ntp_ask(p);
}
