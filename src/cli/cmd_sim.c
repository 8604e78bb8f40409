/* cmd_sim.c - `sim`: a virtual device in real time, for scripts and other
 * tools. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/signals.h"
#include "plugflash/sim.h"

/* Scripts wait for this line: it has to be out before the first byte is. */
static void on_ready(void *user, const char *address)
{
    struct cli *cli = user;
    const struct pf_field field[] = {
        PF_F_STR("name", address),
        PF_F_STR("clock", "real"),
    };
    struct pf_event ev = {.kind = PF_EV_PORT, .fields = field, .nfields = 2};

    if (cli_text(cli)) {
        fprintf(cli->out, "ready %s\n", address);
        fflush(cli->out);
    } else {
        pf_emit(&cli->ctx, &ev);
    }
}

enum pf_err cmd_sim(struct cli *cli)
{
    const struct cli_options *o = &cli->opt;
    const char *scheme = o->pty ? "pty" : o->tcp ? "tcp" : "rfc2217";
    const char *where = o->pty ? o->pty : o->tcp ? o->tcp : o->rfc2217;
    char how[512];
    enum pf_err err;

    if (snprintf(how, sizeof how, "%s:%s", scheme, where) >= (int)sizeof how)
        return pf_fail(&cli->ctx, PF_ERR_USAGE, "--%s: the name is too long", scheme);
    err = pf_sim_serve(&cli->ctx, o->arg[0], how, on_ready, cli, cli_signals_stop());
    /* The signal is how a server is meant to end. */
    return err == PF_ERR_CANCELED && cli_signals_seen() ? PF_OK : err;
}
