/* bl602_rom.c - the mask ROM: who it is, and loading the RAM loader.
 *
 * The ROM checks no frame. What protects an upload is the echo of a segment
 * header and, at the end, the hash that bl602_stub.c has put in. A frame that
 * lost bytes is waited for until 2 s have passed in silence, so every failure
 * costs that silence, a new train and a new start. */
#include "bl602/bl602_session.h"

#include <string.h>

#include "core/bytes.h"

#define LOAD_TRIES  4u
#define LOAD_CHUNK  4088u            /* the most the ROM takes, less what breaks a multiple of 8 */
#define START_US    UINT64_C(420000) /* from run_image to a loader that listens; ours unpacks itself */
#define TRAIN_US    UINT64_C(200000)
#define RESYNC_TRYS 3u

enum pf_err bl602_take_boot_info(struct bl602 *s, const uint8_t data[20], uint32_t *version)
{
    static const struct {
        uint32_t version;
        const char *name;
    } others[] = {{0x07020001, "BL702"}, {0x06160001, "BL616"}};
    struct pf_ctx *ctx = s->base.ctx;
    struct bl602_boot_info info, *b = &info;

    bl602_boot_info_decode(data, b);
    *version = b->version;
    /* What the ROM has said is not replaced by what a loader says of itself. */
    if (!s->has_boot_info || b->version == BL602_VERSION_ROM)
        s->boot_info = info;
    s->has_boot_info = true;
    for (size_t i = 0; i < 2; i++)
        if (b->version == others[i].version)
            return pf_fail(ctx, PF_ERR_CHIP,
                           "this is a Bouffalo %s, not a BL602: its boot ROM "
                           "has version %08x",
                           others[i].name, (unsigned)b->version);
    if (b->version != BL602_VERSION_ROM && b->version != BL602_VERSION_LOADER &&
        b->version != BL602_VERSION_STUB)
        return pf_fail(ctx, PF_ERR_CHIP,
                       "unknown Bouffalo boot ROM, version %08x; a BL602 has "
                       "version 00000001",
                       (unsigned)b->version);
    if (b->sign || b->encrypt)
        return pf_fail(ctx, PF_ERR_REFUSED,
                       "the fuses of this BL602 admit only images of its maker (signature type "
                       "%u, encryption type %u): no RAM loader of others will run",
                       b->sign, b->encrypt);
    return PF_OK;
}

static enum pf_err rom_segment_header(struct bl602 *s, const uint8_t *head)
{
    struct bl602_request rq = bl602_req_load_segment(head);
    struct bl602_reply r;

    PF_TRY(bl602_exchange(s, &rq, &r));
    if (memcmp(r.data, head, BL602_SEGMENT) != 0)
        return pf_fail(s->base.ctx, PF_ERR_PROTOCOL,
                       "the boot ROM repeats another segment header than it was sent");
    return PF_OK;
}

/* An OK to the boot header, and then it is not there: one flipped bit makes
 * load_boot_header a flash_write, with the magic for an address. */
static enum pf_err rom_strayed(struct bl602 *s)
{
    s->base.strayed = true;
    return pf_fail(s->base.ctx, PF_ERR_PROTOCOL,
                   "the boot ROM does not know the header it has taken: the line damages requests, "
                   "and 172 bytes may have been programmed at 0x%06x (modulo the flash size)",
                   (unsigned)get_le32(s->stub.data) & 0xffffffu);
}

static enum pf_err rom_segment(struct bl602 *s, const uint8_t *head, size_t *used)
{
    bool first = head == s->stub.data + BL602_HEADER;
    size_t size = get_le32(head + 4);
    enum pf_err err;

    PF_TRY(pf_progress(s->base.ctx, "stub", (uint64_t)(head - s->stub.data), s->stub.len));
    err = rom_segment_header(s, head);

    /* Out of sequence: this header was damaged, or the one before. */
    if (err == PF_ERR_REFUSED && s->code == BL602_ERR_SEQUENCE)
        err = rom_segment_header(s, head);
    if (err == PF_ERR_REFUSED && s->code == BL602_ERR_SEQUENCE && first)
        return rom_strayed(s);
    PF_TRY(err);
    for (size_t at = 0, n; at < size; at += n) {
        struct bl602_request rq;
        struct bl602_reply r;

        n = size - at < LOAD_CHUNK ? size - at : LOAD_CHUNK;
        rq = bl602_req_load_data(head + BL602_SEGMENT + at, n);
        rq.addr = get_le32(head) + (uint32_t)at;
        PF_TRY(bl602_exchange(s, &rq, &r));
        PF_TRY(pf_progress(s->base.ctx, "stub",
                           (uint64_t)(head + BL602_SEGMENT - s->stub.data) + at + n, s->stub.len));
    }
    *used = BL602_SEGMENT + size;
    return PF_OK;
}

static enum pf_err rom_load_once(struct bl602 *s)
{
    struct bl602_request header = bl602_req_load_header(s->stub.data);
    struct bl602_request check = bl602_req_check_image(), run = bl602_req_run_image();
    size_t at = BL602_HEADER, used = 0;
    struct bl602_reply r;

    PF_TRY(bl602_exchange(s, &header, &r));
    for (unsigned i = 0; i < s->stub.segments; i++, at += used)
        PF_TRY(rom_segment(s, s->stub.data + at, &used));
    PF_TRY(bl602_exchange(s, &check, &r));
    return bl602_exchange(s, &run, &r);
}

/* Let the ROM drop what it has, and open a new session with it; a chip that was
 * reset into its firmware meanwhile has to be brought back first. */
static enum pf_err rom_again(struct bl602 *s)
{
    const struct bl602_sync again = {.timeout_us = BL602_RELINK_US};
    enum pf_err err = PF_ERR_TIMEOUT;

    PF_TRY(bl602_hush(s, BL602_ROM_IDLE_US));
    s->peer = BL602_NOBODY;
    for (unsigned i = 0; i < RESYNC_TRYS && err == PF_ERR_TIMEOUT; i++)
        err = bl602_train(s, TRAIN_US);
    if (!err)
        err = bl602_probe(s);
    if (err == PF_ERR_TIMEOUT || (!err && s->peer == BL602_NOBODY))
        err = bl602_sync(s, &again);
    if (err == PF_ERR_SYNC)
        return pf_fail(s->base.ctx, PF_ERR_TIMEOUT, "the boot ROM has stopped answering");
    return err;
}

enum pf_err bl602_load(struct bl602 *s)
{
    enum pf_err err = PF_ERR_TIMEOUT;

    for (unsigned try = 0; try < LOAD_TRIES; try++) {
        err = rom_load_once(s);
        if (!err) {
            s->peer = BL602_LOADER;
            s->session = false;
            s->dirty = false;
            return bl602_hush(s, START_US);
        }
        if (s->base.strayed || (!bl602_passes(err) && err != PF_ERR_REFUSED))
            return err;
        if (s->code == BL602_ERR_SIGN || s->code == BL602_ERR_ENCRYPT)
            return err; /* fuses: the next try ends the same */
        pf_retry(s->base.ctx, "stub", err, "%s", s->base.ctx->text);
        PF_TRY(rom_again(s));
        if (s->peer == BL602_LOADER) /* its OK to run_image was lost */
            return PF_OK;
    }
    return pf_fail(s->base.ctx, PF_ERR_TIMEOUT,
                   "the RAM loader could not be loaded in %u attempts: shorten the wires, try "
                   "--boot-baud 115200",
                   LOAD_TRIES);
}
