/* stream_check.h - what tests of the stream language start with: a rig each, the worked examples
 * of stubs/README.md, what must be so at the end. */
#ifndef TESTS_STUBS_STREAM_CHECK_H
#define TESTS_STUBS_STREAM_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "stubs/stream_rig.h"
#include "stubs/worked.h"

static inline int make(void **state)
{
    *state = rig_make();
    return 0;
}

static inline int unmake(void **state)
{
    rig_free(*state);
    return 0;
}

/* Nothing the chip's contract or the flash's rules forbid has happened. */
static inline void assert_clean(const struct rig *r)
{
    assert_int_equal(r->h.misuses, 0);
    assert_int_equal(r->h.overruns, 0);
    assert_int_equal(r->h.nor.violations, 0);
}

static inline void assert_done(const struct rig_result *res, const uint8_t *want, uint32_t addr,
                               uint32_t len)
{
    uint8_t sha[32];

    assert_int_equal(res->status, STUB_DONE);
    assert_int_equal(res->addr, addr + len);
    rig_sha(want, len, sha);
    assert_memory_equal(res->sha, sha, 32);
}

static inline void send_worked(struct rig *r, const char *title)
{
    const struct worked *w = worked_find(title, 0);

    fake_send(&r->h, w->bytes, w->len);
}

/* The next bytes from the stub are those of the page. */
static inline void expect_worked(struct rig *r, const char *title, unsigned behind)
{
    const struct worked *w = worked_find(title, behind);
    struct rig_frame f;
    uint8_t buf[STUB_FRAME_SIZE];

    assert_true(rig_next(r, &f, 500000));
    assert_int_equal(rig_seal(buf, f.type, f.seq, f.payload, f.len), w->len);
    assert_memory_equal(buf, w->bytes, w->len);
}

static inline void expect_silence(struct rig *r, uint32_t us)
{
    struct rig_frame f;

    assert_false(rig_next(r, &f, us));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

#endif
