/* bk7231_identify.c - which chip answers, and on which flash.
 *
 * The first question settles the family without a timeout: ReadBootVersion and
 * ReadReg of the chip id go out together. A T answers the former and swallows
 * the latter in silence, an N the other way round, and either answer names its
 * request. CheckCRC is asked only where the answer cannot cost the session its
 * write permission (reference 16, finding 1). */
#include "bk7231/bk7231_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/checksum.h"

#define WHO_TRIES       4
#define WHO_US          UINT64_C(90000) /* an idle T resets itself after 100 ms or more */
#define SHORT_FRAME_MAX 256u
#define MIB             0x100000u
#define SIZE_MAX_WIRE   0x1000000u /* the loaders use 24 address bits */

/* CheckCRC(start 0, end 256), zlib form: the loaders that are known by it. */
static const struct bk7231_print {
    uint32_t crc;
    const char *loader;
    const char *chip; /* a name of our table, or of a part we do not support */
    bool supported;
    enum bk7231_crc_end end;
} bk7231_prints[] = {
    {0xe14191ba, "BK7231N 1.0.1", "bk7231n", true, BK7231_CRC_LAST},
    {0xc1eca871, "BK7231S_1.0.1", "bk7231t", true, BK7231_CRC_LAST},
    {0x4b31e44d, "BK7231S_1.0.4", "bk7231t", true, BK7231_CRC_LAST},
    {0xba54c1b8, "BK7231S_1.0.5", "bk7231t", true, BK7231_CRC_LAST},
    {0xe5cbc953, "BK7231S_1.0.6", "bk7231t", true, BK7231_CRC_LAST},
    {0x2739019f, "BK7231U 1.0.6", "BK7231U", false, BK7231_CRC_UNPROVEN},
    {0xf0231ef6, "BK7231Q", "BK7231Q", false, BK7231_CRC_UNPROVEN},
    {0xff5a3eac, "BK7231Q", "BK7231Q", false, BK7231_CRC_UNPROVEN},
    {0x39f9b50c, "BK7252 0.1.3", "BK7252", false, BK7231_CRC_UNPROVEN},
    {0xe3a27c26, "BK7252 SDK", "BK7252", false, BK7231_CRC_UNPROVEN},
    {0xf42f8c32, "T1 2.0.0", "BK7238", false, BK7231_CRC_UNPROVEN},
    {0x6beb0924, "BK7238 1.0.14", "BK7238", false, BK7231_CRC_UNPROVEN},
    {0},
};

/* What register 0x00800000 says. */
static const struct {
    uint32_t id;
    const char *name;
} bk7231_ids[] = {
    {0x0007231c, "bk7231n"},
    {0x00007238, "BK7238 (T1)"},
    {0x0007252a, "BK7252N (T4)"},
    {0x00007236, "BK7236"},
    {0, NULL},
};

static enum pf_err bk7231_unsupported(struct bk7231 *s, const char *name, const char *why)
{
    return pf_fail(s->base.ctx, PF_ERR_CHIP, "this is a %s (%s): not supported yet", name, why);
}

/* A version text fit to be shown and compared: printable, "BK...". */
static bool bk7231_take_version(struct bk7231 *s, const struct bk7231_reply *r)
{
    size_t n = 0;

    while (n < r->len && n < sizeof s->base.id.loader - 1 && r->body[n] > 0x20 && r->body[n] < 0x7f)
        n++;
    if (n < 4 || memcmp(r->body, "BK7", 3) != 0)
        return false; /* other loaders answer with the single byte 07 */
    memcpy(s->base.id.loader, r->body, n);
    s->base.id.loader[n] = '\0';
    return true;
}

static enum pf_err bk7231_ask_who(struct bk7231 *s)
{
    struct bk7231_request version = bk7231_req_boot_version();
    struct bk7231_request id = bk7231_req_read_reg(BK7231_CHIP_ID_REG);
    struct bk7231_reply r;
    uint8_t both[32];
    uint64_t deadline;
    size_t n = bk7231_encode(both, sizeof both, &version);

    n += bk7231_encode(both + n, sizeof both - n, &id);
    s->last_tx_us = bk7231_now(s);
    PF_TRY(s->base.port->ops->write(s->base.port, both, n));
    deadline = bk7231_now(s) + bk7231_scaled(s, WHO_US) +
               bk7231_wire_us(s, SHORT_FRAME_MAX + n + 40) + 4 * s->base.id.latency_us;
    for (;;) {
        PF_TRY(bk7231_next(s, deadline, &r));
        if (!r.is_long && r.op == BK7231_BOOT_VERSION && bk7231_take_version(s, &r)) {
            s->cls = BK7231_CLASS_T;
            return PF_OK;
        }
        if (bk7231_match(&id, &r) == BK7231_DONE) {
            s->cls = BK7231_CLASS_N;
            s->base.id.chip_id = get_le32(r.body + 4);
            s->base.id.has_chip_id = true;
            return PF_OK;
        }
    }
}

enum pf_err bk7231_who(struct bk7231 *s)
{
    uint64_t started = bk7231_now(s);
    enum pf_err err = PF_ERR_TIMEOUT;

    for (int try = 0; try < WHO_TRIES && err == PF_ERR_TIMEOUT; try++) {
        if (try) /* a damaged length may have it wait for more */
            PF_TRY(bk7231_fill_ff(s, SHORT_FRAME_MAX));
        err = bk7231_ask_who(s);
    }
    if (!err)
        bk7231_add_latency(s, started, 14 + 19);
    if (err == PF_ERR_TIMEOUT) {
        /* Neither question is known there, or nobody is left to ask. */
        PF_TRY(bk7231_ping(s, 5, 50000));
        s->cls = BK7231_CLASS_UNKNOWN;
        return bk7231_discard(s);
    }
    return err;
}

static const struct bk7231_print *bk7231_print_by_crc(uint32_t crc)
{
    for (const struct bk7231_print *p = bk7231_prints; p->loader; p++)
        if (p->crc == crc)
            return p;
    return NULL;
}

static const char *bk7231_chip_by_id(uint32_t id)
{
    for (size_t i = 0; bk7231_ids[i].name; i++)
        if (bk7231_ids[i].id == id)
            return bk7231_ids[i].name;
    return NULL;
}

static enum pf_err bk7231_identify_n(struct bk7231 *s)
{
    struct pf_identity *id = &s->base.id;
    const char *name = bk7231_chip_by_id(id->chip_id);
    const struct bk7231_print *print;
    uint32_t crc;

    /* A damaged byte should not condemn the chip. */
    for (int try = 0; !name && try < 2; try++) {
        PF_TRY(bk7231_read_register(s, BK7231_CHIP_ID_REG, &id->chip_id));
        name = bk7231_chip_by_id(id->chip_id);
    }
    if (!name)
        return pf_fail(s->base.ctx, PF_ERR_CHIP, "unknown chip: register 0x%08x holds 0x%08x",
                       BK7231_CHIP_ID_REG, (unsigned)id->chip_id);
    if (strcmp(name, bk7231_chip_n.name) != 0) {
        char why[64];

        snprintf(why, sizeof why, "chip id 0x%08x", (unsigned)id->chip_id);
        return bk7231_unsupported(s, name, why);
    }
    s->base.chip = &bk7231_chip_n;
    snprintf(id->loader, sizeof id->loader, "BK7231N mask ROM");
    PF_TRY(bk7231_crc(s, 0, 256, &crc));
    print = bk7231_print_by_crc(crc);
    if (print)
        s->crc_end = print->end;
    snprintf(id->evidence, sizeof id->evidence,
             "ReadReg answers, register 0x%08x holds 0x%08x; flash loader %s (CRC 0x%08x)",
             BK7231_CHIP_ID_REG, (unsigned)id->chip_id, print ? print->loader : "unknown",
             (unsigned)crc);
    return PF_OK;
}

static enum pf_err bk7231_identify_t(struct bk7231 *s)
{
    static const char *const safe[] = {"BK7231S_1.0.5", "BK7231S_1.0.6"};
    static const char *const spoiling[] = {"BK7231S_1.0.1", "BK7231S_1.0.4"};
    struct pf_identity *id = &s->base.id;

    if (strncmp(id->loader, "BK7231S", 7) != 0 && strncmp(id->loader, "BK7231T", 7) != 0)
        return bk7231_unsupported(s, id->loader, "its loader says so");
    s->base.chip = &bk7231_chip_t;
    s->crc_spoils = true;
    for (size_t i = 0; i < 2; i++) {
        if (strcmp(id->loader, safe[i]) == 0)
            s->crc_spoils = false;
        if (strcmp(id->loader, safe[i]) == 0 || strcmp(id->loader, spoiling[i]) == 0)
            s->crc_end = BK7231_CRC_LAST; /* whole pages: reference 4.3 */
    }
    snprintf(id->evidence, sizeof id->evidence,
             "ReadBootVersion answers \"%.40s\", which only loaders of the BK7231T do", id->loader);
    return PF_OK;
}

/* Only LinkCheck is answered so far: an old family member, or a T whose loader
 * lacks ReadBootVersion. The fingerprint tells, or the user does. */
static enum pf_err bk7231_identify_unknown(struct bk7231 *s)
{
    struct pf_identity *id = &s->base.id;
    const struct bk7231_print *print;
    uint32_t crc;

    PF_TRY(bk7231_crc(s, 0, 256, &crc));
    print = bk7231_print_by_crc(crc);
    if (print && !print->supported) {
        char why[64];

        snprintf(why, sizeof why, "loader %s, CRC 0x%08x", print->loader, (unsigned)crc);
        return bk7231_unsupported(s, print->chip, why);
    }
    if (print && strcmp(print->chip, bk7231_chip_t.name) == 0) {
        snprintf(id->loader, sizeof id->loader, "%s", print->loader);
        PF_TRY(bk7231_identify_t(s));
        snprintf(id->evidence, sizeof id->evidence,
                 "fingerprint 0x%08x of loader %s, no answer to ReadReg", (unsigned)crc,
                 print->loader);
    } else if (!print && s->asked == &bk7231_chip_t) {
        s->base.chip = &bk7231_chip_t;
        s->crc_spoils = true;
        id->evidence_weak = true;
        snprintf(id->evidence, sizeof id->evidence,
                 "unknown loader (fingerprint 0x%08x) that answers neither ReadBootVersion nor "
                 "ReadReg; taken for a BK7231T as asked",
                 (unsigned)crc);
        pf_warn(s->base.ctx, "%s", id->evidence);
    } else {
        return pf_fail(s->base.ctx, PF_ERR_CHIP,
                       "unknown Beken loader: answers LinkCheck, but neither ReadBootVersion (T) "
                       "nor ReadReg (N); fingerprint 0x%08x",
                       (unsigned)crc);
    }
    s->cls = BK7231_CLASS_T;
    s->mute = true;
    s->spoiled = s->crc_spoils; /* by this very fingerprint */
    return PF_OK;
}

static enum pf_err bk7231_identify_chip(struct bk7231 *s)
{
    switch (s->cls) {
    case BK7231_CLASS_N:
        PF_TRY(bk7231_identify_n(s));
        break;
    case BK7231_CLASS_T:
        PF_TRY(bk7231_identify_t(s));
        break;
    default:
        PF_TRY(bk7231_identify_unknown(s));
    }
    if (s->asked && s->asked != s->base.chip)
        return pf_fail(s->base.ctx, PF_ERR_CHIP, "this is a %s, not the %s asked for: %s",
                       s->base.chip->title, s->asked->title, s->base.id.evidence);
    return PF_OK;
}

static enum pf_err bk7231_identify_jedec(struct bk7231 *s)
{
    struct bk7231_request rq = bk7231_req_get_mid();
    struct pf_identity *id = &s->base.id;
    struct bk7231_reply r;
    uint16_t sr;

    /* 00 00 00 and FF FF FF: nobody drove the flash's data line. */
    for (int try = 0; try < 3; try++) {
        PF_TRY(bk7231_command(s, "identify", &rq, &r));
        memcpy(id->jedec, r.body + r.len - 3, 3);
        if (id->jedec[2] != 0x00 && id->jedec[2] != 0xff)
            break;
    }
    s->flash = bk7231_flash_by_id(id->jedec);
    if (s->flash) {
        id->flash_part = s->flash->part;
        id->flash_size = s->flash->size;
    } else if (id->jedec[2] >= 0x10 && id->jedec[2] <= 0x1a) {
        id->flash_size = 1u << id->jedec[2];
    } else {
        return PF_OK; /* no id: the wrap-around will tell */
    }
    id->has_jedec = true;
    id->size_from = "jedec";
    PF_TRY(bk7231_read_status(s, &sr));
    id->status_reg = sr;
    id->has_status_reg = true;
    id->write_protected = (sr & bk7231_protect_mask(s)) != 0;
    return PF_OK;
}

/* Does flash repeat after `size` bytes? The loader's first page is never blank,
 * and it is nowhere else. */
/* By CRC: `crc0` is that of the first page. A no is asked twice, since one
 * damaged answer must not double the flash. */
static enum pf_err bk7231_wraps_by_crc(struct bk7231 *s, uint32_t size, uint32_t crc0, bool *wraps)
{
    uint32_t crc;

    for (int try = 0; try < 2 && !*wraps; try++) {
        PF_TRY(bk7231_crc(s, size, size + 255, &crc));
        *wraps = crc == crc0;
    }
    return PF_OK;
}

/* By reading, where a CRC would cost a reset before the next erase. 0x1000000
 * is 0 behind the loader's 24 address bits, and passes its check for addresses
 * too low. */
static enum pf_err bk7231_wraps_by_page(struct bk7231 *s, uint32_t size, uint8_t *page[2],
                                        bool *wraps)
{
    for (int try = 0; try < 2 && !*wraps; try++) {
        PF_TRY(bk7231_read_sector(s, SIZE_MAX_WIRE, page[0]));
        PF_TRY(bk7231_read_sector(s, size, page[1]));
        *wraps = memcmp(page[0], page[1], PF_SECTOR) == 0;
    }
    return PF_OK;
}

static enum pf_err bk7231_find_wrap(struct bk7231 *s, uint8_t *page[2], bool *wraps)
{
    uint32_t crc0 = 0;

    if (!s->crc_spoils)
        PF_TRY(bk7231_crc(s, 0, 255, &crc0));
    for (uint32_t size = MIB; !*wraps && size <= SIZE_MAX_WIRE; size *= 2) {
        if (s->crc_spoils)
            PF_TRY(bk7231_wraps_by_page(s, size, page, wraps));
        else
            PF_TRY(bk7231_wraps_by_crc(s, size, crc0, wraps));
        if (*wraps) {
            s->base.id.flash_size = size;
            s->base.id.size_from = "wrap-around";
        }
    }
    return PF_OK;
}

static enum pf_err bk7231_size_by_wrap(struct bk7231 *s)
{
    uint8_t *page[2] = {malloc(PF_SECTOR), malloc(PF_SECTOR)};
    enum pf_err err = PF_OK;
    bool wraps = false;

    if (!page[0] || !page[1])
        err = pf_fail(s->base.ctx, PF_ERR_NOMEM, "no memory for two sectors");
    /* Twice: the damaged answer may be the one everything is compared with. */
    for (int try = 0; !err && !wraps && try < 2; try++)
        err = bk7231_find_wrap(s, page, &wraps);
    free(page[0]);
    free(page[1]);
    if (!err && !wraps)
        return pf_fail(s->base.ctx, PF_ERR_CHIP,
                       "the size of the flash cannot be told: it has no id and does not wrap");
    return err;
}

static enum pf_err bk7231_identify_size(struct bk7231 *s)
{
    struct pf_identity *id = &s->base.id;

    if (s->option_size) {
        if (id->flash_size && id->flash_size != s->option_size)
            pf_warn(s->base.ctx, "the flash id says %u bytes; using %u as asked",
                    (unsigned)id->flash_size, (unsigned)s->option_size);
        id->flash_size = s->option_size;
        id->size_from = "option";
        return PF_OK;
    }
    return id->flash_size ? PF_OK : bk7231_size_by_wrap(s);
}

enum pf_err bk7231_identify(struct bk7231 *s)
{
    PF_TRY(bk7231_identify_chip(s));
    if (s->cls == BK7231_CLASS_N)
        PF_TRY(bk7231_identify_jedec(s));
    return bk7231_identify_size(s);
}
