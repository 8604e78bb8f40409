/* obk.c - OpenBeken's records: a raw sector on Beken, named records of EasyFlash 4 on the
 * others. Sectors of that start with status tables and a magic word, records follow:
 *
 *   granularity   bit    byte   word
 *   magic at      4      8      0x18     "EF40", "EF41" in words
 *   header        0x10   0x14   0x24
 *   record        status, "KV40" but in words, then at `lens`:
 *     lens        8      12     20
 *     +0 total length   +4 CRC-32   +8 name length, 3 x FF   +12 value length
 *     +16 name, value, each padded with FF to 4 in words; the CRC is of all from +8 on
 *
 * A step of a status is a bit from the top, a byte, or the first byte of a word, 0 when
 * it was reached: begun, written, being deleted, deleted, broken. Which granularity a
 * chip's build had is seen from the magic. */
#include "core/obk.h"

#include <string.h>

#include "core/crc.h"
#include "hal/hal.h"

struct format {
    uint8_t header, magic_at, lens, slot; /* slot: bytes of a step, 0: a bit */
    bool words;
};
static const struct format formats[] = {
    {0x10, 0x04, 8, 0, false},
    {0x14, 0x08, 12, 1, false},
    {0x24, 0x18, 20, 4, true},
};

enum { STEP_WRITTEN = 1, STEP_DELETING, STEP_DELETED, STEP_BROKEN };
enum state { DEAD, RETIRED, LIVE };

struct record {
    enum state state;
    uint32_t name, value, total; /* addresses, bytes from the record's beginning */
    size_t name_len, value_len;
    uint32_t crc;
};

static uint32_t get_le32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static const struct format *format_of(uint32_t sector)
{
    uint8_t top[0x24];

    if (!hal_flash_read(sector, top, sizeof top))
        return NULL;
    for (unsigned i = 0; i < sizeof formats / sizeof *formats; i++) {
        const uint8_t *magic = top + formats[i].magic_at;

        if (!memcmp(magic, "EF40", 4) || (formats[i].words && !memcmp(magic, "EF41", 4)))
            return &formats[i];
    }
    return NULL;
}

static bool reached(const struct format *f, const uint8_t *status, unsigned step)
{
    return f->slot ? status[step * f->slot] == 0 : !(status[0] & 0x80u >> step);
}

/* The highest step reached counts. */
static enum state state_of(const struct format *f, const uint8_t *status)
{
    if (reached(f, status, STEP_BROKEN) || reached(f, status, STEP_DELETED))
        return DEAD;
    if (reached(f, status, STEP_DELETING))
        return RETIRED;
    return reached(f, status, STEP_WRITTEN) ? LIVE : DEAD;
}

/* The record at an address with `room` bytes up to its sector's end; false: none. */
static bool parse(const struct format *f, uint32_t addr, uint32_t room, struct record *r)
{
    const uint32_t pad = f->words ? 3 : 0, head = f->lens + 16u;
    uint8_t top[36];
    uint32_t len;

    if (room < head || !hal_flash_read(addr, top, head))
        return false;
    if (!f->words && memcmp(top + f->lens - 4, "KV40", 4) != 0)
        return false;
    r->total = get_le32(top + f->lens);
    r->crc = get_le32(top + f->lens + 4);
    r->name_len = top[f->lens + 8];
    len = get_le32(top + f->lens + 12);
    if (!r->name_len || len > room || r->total > room)
        return false;
    r->value_len = len;
    r->name = addr + head;
    r->value = r->name + (((uint32_t)r->name_len + pad) & ~pad);
    r->state = state_of(f, top);
    return r->total == r->value - addr + ((len + pad) & ~pad);
}

static bool crc_right(const struct format *f, uint32_t addr, const struct record *r)
{
    uint8_t part[64];
    uint32_t crc = 0;

    for (uint32_t at = f->lens + 8u; at < r->total;) {
        const uint32_t n = r->total - at < sizeof part ? r->total - at : sizeof part;

        if (!hal_flash_read(addr + at, part, n))
            return false;
        crc = crc32_add(crc, part, n);
        at += n;
    }
    return crc == r->crc;
}

static bool is_named(const struct record *r, const char *name)
{
    char have[16];
    const size_t n = strlen(name);

    return r->name_len == n && n <= sizeof have && hal_flash_read(r->name, have, n) &&
           memcmp(have, name, n) == 0;
}

/* Look for the record in a sector; a live one counts more than one being replaced, and a
 * later one more than an earlier one. */
static void look(uint32_t sector, const char *name, struct record *best)
{
    const struct format *f = format_of(sector);
    uint32_t at = f ? f->header : HAL_SECTOR;

    while (at < HAL_SECTOR) {
        struct record r;

        if (!parse(f, sector + at, HAL_SECTOR - at, &r)) {
            at += f->words ? 4 : 1; /* free, or damaged: the next one may follow */
            continue;
        }
        if (r.state != DEAD && r.state >= best->state && is_named(&r, name) &&
            crc_right(f, sector + at, &r))
            *best = r;
        at += r.total;
    }
}

size_t obk_value(struct hal_span area, const char *name, uint8_t *buf, size_t cap)
{
    struct record best = {.state = DEAD};

    for (uint32_t at = 0; at + HAL_SECTOR <= area.len; at += HAL_SECTOR)
        look(area.addr + at, name, &best);
    if (best.state == DEAD || best.value_len > cap ||
        !hal_flash_read(best.value, buf, best.value_len))
        return 0;
    return best.value_len;
}

size_t obk_config(const struct hal_chip *chip, uint8_t rec[CONFIG_SIZE])
{
    static const char *const names[HAL_FAMILIES] = {
        [HAL_ECR6600] = "ObkCfg",
        [HAL_BL602] = "mY0bcFg",
    };

    if (names[chip->family])
        return obk_value(chip->obk, names[chip->family], rec, CONFIG_SIZE);
    return chip->obk.len >= CONFIG_SIZE && hal_flash_read(chip->obk.addr, rec, CONFIG_SIZE)
               ? CONFIG_SIZE
               : 0;
}

bool obk_vars(const struct hal_chip *chip, uint8_t rec[VARS_SIZE])
{
    return obk_value(chip->obk_vars, "OBK_FV", rec, VARS_SIZE) == VARS_SIZE;
}
