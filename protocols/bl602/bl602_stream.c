/* bl602_stream.c - from a stub of our own into its stream language.
 *
 * B0 changes the language with its answer: when that is lost, nothing of this
 * family is understood any more. So there is one try, and whoever speaks the
 * other language looks next. */
#include "bl602/bl602_session.h"

#include <string.h>

enum pf_err bl602_who(struct bl602 *s)
{
    struct bl602_reply r;
    uint32_t version = 0;
    enum pf_err err;

    s->ours = false;
    if (!s->stub.ours && s->peer != BL602_LOADER)
        return PF_OK;
    if (s->stub.len && !s->stub.ours && !s->came_live)
        return PF_OK; /* we know what we have loaded */
    err = bl602_ask_optional(s, bl602_req_boot_info(), &r);
    if (!err)
        err = bl602_take_boot_info(s, r.data, &version);
    if (err && err != PF_ERR_TIMEOUT)
        return err;
    s->ours = !err && version == BL602_VERSION_STUB;
    return PF_OK;
}

bool bl602_will_stream(const struct bl602 *s)
{
    if (s->use_stub == PF_STUB_PLAIN)
        return false;
    return s->ours || (s->peer != BL602_LOADER && s->stub.ours);
}

/* It does not after all: then at the rate that a plain session would have. */
static enum pf_err stream_not(struct bl602 *s)
{
    s->streamed = false;
    s->goal = s->asked;
    PF_TRY(bl602_change_baud(s, s->goal));
    return pf_fail(s->base.ctx, PF_ERR_SUPPORT, "this stub does not stream");
}

enum pf_err bl602_enter_stream(struct pf_session *ps, uint8_t caps[32])
{
    struct bl602 *s = bl602_of(ps);
    struct bl602_request rq = bl602_req_stream();
    struct bl602_reply r;
    enum pf_err err;

    if (!s->ours || s->use_stub == PF_STUB_PLAIN)
        return pf_fail(ps->ctx, PF_ERR_SUPPORT, "this loader does not stream");
    if (s->streamed) { /* after silence it waits for a train, after a reset it is gone */
        s->session = false;
        s->dirty = false;
    }
    PF_TRY(bl602_settle(s));
    s->streamed = true;
    err = bl602_exchange(s, &rq, &r);
    /* An FL is said in the plain language; a damaged request gets it too. */
    if (err && r.what == BL602_FAIL)
        err = bl602_exchange(s, &rq, &r);
    if (err && r.what == BL602_FAIL)
        return stream_not(s);
    PF_TRY(err);
    memcpy(caps, r.data, BL602_CAPS_LEN);
    return PF_OK;
}
