/* cmd_write.c - commands that change a device, and verify. */
#include <string.h>

#include "cli/cli.h"
#include "cli/text.h"

static struct pf_guard guard_of(const struct cli_options *o)
{
    return (struct pf_guard){
        .names = o->guard,
        .count = o->nguard,
        .none = o->guard_none,
        .typed_id = o->chip_id,
    };
}

static void summarise(struct cli *cli, const char *what, const struct pf_write_result *res)
{
    if (cli->opt.dry_run)
        cli_summary(cli, "plan only: %u sector%s would change; nothing was written",
                    (unsigned)res->differ, res->differ == 1 ? "" : "s");
    else if (res->unchanged)
        cli_summary(cli, "nothing to do: the flash already is as it should be, proved by %s",
                    pf_proof_name(res->proof));
    else
        cli_summary(cli, "%s: %u sector%s changed, proved by %s", what, (unsigned)res->differ,
                    res->differ == 1 ? "" : "s", pf_proof_name(res->proof));
}

/* Everything the result tells, as far as it got. */
static void show_write(struct cli *cli, const char *what, const struct pf_write_result *res,
                       enum pf_err err)
{
    struct cli_report *r = &cli->report;
    FILE *out = cli_text(cli);

    show_plan(cli, "plan", res->plan, res->nplan);
    report_add(r, PF_F_UINT("differ", res->differ));
    report_add(r, PF_F_BOOL("unchanged", res->unchanged));
    report_add(r, PF_F_BOOL("dry_run", cli->opt.dry_run));
    report_add(r, PF_F_STR("proof", pf_proof_name(res->proof)));
    report_add(r, report_maybe(r, "backup", res->backup_path));
    report_add(r, PF_F_BOOL("backup_reused", res->backup_reused));
    if (out && res->backup_path[0])
        text_line(out, "Backup", "%s%s", res->backup_path,
                  res->backup_reused ? " (was at hand)" : "");
    if (err || cli->opt.dry_run)
        report_stats(cli, &res->stats);
    else
        show_stats(cli, &res->stats);
    if (!err)
        summarise(cli, what, res);
}

static struct pf_write_options write_options(const struct cli_options *o)
{
    return (struct pf_write_options){
        .at_given = o->source[OPT_AT] != CLI_UNSET,
        .at = o->at,
        .backup_path = o->backup,
        .no_backup = o->no_backup,
        .resume = o->resume,
        .dry_run = o->dry_run,
        .unrotate = o->unrotate,
        .force_key = o->force_key,
        .guard = guard_of(o),
        .identity = (enum pf_identity_choice)o->identity,
    };
}

static enum pf_err write_work(struct cli *cli, struct pf_session *s, void *arg)
{
    struct pf_write_result res = {0};
    enum pf_err err = pf_write(s, arg, &res);

    if (res.image.kind_name)
        show_image(cli, &res.image);
    show_write(cli, "written", &res, err);
    return err;
}

enum pf_err cmd_write(struct cli *cli)
{
    struct pf_write_options opt = write_options(&cli->opt);
    uint64_t at;

    opt.path = cli->opt.arg[0];
    if (cli->opt.nargs == 2) { /* write-flash ADDR FILE */
        if (opt.at_given)
            return pf_fail(&cli->ctx, PF_ERR_USAGE, "the address is given twice");
        if (!cli_number(cli->opt.arg[0], UINT32_MAX, &at))
            return pf_fail(&cli->ctx, PF_ERR_USAGE, "ADDR: '%.80s' is not an address",
                           cli->opt.arg[0]);
        opt.at_given = true;
        opt.at = (uint32_t)at;
        opt.path = cli->opt.arg[1];
    }
    return cli_with_device(cli, write_work, &opt);
}

static enum pf_err restore_work(struct cli *cli, struct pf_session *s, void *arg)
{
    struct pf_write_result res = {0};
    enum pf_err err = pf_restore(s, arg, &res);

    if (res.image.kind_name)
        show_image(cli, &res.image);
    show_write(cli, "restored", &res, err);
    return err;
}

enum pf_err cmd_restore(struct cli *cli)
{
    struct pf_write_options opt = write_options(&cli->opt);

    opt.path = cli->opt.arg[0];
    return cli_with_device(cli, restore_work, &opt);
}

static enum pf_err erase_work(struct cli *cli, struct pf_session *s, void *arg)
{
    const struct cli_options *o = &cli->opt;
    struct cli_span *span = arg;
    struct pf_erase_options opt = {
        .all = o->all,
        .no_backup = o->no_backup,
        .resume = o->resume,
        .backup_path = o->backup,
        .dry_run = o->dry_run,
        .guard = guard_of(o),
    };
    struct pf_write_result res = {0};
    enum pf_err err;

    if (!opt.all)
        PF_TRY(cli_span_resolve(cli, s, span));
    opt.addr = span->addr;
    opt.len = span->len;
    err = pf_erase(s, &opt, &res);
    show_write(cli, "erased", &res, err);
    return err;
}

enum pf_err cmd_erase(struct cli *cli)
{
    struct cli_span span = {0};

    if (!cli->opt.all)
        PF_TRY(cli_arg_span(cli, 0, &span));
    return cli_with_device(cli, erase_work, &span);
}

static enum pf_err verify_work(struct cli *cli, struct pf_session *s, void *arg)
{
    const struct cli_options *o = &cli->opt;
    struct cli_report *r = &cli->report;
    struct pf_verify_result res = {0};
    enum pf_err err;

    (void)arg;
    err = pf_verify(s, o->arg[0], o->source[OPT_AT] != CLI_UNSET, o->at, &res);
    if (res.image.kind_name)
        show_image(cli, &res.image);
    show_plan(cli, "spans", res.span, res.nspans);
    report_add(r, PF_F_UINT("sectors", res.sectors));
    report_add(r, PF_F_UINT("differ", res.differ));
    if (res.differ)
        report_add(r, PF_F_HEX("first_diff", res.first_diff));
    report_add(r, PF_F_STR("proof", pf_proof_name(res.proof)));
    report_stats(cli, &res.stats);
    if (!err)
        cli_summary(cli, "equal: all %u sectors, proved by %s", (unsigned)res.sectors,
                    pf_proof_name(res.proof));
    return err;
}

enum pf_err cmd_verify(struct cli *cli)
{
    return cli_with_device(cli, verify_work, NULL);
}
