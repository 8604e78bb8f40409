/* plug_test.c - the plug around the loader: spec, supply, reset, application. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/checksum.h"
#include "sim/rig.h"

#define LINK   "01 E0 FC 01 00"
#define LINKED "04 0E 05 01 E0 FC 01 00"

static void every_malformed_spec_is_refused_with_its_reason(void **state)
{
    static const struct {
        const char *spec, *text;
    } rows[] = {
        {"", "no virtual device"},
        {"bk9999", "bk9999"},
        {"bk7231n,", "missing"},
        {"bk7231n,lat", "lat"},
        {"bk7231n,=5", "key=value"},
        {"bk7231n,nosuch=1", "nosuch"},
        {"bk7231n,loader=1.0.5", "loader"}, /* the other chip's switch */
        {"bk7231t,loader=1.0.3", "1.0.5"},
        {"bk7231n,lat=x", "milliseconds"},
        {"bk7231n,lat=1x", "milliseconds"},
        {"bk7231n,lat=-1", "milliseconds"},
        {"bk7231n,lat=", "milliseconds"},
        {"bk7231n,size=3M", "power of two"},
        {"bk7231n,size=32K", "power of two"},
        {"bk7231n,size=99999999999999999999M", "power of two"},
        {"bk7231n,jedec=EB60", "EB6015"},
        {"bk7231n,jedec=EB6015FF", "EB6015"},
        {"bk7231n,sr=4", "4004"},
        {"bk7231n,mac=02:03", "six bytes"},
        {"bk7231n,power=sometimes", "cycle:MS"},
        {"bk7231n,power=cycle:0", "cycle:MS"},
        {"bk7231n,reset=cts", "rts"},
        {"bk7231n,save=1", "flash=FILE"},
        {"bk7231n,save=maybe", "0 or 1"},
        {"bk7231n,crc=0", "bytes per second"},
        {"bk7231n,fault=explode@1", "explode"},
        {"bk7231n,fault=drop@1", "drop@1"}, /* direction missing */
        {"bk7231n,fault=lie<@1", "lie"},    /* direction too many */
        {"bk7231n,fault=drop<@", "drop"},
        {"bk7231n,fault=drop<@x", "drop"},
        {"bk7231n,fault=drop<@1:", "drop"},
        {"bk7231n,fault=flip<@1:8", "flip"},
        {"bk7231n,fault=status@1:0", "status"},
        {"bk7231n,fault=lie@1:2", "lie"},
        {"bk7231n,fault=echo<@1", "echo"},
        {"bk7231n,fault=stick@1+", "missing"},
        {"bk7231n,key=secret", "tuya"},
        {"bk7231n,mute=xx", "opcodes"},
        {"bk7231n,mute=sAA-", "opcodes"},
        {"bk7231n,mute=s-1", "opcodes"},
        {"bk7231t,idle=0", "milliseconds"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pf_ctx ctx = {0};
        struct pf_transport *t = (struct pf_transport *)&ctx;

        if (pf_sim_open(&ctx, rows[i].spec, &t) != PF_ERR_USAGE || t ||
            !strstr(ctx.text, rows[i].text))
            fail_msg("'%s': %d '%s'", rows[i].spec, ctx.err, ctx.text);
    }
}

static void help_names_every_key_of_the_header_and_every_fault(void **state)
{
    static const char *const words[] = {
        "flash=",   "save=",  "size=",    "jedec=", "lat=",      "crc=",      "seed=",
        "mac=",     "power=", "reset=",   "fault=", "loader=",   "key=",      "drop>",
        "powercut", "stick",  "holdlate", "noise",  "wrongcrc",  "status@",   "cap@",
        "lie@",     "echo>",  "pace=",    "idle=",  "linesock=", "app=",      "start=",
        "fragment", "delay",  "flip",     "dup",    "readflip",  "window=60", "syserr=",
    };

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strstr(pf_sim_help(), words[i]))
            fail_msg("help lacks %s", words[i]);
}

static void the_port_offers_what_is_wired(void **state)
{
    static const struct {
        const char *spec;
        unsigned caps;
    } rows[] = {
        {"bk7231n", PF_CAP_BAUD | PF_CAP_LINES | PF_CAP_POWER | PF_CAP_SIMULATED},
        {"bk7231n,reset=none", PF_CAP_BAUD | PF_CAP_POWER | PF_CAP_SIMULATED},
        {"bk7231n,power=fixed", PF_CAP_BAUD | PF_CAP_LINES | PF_CAP_SIMULATED},
        {"bk7231n,power=cycle:500,reset=none", PF_CAP_BAUD | PF_CAP_SIMULATED},
    };

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct rig r;

        rig_open(&r, rows[i].spec);
        assert_int_equal(r.t->caps, rows[i].caps);
        assert_int_equal(pf_set_lines(r.t, 0),
                         rows[i].caps & PF_CAP_LINES ? PF_OK : PF_ERR_SUPPORT);
        assert_int_equal(pf_set_power(r.t, true),
                         rows[i].caps & PF_CAP_POWER ? PF_OK : PF_ERR_SUPPORT);
        rig_close(&r);
    }
}

static void the_flash_id_follows_the_size(void **state)
{
    static const struct {
        const char *spec, *mid;
        uint32_t size;
    } rows[] = {
        {"bk7231n", "EB 60 15", 2u << 20},
        {"bk7231n,size=4M", "EB 60 16", 4u << 20},
        {"bk7231n,size=64K", "EB 60 10", 64u << 10},
        {"bk7231n,jedec=C84014", "C8 40 14", 1u << 20},
        {"bk7231n,jedec=C84016,size=2M", "C8 40 16", 2u << 20}, /* a part that lies */
    };

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        char text[80];
        struct rig r;

        rig_open(&r, rows[i].spec);
        rig_link(&r);
        assert_int_equal(rig_view(&r).size, rows[i].size);
        snprintf(text, sizeof text, "04 0E FF 01 E0 FC F4 06 00 0E 00 00 %s", rows[i].mid);
        rig_talk(&r, "01 E0 FC FF F4 05 00 0E 9F 00 00 00", text);
        rig_close(&r);
    }
}

static void holding_the_reset_line_silences_the_chip(void **state)
{
    static const struct {
        const char *spec;
        unsigned line, other;
    } rows[] = {
        {"bk7231n", PF_LINE_RTS, PF_LINE_DTR},
        {"bk7231n,reset=dtr", PF_LINE_DTR, PF_LINE_RTS},
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct rig r;

        rig_open(&r, rows[i].spec);
        rig_link(&r);
        assert_int_equal(pf_set_lines(r.t, rows[i].other), PF_OK);
        rig_talk(&r, LINK, LINKED); /* not wired */
        assert_int_equal(pf_set_lines(r.t, rows[i].line), PF_OK);
        assert_false(rig_train(&r, 300));
        assert_int_equal(pf_set_lines(r.t, 0), PF_OK);
        assert_true(rig_train(&r, 300));
        rig_close(&r);
    }
}

static void a_person_power_cycles_until_somebody_links(void **state)
{
    struct rig r;
    uint64_t linked;

    (void)state;
    rig_open(&r, "bk7231t,reset=none,power=cycle:3000");
    assert_false(rig_train(&r, 2900));
    assert_true(rig_train(&r, 1000));
    linked = pf_now(r.t);
    assert_in_range(linked, 3000000, 3500000);
    while (pf_now(r.t) < linked + 10000000) { /* no more cycling while linked */
        rig_talk(&r, LINK, LINKED);
        pf_sleep(r.t, 50000);
    }
    assert_int_equal(rig_view(&r).resets, 1);
    rig_close(&r);
}

static void power_that_comes_later_opens_the_window_then(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231t,reset=none,power=on:1500");
    assert_false(rig_train(&r, 1490));
    assert_true(rig_train(&r, 200));
    rig_close(&r);
}

static void only_an_obeying_application_reboots_on_the_text(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231t,reset=none,app=reboot-text");
    rig_send(&r, "72 65 62 6F 6F 74 20 0D"); /* "reboot " is another command */
    pf_sleep(r.t, 100000);
    assert_int_equal(rig_view(&r).resets, 0);
    rig_send(&r, "01 E0 FC 01 00 0D 0A 72 65 62 6F 6F 74 0D 0A");
    assert_true(rig_train(&r, 200));
    assert_int_equal(rig_view(&r).resets, 1);
    rig_close(&r);

    rig_open(&r, "bk7231t,reset=none");
    rig_send(&r, "72 65 62 6F 6F 74 0D 0A");
    assert_false(rig_train(&r, 500));
    rig_close(&r);
}

static void a_chatty_application_talks_until_it_is_reset(void **state)
{
    uint8_t in[512];
    struct rig r;

    (void)state;
    rig_open(&r, "bk7231n,app=chatty");
    assert_true(rig_read(&r, in, sizeof in, 2000) > 100);
    rig_link(&r);
    rig_silent(&r, 1000);
    rig_close(&r);
}

static void without_an_application_nothing_obeys(void **state)
{
    static uint8_t flash[64 << 10];
    struct rig r;

    (void)state;
    memset(flash, 0xff, sizeof flash);
    rig_open_flash(&r, "bk7231n,app=reboot-text,reset=none", flash, sizeof flash);
    rig_send(&r, "72 65 62 6F 6F 74 0D 0A");
    assert_false(rig_train(&r, 500));
    pf_set_power(r.t, false);
    pf_set_power(r.t, true);
    assert_true(rig_train(&r, 500)); /* the mask ROM needs no flash */
    rig_close(&r);

    rig_open_flash(&r, "bk7231t", flash, sizeof flash);
    assert_false(rig_try_link(&r)); /* a T with blank flash is a brick */
    rig_close(&r);
}

static void contents_come_from_memory_and_go_back_to_the_file(void **state)
{
    static uint8_t flash[64 << 10], back[sizeof flash];
    char path[] = "sim-plug-XXXXXX", spec[64];
    uint8_t zero[4096] = {0};
    int fd = mkstemp(path);
    struct rig r;
    FILE *f;

    (void)state;
    assert_true(fd >= 0);
    for (size_t i = 0; i < sizeof flash; i++)
        flash[i] = (uint8_t)(i * 31);
    assert_int_equal(write(fd, flash, sizeof flash), sizeof flash);
    close(fd);

    for (int save = 0; save < 2; save++) {
        snprintf(spec, sizeof spec, "bk7231n,sr=0000,flash=%s,save=%d", path, save);
        rig_open(&r, spec);
        assert_memory_equal(rig_view(&r).flash, flash, sizeof flash);
        rig_link(&r);
        assert_int_equal(rig_write4k(&r, 0x8000, zero), 0);
        rig_close(&r);
        f = fopen(path, "rb");
        assert_non_null(f);
        assert_int_equal(fread(back, 1, sizeof back, f), sizeof back);
        fclose(f);
        assert_int_equal(memcmp(back, flash, sizeof flash) != 0, save);
    }
    assert_memory_equal(back + 0x8000, zero, 4096);
    unlink(path);
}

static void a_file_that_is_no_flash_is_refused(void **state)
{
    struct pf_ctx ctx = {0};
    struct pf_transport *t;
    char path[] = "sim-plug-XXXXXX", spec[64];
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    snprintf(spec, sizeof spec, "bk7231n,flash=%s", path);
    assert_int_equal(pf_sim_open(&ctx, spec, &t), PF_ERR_USAGE);
    assert_int_equal(ftruncate(fd, 100000), 0);
    assert_int_equal(pf_sim_open(&ctx, spec, &t), PF_ERR_USAGE);
    assert_non_null(strstr(ctx.text, "100000"));
    assert_int_equal(ftruncate(fd, 5ll << 30), 0);
    assert_int_equal(pf_sim_open(&ctx, spec, &t), PF_ERR_USAGE);
    assert_int_equal(ftruncate(fd, 65536), 0);
    snprintf(spec, sizeof spec, "bk7231n,size=2M,flash=%s", path);
    assert_int_equal(pf_sim_open(&ctx, spec, &t), PF_ERR_USAGE);
    close(fd);
    unlink(path);
    assert_int_equal(pf_sim_open(&ctx, spec, &t), PF_ERR_FILE);
    assert_null(t);
}

static void two_plugs_live_side_by_side(void **state)
{
    struct rig a, b;

    (void)state;
    rig_open(&a, "bk7231n");
    rig_open(&b, "bk7231t");
    rig_link(&a);
    assert_false(rig_view(&b).in_loader);
    rig_link(&b);
    rig_talk(&a, "01 E0 FC 05 03 00 00 80 00", "04 0E 0C 01 E0 FC 03 00 00 80 00 1C 23 07 00");
    rig_talk(&b, LINK, LINKED);
    rig_close(&a);
    rig_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_malformed_spec_is_refused_with_its_reason),
        cmocka_unit_test(help_names_every_key_of_the_header_and_every_fault),
        cmocka_unit_test(the_port_offers_what_is_wired),
        cmocka_unit_test(the_flash_id_follows_the_size),
        cmocka_unit_test(holding_the_reset_line_silences_the_chip),
        cmocka_unit_test(a_person_power_cycles_until_somebody_links),
        cmocka_unit_test(power_that_comes_later_opens_the_window_then),
        cmocka_unit_test(only_an_obeying_application_reboots_on_the_text),
        cmocka_unit_test(a_chatty_application_talks_until_it_is_reset),
        cmocka_unit_test(without_an_application_nothing_obeys),
        cmocka_unit_test(contents_come_from_memory_and_go_back_to_the_file),
        cmocka_unit_test(a_file_that_is_no_flash_is_refused),
        cmocka_unit_test(two_plugs_live_side_by_side),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
