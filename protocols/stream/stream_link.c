/* stream_link.c - rates, recovery, giving up.
 *
 * A link is mended by the mildest means that helps: HELLO at this rate, HELLO at
 * a rate the stub may have kept or gone back to, then silence until the stub
 * speaks its plain language again, and the family's own ways from there. Nothing
 * of this needs a reset as long as the stub runs. */
#include "stream/stream_session.h"

#include <string.h>

#include "core/bytes.h"

#define HELLO_TRIES  4u
#define RATE_TRIES   2u
#define PROOF_TRIES  6u /* an adapter may hold everything back for a while */
#define RATE_ROUNDS  2u /* one fault is no verdict on a rate, and a lower one costs seconds */
#define ENTER_TRIES  3u
#define RELINKS_MAX  8u
#define STEP_DOWN_AT 3u               /* failures of one command */
#define BAUD_BACK_US UINT64_C(330000) /* without a valid frame the stub goes back after 300 ms */
#define RATE_PERMIL  20u              /* what both sides bear besides their own error */
#define HUSH_SLICE   UINT64_C(100000)

static enum pf_err link_port_baud(struct stream *s, uint32_t baud)
{
    if (s->base.id.baud == baud)
        return PF_OK;
    PF_TRY(s->base.port->ops->drain(s->base.port));
    if (stream_has_baud(s))
        PF_TRY(pf_set_baud(s->base.port, baud));
    s->base.id.baud = baud;
    s->line_us = stream_now(s);
    return stream_discard(s);
}

/* Send nothing until `end`; a stop is heeded. */
static enum pf_err link_hush(struct stream *s, uint64_t end)
{
    for (uint64_t now = stream_now(s); now < end; now = stream_now(s)) {
        PF_TRY(pf_check_cancel(s->base.ctx));
        pf_sleep(s->base.port, end - now < HUSH_SLICE ? end - now : HUSH_SLICE);
    }
    return stream_discard(s);
}

/* hello --------------------------------------------------------------------- */

/* The same chip and flash as before. */
static enum pf_err link_take_caps(struct stream *s, const uint8_t *body, size_t len)
{
    struct stream_caps caps, *was = &s->caps;

    if (!stream_caps_decode(body, len, &caps))
        return pf_fail(s->base.ctx, PF_ERR_SUPPORT,
                       "this stub speaks another version of the stream language");
    if (was->window && (was->family != caps.family || was->flash_size != caps.flash_size ||
                        memcmp(was->jedec, caps.jedec, 3) != 0))
        return pf_fail(s->base.ctx, PF_ERR_CHIP, "another flash answers than before");
    *was = caps;
    return PF_OK;
}

enum pf_err stream_hello(struct stream *s, unsigned tries)
{
    struct stream_command c = {.type = STREAM_HELLO, .name = "hello", .tries = tries};
    struct stream_frame reply;

    PF_TRY(stream_call(s, &c, &reply));
    return link_take_caps(s, reply.body, reply.len);
}

enum pf_err stream_enter(struct stream *s)
{
    enum pf_err err = PF_ERR_TIMEOUT;
    uint8_t caps[STREAM_CAPS];

    for (unsigned try = 0; try < ENTER_TRIES && stream_passes(err); try++) {
        stream_before_plain(s);
        err = stream_after_plain(s, s->plain->proto->enter_stream(s->plain, caps));
        s->base.id.baud = s->plain->id.baud;
        s->line_us = stream_now(s);
        if (!err) {
            PF_TRY(stream_discard(s));
            return link_take_caps(s, caps, sizeof caps);
        }
        if (stream_passes(err)) /* its answer may be lost, and the language entered */
            err = stream_hello(s, RATE_TRIES);
    }
    return err;
}

/* rates --------------------------------------------------------------------- */

static uint32_t link_lower(const struct stream *s, uint32_t baud)
{
    const uint32_t *ladder = s->base.chip->baud.ladder;

    while (*ladder && *ladder >= baud)
        ladder++;
    return *ladder;
}

static bool link_rate_is_good(uint32_t want, uint32_t real)
{
    uint32_t off = real > want ? real - want : want - real;

    return real && (uint64_t)off * 1000 <= (uint64_t)want * RATE_PERMIL;
}

/* Long frames break where short ones pass. */
static enum pf_err link_echo(struct stream *s)
{
    uint8_t bytes[STREAM_ECHO];
    struct stream_command c = {
        .type = STREAM_ECHO_BACK,
        .payload = bytes,
        .len = sizeof bytes,
        .name = "echo",
        .tries = PROOF_TRIES,
    };
    struct stream_frame reply;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i < sizeof bytes / 2 ? i : i % 4 < 2 ? 0x55 : 0xff * (i & 1));
    PF_TRY(stream_command(s, &c, sizeof bytes, &reply));
    if (memcmp(reply.body + 1, bytes, sizeof bytes) != 0)
        return pf_fail(s->base.ctx, PF_ERR_PROTOCOL, "the echo at %u baud differs",
                       (unsigned)s->base.id.baud);
    return PF_OK;
}

/* BAUD is never repeated under its number: the reply would come, the change not. */
static enum pf_err link_ask_rate(struct stream *s, uint32_t baud, uint32_t *real)
{
    uint8_t payload[4];
    struct stream_command c = {
        .type = STREAM_BAUD,
        .payload = payload,
        .len = sizeof payload,
        .name = "baud rate",
        .tries = 1,
    };
    struct stream_frame reply;

    put_le32(payload, baud);
    PF_TRY(stream_command(s, &c, 4, &reply));
    *real = get_le32(reply.body + 1);
    return PF_OK;
}

/* The stub may have gone back to `old` by itself, or stayed here. */
static enum pf_err link_back_to(struct stream *s, uint32_t old)
{
    uint32_t here = s->base.id.baud, real;
    enum pf_err err = PF_ERR_TIMEOUT;
    bool told = false; /* it goes back because we said so, and waits for a HELLO */

    for (unsigned round = 0; round < RATE_TRIES && stream_passes(err); round++) {
        PF_TRY(link_port_baud(s, old));
        if (!told)
            PF_TRY(link_hush(s, s->line_us + BAUD_BACK_US));
        err = stream_hello(s, RATE_TRIES);
        if (!stream_passes(err))
            return err;
        PF_TRY(link_port_baud(s, here));
        err = link_ask_rate(s, old, &real); /* it may hear us even if we do not hear it */
        if (err && !stream_passes(err) && err != PF_ERR_REFUSED)
            return err;
        told = !err;
        err = PF_ERR_TIMEOUT;
    }
    s->other_baud = here;
    s->lost = true;
    PF_TRY(link_port_baud(s, old));
    return err;
}

/* PF_ERR_TIMEOUT: not this one; s->lost tells whether the link is. A rate that is
 * known to work needs no proof but a HELLO. */
static enum pf_err link_try_rate(struct stream *s, uint32_t baud, bool known)
{
    uint32_t old = s->base.id.baud, real = 0;
    enum pf_err err = link_ask_rate(s, baud, &real), back;

    if (stream_passes(err)) { /* the command was lost, or its reply: the stub is back soon */
        PF_TRY(link_hush(s, stream_now(s) + BAUD_BACK_US));
        err = link_ask_rate(s, baud, &real);
    }
    if (err == PF_ERR_REFUSED)
        return PF_ERR_TIMEOUT;
    if (err && !stream_passes(err))
        return err;
    if (!err && !link_rate_is_good(baud, real)) {
        pf_log(s->base.ctx, "%u baud becomes %u on this chip", (unsigned)baud, (unsigned)real);
        PF_TRY(link_hush(s, stream_now(s) + BAUD_BACK_US));
        return PF_ERR_TIMEOUT;
    }
    if (!err) {
        PF_TRY(link_port_baud(s, baud));
        err = stream_hello(s, PROOF_TRIES);
        if (!err && !known)
            err = link_echo(s);
        if (!stream_passes(err))
            return err;
    }
    back = link_back_to(s, old);
    return back && !stream_passes(back) ? back : PF_ERR_TIMEOUT;
}

enum pf_err stream_raise(struct stream *s, uint32_t goal)
{
    bool up = goal > s->base.id.baud;

    if (!stream_has_baud(s))
        return PF_OK;
    for (uint32_t rate = goal, next; rate && rate != s->base.id.baud; rate = next) {
        enum pf_err err = PF_ERR_TIMEOUT;

        next = link_lower(s, rate);
        if (up && rate < s->base.id.baud)
            break;
        if (s->caps.max_baud && rate > s->caps.max_baud)
            continue;
        for (unsigned round = 0; round < RATE_ROUNDS && stream_passes(err) && !s->lost; round++)
            err = link_try_rate(s, rate, false);
        if (!err) {
            s->errors = 0;
            s->other_baud = 0;
            return PF_OK;
        }
        if (!stream_passes(err))
            return err;
        pf_retry(s->base.ctx, "baud", err, "%u baud does not work here; going down to %u",
                 (unsigned)rate,
                 (unsigned)(next && !(up && next < s->base.id.baud) ? next : s->base.id.baud));
        if (s->lost)
            PF_TRY(stream_recover(s));
    }
    return PF_OK;
}

enum pf_err stream_lower(struct stream *s, uint32_t baud)
{
    enum pf_err err;

    if (!stream_has_baud(s) || s->base.id.baud == baud)
        return PF_OK;
    err = link_try_rate(s, baud, true);
    if (stream_passes(err) && s->lost)
        return stream_recover(s);
    return err;
}

static enum pf_err link_step_down(struct stream *s)
{
    uint32_t next = link_lower(s, s->base.id.baud);

    s->errors = 0;
    if (!next || !stream_has_baud(s))
        return PF_OK;
    pf_retry(s->base.ctx, "baud", PF_ERR_TIMEOUT, "too many errors at %u baud; going down to %u",
             (unsigned)s->base.id.baud, (unsigned)next);
    s->goal = next;
    return stream_raise(s, next);
}

/* recovery ------------------------------------------------------------------ */

void stream_before_plain(struct stream *s)
{
    s->plain->strayed = s->base.strayed;
}

enum pf_err stream_after_plain(struct stream *s, enum pf_err err)
{
    s->base.strayed = s->plain->strayed;
    if (!s->streaming)
        s->base.id.baud = s->plain->id.baud;
    return err;
}

/* Nothing is heard at any rate: wait until the stub speaks plainly, and let the
 * family find out what has become of it. */
static enum pf_err link_reenter(struct stream *s, uint32_t baud)
{
    uint64_t last = s->line_us > s->heard_us ? s->line_us : s->heard_us;

    if (++s->relinks > RELINKS_MAX)
        return pf_fail(s->base.ctx, PF_ERR_TIMEOUT,
                       "the link keeps breaking: is the 3.3 V supply strong enough?");
    pf_retry(s->base.ctx, "link", PF_ERR_TIMEOUT,
             "the stub has stopped answering; beginning anew with it");
    PF_TRY(link_hush(s, last + STREAM_SILENT_US));
    PF_TRY(link_port_baud(s, s->plain_baud));
    s->plain->id.baud = s->plain_baud;
    PF_TRY(stream_enter(s));
    s->lost = false;
    return stream_raise(s, baud);
}

static enum pf_err link_recover(struct stream *s)
{
    uint32_t baud = s->base.id.baud, rate[2] = {s->other_baud, s->plain_baud};
    enum pf_err err = stream_hello(s, HELLO_TRIES);

    for (size_t i = 0; i < 2 && stream_passes(err) && stream_has_baud(s); i++) {
        if (!rate[i] || rate[i] == baud)
            continue;
        PF_TRY(link_port_baud(s, rate[i]));
        err = stream_hello(s, RATE_TRIES);
    }
    if (!err) {
        s->lost = false;
        s->other_baud = 0;
        return stream_raise(s, baud);
    }
    if (!stream_passes(err))
        return err;
    return link_reenter(s, baud);
}

enum pf_err stream_recover(struct stream *s)
{
    enum pf_err err;

    if (s->recovering)
        return pf_fail(s->base.ctx, PF_ERR_TIMEOUT, "the link broke again while it was mended");
    s->recovering = true;
    err = link_recover(s);
    s->recovering = false;
    return err;
}

enum pf_err stream_to_plain(struct stream *s)
{
    struct stream_command c = {.type = STREAM_BYE, .name = "good-bye", .tries = HELLO_TRIES};
    struct stream_frame reply;
    enum pf_err err = stream_command(s, &c, 0, &reply);

    if (err && !stream_passes(err))
        return err;
    s->streaming = false;
    if (err) { /* it will leave by itself */
        PF_TRY(link_hush(s, s->line_us + STREAM_SILENT_US));
        PF_TRY(link_port_baud(s, s->plain_baud));
    }
    s->plain->id.baud = s->base.id.baud;
    return stream_discard(s);
}

enum pf_err stream_mend(struct stream *s, const char *phase, enum pf_err err, unsigned tries)
{
    if (!stream_passes(err))
        return err;
    pf_retry(s->base.ctx, phase, err, "%s", s->base.ctx->text);
    if (tries > s->retries) {
        pf_warn(s->base.ctx, "streaming does not work here; going on without");
        return stream_to_plain(s);
    }
    PF_TRY(stream_recover(s));
    if (tries >= STEP_DOWN_AT || stream_is_noisy(s))
        PF_TRY(link_step_down(s));
    return PF_OK;
}
