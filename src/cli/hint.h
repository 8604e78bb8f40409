/* hint.h - what a person may try after a failure. */
#ifndef CLI_HINT_H
#define CLI_HINT_H

#include "plugflash/error.h"

/* One sentence or two, or NULL where the error says it all. */
const char *cli_hint(enum pf_err err);

#endif
