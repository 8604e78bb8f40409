/* options.c - the table of options, and its parser on top of popt. */
#include "cli/options.h"

#include <popt.h>
#include <stdlib.h>
#include <string.h>

#define AT(member)     offsetof(struct cli_options, member)
#define WRITING        (CMD_BIT(CMD_WRITE) | CMD_BIT(CMD_RESTORE) | CMD_BIT(CMD_ERASE))
#define SYNC_TIMEOUT_S 60
#define MAX_BAUD       12000000
#define MAX_FLASH      (16u << 20) /* what 24 address bits reach */

/* --guard and --chip-id have no environment variable on purpose: an opened
 * guard must stand on the command line that opens it. */
const struct cli_option cli_option_table[OPT_COUNT] = {
    [OPT_PORT] = {OPT_PORT, "port", 'p', "NAME", KIND_TEXT, AT(port), 0, 0, 0, true,
                  "serial port, usb:VID:PID[:SERIAL], tcp://HOST:PORT, rfc2217://HOST:PORT, "
                  "sim:CHIP[,key=value...] or replay:FILE; may be left out when exactly one USB "
                  "serial port is there"},
    [OPT_BAUD] = {OPT_BAUD, "baud", 'b', "RATE|auto", KIND_BAUD, AT(baud), 300, MAX_BAUD, 0, true,
                  "transfer rate; auto: the chip's, stepping down when it does not hold"},
    [OPT_CHIP] = {OPT_CHIP, "chip", 'c', "CHIP|auto", KIND_TEXT, AT(chip), 0, 0, 0, true,
                  "refuse any other chip (see `plugflash chips`)"},
    [OPT_BOOT_BAUD] = {OPT_BOOT_BAUD, "boot-baud", 0, "RATE", KIND_BAUD, AT(boot_baud), 300,
                       MAX_BAUD, 0, true, "rate of the sync phase"},
    [OPT_BEFORE] = {OPT_BEFORE, "before", 0, "default|none|no-sync", KIND_CHOICE, AT(before), 0, 0,
                    0, true, "none: touch no control line; no-sync: the loader is already linked"},
    [OPT_AFTER] = {OPT_AFTER, "after", 0, "run|stay", KIND_CHOICE, AT(after), 0, 0, 0, true,
                   "run: reboot into the firmware (default); stay: leave the loader running"},
    [OPT_RESET_SEQ] = {OPT_RESET_SEQ, "reset-seq", 0, "STEPS", KIND_TEXT, AT(reset_seq), 0, 0, 0,
                       true, "how to reset, such as 'D0|R1|W0.1|R0'"},
    [OPT_POWER_CMD] = {OPT_POWER_CMD, "power-cmd", 0, "on=CMD;off=CMD", KIND_TEXT, AT(power_cmd), 0,
                       0, 0, true, "commands that switch the power of the device"},
    [OPT_SYNC_TIMEOUT] = {OPT_SYNC_TIMEOUT, "sync-timeout", 0, "SECONDS", KIND_SECONDS,
                          AT(sync_timeout_us), 0, 1000000, 0, true,
                          "how long to wait for the device (60); 0: for ever"},
    [OPT_RETRIES] = {OPT_RETRIES, "retries", 0, "N", KIND_NUMBER, AT(retries), 1, 100, 0, true,
                     "attempts for each command of the loader (5)"},
    [OPT_TIMEOUT_SCALE] = {OPT_TIMEOUT_SCALE, "timeout-scale", 0, "FACTOR", KIND_SCALE,
                           AT(timeout_scale), 10, 10000, 0, true,
                           "stretch every timeout, for slow networks (1)"},
    [OPT_STUB] =
        {OPT_STUB, "stub", 0, "auto|plain|none|FILE", KIND_TEXT, AT(stub), 0, 0, 0, true,
         "program that ECR6600 and BL602 load to RAM; auto: our own, streaming; plain: our "
         "own, as slow and simple as others; none: what runs already; FILE: a vendor's or "
         "a community one, raw or gzipped"},
    [OPT_FLASH_SIZE] = {OPT_FLASH_SIZE, "flash-size", 0, "LEN", KIND_NUMBER, AT(flash_size), 65536,
                        MAX_FLASH, 0, true, "size of the flash, instead of asking the device"},
    [OPT_FORMAT] = {OPT_FORMAT, "format", 0, "text|json", KIND_CHOICE, AT(json), 0, 0, 0, true,
                    "json: one object per line on stdout, the last one a result"},
    [OPT_QUIET] = {OPT_QUIET, "quiet", 'q', NULL, KIND_FLAG, AT(quiet), 0, 0, 0, false,
                   "say nothing but errors"},
    [OPT_VERBOSE] = {OPT_VERBOSE, "verbose", 'v', NULL, KIND_COUNT, AT(verbose), 0, 0, 0, false,
                     "say what is done and why, and every retry"},
    [OPT_NO_COLOR] = {OPT_NO_COLOR, "no-color", 0, NULL, KIND_FLAG, AT(no_color), 0, 0, 0, false,
                      "no colours; so does NO_COLOR in the environment"},
    [OPT_NO_PROGRESS] = {OPT_NO_PROGRESS, "no-progress", 0, NULL, KIND_FLAG, AT(no_progress), 0, 0,
                         0, false, "no progress bar"},
    [OPT_LOG] = {OPT_LOG, "log", 0, "FILE", KIND_TEXT, AT(log), 0, 0, 0, true,
                 "append everything said, with times, to FILE"},
    [OPT_TRACE] = {OPT_TRACE, "trace", 0, "FILE", KIND_TEXT, AT(trace), 0, 0, 0, true,
                   "write every byte on the wire to FILE, replayable"},
    [OPT_FAULT] = {OPT_FAULT, "fault", 0, "KIND@N[:SEED]", KIND_TEXT, AT(fault), 0, 0, CMD_DEVICE,
                   false, "for tests: spoil the N-th I/O call of the port"},
    [OPT_VERSION] = {OPT_VERSION, "version", 0, NULL, KIND_FLAG, AT(version), 0, 0, 0, false,
                     "print the version"},
    [OPT_HELP] = {OPT_HELP, "help", 'h', NULL, KIND_FLAG, AT(help), 0, 0, 0, false,
                  "print this help, or that of a command"},

    [OPT_GUARD] = {OPT_GUARD, "guard", 0, "NAME[,NAME...]|none", KIND_GUARD, AT(guard), 0, 0,
                   WRITING, false,
                   "open these guarded regions (see `info`); none: all, which needs --chip-id"},
    [OPT_CHIP_ID] = {OPT_CHIP_ID, "chip-id", 0, "HEX", KIND_HEX, AT(chip_id), 0, 0, WRITING, false,
                     "the device's own chip id, typed back for --guard none"},
    [OPT_DRY_RUN] = {OPT_DRY_RUN, "dry-run", 0, NULL, KIND_FLAG, AT(dry_run), 0, 0,
                     WRITING | CMD_BIT(CMD_BACKUP), false, "print the plan and change nothing"},
    [OPT_RESUME] = {OPT_RESUME, "resume", 0, NULL, KIND_FLAG, AT(resume), 0, 0,
                    CMD_BIT(CMD_BACKUP) | WRITING, false,
                    "go on where an interrupted run stopped, with its FILE.part or its backup"},
    [OPT_FORCE] = {OPT_FORCE, "force", 0, NULL, KIND_FLAG, AT(force), 0, 0,
                   CMD_BIT(CMD_BACKUP) | CMD_BIT(CMD_READ) | CMD_BIT(CMD_IMAGE), false,
                   "replace an output file that exists"},
    [OPT_OUTPUT] = {OPT_OUTPUT, "output", 'o', "FILE", KIND_TEXT, AT(output), 0, 0,
                    CMD_BIT(CMD_BACKUP) | CMD_BIT(CMD_IMAGE), false,
                    "the file to write; image unpack: the folder"},
    [OPT_RANGE] = {OPT_RANGE, "range", 0, "ADDR:LEN", KIND_SPAN, AT(range), 0, 0,
                   CMD_BIT(CMD_BACKUP), false, "only this part of the flash"},
    [OPT_BASE] = {OPT_BASE, "base", 0, "FILE", KIND_TEXT, AT(base), 0, 0, CMD_BIT(CMD_BACKUP),
                  false, "an older backup: what the device proves unchanged is not read again"},
    [OPT_REPEAT] = {OPT_REPEAT, "repeat", 0, "N", KIND_NUMBER, AT(repeat), 1, 15,
                    CMD_BIT(CMD_BACKUP), false, "read every sector N times and let them vote"},
    [OPT_AT] = {OPT_AT, "at", 0, "ADDR", KIND_NUMBER, AT(at), 0, UINT32_MAX,
                CMD_BIT(CMD_WRITE) | CMD_BIT(CMD_VERIFY), false,
                "place the whole file here, whatever it is"},
    [OPT_NO_BACKUP] = {OPT_NO_BACKUP, "no-backup", 0, NULL, KIND_FLAG, AT(no_backup), 0, 0, WRITING,
                       false, "do not make a backup first"},
    [OPT_BACKUP] = {OPT_BACKUP, "backup", 0, "FILE", KIND_TEXT, AT(backup), 0, 0, WRITING, false,
                    "name of the backup that is made first, if anything has to change"},
    [OPT_IDENTITY] = {OPT_IDENTITY, "identity", 0, "device|image", KIND_CHOICE, AT(identity), 0, 0,
                      CMD_BIT(CMD_RESTORE), false,
                      "whose MAC and calibration the device has afterwards (device)"},
    [OPT_UNROTATE] = {OPT_UNROTATE, "unrotate", 0, NULL, KIND_FLAG, AT(unrotate), 0, 0,
                      CMD_BIT(CMD_RESTORE), false,
                      "accept a backup that was read from 0x11000 with wrap-around"},
    [OPT_FORCE_KEY] = {OPT_FORCE_KEY, "force-key", 0, NULL, KIND_FLAG, AT(force_key), 0, 0,
                       CMD_BIT(CMD_WRITE) | CMD_BIT(CMD_RESTORE), false,
                       "write code made for another flash encryption key"},
    [OPT_ALL] = {OPT_ALL, "all", 0, NULL, KIND_FLAG, AT(all), 0, 0, CMD_BIT(CMD_ERASE), false,
                 "the whole flash, guarded regions excepted"},
    [OPT_PTY] = {OPT_PTY, "pty", 0, "LINK", KIND_TEXT, AT(pty), 0, 0, CMD_BIT(CMD_SIM), false,
                 "serve on a pseudo-terminal and link LINK to it"},
    [OPT_TCP] = {OPT_TCP, "tcp", 0, "[HOST:]PORT", KIND_TEXT, AT(tcp), 0, 0, CMD_BIT(CMD_SIM),
                 false, "serve raw bytes on TCP; port 0: any"},
    [OPT_RFC2217] = {OPT_RFC2217, "rfc2217", 0, "[HOST:]PORT", KIND_TEXT, AT(rfc2217), 0, 0,
                     CMD_BIT(CMD_SIM), false, "serve RFC 2217, control lines included"},
    [OPT_TO] = {OPT_TO, "to", 0, "app|ota|flash", KIND_CHOICE, AT(to), 0, 0, CMD_BIT(CMD_IMAGE),
                false, "convert: what to make; needed where there is a choice"},
    [OPT_BOOT2] = {OPT_BOOT2, "boot2", 0, "FILE", KIND_TEXT, AT(boot2), 0, 0, CMD_BIT(CMD_IMAGE),
                   false, "convert --to flash: the second-stage loader, or a backup that has it"},
    [OPT_TABLE] = {OPT_TABLE, "table", 0, "FILE", KIND_TEXT, AT(table), 0, 0, CMD_BIT(CMD_IMAGE),
                   false, "convert --to flash: the partition table, or a backup that has it"},
};

void cli_env_name(const struct cli_option *o, char *buf, size_t cap)
{
    snprintf(buf, cap, "PLUGFLASH_%s", o->name);
    for (; *buf; buf++) {
        if (*buf == '-')
            *buf = '_';
        else if (*buf >= 'a' && *buf <= 'z')
            *buf = (char)(*buf - 'a' + 'A');
    }
}

const char *cli_option_said(const struct cli_options *opt, enum cli_option_id id, char *buf,
                            size_t cap)
{
    const struct cli_option *o = &cli_option_table[id];

    if (opt->source[id] == CLI_FROM_ENV)
        cli_env_name(o, buf, cap);
    else
        snprintf(buf, cap, "--%s", o->name);
    return buf;
}

/* The index of `word` in "a|b|c", or -1. */
static int choice_of(const char *words, const char *word)
{
    size_t len = strlen(word);

    for (int i = 0; len; i++) {
        size_t n = strcspn(words, "|");

        if (n == len && memcmp(words, word, n) == 0)
            return i;
        if (!words[n])
            break;
        words += n + 1;
    }
    return -1;
}

/* Cut --guard at its commas into opt->guard. */
static bool set_guards(struct cli_options *opt, const char *text)
{
    char *p;

    free(opt->guard_text);
    opt->nguard = 0;
    opt->guard_none = strcmp(text, "none") == 0;
    p = opt->guard_text = strdup(text);
    if (!p)
        return false;
    if (opt->guard_none)
        return true;
    for (;;) {
        size_t n = strcspn(p, ",");
        bool last = !p[n];

        if (n == 0 || opt->nguard == CLI_GUARDS)
            return false;
        p[n] = '\0';
        if (strcmp(p, "none") == 0)
            return false; /* not together with names: it says something else */
        opt->guard[opt->nguard++] = p;
        if (last)
            return true;
        p += n + 1;
    }
}

/* Store `text` as the value of option `o`; false when it is none. */
static bool set_value(struct cli_options *opt, const struct cli_option *o, const char *text)
{
    void *slot = (char *)opt + o->offset;
    uint64_t v = 0;
    int choice;

    switch (o->kind) {
    case KIND_FLAG:
        *(bool *)slot = true;
        return true;
    case KIND_COUNT:
        ++*(unsigned *)slot;
        return true;
    case KIND_TEXT:
        *(const char **)slot = text;
        return *text != '\0';
    case KIND_BAUD:
        if (o->id == OPT_BAUD && strcmp(text, "auto") == 0) {
            *(uint32_t *)slot = 0;
            return true;
        }
        /* fall through */
    case KIND_NUMBER:
        if (!cli_number(text, o->max, &v) || v < o->min)
            return false;
        *(uint32_t *)slot = (uint32_t)v;
        return true;
    case KIND_SECONDS:
        return cli_fraction(text, 1000000, o->max * UINT64_C(1000000), slot);
    case KIND_SCALE:
        return cli_fraction(text, 100, o->max, slot) && *(uint64_t *)slot >= o->min;
    case KIND_CHOICE:
        choice = choice_of(o->arg, text);
        if (choice >= 0)
            *(int *)slot = choice;
        return choice >= 0;
    case KIND_SPAN:
        return cli_span(text, slot);
    case KIND_HEX:
        return cli_hex32(text, slot);
    case KIND_GUARD:
        return set_guards(opt, text);
    }
    return false;
}

/* What a good value looks like, for the message. */
static void describe(const struct cli_option *o, char *buf, size_t cap)
{
    switch (o->kind) {
    case KIND_BAUD:
    case KIND_NUMBER:
        snprintf(buf, cap, "a number from %lu to %lu%s", (unsigned long)o->min,
                 (unsigned long)o->max, o->id == OPT_BAUD ? ", or auto" : "");
        break;
    case KIND_SECONDS:
        snprintf(buf, cap, "seconds, such as 2.5");
        break;
    case KIND_SCALE:
        snprintf(buf, cap, "a factor from 0.1 to 100");
        break;
    case KIND_SPAN:
        snprintf(buf, cap, "ADDR:LEN, such as 0x11000:64k or 0:ALL");
        break;
    case KIND_HEX:
        snprintf(buf, cap, "a hexadecimal number");
        break;
    case KIND_GUARD:
        snprintf(buf, cap, "region names joined by commas, or none alone");
        break;
    default:
        snprintf(buf, cap, "%s", o->arg ? o->arg : "");
    }
}

static enum pf_err bad_value(struct pf_ctx *ctx, const struct cli_options *opt,
                             const struct cli_option *o, const char *text)
{
    char said[64], want[128];

    cli_option_said(opt, o->id, said, sizeof said);
    if (!*text)
        return pf_fail(ctx, PF_ERR_USAGE, "%s needs a value", said);
    describe(o, want, sizeof want);
    return pf_fail(ctx, PF_ERR_USAGE, "%s: '%.80s' is not %s", said, text, want);
}

/* Takes `text`. A second --guard adds to the first; elsewhere the last wins. */
static enum pf_err take_option(struct pf_ctx *ctx, struct cli_options *opt,
                               const struct cli_option *o, char *text)
{
    char *old = opt->text[o->id];

    if (o->kind == KIND_GUARD && old) {
        size_t cap = strlen(old) + strlen(text) + 2;
        char *both = malloc(cap);

        if (both)
            snprintf(both, cap, "%s,%s", old, text);
        free(text);
        if (!both)
            return pf_fail(ctx, PF_ERR_NOMEM, "no memory");
        text = both;
    }
    free(old);
    opt->text[o->id] = text;
    if (!set_value(opt, o, text ? text : ""))
        return bad_value(ctx, opt, o, text ? text : "");
    return PF_OK;
}

static enum pf_err take_line(struct pf_ctx *ctx, struct cli_options *opt, poptContext pc)
{
    int val;

    while ((val = poptGetNextOpt(pc)) > 0) {
        const struct cli_option *o = &cli_option_table[val - 1];

        opt->source[o->id] = CLI_FROM_LINE;
        PF_TRY(take_option(ctx, opt, o, o->arg ? poptGetOptArg(pc) : NULL));
    }
    if (val == POPT_ERROR_NOARG)
        return pf_fail(ctx, PF_ERR_USAGE, "%s needs a value", poptBadOption(pc, 0));
    if (val == POPT_ERROR_BADOPT)
        return pf_fail(ctx, PF_ERR_USAGE, "%.80s: no such option", poptBadOption(pc, 0));
    if (val < -1)
        return pf_fail(ctx, PF_ERR_USAGE, "%.80s: %s", poptBadOption(pc, 0), poptStrerror(val));
    return PF_OK;
}

static enum pf_err take_args(struct pf_ctx *ctx, struct cli_options *opt, poptContext pc)
{
    const char **args = poptGetArgs(pc);
    size_t n = 0;

    if (!args || !args[0])
        return PF_OK;
    opt->command = cli_command_by_name(args[0], &opt->write_flash);
    if (!opt->command)
        return pf_fail(ctx, PF_ERR_USAGE, "'%.80s': no such command (see plugflash --help)",
                       args[0]);
    for (const char **a = args + 1; *a; a++, n++) {
        if (n == CLI_ARGS)
            break;
        opt->owned[n] = strdup(*a);
        if (!opt->owned[n])
            return pf_fail(ctx, PF_ERR_NOMEM, "no memory");
        opt->arg[n] = opt->owned[n];
    }
    opt->nargs = n;
    return PF_OK;
}

static enum pf_err take_env(struct pf_ctx *ctx, struct cli_options *opt, cli_getenv_fn env,
                            void *user)
{
    for (size_t i = 0; i < OPT_COUNT; i++) {
        const struct cli_option *o = &cli_option_table[i];
        const char *text;
        char name[64];

        if (!o->env || opt->source[i] != CLI_UNSET)
            continue;
        cli_env_name(o, name, sizeof name);
        text = env(user, name);
        if (!text || !*text)
            continue;
        opt->source[i] = CLI_FROM_ENV;
        char *copy = strdup(text);
        if (!copy)
            return pf_fail(ctx, PF_ERR_NOMEM, "no memory");
        PF_TRY(take_option(ctx, opt, o, copy));
    }
    return PF_OK;
}

/* An option that the command would ignore is refused: the user meant something. */
static enum pf_err check_belongs(struct pf_ctx *ctx, const struct cli_options *opt)
{
    for (size_t i = 0; i < OPT_COUNT; i++) {
        const struct cli_option *o = &cli_option_table[i];

        if (opt->source[i] == CLI_FROM_LINE && o->commands &&
            !(o->commands & CMD_BIT(opt->command->id)))
            return pf_fail(ctx, PF_ERR_USAGE, "--%s means nothing to `%s`", o->name,
                           opt->command->name);
    }
    return PF_OK;
}

static enum pf_err check_args(struct pf_ctx *ctx, const struct cli_options *opt)
{
    const struct cli_command *c = opt->command;
    bool two = c->id == CMD_WRITE && opt->nargs == 2;

    if (opt->nargs < c->min || opt->nargs > c->max || (two && !opt->write_flash))
        return pf_fail(ctx, PF_ERR_USAGE, "usage: plugflash %s%s%s", c->name, *c->args ? " " : "",
                       c->args);
    return PF_OK;
}

/* What one option demands of another. */
static enum pf_err check_together(struct pf_ctx *ctx, const struct cli_options *opt)
{
    enum cli_command_id id = opt->command->id;
    bool to_stdout = opt->output && strcmp(opt->output, "-") == 0;

    if (id == CMD_READ && strcmp(opt->arg[2], "-") == 0)
        to_stdout = true;
    if (to_stdout && opt->json)
        return pf_fail(ctx, PF_ERR_USAGE,
                       "flash contents and --format json cannot share stdout: name a file");
    if (opt->quiet && opt->verbose)
        return pf_fail(ctx, PF_ERR_USAGE, "-q and -v contradict each other");
    if (opt->guard_none && opt->source[OPT_CHIP_ID] == CLI_UNSET)
        return pf_fail(ctx, PF_ERR_USAGE,
                       "--guard none needs the device's chip id typed back: --chip-id HEX (see "
                       "`plugflash info`)");
    if (opt->no_backup && opt->backup)
        return pf_fail(ctx, PF_ERR_USAGE, "--no-backup and --backup contradict each other");
    if (id == CMD_BACKUP && !opt->output)
        return pf_fail(ctx, PF_ERR_USAGE, "backup needs -o FILE");
    if (id == CMD_BACKUP && to_stdout && opt->resume)
        return pf_fail(ctx, PF_ERR_USAGE, "--resume needs a file, not stdout");
    if (id == CMD_ERASE && (opt->all ? opt->nargs != 0 : opt->nargs != 2))
        return pf_fail(ctx, PF_ERR_USAGE, "usage: plugflash erase ADDR LEN, or erase --all");
    if (id == CMD_SIM && !!opt->pty + !!opt->tcp + !!opt->rfc2217 != 1)
        return pf_fail(ctx, PF_ERR_USAGE, "sim needs one of --pty, --tcp and --rfc2217");
    return PF_OK;
}

/* --format json anywhere on the line, or in the environment: a usage error has
 * to know the format although the line could not be parsed. */
static bool wants_json(int argc, const char *const *argv, cli_getenv_fn env, void *user)
{
    const char *said = env(user, "PLUGFLASH_FORMAT");

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0)
            break;
        if (strcmp(argv[i], "--format") == 0 && i + 1 < argc)
            said = argv[i + 1];
        else if (strncmp(argv[i], "--format=", 9) == 0)
            said = argv[i] + 9;
    }
    return said && strcmp(said, "json") == 0;
}

static void popt_table(struct poptOption *tab)
{
    memset(tab, 0, (OPT_COUNT + 1) * sizeof *tab);
    for (size_t i = 0; i < OPT_COUNT; i++) {
        const struct cli_option *o = &cli_option_table[i];

        tab[i].longName = o->name;
        tab[i].shortName = o->letter;
        tab[i].argInfo = o->arg ? POPT_ARG_STRING : POPT_ARG_NONE;
        tab[i].val = (int)i + 1;
    }
}

static enum pf_err parse(struct pf_ctx *ctx, poptContext pc, cli_getenv_fn env, void *env_user,
                         struct cli_options *out)
{
    PF_TRY(take_line(ctx, out, pc));
    if (!out->version)
        PF_TRY(take_args(ctx, out, pc));
    PF_TRY(take_env(ctx, out, env, env_user));
    if (out->help || out->version)
        return PF_OK;
    if (!out->command)
        return pf_fail(ctx, PF_ERR_USAGE, "no command given (see plugflash --help)");
    PF_TRY(check_belongs(ctx, out));
    PF_TRY(check_args(ctx, out));
    return check_together(ctx, out);
}

enum pf_err cli_options_parse(struct pf_ctx *ctx, int argc, const char *const *argv,
                              cli_getenv_fn env, void *env_user, struct cli_options *out)
{
    struct poptOption tab[OPT_COUNT + 1];
    poptContext pc;
    enum pf_err err;

    memset(out, 0, sizeof *out);
    out->sync_timeout_us = SYNC_TIMEOUT_S * UINT64_C(1000000);
    out->timeout_scale = 100;
    out->json = wants_json(argc, argv, env, env_user);
    if (argc < 1)
        return pf_fail(ctx, PF_ERR_USAGE, "no command given (see plugflash --help)");
    popt_table(tab);
    pc = poptGetContext(NULL, argc, (const char **)argv, tab, 0);
    if (!pc)
        return pf_fail(ctx, PF_ERR_NOMEM, "no memory");
    err = parse(ctx, pc, env, env_user, out);
    poptFreeContext(pc);
    if (err)
        out->json = wants_json(argc, argv, env, env_user);
    return err;
}

void cli_options_fini(struct cli_options *opt)
{
    for (size_t i = 0; i < OPT_COUNT; i++)
        free(opt->text[i]);
    for (size_t i = 0; i < CLI_ARGS; i++)
        free(opt->owned[i]);
    free(opt->guard_text);
    memset(opt, 0, sizeof *opt);
}
