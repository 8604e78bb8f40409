/* own_stub.c - see own_stub.h. */
#include "own_stub.h"

#include <string.h>

#include "core/checksum.h"
#include "plugflash/stub.h"

enum pf_err own_stub_check(struct pf_ctx *ctx, const char *chip, const uint8_t *data, size_t len)
{
    struct pf_stub_mark own;

    if (!pf_stub_mark(data, len, &own))
        return PF_OK;
    if (!own.whole)
        return pf_fail(ctx, PF_ERR_FILE,
                       "this stub of plugflash is damaged or cut: its checksum is wrong");
    if (chip && (!own.chip || strcmp(own.chip, chip) != 0))
        return pf_fail(ctx, PF_ERR_CHIP, "this stub of plugflash is one for %s, not for %s",
                       own.chip ? own.chip : "another chip", chip);
    return PF_OK;
}

static enum pf_err own_built_in(struct pf_ctx *ctx, const struct pf_chip *chip)
{
    const struct pf_stub *stub = chip->stub;
    uint8_t sha[32];

    if (strcmp(stub->chip, chip->name) != 0)
        return pf_fail(ctx, PF_ERR_CHIP, "the stub built in for %s is one for %s", chip->name,
                       stub->chip);
    pf_sha256(stub->data, stub->len, sha);
    if (memcmp(sha, stub->sha256, sizeof sha) != 0)
        return pf_fail(ctx, PF_ERR_FILE,
                       "the stub built in for %s is damaged (its SHA-256 is wrong): install "
                       "plugflash again, or give a stub with --stub FILE",
                       chip->name);
    return own_stub_check(ctx, chip->name, stub->data, stub->len);
}

enum pf_err own_stub_choose(struct pf_ctx *ctx, const struct pf_chip *chip,
                            const struct pf_link_options *opt, const uint8_t **data, size_t *len)
{
    *data = opt->stub;
    *len = opt->stub ? opt->stub_len : 0;
    if (opt->stub || opt->use_stub == PF_STUB_NONE || !chip->stub)
        return PF_OK;
    PF_TRY(own_built_in(ctx, chip));
    *data = chip->stub->data;
    *len = chip->stub->len;
    return PF_OK;
}
