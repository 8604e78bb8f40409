/* error.c - names and exit statuses of enum pf_err. */
#include "plugflash/error.h"

static const struct {
    enum pf_err err;
    int status;
    const char *name;
} table[] = {
    {PF_OK, 0, "ok"},
    {PF_ERR_INTERNAL, 1, "internal"},
    {PF_ERR_NOMEM, 1, "no-memory"},
    {PF_ERR_USAGE, 2, "usage"},
    {PF_ERR_RANGE, 2, "range"},
    {PF_ERR_SUPPORT, 2, "unsupported"},
    {PF_ERR_PORT, 3, "port"},
    {PF_ERR_SYNC, 4, "sync"},
    {PF_ERR_CHIP, 5, "chip"},
    {PF_ERR_IO, 6, "port-lost"},
    {PF_ERR_TIMEOUT, 6, "timeout"},
    {PF_ERR_PROTOCOL, 6, "protocol"},
    {PF_ERR_VERIFY, 7, "differs"},
    {PF_ERR_UNPROVEN, 8, "unproven"},
    {PF_ERR_GUARD, 9, "guard"},
    {PF_ERR_FILE, 10, "file"},
    {PF_ERR_REFUSED, 11, "refused"},
    {PF_ERR_PARTIAL, 12, "partial"},
    {PF_ERR_CANCELED, 130, "canceled"},
};

int pf_exit_status(enum pf_err err)
{
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].err == err)
            return table[i].status;
    return 1;
}

const char *pf_err_name(enum pf_err err)
{
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].err == err)
            return table[i].name;
    return "internal";
}
