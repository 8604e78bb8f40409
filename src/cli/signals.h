/* signals.h - Ctrl-C and its relatives.
 *
 * The first SIGINT, SIGTERM or SIGHUP asks for a stop at the next safe
 * boundary; the second ends the program at once. A SIGHUP that was ignored
 * when the program started (nohup) stays ignored. SIGINT does not: a script's
 * shell ignores it for what it runs in the background, and would then have no
 * way to stop a run cleanly by kill -INT. */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include <stdbool.h>

/* `cancel` (struct pf_ctx) is set by the first signal. Also ignores SIGPIPE. */
void cli_signals_open(bool *cancel);
void cli_signals_close(void);

/* Hold further signals back while the result is delivered: there is to be
 * exactly one. */
void cli_signals_hold(void);

/* What the second signal writes to stdout before it ends the program: a JSON
 * result line for each of the two cases, kept by pointer; NULL: nothing. */
void cli_signals_last_words(const char *unchanged, const char *changed);

/* From here on the device is being changed: a forced end is 12, not 130. */
void cli_signals_changed(void);

/* A stop was asked for. */
bool cli_signals_seen(void);
const volatile bool *cli_signals_stop(void);

#endif
