/* mini_loader.c - see mini_loader.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bk7231/mini_loader.h"
#include "core/bytes.h"
#include "core/checksum.h"

static void mini_send(struct mini *m, const void *bytes, size_t len)
{
    unsigned at = m->requests;

    if (m->bad_rate && m->baud == m->bad_rate)
        return;
    if (m->f->baud != m->baud) /* garbage on the host's side */
        return;
    if (at == m->noise_at)
        fake_chip(m->f, 100, "\x04\x0e\x04\x00\x99\x01\x04", 7);
    if (at == m->drop_reply_at)
        return;
    if (at == m->cut_reply_at)
        len--;
    if (at == m->insert_at && len > 15) {
        fake_chip(m->f, 300, bytes, len - 2);
        fake_chip(m->f, 300, "\x55", 1);
        bytes = (const uint8_t *)bytes + len - 2;
        len = 2;
    }
    if (at == m->lie_at && len > 13) {
        uint8_t flipped = ((const uint8_t *)bytes)[13] ^ 0x10;

        fake_chip(m->f, 300, bytes, 13);
        fake_chip(m->f, 300, &flipped, 1);
        bytes = (const uint8_t *)bytes + 14;
        len -= 14;
    }
    fake_chip(m->f, at == m->late_reply_at ? m->late_us : 300, bytes, len);
}

static void mini_short(struct mini *m, uint8_t op, const void *body, size_t len)
{
    uint8_t out[64] = {0x04, 0x0e, (uint8_t)(4 + len), 0x01, 0xe0, 0xfc, op};

    memcpy(out + 7, body, len);
    mini_send(m, out, 7 + len);
}

static void mini_long(struct mini *m, uint8_t op, uint8_t status, const void *body, size_t len)
{
    uint8_t *out = malloc(11 + len);

    memcpy(out, "\x04\x0e\xff\x01\xe0\xfc\xf4", 7);
    put_le16(out + 7, (uint16_t)(2 + len));
    out[9] = op;
    out[10] = status;
    memcpy(out + 11, body, len);
    mini_send(m, out, 11 + len);
    free(out);
}

static void mini_reset(struct mini *m)
{
    m->baud = 115200;
    m->armed = m->spoiled = false;
    m->len = 0;
}

static bool mini_protected(const struct mini *m)
{
    return m->sr & 0x407c || m->stuck;
}

static void mini_crc(struct mini *m, uint32_t start, uint32_t end)
{
    uint32_t len = m->crc_behind ? end - start : end - start + 1, crc = 0;
    uint8_t out[4];

    m->crcs++;
    if (!m->is_n && !m->crc_behind)
        len = len / 256 * 256;
    for (uint32_t i = 0; i < len; i++)
        crc = pf_crc32(crc, &m->flash[(start + i) % MINI_SIZE], 1);
    put_le32(out, ~crc);
    if (!m->is_n) {
        m->sr |= 0x7c;
        m->spoiled |= m->spoils;
    }
    mini_short(m, 0x10, out, 4);
}

static void mini_short_request(struct mini *m, uint8_t op, const uint8_t *p, size_t len)
{
    uint8_t out[8];

    if (op == 0x00) {
        m->links++;
        m->armed = true;
        if (m->f->baud == m->baud && m->baud != m->bad_rate) /* faults are for requests */
            fake_chip(m->f, 300, "\x04\x0e\x05\x01\xe0\xfc\x01", 8);
    } else if (op == 0x0e && len == 1 && p[0] == 0xa5) {
        m->reboots++;
        mini_reset(m);
    } else if (op == 0x0f && len == 5) {
        m->set_bauds++;
        if (m->ignore_set_baud)
            return;
        m->baud = get_le32(p);
        if (m->bad_rate == m->baud)
            return;
        if (m->stale_links) /* still at the old rate, but clean here */
            fake_chip(m->f, 11000, "\x04\x0e\x05\x01\xe0\xfc\x01\0\x04\x0e\x05\x01\xe0\xfc\x01",
                      16);
        memcpy(out, p, 5);
        fake_chip(m->f, 42000, "\x04\x0e\x09\x01\xe0\xfc\x0f", 7);
        fake_chip(m->f, 42000, out, 5);
    } else if (op == 0x10 && len == 8) {
        mini_crc(m, get_le32(p), get_le32(p + 4));
    } else if (op == 0x11 && !m->is_n && m->version) {
        uint8_t version[16] = {0};

        memcpy(version, m->version, strlen(m->version));
        mini_short(m, 0x11, version, 16);
    } else if (op == 0x03 && m->is_n && len == 4) {
        uint32_t addr = get_le32(p), v = addr * 3;

        if (addr == 0x00800000)
            v = m->chip_id;
        if (addr == 0x00800074) {
            if (m->efuse_busy && m->efuse_busy-- == 1)
                m->efuse_ctrl &= ~1u;
            v = m->efuse_ctrl;
        }
        if (addr == 0x00800078)
            v = 0x100u | m->efuse[m->efuse_ctrl >> 8 & 31];
        put_le32(out, addr);
        put_le32(out + 4, v);
        mini_short(m, 0x03, out, 8);
    } else if (op == 0x01 && m->is_n && len == 8) {
        if (get_le32(p) == 0x00800074) {
            m->efuse_ctrl = get_le32(p + 4);
            m->efuse_busy = 1;
            m->otp_burns += (m->efuse_ctrl & 2) != 0;
        }
        mini_short(m, 0x01, p, 8);
    }
}

static void mini_erase(struct mini *m, const uint8_t *p)
{
    uint32_t addr = get_le32(p + 1), size = p[0] == 0xd8 ? 65536 : 4096;

    if (m->refuse || (!m->is_n && (int32_t)addr < 0x10000)) {
        m->refuse -= m->refuse != 0;
        mini_long(m, 0x0f, 6, p, 5);
        return;
    }
    if (!m->is_n && m->armed) {
        m->sr = m->spoiled ? m->sr | 0x7c : 0;
        m->armed = false;
    }
    *(p[0] == 0xd8 ? &m->erases64k : &m->erases4k) += 1;
    if (!mini_protected(m))
        memset(m->flash + addr % MINI_SIZE / size * size, 0xff, size);
    mini_long(m, 0x0f, 0, p, 5);
}

static void mini_write(struct mini *m, const uint8_t *p, size_t len)
{
    uint32_t addr = get_le32(p);

    if (m->refuse) {
        m->refuse--;
        mini_long(m, 0x07, 6, p, 4);
        return;
    }
    m->writes++;
    for (size_t i = 0; i < len - 4 && !mini_protected(m); i++)
        m->flash[(addr + i) % MINI_SIZE] &= p[4 + i];
    mini_long(m, 0x07, 0, p, 4);
}

static void mini_read(struct mini *m, uint32_t addr)
{
    uint8_t out[4100] = {0};

    put_le32(out, addr);
    if (!m->is_n && addr < 0x10000) {
        mini_long(m, 0x09, 6, out, 5);
        return;
    }
    m->reads++;
    memcpy(out + 4, m->flash + (addr & 0xffffff) % MINI_SIZE, 4096);
    mini_long(m, 0x09, 0, out, 4100);
}

static void mini_long_request(struct mini *m, uint8_t op, const uint8_t *p, size_t len)
{
    if (op == 0x09 && len == 4) {
        mini_read(m, get_le32(p));
    } else if (op == 0x0f && len == 5) {
        mini_erase(m, p);
    } else if (op == 0x07 && len >= 4) {
        mini_write(m, p, len);
    } else if (!m->is_n) {
        return;
    } else if (op == 0x0e && len == 4) {
        uint8_t out[4] = {0, m->jedec[0], m->jedec[1], m->jedec[2]};

        mini_long(m, 0x0e, 0, out, 4);
    } else if (op == 0x0c && len == 1) {
        uint8_t out[2] = {p[0], (uint8_t)(p[0] == 0x05 ? m->sr : m->sr >> 8)};

        if (p[0] == 0x35 && m->one_sr)
            out[1] = 0xff;

        mini_long(m, 0x0c, 0, out, 2);
    } else if (op == 0x0d && (len == 2 || len == 3)) {
        m->sr_writes++;
        if (p[0] == 0x31 && m->sr2_by_31)
            m->sr = (uint16_t)((m->sr & 0xff) | p[1] << 8);
        else if (p[0] == 0x01 && !m->stuck && !(len == 3 && m->one_sr))
            m->sr = (uint16_t)(p[1] | (len == 3 && !m->sr2_by_31 ? p[2] << 8 : m->sr & 0xff00));
        mini_long(m, 0x0d, 0, p, len);
    }
}

/* The parser of the T: a byte that does not fit resets it. */
static void mini_byte(struct mini *m, uint8_t c)
{
    static const uint8_t head[] = {0x01, 0xe0, 0xfc};
    bool is_long;
    size_t need;

    m->in[m->len++] = c;
    if (m->len <= 3) {
        if (c != head[m->len - 1])
            m->len = 0;
        return;
    }
    is_long = m->in[3] == 0xff;
    if ((m->len == 4 && c == 0) || (m->len == 5 && is_long && c != 0xf4)) {
        m->len = 0;
        return;
    }
    if (is_long && m->len < 7)
        return;
    need = is_long ? 7u + get_le16(m->in + 5) : 4u + m->in[3];
    if (m->len < need)
        return;
    m->len = 0;
    if (!is_long && m->in[4] == 0x00) {
        mini_short_request(m, 0, NULL, 0);
        return;
    }
    if (m->requests == m->reset_at) {
        m->requests++;
        mini_reset(m);
        return;
    }
    if (m->requests != m->drop_request_at) {
        if (is_long)
            mini_long_request(m, m->in[7], m->in + 8, need - 8);
        else
            mini_short_request(m, m->in[4], m->in + 5, need - 5);
    }
    m->requests++;
}

static void mini_take(void *user, struct fake *f, const uint8_t *bytes, size_t len)
{
    struct mini *m = user;

    if (m->dead || m->in_app || f->baud != m->baud)
        return;
    for (size_t i = 0; i < len; i++)
        mini_byte(m, bytes[i]);
}

static void mini_set(void *user, struct fake *f, enum fake_kind kind, unsigned value)
{
    struct mini *m = user;

    (void)f;
    if (kind == FAKE_LINES && value) {
        mini_reset(m);
        m->in_app = false;
    }
}

struct mini *mini_open(bool is_n)
{
    struct mini *m = calloc(1, sizeof *m);

    assert_non_null(m);
    m->f = fake_open(NULL);
    m->f->device = mini_take;
    m->f->device_set = mini_set;
    m->f->user = m;
    m->is_n = is_n;
    m->version = "BK7231S_1.0.5";
    m->chip_id = 0x0007231c;
    memcpy(m->jedec, "\xeb\x60\x15", 3);
    m->sr = 0x4004;
    m->baud = 115200;
    m->flash = malloc(MINI_SIZE);
    assert_non_null(m->flash);
    for (uint32_t i = 0; i < MINI_SIZE; i++)
        m->flash[i] = (uint8_t)(i * 31 + (i >> 12) * 7 + (i >> 20) * 3 + 1);
    m->drop_reply_at = m->drop_request_at = m->late_reply_at = m->cut_reply_at = m->noise_at =
        m->reset_at = m->insert_at = m->lie_at = MINI_NEVER;
    return m;
}

void mini_close(struct mini *m)
{
    fake_close(m->f);
    free(m->flash);
    free(m);
}
