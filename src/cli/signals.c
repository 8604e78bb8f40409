/* signals.c - see signals.h.
 *
 * The one mutable static of the program: a signal handler gets no argument, so
 * there is no other way to reach it. */
#include "cli/signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "plugflash/error.h"

static struct {
    volatile sig_atomic_t seen, changed;
    volatile bool stop;
    volatile bool *cancel;
    const char *volatile words[2]; /* unchanged, changed */
} state;

static const int caught[] = {SIGINT, SIGTERM, SIGHUP};

static void last_words(const char *line)
{
    size_t len = line ? strlen(line) : 0;

    while (len) {
        ssize_t n = write(STDOUT_FILENO, line, len);

        if (n <= 0)
            return;
        line += n;
        len -= (size_t)n;
    }
}

static void on_signal(int sig)
{
    int saved = errno;

    (void)sig;
    if (state.seen) {
        last_words(state.words[state.changed != 0]);
        _exit(pf_exit_status(state.changed ? PF_ERR_PARTIAL : PF_ERR_CANCELED));
    }
    state.seen = 1;
    state.stop = true;
    if (state.cancel)
        *state.cancel = true;
    errno = saved;
}

void cli_signals_open(bool *cancel)
{
    struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, old;
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    state.cancel = cancel;
    sigfillset(&sa.sa_mask);
    sigemptyset(&ignore.sa_mask);
    for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
        if (caught[i] != SIGHUP || sigaction(SIGHUP, NULL, &old) != 0 || old.sa_handler != SIG_IGN)
            sigaction(caught[i], &sa, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

void cli_signals_close(void)
{
    state.cancel = NULL;
}

void cli_signals_hold(void)
{
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
        sigaddset(&set, caught[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

void cli_signals_last_words(const char *unchanged, const char *changed)
{
    state.words[0] = unchanged;
    state.words[1] = changed;
}

void cli_signals_changed(void)
{
    state.changed = 1;
}

bool cli_signals_seen(void)
{
    return state.seen != 0;
}

const volatile bool *cli_signals_stop(void)
{
    return &state.stop;
}
