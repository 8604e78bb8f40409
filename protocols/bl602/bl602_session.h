/* bl602_session.h - what the files of this driver share; nobody else's business.
 *
 *   bl602_session.c   open, close, leave, keepalive; the protocol table
 *   bl602_sync.c      probes, 0x55 trains, resets and what to tell a person
 *   bl602_diagnose.c  what was seen on the line of a device that never answered
 *   bl602_rom.c       the mask ROM: who it is, and loading the RAM loader
 *   bl602_wire.c      one request and its answer; the barrier
 *   bl602_link.c      the loader's sessions: rates, retries, recovery
 *   bl602_identify.c  flash id, MAC, partition table
 *   bl602_flash.c     read, digest, erase, write
 *   bl602_stream.c    from a stub of our own into its stream language */
#ifndef BL602_SESSION_H
#define BL602_SESSION_H

#include "bl602/bl602_chips.h"
#include "bl602/bl602_frame.h"
#include "bl602/bl602_stub.h"
#include "bl602/bl602_table.h"
#include "heard.h"

#define BL602_RX_MAX       32768u /* two of the longest answers */
#define BL602_LATENCIES    9u     /* round trips the median is taken of */
#define BL602_RELINKS_MAX  16u    /* a device that resets more often has no power */
#define BL602_RETRIES      5u
#define BL602_KEEPALIVE_US UINT64_C(1000000)
#define BL602_RELINK_US    UINT64_C(8000000)
#define BL602_STRIKES      3u     /* FL answers that end a session */
#define BL602_READ_MAX     16384u /* of one flash_read; the loader clips at 16388 */

#define BL602_SETTLE_US   UINT64_C(30000)   /* quiet after an OK to a train */
#define BL602_ROM_IDLE_US UINT64_C(2200000) /* silence that ends a session of the ROM */
#define BL602_MARGIN_US   UINT64_C(500000)  /* on top of two receive time-outs */

/* Who listens at the other end. */
enum bl602_peer { BL602_NOBODY, BL602_ROM, BL602_LOADER };

/* What was received while nobody answered; for the diagnosis. */
struct bl602_diag {
    struct heard heard;
    unsigned oks; /* trains that were answered */
};

struct bl602 {
    struct pf_session base; /* first: a cast recovers us */

    /* options */
    bool is_auto, no_sync;
    struct pf_steps reset[2]; /* tried in turn when syncing; count 0: nothing to touch */
    unsigned resets;          /* how many of them there are */
    uint32_t goal, boot_baud, option_size;
    bool boot_baud_given;
    uint64_t sync_timeout_us;
    unsigned retries, scale;
    enum pf_stub_use use_stub;
    struct bl602_stub stub; /* len 0: none */
    bool stub_built_in;     /* nobody has asked for it: not for a session that has another */

    /* wire */
    uint8_t rx[BL602_RX_MAX];
    size_t rx_len, rx_drop; /* rx_drop: bytes of the answer lent out last */
    uint8_t tx[BL602_FRAME_MAX];
    uint8_t seen[24]; /* first bytes received since the request, for texts */
    size_t seen_len, seen_total;
    uint64_t last_us;                  /* something was sent or received */
    struct bl602_diag *diag;           /* borrowed while syncing; NULL else */
    uint32_t nonce;                    /* of the last barrier */
    unsigned code;                     /* of the last FL */
    uint64_t latency[BL602_LATENCIES]; /* ascending */
    unsigned latencies;

    /* link */
    enum bl602_peer peer;
    bool session; /* LOADER: a session is open; otherwise it waits for a train */
    bool dirty;   /* an answer may be under way, or half a request be waited for */
    bool recovering;
    unsigned strikes; /* FL answers in this session */
    uint64_t errors;  /* one bit per exchange, newest lowest: 1 failed */
    unsigned relinks;
    int reset_worked; /* index of the sequence that led into the ROM; -1: none did */

    /* who it is */
    bool has_boot_info;
    struct bl602_boot_info boot_info;
    bool came_live; /* the loader ran before we came */
    bool ours;      /* the loader that runs is a stub of our own */
    bool streamed;  /* it was told to speak the stream language */
    uint32_t asked; /* rate for a session that does not */

    /* flash */
    uint32_t read_max;                /* bytes of one flash_read: a multiple of PF_SECTOR */
    bool short_answer;                /* a flash_read was answered with less than it asked for */
    bool unchecked;                   /* writes since the last write_check or erase */
    uint32_t write_first, write_last; /* where */
    struct bl602_layout layout;
};

static inline struct bl602 *bl602_of(struct pf_session *s)
{
    return (struct bl602 *)(void *)s;
}

static inline uint64_t bl602_scaled(const struct bl602 *s, uint64_t us)
{
    return us * s->scale / 100;
}

static inline uint64_t bl602_now(const struct bl602 *s)
{
    return pf_now(s->base.port);
}

static inline bool bl602_has_baud(const struct bl602 *s)
{
    return s->base.port->caps & PF_CAP_BAUD;
}

/* Worth another try? IO, a stop and a wrong chip are not. */
static inline bool bl602_passes(enum pf_err err)
{
    return err == PF_ERR_TIMEOUT || err == PF_ERR_PROTOCOL;
}

/* bl602_wire.c ------------------------------------------------------------- */

/* Time of `bytes` on the wire, 10 bits each, at the present rate. */
uint64_t bl602_wire_us(const struct bl602 *s, size_t bytes);

/* Forget everything received. */
enum pf_err bl602_discard(struct bl602 *s);

/* Take what arrives until `deadline`, at least one byte. PF_ERR_TIMEOUT. */
enum pf_err bl602_fill(struct bl602 *s, uint64_t deadline);

/* Send nothing and drop everything for `us`; a stop is heeded. */
enum pf_err bl602_hush(struct bl602 *s, uint64_t us);

/* The port's rate; nothing happens when it is the present one. */
enum pf_err bl602_port_baud(struct bl602 *s, uint32_t baud);

/* One request, one answer, no second try. PF_ERR_TIMEOUT: none came.
 * PF_ERR_PROTOCOL: one that cannot be, or a request that was damaged.
 * PF_ERR_REFUSED: FL for another reason, see s->code. After the first two
 * s->dirty tells whether an answer may still come. The answer's data is valid
 * until the next call. */
enum pf_err bl602_exchange(struct bl602 *s, const struct bl602_request *rq,
                           struct bl602_reply *reply);

/* A question to somebody who may not be there or not know it: `wait_us`, one
 * try, PF_ERR_TIMEOUT for every kind of no. Nothing stays dirty. */
enum pf_err bl602_ask(struct bl602 *s, struct bl602_request rq, uint64_t wait_us,
                      struct bl602_reply *reply);

/* Ask the loader something whose answer names the question, and drop everything
 * that comes before: late answers have then arrived. Clears s->dirty. */
enum pf_err bl602_barrier(struct bl602 *s);

/* bl602_sync.c ------------------------------------------------------------- */

/* One 0x55 train at the present rate, and the OK to it within `wait_us`; then
 * the quiet that has to follow. PF_ERR_TIMEOUT: no OK. */
enum pf_err bl602_train(struct bl602 *s, uint64_t wait_us);

/* Who answers at the present rate, without any 0x55: sets s->peer. */
enum pf_err bl602_probe(struct bl602 *s);

/* The loader answers here and now: sets s->peer and s->session. PF_ERR_TIMEOUT. */
enum pf_err bl602_ask_loader(struct bl602 *s);

/* Look for a session that is open already. s->peer tells. */
enum pf_err bl602_find_live(struct bl602 *s);

struct bl602_sync {
    uint64_t timeout_us; /* 0: for ever */
    bool guide;          /* tell a person */
};
/* Get into a session of the ROM, or of a loader that waits. PF_ERR_SYNC:
 * nobody answered. */
enum pf_err bl602_sync(struct bl602 *s, const struct bl602_sync *how);

void bl602_sync_event(struct bl602 *s, const char *state, uint64_t since, const char *text);

/* bl602_diagnose.c --------------------------------------------------------- */

/* One or more sentences: what was seen, what it means, what to do next. */
void bl602_diagnose(const struct bl602_diag *d, uint32_t baud, char *out, size_t cap);

/* bl602_rom.c -------------------------------------------------------------- */

/* Keep what get_boot_info says; *version tells who said it. Another chip is
 * PF_ERR_CHIP, one that takes signed images only PF_ERR_REFUSED. */
enum pf_err bl602_take_boot_info(struct bl602 *s, const uint8_t data[20], uint32_t *version);

/* From a session of the ROM to a RAM loader that waits for its train. */
enum pf_err bl602_load(struct bl602 *s);

/* bl602_link.c ------------------------------------------------------------- */

/* Open a session with a loader that waits for a train, at `goal` or the
 * highest rate of the ladder below it that works. */
enum pf_err bl602_start_loader(struct bl602 *s, uint32_t goal);

/* Whatever s->peer is: a session with a loader at the goal. */
enum pf_err bl602_reach_loader(struct bl602 *s);

/* Move a running session to `baud`, or to what works below. */
enum pf_err bl602_change_baud(struct bl602 *s, uint32_t baud);

/* Request and answer with retries, recovery of the link and the baud ladder;
 * `phase` is for RETRY events. */
enum pf_err bl602_command(struct bl602 *s, const char *phase, const struct bl602_request *rq,
                          struct bl602_reply *reply);

/* One try of bl602_command(). *again: it makes sense to try once more. */
enum pf_err bl602_try(struct bl602 *s, const char *phase, const struct bl602_request *rq,
                      unsigned try, struct bl602_reply *reply, bool *again);

/* A session is open and the line is settled, whatever it takes. */
enum pf_err bl602_settle(struct bl602 *s);

/* bl602_stream.c ----------------------------------------------------------- */

/* Is the loader that runs a stub of our own? Sets s->ours. */
enum pf_err bl602_who(struct bl602 *s);
/* The stub that runs, or that will be loaded next, is going to stream. */
bool bl602_will_stream(const struct bl602 *s);
enum pf_err bl602_enter_stream(struct pf_session *ps, uint8_t caps[32]);

/* bl602_identify.c --------------------------------------------------------- */

enum pf_err bl602_identify(struct bl602 *s);

/* A question that a loader may not know. PF_ERR_TIMEOUT: no answer to it. */
enum pf_err bl602_ask_optional(struct bl602 *s, struct bl602_request rq, struct bl602_reply *r);

/* bl602_flash.c ------------------------------------------------------------ */

enum pf_err bl602_read(struct pf_session *ps, uint32_t addr, uint8_t *buf, size_t len);
enum pf_err bl602_digest(struct pf_session *ps, uint32_t addr, size_t len, struct pf_digest *out);
enum pf_err bl602_erase(struct pf_session *ps, uint32_t addr, size_t len);
enum pf_err bl602_write(struct pf_session *ps, uint32_t addr, const uint8_t *data, size_t len);
/* Ask whether the writes since the last erase went well. A no is told as a
 * RETRY event: what it means for the flash only a digest can tell. */
enum pf_err bl602_check_writes(struct bl602 *s);

#endif
