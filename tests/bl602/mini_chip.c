/* mini_chip.c - see mini_chip.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bl602/mini_chip.h"
#include "core/bytes.h"
#include "core/checksum.h"

#define MS UINT64_C(1000)

/* reference 12.2: writes "HI" to UART0 */
static const uint8_t mini_code[40] = {0x73, 0x70, 0x04, 0x30, 0x37, 0xa5, 0x00, 0x40, 0x93,
                                      0x05, 0x80, 0x04, 0x23, 0x04, 0xb5, 0x08, 0x93, 0x05,
                                      0x90, 0x04, 0x23, 0x04, 0xb5, 0x08, 0x01, 0xa0, 0x13};

void mini_stub(uint8_t *out)
{
    memset(out, 0, MINI_STUB);
    memcpy(out, "BFNP\x01", 5);
    memcpy(out + 100, "PCFG\x04\x04", 6); /* to be patched out */
    out[117] = 3;
    out[118] = 3;
    out[120] = 1;
    put_le32(out + 128, 0x22010000);
    put_le32(out + 132, 0xdeadbeef);
    put_le32(out + 172, 0xdeadbeef);
    put_le32(out + 176, 0x22010000);
    put_le32(out + 180, 40);
    memcpy(out + 192, mini_code, 40);
    put_le32(out + 184, pf_crc32(0, out + 192, 40));
    put_le32(out + 188, pf_crc32(0, out + 176, 12));
}

static bool mini_hears(const struct mini *m)
{
    return m->f->baud == m->baud;
}

static void mini_raw(struct mini *m, uint64_t after, const void *bytes, size_t len)
{
    if (mini_hears(m) && !m->dead)
        fake_chip(m->f, after, bytes, len);
}

/* An answer of the loader, with the fault of this request. */
static void mini_send(struct mini *m, const uint8_t *bytes, size_t len)
{
    unsigned at = m->where == MINI_LOADER ? m->requests - 1 : MINI_NEVER - 1;

    if (at == m->drop_reply_at)
        return;
    if (at == m->noise_at)
        mini_raw(m, 200, "\xa5", 1);
    if (at == m->cut_at)
        len--;
    mini_raw(m, at == m->late_at ? m->late_us : 300, bytes, len);
    if (at == m->twice_at)
        mini_raw(m, 0, bytes, 2);
}

static void mini_ok(struct mini *m)
{
    mini_send(m, (const uint8_t *)"OK", 2);
}

static void mini_data(struct mini *m, const uint8_t *data, size_t len)
{
    uint8_t *out = malloc(len + 4);

    memcpy(out, "OK", 2);
    put_le16(out + 2, (uint16_t)len);
    memcpy(out + 4, data, len);
    mini_send(m, out, len + 4);
    free(out);
}

static void mini_fl(struct mini *m, unsigned code)
{
    uint8_t out[4] = {'F', 'L', (uint8_t)code, (uint8_t)(code >> 8)};

    mini_send(m, out, 4);
    if (m->where != MINI_LOADER || code == 0x0103)
        return;
    if (++m->strikes == 3) {
        m->where = MINI_LOADER_WAITS;
        m->len = 0;
    }
}

static void mini_boot_info(struct mini *m, uint32_t version)
{
    uint8_t out[20] = {0};

    put_le32(out, version);
    out[4] = m->sign;
    out[5] = m->encrypt;
    for (int i = 0; i < 6; i++)
        out[12 + i] = m->mac[5 - i];
    mini_data(m, out, 20);
}

static void mini_enter(struct mini *m, enum mini_where where)
{
    m->where = where;
    m->len = 0;
    m->strikes = 0;
    m->deaf = false;
    m->last_us = m->f->now;
}

static void mini_reset(struct mini *m, bool boot)
{
    m->resets++;
    m->step = 0;
    m->latched = false;
    mini_enter(m, boot ? MINI_ROM_WAITS : MINI_APP);
}

/* ROM ------------------------------------------------------------------------ */

static void mini_rom_data(struct mini *m, const uint8_t *p, size_t len)
{
    assert_true(m->step == 5 && len && len <= 4092);
    assert_true(m->ram_len + len <= get_le32(m->segment + 4));
    memcpy(m->ram + m->ram_len, p, len);
    m->ram_len += len;
    if (m->ram_len == get_le32(m->segment + 4))
        m->step = 6;
    mini_ok(m);
}

static void mini_rom_check(struct mini *m)
{
    uint8_t *all = malloc(16 + m->ram_len), hash[32];

    memcpy(all, m->segment, 16);
    memcpy(all + 16, m->ram, m->ram_len);
    if (m->bad_sha) {
        m->bad_sha--;
        all[20] ^= 1;
    }
    pf_sha256(all, 16 + m->ram_len, hash);
    free(all);
    if (memcmp(hash, m->header + 132, 32) != 0) {
        mini_fl(m, 0x0217);
        return;
    }
    m->step = 7;
    mini_ok(m);
}

static void mini_rom_command(struct mini *m, uint8_t cmd, const uint8_t *p, size_t len)
{
    switch (cmd) {
    case 0x10:
        mini_boot_info(m, m->rom_version);
        break;
    case 0x11:
        assert_int_equal(len, 176);
        if (m->header_astray) {
            mini_ok(m);
            break;
        }
        memcpy(m->header, p, 176);
        m->step = 4;
        m->loads++;
        if (memcmp(p + 100, "PCFG", 4) == 0)
            m->baud = 2500000; /* the quirk the driver patches out */
        if (pf_crc32(0, p, 172) != get_le32(p + 172))
            mini_fl(m, 0x0204);
        else
            mini_ok(m);
        break;
    case 0x17:
        assert_int_equal(len, 16);
        if (m->header_astray || m->sequence_fl) {
            m->sequence_fl -= m->sequence_fl > 0;
            mini_fl(m, 0x0104);
            break;
        }
        memcpy(m->segment, p, 16);
        m->ram_len = 0;
        m->step = 5;
        mini_data(m, p, 16);
        break;
    case 0x18:
        mini_rom_data(m, p, len);
        break;
    case 0x19:
        assert_int_equal(m->step, 6);
        mini_rom_check(m);
        break;
    default:
        assert_int_equal(cmd, 0x1a);
        assert_int_equal(m->step, 7);
        mini_ok(m);
        mini_enter(m, MINI_LOADER_WAITS);
    }
}

static bool mini_rom_knows(uint8_t cmd)
{
    return cmd == 0x10 || cmd == 0x11 || (cmd >= 0x17 && cmd <= 0x1a);
}

/* loader --------------------------------------------------------------------- */

static void mini_erase(struct mini *m, const uint8_t *p, size_t len)
{
    uint32_t at, end;

    if (len != 8) {
        mini_fl(m, 0x0002);
        return;
    }
    at = get_le32(p) & ~4095u;
    end = get_le32(p + 4);
    m->erases++;
    m->latched = false;
    if (m->erase_fl) {
        m->erase_fl--;
        mini_fl(m, 0x0003);
        return;
    }
    while (at <= end) {
        uint32_t left = end - at + 1, n = 0x1000;

        if (at % 0x10000 == 0 && left > 0xf000)
            n = 0x10000;
        else if (at % 0x8000 == 0 && left > 0x7000)
            n = 0x8000;
        mini_raw(m, m->pds ? m->erase_us : 100, "PD", 2);
        m->pds++;
        assert_true(at + n <= MINI_SIZE);
        memset(m->flash + at, 0xff, n);
        at += n;
    }
    mini_raw(m, m->erase_us, "", 0);
    mini_ok(m);
}

static void mini_write(struct mini *m, const uint8_t *p, size_t len)
{
    uint32_t at = get_le32(p);

    assert_true(len >= 5 && at + len - 4 <= MINI_SIZE);
    m->writes++;
    if (m->write_fl && !m->latched) {
        m->write_fl--;
        m->latched = true;
    }
    if (m->latched) {
        mini_fl(m, 0x0006);
        return;
    }
    mini_ok(m); /* before it programs */
    if (m->write_fails) {
        m->write_fails = false;
        m->latched = true;
        return;
    }
    for (size_t i = 4; i < len; i++)
        m->flash[at + i - 4] &= p[i];
}

static void mini_read(struct mini *m, const uint8_t *p, size_t len)
{
    uint32_t at, n;

    if (len != 8) {
        mini_fl(m, 0x0004);
        return;
    }
    at = get_le32(p);
    n = get_le32(p + 4);
    m->reads++;
    m->harmful_reads += (at & ~4095u) <= n; /* were it an erase */
    if (n > m->clip)
        n = m->clip;
    assert_true(at + n <= MINI_SIZE);
    mini_data(m, m->flash + at, n);
}

static void mini_mac(struct mini *m)
{
    uint8_t out[10];

    for (int i = 0; i < 6; i++)
        out[i] = m->mac[5 - i];
    put_le32(out + 6, pf_crc32(0, out, 6));
    mini_data(m, out, 10);
}

static void mini_sha(struct mini *m, const uint8_t *p)
{
    uint8_t hash[32];

    assert_true(get_le32(p) + get_le32(p + 4) <= MINI_SIZE);
    m->shas++;
    if (m->read_fl) {
        m->read_fl--;
        mini_fl(m, 0x0009);
        return;
    }
    pf_sha256(m->flash + get_le32(p), get_le32(p + 4), hash);
    mini_data(m, hash, 32);
}

static void mini_loader_command(struct mini *m, uint8_t cmd, const uint8_t *p, size_t len)
{
    uint8_t word[4] = {0x02, 0x00, 0x02, 0x06};

    if (m->requests - 1 == m->stray_pd_at)
        mini_raw(m, 100, "PD", 2);
    switch (cmd) {
    case 0x10:
        if (!m->old_loader)
            mini_boot_info(m, 0xffffffff);
        break;
    case 0x21:
        mini_ok(m);
        mini_reset(m, m->boot_pin);
        break;
    case 0x30:
        mini_erase(m, p, len);
        break;
    case 0x31:
        mini_write(m, p, len);
        break;
    case 0x32:
        mini_read(m, p, len);
        break;
    case 0x36:
        m->probes++;
        mini_data(m, m->jedec, 4);
        break;
    case 0x37:
        mini_data(m, &m->sr, 1);
        break;
    case 0x3a:
        m->checks++;
        if (m->latched)
            mini_fl(m, 0x0006);
        else
            mini_ok(m);
        break;
    case 0x3d:
        mini_sha(m, p);
        break;
    case 0x42:
        mini_mac(m);
        break;
    case 0x51:
        mini_data(m, word, 4);
        break;
    default:
        m->efuse += cmd == 0x40 || cmd == 0x41;
        break; /* no answer at all */
    }
}

static void mini_loader_frame(struct mini *m, const uint8_t *in, size_t len)
{
    uint8_t sum = 0;

    m->requests++;
    if (m->requests - 1 == m->drop_request_at)
        return;
    for (size_t i = 2; i < len; i++)
        sum = (uint8_t)(sum + in[i]);
    if (in[1] && in[1] != sum)
        mini_fl(m, 0x0103);
    else
        mini_loader_command(m, in[0], in + 4, len - 4);
}

/* line ----------------------------------------------------------------------- */

static void mini_expire(struct mini *m)
{
    uint64_t idle = m->f->now - m->last_us;

    if (m->where == MINI_ROM && idle >= 2000 * MS)
        mini_enter(m, MINI_ROM_WAITS);
    if (m->where == MINI_LOADER && idle >= m->idle_s * 2000 * MS)
        mini_enter(m, MINI_LOADER_WAITS);
}

static void mini_train(struct mini *m, size_t n)
{
    bool rom = m->where == MINI_ROM_WAITS;
    uint64_t us = (uint64_t)n * 10000000 / m->f->baud;

    m->trains++;
    m->train_len = n;
    if (!rom && m->deaf_above && m->f->baud > m->deaf_above)
        return;
    mini_enter(m, rom ? MINI_ROM : MINI_LOADER);
    m->baud = m->f->baud;
    if (!rom && m->wrong_above && m->baud > m->wrong_above) {
        m->baud = m->baud / 9 * 8;
        fake_chip(m->f, 18 * MS, "\xf1\x3c", 2);
        return;
    }
    mini_raw(m, us + (rom ? 8 : 12) * MS, "OK", 2);
    m->deaf = !rom && us > 15 * MS;
}

static void mini_rom_bytes(struct mini *m)
{
    size_t at = 0;

    while (m->where == MINI_ROM && at < m->len) {
        size_t n;

        if (!mini_rom_knows(m->in[at])) {
            at++;
            continue;
        }
        if (m->len - at < 4)
            break;
        n = get_le16(m->in + at + 2);
        assert_true(n <= 4092);
        if (m->len - at < 4 + n)
            break;
        at += 4 + n;
        mini_rom_command(m, m->in[at - n - 4], m->in + at - n, n);
    }
    if (m->where != MINI_ROM)
        at = m->len;
    memmove(m->in, m->in + at, m->len - at);
    m->len -= at;
}

static void mini_loader_bytes(struct mini *m)
{
    while (m->where == MINI_LOADER && m->len >= 4 && m->len >= 4u + get_le16(m->in + 2)) {
        size_t n = 4u + get_le16(m->in + 2);
        uint8_t frame[20000];

        memcpy(frame, m->in, n);
        m->len -= n;
        memmove(m->in, m->in + n, m->len);
        mini_loader_frame(m, frame, n);
    }
}

static void mini_device(void *user, struct fake *f, const uint8_t *bytes, size_t len)
{
    struct mini *m = user;
    bool waits, all = true;

    mini_expire(m);
    for (size_t i = 0; i < len; i++)
        all = all && bytes[i] == 0x55;
    if (m->dead || m->where == MINI_APP)
        return;
    if (m->reset_at_request && m->where == MINI_LOADER && !all) {
        m->reset_at_request = false;
        mini_reset(m, m->boot_pin);
        return;
    }
    waits = m->where == MINI_ROM_WAITS || m->where == MINI_LOADER_WAITS;
    if (waits && all && len >= 8)
        mini_train(m, len);
    if (waits)
        return;
    m->last_us = f->now;
    if (m->deaf)
        return;
    if (m->where == MINI_LOADER && m->requests == m->lose_first_at) {
        m->lose_first_at = MINI_NEVER;
        bytes++;
        len--;
    }
    if (len > sizeof m->in - m->len)
        len = sizeof m->in - m->len;
    if (mini_hears(m))
        memcpy(m->in + m->len, bytes, len);
    else
        memset(m->in + m->len, 0xf8, len);
    m->len += len;
    if (m->where == MINI_ROM)
        mini_rom_bytes(m);
    else
        mini_loader_bytes(m);
}

static void mini_set(void *user, struct fake *f, enum fake_kind kind, unsigned value)
{
    struct mini *m = user;
    unsigned was = m->lines, reset = m->role ? PF_LINE_RTS : PF_LINE_DTR;

    (void)f;
    if (kind == FAKE_POWER && value)
        mini_reset(m, m->boot_pin || (m->role == 0 && m->lines & PF_LINE_RTS) ||
                          (m->role == 1 && !(m->lines & PF_LINE_DTR)));
    if (kind != FAKE_LINES)
        return;
    m->lines = value;
    if (m->role < 0 || !(was & reset) || value & reset)
        return; /* the reset line is not being let go */
    mini_reset(m,
               m->boot_pin || (m->role == 0 ? (value & PF_LINE_RTS) != 0 : !(value & PF_LINE_DTR)));
}

struct mini *mini_open(enum mini_where where)
{
    struct mini *m = calloc(1, sizeof *m);

    assert_non_null(m);
    m->f = fake_open(NULL);
    m->f->device = mini_device;
    m->f->device_set = mini_set;
    m->f->user = m;
    m->where = where;
    m->boot_pin = true;
    m->role = -1;
    m->baud = 921600;
    m->idle_s = 10;
    m->clip = 16388;
    m->rom_version = 1;
    m->erase_us = 20 * MS;
    memcpy(m->jedec, "\xef\x40\x15\x80", 4);
    memcpy(m->mac, "\xe6\xd5\xc4\xb3\xa2\xd1", 6);
    m->drop_reply_at = m->drop_request_at = m->late_at = m->noise_at = MINI_NEVER;
    m->cut_at = m->twice_at = m->stray_pd_at = m->lose_first_at = MINI_NEVER;
    m->flash = malloc(MINI_SIZE);
    assert_non_null(m->flash);
    for (size_t i = 0; i < MINI_SIZE; i++)
        m->flash[i] = (uint8_t)(i * 7 + i / 4096);
    return m;
}

void mini_close(struct mini *m)
{
    fake_close(m->f);
    free(m->flash);
    free(m);
}
