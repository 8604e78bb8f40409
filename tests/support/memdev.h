/* memdev.h - a protocol over memory, for tests of what knows flash and not the
 * wire. Strict NOR: erase sets, program clears, programming unerased cells is
 * a violation. A virtual clock charges every exchange. One fault can happen at
 * the n-th call; `calls` counts read, digest, erase, write, unlock and lock. */
#ifndef SUPPORT_MEMDEV_H
#define SUPPORT_MEMDEV_H

#include "plugflash/protocol.h"

enum memdev_fault {
    MEMDEV_SOUND,
    MEMDEV_SILENT,       /* PF_ERR_TIMEOUT, nothing happened */
    MEMDEV_LATE,         /* PF_ERR_TIMEOUT, though it happened */
    MEMDEV_GONE,         /* PF_ERR_IO from here on */
    MEMDEV_REFUSE,       /* PF_ERR_REFUSED, nothing happened */
    MEMDEV_WRONG_READ,   /* one bit of what is read is inverted */
    MEMDEV_WRONG_DIGEST, /* one bit of the digest is inverted */
    MEMDEV_STUCK_ERASE,  /* acknowledged, nothing happened */
    MEMDEV_LOST_WRITE,   /* acknowledged, nothing happened */
    MEMDEV_TORN_WRITE,   /* acknowledged, half of it happened */
    MEMDEV_CANCEL,       /* the user asks to stop during this call */
    MEMDEV_FAULTS,
};

#define MEMDEV_SECTORS 1024

struct memdev {
    struct pf_session base; /* first: the session given to operations */
    struct pf_transport port;
    struct pf_ctx ctx;
    struct pf_protocol proto;
    struct pf_chip chip;

    uint8_t *flash;
    uint32_t sectors;
    uint64_t now;
    double a_us, b_us, r_us; /* exchange, hash of a sector, transfer of a sector */
    double erase_us, block_us, program_us;

    bool digest_locks; /* a digest takes the write permission, an erase gives it back */
    bool permitted, unlocked;
    uint8_t key[16];
    bool has_key;

    enum memdev_fault fault;
    unsigned at;
    bool fired, gone;

    unsigned calls, reads, digests, erases, block_erases, writes, unlocks, locks;
    uint64_t hashed;
    unsigned violations;
    uint8_t erased[MEMDEV_SECTORS], programmed[MEMDEV_SECTORS], readcount[MEMDEV_SECTORS];
    /* for a test that puts its own in front: proto.erase as it was */
    enum pf_err (*real_erase)(struct pf_session *s, uint32_t addr, size_t len);
    uint32_t flaky; /* this sector reads differently every other time; ~0u: none */
    uint32_t lying; /* this sector always reads wrong; ~0u: none */
    uint32_t worn;  /* this sector never takes a write; ~0u: none */
    unsigned warnings, retries;
    char warning[PF_TEXT_MAX];
};

/* `regions` is borrowed, like chip_table entries; NULL: none. Flash is FF. */
void memdev_init(struct memdev *d, uint32_t sectors, const struct pf_region *regions);
void memdev_fini(struct memdev *d);

/* Make it a link that streams: map, fetch and store, SHA-256. One sector is one call;
 * a port that goes during a store leaves the sector half erased or half programmed. */
void memdev_stream(struct memdev *d);

/* Clear counters, clock and fault, keep the flash. */
void memdev_reset(struct memdev *d);

/* Fill sectors with bytes that are not blank and depend on `seed`. */
void memdev_fill(uint8_t *flash, uint32_t first, uint32_t count, uint32_t seed);

const char *memdev_fault_name(enum memdev_fault fault);

#endif
