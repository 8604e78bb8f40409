/* bl602_flash.c - read, digest, erase and write.
 *
 * Requests carry a sum of 8 bits over all but their command byte, answers with
 * data carry nothing. Hence: every address is checked here, a request whose sum
 * would be 0 (that is: unchecked) is cut so that it is not, an OK to a write is
 * taken for what it is (received, not programmed), and content is proved by the
 * SHA-256 that the operation asks for. */
#include "bl602/bl602_session.h"

#include <string.h>

#include "core/checksum.h"

static enum pf_err flash_check_span(const struct bl602 *s, uint32_t addr, size_t len, uint32_t unit)
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

/* One flash_read and its retries, which ask for less. *got bytes are in. */
static enum pf_err flash_read_piece(struct bl602 *s, uint32_t addr, uint8_t *buf, size_t len,
                                    size_t *got)
{
    bool again = true;
    enum pf_err err = PF_OK;
    struct bl602_reply r;

    for (unsigned try = 0; again; try++) {
        struct bl602_request rq = bl602_req_read(addr, (uint32_t)len);

        s->short_answer = false;
        err = bl602_try(s, "read", &rq, try, &r, &again);
        if (!err) {
            memcpy(buf, r.data, len);
            *got = len;
            return PF_OK;
        }
        if (s->short_answer && len > PF_SECTOR) /* a build that clips earlier */
            s->read_max = s->base.read_chunk = PF_SECTOR;
        if (len > PF_SECTOR)
            len = PF_SECTOR;
    }
    return err;
}

/* The command byte is in no checksum, and flash_read is one bit away from
 * flash_erase, to which the length would be an end. A length below the sector
 * it starts in ends such an erase before it starts. Only in the first sector
 * there is no such length. */
static size_t flash_read_len(const struct bl602 *s, uint32_t addr, size_t left)
{
    size_t max = addr < PF_SECTOR ? PF_SECTOR - addr : addr / PF_SECTOR * PF_SECTOR - 1;

    if (max > s->read_max)
        max = s->read_max;
    return left < max ? left : max;
}

enum pf_err bl602_read(struct pf_session *ps, uint32_t addr, uint8_t *buf, size_t len)
{
    struct bl602 *s = bl602_of(ps);

    PF_TRY(flash_check_span(s, addr, len, PF_SECTOR));
    for (size_t at = 0, got = 0; at < len; at += got) {
        uint32_t here = addr + (uint32_t)at;

        PF_TRY(flash_read_piece(s, here, buf + at, flash_read_len(s, here, len - at), &got));
    }
    return PF_OK;
}

enum pf_err bl602_digest(struct pf_session *ps, uint32_t addr, size_t len, struct pf_digest *out)
{
    struct bl602 *s = bl602_of(ps);
    struct bl602_request rq = bl602_req_sha256(addr, (uint32_t)len);
    struct bl602_reply r;

    *out = (struct pf_digest){.kind = PF_DIGEST_SHA256};
    PF_TRY(flash_check_span(s, addr, len, PF_PAGE));
    if (len == 0) {
        pf_sha256("", 0, out->sha256);
        return PF_OK;
    }
    PF_TRY(bl602_check_writes(s));
    PF_TRY(bl602_command(s, "digest", &rq, &r));
    memcpy(out->sha256, r.data, 32);
    return PF_OK;
}

enum pf_err bl602_check_writes(struct bl602 *s)
{
    struct bl602_request rq = bl602_req_write_check();
    struct bl602_reply r;
    enum pf_err err;

    if (!s->unchecked)
        return PF_OK;
    rq.addr = s->write_first;
    err = bl602_command(s, "write", &rq, &r);
    if (err == PF_ERR_REFUSED) {
        pf_retry(s->base.ctx, "write", err,
                 "the loader reports a failed write between 0x%06x and 0x%06x (FL %04x)",
                 (unsigned)s->write_first, (unsigned)s->write_last, s->code);
        err = PF_OK;
    }
    if (!err)
        s->unchecked = false;
    return err;
}

/* The end on the wire is the last byte's address: one more erases another
 * sector. FL means that nothing may be programmed there. */
enum pf_err bl602_erase(struct pf_session *ps, uint32_t addr, size_t len)
{
    struct bl602 *s = bl602_of(ps);

    PF_TRY(flash_check_span(s, addr, len, PF_SECTOR));
    while (len) {
        size_t step = PF_BLOCK - addr % PF_BLOCK;
        struct bl602_request rq;
        struct bl602_reply r;

        if (step > len)
            step = len;
        PF_TRY(bl602_check_writes(s)); /* an erase forgets what went wrong before */
        rq = bl602_req_erase(addr, addr + (uint32_t)step - 1);
        PF_TRY(bl602_command(s, "erase", &rq, &r));
        addr += (uint32_t)step;
        len -= step;
        if (len)
            PF_TRY(pf_check_cancel(s->base.ctx));
    }
    return PF_OK;
}

/* A failure is remembered until the next erase, and every write is refused till
 * then. An erase that ends before it starts touches nothing. */
static enum pf_err flash_forget_failure(struct bl602 *s, uint32_t addr)
{
    uint32_t sector = addr - addr % PF_SECTOR;
    struct bl602_request rq = bl602_req_erase(sector, sector - 1);
    struct bl602_reply r;

    if (sector == 0) /* there is nothing before it to end at */
        return PF_ERR_REFUSED;
    return bl602_command(s, "write", &rq, &r);
}

/* One flash_write. Programming the same bytes twice does no harm, so it may be
 * sent again whatever became of it. A failure may be that of an earlier piece:
 * the digest will tell. */
static enum pf_err flash_write_piece(struct bl602 *s, uint32_t addr, const uint8_t *data,
                                     size_t len)
{
    struct bl602_request rq = bl602_req_write(addr, data, len);
    bool again = true;
    enum pf_err err = PF_OK;
    struct bl602_reply r;

    for (unsigned try = 0; again; try++) {
        err = bl602_try(s, "write", &rq, try, &r, &again);
        if (err == PF_ERR_REFUSED && s->code == BL602_ERR_WRITE && try < s->retries) {
            pf_retry(s->base.ctx, "write", err, "%s", s->base.ctx->text);
            PF_TRY(flash_forget_failure(s, addr));
            again = true;
        }
    }
    if (err)
        return err;
    if (!s->unchecked)
        s->write_first = addr;
    s->unchecked = true;
    s->write_last = addr + (uint32_t)len - 1;
    return PF_OK;
}

enum pf_err bl602_write(struct pf_session *ps, uint32_t addr, const uint8_t *data, size_t len)
{
    struct bl602 *s = bl602_of(ps);

    PF_TRY(flash_check_span(s, addr, len, PF_SECTOR));
    for (size_t at = 0, n; at < len; at += n) {
        uint32_t here = addr + (uint32_t)at;
        struct bl602_request rq;

        n = len - at < PF_SECTOR ? len - at : PF_SECTOR;
        if (pf_is_blank(data + at, n))
            continue;
        rq = bl602_req_write(here, data + at, n);
        /* A sum of 0 would not be checked, and four bytes of data look like an
         * erase to a damaged command byte: any other length will do. */
        while (n > 1 && (bl602_checksum(rq.arg, rq.arg_len, data + at, n) == 0 || n == 4 ||
                         len - at - n == 4))
            n--;
        PF_TRY(flash_write_piece(s, here, data + at, n));
    }
    return PF_OK;
}
