/* ssdp.h - being found (reference 8.3): answers only what asks for it, at most twice a
 * second, and says a word of its own each quarter of an hour. Off until startDriver SSDP. */
#ifndef CORE_SSDP_H
#define CORE_SSDP_H

#include "core/out.h"

struct plug;

#define SSDP_AGE_S     1800u /* how long others may remember us */
#define SSDP_NOTIFY_S  890u  /* so that one notice may get lost */
#define SSDP_ANSWER_MS 500u

struct ssdp {
    bool on, answered;
    uint32_t notify_in_s, answered_ms;
    char uuid[37];
};

void ssdp_start(struct plug *p);
void ssdp_second(struct plug *p);
/* One datagram; true: `reply` is to be sent back. */
bool ssdp_datagram(struct plug *p, const char *data, size_t len, struct out *reply);
void ssdp_notify(struct plug *p, struct out *o);
void ssdp_xml(struct plug *p, struct out *o);
/* net_ssdp.c: send ssdp_notify() now. */
void net_ssdp_notify(struct plug *p);

#endif
