/* options_test.c - what a command line means, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "plugflash/ops.h"

#define MAX_WORDS 64

struct parsed {
    struct pf_ctx ctx;
    struct cli_options opt;
    enum pf_err err;
};

/* `env` is "NAME=VALUE" strings joined by newlines. */
static const char *fake_env(void *user, const char *name)
{
    static char value[128]; /* one lookup at a time */
    const char *env = user;
    size_t len = strlen(name);

    for (; env && *env; env += strcspn(env, "\n"), env += *env == '\n') {
        if (strncmp(env, name, len) != 0 || env[len] != '=')
            continue;
        snprintf(value, sizeof value, "%.*s", (int)strcspn(env + len + 1, "\n"), env + len + 1);
        return value;
    }
    return NULL;
}

/* Parse a line cut at blanks. */
static void parse_env(struct parsed *p, const char *line, const char *env)
{
    const char *argv[MAX_WORDS + 1] = {"plugflash"};
    char *copy = strdup(line), *save = NULL;
    int argc = 1;

    for (char *w = strtok_r(copy, " ", &save); w && argc < MAX_WORDS;
         w = strtok_r(NULL, " ", &save))
        argv[argc++] = w;
    memset(&p->ctx, 0, sizeof p->ctx);
    p->err = cli_options_parse(&p->ctx, argc, argv, fake_env, (void *)(uintptr_t)env, &p->opt);
    free(copy);
}

static void accept(struct parsed *p, const char *line)
{
    parse_env(p, line, NULL);
    if (p->err)
        fail_msg("`%s` was refused: %s", line, p->ctx.text);
}

/* The line is a usage error whose text has `part` in it. */
static void refuse_env(const char *line, const char *env, const char *part)
{
    struct parsed p;

    parse_env(&p, line, env);
    if (p.err != PF_ERR_USAGE || !strstr(p.ctx.text, part))
        fail_msg("`%s` gave %s, \"%s\"; expected usage, \"%s\"", line, pf_err_name(p.err),
                 p.ctx.text, part);
    cli_options_fini(&p.opt);
}

static void refuse(const char *line, const char *part)
{
    refuse_env(line, NULL, part);
}

static void options_stand_before_and_after_the_command(void **state)
{
    struct parsed p;

    (void)state;
    accept(&p, "-p /dev/ttyUSB0 backup -b 460800 -o b.bin -vv");
    assert_string_equal(p.opt.command->name, "backup");
    assert_string_equal(p.opt.port, "/dev/ttyUSB0");
    assert_string_equal(p.opt.output, "b.bin");
    assert_int_equal(p.opt.baud, 460800);
    assert_int_equal(p.opt.verbose, 2);
    cli_options_fini(&p.opt);
    accept(&p, "backup -ob.bin --port=COM3");
    assert_string_equal(p.opt.port, "COM3");
    assert_string_equal(p.opt.output, "b.bin");
    cli_options_fini(&p.opt);
}

static void defaults_are_the_documented_ones(void **state)
{
    struct parsed p;

    (void)state;
    accept(&p, "info");
    assert_int_equal(p.opt.baud, 0);
    assert_int_equal(p.opt.before, PF_BEFORE_DEFAULT);
    assert_int_equal(p.opt.after, PF_AFTER_RUN);
    assert_int_equal(p.opt.sync_timeout_us, 60000000);
    assert_int_equal(p.opt.timeout_scale, 100);
    assert_int_equal(p.opt.retries, 0);
    assert_int_equal(p.opt.identity, PF_IDENTITY_DEVICE);
    assert_false(p.opt.json);
    assert_null(p.opt.port);
    cli_options_fini(&p.opt);
}

static void every_value_arrives_where_it_is_used(void **state)
{
    struct parsed p;

    (void)state;
    accept(&p, "--before no-sync --after stay --boot-baud 115200 --retries 7 --timeout-scale 2.5 "
               "--sync-timeout 0.5 --flash-size 4M --chip bk7231n --stub none --format json "
               "--no-color --no-progress --log l --trace t --fault drop@3:9 --reset-seq D0 "
               "--power-cmd on=a;off=b restore f --guard rf,tlv --identity image --unrotate "
               "--force-key --backup x");
    assert_int_equal(p.opt.before, PF_BEFORE_NO_SYNC);
    assert_int_equal(p.opt.after, PF_AFTER_STAY);
    assert_int_equal(p.opt.boot_baud, 115200);
    assert_int_equal(p.opt.retries, 7);
    assert_int_equal(p.opt.timeout_scale, 250);
    assert_int_equal(p.opt.sync_timeout_us, 500000);
    assert_int_equal(p.opt.flash_size, 4 << 20);
    assert_int_equal(p.opt.identity, PF_IDENTITY_IMAGE);
    assert_int_equal(p.opt.nguard, 2);
    assert_string_equal(p.opt.guard[0], "rf");
    assert_string_equal(p.opt.guard[1], "tlv");
    assert_true(p.opt.json && p.opt.no_color && p.opt.no_progress && p.opt.unrotate);
    assert_string_equal(p.opt.fault, "drop@3:9");
    assert_string_equal(p.opt.power_cmd, "on=a;off=b");
    cli_options_fini(&p.opt);
}

static void a_second_guard_adds_and_other_options_take_the_last(void **state)
{
    struct parsed p;

    (void)state;
    accept(&p, "write f --guard rf --guard tlv -b 115200 -b 921600");
    assert_int_equal(p.opt.nguard, 2);
    assert_string_equal(p.opt.guard[0], "rf");
    assert_string_equal(p.opt.guard[1], "tlv");
    assert_int_equal(p.opt.baud, 921600);
    cli_options_fini(&p.opt);
    refuse("write f --guard rf --guard none --chip-id 1", "--guard");
}

static void aliases_are_understood_with_dash_or_underscore(void **state)
{
    static const struct {
        const char *line, *command;
    } alias[] = {
        {"read_flash 0 4k f", "read"},      {"read-flash 0 4k f", "read"},
        {"write_flash 0x11000 f", "write"}, {"write-flash f", "write"},
        {"fread -o f", "backup"},           {"fwrite f", "write"},
    };
    struct parsed p;

    (void)state;
    for (size_t i = 0; i < sizeof alias / sizeof *alias; i++) {
        accept(&p, alias[i].line);
        assert_string_equal(p.opt.command->name, alias[i].command);
        cli_options_fini(&p.opt);
    }
    refuse("write 0x11000 f", "usage: plugflash write");
}

static void an_option_beats_the_environment_which_beats_the_default(void **state)
{
    const char *env = "PLUGFLASH_PORT=COM9\nPLUGFLASH_BAUD=115200\nPLUGFLASH_SYNC_TIMEOUT=3\n"
                      "PLUGFLASH_FORMAT=json\nPLUGFLASH_BEFORE=none";
    struct parsed p;
    char said[64];

    (void)state;
    parse_env(&p, "info -b 460800 -c auto", env);
    assert_int_equal(p.err, PF_OK);
    assert_string_equal(p.opt.port, "COM9");
    assert_int_equal(p.opt.baud, 460800);
    assert_int_equal(p.opt.sync_timeout_us, 3000000);
    assert_int_equal(p.opt.before, PF_BEFORE_NONE);
    assert_true(p.opt.json);
    assert_string_equal(cli_option_said(&p.opt, OPT_PORT, said, sizeof said), "PLUGFLASH_PORT");
    assert_string_equal(cli_option_said(&p.opt, OPT_CHIP, said, sizeof said), "--chip");
    cli_options_fini(&p.opt);
}

static void a_bad_environment_value_is_named(void **state)
{
    (void)state;
    refuse_env("info", "PLUGFLASH_BAUD=fast", "PLUGFLASH_BAUD: 'fast'");
    refuse_env("info", "PLUGFLASH_FORMAT=xml", "PLUGFLASH_FORMAT: 'xml'");
    refuse_env("info", "PLUGFLASH_RETRIES=0", "PLUGFLASH_RETRIES");
}

static void an_empty_or_overruled_environment_value_does_not_matter(void **state)
{
    struct parsed p;

    (void)state;
    parse_env(&p, "info -b 115200", "PLUGFLASH_BAUD=fast\nPLUGFLASH_CHIP=");
    assert_int_equal(p.err, PF_OK);
    assert_int_equal(p.opt.baud, 115200);
    assert_null(p.opt.chip);
    cli_options_fini(&p.opt);
}

static void guards_cannot_be_opened_by_the_environment(void **state)
{
    struct parsed p;

    (void)state;
    parse_env(&p, "write f", "PLUGFLASH_GUARD=none\nPLUGFLASH_CHIP_ID=7231");
    assert_int_equal(p.err, PF_OK);
    assert_false(p.opt.guard_none);
    cli_options_fini(&p.opt);
}

static void every_global_with_a_value_has_an_environment_variable(void **state)
{
    char name[64];

    (void)state;
    for (size_t i = 0; i < OPT_COUNT; i++) {
        const struct cli_option *o = &cli_option_table[i];

        if (o->arg && !o->commands && !o->env)
            fail_msg("--%s has no environment variable", o->name);
    }
    cli_env_name(&cli_option_table[OPT_BOOT_BAUD], name, sizeof name);
    assert_string_equal(name, "PLUGFLASH_BOOT_BAUD");
}

static void the_table_is_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPT_COUNT; i++) {
        const struct cli_option *o = &cli_option_table[i];

        assert_non_null(o->name);
        assert_int_equal(o->id, i);
        assert_non_null(o->help);
        assert_true((o->arg == NULL) == (o->kind == KIND_FLAG || o->kind == KIND_COUNT));
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(o->name, cli_option_table[k].name);
            assert_true(!o->letter || o->letter != cli_option_table[k].letter);
        }
    }
}

static void usage_errors_name_what_is_wrong(void **state)
{
    static const struct {
        const char *line, *part;
    } bad[] = {
        {"", "no command"},
        {"-v", "no command"},
        {"bakcup", "'bakcup': no such command"},
        {"info --frobnicate", "--frobnicate: no such option"},
        {"info -Z", "no such option"},
        {"info --port", "--port needs a value"},
        {"info --port=", "--port needs a value"},
        {"info -b 0", "--baud: '0'"},
        {"info -b 115200x", "--baud: '115200x'"},
        {"info -b -5", "--baud: '-5'"},
        {"info --boot-baud auto", "--boot-baud: 'auto'"},
        {"info --before later", "default|none|no-sync"},
        {"info --after", "--after needs a value"},
        {"info --retries 0", "--retries"},
        {"info --sync-timeout soon", "--sync-timeout: 'soon'"},
        {"info --timeout-scale 0", "--timeout-scale"},
        {"info --flash-size 32M", "--flash-size"},
        {"info --format yaml", "--format: 'yaml' is not text|json"},
        {"info -q -v", "contradict"},
        {"info extra", "usage: plugflash info"},
        {"info --resume", "--resume means nothing to `info`"},
        {"info -o x", "--output means nothing to `info`"},
        {"ports --dry-run", "--dry-run means nothing"},
        {"ports x", "usage: plugflash ports"},
        {"chips x", "usage: plugflash chips"},
        {"map x", "usage: plugflash map"},
        {"backup", "backup needs -o FILE"},
        {"backup -o x y", "usage: plugflash backup"},
        {"backup -o x --range 0x1000", "--range: '0x1000'"},
        {"backup -o x --range 0xfffff000:8k", "--range"},
        {"backup -o x --repeat 0", "--repeat"},
        {"backup -o - --format json", "cannot share stdout"},
        {"backup -o - --resume", "--resume needs a file"},
        {"read 0 4k", "usage: plugflash read"},
        {"read 0 4k - --format json", "cannot share stdout"},
        {"hash 0", "usage: plugflash hash"},
        {"restore", "usage: plugflash restore"},
        {"restore f --at 0", "--at means nothing to `restore`"},
        {"restore f --identity both", "device|image"},
        {"write", "usage: plugflash write"},
        {"write f --at here", "--at: 'here'"},
        {"write f --identity image", "--identity means nothing to `write`"},
        {"write f --guard", "--guard needs a value"},
        {"write f --guard rf,,tlv", "--guard"},
        {"write f --guard none", "--chip-id"},
        {"write f --chip-id xyz", "--chip-id: 'xyz' is not a hexadecimal"},
        {"write f --no-backup --backup b", "contradict"},
        {"verify", "usage: plugflash verify"},
        {"verify f --no-backup", "--no-backup means nothing to `verify`"},
        {"erase", "erase ADDR LEN, or erase --all"},
        {"erase 0", "erase ADDR LEN, or erase --all"},
        {"erase 0 4k --all", "erase ADDR LEN, or erase --all"},
        {"image info", "usage: plugflash image"},
        {"sim bk7231n", "one of --pty, --tcp and --rfc2217"},
        {"sim bk7231n --pty a --tcp 0", "one of --pty, --tcp and --rfc2217"},
        {"sim --tcp 0", "usage: plugflash sim"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refuse(bad[i].line, bad[i].part);
}

static void json_is_known_even_when_the_line_does_not_parse(void **state)
{
    static const char *const line[] = {
        "info --bogus --format json",
        "--format=json",
        "bogus --format json",
        "--format text info --bogus --format json",
    };
    struct parsed p;

    (void)state;
    for (size_t i = 0; i < sizeof line / sizeof *line; i++) {
        parse_env(&p, line[i], NULL);
        assert_int_equal(p.err, PF_ERR_USAGE);
        if (!p.opt.json)
            fail_msg("`%s` lost --format json", line[i]);
        cli_options_fini(&p.opt);
    }
    parse_env(&p, "bogus", "PLUGFLASH_FORMAT=json");
    assert_true(p.opt.json);
    cli_options_fini(&p.opt);
    parse_env(&p, "bogus --format text", "PLUGFLASH_FORMAT=json");
    assert_false(p.opt.json);
    cli_options_fini(&p.opt);
}

static void help_and_version_need_nothing_else(void **state)
{
    struct parsed p;

    (void)state;
    accept(&p, "backup --help");
    assert_true(p.opt.help);
    assert_string_equal(p.opt.command->name, "backup");
    cli_options_fini(&p.opt);
    accept(&p, "-h");
    assert_true(p.opt.help);
    cli_options_fini(&p.opt);
    accept(&p, "--version");
    assert_true(p.opt.version);
    cli_options_fini(&p.opt);
}

/* Help is printed from the table: every option is in it, under its command. */
static void help_names_every_option_and_fits_80_columns(void **state)
{
    (void)state;
    for (const struct cli_command *c = cli_commands; c->name; c++) {
        char *text = NULL, want[64];
        size_t len;
        FILE *mem = open_memstream(&text, &len);

        cli_help(mem, c);
        fclose(mem);
        for (size_t i = 0; i < OPT_COUNT; i++) {
            const struct cli_option *o = &cli_option_table[i];
            bool here = !o->commands || (o->commands & CMD_BIT(c->id));

            snprintf(want, sizeof want, "  --%s ", o->name);
            if (o->letter)
                snprintf(want, sizeof want, "-%c, --%s ", o->letter, o->name);
            if (here != (strstr(text, want) != NULL))
                fail_msg("help of %s: --%s is %s", c->name, o->name, here ? "missing" : "there");
        }
        for (const char *l = text; *l; l += strcspn(l, "\n"), l += *l == '\n')
            if (strcspn(l, "\n") > 80)
                fail_msg("help of %s: %.*s", c->name, (int)strcspn(l, "\n"), l);
        free(text);
    }
}

static void numbers_are_strict(void **state)
{
    static const struct {
        const char *text;
        uint64_t value;
    } good[] = {
        {"0", 0},
        {"4096", 4096},
        {"0x11000", 0x11000},
        {"0XfF", 255},
        {"68k", 69632},
        {"2M", 2097152},
        {"4K", 4096},
        {"4294967295", UINT32_MAX},
        {"0x00001000", 0x1000},
    };
    static const char *const bad[] = {
        "",
        " 1",
        "1 ",
        "+1",
        "-1",
        "0x",
        "x10",
        "1g",
        "1kk",
        "010",
        "0x10k",
        "1.5",
        "4294967296",
        "4096M",
        "0x100000000",
        "99999999999999999999999",
        "18446744073709551615M",
        "k",
        "1e3",
        "0x-1",
    };
    uint64_t v = 0;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (!cli_number(good[i].text, UINT32_MAX, &v) || v != good[i].value)
            fail_msg("'%s' gave %llu", good[i].text, (unsigned long long)v);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (cli_number(bad[i], UINT32_MAX, &v))
            fail_msg("'%s' was taken for %llu", bad[i], (unsigned long long)v);
}

static void fractions_spans_and_hex_are_strict(void **state)
{
    static const char *const bad_span[] = {"",
                                           ":",
                                           "0:",
                                           ":4k",
                                           "0:0",
                                           "0:4k:",
                                           "0x1000",
                                           "0xffffffff:2",
                                           "0:-1",
                                           "0 :1",
                                           "00000000000000000000000000000000000000:1"};
    struct cli_span span;
    uint32_t hex;
    uint64_t v;

    (void)state;
    assert_true(cli_fraction("1.5", 1000000, UINT64_MAX, &v));
    assert_int_equal(v, 1500000);
    assert_true(cli_fraction("0", 100, 1000, &v));
    assert_int_equal(v, 0);
    assert_false(cli_fraction("1.", 100, 1000, &v));
    assert_false(cli_fraction(".5", 100, 1000, &v));
    assert_false(cli_fraction("1.234", 100, 1000, &v));
    assert_false(cli_fraction("11", 100, 1000, &v));
    assert_false(cli_fraction("1e1", 100, 100000, &v));
    assert_true(cli_hex32("7231", &hex) && hex == 0x7231);
    assert_true(cli_hex32("0x7231c", &hex) && hex == 0x7231c);
    assert_false(cli_hex32("0x", &hex) || cli_hex32("123456789", &hex) || cli_hex32("", &hex));
    assert_true(cli_span("0x11000:64k", &span));
    assert_int_equal(span.addr, 0x11000);
    assert_int_equal(span.len, 65536);
    assert_false(span.to_end);
    assert_true(cli_span("4096:all", &span) && span.to_end);
    for (size_t i = 0; i < sizeof bad_span / sizeof *bad_span; i++)
        if (cli_span(bad_span[i], &span))
            fail_msg("'%s' was taken for a span", bad_span[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_stand_before_and_after_the_command),
        cmocka_unit_test(defaults_are_the_documented_ones),
        cmocka_unit_test(every_value_arrives_where_it_is_used),
        cmocka_unit_test(a_second_guard_adds_and_other_options_take_the_last),
        cmocka_unit_test(aliases_are_understood_with_dash_or_underscore),
        cmocka_unit_test(an_option_beats_the_environment_which_beats_the_default),
        cmocka_unit_test(a_bad_environment_value_is_named),
        cmocka_unit_test(an_empty_or_overruled_environment_value_does_not_matter),
        cmocka_unit_test(guards_cannot_be_opened_by_the_environment),
        cmocka_unit_test(every_global_with_a_value_has_an_environment_variable),
        cmocka_unit_test(the_table_is_sound),
        cmocka_unit_test(usage_errors_name_what_is_wrong),
        cmocka_unit_test(json_is_known_even_when_the_line_does_not_parse),
        cmocka_unit_test(help_and_version_need_nothing_else),
        cmocka_unit_test(help_names_every_option_and_fits_80_columns),
        cmocka_unit_test(numbers_are_strict),
        cmocka_unit_test(fractions_spans_and_hex_are_strict),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
