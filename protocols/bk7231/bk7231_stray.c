/* bk7231_stray.c - replies that speak of a change nobody asked for.
 *
 * No checksum guards a request. One flipped bit sends an erase or a write to
 * another place; the echo in the reply is where the driver learns of it. What
 * was there is ops' to put back, with one exception: the last sector of the
 * T's own loader, which the loader lets itself erase (its limit is 10000h, its
 * end 11000h). A copy is taken before the first change, and put back at once. */
#include "bk7231/bk7231_session.h"

#include <stdlib.h>
#include <string.h>

#include "core/checksum.h"

/* The only loader sector that a T erases when told to. */
#define TAIL_ADDR 0x10000u

enum pf_err bk7231_keep_tail(struct bk7231 *s)
{
    const uint32_t wire = TAIL_ADDR + s->base.id.flash_size;
    uint8_t *copy;
    enum pf_err err = PF_OK;
    bool same = false;

    if (s->cls == BK7231_CLASS_N || s->tail)
        return PF_OK;
    copy = malloc(2 * PF_SECTOR);
    if (!copy)
        return pf_fail(s->base.ctx, PF_ERR_NOMEM, "no memory for two sectors");
    /* Until two reads agree: a flipped bit must not be "put back" later. */
    for (unsigned try = 0; !err && !same && try <= s->retries; try++) {
        err = bk7231_read_sector(s, wire, copy);
        if (!err)
            err = bk7231_read_sector(s, wire, copy + PF_SECTOR);
        same = !err && memcmp(copy, copy + PF_SECTOR, PF_SECTOR) == 0;
    }
    if (same) {
        s->tail = copy;
        return PF_OK;
    }
    free(copy);
    return err ? err
               : pf_fail(s->base.ctx, PF_ERR_PROTOCOL,
                         "0x%06x reads differently each time: the line is too bad to write over",
                         TAIL_ADDR);
}

/* Make the last loader sector what it was. */
static enum pf_err bk7231_heal_tail(struct bk7231 *s, uint8_t *look)
{
    struct bk7231_request rq = bk7231_req_write_4k(TAIL_ADDR, s->tail);
    struct bk7231_reply r;

    for (unsigned try = 0; try <= s->retries; try++) {
        PF_TRY(bk7231_read_sector(s, TAIL_ADDR + s->base.id.flash_size, look));
        if (memcmp(look, s->tail, PF_SECTOR) == 0)
            return PF_OK;
        pf_retry(s->base.ctx, "erase", PF_ERR_PROTOCOL,
                 "a damaged request has hit the loader at 0x%06x: putting it back", TAIL_ADDR);
        s->open = false;
        PF_TRY(bk7231_erase_once(s, BK7231_ERASE_SECTOR, TAIL_ADDR));
        if (!pf_is_blank(s->tail, PF_SECTOR))
            PF_TRY(bk7231_command(s, "write", &rq, &r));
    }
    return pf_fail(s->base.ctx, PF_ERR_PROTOCOL,
                   "a damaged request has hit the loader at 0x%06x, and it could not be put back: "
                   "keep the device powered and run `restore` with a backup",
                   TAIL_ADDR);
}

static bool bk7231_erases_block(const struct bk7231_request *rq)
{
    return rq->is_long && rq->op == BK7231_FLASH_ERASE && rq->arg[0] == BK7231_ERASE_BLOCK;
}

/* The place lies in what `rq` erases or writes anyway. */
static bool bk7231_stray_at_home(const struct bk7231 *s, const struct bk7231_request *rq,
                                 uint32_t addr)
{
    bool erase = rq->is_long && rq->op == BK7231_FLASH_ERASE;
    uint32_t len = bk7231_erases_block(rq) ? PF_BLOCK : PF_SECTOR;

    if (!erase && !rq->data_len)
        return false;
    return addr % s->base.id.flash_size - rq->addr < len;
}

/* The reply was damaged, not the request: the sector it names is not blank
 * after an "erase", or the sector to be written holds just what it should. */
static bool bk7231_stray_was_reply(struct bk7231 *s, const struct bk7231_request *rq, uint32_t addr,
                                   uint8_t *look)
{
    bool erased = s->stray_op == BK7231_FLASH_ERASE || s->stray_op == BK7231_FLASH_ERASE_4K;
    uint32_t size = s->base.id.flash_size;

    if (!erased && !rq->data_len)
        return false;
    if (bk7231_read_sector(s, rq->data_len ? rq->addr : bk7231_wire_addr(s, addr % size), look))
        return false;
    return rq->data_len ? memcmp(look, rq->data, PF_SECTOR) == 0 : !pf_is_blank(look, PF_SECTOR);
}

enum pf_err bk7231_judge_stray(struct bk7231 *s, const struct bk7231_request *rq)
{
    uint32_t size = s->base.id.flash_size, addr = s->stray_addr & ~(PF_SECTOR - 1);
    bool home, reply, healing = s->healing;
    enum pf_err err = PF_OK;
    uint8_t *look;

    s->has_stray = false;
    home = size && bk7231_stray_at_home(s, rq, addr);
    look = malloc(PF_SECTOR);
    if (!look)
        return pf_fail(s->base.ctx, PF_ERR_NOMEM, "no memory for one sector");
    reply = size && !home && bk7231_stray_was_reply(s, rq, addr, look);
    /* Whatever the reply said: is the loader whole? Once, not from within. */
    if (s->tail && !healing && !home && !reply) {
        s->healing = true;
        err = bk7231_heal_tail(s, look);
        s->healing = false;
    }
    free(look);
    if (err || home || reply)
        return err;
    if (s->tail && addr == TAIL_ADDR && !bk7231_erases_block(rq))
        return PF_OK; /* healed; a block would have taken the application behind it, too */
    s->base.strayed = true;
    return pf_fail(
        s->base.ctx, PF_ERR_PROTOCOL,
        "the device reports that it has changed 0x%06x, which nobody asked for: the line "
        "damages requests, and that sector may be lost",
        (unsigned)s->stray_addr);
}
