/* What the host does when the line, or the stub, does what it should not. The stub
 * is the real one on a virtual chip; frames are taken from the line, spoiled or
 * forged between it and the driver. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "stream/scene.h"

#define EACH_CHIP                                                                                  \
    (void)state;                                                                                   \
    for (size_t i = 0; i < CHIPS; i++)

/* rates --------------------------------------------------------------------- */

static void a_rate_at_which_nothing_passes_is_stepped_down(void **state)
{
    EACH_CHIP
    {
        struct scene *sc = scene_new(chips[i], "");
        uint64_t before;

        sc->bad_rate = 921600;
        scene_must(sc, scene_link(sc, chips[i], (struct pf_link_options){0}));
        before = scene_resets(sc);
        assert_int_equal(sc->s->id.baud, 500000);
        scene_must(sc, fetch(sc, 0, SPAN));
        assert_int_equal(scene_resets(sc), before);
        assert_true(sc->retries >= 1);
        scene_close(sc);
    }
}

static enum verdict lose_long_frames_when_fast(struct scene *sc, bool from_stub,
                                               const struct stream_frame *f)
{
    return from_stub && f->used > 500 && sc->baud == 921600 ? SPOIL : PASS;
}

static void a_rate_at_which_long_frames_break_is_stepped_down(void **state)
{
    EACH_CHIP
    {
        struct scene *sc = scene_new(chips[i], "");

        sc->spoil = lose_long_frames_when_fast;
        scene_must(sc, scene_link(sc, chips[i], (struct pf_link_options){0}));
        assert_int_equal(sc->s->id.baud, 500000);
        scene_must(sc, fetch(sc, 0, SPAN));
        scene_close(sc);
    }
}

static enum verdict lose_first_baud_reply(struct scene *sc, bool from_stub,
                                          const struct stream_frame *f)
{
    return from_stub && f->type == (STREAM_BAUD | STREAM_REPLY) && !sc->count++ ? LOSE : PASS;
}

static enum verdict lose_first_hello_when_fast(struct scene *sc, bool from_stub,
                                               const struct stream_frame *f)
{
    return !from_stub && f->type == STREAM_HELLO && sc->baud == 921600 && sc->count++ < 1 ? LOSE
                                                                                          : PASS;
}

static void a_lost_word_about_the_rate_is_no_reason_to_be_slow(void **state)
{
    static const spoil_fn lose[] = {lose_first_baud_reply, lose_first_hello_when_fast};

    EACH_CHIP
    {
        for (size_t k = 0; k < 2; k++) {
            struct scene *sc = scene_new(chips[i], "");

            sc->spoil = lose[k];
            scene_must(sc, scene_link(sc, chips[i], (struct pf_link_options){0}));
            assert_int_equal(sc->s->id.baud, 921600);
            scene_must(sc, fetch(sc, 0, SPAN));
            scene_close(sc);
        }
    }
}

/* It says that it makes another one. */
static enum verdict forge_real_rate(struct scene *sc, bool from_stub, const struct stream_frame *f)
{
    uint8_t payload[5] = {0};

    if (!from_stub || f->type != (STREAM_BAUD | STREAM_REPLY) || get_le32(f->body + 1) < 900000)
        return PASS;
    put_le32(payload + 1, 952000); /* 3 % */
    scene_forge(sc, f->type, f->seq, payload, sizeof payload);
    return LOSE;
}

static void a_rate_that_the_chip_cannot_make_is_stepped_down(void **state)
{
    EACH_CHIP
    {
        struct scene *sc = scene_new(chips[i], "");

        sc->spoil = forge_real_rate;
        scene_must(sc, scene_link(sc, chips[i], (struct pf_link_options){0}));
        assert_int_equal(sc->s->id.baud, 500000);
        scene_must(sc, fetch(sc, 0, SPAN / 4));
        scene_close(sc);
    }
}

static void the_rate_asked_for_is_used(void **state)
{
    static const uint32_t rates[] = {2000000, 1000000, 115200};

    EACH_CHIP
    {
        for (size_t k = 0; k < sizeof rates / sizeof *rates; k++) {
            struct scene *sc = scene_new(chips[i], "");

            scene_must(sc, scene_link(sc, chips[i], (struct pf_link_options){.baud = rates[k]}));
            assert_int_equal(sc->s->id.baud, rates[k]);
            scene_must(sc, fetch(sc, AT, SPAN / 4));
            scene_must(sc, store(sc, AT, SPAN / 4, 8));
            assert_int_equal(sc->retries, 0);
            scene_close(sc);
        }
    }
}

/* recovery ------------------------------------------------------------------ */

static enum verdict lose_first_caps(struct scene *sc, bool from_stub, const struct stream_frame *f)
{
    (void)f;
    return from_stub && sc->count++ < 2 ? LOSE : PASS;
}

static void an_interruption_is_survived_where_it_was(void **state)
{
    static const uint64_t lasts[] = {100000, 1000000, 3000000};

    EACH_CHIP
    {
        for (size_t k = 0; k < sizeof lasts / sizeof *lasts; k++) {
            struct scene *sc = scene_open(chips[i], "");
            uint64_t before = scene_resets(sc), since = pf_now(sc->port);

            sc->mute_from = since + 700000;
            sc->mute_to = sc->mute_from + lasts[k];
            scene_must(sc, fetch(sc, AT, 4 * SPAN));
            assert_true(pf_now(sc->port) > sc->mute_to);
            since = pf_now(sc->port);
            sc->mute_from = since + 700000;
            sc->mute_to = sc->mute_from + lasts[k];
            scene_must(sc, store(sc, AT, 2 * SPAN, 6));
            assert_true(pf_now(sc->port) > sc->mute_to);
            assert_string_equal(sc->s->proto->name, "stream");
            assert_int_equal(sc->warnings, 0);
            assert_int_equal(scene_resets(sc), before);
            scene_close(sc);
        }
    }
}

/* So long that the stub has gone back to its plain language. */
static void a_long_interruption_needs_no_reset_either(void **state)
{
    EACH_CHIP
    {
        struct scene *sc = scene_open(chips[i], "");
        uint64_t before = scene_resets(sc);

        sc->mute_from = pf_now(sc->port) + 700000;
        sc->mute_to = sc->mute_from + 6500000;
        scene_must(sc, store(sc, AT, 2 * SPAN, 6));
        assert_int_equal(sc->s->id.baud, 921600);
        assert_int_equal(sc->warnings, 0);
        assert_int_equal(scene_resets(sc), before);
        scene_must(sc, fetch(sc, AT, SPAN));
        scene_close(sc);
    }
}

static void a_chip_that_lost_its_supply_is_loaded_again(void **state)
{
    EACH_CHIP
    {
        struct scene *sc = scene_open(chips[i], "");
        uint64_t before = scene_resets(sc);

        scene_must(sc, pf_set_power(sc->sim, false));
        pf_sleep(sc->port, 500000);
        scene_must(sc, pf_set_power(sc->sim, true));
        scene_must(sc, fetch(sc, AT, SPAN));
        assert_string_equal(sc->s->proto->name, "stream");
        assert_int_equal(sc->s->id.baud, 921600);
        assert_true(scene_resets(sc) > before);
        scene_must(sc, store(sc, AT, SPAN, 6));
        scene_close(sc);
    }
}

static void the_language_is_entered_though_nobody_hears_it(void **state)
{
    EACH_CHIP
    {
        struct scene *sc = scene_open(chips[i], "");

        sc->spoil = lose_first_caps; /* of the HELLO that looks after it */
        pf_sleep(sc->port, 20000000);
        scene_must(sc, fetch(sc, AT, SPAN));
        assert_string_equal(sc->s->proto->name, "stream");
        scene_close(sc);
    }
}

/* giving up ----------------------------------------------------------------- */

static enum verdict spoil_data(struct scene *sc, bool from_stub, const struct stream_frame *f)
{
    (void)sc;
    if (from_stub)
        return f->type == STREAM_READ_DATA ? SPOIL : PASS;
    return f->type == STREAM_WRITE_DATA ? SPOIL : PASS;
}

static void where_streaming_does_not_work_the_plain_language_does(void **state)
{
    EACH_CHIP
    {
        struct scene *sc = scene_open(chips[i], "");
        uint64_t before = scene_resets(sc);
        uint32_t crc[4];

        sc->spoil = spoil_data;
        scene_must(sc, fetch(sc, AT, SPAN / 2));
        assert_int_equal(sc->warnings, 1); /* it is said once */
        scene_must(sc, store(sc, AT, SPAN / 2, 9));
        scene_must(sc, sc->s->proto->map(sc->s, AT, sizeof crc / 4 * SECTOR, crc));
        for (size_t k = 0; k < sizeof crc / 4; k++)
            assert_int_equal(crc[k], pf_crc32(0, sc->flash + AT + k * SECTOR, SECTOR));
        scene_must(sc, sc->s->proto->erase(sc->s, AT, SPAN / 2));
        scene_must(sc, sc->s->proto->keepalive(sc->s));
        scene_must(sc, sc->s->proto->lock(sc->s));
        memset(sc->flash + AT, 0xff, SPAN / 2);
        scene_must(sc, fetch(sc, AT, SPAN / 2));
        assert_int_equal(scene_resets(sc), before);
        assert_int_equal(sc->warnings, 1);
        scene_must(sc, sc->s->proto->leave(sc->s, PF_AFTER_STAY));
        scene_close(sc);
    }
}

static void a_store_that_cannot_stream_goes_on_plainly(void **state)
{
    EACH_CHIP
    {
        struct scene *sc = scene_open(chips[i], "");

        sc->spoil = spoil_data;
        scene_must(sc, store(sc, AT, SPAN / 2, 9));
        assert_int_equal(sc->warnings, 1);
        scene_close(sc);
    }
}

/* Every second frame is lost for a while: slower, but streaming. */
static enum verdict lose_every_third_when_fast(struct scene *sc, bool from_stub,
                                               const struct stream_frame *f)
{
    (void)f;
    return from_stub && sc->baud > 300000 && sc->count++ % 3 == 0 ? SPOIL : PASS;
}

static void many_errors_lower_the_rate(void **state)
{
    EACH_CHIP
    {
        struct scene *sc = scene_open(chips[i], "");

        sc->spoil = lose_every_third_when_fast;
        scene_must(sc, fetch(sc, 0, 2 * SPAN));
        assert_true(sc->s->id.baud <= 500000);
        scene_must(sc, store(sc, AT, SPAN, 2));
        assert_string_equal(sc->s->proto->name, "stream");
        scene_close(sc);
    }
}

/* words that are wrong ------------------------------------------------------ */

static enum verdict forge_bad_end(struct scene *sc, bool from_stub, const struct stream_frame *f)
{
    static const uint8_t payload[33] = {0, 1, 2, 3};

    if (!from_stub || f->type != STREAM_READ_END || sc->count == 0)
        return PASS;
    sc->count--;
    scene_forge(sc, STREAM_READ_END, f->seq, payload, sizeof payload);
    return PASS;
}

static void a_digest_of_something_else_is_read_again(void **state)
{
    EACH_CHIP
    {
        struct scene *sc = scene_open(chips[i], "");

        sc->spoil = forge_bad_end;
        sc->count = 1;
        scene_must(sc, fetch(sc, AT, SPAN / 4)); /* each sector is still given once */
        assert_int_equal(sc->retries, 1);
        sc->count = 1000;
        assert_int_equal(fetch(sc, AT, SPAN / 4), PF_ERR_PROTOCOL); /* and never believed */
        sc->count = 0;
        scene_must(sc, fetch(sc, AT, SPAN / 4));
        scene_close(sc);
    }
}

/* Before what the stub says, a result that says all is well. */
static enum verdict forge_result(struct scene *sc, bool from_stub, const struct stream_frame *f)
{
    uint8_t payload[37] = {0};

    if (!from_stub && f->type == STREAM_WRITE)
        sc->count = f->seq;
    if (!from_stub || f->type != STREAM_WRITE_ACK || sc->bad_rate)
        return PASS;
    put_le32(payload + 1, AT + SPAN / 4);
    scene_forge(sc, STREAM_WRITE_RESULT, (uint16_t)sc->count, payload, sizeof payload);
    scene_forge(sc, STREAM_WRITE_RESULT, (uint16_t)(sc->count + 100), payload, sizeof payload);
    return PASS;
}

static void a_success_of_another_number_is_none(void **state)
{
    EACH_CHIP
    {
        struct scene *sc = scene_open(chips[i], "");

        sc->spoil = forge_result;
        scene_must(sc, store(sc, AT, SPAN / 4, 11));
        scene_close(sc);
    }
}

static enum verdict forge_not_taken(struct scene *sc, bool from_stub, const struct stream_frame *f)
{
    uint8_t payload[37] = {STREAM_NOT_TAKEN};

    if (!from_stub && f->type == STREAM_WRITE)
        sc->count = f->seq;
    if (!from_stub || f->type != STREAM_WRITE_ACK)
        return PASS;
    put_le32(payload + 1, AT + SECTOR);
    scene_forge(sc, STREAM_WRITE_RESULT, (uint16_t)sc->count, payload, sizeof payload);
    return PASS;
}

static void a_flash_that_does_not_take_it_is_named_with_its_address(void **state)
{
    EACH_CHIP
    {
        struct scene *sc = scene_open(chips[i], "");

        sc->spoil = forge_not_taken;
        assert_int_equal(store(sc, AT, SPAN / 4, 11), PF_ERR_VERIFY);
        assert_non_null(strstr(sc->ctx.text, "0x051000"));
        sc->spoil = NULL;
        scene_must(sc, fetch(sc, SPAN * 4, SPAN)); /* the session is as good as before */
        scene_close(sc);
    }
}

/* The host is wrong about a sector that it does not want to change. */
static void a_sector_that_is_not_what_was_said_is_a_failure(void **state)
{
    EACH_CHIP
    {
        struct scene *sc = scene_open(chips[i], "");
        uint8_t *data = malloc(SPAN), differ[SPAN / SECTOR] = {0};
        struct pf_digest d;
        struct pf_sim_view v;

        assert_non_null(data);
        memcpy(data, sc->flash + AT, SPAN);
        data[5 * SECTOR + 17] ^= 1;
        assert_int_equal(sc->s->proto->store(sc->s, AT, SPAN, data, differ, NULL, NULL, &d),
                         PF_ERR_VERIFY); /* nothing to change */
        memset(data + 9 * SECTOR, 0x5a, SECTOR);
        differ[9] = 1;
        assert_int_equal(sc->s->proto->store(sc->s, AT, SPAN, data, differ, NULL, NULL, &d),
                         PF_ERR_VERIFY);
        pf_sim_view(sc->sim, &v);
        assert_memory_equal(v.flash + AT, sc->flash + AT, 9 * SECTOR);
        free(data);
        scene_close(sc);
    }
}

static enum verdict forge_status(struct scene *sc, bool from_stub, const struct stream_frame *f)
{
    uint8_t status = (uint8_t)sc->count;

    if (from_stub && f->type == (STREAM_ERASE | STREAM_REPLY)) {
        scene_forge(sc, f->type, f->seq, &status, 1);
        return LOSE;
    }
    return PASS;
}

static void every_status_but_0_is_a_failure(void **state)
{
    struct scene *sc = scene_open("ecr6600", "");

    (void)state;
    sc->spoil = forge_status;
    for (sc->count = 1; sc->count < 6; sc->count++)
        assert_int_not_equal(sc->s->proto->erase(sc->s, AT, SECTOR), PF_OK);
    sc->spoil = NULL;
    scene_must(sc, sc->s->proto->erase(sc->s, AT, SECTOR));
    memset(sc->flash + AT, 0xff, SECTOR);
    scene_must(sc, fetch(sc, AT, SPAN));
    scene_close(sc);
}

static enum pf_err stop_at_third(void *user, uint32_t at, const uint8_t *data)
{
    unsigned *n = user;

    (void)at;
    (void)data;
    return ++*n == 3 ? PF_ERR_CANCELED : PF_OK;
}

static enum pf_err stop_soon(void *user, size_t n)
{
    (void)user;
    return n > 8 * SECTOR ? PF_ERR_CANCELED : PF_OK;
}

static void a_stop_is_heeded_and_the_session_goes_on(void **state)
{
    EACH_CHIP
    {
        struct scene *sc = scene_open(chips[i], "");
        uint8_t *data = malloc(SPAN), differ[SPAN / SECTOR];
        struct pf_digest d;
        struct pf_sim_view v;
        unsigned n = 0;

        assert_non_null(data);
        assert_int_equal(sc->s->proto->fetch(sc->s, AT, SPAN, stop_at_third, &n, &d),
                         PF_ERR_CANCELED);
        assert_int_equal(n, 3);
        scene_must(sc, fetch(sc, AT, SPAN));
        memset(differ, 1, sizeof differ);
        fill(data, SPAN, 77);
        assert_int_equal(sc->s->proto->store(sc->s, AT, SPAN, data, differ, stop_soon, NULL, &d),
                         PF_ERR_CANCELED);
        pf_sim_view(sc->sim, &v);
        memcpy(sc->flash, v.flash, SIZE); /* half of it, whatever */
        scene_must(sc, fetch(sc, AT, SPAN));
        scene_must(sc, store(sc, AT, SPAN, 78));
        assert_int_equal(sc->retries, 0);
        free(data);
        scene_close(sc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rate_at_which_nothing_passes_is_stepped_down),
        cmocka_unit_test(a_rate_at_which_long_frames_break_is_stepped_down),
        cmocka_unit_test(a_lost_word_about_the_rate_is_no_reason_to_be_slow),
        cmocka_unit_test(a_rate_that_the_chip_cannot_make_is_stepped_down),
        cmocka_unit_test(the_rate_asked_for_is_used),
        cmocka_unit_test(an_interruption_is_survived_where_it_was),
        cmocka_unit_test(a_long_interruption_needs_no_reset_either),
        cmocka_unit_test(a_chip_that_lost_its_supply_is_loaded_again),
        cmocka_unit_test(the_language_is_entered_though_nobody_hears_it),
        cmocka_unit_test(where_streaming_does_not_work_the_plain_language_does),
        cmocka_unit_test(a_store_that_cannot_stream_goes_on_plainly),
        cmocka_unit_test(many_errors_lower_the_rate),
        cmocka_unit_test(a_digest_of_something_else_is_read_again),
        cmocka_unit_test(a_success_of_another_number_is_none),
        cmocka_unit_test(a_flash_that_does_not_take_it_is_named_with_its_address),
        cmocka_unit_test(a_sector_that_is_not_what_was_said_is_a_failure),
        cmocka_unit_test(every_status_but_0_is_a_failure),
        cmocka_unit_test(a_stop_is_heeded_and_the_session_goes_on),
    };

    return cmocka_run_group_tests_name("stream recovery", tests, NULL, NULL);
}
