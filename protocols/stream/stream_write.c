/* stream_write.c - write transfers: store, write.
 *
 * Frames are made ahead of their turn and sent as far as the stub has room, by
 * its own count; between two frames its words are read. What is lost is sent
 * again from there on. How much may be under way unheard is limited besides, so
 * that going back costs little at a low rate. */
#include "stream/stream_session.h"

#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "stream/stream_units.h"

#define AHEAD        8u /* frames made besides those that are under way */
#define WINDOW_MAX   64u
#define UNHEARD_US   UINT64_C(250000) /* worth of frames, besides two latencies */
#define QUEUE_US     UINT64_C(50000)  /* given to the port before their time, */
#define QUEUE_FRAMES 2u               /* and so many at least */
#define SILENCES     6u
#define STUCK_US     UINT64_C(20000000) /* alive, but nothing moves */
#define NUMBER_GAP   256u

/* one transfer -------------------------------------------------------------- */

/* Frames are counted from 1; frame i has the number `number` + i. */
struct writing {
    struct stream *s;
    uint32_t addr, len;
    struct stream_packer *packer;
    pf_done_fn done_fn;
    void *user;
    size_t done_base; /* bytes done before this transfer, for done_fn */
    size_t *done;     /* bytes of this transfer that the flash has */

    uint8_t (*ring)[STREAM_SIZE];
    size_t size[WINDOW_MAX + AHEAD];
    uint32_t slots, window;

    uint16_t number;
    uint32_t made, next;   /* frames that are in the ring; that is sent next */
    uint32_t wanted, used; /* by the stub's word: lowest not received, not worked in */
    bool ended;            /* the last one made is the END */
    bool probing;          /* one frame only, until the stub is heard */
    uint32_t back_at;      /* frame gone back to last, */
    uint64_t back_us;      /* and when it should have been heard of */
    unsigned silent;
    uint64_t since_us, moved_us;
    bool finished;
    uint8_t sha256[32];
};

static enum pf_err writing_broken(struct writing *w, const char *why)
{
    return pf_fail(w->s->base.ctx, PF_ERR_TIMEOUT, "writing 0x%06x+0x%x: %s", (unsigned)w->addr,
                   (unsigned)w->len, why);
}

/* Make frames while there are places for them. */
static void writing_make(struct writing *w)
{
    while (!w->ended && w->made - (w->used - 1) < w->slots) {
        uint32_t i = w->made + 1, slot = i % w->slots;
        uint8_t *frame = w->ring[slot];
        size_t n = stream_packer_take(w->packer, frame + STREAM_HEAD, STREAM_MAX);

        w->ended = n == 0;
        w->size[slot] = stream_encode(frame, STREAM_SIZE, n ? STREAM_WRITE_DATA : STREAM_WRITE_END,
                                      (uint16_t)(w->number + i), frame + STREAM_HEAD, n);
        w->made = i;
    }
}

static uint32_t writing_unheard_max(const struct writing *w)
{
    uint64_t us = UNHEARD_US + 2 * w->s->base.id.latency_us;

    return 2 + (uint32_t)(us / (stream_wire_us(w->s, STREAM_SIZE) + 1));
}

static bool writing_may_send(const struct writing *w)
{
    if (w->next > w->made || w->next >= w->used + w->window)
        return false;
    return w->probing ? false : w->next < w->wanted + writing_unheard_max(w);
}

static enum pf_err writing_send(struct writing *w)
{
    uint32_t slot = w->next % w->slots;

    w->next++;
    return stream_put_raw(w->s, w->ring[slot], w->size[slot]);
}

static void writing_moved(struct writing *w)
{
    w->moved_us = stream_now(w->s);
}

/* Go back to the frame the stub wants. */
static void writing_back(struct writing *w)
{
    stream_note(w->s, true);
    w->next = w->wanted;
    w->back_at = w->wanted;
    w->back_us = w->s->line_us + stream_wire_us(w->s, STREAM_SIZE) + 2 * w->s->base.id.latency_us;
}

static enum pf_err writing_nak(struct writing *w)
{
    /* Said of frames that were under way when we went back. */
    if (w->next <= w->wanted || (w->back_at == w->wanted && stream_now(w->s) < w->back_us))
        return PF_OK;
    pf_retry(w->s->base.ctx, "write", PF_ERR_PROTOCOL,
             "a frame was damaged or lost; sending again");
    writing_back(w);
    if (stream_is_noisy(w->s))
        return writing_broken(w, "too many frames are damaged or lost");
    return PF_OK;
}

static enum pf_err writing_done(struct writing *w, uint32_t done)
{
    if (done > w->len || done <= *w->done)
        return PF_OK;
    *w->done = done / PF_SECTOR * PF_SECTOR;
    writing_moved(w);
    return w->done_fn ? w->done_fn(w->user, w->done_base + *w->done) : PF_OK;
}

static enum pf_err writing_ack(struct writing *w, const struct stream_frame *f)
{
    uint32_t wanted, used;

    if (f->seq != w->number || f->len != 9)
        return PF_OK;
    /* Counted from the frame that is used next: neither can be behind it. */
    wanted = w->used + (uint16_t)(get_le16(f->body) - (uint16_t)(w->number + w->used));
    used = w->used + (uint16_t)(get_le16(f->body + 2) - (uint16_t)(w->number + w->used));
    if (wanted > w->made + 1 || used > wanted)
        return PF_OK; /* older than one we have seen */
    w->since_us = stream_now(w->s);
    w->silent = 0;
    w->probing = false;
    if (wanted > w->wanted || used > w->used) {
        writing_moved(w);
        stream_note(w->s, false);
    }
    if (wanted > w->wanted)
        w->wanted = wanted;
    w->used = used;
    if (w->next < w->wanted)
        w->next = w->wanted;
    PF_TRY(writing_done(w, get_le32(f->body + 5)));
    return f->body[4] & 1 && wanted == w->wanted ? writing_nak(w) : PF_OK;
}

static enum pf_err writing_result(struct writing *w, const struct stream_frame *f)
{
    bool of_end = w->ended && f->seq == (uint16_t)(w->number + w->made);
    uint32_t upto;

    if (f->len != 37 || (!of_end && (f->seq != w->number || f->body[0] == STREAM_DONE)))
        return PF_OK;
    upto = get_le32(f->body + 1);
    if (f->body[0] != STREAM_DONE) {
        if (upto >= w->addr && upto - w->addr <= w->len)
            PF_TRY(writing_done(w, upto - w->addr));
        return stream_refused(w->s, "write", upto, f->body[0]);
    }
    if (upto != w->addr + w->len)
        return pf_fail(w->s->base.ctx, PF_ERR_PROTOCOL,
                       "the stub has written up to 0x%06x, not 0x%06x", (unsigned)upto,
                       (unsigned)(w->addr + w->len));
    memcpy(w->sha256, f->body + 5, sizeof w->sha256);
    w->finished = true;
    return writing_done(w, w->len);
}

static enum pf_err writing_frame(struct writing *w, const struct stream_frame *f)
{
    if (f->type == STREAM_WRITE_ACK)
        return writing_ack(w, f);
    if (f->type == STREAM_WRITE_RESULT)
        return writing_result(w, f);
    if (f->type == STREAM_BUSY && w->ended && f->seq == (uint16_t)(w->number + w->made)) {
        w->since_us = stream_now(w->s);
        w->silent = 0;
        return f->len == 4 ? writing_done(w, get_le32(f->body)) : PF_OK;
    }
    return PF_OK;
}

/* The stub says something every 250 ms, so silence is a loss: of what we sent last
 * or of its word. One frame is enough to hear which. */
static enum pf_err writing_nudge(struct writing *w)
{
    struct stream *s = w->s;

    if (++w->silent > SILENCES)
        return writing_broken(w, "the stub has stopped answering");
    stream_note(s, true);
    w->since_us = stream_now(s);
    if (w->next > w->wanted)
        writing_back(w);
    else if (w->next > w->used || w->next > w->made)
        w->next--; /* it has this one, and will say so */
    w->probing = true;
    return writing_send(w);
}

/* When to look up from waiting for a frame. */
static uint64_t writing_deadline(const struct writing *w)
{
    const struct stream *s = w->s;
    uint64_t from = w->since_us > s->line_us ? w->since_us : s->line_us;
    uint64_t queue = QUEUE_FRAMES * stream_wire_us(s, STREAM_SIZE);

    if (queue < QUEUE_US)
        queue = QUEUE_US;
    if (writing_may_send(w)) /* when the port has room */
        return s->line_us > queue ? s->line_us - queue : 0;
    return from + stream_patience(s) + (w->next > w->wanted ? 0 : stream_scaled(s, STREAM_BUSY_US));
}

static enum pf_err writing_turn(struct writing *w)
{
    struct stream_frame f;
    enum pf_err err;
    bool sending;

    writing_make(w);
    sending = writing_may_send(w);
    err = (sending ? stream_poll : stream_next)(w->s, writing_deadline(w), &f);
    if (!err)
        return writing_frame(w, &f);
    if (err != PF_ERR_TIMEOUT)
        return err;
    if (stream_now(w->s) - w->moved_us > stream_scaled(w->s, STUCK_US))
        return writing_broken(w, "nothing moves any more");
    return sending ? writing_send(w) : writing_nudge(w);
}

static enum pf_err writing_open(struct writing *w, const uint8_t *differ)
{
    uint32_t sectors = w->len / PF_SECTOR;
    uint8_t payload[STREAM_MAX] = {0};
    struct stream_command c = {
        .type = STREAM_WRITE,
        .payload = payload,
        .len = 8 + (sectors + 7) / 8,
        .name = "write",
        .addr = w->addr,
        .tries = STREAM_RETRIES,
    };
    struct stream_frame reply;

    if (c.len > sizeof payload)
        return pf_fail(w->s->base.ctx, PF_ERR_RANGE, "a write of 0x%x bytes", (unsigned)w->len);
    put_le32(payload, w->addr);
    put_le32(payload + 4, w->len);
    for (uint32_t i = 0; i < sectors; i++)
        payload[8 + i / 8] |= (uint8_t)(!!differ[i] << i % 8);
    PF_TRY(stream_command(w->s, &c, 0, &reply));
    w->number = w->s->seq;
    return PF_OK;
}

static enum pf_err writing_run(struct writing *w, const uint8_t *differ)
{
    enum pf_err err = writing_open(w, differ);

    w->since_us = w->moved_us = stream_now(w->s);
    w->wanted = w->used = w->next = 1;
    w->made = 0;
    while (!err && !w->finished)
        err = writing_turn(w);
    w->s->seq = (uint16_t)(w->s->seq + w->made + NUMBER_GAP);
    return err;
}

/* store --------------------------------------------------------------------- */

struct storing {
    struct stream *s;
    uint32_t addr;
    size_t len;
    const uint8_t *data, *differ;
    pf_done_fn done_fn;
    void *user;
    size_t done; /* bytes that the flash has, by the stub's word */
    bool ours;   /* the error is one of done_fn */
    bool told;   /* it has said its digest of all of it */
};

static enum pf_err store_done(void *user, size_t done)
{
    struct storing *st = user;
    enum pf_err err = st->done_fn ? st->done_fn(st->user, done) : PF_OK;

    st->ours = err != PF_OK;
    return err;
}

static enum pf_err store_once(struct storing *st, struct pf_digest *out)
{
    size_t from = st->done, done = 0;
    struct writing w = {
        .s = st->s,
        .addr = st->addr + (uint32_t)from,
        .len = (uint32_t)(st->len - from),
        .done_fn = store_done,
        .user = st,
        .done_base = from,
        .done = &done,
        .window = st->s->caps.window < WINDOW_MAX ? st->s->caps.window : WINDOW_MAX,
    };
    const uint8_t *differ = st->differ + from / PF_SECTOR;
    enum pf_err err;

    w.slots = w.window + AHEAD;
    w.packer = stream_packer_new(st->data + from, differ, w.len / PF_SECTOR);
    w.ring = malloc(w.slots * sizeof *w.ring);
    if (w.packer && w.ring)
        err = writing_run(&w, differ);
    else
        err = pf_fail(st->s->base.ctx, PF_ERR_NOMEM, "no memory to write");
    memcpy(out->sha256, w.sha256, sizeof out->sha256);
    st->told = !err && from == 0;
    st->done = from + done;
    free(w.ring);
    stream_packer_free(w.packer);
    return err;
}

/* Erase and program [addr, addr+len) in the plain language. */
static enum pf_err store_plain_run(struct storing *st, size_t from, size_t len)
{
    struct stream *s = st->s;
    const struct pf_protocol *plain = s->plain->proto;
    uint32_t addr = st->addr + (uint32_t)from;
    enum pf_err err;

    stream_before_plain(s);
    err = plain->erase(s->plain, addr, len);
    if (!err)
        err = plain->write(s->plain, addr, st->data + from, len);
    return stream_after_plain(s, err);
}

/* What is not known to be done, block by block. */
static enum pf_err store_plain(struct storing *st)
{
    while (st->done < st->len) {
        size_t from = st->done, n = 0;
        size_t room = PF_BLOCK - (st->addr + from) % PF_BLOCK;
        bool change = st->differ[from / PF_SECTOR];

        while (from + n < st->len && n < room && !st->differ[(from + n) / PF_SECTOR] == !change)
            n += PF_SECTOR;
        if (change)
            PF_TRY(store_plain_run(st, from, n));
        st->done += n;
        PF_TRY(store_done(st, st->done));
    }
    return PF_OK;
}

static enum pf_err store_judge(struct storing *st, struct pf_digest *out)
{
    uint8_t ours[32];

    if (!st->told)
        PF_TRY(stream_digest(&st->s->base, st->addr, st->len, out));
    pf_sha256(st->data, st->len, ours);
    if (memcmp(ours, out->sha256, sizeof ours) != 0)
        return pf_fail(st->s->base.ctx, PF_ERR_VERIFY,
                       "the flash holds something else at 0x%06x+0x%zx than was written",
                       (unsigned)st->addr, st->len);
    return PF_OK;
}

static enum pf_err store_all(struct storing *st, struct pf_digest *out)
{
    bool any = false;

    for (size_t i = 0; i < st->len / PF_SECTOR && !any; i++)
        any = st->differ[i];
    if (!any) { /* nothing to change: what is there has to be right */
        PF_TRY(store_judge(st, out));
        return store_done(st, st->len);
    }
    for (unsigned tries = 1; st->s->streaming && st->done < st->len; tries++) {
        size_t before = st->done;
        enum pf_err err = store_once(st, out);

        if (!err)
            break;
        if (st->ours) { /* a new command ends the transfer: nothing changes behind our back */
            (void)stream_hello(st->s, STREAM_RETRIES);
            return err;
        }
        if (st->done > before)
            tries = 1;
        PF_TRY(stream_mend(st->s, "write", err, tries));
    }
    if (st->done < st->len)
        PF_TRY(store_plain(st));
    return store_judge(st, out);
}

enum pf_err stream_store(struct pf_session *ps, uint32_t addr, size_t len, const uint8_t *data,
                         const uint8_t *differ, pf_done_fn done, void *user, struct pf_digest *out)
{
    struct stream *s = stream_of(ps);
    struct storing st = {
        .s = s,
        .addr = addr,
        .len = len,
        .data = data,
        .differ = differ,
        .done_fn = done,
        .user = user,
    };

    *out = (struct pf_digest){.kind = PF_DIGEST_SHA256};
    PF_TRY(stream_check_span(s, addr, len, PF_SECTOR));
    return len ? store_all(&st, out) : stream_digest(ps, addr, 0, out);
}

/* An erased span is one that shall change everywhere: what is blank already the
 * stub does not erase again. */
enum pf_err stream_write(struct pf_session *ps, uint32_t addr, const uint8_t *data, size_t len)
{
    struct stream *s = stream_of(ps);
    struct pf_digest digest;
    uint8_t *differ;
    enum pf_err err;

    if (!s->streaming) {
        stream_before_plain(s);
        return stream_after_plain(s, s->plain->proto->write(s->plain, addr, data, len));
    }
    PF_TRY(stream_check_span(s, addr, len, PF_SECTOR));
    if (!len)
        return PF_OK;
    differ = malloc(len / PF_SECTOR);
    if (!differ)
        return pf_fail(ps->ctx, PF_ERR_NOMEM, "no memory to write");
    memset(differ, 1, len / PF_SECTOR);
    err = stream_store(ps, addr, len, data, differ, NULL, NULL, &digest);
    free(differ);
    return err;
}
