/* The codecs of the stubs: against published vectors, and against zlib. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "common/deflate.h"

static void sha_of(const char *text, size_t times, size_t step, char hex[65])
{
    struct stub_sha256 c;
    uint8_t sum[32];
    size_t len = strlen(text);

    stub_sha256_init(&c);
    for (size_t i = 0; i < times; i++)
        for (size_t at = 0; at < len; at += step)
            stub_sha256_update(&c, NULL, (const uint8_t *)text + at,
                               len - at < step ? len - at : step);
    stub_sha256_final(&c, NULL, sum);
    for (size_t i = 0; i < sizeof(sum); i++)
        snprintf(hex + 2 * i, 3, "%02x", sum[i]);
}

static void sha256_gives_the_sums_nist_published(void **state)
{
    static const struct {
        const char *text;
        size_t times;
        const char *hex;
    } vectors[] = {
        {"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
         "lmnopqrsmnopqrstnopqrstu",
         1, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaa",
         10000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        static const size_t steps[] = {1, 7, 63, 64, 1000};

        for (size_t k = 0; k < sizeof(steps) / sizeof(steps[0]); k++) {
            char hex[65];

            sha_of(vectors[i].text, vectors[i].times, steps[k], hex);
            assert_string_equal(hex, vectors[i].hex);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_sums_nist_published),
    };

    return cmocka_run_group_tests_name("stubs: codecs", tests, NULL, NULL);
}
