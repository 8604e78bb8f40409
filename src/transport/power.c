/* power.c - switching the plug's supply through the user's own commands.
 *
 * "on=CMD;off=CMD", in either order; a command may hold semicolons, but not
 * ";on=" or ";off=". Each is run by /bin/sh with a limit of 10 s; what it
 * prints goes to stderr, since stdout belongs to results. It runs in its own
 * process group, so that Ctrl-C cannot leave a relay half-way. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "plugflash/transport.h"

#define LIMIT_MS 10000
#define POLL_MS  5

extern char **environ;

struct power {
    struct pf_transport base;
    struct pf_transport *under;
    char *cmd[2]; /* off, on */
};

static struct power *self(struct pf_transport *t)
{
    return (struct power *)t;
}

static int spawn_shell(char *cmd, pid_t *pid)
{
    char sh[] = "sh", option[] = "-c";
    char *const argv[] = {sh, option, cmd, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    int bad = posix_spawn_file_actions_init(&files);

    if (bad)
        return bad;
    bad = posix_spawnattr_init(&attr);
    if (!bad) {
        posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
        posix_spawnattr_setpgroup(&attr, 0);
        posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
        bad = posix_spawn(pid, "/bin/sh", &files, &attr, argv, environ);
        posix_spawnattr_destroy(&attr);
    }
    posix_spawn_file_actions_destroy(&files);
    return bad;
}

static int64_t clock_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* True when the child ended in time; else it has been killed. */
static bool wait_child(pid_t pid, int *status)
{
    const struct timespec pause = {.tv_nsec = POLL_MS * 1000000};
    int64_t until = clock_ms() + LIMIT_MS;

    for (;;) {
        pid_t done = waitpid(pid, status, WNOHANG);

        if (done == pid)
            return true;
        if (done < 0 && errno != EINTR) { /* someone else reaped it */
            *status = 0;
            return true;
        }
        if (clock_ms() >= until)
            break;
        nanosleep(&pause, NULL);
    }
    kill(-pid, SIGKILL);
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        ;
    return false;
}

static enum pf_err run(struct pf_ctx *ctx, char *cmd)
{
    pid_t pid;
    int status, bad = spawn_shell(cmd, &pid);

    if (bad)
        return pf_fail(ctx, PF_ERR_PORT, "cannot run the power command: %s", strerror(bad));
    if (!wait_child(pid, &status))
        return pf_fail(ctx, PF_ERR_PORT, "power command \"%.200s\" took over %d s", cmd,
                       LIMIT_MS / 1000);
    if (WIFSIGNALED(status))
        return pf_fail(ctx, PF_ERR_PORT, "power command \"%.200s\" died of signal %d", cmd,
                       WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        return pf_fail(ctx, PF_ERR_PORT, "power command \"%.200s\" failed with status %d", cmd,
                       WEXITSTATUS(status));
    return PF_OK;
}

static enum pf_err power_set_power(struct pf_transport *t, bool on)
{
    pf_log(t->ctx, "power %s: %s", on ? "on" : "off", self(t)->cmd[on]);
    return run(t->ctx, self(t)->cmd[on]);
}

static enum pf_err power_read(struct pf_transport *t, uint8_t *buf, size_t cap, uint64_t deadline,
                              size_t *got)
{
    return self(t)->under->ops->read(self(t)->under, buf, cap, deadline, got);
}

static enum pf_err power_write(struct pf_transport *t, const uint8_t *buf, size_t len)
{
    return self(t)->under->ops->write(self(t)->under, buf, len);
}

static enum pf_err power_drain(struct pf_transport *t)
{
    return self(t)->under->ops->drain(self(t)->under);
}

static enum pf_err power_set_baud(struct pf_transport *t, uint32_t baud)
{
    return pf_set_baud(self(t)->under, baud);
}

static enum pf_err power_set_lines(struct pf_transport *t, unsigned lines)
{
    return pf_set_lines(self(t)->under, lines);
}

static enum pf_err power_discard(struct pf_transport *t)
{
    return self(t)->under->ops->discard_input(self(t)->under);
}

static uint64_t power_now(struct pf_transport *t)
{
    return pf_now(self(t)->under);
}

static void power_sleep(struct pf_transport *t, uint64_t us)
{
    pf_sleep(self(t)->under, us);
}

static void power_free(struct power *p)
{
    free(p->cmd[0]);
    free(p->cmd[1]);
    free(p);
}

static void power_close(struct pf_transport *t)
{
    self(t)->under->ops->close(self(t)->under);
    power_free(self(t));
}

static const struct pf_transport_ops power_ops = {
    .name = "power",
    .read = power_read,
    .write = power_write,
    .drain = power_drain,
    .set_baud = power_set_baud,
    .set_lines = power_set_lines,
    .set_power = power_set_power,
    .discard_input = power_discard,
    .now = power_now,
    .sleep = power_sleep,
    .close = power_close,
};

/* 1 for "on=", 0 for "off=", -1 for neither. */
static int which(const char *text)
{
    if (strncmp(text, "on=", 3) == 0)
        return 1;
    return strncmp(text, "off=", 4) == 0 ? 0 : -1;
}

static enum pf_err parse(struct power *p, const char *spec)
{
    const char *at = spec;

    while (at) {
        int on = which(at);
        const char *begin = strchr(at, '='), *end = at;

        if (on < 0 || p->cmd[on])
            break;
        begin++;
        do
            end = strchr(end + 1, ';');
        while (end && which(end + 1) < 0);
        p->cmd[on] = end ? strndup(begin, (size_t)(end - begin)) : strdup(begin);
        if (!p->cmd[on])
            return pf_fail(p->base.ctx, PF_ERR_NOMEM, "no memory for a power command");
        at = end ? end + 1 : NULL;
    }
    if (at || !p->cmd[0] || !p->cmd[1] || !*p->cmd[0] || !*p->cmd[1])
        return pf_fail(p->base.ctx, PF_ERR_USAGE,
                       "power command \"%.200s\" is not on=COMMAND;off=COMMAND", spec);
    return PF_OK;
}

enum pf_err pf_power_open(struct pf_ctx *ctx, struct pf_transport *under, const char *spec,
                          struct pf_transport **out)
{
    struct power *p = calloc(1, sizeof *p);
    enum pf_err err;

    *out = NULL;
    if (!p)
        return pf_fail(ctx, PF_ERR_NOMEM, "no memory for a power command");
    p->base =
        (struct pf_transport){.ops = &power_ops, .ctx = ctx, .caps = under->caps | PF_CAP_POWER};
    p->under = under;
    err = parse(p, spec);
    if (err) {
        power_free(p);
        return err;
    }
    *out = &p->base;
    return PF_OK;
}
