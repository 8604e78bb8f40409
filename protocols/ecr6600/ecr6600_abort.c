/* ecr6600_abort.c - a write that stopped half-way.
 *
 * Between its write command and the last byte of data the stub takes nothing
 * but data frames, for as long as it takes, and a data frame too many is read
 * as a command whose length overruns the stub's stack. So nothing long may be
 * sent before it is known what the stub waits for. One frame is safe in both
 * states and tells them apart: ecr6600_req_which() is a write of an address
 * outside of every flash (status 2) to a stub that takes commands, and seven
 * bytes FF, which program nothing, to one that wants data (status 0). */
#include "ecr6600/ecr6600_session.h"

#include <string.h>

#define PROBE_BYTES 7u /* of data, as a data frame */
#define PROBE_TRIES 3u
#define SETTLE_US   UINT64_C(60000) /* 16 pages at the slowest, and the answer */

/* Let what is late come and go. */
static enum pf_err abort_settle(struct ecr6600 *s, uint64_t us)
{
    pf_sleep(s->base.port, ecr6600_scaled(s, us) + 2 * s->base.id.latency_us);
    return ecr6600_discard(s);
}

/* The yes to a probe may be the late yes to a data frame, and the probe's own
 * answer still on its way; to feed a stub that takes commands would be its end. */
static enum pf_err abort_is_alone(struct ecr6600 *s, bool *alone)
{
    uint64_t deadline = ecr6600_now(s) + ecr6600_scaled(s, SETTLE_US) + 2 * s->base.id.latency_us;
    uint8_t byte;
    size_t got;
    enum pf_err err = ecr6600_take(s, &byte, 1, deadline, &got);

    *alone = err == PF_ERR_TIMEOUT;
    return *alone ? PF_OK : err;
}

/* Is the stub waiting for data? */
static enum pf_err abort_probe(struct ecr6600 *s, bool *data)
{
    struct ecr6600_request rq = ecr6600_req_which();
    struct ecr6600_reply reply;

    for (unsigned try = 0; try < PROBE_TRIES; try++) {
        enum pf_err err = ecr6600_exchange(s, &rq, &reply);

        *data = err == PF_OK;
        if (err == PF_ERR_REFUSED && reply.status == ECR6600_ST_ADDR)
            return PF_OK;
        if (*data) {
            bool alone;

            PF_TRY(abort_is_alone(s, &alone));
            if (alone)
                return PF_OK;
        } else if (err != PF_ERR_TIMEOUT && err != PF_ERR_PROTOCOL && err != PF_ERR_REFUSED) {
            return err;
        }
        /* Each further try may have been taken as data: then the count will
         * not come out, and the stub has to be loaded again. */
        PF_TRY(ecr6600_put_fill(s, 0xff, ECR6600_FILLER));
        PF_TRY(abort_settle(s, SETTLE_US));
        s->dirty = false;
    }
    return pf_fail(s->base.ctx, PF_ERR_TIMEOUT, "the stub does not leave the write it has begun");
}

/* Give the stub `len` bytes that program nothing. */
static enum pf_err abort_feed(struct ecr6600 *s, size_t len)
{
    uint8_t ff[ECR6600_FRAME];
    struct ecr6600_reply reply;

    memset(ff, 0xff, sizeof ff);
    while (len) {
        size_t n = len < sizeof ff ? len : sizeof ff;
        struct ecr6600_request rq = ecr6600_req_data(0, ff, n);

        PF_TRY(ecr6600_exchange(s, &rq, &reply));
        len -= n;
    }
    return PF_OK;
}

enum pf_err ecr6600_end_write(struct ecr6600 *s, size_t low, size_t high)
{
    size_t rest[2] = {low, high};
    bool data;

    /* Complete a data frame that was cut short: its sum is wrong then, and the
     * FF behind it are nothing. */
    if (s->dirty) {
        PF_TRY(ecr6600_complete(s));
        if (s->tx_len > ECR6600_FILLER)
            PF_TRY(ecr6600_put_fill(s, 0xff, s->tx_len));
        PF_TRY(abort_settle(s, ecr6600_wire_us(s, ECR6600_FILLER + s->tx_len) + 2 * SETTLE_US));
        s->dirty = false;
    }
    for (unsigned i = 0; i < 2; i++) {
        size_t fed = i ? rest[1] - rest[0] : rest[0];

        if (i && fed == 0)
            break;
        PF_TRY(abort_probe(s, &data));
        if (!data)
            return PF_OK;
        if (i == 0 && fed == 0)
            fed = rest[0] = rest[1];
        if (fed < PROBE_BYTES)
            break;
        PF_TRY(abort_feed(s, fed - PROBE_BYTES));
    }
    PF_TRY(abort_probe(s, &data));
    if (!data)
        return PF_OK;
    s->dirty = true;
    return pf_fail(s->base.ctx, PF_ERR_TIMEOUT, "the stub wants more data than it was promised");
}
