/* cli.h - one run of the program, and what its parts call of each other. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdio.h>

#include "cli/options.h"
#include "cli/report.h"
#include "cli/sink.h"
#include "plugflash/ops.h"

struct cli {
    struct cli_options opt;
    struct pf_ctx ctx;
    struct cli_report report;  /* fields of the result event */
    char summary[PF_TEXT_MAX]; /* one sentence of success, on stdout; "" none */
    FILE *out;                 /* results for people; stderr when stdout carries flash contents */

    struct sink_tty tty;
    struct sink_json json;
    struct sink_log log; /* .out NULL: none */
    bool leaving;        /* a stop that was asked for no longer matters */

    char chip[32]; /* "" not known */
    bool had_port, simulated, synced;
    uint64_t begin_us, end_us, synced_us; /* port clock */
};

/* Event sink of a run: passes to the sinks, asks for a stop after a signal. */
bool cli_event(void *user, const struct pf_event *ev);

/* Where to print results for people, or NULL with --format json. */
FILE *cli_text(struct cli *cli);

/* The sentence that ends a successful command. */
void cli_summary(struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Run the command; run.c. */
enum pf_err cli_run(struct cli *cli);

/* Open the port and the session, call `work`, leave the device as --after says
 * and close everything, in this order on every path. */
typedef enum pf_err (*cli_work_fn)(struct cli *cli, struct pf_session *s, void *arg);
enum pf_err cli_with_device(struct cli *cli, cli_work_fn work, void *arg);

/* --stub names a file. */
bool cli_stub_given(const struct cli_options *opt);
enum pf_stub_use cli_stub_use(const struct cli_options *opt);

/* Parse positional arguments `first` (ADDR) and `first`+1 (LEN). */
enum pf_err cli_arg_span(struct cli *cli, size_t first, struct cli_span *out);

/* Give a span that reaches to the end of the flash its length. PF_ERR_RANGE
 * when it starts behind the end. */
enum pf_err cli_span_resolve(struct cli *cli, const struct pf_session *s, struct cli_span *span);

/* fileio.c: whole files, bounded. *data is malloc'ed. PF_ERR_FILE: missing,
 * empty, larger than any flash, or unreadable. */
enum pf_err cli_file_read(struct pf_ctx *ctx, const char *path, uint8_t **data, size_t *len);
/* All or nothing: a temporary file beside it is renamed when it is on disk.
 * PF_ERR_FILE: exists and no `force`, or cannot be written. */
enum pf_err cli_file_write(struct pf_ctx *ctx, const char *path, bool force, const uint8_t *data,
                           size_t len);

/* show.c: the same facts as text and as fields of the result. */
void show_device(struct cli *cli, const struct pf_session *s);
void show_info(struct cli *cli, const struct pf_session *s, const struct pf_info *info);
void show_regions(struct cli *cli, const struct pf_session *s);
void show_plan(struct cli *cli, const char *name, const struct pf_plan_span *plan, size_t n);
void show_image(struct cli *cli, const struct pf_image *img);
void report_stats(struct cli *cli, const struct pf_stats *stats);
void show_stats(struct cli *cli, const struct pf_stats *stats);

enum pf_err cmd_ports(struct cli *cli);
enum pf_err cmd_chips(struct cli *cli);
enum pf_err cmd_info(struct cli *cli);
enum pf_err cmd_backup(struct cli *cli);
enum pf_err cmd_read(struct cli *cli);
enum pf_err cmd_hash(struct cli *cli);
enum pf_err cmd_map(struct cli *cli);
enum pf_err cmd_write(struct cli *cli);
enum pf_err cmd_restore(struct cli *cli);
enum pf_err cmd_verify(struct cli *cli);
enum pf_err cmd_erase(struct cli *cli);
enum pf_err cmd_image(struct cli *cli);
enum pf_err cmd_sim(struct cli *cli);

#endif
