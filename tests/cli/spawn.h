/* spawn.h - run the real binary and keep everything it said.
 *
 * A command line is one string, cut at blanks. The child gets no PLUGFLASH_*
 * variable and no NO_COLOR of ours; `env` adds some. */
#ifndef TESTS_CLI_SPAWN_H
#define TESTS_CLI_SPAWN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct run {
    char line[1024];
    pid_t pid;
    int status; /* exit status, or -signal */
    char *out, *err;
    size_t out_len, err_len;
};

enum spawn_stdout { SPAWN_FILE, SPAWN_CLOSED, SPAWN_FULL, SPAWN_BROKEN_PIPE };

/* An empty folder to work in, which becomes the current one. */
void spawn_enter(void);
void spawn_leave(void);

/* Run to the end, at most 120 s. `env`: "A=1 B=2" or NULL. */
void spawn_run(struct run *r, const char *env, const char *line);
void spawn_run_stdout(struct run *r, enum spawn_stdout how, const char *line);

/* stderr, and stdout when `both`, on a terminal of `width` columns; r->err is
 * what it showed. */
void spawn_run_terminal(struct run *r, const char *env, unsigned width, bool both,
                        const char *line);

/* In the background: start, wait until stdout contains `text`, signal, reap. */
void spawn_start(struct run *r, const char *line);
bool spawn_wait_for(struct run *r, const char *text, unsigned ms);
void spawn_signal(struct run *r, int sig);
void spawn_reap(struct run *r);
void spawn_free(struct run *r);

/* Fails the test, with everything the program said, when the status is another. */
void spawn_expect(struct run *r, int status);
/* ... and when stdout or stderr lacks (has) `text`. */
void spawn_says(struct run *r, const char *text);
void spawn_tells(struct run *r, const char *text);
void spawn_silent(struct run *r);

/* The result object of a --format json run: checks that every line of stdout
 * is an object with schema 1, that exactly one is a result, that it is the
 * last, and that it has the exit status. Owned by the caller. */
json_t *spawn_result(struct run *r);

#endif
