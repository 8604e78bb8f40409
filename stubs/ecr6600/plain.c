/* plain.c - the plain language of the ECR6600 stubs: frames A5 and 5A.
 *
 *   request   A5  op  len16  payload[len]           sum8
 *   data      A5  02  n+1    flag  data[n]          sum8
 *   answer    5A  op  len16  payload[len]  status   sum8
 *
 *   read 0, 16   A5 03 08 00 00 00 00 00 10 00 00 00 C0
 *
 * A write erases first and takes data frames then. As with the other stubs a data
 * frame whose sum is wrong counts, but here nothing of it is programmed: when the
 * host says it again (flag 01), its place is still blank. */
#include "common/stub.h"

#include <string.h>

enum {
    ECR_SYNC = 0x00,
    ECR_WRITE = 0x02,
    ECR_READ = 0x03,
    ECR_ERASE = 0x04,
    ECR_ERASE_CHIP = 0x05,
    ECR_RUN = 0x06,
    ECR_BAUD = 0x07,
    ECR_EFUSE = 0x08,
    ECR_SHA = 0x09,
    ECR_FLASH_ID = 0x90,
    ECR_EFUSE_ALL = 0x99,
    ECR_CAPS = 0xb0
};

enum {
    ECR_OK = 0,
    ECR_ERROR = 1,
    ECR_ADDR_ERROR = 2,
    ECR_TYPE_ERROR = 3,
    ECR_LEN_ERROR = 4,
    ECR_CRC_ERROR = 5,
    ECR_LATER = 0xff /* it has been or will be answered */
};

#define ECR_REQUEST     0xa5
#define ECR_ANSWER      0x5a
#define ECR_TAIL        1u /* the sum */
#define ECR_FRAME       0x10000u
#define ECR_EFUSES      128u
#define ECR_BAUD_US     50000u
#define ECR_RUN_US      10000u
#define ECR_COMPLAIN_US 2000000u

static const uint8_t sync_word[4] = {0x63, 0x6e, 0x79, 0x73}, caps_word[4] = {'P', 'F', 'S', '1'};

static void ecr_head(struct stub_plain *p, uint32_t len)
{
    p->out[0] = ECR_ANSWER;
    p->out[1] = p->head[1];
    p->out[2] = (uint8_t)len;
    p->out[3] = (uint8_t)(len >> 8);
    p->out_len = 4;
    p->out_sum = 0;
}

/* Count what is about to be sent. */
static void ecr_sum(struct stub *s)
{
    struct stub_plain *p = &s->plain;

    for (uint32_t i = 0; i < p->out_len; i++) {
        p->out_sum = (uint8_t)(p->out_sum + p->out[i]);
        if (i % 16 == 0)
            hal_poll(s->h);
    }
}

static void ecr_end(struct stub *s)
{
    ecr_sum(s);
    s->plain.out[s->plain.out_len++] = s->plain.out_sum;
}

/* The payload, if any, is at out + 4 already. */
static uint8_t ecr_answer(struct stub *s, uint8_t status, uint32_t len)
{
    struct stub_plain *p = &s->plain;

    ecr_head(p, len);
    p->out_len += len;
    p->out[p->out_len++] = status;
    ecr_end(s);
    return ECR_LATER;
}

/* ---- requests: each returns the status to answer with ---- */

static uint8_t ecr_later(struct stub *s, enum stub_plain_doing doing)
{
    s->plain.doing = doing;
    return ECR_LATER;
}

/* Whole sectors; none when the address is inside one, which the other stubs do not
 * mind either. */
static void ecr_erase(struct stub *s, uint32_t addr, uint32_t len)
{
    bool mixed = len >= STUB_BLOCK;

    len = addr % STUB_SECTOR ? 0 : (len + STUB_SECTOR - 1) & ~(STUB_SECTOR - 1);
    stub_job_erase(&s->job, addr, len, mixed);
}

static uint8_t ecr_span(struct stub *s, uint8_t op)
{
    struct stub_plain *p = &s->plain;
    uint32_t addr = stub_get32(p->body), len = stub_get32(p->body + 4);

    if (!stub_flash_has(&s->flash, addr, len))
        return ECR_ADDR_ERROR;
    if (op == ECR_ERASE && addr % STUB_SECTOR)
        return ECR_ADDR_ERROR; /* an OK would be a lie */
    if (op != ECR_ERASE && !stub_flash_ready(&s->flash))
        return ECR_ERROR;
    p->addr = addr;
    p->left = len;
    p->piece = 0;
    if (op == ECR_READ && len)
        return ecr_later(s, STUB_PLAIN_READ);
    if (op == ECR_READ)
        return ECR_OK;
    if (op == ECR_SHA)
        stub_job_hash(&s->job, addr, len);
    else
        ecr_erase(s, addr, len);
    return ecr_later(s, STUB_PLAIN_JOB);
}

/* Fuses, with or without a status: the answer to 08 has none, with the others too. */
static uint8_t ecr_efuse(struct stub *s, uint16_t addr, uint16_t len, bool dump)
{
    struct stub_plain *p = &s->plain;

    if (len > ECR_EFUSES || !hal_efuse(s->h, addr, p->out + 4, len))
        return ECR_ADDR_ERROR;
    if (dump)
        return ecr_answer(s, ECR_OK, len);
    ecr_head(p, len);
    p->out_len += len;
    ecr_end(s);
    return ECR_LATER;
}

/* read/write u16, address u16, length u16: fuses are read and never written. */
static uint8_t ecr_efuse_words(struct stub *s, const uint8_t *b)
{
    if (b[0] || b[1] || b[2] % 4)
        return ECR_ADDR_ERROR;
    if (b[4] % 4)
        return ECR_LEN_ERROR;
    return ecr_efuse(s, (uint16_t)(b[2] | b[3] << 8), (uint16_t)(b[4] | b[5] << 8), false);
}

static uint8_t ecr_baud(struct stub *s)
{
    s->plain.addr = stub_get32(s->plain.body);
    return hal_baud_real(s->h, s->plain.addr) ? ecr_later(s, STUB_PLAIN_BAUD) : ECR_ERROR;
}

static uint8_t ecr_caps(struct stub *s)
{
    if (memcmp(s->plain.body, caps_word, sizeof caps_word) != 0)
        return ECR_ERROR;
    memcpy(s->plain.out + 4, s->caps, sizeof s->caps);
    ecr_answer(s, ECR_OK, sizeof s->caps);
    return ecr_later(s, STUB_PLAIN_STREAM);
}

static uint8_t ecr_flash_id(struct stub *s)
{
    memcpy(s->plain.out + 4, s->flash.jedec, 3);
    s->plain.out[7] = 0;
    return ecr_answer(s, ECR_OK, 4);
}

/* Payload of a request by its op; -1: there is no such op. */
static int ecr_payload(uint8_t op)
{
    static const uint8_t payload[] = {4, 0xff, 8, 8, 8, 0, 0, 4, 6, 8};

    if (op < sizeof payload && payload[op] != 0xff)
        return payload[op];
    return op == ECR_CAPS ? 4 : op == ECR_FLASH_ID || op == ECR_EFUSE_ALL ? 0 : -1;
}

static uint8_t ecr_request(struct stub *s, uint8_t op)
{
    const uint8_t *body = s->plain.body;
    int payload = ecr_payload(op);

    if (payload < 0)
        return ECR_TYPE_ERROR;
    if ((uint32_t)payload != stub_plain_len(&s->plain))
        return ECR_LEN_ERROR;
    switch (op) {
    case ECR_SYNC:
        return memcmp(body, sync_word, sizeof sync_word) == 0 ? ECR_OK : ECR_ERROR;
    case ECR_ERASE_CHIP:
        if (!s->flash.size)
            return ECR_ERROR;
        stub_job_erase_chip(&s->job);
        return ecr_later(s, STUB_PLAIN_JOB);
    case ECR_RUN:
        ecr_answer(s, ECR_OK, 0);
        return ecr_later(s, STUB_PLAIN_RUN);
    case ECR_BAUD:
        return ecr_baud(s);
    case ECR_EFUSE:
        return ecr_efuse_words(s, body);
    case ECR_FLASH_ID:
        return ecr_flash_id(s);
    case ECR_EFUSE_ALL:
        return ecr_efuse(s, 0, ECR_EFUSES, true);
    case ECR_CAPS:
        return ecr_caps(s);
    default:
        return ecr_span(s, op);
    }
}

/* A data frame. Flag 01 says that it is the one before once more: a step back. */
static uint8_t ecr_data(struct stub *s, bool damaged)
{
    struct stub_plain *p = &s->plain;
    uint32_t n = stub_plain_len(p) - 1, back = p->body[0] == 1 ? p->piece : 0;

    if (!stub_plain_len(p) || n > p->left + back)
        return damaged ? ECR_CRC_ERROR : ECR_LEN_ERROR;
    p->addr -= back;
    if (!damaged)
        stub_job_program(&s->job, p->addr, p->body + 1, n);
    p->addr += n;
    p->left = p->left + back - n;
    p->piece = n;
    if (!damaged)
        return ecr_later(s, STUB_PLAIN_JOB);
    p->writing = p->left != 0;
    return ECR_CRC_ERROR;
}

static void ecr_frame(struct stub *s)
{
    struct stub_plain *p = &s->plain;
    uint8_t op = p->head[1], sum = p->body[stub_plain_len(p)], status;
    bool damaged = (uint8_t)(p->sum - sum) != sum;

    if (p->writing && op == ECR_WRITE) {
        status = ecr_data(s, damaged);
    } else if (damaged) {
        status = ECR_CRC_ERROR;
    } else {
        p->writing = p->failed = false;
        status = ecr_request(s, op);
    }
    if (status != ECR_LATER)
        ecr_answer(s, status, 0);
}

/* ---- what takes time ---- */

static void ecr_job_over(struct stub *s)
{
    struct stub_plain *p = &s->plain;
    const struct stub_job *j = &s->job;
    uint32_t len = p->head[1] == ECR_SHA && !j->failed ? sizeof j->hash : 0;

    memcpy(p->out + 4, j->hash, len);
    ecr_answer(s, j->failed ? ECR_ERROR : ECR_OK, len);
    if (p->head[1] == ECR_WRITE)
        p->writing = p->left && (p->writing || !j->failed);
}

/* The next piece of a read: frames of up to 64 KiB, whose length says 0 then. True:
 * that was the last. */
static bool ecr_read(struct stub *s)
{
    struct stub_plain *p = &s->plain;
    uint32_t part;

    if (!p->piece) {
        p->piece = p->left < ECR_FRAME ? p->left : ECR_FRAME;
        ecr_head(p, p->piece);
    }
    part = p->piece < STUB_PLAIN_CHUNK ? p->piece : STUB_PLAIN_CHUNK;
    stub_plain_chunk(s, part);
    p->piece -= part;
    if (p->piece) {
        ecr_sum(s);
        return false;
    }
    p->out[p->out_len++] = ECR_OK;
    ecr_end(s);
    return !p->left;
}

/* The application could not be started. */
static void ecr_run(struct stub *s)
{
    hal_run(s->h);
    hal_listen(s->h);
    stub_plain_reset(s);
    s->plain.failed = true;
    s->plain.wait_us = hal_us(s->h) - ECR_COMPLAIN_US;
}

/* True: it is over. */
static bool ecr_go_on(struct stub *s)
{
    struct stub_plain *p = &s->plain;

    switch (p->doing) {
    case STUB_PLAIN_JOB:
        if (s->job.kind != STUB_JOB_NONE)
            return false;
        ecr_job_over(s);
        return true;
    case STUB_PLAIN_READ:
        return ecr_read(s);
    case STUB_PLAIN_BAUD:
        if (!stub_plain_idle(s, 0))
            return false;
        hal_baud(s->h, p->addr);
        p->doing = STUB_PLAIN_BAUD_OVER;
        return false;
    case STUB_PLAIN_BAUD_OVER:
        if (!stub_plain_idle(s, ECR_BAUD_US))
            return false;
        ecr_answer(s, ECR_OK, 0);
        return true;
    case STUB_PLAIN_RUN:
        if (stub_plain_idle(s, ECR_RUN_US))
            ecr_run(s);
        return false;
    default:
        return true;
    }
}

static void ecr_complain(struct stub *s)
{
    static const uint8_t text[] = {'s', 't', 'u', 'b', ' ', 'e', 'r', 'r', '!', '\n'};

    if (s->plain.failed && stub_plain_idle(s, ECR_COMPLAIN_US))
        memcpy(s->plain.out, text, s->plain.out_len = sizeof text);
}

/* ---- the language ---- */

static size_t ecr_rx(struct stub *s, const uint8_t *data, size_t len)
{
    size_t skipped = 0;

    if (s->plain.whole)
        return 0;
    while (!s->plain.have && skipped < len && data[skipped] != ECR_REQUEST) {
        skipped++;
        hal_poll(s->h);
    }
    return skipped + stub_plain_take(s, ECR_TAIL, data + skipped, len - skipped);
}

static bool ecr_work(struct stub *s)
{
    struct stub_plain *p = &s->plain;
    bool over, more;

    if (p->out_len)
        return stub_plain_flush(s);
    if (!p->whole) {
        stub_plain_stop(s);
        ecr_complain(s);
        return p->out_len != 0;
    }
    if (p->doing == STUB_PLAIN_STREAM) {
        stub_enter_stream(s);
        return true;
    }
    if (!p->doing) {
        ecr_frame(s);
        over = !p->doing;
        more = true;
    } else {
        more = p->doing == STUB_PLAIN_READ;
        over = ecr_go_on(s);
    }
    if (over) {
        p->doing = STUB_PLAIN_NOTHING;
        stub_plain_next(p);
    }
    return over || more;
}

const struct stub_family stub_ecr6600 = {
    .id = STUB_FAMILY_ECR6600, .reset = stub_plain_reset, .rx = ecr_rx, .work = ecr_work};
