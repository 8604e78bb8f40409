/* clock.h - the time of day, once somebody has told it: NTP or a browser. */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct plug;

#define CLOCK_FIRST     1577836800u /* 2020: who says it is earlier does not know */
#define CLOCK_AGAIN_S   3600u       /* the clock of a chip is off by some seconds a day */
#define CLOCK_RETRY_S   10u         /* without an answer; doubled from one to the next */
#define CLOCK_RETRY_MAX 640u

struct clock {
    bool ntp, synced;
    uint32_t epoch_s, at_ms; /* UTC at hal_ms() */
    int32_t offset_s;        /* of local time */
    uint32_t ask_in_s, retry_s;
};

struct clock_date {
    int year, month, day, hour, minute, second, weekday; /* month and day from 1; Sunday is 0 */
};

void clock_set(struct plug *p, uint32_t epoch_s); /* UTC */
bool clock_now(const struct plug *p, uint32_t *local_s,
               struct clock_date *date); /* false: unknown */
/* Of any second since 1970. */
void clock_date_of(uint32_t s, struct clock_date *date);
void clock_second(struct plug *p);
/* net_ntp.c */
void net_ntp_ask(struct plug *p);

#endif
