/* ssdp.h - being found (reference 8.3): answers only what asks for it, at most twice a
 * second. Off until startDriver SSDP. */
#ifndef CORE_SSDP_H
#define CORE_SSDP_H

#include "core/out.h"

struct plug;

struct ssdp {
    bool on;
    uint32_t notify_in_s, answered_ms;
    char uuid[37];
};

void ssdp_start(struct plug *p);
void ssdp_second(struct plug *p);
/* One datagram; true: `reply` is to be sent back. */
bool ssdp_datagram(struct plug *p, const char *data, size_t len, struct out *reply);
void ssdp_notify(struct plug *p, struct out *o);
void ssdp_xml(struct plug *p, struct out *o);

#endif
