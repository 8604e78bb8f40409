/* stream.c - the commands of the stream language, and what goes out in which order. */
#include <string.h>

#include "common/stub.h"

#define SILENCE_US 20000u   /* an incomplete frame that stops for so long has failed */
#define DEAF_US    5000000u /* nothing valid for so long: nobody speaks it any more */
#define TRIAL_US   300000u  /* for a valid frame at a new rate */
#define RESET_US   10000u
#define EFUSES     128u
#define TX_PART    64u /* bytes between two polls */

void stub_stream_begin(struct stub *s)
{
    memset(&s->stream, 0, offsetof(struct stub_stream, note));
    stub_receive_reset(&s->rx);
    s->heard_us = s->stream.byte_us = s->stream.ready_us = hal_us(s->h);
}

/* ---- going out ---- */

void stub_stream_note(struct stub *s, uint8_t type, uint16_t seq, const uint8_t *payload,
                      uint8_t len)
{
    struct stub_stream *t = &s->stream;

    memcpy(t->note + STUB_FRAME_HEAD, payload, len);
    t->note_len = (uint8_t)stub_frame_seal(s->h, t->note, type, seq, len);
}

static void stream_busy(struct stub *s, uint16_t seq, uint32_t done)
{
    uint8_t payload[4];

    if (hal_us(s->h) - s->stream.busy_us < STUB_TELL_US)
        return;
    s->stream.busy_us += STUB_TELL_US;
    stub_put32(payload, done);
    stub_stream_note(s, STUB_BUSY, seq, payload, sizeof payload);
}

/* The reply's payload behind the status is in place. */
static void stream_reply(struct stub *s, uint8_t status, uint16_t len)
{
    struct stub_stream *t = &s->stream;

    t->working = false;
    s->reply[STUB_FRAME_HEAD] = status;
    t->reply_len =
        stub_frame_seal(s->h, s->reply, t->type | STUB_REPLY, t->seq, (uint16_t)(1 + len));
    t->reply_due = true;
}

/* A frame of a read that is due, if nothing else is. */
static void stream_next_data(struct stub *s)
{
    struct stub_read *r = &s->transfer.read;

    /* A command that waits would never find the line free. */
    if (s->stream.open != STUB_READ || r->send == r->next || s->stream.holding)
        return;
    s->stream.tx = r->frame[r->send % STUB_TX_FRAMES];
    s->stream.tx_len = r->size[r->send % STUB_TX_FRAMES];
    r->send++;
}

/* What is due next becomes tx; its memory is not touched before it has gone. */
static void stream_next(struct stub *s)
{
    struct stub_stream *t = &s->stream;

    t->tx_at = 0;
    if (t->reply_due) {
        t->tx = s->reply;
        t->tx_len = t->reply_len;
        t->reply_due = false;
    } else if (t->note_len) {
        memcpy(t->small, t->note, t->note_len);
        t->tx = t->small;
        t->tx_len = t->note_len;
        t->note_len = 0;
    } else if (t->ack_due) {
        t->tx = t->small;
        t->tx_len = stub_write_ack(s, t->small);
        t->ack_due = false;
    } else {
        stream_next_data(s);
    }
}

static bool stream_send(struct stub *s)
{
    struct stub_stream *t = &s->stream;
    size_t room = hal_tx_room(s->h);
    bool did = false;

    if (!t->tx)
        stream_next(s);
    while (t->tx && room) {
        size_t n = (size_t)(t->tx_len - t->tx_at);

        n = n > room ? room : n;
        n = n > TX_PART ? TX_PART : n;
        hal_tx(s->h, t->tx + t->tx_at, n);
        hal_poll(s->h);
        t->tx_at += n;
        room -= n;
        did = true;
        if (t->tx_at == t->tx_len) {
            t->tx = NULL;
            stream_next(s);
        }
    }
    return did;
}

/* ---- commands ---- */

/* Address and length in a payload: 0, or why not. */
static uint8_t stream_span(struct stub *s, const struct stub_frame *f, bool sectors)
{
    uint32_t addr, len;

    if (f->len < 8)
        return STUB_BAD_PAYLOAD;
    addr = stub_get32(f->payload);
    len = stub_get32(f->payload + 4);
    if (sectors && (!len || (addr | len) % STUB_SECTOR))
        return STUB_BAD_PAYLOAD;
    if (!s->flash.size)
        return STUB_NO_FLASH;
    return stub_flash_has(&s->flash, addr, len) ? STUB_DONE : STUB_OUTSIDE;
}

static void stream_baud(struct stub *s, const struct stub_frame *f, uint8_t *out)
{
    uint32_t real = f->len == 4 ? hal_baud_real(s->h, stub_get32(f->payload)) : 0;

    if (!real) {
        stream_reply(s, f->len == 4 ? STUB_BAD_RATE : STUB_BAD_PAYLOAD, 0);
        return;
    }
    s->stream.baud = real;
    s->stream.then = STUB_BAUD;
    stub_put32(out, real);
    stream_reply(s, STUB_DONE, 4);
}

static void stream_efuse(struct stub *s, const struct stub_frame *f, uint8_t *out)
{
    uint16_t addr, len;

    if (f->len == 4) {
        addr = stub_get16(f->payload);
        len = stub_get16(f->payload + 2);
        if (addr + len <= EFUSES && hal_efuse(s->h, addr, out, len)) {
            stream_reply(s, STUB_DONE, len);
            return;
        }
    }
    stream_reply(s, STUB_BAD_PAYLOAD, 0);
}

static void stream_job(struct stub *s, const struct stub_frame *f)
{
    uint8_t status = f->len == 8 ? stream_span(s, f, f->type == STUB_ERASE) : STUB_BAD_PAYLOAD;
    uint32_t addr, len;

    if (status) {
        stream_reply(s, status, 0);
        return;
    }
    addr = stub_get32(f->payload);
    len = stub_get32(f->payload + 4);
    if (f->type == STUB_ERASE)
        stub_job_erase(&s->job, addr, len, true);
    else
        stub_job_hash(&s->job, addr, len);
    s->job.begun_us = hal_us(s->h);
    s->stream.working = true;
}

static void stream_open(struct stub *s, const struct stub_frame *f)
{
    uint8_t status = stream_span(s, f, true);

    if (!status)
        status = f->type == STUB_READ ? stub_read_open(s, f->seq, f->payload, f->len)
                                      : stub_write_open(s, f->seq, f->payload, f->len);
    if (!status)
        s->stream.open = f->type;
    stream_reply(s, status, 0);
}

static void stream_do(struct stub *s, const struct stub_frame *f)
{
    uint8_t *out = s->reply + STUB_FRAME_HEAD + 1;

    switch (f->type) {
    case STUB_HELLO:
        /* The only reply without a status: the first capability is in its place. */
        memcpy(out, s->caps + 1, sizeof s->caps - 1);
        stream_reply(s, s->caps[0], sizeof s->caps - 1);
        break;
    case STUB_BYE:
    case STUB_RESET:
        s->stream.then = f->type;
        stream_reply(s, STUB_DONE, 0);
        break;
    case STUB_BAUD:
        stream_baud(s, f, out);
        break;
    case STUB_ECHO:
        if (f->len <= STUB_ECHO_MAX)
            stub_copy(s->h, out, f->payload, f->len);
        stream_reply(s, f->len <= STUB_ECHO_MAX ? STUB_DONE : STUB_BAD_PAYLOAD,
                     f->len <= STUB_ECHO_MAX ? f->len : 0);
        break;
    case STUB_EFUSE:
        stream_efuse(s, f, out);
        break;
    case STUB_HASH:
    case STUB_ERASE:
        stream_job(s, f);
        break;
    case STUB_READ:
    case STUB_WRITE:
        stream_open(s, f);
        break;
    default:
        stream_reply(s, STUB_UNKNOWN, 0);
    }
}

/* Everything that is still going on ends; the flash may be busy for a while yet, who
 * needs it next waits. */
static void stream_command(struct stub *s, const struct stub_frame *f)
{
    struct stub_stream *t = &s->stream;

    if (t->known && t->type == f->type && t->seq == f->seq && f->type != STUB_BAUD) {
        t->reply_due = !t->working;
        return;
    }
    s->job.kind = STUB_JOB_NONE;
    t->open = t->note_len = 0;
    t->ack_due = t->working = false;
    t->known = true;
    t->type = f->type;
    t->seq = f->seq;
    t->busy_us = t->then_us = hal_us(s->h);
    stream_do(s, f);
}

/* A frame of a transfer that is not open. */
static void stream_stray(struct stub *s, const struct stub_frame *f)
{
    uint8_t payload[37] = {STUB_OVER};

    if (f->type != STUB_READ_ACK)
        stub_stream_note(s, STUB_WRITE_RESULT, f->seq, payload, 37);
    else if (f->len == 3 && f->payload[2] & 1)
        stub_stream_note(s, STUB_READ_END, f->seq, payload, 33);
}

/* False: a command that has to wait, because what goes out would be cut short, or what
 * was promised is not done yet. */
static bool stream_frame(struct stub *s, const struct stub_frame *f)
{
    struct stub_stream *t = &s->stream;

    s->heard_us = hal_us(s->h);
    t->trial = false;
    if (f->type & STUB_REPLY)
        return true; /* our own, by an echo */
    if (f->type == STUB_READ_ACK && t->open == STUB_READ && f->len == 3 && f->seq == t->seq) {
        stub_read_ack(s, f);
    } else if (f->type == STUB_WRITE_DATA || f->type == STUB_WRITE_END) {
        if (t->open != STUB_WRITE)
            stream_stray(s, f);
        else if ((int16_t)(f->seq - t->seq) > 0) /* not of an earlier one */
            stub_write_frame(s, f);
    } else if (f->type == STUB_READ_ACK) {
        stream_stray(s, f);
    } else if (t->tx || t->reply_due || t->then) {
        return false;
    } else {
        stream_command(s, f);
    }
    return true;
}

/* Bytes have come, or have not for a while. */
size_t stub_stream_rx(struct stub *s, const uint8_t *data, size_t len)
{
    struct stub_stream *t = &s->stream;
    size_t used = 0;
    bool got;

    if (len)
        t->byte_us = hal_us(s->h);
    if (t->holding && !stream_frame(s, &t->held))
        return 0;
    t->holding = false;
    do {
        used += stub_receive(&s->rx, s->h, data + used, len - used, &t->held, &got);
        if (s->rx.damaged && s->rx.damaged_type == STUB_WRITE_DATA && t->open == STUB_WRITE)
            stub_write_damaged(s, s->rx.damaged_seq);
        s->rx.damaged = false;
        t->holding = got && !stream_frame(s, &t->held);
    } while (got && !t->holding);
    return used;
}

/* ---- time ---- */

/* The flash has not become ready for longer than any flash takes. */
static void stream_give_up(struct stub *s)
{
    s->stream.ready_us = hal_us(s->h);
    if (s->stream.open == STUB_READ)
        stub_read_fail(s, STUB_NOT_TAKEN);
    else if (s->stream.open == STUB_WRITE)
        stub_write_fail(s, STUB_NOT_TAKEN);
}

/* One slice of a command or a transfer. */
static bool stream_work(struct stub *s)
{
    struct stub_stream *t = &s->stream;
    const struct stub_write *w = &s->transfer.write;
    bool did = false;

    if (t->working) {
        s->heard_us = hal_us(s->h); /* the host waits for us */
        if (!stub_job_step(&s->job, &s->flash)) {
            stream_busy(s, t->seq, s->job.done);
            return !s->flash.busy;
        }
        memcpy(s->reply + STUB_FRAME_HEAD + 1, s->job.hash, 32);
        t->note_len = 0;
        stream_reply(s, s->job.failed ? STUB_NOT_TAKEN : STUB_DONE,
                     t->type == STUB_HASH && !s->job.failed ? 32 : 0);
        return true;
    }
    if (t->open == STUB_READ) {
        did = stub_read_step(s);
        if (did)
            s->heard_us = hal_us(s->h); /* much that is blank becomes few frames */
        return did;
    }
    if (t->open == STUB_WRITE) {
        did = stub_write_step(s);
        if (!stub_write_idle(s))
            s->heard_us = hal_us(s->h);
        if (!w->over && w->has_end)
            stream_busy(s, w->end_seq, w->work - w->start);
    }
    return did;
}

static void stream_leave(struct stub *s, bool listen)
{
    s->job.kind = STUB_JOB_NONE;
    s->streaming = false;
    if (listen)
        hal_listen(s->h);
    s->heard_us = hal_us(s->h);
    s->family->reset(s);
}

static void stream_change_baud(struct stub *s)
{
    struct stub_stream *t = &s->stream;
    uint32_t old = hal_baud_now(s->h);

    hal_baud(s->h, t->baud);
    t->baud = old;
    t->then_us = hal_us(s->h);
    /* What came at the rate before is no frame at this one. */
    stub_receive_reset(&s->rx);
    t->holding = false;
    s->in_at = s->in_len;
}

/* What was to be done once the reply has left. */
static void stream_then(struct stub *s)
{
    struct stub_stream *t = &s->stream;
    uint8_t then = t->then;

    if (t->trial && hal_us(s->h) - t->then_us >= TRIAL_US && !t->tx && hal_tx_idle(s->h)) {
        t->trial = false;
        stream_change_baud(s);
    }
    if (!then || t->tx || t->reply_due)
        return;
    if (then == STUB_BYE) {
        stream_leave(s, false);
    } else if (!hal_tx_idle(s->h)) {
        t->then_us = hal_us(s->h);
    } else if (then == STUB_BAUD) {
        t->then = 0;
        stream_change_baud(s);
        t->trial = true;
    } else if (hal_us(s->h) - t->then_us >= RESET_US) {
        t->then = 0;
        hal_run(s->h);
    }
}

bool stub_stream_step(struct stub *s)
{
    struct stub_stream *t = &s->stream;
    bool did = false;

    if (stub_receive_open(&s->rx) && !t->holding && hal_us(s->h) - t->byte_us >= SILENCE_US) {
        stub_receive_skip(&s->rx, s->h);
        stub_stream_rx(s, s->in, 0);
        did = true;
    }
    if (!s->flash.busy)
        t->ready_us = hal_us(s->h);
    else if (hal_us(s->h) - t->ready_us >= STUB_FLASH_GIVE_UP)
        stream_give_up(s);
    did |= stream_work(s);
    did |= stream_send(s);
    stream_then(s);
    if (s->streaming && hal_us(s->h) - s->heard_us >= DEAF_US)
        stream_leave(s, true);
    return did;
}
