/* job.c - erase, program and hash in slices. What was erased or programmed is read
 * back before the next operation begins: a chip that is protected refuses without
 * a word, and nobody else would tell. */
#include "common/job.h"

#define JOB_SLICE   1024u
#define JOB_COMPARE 16u /* bytes between two polls */
/* What no healthy chip takes, worn or not: then it is given up. */
#define JOB_LONG_US 10000000u
#define JOB_CHIP_US 400000000u

static void job_begin(struct stub_job *j, enum stub_job_kind kind, uint32_t addr, uint32_t len)
{
    j->kind = kind;
    j->at = addr;
    j->end = addr + len;
    j->unit = j->seen = j->done = j->begun = 0;
    j->data = NULL;
    j->failed = false;
}

void stub_job_erase(struct stub_job *j, uint32_t addr, uint32_t len, bool mixed)
{
    job_begin(j, STUB_JOB_ERASE, addr, len);
    j->most = mixed ? STUB_BLOCK : STUB_SECTOR;
}

void stub_job_erase_chip(struct stub_job *j)
{
    job_begin(j, STUB_JOB_CHIP, 0, 1); /* how much it is, job_next() knows */
}

void stub_job_program(struct stub_job *j, uint32_t addr, const uint8_t *data, uint32_t len)
{
    job_begin(j, STUB_JOB_PROGRAM, addr, len);
    j->data = data;
}

void stub_job_hash(struct stub_job *j, uint32_t addr, uint32_t len)
{
    job_begin(j, STUB_JOB_HASH, addr, len);
    stub_sha256_init(&j->sha);
}

/* Whether buf holds the data or, without, FF. */
static bool job_same(struct stub_hal *h, const uint8_t *buf, const uint8_t *data, uint32_t len)
{
    hal_spend(h, HAL_COPY, len);
    for (uint32_t i = 0; i < len; i++) {
        if (buf[i] != (data ? data[i] : 0xff))
            return false;
        if (i % JOB_COMPARE == 0)
            hal_poll(h);
    }
    return true;
}

/* Read the next bytes of a unit: to be hashed, or compared. */
static void job_look(struct stub_job *j, struct stub_flash *f)
{
    for (uint32_t slice = 0; slice < JOB_SLICE && j->seen < j->unit; slice += STUB_PAGE) {
        uint32_t part = j->unit - j->seen < STUB_PAGE ? j->unit - j->seen : STUB_PAGE;

        stub_flash_read(f, j->at + j->seen, j->page, part);
        if (j->kind == STUB_JOB_HASH)
            stub_sha256_update(&j->sha, f->h, j->page, part);
        else if (!job_same(f->h, j->page, j->data ? j->data + j->seen : NULL, part))
            j->failed = true;
        j->seen += part;
    }
}

static uint32_t job_erase_unit(const struct stub_job *j)
{
    uint32_t unit = j->most;

    while (unit > STUB_SECTOR && (j->at & (unit - 1) || j->end - j->at < unit))
        unit = unit == STUB_BLOCK ? STUB_BLOCK / 2 : STUB_SECTOR;
    return unit;
}

/* Begin the next operation, of `unit` bytes. */
static void job_next(struct stub_job *j, struct stub_flash *f)
{
    const uint32_t left = j->end - j->at, page = STUB_PAGE - j->at % STUB_PAGE;

    j->begun++;
    j->begun_us = hal_us(f->h);
    if (j->kind == STUB_JOB_CHIP) {
        stub_flash_erase_chip(f);
        j->unit = j->end = f->size;
    } else if (j->kind == STUB_JOB_ERASE) {
        j->unit = job_erase_unit(j);
        stub_flash_erase(f, j->at, j->unit);
    } else if (j->kind == STUB_JOB_PROGRAM) {
        j->unit = left < page ? left : page;
        stub_flash_program(f, j->at, j->data, j->unit);
    } else {
        j->unit = left < JOB_SLICE ? left : JOB_SLICE;
    }
}

static bool job_over(struct stub_job *j, struct stub_flash *f)
{
    if (j->kind == STUB_JOB_HASH)
        stub_sha256_final(&j->sha, f->h, j->hash);
    j->kind = STUB_JOB_NONE;
    return true;
}

bool stub_job_step(struct stub_job *j, struct stub_flash *f)
{
    if (j->kind == STUB_JOB_NONE)
        return true;
    if (!stub_flash_ready(f)) {
        if (hal_us(f->h) - j->begun_us < (j->kind == STUB_JOB_CHIP ? JOB_CHIP_US : JOB_LONG_US))
            return false;
        j->failed = true;
        return job_over(j, f);
    }
    if (!j->unit && j->at == j->end)
        return job_over(j, f);
    if (!j->unit) {
        job_next(j, f);
        return false;
    }
    job_look(j, f);
    if (j->failed)
        return job_over(j, f);
    if (j->seen == j->unit) {
        j->at += j->unit;
        j->done += j->unit;
        if (j->data)
            j->data += j->unit;
        j->unit = j->seen = 0;
    }
    return false;
}
