/* job.h - one piece of flash work that takes time, done in slices by the loop:
 * erase a range, program a buffer, hash a range. The plain languages and the
 * commands HASH and ERASE use it; transfers do their own. */
#ifndef STUB_JOB_H
#define STUB_JOB_H

#include "common/flash.h"

enum stub_job_kind {
    STUB_JOB_NONE,
    STUB_JOB_ERASE,
    STUB_JOB_CHIP,
    STUB_JOB_PROGRAM,
    STUB_JOB_HASH
};

struct stub_job {
    enum stub_job_kind kind;
    uint32_t at, end;
    const uint8_t *data; /* of `at`; borrowed until done */
    uint32_t most;       /* largest unit of an erase */
    uint32_t unit, seen; /* bytes of the operation begun at `at`; of them read back */
    uint32_t done;       /* bytes */
    uint32_t begun;      /* operations begun: one erase or page each */
    uint32_t begun_us;   /* when the last of them was */
    bool failed; /* read back, not what it should be, or busy for ever; the rest is left out */
    struct stub_sha256 sha;
    uint8_t hash[32];                    /* valid when a HASH is done */
    _Alignas(4) uint8_t page[STUB_PAGE]; /* read back */
};

/* Begin; the job must be NONE. Ranges are checked by the caller; erase: whole
 * sectors, 64 KiB and 32 KiB units where they fit and `mixed`. */
void stub_job_erase(struct stub_job *j, uint32_t addr, uint32_t len, bool mixed);
void stub_job_erase_chip(struct stub_job *j);
void stub_job_program(struct stub_job *j, uint32_t addr, const uint8_t *data, uint32_t len);
void stub_job_hash(struct stub_job *j, uint32_t addr, uint32_t len);

/* One slice: at most one operation begun, one look at BUSY, or 1 KiB read back or
 * hashed. True: the job is over and NONE again, `failed` and `hash` are its result. */
bool stub_job_step(struct stub_job *j, struct stub_flash *f);

#endif
