/* store.c - the log on NOR.
 *
 * Sectors form a ring and carry consecutive numbers; sector number n lies in slot
 * n modulo the number of slots. The newest number in a sound head is the sector in
 * use, and it and the slots - 2 before it are the window: only there are records
 * looked for. The one slot outside is free, whatever stands in it.
 *
 *   sector   0  4  "pfs1"                 record   0  1  A5
 *            4  4  number                          1  1  key
 *            8  4  CRC-32 of bytes 0..7            2  2  length of the value n
 *            16    records, at multiples           4  4  CRC-32 of the sector's number,
 *                  of 4                                  bytes 0..3 and the value
 *                                                  8  n  value
 *
 * A record that does not fit the sector in use begins the next one, in the free slot:
 * the slot is erased, the live records of the oldest sector of the window are copied
 * (to what is left of the sector in use, or to the new one), the new record follows,
 * and the head of the sector is written last. That one word makes all of it valid: the
 * window moves on, and the oldest sector with all it held falls out of it. Before the
 * head nothing was valid and nothing was lost, so a cut of the power needs no repair,
 * ever; what was begun is erased before it is begun again. Every slot is erased equally
 * often.
 *
 * A number in each record's CRC keeps what an interrupted erase left of an earlier life
 * of the slot from being taken for records. */
#include "core/store.h"

#include <string.h>

#include "core/crc.h"
#include "hal/flash.h"

#define MAGIC      0x31736670u
#define MARK       0xa5u
#define SECTOR_TOP 16u /* where records begin */
#define RECORD_TOP 8u
#define NUMBER_MAX 0xf0000000u /* never reached; keeps arithmetic on hostile heads plain */

/* A value to be written: in RAM, or in a record. */
struct value {
    const uint8_t *ram; /* NULL: on flash */
    uint32_t flash;
    size_t len;
};

static void put_le32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

static uint32_t get_le32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t record_size(size_t len)
{
    return RECORD_TOP + (((uint32_t)len + 3) & ~3u);
}

static uint32_t slot_of(const struct store *s, uint32_t number)
{
    return s->base + number % s->sectors * HAL_SECTOR;
}

/* The number of the window's sector that holds this address. */
static uint32_t number_at(const struct store *s, uint32_t addr)
{
    const uint32_t slot = (addr - s->base) / HAL_SECTOR, now = s->sequence % s->sectors;

    return s->sequence - (now + s->sectors - slot) % s->sectors;
}

static bool is_blank(uint32_t addr, uint32_t len)
{
    uint8_t part[64];

    for (uint32_t at = 0; at < len;) {
        const uint32_t n = len - at < sizeof part ? len - at : sizeof part;

        if (!hal_flash_read(addr + at, part, n))
            return false;
        for (uint32_t i = 0; i < n; i++)
            if (part[i] != 0xff)
                return false;
        at += n;
    }
    return true;
}

/* ---- records ------------------------------------------------------------- */

static bool value_read(const struct value *v, size_t at, void *buf, size_t len)
{
    if (!v->ram)
        return hal_flash_read(v->flash + (uint32_t)at, buf, len);
    memcpy(buf, v->ram + at, len);
    return true;
}

/* How much of a value is under its record's CRC. */
static size_t sealed(unsigned key, size_t len)
{
    return key == STORE_ENERGY && len == STORE_SEALED + STORE_MARKS ? STORE_SEALED : len;
}

/* CRC of a record of these four first bytes in the sector of that number. */
static bool record_crc(uint32_t number, const uint8_t *top, const struct value *v, uint32_t *crc)
{
    const size_t len = sealed(top[1], v->len);
    uint8_t part[64];

    put_le32(part, number);
    *crc = crc32_add(crc32_add(0, part, 4), top, 4);
    for (size_t at = 0; at < len;) {
        const size_t n = len - at < sizeof part ? len - at : sizeof part;

        if (!value_read(v, at, part, n))
            return false;
        *crc = crc32_add(*crc, part, n);
        at += n;
    }
    return true;
}

/* Is there a sound record? Its key, and its value where it lies. */
static bool record_read(uint32_t addr, uint32_t number, unsigned *key, struct value *v)
{
    const uint32_t room = HAL_SECTOR - addr % HAL_SECTOR;
    uint8_t top[RECORD_TOP];
    uint32_t crc;

    if (room < RECORD_TOP || !hal_flash_read(addr, top, sizeof top) || top[0] != MARK)
        return false;
    *key = top[1];
    *v = (struct value){.flash = addr + RECORD_TOP, .len = top[2] | (size_t)top[3] << 8};
    if (*key == 0 || *key >= STORE_KEYS || v->len > STORE_MAX || record_size(v->len) > room)
        return false;
    return record_crc(number, top, v, &crc) && crc == get_le32(top + 4);
}

/* The sound newest record of a key. */
static bool find(const struct store *s, unsigned key, struct value *v)
{
    unsigned found;

    return s->ready && key && key < STORE_KEYS && s->at[key] &&
           record_read(s->at[key], number_at(s, s->at[key]), &found, v) && found == key;
}

/* Bytes on their way to flash, a page at a time. */
struct writer {
    uint32_t at; /* of buf[0] */
    size_t n;
    bool ok;
    uint8_t buf[HAL_PAGE];
};

static void writer_flush(struct writer *w)
{
    if (w->n && w->ok)
        w->ok = hal_flash_program(w->at, w->buf, w->n);
    w->at += (uint32_t)w->n;
    w->n = 0;
}

static void writer_put(struct writer *w, const struct value *v)
{
    for (size_t at = 0; at < v->len && w->ok;) {
        const size_t room = HAL_PAGE - (w->at + w->n) % HAL_PAGE;
        const size_t n = v->len - at < room ? v->len - at : room;

        if (w->n + n > sizeof w->buf)
            break; /* cannot be: a flush follows each page's end */
        w->ok = value_read(v, at, w->buf + w->n, n);
        w->n += n;
        at += n;
        if ((w->at + w->n) % HAL_PAGE == 0)
            writer_flush(w);
    }
}

/* Write a record and read it again. */
static bool record_write(uint32_t addr, uint32_t number, unsigned key, const struct value *v)
{
    uint8_t top[RECORD_TOP] = {MARK, (uint8_t)key, (uint8_t)v->len, (uint8_t)(v->len >> 8)};
    struct writer w = {.at = addr, .ok = true};
    struct value check;
    unsigned found;
    uint32_t crc;

    if (!record_crc(number, top, v, &crc))
        return false;
    put_le32(top + 4, crc);
    writer_put(&w, &(struct value){.ram = top, .len = sizeof top});
    writer_put(&w, v);
    writer_flush(&w);
    return w.ok && record_read(addr, number, &found, &check) && found == key;
}

/* ---- opening ------------------------------------------------------------- */

/* The number in the head of a slot; 0: the head is not sound. */
static uint32_t head_number(const struct store *s, uint32_t slot)
{
    uint8_t top[12];
    uint32_t number;

    if (!hal_flash_read(s->base + slot * HAL_SECTOR, top, sizeof top))
        return 0;
    number = get_le32(top + 4);
    if (get_le32(top) != MAGIC || get_le32(top + 8) != crc32_add(0, top, 8))
        return 0;
    return number >= s->sectors && number < NUMBER_MAX && number % s->sectors == slot ? number : 0;
}

/* Take note of the records of a sector. Returns where the last one ends. After damage
 * goes on at the next record that is sound. */
static uint32_t scan(struct store *s, uint32_t number)
{
    const uint32_t base = slot_of(s, number);
    uint32_t at = SECTOR_TOP, end = SECTOR_TOP;

    while (at + RECORD_TOP <= HAL_SECTOR) {
        struct value v;
        unsigned key;

        if (record_read(base + at, number, &key, &v)) {
            s->at[key] = base + at;
            at += record_size(v.len);
            end = at;
        } else {
            at += 4;
        }
    }
    return end;
}

bool store_open(struct store *s, uint32_t base, uint32_t len)
{
    uint8_t probe;

    *s = (struct store){.base = base, .sectors = len / HAL_SECTOR, .head = HAL_SECTOR};
    if (s->sectors < 4 || base % HAL_SECTOR || !hal_flash_read(base, &probe, 1) ||
        !hal_flash_read(base + (s->sectors * HAL_SECTOR - 1), &probe, 1))
        return false;

    s->sequence = s->sectors - 1; /* none yet: the first one goes to slot 0 */
    for (uint32_t slot = 0; slot < s->sectors; slot++) {
        const uint32_t number = head_number(s, slot);

        if (number > s->sequence)
            s->sequence = number;
    }
    for (uint32_t back = s->sectors - 1; back-- > 0;) {
        const uint32_t number = s->sequence - back;

        /* A head may have rotted while its records have not. */
        if (number >= s->sectors)
            s->head = scan(s, number);
    }
    /* Behind the last record something was begun: leave it alone. */
    if (s->head < HAL_SECTOR && !is_blank(slot_of(s, s->sequence) + s->head, HAL_SECTOR - s->head))
        s->head = HAL_SECTOR;
    s->ready = true;
    return true;
}

size_t store_get(const struct store *s, enum store_key key, void *buf, size_t cap)
{
    struct value v;

    if (!find(s, key, &v))
        return 0;
    return !cap || value_read(&v, 0, buf, v.len < cap ? v.len : cap) ? v.len : 0;
}

/* ---- writing ------------------------------------------------------------- */

static bool same(const struct store *s, unsigned key, const struct value *v)
{
    struct value have;

    if (!find(s, key, &have))
        return v->len == 0 && s->at[key] == 0;
    if (have.len != v->len)
        return false;
    for (size_t at = 0; at < v->len;) {
        uint8_t part[64];
        const size_t n = v->len - at < sizeof part ? v->len - at : sizeof part;

        if (!hal_flash_read(have.flash + (uint32_t)at, part, n) || memcmp(part, v->ram + at, n))
            return false;
        at += n;
    }
    return true;
}

/* Would it fit, beside all other values, if everything were packed? */
static bool room_for(const struct store *s, unsigned key, const struct value *v)
{
    uint32_t sum = record_size(v->len);

    for (unsigned k = 1; k < STORE_KEYS; k++) {
        struct value other;

        if (k != key && find(s, k, &other))
            sum += record_size(other.len);
    }
    return sum <= (s->sectors - 1) * (HAL_SECTOR - SECTOR_TOP);
}

/* Put a record into the sector in use, if it takes it. */
static bool append(struct store *s, unsigned key, const struct value *v)
{
    const uint32_t size = record_size(v->len), addr = slot_of(s, s->sequence) + s->head;

    if (size > HAL_SECTOR - s->head)
        return false;
    if (!is_blank(addr, size) || !record_write(addr, s->sequence, key, v)) {
        s->head = HAL_SECTOR;
        return false;
    }
    s->head += size;
    s->at[key] = addr;
    return true;
}

/* Erase the free slot, unless it is. */
static bool erase_ahead(struct store *s)
{
    const uint32_t addr = slot_of(s, s->sequence + 1);

    if (is_blank(addr, HAL_SECTOR))
        return true;
    s->erases++;
    return hal_flash_erase(addr) && is_blank(addr, HAL_SECTOR);
}

/* A sector that is being filled: valid when its head is written. */
struct next {
    uint32_t number, base, fill;
    uint32_t at[STORE_KEYS]; /* of what it has got */
};

static bool next_take(struct next *n, unsigned key, const struct value *v)
{
    if (record_size(v->len) > HAL_SECTOR - n->fill ||
        !record_write(n->base + n->fill, n->number, key, v))
        return false;
    n->at[key] = n->base + n->fill;
    n->fill += record_size(v->len);
    return true;
}

static bool next_commit(struct store *s, const struct next *n)
{
    uint8_t top[12];

    put_le32(top, MAGIC);
    put_le32(top + 4, n->number);
    put_le32(top + 8, crc32_add(0, top, 8));
    if (!hal_flash_program(n->base, top, sizeof top) ||
        head_number(s, n->number % s->sectors) != n->number)
        return false;
    s->sequence = n->number;
    s->head = n->fill;
    for (unsigned k = 1; k < STORE_KEYS; k++)
        if (n->at[k])
            s->at[k] = n->at[k];
    return true;
}

/* Bring a live record out of the oldest sector. One that has rotted stays behind. */
static bool rescue(struct store *s, struct next *n, unsigned key)
{
    struct value v;

    if (!find(s, key, &v)) {
        s->at[key] = 0;
        return true;
    }
    return append(s, key, &v) || next_take(n, key, &v);
}

/* Begin the next sector, with the record in it if there is room beside what must be
 * rescued. False: the flash did not take it; all is as it was. */
static bool advance(struct store *s, unsigned key, const struct value *v, bool *placed)
{
    struct next n = {.number = s->sequence + 1, .fill = SECTOR_TOP};
    const uint32_t oldest = slot_of(s, n.number + 1);

    n.base = slot_of(s, n.number);
    if (!erase_ahead(s))
        return false;
    s->ahead = false;
    for (unsigned k = 1; k < STORE_KEYS; k++)
        if (k != key && s->at[k] - oldest < HAL_SECTOR && !rescue(s, &n, k))
            return false;
    *placed = record_size(v->len) <= HAL_SECTOR - n.fill;
    if (*placed && !next_take(&n, key, v))
        return false;
    if (!*placed && s->at[key] - oldest < HAL_SECTOR && !rescue(s, &n, key))
        return false;
    return next_commit(s, &n);
}

bool store_set(struct store *s, enum store_key key, const void *data, size_t len)
{
    const struct value v = {.ram = data ? data : "", .len = len};
    unsigned failed = 0; /* once it may: a bit had rotted, or the flash was busy */
    bool placed;

    if (!s->ready || !key || (unsigned)key >= STORE_KEYS || len > STORE_MAX)
        return false;
    if (same(s, key, &v))
        return true;
    if (!room_for(s, key, &v))
        return false;

    placed = append(s, key, &v);
    for (uint32_t i = 0; !placed && i < 2 * s->sectors; i++)
        if (!advance(s, key, &v, &placed)) {
            placed = false;
            if (failed++)
                return false;
        }
    s->writes += placed;
    return placed;
}

bool store_mark(struct store *s, size_t at, uint8_t byte)
{
    struct value v;

    if (!find(s, STORE_ENERGY, &v) || v.len != STORE_SEALED + STORE_MARKS || at >= STORE_MARKS)
        return false;
    return hal_flash_program(v.flash + STORE_SEALED + (uint32_t)at, &byte, 1);
}

void store_tidy(struct store *s)
{
    if (s->ready && !s->ahead)
        s->ahead = erase_ahead(s);
}
