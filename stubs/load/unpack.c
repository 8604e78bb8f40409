/* unpack.c - see unpack.h. As small as can be: it is sent as it is. */
#include "load/unpack.h"

static unsigned unpack_bit(struct unpack *u, uint32_t place_at, uint32_t kind_at)
{
    uint16_t *place = u->estimate + place_at, *kind = u->estimate + UNPACK_PLACES + kind_at;
    uint32_t bound;
    unsigned bit = 0;

    for (; u->range < 1u << 24; u->range <<= 8)
        u->code = u->code << 8 | *u->in++;
    bound = unpack_bound(u->range, *place, *kind);
    if (u->code >= bound) {
        u->code -= bound;
        bound = u->range - bound;
        bit = 1;
    }
    u->range = bound;
    *place = unpack_learn(*place, bit);
    *kind = unpack_learn(*kind, bit);
    return bit;
}

static uint32_t unpack_number(struct unpack *u, uint32_t by)
{
    uint32_t value = 0, top = 1;

    for (; unpack_bit(u, by, by); by += 2, top <<= 1)
        if (unpack_bit(u, by + 1, by + 1))
            value |= top;
    return value | top;
}

static uint32_t unpack_byte(struct unpack *u, uint32_t place, uint32_t kind)
{
    uint32_t known = 1;

    while (known < 256)
        known = known << 1 | unpack_bit(u, place + known, kind + known);
    return known;
}

/* Calls lead to where they did. */
static void unpack_rv32(uint8_t *out, uint32_t len)
{
    uint32_t *word = (uint32_t *)(void *)out;

    for (uint32_t at = 0; at < len; at += 4, word++) {
        uint32_t to = (*word >> 12 << 1) - at;

        if ((*word & 0xfff) == 0xef)
            *word = 0xef | (to & 0xff000) | (to & 0x800) << 9 | (to & 0x7fe) << 20 |
                    (to & 0x100000) << 11;
    }
}

static void unpack_nds32(uint8_t *out, uint32_t len)
{
    for (uint32_t at = 0; at < len - 2; at += 2) {
        uint8_t *p = out + at;

        if (p[0] == 0x49) {
            uint32_t to = ((uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]) - at / 2;

            p[1] = (uint8_t)(to >> 16);
            p[2] = (uint8_t)(to >> 8);
            p[3] = (uint8_t)to;
            at += 2;
        }
    }
}

void stub_unpack(struct unpack *u, enum unpack_code code, const uint8_t *in, uint8_t *out,
                 uint32_t len)
{
    uint32_t at = 0, run = 0, distance = 0;

    for (uint32_t i = 0; i < UNPACK_ALL; i++)
        u->estimate[i] = UNPACK_EVEN;
    u->in = in;
    u->range = 1;
    u->code = 0;
    while (at < len) {
        uint32_t by = UNPACK_FLAG + run + (at & 3);

        if (!unpack_bit(u, by, by)) {
            out[at] = (uint8_t)unpack_byte(u, unpack_place(code, at), unpack_kind(code, out, at));
            at++;
            run = 0;
        } else {
            if (run || unpack_bit(u, UNPACK_NEW, UNPACK_NEW))
                distance = unpack_number(u, UNPACK_DISTANCE);
            run = unpack_number(u, UNPACK_LENGTH);
            do {
                out[at] = out[at - distance];
                at++;
            } while (--run);
            run = 4;
        }
    }
    if (code == UNPACK_RV32)
        unpack_rv32(out, len);
    else
        unpack_nds32(out, len);
}
