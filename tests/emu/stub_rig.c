/* stub_rig.c - see stub_rig.h. */
#include "emu/stub_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "plugflash/stub.h"
#include "sim/bl602_rig.h"
#include "sim/ecr_rig.h"

#define HEAD  8u
#define TAIL  4u
#define UNITS (2u << 20) /* of a transfer, at most */

enum { HELLO = 0x01, BAUD = 0x03, ECHO = 0x04, READ = 0x10, WRITE = 0x20 };
enum { READ_ACK = 0x11, READ_DATA = 0x91, READ_END = 0x92 };
enum { WRITE_DATA = 0x21, WRITE_END = 0x22, WRITE_ACK = 0xA1, WRITE_RESULT = 0xA2 };
enum { BUSY = 0x8F };
enum { BLANK, SAME, DEFLATED, RAW };

static void note(struct stub_rig *s, const void *bytes, size_t len)
{
    if (s->log_len + len > s->log_cap) {
        s->log_cap = 2 * (s->log_len + len);
        s->log = realloc(s->log, s->log_cap);
        assert_non_null(s->log);
    }
    memcpy(s->log + s->log_len, bytes, len);
    s->log_len += len;
}

/* ---- getting there ---------------------------------------------------------- */

static void upload_ecr6600(struct rig *r)
{
    const struct pf_stub *p = &pf_stub_ecr6600;

    pf_set_baud(r->t, 115200);
    ecr_reset(r);
    assert_true(ecr_sync(r, 3000));
    ecr_header(r, (uint32_t)p->len);
    ecr_blocks(r, p->data, (uint32_t)p->len);
    pf_sleep(r->t, 100000); /* it unpacks itself */
}

static void rom_takes(struct rig *r, uint8_t id, const uint8_t *payload, size_t len, size_t more)
{
    uint8_t answer[32];

    bl_send(r, id, payload, len);
    assert_int_equal(rig_read(r, answer, 2 + more, 1000), 2 + more);
    assert_memory_equal(answer, "OK", 2);
}

static void upload_bl602(struct rig *r)
{
    const struct pf_stub *p = &pf_stub_bl602;

    bl_reset_to_rom(r);
    assert_true(bl_sync(r, BL_ROM_BAUD));
    rom_takes(r, 0x11, p->data, 176, 0);
    rom_takes(r, 0x17, p->data + 176, 16, 18);
    for (size_t at = 192; at < p->len; at += 4092)
        rom_takes(r, 0x18, p->data + at, p->len - at < 4092 ? p->len - at : 4092, 0);
    rom_takes(r, 0x19, NULL, 0, 0);
    rom_takes(r, 0x1A, NULL, 0, 0);
    pf_sleep(r->t, 400000); /* it unpacks itself, at 32 MHz */
    if (!bl_sync(r, 500000))
        fail_msg("the stub did not answer a train at 500000");
}

void stub_open(struct stub_rig *s, const char *chip, const struct sim_guest_ops *ops,
               const char *more, const uint8_t *flash, uint32_t size)
{
    char spec[128];

    memset(s, 0, sizeof *s);
    s->bl602 = !strcmp(chip, "bl602");
    s->seq = 0x100;
    snprintf(spec, sizeof spec, "%s%s", chip, more);
    rig_open_flash(&s->r, spec, flash, size);
    sim_set_guest(s->r.t, ops);
    if (s->bl602)
        upload_bl602(&s->r);
    else
        upload_ecr6600(&s->r);
}

void stub_close(struct stub_rig *s)
{
    rig_close(&s->r);
    free(s->log);
}

void stub_plain(struct stub_rig *s, const char *hex, size_t n)
{
    uint8_t answer[256];
    size_t got;

    rig_send(&s->r, hex);
    got = rig_read(&s->r, answer, n, 1000);
    if (got != n)
        fail_msg("%s: %zu bytes of %zu", hex, got, n);
    note(s, answer, n);
}

void stub_stream(struct stub_rig *s)
{
    uint8_t head[4], tail[2];

    rig_send(&s->r, s->bl602 ? "B0 1E 04 00 50 46 53 31" : "A5 B0 04 00 50 46 53 31 73");
    assert_int_equal(rig_read(&s->r, head, 4, 500), 4);
    assert_memory_equal(head, s->bl602 ? "OK\x20\x00" : "\x5A\xB0\x20\x00", 4);
    assert_int_equal(rig_read(&s->r, s->caps, 32, 500), 32);
    if (!s->bl602)
        assert_int_equal(rig_read(&s->r, tail, 2, 500), 2);
    note(s, s->caps, 32);
}

/* ---- frames ------------------------------------------------------------------- */

void stub_put(struct stub_rig *s, uint8_t type, uint16_t seq, const void *payload, size_t len)
{
    uint8_t b[HEAD + 4096 + TAIL];

    b[0] = 0xB5;
    b[1] = type;
    put_le16(b + 2, seq);
    put_le16(b + 4, (uint16_t)len);
    put_le16(b + 6, (uint16_t)pf_crc32(0, b, 6));
    if (len)
        memcpy(b + HEAD, payload, len);
    put_le32(b + HEAD + len, pf_crc32(0, b, HEAD + len));
    assert_int_equal(s->r.t->ops->write(s->r.t, b, HEAD + len + TAIL), PF_OK);
}

bool stub_get(struct stub_rig *s, struct stub_reply *f, uint32_t ms)
{
    uint8_t b[HEAD + 4096 + TAIL];
    size_t rest;

    do {
        if (rig_read(&s->r, b, HEAD, ms) != HEAD)
            return false;
        assert_int_equal(b[0], 0xB5);
        assert_int_equal(get_le16(b + 6), (uint16_t)pf_crc32(0, b, 6));
        f->type = b[1];
        f->seq = get_le16(b + 2);
        f->len = get_le16(b + 4);
        assert_in_range(f->len, 0, 4096);
        rest = f->len + TAIL;
        assert_int_equal(rig_read(&s->r, b + HEAD, rest, 2000), rest);
        assert_int_equal(get_le32(b + HEAD + f->len), pf_crc32(0, b, HEAD + f->len));
    } while (f->type == BUSY);
    memcpy(f->payload, b + HEAD, f->len);
    if (f->type != WRITE_ACK)
        note(s, b, HEAD + f->len + TAIL);
    return true;
}

void stub_command(struct stub_rig *s, uint8_t type, const void *payload, size_t len,
                  struct stub_reply *f)
{
    s->seq++;
    stub_put(s, type, s->seq, payload, len);
    if (!stub_get(s, f, 1000))
        fail_msg("no reply to command %02x", type);
    assert_int_equal(f->type, type | 0x80);
    assert_int_equal(f->seq, s->seq);
}

uint8_t stub_command2(struct stub_rig *s, uint8_t type, uint32_t a, uint32_t b,
                      struct stub_reply *f)
{
    uint8_t payload[8];

    put_le32(payload, a);
    put_le32(payload + 4, b);
    stub_command(s, type, payload, sizeof payload, f);
    return f->payload[0];
}

void stub_baud(struct stub_rig *s, uint32_t baud)
{
    uint8_t rate[4], echo[1024];
    struct stub_reply f;

    put_le32(rate, baud);
    stub_command(s, BAUD, rate, sizeof rate, &f);
    assert_int_equal(f.payload[0], 0);
    assert_int_equal(pf_set_baud(s->r.t, baud), PF_OK);
    stub_command(s, HELLO, NULL, 0, &f);
    assert_int_equal(f.len, 32);
    assert_memory_equal(f.payload, s->caps, 32);
    for (size_t i = 0; i < sizeof echo; i++)
        echo[i] = (uint8_t)(i * 131 >> 2);
    stub_command(s, ECHO, echo, sizeof echo, &f);
    assert_int_equal(f.len, sizeof echo + 1);
    assert_memory_equal(f.payload + 1, echo, sizeof echo);
}

/* ---- reading ------------------------------------------------------------------- */

static void inflate_sector(const uint8_t *in, size_t len, uint8_t *out, size_t history)
{
    z_stream z = {0};

    assert_int_equal(inflateInit2(&z, -12), Z_OK);
    if (history > STUB_SECTOR_LEN)
        history = STUB_SECTOR_LEN;
    if (history)
        assert_int_equal(inflateSetDictionary(&z, out - history, (uInt)history), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)in;
    z.avail_in = (uInt)len;
    z.next_out = out;
    z.avail_out = STUB_SECTOR_LEN;
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.avail_in, 0);
    assert_int_equal(z.avail_out, 0);
    inflateEnd(&z);
}

static void unpack(const uint8_t *p, size_t len, uint8_t *out, uint32_t cap)
{
    size_t at = 0, done = 0;

    while (at < len) {
        unsigned kind = p[at], n = get_le16(p + at + 1);

        assert_true(at + 3 <= len);
        at += 3;
        if (kind == BLANK) {
            assert_true(done + n * STUB_SECTOR_LEN <= cap);
            memset(out + done, 0xFF, n * STUB_SECTOR_LEN);
            done += n * STUB_SECTOR_LEN;
            continue;
        }
        assert_true(at + n <= len && done + STUB_SECTOR_LEN <= cap);
        assert_true(kind == DEFLATED || (kind == RAW && n == STUB_SECTOR_LEN));
        if (kind == RAW)
            memcpy(out + done, p + at, n);
        else
            inflate_sector(p + at, n, out + done, done);
        at += n;
        done += STUB_SECTOR_LEN;
    }
    assert_int_equal(done, cap);
}

static void ack_read(struct stub_rig *s, uint16_t next)
{
    uint8_t payload[3];

    put_le16(payload, next);
    payload[2] = 0;
    stub_put(s, READ_ACK, s->seq, payload, sizeof payload);
}

/* One read transfer; returns the bytes of its DATA frames, `end` gets the hash. */
static size_t transfer(struct stub_rig *s, uint32_t addr, uint32_t len, uint8_t kind, uint8_t *got,
                       uint8_t end[32])
{
    uint8_t payload[10];
    struct stub_reply f;
    uint16_t want;
    size_t have = 0;

    put_le32(payload, addr);
    put_le32(payload + 4, len);
    payload[8] = kind;
    payload[9] = 1;
    s->seq = (uint16_t)(s->seq + 0x100);
    stub_command(s, READ, payload, sizeof payload, &f);
    assert_int_equal(f.payload[0], 0);
    for (want = (uint16_t)(s->seq + 1);; want++) {
        if (!stub_get(s, &f, 3000))
            fail_msg("the read stopped before frame %u", (unsigned)(uint16_t)(want - s->seq));
        assert_int_equal(f.seq, want);
        ack_read(s, (uint16_t)(want + 1));
        if (f.type == READ_END)
            break;
        assert_int_equal(f.type, READ_DATA);
        assert_true(have + f.len <= UNITS + 65536);
        memcpy(got + have, f.payload, f.len);
        have += f.len;
    }
    assert_int_equal(f.payload[0], 0);
    memcpy(end, f.payload + 1, 32);
    s->seq = (uint16_t)(want + 0x100);
    return have;
}

void stub_read(struct stub_rig *s, uint32_t addr, uint32_t len, uint8_t *out)
{
    uint8_t *units = malloc(UNITS + 65536), said[32], sha[32];
    size_t n;

    assert_non_null(units);
    n = transfer(s, addr, len, 0, units, said);
    unpack(units, n, out, len);
    pf_sha256(out, len, sha);
    assert_memory_equal(said, sha, 32);
    free(units);
}

void stub_map(struct stub_rig *s, uint32_t addr, uint32_t len, uint32_t *crcs)
{
    uint8_t *bytes = malloc(UNITS + 65536), none[32];
    size_t n;

    assert_non_null(bytes);
    n = transfer(s, addr, len, 1, bytes, none);
    assert_int_equal(n, len / STUB_SECTOR_LEN * 4);
    for (size_t i = 0; i < n / 4; i++)
        crcs[i] = get_le32(bytes + 4 * i);
    free(bytes);
}

/* ---- writing -------------------------------------------------------------------- */

static size_t deflate_sector(const uint8_t *in, size_t history, uint8_t *out, size_t cap)
{
    z_stream z = {0};
    size_t n;

    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -12, 9, Z_DEFAULT_STRATEGY), Z_OK);
    if (history > STUB_SECTOR_LEN)
        history = STUB_SECTOR_LEN;
    if (history)
        assert_int_equal(deflateSetDictionary(&z, in - history, (uInt)history), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)in;
    z.avail_in = STUB_SECTOR_LEN;
    z.next_out = out;
    z.avail_out = (uInt)cap;
    n = deflate(&z, Z_FINISH) == Z_STREAM_END ? cap - z.avail_out : 0;
    deflateEnd(&z);
    return n;
}

static size_t unit(uint8_t *out, uint8_t kind, size_t argument)
{
    out[0] = kind;
    put_le16(out + 1, (uint16_t)argument);
    return 3;
}

/* All units of a write; `bitmap` is set where a sector changes. */
static size_t pack(uint32_t len, const uint8_t *old, const uint8_t *data, uint8_t *bitmap,
                   uint8_t *out)
{
    size_t at = 0;

    for (uint32_t i = 0; i < len; i += STUB_SECTOR_LEN) {
        const uint8_t *in = data + i;
        size_t n;

        if (!memcmp(in, old + i, STUB_SECTOR_LEN)) {
            at += unit(out + at, SAME, 1);
            put_le32(out + at, pf_crc32(0, in, STUB_SECTOR_LEN));
            at += 4;
            continue;
        }
        bitmap[i / STUB_SECTOR_LEN / 8] |= (uint8_t)(1u << i / STUB_SECTOR_LEN % 8);
        if (pf_is_blank(in, STUB_SECTOR_LEN)) {
            at += unit(out + at, BLANK, 1);
            continue;
        }
        n = deflate_sector(in, i, out + at + 3, STUB_SECTOR_LEN - 1);
        if (!n)
            memcpy(out + at + 3, in, STUB_SECTOR_LEN);
        unit(out + at, n ? DEFLATED : RAW, n ? n : STUB_SECTOR_LEN);
        at += 3 + (n ? n : STUB_SECTOR_LEN);
    }
    return at;
}

struct sending {
    const uint8_t *units;
    size_t len;
    uint16_t frames, window; /* the last of them is END */
    uint16_t next, used;     /* to be sent, first not used; from 0 */
};

static void send_some(struct stub_rig *s, struct sending *w)
{
    while (w->next < w->frames && w->next - w->used < w->window) {
        size_t at = (size_t)w->next * 4096;
        size_t n = w->next + 1u == w->frames ? 0 : w->len - at < 4096 ? w->len - at : 4096;

        w->next++;
        stub_put(s, n ? WRITE_DATA : WRITE_END, (uint16_t)(s->seq + w->next), w->units + at, n);
    }
}

static void send_all(struct stub_rig *s, struct sending *w, struct stub_reply *f)
{
    for (;;) {
        send_some(s, w);
        if (!stub_get(s, f, 3000))
            fail_msg("the write stopped behind frame %u", (unsigned)w->used);
        if (f->type == WRITE_RESULT)
            return;
        assert_int_equal(f->type, WRITE_ACK);
        assert_int_equal(f->len, 9);
        w->used = (uint16_t)(get_le16(f->payload + 2) - s->seq - 1);
        if (f->payload[4] & 1) {
            s->naks++;
            w->next = (uint16_t)(get_le16(f->payload) - s->seq - 1);
        }
    }
}

void stub_write(struct stub_rig *s, uint32_t addr, uint32_t len, const uint8_t *old,
                const uint8_t *data)
{
    uint8_t payload[8 + 512] = {0}, sha[32], *units = malloc(len + len / 8 + 64);
    size_t sectors = len / STUB_SECTOR_LEN;
    struct sending w = {.window = get_le16(s->caps + 4)};
    struct stub_reply f;

    assert_non_null(units);
    assert_in_range(sectors, 1, 4096);
    put_le32(payload, addr);
    put_le32(payload + 4, len);
    w.units = units;
    w.len = pack(len, old, data, payload + 8, units);
    w.frames = (uint16_t)((w.len + 4095) / 4096 + 1);
    s->seq = (uint16_t)(s->seq + 0x100);
    stub_command(s, WRITE, payload, 8 + (sectors + 7) / 8, &f);
    assert_int_equal(f.payload[0], 0);
    send_all(s, &w, &f);
    assert_int_equal(f.len, 37);
    if (f.payload[0])
        fail_msg("the write failed with status %u at %x", f.payload[0],
                 (unsigned)get_le32(f.payload + 1));
    assert_int_equal(get_le32(f.payload + 1), addr + len);
    pf_sha256(data, len, sha);
    assert_memory_equal(f.payload + 5, sha, 32);
    s->seq = (uint16_t)(s->seq + w.frames + 0x100);
    free(units);
}
