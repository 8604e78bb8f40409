/* Which stub is loaded, and what is refused before a byte is sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "own_stub.h"
#include "plugflash/image.h"
#include "plugflash/ops.h"
#include "plugflash/stub.h"
#include "support/fake_transport.h"

static const char *const names[] = {"ecr6600", "bl602"};

static void every_chip_that_takes_a_stub_has_one_that_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; pf_chips[i]; i++) {
        const struct pf_chip *chip = pf_chips[i];
        struct pf_link_options opt = {0};
        struct pf_ctx ctx = {0};
        struct pf_stub_mark mark;
        const uint8_t *data;
        size_t len;

        if (!chip->takes_stub) {
            assert_null(chip->stub);
            continue;
        }
        assert_int_equal(own_stub_choose(&ctx, chip, &opt, &data, &len), PF_OK);
        assert_ptr_equal(data, chip->stub->data);
        assert_true(pf_stub_mark(data, len, &mark));
        assert_true(mark.whole);
        assert_string_equal(mark.chip, chip->name);
        assert_int_equal(mark.version, chip->stub->version);
        opt.use_stub = PF_STUB_NONE;
        assert_int_equal(own_stub_choose(&ctx, chip, &opt, &data, &len), PF_OK);
        assert_null(data);
    }
}

static void a_stub_built_in_wrongly_is_never_sent(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct pf_chip chip = *pf_chip_by_name(names[i]);
        struct pf_stub stub = *chip.stub;
        uint8_t *bytes = malloc(stub.len);
        struct pf_link_options opt = {0};
        struct pf_ctx ctx = {0};
        const uint8_t *data;
        size_t len;

        assert_non_null(bytes);
        chip.stub = &stub;
        stub.data = bytes;
        for (size_t at = 0; at < stub.len; at += 97) { /* one bit anywhere */
            memcpy(bytes, pf_chip_by_name(names[i])->stub->data, stub.len);
            bytes[at] ^= 4;
            assert_int_equal(own_stub_choose(&ctx, &chip, &opt, &data, &len), PF_ERR_FILE);
        }
        assert_non_null(strstr(ctx.text, "--stub FILE"));
        stub = *pf_chip_by_name(names[!i])->stub;
        assert_int_equal(own_stub_choose(&ctx, &chip, &opt, &data, &len), PF_ERR_CHIP);
        free(bytes);
    }
}

/* What opening with these bytes as --stub FILE says; nothing may be sent. */
static enum pf_err open_with(const char *chip, const uint8_t *stub, size_t len, char *text)
{
    struct pf_link_options opt = {
        .chip = chip, .stub = stub, .stub_len = len, .sync_timeout_us = 3000000};
    struct fake *f = fake_open(NULL);
    struct pf_session *s;
    enum pf_err err = pf_session_open(&f->ctx, &f->port, &opt, &s);

    assert_null(s);
    snprintf(text, PF_TEXT_MAX, "%s", f->ctx.text);
    if (err == PF_ERR_FILE || err == PF_ERR_CHIP)
        for (size_t i = 0; i < f->nlog; i++)
            assert_int_not_equal(f->log[i].kind, FAKE_HOST);
    fake_close(f);
    return err;
}

static void a_file_of_ours_has_to_be_whole_and_for_this_chip(void **state)
{
    char text[PF_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct pf_stub *own = pf_chip_by_name(names[i])->stub;
        uint8_t *bytes = malloc(own->len);

        assert_non_null(bytes);
        memcpy(bytes, own->data, own->len);
        assert_int_equal(open_with(names[i], bytes, own->len, text), PF_ERR_SYNC); /* taken */
        assert_int_equal(open_with(names[!i], bytes, own->len, text), PF_ERR_CHIP);
        assert_int_equal(open_with(names[i], bytes, own->len - 100, text), PF_ERR_FILE);
        bytes[own->len / 2] ^= 1;
        assert_int_equal(open_with(names[i], bytes, own->len, text), PF_ERR_FILE);
        assert_non_null(strstr(text, "damaged"));
        free(bytes);
    }
}

static void a_file_of_ours_is_known_by_name(void **state)
{
    char path[] = "/tmp/plugflash-own-XXXXXX";
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    for (size_t i = 0; i < 2; i++) {
        const struct pf_stub *own = pf_chip_by_name(names[i])->stub;
        struct pf_ctx ctx = {0};
        struct pf_image img;
        uint8_t *data;
        size_t len;

        for (unsigned bad = 0; bad < 2; bad++) {
            uint8_t *copy = malloc(own->len);
            FILE *file = fopen(path, "wb");

            assert_true(file && copy);
            memcpy(copy, own->data, own->len);
            copy[own->len / 2] ^= (uint8_t)bad;
            assert_int_equal(fwrite(copy, 1, own->len, file), own->len);
            assert_int_equal(fclose(file), 0);
            free(copy);
            assert_int_equal(pf_stub_open(&ctx, path, &data, &len), bad ? PF_ERR_FILE : PF_OK);
            if (bad)
                continue;
            assert_int_equal(len, own->len);
            pf_image_inspect(data, len, &img);
            assert_string_equal(img.family, names[i]);
            assert_non_null(strstr(img.title, "plugflash 1.0.0"));
            free(data);
        }
    }
    unlink(path);
}

static void what_is_not_ours_passes(void **state)
{
    struct pf_ctx ctx = {0};
    struct pf_stub_mark mark;
    uint8_t noise[400];

    (void)state;
    memset(noise, 0x48, sizeof noise);
    for (size_t n = 0; n < sizeof noise; n++) {
        assert_false(pf_stub_mark(noise, n, &mark));
        assert_int_equal(own_stub_check(&ctx, "ecr6600", noise, n), PF_OK);
    }
    memcpy(noise + 4, "PLUGFLASH\1", 10); /* any length field may stand there */
    for (unsigned n = 0; n < 256; n++) {
        memset(noise + 20, (int)n, 4);
        assert_true(pf_stub_mark(noise, sizeof noise, &mark));
        assert_false(mark.whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_chip_that_takes_a_stub_has_one_that_is_whole),
        cmocka_unit_test(a_stub_built_in_wrongly_is_never_sent),
        cmocka_unit_test(a_file_of_ours_has_to_be_whole_and_for_this_chip),
        cmocka_unit_test(a_file_of_ours_is_known_by_name),
        cmocka_unit_test(what_is_not_ours_passes),
    };

    return cmocka_run_group_tests_name("own stub", tests, NULL, NULL);
}
