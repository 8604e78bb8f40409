/* rig.c - see rig.h. */
#include "sim/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"

#define LINK_CHECK "01 E0 FC 01 00"
#define LINK_REPLY "04 0E 05 01 E0 FC 01 00"

void rig_open_flash(struct rig *r, const char *spec, const uint8_t *flash, uint32_t size)
{
    memset(r, 0, sizeof *r);
    if (pf_sim_open_flash(&r->ctx, spec, flash, size, &r->t))
        fail_msg("%s: %s", spec, r->ctx.text);
}

void rig_open(struct rig *r, const char *spec)
{
    rig_open_flash(r, spec, NULL, 0);
}

void rig_close(struct rig *r)
{
    r->t->ops->close(r->t);
}

size_t rig_hex(const char *hex, uint8_t *out, size_t cap)
{
    size_t n = 0;

    while (*hex) {
        unsigned byte;

        if (*hex == ' ') {
            hex++;
            continue;
        }
        assert_true(n < cap);
        assert_int_equal(sscanf(hex, "%2x", &byte), 1);
        out[n++] = (uint8_t)byte;
        hex += 2;
    }
    return n;
}

void rig_send(struct rig *r, const char *hex)
{
    uint8_t bytes[512];
    size_t n = rig_hex(hex, bytes, sizeof bytes);

    assert_int_equal(r->t->ops->write(r->t, bytes, n), PF_OK);
}

size_t rig_read(struct rig *r, uint8_t *buf, size_t n, uint32_t ms)
{
    uint64_t deadline = pf_now(r->t) + (uint64_t)ms * 1000;
    size_t have = 0, got;

    while (have < n && r->t->ops->read(r->t, buf + have, n - have, deadline, &got) == PF_OK)
        have += got;
    return have;
}

static void show(const char *what, const uint8_t *bytes, size_t n)
{
    fprintf(stderr, "%s (%zu):", what, n);
    for (size_t i = 0; i < n && i < 64; i++)
        fprintf(stderr, " %02X", bytes[i]);
    fprintf(stderr, "\n");
}

void rig_expect_at(struct rig *r, const char *hex, const char *file, int line)
{
    uint8_t want[512], have[512];
    size_t n = rig_hex(hex, want, sizeof want);
    size_t got = rig_read(r, have, n, 10000);

    if (got != n || memcmp(want, have, n)) {
        show("expected", want, n);
        show("received", have, got);
        _fail(file, line);
    }
    rig_silent_at(r, 3, file, line);
}

void rig_silent_at(struct rig *r, uint32_t ms, const char *file, int line)
{
    uint8_t have[512];
    size_t got = rig_read(r, have, sizeof have, ms);

    if (got) {
        show("expected silence, received", have, got);
        _fail(file, line);
    }
}

/* The storm leaves answers to earlier requests behind: let them come, drop them. */
static void settle(struct rig *r)
{
    uint8_t junk[256];
    size_t got;

    while (r->t->ops->read(r->t, junk, sizeof junk, pf_now(r->t) + 20000, &got) == PF_OK)
        ;
}

bool rig_train(struct rig *r, uint32_t ms)
{
    uint64_t end = pf_now(r->t) + (uint64_t)ms * 1000;
    uint8_t want[8], have[8];
    size_t n = 0, got;

    rig_hex(LINK_REPLY, want, sizeof want);
    while (pf_now(r->t) < end) {
        rig_send(r, LINK_CHECK);
        if (r->t->ops->read(r->t, have + n, sizeof have - n, pf_now(r->t) + 2000, &got) != PF_OK)
            continue;
        n += got;
        while (n && memcmp(have, want, n))
            memmove(have, have + 1, --n);
        if (n == sizeof want) {
            settle(r);
            return true;
        }
    }
    return false;
}

bool rig_try_link(struct rig *r)
{
    pf_set_baud(r->t, 115200);
    if (r->t->caps & PF_CAP_LINES) {
        assert_int_equal(pf_set_lines(r->t, PF_LINE_RTS | PF_LINE_DTR), PF_OK);
        pf_sleep(r->t, 50000);
        assert_int_equal(pf_set_lines(r->t, 0), PF_OK);
    }
    return rig_train(r, 2000);
}

void rig_link(struct rig *r)
{
    if (!rig_try_link(r))
        fail_msg("the device did not link");
}

static bool reply(struct rig *r, uint8_t *buf, size_t n)
{
    return rig_read(r, buf, n, 10000) == n;
}

bool rig_read4k(struct rig *r, uint32_t addr, uint8_t page[4096])
{
    uint8_t out[12] = {0x01, 0xE0, 0xFC, 0xFF, 0xF4, 0x05, 0x00, 0x09}, in[4111];
    static const uint8_t head[] = {0x04, 0x0E, 0xFF, 0x01, 0xE0, 0xFC,
                                   0xF4, 0x06, 0x10, 0x09, 0x00};

    put_le32(out + 8, addr);
    assert_int_equal(r->t->ops->write(r->t, out, sizeof out), PF_OK);
    if (!reply(r, in, sizeof in) || memcmp(in, head, sizeof head) || get_le32(in + 11) != addr)
        return false;
    memcpy(page, in + 15, 4096);
    return true;
}

unsigned rig_erase(struct rig *r, uint8_t code, uint32_t addr)
{
    uint8_t out[13] = {0x01, 0xE0, 0xFC, 0xFF, 0xF4, 0x06, 0x00, 0x0F, code}, in[16];

    put_le32(out + 9, addr);
    assert_int_equal(r->t->ops->write(r->t, out, sizeof out), PF_OK);
    return reply(r, in, sizeof in) ? in[10] : 256;
}

unsigned rig_write4k(struct rig *r, uint32_t addr, const uint8_t page[4096])
{
    uint8_t out[4108] = {0x01, 0xE0, 0xFC, 0xFF, 0xF4, 0x05, 0x10, 0x07}, in[15];

    put_le32(out + 8, addr);
    memcpy(out + 12, page, 4096);
    assert_int_equal(r->t->ops->write(r->t, out, sizeof out), PF_OK);
    return reply(r, in, sizeof in) ? in[10] : 256;
}

bool rig_crc(struct rig *r, uint32_t start, uint32_t end, uint32_t *crc)
{
    uint8_t out[13] = {0x01, 0xE0, 0xFC, 0x09, 0x10}, in[11];

    put_le32(out + 5, start);
    put_le32(out + 9, end);
    assert_int_equal(r->t->ops->write(r->t, out, sizeof out), PF_OK);
    if (!reply(r, in, sizeof in) || in[2] != 0x08 || in[6] != 0x10)
        return false;
    *crc = get_le32(in + 7);
    return true;
}

void rig_baud(struct rig *r, uint32_t baud)
{
    uint8_t out[10] = {0x01, 0xE0, 0xFC, 0x06, 0x0F, 0, 0, 0, 0, 20};
    uint8_t want[12] = {0x04, 0x0E, 0x09, 0x01, 0xE0, 0xFC, 0x0F}, have[12];

    put_le32(out + 5, baud);
    memcpy(want + 7, out + 5, 5);
    assert_int_equal(r->t->ops->write(r->t, out, sizeof out), PF_OK);
    assert_int_equal(r->t->ops->drain(r->t), PF_OK);
    pf_sleep(r->t, 10000);
    assert_int_equal(pf_set_baud(r->t, baud), PF_OK);
    assert_int_equal(rig_read(r, have, sizeof have, 1000), sizeof have);
    assert_memory_equal(have, want, sizeof want);
}

struct pf_sim_view rig_view(struct rig *r)
{
    struct pf_sim_view v;

    pf_sim_view(r->t, &v);
    return v;
}
