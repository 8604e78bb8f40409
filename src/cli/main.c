/* main.c - parse, open the sinks, run one command, say how it ended.
 *
 * Every path ends in finish(): one result event, one exit status. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/hint.h"
#include "cli/signals.h"
#include "plugflash/sim.h"

/* What a second Ctrl-C leaves behind on stdout with --format json. */
static const char words_unchanged[] =
    "{\"schema\":1,\"ev\":\"result\",\"status\":130,\"err\":\"canceled\","
    "\"text\":\"stopped at once, nothing was changed\"}\n";
static const char words_changed[] =
    "{\"schema\":1,\"ev\":\"result\",\"status\":12,\"err\":\"partial\","
    "\"text\":\"stopped at once, the device may be half-written\"}\n";

/* A closed standard descriptor would be taken by the next file opened, and
 * talk would go into it. The replacement of stdout fails on writing, so that a
 * lost result is noticed. */
static void hold_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            (void)!open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY);
}

static const char *environment(void *user, const char *name)
{
    (void)user;
    return getenv(name);
}

FILE *cli_text(struct cli *cli)
{
    if (cli->opt.json)
        return NULL;
    sink_tty_clear(&cli->tty); /* both may be the same terminal */
    return cli->out;
}

void cli_summary(struct cli *cli, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(cli->summary, sizeof cli->summary, fmt, ap);
    va_end(ap);
}

bool cli_event(void *user, const struct pf_event *ev)
{
    struct cli *cli = user;

    if (ev->kind == PF_EV_PROGRESS && ev->phase &&
        (strcmp(ev->phase, "erase") == 0 || strcmp(ev->phase, "write") == 0))
        cli_signals_changed();
    if (cli->opt.json)
        sink_json_event(&cli->json, ev);
    else
        sink_tty_event(&cli->tty, ev);
    if (cli->log.out)
        sink_log_event(&cli->log, ev);
    return cli->leaving || !cli_signals_seen();
}

static void open_talk(struct cli *cli)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    bool tty = isatty(STDERR_FILENO) && !(term && strcmp(term, "dumb") == 0);

    cli->tty.out = stderr;
    cli->tty.now_us = sink_real_time;
    cli->tty.color = tty && !cli->opt.no_color && !(no_color && *no_color);
    cli->tty.bar = tty && !cli->opt.no_progress;
    cli->tty.quiet = cli->opt.quiet;
    cli->tty.verbose = cli->opt.verbose;
    cli->json.out = stdout;
    cli->json.verbose = cli->opt.verbose > 0;
    cli->out = stdout;
    if ((cli->opt.output && strcmp(cli->opt.output, "-") == 0) ||
        (cli->opt.command && cli->opt.command->id == CMD_READ && cli->opt.nargs == 3 &&
         strcmp(cli->opt.arg[2], "-") == 0))
        cli->out = stderr;
    if (cli->opt.json)
        cli_signals_last_words(words_unchanged, words_changed);
}

/* The log is appended to: a slip of the tab key must not empty a backup. */
static enum pf_err open_log(struct cli *cli)
{
    if (!cli->opt.log)
        return PF_OK;
    cli->log.out = fopen(cli->opt.log, "a");
    if (!cli->log.out)
        return pf_fail(&cli->ctx, PF_ERR_FILE, "cannot open the log %s: %s", cli->opt.log,
                       strerror(errno));
    return PF_OK;
}

static enum pf_err say_version(struct cli *cli)
{
    report_add(&cli->report, PF_F_STR("version", PF_VERSION));
    cli_summary(cli, "plugflash %s", PF_VERSION);
    return PF_OK;
}

static void print_help(FILE *out, const struct cli_command *command)
{
    cli_help(out, command);
    if (command && command->id == CMD_SIM)
        fprintf(out, "\nKeys of a virtual device:\n%s", pf_sim_help());
}

static enum pf_err say_help(struct cli *cli)
{
    char *text = NULL;
    size_t len;
    FILE *mem;

    if (cli_text(cli)) {
        print_help(cli->out, cli->opt.command);
        return PF_OK;
    }
    mem = open_memstream(&text, &len);
    if (!mem)
        return pf_fail(&cli->ctx, PF_ERR_NOMEM, "no memory");
    print_help(mem, cli->opt.command);
    fclose(mem);
    report_add(&cli->report, PF_F_STR("help", report_copy(&cli->report, text)));
    free(text);
    return PF_OK;
}

static enum pf_err run(struct cli *cli)
{
    const struct pf_field field[] = {
        PF_F_STR("command", cli->opt.command ? cli->opt.command->name : NULL),
        PF_F_STR("version", PF_VERSION),
    };
    struct pf_event start = {.kind = PF_EV_START, .fields = field, .nfields = 2};

    PF_TRY(open_log(cli));
    if (cli->opt.version)
        return say_version(cli);
    if (cli->opt.help)
        return say_help(cli);
    pf_emit(&cli->ctx, &start);
    return cli_run(cli);
}

/* Print the summary and get results for people out; a full disk or a closed
 * pipe fails a command that had gone well. */
static enum pf_err deliver(struct cli *cli, enum pf_err err)
{
    if (cli->opt.json)
        return err;
    sink_tty_clear(&cli->tty);
    if (!err && cli->summary[0] && !(cli->out == stderr && cli->opt.quiet))
        fprintf(cli->out, "%s\n", cli->summary);
    errno = 0;
    if ((fflush(cli->out) != 0 || ferror(cli->out)) && !err)
        return pf_fail(&cli->ctx, PF_ERR_FILE, "cannot write the result to stdout: %s",
                       errno ? strerror(errno) : "earlier error");
    return err;
}

static struct cli_situation situation(const struct cli *cli)
{
    const struct cli_options *o = &cli->opt;
    const bool named = o->chip && strcmp(o->chip, "auto") != 0;
    const struct pf_chip *chip = named ? pf_chip_by_name(o->chip) : NULL;

    return (struct cli_situation){
        .had_port = cli->had_port,
        .linked = cli->synced,
        .power_cmd = o->power_cmd != NULL,
        .no_stub = cli_stub_use(o) == PF_STUB_NONE && (!chip || chip->takes_stub),
        .chip_named = named,
    };
}

static void emit_error(struct cli *cli, enum pf_err err, const char *text)
{
    const struct cli_situation now = situation(cli);
    const struct pf_field field[] = {PF_F_STR("hint", cli_hint(&now, err))};
    struct pf_event ev = {
        .kind = PF_EV_ERROR,
        .err = err,
        .text = text,
        .fields = field,
        .nfields = field[0].v.str ? 1 : 0,
    };

    pf_emit(&cli->ctx, &ev);
}

static void emit_result(struct cli *cli, enum pf_err err, const char *text)
{
    const struct pf_field null = {.type = PF_FIELD_NULL};
    struct pf_field field[6 + REPORT_FIELDS] = {
        PF_F_STR("command", cli->opt.command ? cli->opt.command->name : NULL),
        PF_F_STR("chip", cli->chip[0] ? cli->chip : NULL),
        cli->had_port ? PF_F_STR("clock", cli->simulated ? "simulated" : "real") : null,
        cli->had_port ? PF_F_REAL("seconds", (double)(cli->end_us - cli->begin_us) / 1e6) : null,
        cli->synced ? PF_F_REAL("seconds_after_sync", (double)(cli->end_us - cli->synced_us) / 1e6)
                    : null,
        PF_F_UINT("retries", cli->ctx.retries),
    };
    struct pf_event ev = {.kind = PF_EV_RESULT, .err = err, .fields = field};

    ev.text = *text ? text : NULL;
    field[2].name = "clock";
    field[3].name = "seconds";
    field[4].name = "seconds_after_sync";
    memcpy(field + 6, cli->report.field, cli->report.count * sizeof *field);
    ev.nfields = 6 + cli->report.count;
    pf_emit(&cli->ctx, &ev);
}

/* The one end of every path. Returns the exit status. */
static int finish(struct cli *cli, enum pf_err err)
{
    char text[PF_TEXT_MAX];

    if (!err && cli->report.failed)
        err = pf_fail(&cli->ctx, PF_ERR_NOMEM, "no memory for the whole result");
    err = deliver(cli, err);
    if (!err)
        memcpy(text, cli->summary, sizeof text);
    else if (cli->ctx.err == err)
        memcpy(text, cli->ctx.text, sizeof text);
    else
        snprintf(text, sizeof text, "failed: %s", pf_err_name(err));
    cli->leaving = true;
    if (err)
        emit_error(cli, err, text);
    cli_signals_hold();
    emit_result(cli, err, text);
    if (cli->log.out && (ferror(cli->log.out) | fclose(cli->log.out)))
        fprintf(stderr, "plugflash: warning: the log %s is not complete\n", cli->opt.log);
    if (cli->opt.json && cli->json.failed) {
        fprintf(stderr, "plugflash: error: cannot write the result to stdout\n");
        err = err ? err : PF_ERR_FILE;
    }
    return pf_exit_status(err);
}

int main(int argc, char **argv)
{
    struct cli cli = {0};
    enum pf_err err;
    int status;

    hold_descriptors();
    cli.ctx.sink = cli_event;
    cli.ctx.user = &cli;
    report_init(&cli.report);
    cli_signals_open(&cli.ctx.cancel);
    err = cli_options_parse(&cli.ctx, argc, (const char *const *)argv, environment, NULL, &cli.opt);
    open_talk(&cli);
    if (!err)
        err = run(&cli);
    status = finish(&cli, err);
    cli_signals_close();
    report_fini(&cli.report);
    cli_options_fini(&cli.opt);
    return status;
}
