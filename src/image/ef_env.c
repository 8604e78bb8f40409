/* ef_env.c - see ef_env.h. */
#include "image/ef_env.h"

#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"

const struct ef_format ef_partition = {
    .magic = "EF40",
    .header = 0x24,
    .magic_at = 0x18,
    .slot = 4,
    .status = 20,
    .record = 36,
    .align = 4,
};

const struct ef_format ef_nv = {
    .magic = "EF41",
    .header = 0x24,
    .magic_at = 0x18,
    .slot = 4,
    .status = 20,
    .record = 36,
    .align = 4,
};

const struct ef_format ef_psm = {
    .magic = "EF40",
    .header = 0x14,
    .magic_at = 8,
    .slot = 1,
    .status = 8,
    .record = 28,
    .align = 1,
    .record_magic = "KV40",
};

enum { SLOT_PRE_WRITE, SLOT_WRITE, SLOT_PRE_DELETE, SLOT_DELETED, SLOT_ERROR, SLOTS };

bool ef_is_sector(const struct ef_format *f, const uint8_t *data, size_t len)
{
    return len >= f->header && memcmp(data + f->magic_at, f->magic, 4) == 0;
}

void ef_walk_init(struct ef_walk *w, const struct ef_format *f, const uint8_t *sector, size_t len,
                  size_t at)
{
    w->format = f;
    w->sector = sector;
    w->len = len < EF_SECTOR ? len : EF_SECTOR;
    w->at = at ? at : f->header;
    w->broken = false;
}

static bool reached(const struct ef_format *f, const uint8_t *status, unsigned slot)
{
    return status[slot * f->slot] == 0x00;
}

/* The highest step reached counts; a step may be skipped, never taken back. */
static enum ef_state state_of(const struct ef_format *f, const uint8_t *status)
{
    if (reached(f, status, SLOT_ERROR) || reached(f, status, SLOT_DELETED))
        return EF_DEAD;
    if (reached(f, status, SLOT_PRE_DELETE))
        return EF_RETIRED;
    return reached(f, status, SLOT_WRITE) ? EF_LIVE : EF_DEAD;
}

static size_t padded(const struct ef_format *f, size_t n)
{
    return (n + f->align - 1) / f->align * f->align;
}

/* Steps are written as bytes 00 over FF; anything else is no status. */
static bool is_status(const struct ef_format *f, const uint8_t *status)
{
    for (size_t i = 0; i < f->status; i++)
        if (status[i] != 0x00 && status[i] != 0xff)
            return false;
    return true;
}

/* The record at w->at; false: its lengths cannot be right. */
static bool parse(const struct ef_walk *w, struct ef_record *r, size_t *total)
{
    const struct ef_format *f = w->format;
    const uint8_t *p = w->sector + w->at, *lens = p + f->record - 16;
    size_t room = w->len - w->at, name = lens[8], value = get_le32(lens + 12);

    *total = get_le32(lens);
    if (*total > room || value > room || name == 0)
        return false;
    if (*total != f->record + padded(f, name) + padded(f, value))
        return false;
    r->state = state_of(f, p);
    r->at = w->at;
    r->name = p + f->record;
    r->name_len = name;
    r->value = r->name + padded(f, name);
    r->value_len = value;
    r->crc_ok = pf_crc32(0, lens + 8, *total - (f->record - 8)) == get_le32(lens + 4);
    return true;
}

/* Where the next record magic stands; the end when there is none. */
static size_t seek_magic(const struct ef_walk *w, size_t at)
{
    const struct ef_format *f = w->format;

    for (; at + f->record <= w->len; at++)
        if (memcmp(w->sector + at + 8, f->record_magic, 4) == 0)
            return at;
    return w->len;
}

bool ef_next(struct ef_walk *w, struct ef_record *out)
{
    const struct ef_format *f = w->format;

    while (w->at <= w->len && w->len - w->at >= f->record) {
        const uint8_t *p = w->sector + w->at;
        size_t total;

        if (pf_is_blank(p, f->record))
            return false; /* free from here on */
        if (f->record_magic && memcmp(p + 8, f->record_magic, 4) != 0) {
            w->broken = true;
            w->at = seek_magic(w, w->at + 1);
            continue;
        }
        if (is_status(f, p) && parse(w, out, &total)) {
            w->at += total;
            return true;
        }
        /* Power may fail between the status and the lengths: the place of one
         * head is then lost, which is no damage. */
        if (!is_status(f, p) || state_of(f, p) != EF_DEAD || get_le32(p + f->record - 16) != ~0u) {
            w->broken = true;
            if (!f->record_magic)
                return false;
        }
        w->at = f->record_magic ? seek_magic(w, w->at + 1) : w->at + f->record;
    }
    return false;
}

bool ef_find(const struct ef_format *f, const uint8_t *data, size_t len, const char *name,
             struct ef_record *out)
{
    const size_t n = strlen(name);
    bool found = false;

    for (size_t at = 0; at < len; at += EF_SECTOR) {
        struct ef_record r;
        struct ef_walk w;

        if (!ef_is_sector(f, data + at, len - at))
            continue;
        ef_walk_init(&w, f, data + at, len - at, 0);
        while (ef_next(&w, &r)) {
            if (r.state == EF_DEAD || !r.crc_ok || r.name_len != n || memcmp(r.name, name, n) != 0)
                continue;
            if (found && out->state == EF_LIVE && r.state == EF_RETIRED)
                continue;
            *out = r;
            found = true;
        }
    }
    return found;
}

static void count_records(struct ef_walk *w, size_t base, struct ef_count *out)
{
    const unsigned before = out->bad;
    struct ef_record r;

    while (ef_next(w, &r)) {
        if (r.state == EF_DEAD) {
            out->dead++;
        } else if (r.crc_ok) {
            out->live++;
        } else if (out->bad++ == 0) {
            out->first_bad = base + r.at;
        }
    }
    if (w->broken && out->bad == before && out->bad++ == 0)
        out->first_bad = base + w->at;
}

void ef_count(const struct ef_format *f, const uint8_t *data, size_t len, struct ef_count *out)
{
    memset(out, 0, sizeof *out);
    for (size_t at = 0; at < len; at += EF_SECTOR) {
        size_t n = len - at < EF_SECTOR ? len - at : EF_SECTOR;
        struct ef_walk w;

        if (pf_is_blank(data + at, n)) {
            out->blank++;
        } else if (!ef_is_sector(f, data + at, n)) {
            out->strange++;
        } else {
            out->sectors++;
            ef_walk_init(&w, f, data + at, n, 0);
            count_records(&w, at, out);
        }
    }
}
