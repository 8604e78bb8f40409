/* bk7231_protect.c - what only the N's ROM offers: status registers, so that
 * the host lifts write protection itself, and eFuse. */
#include "bk7231/bk7231_session.h"

#include "core/bytes.h"

#define SR1            0x05
#define SR2            0x35
#define SR_WRITE       0x01
#define SR2_WRITE      0x31
#define SR2_OWN_TRY    2      /* from this try on */
#define GENERIC_MASK   0x407c /* CMP, BP4..BP0: right for nearly every part */
#define UNLOCK_TRIES   10
#define UNLOCK_WAIT_US 10000
#define EFUSE_CTRL     0x00800074u /* bit 0 start, bit 1 direction, 12..8 index, 23..16 data */
#define EFUSE_OPTR     0x00800078u /* 7..0 data, bit 8 valid */
#define EFUSE_START    0x1u
#define EFUSE_PROGRAM  0x2u /* burns fuses; must never be sent */
#define EFUSE_INDEX    0x1f00u
#define EFUSE_POLLS    10

enum pf_err bk7231_read_register(struct bk7231 *s, uint32_t addr, uint32_t *value)
{
    struct bk7231_request rq = bk7231_req_read_reg(addr);
    struct bk7231_reply r;

    PF_TRY(bk7231_command(s, "identify", &rq, &r));
    *value = get_le32(r.body + 4);
    return PF_OK;
}

static enum pf_err bk7231_read_sr(struct bk7231 *s, uint8_t reg, uint8_t *value)
{
    struct bk7231_request rq = bk7231_req_read_sr(reg);
    struct bk7231_reply r;

    PF_TRY(bk7231_command(s, "protect", &rq, &r));
    *value = r.body[1];
    return PF_OK;
}

static bool bk7231_known_protection(const struct bk7231 *s)
{
    return s->flash && (s->flash->mask || s->flash->sr_bytes == 0);
}

uint16_t bk7231_protect_mask(const struct bk7231 *s)
{
    return bk7231_known_protection(s) ? s->flash->mask : GENERIC_MASK;
}

enum pf_err bk7231_read_status(struct bk7231 *s, uint16_t *sr)
{
    uint8_t second = bk7231_known_protection(s) ? s->flash->second_reg : SR2;
    uint8_t lo = 0, hi = 0;

    PF_TRY(bk7231_read_sr(s, SR1, &lo));
    if (second)
        PF_TRY(bk7231_read_sr(s, second, &hi));
    s->sr2_absent = hi == 0xff; /* nobody drives the line: a part with one register */
    if (s->sr2_absent)
        hi = 0;
    *sr = (uint16_t)(lo | hi << 8);
    return PF_OK;
}

static enum pf_err bk7231_write_sr(struct bk7231 *s, uint8_t reg, uint16_t value, unsigned bytes)
{
    struct bk7231_request rq = bk7231_req_write_sr(reg, value, bytes);
    struct bk7231_reply r;
    enum pf_err err = bk7231_command(s, "protect", &rq, &r);

    return err == PF_ERR_REFUSED ? PF_OK : err; /* reading back decides */
}

/* Write the status register until `want` is read back in the bits of `mask`.
 * Some parts take their second byte only through an opcode of its own, whatever
 * the table says. */
static enum pf_err bk7231_force_status(struct bk7231 *s, uint16_t want, uint16_t mask)
{
    unsigned bytes = s->flash->sr_bytes > 1 && !s->sr2_absent ? 2 : 1;
    uint16_t sr = 0;

    for (int try = 0; try < UNLOCK_TRIES; try++) {
        PF_TRY(bk7231_write_sr(s, SR_WRITE, want, bytes));
        if (try >= SR2_OWN_TRY && bytes == 2 && s->flash->second_reg == SR2)
            PF_TRY(bk7231_write_sr(s, SR2_WRITE, (uint16_t)(want >> 8), 1));
        PF_TRY(bk7231_read_status(s, &sr));
        s->base.id.status_reg = sr;
        if ((sr & mask) == (want & mask))
            return PF_OK;
        pf_sleep(s->base.port, UNLOCK_WAIT_US);
    }
    return pf_fail(s->base.ctx, PF_ERR_REFUSED,
                   "the flash (%s) keeps its protection: status register 0x%04x, wanted 0x%04x",
                   s->flash->part ? s->flash->part : "unnamed", sr, want);
}

enum pf_err bk7231_unlock(struct pf_session *ps)
{
    struct bk7231 *s = bk7231_of(ps);
    const uint8_t *id = s->base.id.jedec;
    uint16_t mask = bk7231_protect_mask(s), sr;

    if (s->cls != BK7231_CLASS_N) /* the T's loader does it with every erase */
        return PF_OK;
    PF_TRY(bk7231_read_status(s, &sr));
    if (!s->unlocked) { /* not when linking again in the middle of an operation */
        s->sr_found = sr;
        s->sr_changed = false;
        s->unlocked = true;
        s->proven = false;
    }
    if ((sr & mask) == 0) {
        s->base.id.write_protected = false;
        return PF_OK;
    }
    if (!bk7231_known_protection(s)) {
        s->unlocked = false;
        return pf_fail(s->base.ctx, PF_ERR_REFUSED,
                       "the flash (id %02x %02x %02x) is write-protected (status register 0x%04x) "
                       "and not in our table: how to lift its protection is unknown",
                       id[0], id[1], id[2], sr);
    }
    s->sr_changed = true;
    PF_TRY(bk7231_force_status(s, (uint16_t)(sr & ~mask), mask));
    s->base.id.write_protected = false;
    pf_log(s->base.ctx, "write protection lifted: status register 0x%04x, was 0x%04x",
           (unsigned)s->base.id.status_reg, s->sr_found);
    return PF_OK;
}

enum pf_err bk7231_lock(struct pf_session *ps)
{
    struct bk7231 *s = bk7231_of(ps);

    if (s->cls != BK7231_CLASS_N || !s->unlocked)
        return PF_OK;
    s->unlocked = false; /* also when it fails: the next unlock() looks again */
    if (!s->sr_changed)
        return PF_OK;
    s->sr_changed = false;
    PF_TRY(bk7231_force_status(s, s->sr_found, s->flash->mask));
    s->base.id.write_protected = (s->sr_found & s->flash->mask) != 0;
    return PF_OK;
}

/* Start reading eFuse byte i. `ctrl` holds the register's other bits. */
static enum pf_err bk7231_efuse_start(struct bk7231 *s, uint32_t ctrl, unsigned i)
{
    uint32_t value = (ctrl & ~(EFUSE_INDEX | EFUSE_PROGRAM)) | i << 8 | EFUSE_START;
    struct bk7231_request rq = bk7231_req_write_reg(EFUSE_CTRL, value);
    struct bk7231_reply r;

    return bk7231_command(s, "key", &rq, &r);
}

static enum pf_err bk7231_efuse_byte(struct bk7231 *s, uint32_t ctrl, unsigned i, uint8_t *out)
{
    uint32_t v = EFUSE_START;

    PF_TRY(bk7231_efuse_start(s, ctrl, i));
    for (int poll = 0; v & EFUSE_START; poll++) {
        if (poll == EFUSE_POLLS)
            return pf_fail(s->base.ctx, PF_ERR_TIMEOUT, "eFuse byte %u does not become ready", i);
        PF_TRY(bk7231_read_register(s, EFUSE_CTRL, &v));
    }
    PF_TRY(bk7231_read_register(s, EFUSE_OPTR, &v));
    if (!(v & 0x100))
        return pf_fail(s->base.ctx, PF_ERR_SUPPORT, "the flash key is read-protected in eFuse");
    *out = (uint8_t)v;
    return PF_OK;
}

enum pf_err bk7231_read_key(struct pf_session *ps, uint8_t key[16])
{
    struct bk7231 *s = bk7231_of(ps);
    uint32_t ctrl;

    if (s->cls != BK7231_CLASS_N)
        return pf_fail(s->base.ctx, PF_ERR_SUPPORT, "the loader of a %s cannot tell the flash key",
                       s->base.chip->title);
    PF_TRY(bk7231_read_register(s, EFUSE_CTRL, &ctrl));
    for (unsigned i = 0; i < 16; i++)
        PF_TRY(bk7231_efuse_byte(s, ctrl, i, &key[i]));
    return PF_OK;
}
