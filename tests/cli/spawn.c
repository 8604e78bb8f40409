/* spawn.c - see spawn.h. */
#define _GNU_SOURCE /* posix_openpt() */
#include "cli/spawn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MAX 64
#define LIMIT_MS  120000

extern char **environ;

struct words {
    char *text;
    char *word[WORDS_MAX + 1];
    size_t n;
};

static void words_cut(struct words *w, const char *line)
{
    char *save = NULL;

    w->text = strdup(line);
    w->n = 0;
    for (char *p = strtok_r(w->text, " ", &save); p; p = strtok_r(NULL, " ", &save)) {
        assert_true(w->n < WORDS_MAX);
        w->word[w->n++] = p;
    }
    w->word[w->n] = NULL;
}

void spawn_enter(void)
{
    char dir[] = "/tmp/plugflash-cli-XXXXXX";

    assert_non_null(mkdtemp(dir));
    assert_int_equal(chdir(dir), 0);
}

void spawn_leave(void)
{
    char dir[512], cmd[600];

    assert_non_null(getcwd(dir, sizeof dir));
    assert_int_equal(chdir("/"), 0);
    snprintf(cmd, sizeof cmd, "rm -rf '%s'", dir);
    assert_int_equal(system(cmd), 0);
}

/* Ours without what would change the program, and with `extra`. */
static char **environment(const struct words *extra)
{
    static const char *const hidden[] = {"PLUGFLASH_", "NO_COLOR=", "TERM=", "COLUMNS="};
    size_t n = 0;
    char **env;

    while (environ[n])
        n++;
    env = calloc(n + extra->n + 2, sizeof *env);
    assert_non_null(env);
    n = 0;
    for (char **e = environ; *e; e++) {
        bool hide = false;

        for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
            hide |= strncmp(*e, hidden[i], strlen(hidden[i])) == 0;
        if (!hide)
            env[n++] = *e;
    }
    for (size_t i = 0; i < extra->n; i++) /* of two with one name the first counts */
        env[n++] = extra->word[i];
    env[n++] = (char *)(uintptr_t) "TERM=xterm";
    return env;
}

/* stdin is /dev/null; out and err are descriptors, -1: closed. */
static void start(struct run *r, const char *env, const char *line, int out, int err)
{
    struct words argv, extra;
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t attr;
    sigset_t def;
    char full[sizeof r->line + 1024], **envp;

    memset(r, 0, sizeof *r);
    snprintf(r->line, sizeof r->line, "%s%s%s", env ? env : "", env ? " plugflash " : "plugflash ",
             line);
    snprintf(full, sizeof full, "%s %s", PLUGFLASH_BIN, line);
    words_cut(&argv, full);
    words_cut(&extra, env ? env : "");
    envp = environment(&extra);
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
    if (out >= 0)
        posix_spawn_file_actions_adddup2(&fa, out, 1);
    else
        posix_spawn_file_actions_addclose(&fa, 1);
    posix_spawn_file_actions_adddup2(&fa, err, 2);
    posix_spawnattr_init(&attr);
    sigemptyset(&def); /* a shell may have started us with SIGINT ignored */
    sigaddset(&def, SIGINT);
    sigaddset(&def, SIGTERM);
    sigaddset(&def, SIGPIPE);
    posix_spawnattr_setsigdefault(&attr, &def);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
    assert_int_equal(posix_spawn(&r->pid, argv.word[0], &fa, &attr, argv.word, envp), 0);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&fa);
    free(envp);
    free(argv.text);
    free(extra.text);
}

static int create(const char *name)
{
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    return fd;
}

static char *slurp(const char *name, size_t *len)
{
    FILE *f = fopen(name, "rb");
    char *text;
    long size;

    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    size = ftell(f);
    rewind(f);
    text = malloc((size_t)size + 1);
    assert_non_null(text);
    *len = fread(text, 1, (size_t)size, f);
    text[*len] = '\0';
    fclose(f);
    return text;
}

static void sleep_ms(unsigned ms)
{
    struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

    nanosleep(&ts, NULL);
}

/* Ends a program that does not end: a hang is a failure, not a stuck test. */
static void reap(struct run *r)
{
    int status;

    for (unsigned ms = 0; waitpid(r->pid, &status, WNOHANG) == 0; ms += 5) {
        if (ms >= LIMIT_MS) {
            kill(r->pid, SIGKILL);
            waitpid(r->pid, &status, 0);
            fail_msg("`%s` did not end", r->line);
        }
        sleep_ms(5);
    }
    r->status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    r->pid = 0;
}

void spawn_run(struct run *r, const char *env, const char *line)
{
    int out = create(".out"), err = create(".err");

    start(r, env, line, out, err);
    close(out);
    close(err);
    reap(r);
    r->out = slurp(".out", &r->out_len);
    r->err = slurp(".err", &r->err_len);
}

void spawn_run_stdout(struct run *r, enum spawn_stdout how, const char *line)
{
    int out = -1, err = create(".err"), fd[2];

    if (how == SPAWN_FULL)
        out = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (how == SPAWN_BROKEN_PIPE) {
        assert_int_equal(pipe(fd), 0);
        close(fd[0]);
        out = fd[1];
    }
    start(r, NULL, line, out, err);
    if (out >= 0)
        close(out);
    close(err);
    reap(r);
    r->out = strdup("");
    r->err = slurp(".err", &r->err_len);
}

void spawn_run_terminal(struct run *r, const char *env, unsigned width, bool both, const char *line)
{
    struct winsize ws = {.ws_row = 24, .ws_col = (unsigned short)width};
    int out = create(".out"), master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;
    size_t cap = 1 << 20;

    assert_true(master >= 0);
    assert_int_equal(grantpt(master) | unlockpt(master), 0);
    slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(slave >= 0);
    assert_int_equal(ioctl(slave, TIOCSWINSZ, &ws), 0);
    start(r, env, line, both ? slave : out, slave);
    close(out);
    close(slave);
    r->err = malloc(cap);
    assert_non_null(r->err);
    for (;;) { /* read() fails with EIO when the last writer is gone */
        ssize_t n = read(master, r->err + r->err_len, cap - 1 - r->err_len);

        if (n <= 0)
            break;
        r->err_len += (size_t)n;
    }
    r->err[r->err_len] = '\0';
    close(master);
    reap(r);
    r->out = slurp(".out", &r->out_len);
}

static void background_name(const struct run *r, char *buf, size_t cap, const char *what)
{
    snprintf(buf, cap, ".%s-%p", what, (const void *)r);
}

void spawn_start(struct run *r, const char *line)
{
    char name[64];
    int out, err;

    background_name(r, name, sizeof name, "out");
    out = create(name);
    background_name(r, name, sizeof name, "err");
    err = create(name);
    start(r, NULL, line, out, err);
    close(out);
    close(err);
}

bool spawn_wait_for(struct run *r, const char *text, unsigned ms)
{
    char name[64];

    background_name(r, name, sizeof name, "out");
    for (unsigned t = 0; t <= ms; t += 10) {
        free(r->out);
        r->out = slurp(name, &r->out_len);
        if (strstr(r->out, text))
            return true;
        sleep_ms(10);
    }
    return false;
}

void spawn_signal(struct run *r, int sig)
{
    assert_int_equal(kill(r->pid, sig), 0);
}

void spawn_reap(struct run *r)
{
    char name[64];

    reap(r);
    free(r->out);
    background_name(r, name, sizeof name, "out");
    r->out = slurp(name, &r->out_len);
    background_name(r, name, sizeof name, "err");
    r->err = slurp(name, &r->err_len);
}

void spawn_free(struct run *r)
{
    if (r->pid > 0) {
        kill(r->pid, SIGKILL);
        waitpid(r->pid, NULL, 0);
    }
    free(r->out);
    free(r->err);
    memset(r, 0, sizeof *r);
}

static void complain(struct run *r, const char *what)
{
    fail_msg("`%s`: %s\nstatus %d\n-- stdout\n%.4000s\n-- stderr\n%.4000s", r->line, what,
             r->status, r->out ? r->out : "", r->err ? r->err : "");
}

void spawn_expect(struct run *r, int status)
{
    char what[64];

    snprintf(what, sizeof what, "expected status %d", status);
    if (r->status != status)
        complain(r, what);
}

void spawn_says(struct run *r, const char *text)
{
    char what[256];

    snprintf(what, sizeof what, "stdout lacks \"%s\"", text);
    if (!strstr(r->out, text))
        complain(r, what);
}

void spawn_tells(struct run *r, const char *text)
{
    char what[256];

    snprintf(what, sizeof what, "stderr lacks \"%s\"", text);
    if (!strstr(r->err, text))
        complain(r, what);
}

void spawn_silent(struct run *r)
{
    if (r->err_len)
        complain(r, "stderr is not empty");
}

json_t *spawn_result(struct run *r)
{
    json_t *result = NULL;
    char *save = NULL, *copy = strdup(r->out);

    for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
        json_t *obj = json_loads(l, JSON_REJECT_DUPLICATES, NULL);
        const char *ev = json_string_value(json_object_get(obj, "ev"));

        if (!ev || json_integer_value(json_object_get(obj, "schema")) != 1)
            complain(r, "a line is no event object");
        if (result)
            complain(r, "the result is not the last line");
        if (ev && strcmp(ev, "result") == 0)
            result = json_incref(obj);
        json_decref(obj);
    }
    free(copy);
    if (!result)
        complain(r, "no result");
    if (json_integer_value(json_object_get(result, "status")) != r->status)
        complain(r, "the result has another status");
    return result;
}
