/* unpack.c - what an image is made of, piece by piece. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/bl602.h"
#include "image/bl602_pack.h"
#include "image/collect.h"
#include "image/ecr6600.h"
#include "image/ecr6600_pack.h"
#include "image/ug.h"

#define PIECES 40 /* more than any container or table can hold, but for oneb */

struct unpacking {
    const uint8_t *data;
    size_t len;
    pf_image_piece_fn *fn;
    void *arg;
    char name[PIECES][32]; /* given so far */
    size_t count;
    bool stopped;
};

static bool taken(const struct unpacking *u, const char *name)
{
    for (size_t i = 0; i < u->count && i < PIECES; i++)
        if (strcmp(u->name[i], name) == 0)
            return true;
    return false;
}

/* Names come from files: nothing in them may mean something to a file system. */
static void fit_name(const struct unpacking *u, const char *name, char out[32])
{
    char base[24];
    size_t n = 0;

    for (; name[n] && n + 1 < sizeof base; n++)
        base[n] = isalnum((unsigned char)name[n]) || name[n] == '-' ? name[n] : '_';
    base[n] = '\0';
    image_text(out, 32, "%s", n ? base : "part");
    for (size_t i = 2; taken(u, out) && i < 1000; i++)
        image_text(out, 32, "%s-%zu", n ? base : "part", i);
}

static bool give(struct unpacking *u, const char *name, bool has_addr, uint32_t addr,
                 const uint8_t *data, size_t len)
{
    struct pf_image_piece piece = {.has_addr = has_addr, .addr = addr, .data = data, .len = len};

    if (u->stopped || len == 0)
        return !u->stopped;
    fit_name(u, name, piece.name);
    if (u->count < PIECES)
        memcpy(u->name[u->count], piece.name, sizeof piece.name);
    u->count++;
    u->stopped = !u->fn(u->arg, &piece);
    return !u->stopped;
}

/* A span of a flash image, as much of it as there is. */
static void give_span(struct unpacking *u, const char *name, uint32_t addr, uint32_t len)
{
    if (addr < u->len)
        give(u, name, true, addr, u->data + addr, len < u->len - addr ? len : u->len - addr);
}

static void unpack_oneb(struct unpacking *u, const struct pf_image *img)
{
    struct ecr_oneb o;
    struct ecr_entry e;

    if (!ecr_oneb_open(&o, u->data, u->len))
        return;
    while (ecr_oneb_next(&o, &e)) {
        const char *name = e.type == ECR_ONEB_STUB ? "stub" : "data";

        for (size_t i = 0; i < img->nparts; i++)
            if (img->part[i].offset == e.offset)
                name = img->part[i].name;
        if (!give(u, name, true, e.addr, u->data + e.offset, e.len))
            return;
    }
}

static void unpack_ecr_flash(struct unpacking *u)
{
    struct ecr_table t;

    if (!ecr_table_parse(u->data, u->len, &t))
        return;
    for (size_t i = 0; i < t.count; i++)
        give_span(u, t.partition[i].name, t.partition[i].addr, t.partition[i].len);
}

static void unpack_bl_flash(struct unpacking *u)
{
    struct bl_table t;
    unsigned copy;

    give_span(u, "boot2", 0, BL_TABLE);
    give_span(u, "table", BL_TABLE, BL_TABLE_COPY);
    give_span(u, "table", BL_TABLE + BL_TABLE_COPY, BL_TABLE_COPY);
    if (u->len <= BL_TABLE || !bl_table_pick(u->data + BL_TABLE, u->len - BL_TABLE, &t, &copy))
        return;
    for (size_t i = 0; i < t.count; i++)
        for (size_t k = 0; k < 2; k++)
            give_span(u, t.entry[i].name, t.entry[i].addr[k], t.entry[i].room[k]);
}

static enum pf_err unpack_packed(struct unpacking *u, enum pf_image_kind kind)
{
    struct collect c = {.most = kind == PF_IMAGE_ECR_OTA ? ECR_OTA_NEW_MAX : BL_APP_MAX};
    enum unpacked result = UNPACK_BAD;
    struct ecr_ota ecr;
    struct bl_ota bl;

    if (kind == PF_IMAGE_ECR_OTA && ecr_ota_parse(u->data, u->len, &ecr) &&
        ecr.method == ECR_METHOD_LZMA)
        result = ecr_ota_unpack(&ecr, u->data, u->len, collect_take, &c);
    else if (kind == PF_IMAGE_BL_OTA && bl_ota_parse(u->data, u->len, &bl))
        result = bl_ota_unpack(&bl, u->data, u->len, collect_take, &c);
    if (result == UNPACK_OK)
        give(u, kind == PF_IMAGE_ECR_OTA ? "cpu" : "app", false, 0, c.data, c.len);
    free(c.data);
    return result == UNPACK_OK ? PF_OK : PF_ERR_FILE;
}

static enum pf_err unpack_stub(struct unpacking *u)
{
    uint8_t *plain = malloc(BL_LOADER_MAX);
    size_t n;

    if (!plain)
        return PF_ERR_NOMEM;
    n = pf_image_stub(u->data, u->len, plain, BL_LOADER_MAX);
    give(u, "stub", false, 0, plain, n);
    free(plain);
    return n ? PF_OK : PF_ERR_FILE;
}

static void unpack_app(struct unpacking *u)
{
    struct bl_boot b;

    if (!bl_boot_parse(u->data, u->len, &b) || u->len < BL_CODE || b.length > u->len - BL_CODE)
        return;
    give(u, "header", false, 0, u->data, BL_BOOT_HEAD);
    give(u, "code", false, 0, u->data + BL_CODE, b.length);
}

enum pf_err pf_image_unpack(const struct pf_image *img, const uint8_t *data, pf_image_piece_fn *fn,
                            void *arg)
{
    struct unpacking u = {.data = data, .len = img->size, .fn = fn, .arg = arg};
    enum pf_err err = PF_OK;

    switch (img->kind) {
    case PF_IMAGE_ECR_ALLINONE:
        unpack_oneb(&u, img);
        break;
    case PF_IMAGE_ECR_BACKUP:
        unpack_ecr_flash(&u);
        break;
    case PF_IMAGE_BL_BACKUP:
        unpack_bl_flash(&u);
        break;
    case PF_IMAGE_ECR_OTA:
    case PF_IMAGE_BL_OTA:
        err = unpack_packed(&u, img->kind);
        break;
    case PF_IMAGE_ECR_STUB:
    case PF_IMAGE_BL_LOADER:
        err = unpack_stub(&u);
        break;
    case PF_IMAGE_BL_APP:
        unpack_app(&u);
        break;
    case PF_IMAGE_BK_UG:
        if (img->size > UG_SIZE)
            give(&u, "rbl", false, 0, data + UG_SIZE, img->size - UG_SIZE);
        break;
    default:
        for (size_t i = 0; i < img->nparts; i++)
            give(&u, img->part[i].name, true, img->part[i].addr, data + img->part[i].offset,
                 img->part[i].len);
    }
    if (u.stopped)
        return PF_ERR_CANCELED;
    return err || u.count ? err : PF_ERR_FILE;
}
