/* stream_units.c - a write transfer's units, and the flash: what was taken becomes
 * sectors, sectors are erased ahead, programmed, read back and compared.
 *
 * Two sectors are held: the first is being programmed, or was last, and is the
 * history of the second, which is inflated meanwhile. */
#include <string.h>

#include "common/stub.h"

#define PAGES (STUB_SECTOR / STUB_PAGE)

bool stub_is_blank(struct stub_hal *h, const uint8_t *p, size_t len)
{
    while (len) {
        if (len % 16 == 0)
            hal_poll(h);
        len--;
        if (*p++ != 0xff)
            return false;
    }
    return true;
}

/* Whether this sector's bit is set. */
static bool units_shall(const struct stub_write *w, uint32_t addr)
{
    uint32_t i = (addr - w->start) / STUB_SECTOR;

    return w->shall[i / 8] >> i % 8 & 1;
}

/* ---- taking ---- */

/* Collect the unit's first `need` bytes. Small frames may hold less than a unit, all
 * of them together: their places are given back at once. */
static bool units_fill(struct stub *s, uint32_t need)
{
    struct stub_write *w = &s->transfer.write;

    while (w->have < need && w->used != w->want) {
        const unsigned slot = w->used % STUB_RX_FRAMES;
        uint32_t n = w->len[slot] - w->pos;

        if (n > need - w->have)
            n = need - w->have;
        stub_copy(s->h, w->unit + w->have, w->fifo[slot] + w->pos, n);
        w->have += n;
        w->pos += n;
        if (w->pos == w->len[slot]) {
            w->pos = 0;
            w->used++;
            s->stream.ack_due = true;
        }
    }
    return w->have >= need;
}

/* Bytes behind the unit's head; UINT32_MAX: there is no such unit. */
static uint32_t units_body(const struct stub_write *w)
{
    const uint32_t arg = stub_get16(w->unit + 1), left = (w->end - w->take) / STUB_SECTOR;

    switch (w->unit[0]) {
    case STUB_UNIT_BLANK:
        return arg && arg <= left ? 0 : UINT32_MAX;
    case STUB_UNIT_SAME:
        return arg && arg <= left ? 4 : UINT32_MAX;
    case STUB_UNIT_DEFLATE:
        return arg && arg < STUB_SECTOR && left ? arg : UINT32_MAX;
    case STUB_UNIT_RAW:
        return arg == STUB_SECTOR && left ? arg : UINT32_MAX;
    default:
        return UINT32_MAX;
    }
}

/* A whole unit is there when this returns true. */
static bool units_next(struct stub *s)
{
    struct stub_write *w = &s->transfer.write;
    uint32_t body;

    if (!units_fill(s, STUB_UNIT_HEAD))
        return false;
    body = units_body(w);
    if (body == UINT32_MAX) {
        stub_write_fail(s, STUB_BAD_UNIT);
        return false;
    }
    if (!units_fill(s, STUB_UNIT_HEAD + body))
        return false;
    w->run = w->unit[0] > STUB_UNIT_SAME ? 1 : stub_get16(w->unit + 1);
    w->first = true;
    return true;
}

/* The sector's contents, into the second slot. */
static bool units_make(struct stub *s)
{
    struct stub_write *w = &s->transfer.write;
    uint8_t *to = w->sector + STUB_SECTOR;
    const uint8_t *body = w->unit + STUB_UNIT_HEAD;

    if (units_shall(w, w->take) == (w->unit[0] == STUB_UNIT_SAME))
        return false;
    if (w->unit[0] == STUB_UNIT_DEFLATE)
        return stub_inflate(&w->memory, s->h, body, stub_get16(w->unit + 1), to, STUB_SECTOR,
                            w->take == w->start ? 0 : STUB_SECTOR);
    if (w->unit[0] == STUB_UNIT_RAW)
        stub_copy(s->h, to, body, STUB_SECTOR);
    else if (w->unit[0] == STUB_UNIT_BLANK)
        stub_fill(s->h, to, 0xff, STUB_SECTOR);
    return true;
}

bool stub_units_take(struct stub *s)
{
    struct stub_write *w = &s->transfer.write;
    struct stub_slot *slot = &w->slot[1];

    if (slot->full || (!w->run && !units_next(s)))
        return false;
    /* What deflate refers to is known when the flash has been read. */
    if (w->unit[0] == STUB_UNIT_DEFLATE && w->slot[0].full && w->slot[0].kind == STUB_UNIT_SAME)
        return false;
    if (!units_make(s)) {
        stub_write_fail(s, STUB_BAD_UNIT);
        return true;
    }
    slot->full = true;
    slot->kind = w->unit[0];
    slot->first = w->first;
    slot->last = w->run == 1;
    slot->crc = stub_get32(w->unit + STUB_UNIT_HEAD);
    w->first = false;
    w->take += STUB_SECTOR;
    if (!--w->run)
        w->have = 0;
    return true;
}

/* ---- erasing ahead ---- */

static bool units_block(const struct stub_write *w)
{
    if (w->erased % STUB_BLOCK || w->end - w->erased < STUB_BLOCK)
        return false;
    for (uint32_t i = 0; i < STUB_BLOCK; i += STUB_SECTOR)
        if (!units_shall(w, w->erased + i))
            return false;
    return true;
}

/* Look at the next page of what shall be erased next, or erase it. */
static bool units_erase(struct stub *s)
{
    struct stub_write *w = &s->transfer.write;
    uint8_t buf[STUB_PAGE];

    if (w->erased < w->work)
        w->erased = w->work;
    while (!w->look && w->erased < w->end && !units_shall(w, w->erased))
        w->erased += STUB_SECTOR;
    if (w->erased == w->end)
        return false;
    if (!w->look)
        w->unit_size = units_block(w) ? STUB_BLOCK : STUB_SECTOR;
    if (w->erased + w->unit_size - w->work > STUB_ERASE_AHEAD)
        return false;
    stub_flash_read(&s->flash, w->erased + w->look, buf, sizeof buf);
    w->look += sizeof buf;
    if (!stub_is_blank(s->h, buf, sizeof buf)) {
        stub_flash_erase(&s->flash, w->erased, w->unit_size);
        w->look = w->unit_size;
    }
    if (w->look == w->unit_size) {
        w->erased += w->unit_size;
        w->look = 0;
    }
    return true;
}

/* ---- the sector being worked on ---- */

/* The hash is of what the flash will be compared with: it costs no time while the
 * flash is busy, and counts only if all of it was the same. */
static bool units_hash(struct stub *s)
{
    struct stub_write *w = &s->transfer.write;

    if (!w->slot[0].full || w->slot[0].kind == STUB_UNIT_SAME || w->hashed == PAGES)
        return false;
    stub_sha256_update(&w->sha, s->h, w->sector + w->hashed++ * STUB_PAGE, STUB_PAGE);
    return true;
}

static void units_done(struct stub *s)
{
    struct stub_write *w = &s->transfer.write;
    const struct stub_slot *slot = &w->slot[0];

    if (slot->kind == STUB_UNIT_SAME && slot->last && w->crc != slot->crc) {
        stub_write_fail(s, STUB_NOT_SAME);
        return;
    }
    w->work += STUB_SECTOR;
    if (slot->kind != STUB_UNIT_SAME || slot->last)
        w->good = w->work;
    w->slot[0].full = false;
}

/* Read back the next page: of a unit SAME that is where its contents come from. */
static void units_compare(struct stub *s)
{
    struct stub_write *w = &s->transfer.write;
    const uint32_t at = (w->page++ - PAGES) * STUB_PAGE;
    uint8_t *page = w->sector + at, buf[STUB_PAGE];

    if (w->slot[0].kind == STUB_UNIT_SAME) {
        stub_flash_read(&s->flash, w->work + at, page, STUB_PAGE);
        w->crc = stub_crc32(s->h, w->crc, page, STUB_PAGE);
        stub_sha256_update(&w->sha, s->h, page, STUB_PAGE);
        return;
    }
    stub_flash_read(&s->flash, w->work + at, buf, STUB_PAGE);
    for (uint32_t i = 0; i < STUB_PAGE; i += 64) {
        if (memcmp(buf + i, page + i, 64) != 0) {
            stub_write_fail(s, STUB_NOT_TAKEN);
            return;
        }
        hal_poll(s->h);
    }
}

static void units_program(struct stub *s)
{
    struct stub_write *w = &s->transfer.write;
    const uint32_t at = w->page++ * STUB_PAGE;

    if (!stub_is_blank(s->h, w->sector + at, STUB_PAGE))
        stub_flash_program(&s->flash, w->work + at, w->sector + at, STUB_PAGE);
}

/* The second slot becomes the first. */
static bool units_shift(struct stub *s)
{
    struct stub_write *w = &s->transfer.write;

    if (w->slot[0].full || !w->slot[1].full)
        return false;
    w->slot[0] = w->slot[1];
    w->slot[1].full = false;
    w->hashed = 0;
    if (w->slot[0].first)
        w->crc = 0;
    w->page = w->slot[0].kind == STUB_UNIT_SAME ? PAGES : 0;
    if (w->slot[0].kind != STUB_UNIT_SAME)
        stub_copy(s->h, w->sector, w->sector + STUB_SECTOR, STUB_SECTOR);
    return true;
}

bool stub_units_work(struct stub *s)
{
    struct stub_write *w = &s->transfer.write;

    if (units_shift(s))
        return true;
    if (!stub_flash_ready(&s->flash))
        return units_hash(s);
    if (!w->slot[0].full)
        return units_erase(s);
    if (w->slot[0].kind != STUB_UNIT_SAME && w->erased <= w->work)
        return units_erase(s) || true;
    if (w->page < PAGES)
        units_program(s);
    else if (w->page < 2 * PAGES)
        units_compare(s);
    else if (!units_hash(s))
        units_done(s);
    return true;
}
