/* device.c - the path that all device commands share: choose and open one
 * port, link, work, leave, close. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

struct device {
    struct pf_transport *port;
    struct pf_session *session;
    struct pf_fault fault;
    uint8_t *stub; /* owned */
    size_t stub_len;
};

/* The only plausible port: exactly one on USB. Others are listed, never tried:
 * opening a port may reset what is behind it. */
static enum pf_err choose_port(struct cli *cli, char *name, size_t cap)
{
    char list[PF_TEXT_MAX - 64] = "";
    struct pf_port_info *port;
    size_t count, usb = 0, used = 0;

    PF_TRY(pf_port_list(&cli->ctx, &port, &count));
    for (size_t i = 0; i < count; i++) {
        if (port[i].usb_vid < 0)
            continue;
        if (usb++ == 0)
            snprintf(name, cap, "%s", port[i].name);
        if (used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", usb > 1 ? ", " : "",
                                     port[i].name);
    }
    free(port);
    if (usb == 1)
        return PF_OK;
    if (usb == 0)
        return pf_fail(&cli->ctx, PF_ERR_PORT,
                       "no USB serial port found; name the port with --port");
    return pf_fail(&cli->ctx, PF_ERR_PORT, "several ports, choose one with --port: %s", list);
}

/* KIND@N[:SEED] */
static bool parse_fault(const char *text, struct pf_fault *out)
{
    size_t n = strcspn(text, "@");
    char at[32];
    uint64_t v;

    memset(out, 0, sizeof *out);
    for (int k = PF_FAULT_NONE + 1; k < PF_FAULT_KINDS; k++)
        if (strlen(pf_fault_name(k)) == n && memcmp(pf_fault_name(k), text, n) == 0)
            out->kind = k;
    if (out->kind == PF_FAULT_NONE || !text[n])
        return false;
    text += n + 1;
    n = strcspn(text, ":");
    if (n >= sizeof at)
        return false;
    memcpy(at, text, n);
    at[n] = '\0';
    if (!cli_number(at, UINT64_MAX, &out->at))
        return false;
    if (text[n]) {
        if (!cli_number(text + n + 1, UINT32_MAX, &v))
            return false;
        out->seed = (uint32_t)v;
    }
    return true;
}

static enum pf_err bad_fault(struct cli *cli)
{
    char kinds[256] = "";
    size_t used = 0;

    for (int k = PF_FAULT_NONE + 1; k < PF_FAULT_KINDS && used < sizeof kinds; k++)
        used += (size_t)snprintf(kinds + used, sizeof kinds - used, " %s", pf_fault_name(k));
    return pf_fail(&cli->ctx, PF_ERR_USAGE, "--fault: '%.40s' is not KIND@N[:SEED]; kinds:%s",
                   cli->opt.fault, kinds);
}

bool cli_stub_given(const struct cli_options *opt)
{
    return opt->stub && strcmp(opt->stub, "auto") != 0 && strcmp(opt->stub, "plain") != 0 &&
           strcmp(opt->stub, "none") != 0;
}

enum pf_stub_use cli_stub_use(const struct cli_options *opt)
{
    if (opt->stub && strcmp(opt->stub, "plain") == 0)
        return PF_STUB_PLAIN;
    return opt->stub && strcmp(opt->stub, "none") == 0 ? PF_STUB_NONE : PF_STUB_AUTO;
}

/* Stubs of different families are all called stub.bin; the wrong one would only
 * show as a device that is silent after the upload. */
static enum pf_err open_stub(struct cli *cli, struct device *dev)
{
    const struct pf_chip *chip = cli->opt.chip ? pf_chip_by_name(cli->opt.chip) : NULL;
    struct pf_image img;
    char said[64];

    cli_option_said(&cli->opt, OPT_STUB, said, sizeof said);
    if (chip && !chip->takes_stub)
        return pf_fail(&cli->ctx, PF_ERR_USAGE, "%s: %s needs no stub, its loader does everything",
                       said, chip->title);
    PF_TRY(pf_stub_open(&cli->ctx, cli->opt.stub, &dev->stub, &dev->stub_len));
    pf_image_inspect(dev->stub, dev->stub_len, &img);
    if (chip && img.family && strcmp(img.family, chip->family) != 0)
        return pf_fail(&cli->ctx, PF_ERR_CHIP, "%s: %s is %s, it does not run on %s", said,
                       cli->opt.stub, img.title, chip->title);
    return PF_OK;
}

/* What can be told before a port is touched. */
static enum pf_err check(struct cli *cli, struct device *dev)
{
    const struct cli_options *opt = &cli->opt;
    struct pf_steps steps;
    char said[64];

    if (opt->chip && strcmp(opt->chip, "auto") != 0 && !pf_chip_by_name(opt->chip))
        return pf_fail(&cli->ctx, PF_ERR_USAGE, "%s: '%.40s' is not a chip (see plugflash chips)",
                       cli_option_said(opt, OPT_CHIP, said, sizeof said), opt->chip);
    if (cli_stub_given(opt))
        PF_TRY(open_stub(cli, dev));
    if (opt->fault && !parse_fault(opt->fault, &dev->fault))
        return bad_fault(cli);
    if (opt->reset_seq)
        PF_TRY(pf_steps_parse(&cli->ctx, opt->reset_seq, &steps));
    return PF_OK;
}

/* The transports around the port: power below, so that faults and traces see
 * what the driver sees. On failure dev->port is what has been stacked so far. */
static enum pf_err wrap(struct cli *cli, struct device *dev)
{
    const struct cli_options *opt = &cli->opt;
    struct pf_transport *outer;

    if (opt->power_cmd) {
        PF_TRY(pf_power_open(&cli->ctx, dev->port, opt->power_cmd, &outer));
        dev->port = outer;
    }
    if (opt->fault) {
        PF_TRY(pf_fault_open(&cli->ctx, dev->port, &dev->fault, &outer));
        dev->port = outer;
    }
    if (opt->trace) {
        PF_TRY(pf_trace_open(&cli->ctx, dev->port, opt->trace, &outer));
        dev->port = outer;
    }
    return PF_OK;
}

static void emit_port(struct cli *cli, const char *name)
{
    const struct pf_field field[] = {
        PF_F_STR("name", name),
        PF_F_STR("clock", cli->simulated ? "simulated" : "real"),
    };
    struct pf_event ev = {.kind = PF_EV_PORT, .fields = field, .nfields = 2};

    pf_emit(&cli->ctx, &ev);
}

static enum pf_err link_device(struct cli *cli, struct device *dev)
{
    const struct cli_options *opt = &cli->opt;
    const struct pf_link_options link = {
        .chip = opt->chip,
        .baud = opt->baud,
        .boot_baud = opt->boot_baud,
        .reset_seq = opt->reset_seq,
        .before = (enum pf_before)opt->before,
        .sync_timeout_us = opt->sync_timeout_us,
        .retries = opt->retries,
        .timeout_scale = (unsigned)opt->timeout_scale,
        .flash_size = opt->flash_size,
        .use_stub = cli_stub_use(opt),
        .stub = dev->stub,
        .stub_len = dev->stub_len,
    };

    PF_TRY(pf_session_open(&cli->ctx, dev->port, &link, &dev->session));
    if (dev->stub && !dev->session->chip->takes_stub)
        pf_warn(&cli->ctx, "%s needs no stub; %s is not used", dev->session->chip->title,
                opt->stub);
    cli->synced = true;
    cli->synced_us = dev->session->id.synced_us;
    snprintf(cli->chip, sizeof cli->chip, "%s", dev->session->chip->name);
    return PF_OK;
}

/* Reboot into the firmware, or not. A device that does not come back changes
 * nothing about what was proved: it is worth a warning, not a failure. */
static void leave(struct cli *cli, struct device *dev)
{
    enum pf_err kept = cli->ctx.err;
    char text[PF_TEXT_MAX];

    memcpy(text, cli->ctx.text, sizeof text);
    cli->leaving = true;
    cli->ctx.cancel = false;
    if (dev->session->proto->leave(dev->session, (enum pf_after)cli->opt.after) != PF_OK)
        pf_warn(&cli->ctx, "the device was not rebooted: %.400s", cli->ctx.text);
    cli->ctx.err = kept;
    memcpy(cli->ctx.text, text, sizeof text);
}

static enum pf_err work_on(struct cli *cli, struct device *dev, const char *name, cli_work_fn work,
                           void *arg)
{
    enum pf_err err;

    PF_TRY(pf_port_open(&cli->ctx, name, &dev->port));
    err = wrap(cli, dev);
    cli->ctx.clock = dev->port;
    cli->had_port = true;
    cli->simulated = (dev->port->caps & PF_CAP_SIMULATED) != 0;
    cli->begin_us = pf_now(dev->port);
    if (!err) {
        emit_port(cli, name);
        err = link_device(cli, dev);
    }
    if (!err)
        err = work(cli, dev->session, arg);
    cli->end_us = pf_now(dev->port);
    if (dev->session && err != PF_ERR_IO)
        leave(cli, dev);
    if (dev->session)
        pf_session_close(dev->session);
    cli->ctx.clock = NULL;
    dev->port->ops->close(dev->port);
    return err;
}

static enum pf_err with_device(struct cli *cli, struct device *dev, cli_work_fn work, void *arg)
{
    const char *name = cli->opt.port;
    char only[256];

    PF_TRY(check(cli, dev));
    if (!name) {
        PF_TRY(choose_port(cli, only, sizeof only));
        name = only;
    }
    return work_on(cli, dev, name, work, arg);
}

enum pf_err cli_with_device(struct cli *cli, cli_work_fn work, void *arg)
{
    struct device dev = {0};
    enum pf_err err = with_device(cli, &dev, work, arg);

    free(dev.stub);
    if (cli->opt.fault)
        report_add(&cli->report, PF_F_BOOL("fault_fired", dev.fault.fired));
    return err;
}

enum pf_err cli_arg_span(struct cli *cli, size_t first, struct cli_span *out)
{
    const char *addr = cli->opt.arg[first], *len = cli->opt.arg[first + 1];
    uint64_t v;

    if (!cli_number(addr, UINT32_MAX, &v))
        return pf_fail(&cli->ctx, PF_ERR_USAGE, "ADDR: '%.80s' is not an address", addr);
    if (!cli_length(len, out))
        return pf_fail(&cli->ctx, PF_ERR_USAGE, "LEN: '%.80s' is not a length", len);
    out->addr = (uint32_t)v;
    if (out->len > UINT32_MAX - out->addr)
        return pf_fail(&cli->ctx, PF_ERR_USAGE, "ADDR and LEN together exceed 4 GiB");
    return PF_OK;
}

enum pf_err cli_span_resolve(struct cli *cli, const struct pf_session *s, struct cli_span *span)
{
    uint32_t size = s->id.flash_size;

    if (span->addr >= size)
        return pf_fail(&cli->ctx, PF_ERR_RANGE, "0x%06x is behind the end of the flash (0x%06x)",
                       (unsigned)span->addr, (unsigned)size);
    if (span->to_end)
        span->len = size - span->addr;
    span->to_end = false;
    return PF_OK;
}
