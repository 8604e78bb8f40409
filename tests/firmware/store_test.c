/* The store: what a plug finds after whatever happened to its power and its flash. */
#include "firmware/support/check.h"

#include "core/crc.h"
#include "core/store.h"
#include "hal/host/host.h"

#define BASE    0x1000u
#define SECTORS 4u
#define SPAN    (SECTORS * HAL_SECTOR)

static struct store st;
static jmp_buf cut;

static int fresh(void **state)
{
    (void)state;
    host_reset();
    host_power_to(&cut);
    host_flash_guard(BASE, SPAN);
    assert_true(store_open(&st, BASE, SPAN));
    return 0;
}

/* Every test leaves a flash that was only used as NOR may be, and only where it may. */
static int sound(void **state)
{
    (void)state;
    assert_int_equal(host_flash_stats().violations, 0);
    assert_int_equal(host_flash_stats().outside, 0);
    return 0;
}

/* Value number `version` of a key: length and bytes follow from both. */
static size_t make(unsigned key, unsigned version, uint8_t buf[STORE_MAX])
{
    static const uint16_t lens[5] = {17, 3584, 64, 700, 5};
    uint32_t n = key * 2654435761u + version * 40503u + 1;
    const size_t len = lens[key % 5] - (key % 5 == 2 ? 0 : version % 3);

    for (size_t i = 0; i < len; i++)
        buf[i] = (uint8_t)(noise(&n) >> 11);
    return len;
}

static bool set(unsigned key, unsigned version)
{
    uint8_t buf[STORE_MAX];

    return store_set(&st, key, buf, make(key, version, buf));
}

static bool is(unsigned key, unsigned version)
{
    uint8_t want[STORE_MAX], have[STORE_MAX];
    const size_t len = version ? make(key, version, want) : 0;

    return store_get(&st, key, have, sizeof have) == len && memcmp(want, have, len) == 0;
}

static void reopen(void)
{
    assert_true(store_open(&st, BASE, SPAN));
}

/* ---- plain use ------------------------------------------------------------ */

static void crc_is_that_of_zlib(void **state)
{
    (void)state;
    assert_int_equal(crc32_add(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(crc32_add(crc32_add(0, "1234", 4), "56789", 5), 0xcbf43926);
    assert_int_equal(crc32_add(0, "", 0), 0);
}

static void a_blank_store_has_nothing_and_opening_writes_nothing(void **state)
{
    uint8_t buf[8];

    (void)state;
    for (unsigned k = 0; k < 20; k++)
        assert_int_equal(store_get(&st, k, buf, sizeof buf), 0);
    assert_int_equal(host_flash_stats().erases + host_flash_stats().programs, 0);
}

static void the_first_value_on_a_blank_flash_erases_nothing(void **state)
{
    (void)state;
    assert_true(set(STORE_CONFIG, 1));
    assert_int_equal(host_flash_stats().erases, 0);
}

static void what_was_set_is_there_now_and_after_a_restart(void **state)
{
    (void)state;
    for (unsigned v = 1; v < 60; v++) {
        for (unsigned k = 1; k <= 4; k++)
            assert_true(set(k, v));
        for (unsigned k = 1; k <= 4; k++)
            assert_true(is(k, v));
        reopen();
        for (unsigned k = 1; k <= 4; k++)
            assert_true(is(k, v));
    }
}

static void identical_values_are_not_written_again(void **state)
{
    struct host_flash_stats before;

    (void)state;
    for (unsigned k = 1; k <= 4; k++)
        assert_true(set(k, 1));
    before = host_flash_stats();
    for (unsigned i = 0; i < 100; i++)
        for (unsigned k = 1; k <= 4; k++)
            assert_true(set(k, 1));
    assert_int_equal(host_flash_stats().programs, before.programs);
    assert_int_equal(host_flash_stats().erases, before.erases);
}

static void a_short_buffer_gets_the_beginning_and_the_whole_length(void **state)
{
    uint8_t buf[8] = {0};

    (void)state;
    assert_true(store_set(&st, STORE_LAST, "0123456789", 10));
    assert_int_equal(store_get(&st, STORE_LAST, buf, 4), 10);
    assert_memory_equal(buf, "0123\0\0\0", 8);
    assert_int_equal(store_get(&st, STORE_LAST, NULL, 0), 10);
}

static void an_empty_value_removes(void **state)
{
    (void)state;
    assert_true(store_set(&st, STORE_LABELS, NULL, 0));
    assert_int_equal(host_flash_stats().programs, 0);
    assert_true(set(STORE_LABELS, 1));
    assert_true(store_set(&st, STORE_LABELS, NULL, 0));
    assert_true(is(STORE_LABELS, 0));
    for (unsigned v = 1; v < 20; v++) {
        assert_true(set(STORE_CONFIG, v));
        reopen();
        assert_true(is(STORE_LABELS, 0));
    }
}

static void nonsense_is_refused(void **state)
{
    static uint8_t buf[STORE_MAX + 1];
    struct store s;

    (void)state;
    assert_false(store_set(&st, 0, "x", 1));
    assert_false(store_set(&st, STORE_KEYS, "x", 1));
    assert_false(store_set(&st, 1, buf, sizeof buf));
    assert_true(store_set(&st, 1, buf, STORE_MAX));
    assert_false(store_open(&s, BASE, 3 * HAL_SECTOR));
    assert_false(store_open(&s, BASE + 1, SPAN));
    assert_false(store_open(&s, 0x200000 - HAL_SECTOR, SPAN));
    assert_false(store_open(&s, 0x200000, SPAN));
    assert_false(store_set(&s, 1, "x", 1));
    assert_int_equal(store_get(&s, 1, buf, 1), 0);
}

/* ---- power ---------------------------------------------------------------- */

/* The plug's life in short: settings now and then, variables often. Long enough for
 * the ring to go round more than once. */
static const uint8_t life[] = {1, 2, 2, 3, 2, 2, 1, 2, 2, 4, 2, 1, 1, 2, 3, 2,
                               1, 2, 2, 1, 3, 3, 1, 2, 1, 2, 4, 1, 2, 2, 1, 2};

/* Versions on flash before step `step` of the life. */
static unsigned version_at(unsigned key, unsigned step)
{
    unsigned n = 0;

    for (unsigned i = 0; i < step; i++)
        n += life[i] == key;
    return n;
}

static void check_old_or_new(unsigned step)
{
    for (unsigned k = 1; k <= 4; k++) {
        const unsigned old = version_at(k, step);

        if (!is(k, old) && !(life[step] == k && is(k, old + 1)))
            fail_msg("key %u is neither old nor new after a cut in step %u", k, step);
    }
}

static void check_still_works(void)
{
    for (unsigned v = 1002; v < 1008; v++)
        for (unsigned k = 1; k <= 4; k++) {
            assert_true(set(k, v));
            assert_true(is(k, v));
        }
    reopen();
    for (unsigned k = 1; k <= 4; k++)
        assert_true(is(k, 1007));
}

/* Live until the power goes at operation `nth`; false: it lasted. */
static bool live(uint32_t nth, enum host_cut how, uint32_t seed, volatile unsigned *step)
{
    fresh(NULL);
    if (setjmp(cut))
        return true;
    host_flash_cut(nth, how, seed);
    for (*step = 0; *step < sizeof life; (*step)++) {
        assert_true(set(life[*step], version_at(life[*step], *step) + 1));
        if (*step % 3 == 0)
            store_tidy(&st);
    }
    host_flash_calm();
    return false;
}

static void cut_everywhere(enum host_cut how, unsigned seeds)
{
    volatile unsigned step;
    volatile uint32_t nth = 0;

    for (;; nth++) {
        for (volatile unsigned s = 1; s <= seeds; s++) {
            if (!live(nth, how, nth * 977 + s, &step)) {
                assert_true(nth > 200);
                return;
            }
            reopen();
            check_old_or_new(step);
            check_still_works();
            assert_int_equal(host_flash_stats().violations, 0);
        }
    }
}

static void a_cut_before_any_operation_leaves_old_or_new(void **state)
{
    (void)state;
    cut_everywhere(HOST_CUT_BEFORE, 1);
}

static void a_cut_after_any_operation_leaves_old_or_new(void **state)
{
    (void)state;
    cut_everywhere(HOST_CUT_AFTER, 1);
}

static void a_cut_in_the_middle_of_any_operation_leaves_old_or_new(void **state)
{
    (void)state;
    cut_everywhere(HOST_CUT_PART, 2);
}

static void a_noisy_cut_in_any_operation_leaves_old_or_new(void **state)
{
    (void)state;
    cut_everywhere(HOST_CUT_NOISE, 2);
}

static void the_power_may_go_off_again_and_again(void **state)
{
    static volatile unsigned have[5], next[5], cuts, key;
    volatile uint32_t seed = seeded(0x5eed0001);

    (void)state;
    memset((void *)have, 0, sizeof have);
    memset((void *)next, 0, sizeof next);
    cuts = key = 0;
    if (setjmp(cut)) {
        cuts++;
        reopen();
        if (is(key, next[key]))
            have[key] = next[key];
    }
    while (cuts < 1500) {
        uint32_t n = seed;
        const uint32_t at = noise(&n) % 12;

        host_flash_cut(at, noise(&n) >> 8 & 3, n);
        seed = n;
        for (unsigned i = 0; i < 8; i++) {
            for (unsigned k = 1; k <= 4; k++)
                if (!is(k, have[k]))
                    fail_msg("key %u is not version %u after %u cuts", k, have[k], cuts);
            key = life[noise(&n) % sizeof life];
            seed = n;
            next[key] = next[key] + 1;
            assert_true(set(key, next[key]));
            have[key] = next[key];
            if (i % 4 == 0)
                store_tidy(&st);
        }
    }
}

/* The worst place: every attempt to go on to a new sector is cut, for a year. */
static void a_store_cut_at_each_change_of_sector_stays_whole(void **state)
{
    static volatile unsigned tries;

    (void)state;
    for (unsigned k = 1; k <= 4; k++)
        assert_true(set(k, 1));
    tries = 0;
    if (setjmp(cut))
        reopen();
    while (tries < 1000) {
        tries++;
        for (unsigned k = 1; k <= 4; k++)
            assert_true(is(k, 1));
        host_flash_cut(tries % 7, HOST_CUT_NOISE, tries);
        set(1, 2); /* needs more than seven operations */
        fail_msg("it was not cut");
    }
    host_flash_calm();
    assert_true(set(1, 2));
    assert_true(is(1, 2));
    assert_true(is(2, 1));
}

static void a_flash_that_refuses_any_operation_loses_nothing(void **state)
{
    bool refused = true;

    (void)state;
    for (uint32_t nth = 0; refused; nth++) {
        fresh(NULL);
        host_flash_fail(nth);
        refused = false;
        for (unsigned i = 0; i < sizeof life; i++) {
            const unsigned old = version_at(life[i], i);

            if (!set(life[i], old + 1)) {
                refused = true;
                assert_true(is(life[i], old));
                reopen();
                assert_true(is(life[i], old));
                assert_true(set(life[i], old + 1));
            }
            assert_true(is(life[i], old + 1));
        }
        refused = refused || nth < 200; /* most are got around */
        check_still_works();
    }
}

/* ---- wear ----------------------------------------------------------------- */

static void check_wear(uint32_t most_apart)
{
    uint32_t least = UINT32_MAX, most = 0;

    for (uint32_t a = BASE; a < BASE + SPAN; a += HAL_SECTOR) {
        const uint32_t n = host_flash_erases(a);

        least = n < least ? n : least;
        most = n > most ? n : most;
    }
    printf("%u sets: erased %u to %u times\n", (unsigned)st.writes, (unsigned)least,
           (unsigned)most);
    assert_true(most <= 2 * least);
    assert_true(most - least <= most_apart);
}

static void a_hundred_thousand_sets_wear_all_sectors_alike(void **state)
{
    uint8_t vars[64] = {0};

    (void)state;
    assert_true(set(STORE_CONFIG, 1));
    assert_true(set(STORE_LABELS, 1));
    for (uint32_t i = 1; i <= 100000; i++) {
        memcpy(vars, &i, sizeof i);
        assert_true(store_set(&st, STORE_VARS, vars, sizeof vars));
    }
    check_wear(1);
    /* 72 bytes each: about 50 to a sector, of which some are for what stays. */
    assert_true(st.erases < 100000 / 28);
    assert_true(is(STORE_CONFIG, 1));
    assert_true(is(STORE_LABELS, 1));
}

static void big_and_small_sets_at_random_wear_alike_too(void **state)
{
    uint32_t seed = seeded(0x5eed0002);
    unsigned version[5] = {0};

    (void)state;
    for (uint32_t i = 1; i <= 6000; i++) {
        const unsigned k = 1 + noise(&seed) % 4;

        assert_true(set(k, ++version[k]));
        if (noise(&seed) % 50 == 0)
            reopen();
    }
    check_wear(1);
    for (unsigned k = 1; k <= 4; k++)
        assert_true(is(k, version[k]));
}

static void restarts_alone_wear_nothing(void **state)
{
    (void)state;
    for (unsigned v = 1; v < 30; v++)
        assert_true(set(STORE_CONFIG, v));
    host_flash_cut(0, HOST_CUT_BEFORE, 1);
    for (unsigned i = 0; i < 1000; i++)
        reopen();
    host_flash_calm();
}

/* ---- time ------------------------------------------------------------------ */

/* As the plug uses it: settings, variables, labels, and a note of the last reset. */
static void no_call_of_a_plug_erases_more_than_one_sector_and_few_erase_any(void **state)
{
    uint32_t seed = seeded(0x5eed0003);
    static const uint16_t lens[5] = {0, 3584, 64, 1600, 32};
    uint8_t buf[STORE_MAX];

    (void)state;
    host_flash_guard(0, 0);
    for (uint32_t sectors = 4; sectors <= 8; sectors += 2) {
        uint32_t most = 0, tidied = 0, none = 0;

        fresh(NULL);
        host_flash_guard(BASE, sectors * HAL_SECTOR);
        assert_true(store_open(&st, BASE, sectors * HAL_SECTOR));
        for (unsigned i = 0; i < 5000; i++) {
            /* Phases: mostly small ones, anything, settings only. */
            const unsigned phase = i / 250 % 3;
            const unsigned k = phase == 2                        ? 1
                               : phase == 0 && noise(&seed) % 20 ? 2
                                                                 : 1 + noise(&seed) % 4;
            uint32_t before = host_flash_stats().erases, now;
            const size_t len = lens[k] - (k == 3 ? noise(&seed) % 1000 : 0);

            for (size_t b = 0; b < len; b++)
                buf[b] = (uint8_t)noise(&seed);
            assert_true(store_set(&st, k, buf, len));
            now = host_flash_stats().erases;
            most = now - before > most ? now - before : most;
            none += now == before;

            store_tidy(&st); /* what the loop does each second */
            store_tidy(&st);
            before = now;
            now = host_flash_stats().erases;
            tidied = now - before > tidied ? now - before : tidied;
        }
        printf("%u sectors: %u %% of sets erase nothing, none more than %u\n", (unsigned)sectors,
               (unsigned)(none / 50), (unsigned)most);
        assert_true(most <= 1);
        assert_true(tidied <= 1);
        assert_true(none > 4000);
    }
    host_flash_guard(0, 0);
}

/* ---- room ------------------------------------------------------------------ */

static void more_than_half_of_the_span_is_usable(void **state)
{
    static const uint16_t lens[] = {STORE_MAX, 1000, 100};

    (void)state;
    for (unsigned l = 0; l < 3; l++) {
        uint8_t buf[STORE_MAX];
        unsigned keys = 0;
        size_t used;

        fresh(NULL);
        for (unsigned k = 1; k < STORE_KEYS; k++) {
            memset(buf, (int)k, sizeof buf);
            keys += store_set(&st, k, buf, lens[l]);
        }
        used = keys * (size_t)lens[l];
        printf("%u values of %u bytes in %u: %u %%\n", keys, lens[l], SPAN,
               (unsigned)(used * 100 / SPAN));
        assert_true(used > SPAN / 2 || keys == STORE_KEYS - 1);

        /* Each of them can still be changed, over and over. */
        for (unsigned i = 1; i < 200; i++) {
            memset(buf, (int)(i + keys), sizeof buf);
            assert_true(store_set(&st, 1 + i % keys, buf, lens[l]));
        }
        reopen();
        for (unsigned k = 1; k <= keys; k++)
            assert_int_equal(store_get(&st, k, buf, sizeof buf), lens[l]);
    }
}

static void a_full_store_says_so_and_keeps_what_it_has(void **state)
{
    uint8_t buf[STORE_MAX];
    uint32_t erases;
    unsigned k = 1;

    (void)state;
    for (; k < STORE_KEYS; k++) {
        memset(buf, (int)k, sizeof buf);
        if (!store_set(&st, k, buf, sizeof buf))
            break;
    }
    assert_true(k > 2 && k < STORE_KEYS);
    erases = host_flash_stats().erases;
    for (unsigned i = 0; i < 10; i++)
        assert_false(store_set(&st, k, buf, sizeof buf));
    assert_int_equal(host_flash_stats().erases, erases); /* a vain attempt wears nothing */
    for (unsigned j = 1; j < k; j++) {
        assert_int_equal(store_get(&st, j, buf, sizeof buf), STORE_MAX);
        assert_int_equal(buf[STORE_MAX - 1], j);
    }
    /* There is room again when something goes. */
    assert_true(store_set(&st, 1, NULL, 0));
    assert_true(store_set(&st, k, buf, sizeof buf));
}

/* ---- damage ----------------------------------------------------------------- */

static void rotten_bits_never_make_a_value_that_was_not_set(void **state)
{
    uint32_t seed = seeded(0x5eed0004);
    unsigned lost = 0, older = 0;

    (void)state;
    for (unsigned round = 0; round < 500; round++) {
        unsigned flips = 1 + noise(&seed) % 8;

        fresh(NULL);
        for (unsigned v = 1; v <= 4; v++)
            for (unsigned k = 1; k <= 4; k++)
                assert_true(set(k, v));
        while (flips--)
            host_flash()[BASE + noise(&seed) % SPAN] ^= (uint8_t)(1u << noise(&seed) % 8);
        if (round % 2)
            reopen();
        for (unsigned k = 1; k <= 4; k++) {
            unsigned v = 4;

            while (v && !is(k, v))
                v--;
            assert_true(is(k, v)); /* 0: none */
            lost += v == 0;
            older += v && v < 4;
        }
        check_still_works();
    }
    printf("of 2000 values %u were lost and %u older\n", lost, older);
    assert_true(lost > 0 && older > 0);
}

static void rot_in_one_record_does_not_hide_its_neighbours(void **state)
{
    (void)state;
    assert_true(store_set(&st, STORE_LABELS, "labels", 6));
    assert_true(store_set(&st, STORE_LAST, "before", 6));
    assert_true(set(STORE_VARS, 1));
    host_flash()[BASE + 16 + 2] ^= 0x40; /* the first record's length */
    reopen();
    assert_true(is(STORE_LABELS, 0));
    assert_int_equal(store_get(&st, STORE_LAST, NULL, 0), 6);
    assert_true(is(STORE_VARS, 1));
}

static void a_rotten_head_of_an_older_sector_loses_nothing(void **state)
{
    (void)state;
    assert_true(set(STORE_VARS, 1));
    assert_true(set(STORE_CONFIG, 1));
    assert_true(set(STORE_CONFIG, 2));
    host_flash()[BASE + 5] ^= 1;
    reopen();
    assert_true(is(STORE_VARS, 1));
    assert_true(is(STORE_CONFIG, 2));
}

static void rot_where_nothing_was_written_yet_is_got_around(void **state)
{
    (void)state;
    for (uint32_t at = 16 + 72; at < 3 * HAL_SECTOR; at += 61) {
        fresh(NULL);
        assert_true(set(STORE_VARS, 1));
        store_tidy(&st);
        host_flash()[BASE + at] &= 0x7f;
        for (unsigned v = 2; v < 120; v++) {
            assert_true(set(STORE_VARS, v));
            assert_true(is(STORE_VARS, v));
        }
        assert_int_equal(host_flash_stats().violations, 0);
    }
}

/* What an interrupted erase may leave: records of the slot's life before. */
static void records_of_an_earlier_life_of_a_sector_do_not_count(void **state)
{
    uint8_t *slot = host_flash() + BASE;
    uint32_t crc;

    (void)state;
    assert_true(set(STORE_VARS, 1));
    memcpy(slot + HAL_SECTOR, slot, HAL_SECTOR);
    assert_true(set(STORE_VARS, 2));
    slot[HAL_SECTOR + 4]++; /* the sector after it, with a sound head */
    crc = crc32_add(0, slot + HAL_SECTOR, 8);
    for (unsigned i = 0; i < 4; i++)
        slot[HAL_SECTOR + 8 + i] = (uint8_t)(crc >> 8 * i);
    reopen();
    assert_int_equal(st.sequence, SECTORS + 1);
    assert_true(is(STORE_VARS, 2));
    check_still_works();
}

static void random_contents_are_no_store_and_do_no_harm(void **state)
{
    uint32_t seed = seeded(0x5eed0005);

    (void)state;
    for (unsigned round = 0; round < 100; round++) {
        fresh(NULL);
        for (uint32_t i = 0; i < SPAN; i++)
            host_flash()[BASE + i] = (uint8_t)(noise(&seed) >> 9);
        reopen();
        for (unsigned k = 1; k <= 4; k++)
            assert_true(is(k, 0));
        check_still_works();
    }
}

static void a_store_half_overwritten_by_something_else_works_on(void **state)
{
    uint32_t seed = seeded(0x5eed0006);

    (void)state;
    for (unsigned round = 0; round < 100; round++) {
        const uint32_t from = noise(&seed) % SPAN, len = noise(&seed) % (SPAN - from);

        fresh(NULL);
        for (unsigned v = 1; v < 12; v++)
            for (unsigned k = 1; k <= 4; k++)
                assert_true(set(k, v));
        for (uint32_t i = 0; i < len; i++)
            host_flash()[BASE + from + i] = round % 3 ? (uint8_t)(noise(&seed) >> 9) : 0;
        reopen();
        check_still_works();
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh, sound)
    const struct CMUnitTest tests[] = {
        TEST(crc_is_that_of_zlib),
        TEST(a_blank_store_has_nothing_and_opening_writes_nothing),
        TEST(the_first_value_on_a_blank_flash_erases_nothing),
        TEST(what_was_set_is_there_now_and_after_a_restart),
        TEST(identical_values_are_not_written_again),
        TEST(a_short_buffer_gets_the_beginning_and_the_whole_length),
        TEST(an_empty_value_removes),
        TEST(nonsense_is_refused),
        TEST(a_cut_before_any_operation_leaves_old_or_new),
        TEST(a_cut_after_any_operation_leaves_old_or_new),
        TEST(a_cut_in_the_middle_of_any_operation_leaves_old_or_new),
        TEST(a_noisy_cut_in_any_operation_leaves_old_or_new),
        TEST(the_power_may_go_off_again_and_again),
        TEST(a_store_cut_at_each_change_of_sector_stays_whole),
        TEST(a_flash_that_refuses_any_operation_loses_nothing),
        TEST(a_hundred_thousand_sets_wear_all_sectors_alike),
        TEST(big_and_small_sets_at_random_wear_alike_too),
        TEST(restarts_alone_wear_nothing),
        TEST(no_call_of_a_plug_erases_more_than_one_sector_and_few_erase_any),
        TEST(more_than_half_of_the_span_is_usable),
        TEST(a_full_store_says_so_and_keeps_what_it_has),
        TEST(rotten_bits_never_make_a_value_that_was_not_set),
        TEST(rot_in_one_record_does_not_hide_its_neighbours),
        TEST(a_rotten_head_of_an_older_sector_loses_nothing),
        TEST(rot_where_nothing_was_written_yet_is_got_around),
        TEST(records_of_an_earlier_life_of_a_sector_do_not_count),
        TEST(random_contents_are_no_store_and_do_no_harm),
        TEST(a_store_half_overwritten_by_something_else_works_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
