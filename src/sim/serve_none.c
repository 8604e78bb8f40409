/* serve_none.c - for systems without ptys and poll(): the virtual devices run
 * in-process only. */
#include "plugflash/sim.h"

enum pf_err pf_sim_serve(struct pf_ctx *ctx, const char *spec, const char *how,
                         void (*ready)(void *user, const char *address), void *user,
                         const volatile bool *stop)
{
    (void)spec;
    (void)how;
    (void)ready;
    (void)user;
    (void)stop;
    return pf_fail(ctx, PF_ERR_SUPPORT, "this build cannot serve virtual devices");
}
