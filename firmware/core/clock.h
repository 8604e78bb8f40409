/* clock.h - the time of day, once somebody has told it: NTP or a browser. */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct plug;

struct clock {
    bool ntp, synced;
    uint32_t epoch_s, at_ms; /* UTC at hal_ms() */
    int32_t offset_s;        /* of local time */
    uint32_t ask_in_s;
};

struct clock_date {
    int year, month, day, hour, minute, second, weekday;
};

void clock_set(struct plug *p, uint32_t epoch_s);
bool clock_now(const struct plug *p, uint32_t *local_s,
               struct clock_date *date); /* false: unknown */
void clock_second(struct plug *p);
/* net_ntp.c */
void net_ntp_ask(struct plug *p);

#endif
