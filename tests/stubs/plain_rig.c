/* plain_rig.c - see plain_rig.h. */
#include "stubs/plain_rig.h"

#include <stdio.h>

const uint8_t rig_sha_of_blank_sector[32] = {
    0xf4, 0x7a, 0x8e, 0xc3, 0xe9, 0xaf, 0xf2, 0x31, 0x8d, 0x89, 0x69, 0x42, 0x28, 0x2a, 0xd4, 0xfe,
    0x37, 0xd6, 0x39, 0x1c, 0x82, 0x91, 0x4f, 0x54, 0xa5, 0xda, 0x8a, 0x37, 0xde, 0x13, 0x00, 0xc6};

struct rig *rig_open(const struct stub_family *family)
{
    struct rig *r = calloc(1, sizeof *r);

    assert_non_null(r);
    fake_init(&r->h);
    r->h.trains = family == &stub_bl602;
    fake_power_on(&r->h);
    stub_init(&r->s, family, &r->h);
    r->random = 1;
    return r;
}

void rig_close(struct rig *r)
{
    assert_int_equal(r->h.nor.violations, 0);
    assert_int_equal(r->h.misuses, 0);
    assert_int_equal(r->h.overruns, 0);
    fake_fini(&r->h);
    free(r);
}

void rig_hear(struct rig *r, size_t want)
{
    uint64_t end = fake_now_us(&r->h) + RIG_PATIENCE;

    while (fake_heard(&r->h) < want && fake_now_us(&r->h) < end)
        fake_run(&r->h, &r->s, 100);
    fake_run(&r->h, &r->s, RIG_QUIET);
    r->len = fake_take(&r->h, r->got, sizeof r->got);
}

static void rig_print(const char *what, const uint8_t *p, size_t len)
{
    fprintf(stderr, "%s %zu:", what, len);
    for (size_t i = 0; i < len && i < 48; i++)
        fprintf(stderr, " %02x", p[i]);
    fprintf(stderr, "\n");
}

void rig_expect(struct rig *r, const uint8_t *want, size_t len, int line)
{
    rig_hear(r, len);
    if (r->len == len && memcmp(r->got, want, len) == 0)
        return;
    rig_print("wanted", want, len);
    rig_print("got", r->got, r->len);
    fail_msg("line %d: another answer", line);
}

void rig_silent(struct rig *r, uint32_t us)
{
    fake_run(&r->h, &r->s, us);
    assert_int_equal(fake_heard(&r->h), 0);
}

uint32_t rig_random(struct rig *r, uint32_t below)
{
    r->random = r->random * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)r->random * below) >> 32);
}

void rig_fill(struct rig *r, uint32_t addr, uint32_t len, uint8_t byte)
{
    memset(r->h.nor.cell + addr, byte, len);
}

bool rig_holds(const struct rig *r, uint32_t addr, uint32_t len, uint8_t byte)
{
    for (uint32_t i = addr; i < addr + len; i++) {
        if (r->h.nor.cell[i] != byte)
            return false;
    }
    return true;
}

uint8_t rig_sum(const uint8_t *p, size_t len)
{
    uint8_t sum = 0;

    while (len--)
        sum = (uint8_t)(sum + *p++);
    return sum;
}

void rig_put32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

uint32_t rig_get32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* One fault: a bit flipped, a byte lost, doubled or changed, the end missing. */
static size_t rig_damage(struct rig *r, uint8_t *p, size_t len)
{
    size_t at = rig_random(r, (uint32_t)len);

    switch (rig_random(r, 5)) {
    case 0:
        p[at] ^= (uint8_t)(1u << rig_random(r, 8));
        return len;
    case 1:
        memmove(p + at, p + at + 1, len - at - 1);
        return len - 1;
    case 2:
        memmove(p + at + 1, p + at, len - at);
        return len + 1;
    case 3:
        p[at] = (uint8_t)rig_random(r, 256);
        return len;
    default:
        return at;
    }
}

void rig_storm_make(struct rig *r, struct rig_storm *t, rig_request_fn *request, unsigned kinds,
                    rig_acts_fn *acts)
{
    t->len = 0;
    while (t->len < 4000) {
        uint8_t *one = t->byte + t->len;
        size_t len;

        if (rig_random(r, 4) == 0) {
            len = rig_random(r, 40);
            for (size_t i = 0; i < len; i++)
                one[i] = (uint8_t)rig_random(r, 256);
        } else {
            len = rig_damage(r, one, request(r, rig_random(r, kinds), one));
        }
        /* What is begun may need any bytes to become one: then anew. */
        t->len = acts(t->byte, t->len + len) ? t->len / 2 : t->len + len;
    }
}
