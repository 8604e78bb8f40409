/* stream_read.c - read transfers: map, fetch, read.
 *
 * The stub sends ahead, and is told after every frame how far we are, so that no
 * round trip is waited for. A frame that is missing shows by the next one and is
 * asked for at once; at the end of a transfer only time tells. A transfer that
 * cannot be saved is begun again where it broke off. */
#include "stream/stream_session.h"

#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "stream/stream_units.h"

#define KIND_CONTENTS 0u
#define KIND_MAP      1u
#define MAY_DEFLATE   1u
#define SILENCES      6u                /* time-outs in a row that end a transfer */
#define IDLE_US       UINT64_C(5000000) /* alive, but no frame */
#define IDLE_MIB_US   UINT64_C(4000000) /* on top, for each MiB it may be reading meanwhile */
#define NUMBER_GAP    256u
#define PASSES        2u /* when the digests disagree */

/* one transfer -------------------------------------------------------------- */

typedef enum pf_err (*read_bytes_fn)(void *user, const uint8_t *data, size_t len);

struct reading {
    struct stream *s;
    uint32_t addr, len;
    uint8_t kind;
    read_bytes_fn bytes;
    void *user;

    uint16_t number, wanted; /* of the command; of the next frame */
    bool open;               /* the stub has been heard about it */
    unsigned silent;
    uint64_t since_us; /* of the last frame of this transfer, or what we did about it */
    uint64_t progress_us;
    bool nagged;        /* asked for `wanted` again since it was not there, */
    uint16_t nagged_at; /* when this frame had come instead */
    bool done;
    uint8_t sha256[32];
};

static enum pf_err reading_ask(struct reading *r)
{
    uint8_t payload[10];

    put_le32(payload, r->addr);
    put_le32(payload + 4, r->len);
    payload[8] = r->kind;
    payload[9] = MAY_DEFLATE;
    return stream_put(r->s, STREAM_READ, r->number, payload, sizeof payload);
}

static enum pf_err reading_ack(struct reading *r, bool nak)
{
    uint8_t payload[3];

    put_le16(payload, r->wanted);
    payload[2] = nak;
    return stream_put(r->s, STREAM_READ_ACK, r->number, payload, sizeof payload);
}

static enum pf_err reading_broken(struct reading *r, const char *why)
{
    return pf_fail(r->s->base.ctx, PF_ERR_TIMEOUT, "reading 0x%06x+0x%x: %s", (unsigned)r->addr,
                   (unsigned)r->len, why);
}

/* Nothing for a while: the request is lost, a frame at the end, an acknowledgement,
 * or the stub is at work on much that becomes little. A request that comes twice
 * is answered twice, which tells whether it is there; not so while something still
 * comes in, however damaged. */
static enum pf_err reading_nudge(struct reading *r)
{
    struct stream *s = r->s;
    uint64_t limit = IDLE_US + IDLE_MIB_US * (r->len >> 20);

    if (++r->silent > SILENCES)
        return reading_broken(r, "the stub has stopped answering");
    if (stream_now(s) - r->progress_us > stream_scaled(s, limit))
        return reading_broken(r, "the stub sends nothing");
    if (r->open) {
        PF_TRY(reading_ack(r, true));
        r->nagged = false;
    }
    if (!r->open || (r->silent > 1 && s->last_rx_us <= r->since_us))
        PF_TRY(reading_ask(r));
    r->since_us = stream_now(s);
    return PF_OK;
}

/* A frame that lies behind the one we want. After a NAK those that were under way
 * still come, in order; one that is not behind the last of them shows that the
 * stub has gone back and the frame was lost again. */
static enum pf_err reading_gap(struct reading *r, uint16_t seq)
{
    bool again = r->nagged && (uint16_t)(seq - r->wanted) > (uint16_t)(r->nagged_at - r->wanted);

    r->nagged_at = seq;
    if (again)
        return PF_OK;
    r->nagged = true;
    stream_note(r->s, true);
    pf_retry(r->s->base.ctx, "read", PF_ERR_PROTOCOL, "a frame was damaged or lost; asking again");
    if (stream_is_noisy(r->s))
        return reading_broken(r, "too many frames are damaged or lost");
    return reading_ack(r, true);
}

static enum pf_err reading_end(struct reading *r, const struct stream_frame *f)
{
    if (f->len < 1 || (f->body[0] == STREAM_DONE && f->len != 33))
        return pf_fail(r->s->base.ctx, PF_ERR_PROTOCOL, "an end of %zu bytes", f->len);
    if (f->body[0] != STREAM_DONE)
        return stream_refused(r->s, "read", r->addr, f->body[0]);
    memcpy(r->sha256, f->body + 1, sizeof r->sha256);
    r->done = true;
    return PF_OK;
}

static enum pf_err reading_data(struct reading *r, const struct stream_frame *f)
{
    uint16_t ahead = (uint16_t)(f->seq - r->wanted);

    if (ahead >= NUMBER_GAP) {
        /* One we have: our word did not get through. */
        if ((uint16_t)(r->wanted - f->seq) < (uint16_t)(r->wanted - r->number))
            return reading_ack(r, false);
        return PF_OK;
    }
    r->open = true;
    r->silent = 0;
    r->since_us = stream_now(r->s);
    if (ahead)
        return reading_gap(r, f->seq);
    stream_note(r->s, false);
    r->nagged = false;
    r->progress_us = r->since_us;
    r->wanted++;
    PF_TRY(f->type == STREAM_READ_END ? reading_end(r, f) : r->bytes(r->user, f->body, f->len));
    return reading_ack(r, false);
}

static enum pf_err reading_frame(struct reading *r, const struct stream_frame *f)
{
    if (f->type == STREAM_READ_DATA || f->type == STREAM_READ_END)
        return reading_data(r, f);
    if (f->type != (STREAM_READ | STREAM_REPLY) || f->seq != r->number)
        return PF_OK;
    if (f->len != 1)
        return pf_fail(r->s->base.ctx, PF_ERR_PROTOCOL, "an answer to read of %zu bytes", f->len);
    if (f->body[0] != STREAM_DONE)
        return stream_refused(r->s, "read", r->addr, f->body[0]);
    r->open = true;
    r->silent = 0;
    r->since_us = stream_now(r->s);
    return PF_OK;
}

/* Returns what `bytes` returns when that is no success. */
static enum pf_err reading_run(struct reading *r)
{
    struct stream *s = r->s;
    enum pf_err err;

    r->number = ++s->seq;
    r->wanted = (uint16_t)(r->number + 1);
    r->since_us = r->progress_us = stream_now(s);
    err = reading_ask(r);
    while (!err && !r->done) {
        uint64_t from = r->since_us > s->line_us ? r->since_us : s->line_us;
        struct stream_frame f;

        err = stream_next(s, from + stream_patience(s), &f);
        if (!err)
            err = reading_frame(r, &f);
        else if (err == PF_ERR_TIMEOUT) {
            stream_note(s, true);
            err = reading_nudge(r);
        }
    }
    s->seq = (uint16_t)(r->wanted + s->caps.keeps + NUMBER_GAP);
    return err;
}

/* map ----------------------------------------------------------------------- */

struct mapping {
    struct stream *s;
    uint8_t *crc; /* as on the wire */
    size_t len, got;
};

static enum pf_err map_length(struct mapping *m)
{
    return pf_fail(m->s->base.ctx, PF_ERR_PROTOCOL, "a map of the wrong length");
}

static enum pf_err map_bytes(void *user, const uint8_t *data, size_t len)
{
    struct mapping *m = user;

    if (len > m->len - m->got)
        return map_length(m);
    memcpy(m->crc + m->got, data, len);
    m->got += len;
    return PF_OK;
}

static enum pf_err map_once(struct stream *s, uint32_t addr, uint32_t len, struct mapping *m)
{
    struct reading r = {
        .s = s, .addr = addr, .len = len, .kind = KIND_MAP, .bytes = map_bytes, .user = m};

    m->got = 0;
    PF_TRY(reading_run(&r));
    return m->got == m->len ? PF_OK : map_length(m);
}

/* By reading it all, for want of better. */
static enum pf_err map_plain(struct stream *s, uint32_t addr, size_t len, uint32_t *crc)
{
    uint8_t sector[PF_SECTOR];

    for (size_t at = 0; at < len; at += PF_SECTOR) {
        PF_TRY(stream_read(&s->base, addr + (uint32_t)at, sector, sizeof sector));
        crc[at / PF_SECTOR] = pf_crc32(0, sector, sizeof sector);
        PF_TRY(pf_check_cancel(s->base.ctx));
    }
    return PF_OK;
}

enum pf_err stream_map(struct pf_session *ps, uint32_t addr, size_t len, uint32_t *crc)
{
    struct stream *s = stream_of(ps);
    struct mapping m = {.s = s, .len = len / PF_SECTOR * 4};
    enum pf_err err = PF_ERR_TIMEOUT;

    PF_TRY(stream_check_span(s, addr, len, PF_SECTOR));
    if (!len)
        return PF_OK;
    m.crc = malloc(m.len);
    if (!m.crc)
        return pf_fail(ps->ctx, PF_ERR_NOMEM, "no memory for a map");
    for (unsigned tries = 1; err && s->streaming; tries++) {
        enum pf_err mend;

        err = map_once(s, addr, (uint32_t)len, &m);
        mend = err ? stream_mend(s, "read", err, tries) : PF_OK;
        if (mend) {
            free(m.crc);
            return mend;
        }
    }
    for (size_t i = 0; !err && i < len / PF_SECTOR; i++)
        crc[i] = get_le32(m.crc + 4 * i);
    free(m.crc);
    return err ? map_plain(s, addr, len, crc) : PF_OK;
}

/* fetch --------------------------------------------------------------------- */

struct fetching {
    struct stream *s;
    uint32_t addr;
    size_t len;
    pf_sector_fn sector;
    void *user;

    uint32_t *crc;               /* of each sector delivered, for another look */
    size_t delivered, first, at; /* sectors: given away; where this transfer begins; is */
    bool differs;                /* another look saw another sector */
    bool ours;                   /* the error is one of `sector` */
    bool mismatch;               /* all has arrived, but the device has read something else */
    bool told;                   /* the device has said its digest of all of it */
    struct pf_sha256_sum *whole, *part;
    struct stream_reader *reader;
};

static enum pf_err fetch_sector(void *user, uint32_t at, const uint8_t *data)
{
    struct fetching *f = user;
    uint32_t crc = pf_crc32(0, data, PF_SECTOR);
    enum pf_err err;

    f->at = f->first + at / PF_SECTOR;
    if (f->part)
        pf_sha256_add(f->part, data, PF_SECTOR);
    if (f->at < f->delivered) {
        f->differs |= crc != f->crc[f->at];
        return PF_OK;
    }
    f->crc[f->at] = crc;
    f->delivered = f->at + 1;
    pf_sha256_add(f->whole, data, PF_SECTOR);
    err = f->sector(f->user, f->addr + (uint32_t)(f->at * PF_SECTOR), data);
    f->ours = err != PF_OK;
    return err;
}

static enum pf_err fetch_bytes(void *user, const uint8_t *data, size_t len)
{
    struct fetching *f = user;
    enum pf_err err = stream_reader_feed(f->reader, data, len, fetch_sector, f);

    if (err && !f->ours)
        return pf_fail(f->s->base.ctx, err, "what was read at 0x%06x cannot be unpacked",
                       (unsigned)(f->addr + f->at * PF_SECTOR));
    return err;
}

/* From sector `f->first` on. */
static enum pf_err fetch_transfer(struct fetching *f, struct pf_digest *out)
{
    size_t done = f->first * PF_SECTOR;
    struct reading r = {
        .s = f->s,
        .addr = f->addr + (uint32_t)done,
        .len = (uint32_t)(f->len - done),
        .kind = KIND_CONTENTS,
        .bytes = fetch_bytes,
        .user = f,
    };
    uint8_t ours[32];

    f->at = f->first;
    PF_TRY(reading_run(&r));
    if (!stream_reader_is_done(f->reader))
        return pf_fail(f->s->base.ctx, PF_ERR_PROTOCOL,
                       "the stub has sent fewer sectors than "
                       "it was asked for");
    pf_sha256_get(f->part, ours);
    memcpy(out->sha256, r.sha256, sizeof out->sha256);
    f->told = f->first == 0;
    f->mismatch = memcmp(ours, r.sha256, sizeof ours) != 0;
    if (f->mismatch)
        return pf_fail(f->s->base.ctx, PF_ERR_PROTOCOL,
                       "what arrived of 0x%06x+0x%x is not what the device has read",
                       (unsigned)r.addr, (unsigned)r.len);
    return PF_OK;
}

static enum pf_err fetch_once(struct fetching *f, struct pf_digest *out)
{
    enum pf_err err;

    f->ours = f->mismatch = f->differs = f->told = false;
    f->reader = stream_reader_new((uint32_t)(f->len / PF_SECTOR - f->first));
    f->part = pf_sha256_new();
    if (f->reader && f->part)
        err = fetch_transfer(f, out);
    else
        err = pf_fail(f->s->base.ctx, PF_ERR_NOMEM, "no memory to read");
    stream_reader_free(f->reader);
    pf_sha256_free(f->part);
    f->reader = NULL;
    f->part = NULL;
    return err;
}

/* What is left, in the plain language. */
static enum pf_err fetch_plain(struct fetching *f)
{
    uint8_t sector[PF_SECTOR];

    for (f->first = 0; f->delivered < f->len / PF_SECTOR;) {
        uint32_t at = (uint32_t)(f->delivered * PF_SECTOR);

        PF_TRY(stream_read(&f->s->base, f->addr + at, sector, sizeof sector));
        PF_TRY(fetch_sector(f, at, sector));
    }
    return PF_OK;
}

/* Another look at all of it; what was given away has to be the same. */
static enum pf_err fetch_again(struct fetching *f, struct pf_digest *out)
{
    enum pf_err err = PF_ERR_PROTOCOL;

    for (unsigned i = 0; i < PASSES && err == PF_ERR_PROTOCOL && f->s->streaming; i++) {
        pf_retry(f->s->base.ctx, "read", err, "%s", f->s->base.ctx->text);
        f->first = 0;
        err = fetch_once(f, out);
        if (!err && f->differs)
            err = pf_fail(f->s->base.ctx, PF_ERR_PROTOCOL,
                          "0x%06x+0x%zx reads differently each time", (unsigned)f->addr, f->len);
    }
    return err;
}

/* The device's digest of all that was delivered. */
static enum pf_err fetch_judge(struct fetching *f, struct pf_digest *out)
{
    uint8_t ours[32];

    if (!f->told)
        PF_TRY(stream_digest(&f->s->base, f->addr, f->len, out));
    pf_sha256_get(f->whole, ours);
    if (memcmp(ours, out->sha256, sizeof ours) == 0)
        return PF_OK;
    (void)pf_fail(f->s->base.ctx, PF_ERR_PROTOCOL,
                  "what arrived of 0x%06x+0x%zx is not what the device has", (unsigned)f->addr,
                  f->len);
    return fetch_again(f, out);
}

static enum pf_err fetch_all(struct fetching *f, struct pf_digest *out)
{
    for (unsigned tries = 1; f->s->streaming; tries++) {
        size_t before = f->first = f->delivered;
        enum pf_err err = fetch_once(f, out);

        if (!err || (f->mismatch && f->delivered == f->len / PF_SECTOR))
            break;
        if (f->ours)
            return err;
        if (f->delivered > before)
            tries = 1;
        PF_TRY(stream_mend(f->s, "read", err, tries));
        if (f->delivered == f->len / PF_SECTOR)
            break; /* only its end was missing */
    }
    if (f->delivered < f->len / PF_SECTOR)
        PF_TRY(fetch_plain(f));
    return fetch_judge(f, out);
}

enum pf_err stream_fetch(struct pf_session *ps, uint32_t addr, size_t len, pf_sector_fn sector,
                         void *user, struct pf_digest *out)
{
    struct stream *s = stream_of(ps);
    struct fetching f = {.s = s, .addr = addr, .len = len, .sector = sector, .user = user};
    enum pf_err err;

    *out = (struct pf_digest){.kind = PF_DIGEST_SHA256};
    PF_TRY(stream_check_span(s, addr, len, PF_SECTOR));
    if (!len)
        return stream_digest(ps, addr, 0, out);
    f.crc = calloc(len / PF_SECTOR, sizeof *f.crc);
    f.whole = pf_sha256_new();
    if (f.crc && f.whole)
        err = fetch_all(&f, out);
    else
        err = pf_fail(ps->ctx, PF_ERR_NOMEM, "no memory to read");
    free(f.crc);
    pf_sha256_free(f.whole);
    return err;
}

/* read ---------------------------------------------------------------------- */

struct taking {
    uint8_t *buf;
    uint32_t addr;
};

static enum pf_err take_sector(void *user, uint32_t at, const uint8_t *data)
{
    const struct taking *t = user;

    memcpy(t->buf + (at - t->addr), data, PF_SECTOR);
    return PF_OK;
}

enum pf_err stream_read(struct pf_session *ps, uint32_t addr, uint8_t *buf, size_t len)
{
    struct stream *s = stream_of(ps);
    struct taking t = {.buf = buf, .addr = addr};
    struct pf_digest digest;

    if (s->streaming)
        return stream_fetch(ps, addr, len, take_sector, &t, &digest);
    stream_before_plain(s);
    return stream_after_plain(s, s->plain->proto->read(s->plain, addr, buf, len));
}
