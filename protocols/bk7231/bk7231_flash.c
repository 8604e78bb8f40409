/* bk7231_flash.c - read, digest, erase and write; the last line of defence.
 *
 * Neither loader reports a flash that did not obey, and no frame carries a
 * checksum. Hence: every address is checked here, the first change after
 * linking is proved by reading back, and a reply that speaks of another place
 * than asked for is looked into before anything else happens. */
#include "bk7231/bk7231_session.h"

#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"

#define ESCALATIONS 3 /* as is; link check again; reset the loader */

static enum pf_err bk7231_check_span(const struct bk7231 *s, uint32_t addr, size_t len,
                                     uint32_t unit)
{
    uint32_t size = s->base.id.flash_size;

    if (addr % unit || len % unit)
        return pf_fail(s->base.ctx, PF_ERR_RANGE, "0x%06x+0x%zx is not aligned to %u bytes",
                       (unsigned)addr, len, (unsigned)unit);
    if (addr > size || len > size - addr)
        return pf_fail(s->base.ctx, PF_ERR_RANGE, "0x%06x+0x%zx is outside the flash of 0x%x bytes",
                       (unsigned)addr, len, (unsigned)size);
    return PF_OK;
}

/* The same for a change. Flash address bits above the size wrap to the loader
 * on both chips; only on the T is that the end of serial flashing. */
static enum pf_err bk7231_check_change(const struct bk7231 *s, uint32_t addr, size_t len)
{
    PF_TRY(bk7231_check_span(s, addr, len, PF_SECTOR));
    if (s->cls != BK7231_CLASS_N && addr < BK7231_APP_START && len)
        return pf_fail(s->base.ctx, PF_ERR_GUARD,
                       "0x%06x lies in the UART loader of the %s, which ends at 0x%06x: without it "
                       "the chip can only be flashed over SPI",
                       (unsigned)addr, s->base.chip->title, BK7231_APP_START);
    return PF_OK;
}

/* T refuses to read below 10000h, but the flash repeats behind its end. */
uint32_t bk7231_wire_addr(const struct bk7231 *s, uint32_t addr)
{
    if (s->cls != BK7231_CLASS_N && addr < BK7231_APP_START)
        return addr + s->base.id.flash_size;
    return addr;
}

enum pf_err bk7231_read_sector(struct bk7231 *s, uint32_t wire, uint8_t *buf)
{
    struct bk7231_request rq = bk7231_req_read_4k(wire);
    struct bk7231_reply r;

    PF_TRY(bk7231_command(s, "read", &rq, &r));
    memcpy(buf, r.body + 4, PF_SECTOR);
    return PF_OK;
}

/* What is needed to prove the end of CheckCRC by this sector. */
static void bk7231_keep_sample(struct bk7231 *s, uint32_t addr, const uint8_t *buf)
{
    if (s->crc_end != BK7231_CRC_UNPROVEN)
        return;
    s->has_sample = true;
    s->sample_addr = addr;
    s->sample_short = pf_crc32(0, buf, PF_SECTOR - 1);
    s->sample_full = pf_crc32(s->sample_short, buf + PF_SECTOR - 1, 1);
}

enum pf_err bk7231_read(struct pf_session *ps, uint32_t addr, uint8_t *buf, size_t len)
{
    struct bk7231 *s = bk7231_of(ps);

    PF_TRY(bk7231_check_span(s, addr, len, PF_SECTOR));
    for (size_t at = 0; at < len; at += PF_SECTOR) {
        uint32_t here = addr + (uint32_t)at;
        uint64_t skipped = s->skipped;

        PF_TRY(bk7231_read_sector(s, bk7231_wire_addr(s, here), buf + at));
        /* Bytes in front of this answer may be the end of the last one, pushed
         * out by something inserted: see bk7231_alone(). */
        if (at && s->skipped != skipped)
            PF_TRY(
                bk7231_read_sector(s, bk7231_wire_addr(s, here - PF_SECTOR), buf + at - PF_SECTOR));
        bk7231_keep_sample(s, here, buf + at);
    }
    return PF_OK;
}

/* digest ------------------------------------------------------------------- */

enum pf_err bk7231_crc(struct bk7231 *s, uint32_t start, uint32_t end, uint32_t *crc)
{
    struct bk7231_request rq = bk7231_req_check_crc(start, end);
    struct bk7231_reply r;

    if (s->cls != BK7231_CLASS_N) { /* protects the flash: reference 4.3 */
        s->open = false;
        s->spoiled |= s->crc_spoils;
    }
    PF_TRY(bk7231_command(s, "digest", &rq, &r));
    *crc = bk7231_crc_from_wire(get_le32(r.body));
    return PF_OK;
}

/* Ask for a sector whose content we know, with the end that is right for both
 * known loaders; what it disagrees with tells the convention. */
static enum pf_err bk7231_prove_end(struct bk7231 *s)
{
    uint8_t *sector;
    enum pf_err err = PF_OK;
    uint32_t crc = 0;

    sector = malloc(PF_SECTOR);
    if (!sector)
        return pf_fail(s->base.ctx, PF_ERR_NOMEM, "no memory for one sector");
    /* Thrice: the sector read may be the one with the flipped bit. */
    for (int try = 0; !err && s->crc_end == BK7231_CRC_UNPROVEN && try < 3; try++) {
        if (!s->has_sample)
            err = bk7231_read(&s->base, BK7231_APP_START, sector, PF_SECTOR);
        if (!err)
            err = bk7231_crc(s, s->sample_addr, s->sample_addr + PF_SECTOR - 1, &crc);
        if (!err && crc == s->sample_full)
            s->crc_end = BK7231_CRC_LAST;
        else if (!err && crc == s->sample_short)
            s->crc_end = BK7231_CRC_BEHIND;
        s->has_sample = false;
    }
    free(sector);
    if (!err && s->crc_end == BK7231_CRC_UNPROVEN)
        s->crc_end = BK7231_CRC_UNUSABLE;
    if (!err && s->crc_end == BK7231_CRC_BEHIND)
        pf_log(s->base.ctx, "this loader's CheckCRC takes the end behind the last byte");
    return err;
}

enum pf_err bk7231_digest(struct pf_session *ps, uint32_t addr, size_t len, struct pf_digest *out)
{
    struct bk7231 *s = bk7231_of(ps);
    uint32_t end;

    *out = (struct pf_digest){.kind = PF_DIGEST_CRC32};
    PF_TRY(bk7231_check_span(s, addr, len, PF_PAGE));
    if (len == 0)
        return PF_OK; /* the CRC of nothing */
    if (s->crc_end == BK7231_CRC_UNPROVEN)
        PF_TRY(bk7231_prove_end(s));
    if (s->crc_end == BK7231_CRC_UNUSABLE)
        return pf_fail(s->base.ctx, PF_ERR_UNPROVEN,
                       "CheckCRC of this loader disagrees with what it reads, over whole sectors "
                       "and over one byte less");
    end = addr + (uint32_t)len - (s->crc_end == BK7231_CRC_LAST ? 1 : 0);
    return bk7231_crc(s, addr, end, &out->crc32);
}

/* erase -------------------------------------------------------------------- */

/* Let the next erase find the T's unprotect latch armed. A CheckCRC on loaders
 * 1.0.1 and 1.0.4 breaks that until the next reset: reference 16, finding 1. */
static enum pf_err bk7231_arm(struct bk7231 *s)
{
    struct bk7231_request rq = bk7231_req_link_check();
    struct bk7231_reply r;

    if (s->cls == BK7231_CLASS_N || s->open)
        return PF_OK;
    if (s->spoiled) {
        pf_log(s->base.ctx, "resetting the loader: a CRC has locked the flash for this loader (%s)",
               s->base.id.loader[0] ? s->base.id.loader : "unknown version");
        return bk7231_reboot(s);
    }
    return bk7231_command(s, "erase", &rq, &r);
}

static void bk7231_forget_sample(struct bk7231 *s, uint32_t addr, uint32_t len)
{
    if (s->has_sample && s->sample_addr - addr < len)
        s->has_sample = false;
}

enum pf_err bk7231_erase_once(struct bk7231 *s, enum bk7231_erase_code code, uint32_t addr)
{
    struct bk7231_request rq = bk7231_req_erase(code, addr);
    struct bk7231_reply r;

    PF_TRY(bk7231_arm(s));
    PF_TRY(bk7231_command(s, "erase", &rq, &r));
    s->open = true;
    return PF_OK;
}

/* An erase was acknowledged and did nothing: what may help next. */
static enum pf_err bk7231_escalate(struct bk7231 *s, int round, uint32_t addr)
{
    pf_retry(s->base.ctx, "erase", PF_ERR_REFUSED,
             "flash at 0x%06x was not erased; unlocking again", (unsigned)addr);
    s->open = false;
    if (s->cls == BK7231_CLASS_N)
        return s->unlocked ? bk7231_unlock(&s->base) : PF_OK;
    s->spoiled |= round > 0; /* the second time, reset the loader */
    return PF_OK;
}

/* Erase one sector or block; the first one since linking is looked at before
 * and after, since a protected flash is erased with status 0 as well. */
static enum pf_err bk7231_erase_unit(struct bk7231 *s, enum bk7231_erase_code code, uint32_t addr,
                                     uint8_t *look)
{
    bool telling = false;

    bk7231_forget_sample(s, addr, code == BK7231_ERASE_BLOCK ? PF_BLOCK : PF_SECTOR);
    if (!s->proven) {
        PF_TRY(bk7231_read_sector(s, addr, look));
        telling = !pf_is_blank(look, PF_SECTOR);
    }
    for (int round = 0;; round++) {
        PF_TRY(bk7231_erase_once(s, code, addr));
        if (!telling)
            return PF_OK; /* proven before, or blank before: the next one tells */
        PF_TRY(bk7231_read_sector(s, addr, look));
        if (pf_is_blank(look, PF_SECTOR)) {
            s->proven = true;
            return PF_OK;
        }
        if (round + 1 == ESCALATIONS)
            return pf_fail(s->base.ctx, PF_ERR_REFUSED,
                           "flash still write-protected: the erase of 0x%06x was acknowledged, but "
                           "the sector holds 0x%02x...",
                           (unsigned)addr, look[0]);
        PF_TRY(bk7231_escalate(s, round, addr));
    }
}

enum pf_err bk7231_erase(struct pf_session *ps, uint32_t addr, size_t len)
{
    struct bk7231 *s = bk7231_of(ps);
    enum pf_err err = PF_OK;
    uint8_t *look;

    PF_TRY(bk7231_check_change(s, addr, len));
    PF_TRY(bk7231_keep_tail(s));
    look = malloc(PF_SECTOR);
    if (!look)
        return pf_fail(s->base.ctx, PF_ERR_NOMEM, "no memory for one sector");
    while (!err && len) {
        bool block = addr % PF_BLOCK == 0 && len >= PF_BLOCK;
        uint32_t step = block ? PF_BLOCK : PF_SECTOR;

        err = bk7231_erase_unit(s, block ? BK7231_ERASE_BLOCK : BK7231_ERASE_SECTOR, addr, look);
        addr += step;
        len -= step;
        if (!err && len)
            err = pf_check_cancel(s->base.ctx);
    }
    free(look);
    return err;
}

/* write -------------------------------------------------------------------- */

/* `want` can be programmed over `have` without an erase. */
static bool bk7231_programmable(const uint8_t *have, const uint8_t *want)
{
    for (size_t i = 0; i < PF_SECTOR; i++)
        if ((have[i] & want[i]) != want[i])
            return false;
    return true;
}

/* Look at a sector after a write that may or may not have happened. */
static enum pf_err bk7231_mend_sector(struct bk7231 *s, uint32_t addr, const uint8_t *data,
                                      uint8_t *look, bool *done)
{
    PF_TRY(bk7231_read_sector(s, addr, look));
    *done = memcmp(look, data, PF_SECTOR) == 0;
    if (*done) {
        s->proven = true;
        return PF_OK;
    }
    /* Still blank although acknowledged means protected, half-written means a
     * damaged request; on the T only an erase lifts protection. */
    if (s->cls != BK7231_CLASS_N || !bk7231_programmable(look, data)) {
        s->open = false;
        return bk7231_erase_unit(s, BK7231_ERASE_SECTOR, addr, look);
    }
    return s->unlocked ? bk7231_unlock(&s->base) : PF_OK;
}

static enum pf_err bk7231_write_sector(struct bk7231 *s, uint32_t addr, const uint8_t *data,
                                       uint8_t *look)
{
    struct bk7231_request rq = bk7231_req_write_4k(addr, data);
    bool done = false, again = true;
    enum pf_err err = PF_OK;
    struct bk7231_reply r;

    bk7231_forget_sample(s, addr, PF_SECTOR);
    for (unsigned try = 0; try <= s->retries; try++) {
        /* T: a write without an erase since linking is ignored in silence. */
        if (s->cls != BK7231_CLASS_N && !s->open)
            PF_TRY(bk7231_erase_unit(s, BK7231_ERASE_SECTOR, addr, look));
        err = bk7231_try(s, "write", &rq, try, &r, &again);
        if (!err && !s->poked && s->proven)
            return PF_OK;
        if (err && !again)
            return err;
        PF_TRY(bk7231_mend_sector(s, addr, data, look, &done));
        if (done)
            return PF_OK;
    }
    if (err)
        return err;
    return pf_fail(s->base.ctx, PF_ERR_REFUSED,
                   "flash still write-protected or worn: the write of 0x%06x was acknowledged, but "
                   "the sector holds something else",
                   (unsigned)addr);
}

enum pf_err bk7231_write(struct pf_session *ps, uint32_t addr, const uint8_t *data, size_t len)
{
    struct bk7231 *s = bk7231_of(ps);
    enum pf_err err = PF_OK;
    uint8_t *look;

    PF_TRY(bk7231_check_change(s, addr, len));
    PF_TRY(bk7231_keep_tail(s));
    look = malloc(PF_SECTOR);
    if (!look)
        return pf_fail(s->base.ctx, PF_ERR_NOMEM, "no memory for one sector");
    for (size_t at = 0; !err && at < len; at += PF_SECTOR)
        if (!pf_is_blank(data + at, PF_SECTOR))
            err = bk7231_write_sector(s, addr + (uint32_t)at, data + at, look);
    free(look);
    return err;
}
