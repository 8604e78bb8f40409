/* transport.c - wrappers that check for slots a transport does not have. */
#include "plugflash/transport.h"

uint64_t pf_now(struct pf_transport *t)
{
    return t->ops->now(t);
}

void pf_sleep(struct pf_transport *t, uint64_t us)
{
    t->ops->sleep(t, us);
}

enum pf_err pf_set_baud(struct pf_transport *t, uint32_t baud)
{
    if (!t->ops->set_baud)
        return pf_fail(t->ctx, PF_ERR_SUPPORT, "this port cannot change its baud rate");
    return t->ops->set_baud(t, baud);
}

enum pf_err pf_set_lines(struct pf_transport *t, unsigned lines)
{
    if (!t->ops->set_lines)
        return pf_fail(t->ctx, PF_ERR_SUPPORT, "this port has no DTR and RTS lines");
    return t->ops->set_lines(t, lines);
}

enum pf_err pf_set_power(struct pf_transport *t, bool on)
{
    if (!t->ops->set_power)
        return pf_fail(t->ctx, PF_ERR_SUPPORT, "this port cannot switch power (see --power-cmd)");
    return t->ops->set_power(t, on);
}
