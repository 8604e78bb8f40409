/* ping.h - the ping watchdog: a host that should answer, and the link anew when it does not
 * (reference 8.2). On with a host, and an interval or a time to bear its silence. */
#ifndef CORE_PING_H
#define CORE_PING_H

#include <stdint.h>

struct plug;

#define PING_START_S  60u   /* of a run: a router starts with the plug, and takes its time */
#define PING_EACH_S   10u   /* if no interval is set */
#define PING_BEAR_MAX 3600u /* s between new links that do not help */

struct ping {
    uint32_t in_s;     /* until the next one */
    uint32_t silent_s; /* without an answer: noPingTime of handlers */
    uint32_t bear_s;   /* of a link; what is set, doubled from one new link to the next */
    uint32_t sent, answered;
};

void ping_second(struct plug *p);
void ping_answered(struct plug *p);
void ping_clear(struct plug *p); /* as if it had answered */
/* One question to PingHost, whose answer is ping_answered(). net_ping.c. */
void net_ping_ask(struct plug *p);

#endif
