/* The transports that need no port: faults, traces and their replay, power
 * commands. Virtual clock throughout. */
#include "transport/util.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "transport/backends.h"
#include "transport/trace.h"

struct bench {
    struct heard heard;
    struct mem *mem;
    bool closed;
    struct pf_fault fault;
    struct pf_transport *port; /* what is tested; closes mem */
    char path[64];
};

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);

    assert_non_null(b);
    heard_init(&b->heard);
    b->mem = mem_open(&b->heard.ctx, &b->closed);
    snprintf(b->path, sizeof b->path, "/tmp/pf-wrap.%ld", (long)getpid());
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;

    if (b->port)
        b->port->ops->close(b->port);
    else if (!b->closed)
        b->mem->base.ops->close(&b->mem->base);
    assert_true(b->closed); /* the chain goes with its outermost */
    unlink(b->path);
    free(b);
    return 0;
}

/* ---- fault ---- */

static struct bench *faulty(void **state, enum pf_fault_kind kind, uint64_t at, uint32_t seed)
{
    struct bench *b = *state;

    b->fault = (struct pf_fault){.kind = kind, .at = at, .seed = seed};
    assert_int_equal(pf_fault_open(&b->heard.ctx, &b->mem->base, &b->fault, &b->port), PF_OK);
    return b;
}

static void put(struct bench *b, const char *text)
{
    assert_int_equal(b->port->ops->write(b->port, (const uint8_t *)text, strlen(text)), PF_OK);
}

static void assert_sent(const struct bench *b, const char *text)
{
    if (b->mem->nout != strlen(text) || memcmp(b->mem->out, text, b->mem->nout) != 0)
        fail_msg("sent \"%.*s\", expected \"%s\"", (int)b->mem->nout, (const char *)b->mem->out,
                 text);
}

/* One read of up to `cap` bytes until `deadline`; what came, as a string. */
static enum pf_err get(struct bench *b, uint64_t deadline, size_t cap, char text[64])
{
    size_t got;
    enum pf_err err = b->port->ops->read(b->port, (uint8_t *)text, cap, deadline, &got);

    text[got] = '\0';
    return err;
}

static void no_fault_changes_nothing(void **state)
{
    struct bench *b = faulty(state, PF_FAULT_NONE, 0, 0);
    char text[64];

    mem_arrives(b->mem, 100, "hello", 5);
    put(b, "abc");
    assert_int_equal(get(b, 1000, 63, text), PF_OK);
    assert_string_equal(text, "hello");
    assert_int_equal(get(b, 1000, 63, text), PF_ERR_TIMEOUT);
    assert_int_equal(b->port->ops->drain(b->port), PF_OK);
    assert_int_equal(pf_set_baud(b->port, 9600), PF_OK);
    assert_sent(b, "abc");
    assert_int_equal(b->mem->baud, 9600);
    assert_int_equal(b->fault.calls, 4); /* set_baud is none */
    assert_false(b->fault.fired);
}

static void drop_loses_the_first_byte_of_one_write(void **state)
{
    struct bench *b = faulty(state, PF_FAULT_DROP, 1, 0);

    put(b, "abc");
    put(b, "def");
    put(b, "ghi");
    assert_sent(b, "abcefghi");
    assert_true(b->fault.fired);
}

static void drop_loses_the_first_byte_of_one_read(void **state)
{
    struct bench *b = faulty(state, PF_FAULT_DROP, 0, 0);
    char text[64];

    mem_arrives(b->mem, 100, "x", 1);
    mem_arrives(b->mem, 200, "yz", 2);
    assert_int_equal(get(b, 1000, 63, text), PF_OK); /* x was all there was: it goes on */
    assert_string_equal(text, "yz");
    assert_int_equal(b->mem->now, 200);
}

static void flip_inverts_one_bit_chosen_by_the_seed(void **state)
{
    struct bench *b = faulty(state, PF_FAULT_FLIP, 0, 9); /* 9: byte 1, bit 1 */
    char text[64];

    put(b, "aaa");
    assert_sent(b, "aca");
    b->fault = (struct pf_fault){.kind = PF_FAULT_FLIP, .seed = 24}; /* wraps to bit 0 */
    mem_arrives(b->mem, 0, "aaa", 3);
    assert_int_equal(get(b, 1000, 63, text), PF_OK);
    assert_string_equal(text, "`aa");
}

static void dup_doubles_the_first_byte(void **state)
{
    struct bench *b = faulty(state, PF_FAULT_DUP, 1, 0);
    char text[64];

    mem_arrives(b->mem, 0, "abcd", 4);
    put(b, "x");
    assert_int_equal(get(b, 1000, 4, text), PF_OK); /* what does not fit comes next */
    assert_string_equal(text, "aabc");
    assert_int_equal(get(b, 1000, 4, text), PF_OK);
    assert_string_equal(text, "d");
    b->fault = (struct pf_fault){.kind = PF_FAULT_DUP};
    put(b, "yz");
    assert_sent(b, "xyyz");
}

static void noise_comes_before_the_data_and_follows_the_seed(void **state)
{
    struct bench *b = faulty(state, PF_FAULT_NOISE, 0, 3); /* 1 + 3 % 16 bytes */
    uint8_t first[64], again[64];
    size_t got;

    mem_arrives(b->mem, 0, "data", 4);
    mem_arrives(b->mem, 0, "data", 4);
    assert_int_equal(b->port->ops->read(b->port, first, 64, 1000, &got), PF_OK);
    assert_int_equal(got, 8);
    assert_memory_equal(first + 4, "data", 4);
    b->fault = (struct pf_fault){.kind = PF_FAULT_NOISE, .seed = 3};
    assert_int_equal(b->port->ops->read(b->port, again, 64, 1000, &got), PF_OK);
    assert_memory_equal(first, again, 8);
    b->fault = (struct pf_fault){.kind = PF_FAULT_NOISE, .seed = 3};
    put(b, "data");
    assert_int_equal(b->mem->nout, 8);
    assert_memory_equal(b->mem->out, first, 8);
}

static void silence_swallows_a_whole_call(void **state)
{
    struct bench *b = faulty(state, PF_FAULT_SILENCE, 1, 0);
    char text[64];

    put(b, "abc");
    put(b, "def");
    assert_sent(b, "abc");
    b->fault = (struct pf_fault){.kind = PF_FAULT_SILENCE};
    mem_arrives(b->mem, 100, "one", 3);
    mem_arrives(b->mem, 200, "two", 3);
    mem_arrives(b->mem, 900, "three", 5);
    assert_int_equal(get(b, 500, 63, text), PF_ERR_TIMEOUT);
    assert_int_equal(b->mem->now, 500);
    assert_int_equal(get(b, 1000, 63, text), PF_OK);
    assert_string_equal(text, "three");
}

static void a_delayed_write_goes_out_with_the_next(void **state)
{
    struct bench *b = faulty(state, PF_FAULT_DELAY, 0, 0);

    put(b, "late");
    assert_sent(b, "");
    put(b, "next");
    assert_sent(b, "latenext");
}

static void a_delayed_answer_survives_a_discard(void **state)
{
    struct bench *b = faulty(state, PF_FAULT_DELAY, 0, 0);
    char text[64];

    mem_arrives(b->mem, 100, "late", 4);
    mem_arrives(b->mem, 600, "next", 4);
    assert_int_equal(get(b, 500, 63, text), PF_ERR_TIMEOUT);
    assert_int_equal(b->mem->now, 500); /* the whole time, not less */
    assert_int_equal(b->port->ops->discard_input(b->port), PF_OK);
    assert_int_equal(get(b, 1000, 63, text), PF_OK);
    assert_string_equal(text, "late");
    assert_int_equal(get(b, 1000, 63, text), PF_OK);
    assert_string_equal(text, "next");
}

static void echo_gives_back_what_is_written(void **state)
{
    struct bench *b = faulty(state, PF_FAULT_ECHO, 0, 0);
    char text[64];

    mem_arrives(b->mem, 0, "reply", 5);
    put(b, "cmd");
    assert_sent(b, "cmd");
    assert_int_equal(get(b, 1000, 63, text), PF_OK);
    assert_string_equal(text, "cmd");
    assert_int_equal(get(b, 1000, 63, text), PF_OK);
    assert_string_equal(text, "reply");
}

static void trickle_gives_single_bytes_from_then_on(void **state)
{
    struct bench *b = faulty(state, PF_FAULT_TRICKLE, 1, 0);
    char text[64];

    mem_arrives(b->mem, 0, "ab", 2);
    mem_arrives(b->mem, 0, "cd", 2);
    assert_int_equal(get(b, 1000, 63, text), PF_OK);
    assert_string_equal(text, "ab");
    assert_int_equal(get(b, 1000, 63, text), PF_OK);
    assert_string_equal(text, "c");
    assert_int_equal(get(b, 1000, 63, text), PF_OK);
    assert_string_equal(text, "d");
}

static void vanish_is_for_ever(void **state)
{
    struct bench *b = faulty(state, PF_FAULT_VANISH, 1, 0);
    char text[64];

    put(b, "a");
    assert_int_equal(b->port->ops->drain(b->port), PF_ERR_IO);
    assert_int_equal(get(b, 1000, 63, text), PF_ERR_IO);
    assert_int_equal(b->port->ops->write(b->port, (const uint8_t *)"b", 1), PF_ERR_IO);
    assert_int_equal(b->port->ops->discard_input(b->port), PF_ERR_IO);
    assert_int_equal(pf_set_baud(b->port, 9600), PF_ERR_IO);
    assert_int_equal(pf_set_lines(b->port, 0), PF_ERR_IO);
    assert_int_equal(pf_set_power(b->port, true), PF_ERR_IO);
    assert_sent(b, "a");
    assert_int_equal(b->fault.calls, 4);
}

static void a_sweep_knows_when_it_is_past_the_end(void **state)
{
    (void)state;
    for (int kind = PF_FAULT_DROP; kind < PF_FAULT_KINDS; kind++) {
        uint64_t at = 0;

        for (;; at++) {
            void *fresh;
            struct bench *b;
            char text[64];
            bool fired;

            setup(&fresh);
            b = faulty(&fresh, (enum pf_fault_kind)kind, at, (uint32_t)at);
            mem_arrives(b->mem, 10, "in", 2);
            (void)b->port->ops->write(b->port, (const uint8_t *)"out", 3);
            (void)b->port->ops->drain(b->port);
            (void)get(b, 100, 63, text);
            fired = b->fault.fired;
            assert_int_equal(b->fault.calls, 3);
            teardown(&fresh);
            if (!fired)
                break;
        }
        assert_int_equal(at, 3);
        assert_string_not_equal(pf_fault_name((enum pf_fault_kind)kind), "unknown");
    }
}

/* ---- trace ---- */

static void assert_trace(struct bench *b, const char *want)
{
    char have[4096];
    FILE *f = fopen(b->path, "r");
    size_t n;

    assert_non_null(f);
    n = fread(have, 1, sizeof have - 1, f);
    have[n] = '\0';
    fclose(f);
    assert_string_equal(have, want);
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

static const char sample[] = "plugflash-trace 1\n"
                             "port mem\n"
                             "0 B 115200\n"
                             "0 L 1 0\n"
                             "0 P 1\n"
                             "0 > 01e0fc0100\n"
                             "1500 < 040e0501e0fc0100\n"
                             "2500 T\n"
                             "2500 I\n"
                             "2500 D\n"
                             "2500 B 921600\n"
                             "2500 ! unsupported\n";

/* The session that `sample` records. */
static void play(struct bench *b)
{
    static const uint8_t link_check[] = {0x01, 0xe0, 0xfc, 0x01, 0x00};
    static const uint8_t answer[] = {0x04, 0x0e, 0x05, 0x01, 0xe0, 0xfc, 0x01, 0x00};
    uint8_t byte;
    size_t got;

    assert_int_equal(pf_set_baud(b->port, 115200), PF_OK);
    assert_int_equal(pf_set_lines(b->port, PF_LINE_DTR), PF_OK);
    assert_int_equal(pf_set_power(b->port, true), PF_OK);
    assert_int_equal(b->port->ops->write(b->port, link_check, sizeof link_check), PF_OK);
    assert_reads(b->port, answer, sizeof answer, 5000);
    assert_int_equal(pf_now(b->port), 1500);
    assert_int_equal(b->port->ops->read(b->port, &byte, 1, 2500, &got), PF_ERR_TIMEOUT);
    assert_int_equal(pf_now(b->port), 2500);
    assert_int_equal(b->port->ops->discard_input(b->port), PF_OK);
    assert_int_equal(b->port->ops->drain(b->port), PF_OK);
    b->mem->next_error = PF_ERR_SUPPORT;
    assert_int_equal(pf_set_baud(b->port, 921600), PF_ERR_SUPPORT);
}

static void a_trace_says_all_that_happened(void **state)
{
    struct bench *b = *state;

    mem_arrives(b->mem, 1500, "\x04\x0e\x05\x01\xe0\xfc\x01\x00", 8);
    assert_int_equal(pf_trace_open(&b->heard.ctx, &b->mem->base, b->path, &b->port), PF_OK);
    play(b);
    assert_int_equal(b->mem->baud, 921600);
    assert_int_equal(b->mem->lines, PF_LINE_DTR);
    b->port->ops->close(b->port);
    b->port = NULL;
    assert_trace(b, sample);
}

/* Replace the memory port by a replay of `text`. */
static struct bench *replaying(void **state, const char *text)
{
    struct bench *b = *state;

    write_file(b->path, text);
    if (pf_replay_open(&b->heard.ctx, b->path, &b->port) != PF_OK)
        fail_msg("%s", b->heard.ctx.text);
    /* mem is not below a replay */
    if (!b->closed)
        b->mem->base.ops->close(&b->mem->base);
    b->mem = calloc(1, sizeof *b->mem); /* play() sets a field of it */
    assert_non_null(b->mem);
    return b;
}

static void a_trace_replays_in_the_place_of_the_device(void **state)
{
    struct bench *b = replaying(state, sample);
    uint8_t byte;
    size_t got;

    assert_true(b->port->caps & PF_CAP_SIMULATED);
    play(b);
    assert_int_equal(b->port->ops->read(b->port, &byte, 1, 9999, &got), PF_ERR_IO);
    assert_says(b->heard.ctx.text, "ends at line 12");
    free(b->mem);
}

static void a_replay_names_the_first_byte_that_differs(void **state)
{
    struct bench *b = replaying(state, "plugflash-trace 1\nport x\n"
                                       "10 > 0102030405\n20 < aa\n30 > 060708\n");

    assert_int_equal(b->port->ops->write(b->port, (const uint8_t *)"\1\2\3", 3), PF_OK);
    assert_int_equal(b->port->ops->write(b->port, (const uint8_t *)"\4\5\6\7\x09", 5), PF_ERR_IO);
    assert_says(b->heard.ctx.text, "line 5 (after 7 bytes sent): it has > 08, the host > 09");
    /* it stays gone */
    assert_int_equal(b->port->ops->write(b->port, (const uint8_t *)"\x08", 1), PF_ERR_IO);
    free(b->mem);
}

static void a_replay_names_a_setting_that_differs(void **state)
{
    struct bench *b = replaying(state, "plugflash-trace 1\nport x\n10 B 9600\n");

    assert_int_equal(pf_set_baud(b->port, 115200), PF_ERR_IO);
    assert_says(b->heard.ctx.text, "it has B 9600, the host B 115200");
    free(b->mem);
}

static void a_replay_delivers_on_time_and_in_any_portions(void **state)
{
    struct bench *b = replaying(state, "plugflash-trace 1\nport x\n# a comment\n"
                                       "100 > 01\n150 T\n200 < 0a0b0c\n300 < 0d\n400 > 02\n");
    uint8_t buf[8];
    size_t got;

    assert_int_equal(b->port->ops->read(b->port, buf, 8, 50, &got), PF_ERR_TIMEOUT);
    assert_int_equal(b->port->ops->write(b->port, (const uint8_t *)"\1", 1), PF_OK);
    assert_int_equal(pf_now(b->port), 100);
    assert_int_equal(b->port->ops->read(b->port, buf, 8, 199, &got), PF_ERR_TIMEOUT);
    assert_int_equal(b->port->ops->read(b->port, buf, 2, 1000, &got), PF_OK);
    assert_int_equal(got, 2);
    assert_int_equal(pf_now(b->port), 200);
    /* the host writes before it has read all: the rest is not lost */
    assert_int_equal(b->port->ops->write(b->port, (const uint8_t *)"\2", 1), PF_OK);
    assert_reads(b->port, "\x0c\x0d", 2, 1000);
    free(b->mem);
}

static void a_replayed_loss_stays(void **state)
{
    struct bench *b = replaying(state, "plugflash-trace 1\nport x\n10 > 01\n10 ! port-lost\n");

    assert_int_equal(b->port->ops->write(b->port, (const uint8_t *)"\1", 1), PF_ERR_IO);
    assert_int_equal(b->port->ops->drain(b->port), PF_ERR_IO);
    free(b->mem);
}

static void what_is_no_trace_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"", "too short"},
        {"plugflash-trace 1\n", "too short"},
        {"plugflash-trace 2\nport x\n", "line 1"},
        {"plugflash-trace 1\n0 D\n", "line 2"},
        {"plugflash-trace 1\nport x\n10 > 0\n", "line 3"},
        {"plugflash-trace 1\nport x\n10 D\n9 D\n", "line 4"},
        {"plugflash-trace 1\nport x\nport y\n", "line 3"},
        {"plugflash-trace 1\nport x\n\n", "line 3"},
    };
    struct bench *b = *state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_file(b->path, bad[i].text);
        assert_int_equal(pf_replay_open(&b->heard.ctx, b->path, &b->port), PF_ERR_FILE);
        assert_null(b->port);
        assert_says(b->heard.ctx.text, bad[i].says);
    }
    assert_int_equal(pf_replay_open(&b->heard.ctx, "/nonexistent", &b->port), PF_ERR_FILE);
    assert_int_equal(pf_trace_open(&b->heard.ctx, &b->mem->base, "/nonexistent/trace", &b->port),
                     PF_ERR_FILE);
    assert_false(b->closed);
}

static void a_full_disk_ends_the_trace_but_not_the_work(void **state)
{
    struct bench *b = *state;
    static uint8_t block[4096];

    if (access("/dev/full", W_OK) != 0)
        return;
    assert_int_equal(pf_trace_open(&b->heard.ctx, &b->mem->base, "/dev/full", &b->port), PF_OK);
    assert_int_equal(b->port->ops->write(b->port, block, sizeof block), PF_OK);
    assert_says(b->heard.warnings, "the trace ends here");
    assert_int_equal(b->port->ops->drain(b->port), PF_OK);
}

static void long_transfers_take_several_lines(void **state)
{
    struct bench *b = *state;
    uint8_t block[600];

    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (uint8_t)i;
    mem_arrives(b->mem, 5, block, sizeof block);
    assert_int_equal(pf_trace_open(&b->heard.ctx, &b->mem->base, b->path, &b->port), PF_OK);
    assert_int_equal(b->port->ops->write(b->port, block, sizeof block), PF_OK);
    assert_reads(b->port, block, sizeof block, 100);
    b->port->ops->close(b->port);
    assert_int_equal(pf_replay_open(&b->heard.ctx, b->path, &b->port), PF_OK);
    assert_int_equal(b->port->ops->write(b->port, block, sizeof block), PF_OK);
    assert_reads(b->port, block, sizeof block, 100);
}

/* ---- power ---- */

static void power_commands_switch_and_are_logged(void **state)
{
    struct bench *b = *state;
    char spec[256];

    snprintf(spec, sizeof spec, "off=rm %s;on=x=1; echo $x > %s", b->path, b->path);
    assert_int_equal(pf_power_open(&b->heard.ctx, &b->mem->base, spec, &b->port), PF_OK);
    assert_true(b->port->caps & PF_CAP_POWER);
    assert_int_equal(pf_set_power(b->port, true), PF_OK);
    assert_trace(b, "1\n");
    assert_int_equal(pf_set_power(b->port, false), PF_OK);
    assert_int_equal(access(b->path, F_OK), -1);
    assert_says(b->heard.logs, "power off: rm");
    put(b, "bytes pass");
    assert_sent(b, "bytes pass");
}

static void a_failing_power_command_is_an_error(void **state)
{
    struct bench *b = *state;

    assert_int_equal(
        pf_power_open(&b->heard.ctx, &b->mem->base, "on=exit 3;off=kill -9 $$", &b->port), PF_OK);
    assert_int_equal(pf_set_power(b->port, true), PF_ERR_PORT);
    assert_says(b->heard.ctx.text, "failed with status 3");
    assert_int_equal(pf_set_power(b->port, false), PF_ERR_PORT);
    assert_says(b->heard.ctx.text, "died of signal 9");
}

static void what_a_power_command_prints_stays_off_stdout(void **state)
{
    struct bench *b = *state;
    char text[64] = "";
    int keep = dup(STDOUT_FILENO), keep_err = dup(STDERR_FILENO), out[2], err[2];
    enum pf_err result;

    assert_int_equal(pf_power_open(&b->heard.ctx, &b->mem->base, "on=echo hi;off=true", &b->port),
                     PF_OK);
    assert_int_equal(pipe(out) | pipe(err), 0);
    fflush(stdout);
    dup2(out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    result = pf_set_power(b->port, true);
    dup2(keep, STDOUT_FILENO);
    dup2(keep_err, STDERR_FILENO);
    close(out[1]);
    close(err[1]);
    assert_int_equal(result, PF_OK);
    assert_int_equal(read(out[0], text, sizeof text), 0);
    assert_int_equal(read(err[0], text, sizeof text), 3);
    assert_string_equal(text, "hi\n");
    close(out[0]);
    close(err[0]);
    close(keep);
    close(keep_err);
}

static void power_commands_must_name_both_states(void **state)
{
    static const char *const bad[] = {
        "",          "on=a", "off=a",           "on=;off=b", "on=a;off=",
        "on=a;on=b", "a;b",  "on=a;off=b;on=c", "cycle=x",   "=;=",
    };
    struct bench *b = *state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        enum pf_err err = pf_power_open(&b->heard.ctx, &b->mem->base, bad[i], &b->port);

        if (err != PF_ERR_USAGE)
            fail_msg("\"%s\": %s", bad[i], pf_err_name(err));
        assert_null(b->port);
    }
    assert_false(b->closed);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(no_fault_changes_nothing),
        T(drop_loses_the_first_byte_of_one_write),
        T(drop_loses_the_first_byte_of_one_read),
        T(flip_inverts_one_bit_chosen_by_the_seed),
        T(dup_doubles_the_first_byte),
        T(noise_comes_before_the_data_and_follows_the_seed),
        T(silence_swallows_a_whole_call),
        T(a_delayed_write_goes_out_with_the_next),
        T(a_delayed_answer_survives_a_discard),
        T(echo_gives_back_what_is_written),
        T(trickle_gives_single_bytes_from_then_on),
        T(vanish_is_for_ever),
        cmocka_unit_test(a_sweep_knows_when_it_is_past_the_end),
        T(a_trace_says_all_that_happened),
        T(a_trace_replays_in_the_place_of_the_device),
        T(a_replay_names_the_first_byte_that_differs),
        T(a_replay_names_a_setting_that_differs),
        T(a_replay_delivers_on_time_and_in_any_portions),
        T(a_replayed_loss_stays),
        T(what_is_no_trace_is_refused_with_its_line),
        T(a_full_disk_ends_the_trace_but_not_the_work),
        T(long_transfers_take_several_lines),
        T(power_commands_switch_and_are_logged),
        T(a_failing_power_command_is_an_error),
        T(what_a_power_command_prints_stays_off_stdout),
        T(power_commands_must_name_both_states),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
