/* scene.c - see scene.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/checksum.h"
#include "stream/scene.h"

#define HELD_US UINT64_C(10000)

const char *const chips[CHIPS] = {"ecr6600", "bl602"};

static uint32_t next_random(uint32_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 17;
    *x ^= *x << 5;
    return *x;
}

/* Sectors that are blank, text, code-like or noise, in turn. */
void fill(uint8_t *p, size_t len, uint32_t seed)
{
    static const uint8_t text[] = "the state of the relay is ";

    for (size_t at = 0; at < len; at += SECTOR) {
        uint32_t kind = next_random(&seed) % 5;

        for (size_t i = 0; i < SECTOR; i++) {
            uint32_t r = next_random(&seed);

            if (kind == 0)
                p[at + i] = 0xff;
            else if (kind == 1)
                p[at + i] = text[i % sizeof text];
            else
                p[at + i] = (uint8_t)(kind == 2 ? i % 16 * 16 + (r & 3) : r);
        }
    }
}

/* the spoiler --------------------------------------------------------------- */

static struct scene *spoil_of(struct pf_transport *t)
{
    return (struct scene *)(void *)t;
}

static bool spoil_mute(struct scene *sc)
{
    uint64_t now = pf_now(sc->sim);

    return (sc->bad_rate && sc->baud == sc->bad_rate) ||
           (now >= sc->mute_from && now < sc->mute_to);
}

static enum verdict spoil_judge(struct scene *sc, bool from_stub, const uint8_t *buf, size_t len)
{
    struct stream_frame f = stream_decode(buf, len, false);

    return f.what == STREAM_FRAME && f.used == len ? sc->spoil(sc, from_stub, &f) : PASS;
}

static enum pf_err spoil_write(struct pf_transport *t, const uint8_t *buf, size_t len)
{
    struct scene *sc = spoil_of(t);
    enum verdict v = sc->spoil ? spoil_judge(sc, false, buf, len) : PASS;
    uint8_t copy[STREAM_SIZE];

    if (v == LOSE || spoil_mute(sc)) { /* it takes its time all the same */
        memset(copy, 0, sizeof copy);
        return sc->sim->ops->write(sc->sim, copy, len < sizeof copy ? len : sizeof copy);
    }
    if (v == PASS)
        return sc->sim->ops->write(sc->sim, buf, len);
    memcpy(copy, buf, len);
    copy[len / 2] ^= 0x10;
    return sc->sim->ops->write(sc->sim, copy, len);
}

/* Hand on what is whole, without the frames that get lost. */
static void spoil_sift(struct scene *sc)
{
    while (sc->ready < sc->held_len) {
        uint8_t *at = sc->held + sc->ready;
        struct stream_frame f = stream_decode(at, sc->held_len - sc->ready, false);
        enum verdict v = PASS;

        if (f.what == STREAM_MORE)
            return;
        if (f.what == STREAM_FRAME)
            v = sc->spoil(sc, true, &f);
        at = sc->held + sc->ready; /* behind what was forged */
        if (v == SPOIL)
            at[f.used / 2] ^= 0x10;
        if (v == LOSE) {
            sc->held_len -= f.used;
            memmove(at, at + f.used, sc->held_len - sc->ready);
        } else {
            sc->ready += f.used;
        }
    }
}

static enum pf_err spoil_read(struct pf_transport *t, uint8_t *buf, size_t cap, uint64_t deadline,
                              size_t *got)
{
    struct scene *sc = spoil_of(t);

    *got = 0;
    for (;;) {
        size_t n = 0;
        enum pf_err err;

        if (sc->ready) {
            *got = sc->ready < cap ? sc->ready : cap;
            memcpy(buf, sc->held, *got);
            memmove(sc->held, sc->held + *got, sc->held_len - *got);
            sc->held_len -= *got;
            sc->ready -= *got;
            return PF_OK;
        }
        err = sc->sim->ops->read(sc->sim, sc->held + sc->held_len, sizeof sc->held - sc->held_len,
                                 deadline, &n);
        if (!n && sc->held_len && pf_now(sc->sim) > sc->held_us + HELD_US)
            sc->ready = sc->held_len; /* no frame, since it does not go on */
        if (!n && !sc->ready)
            return err;
        if (!n)
            continue;
        sc->held_us = pf_now(sc->sim);
        if (spoil_mute(sc))
            continue;
        sc->held_len += n;
        if (sc->spoil)
            spoil_sift(sc);
        else
            sc->ready = sc->held_len;
    }
}

static enum pf_err spoil_drain(struct pf_transport *t)
{
    return spoil_of(t)->sim->ops->drain(spoil_of(t)->sim);
}

static enum pf_err spoil_set_baud(struct pf_transport *t, uint32_t baud)
{
    spoil_of(t)->baud = baud;
    return spoil_of(t)->sim->ops->set_baud(spoil_of(t)->sim, baud);
}

static enum pf_err spoil_set_lines(struct pf_transport *t, unsigned lines)
{
    return spoil_of(t)->sim->ops->set_lines(spoil_of(t)->sim, lines);
}

static enum pf_err spoil_set_power(struct pf_transport *t, bool on)
{
    return spoil_of(t)->sim->ops->set_power(spoil_of(t)->sim, on);
}

static enum pf_err spoil_discard(struct pf_transport *t)
{
    spoil_of(t)->ready = spoil_of(t)->held_len = 0;
    return spoil_of(t)->sim->ops->discard_input(spoil_of(t)->sim);
}

static uint64_t spoil_now(struct pf_transport *t)
{
    return pf_now(spoil_of(t)->sim);
}

static void spoil_sleep(struct pf_transport *t, uint64_t us)
{
    pf_sleep(spoil_of(t)->sim, us);
}

static void spoil_close(struct pf_transport *t)
{
    (void)t; /* the scene lives on */
}

static const struct pf_transport_ops spoil_ops = {
    .name = "spoil",
    .read = spoil_read,
    .write = spoil_write,
    .drain = spoil_drain,
    .set_baud = spoil_set_baud,
    .set_lines = spoil_set_lines,
    .set_power = spoil_set_power,
    .discard_input = spoil_discard,
    .now = spoil_now,
    .sleep = spoil_sleep,
    .close = spoil_close,
};

void scene_forge(struct scene *sc, uint8_t type, uint16_t seq, const uint8_t *payload, size_t len)
{
    uint8_t frame[STREAM_SIZE];
    size_t n = stream_encode(frame, sizeof frame, type, seq, payload, len);

    assert_true(n && sc->held_len + n <= sizeof sc->held);
    memmove(sc->held + sc->ready + n, sc->held + sc->ready, sc->held_len - sc->ready);
    memcpy(sc->held + sc->ready, frame, n);
    sc->ready += n;
    sc->held_len += n;
}

/* scenes -------------------------------------------------------------------- */

static bool sink(void *user, const struct pf_event *ev)
{
    struct scene *sc = user;

    sc->retries += ev->kind == PF_EV_RETRY;
    sc->warnings += ev->kind == PF_EV_WARNING;
    if (getenv("SHOW") && ev->text && ev->kind != PF_EV_PROGRESS)
        print_message("  %.6f %s: %s\n", (double)ev->at_us / 1e6, pf_event_name(ev->kind),
                      ev->text);
    if (ev->kind == PF_EV_CHIP)
        for (size_t i = 0; i < ev->nfields; i++)
            if (strcmp(ev->fields[i].name, "loader") == 0)
                snprintf(sc->loader, sizeof sc->loader, "%s", ev->fields[i].v.str);
    return true;
}

/* A device with `keys`, not linked to yet. */
struct scene *scene_new(const char *chip, const char *keys)
{
    struct scene *sc = calloc(1, sizeof *sc);
    char spec[256];

    assert_non_null(sc);
    sc->flash = malloc(SIZE);
    assert_non_null(sc->flash);
    fill(sc->flash, SIZE, 12345);
    memset(sc->flash, 0xff, 0x1000); /* no table: the common layout */
    sc->ctx.sink = sink;
    sc->ctx.user = sc;
    snprintf(spec, sizeof spec, "%s%s", chip, keys);
    if (pf_sim_open_flash(&sc->ctx, spec, sc->flash, SIZE, &sc->sim))
        fail_msg("sim:%s: %s", spec, sc->ctx.text);
    sc->spoiler = *sc->sim;
    sc->spoiler.ops = &spoil_ops;
    sc->spoiler.ctx = &sc->ctx;
    sc->port = &sc->spoiler;
    sc->ctx.clock = sc->port;
    return sc;
}

enum pf_err scene_link(struct scene *sc, const char *chip, struct pf_link_options opt)
{
    enum pf_err err;

    opt.chip = chip;
    opt.sync_timeout_us = 60000000;
    err = pf_session_open(&sc->ctx, sc->port, &opt, &sc->s);
    sc->opened_us = pf_now(sc->port);
    return err;
}

void scene_must(struct scene *sc, enum pf_err err)
{
    if (err)
        fail_msg("%s: %s", pf_err_name(err), sc->ctx.text);
}

struct scene *scene_open(const char *chip, const char *keys)
{
    struct scene *sc = scene_new(chip, keys);

    scene_must(sc, scene_link(sc, chip, (struct pf_link_options){0}));
    return sc;
}

void scene_close(struct scene *sc)
{
    struct pf_sim_view v;

    pf_sim_view(sc->sim, &v);
    assert_int_equal(v.violations, 0);
    assert_int_equal(v.overruns, 0); /* never more is sent than it has room for */
    if (sc->s)
        pf_session_close(sc->s);
    sc->ctx.clock = NULL;
    sc->port->ops->close(sc->port); /* those around us too */
    sc->sim->ops->close(sc->sim);
    free(sc->flash);
    free(sc);
}

double scene_seconds(const struct scene *sc, uint64_t since)
{
    return (double)(pf_now(sc->port) - since) / 1e6;
}

/* fetch --------------------------------------------------------------------- */

struct take {
    uint8_t *buf;
    uint32_t addr, next;
    size_t stop_at;
};

static enum pf_err take(void *user, uint32_t at, const uint8_t *data)
{
    struct take *t = user;

    assert_int_equal(at, t->next); /* once each, in order */
    t->next += SECTOR;
    memcpy(t->buf + (at - t->addr), data, SECTOR);
    return t->stop_at && at - t->addr + SECTOR >= t->stop_at ? PF_ERR_CANCELED : PF_OK;
}

enum pf_err fetch(struct scene *sc, uint32_t addr, size_t len)
{
    uint8_t *buf = malloc(len), sha[32];
    struct take t = {.buf = buf, .addr = addr, .next = addr};
    struct pf_digest d;
    enum pf_err err;

    assert_non_null(buf);
    err = sc->s->proto->fetch(sc->s, addr, len, take, &t, &d);
    if (!err) {
        assert_int_equal(t.next, addr + len);
        assert_memory_equal(buf, sc->flash + addr, len);
        pf_sha256(buf, len, sha);
        assert_memory_equal(d.sha256, sha, sizeof sha);
    }
    free(buf);
    return err;
}

/* store --------------------------------------------------------------------- */

static enum pf_err done(void *user, size_t n)
{
    size_t *last = user;

    assert_true(n > *last && n % SECTOR == 0);
    *last = n;
    return PF_OK;
}

/* New contents for some sectors of [addr, addr+len); sc->flash then has them. */
enum pf_err store(struct scene *sc, uint32_t addr, size_t len, uint32_t seed)
{
    uint8_t *data = malloc(len), *differ = calloc(1, len / SECTOR), *was = malloc(SIZE), sha[32];
    size_t last = 0;
    struct pf_digest d;
    struct pf_sim_view v;
    enum pf_err err;

    assert_true(data && differ && was);
    memcpy(was, sc->flash, SIZE);
    fill(data, len, seed);
    for (size_t i = 0; i < len / SECTOR; i++) {
        uint8_t *p = data + i * SECTOR;

        if (i % 7 == 3 || i / 16 == 2)
            memcpy(p, sc->flash + addr + i * SECTOR, SECTOR);
        differ[i] = memcmp(p, sc->flash + addr + i * SECTOR, SECTOR) != 0;
    }
    err = sc->s->proto->store(sc->s, addr, len, data, differ, done, &last, &d);
    pf_sim_view(sc->sim, &v);
    if (!err) {
        assert_int_equal(last, len);
        memcpy(sc->flash + addr, data, len);
        assert_memory_equal(v.flash, sc->flash, SIZE);
        pf_sha256(data, len, sha);
        assert_memory_equal(d.sha256, sha, sizeof sha);
    }
    for (size_t i = 0; i < SIZE / SECTOR; i++) {
        uint32_t at = (uint32_t)(i * SECTOR);
        bool may = at >= addr && at < addr + len && differ[(at - addr) / SECTOR];

        if (!may)
            assert_memory_equal(v.flash + at, was + at, SECTOR);
    }
    free(data);
    free(differ);
    free(was);
    return err;
}

uint64_t scene_resets(struct scene *sc)
{
    struct pf_sim_view v;

    pf_sim_view(sc->sim, &v);
    return v.resets;
}
