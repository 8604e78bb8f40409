/* story.c - see story.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bl602/story.h"

const struct pf_protocol *const proto = &pf_bl602_protocol;

enum pf_err try_open(struct mini *m, struct pf_link_options opt, struct pf_session **s)
{
    uint8_t stub[MINI_STUB];

    mini_stub(stub);
    opt.chip = "bl602";
    if (!opt.stub && opt.use_stub != PF_STUB_NONE) {
        opt.stub = stub;
        opt.stub_len = sizeof stub;
    }
    if (!opt.sync_timeout_us)
        opt.sync_timeout_us = 20000000;
    return pf_session_open(&m->f->ctx, &m->f->port, &opt, s);
}

struct pf_session *must_open(struct mini *m)
{
    struct pf_session *s;

    must(m, try_open(m, (struct pf_link_options){0}, &s), PF_OK);
    m->requests = 0; /* faults count from here */
    m->reads = m->erases = m->writes = m->checks = m->shas = m->pds = m->harmful_reads = 0;
    m->trains = m->resets = m->loads = 0;
    return s;
}

void done(struct mini *m, struct pf_session *s)
{
    assert_int_equal(m->efuse, 0); /* nobody ever touches fuses by address */
    pf_session_close(s);
    mini_close(m);
}

void must(struct mini *m, enum pf_err err, enum pf_err expect)
{
    if (err != expect)
        print_error("%s: %s\n", pf_err_name(err), m->f->ctx.text);
    assert_int_equal(err, expect);
}

void expect_text(const char *text, const char *word)
{
    if (!strstr(text, word))
        print_error("\"%s\" is not in \"%s\"\n", word, text);
    assert_non_null(strstr(text, word));
}
