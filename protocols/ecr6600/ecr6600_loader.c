/* ecr6600_loader.c - header, realignment, upload of the stub.
 *
 * After the sync the loader reads groups of 12 bytes and waits for ever: a group
 * whose first word is 1 is a header and is answered with 00, any other with FF.
 * Then it takes the announced bytes, 1024 at a time, answers each block with 00,
 * and jumps. There is no checksum and no way back but a reset. */
#include "ecr6600/ecr6600_session.h"

#include <string.h>

#define DRAIN_US  UINT64_C(30000)
#define HEADER_US UINT64_C(200000)
#define BLOCK_US  UINT64_C(500000)
#define SETTLE_US UINT64_C(50000) /* the stub starts and may complain about its flash */
#define ALIGN_US                                                                                   \
    UINT64_C(25000) /* between single bytes; at least 5 ms, and an adapter's
                                           16 ms must not hide an answer */
#define HEADER_ROUNDS 5u
#define SILENT_ROUNDS 2u /* without an FF: nobody is there */
#define HELLO_TRIES   5u
#define HELLO_US      UINT64_C(300000)

/* One byte of an answer; anything else than 00 and FF is noise. */
static enum pf_err loader_answer(struct ecr6600 *s, uint64_t timeout_us, uint8_t *out)
{
    uint64_t deadline = ecr6600_now(s) + ecr6600_scaled(s, timeout_us);
    size_t got;

    do
        PF_TRY(ecr6600_take(s, out, 1, deadline, &got));
    while (*out != ECR6600_LOADER_OK && *out != ECR6600_LOADER_BAD);
    return PF_OK;
}

/* Bring the loader to the start of a group: feed it zeros, which are no header,
 * until it rejects one. *found: it did. */
static enum pf_err loader_align(struct ecr6600 *s, unsigned round, bool *found)
{
    uint64_t step = ALIGN_US << (round > 2 ? 2 : round);

    *found = false;
    pf_sleep(s->base.port, ecr6600_scaled(s, DRAIN_US << (round > 2 ? 2 : round)));
    PF_TRY(ecr6600_discard(s));
    for (unsigned i = 0; i < ECR6600_GROUP && !*found; i++) {
        uint8_t zero = 0, answer = 0;
        enum pf_err err;

        PF_TRY(pf_check_cancel(s->base.ctx));
        PF_TRY(ecr6600_put(s, &zero, 1));
        err = loader_answer(s, step, &answer);
        if (err && err != PF_ERR_TIMEOUT)
            return err;
        *found = !err && answer == ECR6600_LOADER_BAD;
    }
    return PF_OK;
}

static enum pf_err loader_header(struct ecr6600 *s, bool lost)
{
    uint8_t header[ECR6600_GROUP];
    unsigned silent = 0;

    if (!ecr6600_encode_header(header, s->stub_len))
        return pf_fail(s->base.ctx, PF_ERR_INTERNAL, "a stub of %zu bytes", s->stub_len);
    for (unsigned round = 0; round < HEADER_ROUNDS; round++) {
        uint8_t answer = 0;
        enum pf_err err;

        if (round || lost) {
            bool found;

            PF_TRY(loader_align(s, round, &found));
            silent += !found;
            if (silent == SILENT_ROUNDS)
                return PF_ERR_TIMEOUT;
        }
        PF_TRY(ecr6600_put(s, header, sizeof header));
        err = loader_answer(s, HEADER_US, &answer);
        if (!err && answer == ECR6600_LOADER_OK)
            return PF_OK;
        if (err && err != PF_ERR_TIMEOUT)
            return err;
    }
    return PF_ERR_TIMEOUT;
}

static enum pf_err loader_block(struct ecr6600 *s, const uint8_t *data, size_t len)
{
    uint8_t answer;

    PF_TRY(ecr6600_discard(s));
    PF_TRY(ecr6600_put(s, data, len));
    do
        PF_TRY(loader_answer(s, BLOCK_US + ecr6600_wire_us(s, len), &answer));
    while (answer != ECR6600_LOADER_OK);
    return PF_OK;
}

/* Everything that belongs to a header is said: PF_ERR_TIMEOUT from here on means
 * that only a reset helps. */
static enum pf_err loader_body(struct ecr6600 *s)
{
    for (size_t at = 0; at < s->stub_len; at += ECR6600_BLOCK) {
        size_t n = s->stub_len - at < ECR6600_BLOCK ? s->stub_len - at : ECR6600_BLOCK;
        enum pf_err err;

        PF_TRY(pf_progress(s->base.ctx, "stub", at, s->stub_len));
        err = loader_block(s, s->stub + at, n);
        /* The answer to the last block may be lost with the stub running. */
        if (err && !(err == PF_ERR_TIMEOUT && at + n == s->stub_len))
            return err;
    }
    return pf_progress(s->base.ctx, "stub", s->stub_len, s->stub_len);
}

enum pf_err ecr6600_upload(struct ecr6600 *s, bool lost)
{
    enum pf_err err;
    uint8_t text[64];
    size_t got;
    uint64_t deadline;

    PF_TRY(loader_header(s, lost));
    s->diag->headers++;
    pf_log(s->base.ctx, "the loader takes the stub (%zu bytes)", s->stub_len);
    PF_TRY(loader_body(s));
    s->diag->uploads++;
    deadline = ecr6600_now(s) + ecr6600_scaled(s, SETTLE_US);
    do
        err = ecr6600_take(s, text, sizeof text, deadline, &got);
    while (!err && ecr6600_now(s) < deadline);
    if (err && err != PF_ERR_TIMEOUT)
        return err;
    PF_TRY(ecr6600_discard(s));
    return ecr6600_hello(s, HELLO_TRIES, HELLO_US);
}
