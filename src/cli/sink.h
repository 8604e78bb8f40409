/* sink.h - who listens: a terminal, JSON lines, a log file.
 *
 * Each sink is an event function with its own state; none asks for a stop.
 * The state lives in the caller's memory. */
#ifndef CLI_SINK_H
#define CLI_SINK_H

#include <stdio.h>

#include "plugflash/event.h"

/* Text for people, on stderr. */
struct sink_tty {
    FILE *out;
    bool color, bar; /* both only on a terminal */
    bool quiet;      /* errors only */
    unsigned verbose;
    unsigned width;              /* columns; 0: asks the terminal each time */
    uint64_t (*now_us)(void *u); /* real time, for the rate of redrawing */
    void *now_user;
    /* private */
    bool drawn, simulated;
    uint64_t drawn_at;
    char sync[PF_TEXT_MAX]; /* what was last said of a SYNC event */
    char phase[24];
    uint64_t phase_at, phase_from; /* port clock and bytes when the phase began */
};
bool sink_tty_event(void *user, const struct pf_event *ev);
/* Remove a bar that is on the screen, before something else is printed. */
void sink_tty_clear(struct sink_tty *s);

/* One JSON object per line. `failed` is set when a line could not be written. */
struct sink_json {
    FILE *out;
    bool verbose; /* with log events */
    bool failed;
    /* private */
    uint64_t last_us, progress_us;
    char phase[24];
    bool progressed;
};
bool sink_json_event(void *user, const struct pf_event *ev);

/* Plain text with the port's time, every event; progress once a second. */
struct sink_log {
    FILE *out;
    uint64_t last_us, progress_us;
    char phase[24];
};
bool sink_log_event(void *user, const struct pf_event *ev);

/* Real monotonic time in microseconds; `u` is not used. */
uint64_t sink_real_time(void *u);

/* The value of the string field `name` of an event, or NULL. */
const char *sink_field(const struct pf_event *ev, const char *name);

#endif
