/* sink_tty.c - what a person sees on stderr: a few sentences and a bar.
 *
 * The bar is redrawn by real time, whatever clock the port has; speed and ETA
 * are in the port's time, and say so when that time is simulated. */
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/sink.h"
#include "cli/text.h"

#define REDRAW_US  100000
#define BAR_MAX    30
#define BAR_MIN    5
#define LINE_BYTES 200

#define RED    "\033[31m"
#define YELLOW "\033[33m"
#define RESET  "\033[0m"

uint64_t sink_real_time(void *u)
{
    struct timespec ts;

    (void)u;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

const char *sink_field(const struct pf_event *ev, const char *name)
{
    for (size_t i = 0; i < ev->nfields; i++)
        if (ev->fields[i].type == PF_FIELD_STR && strcmp(ev->fields[i].name, name) == 0)
            return ev->fields[i].v.str;
    return NULL;
}

static unsigned width_of(const struct sink_tty *s)
{
    struct winsize ws;

    if (s->width)
        return s->width;
    if (ioctl(fileno(s->out), TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0)
        return ws.ws_col;
    return 80;
}

void sink_tty_clear(struct sink_tty *s)
{
    if (!s->drawn)
        return;
    fprintf(s->out, "\r%*s\r", (int)width_of(s) - 1, "");
    fflush(s->out);
    s->drawn = false;
}

/* "1.25 MiB/s, ETA 0:07" from what this phase has done so far. */
static void rate_text(const struct sink_tty *s, const struct pf_event *ev, char *buf, size_t cap)
{
    uint64_t us = ev->at_us - s->phase_at, moved = ev->done - s->phase_from;
    char speed[TEXT_SIZE], eta[TEXT_SIZE];
    double rate;

    *buf = '\0';
    if (us < 1000 || !moved || ev->done < s->phase_from)
        return;
    rate = (double)moved / ((double)us / 1e6);
    text_size(speed, (uint64_t)(rate + 0.5));
    if (ev->total > ev->done)
        snprintf(buf, cap, "%s/s%s  ETA %s", speed, s->simulated ? " simulated" : "",
                 text_clock(eta, (uint64_t)((double)(ev->total - ev->done) / rate + 0.5)));
    else
        snprintf(buf, cap, "%s/s%s", speed, s->simulated ? " simulated" : "");
}

/* Phase, bar, percentage, bytes, speed and ETA; the bar takes what is left of
 * the line, and goes first when the terminal is narrow. */
static void draw(struct sink_tty *s, const struct pf_event *ev)
{
    char done[TEXT_SIZE], total[TEXT_SIZE], rate[96], right[208], line[320];
    unsigned width = width_of(s), percent, bar, full;
    int n;

    if (width < 12 || !ev->total) /* too narrow, or nobody knows how much */
        return;
    if (width > LINE_BYTES)
        width = LINE_BYTES;
    percent = (unsigned)((double)ev->done * 100 / (double)ev->total);
    percent = percent > 100 ? 100 : percent;
    rate_text(s, ev, rate, sizeof rate);
    n = snprintf(right, sizeof right, "%3u %%  %s of %s  %s", percent, text_size(done, ev->done),
                 text_size(total, ev->total), rate);
    bar = (unsigned)n + 12 < width ? width - (unsigned)n - 12 : 0;
    bar = bar > BAR_MAX ? BAR_MAX : bar;
    full = percent * bar / 100;
    if (bar < BAR_MIN)
        snprintf(line, sizeof line, "%-7.7s %3u %%  %s", ev->phase ? ev->phase : "", percent, rate);
    else
        snprintf(line, sizeof line, "%-7.7s [%.*s%.*s] %s", ev->phase ? ev->phase : "", (int)full,
                 "##############################", (int)(bar - full),
                 "..............................", right);
    fprintf(s->out, "\r%-*.*s", (int)width - 1, (int)width - 1, line);
    fflush(s->out);
    s->drawn = true;
}

static void progress(struct sink_tty *s, const struct pf_event *ev)
{
    const char *phase = ev->phase ? ev->phase : "";
    uint64_t now;

    if (!s->bar || s->quiet)
        return;
    now = s->now_us(s->now_user);
    if (strncmp(s->phase, phase, sizeof s->phase - 1) != 0 || ev->done < s->phase_from) {
        snprintf(s->phase, sizeof s->phase, "%s", phase);
        s->phase_at = ev->at_us;
        s->phase_from = ev->done;
    } else if (s->drawn && ev->done != ev->total && now - s->drawn_at < REDRAW_US) {
        return;
    }
    s->drawn_at = now;
    draw(s, ev);
}

static void say(struct sink_tty *s, const char *color, const char *head, const char *text)
{
    sink_tty_clear(s);
    if (s->color && color)
        fputs(color, s->out);
    fputs(head, s->out);
    if (s->color && color)
        fputs(RESET, s->out);
    text_put(s->out, text ? text : "");
    fputc('\n', s->out);
    fflush(s->out);
}

static void say_error(struct sink_tty *s, const struct pf_event *ev)
{
    const char *hint = sink_field(ev, "hint");

    say(s, RED, "plugflash: error: ", ev->text ? ev->text : pf_err_name(ev->err));
    if (hint && !s->quiet)
        say(s, NULL, "  what to try: ", hint);
}

static void say_port(struct sink_tty *s, const struct pf_event *ev)
{
    const char *clock = sink_field(ev, "clock");

    s->simulated = clock && strcmp(clock, "simulated") == 0;
    say(s, NULL, s->simulated ? "Port (times are simulated): " : "Port: ", sink_field(ev, "name"));
}

/* A driver repeats what it waits for while it waits; a person is told once. */
static void say_sync(struct sink_tty *s, const struct pf_event *ev)
{
    if (!ev->text || strncmp(s->sync, ev->text, sizeof s->sync - 1) == 0)
        return;
    snprintf(s->sync, sizeof s->sync, "%s", ev->text);
    say(s, NULL, "", ev->text);
}

bool sink_tty_event(void *user, const struct pf_event *ev)
{
    struct sink_tty *s = user;

    if (s->quiet && ev->kind != PF_EV_ERROR)
        return true;
    switch (ev->kind) {
    case PF_EV_PROGRESS:
        progress(s, ev);
        break;
    case PF_EV_PORT:
        say_port(s, ev);
        break;
    case PF_EV_SYNC:
        say_sync(s, ev);
        break;
    case PF_EV_CHIP:
        if (ev->text)
            say(s, NULL, "", ev->text);
        break;
    case PF_EV_RETRY:
        if (s->verbose)
            say(s, YELLOW, "retry: ", ev->text);
        break;
    case PF_EV_LOG:
        if (s->verbose)
            say(s, NULL, "  ", ev->text);
        break;
    case PF_EV_WARNING:
        say(s, YELLOW, "warning: ", ev->text);
        break;
    case PF_EV_ERROR:
        say_error(s, ev);
        break;
    case PF_EV_START:
        break;
    case PF_EV_RESULT:
        sink_tty_clear(s);
        break;
    }
    return true;
}
