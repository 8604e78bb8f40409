/* The codecs of the stubs: against published vectors, and against zlib. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "common/deflate.h"
#include "stubs/zlib_oracle.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct stub_inflate inflater;
static struct stub_deflate deflater;

/* ---- contents ---- */

static uint32_t rnd_state;

static uint32_t rnd(uint32_t below)
{
    rnd_state = rnd_state * 1664525u + 1013904223u;
    return (rnd_state >> 8) % below;
}

/* Small numbers more often. */
static uint32_t rnd_small(uint32_t below)
{
    return rnd(rnd(below) + 1);
}

static void fill_random(uint8_t *p, size_t len)
{
    while (len--)
        *p++ = (uint8_t)rnd(256);
}

static void fill_ff(uint8_t *p, size_t len)
{
    memset(p, 0xff, len);
}

/* Instructions of 2 and 4 bytes: some forms, registers and offsets, most of them
 * few; and what a compiler repeats. */
static void fill_code(uint8_t *p, size_t len)
{
    static const uint16_t forms[] = {0x4501, 0x8082, 0xc606, 0x40b2, 0x0141, 0x1141,
                                     0x4785, 0x842a, 0x0793, 0x2783, 0x2623, 0x00ef,
                                     0x87b3, 0x5363, 0x17b7, 0xc703};
    static const uint8_t frame[] = {0x41, 0x11, 0x06, 0xc6, 0x22, 0xc4, 0x26, 0xc2, 0xb2,
                                    0x40, 0x22, 0x44, 0x92, 0x44, 0x41, 0x01, 0x82, 0x80};

    for (size_t i = 0; i < len;) {
        uint32_t form = rnd_small(COUNT(forms)), word = forms[form];
        unsigned n = form < 8 ? 2 : 4;

        word ^= rnd_small(8) << 7;
        if (form % 3)
            word ^= rnd_small(16) << 2;
        if (n == 4)
            word |= (rnd(2) ? rnd_small(16) << 4 : rnd(4096)) << 16;
        for (; n && i < len; n--, word >>= 8)
            p[i++] = (uint8_t)word;
        if (rnd(12) == 0)
            for (size_t k = 0; k < sizeof(frame) && i < len; k++)
                p[i++] = frame[k];
    }
}

static void fill_text(uint8_t *p, size_t len)
{
    static const char *const words[] = {"wifi",    "%d",     "failed",  "ssid", "mqtt/", "relay",
                                        "error:",  "0x%08x", "channel", "\r\n", "[I] ",  "flash",
                                        "timeout", "config", "/",       "\0",   " ",     "set_"};

    for (size_t i = 0; i < len;) {
        const char *word = words[rnd(COUNT(words))];

        do
            p[i++] = (uint8_t)*word;
        while (i < len && *word && *++word);
    }
}

/* Records with a counter, a pointer, padding. */
static void fill_table(uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint32_t record = (uint32_t)i / 12;
        uint32_t words[3] = {record, 0x23010000u + record * 24, record % 7 ? 0 : rnd(1u << 16)};

        p[i] = (uint8_t)(words[i % 12 / 4] >> 8 * (i % 4));
    }
}

static const struct contents {
    const char *name;
    void (*fill)(uint8_t *p, size_t len);
} contents[] = {
    {"code", fill_code}, {"text", fill_text},     {"table", fill_table},
    {"ff", fill_ff},     {"random", fill_random},
};

static const size_t histories[] = {0, 1, STUB_WINDOW};

/* ---- checks ---- */

/* An output of exact size, so that sanitizers and valgrind see one byte too many,
 * after a copy of the history. */
static uint8_t *room_after(const uint8_t *history, size_t len, size_t room)
{
    uint8_t *p = malloc(len + room + 1);

    assert_non_null(p);
    memcpy(p, history - len, len);
    memset(p + len, 0x5a, room + 1);
    return p + len;
}

static void *exact_copy(const uint8_t *in, size_t len)
{
    void *p = malloc(len ? len : 1);

    assert_non_null(p);
    memcpy(p, in, len);
    return p;
}

/* Ours and zlib agree about the stream; what is around the output is not touched. */
static bool judge(const uint8_t *in, size_t len, const uint8_t *before, size_t history,
                  size_t out_len)
{
    uint8_t *copy = exact_copy(in, len);
    uint8_t *ours = room_after(before, history, out_len);
    uint8_t *theirs = room_after(before, history, out_len);
    bool good = stub_inflate(&inflater, NULL, copy, len, ours, out_len, history);

    assert_int_equal(good, oracle_inflate(copy, len, theirs, out_len, history));
    assert_memory_equal(ours - history, theirs - history, history);
    assert_int_equal(ours[out_len], 0x5a);
    if (good)
        assert_memory_equal(ours, theirs, out_len);
    free(copy);
    free(ours - history);
    free(theirs - history);
    return good;
}

/* Deflated into `cap` bytes; nothing behind them is touched. */
static size_t deflate_into(const uint8_t *in, size_t len, size_t history, uint8_t *out, size_t cap)
{
    uint8_t *room = malloc(cap + 1);
    size_t n;

    assert_non_null(room);
    room[cap] = 0x5a;
    n = stub_deflate(&deflater, NULL, in, len, history, room, cap);
    assert_true(n <= cap);
    assert_int_equal(room[cap], 0x5a);
    memcpy(out, room, n);
    free(room);
    return n;
}

/* What ours deflates, zlib and ours inflate to the same. */
static size_t there_and_back(const uint8_t *in, size_t len, size_t history)
{
    uint8_t out[STUB_SECTOR + 5];
    uint8_t *back = room_after(in, history, len);
    size_t n = deflate_into(in, len, history, out, len + 5);

    assert_true(n > 0);
    assert_true(oracle_inflate(out, n, back, len, history));
    assert_memory_equal(back - history, in - history, history + len);
    memset(back, 0, len);
    assert_true(stub_inflate(&inflater, NULL, out, n, back, len, history));
    assert_memory_equal(back - history, in - history, history + len);
    assert_int_equal(back[len], 0x5a);
    free(back - history);
    return n;
}

/* ---- sums ---- */

static void crc32_gives_the_known_sums(void **state)
{
    static const struct {
        const char *text;
        uint32_t crc;
    } vectors[] = {
        {"", 0},
        {"a", 0xe8b7be43},
        {"abc", 0x352441c2},
        {"123456789", 0xcbf43926},
        {"The quick brown fox jumps over the lazy dog", 0x414fa339},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++)
        assert_int_equal(
            stub_crc32(NULL, 0, (const uint8_t *)vectors[i].text, strlen(vectors[i].text)),
            vectors[i].crc);
}

static void crc32_agrees_with_zlib_at_every_alignment_and_cut(void **state)
{
    uint8_t data[300];

    (void)state;
    fill_random(data, sizeof(data));
    for (size_t from = 0; from < 8; from++)
        for (size_t len = 0; len < 200; len++) {
            uint32_t crc = stub_crc32(NULL, 0, data + from, len / 3);

            crc = stub_crc32(NULL, crc, data + from + len / 3, len - len / 3);
            assert_int_equal(crc, crc32(0, data + from, (uInt)len));
        }
}

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

/* ---- inflate ---- */

static void what_zlib_deflates_is_inflated(void **state)
{
    static const int strategies[] = {Z_DEFAULT_STRATEGY, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED};
    static uint8_t data[STUB_WINDOW + STUB_SECTOR];
    uint8_t out[STUB_SECTOR + 100];

    (void)state;
    for (size_t c = 0; c < COUNT(contents); c++)
        for (size_t h = 0; h < COUNT(histories); h++)
            for (size_t s = 0; s < COUNT(strategies); s++)
                for (int level = 0; level <= 9; level++) {
                    const uint8_t *in = data + histories[h];
                    uint8_t *back;
                    size_t n;

                    rnd_state = (uint32_t)(c * 100 + h);
                    contents[c].fill(data, histories[h] + STUB_SECTOR);
                    n = oracle_deflate(in, STUB_SECTOR, histories[h], level, strategies[s], out,
                                       sizeof(out));
                    assert_true(n > 0);
                    back = room_after(in, histories[h], STUB_SECTOR);
                    assert_true(
                        stub_inflate(&inflater, NULL, out, n, back, STUB_SECTOR, histories[h]));
                    assert_memory_equal(back - histories[h], data, histories[h] + STUB_SECTOR);
                    free(back - histories[h]);
                }
}

/* Bits of a hand-made stream, "1 10 00000011": as RFC 1951 shows them, Huffman codes
 * first bit first, numbers as `5:31`, bits:value. */
static size_t bits_of(const char *text, uint8_t *out)
{
    size_t n = 0;

    memset(out, 0, 512);
    while (*text) {
        char *end;
        unsigned long width = strtoul(text, &end, 10);

        if (*end == ':') {
            unsigned long value = strtoul(end + 1, &end, 10);

            for (; width; width--, value >>= 1, n++)
                out[n / 8] |= (uint8_t)((value & 1) << n % 8);
            text = end;
        } else if (*text == '|') { /* to the end of the byte */
            n = (n + 7) / 8 * 8;
            text++;
        } else if (*text == ' ') {
            text++;
        } else {
            out[n / 8] |= (uint8_t)((*text - '0') << n % 8);
            n++;
            text++;
        }
    }
    return (n + 7) / 8;
}

#define LAST_STORED  "1 2:0 |"
#define LAST_FIXED   "1 2:1 "
#define LAST_DYNAMIC "1 2:2 "
/* Code lengths 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1: 18 and 1 take one bit each;
 * lengths 0 cannot be sent but by 18. 18 is 1, 1 is 0. */
#define ONES_AND_GAPS                                                                              \
    "4:14 3:0 3:0 3:1 3:0 3:0 3:0 3:0 3:0 3:0 3:0 3:0 3:0 3:0 3:0 3:0 3:0 3:0 3:1 "
/* 0, 1, 2 and 16: two bits each. 0 is 00, 1 is 01, 2 is 10, 16 is 11. */
#define UP_TO_TWO "4:14 3:2 3:0 3:0 3:2 3:0 3:0 3:0 3:0 3:0 3:0 3:0 3:0 3:0 3:0 3:0 3:2 3:0 3:2 "
/* 0, 1, 2 and 18: two bits each. 0 is 00, 1 is 01, 2 is 10, 18 is 11. */
#define TWO_AND_GAPS "4:14 3:0 3:0 3:2 3:2 3:0 3:0 3:0 3:0 3:0 3:0 3:0 3:0 3:0 3:0 3:0 3:2 3:0 3:2 "
#define GAP_138      "1 7:127 "  /* with ONES_AND_GAPS */
#define ZEROS_138    "11 7:127 " /* with TWO_AND_GAPS */
#define ZEROS_118    "11 7:107 "
#define ZEROS_117    "11 7:106 "

static void malformed_streams_are_refused_and_odd_ones_taken(void **state)
{
    static const struct {
        const char *name, *bits;
        size_t out_len, history;
        bool good;
    } cases[] = {
        {"nothing at all", "", 0, 0, false},
        {"nothing at all for one byte", "", 1, 0, false},
        {"one empty stored block", LAST_STORED "16:0 16:65535", 0, 0, true},
        {"the reserved kind of block", "1 2:3 5:0", 0, 0, false},
        {"a stored length that is not the complement", LAST_STORED "16:1 16:65535 8:7", 1, 0,
         false},
        {"a stored block without its length", LAST_STORED "16:1", 1, 0, false},
        {"a stored block longer than the input", LAST_STORED "16:2 16:65533 8:7", 2, 0, false},
        {"a stored block longer than the output", LAST_STORED "16:2 16:65533 8:7 8:8", 1, 0, false},
        {"a stored block shorter than the output", LAST_STORED "16:1 16:65534 8:7", 2, 0, false},
        {"a stored block as long as the output", LAST_STORED "16:1 16:65534 8:7", 1, 0, true},
        {"set bits before a stored length", "1 2:0 5:31 16:1 16:65534 8:7", 1, 0, true},
        {"two stored blocks, neither the last", "0 2:0 | 16:0 16:65535 0 2:0 | 16:0 16:65535", 0, 0,
         false},
        {"a byte behind the end", LAST_STORED "16:0 16:65535 8:0", 0, 0, false},
        {"a byte behind a fixed block", LAST_FIXED "0000000 | 8:0", 0, 0, false},
        {"an empty fixed block", LAST_FIXED "0000000", 0, 0, true},
        {"set bits behind the end", LAST_FIXED "0000000 6:63", 0, 0, true},
        {"a fixed block without its end", LAST_FIXED "00110000", 1, 0, false},
        {"a literal more than the output", LAST_FIXED "00110000 00110000 0000000", 1, 0, false},
        {"a literal less than the output", LAST_FIXED "00110000 0000000", 2, 0, false},
        {"length symbol 286", LAST_FIXED "11000110 00000 0000000", 3, 4, false},
        {"length symbol 287", LAST_FIXED "11000111 00000 0000000", 3, 4, false},
        {"length symbol 286 for as long as 285", LAST_FIXED "11000110 00000 0000000", 258, 4,
         false},
        {"length symbol 287 for as long as 285", LAST_FIXED "11000111 00000 0000000", 258, 4,
         false},
        {"distance symbol 30", LAST_FIXED "0000001 11110 0000000", 3, 4096, false},
        {"distance symbol 31", LAST_FIXED "0000001 11111 0000000", 3, 4096, false},
        {"a distance into the history", LAST_FIXED "0000001 00011 0000000", 3, 4, true},
        {"a distance before the history", LAST_FIXED "0000001 00011 0000000", 3, 3, false},
        {"a distance without any history", LAST_FIXED "0000001 00000 0000000", 3, 0, false},
        {"a distance of 4096", LAST_FIXED "0000001 10111 10:1023 0000000", 3, 4096, true},
        {"a distance of 4097", LAST_FIXED "00110000 0000001 11000 11:0 0000000", 4, 4096, false},
        {"a distance of 32768", LAST_FIXED "0000001 11101 13:8191 0000000", 3, 4096, false},
        {"a match that overlaps itself", LAST_FIXED "00110000 0000111 00000 0000000", 10, 0, true},
        {"a match longer than the output", LAST_FIXED "00110000 0000111 00000 0000000", 9, 0,
         false},
        {"a length of 258", LAST_FIXED "00110000 11000101 00000 0000000", 259, 0, true},
        {"a length of 258 in the other way", LAST_FIXED "00110000 11000100 5:31 00000 0000000", 259,
         0, true},
        {"286 lengths",
         LAST_DYNAMIC "5:29 5:0 " TWO_AND_GAPS "01 " ZEROS_138 ZEROS_117 "01 11 7:18 01 1", 0, 0,
         true},
        {"287 lengths",
         LAST_DYNAMIC "5:30 5:0 " TWO_AND_GAPS "01 " ZEROS_138 ZEROS_117 "01 11 7:19 01 1", 0, 0,
         false},
        {"30 distances",
         LAST_DYNAMIC "5:0 5:29 " TWO_AND_GAPS "01 " ZEROS_138 ZEROS_117 "01 01 11 7:18 1", 0, 0,
         true},
        {"31 distances",
         LAST_DYNAMIC "5:0 5:30 " TWO_AND_GAPS "01 " ZEROS_138 ZEROS_117 "01 01 11 7:19 1", 0, 0,
         false},
        {"a code for lengths with too many codes",
         LAST_DYNAMIC "5:0 5:0 4:0 3:1 3:1 3:1 3:0 8:0 8:0 8:0", 0, 0, false},
        {"a code for lengths with too few codes",
         LAST_DYNAMIC "5:0 5:0 4:0 3:0 3:0 3:1 3:2 8:0 8:0 8:0", 0, 0, false},
        {"a code for lengths of one code", LAST_DYNAMIC "5:0 5:0 4:0 3:0 3:0 3:1 3:0 8:0 8:0 8:0",
         0, 0, false},
        {"no code for lengths", LAST_DYNAMIC "5:0 5:0 4:0 3:0 3:0 3:0 3:0 8:0 8:0 8:0", 0, 0,
         false},
        {"a run of nothing before it", LAST_DYNAMIC "5:0 5:0 " UP_TO_TWO "11 2:0", 0, 0, false},
        {"a run beyond the lengths", LAST_DYNAMIC "5:0 5:0 " ONES_AND_GAPS GAP_138 GAP_138 "0 0 0",
         0, 0, false},
        {"no end of block", LAST_DYNAMIC "5:0 5:0 " ONES_AND_GAPS "0 0 " GAP_138 "1 7:106 0", 0, 0,
         false},
        {"lengths with too many codes",
         LAST_DYNAMIC "5:0 5:0 " ONES_AND_GAPS "0 0 " GAP_138 "1 7:105 0 0 0", 0, 0, false},
        {"one end of block of one bit, one distance",
         LAST_DYNAMIC "5:0 5:0 " ONES_AND_GAPS GAP_138 "1 7:107 0 0 0", 0, 0, true},
        {"the same, and the code that is none",
         LAST_DYNAMIC "5:0 5:0 " ONES_AND_GAPS GAP_138 "1 7:107 0 0 1", 0, 0, false},
        {"one literal and the end of the block, no distance",
         LAST_DYNAMIC "5:0 5:0 " TWO_AND_GAPS "01 " ZEROS_138 ZEROS_117 "01 00 0 0 1", 2, 0, true},
        {"lengths with too few codes",
         LAST_DYNAMIC "5:0 5:0 " TWO_AND_GAPS "10 " ZEROS_138 ZEROS_117 "01 00 0", 0, 0, false},
        {"one end of block of two bits",
         LAST_DYNAMIC "5:0 5:0 " TWO_AND_GAPS ZEROS_138 ZEROS_118 "10 00 00", 0, 0, false},
        {"a length that has the shortest code",
         LAST_DYNAMIC "5:1 5:0 " TWO_AND_GAPS "10 " ZEROS_138 ZEROS_117 "10 01 01 0 0 11", 3, 9,
         true},
        {"a length, and its distance is the one code that there is",
         LAST_DYNAMIC "5:1 5:0 " TWO_AND_GAPS "00 " ZEROS_138 ZEROS_117 "01 01 01 1 0 0", 3, 9,
         true},
        {"a length, and its distance is the other code",
         LAST_DYNAMIC "5:1 5:0 " TWO_AND_GAPS "00 " ZEROS_138 ZEROS_117 "01 01 01 1 1 0", 3, 9,
         false},
        {"a length where there are no distances",
         LAST_DYNAMIC "5:1 5:0 " TWO_AND_GAPS "00 " ZEROS_138 ZEROS_117 "01 01 00 1 0 0", 3, 9,
         false},
        {"one distance of two bits",
         LAST_DYNAMIC "5:1 5:0 " TWO_AND_GAPS "00 " ZEROS_138 ZEROS_117 "01 01 10 1 00 0", 3, 9,
         false},
        {"three distances of one bit",
         LAST_DYNAMIC "5:1 5:2 " TWO_AND_GAPS "00 " ZEROS_138 ZEROS_117 "01 01 01 01 01 1 0 0", 3,
         9, false},
        {"a dynamic block that stops in its head", LAST_DYNAMIC "5:1 5:2 4:14", 0, 0, false},
    };
    static uint8_t before[STUB_WINDOW];
    uint8_t in[512];

    (void)state;
    fill_random(before, sizeof(before));
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t len = bits_of(cases[i].bits, in);
        bool good = judge(in, len, before + sizeof(before), cases[i].history, cases[i].out_len);

        if (good != cases[i].good)
            fail_msg("%s: %s", cases[i].name, good ? "taken" : "refused");
    }
}

/* A stream of `len` bytes of contents; returns its length. */
static size_t damaged_one(const struct contents *c, uint8_t *data, size_t history, size_t len,
                          int strategy, uint8_t *out)
{
    rnd_state = 99;
    c->fill(data, history + len);
    return oracle_deflate(data + history, len, history, 6, strategy, out, 1024);
}

static void every_flipped_bit_is_judged_as_zlib_judges_it(void **state)
{
    static const int strategies[] = {Z_DEFAULT_STRATEGY, Z_HUFFMAN_ONLY, Z_FIXED};
    uint8_t data[900], out[1024];
    unsigned taken = 0, refused = 0;

    (void)state;
    for (size_t c = 0; c < 3; c++)
        for (size_t s = 0; s < COUNT(strategies); s++) {
            size_t n = damaged_one(&contents[c], data, 300, 500, strategies[s], out);

            assert_true(judge(out, n, data + 300, 300, 500));
            for (size_t bit = 0; bit < 8 * n; bit++) {
                out[bit / 8] ^= (uint8_t)(1 << bit % 8);
                if (judge(out, n, data + 300, 300, 500))
                    taken++;
                else
                    refused++;
                out[bit / 8] ^= (uint8_t)(1 << bit % 8);
            }
        }
    /* Literals into others; all else is noticed. */
    assert_true(taken > 100);
    assert_true(refused > 1000);
}

static void every_truncation_is_refused(void **state)
{
    uint8_t data[900], out[1024];

    (void)state;
    for (size_t c = 0; c < COUNT(contents); c++) {
        size_t n = damaged_one(&contents[c], data, 300, 500, Z_DEFAULT_STRATEGY, out);

        for (size_t len = 0; len < n; len++)
            assert_false(judge(out, len, data + 300, 300, 500));
        assert_true(judge(out, n, data + 300, 300, 500));
        out[n] = 0;
        assert_false(judge(out, n + 1, data + 300, 300, 500));
    }
}

static void any_other_output_length_is_refused(void **state)
{
    uint8_t data[900], out[1024];
    size_t n = damaged_one(&contents[0], data, 300, 500, Z_DEFAULT_STRATEGY, out);

    (void)state;
    for (size_t len = 0; len < 600; len++)
        assert_int_equal(judge(out, n, data + 300, 300, len), len == 500);
}

/* ---- deflate ---- */

static void every_length_is_deflated_with_every_history(void **state)
{
    static uint8_t data[STUB_WINDOW + STUB_SECTOR];

    (void)state;
    for (size_t c = 0; c < COUNT(contents); c++)
        for (size_t h = 0; h < COUNT(histories); h++) {
            rnd_state = (uint32_t)(c * 10 + h);
            contents[c].fill(data, sizeof(data));
            for (size_t len = 1; len <= 300; len++)
                there_and_back(data + histories[h], len, histories[h]);
            for (size_t len = STUB_SECTOR - 2; len <= STUB_SECTOR; len++)
                there_and_back(data + histories[h], len, histories[h]);
        }
}

static void what_cannot_be_deflated_is_stored(void **state)
{
    static uint8_t data[STUB_SECTOR];
    uint8_t out[STUB_SECTOR + 5];

    (void)state;
    rnd_state = 5;
    fill_random(data, sizeof(data));
    assert_int_equal(there_and_back(data, STUB_SECTOR, 0), STUB_SECTOR + 5);
    /* ... which a caller that has RAW units does not want. */
    assert_int_equal(deflate_into(data, STUB_SECTOR, 0, out, STUB_SECTOR - 1), 0);
}

static void repetition_costs_next_to_nothing(void **state)
{
    static uint8_t data[2 * STUB_SECTOR];

    (void)state;
    memset(data, 0, sizeof(data));
    assert_in_range(there_and_back(data + STUB_SECTOR, STUB_SECTOR, STUB_SECTOR), 1, 24);
    /* The sector before once more. */
    rnd_state = 6;
    fill_random(data, STUB_SECTOR - 1);
    memcpy(data + STUB_SECTOR, data + 1, STUB_SECTOR - 1);
    assert_in_range(there_and_back(data + STUB_SECTOR, STUB_SECTOR - 1, STUB_SECTOR), 1, 64);
}

/* Frequencies like Fibonacci's numbers want codes of more than 15 bits, and lengths
 * of codes that want more than 7 themselves. */
static void codes_that_would_get_too_long_are_evened_out(void **state)
{
    static uint8_t data[STUB_SECTOR];
    unsigned a = 1, b = 1;
    size_t at = 0;

    (void)state;
    rnd_state = 8;
    for (unsigned symbol = 0; at < sizeof(data); symbol++) {
        for (unsigned i = 0; i < a && at < sizeof(data); i++)
            data[at++] = (uint8_t)(symbol * 11);
        b += a;
        a = b - a;
    }
    for (size_t i = sizeof(data) - 1; i; i--) {
        size_t k = rnd((uint32_t)i + 1);
        uint8_t byte = data[i];

        data[i] = data[k];
        data[k] = byte;
    }
    there_and_back(data, sizeof(data), 0);
}

static void too_little_room_gives_nothing_and_touches_nothing(void **state)
{
    static uint8_t data[STUB_SECTOR];
    uint8_t out[STUB_SECTOR + 5];

    (void)state;
    for (size_t c = 0; c < COUNT(contents); c++) {
        size_t n;

        rnd_state = 3;
        contents[c].fill(data, sizeof(data));
        n = deflate_into(data, sizeof(data), 0, out, sizeof(out));
        for (size_t cap = n > 40 ? n - 40 : 0; cap < n + 10; cap++)
            assert_int_equal(deflate_into(data, sizeof(data), 0, out, cap), cap < n ? 0 : n);
        for (size_t cap = 0; cap < 20 && cap < n; cap++)
            assert_int_equal(deflate_into(data, sizeof(data), 0, out, cap), 0);
    }
}

static void a_call_knows_nothing_of_the_one_before(void **state)
{
    static uint8_t data[STUB_WINDOW + STUB_SECTOR];
    uint8_t first[STUB_SECTOR + 5], second[STUB_SECTOR + 5];
    size_t n, m;

    (void)state;
    rnd_state = 4;
    fill_code(data, sizeof(data));
    memset(&deflater, 0, sizeof(deflater));
    n = deflate_into(data + 4096, 4096, 4096, first, sizeof(first));
    memset(&deflater, 0xa5, sizeof(deflater));
    m = deflate_into(data + 4096, 4096, 4096, second, sizeof(second));
    assert_int_equal(n, m);
    assert_memory_equal(first, second, n);
}

/* The sum over all sectors, each after the one before, raw where that is shorter,
 * within 2 % of the contents of what zlib makes of all of it in one go. */
static void a_sum_of_sectors_is_almost_as_short_as_zlibs_whole(void **state)
{
    enum { SECTORS = 24, PART = 700 };
    static uint8_t data[SECTORS * STUB_SECTOR], out[sizeof(data) + 1000];
    size_t sum = 0, whole;

    (void)state;
    rnd_state = 1;
    for (size_t at = 0; at < sizeof(data); at += PART) {
        size_t c = at / PART % 8 < 5 ? 0 : at / PART % 8 - 4;
        size_t len = sizeof(data) - at < PART ? sizeof(data) - at : PART;

        contents[c].fill(data + at, len);
    }
    for (size_t at = 0; at < sizeof(data); at += STUB_SECTOR) {
        size_t n = there_and_back(data + at, STUB_SECTOR, at ? STUB_WINDOW : 0);

        sum += n < STUB_SECTOR ? n : STUB_SECTOR;
    }
    whole = oracle_deflate(data, sizeof(data), 0, 6, Z_DEFAULT_STRATEGY, out, sizeof(out));
    print_message("sectors %.2f %%, zlib's whole %.2f %%\n", 100.0 * (double)sum / sizeof(data),
                  100.0 * (double)whole / sizeof(data));
    assert_in_range(whole, sizeof(data) / 4, sizeof(data) * 3 / 4);
    assert_true(sum < whole + sizeof(data) * 2 / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc32_gives_the_known_sums),
        cmocka_unit_test(crc32_agrees_with_zlib_at_every_alignment_and_cut),
        cmocka_unit_test(sha256_gives_the_sums_nist_published),
        cmocka_unit_test(what_zlib_deflates_is_inflated),
        cmocka_unit_test(malformed_streams_are_refused_and_odd_ones_taken),
        cmocka_unit_test(every_flipped_bit_is_judged_as_zlib_judges_it),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(any_other_output_length_is_refused),
        cmocka_unit_test(every_length_is_deflated_with_every_history),
        cmocka_unit_test(what_cannot_be_deflated_is_stored),
        cmocka_unit_test(repetition_costs_next_to_nothing),
        cmocka_unit_test(codes_that_would_get_too_long_are_evened_out),
        cmocka_unit_test(too_little_room_gives_nothing_and_touches_nothing),
        cmocka_unit_test(a_call_knows_nothing_of_the_one_before),
        cmocka_unit_test(a_sum_of_sectors_is_almost_as_short_as_zlibs_whole),
    };

    return cmocka_run_group_tests_name("stubs: codecs", tests, NULL, NULL);
}
