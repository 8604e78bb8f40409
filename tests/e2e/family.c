/* family.c - see family.h. */
#include "family.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/make_bl.h"
#include "image/make_ecr.h"

/* the tap -------------------------------------------------------------------- */

static struct unit_tap *tap_of(struct pf_transport *t)
{
    return (struct unit_tap *)t;
}

/* Like the device, but for what the tap does to it. */
static enum pf_err tap_read(struct pf_transport *t, uint8_t *buf, size_t cap, uint64_t deadline,
                            size_t *got)
{
    struct unit_tap *tap = tap_of(t);
    uint64_t end = deadline;
    enum pf_err err;

    if (tap->noise_us && tap->noise_at < end)
        end = tap->noise_at;
    do
        err = tap->under->ops->read(tap->under, buf, cap, end, got);
    while (!err && tap->mute);
    if (err != PF_ERR_TIMEOUT || !tap->noise_us || end == deadline)
        return err;
    tap->noise_at = pf_now(tap->under) + tap->noise_us;
    buf[0] = tap->noise;
    *got = 1;
    return PF_OK;
}

static enum pf_err tap_write(struct pf_transport *t, const uint8_t *buf, size_t len)
{
    struct unit_tap *tap = tap_of(t);

    if (tap->heard)
        tap->heard(tap->user, buf, len);
    return tap->under->ops->write(tap->under, buf, len);
}

static enum pf_err tap_drain(struct pf_transport *t)
{
    return tap_of(t)->under->ops->drain(tap_of(t)->under);
}

static enum pf_err tap_set_baud(struct pf_transport *t, uint32_t baud)
{
    return pf_set_baud(tap_of(t)->under, baud);
}

static enum pf_err tap_set_lines(struct pf_transport *t, unsigned lines)
{
    return pf_set_lines(tap_of(t)->under, lines);
}

static enum pf_err tap_set_power(struct pf_transport *t, bool on)
{
    return pf_set_power(tap_of(t)->under, on);
}

static enum pf_err tap_discard(struct pf_transport *t)
{
    return tap_of(t)->under->ops->discard_input(tap_of(t)->under);
}

static uint64_t tap_now(struct pf_transport *t)
{
    return pf_now(tap_of(t)->under);
}

static void tap_sleep(struct pf_transport *t, uint64_t us)
{
    pf_sleep(tap_of(t)->under, us);
}

static void tap_close(struct pf_transport *t)
{
    tap_of(t)->under->ops->close(tap_of(t)->under);
    free(t);
}

static const struct pf_transport_ops tap_ops = {
    .name = "tap",
    .read = tap_read,
    .write = tap_write,
    .drain = tap_drain,
    .set_baud = tap_set_baud,
    .set_lines = tap_set_lines,
    .set_power = tap_set_power,
    .discard_input = tap_discard,
    .now = tap_now,
    .sleep = tap_sleep,
    .close = tap_close,
};

static struct unit_tap *tap_open(struct pf_ctx *ctx, struct pf_transport *under)
{
    struct unit_tap *tap = calloc(1, sizeof *tap);

    assert_non_null(tap);
    tap->base.ops = &tap_ops;
    tap->base.ctx = ctx;
    tap->base.caps = under->caps;
    tap->under = under;
    return tap;
}

/* a unit --------------------------------------------------------------------- */

uint8_t *unit_factory(const char *chip, uint32_t size, uint32_t seed, const uint8_t mac[6])
{
    static const uint8_t usual[6] = {0x84, 0xe3, 0x42, 0x0a, 0x0b, 0x0c};
    uint8_t *flash = malloc(size);

    assert_non_null(flash);
    assert_int_equal(pf_sim_factory(chip, seed, mac ? mac : usual, flash, size), PF_OK);
    return flash;
}

static void unit_tell(struct unit *u, const struct pf_field *f)
{
    size_t at = strlen(u->told), room = sizeof u->told - at;

    if (f->type == PF_FIELD_STR)
        snprintf(u->told + at, room, "%s=%s\n", f->name, f->v.str);
    else if (f->type == PF_FIELD_UINT || f->type == PF_FIELD_HEX)
        snprintf(u->told + at, room, "%s=%llu\n", f->name, (unsigned long long)f->v.uint);
}

static bool unit_sink(void *user, const struct pf_event *ev)
{
    for (size_t i = 0; ev->kind == PF_EV_CHIP && i < ev->nfields; i++)
        unit_tell(user, &ev->fields[i]);
    return true;
}

void unit_plug(struct unit *u, const char *chip, const char *keys, const uint8_t *flash,
               uint32_t size)
{
    char spec[512];

    memset(u, 0, sizeof *u);
    snprintf(u->dir, sizeof u->dir, "%s/plugflash-family-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(u->dir));
    u->was = malloc(size);
    assert_non_null(u->was);
    memcpy(u->was, flash, size);
    u->size = size;
    snprintf(spec, sizeof spec, "%s%s", chip, keys);
    if (pf_sim_open_flash(&u->ctx, spec, flash, size, &u->sim))
        fail_msg("sim:%s: %s", spec, u->ctx.text);
    u->tap = tap_open(&u->ctx, u->sim);
    u->ctx.clock = &u->tap->base;
    u->ctx.sink = unit_sink;
    u->ctx.user = u;
    u->link = (struct pf_link_options){.chip = chip, .sync_timeout_us = 30000000};
    u->link.stub = u->stub;
    if (strcmp(chip, "ecr6600") == 0)
        u->link.stub_len = make_ecr_stub(u->stub, NULL);
    else if (strcmp(chip, "bl602") == 0)
        u->link.stub_len = make_bl_loader(u->stub, 0x1400);
    else
        u->link.stub = NULL;
}

enum pf_err unit_link(struct unit *u)
{
    return pf_session_open(&u->ctx, &u->tap->base, &u->link, &u->s);
}

void unit_open(struct unit *u, const char *chip, const char *keys, const uint8_t *flash,
               uint32_t size)
{
    unit_plug(u, chip, keys, flash, size);
    unit_assert_ok(u, unit_link(u), keys);
}

void unit_close(struct unit *u)
{
    char cmd[80];

    pf_session_close(u->s);
    u->ctx.clock = NULL;
    u->tap->base.ops->close(&u->tap->base);
    free(u->was);
    snprintf(cmd, sizeof cmd, "rm -rf %s", u->dir);
    assert_int_equal(system(cmd), 0);
}

const char *unit_path(struct unit *u, const char *name)
{
    char *out = u->path[u->paths++ % 4];

    snprintf(out, sizeof u->path[0], "%s/%s", u->dir, name);
    return out;
}

void unit_save(struct unit *u, const char *name, const uint8_t *data, size_t len)
{
    FILE *f = fopen(unit_path(u, name), "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

/* operations ----------------------------------------------------------------- */

enum pf_err unit_backup(struct unit *u, const char *name)
{
    struct pf_backup_options opt = {.path = unit_path(u, name)};

    return pf_backup(u->s, &opt, &u->backup);
}

static struct pf_write_options unit_options(struct unit *u, const char *name,
                                            const struct pf_write_options *opt)
{
    struct pf_write_options o = {.no_backup = true};

    if (opt)
        o = *opt;
    o.path = unit_path(u, name);
    return o;
}

enum pf_err unit_write(struct unit *u, const char *name, const struct pf_write_options *opt)
{
    const struct pf_write_options o = unit_options(u, name, opt);

    return pf_write(u->s, &o, &u->res);
}

enum pf_err unit_write_at(struct unit *u, uint32_t at, const uint8_t *data, size_t len)
{
    const struct pf_write_options opt = {.no_backup = true, .at_given = true, .at = at};

    unit_save(u, "part.bin", data, len);
    return unit_write(u, "part.bin", &opt);
}

enum pf_err unit_restore(struct unit *u, const char *name, const struct pf_write_options *opt)
{
    const struct pf_write_options o = unit_options(u, name, opt);

    return pf_restore(u->s, &o, &u->res);
}

enum pf_err unit_verify(struct unit *u, const char *name, bool at_given, uint32_t at)
{
    struct pf_verify_result *res = calloc(1, sizeof *res);
    enum pf_err err;

    assert_non_null(res);
    err = pf_verify(u->s, unit_path(u, name), at_given, at, res);
    free(res);
    return err;
}

enum pf_err unit_erase(struct unit *u, uint32_t addr, size_t len)
{
    const struct pf_erase_options opt = {.addr = addr, .len = len, .no_backup = true};

    return pf_erase(u->s, &opt, &u->res);
}

/* judgements ----------------------------------------------------------------- */

const uint8_t *unit_flash(struct unit *u)
{
    struct pf_sim_view view;

    pf_sim_view(u->sim, &view);
    return view.flash;
}

void unit_assert_ok(struct unit *u, enum pf_err err, const char *what)
{
    if (err)
        fail_msg("%s: %s: %s", what, pf_err_name(err), u->ctx.text);
}

static void assert_same(const uint8_t *have, const uint8_t *want, size_t len, const char *what)
{
    size_t at = 0;

    if (memcmp(have, want, len) == 0)
        return;
    while (have[at] == want[at])
        at++;
    fail_msg("%s: 0x%02x at 0x%06zx, expected 0x%02x", what, have[at], at, want[at]);
}

void unit_assert_holds(struct unit *u, const uint8_t *want, const char *what)
{
    struct pf_sim_view view;

    pf_sim_view(u->sim, &view);
    assert_same(view.flash, want, u->size, what);
}

void unit_assert_erased_first(struct unit *u, const char *what)
{
    struct pf_sim_view view;

    pf_sim_view(u->sim, &view);
    if (view.violations)
        fail_msg("%s: %llu bytes were programmed that had not been erased", what,
                 (unsigned long long)view.violations);
}

void unit_assert_file(struct unit *u, const char *name, const uint8_t *want, const char *what)
{
    uint8_t *have = malloc(u->size + 1);
    FILE *f = fopen(unit_path(u, name), "rb");

    assert_non_null(have);
    assert_non_null(f);
    assert_int_equal(fread(have, 1, u->size + 1, f), u->size);
    fclose(f);
    assert_same(have, want, u->size, what);
    free(have);
}

void unit_assert_only(struct unit *u, uint32_t lo, uint32_t hi, const char *what)
{
    struct pf_sim_view view;

    pf_sim_view(u->sim, &view);
    for (uint32_t at = 0; at < u->size; at += PF_SECTOR)
        if (view.touched[at / PF_SECTOR] && (at < lo || at >= hi))
            fail_msg("%s: the sector at 0x%06x was touched, outside of 0x%06x..0x%06x", what, at,
                     lo, hi);
}

void unit_assert_untouched(struct unit *u, const char *what)
{
    struct pf_sim_view view;

    pf_sim_view(u->sim, &view);
    if (view.ops)
        fail_msg("%s: %llu erases and programs", what, (unsigned long long)view.ops);
    unit_assert_holds(u, u->was, what);
}

void unit_assert_refused(struct unit *u, enum pf_err err, enum pf_err code,
                         const char *const *words, const char *what)
{
    if (err != code)
        fail_msg("%s: %s instead of %s: %s", what, pf_err_name(err), pf_err_name(code),
                 u->ctx.text);
    for (; *words; words++)
        if (!strstr(u->ctx.text, *words))
            fail_msg("%s: no \"%s\" in: %s", what, *words, u->ctx.text);
}

void unit_round_trip(struct unit *u, uint32_t addr, uint32_t len, const char *what)
{
    const uint32_t at = addr + 0x1300, n = len - 0x2600; /* inside, not on sectors */
    uint8_t *want = malloc(u->size), *data = malloc(n);
    enum pf_err err;

    assert_non_null(want);
    assert_non_null(data);
    memcpy(want, u->was, u->size);
    unit_noise(data, n, addr + len);

    unit_assert_ok(u, unit_backup(u, "whole.bin"), what);
    unit_assert_file(u, "whole.bin", u->was, what);
    unit_assert_untouched(u, what);

    unit_assert_ok(u, unit_erase(u, addr, len), what);
    memset(want + addr, 0xff, len);
    unit_assert_holds(u, want, what);

    unit_assert_ok(u, unit_write_at(u, at, data, n), what);
    memcpy(want + at, data, n);
    unit_assert_holds(u, want, what);
    unit_assert_ok(u, unit_verify(u, "part.bin", true, at), what);
    err = unit_verify(u, "whole.bin", true, 0);
    if (err != PF_ERR_VERIFY)
        fail_msg("%s: verify of what is not there: %s: %s", what, pf_err_name(err), u->ctx.text);

    unit_assert_ok(u, unit_restore(u, "whole.bin", NULL), what);
    unit_assert_holds(u, u->was, what);
    unit_assert_ok(u, unit_verify(u, "whole.bin", false, 0), what);
    unit_assert_only(u, addr, addr + len, what);
    unit_assert_erased_first(u, what);
    free(data);
    free(want);
}

/* many units --------------------------------------------------------------------- */

void unit_gets_in(const char *chip, const char *grammar, unsigned runs)
{
    const char *text = getenv("PF_SYNC_SEED"), *hole = strstr(grammar, "%u");
    const uint32_t seed = text && *text ? (uint32_t)strtoul(text, NULL, 0) : 1;
    uint8_t *flash = unit_factory(chip, 0x200000, 1, NULL);
    uint64_t worst = 0;
    uint32_t x = seed;

    for (unsigned i = 0; i < runs; i++) {
        const uint32_t ms = 1 + unit_random(&x) % 3000;
        char keys[128], what[192];
        struct unit u;
        uint64_t start;

        if (hole)
            snprintf(keys, sizeof keys, "%.*s%u%s", (int)(hole - grammar), grammar, ms, hole + 2);
        else
            snprintf(keys, sizeof keys, "%s", grammar);
        snprintf(what, sizeof what, "PF_SYNC_SEED=%u, run %u, %u ms%s", seed, i, ms, keys);
        unit_plug(&u, chip, keys, flash, 0x200000);
        if (!hole)
            pf_sleep(u.sim, ms * 1000u);
        start = pf_now(u.sim);
        unit_assert_ok(&u, unit_link(&u), what);
        if (u.s->id.synced_us - start > worst)
            worst = u.s->id.synced_us - start;
        unit_close(&u);
    }
    print_message("[   SYNC   ] PF_SYNC_SEED=%u: %u of %u, worst %.2f s\n", seed, runs, runs,
                  (double)worst / 1e6);
    free(flash);
}

void unit_is_diagnosed(const char *chip, const struct unit_line *line)
{
    uint8_t *flash = unit_factory(chip, 0x200000, 1, NULL);
    struct unit u;

    unit_plug(&u, chip, line->keys, flash, 0x200000);
    u.link.sync_timeout_us = 12000000;
    u.link.boot_baud = line->boot_baud;
    u.tap->noise = line->noise;
    u.tap->noise_us = line->noise_us;
    unit_assert_refused(&u, unit_link(&u), PF_ERR_SYNC, line->words, line->keys);
    assert_int_equal(pf_exit_status(u.ctx.err), 4);
    assert_null(u.s);
    unit_assert_untouched(&u, line->keys);
    unit_close(&u);
    free(flash);
}

void unit_refuses_file(struct unit *u, const char *name, const uint8_t *data, size_t len,
                       const char *word, const char *another)
{
    const char *const words[] = {word, another, NULL};

    unit_save(u, name, data, len);
    unit_assert_refused(u, unit_write(u, name, NULL), PF_ERR_CHIP, words, name);
    assert_int_equal(pf_exit_status(u->ctx.err), 5);
    unit_assert_untouched(u, name);
}

uint32_t unit_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

void unit_noise(uint8_t *out, size_t len, uint32_t seed)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)unit_random(&seed);
}
