/* The law of the virtual devices: for every single fault at every position, a
 * run ends with the right flash and PF_OK, or with an error and untouched
 * guard regions; never PF_OK with wrong content, never an endless run.
 *
 * Swept for backup, write and restore on BK7231T and BK7231N: every I/O call
 * times every kind of fault, every power cut, every split of a reply.
 *
 *   PF_SWEEP_STRIDE=n   every n-th position only (printed; sanitized builds);
 *                       0: every one on every device, which takes an hour
 *   PF_SWEEP_SEED=n     another choice of flipped bits and noise (printed)
 *   PF_LAW=DEVICE/OP/KIND@AT   replay one run
 *   PF_LAW_TRACE=FILE          and record its wire, as the driver saw it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/checksum.h"
#include "image/make_bl.h"
#include "plugflash/ops.h"
#include "plugflash/sim.h"
#include "support/sweep.h"

#define SIZE    0x200000u
#define APP_LEN 0x3100u /* three sectors and a bit: an edge to merge */

/* No run may take longer than this on the device's clock. */
#define ENDLESS_US 600000000ull

enum law_op { LAW_BACKUP, LAW_WRITE, LAW_RESTORE, LAW_OPS };
static const char *const op_name[] = {"backup", "write", "restore"};

static const uint8_t law_mac[6] = {0xc8, 0x47, 0x8c, 0x11, 0x22, 0x33};
static const uint8_t other_mac[6] = {0xc8, 0x47, 0x8c, 0x44, 0x55, 0x66};

/* What is swept: a virtual device, and where things are on it. */
struct law_plug {
    const char *name; /* of the test */
    const char *chip, *keys;
    uint32_t locked;           /* [0, locked): never to be touched; 0: nothing */
    uint32_t identity, id_len; /* never changed by backup, write or restore */
    uint32_t app, code_end;    /* where `write` goes; blank from here to the identity */
    uint32_t data;             /* somewhere a backup may differ */
    enum { STUB_NONE, STUB_ECR, STUB_BL } stub;
    unsigned stride; /* every n-th position: SHA-256 of 2 MiB many times a run is slow, and
                        reading all of it twice slower yet */
};

static const struct law_plug plugs[] = {
    {"bk7231n", "bk7231n", "", 0, 0x1d0000, 0x1000, 0x11000, 0x11000 + 843 * 34, 0x140000,
     STUB_NONE, 1},
    {"bk7231t", "bk7231t", "", 0x11000, 0x1e0000, 0x1000, 0x11000, 0x11000 + 843 * 34, 0x140000,
     STUB_NONE, 1},
    {"ecr6600-custom", "ecr6600", ",stub=custom", 0, 0x1fe000, 0x2000, 0x20000, 0x10000, 0x140000,
     STUB_ECR, 12},
    {"ecr6600-1.3.11", "ecr6600", ",stub=1.3.11", 0, 0x1fe000, 0x2000, 0x20000, 0x10000, 0x140000,
     STUB_ECR, 12},
    {"ecr6600-1.3.4", "ecr6600", ",stub=1.3.4", 0, 0x1fe000, 0x2000, 0x20000, 0x10000, 0x140000,
     STUB_ECR, 96},
    {"ecr6600-1.4.0", "ecr6600", ",stub=1.4.0", 0, 0x1fe000, 0x2000, 0x20000, 0x10000, 0x140000,
     STUB_ECR, 240},
    {"bl602", "bl602", "", 0, 0x1f8000, 0x8000, 0x20000, 0x18000, 0x140000, STUB_BL, 12},
};

struct law {
    const struct law_plug *plug;
    unsigned stride, seed;
    char dir[64];
    uint8_t *flash;   /* what the device holds before each run */
    uint8_t *restore; /* the backup to restore: another unit's, other firmware */
    uint8_t *want[LAW_OPS];
    uint8_t app[APP_LEN];
    uint8_t stub[2048]; /* two blocks of an ECR6600 upload */
    size_t stub_len;
};

struct outcome {
    enum pf_err err;
    uint64_t calls, sent;
    bool fired;
    bool device_fired;
    char text[PF_TEXT_MAX];
};

static void path_in(const struct law *law, const char *name, char *out, size_t cap)
{
    snprintf(out, cap, "%s/%s", law->dir, name);
}

static void save(const struct law *law, const char *name, const uint8_t *data, size_t len)
{
    char path[128];
    FILE *f;

    path_in(law, name, path, sizeof path);
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

/* A mostly blank plug, so that one run is a few hundred I/O calls: the loader,
 * some whole blocks of code, the identity and a few data sectors of a factory
 * flash. */
static void thin_out(uint8_t *flash, const struct law_plug *plug)
{
    const uint32_t behind = plug->identity + 0x3000;

    memset(flash + plug->code_end, 0xff, plug->identity - plug->code_end);
    memset(flash + plug->app + 0x4000, 0x77, PF_SECTOR); /* a neighbour worth losing */
    if (behind < SIZE)
        memset(flash + behind, 0xff, SIZE - behind);
}

static struct pf_link_options law_link(const struct law *law)
{
    struct pf_link_options link = {.chip = law->plug->chip, .sync_timeout_us = 20000000};

    if (law->plug->stub) {
        link.stub = law->stub;
        link.stub_len = law->stub_len;
    }
    return link;
}

/* What is restored is a backup of ours, with its manifest, of another unit. */
static void back_up_the_other_unit(const struct law *law)
{
    char path[128];
    struct pf_ctx ctx = {0};
    struct pf_link_options link = law_link(law);
    struct pf_backup_options opt = {.path = path};
    struct pf_backup_result res;
    struct pf_transport *sim;
    struct pf_session *s;
    char spec[64];

    snprintf(spec, sizeof spec, "%s%s", law->plug->chip, law->plug->keys);
    path_in(law, "restore.bin", path, sizeof path);
    assert_int_equal(pf_sim_open_flash(&ctx, spec, law->restore, SIZE, &sim), PF_OK);
    assert_int_equal(pf_session_open(&ctx, sim, &link, &s), PF_OK);
    assert_int_equal(pf_backup(s, &opt, &res), PF_OK);
    pf_session_close(s);
    sim->ops->close(sim);
}

/* Something the device takes for its vendor's stub. */
static void make_stub(struct law *law)
{
    memset(law->stub, 0x5a, sizeof law->stub);
    if (law->plug->stub == STUB_BL) {
        law->stub_len = make_bl_loader(law->stub, 1200);
    } else {
        memcpy(law->stub, "\x48\x00\x00\x54", 4); /* a jump, as every stub begins */
        law->stub_len = 1500;
    }
}

static void law_setup(struct law *law, const struct law_plug *plug)
{
    const char *shm = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    const char *seed = getenv("PF_SWEEP_SEED");

    memset(law, 0, sizeof *law);
    law->plug = plug;
    make_stub(law);
    law->stride = plug->stride * sweep_stride();
    law->seed = seed ? (unsigned)strtoul(seed, NULL, 0) : 1;
    snprintf(law->dir, sizeof law->dir, "%s/plugflash-law-XXXXXX", shm);
    assert_non_null(mkdtemp(law->dir));
    law->flash = malloc(SIZE);
    law->restore = malloc(SIZE);
    assert_non_null(law->flash);
    assert_non_null(law->restore);
    assert_int_equal(pf_sim_factory(plug->chip, 1, law_mac, law->flash, SIZE), PF_OK);
    assert_int_equal(pf_sim_factory(plug->chip, 1, other_mac, law->restore, SIZE), PF_OK);
    thin_out(law->flash, plug);
    thin_out(law->restore, plug);
    for (size_t i = 0; i < APP_LEN; i++)
        law->app[i] = (uint8_t)(i * 7 + (i >> 8));
    memset(law->restore + plug->data, 0x42, 0x2000); /* two sectors the device lacks */

    for (int op = 0; op < LAW_OPS; op++) {
        law->want[op] = malloc(SIZE);
        assert_non_null(law->want[op]);
        memcpy(law->want[op], law->flash, SIZE);
    }
    memcpy(law->want[LAW_WRITE] + plug->app, law->app, APP_LEN);
    memcpy(law->want[LAW_RESTORE], law->restore, SIZE);
    memcpy(law->want[LAW_RESTORE] + plug->identity, law->flash + plug->identity, plug->id_len);
    save(law, "app.bin", law->app, APP_LEN);
    back_up_the_other_unit(law);
    print_message("[   LAW    ] %s, stride %u, seed %u\n", plug->name, law->stride, law->seed);
}

static void law_teardown(struct law *law)
{
    char cmd[128];

    for (int op = 0; op < LAW_OPS; op++)
        free(law->want[op]);
    free(law->flash);
    free(law->restore);
    snprintf(cmd, sizeof cmd, "rm -rf %s", law->dir);
    assert_int_equal(system(cmd), 0);
}

static enum pf_err do_op(const struct law *law, enum law_op op, struct pf_session *s)
{
    char path[128];

    if (op == LAW_BACKUP) {
        struct pf_backup_result res = {0};
        struct pf_backup_options opt = {.path = path, .force = true};

        path_in(law, "out.bin", path, sizeof path);
        return pf_backup(s, &opt, &res);
    }

    struct pf_write_result *res = calloc(1, sizeof *res);
    struct pf_write_options opt = {.path = path, .no_backup = true};
    enum pf_err err;

    assert_non_null(res);
    if (op == LAW_WRITE) {
        opt.at_given = true;
        opt.at = law->plug->app;
        path_in(law, "app.bin", path, sizeof path);
        err = pf_write(s, &opt, res);
    } else {
        path_in(law, "restore.bin", path, sizeof path);
        err = pf_restore(s, &opt, res);
    }
    free(res);
    return err;
}

/* What a user would call a lie, or a loss. */
static void judge(const struct law *law, enum law_op op, const struct outcome *o,
                  const struct pf_sim_view *view, bool damaged, const char *what)
{
    const uint32_t id = law->plug->identity;
    char path[128];
    bool ok = true;

    if (o->err == PF_OK) {
        ok = memcmp(view->flash, law->want[op], SIZE) == 0;
        if (op == LAW_BACKUP) {
            uint8_t *copy = malloc(SIZE);
            FILE *f;

            path_in(law, "out.bin", path, sizeof path);
            f = fopen(path, "rb");
            ok = ok && f && copy && fread(copy, 1, SIZE, f) == SIZE && fgetc(f) == EOF &&
                 memcmp(copy, law->flash, SIZE) == 0;
            if (f)
                fclose(f);
            free(copy);
        }
    } else if (op == LAW_BACKUP) {
        path_in(law, "out.bin", path, sizeof path);
        ok = access(path, F_OK) != 0; /* no final name without proof */
    }
    if (!ok)
        fail_msg("PF_LAW=%s: %s, but the content is wrong", what, pf_err_name(o->err));

    if (op == LAW_BACKUP && memcmp(view->flash, law->flash, SIZE) != 0)
        fail_msg("PF_LAW=%s: a backup changed the flash", what);
    if (memcmp(view->flash + id, law->flash + id, law->plug->id_len) != 0)
        fail_msg("PF_LAW=%s: the identity was touched", what);
    if (memcmp(view->flash, law->flash, law->plug->locked) != 0)
        fail_msg("PF_LAW=%s: the loader was touched", what);
    /* A request that was damaged on its way may hit elsewhere, whatever we do:
     * what counts then is judged above. In all others nothing outside the span
     * changes, also when the run fails. */
    for (uint32_t at = 0; op == LAW_WRITE && !damaged && at < SIZE; at += PF_SECTOR)
        if ((at < law->plug->app || at >= law->plug->app + 0x4000) &&
            memcmp(view->flash + at, law->flash + at, PF_SECTOR) != 0)
            fail_msg("PF_LAW=%s: sector 0x%06x, outside the span, has changed", what, at);
}

/* One run: `fault` on the wire (may be NULL), `device` appended to the spec. */
static struct outcome run(const struct law *law, enum law_op op, struct pf_fault *fault,
                          const char *device, const char *what)
{
    struct pf_ctx ctx = {0};
    struct pf_link_options link = law_link(law);
    struct pf_transport *sim = NULL, *port = NULL;
    struct pf_session *s = NULL;
    struct pf_sim_view view;
    struct outcome o = {0};
    char spec[256], path[128];

    path_in(law, "out.bin", path, sizeof path);
    unlink(path);
    path_in(law, "out.bin.part", path, sizeof path);
    unlink(path);
    snprintf(spec, sizeof spec, "%s%s%s", law->plug->chip, law->plug->keys, device);
    assert_int_equal(pf_sim_open_flash(&ctx, spec, law->flash, SIZE, &sim), PF_OK);
    port = sim;
    if (fault)
        assert_int_equal(pf_fault_open(&ctx, sim, fault, &port), PF_OK);
    if (getenv("PF_LAW_TRACE"))
        assert_int_equal(pf_trace_open(&ctx, port, getenv("PF_LAW_TRACE"), &port), PF_OK);
    ctx.clock = port;
    o.err = pf_session_open(&ctx, port, &link, &s);
    if (!o.err)
        o.err = do_op(law, op, s);
    pf_session_close(s);
    snprintf(o.text, sizeof o.text, "%s", ctx.text);
    pf_sim_view(sim, &view);
    if (pf_now(port) > ENDLESS_US)
        fail_msg("PF_LAW=%s: took %.0f s", what, (double)pf_now(port) / 1e6);
    judge(law, op, &o, &view, fault && fault->kind != PF_FAULT_NONE, what);
    o.device_fired = view.fault_fired;
    o.sent = view.tx_bytes;
    if (fault) {
        o.fired = fault->fired;
        o.calls = fault->calls;
    }
    ctx.clock = NULL;
    port->ops->close(port);
    return o;
}

/* Returns how many bytes the device sent. */
static uint64_t without_a_fault_it_succeeds(const struct law *law, enum law_op op)
{
    struct pf_fault none = {.kind = PF_FAULT_NONE};
    char what[64];
    struct outcome o;

    snprintf(what, sizeof what, "%s/%s/none@0", law->plug->name, op_name[op]);
    o = run(law, op, &none, "", what);
    if (o.err)
        fail_msg("%s: %s", what, o.text);
    print_message("[   LAW    ] %s: %llu I/O calls, %llu bytes from the device\n", what,
                  (unsigned long long)o.calls, (unsigned long long)o.sent);
    return o.sent;
}

/* Every I/O call, every kind. Most single faults must even be survived: a tool
 * that gives up at the first lost byte obeys the law and helps nobody. */
static void sweep_wire(const struct law *law, enum law_op op)
{
    for (int kind = PF_FAULT_NONE + 1; kind < PF_FAULT_KINDS; kind++) {
        unsigned runs = 0, survived = 0;

        for (uint64_t at = 0;; at += law->stride) {
            struct pf_fault fault = {.kind = kind, .at = at, .seed = law->seed + (uint32_t)at};
            char what[96];
            struct outcome o;

            snprintf(what, sizeof what, "%s/%s/%s@%llu", law->plug->name, op_name[op],
                     pf_fault_name(kind), (unsigned long long)at);
            o = run(law, op, &fault, "", what);
            if (!o.fired && at >= o.calls)
                break;
            runs++;
            survived += o.err == PF_OK;
        }
        print_message("[   LAW    ] %s/%s/%s: %u runs, %u survived\n", law->plug->name, op_name[op],
                      pf_fault_name(kind), runs, survived);
        assert_true(runs > 0);
        if (kind != PF_FAULT_VANISH)
            assert_true(survived * 10 >= runs * 9);
    }
}

/* `grammar` names one device fault with %llu for its position; the sweep ends
 * when a position is past the end. */
static void sweep_device(const struct law *law, enum law_op op, const char *grammar,
                         unsigned stride, bool survive)
{
    unsigned runs = 0, survived = 0;

    for (unsigned long long at = 0;; at += stride) {
        char device[96], what[160];
        struct outcome o;

        snprintf(device, sizeof device, grammar, at);
        snprintf(what, sizeof what, "%s/%s%s", law->plug->name, op_name[op], device);
        o = run(law, op, NULL, device, what);
        if (!o.device_fired)
            break;
        runs++;
        survived += o.err == PF_OK;
    }
    print_message("[   LAW    ] %s/%s%s: %u runs, %u survived\n", law->plug->name, op_name[op],
                  grammar, runs, survived);
    if (survive)
        assert_true(survived * 10 >= runs * 9);
}

/* Kinds that a driver must survive nearly always; the rest only has to be told
 * truthfully. */
static const struct {
    const char *grammar;
    bool survive;
} device_faults[] = {
    {",fault=powercut@%llu", false}, {",fault=powercut@%llu:stay", false},
    {",fault=lie@%llu", true},       {",fault=lie@%llu:wrong", true},
    {",fault=stick@%llu", true},     {",fault=status@%llu", false},
    {",fault=readflip@%llu", true},  {",fault=holdlate@%llu", true},
    {",fault=silence@%llu", true},   {",fault=noise@%llu", true},
    {",fault=wrongcrc@%llu", true},  {",fault=reset@%llu", true},
    {",fault=trickle@%llu:1", true},
};

static void sweep_device_kinds(const struct law *law, enum law_op op)
{
    for (size_t i = 0; i < sizeof device_faults / sizeof *device_faults; i++)
        sweep_device(law, op, device_faults[i].grammar, law->stride, device_faults[i].survive);
}

/* Every split of a reply: what follows byte N of the device's output comes 50
 * ms late. Short answers, which stand at the beginning and at the end of a run,
 * are split at every byte; in between lie mostly the bodies of sector reads,
 * which are alike and sampled. */
static void sweep_splits(const struct law *law, enum law_op op, uint64_t sent)
{
    const uint64_t ends = 400, body = op == LAW_WRITE ? 13 : 113;
    unsigned runs = 0, survived = 0;

    for (uint64_t at = 0; at < sent;) {
        char device[64], what[128];
        struct outcome o;

        snprintf(device, sizeof device, ",fault=delay<@%llu:50", (unsigned long long)at);
        snprintf(what, sizeof what, "%s/%s%s", law->plug->name, op_name[op], device);
        o = run(law, op, NULL, device, what);
        runs++;
        survived += o.err == PF_OK;
        at += law->stride * (at < ends || at + ends > sent ? 1 : body);
    }
    print_message("[   LAW    ] %s/%s: %u splits, %u survived\n", law->plug->name, op_name[op],
                  runs, survived);
    assert_true(survived * 10 >= runs * 9);
}

static void replay(const struct law *law, const char *name)
{
    char op_text[16], kind[64], what[96];
    unsigned long long at;
    const char *rest = strchr(name, '/') + 1;

    for (int op = 0; op < LAW_OPS; op++) {
        size_t n = strlen(op_name[op]);

        if (strncmp(rest, op_name[op], n) != 0)
            continue;
        snprintf(what, sizeof what, "%s", name);
        if (rest[n] == ',') {
            struct outcome o = run(law, op, NULL, rest + n, what);

            print_message("%s: %s %s\n", what, pf_err_name(o.err), o.text);
        } else if (sscanf(rest, "%15[^/]/%63[^@]@%llu", op_text, kind, &at) == 3) {
            for (int k = 0; k < PF_FAULT_KINDS; k++) {
                struct pf_fault fault = {.kind = k, .at = at, .seed = law->seed + (uint32_t)at};

                if (strcmp(kind, pf_fault_name(k)) == 0) {
                    struct outcome o = run(law, op, &fault, "", what);

                    print_message("%s: %s %s\n", what, pf_err_name(o.err), o.text);
                }
            }
        }
    }
}

static void the_law(const struct law_plug *plug, enum law_op op)
{
    struct law law;
    uint64_t sent;

    law_setup(&law, plug);
    sent = without_a_fault_it_succeeds(&law, op);
    sweep_wire(&law, op);
    sweep_device_kinds(&law, op);
    sweep_splits(&law, op, sent);
    law_teardown(&law);
}

static int replay_one(const char *what)
{
    size_t n = strcspn(what, "/");

    for (size_t i = 0; i < sizeof plugs / sizeof *plugs; i++) {
        struct law law;

        if (strlen(plugs[i].name) != n || strncmp(plugs[i].name, what, n) != 0)
            continue;
        law_setup(&law, &plugs[i]);
        replay(&law, what);
        law_teardown(&law);
        return 0;
    }
    fprintf(stderr, "PF_LAW=%s: no such device\n", what);
    return 2;
}

static void the_law_holds(void **state)
{
    const size_t *which = *state;

    the_law(&plugs[which[0]], (enum law_op)which[1]);
}

/* law_test DEVICE OPERATION; ctest runs each on its own so that both cores are
 * used. Without arguments: all of them. */
int main(int argc, char **argv)
{
    const char *one = getenv("PF_LAW");
    int failed = 0;

    if (one && *one)
        return replay_one(one);
    for (size_t i = 0; i < sizeof plugs / sizeof *plugs; i++)
        for (size_t op = 0; op < LAW_OPS; op++) {
            size_t which[2] = {i, op};
            char name[64];
            const struct CMUnitTest test[] = {{name, the_law_holds, NULL, NULL, which}};

            if ((argc > 1 && strcmp(argv[1], plugs[i].name) != 0) ||
                (argc > 2 && strcmp(argv[2], op_name[op]) != 0))
                continue;
            snprintf(name, sizeof name, "%s_of_%s_obeys_the_law", op_name[op], plugs[i].name);
            failed += cmocka_run_group_tests_name("the law", test, NULL, NULL);
        }
    return failed != 0;
}
