/* ecr6600_stream.c - from a stub of our own into its stream language.
 *
 * B0 changes the language with its answer: when that is lost, nothing of this
 * family is understood any more. So there is one try, and whoever speaks the
 * other language looks next. */
#include "ecr6600/ecr6600_session.h"

#include <string.h>

bool ecr6600_will_stream(const struct ecr6600 *s)
{
    return s->traits->ours && s->use_stub != PF_STUB_PLAIN;
}

/* After silence the stub is as it was after its start; after a reset it is gone. */
static enum pf_err stream_find_again(struct ecr6600 *s)
{
    enum pf_err err;

    PF_TRY(ecr6600_port_baud(s, s->boot_baud));
    err = ecr6600_realign(s);
    if (err == PF_ERR_TIMEOUT || err == PF_ERR_PROTOCOL)
        err = ecr6600_recover(s);
    return err;
}

/* It does not after all: then at the rate that a plain session would have. */
static enum pf_err stream_not(struct ecr6600 *s)
{
    s->streamed = false;
    PF_TRY(ecr6600_raise_baud(s, s->asked_baud ? s->asked_baud : s->base.chip->baud.fast));
    return pf_fail(s->base.ctx, PF_ERR_SUPPORT, "this stub does not stream");
}

enum pf_err ecr6600_enter_stream(struct pf_session *ps, uint8_t caps[32])
{
    struct ecr6600 *s = ecr6600_of(ps);
    struct ecr6600_request rq = ecr6600_req_stream();
    struct ecr6600_reply reply;
    enum pf_err err;

    if (!ecr6600_will_stream(s))
        return pf_fail(ps->ctx, PF_ERR_SUPPORT, "%s does not stream", s->traits->name);
    if (s->streamed)
        PF_TRY(stream_find_again(s));
    else if (s->dirty)
        PF_TRY(ecr6600_realign(s));
    s->streamed = true;
    err = ecr6600_exchange(s, &rq, &reply);
    /* An answer that says no is one in the plain language; a damaged request gets it too. */
    if (err && reply.what == ECR6600_ANSWER && !s->dirty)
        err = ecr6600_exchange(s, &rq, &reply);
    if (err && reply.what == ECR6600_ANSWER && !s->dirty)
        return stream_not(s);
    PF_TRY(err);
    memcpy(caps, reply.body, ECR6600_CAPS_LEN);
    return PF_OK;
}
