/* stream_rig.c - see stream_rig.h. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "stubs/stream_rig.h"

#define PATIENCE_US 400000u
#define TRIES       12u

/* ---- a plain language that does nothing but enter the stream ---- */

static struct rig *the_rig;

static void plain_reset(struct stub *s)
{
    (void)s;
    the_rig->resets++;
}

static size_t plain_rx(struct stub *s, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        the_rig->plains++;
        if (data[i] == 0xb0) {
            stub_enter_stream(s);
            return i + 1;
        }
    }
    return len;
}

static bool plain_work(struct stub *s)
{
    (void)s;
    return false;
}

static const struct stub_family family = {
    .id = STUB_FAMILY_ECR6600, .reset = plain_reset, .rx = plain_rx, .work = plain_work};

struct rig *rig_make(void)
{
    struct rig *r = calloc(1, sizeof *r);

    must(r);
    the_rig = r;
    fake_init(&r->h);
    r->h.efuse[0x22] = 1;
    rig_restart(r);
    return r;
}

void rig_free(struct rig *r)
{
    fake_fini(&r->h);
    free(r);
}

void rig_restart(struct rig *r)
{
    static const uint8_t enter = 0xb0;

    fake_power_on(&r->h);
    r->h.host_baud = r->h.chip_baud = 2000000;
    r->in_len = 0;
    r->h.heard_at = r->h.heard_len;
    memset(&r->up, 0, sizeof r->up);
    memset(&r->down, 0, sizeof r->down);
    stub_init(&r->s, &family, &r->h);
    fake_send(&r->h, &enter, 1);
    fake_run(&r->h, &r->s, 1000);
    must(r->s.streaming);
}

/* ---- frames ---- */

size_t rig_seal(uint8_t *buf, uint8_t type, uint16_t seq, const void *payload, size_t len)
{
    buf[0] = 0xb5;
    buf[1] = type;
    stub_put16(buf + 2, seq);
    stub_put16(buf + 4, (uint32_t)len);
    stub_put16(buf + 6, (uint32_t)crc32(0, buf, 6));
    if (len)
        memcpy(buf + 8, payload, len);
    stub_put32(buf + 8 + len, (uint32_t)crc32(0, buf, (uInt)(8 + len)));
    return len + 12;
}

void rig_send(struct rig *r, uint8_t type, uint16_t seq, const void *payload, size_t len)
{
    uint8_t buf[STUB_FRAME_SIZE];
    size_t n = rig_seal(buf, type, seq, payload, len);
    enum rig_fault fault = r->sent++ == r->up.nth ? r->up.fault : RIG_FINE;

    if (fault == RIG_LOST)
        return;
    if (fault == RIG_FLIPPED)
        buf[n * r->up.where / 8] ^= 0x10;
    fake_send(&r->h, buf, fault == RIG_CUT ? n * r->up.where / 8 : n);
    if (fault == RIG_TWICE)
        fake_send(&r->h, buf, n);
}

static void rig_drop(struct rig *r, size_t n)
{
    r->in_len -= n;
    memmove(r->in, r->in + n, r->in_len);
}

/* A frame out of what was heard. */
static bool rig_parse(struct rig *r, struct rig_frame *f)
{
    size_t at = 0;

    for (; at < r->in_len; at++) {
        const uint8_t *p = r->in + at;
        size_t left = r->in_len - at, n;

        if (*p != 0xb5)
            continue;
        if (left < 8)
            break;
        n = stub_get16(p + 4);
        if (n > STUB_FRAME_MAX || (uint16_t)crc32(0, p, 6) != stub_get16(p + 6))
            continue;
        if (left < n + 12)
            break;
        if ((uint32_t)crc32(0, p, (uInt)(n + 8)) != stub_get32(p + 8 + n))
            continue;
        f->type = p[1];
        f->seq = stub_get16(p + 2);
        f->len = (uint16_t)n;
        memcpy(f->payload, p + 8, n);
        rig_drop(r, at + n + 12);
        return true;
    }
    rig_drop(r, at);
    return false;
}

/* As it comes out of the adapter: false: it does not. */
static bool rig_hear(struct rig *r, const struct rig_frame *f)
{
    enum rig_fault fault = r->heard++ == r->down.nth ? r->down.fault : RIG_FINE;

    if (fault == RIG_LOST || fault == RIG_FLIPPED || fault == RIG_CUT)
        return false;
    r->again = fault == RIG_TWICE;
    r->last = *f;
    if (f->type == STUB_BUSY)
        r->busies++;
    if (f->type == STUB_WRITE_ACK)
        r->acks++, r->naks += f->payload[4];
    return true;
}

bool rig_next(struct rig *r, struct rig_frame *f, uint32_t us)
{
    uint64_t end = r->h.now_ns + (uint64_t)us * 1000;

    if (r->again) {
        r->again = false;
        *f = r->last;
        return true;
    }
    for (;;) {
        size_t n = fake_take(&r->h, r->in + r->in_len, sizeof r->in - r->in_len);

        r->in_len += n;
        if (n)
            r->in_us = fake_now_us(&r->h);
        if (rig_parse(r, f)) {
            if (rig_hear(r, f))
                return true;
            continue;
        }
        if (r->in_len && fake_now_us(&r->h) - r->in_us > 20000)
            rig_drop(r, 1);
        else if (r->h.now_ns >= end)
            return false;
        fake_step(&r->h, &r->s);
    }
}

uint8_t rig_command(struct rig *r, uint8_t type, const void *payload, size_t len,
                    struct rig_frame *reply)
{
    struct rig_frame mine, *f = reply ? reply : &mine;

    r->seq++;
    for (unsigned i = 0; i < TRIES; i++) {
        uint64_t end, busy;

        rig_send(r, type, r->seq, payload, len);
        end = r->h.to_chip.free_ns / 1000 + PATIENCE_US;
        while (fake_now_us(&r->h) < end && rig_next(r, f, (uint32_t)(end - fake_now_us(&r->h)))) {
            if (f->type == (type | STUB_REPLY) && f->seq == r->seq)
                return f->payload[0];
            busy = fake_now_us(&r->h) + PATIENCE_US;
            end = f->type == STUB_BUSY ? busy : end;
        }
    }
    return 255;
}

uint8_t rig_span(struct rig *r, uint8_t type, uint32_t addr, uint32_t len, struct rig_frame *reply)
{
    uint8_t payload[8];

    stub_put32(payload, addr);
    stub_put32(payload + 4, len);
    return rig_command(r, type, payload, 8, reply);
}

bool rig_hello(struct rig *r)
{
    struct rig_frame f;

    return rig_command(r, STUB_HELLO, NULL, 0, &f) == 1 && f.len == 32;
}

void rig_sha(const uint8_t *data, size_t len, uint8_t out[32])
{
    struct stub_sha256 c;
    struct stub_hal quiet;

    memset(&quiet, 0, sizeof quiet);
    stub_sha256_init(&c);
    stub_sha256_update(&c, &quiet, data, len);
    stub_sha256_final(&c, &quiet, out);
}

/* ---- reading ---- */

static bool rig_inflate(const uint8_t *in, size_t len, uint8_t *out, size_t history)
{
    z_stream z = {.next_in = (uint8_t *)(uintptr_t)in,
                  .avail_in = (uInt)len,
                  .next_out = out,
                  .avail_out = STUB_SECTOR};
    int err;

    if (inflateInit2(&z, -15) != Z_OK)
        return false;
    if (history)
        inflateSetDictionary(&z, out - history, (uInt)history);
    err = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    return err == Z_STREAM_END && !z.avail_in && !z.avail_out;
}

static bool rig_unpack(const uint8_t *in, size_t len, uint8_t *out, uint32_t span)
{
    uint32_t at = 0;

    while (len >= 3) {
        uint32_t kind = in[0], arg = stub_get16(in + 1);

        in += 3;
        len -= 3;
        if (kind == STUB_UNIT_BLANK) {
            if (!arg || arg * STUB_SECTOR > span - at)
                return false;
            memset(out + at, 0xff, arg * STUB_SECTOR);
            at += arg * STUB_SECTOR;
            continue;
        }
        if (arg > len || at == span)
            return false;
        if (kind == STUB_UNIT_RAW && arg == STUB_SECTOR)
            memcpy(out + at, in, arg);
        else if (kind != STUB_UNIT_DEFLATE || !rig_inflate(in, arg, out + at, at ? STUB_SECTOR : 0))
            return false;
        in += arg;
        len -= arg;
        at += STUB_SECTOR;
    }
    return !len && at == span;
}

static void rig_read_ack(struct rig *r, uint16_t want, bool nak)
{
    uint8_t payload[3];

    stub_put16(payload, want);
    payload[2] = nak;
    rig_send(r, STUB_READ_ACK, r->seq, payload, 3);
}

/* DATA into `all` until END. */
static uint8_t rig_read_frames(struct rig *r, uint8_t *all, size_t cap, size_t *len,
                               struct rig_frame *f)
{
    uint16_t want = (uint16_t)(r->seq + 1);
    unsigned silent = 0;
    bool gap = false;

    while (silent < TRIES) {
        if (!rig_next(r, f, PATIENCE_US)) {
            rig_read_ack(r, want, true);
            silent++;
            continue;
        }
        silent = 0;
        if (f->type != STUB_READ_DATA && f->type != STUB_READ_END)
            continue;
        if (f->seq != want) {
            if (!gap)
                rig_read_ack(r, want, true);
            gap = true;
            continue;
        }
        gap = false;
        rig_read_ack(r, ++want, false);
        if (f->type == STUB_READ_END) {
            r->seq = (uint16_t)(want + 300);
            return f->len == 33 ? f->payload[0] : 254;
        }
        if (*len + f->len > cap)
            return 254;
        memcpy(all + *len, f->payload, f->len);
        *len += f->len;
    }
    return 255;
}

uint8_t rig_read(struct rig *r, uint32_t addr, uint32_t len, uint8_t kind, uint8_t flags,
                 uint8_t *out)
{
    uint8_t payload[10], sha[32] = {0}, *all = malloc(len + len / 8 + 4096), status;
    struct rig_frame f;
    size_t got = 0;

    must(all);
    stub_put32(payload, addr);
    stub_put32(payload + 4, len);
    payload[8] = kind;
    payload[9] = flags;
    status = rig_command(r, STUB_READ, payload, sizeof payload, &f);
    if (!status)
        status = rig_read_frames(r, all, len + len / 8 + 4096, &got, &f);
    if (!status && kind) {
        if (got == len / 1024)
            memcpy(out, all, got);
        else
            status = 254;
    } else if (!status) {
        status = rig_unpack(all, got, out, len) ? 0 : 254;
        rig_sha(out, len, sha);
    }
    if (!status && memcmp(sha, f.payload + 1, 32) != 0)
        status = 254;
    free(all);
    return status;
}

/* ---- writing ---- */

static size_t rig_deflate(const uint8_t *in, size_t history, uint8_t *out)
{
    z_stream z = {.next_in = (uint8_t *)(uintptr_t)in,
                  .avail_in = STUB_SECTOR,
                  .next_out = out,
                  .avail_out = STUB_SECTOR - 1};
    int err;

    if (deflateInit2(&z, 9, Z_DEFLATED, -12, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        return 0;
    if (history)
        deflateSetDictionary(&z, in - history, (uInt)history);
    err = deflate(&z, Z_FINISH);
    deflateEnd(&z);
    return err == Z_STREAM_END ? STUB_SECTOR - 1 - z.avail_out : 0;
}

static bool all_ff(const uint8_t *p)
{
    return p[0] == 0xff && !memcmp(p, p + 1, STUB_SECTOR - 1);
}

size_t rig_units(const uint8_t *have, const uint8_t *want, uint32_t len, uint8_t *bitmap,
                 uint8_t *units)
{
    uint32_t sectors = len / STUB_SECTOR;
    uint8_t *u = units;

    memset(bitmap, 0, (sectors + 7) / 8);
    for (uint32_t i = 0, run; i < sectors; i += run) {
        const uint8_t *w = want + i * STUB_SECTOR, *h = have + i * STUB_SECTOR;

        run = 0;
        while (i + run < sectors &&
               !memcmp(w + run * STUB_SECTOR, h + run * STUB_SECTOR, STUB_SECTOR))
            run++;
        if (run) {
            u[0] = STUB_UNIT_SAME;
            stub_put16(u + 1, run);
            stub_put32(u + 3, (uint32_t)crc32(0, w, run * STUB_SECTOR));
            u += 7;
            continue;
        }
        run = 1;
        bitmap[i / 8] |= (uint8_t)(1u << i % 8);
        if (all_ff(w)) {
            u[0] = STUB_UNIT_BLANK;
            stub_put16(u + 1, 1);
            u += 3;
        } else {
            size_t n = rig_deflate(w, i ? STUB_SECTOR : 0, u + 3);

            u[0] = n ? STUB_UNIT_DEFLATE : STUB_UNIT_RAW;
            if (!n)
                memcpy(u + 3, w, STUB_SECTOR);
            n = n ? n : STUB_SECTOR;
            stub_put16(u + 1, (uint32_t)n);
            u += 3 + n;
        }
    }
    return (size_t)(u - units);
}

struct writing {
    uint16_t want, used, next, end; /* numbers; `end` is END's */
    unsigned silent;                /* times that nothing has moved for too long */
    uint64_t moved_ns;              /* or was sent */
};

static void rig_write_send(struct rig *r, struct writing *w, const uint8_t *units, size_t len,
                           size_t part)
{
    while ((uint16_t)(w->next - w->used) < STUB_RX_FRAMES && w->next != (uint16_t)(w->end + 1)) {
        size_t at = (size_t)(uint16_t)(w->next - r->seq - 1) * part;

        if (w->next == w->end)
            rig_send(r, STUB_WRITE_END, w->next, NULL, 0);
        else
            rig_send(r, STUB_WRITE_DATA, w->next, units + at, len - at < part ? len - at : part);
        w->next++;
        w->moved_ns = r->h.to_chip.free_ns;
    }
}

static bool rig_write_heard(struct rig *r, struct writing *w, const struct rig_frame *f,
                            struct rig_result *out)
{
    if (f->type == STUB_WRITE_RESULT && f->len == 37 && (uint16_t)(f->seq - r->seq) < 0x8000) {
        out->status = f->payload[0];
        out->addr = stub_get32(f->payload + 1);
        memcpy(out->sha, f->payload + 5, 32);
        return true;
    }
    if (f->type == STUB_BUSY)
        w->moved_ns = r->h.now_ns;
    if (f->type != STUB_WRITE_ACK || f->seq != r->seq)
        return false;
    if (stub_get16(f->payload) != w->want || stub_get16(f->payload + 2) != w->used) {
        w->silent = 0;
        w->moved_ns = r->h.now_ns > w->moved_ns ? r->h.now_ns : w->moved_ns;
    }
    if ((int16_t)(stub_get16(f->payload) - w->want) > 0)
        w->want = stub_get16(f->payload);
    if ((int16_t)(stub_get16(f->payload + 2) - w->used) > 0)
        w->used = stub_get16(f->payload + 2);
    if (f->payload[4])
        w->next = w->want;
    return false;
}

void rig_write_units(struct rig *r, uint32_t addr, uint32_t len, const uint8_t *bitmap,
                     const uint8_t *units, size_t units_len, size_t part, struct rig_result *out)
{
    uint8_t payload[8 + 512];
    size_t bits = (len / STUB_SECTOR + 7) / 8;
    struct writing w = {0};
    struct rig_frame f;

    part = part ? part : STUB_FRAME_MAX;
    memset(out, 0, sizeof *out);
    stub_put32(payload, addr);
    stub_put32(payload + 4, len);
    memcpy(payload + 8, bitmap, bits);
    out->status = rig_command(r, STUB_WRITE, payload, 8 + bits, &f);
    if (out->status)
        return;
    w.want = w.used = w.next = (uint16_t)(r->seq + 1);
    w.end = (uint16_t)(w.want + (units_len + part - 1) / part);
    out->status = 255;
    w.moved_ns = r->h.now_ns;
    while (w.silent < TRIES) {
        rig_write_send(r, &w, units, units_len, part);
        if (rig_next(r, &f, PATIENCE_US) && rig_write_heard(r, &w, &f, out))
            break;
        if (r->h.now_ns > w.moved_ns + PATIENCE_US * 1000ull) {
            w.silent++;
            w.next = w.want;
            w.moved_ns = r->h.now_ns;
        }
    }
    r->seq = (uint16_t)(w.end + 300);
}

void rig_write(struct rig *r, uint32_t addr, uint32_t len, const uint8_t *want,
               struct rig_result *out)
{
    uint8_t bitmap[512], *units = malloc(len + len / STUB_SECTOR * 8 + 64);
    size_t n;

    must(units);
    n = rig_units(r->h.nor.cell + addr, want, len, bitmap, units);
    rig_write_units(r, addr, len, bitmap, units, n, 0, out);
    free(units);
}
