/* cmd_read.c - commands that only look: backup, read, hash, map. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/text.h"

static void show_backup(struct cli *cli, const struct pf_backup_result *res)
{
    struct cli_report *r = &cli->report;

    report_add(r, report_maybe(r, "file", res->path));
    report_add(r, report_maybe(r, "manifest", res->manifest));
    report_add(r, PF_F_HEX("addr", res->addr));
    report_add(r, PF_F_UINT("len", res->len));
    report_add(r, PF_F_STR("proof", pf_proof_name(res->proof)));
    report_add(r, PF_F_UINT("unstable", res->unstable));
    if (res->has_mac)
        report_add(r, PF_F_STR("mac", report_mac(r, res->mac)));
}

/* Digests of contents, once there are contents. */
static void show_digests(struct cli *cli, const struct pf_backup_result *res)
{
    struct cli_report *r = &cli->report;
    const char *hex = report_hex(r, res->sha256, sizeof res->sha256);
    FILE *out = cli_text(cli);

    report_add(r, PF_F_STR("sha256", hex));
    report_add(r, PF_F_HEX("crc32", res->crc32));
    if (out)
        text_line(out, "SHA-256", "%s", hex);
}

static enum pf_err backup_work(struct cli *cli, struct pf_session *s, void *arg)
{
    const struct cli_options *o = &cli->opt;
    struct cli_span span = o->range;
    struct pf_backup_options opt = {
        .path = o->output,
        .out_fd = STDOUT_FILENO,
        .force = o->force,
        .resume = o->resume,
        .base = o->base,
        .repeat = o->repeat,
        .range = o->source[OPT_RANGE] != CLI_UNSET,
        .dry_run = o->dry_run,
    };
    struct pf_backup_result res = {0};
    char size[TEXT_SIZE];
    enum pf_err err;

    (void)arg;
    if (opt.range)
        PF_TRY(cli_span_resolve(cli, s, &span));
    opt.addr = span.addr;
    opt.len = span.len;
    err = pf_backup(s, &opt, &res);
    show_backup(cli, &res);
    if (err || o->dry_run) {
        report_stats(cli, &res.stats);
        cli_summary(cli, "would copy %s from 0x%06x into %s; nothing was read or written",
                    text_size(size, res.len), (unsigned)res.addr, o->output);
        return err;
    }
    show_digests(cli, &res);
    show_stats(cli, &res.stats);
    if (res.unstable)
        pf_warn(&cli->ctx, "%zu sectors did not read the same each time; the majority was kept",
                res.unstable);
    cli_summary(cli, "%s: %s from 0x%06x, proved by %s", o->output, text_size(size, res.len),
                (unsigned)res.addr, pf_proof_name(res.proof));
    return PF_OK;
}

enum pf_err cmd_backup(struct cli *cli)
{
    return cli_with_device(cli, backup_work, NULL);
}

static enum pf_err read_work(struct cli *cli, struct pf_session *s, void *arg)
{
    struct cli_span *span = arg;
    struct pf_backup_result res = {0};
    char size[TEXT_SIZE];
    enum pf_err err;

    PF_TRY(cli_span_resolve(cli, s, span));
    err = pf_read(s, span->addr, span->len, cli->opt.arg[2], STDOUT_FILENO, cli->opt.force, &res);
    show_backup(cli, &res);
    if (err) {
        report_stats(cli, &res.stats);
        return err;
    }
    show_digests(cli, &res);
    show_stats(cli, &res.stats);
    cli_summary(cli, "%s: %s from 0x%06x, proved by %s", cli->opt.arg[2], text_size(size, res.len),
                (unsigned)res.addr, pf_proof_name(res.proof));
    return PF_OK;
}

enum pf_err cmd_read(struct cli *cli)
{
    struct cli_span span = {0};

    PF_TRY(cli_arg_span(cli, 0, &span));
    return cli_with_device(cli, read_work, &span);
}

static enum pf_err hash_work(struct cli *cli, struct pf_session *s, void *arg)
{
    struct cli_span *span = arg;
    struct cli_report *r = &cli->report;
    struct pf_digest digest = {0};
    struct pf_stats stats = {0};
    char text[65];

    PF_TRY(cli_span_resolve(cli, s, span));
    report_add(r, PF_F_HEX("addr", span->addr));
    report_add(r, PF_F_UINT("len", span->len));
    PF_TRY(pf_hash(s, span->addr, span->len, &digest, &stats));
    if (digest.kind == PF_DIGEST_SHA256) {
        snprintf(text, sizeof text, "%s", report_hex(r, digest.sha256, 32));
        report_add(r, PF_F_STR("sha256", report_copy(r, text)));
    } else {
        snprintf(text, sizeof text, "%08x", (unsigned)digest.crc32);
        report_add(r, PF_F_HEX("crc32", digest.crc32));
    }
    report_stats(cli, &stats);
    cli_summary(cli, "%s %s  0x%06x..0x%06x", digest.kind == PF_DIGEST_SHA256 ? "sha256" : "crc32",
                text, (unsigned)span->addr, (unsigned)(span->addr + span->len));
    return PF_OK;
}

enum pf_err cmd_hash(struct cli *cli)
{
    struct cli_span span = {0};

    PF_TRY(cli_arg_span(cli, 0, &span));
    return cli_with_device(cli, hash_work, &span);
}

static void show_runs(struct cli *cli, const struct pf_map_run *run, size_t n)
{
    struct cli_report *r = &cli->report;
    struct pf_field *field = report_fields(r, n);
    FILE *out = cli_text(cli);
    char size[TEXT_SIZE], total[TEXT_SIZE];
    uint64_t used = 0, all = 0;

    for (size_t i = 0; i < n; i++) {
        const struct pf_field child[] = {
            PF_F_HEX("addr", run[i].addr),
            PF_F_UINT("len", run[i].len),
            PF_F_BOOL("blank", run[i].blank),
            report_maybe(r, "region", run[i].region),
        };

        if (field)
            field[i] = report_object(r, NULL, child, 4);
        all += run[i].len;
        used += run[i].blank ? 0 : run[i].len;
        if (out)
            fprintf(out, "0x%06x..0x%06x  %-8s  %-5s  %s\n", (unsigned)run[i].addr,
                    (unsigned)(run[i].addr + run[i].len), text_size(size, run[i].len),
                    run[i].blank ? "blank" : "used", run[i].region ? run[i].region : "");
    }
    report_add(r, PF_F_ARRAY("runs", field, field ? n : 0));
    report_add(r, PF_F_UINT("used", used));
    report_add(r, PF_F_UINT("blank", all - used));
    cli_summary(cli, "%s of %s used", text_size(size, used), text_size(total, all));
}

static enum pf_err map_work(struct cli *cli, struct pf_session *s, void *arg)
{
    struct pf_map_run *run = NULL;
    struct pf_stats stats = {0};
    size_t n = 0;

    (void)arg;
    PF_TRY(pf_map(s, &run, &n, &stats));
    show_runs(cli, run, n);
    report_stats(cli, &stats);
    free(run);
    return PF_OK;
}

enum pf_err cmd_map(struct cli *cli)
{
    return cli_with_device(cli, map_work, NULL);
}
