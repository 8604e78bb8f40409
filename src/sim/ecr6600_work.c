/* ecr6600_work.c - commands of the stubs that take time (2.3): read, erase,
 * write, hash. Flash operations are done one by one, each when the one before
 * has ended, so that power may go between any two. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "sim/ecr6600.h"

#define RAM_END      0xB0000u
#define ANSWER_DATA  65536u
#define SHORT_BUFFER 0x2400u /* of 1.3.11; behind it are its variables */
#define SIZE_OFFSET  0x240Cu /* of the flash size, counted from the first data byte */
#define MIXED_FROM   0x10000u

static struct ecrdev_stub *stub(const struct sim *s)
{
    return &ecrdev(s)->stub;
}

/* ---- jobs ----------------------------------------------------------------- */

void ecrdev_erase(struct sim *s, uint32_t addr, uint32_t len, bool mixed,
                  void (*then)(struct sim *s))
{
    struct ecrdev_job *job = &stub(s)->job;

    /* The helper for one sector returns at once when it is not aligned. */
    if (addr % NOR_SECTOR)
        len = 0;
    *job = (struct ecrdev_job){
        .kind = ECRDEV_ERASE, .mixed = mixed, .at = addr, .left = len, .then = then};
    ecrdev_job_step(s);
}

void ecrdev_program(struct sim *s, uint32_t addr, const uint8_t *data, uint32_t len,
                    void (*then)(struct sim *s))
{
    stub(s)->job = (struct ecrdev_job){
        .kind = ECRDEV_PROGRAM, .at = addr, .left = len, .data = data, .then = then};
    ecrdev_job_step(s);
}

void ecrdev_pause(struct sim *s, uint64_t ns, void (*then)(struct sim *s))
{
    stub(s)->job = (struct ecrdev_job){.kind = ECRDEV_PAUSE, .then = then};
    sim_delay(s, ns);
}

static void erase_step(struct sim *s, struct ecrdev_job *job)
{
    uint32_t unit = NOR_SECTOR;

    if (job->mixed && job->at % NOR_BLOCK == 0 && job->left >= NOR_BLOCK)
        unit = NOR_BLOCK;
    else if (job->mixed && job->at % NOR_HALF == 0 && job->left >= NOR_HALF)
        unit = NOR_HALF;
    nor_write_enable(&s->nor);
    sim_flash_work(s, nor_erase(&s->nor, job->at, unit));
    job->at += unit;
    job->left = job->left > unit ? job->left - unit : 0;
}

static void program_step(struct sim *s, struct ecrdev_job *job)
{
    uint32_t part = NOR_PAGE - (job->at & (NOR_PAGE - 1));

    if (part > job->left)
        part = job->left;
    sim_flash_work(s, nor_program(&s->nor, job->at, job->data, part));
    job->at += part;
    job->data += part;
    job->left -= part;
}

/* 1.3.11 fills its buffer beyond the end: the size that range checks use is
 * whatever was put there. */
static void overrun(struct sim *s, const uint8_t *data, uint32_t n)
{
    struct ecrdev_stub *b = stub(s);

    if (ecrdev(s)->kind != ECRDEV_1_3_11 || n <= SHORT_BUFFER)
        return;
    b->flash_size = n >= SIZE_OFFSET + 4 ? get_le32(data + SIZE_OFFSET) : rng_u32(&s->rng);
}

/* One frame of an answer to 03. Length and the count of summed bytes are 16 bits. */
static void send_step(struct sim *s, struct ecrdev_job *job)
{
    struct ecrdev_stub *b = stub(s);
    uint32_t n = job->left < ANSWER_DATA ? job->left : ANSWER_DATA;
    uint32_t summed = (n + 5) & 0xffff;
    uint8_t sum = 0;

    b->out[0] = 0x5A;
    b->out[1] = 0x03;
    put_le16(b->out + 2, (uint16_t)n);
    nor_read(&s->nor, job->at, b->out + 4, n);
    b->out[4 + n] = ECRDEV_OK;
    for (uint32_t i = 0; i < summed; i++)
        sum = (uint8_t)(sum + b->out[i]);
    b->out[5 + n] = sum;
    b->stale_len = (uint16_t)n;
    b->stale_sum = (uint8_t)(0x5A + 0x03);
    overrun(s, b->out + 4, n);
    job->at += n;
    job->left -= n;
    ecrdev_say(s, b->out, 6 + n);
}

void ecrdev_job_step(struct sim *s)
{
    struct ecrdev_job *job = &stub(s)->job;

    if (job->kind == ECRDEV_PAUSE || !job->left) {
        job->kind = ECRDEV_IDLE;
        if (job->then)
            job->then(s);
        return;
    }
    if (job->kind == ECRDEV_ERASE)
        erase_step(s, job);
    else if (job->kind == ECRDEV_PROGRAM)
        program_step(s, job);
    else
        send_step(s, job);
}

/* ---- read, erase ---------------------------------------------------------- */

void ecrdev_cmd_read(struct sim *s, const uint8_t *p)
{
    uint32_t addr = get_le32(p), len = get_le32(p + 4);

    if (!ecrdev_in_range(s, 0x03, addr, len))
        return;
    stub(s)->job = (struct ecrdev_job){.kind = ECRDEV_SEND, .at = addr, .left = len};
    ecrdev_job_step(s);
}

static void erased(struct sim *s)
{
    ecrdev_answer(s, 0x04, ECRDEV_OK);
}

void ecrdev_cmd_erase(struct sim *s, const uint8_t *p)
{
    uint32_t addr = get_le32(p), len = get_le32(p + 4);
    uint8_t status;

    if (!ecrdev_in_range(s, 0x04, addr, len))
        return;
    status = sim_fault_status(s);
    if (status)
        ecrdev_answer(s, 0x04, status);
    else
        ecrdev_erase(s, addr, len, false, erased);
}

void ecrdev_cmd_chip_erase(struct sim *s, const uint8_t *p)
{
    uint8_t status = sim_fault_status(s);

    (void)p;
    if (!status) {
        nor_write_enable(&s->nor);
        sim_flash_work(s, nor_erase(&s->nor, 0, s->nor.size));
    }
    ecrdev_answer(s, 0x05, status);
}

/* ---- write ---------------------------------------------------------------- */

static void enter_loop(struct sim *s, uint8_t type, uint32_t addr, uint32_t len)
{
    struct ecrdev_stub *b = stub(s);

    b->loop = true;
    b->loop_type = type;
    b->at = addr;
    b->left = len;
    b->before = 0;
    ecrdev_answer(s, type, ECRDEV_OK);
}

static void write_erased(struct sim *s)
{
    struct ecrdev_stub *b = stub(s);

    enter_loop(s, 0x02, b->at, b->left);
}

/* Erases before it answers (2.3, 02.1). */
void ecrdev_cmd_write(struct sim *s, const uint8_t *p)
{
    struct ecrdev_stub *b = stub(s);
    uint32_t addr = get_le32(p), len = get_le32(p + 4);
    uint8_t status;

    if (!ecrdev_in_range(s, 0x02, addr, len))
        return;
    status = sim_fault_status(s);
    if (status) {
        ecrdev_answer(s, 0x02, status);
        return;
    }
    b->at = addr;
    b->left = len;
    ecrdev_erase(s, addr, len, len >= MIXED_FROM, write_erased);
}

void ecrdev_cmd_ram(struct sim *s, const uint8_t *p)
{
    uint32_t addr = get_le32(p), len = get_le32(p + 4);

    if ((uint64_t)addr + len > RAM_END)
        ecrdev_answer(s, 0x01, ECRDEV_ADDR);
    else
        enter_loop(s, 0x01, addr, len);
}

static void frame_written(struct sim *s)
{
    struct ecrdev_stub *b = stub(s);

    b->at += b->n;
    b->left -= b->n; /* below zero it never ends */
    b->before = b->n;
    b->loop = b->left != 0;
    if (ecrdev_answer(s, b->loop_type, b->status) && b->loop_type == 0x02)
        ecrdev_flush_after(s);
}

/* Programs first and judges the sum afterwards (2.3, 02.4). */
void ecrdev_data_frame(struct sim *s, bool bad)
{
    struct ecrdev_stub *b = stub(s);
    uint8_t refused = b->loop_type == 0x02 ? sim_fault_status(s) : 0;

    b->n = b->len - 1;
    if (b->data[0] == 1) { /* repeats the frame before */
        b->at -= b->before;
        b->left += b->before;
    }
    b->status = refused ? refused : bad ? ECRDEV_CRC : ECRDEV_OK;
    overrun(s, b->data + 1, b->n);
    if (refused || b->loop_type != 0x02)
        frame_written(s);
    else
        ecrdev_program(s, b->at, b->data + 1, b->n, frame_written);
}

/* ---- hash ----------------------------------------------------------------- */

/* 1.3.4 hashes through the data cache, which writes by SPI do not touch. */
static void through_cache(struct sim *s, uint32_t addr, uint8_t *buf, uint32_t len)
{
    struct ecrdev *e = ecrdev(s);
    uint32_t lines = ECRDEV_CACHE / ECRDEV_LINE;

    for (uint32_t done = 0; done < len;) {
        uint32_t at = addr + done, within = at % ECRDEV_LINE, part = ECRDEV_LINE - within;
        uint32_t slot = at / ECRDEV_LINE % lines;
        uint8_t *line = e->line + (size_t)slot * ECRDEV_LINE;

        if (part > len - done)
            part = len - done;
        if (e->tag[slot] != at / ECRDEV_LINE) {
            e->tag[slot] = at / ECRDEV_LINE;
            memcpy(line, s->nor.cell + ((at - within) & (s->nor.size - 1)), ECRDEV_LINE);
        }
        memcpy(buf + done, line + within, part);
        done += part;
    }
}

static bool hash_flash(struct sim *s, uint32_t addr, uint32_t len, uint8_t hash[32])
{
    bool stale = ecrdev(s)->kind == ECRDEV_1_3_4 && ecrdev(s)->stale_cache;
    uint8_t *copy;

    if (!stale && len <= s->nor.size && addr <= s->nor.size - len) {
        pf_sha256(s->nor.cell + addr, len, hash);
        return true;
    }
    if (len > NOR_SIZE_MAX || !(copy = malloc(len ? len : 1)))
        return false;
    if (stale)
        through_cache(s, addr, copy, len);
    else
        nor_read(&s->nor, addr, copy, len);
    pf_sha256(copy, len, hash);
    free(copy);
    return true;
}

/* 1.3.11 feeds the hash engine itself and only by words (9.4): what it then
 * answers looks like success. */
static bool odd_hash(struct sim *s, uint32_t addr, uint32_t len, uint8_t hash[32])
{
    if (ecrdev(s)->kind != ECRDEV_1_3_11 || (len % 4 == 0 && addr % 4 == 0))
        return false;
    memcpy(hash, stub(s)->stale_hash, 32);
    memset(hash, len % 4 ? 0xEE : 0xFF, 4);
    return true;
}

void ecrdev_cmd_sha(struct sim *s, const uint8_t *p)
{
    struct ecrdev_stub *b = stub(s);
    uint32_t addr = get_le32(p), len = get_le32(p + 4);
    uint8_t *frame = b->out, sum = 0;

    if (!ecrdev_in_range(s, 0x09, addr, len))
        return;
    if (!odd_hash(s, addr, len, frame + 4)) {
        if (!hash_flash(s, addr, len, frame + 4)) {
            ecrdev_answer(s, 0x09, ECRDEV_ERROR);
            return;
        }
        s->digest_bytes += len;
        sim_work(s, (uint64_t)((double)len * 1e9 / (double)s->cfg.crc_rate));
        if (fault_hit(&s->plan, FAULT_WRONGCRC, s->crcs++))
            frame[4 + rng_below(&s->plan.rng, 32)] ^= 1;
    }
    memcpy(b->stale_hash, frame + 4, 32);
    frame[0] = 0x5A;
    frame[1] = 0x09;
    put_le16(frame + 2, 32);
    frame[36] = ECRDEV_OK;
    for (size_t i = 0; i < 37; i++)
        sum = (uint8_t)(sum + frame[i]);
    frame[37] = sum;
    b->stale_len = 32;
    b->stale_sum = (uint8_t)(0x5A + 0x09);
    ecrdev_say(s, frame, 38);
}
