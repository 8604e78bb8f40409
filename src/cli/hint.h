/* hint.h - what a person may try after a failure. */
#ifndef CLI_HINT_H
#define CLI_HINT_H

#include <stdbool.h>

#include "plugflash/error.h"

/* What was going on when it failed. */
struct cli_situation {
    bool had_port;   /* a port had been opened */
    bool linked;     /* and a device had answered */
    bool power_cmd;  /* --power-cmd was given */
    bool no_stub;    /* --stub none, though the device may need one */
    bool chip_named; /* --chip named one */
};

/* One sentence or two, or NULL where the error says it all. */
const char *cli_hint(const struct cli_situation *now, enum pf_err err);

#endif
