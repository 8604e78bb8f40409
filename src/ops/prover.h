/* prover.h - what the device holds, told by digests instead of by moving it.
 *
 * A prover keeps what the host believes about a span of flash (the content,
 * sector by sector) beside what the device has said about it (claims: a range
 * and its digest). A sector is PROVED when some claim over a range that holds
 * it equals the host's digest of that range. CRC-32 has an algebra: with the
 * CRC of a range and of its first half, that of the second half follows, so
 * of two siblings only one is ever asked.
 *
 * A loader without digests is served by reading back: slower, same interface.
 * No function here changes the device. */
#ifndef OPS_PROVER_H
#define OPS_PROVER_H

#include "plugflash/ops.h"

enum sector_state {
    SECTOR_UNKNOWN, /* content is meaningless */
    SECTOR_GUESS,   /* content is a guess: a base, an image, an interrupted backup */
    SECTOR_LIKELY,  /* a guess whose CRC-32 is the device's: worth a digest, no proof */
    SECTOR_READ,    /* content crossed the wire */
    SECTOR_PROVED,  /* content equals a device digest */
};

/* Sectors count from the start of the prover's span. */
struct prover_claim {
    uint32_t first, count;
    struct pf_digest digest;
};

/* Time of an exchange (a), of hashing a sector (b) and of reading one (r), in
 * microseconds, learned on the way; exchanges that needed a retry do not count. */
struct prover_cost {
    double prior_a, prior_r;
    double n, sum_n, sum_t, min_t; /* digests: how many, sectors, time, quickest */
    double reads, read_us;         /* sectors, time */
};

struct prover {
    struct pf_session *s;
    struct pf_stats *stats; /* borrowed */
    uint32_t addr;          /* flash address of sector 0 */
    uint32_t count;         /* sectors */
    uint8_t *content;       /* borrowed: count * PF_SECTOR bytes */
    uint8_t *state;         /* enum sector_state each */
    uint8_t *dirty;         /* content changed since the caller last looked */
    uint8_t *shaky;         /* repeated reads disagreed */
    struct prover_claim *claim;
    size_t nclaims, cap;
    struct prover_cost cost;
    bool readback;     /* no digest: compare by reading */
    unsigned repeat;   /* reads per sector; 0 and 1: one */
    uint32_t unstable; /* how many are shaky */
    const char *phase; /* of progress events while checking */
};

/* `content` and `stats` are borrowed until fini. PF_ERR_NOMEM leaves nothing
 * to fini; fini after a failed or missing init is harmless on a zeroed struct. */
enum pf_err prover_init(struct prover *p, struct pf_session *s, struct pf_stats *stats,
                        uint32_t addr, uint32_t count, uint8_t *content);
void prover_fini(struct prover *p);

/* What proves: digest or read-back. */
enum pf_proof prover_kind(const struct prover *p);

/* Read sectors into content (SECTOR_READ). With `repeat` > 1 each sector is
 * read so often and every byte decided by majority. */
enum pf_err prover_read(struct prover *p, uint32_t first, uint32_t count);

/* Sectors that one read() moves best. */
uint32_t prover_chunk(const struct prover *p);

/* Where the session has a map: guesses of [first, first+count) become LIKELY or,
 * when their CRC-32 is another, UNKNOWN. Elsewhere nothing happens. */
enum pf_err prover_sift(struct prover *p, uint32_t first, uint32_t count);

/* The device's digest of a range, got on the way; kept to prove with. */
enum pf_err prover_hold(struct prover *p, uint32_t first, uint32_t count,
                        const struct pf_digest *digest);

/* Read one sector and prove it at once; bounded. PF_ERR_VERIFY: reads and
 * digest keep disagreeing. Costs one exchange more than a read. */
enum pf_err prover_read_sure(struct prover *p, uint32_t sector);

enum prover_effort {
    PROVER_WHOLE, /* one digest per run, no descent */
    PROVER_QUICK, /* descend while that is cheaper than reading what differs */
    PROVER_EXACT, /* descend to single sectors */
};

/* Compare the content of [first, first+count) with the device. Sectors that
 * agree become PROVED; others keep their state. Progress goes to p->phase. */
enum pf_err prover_check(struct prover *p, uint32_t first, uint32_t count,
                         enum prover_effort effort);

/* Compare sector by sector, cheaper than descending where most of them differ;
 * the last digest follows from that of the whole range, if that is held. */
enum pf_err prover_scan(struct prover *p, uint32_t first, uint32_t count);

/* The sector before `first` was found blank: how far does the run go on? At
 * most to `limit` (exclusive). *run: sectors from `first` now proved blank.
 * *barrier: up to here (exclusive) it is known that no longer run will be
 * found: read plainly. */
enum pf_err prover_blank_run(struct prover *p, uint32_t first, uint32_t limit, uint32_t *run,
                             uint32_t *barrier);

/* Prove every sector of the span. Claims already held are used first; what
 * disagrees is read again, three rounds at most. All sectors must be READ or
 * PROVED. PF_ERR_VERIFY names what keeps disagreeing. */
enum pf_err prover_prove(struct prover *p);

/* Is the whole span exactly `data`? One digest; when it is, `data` becomes the
 * content, all PROVED. Always false without digests, where the answer would
 * cost as much as reading. */
enum pf_err prover_matches(struct prover *p, const uint8_t *data, bool *same);

/* Make `data` (one sector) the guess for a sector. */
void prover_guess(struct prover *p, uint32_t sector, const uint8_t *data);

/* Sectors of [first, first+count) that are not PROVED. */
uint32_t prover_open(const struct prover *p, uint32_t first, uint32_t count);

/* Move *at to the next sector before `end` that is not PROVED; returns how many
 * such sectors follow it without a gap, 0: none left. */
uint32_t prover_next_open(const struct prover *p, uint32_t *at, uint32_t end);

#endif
