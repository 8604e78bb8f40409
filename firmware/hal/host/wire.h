/* wire.h - what is between the plug's network interface and the rest of the world on a PC:
 * frames one way and the other, with faults. It leads somewhere only while the radio has a
 * link or is an access point itself. */
#ifndef HAL_HOST_WIRE_H
#define HAL_HOST_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void host_wire_reset(void); /* nothing at the far end, no fault, nothing under way */
/* What the plug sends goes there; NULL: nowhere. */
void host_wire_far(void (*take)(void *user, const uint8_t *frame, size_t len), void *user);
/* Called when the plug asks for frames, to bring what has come meanwhile; NULL: no one. */
void host_wire_pump(void (*pump)(void *user), void *user);
/* A frame from the far end. */
void host_wire_arrive(const uint8_t *frame, size_t len);

struct host_wire_fault {
    bool cut;          /* nothing passes */
    uint32_t delay_ms; /* each way, of the virtual clock */
    unsigned lose;     /* so many of a thousand frames */
    uint32_t seed;     /* which ones; not 0 */
};
void host_wire_faults(const struct host_wire_fault *fault); /* NULL: none */

struct host_wire_stats {
    uint32_t sent, received, lost; /* frames */
};
struct host_wire_stats host_wire_stats(void);

/* ---- slirp.c: the PC as router, without privileges --------------------------------- */

/* The plug finds a network 10.0.2.0/24 with DHCP, DNS and the PC at 10.0.2.2; at its own
 * access point the PC is 192.168.4.2. Its time is host_us(). False: it could not be made. */
bool host_slirp_open(void);
void host_slirp_close(void);
/* Where host_slirp_open() leads the wire to; for who looks at frames on their way. */
void host_slirp_take(void *user, const uint8_t *frame, size_t len);
/* 127.0.0.1:`port` leads to port 80 of `ip`, in the network the plug is in now. Again: from
 * now on only this, and who was at the plug's own access point has left it. False: the port
 * is taken. */
bool host_slirp_forward(uint16_t port, const uint8_t ip[4]);
/* Sleep until something has come, at most `ms`, or there is something at `fd` (-1: none). */
void host_slirp_wait(uint32_t ms, int fd);

#endif
