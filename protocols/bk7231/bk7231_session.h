/* bk7231_session.h - what the files of this driver share; nobody else's business.
 *
 *   bk7231_session.c   open, close, leave, keepalive; the protocol table
 *   bk7231_sync.c      the LinkCheck train, resets and what to tell a person
 *   bk7231_diagnose.c  what was seen on the line of a device that never answered
 *   bk7231_wire.c      one request and its answer; telling late answers apart
 *   bk7231_link.c      retries, recovery of a broken link, baud rates
 *   bk7231_identify.c  T or N, flash id and size
 *   bk7231_flash.c     read, digest, erase, write
 *   bk7231_protect.c   status registers, write protection, eFuse key */
#ifndef BK7231_SESSION_H
#define BK7231_SESSION_H

#include "bk7231/bk7231_chips.h"
#include "bk7231/bk7231_flashid.h"
#include "bk7231/bk7231_frame.h"
#include "heard.h"
#include "plugflash/protocol.h"

#define BK7231_RX_MAX        8192u /* more than the longest reply */
#define BK7231_LATENCIES     9u    /* round trips the median is taken of */
#define BK7231_RELINKS_MAX   32u   /* a device that resets more often has no power */
#define BK7231_BAUD_DELAY    20    /* of SetBaudRate; T counts in 2 ms ticks */
#define BK7231_RETRIES       5u
#define BK7231_KEEPALIVE_US  UINT64_C(50000)
#define BK7231_RELINK_US     UINT64_C(5000000)
#define BK7231_CHIP_ID_REG   0x00800000u
#define BK7231_NONCE_ROM_MAX 0x1000u /* words of mask ROM a barrier may name */

enum bk7231_class {
    BK7231_CLASS_UNKNOWN, /* answers LinkCheck, that is all we know */
    BK7231_CLASS_T,       /* loader in flash: BASIC_TUYA */
    BK7231_CLASS_N,       /* mask ROM: FULL */
};

/* How the end address of CheckCRC must be sent. */
enum bk7231_crc_end {
    BK7231_CRC_UNPROVEN,
    BK7231_CRC_LAST,     /* address of the last byte */
    BK7231_CRC_BEHIND,   /* one more */
    BK7231_CRC_UNUSABLE, /* agrees with neither */
};

/* What was received while nobody answered; for the diagnosis. */
struct bk7231_diag {
    struct heard heard;
    unsigned foreign; /* well-formed replies that were not LinkCheck's */
};

struct bk7231 {
    struct pf_session base; /* first: a cast recovers us */

    /* options */
    const struct pf_chip *asked; /* NULL: auto */
    struct pf_steps reset;       /* run when syncing; empty: nothing to touch */
    struct pf_steps power;
    bool no_sync;
    uint32_t asked_baud, boot_baud, option_size;
    uint64_t sync_timeout_us;
    unsigned retries, scale;

    /* wire */
    uint8_t rx[BK7231_RX_MAX];
    size_t rx_len, rx_drop; /* rx_drop: bytes of the reply lent out last */
    uint8_t tx[BK7231_REQUEST_MAX];
    uint8_t seen[24]; /* first bytes received since the request, for texts */
    size_t seen_len, seen_total;
    uint64_t skipped; /* bytes that belonged to no reply */
    uint64_t last_rx_us, last_tx_us;
    struct bk7231_diag *diag; /* borrowed while syncing; NULL else */
    enum bk7231_class cls;
    uint32_t nonce; /* of the last barrier */
    bool dirty;     /* an answer to an earlier request may still be under way */
    bool poked;     /* something else was sent while the last request waited */
    bool recovering;
    bool mute;       /* the class was told by a fingerprint: bk7231_who() finds nothing */
    uint64_t errors; /* one bit per exchange, newest lowest: 1 failed */
    unsigned relinks;
    uint64_t latency[BK7231_LATENCIES]; /* ascending */
    unsigned latencies;

    /* a reply that says flash was changed where nobody asked for it */
    bool has_stray;
    uint8_t stray_op;
    uint32_t stray_addr;
    uint8_t change_op; /* the last request that changes flash */
    uint32_t change_addr;
    uint8_t *tail; /* T: the loader's last sector as it was before the first change; owned */
    bool healing;

    /* flash */
    const struct bk7231_flash *flash; /* NULL: unknown part */
    enum bk7231_crc_end crc_end;
    bool has_sample; /* the last sector read, to prove crc_end by */
    uint32_t sample_addr, sample_full, sample_short;
    bool open;    /* T: an erase after LinkCheck has cleared the protection */
    bool spoiled; /* T: a CRC has made LinkCheck + erase useless until a reset */
    bool crc_spoils;
    bool proven; /* an erase or write was seen to change flash since (re)linking */
    bool unlocked;
    uint16_t sr_found;
    bool sr_changed;
    bool sr2_absent; /* the second register reads FF: there is none */
};

static inline struct bk7231 *bk7231_of(struct pf_session *s)
{
    return (struct bk7231 *)(void *)s;
}

static inline uint64_t bk7231_scaled(const struct bk7231 *s, uint64_t us)
{
    return us * s->scale / 100;
}

static inline uint64_t bk7231_now(const struct bk7231 *s)
{
    return pf_now(s->base.port);
}

/* Time of `bytes` on the wire, 10 bits each, at the present rate. */
uint64_t bk7231_wire_us(const struct bk7231 *s, size_t bytes);

/* bk7231_wire.c ----------------------------------------------------------- */

/* Forget everything received. */
enum pf_err bk7231_discard(struct bk7231 *s);

/* Send a request and look at nothing. */
enum pf_err bk7231_send(struct bk7231 *s, const struct bk7231_request *rq);

/* Send bytes that no parser takes for a frame and no flash for data, to a
 * loader that may be waiting for the rest of a damaged request. */
enum pf_err bk7231_fill_ff(struct bk7231 *s, size_t bytes);

/* The next well-formed reply, whatever it answers; PF_ERR_TIMEOUT at the
 * deadline. The reply's body is valid until the next call. */
enum pf_err bk7231_next(struct bk7231 *s, uint64_t deadline, struct bk7231_reply *reply);

/* One request, one answer, no second try. PF_ERR_TIMEOUT: no answer; s->dirty
 * tells whether it may still come. PF_ERR_REFUSED: the device says no. */
enum pf_err bk7231_exchange(struct bk7231 *s, const struct bk7231_request *rq,
                            struct bk7231_reply *reply);

/* Send a request whose answer names itself and wait for it: what was on its way
 * before has then arrived, and is dropped. Clears s->dirty. */
enum pf_err bk7231_barrier(struct bk7231 *s);

/* A small exchange of `bytes` in all, sent at `started`, is over: keep what the
 * wire does not explain, as a sample of the link's latency. */
void bk7231_add_latency(struct bk7231 *s, uint64_t started, size_t bytes);

/* LinkCheck until one is answered, at most `tries`, `wait_us` each. */
enum pf_err bk7231_ping(struct bk7231 *s, unsigned tries, uint64_t wait_us);

/* bk7231_link.c ----------------------------------------------------------- */

/* Request and answer with retries, resynchronisation, recovery of the link and
 * the baud ladder; `phase` is for RETRY events. */
enum pf_err bk7231_command(struct bk7231 *s, const char *phase, const struct bk7231_request *rq,
                           struct bk7231_reply *reply);

/* One try of bk7231_command(), for callers that must look at the flash between
 * two tries. *again: it makes sense to try once more. */
enum pf_err bk7231_try(struct bk7231 *s, const char *phase, const struct bk7231_request *rq,
                       unsigned try, struct bk7231_reply *reply, bool *again);

/* Move both sides to `baud` and prove it. On failure both are back at the old
 * rate (PF_ERR_TIMEOUT) or the link is lost (s->dirty). */
enum pf_err bk7231_change_baud(struct bk7231 *s, uint32_t baud);

/* `goal`, or the highest rate of the ladder below it that works. */
enum pf_err bk7231_raise_baud(struct bk7231 *s, uint32_t goal);

/* Bring a dead link back: at this rate, at the boot rate, by a reset. */
enum pf_err bk7231_recover(struct bk7231 *s);

/* T: reset the loader by command and link again, at the same rate as before. */
enum pf_err bk7231_reboot(struct bk7231 *s);

/* bk7231_sync.c ----------------------------------------------------------- */

struct bk7231_sync {
    uint64_t timeout_us; /* 0: for ever */
    bool reset;          /* run the reset and power steps */
    bool guide;          /* tell a person */
};
/* Get the first valid answer and a quiet line, at the boot rate. */
enum pf_err bk7231_sync(struct bk7231 *s, const struct bk7231_sync *how);
/* The loader is said to be linked already: find its rate. */
enum pf_err bk7231_find_linked(struct bk7231 *s);

/* bk7231_diagnose.c -------------------------------------------------------- */

/* One or more sentences: what was seen, what it means, what to do next. */
void bk7231_diagnose(const struct bk7231_diag *d, uint32_t baud, char *out, size_t cap);

/* bk7231_identify.c -------------------------------------------------------- */

/* T or N, by which question is answered. Does not touch protection. */
enum pf_err bk7231_who(struct bk7231 *s);
/* Everything else of base.id. */
enum pf_err bk7231_identify(struct bk7231 *s);

/* bk7231_flash.c ----------------------------------------------------------- */

enum pf_err bk7231_read(struct pf_session *ps, uint32_t addr, uint8_t *buf, size_t len);
enum pf_err bk7231_digest(struct pf_session *ps, uint32_t addr, size_t len, struct pf_digest *out);
enum pf_err bk7231_erase(struct pf_session *ps, uint32_t addr, size_t len);
enum pf_err bk7231_write(struct pf_session *ps, uint32_t addr, const uint8_t *data, size_t len);
/* Read one sector; `wire` is the address as sent. */
enum pf_err bk7231_read_sector(struct bk7231 *s, uint32_t wire, uint8_t *buf);
/* The CRC the device gives for these very arguments, in zlib form. */
enum pf_err bk7231_crc(struct bk7231 *s, uint32_t start, uint32_t end, uint32_t *crc);
/* Flash address as it must stand in a read request. */
uint32_t bk7231_wire_addr(const struct bk7231 *s, uint32_t addr);
/* One erase command with what must go before it; proves nothing. */
enum pf_err bk7231_erase_once(struct bk7231 *s, enum bk7231_erase_code code, uint32_t addr);

/* bk7231_stray.c ---------------------------------------------------------- */

/* T: copy what a damaged erase could take from the loader, once a session. */
enum pf_err bk7231_keep_tail(struct bk7231 *s);
/* While `rq` was waited for, a reply spoke of a change nobody had asked for:
 * PF_OK when flash shows that the reply was wrong, or the damage is mended;
 * PF_ERR_PROTOCOL with base.strayed set when a sector may be lost. */
enum pf_err bk7231_judge_stray(struct bk7231 *s, const struct bk7231_request *rq);

/* bk7231_protect.c --------------------------------------------------------- */

enum pf_err bk7231_read_status(struct bk7231 *s, uint16_t *sr);
uint16_t bk7231_protect_mask(const struct bk7231 *s);
enum pf_err bk7231_unlock(struct pf_session *ps);
enum pf_err bk7231_lock(struct pf_session *ps);
enum pf_err bk7231_read_key(struct pf_session *ps, uint8_t key[16]);
enum pf_err bk7231_read_register(struct bk7231 *s, uint32_t addr, uint32_t *value);

#endif
