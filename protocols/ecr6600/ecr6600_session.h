/* ecr6600_session.h - what the files of this driver share; nobody else's business.
 *
 *   ecr6600_session.c   open, close, leave; the protocol table
 *   ecr6600_sync.c      the sync train, resets and what to tell a person
 *   ecr6600_loader.c    header, realignment, upload of the stub
 *   ecr6600_diagnose.c  what was seen on the line of a device that never answered
 *   ecr6600_wire.c      one request and its answer; the barrier
 *   ecr6600_link.c      retries, recovery of a broken link, baud rates
 *   ecr6600_identify.c  which stub, flash size, efuse, partition table
 *   ecr6600_flash.c     read, digest, erase, write
 *   ecr6600_abort.c     a write that stopped half-way
 *   ecr6600_stream.c    from a stub of our own into its stream language */
#ifndef ECR6600_SESSION_H
#define ECR6600_SESSION_H

#include "ecr6600/ecr6600_chips.h"
#include "ecr6600/ecr6600_flashid.h"
#include "ecr6600/ecr6600_frame.h"
#include "ecr6600/ecr6600_layout.h"
#include "heard.h"

#define ECR6600_RETRIES     5u
#define ECR6600_RELINKS_MAX 8u /* a device that dies more often has no power */
#define ECR6600_LATENCIES   9u /* round trips the median is taken of */
#define ECR6600_ROUNDS_MAX  3u /* uploads whose stub never answers */

/* What one stub can do, and where it is wrong. */
struct ecr6600_traits {
    const char *name;
    uint32_t read_max; /* bytes of one read request */
    bool sha256;
    bool stale_hash; /* hashes what the cache held before a write */
    bool flash_id;   /* commands 90 and 99 */
    bool ours;       /* and B0 */
};
extern const struct ecr6600_traits ecr6600_custom, ecr6600_v1311, ecr6600_v134, ecr6600_v140,
    ecr6600_own, ecr6600_cautious;

/* What was received while nobody answered; for the diagnosis. */
struct ecr6600_diag {
    struct heard heard;
    unsigned resets;  /* reset sequences run */
    unsigned synced;  /* times the loader answered the sync */
    unsigned headers; /* headers it took */
    unsigned uploads; /* stubs it took whole */
};

struct ecr6600 {
    struct pf_session base; /* first: a cast recovers us */

    /* options */
    struct pf_steps reset, power; /* run when syncing; empty: nothing to touch */
    bool no_sync, is_auto, live;  /* live: the stub was running already */
    uint32_t asked_baud, boot_baud, option_size;
    uint64_t sync_timeout_us;
    unsigned retries, scale;
    enum pf_stub_use use_stub;
    uint8_t *stub; /* a copy, for another upload after a reset; NULL: none */
    size_t stub_len;
    bool stub_built_in; /* nobody has asked for it: not for a session that has another */
    bool stub_ours;     /* by its mark */
    uint32_t stub_version;

    /* wire */
    uint8_t rx[ECR6600_RX_MAX + 64];
    size_t rx_len, rx_drop; /* rx_drop: bytes of the answer lent out last */
    uint8_t tx[ECR6600_TX_MAX];
    size_t tx_len;
    uint8_t seen[24]; /* first bytes received since the request, for texts */
    size_t seen_len, seen_total;
    uint64_t last_rx_us;
    struct ecr6600_diag *diag; /* borrowed while syncing; NULL else */
    bool dirty;                /* an answer may still come, or the stub wait for more */
    bool recovering;
    unsigned nonce;  /* of the last barrier */
    uint64_t errors; /* one bit per exchange, newest lowest: 1 failed */
    unsigned relinks;
    uint64_t latency[ECR6600_LATENCIES]; /* ascending */
    unsigned latencies;

    /* the stub and its flash */
    const struct ecr6600_traits *traits; /* NULL: not known yet */
    bool ranged;                         /* the flash size is known: reads can be barriers */
    bool flash_text;                     /* the stub has complained about its flash */
    bool encrypts;                       /* flash encryption is on: writing is refused */
    bool hash_stale;                     /* digests can no longer be believed */
    bool streamed;                       /* the stub was told to speak the stream language */
    struct ecr6600_layout layout;

    /* erases that the next write does anyway: sectors of one 64 KiB block */
    uint32_t pending_block;
    uint16_t pending;
};

static inline struct ecr6600 *ecr6600_of(struct pf_session *s)
{
    return (struct ecr6600 *)(void *)s;
}

static inline uint64_t ecr6600_scaled(const struct ecr6600 *s, uint64_t us)
{
    return us * s->scale / 100;
}

static inline uint64_t ecr6600_now(const struct ecr6600 *s)
{
    return pf_now(s->base.port);
}

/* ecr6600_wire.c ------------------------------------------------------------ */

/* Time of `bytes` on the wire, 10 bits each, at the present rate. */
uint64_t ecr6600_wire_us(const struct ecr6600 *s, size_t bytes);
enum pf_err ecr6600_discard(struct ecr6600 *s);
enum pf_err ecr6600_port_baud(struct ecr6600 *s, uint32_t baud);
/* Write bytes of no frame. */
enum pf_err ecr6600_put(struct ecr6600 *s, const uint8_t *data, size_t len);
enum pf_err ecr6600_put_fill(struct ecr6600 *s, uint8_t fill, size_t len);
/* Complete whatever part of the last request the stub may be waiting for. */
enum pf_err ecr6600_complete(struct ecr6600 *s);
/* Send a request and look at nothing. */
enum pf_err ecr6600_send(struct ecr6600 *s, const struct ecr6600_request *rq);
/* Bytes as they come, for the loader. PF_ERR_TIMEOUT: none until `deadline`. */
enum pf_err ecr6600_take(struct ecr6600 *s, uint8_t *buf, size_t cap, uint64_t deadline,
                         size_t *got);
/* One request, one answer, no second try. PF_ERR_TIMEOUT, PF_ERR_PROTOCOL: none
 * that can be believed, s->dirty. PF_ERR_REFUSED: the device says no. */
enum pf_err ecr6600_exchange(struct ecr6600 *s, const struct ecr6600_request *rq,
                             struct ecr6600_reply *reply);
/* The same with a timeout of its own, besides the wire. */
enum pf_err ecr6600_exchange_in(struct ecr6600 *s, const struct ecr6600_request *rq,
                                uint64_t timeout_us, struct ecr6600_reply *reply);
/* Complete what the stub may be waiting for, then ask a question whose answer
 * names itself: what was on its way before has then come. Clears s->dirty. */
enum pf_err ecr6600_realign(struct ecr6600 *s);

/* ecr6600_link.c ------------------------------------------------------------ */

/* Request and answer with retries, realignment, recovery of the link and the
 * baud ladder; `phase` is for RETRY events. */
enum pf_err ecr6600_command(struct ecr6600 *s, const char *phase, const struct ecr6600_request *rq,
                            struct ecr6600_reply *reply);
/* After a failed try: make the link usable again, or return what ends it all.
 * `tries` have failed so far. */
enum pf_err ecr6600_again(struct ecr6600 *s, const char *phase, enum pf_err err, unsigned tries);
enum pf_err ecr6600_change_baud(struct ecr6600 *s, uint32_t baud);
/* `goal` or its good neighbour, or the highest rate below that works. */
enum pf_err ecr6600_raise_baud(struct ecr6600 *s, uint32_t goal);
/* The rate to use when `baud` is asked for: itself, or what this chip can make. */
uint32_t ecr6600_good_baud(const struct pf_chip *chip, uint32_t baud);
/* A link that does not answer: at this rate, at the boot rate, by a reset. */
enum pf_err ecr6600_recover(struct ecr6600 *s);
/* A stub that is beyond talking to: by a reset at once. */
enum pf_err ecr6600_reload(struct ecr6600 *s);

/* ecr6600_sync.c ------------------------------------------------------------ */

struct ecr6600_sync {
    uint64_t timeout_us; /* 0: for ever */
    bool guide;          /* tell a person */
};
/* From whatever the device does to a stub that answers, at the boot rate. */
enum pf_err ecr6600_sync(struct ecr6600 *s, const struct ecr6600_sync *how);
/* A stub that runs already, at the boot rate or the fast one. PF_ERR_SYNC: none
 * until `deadline`; one look at least. */
enum pf_err ecr6600_find_live(struct ecr6600 *s, uint64_t deadline, bool repeat);
void ecr6600_sync_event(struct ecr6600 *s, uint64_t start, const char *state, const char *text);

/* ecr6600_loader.c ---------------------------------------------------------- */

/* The loader has just answered the sync (or, `lost`, is somewhere in its header
 * groups): send the stub. PF_ERR_TIMEOUT: it did not take it, sync again. */
enum pf_err ecr6600_upload(struct ecr6600 *s, bool lost);

/* ecr6600_diagnose.c -------------------------------------------------------- */

/* One or more sentences: what was seen, what it means, what to do next. */
void ecr6600_diagnose(const struct ecr6600_diag *d, uint32_t baud, char *out, size_t cap);

/* ecr6600_identify.c -------------------------------------------------------- */

/* Is a stub there, and does it know command 90? PF_ERR_TIMEOUT: none. */
enum pf_err ecr6600_hello(struct ecr6600 *s, unsigned tries, uint64_t wait_us);
/* Which of the known stubs this is. */
enum pf_err ecr6600_who(struct ecr6600 *s);
/* Everything else of base.id, and the regions. */
enum pf_err ecr6600_identify(struct ecr6600 *s);

/* ecr6600_flash.c ----------------------------------------------------------- */

enum pf_err ecr6600_read(struct pf_session *ps, uint32_t addr, uint8_t *buf, size_t len);
enum pf_err ecr6600_digest(struct pf_session *ps, uint32_t addr, size_t len, struct pf_digest *out);
enum pf_err ecr6600_erase(struct pf_session *ps, uint32_t addr, size_t len);
enum pf_err ecr6600_write(struct pf_session *ps, uint32_t addr, const uint8_t *data, size_t len);
/* Carry out the erases that were put off. */
enum pf_err ecr6600_flush(struct ecr6600 *s);
enum pf_err ecr6600_unlock(struct pf_session *ps);
enum pf_err ecr6600_lock(struct pf_session *ps);

/* ecr6600_stream.c ---------------------------------------------------------- */

/* The stub that runs is going to stream. */
bool ecr6600_will_stream(const struct ecr6600 *s);
enum pf_err ecr6600_enter_stream(struct pf_session *ps, uint8_t caps[32]);

/* ecr6600_abort.c ----------------------------------------------------------- */

/* A write command stopped while the stub wants `low` or `high` more bytes (or
 * takes commands again): bring it back to taking commands. What it is fed
 * programs nothing. PF_ERR_TIMEOUT: it does not come back. */
enum pf_err ecr6600_end_write(struct ecr6600 *s, size_t low, size_t high);

#endif
