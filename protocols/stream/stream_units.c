/* stream_units.c - see stream_units.h. */
#include "stream/stream_units.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/bytes.h"
#include "core/checksum.h"

#define WINDOW_BITS (-12) /* raw, 4 KiB */
#define LEVEL       9
#define MEM_LEVEL   8

/* receiving ----------------------------------------------------------------- */

struct stream_reader {
    uint32_t sectors, next;
    uint8_t unit[STREAM_UNIT_MAX];
    size_t have;
    uint8_t sector[2][PF_SECTOR]; /* this one and the one before, in turn */
    bool has_before;              /* sector[!turn] is contents */
    unsigned turn;
    z_stream z;
};

struct stream_reader *stream_reader_new(uint32_t sectors)
{
    struct stream_reader *r = calloc(1, sizeof *r);

    if (r && inflateInit2(&r->z, WINDOW_BITS) != Z_OK) {
        free(r);
        return NULL;
    }
    if (r)
        r->sectors = sectors;
    return r;
}

void stream_reader_free(struct stream_reader *r)
{
    if (!r)
        return;
    (void)inflateEnd(&r->z);
    free(r);
}

static bool reader_inflate(struct stream_reader *r, const uint8_t *in, size_t len, uint8_t *out)
{
    if (inflateReset(&r->z) != Z_OK)
        return false;
    if (r->has_before && inflateSetDictionary(&r->z, r->sector[!r->turn], PF_SECTOR) != Z_OK)
        return false;
    r->z.next_in = (Bytef *)(uintptr_t)in;
    r->z.avail_in = (uInt)len;
    r->z.next_out = out;
    r->z.avail_out = PF_SECTOR;
    return inflate(&r->z, Z_FINISH) == Z_STREAM_END && r->z.avail_in == 0 && r->z.avail_out == 0;
}

/* Bytes of the unit that r->unit begins with; 0: no unit begins so. */
static size_t reader_unit_size(const struct stream_reader *r)
{
    unsigned arg = get_le16(r->unit + 1);
    uint32_t left = r->sectors - r->next;

    switch (r->unit[0]) {
    case STREAM_BLANK:
        return arg && arg <= left ? STREAM_UNIT_HEAD : 0;
    case STREAM_DEFLATE:
        return arg && arg < PF_SECTOR && left ? STREAM_UNIT_HEAD + arg : 0;
    case STREAM_RAW:
        return arg == PF_SECTOR && left ? STREAM_UNIT_MAX : 0;
    default:
        return 0;
    }
}

static enum pf_err reader_deliver(struct stream_reader *r, pf_sector_fn sector, void *user)
{
    uint32_t at = r->next++ * PF_SECTOR;

    r->turn = !r->turn;
    r->has_before = true;
    return sector(user, at, r->sector[!r->turn]);
}

/* r->unit is whole. */
static enum pf_err reader_unit(struct stream_reader *r, size_t size, pf_sector_fn sector,
                               void *user)
{
    uint8_t *out = r->sector[r->turn];

    if (r->unit[0] == STREAM_BLANK) {
        for (unsigned n = get_le16(r->unit + 1); n; n--) {
            memset(r->sector[r->turn], 0xff, PF_SECTOR);
            PF_TRY(reader_deliver(r, sector, user));
        }
        return PF_OK;
    }
    if (r->unit[0] == STREAM_RAW)
        memcpy(out, r->unit + STREAM_UNIT_HEAD, PF_SECTOR);
    else if (!reader_inflate(r, r->unit + STREAM_UNIT_HEAD, size - STREAM_UNIT_HEAD, out))
        return PF_ERR_PROTOCOL;
    return reader_deliver(r, sector, user);
}

enum pf_err stream_reader_feed(struct stream_reader *r, const uint8_t *data, size_t len,
                               pf_sector_fn sector, void *user)
{
    while (len) {
        size_t want = STREAM_UNIT_HEAD, n;

        if (r->have >= STREAM_UNIT_HEAD)
            want = reader_unit_size(r);
        n = want - r->have < len ? want - r->have : len;
        memcpy(r->unit + r->have, data, n);
        r->have += n;
        data += n;
        len -= n;
        if (r->have < STREAM_UNIT_HEAD)
            continue;
        want = reader_unit_size(r);
        if (!want)
            return PF_ERR_PROTOCOL;
        if (r->have < want)
            continue;
        r->have = 0;
        PF_TRY(reader_unit(r, want, sector, user));
    }
    return PF_OK;
}

bool stream_reader_is_done(const struct stream_reader *r)
{
    return r->next == r->sectors && r->have == 0;
}

/* sending ------------------------------------------------------------------- */

struct stream_packer {
    const uint8_t *data, *differ;
    uint32_t sectors, next;
    uint8_t unit[STREAM_UNIT_MAX];
    size_t have, at; /* unit[at..have) is not taken yet */
    z_stream z;
};

struct stream_packer *stream_packer_new(const uint8_t *data, const uint8_t *differ,
                                        uint32_t sectors)
{
    struct stream_packer *p = calloc(1, sizeof *p);

    if (p && deflateInit2(&p->z, LEVEL, Z_DEFLATED, WINDOW_BITS, MEM_LEVEL, Z_DEFAULT_STRATEGY) !=
                 Z_OK) {
        free(p);
        return NULL;
    }
    if (!p)
        return NULL;
    p->data = data;
    p->differ = differ;
    p->sectors = sectors;
    return p;
}

void stream_packer_free(struct stream_packer *p)
{
    if (!p)
        return;
    (void)deflateEnd(&p->z);
    free(p);
}

static const uint8_t *packer_sector(const struct stream_packer *p, uint32_t i)
{
    return p->data + (size_t)i * PF_SECTOR;
}

/* Bytes of the deflated sector at `out`; 0: it does not become smaller. */
static size_t packer_deflate(struct stream_packer *p, uint32_t i, uint8_t *out)
{
    if (deflateReset(&p->z) != Z_OK)
        return 0;
    if (i && deflateSetDictionary(&p->z, packer_sector(p, i - 1), PF_SECTOR) != Z_OK)
        return 0;
    p->z.next_in = (Bytef *)(uintptr_t)packer_sector(p, i);
    p->z.avail_in = PF_SECTOR;
    p->z.next_out = out;
    p->z.avail_out = PF_SECTOR - 1;
    if (deflate(&p->z, Z_FINISH) != Z_STREAM_END)
        return 0;
    return PF_SECTOR - 1 - p->z.avail_out;
}

static void packer_head(struct stream_packer *p, enum stream_kind kind, uint32_t arg)
{
    p->unit[0] = (uint8_t)kind;
    put_le16(p->unit + 1, (uint16_t)arg);
    p->have = STREAM_UNIT_HEAD;
}

/* Sectors from p->next on that are alike: unchanged, or blank and to be changed. */
static uint32_t packer_run(const struct stream_packer *p, bool same)
{
    uint32_t n = 0;

    while (p->next + n < p->sectors && n < STREAM_RUN_MAX && !p->differ[p->next + n] == same &&
           (same || pf_is_blank(packer_sector(p, p->next + n), PF_SECTOR)))
        n++;
    return n;
}

static void packer_unit(struct stream_packer *p)
{
    bool same = !p->differ[p->next];
    uint32_t run = packer_run(p, same);
    size_t n;

    if (run) {
        packer_head(p, same ? STREAM_SAME : STREAM_BLANK, run);
        if (same) {
            put_le32(p->unit + p->have,
                     pf_crc32(0, packer_sector(p, p->next), (size_t)run * PF_SECTOR));
            p->have += 4;
        }
        p->next += run;
        return;
    }
    n = packer_deflate(p, p->next, p->unit + STREAM_UNIT_HEAD);
    packer_head(p, n ? STREAM_DEFLATE : STREAM_RAW, n ? (uint32_t)n : PF_SECTOR);
    if (!n) {
        n = PF_SECTOR;
        memcpy(p->unit + STREAM_UNIT_HEAD, packer_sector(p, p->next), n);
    }
    p->have += n;
    p->next++;
}

size_t stream_packer_take(struct stream_packer *p, uint8_t *out, size_t cap)
{
    size_t done = 0;

    while (done < cap) {
        size_t n;

        if (p->at == p->have) {
            if (p->next == p->sectors)
                break;
            p->at = 0;
            packer_unit(p);
        }
        n = p->have - p->at < cap - done ? p->have - p->at : cap - done;
        memcpy(out + done, p->unit + p->at, n);
        p->at += n;
        done += n;
    }
    return done;
}
