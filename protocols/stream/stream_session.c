/* stream_session.c - from the plain language and back; the protocol as the rest of
 * us sees it. */
#include "stream/stream_session.h"
#include "chip_event.h"
#include "own_stub.h"
#include "plugflash/stub.h"

#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"

#define READ_CHUNK   0x40000u
#define KEEPALIVE_US UINT64_C(2000000)
#define WORK_TRIES   4u
#define HASH_US      UINT64_C(10000000)
#define HASH_MIB_US  UINT64_C(10000000)
#define ERASE_US     UINT64_C(10000000)
#define SECTOR_US    UINT64_C(400000) /* to erase one that is old and cold */
#define ERASE_STEP   0x80000u         /* a stop is heeded in between */

enum pf_err stream_check_span(struct stream *s, uint32_t addr, size_t len, uint32_t unit)
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

/* open ---------------------------------------------------------------------- */

static struct stream *session_new(struct pf_session *plain, const struct pf_link_options *opt)
{
    struct stream *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->base = *plain;
    s->base.proto = &pf_stream_protocol;
    s->base.read_chunk = READ_CHUNK;
    s->plain = plain;
    s->plain_baud = plain->id.baud;
    s->goal = opt->baud ? opt->baud : plain->chip->baud.fast;
    s->retries = opt->retries ? opt->retries : STREAM_RETRIES;
    s->scale = opt->timeout_scale ? opt->timeout_scale : 100;
    return s;
}

static enum pf_err session_start(struct stream *s)
{
    enum pf_err err = stream_enter(s);

    if (stream_passes(err)) { /* silence, and the family's own ways */
        s->streaming = true;
        err = stream_recover(s);
    }
    PF_TRY(err);
    s->streaming = true;
    pf_stub_name(s->caps.version, s->base.id.loader, sizeof s->base.id.loader);
    return stream_raise(s, s->goal);
}

static void session_tell(struct pf_session *s)
{
    if (s->unsaid)
        chip_event(s, s->extra, s->extras);
    s->unsaid = false;
}

enum pf_err stream_upgrade(const struct pf_link_options *opt, struct pf_session **session)
{
    struct pf_session *plain = *session;
    struct stream *s;
    enum pf_err err = PF_ERR_SUPPORT;

    if (plain->proto->enter_stream) {
        s = session_new(plain, opt);
        if (!s)
            return pf_fail(plain->ctx, PF_ERR_NOMEM, "no memory for a session");
        err = session_start(s);
        if (!err)
            *session = &s->base;
        else
            free(s);
    }
    if (err && err != PF_ERR_SUPPORT)
        return err;
    session_tell(*session);
    return PF_OK;
}

enum pf_err stream_silence(struct pf_ctx *ctx, struct pf_transport *port, uint32_t baud)
{
    struct stream_command bye = {.type = STREAM_BYE, .name = "good-bye", .tries = 3};
    struct stream *s = calloc(1, sizeof *s);
    struct stream_frame reply;
    enum pf_err err;

    if (!s)
        return pf_fail(ctx, PF_ERR_NOMEM, "no memory for a session");
    s->base.ctx = ctx;
    s->base.port = port;
    s->base.id.baud = baud;
    s->scale = 100;
    s->seq = 0x7000; /* not one that a session has used last */
    err = stream_hello(s, 1);
    if (!err)
        err = stream_command(s, &bye, 0, &reply);
    if (!err)
        err = stream_discard(s);
    free(s);
    return stream_passes(err) ? PF_ERR_TIMEOUT : err;
}

/* work ---------------------------------------------------------------------- */

enum pf_err stream_digest(struct pf_session *ps, uint32_t addr, size_t len, struct pf_digest *out)
{
    struct stream *s = stream_of(ps);
    uint8_t payload[8];
    struct stream_command c = {
        .type = STREAM_HASH,
        .payload = payload,
        .len = sizeof payload,
        .name = "hash",
        .addr = addr,
        .limit_us = HASH_US + HASH_MIB_US * (len >> 20),
        .tries = WORK_TRIES,
    };
    struct stream_frame reply;

    *out = (struct pf_digest){.kind = PF_DIGEST_SHA256};
    PF_TRY(stream_check_span(s, addr, len, PF_PAGE));
    if (!len) {
        pf_sha256("", 0, out->sha256);
        return PF_OK;
    }
    put_le32(payload, addr);
    put_le32(payload + 4, (uint32_t)len);
    for (unsigned tries = 1; s->streaming; tries++) {
        enum pf_err err = stream_command(s, &c, sizeof out->sha256, &reply);

        if (!err) {
            memcpy(out->sha256, reply.body + 1, sizeof out->sha256);
            return PF_OK;
        }
        PF_TRY(stream_mend(s, "digest", err, tries));
    }
    stream_before_plain(s);
    return stream_after_plain(s, s->plain->proto->digest(s->plain, addr, len, out));
}

static enum pf_err session_erase_step(struct stream *s, uint32_t addr, uint32_t len)
{
    uint8_t payload[8];
    struct stream_command c = {
        .type = STREAM_ERASE,
        .payload = payload,
        .len = sizeof payload,
        .name = "erase",
        .addr = addr,
        .limit_us = ERASE_US + SECTOR_US * (len / PF_SECTOR),
        .tries = WORK_TRIES,
    };
    struct stream_frame reply;

    put_le32(payload, addr);
    put_le32(payload + 4, len);
    for (unsigned tries = 1; s->streaming; tries++) {
        enum pf_err err = stream_command(s, &c, 0, &reply);

        if (!err)
            return PF_OK;
        PF_TRY(stream_mend(s, "erase", err, tries));
    }
    stream_before_plain(s);
    return stream_after_plain(s, s->plain->proto->erase(s->plain, addr, len));
}

static enum pf_err session_erase(struct pf_session *ps, uint32_t addr, size_t len)
{
    struct stream *s = stream_of(ps);

    PF_TRY(stream_check_span(s, addr, len, PF_SECTOR));
    while (len) {
        uint32_t step = ERASE_STEP - addr % ERASE_STEP;

        if (step > len)
            step = (uint32_t)len;
        PF_TRY(session_erase_step(s, addr, step));
        addr += step;
        len -= step;
        if (len)
            PF_TRY(pf_check_cancel(ps->ctx));
    }
    return PF_OK;
}

/* What a family does here while its session has changed nothing needs no wire. */
static enum pf_err session_unlock(struct pf_session *ps)
{
    struct stream *s = stream_of(ps);

    stream_before_plain(s);
    return stream_after_plain(s, s->plain->proto->unlock(s->plain));
}

static enum pf_err session_lock(struct pf_session *ps)
{
    struct stream *s = stream_of(ps);

    if (s->streaming)
        return PF_OK;
    stream_before_plain(s);
    return stream_after_plain(s, s->plain->proto->lock(s->plain));
}

static enum pf_err session_read_key(struct pf_session *ps, uint8_t key[16])
{
    struct pf_session *plain = stream_of(ps)->plain;

    return plain->proto->read_key(plain, key);
}

/* Silence of 5 s ends the stream language. */
static enum pf_err session_keepalive(struct pf_session *ps)
{
    struct stream *s = stream_of(ps);
    enum pf_err err;

    if (!s->streaming) {
        stream_before_plain(s);
        return stream_after_plain(s, s->plain->proto->keepalive(s->plain));
    }
    if (stream_now(s) - s->heard_us < KEEPALIVE_US)
        return PF_OK;
    err = stream_hello(s, WORK_TRIES);
    return stream_passes(err) ? stream_recover(s) : err;
}

/* end ----------------------------------------------------------------------- */

/* The next session looks for a stub where this one has found it. */
static enum pf_err session_leave(struct pf_session *ps, enum pf_after after)
{
    struct stream *s = stream_of(ps);

    if (s->streaming) {
        enum pf_err err = after == PF_AFTER_STAY ? stream_lower(s, s->plain_baud) : PF_OK;

        if (err && !stream_passes(err))
            return err;
        PF_TRY(stream_to_plain(s));
    }
    stream_before_plain(s);
    return stream_after_plain(s, s->plain->proto->leave(s->plain, after));
}

static void session_close(struct pf_session *ps)
{
    struct stream *s = stream_of(ps);

    s->plain->proto->close(s->plain);
    free(s);
}

static enum pf_err session_open(struct pf_ctx *ctx, struct pf_transport *port,
                                const struct pf_link_options *opt, struct pf_session **out)
{
    (void)port;
    (void)opt;
    *out = NULL;
    return pf_fail(ctx, PF_ERR_INTERNAL, "a stream session begins as one of its family");
}

const struct pf_protocol pf_stream_protocol = {
    .name = "stream",
    .digest_kind = PF_DIGEST_SHA256,
    .open = session_open,
    .read = stream_read,
    .digest = stream_digest,
    .unlock = session_unlock,
    .lock = session_lock,
    .erase = session_erase,
    .write = stream_write,
    .read_key = session_read_key,
    .map = stream_map,
    .fetch = stream_fetch,
    .store = stream_store,
    .keepalive = session_keepalive,
    .leave = session_leave,
    .close = session_close,
};
