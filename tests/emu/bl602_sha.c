/* bl602_sha.c - see bl602_sha.h. */
#include "emu/bl602_sha.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"

#define BLOCK   64u
#define GARBAGE (EMU_GARBAGE * 0x01010101u)

/* 00 */
#define BUSY     0x1u
#define TRIGGER  0x2u
#define ENABLE   0x20u
#define GO_ON    0x40u
#define DONE     0x100u
#define DONE_CLR 0x200u
#define DONE_SET 0x400u
#define LINK     0x8000u
#define SETTINGS 0xFFFF887Cu /* what stays as it was written */
#define UNKNOWN  0x7080u     /* what no text names */

#define COMPLAIN(s, ...) emu_complain((s)->complaints, __VA_ARGS__)

static uint32_t mode(uint32_t ctrl)
{
    return ctrl >> 2 & 7;
}

/* ---- SHA-256 (FIPS 180-4, 4.1.2, 4.2.2, 5.3.3, 6.2.2) -------------------------- */

static const uint32_t initial[8] = {0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
                                    0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19};

static const uint32_t constants[64] = {
    0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5,
    0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174,
    0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA,
    0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967,
    0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85,
    0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070,
    0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3,
    0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208, 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2,
};

static uint32_t ror(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static uint32_t swapped(uint32_t x)
{
    return x >> 24 | (x >> 8 & 0xFF00) | (x << 8 & 0xFF0000) | x << 24;
}

static void schedule(uint32_t w[64], const uint8_t *block)
{
    for (unsigned t = 0; t < 16; t++)
        w[t] = get_be32(block + 4 * t);
    for (unsigned t = 16; t < 64; t++)
        w[t] = w[t - 16] + w[t - 7] + (ror(w[t - 15], 7) ^ ror(w[t - 15], 18) ^ w[t - 15] >> 3) +
               (ror(w[t - 2], 17) ^ ror(w[t - 2], 19) ^ w[t - 2] >> 10);
}

static void compress(uint32_t hash[8], const uint8_t *block)
{
    uint32_t w[64], v[8];

    schedule(w, block);
    memcpy(v, hash, sizeof v);
    for (unsigned t = 0; t < 64; t++) {
        uint32_t one = v[7] + (ror(v[4], 6) ^ ror(v[4], 11) ^ ror(v[4], 25)) +
                       ((v[4] & v[5]) ^ (~v[4] & v[6])) + constants[t] + w[t];
        uint32_t two = (ror(v[0], 2) ^ ror(v[0], 13) ^ ror(v[0], 22)) +
                       ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += one;
        v[0] = one + two;
    }
    for (unsigned i = 0; i < 8; i++)
        hash[i] += v[i];
}

/* ---- a run ---------------------------------------------------------------------- */

/* What must be right when it is triggered; `before`: 00 as it was. */
static bool ready(struct bl602_sha *s, uint32_t before)
{
    uint32_t at = s->source - BL602_SHA_RAM, blocks = s->ctrl >> 16;

    if (!(s->ctrl & ENABLE))
        COMPLAIN(s, "SHA: trigger while it is not enabled");
    else if (mode(s->ctrl) || s->ctrl & LINK)
        COMPLAIN(s, "SHA: 00 = %" PRIx32 ": only SHA-256 without link mode is modelled", s->ctrl);
    else if (!blocks)
        COMPLAIN(s, "SHA: trigger with a length of 0");
    else if (!s->set_up || s->ctrl != before)
        COMPLAIN(s, "SHA: 00 was not set before it was written with the trigger");
    else if (!s->sourced)
        COMPLAIN(s, "SHA: 04 was not written since the last trigger");
    else if (s->source & 3)
        COMPLAIN(s, "SHA: the data at %08" PRIx32 " are not aligned", s->source);
    else if (at >= s->ram_size)
        COMPLAIN(s, "SHA: the engine does not see %08" PRIx32, s->source);
    else if (blocks > (s->ram_size - at) / BLOCK)
        COMPLAIN(s, "SHA: %" PRIu32 " blocks at %08" PRIx32 " run out of RAM", blocks, s->source);
    else if (s->ctrl & GO_ON && !s->hashed)
        COMPLAIN(s, "SHA: there is no hash to go on with");
    else
        return true;
    return false;
}

static void trigger(struct bl602_sha *s, uint64_t ps, uint32_t before)
{
    uint32_t blocks = s->ctrl >> 16;
    bool good = ready(s, before);

    s->set_up = s->sourced = s->hashed = false;
    if (!good)
        return;
    s->at = s->source - BL602_SHA_RAM;
    s->len = blocks * BLOCK;
    memcpy(s->copy, s->ram + s->at, s->len);
    if (!(s->ctrl & GO_ON))
        memcpy(s->hash, initial, sizeof s->hash);
    s->busy = true;
    s->busy_clocks = s->trigger_clocks + (uint64_t)s->block_clocks * blocks;
    emu_counter_set(&s->clocks, ps, 0);
}

/* The run is over, if it is time. Called only when the program looks: it cannot know before. */
static void settle(struct bl602_sha *s, uint64_t ps)
{
    if (!s->busy || emu_counter_at(&s->clocks, ps) < s->busy_clocks)
        return;
    for (uint32_t i = 0; i < s->len; i += BLOCK)
        compress(s->hash, s->copy + i);
    if (memcmp(s->copy, s->ram + s->at, s->len) != 0) {
        COMPLAIN(s, "SHA: the data at %08" PRIx32 " changed while BUSY", BL602_SHA_RAM + s->at);
        for (unsigned i = 0; i < 8; i++)
            s->hash[i] ^= GARBAGE;
    }
    s->busy = false;
    s->done = s->hashed = true;
}

/* ---- registers ------------------------------------------------------------------ */

static uint32_t read_hash(struct bl602_sha *s, uint32_t offset)
{
    if (s->busy)
        COMPLAIN(s, "SHA: the hash was read while BUSY");
    else if (!s->hashed)
        COMPLAIN(s, "SHA: the hash was read, but there is none");
    else
        return swapped(s->hash[(offset - 0x10) / 4]);
    return GARBAGE;
}

uint32_t bl602_sha_read(struct bl602_sha *s, uint64_t ps, uint32_t offset)
{
    if (s->held) {
        COMPLAIN(s, "SHA: %02" PRIx32 " read while the block is held in reset", offset);
        return 0;
    }
    settle(s, ps);
    switch (offset) {
    case 0x00:
        return s->ctrl | (s->busy ? BUSY : 0) | (s->done ? DONE : 0);
    case 0x04:
        return s->source;
    case 0x0C:
        return 1;
    default:
        return read_hash(s, offset);
    }
}

static void write_control(struct bl602_sha *s, uint64_t ps, uint32_t value)
{
    uint32_t before = s->ctrl;

    if (value & UNKNOWN)
        COMPLAIN(s, "SHA: 00 written with %" PRIx32 ", of which bits are unknown", value);
    s->ctrl = value & SETTINGS;
    if (value & DONE_CLR)
        s->done = false;
    if (value & DONE_SET)
        s->done = true;
    if (value & TRIGGER)
        trigger(s, ps, before);
    else
        s->set_up = true;
    if (!(value & ENABLE))
        s->hashed = false;
}

void bl602_sha_write(struct bl602_sha *s, uint64_t ps, uint32_t offset, uint32_t value)
{
    if (s->held) {
        COMPLAIN(s, "SHA: %02" PRIx32 " written while the block is held in reset", offset);
        return;
    }
    settle(s, ps);
    if (s->busy) {
        if (offset == 0 && value & TRIGGER)
            COMPLAIN(s, "SHA: trigger while BUSY");
        else
            COMPLAIN(s, "SHA: %02" PRIx32 " written while BUSY", offset);
        return;
    }
    switch (offset) {
    case 0x00:
        write_control(s, ps, value);
        break;
    case 0x04:
        s->source = value;
        s->sourced = true;
        break;
    default:
        if (value != 1)
            COMPLAIN(s, "SHA: 0C = %" PRIx32 " is not modelled", value);
        break;
    }
}

/* ---- the engine ------------------------------------------------------------------ */

void bl602_sha_hold(struct bl602_sha *s, bool held)
{
    s->held = held;
    if (!held)
        return;
    s->ctrl = s->source = 0;
    s->set_up = s->sourced = s->busy = s->done = s->hashed = false;
}

void bl602_sha_clock(struct bl602_sha *s, uint64_t ps, uint32_t hz)
{
    emu_counter_rate(&s->clocks, ps, hz);
}

bool bl602_sha_init(struct bl602_sha *s, struct emu_complaints *complaints, const uint8_t *ram,
                    uint32_t ram_size)
{
    memset(s, 0, sizeof *s);
    s->trigger_clocks = BL602_SHA_TRIGGER_CLOCKS;
    s->block_clocks = BL602_SHA_BLOCK_CLOCKS;
    s->complaints = complaints;
    s->ram = ram;
    s->ram_size = ram_size;
    s->copy = malloc(ram_size);
    return s->copy != NULL;
}

void bl602_sha_fini(struct bl602_sha *s)
{
    free(s->copy);
    s->copy = NULL;
}
