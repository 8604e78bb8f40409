/* stream_session.h - what the files of this driver share; nobody else's business
 * but for stream_upgrade() and stream_silence().
 *
 *   stream_session.c   from the plain language and back; the protocol table
 *   stream_wire.c      frames over the port; one command and its reply
 *   stream_link.c      rates, recovery, giving up
 *   stream_read.c      read transfers: map, fetch, read
 *   stream_write.c     write transfers: store, write
 *   stream_units.c     sectors as they travel; no I/O
 *   stream_frame.c     frames; no I/O
 *
 * A stream session stands in front of the plain one that its family has opened.
 * While `streaming`, the plain one is not used; once streaming was given up,
 * every call goes to it. */
#ifndef STREAM_SESSION_H
#define STREAM_SESSION_H

#include "plugflash/protocol.h"
#include "stream/stream_frame.h"

extern const struct pf_protocol pf_stream_protocol;

/* Put a stream session in front of *s where its stub can stream, at the best rate
 * up to opt->baud, and tell of the chip when the family has left that to us. PF_OK
 * with *s untouched: it cannot. On failure *s is still the caller's to close. */
enum pf_err stream_upgrade(const struct pf_link_options *opt, struct pf_session **s);

/* Is somebody speaking the stream language at this rate? Then make it speak its
 * family's: a session has ended without a good-bye. PF_ERR_TIMEOUT: nobody is. */
enum pf_err stream_silence(struct pf_ctx *ctx, struct pf_transport *port, uint32_t baud);

#define STREAM_RX_SIZE   (8u * STREAM_SIZE)
#define STREAM_RETRIES   5u
#define STREAM_BUSY_US   UINT64_C(250000)  /* the stub speaks at least so often */
#define STREAM_SILENT_US UINT64_C(5300000) /* the stub has then left the language */

struct stream {
    struct pf_session base;   /* first: a cast recovers us */
    struct pf_session *plain; /* owned */
    bool streaming;
    struct stream_caps caps;
    unsigned retries, scale;

    /* wire */
    uint16_t seq; /* the last one used */
    uint8_t rx[STREAM_RX_SIZE];
    size_t rx_at, rx_len; /* rx[rx_at..rx_len) is not looked at yet */
    uint8_t tx[STREAM_SIZE];
    uint64_t last_rx_us; /* of any byte */
    uint64_t heard_us;   /* of the last frame */
    uint64_t line_us;    /* when the last byte written has left, by the rate */

    /* link */
    uint32_t goal;       /* rate to go for */
    uint32_t plain_baud; /* where the plain language is after silence */
    uint32_t other_baud; /* where the stub may be after a change that went wrong; 0: nowhere */
    bool lost;           /* it answers nowhere that we know of */
    bool recovering;
    unsigned relinks;
    uint64_t errors; /* one bit per frame, newest lowest: 1 damaged or lost */
};

static inline struct stream *stream_of(struct pf_session *s)
{
    return (struct stream *)(void *)s;
}

static inline uint64_t stream_now(const struct stream *s)
{
    return pf_now(s->base.port);
}

static inline uint64_t stream_scaled(const struct stream *s, uint64_t us)
{
    return us * s->scale / 100;
}

static inline bool stream_has_baud(const struct stream *s)
{
    return s->base.port->caps & PF_CAP_BAUD;
}

/* Worth another try? IO, a stop and a wrong chip are not. */
static inline bool stream_passes(enum pf_err err)
{
    return err == PF_ERR_TIMEOUT || err == PF_ERR_PROTOCOL;
}

/* stream_wire.c ------------------------------------------------------------ */

/* Time of `bytes` on the wire at the present rate. */
uint64_t stream_wire_us(const struct stream *s, size_t bytes);
/* How long an answer may take that the stub gives at once. */
uint64_t stream_patience(const struct stream *s);
/* Forget everything received. */
enum pf_err stream_discard(struct stream *s);
/* Send one frame; `payload` may lie in s->tx. */
enum pf_err stream_put(struct stream *s, uint8_t type, uint16_t seq, const uint8_t *payload,
                       size_t len);
/* Send a frame that is encoded already. */
enum pf_err stream_put_raw(struct stream *s, const uint8_t *frame, size_t len);
/* The next valid frame of the stub; valid until the next call. PF_ERR_TIMEOUT:
 * none until `deadline`. */
enum pf_err stream_next(struct stream *s, uint64_t deadline, struct stream_frame *out);
/* The same for one who has other things to do: what is half there stays. */
enum pf_err stream_poll(struct stream *s, uint64_t deadline, struct stream_frame *out);
/* Note whether a frame came well; stream_is_noisy() judges the last 64. */
void stream_note(struct stream *s, bool damaged);
bool stream_is_noisy(const struct stream *s);

struct stream_command {
    uint8_t type;
    const uint8_t *payload; /* borrowed */
    size_t len;
    const char *name;  /* for texts */
    uint32_t addr;     /* for texts */
    uint64_t limit_us; /* it may be busy so long; 0: it answers at once */
    unsigned tries;
};

/* A command and its reply, sent again until it comes. PF_ERR_TIMEOUT: it does not. */
enum pf_err stream_call(struct stream *s, const struct stream_command *c,
                        struct stream_frame *reply);
/* The same, with a reply whose status has to be 0 and which has `want` bytes behind
 * it. PF_ERR_REFUSED, PF_ERR_RANGE: the device says no. */
enum pf_err stream_command(struct stream *s, const struct stream_command *c, size_t want,
                           struct stream_frame *reply);
/* What a status other than 0 is for us. */
enum pf_err stream_refused(struct stream *s, const char *name, uint32_t addr, uint8_t status);

/* stream_link.c ------------------------------------------------------------ */

/* HELLO at the present rate. PF_ERR_TIMEOUT: nobody answers. */
enum pf_err stream_hello(struct stream *s, unsigned tries);
/* From the plain language into this one. */
enum pf_err stream_enter(struct stream *s);
/* `goal`, or the highest rate of the ladder below it that works. */
enum pf_err stream_raise(struct stream *s, uint32_t goal);
/* Down to a rate that is known to work. */
enum pf_err stream_lower(struct stream *s, uint32_t baud);
/* A link that does not answer: at this rate, at others, by way of the family. */
enum pf_err stream_recover(struct stream *s);
/* After a failed try (`tries` of them): make the link usable again, or give up
 * streaming, after which s->streaming is false; or return what ends it all. */
enum pf_err stream_mend(struct stream *s, const char *phase, enum pf_err err, unsigned tries);
/* Back to the plain language, at this rate where the stub still hears us. */
enum pf_err stream_to_plain(struct stream *s);

/* Around a call of the plain session. */
void stream_before_plain(struct stream *s);
enum pf_err stream_after_plain(struct stream *s, enum pf_err err);

/* stream_session.c --------------------------------------------------------- */

enum pf_err stream_check_span(struct stream *s, uint32_t addr, size_t len, uint32_t unit);
enum pf_err stream_digest(struct pf_session *ps, uint32_t addr, size_t len, struct pf_digest *out);

/* stream_read.c ------------------------------------------------------------ */

enum pf_err stream_map(struct pf_session *ps, uint32_t addr, size_t len, uint32_t *crc);
enum pf_err stream_fetch(struct pf_session *ps, uint32_t addr, size_t len, pf_sector_fn sector,
                         void *user, struct pf_digest *out);
enum pf_err stream_read(struct pf_session *ps, uint32_t addr, uint8_t *buf, size_t len);

/* stream_write.c ----------------------------------------------------------- */

enum pf_err stream_store(struct pf_session *ps, uint32_t addr, size_t len, const uint8_t *data,
                         const uint8_t *differ, pf_done_fn done, void *user, struct pf_digest *out);
enum pf_err stream_write(struct pf_session *ps, uint32_t addr, const uint8_t *data, size_t len);

#endif
