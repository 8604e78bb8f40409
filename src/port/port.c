/* port.c - the names of ports: one table entry per kind. */
#include <string.h>

#include "plugflash/sim.h"
#include "plugflash/transport.h"
#include "transport/backends.h"

/* The opener gets what follows the prefix. */
static const struct scheme {
    const char *prefix;
    enum pf_err (*open)(struct pf_ctx *ctx, const char *rest, struct pf_transport **out);
} schemes[] = {
    {"usb:", pf_usb_open},           {"tcp://", pf_tcp_open},
    {"rfc2217://", pf_rfc2217_open}, {"sim:", pf_sim_open},
    {"replay:", pf_replay_open},     {"", pf_serial_open}, /* last: a device path */
};

enum pf_err pf_port_open(struct pf_ctx *ctx, const char *name, struct pf_transport **out)
{
    const struct scheme *s = schemes;

    *out = NULL;
    if (!*name)
        return pf_fail(ctx, PF_ERR_USAGE, "no port was named");
    while (strncmp(name, s->prefix, strlen(s->prefix)) != 0)
        s++;
    if (!*s->prefix && strstr(name, "://"))
        return pf_fail(ctx, PF_ERR_USAGE,
                       "%.120s: a port is a device path, usb:VID:PID[:SERIAL], tcp://HOST:PORT, "
                       "rfc2217://HOST:PORT, sim:CHIP or replay:FILE",
                       name);
    return s->open(ctx, name + strlen(s->prefix), out);
}
