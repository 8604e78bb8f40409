/* ecr6600_identify.c - which stub, which flash, and who owns which part of it.
 *
 * Command 90 is answered by the custom stub only,
 * and by ours. The vendor's versions are
 * told apart by what they do not know: type 0A comes back as itself from
 * 1.3.11, whose table has a hole there, and as FF from those whose table ends
 * before; 09 hashes on 1.3.4 and is unknown to 1.4.0. A stub of our own knows 90
 * and names 0A. */
#include "ecr6600/ecr6600_session.h"
#include "own_stub.h"
#include "plugflash/stub.h"

#include <stdio.h>
#include <string.h>

#include "core/bytes.h"

#define RANGE_TOP    0x1000000u /* reads of 8 bytes from here, halving */
#define RANGE_BOTTOM 0x10000u
#define RANGE_BYTES  8u
#define EFUSE_CHIP   0x10u
#define EFUSE_CTRL   0x20u
#define CTRL_SECURE  (UINT32_C(1) << 2)
#define CTRL_ENCRYPT (UINT32_C(1) << 3)
#define NO_RANGE     UINT32_MAX

const struct ecr6600_traits ecr6600_own = {"plugflash stub", 0x2000, true, false, true, true};
const struct ecr6600_traits ecr6600_custom = {"custom stub", 0x8000, true, false, true, false};
const struct ecr6600_traits ecr6600_v1311 = {
    "vendor stub 1.3.11", 0x2000, true, false, false, false};
const struct ecr6600_traits ecr6600_v134 = {"vendor stub 1.3.4", 0x8000, true, true, false, false};
const struct ecr6600_traits ecr6600_v140 = {"vendor stub 1.4.0", 0x8000, false, true, false, false};
/* What holds for all of them. */
const struct ecr6600_traits ecr6600_cautious = {"unknown stub", 0x2000, false, true, false, false};

/* An exchange that may be refused: PF_OK, and *reply is the answer, also of an
 * error. "Unknown" is also what a damaged request gets, so it must come twice. */
static enum pf_err identify_ask(struct ecr6600 *s, const struct ecr6600_request *rq,
                                struct ecr6600_reply *reply)
{
    enum pf_err err = PF_ERR_TIMEOUT;
    int said = -1; /* by the error answer before */

    for (unsigned try = 0; try <= s->retries; try++) {
        if (s->dirty) {
            err = ecr6600_realign(s);
            if (err == PF_ERR_TIMEOUT || err == PF_ERR_PROTOCOL)
                err = ecr6600_recover(s);
            PF_TRY(err);
        }
        err = ecr6600_exchange(s, rq, reply);
        if (!err)
            return PF_OK;
        if (err == PF_ERR_REFUSED && reply->what == ECR6600_ANSWER)
            return PF_OK;
        if (err != PF_ERR_TIMEOUT && err != PF_ERR_PROTOCOL)
            return err;
        if (s->dirty || reply->what != ECR6600_ANSWER)
            continue;
        if (said == (reply->op << 8 | reply->status))
            return PF_OK;
        said = reply->op << 8 | reply->status;
    }
    return err;
}

static void identify_flash_text(struct ecr6600 *s)
{
    s->flash_text |= s->diag && heard_says(&s->diag->heard, "flash!");
}

enum pf_err ecr6600_hello(struct ecr6600 *s, unsigned tries, uint64_t wait_us)
{
    struct ecr6600_request id = ecr6600_req_flash_id(), sync = ecr6600_req_sync();
    struct ecr6600_reply reply;
    enum pf_err err = PF_ERR_TIMEOUT;

    for (unsigned i = 0; i < tries; i++) {
        PF_TRY(pf_check_cancel(s->base.ctx));
        PF_TRY(ecr6600_discard(s));
        err = ecr6600_exchange_in(s, &id, wait_us, &reply);
        if (!err || reply.what == ECR6600_ANSWER) {
            /* An echo or a line of text answers one of them, not both. */
            err = ecr6600_exchange_in(s, &sync, wait_us, &reply);
            if (!err)
                break;
        }
        identify_flash_text(s);
        if (err != PF_ERR_TIMEOUT && err != PF_ERR_PROTOCOL && err != PF_ERR_REFUSED)
            return err;
        err = PF_ERR_TIMEOUT;
    }
    if (!err)
        s->dirty = false;
    return err;
}

static enum pf_err identify_vendor(struct ecr6600 *s, const struct ecr6600_traits **out)
{
    struct ecr6600_request hole = ecr6600_req_hole();
    struct ecr6600_request hash = ecr6600_req_sha256(0, PF_SECTOR);
    struct ecr6600_reply reply;
    char *why = s->base.id.evidence;
    const size_t cap = sizeof s->base.id.evidence;
    bool has_hash;

    PF_TRY(identify_ask(s, &hole, &reply));
    if (reply.status != ECR6600_ST_TYPE) {
        *out = &ecr6600_cautious;
        snprintf(why, cap, "answers the stub protocol, but type 0A with status %u as none known",
                 reply.status);
        return PF_OK;
    }
    if (reply.op == ECR6600_OP_HOLE) {
        *out = &ecr6600_v1311;
        snprintf(why, cap,
                 "does not know command 90 and names the unknown type 0A: vendor stub 1.3.11");
        return PF_OK;
    }
    PF_TRY(identify_ask(s, &hash, &reply));
    has_hash = reply.op == ECR6600_OP_SHA256;
    *out = has_hash ? &ecr6600_v134 : &ecr6600_v140;
    snprintf(why, cap, "does not know command 90 nor type 0A and %s: vendor stub %s",
             has_hash ? "hashes" : "cannot hash", has_hash ? "1.3.4" : "1.4.0");
    return PF_OK;
}

/* Ours knows command 90 as the custom stub does, and names the type it does not
 * know. Nobody else may be asked more than is needed. */
static enum pf_err identify_ours(struct ecr6600 *s, bool *ours)
{
    struct ecr6600_request hole = ecr6600_req_hole();
    struct ecr6600_reply reply;

    *ours = false;
    if (!s->live && !s->stub_ours)
        return PF_OK;
    PF_TRY(identify_ask(s, &hole, &reply));
    *ours = reply.op == ECR6600_OP_HOLE && reply.status == ECR6600_ST_TYPE;
    return PF_OK;
}

enum pf_err ecr6600_who(struct ecr6600 *s)
{
    struct ecr6600_request id = ecr6600_req_flash_id();
    const struct ecr6600_traits *traits = &ecr6600_custom;
    struct ecr6600_reply reply;
    bool ours;

    PF_TRY(identify_ask(s, &id, &reply));
    if (reply.op == ECR6600_OP_FLASH_ID && reply.status == ECR6600_ST_OK) {
        memcpy(s->base.id.jedec, reply.body, 3);
        s->base.id.has_jedec = reply.body[0] != 0xff && reply.body[0] != 0;
        PF_TRY(identify_ours(s, &ours));
        traits = ours ? &ecr6600_own : &ecr6600_custom;
        snprintf(s->base.id.evidence, sizeof s->base.id.evidence,
                 ours ? "answers command 90 and names the unknown type 0A: plugflash stub"
                      : "answers command 90: custom stub");
    } else {
        PF_TRY(identify_vendor(s, &traits));
    }
    s->traits = traits;
    s->base.read_chunk = s->traits->read_max;
    snprintf(s->base.id.loader, sizeof s->base.id.loader, "%s", s->traits->name);
    if (s->traits->ours && s->stub_ours && !s->live)
        pf_stub_name(s->stub_version, s->base.id.loader, sizeof s->base.id.loader);
    return PF_OK;
}

/* size ---------------------------------------------------------------------- */

/* Would the stub read here? */
static enum pf_err identify_in_range(struct ecr6600 *s, uint32_t addr, bool *yes)
{
    struct ecr6600_request rq = ecr6600_req_read(addr, RANGE_BYTES);
    struct ecr6600_reply reply;

    PF_TRY(identify_ask(s, &rq, &reply));
    *yes = reply.status == ECR6600_ST_OK;
    if (!*yes && reply.status != ECR6600_ST_ADDR)
        return pf_fail(s->base.ctx, PF_ERR_PROTOCOL,
                       "the stub answers a read at 0x%06x with status %u", (unsigned)addr,
                       reply.status);
    return PF_OK;
}

static enum pf_err identify_range(struct ecr6600 *s, uint32_t *size)
{
    bool yes = false;

    *size = 0;
    for (uint32_t addr = RANGE_TOP; addr >= RANGE_BOTTOM; addr /= 2) {
        PF_TRY(identify_in_range(s, addr, &yes));
        if (yes) {
            *size = 2 * addr;
            return PF_OK;
        }
    }
    PF_TRY(identify_in_range(s, 0, &yes));
    if (yes)
        *size = 2 * RANGE_BOTTOM;
    return PF_OK;
}

static enum pf_err identify_no_flash(struct ecr6600 *s)
{
    const uint8_t *id = s->base.id.jedec;

    if (s->base.id.has_jedec)
        return pf_fail(s->base.ctx, PF_ERR_SUPPORT,
                       "this stub does not work with the flash it has found (id %02x %02x %02x): "
                       "try another stub",
                       id[0], id[1], id[2]);
    return pf_fail(s->base.ctx, PF_ERR_SUPPORT,
                   "the stub refuses every flash address%s: it has not found its flash, or one of "
                   "a size it does not know",
                   s->flash_text ? " and said \"flash!\"" : "");
}

static enum pf_err identify_size(struct ecr6600 *s)
{
    struct pf_identity *id = &s->base.id;
    uint32_t by_range;

    if (id->has_jedec) {
        bool yes;

        id->flash_part = ecr6600_flash_part(id->jedec);
        id->flash_size = ecr6600_flash_size(id->jedec);
        id->size_from = "jedec";
        PF_TRY(identify_in_range(s, 0, &yes));
        if (!yes)
            return identify_no_flash(s);
    }
    if (!id->has_jedec || id->flash_size == 0) {
        PF_TRY(identify_range(s, &by_range));
        if (by_range == 0)
            return identify_no_flash(s);
        id->flash_size = by_range;
        id->size_from = "range";
    }
    if (s->option_size) {
        id->flash_size = s->option_size;
        id->size_from = "option";
    }
    s->ranged = true;
    return PF_OK;
}

/* efuse --------------------------------------------------------------------- */

/* The words we need, however this stub gives them; only ever read. */
static enum pf_err identify_efuse(struct ecr6600 *s, uint32_t *chip, uint32_t *ctrl, bool *known)
{
    struct ecr6600_request rq = ecr6600_req_efuse_all();
    struct ecr6600_reply reply;
    uint32_t word[2] = {0, 0};

    *known = false;
    if (s->traits->flash_id) {
        PF_TRY(identify_ask(s, &rq, &reply));
        *known = reply.op == rq.op && reply.len == ECR6600_EFUSE_LEN;
        if (*known) {
            *chip = get_le32(reply.body + EFUSE_CHIP);
            *ctrl = get_le32(reply.body + EFUSE_CTRL);
        }
        return PF_OK;
    }
    for (int i = 0; i < 2; i++) {
        rq = ecr6600_req_efuse(i ? EFUSE_CTRL : EFUSE_CHIP, 4);
        PF_TRY(identify_ask(s, &rq, &reply));
        if (reply.op != rq.op || reply.len != 4)
            return PF_OK;
        word[i] = get_le32(reply.body);
    }
    *chip = word[0];
    *ctrl = word[1];
    *known = true;
    return PF_OK;
}

static bool identify_encrypts(uint32_t ctrl)
{
    unsigned count = ctrl >> 8 & 0xff, ones = 0;

    for (unsigned v = count; v; v &= v - 1)
        ones++;
    return ctrl & CTRL_ENCRYPT && count != 0xff && ones % 2;
}

static enum pf_err identify_fuses(struct ecr6600 *s)
{
    struct pf_identity *id = &s->base.id;
    uint32_t chip = 0, ctrl = 0;
    bool known;

    PF_TRY(identify_efuse(s, &chip, &ctrl, &known));
    if (!known) {
        pf_log(s->base.ctx, "this stub does not tell the efuse");
        return PF_OK;
    }
    id->chip_id = chip;
    id->has_chip_id = chip != 0; /* nothing to type back otherwise */
    s->encrypts = identify_encrypts(ctrl);
    if (s->encrypts)
        pf_warn(s->base.ctx,
                "this chip encrypts its flash (efuse 0x%08x): it can be read, but "
                "writing is refused",
                (unsigned)ctrl);
    if (ctrl & CTRL_SECURE)
        pf_warn(s->base.ctx,
                "secure boot is on (efuse 0x%08x): this chip starts signed firmware "
                "only",
                (unsigned)ctrl);
    return PF_OK;
}

/* regions ------------------------------------------------------------------- */

static enum pf_err identify_regions(struct ecr6600 *s)
{
    struct ecr6600_request rq = ecr6600_req_read(0, PF_SECTOR);
    struct pf_identity *id = &s->base.id;
    struct ecr6600_reply reply;
    size_t used = strlen(id->evidence);
    bool own;

    PF_TRY(ecr6600_command(s, "probe", &rq, &reply));
    own = ecr6600_layout_parse(&s->layout, reply.body, id->flash_size);
    if (!own) {
        ecr6600_layout_default(&s->layout, s->base.chip->regions, id->flash_size);
        pf_log(s->base.ctx, "no partition table at 0x0: the regions are those of a 2 MiB module");
    }
    snprintf(id->evidence + used, sizeof id->evidence - used, "; regions from %s",
             own ? "its partition table" : "the common 2 MiB layout");
    s->base.regions = s->layout.region;
    return PF_OK;
}

enum pf_err ecr6600_identify(struct ecr6600 *s)
{
    PF_TRY(identify_size(s));
    PF_TRY(identify_fuses(s));
    return identify_regions(s);
}
