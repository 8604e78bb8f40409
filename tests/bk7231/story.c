/* story.c - see story.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bk7231/story.h"

const struct pf_protocol *const proto = &pf_bk7231_protocol;

enum pf_err try_open(struct mini *m, struct pf_link_options opt, struct pf_session **s)
{
    opt.sync_timeout_us = 5000000;
    return pf_session_open(&m->f->ctx, &m->f->port, &opt, s);
}

struct pf_session *must_open(struct mini *m)
{
    struct pf_session *s;
    enum pf_err err = try_open(m, (struct pf_link_options){0}, &s);

    if (err)
        print_error("open: %s: %s\n", pf_err_name(err), m->f->ctx.text);
    assert_int_equal(err, PF_OK);
    m->requests = 0; /* faults count from here */
    m->reads = m->crcs = m->links = m->reboots = 0;
    return s;
}

void done(struct mini *m, struct pf_session *s)
{
    pf_session_close(s);
    mini_close(m);
}

void must(struct mini *m, enum pf_err err, enum pf_err expect)
{
    if (err != expect)
        print_error("%s: %s\n", pf_err_name(err), m->f->ctx.text);
    assert_int_equal(err, expect);
}
