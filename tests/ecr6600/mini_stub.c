/* mini_stub.c - see mini_stub.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "core/checksum.h"
#include "ecr6600/mini_stub.h"

const uint8_t mini_stub[3000] = {0x48, 0x00, 0x00, 0x54, 1, 2, 3};

static const unsigned limits[] = {0x9f, 0x0c, 0x09, 0x08, 0x08};

static void mini_say(struct mini *m, const uint8_t *p, size_t n)
{
    if (m->f->baud == m->baud && m->baud != m->bad_rate)
        fake_chip(m->f, 200, p, n);
}

/* An answer; `n` payload bytes, `status` < 0: none. `wrong`: an error answer,
 * with the length field of the answer before and no payload. */
static void mini_answer(struct mini *m, uint8_t op, const uint8_t *payload, size_t n, int status,
                        bool wrong)
{
    uint8_t *out = malloc(n + 8), sum;
    size_t len = 4;
    unsigned index = m->requests++;

    assert_non_null(out);
    out[0] = 0x5a;
    out[1] = op;
    put_le16(out + 2, wrong ? m->stale : (uint16_t)n);
    if (n)
        memcpy(out + 4, payload, n);
    len += n;
    if (status >= 0)
        out[len++] = (uint8_t)status;
    sum = ecr6600_sum8(out, len);
    if (m->kind == MINI_CUSTOM && op == 0 && status == 0)
        sum = 0xea; /* a left-over */
    if (wrong && status == 5)
        sum = 0x77; /* of the request, not of this */
    out[len++] = sum;
    if (!wrong)
        m->stale = (uint16_t)n;
    if (index == m->spoil_reply_at)
        out[len / 2] ^= 0x10;
    if (index == m->noise_at)
        mini_say(m, (const uint8_t *)"\x5a\x03\x10noise", 8);
    if (index == m->late_reply_at)
        fake_chip(m->f, m->late_us, out, len);
    else if (index != m->drop_reply_at)
        mini_say(m, out, len);
    free(out);
}

static void mini_wrong(struct mini *m, uint8_t op, int status)
{
    mini_answer(m, op, NULL, 0, status, true);
}

static void mini_hash(struct mini *m, uint32_t addr, uint32_t len)
{
    uint8_t hash[32];

    m->hashes++;
    pf_sha256(m->flash + addr, len, hash);
    if (m->hash_bad) {
        m->hash_bad--;
        memset(hash, m->hash_fill, sizeof hash);
    }
    mini_answer(m, 9, hash, 32, 0, false);
}

static void mini_read(struct mini *m, uint32_t addr, uint32_t len)
{
    m->reads++;
    assert_true(len < 0x10000); /* F11: a length field holds no more */
    if (m->kind == MINI_1311 && len > 0x2400)
        m->big_reads++;
    mini_answer(m, 3, m->flash + addr, len, 0, false);
}

static void mini_span(struct mini *m, uint8_t op, uint32_t addr, uint32_t len)
{
    if ((uint64_t)addr + len > m->size || addr + len < addr) {
        mini_answer(m, op, NULL, 0, 2, false);
        return;
    }
    if (op == 2) {
        m->writes02++;
        m->erased_by_02 += (len + 4095) / 4096;
        memset(m->flash + addr, 0xff, (len + 4095u) / 4096 * 4096);
        m->addr = addr;
        m->todo = len;
        m->state = MINI_DATA;
        mini_answer(m, 2, NULL, 0, 0, false);
    } else if (op == 3) {
        mini_read(m, addr, len);
    } else if (op == 4) {
        m->erases04 += (len + 4095) / 4096;
        memset(m->flash + addr, 0xff, (len + 4095u) / 4096 * 4096);
        mini_answer(m, 4, NULL, 0, 0, false);
    } else {
        mini_hash(m, addr, len);
    }
}

static void mini_baud(struct mini *m, uint32_t baud)
{
    m->bauds++;
    m->baud = baud;
    /* The answer comes 50 ms later, at the new rate, when the host has turned. */
    m->requests++;
}

static void mini_efuse(struct mini *m, const uint8_t *p)
{
    uint8_t word[4];

    assert_int_equal(get_le16(p), 0); /* read, never write */
    put_le32(word, get_le16(p + 2) == 0x20 ? m->efuse_ctrl : m->efuse_chip);
    mini_answer(m, 8, word, 4, -1, false);
}

static void mini_custom(struct mini *m, uint8_t op)
{
    uint8_t out[128] = {0};

    if (op == 0x90) {
        memcpy(out, m->jedec, 3);
        mini_answer(m, op, out, 4, 0, false);
    } else {
        put_le32(out + 0x10, m->efuse_chip);
        put_le32(out + 0x20, m->efuse_ctrl);
        mini_answer(m, op, out, 128, 0, false);
    }
}

static void mini_command(struct mini *m, const uint8_t *in, size_t n)
{
    const uint8_t op = in[1], *p = in + 4;

    m->probes += op == 2 && n == 8 && get_le32(p) == 0xffffff00;
    if (n > (m->kind == MINI_1311 ? 64 : 8)) {
        m->overruns++;
        m->state = MINI_APP;
        return;
    }
    if (op == 0)
        mini_answer(m, 0, NULL, 0, n == 4 && !memcmp(p, "cnys", 4) ? 0 : 1, false);
    else if ((op >= 2 && op <= 4 && n == 8) || (op == 9 && n == 8 && m->kind != MINI_140))
        mini_span(m, op, get_le32(p), get_le32(p + 4));
    else if (op == 5)
        m->chip_erases++;
    else if (op == 6) {
        m->runs++;
        mini_answer(m, 6, NULL, 0, 0, false);
        m->state = MINI_APP;
    } else if (op == 7 && n == 4)
        mini_baud(m, get_le32(p));
    else if (op == 8 && n == 6 && m->kind != MINI_CUSTOM)
        mini_efuse(m, p);
    else if ((op == 0x90 || op == 0x99) && m->kind == MINI_CUSTOM)
        mini_custom(m, op);
    else if (m->kind == MINI_STRANGE && op == 0x0a)
        mini_answer(m, op, NULL, 0, 1, false);
    else
        mini_wrong(m, m->kind == MINI_1311 && op == 0x0a ? op : 0xff, 3);
}

static void mini_data(struct mini *m, const uint8_t *in, size_t n, bool sum_ok)
{
    const uint8_t *p = in + 5;

    m->frames++;
    assert_true(n >= 2 && n - 1 <= m->todo); /* an overshoot never ends */
    assert_int_equal(in[4], 0);
    for (size_t i = 0; i + 1 < n; i++)
        m->flash[m->addr + i] &= p[i];
    m->addr += (uint32_t)n - 1;
    m->todo -= (uint32_t)n - 1;
    if (m->todo == 0)
        m->state = MINI_STUB;
    mini_answer(m, 2, NULL, 0, sum_ok ? 0 : 5, false);
}

/* Frames in m->in, as far as they are whole. */
static void mini_parse(struct mini *m)
{
    for (;;) {
        size_t at = 0, n, total;
        bool ok;

        while (at < m->len && m->in[at] != 0xa5)
            at++;
        memmove(m->in, m->in + at, m->len - at);
        m->len -= at;
        if (m->len < 4)
            return;
        if (m->state == MINI_STUB && m->in[1] > limits[m->kind] && m->in[1] != 0x0a) {
            memmove(m->in, m->in + 4, m->len - 4); /* rejected before its payload is read */
            m->len -= 4;
            mini_wrong(m, 0xff, 3);
            continue;
        }
        n = get_le16(m->in + 2);
        total = 4 + n + 1;
        if (total > sizeof m->in) {
            m->overruns++;
            m->state = MINI_APP;
            return;
        }
        if (m->len < total)
            return;
        ok = ecr6600_sum8(m->in, total - 1) == m->in[total - 1] && m->requests != m->bad_sum_at;
        if (m->requests == m->drop_request_at) {
            m->requests++;
        } else if (m->state == MINI_DATA) {
            mini_data(m, m->in, n, ok);
        } else if (!ok) {
            mini_wrong(m, m->kind == MINI_1311 ? m->in[1] : 0xff, m->kind == MINI_1311 ? 5 : 3);
        } else {
            mini_command(m, m->in, n);
        }
        if (m->state < MINI_STUB)
            return;
        memmove(m->in, m->in + total, m->len - total);
        m->len -= total;
    }
}

static void mini_loader_byte(struct mini *m, uint8_t byte)
{
    static const uint8_t sync[4] = {0x63, 0x6e, 0x79, 0x73};
    static const uint8_t ok = 0, synced = 1, bad = 0xff;

    if (m->state == MINI_SYNC) {
        m->sync_at = byte == sync[m->sync_at] ? m->sync_at + 1 : 0;
        if (m->sync_at == 4) {
            m->sync_at = 0;
            m->syncs++;
            m->state = MINI_HEADER;
            m->group_len = 0;
            mini_say(m, &synced, 1);
        }
    } else if (m->state == MINI_HEADER) {
        m->group[m->group_len++] = byte;
        if (m->group_len < 12)
            return;
        m->group_len = 0;
        if (get_le32(m->group) != 1) {
            mini_say(m, &bad, 1);
            return;
        }
        m->headers++;
        m->left = get_le32(m->group + 8);
        assert_in_range(m->left, 1, sizeof mini_stub);
        m->ram_len = 0;
        m->block = 0;
        m->state = MINI_BLOCKS;
        mini_say(m, &ok, 1);
    } else if (m->state == MINI_BLOCKS) {
        m->ram[m->ram_len++] = byte;
        m->left--;
        if (m->ram_len % 1024 && m->left)
            return;
        if (m->block++ != m->lose_block)
            mini_say(m, &ok, 1);
        if (!m->left) {
            m->uploads++;
            m->state = MINI_STUB;
            m->len = 0;
        }
    }
}

static void mini_device(void *user, struct fake *f, const uint8_t *bytes, size_t len)
{
    struct mini *m = user;

    if (f->baud != m->baud || m->baud == m->bad_rate)
        return;
    for (size_t i = 0; i < len; i++) {
        if (m->state == MINI_SYNC && m->window_us && f->now - m->reset_at > m->window_us)
            m->state = MINI_APP;
        if (m->state < MINI_STUB)
            mini_loader_byte(m, bytes[i]);
        else if (m->requests == m->cut_request_at && i == len / 2)
            m->cut_request_at = MINI_NEVER; /* this byte is lost */
        else {
            assert_true(m->len < sizeof m->in);
            m->in[m->len++] = bytes[i];
            mini_parse(m);
        }
    }
}

static void mini_set(void *user, struct fake *f, enum fake_kind kind, unsigned value)
{
    struct mini *m = user;
    bool cut = kind == FAKE_POWER && value;

    if (kind == FAKE_LINES && (value & PF_LINE_RTS))
        m->resets++;
    if (kind == FAKE_LINES && !value && m->resets && !m->deaf_reset)
        cut = true;
    if (!cut)
        return;
    m->state = m->after_reset;
    m->baud = 115200;
    m->reset_at = f->now;
    m->sync_at = 0;
    m->len = 0;
}

static void mini_record(uint8_t *sector, size_t *at, const char *name, const char *value)
{
    uint8_t *r = sector + *at;
    size_t nn = strlen(name), nv = strlen(value), total;

    total = 36 + ((nn + 3) & ~(size_t)3) + ((nv + 3) & ~(size_t)3);
    memset(r, 0xff, total);
    r[0] = r[4] = 0;
    put_le32(r + 20, (uint32_t)total);
    r[28] = (uint8_t)nn;
    put_le32(r + 32, (uint32_t)nv);
    memcpy(r + 36, name, nn);
    memcpy(r + 36 + ((nn + 3) & ~(size_t)3), value, nv);
    put_le32(r + 24, pf_crc32(0, r + 28, total - 28));
    *at += total;
}

void mini_table(uint8_t *sector, uint32_t nv_amt)
{
    char value[32];
    size_t at = 0x24;

    memset(sector, 0xff, PF_SECTOR);
    sector[0] = sector[4] = sector[12] = 0;
    memcpy(sector + 24, "EF40", 4);
    mini_record(sector, &at, "partition", "0x0,0x1000");
    mini_record(sector, &at, "uboot", "0x1000,0x6000");
    at = 0x400;
    mini_record(sector, &at, "partition", "0x0,0x1000");
    mini_record(sector, &at, "uboot", "0x1000,0x6000");
    mini_record(sector, &at, "cpu", "0x7000,0x1B0000");
    mini_record(sector, &at, "nv_customer", "0x1F7000,0x4000");
    snprintf(value, sizeof value, "0x%X,0x2000", (unsigned)nv_amt);
    mini_record(sector, &at, "nv_amt", value);
}

struct mini *mini_open(enum mini_kind kind, enum mini_state state)
{
    struct mini *m = calloc(1, sizeof *m);

    assert_non_null(m);
    m->flash = malloc(MINI_SIZE);
    m->ram = malloc(0x30000);
    assert_true(m->flash && m->ram);
    for (size_t i = 0; i < MINI_SIZE; i++)
        m->flash[i] = (uint8_t)(i * 31 + (i >> 9));
    mini_table(m->flash, 0x1fe000);
    m->kind = kind;
    m->state = state;
    m->after_reset = MINI_SYNC;
    m->baud = 115200;
    m->size = MINI_SIZE;
    memcpy(m->jedec, "\xc8\x40\x15", 3);
    m->efuse_ctrl = 0x10000;
    m->efuse_chip = 0x08001234;
    m->lose_block = m->drop_request_at = m->drop_reply_at = m->late_reply_at = MINI_NEVER;
    m->noise_at = m->spoil_reply_at = m->cut_request_at = m->bad_sum_at = MINI_NEVER;
    m->f = fake_open(NULL);
    m->f->device = mini_device;
    m->f->device_set = mini_set;
    m->f->user = m;
    return m;
}

void mini_close(struct mini *m)
{
    fake_close(m->f);
    free(m->flash);
    free(m->ram);
    free(m);
}

enum pf_err mini_try(struct mini *m, struct pf_link_options opt, struct pf_session **s)
{
    if (!opt.chip)
        opt.chip = "ecr6600";
    if (!opt.sync_timeout_us)
        opt.sync_timeout_us = 10000000;
    return pf_session_open(&m->f->ctx, &m->f->port, &opt, s);
}

struct pf_session *mini_link(struct mini *m)
{
    struct pf_session *s;
    enum pf_err err =
        mini_try(m, (struct pf_link_options){.stub = mini_stub, .stub_len = sizeof mini_stub}, &s);

    if (err)
        print_error("open: %s: %s\n", pf_err_name(err), m->f->ctx.text);
    assert_int_equal(err, PF_OK);
    m->requests = 0; /* faults count from here */
    m->reads = m->hashes = 0;
    return s;
}

void mini_must(struct mini *m, enum pf_err err, enum pf_err expect)
{
    if (err != expect)
        print_error("%s: %s\n", pf_err_name(err), m->f->ctx.text);
    assert_int_equal(err, expect);
}

void mini_done(struct mini *m, struct pf_session *s)
{
    assert_int_equal(m->overruns, 0);
    assert_int_equal(m->chip_erases, 0);
    assert_int_equal(m->big_reads, 0);
    pf_session_close(s);
    mini_close(m);
}
