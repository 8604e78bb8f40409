/* own_stub.c - see own_stub.h. */
#include "own_stub.h"

#include <stdio.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"

#define AT_MARK    4u
#define AT_FAMILY  13u
#define AT_VERSION 16u
#define AT_LEN     20u
#define HEAD       24u
#define TAIL       8u
#define BL_WRAP    192u /* boot header and segment header of a BL602 */

static const char own_mark[] = "PLUGFLASH";
static const char own_tail[] = "PFST";

static const char *const own_chips[] = {NULL, "ecr6600", "bl602"};

static bool own_image(const uint8_t *data, size_t len, struct own_stub *out)
{
    uint32_t n;

    if (len < HEAD || memcmp(data + AT_MARK, own_mark, sizeof own_mark - 1) != 0)
        return false;
    memset(out, 0, sizeof *out);
    if (data[AT_FAMILY] < sizeof own_chips / sizeof own_chips[0])
        out->chip = own_chips[data[AT_FAMILY]];
    out->version = get_le32(data + AT_VERSION);
    n = get_le32(data + AT_LEN);
    out->whole = n >= HEAD + TAIL && n <= len && memcmp(data + n - TAIL, own_tail, 4) == 0 &&
                 get_le32(data + n - 4) == pf_crc32(0, data, n - TAIL);
    return true;
}

bool own_stub_parse(const uint8_t *data, size_t len, struct own_stub *out)
{
    if (own_image(data, len, out))
        return true;
    return len > BL_WRAP && own_image(data + BL_WRAP, len - BL_WRAP, out);
}

void own_stub_name(uint32_t version, char *out, size_t cap)
{
    snprintf(out, cap, "plugflash %u.%u.%u", (unsigned)(version >> 16),
             (unsigned)(version >> 8 & 0xff), (unsigned)(version & 0xff));
}

enum pf_err own_stub_check(struct pf_ctx *ctx, const char *chip, const uint8_t *data, size_t len)
{
    struct own_stub own;

    if (!own_stub_parse(data, len, &own))
        return PF_OK;
    if (!own.whole)
        return pf_fail(ctx, PF_ERR_FILE,
                       "this stub of plugflash is damaged or cut: its checksum is wrong");
    if (chip && (!own.chip || strcmp(own.chip, chip) != 0))
        return pf_fail(ctx, PF_ERR_CHIP, "this stub of plugflash is for the chip %s, not for %s",
                       own.chip ? own.chip : "of another family", chip);
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
