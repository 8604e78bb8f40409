/* Core: what every layer relies on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "plugflash/event.h"

static void crc32_of_blank_spans_matches_the_reference(void **state)
{
    (void)state;
    assert_int_equal(pf_crc32_blank(0), 0);
    assert_int_equal(pf_crc32_blank(4096), 0xF154670A);
    assert_int_equal(pf_crc32_blank(65536), 0x215481B1u ^ 0xffffffffu);
    assert_int_equal(pf_crc32_blank(0x200000), 0x65BEF61Au ^ 0xffffffffu);
}

static void crc32_of_parts_gives_the_whole_and_back(void **state)
{
    const char *text = "123456789 and some more";
    size_t n = strlen(text);
    uint32_t whole = pf_crc32(0, text, n);

    (void)state;
    assert_int_equal(pf_crc32(0, "123456789", 9), 0xCBF43926u);
    for (size_t cut = 0; cut <= n; cut++) {
        uint32_t a = pf_crc32(0, text, cut), b = pf_crc32(0, text + cut, n - cut);

        assert_int_equal(pf_crc32_join(a, b, n - cut), whole);
        assert_int_equal(pf_crc32_tail(whole, a, n - cut), b);
    }
}

static void sha256_of_a_blank_sector_matches_the_reference(void **state)
{
    uint8_t ff[4096], sum[32];
    char hex[65];

    (void)state;
    memset(ff, 0xff, sizeof ff);
    pf_sha256(ff, sizeof ff, sum);
    pf_hex(sum, 32, hex);
    assert_string_equal(hex, "f47a8ec3e9aff2318d896942282ad4fe37d6391c82914f54a5da8a37de1300c6");
}

static void blankness_is_judged_to_the_last_byte(void **state)
{
    uint8_t buf[64];

    (void)state;
    memset(buf, 0xff, sizeof buf);
    assert_true(pf_is_blank(buf, sizeof buf));
    assert_true(pf_is_blank(buf, 0));
    for (size_t i = 0; i < sizeof buf; i++) {
        buf[i] = 0xfe;
        assert_false(pf_is_blank(buf, sizeof buf));
        buf[i] = 0xff;
    }
}

static void every_error_has_its_documented_exit_status(void **state)
{
    static const struct {
        enum pf_err err;
        int status;
    } want[] = {
        {PF_OK, 0},           {PF_ERR_INTERNAL, 1}, {PF_ERR_NOMEM, 1},      {PF_ERR_USAGE, 2},
        {PF_ERR_RANGE, 2},    {PF_ERR_SUPPORT, 2},  {PF_ERR_PORT, 3},       {PF_ERR_SYNC, 4},
        {PF_ERR_CHIP, 5},     {PF_ERR_IO, 6},       {PF_ERR_TIMEOUT, 6},    {PF_ERR_PROTOCOL, 6},
        {PF_ERR_VERIFY, 7},   {PF_ERR_UNPROVEN, 8}, {PF_ERR_GUARD, 9},      {PF_ERR_FILE, 10},
        {PF_ERR_REFUSED, 11}, {PF_ERR_PARTIAL, 12}, {PF_ERR_CANCELED, 130},
    };

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_int_equal(pf_exit_status(want[i].err), want[i].status);
    assert_int_equal(pf_exit_status((enum pf_err) - 999), 1);
    assert_string_equal(pf_err_name(PF_ERR_VERIFY), "differs");
}

static bool refuse(void *user, const struct pf_event *ev)
{
    (void)ev;
    ++*(int *)user;
    return false;
}

static void a_sink_that_says_stop_cancels_at_the_next_boundary(void **state)
{
    int calls = 0;
    struct pf_ctx ctx = {.sink = refuse, .user = &calls};

    (void)state;
    assert_int_equal(pf_check_cancel(&ctx), PF_OK);
    pf_log(&ctx, "hello");
    assert_int_equal(calls, 1);
    assert_int_equal(pf_check_cancel(&ctx), PF_ERR_CANCELED);
    assert_int_equal(pf_progress(&ctx, "read", 0, 1), PF_ERR_CANCELED);
}

static void a_failure_keeps_its_text_and_code(void **state)
{
    struct pf_ctx ctx = {0};

    (void)state;
    assert_int_equal(pf_fail(&ctx, PF_ERR_FILE, "no %s", "disk"), PF_ERR_FILE);
    assert_int_equal(ctx.err, PF_ERR_FILE);
    assert_string_equal(ctx.text, "no disk");
}

static void sha256_in_pieces_is_that_of_the_whole(void **state)
{
    static const uint8_t text[] = "the quick brown fox jumps over the lazy dog";
    struct pf_sha256_sum *sum = pf_sha256_new();
    uint8_t whole[32], got[32];

    (void)state;
    assert_non_null(sum);
    for (size_t n = 0; n <= sizeof text; n++) { /* it can be asked at any time */
        pf_sha256(text, n, whole);
        pf_sha256_get(sum, got);
        assert_memory_equal(got, whole, sizeof whole);
        if (n < sizeof text)
            pf_sha256_add(sum, text + n, 1);
    }
    pf_sha256_free(sum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc32_of_blank_spans_matches_the_reference),
        cmocka_unit_test(crc32_of_parts_gives_the_whole_and_back),
        cmocka_unit_test(sha256_of_a_blank_sector_matches_the_reference),
        cmocka_unit_test(sha256_in_pieces_is_that_of_the_whole),
        cmocka_unit_test(blankness_is_judged_to_the_last_byte),
        cmocka_unit_test(every_error_has_its_documented_exit_status),
        cmocka_unit_test(a_sink_that_says_stop_cancels_at_the_next_boundary),
        cmocka_unit_test(a_failure_keeps_its_text_and_code),
    };
    return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
