/* The law, on the stream session: whatever one fault does to the wire, a backup and
 * a write end right, at most two seconds later than without it, and the chip is never
 * reset for it; and a write whose power was cut at any flash operation is finished by
 * --resume, with the backup that was made before.
 *
 *   PF_SWEEP_STRIDE=n   n times fewer positions (printed; sanitized builds)
 *   PF_STREAM=CHIP/OP/FAULT   replay one run: PF_STREAM=bl602/write/burst>@1234:200 */
#define _GNU_SOURCE /* memmem */
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
#include "support/sweep.h"

#define SIZE      0x200000u
#define LOST_US   2000000u
#define APP       0x20000u
#define APP_LEN   0x9100u /* nine sectors and an edge; one of them blank, one the same */
#define POSITIONS 24u     /* of each kind and direction, on each operation */

enum op { BACKUP, WRITE, OPS };
static const char *const op_name[] = {"backup", "write"};
static const char *const chips[] = {"ecr6600", "bl602"};

struct scene {
    const char *chip;
    char dir[64];
    uint8_t *flash, *want[OPS];
    uint8_t app[APP_LEN];
};

struct outcome {
    enum pf_err err;
    uint64_t us, resets;
    uint64_t sent, heard;           /* bytes from and to the host, in all */
    uint64_t sent_from, heard_from; /* when the stream began */
    uint64_t ops;
    bool fired, streamed;
    char text[PF_TEXT_MAX], backup[512];
    uint8_t *flash; /* afterwards; owned */
};

static void path_in(const struct scene *sc, const char *name, char *out, size_t cap)
{
    snprintf(out, cap, "%s/%s", sc->dir, name);
}

static void clean(const struct scene *sc, const char *what)
{
    char cmd[128];

    snprintf(cmd, sizeof cmd, "rm -rf %s/%s", sc->dir, what);
    assert_int_equal(system(cmd), 0);
}

static void save(const struct scene *sc, const char *name, const uint8_t *data, size_t len)
{
    char path[128];
    FILE *f;

    path_in(sc, name, path, sizeof path);
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static bool file_is(const char *path, const uint8_t *data)
{
    uint8_t *copy = malloc(SIZE);
    FILE *f = fopen(path, "rb");
    const bool same = f && copy && fread(copy, 1, SIZE, f) == SIZE && fgetc(f) == EOF &&
                      memcmp(copy, data, SIZE) == 0;

    if (f)
        fclose(f);
    free(copy);
    return same;
}

/* A factory flash, thinned out so that a run moves some ten sectors. */
static void scene_open(struct scene *sc, const char *chip)
{
    static const uint8_t mac[6] = {0xc8, 0x47, 0x8c, 0x11, 0x22, 0x33};
    const char *shm = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    uint32_t x = 7;

    memset(sc, 0, sizeof *sc);
    sc->chip = chip;
    snprintf(sc->dir, sizeof sc->dir, "%s/plugflash-stream-XXXXXX", shm);
    assert_non_null(mkdtemp(sc->dir));
    sc->flash = malloc(SIZE);
    assert_non_null(sc->flash);
    assert_int_equal(pf_sim_factory(chip, 1, mac, sc->flash, SIZE), PF_OK);
    memset(sc->flash + 0x12000, 0xff, APP - 0x12000);
    memset(sc->flash + APP + 0x8000, 0xff, 0x1f0000 - APP - 0x8000);
    for (size_t i = 0; i < APP_LEN; i++) {
        x = x * 1664525 + 1013904223;
        sc->app[i] = i / PF_SECTOR % 3 == 1 ? (uint8_t)(i >> 6) : (uint8_t)(x >> 24);
    }
    memset(sc->app + 4 * PF_SECTOR, 0xff, PF_SECTOR);
    memcpy(sc->app + 2 * PF_SECTOR, sc->flash + APP + 2 * PF_SECTOR, PF_SECTOR);
    for (int op = 0; op < OPS; op++) {
        sc->want[op] = malloc(SIZE);
        assert_non_null(sc->want[op]);
        memcpy(sc->want[op], sc->flash, SIZE);
    }
    memcpy(sc->want[WRITE] + APP, sc->app, APP_LEN);
    save(sc, "app.bin", sc->app, APP_LEN);
}

static void scene_close(struct scene *sc)
{
    clean(sc, "");
    for (int op = 0; op < OPS; op++)
        free(sc->want[op]);
    free(sc->flash);
}

/* The stream session begins with the capability query: a tap in front of the device
 * notes how many bytes had gone before it. */
struct tap {
    struct pf_transport base;
    struct pf_transport *sim;
    struct outcome *o;
};

static struct pf_transport *under(struct pf_transport *t)
{
    return ((struct tap *)t)->sim;
}

static enum pf_err tap_write(struct pf_transport *t, const uint8_t *buf, size_t len)
{
    struct tap *tap = (struct tap *)t;
    struct pf_sim_view view;

    if (len < 64 && memmem(buf, len, "PFS1", 4)) { /* not the stub, which knows the word */
        pf_sim_view(tap->sim, &view);
        tap->o->sent_from = view.host_bytes;
        tap->o->heard_from = view.tx_bytes;
    }
    return under(t)->ops->write(under(t), buf, len);
}

static enum pf_err tap_read(struct pf_transport *t, uint8_t *buf, size_t cap, uint64_t deadline,
                            size_t *got)
{
    return under(t)->ops->read(under(t), buf, cap, deadline, got);
}

static enum pf_err tap_drain(struct pf_transport *t)
{
    return under(t)->ops->drain(under(t));
}

static enum pf_err tap_set_baud(struct pf_transport *t, uint32_t baud)
{
    return under(t)->ops->set_baud(under(t), baud);
}

static enum pf_err tap_set_lines(struct pf_transport *t, unsigned lines)
{
    return under(t)->ops->set_lines(under(t), lines);
}

static enum pf_err tap_set_power(struct pf_transport *t, bool on)
{
    return under(t)->ops->set_power(under(t), on);
}

static enum pf_err tap_discard(struct pf_transport *t)
{
    return under(t)->ops->discard_input(under(t));
}

static uint64_t tap_now(struct pf_transport *t)
{
    return under(t)->ops->now(under(t));
}

static void tap_sleep(struct pf_transport *t, uint64_t us)
{
    under(t)->ops->sleep(under(t), us);
}

static const struct pf_transport_ops tap_ops = {.name = "tap",
                                                .read = tap_read,
                                                .write = tap_write,
                                                .drain = tap_drain,
                                                .set_baud = tap_set_baud,
                                                .set_lines = tap_set_lines,
                                                .set_power = tap_set_power,
                                                .discard_input = tap_discard,
                                                .now = tap_now,
                                                .sleep = tap_sleep};

static enum pf_err do_op(const struct scene *sc, enum op op, bool resume, struct pf_session *s,
                         struct outcome *o)
{
    char path[128], backup[128];
    enum pf_err err;

    if (op == BACKUP) {
        struct pf_backup_result res = {0};
        struct pf_backup_options opt = {.path = path, .force = true};

        path_in(sc, "out.bin", path, sizeof path);
        return pf_backup(s, &opt, &res);
    }
    struct pf_write_result *res = calloc(1, sizeof *res);
    struct pf_write_options opt = {
        .path = path, .at_given = true, .at = APP, .backup_path = backup, .resume = resume};

    assert_non_null(res);
    path_in(sc, "app.bin", path, sizeof path);
    path_in(sc, "before.bin", backup, sizeof backup);
    err = pf_write(s, &opt, res);
    snprintf(o->backup, sizeof o->backup, "%s", res->backup_path);
    free(res);
    return err;
}

static struct outcome run(const struct scene *sc, enum op op, const char *keys,
                          const uint8_t *flash, bool resume)
{
    struct outcome o = {0};
    struct tap w = {.base = {.ops = &tap_ops}, .o = &o};
    struct pf_ctx ctx = {0};
    struct pf_link_options link = {.chip = sc->chip, .sync_timeout_us = 20000000};
    struct pf_session *s = NULL;
    struct pf_sim_view view;
    char spec[128];

    snprintf(spec, sizeof spec, "%s%s", sc->chip, keys);
    assert_int_equal(pf_sim_open_flash(&ctx, spec, flash, SIZE, &w.sim), PF_OK);
    w.base.ctx = &ctx;
    w.base.caps = w.sim->caps;
    ctx.clock = w.sim;
    o.err = pf_session_open(&ctx, &w.base, &link, &s);
    o.streamed = s && s->proto->fetch;
    if (!o.err)
        o.err = do_op(sc, op, resume, s, &o);
    pf_session_close(s);
    snprintf(o.text, sizeof o.text, "%s", ctx.text);
    pf_sim_view(w.sim, &view);
    o.us = pf_now(w.sim);
    o.resets = view.resets;
    o.sent = view.host_bytes;
    o.heard = view.tx_bytes;
    o.ops = view.ops;
    o.fired = view.fault_fired;
    o.flash = malloc(SIZE);
    assert_non_null(o.flash);
    memcpy(o.flash, view.flash, SIZE);
    ctx.clock = NULL;
    w.sim->ops->close(w.sim);
    return o;
}

static struct outcome fresh(const struct scene *sc, enum op op, const char *keys)
{
    clean(sc, "out.bin* ");
    clean(sc, "before.bin*");
    return run(sc, op, keys, sc->flash, false);
}

static void judge(const struct scene *sc, enum op op, const struct outcome *o,
                  const struct outcome *sound, const char *what)
{
    char path[128];

    if (o->err)
        fail_msg("PF_STREAM=%s: %s: %s", what, pf_err_name(o->err), o->text);
    if (memcmp(o->flash, sc->want[op], SIZE) != 0)
        fail_msg("PF_STREAM=%s: OK, but the flash is wrong", what);
    path_in(sc, op == BACKUP ? "out.bin" : "before.bin", path, sizeof path);
    if (!file_is(path, sc->flash))
        fail_msg("PF_STREAM=%s: OK, but the backup is wrong", what);
    if (o->us > sound->us + LOST_US)
        fail_msg("PF_STREAM=%s: %.2f s instead of %.2f s", what, (double)o->us / 1e6,
                 (double)sound->us / 1e6);
    if (o->resets != sound->resets)
        fail_msg("PF_STREAM=%s: the chip was reset", what);
    if (!o->streamed)
        fail_msg("PF_STREAM=%s: it went on without streaming", what);
}

static const struct {
    const char *name, *arg;
} kinds[] = {{"drop", ""}, {"flip", ""}, {"dup", ""}, {"delay", ":400"}, {"burst", ":200"}};

static void sweep(const struct scene *sc, enum op op, const struct outcome *sound, char dir)
{
    const uint64_t from = dir == '>' ? sound->sent_from : sound->heard_from;
    const uint64_t to = dir == '>' ? sound->sent : sound->heard;
    const uint64_t stride = 1 + (to - from) * sweep_stride() / POSITIONS;

    assert_true(to > from);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        unsigned runs = 0;
        uint64_t worst = 0;

        /* Different positions for each kind; both ends, where the short frames are, densely. */
        for (uint64_t at = from + k; at < to;) {
            char keys[64], what[128];
            struct outcome o;

            snprintf(keys, sizeof keys, ",fault=%s%c@%llu%s", kinds[k].name, dir,
                     (unsigned long long)at, kinds[k].arg);
            snprintf(what, sizeof what, "%s/%s/%s", sc->chip, op_name[op], keys + 7);
            o = fresh(sc, op, keys);
            judge(sc, op, &o, sound, what);
            if (o.us > sound->us && o.us - sound->us > worst)
                worst = o.us - sound->us;
            free(o.flash);
            runs++;
            at += at < from + 90 || at + 90 > to ? 9 : stride;
        }
        print_message("[   LAW    ] %s/%s/%s%c: %u runs, at most %.2f s lost\n", sc->chip,
                      op_name[op], kinds[k].name, dir, runs, (double)worst / 1e6);
        assert_true(runs > 0);
    }
}

static void no_fault_on_the_wire_costs_more_than_two_seconds(void **state)
{
    const size_t *which = *state;
    const enum op op = (enum op)which[1];
    struct outcome sound;
    struct scene sc;

    scene_open(&sc, chips[which[0]]);
    sound = fresh(&sc, op, "");
    judge(&sc, op, &sound, &sound, "none");
    print_message("[   LAW    ] %s/%s: %.2f s, %llu bytes to, %llu from the stub\n", sc.chip,
                  op_name[op], (double)sound.us / 1e6,
                  (unsigned long long)(sound.sent - sound.sent_from),
                  (unsigned long long)(sound.heard - sound.heard_from));
    sweep(&sc, op, &sound, '>');
    sweep(&sc, op, &sound, '<');
    free(sound.flash);
    scene_close(&sc);
}

static void resume_finishes_a_write_cut_at_any_flash_operation(void **state)
{
    const size_t *which = *state;
    const unsigned stride = sweep_stride();
    struct outcome sound;
    struct scene sc;
    unsigned cuts = 0;

    scene_open(&sc, chips[which[0]]);
    sound = fresh(&sc, WRITE, "");
    assert_int_equal(sound.err, PF_OK);
    for (uint64_t at = 0; at < sound.ops; at += stride, cuts++) {
        struct outcome cut, again;
        char keys[64];

        snprintf(keys, sizeof keys, ",fault=powercut@%llu:stay", (unsigned long long)at);
        cut = fresh(&sc, WRITE, keys);
        if (cut.err != PF_ERR_PARTIAL || !cut.backup[0] || !file_is(cut.backup, sc.flash))
            fail_msg("%s%s: %s: %s", sc.chip, keys, pf_err_name(cut.err), cut.text);
        again = run(&sc, WRITE, "", cut.flash, true);
        if (again.err || memcmp(again.flash, sc.want[WRITE], SIZE) != 0)
            fail_msg("%s%s, resumed: %s: %s", sc.chip, keys, pf_err_name(again.err), again.text);
        if (strcmp(again.backup, cut.backup) != 0 || !file_is(again.backup, sc.flash))
            fail_msg("%s%s: the backup is not the first one", sc.chip, keys);
        free(cut.flash);
        free(again.flash);
    }
    print_message("[   LAW    ] %s: %u cuts, all resumed\n", sc.chip, cuts);
    assert_true(cuts > 0);
    free(sound.flash);
    scene_close(&sc);
}

static int replay(const char *what)
{
    for (size_t i = 0; i < 2; i++)
        for (int op = 0; op < OPS; op++) {
            char head[32], keys[64];
            struct outcome sound, o;
            struct scene sc;

            snprintf(head, sizeof head, "%s/%s/", chips[i], op_name[op]);
            if (strncmp(what, head, strlen(head)) != 0)
                continue;
            snprintf(keys, sizeof keys, ",fault=%s", what + strlen(head));
            scene_open(&sc, chips[i]);
            sound = fresh(&sc, (enum op)op, "");
            o = fresh(&sc, (enum op)op, keys);
            printf("%s: %s %s, %.3f s (%.3f s without), fired %d\n", what, pf_err_name(o.err),
                   o.text, (double)o.us / 1e6, (double)sound.us / 1e6, o.fired);
            free(sound.flash);
            free(o.flash);
            scene_close(&sc);
            return 0;
        }
    fprintf(stderr, "PF_STREAM=%s: no such run\n", what);
    return 2;
}

/* stream_law_test CHIP backup|write|cut; without arguments: all of them. */
int main(int argc, char **argv)
{
    const char *one = getenv("PF_STREAM");
    int failed = 0;

    if (one && *one)
        return replay(one);
    for (size_t i = 0; i < 2; i++)
        for (size_t op = 0; op <= OPS; op++) {
            const char *name = op < OPS ? op_name[op] : "cut";
            size_t which[2] = {i, op};
            char title[80];
            const struct CMUnitTest test[] = {
                {title,
                 op < OPS ? no_fault_on_the_wire_costs_more_than_two_seconds
                          : resume_finishes_a_write_cut_at_any_flash_operation,
                 NULL, NULL, which}};

            if ((argc > 1 && strcmp(argv[1], chips[i]) != 0) ||
                (argc > 2 && strcmp(argv[2], name) != 0))
                continue;
            snprintf(title, sizeof title, "%s_of_%s_obeys_the_law_of_streams", name, chips[i]);
            failed += cmocka_run_group_tests_name("the law of streams", test, NULL, NULL);
        }
    return failed != 0;
}
