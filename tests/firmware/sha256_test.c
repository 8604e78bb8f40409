/* SHA-256 against FIPS 180-4's own examples, in pieces of any size. */
#include "support/check.h"

#include "core/sha256.h"

static void is(const char *hex, const uint8_t digest[SHA256_SIZE])
{
    char have[2 * SHA256_SIZE + 1];

    for (size_t i = 0; i < SHA256_SIZE; i++)
        snprintf(have + 2 * i, 3, "%02x", digest[i]);
    assert_string_equal(have, hex);
}

static void of(const char *text, const char *hex)
{
    uint8_t digest[SHA256_SIZE];
    struct sha256 s;

    sha256_init(&s);
    sha256_add(&s, text, strlen(text));
    sha256_end(&s, digest);
    is(hex, digest);
}

static void the_examples_of_the_standard_come_out(void **state)
{
    (void)state;
    of("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    of("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void a_million_letters_come_out_in_pieces_of_any_size(void **state)
{
    uint32_t seed = seeded(0x5eed0256);
    uint8_t text[1000], digest[SHA256_SIZE];
    struct sha256 s;

    (void)state;
    memset(text, 'a', sizeof text);
    sha256_init(&s);
    for (size_t left = 1000000; left;) {
        size_t n = noise(&seed) % (sizeof text + 1);

        n = n < left ? n : left;
        sha256_add(&s, text, n);
        left -= n;
    }
    sha256_end(&s, digest);
    is("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0", digest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_standard_come_out),
        cmocka_unit_test(a_million_letters_come_out_in_pieces_of_any_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
