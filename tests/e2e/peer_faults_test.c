/* Faults seen in the leading tool for these chips, one test each: what its
 * users suffered must not happen here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/checksum.h"
#include "plugflash/ops.h"
#include "plugflash/sim.h"

#define SIZE 0x200000u

static const uint8_t peer_mac[6] = {0x38, 0x1f, 0x8d, 0x0a, 0x0b, 0x0c};

struct bench {
    struct pf_ctx ctx;
    struct pf_transport *port;
    struct pf_session *s;
    uint8_t *flash;
    char dir[64], path[96];
};

/* A plug with a factory flash and `keys` in its spec; linked if that works. */
static enum pf_err plug_in(struct bench *b, const char *chip, const char *keys)
{
    struct pf_link_options link = {.chip = chip, .sync_timeout_us = 10000000};
    char spec[480];

    memset(b, 0, sizeof *b);
    snprintf(b->dir, sizeof b->dir, "/tmp/plugflash-peer-XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    snprintf(b->path, sizeof b->path, "%s/file.bin", b->dir);
    b->flash = malloc(SIZE);
    assert_non_null(b->flash);
    assert_int_equal(pf_sim_factory(chip, 3, peer_mac, b->flash, SIZE), PF_OK);
    snprintf(spec, sizeof spec, "%s%s", chip, keys);
    assert_int_equal(pf_sim_open_flash(&b->ctx, spec, b->flash, SIZE, &b->port), PF_OK);
    b->ctx.clock = b->port;
    return pf_session_open(&b->ctx, b->port, &link, &b->s);
}

static void unplug(struct bench *b)
{
    char cmd[96];

    pf_session_close(b->s);
    b->ctx.clock = NULL;
    b->port->ops->close(b->port);
    free(b->flash);
    snprintf(cmd, sizeof cmd, "rm -rf %s", b->dir);
    assert_int_equal(system(cmd), 0);
}

static void save(const char *path, const uint8_t *data, size_t len)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static void assert_file_holds(const char *path, const uint8_t *want, size_t len)
{
    uint8_t *got = malloc(len + 1);
    FILE *f = fopen(path, "rb");

    assert_non_null(got);
    assert_non_null(f);
    assert_int_equal(fread(got, 1, len + 1, f), len);
    fclose(f);
    assert_memory_equal(got, want, len);
    free(got);
}

static enum pf_err back_up(struct bench *b)
{
    struct pf_backup_options opt = {.path = b->path};
    struct pf_backup_result res;

    return pf_backup(b->s, &opt, &res);
}

static enum pf_err write_at(struct bench *b, uint32_t at, const uint8_t *data, size_t len)
{
    struct pf_write_options opt = {.path = b->path, .at_given = true, .at = at, .no_backup = true};
    struct pf_write_result *res = calloc(1, sizeof *res);
    enum pf_err err;

    assert_non_null(res);
    save(b->path, data, len);
    err = pf_write(b->s, &opt, res);
    free(res);
    return err;
}

static void f1_a_device_that_never_links_is_no_success(void **state)
{
    struct bench b;

    (void)state;
    assert_int_equal(plug_in(&b, "bk7231n", ",reset=none,power=fixed,start=app"), PF_ERR_SYNC);
    assert_int_equal(pf_exit_status(b.ctx.err), 4);
    assert_true(strlen(b.ctx.text) > 40);
    unplug(&b);
}

static void f2_an_erase_that_keeps_failing_ends(void **state)
{
    uint8_t data[PF_SECTOR];
    struct bench b;
    char keys[400] = ",fault=status@0";

    (void)state;
    for (unsigned i = 1; i < 16; i++)
        sprintf(keys + strlen(keys), "+status@%u", i);
    assert_int_equal(plug_in(&b, "bk7231n", keys), PF_OK);
    memset(data, 0x42, sizeof data);
    assert_int_equal(write_at(&b, 0x20000, data, sizeof data), PF_ERR_REFUSED);
    assert_true(pf_now(b.port) < 60000000);
    unplug(&b);
}

static void f3_a_byte_lost_at_sector_300_costs_nothing(void **state)
{
    struct bench b;
    char keys[64];

    (void)state;
    /* Somewhere in the 300th sector that crosses the wire. */
    snprintf(keys, sizeof keys, ",fault=drop<@%u", 300 * 4111u + 1234);
    assert_int_equal(plug_in(&b, "bk7231n", keys), PF_OK);
    assert_int_equal(back_up(&b), PF_OK);
    assert_true(b.ctx.retries > 0);
    assert_file_holds(b.path, b.flash, SIZE);
    unplug(&b);
}

static void f4_replies_in_fragments_of_every_size_are_read(void **state)
{
    static const unsigned packet[] = {1, 2, 3, 7, 61, 62, 64, 511, 1024, 4095, 4096};

    (void)state;
    for (size_t i = 0; i < sizeof packet / sizeof *packet; i++) {
        struct bench b;
        uint8_t buf[2 * PF_SECTOR];
        char keys[32];

        snprintf(keys, sizeof keys, ",packet=%u", packet[i]);
        assert_int_equal(plug_in(&b, "bk7231n", keys), PF_OK);
        assert_int_equal(b.s->proto->read(b.s, 0x11000, buf, sizeof buf), PF_OK);
        assert_memory_equal(buf, b.flash + 0x11000, sizeof buf);
        unplug(&b);
    }
}

static void f4_a_receive_queue_of_4095_bytes_is_enough(void **state)
{
    struct bench b;

    (void)state;
    assert_int_equal(plug_in(&b, "bk7231n", ",fault=cap@4095"), PF_OK);
    assert_int_equal(back_up(&b), PF_OK);
    assert_file_holds(b.path, b.flash, SIZE);
    unplug(&b);
}

static void f5_a_write_answered_with_status_1_is_not_taken_for_done(void **state)
{
    uint8_t data[PF_SECTOR];
    struct pf_sim_view view;
    struct bench b;

    (void)state;
    assert_int_equal(plug_in(&b, "bk7231n", ",fault=status@1"), PF_OK);
    memset(data, 0x42, sizeof data);
    assert_int_equal(write_at(&b, 0x20000, data, sizeof data), PF_OK); /* after a retry */
    assert_true(b.ctx.retries > 0);
    pf_sim_view(b.port, &view);
    assert_memory_equal(view.flash + 0x20000, data, sizeof data);
    unplug(&b);
}

static void f10_noise_before_an_answer_is_skipped(void **state)
{
    struct bench b;

    (void)state;
    assert_int_equal(plug_in(&b, "bk7231n", ",fault=noise@9:30+noise@12:30+holdlate@15"), PF_OK);
    assert_int_equal(back_up(&b), PF_OK);
    assert_file_holds(b.path, b.flash, SIZE);
    unplug(&b);
}

static void f13_a_blank_range_is_not_a_failed_read(void **state)
{
    struct pf_backup_result res;
    uint8_t blank[4 * PF_SECTOR];
    uint32_t at = 0;
    struct bench b;

    (void)state;
    assert_int_equal(plug_in(&b, "bk7231n", ""), PF_OK);
    while (!pf_is_blank(b.flash + at, sizeof blank))
        at += PF_SECTOR;
    memset(blank, 0xff, sizeof blank);
    assert_int_equal(pf_read(b.s, at, sizeof blank, b.path, -1, false, &res), PF_OK);
    assert_file_holds(b.path, blank, sizeof blank);
    unplug(&b);
}

static void f14_a_file_is_known_by_its_bytes_whatever_its_name(void **state)
{
    struct pf_write_options opt = {.no_backup = true, .dry_run = true};
    struct pf_write_result *res = calloc(1, sizeof *res);
    char name[128];
    struct bench b;

    (void)state;
    assert_non_null(res);
    assert_int_equal(plug_in(&b, "bk7231n", ""), PF_OK);
    snprintf(name, sizeof name, "%s/OpenBK7231T_QIO_1.17.bin", b.dir);
    save(name, b.flash, SIZE);
    opt.path = name;
    assert_int_equal(pf_write(b.s, &opt, res), PF_OK);
    assert_int_equal(res->image.kind, PF_IMAGE_BK_BACKUP);
    assert_string_equal(res->image.chip, "bk7231n");
    free(res);
    unplug(&b);
}

static void f15_a_backup_goes_to_the_very_file_that_was_named(void **state)
{
    struct bench b;

    (void)state;
    assert_int_equal(plug_in(&b, "bk7231t", ""), PF_OK);
    snprintf(b.path, sizeof b.path, "%s/my plug.saved", b.dir);
    assert_int_equal(back_up(&b), PF_OK);
    assert_file_holds(b.path, b.flash, SIZE);
    unplug(&b);
}

static void f16_either_convention_for_the_end_of_a_crc_is_understood(void **state)
{
    static const char *const keys[] = {"", ",crcend=exclusive"};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct pf_digest digest;
        struct bench b;

        assert_int_equal(plug_in(&b, "bk7231n", keys[i]), PF_OK);
        assert_int_equal(b.s->proto->digest(b.s, 0x11000, 0x3000, &digest), PF_OK);
        assert_int_equal(digest.crc32, pf_crc32(0, b.flash + 0x11000, 0x3000));
        assert_int_equal(back_up(&b), PF_OK);
        assert_file_holds(b.path, b.flash, SIZE);
        unplug(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(f1_a_device_that_never_links_is_no_success),
        cmocka_unit_test(f2_an_erase_that_keeps_failing_ends),
        cmocka_unit_test(f3_a_byte_lost_at_sector_300_costs_nothing),
        cmocka_unit_test(f4_replies_in_fragments_of_every_size_are_read),
        cmocka_unit_test(f4_a_receive_queue_of_4095_bytes_is_enough),
        cmocka_unit_test(f5_a_write_answered_with_status_1_is_not_taken_for_done),
        cmocka_unit_test(f10_noise_before_an_answer_is_skipped),
        cmocka_unit_test(f13_a_blank_range_is_not_a_failed_read),
        cmocka_unit_test(f14_a_file_is_known_by_its_bytes_whatever_its_name),
        cmocka_unit_test(f15_a_backup_goes_to_the_very_file_that_was_named),
        cmocka_unit_test(f16_either_convention_for_the_end_of_a_crc_is_understood),
    };
    return cmocka_run_group_tests_name("faults of peers", tests, NULL, NULL);
}
