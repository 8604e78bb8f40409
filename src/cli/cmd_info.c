/* cmd_info.c - what is there: ports, chips, and a device's own account. */
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/text.h"

static struct pf_field port_field(struct cli_report *r, const struct pf_port_info *p)
{
    const bool usb = p->usb_vid >= 0;
    const struct pf_field null = {.type = PF_FIELD_NULL};
    struct pf_field child[] = {
        PF_F_STR("name", report_copy(r, p->name)),
        report_maybe(r, "description", p->description),
        usb ? PF_F_HEX("usb_vid", (uint64_t)p->usb_vid) : null,
        usb ? PF_F_HEX("usb_pid", (uint64_t)p->usb_pid) : null,
        report_maybe(r, "serial", p->serial),
        report_maybe(r, "location", p->location),
        report_maybe(r, "driver", p->driver),
        report_maybe(r, "busy_by", p->busy_by),
    };

    child[2].name = "usb_vid";
    child[3].name = "usb_pid";
    return report_object(r, NULL, child, sizeof child / sizeof *child);
}

static enum pf_err print_ports(struct cli *cli, FILE *out, const struct pf_port_info *port,
                               size_t n)
{
    static const char *const head[] = {"NAME",     "USB",         "SERIAL", "DRIVER",
                                       "LOCATION", "DESCRIPTION", "HELD BY"};
    enum { COLS = sizeof head / sizeof *head };
    const char **cell = calloc(n + 1, COLS * sizeof *cell);
    char(*usb)[16] = calloc(n + 1, sizeof *usb);

    if (cell && usb) {
        for (size_t c = 0; c < COLS; c++)
            cell[c] = head[c];
        for (size_t i = 0; i < n; i++) {
            const char **row = &cell[(i + 1) * COLS];

            if (port[i].usb_vid >= 0)
                snprintf(usb[i], sizeof *usb, "%04x:%04x", (unsigned)port[i].usb_vid & 0xffff,
                         (unsigned)port[i].usb_pid & 0xffff);
            row[0] = port[i].name;
            row[1] = usb[i];
            row[2] = port[i].serial;
            row[3] = port[i].driver;
            row[4] = port[i].location;
            row[5] = port[i].description;
            row[6] = port[i].busy_by;
        }
        text_table(out, cell, n + 1, COLS, 0);
    }
    bool ok = cell && usb;
    free(usb);
    free(cell);
    return ok ? PF_OK : pf_fail(&cli->ctx, PF_ERR_NOMEM, "no memory");
}

enum pf_err cmd_ports(struct cli *cli)
{
    struct pf_port_info *port;
    struct pf_field *field;
    enum pf_err err = PF_OK;
    size_t n;

    PF_TRY(pf_port_list(&cli->ctx, &port, &n));
    field = report_fields(&cli->report, n);
    for (size_t i = 0; field && i < n; i++)
        field[i] = port_field(&cli->report, &port[i]);
    report_add(&cli->report, PF_F_ARRAY("ports", field, field ? n : 0));
    if (cli_text(cli) && n)
        err = print_ports(cli, cli_text(cli), port, n);
    free(port);
    if (n == 0)
        cli_summary(cli, "no serial ports");
    return err;
}

static const char *tested_word(enum pf_tested t)
{
    switch (t) {
    case PF_TESTED_HW:
        return "hardware";
    case PF_TESTED_SIM:
        return "simulator";
    case PF_TESTED_NO:
        break;
    }
    return "no";
}

enum pf_err cmd_chips(struct cli *cli)
{
    enum { COLS = 6, ROWS = 64 };
    const char *cell[ROWS * COLS] = {"CHIP", "FAMILY", "READ", "ERASE", "WRITE", "NAME"};
    struct pf_field *field;
    size_t n = 0;

    while (pf_chips[n] && n < ROWS - 1)
        n++;
    field = report_fields(&cli->report, n);
    for (size_t i = 0; i < n; i++) {
        const struct pf_chip *c = pf_chips[i];
        const char **row = &cell[(i + 1) * COLS];
        const struct pf_field child[] = {
            PF_F_STR("name", row[0] = c->name),
            PF_F_STR("family", row[1] = c->family),
            PF_F_STR("read", row[2] = tested_word(c->tested.read)),
            PF_F_STR("erase", row[3] = tested_word(c->tested.erase)),
            PF_F_STR("write", row[4] = tested_word(c->tested.write)),
            PF_F_STR("title", row[5] = c->title),
        };

        if (field)
            field[i] = report_object(&cli->report, NULL, child, COLS);
    }
    report_add(&cli->report, PF_F_ARRAY("chips", field, field ? n : 0));
    if (cli_text(cli))
        text_table(cli_text(cli), cell, n + 1, COLS, 0);
    return PF_OK;
}

static enum pf_err info_work(struct cli *cli, struct pf_session *s, void *arg)
{
    struct pf_info info = {0};
    enum pf_err err = pf_info_read(s, &info);

    (void)arg;
    show_device(cli, s); /* known whatever became of the rest */
    PF_TRY(err);
    show_info(cli, s, &info);
    show_regions(cli, s);
    report_stats(cli, &info.stats);
    return PF_OK;
}

enum pf_err cmd_info(struct cli *cli)
{
    return cli_with_device(cli, info_work, NULL);
}
