/* bk7231.c - BK7231 files that hold code: backups, rotated ones, QIO, UA.
 *
 * What a file is follows from where a loader and an application are in it; once
 * that is known, a view gives every byte its flash address and the rest is the
 * same for all of them. */
#include <stdio.h>
#include <string.h>

#include "core/checksum.h"
#include "image/bk7231_evidence.h"
#include "image/bk7231_text.h"
#include "image/inspect.h"
#include "image/rf_tlv.h"

#define SECTOR 4096u

/* What stands at an offset, were it flash address 0 or 0x11000: code that
 * decrypts to vectors there, or at least the RBL header that closes it. */
struct hint {
    bool vectors, header;
};

static struct hint loader_at(const uint8_t *data, size_t len, size_t offset)
{
    const struct bk7231_span span = {0, data + offset, len - offset};
    const struct bk7231_view v = {&span, 1};
    struct bk7231_rbl rbl;
    struct bk7231_key key;

    return (struct hint){
        .vectors = bk7231_is_coded(&v, 0) && bk7231_find_key(&v, 0, NULL, &key),
        .header = bk7231_rbl_at(&v, BK_LOADER_RBL, &rbl) && !strcmp(rbl.rbl.name, "bootloader"),
    };
}

static struct hint app_at(const uint8_t *data, size_t len, size_t offset)
{
    const struct bk7231_span span = {BK_LOADER, data + offset, len - offset};
    const struct bk7231_view v = {&span, 1};
    uint32_t end = offset ? 0 : BK_LOADER + (uint32_t)len;
    struct bk7231_key key;
    struct bk7231_rbl rbl;
    struct hint h = {
        .vectors =
            bk7231_is_coded(&v, BK_LOADER) && bk7231_find_key(&v, BK_LOGICAL_APP, NULL, &key),
    };

    if (!h.vectors)
        h.header = bk7231_app_rbl(&v, end, NULL, &rbl) && rbl.rbl.header_ok &&
                   strcmp(rbl.rbl.name, "app") == 0 &&
                   (rbl.crc_ok || bk7231_app_rbl_usual(&rbl, end));
    return h;
}

/* Without encryption (zero key) vectors look alike at any base; their targets
 * do not: an application runs from 0x10000 up, a loader below. */
static bool targets_say_app(const uint8_t *data, size_t len)
{
    unsigned high = 0;

    if (len < 2 * BK_CODED)
        return false;
    for (size_t i = 0; i < 8; i++) {
        const uint8_t *p = data + BK_CODED + 4 * i;
        uint32_t target =
            (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;

        high += target >= BK_LOGICAL_APP && target < BK_FLASH_MAX;
    }
    return high >= 4;
}

static bool rf_at(const struct bk7231_view *v, uint32_t addr, struct rf_tlv *out)
{
    uint8_t page[SECTOR];

    return bk7231_view_get(v, addr, page, 4) && memcmp(page, "TLV", 4) == 0 &&
           bk7231_view_get(v, addr, page, sizeof page) && rf_tlv_parse(page, sizeof page, out) &&
           out->ok;
}

static bool is_loader(const uint8_t *data, size_t len, size_t offset)
{
    struct hint h = loader_at(data, len, offset);

    return h.vectors || h.header;
}

/* The layout a file has, before anything in it is judged. */
struct shape {
    enum pf_image_kind kind;
    struct bk7231_span span[2];
    struct bk7231_view view;
    bool loader; /* a loader is, or should be, in it */
    bool app;
    size_t flash; /* backups: size of the flash */
};

static bool shape_backup(struct shape *s, const uint8_t *data, size_t len)
{
    s->kind = PF_IMAGE_BK_BACKUP;
    s->span[0] = (struct bk7231_span){0, data, len};
    for (s->flash = BK_FLASH; s->flash < len; s->flash *= 2)
        ;
    if (len == 0x100000)
        s->flash = len;
    return true;
}

/* Starts with an application. */
static bool shape_app_first(struct shape *s, const uint8_t *data, size_t len)
{
    s->app = true;
    s->span[0] = (struct bk7231_span){BK_LOADER, data, len};
    if (bk7231_flash_size(len) && is_loader(data, len, len - BK_LOADER)) {
        s->kind = PF_IMAGE_BK_ROTATED;
        s->loader = true;
        s->flash = len;
        s->span[0].len = len - BK_LOADER;
        s->span[1] = (struct bk7231_span){0, data + len - BK_LOADER, BK_LOADER};
        s->view.count = 2;
    } else if (len >= BK_FLASH - BK_LOADER && bk7231_flash_size(len + BK_LOADER)) {
        s->kind = PF_IMAGE_BK_BACKUP; /* from 0x11000 to the end: a T refuses to give the rest */
        s->flash = len + BK_LOADER;
    } else {
        s->kind = PF_IMAGE_BK_UA;
    }
    return true;
}

/* A file longer than any usual QIO may still be one: of a chip with a larger
 * partition, or padded with FF to a whole sector. (Padded with more it could be
 * a backup cut off in an erased area.) */
static bool ends_as_app(const struct shape *s, const uint8_t *data, size_t len)
{
    const size_t usual = BK_LOADER + BK_APP_TUYA;
    struct bk7231_rbl rbl;

    if (bk7231_flash_size(len))
        return false;
    if (len - usual < SECTOR && pf_is_blank(data + usual, len - usual))
        return true;
    return bk7231_rbl_at(&s->view, (uint32_t)len - RBL_CODED, &rbl);
}

/* Starts with a loader. A file of 1 MiB is an OpenBeken T QIO, unless it holds
 * an RF page, which no QIO does. */
static bool shape_loader_first(struct shape *s, const uint8_t *data, size_t len)
{
    struct rf_tlv rf;
    bool backup = len > BK_LOADER + BK_APP_TUYA && !ends_as_app(s, data, len);

    s->loader = true;
    s->app = len > BK_LOADER;
    s->span[0] = (struct bk7231_span){0, data, len};
    for (uint32_t at = 0xD0000; len == 0x100000 && at < len; at += SECTOR)
        backup |= rf_at(&s->view, at, &rf);
    if (backup)
        return shape_backup(s, data, len);
    s->kind = PF_IMAGE_BK_QIO;
    return true;
}

static bool shape_find(struct shape *s, const uint8_t *data, size_t len)
{
    struct hint loader, app;
    struct rf_tlv rf;

    memset(s, 0, sizeof *s);
    s->view = (struct bk7231_view){s->span, 1};
    s->span[0] = (struct bk7231_span){0, data, len};
    if (len < BK_CODED || len > BK_FLASH_MAX)
        return false;
    loader = loader_at(data, len, 0);
    app = app_at(data, len, 0);
    if (loader.vectors && app.vectors) /* not encrypted */
        loader.vectors = loader.header || !targets_say_app(data, len);
    if (loader.vectors || (loader.header && !app.vectors))
        return shape_loader_first(s, data, len);
    if (app.vectors || app.header)
        return shape_app_first(s, data, len);

    /* Neither: a flash whose loader is erased or was not read. */
    if (!bk7231_flash_size(len))
        return false;
    s->app = app_at(data, len, BK_LOADER).vectors;
    if (s->app || rf_at(&s->view, 0x1D0000, &rf) || rf_at(&s->view, 0x1E0000, &rf))
        return shape_backup(s, data, len);
    return false;
}

static const char *kind_noun(const struct shape *s)
{
    switch (s->kind) {
    case PF_IMAGE_BK_BACKUP:
        return s->span[0].addr ? "flash backup from 0x11000 on" : "whole flash backup";
    case PF_IMAGE_BK_ROTATED:
        return "rotated flash backup (starts at 0x11000)";
    case PF_IMAGE_BK_QIO:
        return s->app ? "QIO image (boot loader and application)" : "boot loader alone";
    default:
        return "UA image (application)";
    }
}

/* Is the file as long as its kind should be? Records the check; returns what
 * the title says about it. */
static const char *check_length(struct pf_image *img, const struct shape *s, bool closed,
                                size_t len)
{
    size_t start = s->kind == PF_IMAGE_BK_UA ? 0 : BK_LOADER;
    size_t tuya = start + BK_APP_TUYA, obk_t = start + BK_APP_OBK_T;
    bool n = img->chip && strcmp(img->chip, "bk7231n") == 0;
    const char *noun = s->flash ? "backup" : s->kind == PF_IMAGE_BK_UA ? "UA" : "QIO";
    size_t want = s->flash ? s->flash - s->view.span[0].addr : n ? tuya : obk_t;

    if (s->kind == PF_IMAGE_BK_ROTATED)
        want = s->flash;
    if (len == want || closed || (!s->flash && !n && len == tuya)) {
        image_check(img, true, "length", "%#zx bytes, as it should be", len);
        return "";
    }
    if (!s->app && !s->flash)
        image_check(img, false, "length", "QIO cut off at %#zx: there is no application", len);
    else if (s->flash || len < tuya)
        image_check(img, false, "length", "%s cut off at %#zx, expected %#zx bytes", noun, len,
                    s->flash || n || len < obk_t ? want : tuya);
    else {
        image_check(img, false, "length", "%s of %#zx bytes goes on after its end at %#zx", noun,
                    len, tuya);
        return ", too long";
    }
    return ", cut off";
}

static void check_blocks(struct pf_image *img, const char *name, const struct bk7231_blocks *n,
                         bool may_be_blank)
{
    bool ok = !n->bad && (n->good || may_be_blank);

    if (n->bad)
        image_check(img, ok, name, "%u good, %u blank, %u bad, the first bad one at %#x",
                    (unsigned)n->good, (unsigned)n->blank, (unsigned)n->bad,
                    (unsigned)n->first_bad);
    else
        image_check(img, ok, name, "%u good, %u blank", (unsigned)n->good, (unsigned)n->blank);
}

static void check_rbl(struct pf_image *img, const char *which, const struct bk7231_rbl *rbl)
{
    char name[32];

    image_text(name, sizeof name, "rbl-%s header", which);
    image_check(img, rbl->coded && rbl->rbl.header_ok, name, "at %#x: \"%s\" version %s%s%s",
                (unsigned)rbl->addr, rbl->rbl.name, rbl->rbl.version,
                rbl->coded ? "" : ", CRC16 bad", rbl->rbl.header_ok ? "" : ", CRC-32 bad");
    image_text(name, sizeof name, "rbl-%s data", which);
    if (!rbl->have_data)
        image_check(img, false, name, "%#x bytes of data are not all there",
                    (unsigned)rbl->rbl.raw_size);
    else
        image_check(img, rbl->crc_ok && rbl->hash_ok, name,
                    "%#x bytes, CRC-32 %08x expected %08x, FNV-1a %08x expected %08x",
                    (unsigned)rbl->rbl.raw_size, (unsigned)rbl->crc, (unsigned)rbl->rbl.package_crc,
                    (unsigned)rbl->hash, (unsigned)rbl->rbl.raw_hash);
}

static void check_loader(struct pf_image *img, const struct shape *s)
{
    struct bk7231_blocks n;
    struct bk7231_rbl rbl;

    bk7231_count_blocks(&s->view, 0, BK_LOADER, &n);
    check_blocks(img, "crc16 loader", &n, !s->loader);
    if (!s->loader)
        return;
    if (bk7231_rbl_at(&s->view, BK_LOADER_RBL, &rbl)) {
        bk7231_rbl_check(&s->view, 0, NULL, &rbl);
        check_rbl(img, "loader", &rbl);
    } else if (bk7231_view_run(&s->view, 0) >= BK_LOADER) {
        image_check(img, false, "rbl-loader header", "none at %#x", BK_LOADER_RBL);
    }
}

static bool only_ff(const struct bk7231_view *v, uint32_t from, uint32_t end)
{
    uint8_t byte;

    for (; from < end; from++)
        if (bk7231_view_get(v, from, &byte, 1) && byte != 0xff)
            return false;
    return true;
}

/* The application. `end` of the file in flash addresses, 0 for backups.
 * `closed`: its header is there, and nothing but padding after it. Returns
 * where the application ends. */
static uint32_t check_app(struct pf_image *img, const struct shape *s, const struct bk7231_key *key,
                          uint32_t end, bool *closed)
{
    struct bk7231_rbl rbl;
    struct bk7231_blocks n;
    uint32_t stop = BK_LOADER + BK_APP_TUYA;
    bool have_rbl = bk7231_app_rbl(&s->view, end, key, &rbl);

    *closed = have_rbl && end && end - rbl.addr - RBL_CODED < SECTOR &&
              only_ff(&s->view, rbl.addr + RBL_CODED, end);
    if (have_rbl)
        stop = rbl.addr;
    else if (end)
        stop = end;
    bk7231_count_blocks(&s->view, BK_LOADER, stop - BK_LOADER, &n);
    check_blocks(img, "crc16 app", &n, !s->app || s->flash);
    if (have_rbl) {
        check_rbl(img, "app", &rbl);
        image_text(img->version, sizeof img->version, "%s", rbl.rbl.version);
        stop += RBL_CODED;
    } else if (n.good) {
        image_check(img, false, "rbl-app header",
                    "none: every packer closes an application with one");
    }
    return stop;
}

/* The RF page of a backup: where the chip keeps it, else wherever one is. */
static void check_rf(struct pf_image *img, const struct shape *s, struct bk7231_evidence *e)
{
    size_t end = s->flash;
    struct rf_tlv rf = {0};
    uint32_t at = 0x1D0000;

    if (!rf_at(&s->view, at, &rf)) {
        for (at = (uint32_t)end - SECTOR; at >= BK_LOADER; at -= SECTOR)
            if (rf_at(&s->view, at, &rf))
                break;
    }
    if (!rf.ok) {
        image_check(img, false, "rf page", "no RF page: radio calibration and MAC are missing");
        return;
    }
    image_check(img, true, "rf page", "at %#x, %u records", (unsigned)at, rf.records);
    if (at == 0x1D0000)
        bk7231_vote(e, "bk7231n", BK_VOTE_STRONG, "RF page at 0x1d0000");
    else if (at == 0x1E0000)
        bk7231_vote(e, "bk7231t", BK_VOTE_WEAK, "RF page at 0x1e0000");
    if (rf.chip)
        bk7231_vote(e, rf.chip, BK_VOTE_WEAK, "shape of the RF page");
    img->has_mac = rf.has_mac;
    memcpy(img->mac, rf.mac, sizeof img->mac);
}

static void check_key(struct pf_image *img, const struct bk7231_facts *f)
{
    if (!f->has_key) {
        image_check(img, true, "key", "not known: no key at hand gives ARM vectors");
        return;
    }
    img->has_key = true;
    bk7231_key_put(&f->key, img->key);
    img->key_name = f->key.name;
    if (f->loader_key_found && f->app_key_found &&
        memcmp(f->loader_key.c, f->app_key.c, sizeof f->app_key.c) != 0)
        image_check(img, false, "key", "loader is written for the %s key, the application for %s",
                    f->loader_key.name, f->app_key.name);
    else if (f->own_copy_at)
        image_check(img, true, "key", "%s: gives ARM vectors; the loader's copy at %#x is %s",
                    f->key.name, (unsigned)f->own_copy_at, f->own_copy.name);
    else
        image_check(img, true, "key", "%s: gives ARM vectors", f->key.name);
}

static void fill_parts(struct pf_image *img, const struct shape *s, const uint8_t *data)
{
    for (size_t i = 0; i < s->view.count; i++) {
        const struct bk7231_span *p = &s->span[i];
        size_t offset = (size_t)(p->data - data), cut = 0;

        if (p->addr == 0) {
            cut = p->len < BK_LOADER ? p->len : BK_LOADER;
            image_part(img, "loader", offset, cut, 0);
        }
        image_part(img, s->flash ? "flash" : "app", offset + cut, p->len - cut,
                   p->addr + (uint32_t)cut);
    }
}

static void fill_text(struct pf_image *img, const struct shape *s, const struct bk7231_facts *f,
                      uint32_t app_end)
{
    struct bk7231_text text = {0};
    char version[sizeof img->version];
    uint8_t sector[4096];

    if (f->app_key_found) {
        bk7231_text_app(&text, &s->view, &f->app_key, app_end);
        bk7231_text_tell(&text, img->firmware, sizeof img->firmware, version, sizeof version);
        if (version[0])
            image_text(img->version, sizeof img->version, "%s", version);
    }
    if (!img->firmware[0] && s->flash && bk7231_view_get(&s->view, 0x1EE000, sector, 4096) &&
        tuya_is_key_block(sector))
        image_text(img->firmware, sizeof img->firmware, "not told by the code; Tuya data present");
}

bool image_probe_bk7231(const uint8_t *data, size_t len, struct pf_image *out)
{
    struct bk7231_evidence e = {0};
    struct bk7231_facts f;
    struct shape s;
    uint32_t end, app_end;
    bool closed = false;
    const char *cut;

    if (!shape_find(&s, data, len))
        return false;
    out->kind = s.kind;
    out->family = "bk7231";
    out->flash_size = (uint32_t)s.flash;
    end = s.flash ? 0 : s.span[0].addr + (uint32_t)len;

    bk7231_gather(&s.view, &f, &e);
    image_text(out->loader, sizeof out->loader, "%s", f.loader);
    if (s.span[0].addr == 0 || s.view.count == 2)
        check_loader(out, &s);
    app_end = BK_LOADER;
    if (s.app || s.flash)
        app_end = check_app(out, &s, f.app_key_found ? &f.app_key : NULL, end, &closed);
    if (f.nparts)
        image_check(out, true, "partitions", "%zu in the loader's table, the last is %s at %#x",
                    f.nparts, f.part[f.nparts - 1].name, (unsigned)f.part[f.nparts - 1].addr);
    else if (s.loader)
        image_check(out, true, "partitions", "no table found in the loader");
    check_key(out, &f);
    if (s.flash)
        check_rf(out, &s, &e);
    bk7231_verdict(&e, out);
    cut = check_length(out, &s, closed, len);
    fill_text(out, &s, &f, app_end);
    fill_parts(out, &s, data);
    image_text(out->title, sizeof out->title, "%s %s%s", bk7231_title(out->chip), kind_noun(&s),
               cut);
    return true;
}
