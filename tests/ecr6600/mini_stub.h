/* mini_stub.h - just enough of an ECR6600 to test the driver's stories.
 *
 * Not the virtual device: no timing model, no NOR rules beyond AND and erase.
 * It is a loader that takes a stub, and the stub's commands, and it does one
 * wrong thing when told to. */
#ifndef TESTS_MINI_STUB_H
#define TESTS_MINI_STUB_H

#include "ecr6600/ecr6600_session.h"
#include "support/fake_transport.h"

#define MINI_SIZE  0x200000u
#define MINI_NEVER 0xffffffffu

enum mini_kind { MINI_CUSTOM, MINI_1311, MINI_134, MINI_140, MINI_STRANGE };
enum mini_state { MINI_APP, MINI_SYNC, MINI_HEADER, MINI_BLOCKS, MINI_STUB, MINI_DATA };

struct mini {
    struct fake *f;
    enum mini_kind kind;
    enum mini_state state, after_reset;
    uint32_t baud, bad_rate; /* bad_rate: neither side understands a thing there */
    uint32_t size;           /* of the flash, as the stub knows it; 0: none */
    uint8_t jedec[3];
    uint8_t *flash; /* MINI_SIZE bytes */
    uint32_t efuse_ctrl, efuse_chip;
    uint64_t window_us; /* 0: the loader listens for ever */
    uint64_t reset_at;
    bool deaf_reset; /* the reset line does nothing */

    /* loader */
    unsigned sync_at;
    uint8_t group[12];
    size_t group_len;
    uint32_t left, block;
    uint8_t *ram;
    size_t ram_len;
    unsigned lose_block; /* this block's answer is lost */

    /* stub */
    uint8_t in[8192];
    size_t len;
    uint32_t addr, todo;
    uint16_t stale; /* length field of the answer before */

    /* faults: index of the request (from 0) */
    unsigned requests;
    unsigned drop_request_at, drop_reply_at, late_reply_at, noise_at, spoil_reply_at,
        cut_request_at;
    uint64_t late_us;
    unsigned bad_sum_at; /* the stub finds the sum of this request wrong */
    uint8_t hash_fill;   /* not 0: hashes are 32 of these */
    unsigned hash_bad;   /* so many times */

    /* counters */
    unsigned syncs, headers, uploads, resets, runs, bauds;
    unsigned erases04, erased_by_02, writes02, frames, reads, hashes, probes, big_reads,
        chip_erases;
    unsigned overruns; /* a command whose payload the stack has no room for */
};

struct mini *mini_open(enum mini_kind kind, enum mini_state state);
void mini_close(struct mini *m);
/* Put the partition table of OpenBeken's layout at 0x0, nv_amt at `nv_amt`. */
void mini_table(uint8_t *sector, uint32_t nv_amt);

extern const uint8_t mini_stub[3000];
/* Open with a stub and a sync timeout of 10 s; fault indexes count from here. */
enum pf_err mini_try(struct mini *m, struct pf_link_options opt, struct pf_session **s);
struct pf_session *mini_link(struct mini *m);
void mini_must(struct mini *m, enum pf_err err, enum pf_err expect);
void mini_done(struct mini *m, struct pf_session *s);

#endif
