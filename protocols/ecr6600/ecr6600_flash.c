/* ecr6600_flash.c - read, digest, erase and write.
 *
 * The write command erases what it is going to write. Operations erase first
 * and write then, so an erase of sectors of one 64 KiB block is put off: the
 * write that follows does it, and what no write has taken care of is erased by
 * command before anything else looks at the flash (ecr6600_flush). */
#include "ecr6600/ecr6600_session.h"

#include <string.h>

#include "core/checksum.h"

#define PER_BLOCK     (PF_BLOCK / PF_SECTOR)
#define READ_LEAST    1024u
#define HASH_FAILURES 3u

static enum pf_err flash_check_span(const struct ecr6600 *s, uint32_t addr, size_t len,
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

static enum pf_err flash_check_change(const struct ecr6600 *s, uint32_t addr, size_t len)
{
    PF_TRY(flash_check_span(s, addr, len, PF_SECTOR));
    if (s->encrypts)
        return pf_fail(s->base.ctx, PF_ERR_REFUSED,
                       "this chip encrypts its flash (efuse): what is written would not be what "
                       "it holds afterwards");
    return PF_OK;
}

/* read ---------------------------------------------------------------------- */

enum pf_err ecr6600_read(struct pf_session *ps, uint32_t addr, uint8_t *buf, size_t len)
{
    struct ecr6600 *s = ecr6600_of(ps);
    uint32_t chunk = s->traits->read_max;
    unsigned tries = 0;

    PF_TRY(flash_check_span(s, addr, len, PF_SECTOR));
    PF_TRY(ecr6600_flush(s));
    while (len) {
        uint32_t n = len < chunk ? (uint32_t)len : chunk;
        struct ecr6600_request rq = ecr6600_req_read(addr, n);
        struct ecr6600_reply reply;
        enum pf_err err = ecr6600_exchange(s, &rq, &reply);

        if (err) {
            PF_TRY(ecr6600_again(s, "read", err, ++tries));
            if (chunk > READ_LEAST) /* short answers survive where long ones break */
                chunk /= 2;
            continue;
        }
        tries = 0;
        memcpy(buf, reply.body, n);
        addr += n;
        buf += n;
        len -= n;
    }
    return PF_OK;
}

/* digest -------------------------------------------------------------------- */

static enum pf_err flash_no_digest(struct ecr6600 *s)
{
    if (!s->traits->sha256)
        return pf_fail(s->base.ctx, PF_ERR_SUPPORT, "%s cannot hash", s->traits->name);
    return pf_fail(s->base.ctx, PF_ERR_SUPPORT,
                   "%s may hash what the flash held before it was written", s->traits->name);
}

/* What stub 1.3.11 answers, with status OK, when its hash engine would not. */
static bool flash_is_no_hash(const uint8_t *hash)
{
    static const uint8_t fail[2][4] = {{0xee, 0xee, 0xee, 0xee}, {0xff, 0xff, 0xff, 0xff}};

    return memcmp(hash, fail[0], 4) == 0 || memcmp(hash, fail[1], 4) == 0;
}

enum pf_err ecr6600_digest(struct pf_session *ps, uint32_t addr, size_t len, struct pf_digest *out)
{
    struct ecr6600 *s = ecr6600_of(ps);
    struct ecr6600_request rq = ecr6600_req_sha256(addr, (uint32_t)len);
    struct ecr6600_reply reply;

    *out = (struct pf_digest){.kind = PF_DIGEST_SHA256};
    PF_TRY(flash_check_span(s, addr, len, PF_PAGE));
    PF_TRY(ecr6600_flush(s));
    if (len == 0) {
        pf_sha256("", 0, out->sha256);
        return PF_OK;
    }
    if (!s->traits->sha256 || s->hash_stale)
        return flash_no_digest(s);
    if (addr % PF_SECTOR || len % PF_SECTOR)
        return pf_fail(s->base.ctx, PF_ERR_SUPPORT, "this loader hashes whole sectors only");
    for (unsigned i = 0; i < HASH_FAILURES; i++) {
        PF_TRY(ecr6600_command(s, "digest", &rq, &reply));
        if (!flash_is_no_hash(reply.body)) {
            memcpy(out->sha256, reply.body, sizeof out->sha256);
            return PF_OK;
        }
    }
    return pf_fail(s->base.ctx, PF_ERR_SUPPORT, "the hash engine of this chip fails");
}

/* erase --------------------------------------------------------------------- */

static enum pf_err flash_erase_now(struct ecr6600 *s, uint32_t addr, uint32_t len)
{
    struct ecr6600_request rq = ecr6600_req_erase(addr, len);
    struct ecr6600_reply reply;

    s->hash_stale |= s->traits->stale_hash;
    return ecr6600_command(s, "erase", &rq, &reply);
}

enum pf_err ecr6600_flush(struct ecr6600 *s)
{
    for (unsigned i = 0, n; i < PER_BLOCK && s->pending; i += n ? n : 1) {
        for (n = 0; i + n < PER_BLOCK && s->pending >> (i + n) & 1; n++)
            ;
        if (!n)
            continue;
        PF_TRY(flash_erase_now(s, s->pending_block + i * PF_SECTOR, n * PF_SECTOR));
        s->pending &= (uint16_t) ~(((1u << n) - 1) << i);
    }
    return PF_OK;
}

/* The bits of [addr, addr+len), which lies in one block. */
static uint16_t flash_bits(uint32_t addr, size_t len)
{
    unsigned first = addr % PF_BLOCK / PF_SECTOR, n = (unsigned)(len / PF_SECTOR);

    return (uint16_t)(((UINT32_C(1) << n) - 1) << first);
}

enum pf_err ecr6600_erase(struct pf_session *ps, uint32_t addr, size_t len)
{
    struct ecr6600 *s = ecr6600_of(ps);
    uint32_t block = addr / PF_BLOCK * PF_BLOCK;

    PF_TRY(flash_check_change(s, addr, len));
    if (len == 0)
        return PF_OK;
    if (s->pending && s->pending_block != block)
        PF_TRY(ecr6600_flush(s));
    if (addr - block + len <= PF_BLOCK) {
        s->pending_block = block;
        s->pending |= flash_bits(addr, len);
        return PF_OK;
    }
    PF_TRY(ecr6600_flush(s));
    while (len) { /* in steps, so that a stop is heeded and a timeout means something */
        uint32_t step = PF_BLOCK - addr % PF_BLOCK;

        if (step > len)
            step = (uint32_t)len;
        PF_TRY(flash_erase_now(s, addr, step));
        addr += step;
        len -= step;
        if (len)
            PF_TRY(pf_check_cancel(s->base.ctx));
    }
    return PF_OK;
}

/* write --------------------------------------------------------------------- */

/* One write command and all of its data. On failure the stub wants between
 * *low and *high more bytes. */
static enum pf_err flash_write_once(struct ecr6600 *s, uint32_t addr, const uint8_t *data,
                                    size_t len, size_t *low, size_t *high)
{
    struct ecr6600_request rq = ecr6600_req_write(addr, (uint32_t)len);
    struct ecr6600_reply reply;
    enum pf_err err;

    *low = 0;
    *high = 0;
    err = ecr6600_exchange(s, &rq, &reply);
    if (err) {
        /* Not heard, refused, or begun with the answer lost. */
        if (s->dirty)
            *low = *high = len;
        return err;
    }
    for (size_t at = 0; at < len; at += ECR6600_FRAME) {
        rq = ecr6600_req_data(addr + (uint32_t)at, data + at, ECR6600_FRAME);
        err = ecr6600_exchange(s, &rq, &reply);
        if (err) {
            *high = len - at;
            *low = len - at - ECR6600_FRAME;
            return err;
        }
    }
    return PF_OK;
}

/* A frame whose sum was wrong has been programmed all the same, so nothing is
 * sent again within a write: the whole span is erased and written once more. */
static enum pf_err flash_write_run(struct ecr6600 *s, uint32_t addr, const uint8_t *data,
                                   size_t len)
{
    s->hash_stale |= s->traits->stale_hash;
    for (unsigned tries = 1;; tries++) {
        size_t low, high;
        enum pf_err err = flash_write_once(s, addr, data, len, &low, &high), end;
        char text[PF_TEXT_MAX];

        if (!err)
            return PF_OK;
        if (err != PF_ERR_TIMEOUT && err != PF_ERR_PROTOCOL && err != PF_ERR_REFUSED)
            return err;
        memcpy(text, s->base.ctx->text, sizeof text);
        end = high ? ecr6600_end_write(s, low, high) : PF_OK;
        if (end == PF_ERR_TIMEOUT || end == PF_ERR_PROTOCOL || end == PF_ERR_REFUSED)
            end = ecr6600_reload(s);
        PF_TRY(end);
        (void)pf_fail(s->base.ctx, err, "%s", text);
        PF_TRY(ecr6600_again(s, "write", err, tries));
    }
}

enum pf_err ecr6600_write(struct pf_session *ps, uint32_t addr, const uint8_t *data, size_t len)
{
    struct ecr6600 *s = ecr6600_of(ps);

    PF_TRY(flash_check_change(s, addr, len));
    while (len) {
        uint32_t block = addr / PF_BLOCK * PF_BLOCK, room = block + PF_BLOCK - addr;
        size_t n = 0;

        while (n < len && n < room && !pf_is_blank(data + n, PF_SECTOR))
            n += PF_SECTOR;
        if (n) {
            PF_TRY(flash_write_run(s, addr, data, n));
            if (s->pending && s->pending_block == block)
                s->pending &= (uint16_t)~flash_bits(addr, n);
        } else {
            n = PF_SECTOR; /* erased it is what it shall be */
        }
        addr += (uint32_t)n;
        data += n;
        len -= n;
        if (len)
            PF_TRY(pf_check_cancel(s->base.ctx));
    }
    return PF_OK;
}

enum pf_err ecr6600_unlock(struct pf_session *ps)
{
    return flash_check_change(ecr6600_of(ps), 0, 0);
}

enum pf_err ecr6600_lock(struct pf_session *ps)
{
    return ecr6600_flush(ecr6600_of(ps));
}
