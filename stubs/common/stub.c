/* stub.c - the loop: which language a byte belongs to, and whose turn it is. */
#include <string.h>

#include "common/stub.h"

static void stub_make_caps(struct stub *s)
{
    uint8_t *c = s->caps;

    c[0] = 1;
    c[1] = s->family->id;
    stub_put16(c + 2, STUB_FRAME_MAX);
    stub_put16(c + 4, STUB_RX_FRAMES);
    stub_put16(c + 6, STUB_TX_FRAMES);
    stub_put32(c + 8, s->flash.size);
    memcpy(c + 12, s->flash.jedec, 3);
    c[15] = s->flash.sr1;
    stub_put32(c + 16, hal_baud_max(s->h));
    c[26] = hal_mac(s->h, c + 20);
    c[27] = s->flash.sr2;
    stub_put32(c + 28, STUB_VERSION);
}

void stub_init(struct stub *s, const struct stub_family *family, struct stub_hal *h)
{
    memset(s, 0, offsetof(struct stub, transfer));
    s->h = h;
    s->family = family;
    stub_flash_init(&s->flash, h);
    stub_make_caps(s);
    s->heard_us = hal_us(h);
    family->reset(s);
}

void stub_enter_stream(struct stub *s)
{
    s->streaming = true;
    stub_stream_begin(s);
}

/* Hand on what is held of the input. */
static size_t stub_take(struct stub *s)
{
    const uint8_t *data = s->in + s->in_at;
    size_t len = (size_t)(s->in_len - s->in_at);

    if (s->streaming)
        return stub_stream_rx(s, data, len);
    if (!len)
        return 0;
    /* A write or an erase may have been left in the middle; plain commands do not expect it.
     * Their own job is theirs to know of: a bl602 takes the next data while it programs. */
    if (s->job.kind == STUB_JOB_NONE && !stub_flash_ready(&s->flash) &&
        hal_us(s->h) - s->stream.ready_us < STUB_FLASH_GIVE_UP)
        return 0;
    s->heard_us = hal_us(s->h);
    return s->family->rx(s, data, len);
}

/* All that has come, as far as anybody wants it now. */
static bool stub_input(struct stub *s)
{
    bool did = false;

    for (unsigned i = 0; i < 4096 / sizeof s->in; i++) {
        size_t used;

        if (s->in_at == s->in_len) {
            s->in_len = (uint16_t)hal_rx(s->h, s->in, sizeof s->in);
            s->in_at = 0;
        }
        if (s->in_at == s->in_len && !(s->streaming && s->stream.holding))
            break;
        used = stub_take(s);
        s->in_at = (uint16_t)(s->in_at + used);
        did |= used;
        if (s->in_at < s->in_len)
            break;
    }
    return did;
}

static bool stub_plain_step(struct stub *s)
{
    bool did = false;

    if (s->job.kind != STUB_JOB_NONE)
        did = stub_job_step(&s->job, &s->flash) || !s->flash.busy;
    return s->family->work(s) || did;
}

bool stub_step(struct stub *s)
{
    bool did;

    hal_poll(s->h);
    did = stub_input(s);
    did |= s->streaming ? stub_stream_step(s) : stub_plain_step(s);
    return did;
}
