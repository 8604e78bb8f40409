/* bl602_sha_test.c - the SHA engine of the emulated BL602: digests of FIPS 180-4, its time,
 * and everything it complains about. */
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "emu/bl602_rig.h"

#define SHA      0x40004000u
#define HASH     0x40004010u
#define DATA     0x42020000u
#define RAM_END  0x4204C000u
#define CPU_RAM  0x22020000u /* the same, for the CPU alone */
#define MAX_DATA 0x10000u
#define EN       0x20u
#define GO_ON    0x40u
#define TRIG     2u

/* This one and no other; it is forgotten. */
static void assert_complaint(struct chip *c, const char *text)
{
    if (!strstr(c->soc.complaints.text, text) || c->soc.complaints.lines != 1)
        fail_msg("not just \"%s\" but:\n%s", text, c->soc.complaints.text);
    memset(&c->soc.complaints, 0, sizeof c->soc.complaints);
}

static uint8_t *ram(struct chip *c, uint32_t addr)
{
    return c->soc.ram + (addr - BL602_SHA_RAM);
}

/* `flags`: EN, GO_ON. */
static void start(struct chip *c, uint32_t addr, uint32_t blocks, uint32_t flags)
{
    put(c, SHA + 4, addr);
    put(c, SHA, blocks << 16 | flags);
    put(c, SHA, blocks << 16 | flags | TRIG);
}

static bool busy(struct chip *c)
{
    return get(c, SHA) & 1;
}

static void wait(struct chip *c)
{
    while (busy(c))
        bl602_soc_run(&c->soc, bl602_soc_ps(&c->soc) + EMU_US(1));
}

static void run(struct chip *c, uint32_t addr, uint32_t blocks, uint32_t flags)
{
    start(c, addr, blocks, flags);
    wait(c);
}

static void assert_digest(struct chip *c, const uint8_t *expected)
{
    uint8_t digest[32];

    for (unsigned i = 0; i < 8; i++)
        put_le32(digest + 4 * i, get(c, HASH + 4 * i));
    assert_memory_equal(digest, expected, sizeof digest);
}

/* As FIPS 180-4 prints it. */
static void put_digest(uint8_t digest[32], const uint32_t words[8])
{
    for (unsigned i = 0; i < 32; i++)
        digest[i] = (uint8_t)(words[i / 4] >> (24 - i % 4 * 8));
}

static void assert_words(struct chip *c, const uint32_t words[8])
{
    uint8_t digest[32];

    put_digest(digest, words);
    assert_digest(c, digest);
}

/* Lay `len` bytes at `at`, padded as 5.1.1 has it; how many blocks that makes. */
static uint32_t lay(uint8_t *at, const void *text, uint32_t len)
{
    uint32_t blocks = (len + 8) / 64 + 1;

    assert_true(blocks * 64 <= MAX_DATA);
    memset(at, 0, 64u * blocks);
    memcpy(at, text, len);
    at[len] = 0x80;
    for (unsigned i = 0; i < 4; i++)
        at[64 * blocks - 1 - i] = (uint8_t)(len << 3 >> 8 * i);
    return blocks;
}

/* ---- digests ---------------------------------------------------------------------- */

/* The examples that NIST gives for FIPS 180-4. */
static const struct {
    const char *text;
    uint32_t blocks;
    uint32_t digest[8];
} examples[] = {
    {"",
     1,
     {0xE3B0C442, 0x98FC1C14, 0x9AFBF4C8, 0x996FB924, 0x27AE41E4, 0x649B934C, 0xA495991B,
      0x7852B855}},
    {"abc",
     1,
     {0xBA7816BF, 0x8F01CFEA, 0x414140DE, 0x5DAE2223, 0xB00361A3, 0x96177A9C, 0xB410FF61,
      0xF20015AD}},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     2,
     {0x248D6A61, 0xD20638B8, 0xE5C02693, 0x0C3E6039, 0xA33CE459, 0x64FF2167, 0xF6ECEDD4,
      0x19DB06C1}},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
     "lmnopqrsmnopqrstnopqrstu",
     2,
     {0xCF5B16A7, 0x78AF8380, 0x036CE59E, 0x7B049237, 0x0B249B11, 0xE8F07A51, 0xAFAC4503,
      0x7AFEE9D1}},
};

static void known_messages_have_their_digests(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const char *text = examples[i].text;

        assert_int_equal(lay(ram(&c, DATA), text, (uint32_t)strlen(text)), examples[i].blocks);
        run(&c, DATA, examples[i].blocks, EN);
        assert_words(&c, examples[i].digest);
    }
    assert_content(&c);
    close_chip(&c);
}

static void blocks_may_come_at_once_or_one_by_one(void **state)
{
    uint8_t text[20 * 64 - 9], expected[32];
    struct chip c;
    uint32_t blocks;

    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i * 7 + i / 64);
    pf_sha256(text, sizeof text, expected);
    open_idle(&c);
    blocks = lay(ram(&c, DATA), text, sizeof text);
    assert_int_equal(blocks, 20);

    run(&c, DATA, blocks, EN);
    assert_digest(&c, expected);

    for (uint32_t i = 0; i < blocks; i++)
        run(&c, DATA + 64 * i, 1, i ? EN | GO_ON : EN);
    assert_digest(&c, expected);

    for (uint32_t i = 0; i < blocks; i++) { /* through one buffer, in the TCM */
        memcpy(ram(&c, 0x42010100), ram(&c, DATA + 64 * i), 64);
        run(&c, 0x42010100, 1, i ? EN | GO_ON : EN);
    }
    assert_digest(&c, expected);

    run(&c, DATA, 7, EN);
    run(&c, DATA + 7 * 64, 13, EN | GO_ON);
    assert_digest(&c, expected);
    assert_content(&c);
    close_chip(&c);
}

static void a_million_letters_go_through_in_parts(void **state)
{
    static const uint32_t expected[8] = {0xCDC76E5C, 0x9914FB92, 0x81A1C7E2, 0x84D73E67,
                                         0xF1809A48, 0xA497200E, 0x046D39CC, 0xC7112CD0};
    /* 1000000 bytes are 15625 blocks; 8000000 bits are 7A1200h. */
    static const uint8_t tail[4] = {0x00, 0x7A, 0x12, 0x00};
    struct chip c;
    uint8_t *at;

    (void)state;
    open_idle(&c);
    at = ram(&c, DATA);
    memset(at, 'a', 625 * 64);
    for (unsigned i = 0; i < 25; i++)
        run(&c, DATA, 625, i ? EN | GO_ON : EN);
    memset(at, 0, 64);
    at[0] = 0x80;
    memcpy(at + 60, tail, sizeof tail);
    run(&c, DATA, 1, EN | GO_ON);
    assert_words(&c, expected);
    assert_content(&c);
    close_chip(&c);
}

/* One block behind the code is hashed, and the words are stored behind that: 04 gets its
 * address in the alias of the engine, 00 10020h, 10022h. */
static const uint32_t hasher[] = {
    0x30047073, 0x00000497, 0x06848493, 0x100002b7, 0xfff28293, 0x0054f4b3, 0x400002b7,
    0x0054e4b3, 0x40004437, 0x00942223, 0x000102b7, 0x02028293, 0x00542023, 0x0022e293,
    0x00542023, 0x00042283, 0x0012f293, 0xfe029ce3, 0x04048493, 0x00800313, 0x01042283,
    0x0054a023, 0x00440413, 0x00448493, 0xfff30313, 0xfe0316e3, 0x0000006f,
};

static void a_program_hashes_and_stores_the_digest_word_by_word(void **state)
{
    uint8_t image[sizeof hasher + 64], expected[32];
    struct chip c;

    (void)state;
    for (size_t i = 0; i < sizeof hasher / sizeof *hasher; i++)
        put_le32(image + 4 * i, hasher[i]);
    assert_int_equal(lay(image + sizeof hasher, "abc", 3), 1);
    open_program(&c, image, sizeof image);
    bl602_soc_run(&c.soc, EMU_US(100));
    assert_content(&c);
    put_digest(expected, examples[1].digest);
    assert_memory_equal(ram(&c, 0x42010000 + sizeof image), expected, 32);
    close_chip(&c);
}

/* ---- time ------------------------------------------------------------------------- */

/* Cycles from the trigger to the first look that finds it done. */
static uint64_t cycles(struct chip *c, uint32_t blocks)
{
    uint64_t from;

    start(c, DATA, blocks, EN);
    from = c->soc.cpu.cycles;
    while (busy(c)) {
    }
    return c->soc.cpu.cycles - from;
}

static void it_is_busy_for_as_many_bus_clocks_as_the_test_wants(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    assert_in_range(cycles(&c, 1), 16 + 80, 16 + 80 + 2 * BL602_IO_CYCLES);
    assert_in_range(cycles(&c, 20), 16 + 20 * 80, 16 + 20 * 80 + 2 * BL602_IO_CYCLES);
    c.soc.sha.block_clocks = 1000;
    assert_in_range(cycles(&c, 20), 16 + 20 * 1000, 16 + 20 * 1000 + 2 * BL602_IO_CYCLES);
    put(&c, GLB, get(&c, GLB) | 0x10000); /* BCLK is half of the CPU's */
    put(&c, GLB + 0xFFC, 1);
    put(&c, GLB + 0xFFC, 0);
    assert_in_range(cycles(&c, 20), 2 * (16 + 20 * 1000),
                    2 * (16 + 20 * 1000) + 2 * BL602_IO_CYCLES);
    assert_content(&c);
    close_chip(&c);
}

static void a_slow_engine_stays_busy_and_then_is_right(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    c.soc.sha.block_clocks = 1000000;
    lay(ram(&c, DATA), "abc", 3);
    start(&c, DATA, 1, EN);
    bl602_soc_run(&c.soc, EMU_MS(31)); /* at 32 MHz */
    assert_int_equal(get(&c, SHA), 0x10000 | EN | 1);
    bl602_soc_run(&c.soc, EMU_MS(32));
    assert_int_equal(get(&c, SHA), 0x10000 | EN | 0x100);
    assert_words(&c, examples[1].digest);
    put(&c, SHA, EN | 0x200);
    assert_int_equal(get(&c, SHA), EN);
    put(&c, SHA, EN | 0x400);
    assert_int_equal(get(&c, SHA), EN | 0x100);
    assert_words(&c, examples[1].digest);
    assert_content(&c);
    close_chip(&c);
}

/* ---- what is wrong ---------------------------------------------------------------- */

static void a_trigger_that_cannot_work_is_a_complaint(void **state)
{
    static const struct {
        uint32_t addr, blocks, flags;
        const char *text;
    } rows[] = {
        {DATA, 1, 0, "not enabled"},
        {DATA, 1, EN | 1 << 2, "only SHA-256"},
        {DATA, 1, EN | 2 << 2, "only SHA-256"},
        {DATA, 1, EN | 0x8000, "without link mode"},
        {DATA, 0, EN, "a length of 0"},
        {DATA + 2, 1, EN, "not aligned"},
        {DATA + 1, 1, EN, "not aligned"},
        {CPU_RAM, 1, EN, "does not see 22020000"},
        {0x52020000, 1, EN, "does not see 52020000"},
        {0x23000000, 1, EN, "does not see 23000000"},
        {BL602_SHA_RAM - 4, 1, EN, "does not see 42007ffc"},
        {RAM_END, 1, EN, "does not see 4204c000"},
        {RAM_END - 60, 1, EN, "run out of RAM"},
        {RAM_END - 128, 3, EN, "run out of RAM"},
        {BL602_SHA_RAM, 0xFFFF, EN, "run out of RAM"},
        {DATA, 1, EN | GO_ON, "no hash to go on with"},
    };
    struct chip c;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        open_idle(&c);
        start(&c, rows[i].addr, rows[i].blocks, rows[i].flags);
        assert_complaint(&c, rows[i].text);
        assert_false(busy(&c));
        get(&c, HASH);
        assert_complaint(&c, "there is none");
        close_chip(&c);
    }
}

static void the_last_block_of_ram_is_within_reach(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    lay(ram(&c, RAM_END - 64), "abc", 3);
    run(&c, RAM_END - 64, 1, EN);
    assert_words(&c, examples[1].digest);
    run(&c, BL602_SHA_RAM, BL602_SOC_RAM_SIZE / 64, EN);
    assert_content(&c);
    close_chip(&c);
}

static void every_trigger_is_set_up_anew(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    put(&c, SHA + 4, DATA);
    put(&c, SHA, EN);
    put(&c, SHA, 0x10000 | EN | TRIG); /* the length comes along */
    assert_complaint(&c, "not set before");
    run(&c, DATA, 1, EN);
    put(&c, SHA + 4, DATA);
    put(&c, SHA, get(&c, SHA) | TRIG);
    assert_complaint(&c, "not set before");
    put(&c, SHA, 0x10000 | EN);
    put(&c, SHA, 0x10000 | EN | TRIG);
    assert_complaint(&c, "04 was not written");
    assert_false(busy(&c));
    close_chip(&c);
}

static void while_it_is_busy_nothing_is_touched(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    lay(ram(&c, DATA), "abc", 3);
    c.soc.sha.block_clocks = 1000;
    start(&c, DATA, 1, EN);
    put(&c, SHA, 0x10000 | EN | TRIG);
    assert_complaint(&c, "trigger while BUSY");
    put(&c, SHA, 0x20000 | EN);
    assert_complaint(&c, "00 written while BUSY");
    put(&c, SHA + 4, DATA + 64);
    assert_complaint(&c, "04 written while BUSY");
    put(&c, SHA + 0xC, 1);
    assert_complaint(&c, "0c written while BUSY");
    assert_int_equal(get(&c, HASH), 0xA5A5A5A5);
    assert_complaint(&c, "read while BUSY");
    wait(&c);
    assert_words(&c, examples[1].digest);
    assert_content(&c);
    put(&c, HASH, 0);
    assert_complaint(&c, "to 40004010");
    assert_words(&c, examples[1].digest);
    close_chip(&c);
}

static void data_that_change_too_early_spoil_the_hash(void **state)
{
    uint8_t zeros[64] = {0}, expected[32];
    struct chip c;
    uint32_t word;

    (void)state;
    open_idle(&c);
    for (uint32_t at = 0; at < 128; at += 127) { /* the first byte, the last one */
        lay(ram(&c, DATA), zeros, 64);
        pf_sha256(zeros, 64, expected);
        start(&c, DATA, 2, EN);
        ram(&c, DATA)[at] ^= 1;
        wait(&c);
        assert_complaint(&c, "changed while BUSY");
        word = get(&c, HASH);
        assert_int_not_equal(word, get_le32(expected));
        ram(&c, DATA)[at] ^= 1;
        run(&c, DATA, 2, EN);
        assert_digest(&c, expected);
    }

    /* Long after it must have been done, but nobody has looked. */
    start(&c, DATA, 2, EN);
    bl602_soc_run(&c.soc, bl602_soc_ps(&c.soc) + EMU_MS(1));
    memset(ram(&c, DATA), 1, 64);
    assert_false(busy(&c));
    assert_complaint(&c, "changed while BUSY");

    /* What lies around them may change, and they themselves afterwards. */
    lay(ram(&c, DATA), zeros, 64);
    start(&c, DATA, 2, EN);
    ram(&c, DATA)[-1] ^= 1;
    ram(&c, DATA)[128] ^= 1;
    wait(&c);
    memset(ram(&c, DATA), 1, 128);
    assert_digest(&c, expected);
    assert_content(&c);
    close_chip(&c);
}

static void a_reset_of_the_block_forgets_everything(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    run(&c, DATA, 1, EN);
    c.soc.sha.block_clocks = 1000;
    start(&c, DATA, 1, EN | GO_ON);
    put(&c, GLB + 0x14, 0x10);
    memset(ram(&c, DATA), 1, 64);
    assert_content(&c);
    assert_int_equal(get(&c, SHA), 0);
    assert_complaint(&c, "00 read while the block is held");
    put(&c, SHA, 0x10000 | EN);
    assert_complaint(&c, "00 written while the block is held");
    put(&c, GLB + 0x14, 0);
    assert_int_equal(get(&c, SHA), 0);
    assert_int_equal(get(&c, SHA + 4), 0);
    assert_int_equal(get(&c, SHA + 0xC), 1);
    assert_content(&c);
    start(&c, DATA, 1, EN | GO_ON);
    assert_complaint(&c, "no hash to go on with");
    lay(ram(&c, DATA), "abc", 3);
    run(&c, DATA, 1, EN);
    assert_words(&c, examples[1].digest);
    assert_int_equal(c.soc.sha.block_clocks, 1000);
    put(&c, GLB + 0x14, 0x10);
    put(&c, GLB + 0x14, 0);
    put(&c, SHA, EN);
    get(&c, HASH);
    assert_complaint(&c, "there is none");
    start(&c, DATA, 1, EN | GO_ON);
    assert_complaint(&c, "no hash to go on with");
    assert_content(&c);
    close_chip(&c);
}

static void a_hash_is_gone_when_the_engine_was_disabled(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    run(&c, DATA, 1, EN);
    put(&c, SHA, 0x10000);
    get(&c, HASH);
    assert_complaint(&c, "there is none");
    start(&c, DATA, 1, EN | GO_ON);
    assert_complaint(&c, "no hash to go on with");
    close_chip(&c);
}

static void what_is_not_modelled_is_a_complaint(void **state)
{
    struct chip c;

    (void)state;
    open_idle(&c);
    put(&c, SHA, EN | 0x1000);
    assert_complaint(&c, "of which bits are unknown");
    put(&c, SHA + 0xC, 0);
    assert_complaint(&c, "0C = 0 is not modelled");
    get(&c, SHA + 8);
    assert_complaint(&c, "at 40004008");
    put(&c, SHA + 0x50, DATA);
    assert_complaint(&c, "to 40004050");
    bl602_soc_read(&c.soc, HASH, 1);
    assert_complaint(&c, "read of 1 bytes at 40004010");
    get(&c, SHA + 0x100);
    assert_complaint(&c, "at 40004100");
    close_chip(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_messages_have_their_digests),
        cmocka_unit_test(blocks_may_come_at_once_or_one_by_one),
        cmocka_unit_test(a_million_letters_go_through_in_parts),
        cmocka_unit_test(a_program_hashes_and_stores_the_digest_word_by_word),
        cmocka_unit_test(it_is_busy_for_as_many_bus_clocks_as_the_test_wants),
        cmocka_unit_test(a_slow_engine_stays_busy_and_then_is_right),
        cmocka_unit_test(a_trigger_that_cannot_work_is_a_complaint),
        cmocka_unit_test(the_last_block_of_ram_is_within_reach),
        cmocka_unit_test(every_trigger_is_set_up_anew),
        cmocka_unit_test(while_it_is_busy_nothing_is_touched),
        cmocka_unit_test(data_that_change_too_early_spoil_the_hash),
        cmocka_unit_test(a_reset_of_the_block_forgets_everything),
        cmocka_unit_test(a_hash_is_gone_when_the_engine_was_disabled),
        cmocka_unit_test(what_is_not_modelled_is_a_complaint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
