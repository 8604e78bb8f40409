/* registry.c - the families and chips that exist: one line each. */
#include <string.h>

#include "bk7231/bk7231_chips.h"
#include "plugflash/protocol.h"

const struct pf_protocol *const pf_protocols[] = {
    &pf_bk7231_protocol,
    NULL,
};

const struct pf_chip *const pf_chips[] = {
    &bk7231_chip_t,
    &bk7231_chip_n,
    NULL,
};

const struct pf_chip *pf_chip_by_name(const char *name)
{
    for (size_t i = 0; name && pf_chips[i]; i++)
        if (strcmp(pf_chips[i]->name, name) == 0)
            return pf_chips[i];
    return NULL;
}

const struct pf_region *pf_region_at(const struct pf_chip *chip, uint32_t addr)
{
    for (const struct pf_region *r = chip->regions; r && r->name; r++)
        if (addr >= r->addr && addr - r->addr < r->len)
            return r;
    return NULL;
}

const struct pf_region *pf_region_by_name(const struct pf_chip *chip, const char *name)
{
    for (const struct pf_region *r = chip->regions; r && r->name; r++)
        if (strcmp(r->name, name) == 0)
            return r;
    return NULL;
}

static enum pf_err registry_unknown_chip(struct pf_ctx *ctx, const char *name)
{
    char list[160] = "";
    size_t at = 0;

    for (size_t i = 0; pf_chips[i]; i++) {
        size_t n = strlen(pf_chips[i]->name);

        if (at + n + 2 > sizeof list)
            break;
        list[at++] = ' ';
        memcpy(list + at, pf_chips[i]->name, n + 1);
        at += n;
    }
    return pf_fail(ctx, PF_ERR_USAGE, "no chip is called \"%.40s\"; known are: auto%s", name, list);
}

enum pf_err pf_session_open(struct pf_ctx *ctx, struct pf_transport *port,
                            const struct pf_link_options *opt, struct pf_session **out)
{
    enum pf_err err = PF_ERR_SYNC;

    *out = NULL;
    if (opt->chip && strcmp(opt->chip, "auto") != 0) {
        const struct pf_chip *chip = pf_chip_by_name(opt->chip);

        if (!chip)
            return registry_unknown_chip(ctx, opt->chip);
        return chip->protocol->open(ctx, port, opt, out);
    }
    for (size_t i = 0; pf_protocols[i] && err == PF_ERR_SYNC; i++)
        err = pf_protocols[i]->open(ctx, port, opt, out);
    return err;
}

void pf_session_close(struct pf_session *s)
{
    if (s)
        s->proto->close(s);
}
