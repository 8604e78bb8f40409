/* stream_read.c - a read transfer: sectors become units or CRCs, these become frames.
 *
 * What a frame holds depends on the flash alone, never on time: the host may ask for
 * any of them again. */
#include <string.h>

#include "common/stub.h"

#define READ_PIECE 1024u

uint8_t stub_read_open(struct stub *s, uint16_t seq, const uint8_t *payload, uint16_t len)
{
    struct stub_read *r = &s->transfer.read;

    if (len != 10 || payload[8] > 1)
        return STUB_BAD_PAYLOAD;
    memset(r, 0, offsetof(struct stub_read, sector));
    r->start = r->at = stub_get32(payload);
    r->end = r->at + stub_get32(payload + 4);
    r->seq = seq;
    r->map = payload[8];
    r->deflate = payload[9] & 1;
    r->blank = true;
    stub_sha256_init(&r->sha);
    return STUB_DONE;
}

/* The place of frame `next` is free, and so is the wire of it: it may be on its way
 * for the second time when its acknowledgement arrives. */
static uint8_t *read_place(struct stub *s)
{
    struct stub_read *r = &s->transfer.read;
    uint8_t *frame = r->frame[r->next % STUB_TX_FRAMES];

    return r->next - r->base < STUB_TX_FRAMES && s->stream.tx != frame ? frame : NULL;
}

static void read_seal(struct stub *s, uint8_t *frame, uint8_t type, uint16_t len)
{
    struct stub_read *r = &s->transfer.read;

    r->size[r->next % STUB_TX_FRAMES] =
        (uint16_t)stub_frame_seal(s->h, frame, type, (uint16_t)(r->seq + 1 + r->next), len);
    r->next++;
    r->fill = 0;
}

static void read_seal_end(struct stub *s, uint8_t *frame, uint8_t status)
{
    struct stub_read *r = &s->transfer.read;
    uint8_t *payload = frame + STUB_FRAME_HEAD;

    memset(payload, 0, 33);
    payload[0] = status;
    if (!r->map && !status)
        stub_sha256_final(&r->sha, s->h, payload + 1);
    read_seal(s, frame, STUB_READ_END, 33);
    r->ended = true;
}

static void read_unit(struct stub_read *r, uint8_t kind, uint32_t arg, uint32_t len)
{
    r->out[0] = kind;
    stub_put16(r->out + 1, arg);
    r->out_at = 0;
    r->out_len = STUB_UNIT_HEAD + len;
}

static void read_blanks(struct stub_read *r)
{
    read_unit(r, STUB_UNIT_BLANK, r->blanks, 0);
    r->blanks = 0;
}

static bool read_into_frame(struct stub *s)
{
    struct stub_read *r = &s->transfer.read;
    uint8_t *frame = read_place(s);
    uint32_t n = r->out_len - r->out_at;

    if (!frame)
        return false;
    if (n > STUB_FRAME_MAX - r->fill)
        n = STUB_FRAME_MAX - r->fill;
    stub_copy(s->h, frame + STUB_FRAME_HEAD + r->fill, r->out + r->out_at, n);
    r->out_at += n;
    r->fill += n;
    if (r->fill == STUB_FRAME_MAX)
        read_seal(s, frame, STUB_READ_DATA, STUB_FRAME_MAX);
    return true;
}

static bool read_piece(struct stub *s)
{
    struct stub_read *r = &s->transfer.read;
    uint8_t *p = r->sector + STUB_SECTOR + r->got;

    if (!stub_flash_ready(&s->flash))
        return false;
    stub_flash_read(&s->flash, r->at + r->got, p, READ_PIECE);
    if (r->map) {
        r->crc = stub_crc32(s->h, r->crc, p, READ_PIECE);
    } else {
        stub_sha256_update(&r->sha, s->h, p, READ_PIECE);
        r->blank = r->blank && stub_is_blank(s->h, p, READ_PIECE);
    }
    r->got += READ_PIECE;
    return true;
}

static void read_pack(struct stub *s)
{
    struct stub_read *r = &s->transfer.read;
    uint8_t *sector = r->sector + STUB_SECTOR;
    size_t n = 0;

    if (r->deflate)
        n = stub_deflate(&r->memory, s->h, sector, STUB_SECTOR, r->at == r->start ? 0 : STUB_SECTOR,
                         r->out + STUB_UNIT_HEAD, STUB_SECTOR - 1);
    if (n) {
        read_unit(r, STUB_UNIT_DEFLATE, (uint32_t)n, (uint32_t)n);
    } else {
        stub_copy(s->h, r->out + STUB_UNIT_HEAD, sector, STUB_SECTOR);
        read_unit(r, STUB_UNIT_RAW, STUB_SECTOR, STUB_SECTOR);
    }
}

/* A whole sector has been read. */
static void read_sector(struct stub *s)
{
    struct stub_read *r = &s->transfer.read;

    if (r->map) {
        stub_put32(r->out, r->crc);
        r->out_at = 0;
        r->out_len = 4;
    } else if (r->blank) {
        r->blanks++;
    } else if (r->blanks) {
        read_blanks(r);
        return; /* and again for the sector itself */
    } else {
        read_pack(s);
    }
    if (!r->map && r->blanks < 2) /* or it is FF already */
        stub_copy(s->h, r->sector, r->sector + STUB_SECTOR, STUB_SECTOR);
    r->at += STUB_SECTOR;
    r->got = 0;
    r->crc = 0;
    r->blank = true;
}

/* Everything has been read. */
static bool read_close(struct stub *s)
{
    struct stub_read *r = &s->transfer.read;
    uint8_t *frame = read_place(s);

    if (r->blanks) {
        read_blanks(r);
        return true;
    }
    if (!frame)
        return false;
    if (r->fill)
        read_seal(s, frame, STUB_READ_DATA, r->fill);
    else
        read_seal_end(s, frame, STUB_DONE);
    return true;
}

bool stub_read_step(struct stub *s)
{
    struct stub_read *r = &s->transfer.read;

    if (r->ended)
        return false;
    if (r->out_at < r->out_len)
        return read_into_frame(s);
    if (r->at == r->end)
        return read_close(s);
    if (r->got < STUB_SECTOR)
        return read_piece(s);
    read_sector(s);
    return true;
}

void stub_read_fail(struct stub *s, uint8_t status)
{
    uint8_t *frame = read_place(s);

    if (frame && !s->transfer.read.ended)
        read_seal_end(s, frame, status);
}

void stub_read_ack(struct stub *s, const struct stub_frame *f)
{
    struct stub_read *r = &s->transfer.read;
    uint16_t ahead = (uint16_t)(stub_get16(f->payload) - (uint16_t)(r->seq + 1 + r->base));

    if (ahead > r->next - r->base)
        return; /* neither kept nor next */
    r->base += ahead;
    if (r->send < r->base || f->payload[2] & 1)
        r->send = r->base;
    if (r->ended && r->base == r->next)
        s->stream.open = 0;
}
