/* options.h - what the user asked for.
 *
 * One table (options.c) knows every option: its name, letter, argument,
 * environment variable, help and the commands it belongs to. Parsing, checking
 * and help are driven by it. Option > environment > default. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdio.h>

#include "cli/command.h"
#include "cli/number.h"
#include "plugflash/event.h"

enum cli_option_id {
    OPT_PORT,
    OPT_BAUD,
    OPT_CHIP,
    OPT_BOOT_BAUD,
    OPT_BEFORE,
    OPT_AFTER,
    OPT_RESET_SEQ,
    OPT_POWER_CMD,
    OPT_SYNC_TIMEOUT,
    OPT_RETRIES,
    OPT_TIMEOUT_SCALE,
    OPT_STUB,
    OPT_FLASH_SIZE,
    OPT_FORMAT,
    OPT_QUIET,
    OPT_VERBOSE,
    OPT_NO_COLOR,
    OPT_NO_PROGRESS,
    OPT_LOG,
    OPT_TRACE,
    OPT_FAULT,
    OPT_VERSION,
    OPT_HELP,
    OPT_GUARD,
    OPT_CHIP_ID,
    OPT_DRY_RUN,
    OPT_RESUME,
    OPT_FORCE,
    OPT_OUTPUT,
    OPT_RANGE,
    OPT_BASE,
    OPT_REPEAT,
    OPT_AT,
    OPT_NO_BACKUP,
    OPT_BACKUP,
    OPT_IDENTITY,
    OPT_UNROTATE,
    OPT_FORCE_KEY,
    OPT_ALL,
    OPT_PTY,
    OPT_TCP,
    OPT_RFC2217,
    OPT_TO,
    OPT_BOOT2,
    OPT_TABLE,
    OPT_COUNT,
};

enum cli_source { CLI_UNSET, CLI_FROM_ENV, CLI_FROM_LINE };

#define CLI_ARGS   4
#define CLI_GUARDS 16

struct cli_options {
    const struct cli_command *command; /* NULL: none given */
    bool write_flash;                  /* called as write-flash */
    const char *arg[CLI_ARGS];
    size_t nargs;
    enum cli_source source[OPT_COUNT];

    const char *port, *chip, *reset_seq, *power_cmd, *stub, *log, *trace, *fault;
    uint32_t baud, boot_baud; /* 0: the chip's default */
    int before, after;        /* enum pf_before, enum pf_after */
    uint64_t sync_timeout_us; /* 0: for ever */
    uint32_t retries;         /* 0: default */
    uint64_t timeout_scale;   /* percent */
    uint32_t flash_size;      /* 0: detect */
    int json;
    bool quiet, no_color, no_progress, version, help;
    unsigned verbose;

    const char *guard[CLI_GUARDS];
    size_t nguard;
    bool guard_none;
    uint32_t chip_id;
    bool dry_run, resume, force;
    const char *output, *base, *backup;
    struct cli_span range;
    uint32_t repeat, at;
    bool no_backup, unrotate, force_key, all;
    int identity; /* enum pf_identity_choice */
    const char *pty, *tcp, *rfc2217;
    int to; /* enum image_to */
    const char *boot2, *table;

    char *text[OPT_COUNT]; /* owned: the argument of each option */
    char *guard_text;      /* owned: --guard cut at its commas */
    char *owned[CLI_ARGS]; /* owned: positional arguments */
};

/* getenv() or a test's own. */
typedef const char *(*cli_getenv_fn)(void *user, const char *name);

/* Parse a command line. *out is valid after every return and must be given to
 * cli_options_fini(); out->json is right even when parsing failed. PF_ERR_USAGE:
 * ctx->text names the option or variable. With --help or --version the rest is
 * not checked. */
enum pf_err cli_options_parse(struct pf_ctx *ctx, int argc, const char *const *argv,
                              cli_getenv_fn env, void *env_user, struct cli_options *out);
void cli_options_fini(struct cli_options *opt);

/* How the user named an option: "--chip" or "PLUGFLASH_CHIP"; `buf` is borrowed. */
const char *cli_option_said(const struct cli_options *opt, enum cli_option_id id, char *buf,
                            size_t cap);

/* Help of one command, or the overview for NULL. */
void cli_help(FILE *out, const struct cli_command *command);

/* One entry of the table, as help.c prints it. */
enum cli_option_kind {
    KIND_FLAG,
    KIND_COUNT,
    KIND_TEXT,
    KIND_BAUD,
    KIND_NUMBER,
    KIND_SECONDS,
    KIND_SCALE,
    KIND_CHOICE,
    KIND_SPAN,
    KIND_HEX,
    KIND_GUARD,
};

struct cli_option {
    enum cli_option_id id;
    const char *name;
    char letter;     /* 0: none */
    const char *arg; /* NULL: takes none; a KIND_CHOICE lists its words here, joined by | */
    enum cli_option_kind kind;
    size_t offset; /* of the value in struct cli_options */
    uint32_t min, max;
    unsigned commands; /* CMD_BIT()s; 0: every command */
    bool env;          /* PLUGFLASH_<NAME> */
    const char *help;
};
extern const struct cli_option cli_option_table[OPT_COUNT];

/* "PLUGFLASH_BOOT_BAUD" for --boot-baud. */
void cli_env_name(const struct cli_option *o, char *buf, size_t cap);

#endif
